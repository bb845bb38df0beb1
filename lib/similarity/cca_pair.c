/* Canonical correlations of one pair in one draw: singular values of whitened cross products. With R the products of
 * the directions of a view, penalised, R = L L', they are those of Lx^-1 K Ly^-T. Without a bootstrap R is diagonal.
 * */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/factor.h"
#include "linalg/singular.h"
#include "linalg/tiles.h"
#include "similarity/cca.h"

#define SLICE 256       /* weights that are computed at once */
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
    side x, y;
    double *whitened; /* row k, of y, column i, of x */
    int64_t count;    /* correlations */
    double *values;
    bool is_drawn; /* bootstrap */
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
factor_side(const pairing *p, side *s, double drawn, bool *is_defined)
{
    const conceptdec_i_cca_view *view = s->view;
    const int64_t count = view->u.count, n = view->u.n;
    CONCEPTDEC_I_TRY(take(p, "products", count * count, &s->products));
    CONCEPTDEC_I_TRY(take(p, "products", count * count, &s->factor));
    CONCEPTDEC_I_TRY(conceptdec_i_directions_products(p->ctx, &s->u, &s->u, s->products));
    memcpy(s->factor, s->products, (size_t)(count * count) * sizeof *s->factor);
    for (int64_t k = 0; k < count; k++)
        s->factor[k * count + k] += view->penalty * (drawn / (double)n) / (view->size[k] * view->size[k]);
    CONCEPTDEC_I_TRY(conceptdec_i_cholesky(p->ctx, count, s->factor, count, is_defined));
    for (int64_t k = 0; k < count && *is_defined; k++) {
        double pivot = s->factor[k * count + k];
        *is_defined = pivot * pivot > VANISHING * s->products[k * count + k];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
draw_side(const pairing *p, const conceptdec_i_pair *pair, side *s)
{
    double *drawn;
    const conceptdec_i_directions *u = &s->view->u;
    CONCEPTDEC_I_TRY(take(p, "draw", u->count * u->n, &drawn));
    if (pair->times)
        conceptdec_i_directions_drawn(u, pair->times, drawn);
    else
        conceptdec_i_directions_order(u, pair->order, drawn);
    s->u = (conceptdec_i_directions){.count = u->count, .n = u->n, .data = drawn, .stride = u->n};
    return CONCEPTDEC_OK;
}

/* ---- correlations ---- */

static void
turn(int64_t rows, int64_t columns, const double *in, double *out)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            out[j * rows + i] = in[i * columns + j];
}

static conceptdec_status
whiten(pairing *p)
{
    const int64_t x = p->x.u.count, y = p->y.u.count;
    double *turned;
    CONCEPTDEC_I_TRY(take(p, "correlations", x * y, &p->whitened));
    CONCEPTDEC_I_TRY(conceptdec_i_directions_products(p->ctx, &p->x.u, &p->y.u, p->whitened));
    if (!p->is_drawn) {
        for (int64_t k = 0; k < y; k++)
            for (int64_t i = 0; i < x; i++)
                p->whitened[k * x + i] *= p->y.scale[k] * p->x.scale[i];
        return CONCEPTDEC_OK;
    }
    CONCEPTDEC_I_TRY(take(p, "correlations", x * y, &turned));
    CONCEPTDEC_I_TRY(conceptdec_i_triangular_solve(p->ctx, x, p->x.factor, x, false, y, p->whitened, x));
    turn(y, x, p->whitened, turned);
    CONCEPTDEC_I_TRY(conceptdec_i_triangular_solve(p->ctx, y, p->y.factor, y, false, x, turned, y));
    turn(x, y, turned, p->whitened);
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
    CONCEPTDEC_I_TRY(take(p, "weights", min64(SLICE, d) * p->count, &products));
    memset(weights, 0, (size_t)p->count * sizeof *weights);
    for (int64_t first = 0; first < d; first += SLICE) {
        const conceptdec_i_directions columns = {
            .count = min64(SLICE, d - first), .n = count, .data = s->view->load + first * count, .stride = count};
        const conceptdec_i_directions all = {.count = p->count, .n = count, .data = variates, .stride = count};
        CONCEPTDEC_I_TRY(conceptdec_i_directions_products(p->ctx, &columns, &all, products));
        for (int64_t k = 0; k < p->count; k++)
            for (int64_t i = 0; i < columns.count; i++)
                weights[k] += fabs(products[k * columns.count + i]);
    }
    return CONCEPTDEC_OK;
}

/* rows: p->whitened with the columns of this side; destroyed. */
static conceptdec_status
weighted_mean(pairing *p, const side *s, int64_t n_rows, double *rows, double *mean)
{
    const int64_t count = s->u.count;
    double *vectors, *weights, sum = 0, total = 0;
    CONCEPTDEC_I_TRY(take(p, "variates", p->count * count, &vectors));
    CONCEPTDEC_I_TRY(take(p, "weights", p->count, &weights));
    CONCEPTDEC_I_TRY(conceptdec_i_singular(p->ctx, n_rows, count, rows, p->values, vectors));
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
correlate(pairing *p, double *value)
{
    const conceptdec_similarity_options *o = &p->cca->s->options;
    const int64_t x = p->x.u.count, y = p->y.u.count;
    double *turned = NULL, other;
    p->count = min64(x, y);
    CONCEPTDEC_I_TRY(take(p, "correlations", p->count, &p->values));
    CONCEPTDEC_I_TRY(whiten(p));
    if (!p->cca->is_weighted) {
        CONCEPTDEC_I_TRY(conceptdec_i_singular_values(p->ctx, y, x, p->whitened, p->values));
        *value = mean_of(p->values, p->count);
        return CONCEPTDEC_OK;
    }
    if (o->flags & CONCEPTDEC_SIMILARITY_SYMMETRIC) {
        CONCEPTDEC_I_TRY(take(p, "correlations", x * y, &turned));
        turn(y, x, p->whitened, turned);
    }
    CONCEPTDEC_I_TRY(weighted_mean(p, &p->x, y, p->whitened, value));
    if (turned) {
        CONCEPTDEC_I_TRY(weighted_mean(p, &p->y, x, turned, &other));
        *value = (*value + other) / 2;
    }
    return CONCEPTDEC_OK;
}

/* ---- one pair ---- */

/* As many directions as rows can tell apart correlate fully, whatever the rows are. */
static bool
is_trivial(const pairing *p, const conceptdec_i_pair *pair, double *drawn)
{
    int64_t n = p->cca->s->n, distinct = n, most = max64(p->x.u.count, p->y.u.count);
    *drawn = (double)n;
    if (pair->times) {
        distinct = 0;
        *drawn = 0;
        for (int64_t i = 0; i < n; i++) {
            distinct += pair->times[i] > 0;
            *drawn += pair->times[i];
        }
    }
    if (p->x.u.count == 0 || p->y.u.count == 0)
        return true;
    return p->cca->s->options.ridge <= 0 && distinct <= most + 1;
}

static conceptdec_status
prepare(pairing *p, const conceptdec_i_pair *pair, double drawn, bool *is_defined)
{
    p->is_drawn = pair->times != NULL;
    if (pair->times)
        CONCEPTDEC_I_TRY(draw_side(p, pair, &p->x));
    if (pair->times || pair->order)
        CONCEPTDEC_I_TRY(draw_side(p, pair, &p->y));
    if (!pair->times) {
        CONCEPTDEC_I_TRY(scale_side(p, &p->x));
        return scale_side(p, &p->y);
    }
    CONCEPTDEC_I_TRY(factor_side(p, &p->x, drawn, is_defined));
    return *is_defined ? factor_side(p, &p->y, drawn, is_defined) : CONCEPTDEC_OK;
}

/* The correlations that the result will show. */
static conceptdec_status
store(const pairing *p, const conceptdec_i_pair *pair)
{
    const conceptdec_i_similarity *s = p->cca->s;
    conceptdec_i_cca_values *out = &p->cca->observed[pair->i * s->n_b + pair->j];
    void *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->arena, "correlations", p->count, sizeof(double), &values));
    memcpy(values, p->values, (size_t)p->count * sizeof(double));
    *out = (conceptdec_i_cca_values){.count = p->count, .values = values};
    return CONCEPTDEC_OK;
}

