/* TwoNN of ever smaller samples: rows in one random order, of which halves, quarters and so on are searched, each by
 * itself. Their rows come from a reader, so that nothing is copied whole. */
#include <math.h>
#include <string.h>

#include "geometry/geometry.h"
#include "linalg/engine.h"

#define LEAST_SAMPLES 20

/* Rows order[0..] of the matrix. */
typedef struct {
    const conceptdec_matrix *x; /* opened */
    const int32_t *order;
} subset;

typedef struct {
    conceptdec_i_geometry *g;
    int32_t *order;
    double *logs, *values;
    double *mean, *error; /* per level */
    int64_t *samples, *n_values;
} curve;

static const char *
row_of(const conceptdec_matrix *x, int64_t row)
{
    if (conceptdec_i_view_is_read(x))
        return conceptdec_i_source_row((conceptdec_i_source *)(uintptr_t)x->data, row);
    return conceptdec_i_at(x, row, 0);
}

static int32_t
read_subset(void *user, int64_t first, int64_t count, void *rows)
{
    const subset *s = user;
    const int64_t size = conceptdec_i_dtype_size(s->x->dtype), d = s->x->cols;
    const bool is_read = conceptdec_i_view_is_read(s->x);
    const int64_t step = is_read ? size : s->x->col_stride;
    char *out = rows;
    for (int64_t i = first; i < first + count; i++, out += d * size) {
        const char *in = row_of(s->x, s->order[i]);
        if (!in)
            return 1;
        if (step == size)
            memcpy(out, in, (size_t)(d * size));
        for (int64_t j = 0; step != size && j < d; j++)
            memcpy(out + j * size, in + j * step, (size_t)size);
    }
    return 0;
}

static conceptdec_status
search_subset(const curve *c, const int32_t *order, int64_t m, double *dimension)
{
    const conceptdec_i_geometry *g = c->g;
    subset s = {.x = g->x, .order = order};
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = read_subset, .user = &s};
    const conceptdec_matrix view = {
        .data = &reader, .rows = m, .cols = g->d, .dtype = g->x->dtype, .flags = CONCEPTDEC_MATRIX_READER};
    conceptdec_i_geometry_distances distances;
    conceptdec_neighbors *table = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_search(g, &view, 2, &table, &distances));
    *dimension = conceptdec_i_geometry_twonn_ml(c->logs, conceptdec_i_geometry_ratios(&distances, c->logs));
    conceptdec_neighbors_free(table);
    return CONCEPTDEC_OK;
}

/* Mean and its standard error of those that are defined. */
static void
conclude(curve *c, int64_t level, int64_t count)
{
    int64_t m = 0;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++)
        if (!isnan(c->values[i]))
            c->values[m++] = c->values[i];
    for (int64_t i = 0; i < m; i++)
        sum += c->values[i];
    c->mean[level] = m > 0 ? sum / (double)m : (double)NAN;
    for (int64_t i = 0; i < m; i++)
        squares += (c->values[i] - c->mean[level]) * (c->values[i] - c->mean[level]);
    c->error[level] = m > 1 ? sqrt(squares / (double)(m - 1) / (double)m) : (double)NAN;
    c->n_values[level] = m;
}

static int64_t
count_levels(int64_t n)
{
    int64_t levels = 1;
    while (n >> levels >= LEAST_SAMPLES)
        levels++;
    return levels;
}

static conceptdec_status
take(curve *c, int64_t levels)
{
    conceptdec_i_geometry *g = c->g;
    conceptdec_i_rng rng;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "order of rows", g->n, sizeof(int32_t), &c->order));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "ratios of distances", g->n, sizeof(double), &c->logs));
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_take(g->arena, "dimensions", INT64_C(1) << (levels - 1), sizeof(double), &c->values));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(g->ctx, g->result, CONCEPTDEC_R_TWONN_CURVE, 1, &levels, &c->mean));
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_float64(g->ctx, g->result, CONCEPTDEC_R_TWONN_CURVE_SE, 1, &levels, &c->error));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(g->ctx, g->result, CONCEPTDEC_R_CURVE_SAMPLES, 1, &levels, &c->samples));
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_int64(g->ctx, g->result, CONCEPTDEC_R_TWONN_CURVE_N, 1, &levels, &c->n_values));
    for (int64_t i = 0; i < g->n; i++)
        c->order[i] = (int32_t)i;
    conceptdec_i_rng_start(&rng, g->options.seed, CONCEPTDEC_I_RNG_DECIMATION, 0);
    conceptdec_i_rng_shuffle(&rng, c->order, g->n);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_curve(conceptdec_i_geometry *g, const conceptdec_i_geometry_distances *distances)
{
    curve c = {.g = g};
    int64_t levels = count_levels(g->n);
    CONCEPTDEC_I_TRY(take(&c, levels));
    for (int64_t level = 0; level < levels; level++) {
        int64_t count = INT64_C(1) << level, m = g->n >> level;
        c.samples[level] = m;
        if (level == 0)
            c.values[0] = conceptdec_i_geometry_twonn_ml(c.logs, conceptdec_i_geometry_ratios(distances, c.logs));
        for (int64_t i = 0; level > 0 && i < count; i++)
            CONCEPTDEC_I_TRY(search_subset(&c, c.order + i * m, m, &c.values[i]));
        conclude(&c, level, count);
    }
    return CONCEPTDEC_OK;
}
