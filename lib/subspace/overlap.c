/* Overlap of subspaces. */
#include "core/core.h"

conceptdec_status
conceptdec_subspaces_overlap(conceptdec_ctx *ctx, const conceptdec_subspaces *a, const conceptdec_subspaces *b, const conceptdec_overlap_options *options, conceptdec_result **result)
{
    (void)ctx;
    (void)a;
    (void)b;
    (void)options;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
