/* Small symmetric eigenproblems in plain C: the same bits with any BLAS, or none. */
#ifndef CONCEPTDEC_I_JACOBI_H
#define CONCEPTDEC_I_JACOBI_H

#include <stdbool.h>
#include <stdint.h>

/* a = sum over k of values[k] v_k v_k', values ascending, v_k in row k of `vectors` (n x n). a (n x n, both halves given, finite)
 * is destroyed. Some 30 n^3 operations; meant for n up to about 100. */
void conceptdec_i_jacobi(int64_t n, double *a, double *values, double *vectors);

#define CONCEPTDEC_I_QL_MOST 96
/* The same by reflections and implicit QL, some 8 n^3 operations, for n up to this; values are true to rounding of the largest
 * one. False: it has not converged, and what is there is of no use. */
bool conceptdec_i_ql(int64_t n, double *a, double *values, double *vectors);
/* The values alone: some 2 n^3 operations. */
bool conceptdec_i_ql_values(int64_t n, double *a, double *values);

#endif
