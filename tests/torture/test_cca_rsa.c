/* CCA, Procrustes distances and RSA without memory, at every allocation, and cancelled at every place: nothing is leaked or
 * written, and the next call gives the same answer. */
#define _GNU_SOURCE

#include "check_main.h"
#include "core/core.h"
#include "harness.h"
#include "similarity_problems.h"

enum { ROWS = 14, VIEWS = 2, CROSSNOBIS = SIMILARITY_WAYS, VARIANTS };

static const int64_t widths[VIEWS] = {3, 20};
static double values[VIEWS][ROWS * 20];
static int64_t codes[2][ROWS];
static conceptdec_matrix views[VIEWS], columns[2];

/* The second view is close to the first, so that distances are summed once more; a zero row. */
static void
fill(void)
{
    uint64_t state = 5;
    for (int v = 0; v < VIEWS; v++) {
        for (int64_t i = 0; i < ROWS * widths[v]; i++)
            values[v][i] = v == 0 || i % 20 > 2 ? 1e-5 * similarity_random(&state) + (v == 0 ? sin((double)(i * i)) : 0)
                                                : values[0][i / 20 * 3 + i % 20];
        views[v] = similarity_view(values[v], ROWS, widths[v]);
    }
    memset(values[1] + 20, 0, 20 * sizeof(double));
    for (int k = 0; k < 2; k++) {
        for (int64_t i = 0; i < ROWS; i++)
            codes[k][i] = k ? i / 4 % 3 : i < 12 ? i % 4 : -1;
        columns[k] = (conceptdec_matrix){
            .data = codes[k], .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    }
}

static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    conceptdec_similarity_options o = similarity_options(variant % SIMILARITY_WAYS);
    if (variant == CROSSNOBIS) {
        o.kind = CONCEPTDEC_SIMILARITY_RSA;
        o.rdm = CONCEPTDEC_RDM_CROSSNOBIS;
        o.labels = &columns[0];
        o.partitions = &columns[1];
        o.variance = 0;
    }
    o.permutations = 1;
    o.bootstrap = 1;
    return conceptdec_similarity(ctx, views, VIEWS, NULL, 0, &o, result);
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
    fill();
    ck_assert_int_ge(torture(_i % 5 ? 1 : 2, work, &_i, release), 40);
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

START_TEST(cancelled_everywhere)
{
    torture_allocator allocator = {0};
    stopper s = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1 + _i % 2);
    conceptdec_result *result = NULL, *wanted = NULL;
    conceptdec_status status = CONCEPTDEC_ECANCELLED;
    options.progress = report;
    options.progress_user = &s;
    fill();
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(measure(s.ctx, _i, &wanted), CONCEPTDEC_OK);
    ck_assert_int_ge(s.calls, 10);
    for (int64_t n = 1; status != CONCEPTDEC_OK; n += n < 20 ? 1 : 5) {
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
    ck_assert_mem_eq(similarity_array(result, CONCEPTDEC_R_VALUE), similarity_array(wanted, CONCEPTDEC_R_VALUE),
                     VIEWS * VIEWS * sizeof(double));
    conceptdec_result_free(result);
    conceptdec_result_free(wanted);
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cca_rsa");
    TCase *tests = tcase_create("cca_rsa");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, VARIANTS);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, VARIANTS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
