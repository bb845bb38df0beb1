/* How much a sample belongs to its neighbours: full weight up to rho, beyond it a fall whose scale gives the weights
 * the sum log2(k). */
#include <math.h>

#include "linalg/columns.h"
#include "projection/umap.h"

enum { MOST_STEPS = 64 };

#define CLOSE 1e-10         /* of the sum */
#define FARTHEST 16         /* times as far as before, at most, goes a step */
#define LEAST_SCALE 1e-3    /* of the mean distance */
#define LEAST_FRACTION 1e-5 /* of local_connectivity: what is less is rounding */

/* The distance to the local_connectivity-th neighbour that is not at distance 0; between two of them in a straight
 * line. */
static double
find_rho(const double *distance, int64_t k, double local_connectivity)
{
    int64_t zeros = 0;
    while (zeros < k && distance[zeros] == 0)
        zeros++;
    const double *beyond = distance + zeros;
    const int64_t count = k - zeros, index = (int64_t)floor(fmin(local_connectivity, (double)k + 1));
    const double fraction = local_connectivity - (double)index;
    if ((double)count < local_connectivity)
        return count > 0 ? beyond[count - 1] : 0;
    if (index == 0)
        return count > 0 ? fraction * beyond[0] : 0;
    return beyond[index - 1] + (fraction > LEAST_FRACTION ? fraction * (beyond[index] - beyond[index - 1]) : 0);
}

/* A list whose scale is looked for. Distances are multiplied by a power of two, so that neither they nor what they are
 * divided by leave the range of float64. */
typedef struct grades {
    const double *distance;
    int64_t k;
    double rho, factor;
} grades;

/* And, as `slope`, the sum of the distances beyond rho by weight. */
static double
sum_weights(const grades *g, double inverse, double *slope)
{
    double sum = 0;
    *slope = 0;
    for (int64_t j = 0; j < g->k; j++) {
        const double beyond = g->distance[j] > g->rho ? (g->distance[j] - g->rho) * g->factor : 0;
        const double weight = beyond > 0 ? exp(-inverse * beyond) : 1;
        sum += weight;
        *slope += beyond * weight;
    }
    return sum;
}

/* By Newton's method for 1 / sigma: the logarithm of the sum is convex and falls, so that no step from the left of the
 * root goes beyond it, and one from the right leads to the left. `scale`: where to begin; `least`: below which none is
 * looked for; these and what is returned times the factor. */
static double
find_sigma(const grades *g, double target, double scale, double least)
{
    double inverse = 1 / (scale > 0 ? scale : 1);
    for (int step = 0; step < MOST_STEPS; step++) {
        double slope;
        const double sum = sum_weights(g, inverse, &slope);
        if (fabs(sum - target) < CLOSE || (sum > target && inverse * least > 1))
            break;
        const double next = inverse + log(sum / target) * sum / slope;
        inverse = next < inverse / 2 ? inverse / 2 : next < FARTHEST * inverse ? next : FARTHEST * inverse;
    }
    return 1 / inverse;
}

void
conceptdec_i_membership_row(const conceptdec_i_membership *membership, const double *distance, int64_t k,
                            double *weight, double *rho, double *sigma)
{
    const int64_t places = k + membership->is_self_counted > 0 ? k + membership->is_self_counted : 1;
    const double unit = k > 0 ? conceptdec_i_unit(distance[k - 1]) : 1;
    double mean = 0;
    *rho = find_rho(distance, k, membership->local_connectivity);
    const grades g = {.distance = distance, .k = k, .rho = *rho, .factor = 1 / unit};
    for (int64_t j = 0; j < k; j++)
        mean += distance[j] * g.factor;
    mean /= (double)places;
    const double least = LEAST_SCALE * (*rho > 0 ? mean * unit : membership->mean);
    *sigma = fmax(find_sigma(&g, log2((double)places), mean, least * g.factor) * unit, least);
    for (int64_t j = 0; j < k; j++)
        weight[j] = distance[j] > *rho && *sigma > 0 ? exp((*rho - distance[j]) / *sigma) : 1;
}
