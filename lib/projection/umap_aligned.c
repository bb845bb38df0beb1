/* Embeddings of the same samples in several views that advance together, each sample drawn to its places in the views
 * beside (AlignedUMAP of umap-learn). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "projection/umap.h"

#define NAME 32 /* bytes of that of a view */
#define PIECE (1 << 15) /* numbers between two looks at the cancel flag */

/* One view. */
typedef struct view {
    const conceptdec_matrix *x;
    conceptdec_i_graph graph;
    double *start;
    float *places; /* n x columns each */
    conceptdec_i_layout *layout;
} view;

typedef struct aligning {
    conceptdec_i_arena *arena;
    conceptdec_umap_options options;
    const int64_t *labels;
    int64_t n, n_views;
    view *views;
    double curve[2];
    double *scratch; /* 2 n */
    float *anchors;  /* n x columns */
} aligning;

/* ---- each view by itself ---- */

static conceptdec_status
make_graph(aligning *a, view *v)
{
    const int64_t k = conceptdec_i_umap_others(&a->options, a->n);
    conceptdec_neighbors *table;
    conceptdec_i_lists lists;
    conceptdec_i_fuzzy fuzzy;
    CONCEPTDEC_I_TRY(conceptdec_i_umap_neighbors(a->arena->ctx, v->x, NULL, k, a->options.metric, &table));
    conceptdec_status status = conceptdec_i_umap_lists(a->arena->ctx, table, k, &lists);
    if (status == CONCEPTDEC_OK)
        status =
            conceptdec_i_umap_fuzzy(a->arena, &a->options, &lists, a->labels, a->scratch, a->scratch + a->n, &fuzzy);
    conceptdec_neighbors_free(table);
    CONCEPTDEC_I_TRY(status);
    return conceptdec_i_fuzzy_graph(a->arena, &fuzzy, &v->graph);
}

/* Turns the start of a view onto that of the one before. */
static conceptdec_status
turn_start(const aligning *a, const view *before, view *v)
{
    const int64_t columns = a->options.n_components;
    const conceptdec_matrix z = {.data = v->start,
                                 .rows = a->n,
                                 .cols = columns,
                                 .row_stride = 8 * columns,
                                 .col_stride = 8,
                                 .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_matrix reference = z;
    conceptdec_result *turned;
    conceptdec_array array;
    reference.data = before->start;
    CONCEPTDEC_I_TRY(conceptdec_align(a->arena->ctx, &z, &reference, 0, &turned));
    const conceptdec_status status = conceptdec_result_get(turned, CONCEPTDEC_R_TRANSFORMED, &array);
    if (status == CONCEPTDEC_OK)
        memcpy(v->start, array.data, (size_t)(a->n * columns) * sizeof *v->start);
    conceptdec_result_free(turned);
    return status;
}

static conceptdec_status
make_view(aligning *a, int64_t number)
{
    view *v = &a->views[number];
    const int64_t count = a->n * a->options.n_components;
    conceptdec_i_layout_settings settings;
    bool converged;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(a->arena, "views", count, sizeof *v->start, &p));
    v->start = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(a->arena, "views", count, sizeof *v->places, &p));
    v->places = p;
    CONCEPTDEC_I_TRY(make_graph(a, v));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_start(a->arena, &a->options, v->x, &v->graph, v->start, &converged));
    if (number > 0)
        CONCEPTDEC_I_TRY(turn_start(a, v - 1, v));
    conceptdec_i_umap_layout_settings(&a->options, a->curve, a->n, &settings);
    settings.seed += (uint64_t)number;
    settings.is_anchored = true;
    for (int64_t i = 0; i < count; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(a->arena->ctx, i));
        v->places[i] = (float)v->start[i];
    }
    return conceptdec_i_layout_open(a->arena, &v->graph, &settings, v->start, &v->layout);
}

/* ---- all together ---- */

static double
weight_of(int64_t distance)
{
    return exp((double)(1 - distance));
}

/* Some of the numbers of set_anchors. */
static double
set_some_anchors(const aligning *a, int64_t number, int64_t first, int64_t end)
{
    const int64_t window = a->options.window;
    double total = 0;
    memset(a->anchors + first, 0, (size_t)(end - first) * sizeof *a->anchors);
    for (int64_t other = 0; other < a->n_views; other++) {
        const int64_t distance = other > number ? other - number : number - other;
        if (distance == 0 || distance > window)
            continue;
        total += weight_of(distance);
        const float weight = (float)weight_of(distance);
        for (int64_t i = first; i < end; i++)
            a->anchors[i] += weight * a->views[other].places[i];
    }
    for (int64_t i = first; total > 0 && i < end; i++)
        a->anchors[i] /= (float)total;
    return total;
}

/* Where the views beside have each sample, by weight, and the sum of the weights. */
static conceptdec_status
set_anchors(const aligning *a, int64_t number, double *total)
{
    const int64_t count = a->n * a->options.n_components;
    for (int64_t first = 0; first < count; first += PIECE) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(a->arena->ctx, 0));
        *total = set_some_anchors(a, number, first, count - first < PIECE ? count : first + PIECE);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
