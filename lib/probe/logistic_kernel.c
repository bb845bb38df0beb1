/* Fits whose weights are sums of rows (logistic.h): one product with the kernel for each loss, none for the Hessian,
 * whose directions come from the preconditioner with their values. */
#include "probe/logistic.h"

#include <math.h>
#include <string.h>

#include "linalg/tiles.h"

#define STRIP 64 /* rows at once: what a lane's scratch holds */

typedef conceptdec_i_logistic logistic;
typedef conceptdec_i_logistic_slot slot;

/* ---- loss ---- */

/* One of a chunk's columns, to or from the rows of a slot's column. */
static double *
at_rows(const logistic *l, double *columns, int64_t column, int64_t first)
{
    return columns + column % l->columns * l->ld + first;
}

conceptdec_status
conceptdec_i_logistic_kernel_loss(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const logistic *l = argument;
    const size_t bytes = (size_t)chunk->count * sizeof(double);
    double *values = chunk->values;
    for (int64_t j = 0; j < chunk->columns; j++)
        memcpy(at_rows(l, l->round[j / l->columns]->direction_values, j, chunk->first), values + j * chunk->ld, bytes);
    CONCEPTDEC_I_TRY(conceptdec_i_logistic_loss(argument, chunk, lane));
    for (int64_t j = 0; j < chunk->columns; j++)
        memcpy(at_rows(l, l->round[j / l->columns]->residual, j, chunk->first), values + j * chunk->ld, bytes);
    return CONCEPTDEC_OK;
}

/* ---- products with the Hessian ---- */

typedef struct {
    logistic *l;
    int64_t slabs, slab; /* how many, and rows of one */
} walk;

static void
multiply_strip(const logistic *l, int64_t place, conceptdec_i_chunk *chunk)
{
    const slot *s = l->round[place];
    const size_t bytes = (size_t)chunk->count * sizeof(double);
    double *values = chunk->values;
    for (int64_t k = 0; k < l->columns; k++)
        memcpy(values + k * STRIP, s->direction_values + k * l->ld + chunk->first, bytes);
    conceptdec_i_logistic_multiply(l, place, chunk, values);
    for (int64_t k = 0; k < l->columns; k++)
        memcpy(s->image + k * l->ld + chunk->first, values + k * STRIP, bytes);
}

static conceptdec_status
walk_task(void *argument, int64_t task, int lane)
{
    const walk *w = argument;
    const logistic *l = w->l;
    const int64_t place = task / w->slabs, slab = task % w->slabs, start = slab * w->slab;
    const int64_t end = start + w->slab < l->r ? start + w->slab : l->r;
    for (int64_t first = start; first < end; first += STRIP) {
        conceptdec_i_chunk chunk = {.slab = slab,
                                    .first = first,
                                    .count = first + STRIP < end ? STRIP : end - first,
                                    .columns = l->n_round * l->columns,
                                    .values = l->scratch + lane * conceptdec_i_logistic_scratch(l),
                                    .ld = STRIP};
        multiply_strip(l, place, &chunk);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_logistic_kernel_product(logistic *l)
{
    walk w = {.l = l, .slabs = conceptdec_i_passes_slabs(&l->passes, l->r)};
    w.slab = (l->r + w.slabs - 1) / w.slabs;
    memset(l->sums, 0, (size_t)(w.slabs * l->n_round * l->columns) * sizeof *l->sums);
    return conceptdec_i_parallel(l->ctx, l->n_round * w.slabs, walk_task, &w);
}

/* ---- what is left of a gradient ---- */

typedef struct {
    const logistic *l;
    slot **slots;
    double *sums; /* slabs x columns */
} leftover;

static conceptdec_status
take_left(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const leftover *job = argument;
    (void)lane;
    for (int64_t j = 0; j < chunk->columns; j++) {
        const double *residual = at_rows(job->l, job->slots[j / job->l->columns]->residual, j, chunk->first);
        const double *values = (const double *)chunk->values + j * chunk->ld;
        double sum = 0;
        for (int64_t i = 0; i < chunk->count; i++)
            sum += residual[i] * values[i];
        job->sums[chunk->slab * chunk->columns + j] += sum;
    }
    return CONCEPTDEC_OK;
}

/* Slots of the round whose square is wanted go to its front. */
static int64_t
gather(logistic *l)
{
    int64_t count = 0;
    for (int64_t i = 0; i < l->n_round; i++)
        if (conceptdec_i_logistic_wants_left(l, l->round[i])) {
            slot *s = l->round[i];
            memmove(l->round + count + 1, l->round + count, (size_t)(i - count) * sizeof(slot *));
            l->round[count++] = s;
        }
    return count;
}

conceptdec_status
conceptdec_i_logistic_kernel_left(logistic *l)
{
    const int64_t wanted = gather(l), columns = wanted * l->columns;
    const int64_t slabs = conceptdec_i_passes_slabs(&l->passes, l->rows.n);
    leftover job = {.l = l, .slots = l->round, .sums = l->sums};
    if (wanted == 0)
        return CONCEPTDEC_OK;
    for (int64_t j = 0; j < columns; j++)
        l->in[j] = at_rows(l, l->round[j / l->columns]->residual, j, 0);
    memset(l->sums, 0, (size_t)(slabs * columns) * sizeof *l->sums);
    CONCEPTDEC_I_TRY(
        conceptdec_i_passes_run(&l->passes, &l->rows, CONCEPTDEC_I_TILE_F64, columns, l->in, NULL, take_left, &job));
    for (int64_t i = 0; i < wanted; i++) {
        slot *s = l->round[i];
        s->left = 0;
        for (int64_t at = i * l->columns; at < (i + 1) * l->columns; at++)
            for (int64_t slab = 0; slab < slabs; slab++)
                s->left += l->sums[slab * columns + at];
        s->left_share = s->left / s->product;
    }
    return CONCEPTDEC_OK;
}
