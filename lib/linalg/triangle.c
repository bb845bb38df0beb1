/* Blocks of BLOCK rows, each over the dimensions where it is not zero, in slices of DEPTH; a slice is packed in panels
 * of rows. Rows of T reach from dimension 0 to the end of their block, rows of T' from the start of their block to the
 * end. */
#include "linalg/triangle.h"

#include <string.h>

#include "linalg/engine.h"

#define BLOCK 128
#define DEPTH 256 /* dimensions of a slice in float; half as many in double */
#define LINE 64 /* bytes of the caches' */
#define HEIGHT 32 /* of a panel, at most */
#define PIECE 64  /* dimensions of a panel of rows that are turned at once */

typedef struct {
    conceptdec_ctx *ctx;
    int64_t n, blocks;
    bool is_wide;
    int64_t size, mr, nr; /* bytes of an element; panels */
    int64_t depth;        /* of a slice */
    /* packing */
    const void *l;
    bool l_is_wide;
    const double *scale;
    int64_t ld;
    conceptdec_i_triangle *triangle;
    /* applying */
    int64_t batches, panels;
    const conceptdec_i_triangle_batch *batch;
    const double *const *in;
    double *const *out;
    char *packed, *values; /* panels of columns; columns, one after the other */
    int64_t ld_values;
    bool is_second; /* the product with T' */
} work;

static work
work_of(conceptdec_ctx *ctx, int64_t n, bool is_wide)
{
    const conceptdec_i_kernels *k = ctx->kernels;
    return (work){.ctx = ctx,
                  .n = n,
                  .blocks = ceil_div(n, BLOCK),
                  .is_wide = is_wide,
                  .size = is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float),
                  .mr = is_wide ? k->mr_f64 : k->mr_f32,
                  .nr = is_wide ? k->nr_f64 : k->nr_f32,
                  .depth = is_wide ? DEPTH / 2 : DEPTH,
                  .ld_values = ceil_div(n, BLOCK) * BLOCK};
}

/* Where blocks start, in elements. */
static int64_t
lower_at(int64_t block)
{
    return BLOCK * BLOCK * (block * (block + 1) / 2);
}

static int64_t
upper_at(int64_t n, int64_t block)
{
    return BLOCK * (n * block - BLOCK * (block * (block - 1) / 2));
}

/* Dimensions of a block of rows of T, or of T'. */
static void
reach(int64_t n, int64_t block, bool is_upper, int64_t *first, int64_t *end)
{
    *first = is_upper ? block * BLOCK : 0;
    *end = is_upper ? n : min64(n, (block + 1) * BLOCK);
}

int64_t
conceptdec_i_triangle_bytes(int64_t n, bool is_wide)
{
    int64_t blocks = ceil_div(n, BLOCK), size = is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
    return size * (lower_at(blocks) + upper_at(n, blocks));
}

/* Elements (i, j) to (i, j + count - 1) of T, as doubles. */
static void
take_row(const work *w, int64_t i, int64_t j, int64_t count, double *restrict out)
{
    const int64_t present = i < w->n ? max64(0, min64(count, i + 1 - j)) : 0, at = i * w->ld + j;
    const double *restrict scale = w->scale, *restrict doubles = w->l;
    const float *restrict floats = w->l;
    for (int64_t k = 0; k < present && w->l_is_wide; k++)
        out[k] = doubles[at + k] * scale[j + k];
    for (int64_t k = 0; k < present && !w->l_is_wide; k++)
        out[k] = (double)floats[at + k] * scale[j + k];
    for (int64_t k = present; k < count; k++)
        out[k] = 0;
}

static void
put_row(const work *w, const double *restrict in, int64_t count, char *out)
{
    float *restrict floats = (float *)(void *)out;
    if (w->is_wide)
        memcpy(out, in, (size_t)count * sizeof *in);
    for (int64_t k = 0; k < count && !w->is_wide; k++)
        floats[k] = (float)in[k];
}

/* A panel of rows of T from row i on: dimensions dim .. dim + depth - 1, of which a few at a time are turned. */
static void
pack_lower(const work *w, int64_t i, int64_t dim, int64_t depth, char *out)
{
    const conceptdec_i_kernels *k = w->ctx->kernels;
    double row[PIECE], panel[HEIGHT * PIECE];
    for (int64_t p = 0; p < depth; p += PIECE) {
        const int64_t count = min64(PIECE, depth - p);
        for (int64_t r = 0; r < w->mr; r++) {
            take_row(w, i + r, dim + p, count, row);
            put_row(w, row, count, (char *)panel + r * PIECE * w->size);
        }
        if (w->is_wide)
            k->interleave_f64(panel, PIECE, w->mr, count, w->mr, (void *)(out + p * w->mr * w->size));
        else
            k->interleave_f32((const void *)panel, PIECE, w->mr, count, w->mr, (void *)(out + p * w->mr * w->size));
    }
}

