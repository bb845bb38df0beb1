/* Leading eigenvectors of a symmetric matrix of some hundred rows in plain C: the same bits with any BLAS, and no
 * threads of one that would spin beside those of the context. */
#ifndef CONCEPTDEC_I_LEADING_H
#define CONCEPTDEC_I_LEADING_H

#include <stdbool.h>
#include <stdint.h>

struct conceptdec_i_kernels;

#define CONCEPTDEC_I_LEADING_MOST 320 /* rows, some 30 ms; LAPACK is faster with more */

/* values: all n of them, ascending, true to rounding of the largest magnitude. vectors: count x n, orthonormal, the
 * last row that of the largest value. a (n x n, both halves given, finite) is destroyed; scratch:
 * conceptdec_i_leading_numbers(n). Some 2 n^3 operations. False: it has not converged, and what is there is of no
 * use. */
bool conceptdec_i_leading(const struct conceptdec_i_kernels *kernels, int64_t n, int64_t count, double *a,
                          double *values, double *vectors, double *scratch);
int64_t conceptdec_i_leading_numbers(int64_t n);

#endif
