/* Exact ranks from tiles of products: each pair is put between the distances that a row asks about, and where the error
 * of the product leaves the place open, the float64 distance decides. No matrix of distances exists. */
#include <math.h>
#include <string.h>

#include "linalg/rounding.h"
#include "projection/quality.h"

#define BLOCK CONCEPTDEC_I_TILE_ROWS /* items of a lock */
#define SAMPLE_ITEMS 32
#define SAMPLE_PAIRS 256
#define MOST_REFINED (1 << 22) /* numbers of rows between two looks at the cancel flag */
#define OPEN_COST 60 /* pairs left open cost this many products each, seen from both sides */

#define GROUP CONCEPTDEC_I_QUALITY_GROUP
#define MOST_COMPARED 40 /* limits that pairs are compared with one by one */

/* Pairs of a tile that are left open: a bit for each row. */
typedef struct {
    uint16_t bits[CONCEPTDEC_I_TILE_ROWS][CONCEPTDEC_I_TILE_ROWS / GROUP];
} open_pairs;

#define REAL float
#define NAME(x) x##_f32
#define DOWN(x) conceptdec_i_round_down(x)
#define UP(x) conceptdec_i_round_up(x)
#include "projection/quality_bins_template.h"
#undef REAL
#undef NAME
#undef DOWN
#undef UP
#define REAL double
#define NAME(x) x##_f64
#define DOWN(x) (x)
#define UP(x) (x)
#include "projection/quality_bins_template.h"

/* ---- precision ---- */

/* Whether a pair at this distance is within `width` of one that the item asks about. */
static bool
is_open(const conceptdec_i_asked *asked, int32_t n, double distance, double width)
{
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (asked[middle].d2 < distance - width)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && asked[low].d2 <= distance + width;
}

/* Pairs of an item with a sample of all that float32 would leave open. */
static int64_t
count_open(const conceptdec_i_judging *r, int64_t item, const double *norms, double error)
{
    conceptdec_i_quality_lane scratch = conceptdec_i_quality_lane_of(r, 0);
    const conceptdec_i_asked *asked = r->asked + conceptdec_i_quality_place_of(r, item).asked;
    double *query = scratch.rows, half = r->ranks->table->metric == CONCEPTDEC_METRIC_COSINE ? 0.5 : 1;
    int64_t n = r->n_items < SAMPLE_PAIRS ? r->n_items : SAMPLE_PAIRS, open = 0;
    for (int64_t i = 0; i < n; i++)
        scratch.items[i] = (int32_t)(i * r->n_items / n);
    conceptdec_i_operand_row(r->ctx->kernels, &r->items, item, query);
    conceptdec_i_distances(r->ctx->kernels, &r->items, query, scratch.items, (int32_t)n, query + r->items.view->cols,
                           scratch.d2);
    for (int64_t i = 0; i < n; i++) {
        double width = 2 * error * (norms[item] + norms[scratch.items[i]]) / r->to_units;
        open += scratch.items[i] != item && is_open(asked, r->n_asked[r->order[item]], half * scratch.d2[i], width);
    }
    return open;
}

static conceptdec_status
choose_precision(conceptdec_i_judging *r, const double *norms)
{
    double error = conceptdec_i_distance_error(r->items.view->cols, CONCEPTDEC_I_TILE_F32);
    int64_t asking = r->end < r->n_asking ? r->end : r->n_asking, open = 0;
    int64_t n = asking - r->first < SAMPLE_ITEMS ? asking - r->first : SAMPLE_ITEMS;
    int64_t pairs = n * (r->n_items < SAMPLE_PAIRS ? r->n_items : SAMPLE_PAIRS);
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
        open += count_open(r, r->first + i * (asking - r->first) / n, norms, error);
    }
    r->precision = OPEN_COST * open > pairs ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    return CONCEPTDEC_OK;
}

static conceptdec_status
set_precision(conceptdec_i_arena *arena, conceptdec_i_judging *r, double **norms)
{
    int64_t dims = r->items.view->cols;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row norms", r->n_items, sizeof(double), &p));
    *norms = p;
    r->to_units = r->items.scale * r->items.scale * (r->ranks->table->metric == CONCEPTDEC_METRIC_COSINE ? 2 : 1);
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(arena->ctx, &r->items, CONCEPTDEC_I_TILE_F32, *norms));
    CONCEPTDEC_I_TRY(choose_precision(r, *norms));
    if (r->precision == CONCEPTDEC_I_TILE_F64)
        CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(arena->ctx, &r->items, CONCEPTDEC_I_TILE_F64, *norms));
    r->error = conceptdec_i_distance_error(dims, r->precision);
    r->slack = 4 * conceptdec_i_sum_error(dims);
    r->floor = 0x1p-90;
    return CONCEPTDEC_OK;
}

/* ---- tiles ---- */

/* Locks of the items of a tile: those of its rows and, where its columns count too, theirs, in ascending order, in
 * which all tiles take them. Columns may begin before the rows do. */
static int64_t
locks_of(const conceptdec_i_judging *r, const conceptdec_i_tile *tile, int64_t *blocks)
{
    int64_t n = 0, row = tile->row / BLOCK, first = tile->col / BLOCK, last = (tile->col + tile->cols - 1) / BLOCK;
    if (!r->symmetric || row < first)
        blocks[n++] = row;
    for (int64_t b = first; r->symmetric && b <= last; b++)
        blocks[n++] = b;
    if (r->symmetric && row > last)
        blocks[n++] = row;
    return n;
}

