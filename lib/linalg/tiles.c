/* Blocking: super-blocks of rows are packed once for each pair of them (shared by all lanes); a tile is one block of
 * `rows` by `cols` items, computed in slices of `depth` columns so that a slice of the row block stays in the
 * second-level cache and one narrow panel of the column block in the first. */
#include "linalg/tiles.h"

#include <math.h>
#include <string.h>

#include "linalg/engine.h"

#define SUPER_BYTES ((int64_t)48 << 20) /* packed super-block, at most about this */
#define SUPER_ITEMS 12288
#define GROUP_BYTES ((int64_t)16 << 20) /* packed rows that tiles in a row share, about a third-level cache */

typedef conceptdec_i_blocking blocking;
typedef conceptdec_i_engine engine;

/* Columns of a slice, of float and double tiles. */
static int64_t
depth_of(int precision)
{
    return precision == CONCEPTDEC_I_TILE_F32 ? 384 : 256;
}

/* Quantised items stay packed from the start: one super-block holds them all. So it does where rows meet one tile of
 * columns only: each lane then packs those of a tile when it comes to them, if that takes no more room. */
static blocking
choose_blocking(const conceptdec_ctx *ctx, int precision, int64_t dims, int64_t n_b)
{
    const conceptdec_i_kernels *kernels = ctx->kernels;
    const int64_t mr[] = {ctx->narrow->mr, kernels->mr_f32, kernels->mr_f64};
    const int64_t nr[] = {ctx->narrow->nr, kernels->nr_f32, kernels->nr_f64};
    const int64_t size[] = {1, sizeof(float), sizeof(double)};
    blocking b = {.precision = precision, .size = size[precision], .mr = mr[precision], .nr = nr[precision]};
    b.depth = precision == CONCEPTDEC_I_TILE_I8 ? ctx->narrow->depth : depth_of(precision);
    b.rows = precision == CONCEPTDEC_I_TILE_F64 ? CONCEPTDEC_I_TILE_ROWS / 2 : CONCEPTDEC_I_TILE_ROWS;
    b.cols = precision == CONCEPTDEC_I_TILE_I8 ? ctx->narrow->cols : b.rows / b.nr * b.nr;
    int64_t items = min64(SUPER_ITEMS, SUPER_BYTES / (b.size * dims));
    b.rows_pass = precision != CONCEPTDEC_I_TILE_I8 && n_b <= b.cols && conceptdec_i_lanes(ctx) * b.rows <= items;
    if (precision == CONCEPTDEC_I_TILE_I8 || b.rows_pass)
        items = INT32_MAX;
    b.super_rows = max64(1, items / b.rows) * b.rows;
    b.super_cols = max64(1, items / b.cols) * b.cols;
    b.group = min64(8, max64(1, GROUP_BYTES / (2 * b.rows * dims * b.size)));
    return b;
}

double
conceptdec_i_tiles_error(int64_t dims, int precision)
{
    if (precision == CONCEPTDEC_I_TILE_I8)
        return 0;
    double unit = precision == CONCEPTDEC_I_TILE_F32 ? 0x1p-24 : 0x1p-53;
    int64_t depth = depth_of(precision);
    return (double)(min64(depth, dims) + ceil_div(dims, depth) + 2) * unit * 1.001;
}

void
conceptdec_i_operand_row(const conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand, int64_t item,
                         double *out)
{
    int64_t row = operand->row ? operand->row[item] : item;
    int64_t dims = operand->view->cols;
    conceptdec_i_view_widen(kernels, operand->view, row, 0, dims, out);
    if (!operand->factor)
        return;
    double factor = operand->factor[item];
    for (int64_t i = 0; i < dims; i++)
        out[i] *= factor;
}

/* Centres item `item` into `out` (float or double) and returns its squared norm. */
static double
center_item(const conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand, int precision, int64_t item,
            double *wide, void *out)
{
    int64_t dims = operand->view->cols;
    const double *mean = conceptdec_i_operand_mean(operand, item);
    conceptdec_i_operand_row(kernels, operand, item, wide);
    if (precision == CONCEPTDEC_I_TILE_F32)
        return kernels->center_f32(wide, mean, operand->scale, out, dims);
    return kernels->center_f64(wide, mean, operand->scale, out, dims);
}

static void
interleave(const engine *e, const char *in, int64_t rows, int64_t depth, int64_t width, char *out)
{
    if (e->block.precision == CONCEPTDEC_I_TILE_F32)
        e->kernels->interleave_f32((const float *)(const void *)in, e->dims, rows, depth, width, (float *)(void *)out);
    else
        e->kernels->interleave_f64((const double *)(const void *)in, e->dims, rows, depth, width,
                                   (double *)(void *)out);
}

