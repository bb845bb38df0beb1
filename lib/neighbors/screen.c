/* The consumer of tiles: which products may belong to a neighbour is decided 16 at a time; only those are pushed. */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "linalg/quantized.h"
#include "neighbors/candidates.h"

#define WORDS (CONCEPTDEC_I_TILE_ROWS / 64)

typedef struct {
    conceptdec_i_screening *s;
    const conceptdec_i_tile *tile;
    int lane;
} screen;

static int
screen_narrow_column(const screen *c, int64_t j, int64_t height, uint64_t *row_hits, uint64_t *column_hits)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    const conceptdec_i_quantized *a = s->queries.quantized, *b = s->refs.quantized;
    const float *limits = s->limits;
    int64_t column = t->col + j;
    const conceptdec_i_narrow_rows rows = {.bound = (const float *)s->query_bounds + t->row, .scale = a->scale + t->row,
                                           .reach = a->reach + t->row, .spread = a->spread + t->row,
                                           .limit = limits + t->row};
    const conceptdec_i_narrow_column one = {.bound = ((const float *)s->ref_bounds)[column], .step = b->step[column],
                                            .reach = b->whole[column], .spread = 0.5f * b->spread[column],
                                            .limit = t->symmetric ? limits[column] : -INFINITY};
    return s->ctx->narrow->screen((const int32_t *)t->dots + j * t->ld, &rows, &one, height, row_hits, column_hits);
}

static int
screen_column(const screen *c, int64_t j, int64_t height, uint64_t *row_hits, uint64_t *column_hits)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    const conceptdec_i_kernels *kernels = s->ctx->kernels;
    if (s->precision == CONCEPTDEC_I_TILE_I8)
        return screen_narrow_column(c, j, height, row_hits, column_hits);
    int64_t column = t->col + j;
    if (s->precision == CONCEPTDEC_I_TILE_F32) {
        const float *bounds = s->query_bounds, *limits = s->limits;
        float limit = t->symmetric ? limits[column] : -INFINITY;
        return kernels->screen_f32((const float *)t->dots + j * t->ld, bounds + t->row,
                                   ((const float *)s->ref_bounds)[column], limits + t->row, limit, height, row_hits,
                                   column_hits);
    }
    const double *bounds = s->query_bounds, *limits = s->limits;
    double limit = t->symmetric ? limits[column] : -INFINITY;
    return kernels->screen_f64((const double *)t->dots + j * t->ld, bounds + t->row,
                               ((const double *)s->ref_bounds)[column], limits + t->row, limit, height, row_hits,
                               column_hits);
}

static double
narrow_lower_bound(const screen *c, int64_t row, int64_t column, int32_t dot)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_quantized *a = s->queries.quantized, *b = s->refs.quantized;
    return (double)((const float *)s->query_bounds)[row] + (double)((const float *)s->ref_bounds)[column] -
           (double)a->scale[row] * (double)b->step[column] * dot - (double)a->spread[row] * (double)b->whole[column] -
           (double)a->reach[row] * 0.5 * (double)b->spread[column];
}

/* Lower bound of the squared distance of pair (i, j) of the tile. */
static double
lower_bound(const screen *c, int64_t i, int64_t j)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    if (s->precision == CONCEPTDEC_I_TILE_I8)
        return narrow_lower_bound(c, t->row + i, t->col + j, ((const int32_t *)t->dots)[j * t->ld + i]);
    if (s->precision == CONCEPTDEC_I_TILE_F32)
        return (double)((const float *)s->query_bounds)[t->row + i] +
               (double)((const float *)s->ref_bounds)[t->col + j] -
               2.0 * (double)((const float *)t->dots)[j * t->ld + i];
    return ((const double *)s->query_bounds)[t->row + i] - 2.0 * ((const double *)t->dots)[j * t->ld + i] +
           ((const double *)s->ref_bounds)[t->col + j];
}

static conceptdec_status
push_hits(const screen *c, int64_t j, const uint64_t *hits, bool to_row)
{
    long long pushed = 0;
    for (int w = 0; w < WORDS; w++) {
        for (uint64_t word = hits[w]; word; word &= word - 1) {
            int64_t i = 64 * w + __builtin_ctzll(word);
            int32_t row = (int32_t)(c->tile->row + i), column = (int32_t)(c->tile->col + j);
            double low = lower_bound(c, i, j);
            if (!(low <= conceptdec_i_screening_limit(c->s, to_row ? row : column)) || low == INFINITY)
                continue; /* the limit has moved; NaN, infinity: a zero row under cosine */
            CONCEPTDEC_I_TRY(conceptdec_i_screening_push(c->s, to_row ? row : column, to_row ? column : row, low,
                                                         c->lane));
            pushed++;
        }
    }
    atomic_fetch_add_explicit(&c->s->n_pushed, pushed, memory_order_relaxed);
    return CONCEPTDEC_OK;
}

