/* What tests of subspaces share: arrays of a list, and how far a span is from another. Beside projection_problems.h. */
#ifndef CONCEPTDEC_SUBSPACE_PROBLEMS_H
#define CONCEPTDEC_SUBSPACE_PROBLEMS_H

#include "projection_problems.h"

static inline conceptdec_array
subspace_array(const conceptdec_subspaces *s, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_subspaces_get(s, name, &array), CONCEPTDEC_OK);
    return array;
}

static inline const double *
subspace_reals(const conceptdec_subspaces *s, const char *name)
{
    const conceptdec_array array = subspace_array(s, name);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    return array.data;
}

static inline const int64_t *
subspace_counts(const conceptdec_subspaces *s, const char *name)
{
    const conceptdec_array array = subspace_array(s, name);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_INT64);
    return array.data;
}

/* Basis of subspace s. */
static inline const double *
subspace_basis(const conceptdec_subspaces *list, int64_t s)
{
    return subspace_reals(list, CONCEPTDEC_S_BASES) +
           subspace_counts(list, CONCEPTDEC_S_START)[s] * subspace_array(list, CONCEPTDEC_S_BASES).shape[1];
}

/* Largest |element| of Q Q' - 1, for r rows of d numbers. */
static inline double
subspace_apart(const double *q, int64_t r, int64_t d)
{
    double worst = 0;
    for (int64_t i = 0; i < r; i++)
        for (int64_t k = 0; k <= i; k++) {
            double sum = -(double)(i == k);
            for (int64_t j = 0; j < d; j++)
                sum += q[i * d + j] * q[k * d + j];
            worst = fmax(worst, fabs(sum));
        }
    return worst;
}

/* The longest rest of a row of `rows` once its share in the span of r orthonormal rows q is taken away. */
static inline double
subspace_distance(const double *rows, int64_t n, const double *q, int64_t r, int64_t d)
{
    double worst = 0, *rest = malloc((size_t)d * sizeof *rest);
    for (int64_t i = 0; i < n; i++) {
        double square = 0;
        memcpy(rest, rows + i * d, (size_t)d * sizeof *rest);
        for (int64_t k = 0; k < r; k++) {
            double along = 0;
            for (int64_t j = 0; j < d; j++)
                along += rows[i * d + j] * q[k * d + j];
            for (int64_t j = 0; j < d; j++)
                rest[j] -= along * q[k * d + j];
        }
        for (int64_t j = 0; j < d; j++)
            square += rest[j] * rest[j];
        worst = fmax(worst, sqrt(square));
    }
    free(rest);
    return worst;
}

static inline conceptdec_matrix
subspace_labels(const int64_t *labels, int64_t n)
{
    return (conceptdec_matrix){
        .data = labels, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static inline conceptdec_subspaces *
subspace_bases(conceptdec_ctx *ctx, const conceptdec_matrix *bases, int64_t n, const conceptdec_matrix *variances,
               const conceptdec_subspaces_options *options)
{
    conceptdec_subspaces *made = NULL;
    conceptdec_status status = conceptdec_subspaces_from_bases(ctx, bases, n, variances, options, &made);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
    return made;
}

static inline conceptdec_subspaces *
subspace_new(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views, const conceptdec_matrix *labels,
             const conceptdec_subspaces_options *options)
{
    conceptdec_subspaces *made = NULL;
    conceptdec_status status = conceptdec_subspaces_new(ctx, views, n_views, labels, options, &made);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
    return made;
}

#endif
