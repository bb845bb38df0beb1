/* Canonical correlations of a meeting: singular values of whitened cross products. With R the products of the
 * directions of a view, penalised, R = L L', they are those of Lx^-1 K Ly^-T. Without a bootstrap R is diagonal. What
 * a draw makes of the second view is made once for all that it meets. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/crossed.h"
#include "linalg/factor.h"
#include "linalg/from_products.h"
#include "linalg/singular.h"
#include "linalg/tiles.h"
#include "similarity/cca.h"

#define VANISHING 1e-12 /* of a direction: what is left of it beside those before, at least */

typedef struct side {
    const conceptdec_i_cca_view *view;
    conceptdec_i_directions u; /* drawn */
    double *scale;             /* no bootstrap: 1 / L, the diagonal */
    double *products, *factor; /* bootstrap: of u without the penalty, and L */
} side;

typedef struct pairing {
    const conceptdec_i_cca *cca;
    conceptdec_ctx *ctx;
    conceptdec_i_arena *arena;
    const conceptdec_i_meeting *meeting;
    int64_t number;   /* of x, among those that are met */
    bool is_draw, is_packed;
    int64_t distinct; /* items that are drawn */
    double drawn;     /* copies of them */
    side x, y;
    double *whitened; /* row k, of y, column i, of x; where y has more of them: row i, of x, column k */
    bool is_turned;
    int64_t count; /* correlations */
    double *values;
} pairing;

static conceptdec_status
take(const pairing *p, const char *what, int64_t count, double **array)
{
    void *q;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(p->arena, what, count, sizeof(double), &q));
    *array = q;
    return CONCEPTDEC_OK;
}

/* ---- sides ---- */

static conceptdec_status
scale_side(const pairing *p, side *s)
{
    const conceptdec_i_cca_view *view = s->view;
    CONCEPTDEC_I_TRY(take(p, "scales", view->u.count, &s->scale));
    for (int64_t k = 0; k < view->u.count; k++)
        s->scale[k] = view->penalty > 0 ? view->size[k] / sqrt(view->size[k] * view->size[k] + view->penalty) : 1;
    return CONCEPTDEC_OK;
}

