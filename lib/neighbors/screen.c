/* The consumer of tiles: which products may belong to a neighbour is decided 16 at a time; only those are pushed. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "linalg/quantized.h"
#include "linalg/rounding.h"
#include "neighbors/candidates.h"
#include "neighbors/odds.h"

#define WORDS (CONCEPTDEC_I_TILE_ROWS / 64)

typedef struct {
    conceptdec_i_screening *s;
    const conceptdec_i_tile *tile;
    int lane;
} screen;

/* What items of cluster c add to the bounds of their pairs with the rows of the tile: an element of an array that
 * begins with the first row. */
static const void *
row_bounds(const screen *c, int cluster)
{
    const conceptdec_i_screening *s = c->s;
    int64_t at = cluster * s->of_lists.stride + c->tile->row;
    return s->precision == CONCEPTDEC_I_TILE_F64 ? (const void *)((const double *)s->of_lists.bounds + at)
                                                 : (const void *)((const float *)s->of_lists.bounds + at);
}

/* What column j adds to the bounds of its pairs with rows of cluster `of_rows`. */
static double
column_bound(const screen *c, int64_t j, int of_rows)
{
    const conceptdec_i_screening *s = c->s;
    int64_t at = of_rows * s->of_values.stride + c->tile->col + j;
    double bound = s->precision == CONCEPTDEC_I_TILE_F64 ? ((const double *)s->of_values.bounds)[at]
                                                         : (double)((const float *)s->of_values.bounds)[at];
    return bound + s->near[of_rows * s->clusters->n + conceptdec_i_cluster_of(&s->refs, c->tile->col + j)];
}

static int
screen_narrow_column(const screen *c, int64_t j, int64_t height, int of_rows, uint64_t *row_hits, uint64_t *column_hits)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    const conceptdec_i_quantized *a = s->queries.quantized, *b = s->refs.quantized;
    const float *limits = s->limits;
    int64_t column = t->col + j;
    const conceptdec_i_narrow_rows rows = {.bound = row_bounds(c, conceptdec_i_cluster_of(&s->refs, column)),
                                           .reach = a->reach + t->row, .spread = a->spread + t->row,
                                           .limit = limits + t->row};
    const conceptdec_i_narrow_column one = {.bound = conceptdec_i_round_down(column_bound(c, j, of_rows)),
                                            .reach = b->whole[column], .spread = 0.5f * b->spread[column],
                                            .limit = t->symmetric ? limits[column] : -INFINITY};
    return s->ctx->narrow->screen((const float *)t->dots + j * t->ld, &rows, &one, height, row_hits, column_hits);
}

/* Hits of column j, as far as rows of cluster `of_rows` go. */
static int
screen_column(const screen *c, int64_t j, int64_t height, int of_rows, uint64_t *row_hits, uint64_t *column_hits)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    const conceptdec_i_kernels *kernels = s->ctx->kernels;
    if (s->precision == CONCEPTDEC_I_TILE_I8)
        return screen_narrow_column(c, j, height, of_rows, row_hits, column_hits);
    int64_t column = t->col + j;
    const void *bounds = row_bounds(c, conceptdec_i_cluster_of(&s->refs, column));
    double own = column_bound(c, j, of_rows);
    if (s->precision == CONCEPTDEC_I_TILE_F32) {
        const float *limits = s->limits;
        return kernels->screen_f32((const float *)t->dots + j * t->ld, bounds, conceptdec_i_round_down(own),
                                   limits + t->row, t->symmetric ? limits[column] : -INFINITY, height, row_hits,
                                   column_hits);
    }
    const double *limits = s->limits;
    return kernels->screen_f64((const double *)t->dots + j * t->ld, bounds, own, limits + t->row,
                               t->symmetric ? limits[column] : -INFINITY, height, row_hits, column_hits);
}

/* One column against the rows of one cluster, ready to tell lower bounds of single pairs. */
typedef struct {
    const void *dots, *bounds; /* of the rows of the tile */
    double own;                /* what the column adds */
    float own_below;
    const float *spread, *reach; /* int8 only, and what the column has of each */
    float whole, rest;
} column_view;

static column_view
open_column(const screen *c, int64_t j, int of_rows)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    int64_t at = t->col + j, size = s->precision == CONCEPTDEC_I_TILE_F64 ? sizeof(double) : sizeof(float);
    column_view k = {.dots = (const char *)t->dots + j * t->ld * size, .own = column_bound(c, j, of_rows),
                .bounds = row_bounds(c, conceptdec_i_cluster_of(&s->refs, at))};
    k.own_below = conceptdec_i_round_down(k.own);
    if (s->precision != CONCEPTDEC_I_TILE_I8)
        return k;
    k.spread = s->queries.quantized->spread + t->row;
    k.reach = s->queries.quantized->reach + t->row;
    k.whole = s->refs.quantized->whole[at];
    k.rest = 0.5f * s->refs.quantized->spread[at];
    return k;
}

