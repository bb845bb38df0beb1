/* Parts of UMAP against values worked out by hand. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "check_main.h"
#include "core/core.h"
#include "projection/umap.h"

static const conceptdec_i_membership plain = {.local_connectivity = 1, .mean = 1};

/* Distances 0, 1, 1, 2, 4: rho is 1, and 3 + exp(-1 / s) + exp(-3 / s) is above log2(5) for every s. */
START_TEST(no_scale_is_small_enough)
{
    const double distance[] = {0, 1, 1, 2, 4};
    double weight[5], rho, sigma;
    conceptdec_i_membership_row(&plain, distance, 5, weight, &rho, &sigma);
    ck_assert(rho == 1);
    ck_assert_double_eq_tol(sigma, 1e-3 * 8 / 5, 1e-15); /* a thousandth of the mean */
    ck_assert(weight[0] == 1 && weight[2] == 1 && weight[3] < 1e-200 && weight[4] == 0);
}
END_TEST

/* Two neighbours beyond the first at the same distance: 1 + 2 exp(-1 / s) = log2(3), s = 1 / log(2 / (log2(3) - 1)). */
START_TEST(scale_of_three)
{
    const double distance[] = {1, 2, 2};
    double weight[3], rho, sigma;
    conceptdec_i_membership_row(&plain, distance, 3, weight, &rho, &sigma);
    ck_assert_double_eq_tol(sigma, 1 / log(2 / (log2(3) - 1)), 1e-9);
    ck_assert_double_eq_tol(weight[1], (log2(3) - 1) / 2, 1e-9);
    /* With the sample itself counted the sum is log2(4). */
    const conceptdec_i_membership counted = {.local_connectivity = 1, .is_self_counted = true, .mean = 1};
    conceptdec_i_membership_row(&counted, distance, 3, weight, &rho, &sigma);
    ck_assert_double_eq_tol(weight[1], 0.5, 1e-9);
}
END_TEST

START_TEST(connectivity_between_neighbours)
{
    static const struct {
        double connectivity, rho;
    } cases[] = {{0, 0}, {0.5, 1}, {1, 2}, {1.25, 2.5}, {2, 4}, {2.5, 4.5}, {3, 5}, {4, 5}, {1e9, 5}};
    const double distance[] = {0, 2, 4, 5};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const conceptdec_i_membership m = {.local_connectivity = cases[i].connectivity, .mean = 1};
        double weight[4], rho, sigma;
        conceptdec_i_membership_row(&m, distance, 4, weight, &rho, &sigma);
        ck_assert_double_eq_tol(rho, cases[i].rho, 1e-15);
        ck_assert(isfinite(sigma) && sigma > 0);
    }
}
END_TEST

START_TEST(rows_that_are_equal)
{
    const double distance[] = {0, 0, 0};
    const conceptdec_i_membership nowhere = {.local_connectivity = 1, .mean = 0};
    double weight[3], rho, sigma;
    conceptdec_i_membership_row(&nowhere, distance, 3, weight, &rho, &sigma);
    ck_assert(rho == 0 && isfinite(sigma) && weight[0] == 1 && weight[2] == 1);
}
END_TEST

/* Distances of every scale and spread; where a scale can be found, the weights have their sum, and few steps are enough
 * for rows whose distances hardly differ and for those of which one is a thousand times the others. */
START_TEST(sums_of_weights)
{
    enum { MOST = 60 };
    double distance[MOST], weight[MOST], rho, sigma;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 1, 2, (uint64_t)_i);
    for (int row = 0; row < 400; row++) {
        const int64_t k = 2 + (int64_t)conceptdec_i_rng_below(&rng, MOST - 1);
        const double unit = ldexp(1, (int)conceptdec_i_rng_below(&rng, 120) - 60), spread = ldexp(1, 4 - 2 * _i);
        distance[0] = unit;
        for (int64_t j = 1; j < k; j++)
            distance[j] = distance[j - 1] + unit * spread * conceptdec_i_rng_unit(&rng);
        double mean = 0, sum = 0;
        for (int64_t j = 0; j < k; j++)
            mean += distance[j] / (double)k;
        conceptdec_i_membership_row(&plain, distance, k, weight, &rho, &sigma);
        for (int64_t j = 0; j < k; j++)
            sum += weight[j];
        ck_assert_double_ge(sigma, 1e-3 * mean * (1 - 1e-12));
        if (sigma > 1.0001e-3 * mean)
            ck_assert_double_eq_tol(sum, log2((double)k), 2e-10);
        else
            ck_assert_double_ge(sum, log2((double)k) - 2e-10);
    }
}
END_TEST

