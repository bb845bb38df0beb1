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