/* *is_defined false: what was drawn does not span all directions, and nothing is added to them. */
static conceptdec_status
factor_side(const pairing *p, side *s, bool *is_defined)
{
    const conceptdec_i_cca_view *view = s->view;
    const int64_t count = view->u.count, n = view->u.n;
    CONCEPTDEC_I_TRY(take(p, "products", count * count, &s->products));
    CONCEPTDEC_I_TRY(take(p, "products", count * count, &s->factor));
    CONCEPTDEC_I_TRY(conceptdec_i_directions_own(p->ctx, &s->u, s->products));
    memcpy(s->factor, s->products, (size_t)(count * count) * sizeof *s->factor);
    for (int64_t k = 0; k < count; k++)
        s->factor[k * count + k] += view->penalty * (p->drawn / (double)n) / (view->size[k] * view->size[k]);
    CONCEPTDEC_I_TRY(conceptdec_i_cholesky(p->ctx, count, s->factor, count, is_defined));
    for (int64_t k = 0; k < count && *is_defined; k++) {
        double pivot = s->factor[k * count + k];
        *is_defined = pivot * pivot > VANISHING * s->products[k * count + k];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
draw_side(const pairing *p, side *s)
{
    const conceptdec_i_pair *pair = &p->meeting->pair;
    const conceptdec_i_directions *u = &s->view->u;
    const int64_t n = pair->times ? p->distinct : u->n;
    double *drawn;
    CONCEPTDEC_I_TRY(take(p, "draw", u->count * n, &drawn));
    if (pair->times)
        (void)conceptdec_i_directions_drawn(u, pair->times, drawn);
    else
        conceptdec_i_directions_order(u, pair->order, drawn);
    s->u = (conceptdec_i_directions){.count = u->count, .n = n, .data = drawn, .stride = n};
    return CONCEPTDEC_OK;
}

/* As many directions as rows can tell apart correlate fully, whatever the rows are. */
static bool
is_trivial(const pairing *p, const side *s)
{
    return s->u.count == 0 || (p->cca->s->options.ridge <= 0 && p->distinct <= s->u.count + 1);
}

static conceptdec_status
prepare(const pairing *p, side *s, bool is_moved, bool *is_defined)
{
    *is_defined = !is_trivial(p, s);
    if (!*is_defined)
        return CONCEPTDEC_OK;
    if (is_moved)
        CONCEPTDEC_I_TRY(draw_side(p, s));
    return p->meeting->pair.times ? factor_side(p, s, is_defined) : scale_side(p, s);
}

/* ---- correlations ---- */

static void
turn(int64_t rows, int64_t columns, const double *in, double *out)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            out[j * rows + i] = in[i * columns + j];
}

/* Row k, of y, column i, of x. */
static conceptdec_status
cross(const pairing *p, double *products)
{
    const conceptdec_i_cca_packed *shared = p->meeting->shared;
    const int64_t x = p->x.u.count, y = p->y.u.count;
    double *scratch;
    if (!p->is_packed)
        return conceptdec_i_directions_products(p->ctx, &p->x.u, &p->y.u, products);
    CONCEPTDEC_I_TRY(take(p, "products", conceptdec_i_crossed_bytes(p->ctx, x, y) / 8, &scratch));
    return conceptdec_i_crossed(p->ctx, p->x.u.n, x, shared->x[p->number], y, shared->y, p->meeting->pair.order,
                                scratch, products);
}

static conceptdec_status
whiten(pairing *p)
{
    const int64_t x = p->x.u.count, y = p->y.u.count;
    double *turned;
    CONCEPTDEC_I_TRY(take(p, "correlations", x * y, &p->whitened));
    CONCEPTDEC_I_TRY(cross(p, p->whitened));
    p->is_turned = false;
    if (!p->meeting->pair.times) {
        for (int64_t k = 0; k < y; k++)
            for (int64_t i = 0; i < x; i++)
                p->whitened[k * x + i] *= p->y.scale[k] * p->x.scale[i];
        return CONCEPTDEC_OK;
    }
    CONCEPTDEC_I_TRY(take(p, "correlations", x * y, &turned));
    CONCEPTDEC_I_TRY(conceptdec_i_triangular_solve(p->ctx, x, p->x.factor, x, false, y, p->whitened, x));
    turn(y, x, p->whitened, turned);
    CONCEPTDEC_I_TRY(conceptdec_i_triangular_solve(p->ctx, y, p->y.factor, y, false, x, turned, y));
    p->whitened = turned;
    p->is_turned = true;
    return CONCEPTDEC_OK;
}

/* The whitened products with the columns of x, or of y. */
static conceptdec_status
lay(const pairing *p, bool is_by_x, double **rows)
{
    const int64_t x = p->x.u.count, y = p->y.u.count;
    CONCEPTDEC_I_TRY(take(p, "correlations", x * y, rows));
    if (is_by_x == p->is_turned)
        turn(p->is_turned ? x : y, p->is_turned ? y : x, p->whitened, *rows);
    else
        memcpy(*rows, p->whitened, (size_t)(x * y) * sizeof **rows);
    return CONCEPTDEC_OK;
}

static double
mean_of(const double *values, int64_t count)
{
    double sum = 0;
    for (int64_t k = count - 1; k >= 0; k--)
        sum += values[k];
    return sum / (double)count;
}

/* ---- weights ---- */

/* Of the variate that belongs to a singular vector `a` its products with the directions, as it has length 1: K z /
 * root of z'Kz, z = L^-T a. */
static void
product_of_variate(const side *s, const double *z, double *product)
{
    const int64_t count = s->u.count;
    double square = 0;
    for (int64_t i = 0; i < count; i++) {
        double sum = s->scale ? z[i] : 0;
        for (int64_t j = 0; j < count && !s->scale; j++)
            sum += s->products[i * count + j] * z[j];
        product[i] = sum;
        square += sum * z[i];
    }
    for (int64_t i = 0; i < count; i++)
        product[i] /= sqrt(square);
}

/* vectors: p->count rows, singular vectors; become products of variates. */
static conceptdec_status
turn_to_variates(const pairing *p, const side *s, double *vectors)
{
    const int64_t count = s->u.count;
    double *z;
    CONCEPTDEC_I_TRY(take(p, "variates", count, &z));
    if (!s->scale)
        CONCEPTDEC_I_TRY(
            conceptdec_i_triangular_solve(p->ctx, count, s->factor, count, true, p->count, vectors, count));
    for (int64_t k = 0; k < p->count; k++) {
        for (int64_t i = 0; i < count; i++)
            z[i] = vectors[k * count + i] * (s->scale ? s->scale[i] : 1);
        product_of_variate(s, z, vectors + k * count);
    }
    return CONCEPTDEC_OK;
}

/* weights[k] = sum over the columns of the view of |their product with variate k|. */
static conceptdec_status
sum_weights(const pairing *p, const side *s, const double *variates, double *weights)
{
    const int64_t count = s->u.count, d = s->view->d;
    double *products;
    CONCEPTDEC_I_TRY(take(p, "weights", min64(CONCEPTDEC_I_CCA_SLICE, d) * p->count, &products));
    memset(weights, 0, (size_t)p->count * sizeof *weights);
    for (int64_t first = 0; first < d; first += CONCEPTDEC_I_CCA_SLICE) {
        const conceptdec_i_directions columns = {.count = min64(CONCEPTDEC_I_CCA_SLICE, d - first),
                                                 .n = count,
                                                 .data = s->view->load + first * count,
                                                 .stride = count};
        const conceptdec_i_directions all = {.count = p->count, .n = count, .data = variates, .stride = count};
        CONCEPTDEC_I_TRY(conceptdec_i_directions_products(p->ctx, &columns, &all, products));
        for (int64_t k = 0; k < p->count; k++)
            for (int64_t i = 0; i < columns.count; i++)
                weights[k] += fabs(products[k * columns.count + i]);
    }
    return CONCEPTDEC_OK;
}

/* Singular vectors over the directions of this side, whose values go to p->values. */
static conceptdec_status
find_vectors(const pairing *p, bool is_x, double *vectors)
{
    const int64_t own = is_x ? p->x.u.count : p->y.u.count, other = is_x ? p->y.u.count : p->x.u.count;
    bool is_done = false;
    double *rows;
    if (p->is_draw && own <= 2 * other) {
        CONCEPTDEC_I_TRY(lay(p, !is_x, &rows));
        CONCEPTDEC_I_TRY(
            conceptdec_i_singular_from_products(p->ctx, own, other, rows, p->count, p->values, vectors, &is_done));
    }
    if (is_done)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(lay(p, is_x, &rows));
    return conceptdec_i_singular(p->ctx, other, own, rows, p->values, vectors);
}

static conceptdec_status
weighted_mean(const pairing *p, const side *s, double *mean)
{
    const int64_t count = s->u.count;
    double *vectors, *weights, sum = 0, total = 0;
    CONCEPTDEC_I_TRY(take(p, "variates", p->count * count, &vectors));
    CONCEPTDEC_I_TRY(take(p, "weights", p->count, &weights));
    CONCEPTDEC_I_TRY(find_vectors(p, s == &p->x, vectors));
    CONCEPTDEC_I_TRY(turn_to_variates(p, s, vectors));
    CONCEPTDEC_I_TRY(sum_weights(p, s, vectors, weights));
    for (int64_t k = p->count - 1; k >= 0; k--) {
        sum += weights[k] * p->values[k];
        total += weights[k];
    }
    *mean = sum / total;
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_values(const pairing *p)
{
    const int64_t x = p->x.u.count, y = p->y.u.count;
    const bool is_by_x = x > y; /* the shorter side has the rows */
    bool is_done = false;
    double *rows;
    CONCEPTDEC_I_TRY(lay(p, is_by_x, &rows));
    if (p->is_draw)
        CONCEPTDEC_I_TRY(conceptdec_i_singular_from_products(p->ctx, p->count, max64(x, y), rows, p->count, p->values,
                                                             NULL, &is_done));
    return is_done ? CONCEPTDEC_OK : conceptdec_i_singular_values(p->ctx, p->count, max64(x, y), rows, p->values);
}

static conceptdec_status
correlate(pairing *p, double *value)
{
    double other;
    p->count = min64(p->x.u.count, p->y.u.count);
    CONCEPTDEC_I_TRY(take(p, "correlations", p->count, &p->values));
    CONCEPTDEC_I_TRY(whiten(p));
    if (!p->cca->is_weighted) {
        CONCEPTDEC_I_TRY(find_values(p));
        *value = mean_of(p->values, p->count);
        return CONCEPTDEC_OK;
    }
    CONCEPTDEC_I_TRY(weighted_mean(p, &p->x, value));
    if (p->cca->s->options.flags & CONCEPTDEC_SIMILARITY_SYMMETRIC) {
        CONCEPTDEC_I_TRY(weighted_mean(p, &p->y, &other));
        *value = (*value + other) / 2;
    }
    return CONCEPTDEC_OK;
}

/* ---- a meeting ---- */

/* The correlations that the result will show. */
static conceptdec_status
store(const pairing *p, int64_t i)
{
    const conceptdec_i_similarity *s = p->cca->s;
    conceptdec_i_cca_values *out = &p->cca->observed[i * s->n_b + p->meeting->pair.j];
    void *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->arena, "correlations", p->count, sizeof(double), &values));
    memcpy(values, p->values, (size_t)p->count * sizeof(double));
    *out = (conceptdec_i_cca_values){.count = p->count, .values = values};
    return CONCEPTDEC_OK;
}

