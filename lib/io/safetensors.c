/* Headers of .safetensors files: a length, and a JSON object of tensors. The rules are those of the format's reference
 * implementation: tensors in the order of their places cover the data exactly. */
#include "io/json_read.h"

#include <string.h>

conceptdec_status
conceptdec_i_safetensors_extent(const conceptdec_i_origin *origin, const unsigned char *head, int64_t length,
                                int64_t *header)
{
    uint64_t bytes = 0;
    if (length < 8)
        return conceptdec_i_refuse(origin, "a .safetensors file of %lld bytes ends before its header",
                                   (long long)length);
    for (int i = 7; i >= 0; i--)
        bytes = bytes << 8 | head[i];
    if (bytes > (uint64_t)CONCEPTDEC_I_MOST_HEADER)
        return conceptdec_i_refuse(origin, "a header of %llu bytes is longer than %lld", (unsigned long long)bytes,
                                   (long long)CONCEPTDEC_I_MOST_HEADER);
    if ((int64_t)bytes > length - 8)
        return conceptdec_i_refuse(origin, "the header is %llu bytes long, but only %lld are left",
                                   (unsigned long long)bytes, (long long)(length - 8));
    *header = (int64_t)bytes;
    return CONCEPTDEC_OK;
}

static conceptdec_status
refuse_tensor(const conceptdec_i_json_text *text, const conceptdec_i_stored *array, const char *what)
{
    char name[CONCEPTDEC_I_CLIPPED];
    return conceptdec_i_refuse(text->origin, "tensor \"%s\": %s", conceptdec_i_clip(name, array->name), what);
}

/* ---- one tensor ---- */

static conceptdec_status
read_type(conceptdec_i_json_text *text, conceptdec_i_stored *array)
{
    const char *word;
    char name[CONCEPTDEC_I_CLIPPED], type[CONCEPTDEC_I_CLIPPED];
    CONCEPTDEC_I_TRY(conceptdec_i_json_get_string(text, &word));
    array->type = conceptdec_i_type_of_safetensors(word);
    if (!array->type)
        return conceptdec_i_refuse(text->origin, "tensor \"%s\": dtype \"%s\" is unknown",
                                   conceptdec_i_clip(name, array->name), conceptdec_i_clip(type, word));
    return CONCEPTDEC_OK;
}

/* Numbers in brackets, `most` of them at most. */
static conceptdec_status
read_sizes(conceptdec_i_json_text *text, int32_t most, const char *too_many, int64_t *sizes, int32_t *count)
{
    bool more;
    int64_t n = 0;
    *count = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_json_enter(text, '['));
    for (;;) {
        CONCEPTDEC_I_TRY(conceptdec_i_json_more(text, ']', &n, &more));
        if (!more)
            return CONCEPTDEC_OK;
        if (*count == most)
            return conceptdec_i_json_refuse(text, too_many);
        CONCEPTDEC_I_TRY(conceptdec_i_json_get_size(text, &sizes[(*count)++]));
    }
}

static conceptdec_status
read_offsets(conceptdec_i_json_text *text, conceptdec_i_stored *array)
{
    int64_t offsets[2];
    int32_t count;
    CONCEPTDEC_I_TRY(read_sizes(text, 2, "data_offsets: more than two numbers", offsets, &count));
    if (count < 2)
        return refuse_tensor(text, array, "data_offsets must be two numbers");
    if (offsets[1] < offsets[0])
        return refuse_tensor(text, array, "data_offsets: the end lies before the beginning");
    array->offset = offsets[0];
    array->bytes = offsets[1] - offsets[0];
    return CONCEPTDEC_OK;
}

enum { DTYPE, SHAPE, OFFSETS, KEYS };
static const char *const keys[KEYS] = {"dtype", "shape", "data_offsets"};

