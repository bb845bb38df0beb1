/* The thread pool: every task once, errors, fork, the host's threads, cancelling, progress. */
#define _GNU_SOURCE

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "core/core.h"

enum { TASKS = 500, MAX_LANES = 16 };

typedef struct record {
    conceptdec_ctx *ctx;
    atomic_int runs[TASKS];
    atomic_int in_lane[MAX_LANES];
    atomic_int collisions;
    atomic_llong started;
    int64_t fails_from, cancel_at;
    pthread_t caller;
    atomic_int lanes_seen;
} record;

static record rec;

static conceptdec_ctx *
new_ctx(int32_t threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

static void
reset(conceptdec_ctx *ctx)
{
    memset(&rec, 0, sizeof rec);
    rec.ctx = ctx;
    rec.fails_from = rec.cancel_at = TASKS;
    rec.caller = pthread_self();
}

static void
work_a_little(void)
{
    for (volatile int i = 0; i < 500; i++)
        ;
}

static conceptdec_status
count(void *argument, int64_t task, int lane)
{
    record *r = argument;
    if (atomic_fetch_add(&r->in_lane[lane], 1) > 0)
        atomic_fetch_add(&r->collisions, 1);
    atomic_fetch_or(&r->lanes_seen, 1 << lane);
    atomic_fetch_add(&r->runs[task], 1);
    atomic_fetch_add(&r->started, 1);
    if (task == r->cancel_at)
        conceptdec_ctx_cancel(r->ctx);
    work_a_little();
    atomic_fetch_sub(&r->in_lane[lane], 1);
    return CONCEPTDEC_OK;
}

static void
expect_every_task_once(int64_t tasks)
{
    ck_assert_int_eq(atomic_load(&rec.collisions), 0);
    for (int64_t i = 0; i < TASKS; i++)
        ck_assert_int_eq(atomic_load(&rec.runs[i]), i < tasks);
}

static void
run_and_expect(conceptdec_ctx *ctx, int64_t tasks)
{
    reset(ctx);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, tasks, count, &rec), CONCEPTDEC_OK);
    expect_every_task_once(tasks);
}

START_TEST(every_task_once)
{
    conceptdec_ctx *ctx = new_ctx(_i);
    ck_assert_int_eq(conceptdec_i_lanes(ctx), _i);
    const int64_t tasks[] = {0, 1, 2, 15, 16, 17, TASKS};
    for (int i = 0; i < 7; i++)
        run_and_expect(ctx, tasks[i]);
    for (int i = 0; i < 200; i++)
        run_and_expect(ctx, 40);
    conceptdec_ctx_free(ctx);
}
END_TEST

static atomic_int met;

/* Comes back when all lanes are inside a task at once. */
static conceptdec_status
meet(void *argument, int64_t task, int lane)
{
    (void)task, (void)lane;
    atomic_fetch_add(&met, 1);
    for (int i = 0; i < 5000 && atomic_load(&met) < *(int *)argument; i++)
        usleep(1000);
    return atomic_load(&met) >= *(int *)argument ? CONCEPTDEC_OK : CONCEPTDEC_EIO;
}

