/* Radix sort, least byte first: no worst case, and bytes that all keys share cost nothing. */
#include "stats/order.h"

#include <math.h>

enum { DIGITS = 8, VALUES = 256 };

#define LOOK (INT64_C(1) << 18) /* numbers between two looks at the cancel flag */

static conceptdec_status
look(conceptdec_ctx *ctx, int64_t i)
{
    return i % LOOK == 0 ? conceptdec_i_poll(ctx, 0) : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_order_open(conceptdec_i_arena *arena, int64_t n, conceptdec_i_order *order)
{
    void *p[2];
    if (n > INT32_MAX)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "%lld numbers are too many to be sorted",
                                 (long long)n);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "order", n, sizeof(uint64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "order", 2 * n, sizeof(uint32_t), &p[1]));
    *order = (conceptdec_i_order){.ctx = arena->ctx, .spare = p[0], .items = p[1], .spare_items = (uint32_t *)p[1] + n};
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy(conceptdec_ctx *ctx, int64_t n, const uint64_t *from, uint64_t *to)
{
    for (int64_t i = 0; i < n; i += LOOK) {
        CONCEPTDEC_I_TRY(look(ctx, i));
        memcpy(to + i, from + i, (size_t)(n - i < LOOK ? n - i : LOOK) * sizeof *to);
    }
    return CONCEPTDEC_OK;
}

/* ---- sorting ---- */

static void
swap_items(conceptdec_i_order *o)
{
    uint32_t *items = o->items;
    o->items = o->spare_items;
    o->spare_items = items;
}

/* One pass. */
static conceptdec_status
pass(const conceptdec_i_order *o, int64_t n, int digit, const uint32_t *count, const uint64_t *in, uint64_t *out)
{
    const int shift = 8 * digit;
    uint32_t start[VALUES], next = 0;
    for (int v = 0; v < VALUES; v++) {
        start[v] = next;
        next += count[v];
    }
    for (int64_t i = 0; i < n; i++) {
        uint32_t at = start[in[i] >> shift & (VALUES - 1)]++;
        CONCEPTDEC_I_TRY(look(o->ctx, i));
        out[at] = in[i];
        o->spare_items[at] = o->items[i];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_order_sort(conceptdec_i_order *order, int64_t n, uint64_t *keys)
{
    uint32_t count[DIGITS][VALUES] = {{0}};
    uint64_t *in = keys, *out = order->spare;
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(look(order->ctx, i));
        order->items[i] = (uint32_t)i;
        for (int digit = 0; digit < DIGITS; digit++)
            count[digit][keys[i] >> 8 * digit & (VALUES - 1)]++;
    }
    for (int digit = 0; digit < DIGITS && n > 0; digit++) {
        if ((int64_t)count[digit][in[0] >> 8 * digit & (VALUES - 1)] == n)
            continue; /* all keys share this byte, and nothing moves */
        CONCEPTDEC_I_TRY(pass(order, n, digit, count[digit], in, out));
        uint64_t *other = in;
        in = out;
        out = other;
        swap_items(order);
    }
    return in == keys ? CONCEPTDEC_OK : copy(order->ctx, n, in, keys);
}

/* ---- ranks ---- */

static double
root_of(uint64_t key)
{
    double value = conceptdec_i_order_value(key);
    return copysign(sqrt(fabs(value)), value);
}

/* Whether the number at i is one with the number before it. */
static bool
is_tied(const uint64_t *keys, int64_t i, double tolerance)
{
    return keys[i] == keys[i - 1] || (tolerance > 0 && root_of(keys[i]) - root_of(keys[i - 1]) <= tolerance);
}

/* Keys take the place of the values that they are made of, ranks that of the keys. */
conceptdec_status
conceptdec_i_order_ranks(conceptdec_i_order *order, int64_t n, double *values, const conceptdec_i_ranking *ranking)
{
    uint64_t *keys = (uint64_t *)(void *)values;
    int64_t before = 0, different = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t key = conceptdec_i_order_key(values[i]);
        CONCEPTDEC_I_TRY(look(order->ctx, i));
        memcpy(values + i, &key, sizeof key);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_order_sort(order, n, keys));
    CONCEPTDEC_I_TRY(copy(order->ctx, n, keys, order->spare));
    for (int64_t first = 0, end; first < n; first = end, different++) {
        int64_t tied = 0;
        for (end = first; end < n && (end == first || is_tied(order->spare, end, ranking->tolerance)); end++) {
            CONCEPTDEC_I_TRY(look(order->ctx, end));
            tied += ranking->weight ? ranking->weight[order->items[end]] : 1;
        }
        double rank = ranking->is_dense ? (double)different : (double)before + 0.5 * (double)(tied + 1);
        for (int64_t i = first; i < end; i++)
            values[order->items[i]] = rank;
        before += tied;
    }
    return CONCEPTDEC_OK;
}

