/* Files of activations: opening one file, shards, or memory. */
#include "io/activations.h"

#include <string.h>

#define OPTION_FIELDS 2

/* ---- reading one file ---- */

typedef struct opening {
    conceptdec_ctx *ctx;
    conceptdec_activations *handle;
    int32_t dtype;
} opening;

/* `count` bytes of a file as a text of its own. */
static conceptdec_status
read_text(conceptdec_ctx *ctx, const conceptdec_i_file *file, int64_t begin, int64_t count, char **text)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "header", count, 1, &p));
    conceptdec_status status = conceptdec_i_file_get(ctx, file, begin, p, count);
    if (status == CONCEPTDEC_OK)
        *text = p;
    else
        conceptdec_i_give(ctx, p);
    return status;
}

static conceptdec_status
copy_text(conceptdec_ctx *ctx, const char *text, size_t length, char **copy)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "file name", (int64_t)length + 1, 1, &p));
    memcpy(p, text, length);
    ((char *)p)[length] = '\0';
    *copy = p;
    return CONCEPTDEC_OK;
}

/* The only array of a .npy file has the file's name, without folder and ".npy". */
static conceptdec_status
add_npy(const opening *o, conceptdec_i_volume *v, const conceptdec_i_stored *array)
{
    const char *slash = strrchr(v->path, '/'), *name = slash ? slash + 1 : v->path;
    size_t length = strlen(name);
    void *p;
    if (length > 4 && strcmp(name + length - 4, ".npy") == 0)
        length -= 4;
    CONCEPTDEC_I_TRY(copy_text(o->ctx, name, length, &v->text));
    CONCEPTDEC_I_TRY(conceptdec_i_take(o->ctx, "names", 1, sizeof(void *), &p));
    v->contents.by_name = p;
    conceptdec_i_stored *stored = conceptdec_i_list_add(o->ctx->memory, &v->contents.arrays, sizeof *stored);
    if (!stored)
        return conceptdec_i_fail(o->ctx, CONCEPTDEC_ENOMEM, "names: cannot allocate memory");
    *stored = *array;
    stored->name = v->text;
    v->contents.by_name[0] = stored;
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_npy(const opening *o, conceptdec_i_volume *v, const unsigned char *head)
{
    conceptdec_i_origin origin = {.ctx = o->ctx, .path = v->path};
    conceptdec_i_stored array;
    int64_t begin, count;
    char *header;
    CONCEPTDEC_I_TRY(conceptdec_i_npy_extent(&origin, head, v->file.length, &begin, &count));
    CONCEPTDEC_I_TRY(read_text(o->ctx, &v->file, begin, count, &header));
    conceptdec_status status = conceptdec_i_npy_parse(&origin, header, count, begin + count, v->file.length, &array);
    conceptdec_i_give(o->ctx, header);
    return status == CONCEPTDEC_OK ? add_npy(o, v, &array) : status;
}

static conceptdec_status
read_safetensors(const opening *o, conceptdec_i_volume *v, const unsigned char *head)
{
    conceptdec_i_origin origin = {.ctx = o->ctx, .path = v->path};
    int64_t count;
    CONCEPTDEC_I_TRY(conceptdec_i_safetensors_extent(&origin, head, v->file.length, &count));
    CONCEPTDEC_I_TRY(read_text(o->ctx, &v->file, 8, count, &v->text));
    return conceptdec_i_safetensors_parse(&origin, v->text, count, v->file.length, &v->contents);
}

static conceptdec_status
read_head(conceptdec_ctx *ctx, const conceptdec_i_file *file, unsigned char head[CONCEPTDEC_I_HEAD], int *kind)
{
    int64_t count = file->length < CONCEPTDEC_I_HEAD ? file->length : CONCEPTDEC_I_HEAD;
    memset(head, 0, CONCEPTDEC_I_HEAD);
    CONCEPTDEC_I_TRY(conceptdec_i_file_get(ctx, file, 0, head, count));
    *kind = conceptdec_i_kind_of(head, count);
    if (*kind)
        return CONCEPTDEC_OK;
    conceptdec_i_origin origin = {.ctx = ctx, .path = file->path};
    if (file->length == 0)
        return conceptdec_i_refuse(&origin, "it is empty");
    return conceptdec_i_refuse(&origin, "its first bytes are neither those of a .npy file, nor of a .safetensors file, "
                                        "nor of a JSON index");
}

static conceptdec_status
read_volume(const opening *o, conceptdec_i_volume *v, int kind, const unsigned char *head)
{
    CONCEPTDEC_I_TRY(kind == CONCEPTDEC_I_NPY ? read_npy(o, v, head) : read_safetensors(o, v, head));
    conceptdec_i_stored *arrays = v->contents.arrays.items;
    for (int64_t i = 0; i < v->contents.arrays.count; i++) {
        arrays[i].file = &v->file;
        arrays[i].type = conceptdec_i_type_as(arrays[i].type, o->dtype);
    }
    return CONCEPTDEC_OK;
}

/* ---- shards ---- */

/* Takes the path; the file is opened. */
static conceptdec_status
open_volume(const opening *o, conceptdec_i_volume *v, char *path)
{
    conceptdec_status status = conceptdec_i_file_open(o->ctx, path, o->handle->is_mapped, &v->file);
    if (status == CONCEPTDEC_OK) {
        v->path = path;
        return CONCEPTDEC_OK;
    }
    conceptdec_i_give(o->ctx, path);
    return status;
}

static conceptdec_status
open_shard(const opening *o, conceptdec_i_volume *v, const char *index_path, const char *name)
{
    unsigned char head[CONCEPTDEC_I_HEAD];
    const char *slash = strrchr(index_path, '/');
    size_t folder = slash ? (size_t)(slash + 1 - index_path) : 0;
    void *path;
    int kind;
    CONCEPTDEC_I_TRY(conceptdec_i_take(o->ctx, "file name", (int64_t)(folder + strlen(name) + 1), 1, &path));
    memcpy(path, index_path, folder);
    strcpy((char *)path + folder, name);
    CONCEPTDEC_I_TRY(open_volume(o, v, path));
    CONCEPTDEC_I_TRY(read_head(o->ctx, &v->file, head, &kind));
    conceptdec_i_origin origin = {.ctx = o->ctx, .path = v->path};
    if (kind != CONCEPTDEC_I_SAFETENSORS)
        return conceptdec_i_refuse(&origin, "an index names it, but it is not a .safetensors file");
    return read_volume(o, v, kind, head);
}

static conceptdec_status
add_shard_array(const opening *o, const conceptdec_i_volume *v, const char *name, conceptdec_i_list *found)
{
    conceptdec_i_origin origin = {.ctx = o->ctx, .path = v->path};
    char clipped[CONCEPTDEC_I_CLIPPED];
    int64_t at = conceptdec_i_find_stored(v->contents.by_name, v->contents.arrays.count, name);
    if (at < 0)
        return conceptdec_i_refuse(&origin, "the index says that tensor \"%s\" is in it, but it is not",
                                   conceptdec_i_clip(clipped, name));
    const conceptdec_i_stored **item = conceptdec_i_list_add(o->ctx->memory, found, sizeof *item);
    if (!item)
        return conceptdec_i_fail(o->ctx, CONCEPTDEC_ENOMEM, "names: cannot allocate memory");
    *item = v->contents.by_name[at];
    return CONCEPTDEC_OK;
}

/* The files in their order, each opened when the first of its tensors comes. */
static conceptdec_status
open_shards(const opening *o, const char *index_path, const conceptdec_i_index *index, conceptdec_i_list *found)
{
    conceptdec_activations *h = o->handle;
    const char *file = NULL;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(o->ctx, "files", index->n_files, sizeof *h->volumes, &p));
    h->volumes = p;
    for (int64_t i = 0; i < index->pairs.count; i++) {
        const conceptdec_i_pair *pair = index->by_file[i];
        if (!file || strcmp(file, pair->text) != 0) {
            file = pair->text;
            CONCEPTDEC_I_TRY(open_shard(o, &h->volumes[h->n_volumes++], index_path, file));
        }
        CONCEPTDEC_I_TRY(add_shard_array(o, &h->volumes[h->n_volumes - 1], pair->key, found));
    }
    return CONCEPTDEC_OK;
}

