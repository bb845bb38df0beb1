/* Writing arrays: what has been checked, and the bytes in front of the data. */
#ifndef CONCEPTDEC_I_SAVE_H
#define CONCEPTDEC_I_SAVE_H

#include "io/format.h"

/* An array as it is written. */
typedef struct conceptdec_i_saved {
    const conceptdec_named_views *asked;
    int64_t n_views, bytes; /* of all its data */
    int64_t shape[CONCEPTDEC_I_MOST_AXES];
    int ndim;
    const conceptdec_i_type *type;
} conceptdec_i_saved;

/* Text and data before the first element; to be given back to the context. */
typedef struct conceptdec_i_saved_header {
    char *bytes;
    uint64_t length;
} conceptdec_i_saved_header;

/* .npy, version 1. */
conceptdec_status conceptdec_i_npy_header(conceptdec_ctx *ctx, const conceptdec_i_saved *array,
                                          conceptdec_i_saved_header *header);
/* .safetensors; n_metadata keys, each followed by its text. */
conceptdec_status conceptdec_i_safetensors_header(conceptdec_ctx *ctx, const conceptdec_i_saved *arrays, int64_t count,
                                                  const char *const *metadata, int64_t n_metadata,
                                                  conceptdec_i_saved_header *header);

#endif
