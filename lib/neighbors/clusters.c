/* Centres by farthest-first traversal of a sample and one step of Lloyd's; nothing depends on them but speed. */
#include "neighbors/clusters.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

#define MOST_SAMPLES 512
#define SAMPLE_VALUES ((int64_t)1 << 22)
#define PROJECTIONS ((int64_t)1 << 22)
#define WORTH 0.5    /* mean squared norm about the centres against that about the mean */
#define DISTINCT 1e-3 /* a new centre lies at least this far (squared, against the mean squared norm) from the others */

typedef struct {
    conceptdec_ctx *ctx;
    int64_t n, dims;
    double *rows;   /* n x dims, about the mean */
    double *near;   /* per row: squared distance to the nearest centre */
    int *nearest;
} sample;

static double
distance2(const sample *s, const double *a, const double *b)
{
    return s->ctx->kernels->distance_f64(a, b, 1.0, s->dims);
}

static conceptdec_status
take_sample(conceptdec_i_arena *arena, const conceptdec_i_survey *survey, const int32_t *rows, int64_t n, sample *s)
{
    int64_t d = survey->view->cols, most = SAMPLE_VALUES / d;
    void *p[3];
    most = most < 64 ? 64 : most > MOST_SAMPLES ? MOST_SAMPLES : most;
    *s = (sample){.ctx = arena->ctx, .n = n < most ? n : most, .dims = d};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", s->n * d, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", s->n, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", s->n, sizeof(int), &p[2]));
    s->rows = p[0];
    s->near = p[1];
    s->nearest = p[2];
    for (int64_t i = 0; i < s->n; i++) {
        int64_t row = rows[i * n / s->n];
        double *out = s->rows + i * d, factor = survey->factor ? survey->factor[row] : 1;
        conceptdec_i_view_widen(arena->ctx->kernels, survey->view, row, 0, d, out);
        for (int64_t c = 0; c < d; c++)
            out[c] = out[c] * factor - survey->mean[c];
    }
    return conceptdec_i_poll(arena->ctx, 0);
}

/* Nearest centre of each sample row; returns the sum of the squared distances. */
static double
assign(sample *s, const double *centers, int n)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        s->near[i] = INFINITY;
        for (int c = 0; c < n; c++) {
            double d2 = distance2(s, s->rows + i * s->dims, centers + c * s->dims);
            if (d2 < s->near[i]) {
                s->near[i] = d2;
                s->nearest[i] = c;
            }
        }
        sum += s->near[i];
    }
    return sum;
}

/* Centres are rows of the sample: after the mean, always the one that lies farthest from those before. */
static int
spread(sample *s, double *centers, int most, double mean2)
{
    int n = 1;
    memset(centers, 0, (size_t)s->dims * sizeof *centers);
    for (; n < most; n++) {
        int64_t far = 0;
        for (int64_t i = 1; i < s->n; i++)
            far = s->near[i] > s->near[far] ? i : far;
        if (!(s->near[far] > DISTINCT * mean2))
            break;
        double *center = memcpy(centers + n * s->dims, s->rows + far * s->dims, (size_t)s->dims * sizeof *centers);
        for (int64_t i = 0; i < s->n; i++)
            s->near[i] = fmin(s->near[i], distance2(s, s->rows + i * s->dims, center));
    }
    return n;
}

/* Moves each centre to the mean of its rows; those without rows are dropped. Returns how many are left. */
static int
step(const sample *s, double *centers, int n)
{
    int kept = 0;
    for (int c = 0; c < n; c++) {
        double *center = centers + kept * s->dims;
        int64_t count = 0;
        memset(center, 0, (size_t)s->dims * sizeof *center);
        for (int64_t i = 0; i < s->n; i++) {
            if (s->nearest[i] != c)
                continue;
            for (int64_t k = 0; k < s->dims; k++)
                center[k] += s->rows[i * s->dims + k];
            count++;
        }
        for (int64_t k = 0; k < s->dims && count > 0; k++)
            center[k] /= (double)count;
        kept += count > 0;
    }
    return kept;
}

