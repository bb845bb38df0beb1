/* Eigenvectors of the largest eigenvalues of a symmetric matrix, in double or in float. Needs LAPACK. */
#ifndef CONCEPTDEC_I_SPECTRUM_H
#define CONCEPTDEC_I_SPECTRUM_H

#include "core/core.h"

/* Of a, n x n, n >= 1, of doubles or (not is_wide) floats, finite, both halves there: all n values, descending, and as
 * *vectors those of the `count` largest, one after the other, n numbers of the same type each; memory of the arena's.
 * The diagonal of a and what lies above it in row-major memory are destroyed, what lies below is not touched. Floats:
 * residuals, as shares of the largest value, and products of two vectors are below some 2^-24 sqrt(n), half of that in
 * practice. Working memory of about n^2 numbers beside the n^2 of the vectors. The cancel flag is looked at between the
 * steps of LAPACK, of which the longest is about half of the whole. */
conceptdec_status conceptdec_i_spectrum(conceptdec_i_arena *arena, int64_t n, bool is_wide, void *a, int64_t count,
                                        double *values, void **vectors);

#endif
