/* Eigenvectors of the largest eigenvalues of a symmetric matrix, in double or in float. Needs LAPACK. */
#ifndef CONCEPTDEC_I_SPECTRUM_H
#define CONCEPTDEC_I_SPECTRUM_H

#include "core/core.h"

/* Of a, n x n, n >= 1, of doubles or (not is_wide) floats, finite, both halves there: all n values, descending, and as
 * *vectors those of the `count` largest, one after the other, n numbers of the same type each; memory of the arena's. The
 * diagonal of a and what row-major memory has above it are destroyed, what is below is not touched. Floats: each vector has a
 * residual and products with the others of some 2^-24 sqrt(n) at most, in practice of a quarter of that. Working memory of
 * about 2 n^2 numbers. Between the steps of LAPACK, of which the longest is half of the whole, the cancel flag is looked at. */
conceptdec_status conceptdec_i_spectrum(conceptdec_i_arena *arena, int64_t n, bool is_wide, void *a, int64_t count,
                                        double *values, void **vectors);

#endif
