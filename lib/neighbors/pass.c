/* One pass of the search in one precision: bounds of both sides, empty lists, tiles, exact distances. */
#include "neighbors/pass.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "linalg/distances.h"
#include "linalg/quantized.h"
#include "linalg/rounding.h"
#include "neighbors/odds.h"

#define BLOCK CONCEPTDEC_I_TILE_ROWS
#define WAITING_BYTES ((int64_t)8 << 20) /* of the room of all lists, what is left for those that wait */

/* ---- bounds ---- */

/* What v(a, b) may be off by, as a share of the sum of both squared norms (docs/screening.md). */
static double
error_share(const conceptdec_i_screening *s, int precision)
{
    int64_t dims = s->refs.view->cols;
    if (precision == CONCEPTDEC_I_TILE_I8)
        return 64 * 0x1p-24 + conceptdec_i_sum_error(dims) + s->refs.quantized->lead_error;
    return conceptdec_i_distance_error(dims, precision);
}

static void
set_bound(int precision, void *bounds, int64_t i, double bound)
{
    if (precision == CONCEPTDEC_I_TILE_F64)
        ((double *)bounds)[i] = bound;
    else
        ((float *)bounds)[i] = conceptdec_i_round_down(bound);
}

/* Bound of item i for its pairs with cluster c: its norm, seen from there, less its share of the error. */
static double
bound_of(const conceptdec_i_screening *s, const conceptdec_i_operand *operand, const conceptdec_i_bounds *side,
         const double *along, int64_t i, int c)
{
    int own = conceptdec_i_cluster_of(operand, i);
    double norm = side->norms[i], error = s->error * norm + s->floor;
    if (c == own)
        return norm - error;
    double shift = along[own * operand->n + i] - along[c * operand->n + i];
    return norm + 2 * shift - error - 0.5 * (double)side->widths[i].cross;
}

/* The zero row under cosine has no direction: its bound keeps it out of the screening, its distances are known
 * beforehand (start_lists). */
static void
fill_bounds(const conceptdec_i_screening *s, const conceptdec_i_operand *operand, const uint8_t *zero,
            const double *along, conceptdec_i_bounds *side)
{
    for (int c = 0; c < s->clusters->n; c++)
        for (int64_t i = 0; i < operand->n; i++)
            set_bound(s->precision, side->bounds, c * side->stride + i,
                      zero && zero[i] ? INFINITY : bound_of(s, operand, side, along, i, c));
}

/* Products with the centres, which lie at most `far` from the mean, are off by a share of the product of both norms. */
static void
fill_widths(const conceptdec_i_screening *s, const conceptdec_i_operand *operand, conceptdec_i_bounds *side)
{
    const double up = 1 + 0x1p-20, along = conceptdec_i_tiles_error(s->clusters->dims, CONCEPTDEC_I_TILE_F64) + 0x1p-49;
    const double far = sqrt(s->clusters->farthest) * s->refs.scale;
    const conceptdec_i_quantized *q = s->precision == CONCEPTDEC_I_TILE_I8 ? operand->quantized : NULL;
    conceptdec_i_width *widest = &side->widest;
    *widest = (conceptdec_i_width){0};
    for (int64_t i = 0; i < operand->n; i++) {
        double norm = side->norms[i];
        double cross = s->clusters->n > 1 ? 2 * (s->error * norm + 8 * along * sqrt(norm) * far) : 0;
        side->widths[i] = (conceptdec_i_width){.margin = (float)(2 * (s->error * norm + s->floor) * up) + FLT_MIN,
                                               .cross = (float)(cross * up), .spread = q ? q->spread[i] : 0,
                                               .whole = q ? q->whole[i] : 0};
        widest->margin = fmaxf(widest->margin, side->widths[i].margin);
        widest->cross = fmaxf(widest->cross, side->widths[i].cross);
        widest->spread = fmaxf(widest->spread, side->widths[i].spread);
        widest->whole = fmaxf(widest->whole, side->widths[i].whole);
    }
}

