/* Life of a fitted probe. */
#include "probe/model.h"

#include <math.h>

#include "core/named.h"

static conceptdec_status
take_arrays(conceptdec_ctx *ctx, conceptdec_probe_model *m)
{
    int64_t count;
    void *memory;
    if (!conceptdec_i_mul(m->columns, m->d, &count))
        count = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "probe", count, sizeof(double), &memory));
    m->weights = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "probe", m->columns, sizeof(double), &memory));
    m->bias = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "probe", m->classes, sizeof(int64_t), &memory));
    m->codes = memory;
    for (int64_t c = 0; c < m->classes; c++)
        m->codes[c] = c;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_model_make(conceptdec_ctx *ctx, int64_t kind, int64_t classes, int64_t d,
                              conceptdec_probe_model **model)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "probe", 1, sizeof **model, &memory));
    conceptdec_probe_model *m = memory;
    *m = (conceptdec_probe_model){.memory = conceptdec_i_memory_share(ctx->memory),
                                  .kind = kind,
                                  .classes = classes,
                                  .columns = classes == 2 ? 1 : classes,
                                  .d = d,
                                  .converged = 1,
                                  .lambda = NAN,
                                  .decrement = NAN,
                                  .objective = NAN,
                                  .sharpness = NAN};
    conceptdec_status status = take_arrays(ctx, m);
    if (status == CONCEPTDEC_OK)
        *model = m;
    else
        conceptdec_probe_model_free(m);
    return status;
}

conceptdec_status
conceptdec_probe_model_new(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                           const conceptdec_probe_options *options, conceptdec_probe_model **model)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!model)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "model: NULL, must point to where the probe goes");
    return conceptdec_i_probe_fit_model(ctx, x, labels, options, model);
}

void
conceptdec_probe_model_free(conceptdec_probe_model *m)
{
    if (!m)
        return;
    conceptdec_i_memory *memory = m->memory;
    conceptdec_i_memory_give(memory, m->weights);
    conceptdec_i_memory_give(memory, m->bias);
    conceptdec_i_memory_give(memory, m->codes);
    conceptdec_i_memory_give(memory, m);
    conceptdec_i_memory_drop(memory);
}

conceptdec_status
conceptdec_probe_model_get(const conceptdec_probe_model *m, const char *name, conceptdec_array *array)
{
    if (!m || !name || !array)
        return CONCEPTDEC_ENULL;
    const int32_t real = CONCEPTDEC_FLOAT64, whole = CONCEPTDEC_INT64;
    const conceptdec_i_named all[] = {
        {CONCEPTDEC_R_WEIGHTS, {.data = m->weights, .shape = {m->columns, m->d}, .ndim = 2, .dtype = real}},
        {CONCEPTDEC_R_BIAS, {.data = m->bias, .shape = {m->columns}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_R_CLASSES, {.data = m->codes, .shape = {m->classes}, .ndim = 1, .dtype = whole}},
        {CONCEPTDEC_R_LAMBDA, {.data = &m->lambda, .dtype = real}},
        {CONCEPTDEC_R_CONVERGED, {.data = &m->converged, .dtype = whole}},
        {CONCEPTDEC_R_ITERATIONS, {.data = &m->iterations, .dtype = whole}},
        {CONCEPTDEC_R_DECREMENT, {.data = &m->decrement, .dtype = real}},
        {CONCEPTDEC_R_OBJECTIVE, {.data = &m->objective, .dtype = real}},
        {CONCEPTDEC_R_KIND, {.data = &m->kind, .dtype = whole}},
    };
    return conceptdec_i_named_get(all, sizeof all / sizeof *all, name, array);
}
