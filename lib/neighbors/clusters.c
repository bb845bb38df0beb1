/* Centres by farthest-first traversal of a sample and one step of Lloyd's; nothing depends on them but speed. */
#include "neighbors/clusters.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"

#define MOST_SAMPLES 512
#define SAMPLE_VALUES ((int64_t)1 << 22)
#define PROJECTIONS ((int64_t)1 << 22)
#define WORTH 0.5    /* mean squared norm about the centres against that about the mean */
#define PLACE_ROWS 64         /* items of a place, on the average */
#define PLACE_VALUES ((int64_t)1 << 19)
#define MOST_TRIED 4          /* rows of the sample for each place */
#define TASK_ROWS 16 /* of the sample */
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

/* Centres that rows of the sample meet. */
typedef struct {
    sample *s;
    const double *centers;
    int first, end;
} meeting;

static conceptdec_status
meet_task(void *argument, int64_t task, int lane)
{
    const meeting *m = argument;
    sample *s = m->s;
    const int64_t end = task_end(task, TASK_ROWS, s->n);
    (void)lane;
    for (int64_t i = task * TASK_ROWS; i < end; i++)
        for (int c = m->first; c < m->end; c++) {
            const double d2 = distance2(s, s->rows + i * s->dims, m->centers + c * s->dims);
            if (c > 0 && !(d2 < s->near[i]))
                continue;
            s->near[i] = d2;
            s->nearest[i] = c;
        }
    return CONCEPTDEC_OK;
}

/* Those from `first` on, after those before it. */
static conceptdec_status
meet(sample *s, const double *centers, int first, int end)
{
    meeting m = {.s = s, .centers = centers, .first = first, .end = end};
    return conceptdec_i_parallel(s->ctx, (s->n + TASK_ROWS - 1) / TASK_ROWS, meet_task, &m);
}

/* Nearest centre of each sample row, and the sum of the squared distances. */
static conceptdec_status
assign(sample *s, const double *centers, int n, double *sum)
{
    *sum = 0;
    CONCEPTDEC_I_TRY(meet(s, centers, 0, n));
    for (int64_t i = 0; i < s->n; i++)
        *sum += s->near[i];
    return CONCEPTDEC_OK;
}

