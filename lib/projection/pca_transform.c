/* Rows to coordinates along the components, and back. Blocks of rows are multiplied; a row's numbers do not depend on
 * them. */
#include <inttypes.h>
#include <math.h>

#include "linalg/apply.h"
#include "linalg/tiles.h"
#include "projection/pca.h"

#define BLOCK 512 /* rows at once */

/* out[i][k] = weight[k] * (bias[k] + sum over p of (view[i][p] - shift[p]) * factor[p] * w[k][p]); weight, bias NULL:
 * 1, 0. */
typedef struct product {
    const char *name; /* of the argument */
    conceptdec_i_blocks blocks;
    int64_t columns;
    const double *w, *bias, *weight;
    double *out;
} product;

/* Rows first..first+count-1 of what comes out. */
static conceptdec_status
store(conceptdec_ctx *ctx, const product *p, int64_t first, int64_t count, const double *values)
{
    for (int64_t i = 0; i < count; i++)
        for (int64_t k = 0; k < p->columns; k++) {
            double value = values[k * count + i] * (p->weight ? p->weight[k] : 1);
            if (!isfinite(value))
                return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: row %" PRId64 " leads beyond float64", p->name,
                                         first + i);
            p->out[(first + i) * p->columns + k] = value;
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_blocks(conceptdec_i_arena *arena, const product *p)
{
    const conceptdec_matrix *view = p->blocks.x;
    int64_t most = view->rows < BLOCK ? view->rows : BLOCK;
    void *rows, *values;
    conceptdec_i_dense dense;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", most * view->cols, sizeof(double), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", most * p->columns, sizeof(double), &values));
    conceptdec_i_stage(arena->ctx, "projection", 3 * ((view->rows - 1) / BLOCK + 1));
    for (int64_t first = 0; first < view->rows; first += BLOCK) {
        int64_t count = view->rows - first < BLOCK ? view->rows - first : BLOCK;
        CONCEPTDEC_I_TRY(conceptdec_i_blocks_rows(&p->blocks, first, count, rows, &dense));
        const conceptdec_i_applying a = {.rows = &dense,
                                         .n = count,
                                         .columns = p->columns,
                                         .w = p->w,
                                         .ldw = view->cols,
                                         .bias = p->bias,
                                         .out = values,
                                         .ldo = count,
                                         .precision = CONCEPTDEC_I_TILE_F64};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(arena->ctx, &a));
        CONCEPTDEC_I_TRY(store(arena->ctx, p, first, count, values));
    }
    return CONCEPTDEC_OK;
}

/* Standard deviations along the components; 1 unless whitened, and where there is only rounding. */
static void
find_deviations(const conceptdec_pca *p, double *deviation)
{
    for (int64_t k = 0; k < p->r; k++) {
        bool has_variance = (p->flags & CONCEPTDEC_PCA_WHITEN) && p->variance[k] > p->floor;
        deviation[k] = has_variance ? sqrt(p->variance[k]) : 1;
    }
}

static conceptdec_status
transform(conceptdec_i_arena *arena, const conceptdec_pca *p, const conceptdec_matrix *x, conceptdec_result *result)
{
    conceptdec_ctx *ctx = arena->ctx;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "components", p->d + p->r, sizeof(double), &memory));
    double *factor = memory, *weight = factor + p->d;
    find_deviations(p, weight);
    for (int64_t j = 0; j < p->d; j++)
        factor[j] = 1 / p->scale[j];
    for (int64_t k = 0; k < p->r; k++)
        weight[k] = 1 / weight[k];
    product job = {.name = "x",
                   .blocks = {.ctx = ctx, .x = x, .shift = p->mean, .factor = factor, .is_wide = true},
                   .columns = p->r,
                   .w = p->components,
                   .weight = weight};
    int64_t shape[] = {x->rows, p->r};
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, "transformed", 2, shape, &job.out));
    return run_blocks(arena, &job);
}

static conceptdec_status
reconstruct(conceptdec_i_arena *arena, const conceptdec_pca *p, const conceptdec_matrix *z, conceptdec_result *result)
{
    conceptdec_ctx *ctx = arena->ctx;
    void *memory, *turned;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "components", 2 * p->r, sizeof(double), &memory));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "components", p->r * p->d, sizeof(double), &turned));
    double *zero = memory, *deviation = zero + p->r, *w = turned;
    find_deviations(p, deviation);
    for (int64_t j = 0; j < p->d; j++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        for (int64_t k = 0; k < p->r; k++)
            w[j * p->r + k] = p->components[k * p->d + j] * p->scale[j];
    }
    product job = {.name = "z",
                   .blocks = {.ctx = ctx, .x = z, .shift = zero, .factor = deviation, .is_wide = true},
                   .columns = p->d,
                   .w = w,
                   .bias = p->mean};
    int64_t shape[] = {z->rows, p->d};
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, "reconstructed", 2, shape, &job.out));
    return run_blocks(arena, &job);
}

static conceptdec_status
open_view(conceptdec_i_arena *arena, const char *name, int64_t cols, const conceptdec_matrix **view)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, name, view));
    if ((*view)->cols != cols)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE, "%s: %" PRId64 " columns, but the fit has %" PRId64,
                                 name, (*view)->cols, cols);
    return conceptdec_i_view_finite(arena->ctx, name, *view);
}

static conceptdec_status
project(conceptdec_ctx *ctx, const conceptdec_pca *pca, const char *name, const conceptdec_matrix *view,
        bool is_inverse, conceptdec_result **result)
{
    conceptdec_result *made = NULL;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!pca || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", pca ? "result" : "pca");
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = open_view(&arena, name, is_inverse ? pca->r : pca->d, &view);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_result_new(ctx, is_inverse ? "pca_inverse_transform" : "pca_transform", &made);
    if (status == CONCEPTDEC_OK)
        status = is_inverse ? reconstruct(&arena, pca, view, made) : transform(&arena, pca, view, made);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_result_option_number(ctx, made, "whiten", (pca->flags & CONCEPTDEC_PCA_WHITEN) != 0);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = made;
    else
        conceptdec_result_free(made);
    return status;
}

conceptdec_status
conceptdec_pca_transform(conceptdec_ctx *ctx, const conceptdec_pca *pca, const conceptdec_matrix *x,
                         conceptdec_result **result)
{
    return project(ctx, pca, "x", x, false, result);
}

conceptdec_status
conceptdec_pca_inverse_transform(conceptdec_ctx *ctx, const conceptdec_pca *pca, const conceptdec_matrix *z,
                                 conceptdec_result **result)
{
    return project(ctx, pca, "z", z, true, result);
}
