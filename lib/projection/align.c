/* Orthogonal Procrustes: both sides are centred, their cross products summed over the rows and decomposed. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/factor.h"
#include "linalg/passes.h"
#include "linalg/columns.h"

#define MOST_COLUMNS 64 /* of one pass */

/* One of the two matrices: numbers are divided by a power of two near their largest distance from the mean, so that
 * squares neither overflow nor vanish. */
typedef struct {
    const conceptdec_matrix *view;
    double *mean;
    double unit;
    double squares; /* sum of all, of what is centred and divided */
} side;

typedef struct {
    conceptdec_ctx *ctx;
    int64_t n, r;
    side z, reference;
    conceptdec_i_passes passes;
    conceptdec_i_rows rows; /* z, centred */
    const double **from;
    double **to;
    double *turned; /* r x r: column j of the rotation one number after the other */
    double *wide;   /* r for each lane: a row of the reference */
    int64_t first;  /* column of the pass */
    double scale;   /* what centred and turned rows are multiplied by */
    double *rotation, *transformed;
    double left[CONCEPTDEC_I_PASSES_MOST_SLABS]; /* squares that are left, of each slab */
} fit;

/* ---- what is given ---- */

static conceptdec_status
open_side(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *view, side *s)
{
    conceptdec_i_columns columns;
    double largest = 0, *units, *squares;
    void *p;
    s->view = view;
    CONCEPTDEC_I_TRY(conceptdec_i_columns_scan(arena, name, s->view, &columns));
    s->mean = columns.mean;
    for (int64_t j = 0; j < s->view->cols; j++)
        largest = fmax(largest, fmax(columns.largest[j] - columns.mean[j], columns.mean[j] - columns.least[j]));
    s->unit = conceptdec_i_unit(largest);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "columns", 2 * s->view->cols, sizeof(double), &p));
    units = p;
    squares = units + s->view->cols;
    for (int64_t j = 0; j < s->view->cols; j++)
        units[j] = s->unit;
    CONCEPTDEC_I_TRY(conceptdec_i_columns_squares(arena, s->view, s->mean, units, squares));
    for (int64_t j = 0; j < s->view->cols; j++)
        s->squares += squares[j];
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_memory(conceptdec_i_arena *arena, fit *f)
{
    void *p[4];
    int64_t square, columns = min64(MOST_COLUMNS, f->r);
    if (!conceptdec_i_mul(f->r, f->r, &square))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "z: %" PRId64 " columns are too many", f->r);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "cross products", square, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "cross products", conceptdec_i_lanes(f->ctx),
                                             (uint64_t)f->r * sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "cross products", columns, sizeof(double *), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "cross products", columns, sizeof(double *), &p[3]));
    f->turned = p[0];
    f->wide = p[1];
    f->from = p[2];
    f->to = p[3];
    bool is_read = conceptdec_i_view_is_read(f->z.view);
    f->rows = conceptdec_i_rows_of(f->z.view);
    f->rows.center = f->z.mean;
    return (is_read ? conceptdec_i_passes_open_reading : conceptdec_i_passes_open)(arena, f->r, 0, columns, &f->passes);
}

/* ---- rotation ---- */

/* The centred reference, to be multiplied by the centred rows on the way back. */
static conceptdec_status
offer_reference(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const fit *f = argument;
    const side *reference = &f->reference;
    double *row = f->wide + lane * f->r, *values = chunk->values;
    for (int64_t i = 0; i < chunk->count; i++) {
        conceptdec_i_view_widen(f->ctx->kernels, reference->view, chunk->first + i, f->first, chunk->columns, row);
        for (int64_t j = 0; j < chunk->columns; j++)
            values[j * chunk->ld + i] = (row[j] - reference->mean[f->first + j]) / reference->unit / f->z.unit;
    }
    return CONCEPTDEC_OK;
}

/* turned[j] = sum over rows of z by column j of the reference: the transpose of what is decomposed. */
static conceptdec_status
multiply(fit *f)
{
    for (f->first = 0; f->first < f->r; f->first += MOST_COLUMNS) {
        int64_t columns = min64(MOST_COLUMNS, f->r - f->first);
        for (int64_t j = 0; j < columns; j++)
            f->to[j] = f->turned + (f->first + j) * f->r;
        CONCEPTDEC_I_TRY(conceptdec_i_passes_run(&f->passes, &f->rows, CONCEPTDEC_I_TILE_F64, columns, NULL, f->to,
                                                 offer_reference, f));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
transpose(conceptdec_ctx *ctx, int64_t n, const double *in, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        for (int64_t j = 0; j < n; j++)
            out[j * n + i] = in[i * n + j];
    }
    return CONCEPTDEC_OK;
}

/* The transpose of the rotation is what is nearest to the transpose of the products. */
static conceptdec_status
turn(conceptdec_i_arena *arena, fit *f, uint32_t flags)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "singular values", f->r, sizeof(double), &p));
    double *values = p, sum = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_poll(f->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_nearest_orthogonal(f->ctx, f->r, f->turned, f->rotation, values));
    memcpy(f->turned, f->rotation, (size_t)(f->r * f->r) * sizeof *f->turned);
    CONCEPTDEC_I_TRY(transpose(f->ctx, f->r, f->turned, f->rotation));
    for (int64_t k = 0; k < f->r; k++)
        sum += values[f->r - 1 - k];
    f->scale = flags & CONCEPTDEC_ALIGN_SCALE ? sum / f->z.squares * (f->reference.unit / f->z.unit) : 1;
    return CONCEPTDEC_OK;
}

