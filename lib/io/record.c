/* Records: writing so that a file is whole or not there, reading so that nothing is believed. */
#define _POSIX_C_SOURCE 200809L

#include "io/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "records are written as they lie in memory: add byte swaps for this machine"
#endif

#define BLOCK (UINT64_C(1) << 20)

uint64_t
conceptdec_i_record_checksum(uint64_t sum, const void *data, uint64_t bytes)
{
    const unsigned char *p = data;
    for (; bytes >= 8; p += 8, bytes -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 29;
    }
    for (; bytes > 0; p++, bytes--)
        sum = (sum ^ *p) * 0x100000001b3u;
    return sum;
}

static conceptdec_status
io_error(const conceptdec_i_record *r, const char *what)
{
    return conceptdec_i_fail(r->ctx, CONCEPTDEC_EIO, "path: cannot %s %s: error %d", what, r->path, errno);
}

/* ---- writing ---- */

/* All of it, in as many steps as the system makes of it. */
static conceptdec_status
write_whole(const conceptdec_i_record *r, const char *p, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(r->file, p, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return io_error(r, "write");
        p += written;
        bytes -= (size_t)written;
    }
    return CONCEPTDEC_OK;
}

/* The checksum goes over blocks of a fixed size, however few bytes a step takes. */
static conceptdec_status
put(conceptdec_i_record *r, const void *data, uint64_t bytes)
{
    const char *p = data;
    while (bytes > 0) {
        size_t part = bytes < BLOCK ? (size_t)bytes : (size_t)BLOCK;
        CONCEPTDEC_I_TRY(write_whole(r, p, part));
        r->sum = conceptdec_i_record_checksum(r->sum, p, part);
        p += part;
        bytes -= part;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

typedef struct content {
    void *header;
    uint64_t header_bytes;
    const conceptdec_i_record_part *parts;
    int n_parts;
} content;

static conceptdec_status
write_content(conceptdec_i_record *r, const content *c)
{
    CONCEPTDEC_I_TRY(put(r, c->header, c->header_bytes));
    for (int i = 0; i < c->n_parts; i++)
        CONCEPTDEC_I_TRY(put(r, c->parts[i].data, (uint64_t)c->parts[i].count * (uint64_t)c->parts[i].size));
    uint64_t sum = r->sum;
    CONCEPTDEC_I_TRY(put(r, &sum, sizeof sum));
    return fsync(r->file) == 0 ? CONCEPTDEC_OK : io_error(r, "write");
}

/* Writes to `temporary` and gives it the name that was asked for. */
static conceptdec_status
write_file(conceptdec_i_record *r, const content *c, const char *temporary)
{
    r->file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (r->file < 0)
        return io_error(r, "create a temporary file beside");
    conceptdec_status status = write_content(r, c);
    if (close(r->file) != 0 && status == CONCEPTDEC_OK)
        status = io_error(r, "write");
    if (status == CONCEPTDEC_OK && rename(temporary, r->path) != 0)
        status = io_error(r, "replace");
    if (status != CONCEPTDEC_OK)
        (void)unlink(temporary);
    return status;
}

conceptdec_status
conceptdec_i_record_save(conceptdec_ctx *ctx, const char *path, const conceptdec_i_record_kind *kind, void *header,
                         uint64_t header_bytes, const conceptdec_i_record_part *parts, int n_parts)
{
    conceptdec_i_record r = {.ctx = ctx, .kind = kind, .path = path};
    content c = {.header = header, .header_bytes = header_bytes, .parts = parts, .n_parts = n_parts};
    void *temporary;
    size_t length = strlen(path) + 48;
    memcpy(header, kind->magic, 8);
    memcpy((char *)header + 8, &kind->format, 8);
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "file name", (int64_t)length, 1, &temporary));
    (void)snprintf(temporary, length, "%s.%ld.%" PRIxPTR ".tmp", path, (long)getpid(), (uintptr_t)temporary);
    conceptdec_i_stage(ctx, "save", 1);
    conceptdec_status status = write_file(&r, &c, temporary);
    conceptdec_i_give(ctx, temporary);
    return status;
}

/* ---- reading ---- */

conceptdec_status
conceptdec_i_record_refuse(const conceptdec_i_record *r, const char *what)
{
    return conceptdec_i_fail(r->ctx, CONCEPTDEC_EFORMAT, "path: %s is not %s: %s", r->path, r->kind->name, what);
}

static conceptdec_status
read_whole(const conceptdec_i_record *r, char *p, size_t bytes)
{
    while (bytes > 0) {
        ssize_t got = read(r->file, p, bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(r, "read");
        if (got == 0)
            return conceptdec_i_record_refuse(r, "it ends too early");
        p += got;
        bytes -= (size_t)got;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_record_get(conceptdec_i_record *r, void *data, uint64_t bytes)
{
    char *p = data;
    while (bytes > 0) {
        size_t part = bytes < BLOCK ? (size_t)bytes : (size_t)BLOCK;
        CONCEPTDEC_I_TRY(read_whole(r, p, part));
        r->sum = conceptdec_i_record_checksum(r->sum, p, part);
        p += part;
        bytes -= part;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_header(conceptdec_i_record *r, void *header, uint64_t header_bytes)
{
    int64_t format;
    CONCEPTDEC_I_TRY(conceptdec_i_record_get(r, header, header_bytes));
    if (memcmp(header, r->kind->magic, 8) != 0)
        return conceptdec_i_record_refuse(r, "wrong first bytes");
    memcpy(&format, (char *)header + 8, 8);
    return format == r->kind->format ? CONCEPTDEC_OK
                                     : conceptdec_i_record_refuse(r, "it was written by a later version");
}

conceptdec_status
conceptdec_i_record_open(conceptdec_ctx *ctx, const char *path, const conceptdec_i_record_kind *kind, void *header,
                         uint64_t header_bytes, conceptdec_i_record *r)
{
    *r = (conceptdec_i_record){.ctx = ctx, .kind = kind, .path = path};
    r->file = open(path, O_RDONLY | O_CLOEXEC);
    if (r->file < 0)
        return io_error(r, "open");
    conceptdec_status status = read_header(r, header, header_bytes);
    if (status != CONCEPTDEC_OK)
        conceptdec_i_record_close(r);
    return status;
}

void
conceptdec_i_record_close(conceptdec_i_record *r)
{
    (void)close(r->file);
}

conceptdec_status
conceptdec_i_record_fits(conceptdec_i_record *r, uint64_t header_bytes, const conceptdec_i_record_part *parts,
                         int n_parts)
{
    struct stat status;
    int64_t wanted = (int64_t)header_bytes + 8, bytes;
    for (int i = 0; i < n_parts; i++)
        if (!conceptdec_i_mul(parts[i].count, parts[i].size, &bytes) || !conceptdec_i_add(wanted, bytes, &wanted))
            return conceptdec_i_record_refuse(r, "a size is impossible");
    if (fstat(r->file, &status) != 0)
        return io_error(r, "read");
    return wanted == (int64_t)status.st_size ? CONCEPTDEC_OK
                                             : conceptdec_i_record_refuse(r, "its length does not fit its sizes");
}

conceptdec_status
conceptdec_i_record_end(conceptdec_i_record *r)
{
    uint64_t sum = r->sum, written;
    CONCEPTDEC_I_TRY(conceptdec_i_record_get(r, &written, sizeof written));
    return sum == written ? CONCEPTDEC_OK : conceptdec_i_record_refuse(r, "it is damaged (checksum)");
}
