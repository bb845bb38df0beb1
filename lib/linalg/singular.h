/* What is asked of singular values alone. Without BLAS both functions are CONCEPTDEC_EUNSUPPORTED; the rest of what
 * factor.h says of LAPACK holds here, too. */
#ifndef CONCEPTDEC_I_SINGULAR_H
#define CONCEPTDEC_I_SINGULAR_H

#include "core/core.h"

/* Singular values of n rows of d numbers, descending (values: min(n, d)). `rows`, finite, is destroyed. Working memory of
 * conceptdec_i_singular_values_bytes() comes from the context. */
conceptdec_status conceptdec_i_singular_values(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, double *values);
int64_t conceptdec_i_singular_values_bytes(int64_t n, int64_t d);

/* n rows of d numbers, d >= n, in n numbers each: those with which row i begins, of which numbers past i are 0, have the
 * same products with one another. What stands behind them is destroyed. Finite in, finite out, unless lengths overflow. */
conceptdec_status conceptdec_i_rows_compact(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, int64_t ld);

#endif
