/* The same probe asked for in two ways: what does not matter does not change it. */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "probe_problems.h"

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
    tcase_add_loop_test(tests, threads, 0, 3 * KINDS);
    tcase_add_loop_test(tests, layouts, 0, 2 * KINDS);
    tcase_add_loop_test(tests, types, 0, 2 * KINDS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