/* exp(-1 / sigma) = log2(2) has no solution: the scale grows until that does not matter. */
START_TEST(no_scale_is_large_enough)
{
    const conceptdec_i_membership m = {.local_connectivity = 0, .is_self_counted = true, .mean = 1};
    const double distance[] = {1};
    double weight[1], rho, sigma;
    conceptdec_i_membership_row(&m, distance, 1, weight, &rho, &sigma);
    ck_assert(rho == 0 && isfinite(sigma));
    ck_assert_double_eq_tol(weight[0], 1, 2e-10);
}
END_TEST

/* A row is as it would be at another scale, as far as float64 goes. */
START_TEST(rows_at_any_scale)
{
    enum { K = 5 };
    static const int exponents[] = {-1065, -1022, -600, 600, 1020};
    double distance[K] = {1, 1.5, 1.75, 2, 7}, weight[K], rho, sigma;
    conceptdec_i_membership_row(&plain, distance, K, weight, &rho, &sigma);
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        const double unit = ldexp(1, exponents[i]);
        const conceptdec_i_membership m = {.local_connectivity = 1, .mean = unit};
        double moved[K], other[K], other_rho, other_sigma;
        for (int j = 0; j < K; j++)
            moved[j] = distance[j] * unit;
        conceptdec_i_membership_row(&m, moved, K, other, &other_rho, &other_sigma);
        ck_assert(other_rho == rho * unit && other_sigma == sigma * unit);
        for (int j = 0; j < K; j++) /* sigma has few digits left where it is hardly above 0 */
            ck_assert_double_le(fabs(other[j] - weight[j]), exponents[i] < -1000 ? 0.1 : 0);
    }
}
END_TEST

/* The mean distance, where the sum of all is beyond float64, is asked for by rows that equal their neighbours. */
START_TEST(mean_beyond_float64)
{
    enum { ROWS = 40, K = 2 };
    const conceptdec_umap_options given = {.struct_size = sizeof given};
    int64_t index[ROWS * K], count[ROWS];
    double sigmas[2][ROWS], rho[ROWS];
    conceptdec_ctx *ctx = NULL;
    conceptdec_umap_options options;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_umap_options(ctx, &given, false, &options), CONCEPTDEC_OK);
    for (int scale = 0; scale < 2; scale++) {
        double distance[ROWS * K];
        const conceptdec_i_lists all = {
            .n = ROWS, .k = K, .stride = K, .index = index, .count = count, .distance = distance};
        conceptdec_i_arena arena;
        conceptdec_i_fuzzy fuzzy;
        for (int64_t e = 0; e < ROWS * K; e++) {
            index[e] = (e / K + 1 + e % K) % ROWS;
            distance[e] = e / K % 4 == 0 ? 0 : ldexp((double)(1 + e % K), scale ? 1022 : 0);
            count[e / K] = K;
        }
        conceptdec_i_arena_open(&arena, ctx);
        ck_assert_int_eq(conceptdec_i_umap_fuzzy(&arena, &options, &all, NULL, rho, sigmas[scale], &fuzzy),
                         CONCEPTDEC_OK);
        conceptdec_i_arena_close(&arena);
    }
    for (int64_t i = 0; i < ROWS; i++)
        ck_assert(isfinite(sigmas[1][i]) && ldexp(sigmas[1][i], -1022) == sigmas[0][i]);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- the graph ---- */

/* 0 sees 1 (0.5) and 2 (1), 1 sees 0 (0.25), 2 sees 3 (1), 3 sees 2 (0.5). */
static const int64_t seen[] = {1, 2, 0, -1, 3, -1, 2, -1}, counts[] = {2, 1, 1, 1};
static const double strength[] = {0.5, 1, 0.25, 0, 1, 0, 0.5, 0};
static const conceptdec_i_lists lists = {.n = 4, .k = 2, .stride = 2, .index = seen, .count = counts};

