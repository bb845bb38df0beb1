/* Similarity without memory, at every allocation, and cancelled at every place: nothing is leaked or written, and the next call gives
 * the same answer. */
#define _GNU_SOURCE

#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "harness.h"

enum { ROWS = 24, COLS = 3, VARIANTS = 7 };

static double values[2][ROWS * COLS];
static int64_t codes[ROWS];
static conceptdec_matrix views[2];
static const conceptdec_matrix groups = {
    .data = codes, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};

static void
fill(void)
{
    for (int v = 0; v < 2; v++) {
        for (int i = 0; i < ROWS * COLS; i++)
            values[v][i] = (i * 7 + v * i * i) % 23 + (v ? 0.1 * i : 0);
        views[v] = (conceptdec_matrix){.data = values[v],
                                       .rows = ROWS,
                                       .cols = COLS,
                                       .row_stride = 8 * COLS,
                                       .col_stride = 8,
                                       .dtype = CONCEPTDEC_FLOAT64};
    }
    for (int i = 0; i < ROWS; i++)
        codes[i] = i / 2;
}

static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    static const conceptdec_similarity_options options[VARIANTS] = {
        {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED, .permutations = 3, .bootstrap = 3},
        {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED, .kernel = CONCEPTDEC_CKA_RBF, .bootstrap = 2},
        {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED, .kernel = CONCEPTDEC_CKA_RBF, .permutations = 2, .groups = &groups},
        {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED, .batch = 10},
        {.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN, .k = 3, .permutations = 3, .bootstrap = 3},
        {.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE,
         .k = 2,
         .permutations = 3,
         .bootstrap = 3,
         .groups = &groups},
        {.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE, .k = 2, .metric = CONCEPTDEC_METRIC_COSINE},
    };
    conceptdec_similarity_options o = options[variant];
    o.struct_size = sizeof o;
    return conceptdec_similarity(ctx, views, 2, variant == 5 ? views : NULL, variant == 5 ? 1 : 0, &o, result);
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
first_of(const conceptdec_result *r)
{
    double value;
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, CONCEPTDEC_R_VALUE, &array), CONCEPTDEC_OK);
    memcpy(&value, (const double *)array.data + array.shape[1] * array.shape[0] - array.shape[1], sizeof value);
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
    s.ctx->last_report = INT64_MIN / 2;
    ck_assert_int_eq(measure(s.ctx, _i / 2, &result), CONCEPTDEC_OK);
    double wanted = first_of(result);
    conceptdec_result_free(result);
    ck_assert_int_ge(s.calls, 5);
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
    ck_assert_double_eq_tol(first_of(result), wanted, 1e-300);
    conceptdec_result_free(result);
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cka");
    TCase *tests = tcase_create("cka");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, 2 * VARIANTS);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 2 * VARIANTS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
