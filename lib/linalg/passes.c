/* Items are cut into slabs, whose sums are added up in order, and slabs into chunks. Each row is read once, from end to
 * end, and dealt to panels whose vector side are dimensions, for the way back; for the way there these are turned, a
 * slice of dimensions at a time, so that items are. Rows that are kept packed (passes_kept.c) spare both. */
#include "linalg/passes_inner.h"

#include <string.h>

#define LEAST_SLAB 128                     /* items, where nothing else is set */
#define PARTIAL_BYTES ((int64_t)128 << 20) /* sums of all slabs, about */
#define FEW_COLUMNS 128 /* so few columns, or dimensions, that a chunk better stays in the cache than be long */
#define FEW_DIMS 2048
#define SHORT_PANEL 24576 /* bytes of a panel that then stays in a first-level cache while all columns meet it */
#define SHORT_CHUNK (1 << 19) /* bytes of a chunk that then stays in a second-level one beside columns and sums */

typedef conceptdec_i_pass pass;
typedef conceptdec_i_pass_shape shape;

shape
conceptdec_i_pass_shape_of(const conceptdec_ctx *ctx, int precision)
{
    const conceptdec_i_kernels *k = ctx->kernels;
    if (precision == CONCEPTDEC_I_TILE_F32)
        return (shape){precision, sizeof(float), k->mr_f32, k->nr_f32, 384, 256, 256};
    return (shape){precision, sizeof(double), k->mr_f64, k->nr_f64, 256, 128, 128};
}

/* ---- memory ---- */

static int64_t
packed_bytes(const shape *s, int64_t dims, int64_t columns)
{
    return round_up(dims * round_up(columns, s->nr) * s->size, 64);
}

/* Sums of a slab, whichever way they lie. */
static int64_t
partial_bytes(const shape *s, int64_t dims, int64_t columns)
{
    const int64_t own = round_up(dims, max64(s->mr, 16)) * round_up(columns, s->nr);
    return max64(own, round_up(dims, s->nr) * round_up(columns, 16)) * s->size;
}

/* Columns of values that are packed for the way back, likewise. */
static int64_t
turned_columns(const shape *s, int64_t columns)
{
    return max64(round_up(columns, s->nr), round_up(columns, s->mr / 2));
}

static int64_t
panel_bytes(const shape *s, int64_t chunk)
{
    return round_up(s->mr * s->size * (chunk + 1), 64);
}

/* A few rows as they are widened, a slice of packed rows, values, values packed, the panels of dimensions, and a slice
 * of a row as doubles, or for a reader a whole one. */
static int64_t
lane_bytes(const shape *s, int64_t dims, int64_t columns, bool is_read)
{
    int64_t values = round_up(columns, s->nr) + turned_columns(s, columns);
    int64_t rows = max64(s->mr, s->nr) * s->depth + s->chunk * (s->depth + values);
    int64_t doubles = max64(s->depth, is_read ? dims : 0) * (int64_t)sizeof(double);
    return rows * s->size + ceil_div(dims, s->mr) * panel_bytes(s, s->chunk) + doubles + 6 * 64;
}

/* shared: bytes that all lanes use. */
static void
measure(const conceptdec_ctx *ctx, int64_t dims, int64_t columns_f32, int64_t columns_f64, bool is_read,
        conceptdec_i_passes *passes, int64_t *shared)
{
    const shape narrow = conceptdec_i_pass_shape_of(ctx, CONCEPTDEC_I_TILE_F32);
    const shape wide = conceptdec_i_pass_shape_of(ctx, CONCEPTDEC_I_TILE_F64);
    int64_t partial = max64(partial_bytes(&narrow, dims, columns_f32), partial_bytes(&wide, dims, columns_f64));
    int64_t lane =
        max64(lane_bytes(&narrow, dims, columns_f32, is_read), lane_bytes(&wide, dims, columns_f64, is_read));
    *passes = (conceptdec_i_passes){.dims = dims, .least_slab = LEAST_SLAB};
    passes->packed_bytes = max64(packed_bytes(&narrow, dims, columns_f32), packed_bytes(&wide, dims, columns_f64));
    passes->lane_bytes = round_up(lane, 64);
    passes->most_slabs = max64(1, min64(CONCEPTDEC_I_PASSES_MOST_SLABS, PARTIAL_BYTES / max64(partial, 1)));
    *shared = passes->packed_bytes + partial * passes->most_slabs;
}

