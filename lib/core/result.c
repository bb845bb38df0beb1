/* Results: named arrays, and the options and diagnostics that stand beside them in the JSON form. */
#include "result.h"

#include <string.h>

#include "kernels/kernels.h"

#define HEADER ((sizeof(conceptdec_i_result_entry) + 63) / 64 * 64) /* keeps what follows 64-byte aligned */

conceptdec_status
conceptdec_i_result_new(conceptdec_ctx *ctx, const char *capability, conceptdec_result **result)
{
    void *memory = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "result", 1, sizeof **result, &memory));
    conceptdec_i_blas_info blas;
    conceptdec_i_blas_names(&blas);
    conceptdec_result *new = memory;
    *new = (conceptdec_result){
        .memory = conceptdec_i_memory_share(ctx->memory),
        .capability = capability,
        .kernel = ctx->kernels->name,
        .blas_name = blas.name,
        .blas_core = blas.core,
        .threads = ctx->options.threads,
    };
    *result = new;
    return CONCEPTDEC_OK;
}

static void
free_entries(conceptdec_i_memory *memory, conceptdec_i_result_entry *entry)
{
    while (entry) {
        conceptdec_i_result_entry *next = entry->next;
        conceptdec_i_memory_give(memory, entry);
        entry = next;
    }
}

void
conceptdec_result_free(conceptdec_result *result)
{
    if (!result)
        return;
    conceptdec_i_memory *memory = result->memory;
    free_entries(memory, result->arrays);
    free_entries(memory, result->options);
    free_entries(memory, result->diagnostics);
    free_entries(memory, result->messages);
    conceptdec_i_memory_give(memory, result->json);
    conceptdec_i_memory_give(memory, result);
    conceptdec_i_memory_drop(memory);
}

/* ---- filling ---- */

/* Appends an entry with `size` zeroed bytes behind it. */
static conceptdec_status
append(conceptdec_ctx *ctx, conceptdec_i_result_entry **list, const char *name, int64_t size,
       conceptdec_i_result_entry **entry)
{
    int64_t bytes = 0;
    if (!conceptdec_i_add(size, (int64_t)HEADER, &bytes))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: too large for an address", name);
    void *memory = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, name, bytes, 1, &memory));
    while (*list)
        list = &(*list)->next;
    *list = *entry = memory;
    (*entry)->name = name;
    return CONCEPTDEC_OK;
}

static void *
payload(conceptdec_i_result_entry *entry)
{
    return (char *)entry + HEADER;
}

