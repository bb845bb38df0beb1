/* The permutation null: the whole of it by the public interface, then its parts in cycles for each row and draw against
 * what their vector instructions alone would take (docs/null.md). Best of many runs, since other work on the machine
 * only ever adds time. Arguments: rows, draws, repeats. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/core.h"
#include "kernels/kernels.h"
#include "stats/permute.h"

enum { DIMS = 8, CLASSES = 10, DEPTH = 100, STEPS = 20000, WINDOW = 500, LANES = CONCEPTDEC_I_LANES };

#define SECONDS 0.5 /* for each part */

typedef struct bench {
    conceptdec_ctx *ctx;
    int64_t n, draws, repeats;
    double *x;
    int64_t *labels;
    conceptdec_matrix x_view, label_view;
    conceptdec_neighbors *table;
    int64_t ks[DEPTH];
    conceptdec_i_permute *plan;
    int32_t *neighbours; /* n x DEPTH */
    uint8_t *bytes;      /* n x 64 */
    void *scratch;
    int32_t ranks[DEPTH], n_ranks;
    int64_t first; /* row of the next votes */
    uint16_t credit[DEPTH * LANES];
    uint8_t votes[DEPTH * LANES], counts[CLASSES * LANES], rows[DEPTH * CONCEPTDEC_I_COUNTED * LANES];
    volatile int64_t sink;
} bench;

typedef void (*body)(bench *);

static void
check(const bench *b, conceptdec_status status)
{
    if (status == CONCEPTDEC_OK)
        return;
    fprintf(stderr, "%s\n", conceptdec_ctx_error(b->ctx));
    exit(EXIT_FAILURE);
}

static void *
take(size_t size)
{
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!memory)
        exit(EXIT_FAILURE);
    return memory;
}

static double
now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the whole ---- */

static void
score(bench *b, int64_t n_ks, int64_t draws)
{
    conceptdec_knn_options o = {.struct_size = sizeof o, .permutations = draws, .given = 1u << 9};
    conceptdec_result *result = NULL;
    o.k = n_ks == 1 ? 10 : 0;
    o.ks = n_ks == 1 ? NULL : b->ks;
    o.n_ks = n_ks == 1 ? 0 : n_ks;
    check(b, conceptdec_knn_decodability_neighbors(b->ctx, b->table, NULL, &b->label_view, &o, &result));
    conceptdec_result_free(result);
}

/* Least seconds on a clock with draws, less those without. */
static double
seconds_of_null(bench *b, clockid_t clock, int64_t n_ks, int64_t draws)
{
    double with = 1e9, without = 1e9;
    for (int64_t i = 0; i < b->repeats; i++) {
        const double start = now(clock);
        score(b, n_ks, 0);
        const double middle = now(clock);
        score(b, n_ks, draws);
        const double end = now(clock);
        without = middle - start < without ? middle - start : without;
        with = end - middle < with ? end - middle : with;
    }
    return with - without;
}

static void
report_whole(bench *b, int64_t n_ks)
{
    const double wall = seconds_of_null(b, CLOCK_MONOTONIC, n_ks, b->draws);
    const double work = seconds_of_null(b, CLOCK_PROCESS_CPUTIME_ID, n_ks, b->draws);
    printf("n %lld, %d classes, %s, %lld draws: %.3f s on %d threads; %.3f s of processor time\n", (long long)b->n,
           CLASSES, n_ks == 1 ? "k 10" : "k 1..100", (long long)b->draws, wall, conceptdec_i_lanes(b->ctx), work);
    fflush(stdout);
}

/* ---- the parts ---- */

static double
best_seconds(bench *b, body run)
{
    double best = 1e9;
    run(b);
    for (const double end = now(CLOCK_MONOTONIC) + SECONDS; now(CLOCK_MONOTONIC) < end;) {
        const double start = now(CLOCK_MONOTONIC);
        run(b);
        const double took = now(CLOCK_MONOTONIC) - start;
        best = took < best ? took : best;
    }
    return best;
}

/* A chain of additions takes one cycle for each. */
static void
run_cycles(bench *b)
{
    int64_t x = b->n;
    for (int i = 0; i < STEPS; i++) {
        x += 3;
        __asm__ volatile("" : "+r"(x));
    }
    b->sink = x;
}

static void
run_words(bench *b)
{
    static uint32_t words[128 * CONCEPTDEC_I_DRAWS];
    const uint32_t key[2] = {1, 2};
    for (uint32_t first = 0; first < b->n; first += 128)
        b->ctx->kernels->words(key, 2, 16, first / 4, 32, words);
    b->sink = words[0];
}

static void
run_deal(bench *b)
{
    check(b, conceptdec_i_permute_draw_16(b->plan, 0, b->scratch, b->bytes));
}

static void
run_votes(bench *b)
{
    const int32_t depth = b->ranks[b->n_ranks - 1];
    const int32_t first = (int32_t)(b->first = (b->first + WINDOW) % (b->n - WINDOW));
    for (int32_t i = first; i < first + WINDOW; i++) {
        const int32_t *next = b->neighbours + (i + 1 < b->n ? i + 1 : i) * (int64_t)DEPTH;
        for (int32_t p = 0; p < depth; p++)
            __builtin_prefetch(b->bytes + (int64_t)next[p] * LANES);
        b->ctx->kernels->votes(b->bytes, b->neighbours + i * (int64_t)DEPTH, i, b->ranks, b->n_ranks, CLASSES,
                               b->counts, b->votes);
        b->sink = b->ctx->kernels->tally(b->votes, b->n_ranks, b->credit, b->rows);
    }
}