START_TEST(lanes_run_at_once)
{
    int lanes = 6;
    conceptdec_ctx *ctx = new_ctx(lanes);
    for (int i = 0; i < 20; i++) {
        atomic_store(&met, 0);
        ck_assert_int_eq(conceptdec_i_parallel(ctx, lanes, meet, &lanes), CONCEPTDEC_OK);
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

static conceptdec_status
fail_from(void *argument, int64_t task, int lane)
{
    record *r = argument;
    (void)lane;
    atomic_fetch_add(&r->started, 1);
    if (task < r->fails_from) {
        work_a_little();
        return CONCEPTDEC_OK;
    }
    if (task == r->fails_from)
        usleep(200); /* later tasks fail first */
    return conceptdec_i_fail(r->ctx, task == r->fails_from ? CONCEPTDEC_EK : CONCEPTDEC_EIO, "task %d", (int)task);
}

START_TEST(lowest_failure_wins)
{
    conceptdec_ctx *ctx = new_ctx(_i);
    for (int64_t from = 0; from < 100; from += 9) {
        reset(ctx);
        rec.fails_from = from;
        ck_assert_int_eq(conceptdec_i_parallel(ctx, TASKS, fail_from, &rec), CONCEPTDEC_EK);
        char text[32];
        snprintf(text, sizeof text, "task %d", (int)from);
        ck_assert_str_eq(conceptdec_ctx_error(ctx), text);
        ck_assert_int_le(atomic_load(&rec.started), from + _i);
        run_and_expect(ctx, 50); /* it goes on afterwards */
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Task 0 asks for something, but not before task 1 has failed. */
static conceptdec_status
ask_or_fail(void *argument, int64_t task, int lane)
{
    atomic_int *failing = argument;
    (void)lane;
    if (task == 1) {
        atomic_store(failing, 1);
        return CONCEPTDEC_ENOMEM;
    }
    while (!atomic_load(failing))
        sched_yield();
    return 1;
}

START_TEST(errors_outrank_wishes)
{
    conceptdec_ctx *ctx = new_ctx(2);
    for (int round = 0; round < 200; round++) {
        atomic_int failing = 0;
        ck_assert_int_eq(conceptdec_i_parallel(ctx, 2, ask_or_fail, &failing), CONCEPTDEC_ENOMEM);
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- tasks that call again ---- */

static conceptdec_status
nest(void *argument, int64_t task, int lane)
{
    record *r = argument;
    (void)lane;
    if (task == 3) {
        record inner = {.ctx = r->ctx, .fails_from = 2};
        return conceptdec_i_parallel(r->ctx, 10, fail_from, &inner);
    }
    if (task > 3)
        return CONCEPTDEC_OK;
    record inner = {.ctx = r->ctx, .cancel_at = TASKS};
    conceptdec_status status = conceptdec_i_parallel(r->ctx, 10, count, &inner);
    atomic_fetch_add(&r->started, inner.started);
    return status;
}

START_TEST(within_a_task)
{
    conceptdec_ctx *ctx = new_ctx(_i);
    reset(ctx);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 8, nest, &rec), CONCEPTDEC_EK);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "task 2");
    ck_assert_int_eq(atomic_load(&rec.started), 30);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- fork ---- */

static void
expect_child_ok(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %#x", (unsigned)status);
}

static int
run_quietly(conceptdec_ctx *ctx)
{
    reset(ctx);
    if (conceptdec_i_parallel(ctx, TASKS, count, &rec) != CONCEPTDEC_OK)
        return 1;
    for (int i = 0; i < TASKS; i++)
        if (atomic_load(&rec.runs[i]) != 1)
            return 2;
    atomic_store(&met, 0);
    int lanes = conceptdec_i_lanes(ctx);
    return conceptdec_i_parallel(ctx, lanes, meet, &lanes) == CONCEPTDEC_OK ? 0 : 3; /* new threads are there */
}

START_TEST(after_fork)
{
    conceptdec_ctx *ctx = new_ctx(4);
    if (_i > 0)
        run_and_expect(ctx, TASKS);
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        int failed = run_quietly(ctx);
        conceptdec_ctx_free(ctx);
        _exit(failed);
    }
    run_and_expect(ctx, TASKS);
    expect_child_ok(child);
    run_and_expect(ctx, TASKS);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(freed_in_the_child)
{
    conceptdec_ctx *ctx = new_ctx(4);
    run_and_expect(ctx, TASKS);
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        conceptdec_ctx_free(ctx);
        _exit(0);
    }
    expect_child_ok(child);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- threads of the host ---- */

typedef struct host_call {
    void (*body)(void *, int64_t);
    void *argument;
    int64_t lane;
} host_call;

static int64_t host_lanes;

static void
host_backwards(void *user, int64_t lanes, void (*body)(void *, int64_t), void *argument)
{
    (void)user;
    host_lanes = lanes;
    while (lanes-- > 0)
        body(argument, lanes);
}

static void *
host_thread(void *argument)
{
    host_call *call = argument;
    call->body(call->argument, call->lane);
    return NULL;
}

/* Every lane on a thread of its own: none on the calling one. */
static void
host_threads(void *user, int64_t lanes, void (*body)(void *, int64_t), void *argument)
{
    (void)user;
    host_lanes = lanes;
    pthread_t threads[MAX_LANES];
    host_call calls[MAX_LANES];
    for (int64_t i = 0; i < lanes; i++) {
        calls[i] = (host_call){body, argument, i};
        pthread_create(&threads[i], NULL, host_thread, &calls[i]);
    }
    for (int64_t i = 0; i < lanes; i++)
        pthread_join(threads[i], NULL);
}

static void
host_lazy(void *user, int64_t lanes, void (*body)(void *, int64_t), void *argument)
{
    (void)user, (void)lanes, (void)body, (void)argument;
}

typedef void (*host)(void *, int64_t, void (*)(void *, int64_t), void *);
static const host hosts[] = {host_backwards, host_threads, host_lazy};

START_TEST(host_parallel_for)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 7, .parallel_for = hosts[_i]};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    host_lanes = 7;
    run_and_expect(ctx, TASKS);
    ck_assert_int_eq(host_lanes, 7);
    run_and_expect(ctx, 3);
    ck_assert_int_eq(host_lanes, hosts[_i] == host_lazy ? 7 : 3);
    run_and_expect(ctx, 1);
    reset(ctx);
    rec.fails_from = 30;
    ck_assert_int_eq(conceptdec_i_parallel(ctx, TASKS, fail_from, &rec), CONCEPTDEC_EK);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "task 30");
    ck_assert_ptr_null(ctx->pool);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- cancelling ---- */

START_TEST(cancel_before)
{
    conceptdec_ctx *ctx = new_ctx(4);
    conceptdec_ctx_cancel(ctx);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_ECANCELLED);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "cancelled");
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK);
    conceptdec_ctx_cancel(ctx);
    conceptdec_ctx_clear_cancel(ctx);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK);
    conceptdec_ctx_cancel(ctx);
    reset(ctx);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, TASKS, count, &rec), CONCEPTDEC_ECANCELLED);
    ck_assert_int_eq(atomic_load(&rec.started), 0);
    run_and_expect(ctx, TASKS);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(cancel_at_every_task)
{
    conceptdec_ctx *ctx = new_ctx(_i);
    for (int64_t at = 0; at < TASKS; at += 3) {
        reset(ctx);
        rec.cancel_at = at;
        ck_assert_int_eq(conceptdec_i_parallel(ctx, TASKS, count, &rec), CONCEPTDEC_ECANCELLED);
        ck_assert_str_eq(conceptdec_ctx_error(ctx), "cancelled");
        ck_assert_int_ge(atomic_load(&rec.started), at + 1);
        if (_i == 1)
            ck_assert_int_eq(atomic_load(&rec.started), at + 1);
        ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK); /* the flag is down again */
    }
    run_and_expect(ctx, TASKS);
    conceptdec_ctx_free(ctx);
}
END_TEST