static void
expect_edges(const conceptdec_i_fuzzy *fuzzy, int64_t n, const int32_t *column, const double *weight)
{
    ck_assert_int_eq(fuzzy->n_edges, n);
    ck_assert_int_eq(fuzzy->first[fuzzy->n], n);
    for (int64_t e = 0; e < n; e++) {
        ck_assert_int_eq(fuzzy->column[e], column[e]);
        ck_assert_double_eq_tol(fuzzy->weight[e], weight[e], 1e-15);
    }
}

START_TEST(union_and_intersection)
{
    conceptdec_ctx *ctx = NULL;
    conceptdec_i_arena arena;
    conceptdec_i_fuzzy fuzzy;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_fuzzy_join(&arena, &lists, strength, 1, &fuzzy), CONCEPTDEC_OK);
    expect_edges(&fuzzy, 6, (const int32_t[]){1, 2, 0, 0, 3, 2}, (const double[]){0.625, 1, 0.625, 1, 1, 1});
    ck_assert_int_eq(conceptdec_i_fuzzy_join(&arena, &lists, strength, 0, &fuzzy), CONCEPTDEC_OK);
    expect_edges(&fuzzy, 4, (const int32_t[]){1, 0, 3, 2}, (const double[]){0.125, 0.125, 0.5, 0.5});
    int64_t part[4];
    ck_assert_int_eq(conceptdec_i_fuzzy_parts(&arena, &fuzzy, part), CONCEPTDEC_OK);
    ck_assert(part[0] == 0 && part[1] == 0 && part[2] == 1 && part[3] == 1);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Labels 0, 0, 1, unknown, target_weight 1: the edge 0-2 is gone, 2-3 is weakened and, being the only one, made
 * whole. */
START_TEST(labels)
{
    static const int64_t label[] = {0, 0, 1, -1};
    conceptdec_ctx *ctx = NULL;
    conceptdec_i_arena arena;
    conceptdec_i_fuzzy fuzzy;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_fuzzy_join(&arena, &lists, strength, 1, &fuzzy), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_fuzzy_label(&arena, label, 1, &fuzzy), CONCEPTDEC_OK);
    expect_edges(&fuzzy, 4, (const int32_t[]){1, 0, 3, 2}, (const double[]){1, 1, 1, 1});
    /* target_weight 0: 0-2 keeps exp(-2.5), which row 0 measures against 0.625 and row 2 against exp(-1). */
    ck_assert_int_eq(conceptdec_i_fuzzy_join(&arena, &lists, strength, 1, &fuzzy), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_fuzzy_label(&arena, label, 0, &fuzzy), CONCEPTDEC_OK);
    const double a = exp(-2.5) / 0.625, b = exp(-1.5), far = a + b - a * b;
    expect_edges(&fuzzy, 6, (const int32_t[]){1, 2, 0, 0, 3, 2}, (const double[]){1, far, 1, far, 1, 1});
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- the layout ---- */

/* An edge of share s is followed floor(s * epochs) times, and never where that is less than once. */
START_TEST(epochs_of_an_edge)
{
    static const double shares[] = {1, 0.5, 0.3, 1.0 / 3, 0.01, 0.004, 0.0019};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        const uint32_t rate = conceptdec_i_layout_rate(shares[i], 500);
        double count = 0;
        for (uint32_t epoch = 1; epoch <= 500; epoch++)
            count += conceptdec_i_is_due(rate, epoch);
        ck_assert_double_ge(count, floor(500 * shares[i]) - 1); /* the last one may come an epoch late */
        ck_assert_double_le(count, floor(500 * shares[i] + 1e-6));
    }
    ck_assert_uint_eq(conceptdec_i_layout_rate(0.0019, 500), 0);
}
END_TEST

/* Every two blocks meet once, and none is in two lists of a round. */
START_TEST(rounds_of_blocks)
{
    static const int64_t blocks[] = {1, 2, 4, 6, 64};
    static int met[64 * 64];
    const int64_t n = blocks[_i];
    memset(met, 0, sizeof met);
    for (int64_t round = 0; round < n; round++) {
        int busy[64] = {0};
        for (int64_t list = 0; list < conceptdec_i_layout_lists(n, round); list++) {
            int64_t two[2];
            conceptdec_i_layout_blocks(n, round, list, two);
            met[two[0] * n + two[1]]++;
            met[two[1] * n + two[0]] += two[0] != two[1];
            busy[two[0]]++;
            busy[two[1]] += two[0] != two[1];
        }
        for (int64_t i = 0; i < n; i++)
            ck_assert_int_le(busy[i], 1);
    }
    for (int64_t i = 0; i < n * n; i++)
        ck_assert_int_eq(met[i], 1);
}
END_TEST

