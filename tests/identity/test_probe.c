/* The same probe asked for in two ways: what does not matter does not change it. */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"

enum { N = 60, D = 6, WIDE = 80, CLASSES = 3, KINDS = 5, LARGE = 400, LARGE_D = 40 };

static const double lambda = 0.03;

/* Newton's steps end within the root of the tolerance of the optimum; closed forms are exact but for rounding. */
static double
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

static conceptdec_ctx *
context_of(int32_t threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *made = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &made), CONCEPTDEC_OK);
    return made;
}

static void
setup(void)
{
    ctx = context_of(2);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* ---- problems ---- */

static conceptdec_matrix
view_of(const void *data, int64_t n, int64_t d, int32_t dtype)
{
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = dtype};
}

static void
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

static bool
has_lambda(int kind)
{
    return kind == CONCEPTDEC_PROBE_LOGISTIC || kind == CONCEPTDEC_PROBE_RIDGE;
}

/* Classes some way apart in noise; folds by default. */
static void
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

static void
split(problem *a)
{
    a->options.protocol = CONCEPTDEC_PROTOCOL_SPLIT;
    a->options.train = &a->train_view;
}

static void
copy(problem *to, const problem *from)
{
    *to = *from;
    set_views(to, from->x_view.rows, from->x_view.cols);
}

/* ---- results ---- */

static conceptdec_result *
run_in(conceptdec_ctx *in, const problem *a)
{
    conceptdec_result *result = NULL;
    ck_assert_msg(conceptdec_probe(in, &a->x_view, &a->label_view, &a->options, &result) == CONCEPTDEC_OK,
                  "kind %d: %s", a->options.kind, conceptdec_ctx_error(in));
    return result;
}

static conceptdec_result *
run(const problem *a)
{
    return run_in(ctx, a);
}

static int64_t
size_of(const conceptdec_array *a)
{
    int64_t size = 1;
    for (int i = 0; i < a->ndim; i++)
        size *= a->shape[i];
    return size;
}

static const double *
real(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_msg(conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK, "no %s", name);
    return array.data;
}

static void
expect_near(double a, double b, double slack, const char *what, int64_t place)
{
    bool is_near = (isnan(a) && isnan(b)) || fabs(a - b) <= slack * (1 + fabs(b));
    ck_assert_msg(is_near, "%s[%lld]: %.12g is not %.12g", what, (long long)place, a, b);
}

