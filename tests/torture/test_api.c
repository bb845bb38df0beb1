/* Every allocation of every public function fails in turn, once and for ever. */
#define _GNU_SOURCE

#include "check_main.h"
#include "harness.h"
#include "scenarios.h"

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    return scenario_run(ctx, argument, output);
}

/* What the object makes when it is asked: a failure leaves it whole, and the next question is answered. */
static conceptdec_status
use(void *argument, void *output)
{
    uint64_t digest;
    conceptdec_status status = scenario_digest(argument, output, &digest);
    if (status != CONCEPTDEC_OK && scenario_digest(argument, output, &digest) == CONCEPTDEC_OK)
        ck_assert_uint_ne(digest, 0);
    return status;
}

static void
release(void *argument, void *output)
{
    scenario_free(argument, output);
}

START_TEST(scenarios_without_memory)
{
    scenario s = scenarios[_i / 2];
    scene_fill();
    int64_t calls = torture_object(1 + _i % 2, work, use, release, &s);
    ck_assert_msg(calls >= 10, "%s: %lld allocations", s.name, (long long)calls);
}
END_TEST

static conceptdec_status
ask_build_info(conceptdec_ctx *ctx, void *argument, void **output)
{
    const char *json = NULL;
    conceptdec_status status = conceptdec_ctx_build_info(ctx, &json);
    (void)argument;
    if (status == CONCEPTDEC_OK) {
        ck_assert_ptr_nonnull(strstr(json, "\"kernel\""));
        *output = NULL;
    } else {
        ck_assert_ptr_null(json);
    }
    return status;
}

START_TEST(context_without_memory)
{
    ck_assert_int_ge(torture(1, ask_build_info, NULL, NULL), 3);
}
END_TEST

/* The statuses of refused input are not mistaken for want of memory, nor the reverse: a cell of a sweep that has no
 * memory ends the sweep. */
START_TEST(first_failure_is_told)
{
    for (int64_t n = 3; n < 40; n++) {
        torture_allocator allocator = {.fail_at = n, .for_ever = true};
        conceptdec_ctx_options options = torture_options(&allocator, 1);
        conceptdec_ctx *ctx;
        conceptdec_neighbors *table = NULL;
        conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = -1};
        scene_fill();
        ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_neighbors_new(ctx, &scene_x, NULL, &search, &table), CONCEPTDEC_EK);
        search.k = 3;
        conceptdec_status status = conceptdec_neighbors_new(ctx, &scene_x, NULL, &search, &table);
        if (status != CONCEPTDEC_OK) {
            ck_assert_int_eq(status, CONCEPTDEC_ENOMEM);
            ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "cannot allocate"));
        }
        conceptdec_neighbors_free(table);
        conceptdec_ctx_free(ctx);
        ck_assert_int_eq(allocator.live, 0);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("api");
    TCase *tests = tcase_create("allocation failure");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, scenarios_without_memory, 0, 2 * SCENARIOS);
    tcase_add_test(tests, context_without_memory);
    tcase_add_test(tests, first_failure_is_told);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
