/* Cost of a row that is pushed, in time of the thread that pushes.
 * bench_accumulate [D [ROWS [ROUNDS]]]: counts, means, variances and 100 rows of each of 10 classes, in one layer and
 * in 33 in turn, for each dtype; then scatter matrices, beside the rate of products that the processor reaches (an FMA
 * probe). Least of the rounds. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/core.h"
#include "kernels/kernels.h"

enum { CLASSES = 10, KEPT = 100, SOURCES = 64, LAYERS = 33, MOST_THREADS = 8 };

typedef struct job {
    conceptdec_accumulator *a;
    const char *rows;
    int64_t d, size, layers, count;
    uint64_t seed;
    double seconds;
} job;

static void
insist(bool is_fine, const char *text)
{
    if (is_fine)
        return;
    fprintf(stderr, "%s\n", text);
    exit(EXIT_FAILURE);
}

static double
now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t
next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Numbers of about 1; bits of every dtype. */
static void
fill(int32_t dtype, int64_t count, char *rows)
{
    uint64_t state = 1;
    for (int64_t i = 0; i < count; i++) {
        const float value = (float)((double)next(&state) * 0x1p-30 - 1);
        const uint16_t half = (uint16_t)((next(&state) & 0x8000) | (0x3000 + next(&state) % 0x0d00));
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        const uint16_t upper = (uint16_t)(bits >> 16);
        if (dtype == CONCEPTDEC_FLOAT32)
            memcpy(rows + 4 * i, &value, sizeof value);
        else
            memcpy(rows + 2 * i, dtype == CONCEPTDEC_FLOAT16 ? &half : &upper, sizeof half);
    }
}

/* A row of every layer in turn, all of one class. */
static void *
push(void *argument)
{
    job *j = argument;
    const double start = now(CLOCK_THREAD_CPUTIME_ID);
    int64_t label = 0;
    for (int64_t i = 0; i < j->count; i++) {
        if (i % j->layers == 0)
            label = (int64_t)(next(&j->seed) % CLASSES);
        if (conceptdec_accumulator_add(j->a, i % j->layers, j->rows + i % SOURCES * j->d * j->size, label) !=
            CONCEPTDEC_OK)
            insist(false, conceptdec_accumulator_error(j->a));
    }
    j->seconds = now(CLOCK_THREAD_CPUTIME_ID) - start;
    return NULL;
}

static conceptdec_accumulator *
make(conceptdec_ctx *ctx, int64_t d, int64_t layers, int32_t dtype, int32_t moments, uint64_t producer)
{
    int64_t dims[LAYERS];
    conceptdec_accumulator *a;
    const conceptdec_accumulator_options o = {
        .struct_size = sizeof o, .reservoir = KEPT, .producer = producer, .dtype = dtype, .moments = moments};
    for (int64_t i = 0; i < layers; i++)
        dims[i] = d;
    insist(conceptdec_accumulator_new(ctx, dims, layers, CLASSES, &o, &a) == CONCEPTDEC_OK, conceptdec_ctx_error(ctx));
    return a;
}

/* Microseconds of a row: of the threads' own time, and on the clock. */
static void
measure(conceptdec_ctx *ctx, job j, int32_t dtype, int32_t moments, int threads, double *own, double *wall)
{
    pthread_t thread[MOST_THREADS];
    job jobs[MOST_THREADS];
    char *rows = malloc((size_t)(SOURCES * j.d * j.size));
    insist(rows != NULL, "no memory");
    fill(dtype, SOURCES * j.d, rows);
    for (int t = 0; t < threads; t++) {
        jobs[t] = j;
        jobs[t].rows = rows;
        jobs[t].seed = (uint64_t)t + 1;
        jobs[t].a = make(ctx, j.d, j.layers, dtype, moments, (uint64_t)t);
    }
    const double start = now(CLOCK_MONOTONIC);
    for (int t = 0; t < threads; t++)
        insist(pthread_create(&thread[t], NULL, push, &jobs[t]) == 0, "no thread");
    *own = 0;
    for (int t = 0; t < threads; t++) {
        pthread_join(thread[t], NULL);
        *own += jobs[t].seconds * 1e6 / (double)(j.count * threads);
    }
    *wall = (now(CLOCK_MONOTONIC) - start) * 1e6 / (double)(j.count * threads);
    for (int t = 0; t < threads; t++)
        conceptdec_accumulator_free(jobs[t].a);
    free(rows);
}

