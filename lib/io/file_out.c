/* Writing so that a file is whole or not there, whatever happens on the way. */
#define _POSIX_C_SOURCE 200809L

#include "io/file_out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

#define TRIES 100 /* names of temporary files, where others have left theirs */

static conceptdec_status
fails(const conceptdec_i_file_out *out, const char *what)
{
    return conceptdec_i_file_error(out->ctx, out->path, what, errno);
}

/* A file of a name that no other has: of the process, and within it of the memory that holds the name. It may be read
 * and written by whom the file may that it replaces. */
static int
create(conceptdec_i_file_out *out, size_t length)
{
    const char *slash = strrchr(out->path, '/');
    const size_t folder = slash ? (size_t)(slash + 1 - out->path) : 0;
    struct stat old;
    int file = -1;
    memcpy(out->temporary, out->path, folder);
    for (int i = 0; i < TRIES && (i == 0 || (file < 0 && errno == EEXIST)); i++) {
        (void)snprintf(out->temporary + folder, length - folder, ".conceptdec.%ld.%" PRIxPTR ".%d.tmp", (long)getpid(),
                       (uintptr_t)out->temporary, i);
        file = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    if (file >= 0 && stat(out->path, &old) == 0)
        (void)fchmod(file, old.st_mode & 0777);
    return file;
}

conceptdec_status
conceptdec_i_file_out_begin(conceptdec_ctx *ctx, const char *path, conceptdec_i_file_out *out)
{
    void *temporary;
    size_t length = strlen(path) + 64;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "file name", (int64_t)length, 1, &temporary));
    *out = (conceptdec_i_file_out){.ctx = ctx, .path = path, .temporary = temporary};
    out->file = create(out, length);
    if (out->file >= 0)
        return CONCEPTDEC_OK;
    conceptdec_status status = fails(out, "create a temporary file beside");
    conceptdec_i_give(ctx, temporary);
    return status;
}

conceptdec_status
conceptdec_i_file_out_put(const conceptdec_i_file_out *out, const void *data, uint64_t bytes)
{
    const char *p = data;
    while (bytes > 0) {
        ssize_t written = write(out->file, p, (size_t)bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fails(out, "write");
        p += written;
        bytes -= (uint64_t)written;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_file_out_end(conceptdec_i_file_out *out, conceptdec_status status)
{
    if (status == CONCEPTDEC_OK && fsync(out->file) != 0)
        status = fails(out, "write");
    if (close(out->file) != 0 && status == CONCEPTDEC_OK)
        status = fails(out, "write");
    if (status == CONCEPTDEC_OK && rename(out->temporary, out->path) != 0)
        status = fails(out, "replace");
    if (status != CONCEPTDEC_OK)
        (void)unlink(out->temporary);
    conceptdec_i_give(out->ctx, out->temporary);
    return status;
}