static conceptdec_status
poll_for_ever(void *argument, int64_t task, int lane)
{
    (void)task, (void)lane;
    conceptdec_status status = CONCEPTDEC_OK;
    for (int i = 0; i < 10000 && status == CONCEPTDEC_OK; i++) {
        usleep(500);
        status = conceptdec_i_poll(argument, 0);
    }
    return status;
}

static void *
cancel_later(void *ctx)
{
    usleep(20000);
    conceptdec_ctx_cancel(ctx);
    return NULL;
}

START_TEST(cancel_within_long_tasks)
{
    conceptdec_ctx *ctx = new_ctx(3);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_later, ctx), 0);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 3, poll_for_ever, ctx), CONCEPTDEC_ECANCELLED);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "cancelled");
    pthread_join(thread, NULL);
    ck_assert_int_eq(conceptdec_i_poll(ctx, 1), CONCEPTDEC_OK);
    conceptdec_ctx_cancel(ctx);
    ck_assert_int_eq(conceptdec_i_poll(ctx, 1), CONCEPTDEC_ECANCELLED);
    ck_assert_int_eq(conceptdec_i_poll(ctx, 1), CONCEPTDEC_OK);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- progress ---- */

typedef struct listener {
    pthread_t caller;
    int calls, elsewhere, stop_at;
    int64_t last_done, last_total;
    char stage[32];
    bool is_backwards;
} listener;

static int32_t
listen(void *user, const conceptdec_progress *progress)
{
    listener *l = user;
    l->calls++;
    l->elsewhere += !pthread_equal(pthread_self(), l->caller);
    l->is_backwards |= progress->done < l->last_done;
    l->last_done = progress->done;
    l->last_total = progress->total;
    snprintf(l->stage, sizeof l->stage, "%s", progress->stage);
    ck_assert_uint_eq(progress->struct_size, sizeof *progress);
    return l->calls == l->stop_at ? 0 : 1;
}

