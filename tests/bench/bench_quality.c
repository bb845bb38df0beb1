/* Time and memory of embedding quality beside those of the two neighbour searches in it: bench_quality [n] [d] [k]
 * [threads]. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <conceptdec/conceptdec.h>

static double
seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Counts what is held; the size stands in front of each block. */
typedef struct {
    uint64_t held, most;
} meter;

static void *
take(void *user, uint64_t size)
{
    meter *m = user;
    char *block = malloc(size + 64);
    if (!block)
        return NULL;
    *(uint64_t *)(void *)block = size;
    m->held += size;
    m->most = m->held > m->most ? m->held : m->most;
    return block + 64;
}

static void
give(void *user, void *memory)
{
    char *block = (char *)memory - 64;
    ((meter *)user)->held -= *(uint64_t *)(void *)block;
    free(block);
}

static uint64_t state = 1;

static float
noise(void)
{
    double sum = -6;
    for (int i = 0; i < 4; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        sum += 3 * (double)(state >> 11) * 0x1p-53;
    }
    return (float)sum;
}

/* Variances that fall like 1 / i; the picture is the first two columns and a little noise. */
static void
fill(float *x, float *e, int64_t n, int64_t d)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < d; j++)
            x[i * d + j] = noise() / sqrtf(1 + (float)j);
        for (int64_t j = 0; j < 2; j++)
            e[i * 2 + j] = x[i * d + (j < d ? j : 0)] + 0.05f * noise();
    }
}

static int64_t
number(int argc, char **argv, int at, int64_t otherwise)
{
    return argc > at ? strtoll(argv[at], NULL, 10) : otherwise;
}

static conceptdec_matrix
view(const float *values, int64_t n, int64_t d)
{
    return (conceptdec_matrix){
        .data = values, .rows = n, .cols = d, .row_stride = 4 * d, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
}

static void
check(conceptdec_ctx *ctx, conceptdec_status status)
{
    if (status == CONCEPTDEC_OK)
        return;
    (void)fprintf(stderr, "%s\n", conceptdec_ctx_error(ctx));
    exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
    int64_t n = number(argc, argv, 1, 10000), d = number(argc, argv, 2, 1024), k = number(argc, argv, 3, 15);
    float *x = malloc((size_t)(n * d) * sizeof *x), *e = malloc((size_t)(n * 2) * sizeof *e);
    meter m = {0, 0};
    const conceptdec_ctx_options wishes = {.struct_size = sizeof wishes,
                                           .allocate = take,
                                           .release = give,
                                           .allocator_user = &m,
                                           .threads = (int32_t)number(argc, argv, 4, 0)};
    const conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = k};
    const conceptdec_quality_options o = {.struct_size = sizeof o, .ks = &k, .n_ks = 1};
    conceptdec_ctx *ctx = NULL;
    conceptdec_neighbors *table = NULL;
    conceptdec_result *result = NULL;
    const char *json = NULL;
    if (!x || !e || conceptdec_ctx_new(&wishes, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    fill(x, e, n, d);
    conceptdec_matrix views[] = {view(x, n, d), view(e, n, 2)};
    for (int i = 0; i < 2; i++) {
        double wall = seconds(CLOCK_MONOTONIC), work = seconds(CLOCK_PROCESS_CPUTIME_ID);
        check(ctx, conceptdec_neighbors_new(ctx, &views[i], NULL, &search, &table));
        conceptdec_neighbors_free(table);
        printf("neighbours in %s: %.2f s, %.2f s of all threads, %.0f MiB\n", i ? "the picture" : "x",
               seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - work, (double)m.most * 0x1p-20);
        m.most = m.held;
    }
    double wall = seconds(CLOCK_MONOTONIC), work = seconds(CLOCK_PROCESS_CPUTIME_ID);
    check(ctx, conceptdec_embedding_quality(ctx, &views[0], &views[1], &o, &result));
    printf("embedding quality: %.2f s, %.2f s of all threads, %.0f MiB\n", seconds(CLOCK_MONOTONIC) - wall,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - work, (double)m.most * 0x1p-20);
    check(ctx, conceptdec_result_json(result, &json));
    printf("%s\n", json);
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
    free(x);
    free(e);
    return EXIT_SUCCESS;
}
