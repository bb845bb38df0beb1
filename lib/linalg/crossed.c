/* The first are packed in slices of DEPTH numbers, each in panels; the second lie number by number, from where an order
 * gathers them into panels. */
#include "linalg/crossed.h"

#include <string.h>

#include "linalg/engine.h"

#define DEPTH 256 /* as in apply.c */

static int64_t
padded(int64_t n, int64_t width)
{
    return ceil_div(n, width) * width;
}

static int64_t
wide_first(const conceptdec_ctx *ctx, int64_t count)
{
    return padded(count, ctx->kernels->mr_f64);
}

static int64_t
wide_second(const conceptdec_ctx *ctx, int64_t count)
{
    return padded(count, ctx->kernels->nr_f64);
}

int64_t
conceptdec_i_crossed_first_bytes(const conceptdec_ctx *ctx, int64_t count, int64_t n)
{
    return padded(8 * wide_first(ctx, count) * n, 64);
}

int64_t
conceptdec_i_crossed_second_bytes(const conceptdec_ctx *ctx, int64_t count, int64_t n)
{
    return padded(8 * wide_second(ctx, count) * n, 64);
}

int64_t
conceptdec_i_crossed_bytes(const conceptdec_ctx *ctx, int64_t first, int64_t second)
{
    const int64_t wide = wide_second(ctx, second);
    return 8 * (padded(wide_first(ctx, first), 16) + padded(DEPTH, 8)) * padded(wide, 8);
}

void
conceptdec_i_crossed_pack_first(const conceptdec_ctx *ctx, const conceptdec_i_vectors *v, double *packed)
{
    const int64_t width = ctx->kernels->mr_f64, wide = wide_first(ctx, v->count);
    for (int64_t p = 0; p < v->n; p += DEPTH) {
        const int64_t depth = min64(DEPTH, v->n - p);
        for (int64_t i = 0; i < wide; i += width)
            ctx->kernels->interleave_f64(v->data + i * v->stride + p, v->stride, min64(width, v->count - i), depth,
                                         width, packed + p * wide + i * depth);
    }
}

void
conceptdec_i_crossed_pack_second(const conceptdec_ctx *ctx, const conceptdec_i_vectors *v, double *packed)
{
    const int64_t wide = wide_second(ctx, v->count);
    memset(packed, 0, (size_t)(wide * v->n) * sizeof *packed);
    for (int64_t k = 0; k < v->count; k++)
        for (int64_t p = 0; p < v->n; p++)
            packed[p * wide + k] = v->data[k * v->stride + p];
}

static inline void
copy_fixed(const double *restrict from, double *restrict to, int64_t wide, int64_t depth, int64_t width)
{
    for (int64_t j = 0; j < wide; j += width)
        for (int64_t k = 0; k < width; k++)
            to[j * depth + k] = from[j + k];
}

/* One number of all vectors, to its place in each panel; the widths of kernels are known to the compiler. */
static void
copy_number(const double *from, double *to, int64_t wide, int64_t depth, int64_t width)
{
    if (width == 6)
        copy_fixed(from, to, wide, depth, 6);
    else if (width == 8)
        copy_fixed(from, to, wide, depth, 8);
    else if (width == 12)
        copy_fixed(from, to, wide, depth, 12);
    else
        copy_fixed(from, to, wide, depth, width);
}

conceptdec_status
conceptdec_i_crossed(conceptdec_ctx *ctx, int64_t n, int64_t first, const double *packed_first, int64_t second,
                     const double *packed_second, const int32_t *order, double *scratch, double *out)
{
    const conceptdec_i_kernels *kernels = ctx->kernels;
    const int64_t wide_a = wide_first(ctx, first), wide_b = wide_second(ctx, second), ld = padded(wide_a, 16);
    double *panels = scratch + ld * padded(wide_b, 8);
    for (int64_t p = 0; p < n; p += DEPTH) {
        const int64_t depth = min64(DEPTH, n - p);
        for (int64_t t = 0; t < depth; t++)
            copy_number(packed_second + order[p + t] * wide_b, panels + t * kernels->nr_f64, wide_b, depth,
                        kernels->nr_f64);
        for (int64_t j = 0; j < wide_b; j += kernels->nr_f64)
            for (int64_t i = 0; i < wide_a; i += kernels->mr_f64)
                kernels->panel_f64(depth, packed_first + p * wide_a + i * depth, panels + j * depth,
                                   scratch + j * ld + i, ld, p > 0);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    }
    for (int64_t k = 0; k < second; k++)
        memcpy(out + k * first, scratch + k * ld, (size_t)first * sizeof *out);
    return CONCEPTDEC_OK;
}
