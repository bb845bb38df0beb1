/* What stands before the data of .npy and .safetensors files. */
#include "io/save.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"

#define POLLED 1024 /* tensors between two looks at the cancel flag */
#define NPY_ALIGNMENT 64u /* data begin at a multiple, as NumPy has it */
#define NPY_PREFIX 10u    /* magic word, version, length of the text */
#define NPY_LONGEST 512u  /* 8 axes of 19 digits are far from it */
#define SAFETENSORS_ALIGNMENT 8u
#define SAFETENSORS_PREFIX 8u /* length of the text */

/* ---- .npy ---- */

/* A Python dictionary; returns its length. */
static uint64_t
npy_text(const conceptdec_i_saved *array, char *text, uint64_t size)
{
    int at = snprintf(text, size, "{'descr': '<%s', 'fortran_order': False, 'shape': (", array->type->npy);
    for (int i = 0; i < array->ndim; i++)
        at += snprintf(text + at, size - (uint64_t)at, i ? ", %lld" : "%lld", (long long)array->shape[i]);
    at += snprintf(text + at, size - (uint64_t)at, array->ndim == 1 ? ",), }" : "), }");
    return (uint64_t)at;
}

conceptdec_status
conceptdec_i_npy_header(conceptdec_ctx *ctx, const conceptdec_i_saved *array, conceptdec_i_saved_header *header)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "header", NPY_LONGEST, 1, &p));
    header->bytes = p;
    memcpy(p, "\x93NUMPY\x01\x00", 8);
    uint64_t used = NPY_PREFIX + npy_text(array, header->bytes + NPY_PREFIX, NPY_LONGEST - NPY_PREFIX);
    header->length = (used + 1 + NPY_ALIGNMENT - 1) / NPY_ALIGNMENT * NPY_ALIGNMENT;
    memset(header->bytes + used, ' ', header->length - used);
    header->bytes[header->length - 1] = '\n';
    uint64_t text_length = header->length - NPY_PREFIX;
    header->bytes[8] = (char)(text_length & 0xff);
    header->bytes[9] = (char)(text_length >> 8);
    return CONCEPTDEC_OK;
}

/* ---- .safetensors ---- */

static void
put_tensor(conceptdec_i_json *json, const conceptdec_i_saved *array, int64_t start)
{
    conceptdec_i_json_key(json, array->asked->name);
    conceptdec_i_json_begin(json, '{');
    conceptdec_i_json_text_of(json, "dtype", array->type->safetensors);
    conceptdec_i_json_key(json, "shape");
    conceptdec_i_json_begin(json, '[');
    for (int i = 0; i < array->ndim; i++)
        conceptdec_i_json_signed(json, array->shape[i]);
    conceptdec_i_json_end(json, ']');
    conceptdec_i_json_key(json, "data_offsets");
    conceptdec_i_json_begin(json, '[');
    conceptdec_i_json_signed(json, start);
    conceptdec_i_json_signed(json, start + array->bytes);
    conceptdec_i_json_end(json, ']');
    conceptdec_i_json_end(json, '}');
}

static conceptdec_status
put_text(conceptdec_ctx *ctx, conceptdec_i_json *json, const conceptdec_i_saved *arrays, int64_t count,
         const char *const *metadata, int64_t n_metadata)
{
    int64_t start = 0;
    conceptdec_i_json_begin(json, '{');
    if (n_metadata > 0) {
        conceptdec_i_json_key(json, "__metadata__");
        conceptdec_i_json_begin(json, '{');
        for (int64_t i = 0; i < n_metadata; i++)
            conceptdec_i_json_text_of(json, metadata[2 * i], metadata[2 * i + 1]);
        conceptdec_i_json_end(json, '}');
    }
    for (int64_t i = 0; i < count; start += arrays[i++].bytes) {
        put_tensor(json, &arrays[i], start);
        if (i % POLLED == POLLED - 1)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    }
    conceptdec_i_json_end(json, '}');
    return CONCEPTDEC_OK;
}

/* The length, the text, and blanks after it. */
static conceptdec_status
frame(conceptdec_ctx *ctx, const char *text, conceptdec_i_saved_header *header)
{
    uint64_t used = strlen(text);
    uint64_t padded = (used + SAFETENSORS_ALIGNMENT - 1) / SAFETENSORS_ALIGNMENT * SAFETENSORS_ALIGNMENT;
    void *p;
    if (padded > (uint64_t)CONCEPTDEC_I_MOST_HEADER)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE,
                                 "arrays: names and metadata make a header of %llu bytes, at most %lld",
                                 (unsigned long long)padded, (long long)CONCEPTDEC_I_MOST_HEADER);
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "header", (int64_t)(SAFETENSORS_PREFIX + padded), 1, &p));
    header->bytes = p;
    header->length = SAFETENSORS_PREFIX + padded;
    memcpy(header->bytes, &padded, sizeof padded);
    memcpy(header->bytes + SAFETENSORS_PREFIX, text, used);
    memset(header->bytes + SAFETENSORS_PREFIX + used, ' ', padded - used);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_safetensors_header(conceptdec_ctx *ctx, const conceptdec_i_saved *arrays, int64_t count,
                                const char *const *metadata, int64_t n_metadata, conceptdec_i_saved_header *header)
{
    conceptdec_i_json json;
    conceptdec_i_json_open(&json, ctx->memory);
    conceptdec_status status = put_text(ctx, &json, arrays, count, metadata, n_metadata);
    char *text = conceptdec_i_json_close(&json);
    if (!text)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "header: out of memory");
    if (status == CONCEPTDEC_OK)
        status = frame(ctx, text, header);
    conceptdec_i_give(ctx, text);
    return status;
}
