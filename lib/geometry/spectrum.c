/* Eigenvalues: of the covariance, or with fewer rows than dimensions of the products of rows; and of the same
 * without centring, which are those plus what the mean adds, so that the rows are multiplied once. All products are
 * in float64. */
#include <math.h>

#include "geometry/geometry.h"
#include "linalg/block_gram.h"
#include "linalg/engine.h"
#include "linalg/factor.h"
#include "linalg/passes.h"

typedef struct {
    conceptdec_i_geometry *g;
    bool by_columns;
    int64_t side;
    double *matrix;   /* side x side: the upper half stays */
    double *diagonal; /* side */
    double *values;   /* side: ascending */
    double *factor;   /* d */
    double floor;     /* values at or below this share of the largest are rounding */
} spectrum;

/* ---- sums over values, ascending ---- */

/* Those that are not rounding are values[first..]; NaN of none. */
static int64_t
first_above(const spectrum *s)
{
    int64_t first = 0;
    double largest = s->values[s->side - 1];
    while (first < s->side && !(s->values[first] > fmax(0, s->floor * largest)))
        first++;
    return first;
}

/* exp of the entropy of v / sum v. */
static double
spread(const double *v, int64_t n)
{
    double sum = 0, entropy = 0;
    for (int64_t i = 0; i < n; i++)
        sum += v[i];
    for (int64_t i = 0; i < n; i++)
        entropy -= v[i] / sum * log(v[i] / sum);
    return n > 0 ? exp(entropy) : (double)NAN;
}

static double
participation(const double *v, int64_t n)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += v[i] / v[n - 1];
        squares += v[i] / v[n - 1] * (v[i] / v[n - 1]);
    }
    return n > 0 ? sum * sum / squares : (double)NAN;
}

static double
stable(const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += v[i] / v[n - 1];
    return n > 0 ? sum : (double)NAN;
}

/* ---- centred ---- */

static conceptdec_status
take(conceptdec_i_arena *arena, spectrum *s)
{
    const conceptdec_i_geometry *g = s->g;
    double side = (double)s->side;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_allow(
        g, "the spectrum",
        8 * side * side + 64 * 8 * side + (double)conceptdec_i_block_gram_bytes(g->n, g->d, s->by_columns, true)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "spectrum", s->side * s->side, sizeof(double), &s->matrix));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "spectrum", s->side, sizeof(double), &s->diagonal));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "spectrum", s->side, sizeof(double), &s->values));
    return conceptdec_i_geometry_take(arena, "spectrum", g->d, sizeof(double), &s->factor);
}

static conceptdec_status
find_values(const spectrum *s)
{
    conceptdec_ctx *ctx = s->g->ctx;
    conceptdec_i_stage(ctx, "spectrum", 1);
    CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    return conceptdec_i_eigenvalues(ctx, s->side, s->matrix, s->side, s->values);
}

static conceptdec_status
multiply(spectrum *s)
{
    const conceptdec_i_geometry *g = s->g;
    for (int64_t j = 0; j < g->d; j++)
        s->factor[j] = 1 / g->unit;
    const conceptdec_i_blocks blocks = {
        .ctx = g->ctx, .x = g->x, .shift = g->columns.mean, .factor = s->factor, .is_wide = true};
    CONCEPTDEC_I_TRY(conceptdec_i_block_gram(g->ctx, &blocks, s->by_columns, s->matrix));
    for (int64_t i = 0; i < s->side; i++)
        s->diagonal[i] = s->matrix[i * s->side + i];
    return conceptdec_i_gram_complete(g->ctx, s->matrix, s->side, s->side);
}

static conceptdec_status
put_centred(const spectrum *s)
{
    const conceptdec_i_geometry *g = s->g;
    int64_t first = first_above(s), count = s->side - first;
    double *out, *v = s->values + first;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(g->ctx, g->result, CONCEPTDEC_R_SPECTRUM, 1, &s->side, &out));
    for (int64_t i = 0; i < s->side; i++)
        out[i] = fmax(s->values[s->side - 1 - i], 0) / (double)(g->n - 1) * g->unit * g->unit;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put_count(g, CONCEPTDEC_R_NUMERICAL_RANK, count));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_PARTICIPATION_RATIO, participation(v, count)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_EFFECTIVE_RANK, spread(v, count)));
    return conceptdec_i_geometry_put(g, CONCEPTDEC_R_STABLE_RANK, stable(v, count));
}

