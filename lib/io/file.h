/* A file that is read at any place, by several threads at once: by pread, or from memory (a map of it, or bytes that
 * the caller has). */
#ifndef CONCEPTDEC_I_FILE_H
#define CONCEPTDEC_I_FILE_H

#include "core/core.h"

typedef struct conceptdec_i_file {
    const char *path;  /* for errors */
    const char *bytes; /* where the file lies in memory; NULL: pread fetches it */
    int64_t length;
    int descriptor; /* -1: none */
    bool is_mapped;
} conceptdec_i_file;

/* EIO: "path: cannot read x.npy: Input/output error". */
conceptdec_status conceptdec_i_file_error(conceptdec_ctx *ctx, const char *path, const char *what, int error);
/* A regular file, which a link may name. `path` must stay while the file is open. */
conceptdec_status conceptdec_i_file_open(conceptdec_ctx *ctx, const char *path, bool map, conceptdec_i_file *file);
void conceptdec_i_file_close(conceptdec_i_file *file);
/* Bytes offset .. offset + count - 1, which the file has. EIO where the system fails or the file has been cut off. */
conceptdec_status conceptdec_i_file_get(conceptdec_ctx *ctx, const conceptdec_i_file *file, int64_t offset, void *data,
                                        int64_t count);
/* The same without a context, for readers: 0, the system's error number, or -1 where the file has been cut off. */
int32_t conceptdec_i_file_fetch(const conceptdec_i_file *file, int64_t offset, void *data, int64_t count);

#endif