/* Packs items first..first+count-1 as one block of `height` items in panels of `width`: slices of depth one after the
 * other, in each slice the panels one after the other. */
static void
pack_block(const engine *e, const conceptdec_i_operand *operand, int64_t first, int64_t count, int64_t height,
           int64_t width, char *block, int lane)
{
    int64_t size = e->block.size;
    char *rows = e->rows_scratch + lane * max64(e->block.mr, e->block.nr) * e->dims * size;
    double *wide = e->wide_scratch + lane * e->dims;
    for (int64_t panel = 0; panel < height; panel += width) {
        int64_t present = max64(0, min64(width, count - panel));
        for (int64_t r = 0; r < present; r++)
            center_item(e->kernels, operand, e->block.precision, first + panel + r, wide, rows + r * e->dims * size);
        for (int64_t p = 0; p < e->dims; p += e->block.depth) {
            int64_t depth = min64(e->block.depth, e->dims - p);
            interleave(e, rows + p * size, present, depth, width, block + (p * height + panel * depth) * size);
        }
    }
}

static conceptdec_status
pack_a_task(void *argument, int64_t task, int lane)
{
    engine *e = argument;
    int64_t first = task * e->block.rows;
    pack_block(e, e->a, e->a_first + first, e->a_count - first, e->block.rows, e->block.mr,
               e->packed_a + first * e->dims * e->block.size, lane);
    return CONCEPTDEC_OK;
}

static conceptdec_status
pack_b_task(void *argument, int64_t task, int lane)
{
    engine *e = argument;
    int64_t first = task * e->block.cols;
    pack_block(e, e->b, e->b_first + first, e->b_count - first, e->block.cols, e->block.nr,
               e->packed_b + first * e->dims * e->block.size, lane);
    return CONCEPTDEC_OK;
}

/* Products of `height` leading rows of a block with one panel of columns, for one slice of depth. */
static void
panel_column(const engine *e, const char *a, const char *b, char *c, int64_t height, int64_t depth, int accumulate)
{
    const blocking *k = &e->block;
    for (int64_t i = 0; i < height; i += k->mr) {
        const void *ai = a + i * depth * k->size;
        void *ci = c + i * k->size;
        if (k->precision == CONCEPTDEC_I_TILE_F32)
            e->kernels->panel_f32(depth, ai, (const void *)b, ci, k->rows, accumulate);
        else
            e->kernels->panel_f64(depth, ai, (const void *)b, ci, k->rows, accumulate);
    }
}

/* Packed rows of a tile. */
static const char *
rows_of(const engine *e, const conceptdec_i_tile *tile, int lane)
{
    const blocking *k = &e->block;
    if (!k->rows_pass)
        return e->packed_a + (tile->row - e->a_first) * e->dims * k->size;
    char *block = e->packed_a + lane * k->rows * e->dims * k->size;
    pack_block(e, e->a, tile->row, tile->rows, k->rows, k->mr, block, lane);
    return block;
}

static void
compute_tile(const engine *e, const conceptdec_i_tile *tile, char *out, int lane)
{
    const blocking *k = &e->block;
    if (k->precision == CONCEPTDEC_I_TILE_I8) {
        conceptdec_i_narrow_tile(e, tile, (float *)(void *)out, lane);
        return;
    }
    const char *a = rows_of(e, tile, lane);
    const char *b = e->packed_b + (tile->col - e->b_first) * e->dims * k->size;
    for (int64_t p = 0; p < e->dims; p += k->depth) {
        int64_t depth = min64(k->depth, e->dims - p);
        for (int64_t j = 0; j < tile->cols; j += k->nr) {
            int64_t height = conceptdec_i_tile_height(tile, min64(j + k->nr, tile->cols) - 1);
            panel_column(e, a + p * k->rows * k->size, b + (p * k->cols + j * depth) * k->size,
                         out + j * k->rows * k->size, height, depth, p > 0);
        }
    }
}

/* Rows that stand packed at the same time. */
static int64_t
packed_rows(const blocking *k, int64_t n, int64_t lanes)
{
    return k->rows_pass ? lanes * k->rows : min64(k->super_rows, ceil_div(n, k->rows) * k->rows);
}

/* Whether the rows of a super-block are packed before its tiles are computed. */
static bool
packs_rows(const blocking *k)
{
    return k->precision != CONCEPTDEC_I_TILE_I8 && !k->rows_pass;
}

/* Tiles that a square is wide: as many items as it is high. */
static int64_t
square_width(const blocking *k)
{
    return k->group * (k->rows / k->cols);
}

