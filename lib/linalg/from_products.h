/* Singular values and vectors of draws, by which nothing stands or falls at the last digit: from products of rows, in a
 * fraction of the time of a singular value decomposition, where these tell enough. */
#ifndef CONCEPTDEC_I_FROM_PRODUCTS_H
#define CONCEPTDEC_I_FROM_PRODUCTS_H

#include "core/core.h"

/* The `count` largest singular values of n rows of d numbers, finite, descending, count <= min(n, d), and (vectors not
 * NULL) in n numbers each what the rows are multiplied by for them: left singular vectors. `rows` is not touched.
 * *is_done false: the sum of the values might be off by more than 1e-11 of itself, as it might where one is below 2^-14
 * of the largest; or vectors are asked for and values so close that these depend on the method. Needs LAPACK for n
 * above CONCEPTDEC_I_LEADING_MOST. Working memory of conceptdec_i_singular_from_products_bytes(). */
conceptdec_status conceptdec_i_singular_from_products(conceptdec_ctx *ctx, int64_t n, int64_t d, const double *rows,
                                                      int64_t count, double *values, double *vectors, bool *is_done);
int64_t conceptdec_i_singular_from_products_bytes(conceptdec_ctx *ctx, int64_t n, int64_t d);

#endif