int64_t
conceptdec_i_passes_shared_bytes(const conceptdec_ctx *ctx, int64_t dims, int64_t columns_f32, int64_t columns_f64)
{
    conceptdec_i_passes passes;
    int64_t shared;
    measure(ctx, dims, columns_f32, columns_f64, false, &passes, &shared);
    return shared;
}

int64_t
conceptdec_i_passes_bytes(conceptdec_ctx *ctx, int64_t dims, int64_t columns_f32, int64_t columns_f64)
{
    conceptdec_i_passes passes;
    int64_t shared;
    measure(ctx, dims, columns_f32, columns_f64, false, &passes, &shared);
    return shared + passes.lane_bytes * conceptdec_i_lanes(ctx);
}

static conceptdec_status
take(conceptdec_i_arena *arena, int64_t dims, int64_t columns_f32, int64_t columns_f64, bool is_read,
     conceptdec_i_passes *passes)
{
    int64_t shared;
    void *memory;
    measure(arena->ctx, dims, columns_f32, columns_f64, is_read, passes, &shared);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(
        arena, "passes over rows", shared + passes->lane_bytes * conceptdec_i_lanes(arena->ctx), 1, &memory));
    passes->ctx = arena->ctx;
    passes->packed = memory;
    passes->lanes = passes->packed + passes->packed_bytes;
    passes->partial = passes->lanes + passes->lane_bytes * conceptdec_i_lanes(arena->ctx);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_passes_open(conceptdec_i_arena *arena, int64_t dims, int64_t columns_f32, int64_t columns_f64,
                         conceptdec_i_passes *passes)
{
    return take(arena, dims, columns_f32, columns_f64, false, passes);
}

conceptdec_status
conceptdec_i_passes_open_reading(conceptdec_i_arena *arena, int64_t dims, int64_t columns_f32, int64_t columns_f64,
                                 conceptdec_i_passes *passes)
{
    return take(arena, dims, columns_f32, columns_f64, true, passes);
}

