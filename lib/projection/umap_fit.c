/* A fit of UMAP: neighbours, fuzzy graph, start, layout. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "neighbors/table.h"
#include "projection/umap.h"

enum {
    TASK_ROWS = 256,          /* at most */
    TASK_DISTANCES = 1 << 16, /* some 10 ms */
};

/* Bytes for each sample, and for each of its neighbours: lists, the graph twice over, the spectral start. */
#define SAMPLE_BYTES 192
#define NEIGHBOR_BYTES 128
#define COORDINATE_BYTES 96

#define SMALL 0x1p-64 /* one of so many */

conceptdec_status
conceptdec_i_umap_check_memory(conceptdec_ctx *ctx, const conceptdec_umap_options *options, int64_t n, int64_t k,
                               int64_t views)
{
    int64_t need;
    if (!conceptdec_i_mul(n, SAMPLE_BYTES + k * NEIGHBOR_BYTES + options->n_components * COORDINATE_BYTES, &need) ||
        !conceptdec_i_mul(need, views, &need))
        need = INT64_MAX;
    if (need <= options->memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "memory: %" PRId64 " bytes, but the embedding needs %" PRId64,
                             options->memory, need);
}

/* ---- the graph ---- */

typedef struct grading {
    const conceptdec_i_lists *lists;
    int64_t rows; /* of a task */
    conceptdec_i_membership membership;
    double *weight, *rho, *sigma;
} grading;

static int64_t
listed(const conceptdec_i_lists *lists, int64_t i)
{
    return lists->count[i] < lists->k ? lists->count[i] : lists->k;
}

static conceptdec_status
grade_rows(void *argument, int64_t task, int lane)
{
    const grading *g = argument;
    const int64_t end = (task + 1) * g->rows;
    (void)lane;
    for (int64_t i = task * g->rows; i < end && i < g->lists->n; i++)
        conceptdec_i_membership_row(&g->membership, g->lists->distance + i * g->lists->stride, listed(g->lists, i),
                                    g->weight + i * g->lists->k, &g->rho[i], &g->sigma[i]);
    return CONCEPTDEC_OK;
}

static int64_t
rows_of_task(int64_t k)
{
    const int64_t rows = TASK_DISTANCES / k;
    return rows < 1 ? 1 : rows < TASK_ROWS ? rows : TASK_ROWS;
}

/* Of distances times the factor. */
static conceptdec_status
scaled_mean(conceptdec_ctx *ctx, const conceptdec_i_lists *lists, bool is_self_counted, double factor, double *mean)
{
    double sum = 0, places = 0;
    for (int64_t i = 0; i < lists->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        for (int64_t j = 0; j < listed(lists, i); j++)
            sum += lists->distance[i * lists->stride + j] * factor;
        places += (double)(listed(lists, i) + is_self_counted);
    }
    *mean = places > 0 ? sum / places : 0;
    return CONCEPTDEC_OK;
}

static conceptdec_status
mean_distance(conceptdec_ctx *ctx, const conceptdec_i_lists *lists, bool is_self_counted, double *mean)
{
    CONCEPTDEC_I_TRY(scaled_mean(ctx, lists, is_self_counted, 1, mean));
    if (isfinite(*mean))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(scaled_mean(ctx, lists, is_self_counted, SMALL, mean)); /* the sum was beyond float64 */
    *mean /= SMALL;
    return isfinite(*mean) ? CONCEPTDEC_OK
                           : conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW,
                                               "distances of neighbours are beyond float64; scale the rows down");
}

