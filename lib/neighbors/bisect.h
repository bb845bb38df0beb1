/* conceptdec_i_bisect_f32 and _f64: a value that at least k of n values do not exceed, close to the k-th smallest, by some
 * steps of bisection. Without branches that depend on the data, this is several times as fast as selecting the k-th. */
#ifndef CONCEPTDEC_I_BISECT_H
#define CONCEPTDEC_I_BISECT_H

#include <math.h>
#include <stdint.h>

#define CONCEPTDEC_I_BISECTIONS 11

#define CONCEPTDEC_I_BISECT(name, real)                                                                                \
    static inline real name(const real *values, int64_t n, int64_t k)                                                  \
    {                                                                                                                  \
        real low = (real)INFINITY, high = (real)-INFINITY;                                                             \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            low = values[i] < low ? values[i] : low;                                                                   \
            high = values[i] > high ? values[i] : high;                                                                \
        }                                                                                                              \
        for (int step = 0; step < CONCEPTDEC_I_BISECTIONS; step++) {                                                   \
            real middle = (real)0.5 * low + (real)0.5 * high;                                                          \
            int32_t count = 0;                                                                                         \
            for (int64_t i = 0; i < n; i++)                                                                            \
                count += values[i] <= middle;                                                                          \
            if (count >= k)                                                                                            \
                high = middle;                                                                                         \
            else                                                                                                       \
                low = middle;                                                                                          \
        }                                                                                                              \
        return high;                                                                                                   \
    }

CONCEPTDEC_I_BISECT(conceptdec_i_bisect_f32, float)
CONCEPTDEC_I_BISECT(conceptdec_i_bisect_f64, double)

#endif
