/* Embedding quality without memory, at every allocation, and cancelled at every place: nothing is leaked or written,
 * and the next call gives the same answer. */
#define _GNU_SOURCE

#include "check_main.h"
#include "results.h"

enum { ROWS = 60, COLS = 4 };

static double x_values[ROWS * COLS], embedding_values[ROWS * 2];
static int64_t label_values[ROWS];
static const int64_t ks[] = {4, 25};
static const conceptdec_matrix x = {
    .data = x_values, .rows = ROWS, .cols = COLS, .row_stride = 8 * COLS, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
static const conceptdec_matrix embedding = {
    .data = embedding_values, .rows = ROWS, .cols = 2, .row_stride = 16, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
static const conceptdec_matrix labels = {
    .data = label_values, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};

/* Ties, equal rows and a zero row. */
static void
fill(void)
{
    for (int i = 0; i < ROWS; i++) {
        label_values[i] = i % 4 == 3 ? -1 : i % 2;
        for (int j = 0; j < COLS; j++)
            x_values[i * COLS + j] = i < 4 ? 0 : (i * 7 + j * j * i) % 11 + (i % 3 ? 0.01 * i : 0);
        for (int j = 0; j < 2; j++)
            embedding_values[i * 2 + j] = (i * 17 + 3 * j) % 23;
    }
}

static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    const conceptdec_quality_options o = {.struct_size = sizeof o,
                                          .ks = ks,
                                          .n_ks = 2,
                                          .metric = variant % 2 ? CONCEPTDEC_METRIC_COSINE : CONCEPTDEC_METRIC_L2,
                                          .memory = variant / 2 ? 620000 : 0,
                                          .labels = variant ? NULL : &labels};
    return conceptdec_embedding_quality(ctx, &x, &embedding, &o, result);
}

START_TEST(without_memory)
{
    fill();
    ck_assert_int_ge(torture_result(1 + _i % 2, measure, _i / 2), 30);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    fill();
    ck_assert_int_ge(torture_stopped(1 + _i % 2, measure, _i / 2, 1), 10);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("quality");
    TCase *tests = tcase_create("quality");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, 8);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 8);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
