#include <conceptdec/conceptdec.h>

conceptdec_status
conceptdec_embedding_quality(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *embedding, const conceptdec_quality_options *options, conceptdec_result **result)
{
    (void)ctx;
    (void)x;
    (void)embedding;
    (void)options;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
