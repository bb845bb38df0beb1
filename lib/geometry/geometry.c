/* conceptdec_geometry(): arguments, the parts in order, the result. */
#include "geometry/geometry.h"

#include <math.h>
#include <string.h>

#include "linalg/engine.h"

/* ---- what parts share ---- */

conceptdec_status
conceptdec_i_geometry_put(const conceptdec_i_geometry *g, const char *name, double value)
{
    double *out;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(g->ctx, g->result, name, 0, NULL, &out));
    *out = value;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_put_count(const conceptdec_i_geometry *g, const char *name, int64_t value)
{
    int64_t *out;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(g->ctx, g->result, name, 0, NULL, &out));
    *out = value;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_take(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size, void *array)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, count, size, &memory));
    memcpy(array, &memory, sizeof memory);
    return CONCEPTDEC_OK;
}

/* ---- neighbours ---- */

conceptdec_status
conceptdec_i_geometry_search(const conceptdec_i_geometry *g, const conceptdec_matrix *x, int64_t k,
                             conceptdec_neighbors **table, conceptdec_i_geometry_distances *distances)
{
    const conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = k, .metric = g->options.metric};
    conceptdec_array array;
    conceptdec_neighbors *made = NULL;
    CONCEPTDEC_I_TRY(conceptdec_neighbors_new(g->ctx, x, NULL, &o, &made));
    conceptdec_status status = conceptdec_neighbors_get(made, CONCEPTDEC_N_DISTANCES, &array);
    if (status != CONCEPTDEC_OK) {
        conceptdec_neighbors_free(made);
        return conceptdec_i_fail(g->ctx, status, "distances of neighbours: cannot allocate");
    }
    *table = made;
    *distances = (conceptdec_i_geometry_distances){.distance = array.data,
                                                   .n = array.shape[0],
                                                   .stride = array.shape[1],
                                                   .is_cosine = g->options.metric == CONCEPTDEC_METRIC_COSINE};
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_table(conceptdec_i_geometry *g, const conceptdec_neighbors *table,
           const conceptdec_i_geometry_distances *distances)
{
    conceptdec_array indices;
    conceptdec_status status = conceptdec_neighbors_get(table, CONCEPTDEC_N_INDICES, &indices);
    if (status != CONCEPTDEC_OK)
        return conceptdec_i_fail(g->ctx, status, "neighbours: cannot allocate");
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_dimension(g, distances));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_hubness(g, indices.data, distances->stride));
    return conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_CURVE) ? CONCEPTDEC_OK
                                                                      : conceptdec_i_geometry_curve(g, distances);
}

conceptdec_status
conceptdec_i_geometry_neighbors(conceptdec_i_geometry *g)
{
    conceptdec_neighbors *table = NULL;
    conceptdec_i_geometry_distances distances;
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_search(g, g->given, max64(g->options.k, g->options.hub_k), &table, &distances));
    conceptdec_status status = read_table(g, table, &distances);
    conceptdec_neighbors_free(table);
    return status;
}

/* ---- the call ---- */

static conceptdec_status
take_arguments(conceptdec_i_geometry *g, const conceptdec_geometry_options *options)
{
    double largest = 0;
    g->x = g->given;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(g->arena, "x", &g->x));
    g->n = g->x->rows;
    g->d = g->x->cols;
    if (g->n < 2)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_ETOOFEW, "x: %lld row, at least 2 are needed", (long long)g->n);
    if (g->n > INT32_MAX)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_ESIZE, "x: %lld rows, at most %d are possible", (long long)g->n,
                                 INT32_MAX);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_options_take(g, options));
    CONCEPTDEC_I_TRY(conceptdec_i_columns_scan(g->arena, "x", g->x, &g->columns));
    for (int64_t j = 0; j < g->d; j++)
        largest =
            fmax(largest, fmax(g->columns.largest[j] - g->columns.mean[j], g->columns.mean[j] - g->columns.least[j]));
    g->unit = conceptdec_i_unit(largest);
    return CONCEPTDEC_OK;
}

static conceptdec_status
measure_classes(conceptdec_i_geometry *g)
{
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_classes_open(g));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_collapse(g));
    if (g->options.weights || !conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_PROBE))
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_probe(g));
    if (!conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_SILHOUETTE))
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_silhouette(g));
    if (g->options.capacity_draws > 0)
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_capacity(g));
    return conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_SPECTRUM) ? CONCEPTDEC_OK
                                                                         : conceptdec_i_geometry_participation(g);
}

static conceptdec_status
execute(conceptdec_i_geometry *g, const conceptdec_geometry_options *options)
{
    CONCEPTDEC_I_TRY(take_arguments(g, options));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(g->ctx, "geometry", &g->result));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_rows(g));
    if (g->given_labels)
        CONCEPTDEC_I_TRY(measure_classes(g));
    if (!conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_SPECTRUM))
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_spectrum(g));
    if (!conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_NEIGHBORS))
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_neighbors(g));
    return conceptdec_i_geometry_options_tell(g);
}

conceptdec_status
conceptdec_geometry(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                    const conceptdec_geometry_options *options, conceptdec_result **result)
{
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "result: is NULL");
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_geometry g = {.ctx = ctx, .arena = &arena, .given = x, .given_labels = labels};
    conceptdec_status status = execute(&g, options);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = g.result;
    else
        conceptdec_result_free(g.result);
    return status;
}
