/* Eigenvalues of the products of rows are squares of singular values: each is off by roundings of the largest one. */
#include "linalg/from_products.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/factor.h"
#include "linalg/leading.h"
#include "linalg/products.h"

#define ENOUGH 1e-11 /* of the sum */
#define APART 1e-5   /* of the largest value */
#define ROUNDINGS 4  /* of the largest square, for each row */

int64_t
conceptdec_i_singular_from_products_bytes(conceptdec_ctx *ctx, int64_t n, int64_t d)
{
    const int64_t numbers = 4 * n * n + 16 * n;
    return 8 * numbers + (n > CONCEPTDEC_I_LEADING_MOST
                              ? conceptdec_i_apply_bytes(ctx, n, d, min64(n, CONCEPTDEC_I_APPLY_OWN))
                              : conceptdec_i_products_bytes(ctx, n, n));
}

/* Few rows on this lane alone: draws of theirs are made on all lanes at once. */
static conceptdec_status
multiply(conceptdec_i_arena *arena, const conceptdec_i_dense *rows, double *products)
{
    const int64_t n = rows->n, d = rows->dims;
    const double *data = rows->data;
    conceptdec_i_products sums;
    void *memory;
    if (n > CONCEPTDEC_I_LEADING_MOST)
        return conceptdec_i_apply_own(arena->ctx, rows, products, n);
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "products", conceptdec_i_products_bytes(arena->ctx, n, n), 1, &memory));
    conceptdec_i_products_open(arena->ctx, n, n, memory, &sums);
    for (int64_t first = 0; first < d; first += CONCEPTDEC_I_PRODUCTS_DEPTH) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
        conceptdec_i_products_add(&sums, data + first, d, data + first, d,
                                  min64(CONCEPTDEC_I_PRODUCTS_DEPTH, d - first));
    }
    for (int64_t i = 0; i < n; i++)
        memcpy(products + i * n, sums.sums + i * sums.ld, (size_t)n * sizeof *products);
    return CONCEPTDEC_OK;
}

/* Squares, ascending; the last `count` rows of `products` become vectors of the largest. */
static conceptdec_status
decompose(conceptdec_i_arena *arena, int64_t n, int64_t count, double *products, double *squares)
{
    void *p[2];
    if (n > CONCEPTDEC_I_LEADING_MOST)
        return (count > 0 ? conceptdec_i_eigen : conceptdec_i_eigenvalues)(arena->ctx, n, products, n, squares);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "products", n * n, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "products", conceptdec_i_leading_numbers(n), sizeof(double), &p[1]));
    memcpy(p[0], products, (size_t)(n * n) * sizeof *products);
    if (!conceptdec_i_leading(arena->ctx->kernels, n, count, p[0], squares, products + (n - count) * n, p[1]))
        squares[n - 1] = (double)NAN;
    return CONCEPTDEC_OK;
}

/* From squares to values, and whether they are good enough. */
static bool
take_roots(int64_t n, int64_t count, const double *squares, double *values)
{
    const double off = ROUNDINGS * (double)n * 0x1p-52 * squares[n - 1];
    double sum = 0, error = 0;
    for (int64_t k = count - 1; k >= 0; k--) {
        values[k] = sqrt(fmax(squares[n - 1 - k], 0));
        sum += values[k];
        error += values[k] > 0 ? fmin(off / values[k], sqrt(off)) : sqrt(off);
    }
    return off > 0 && sum > 0 && error <= ENOUGH * sum;
}

/* Vectors of values that are nearly equal, or equal to the next one, are any that span the same: another method finds
 * others. */
static bool
are_apart(int64_t n, int64_t count, const double *squares)
{
    const double least = APART * sqrt(squares[n - 1]);
    for (int64_t k = 0; k < count && k + 1 < n; k++)
        if (!(sqrt(fmax(squares[n - 1 - k], 0)) - sqrt(fmax(squares[n - 2 - k], 0)) > least))
            return false;
    return true;
}

static conceptdec_status
find(conceptdec_i_arena *arena, int64_t n, int64_t d, const double *rows, int64_t count, double *values,
     double *vectors, bool *is_done)
{
    const conceptdec_i_dense dense = {.data = rows, .n = n, .dims = d, .stride = d, .is_wide = true};
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "products", n * n, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "products", n, sizeof(double), &p[1]));
    double *products = p[0];
    CONCEPTDEC_I_TRY(multiply(arena, &dense, products));
    CONCEPTDEC_I_TRY(decompose(arena, n, vectors ? count : 0, products, p[1]));
    *is_done = take_roots(n, count, p[1], values) && (!vectors || are_apart(n, count, p[1]));
    for (int64_t k = 0; k < count && vectors; k++)
        memcpy(vectors + k * n, products + (n - 1 - k) * n, (size_t)n * sizeof *vectors);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_singular_from_products(conceptdec_ctx *ctx, int64_t n, int64_t d, const double *rows, int64_t count,
                                    double *values, double *vectors, bool *is_done)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = find(&arena, n, d, rows, count, values, vectors, is_done);
    conceptdec_i_arena_close(&arena);
    return status;
}
