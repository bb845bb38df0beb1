/* Dissimilarities of one view. All of them are squared distances: of rows, of rows of length 1 (half of it is 1 less
 * the cosine), of centred rows of length 1 (1 less the correlation); factors that all share do not matter to any
 * comparison. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/columns.h"
#include "linalg/distances.h"
#include "linalg/tiles.h"
#include "similarity/rsa.h"
#include "stats/class_means.h"
#include "stats/order.h"

#define CLOSE 0x1p-8 /* distances below this share of both squared lengths are summed from differences */
#define DIGITS 8     /* of a centre, in bits: small integers stay exact, and with them ties */
#define ENGINE_BYTES ((int64_t)100 << 20) /* of tiles, at most about this */
#define ROWS_A_TASK 16

typedef struct matrix {
    const conceptdec_i_rsa *rsa;
    conceptdec_ctx *ctx;
    conceptdec_i_arena *scratch;
    const conceptdec_matrix *view;
    int64_t d;
    double *rows;         /* items x d */
    double *centre;       /* d: what products are about; differences are of the rows themselves */
    uint8_t *is_missing;  /* items without a direction */
    double *norms;        /* items: squared */
    const double *points; /* items x d: those whose distances are added */
    double sign;
    bool is_first;
    double *values;
} matrix;

/* ---- rows ---- */

static conceptdec_status
widen_task(void *argument, int64_t task, int lane)
{
    const matrix *m = argument;
    (void)lane;
    for (int64_t i = task * ROWS_A_TASK; i < task_end(task, ROWS_A_TASK, m->rsa->items); i++)
        conceptdec_i_view_widen(m->ctx->kernels, m->view, i, 0, m->d, m->rows + i * m->d);
    return CONCEPTDEC_OK;
}

static int64_t
tasks(const matrix *m)
{
    return (m->rsa->items - 1) / ROWS_A_TASK + 1;
}

static conceptdec_status
take_rows(matrix *m)
{
    const conceptdec_i_rsa *rsa = m->rsa;
    int64_t count = rsa->items * rsa->n_partitions;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->scratch, "items", count * m->d, sizeof(double), &p[0]));
    m->rows = p[0];
    if (!rsa->place)
        return conceptdec_i_parallel(m->ctx, tasks(m), widen_task, m);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->scratch, "items", count, sizeof(int64_t), &p[1]));
    return conceptdec_i_class_means(m->scratch, m->view, rsa->place, count, m->rows, p[1]);
}

/* ---- rows of length 1 ---- */

static void
normalise(const matrix *m, int64_t item)
{
    double *x = m->rows + item * m->d, least = x[0], largest = x[0], mean = 0;
    bool is_centred = m->rsa->s->options.rdm == CONCEPTDEC_RDM_CORRELATION;
    for (int64_t j = 0; j < m->d; j++) {
        least = fmin(least, x[j]);
        largest = fmax(largest, x[j]);
    }
    m->is_missing[item] = is_centred ? least >= largest : least >= 0 && largest <= 0;
    double unit = conceptdec_i_unit(fmax(largest, -least)), first = x[0] / unit, square = 0;
    for (int64_t j = 0; j < m->d; j++) {
        x[j] = m->is_missing[item] ? 0 : x[j] / unit - (is_centred ? first : 0);
        mean += is_centred ? x[j] / (double)m->d : 0;
    }
    double spread =
        conceptdec_i_unit(is_centred ? fmax(largest / unit - first - mean, first + mean - least / unit) : 1);
    for (int64_t j = 0; j < m->d; j++) {
        x[j] = (x[j] - mean) / spread;
        square += x[j] * x[j];
    }
    for (int64_t j = 0; j < m->d && square > 0; j++)
        x[j] /= sqrt(square);
}

static conceptdec_status
normalise_task(void *argument, int64_t task, int lane)
{
    const matrix *m = argument;
    (void)lane;
    for (int64_t i = task * ROWS_A_TASK; i < task_end(task, ROWS_A_TASK, m->rsa->items); i++)
        normalise(m, i);
    return CONCEPTDEC_OK;
}