static int
by_name(const void *a, const void *b)
{
    const conceptdec_i_stored *const *one = a, *const *other = b;
    return conceptdec_i_compare_names((*one)->name, (*other)->name);
}

/* All arrays in one order. */
static conceptdec_status
order_arrays(const opening *o, const conceptdec_i_list *found)
{
    const void **sorted;
    CONCEPTDEC_I_TRY(conceptdec_i_list_sort(o->ctx, found, sizeof(const conceptdec_i_stored *), by_name, &sorted));
    for (int64_t i = 0; i < found->count; i++)
        sorted[i] = *(const conceptdec_i_stored *const *)sorted[i];
    o->handle->arrays = sorted;
    o->handle->count = found->count;
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_index(const opening *o, const conceptdec_i_file *file)
{
    conceptdec_i_origin origin = {.ctx = o->ctx, .path = file->path};
    conceptdec_i_index index = {.n_files = 0};
    conceptdec_i_list found = {.count = 0};
    char *text;
    if (file->descriptor < 0)
        return conceptdec_i_refuse(&origin, "an index must be a file");
    if (file->length > CONCEPTDEC_I_MOST_HEADER)
        return conceptdec_i_refuse(&origin, "an index of %lld bytes is longer than %lld", (long long)file->length,
                                   (long long)CONCEPTDEC_I_MOST_HEADER);
    CONCEPTDEC_I_TRY(read_text(o->ctx, file, 0, file->length, &text));
    conceptdec_status status = conceptdec_i_index_parse(&origin, text, file->length, &index);
    if (status == CONCEPTDEC_OK)
        status = open_shards(o, file->path, &index, &found);
    if (status == CONCEPTDEC_OK)
        status = order_arrays(o, &found);
    conceptdec_i_memory_give(o->ctx->memory, found.items);
    conceptdec_i_index_drop(o->ctx->memory, &index);
    conceptdec_i_give(o->ctx, text);
    return status;
}

/* ---- opening ---- */

static conceptdec_status
new_handle(conceptdec_ctx *ctx, conceptdec_activations **activations)
{
    void *p, *kept;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "file of activations", 1, sizeof **activations, &p));
    conceptdec_status status = conceptdec_i_take_zero(ctx, "file of activations", 1, sizeof(conceptdec_i_kept), &kept);
    if (status != CONCEPTDEC_OK) {
        conceptdec_i_give(ctx, p);
        return status;
    }
    *activations = p;
    (*activations)->memory = conceptdec_i_memory_share(ctx->memory);
    (*activations)->kept = kept;
    pthread_mutex_init(&(*activations)->kept->lock, NULL);
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_single(const opening *o, const conceptdec_i_file *file, char *path, int kind, const unsigned char *head)
{
    conceptdec_activations *h = o->handle;
    void *p;
    conceptdec_status status = conceptdec_i_take_zero(o->ctx, "files", 1, sizeof *h->volumes, &p);
    if (status != CONCEPTDEC_OK) {
        conceptdec_i_file taken = *file;
        conceptdec_i_file_close(&taken);
        conceptdec_i_give(o->ctx, path);
        return status;
    }
    h->volumes = p;
    h->n_volumes = 1;
    *h->volumes = (conceptdec_i_volume){.file = *file, .path = path};
    CONCEPTDEC_I_TRY(read_volume(o, h->volumes, kind, head));
    h->count = h->volumes->contents.arrays.count;
    h->arrays = h->volumes->contents.by_name;
    h->volumes->contents.by_name = NULL;
    return CONCEPTDEC_OK;
}

