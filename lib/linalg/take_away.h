/* One vector made orthogonal to rows that are so among themselves, one after the other (Gram and Schmidt). */
#ifndef CONCEPTDEC_I_TAKE_AWAY_H
#define CONCEPTDEC_I_TAKE_AWAY_H

#include <stdint.h>

#include "kernels/kernels.h"

/* x loses what lies along `count` rows of length 1; along[i * step] is how much of row i that was, unless it is NULL.
 * Returns the square of what is left. Each row is read once more: where a multiple of one is taken, x meets the
 * next. */
static inline double
conceptdec_i_take_away(const conceptdec_i_kernels *kernels, int64_t n, int64_t count, const double *rows, double *x,
                       double *along, int64_t step)
{
    double product = kernels->dot(count > 0 ? rows : x, x, n);
    for (int64_t i = 0; i < count; i++, rows += n) {
        if (along)
            along[i * step] = product;
        product = kernels->add_multiple(-product, rows, x, i + 1 < count ? rows + n : x, n);
    }
    return product;
}

#endif