/* ---- rows less a centre ---- */

static double
round_centre(double value)
{
    int exponent;
    double fraction = frexp(value, &exponent);
    return ldexp(nearbyint(ldexp(fraction, DIGITS)), exponent - DIGITS);
}

/* A centre costs products of rows far from 0 no digits. Rows are divided by a power of two, so that no square
 * overflows. */
static conceptdec_status
centre(const matrix *m)
{
    const int64_t n = m->rsa->items * m->rsa->n_partitions, d = m->d;
    double unit = conceptdec_i_unit(conceptdec_i_largest_of(m->rows, n * d));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) {
            m->rows[i * d + j] /= unit;
            m->centre[j] += m->rows[i * d + j] / (double)n;
        }
    for (int64_t j = 0; j < d; j++)
        m->centre[j] = round_centre(m->centre[j]);
    return conceptdec_i_poll(m->ctx, 0);
}

/* ---- distances ---- */

static conceptdec_status
see_tile(void *argument, const conceptdec_i_tile *tile, int lane)
{
    const matrix *m = argument;
    const double *dots = tile->dots;
    (void)lane;
    for (int64_t j = 0; j < tile->cols; j++)
        for (int64_t i = 0; i < conceptdec_i_tile_height(tile, j); i++) {
            int64_t a = tile->row + i, b = tile->col + j;
            double both = m->norms[a] + m->norms[b], square = both - 2 * dots[j * tile->ld + i];
            if (square < CLOSE * both)
                square = m->ctx->kernels->distance_f64(m->points + a * m->d, m->points + b * m->d, 1.0, m->d);
            double *out = &m->values[m->rsa->start[a] + b];
            *out = (m->is_first ? 0 : *out) + m->sign * square;
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_distances(matrix *m, const double *points, double sign)
{
    const int64_t n = m->rsa->items, d = m->d;
    const conceptdec_matrix view = {
        .data = points, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_i_operand operand = {.view = &view, .n = n, .mean = m->centre, .scale = 1};
    m->points = points;
    m->sign = sign;
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(m->ctx, &operand, CONCEPTDEC_I_TILE_F64, m->norms));
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_run(m->ctx, &operand, NULL, CONCEPTDEC_I_TILE_F64, see_tile, m));
    m->is_first = false;
    return CONCEPTDEC_OK;
}

/* Over ordered pairs of different partitions the products of differences add up to the square of the sum of all less
 * the sum of the squares. Row condition * n_partitions + partition. */
static conceptdec_status
add_partitions(matrix *m)
{
    const int64_t n = m->rsa->items, d = m->d, n_partitions = m->rsa->n_partitions;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->scratch, "partitions", n * d, sizeof(double), &p));
    double *points = p;
    for (int64_t i = 0; i < n * d; i++) {
        points[i] = 0;
        for (int64_t q = 0; q < n_partitions; q++)
            points[i] += m->rows[(i / d * n_partitions + q) * d + i % d];
    }
    for (int64_t j = 0; j < d; j++)
        m->centre[j] *= (double)n_partitions; /* of sums */
    CONCEPTDEC_I_TRY(add_distances(m, points, 1));
    for (int64_t j = 0; j < d; j++)
        m->centre[j] /= (double)n_partitions;
    for (int64_t q = 0; q < n_partitions; q++) {
        for (int64_t i = 0; i < n; i++)
            memcpy(points + i * d, m->rows + (i * n_partitions + q) * d, (size_t)d * sizeof *points);
        CONCEPTDEC_I_TRY(add_distances(m, points, -1));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
measure_items(matrix *m)
{
    const int32_t rdm = m->rsa->s->options.rdm;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->scratch, "items", m->d, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->scratch, "items", m->rsa->items, 1, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->scratch, "items", m->rsa->items, sizeof(double), &p[2]));
    m->centre = p[0];
    m->is_missing = p[1];
    m->norms = p[2];
    m->is_first = true;
    CONCEPTDEC_I_TRY(take_rows(m));
    if (rdm == CONCEPTDEC_RDM_CORRELATION || rdm == CONCEPTDEC_RDM_COSINE)
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(m->ctx, tasks(m), normalise_task, m));
    else
        CONCEPTDEC_I_TRY(centre(m));
    CONCEPTDEC_I_TRY(rdm == CONCEPTDEC_RDM_CROSSNOBIS ? add_partitions(m) : add_distances(m, m->rows, 1));
    return CONCEPTDEC_OK;
}

