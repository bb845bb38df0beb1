/* What one look at each row tells: norms, the mean of all directions, how much the columns vary. */
#include <math.h>

#include "geometry/geometry.h"
#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "linalg/engine.h"

enum { MOST_TASKS = 64, LEAST_ROWS = 64 };

typedef struct {
    const conceptdec_i_geometry *g;
    int64_t rows_a_task, tasks;
    double *sums;    /* tasks x d: of the rows divided by their norms */
    double *row;     /* per lane */
    double *zeros;   /* d */
    int64_t *n_zero; /* tasks */
} walk;

/* The row, brought to magnitude 1 while its norm was measured, is divided by its norm. */
static void
add_direction(const walk *w, double *row, double *sums)
{
    const int64_t d = w->g->d;
    double factor = 1 / sqrt(w->g->ctx->kernels->distance_f64(row, w->zeros, 0.0, d));
    for (int64_t j = 0; j < d; j++)
        sums[j] += row[j] * factor;
}

static conceptdec_status
walk_task(void *argument, int64_t task, int lane)
{
    const walk *w = argument;
    const conceptdec_i_geometry *g = w->g;
    double *row = w->row + lane * g->d;
    for (int64_t i = task * w->rows_a_task; i < task_end(task, w->rows_a_task, g->n); i++) {
        conceptdec_i_view_widen(g->ctx->kernels, g->x, i, 0, g->d, row);
        g->inverse_norm[i] = conceptdec_i_inverse_norm(g->ctx->kernels, row, w->zeros, g->d);
        if (g->inverse_norm[i] > 0)
            add_direction(w, row, w->sums + task * g->d);
        else
            w->n_zero[task]++;
        if (i % LEAST_ROWS == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(g->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
walk_rows(conceptdec_i_arena *arena, conceptdec_i_geometry *g)
{
    walk w = {.g = g, .rows_a_task = max64(LEAST_ROWS, ceil_div(g->n, MOST_TASKS))};
    w.tasks = ceil_div(g->n, w.rows_a_task);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "directions", w.tasks * g->d, sizeof(double), &w.sums));
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_take(arena, "rows", conceptdec_i_lanes(g->ctx) * g->d, sizeof(double), &w.row));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "rows", g->d, sizeof(double), &w.zeros));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "rows", w.tasks, sizeof(int64_t), &w.n_zero));
    conceptdec_i_stage(g->ctx, "directions", w.tasks);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, w.tasks, walk_task, &w));
    for (int64_t t = 0; t < w.tasks; t++) {
        g->n_zero_rows += w.n_zero[t];
        for (int64_t j = 0; j < g->d; j++)
            g->mean_direction[j] += w.sums[t * g->d + j];
    }
    return CONCEPTDEC_OK;
}

/* (|sum of unit rows|^2 - m) / (m (m - 1)); leaves their mean. */
static double
find_anisotropy(conceptdec_i_geometry *g)
{
    double square = 0, m = (double)(g->n - g->n_zero_rows);
    for (int64_t j = 0; j < g->d; j++) {
        square += g->mean_direction[j] * g->mean_direction[j];
        g->mean_direction[j] /= m > 0 ? m : 1;
    }
    return m < 2 ? (double)NAN : (square - m) / (m * (m - 1));
}

/* sum of squared distances from the means of the columns / (n - 1). */
static conceptdec_status
find_variance(conceptdec_i_arena *arena, conceptdec_i_geometry *g)
{
    double *unit, *squares, sum = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "columns", g->d, sizeof(double), &unit));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "columns", g->d, sizeof(double), &squares));
    for (int64_t j = 0; j < g->d; j++)
        unit[j] = g->unit;
    CONCEPTDEC_I_TRY(conceptdec_i_columns_squares(arena, g->x, g->columns.mean, unit, squares));
    for (int64_t j = 0; j < g->d; j++)
        sum += squares[j];
    double variance = sum / (double)(g->n - 1) * g->unit * g->unit;
    if (!isfinite(variance))
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EOVERFLOW, "x: float64 cannot hold the variances");
    return conceptdec_i_geometry_put(g, CONCEPTDEC_R_TOTAL_VARIANCE, variance);
}

static conceptdec_status
measure(conceptdec_i_arena *arena, conceptdec_i_geometry *g)
{
    CONCEPTDEC_I_TRY(walk_rows(arena, g));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_ANISOTROPY, find_anisotropy(g)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put_count(g, CONCEPTDEC_R_N_ZERO_ROWS, g->n_zero_rows));
    return find_variance(arena, g);
}

conceptdec_status
conceptdec_i_geometry_rows(conceptdec_i_geometry *g)
{
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "norms", g->n, sizeof(double), &g->inverse_norm));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "directions", g->d, sizeof(double), &g->mean_direction));
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = measure(&arena, g);
    conceptdec_i_arena_close(&arena);
    return status;
}
