/* Rows of a dense matrix times columns of weights, or rows of it. */
#ifndef CONCEPTDEC_I_APPLY_H
#define CONCEPTDEC_I_APPLY_H

#include "linalg/gram.h"

/* out[k * ldo + i] = bias[k] + sum over p < dims of rows[row[i]][p] * w[k * ldw + p], for k < columns, i < n. */
typedef struct conceptdec_i_applying {
    const conceptdec_i_dense *rows;
    const int32_t *row; /* NULL: rows 0..n-1 */
    int64_t n;
    int64_t columns;
    const double *w;
    int64_t ldw;
    const double *bias; /* NULL: 0 */
    double *out;
    int64_t ldo;
    int precision; /* CONCEPTDEC_I_TILE_F64, or for rows of floats also _F32: weights and sums in float; the value is
                      within conceptdec_i_apply_error() times the product of the norms of row and weights */
} conceptdec_i_applying;

conceptdec_status conceptdec_i_apply(conceptdec_ctx *ctx, const conceptdec_i_applying *applying);
/* Bytes that it takes, in float64. */
int64_t conceptdec_i_apply_bytes(conceptdec_ctx *ctx, int64_t n, int64_t dims, int64_t columns);
/* Of these what is not a buffer of one lane. */
int64_t conceptdec_i_apply_shared_bytes(conceptdec_ctx *ctx, int64_t n, int64_t dims, int64_t columns);
#define CONCEPTDEC_I_APPLY_OWN 128 /* columns of one call of the following */
/* out[k * ld + i] = sum over p of rows[k][p] * rows[i][p], both halves the same bits. In float64. */
conceptdec_status conceptdec_i_apply_own(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, double *out, int64_t ld);
double conceptdec_i_apply_error(int64_t dims, int precision);

#endif
