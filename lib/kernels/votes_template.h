/* votes(), included once by every kernel set after it has defined 64 lanes of uint8_t, `bytes`, with
 *   bytes_load, bytes_store, bytes_fill (every lane one value),
 *   bytes_count(count, a, b): count + 1 in the lanes where a == b,
 *   bytes_lead(&best, &sharing, count): count joins a running maximum and the number of those that reach it,
 *   bytes_agree(a, b, x): x in the lanes where a == b, else 0. */
#include <stdint.h>
#include <string.h>

static inline bytes
label_row(const uint8_t *labels, int32_t row)
{
    return bytes_load(labels + (int64_t)row * CONCEPTDEC_I_LANES);
}

/* Counts class by class. */
static void
votes_by_class(const uint8_t *labels, const int32_t *neighbours, int32_t own, const int32_t *ks, int32_t n_ks,
               int32_t classes, uint8_t *counts, uint8_t *out)
{
    const bytes own_label = label_row(labels, own);
    bytes own_count = bytes_fill(0);
    int32_t done = 0;
    memset(counts, 0, (size_t)classes * CONCEPTDEC_I_LANES);
    for (int32_t t = 0; t < n_ks; t++) {
        for (int32_t p = done; p < ks[t]; p++)
            own_count = bytes_count(own_count, label_row(labels, neighbours[p]), own_label);
        bytes best = bytes_fill(0), sharing = bytes_fill(0);
        for (int32_t c = 0; c < classes; c++) {
            const bytes class_label = bytes_fill((uint8_t)c);
            bytes count = bytes_load(counts + c * CONCEPTDEC_I_LANES);
            for (int32_t p = done; p < ks[t]; p++)
                count = bytes_count(count, label_row(labels, neighbours[p]), class_label);
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
votes_by_rank(const uint8_t *labels, const int32_t *neighbours, int32_t own, const int32_t *ks, int32_t n_ks,
              uint8_t *out)
{
    const bytes own_label = label_row(labels, own);
    bytes own_count = bytes_fill(0), best = bytes_fill(0), sharing = bytes_fill(0);
    int32_t done = 0;
    for (int32_t t = 0; t < n_ks; t++) {
        for (; done < ks[t]; done++) {
            const bytes label = label_row(labels, neighbours[done]);
            bytes rank = bytes_fill(1);
            for (int32_t p = 0; p < done; p++)
                rank = bytes_count(rank, label_row(labels, neighbours[p]), label);
            bytes_lead(&best, &sharing, rank);
            own_count = bytes_count(own_count, label, own_label);
        }
        bytes_store(out + t * CONCEPTDEC_I_LANES, bytes_agree(own_count, best, sharing));
    }
}

static void
votes(const uint8_t *labels, const int32_t *neighbours, int32_t own, const int32_t *ks, int32_t n_ks, int32_t classes,
      uint8_t *counts, uint8_t *out)
{
    if (n_ks > 0 && ks[n_ks - 1] <= 2 * classes)
        votes_by_rank(labels, neighbours, own, ks, n_ks, out);
    else
        votes_by_class(labels, neighbours, own, ks, n_ks, classes, counts, out);
}
