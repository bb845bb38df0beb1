/* A guest in somebody else's process: input is only read, forks and other threads do not matter, the floating-point
 * environment and the locale neither matter nor change, nothing is printed, no thread more than was asked for. */
#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../torture/scenarios.h"
#include "check_main.h"

static uint64_t expected[SCENARIOS]; /* one thread, before anything else happens */

static conceptdec_ctx *
open_context(int32_t threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

/* 0 where the call failed. */
static uint64_t
digest_of(conceptdec_ctx *ctx, int which)
{
    void *output = NULL;
    uint64_t digest = 0;
    if (scenario_run(ctx, &scenarios[which], &output) != CONCEPTDEC_OK)
        return 0;
    if (scenario_digest(&scenarios[which], output, &digest) != CONCEPTDEC_OK)
        digest = 0;
    scenario_free(&scenarios[which], output);
    return digest;
}

static int
count_wrong(conceptdec_ctx *ctx)
{
    int wrong = 0;
    for (int i = 0; i < SCENARIOS; i++)
        wrong += digest_of(ctx, i) != expected[i];
    return wrong;
}

static void
setup(void)
{
    scene_fill();
    conceptdec_ctx *ctx = open_context(1);
    for (int i = 0; i < SCENARIOS; i++)
        ck_assert_uint_ne(expected[i] = digest_of(ctx, i), 0);
    conceptdec_ctx_free(ctx);
}

/* ---- input is only read ---- */

/* The same problem in pages that cannot be written. */
static void
read_only(conceptdec_matrix *m)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (size_t)(m->rows * m->row_stride), room = size + page;
    room -= room % page;
    char *copy = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(copy, MAP_FAILED);
    m->data = memcpy(copy + room - size, m->data, size); /* ends where the page ends: reading on would be a fault */
    ck_assert_int_eq(mprotect(copy, room, PROT_READ), 0);
}

static uint64_t
digest_read_only(conceptdec_ctx *ctx, const scenario *original)
{
    static conceptdec_matrix views[12];
    scenario s = *original;
    const conceptdec_matrix **places[] = {&s.x, &s.queries, &s.search.groups, &s.search.query_groups, &s.knn.groups,
                                          &s.knn.train, &s.probe.groups, &s.probe.train, &s.probe.weights,
                                          &s.probe.types, &scene_labels_at, &scene_targets_at};
    void *output = NULL;
    uint64_t digest;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (*places[i] && !((*places[i])->flags & CONCEPTDEC_MATRIX_READER)) {
            views[i] = **places[i];
            read_only(&views[i]);
            *places[i] = &views[i];
        }
    ck_assert_int_eq(scenario_run(ctx, &s, &output), CONCEPTDEC_OK);
    ck_assert_int_eq(scenario_digest(&s, output, &digest), CONCEPTDEC_OK);
    scenario_free(&s, output);
    scene_labels_at = &scene_labels;
    scene_targets_at = &scene_targets;
    return digest;
}

START_TEST(input_is_read_only)
{
    conceptdec_ctx *ctx = open_context(2);
    ck_assert_uint_eq(digest_read_only(ctx, &scenarios[_i]), expected[_i]);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- fork ---- */

/* What a child does, within ten seconds; its status is the number of wrong answers. */
static void
expect_child_right(conceptdec_ctx *ctx)
{
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(10);
        int wrong = count_wrong(ctx);
        conceptdec_ctx_free(ctx);
        _exit(wrong);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with 0x%x", (unsigned)status);
}

START_TEST(fork_before_and_after)
{
    conceptdec_ctx *ctx = open_context(3);
    alarm(40);
    expect_child_right(ctx); /* no thread has been started */
    ck_assert_int_eq(count_wrong(ctx), 0);
#if !defined(__SANITIZE_THREAD__) /* which ends a child of a process with threads that starts threads of its own */
    expect_child_right(ctx); /* threads sleep */
    ck_assert_int_eq(count_wrong(ctx), 0);
#endif
    conceptdec_ctx_free(ctx);
    alarm(0);
}
END_TEST

/* ---- many threads, each with a context of its own ---- */

enum { CALLERS = 64 };

static void *
be_a_caller(void *argument)
{
    conceptdec_ctx *ctx = open_context(1 + (int32_t)(intptr_t)argument % 2);
    intptr_t wrong = 0;
    bool has_probes = (intptr_t)argument % 8 == 0; /* OpenBLAS makes many callers at once wait for each other */
    for (int i = 0; i < SCENARIOS; i++)
        if (scenarios[i].kind != RELOAD && scenarios[i].kind != RELOAD_FIT && /* which assert */
            (has_probes || !scenarios[i].probe.struct_size))
            wrong += digest_of(ctx, i) != expected[i];
    conceptdec_ctx_free(ctx);
    return (void *)wrong;
}

START_TEST(many_callers)
{
    pthread_t threads[CALLERS];
    for (intptr_t i = 0; i < CALLERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, be_a_caller, (void *)i), 0);
    for (int i = 0; i < CALLERS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        ck_assert_msg(!wrong, "thread %d: %d wrong answers", i, (int)(intptr_t)wrong);
    }
}
END_TEST

