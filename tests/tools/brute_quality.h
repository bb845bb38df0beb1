/* Embedding quality from its definition: all distances, all ranks, n^2 weights. Distances are plain sums, so that data
 * whose ties matter must be small integers. */
#ifndef CONCEPTDEC_TESTS_BRUTE_QUALITY_H
#define CONCEPTDEC_TESTS_BRUTE_QUALITY_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* Of each pair: rows closer to i than j, and rows at the distance of j. */
typedef struct brute_ranks {
    int64_t n;
    int32_t *closer, *tied;
} brute_ranks;

static inline double
brute_distance(const float *a, const float *b, int64_t d, int cosine)
{
    double sum = 0, aa = 0, bb = 0, ab = 0;
    for (int64_t j = 0; j < d; j++) {
        sum += ((double)a[j] - (double)b[j]) * ((double)a[j] - (double)b[j]);
        aa += (double)a[j] * (double)a[j];
        bb += (double)b[j] * (double)b[j];
        ab += (double)a[j] * (double)b[j];
    }
    if (!cosine)
        return sum;
    return aa > 0 && bb > 0 ? 1 - ab / sqrt(aa * bb) : 1;
}

static inline int
brute_by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static inline brute_ranks
brute_ranks_of(const float *x, int64_t n, int64_t d, int cosine)
{
    brute_ranks r = {n, calloc((size_t)(n * n), sizeof(int32_t)), calloc((size_t)(n * n), sizeof(int32_t))};
    double *row = calloc((size_t)n, sizeof *row), *sorted = calloc((size_t)n, sizeof *sorted);
    for (int64_t i = 0; i < n; i++) {
        int64_t others = 0;
        for (int64_t j = 0; j < n; j++) {
            row[j] = brute_distance(x + i * d, x + j * d, d, cosine);
            if (j != i)
                sorted[others++] = row[j];
        }
        qsort(sorted, (size_t)others, sizeof *sorted, brute_by_size);
        for (int64_t j = 0; j < n; j++) {
            int32_t closer = 0, tied = 0;
            while (closer < others && sorted[closer] < row[j])
                closer++;
            while (closer + tied < others && sorted[closer + tied] <= row[j])
                tied++;
            r.closer[i * n + j] = closer;
            r.tied[i * n + j] = tied;
        }
    }
    free(row);
    free(sorted);
    return r;
}

static inline double
brute_weight(const brute_ranks *r, int64_t pair, int64_t k)
{
    double share = (double)(k - r->closer[pair]) / r->tied[pair];
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* Trustworthiness of `judged`; with the arguments swapped continuity. */
static inline double
brute_trust(const brute_ranks *ranks, const brute_ranks *judged, int64_t k)
{
    int64_t n = ranks->n;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            int64_t p = i * n + j;
            if (i != j)
                sum += fmax(0, brute_weight(judged, p, k) - brute_weight(ranks, p, k)) *
                       fmax(0, ranks->closer[p] + 0.5 * (ranks->tied[p] + 1) - (double)k);
        }
    return 1 - 2 / ((double)(n * k) * (double)(2 * n - 3 * k - 1)) * sum;
}

static inline double
brute_preservation(const brute_ranks *a, const brute_ranks *b, int64_t k)
{
    int64_t n = a->n;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (i != j)
                sum += fmin(brute_weight(a, i * n + j, k), brute_weight(b, i * n + j, k));
    return sum / (double)(n * k);
}

static inline void
brute_free(brute_ranks *r)
{
    free(r->closer);
    free(r->tied);
}

#endif