/* Takes the file and its path. */
static conceptdec_status
read_file(const opening *o, conceptdec_i_file *file, char *path)
{
    unsigned char head[CONCEPTDEC_I_HEAD];
    int kind;
    conceptdec_status status = read_head(o->ctx, file, head, &kind);
    if (status == CONCEPTDEC_OK && kind != CONCEPTDEC_I_INDEX)
        return read_single(o, file, path, kind, head);
    if (status == CONCEPTDEC_OK)
        status = read_index(o, file);
    conceptdec_i_file_close(file);
    conceptdec_i_give(o->ctx, path);
    return status;
}

static conceptdec_status
open_file(const opening *o, const char *path, const conceptdec_i_file *bytes)
{
    char *copy;
    void *made;
    conceptdec_i_file file;
    CONCEPTDEC_I_TRY(copy_text(o->ctx, path, strlen(path), &copy));
    conceptdec_status status = CONCEPTDEC_OK;
    if (bytes)
        file = *bytes;
    else
        status = conceptdec_i_file_open(o->ctx, copy, o->handle->is_mapped, &file);
    if (status != CONCEPTDEC_OK) {
        conceptdec_i_give(o->ctx, copy);
        return status;
    }
    file.path = copy;
    CONCEPTDEC_I_TRY(read_file(o, &file, copy));
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(o->ctx, "arrays", o->handle->count, sizeof(conceptdec_i_made), &made));
    o->handle->kept->made = made;
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_options(conceptdec_ctx *ctx, const conceptdec_activations_options *given, conceptdec_activations_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, options, sizeof *options, sizeof *options));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", options->given, OPTION_FIELDS));
    if (options->flags & ~CONCEPTDEC_ACTIVATIONS_MAP)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "options.flags: %u has bits that do not exist",
                                 options->flags);
    if (options->dtype != 0 && options->dtype != CONCEPTDEC_BFLOAT16)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "options.dtype: %d is neither 0 nor CONCEPTDEC_BFLOAT16 (%d)",
                                 options->dtype, CONCEPTDEC_BFLOAT16);
    return CONCEPTDEC_OK;
}

