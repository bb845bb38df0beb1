/* Which precision screens: int8 bounds of a fixed sample of lists are counted out. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "linalg/distances.h"
#include "linalg/quantized.h"
#include "neighbors/pass.h"

#define SAMPLE 64
#define LEAST_SAMPLE 8
#define SAMPLE_PAIRS ((int64_t)1 << 22)
#define TRIED 8 /* of the nearest of a list */
/* Rows and dimensions from which int8 tiles can pay for finding directions, quantising and counting. */
#define LEAST_ROWS 3072
#define LEAST_DIMS 32
#define LISTED 3000 /* columns whose products cost as much as the room of a candidate in lists */

typedef struct {
    conceptdec_i_screening *s;      /* lists: the sample */
    const conceptdec_i_quantized *a, *b;
    int64_t n_values;
    float *low, *high;              /* n x n_values */
    int64_t *survivors;             /* per list */
    bool *is_beyond;                /* per list: one of its nearest is not where limits are to count on it */
    double *rows;                   /* per lane: two rows */
} sample;

/* Bounds of every pair of one tile. */
static conceptdec_status
take_tile(void *argument, const conceptdec_i_tile *t, int lane)
{
    const sample *m = argument;
    const conceptdec_i_screening *s = m->s;
    (void)lane;
    for (int64_t j = 0; j < t->cols; j++)
        for (int64_t i = 0; i < t->rows; i++) {
            int64_t row = t->row + i, column = t->col + j;
            int of_row = conceptdec_i_cluster_of(&s->queries, row),
                of_column = conceptdec_i_cluster_of(&s->refs, column);
            float low = ((const float *)s->of_lists.bounds)[of_column * s->of_lists.stride + row] +
                        ((const float *)s->of_values.bounds)[of_row * s->of_values.stride + column] +
                        (float)s->near[of_row * s->clusters->n + of_column] -
                        2 * ((const float *)t->dots)[j * t->ld + i];
            float miss = m->a->spread[row] * m->b->whole[column] + m->a->whole[row] * m->b->spread[column];
            m->low[row * m->n_values + column] = low - miss;
            m->high[row * m->n_values + column] = low + miss;
        }
    return CONCEPTDEC_OK;
}

/* Whether distances of some of the nearest are within the share of their bounds' width that limits count on. Rotation
 * does little to rows of few elements in columns at even distances: their errors add up. */
static bool
are_within(const sample *m, int64_t list, const float *low, const float *high, int lane)
{
    const conceptdec_i_screening *s = m->s;
    double *row = m->rows + 2 * lane * s->refs.view->cols, d2[2 * TRIED];
    const float near = s->ctx->kernels->kth_f32(low, m->n_values, TRIED);
    int32_t values[2 * TRIED], n = 0;
    for (int64_t i = 0; i < m->n_values && n < 2 * TRIED; i++)
        if (low[i] <= near)
            values[n++] = (int32_t)i;
    conceptdec_i_operand_row(s->ctx->kernels, &s->queries, list, row);
    conceptdec_i_distances(s->ctx->kernels, &s->refs, row, values, n, row + s->refs.view->cols, d2);
    for (int32_t i = 0; i < n; i++) {
        const double least = (double)low[values[i]], width = (double)high[values[i]] - least;
        if (d2[i] * s->refs.scale * s->refs.scale > least + (double)s->likely * width)
            return false;
    }
    return true;
}

/* How many values may be among the k nearest of one list, itself included. */
static conceptdec_status
count_task(void *argument, int64_t task, int lane)
{
    const sample *m = argument;
    const float *low = m->low + task * m->n_values, *high = m->high + task * m->n_values;
    int64_t k = m->s->k + 1 < m->n_values ? m->s->k + 1 : m->n_values, count = 0;
    float limit = m->s->ctx->kernels->kth_f32(high, m->n_values, k);
    for (int64_t i = 0; i < m->n_values; i++)
        count += low[i] <= limit;
    m->survivors[task] = count;
    m->is_beyond[task] = !are_within(m, task, low, high, lane);
    return CONCEPTDEC_OK;
}

/* Lists at even distances. */
static conceptdec_status
take_sample(conceptdec_i_arena *arena, const conceptdec_i_operand *from, int64_t n, conceptdec_i_operand *to)
{
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", n, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", n, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", n, 1, &p[2]));
    int32_t *row = p[0];
    double *factor = p[1];
    uint8_t *cluster = p[2];
    for (int64_t i = 0; i < n; i++) {
        int64_t item = i * from->n / n;
        row[i] = from->row ? from->row[item] : (int32_t)item;
        factor[i] = from->factor ? from->factor[item] : 1;
        cluster[i] = (uint8_t)conceptdec_i_cluster_of(from, item);
    }
    *to = *from;
    to->n = n;
    to->row = row;
    to->factor = from->factor ? factor : NULL;
    to->cluster = from->cluster ? cluster : NULL;
    return CONCEPTDEC_OK;
}

