/* Streaming moments: life and questions. */
#include "projection/moments.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "linalg/gram.h"

enum { LEAST_CHUNK = 512, MOST_CHUNK = 8192, CHUNK_ELEMENTS = 1 << 19 };

/* Wide rows are so many that a product of them outweighs the pass over d x d sums that it is added to. */
int64_t
conceptdec_i_moments_chunk(int64_t d)
{
    int64_t rows = CHUNK_ELEMENTS / d / LEAST_CHUNK * LEAST_CHUNK;
    return rows < LEAST_CHUNK ? LEAST_CHUNK : rows > MOST_CHUNK ? MOST_CHUNK : rows;
}

static conceptdec_status
take(conceptdec_ctx *ctx, const conceptdec_moments *m, int64_t rows, double **out)
{
    int64_t count, bytes;
    if (!conceptdec_i_mul(rows, m->d, &count) || !conceptdec_i_mul(count, sizeof **out, &bytes))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "moments: %lld x %lld numbers do not fit an address",
                                 (long long)rows, (long long)m->d);
    void *p = conceptdec_i_memory_take(m->memory, (uint64_t)count, sizeof **out);
    if (!p)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "moments: cannot allocate %lld bytes", (long long)bytes);
    *out = p;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_sums_take(conceptdec_ctx *ctx, const conceptdec_moments *m, conceptdec_i_sums *sums)
{
    *sums = (conceptdec_i_sums){0};
    conceptdec_status status = take(ctx, m, m->d, &sums->scatter);
    if (status == CONCEPTDEC_OK)
        status = take(ctx, m, m->chunk + 1, &sums->rows);
    if (status == CONCEPTDEC_OK)
        status = take(ctx, m, 1, &sums->mean);
    if (status == CONCEPTDEC_OK)
        status = take(ctx, m, 1, &sums->pilot);
    if (status != CONCEPTDEC_OK)
        conceptdec_i_sums_give(m, sums);
    return status;
}

void
conceptdec_i_sums_give(const conceptdec_moments *m, conceptdec_i_sums *sums)
{
    conceptdec_i_memory_give(m->memory, sums->pilot);
    conceptdec_i_memory_give(m->memory, sums->mean);
    conceptdec_i_memory_give(m->memory, sums->scatter);
    conceptdec_i_memory_give(m->memory, sums->rows);
    *sums = (conceptdec_i_sums){0};
}

conceptdec_status
conceptdec_i_moments_make(conceptdec_ctx *ctx, int64_t d, conceptdec_moments **moments)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "moments", 1, sizeof **moments, &p));
    conceptdec_moments *m = p;
    *m = (conceptdec_moments){.memory = conceptdec_i_memory_share(ctx->memory), .kernels = ctx->kernels, .d = d};
    m->chunk = conceptdec_i_moments_chunk(d);
    conceptdec_status status = conceptdec_i_sums_take(ctx, m, &m->sums);
    if (status != CONCEPTDEC_OK) {
        conceptdec_moments_free(m);
        return status;
    }
    memset(m->sums.mean, 0, (size_t)d * sizeof *m->sums.mean);
    memset(m->sums.pilot, 0, (size_t)d * sizeof *m->sums.pilot);
    memset(m->sums.scatter, 0, (size_t)(d * d) * sizeof *m->sums.scatter);
    *moments = m;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_moments_new(conceptdec_ctx *ctx, int64_t dims, conceptdec_moments **moments)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "moments: NULL, must point to where the state goes");
    if (dims < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "dims: %lld, must be at least 1", (long long)dims);
    if (dims > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "dims: %lld, at most %d are possible", (long long)dims,
                                 INT32_MAX);
    return conceptdec_i_moments_make(ctx, dims, moments);
}

void
conceptdec_moments_free(conceptdec_moments *m)
{
    if (!m)
        return;
    conceptdec_i_memory *memory = m->memory;
    conceptdec_i_sums_give(m, &m->sums);
    conceptdec_i_memory_give(memory, m->covariance);
    conceptdec_i_memory_give(memory, m->mean);
    conceptdec_i_memory_give(memory, m);
    conceptdec_i_memory_drop(memory);
}

/* ---- questions ---- */

static void
finish(const conceptdec_moments *m, double *mean, double *covariance)
{
    int64_t n = m->sums.n + m->sums.waiting, d = m->d;
    for (int64_t i = 0; i < d && n == 0; i++)
        mean[i] = (double)NAN;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = i; j < d; j++)
            covariance[i * d + j] = n < 2 ? (double)NAN : covariance[i * d + j] / (double)(n - 1);
    conceptdec_i_gram_mirror(covariance, d, d);
}

/* Both at once: who wants the one usually wants the other. The question has no context, so it gets one of one thread. */
static conceptdec_status
answer(conceptdec_moments *m)
{
    conceptdec_ctx ctx = {.options.threads = 1, .memory = m->memory, .kernels = m->kernels, .stage = ""};
    void *mean = NULL, *covariance = NULL;
    atomic_init(&ctx.cancel, 0);
    atomic_init(&ctx.done, 0);
    pthread_mutex_init(&ctx.error_lock, NULL);
    conceptdec_status status = conceptdec_i_take(&ctx, "mean", m->d, sizeof(double), &mean);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_take(&ctx, "covariance", m->d * m->d, sizeof(double), &covariance);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_moments_settle(&ctx, m, mean, covariance);
    pthread_mutex_destroy(&ctx.error_lock);
    if (status != CONCEPTDEC_OK) {
        conceptdec_i_memory_give(m->memory, mean);
        conceptdec_i_memory_give(m->memory, covariance);
        return status;
    }
    finish(m, mean, covariance);
    m->mean = mean;
    m->covariance = covariance;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_moments_get(conceptdec_moments *m, const char *name, conceptdec_array *array)
{
    if (!m || !name || !array)
        return CONCEPTDEC_ENULL;
    if (strcmp(name, CONCEPTDEC_M_N_SAMPLES) == 0) {
        m->count = m->sums.n + m->sums.waiting;
        *array = (conceptdec_array){.data = &m->count, .dtype = CONCEPTDEC_INT64};
        return CONCEPTDEC_OK;
    }
    bool is_mean = strcmp(name, CONCEPTDEC_M_MEAN) == 0;
    if (!is_mean && strcmp(name, CONCEPTDEC_M_COVARIANCE) != 0)
        return CONCEPTDEC_ENAME;
    if (!m->covariance)
        CONCEPTDEC_I_TRY(answer(m));
    *array = (conceptdec_array){.data = is_mean ? m->mean : m->covariance,
                                .shape = {m->d, is_mean ? 0 : m->d},
                                .ndim = is_mean ? 1 : 2,
                                .dtype = CONCEPTDEC_FLOAT64};
    return CONCEPTDEC_OK;
}
