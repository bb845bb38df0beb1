/* The index of sharded .safetensors files: {"metadata": ..., "weight_map": {tensor: file}}. */
#include "io/json_read.h"

#include <string.h>

/* A name in the folder of the index, and nothing that leads out of it. */
static conceptdec_status
check_file_name(const conceptdec_i_json_text *text, const conceptdec_i_pair *pair)
{
    char name[CONCEPTDEC_I_CLIPPED], file[CONCEPTDEC_I_CLIPPED];
    const char *f = pair->text;
    if (*f && !strchr(f, '/') && strcmp(f, ".") != 0 && strcmp(f, "..") != 0)
        return CONCEPTDEC_OK;
    return conceptdec_i_refuse(text->origin, "tensor \"%s\": \"%s\" is not the name of a file in the index' own folder",
                               conceptdec_i_clip(name, pair->key), conceptdec_i_clip(file, f));
}

static conceptdec_status
read_pair(conceptdec_i_json_text *text, conceptdec_i_index *index)
{
    if (index->pairs.count == CONCEPTDEC_I_MOST_ARRAYS)
        return conceptdec_i_json_refuse(text, "weight_map: more than 2^20 tensors");
    conceptdec_i_pair *pair = conceptdec_i_list_add(text->origin->ctx->memory, &index->pairs, sizeof *pair);
    if (!pair)
        return conceptdec_i_fail(text->origin->ctx, CONCEPTDEC_ENOMEM, "names: cannot allocate memory");
    CONCEPTDEC_I_TRY(conceptdec_i_json_get_key(text, &pair->key));
    CONCEPTDEC_I_TRY(conceptdec_i_json_get_string(text, &pair->text));
    return check_file_name(text, pair);
}

static conceptdec_status
read_map(conceptdec_i_json_text *text, conceptdec_i_index *index)
{
    bool more;
    int64_t n = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_json_enter(text, '{'));
    for (;;) {
        CONCEPTDEC_I_TRY(conceptdec_i_json_more(text, '}', &n, &more));
        if (!more)
            return CONCEPTDEC_OK;
        CONCEPTDEC_I_TRY(read_pair(text, index));
    }
}

static conceptdec_status
read_index(conceptdec_i_json_text *text, conceptdec_i_index *index)
{
    bool more, has_map = false;
    int64_t n = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_json_enter(text, '{'));
    for (;;) {
        const char *key;
        CONCEPTDEC_I_TRY(conceptdec_i_json_more(text, '}', &n, &more));
        if (!more)
            break;
        CONCEPTDEC_I_TRY(conceptdec_i_json_get_key(text, &key));
        bool is_map = strcmp(key, "weight_map") == 0;
        if (is_map && has_map)
            return conceptdec_i_json_refuse(text, "weight_map stands there twice");
        has_map |= is_map;
        CONCEPTDEC_I_TRY(is_map ? read_map(text, index) : conceptdec_i_json_skip(text));
    }
    CONCEPTDEC_I_TRY(conceptdec_i_json_finish(text));
    if (!has_map)
        return conceptdec_i_refuse(text->origin,
                                   "a JSON file without \"weight_map\" is no index of .safetensors files");
    return CONCEPTDEC_OK;
}

/* ---- order ---- */

static int
by_file(const void *a, const void *b)
{
    return conceptdec_i_compare_names(((const conceptdec_i_pair *)a)->text, ((const conceptdec_i_pair *)b)->text);
}

conceptdec_status
conceptdec_i_index_parse(const conceptdec_i_origin *origin, char *text, int64_t count, conceptdec_i_index *index)
{
    conceptdec_i_json_text json = {.origin = origin, .begin = text, .at = text, .end = text + count};
    CONCEPTDEC_I_TRY(read_index(&json, index));
    CONCEPTDEC_I_TRY(conceptdec_i_check_keys(origin, &index->pairs, "weight_map: tensor"));
    CONCEPTDEC_I_TRY(
        conceptdec_i_list_sort(origin->ctx, &index->pairs, sizeof(conceptdec_i_pair), by_file, &index->by_file));
    for (int64_t i = 0; i < index->pairs.count; i++)
        index->n_files += i == 0 || by_file(index->by_file[i - 1], index->by_file[i]) != 0;
    return CONCEPTDEC_OK;
}

void
conceptdec_i_index_drop(conceptdec_i_memory *memory, conceptdec_i_index *index)
{
    conceptdec_i_memory_give(memory, index->pairs.items);
    conceptdec_i_memory_give(memory, (void *)index->by_file);
    *index = (conceptdec_i_index){.n_files = 0};
}