static conceptdec_status
read_entry(conceptdec_i_json_text *text, bool seen[KEYS], conceptdec_i_stored *array)
{
    const char *key;
    char name[CONCEPTDEC_I_CLIPPED], clipped[CONCEPTDEC_I_CLIPPED];
    int which = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_json_get_key(text, &key));
    while (which < KEYS && strcmp(keys[which], key) != 0)
        which++;
    if (which == KEYS || seen[which])
        return conceptdec_i_refuse(text->origin, "tensor \"%s\": key \"%s\" %s", conceptdec_i_clip(name, array->name),
                                   conceptdec_i_clip(clipped, key),
                                   which == KEYS ? "is unknown" : "stands there twice");
    seen[which] = true;
    if (which == DTYPE)
        return read_type(text, array);
    if (which == OFFSETS)
        return read_offsets(text, array);
    return read_sizes(text, CONCEPTDEC_I_MOST_AXES, "shape: more than 8 axes", array->shape, &array->ndim);
}

static conceptdec_status
check_tensor(const conceptdec_i_json_text *text, const conceptdec_i_stored *array)
{
    int64_t bytes;
    char name[CONCEPTDEC_I_CLIPPED];
    if (!conceptdec_i_count_bytes(array, &bytes))
        return refuse_tensor(text, array, "shape: its elements do not fit 2^63 - 1 bits, or are no whole bytes");
    if (bytes != array->bytes)
        return conceptdec_i_refuse(text->origin,
                                   "tensor \"%s\": data_offsets give it %lld bytes, but its shape needs %lld",
                                   conceptdec_i_clip(name, array->name), (long long)array->bytes, (long long)bytes);
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_tensor(conceptdec_i_json_text *text, conceptdec_i_stored *array)
{
    bool seen[KEYS] = {false}, more;
    int64_t n = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_json_enter(text, '{'));
    for (;;) {
        CONCEPTDEC_I_TRY(conceptdec_i_json_more(text, '}', &n, &more));
        if (!more)
            break;
        CONCEPTDEC_I_TRY(read_entry(text, seen, array));
    }
    for (int i = 0; i < KEYS; i++)
        if (!seen[i])
            return refuse_tensor(text, array,
                                 i == DTYPE   ? "key \"dtype\" is missing"
                                 : i == SHAPE ? "key \"shape\" is missing"
                                              : "key \"data_offsets\" is missing");
    return check_tensor(text, array);
}

/* ---- the object ---- */

static conceptdec_status
no_memory(const conceptdec_i_json_text *text)
{
    return conceptdec_i_fail(text->origin->ctx, CONCEPTDEC_ENOMEM, "names: cannot allocate memory");
}

static conceptdec_status
read_metadata(conceptdec_i_json_text *text, conceptdec_i_contents *contents)
{
    bool more;
    int64_t n = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_json_enter(text, '{'));
    for (;;) {
        CONCEPTDEC_I_TRY(conceptdec_i_json_more(text, '}', &n, &more));
        if (!more)
            return CONCEPTDEC_OK;
        if (n > CONCEPTDEC_I_MOST_ARRAYS)
            return conceptdec_i_json_refuse(text, "__metadata__: more than 2^20 keys");
        conceptdec_i_pair *pair = conceptdec_i_list_add(text->origin->ctx->memory, &contents->metadata, sizeof *pair);
        if (!pair)
            return no_memory(text);
        CONCEPTDEC_I_TRY(conceptdec_i_json_get_key(text, &pair->key));
        CONCEPTDEC_I_TRY(conceptdec_i_json_get_string(text, &pair->text));
    }
}

static conceptdec_status
read_item(conceptdec_i_json_text *text, bool *has_metadata, conceptdec_i_contents *contents)
{
    const char *key;
    CONCEPTDEC_I_TRY(conceptdec_i_json_get_key(text, &key));
    if (strcmp(key, "__metadata__") == 0) {
        if (*has_metadata)
            return conceptdec_i_json_refuse(text, "__metadata__ stands there twice");
        *has_metadata = true;
        return read_metadata(text, contents);
    }
    if (contents->arrays.count == CONCEPTDEC_I_MOST_ARRAYS)
        return conceptdec_i_json_refuse(text, "more than 2^20 tensors");
    conceptdec_i_stored *array = conceptdec_i_list_add(text->origin->ctx->memory, &contents->arrays, sizeof *array);
    if (!array)
        return no_memory(text);
    array->name = key;
    return read_tensor(text, array);
}