/* Centres are rows of the sample: after the mean, always the one that lies farthest from those before. */
static conceptdec_status
spread(sample *s, double *centers, int most, double mean2, int *found)
{
    int n = 1;
    for (; n < most; n++) {
        int64_t far = 0;
        for (int64_t i = 1; i < s->n; i++)
            far = s->near[i] > s->near[far] ? i : far;
        if (!(s->near[far] > DISTINCT * mean2))
            break;
        memcpy(centers + n * s->dims, s->rows + far * s->dims, (size_t)s->dims * sizeof *centers);
        CONCEPTDEC_I_TRY(meet(s, centers, n, n + 1));
    }
    *found = n;
    return CONCEPTDEC_OK;
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

/* ---- places ---- */

static int64_t
count_places(const sample *s, int64_t n)
{
    int64_t count = n / PLACE_ROWS < s->n / 2 ? n / PLACE_ROWS : s->n / 2;
    count = count < PLACE_VALUES / s->dims ? count : PLACE_VALUES / s->dims;
    return count < CONCEPTDEC_I_PLACES ? count : CONCEPTDEC_I_PLACES;
}

/* Rows of the sample that may become places: every so many-th. */
typedef struct {
    int64_t n, every;
    double *norms, *apart; /* squared; of each pair */
} tried_rows;

static conceptdec_status
take_tile(void *argument, const conceptdec_i_tile *t, int lane)
{
    const tried_rows *w = argument;
    const double *dots = t->dots;
    (void)lane;
    for (int64_t j = t->col; j < t->col + t->cols; j++, dots += t->ld)
        for (int64_t i = 0; i < conceptdec_i_tile_height(t, j - t->col); i++) {
            const double d2 = w->norms[t->row + i] + w->norms[j] - 2 * dots[i];
            w->apart[(t->row + i) * w->n + j] = w->apart[j * w->n + t->row + i] = d2;
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
measure_tried(conceptdec_i_arena *scratch, const sample *s, int64_t count, tried_rows *w)
{
    void *p[3];
    w->every = s->n > MOST_TRIED * count ? s->n / (MOST_TRIED * count) : 1;
    w->n = (s->n + w->every - 1) / w->every;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "places", w->n, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "places", w->n * w->n, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "places", s->dims, sizeof(double), &p[2]));
    const conceptdec_matrix view = {.data = s->rows,
                                    .rows = w->n,
                                    .cols = s->dims,
                                    .row_stride = 8 * s->dims * w->every,
                                    .col_stride = 8,
                                    .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_i_operand rows = {.view = &view, .n = w->n, .mean = p[2], .scale = 1};
    w->norms = p[0];
    w->apart = p[1];
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(s->ctx, &rows, CONCEPTDEC_I_TILE_F64, w->norms));
    return conceptdec_i_tiles_run(s->ctx, &rows, NULL, CONCEPTDEC_I_TILE_F64, take_tile, w);
}

/* Each the farthest from those before: where rows lie in groups, few of these are left without a place. */
static void
choose_places(const tried_rows *w, double *near, int64_t count, int64_t *places)
{
    int64_t far = 0;
    for (int64_t i = 0; i < w->n; i++)
        near[i] = INFINITY;
    for (int64_t c = 0; c < count; c++) {
        const double *apart = w->apart + far * w->n;
        places[c] = far;
        far = 0;
        for (int64_t i = 0; i < w->n; i++) {
            near[i] = fmin(near[i], apart[i]);
            far = near[i] > near[far] ? i : far;
        }
    }
}

/* Puts the nearest of places[at .. n) to place at - 1 next. */
static void
take_next(const tried_rows *w, int64_t *places, int64_t at, int64_t n)
{
    const double *apart = w->apart + places[at - 1] * w->n;
    int64_t nearest = at;
    for (int64_t i = at; i < n; i++)
        nearest = apart[places[i]] < apart[places[nearest]] ? i : nearest;
    const int64_t row = places[nearest];
    places[nearest] = places[at];
    places[at] = row;
}

/* Each is the nearest to the one before of those that are left. */
static conceptdec_status
take_places(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, sample *s, int64_t n,
            conceptdec_i_clusters *clusters)
{
    const int64_t count = count_places(s, n);
    int64_t places[CONCEPTDEC_I_PLACES];
    tried_rows w;
    void *p;
    if (count < 2)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", count * s->dims, sizeof(double), &p));
    clusters->places = p;
    clusters->n_places = (int)count;
    CONCEPTDEC_I_TRY(measure_tried(scratch, s, count, &w));
    choose_places(&w, s->near, count, places);
    for (int64_t i = 0; i < count; i++) {
        if (i > 0)
            take_next(&w, places, i, count);
        memcpy(clusters->places + i * s->dims, s->rows + places[i] * w.every * s->dims,
               (size_t)s->dims * sizeof *s->rows);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_centers(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, const conceptdec_i_survey *survey, sample *s,
             int most, conceptdec_i_clusters *clusters)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "centres", CONCEPTDEC_I_CLUSTERS * s->dims, sizeof(double), &p));
    double *centers = p, about_mean, about_centers;
    int found;
    CONCEPTDEC_I_TRY(assign(s, centers, 1, &about_mean)); /* taken as zeros: the mean */
    CONCEPTDEC_I_TRY(spread(s, centers, most, about_mean / (double)s->n, &found));
    found = step(s, centers, found);
    CONCEPTDEC_I_TRY(assign(s, centers, found, &about_centers));
    if (found > 1 && about_centers < WORTH * about_mean)
        return take_centers(arena, survey, centers, found, clusters);
    /* A few rows far away may have moved the mean, and not be in the sample. */
    memset(s->nearest, 0, (size_t)s->n * sizeof *s->nearest);
    (void)step(s, centers, 1);
    CONCEPTDEC_I_TRY(assign(s, centers, 1, &about_centers));
    if (!(about_centers < WORTH * about_mean))
        memset(centers, 0, (size_t)s->dims * sizeof *centers);
    return take_centers(arena, survey, centers, 1, clusters);
}

static conceptdec_status
find(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, const conceptdec_i_survey *survey, const int32_t *rows,
     int64_t n, bool with_places, conceptdec_i_clusters *clusters)
{
    sample s;
    int most = n * CONCEPTDEC_I_CLUSTERS > PROJECTIONS ? (int)(PROJECTIONS / n) : CONCEPTDEC_I_CLUSTERS;
    CONCEPTDEC_I_TRY(take_sample(scratch, survey, rows, n, &s));
    CONCEPTDEC_I_TRY(find_centers(arena, scratch, survey, &s, most, clusters));
    return with_places ? take_places(arena, scratch, &s, n, clusters) : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_clusters_find(conceptdec_i_arena *arena, const conceptdec_i_survey *survey, const int32_t *rows, int64_t n,
                           bool with_places, conceptdec_i_clusters *clusters)
{
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = find(arena, &scratch, survey, rows, n, with_places, clusters);
    conceptdec_i_arena_close(&scratch);
    return status;
}