static conceptdec_status
take_centers(conceptdec_i_arena *arena, const conceptdec_i_survey *survey, const double *shifted, int n,
             conceptdec_i_clusters *clusters)
{
    int64_t d = survey->view->cols;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", n * d, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", n * n, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", n * d, sizeof(double), &p[2]));
    *clusters = (conceptdec_i_clusters){.n = n, .dims = d, .center = p[0], .apart = p[1], .shifted = p[2]};
    for (int64_t i = 0; i < n * d; i++) {
        clusters->center[i] = shifted[i] + survey->mean[i % d];
        clusters->shifted[i] = clusters->center[i] - survey->mean[i % d];
    }
    for (int c = 0; c < n; c++) {
        double norm2 = 0;
        for (int64_t i = 0; i < d; i++)
            norm2 += clusters->shifted[c * d + i] * clusters->shifted[c * d + i];
        clusters->farthest = fmax(clusters->farthest, norm2);
    }
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++)
            clusters->apart[a * n + b] = arena->ctx->kernels->distance_f64(
                clusters->center + a * d, clusters->center + b * d, 1.0, d);
    return CONCEPTDEC_OK;
}

static conceptdec_status
find(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, const conceptdec_i_survey *survey, const int32_t *rows,
     int64_t n, conceptdec_i_clusters *clusters)
{
    sample s;
    void *p;
    int most = n * CONCEPTDEC_I_CLUSTERS > PROJECTIONS ? (int)(PROJECTIONS / n) : CONCEPTDEC_I_CLUSTERS;
    CONCEPTDEC_I_TRY(take_sample(scratch, survey, rows, n, &s));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "centres", CONCEPTDEC_I_CLUSTERS * s.dims, sizeof(double), &p));
    double *centers = p, about_mean = assign(&s, centers, 1);
    int found = spread(&s, centers, most, about_mean / (double)s.n);
    (void)assign(&s, centers, found);
    found = step(&s, centers, found);
    if (found > 1 && assign(&s, centers, found) < WORTH * about_mean)
        return take_centers(arena, survey, centers, found, clusters);
    /* A few rows far away may have moved the mean, and not be in the sample. */
    memset(s.nearest, 0, (size_t)s.n * sizeof *s.nearest);
    (void)step(&s, centers, 1);
    if (!(assign(&s, centers, 1) < WORTH * about_mean))
        memset(centers, 0, (size_t)s.dims * sizeof *centers);
    return take_centers(arena, survey, centers, 1, clusters);
}

conceptdec_status
conceptdec_i_clusters_find(conceptdec_i_arena *arena, const conceptdec_i_survey *survey, const int32_t *rows, int64_t n,
                           conceptdec_i_clusters *clusters)
{
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = find(arena, &scratch, survey, rows, n, clusters);
    conceptdec_i_arena_close(&scratch);
    return status;
}

/* ---- products with the centres ---- */

typedef struct {
    int64_t items;
    double half_norm[CONCEPTDEC_I_CLUSTERS]; /* of the centres, scaled */
    uint8_t *cluster;
    double *along;
} projection;

