/* Eigenvalues of the products of rows are squares of singular values: each is off by roundings of the largest one. */
#include "linalg/leading.h"

#include <math.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/factor.h"
#include "linalg/jacobi.h"

#define ENOUGH 1e-11 /* of the sum */
#define ROUNDINGS 4  /* of the largest square, for each row */

int64_t
conceptdec_i_leading_bytes(int64_t n)
{
    return 8 * (4 * n * n + 16 * n);
}

/* Squares, ascending; `products` becomes vectors, one a row. */
static conceptdec_status
decompose(conceptdec_i_arena *arena, int64_t n, double *products, double *squares, bool has_vectors)
{
    void *p;
    if (n > CONCEPTDEC_I_QL_MOST)
        return (has_vectors ? conceptdec_i_eigen : conceptdec_i_eigenvalues)(arena->ctx, n, products, n, squares);
    if (!has_vectors) {
        squares[n - 1] = conceptdec_i_ql_values(n, products, squares) ? squares[n - 1] : (double)NAN;
        return CONCEPTDEC_OK;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "products", n * n, sizeof(double), &p));
    memcpy(p, products, (size_t)(n * n) * sizeof(double));
    if (!conceptdec_i_ql(n, p, squares, products))
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
    return sum > 0 && error <= ENOUGH * sum;
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
    CONCEPTDEC_I_TRY(conceptdec_i_apply_own(arena->ctx, &dense, products, n));
    CONCEPTDEC_I_TRY(decompose(arena, n, products, p[1], vectors != NULL));
    *is_done = take_roots(n, count, p[1], values);
    for (int64_t k = 0; k < count && vectors; k++)
        memcpy(vectors + k * n, products + (n - 1 - k) * n, (size_t)n * sizeof *vectors);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_leading(conceptdec_ctx *ctx, int64_t n, int64_t d, const double *rows, int64_t count, double *values,
                     double *vectors, bool *is_done)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = find(&arena, n, d, rows, count, values, vectors, is_done);
    conceptdec_i_arena_close(&arena);
    return status;
}
