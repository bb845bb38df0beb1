/* The JSON form of a result. */
#include "json.h"
#include "result.h"

#define SCHEMA_VERSION 1

/* Nested lists, row-major; returns the elements that were written. */
static int64_t
write_axis(conceptdec_i_json *json, const conceptdec_array *array, int axis, int64_t at)
{
    if (axis == array->ndim) {
        if (array->dtype == CONCEPTDEC_INT64)
            conceptdec_i_json_signed(json, ((const int64_t *)array->data)[at]);
        else
            conceptdec_i_json_double(json, ((const double *)array->data)[at]);
        return 1;
    }
    int64_t written = 0;
    conceptdec_i_json_begin(json, '[');
    for (int64_t i = 0; i < array->shape[axis] && !json->has_failed; i++)
        written += write_axis(json, array, axis + 1, at + written);
    conceptdec_i_json_end(json, ']');
    return written;
}

static void
write_entry(conceptdec_i_json *json, const conceptdec_i_result_entry *entry)
{
    conceptdec_i_json_key(json, entry->name);
    if (entry->kind == CONCEPTDEC_I_ENTRY_ARRAY)
        write_axis(json, &entry->array, 0, 0);
    else if (entry->kind == CONCEPTDEC_I_ENTRY_TEXT)
        conceptdec_i_json_string(json, entry->text);
    else
        conceptdec_i_json_number(json, entry->number);
}

static void
write_entries(conceptdec_i_json *json, const char *key, const conceptdec_i_result_entry *entry)
{
    conceptdec_i_json_key(json, key);
    conceptdec_i_json_begin(json, '{');
    for (; entry; entry = entry->next)
        write_entry(json, entry);
    conceptdec_i_json_end(json, '}');
}

static void
write_provenance(conceptdec_i_json *json, const conceptdec_result *result)
{
    conceptdec_i_json_key(json, "provenance");
    conceptdec_i_json_begin(json, '{');
    conceptdec_i_json_text_of(json, "version", CONCEPTDEC_VERSION_STRING);
    conceptdec_i_json_text_of(json, "kernel", result->kernel);
    conceptdec_i_json_key(json, "blas");
    conceptdec_i_json_begin(json, '{');
    conceptdec_i_json_text_of(json, "name", result->blas_name);
    conceptdec_i_json_text_of(json, "core", result->blas_core);
    conceptdec_i_json_end(json, '}');
    conceptdec_i_json_signed_of(json, "threads", result->threads);
    conceptdec_i_json_text_of(json, "compiler", conceptdec_i_compiler());
    if (result->has_seed) {
        conceptdec_i_json_key(json, "seed");
        conceptdec_i_json_unsigned(json, result->seed);
    }
    conceptdec_i_json_end(json, '}');
}

static void
write_messages(conceptdec_i_json *json, const conceptdec_i_result_entry *entry)
{
    if (!entry)
        return;
    conceptdec_i_json_key(json, "messages");
    conceptdec_i_json_begin(json, '[');
    for (; entry; entry = entry->next) {
        conceptdec_i_json_begin(json, '{');
        conceptdec_i_json_signed_of(json, "cell", entry->cell);
        conceptdec_i_json_text_of(json, "text", entry->text);
        conceptdec_i_json_end(json, '}');
    }
    conceptdec_i_json_end(json, ']');
}

static char *
write_result(const conceptdec_result *result)
{
    conceptdec_i_json json;
    conceptdec_i_json_open(&json, result->memory);
    conceptdec_i_json_begin(&json, '{');
    conceptdec_i_json_signed_of(&json, "schema_version", SCHEMA_VERSION);
    conceptdec_i_json_text_of(&json, "capability", result->capability);
    write_entries(&json, "values", result->arrays);
    write_entries(&json, "options", result->options);
    write_provenance(&json, result);
    write_entries(&json, "diagnostics", result->diagnostics);
    write_messages(&json, result->messages);
    conceptdec_i_json_end(&json, '}');
    return conceptdec_i_json_close(&json);
}

conceptdec_status
conceptdec_result_json(conceptdec_result *result, const char **json)
{
    if (!result || !json)
        return CONCEPTDEC_ENULL;
    if (!result->json)
        result->json = write_result(result);
    if (!result->json)
        return CONCEPTDEC_ENOMEM;
    *json = result->json;
    return CONCEPTDEC_OK;
}
