/* Singular values of many small matrices at once, in plain C: the same bits with any BLAS, or none. */
#ifndef CONCEPTDEC_I_SINGULAR_BATCH_H
#define CONCEPTDEC_I_SINGULAR_BATCH_H

#include "core/core.h"

/* Eight matrices of n rows and m columns, or one of 8 n rows, as kernels.h has them for `turn_columns`. Columns become orthogonal
 * (each a left singular vector times its value), with their norms in values (m x 8; is_one: each 8 times), in no order. Elements
 * are finite and at most about 1; columns and rows of zeros do no harm. A value is within a few epsilons of the largest one, and
 * relatively as exact where columns differ in scale alone. NaN everywhere where rotations have not converged, which no matrix is
 * known to bring about. Looks at the cancel flag after each sweep. */
conceptdec_status conceptdec_i_singular_batch(conceptdec_ctx *ctx, double *columns, int64_t m, int64_t n, bool is_one,
                                              double *values);

#endif
