/* Rows without a concept. Blocks of rows are multiplied; a row's numbers do not depend on the others. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/engine.h"
#include "vectors/eraser.h"

#define BLOCK 512 /* rows at once */
#define TASK_ROWS 16

typedef struct erasing {
    conceptdec_ctx *ctx;
    const conceptdec_eraser *eraser;
    const conceptdec_matrix *x;
    int64_t rank, first, count;
    double *out;     /* of the block: x, and then what is left of it */
    double *centred; /* count x d */
    double *along;   /* rank x count: what is read */
} erasing;

static conceptdec_status
centre_task(void *argument, int64_t task, int lane)
{
    const erasing *e = argument;
    const int64_t d = e->eraser->d, end = task_end(task, TASK_ROWS, e->count);
    (void)lane;
    for (int64_t i = task * TASK_ROWS; i < end; i++) {
        double *row = e->out + i * d, *centred = e->centred + i * d;
        conceptdec_i_view_widen(e->ctx->kernels, e->x, e->first + i, 0, d, row);
        for (int64_t j = 0; j < d; j++)
            centred[j] = row[j] - e->eraser->mean[j];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
remove_task(void *argument, int64_t task, int lane)
{
    const erasing *e = argument;
    const int64_t d = e->eraser->d, end = task_end(task, TASK_ROWS, e->count);
    (void)lane;
    for (int64_t i = task * TASK_ROWS; i < end; i++) {
        double *restrict row = e->out + i * d;
        for (int64_t k = 0; k < e->rank; k++) {
            const double along = e->along[k * e->count + i], *removed = e->eraser->removed + k * d;
            for (int64_t j = 0; j < d; j++)
                row[j] -= along * removed[j];
        }
        for (int64_t j = 0; j < d; j++)
            if (!isfinite(row[j]))
                return conceptdec_i_fail(e->ctx, CONCEPTDEC_EOVERFLOW,
                                         "x: row %" PRId64 " without the concept is beyond float64", e->first + i);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_block(erasing *e)
{
    const conceptdec_eraser *eraser = e->eraser;
    const int64_t tasks = ceil_div(e->count, TASK_ROWS);
    const conceptdec_i_dense rows = {
        .data = e->centred, .n = e->count, .dims = eraser->d, .stride = eraser->d, .is_wide = true};
    const conceptdec_i_applying a = {.rows = &rows,
                                     .n = e->count,
                                     .columns = e->rank,
                                     .w = eraser->read,
                                     .ldw = eraser->d,
                                     .out = e->along,
                                     .ldo = e->count,
                                     .precision = CONCEPTDEC_I_TILE_F64};
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(e->ctx, tasks, centre_task, e));
    if (e->rank > 0)
        CONCEPTDEC_I_TRY(conceptdec_i_apply(e->ctx, &a));
    return conceptdec_i_parallel(e->ctx, tasks, remove_task, e);
}

conceptdec_status
conceptdec_i_eraser_run(conceptdec_i_arena *arena, const conceptdec_eraser *eraser, int64_t rank,
                        const conceptdec_matrix *x, double *out)
{
    const int64_t most = min64(x->rows, BLOCK);
    erasing e = {.ctx = arena->ctx, .eraser = eraser, .x = x, .rank = rank};
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", most * eraser->d, sizeof(double), &p));
    e.centred = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", most * rank, sizeof(double), &p));
    e.along = p;
    conceptdec_i_stage(arena->ctx, "erasure", 3 * ceil_div(x->rows, TASK_ROWS));
    for (; e.first < x->rows; e.first += e.count) {
        e.count = min64(BLOCK, x->rows - e.first);
        e.out = out + e.first * eraser->d;
        CONCEPTDEC_I_TRY(run_block(&e));
    }
    return CONCEPTDEC_OK;
}

/* ---- the public call ---- */

static conceptdec_status
apply(conceptdec_i_arena *arena, const conceptdec_eraser *eraser, const conceptdec_matrix *x, conceptdec_result *result)
{
    conceptdec_ctx *ctx = arena->ctx;
    double *out;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open_once(arena, "x", &x));
    if (x->cols != eraser->d)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "x: %" PRId64 " columns, but the eraser has %" PRId64, x->cols,
                                 eraser->d);
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, "x", x));
    const int64_t shape[] = {x->rows, x->cols};
    const bool is_leace = eraser->kind == CONCEPTDEC_ERASE_LEACE;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_ERASED, 2, shape, &out));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(ctx, result, "kind", is_leace ? "leace" : "projection"));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "rank", (double)eraser->rank));
    return conceptdec_i_eraser_run(arena, eraser, eraser->rank, x, out);
}

conceptdec_status
conceptdec_eraser_apply(conceptdec_ctx *ctx, const conceptdec_eraser *eraser, const conceptdec_matrix *x,
                        conceptdec_result **result)
{
    conceptdec_result *made = NULL;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!eraser || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", eraser ? "result" : "eraser");
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_result_new(ctx, "eraser_apply", &made);
    if (status == CONCEPTDEC_OK)
        status = apply(&arena, eraser, x, made);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = made;
    else
        conceptdec_result_free(made);
    return status;
}
