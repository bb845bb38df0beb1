/* Exact ranks: distances from float64 products put rows into order, and where their errors leave it open, distances
 * from differences decide. Stripes of a few hundred rows against all; no matrix of distances exists. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/columns.h"
#include "linalg/distances.h"
#include "linalg/engine.h"
#include "similarity/lists.h"

#define STRIPE 1024     /* rows, at most */
#define FEW 64          /* exact distances at a time */
#define FLOOR 0x1p-1000 /* squares below are lost */

typedef struct {
    double d2, width; /* not exact: the exact one is within width */
    int32_t row;
} placed;

typedef struct {
    conceptdec_ctx *ctx;
    int64_t n;
    conceptdec_i_operand items; /* factors bring rows to the scale of the tiles, and to length 1 under cosine */
    bool is_cosine;
    double *norms;
    double error;
    int64_t first, count, most; /* rows of the stripe, and of any */
    double *dots;               /* with all rows: n for each */
    int32_t *stripe_row;
    char *lanes;
    int64_t lane_bytes;
    conceptdec_i_ranks_consumer consumer;
    void *argument;
} ranking;

/* What a lane has. */
typedef struct {
    placed *places; /* n */
    int32_t *rank;  /* n */
    double *query, *buffer;
} lane_memory;

static int64_t
rounded(int64_t bytes)
{
    return ceil_div(bytes, 64) * 64;
}

static lane_memory
lane_of(const ranking *r, int lane)
{
    char *at = r->lanes + lane * r->lane_bytes;
    lane_memory m = {.places = (placed *)(void *)at};
    at += rounded(r->n * (int64_t)sizeof(placed));
    m.rank = (int32_t *)(void *)at;
    at += rounded(r->n * (int64_t)sizeof(int32_t));
    m.query = (double *)(void *)at;
    m.buffer = m.query + r->items.view->cols;
    return m;
}

/* ---- rows ---- */

/* Under cosine a row without a direction has the distance 1 to every row: 2, as a squared distance. */
static bool
is_zero(const ranking *r, int64_t i)
{
    return r->is_cosine && !(r->items.factor[i] > 0);
}

static conceptdec_status
factors_task(void *argument, int64_t task, int lane)
{
    const ranking *r = argument;
    lane_memory m = lane_of(r, lane);
    const int64_t d = r->items.view->cols;
    memset(m.buffer, 0, (size_t)d * sizeof(double));
    for (int64_t i = task * CONCEPTDEC_I_TILE_ROWS; i < task_end(task, CONCEPTDEC_I_TILE_ROWS, r->n); i++) {
        conceptdec_i_view_widen(r->ctx->kernels, r->items.view, i, 0, d, m.query);
        ((double *)(uintptr_t)r->items.factor)[i] = conceptdec_i_inverse_norm(r->ctx->kernels, m.query, m.buffer, d);
    }
    return CONCEPTDEC_OK;
}

/* Centre and scale: a factor of all rows, so that distances from differences have it, too. */
static conceptdec_status
scale_rows(conceptdec_i_arena *arena, const char *name, ranking *r)
{
    conceptdec_i_columns columns;
    double largest = 0, *factor;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "factors", r->n, sizeof(double), &factor));
    r->items.factor = factor;
    r->items.scale = 1;
    if (r->is_cosine) {
        double *zeros;
        CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "factors", r->items.view->cols, sizeof(double), &zeros));
        r->items.mean = zeros;
        return conceptdec_i_parallel(r->ctx, ceil_div(r->n, CONCEPTDEC_I_TILE_ROWS), factors_task, r);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_columns_scan(arena, name, r->items.view, &columns));
    for (int64_t j = 0; j < r->items.view->cols; j++)
        largest = fmax(largest, fmax(columns.largest[j] - columns.mean[j], columns.mean[j] - columns.least[j]));
    double scale = conceptdec_i_tiles_scale(largest);
    for (int64_t j = 0; j < r->items.view->cols; j++)
        columns.mean[j] *= scale;
    for (int64_t i = 0; i < r->n; i++)
        factor[i] = scale;
    r->items.mean = columns.mean;
    return CONCEPTDEC_OK;
}

/* ---- one row ---- */

static int
by_distance(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->d2 < y->d2 || x->d2 > y->d2)
        return x->d2 < y->d2 ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Exact distances of rows first..end-1 of the order, which are then in order. */
static void
settle(const ranking *r, const lane_memory *m, int64_t i, int64_t first, int64_t end)
{
    int32_t items[FEW];
    double d2[FEW];
    for (int64_t at = first; at < end; at += FEW) {
        int32_t count = (int32_t)min64(FEW, end - at);
        for (int32_t e = 0; e < count; e++)
            items[e] = m->places[at + e].row;
        conceptdec_i_distances(r->ctx->kernels, &r->items, m->query, items, count, m->buffer, d2);
        for (int32_t e = 0; e < count; e++)
            m->places[at + e].d2 = is_zero(r, i) || is_zero(r, items[e]) ? 2 : d2[e];
    }
    qsort(m->places + first, (size_t)(end - first), sizeof *m->places, by_distance);
}

/* Rows at one distance get their mean rank, doubled. */
static void
rank_equals(const lane_memory *m, int64_t first, int64_t end)
{
    for (int64_t at = first, next; at < end; at = next) {
        for (next = at + 1; next < end && m->places[next].d2 <= m->places[at].d2;)
            next++;
        for (int64_t e = at; e < next; e++)
            m->rank[m->places[e].row] = (int32_t)(at + next + 1);
    }
}

