/* Small symmetric eigenproblems in plain C: the same bits with any BLAS, or none. */
#ifndef CONCEPTDEC_I_JACOBI_H
#define CONCEPTDEC_I_JACOBI_H

#include <stdint.h>

/* a = sum over k of values[k] v_k v_k', values ascending, v_k in row k of `vectors` (n x n). a (n x n, both halves
 * given, finite) is destroyed. Some 30 n^3 operations; meant for n up to about 100. */
void conceptdec_i_jacobi(int64_t n, double *a, double *values, double *vectors);

#endif
