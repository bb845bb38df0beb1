/* Procrustes distances of size and shape, and of shape alone, from the sum of the singular values of X'Y: a rotation
 * of the columns does not change it, so that a view of more columns than rows is known by as many columns as it has
 * rows. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/factor.h"
#include "linalg/singular.h"
#include "similarity/centred.h"
#include "similarity/pairs.h"

#define CLOSE                                                                                                          \
    1e-4 /* squared distances below this share of |X|^2 + |Y|^2 are summed from what is left after the rotation */
#define PIECE 256 /* rows of a task that sums it */

typedef struct procrustes {
    conceptdec_i_similarity *s;
    conceptdec_i_centred *views;
    bool is_shape;
} procrustes;

typedef struct reduced {
    conceptdec_i_directions columns;
    double unit;
} reduced;

/* What is compared in one draw. */
typedef struct matched {
    conceptdec_i_directions x, y;
    double x_factor, y_factor; /* what both are multiplied by */
    const double *turn;        /* most x most: row k, of y, column i */
    int64_t most;
    double *left; /* of each task */
    conceptdec_ctx *ctx;
} matched;

/* ---- views ---- */

static conceptdec_status
compact(const procrustes *p, conceptdec_i_arena *scratch, const conceptdec_i_centred *view, double *kept)
{
    const int64_t n = p->s->n, d = view->blocks.x->cols;
    conceptdec_i_dense dense;
    void *rows;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(scratch, "centred rows", n * (d + view->blocks.gap), sizeof(double), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_blocks_rows(&view->blocks, 0, n, rows, &dense));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(p->s->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_rows_compact(p->s->ctx, n, d, rows, dense.stride));
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < n; i++)
            kept[k * n + i] = ((double *)rows)[i * dense.stride + k];
    return CONCEPTDEC_OK;
}

static conceptdec_status
reduce(void *argument, conceptdec_i_arena *arena, int64_t number, void **out, int64_t *bytes)
{
    const procrustes *p = argument;
    const conceptdec_i_centred *view = &p->views[number];
    const int64_t n = p->s->n, d = view->blocks.x->cols;
    conceptdec_i_dense dense = {.stride = n};
    void *q[2];
    int64_t count = d <= n ? d : n, stride = d <= n ? n + view->blocks.gap : n;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "reduced view", 1, sizeof(reduced), &q[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "reduced view", count * stride, sizeof(double), &q[1]));
    if (d <= n) {
        CONCEPTDEC_I_TRY(conceptdec_i_blocks_turned(&view->blocks, 0, n, q[1], &dense));
    } else {
        conceptdec_i_arena scratch;
        conceptdec_i_arena_open(&scratch, p->s->ctx);
        conceptdec_status status = compact(p, &scratch, view, q[1]);
        conceptdec_i_arena_close(&scratch);
        CONCEPTDEC_I_TRY(status);
    }
    reduced *r = q[0];
    r->columns = (conceptdec_i_directions){.count = count, .n = n, .data = q[1], .stride = dense.stride};
    r->unit = view->unit;
    *out = r;
    *bytes = 8 * count * stride;
    return CONCEPTDEC_OK;
}

/* ---- pairs ---- */

static double
squares(const conceptdec_i_directions *x)
{
    double sum = 0;
    for (int64_t k = 0; k < x->count; k++) {
        double row = 0;
        for (int64_t i = 0; i < x->n; i++)
            row += x->data[k * x->stride + i] * x->data[k * x->stride + i];
        sum += row;
    }
    return sum;
}

static conceptdec_status
nuclear_norm(conceptdec_i_arena *arena, const matched *m, double *norm)
{
    void *products, *values;
    int64_t count = m->x.count < m->y.count ? m->x.count : m->y.count;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "cross products", m->x.count * m->y.count, sizeof(double), &products));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "singular values", count, sizeof(double), &values));
    CONCEPTDEC_I_TRY(conceptdec_i_directions_products(m->ctx, &m->x, &m->y, products));
    CONCEPTDEC_I_TRY(conceptdec_i_singular_values(m->ctx, m->y.count, m->x.count, products, values));
    *norm = 0;
    for (int64_t k = count - 1; k >= 0; k--)
        *norm += ((double *)values)[k];
    return CONCEPTDEC_OK;
}

