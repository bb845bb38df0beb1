/* Items sorted by cluster and, within clusters, by place: what the screening meets first is near. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "neighbors/clusters.h"
#include "neighbors/odds.h"

#define SAMPLED CONCEPTDEC_I_TILE_ROWS

/* Points that items are held against, about the mean. */
typedef struct {
    double *shifted; /* n x dims */
    int n;
    int64_t dims;
} points;

typedef struct {
    int64_t items;
    float half_norm[CONCEPTDEC_I_PLACES]; /* of the points, scaled */
    uint8_t *nearest;
    double *along;
} projection;

_Static_assert(CONCEPTDEC_I_PLACES <= UINT8_MAX + 1 && CONCEPTDEC_I_PLACES <= CONCEPTDEC_I_TILE_ROWS / 2,
               "a byte numbers all points, and one tile has them all");

/* ---- products with points ---- */

static conceptdec_status
take_nearest(void *argument, const conceptdec_i_tile *t, int lane)
{
    const projection *p = argument;
    float best[CONCEPTDEC_I_TILE_ROWS];
    int32_t nearest[CONCEPTDEC_I_TILE_ROWS] = {0};
    (void)lane;
    for (int64_t i = 0; i < t->rows; i++)
        best[i] = -INFINITY;
    for (int64_t j = 0; j < t->cols; j++) {
        const float *dots = (const float *)t->dots + j * t->ld, half_norm = p->half_norm[j];
        for (int64_t i = 0; i < t->rows; i++) {
            const float gain = dots[i] - half_norm;
            nearest[i] = gain > best[i] ? (int32_t)j : nearest[i];
            best[i] = gain > best[i] ? gain : best[i];
        }
    }
    for (int64_t i = 0; i < t->rows; i++)
        p->nearest[t->row + i] = (uint8_t)nearest[i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_along(void *argument, const conceptdec_i_tile *t, int lane)
{
    const projection *p = argument;
    const double *dots = t->dots;
    (void)lane;
    for (int64_t j = 0; j < t->cols; j++)
        memcpy(p->along + (t->col + j) * p->items + t->row, dots + j * t->ld, (size_t)t->rows * sizeof *dots);
    return CONCEPTDEC_OK;
}

/* Products of all items with all points, about the mean. */
static conceptdec_status
project(conceptdec_i_arena *arena, const points *to, const conceptdec_i_operand *operand, int precision,
        conceptdec_i_tile_consumer consumer, projection *p)
{
    void *zeros;
    conceptdec_matrix view = {.data = to->shifted, .rows = to->n, .cols = to->dims, .row_stride = 8 * to->dims,
                              .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", to->dims, sizeof(double), &zeros));
    conceptdec_i_operand others = {.view = &view, .n = to->n, .mean = zeros, .scale = operand->scale};
    p->items = operand->n;
    for (int i = 0; i < to->n; i++) {
        const double *point = to->shifted + i * to->dims;
        double norm = sqrt(arena->ctx->kernels->distance_f64(point, zeros, 1.0, to->dims)) * operand->scale;
        p->half_norm[i] = (float)(0.5 * norm * norm);
    }
    return conceptdec_i_tiles_run(arena->ctx, operand, &others, precision, consumer, p);
}

conceptdec_status
conceptdec_i_clusters_project(conceptdec_i_arena *arena, const conceptdec_i_clusters *clusters,
                              const conceptdec_i_operand *operand, double **along)
{
    void *out;
    const points centers = {clusters->shifted, clusters->n, clusters->dims};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", clusters->n * operand->n, sizeof(double), &out));
    projection p = {.along = out};
    *along = out;
    return project(arena, &centers, operand, CONCEPTDEC_I_TILE_F64, take_along, &p);
}

/* ---- order ---- */

typedef struct {
    conceptdec_i_arena *scratch;
    conceptdec_i_operand items; /* in the caller's order */
    uint8_t *nearest;           /* per item, of the points last held against */
    int32_t *order, *other;     /* items, as far as they are sorted; scratch */
} sorting;

static conceptdec_status
start_sorting(const conceptdec_i_survey *survey, const double *mean, const int32_t *rows, int64_t n, double scale,
              sorting *w)
{
    void *p[4];
    w->items = (conceptdec_i_operand){.view = survey->view, .n = n, .row = rows, .mean = mean, .scale = scale};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(w->scratch, "row order", n, 1, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(w->scratch, "row order", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(w->scratch, "row order", n, sizeof(int32_t), &p[2]));
    w->nearest = p[0];
    w->order = p[1];
    w->other = p[2];
    for (int64_t i = 0; i < n; i++)
        w->order[i] = (int32_t)i;
    if (!survey->factor)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(w->scratch, "row factors", n, sizeof(double), &p[3]));
    double *factor = p[3];
    for (int64_t i = 0; i < n; i++)
        factor[i] = survey->factor[rows[i]];
    w->items.factor = factor;
    return CONCEPTDEC_OK;
}

/* By the nearest of the points; items that share it stay as they are. */
static conceptdec_status
sort_by_nearest(sorting *w, const points *to)
{
    int64_t next[CONCEPTDEC_I_PLACES + 1] = {0};
    projection p = {.nearest = w->nearest};
    CONCEPTDEC_I_TRY(project(w->scratch, to, &w->items, CONCEPTDEC_I_TILE_F32, take_nearest, &p));
    for (int64_t i = 0; i < w->items.n; i++)
        next[w->nearest[i] + 1]++;
    for (int i = 0; i < to->n; i++)
        next[i + 1] += next[i];
    for (int64_t i = 0; i < w->items.n; i++)
        w->other[next[w->nearest[w->order[i]]]++] = w->order[i];
    int32_t *sorted = w->other;
    w->other = w->order;
    w->order = sorted;
    return CONCEPTDEC_OK;
}

static conceptdec_status
sort(const conceptdec_i_clusters *clusters, const conceptdec_i_survey *survey, const double *mean, const int32_t *rows,
     int64_t n, double scale, sorting *w)
{
    CONCEPTDEC_I_TRY(start_sorting(survey, mean, rows, n, scale, w));
    if (clusters->n_places > 1)
        CONCEPTDEC_I_TRY(sort_by_nearest(w, &(points){clusters->places, clusters->n_places, clusters->dims}));
    if (clusters->n > 1)
        CONCEPTDEC_I_TRY(sort_by_nearest(w, &(points){clusters->shifted, clusters->n, clusters->dims}));
    return CONCEPTDEC_OK;
}

/* A sample is worth while where limits from it are far nearer than those from as many items that come first. */
static bool
is_sampled(int64_t n, int64_t k)
{
    return n >= 8 * SAMPLED && 2 * conceptdec_i_odds_rank(SAMPLED, k, n) <= k;
}

/* One item at random of each of as many parts of the order. */
static void
put_sample_first(sorting *w)
{
    const int64_t n = w->items.n;
    int64_t rest = SAMPLED;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 0, CONCEPTDEC_I_RNG_SAMPLE, 4);
    for (int64_t part = 0; part < SAMPLED; part++) {
        const int64_t first = part * n / SAMPLED, end = (part + 1) * n / SAMPLED;
        const int64_t chosen = first + (int64_t)conceptdec_i_rng_below(&rng, (uint64_t)(end - first));
        for (int64_t i = first; i < end; i++)
            w->other[i == chosen ? part : rest++] = w->order[i];
    }
    int32_t *sorted = w->other;
    w->other = w->order;
    w->order = sorted;
}

static conceptdec_status
take_arrangement(conceptdec_i_arena *arena, const sorting *w, bool has_clusters, conceptdec_i_arrangement *to)
{
    const int64_t n = w->items.n;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(int32_t), &p));
    to->before = memcpy(p, w->order, (size_t)n * sizeof *w->order);
    for (int64_t i = 0; i < n; i++)
        to->row[i] = w->items.row[w->order[i]];
    if (!has_clusters)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "clusters", n, 1, &p));
    to->cluster = p;
    for (int64_t i = 0; i < n; i++)
        to->cluster[i] = w->nearest[w->order[i]];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_clusters_arrange(conceptdec_i_arena *arena, const conceptdec_i_clusters *clusters,
                              const conceptdec_i_survey *survey, const double *mean, const int32_t *rows, int64_t n,
                              double scale, int64_t k, conceptdec_i_arrangement *arrangement)
{
    void *p;
    *arrangement = (conceptdec_i_arrangement){0};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(int32_t), &p));
    arrangement->row = memcpy(p, rows, (size_t)n * sizeof *rows);
    if (clusters->n == 1 && clusters->n_places < 2)
        return CONCEPTDEC_OK;
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    sorting w = {.scratch = &scratch};
    conceptdec_status status = sort(clusters, survey, mean, rows, n, scale, &w);
    if (status == CONCEPTDEC_OK && clusters->n == 1 && is_sampled(n, k)) {
        put_sample_first(&w);
        arrangement->n_sampled = SAMPLED;
    }
    if (status == CONCEPTDEC_OK)
        status = take_arrangement(arena, &w, clusters->n > 1, arrangement);
    conceptdec_i_arena_close(&scratch);
    return status;
}
