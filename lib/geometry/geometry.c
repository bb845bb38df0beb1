/* Geometry of representations. */
#include "core/core.h"

conceptdec_status
conceptdec_geometry(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels, const conceptdec_geometry_options *options, conceptdec_result **result)
{
    (void)ctx;
    (void)x;
    (void)labels;
    (void)options;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
