#include <conceptdec/conceptdec.h>

conceptdec_status
conceptdec_align(conceptdec_ctx *ctx, const conceptdec_matrix *z, const conceptdec_matrix *reference, uint32_t flags, conceptdec_result **result)
{
    (void)ctx;
    (void)z;
    (void)reference;
    (void)flags;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}
