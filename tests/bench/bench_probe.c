/* bench_probe [THREADS [DIMS [COLUMNS]]]: speed of the passes that fits of linear probes consist of, as a share of what
 * multiply-adds alone would take, with rows that are packed as they come or kept, and, without DIMS, of fits. Times are
 * of the processor, all threads together. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/kernels.h"
#include "linalg/passes.h"
#include "linalg/tiles.h"
#include "probe/probe.h"

static double
cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
insist(conceptdec_ctx *ctx, conceptdec_status status)
{
    if (status == CONCEPTDEC_OK)
        return;
    fprintf(stderr, "%s\n", conceptdec_ctx_error(ctx));
    exit(EXIT_FAILURE);
}

/* 10^9 operations a second of panel products whose operands stay in the cache. */
static double
panel_rate(const conceptdec_ctx *ctx, int precision)
{
    enum { DEPTH = 256, HIGH = 64, WIDE = 96 };
    const conceptdec_i_kernels *k = ctx->kernels;
    static _Alignas(64) double a[DEPTH * HIGH], b[DEPTH * WIDE], c[HIGH * WIDE];
    double best = 1e9;
    for (int round = 0; round < 200; round++) {
        double start = cpu_seconds();
        for (int64_t j = 0; j < WIDE; j += precision == CONCEPTDEC_I_TILE_F32 ? k->nr_f32 : k->nr_f64)
            for (int64_t i = 0; i < HIGH; i += precision == CONCEPTDEC_I_TILE_F32 ? k->mr_f32 : k->mr_f64)
                if (precision == CONCEPTDEC_I_TILE_F32)
                    k->panel_f32(DEPTH, (float *)a + i * DEPTH, (float *)b + j * DEPTH, (float *)c + j * HIGH + i, HIGH,
                                 1);
                else
                    k->panel_f64(DEPTH, a + i * DEPTH, b + j * DEPTH, c + j * HIGH + i, HIGH, 1);
        double took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    return 2e-9 * DEPTH * HIGH * WIDE / best;
}

static conceptdec_status
leave(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    (void)argument;
    (void)chunk;
    (void)lane;
    return CONCEPTDEC_OK;
}

static void
fill(float *x, int64_t n)
{
    uint32_t state = 1;
    for (int64_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        x[i] = (float)(int32_t)state * 0x1p-31f;
    }
}

static void
report_pass(conceptdec_ctx *ctx, const float *z, const double *w, double *g, int64_t n, int64_t dims, int64_t columns,
            int precision, bool keeps, double peak)
{
    conceptdec_i_arena arena;
    conceptdec_i_passes passes;
    conceptdec_i_rows rows = {.data = z, .dims = dims, .stride = dims, .n = n};
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_kept kept;
    insist(ctx, conceptdec_i_passes_open(&arena, dims, columns, columns, &passes));
    if (keeps) {
        insist(ctx, conceptdec_i_passes_keep(&arena, &passes, &rows, precision, &kept));
        rows.kept = &kept;
    }
    const double *from[256];
    double *to[256], best = 1e9;
    for (int64_t j = 0; j < columns; j++) {
        from[j] = w + j * dims;
        to[j] = g + j * dims;
    }
    for (double until = cpu_seconds() + 0.6; cpu_seconds() < until;) {
        double start = cpu_seconds();
        insist(ctx, conceptdec_i_passes_run(&passes, &rows, precision, columns, from, to, leave, NULL));
        double took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    double rate = 4e-9 * (double)n * (double)dims * (double)columns / best;
    printf("%s dims %4d columns %3d%s: %8.2f ms, %6.1f GFLOP/s, %5.1f %% of the panels'\n",
           precision == CONCEPTDEC_I_TILE_F32 ? "f32" : "f64", (int)dims, (int)columns, keeps ? ", kept" : "",
           1e3 * best, rate, 100 * rate / peak);
    conceptdec_i_arena_close(&arena);
}

/* Of all shapes, or (not 0) of one. */
static void
report_passes(conceptdec_ctx *ctx, int64_t only_dims, int64_t only_columns)
{
    enum { N = 8192, DIMS = 4096, COLUMNS = 256 };
    static const int64_t dims[] = {64, 256, 1024, 4096}, columns[] = {1, 10, 24, 50, 100, 256};
    float *z = aligned_alloc(64, sizeof(float) * N * DIMS);
    double *w = calloc(COLUMNS * DIMS, sizeof *w), *g = calloc(COLUMNS * DIMS, sizeof *g);
    if (!z || !w || !g)
        exit(EXIT_FAILURE);
    fill(z, (int64_t)N * DIMS);
    for (int64_t i = 0; i < COLUMNS * DIMS; i++)
        w[i] = (double)(i % 13) - 6;
    for (int precision = CONCEPTDEC_I_TILE_F32; precision <= CONCEPTDEC_I_TILE_F64; precision++) {
        double peak = panel_rate(ctx, precision);
        printf("panels: %.1f GFLOP/s\n", peak);
        for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
            for (size_t c = 0; c < 2 * sizeof columns / sizeof *columns; c++)
                if ((!only_dims || dims[d] == only_dims) && (!only_columns || columns[c / 2] == only_columns))
                    report_pass(ctx, z, w, g, N, dims[d], columns[c / 2], precision, c % 2, peak);
    }
    free(z);
    free(w);
    free(g);
}

/* ---- fits ---- */

typedef struct {
    int64_t n, dims, classes, folds, draws;
    int64_t n_lambdas;
    const double *lambdas;
} job;

static conceptdec_i_rng rng;

static double
normal(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += conceptdec_i_rng_unit(&rng);
    return sum - 6;
}

/* Spreads that fall as a power of the dimension's number, and four massive dimensions. */
static void
fill_rows(const job *j, float *z, int32_t *labels)
{
    double *mean = calloc((size_t)(j->classes * j->dims), sizeof *mean);
    if (!mean)
        exit(EXIT_FAILURE);
    for (int64_t i = 0; i < j->classes * j->dims; i++)
        mean[i] = 0.3 * normal();
    for (int64_t i = 0; i < j->n; i++) {
        labels[i] = (int32_t)conceptdec_i_rng_below(&rng, (uint64_t)j->classes);
        for (int64_t k = 0; k < j->dims; k++)
            z[i * j->dims + k] =
                (float)((normal() + mean[labels[i] * j->dims + k]) / sqrt(1 + (double)k) * (k < 4 ? 50 : 1));
    }
    free(mean);
}

typedef struct {
    int64_t steps, failures;
} tally;

static conceptdec_status
hear(void *argument, int64_t problem, const conceptdec_i_fit *fit, int lane)
{
    tally *t = (tally *)argument + lane;
    (void)problem;
    t->steps += fit->iterations;
    t->failures += !fit->converged;
    return CONCEPTDEC_OK;
}

/* Each fold under each penalty, with the labels and with permutations of them. */
static conceptdec_i_problem *
make_problems(const job *j, int32_t *labels, uint8_t *roles)
{
    conceptdec_i_problem *problems = calloc((size_t)(j->folds * j->n_lambdas * (j->draws + 1)), sizeof *problems),
                         *at = problems;
    if (!problems)
        exit(EXIT_FAILURE);
    for (int64_t draw = 1; draw <= j->draws; draw++) {
        memcpy(labels + draw * j->n, labels, (size_t)j->n * sizeof *labels);
        conceptdec_i_rng_shuffle(&rng, labels + draw * j->n, j->n);
    }
    for (int64_t fold = 0; fold < j->folds; fold++) {
        for (int64_t i = 0; i < j->n; i++)
            roles[fold * j->n + i] =
                j->folds > 1 && i % j->folds == fold ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
        for (int64_t l = 0; l < j->n_lambdas; l++)
            for (int64_t draw = 0; draw <= j->draws; draw++)
                *at++ = (conceptdec_i_problem){
                    .labels = labels + draw * j->n, .role = roles + fold * j->n, .lambda = j->lambdas[l]};
    }
    return problems;
}

static void
report_fits(conceptdec_ctx *ctx, const job *j)
{
    float *z = aligned_alloc(64, (size_t)(j->n * j->dims) * sizeof *z);
    int32_t *labels = calloc((size_t)(j->n * (j->draws + 1)), sizeof *labels);
    uint8_t *roles = calloc((size_t)(j->n * j->folds), 1);
    tally *tallies = calloc((size_t)conceptdec_i_lanes(ctx), sizeof *tallies), sum = {0};
    if (!z || !labels || !roles || !tallies)
        exit(EXIT_FAILURE);
    conceptdec_i_rng_start(&rng, 1, CONCEPTDEC_I_RNG_SAMPLE, 0);
    fill_rows(j, z, labels);
    conceptdec_i_problem *problems = make_problems(j, labels, roles);
    const conceptdec_probe_options options = {.tolerance = 1e-12, .max_iterations = 100, .memory = INT64_C(1) << 30};
    const conceptdec_i_space space = {.ctx = ctx, .n = j->n, .d = j->dims, .r = j->dims, .stride = j->dims, .z = z};
    const conceptdec_i_fitting fitting = {.ctx = ctx,
                                          .space = &space,
                                          .options = &options,
                                          .classes = j->classes,
                                          .columns = j->classes > 2 ? j->classes : 1,
                                          .problems = problems,
                                          .n_problems = j->folds * j->n_lambdas * (j->draws + 1)};
    const double start = cpu_seconds();
    insist(ctx, conceptdec_i_logistic_fit(&fitting, hear, tallies));
    const double took = cpu_seconds() - start;
    for (int lane = 0; lane < conceptdec_i_lanes(ctx); lane++) {
        sum.steps += tallies[lane].steps;
        sum.failures += tallies[lane].failures;
    }
    printf("%d x %d, %d classes: %d fits in %.2f s, %.1f Newton steps each, %d not converged\n", (int)j->n,
           (int)j->dims, (int)j->classes, (int)fitting.n_problems, took, (double)sum.steps / (double)fitting.n_problems,
           (int)sum.failures);
    free(z);
    free(labels);
    free(roles);
    free(tallies);
    free(problems);
}

static void
report_jobs(conceptdec_ctx *ctx)
{
    static const double lambdas[] = {1e-4, 1, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-5};
    const job jobs[] = {
        {10000, 1024, 10, 1, 0, 1, lambdas},
        {10000, 1024, 2, 1, 0, 1, lambdas},
        {10000, 1024, 10, 5, 0, 10, lambdas},
        {10000, 4096, 10, 5, 20, 1, lambdas},
    };
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        report_fits(ctx, &jobs[i]);
}

int
main(int argc, char **argv)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = argc > 1 ? atoi(argv[1]) : 1};
    conceptdec_ctx *ctx;
    if (conceptdec_ctx_new(&options, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 3)
        report_jobs(ctx);
    report_passes(ctx, argc > 2 ? atoi(argv[2]) : 0, argc > 3 ? atoi(argv[3]) : 0);
    conceptdec_ctx_free(ctx);
    return EXIT_SUCCESS;
}
