/* Erasers. */
#include "core/core.h"

conceptdec_status
conceptdec_eraser_new(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels, const conceptdec_eraser_options *options, conceptdec_eraser **eraser)
{
    (void)ctx;
    (void)x;
    (void)labels;
    (void)options;
    (void)eraser;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_eraser_from_class_moments(conceptdec_ctx *ctx, const conceptdec_class_moments *moments, const conceptdec_eraser_options *options, conceptdec_eraser **eraser)
{
    (void)ctx;
    (void)moments;
    (void)options;
    (void)eraser;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_eraser_get(const conceptdec_eraser *eraser, const char *name, conceptdec_array *array)
{
    (void)eraser;
    (void)name;
    (void)array;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_eraser_apply(conceptdec_ctx *ctx, const conceptdec_eraser *eraser, const conceptdec_matrix *x, conceptdec_result **result)
{
    (void)ctx;
    (void)eraser;
    (void)x;
    (void)result;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_eraser_save(conceptdec_ctx *ctx, const conceptdec_eraser *eraser, const char *path)
{
    (void)ctx;
    (void)eraser;
    (void)path;
    return CONCEPTDEC_EUNSUPPORTED;
}

conceptdec_status
conceptdec_eraser_load(conceptdec_ctx *ctx, const char *path, conceptdec_eraser **eraser)
{
    (void)ctx;
    (void)path;
    (void)eraser;
    return CONCEPTDEC_EUNSUPPORTED;
}

void
conceptdec_eraser_free(conceptdec_eraser *eraser)
{
    (void)eraser;
}