/* ---- the host's threads ---- */

typedef struct lane_call {
    void (*body)(void *argument, int64_t lane);
    void *argument;
    int64_t lane;
} lane_call;

static void *
run_lane(void *argument)
{
    const lane_call *call = argument;
    call->body(call->argument, call->lane);
    return NULL;
}

static void
host_threads(void *user, int64_t lanes, void (*body)(void *argument, int64_t lane), void *argument)
{
    pthread_t threads[16];
    lane_call calls[16];
    *(int64_t *)user += lanes;
    for (int64_t i = 0; i < lanes; i++) {
        calls[i] = (lane_call){body, argument, i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_lane, &calls[i]), 0);
    }
    for (int64_t i = 0; i < lanes; i++)
        pthread_join(threads[i], NULL);
}

static void
host_backwards(void *user, int64_t lanes, void (*body)(void *argument, int64_t lane), void *argument)
{
    *(int64_t *)user += lanes;
    while (lanes-- > 0)
        body(argument, lanes);
}

START_TEST(host_lends_threads)
{
    int64_t lanes = 0;
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 5, .parallel_user = &lanes,
                                      .parallel_for = _i ? host_threads : host_backwards};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(count_wrong(ctx), 0);
    ck_assert_int_gt(lanes, 0);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- the floating-point environment ---- */

static unsigned
control_word(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_stmxcsr() & ~0x3fu; /* without the sticky flags */
#else
    return (unsigned)fegetround();
#endif
}

START_TEST(environment_is_kept)
{
    conceptdec_ctx *ctx = open_context(1 + _i);
    unsigned before = control_word();
    ck_assert_int_eq(count_wrong(ctx), 0);
    ck_assert_uint_eq(control_word(), before);
    ck_assert_int_eq(fesetround(FE_UPWARD), 0);
    unsigned upward = control_word();
    for (int i = 0; i < SCENARIOS; i++)
        ck_assert_uint_ne(digest_of(ctx, i), 0);
    ck_assert_uint_eq(control_word(), upward);
    ck_assert_int_eq(fesetround(FE_TONEAREST), 0);
    ck_assert_int_eq(count_wrong(ctx), 0);
    ck_assert_uint_eq(control_word(), before);
    conceptdec_ctx_free(ctx);
}
END_TEST

#if defined(__x86_64__)
/* Flushing to zero, as -ffast-math elsewhere in the process sets it. */
START_TEST(flush_to_zero)
{
    conceptdec_ctx *ctx = open_context(1 + _i);
    unsigned own = __builtin_ia32_stmxcsr(), flush = own | 0x8040u;
    __builtin_ia32_ldmxcsr(flush);
    int wrong = count_wrong(ctx);
    unsigned after = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(own);
    ck_assert_int_eq(wrong, 0);
    ck_assert_uint_eq(after & ~0x3fu, flush & ~0x3fu);
    conceptdec_ctx_free(ctx);
}
END_TEST
#endif

/* ---- silence ---- */

static void
make_errors(conceptdec_ctx *ctx)
{
    conceptdec_matrix bad = scene_x;
    conceptdec_neighbors *table = NULL;
    const char *json;
    bad.dtype = 99;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &bad, NULL, NULL, &table), CONCEPTDEC_EDTYPE);
    ck_assert_int_eq(conceptdec_neighbors_load(ctx, "/nonexistent", &table), CONCEPTDEC_EIO);
    conceptdec_result *result = NULL;
    conceptdec_probe_model *model = NULL;
    double values[4] = {1, 2, (double)NAN, 4}; /* LAPACKE prints where it meets a NaN */
    int64_t labels[4] = {0, 1, 0, 1};
    conceptdec_matrix x = VIEW(values, 4, 1, CONCEPTDEC_FLOAT64), y = VIEW(labels, 4, 1, CONCEPTDEC_INT64);
    for (int32_t kind = CONCEPTDEC_PROBE_LOGISTIC; kind <= CONCEPTDEC_PROBE_NEAREST_MEAN; kind++) {
        conceptdec_probe_options options = {.struct_size = sizeof options, .kind = kind, .folds = 2};
        ck_assert_int_eq(conceptdec_probe(ctx, &x, &y, &options, &result), CONCEPTDEC_ENONFINITE);
    }
    ck_assert_int_eq(conceptdec_probe_model_load(ctx, "/nonexistent", &model), CONCEPTDEC_EIO);
    ck_assert_int_eq(conceptdec_ctx_build_info(ctx, &json), CONCEPTDEC_OK);
}