/* Column i of the first less what the second has there, a piece of the rows at a time. */
static void
subtract(const matched *m, int64_t i, int64_t first, int64_t count, double *restrict piece)
{
    for (int64_t p = 0; p < count; p++)
        piece[p] = i < m->x.count ? m->x_factor * m->x.data[i * m->x.stride + first + p] : 0;
    for (int64_t k = 0; k < m->y.count; k++) {
        const double *restrict y = m->y.data + k * m->y.stride + first, factor = m->y_factor * m->turn[k * m->most + i];
        for (int64_t p = 0; p < count; p++)
            piece[p] -= factor * y[p];
    }
}

static conceptdec_status
left_task(void *argument, int64_t task, int lane)
{
    const matched *m = argument;
    double piece[PIECE], sum = 0;
    int64_t first = task * PIECE, count = task_end(task, PIECE, m->x.n) - first;
    (void)lane;
    for (int64_t i = 0; i < m->most; i++) {
        subtract(m, i, first, count, piece);
        for (int64_t p = 0; p < count; p++)
            sum += piece[p] * piece[p];
        if (i % 64 == 63)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(m->ctx, 0));
    }
    m->left[task] = sum;
    return CONCEPTDEC_OK;
}

/* The squared distance as a sum of squares: an error of the rotation enters by its square. */
static conceptdec_status
sum_what_is_left(conceptdec_i_arena *arena, matched *m, double *square)
{
    void *p[4];
    int64_t tasks = (m->x.n - 1) / PIECE + 1;
    m->most = max64(m->x.count, m->y.count);
    for (int k = 0; k < 3; k++)
        CONCEPTDEC_I_TRY(
            conceptdec_i_arena_take(arena, "rotation", k < 2 ? m->most * m->most : m->most, sizeof(double), &p[k]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rotation", tasks, sizeof(double), &p[3]));
    double *products = p[0];
    CONCEPTDEC_I_TRY(conceptdec_i_directions_products(m->ctx, &m->x, &m->y, products));
    for (int64_t k = m->y.count - 1; k > 0; k--)
        memmove(products + k * m->most, products + k * m->x.count, (size_t)m->x.count * sizeof(double));
    for (int64_t k = 0; k < m->y.count; k++)
        memset(products + k * m->most + m->x.count, 0, (size_t)(m->most - m->x.count) * sizeof(double));
    CONCEPTDEC_I_TRY(conceptdec_i_nearest_orthogonal(m->ctx, m->most, products, p[1], p[2]));
    m->turn = p[1];
    m->left = p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(m->ctx, tasks, left_task, m));
    *square = 0;
    for (int64_t t = 0; t < tasks; t++)
        *square += m->left[t];
    return CONCEPTDEC_OK;
}

static conceptdec_status
apart(conceptdec_i_arena *arena, matched *m, double x_squares, double y_squares, double *square)
{
    double norm, sum = m->x_factor * m->x_factor * x_squares + m->y_factor * m->y_factor * y_squares;
    CONCEPTDEC_I_TRY(conceptdec_i_poll(m->ctx, 0));
    CONCEPTDEC_I_TRY(nuclear_norm(arena, m, &norm));
    *square = sum - 2 * m->x_factor * m->y_factor * norm;
    if (*square < CLOSE * sum)
        CONCEPTDEC_I_TRY(sum_what_is_left(arena, m, square));
    return CONCEPTDEC_OK;
}

/* What a draw makes of the views. */
static conceptdec_status
match(const procrustes *p, conceptdec_i_arena *arena, const conceptdec_i_pair *pair, matched *m)
{
    const reduced *x = pair->x, *y = pair->y;
    const int64_t n = p->s->n;
    void *q;
    *m = (matched){.x = x->columns, .y = y->columns, .ctx = p->s->ctx};
    if (!pair->order && !pair->times)
        return CONCEPTDEC_OK;
    int64_t count = m->y.count + (pair->times ? m->x.count : 0);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "draw", count * n, sizeof(double), &q));
    m->y = (conceptdec_i_directions){.count = m->y.count, .n = n, .data = q, .stride = n};
    if (pair->order) {
        conceptdec_i_directions_order(&y->columns, pair->order, q);
        return CONCEPTDEC_OK;
    }
    double *other = (double *)q + m->y.count * n;
    m->y.n = m->y.stride = conceptdec_i_directions_drawn(&y->columns, pair->times, q);
    (void)conceptdec_i_directions_drawn(&x->columns, pair->times, other);
    m->x = (conceptdec_i_directions){.count = m->x.count, .n = m->y.n, .data = other, .stride = m->y.n};
    return CONCEPTDEC_OK;
}

