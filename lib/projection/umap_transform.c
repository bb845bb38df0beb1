/* Places for new rows among those of an embedding. Each row goes its own way: neighbours, start, and random numbers
 * depend on it and on the embedding alone. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "projection/umap.h"

enum {
    TILE = CONCEPTDEC_I_TILE,
    ROUNDS = 32, /* partners that are gathered before the kernel runs */
    SHARE = 3,   /* of the epochs of a fit */
};

/* Of a lane. */
typedef struct room {
    double *row, *weight; /* dims; k */
    float *here;          /* columns x TILE */
    uint32_t *rate;       /* TILE x k */
    int32_t *partners;    /* ROUNDS x TILE */
    int32_t *strangers;   /* ROUNDS x n_strangers x TILE */
} room;

typedef struct placing {
    conceptdec_ctx *ctx;
    const conceptdec_umap *umap;
    const conceptdec_matrix *queries;
    conceptdec_i_lists lists;
    conceptdec_i_layout_settings settings;
    conceptdec_i_moves moves;
    room *rooms;
    double *places; /* queries x columns */
} placing;

/* ---- one row ---- */

/* A number made of the bits of a row; 0 and -0 are the same. */
static uint64_t
mix_row(const double *row, int64_t n)
{
    uint64_t mixed = (uint64_t)n;
    for (int64_t j = 0; j < n; j++) {
        const double value = row[j] + 0.0;
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        mixed = (mixed ^ bits) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
    }
    return mixed;
}

/* Weights of the neighbours. No neighbour of a new row has full weight for being the nearest, unless local_connectivity
 * asks for more than one. */
static void
grade(const placing *p, const double *distance, double *weight)
{
    const int64_t k = p->lists.k;
    double mean = 0, rho, sigma;
    for (int64_t j = 0; j < k; j++)
        mean += distance[j] / (double)k;
    const conceptdec_i_membership membership = {fmax(0, p->umap->local_connectivity - 1), false, mean};
    conceptdec_i_membership_row(&membership, distance, k, weight, &rho, &sigma);
}

/* The mean of the neighbours by weight; of those that equal the row, where there are any, alone. */
static void
start_row(const placing *p, int64_t query, const double *weight, float *here)
{
    const double *distance = p->lists.distance + query * p->lists.stride;
    const int64_t *index = p->lists.index + query * p->lists.stride, columns = p->umap->columns;
    const bool is_equal = distance[0] == 0;
    double total = 0;
    for (int64_t j = 0; j < p->lists.k && (!is_equal || distance[j] == 0); j++)
        total += is_equal ? 1 : weight[j];
    for (int64_t c = 0; c < columns; c++) {
        double sum = 0;
        for (int64_t j = 0; j < p->lists.k && (!is_equal || distance[j] == 0); j++)
            sum += (is_equal ? 1 : weight[j]) * p->umap->embedding[index[j] * columns + c];
        here[c * TILE] = (float)(total > 0 ? sum / total : p->umap->embedding[index[0] * columns + c]);
    }
}

static conceptdec_status
begin_row(const placing *p, int64_t query, const room *at, int64_t i, conceptdec_i_rng *rng)
{
    const double *distance = p->lists.distance + query * p->lists.stride;
    if (!isfinite(distance[p->lists.k - 1]))
        return conceptdec_i_fail(p->ctx, CONCEPTDEC_EOVERFLOW,
                                 "queries: row %" PRId64 " is farther from its neighbours than float64 goes", query);
    conceptdec_i_view_widen(p->ctx->kernels, p->queries, query, 0, p->umap->dims, at->row);
    conceptdec_i_rng_start(rng, p->umap->seed, CONCEPTDEC_I_RNG_PLACE, mix_row(at->row, p->umap->dims));
    grade(p, distance, at->weight);
    start_row(p, query, at->weight, at->here + i);
    for (int64_t j = 0; j < p->lists.k; j++)
        at->rate[i * p->lists.k + j] = conceptdec_i_layout_rate(at->weight[j], p->settings.epochs);
    return conceptdec_i_poll(p->ctx, 0);
}