static conceptdec_status
take_side(conceptdec_i_arena *arena, const conceptdec_i_screening *s, const conceptdec_i_operand *operand,
          const uint8_t *zero, conceptdec_i_bounds *side)
{
    uint64_t size = s->precision == CONCEPTDEC_I_TILE_F64 ? sizeof(double) : sizeof(float);
    void *p[3];
    double *along = NULL;
    side->stride = (operand->n + BLOCK) / BLOCK * BLOCK + BLOCK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row norms", s->clusters->n * side->stride, size, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row norms", operand->n, sizeof *side->widths, &p[1]));
    if (s->precision == CONCEPTDEC_I_TILE_I8) {
        side->norms = operand->quantized->norms;
    } else {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row norms", operand->n, sizeof(double), &p[2]));
        CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(arena->ctx, operand, s->precision, p[2]));
        side->norms = p[2];
    }
    side->bounds = p[0];
    side->widths = p[1];
    fill_widths(s, operand, side);
    if (s->clusters->n > 1)
        CONCEPTDEC_I_TRY(conceptdec_i_clusters_project(arena, s->clusters, operand, &along));
    fill_bounds(s, operand, zero, along, side);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_cluster_pairs(conceptdec_i_arena *arena, conceptdec_i_screening *s)
{
    int n = s->clusters->n;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", n * n, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", n * n, sizeof(double), &p[1]));
    s->near = p[0];
    s->wide = p[1];
    s->widest = 0;
    for (int i = 0; i < n * n; i++) {
        double apart = s->clusters->apart[i] * s->refs.scale * s->refs.scale;
        s->near[i] = apart * (1 - 3 * s->error);
        s->wide[i] = apart * 6 * s->error * (1 + 0x1p-20);
        s->widest = fmax(s->widest, s->wide[i]);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pass_bounds(conceptdec_i_arena *arena, conceptdec_i_screening *s, int precision)
{
    s->precision = precision;
    s->error = error_share(s, precision);
    s->likely = 1;
    if (precision == CONCEPTDEC_I_TILE_I8 && !s->proven)
        s->likely = (float)conceptdec_i_odds_share(s->refs.view->cols);
    s->slack = 1 + 4 * conceptdec_i_sum_error(s->refs.view->cols);
    s->floor = precision == CONCEPTDEC_I_TILE_F64 ? 0x1p-900 : 0x1p-90;
    s->to_units = s->refs.scale * s->refs.scale * (s->metric == CONCEPTDEC_METRIC_COSINE ? 2 : 1);
    CONCEPTDEC_I_TRY(take_cluster_pairs(arena, s));
    CONCEPTDEC_I_TRY(take_side(arena, s, &s->refs, s->ref_zero, &s->of_values));
    s->of_lists = s->of_values;
    return s->symmetric ? CONCEPTDEC_OK : take_side(arena, s, &s->queries, s->query_zero, &s->of_lists);
}

/* ---- lists ---- */

/* Room for a list at first: enough that it is seldom full of candidates which bounds cannot tell apart, where memory
 * allows. */
static int64_t
first_capacity(const conceptdec_i_screening *s)
{
    int64_t least = s->k + (s->k / 2 > 22 ? s->k / 2 : 22), most = 4 * s->k + 40;
    const int64_t room = conceptdec_i_screening_room(s) - WAITING_BYTES;
    int64_t capacity = room / (s->queries.n * (int64_t)sizeof(conceptdec_i_candidate) + 1);
    capacity = capacity < least ? least : capacity > most ? most : capacity;
    return capacity < s->refs.n + 2 ? capacity : s->refs.n + 2;
}

static int64_t
count_blocks(const conceptdec_i_screening *s)
{
    return (s->queries.n + BLOCK - 1) / BLOCK;
}

conceptdec_status
conceptdec_i_pass_open(conceptdec_i_arena *arena, conceptdec_i_screening *s)
{
    int64_t n = s->queries.n, capacity = first_capacity(s), lanes = conceptdec_i_lanes(arena->ctx), total;
    if (s->refs.n >= CONCEPTDEC_I_MOST_VALUES || !conceptdec_i_mul(n, capacity, &total))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "k: the neighbour lists do not fit an address");
    void *p[8];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "candidates", n, sizeof *s->lists, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "limits", n + BLOCK, sizeof(double), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", 2 * lanes * s->refs.view->cols, sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "list marks", n, 1, &p[4]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bounds", lanes, sizeof(double *), &p[5]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bounds", lanes, sizeof(int64_t), &p[6]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "locks", count_blocks(s), sizeof *s->locks, &p[7]));
    s->lists = p[0];
    s->limits = p[2];
    s->rows = p[3];
    s->whole = p[4];
    s->bounds = p[5];
    s->bounds_capacity = p[6];
    s->locks = p[7];
    s->capacity = (int32_t)capacity;
    s->step = (int32_t)(s->k < capacity / 2 ? s->k + 16 : capacity);
    for (int64_t b = 0; b < count_blocks(s); b++)
        pthread_mutex_init(&s->locks[b], NULL);
    CONCEPTDEC_I_TRY(conceptdec_i_take(arena->ctx, "candidates", total, sizeof *s->pool, &p[1]));
    s->pool = p[1];
    return CONCEPTDEC_OK;
}

