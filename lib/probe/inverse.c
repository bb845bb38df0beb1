/* Equations with second moments that may be singular. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/factor.h"
#include "linalg/tiles.h"
#include "probe/closed.h"

double
conceptdec_i_least_pivot(const double *l, const double *a, double lambda, int64_t r)
{
    double least = 1;
    for (int64_t i = 0; i < r; i++)
        least = fmin(least, l[i * r + i] * l[i * r + i] / (a[i * r + i] + lambda));
    return least;
}

int64_t
conceptdec_i_eigen_doubles(int64_t r)
{
    return ceil_div(conceptdec_i_eigen_bytes(r), sizeof(double));
}

int64_t
conceptdec_i_moments_solve_doubles(conceptdec_ctx *ctx, int64_t r, int64_t count)
{
    const int64_t product = ceil_div(conceptdec_i_apply_bytes(ctx, r, r, count), sizeof(double));
    return (count + 1) * r + max64(conceptdec_i_eigen_doubles(r), product);
}

/* vectors: one a row. */
static conceptdec_status
solve_by_eigen(conceptdec_ctx *ctx, int64_t r, double least, const double *vectors, const double *values, double *along,
               int64_t count, double *b)
{
    const conceptdec_i_dense rows = {.data = vectors, .n = r, .dims = r, .stride = r, .is_wide = true};
    const conceptdec_i_applying applying = {.rows = &rows, .n = r, .columns = count, .w = b, .ldw = r, .out = along,
                                            .ldo = r,
                                            .precision = CONCEPTDEC_I_TILE_F64};
    CONCEPTDEC_I_TRY(conceptdec_i_apply(ctx, &applying));
    memset(b, 0, (size_t)(count * r) * sizeof *b);
    for (int64_t k = 0; k < count; k++)
        for (int64_t v = 0; v < r; v++) {
            double factor = values[v] > least ? along[k * r + v] / values[v] : 0;
            for (int64_t j = 0; j < r && factor != 0; j++)
                b[k * r + j] += factor * vectors[v * r + j];
        }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_moments_solve(conceptdec_ctx *ctx, int64_t r, double tolerance, double largest, double *a, double *work,
                           int64_t count, double *b)
{
    bool is_definite;
    memcpy(work, a, (size_t)(r * r) * sizeof *a);
    CONCEPTDEC_I_TRY(conceptdec_i_cholesky(ctx, r, work, r, &is_definite));
    if (is_definite && conceptdec_i_least_pivot(work, a, 0, r) > 8 * tolerance)
        return conceptdec_i_cholesky_solve(ctx, r, work, r, count, b, r);
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "eigenvalues", (count + 1) * r, sizeof(double), &p));
    double *values = p;
    for (int64_t i = 0; i < r; i++)
        largest = fmax(largest, a[i * r + i]);
    conceptdec_status status = conceptdec_i_eigen(ctx, r, a, r, values);
    if (status == CONCEPTDEC_OK)
        status = solve_by_eigen(ctx, r, tolerance * largest, a, values, values + r, count, b);
    conceptdec_i_give(ctx, p);
    return status;
}
