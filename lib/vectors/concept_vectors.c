/* Concept vectors. */
#include "core/core.h"

conceptdec_status
conceptdec_concept_vectors(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels, const conceptdec_vectors_options *options, conceptdec_result **result)
{
    (void)ctx;
    (void)x;
    (void)labels;
    (void)options;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
