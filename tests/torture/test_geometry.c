/* Geometry without memory, at every allocation, and cancelled at every place: nothing is leaked or written, and the
 * next call gives the same answer. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "harness.h"

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

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    conceptdec_result *result = NULL;
    conceptdec_status status = measure(ctx, *(int *)argument, &result);
    if (status == CONCEPTDEC_OK)
        *output = result;
    else
        ck_assert_ptr_null(result);
    return status;
}

static void
release(void *output)
{
    conceptdec_result_free(output);
}

START_TEST(without_memory)
{
    int variant = _i;
    ck_assert_int_ge(torture(2 - variant, work, &variant, release), 200);
}
END_TEST

typedef struct stopper {
    conceptdec_ctx *ctx;
    int64_t calls, stop_at;
} stopper;

static int32_t
report(void *user, const conceptdec_progress *progress)
{
    stopper *s = user;
    ck_assert(progress->done >= 0 && progress->done <= progress->total);
    s->ctx->last_report = INT64_MIN / 2; /* the next poll reports again, however soon it comes */
    return ++s->calls != s->stop_at;
}

static double
sum_of(const conceptdec_result *r)
{
    static const char *const names[] = {CONCEPTDEC_R_SILHOUETTE, CONCEPTDEC_R_MLE_DIMENSION, CONCEPTDEC_R_NC1};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double value;
        ck_assert_int_eq(conceptdec_result_scalar(r, names[i], &value), CONCEPTDEC_OK);
        sum += value;
    }
    return sum;
}

START_TEST(cancelled_everywhere)
{
    torture_allocator allocator = {0};
    stopper s = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1 + _i);
    conceptdec_result *result = NULL;
    conceptdec_status status = CONCEPTDEC_ECANCELLED;
    options.progress = report;
    options.progress_user = &s;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(measure(s.ctx, _i, &result), CONCEPTDEC_OK);
    double wanted = sum_of(result);
    conceptdec_result_free(result);
    ck_assert_int_ge(s.calls, 30);
    for (int64_t n = 1; status != CONCEPTDEC_OK; n++) {
        int64_t live = allocator.live;
        s.calls = 0;
        s.stop_at = n;
        s.ctx->last_report = INT64_MIN / 2;
        result = NULL;
        status = measure(s.ctx, _i, &result);
        if (status == CONCEPTDEC_OK)
            break;
        ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
        ck_assert_ptr_null(result);
        ck_assert_int_eq(allocator.live, live);
    }
    ck_assert(sum_of(result) >= wanted && sum_of(result) <= wanted);
    conceptdec_result_free(result);
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
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
