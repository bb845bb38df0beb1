/* Both are wrong less than once in 10^9 times, where what they rest on holds. */
#include "neighbors/odds.h"

#include <math.h>

#define DEVIATIONS 6

/* Errors of products of randomly rotated items are sums of terms of either sign: 1 / sqrt(dims) of their bound is
 * usual. */
double
conceptdec_i_odds_share(int64_t dims)
{
    return fmin(0.5 + 0.5 * DEVIATIONS / sqrt((double)dims), 1);
}

/* How many of the k nearest are in the sample is a binomial number, or less scattered. */
int64_t
conceptdec_i_odds_rank(int64_t sampled, int64_t k, int64_t n)
{
    const double expected = (double)sampled * (double)k / (double)n;
    return (int64_t)(expected + DEVIATIONS * sqrt(expected)) + 7;
}
