/* Products of two sets of vectors, the numbers of the second in another order each time: what no order changes is
 * packed once. */
#ifndef CONCEPTDEC_I_CROSSED_H
#define CONCEPTDEC_I_CROSSED_H

#include "core/core.h"

/* `count` vectors of n >= 1 numbers, `stride` numbers apart. */
typedef struct conceptdec_i_vectors {
    const double *data;
    int64_t count, n, stride;
} conceptdec_i_vectors;

/* Bytes of either set as it is packed, and of the scratch of one product; multiples of 64. */
int64_t conceptdec_i_crossed_first_bytes(const conceptdec_ctx *ctx, int64_t count, int64_t n);
int64_t conceptdec_i_crossed_second_bytes(const conceptdec_ctx *ctx, int64_t count, int64_t n);
int64_t conceptdec_i_crossed_bytes(const conceptdec_ctx *ctx, int64_t first, int64_t second);
/* packed, scratch: 64-byte aligned. */
void conceptdec_i_crossed_pack_first(const conceptdec_ctx *ctx, const conceptdec_i_vectors *vectors, double *packed);
void conceptdec_i_crossed_pack_second(const conceptdec_ctx *ctx, const conceptdec_i_vectors *vectors, double *packed);
/* out[k * first + i] = sum over p < n of number p of vector i of the first times number order[p] of vector k of the
 * second: the same bits as conceptdec_i_apply() gives. On one thread. */
conceptdec_status conceptdec_i_crossed(conceptdec_ctx *ctx, int64_t n, int64_t first, const double *packed_first,
                                       int64_t second, const double *packed_second, const int32_t *order,
                                       double *scratch, double *out);

#endif