/* ---- what is kept ---- */

static bool
strike_missing(const matrix *m)
{
    const int64_t n = m->rsa->items;
    bool is_whole = true;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++)
            if (m->is_missing[i] || m->is_missing[j]) {
                m->values[m->rsa->start[i] + j] = (double)NAN;
                is_whole = false;
            }
    return is_whole;
}

/* Ranks of those that are there. */
static conceptdec_status
rank(conceptdec_i_arena *scratch, const conceptdec_i_rsa *rsa, double *values)
{
    conceptdec_i_ranking ranking = {.is_dense = rsa->s->options.comparison == CONCEPTDEC_COMPARE_KENDALL};
    conceptdec_i_order order;
    void *p;
    int64_t count = 0;
    for (int64_t i = 0; i < rsa->pairs; i++) {
        count += !isnan(values[i]);
        ranking.tolerance = fmax(ranking.tolerance, CONCEPTDEC_I_RSA_SAME * sqrt(fabs(values[i])));
    }
    CONCEPTDEC_I_TRY(conceptdec_i_order_open(scratch, count, &order));
    if (count == rsa->pairs)
        return conceptdec_i_order_ranks(&order, count, values, &ranking);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "ranks", count, sizeof(double), &p));
    double *there = p;
    for (int64_t i = 0, k = 0; i < rsa->pairs; i++)
        if (!isnan(values[i]))
            there[k++] = values[i];
    CONCEPTDEC_I_TRY(conceptdec_i_order_ranks(&order, count, there, &ranking));
    for (int64_t i = 0, k = 0; i < rsa->pairs; i++)
        if (!isnan(values[i]))
            values[i] = there[k++];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_rsa_reduce(void *argument, conceptdec_i_arena *arena, int64_t number, void **reduced, int64_t *bytes)
{
    const conceptdec_i_rsa *rsa = argument;
    const int32_t comparison = rsa->s->options.comparison;
    conceptdec_i_arena scratch;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "dissimilarities", 1, sizeof(conceptdec_i_rsa_view), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "dissimilarities", rsa->pairs, sizeof(double), &p[1]));
    conceptdec_i_rsa_view *view = p[0];
    view->values = p[1];
    matrix m = {.rsa = rsa,
                .ctx = rsa->s->ctx,
                .scratch = &scratch,
                .view = rsa->s->views[number],
                .d = rsa->s->views[number]->cols,
                .values = view->values};
    conceptdec_i_arena_open(&scratch, m.ctx);
    conceptdec_status status = measure_items(&m);
    if (status == CONCEPTDEC_OK)
        view->is_whole = strike_missing(&m);
    conceptdec_i_arena_close(&scratch);
    if (status == CONCEPTDEC_OK &&
        (comparison == CONCEPTDEC_COMPARE_SPEARMAN || comparison == CONCEPTDEC_COMPARE_KENDALL))
        status = rank(&scratch, rsa, view->values);
    conceptdec_i_arena_close(&scratch);
    if (status == CONCEPTDEC_OK)
        CONCEPTDEC_I_TRY(conceptdec_i_rsa_describe(rsa, view));
    *reduced = view;
    *bytes = 8 * rsa->pairs;
    return status;
}

int64_t
conceptdec_i_rsa_made_bytes(const conceptdec_i_rsa *rsa, int64_t d)
{
    int64_t rows = rsa->items * rsa->n_partitions, points = 8 * rsa->items * d;
    return 8 * rows * d + (rsa->n_partitions > 1 ? points : 0) +
           (2 * points < ENGINE_BYTES ? 2 * points : ENGINE_BYTES);
}
