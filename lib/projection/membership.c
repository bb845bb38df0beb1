/* How much a sample belongs to its neighbours: full weight up to rho, beyond it a fall whose scale gives the weights the sum
 * log2(k). */
#include <math.h>

#include "projection/umap.h"

enum { MOST_STEPS = 64 };

#define CLOSE 1e-10         /* of the sum */
#define LEAST_SCALE 1e-3    /* of the mean distance */
#define LEAST_FRACTION 1e-5 /* of local_connectivity: what is less is rounding */

/* The distance to the local_connectivity-th neighbour that is not at distance 0; between two of them in a straight line. */
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

static double
sum_weights(const double *distance, int64_t k, double rho, double sigma)
{
    double sum = 0;
    for (int64_t j = 0; j < k; j++)
        sum += distance[j] > rho ? exp((rho - distance[j]) / sigma) : 1;
    return sum;
}

/* By doubling, then by halves. `scale`: where to begin. */
static double
find_sigma(const double *distance, int64_t k, double rho, double target, double scale)
{
    double low = 0, high = INFINITY, middle = scale > 0 ? scale : 1;
    for (int step = 0; step < MOST_STEPS; step++) {
        const double sum = sum_weights(distance, k, rho, middle);
        if (fabs(sum - target) < CLOSE)
            break;
        if (sum > target)
            high = middle;
        else
            low = middle;
        middle = isinf(high) ? 2 * middle : (low + high) / 2;
    }
    return middle;
}

void
conceptdec_i_membership_row(const conceptdec_i_membership *membership, const double *distance, int64_t k,
                            double *weight, double *rho, double *sigma)
{
    const int64_t places = k + membership->is_self_counted;
    double mean = 0;
    for (int64_t j = 0; j < k; j++)
        mean += distance[j];
    mean /= (double)(places > 0 ? places : 1);
    *rho = find_rho(distance, k, membership->local_connectivity);
    *sigma = find_sigma(distance, k, *rho, log2((double)(places > 0 ? places : 1)), mean);
    *sigma = fmax(*sigma, LEAST_SCALE * (*rho > 0 ? mean : membership->mean));
    for (int64_t j = 0; j < k; j++)
        weight[j] = distance[j] > *rho && *sigma > 0 ? exp((*rho - distance[j]) / *sigma) : 1;
}