static void
expect_same_bits(const conceptdec_result *a, const conceptdec_result *b, const char *name)
{
    conceptdec_array x, y;
    ck_assert_msg(conceptdec_result_get(a, name, &x) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(conceptdec_result_get(b, name, &y) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(size_of(&x) == size_of(&y) && memcmp(x.data, y.data, (size_t)size_of(&x) * 8) == 0, "%s differs",
                  name);
}

static void
expect_all_same_bits(const conceptdec_result *a, const conceptdec_result *b)
{
    ck_assert_int_eq(conceptdec_result_count(a), conceptdec_result_count(b));
    for (int64_t i = 0; i < conceptdec_result_count(a); i++)
        expect_same_bits(a, b, conceptdec_result_name(a, i));
}

static void
expect_array_near(const conceptdec_result *a, const conceptdec_result *b, const char *name, double slack)
{
    conceptdec_array x, y;
    ck_assert_msg(conceptdec_result_get(a, name, &x) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_msg(conceptdec_result_get(b, name, &y) == CONCEPTDEC_OK, "no %s", name);
    ck_assert_int_eq(size_of(&x), size_of(&y));
    for (int64_t i = 0; i < size_of(&x); i++)
        expect_near(((const double *)x.data)[i], ((const double *)y.data)[i], slack, name, i);
}

static void
expect_scores_near(const conceptdec_result *a, const conceptdec_result *b, double slack)
{
    static const char *const names[] = {CONCEPTDEC_R_DECISION, CONCEPTDEC_R_ACCURACY, CONCEPTDEC_R_PER_CONCEPT,
                                        CONCEPTDEC_R_LOG_LOSS, CONCEPTDEC_R_CONFUSION};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_array_near(a, b, names[i], slack);
}

static void
free_both(conceptdec_result *a, conceptdec_result *b)
{
    conceptdec_result_free(a);
    conceptdec_result_free(b);
}

/* ---- labels and rows ---- */

START_TEST(classes_with_other_numbers)
{
    static const int64_t other[] = {2, 0, 1};
    double slack = slack_of(_i);
    make(&p, _i, N, D, CLASSES);
    copy(&q, &p);
    for (int i = 0; i < N; i++)
        q.labels[i] = other[p.labels[i]];
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_same_bits(a, b, CONCEPTDEC_R_FOLD);
    expect_array_near(a, b, CONCEPTDEC_R_ACCURACY, 1e-14);
    expect_array_near(a, b, CONCEPTDEC_R_LOG_LOSS, slack);
    for (int c = 0; c < CLASSES; c++) {
        expect_near(real(b, CONCEPTDEC_R_PER_CONCEPT)[other[c]], real(a, CONCEPTDEC_R_PER_CONCEPT)[c], 1e-14,
                    "recall", c);
        expect_near(real(b, CONCEPTDEC_R_BIAS)[other[c]], real(a, CONCEPTDEC_R_BIAS)[c], slack, "bias", c);
        for (int i = 0; i < N; i++)
            expect_near(real(b, CONCEPTDEC_R_DECISION)[i * CLASSES + other[c]],
                        real(a, CONCEPTDEC_R_DECISION)[i * CLASSES + c], slack, "decision", i);
    }
    free_both(a, b);
}
END_TEST

START_TEST(two_classes_swapped)
{
    double slack = slack_of(_i);
    make(&p, _i, N, D, 2);
    copy(&q, &p);
    for (int i = 0; i < N; i++)
        q.labels[i] = 1 - p.labels[i];
    conceptdec_result *a = run(&p), *b = run(&q);
    for (int i = 0; i < N; i++)
        expect_near(real(b, CONCEPTDEC_R_DECISION)[i], -real(a, CONCEPTDEC_R_DECISION)[i], slack, "decision", i);
    for (int j = 0; j < D; j++)
        expect_near(real(b, CONCEPTDEC_R_WEIGHTS)[j], -real(a, CONCEPTDEC_R_WEIGHTS)[j], slack, "weight", j);
    expect_near(real(b, CONCEPTDEC_R_BIAS)[0], -real(a, CONCEPTDEC_R_BIAS)[0], slack, "bias", 0);
    expect_array_near(a, b, CONCEPTDEC_R_ACCURACY, 1e-14);
    free_both(a, b);
}
END_TEST

static void
move_row(const problem *from, int64_t row, problem *to, int64_t place)
{
    int64_t d = from->x_view.cols;
    memcpy(to->x + place * d, from->x + row * d, (size_t)d * sizeof *to->x);
    to->labels[place] = from->labels[row];
    to->train[place] = from->train[row];
    to->groups[place] = from->groups[row];
    to->weights[place] = from->weights[row];
}

/* With the caller's split, and with the caller's groups left out. */
START_TEST(rows_in_another_order)
{
    int kind = _i / 2;
    int32_t order[N];
    conceptdec_i_rng rng;
    make(&p, kind, N, D, CLASSES);
    p.options.weights = &p.weight_view;
    split(&p);
    if (_i % 2) {
        p.options.protocol = CONCEPTDEC_PROTOCOL_GROUP;
        p.options.train = NULL;
        p.options.groups = &p.group_view;
    }
    copy(&q, &p);
    conceptdec_i_rng_start(&rng, 77, CONCEPTDEC_I_RNG_SAMPLE, 0);
    for (int32_t i = 0; i < N; i++)
        order[i] = i;
    conceptdec_i_rng_shuffle(&rng, order, N);
    for (int64_t i = 0; i < N; i++)
        move_row(&p, order[i], &q, i);
    conceptdec_result *a = run(&p), *b = run(&q);
    for (int64_t i = 0; i < N * CLASSES; i++)
        expect_near(real(b, CONCEPTDEC_R_DECISION)[i],
                    real(a, CONCEPTDEC_R_DECISION)[order[i / CLASSES] * CLASSES + i % CLASSES], slack_of(kind),
                    "decision", i);
    expect_array_near(a, b, CONCEPTDEC_R_ACCURACY, 1e-14);
    expect_array_near(a, b, CONCEPTDEC_R_LOG_LOSS, slack_of(kind));
    free_both(a, b);
}
END_TEST

static void
fix_covariance(problem *a, double shrinkage)
{
    if (a->options.kind != CONCEPTDEC_PROBE_LDA)
        return;
    a->options.covariance = CONCEPTDEC_COVARIANCE_FIXED;
    a->options.shrinkage = shrinkage;
}

/* Ledoit and Wolf count rows, so that this holds for other covariances only. */
START_TEST(rows_twice_are_weights_of_two)
{
    int64_t n = N;
    make(&p, _i, N, D, CLASSES);
    split(&p);
    fix_covariance(&p, 0.2);
    copy(&q, &p);
    p.options.weights = &p.weight_view;
    for (int64_t i = 0; i < N; i++) {
        p.weights[i] = i % 2 ? 2 : 1;
        if (i % 2 && p.train[i])
            move_row(&p, i, &q, n++);
    }
    set_views(&q, n, D);
    conceptdec_result *a = run(&p), *b = run(&q);
    for (int64_t i = 0; i < N * CLASSES; i++)
        expect_near(real(b, CONCEPTDEC_R_DECISION)[i], real(a, CONCEPTDEC_R_DECISION)[i], slack_of(_i), "decision", i);
    expect_array_near(a, b, CONCEPTDEC_R_ACCURACY, 1e-14);
    expect_array_near(a, b, CONCEPTDEC_R_LOG_LOSS, slack_of(_i));
    expect_array_near(a, b, CONCEPTDEC_R_WEIGHTS, slack_of(_i));
    free_both(a, b);
}
END_TEST

/* Weights of one size weigh nothing; balanced classes are weights. */
START_TEST(balance_is_weights)
{
    int64_t count[CLASSES] = {0};
    make(&p, _i, N, D, CLASSES);
    split(&p);
    fix_covariance(&p, 0.2);
    copy(&q, &p);
    p.options.flags = CONCEPTDEC_PROBE_BALANCED;
    q.options.weights = &q.weight_view;
    for (int64_t i = 0; i < N; i++)
        count[p.labels[i]] += p.train[i];
    for (int64_t i = 0; i < N; i++)
        q.weights[i] = 5 / (double)count[q.labels[i]];
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_scores_near(a, b, slack_of(_i));
    free_both(a, b);
}
END_TEST

START_TEST(rows_without_label_play_no_part)
{
    make(&p, _i, N, D, CLASSES);
    split(&p);
    copy(&q, &p);
    for (int64_t i = 0; i < 9; i++) {
        q.labels[N + i] = -1;
        q.train[N + i] = i % 2;
        for (int64_t j = 0; j < D; j++)
            q.x[(N + i) * D + j] = 5.0 * (double)(i + j);
    }
    set_views(&q, N + 9, D);
    conceptdec_result *a = run(&p), *b = run(&q);
    for (int64_t i = 0; i < N * CLASSES; i++)
        expect_near(real(b, CONCEPTDEC_R_DECISION)[i], real(a, CONCEPTDEC_R_DECISION)[i], slack_of(_i), "decision", i);
    for (int64_t i = N * CLASSES; i < (N + 9) * CLASSES; i++)
        ck_assert(isnan(real(b, CONCEPTDEC_R_DECISION)[i]));
    expect_array_near(a, b, CONCEPTDEC_R_ACCURACY, 0);
    expect_array_near(a, b, CONCEPTDEC_R_WEIGHTS, slack_of(_i));
    free_both(a, b);
}
END_TEST

/* ---- coordinates ---- */

/* Rotates the rows by reflections of Householder's. */
static void
rotate(problem *a)
{
    int64_t n = a->x_view.rows, d = a->x_view.cols;
    for (int round = 1; round <= 2; round++) {
        double normal[WIDE], length = 0;
        for (int64_t j = 0; j < d; j++) {
            normal[j] = sin((double)(round * (j + 1)));
            length += normal[j] * normal[j];
        }
        for (int64_t i = 0; i < n; i++) {
            double along = 0;
            for (int64_t j = 0; j < d; j++)
                along += a->x[i * d + j] * normal[j];
            for (int64_t j = 0; j < d; j++)
                a->x[i * d + j] -= 2 * along / length * normal[j];
        }
    }
}

START_TEST(rotated)
{
    int64_t d = _i % 2 ? WIDE : D;
    int kind = _i / 2;
    make(&p, kind, N / 2, d, CLASSES);
    p.options.folds = 3;
    copy(&q, &p);
    rotate(&q);
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_scores_near(a, b, 10 * slack_of(kind));
    expect_array_near(a, b, CONCEPTDEC_R_BIAS, 10 * slack_of(kind));
    free_both(a, b);
}
END_TEST

START_TEST(shifted)
{
    make(&p, _i, N, D, CLASSES);
    copy(&q, &p);
    for (int64_t i = 0; i < N * D; i++)
        q.x[i] += 16 * (double)(i % D);
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_scores_near(a, b, 10 * slack_of(_i));
    expect_array_near(a, b, CONCEPTDEC_R_WEIGHTS, 10 * slack_of(_i));
    free_both(a, b);
}
END_TEST

/* x four times as large: a penalty of 16 times leaves the same values, discriminants do not care, and values of means
 * are squares. */
START_TEST(scaled)
{
    const double larger = 16 * lambda;
    double factor = has_lambda(_i) || _i == CONCEPTDEC_PROBE_LDA ? 1 : 16;
    make(&p, _i, N, D, CLASSES);
    copy(&q, &p);
    for (int64_t i = 0; i < N * D; i++)
        q.x[i] *= 4;
    if (has_lambda(_i))
        q.options.lambdas = &larger;
    conceptdec_result *a = run(&p), *b = run(&q);
    for (int64_t i = 0; i < N * CLASSES; i++)
        expect_near(real(b, CONCEPTDEC_R_DECISION)[i], factor * real(a, CONCEPTDEC_R_DECISION)[i], slack_of(_i),
                    "decision", i);
    for (int64_t i = 0; i < CLASSES * D; i++)
        expect_near(real(b, CONCEPTDEC_R_WEIGHTS)[i], factor / 4 * real(a, CONCEPTDEC_R_WEIGHTS)[i], slack_of(_i),
                    "weight", i);
    expect_array_near(a, b, CONCEPTDEC_R_ACCURACY, 1e-14);
    free_both(a, b);
}
END_TEST

/* Standardised rows are rows of the caller's that have been standardised. */
START_TEST(standardized)
{
    make(&p, _i, N, D, CLASSES);
    for (int64_t i = 0; i < N * D; i++)
        p.x[i] *= (double)(1 + i % D);
    copy(&q, &p);
    p.options.standardize = CONCEPTDEC_STANDARDIZE_GLOBAL;
    for (int64_t j = 0; j < D; j++) {
        double mean = 0, square = 0;
        for (int64_t i = 0; i < N; i++)
            mean += p.x[i * D + j] / N;
        for (int64_t i = 0; i < N; i++)
            square += (p.x[i * D + j] - mean) * (p.x[i * D + j] - mean) / N;
        for (int64_t i = 0; i < N; i++)
            q.x[i * D + j] = (p.x[i * D + j] - mean) / sqrt(square);
    }
    conceptdec_result *a = run(&p), *b = run(&q);
    expect_scores_near(a, b, slack_of(_i));
    for (int64_t i = 0; i < N; i++) /* weights are along x itself */
        for (int64_t k = 0; k < CLASSES; k++) {
            double here = real(a, CONCEPTDEC_R_BIAS)[k], there = real(b, CONCEPTDEC_R_BIAS)[k];
            for (int64_t j = 0; j < D; j++) {
                here += real(a, CONCEPTDEC_R_WEIGHTS)[k * D + j] * p.x[i * D + j];
                there += real(b, CONCEPTDEC_R_WEIGHTS)[k * D + j] * q.x[i * D + j];
            }
            expect_near(here, there, 10 * slack_of(_i), "value", i);
        }
    free_both(a, b);
}
END_TEST

/* More dimensions than rows, most of them 0: another way to the same fit. Shrinkage counts dimensions: not for LDA. */
START_TEST(columns_of_zeroes)
{
    if (_i == CONCEPTDEC_PROBE_LDA)
        return;
    make(&p, _i, N, D, CLASSES);
    copy(&q, &p);
    set_views(&q, N, WIDE);
    for (int64_t i = N - 1; i >= 0; i--)
        for (int64_t j = WIDE - 1; j >= 0; j--)
            q.x[i * WIDE + j] = j % 10 == 3 && j / 10 < D ? p.x[i * D + j / 10] : 0;
    conceptdec_result *a = run(&p), *b = run(&q); /* posteriors of means count dimensions: no log loss */
    expect_array_near(a, b, CONCEPTDEC_R_DECISION, 10 * slack_of(_i));
    expect_array_near(a, b, CONCEPTDEC_R_ACCURACY, 1e-14);
    for (int64_t k = 0; k < CLASSES; k++)
        for (int64_t j = 0; j < WIDE; j++) {
            bool is_used = j % 10 == 3 && j / 10 < D;
            expect_near(real(b, CONCEPTDEC_R_WEIGHTS)[k * WIDE + j],
                        is_used ? real(a, CONCEPTDEC_R_WEIGHTS)[k * D + j / 10] : 0, 10 * slack_of(_i), "weight", j);
        }
    free_both(a, b);
}
END_TEST

/* ---- protocols ---- */

/* What is left out by formula leaves the shares of the other rows in the mean loss as they are with all rows: the same
 * as weights of one's own, and a penalty that is as much larger as the part is lighter. */
static void
keep_shares(problem *a)
{
    double of_class[CLASSES] = {0}, total = 0;
    int64_t classes = a->options.classes ? a->options.classes : CLASSES;
    for (int64_t i = 0; i < N; i++) {
        a->weights[i] = a->options.weights ? a->weights[i] : 1;
        of_class[a->labels[i]] += a->weights[i];
        total += a->weights[i];
    }
    for (int64_t i = 0; i < N && (a->options.flags & CONCEPTDEC_PROBE_BALANCED); i++)
        a->weights[i] *= total / ((double)classes * of_class[a->labels[i]]);
    a->options.weights = &a->weight_view;
    a->options.flags &= ~CONCEPTDEC_PROBE_BALANCED;
}

static double
penalty_of_part(const problem *a)
{
    double total = 0, left = 0;
    for (int64_t i = 0; i < N; i++) {
        total += a->weights[i];
        left += a->train[i] ? a->weights[i] : 0;
    }
    return lambda * total / left;
}

/* Every part of a result is what a split of the same rows gives. */
static void
expect_parts(const conceptdec_result *all, const int64_t *part, int64_t n_parts, bool by_formula, double slack)
{
    int64_t columns = p.options.classes == 2 ? 1 : CLASSES;
    double penalty;
    copy(&q, &p);
    q.options.groups = NULL;
    q.options.given = 0;
    split(&q);
    if (by_formula)
        keep_shares(&q);
    for (int64_t f = 0; f < n_parts; f++) {
        for (int64_t i = 0; i < N; i++)
            q.train[i] = part[i] != f;
        penalty = by_formula ? penalty_of_part(&q) : lambda;
        q.options.lambdas = q.options.lambdas ? &penalty : NULL;
        conceptdec_result *one = run(&q);
        for (int64_t i = 0; i < N * columns; i++)
            if (part[i / columns] == f)
                expect_near(real(all, CONCEPTDEC_R_DECISION)[i], real(one, CONCEPTDEC_R_DECISION)[i], slack,
                            "decision", i);
        if (n_parts < N)
            expect_near(real(all, CONCEPTDEC_R_PER_FOLD)[f], real(one, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", f);
        conceptdec_result_free(one);
    }
}

START_TEST(folds_are_splits)
{
    int kind = _i / 3;
    conceptdec_array fold;
    make(&p, kind, N, _i % 3 == 1 ? WIDE : D, CLASSES);
    p.options.weights = &p.weight_view;
    if (_i % 3 == 2) {
        p.options.standardize = CONCEPTDEC_STANDARDIZE_FOLD;
        p.options.flags = CONCEPTDEC_PROBE_BALANCED;
    }
    conceptdec_result *all = run(&p);
    ck_assert_int_eq(conceptdec_result_get(all, CONCEPTDEC_R_FOLD, &fold), CONCEPTDEC_OK);
    expect_parts(all, fold.data, 5, false, 10 * slack_of(kind));
    conceptdec_result_free(all);
}
END_TEST

START_TEST(groups_are_splits)
{
    int kind = _i / 3;
    make(&p, kind, N, _i % 3 == 1 ? WIDE : D, CLASSES);
    p.options.protocol = CONCEPTDEC_PROTOCOL_GROUP;
    p.options.groups = &p.group_view;
    p.options.weights = &p.weight_view;
    p.options.flags = _i % 3 == 2 ? CONCEPTDEC_PROBE_BALANCED : 0;
    conceptdec_result *all = run(&p);
    expect_parts(all, p.groups, N / 4, kind != CONCEPTDEC_PROBE_LOGISTIC && kind != CONCEPTDEC_PROBE_LDA,
                 10 * slack_of(kind));
    conceptdec_result_free(all);
}
END_TEST

/* One row left out by formula is one row left out. */
START_TEST(one_out_is_a_split)
{
    static const int kinds[] = {CONCEPTDEC_PROBE_RIDGE, CONCEPTDEC_PROBE_MEAN_DIFFERENCE,
                                CONCEPTDEC_PROBE_NEAREST_MEAN};
    int64_t part[N];
    int kind = kinds[_i / 4];
    make(&p, kind, N, _i % 4 == 1 ? WIDE : D, _i % 4 == 3 ? 2 : CLASSES);
    p.options.classes = _i % 4 == 3 ? 2 : CLASSES;
    p.options.given = (uint64_t)1 << 18; /* protocol, which is 0 */
    p.options.weights = _i % 4 == 3 ? NULL : &p.weight_view;
    p.options.flags = _i % 4 == 2 ? CONCEPTDEC_PROBE_BALANCED : 0;
    for (int64_t i = 0; i < N; i++)
        part[i] = i;
    conceptdec_result *all = run(&p);
    expect_parts(all, part, N, true, 1e-8);
    conceptdec_result_free(all);
}
END_TEST

START_TEST(fit_is_resubstitution)
{
    conceptdec_probe_model *model = NULL;
    conceptdec_result *b = NULL;
    make(&p, _i, N, D, CLASSES);
    p.options.weights = &p.weight_view;
    ck_assert_int_eq(conceptdec_probe_model_new(ctx, &p.x_view, &p.label_view, &p.options, &model), CONCEPTDEC_OK);
    p.options.protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    conceptdec_result *a = run(&p);
    ck_assert_int_eq(conceptdec_probe_model_predict(ctx, model, &p.x_view, &b), CONCEPTDEC_OK);
    expect_array_near(a, b, CONCEPTDEC_R_DECISION, 1e-9);
    if (_i != CONCEPTDEC_PROBE_RIDGE)
        expect_array_near(a, b, CONCEPTDEC_R_POSTERIOR, 1e-9);
    expect_same_bits(a, b, CONCEPTDEC_R_PREDICTED);
    conceptdec_result_free(b);
    ck_assert_int_eq(conceptdec_probe_model_score(ctx, model, &p.x_view, &p.label_view, &b), CONCEPTDEC_OK);
    static const char *const names[] = {CONCEPTDEC_R_ACCURACY, CONCEPTDEC_R_BALANCED, CONCEPTDEC_R_MACRO_F1,
                                        CONCEPTDEC_R_LOG_LOSS, CONCEPTDEC_R_AUROC,    CONCEPTDEC_R_AVERAGE_PRECISION,
                                        CONCEPTDEC_R_CONFUSION, CONCEPTDEC_R_CALIBRATION_ERROR,
                                        CONCEPTDEC_R_PER_CONCEPT};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_array_near(a, b, names[i], 1e-9);
    free_both(a, b);
    conceptdec_probe_model_free(model);
}
END_TEST

/* ---- many at once ---- */

START_TEST(lambdas_one_by_one)
{
    static const double lambdas[] = {1, 0.01, 0.2, 0.003};
    make(&p, _i, N, D, CLASSES);
    p.options.lambdas = lambdas;
    p.options.n_lambdas = 4;
    conceptdec_result *all = run(&p);
    for (int a = 0; a < 4; a++) {
        p.options.lambdas = &lambdas[a];
        p.options.n_lambdas = 1;
        conceptdec_result *one = run(&p);
        for (int64_t i = 0; i < N * CLASSES; i++)
            expect_near(real(all, CONCEPTDEC_R_DECISION)[a * N * CLASSES + i], real(one, CONCEPTDEC_R_DECISION)[i],
                        10 * slack_of(_i), "decision", i);
        expect_near(real(all, CONCEPTDEC_R_ACCURACY)[a], real(one, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", a);
        conceptdec_result_free(one);
    }
    conceptdec_result_free(all);
}
END_TEST

START_TEST(label_sets_one_by_one)
{
    int64_t both[N * 2];
    make(&p, _i, N, D, CLASSES);
    copy(&q, &p);
    for (int64_t i = 0; i < N; i++) {
        q.labels[i] = i % 11 == 4 ? -1 : (i / 2) % CLASSES;
        both[2 * i] = p.labels[i];
        both[2 * i + 1] = q.labels[i];
    }
    conceptdec_result *a = run(&p), *b = run(&q);
    p.label_view = view_of(both, N, 2, CONCEPTDEC_INT64);
    conceptdec_result *all = run(&p);
    for (int64_t i = 0; i < 2 * N * CLASSES; i++)
        expect_near(real(all, CONCEPTDEC_R_DECISION)[i],
                    i < N * CLASSES ? real(a, CONCEPTDEC_R_DECISION)[i]
                                    : real(b, CONCEPTDEC_R_DECISION)[i - N * CLASSES],
                    10 * slack_of(_i), "decision", i);
    expect_near(real(all, CONCEPTDEC_R_ACCURACY)[0], real(a, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", 0);
    expect_near(real(all, CONCEPTDEC_R_ACCURACY)[1], real(b, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", 1);
    conceptdec_result_free(all);
    free_both(a, b);
}
END_TEST

/* Ridge on two classes is the regression of -1 and 1. */
START_TEST(ridge_is_regression)
{
    static double targets[N];
    conceptdec_matrix view = view_of(targets, N, 1, CONCEPTDEC_FLOAT64);
    conceptdec_result *b = NULL;
    make(&p, CONCEPTDEC_PROBE_RIDGE, N, _i % 2 ? WIDE : D, 2);
    p.options.weights = &p.weight_view;
    if (_i / 2 == 0)
        split(&p);
    else
        p.options.given = (uint64_t)1 << 18;
    for (int64_t i = 0; i < N; i++)
        targets[i] = p.labels[i] ? 1 : -1;
    conceptdec_result *a = run(&p);
    p.options.kind = 0;
    ck_assert_int_eq(conceptdec_probe_regression(ctx, &p.x_view, &view, &p.options, &b), CONCEPTDEC_OK);
    expect_array_near(a, b, CONCEPTDEC_R_DECISION, 1e-10);
    expect_array_near(a, b, CONCEPTDEC_R_WEIGHTS, 1e-10);
    expect_array_near(a, b, CONCEPTDEC_R_BIAS, 1e-10);
    free_both(a, b);
}
END_TEST

/* ---- the same bits ---- */

START_TEST(threads)
{
    static const int32_t counts[] = {2, 3, 5, 16};
    int kind = _i / 3;
    conceptdec_ctx *one = context_of(1);
    make(&p, kind, LARGE, _i % 3 == 1 ? LARGE_D : D, CLASSES);
    p.options.permutations = 20;
    p.options.bootstrap = 20;
    p.options.groups = &p.group_view;
    p.options.flags = kind == CONCEPTDEC_PROBE_RIDGE ? 0 : CONCEPTDEC_PROBE_MDL;
    if (_i % 3 == 2)
        p.options.protocol = CONCEPTDEC_PROTOCOL_GROUP;
    conceptdec_result *expected = run_in(one, &p);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        conceptdec_ctx *many = context_of(counts[i]);
        conceptdec_result *got = run_in(many, &p);
        expect_all_same_bits(expected, got);
        conceptdec_result_free(got);
        conceptdec_ctx_free(many);
    }
    conceptdec_result_free(expected);
    conceptdec_ctx_free(one);
}
END_TEST

/* More rows than dimensions or fewer; packed by columns; every second element; rows, columns backwards; misaligned. */
START_TEST(layouts)
{
    static char buffer[4 * 8 * N * WIDE + 64];
    int kind = _i / 2;
    int64_t d = _i % 2 ? WIDE : D;
    make(&p, kind, N, d, CLASSES);
    const double *values = p.x;
    conceptdec_result *expected = run(&p);
    const struct {
        int64_t origin, row, col;
    } places[] = {{0, 8, 8 * N}, {0, 16 * d, 16}, {8 * d * (N - 1), -8 * d, 8}, {8 * (d - 1), 8 * d, -8},
                  {3, 8 * d + 5, 8}};
    for (size_t l = 0; l < sizeof places / sizeof *places; l++) {
        conceptdec_matrix view = {.data = buffer + places[l].origin, .rows = N, .cols = d, .row_stride = places[l].row,
                                  .col_stride = places[l].col, .dtype = CONCEPTDEC_FLOAT64};
        for (int64_t i = 0; i < N * d; i++)
            memcpy(buffer + places[l].origin + i / d * places[l].row + i % d * places[l].col, &values[i], 8);
        p.x_view = view;
        conceptdec_result *got = run(&p);
        expect_all_same_bits(expected, got);
        conceptdec_result_free(got);
    }
    conceptdec_result_free(expected);
}
END_TEST

/* Small whole numbers, which every type holds: narrow types give the same bits, float64 the same but for rounding. */
START_TEST(types)
{
    static float narrow[N * WIDE];
    static uint16_t upper[N * WIDE], half[N * WIDE];
    int kind = _i / 2;
    int64_t d = _i % 2 ? WIDE : D;
    make(&p, kind, N, d, CLASSES);
    for (int64_t i = 0; i < N * d; i++) {
        uint32_t bits;
        p.x[i] = floor(4 * p.x[i]) + 1;
        narrow[i] = (float)p.x[i];
        memcpy(&bits, &narrow[i], 4);
        upper[i] = (uint16_t)(bits >> 16);
        half[i] = (uint16_t)((bits >> 13) - (112 << 10)); /* of a normal positive number */
        ck_assert(p.x[i] >= 1 && p.x[i] < 128);
    }
    conceptdec_result *wide = run(&p);
    p.x_view = (conceptdec_matrix){.data = narrow, .rows = N, .cols = d, .row_stride = 4 * d, .col_stride = 4,
                                   .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_result *single = run(&p);
    p.x_view = (conceptdec_matrix){.data = upper, .rows = N, .cols = d, .row_stride = 2 * d, .col_stride = 2,
                                   .dtype = CONCEPTDEC_BFLOAT16};
    conceptdec_result *brain = run(&p);
    p.x_view.data = half;
    p.x_view.dtype = CONCEPTDEC_FLOAT16;
    conceptdec_result *small = run(&p);
    expect_all_same_bits(single, brain);
    expect_all_same_bits(single, small);
    expect_array_near(single, wide, CONCEPTDEC_R_DECISION, kind == CONCEPTDEC_PROBE_LOGISTIC ? 1e-4 : 1e-5);
    free_both(wide, single);
    free_both(brain, small);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("probe identity");
    TCase *tests = tcase_create("same answer");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, classes_with_other_numbers, 0, KINDS);
    tcase_add_loop_test(tests, two_classes_swapped, 0, KINDS);
    tcase_add_loop_test(tests, rows_in_another_order, 0, 2 * KINDS);
    tcase_add_loop_test(tests, rows_twice_are_weights_of_two, 0, KINDS);
    tcase_add_loop_test(tests, balance_is_weights, 0, KINDS);
    tcase_add_loop_test(tests, rows_without_label_play_no_part, 0, KINDS);
    tcase_add_loop_test(tests, rotated, 0, 2 * KINDS);
    tcase_add_loop_test(tests, shifted, 0, KINDS);
    tcase_add_loop_test(tests, scaled, 0, KINDS);
    tcase_add_loop_test(tests, standardized, 0, KINDS);
    tcase_add_loop_test(tests, columns_of_zeroes, 0, KINDS);
    tcase_add_loop_test(tests, folds_are_splits, 0, 3 * KINDS);
    tcase_add_loop_test(tests, groups_are_splits, 0, 3 * KINDS);
    tcase_add_loop_test(tests, one_out_is_a_split, 0, 12);
    tcase_add_loop_test(tests, fit_is_resubstitution, 0, KINDS);
    tcase_add_loop_test(tests, lambdas_one_by_one, 0, 2);
    tcase_add_loop_test(tests, label_sets_one_by_one, 0, KINDS);
    tcase_add_loop_test(tests, ridge_is_regression, 0, 4);
    tcase_add_loop_test(tests, threads, 0, 3 * KINDS);
    tcase_add_loop_test(tests, layouts, 0, 2 * KINDS);
    tcase_add_loop_test(tests, types, 0, 2 * KINDS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
