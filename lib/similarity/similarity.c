/* Similarity of representations. */
#include "core/core.h"

conceptdec_status
conceptdec_similarity(conceptdec_ctx *ctx, const conceptdec_matrix *a, int64_t n_a, const conceptdec_matrix *b, int64_t n_b, const conceptdec_similarity_options *options, conceptdec_result **result)
{
    (void)ctx;
    (void)a;
    (void)n_a;
    (void)b;
    (void)n_b;
    (void)options;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