/* Lists in the sample; fewer where rows are so many that the bounds of all pairs would take much memory. */
static int64_t
count_sample(const conceptdec_i_screening *s)
{
    int64_t n = SAMPLE_PAIRS / s->refs.n;
    n = n < LEAST_SAMPLE ? LEAST_SAMPLE : n > SAMPLE ? SAMPLE : n;
    return n < s->queries.n ? n : s->queries.n;
}

static conceptdec_status
count_survivors(conceptdec_i_arena *arena, const conceptdec_i_screening *whole, const conceptdec_i_leads *leads,
                double *mean, bool *is_beyond)
{
    conceptdec_i_screening s = *whole;
    conceptdec_i_quantized quantized;
    const int64_t n = count_sample(whole), lanes = conceptdec_i_lanes(arena->ctx);
    void *p[5];
    CONCEPTDEC_I_TRY(take_sample(arena, &whole->queries, n, &s.queries));
    CONCEPTDEC_I_TRY(conceptdec_i_quantize(arena, &s.queries, leads, &quantized));
    s.queries.quantized = &quantized;
    s.symmetric = false;
    s.query_zero = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_pass_bounds(arena, &s, CONCEPTDEC_I_TILE_I8));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "sample", n * s.refs.n, sizeof(float), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "sample", n * s.refs.n, sizeof(float), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", n, sizeof(int64_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", n, sizeof(bool), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", 2 * lanes * s.refs.view->cols, sizeof(double), &p[4]));
    sample m = {.s = &s, .a = s.queries.quantized, .b = s.refs.quantized, .n_values = s.refs.n, .low = p[0],
                .high = p[1], .survivors = p[2], .is_beyond = p[3], .rows = p[4]};
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_run(s.ctx, &s.queries, &s.refs, CONCEPTDEC_I_TILE_I8, take_tile, &m));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(s.ctx, n, count_task, &m));
    double sum = 0;
    *is_beyond = false;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)m.survivors[i];
        *is_beyond |= m.is_beyond[i];
    }
    *mean = sum / (double)n;
    return CONCEPTDEC_OK;
}

static conceptdec_status
quantize_sides(conceptdec_i_arena *arena, conceptdec_i_screening *s, conceptdec_i_leads *leads)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "quantised rows", 2, sizeof(conceptdec_i_quantized), &p));
    conceptdec_i_quantized *sets = p;
    CONCEPTDEC_I_TRY(conceptdec_i_leads_find(arena, &s->refs, leads));
    CONCEPTDEC_I_TRY(conceptdec_i_quantize(arena, &s->refs, leads, &sets[0]));
    s->refs.quantized = &sets[0];
    s->queries.quantized = &sets[0];
    if (s->symmetric)
        return CONCEPTDEC_OK;
    s->queries.quantized = &sets[1];
    return conceptdec_i_quantize(arena, &s->queries, leads, &sets[1]);
}

/* What one more candidate costs, in float products of a pair: reading and comparing two rows, and its way through
 * lists. */
static double
refining(const conceptdec_i_screening *s)
{
    const double size = (double)conceptdec_i_dtype_size(s->refs.view->dtype),
                 of_rows = (double)s->ctx->narrow->refining;
    return of_rows * (2 + size) / 6 + LISTED / (double)s->refs.view->cols;
}

static bool
may_pay(const conceptdec_i_screening *s)
{
    return s->ctx->narrow->gain > 0 && s->refs.view->cols >= LEAST_DIMS && s->refs.n >= LEAST_ROWS &&
           s->queries.n >= LEAST_ROWS;
}

conceptdec_status
conceptdec_i_choose_precision(conceptdec_i_arena *arena, conceptdec_i_screening *s, int *precision)
{
    uint32_t wanted = s->ctx->options.screening;
    bool quantizable = s->refs.view->cols <= CONCEPTDEC_I_QUANTIZED_DIMS;
    *precision = wanted == CONCEPTDEC_SCREENING_FLOAT64 ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    if (!quantizable || (wanted == CONCEPTDEC_SCREENING_AUTO ? !may_pay(s) : wanted != CONCEPTDEC_SCREENING_INT8))
        return CONCEPTDEC_OK;
    conceptdec_i_leads leads;
    CONCEPTDEC_I_TRY(quantize_sides(arena, s, &leads));
    if (wanted == CONCEPTDEC_SCREENING_INT8) {
        *precision = CONCEPTDEC_I_TILE_I8;
        return CONCEPTDEC_OK;
    }
    double survivors;
    bool is_beyond;
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = count_survivors(&scratch, s, &leads, &survivors, &is_beyond);
    conceptdec_i_arena_close(&scratch);
    CONCEPTDEC_I_TRY(status);
    s->proven |= is_beyond;
    double products = (double)s->refs.n * (s->symmetric ? 0.5 : 1);
    if (refining(s) * (survivors - (double)s->k) < (double)s->ctx->narrow->gain * products)
        *precision = CONCEPTDEC_I_TILE_I8;
    return CONCEPTDEC_OK;
}
