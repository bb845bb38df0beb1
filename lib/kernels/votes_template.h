/* votes(), included once by every kernel set after it has defined 64 lanes of uint8_t, `bytes`, with
 *   bytes_load, bytes_store, bytes_fill (every lane one value),
 *   bytes_count(&count, row, &label): adds 1 in the lanes where the row has that label,
 *   bytes_lead(&best, &sharing, count): count joins a running maximum and the number of those that reach it,
 *   bytes_agree(a, b, x): x in the lanes where a == b, else 0. */
#include <stdint.h>
#include <string.h>

#define DEEPEST 255

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

static void
votes(const uint8_t *labels, const int32_t *neighbours, int32_t own, const int32_t *ks, int32_t n_ks, int32_t classes,
      uint8_t *counts, uint8_t *out)
{
    const int32_t depth = n_ks > 0 ? ks[n_ks - 1] : 0;
    ballot rows;
    for (int32_t p = 0; p < depth; p++)
        rows.of[p] = labels + (int64_t)neighbours[p] * CONCEPTDEC_I_LANES;
    rows.own = bytes_load(labels + (int64_t)own * CONCEPTDEC_I_LANES);
    if (classes > 0 && depth > 2 * classes)
        votes_by_class(&rows, ks, n_ks, classes, counts, out);
    else
        votes_by_rank(&rows, ks, n_ks, out);
}
