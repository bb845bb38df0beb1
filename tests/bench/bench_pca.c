/* Time of leading principal components by the block Krylov solver alone: the mean is given.
 * bench_pca [N D [COMPONENTS [TOLERANCE [BLOCK [FILE]]]]]: rows from a file of N x D float32 after a header of 128
 * bytes, as .npy has it, or made with variances that fall as 1 / rank. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "linalg/krylov.h"

#define ROUNDS 3
#define HEADER 128

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
insist(bool is_fine, const char *text)
{
    if (is_fine)
        return;
    fprintf(stderr, "%s\n", text);
    exit(EXIT_FAILURE);
}

static void
read_rows(const char *path, float *x, size_t count)
{
    FILE *file = fopen(path, "rb");
    insist(file && fseek(file, HEADER, SEEK_SET) == 0 && fread(x, sizeof *x, count, file) == count, path);
    fclose(file);
}

/* Sums of 4 uniform numbers are normal enough. */
static void
make_rows(int64_t n, int64_t d, float *x)
{
    uint64_t state = 1;
    for (int64_t i = 0; i < n * d; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double sum = 0;
        for (int part = 0; part < 4; part++)
            sum += (double)(state >> 16 * part & 0xffff) / 0x1p16 - 0.5;
        x[i] = (float)(sum / sqrt((double)(i % d + 1)));
    }
}

static void
take_means(int64_t n, int64_t d, const float *x, double *mean)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            mean[j] += (double)x[i * d + j] / (double)n;
}

static void
measure(conceptdec_ctx *ctx, const conceptdec_i_krylov_problem *problem)
{
    for (int round = 0; round < ROUNDS; round++) {
        conceptdec_i_arena arena;
        conceptdec_i_krylov_answer answer;
        conceptdec_i_arena_open(&arena, ctx);
        double start = now();
        insist(conceptdec_i_krylov(&arena, problem, &answer) == CONCEPTDEC_OK, conceptdec_ctx_error(ctx));
        double took = now() - start, worst = 0;
        for (int64_t k = 0; k < problem->components; k++)
            worst = fmax(worst, answer.residuals[k]);
        printf("%8.3f s  %lld products, largest residual %.1e, values %.5g .. %.5g%s\n", took,
               (long long)answer.iterations, worst, answer.values[0], answer.values[problem->components - 1],
               answer.converged ? "" : ", not converged");
        conceptdec_i_arena_close(&arena);
    }
}

int
main(int count, char **arguments)
{
    const int64_t n = count > 2 ? atoll(arguments[1]) : 10000, d = count > 2 ? atoll(arguments[2]) : 1024;
    conceptdec_ctx *ctx = NULL;
    float *x = malloc((size_t)(n * d) * sizeof *x);
    double *mean = calloc((size_t)d, sizeof *mean);
    insist(x && mean && conceptdec_ctx_new(NULL, &ctx) == CONCEPTDEC_OK, "no memory");
    if (count > 6)
        read_rows(arguments[6], x, (size_t)(n * d));
    else
        make_rows(n, d, x);
    take_means(n, d, x, mean);
    conceptdec_matrix view = {
        .data = x, .rows = n, .cols = d, .row_stride = 4 * d, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_i_krylov_problem problem = {.rows = &view,
                                           .mean = mean,
                                           .divisor = (double)(n - 1),
                                           .dims = d,
                                           .components = count > 3 ? atoll(arguments[3]) : 50,
                                           .tolerance = count > 4 ? atof(arguments[4]) : 1e-5,
                                           .block = count > 5 ? atoll(arguments[5]) : 0,
                                           .max_iterations = 40,
                                           .memory = (int64_t)1 << 29};
    measure(ctx, &problem);
    conceptdec_ctx_free(ctx);
    free(x);
    free(mean);
    return 0;
}
