/* Cancelling at every place where a call can be cancelled: nothing is leaked, nothing is written, and the context gives
 * the same answer as before when it is asked again. */
#define _GNU_SOURCE

#include <pthread.h>
#include <time.h>

#include "check_main.h"
#include "core/core.h"
#include "harness.h"
#include "scenarios.h"

/* Where the cancelling comes from. */
typedef enum { NOWHERE, CALLBACK_REFUSES, CALLBACK, ALLOCATOR, HOST_THREAD } source;

typedef struct stopper {
    torture_allocator allocator; /* first: the allocator's user */
    conceptdec_ctx *ctx;
    source source;
    int64_t calls, stop_at;
} stopper;

/* Whether this is the call at which to stop. */
static bool
is_time(stopper *s, source from)
{
    return s->ctx && s->source == from && ++s->calls == s->stop_at;
}

static void *
allocate(void *user, uint64_t size)
{
    stopper *s = user;
    if (is_time(s, ALLOCATOR))
        conceptdec_ctx_cancel(s->ctx);
    return torture_allocate(&s->allocator, size);
}

static int32_t
report(void *user, const conceptdec_progress *progress)
{
    stopper *s = user;
    ck_assert(progress->done >= 0 && progress->done <= progress->total);
    s->ctx->last_report = INT64_MIN / 2; /* the next poll reports again, however soon it comes */
    if (is_time(s, CALLBACK))
        conceptdec_ctx_cancel(s->ctx);
    return !is_time(s, CALLBACK_REFUSES);
}

static void
run_lanes(void *user, int64_t lanes, void (*body)(void *argument, int64_t lane), void *argument)
{
    stopper *s = user;
    for (int64_t lane = lanes - 1; lane >= 0; lane--) {
        if (is_time(s, HOST_THREAD))
            conceptdec_ctx_cancel(s->ctx);
        body(argument, lane);
    }
}

static void
open_context(stopper *s, source from)
{
    conceptdec_ctx *ctx;
    conceptdec_ctx_options options = torture_options(&s->allocator, from == HOST_THREAD ? 3 : 1);
    *s = (stopper){.source = from};
    options.allocate = allocate;
    if (from == HOST_THREAD)
        options.parallel_for = run_lanes;
    if (from == CALLBACK || from == CALLBACK_REFUSES)
        options.progress = report;
    options.parallel_user = options.progress_user = s;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ctx->last_report = INT64_MIN / 2;
    s->ctx = ctx;
}

/* One run from the i-th place on; the digest where it was not stopped in time. */
static conceptdec_status
run(stopper *s, const scenario *what, int64_t stop_at, uint64_t *digest)
{
    static char untouched;
    void *output = &untouched;
    int64_t live = s->allocator.live;
    s->calls = 0;
    s->stop_at = stop_at;
    s->ctx->last_report = INT64_MIN / 2;
    conceptdec_status status = scenario_run(s->ctx, what, &output);
    s->stop_at = 0;
    if (status == CONCEPTDEC_OK) {
        ck_assert_int_eq(scenario_digest(what, output, digest), CONCEPTDEC_OK);
        scenario_free(what, output);
    } else {
        ck_assert_ptr_eq(output, &untouched);
        ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
        ck_assert_str_eq(conceptdec_ctx_error(s->ctx), "cancelled");
    }
    ck_assert_msg(s->allocator.live == live, "%s, stopped at %lld: %lld blocks are left", what->name,
                  (long long)stop_at, (long long)(s->allocator.live - live));
    return status;
}

/* A cancel that comes after the last look of a call is for the next one. */
static void
expect_left_over(stopper *s, const scenario *what)
{
    uint64_t digest;
    if (atomic_load(&s->ctx->cancel))
        ck_assert_int_eq(run(s, what, 0, &digest), CONCEPTDEC_ECANCELLED);
}

static int64_t
cancel_everywhere(const scenario *what, source from)
{
    stopper s;
    uint64_t expected, digest;
    int64_t stopped = 0;
    open_context(&s, from);
    ck_assert_int_eq(run(&s, what, 0, &expected), CONCEPTDEC_OK);
    int64_t places = s.calls, step = places / 100 + 1; /* of long stages a part is enough */
    for (int64_t i = 1; i <= places; i += step) {
        stopped += run(&s, what, i, &digest) == CONCEPTDEC_ECANCELLED;
        expect_left_over(&s, what);
        ck_assert_int_eq(run(&s, what, 0, &digest), CONCEPTDEC_OK);
        ck_assert_msg(digest == expected, "%s, stopped at %lld: another answer afterwards", what->name, (long long)i);
    }
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(s.allocator.live, 0);
    return stopped;
}

