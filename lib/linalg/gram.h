/* Second moments of the rows of a dense matrix. */
#ifndef CONCEPTDEC_I_GRAM_H
#define CONCEPTDEC_I_GRAM_H

#include "core/core.h"

/* Rows of floats or doubles as a space of probes holds them. */
typedef struct conceptdec_i_dense {
    const void *data;
    int64_t n, dims;
    int64_t stride; /* elements from a row to the next, at least dims */
    bool is_wide;   /* double, else float */
} conceptdec_i_dense;

/* out[i * ld + j] = sum over rows of weight * z_i * z_j, for i, j < dims: both halves, the same bits in both. weight:
 * n, NULL is 1; rows with 0 are skipped, whatever they hold. precision: CONCEPTDEC_I_TILE_F64, or for floats also _F32,
 * whose products are added up in float over 384 rows at most and then in double; an element is within
 * conceptdec_i_gram_error() times the root of the product of its two diagonal elements (weights >= 0). The same bits
 * for any number of threads. */
conceptdec_status conceptdec_i_gram(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, const double *weight,
                                    int precision, double *out, int64_t ld);
/* The same without weights, added to what `out` holds, in one half of it: out[i * ld + j], i <= j. The other half is
 * not touched. */
conceptdec_status conceptdec_i_gram_add(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision, double *out,
                                        int64_t ld);
/* The same; unless it is added to, what the half held does not matter. */
conceptdec_status conceptdec_i_gram_half(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision,
                                         bool is_adding, double *out, int64_t ld);
/* Bytes that this takes at most, in 3 blocks, for as many rows or fewer. */
int64_t conceptdec_i_gram_bytes(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision);
/* Of these what is not a buffer of one lane. */
int64_t conceptdec_i_gram_shared_bytes(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision);
/* Tasks that this takes, for the progress of a stage. */
int64_t conceptdec_i_gram_tasks(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision);
/* out[j * ld + i] = out[i * ld + j], i < j. */
void conceptdec_i_gram_mirror(double *out, int64_t dims, int64_t ld);
/* The same on all threads, and looks at the cancel flag. */
conceptdec_status conceptdec_i_gram_complete(conceptdec_ctx *ctx, double *out, int64_t dims, int64_t ld);
double conceptdec_i_gram_error(int64_t n, int precision);

#endif