START_TEST(silent)
{
    int ends[2], out = dup(1), err = dup(2);
    char bytes[256];
    conceptdec_ctx *ctx = open_context(3);
    fflush(NULL);
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    int wrong = count_wrong(ctx);
    make_errors(ctx);
    conceptdec_ctx_free(ctx);
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    ssize_t printed = read(ends[0], bytes, sizeof bytes);
    ck_assert_int_eq(wrong, 0);
    ck_assert_msg(printed < 0, "%d bytes were printed: %.*s", (int)printed, (int)printed, bytes);
    for (int i = 0; i < 2; i++)
        close(ends[i]);
    close(out);
    close(err);
}
END_TEST

/* ---- threads ---- */

static int
threads_now(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    if (!tasks)
        return 0;
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count - 2; /* . and .. */
}

static atomic_int most;
static atomic_bool is_over;

static void *
watch_threads(void *unused)
{
    struct timespec moment = {.tv_nsec = 200000};
    while (!atomic_load(&is_over)) {
        int count = threads_now();
        if (count > atomic_load(&most))
            atomic_store(&most, count);
        nanosleep(&moment, NULL);
    }
    return unused;
}

START_TEST(no_thread_too_many)
{
    pthread_t watcher;
    atomic_store(&most, 0);
    atomic_store(&is_over, false);
    ck_assert_int_eq(pthread_create(&watcher, NULL, watch_threads, NULL), 0);
    int before = threads_now();
    conceptdec_ctx *ctx = open_context(1 + _i);
    ck_assert_int_eq(conceptdec_ctx_threads(ctx), 1 + _i);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(count_wrong(ctx), 0);
    int during = threads_now();
    conceptdec_ctx_free(ctx);
    int after = threads_now();
    atomic_store(&is_over, true);
    pthread_join(watcher, NULL);
    ck_assert_int_le(atomic_load(&most), before + _i);
    ck_assert_int_eq(during, before + _i);
    ck_assert_int_eq(after, before);
}
END_TEST

/* ---- locale ---- */

/* A locale with decimal commas: one of the system's, or one made below `folder`. */
static bool
set_comma_locale(const char *folder)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE", NULL};
    char command[256];
    for (int i = 0; names[i]; i++)
        if (setlocale(LC_ALL, names[i]))
            return true;
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", folder);
    if (system(command) == -1)
        return false;
    setenv("LOCPATH", folder, 1);
    return setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
}

static char *
json_of(conceptdec_ctx *ctx, bool of_probe)
{
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = 3};
    conceptdec_result *result = NULL;
    const char *json;
    conceptdec_status status = of_probe ? conceptdec_probe(ctx, &scene_x, &scene_labels, NULL, &result)
                                        : conceptdec_knn_decodability(ctx, &scene_x, &scene_labels, &options, &result);
    ck_assert_int_eq(status, CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_json(result, &json), CONCEPTDEC_OK);
    char *copy = strdup(json);
    conceptdec_result_free(result);
    strstr(copy, "\"diagnostics\"")[0] = '\0'; /* times differ */
    return copy;
}

START_TEST(decimal_comma)
{
    char folder[] = "/tmp/conceptdec-locale-XXXXXX", command[128];
    conceptdec_ctx *ctx = open_context(1);
    char *plain = json_of(ctx, _i);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    if (set_comma_locale(folder)) {
        ck_assert_str_eq(localeconv()->decimal_point, ",");
        char *json = json_of(ctx, _i);
        ck_assert_str_eq(json, plain);
        ck_assert_ptr_nonnull(strstr(json, "0."));
        free(json);
        ck_assert_str_eq(localeconv()->decimal_point, ",");
        setlocale(LC_ALL, "C");
    } else {
        fprintf(stderr, "SKIPPED decimal_comma: no locale with decimal commas, and localedef cannot make one\n");
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    unsetenv("LOCPATH");
    free(plain);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- threads of the BLAS ---- */

START_TEST(blas_threads)
{
    int (*count)(void) = (int (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_get_num_threads");
    void (*set)(int) = (void (*)(int))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
    if (!count || !set)
        return;
    for (int threads = 1; threads <= 2; threads++) {
        conceptdec_ctx *ctx = open_context(3);
        set(threads);
        for (int i = 0; i < SCENARIOS; i++)
            ck_assert_uint_ne(digest_of(ctx, i), 0);
        ck_assert_int_eq(count(), threads);
        conceptdec_ctx_free(ctx);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("good citizen");
    TCase *tests = tcase_create("guest");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, input_is_read_only, 0, SCENARIOS);
    tcase_add_test(tests, fork_before_and_after);
    tcase_add_test(tests, many_callers);
    tcase_add_loop_test(tests, host_lends_threads, 0, 2);
    tcase_add_loop_test(tests, environment_is_kept, 0, 2);
#if defined(__x86_64__)
    tcase_add_loop_test(tests, flush_to_zero, 0, 2);
#endif
    tcase_add_test(tests, silent);
    tcase_add_loop_test(tests, no_thread_too_many, 0, 3);
    tcase_add_loop_test(tests, decimal_comma, 0, 2);
    tcase_add_test(tests, blas_threads);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
