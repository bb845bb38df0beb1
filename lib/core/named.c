/* Lists by name. */
#include "core/named.h"

#include <string.h>

conceptdec_status
conceptdec_i_named_get(const conceptdec_i_named *all, size_t count, const char *name, conceptdec_array *array)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, name) == 0) {
            *array = all[i].array;
            return CONCEPTDEC_OK;
        }
    return CONCEPTDEC_ENAME;
}

conceptdec_status
conceptdec_i_result_option_numbers(conceptdec_ctx *ctx, conceptdec_result *result,
                                   const conceptdec_i_option_number *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, all[i].key, all[i].number));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_result_option_texts(conceptdec_ctx *ctx, conceptdec_result *result, const conceptdec_i_option_text *all,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(ctx, result, all[i].key, all[i].text));
    return CONCEPTDEC_OK;
}
