/* Lists by name: arrays that an object can be asked for, and numbers and texts that a result tells of its options. */
#ifndef CONCEPTDEC_I_NAMED_H
#define CONCEPTDEC_I_NAMED_H

#include "core/core.h"

typedef struct conceptdec_i_named {
    const char *name;
    conceptdec_array array;
} conceptdec_i_named;

/* ENAME where none of them has the name. */
conceptdec_status conceptdec_i_named_get(const conceptdec_i_named *all, size_t count, const char *name,
                                         conceptdec_array *array);

typedef struct conceptdec_i_option_number {
    const char *key;
    double number;
} conceptdec_i_option_number;

typedef struct conceptdec_i_option_text {
    const char *key, *text;
} conceptdec_i_option_text;

conceptdec_status conceptdec_i_result_option_numbers(conceptdec_ctx *ctx, conceptdec_result *result,
                                                     const conceptdec_i_option_number *all, size_t count);
conceptdec_status conceptdec_i_result_option_texts(conceptdec_ctx *ctx, conceptdec_result *result,
                                                   const conceptdec_i_option_text *all, size_t count);

#endif
