#include <conceptdec/conceptdec.h>

conceptdec_status
conceptdec_moments_new(conceptdec_ctx *ctx, int64_t dims, conceptdec_moments **moments)
{
    (void)ctx;
    (void)dims;
    (void)moments;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_moments_add(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_matrix *x)
{
    (void)ctx;
    (void)moments;
    (void)x;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_moments_merge(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_moments *other)
{
    (void)ctx;
    (void)moments;
    (void)other;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_moments_get(conceptdec_moments *moments, const char *name, conceptdec_array *array)
{
    (void)moments;
    (void)name;
    (void)array;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_moments_save(conceptdec_ctx *ctx, const conceptdec_moments *moments, const char *path)
{
    (void)ctx;
    (void)moments;
    (void)path;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_moments_load(conceptdec_ctx *ctx, const char *path, conceptdec_moments **moments)
{
    (void)ctx;
    (void)path;
    (void)moments;
    return CONCEPTDEC_EUNSUPPORTED;
}

void
conceptdec_moments_free(conceptdec_moments *moments)
{
    (void)moments;
}
