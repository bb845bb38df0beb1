/* Principal components: the object, and a fit on its way to it. */
#ifndef CONCEPTDEC_I_PCA_H
#define CONCEPTDEC_I_PCA_H

#include "linalg/blocks.h"
#include "projection/moments.h"

#define CONCEPTDEC_I_PCA_LARGE ((int64_t)1000) /* lesser side of a large problem */

struct conceptdec_pca {
    conceptdec_i_memory *memory;
    int64_t n, d, r;
    int64_t flags, solver, iterations, converged, n_clamped;
    double total; /* variance of all dimensions */
    double floor; /* variances at or below it are rounding */
    /* r x d, r, r, r, r, r, d, d; one block of memory, which begins with the components */
    double *components, *variance, *ratio, *singular, *residual, *gap, *mean, *scale;
};

/* An object whose numbers are still to be written: n, d, r. */
conceptdec_status conceptdec_i_pca_make(conceptdec_ctx *ctx, int64_t n, int64_t d, int64_t r, conceptdec_pca **pca);
/* What follows from the other numbers: shares of the total variance, singular values. */
void conceptdec_i_pca_derive(conceptdec_pca *pca);

/* A fit. Element (i, j) is z = (x - shift[j]) * factor[j], and C = sum of z z' / (n - 1) has elements of moderate size:
 * it is the covariance (of standardised dimensions, where asked for) divided by unit^2. */
typedef struct conceptdec_i_pca_fit {
    conceptdec_i_arena *arena;
    conceptdec_pca_options options; /* with defaults */
    const conceptdec_matrix *x;     /* opened, and found finite; NULL: moments */
    const conceptdec_moments *moments;
    int64_t n, d, r;
    int32_t solver;
    int32_t alternative; /* that answers where a Krylov space does not converge; CONCEPTDEC_PCA_AUTO: none */
    bool is_formed;      /* the Krylov space is that of the covariance, which is formed first */
    bool is_wide;        /* products in float64 */
    double *shift, *factor;
    double unit;        /* a power of two */
    double *own_factor; /* of each column a power of two that brings its own elements to 1 or less */
    double *squares;    /* of columns about `shift`, where they were found with the means; NULL: still to be found */

    conceptdec_pca *pca; /* components and residuals go here */
    double *values;      /* eigenvalues of C, descending: the first n_values, at least r */
    int64_t n_values;
    double total; /* trace of C */
} conceptdec_i_pca_fit;

/* Options with defaults, checked against n rows of d dimensions, in float64 or not, of the argument `name`. */
conceptdec_status conceptdec_i_pca_options_take(conceptdec_ctx *ctx, const char *name,
                                                const conceptdec_pca_options *given, int64_t n, int64_t d,
                                                bool is_wide, conceptdec_pca_options *options);

/* The solver, by shape, components and memory: ENOMEM where one that was asked for would take more than is allowed. */
conceptdec_status conceptdec_i_pca_choose(conceptdec_i_pca_fit *fit);

/* ---- solvers: values, n_values, total, components, residuals ---- */

/* From C, both halves, which is destroyed: pca_matrix.c. Where r == d it may lie in the place of the components. */
conceptdec_status conceptdec_i_pca_matrix(conceptdec_i_pca_fit *fit, double *c);
/* Place for C. */
conceptdec_status conceptdec_i_pca_place(conceptdec_i_pca_fit *fit, double **c);
conceptdec_status conceptdec_i_pca_covariance(conceptdec_i_pca_fit *fit);
conceptdec_status conceptdec_i_pca_gram(conceptdec_i_pca_fit *fit);
conceptdec_status conceptdec_i_pca_singular(conceptdec_i_pca_fit *fit);
conceptdec_status conceptdec_i_pca_krylov(conceptdec_i_pca_fit *fit, const double *c);
/* The least memory that it takes; of a covariance that is formed, but for the products that it takes. */
double conceptdec_i_pca_krylov_bytes(const conceptdec_i_pca_fit *fit);
/* |C v - value v| / the largest value, by one pass over the rows. */
conceptdec_status conceptdec_i_pca_rows_residual(const conceptdec_i_pca_fit *fit);

/* These become the components: r vectors of d. */
conceptdec_status conceptdec_i_pca_keep(const conceptdec_i_pca_fit *fit, const double *vectors);

conceptdec_i_blocks conceptdec_i_pca_blocks(const conceptdec_i_pca_fit *fit, const double *factor, bool is_wide);
/* Eigenvalues of the n x n matrix, descending, and vectors of the first `count`, one after the other; memory of the
 * arena's. The matrix is destroyed. EOVERFLOW where it is not finite. */
conceptdec_status conceptdec_i_pca_eigen(conceptdec_i_arena *arena, int64_t n, double *c, int64_t count, double *values,
                                         double **vectors);

#endif