/* ---- a tile of rows ---- */

/* The next neighbours of a row that are due, and as many strangers for each. */
static int32_t
gather_due(const placing *p, int64_t query, const room *at, int64_t i, int64_t *next, uint32_t epoch,
           conceptdec_i_rng *rng)
{
    const int64_t *index = p->lists.index + query * p->lists.stride;
    int32_t count = 0;
    int64_t j = *next;
    for (; j < p->lists.k && count < ROUNDS; j++) {
        at->partners[count * TILE + i] = (int32_t)index[j];
        count += (int32_t)conceptdec_i_is_due(at->rate[i * p->lists.k + j], epoch);
    }
    for (int64_t s = 0; s < count * p->settings.n_strangers; s++)
        at->strangers[s * TILE + i] = (int32_t)((uint64_t)conceptdec_i_rng_u32(rng) * (uint64_t)p->umap->n >> 32);
    *next = j;
    return count;
}

/* From a quarter of a fit's rate down in a straight line. */
static double
learning_of(const placing *p, int64_t epoch)
{
    return p->settings.learning_rate / 4 * (1 - (double)(epoch - 1) / (double)p->settings.epochs);
}

static conceptdec_status
move_rows(const placing *p, int64_t first, int64_t count, const room *at, int64_t epoch, conceptdec_i_rng *rng)
{
    conceptdec_i_moves moves = p->moves;
    int64_t next[TILE] = {0};
    int32_t rounds[TILE] = {0}, most;
    moves.rounds = rounds;
    moves.partners = at->partners;
    moves.strangers = at->strangers;
    moves.forces.rate = (float)learning_of(p, epoch);
    do {
        most = 0;
        for (int64_t i = 0; i < count; i++) {
            rounds[i] = gather_due(p, first + i, at, i, &next[i], (uint32_t)epoch, &rng[i]);
            most = rounds[i] > most ? rounds[i] : most;
        }
        p->ctx->kernels->move(&moves, at->here);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
    } while (most == ROUNDS);
    return CONCEPTDEC_OK;
}

static conceptdec_status
place_rows(void *argument, int64_t task, int lane)
{
    const placing *p = argument;
    const room *at = &p->rooms[lane];
    const int64_t first = task * TILE, left = p->queries->rows - first, count = left < TILE ? left : TILE;
    conceptdec_i_rng rng[TILE];
    memset(at->here, 0, (size_t)(p->umap->columns * TILE) * sizeof *at->here);
    for (int64_t i = 0; i < count; i++)
        CONCEPTDEC_I_TRY(begin_row(p, first + i, at, i, &rng[i]));
    for (int64_t epoch = 1; epoch < p->settings.epochs; epoch++)
        CONCEPTDEC_I_TRY(move_rows(p, first, count, at, epoch, rng));
    for (int64_t i = 0; i < count; i++)
        for (int64_t c = 0; c < p->umap->columns; c++)
            p->places[(first + i) * p->umap->columns + c] = (double)at->here[c * TILE + i];
    return CONCEPTDEC_OK;
}

/* ---- all of them ---- */

static conceptdec_status
take_rooms(conceptdec_i_arena *arena, placing *p)
{
    const int64_t lanes = conceptdec_i_lanes(arena->ctx), k = p->lists.k, columns = p->umap->columns;
    void *q;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", lanes, sizeof(room), &q));
    p->rooms = q;
    for (int64_t i = 0; i < lanes; i++) {
        room *at = &p->rooms[i];
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", p->umap->dims, sizeof *at->row, &q));
        at->row = q;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", k, sizeof *at->weight, &q));
        at->weight = q;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", columns * TILE, sizeof *at->here, &q));
        at->here = q;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", k * TILE, sizeof *at->rate, &q));
        at->rate = q;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", ROUNDS * TILE, sizeof *at->partners, &q));
        at->partners = q;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", ROUNDS * TILE * p->settings.n_strangers + 1,
                                                 sizeof *at->strangers, &q));
        at->strangers = q;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