advance(const aligning *a, const conceptdec_i_layout_settings *settings, int64_t epoch, int64_t number)
{
    view *v = &a->views[number];
    double total = 0;
    CONCEPTDEC_I_TRY(set_anchors(a, number, &total));
    const double together = (double)(2 + settings->n_strangers) * a->options.alignment * total;
    const double pull = fmin(1, conceptdec_i_layout_learning(settings, epoch) * together);
    CONCEPTDEC_I_TRY(conceptdec_i_layout_epoch(v->layout, epoch, pull > 0 ? a->anchors : NULL, pull));
    return conceptdec_i_layout_rows(v->layout, v->places);
}

static conceptdec_status
lay_out(const aligning *a)
{
    conceptdec_i_layout_settings settings;
    conceptdec_i_umap_layout_settings(&a->options, a->curve, a->n, &settings);
    conceptdec_i_stage(a->arena->ctx, "layout",
                       (settings.epochs - 1) * a->n_views * conceptdec_i_layout_work(a->views->layout));
    for (int64_t epoch = 1; epoch < settings.epochs; epoch++)
        for (int64_t number = 0; number < a->n_views; number++)
            CONCEPTDEC_I_TRY(advance(a, &settings, epoch, number));
    return CONCEPTDEC_OK;
}

/* One view of the result. */
static conceptdec_status
copy_places(const aligning *a, const view *v, double *places)
{
    const bool is_start = conceptdec_i_umap_epochs(&a->options, a->n) == 0;
    for (int64_t i = 0; i < a->n * a->options.n_components; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(a->arena->ctx, i));
        places[i] = is_start ? v->start[i] : (double)v->places[i];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_result(const aligning *a, conceptdec_result **result)
{
    const int64_t columns = a->options.n_components, shape[3] = {a->n_views, a->n, columns};
    conceptdec_result *r;
    double *places;
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(a->arena->ctx, "umap_aligned", &r));
    conceptdec_status status =
        conceptdec_i_result_float64(a->arena->ctx, r, CONCEPTDEC_U_EMBEDDING, 3, shape, &places);
    for (int64_t v = 0; v < a->n_views && status == CONCEPTDEC_OK; v++)
        status = copy_places(a, &a->views[v], places + v * a->n * columns);
    if (status == CONCEPTDEC_OK)
        *result = r;
    else
        conceptdec_result_free(r);
    return status;
}

/* ---- arguments ---- */

/* What is wrong with the rows of a view is said with its number. */
static conceptdec_status
check_view(aligning *a, const conceptdec_matrix *given, int64_t number)
{
    const conceptdec_matrix *x = given;
    void *name;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(a->arena, "views", NAME, 1, &name));
    (void)snprintf(name, NAME, "views[%" PRId64 "]", number);
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(a->arena, name, &x));
    if (x->rows != a->n)
        return conceptdec_i_fail(a->arena->ctx, CONCEPTDEC_ESIZE,
                                 "%s: %" PRId64 " rows, but views[0] has %" PRId64, (const char *)name, x->rows, a->n);
    a->views[number].x = given;
    return conceptdec_i_view_finite(a->arena->ctx, name, x);
}

static conceptdec_status
check_views(aligning *a, const conceptdec_matrix *views)
{
    conceptdec_ctx *ctx = a->arena->ctx;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(a->arena, "views", a->n_views, sizeof(view), &p));
    a->views = p;
    a->n = views->rows;
    for (int64_t v = 0; v < a->n_views; v++)
        CONCEPTDEC_I_TRY(check_view(a, &views[v], v));
    if (a->n < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "views: %" PRId64 " row, at least 2 are needed", a->n);
    if (a->n > INT32_MAX - 1024)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "views: %" PRId64 " rows, at most 2147482623", a->n);
    CONCEPTDEC_I_TRY(conceptdec_i_umap_check_rows(a->arena, &a->options, a->n, &a->labels));
    return conceptdec_i_umap_check_memory(ctx, &a->options, a->n, conceptdec_i_umap_others(&a->options, a->n),
                                          a->n_views);
}

static conceptdec_status
align(conceptdec_i_arena *arena, const conceptdec_matrix *views, int64_t n_views, const conceptdec_umap_options *given,
      conceptdec_result **result)
{
    aligning a = {.arena = arena, .n_views = n_views};
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_umap_options(arena->ctx, given, true, &a.options));
    CONCEPTDEC_I_TRY(check_views(&a, views));
    conceptdec_i_umap_curve(a.options.spread, a.options.min_dist, a.curve);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "views", 2 * a.n, sizeof(double), &p));
    a.scratch = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "views", a.n * a.options.n_components, sizeof(float), &p));
    a.anchors = p;
    for (int64_t v = 0; v < n_views; v++)
        CONCEPTDEC_I_TRY(make_view(&a, v));
    CONCEPTDEC_I_TRY(lay_out(&a));
    return make_result(&a, result);
}

conceptdec_status
conceptdec_umap_aligned(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views,
                        const conceptdec_umap_options *options, conceptdec_result **result)
{
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!views || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", views ? "result" : "views");
    if (n_views < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_views: %" PRId64 ", must be 1 or more", n_views);
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_status status = align(&arena, views, n_views, options, result);
    conceptdec_i_arena_close(&arena);
    return status;
}
