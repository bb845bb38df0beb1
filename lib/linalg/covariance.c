/* Rows are centred in the type of the products as they are packed; scale, divisor and what the mean loses by rounding
 * are made good on the vectors, in double. */
#include "linalg/covariance.h"

#include <math.h>
#include <string.h>

#include "linalg/tiles.h"

int
conceptdec_i_covariance_precision(const conceptdec_i_krylov_problem *problem)
{
    bool is_wide = problem->is_wide || !problem->rows || problem->rows->dtype == CONCEPTDEC_FLOAT64;
    return is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
}

static conceptdec_status
round_mean(conceptdec_i_arena *arena, conceptdec_i_covariance *covariance)
{
    const conceptdec_i_krylov_problem *problem = covariance->problem;
    void *p[2];
    covariance->rows.center = problem->mean;
    if (!problem->mean || covariance->precision == CONCEPTDEC_I_TILE_F64)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "mean", problem->dims, sizeof(float), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "mean", problem->dims, sizeof(double), &p[1]));
    float *center = p[0];
    covariance->shift = p[1];
    for (int64_t i = 0; i < problem->dims; i++) {
        center[i] = (float)problem->mean[i];
        covariance->shift[i] = problem->mean[i] - (double)center[i];
    }
    covariance->rows.center = center;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_covariance_open(conceptdec_i_arena *arena, const conceptdec_i_krylov_problem *problem,
                             conceptdec_i_passes *passes, conceptdec_i_covariance *covariance)
{
    *covariance = (conceptdec_i_covariance){.problem = problem, .passes = passes};
    covariance->precision = conceptdec_i_covariance_precision(problem);
    if (problem->rows) {
        covariance->rows = conceptdec_i_rows_of(problem->rows);
        covariance->rows.row = problem->row;
        covariance->rows.n = problem->row ? problem->n : problem->rows->rows;
        return round_mean(arena, covariance);
    }
    covariance->rows = (conceptdec_i_rows){
        .data = problem->matrix, .is_wide = true, .dims = problem->dims, .stride = problem->stride, .n = problem->dims};
    return CONCEPTDEC_OK;
}

/* ---- products ---- */

/* What a matrix gives is the product itself. */
static void
store(const conceptdec_i_covariance *covariance, const conceptdec_i_chunk *chunk)
{
    for (int64_t j = 0; j < chunk->columns; j++)
        memcpy(covariance->products + j * covariance->problem->dims + chunk->first,
               (const double *)chunk->values + j * chunk->ld, (size_t)chunk->count * sizeof(double));
}

/* Keeps the largest magnitude, and takes the second share of the scaling. */
static conceptdec_status
observe(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    conceptdec_i_covariance *covariance = argument;
    const double factor = ldexp(1, -covariance->exponent);
    double largest = covariance->largest[chunk->slab];
    (void)lane;
    for (int64_t j = 0; j < chunk->columns; j++)
        for (int64_t i = 0; i < chunk->count; i++) {
            float *narrow = (float *)chunk->values + j * chunk->ld + i;
            double *wide = (double *)chunk->values + j * chunk->ld + i;
            bool is_float = covariance->precision == CONCEPTDEC_I_TILE_F32;
            double value = is_float ? (double)*narrow : *wide;
            largest = fabs(value) > largest ? fabs(value) : largest;
            if (covariance->exponent != 0 && is_float)
                *narrow = (float)(value * factor);
            else if (covariance->exponent != 0)
                *wide = value * factor;
        }
    covariance->largest[chunk->slab] = largest;
    if (!covariance->problem->rows)
        store(covariance, chunk);
    return CONCEPTDEC_OK;
}

static double
factor_of(const conceptdec_i_covariance *covariance, int64_t dim)
{
    const double *scale = covariance->problem->rows ? covariance->problem->scale : NULL;
    return scale ? 1 / scale[dim] : 1;
}

static void
prepare(const conceptdec_i_covariance *covariance, int64_t count, const double *vectors, double *out)
{
    const int64_t dims = covariance->problem->dims;
    const double unit = ldexp(1, -covariance->exponent);
    for (int64_t j = 0; j < count; j++)
        for (int64_t i = 0; i < dims; i++)
            out[j * dims + i] = vectors[j * dims + i] * unit * factor_of(covariance, i);
}

/* What the rounded mean left in the rows has added n shift shift'. */
static void
conclude(const conceptdec_i_covariance *covariance, const double *vector, double *out)
{
    const conceptdec_i_krylov_problem *problem = covariance->problem;
    const double *shift = covariance->shift, unit = ldexp(1, -covariance->exponent);
    double along = 0;
    for (int64_t i = 0; shift && i < problem->dims; i++)
        along += shift[i] * unit * vector[i] * factor_of(covariance, i);
    along *= (double)covariance->rows.n;
    for (int64_t i = 0; i < problem->dims; i++) {
        double value = out[i] - (shift ? along * shift[i] * unit : 0);
        out[i] = value * factor_of(covariance, i) / problem->divisor;
    }
}

/* Whether what came of the first product is so far from 1 that others may leave the range of their type: then by how
 * much. */
static bool
is_far(conceptdec_i_covariance *covariance)
{
    const bool is_float = covariance->precision == CONCEPTDEC_I_TILE_F32;
    const int far = is_float ? 45 : 150, farthest = is_float ? 120 : 1000;
    double largest = 0;
    for (int64_t slab = 0; slab < CONCEPTDEC_I_PASSES_MOST_SLABS; slab++)
        largest = fmax(largest, covariance->largest[slab]);
    if (largest >= ldexp(1, -far) && largest <= ldexp(1, far))
        return false;
    int exponent = largest > 0 && largest < (double)INFINITY ? ilogb(largest) : largest > 0 ? farthest : -farthest;
    exponent = exponent > farthest ? farthest : exponent < -farthest ? -farthest : exponent;
    covariance->exponent = covariance->problem->rows ? exponent : exponent / 2;
    return true;
}

static conceptdec_status
run(conceptdec_i_covariance *covariance, int64_t count, const double *vectors, const double **w, double **g)
{
    memset(covariance->largest, 0, sizeof covariance->largest);
    prepare(covariance, count, vectors, covariance->products);
    return conceptdec_i_passes_run(covariance->passes, &covariance->rows, covariance->precision, count, w,
                                   covariance->problem->rows ? g : NULL, observe, covariance);
}

conceptdec_status
conceptdec_i_covariance_product(conceptdec_i_covariance *covariance, int64_t count, const double *vectors,
                                double *products, const double **w, double **g)
{
    const int64_t dims = covariance->problem->dims;
    covariance->products = products;
    for (int64_t j = 0; j < count; j++)
        w[j] = g[j] = products + j * dims;
    CONCEPTDEC_I_TRY(run(covariance, count, vectors, w, g));
    if (!covariance->is_measured && is_far(covariance))
        CONCEPTDEC_I_TRY(run(covariance, count, vectors, w, g));
    covariance->is_measured = true;
    for (int64_t j = 0; j < count && covariance->problem->rows; j++)
        conclude(covariance, vectors + j * dims, g[j]);
    return CONCEPTDEC_OK;
}
