/* Both sides are packed into panels, as the tile engine does. */
#include "linalg/products.h"

#include <string.h>

#include "linalg/engine.h"

static int64_t
padded(int64_t n, int64_t width)
{
    return ceil_div(n, width) * width;
}

/* Doubles of the sums, and of both packed sides. */
static void
sizes(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b, int64_t size[3])
{
    int64_t wide_a = padded(n_a, ctx->kernels->mr_f64), wide_b = padded(n_b, ctx->kernels->nr_f64);
    size[0] = padded(padded(wide_a, 16) * wide_b, 8);
    size[1] = padded(wide_a * CONCEPTDEC_I_PRODUCTS_DEPTH, 8);
    size[2] = padded(wide_b * CONCEPTDEC_I_PRODUCTS_DEPTH, 8);
}

int64_t
conceptdec_i_products_bytes(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b)
{
    int64_t size[3];
    sizes(ctx, n_a, n_b, size);
    return (size[0] + size[1] + size[2]) * (int64_t)sizeof(double);
}

void
conceptdec_i_products_open(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b, void *memory,
                           conceptdec_i_products *products)
{
    int64_t size[3];
    sizes(ctx, n_a, n_b, size);
    *products = (conceptdec_i_products){.kernels = ctx->kernels, .n_a = n_a, .n_b = n_b, .sums = memory};
    products->ld = padded(padded(n_a, ctx->kernels->mr_f64), 16);
    products->packed_a = products->sums + size[0];
    products->packed_b = products->packed_a + size[1];
    memset(products->sums, 0, (size_t)size[0] * sizeof(double));
}

static void
pack(const conceptdec_i_kernels *kernels, const double *vectors, int64_t n, int64_t ld, int64_t count, int64_t width,
     double *out)
{
    for (int64_t first = 0; first < n; first += width)
        kernels->interleave_f64(vectors + first * ld, ld, min64(width, n - first), count, width, out + first * count);
}

void
conceptdec_i_products_add(conceptdec_i_products *products, const double *a, int64_t ld_a, const double *b, int64_t ld_b,
                          int64_t count)
{
    const conceptdec_i_kernels *k = products->kernels;
    pack(k, a, products->n_a, ld_a, count, k->mr_f64, products->packed_a);
    pack(k, b, products->n_b, ld_b, count, k->nr_f64, products->packed_b);
    for (int64_t j = 0; j < products->n_b; j += k->nr_f64)
        for (int64_t i = 0; i < products->n_a; i += k->mr_f64)
            k->panel_f64(count, products->packed_a + i * count, products->packed_b + j * count,
                         products->sums + j * products->ld + i, products->ld, 1);
}