conceptdec_status
conceptdec_i_passes_open_keeping(conceptdec_i_arena *arena, int64_t dims, int64_t columns_f32, int64_t columns_f64,
                                 conceptdec_i_passes *passes)
{
    CONCEPTDEC_I_TRY(take(arena, dims, columns_f32, columns_f64, false, passes));
    passes->may_keep = true;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_passes_slabs(const conceptdec_i_passes *passes, int64_t n)
{
    int64_t slabs = max64(1, min64(passes->most_slabs, n / passes->least_slab));
    return n > 0 ? ceil_div(n, ceil_div(n, slabs)) : 0;
}

conceptdec_i_rows
conceptdec_i_rows_of(const conceptdec_matrix *view)
{
    conceptdec_i_rows rows = {.dims = view->cols, .n = view->rows, .view = view};
    const int64_t size = conceptdec_i_dtype_size(view->dtype);
    rows.is_wide = view->dtype == CONCEPTDEC_FLOAT64;
    if (size < 4 || !conceptdec_i_view_is_dense_rows(view) || view->row_stride % size != 0 ||
        (uintptr_t)view->data % (uintptr_t)size != 0)
        return rows;
    rows.data = view->data;
    rows.stride = view->row_stride / size;
    return rows;
}

/* ---- packing ---- */

static int64_t
row_of(const conceptdec_i_rows *rows, int64_t item)
{
    return rows->row ? rows->row[item] : item;
}

/* Where a row lies as elements of the type that it is in; NULL: it has to be fetched as doubles. */
static const char *
row_at(const pass *p, int64_t item, int64_t dim)
{
    const conceptdec_i_rows *rows = p->rows;
    const int64_t size = rows->is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
    return rows->data ? (const char *)rows->data + (row_of(rows, item) * rows->stride + dim) * size : NULL;
}

static bool
is_widened(const pass *p)
{
    return p->shape.precision == CONCEPTDEC_I_TILE_F64 && !p->rows->is_wide;
}

/* Part of a row to panels of dimensions. */
static void
spread(const pass *p, const void *in, const void *center, int64_t count, char *out)
{
    const int64_t step = p->panel / p->shape.size;
    if (p->shape.precision == CONCEPTDEC_I_TILE_F32)
        p->kernels->spread_f32(in, center, count, step, (void *)out);
    else
        p->kernels->spread_f64(in, center, count, step, (void *)out);
}

static void
subtract_f32(const float *restrict in, const float *restrict center, int64_t count, float *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = in[i] - center[i];
}

static void
subtract_f64(const double *restrict in, const double *restrict center, int64_t count, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = in[i] - center[i];
}

/* Doubles as elements of the products. */
static void
settle(const pass *p, const double *wide, int64_t dim, int64_t depth, char *out)
{
    const void *center = p->rows->center;
    if (p->shape.precision == CONCEPTDEC_I_TILE_F64) {
        if (center)
            subtract_f64(wide, (const double *)center + dim, depth, (double *)(void *)out);
        else if ((const char *)wide != out)
            memcpy(out, wide, (size_t)depth * sizeof *wide);
        return;
    }
    float *floats = (float *)(void *)out;
    p->kernels->to_floats(wide, floats, depth);
    for (int64_t i = 0; center && i < depth; i++)
        floats[i] -= ((const float *)center)[dim + i];
}

/* Part of one row as elements of the products. */
static void
take_row(const pass *p, int64_t item, int64_t dim, int64_t depth, double *wide, char *out)
{
    const char *in = row_at(p, item, dim);
    const void *center = p->rows->center;
    if (!in) {
        conceptdec_i_view_widen(p->kernels, p->rows->view, row_of(p->rows, item), dim, depth, wide);
        settle(p, wide, dim, depth, out);
    } else if (is_widened(p)) {
        p->kernels->widen_f32(in, wide, depth);
        settle(p, wide, dim, depth, out);
    } else if (!center) {
        memcpy(out, in, (size_t)(depth * p->shape.size));
    } else if (p->shape.precision == CONCEPTDEC_I_TILE_F32) {
        subtract_f32((const float *)(const void *)in, (const float *)center + dim, depth, (float *)(void *)out);
    } else {
        subtract_f64((const double *)(const void *)in, (const double *)center + dim, depth, (double *)(void *)out);
    }
}

static bool
is_reader(const pass *p)
{
    return !p->rows->data && p->rows->view && conceptdec_i_view_is_read(p->rows->view);
}

/* One row, which a reader is asked for once, to the panels of dimensions. */
static void
stage_row(const pass *p, int64_t item, char *memory, char *panels)
{
    const shape *s = &p->shape;
    const conceptdec_i_rows *rows = p->rows;
    const int64_t dims = rows->dims, most = is_reader(p) ? dims : s->depth;
    const char *in = row_at(p, item, 0), *center = rows->center;
    double *wide = (double *)(void *)(memory + p->wide_at);
    if (in && !is_widened(p)) {
        spread(p, in, center, dims, panels);
        return;
    }
    for (int64_t dim = 0; dim < dims; dim += s->depth) {
        const int64_t depth = min64(s->depth, dims - dim);
        const double *slice = wide + dim % most;
        if (dim % most == 0 && in)
            p->kernels->widen_f32(in + dim * (int64_t)sizeof(float), wide, depth);
        else if (dim % most == 0)
            conceptdec_i_view_widen(p->kernels, rows->view, row_of(rows, item), dim, min64(most, dims - dim), wide);
        if (s->precision == CONCEPTDEC_I_TILE_F32)
            p->kernels->to_floats(slice, (float *)(void *)memory, depth);
        spread(p, s->precision == CONCEPTDEC_I_TILE_F32 ? memory : (const char *)slice,
               center ? center + dim * s->size : NULL, depth, panels + dim / s->mr * p->panel);
    }
}

/* A chunk in panels of dimensions. */
static void
stage(const pass *p, int64_t first, int64_t count, char *memory)
{
    for (int64_t i = 0; i < count; i++)
        stage_row(p, first + i, memory, memory + p->dims_at + i * p->shape.mr * p->shape.size);
}

/* Whether rows of items item..item + count - 1 lie one after the other. */
static bool
are_together(const conceptdec_i_rows *rows, int64_t item, int64_t count)
{
    for (int64_t i = 1; rows->row && i < count; i++)
        if (rows->row[item + i] != rows->row[item] + i)
            return false;
    return true;
}

const char *
conceptdec_i_pass_gather(const pass *p, int64_t first, int64_t at, int64_t count, int64_t dim, int64_t depth,
                         char *memory, int64_t *ld)
{
    const conceptdec_i_rows *rows = p->rows;
    const int64_t item = first + at;
    *ld = rows->stride;
    if (rows->data && !is_widened(p) && !rows->center && are_together(rows, item, count))
        return row_at(p, item, dim);
    *ld = depth;
    for (int64_t i = 0; i < count; i++)
        take_row(p, item + i, dim, depth, (double *)(void *)(memory + p->wide_at), memory + i * depth * p->shape.size);
    return memory;
}

/* A slice of dimensions of a chunk in panels of items. */
static void
pack_slice(const pass *p, int64_t first, int64_t count, int64_t dim, int64_t depth, char *memory)
{
    const shape *s = &p->shape;
    for (int64_t i = 0; i < count; i += s->mr) {
        int64_t present = min64(s->mr, count - i), ld;
        const char *in = conceptdec_i_pass_gather(p, first, i, present, dim, depth, memory, &ld);
        interleave(p, in, ld, present, depth, s->mr, memory + p->block_at + i * depth * s->size);
    }
}

/* The same from panels of dimensions. */
static void
turn_slice(const pass *p, int64_t count, int64_t dim, int64_t depth, char *memory)
{
    const shape *s = &p->shape;
    const int64_t width = s->mr * s->size;
    for (int64_t i = 0; i < count; i += s->mr) {
        const char *in = memory + p->dims_at + dim / s->mr * p->panel + i * width;
        char *out = memory + p->block_at + i * depth * s->size;
        for (int64_t d = 0; d < depth; d += s->mr, in += p->panel, out += s->mr * width)
            interleave(p, in, s->mr, min64(s->mr, count - i), min64(s->mr, depth - d), s->mr, out);
    }
}

/* Panels of columns: slices of depth one after the other, in each slice the panels one after the other. */
static conceptdec_status
pack_columns_task(void *argument, int64_t task, int lane)
{
    const pass *p = argument;
    const shape *s = &p->shape;
    const int64_t first = task * s->nr, present = task_end(task, s->nr, p->columns) - first;
    char *scratch = p->lanes + lane * p->lane_bytes;
    for (int64_t dim = 0; dim < p->rows->dims; dim += s->depth) {
        int64_t depth = min64(s->depth, p->rows->dims - dim);
        for (int64_t j = 0; j < present; j++) {
            const double *restrict from = p->w[first + j] + dim;
            float *restrict to = (float *)(void *)scratch + j * depth;
            if (s->precision == CONCEPTDEC_I_TILE_F64)
                memcpy((double *)(void *)scratch + j * depth, from, (size_t)depth * sizeof *from);
            for (int64_t i = 0; s->precision == CONCEPTDEC_I_TILE_F32 && i < depth; i++)
                to[i] = (float)from[i];
        }
        interleave(p, scratch, depth, present, depth, s->nr, p->packed + (dim * p->padded + first * depth) * s->size);
    }
    return CONCEPTDEC_OK;
}

/* ---- products ---- */

/* Panels of the vector side, `step` bytes apart, against one of columns. */
static void
panels(const pass *p, const char *a, int64_t step, const char *b, char *c, int64_t ld, int64_t height, int64_t depth,
       int accumulate)
{
    const shape *s = &p->shape;
    for (int64_t i = 0; i < height; i += s->mr) {
        const void *ai = a + i / s->mr * step;
        void *ci = c + i * s->size;
        if (s->precision == CONCEPTDEC_I_TILE_F32)
            p->kernels->panel_f32(depth, ai, (const void *)b, ci, ld, accumulate);
        else
            p->kernels->panel_f64(depth, ai, (const void *)b, ci, ld, accumulate);
    }
}

/* Values of a slice of dimensions for all columns. */
static void
there_slice(const pass *p, const char *items, int64_t step, int64_t count, int64_t dim, int64_t depth, char *values)
{
    const shape *s = &p->shape;
    const int64_t height = p->is_short ? s->mr : count;
    for (int64_t i = 0; i < count; i += height)
        for (int64_t j = 0; j < p->padded; j += s->nr)
            panels(p, items + i / s->mr * step, step, p->packed + (dim * p->padded + j * depth) * s->size,
                   values + (j * p->ld + i) * s->size, p->ld, min64(height, count - i), depth, dim > 0);
}

static void
go_there(const pass *p, int64_t slab, int64_t first, int64_t count, char *memory)
{
    const shape *s = &p->shape;
    const bool is_spread = !p->kept && (p->g || is_reader(p));
    char *values = memory + p->values_at;
    if (is_spread)
        stage(p, first, count, memory);
    if (p->rows->dims == 0)
        memset(values, 0, (size_t)(p->ld * p->padded * s->size));
    for (int64_t dim = 0; dim < p->rows->dims && p->w; dim += s->depth) {
        int64_t depth = min64(s->depth, p->rows->dims - dim), step = depth * s->mr * s->size;
        const char *items = memory + p->block_at;
        if (p->kept)
            items = conceptdec_i_pass_items(p, slab, first, count, dim, depth, memory, &step);
        else if (is_spread)
            turn_slice(p, count, dim, depth, memory);
        else
            pack_slice(p, first, count, dim, depth, memory);
        there_slice(p, items, step, count, dim, depth, values);
    }
}

static void
go_back(const pass *p, int64_t count, char *memory, char *sums, int accumulate)
{
    const shape *s = &p->shape;
    const int64_t block = p->is_short ? s->mr : s->block;
    char *turned = memory + p->turned_at;
    for (int64_t j = 0; j < p->columns; j += s->nr)
        interleave(p, memory + p->values_at + j * p->ld * s->size, p->ld, min64(s->nr, p->columns - j), count, s->nr,
                   turned + j * count * s->size);
    for (int64_t dim = 0; dim < p->rows->dims; dim += block)
        for (int64_t j = 0; j < p->padded; j += s->nr)
            panels(p, memory + p->dims_at + dim / s->mr * p->panel, p->panel, turned + j * count * s->size,
                   sums + (j * p->ld_back + dim) * s->size, p->ld_back, min64(block, p->rows->dims - dim), count,
                   accumulate);
}

static conceptdec_status
slab_task(void *argument, int64_t task, int lane)
{
    const pass *p = argument;
    const shape *s = &p->shape;
    char *memory = p->lanes + lane * p->lane_bytes;
    char *sums = p->partial + task * p->slab_sums * s->size;
    const int64_t start = task * p->slab, end = task_end(task, p->slab, p->rows->n);
    for (int64_t first = start; first < end; first += p->chunk) {
        int64_t count = min64(p->chunk, end - first);
        if (first > start)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
        go_there(p, task, first, count, memory);
        conceptdec_i_chunk chunk = {.slab = task,
                                    .first = first,
                                    .count = count,
                                    .columns = p->columns,
                                    .values = memory + p->values_at,
                                    .ld = p->ld};
        CONCEPTDEC_I_TRY(p->consumer(p->argument, &chunk, lane));
        if (p->g && p->kept)
            conceptdec_i_pass_back_kept(p, task, first, count, memory, sums, first > start);
        else if (p->g)
            go_back(p, count, memory, sums, first > start);
    }
    return CONCEPTDEC_OK;
}

void
conceptdec_i_pass_add(const pass *p, int64_t at, int64_t count, double *restrict sums)
{
    if (p->shape.precision == CONCEPTDEC_I_TILE_F32) {
        p->kernels->add_floats((const float *)(const void *)p->partial + at, sums, count);
        return;
    }
    const double *restrict from = (const double *)(const void *)p->partial + at;
    for (int64_t i = 0; i < count; i++)
        sums[i] += from[i];
}

static conceptdec_status
sum_task(void *argument, int64_t column, int lane)
{
    const pass *p = argument;
    const int64_t dims = p->rows->dims;
    (void)lane;
    memset(p->g[column], 0, (size_t)dims * sizeof(double));
    for (int64_t slab = 0; slab < p->slabs; slab++)
        conceptdec_i_pass_add(p, slab * p->slab_sums + column * p->ld_back, dims, p->g[column]);
    return CONCEPTDEC_OK;
}

/* ---- a pass ---- */

/* Chunks of a slab are of one size but for the last. */
static void
cut(pass *p, const conceptdec_i_passes *passes)
{
    shape *s = &p->shape;
    const bool is_small = p->padded <= FEW_COLUMNS || p->rows->dims <= FEW_DIMS;
    p->is_short = is_small && !passes->may_keep;
    const int64_t n = p->rows->n, fits = max64(s->mr, SHORT_CHUNK / max64(1, p->rows->dims * s->size));
    const int64_t most = p->is_short ? min64(s->chunk / 4, fits) : is_small ? s->chunk / 4 : s->chunk;
    s->depth = p->is_short ? min64(s->depth, SHORT_PANEL / (s->mr * s->size)) : s->depth;
    p->slabs = conceptdec_i_passes_slabs(passes, n);
    p->slab = n > 0 ? ceil_div(n, p->slabs) : 1;
    p->chunk = round_up(ceil_div(p->slab, ceil_div(p->slab, most)), s->mr);
    p->ld = round_up(p->chunk, 16);
    p->ld_back = p->kept ? round_up(p->columns, 16) : round_up(p->rows->dims, max64(s->mr, 16));
    p->slab_sums = p->ld_back * (p->kept ? round_up(p->rows->dims, s->nr) : p->padded);
    p->block_at = round_up(max64(s->mr, s->nr) * s->depth * s->size, 64);
    p->values_at = round_up(p->block_at + p->chunk * s->depth * s->size, 64);
    p->turned_at = round_up(p->values_at + p->ld * p->padded * s->size, 64);
    p->dims_at = round_up(p->turned_at + p->chunk * turned_columns(s, p->columns) * s->size, 64);
    p->panel = panel_bytes(s, p->chunk);
    p->wide_at = round_up(p->dims_at + ceil_div(p->rows->dims, s->mr) * p->panel, 64);
}

conceptdec_status
conceptdec_i_passes_run(conceptdec_i_passes *passes, const conceptdec_i_rows *rows, int precision, int64_t columns,
                        const double *const *w, double *const *g, conceptdec_i_chunk_consumer consumer, void *argument)
{
    conceptdec_ctx *ctx = passes->ctx;
    pass p = {.kernels = ctx->kernels,
              .rows = rows,
              .shape = conceptdec_i_pass_shape_of(ctx, precision),
              .columns = columns,
              .w = w,
              .g = g,
              .consumer = consumer,
              .argument = argument,
              .ctx = ctx,
              .packed = passes->packed,
              .lanes = passes->lanes,
              .partial = passes->partial,
              .lane_bytes = passes->lane_bytes};
    if (columns == 0)
        return CONCEPTDEC_OK;
    p.padded = round_up(columns, p.shape.nr);
    p.kept = rows->kept;
    cut(&p, passes);
    if (w)
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, ceil_div(columns, p.shape.nr), pack_columns_task, &p));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, p.slabs, slab_task, &p));
    if (!g)
        return CONCEPTDEC_OK;
    return p.kept ? conceptdec_i_pass_sum_kept(&p) : conceptdec_i_parallel(ctx, columns, sum_task, &p);
}