/* ---- Kendall ---- */

static int64_t
pairs_of(int64_t count)
{
    return count * (count - 1) / 2;
}

/* Pairs of entries that share the upper bits of their keys. */
static int64_t
count_tied(int64_t n, const uint64_t *keys, uint64_t mask, const uint32_t *items, const int32_t *weight)
{
    int64_t pairs = 0;
    for (int64_t first = 0, end; first < n; first = end) {
        int64_t tied = 0;
        for (end = first; end < n && (keys[end] & mask) == (keys[first] & mask); end++)
            tied += weight ? weight[items[end]] : 1;
        pairs += pairs_of(tied);
    }
    return pairs;
}

/* Merges two sorted runs; of each entry of the second those of the first that are larger are out of order. */
static conceptdec_status
merge(conceptdec_ctx *ctx, const uint64_t *in, int64_t first, int64_t middle, int64_t end, uint64_t *out,
      int64_t *inversions)
{
    int64_t left = 0;
    for (int64_t i = first; i < middle; i++)
        left += (int64_t)(in[i] & UINT32_MAX);
    for (int64_t i = first, j = middle, at = first; at < end; at++) {
        bool is_first = j == end || (i < middle && in[i] >> 32 <= in[j] >> 32);
        CONCEPTDEC_I_TRY(look(ctx, at));
        if (is_first)
            left -= (int64_t)(in[i] & UINT32_MAX);
        else
            *inversions += left * (int64_t)(in[j] & UINT32_MAX);
        out[at] = is_first ? in[i++] : in[j++];
    }
    return CONCEPTDEC_OK;
}

/* Entries hold y above, the weight below; sorted by y in the end. */
static conceptdec_status
count_inversions(conceptdec_ctx *ctx, int64_t n, uint64_t **entries, uint64_t *spare, int64_t *inversions)
{
    uint64_t *in = *entries;
    *inversions = 0;
    for (int64_t run = 1; run < n; run *= 2) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        for (int64_t first = 0; first < n; first += 2 * run) {
            int64_t middle = first + run < n ? first + run : n, end = first + 2 * run < n ? first + 2 * run : n;
            CONCEPTDEC_I_TRY(merge(ctx, in, first, middle, end, spare, inversions));
        }
        uint64_t *other = in;
        in = spare;
        spare = other;
    }
    *entries = in;
    return CONCEPTDEC_OK;
}

static int64_t
count_tied_entries(int64_t n, const uint64_t *entries)
{
    int64_t pairs = 0;
    for (int64_t first = 0, end; first < n; first = end) {
        int64_t tied = 0;
        for (end = first; end < n && entries[end] >> 32 == entries[first] >> 32; end++)
            tied += (int64_t)(entries[end] & UINT32_MAX);
        pairs += pairs_of(tied);
    }
    return pairs;
}

conceptdec_status
conceptdec_i_order_tau(conceptdec_i_order *order, int64_t n, double *x, double *y, const int32_t *weight, double *tau)
{
    uint64_t *keys = (uint64_t *)(void *)x, *entries = (uint64_t *)(void *)y;
    int64_t total = 0, inversions;
    *tau = (double)NAN;
    if (n < 2)
        return CONCEPTDEC_OK;
    for (int64_t i = 0; i < n; i++) {
        uint64_t key = (uint64_t)x[i] << 32 | (uint64_t)y[i];
        CONCEPTDEC_I_TRY(look(order->ctx, i));
        memcpy(x + i, &key, sizeof key);
        total += weight ? weight[i] : 1;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_order_sort(order, n, keys));
    int64_t tied_x = count_tied(n, keys, UINT64_MAX << 32, order->items, weight);
    CONCEPTDEC_I_TRY(conceptdec_i_poll(order->ctx, 0));
    int64_t tied_both = count_tied(n, keys, UINT64_MAX, order->items, weight);
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(look(order->ctx, i));
        uint64_t entry = (keys[i] & UINT32_MAX) << 32 | (weight ? (uint32_t)weight[order->items[i]] : 1);
        memcpy(y + i, &entry, sizeof entry);
    }
    CONCEPTDEC_I_TRY(count_inversions(order->ctx, n, &entries, keys, &inversions));
    int64_t untied = pairs_of(total) - tied_x - count_tied_entries(n, entries) + tied_both;
    *tau = (double)(untied - 2 * inversions) / (double)pairs_of(total);
    return CONCEPTDEC_OK;
}
