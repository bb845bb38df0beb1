/* Whole numbers. */
#ifndef CONCEPTDEC_I_WHOLE_H
#define CONCEPTDEC_I_WHOLE_H

#include <stdint.h>

static inline int64_t
min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t
max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t
ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

#endif
