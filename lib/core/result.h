/* The inside of a result: lists of entries, and what is remembered of the context that made it. */
#ifndef CONCEPTDEC_I_RESULT_H
#define CONCEPTDEC_I_RESULT_H

#include "core.h"

typedef enum conceptdec_i_entry_kind {
    CONCEPTDEC_I_ENTRY_ARRAY,
    CONCEPTDEC_I_ENTRY_TEXT,
    CONCEPTDEC_I_ENTRY_NUMBER
} conceptdec_i_entry_kind;

/* A name and what it stands for; the memory of an array, or of a copied text, follows the struct. */
typedef struct conceptdec_i_result_entry {
    struct conceptdec_i_result_entry *next;
    const char *name;
    conceptdec_i_entry_kind kind;
    conceptdec_array array;
    const char *text;
    double number;
    int64_t cell; /* of a message */
} conceptdec_i_result_entry;

struct conceptdec_result {
    conceptdec_i_memory *memory;
    const char *capability;
    conceptdec_i_result_entry *arrays, *options, *diagnostics, *messages;
    const char *kernel, *blas_name, *blas_core;
    int32_t threads;
    bool has_seed;
    uint64_t seed;
    char *json; /* made at the first question */
};

#endif
