/* Subspaces of labelled activations. */
#include "subspace/subspaces.h"

conceptdec_status
conceptdec_subspaces_new(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views,
                         const conceptdec_matrix *labels, const conceptdec_subspaces_options *options,
                         conceptdec_subspaces **subspaces)
{
    (void)ctx, (void)views, (void)n_views, (void)labels, (void)options, (void)subspaces;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_subspaces_from_class_moments(conceptdec_ctx *ctx, const conceptdec_class_moments *moments,
                                        const conceptdec_subspaces_options *options, conceptdec_subspaces **subspaces)
{
    (void)ctx, (void)moments, (void)options, (void)subspaces;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_subspaces_save(conceptdec_ctx *ctx, const conceptdec_subspaces *subspaces, const char *path)
{
    (void)ctx, (void)subspaces, (void)path;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_subspaces_load(conceptdec_ctx *ctx, const char *path, conceptdec_subspaces **subspaces)
{
    (void)ctx, (void)path, (void)subspaces;
    return CONCEPTDEC_EUNSUPPORTED;
}
