/* Small random problems of probes, and comparisons of their results. */
#ifndef CONCEPTDEC_PROBE_PROBLEMS_H
#define CONCEPTDEC_PROBE_PROBLEMS_H

#include <check.h>
#include <math.h>
#include <string.h>

#include "core/core.h"

enum { N = 60, D = 6, WIDE = 80, CLASSES = 3, KINDS = 5, LARGE = 400, LARGE_D = 40 };

static const double lambda = 0.03;

/* Newton's steps end within the root of the tolerance of the optimum; closed forms are exact but for rounding. */
static inline double
slack_of(int kind)
{
    return kind == CONCEPTDEC_PROBE_LOGISTIC ? 1e-7 : 1e-9;
}

typedef struct problem {
    double x[LARGE * LARGE_D], weights[LARGE];
    int64_t labels[LARGE], train[LARGE], groups[LARGE];
    conceptdec_matrix x_view, label_view, weight_view, train_view, group_view;
    conceptdec_probe_options options;
} problem;

static conceptdec_ctx *ctx;
static problem p, q;

static inline conceptdec_ctx *
context_of(int32_t threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *made = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &made), CONCEPTDEC_OK);
    return made;
}

static inline void
setup(void)
{
    ctx = context_of(2);
}

static inline void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* ---- problems ---- */

static inline conceptdec_matrix
view_of(const void *data, int64_t n, int64_t d, int32_t dtype)
{
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = dtype};
}

static inline void
set_views(problem *a, int64_t n, int64_t d)
{
    a->x_view = view_of(a->x, n, d, CONCEPTDEC_FLOAT64);
    a->weight_view = view_of(a->weights, n, 1, CONCEPTDEC_FLOAT64);
    a->label_view = view_of(a->labels, n, 1, CONCEPTDEC_INT64);
    a->train_view = view_of(a->train, n, 1, CONCEPTDEC_INT64);
    a->group_view = view_of(a->groups, n, 1, CONCEPTDEC_INT64);
    if (a->options.groups)
        a->options.groups = &a->group_view;
    if (a->options.train)
        a->options.train = &a->train_view;
    if (a->options.weights)
        a->options.weights = &a->weight_view;
}

static inline bool
has_lambda(int kind)
{
    return kind == CONCEPTDEC_PROBE_LOGISTIC || kind == CONCEPTDEC_PROBE_RIDGE;
}

/* Classes some way apart in noise; folds by default. */
static inline void
make(problem *a, int kind, int64_t n, int64_t d, int64_t classes)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 7, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)(classes * 1000 + n));
    memset(a, 0, sizeof *a);
    for (int64_t i = 0; i < n; i++) {
        a->labels[i] = (i * i + i / 7) % classes;
        a->train[i] = i % 3 != 1;
        a->groups[i] = i / 4;
        a->weights[i] = 0.5 + conceptdec_i_rng_unit(&rng);
        for (int64_t j = 0; j < d; j++) {
            double centre = (j % classes == a->labels[i] ? 0.8 : 0) + 0.1 * (double)j;
            a->x[i * d + j] = 2 * conceptdec_i_rng_unit(&rng) + centre;
        }
    }
    a->options = (conceptdec_probe_options){.struct_size = sizeof a->options, .kind = kind,
                                             .tolerance = kind == CONCEPTDEC_PROBE_LOGISTIC ? 1e-19 : 0};
    if (has_lambda(kind)) {
        a->options.lambdas = &lambda;
        a->options.n_lambdas = 1;
    }
    set_views(a, n, d);
}

static inline void
split(problem *a)
{
    a->options.protocol = CONCEPTDEC_PROTOCOL_SPLIT;
    a->options.train = &a->train_view;
}

static inline void
copy(problem *to, const problem *from)
{
    *to = *from;
    set_views(to, from->x_view.rows, from->x_view.cols);
}

/* ---- results ---- */

static inline conceptdec_result *
run_in(conceptdec_ctx *in, const problem *a)
{
    conceptdec_result *result = NULL;
    ck_assert_msg(conceptdec_probe(in, &a->x_view, &a->label_view, &a->options, &result) == CONCEPTDEC_OK,
                  "kind %d: %s", a->options.kind, conceptdec_ctx_error(in));
    return result;
}

static inline conceptdec_result *
run(const problem *a)
{
    return run_in(ctx, a);
}

static inline int64_t
size_of(const conceptdec_array *a)
{
    int64_t size = 1;
    for (int i = 0; i < a->ndim; i++)
        size *= a->shape[i];
    return size;
}

static inline const double *
real(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_msg(conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK, "no %s", name);
    return array.data;
}

static inline void
expect_near(double a, double b, double slack, const char *what, int64_t place)
{
    bool is_near = (isnan(a) && isnan(b)) || fabs(a - b) <= slack * (1 + fabs(b));
    ck_assert_msg(is_near, "%s[%lld]: %.12g is not %.12g", what, (long long)place, a, b);
}

static inline void
expect_same_bits(const conceptdec_result *a, const conceptdec_result *b, const char *name)
{
    conceptdec_array x, y;
    ck_assert_msg(conceptdec_result_get(a, name, &x) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(conceptdec_result_get(b, name, &y) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(size_of(&x) == size_of(&y) && memcmp(x.data, y.data, (size_t)size_of(&x) * 8) == 0, "%s differs",
                  name);
}

static inline void
expect_all_same_bits(const conceptdec_result *a, const conceptdec_result *b)
{
    ck_assert_int_eq(conceptdec_result_count(a), conceptdec_result_count(b));
    for (int64_t i = 0; i < conceptdec_result_count(a); i++)
        expect_same_bits(a, b, conceptdec_result_name(a, i));
}

static inline void
expect_array_near(const conceptdec_result *a, const conceptdec_result *b, const char *name, double slack)
{
    conceptdec_array x, y;
    ck_assert_msg(conceptdec_result_get(a, name, &x) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(conceptdec_result_get(b, name, &y) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_int_eq(size_of(&x), size_of(&y));
    for (int64_t i = 0; i < size_of(&x); i++)
        expect_near(((const double *)x.data)[i], ((const double *)y.data)[i], slack, name, i);
}

static inline void
expect_scores_near(const conceptdec_result *a, const conceptdec_result *b, double slack)
{
    static const char *const names[] = {CONCEPTDEC_R_DECISION, CONCEPTDEC_R_ACCURACY, CONCEPTDEC_R_PER_CONCEPT,
                                        CONCEPTDEC_R_LOG_LOSS, CONCEPTDEC_R_CONFUSION};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_array_near(a, b, names[i], slack);
}

static inline void
free_both(conceptdec_result *a, conceptdec_result *b)
{
    conceptdec_result_free(a);
    conceptdec_result_free(b);
}

#endif
