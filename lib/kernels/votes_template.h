/* votes() and tally(), included once by every kernel set after it has defined 64 lanes of uint8_t, `bytes`, with
 *   bytes_load, bytes_store, bytes_fill (every lane one value),
 *   bytes_count(&count, row, &label): adds 1 in the lanes where the row has that label,
 *   bytes_equal(&count, a, b): adds 1 in the lanes where a == b,
 *   bytes_tick(&count, &rank, row, label): adds 1 to the count in the lanes where the row has that label, and there
 *     stores it in rank (which was 0),
 *   bytes_any_above(x, limit),
 *   bytes_credit(x): 60 / x for x in 1..6, else 0; bytes_add_wide(sums, x): to 64 uint16_t,
 *   bytes_lead(&best, &sharing, count): count joins a running maximum and the number of those that reach it,
 *   bytes_agree(a, b, x): x in the lanes where a == b, else 0. */
#include <stdint.h>
#include <string.h>

#define DEEPEST 255
#define MOST_COUNTS 16
#define MOST_PAIRED 16

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

/* The same for a few neighbours, each against those before it without a loop. */
static void
votes_by_pairs(const ballot *labels, const int32_t *ks, int32_t n_ks, uint8_t *out)
{
    bytes own_count = bytes_fill(0), best = bytes_fill(0), sharing = bytes_fill(0), label[MOST_PAIRED];
    const int32_t *const end = ks + n_ks;
    UNROLL_PAIRS
    for (int32_t p = 0; p < MOST_PAIRED; p++) {
        bytes rank = bytes_fill(1);
        label[p] = bytes_load(labels->of[p]);
        UNROLL_PAIRS
        for (int32_t q = 0; q < p; q++)
            bytes_equal(&rank, label[q], label[p]);
        bytes_lead(&best, &sharing, rank);
        bytes_equal(&own_count, label[p], labels->own);
        if (p + 1 < *ks)
            continue;
        bytes_store(out, bytes_agree(own_count, best, sharing));
        out += CONCEPTDEC_I_LANES;
        if (++ks == end)
            break;
    }
}

/* The same with the counts of all classes at hand, in registers where there are enough. numbers: class c in every lane
 * of line c, read from memory, as there are no registers for them too. */
static inline __attribute__((always_inline)) void
votes_by_count(const ballot *labels, const int32_t *ks, int32_t n_ks, const uint8_t *numbers, uint8_t *out,
               const int32_t classes)
{
    bytes own_count = bytes_fill(0), best = bytes_fill(0), sharing = bytes_fill(0), count[MOST_COUNTS];
    const int32_t depth = n_ks > 0 ? ks[n_ks - 1] : 0;
    UNROLL_CLASSES
    for (int32_t c = 0; c < classes; c++)
        count[c] = bytes_fill(0);
    for (int32_t p = 0; p < depth; p++) {
        const bytes label = bytes_load(labels->of[p]);
        bytes rank = bytes_fill(0);
        UNROLL_CLASSES
        for (int32_t c = 0; c < classes; c++)
            bytes_tick(&count[c], &rank, label, bytes_load(numbers + c * CONCEPTDEC_I_LANES));
        bytes_lead(&best, &sharing, rank);
        bytes_count(&own_count, labels->of[p], &labels->own);
        if (p + 1 < *ks)
            continue;
        bytes_store(out, bytes_agree(own_count, best, sharing));
        out += CONCEPTDEC_I_LANES;
        ks++;
    }
}

#define COUNT(n)                                                                                                       \
    case n:                                                                                                            \
        votes_by_count(labels, ks, n_ks, numbers, out, n);                                                             \
        break

static void
votes_by_counts(const ballot *labels, const int32_t *ks, int32_t n_ks, int32_t classes, uint8_t *numbers, uint8_t *out)
{
    for (int32_t c = 0; c < classes; c++)
        memset(numbers + c * CONCEPTDEC_I_LANES, c, CONCEPTDEC_I_LANES);
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
        COUNT(11);
        COUNT(12);
        COUNT(13);
        COUNT(14);
        COUNT(15);
        COUNT(16);
    default: /* 1: it always wins */
        memset(out, 1, (size_t)n_ks * CONCEPTDEC_I_LANES);
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
    if (depth <= MOST_PAIRED && n_ks > 0)
        votes_by_pairs(&rows, ks, n_ks, out);
    else if (by_rank <= by_class && by_rank <= by_counts)
        votes_by_rank(&rows, ks, n_ks, out);
    else if (by_class <= by_counts)
        votes_by_class(&rows, ks, n_ks, classes, counts, out);
    else
        votes_by_counts(&rows, ks, n_ks, classes, counts, out);
}

/* Few classes tie as a rule; what more of them get is counted one by one. */
static int
tally(const uint8_t *votes, int32_t n_ks, uint16_t *credit, uint8_t *counts)
{
    int any = 0;
    for (int32_t t = 0; t < n_ks; t++, counts += CONCEPTDEC_I_COUNTED * CONCEPTDEC_I_LANES) {
        const bytes x = bytes_load(votes + t * CONCEPTDEC_I_LANES);
        bytes_add_wide(credit + t * CONCEPTDEC_I_LANES, bytes_credit(x));
        if (!bytes_any_above(x, CONCEPTDEC_I_CREDITED))
            continue;
        for (int i = 0; i < CONCEPTDEC_I_COUNTED; i++) {
            bytes count = bytes_load(counts + i * CONCEPTDEC_I_LANES);
            bytes_equal(&count, x, bytes_fill((uint8_t)(CONCEPTDEC_I_CREDITED + 1 + i)));
            bytes_store(counts + i * CONCEPTDEC_I_LANES, count);
        }
        any |= bytes_any_above(x, CONCEPTDEC_I_CREDITED + CONCEPTDEC_I_COUNTED);
    }
    return any;
}
