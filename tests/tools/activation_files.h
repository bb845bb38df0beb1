/* Files of activations for tests: written byte by byte, in a folder of the test's own. */
#ifndef CONCEPTDEC_ACTIVATION_FILES_H
#define CONCEPTDEC_ACTIVATION_FILES_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <conceptdec/conceptdec.h>

static char files_folder[64];

static inline void
files_begin(void)
{
    strcpy(files_folder, "/tmp/conceptdec-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(files_folder));
}

static inline void
files_end(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", files_folder);
    ck_assert_int_eq(system(command), 0);
}

/* The path of a name in the folder; good until the next call. */
static inline const char *
files_path(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", files_folder, name);
    return path;
}

/* A head, `count` bytes of a header and `bytes` of data; returns the path. */
static inline const char *
files_put(const char *name, const void *head, size_t head_bytes, const char *header, size_t count, const void *data,
          size_t bytes)
{
    const char *path = files_path(name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(head, 1, head_bytes, f), head_bytes);
    ck_assert_uint_eq(fwrite(header, 1, count, f), count);
    ck_assert_uint_eq(bytes ? fwrite(data, 1, bytes, f) : 0, bytes);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

static inline const char *
files_npy(const char *name, const char *header, const void *data, size_t bytes)
{
    size_t count = strlen(header);
    unsigned char head[10] = "\x93NUMPY\x01";
    head[8] = (unsigned char)count;
    head[9] = (unsigned char)(count >> 8);
    return files_put(name, head, 10, header, count, data, bytes);
}

static inline const char *
files_safetensors(const char *name, const char *header, const void *data, size_t bytes)
{
    uint64_t count = strlen(header);
    return files_put(name, &count, 8, header, count, data, bytes);
}

static inline const char *
files_text(const char *name, const char *text)
{
    return files_put(name, "", 0, text, strlen(text), "", 0);
}

static inline conceptdec_ctx *
files_ctx(int32_t threads)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

static inline conceptdec_activations *
files_open(conceptdec_ctx *ctx, const char *path, uint32_t flags, int32_t dtype)
{
    conceptdec_activations_options options = {.struct_size = sizeof options, .flags = flags, .dtype = dtype};
    conceptdec_activations *a = NULL;
    conceptdec_status status = conceptdec_activations_open(ctx, path, &options, &a);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s: %s", path, conceptdec_ctx_error(ctx));
    return a;
}

#endif
