/* Moments per class. */
#include "core/core.h"

conceptdec_status
conceptdec_class_moments_new(conceptdec_ctx *ctx, int64_t dims, int64_t classes, uint32_t flags, conceptdec_class_moments **moments)
{
    (void)ctx;
    (void)dims;
    (void)classes;
    (void)flags;
    (void)moments;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_class_moments_add(conceptdec_ctx *ctx, conceptdec_class_moments *moments, const conceptdec_matrix *x, const conceptdec_matrix *labels)
{
    (void)ctx;
    (void)moments;
    (void)x;
    (void)labels;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_class_moments_merge(conceptdec_ctx *ctx, conceptdec_class_moments *moments, const conceptdec_class_moments *other)
{
    (void)ctx;
    (void)moments;
    (void)other;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_class_moments_get(conceptdec_class_moments *moments, const char *name, conceptdec_array *array)
{
    (void)moments;
    (void)name;
    (void)array;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_class_moments_save(conceptdec_ctx *ctx, const conceptdec_class_moments *moments, const char *path)
{
    (void)ctx;
    (void)moments;
    (void)path;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_class_moments_load(conceptdec_ctx *ctx, const char *path, conceptdec_class_moments **moments)
{
    (void)ctx;
    (void)path;
    (void)moments;
    return CONCEPTDEC_EUNSUPPORTED;
}

void
conceptdec_class_moments_free(conceptdec_class_moments *moments)
{
    (void)moments;
}
