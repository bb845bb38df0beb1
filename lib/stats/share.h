/* Shares: sums of fractions that do not depend on their order. */
#ifndef CONCEPTDEC_I_SHARE_H
#define CONCEPTDEC_I_SHARE_H

#include "core/core.h"

/* `units` of 1 / lcm(1..20) and `parts` of 2^-32 of a unit: 1/t is exact for t <= 20, and within 1e-18 beyond. Both may
 * be summed over as many rows as there can be. */
#define CONCEPTDEC_I_UNIT INT64_C(232792560)

typedef struct conceptdec_i_share {
    int64_t units, parts;
} conceptdec_i_share;

conceptdec_i_share conceptdec_i_share_of(int64_t numerator, int64_t denominator); /* 0 <= numerator <= denominator */
conceptdec_i_share conceptdec_i_share_of_real(double value); /* of [0, 1], within 2^-53 of itself and 1e-18 */
void conceptdec_i_share_add(conceptdec_i_share *sum, conceptdec_i_share share);
double conceptdec_i_share_value(conceptdec_i_share sum);
bool conceptdec_i_share_at_least(conceptdec_i_share a, conceptdec_i_share b);

/* The mean of a few numbers (none NaN), added in ascending order, in which it sorts them; NaN of none. */
double conceptdec_i_mean_of_sorted(double *values, int64_t n);

#endif
