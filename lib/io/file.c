/* Files that are read at any place. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/format.h"

#define BLOCK ((int64_t)1 << 20) /* between two looks at the cancel flag */

conceptdec_status
conceptdec_i_file_error(conceptdec_ctx *ctx, const char *path, const char *what, int error)
{
    char reason[128], name[CONCEPTDEC_I_CLIPPED_PATH];
    if (strerror_r(error, reason, sizeof reason) != 0)
        strcpy(reason, "unknown error");
    return conceptdec_i_fail(ctx, CONCEPTDEC_EIO, "path: cannot %s %s: %s", what, conceptdec_i_clip_path(name, path),
                             reason);
}

static conceptdec_status
check_kind(conceptdec_ctx *ctx, conceptdec_i_file *file)
{
    struct stat status;
    char name[CONCEPTDEC_I_CLIPPED_PATH];
    if (fstat(file->descriptor, &status) != 0)
        return conceptdec_i_file_error(ctx, file->path, "open", errno);
    if (S_ISDIR(status.st_mode))
        return conceptdec_i_file_error(ctx, file->path, "open", EISDIR);
    if (!S_ISREG(status.st_mode))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EIO, "path: cannot open %s: it is not a regular file",
                                 conceptdec_i_clip_path(name, file->path));
    file->length = (int64_t)status.st_size;
    return CONCEPTDEC_OK;
}

static conceptdec_status
map_whole(conceptdec_ctx *ctx, conceptdec_i_file *file)
{
    if (file->length == 0)
        return CONCEPTDEC_OK;
    if ((uint64_t)file->length > SIZE_MAX)
        return conceptdec_i_file_error(ctx, file->path, "map", EFBIG);
    void *map = mmap(NULL, (size_t)file->length, PROT_READ, MAP_PRIVATE, file->descriptor, 0);
    if (map == MAP_FAILED)
        return conceptdec_i_file_error(ctx, file->path, "map", errno);
    file->bytes = map;
    file->is_mapped = true;
    return CONCEPTDEC_OK;
}

/* O_NONBLOCK: a pipe without a writer must not hold the caller up. */
conceptdec_status
conceptdec_i_file_open(conceptdec_ctx *ctx, const char *path, bool map, conceptdec_i_file *file)
{
    conceptdec_i_file opened = {.path = path};
    opened.descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened.descriptor < 0)
        return conceptdec_i_file_error(ctx, path, "open", errno);
    conceptdec_status status = check_kind(ctx, &opened);
    if (status == CONCEPTDEC_OK && map)
        status = map_whole(ctx, &opened);
    if (status == CONCEPTDEC_OK)
        *file = opened;
    else
        conceptdec_i_file_close(&opened);
    return status;
}

void
conceptdec_i_file_close(conceptdec_i_file *file)
{
    if (file->is_mapped)
        (void)munmap((void *)(uintptr_t)file->bytes, (size_t)file->length);
    if (file->descriptor >= 0)
        (void)close(file->descriptor);
    *file = (conceptdec_i_file){.descriptor = -1};
}

int32_t
conceptdec_i_file_fetch(const conceptdec_i_file *file, int64_t offset, void *data, int64_t count)
{
    char *p = data;
    if (file->bytes) {
        memcpy(p, file->bytes + offset, (size_t)count);
        return 0;
    }
    while (count > 0) {
        ssize_t got = pread(file->descriptor, p, (size_t)count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : -1;
        p += got;
        offset += got;
        count -= got;
    }
    return 0;
}

conceptdec_status
conceptdec_i_file_get(conceptdec_ctx *ctx, const conceptdec_i_file *file, int64_t offset, void *data, int64_t count)
{
    char *p = data, name[CONCEPTDEC_I_CLIPPED_PATH];
    while (count > 0) {
        int64_t part = count < BLOCK ? count : BLOCK;
        int32_t error = conceptdec_i_file_fetch(file, offset, p, part);
        if (error < 0)
            return conceptdec_i_fail(ctx, CONCEPTDEC_EIO, "path: %s has become shorter than %lld bytes",
                                     conceptdec_i_clip_path(name, file->path), (long long)(offset + part));
        if (error > 0)
            return conceptdec_i_file_error(ctx, file->path, "read", error);
        p += part;
        offset += part;
        count -= part;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    }
    return CONCEPTDEC_OK;
}