/* Lower bound of the squared distance of row i and the column; float where the screen is in float: what rounding may
 * take is in the bounds. */
static inline float
lower_bound(const column_view *k, int precision, int64_t i)
{
    if (precision == CONCEPTDEC_I_TILE_I8)
        return ((const float *)k->bounds)[i] - 2.0f * ((const float *)k->dots)[i] + k->own_below -
               k->spread[i] * k->whole - k->reach[i] * k->rest;
    if (precision == CONCEPTDEC_I_TILE_F32)
        return ((const float *)k->bounds)[i] - 2.0f * ((const float *)k->dots)[i] + k->own_below;
    return conceptdec_i_float_below(((const double *)k->bounds)[i] - 2.0 * ((const double *)k->dots)[i] + k->own);
}

/* What a word of hits adds to the list of their column, or where to_row to those of their rows. The precision and the
 * side are constants where this is inlined. */
static inline __attribute__((always_inline)) conceptdec_status
push_word(const screen *c, const column_view *k, int32_t value, int64_t first, uint64_t word, int precision,
          bool to_row)
{
    conceptdec_i_screening *s = c->s;
    const int32_t row = (int32_t)c->tile->row;
    for (; word; word &= word - 1) {
        const int32_t i = (int32_t)first + __builtin_ctzll(word), list = to_row ? row + i : value;
        const float low = lower_bound(k, precision, i);
        const bool is_within = precision == CONCEPTDEC_I_TILE_F64 ? (double)low <= ((const double *)s->limits)[list]
                                                                  : low <= ((const float *)s->limits)[list];
        if (is_within && low < INFINITY) /* else the limit has moved; NaN, infinity: a zero row under cosine */
            CONCEPTDEC_I_TRY(conceptdec_i_screening_push(s, list, to_row ? value : row + i, low, c->lane));
    }
    return CONCEPTDEC_OK;
}

static inline __attribute__((always_inline)) conceptdec_status
push_words(const screen *c, const column_view *k, int64_t j, const uint64_t *row_hits, const uint64_t *column_hits,
           int precision)
{
    const int32_t value = (int32_t)(c->tile->col + j);
    for (int w = 0; w < WORDS; w++) {
        CONCEPTDEC_I_TRY(push_word(c, k, value, 64 * w, row_hits[w], precision, true));
        if (c->tile->symmetric)
            CONCEPTDEC_I_TRY(push_word(c, k, value, 64 * w, column_hits[w], precision, false));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
push_hits(const screen *c, const column_view *k, int64_t j, const uint64_t *row_hits, const uint64_t *column_hits)
{
    if (c->s->precision == CONCEPTDEC_I_TILE_I8)
        return push_words(c, k, j, row_hits, column_hits, CONCEPTDEC_I_TILE_I8);
    if (c->s->precision == CONCEPTDEC_I_TILE_F32)
        return push_words(c, k, j, row_hits, column_hits, CONCEPTDEC_I_TILE_F32);
    return push_words(c, k, j, row_hits, column_hits, CONCEPTDEC_I_TILE_F64);
}

/* ---- first limits ----
 * Until a list has k candidates everything would be pushed to it. Where every product of a column counts towards k, the
 * k-th smallest upper bound in the first column that a list sees is a limit from the start. */

/* Upper bound less the lower one, for one item of a pair; what float arithmetic may lose below is within the last
 * term. */
static double
slack(const conceptdec_i_bounds *side, int64_t item)
{
    return (double)side->widths[item].margin + 0x1p-18 * side->norms[item];
}

/* Upper bounds of the pairs of a column, without what its own item adds. */
static void
upper_bounds(const screen *c, int64_t j, int64_t height, const float *upper, float *values)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    const float *dots = (const float *)t->dots + j * t->ld;
    for (int64_t i = 0; i < height; i++)
        values[i] = upper[i] - 2.0f * dots[i];
    if (s->precision == CONCEPTDEC_I_TILE_F32)
        return;
    const conceptdec_i_quantized *a = s->queries.quantized, *b = s->refs.quantized;
    const float *spread = a->spread + t->row, *reach = a->reach + t->row;
    const float share = 2 * s->likely - 1;
    const float whole = share * b->whole[t->col + j], rest = share * 0.5f * b->spread[t->col + j];
    for (int64_t i = 0; i < height; i++)
        values[i] += spread[i] * whole + reach[i] * rest;
}

/* What a pair of items of different clusters has more of, but for what the item of the list adds. */
static double
cross_width(const conceptdec_i_screening *s, int64_t row, int64_t column)
{
    int a = conceptdec_i_cluster_of(&s->queries, row), b = conceptdec_i_cluster_of(&s->refs, column);
    return a == b ? 0 : (double)s->of_values.widths[column].cross + s->wide[a * s->clusters->n + b];
}

/* Which of so many products of a column, the smallest first, sets the limit. A search with floats would take too long
 * if it had to be done again. */
static int64_t
seed_rank(const screen *c, int64_t height)
{
    const conceptdec_i_screening *s = c->s;
    const bool is_likely = !s->proven && s->precision == CONCEPTDEC_I_TILE_I8 && c->tile->row < s->refs.n_first;
    return is_likely ? min64(conceptdec_i_odds_rank(height, s->k, s->refs.n), s->k) : s->k;
}

static void
seed_column(const screen *c, int64_t j, int64_t height, const float *upper)
{
    conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    int32_t column = (int32_t)(t->col + j), row = (int32_t)t->row;
    float values[CONCEPTDEC_I_TILE_ROWS];
    upper_bounds(c, j, height, upper, values);
    double own = column_bound(c, j, conceptdec_i_cluster_of(&s->queries, row)) + slack(&s->of_values, column);
    own += cross_width(s, row, column);
    double limit = (double)s->ctx->kernels->kth_f32(values, height, seed_rank(c, height)) + own;
    if (limit < INFINITY)
        (void)conceptdec_i_screening_set_limit(s, column, limit);
}

/* Upper bounds of the rows of a tile for their pairs with one cluster, without what the other item adds. */
static void
seed_rows(const screen *c, int cluster, float *upper)
{
    const conceptdec_i_screening *s = c->s;
    const float *bounds = row_bounds(c, cluster);
    for (int64_t i = 0; i < c->tile->rows; i++) {
        upper[i] = (float)((double)bounds[i] + slack(&s->of_lists, c->tile->row + i) +
                           (double)s->of_lists.widths[c->tile->row + i].cross);
    }
}

static void
seed_limits(const screen *c)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    float upper[CONCEPTDEC_I_TILE_ROWS];
    int ready = -1;
    for (int64_t j = 0; j < t->cols; j++) {
        int64_t height = conceptdec_i_tile_height(t, j);
        int cluster = conceptdec_i_cluster_of(&s->refs, t->col + j);
        if (conceptdec_i_screening_limit(s, (int32_t)(t->col + j)) < INFINITY || height < 2 * seed_rank(c, height))
            continue;
        if (ready != cluster)
            seed_rows(c, cluster, upper);
        ready = cluster;
        seed_column(c, j, height, upper);
    }
}

