/* citizen LIBRARY: loads the library and makes every kind of call, and holds that the process is left as it was: the
 * floating-point environment, signal handlers, BLAS threads, and not one byte on stdout or stderr. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <conceptdec/conceptdec.h>

#define CALL(name) ((__typeof__(&name))find(#name))

typedef struct process_state {
    int rounding;
    int exceptions; /* those that trap */
    unsigned vector_control;
    int blas_threads;
    struct sigaction handlers[65];
} process_state;

static void *library, *blas;
static FILE *report;

static void *
find(const char *name)
{
    void *symbol = dlsym(library, name);
    if (!symbol) {
        fprintf(report, "no symbol %s\n", name);
        exit(1);
    }
    return symbol;
}

static void
look(process_state *state)
{
    memset(state, 0, sizeof *state);
    state->rounding = fegetround();
    state->exceptions = fegetexcept();
#if defined(__x86_64__)
    state->vector_control = __builtin_ia32_stmxcsr() & ~0x3fu; /* without the sticky flags */
#endif
    int (*threads)(void) = blas ? (int (*)(void))dlsym(blas, "openblas_get_num_threads") : NULL;
    state->blas_threads = threads ? threads() : 0;
    for (int number = 1; number < 65; number++)
        sigaction(number, NULL, &state->handlers[number]);
}

static int
differs(const process_state *before, const char *when)
{
    process_state now;
    look(&now);
    int wrong = 0;
#define HOLD(what)                                                                                                     \
    if (now.what != before->what)                                                                                      \
        wrong = fprintf(report, "%s: " #what " was %lx and is %lx\n", when, (long)before->what, (long)now.what)
    HOLD(rounding);
    HOLD(exceptions);
    HOLD(vector_control);
    HOLD(blas_threads);
    for (int number = 1; number < 65; number++)
        if (now.handlers[number].sa_handler != before->handlers[number].sa_handler)
            wrong = fprintf(report, "%s: handler of signal %d has changed\n", when, number);
    return wrong != 0;
}

static int32_t
go_on(void *user, const conceptdec_progress *progress)
{
    (void)user;
    return progress->done >= 0;
}

/* Every kind of call, the failing kind included; returns the number that did not go as they should. */
static int
make_calls(void)
{
    enum { ROWS = 96, COLS = 17 };
    static double data[ROWS][COLS];
    static int32_t classes[ROWS];
    for (int i = 0; i < ROWS; i++) {
        classes[i] = i % 3;
        for (int j = 0; j < COLS; j++)
            data[i][j] = (i * 7919 + j * 104729) % 1009 + 500.0 * (j == classes[i]);
    }
    conceptdec_matrix x = {.data = data, .rows = ROWS, .cols = COLS, .row_stride = sizeof data[0],
                           .col_stride = sizeof(double), .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_matrix y = {.data = classes, .rows = ROWS, .cols = 1, .row_stride = 4, .col_stride = 4,
                           .dtype = CONCEPTDEC_INT32};
    conceptdec_ctx_options ctx_options = {.struct_size = sizeof ctx_options, .progress = go_on, .threads = 3};
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = 5, .permutations = 20, .bootstrap = 20};
    conceptdec_sweep_options grid = {.struct_size = sizeof grid, .knn = &options};
    conceptdec_matrix views[] = {x, x};
    char path[] = "/tmp/conceptdec-citizen-XXXXXX";
    int handle = mkstemp(path);
    if (handle >= 0)
        close(handle);
    conceptdec_ctx *ctx = NULL;
    conceptdec_neighbors *table = NULL, *loaded = NULL;
    conceptdec_result *one = NULL, *many = NULL, *none = NULL;
    const char *json = NULL;
    int wrong = CALL(conceptdec_ctx_new)(&ctx_options, &ctx) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_ctx_build_info)(ctx, &json) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_neighbors_new)(ctx, &x, NULL, NULL, &table) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_neighbors_save)(ctx, table, path) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_neighbors_load)(ctx, path, &loaded) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_knn_decodability)(ctx, &x, &y, &options, &one) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_result_json)(one, &json) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_sweep)(ctx, views, 2, &y, &grid, &many) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_result_json)(many, &json) != CONCEPTDEC_OK;
    wrong += CALL(conceptdec_neighbors_load)(ctx, "/nonexistent/table", &loaded) != CONCEPTDEC_EIO;
    x.cols = -1;
    wrong += CALL(conceptdec_knn_decodability)(ctx, &x, &y, &options, &none) != CONCEPTDEC_ESIZE;
    x.cols = COLS;
    data[40][3] = 1e308 * 10;
    wrong += CALL(conceptdec_knn_decodability)(ctx, &x, &y, &options, &none) != CONCEPTDEC_ENONFINITE;
    CALL(conceptdec_result_free)(one);
    CALL(conceptdec_result_free)(many);
    CALL(conceptdec_neighbors_free)(table);
    CALL(conceptdec_neighbors_free)(loaded);
    CALL(conceptdec_ctx_free)(ctx);
    unlink(path);
    return wrong;
}

int
main(int argc, char **argv)
{
    report = fdopen(dup(1), "w");
    FILE *captured = tmpfile();
    if (argc != 2 || !report || !captured)
        return 2;
    dup2(fileno(captured), 1);
    dup2(fileno(captured), 2);
    blas = dlopen("libopenblas.so.0", RTLD_NOW); /* so that its threads can be counted before and after */
    process_state before;
    look(&before);
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(report, "%s\n", dlerror());
        return 1;
    }
    int failed = differs(&before, "after loading");
    int wrong = make_calls();
    if (wrong)
        failed = fprintf(report, "%d calls did not return what they should\n", wrong) > 0;
    failed |= differs(&before, "after the calls");
    fflush(NULL);
    struct stat written;
    if (fstat(fileno(captured), &written) != 0 || written.st_size != 0)
        failed = fprintf(report, "%ld bytes were written to stdout or stderr\n", (long)written.st_size) > 0;
    fflush(report);
    return failed;
}
