/* How often rows are neighbours of others, and the same for Gaussian rows of the same shape: concentration of
 * distances alone makes hubs, and only what is beyond that is a property of the data. */
#include <math.h>
#include <string.h>

#include "geometry/geometry.h"
#include "linalg/engine.h"

enum { SCORES = 4, ROWS = 64 };

typedef struct {
    double skew, robin_hood, antihubs, hubs;
} scores;

/* Counts about their mean, which is k. */
static scores
score(const int64_t *count, int64_t n, int64_t k)
{
    double squares = 0, cubes = 0;
    int64_t apart = 0, anti = 0, hubs = 0;
    for (int64_t i = 0; i < n; i++) {
        double off = (double)(count[i] - k);
        squares += off * off;
        cubes += off * off * off;
        apart += count[i] > k ? count[i] - k : k - count[i];
        anti += count[i] == 0;
        hubs += count[i] >= 2 * k;
    }
    double variance = squares / (double)n;
    return (scores){.skew = variance > 0 ? cubes / (double)n / (variance * sqrt(variance)) : 0,
                    .robin_hood = (double)apart / (2 * (double)n * (double)k),
                    .antihubs = (double)anti / (double)n,
                    .hubs = (double)hubs / (double)n};
}

static scores
score_table(const conceptdec_i_geometry *g, const int64_t *indices, int64_t stride, int64_t *count)
{
    memset(count, 0, (size_t)g->n * sizeof *count);
    for (int64_t i = 0; i < g->n; i++)
        for (int64_t j = 0; j < g->options.hub_k; j++)
            count[indices[i * stride + j]]++;
    return score(count, g->n, g->options.hub_k);
}

/* ---- Gaussian rows ---- */

typedef struct {
    const conceptdec_i_geometry *g;
    int64_t draw;
    float *rows;
} drawing;

static conceptdec_status
draw_task(void *argument, int64_t task, int lane)
{
    const drawing *w = argument;
    const int64_t n = w->g->n, d = w->g->d;
    (void)lane;
    for (int64_t i = task * ROWS; i < task_end(task, ROWS, n); i++) {
        conceptdec_i_rng rng;
        double pair[2];
        float *row = w->rows + i * d;
        conceptdec_i_rng_start(&rng, w->g->options.seed, CONCEPTDEC_I_RNG_REFERENCE, (uint64_t)(w->draw * n + i));
        for (int64_t j = 0; j < d; j += 2) {
            conceptdec_i_rng_normal(&rng, pair);
            row[j] = (float)pair[0];
            if (j + 1 < d)
                row[j + 1] = (float)pair[1];
        }
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
score_reference(drawing *w, int64_t *count, scores *out)
{
    const conceptdec_i_geometry *g = w->g;
    const conceptdec_matrix view = {.data = w->rows,
                                    .rows = g->n,
                                    .cols = g->d,
                                    .row_stride = 4 * g->d,
                                    .col_stride = 4,
                                    .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_i_geometry_distances distances;
    conceptdec_neighbors *table = NULL;
    conceptdec_array indices;
    conceptdec_i_stage(g->ctx, "Gaussian rows", ceil_div(g->n, ROWS));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(g->ctx, ceil_div(g->n, ROWS), draw_task, w));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_search(g, &view, g->options.hub_k, &table, &distances));
    conceptdec_status status = conceptdec_neighbors_get(table, CONCEPTDEC_N_INDICES, &indices);
    if (status == CONCEPTDEC_OK)
        *out = score_table(g, indices.data, distances.stride, count);
    else
        status = conceptdec_i_fail(g->ctx, status, "neighbours of Gaussian rows: cannot allocate");
    conceptdec_neighbors_free(table);
    return status;
}

static conceptdec_status
measure_references(conceptdec_i_arena *arena, conceptdec_i_geometry *g, int64_t *count)
{
    drawing w = {.g = g};
    int64_t shape[] = {g->options.references, SCORES};
    double *out;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_allow(g, "a Gaussian reference", 4 * (double)g->n * (double)g->d));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(g->ctx, g->result, CONCEPTDEC_R_HUBNESS_REFERENCE, 2, shape, &out));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "Gaussian rows", g->n * g->d, sizeof(float), &w.rows));
    for (w.draw = 0; w.draw < shape[0]; w.draw++) {
        scores s;
        CONCEPTDEC_I_TRY(score_reference(&w, count, &s));
        memcpy(out + w.draw * SCORES, (const double[]){s.skew, s.robin_hood, s.antihubs, s.hubs},
               sizeof(double[SCORES]));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_hubness(conceptdec_i_geometry *g, const int64_t *indices, int64_t stride)
{
    int64_t *count;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(g->arena, "hubs", g->n, sizeof(int64_t), &count));
    scores s = score_table(g, indices, stride, count);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_HUBNESS_SKEW, s.skew));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_ROBIN_HOOD, s.robin_hood));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_ANTIHUB_SHARE, s.antihubs));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_HUB_SHARE, s.hubs));
    if (g->options.references == 0)
        return CONCEPTDEC_OK;
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = measure_references(&arena, g, count);
    conceptdec_i_arena_close(&arena);
    return status;
}