/* Runs of rows whose places depend on the errors are settled together. */
static conceptdec_status
rank_row(const ranking *r, int64_t i, const double *dots, int lane)
{
    lane_memory m = lane_of(r, lane);
    int64_t others = 0;
    for (int64_t j = 0; j < r->n; j++) {
        if (j == i)
            continue;
        double norms = r->norms[i] + r->norms[j], d2 = norms - 2 * dots[j];
        bool is_known = is_zero(r, i) || is_zero(r, j);
        m.places[others++] = (placed){is_known ? 2 : d2, is_known ? 0 : r->error * norms + FLOOR, (int32_t)j};
    }
    qsort(m.places, (size_t)others, sizeof *m.places, by_distance);
    conceptdec_i_operand_row(r->ctx->kernels, &r->items, i, m.query);
    m.rank[i] = 0;
    for (int64_t at = 0, next; at < others; at = next) {
        double reach = m.places[at].d2 + m.places[at].width;
        for (next = at + 1; next < others && m.places[next].d2 - m.places[next].width <= reach; next++)
            reach = fmax(reach, m.places[next].d2 + m.places[next].width);
        if (next > at + 1)
            settle(r, &m, i, at, next);
        rank_equals(&m, at, next);
    }
    return r->consumer(r->argument, i, m.rank, lane);
}

/* ---- stripes ---- */

static conceptdec_status
keep_dots(void *argument, const conceptdec_i_tile *tile, int lane)
{
    const ranking *r = argument;
    (void)lane;
    for (int64_t j = 0; j < tile->cols; j++)
        memcpy(r->dots + (tile->col + j) * r->n + tile->row, (const double *)tile->dots + j * tile->ld,
               (size_t)tile->rows * sizeof(double));
    return CONCEPTDEC_OK;
}

static conceptdec_status
stripe_task(void *argument, int64_t task, int lane)
{
    const ranking *r = argument;
    CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
    return rank_row(r, r->first + task, r->dots + task * r->n, lane);
}

static conceptdec_status
run_stripe(ranking *r)
{
    conceptdec_i_operand stripe = r->items;
    r->count = min64(r->most, r->n - r->first);
    for (int64_t i = 0; i < r->count; i++)
        r->stripe_row[i] = (int32_t)(r->first + i);
    stripe.n = r->count;
    stripe.row = r->stripe_row;
    stripe.factor = r->items.factor + r->first;
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_run(r->ctx, &r->items, &stripe, CONCEPTDEC_I_TILE_F64, keep_dots, r));
    return conceptdec_i_parallel(r->ctx, r->count, stripe_task, r);
}

/* Rows of a stripe: a quarter of the memory, at most. */
static int64_t
choose_stripe(const conceptdec_i_similarity *s)
{
    int64_t room = s->options.memory / 4 / (s->n * (int64_t)sizeof(double));
    return min64(s->n, max64(64, min64(STRIPE, room)));
}

static conceptdec_status
run(conceptdec_i_arena *arena, const conceptdec_i_similarity *s, const char *name, ranking *r)
{
    const int64_t n = r->n, d = r->items.view->cols;
    void *p[2];
    r->lane_bytes = rounded(n * (int64_t)sizeof(placed)) + rounded(n * (int64_t)sizeof(int32_t)) +
                    rounded(2 * d * (int64_t)sizeof(double));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "ranks", conceptdec_i_lanes(r->ctx), (uint64_t)r->lane_bytes, &p[0]));
    r->lanes = p[0];
    CONCEPTDEC_I_TRY(scale_rows(arena, name, r));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "row norms", n, sizeof(double), &r->norms));
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(r->ctx, &r->items, CONCEPTDEC_I_TILE_F64, r->norms));
    r->error = conceptdec_i_distance_error(d, CONCEPTDEC_I_TILE_F64) + 8 * conceptdec_i_sum_error(d);
    r->most = choose_stripe(s);
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "ranks", r->most, sizeof(int32_t), &r->stripe_row));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "ranks", r->most, (uint64_t)n * sizeof(double), &p[1]));
    r->dots = p[1];
    for (r->first = 0; r->first < n; r->first += r->most)
        CONCEPTDEC_I_TRY(run_stripe(r));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ranks_run(const conceptdec_i_similarity *s, int64_t number, conceptdec_i_ranks_consumer consumer,
                       void *argument)
{
    ranking r = {.ctx = s->ctx, .n = s->n, .consumer = consumer, .argument = argument};
    conceptdec_i_arena arena;
    r.is_cosine = s->options.metric == CONCEPTDEC_METRIC_COSINE;
    r.items = (conceptdec_i_operand){.view = s->views[number], .n = s->n};
    conceptdec_i_arena_open(&arena, s->ctx);
    conceptdec_status status = run(&arena, s, s->names[number], &r);
    conceptdec_i_arena_close(&arena);
    return status;
}

int64_t
conceptdec_i_ranks_tasks(const conceptdec_i_similarity *s, int64_t number)
{
    int64_t most = choose_stripe(s), tasks = s->n;
    for (int64_t first = 0; first < s->n; first += most)
        tasks += conceptdec_i_tiles_tasks(s->ctx, s->n, min64(most, s->n - first), s->views[number]->cols,
                                          CONCEPTDEC_I_TILE_F64);
    return tasks;
}