static conceptdec_status
measure_pair(pairing *p, const conceptdec_i_pair *pair, double *value)
{
    double drawn;
    bool is_defined = true;
    *value = (double)NAN;
    if (is_trivial(p, pair, &drawn))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
    CONCEPTDEC_I_TRY(prepare(p, pair, drawn, &is_defined));
    if (!is_defined)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(correlate(p, value));
    return pair->order || pair->times ? CONCEPTDEC_OK : store(p, pair);
}

conceptdec_status
conceptdec_i_cca_measure(void *argument, const conceptdec_i_pair *pair, double *value)
{
    const conceptdec_i_cca *cca = argument;
    const conceptdec_i_cca_view *x = pair->x, *y = pair->y;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, cca->s->ctx);
    pairing p = {
        .cca = cca, .ctx = cca->s->ctx, .arena = &arena, .x = {.view = x, .u = x->u}, .y = {.view = y, .u = y->u}};
    conceptdec_status status = measure_pair(&p, pair, value);
    conceptdec_i_arena_close(&arena);
    return status;
}

int64_t
conceptdec_i_cca_bytes(const conceptdec_i_cca *cca, int64_t x, int64_t y, int64_t d)
{
    const conceptdec_similarity_options *o = &cca->s->options;
    const int64_t n = cca->s->n, count = min64(x, y);
    int64_t numbers = 2 * x * y + 4 * (x + y);
    if (count == 0)
        return 0;
    if (o->permutations > 0)
        numbers += y * n;
    if (o->bootstrap > 0)
        numbers += (x + y) * n + 2 * (x * x + y * y);
    if (!cca->is_weighted)
        return 8 * numbers + conceptdec_i_singular_values_bytes(y, x);
    numbers += x * y + 2 * count * (max64(x, y) + min64(SLICE, d));
    return 8 * numbers + conceptdec_i_singular_bytes(max64(x, y), max64(x, y));
}
