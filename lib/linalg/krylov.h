/* Leading eigenvectors of a covariance by a block Krylov space: products with the rows, or with a symmetric matrix, are
 * all that is needed of it. Needs LAPACK for small eigenvalue problems. */
#ifndef CONCEPTDEC_I_KRYLOV_H
#define CONCEPTDEC_I_KRYLOV_H

#include "core/core.h"

/* C = sum over rows x of ((x - mean) / scale) ((x - mean) / scale)' / divisor, or a matrix that is at hand. */
typedef struct conceptdec_i_krylov_problem {
    const conceptdec_matrix *rows; /* opened (conceptdec_i_view_open) and finite; NULL: the matrix */
    const int32_t *row;            /* NULL: all of them, else n of them, which may repeat */
    int64_t n;                     /* where `row` is given */
    bool is_wide;                  /* products in float64 whatever the rows are */
    const double *mean;            /* dims; NULL: 0 */
    const double *scale;           /* dims, above 0; NULL: 1 */
    double divisor;                /* above 0 */
    const double *matrix;          /* dims x dims, symmetric, both halves; used as it is: no mean, scale, divisor */
    int64_t stride;                /* of the matrix: elements from a row to the next */
    int64_t dims;
    int64_t components;     /* 1..dims */
    int64_t block;          /* columns of a product; 0: chosen by the number of components */
    int64_t max_iterations; /* products, at least 1; as many more as it takes to have `components` directions at all */
    double tolerance;       /* ends when every residual is at or below it; 0: when all products are made */
    uint64_t seed;          /* of the start */
    int64_t memory; /* bytes of all that is taken but the buffers of lanes; at least conceptdec_i_krylov_bytes() are */
} conceptdec_i_krylov_problem;

/* Memory of the arena's. */
typedef struct conceptdec_i_krylov_answer {
    double *vectors;    /* components x dims, orthonormal; signs are arbitrary, but the same for the same problem */
    double *values;     /* descending; of a covariance not below 0 but for rounding */
    double *residuals;  /* |C v - value v| / the largest value; measured with the last products. 0 where C is 0 */
    int64_t iterations; /* products made */
    bool converged;
} conceptdec_i_krylov_answer;

/* The least that `memory` can be, whatever the lanes are: what two blocks and the components take. */
double conceptdec_i_krylov_bytes(conceptdec_ctx *ctx, const conceptdec_i_krylov_problem *problem);
/* Names no stage of the progress. Rows of float64 are multiplied in float64, narrower ones (unless is_wide) in float32
 * with sums of slabs in float64, and never copied whole. The same bits for any number of threads, but for what LAPACK
 * makes of problems of more than 320 rows. Errors: ENOMEM, EREAD, EOVERFLOW, EUNSUPPORTED, ECANCELLED. */
conceptdec_status conceptdec_i_krylov(conceptdec_i_arena *arena, const conceptdec_i_krylov_problem *problem,
                                      conceptdec_i_krylov_answer *answer);

#endif
