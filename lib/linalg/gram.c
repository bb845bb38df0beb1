/* Tiles of the lower half, over a slab of rows whose panels are packed once for all of them. Where tiles are few each
 * packs its own, over a range of the rows, which are cut by their number alone; the partial sums are added in order. */
#include "linalg/gram.h"

#include <string.h>

#include "linalg/engine.h"

#define LEAST_TASKS 16
#define LEAST_ROWS 2048 /* of a range */
#define DEPTH_F32 384
#define DEPTH_F64 288
#define EDGE 128             /* a tile of sums stays in a second-level cache beside a slice of its rows */
#define SLAB_BYTES (1 << 24) /* of panels, about */
#define LEAST_SLAB 1152      /* rows: sums of d x d are fetched once for as many */
#define SHARED_TILES 5       /* along a side, from which on it pays to pack panels once for all */
#define ROWS_A_POLL 16384
#define ABREAST 16
#define STRIP 32       /* columns of one half that are copied to the other at once */
#define LINE 8         /* doubles of a line of a cache */
#define STORED_AHEAD 4 /* rows of the result, likewise */
#define AHEAD 16 /* rows are asked for before they are copied; past the last one that does no harm */

typedef struct {
    conceptdec_ctx *ctx;
    const conceptdec_i_dense *rows;
    const double *weight;
    const int64_t *kept; /* rows that count; NULL: all */
    int64_t n_kept;
    bool is_float; /* products in float */
    int64_t mr, nr, edge, width, depth; /* a tile has edge x width elements */
    int64_t down, across, ranges;       /* tiles along both sides; parts of the rows */
    int64_t size;
    int64_t slab;                       /* rows whose panels are packed at once; 0: each tile packs its own */
    int64_t slab_first, slab_end;       /* those that are now */
    char *panels;                       /* of all tiles: of their rows, then of their columns */
    char *scratch;                      /* per lane */
    int64_t scratch_bytes;
    double *partial; /* where there are several ranges, per task: a tile */
    double *out;
    int64_t ld;
    bool is_adding; /* to what is there */
} gram;

double
conceptdec_i_gram_error(int64_t n, int precision)
{
    bool is_float = precision == CONCEPTDEC_I_TILE_F32;
    int64_t depth = is_float ? DEPTH_F32 : DEPTH_F64;
    double chain = (double)min64(n, depth) + 2, sums = (double)(n / depth + LEAST_TASKS + 2);
    return ((is_float ? chain * 0x1p-24 : chain * 0x1p-53) + sums * 0x1p-53) * 1.001;
}

/* `width` elements times `weight`, of which `count` are there; the widths of kernels are known to the compiler, so that
 * a row of a panel is a few vector moves. */
#define COPY_ROW(name, from, to)                                                                                       \
    static inline void name##_fixed(const from *restrict in, to weight, int64_t width, to *restrict out)               \
    {                                                                                                                  \
        for (int64_t i = 0; i < width; i++)                                                                            \
            out[i] = (to)in[i] * weight;                                                                               \
    }                                                                                                                  \
                                                                                                                       \
    static inline void name(const from *restrict in, to weight, int64_t count, int64_t width, to *restrict out)        \
    {                                                                                                                  \
        if (count < width) {                                                                                           \
            name##_fixed(in, weight, count, out);                                                                      \
            for (int64_t i = count > 0 ? count : 0; i < width; i++)                                                    \
                out[i] = 0;                                                                                            \
        } else if (width == 32) {                                                                                      \
            name##_fixed(in, weight, 32, out);                                                                         \
        } else if (width == 12) {                                                                                      \
            name##_fixed(in, weight, 12, out);                                                                         \
        } else if (width == 16) {                                                                                      \
            name##_fixed(in, weight, 16, out);                                                                         \
        } else if (width == 6) {                                                                                       \
            name##_fixed(in, weight, 6, out);                                                                          \
        } else if (width == 8) {                                                                                       \
            name##_fixed(in, weight, 8, out);                                                                          \
        } else {                                                                                                       \
            name##_fixed(in, weight, width, out);                                                                      \
        }                                                                                                              \
    }

COPY_ROW(copy_f32, float, float)
COPY_ROW(copy_f64, double, double)
COPY_ROW(copy_wide, float, double)