/* The same of rows of T', whose elements lie beside each other in T. */
static void
pack_upper(const work *w, int64_t i, int64_t dim, int64_t depth, char *out)
{
    double row[HEIGHT];
    for (int64_t p = dim; p < dim + depth; p++, out += w->mr * w->size) {
        take_row(w, p, i, w->mr, row);
        put_row(w, row, w->mr, out);
    }
}

static conceptdec_status
pack_task(void *argument, int64_t task, int lane)
{
    const work *w = argument;
    const int64_t block = task / 2, row = block * BLOCK;
    const bool is_upper = task % 2 == 1;
    int64_t first, end;
    char *out = is_upper ? w->triangle->upper + upper_at(w->n, block) * w->size
                         : w->triangle->lower + lower_at(block) * w->size;
    (void)lane;
    reach(w->n, block, is_upper, &first, &end);
    for (int64_t dim = first; dim < end; dim += w->depth) {
        const int64_t depth = min64(w->depth, end - dim);
        for (int64_t i = row; i < row + BLOCK; i += w->mr, out += w->mr * depth * w->size)
            (is_upper ? pack_upper : pack_lower)(w, i, dim, depth, out);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_triangle_pack(conceptdec_ctx *ctx, int64_t n, bool is_wide, const void *l, bool l_is_wide, int64_t ld,
                           const double *scale, void *memory, conceptdec_i_triangle *triangle)
{
    work w = work_of(ctx, n, is_wide);
    w.l = l;
    w.l_is_wide = l_is_wide;
    w.ld = ld;
    w.scale = scale;
    w.triangle = triangle;
    *triangle = (conceptdec_i_triangle){.n = n, .is_wide = is_wide, .lower = memory};
    triangle->upper = triangle->lower + lower_at(w.blocks) * w.size;
    return conceptdec_i_parallel(ctx, 2 * w.blocks, pack_task, &w);
}

/* ---- applying ---- */

static int64_t
count_panels(const work *w, const conceptdec_i_triangle_batch *batch)
{
    return ceil_div(batch->columns, w->nr);
}

int64_t
conceptdec_i_triangle_scratch(const conceptdec_ctx *ctx, int64_t n, bool is_wide, int64_t columns, int64_t batches)
{
    const conceptdec_i_kernels *k = ctx->kernels;
    int64_t nr = is_wide ? k->nr_f64 : k->nr_f32, padded = columns + batches * nr;
    return 2 * ceil_div(n, BLOCK) * BLOCK * padded * (is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float));
}

/* The batch of a panel, and the panel's number in it. */
static const conceptdec_i_triangle_batch *
batch_of(const work *w, int64_t *panel)
{
    const conceptdec_i_triangle_batch *batch = w->batch;
    while (*panel >= count_panels(w, batch)) {
        *panel -= count_panels(w, batch);
        batch++;
    }
    return batch;
}

/* One column as it came. */
static void
take_column(const work *w, const double *restrict in, char *out)
{
    float *restrict floats = (float *)(void *)out;
    if (w->is_wide)
        memcpy(out, in, (size_t)w->n * sizeof *in);
    for (int64_t i = 0; i < w->n && !w->is_wide; i++)
        floats[i] = (float)in[i];
}

static conceptdec_status
columns_task(void *argument, int64_t task, int lane)
{
    const work *w = argument;
    const conceptdec_i_kernels *k = w->ctx->kernels;
    int64_t panel = task;
    const conceptdec_i_triangle_batch *batch = batch_of(w, &panel);
    int64_t present = min64(w->nr, batch->columns - panel * w->nr);
    char *values = w->values + task * w->nr * w->ld_values * w->size;
    void *packed = w->packed + task * w->nr * w->n * w->size;
    (void)lane;
    for (int64_t j = 0; j < present && !w->is_second; j++)
        take_column(w, w->in[batch->first + panel * w->nr + j], values + j * w->ld_values * w->size);
    if (w->is_wide)
        k->interleave_f64((const void *)values, w->ld_values, present, w->n, w->nr, packed);
    else
        k->interleave_f32((const void *)values, w->ld_values, present, w->n, w->nr, packed);
    return CONCEPTDEC_OK;
}

/* A block of rows of the last product, into the columns that were asked for. */
static void
give(const work *w, const conceptdec_i_triangle_batch *batch, const char *values, int64_t row)
{
    int64_t rows = min64(BLOCK, w->n - row);
    for (int64_t j = 0; j < batch->columns; j++) {
        const char *from = values + (j * w->ld_values + row) * w->size;
        const float *restrict floats = (const float *)(const void *)from;
        double *restrict to = w->out[batch->first + j] + row;
        if (w->is_wide)
            memcpy(to, from, (size_t)rows * sizeof *to);
        for (int64_t i = 0; i < rows && !w->is_wide; i++)
            to[i] = (double)floats[i];
    }
}

static void
multiply(const work *w, int64_t depth, const char *a, const char *b, char *c, int accumulate)
{
    const conceptdec_i_kernels *k = w->ctx->kernels;
    if (w->is_wide)
        k->panel_f64(depth, (const void *)a, (const void *)b, (void *)c, w->ld_values, accumulate);
    else
        k->panel_f32(depth, (const void *)a, (const void *)b, (void *)c, w->ld_values, accumulate);
}

/* Brings the next slice towards the caches while this one is worked on: for few columns, fetching it would take as
 * long. The part of it that falls to call `turn` of `turns`. */
static void
fetch_ahead(const char *next, int64_t bytes, int64_t turn, int64_t turns)
{
    const int64_t share = ceil_div(ceil_div(bytes, turns), LINE) * LINE, first = turn * share;
    for (int64_t at = first; at < min64(bytes, first + share); at += LINE)
        __builtin_prefetch(next + at);
}

/* One block of rows of one batch's matrix, times its columns. */
static conceptdec_status
product_task(void *argument, int64_t task, int lane)
{
    const work *w = argument;
    const int64_t turn = task / w->batches, block = w->is_second ? turn : w->blocks - 1 - turn; /* the longest first */
    const conceptdec_i_triangle_batch *batch = w->batch + task % w->batches;
    int64_t start = 0, first, end;
    (void)lane;
    for (const conceptdec_i_triangle_batch *before = w->batch; before < batch; before++)
        start += count_panels(w, before);
    char *values = w->values + start * w->nr * w->ld_values * w->size;
    const char *a = w->is_second ? batch->triangle->upper + upper_at(w->n, block) * w->size
                                 : batch->triangle->lower + lower_at(block) * w->size;
    const int64_t panels = count_panels(w, batch), heights = BLOCK / w->mr;
    reach(w->n, block, w->is_second, &first, &end);
    for (int64_t dim = first; dim < end; dim += w->depth) {
        int64_t depth = min64(w->depth, end - dim), ahead = min64(w->depth, end - dim - depth) * BLOCK * w->size;
        for (int64_t j = 0; j < panels; j++)
            for (int64_t i = 0; i < BLOCK; i += w->mr) {
                fetch_ahead(a + BLOCK * depth * w->size, ahead, j * heights + i / w->mr, panels * heights);
                multiply(w, depth, a + i * depth * w->size, w->packed + ((start + j) * w->n + dim) * w->nr * w->size,
                         values + (j * w->nr * w->ld_values + block * BLOCK + i) * w->size, dim > first);
            }
        a += BLOCK * depth * w->size;
    }
    if (w->is_second)
        give(w, batch, values, block * BLOCK);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_triangle_apply(conceptdec_ctx *ctx, int64_t batches, const conceptdec_i_triangle_batch *batch,
                            const double *const *in, double *const *out, void *scratch)
{
    if (batches == 0)
        return CONCEPTDEC_OK;
    work w = work_of(ctx, batch->triangle->n, batch->triangle->is_wide);
    w.batches = batches;
    w.batch = batch;
    w.in = in;
    w.out = out;
    for (int64_t i = 0; i < batches; i++)
        w.panels += count_panels(&w, batch + i);
    w.packed = scratch;
    w.values = w.packed + w.panels * w.nr * w.ld_values * w.size;
    for (int second = 0; second < 2; second++) {
        w.is_second = second > 0;
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, w.panels, columns_task, &w));
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, w.blocks * batches, product_task, &w));
    }
    return CONCEPTDEC_OK;
}
