/* Components from the matrix of second moments, and that matrix from rows. Its eigenvectors take its place, so a packed copy
 * stays for the residuals. */
#include <math.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/block_gram.h"
#include "linalg/factor.h"
#include "linalg/tiles.h"
#include "projection/pca.h"

#define PIECE 512 /* rows of the matrix that are multiplied at once */

conceptdec_status
conceptdec_i_pca_place(conceptdec_i_pca_fit *f, double **c)
{
    void *p = f->pca->components;
    if (f->r < f->d)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "covariance", f->d * f->d, sizeof(double), &p));
    *c = p;
    return CONCEPTDEC_OK;
}

/* ---- eigenvectors ---- */

static void
swap_rows(double *a, double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double value = a[i];
        a[i] = b[i];
        b[i] = value;
    }
}

conceptdec_status
conceptdec_i_pca_eigen(conceptdec_ctx *ctx, int64_t n, double *c, double *values)
{
    for (int64_t i = 0; i < n * n; i++)
        if (!isfinite(c[i]))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "float64 cannot hold the second moments");
    CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_eigen(ctx, n, c, n, values));
    for (int64_t k = 0; k < n / 2; k++) {
        swap_rows(c + k * n, c + (n - 1 - k) * n, n);
        swap_rows(values + k, values + n - 1 - k, 1);
    }
    return CONCEPTDEC_OK;
}

/* ---- residuals ---- */

/* Rows 0..i of the lower half, one after the other. */
static int64_t
packed_at(int64_t i)
{
    return i * (i + 1) / 2;
}

static void
pack(const double *c, int64_t d, double *packed)
{
    for (int64_t i = 0; i < d; i++)
        memcpy(packed + packed_at(i), c + i * d, (size_t)(i + 1) * sizeof *c);
}

static void
unpack(const double *packed, int64_t d, int64_t first, int64_t count, double *rows)
{
    for (int64_t i = 0; i < count; i++)
        memcpy(rows + i * d, packed + packed_at(first + i), (size_t)(first + i + 1) * sizeof *rows);
    for (int64_t j = first; j < d; j++)
        for (int64_t i = 0; i < count && first + i < j; i++)
            rows[i * d + j] = packed[packed_at(j) + first + i];
}

static conceptdec_status
matrix_residual(const conceptdec_i_pca_fit *f, const double *packed)
{
    conceptdec_pca *pca = f->pca;
    int64_t d = f->d, r = f->r, most = d < PIECE ? d : PIECE;
    void *rows, *out;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, f->arena->ctx);
    conceptdec_status status = conceptdec_i_arena_take_raw(&arena, "residuals", most * d, sizeof(double), &rows);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&arena, "residuals", most * r, sizeof(double), &out);
    for (int64_t first = 0; status == CONCEPTDEC_OK && first < d; first += PIECE) {
        int64_t count = d - first < PIECE ? d - first : PIECE;
        const conceptdec_i_dense dense = {.data = rows, .n = count, .dims = d, .stride = d, .is_wide = true};
        const conceptdec_i_applying a = {.rows = &dense,
                                         .n = count,
                                         .columns = r,
                                         .w = pca->components,
                                         .ldw = d,
                                         .out = out,
                                         .ldo = count,
                                         .precision = CONCEPTDEC_I_TILE_F64};
        unpack(packed, d, first, count, rows);
        status = conceptdec_i_apply(arena.ctx, &a);
        for (int64_t k = 0; k < r && status == CONCEPTDEC_OK; k++)
            for (int64_t i = 0; i < count; i++) {
                double off = ((double *)out)[k * count + i] - f->values[k] * pca->components[k * d + first + i];
                pca->residual[k] += off * off;
            }
    }
    for (int64_t k = 0; k < r; k++)
        pca->residual[k] = f->values[0] > 0 ? sqrt(pca->residual[k]) / f->values[0] : 0;
    conceptdec_i_arena_close(&arena);
    return status;
}

static conceptdec_status
take_vectors(conceptdec_i_pca_fit *f, double *c)
{
    double *components = f->pca->components;
    void *packed, *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "covariance", packed_at(f->d), sizeof(double), &packed));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "variances", f->d, sizeof(double), &values));
    pack(c, f->d, packed);
    f->values = values;
    f->n_values = f->d;
    CONCEPTDEC_I_TRY(conceptdec_i_pca_eigen(f->arena->ctx, f->d, c, values));
    if (c != components)
        memcpy(components, c, (size_t)(f->r * f->d) * sizeof *c);
    return matrix_residual(f, packed);
}

