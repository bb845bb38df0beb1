/* Files of the library's own: a header whose fields are 8 bytes each (the first a magic word, the second the number of
 * the format), arrays, and a checksum of everything before it; all little-endian. */
#ifndef CONCEPTDEC_I_RECORD_H
#define CONCEPTDEC_I_RECORD_H

#include "core/core.h"

typedef struct conceptdec_i_record_kind {
    char magic[9]; /* 8 are written */
    int64_t format;
    const char *name; /* for errors: "a neighbour table" */
} conceptdec_i_record_kind;

/* An array: where it is, and how long. */
typedef struct conceptdec_i_record_part {
    void *data;
    int64_t count, size;
} conceptdec_i_record_part;

/* Writes a temporary file beside `path`, and gives it that name once it is whole. The first two fields of the header
 * are filled in. */
conceptdec_status conceptdec_i_record_save(conceptdec_ctx *ctx, const char *path, const conceptdec_i_record_kind *kind,
                                           void *header, uint64_t header_bytes, const conceptdec_i_record_part *parts,
                                           int n_parts);

/* A file that is being read. */
typedef struct conceptdec_i_record {
    conceptdec_ctx *ctx;
    const conceptdec_i_record_kind *kind;
    const char *path;
    int file;
    uint64_t sum;
} conceptdec_i_record;

/* The header, of this kind and format. After a success, close it. */
conceptdec_status conceptdec_i_record_open(conceptdec_ctx *ctx, const char *path, const conceptdec_i_record_kind *kind,
                                           void *header, uint64_t header_bytes, conceptdec_i_record *record);
void conceptdec_i_record_close(conceptdec_i_record *record);
/* EFORMAT unless header, parts and checksum fill the file exactly: to be asked before memory is taken. */
conceptdec_status conceptdec_i_record_fits(conceptdec_i_record *record, uint64_t header_bytes,
                                           const conceptdec_i_record_part *parts, int n_parts);
conceptdec_status conceptdec_i_record_get(conceptdec_i_record *record, void *data, uint64_t bytes);
conceptdec_status conceptdec_i_record_end(conceptdec_i_record *record); /* the checksum */
/* Parts of which the memory is there, one after the other. */
conceptdec_status conceptdec_i_record_get_parts(conceptdec_i_record *record, const conceptdec_i_record_part *parts,
                                                int n_parts);
/* EFORMAT, and what is wrong with it. */
conceptdec_status conceptdec_i_record_refuse(const conceptdec_i_record *record, const char *what);

uint64_t conceptdec_i_record_checksum(uint64_t sum, const void *data, uint64_t bytes);

#endif
