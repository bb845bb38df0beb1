/* Arrays into files: not written yet. */
#include "core/core.h"

conceptdec_status
conceptdec_activations_save(conceptdec_ctx *ctx, const char *path, const conceptdec_named_views *arrays, int64_t count,
                            const conceptdec_save_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    (void)path, (void)arrays, (void)count, (void)options;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not yet");
}
