/* Size-first structs: a caller built with an older or newer header than the library. */
#include "core.h"

#include <string.h>

#define LARGEST_STRUCT 4096u

conceptdec_status
conceptdec_i_intake(conceptdec_ctx *ctx, const char *name, const void *source, void *copy, uint64_t size,
                    uint64_t size_v1)
{
    uint64_t given = size;
    if (source)
        memcpy(&given, source, sizeof given);
    if (given < size_v1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESTRUCT_SIZE,
                                 "%s.struct_size: %llu is smaller than %llu, the first version of the struct", name,
                                 (unsigned long long)given, (unsigned long long)size_v1);
    if (given > LARGEST_STRUCT)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESTRUCT_SIZE, "%s.struct_size: %llu is larger than %u", name,
                                 (unsigned long long)given, LARGEST_STRUCT);
    for (uint64_t i = size; i < given; i++)
        if (((const unsigned char *)source)[i] != 0)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESTRUCT_TAIL,
                                     "%s: byte %llu is set, but this library (%s) knows %llu bytes of the struct", name,
                                     (unsigned long long)i, CONCEPTDEC_VERSION_STRING, (unsigned long long)size);
    memset(copy, 0, size);
    if (source)
        memcpy(copy, source, given < size ? given : size);
    memcpy(copy, &size, sizeof size);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_given_known(conceptdec_ctx *ctx, const char *name, uint64_t given, int fields)
{
    if (fields >= 64 || given >> fields == 0)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_ESTRUCT_TAIL,
                             "%s.given: a bit at or above %d is set, but this library (%s) knows %d fields", name,
                             fields, CONCEPTDEC_VERSION_STRING, fields);
}

conceptdec_status
conceptdec_i_check_choice(conceptdec_ctx *ctx, const char *name, int32_t value, int32_t count)
{
    if (value >= 0 && value < count)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: %d is not one of 0..%d", name, value, count - 1);
}

conceptdec_status
conceptdec_i_check_count(conceptdec_ctx *ctx, const char *name, int64_t value)
{
    if (value >= 0 && value <= INT32_MAX)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld is not in 0..%d", name, (long long)value, INT32_MAX);
}

conceptdec_status
conceptdec_i_refuse_idle(conceptdec_ctx *ctx, const conceptdec_i_idle *options, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (options[i].is_idle)
            return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: is given, but %s", options[i].name,
                                     options[i].reason);
    return CONCEPTDEC_OK;
}

void
conceptdec_i_default_int(uint64_t given, int bit, int64_t *field, int64_t value)
{
    if (*field == 0 && !((given >> bit) & 1u))
        *field = value;
}

void
conceptdec_i_default_real(uint64_t given, int bit, double *field, double value)
{
    if (*field == 0.0 && !((given >> bit) & 1u))
        *field = value;
}
