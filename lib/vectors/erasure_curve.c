/* How decodability falls as a concept is erased. */
#include "core/core.h"

conceptdec_status
conceptdec_erasure_curve(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels, const conceptdec_erasure_options *options, conceptdec_result **result)
{
    (void)ctx;
    (void)x;
    (void)labels;
    (void)options;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
