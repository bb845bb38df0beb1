#include <conceptdec/conceptdec.h>

conceptdec_status
conceptdec_pca_new(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_pca_options *options, conceptdec_pca **pca)
{
    (void)ctx;
    (void)x;
    (void)options;
    (void)pca;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_pca_from_moments(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_pca_options *options, conceptdec_pca **pca)
{
    (void)ctx;
    (void)moments;
    (void)options;
    (void)pca;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_pca_get(const conceptdec_pca *pca, const char *name, conceptdec_array *array)
{
    (void)pca;
    (void)name;
    (void)array;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_pca_transform(conceptdec_ctx *ctx, const conceptdec_pca *pca, const conceptdec_matrix *x, conceptdec_result **result)
{
    (void)ctx;
    (void)pca;
    (void)x;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_pca_inverse_transform(conceptdec_ctx *ctx, const conceptdec_pca *pca, const conceptdec_matrix *z, conceptdec_result **result)
{
    (void)ctx;
    (void)pca;
    (void)z;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_pca_save(conceptdec_ctx *ctx, const conceptdec_pca *pca, const char *path)
{
    (void)ctx;
    (void)pca;
    (void)path;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_pca_load(conceptdec_ctx *ctx, const char *path, conceptdec_pca **pca)
{
    (void)ctx;
    (void)path;
    (void)pca;
    return CONCEPTDEC_EUNSUPPORTED;
}

void
conceptdec_pca_free(conceptdec_pca *pca)
{
    (void)pca;
}
