/* Rows with labels, and what sums of them should be, added up in the plainest way; for tests of class moments and
 * erasers. */
#ifndef CONCEPTDEC_CLASS_PROBLEMS_H
#define CONCEPTDEC_CLASS_PROBLEMS_H

#include "projection_problems.h"

typedef struct class_problem {
    int64_t n, d, classes;
    double *x;
    int64_t *labels;
} class_problem;

/* Rows about the means of their classes, all of it moved by `offset`; every seventh row without a label, and the last
 * class (of more than two) without rows. */
static inline class_problem
class_problem_make(int64_t n, int64_t d, int64_t classes, double offset)
{
    class_problem p = {.n = n, .d = d, .classes = classes};
    int64_t used = classes > 2 ? classes - 1 : classes;
    p.x = malloc((size_t)(n * d) * sizeof *p.x);
    p.labels = malloc((size_t)n * sizeof *p.labels);
    projection_state = (uint64_t)(n * 31 + d * 7 + classes);
    for (int64_t i = 0; i < n; i++) {
        p.labels[i] = i % 7 == 6 ? -1 : (int64_t)((projection_uniform() + 0.5) * (double)used);
        for (int64_t j = 0; j < d; j++)
            p.x[i * d + j] = offset + projection_uniform() * (double)(1 + j % 3) +
                             0.3 * (double)((p.labels[i] * (j + 2) + j) % 5) +
                             (j > 0 ? 0.5 * (p.x[i * d + j - 1] - offset) : 0);
    }
    return p;
}

static inline void
class_problem_free(class_problem *p)
{
    free(p->x);
    free(p->labels);
}

static inline conceptdec_matrix
class_rows(const class_problem *p, int64_t first, int64_t count)
{
    return projection_view(p->x + first * p->d, count, p->d);
}

static inline conceptdec_matrix
class_labels(const class_problem *p, int64_t first, int64_t count)
{
    return (conceptdec_matrix){.data = p->labels + first,
                               .rows = count,
                               .cols = 1,
                               .row_stride = 8,
                               .col_stride = 8,
                               .dtype = CONCEPTDEC_INT64};
}

static inline conceptdec_class_moments *
class_moments_new(conceptdec_ctx *ctx, const class_problem *p, uint32_t flags)
{
    conceptdec_class_moments *m;
    ck_assert_int_eq(conceptdec_class_moments_new(ctx, p->d, p->classes, flags, &m), CONCEPTDEC_OK);
    return m;
}

static inline void
class_add(conceptdec_ctx *ctx, conceptdec_class_moments *m, const class_problem *p, int64_t first, int64_t count)
{
    conceptdec_matrix x = class_rows(p, first, count), labels = class_labels(p, first, count);
    if (count > 0)
        ck_assert_msg(conceptdec_class_moments_add(ctx, m, &x, &labels) == CONCEPTDEC_OK, "%s",
                      conceptdec_ctx_error(ctx));
}

static inline conceptdec_class_moments *
class_moments(conceptdec_ctx *ctx, const class_problem *p, uint32_t flags)
{
    conceptdec_class_moments *m = class_moments_new(ctx, p, flags);
    class_add(ctx, m, p, 0, p->n);
    return m;
}

static inline conceptdec_array
class_array(conceptdec_class_moments *m, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_class_moments_get(m, name, &array), CONCEPTDEC_OK);
    return array;
}

static inline const double *
class_get(conceptdec_class_moments *m, const char *name)
{
    conceptdec_array array = class_array(m, name);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    return array.data;
}

/* ---- plain sums, in long double, counted from the first row ---- */

typedef struct class_sums {
    int64_t *count;     /* classes */
    double *means;      /* classes x d, counted from the first row */
    double *mean;       /* d, counted from there, too */
    double *scatter;    /* classes x d x d */
    double *within;     /* d x d, divided by n */
    double *covariance; /* d x d, divided by n - 1 */
    int64_t n;
} class_sums;

static inline void
class_sums_add(const class_problem *p, const class_sums *s, int64_t j, int64_t k)
{
    long double within = 0, all = 0;
    for (int64_t c = 0; c < p->classes; c++) {
        long double own = 0;
        for (int64_t r = 0; r < p->n; r++) {
            long double a = (long double)p->x[r * p->d + j] - (long double)p->x[j];
            long double b = (long double)p->x[r * p->d + k] - (long double)p->x[k];
            if (p->labels[r] != c)
                continue;
            own += (a - (long double)s->means[c * p->d + j]) * (b - (long double)s->means[c * p->d + k]);
            all += (a - (long double)s->mean[j]) * (b - (long double)s->mean[k]);
        }
        s->scatter[(c * p->d + j) * p->d + k] = (double)own;
        within += own;
    }
    s->within[j * p->d + k] = (double)(within / (long double)s->n);
    s->covariance[j * p->d + k] = (double)(all / (long double)(s->n - 1));
}

static inline class_sums
class_sums_make(const class_problem *p)
{
    const size_t square = (size_t)(p->d * p->d);
    class_sums s = {.count = calloc((size_t)p->classes, sizeof *s.count),
                    .means = calloc((size_t)(p->classes * p->d), sizeof *s.means),
                    .mean = calloc((size_t)p->d, sizeof *s.mean),
                    .scatter = calloc((size_t)p->classes * square, sizeof *s.scatter),
                    .within = calloc(square, sizeof *s.within),
                    .covariance = calloc(square, sizeof *s.covariance)};
    for (int64_t i = 0; i < p->n; i++)
        if (p->labels[i] >= 0) {
            s.count[p->labels[i]]++;
            s.n++;
        }
    for (int64_t j = 0; j < p->d; j++) {
        long double all = 0;
        for (int64_t c = 0; c < p->classes; c++) {
            long double own = 0;
            for (int64_t i = 0; i < p->n; i++)
                own += p->labels[i] == c ? (long double)p->x[i * p->d + j] - (long double)p->x[j] : 0;
            all += own;
            s.means[c * p->d + j] = s.count[c] > 0 ? (double)(own / (long double)s.count[c]) : 0;
        }
        s.mean[j] = (double)(all / (long double)s.n);
    }
    for (int64_t j = 0; j < p->d; j++)
        for (int64_t k = 0; k < p->d; k++)
            class_sums_add(p, &s, j, k);
    return s;
}

static inline void
class_sums_free(class_sums *s)
{
    free(s->count);
    free(s->means);
    free(s->mean);
    free(s->scatter);
    free(s->within);
    free(s->covariance);
}

/* The largest difference, as a share of the root of the product of the two diagonal elements. */
static inline double
class_matrix_error(const double *a, const double *b, int64_t d)
{
    double largest = 0;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            double size = sqrt(b[i * d + i] * b[j * d + j]), error = fabs(a[i * d + j] - b[i * d + j]);
            largest = fmax(largest, size > 0 ? error / size : error);
        }
    return largest;
}

#endif
