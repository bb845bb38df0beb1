/* From class means to concept vectors. */
#include <math.h>
#include <string.h>

#include "vectors/concept_vectors.h"

/* The mean of those present, each with its weight or all alike; returns the sum of weights. */
static double
average(const conceptdec_i_vectors *v, const double *means, const double *weight, bool is_alike, double *out)
{
    double all = 0;
    memset(out, 0, (size_t)v->d * sizeof *out);
    for (int64_t k = 0; k < v->classes; k++)
        all += is_alike ? weight[v->order[k]] > 0 : weight[v->order[k]];
    for (int64_t k = 0; k < v->classes; k++) {
        const int64_t c = v->order[k];
        const double share = (is_alike ? weight[c] > 0 : weight[c]) / all;
        for (int64_t j = 0; j < v->d && share > 0; j++)
            out[j] += share * means[c * v->d + j];
    }
    return all;
}

/* The mean of a class less that of all others is its distance from the mean of all, all / (all - weight) times as
 * long. */
void
conceptdec_i_vectors_contrast(const conceptdec_i_vectors *v, const double *means, const double *weight, double *scratch,
                              double *vectors)
{
    const int32_t reference = v->options.reference;
    const int64_t base = v->options.baseline_class;
    const double *from = v->baseline;
    double all = 0;
    bool is_there = true;
    if (reference == CONCEPTDEC_BASELINE_CLASS) {
        from = means + base * v->d;
        is_there = weight[base] > 0;
    } else if (reference != CONCEPTDEC_BASELINE_GIVEN) {
        all = average(v, means, weight, reference == CONCEPTDEC_BASELINE_MEAN, scratch);
        from = scratch;
    }
    for (int64_t c = 0; c < v->classes; c++) {
        const double rest = all - weight[c];
        const double longer = reference == CONCEPTDEC_BASELINE_REST ? (rest > 0 ? all / rest : (double)NAN) : 1;
        for (int64_t j = 0; j < v->d; j++)
            vectors[c * v->d + j] = weight[c] > 0 && is_there ? longer * (means[c * v->d + j] - from[j]) : (double)NAN;
    }
}

double
conceptdec_i_vectors_cosine(const conceptdec_i_vectors *v, double product, double a, double b)
{
    const double cosine = product / a / b;
    if (!(a > v->rounding && b > v->rounding))
        return (double)NAN;
    return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}
