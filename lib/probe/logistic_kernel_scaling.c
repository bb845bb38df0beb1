/* Preconditioners of weights that are sums of rows: (c K / n + lambda)^-1 over the rows that train, in float or
 * double. */
#include "probe/logistic.h"

#include <math.h>

#include "core/whole.h"
#include "linalg/factor.h"

#define EDGE 64 /* rows of a task */

typedef conceptdec_i_logistic logistic;

typedef struct {
    const logistic *l;
    double lambda, jitter;
    double *scale; /* n */
    void *matrix;  /* n x n, the lower half alone */
} factoring;

static double
moment(const logistic *l, int64_t i, int64_t j)
{
    const conceptdec_i_space *space = l->fitting->space;
    if (!(l->trains[i] * l->trains[j] > 0))
        return 0;
    return l->curvature * space->kernel[i * space->stride + j] / (double)l->n_training;
}

/* Scaled to a diagonal of 1 (and the jitter). */
static conceptdec_status
fill_task(void *argument, int64_t task, int lane)
{
    const factoring *f = argument;
    const int64_t n = f->l->r, end = task_end(task, EDGE, n);
    (void)lane;
    for (int64_t i = task * EDGE; i < end; i++)
        for (int64_t j = 0; j <= i; j++) {
            const double value = i == j ? 1 + f->jitter : moment(f->l, i, j) * f->scale[i] * f->scale[j];
            if (f->l->is_brisk)
                ((float *)f->matrix)[i * n + j] = (float)value;
            else
                ((double *)f->matrix)[i * n + j] = value;
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
factor(const factoring *f, bool *is_definite)
{
    conceptdec_ctx *ctx = f->l->ctx;
    const int64_t n = f->l->r;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, (n + EDGE - 1) / EDGE, fill_task, (void *)(uintptr_t)f));
    if (f->l->is_brisk)
        CONCEPTDEC_I_TRY(conceptdec_i_cholesky_f32(ctx, n, f->matrix, n, is_definite));
    else
        CONCEPTDEC_I_TRY(conceptdec_i_cholesky(ctx, n, f->matrix, n, is_definite));
    if (!*is_definite)
        return CONCEPTDEC_OK;
    return f->l->is_brisk ? conceptdec_i_triangular_inverse_f32(ctx, n, f->matrix, n)
                          : conceptdec_i_triangular_inverse(ctx, n, f->matrix, n);
}

/* A matrix that rounding has made indefinite gets a larger diagonal. */
static conceptdec_status
invert(factoring *f)
{
    bool is_definite = false;
    for (int64_t i = 0; i < f->l->r; i++)
        f->scale[i] = 1 / sqrt(moment(f->l, i, i) + f->lambda);
    for (f->jitter = 0; !is_definite; f->jitter = f->jitter > 0 ? 100 * f->jitter : f->l->is_brisk ? 1e-6 : 1e-12)
        CONCEPTDEC_I_TRY(factor(f, &is_definite));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_logistic_add_triangle(logistic *l, double lambda)
{
    const bool is_wide = conceptdec_i_logistic_is_exact(l);
    conceptdec_i_logistic_scaling *scaling = &l->scalings[l->n_scalings];
    conceptdec_i_arena scratch;
    void *scale = NULL, *memory;
    conceptdec_i_arena_open(&scratch, l->ctx);
    conceptdec_status status = conceptdec_i_arena_take(&scratch, "preconditioner", l->r, sizeof(double), &scale);
    factoring f = {.l = l, .lambda = lambda, .scale = scale, .matrix = l->kernel_scratch};
    if (status == CONCEPTDEC_OK)
        status = invert(&f);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(l->scaling_arena, "preconditioner",
                                             conceptdec_i_triangle_bytes(l->r, is_wide), 1, &memory);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_triangle_pack(l->ctx, l->r, is_wide, l->kernel_scratch, is_wide, l->r, f.scale, memory,
                                            &scaling->triangle);
    scaling->lambda = lambda;
    l->n_scalings += status == CONCEPTDEC_OK;
    conceptdec_i_arena_close(&scratch);
    return status;
}
