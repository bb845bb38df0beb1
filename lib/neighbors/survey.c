/* The first pass over a matrix: non-finite values, a hash of every row, column means, largest magnitude. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "neighbors/values.h"
#include "stats/equal_rows.h"

#define CHUNK 256
/* Squares of magnitudes within 2^-400 .. 2^400 neither overflow nor vanish; beyond, rows are multiplied by a power of
 * two. */
#define EXTREME 400

typedef struct {
    const conceptdec_i_kernels *kernels;
    conceptdec_i_survey *survey;
    int32_t metric;
    const double *weights; /* of the hash */
    double *row;           /* per lane */
    double *zeros;
    double *sums;          /* per lane */
    double *largest;       /* per lane */
} survey_job;

static void
multiply(double *x, int64_t n, double factor)
{
    for (int64_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* Cosine: every row gets a factor of its own, and the scan sees the normalised row. */
static void
normalize(const survey_job *job, double *x, int64_t row)
{
    int64_t n = job->survey->view->cols;
    double inverse = conceptdec_i_inverse_norm(job->kernels, x, job->zeros, n);
    job->survey->factor[row] = inverse;
    job->survey->zero[row] = inverse == 0;
    conceptdec_i_view_widen(job->kernels, job->survey->view, row, 0, n, x);
    multiply(x, n, inverse); /* what counts as zero becomes zero, but for NaN */
}

static conceptdec_status
survey_task(void *argument, int64_t task, int lane)
{
    survey_job *job = argument;
    const conceptdec_matrix *view = job->survey->view;
    double *x = job->row + lane * view->cols;
    double *sums = job->sums + lane * view->cols;
    int64_t end = task_end(task, CHUNK, view->rows);
    for (int64_t row = task * CHUNK; row < end; row++) {
        conceptdec_i_view_widen(job->kernels, view, row, 0, view->cols, x);
        if (job->metric == CONCEPTDEC_METRIC_COSINE)
            normalize(job, x, row);
        else if (job->survey->factor)
            multiply(x, view->cols, job->survey->factor[row]);
        job->survey->hash[row] = job->kernels->scan(x, job->weights, sums, job->largest + lane, view->cols);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_survey(conceptdec_ctx *ctx, survey_job *job)
{
    int64_t d = job->survey->view->cols;
    int lanes = conceptdec_i_lanes(ctx);
    memset(job->sums, 0, (size_t)(lanes * d) * sizeof(double));
    memset(job->largest, 0, (size_t)lanes * sizeof(double));
    CONCEPTDEC_I_TRY(
        conceptdec_i_parallel(ctx, (job->survey->view->rows + CHUNK - 1) / CHUNK, survey_task, job));
    job->survey->largest = 0;
    for (int l = 0; l < lanes; l++)
        job->survey->largest = fmax(job->survey->largest, job->largest[l]);
    for (int64_t i = 0; i < d; i++) {
        double sum = 0;
        for (int l = 0; l < lanes; l++)
            sum += job->sums[l * d + i];
        job->survey->mean[i] = isfinite(sum) ? sum / (double)job->survey->view->rows : 0;
    }
    return CONCEPTDEC_OK;
}

static bool
all_finite(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static conceptdec_status
take_arrays(conceptdec_i_arena *arena, survey_job *job)
{
    conceptdec_i_survey *survey = job->survey;
    int64_t n = survey->view->rows, d = survey->view->cols, lanes = conceptdec_i_lanes(arena->ctx);
    void *p[5] = {NULL, NULL, NULL, NULL, NULL};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row hashes", n, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "column means", d, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "columns", (2 * lanes + 2) * d + lanes, sizeof(double), &p[2]));
    if (job->metric == CONCEPTDEC_METRIC_COSINE || survey->rescale != 1)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row factors", n, sizeof(double), &p[3]));
    if (job->metric == CONCEPTDEC_METRIC_COSINE)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "zero rows", n, 1, &p[4]));
    survey->hash = p[0];
    survey->mean = p[1];
    survey->factor = p[3];
    survey->zero = p[4];
    double *columns = p[2];
    job->zeros = columns;
    job->weights = columns + d;
    conceptdec_i_hash_weights(columns + d, d);
    job->row = columns + 2 * d;
    job->sums = job->row + lanes * d;
    job->largest = job->sums + lanes * d;
    return CONCEPTDEC_OK;
}

/* One side. rescale: a power of two that all rows are multiplied by. */
static conceptdec_status
survey_side(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *view, int32_t metric, double rescale,
            conceptdec_i_survey *survey)
{
    *survey = (conceptdec_i_survey){.view = view, .rescale = rescale};
    survey_job job = {.kernels = arena->ctx->kernels, .survey = survey, .metric = metric};
    CONCEPTDEC_I_TRY(take_arrays(arena, &job));
    for (int64_t i = 0; survey->factor && i < view->rows; i++)
        survey->factor[i] = rescale;
    CONCEPTDEC_I_TRY(run_survey(arena->ctx, &job));
    /* A finite row may still overflow its hash; only the slow scan can tell. */
    if (!all_finite(survey->hash, view->rows))
        CONCEPTDEC_I_TRY(conceptdec_i_view_finite(arena->ctx, name, view));
    for (int64_t i = 0; survey->zero && i < view->rows; i++)
        survey->n_zero += survey->zero[i];
    return CONCEPTDEC_OK;
}

/* The power of two that brings float64 far outside the usual range back into it; 1 for everything else. */
static double
rescale_for(double largest)
{
    int exponent = 0;
    (void)frexp(largest, &exponent);
    if (largest == 0 || (exponent <= EXTREME && exponent >= -EXTREME))
        return 1;
    return ldexp(1.0, exponent < -1000 ? 1000 : -exponent);
}

conceptdec_status
conceptdec_i_survey_take(conceptdec_i_arena *arena, const conceptdec_matrix *x, const conceptdec_matrix *queries,
                         int32_t metric, conceptdec_i_survey *of_x, conceptdec_i_survey *of_queries)
{
    CONCEPTDEC_I_TRY(survey_side(arena, "x", x, metric, 1, of_x));
    double largest = of_x->largest;
    if (queries) {
        CONCEPTDEC_I_TRY(survey_side(arena, "queries", queries, metric, 1, of_queries));
        largest = fmax(largest, of_queries->largest);
    }
    double rescale = metric == CONCEPTDEC_METRIC_COSINE ? 1 : rescale_for(largest);
    if (rescale == 1)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(survey_side(arena, "x", x, metric, rescale, of_x));
    return queries ? survey_side(arena, "queries", queries, metric, rescale, of_queries) : CONCEPTDEC_OK;
}