/* `bytes`: the file lies in memory. */
static conceptdec_status
open_any(conceptdec_ctx *ctx, const char *path, const conceptdec_i_file *bytes,
         const conceptdec_activations_options *given, conceptdec_activations **activations)
{
    conceptdec_activations_options options;
    conceptdec_activations *handle;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !activations)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", path ? "activations" : "path");
    CONCEPTDEC_I_TRY(check_options(ctx, given, &options));
    CONCEPTDEC_I_TRY(new_handle(ctx, &handle));
    handle->is_mapped = (options.flags & CONCEPTDEC_ACTIVATIONS_MAP) != 0;
    opening o = {.ctx = ctx, .handle = handle, .dtype = options.dtype};
    conceptdec_status status = open_file(&o, path, bytes);
    if (status == CONCEPTDEC_OK)
        *activations = handle;
    else
        conceptdec_activations_free(handle);
    return status;
}

conceptdec_status
conceptdec_activations_open(conceptdec_ctx *ctx, const char *path, const conceptdec_activations_options *options,
                            conceptdec_activations **activations)
{
    return open_any(ctx, path, NULL, options, activations);
}

conceptdec_status
conceptdec_i_activations_open_bytes(conceptdec_ctx *ctx, const char *name, const void *bytes, int64_t length,
                                    const conceptdec_activations_options *options, conceptdec_activations **activations)
{
    conceptdec_i_file file = {.bytes = bytes, .length = length, .descriptor = -1};
    return open_any(ctx, name, &file, options, activations);
}
