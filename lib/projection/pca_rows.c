/* Components from the rows themselves: singular vectors, Krylov spaces, and the residuals of any by one more pass. */
#include <math.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/factor.h"
#include "linalg/tiles.h"
#include "linalg/columns.h"
#include "projection/pca.h"

#define BLOCK 1024 /* rows of one product */
#define PIECE 512  /* dimensions of one */

/* ---- residuals ---- */

typedef struct residuals {
    const conceptdec_i_pca_fit *fit;
    conceptdec_i_arena arena;
    conceptdec_i_blocks blocks;
    int precision;
    void *rows, *turned;         /* block x d, d x block */
    double *along, *piece, *sum; /* r x block, r x piece, r x d */
} residuals;

static conceptdec_status
take_residuals(residuals *s)
{
    const conceptdec_i_pca_fit *f = s->fit;
    int64_t block = f->n < BLOCK ? f->n : BLOCK, piece = f->d < PIECE ? f->d : PIECE;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(&s->arena, "residuals", block * f->d, sizeof(double), &s->rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(&s->arena, "residuals", block * f->d, sizeof(double), &s->turned));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(&s->arena, "residuals", block * f->r, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(&s->arena, "residuals", piece * f->r, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&s->arena, "residuals", f->d * f->r, sizeof(double), &p[2]));
    s->along = p[0];
    s->piece = p[1];
    s->sum = p[2];
    return CONCEPTDEC_OK;
}

/* sum[k] += sum over rows of the block of (z v_k) z, a piece of the dimensions at a time. */
static conceptdec_status
add_back(residuals *s, const conceptdec_i_dense *turned)
{
    const conceptdec_i_pca_fit *f = s->fit;
    for (int64_t first = 0; first < f->d; first += PIECE) {
        conceptdec_i_dense part = *turned;
        part.n = f->d - first < PIECE ? f->d - first : PIECE;
        part.data = (const char *)turned->data + first * turned->stride * (turned->is_wide ? 8 : 4);
        const conceptdec_i_applying a = {.rows = &part,
                                         .n = part.n,
                                         .columns = f->r,
                                         .w = s->along,
                                         .ldw = turned->dims,
                                         .out = s->piece,
                                         .ldo = part.n,
                                         .precision = s->precision};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(s->arena.ctx, &a));
        for (int64_t k = 0; k < f->r; k++)
            for (int64_t j = 0; j < part.n; j++)
                s->sum[k * f->d + first + j] += s->piece[k * part.n + j];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
pass_rows(residuals *s)
{
    const conceptdec_i_pca_fit *f = s->fit;
    conceptdec_i_dense rows, turned;
    for (int64_t first = 0; first < f->n; first += BLOCK) {
        int64_t count = f->n - first < BLOCK ? f->n - first : BLOCK;
        CONCEPTDEC_I_TRY(conceptdec_i_blocks_rows(&s->blocks, first, count, s->rows, &rows));
        CONCEPTDEC_I_TRY(conceptdec_i_blocks_turned(&s->blocks, first, count, s->turned, &turned));
        const conceptdec_i_applying a = {.rows = &rows,
                                         .n = count,
                                         .columns = f->r,
                                         .w = f->pca->components,
                                         .ldw = f->d,
                                         .out = s->along,
                                         .ldo = count,
                                         .precision = s->precision};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(s->arena.ctx, &a));
        CONCEPTDEC_I_TRY(add_back(s, &turned));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
conclude_residuals(const residuals *s)
{
    const conceptdec_i_pca_fit *f = s->fit;
    for (int64_t k = 0; k < f->r; k++) {
        double square = 0;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        for (int64_t j = 0; j < f->d; j++) {
            double off = s->sum[k * f->d + j] / (double)(f->n - 1) - f->values[k] * f->pca->components[k * f->d + j];
            square += off * off;
        }
        f->pca->residual[k] = f->values[0] > 0 ? sqrt(square) / f->values[0] : 0;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pca_rows_residual(const conceptdec_i_pca_fit *f)
{
    bool is_wide = f->is_wide || f->solver == CONCEPTDEC_PCA_SVD;
    residuals s = {.fit = f,
                   .blocks = conceptdec_i_pca_blocks(f, f->factor, is_wide),
                   .precision = is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32};
    conceptdec_i_arena_open(&s.arena, f->arena->ctx);
    conceptdec_i_stage(s.arena.ctx, "residuals", 1);
    conceptdec_status status = take_residuals(&s);
    if (status == CONCEPTDEC_OK)
        status = pass_rows(&s);
    if (status == CONCEPTDEC_OK)
        status = conclude_residuals(&s);
    conceptdec_i_arena_close(&s.arena);
    return status;
}

/* ---- singular vectors ---- */

conceptdec_status
conceptdec_i_pca_singular(conceptdec_i_pca_fit *f)
{
    int64_t least = f->n < f->d ? f->n : f->d;
    void *rows, *values, *vectors = f->pca->components;
    conceptdec_i_dense dense;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "centred rows", f->n * f->d, sizeof(double), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "variances", least, sizeof(double), &values));
    if (f->r < least)
        CONCEPTDEC_I_TRY(
            conceptdec_i_arena_take_raw(f->arena, "singular vectors", least * f->d, sizeof(double), &vectors));
    const conceptdec_i_blocks blocks = conceptdec_i_pca_blocks(f, f->factor, true);
    conceptdec_i_stage(f->arena->ctx, "components", 1);
    CONCEPTDEC_I_TRY(conceptdec_i_blocks_rows(&blocks, 0, f->n, rows, &dense));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_singular(f->arena->ctx, f->n, f->d, rows, values, vectors));
    if (vectors != f->pca->components)
        CONCEPTDEC_I_TRY(conceptdec_i_pca_keep(f, vectors));
    f->values = values;
    f->n_values = least;
    for (int64_t k = 0; k < least; k++) {
        f->values[k] = f->values[k] * f->values[k] / (double)(f->n - 1);
        f->total += f->values[k];
    }
    return conceptdec_i_pca_rows_residual(f);
}
