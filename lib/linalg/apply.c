/* Columns are packed once, a group of them at a time; a task packs a block of rows and multiplies it with the whole
 * group, so that packing costs little even where columns are few. A value depends on its own row and column alone. */
#include "linalg/apply.h"

#include <string.h>

#include "linalg/engine.h"

#define ROWS 128
#define GROUP_BYTES ((int64_t)8 << 20) /* packed columns that all tasks share */
#define SUB_BYTES ((int64_t)128 << 10) /* of them a slice that stays in a second-level cache beside a slice of the
                                          rows */
#define DEPTH 256 /* a panel of the columns stays in a first-level cache while those of the rows pass */

typedef struct {
    conceptdec_ctx *ctx;
    const conceptdec_i_applying *a;
    bool is_float;
    int64_t size, mr, nr, depth, rows;
    int64_t first, count, sub; /* columns of the group, columns that are multiplied at once */
    char *packed;
    char *scratch; /* per lane: packed rows, a tile, rows as they are packed */
    int64_t scratch_bytes, packed_bytes, tile_bytes;
} product;

double
conceptdec_i_apply_error(int64_t dims, int precision)
{
    double unit = precision == CONCEPTDEC_I_TILE_F32 ? 0x1p-24 : 0x1p-53;
    return (double)(min64(DEPTH, dims) + ceil_div(dims, DEPTH) + 3) * unit * 1.001;
}

static void
interleave(const product *g, const char *in, int64_t ld, int64_t rows, int64_t depth, int64_t width, char *out)
{
    if (g->is_float)
        g->ctx->kernels->interleave_f32((const float *)(const void *)in, ld, rows, depth, width, (float *)(void *)out);
    else
        g->ctx->kernels->interleave_f64((const double *)(const void *)in, ld, rows, depth, width,
                                        (double *)(void *)out);
}

/* The weights of one column as elements of the product. */
static void
take_column(const product *g, int64_t column, char *out)
{
    const double *w = g->a->w + column * g->a->ldw;
    int64_t dims = g->a->rows->dims;
    if (!g->is_float) {
        memcpy(out, w, (size_t)dims * sizeof *w);
        return;
    }
    float *floats = (float *)(void *)out;
    for (int64_t p = 0; p < dims; p++)
        floats[p] = (float)w[p];
}

static void
take_row(const product *g, int64_t i, char *out)
{
    const conceptdec_i_dense *rows = g->a->rows;
    int64_t row = g->a->row ? g->a->row[i] : i;
    const char *in = (const char *)rows->data + row * rows->stride * (rows->is_wide ? 8 : 4);
    if (rows->is_wide || g->is_float)
        memcpy(out, in, (size_t)(rows->dims * g->size));
    else
        g->ctx->kernels->widen_f32(in, (double *)(void *)out, rows->dims);
}

/* Slices of depth one after the other, each with its `height` / `width` panels; this is panel number `panel`. */
static void
pack_panel(const product *g, const char *in, int64_t ld, int64_t present, int64_t panel, int64_t width, int64_t height,
           char *out)
{
    int64_t dims = g->a->rows->dims;
    for (int64_t p = 0; p < dims; p += g->depth) {
        int64_t depth = min64(g->depth, dims - p);
        interleave(g, in + p * g->size, ld, present, depth, width,
                   out + (p * height + panel * width * depth) * g->size);
    }
}

static int64_t
padded_count(const product *g)
{
    return ceil_div(g->count, g->nr) * g->nr;
}

static conceptdec_status
pack_task(void *argument, int64_t task, int lane)
{
    const product *g = argument;
    int64_t first = task * g->nr, present = task_end(task, g->nr, g->count) - first;
    char *columns = g->scratch + lane * g->scratch_bytes;
    for (int64_t k = 0; k < present; k++)
        take_column(g, g->first + first + k, columns + k * g->a->rows->dims * g->size);
    pack_panel(g, columns, g->a->rows->dims, present, task, g->nr, padded_count(g), g->packed);
    return CONCEPTDEC_OK;
}

static void
multiply(const product *g, int64_t depth, const char *a, const char *b, char *c, bool accumulate)
{
    for (int64_t i = 0; i < g->rows; i += g->mr) {
        const void *ai = a + i * depth * g->size;
        void *ci = c + i * g->size;
        if (g->is_float)
            g->ctx->kernels->panel_f32(depth, ai, (const void *)b, ci, g->rows, accumulate);
        else
            g->ctx->kernels->panel_f64(depth, ai, (const void *)b, ci, g->rows, accumulate);
    }
}

static void
store(const product *g, const char *tile, int64_t row, int64_t column, int64_t count)
{
    int64_t present = min64(g->rows, g->a->n - row);
    for (int64_t k = 0; k < min64(count, g->count - column); k++) {
        int64_t at = g->first + column + k;
        double *out = g->a->out + at * g->a->ldo + row, bias = g->a->bias ? g->a->bias[at] : 0;
        const char *from = tile + k * g->rows * g->size;
        for (int64_t i = 0; i < present; i++)
            out[i] = bias + (g->is_float ? (double)((const float *)(const void *)from)[i]
                                         : ((const double *)(const void *)from)[i]);
    }
}

static void
pack_rows(const product *g, int64_t first, char *packed, char *rows)
{
    const conceptdec_i_dense *dense = g->a->rows;
    bool is_ready = !g->a->row && dense->is_wide != g->is_float;
    for (int64_t i = 0; i < g->rows; i += g->mr) {
        int64_t present = max64(0, min64(g->mr, g->a->n - first - i));
        for (int64_t r = 0; r < present && !is_ready; r++)
            take_row(g, first + i + r, rows + r * dense->dims * g->size);
        const char *from =
            is_ready && present > 0 ? (const char *)dense->data + (first + i) * dense->stride * g->size : rows;
        pack_panel(g, from, is_ready ? dense->stride : dense->dims, present, i / g->mr, g->mr, g->rows, packed);
    }
}

