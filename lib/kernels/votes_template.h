/* votes() and tally(), included once by every kernel set after it has defined 64 lanes of uint8_t, `bytes`, with
 *   bytes_load, bytes_store, bytes_fill (every lane one value),
 *   bytes_count(&count, row, &label): adds 1 in the lanes where the row has that label,
 *   bytes_tick(&count, &rank, row, label): adds 1 to the count in the lanes where the row has that label, and there
 *     stores it in rank (which was 0),
 *   bytes_any_above(x, limit),
 *   bytes_lead(&best, &sharing, count): count joins a running maximum and the number of those that reach it,
 *   bytes_agree(a, b, x): x in the lanes where a == b, else 0. */
#include <stdint.h>
#include <string.h>

#define DEEPEST 255
#define MOST_COUNTS 16
#define TALLY_STEP 4

/* Labels of the neighbours, and of the row itself. */
typedef struct ballot {
    const uint8_t *of[DEEPEST];
    bytes own;
} ballot;

/* Counts class by class. */
static void
votes_by_class(const ballot *labels, const int32_t *ks, int32_t n_ks, int32_t classes, uint8_t *counts, uint8_t *out)
{
    bytes own_count = bytes_fill(0);
    int32_t done = 0;
    memset(counts, 0, (size_t)classes * CONCEPTDEC_I_LANES);
    for (int32_t t = 0; t < n_ks; t++) {
        for (int32_t p = done; p < ks[t]; p++)
            bytes_count(&own_count, labels->of[p], &labels->own);
        bytes best = bytes_fill(0), sharing = bytes_fill(0);
        for (int32_t c = 0; c < classes; c++) {
            const bytes label = bytes_fill((uint8_t)c);
            bytes count = bytes_load(counts + c * CONCEPTDEC_I_LANES);
            for (int32_t p = done; p < ks[t]; p++)
                bytes_count(&count, labels->of[p], &label);
            bytes_store(counts + c * CONCEPTDEC_I_LANES, count);
            bytes_lead(&best, &sharing, count);
        }
        bytes_store(out + t * CONCEPTDEC_I_LANES, bytes_agree(own_count, best, sharing));
        done = ks[t];
    }
}

/* Ranks each neighbour among those of its own label: a class with n votes passes every rank from 1 to n once, so the
 * highest rank is the highest count, and as many classes share it as neighbours have it. */
static void
votes_by_rank(const ballot *labels, const int32_t *ks, int32_t n_ks, uint8_t *out)
{
    bytes own_count = bytes_fill(0), best = bytes_fill(0), sharing = bytes_fill(0);
    int32_t done = 0;
    for (int32_t t = 0; t < n_ks; t++) {
        for (; done < ks[t]; done++) {
            const bytes label = bytes_load(labels->of[done]);
            bytes rank = bytes_fill(1);
            for (int32_t p = 0; p < done; p++)
                bytes_count(&rank, labels->of[p], &label);
            bytes_lead(&best, &sharing, rank);
            bytes_count(&own_count, labels->of[done], &labels->own);
        }
        bytes_store(out + t * CONCEPTDEC_I_LANES, bytes_agree(own_count, best, sharing));
    }
}

/* The same with the counts of all classes at hand, in registers where there are enough. */
static inline void
votes_by_count(const ballot *labels, const int32_t *ks, int32_t n_ks, uint8_t *out, const int32_t classes)
{
    bytes own_count = bytes_fill(0), best = bytes_fill(0), sharing = bytes_fill(0), count[MOST_COUNTS];
    int32_t done = 0;
    UNROLL_CLASSES
    for (int32_t c = 0; c < classes; c++)
        count[c] = bytes_fill(0);
    for (int32_t t = 0; t < n_ks; t++) {
        for (; done < ks[t]; done++) {
            const bytes label = bytes_load(labels->of[done]);
            bytes rank = bytes_fill(0);
            UNROLL_CLASSES
            for (int32_t c = 0; c < classes; c++)
                bytes_tick(&count[c], &rank, label, bytes_fill((uint8_t)c));
            bytes_lead(&best, &sharing, rank);
            bytes_count(&own_count, labels->of[done], &labels->own);
        }
        bytes_store(out + t * CONCEPTDEC_I_LANES, bytes_agree(own_count, best, sharing));
    }
}

#define COUNT(n)                                                                                                       \
    case n:                                                                                                            \
        votes_by_count(labels, ks, n_ks, out, n);                                                                      \
        break

static void
votes_by_counts(const ballot *labels, const int32_t *ks, int32_t n_ks, int32_t classes, uint8_t *out)
{
    switch (classes) {
        COUNT(2);
        COUNT(3);
        COUNT(4);
        COUNT(5);
        COUNT(6);
        COUNT(7);
        COUNT(8);
        COUNT(9);
        COUNT(10);
        COUNT(12);
        COUNT(14);
    default:
        votes_by_count(labels, ks, n_ks, out, MOST_COUNTS);
    }
}

#undef COUNT

/* Which way takes the fewest steps on vectors. */
static void
votes(const uint8_t *labels, const int32_t *neighbours, int32_t own, const int32_t *ks, int32_t n_ks, int32_t classes,
      uint8_t *counts, uint8_t *out)
{
    const int32_t depth = n_ks > 0 ? ks[n_ks - 1] : 0;
    const int32_t by_rank = depth * depth, by_class = classes * (2 * depth + 6 * n_ks);
    const int32_t by_counts = classes <= MOST_COUNTS ? 3 * classes * depth : INT32_MAX;
    ballot rows;
    for (int32_t p = 0; p < depth; p++)
        rows.of[p] = labels + (int64_t)neighbours[p] * CONCEPTDEC_I_LANES;
    rows.own = bytes_load(labels + (int64_t)own * CONCEPTDEC_I_LANES);
    if (by_rank <= by_class && by_rank <= by_counts)
        votes_by_rank(&rows, ks, n_ks, out);
    else if (by_class <= by_counts)
        votes_by_class(&rows, ks, n_ks, classes, counts, out);
    else
        votes_by_counts(&rows, ks, n_ks, classes, out);
}

/* Few classes tie as a rule, so that later steps are rare. */
static int
tally(const uint8_t *votes, int32_t n_ks, uint8_t *counts)
{
    int any = 0;
    for (int32_t t = 0; t < n_ks; t++) {
        const bytes x = bytes_load(votes + t * CONCEPTDEC_I_LANES);
        int s = 0;
        do {
            for (int step = 0; step < TALLY_STEP; step++, s++, counts += CONCEPTDEC_I_LANES) {
                bytes count = bytes_load(counts), rank = bytes_fill(0);
                bytes_tick(&count, &rank, x, bytes_fill((uint8_t)(s + 1)));
                bytes_store(counts, count);
            }
        } while (bytes_any_above(x, (uint8_t)s) && s < CONCEPTDEC_I_TALLIED);
        any |= s == CONCEPTDEC_I_TALLIED && bytes_any_above(x, CONCEPTDEC_I_TALLIED);
        counts += (CONCEPTDEC_I_TALLIED - s) * CONCEPTDEC_I_LANES;
    }
    return any;
}
