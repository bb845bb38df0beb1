/* Classes: which rows they have, their means, how far rows lie from them, and what follows from that alone. */
#include <math.h>

#include "geometry/geometry.h"
#include "kernels/kernels.h"
#include "linalg/apply.h"
#include "linalg/distances.h"
#include "linalg/engine.h"
#include "stats/class_means.h"
#include "stats/groups.h"
#include "stats/samples.h"

enum { ROWS = 64, PIECE = 64 };
#define ROUNDING 0x1p-94 /* of squares: 2^-47 of lengths */

/* ---- labels ---- */

static conceptdec_status
take_labels(conceptdec_i_geometry *g)
{
    conceptdec_i_geometry_classes *c = &g->classes;
    int64_t *values, most = g->options.classes > 0 ? g->options.classes : INT32_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_samples_column(g->arena, "labels", g->given_labels, g->n, &values));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "labels", g->n, sizeof(int32_t), &c->label));
    for (int64_t i = 0; i < g->n; i++) {
        if (values[i] < -1 || values[i] >= most)
            return conceptdec_i_fail(g->ctx, CONCEPTDEC_ELABEL, "labels: %lld at row %lld is not in -1..%lld",
                                     (long long)values[i], (long long)i, (long long)(most - 1));
        c->label[i] = (int32_t)values[i];
        c->n_labelled += values[i] >= 0;
    }
    if (c->n_labelled == 0)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_ETOOFEW, "labels: no row has one, all are -1");
    c->count = g->options.classes;
    return c->count > 0 ? CONCEPTDEC_OK : conceptdec_i_samples_infer(g->ctx, values, g->n, &c->count);
}

static conceptdec_status
sort_rows(conceptdec_i_geometry *g)
{
    conceptdec_i_geometry_classes *c = &g->classes;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "classes", c->count, sizeof(int64_t), &c->size));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_list(g->arena, g->n, c->label, c->count, &c->start, &c->order));
    c->is_defined = c->count > 1;
    for (int64_t k = 0; k < c->count; k++) {
        c->size[k] = c->start[k + 1] - c->start[k];
        c->n_present += c->size[k] > 0;
        c->is_defined &= c->size[k] > 1;
    }
    return CONCEPTDEC_OK;
}

/* ---- means ---- */

static conceptdec_status
find_means(conceptdec_i_arena *arena, conceptdec_i_geometry *g)
{
    conceptdec_i_geometry_classes *c = &g->classes;
    const int64_t d = g->d;
    conceptdec_i_stage(g->ctx, "class means", 1);
    CONCEPTDEC_I_TRY(
        conceptdec_i_class_means_about(arena, g->x, NULL, g->n, c->label, c->count, g->columns.mean, c->mean, c->size));
    for (int64_t i = 0; i < c->count * d; i++)
        c->mean[i] /= g->unit;
    for (int64_t k = 0; k < c->count; k++)
        for (int64_t j = 0; c->size[k] > 0 && j < d; j++)
            c->grand[j] += c->mean[k * d + j] / (double)c->n_present;
    for (int64_t k = 0; k < c->count; k++) {
        double square = 0;
        for (int64_t j = 0; j < d; j++) {
            c->offset[k * d + j] = c->mean[k * d + j] - c->grand[j];
            square += c->offset[k * d + j] * c->offset[k * d + j];
        }
        c->between += c->size[k] > 0 ? square / (double)c->n_present : 0;
    }
    return CONCEPTDEC_OK;
}

/* ---- distances from the means ---- */

typedef struct {
    const conceptdec_i_geometry *g;
    double *square; /* per labelled row, in the order of the classes */
    double *row;    /* per lane */
} scattering;

static conceptdec_status
scatter_task(void *argument, int64_t task, int lane)
{
    const scattering *s = argument;
    const conceptdec_i_geometry *g = s->g;
    const conceptdec_i_geometry_classes *c = &g->classes;
    double *row = s->row + lane * g->d;
    for (int64_t k = task * ROWS; k < task_end(task, ROWS, c->n_labelled); k++) {
        const double *mean = c->mean + c->label[c->order[k]] * g->d, *centre = g->columns.mean;
        double sum = 0;
        conceptdec_i_view_widen(g->ctx->kernels, g->x, c->order[k], 0, g->d, row);
        for (int64_t j = 0; j < g->d; j++) {
            double off = (row[j] - centre[j]) / g->unit - mean[j];
            sum += off * off;
        }
        s->square[k] = sum;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_scatter(conceptdec_i_arena *arena, conceptdec_i_geometry *g)
{
    conceptdec_i_geometry_classes *c = &g->classes;
    scattering s = {.g = g};
    int64_t tasks = ceil_div(c->n_labelled, ROWS);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", c->n_labelled, sizeof(double), &s.square));
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_take(arena, "scatter", conceptdec_i_lanes(g->ctx) * g->d, sizeof(double), &s.row));
    conceptdec_i_stage(g->ctx, "scatter", tasks);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, tasks, scatter_task, &s));
    for (int64_t k = 0; k < c->count; k++) {
        double sum = 0;
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++)
            sum += s.square[i];
        c->within += c->size[k] > 0 ? sum / (double)c->size[k] / (double)c->n_present : 0;
    }
    return CONCEPTDEC_OK;
}

