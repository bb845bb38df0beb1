/* The two spaces of embedding quality: neighbours, factors of the rows, a centre that a few far rows do not move. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "projection/quality.h"

#define SAMPLE 127 /* rows whose median is the centre */
#define CHUNK 256

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_quality_space *space;
    double *factor;  /* of values; NULL: 1 */
    double *rows;    /* per lane */
    double *largest; /* per lane */
    double *zeros;
    bool is_cosine;
} opening;

static int32_t
first_row(const conceptdec_neighbors *table, int64_t value)
{
    return table->rows[table->value_start[value]];
}

/* The factor of each value, as the search had it, and the largest magnitude that comes of it. */
static conceptdec_status
scan_task(void *argument, int64_t task, int lane)
{
    opening *o = argument;
    const conceptdec_neighbors *table = o->space->table;
    int64_t d = o->space->view->cols, end = task_end(task, CHUNK, table->n_values);
    double *row = o->rows + lane * d;
    for (int64_t v = task * CHUNK; v < end; v++) {
        conceptdec_i_view_widen(o->ctx->kernels, o->space->view, first_row(table, v), 0, d, row);
        double largest = conceptdec_i_largest_of(row, d), factor = table->scale;
        if (o->is_cosine) {
            factor = conceptdec_i_inverse_norm(o->ctx->kernels, row, o->zeros, d);
            largest = 1;
        }
        if (o->factor)
            o->factor[v] = factor;
        o->largest[lane] = fmax(o->largest[lane], largest * (o->is_cosine ? 1 : factor));
    }
    return CONCEPTDEC_OK;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median of a fixed sample of values, column by column. */
static conceptdec_status
find_centre(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, conceptdec_i_quality_space *space)
{
    int64_t d = space->view->cols, n = space->table->n_values < SAMPLE ? space->table->n_values : SAMPLE;
    void *centre, *sample;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centre", d, sizeof(double), &centre));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "centre", n * d, sizeof(double), &sample));
    double *rows = sample, column[SAMPLE];
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
        conceptdec_i_operand_row(arena->ctx->kernels, &space->values,
                                 i * (space->table->n_values - 1) / (n > 1 ? n - 1 : 1), rows + i * d);
    }
    for (int64_t j = 0; j < d; j++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, j));
        for (int64_t i = 0; i < n; i++)
            column[i] = rows[i * d + j];
        qsort(column, (size_t)n, sizeof *column, by_size);
        ((double *)centre)[j] = column[n / 2];
    }
    space->values.mean = centre;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_centre(conceptdec_i_arena *arena, conceptdec_i_quality_space *space)
{
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    const conceptdec_status status = find_centre(arena, &scratch, space);
    conceptdec_i_arena_close(&scratch);
    return status;
}

static conceptdec_status
take_factors(conceptdec_i_arena *arena, opening *o)
{
    const conceptdec_neighbors *table = o->space->table;
    int64_t d = o->space->view->cols, lanes = conceptdec_i_lanes(arena->ctx),
            tasks = (table->n_values + CHUNK - 1) / CHUNK;
    void *p[3];
    o->is_cosine = table->metric == CONCEPTDEC_METRIC_COSINE;
    if (o->is_cosine || table->scale != 1) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row factors", table->n_values, sizeof(double), &p[0]));
        o->factor = p[0];
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", (lanes + 1) * d, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", lanes, sizeof(double), &p[2]));
    o->zeros = p[1];
    o->rows = o->zeros + d;
    o->largest = p[2];
    conceptdec_i_stage(arena->ctx, "factors", tasks);
    return conceptdec_i_parallel(arena->ctx, tasks, scan_task, o);
}

static conceptdec_status
take_rows(conceptdec_i_arena *arena, const conceptdec_neighbors *table, const int32_t **rows)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "values", table->n_values, sizeof(int32_t), &p));
    for (int64_t v = 0; v < table->n_values; v++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, v));
        ((int32_t *)p)[v] = first_row(table, v);
    }
    *rows = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
count_zeros(conceptdec_ctx *ctx, conceptdec_i_quality_space *space)
{
    for (int64_t v = 0; v < space->table->n_values; v++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, v));
        space->n_zero += conceptdec_i_quality_is_zero(space, (int32_t)v) ? conceptdec_i_quality_rows(space, v) : 0;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_quality_space_open(conceptdec_i_arena *arena, int64_t k, int32_t metric, const conceptdec_matrix *given,
                                conceptdec_i_quality_space *space)
{
    conceptdec_neighbors_options options = {.struct_size = sizeof options, .k = k, .metric = metric};
    CONCEPTDEC_I_TRY(conceptdec_neighbors_new(arena->ctx, given, NULL, &options, &space->table));
    const conceptdec_neighbors *table = space->table;
    opening o = {.ctx = arena->ctx, .space = space};
    const int32_t *rows;
    space->exclusion = (conceptdec_i_exclusion){.self = true};
    CONCEPTDEC_I_TRY(conceptdec_i_census_take(arena, table, &space->exclusion, &space->census));
    space->exclusion.census = &space->census;
    CONCEPTDEC_I_TRY(take_rows(arena, table, &rows));
    CONCEPTDEC_I_TRY(take_factors(arena, &o));
    space->values = (conceptdec_i_operand){.view = space->view, .n = table->n_values, .row = rows, .factor = o.factor};
    CONCEPTDEC_I_TRY(take_centre(arena, space));
    double largest = 0;
    for (int l = 0; l < conceptdec_i_lanes(arena->ctx); l++)
        largest = fmax(largest, o.largest[l]);
    space->values.scale = conceptdec_i_tiles_scale(largest);
    return count_zeros(arena->ctx, space);
}