static void
drop_grown(conceptdec_i_screening *s, int64_t list)
{
    if (s->lists[list].capacity > s->capacity)
        conceptdec_i_give(s->ctx, s->lists[list].items);
}

void
conceptdec_i_pass_close(conceptdec_i_screening *s)
{
    if (!s->locks)
        return;
    for (int64_t l = 0; l < s->queries.n; l++)
        drop_grown(s, l);
    for (int i = 0; i < conceptdec_i_lanes(s->ctx); i++)
        conceptdec_i_give(s->ctx, s->bounds[i]);
    conceptdec_i_give(s->ctx, s->spare);
    conceptdec_i_give(s->ctx, s->pool);
    conceptdec_i_give(s->ctx, s->settled);
    for (int64_t b = 0; b < count_blocks(s); b++)
        pthread_mutex_destroy(&s->locks[b]);
    s->spare = NULL;
    s->pool = s->settled = NULL;
    s->locks = NULL;
}

static bool
is_zero(const uint8_t *zero, int64_t item)
{
    return zero && zero[item];
}

/* A zero row is at distance 1 from every row. There may be several that are not identical, where they are so small that
 * they count as zero. */
static conceptdec_status
push_zero_rows(conceptdec_i_screening *s)
{
    for (int64_t v = 0; s->ref_zero && v < s->refs.n; v++)
        for (int64_t l = 0; s->ref_zero[v] && l < s->queries.n; l++)
            CONCEPTDEC_I_TRY(conceptdec_i_screening_push_exact(s, (int32_t)l, (int32_t)v, 1.0));
    for (int64_t l = 0; s->query_zero && l < s->queries.n; l++)
        for (int64_t v = 0; s->query_zero[l] && v < s->refs.n; v++)
            if (!is_zero(s->ref_zero, v))
                CONCEPTDEC_I_TRY(conceptdec_i_screening_push_exact(s, (int32_t)l, (int32_t)v, 1.0));
    return CONCEPTDEC_OK;
}

/* Empty lists but for what the tiles will not show: with symmetric tiles, which never visit the diagonal, a list's own
 * value. */
static conceptdec_status
start_lists(conceptdec_i_screening *s)
{
    const int32_t first = s->capacity < 2 * s->step ? s->capacity : 2 * s->step;
    for (int64_t l = 0; l < s->queries.n; l++) {
        drop_grown(s, l);
        s->lists[l] = (conceptdec_i_candidate_list){.items = s->pool + l * s->capacity, .capacity = first};
        conceptdec_i_screening_no_limit(s, (int32_t)l);
        if (s->symmetric && !(s->ref_zero && s->ref_zero[l]))
            CONCEPTDEC_I_TRY(conceptdec_i_screening_push_exact(s, (int32_t)l, (int32_t)l, 0.0));
    }
    return push_zero_rows(s);
}

/* ---- the pass ---- */

conceptdec_status
conceptdec_i_pass_run(conceptdec_i_arena *arena, conceptdec_i_screening *s, int precision)
{
    int64_t n = s->queries.n, n_refs = s->symmetric ? 0 : s->refs.n;
    int64_t tiles = conceptdec_i_tiles_tasks(s->ctx, n, n_refs, s->refs.view->cols, precision);
    tiles += s->symmetric ? conceptdec_i_tiles_first(s->ctx, &s->queries, precision) : 0;
    conceptdec_i_stage(s->ctx, "neighbors", tiles + conceptdec_i_screening_finish_tasks(s));
    CONCEPTDEC_I_TRY(conceptdec_i_pass_bounds(arena, s, precision));
    s->refine_budget = precision == CONCEPTDEC_I_TILE_F64 ? 0 : atomic_load(&s->n_refined) + 8 * n * s->k + 65536;
    s->all_count = !s->codes->any || (s->codes->by_row && s->symmetric);
    atomic_store(&s->n_grown, 0);
    CONCEPTDEC_I_TRY(start_lists(s));
    return conceptdec_i_tiles_run(s->ctx, &s->queries, s->symmetric ? NULL : &s->refs, precision,
                                  conceptdec_i_screening_tile, s);
}
