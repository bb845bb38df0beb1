/* Orders of long lists of numbers: sorting, mean ranks, Kendall's count. What is sorted may count several times. */
#ifndef CONCEPTDEC_I_ORDER_H
#define CONCEPTDEC_I_ORDER_H

#include <string.h>

#include "core/core.h"

/* Room for sorting up to n < 2^31 keys with the numbers of what they belong to. */
typedef struct conceptdec_i_order {
    conceptdec_ctx *ctx;
    uint64_t *spare;
    uint32_t *items, *spare_items;
} conceptdec_i_order;

#define CONCEPTDEC_I_ORDER_BYTES 16 /* for each key, beside the keys */

conceptdec_status conceptdec_i_order_open(conceptdec_i_arena *arena, int64_t n, conceptdec_i_order *order);
/* Ascending; equal keys stay in their order. order->items[i]: where key i was. Looks at the cancel flag. */
conceptdec_status conceptdec_i_order_sort(conceptdec_i_order *order, int64_t n, uint64_t *keys);

/* Keys compare as their numbers do (no NaN; -0 is 0). */
static inline uint64_t
conceptdec_i_order_key(double value)
{
    uint64_t bits;
    value += 0.0; /* -0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static inline double
conceptdec_i_order_value(uint64_t key)
{
    double value;
    key = key >> 63 ? key ^ UINT64_C(1) << 63 : ~key;
    memcpy(&value, &key, sizeof value);
    return value;
}

/* How numbers become ranks. */
typedef struct conceptdec_i_ranking {
    const int32_t *weight; /* at least 1: how often each number stands in the list; NULL: once */
    double tolerance;      /* next to one another, numbers that differ by no more are equal */
    bool is_dense;         /* 0, 1, 2 ... for different numbers; else mean ranks, from 1 */
} conceptdec_i_ranking;

/* values become ranks. */
conceptdec_status conceptdec_i_order_ranks(conceptdec_i_order *order, int64_t n, double *values,
                                           const conceptdec_i_ranking *ranking);
/* Pairs of entries (x, y) that are in one order less those that are in opposite orders, over all pairs (tau-a; Knight 1966).
 * x, y: integers 0 ... 2^32 - 1, destroyed. The weights' sum is below 2^31. NaN where there are fewer than two entries. */
conceptdec_status conceptdec_i_order_tau(conceptdec_i_order *order, int64_t n, double *x, double *y, const int32_t *weight,
                                         double *tau);

#endif
