/* What independent subspaces have in common: the sum T of squared cosines of uniformly distributed ones. */
#include "subspace/overlap.h"

#include <math.h>

#include "linalg/engine.h"
#include "stats/beta.h"

void
conceptdec_i_overlap_chance(int64_t p, int64_t q, int64_t d, double *mean, double *variance)
{
    double r = (double)p, s = (double)q, n = (double)d;
    *mean = r * s / n;
    *variance = p == d || q == d ? 0 : 2 * (r / n) * (s / n) * (n - r) / (n - 1) * (n - s) / (n + 2);
}

/* T is p + q - d and the sum of the complements where that is above 0, and both have one range. */
double
conceptdec_i_overlap_tail(int64_t p, int64_t q, int64_t d, double shared)
{
    double mean, variance, least = (double)max64(0, p + q - d), range = (double)min64(p, q) - least;
    conceptdec_i_overlap_chance(p, q, d, &mean, &variance);
    if (!(variance > 0))
        return 1;
    double m = (mean - least) / range, spread = m * (1 - m) / (variance / range / range) - 1;
    return conceptdec_i_beta_tail(m * spread, (1 - m) * spread, (shared - least) / range);
}
