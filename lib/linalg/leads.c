/* Leading directions of a sample by subspace iteration from random combinations of its rows. */
#include "linalg/leads.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "kernels/narrow.h"

#define UNIT 0x1p-24
#define MOST_SAMPLES 512
#define SAMPLE_VALUES ((int64_t)1 << 20)
#define LEAST_SAMPLES 64
#define ROUNDS 2
#define TOGETHER 8 /* rows of a task */
#define WORTH 0.04 /* share of the sample below which directions are not worth their products */

typedef struct {
    conceptdec_ctx *ctx;
    const conceptdec_i_operand *operand;
    int64_t n, dims, stride;
    int32_t n_leads;
    float *rows;     /* n x stride, zero past dims */
    float *shares;   /* n x n_leads: what each row has of each direction */
    float *basis;    /* n_leads x stride */
    double *wide;    /* n_leads x dims */
    double *norms;   /* per row */
    float *scratch;  /* per lane: rows of a task, or one as doubles */
} finder;

static int32_t
count_leads(int32_t most, int64_t dims)
{
    if (dims >= 2048)
        return most;
    return dims >= 256 ? most / 2 : (int32_t)(dims * most / 512);
}

static conceptdec_status
row_task(void *argument, int64_t task, int lane)
{
    const finder *f = argument;
    const conceptdec_i_operand *operand = f->operand;
    int64_t item = task * operand->n / f->n;
    double *wide = (double *)(void *)(f->scratch + lane * TOGETHER * f->stride);
    conceptdec_i_operand_row(f->ctx->kernels, operand, item, wide);
    f->norms[task] = f->ctx->kernels->center_f32(wide, conceptdec_i_operand_mean(operand, item), operand->scale,
                                                 f->rows + task * f->stride, f->dims);
    return CONCEPTDEC_OK;
}

static void
start_shares(finder *f)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 0, CONCEPTDEC_I_RNG_SAMPLE, 3);
    for (int64_t i = 0; i < f->n * f->n_leads; i++)
        f->shares[i] = conceptdec_i_rng_unit(&rng) < 0.5 ? -1 : 1;
}

static conceptdec_status
share_task(void *argument, int64_t task, int lane)
{
    const finder *f = argument;
    const int64_t first = task * TOGETHER, count = task_end(task, TOGETHER, f->n) - first;
    float *rows = f->scratch + lane * TOGETHER * f->stride;
    memcpy(rows, f->rows + first * f->stride, (size_t)(count * f->stride) * sizeof *rows);
    f->ctx->narrow->split(f->basis, f->n_leads, rows, f->stride, count, f->shares + first * f->n_leads);
    return CONCEPTDEC_OK;
}

/* One direction: rows weighted by what they have of it. */
static conceptdec_status
direction_task(void *argument, int64_t task, int lane)
{
    const finder *f = argument;
    float *out = f->basis + task * f->stride;
    (void)lane;
    memset(out, 0, (size_t)f->stride * sizeof *out);
    for (int64_t r = 0; r < f->n; r++) {
        const float *restrict row = f->rows + r * f->stride;
        const float weight = f->shares[r * f->n_leads + task] * 0x1p-32f; /* rows are large numbers */
        for (int64_t i = 0; i < f->stride; i++)
            out[i] += weight * row[i];
    }
    return CONCEPTDEC_OK;
}

static double
product(const double *a, const double *b, int64_t n)
{
    double sums[8] = {0};
    for (int64_t i = 0; i < n; i++)
        sums[i % 8] += a[i] * b[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/* Gram and Schmidt, each direction twice. One that is a combination of those before it becomes zero. */
static conceptdec_status
orthogonalise(const finder *f)
{
    for (int32_t k = 0; k < f->n_leads; k++) {
        double *x = f->wide + k * f->dims;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->ctx, 0));
        for (int64_t i = 0; i < f->dims; i++)
            x[i] = (double)f->basis[k * f->stride + i];
        double before = product(x, x, f->dims), left = 0;
        for (int again = 0; again < 2; again++) {
            for (int32_t other = 0; other < k; other++) {
                const double *y = f->wide + other * f->dims, along = product(x, y, f->dims);
                for (int64_t i = 0; i < f->dims; i++)
                    x[i] -= along * y[i];
            }
            left = product(x, x, f->dims);
        }
        double factor = left > 1e-8 * before && isnormal(left) ? 1 / sqrt(left) : 0;
        for (int64_t i = 0; i < f->dims; i++) {
            x[i] *= factor;
            f->basis[k * f->stride + i] = (float)x[i];
        }
    }
    return CONCEPTDEC_OK;
}