static void
copy_row(const gram *g, int64_t row, double weight, int64_t first, int64_t width, void *out)
{
    int64_t at = row * g->rows->stride + first, count = g->rows->dims - first;
    __builtin_prefetch((const char *)g->rows->data + (at + AHEAD * g->rows->stride) * (g->rows->is_wide ? 8 : 4));
    if (g->is_float)
        copy_f32((const float *)g->rows->data + at, (float)weight, count, width, out);
    else if (g->rows->is_wide)
        copy_f64((const double *)g->rows->data + at, weight, count, width, out);
    else
        copy_wide((const float *)g->rows->data + at, weight, count, width, out);
}

/* A whole panel of a few rows as they lie; the number of bytes of one is known to the compiler where it is inlined. */
static inline void
copy_fixed(const char *restrict in, int64_t step, int64_t rows, size_t bytes, char *restrict out)
{
    for (int64_t p = 0; p < rows; p++, in += step, out += bytes) {
        __builtin_prefetch(in + AHEAD * step);
        memcpy(out, in, bytes);
    }
}

static void
copy_rows(const char *in, int64_t step, int64_t rows, int64_t bytes, char *out)
{
    if (bytes == 128)
        copy_fixed(in, step, rows, 128, out);
    else if (bytes == 96)
        copy_fixed(in, step, rows, 96, out);
    else if (bytes == 64)
        copy_fixed(in, step, rows, 64, out);
    else if (bytes == 48)
        copy_fixed(in, step, rows, 48, out);
    else if (bytes == 24)
        copy_fixed(in, step, rows, 24, out);
    else
        copy_fixed(in, step, rows, (size_t)bytes, out);
}

/* Whether rows are copied as they are. */
static bool
is_copied(const gram *g)
{
    return !g->kept && !g->weight && g->is_float != g->rows->is_wide;
}

/* A panel of each `width` columns, from the first column of a tile to `end`, for kept rows from..from+depth-1. Columns
 * past the last are 0. A few rows at a time: panels lie whole pages apart, and as many lines of one would not stay in a
 * cache. */
static void
pack(const gram *g, int64_t from, int64_t depth, int64_t first, int64_t end, int64_t width, bool is_weighted, char *out)
{
    const int64_t step = g->rows->stride * g->size;
    for (int64_t start = 0; start < depth; start += ABREAST)
        for (int64_t column = first; column < end; column += width) {
            char *panel = out + (column - first) * depth * g->size;
            const int64_t stop = min64(depth, start + ABREAST);
            if (is_copied(g) && column + width <= g->rows->dims) {
                copy_rows((const char *)g->rows->data + (from + start) * step + column * g->size, step, stop - start,
                          width * g->size, panel + start * width * g->size);
                continue;
            }
            for (int64_t p = start; p < stop; p++) {
                int64_t row = g->kept ? g->kept[from + p] : from + p;
                double weight = is_weighted && g->weight ? g->weight[row] : 1;
                copy_row(g, row, weight, column, width, panel + p * width * g->size);
            }
        }
}

/* Panels of a tile from (row, column) on; those above the diagonal are left out. */
static void
multiply(const gram *g, int64_t row, int64_t column, int64_t depth, const char *a, const char *b, char *c,
         bool accumulate)
{
    const conceptdec_i_kernels *kernels = g->ctx->kernels;
    for (int64_t j = 0; j < g->width; j += g->nr)
        for (int64_t i = 0; i < g->edge; i += g->mr) {
            const void *ai = a + i * depth * g->size, *bj = b + j * depth * g->size;
            void *cij = c + (j * g->edge + i) * g->size;
            if (row + i + g->mr <= column + j)
                continue;
            if (g->is_float)
                kernels->panel_f32(depth, ai, bj, cij, g->edge, accumulate);
            else
                kernels->panel_f64(depth, ai, bj, cij, g->edge, accumulate);
        }
}

static void
add_doubles(const double *restrict from, double *restrict to, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] += from[i];
}

static void
tile_place(const gram *g, int64_t task, int64_t *i, int64_t *j, int64_t *range)
{
    *range = task % g->ranges;
    task /= g->ranges;
    *i = task / g->across;
    *j = task % g->across;
}