/* With first view number k, y being prepared. */
static conceptdec_status
measure_pair(pairing *p, int64_t k, double *value)
{
    const conceptdec_i_cca_view *x = p->meeting->x[k];
    bool is_defined;
    p->x = (side){.view = x, .u = x->u};
    p->number = k;
    CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
    CONCEPTDEC_I_TRY(prepare(p, &p->x, p->meeting->pair.times != NULL, &is_defined));
    if (!is_defined)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(correlate(p, value));
    return p->is_draw ? CONCEPTDEC_OK : store(p, p->meeting->first + k);
}

static void
count_drawn(pairing *p)
{
    const int32_t *times = p->meeting->pair.times;
    const int64_t n = p->cca->s->n;
    p->distinct = n;
    p->drawn = (double)n;
    if (!times)
        return;
    p->distinct = 0;
    p->drawn = 0;
    for (int64_t i = 0; i < n; i++) {
        p->distinct += times[i] > 0;
        p->drawn += times[i];
    }
}

static conceptdec_status
measure_all(pairing *p, double *values)
{
    const conceptdec_i_meeting *meeting = p->meeting;
    bool is_defined;
    for (int64_t k = 0; k < meeting->count; k++)
        values[k] = (double)NAN;
    count_drawn(p);
    CONCEPTDEC_I_TRY(prepare(p, &p->y, p->is_draw && !p->is_packed, &is_defined));
    for (int64_t k = 0; k < meeting->count && is_defined; k++) {
        pairing own = *p;
        conceptdec_i_arena arena;
        conceptdec_i_arena_open(&arena, p->ctx);
        own.arena = &arena;
        conceptdec_status status = measure_pair(&own, k, &values[k]);
        conceptdec_i_arena_close(&arena);
        CONCEPTDEC_I_TRY(status);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_cca_measure(void *argument, const conceptdec_i_meeting *meeting, double *values)
{
    const conceptdec_i_cca *cca = argument;
    const conceptdec_i_cca_view *y = meeting->pair.y;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, cca->s->ctx);
    pairing p = {.cca = cca,
                 .ctx = cca->s->ctx,
                 .arena = &arena,
                 .meeting = meeting,
                 .is_draw = meeting->pair.order || meeting->pair.times,
                 .is_packed = meeting->pair.order && meeting->shared,
                 .y = {.view = y, .u = y->u}};
    conceptdec_status status = measure_all(&p, values);
    conceptdec_i_arena_close(&arena);
    return status;
}