/* ---- what comes of it ---- */

static conceptdec_status
place(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    fit *f = argument;
    const side *reference = &f->reference;
    const double *values = chunk->values, scale = f->z.squares > 0 ? f->scale : 0;
    double *row = f->wide + lane * f->r, left = f->left[chunk->slab];
    for (int64_t i = 0; i < chunk->count; i++) {
        double *out = f->transformed + (chunk->first + i) * f->r + f->first;
        conceptdec_i_view_widen(f->ctx->kernels, reference->view, chunk->first + i, f->first, chunk->columns, row);
        for (int64_t j = 0; j < chunk->columns; j++) {
            double mean = reference->mean[f->first + j], moved = values[j * chunk->ld + i] * scale;
            double apart = (moved - (row[j] - mean)) / reference->unit;
            out[j] = moved + mean;
            left += apart * apart;
        }
    }
    f->left[chunk->slab] = left;
    return CONCEPTDEC_OK;
}

static conceptdec_status
transform(fit *f, double *disparity)
{
    double sum = 0;
    for (f->first = 0; f->first < f->r; f->first += MOST_COLUMNS) {
        int64_t columns = min64(MOST_COLUMNS, f->r - f->first);
        for (int64_t j = 0; j < columns; j++)
            f->from[j] = f->turned + (f->first + j) * f->r;
        CONCEPTDEC_I_TRY(
            conceptdec_i_passes_run(&f->passes, &f->rows, CONCEPTDEC_I_TILE_F64, columns, f->from, NULL, place, f));
    }
    for (int64_t slab = 0; slab < CONCEPTDEC_I_PASSES_MOST_SLABS; slab++)
        sum += f->left[slab];
    *disparity = sum / f->reference.squares;
    return CONCEPTDEC_OK;
}

static conceptdec_status
align(conceptdec_i_arena *arena, fit *f, uint32_t flags, conceptdec_result *result)
{
    conceptdec_ctx *ctx = f->ctx;
    double *scale, *disparity;
    int64_t square[] = {f->r, f->r}, rows[] = {f->n, f->r};
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_TRANSFORMED, 2, rows, &f->transformed));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_ROTATION, 2, square, &f->rotation));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_SCALE, 0, NULL, &scale));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_DISPARITY, 0, NULL, &disparity));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "scale", (flags & CONCEPTDEC_ALIGN_SCALE) != 0));
    CONCEPTDEC_I_TRY(take_memory(arena, f));
    conceptdec_i_stage(ctx, "alignment",
                       2 * conceptdec_i_passes_slabs(&f->passes, f->n) * ceil_div(f->r, MOST_COLUMNS));
    CONCEPTDEC_I_TRY(multiply(f));
    CONCEPTDEC_I_TRY(turn(arena, f, flags));
    CONCEPTDEC_I_TRY(transform(f, disparity));
    *scale = f->scale;
    return CONCEPTDEC_OK;
}

/* ---- the call ---- */

static conceptdec_status
open_both(conceptdec_i_arena *arena, fit *f, const conceptdec_matrix *z, const conceptdec_matrix *reference)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "z", &z));
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "reference", &reference));
    if (z->rows != reference->rows || z->cols != reference->cols)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE,
                                 "reference: %" PRId64 " x %" PRId64 ", but z is %" PRId64 " x %" PRId64,
                                 reference->rows, reference->cols, z->rows, z->cols);
    f->n = z->rows;
    f->r = z->cols;
    CONCEPTDEC_I_TRY(open_side(arena, "z", z, &f->z));
    return open_side(arena, "reference", reference, &f->reference);
}

conceptdec_status
conceptdec_align(conceptdec_ctx *ctx, const conceptdec_matrix *z, const conceptdec_matrix *reference, uint32_t flags,
                 conceptdec_result **result)
{
    conceptdec_result *made = NULL;
    conceptdec_i_arena arena;
    fit f = {.ctx = ctx};
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "result: is NULL");
    if (flags & ~CONCEPTDEC_ALIGN_SCALE)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: unknown bits must be 0");
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = open_both(&arena, &f, z, reference);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_result_new(ctx, "align", &made);
    if (status == CONCEPTDEC_OK)
        status = align(&arena, &f, flags, made);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = made;
    else
        conceptdec_result_free(made);
    return status;
}