/* ---- Fisher, NC2 ---- */

/* Equal rows have a mean that is off by a rounding. */
static bool
is_there(double part, double other)
{
    return part > ROUNDING * (part + other);
}

static double
fisher(const conceptdec_i_geometry_classes *c)
{
    return c->is_defined && is_there(c->within, c->between) ? c->between / c->within : (double)NAN;
}

/* Standard deviation over mean. */
static double
variation(const double *v, int64_t n)
{
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        mean += v[i] / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    return mean > 0 ? sqrt(squares / (double)n) / mean : (double)NAN;
}

/* Class means of length 1, and their lengths. */
static bool
normalise(const conceptdec_i_geometry *g, double *directions, double *norms)
{
    bool is_defined = true;
    for (int64_t k = 0; k < g->classes.count; k++) {
        const double *offset = g->classes.offset + k * g->d;
        double unit = conceptdec_i_unit(conceptdec_i_largest_of(offset, g->d)), square = 0;
        for (int64_t j = 0; j < g->d; j++)
            square += offset[j] / unit * (offset[j] / unit);
        for (int64_t j = 0; j < g->d && square > 0; j++)
            directions[k * g->d + j] = offset[j] / unit / sqrt(square);
        norms[k] = sqrt(square) * unit;
        is_defined &= square > 0;
    }
    return is_defined;
}

/* Mean of |cosine + 1 / (C - 1)| over pairs; a piece of the classes at a time against all. */
static conceptdec_status
find_angles(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, const double *directions, double *mean)
{
    const int64_t count = g->classes.count;
    double *products, sum = 0;
    const conceptdec_i_dense all = {.data = directions, .n = count, .dims = g->d, .stride = g->d, .is_wide = true};
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_take(arena, "cosines", min64(PIECE, count) * count, sizeof(double), &products));
    conceptdec_i_stage(g->ctx, "cosines", 1);
    for (int64_t first = 0; first < count; first += PIECE) {
        const conceptdec_i_applying a = {.rows = &all,
                                         .n = count,
                                         .columns = min64(PIECE, count - first),
                                         .w = directions + first * g->d,
                                         .ldw = g->d,
                                         .out = products,
                                         .ldo = count,
                                         .precision = CONCEPTDEC_I_TILE_F64};
        CONCEPTDEC_I_TRY(conceptdec_i_apply(g->ctx, &a));
        for (int64_t k = 0; k < a.columns; k++)
            for (int64_t i = 0; i < count; i++)
                if (i != first + k)
                    sum += fabs(products[k * count + i] + 1 / (double)(count - 1));
    }
    *mean = sum / ((double)count * (double)(count - 1));
    return CONCEPTDEC_OK;
}

static conceptdec_status
put_equiangular(conceptdec_i_arena *arena, const conceptdec_i_geometry *g)
{
    const conceptdec_i_geometry_classes *c = &g->classes;
    double *directions, *norms, angles = (double)NAN, lengths = (double)NAN;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "class means", c->count * g->d, sizeof(double), &directions));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "class means", c->count, sizeof(double), &norms));
    if (c->is_apart && normalise(g, directions, norms))
        CONCEPTDEC_I_TRY(find_angles(arena, g, directions, &angles));
    if (c->is_apart)
        lengths = variation(norms, c->count);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_NC2, angles));
    return conceptdec_i_geometry_put(g, CONCEPTDEC_R_NC2_NORMS, lengths);
}

static conceptdec_status
measure(conceptdec_i_arena *arena, conceptdec_i_geometry *g)
{
    CONCEPTDEC_I_TRY(find_means(arena, g));
    CONCEPTDEC_I_TRY(find_scatter(arena, g));
    g->classes.is_apart = g->classes.is_defined && is_there(g->classes.between, g->classes.within);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_FISHER, fisher(&g->classes)));
    return put_equiangular(arena, g);
}

conceptdec_status
conceptdec_i_geometry_classes_open(conceptdec_i_geometry *g)
{
    conceptdec_i_geometry_classes *c = &g->classes;
    conceptdec_i_arena arena;
    int64_t size, *counts;
    CONCEPTDEC_I_TRY(take_labels(g));
    if (!conceptdec_i_mul(c->count, g->d, &size))
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EOVERFLOW, "classes: %lld means of %lld dimensions are too many",
                                 (long long)c->count, (long long)g->d);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_allow(g, "class means", 4.0 * 8 * (double)size));
    CONCEPTDEC_I_TRY(sort_rows(g));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "class means", size, sizeof(double), &c->mean));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "class means", size, sizeof(double), &c->offset));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "class means", g->d, sizeof(double), &c->grand));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(g->ctx, g->result, CONCEPTDEC_R_CLASS_COUNT, 1, &c->count, &counts));
    for (int64_t k = 0; k < c->count; k++)
        counts[k] = c->size[k];
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = measure(&arena, g);
    conceptdec_i_arena_close(&arena);
    return status;
}