/* ---- not centred ---- */

typedef struct {
    double *along, unit; /* n */
} projecting;

static conceptdec_status
keep(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const projecting *p = argument;
    const double *values = chunk->values;
    (void)lane;
    for (int64_t i = 0; i < chunk->count; i++)
        p->along[chunk->first + i] = values[i] / p->unit;
    return CONCEPTDEC_OK;
}

/* Products of the centred rows with the mean, in units. */
static conceptdec_status
project(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, const double *mean, double unit, double *along)
{
    conceptdec_i_passes passes;
    conceptdec_i_rows rows = conceptdec_i_rows_of(g->x);
    projecting p = {.along = along, .unit = unit};
    bool is_read = conceptdec_i_view_is_read(g->x);
    rows.center = g->columns.mean;
    CONCEPTDEC_I_TRY(
        (is_read ? conceptdec_i_passes_open_reading : conceptdec_i_passes_open)(arena, g->d, 0, 1, &passes));
    conceptdec_i_stage(g->ctx, "mean", conceptdec_i_passes_slabs(&passes, g->n));
    return conceptdec_i_passes_run(&passes, &rows, CONCEPTDEC_I_TILE_F64, 1, &mean, NULL, keep, &p);
}

/* sum x x' = sum z z' + n m m', and x_i x_j = z_i z_j + z_i m + z_j m + m m for z = x - m. */
static void
add_mean(const spectrum *s, double shrink, const double *mean, const double *along, double square)
{
    double n = (double)s->g->n;
    for (int64_t j = 0; j < s->side; j++)
        for (int64_t i = 0; i <= j; i++) {
            double product = (i == j ? s->diagonal[i] : s->matrix[i * s->side + j]) * shrink * shrink;
            double more = s->by_columns ? along[i] + along[j] + square : n * mean[i] * mean[j];
            s->matrix[j * s->side + i] = product + more;
        }
}

static conceptdec_status
find_uncentred(conceptdec_i_arena *arena, spectrum *s)
{
    const conceptdec_i_geometry *g = s->g;
    double *mean, *along = NULL, largest = 0, square = 0;
    for (int64_t j = 0; j < g->d; j++)
        largest = fmax(largest, fmax(fabs(g->columns.least[j]), fabs(g->columns.largest[j])));
    double unit = conceptdec_i_unit(largest);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "mean", g->d, sizeof(double), &mean));
    for (int64_t j = 0; j < g->d; j++) {
        mean[j] = g->columns.mean[j] / unit;
        square += mean[j] * mean[j];
    }
    if (s->by_columns) {
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "mean", g->n, sizeof(double), &along));
        CONCEPTDEC_I_TRY(project(arena, g, mean, unit, along));
    }
    add_mean(s, g->unit / unit, mean, along, square);
    return find_values(s);
}

static conceptdec_status
measure(conceptdec_i_arena *arena, conceptdec_i_geometry *g)
{
    spectrum s = {.g = g, .by_columns = g->n < g->d, .side = min64(g->n, g->d)};
    s.floor = (double)max64(g->n, g->d) * 0x1p-52;
    CONCEPTDEC_I_TRY(take(arena, &s));
    CONCEPTDEC_I_TRY(multiply(&s));
    CONCEPTDEC_I_TRY(find_values(&s));
    CONCEPTDEC_I_TRY(put_centred(&s));
    CONCEPTDEC_I_TRY(find_uncentred(arena, &s));
    int64_t first = first_above(&s);
    for (int64_t i = first; i < s.side; i++)
        s.values[i] = sqrt(s.values[i]);
    return conceptdec_i_geometry_put(g, CONCEPTDEC_R_RANK_ME, spread(s.values + first, s.side - first));
}

conceptdec_status
conceptdec_i_geometry_spectrum(conceptdec_i_geometry *g)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = measure(&arena, g);
    conceptdec_i_arena_close(&arena);
    return status;
}
