/* Means of many weighted samples: weights are columns of passes over the rows of a class. */
#include <string.h>

#include "linalg/engine.h"
#include "linalg/passes.h"
#include "vectors/concept_vectors.h"

#define MOST_COLUMNS 64 /* of one pass */

typedef struct {
    const conceptdec_i_resampling *job;
    conceptdec_i_passes passes;
    conceptdec_i_rows rows;
    int64_t first, columns; /* of the pass, of all draws */
    int64_t item;           /* first one of its class */
    int64_t items;          /* of all classes */
    int32_t *weights;       /* columns x items */
    int32_t *scratch;       /* items for each lane */
    double *means;          /* columns x classes x d: sums at first */
    double *total;          /* columns x classes */
    double **to;
} resample;

static conceptdec_status
weigh_task(void *argument, int64_t task, int lane)
{
    const resample *r = argument;
    const conceptdec_i_vectors *v = r->job->v;
    int32_t *weights = r->weights + task * r->items;
    double *total = r->total + task * v->classes;
    r->job->weigh(v, r->first + task, r->scratch + lane * r->items, weights);
    for (int64_t c = 0; c < v->classes; c++) {
        int64_t sum = 0;
        for (int64_t i = v->start[c]; i < v->start[c + 1]; i++)
            sum += weights[i];
        total[c] = (double)sum;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
offer(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const resample *r = argument;
    double *values = chunk->values;
    (void)lane;
    for (int64_t j = 0; j < chunk->columns; j++) {
        const int32_t *from = r->weights + j * r->items + r->item + chunk->first;
        for (int64_t i = 0; i < chunk->count; i++)
            values[j * chunk->ld + i] = from[i];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_class(resample *r, int64_t c)
{
    const conceptdec_i_vectors *v = r->job->v;
    r->item = v->start[c];
    r->rows.row = v->row + r->item;
    r->rows.n = v->start[c + 1] - r->item;
    if (r->rows.n == 0)
        return CONCEPTDEC_OK;
    for (int64_t j = 0; j < r->columns; j++)
        r->to[j] = r->means + (j * v->classes + c) * v->d;
    return conceptdec_i_passes_run(&r->passes, &r->rows, CONCEPTDEC_I_TILE_F64, r->columns, NULL, r->to, offer, r);
}

static conceptdec_status
finish_task(void *argument, int64_t task, int lane)
{
    const resample *r = argument;
    const conceptdec_i_vectors *v = r->job->v;
    const int64_t together = r->job->columns, all = together * v->classes;
    double *means = r->means + task * all * v->d, *total = r->total + task * all;
    for (int64_t c = 0; c < all; c++)
        for (int64_t j = 0; j < v->d && total[c] > 0; j++)
            means[c * v->d + j] = means[c * v->d + j] / total[c] / v->unit;
    r->job->consume(r->job->argument, r->first / together + task, means, total, lane);
    return CONCEPTDEC_OK;
}

/* Columns of as many draws at once as the memory allows. */
static conceptdec_status
count_columns(resample *r, int64_t *most)
{
    const conceptdec_i_vectors *v = r->job->v;
    const int64_t columns = r->job->columns;
    const double each = (8.0 * (double)v->classes * (double)(v->d + 1) + 4.0 * (double)r->items) * (double)columns;
    const double left = (double)v->options.memory - (double)r->job->bytes;
    if (left < each)
        return conceptdec_i_fail(v->arena->ctx, CONCEPTDEC_ENOMEM,
                                 "memory: %s of %lld classes needs %lld bytes at least, %lld are allowed",
                                 r->job->stage, (long long)v->classes, (long long)((double)r->job->bytes + each + 1),
                                 (long long)v->options.memory);
    *most = MOST_COLUMNS / columns * columns;
    if (left / each < (double)(*most / columns))
        *most = (int64_t)(left / each) * columns;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_memory(conceptdec_i_arena *arena, resample *r, int64_t most)
{
    const conceptdec_i_vectors *v = r->job->v;
    void *p[5];
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "samples drawn again", most * r->items, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "samples drawn again",
                                                 conceptdec_i_lanes(arena->ctx) * r->items, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "samples drawn again", most * v->classes * v->d, sizeof(double), &p[2]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "samples drawn again", most * v->classes, sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "samples drawn again", most, sizeof(double *), &p[4]));
    r->weights = p[0];
    r->scratch = p[1];
    r->means = p[2];
    r->total = p[3];
    r->to = p[4];
    r->rows = conceptdec_i_rows_of(v->x);
    r->rows.center = v->center;
    return (conceptdec_i_view_is_read(v->x) ? conceptdec_i_passes_open_reading
                                            : conceptdec_i_passes_open)(arena, v->d, 0, most, &r->passes);
}

static conceptdec_status
run(conceptdec_i_arena *arena, resample *r)
{
    const conceptdec_i_vectors *v = r->job->v;
    conceptdec_ctx *ctx = arena->ctx;
    int64_t most = 0;
    CONCEPTDEC_I_TRY(count_columns(r, &most));
    CONCEPTDEC_I_TRY(take_memory(arena, r, most));
    const int64_t columns = r->job->draws * r->job->columns;
    conceptdec_i_stage(ctx, r->job->stage, 2 * columns);
    for (; r->first < columns; r->first += most) {
        r->columns = min64(most, columns - r->first);
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, r->columns, weigh_task, r));
        for (int64_t c = 0; c < v->classes; c++)
            CONCEPTDEC_I_TRY(add_class(r, c));
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, r->columns / r->job->columns, finish_task, r));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_resample(const conceptdec_i_resampling *job)
{
    conceptdec_i_arena arena;
    resample r = {.job = job, .items = job->v->start[job->v->classes]};
    conceptdec_i_arena_open(&arena, job->v->arena->ctx);
    conceptdec_status status = run(&arena, &r);
    conceptdec_i_arena_close(&arena);
    return status;
}