/* Tiles of one pair of super-blocks, numbered square by square, so that packed rows are used several times while they
 * are in the cache. Within a square neighbouring numbers share neither side: their consumers then rarely meet. Squares
 * come column by column, from the diagonal upwards, and of a square on the diagonal first the tiles on it: items that
 * stand close together meet before those far apart. */
static void
tile_place(const engine *e, int64_t task, int64_t *i, int64_t *j)
{
    int64_t g = e->block.group, wide = square_width(&e->block), square = task / (g * wide), place = task % (g * wide);
    int64_t down = ceil_div(e->a_tiles, g), column = square / down;
    int64_t last = e->b_first + (column + 1) * wide * e->block.cols - 1;
    int64_t diagonal = (last - e->a_first) / (g * e->block.rows);
    *i = (max64(0, min64(diagonal, down - 1)) - square % down + down) % down * g + place % g;
    *j = column * wide + (place / g + place % g * (wide / g)) % wide;
}

static int64_t
count_places(const blocking *k, int64_t a_tiles, int64_t b_tiles)
{
    int64_t wide = square_width(k);
    return ceil_div(a_tiles, k->group) * ceil_div(b_tiles, wide) * k->group * wide;
}

static int64_t
tile_bytes(const engine *e)
{
    const blocking *k = &e->block;
    return k->rows * k->cols * (k->precision == CONCEPTDEC_I_TILE_I8 ? (int64_t)sizeof(float) : k->size);
}

/* Rows of tiles that come before all others. */
static int64_t
first_tiles(const engine *e)
{
    const bool counts = e->symmetric && e->block.precision == CONCEPTDEC_I_TILE_I8;
    return counts ? e->a->n_first / e->block.rows : 0;
}

static conceptdec_status
run_tile(engine *e, int64_t i, int64_t j, int lane)
{
    const blocking *k = &e->block;
    char *out = e->tile_scratch + lane * tile_bytes(e);
    conceptdec_i_tile tile = {.row = e->a_first + i * k->rows, .col = e->b_first + j * k->cols, .dots = out,
                              .ld = k->rows, .symmetric = e->symmetric};
    tile.rows = min64(k->rows, e->a_count - i * k->rows);
    tile.cols = min64(k->cols, e->b_count - j * k->cols);
    if (conceptdec_i_tile_height(&tile, tile.cols - 1) == 0)
        return CONCEPTDEC_OK;
    compute_tile(e, &tile, out, lane);
    return e->consumer(e->argument, &tile, lane);
}

static conceptdec_status
tile_task(void *argument, int64_t task, int lane)
{
    engine *e = argument;
    const int64_t first = first_tiles(e), before = first * e->b_tiles;
    int64_t i, j;
    if (task < before)
        return run_tile(e, task % first, task / first, lane);
    tile_place(e, task - before, &i, &j);
    return i < first || i >= e->a_tiles || j >= e->b_tiles ? CONCEPTDEC_OK : run_tile(e, i, j, lane);
}

static conceptdec_status
take_buffers(engine *e, conceptdec_i_arena *arena)
{
    conceptdec_ctx *ctx = arena->ctx;
    if (e->block.precision == CONCEPTDEC_I_TILE_I8)
        return conceptdec_i_narrow_take_buffers(e, arena);
    const blocking *k = &e->block;
    int64_t lanes = conceptdec_i_lanes(ctx), d = e->dims;
    int64_t a = packed_rows(k, e->a->n, lanes);
    int64_t b = min64(k->super_cols, ceil_div(e->b->n, k->cols) * k->cols);
    uint64_t size = (uint64_t)k->size;
    void *p[5];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "packed rows", a * d, size, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "packed rows", b * d, size, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", lanes * max64(k->mr, k->nr) * d, size, &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", lanes * d, sizeof(double), &p[3]));
    /* Zeroed: consumers look at groups of rows, and the last group may reach beyond what is computed. */
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "tiles", lanes * k->rows * k->cols, size, &p[4]));
    e->packed_a = p[0];
    e->packed_b = p[1];
    e->rows_scratch = p[2];
    e->wide_scratch = p[3];
    e->tile_scratch = p[4];
    return CONCEPTDEC_OK;
}