conceptdec_status
conceptdec_i_pca_matrix(conceptdec_i_pca_fit *f, double *c)
{
    for (int64_t i = 0; i < f->d; i++)
        f->total += c[i * f->d + i];
    conceptdec_i_stage(f->arena->ctx, "components", 1);
    return f->solver == CONCEPTDEC_PCA_KRYLOV ? conceptdec_i_pca_krylov(f, c) : take_vectors(f, c);
}

/* ---- the matrix from rows ---- */

conceptdec_i_blocks
conceptdec_i_pca_blocks(const conceptdec_i_pca_fit *f, const double *factor, bool is_wide)
{
    return (conceptdec_i_blocks){
        .ctx = f->arena->ctx, .x = f->x, .shift = f->shift, .factor = factor, .is_wide = is_wide};
}

/* Columns that had units of their own get the common one. */
conceptdec_status
conceptdec_i_pca_covariance(conceptdec_i_pca_fit *f)
{
    double *c;
    const double *own = f->own_factor, *factor = f->factor;
    CONCEPTDEC_I_TRY(conceptdec_i_pca_place(f, &c));
    const conceptdec_i_blocks blocks = conceptdec_i_pca_blocks(f, own, f->is_wide);
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram(f->arena->ctx, &blocks, false, c));
    for (int64_t i = 0; i < f->d; i++)
        for (int64_t j = i; j < f->d; j++) {
            double *at = &c[i * f->d + j];
            *at = *at / (double)(f->n - 1) * (factor[i] / own[i]) * (factor[j] / own[j]);
        }
    conceptdec_i_gram_mirror(c, f->d, f->d);
    return conceptdec_i_pca_matrix(f, c);
}

/* ---- products of rows with rows ---- */

/* components[k] = sum over rows of u[k][i] z_i. */
static conceptdec_status
combine_rows(const conceptdec_i_pca_fit *f, const double *u)
{
    int64_t most = conceptdec_i_blocks_count(f->n, f->is_wide);
    const conceptdec_i_blocks blocks = conceptdec_i_pca_blocks(f, f->factor, f->is_wide);
    conceptdec_i_arena arena;
    void *block;
    conceptdec_i_arena_open(&arena, f->arena->ctx);
    conceptdec_status status =
        conceptdec_i_arena_take_raw(&arena, "rows", conceptdec_i_blocks_bytes(f->n, f->d, f->is_wide), 1, &block);
    for (int64_t first = 0; status == CONCEPTDEC_OK && first < f->d; first += most) {
        conceptdec_i_dense dense;
        int64_t count = f->d - first < most ? f->d - first : most;
        status = conceptdec_i_blocks_columns(&blocks, first, count, block, &dense);
        const conceptdec_i_applying a = {.rows = &dense,
                                         .n = count,
                                         .columns = f->r,
                                         .w = u,
                                         .ldw = f->n,
                                         .out = f->pca->components + first,
                                         .ldo = f->d,
                                         .precision = f->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32};
        if (status == CONCEPTDEC_OK)
            status = conceptdec_i_apply(arena.ctx, &a);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_pca_gram(conceptdec_i_pca_fit *f)
{
    void *g, *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "products of rows", f->n * f->n, sizeof(double), &g));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "variances", f->n, sizeof(double), &values));
    double *products = g;
    f->values = values;
    f->n_values = f->n < f->d ? f->n : f->d;
    const conceptdec_i_blocks blocks = conceptdec_i_pca_blocks(f, f->factor, f->is_wide);
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram(f->arena->ctx, &blocks, true, products));
    for (int64_t i = 0; i < f->n; i++)
        for (int64_t j = i; j < f->n; j++)
            products[i * f->n + j] /= (double)(f->n - 1);
    conceptdec_i_gram_mirror(products, f->n, f->n);
    for (int64_t i = 0; i < f->n; i++)
        f->total += products[i * f->n + i];
    conceptdec_i_stage(f->arena->ctx, "components", 1);
    CONCEPTDEC_I_TRY(conceptdec_i_pca_eigen(f->arena->ctx, f->n, products, values));
    CONCEPTDEC_I_TRY(combine_rows(f, products));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_orthonormalize(f->arena->ctx, f->r, f->d, f->pca->components, f->d));
    return conceptdec_i_pca_rows_residual(f);
}
