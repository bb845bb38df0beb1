/* Coordinates along the principal axes of the rows that train: there the preconditioner of every penalty and curvature
 * is diagonal, where triangles take a fifth and more of all multiplications. Finding them pays for many problems. */
#include "probe/logistic.h"

#include "core/whole.h"
#include "linalg/factor.h"
#include "linalg/gram.h"
#include "linalg/tiles.h"

#define SAVED 100          /* products of a fit, about */
#define FINDING 11         /* multiplications in float that eigenvectors take as long as, in r^3 */
#define TURNING 3          /* the same of rows, in n r^2 */
#define MORE 16            /* numbers that eigenvectors take for each dimension, beside matrices */
#define COLUMNS 128        /* axes along which rows are turned at once */
#define MOST_CONDITION 1e9 /* of moments / C + lambda I: beyond it small axes are not right to rounding */

typedef conceptdec_i_logistic logistic;

/* Triangles are in the coordinates that weights are asked for in; credits need none. */
static bool
pays(const logistic *l)
{
    const conceptdec_i_fitting *fitting = l->fitting;
    const double saved = (double)SAVED * (double)fitting->n_problems * (double)conceptdec_i_logistic_carried(l);
    return fitting->credits_only && !l->has_kernel && !l->spectrum &&
           saved > (double)FINDING * (double)l->r + (double)TURNING * (double)fitting->space->n;
}

static int64_t
row_bytes(const logistic *l)
{
    return l->stride * (l->is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float));
}

/* Turned rows stay, beside moments and what their eigenvectors take meanwhile. */
static bool
fits(const logistic *l)
{
    const conceptdec_i_dense rows = conceptdec_i_logistic_rows(l);
    const int64_t doubles = (3 * l->r + MORE) * l->r, kept = rows.n * row_bytes(l);
    const int64_t buffers = conceptdec_i_passes_bytes(l->ctx, l->r, 0, COLUMNS) + rows.n * (int64_t)sizeof(int64_t) +
                            conceptdec_i_gram_bytes(l->ctx, &rows, CONCEPTDEC_I_TILE_F64);
    return kept <= l->memory / 2 && doubles * (int64_t)sizeof(double) + buffers <= l->memory - kept;
}

static double
least_lambda(const conceptdec_i_fitting *fitting)
{
    double least = fitting->problems[0].lambda;
    for (int64_t i = 1; i < fitting->n_problems; i++)
        least = fitting->problems[i].lambda < least ? fitting->problems[i].lambda : least;
    return least;
}

static bool
is_safe(const logistic *l, const double *moments)
{
    double trace = 0;
    for (int64_t i = 0; i < l->r; i++)
        trace += moments[i * l->r + i];
    return l->curvature * trace <= MOST_CONDITION * least_lambda(l->fitting);
}

/* ---- turning rows ---- */

typedef struct {
    const logistic *l;
    void *z;
    int64_t first; /* of the axes */
} turning;

static conceptdec_status
take_coordinates(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const turning *job = argument;
    (void)lane;
    for (int64_t i = 0; i < chunk->count; i++) {
        const double *values = (const double *)chunk->values + i;
        const int64_t at = (chunk->first + i) * job->l->stride + job->first;
        for (int64_t j = 0; j < chunk->columns && job->l->is_wide; j++)
            ((double *)job->z)[at + j] = values[j * chunk->ld];
        for (int64_t j = 0; j < chunk->columns && !job->l->is_wide; j++)
            ((float *)job->z)[at + j] = (float)values[j * chunk->ld];
    }
    return CONCEPTDEC_OK;
}

/* axes: r vectors of r numbers. */
static conceptdec_status
turn_rows(conceptdec_i_arena *scratch, const logistic *l, const double *axes, void *z)
{
    const conceptdec_i_rows rows = {
        .data = l->z, .is_wide = l->is_wide, .dims = l->r, .stride = l->stride, .n = l->fitting->space->n};
    turning job = {.l = l, .z = z};
    conceptdec_i_passes passes;
    const double *columns[COLUMNS];
    CONCEPTDEC_I_TRY(conceptdec_i_passes_open(scratch, l->r, 0, COLUMNS, &passes));
    for (; job.first < l->r; job.first += COLUMNS) {
        const int64_t count = min64(COLUMNS, l->r - job.first);
        for (int64_t j = 0; j < count; j++)
            columns[j] = axes + (job.first + j) * l->r;
        CONCEPTDEC_I_TRY(conceptdec_i_passes_run(&passes, &rows, CONCEPTDEC_I_TILE_F64, count, columns, NULL,
                                                 take_coordinates, &job));
    }
    return CONCEPTDEC_OK;
}

/* ---- the whole ---- */

static conceptdec_status
find(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, logistic *l)
{
    void *moments, *values, *z;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "principal axes", l->r * l->r, sizeof(double), &moments));
    CONCEPTDEC_I_TRY(conceptdec_i_logistic_moments(l, moments));
    if (!is_safe(l, moments))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "principal axes", l->r, sizeof(double), &values));
    CONCEPTDEC_I_TRY(conceptdec_i_eigen(l->ctx, l->r, moments, l->r, values));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "coordinates", l->fitting->space->n, (uint64_t)row_bytes(l), &z));
    CONCEPTDEC_I_TRY(turn_rows(scratch, l, moments, z));
    for (int64_t i = 0; i < l->r; i++)
        ((double *)values)[i] = ((double *)values)[i] > 0 ? ((double *)values)[i] : 0;
    l->z = z;
    l->spectrum = values;
    l->memory -= l->fitting->space->n * row_bytes(l);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_logistic_take_axes(conceptdec_i_arena *arena, logistic *l)
{
    if (!pays(l) || !fits(l))
        return CONCEPTDEC_OK;
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, l->ctx);
    const conceptdec_status status = find(arena, &scratch, l);
    conceptdec_i_arena_close(&scratch);
    return status == CONCEPTDEC_EUNSUPPORTED ? CONCEPTDEC_OK : status; /* without LAPACK */
}