conceptdec_status
conceptdec_i_umap_fuzzy(conceptdec_i_arena *arena, const conceptdec_umap_options *options,
                        const conceptdec_i_lists *lists, const int64_t *labels, double *rho, double *sigma,
                        conceptdec_i_fuzzy *fuzzy)
{
    const bool is_self_counted = options->flags & CONCEPTDEC_UMAP_SELF_COUNTED;
    const int64_t rows = rows_of_task(lists->k), tasks = (lists->n + rows - 1) / rows;
    grading g = {.lists = lists,
                 .rows = rows,
                 .membership = {.local_connectivity = options->local_connectivity, .is_self_counted = is_self_counted},
                 .rho = rho,
                 .sigma = sigma};
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "graph", lists->n * lists->k, sizeof(double), &p));
    g.weight = p;
    conceptdec_i_stage(arena->ctx, "graph", tasks);
    CONCEPTDEC_I_TRY(mean_distance(arena->ctx, lists, is_self_counted, &g.membership.mean));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(arena->ctx, tasks, grade_rows, &g));
    CONCEPTDEC_I_TRY(conceptdec_i_fuzzy_join(arena, lists, g.weight, options->mix, fuzzy));
    return labels ? conceptdec_i_fuzzy_label(arena, labels, options->target_weight, fuzzy) : CONCEPTDEC_OK;
}

/* ---- neighbours ---- */

conceptdec_status
conceptdec_i_umap_neighbors(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *queries,
                            int64_t k, int32_t metric, conceptdec_neighbors **table)
{
    const conceptdec_neighbors_options options = {.struct_size = sizeof options, .k = k, .metric = metric};
    return conceptdec_neighbors_new(ctx, x, queries, &options, table);
}

static const void *
array_of(const conceptdec_neighbors *table, const char *name, int64_t *width, conceptdec_status *status)
{
    conceptdec_array array = {0};
    const conceptdec_status got = conceptdec_neighbors_get(table, name, &array);
    *status = got != CONCEPTDEC_OK ? got : *status;
    if (width)
        *width = array.shape[1];
    return array.data;
}

conceptdec_status
conceptdec_i_umap_lists(conceptdec_ctx *ctx, const conceptdec_neighbors *table, int64_t k, conceptdec_i_lists *lists)
{
    conceptdec_status status = CONCEPTDEC_OK;
    *lists = (conceptdec_i_lists){.n = table->n_queries, .k = k};
    lists->index = array_of(table, CONCEPTDEC_N_INDICES, &lists->stride, &status);
    lists->distance = array_of(table, CONCEPTDEC_N_DISTANCES, NULL, &status);
    lists->count = array_of(table, CONCEPTDEC_N_COUNT, NULL, &status);
    return status == CONCEPTDEC_OK ? CONCEPTDEC_OK : conceptdec_i_fail(ctx, status, "neighbour lists: no memory");
}

/* ---- the fit ---- */

/* For whoever fills all of it. */
static conceptdec_status
take_array(conceptdec_ctx *ctx, int64_t count, void *where)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "embedding", count, 8, &p));
    memcpy(where, &p, sizeof p);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_umap_take(conceptdec_ctx *ctx, conceptdec_umap *u)
{
    int64_t places;
    if (!conceptdec_i_mul(u->n, u->columns, &places))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "embedding: its size does not fit an address");
    CONCEPTDEC_I_TRY(take_array(ctx, places, &u->embedding));
    CONCEPTDEC_I_TRY(take_array(ctx, u->n_edges, &u->rows));
    CONCEPTDEC_I_TRY(take_array(ctx, u->n_edges, &u->cols));
    CONCEPTDEC_I_TRY(take_array(ctx, u->n_edges, &u->weights));
    CONCEPTDEC_I_TRY(take_array(ctx, u->n, &u->rho));
    CONCEPTDEC_I_TRY(take_array(ctx, u->n, &u->sigma));
    return take_array(ctx, u->n, &u->part);
}

static conceptdec_status
keep_edges(conceptdec_ctx *ctx, const conceptdec_i_fuzzy *fuzzy, conceptdec_umap *u)
{
    for (int64_t i = 0; i < fuzzy->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        for (int64_t e = fuzzy->first[i]; e < fuzzy->first[i + 1]; e++) {
            u->rows[e] = i;
            u->cols[e] = fuzzy->column[e];
            u->weights[e] = fuzzy->weight[e];
        }
    }
    return CONCEPTDEC_OK;
}

