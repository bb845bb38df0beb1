/* Files of activations: not written yet. */
#include "core/core.h"

conceptdec_status
conceptdec_activations_open(conceptdec_ctx *ctx, const char *path, const conceptdec_activations_options *options,
                            conceptdec_activations **activations)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    (void)path, (void)options, (void)activations;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

int64_t
conceptdec_activations_count(const conceptdec_activations *activations)
{
    (void)activations;
    return 0;
}

conceptdec_status
conceptdec_activations_info(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index,
                            conceptdec_array_info *info)
{
    (void)activations, (void)index, (void)info;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

conceptdec_status
conceptdec_activations_find(conceptdec_ctx *ctx, const conceptdec_activations *activations, const char *name,
                            int64_t *index)
{
    (void)activations, (void)name, (void)index;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

conceptdec_status
conceptdec_activations_view(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index, int64_t cell,
                            conceptdec_matrix *view)
{
    (void)activations, (void)index, (void)cell, (void)view;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

conceptdec_status
conceptdec_activations_integers(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index,
                                conceptdec_array *array)
{
    (void)activations, (void)index, (void)array;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}

const char *
conceptdec_activations_metadata(const conceptdec_activations *activations, const char *key)
{
    (void)activations, (void)key;
    return NULL;
}

void
conceptdec_activations_free(conceptdec_activations *activations)
{
    (void)activations;
}