/* All tiles of one packed column super-block. */
static conceptdec_status
run_against(conceptdec_ctx *ctx, engine *e)
{
    const blocking *k = &e->block;
    int64_t end = e->symmetric ? min64(e->a->n, e->b_first + e->b_count) : e->a->n;
    for (e->a_first = (end - 1) / k->super_rows * k->super_rows; e->a_first >= 0; e->a_first -= k->super_rows) {
        e->a_count = min64(k->super_rows, e->a->n - e->a_first);
        e->a_tiles = ceil_div(e->a_count, k->rows);
        if (packs_rows(k))
            CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, e->a_tiles, pack_a_task, e));
        const int64_t tiles = first_tiles(e) * e->b_tiles + count_places(k, e->a_tiles, e->b_tiles);
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, tiles, tile_task, e));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_all(conceptdec_ctx *ctx, engine *e)
{
    const blocking *k = &e->block;
    for (e->b_first = 0; e->b_first < e->b->n; e->b_first += k->super_cols) {
        e->b_count = min64(k->super_cols, e->b->n - e->b_first);
        e->b_tiles = ceil_div(e->b_count, k->cols);
        if (k->precision != CONCEPTDEC_I_TILE_I8)
            CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, e->b_tiles, pack_b_task, e));
        CONCEPTDEC_I_TRY(run_against(ctx, e));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_tiles_run(conceptdec_ctx *ctx, const conceptdec_i_operand *a, const conceptdec_i_operand *b, int precision,
                       conceptdec_i_tile_consumer consumer, void *argument)
{
    engine e = {.kernels = ctx->kernels, .narrow = ctx->narrow, .a = a, .b = b ? b : a, .symmetric = b == NULL,
                .dims = a->view->cols,
                .consumer = consumer, .argument = argument};
    e.block = choose_blocking(ctx, precision, e.dims, e.b->n);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = take_buffers(&e, &arena);
    if (status == CONCEPTDEC_OK)
        status = run_all(ctx, &e);
    conceptdec_i_arena_close(&arena);
    return status;
}

int64_t
conceptdec_i_tiles_tasks(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b, int64_t dims, int precision)
{
    bool symmetric = n_b == 0;
    int64_t n = symmetric ? n_a : n_b, tasks = 0;
    blocking k = choose_blocking(ctx, precision, dims, n);
    for (int64_t b = 0; b < n; b += k.super_cols) {
        int64_t b_count = min64(k.super_cols, n - b), b_tiles = ceil_div(b_count, k.cols);
        int64_t end = symmetric ? min64(n_a, b + b_count) : n_a;
        tasks += precision == CONCEPTDEC_I_TILE_I8 ? 0 : b_tiles;
        for (int64_t a = 0; a < end; a += k.super_rows) {
            int64_t a_tiles = ceil_div(min64(k.super_rows, n_a - a), k.rows);
            tasks += (packs_rows(&k) ? a_tiles : 0) + count_places(&k, a_tiles, b_tiles);
        }
    }
    return tasks;
}

int64_t
conceptdec_i_tiles_first(const conceptdec_ctx *ctx, const conceptdec_i_operand *a, int precision)
{
    const engine e = {.a = a, .symmetric = true, .block = choose_blocking(ctx, precision, a->view->cols, a->n)};
    return first_tiles(&e) * ceil_div(a->n, e.block.cols);
}

int64_t
conceptdec_i_tiles_bytes(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b, int64_t dims, int precision)
{
    const int64_t n = n_b ? n_b : n_a, lanes = conceptdec_i_lanes(ctx);
    blocking k = choose_blocking(ctx, precision, dims, n);
    int64_t a = packed_rows(&k, n_a, lanes), b = min64(k.super_cols, ceil_div(n, k.cols) * k.cols);
    int64_t lane = max64(k.mr, k.nr) * dims + k.rows * k.cols;
    return ((a + b) * dims + lanes * lane) * k.size + lanes * dims * (int64_t)sizeof(double);
}

typedef struct {
    const conceptdec_i_kernels *kernels;
    const conceptdec_i_operand *operand;
    int precision;
    double *scratch; /* per lane: a row as doubles and once more as elements */
    double *norms;
} norms_job;

static conceptdec_status
norms_task(void *argument, int64_t task, int lane)
{
    norms_job *job = argument;
    int64_t dims = job->operand->view->cols;
    double *wide = job->scratch + 2 * lane * dims;
    int64_t first = task * CONCEPTDEC_I_TILE_ROWS;
    int64_t last = task_end(task, CONCEPTDEC_I_TILE_ROWS, job->operand->n);
    for (int64_t i = first; i < last; i++)
        job->norms[i] = center_item(job->kernels, job->operand, job->precision, i, wide, wide + dims);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_tiles_norms(conceptdec_ctx *ctx, const conceptdec_i_operand *operand, int precision, double *norms)
{
    norms_job job = {.kernels = ctx->kernels, .operand = operand, .precision = precision, .norms = norms};
    void *scratch;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "rows", 2 * conceptdec_i_lanes(ctx) * operand->view->cols, sizeof(double),
                                       &scratch));
    job.scratch = scratch;
    conceptdec_status status =
        conceptdec_i_parallel(ctx, ceil_div(operand->n, CONCEPTDEC_I_TILE_ROWS), norms_task, &job);
    conceptdec_i_give(ctx, scratch);
    return status;
}