static conceptdec_status
take_nearest(void *argument, const conceptdec_i_tile *t, int lane)
{
    const projection *p = argument;
    const float *dots = t->dots;
    (void)lane;
    for (int64_t i = 0; i < t->rows; i++) {
        double best = -INFINITY;
        for (int64_t j = 0; j < t->cols; j++) {
            double gain = (double)dots[j * t->ld + i] - p->half_norm[j];
            if (gain > best)
                p->cluster[t->row + i] = (uint8_t)j;
            best = fmax(best, gain);
        }
    }
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

/* Products of all items with all centres, about the mean. */
static conceptdec_status
project(conceptdec_i_arena *arena, const conceptdec_i_clusters *clusters, const conceptdec_i_operand *operand,
        int precision, conceptdec_i_tile_consumer consumer, projection *p)
{
    int64_t d = clusters->dims;
    void *zeros;
    conceptdec_matrix view = {.data = clusters->shifted, .rows = clusters->n, .cols = d, .row_stride = 8 * d,
                              .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", d, sizeof(double), &zeros));
    conceptdec_i_operand centers = {.view = &view, .n = clusters->n, .mean = zeros, .scale = operand->scale};
    p->items = operand->n;
    for (int c = 0; c < clusters->n; c++) {
        const double *center = clusters->shifted + c * d;
        double norm = sqrt(arena->ctx->kernels->distance_f64(center, zeros, 1.0, d)) * operand->scale;
        p->half_norm[c] = 0.5 * norm * norm;
    }
    return conceptdec_i_tiles_run(arena->ctx, operand, &centers, precision, consumer, p);
}

conceptdec_status
conceptdec_i_clusters_project(conceptdec_i_arena *arena, const conceptdec_i_clusters *clusters,
                              const conceptdec_i_operand *operand, double **along)
{
    void *out;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centres", clusters->n * operand->n, sizeof(double), &out));
    projection p = {.along = out};
    *along = out;
    return project(arena, clusters, operand, CONCEPTDEC_I_TILE_F64, take_along, &p);
}

/* ---- order ---- */

static void
sort_by_cluster(const conceptdec_i_clusters *clusters, const uint8_t *cluster, const int32_t *rows, int64_t n,
                conceptdec_i_arrangement *to)
{
    int64_t next[CONCEPTDEC_I_CLUSTERS + 1] = {0};
    for (int64_t i = 0; i < n; i++)
        next[cluster[i] + 1]++;
    for (int c = 0; c < clusters->n; c++)
        next[c + 1] += next[c];
    for (int64_t i = 0; i < n; i++) {
        int64_t at = next[cluster[i]]++;
        to->before[at] = (int32_t)i;
        to->row[at] = rows[i];
        to->cluster[at] = cluster[i];
    }
}

static conceptdec_status
take_clusters(conceptdec_i_arena *scratch, const conceptdec_i_clusters *clusters, const conceptdec_i_survey *survey,
              const double *mean, const int32_t *rows, int64_t n, double scale, uint8_t **cluster)
{
    void *p;
    conceptdec_i_operand items = {.view = survey->view, .n = n, .row = rows, .mean = mean, .scale = scale};
    if (survey->factor) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "row factors", n, sizeof(double), &p));
        double *factor = p;
        for (int64_t i = 0; i < n; i++)
            factor[i] = survey->factor[rows[i]];
        items.factor = factor;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "clusters", n, 1, &p));
    projection nearest = {.cluster = p};
    *cluster = p;
    return project(scratch, clusters, &items, CONCEPTDEC_I_TILE_F32, take_nearest, &nearest);
}

conceptdec_status
conceptdec_i_clusters_arrange(conceptdec_i_arena *arena, const conceptdec_i_clusters *clusters,
                              const conceptdec_i_survey *survey, const double *mean, const int32_t *rows, int64_t n,
                              double scale, conceptdec_i_arrangement *arrangement)
{
    void *p[3];
    *arrangement = (conceptdec_i_arrangement){0};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(int32_t), &p[0]));
    arrangement->row = p[0];
    if (clusters->n == 1) {
        memcpy(arrangement->row, rows, (size_t)n * sizeof *rows);
        return CONCEPTDEC_OK;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "clusters", n, 1, &p[2]));
    arrangement->before = p[1];
    arrangement->cluster = p[2];
    conceptdec_i_arena scratch;
    uint8_t *cluster;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = take_clusters(&scratch, clusters, survey, mean, rows, n, scale, &cluster);
    if (status == CONCEPTDEC_OK)
        sort_by_cluster(clusters, cluster, rows, n, arrangement);
    conceptdec_i_arena_close(&scratch);
    return status;
}