START_TEST(callback_refuses)
{
    scene_fill();
    ck_assert_int_ge(cancel_everywhere(&scenarios[_i], CALLBACK_REFUSES), 2);
}
END_TEST

START_TEST(callback_cancels)
{
    scene_fill();
    ck_assert_int_ge(cancel_everywhere(&scenarios[_i], CALLBACK), 1);
}
END_TEST

START_TEST(allocator_cancels)
{
    scene_fill();
    ck_assert_int_ge(cancel_everywhere(&scenarios[_i], ALLOCATOR), 5);
}
END_TEST

/* A stage of one task stays on the calling thread, so that not every problem comes to the host. */
START_TEST(host_thread_cancels)
{
    int64_t stopped = 0;
    scene_fill();
    for (int i = 0; i < SCENARIOS; i++)
        stopped += cancel_everywhere(&scenarios[i], HOST_THREAD);
    ck_assert_int_ge(stopped, 10);
}
END_TEST

START_TEST(every_place_is_one)
{
    stopper s;
    uint64_t digest;
    scene_fill();
    open_context(&s, CALLBACK_REFUSES);
    ck_assert_int_eq(run(&s, &scenarios[0], 0, &digest), CONCEPTDEC_OK);
    int64_t places = s.calls;
    for (int64_t i = 1; i <= places; i++)
        ck_assert_int_eq(run(&s, &scenarios[0], i, &digest), CONCEPTDEC_ECANCELLED);
    ck_assert_int_eq(run(&s, &scenarios[0], places + 1, &digest), CONCEPTDEC_OK);
    conceptdec_ctx_free(s.ctx);
}
END_TEST

/* ---- a long call, cancelled by another thread ---- */

enum { LONG_ROWS = 6000, LONG_COLS = 512 };

typedef struct timed_cancel {
    conceptdec_ctx *ctx;
    int64_t delay, moment; /* nanoseconds */
} timed_cancel;

static int64_t
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void *
cancel_later(void *argument)
{
    timed_cancel *c = argument;
    struct timespec delay = {.tv_nsec = c->delay};
    nanosleep(&delay, NULL);
    c->moment = now();
    conceptdec_ctx_cancel(c->ctx);
    return NULL;
}

/* Nanoseconds from the cancel to the return; 0 where the call ended before it. */
static int64_t
measure(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels, int64_t delay)
{
    conceptdec_knn_options options = {.struct_size = sizeof options, .permutations = 2000, .bootstrap = 2000};
    conceptdec_result *result = NULL;
    timed_cancel cancel = {.ctx = ctx, .delay = delay};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_later, &cancel), 0);
    conceptdec_status status = conceptdec_knn_decodability(ctx, x, labels, &options, &result);
    int64_t end = now();
    pthread_join(thread, NULL);
    conceptdec_ctx_clear_cancel(ctx);
    conceptdec_result_free(result);
    if (status == CONCEPTDEC_OK)
        return 0;
    ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
    return end - cancel.moment;
}

/* Two of ten may be late for a reason that lies with the machine. */
START_TEST(long_call_ends_soon)
{
    static float values[LONG_ROWS * LONG_COLS];
    static int32_t classes[LONG_ROWS];
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 1 + _i};
    conceptdec_matrix x = VIEW(values, LONG_ROWS, LONG_COLS, CONCEPTDEC_FLOAT32);
    conceptdec_matrix labels = VIEW(classes, LONG_ROWS, 1, CONCEPTDEC_INT32);
    conceptdec_ctx *ctx;
    int stopped = 0, late = 0;
    for (int i = 0; i < LONG_ROWS * LONG_COLS; i++)
        values[i] = (float)scene_uniform();
    for (int i = 0; i < LONG_ROWS; i++)
        classes[i] = i % 5;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    for (int i = 0; i < 10; i++) {
        int64_t latency = measure(ctx, &x, &labels, 1000000 + 17000000 * i);
        stopped += latency > 0;
        late += latency > 50000000;
    }
    ck_assert_int_ge(stopped, 5);
#ifdef NDEBUG
    int allowed = 2;
#else
    int allowed = 10;
#endif
    ck_assert_msg(late <= allowed, "%d of 10 cancelled calls took more than 50 ms to return", late);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cancel");
    TCase *tests = tcase_create("everywhere");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, callback_refuses, 0, SCENARIOS);
    tcase_add_loop_test(tests, callback_cancels, 0, SCENARIOS);
    tcase_add_loop_test(tests, allocator_cancels, 0, SCENARIOS);
    tcase_add_test(tests, host_thread_cancels);
    tcase_add_test(tests, every_place_is_one);
    tcase_add_loop_test(tests, long_call_ends_soon, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
