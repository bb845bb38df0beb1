/* Loops over vectors of doubles that several files need. */
#ifndef CONCEPTDEC_I_DOT_H
#define CONCEPTDEC_I_DOT_H

#include <stdint.h>

/* In one order: eight partial sums over i mod 8, so that it is vectors that are added up. */
static inline double
dot(const double *restrict a, const double *restrict b, int64_t n)
{
    double sums[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            sums[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sums[i % 8] += a[i] * b[i];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

static inline void
add(double factor, const double *restrict from, double *restrict to, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += factor * from[i];
}

static inline void
stretch(double factor, double *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] *= factor;
}

#endif
