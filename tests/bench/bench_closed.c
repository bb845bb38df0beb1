/* Times of probes in closed form with permuted labels: bench_closed [ridge|lda|means] [n] [d] [classes] [sets]
 * [lambdas] [leave: 0 folds, 1 rows, 2 groups] [threads]. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe/probe.h"

static double
seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint64_t state = 1;

static uint64_t
next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

static conceptdec_status
hear(void *argument, int64_t problem, const conceptdec_i_fit *fit, int lane)
{
    double *first = argument;
    (void)lane;
    first[problem] = fit->decision[0];
    return CONCEPTDEC_OK;
}

static void
fill_space(conceptdec_i_space *space, const int32_t *labels)
{
    float *z = space->z;
    for (int64_t i = 0; i < space->n; i++)
        for (int64_t j = 0; j < space->r; j++) {
            double noise = (double)(next() + next() + next()) * 0x1p-31 - 1.5;
            z[i * space->stride + j] = (float)(noise / sqrt(1 + (double)j) + 0.05 * sin((double)(labels[i] * 7 + j)));
        }
}

static int64_t
number(int argc, char **argv, int at, int64_t otherwise)
{
    return argc > at ? strtoll(argv[at], NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "ridge";
    int64_t n = number(argc, argv, 2, 10000), d = number(argc, argv, 3, 1024), classes = number(argc, argv, 4, 10);
    int64_t sets = number(argc, argv, 5, 1000), lambdas = number(argc, argv, 6, 10), leave = number(argc, argv, 7, 1);
    conceptdec_ctx_options ctx_options = {.struct_size = sizeof ctx_options,
                                          .threads = (int32_t)number(argc, argv, 8, 2)};
    conceptdec_probe_options options = {.struct_size = sizeof options, .memory = (int64_t)1 << 30};
    conceptdec_ctx *ctx;
    if (conceptdec_ctx_new(&ctx_options, &ctx) != CONCEPTDEC_OK)
        return 1;
    conceptdec_i_space space = {.ctx = ctx, .n = n, .d = d, .r = d, .stride = (d + 15) / 16 * 16};
    space.z = aligned_alloc(64, (size_t)(n * space.stride * 4));
    int32_t *labels = malloc((size_t)(sets * n) * 4), *group = malloc((size_t)n * 4);
    uint8_t *roles = malloc((size_t)(5 * n));
    memset(space.z, 0, (size_t)(n * space.stride * 4));
    for (int64_t i = 0; i < sets * n; i++)
        labels[i] = (int32_t)(next() % (uint64_t)classes);
    for (int64_t i = 0; i < n; i++)
        group[i] = (int32_t)(i % 100);
    fill_space(&space, labels);
    int64_t folds = leave == 0 ? 5 : 1, count = folds * sets * lambdas;
    for (int64_t i = 0; i < folds * n; i++)
        roles[i] = leave == 0 && i % n % folds == i / n ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
    conceptdec_i_problem *problems = malloc((size_t)count * sizeof *problems);
    double *first = malloc((size_t)count * 8);
    for (int64_t i = 0; i < count; i++)
        problems[i] = (conceptdec_i_problem){labels + i / lambdas % sets * n, roles + i / lambdas / sets * n,
                                             pow(10, -4 + 0.5 * (double)(i % lambdas))};
    conceptdec_i_fitting fitting = {.ctx = ctx, .space = &space, .options = &options, .group = group, .n_groups = 100,
                                    .classes = classes,
                                    .columns = classes == 2 ? 1 : classes, .leave = (int)leave, .n_problems = count,
                                    .problems = problems};
    conceptdec_i_solver solver = strcmp(kind, "lda") == 0     ? conceptdec_i_lda_fit
                                 : strcmp(kind, "means") == 0 ? conceptdec_i_means_fit
                                                              : conceptdec_i_ridge_fit;
    options.kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE;
    double wall = seconds(CLOCK_MONOTONIC), busy = seconds(CLOCK_PROCESS_CPUTIME_ID);
    conceptdec_status status = solver(&fitting, hear, first);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    busy = seconds(CLOCK_PROCESS_CPUTIME_ID) - busy;
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += first[i];
    printf(
        "%s n=%lld d=%lld classes=%lld sets=%lld lambdas=%lld leave=%lld: %.2f s, %.2f s of processor (%s, sum %.6f)\n",
        kind, (long long)n, (long long)d, (long long)classes, (long long)sets, (long long)lambdas, (long long)leave,
        wall, busy, status ? conceptdec_ctx_error(ctx) : "ok", sum);
    return status != CONCEPTDEC_OK;
}