static conceptdec_status
read_object(conceptdec_i_json_text *text, conceptdec_i_contents *contents)
{
    bool more, has_metadata = false;
    int64_t n = 0;
    if (text->at == text->end || *text->at != '{')
        return conceptdec_i_json_refuse(text, "the header must begin with '{'");
    CONCEPTDEC_I_TRY(conceptdec_i_json_enter(text, '{'));
    for (;;) {
        CONCEPTDEC_I_TRY(conceptdec_i_json_more(text, '}', &n, &more));
        if (!more)
            return conceptdec_i_json_finish(text);
        CONCEPTDEC_I_TRY(read_item(text, &has_metadata, contents));
    }
}

/* ---- what only all tensors together show ---- */

static int
by_offset(const void *a, const void *b)
{
    const conceptdec_i_stored *one = a, *other = b;
    int64_t first = one->offset, second = other->offset;
    if (first == second) { /* empty tensors come first */
        first = one->bytes;
        second = other->bytes;
    }
    return first < second ? -1 : first > second;
}

static int
by_name(const void *a, const void *b)
{
    return conceptdec_i_compare_names(((const conceptdec_i_stored *)a)->name, ((const conceptdec_i_stored *)b)->name);
}

static conceptdec_status
check_places(const conceptdec_i_json_text *text, const void **sorted, int64_t n, int64_t data)
{
    char name[CONCEPTDEC_I_CLIPPED];
    int64_t end = 0;
    for (int64_t i = 0; i < n; i++) {
        const conceptdec_i_stored *array = sorted[i];
        if (array->offset != end)
            return conceptdec_i_refuse(text->origin,
                                       "tensor \"%s\" begins at byte %lld of the data, the one before ends at %lld",
                                       conceptdec_i_clip(name, array->name), (long long)array->offset, (long long)end);
        end += array->bytes;
    }
    if (end > data)
        return conceptdec_i_refuse(text->origin, "it is %lld bytes too short for its tensors", (long long)(end - data));
    if (end < data)
        return conceptdec_i_refuse(text->origin, "%lld bytes at its end belong to no tensor", (long long)(data - end));
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_cover(const conceptdec_i_json_text *text, const conceptdec_i_contents *contents, int64_t data)
{
    const void **sorted;
    conceptdec_ctx *ctx = text->origin->ctx;
    CONCEPTDEC_I_TRY(conceptdec_i_list_sort(ctx, &contents->arrays, sizeof(conceptdec_i_stored), by_offset, &sorted));
    conceptdec_status status = check_places(text, sorted, contents->arrays.count, data);
    conceptdec_i_give(ctx, (void *)sorted);
    return status;
}

static conceptdec_status
order_names(const conceptdec_i_json_text *text, conceptdec_i_contents *contents)
{
    CONCEPTDEC_I_TRY(conceptdec_i_list_sort(text->origin->ctx, &contents->arrays, sizeof(conceptdec_i_stored), by_name,
                                            &contents->by_name));
    for (int64_t i = 1; i < contents->arrays.count; i++)
        if (by_name(contents->by_name[i - 1], contents->by_name[i]) == 0)
            return refuse_tensor(text, contents->by_name[i], "there are two of that name");
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_safetensors_parse(const conceptdec_i_origin *origin, char *header, int64_t count, int64_t length,
                               conceptdec_i_contents *contents)
{
    conceptdec_i_json_text text = {.origin = origin, .begin = header, .at = header, .end = header + count, .place = 8};
    CONCEPTDEC_I_TRY(read_object(&text, contents));
    CONCEPTDEC_I_TRY(check_cover(&text, contents, length - 8 - count));
    CONCEPTDEC_I_TRY(conceptdec_i_check_keys(origin, &contents->metadata, "__metadata__: key"));
    CONCEPTDEC_I_TRY(order_names(&text, contents));
    conceptdec_i_stored *arrays = contents->arrays.items;
    for (int64_t i = 0; i < contents->arrays.count; i++)
        arrays[i].offset += 8 + count;
    return CONCEPTDEC_OK;
}
