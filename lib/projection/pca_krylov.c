/* Leading components by a block Krylov space. */
#include "projection/pca.h"

conceptdec_status
conceptdec_i_pca_krylov(conceptdec_i_pca_fit *f, const double *c)
{
    (void)c;
    return conceptdec_i_fail(f->arena->ctx, CONCEPTDEC_EUNSUPPORTED, "solver: \"krylov\" is not there yet");
}