static conceptdec_status
distance(const procrustes *p, conceptdec_i_arena *arena, const conceptdec_i_pair *pair, double *value)
{
    matched m;
    CONCEPTDEC_I_TRY(match(p, arena, pair, &m));
    double x_unit = ((const reduced *)pair->x)->unit, y_unit = ((const reduced *)pair->y)->unit;
    double x_squares = squares(&m.x), y_squares = squares(&m.y), square = 0;
    /* a constant view has no size */
    double unit = p->is_shape || (!(x_squares > 0) && !(y_squares > 0)) ? 1
                  : !(x_squares > 0)                                    ? y_unit
                  : !(y_squares > 0)                                    ? x_unit
                                                                        : fmax(x_unit, y_unit);
    m.x_factor = p->is_shape ? 1 / sqrt(x_squares) : x_unit / unit;
    m.y_factor = p->is_shape ? 1 / sqrt(y_squares) : y_unit / unit;
    if (p->is_shape && !(x_squares > 0 && y_squares > 0)) {
        *value = (double)NAN;
        return CONCEPTDEC_OK;
    }
    if (!pair->is_same || pair->order)
        CONCEPTDEC_I_TRY(apart(arena, &m, x_squares, y_squares, &square));
    *value = p->is_shape ? 2 * asin(sqrt(square) / 2) : unit * sqrt(square);
    if (isinf(*value))
        return conceptdec_i_fail(p->s->ctx, CONCEPTDEC_EOVERFLOW, "float64 cannot hold the distance of %s and %s",
                                 p->s->names[pair->i], p->s->names[conceptdec_i_similarity_second(p->s, pair->j)]);
    return CONCEPTDEC_OK;
}

static conceptdec_status
measure_pair(const procrustes *p, const conceptdec_i_pair *pair, double *value)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, p->s->ctx);
    conceptdec_status status = distance(p, &arena, pair, value);
    conceptdec_i_arena_close(&arena);
    return status;
}

static conceptdec_status
measure(void *argument, const conceptdec_i_meeting *meeting, double *values)
{
    const procrustes *p = argument;
    for (int64_t k = 0; k < meeting->count; k++) {
        const conceptdec_i_pair pair = conceptdec_i_pair_of(p->s, meeting, k);
        CONCEPTDEC_I_TRY(measure_pair(p, &pair, &values[k]));
    }
    return CONCEPTDEC_OK;
}

/* ---- memory ---- */

static int64_t
bytes_of(int64_t x, int64_t y, int64_t n)
{
    int64_t most = max64(x, y);
    return 8 * (x * y + n * (x + y) + 4 * most * most) + conceptdec_i_singular_values_bytes(y, x) +
           conceptdec_i_singular_bytes(most, most);
}

static int64_t
bytes(const void *argument, const conceptdec_i_meeting *meeting, bool is_resampling)
{
    const procrustes *p = argument;
    (void)is_resampling;
    const int64_t y = ((const reduced *)meeting->pair.y)->columns.count;
    int64_t most = 0;
    for (int64_t k = 0; k < meeting->count; k++)
        most = max64(most, bytes_of(((const reduced *)meeting->x[k])->columns.count, y, p->s->n));
    return most;
}

conceptdec_status
conceptdec_i_similarity_procrustes(conceptdec_i_similarity *s)
{
    procrustes p = {.s = s, .is_shape = s->options.kind == CONCEPTDEC_SIMILARITY_SHAPE};
    conceptdec_i_pairs pairs = {.s = s,
                                .argument = &p,
                                .items = s->n,
                                .groups = s->groups,
                                .reduce = reduce,
                                .measure = measure,
                                .bytes = bytes};
    int64_t most = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_centred_scan(s, &p.views));
    for (int64_t v = 0; v < s->n_views; v++) {
        int64_t d = s->views[v]->cols;
        most = max64(most, d < s->n ? d : s->n);
        if (d > s->n)
            pairs.made_bytes = max64(pairs.made_bytes, 8 * s->n * (d + 16));
    }
    pairs.kept_bytes = 8 * most * (s->n + 16);
    pairs.pair_bytes = bytes_of(most, most, s->n);
    return conceptdec_i_pairs_run(&pairs);
}
