/* Capacity of the manifolds that classes are, and their anchors' radius and dimension (Chung, Lee, Sompolinsky 2018). A
 * manifold meets a Gaussian vector t in the products t S_i alone, so t is drawn in all d dimensions: those outside the
 * span of the S_i change nothing. */
#include <math.h>

#include "geometry/anchors.h"
#include "geometry/geometry.h"
#include "linalg/apply.h"
#include "linalg/engine.h"

#define ROUNDING 0x1p-94 /* of squares, as with the other measures of class means */

typedef struct {
    conceptdec_i_geometry *g;
    conceptdec_i_arena *arena; /* of one class */
    conceptdec_i_manifold manifold;
    conceptdec_i_anchors *lanes;
    const double *vectors; /* draws x d: t; the same for all classes */
    const double *t0;      /* draws */
    double *along;         /* draws x n: t S_i */
    conceptdec_i_anchor *found;
    double *distance; /* draws: mean over the classes */
} measuring;

/* Arrays of the result. */
enum { CAPACITY, RADIUS, DIMENSION, CAPACITY_SE, RADIUS_SE, DIMENSION_SE, ARRAYS };

static const char *const names[ARRAYS] = {
    CONCEPTDEC_R_CAPACITY,    CONCEPTDEC_R_MANIFOLD_RADIUS,    CONCEPTDEC_R_MANIFOLD_DIMENSION,
    CONCEPTDEC_R_CAPACITY_SE, CONCEPTDEC_R_MANIFOLD_RADIUS_SE, CONCEPTDEC_R_MANIFOLD_DIMENSION_SE,
};

/* ---- Gaussian vectors ---- */

typedef struct {
    uint64_t seed;
    int64_t d;
    double *vectors, *t0;
} drawing;

static conceptdec_status
draw_task(void *argument, int64_t task, int lane)
{
    const drawing *w = argument;
    double pair[2];
    conceptdec_i_rng rng;
    (void)lane;
    conceptdec_i_rng_start(&rng, w->seed, CONCEPTDEC_I_RNG_CAPACITY, (uint64_t)task);
    conceptdec_i_rng_normal(&rng, pair);
    w->t0[task] = pair[0];
    for (int64_t j = 0; j < w->d; j += 2) {
        conceptdec_i_rng_normal(&rng, pair);
        w->vectors[task * w->d + j] = pair[0];
        if (j + 1 < w->d)
            w->vectors[task * w->d + j + 1] = pair[1];
    }
    return CONCEPTDEC_OK;
}

/* ---- one class ---- */

/* Its rows about their mean, in units of the length of the centre. */
static void
load(const conceptdec_i_geometry *g, int64_t class, double length, double *points)
{
    const conceptdec_i_geometry_classes *c = &g->classes;
    const double *mean = c->mean + class * g->d, *centre = g->columns.mean;
    for (int64_t i = 0; i < c->size[class]; i++) {
        double *row = points + i * g->d;
        conceptdec_i_view_widen(g->ctx->kernels, g->x, c->order[c->start[class] + i], 0, g->d, row);
        for (int64_t j = 0; j < g->d; j++)
            row[j] = ((row[j] - centre[j]) / g->unit - mean[j]) / length;
    }
}

/* Products of the points with one another, and with all vectors. */
static conceptdec_status
multiply(measuring *m, const double *points)
{
    const conceptdec_i_geometry *g = m->g;
    const int64_t n = m->manifold.n, draws = g->options.capacity_draws;
    const conceptdec_i_dense rows = {.data = points, .n = n, .dims = g->d, .stride = g->d, .is_wide = true};
    double *products;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(m->arena, "capacity", n * n, sizeof(double), &products));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(m->arena, "capacity", draws * n, sizeof(double), &m->along));
    const conceptdec_i_applying own = {.rows = &rows,
                                       .n = n,
                                       .columns = n,
                                       .w = points,
                                       .ldw = g->d,
                                       .out = products,
                                       .ldo = n,
                                       .precision = CONCEPTDEC_I_TILE_F64};
    conceptdec_i_applying others = own;
    others.columns = draws;
    others.w = m->vectors;
    others.out = m->along;
    CONCEPTDEC_I_TRY(conceptdec_i_apply(g->ctx, &own));
    m->manifold.products = products;
    return conceptdec_i_apply(g->ctx, &others);
}

static conceptdec_status
find_task(void *argument, int64_t task, int lane)
{
    const measuring *m = argument;
    return conceptdec_i_anchors_find(&m->manifold, &m->lanes[lane], m->along + task * m->manifold.n, m->t0[task],
                                     &m->found[task]);
}

static conceptdec_status
find_anchors(measuring *m, int64_t class, double length)
{
    conceptdec_i_geometry *g = m->g;
    const int64_t n = g->classes.size[class], lanes = conceptdec_i_lanes(g->ctx);
    double *points;
    m->manifold = (conceptdec_i_manifold){
        .ctx = g->ctx, .n = n, .most = min64(n, g->d + 1), .margin = g->options.capacity_margin};
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(m->arena, "capacity", n * g->d, sizeof(double), &points));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(m->arena, "capacity", lanes, sizeof *m->lanes, &m->lanes));
    for (int64_t i = 0; i < lanes; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_anchors_open(m->arena, &m->manifold, &m->lanes[i]));
    load(g, class, length, points);
    CONCEPTDEC_I_TRY(multiply(m, points));
    return conceptdec_i_parallel(g->ctx, g->options.capacity_draws, find_task, m);
}

