/* Streaming moments: life and questions. */
#include "projection/moments.h"

#include <math.h>
#include <string.h>

#include "linalg/gram.h"

conceptdec_status
conceptdec_i_moments_make(conceptdec_ctx *ctx, int64_t d, conceptdec_moments **moments)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "moments", 1, sizeof **moments, &p));
    conceptdec_moments *m = p;
    *m = (conceptdec_moments){.memory = conceptdec_i_memory_share(ctx->memory), .kernels = ctx->kernels, .d = d};
    m->sums = (conceptdec_i_sums){.d = d, .classes = 1, .chunk = conceptdec_i_sums_chunk(d)};
    conceptdec_status status = conceptdec_i_sums_make(ctx, m->memory, CONCEPTDEC_I_SUMS_SCATTER, &m->sums);
    if (status == CONCEPTDEC_OK)
        *moments = m;
    else
        conceptdec_moments_free(m);
    return status;
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
    conceptdec_i_sums_give(memory, &m->sums);
    conceptdec_i_memory_give(memory, m->covariance);
    conceptdec_i_memory_give(memory, m->mean);
    conceptdec_i_memory_give(memory, m);
    conceptdec_i_memory_drop(memory);
}

/* ---- questions ---- */

static void
finish(const conceptdec_moments *m, double *mean, double *covariance)
{
    int64_t n = conceptdec_i_sums_count(&m->sums), d = m->d;
    for (int64_t i = 0; i < d && n == 0; i++)
        mean[i] = (double)NAN;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = i; j < d; j++)
            covariance[i * d + j] = n < 2 ? (double)NAN : covariance[i * d + j] / (double)(n - 1);
    conceptdec_i_gram_mirror(covariance, d, d);
}

conceptdec_status
conceptdec_i_moments_settle(conceptdec_ctx *ctx, const conceptdec_moments *m, double *mean, double *shift,
                            double *scatter)
{
    conceptdec_i_sums settled;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_sums_settle(&arena, &m->sums, scatter, &settled);
    for (int64_t j = 0; j < m->d && status == CONCEPTDEC_OK; j++)
        mean[j] = settled.mean[j] + settled.pilot[j];
    if (shift && status == CONCEPTDEC_OK)
        memcpy(shift, settled.mean, (size_t)m->d * sizeof *shift);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* Both at once: who wants the one usually wants the other. */
static conceptdec_status
answer(conceptdec_moments *m)
{
    conceptdec_ctx ctx;
    void *mean = NULL, *covariance = NULL;
    conceptdec_i_sums_ctx_open(&ctx, m->memory, m->kernels);
    conceptdec_status status = conceptdec_i_take(&ctx, "mean", m->d, sizeof(double), &mean);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_take(&ctx, "covariance", m->d * m->d, sizeof(double), &covariance);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_moments_settle(&ctx, m, mean, NULL, covariance);
    conceptdec_i_sums_ctx_close(&ctx);
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
        m->count = conceptdec_i_sums_count(&m->sums);
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
