/* Geometry without memory, at every allocation, and cancelled at every place: nothing is leaked or written, and the
 * next call gives the same answer. */
#define _GNU_SOURCE

#include "check_main.h"
#include "results.h"

enum { ROWS = 42, COLS = 4, WIDE = 50, CLASSES = 3 };

static double x_values[ROWS * WIDE], weight_values[CLASSES * WIDE];
static int64_t label_values[ROWS];

/* Ties, equal rows and a zero row. */
static void
fill(int cols)
{
    for (int i = 0; i < ROWS; i++) {
        label_values[i] = i % 7 == 6 ? -1 : i % CLASSES;
        for (int j = 0; j < cols; j++)
            x_values[i * cols + j] = i < 2 ? 0 : (i * 7 + j * j * i) % 11 + (i % 3 ? 0.01 * i : 0);
    }
    for (int i = 0; i < CLASSES * cols; i++)
        weight_values[i] = i % 5 - 2;
}

static conceptdec_matrix
dense(const double *data, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){
        .data = data, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

/* 0: with a probe; 1: more dimensions than rows, weights, references. */
static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    const int cols = variant ? WIDE : COLS;
    fill(cols);
    const conceptdec_matrix x = dense(x_values, ROWS, cols), w = dense(weight_values, CLASSES, cols);
    const conceptdec_matrix labels = {
        .data = label_values, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    const conceptdec_geometry_options o = {.struct_size = sizeof o,
                                           .weights = variant ? &w : NULL,
                                           .k = 5,
                                           .hub_k = 3,
                                           .references = variant,
                                           .capacity_draws = 2,
                                           .metric = variant ? CONCEPTDEC_METRIC_COSINE : CONCEPTDEC_METRIC_L2};
    return conceptdec_geometry(ctx, &x, &labels, &o, result);
}

START_TEST(without_memory)
{
    ck_assert_int_ge(torture_result(2 - _i, measure, _i), 200);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    ck_assert_int_ge(torture_stopped(1 + _i, measure, _i, 1), 30);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("geometry");
    TCase *tests = tcase_create("geometry");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, 2);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