static void
report(bench *b, const char *name, body run, double items, double limit, double hertz)
{
    const double cycles = best_seconds(b, run) * hertz / items;
    printf("  %-32s %7.2f cycles, limit %6.2f: %3.0f %%\n", name, cycles, limit, 100 * limit / cycles);
    fflush(stdout);
}

/* Instructions on vectors of 64 bytes, of which two start in a cycle. */
static void
report_parts(bench *b)
{
    const double hertz = STEPS / best_seconds(b, run_cycles), rows = (double)b->n, bounds = CLASSES - 1;
    const double words = 128.0 / 64 / 2, deal = words + (12 + 3 * bounds) / 16 / 2;
    const double one = (2 * 45 + 10 * 7 + 2 + 8) / 64.0 / 2, all = 100 * (3.0 * CLASSES + 7 + 2 + 8) / 64 / 2;
    printf("%s, %.2f GHz; for each row and draw:\n", b->ctx->kernels->name, 1e-9 * hertz);
    report(b, "words", run_words, rows * CONCEPTDEC_I_DRAWS, words, hertz);
    report(b, "labels (with words)", run_deal, rows * CONCEPTDEC_I_DRAWS, deal, hertz);
    for (int d = 0; d < LANES; d += 16)
        check(b, conceptdec_i_permute_draw_16(b->plan, d, b->scratch, b->bytes + d));
    b->ranks[0] = 10;
    b->n_ranks = 1;
    report(b, "votes, k 10", run_votes, WINDOW * LANES, one, hertz);
    for (int i = 0; i < DEPTH; i++)
        b->ranks[i] = i + 1;
    b->n_ranks = DEPTH;
    report(b, "votes, k 1..100", run_votes, WINDOW * LANES, all, hertz);
    printf("limit for 10,000 draws at n 20,000 on two cores: k 10 %.3f s, k 1..100 %.3f s\n",
           2e8 * (deal + one) / hertz / 2, 2e8 * (deal + all) / hertz / 2);
}

/* ---- the problem ---- */

static void
fill(bench *b)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 1, CONCEPTDEC_I_RNG_SAMPLE, 0);
    b->x = take((size_t)b->n * DIMS * sizeof *b->x);
    b->labels = take((size_t)b->n * sizeof *b->labels);
    for (int64_t i = 0; i < b->n * DIMS; i++)
        b->x[i] = conceptdec_i_rng_unit(&rng);
    for (int64_t i = 0; i < b->n; i++)
        b->labels[i] = (int64_t)conceptdec_i_rng_below(&rng, CLASSES);
    b->x_view = (conceptdec_matrix){
        .data = b->x, .rows = b->n, .cols = DIMS, .row_stride = DIMS * 8, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    b->label_view = (conceptdec_matrix){
        .data = b->labels, .rows = b->n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static void
prepare(bench *b)
{
    conceptdec_neighbors_options options = {.struct_size = sizeof options, .k = DEPTH};
    conceptdec_array indices;
    fill(b);
    check(b, conceptdec_neighbors_new(b->ctx, &b->x_view, NULL, &options, &b->table));
    check(b, conceptdec_neighbors_get(b->table, "indices", &indices));
    b->neighbours = take((size_t)b->n * DEPTH * sizeof *b->neighbours);
    for (int64_t i = 0; i < b->n * DEPTH; i++)
        b->neighbours[i] = (int32_t)((const int64_t *)indices.data)[i];
    for (int64_t i = 0; i < DEPTH; i++)
        b->ks[i] = i + 1;
    check(b, conceptdec_i_permute_new(b->ctx, CONCEPTDEC_PERMUTE_FREE, b->n, b->labels, NULL, 1, &b->plan));
    b->bytes = take((size_t)b->n * LANES);
    b->scratch = take((size_t)conceptdec_i_permute_scratch(b->plan));
}

int
main(int argc, char **argv)
{
    static bench b;
    b.n = argc > 1 ? atoll(argv[1]) : 20000;
    b.draws = argc > 2 ? atoll(argv[2]) : 1000;
    b.repeats = argc > 3 ? atoll(argv[3]) : 5;
    if (b.n <= 2 * WINDOW || b.draws < 1 || b.repeats < 1)
        return EXIT_FAILURE;
    check(&b, conceptdec_ctx_new(NULL, &b.ctx));
    prepare(&b);
    report_parts(&b);
    report_whole(&b, 1);
    report_whole(&b, DEPTH);
    conceptdec_i_permute_free(b.ctx, b.plan);
    conceptdec_neighbors_free(b.table);
    conceptdec_ctx_free(b.ctx);
    free(b.x);
    free(b.labels);
    free(b.neighbours);
    free(b.bytes);
    free(b.scratch);
    return EXIT_SUCCESS;
}
