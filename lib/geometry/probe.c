/* A linear classifier beside the class means: how far its weights are from them, and how often it disagrees with the
 * nearest one. */
#include <math.h>
#include <string.h>

#include "geometry/geometry.h"
#include "linalg/engine.h"
#include "linalg/passes.h"

#define MOST_CLASSES 32 /* of one pass: two columns each */

typedef struct {
    const conceptdec_i_geometry *g;
    double *weights, *bias; /* C x d, C */
    bool is_fitted;
    double lambda;
    int64_t converged;
} probe;

/* ---- weights ---- */

/* One column for two classes is positive for the second. */
static void
take_rows(const probe *p, int64_t rows, const double *weights, const double *bias)
{
    const int64_t count = p->g->classes.count, d = p->g->d;
    for (int64_t c = 0; c < count; c++) {
        const double *w = weights + (rows == count ? c : 0) * d;
        double sign = rows < count && c == 0 ? -1 : 1;
        for (int64_t j = 0; j < d; j++)
            p->weights[c * d + j] = sign * w[j];
        p->bias[c] = bias ? sign * bias[rows == count ? c : 0] : 0;
    }
}

static conceptdec_status
check_shape(const conceptdec_i_geometry *g, const char *name, const conceptdec_matrix *view, int64_t rows, int64_t cols)
{
    if (view->cols == cols && (view->rows == rows || (rows == 2 && view->rows == 1)))
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(g->ctx, CONCEPTDEC_ESIZE, "%s: %lld x %lld, must be %lld x %lld%s", name,
                             (long long)view->rows, (long long)view->cols, (long long)rows, (long long)cols,
                             rows == 2 ? ", or one row" : "");
}

static conceptdec_status
widen(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, const char *name, const conceptdec_matrix *view,
      double **values)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(g->ctx, name, view));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, name, view->rows * view->cols, sizeof(double), values));
    for (int64_t i = 0; i < view->rows; i++)
        conceptdec_i_view_widen(g->ctx->kernels, view, i, 0, view->cols, *values + i * view->cols);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_given(conceptdec_i_arena *arena, probe *p)
{
    const conceptdec_i_geometry *g = p->g;
    const conceptdec_matrix *w = g->options.weights, *b = g->options.bias;
    double *weights, *bias = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(g->ctx, "weights", w, CONCEPTDEC_I_FLOATS));
    CONCEPTDEC_I_TRY(check_shape(g, "weights", w, g->classes.count, g->d));
    CONCEPTDEC_I_TRY(widen(arena, g, "weights", w, &weights));
    if (b) {
        CONCEPTDEC_I_TRY(conceptdec_i_view_check(g->ctx, "bias", b, CONCEPTDEC_I_FLOATS));
        CONCEPTDEC_I_TRY(check_shape(g, "bias", b, w->rows, 1));
        if (b->rows != w->rows)
            return conceptdec_i_fail(g->ctx, CONCEPTDEC_ESIZE, "bias: %lld rows, but weights has %lld",
                                     (long long)b->rows, (long long)w->rows);
        CONCEPTDEC_I_TRY(widen(arena, g, "bias", b, &bias));
    }
    take_rows(p, w->rows, weights, bias);
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_model(probe *p, const conceptdec_probe_model *model)
{
    static const char *const names[] = {CONCEPTDEC_R_WEIGHTS, CONCEPTDEC_R_BIAS, CONCEPTDEC_R_LAMBDA,
                                        CONCEPTDEC_R_CONVERGED};
    conceptdec_array a[4];
    for (int i = 0; i < 4; i++) {
        conceptdec_status status = conceptdec_probe_model_get(model, names[i], &a[i]);
        if (status != CONCEPTDEC_OK)
            return conceptdec_i_fail(p->g->ctx, status, "the probe has no %s", names[i]);
    }
    take_rows(p, a[0].shape[0], a[0].data, a[1].data);
    p->lambda = *(const double *)a[2].data;
    p->converged = *(const int64_t *)a[3].data;
    return CONCEPTDEC_OK;
}