static conceptdec_ctx *
listened_ctx(listener *l, int32_t threads, host parallel_for)
{
    *l = (listener){.caller = pthread_self()};
    conceptdec_ctx_options options = {.struct_size = sizeof options,
                                      .threads = threads,
                                      .progress = listen,
                                      .progress_user = l,
                                      .parallel_for = parallel_for};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    conceptdec_i_stage(ctx, "tasks", 100000);
    return ctx;
}

static conceptdec_status
sleep_a_millisecond(void *argument, int64_t task, int lane)
{
    (void)argument, (void)task, (void)lane;
    usleep(1000);
    return CONCEPTDEC_OK;
}

static double
seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

START_TEST(progress_rate)
{
    listener l;
    conceptdec_ctx *ctx = listened_ctx(&l, _i, NULL);
    double start = seconds(CLOCK_MONOTONIC);
    conceptdec_i_stage(ctx, "permutations", 400);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 400, sleep_a_millisecond, NULL), CONCEPTDEC_OK);
    double wall = seconds(CLOCK_MONOTONIC) - start;
    ck_assert_int_ge(l.calls, 2);
    ck_assert_double_le(l.calls, 1 + wall * 20);
    ck_assert_int_eq(l.elsewhere, 0);
    ck_assert_str_eq(l.stage, "permutations");
    ck_assert(!l.is_backwards && l.last_done > 0 && l.last_done <= 400 && l.last_total == 400);
    ck_assert_int_eq(atomic_load(&ctx->done), 400);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(progress_of_a_stage)
{
    listener l;
    conceptdec_ctx *ctx = listened_ctx(&l, 1, NULL);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK); /* no stage has a name */
    ck_assert_int_eq(conceptdec_i_poll(ctx, 0), CONCEPTDEC_OK);
    ck_assert_int_eq(l.calls, 0);
    conceptdec_i_stage(ctx, "short", 5);
    ck_assert_int_eq(conceptdec_i_poll(ctx, 7), CONCEPTDEC_OK);
    ck_assert(l.calls == 1 && l.last_done == 5 && l.last_total == 5);
    ck_assert_str_eq(l.stage, "short");
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(progress_stops)
{
    listener l;
    conceptdec_ctx *ctx = listened_ctx(&l, 4, NULL);
    l.stop_at = 2;
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 4000, sleep_a_millisecond, NULL), CONCEPTDEC_ECANCELLED);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "cancelled");
    ck_assert_int_eq(l.calls, 2);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 40, sleep_a_millisecond, NULL), CONCEPTDEC_OK);
    l.stop_at = l.calls + 1;
    usleep(60000);
    ck_assert_int_eq(conceptdec_i_poll(ctx, 1), CONCEPTDEC_ECANCELLED);
    conceptdec_ctx_free(ctx);
}
END_TEST

static conceptdec_status
sleep_and_poll(void *argument, int64_t task, int lane)
{
    sleep_a_millisecond(argument, task, lane);
    return conceptdec_i_poll(argument, 0);
}

START_TEST(progress_from_within_tasks)
{
    listener l;
    conceptdec_ctx *ctx = listened_ctx(&l, 4, NULL);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(conceptdec_i_parallel(ctx, 100, sleep_and_poll, ctx), CONCEPTDEC_OK);
    ck_assert_int_ge(l.calls, 2);
    ck_assert_int_eq(l.elsewhere, 0);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(progress_with_the_hosts_threads)
{
    listener l;
    conceptdec_ctx *ctx = listened_ctx(&l, 3, host_threads);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 300, sleep_a_millisecond, NULL), CONCEPTDEC_OK);
    ck_assert_int_eq(l.elsewhere, 0);
    conceptdec_ctx_free(ctx);
    ctx = listened_ctx(&l, 3, host_backwards);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 200, sleep_a_millisecond, NULL), CONCEPTDEC_OK);
    ck_assert_int_eq(l.elsewhere, 0);
    ck_assert_int_ge(l.calls, 2);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- a good citizen ---- */