/* ---- first limits ----
 * Until a list has k candidates everything would be pushed to it. Where every product of a column counts towards k, the
 * k-th smallest upper bound in the first column that a list sees is a limit from the start. */

/* Upper bound less the lower one, for one item of a pair; what float arithmetic may lose below is within the last term. */
static double
slack(double margin, double norm)
{
    return margin + 0x1p-18 * norm;
}

/* Upper bounds of the pairs of a column, without what its own item adds. */
static void
upper_bounds(const screen *c, int64_t j, int64_t height, const float *upper, float *values)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    if (s->precision == CONCEPTDEC_I_TILE_F32) {
        const float *dots = (const float *)t->dots + j * t->ld;
        for (int64_t i = 0; i < height; i++)
            values[i] = upper[i] - 2.0f * dots[i];
        return;
    }
    const int32_t *dots = (const int32_t *)t->dots + j * t->ld;
    const conceptdec_i_quantized *a = s->queries.quantized, *b = s->refs.quantized;
    const float *scale = a->scale + t->row, *spread = a->spread + t->row, *reach = a->reach + t->row;
    const float step = b->step[t->col + j], whole = b->whole[t->col + j], rest = 0.5f * b->spread[t->col + j];
    for (int64_t i = 0; i < height; i++)
        values[i] = upper[i] - scale[i] * (step * (float)dots[i]) + spread[i] * whole + reach[i] * rest;
}

static void
seed_column(const screen *c, int64_t j, int64_t height, const float *upper)
{
    conceptdec_i_screening *s = c->s;
    int32_t column = (int32_t)(c->tile->col + j);
    float values[CONCEPTDEC_I_TILE_ROWS];
    upper_bounds(c, j, height, upper, values);
    double own = (double)((const float *)s->ref_bounds)[column] + slack((double)s->ref_margins[column], s->ref_norms[column]);
    double limit = (double)s->ctx->kernels->kth_f32(values, height, s->k) + own;
    if (limit < INFINITY)
        (void)conceptdec_i_screening_set_limit(s, column, limit);
}

static void
seed_limits(const screen *c)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    float upper[CONCEPTDEC_I_TILE_ROWS];
    bool ready = false;
    for (int64_t j = 0; j < t->cols; j++) {
        int64_t height = conceptdec_i_tile_height(t, j);
        if (height < 2 * s->k || conceptdec_i_screening_limit(s, (int32_t)(t->col + j)) < INFINITY)
            continue;
        for (int64_t i = 0; !ready && i < t->rows; i++)
            upper[i] = (float)((double)((const float *)s->query_bounds)[t->row + i] +
                               slack((double)s->query_margins[t->row + i], s->query_norms[t->row + i]));
        ready = true;
        seed_column(c, j, height, upper);
    }
}

static conceptdec_status
screen_tile(const screen *c)
{
    const conceptdec_i_tile *t = c->tile;
    if (t->symmetric && c->s->all_count && c->s->precision != CONCEPTDEC_I_TILE_F64)
        seed_limits(c);
    for (int64_t j = 0; j < t->cols; j++) {
        uint64_t row_hits[WORDS] = {0}, column_hits[WORDS] = {0};
        int64_t height = conceptdec_i_tile_height(t, j);
        if (height == 0 || !screen_column(c, j, height, row_hits, column_hits))
            continue;
        CONCEPTDEC_I_TRY(push_hits(c, j, row_hits, true));
        if (t->symmetric)
            CONCEPTDEC_I_TRY(push_hits(c, j, column_hits, false));
    }
    return CONCEPTDEC_OK;
}

/* The locks of the lists that a tile may touch, in ascending order. */
static int
locks_of(const conceptdec_i_tile *t, int64_t *blocks)
{
    int n = 0;
    int64_t row = t->row / CONCEPTDEC_I_TILE_ROWS;
    if (!t->symmetric) {
        blocks[n++] = row;
        return n;
    }
    int64_t first = t->col / CONCEPTDEC_I_TILE_ROWS, last = (t->col + t->cols - 1) / CONCEPTDEC_I_TILE_ROWS;
    if (row < first)
        blocks[n++] = row;
    for (int64_t b = first; b <= last; b++)
        blocks[n++] = b;
    if (row > last)
        blocks[n++] = row;
    return n;
}

conceptdec_status
conceptdec_i_screening_tile(void *screening, const conceptdec_i_tile *tile, int lane)
{
    screen c = {.s = screening, .tile = tile, .lane = lane};
    int64_t blocks[4];
    int n = locks_of(tile, blocks);
    for (int i = 0; i < n; i++)
        pthread_mutex_lock(&c.s->locks[blocks[i]]);
    conceptdec_status status = screen_tile(&c);
    for (int i = n; i > 0; i--)
        pthread_mutex_unlock(&c.s->locks[blocks[i - 1]]);
    return status;
}
