/* Indices of sharded files that are not what they should be, and shards that are not. Replays the files below
 * tests/fuzz/shards (made by corpus_files.py) and changes to them; to search with libFuzzer see fuzz_model.c. */
#define _POSIX_C_SOURCE 200809L

#define TARGET "fuzz_shards"
#define FUZZ_PLAIN

#include <sys/stat.h>

#include "fuzz.h"
#include "look.h"

/* A folder of two shards, of four small layers each, with names as in the corpus. */
static void
make_folder(const char *folder)
{
    static const char *const format =
        "{\"layer.%d\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[0,4]},\"layer.%d\":"
        "{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[4,8]}}";
    uint8_t bytes[400] = {0};
    char path[440];
    require(mkdir(folder, 0777) == 0, "cannot make a folder");
    for (int i = 1; i <= 2; i++) {
        int length = snprintf((char *)bytes + 8, sizeof bytes - 8, format, i, 10 * i);
        bytes[0] = (uint8_t)length;
        memset(bytes + 8 + length, 60 + i, 8);
        (void)snprintf(path, sizeof path, "%s/model-0000%d-of-00002.safetensors", folder, i);
        put(path, bytes, 16 + (size_t)length);
    }
}

static void
expect_plain(const conceptdec_i_index *index)
{
    for (int64_t i = 0; i < index->pairs.count; i++) {
        const conceptdec_i_pair *pair = index->by_file[i];
        require(*pair->text && !strchr(pair->text, '/') && strcmp(pair->text, "..") != 0, "a file of another folder");
    }
}

/* The parser alone; returns whether it was an index. */
static bool
parse(conceptdec_ctx *ctx, const uint8_t *data, size_t size)
{
    conceptdec_i_origin origin = {.ctx = ctx, .path = "index"};
    conceptdec_i_index index = {.n_files = 0};
    char *copy = malloc(size ? size : 1);
    require(copy != NULL, "no memory");
    memcpy(copy, data, size);
    conceptdec_status status = conceptdec_i_index_parse(&origin, copy, (int64_t)size, &index);
    require(status == CONCEPTDEC_OK || (status == CONCEPTDEC_EFORMAT && *conceptdec_ctx_error(ctx)),
            "neither an index nor a reason");
    if (status == CONCEPTDEC_OK)
        expect_plain(&index);
    conceptdec_i_index_drop(ctx->memory, &index);
    free(copy);
    return status == CONCEPTDEC_OK;
}

/* From disk, with its shards beside it. */
static bool
open_index(conceptdec_ctx *ctx, const char *path)
{
    conceptdec_activations_options map = {.struct_size = sizeof map, .flags = CONCEPTDEC_ACTIVATIONS_MAP};
    conceptdec_activations *read = NULL, *mapped = NULL;
    conceptdec_status status = conceptdec_activations_open(ctx, path, NULL, &read);
    require(status == CONCEPTDEC_OK ||
                ((status == CONCEPTDEC_EFORMAT || status == CONCEPTDEC_EIO) && !read && *conceptdec_ctx_error(ctx)),
            "neither a file nor a reason");
    require(status == conceptdec_activations_open(ctx, path, &map, &mapped), "accepted once and refused once");
    if (status == CONCEPTDEC_OK)
        look_at_all(ctx, read, mapped);
    conceptdec_activations_free(read);
    conceptdec_activations_free(mapped);
    return status == CONCEPTDEC_OK;
}

static char folder[400];

static void
remove_folder(void)
{
    static const char *const names[] = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                                        "index.json"};
    char path[440];
    for (int i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    (void)rmdir(folder);
}

static bool
try_file(conceptdec_ctx *ctx, const char *path, const uint8_t *data, size_t size)
{
    char index[440];
    if (conceptdec_i_kind_of(data, (int64_t)size) != CONCEPTDEC_I_INDEX && look_at_bytes(ctx, data, size))
        return true;
    if (!*folder) {
        (void)snprintf(folder, sizeof folder, "%s", path);
        make_folder(folder);
        (void)atexit(remove_folder);
    }
    if (!parse(ctx, data, size))
        return false;
#ifndef CONCEPTDEC_LIBFUZZER
    static int64_t accepted; /* a replay opens some from disk, which takes long */
    if (accepted++ % 16 != 0)
        return true;
#endif
    (void)snprintf(index, sizeof index, "%s/index.json", folder);
    put(index, data, size);
    return open_index(ctx, index);
}
