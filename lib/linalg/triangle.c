/* Blocks of BLOCK rows, each over the dimensions where it is not zero, in slices of DEPTH; a slice is packed in panels
 * of rows. Rows of T reach from dimension 0 to the end of their block, rows of T' from the start of their block to the
 * end. */
#include "linalg/triangle.h"

#include <string.h>

#include "linalg/engine.h"

#define BLOCK 128
#define DEPTH 256

typedef struct {
    conceptdec_ctx *ctx;
    int64_t n, blocks;
    /* packing */
    const double *l, *scale;
    int64_t ld;
    conceptdec_i_triangle *triangle;
    /* applying */
    int64_t batches, panels;
    const conceptdec_i_triangle_batch *batch;
    const double *const *in;
    double *const *out;
    float *packed, *values; /* panels of columns; columns, one after the other */
    int64_t ld_values;
    bool is_second; /* the product with T' */
} work;

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
conceptdec_i_triangle_bytes(int64_t n)
{
    int64_t blocks = ceil_div(n, BLOCK);
    return (int64_t)sizeof(float) * (lower_at(blocks) + upper_at(n, blocks));
}

/* Element (i, j) of T. */
static float
element(const work *w, int64_t i, int64_t j)
{
    return i < w->n && j <= i ? (float)(w->l[i * w->ld + j] * w->scale[j]) : 0;
}

static conceptdec_status
pack_task(void *argument, int64_t task, int lane)
{
    const work *w = argument;
    const int64_t mr = w->ctx->kernels->mr_f32, block = task / 2, row = block * BLOCK;
    const bool is_upper = task % 2 == 1;
    int64_t first, end;
    float *out = is_upper ? w->triangle->upper + upper_at(w->n, block) : w->triangle->lower + lower_at(block);
    (void)lane;
    reach(w->n, block, is_upper, &first, &end);
    for (int64_t dim = first; dim < end; dim += DEPTH)
        for (int64_t i = row; i < row + BLOCK; i += mr)
            for (int64_t p = dim; p < min64(end, dim + DEPTH); p++)
                for (int64_t k = 0; k < mr; k++)
                    *out++ = is_upper ? element(w, p, i + k) : element(w, i + k, p);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_triangle_pack(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld, const double *scale,
                           void *memory, conceptdec_i_triangle *triangle)
{
    work w = {.ctx = ctx, .n = n, .blocks = ceil_div(n, BLOCK), .l = l, .ld = ld, .scale = scale, .triangle = triangle};
    *triangle = (conceptdec_i_triangle){.n = n, .lower = memory};
    triangle->upper = triangle->lower + lower_at(w.blocks);
    return conceptdec_i_parallel(ctx, 2 * w.blocks, pack_task, &w);
}

/* ---- applying ---- */

static int64_t
count_panels(const conceptdec_ctx *ctx, const conceptdec_i_triangle_batch *batch)
{
    return ceil_div(batch->columns, ctx->kernels->nr_f32);
}

static int64_t
columns_ld(int64_t n)
{
    return ceil_div(n, BLOCK) * BLOCK;
}

int64_t
conceptdec_i_triangle_scratch(const conceptdec_ctx *ctx, int64_t n, int64_t columns, int64_t batches)
{
    int64_t nr = ctx->kernels->nr_f32, padded = columns + batches * nr;
    return 2 * columns_ld(n) * padded * (int64_t)sizeof(float);
}

/* The batch of a panel, the panel's number in it, and the first panel of that batch. */
static const conceptdec_i_triangle_batch *
batch_of(const work *w, int64_t *panel, int64_t *first)
{
    const conceptdec_i_triangle_batch *batch = w->batch;
    *first = 0;
    while (*panel >= count_panels(w->ctx, batch)) {
        *panel -= count_panels(w->ctx, batch);
        *first += count_panels(w->ctx, batch);
        batch++;
    }
    return batch;
}

static conceptdec_status
columns_task(void *argument, int64_t task, int lane)
{
    const work *w = argument;
    const int64_t nr = w->ctx->kernels->nr_f32;
    int64_t panel = task, first;
    const conceptdec_i_triangle_batch *batch = batch_of(w, &panel, &first);
    int64_t present = min64(nr, batch->columns - panel * nr);
    float *values = w->values + task * nr * w->ld_values;
    (void)lane;
    for (int64_t j = 0; j < present && !w->is_second; j++) {
        const double *restrict in = w->in[batch->first + panel * nr + j];
        float *restrict to = values + j * w->ld_values;
        for (int64_t i = 0; i < w->n; i++)
            to[i] = (float)in[i];
    }
    w->ctx->kernels->interleave_f32(values, w->ld_values, present, w->n, nr, w->packed + task * nr * w->n);
    return CONCEPTDEC_OK;
}

static void
widen(const work *w, const conceptdec_i_triangle_batch *batch, const float *values, int64_t row)
{
    int64_t rows = min64(BLOCK, w->n - row);
    for (int64_t j = 0; j < batch->columns; j++) {
        const float *restrict from = values + j * w->ld_values + row;
        double *restrict to = w->out[batch->first + j] + row;
        for (int64_t i = 0; i < rows; i++)
            to[i] = (double)from[i];
    }
}

/* One block of rows of one batch's matrix, times its columns. */
static conceptdec_status
product_task(void *argument, int64_t task, int lane)
{
    const work *w = argument;
    const conceptdec_i_kernels *k = w->ctx->kernels;
    const int64_t mr = k->mr_f32, nr = k->nr_f32;
    const int64_t turn = task / w->batches, block = w->is_second ? turn : w->blocks - 1 - turn; /* the longest first */
    const conceptdec_i_triangle_batch *batch = w->batch + task % w->batches;
    int64_t start = 0, first, end;
    (void)lane;
    for (const conceptdec_i_triangle_batch *before = w->batch; before < batch; before++)
        start += count_panels(w->ctx, before);
    float *values = w->values + start * nr * w->ld_values;
    const float *a =
        w->is_second ? batch->triangle->upper + upper_at(w->n, block) : batch->triangle->lower + lower_at(block);
    reach(w->n, block, w->is_second, &first, &end);
    for (int64_t dim = first; dim < end; dim += DEPTH) {
        int64_t depth = min64(DEPTH, end - dim);
        for (int64_t j = 0; j < count_panels(w->ctx, batch); j++)
            for (int64_t i = 0; i < BLOCK; i += mr)
                k->panel_f32(depth, a + i * depth, w->packed + (start + j) * nr * w->n + dim * nr,
                             values + j * nr * w->ld_values + block * BLOCK + i, w->ld_values, dim > first);
        a += BLOCK * depth;
    }
    if (w->is_second)
        widen(w, batch, values, block * BLOCK);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_triangle_apply(conceptdec_ctx *ctx, int64_t batches, const conceptdec_i_triangle_batch *batch,
                            const double *const *in, double *const *out, void *scratch)
{
    work w = {.ctx = ctx, .batches = batches, .batch = batch, .in = in, .out = out};
    if (batches == 0)
        return CONCEPTDEC_OK;
    w.n = batch->triangle->n;
    w.blocks = ceil_div(w.n, BLOCK);
    w.ld_values = columns_ld(w.n);
    for (int64_t i = 0; i < batches; i++)
        w.panels += count_panels(ctx, batch + i);
    w.packed = scratch;
    w.values = w.packed + w.panels * ctx->kernels->nr_f32 * w.ld_values;
    for (int second = 0; second < 2; second++) {
        w.is_second = second > 0;
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, w.panels, columns_task, &w));
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, w.blocks * batches, product_task, &w));
    }
    return CONCEPTDEC_OK;
}