/* A ring in which each vertex knows the REACH next ones and the REACH before; the edges to the furthest are too
 * light. */
enum { RING = 3000, REACH = 8 };

static conceptdec_i_graph
make_ring(int64_t *first, int32_t *column, float *weight)
{
    for (int32_t i = 0; i < RING; i++) {
        int64_t end = first[i];
        for (int32_t j = 0; j < RING; j++) {
            const int32_t ahead = (j - i + RING) % RING, distance = ahead < RING - ahead ? ahead : RING - ahead;
            if (distance == 0 || distance > REACH)
                continue;
            column[end] = j;
            weight[end++] = distance == REACH ? 1e-4f : 1;
        }
        first[i + 1] = end;
    }
    return (conceptdec_i_graph){RING, first, column, weight};
}

/* Each edge lies once in the list of its two blocks, and those that are too light in none. */
START_TEST(edges_in_lists)
{
    static int64_t first[RING + 1];
    static int32_t column[2 * REACH * RING];
    static float weight[2 * REACH * RING];
    const conceptdec_i_graph ring = make_ring(first, column, weight);
    conceptdec_ctx *ctx = NULL;
    conceptdec_i_arena arena;
    conceptdec_i_layout_edges edges;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_layout_deal(&arena, &ring, 500, 0, &edges), CONCEPTDEC_OK);
    ck_assert_int_ge(edges.n_blocks, 4);
    ck_assert_int_eq(edges.first[edges.n_lists], (REACH - 1) * RING);
    static int seen_ahead[RING][REACH + 1];
    for (int64_t round = 0, list = 0; round < edges.n_blocks; round++)
        for (int64_t l = 0; l < conceptdec_i_layout_lists(edges.n_blocks, round); l++, list++) {
            int64_t two[2];
            conceptdec_i_layout_blocks(edges.n_blocks, round, l, two);
            for (int64_t e = edges.first[list]; e < edges.first[list + 1]; e++) {
                const int64_t a = edges.head[e] * edges.n_blocks / RING, b = edges.tail[e] * edges.n_blocks / RING;
                ck_assert((a == two[0] && b == two[1]) || (a == two[1] && b == two[0]));
                const int32_t from = edges.vertex[edges.head[e]], to = edges.vertex[edges.tail[e]];
                const int32_t ahead = (to - from + RING) % RING;
                ck_assert_int_eq(seen_ahead[ahead < REACH ? from : to][ahead < REACH ? ahead : RING - ahead]++, 0);
                ck_assert_uint_eq(edges.rate[e], 1u << 31);
            }
        }
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- an epoch ---- */

enum { TOGETHER = 512 };

/* The edges of a list that are due, 512 at a time and each time twice. */
static void
pull_list(const conceptdec_ctx *ctx, const conceptdec_i_layout_edges *edges, int64_t list, uint32_t epoch,
          conceptdec_i_pulls *pulls)
{
    static int32_t heads[TOGETHER], tails[TOGETHER];
    pulls->heads = heads;
    pulls->tails = tails;
    pulls->count = 0;
    for (int64_t e = edges->first[list]; e <= edges->first[list + 1]; e++) {
        if (pulls->count == TOGETHER || e == edges->first[list + 1]) {
            ctx->kernels->pull(pulls);
            ctx->kernels->pull(pulls);
            pulls->count = 0;
        }
        if (e < edges->first[list + 1] && conceptdec_i_is_due(edges->rate[e], epoch)) {
            heads[pulls->count] = edges->head[e];
            tails[pulls->count++] = edges->tail[e];
        }
    }
}