/* How far the directions, as floats, are from orthonormal, those that are zero apart: in the Frobenius norm. */
static double
defect(const finder *f)
{
    double sum = 0;
    for (int32_t k = 0; k < f->n_leads; k++)
        for (int64_t i = 0; i < f->dims; i++)
            f->wide[k * f->dims + i] = (double)f->basis[k * f->stride + i];
    for (int32_t k = 0; k < f->n_leads; k++)
        for (int32_t other = 0; other <= k; other++) {
            double here = product(f->wide + k * f->dims, f->wide + other * f->dims, f->dims);
            double off = here - (k == other && here > 0.5);
            sum += (k == other ? 1 : 2) * off * off;
        }
    return sqrt(sum) + (double)f->dims * 0x1p-50;
}

static double
share_of_sample(const finder *f)
{
    double held = 0, all = 0;
    for (int64_t r = 0; r < f->n; r++) {
        all += f->norms[r];
        for (int32_t k = 0; k < f->n_leads; k++)
            held += (double)f->shares[r * f->n_leads + k] * (double)f->shares[r * f->n_leads + k];
    }
    return all > 0 ? held / all : 0;
}

static conceptdec_status
iterate(finder *f)
{
    start_shares(f);
    for (int round = 0; round <= ROUNDS; round++) {
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(f->ctx, f->n_leads, direction_task, f));
        CONCEPTDEC_I_TRY(orthogonalise(f));
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(f->ctx, (f->n + TOGETHER - 1) / TOGETHER, share_task, f));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take(conceptdec_i_arena *arena, finder *f)
{
    int64_t lanes = conceptdec_i_lanes(f->ctx);
    void *p[5];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", f->n * f->stride, sizeof(float), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", f->n * f->n_leads, sizeof(float), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "directions", f->n_leads * f->dims, sizeof(double), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sample", f->n, sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", lanes * TOGETHER * f->stride, sizeof(float), &p[4]));
    f->rows = p[0];
    f->shares = p[1];
    f->wide = p[2];
    f->norms = p[3];
    f->scratch = p[4];
    return CONCEPTDEC_OK;
}

/* docs/screening.md: products along directions, and of these with what is left of the other item. */
static double
lead_error(const finder *f)
{
    double chain = (double)(f->stride / 32 + 8) * UNIT;
    return (3 * defect(f) + 2 * sqrt(f->n_leads) * chain + 2 * (f->n_leads + 2) * UNIT) * 1.01;
}

conceptdec_status
conceptdec_i_leads_find(conceptdec_i_arena *arena, const conceptdec_i_operand *operand, conceptdec_i_leads *leads)
{
    int64_t dims = operand->view->cols, most = SAMPLE_VALUES / dims;
    finder f = {.ctx = arena->ctx, .operand = operand, .dims = dims, .stride = conceptdec_i_leads_stride(dims),
                .n_leads = count_leads(arena->ctx->narrow->leads, dims)};
    most = most < LEAST_SAMPLES ? LEAST_SAMPLES : most > MOST_SAMPLES ? MOST_SAMPLES : most;
    f.n = operand->n < most ? operand->n : most;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "directions", f.n_leads * f.stride + 1, sizeof(float), &p));
    *leads = (conceptdec_i_leads){.basis = p};
    f.basis = p;
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = take(&scratch, &f);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_parallel(f.ctx, f.n, row_task, &f);
    if (status == CONCEPTDEC_OK)
        status = iterate(&f);
    if (status == CONCEPTDEC_OK && share_of_sample(&f) > WORTH) {
        leads->n = f.n_leads;
        leads->error = lead_error(&f);
    }
    conceptdec_i_arena_close(&scratch);
    return status;
}