static conceptdec_status
rows_task(void *argument, int64_t task, int lane)
{
    const product *g = argument;
    int64_t first = task * g->rows, dims = g->a->rows->dims, padded = padded_count(g);
    char *packed = g->scratch + lane * g->scratch_bytes, *tile = packed + g->packed_bytes;
    pack_rows(g, first, packed, tile + g->tile_bytes);
    if (dims == 0)
        memset(tile, 0, (size_t)g->tile_bytes);
    for (int64_t column = 0; column < padded; column += g->sub) {
        int64_t end = min64(padded, column + g->sub);
        for (int64_t p = 0; p < dims; p += g->depth) {
            int64_t depth = min64(g->depth, dims - p);
            for (int64_t j = column; j < end; j += g->nr)
                multiply(g, depth, packed + p * g->rows * g->size, g->packed + (p * padded + j * depth) * g->size,
                         tile + (j - column) * g->rows * g->size, p > 0);
        }
        store(g, tile, first, column, end - column);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(g->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static int64_t
aligned(int64_t bytes)
{
    return ceil_div(bytes, 64) * 64;
}

static void
size_up(product *g)
{
    const conceptdec_i_kernels *kernels = g->ctx->kernels;
    const int64_t dims = max64(1, g->a->rows->dims);
    g->size = g->is_float ? sizeof(float) : sizeof(double);
    g->mr = g->is_float ? kernels->mr_f32 : kernels->mr_f64;
    g->nr = g->is_float ? kernels->nr_f32 : kernels->nr_f64;
    g->depth = DEPTH;
    int64_t unit = max64(16, g->mr), rows = g->is_float ? ROWS : ROWS / 2;
    g->rows = min64(max64(1, rows / unit), ceil_div(g->a->n, unit)) * unit;
    g->sub = max64(1, SUB_BYTES / (g->depth * g->size * g->nr)) * g->nr;
    int64_t most = max64(1, GROUP_BYTES / (dims * g->size * g->nr)) * g->nr;
    g->count = min64(most, g->a->columns);
    g->packed_bytes = aligned(g->rows * dims * g->size);
    g->tile_bytes = aligned(g->rows * min64(g->sub, padded_count(g)) * g->size);
    g->scratch_bytes = g->packed_bytes + g->tile_bytes + aligned(max64(g->mr, g->nr) * dims * g->size);
}

static conceptdec_status
plan(conceptdec_i_arena *arena, product *g)
{
    const int64_t dims = max64(1, g->a->rows->dims);
    void *p[2];
    size_up(g);
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "packed columns", padded_count(g) * dims, (uint64_t)g->size, &p[0]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "packed rows", conceptdec_i_lanes(g->ctx) * g->scratch_bytes, 1, &p[1]));
    g->packed = p[0];
    g->scratch = p[1];
    return CONCEPTDEC_OK;
}

static int64_t
bytes_with(conceptdec_ctx *ctx, int64_t lanes, int64_t n, int64_t dims, int64_t columns)
{
    const conceptdec_i_dense rows = {.n = n, .dims = dims, .stride = dims, .is_wide = true};
    const conceptdec_i_applying a = {.rows = &rows, .n = n, .columns = columns};
    product g = {.ctx = ctx, .a = &a};
    if (n == 0 || columns == 0)
        return 0;
    size_up(&g);
    return padded_count(&g) * max64(1, dims) * g.size + lanes * g.scratch_bytes;
}

int64_t
conceptdec_i_apply_bytes(conceptdec_ctx *ctx, int64_t n, int64_t dims, int64_t columns)
{
    return bytes_with(ctx, conceptdec_i_lanes(ctx), n, dims, columns);
}

int64_t
conceptdec_i_apply_shared_bytes(conceptdec_ctx *ctx, int64_t n, int64_t dims, int64_t columns)
{
    return bytes_with(ctx, 0, n, dims, columns);
}

static conceptdec_status
run(product *g)
{
    int64_t most = g->count;
    for (g->first = 0; g->first < g->a->columns; g->first += most) {
        g->count = min64(most, g->a->columns - g->first);
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, ceil_div(g->count, g->nr), pack_task, g));
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, ceil_div(g->a->n, g->rows), rows_task, g));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_apply(conceptdec_ctx *ctx, const conceptdec_i_applying *applying)
{
    product g = {.ctx = ctx, .a = applying,
                 .is_float = applying->precision == CONCEPTDEC_I_TILE_F32 && !applying->rows->is_wide};
    if (applying->n == 0 || applying->columns == 0)
        return CONCEPTDEC_OK;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = plan(&arena, &g);
    if (status == CONCEPTDEC_OK)
        status = run(&g);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* One half and little more. */
conceptdec_status
conceptdec_i_apply_own(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, double *out, int64_t ld)
{
    for (int64_t first = 0; first < rows->n; first += CONCEPTDEC_I_APPLY_OWN) {
        const double *from = (const double *)rows->data + first * rows->stride;
        const conceptdec_i_dense rest = {
            .data = from, .n = rows->n - first, .dims = rows->dims, .stride = rows->stride, .is_wide = true};
        const conceptdec_i_applying a = {.rows = &rest,
                                         .n = rest.n,
                                         .columns = min64(CONCEPTDEC_I_APPLY_OWN, rest.n),
                                         .w = from,
                                         .ldw = rows->stride,
                                         .out = out + first * ld + first,
                                         .ldo = ld,
                                         .precision = CONCEPTDEC_I_TILE_F64};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(ctx, &a));
    }
    return conceptdec_i_gram_complete(ctx, out, rows->n, ld);
}