/* However far apart, those that attract each other do not part. */
START_TEST(forces_far_apart)
{
    static const double as[] = {1e-9, 1.5, 1e8}, bs[] = {0.2, 0.9, 2, 40, 1e8};
    static const float apart[] = {0, 1e-20f, 1e-3f, 1, 1e3f, 1e9f, 1e15f, 1e30f};
    static const int32_t tails[16], heads[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    for (int i = 0; i < 3 * 5 * 8; i++) {
        const conceptdec_i_layout_settings settings = {.a = as[i % 3], .b = bs[i / 3 % 5], .repulsion = 1};
        const float low = 10, high = low + apart[i / 15];
        float places[] = {low, low, high, high};
        conceptdec_i_pulls pulls = {.forces = conceptdec_i_layout_forces(&settings),
                                    .places = places,
                                    .heads = heads,
                                    .tails = tails,
                                    .count = 1,
                                    .columns = 2};
        pulls.forces.rate = 1e-3f;
        ctx->kernels->pull(&pulls);
        for (int c = 0; c < 2; c++)
            ck_assert_msg(places[c] >= low && places[2 + c] <= high, "a %g, b %g, %g apart", settings.a, settings.b,
                          (double)apart[i / 15]);
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Without strangers an epoch is what its lists do one after another. */
START_TEST(lists_one_by_one)
{
    static int64_t first[RING + 1];
    static int32_t column[2 * REACH * RING];
    static float weight[2 * REACH * RING], expected[RING * 2], found[RING * 2];
    static double start[RING * 2];
    const conceptdec_i_layout_settings settings = {
        .columns = 2, .epochs = 50, .a = 1.5, .b = 0.9, .repulsion = 1, .learning_rate = 1};
    const conceptdec_i_graph ring = make_ring(first, column, weight);
    conceptdec_ctx *ctx = NULL;
    conceptdec_i_arena arena;
    conceptdec_i_layout *layout;
    conceptdec_i_layout_edges edges;
    for (int64_t i = 0; i < RING; i++)
        for (int64_t e = first[i]; e < first[i + 1]; e++)
            weight[e] = (float)(1 + (i + column[e]) % 7) / 7;
    for (int64_t i = 0; i < RING * 2; i++)
        start[i] = (double)(i * i % 9973) / 1000;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_layout_open(&arena, &ring, &settings, start, &layout), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_layout_deal(&arena, &ring, settings.epochs, 0, &edges), CONCEPTDEC_OK);
    ck_assert_int_ge(edges.first[1], 3 * TOGETHER);
    conceptdec_i_pulls pulls = {.forces = conceptdec_i_layout_forces(&settings), .places = expected, .columns = 2};
    for (int64_t i = 0; i < RING * 2; i++)
        expected[i] = (float)start[2 * edges.vertex[i / 2] + i % 2];
    for (uint32_t epoch = 1; epoch < 4; epoch++) {
        ck_assert_int_eq(conceptdec_i_layout_epoch(layout, epoch, NULL, 0), CONCEPTDEC_OK);
        pulls.forces.rate = (float)conceptdec_i_layout_learning(&settings, epoch);
        for (int64_t list = 0; list < edges.n_lists; list++)
            pull_list(ctx, &edges, list, epoch, &pulls);
    }
    ck_assert_int_eq(conceptdec_i_layout_rows(layout, found), CONCEPTDEC_OK);
    for (int64_t i = 0; i < RING; i++)
        ck_assert_mem_eq(found + 2 * edges.vertex[i], expected + 2 * i, 2 * sizeof *found);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- lists in turn ---- */

enum { TURN_BLOCKS = 8 };

typedef struct hall {
    conceptdec_i_layout_turns turns;
    atomic_int busy[TURN_BLOCKS], passed[TURN_BLOCKS], wrong;
} hall;

/* Some lists take so long that lists of the next two rounds are asked for meanwhile. */
static conceptdec_status
visit_list(void *argument, int64_t list, int lane)
{
    hall *h = argument;
    const int64_t each = TURN_BLOCKS / 2, round = list < each * (TURN_BLOCKS - 1) ? list / each : TURN_BLOCKS - 1;
    const struct timespec length = {.tv_nsec = list % each == 1 ? 3000000 : 100000};
    int64_t two[2];
    (void)lane;
    conceptdec_i_layout_blocks(TURN_BLOCKS, round, list - round * each, two);
    conceptdec_i_layout_turn_take(&h->turns, list);
    for (int i = 0; i < 1 + (two[0] != two[1]); i++)
        h->wrong += h->busy[two[i]]++ != 0 || h->passed[two[i]] != round;
    nanosleep(&length, NULL);
    for (int i = 0; i < 1 + (two[0] != two[1]); i++) {
        h->passed[two[i]]++;
        h->busy[two[i]]--;
    }
    conceptdec_i_layout_turn_pass(&h->turns, list);
    return CONCEPTDEC_OK;
}

/* Lanes one after another, the last one first: each list is taken when all before it have been passed. */
static void
host_alone(void *user, int64_t lanes, void (*body)(void *, int64_t), void *argument)
{
    (void)user;
    while (lanes-- > 0)
        body(argument, lanes);
}

typedef struct share {
    void (*body)(void *argument, int64_t lane);
    void *argument;
    int64_t first, lanes;
} share;

static void *
run_share(void *argument)
{
    const share *s = argument;
    for (int64_t lane = s->first; lane < s->lanes; lane += 2)
        s->body(s->argument, lane);
    return NULL;
}

/* Two threads for all lanes, none of them the calling one. */
static void
host_of_two(void *user, int64_t lanes, void (*body)(void *, int64_t), void *argument)
{
    pthread_t thread[2];
    share shares[2];
    (void)user;
    for (int i = 0; i < 2; i++) {
        shares[i] = (share){body, argument, i, lanes};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, run_share, &shares[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
}

/* No block is in two lists at once, and each meets the others in the order of the rounds, whoever runs the lanes. */
START_TEST(lists_in_turn)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options,
                                            .threads = 6,
                                            .parallel_for = _i == 0   ? NULL
                                                            : _i == 1 ? host_alone
                                                                      : host_of_two};
    static hall h;
    conceptdec_ctx *ctx = NULL;
    memset(&h, 0, sizeof h);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    conceptdec_i_layout_turns_open(&h.turns, TURN_BLOCKS);
    ck_assert_int_eq(conceptdec_i_parallel(ctx, TURN_BLOCKS * (TURN_BLOCKS + 1) / 2, visit_list, &h), CONCEPTDEC_OK);
    conceptdec_i_layout_turns_close(&h.turns);
    ck_assert_int_eq(h.wrong, 0);
    for (int i = 0; i < TURN_BLOCKS; i++)
        ck_assert_int_eq(h.passed[i], TURN_BLOCKS);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- epochs that are stopped ---- */

enum { EPOCHS_STOPPED = 3 };

typedef struct stopper {
    conceptdec_ctx *ctx;
    int64_t calls, stop_at;
} stopper;

/* So late that the other threads have taken what they can by then. */
static int32_t
stop_in_time(void *user, const conceptdec_progress *progress)
{
    const struct timespec length = {.tv_nsec = 2000000};
    stopper *s = user;
    (void)progress;
    s->ctx->last_report = INT64_MIN / 2; /* the next look is told of, too */
    if (++s->calls != s->stop_at)
        return 1;
    nanosleep(&length, NULL);
    return 0;
}

static conceptdec_status
lay_out(stopper *s, const conceptdec_i_graph *graph, const double *start, float *places)
{
    const conceptdec_i_layout_settings settings = {
        .columns = 2, .epochs = 50, .n_strangers = 5, .a = 1.5, .b = 0.9, .repulsion = 1, .learning_rate = 1};
    conceptdec_i_arena arena;
    conceptdec_i_layout *layout;
    conceptdec_status status = CONCEPTDEC_OK;
    conceptdec_i_arena_open(&arena, s->ctx);
    ck_assert_int_eq(conceptdec_i_layout_open(&arena, graph, &settings, start, &layout), CONCEPTDEC_OK);
    conceptdec_i_stage(s->ctx, "layout", EPOCHS_STOPPED * conceptdec_i_layout_work(layout));
    s->ctx->last_report = INT64_MIN / 2;
    s->calls = 0;
    for (int64_t epoch = 1; epoch <= EPOCHS_STOPPED && status == CONCEPTDEC_OK; epoch++)
        status = conceptdec_i_layout_epoch(layout, epoch, NULL, 0);
    s->ctx->total = 0; /* nobody is asked from here on, nor when the next layout is opened */
    ck_assert_int_eq(conceptdec_i_layout_rows(layout, places), CONCEPTDEC_OK);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* Whoever waits when an epoch is cancelled comes back; the next layout is as if nothing had been. */
START_TEST(epochs_that_are_stopped)
{
    static int64_t first[RING + 1];
    static int32_t column[2 * REACH * RING];
    static float weight[2 * REACH * RING], expected[RING * 2], found[RING * 2];
    static double start[RING * 2];
    const conceptdec_i_graph ring = make_ring(first, column, weight);
    for (int64_t i = 0; i < RING * 2; i++)
        start[i] = (double)(i * i % 9973) / 1000;
    for (int32_t threads = 1; threads <= 6; threads += 5) {
        stopper s = {0};
        const conceptdec_ctx_options options = {
            .struct_size = sizeof options, .threads = threads, .progress = stop_in_time, .progress_user = &s};
        ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
        ck_assert_int_eq(lay_out(&s, &ring, start, threads == 1 ? expected : found), CONCEPTDEC_OK);
        for (s.stop_at = 1; s.stop_at <= 60; s.stop_at++) {
            const conceptdec_status status = lay_out(&s, &ring, start, found);
            ck_assert_int_eq(status, s.calls < s.stop_at ? CONCEPTDEC_OK : CONCEPTDEC_ECANCELLED);
        }
        ck_assert_int_gt(s.stop_at, s.calls); /* the last ones came too late */
        s.stop_at = 0;
        ck_assert_int_eq(lay_out(&s, &ring, start, found), CONCEPTDEC_OK);
        ck_assert_mem_eq(found, expected, sizeof found);
        conceptdec_ctx_free(s.ctx);
    }
}
END_TEST

/* ---- looks at the cancel flag ---- */

/* Counts the looks since it was called last. */
static int64_t
count_looks(stopper *s)
{
    const int64_t calls = s->calls;
    s->calls = 0;
    s->ctx->last_report = INT64_MIN / 2;
    return calls;
}

/* A graph is joined, held against labels and dealt out in walks that look at every 256th row. */
START_TEST(looks_of_walks)
{
    enum { N = 20000, WALK = (N + 255) / 256 };
    static int64_t next[N], one[N], label[N];
    static double full[N];
    stopper s = {0};
    const conceptdec_ctx_options options = {
        .struct_size = sizeof options, .threads = 1, .progress = stop_in_time, .progress_user = &s};
    const conceptdec_i_lists chain = {.n = N, .k = 1, .stride = 1, .index = next, .count = one};
    conceptdec_i_arena arena;
    conceptdec_i_fuzzy fuzzy;
    conceptdec_i_graph graph;
    conceptdec_i_layout_edges edges;
    for (int64_t i = 0; i < N; i++) {
        next[i] = (i + 1) % N;
        one[i] = 1;
        full[i] = 1;
    }
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, s.ctx);
    conceptdec_i_stage(s.ctx, "walks", 1);
    count_looks(&s);
    ck_assert_int_eq(conceptdec_i_fuzzy_join(&arena, &chain, full, 1, &fuzzy), CONCEPTDEC_OK);
    ck_assert_int_ge(count_looks(&s), 7 * WALK);
    ck_assert_int_eq(conceptdec_i_fuzzy_label(&arena, label, 0.5, &fuzzy), CONCEPTDEC_OK);
    ck_assert_int_ge(count_looks(&s), 5 * WALK);
    ck_assert_int_eq(conceptdec_i_fuzzy_graph(&arena, &fuzzy, &graph), CONCEPTDEC_OK);
    ck_assert_int_ge(count_looks(&s), WALK);
    ck_assert_int_eq(conceptdec_i_layout_deal(&arena, &graph, 500, 0, &edges), CONCEPTDEC_OK);
    ck_assert_int_ge(count_looks(&s), 5 * WALK);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(s.ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("umap");
    TCase *tests = tcase_create("umap");
    tcase_add_test(tests, no_scale_is_small_enough);
    tcase_add_test(tests, scale_of_three);
    tcase_add_test(tests, connectivity_between_neighbours);
    tcase_add_test(tests, rows_that_are_equal);
    tcase_add_loop_test(tests, sums_of_weights, 0, 8);
    tcase_add_test(tests, no_scale_is_large_enough);
    tcase_add_test(tests, rows_at_any_scale);
    tcase_add_test(tests, mean_beyond_float64);
    tcase_add_test(tests, forces_far_apart);
    tcase_add_test(tests, union_and_intersection);
    tcase_add_test(tests, labels);
    tcase_add_test(tests, epochs_of_an_edge);
    tcase_add_loop_test(tests, rounds_of_blocks, 0, 5);
    tcase_add_test(tests, edges_in_lists);
    tcase_add_test(tests, lists_one_by_one);
    tcase_add_loop_test(tests, lists_in_turn, 0, 3);
    tcase_add_test(tests, epochs_that_are_stopped);
    tcase_add_test(tests, looks_of_walks);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
