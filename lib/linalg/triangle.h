/* A triangular matrix T, kept packed in float or double to apply T'T to many columns: positive semidefinite as rounded,
 * too. */
#ifndef CONCEPTDEC_I_TRIANGLE_H
#define CONCEPTDEC_I_TRIANGLE_H

#include "core/core.h"

typedef struct conceptdec_i_triangle {
    int64_t n;
    bool is_wide;         /* double, else float */
    char *lower, *upper; /* rows of T, and rows of T' */
} conceptdec_i_triangle;

/* Columns in and out (n numbers each; they may be the same) of one matrix. */
typedef struct conceptdec_i_triangle_batch {
    const conceptdec_i_triangle *triangle;
    int64_t first, columns; /* of those of the call */
} conceptdec_i_triangle_batch;

/* Bytes of one, a multiple of 64. */
int64_t conceptdec_i_triangle_bytes(int64_t n, bool is_wide);
/* T = l diag(scale): l lower triangular, row-major, double or float (l_is_wide). memory: conceptdec_i_triangle_bytes(),
 * 64-byte aligned. */
conceptdec_status conceptdec_i_triangle_pack(conceptdec_ctx *ctx, int64_t n, bool is_wide, const void *l,
                                             bool l_is_wide, int64_t ld, const double *scale, void *memory,
                                             conceptdec_i_triangle *triangle);
/* Bytes of scratch for so many columns in so many batches, a multiple of 64. */
int64_t conceptdec_i_triangle_scratch(const conceptdec_ctx *ctx, int64_t n, bool is_wide, int64_t columns,
                                      int64_t batches);
/* out = T'(T in) for each column; all matrices of one size and precision. The same bits for any number of threads. */
conceptdec_status conceptdec_i_triangle_apply(conceptdec_ctx *ctx, int64_t batches,
                                              const conceptdec_i_triangle_batch *batch, const double *const *in,
                                              double *const *out, void *scratch);

#endif