static conceptdec_status
fit(probe *p)
{
    const conceptdec_i_geometry *g = p->g;
    const double lambda = g->options.lambda;
    const conceptdec_probe_options o = {.struct_size = sizeof o,
                                        .kind = CONCEPTDEC_PROBE_LOGISTIC,
                                        .lambdas = lambda > 0 ? &lambda : NULL,
                                        .n_lambdas = lambda > 0,
                                        .classes = g->classes.count,
                                        .memory = max64(g->options.memory, INT64_C(1) << 30)};
    conceptdec_probe_model *model = NULL;
    CONCEPTDEC_I_TRY(conceptdec_probe_model_new(g->ctx, g->given, g->given_labels, &o, &model));
    conceptdec_status status = read_model(p, model);
    conceptdec_probe_model_free(model);
    return status;
}

/* ---- NC3 ---- */

/* |W / |W| - M / |M||^2, each brought to moderate size first. */
static double
distance(const double *w, const double *m, int64_t n)
{
    double largest[2] = {0, 0}, squares[2] = {0, 0}, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        largest[0] = fmax(largest[0], fabs(w[i]));
        largest[1] = fmax(largest[1], fabs(m[i]));
    }
    double unit[] = {conceptdec_i_unit(largest[0]), conceptdec_i_unit(largest[1])};
    for (int64_t i = 0; i < n; i++) {
        squares[0] += w[i] / unit[0] * (w[i] / unit[0]);
        squares[1] += m[i] / unit[1] * (m[i] / unit[1]);
    }
    for (int64_t i = 0; i < n; i++) {
        double off = w[i] / unit[0] / sqrt(squares[0]) - m[i] / unit[1] / sqrt(squares[1]);
        sum += off * off;
    }
    return squares[0] > 0 && squares[1] > 0 ? sum : (double)NAN;
}

/* ---- NC4 ---- */

typedef struct {
    const conceptdec_i_geometry *g;
    int64_t first, count; /* classes of the pass */
    const double **from;
    double *add[2];         /* per class: what the decision value and the closeness to the mean have beside products */
    double *best[2];        /* per row */
    int32_t *best_class[2]; /* per row */
} deciding;

/* Columns are the weights of the classes, then their means. Of several that are equal the first class is taken. */
static conceptdec_status
decide(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const deciding *s = argument;
    const double *values = chunk->values;
    (void)lane;
    for (int64_t k = 0; k < chunk->columns; k++) {
        const int side = k >= s->count;
        const int32_t class = (int32_t)(s->first + (side ? k - s->count : k));
        const double unit = side ? s->g->unit : 1;
        for (int64_t i = 0; i < chunk->count; i++) {
            int64_t row = chunk->first + i;
            double value = values[k * chunk->ld + i] / unit + s->add[side][class];
            if (class == 0 || value > s->best[side][row]) {
                s->best[side][row] = value;
                s->best_class[side][row] = class;
            }
        }
    }
    return CONCEPTDEC_OK;
}

/* For z = x - mean of the columns: w x + b = w z + (b + w mean), and m z - |m|^2 / 2 is largest for the nearest mean
 * m. */
static void
find_additions(const probe *p, deciding *s)
{
    const conceptdec_i_geometry *g = p->g;
    for (int64_t c = 0; c < g->classes.count; c++) {
        const double *w = p->weights + c * g->d, *m = g->classes.mean + c * g->d;
        s->add[0][c] = p->bias[c];
        for (int64_t j = 0; j < g->d; j++) {
            s->add[0][c] += w[j] * g->columns.mean[j];
            s->add[1][c] -= 0.5 * m[j] * m[j];
        }
    }
}

