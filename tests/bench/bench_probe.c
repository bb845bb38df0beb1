/* Speed of the passes that fits of linear probes consist of, as a share of what multiply-adds alone would take. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/kernels.h"
#include "linalg/passes.h"
#include "linalg/tiles.h"

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
                    k->panel_f32(DEPTH, (float *)a + i * DEPTH, (float *)b + j * DEPTH, (float *)c + j * HIGH + i, HIGH, 1);
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
            int precision, double peak)
{
    conceptdec_i_arena arena;
    conceptdec_i_passes passes;
    conceptdec_i_rows rows = {.data = z, .dims = dims, .stride = dims, .n = n};
    conceptdec_i_arena_open(&arena, ctx);
    insist(ctx, conceptdec_i_passes_open(&arena, dims, columns, columns, &passes));
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
    printf("%s dims %4d columns %3d: %8.2f ms, %6.1f GFLOP/s, %5.1f %% of the panels'\n",
           precision == CONCEPTDEC_I_TILE_F32 ? "f32" : "f64", (int)dims, (int)columns, 1e3 * best, rate, 100 * rate / peak);
    conceptdec_i_arena_close(&arena);
}

static void
report_passes(conceptdec_ctx *ctx)
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
            for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
                report_pass(ctx, z, w, g, N, dims[d], columns[c], precision, peak);
    }
    free(z);
    free(w);
    free(g);
}

int
main(int argc, char **argv)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = argc > 1 ? atoi(argv[1]) : 1};
    conceptdec_ctx *ctx;
    if (conceptdec_ctx_new(&options, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    report_passes(ctx);
    conceptdec_ctx_free(ctx);
    return EXIT_SUCCESS;
}
