/* Files of activations: what is in them, and their end. */
#include "io/activations.h"

#include <stdio.h>
#include <string.h>

/* ---- life ---- */

static void
free_made(conceptdec_i_memory *memory, conceptdec_i_made *made)
{
    for (int64_t i = 0; i < made->n_blocks; i++)
        conceptdec_i_memory_give(memory, made->blocks[i]);
    conceptdec_i_memory_give(memory, made->blocks);
    conceptdec_i_memory_give(memory, made->integers);
}

static void
free_volume(conceptdec_i_memory *memory, conceptdec_i_volume *v)
{
    if (v->path) /* it was opened */
        conceptdec_i_file_close(&v->file);
    conceptdec_i_contents_drop(memory, &v->contents);
    conceptdec_i_memory_give(memory, v->text);
    conceptdec_i_memory_give(memory, v->path);
}

void
conceptdec_activations_free(conceptdec_activations *activations)
{
    if (!activations)
        return;
    conceptdec_activations *a = activations;
    conceptdec_i_memory *memory = a->memory;
    for (int64_t i = 0; a->kept->made && i < a->count; i++)
        free_made(memory, &a->kept->made[i]);
    for (int64_t i = 0; i < a->n_volumes; i++)
        free_volume(memory, &a->volumes[i]);
    pthread_mutex_destroy(&a->kept->lock);
    conceptdec_i_memory_give(memory, a->kept->made);
    conceptdec_i_memory_give(memory, a->kept);
    conceptdec_i_memory_give(memory, a->volumes);
    conceptdec_i_memory_give(memory, (void *)a->arrays);
    conceptdec_i_memory_give(memory, a);
    conceptdec_i_memory_drop(memory);
}

/* ---- what is in a file ---- */

int64_t
conceptdec_i_find_stored(const void *const *arrays, int64_t count, const char *name)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = conceptdec_i_compare_names(((const conceptdec_i_stored *)arrays[middle])->name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int64_t
conceptdec_activations_count(const conceptdec_activations *activations)
{
    return activations ? activations->count : 0;
}

conceptdec_status
conceptdec_i_activations_array(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index,
                               const conceptdec_i_stored **array)
{
    if (!activations)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "activations: is NULL");
    if (index < 0 || index >= activations->count)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "index: %lld is not one of the %lld arrays", (long long)index,
                                 (long long)activations->count);
    *array = conceptdec_i_activations_at(activations, index);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_activations_info(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index,
                            conceptdec_array_info *info)
{
    const conceptdec_i_stored *array = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    CONCEPTDEC_I_TRY(conceptdec_i_activations_array(ctx, activations, index, &array));
    if (!info)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "info: is NULL");
    *info = (conceptdec_array_info){
        .name = array->name, .type = array->type->name, .ndim = array->ndim, .dtype = array->type->dtype};
    memcpy(info->shape, array->shape, sizeof info->shape);
    return CONCEPTDEC_OK;
}

/* As many names as there is room for. */
static void
list_names(const conceptdec_activations *activations, char *text, size_t room)
{
    size_t length = 0;
    text[0] = '\0';
    for (int64_t i = 0; i < activations->count; i++) {
        char name[CONCEPTDEC_I_CLIPPED];
        conceptdec_i_clip(name, conceptdec_i_activations_at(activations, i)->name);
        if (length + strlen(name) + 10 > room) {
            strcpy(text + length, ", ...");
            return;
        }
        length += (size_t)snprintf(text + length, room - length, "%s\"%s\"", i > 0 ? ", " : ": ", name);
    }
}

conceptdec_status
conceptdec_activations_find(conceptdec_ctx *ctx, const conceptdec_activations *activations, const char *name,
                            int64_t *index)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!activations || !name || !index)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL",
                                 !activations ? "activations"
                                 : !name      ? "name"
                                              : "index");
    int64_t found = conceptdec_i_find_stored(activations->arrays, activations->count, name);
    if (found < 0) {
        char clipped[CONCEPTDEC_I_CLIPPED], names[300];
        list_names(activations, names, sizeof names);
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENAME, "name: \"%s\" is none of the %lld arrays%s",
                                 conceptdec_i_clip(clipped, name), (long long)activations->count, names);
    }
    *index = found;
    return CONCEPTDEC_OK;
}

const char *
conceptdec_activations_metadata(const conceptdec_activations *activations, const char *key)
{
    for (int64_t i = 0; activations && key && i < activations->n_volumes; i++) {
        const conceptdec_i_list *metadata = &activations->volumes[i].contents.metadata;
        const conceptdec_i_pair *pairs = metadata->items;
        for (int64_t j = 0; j < metadata->count; j++)
            if (strcmp(pairs[j].key, key) == 0)
                return pairs[j].text;
    }
    return NULL;
}
