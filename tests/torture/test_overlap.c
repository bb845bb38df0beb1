/* Overlap without memory, at every allocation, and cancelled at every place: nothing is leaked or written, and the next call gives
 * the same answer. */
#define _GNU_SOURCE

#include "check_main.h"
#include "concept_problems.h"
#include "core/core.h"
#include "harness.h"

static const conceptdec_subspaces_options rank_2 = {.struct_size = sizeof rank_2, .rank = 2};

/* 0: lists of subspaces, 1: two lists, 2: permutations, 3: bootstrap. */
static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    static double rows[12 * CONCEPT_D];
    conceptdec_matrix views[CONCEPT_V], labels, bases[4];
    conceptdec_subspaces *s = NULL;
    make_concepts();
    concept_views(views, &labels);
    labels.rows = views[0].rows = views[1].rows = 12;
    if (variant >= 2) {
        const conceptdec_overlap_options o = {.struct_size = sizeof o, .subspaces = &rank_2,
                                              .permutations = variant == 2, .bootstrap = variant == 3};
        return conceptdec_subspace_overlap(ctx, views, variant - 1, &labels, &o, result);
    }
    fill_uniform(4, 12 * CONCEPT_D, rows);
    for (int i = 0; i < 4; i++)
        bases[i] = dense(rows + 3 * i * CONCEPT_D, 3, CONCEPT_D);
    conceptdec_status status = conceptdec_subspaces_from_bases(ctx, bases, 4, NULL, NULL, &s);
    conceptdec_subspaces *t = NULL;
    if (status == CONCEPTDEC_OK && variant == 1)
        status = conceptdec_subspaces_from_bases(ctx, bases + 1, 2, NULL, NULL, &t);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_subspaces_overlap(ctx, s, t, NULL, result);
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(t);
    return status;
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

START_TEST(cancelled_everywhere)
{
    torture_allocator allocator = {0};
    stopper s = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1 + _i % 2);
    conceptdec_result *first = NULL, *result = NULL;
    conceptdec_status status = CONCEPTDEC_ECANCELLED;
    options.progress = report;
    options.progress_user = &s;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(measure(s.ctx, _i / 2, &first), CONCEPTDEC_OK);
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
    check_equal_bits(first, result);
    conceptdec_result_free(first);
    conceptdec_result_free(result);
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("overlap");
    TCase *tests = tcase_create("overlap");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, 8);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 8);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
