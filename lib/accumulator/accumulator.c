/* Rows pushed by an engine: not written yet. */
#include "core/core.h"

conceptdec_status
conceptdec_accumulator_new(conceptdec_ctx *ctx, const int64_t *dims, int64_t layers, int64_t classes,
                           const conceptdec_accumulator_options *options, conceptdec_accumulator **accumulator)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    (void)dims, (void)layers, (void)classes, (void)options, (void)accumulator;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

conceptdec_status
conceptdec_accumulator_add(conceptdec_accumulator *accumulator, int64_t layer, const void *row, int64_t label)
{
    (void)accumulator, (void)layer, (void)row, (void)label;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_accumulator_add_rows(conceptdec_accumulator *accumulator, int64_t layer, const conceptdec_matrix *x,
                                const conceptdec_matrix *labels)
{
    (void)accumulator, (void)layer, (void)x, (void)labels;
    return CONCEPTDEC_EUNSUPPORTED;
}

const char *
conceptdec_accumulator_error(const conceptdec_accumulator *accumulator)
{
    (void)accumulator;
    return "";
}

conceptdec_status
conceptdec_accumulator_merge(conceptdec_ctx *ctx, conceptdec_accumulator *accumulator,
                             const conceptdec_accumulator *other)
{
    (void)accumulator, (void)other;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

conceptdec_status
conceptdec_accumulator_get(conceptdec_ctx *ctx, conceptdec_accumulator *accumulator, int64_t layer, const char *name,
                           conceptdec_array *array)
{
    (void)accumulator, (void)layer, (void)name, (void)array;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

conceptdec_status
conceptdec_accumulator_sample(conceptdec_ctx *ctx, conceptdec_accumulator *accumulator, int64_t layer,
                              conceptdec_matrix *x, conceptdec_matrix *labels)
{
    (void)accumulator, (void)layer, (void)x, (void)labels;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

conceptdec_status
conceptdec_accumulator_moments(conceptdec_ctx *ctx, conceptdec_accumulator *accumulator, int64_t layer,
                               conceptdec_class_moments **moments)
{
    (void)accumulator, (void)layer, (void)moments;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

void
conceptdec_accumulator_free(conceptdec_accumulator *accumulator)
{
    (void)accumulator;
}