static void
keep_options(const conceptdec_umap_options *o, conceptdec_umap *u)
{
    u->columns = o->n_components;
    u->self_counted = (o->flags & CONCEPTDEC_UMAP_SELF_COUNTED) != 0;
    u->metric = o->metric;
    u->epochs = conceptdec_i_umap_epochs(o, u->n);
    u->n_strangers = o->negative_samples;
    u->seed = o->seed;
    u->learning_rate = o->learning_rate;
    u->repulsion = o->repulsion;
    u->local_connectivity = o->local_connectivity;
    conceptdec_i_umap_curve(o->spread, o->min_dist, u->curve);
}

/* Epochs begin at 1: in the first one of umap-learn's nothing is due. */
static conceptdec_status
lay_out(conceptdec_i_arena *arena, const conceptdec_umap_options *o, const conceptdec_i_graph *graph,
        conceptdec_umap *u)
{
    conceptdec_i_layout_settings settings;
    conceptdec_i_layout *layout;
    void *p;
    conceptdec_i_umap_layout_settings(o, u->curve, u->n, &settings);
    if (settings.epochs == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "layout", u->n * u->columns, sizeof(float), &p));
    CONCEPTDEC_I_TRY(conceptdec_i_layout_open(arena, graph, &settings, u->embedding, &layout));
    conceptdec_i_stage(arena->ctx, "layout", (settings.epochs - 1) * conceptdec_i_layout_work(layout));
    for (int64_t epoch = 1; epoch < settings.epochs; epoch++)
        CONCEPTDEC_I_TRY(conceptdec_i_layout_epoch(layout, epoch, NULL, 0));
    const float *places = p;
    CONCEPTDEC_I_TRY(conceptdec_i_layout_rows(layout, p));
    for (int64_t i = 0; i < u->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        for (int64_t c = 0; c < u->columns; c++)
            u->embedding[i * u->columns + c] = (double)places[i * u->columns + c];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
count_short(conceptdec_ctx *ctx, const conceptdec_umap_options *o, const conceptdec_i_lists *lists, conceptdec_umap *u)
{
    const int64_t wanted = o->n_neighbors - u->self_counted;
    for (int64_t i = 0; i < lists->n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        u->n_short += listed(lists, i) < wanted;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_umap_fit(conceptdec_i_arena *arena, const conceptdec_umap_options *o, const conceptdec_matrix *x,
                      const conceptdec_neighbors *table, const int64_t *labels, conceptdec_umap *u)
{
    conceptdec_i_lists lists;
    conceptdec_i_fuzzy fuzzy;
    conceptdec_i_graph graph;
    void *rho, *sigma;
    bool converged;
    u->n = table->n_rows;
    u->dims = table->dims;
    u->n_neighbors = conceptdec_i_umap_others(o, u->n);
    keep_options(o, u);
    CONCEPTDEC_I_TRY(conceptdec_i_umap_lists(arena->ctx, table, u->n_neighbors, &lists));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "graph", u->n, sizeof(double), &rho));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "graph", u->n, sizeof(double), &sigma));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_fuzzy(arena, o, &lists, labels, rho, sigma, &fuzzy));
    u->n_edges = fuzzy.n_edges;
    CONCEPTDEC_I_TRY(conceptdec_i_umap_take(arena->ctx, u));
    memcpy(u->rho, rho, (size_t)u->n * sizeof *u->rho);
    memcpy(u->sigma, sigma, (size_t)u->n * sizeof *u->sigma);
    CONCEPTDEC_I_TRY(count_short(arena->ctx, o, &lists, u));
    CONCEPTDEC_I_TRY(keep_edges(arena->ctx, &fuzzy, u));
    CONCEPTDEC_I_TRY(conceptdec_i_fuzzy_parts(arena, &fuzzy, u->part));
    CONCEPTDEC_I_TRY(conceptdec_i_fuzzy_graph(arena, &fuzzy, &graph));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_start(arena, o, x, &graph, u->embedding, &converged));
    u->converged = converged;
    return lay_out(arena, o, &graph, u);
}
