/* What needs second moments of labelled rows: how much of the total scatter lies between classes, and how many
 * dimensions each class fills. */
#include <math.h>
#include <string.h>

#include "geometry/geometry.h"
#include "linalg/apply.h"
#include "linalg/block_gram.h"
#include "linalg/engine.h"
#include "linalg/factor.h"

#define ROUNDING 0x1p-94 /* of squares, in units */

typedef conceptdec_i_geometry_between between;

/* ---- total scatter ---- */

/* St = B'B, row i of B being that of sample i less the mean of the class means, divided by sqrt(C n_c). */
typedef struct {
    const conceptdec_i_geometry *g;
    bool by_columns; /* B B' */
    int64_t side;
    double *matrix, *values; /* its eigenvectors, one row each; eigenvalues ascending */
    double *shift, *factor;  /* d */
    double *weight;          /* per labelled row */
} total;

static conceptdec_status
take(conceptdec_i_arena *arena, total *t)
{
    const conceptdec_i_geometry *g = t->g;
    double side = (double)t->side,
           block = (double)conceptdec_i_block_gram_bytes(g->classes.n_labelled, g->d, t->by_columns, true);
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_allow(g, "vci", 8 * side * side + fmax(2.1 * 8 * side * side + 8 * 64 * side, block)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", t->side * t->side, sizeof(double), &t->matrix));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", t->side, sizeof(double), &t->values));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", g->d, sizeof(double), &t->shift));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", g->d, sizeof(double), &t->factor));
    return conceptdec_i_geometry_take(arena, "scatter", g->classes.n_labelled, sizeof(double), &t->weight);
}

static conceptdec_status
decompose(total *t)
{
    const conceptdec_i_geometry *g = t->g;
    const conceptdec_i_geometry_classes *c = &g->classes;
    for (int64_t j = 0; j < g->d; j++) {
        t->shift[j] = g->columns.mean[j] + c->grand[j] * g->unit;
        t->factor[j] = 1 / g->unit;
    }
    for (int64_t i = 0; i < c->n_labelled; i++)
        t->weight[i] = 1 / sqrt((double)c->count * (double)c->size[c->label[c->order[i]]]);
    const conceptdec_i_blocks blocks = {.ctx = g->ctx,
                                        .x = g->x,
                                        .shift = t->shift,
                                        .factor = t->factor,
                                        .is_wide = true,
                                        .row = c->order,
                                        .n = c->n_labelled,
                                        .weight = t->weight};
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram(g->ctx, &blocks, t->by_columns, t->matrix));
    CONCEPTDEC_I_TRY(conceptdec_i_gram_complete(g->ctx, t->matrix, t->side, t->side));
    conceptdec_i_stage(g->ctx, "total scatter", 1);
    CONCEPTDEC_I_TRY(conceptdec_i_poll(g->ctx, 0));
    return conceptdec_i_eigen(g->ctx, t->side, t->matrix, t->side, t->values);
}

/* Whether eigenvalue q of St is more than rounding. */
static bool
counts(const total *t, int64_t q)
{
    double floor = (double)max64(t->g->classes.n_labelled, t->g->d) * 0x1p-52;
    return t->values[q] > floor * t->values[t->side - 1];
}

/* sum over k, q of values[k]^2 / C (q v_k)^2 / the q-th eigenvalue. */
static conceptdec_status
capture_dimensions(conceptdec_i_arena *arena, const total *t, const between *b, double *trace)
{
    const conceptdec_i_geometry *g = t->g;
    const conceptdec_i_dense vectors = {.data = t->matrix, .n = g->d, .dims = g->d, .stride = g->d, .is_wide = true};
    double *along, sum = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", b->rank * g->d, sizeof(double), &along));
    const conceptdec_i_applying a = {.rows = &vectors,
                                     .n = g->d,
                                     .columns = b->rank,
                                     .w = b->directions,
                                     .ldw = g->d,
                                     .out = along,
                                     .ldo = g->d,
                                     .precision = CONCEPTDEC_I_TILE_F64};
    CONCEPTDEC_I_TRY(conceptdec_i_apply(g->ctx, &a));
    for (int64_t k = 0; k < b->rank; k++)
        for (int64_t q = 0; q < g->d; q++) {
            double part = b->values[k] * along[k * g->d + q];
            sum += counts(t, q) ? part * part / t->values[q] / (double)g->classes.count : 0;
        }
    *trace = sum;
    return CONCEPTDEC_OK;
}

