/* Names of statuses, the text of the last error, version numbers. */
#include "core.h"

#include <stdio.h>

const char *
conceptdec_status_name(conceptdec_status status)
{
#define NAME(code)                                                                                                     \
    case code:                                                                                                         \
        return #code
    switch (status) {
        NAME(CONCEPTDEC_OK);
        NAME(CONCEPTDEC_EINVAL);
        NAME(CONCEPTDEC_ENULL);
        NAME(CONCEPTDEC_ESIZE);
        NAME(CONCEPTDEC_EDTYPE);
        NAME(CONCEPTDEC_ENONFINITE);
        NAME(CONCEPTDEC_ETOOFEW);
        NAME(CONCEPTDEC_EK);
        NAME(CONCEPTDEC_ELABEL);
        NAME(CONCEPTDEC_ESINGLECLASS);
        NAME(CONCEPTDEC_EFOLDS);
        NAME(CONCEPTDEC_EGROUPS);
        NAME(CONCEPTDEC_ENAME);
        NAME(CONCEPTDEC_ESHALLOW);
        NAME(CONCEPTDEC_EFEWELIGIBLE);
        NAME(CONCEPTDEC_ECLASSMISSING);
        NAME(CONCEPTDEC_ENOMEM);
        NAME(CONCEPTDEC_EOVERFLOW);
        NAME(CONCEPTDEC_EIO);
        NAME(CONCEPTDEC_EFORMAT);
        NAME(CONCEPTDEC_EREAD);
        NAME(CONCEPTDEC_ESTRUCT_SIZE);
        NAME(CONCEPTDEC_ESTRUCT_TAIL);
        NAME(CONCEPTDEC_ERESERVED);
        NAME(CONCEPTDEC_ECANCELLED);
        NAME(CONCEPTDEC_EUNSUPPORTED);
    default:
        return "unknown status";
    }
#undef NAME
}

static void
set_text(conceptdec_ctx *ctx, const char *format, va_list arguments)
{
    char *text = conceptdec_i_task_text(ctx);
    vsnprintf(text ? text : ctx->error, sizeof ctx->error, format, arguments);
}

conceptdec_status
conceptdec_i_fail(conceptdec_ctx *ctx, conceptdec_status status, const char *format, ...)
{
    if (!ctx)
        return status;
    if (conceptdec_i_pending(ctx) != CONCEPTDEC_OK)
        return conceptdec_i_take_pending(ctx);
    va_list arguments;
    va_start(arguments, format);
    set_text(ctx, format, arguments);
    va_end(arguments);
    return status;
}

void
conceptdec_i_fail_later(conceptdec_ctx *ctx, conceptdec_status status, const char *format, ...)
{
    if (conceptdec_i_pending(ctx) != CONCEPTDEC_OK)
        return;
    va_list arguments;
    va_start(arguments, format);
    set_text(ctx, format, arguments);
    va_end(arguments);
    conceptdec_status *pending = conceptdec_i_task_pending(ctx);
    *(pending ? pending : &ctx->pending) = status;
}

conceptdec_status
conceptdec_i_pending(const conceptdec_ctx *ctx)
{
    const conceptdec_status *pending = conceptdec_i_task_pending(ctx);
    return pending ? *pending : ctx->pending;
}

conceptdec_status
conceptdec_i_take_pending(conceptdec_ctx *ctx)
{
    conceptdec_status status = conceptdec_i_pending(ctx);
    if (!conceptdec_i_task_pending(ctx))
        ctx->pending = CONCEPTDEC_OK;
    return status;
}

const char *
conceptdec_version(void)
{
    return CONCEPTDEC_VERSION_STRING;
}

int32_t
conceptdec_abi_version(void)
{
    return CONCEPTDEC_ABI_VERSION;
}
