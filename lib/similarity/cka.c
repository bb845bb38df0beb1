#include "similarity/similarity.h"

conceptdec_status
conceptdec_i_similarity_cka(conceptdec_i_similarity *s)
{
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_EUNSUPPORTED, "kind: is not there yet");
}
