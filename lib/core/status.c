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
        NAME(CONCEPTDEC_ENOMEM);
        NAME(CONCEPTDEC_EOVERFLOW);
        NAME(CONCEPTDEC_EIO);
        NAME(CONCEPTDEC_EFORMAT);
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

conceptdec_status
conceptdec_i_fail(conceptdec_ctx *ctx, conceptdec_status status, const char *format, ...)
{
    if (!ctx)
        return status;
    char *text = conceptdec_i_task_text(ctx);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text ? text : ctx->error, sizeof ctx->error, format, arguments);
    va_end(arguments);
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