static conceptdec_status
append_array(conceptdec_ctx *ctx, conceptdec_i_result_entry **list, const char *name, int32_t dtype, int ndim,
             const int64_t *shape, void **data)
{
    conceptdec_array array = {.ndim = ndim, .dtype = dtype};
    int64_t bytes = 8; /* of one element, float64 or int64 */
    if (ndim < 0 || ndim > 8)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %d dimensions, must be 0 to 8", name, ndim);
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: length %lld of axis %d is negative", name,
                                     (long long)shape[i], i);
        if (!conceptdec_i_mul(bytes, shape[i], &bytes))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: too large for an address", name);
        array.shape[i] = shape[i];
    }
    conceptdec_i_result_entry *entry = NULL;
    CONCEPTDEC_I_TRY(append(ctx, list, name, bytes, &entry));
    array.data = *data = payload(entry);
    entry->kind = CONCEPTDEC_I_ENTRY_ARRAY;
    entry->array = array;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_result_float64(conceptdec_ctx *ctx, conceptdec_result *result, const char *name, int ndim,
                            const int64_t *shape, double **data)
{
    void *memory = NULL;
    CONCEPTDEC_I_TRY(append_array(ctx, &result->arrays, name, CONCEPTDEC_FLOAT64, ndim, shape, &memory));
    *data = memory;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_result_int64(conceptdec_ctx *ctx, conceptdec_result *result, const char *name, int ndim,
                          const int64_t *shape, int64_t **data)
{
    void *memory = NULL;
    CONCEPTDEC_I_TRY(append_array(ctx, &result->arrays, name, CONCEPTDEC_INT64, ndim, shape, &memory));
    *data = memory;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_result_option_text(conceptdec_ctx *ctx, conceptdec_result *result, const char *key, const char *text)
{
    conceptdec_i_result_entry *entry = NULL;
    CONCEPTDEC_I_TRY(append(ctx, &result->options, key, 0, &entry));
    entry->kind = CONCEPTDEC_I_ENTRY_TEXT;
    entry->text = text;
    return CONCEPTDEC_OK;
}

static conceptdec_status
append_number(conceptdec_ctx *ctx, conceptdec_i_result_entry **list, const char *key, double number)
{
    conceptdec_i_result_entry *entry = NULL;
    CONCEPTDEC_I_TRY(append(ctx, list, key, 0, &entry));
    entry->kind = CONCEPTDEC_I_ENTRY_NUMBER;
    entry->number = number;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_result_option_number(conceptdec_ctx *ctx, conceptdec_result *result, const char *key, double number)
{
    return append_number(ctx, &result->options, key, number);
}

conceptdec_status
conceptdec_i_result_option_list(conceptdec_ctx *ctx, conceptdec_result *result, const char *key, const int64_t *list,
                                int64_t n)
{
    void *data = NULL;
    CONCEPTDEC_I_TRY(append_array(ctx, &result->options, key, CONCEPTDEC_INT64, 1, &n, &data));
    if (n > 0)
        memcpy(data, list, (size_t)n * sizeof *list);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_result_diagnostic(conceptdec_ctx *ctx, conceptdec_result *result, const char *key, double number)
{
    return append_number(ctx, &result->diagnostics, key, number);
}

void
conceptdec_i_result_seed(conceptdec_result *result, uint64_t seed)
{
    result->has_seed = true;
    result->seed = seed;
}

conceptdec_status
conceptdec_i_result_set_message(conceptdec_ctx *ctx, conceptdec_result *result, int64_t cell, const char *text)
{
    size_t size = strlen(text) + 1;
    conceptdec_i_result_entry *entry = NULL;
    CONCEPTDEC_I_TRY(append(ctx, &result->messages, "message", (int64_t)size, &entry));
    entry->kind = CONCEPTDEC_I_ENTRY_TEXT;
    entry->text = memcpy(payload(entry), text, size);
    entry->cell = cell;
    return CONCEPTDEC_OK;
}

/* ---- asking ---- */

conceptdec_status
conceptdec_result_get(const conceptdec_result *result, const char *name, conceptdec_array *array)
{
    if (!result || !name || !array)
        return CONCEPTDEC_ENULL;
    for (const conceptdec_i_result_entry *entry = result->arrays; entry; entry = entry->next)
        if (strcmp(entry->name, name) == 0) {
            *array = entry->array;
            return CONCEPTDEC_OK;
        }
    return CONCEPTDEC_ENAME;
}

conceptdec_status
conceptdec_result_scalar(const conceptdec_result *result, const char *name, double *value)
{
    if (!value)
        return CONCEPTDEC_ENULL;
    conceptdec_array array;
    CONCEPTDEC_I_TRY(conceptdec_result_get(result, name, &array));
    for (int i = 0; i < array.ndim; i++)
        if (array.shape[i] == 0)
            return CONCEPTDEC_ESIZE;
    *value = array.dtype == CONCEPTDEC_INT64 ? (double)*(const int64_t *)array.data : *(const double *)array.data;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_result_count(const conceptdec_result *result)
{
    int64_t count = 0;
    for (const conceptdec_i_result_entry *entry = result ? result->arrays : NULL; entry; entry = entry->next)
        count++;
    return count;
}

const char *
conceptdec_result_name(const conceptdec_result *result, int64_t index)
{
    if (!result || index < 0)
        return NULL;
    const conceptdec_i_result_entry *entry = result->arrays;
    while (entry && index-- > 0)
        entry = entry->next;
    return entry ? entry->name : NULL;
}

const char *
conceptdec_result_message(const conceptdec_result *result, int64_t cell)
{
    for (const conceptdec_i_result_entry *entry = result ? result->messages : NULL; entry; entry = entry->next)
        if (entry->cell == cell)
            return entry->text;
    return "";
}
