/* Files that are whole or not there: written beside their place, then renamed. */
#ifndef CONCEPTDEC_I_FILE_OUT_H
#define CONCEPTDEC_I_FILE_OUT_H

#include "core/core.h"

typedef struct conceptdec_i_file_out {
    conceptdec_ctx *ctx;
    const char *path;
    char *temporary; /* name of what is written */
    int file;
} conceptdec_i_file_out;

/* Creates a temporary file beside `path`. After a success, end it. */
conceptdec_status conceptdec_i_file_out_begin(conceptdec_ctx *ctx, const char *path, conceptdec_i_file_out *out);
/* All of it, in as many steps as the system makes of it. Keep pieces small: nothing is polled. */
conceptdec_status conceptdec_i_file_out_put(const conceptdec_i_file_out *out, const void *data, uint64_t bytes);
/* Given how the writing went: a whole file takes its name, any other is removed. Returns that status, or what fails
 * here. */
conceptdec_status conceptdec_i_file_out_end(conceptdec_i_file_out *out, conceptdec_status status);

#endif
