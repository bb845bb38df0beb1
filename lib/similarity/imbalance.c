#include "similarity/similarity.h"

conceptdec_status
conceptdec_i_similarity_imbalance(conceptdec_i_similarity *s)
{
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_EUNSUPPORTED, "kind: is not there yet");
}
