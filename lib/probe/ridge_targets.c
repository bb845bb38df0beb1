/* What targets contribute to the equations of a ridge regression, and what a solution leaves of them. */
#include <string.h>

#include "probe/ridge_batch.h"

typedef struct {
    conceptdec_i_ridge_batch *batch;
    double *row; /* per lane */
} regress_job;

/* Class sums become sums of (t - mean of t) (z - mean of z), t = 1 or -1. */
static conceptdec_status
label_task(void *argument, int64_t task, int lane)
{
    const conceptdec_i_ridge_batch *b = argument;
    int64_t set = task / b->columns, column = task % b->columns, r = b->part->r;
    int64_t class = set * b->classes + (b->columns == 1 ? 1 : column);
    double mass = b->mass[class], *moment = b->moment + task * r;
    const double *sums = b->sums + class * r;
    (void)lane;
    b->center[task] = 2 * mass - 1;
    b->spread[task] = 4 * mass * (1 - mass);
    if (conceptdec_i_ridge_is_absent(b, set, column)) {
        memset(moment, 0, (size_t)r * sizeof *moment);
        return CONCEPTDEC_OK;
    }
    for (int64_t j = 0; j < r; j++)
        moment[j] = 2 * (sums[j] - mass * b->part->mean[j]);
    return CONCEPTDEC_OK;
}

static conceptdec_status
target_task(void *argument, int64_t column, int lane)
{
    const regress_job *job = argument;
    const conceptdec_i_ridge_batch *b = job->batch;
    const conceptdec_i_members *m = &b->part->members;
    const double *t = b->targets + column * b->part->fitting->space->n;
    int64_t r = b->part->r;
    double *moment = b->moment + column * r, *row = job->row + lane * r, center = 0, spread = 0;
    for (int64_t i = 0; i < m->n_train; i++)
        center += m->omega[m->train[i]] * t[m->train[i]];
    memset(moment, 0, (size_t)r * sizeof *moment);
    for (int64_t i = 0; i < m->n_train; i++) {
        double apart = t[m->train[i]] - center, weight = m->omega[m->train[i]] * apart;
        spread += weight * apart;
        conceptdec_i_space_row(b->part->fitting->space, m->train[i], row);
        for (int64_t j = 0; j < r; j++)
            moment[j] += weight * (row[j] - b->part->mean[j]);
        if (i % 1024 == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(b->part->fitting->ctx, 0));
    }
    b->center[column] = center;
    b->spread[column] = spread;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_batch_targets(conceptdec_i_ridge_batch *batch)
{
    conceptdec_ctx *ctx = batch->part->fitting->ctx;
    if (!batch->targets) {
        CONCEPTDEC_I_TRY(conceptdec_i_class_sums(batch->part->fitting, &batch->part->members, batch->n_sets,
                                                 batch->labels, batch->classes, batch->sums, batch->mass));
        return conceptdec_i_parallel(ctx, batch->n_sets * batch->columns, label_task, batch);
    }
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "rows", conceptdec_i_lanes(ctx) * batch->part->r, sizeof(double), &p));
    regress_job job = {.batch = batch, .row = p};
    conceptdec_status status = conceptdec_i_parallel(ctx, batch->columns, target_task, &job);
    conceptdec_i_give(ctx, p);
    return status;
}

/* ---- refinement ---- */

#define STEPS 2

typedef struct {
    const conceptdec_i_ridge_batch *batch;
    int64_t first; /* item */
    double *left;  /* items x columns x r */
    double *row;   /* per lane */
} refine_job;

/* What the weights of one column leave of their equations, from the rows. */
static conceptdec_status
left_task(void *argument, int64_t task, int lane)
{
    const refine_job *job = argument;
    const conceptdec_i_ridge_batch *b = job->batch;
    const conceptdec_i_members *m = &b->part->members;
    const conceptdec_i_ridge_item *item = &b->items[job->first + task / b->columns];
    int64_t r = b->part->r, column = task % b->columns;
    double center = b->center[item->set * b->columns + column], *left = job->left + task * r,
           *row = job->row + lane * r;
    const double *w = b->w + (job->first * b->columns + task) * r, *mean = b->part->mean;
    for (int64_t j = 0; j < r; j++)
        left[j] = -b->part->lambdas[item->lambda] * w[j];
    for (int64_t t = 0; t < m->n_train; t++) {
        int64_t i = m->train[t];
        double residual = conceptdec_i_ridge_target(b, b->labels[item->set], column, i) - center;
        conceptdec_i_space_row(b->part->fitting->space, i, row);
        for (int64_t j = 0; j < r; j++)
            residual -= w[j] * (row[j] - mean[j]);
        for (int64_t j = 0; j < r; j++)
            left[j] += m->omega[i] * residual * (row[j] - mean[j]);
        if (t % 1024 == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(b->part->fitting->ctx, 0));
    }
    if (!b->targets && conceptdec_i_ridge_is_absent(b, item->set, column))
        memset(left, 0, (size_t)r * sizeof *left);
    return CONCEPTDEC_OK;
}

static conceptdec_status
refine(const refine_job *job, int64_t count)
{
    const conceptdec_i_ridge_batch *b = job->batch;
    double *w = b->w + job->first * b->columns * b->part->r;
    bool is_singular;
    for (int step = 0; step < STEPS; step++) {
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(b->part->fitting->ctx, count, left_task, (void *)job));
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_solve(b->part, b->part->lambdas[b->items[job->first].lambda], count,
                                                  job->left, &is_singular));
        for (int64_t i = 0; i < count * b->part->r; i++)
            w[i] += job->left[i];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_batch_refine(const conceptdec_i_ridge_batch *batch, int64_t first, int64_t end)
{
    conceptdec_ctx *ctx = batch->part->fitting->ctx;
    int64_t count = (end - first) * batch->columns;
    void *p;
    CONCEPTDEC_I_TRY(
        conceptdec_i_take(ctx, "refinement", (count + conceptdec_i_lanes(ctx)) * batch->part->r, sizeof(double), &p));
    refine_job job = {.batch = batch, .first = first, .left = p, .row = (double *)p + count * batch->part->r};
    conceptdec_status status = refine(&job, count);
    conceptdec_i_give(ctx, p);
    return status;
}