static void
lock(const conceptdec_i_judging *r, const int64_t *blocks, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        pthread_mutex_lock(&r->locks[blocks[i]]);
}

static void
unlock(const conceptdec_i_judging *r, const int64_t *blocks, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        pthread_mutex_unlock(&r->locks[blocks[i]]);
}

static bool
has_open(const open_pairs *open, int64_t j)
{
    unsigned any = 0;
    for (size_t w = 0; w < sizeof open->bits[j] / sizeof open->bits[j][0]; w++)
        any |= open->bits[j][w];
    return any != 0;
}

/* From column j on, until that was much; returns the first column that is left. */
static int64_t
refine_some(conceptdec_i_judging *r, const conceptdec_i_tile *tile, int64_t j, const open_pairs *open, int lane)
{
    for (int64_t left = MOST_REFINED; j < tile->cols && left > 0; j++)
        if (has_open(open, j))
            left -= r->items.view->cols * (r->precision == CONCEPTDEC_I_TILE_F32
                                               ? refine_f32(r, tile, j, open->bits[j], lane)
                                               : refine_f64(r, tile, j, open->bits[j], lane));
    return j;
}

/* A look at the cancel flag may call the caller's code: without a lock. */
static conceptdec_status
consume(void *argument, const conceptdec_i_tile *tile, int lane)
{
    conceptdec_i_judging *r = argument;
    int64_t blocks[4], n = locks_of(r, tile, blocks), done = 0;
    open_pairs open;
    lock(r, blocks, n);
    if (r->precision == CONCEPTDEC_I_TILE_F32)
        bin_tile_f32(r, tile, &open);
    else
        bin_tile_f64(r, tile, &open);
    while ((done = refine_some(r, tile, done, &open, lane)) < tile->cols) {
        unlock(r, blocks, n);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
        lock(r, blocks, n);
    }
    unlock(r, blocks, n);
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_tiles(conceptdec_i_judging *r)
{
    conceptdec_i_operand rows = r->items;
    int64_t n = r->end - r->first, n_columns = r->symmetric ? 0 : r->n_items;
    rows.n = n;
    rows.row += r->first;
    rows.factor = rows.factor ? rows.factor + r->first : NULL;
    conceptdec_i_stage(r->ctx, "ranks", conceptdec_i_tiles_tasks(r->ctx, n, n_columns, rows.view->cols, r->precision));
    return conceptdec_i_tiles_run(r->ctx, &rows, r->symmetric ? NULL : &r->items, r->precision, consume, r);
}

static conceptdec_status
run_locked(conceptdec_i_arena *arena, conceptdec_i_judging *r)
{
    int64_t n = (r->end - r->first + BLOCK - 1) / BLOCK;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "locks", n, sizeof *r->locks, &p));
    r->locks = p;
    for (int64_t i = 0; i < n; i++)
        pthread_mutex_init(&r->locks[i], NULL);
    conceptdec_status status = run_tiles(r);
    for (int64_t i = 0; i < n; i++)
        pthread_mutex_destroy(&r->locks[i]);
    return status;
}

/* ---- from places to ranks ---- */

/* What the tiles do not show, or should not: other rows of the item's own value (symmetric tiles never visit the
 * diagonal), the row itself (others do), and zero rows. */
static void
sum_places(const conceptdec_i_judging *r, int64_t item)
{
    conceptdec_i_quality_place at = conceptdec_i_quality_place_of(r, item);
    int64_t closer = r->symmetric ? r->rows[item] - 1 : -1;
    int32_t n_zero = (int32_t)r->ranks->n_zero;
    for (int32_t t = 0; t < r->n_asked[r->order[item]]; t++) {
        conceptdec_i_asked *asked = &r->asked[at.asked + t];
        closer += r->count[at.count + t];
        asked->tied += asked->d2 >= 1 && asked->d2 <= 1 ? n_zero : 0;
        r->count[at.count + t] = (int32_t)(closer + (asked->d2 > 1 ? n_zero : 0));
    }
}

conceptdec_status
conceptdec_i_quality_rank(conceptdec_i_arena *arena, conceptdec_i_judging *r)
{
    int64_t total = r->start[(r->end - r->first + GROUP - 1) / GROUP], padded = r->n_items + GROUP;
    double *norms;
    void *p[4];
    CONCEPTDEC_I_TRY(set_precision(arena, r, &norms));
    bool is_wide = r->precision == CONCEPTDEC_I_TILE_F64;
    uint64_t size = is_wide ? sizeof(double) : sizeof(float);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "limits", total, size, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "limits", total, size, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row norms", padded, size, &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row norms", padded, size, &p[3]));
    r->low = p[0];
    r->high = p[1];
    r->upper = p[2];
    r->lower = p[3];
    CONCEPTDEC_I_TRY(is_wide ? fill_bounds_f64(r, norms) : fill_bounds_f32(r, norms));
    CONCEPTDEC_I_TRY(is_wide ? fill_limits_f64(r, norms) : fill_limits_f32(r, norms));
    CONCEPTDEC_I_TRY(run_locked(arena, r));
    for (int64_t item = r->first; item < r->end; item++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
        sum_places(r, item);
    }
    return CONCEPTDEC_OK;
}