/* Products of doubles a second, as the kernel of products reaches them in a first-level cache. */
static double
peak(const conceptdec_i_kernels *k)
{
    enum { DEPTH = 128 };
    double *memory = aligned_alloc(64, 1 << 20), best = 0;
    insist(memory != NULL, "no memory");
    memset(memory, 0, 1 << 20);
    for (int round = 0; round < 20; round++) {
        const double start = now(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < 2000; i++)
            k->panel_f64(DEPTH, memory, memory + DEPTH * 32, memory + DEPTH * 64, 64, 1);
        const double rate = 2000.0 * DEPTH * k->mr_f64 * k->nr_f64 / (now(CLOCK_THREAD_CPUTIME_ID) - start);
        best = rate > best ? rate : best;
    }
    free(memory);
    return best;
}

static void
report(conceptdec_ctx *ctx, const char *name, job j, int32_t dtype, int32_t moments, int threads, int rounds)
{
    double own = 1e9, wall = 1e9;
    for (int r = 0; r < rounds; r++) {
        double o, w;
        measure(ctx, j, dtype, moments, threads, &o, &w);
        own = o < own ? o : own;
        wall = w < wall ? w : wall;
    }
    printf("| %s | %lld | %d | %lld | %.2f | %.2f |", name, (long long)j.layers, threads, (long long)j.count, own,
           wall);
    if (moments != CONCEPTDEC_ACCUMULATE_VARIANCES)
        printf(" %.0f %%", 100 * (double)(j.d * (j.d + 1) / 2) / (own * 1e-6) / peak(ctx->kernels));
    printf("\n");
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int32_t dtype;
        int64_t size;
    } types[] = {
        {"float16", CONCEPTDEC_FLOAT16, 2}, {"bfloat16", CONCEPTDEC_BFLOAT16, 2}, {"float32", CONCEPTDEC_FLOAT32, 4}};
    const int64_t d = argc > 1 ? atoll(argv[1]) : 4096, rows = argc > 2 ? atoll(argv[2]) : 1000000;
    const int rounds = argc > 3 ? atoi(argv[3]) : 3;
    conceptdec_ctx *ctx;
    insist(d >= 1 && rows >= 1 && rounds >= 1, "bench_accumulate [D [ROWS [ROUNDS]]]");
    insist(conceptdec_ctx_new(NULL, &ctx) == CONCEPTDEC_OK, "no context");
    printf("d = %lld, kernels %s, products of doubles %.1f G/s\n\n", (long long)d, ctx->kernels->name,
           peak(ctx->kernels) * 1e-9);
    printf("| rows | layers | threads | rows a thread | us of a thread a row | us on the clock a row | of the products "
           "|\n");
    printf("|---|---|---|---|---|---|---|\n");
    for (size_t t = 0; t < 3; t++)
        for (int64_t layers = 1; layers <= LAYERS; layers += LAYERS - 1) {
            const job j = {.d = d, .size = types[t].size, .layers = layers, .count = rows};
            report(ctx, types[t].name, j, types[t].dtype, CONCEPTDEC_ACCUMULATE_VARIANCES, 1, rounds);
        }
    const job j = {.d = d, .size = 2, .layers = 1, .count = rows / 122 / 512 * 512 + 512};
    report(ctx, "float16, pooled scatter", j, CONCEPTDEC_FLOAT16, CONCEPTDEC_ACCUMULATE_POOLED, 1, rounds);
    report(ctx, "float16, pooled scatter", j, CONCEPTDEC_FLOAT16, CONCEPTDEC_ACCUMULATE_POOLED, 2, rounds);
    conceptdec_ctx_free(ctx);
    return 0;
}