static void
store(const gram *g, int64_t row, int64_t column, const double *tile, double *out, int64_t ld, bool is_first)
{
    const int64_t dims = g->rows->dims, end = min64(g->edge, dims - row);
    for (int64_t j = 0; j < min64(g->width, dims - column); j++) {
        const int64_t first = max64(0, column + j - row);
        const double *from = tile + j * g->edge + first;
        double *to = out + (column + j) * ld + row + first;
        for (int64_t i = 0; i < end - first; i += LINE)
            __builtin_prefetch((const char *)to + (STORED_AHEAD * ld + i) * (int64_t)sizeof *to, 1);
        if (is_first)
            memcpy(to, from, (size_t)max64(0, end - first) * sizeof *to);
        else
            add_doubles(from, to, end - first);
    }
}

static bool
is_below(const gram *g, int64_t i, int64_t j)
{
    return min64((i + 1) * g->edge, g->rows->dims) > j * g->width;
}

static int64_t
float_bytes(const gram *g)
{
    return g->is_float ? ceil_div(g->edge * g->width * (int64_t)sizeof(float), 64) * 64 : 0;
}

/* Where the panels of tile row i lie, or of tile column j behind all rows, from a row of the slab on. */
static char *
row_panels(const gram *g, int64_t i, int64_t from)
{
    return g->panels + g->edge * (i * (g->slab_end - g->slab_first) + from - g->slab_first) * g->size;
}

static char *
column_panels(const gram *g, int64_t j, int64_t from)
{
    return row_panels(g, g->down, g->slab_first) +
           g->width * (j * (g->slab_end - g->slab_first) + from - g->slab_first) * g->size;
}

static conceptdec_status
pack_task(void *argument, int64_t task, int lane)
{
    const gram *g = argument;
    const int64_t j = task - g->down;
    (void)lane;
    for (int64_t from = g->slab_first; from < g->slab_end; from += g->depth) {
        const int64_t depth = min64(g->depth, g->slab_end - from);
        if (j < 0)
            pack(g, from, depth, task * g->edge, (task + 1) * g->edge, g->mr, true, row_panels(g, task, from));
        else
            pack(g, from, depth, j * g->width, (j + 1) * g->width, g->nr, false, column_panels(g, j, from));
    }
    return CONCEPTDEC_OK;
}

/* What a lane has for one tile: panels of its own, unless they are shared, a tile of floats and one of sums. */
typedef struct workplace {
    char *a, *b, *floats;
    double *sums;
} workplace;

static int64_t
own_depth(const gram *g)
{
    return g->slab ? 0 : g->depth;
}

static workplace
workplace_of(const gram *g, int64_t task, int lane)
{
    workplace w = {.a = g->scratch + lane * g->scratch_bytes};
    w.b = w.a + g->edge * own_depth(g) * g->size;
    w.floats = w.b + g->width * own_depth(g) * g->size;
    w.sums = g->partial ? g->partial + task * g->edge * g->width : (double *)(void *)(w.floats + float_bytes(g));
    memset(w.sums, 0, (size_t)(g->edge * g->width) * sizeof *w.sums);
    memset(w.floats, 0, (size_t)float_bytes(g));
    return w;
}

static void
find_panels(const gram *g, int64_t i, int64_t j, int64_t from, int64_t depth, workplace *w)
{
    if (g->slab) {
        w->a = row_panels(g, i, from);
        w->b = column_panels(g, j, from);
    } else {
        pack(g, from, depth, i * g->edge, (i + 1) * g->edge, g->mr, true, w->a);
        pack(g, from, depth, j * g->width, (j + 1) * g->width, g->nr, false, w->b);
    }
}

static conceptdec_status
tile_task(void *argument, int64_t task, int lane)
{
    const gram *g = argument;
    int64_t i, j, range;
    tile_place(g, task, &i, &j, &range);
    if (!is_below(g, i, j))
        return CONCEPTDEC_OK;
    workplace w = workplace_of(g, task, lane);
    const int64_t first = g->slab ? g->slab_first : g->n_kept * range / g->ranges;
    const int64_t last = g->slab ? g->slab_end : g->n_kept * (range + 1) / g->ranges;
    for (int64_t from = first; from < last; from += g->depth) {
        const int64_t depth = min64(g->depth, last - from);
        find_panels(g, i, j, from, depth, &w);
        multiply(g, i * g->edge, j * g->width, depth, w.a, w.b, g->is_float ? w.floats : (char *)w.sums, !g->is_float);
        if (g->is_float)
            g->ctx->kernels->add_floats((const float *)(const void *)w.floats, w.sums, g->edge * g->width);
        if ((from - first) % ROWS_A_POLL < g->depth)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(g->ctx, 0));
    }
    if (!g->partial)
        store(g, i * g->edge, j * g->width, w.sums, g->out, g->ld, !g->is_adding && first == 0);
    return CONCEPTDEC_OK;
}