/* The offsets are B' H, column c of H being sqrt(C / n_c) in the rows of class c, and Sb = B' H H' B / C: so tr(St^+
 * Sb_k) is the squared length of what is left of H u_k / sqrt(C) in the space of the eigenvectors, u_k[c] =
 * along[k][c] / values[k]. */
static conceptdec_status
capture_rows(conceptdec_i_arena *arena, const total *t, const between *b, double *trace)
{
    const conceptdec_i_geometry_classes *c = &t->g->classes;
    double *sums, all = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", c->count, sizeof(double), &sums));
    for (int64_t q = 0; q < t->side; q++) {
        const double *vector = t->matrix + q * t->side;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(t->g->ctx, 0));
        if (!counts(t, q))
            continue;
        for (int64_t k = 0; k < c->count; k++) {
            sums[k] = 0;
            for (int64_t i = c->start[k]; i < c->start[k + 1]; i++)
                sums[k] += vector[i] / sqrt((double)c->size[k]);
        }
        for (int64_t k = 0; k < b->rank; k++) {
            double product = 0;
            for (int64_t l = 0; l < c->count; l++)
                product += b->along[k * c->count + l] / b->values[k] * sums[l];
            all += product * product;
        }
    }
    *trace = all;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_captured(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, const between *b,
                               double *trace)
{
    total t = {.g = g, .by_columns = g->classes.n_labelled < g->d, .side = min64(g->classes.n_labelled, g->d)};
    CONCEPTDEC_I_TRY(take(arena, &t));
    CONCEPTDEC_I_TRY(decompose(&t));
    return t.by_columns ? capture_rows(arena, &t, b, trace) : capture_dimensions(arena, &t, b, trace);
}

/* ---- participation ratio of each class ---- */

typedef struct {
    const conceptdec_i_geometry *g;
    double *matrix;         /* of the largest side */
    double *shift, *factor; /* d */
} participating;

/* (tr S)^2 / |S|^2 of the sums of products about the class mean; NaN where numbers differ by a rounding at most. */
static double
ratio(const double *matrix, int64_t side, double rounding)
{
    double trace = 0, squares = 0;
    for (int64_t i = 0; i < side; i++)
        trace += matrix[i * side + i];
    for (int64_t i = 0; i < side; i++)
        for (int64_t j = i; j < side; j++) {
            double share = matrix[i * side + j] / trace;
            squares += i == j ? share * share : 2 * share * share;
        }
    return trace > rounding ? 1 / squares : (double)NAN;
}

static conceptdec_status
participate(const participating *p, int64_t k, double *out)
{
    const conceptdec_i_geometry *g = p->g;
    const conceptdec_i_geometry_classes *c = &g->classes;
    const int64_t n = c->size[k], side = min64(n, g->d);
    *out = (double)NAN;
    if (n < 2)
        return CONCEPTDEC_OK;
    for (int64_t j = 0; j < g->d; j++)
        p->shift[j] = g->columns.mean[j] + c->mean[k * g->d + j] * g->unit;
    memset(p->matrix, 0, (size_t)(side * side) * sizeof *p->matrix);
    const conceptdec_i_blocks blocks = {.ctx = g->ctx,
                                        .x = g->x,
                                        .shift = p->shift,
                                        .factor = p->factor,
                                        .is_wide = true,
                                        .row = c->order + c->start[k],
                                        .n = n};
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram(g->ctx, &blocks, n < g->d, p->matrix));
    *out = ratio(p->matrix, side, (double)n * (double)g->d * ROUNDING);
    return CONCEPTDEC_OK;
}

static conceptdec_status
participate_all(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, double *out)
{
    participating p = {.g = g};
    int64_t most = 1;
    for (int64_t k = 0; k < g->classes.count; k++)
        most = max64(most, min64(g->d, g->classes.size[k]));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_allow(g, "participation ratios",
                                                 8 * (double)most * (double)most +
                                                     (double)conceptdec_i_block_gram_bytes(g->n, g->d, false, true)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", most * most, sizeof(double), &p.matrix));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", g->d, sizeof(double), &p.shift));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", g->d, sizeof(double), &p.factor));
    for (int64_t j = 0; j < g->d; j++)
        p.factor[j] = 1 / g->unit;
    for (int64_t k = 0; k < g->classes.count; k++)
        CONCEPTDEC_I_TRY(participate(&p, k, out + k));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_participation(conceptdec_i_geometry *g)
{
    double *out;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(g->ctx, g->result, CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT, 1,
                                                 &g->classes.count, &out));
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = participate_all(&arena, g, out);
    conceptdec_i_arena_close(&arena);
    return status;
}
