/* Bounds kept as floats are rounded to the safe side. */
#ifndef CONCEPTDEC_I_ROUNDING_H
#define CONCEPTDEC_I_ROUNDING_H

#include <math.h>

static inline float
conceptdec_i_round_down(double x)
{
    float rounded = (float)x;
    return (double)rounded > x ? nextafterf(rounded, -INFINITY) : rounded;
}

static inline float
conceptdec_i_round_up(double x)
{
    return -conceptdec_i_round_down(-x);
}

#endif