/* ---- means over draws ---- */

typedef struct {
    double mean, error;
} estimate;

static estimate
estimate_of(const double *x, int64_t n, int64_t step)
{
    estimate e = {0};
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        e.mean += x[i * step] / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (x[i * step] - e.mean) * (x[i * step] - e.mean);
    e.error = n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : (double)NAN;
    return e;
}

static void
write(const measuring *m, int64_t class, double *const *arrays, double *residual)
{
    const int64_t draws = m->g->options.capacity_draws, step = sizeof *m->found / sizeof(double);
    const estimate distance = estimate_of(&m->found->distance, draws, step);
    const estimate square = estimate_of(&m->found->square, draws, step);
    const estimate along = estimate_of(&m->found->along, draws, step);
    if (distance.mean > 0) {
        arrays[CAPACITY][class] = 1 / distance.mean;
        arrays[CAPACITY_SE][class] = distance.error / (distance.mean * distance.mean);
    }
    arrays[RADIUS][class] = sqrt(square.mean);
    arrays[RADIUS_SE][class] = square.mean > 0 ? square.error / (2 * sqrt(square.mean)) : 0;
    arrays[DIMENSION][class] = along.mean;
    arrays[DIMENSION_SE][class] = along.error;
    for (int64_t i = 0; i < draws; i++) {
        *residual = fmax(*residual, m->found[i].residual);
        m->distance[i] += m->found[i].distance;
    }
}

/* ---- all classes ---- */

/* The length of a centre; 0 where it is that of all classes but for rounding. */
static double
centre_of(const conceptdec_i_geometry *g, int64_t class)
{
    const conceptdec_i_geometry_classes *c = &g->classes;
    double square = 0;
    for (int64_t j = 0; c->size[class] > 0 && j < g->d; j++)
        square += c->offset[class * g->d + j] * c->offset[class * g->d + j];
    return square > ROUNDING * (c->within + c->between) ? sqrt(square) : 0;
}

static conceptdec_status
measure_all(measuring *m, double *const *arrays)
{
    conceptdec_i_geometry *g = m->g;
    const int64_t draws = g->options.capacity_draws;
    double residual = 0;
    int64_t n_found = 0;
    conceptdec_i_stage(g->ctx, "capacity", g->classes.n_present * draws);
    for (int64_t class = 0; class < g->classes.count; class ++) {
        const double length = centre_of(g, class);
        conceptdec_i_arena arena;
        if (length == 0)
            continue;
        conceptdec_i_arena_open(&arena, g->ctx);
        m->arena = &arena;
        conceptdec_status status = find_anchors(m, class, length);
        conceptdec_i_arena_close(&arena);
        if (status != CONCEPTDEC_OK)
            return status;
        write(m, class, arrays, &residual);
        n_found++;
    }
    const estimate all = estimate_of(m->distance, draws, 1);
    const bool is_defined = n_found > 0 && all.mean > 0;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_CAPACITY_MEAN,
                                               is_defined ? (double)n_found / all.mean : (double)NAN));
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_put(g, CONCEPTDEC_R_CAPACITY_MEAN_SE,
                                  is_defined ? (double)n_found * all.error / (all.mean * all.mean) : (double)NAN));
    return conceptdec_i_geometry_put(g, CONCEPTDEC_R_CAPACITY_RESIDUAL, n_found > 0 ? residual : (double)NAN);
}

static conceptdec_status
allow(const conceptdec_i_geometry *g)
{
    const double draws = (double)g->options.capacity_draws, d = (double)g->d;
    int64_t largest = 0;
    for (int64_t k = 0; k < g->classes.count; k++)
        largest = max64(largest, g->classes.size[k]);
    const double n = (double)largest, lanes = (double)conceptdec_i_lanes(g->ctx);
    return conceptdec_i_geometry_allow(g, "capacity",
                                       8 * (draws * (d + n + 6) + n * (d + n)) +
                                           lanes * conceptdec_i_anchors_bytes(largest, min64(largest, g->d + 1)));
}

static conceptdec_status
measure_with(conceptdec_i_arena *arena, measuring *m, double *const *arrays)
{
    const conceptdec_i_geometry *g = m->g;
    const int64_t draws = g->options.capacity_draws;
    drawing w = {.seed = g->options.seed, .d = g->d};
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "capacity", draws * g->d, sizeof(double), &w.vectors));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "capacity", draws, sizeof(double), &w.t0));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "capacity", draws, sizeof *m->found, &m->found));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "capacity", draws, sizeof(double), &m->distance));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, draws, draw_task, &w));
    m->vectors = w.vectors;
    m->t0 = w.t0;
    return measure_all(m, arrays);
}

conceptdec_status
conceptdec_i_geometry_capacity(conceptdec_i_geometry *g)
{
    conceptdec_i_arena arena;
    measuring m = {.g = g};
    double *arrays[ARRAYS];
    CONCEPTDEC_I_TRY(allow(g));
    for (int i = 0; i < ARRAYS; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_result_float64(g->ctx, g->result, names[i], 1, &g->classes.count, &arrays[i]));
        for (int64_t k = 0; k < g->classes.count; k++)
            arrays[i][k] = (double)NAN;
    }
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = measure_with(&arena, &m, arrays);
    conceptdec_i_arena_close(&arena);
    return status;
}