static conceptdec_status
take_decisions(conceptdec_i_arena *arena, deciding *s)
{
    const conceptdec_i_geometry *g = s->g;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "decisions", 2 * s->count, sizeof(double *), &s->from));
    for (int side = 0; side < 2; side++) {
        CONCEPTDEC_I_TRY(
            conceptdec_i_geometry_take(arena, "decisions", g->classes.count, sizeof(double), &s->add[side]));
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "decisions", g->n, sizeof(double), &s->best[side]));
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "decisions", g->n, sizeof(int32_t), &s->best_class[side]));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_nc4(conceptdec_i_arena *arena, const probe *p, double *nc4)
{
    const conceptdec_i_geometry *g = p->g;
    const conceptdec_i_geometry_classes *c = &g->classes;
    deciding s = {.g = g, .count = min64(MOST_CLASSES, c->count)};
    conceptdec_i_passes passes;
    conceptdec_i_rows rows = conceptdec_i_rows_of(g->x);
    int64_t differ = 0;
    bool is_read = conceptdec_i_view_is_read(g->x);
    rows.center = g->columns.mean;
    CONCEPTDEC_I_TRY(take_decisions(arena, &s));
    CONCEPTDEC_I_TRY(
        (is_read ? conceptdec_i_passes_open_reading : conceptdec_i_passes_open)(arena, g->d, 0, 2 * s.count, &passes));
    find_additions(p, &s);
    conceptdec_i_stage(g->ctx, "decisions",
                       conceptdec_i_passes_slabs(&passes, g->n) * ceil_div(c->count, MOST_CLASSES));
    for (; s.first < c->count; s.first += MOST_CLASSES) {
        s.count = min64(MOST_CLASSES, c->count - s.first);
        for (int64_t k = 0; k < s.count; k++) {
            s.from[k] = p->weights + (s.first + k) * g->d;
            s.from[s.count + k] = c->mean + (s.first + k) * g->d;
        }
        CONCEPTDEC_I_TRY(
            conceptdec_i_passes_run(&passes, &rows, CONCEPTDEC_I_TILE_F64, 2 * s.count, s.from, NULL, decide, &s));
    }
    for (int64_t i = 0; i < g->n; i++)
        differ += c->label[i] >= 0 && s.best_class[0][i] != s.best_class[1][i];
    *nc4 = (double)differ / (double)c->n_labelled;
    return CONCEPTDEC_OK;
}

/* ---- both ---- */

static conceptdec_status
tell(const probe *p, double nc3, double nc4)
{
    const conceptdec_i_geometry *g = p->g;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_NC3, nc3));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_NC4, nc4));
    if (!p->is_fitted)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_LAMBDA, p->lambda));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put_count(g, CONCEPTDEC_R_CONVERGED, p->converged));
    return conceptdec_i_result_option_number(g->ctx, g->result, "lambda", p->lambda);
}

static conceptdec_status
measure(conceptdec_i_arena *arena, const conceptdec_i_geometry *g)
{
    const conceptdec_i_geometry_classes *c = &g->classes;
    probe p = {.g = g, .is_fitted = !g->options.weights, .lambda = g->options.lambda};
    double nc3 = (double)NAN, nc4 = (double)NAN;
    if (!(p.lambda > 0))
        p.lambda = 1 / (double)c->n_labelled;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "weights", c->count * g->d, sizeof(double), &p.weights));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "weights", c->count, sizeof(double), &p.bias));
    if (g->options.weights)
        CONCEPTDEC_I_TRY(take_given(arena, &p));
    else if (c->is_apart)
        CONCEPTDEC_I_TRY(fit(&p));
    if (c->is_apart) {
        nc3 = distance(p.weights, c->offset, c->count * g->d);
        CONCEPTDEC_I_TRY(find_nc4(arena, &p, &nc4));
    }
    return tell(&p, nc3, nc4);
}

conceptdec_status
conceptdec_i_geometry_probe(conceptdec_i_geometry *g)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = measure(&arena, g);
    conceptdec_i_arena_close(&arena);
    return status;
}