static conceptdec_status
keep_rows(conceptdec_i_arena *arena, gram *g)
{
    void *p;
    g->n_kept = g->rows->n;
    if (!g->weight)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", g->rows->n, sizeof(int64_t), &p));
    int64_t *kept = p;
    g->n_kept = 0;
    for (int64_t i = 0; i < g->rows->n; i++)
        if (g->weight[i] != 0)
            kept[g->n_kept++] = i;
    g->kept = kept;
    return CONCEPTDEC_OK;
}

static int64_t
panel_bytes(const gram *g, int64_t rows)
{
    return (g->down * g->edge + g->across * g->width) * rows * g->size;
}

static int64_t
most_slab(const gram *g)
{
    return min64(max64(1, g->n_kept), max64(LEAST_SLAB, SLAB_BYTES / panel_bytes(g, 1)));
}

/* Slabs of about the same length, and slices of them likewise. */
static void
shape_slabs(gram *g)
{
    const int64_t rows = max64(1, g->n_kept);
    g->slab = ceil_div(rows, ceil_div(rows, most_slab(g)));
    g->depth = ceil_div(g->slab, ceil_div(g->slab, g->depth));
}

/* Tiles, and ranges of rows. */
static void
shape(gram *g)
{
    const conceptdec_i_kernels *kernels = g->ctx->kernels;
    int64_t dims = g->rows->dims;
    g->size = g->is_float ? sizeof(float) : sizeof(double);
    g->mr = g->is_float ? kernels->mr_f32 : kernels->mr_f64;
    g->nr = g->is_float ? kernels->nr_f32 : kernels->nr_f64;
    g->depth = g->is_float ? DEPTH_F32 : DEPTH_F64;
    const int64_t unit = max64(16, g->mr);
    g->edge = min64(EDGE, ceil_div(dims, unit) * unit);
    g->width = ceil_div(g->edge, g->nr) * g->nr;
    g->down = ceil_div(dims, g->edge);
    g->across = ceil_div(dims, g->width);
    int64_t wanted = ceil_div(LEAST_TASKS, g->down * (g->down + 1) / 2);
    g->ranges = max64(1, min64(wanted, g->n_kept / LEAST_ROWS));
    if (g->ranges == 1 && g->down >= SHARED_TILES)
        shape_slabs(g);
}

static int64_t
scratch_bytes(const gram *g)
{
    int64_t bytes = (g->edge + g->width) * own_depth(g) * g->size + float_bytes(g);
    if (g->ranges == 1)
        bytes += g->edge * g->width * (int64_t)sizeof(double);
    return ceil_div(bytes, 64) * 64;
}

/* What each of a batch of tiles needs. */
static conceptdec_status
plan(conceptdec_i_arena *arena, gram *g)
{
    void *p;
    shape(g);
    int64_t tile = g->edge * g->width;
    g->scratch_bytes = scratch_bytes(g);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "tiles", conceptdec_i_lanes(g->ctx) * g->scratch_bytes, 1, &p));
    g->scratch = p;
    if (g->slab) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "tiles", panel_bytes(g, g->slab), 1, &p));
        g->panels = p;
    }
    if (g->ranges == 1)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "tiles", g->down * g->across * g->ranges * tile, sizeof(double), &p));
    g->partial = p;
    return CONCEPTDEC_OK;
}

/* Partial sums of the ranges of every tile, in order. */
static void
add_ranges(const gram *g, double *out, int64_t ld)
{
    int64_t tile = g->edge * g->width, tasks = g->down * g->across * g->ranges;
    for (int64_t task = 0; task < tasks; task++) {
        int64_t i, j, range;
        tile_place(g, task, &i, &j, &range);
        if (is_below(g, i, j))
            store(g, i * g->edge, j * g->width, g->partial + task * tile, out, ld, range == 0 && !g->is_adding);
    }
}