static conceptdec_status
see_environment(void *argument, int64_t task, int lane)
{
    sigset_t blocked;
    (void)task, (void)lane;
    record *r = argument;
    atomic_fetch_add(&r->collisions, fegetround() != FE_UPWARD);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    bool is_caller = pthread_equal(pthread_self(), r->caller);
    atomic_fetch_add(&r->started, !is_caller && !(sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGTERM)));
    usleep(300);
    return CONCEPTDEC_OK;
}

START_TEST(environment_of_the_tasks)
{
    conceptdec_ctx *ctx = new_ctx(4);
    run_and_expect(ctx, TASKS); /* the threads are there before the rounding changes */
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    fesetround(FE_UPWARD);
    reset(ctx);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, 100, see_environment, &rec), CONCEPTDEC_OK);
    ck_assert_int_eq(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
    ck_assert_int_eq(atomic_load(&rec.collisions), 0);
    ck_assert_int_eq(atomic_load(&rec.started), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ck_assert_int_eq(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(idle_workers_sleep)
{
    conceptdec_ctx *ctx = new_ctx(8);
    run_and_expect(ctx, TASKS);
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    usleep(200000);
    ck_assert_double_lt(seconds(CLOCK_PROCESS_CPUTIME_ID) - start, 0.02);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Stacks too large for the address space: pthread_create fails. */
START_TEST(no_threads_to_be_had)
{
    pthread_attr_t attributes, before;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_getattr_default_np(&before), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, (size_t)1 << 47), 0);
    ck_assert_int_eq(pthread_setattr_default_np(&attributes), 0);
    conceptdec_ctx *ctx = new_ctx(8);
    run_and_expect(ctx, TASKS);
    ck_assert_int_eq(atomic_load(&rec.lanes_seen), 1);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(pthread_setattr_default_np(&before), 0); /* tests may share a process */
}
END_TEST

START_TEST(lazy)
{
    conceptdec_ctx *ctx = new_ctx(8);
    ck_assert_ptr_null(ctx->pool);
    run_and_expect(ctx, 1);
    ck_assert_ptr_null(ctx->pool);
    run_and_expect(ctx, 2);
    ck_assert_ptr_nonnull(ctx->pool);
    conceptdec_ctx_free(ctx);
}
END_TEST

static void *
run_many(void *argument)
{
    conceptdec_ctx *ctx = new_ctx(3);
    record *own = calloc(1, sizeof *own);
    own->cancel_at = TASKS;
    for (int i = 0; i < 100; i++)
        conceptdec_i_parallel(ctx, TASKS, count, own);
    for (int i = 0; i < TASKS; i++)
        if (atomic_load(&own->runs[i]) != 100)
            atomic_fetch_add((atomic_int *)argument, 1);
    free(own);
    conceptdec_ctx_free(ctx);
    return NULL;
}

START_TEST(many_contexts_at_once)
{
    atomic_int wrong = 0;
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_many, &wrong), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(atomic_load(&wrong), 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("parallel");
    TCase *tests = tcase_create("parallel");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_task_once, 1, 17);
    tcase_add_test(tests, lanes_run_at_once);
    tcase_add_loop_test(tests, lowest_failure_wins, 1, 17);
    tcase_add_test(tests, errors_outrank_wishes);
    tcase_add_loop_test(tests, within_a_task, 1, 5);
    tcase_add_loop_test(tests, after_fork, 0, 2);
    tcase_add_test(tests, freed_in_the_child);
    tcase_add_loop_test(tests, host_parallel_for, 0, 3);
    tcase_add_test(tests, cancel_before);
    tcase_add_loop_test(tests, cancel_at_every_task, 1, 5);
    tcase_add_test(tests, cancel_within_long_tasks);
    tcase_add_loop_test(tests, progress_rate, 1, 4);
    tcase_add_test(tests, progress_of_a_stage);
    tcase_add_test(tests, progress_stops);
    tcase_add_test(tests, progress_from_within_tasks);
    tcase_add_test(tests, progress_with_the_hosts_threads);
    tcase_add_test(tests, environment_of_the_tasks);
    tcase_add_test(tests, idle_workers_sleep);
    tcase_add_test(tests, no_threads_to_be_had);
    tcase_add_test(tests, lazy);
    tcase_add_test(tests, many_contexts_at_once);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
