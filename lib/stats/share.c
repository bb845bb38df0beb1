/* Shares: numbers of [0, 1] in whole numbers of a small unit. */
#include "stats/share.h"

#include <math.h>
#include <stdlib.h>

#define PART_BITS 32

conceptdec_i_share
conceptdec_i_share_of(int64_t numerator, int64_t denominator)
{
    int64_t scaled, parts = 0;
    while (__builtin_mul_overflow(numerator, CONCEPTDEC_I_UNIT, &scaled) || denominator >> 46) {
        numerator /= 2; /* beyond 2^35, where this changes a share by less than 1e-10 */
        denominator /= 2;
    }
    int64_t rest = scaled % denominator;
    for (int step = 0; step < PART_BITS / 16; step++) {
        rest <<= 16;
        parts = (parts << 16) + rest / denominator;
        rest %= denominator;
    }
    return (conceptdec_i_share){.units = scaled / denominator, .parts = parts};
}

static conceptdec_i_share
carry(conceptdec_i_share sum)
{
    int64_t units = sum.parts >> PART_BITS;
    return (conceptdec_i_share){.units = sum.units + units, .parts = sum.parts - (units << PART_BITS)};
}

conceptdec_i_share
conceptdec_i_share_of_real(double value)
{
    double units = value * (double)CONCEPTDEC_I_UNIT;
    int64_t whole = (int64_t)units;
    return (conceptdec_i_share){.units = whole, .parts = (int64_t)((units - (double)whole) * 0x1p32)};
}

void
conceptdec_i_share_add(conceptdec_i_share *sum, conceptdec_i_share share)
{
    sum->units += share.units;
    sum->parts += share.parts;
}

double
conceptdec_i_share_value(conceptdec_i_share sum)
{
    sum = carry(sum);
    return ((double)sum.units + (double)sum.parts * 0x1p-32) / (double)CONCEPTDEC_I_UNIT;
}

bool
conceptdec_i_share_at_least(conceptdec_i_share a, conceptdec_i_share b)
{
    a = carry(a);
    b = carry(b);
    return a.units != b.units ? a.units > b.units : a.parts >= b.parts;
}

static int
compare_reals(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double
conceptdec_i_mean_of_sorted(double *values, int64_t n)
{
    double sum = 0;
    qsort(values, (size_t)n, sizeof *values, compare_reals);
    for (int64_t i = 0; i < n; i++)
        sum += values[i];
    return n > 0 ? sum / (double)n : (double)NAN;
}
