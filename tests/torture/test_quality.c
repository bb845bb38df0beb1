/* Embedding quality without memory, at every allocation, and cancelled at every place: nothing is leaked or written, and the
 * next call gives the same answer. */
#define _GNU_SOURCE

#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "harness.h"

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
    int variant = _i / 2;
    fill();
    ck_assert_int_ge(torture(1 + _i % 2, work, &variant, release), 30);
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
trust(const conceptdec_result *r)
{
    double value;
    ck_assert_int_eq(conceptdec_result_scalar(r, CONCEPTDEC_R_TRUSTWORTHINESS, &value), CONCEPTDEC_OK);
    return value;
}

START_TEST(cancelled_everywhere)
{
    torture_allocator allocator = {0};
    stopper s = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1 + _i % 2);
    conceptdec_result *result = NULL;
    conceptdec_status status = CONCEPTDEC_ECANCELLED;
    options.progress = report;
    options.progress_user = &s;
    fill();
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(measure(s.ctx, _i / 2, &result), CONCEPTDEC_OK);
    double wanted = trust(result);
    conceptdec_result_free(result);
    ck_assert_int_ge(s.calls, 10);
    for (int64_t n = 1; status != CONCEPTDEC_OK; n++) {
        int64_t live = allocator.live;
        s.calls = 0;
        s.stop_at = n;
        s.ctx->last_report = INT64_MIN / 2;
        result = NULL;
        status = measure(s.ctx, _i / 2, &result);
        if (status == CONCEPTDEC_OK)
            break;
        ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
        ck_assert_ptr_null(result);
        ck_assert_int_eq(allocator.live, live);
    }
    ck_assert(trust(result) >= wanted && trust(result) <= wanted);
    conceptdec_result_free(result);
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
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