/* ---- the consumer ---- */

/* Bits of the rows of a tile that belong to a cluster. */
static void
mask_rows(const screen *c, int cluster, uint64_t *mask)
{
    memset(mask, 0, WORDS * sizeof *mask);
    for (int64_t i = 0; i < c->tile->rows; i++)
        if (conceptdec_i_cluster_of(&c->s->queries, c->tile->row + i) == cluster)
            mask[i / 64] |= (uint64_t)1 << (i % 64);
}

/* All columns, for the rows of one cluster; mask: NULL where these are all rows. */
static conceptdec_status
screen_rows(const screen *c, int of_rows, const uint64_t *mask)
{
    const conceptdec_i_tile *t = c->tile;
    for (int64_t j = 0; j < t->cols; j++) {
        uint64_t row_hits[WORDS] = {0}, column_hits[WORDS] = {0};
        int64_t height = conceptdec_i_tile_height(t, j);
        if (height == 0 || !screen_column(c, j, height, of_rows, row_hits, column_hits))
            continue;
        for (int w = 0; mask && w < WORDS; w++) {
            row_hits[w] &= mask[w];
            column_hits[w] &= mask[w];
        }
        const column_view k = open_column(c, j, of_rows);
        CONCEPTDEC_I_TRY(push_hits(c, &k, j, row_hits, column_hits));
    }
    return CONCEPTDEC_OK;
}

/* Asks for the ends of the lists that a tile may add to: all of them together are seldom in a near cache. */
static void
fetch_ends(const conceptdec_i_screening *s, int64_t first, int64_t n)
{
    for (int64_t i = first; i < first + n; i++)
        __builtin_prefetch(s->lists[i].items + s->lists[i].count, 1);
}

/* Items are sorted by cluster: the rows of most tiles are of one. */
static conceptdec_status
screen_tile(const screen *c)
{
    const conceptdec_i_screening *s = c->s;
    const conceptdec_i_tile *t = c->tile;
    int first = conceptdec_i_cluster_of(&s->queries, t->row);
    int last = conceptdec_i_cluster_of(&s->queries, t->row + t->rows - 1);
    fetch_ends(s, t->row, t->rows);
    if (t->symmetric)
        fetch_ends(s, t->col, t->cols);
    if (first == last && t->symmetric && s->all_count && s->precision != CONCEPTDEC_I_TILE_F64)
        seed_limits(c);
    if (first == last)
        return screen_rows(c, first, NULL);
    for (int cluster = first; cluster <= last; cluster++) {
        uint64_t mask[WORDS];
        mask_rows(c, cluster, mask);
        CONCEPTDEC_I_TRY(screen_rows(c, cluster, mask));
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
