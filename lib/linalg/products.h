/* Sums of products of all pairs of a few vectors, added up piece by piece: what one lane holds. */
#ifndef CONCEPTDEC_I_PRODUCTS_H
#define CONCEPTDEC_I_PRODUCTS_H

#include "core/core.h"

#define CONCEPTDEC_I_PRODUCTS_DEPTH 256 /* numbers of a piece, at most */

typedef struct conceptdec_i_products {
    const struct conceptdec_i_kernels *kernels;
    int64_t n_a, n_b, ld;
    double *sums; /* of vector v of a with vector w of b: sums[w * ld + v] */
    double *packed_a, *packed_b;
} conceptdec_i_products;

/* Bytes of one such, a multiple of 64. */
int64_t conceptdec_i_products_bytes(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b);
/* memory: 64-byte aligned. All sums are 0. */
void conceptdec_i_products_open(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b, void *memory,
                                conceptdec_i_products *products);
/* Adds the products of `count` numbers of each vector: those of a lie ld_a apart, those of b ld_b. Each sum is one
 * chain. */
void conceptdec_i_products_add(conceptdec_i_products *products, const double *a, int64_t ld_a, const double *b,
                               int64_t ld_b, int64_t count);

#endif