/* Columns first .. first + STRIP - 1 of the lower half. */
static void
mirror_some(double *out, int64_t dims, int64_t ld, int64_t first)
{
    for (int64_t i = first; i < dims; i++)
        for (int64_t k = first; k < min64(min64(first + STRIP, dims), i); k++)
            out[i * ld + k] = out[k * ld + i];
}

void
conceptdec_i_gram_mirror(double *out, int64_t dims, int64_t ld)
{
    for (int64_t first = 0; first < dims; first += STRIP)
        mirror_some(out, dims, ld, first);
}

typedef struct {
    double *out;
    int64_t dims, ld;
} half;

static conceptdec_status
mirror_task(void *argument, int64_t task, int lane)
{
    const half *h = argument;
    (void)lane;
    mirror_some(h->out, h->dims, h->ld, task * STRIP);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_gram_complete(conceptdec_ctx *ctx, double *out, int64_t dims, int64_t ld)
{
    half h = {.out = out, .dims = dims, .ld = ld};
    return conceptdec_i_parallel(ctx, ceil_div(dims, STRIP), mirror_task, &h);
}

static conceptdec_status
multiply_slabs(gram *g)
{
    do { /* once where no row counts */
        g->slab_first = g->slab_end;
        g->slab_end = min64(g->slab_first + g->slab, g->n_kept);
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, g->down + g->across, pack_task, g));
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, g->down * g->across, tile_task, g));
    } while (g->slab_end < g->n_kept);
    return CONCEPTDEC_OK;
}

static conceptdec_status
multiply_ranges(gram *g)
{
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, g->down * g->across * g->ranges, tile_task, g));
    if (g->partial)
        add_ranges(g, g->out, g->ld);
    return CONCEPTDEC_OK;
}

static conceptdec_status
run(gram *g)
{
    if (g->rows->dims == 0)
        return CONCEPTDEC_OK;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = keep_rows(&arena, g);
    if (status == CONCEPTDEC_OK)
        status = plan(&arena, g);
    if (status == CONCEPTDEC_OK)
        status = g->slab ? multiply_slabs(g) : multiply_ranges(g);
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_gram(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, const double *weight, int precision, double *out,
                  int64_t ld)
{
    gram g = {.ctx = ctx, .rows = rows, .weight = weight,
              .is_float = precision == CONCEPTDEC_I_TILE_F32 && !rows->is_wide, .out = out, .ld = ld};
    CONCEPTDEC_I_TRY(run(&g));
    conceptdec_i_gram_mirror(out, rows->dims, ld);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_gram_half(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision, bool is_adding, double *out,
                       int64_t ld)
{
    gram g = {.ctx = ctx, .rows = rows, .is_float = precision == CONCEPTDEC_I_TILE_F32 && !rows->is_wide, .out = out,
              .ld = ld, .is_adding = is_adding};
    return run(&g);
}

conceptdec_status
conceptdec_i_gram_add(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision, double *out, int64_t ld)
{
    return conceptdec_i_gram_half(ctx, rows, precision, true, out, ld);
}

/* Fewer rows may have one range. */
static void
shape_for(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision, gram *g)
{
    *g = (gram){.ctx = ctx, .rows = rows, .is_float = precision == CONCEPTDEC_I_TILE_F32 && !rows->is_wide,
                .n_kept = rows->n};
    shape(g);
}

static int64_t
tile_bytes(const gram *g)
{
    return g->edge * g->width * (int64_t)sizeof(double);
}

int64_t
conceptdec_i_gram_shared_bytes(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision)
{
    gram g;
    shape_for(ctx, rows, precision, &g);
    const int64_t partial = g.ranges > 1 ? g.down * g.across * g.ranges * tile_bytes(&g) : 0;
    return max64(partial, g.down >= SHARED_TILES ? panel_bytes(&g, most_slab(&g)) : 0);
}

int64_t
conceptdec_i_gram_bytes(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision)
{
    gram g;
    shape_for(ctx, rows, precision, &g);
    return conceptdec_i_lanes(ctx) * (scratch_bytes(&g) + tile_bytes(&g)) +
           conceptdec_i_gram_shared_bytes(ctx, rows, precision);
}

int64_t
conceptdec_i_gram_tasks(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, int precision)
{
    gram g;
    shape_for(ctx, rows, precision, &g);
    if (g.slab)
        return ceil_div(max64(1, g.n_kept), g.slab) * (g.down + g.across + g.down * g.across);
    return g.down * g.across * g.ranges;
}
