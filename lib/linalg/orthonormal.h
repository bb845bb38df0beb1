/* A few rows made orthonormal by their Gram matrix, and oriented, in plain C: the same bits with any BLAS, or none. */
#ifndef CONCEPTDEC_I_ORTHONORMAL_H
#define CONCEPTDEC_I_ORTHONORMAL_H

#include "core/core.h"

#define CONCEPTDEC_I_ORTHONORMAL_MOST 128 /* rows */

/* Bytes of scratch for r rows, a multiple of 64. */
int64_t conceptdec_i_orthonormal_bytes(const conceptdec_ctx *ctx, int64_t r);
/* r rows, each 1 long, become orthonormal in their order: the first k of them keep their span, each row the side where
 * it was. Only where the Gram matrix proves that they are far from dependent, and that their least singular value is
 * above `tolerance` times the largest; else *is_done is false, and the rows are as they were. scratch: 64-byte aligned.
 * May be called from a task. */
conceptdec_status conceptdec_i_orthonormal_rows(conceptdec_ctx *ctx, int64_t r, int64_t d, double *rows,
                                                double tolerance, void *scratch, bool *is_done);
/* The orientation that all directions have: of the elements of largest magnitude the first is positive. */
void conceptdec_i_orient(double *direction, int64_t d);

#endif