set_moves(conceptdec_i_arena *arena, placing *p)
{
    const conceptdec_umap *u = p->umap;
    void *q;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "places", u->n * u->columns, sizeof(float), &q));
    float *others = q;
    for (int64_t i = 0; i < u->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t c = 0; c < u->columns; c++)
            others[i * u->columns + c] = (float)u->embedding[i * u->columns + c];
    }
    p->settings = (conceptdec_i_layout_settings){.columns = u->columns,
                                                 .epochs = u->epochs / SHARE,
                                                 .n_strangers = u->n_strangers,
                                                 .a = u->curve[0],
                                                 .b = u->curve[1],
                                                 .repulsion = u->repulsion,
                                                 .learning_rate = u->learning_rate};
    p->moves = (conceptdec_i_moves){.forces = conceptdec_i_layout_forces(&p->settings),
                                    .others = others,
                                    .columns = (int32_t)u->columns,
                                    .n_strangers = (int32_t)u->n_strangers};
    return CONCEPTDEC_OK;
}

static conceptdec_status
place(conceptdec_i_arena *arena, placing *p, const conceptdec_neighbors *table, int64_t k, conceptdec_result **result)
{
    const int64_t shape[2] = {p->queries->rows, p->umap->columns}, tasks = (shape[0] + TILE - 1) / TILE;
    conceptdec_result *r;
    CONCEPTDEC_I_TRY(conceptdec_i_umap_lists(arena->ctx, table, k, &p->lists));
    conceptdec_i_stage(arena->ctx, "places", tasks);
    CONCEPTDEC_I_TRY(set_moves(arena, p));
    CONCEPTDEC_I_TRY(take_rooms(arena, p));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(arena->ctx, "umap_transform", &r));
    conceptdec_status status =
        conceptdec_i_result_float64(arena->ctx, r, CONCEPTDEC_R_TRANSFORMED, 2, shape, &p->places);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_parallel(arena->ctx, tasks, place_rows, p);
    if (status == CONCEPTDEC_OK)
        *result = r;
    else
        conceptdec_result_free(r);
    return status;
}

static conceptdec_status
check_sizes(conceptdec_ctx *ctx, const conceptdec_umap *u, const conceptdec_matrix *x)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "x", x, CONCEPTDEC_I_FLOATS | CONCEPTDEC_I_READERS));
    if (x->rows != u->n || x->cols != u->dims)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE,
                                 "x: %" PRId64 " x %" PRId64 ", but the embedding is of %" PRId64 " x %" PRId64,
                                 x->rows, x->cols, u->n, u->dims);
    return CONCEPTDEC_OK;
}

static conceptdec_status
transform(conceptdec_i_arena *arena, const conceptdec_umap *u, const conceptdec_matrix *x,
          const conceptdec_matrix *queries, conceptdec_result **result)
{
    placing p = {.ctx = arena->ctx, .umap = u, .queries = queries};
    const int64_t k = u->n_neighbors + u->self_counted;
    conceptdec_neighbors *table;
    CONCEPTDEC_I_TRY(check_sizes(arena->ctx, u, x));
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "queries", &p.queries));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_neighbors(arena->ctx, x, queries, k, (int32_t)u->metric, &table));
    const conceptdec_status status = place(arena, &p, table, k, result);
    conceptdec_neighbors_free(table);
    return status;
}

conceptdec_status
conceptdec_umap_transform(conceptdec_ctx *ctx, const conceptdec_umap *umap, const conceptdec_matrix *x,
                          const conceptdec_matrix *queries, conceptdec_result **result)
{
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!umap || !queries || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", !umap ? "umap" : !queries ? "queries" : "result");
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_status status = transform(&arena, umap, x, queries, result);
    conceptdec_i_arena_close(&arena);
    return status;
}
