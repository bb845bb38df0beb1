/* Overlap of the concepts of labelled activations. */
#include "core/core.h"

conceptdec_status
conceptdec_subspace_overlap(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views, const conceptdec_matrix *labels, const conceptdec_overlap_options *options, conceptdec_result **result)
{
    (void)ctx;
    (void)views;
    (void)n_views;
    (void)labels;
    (void)options;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
