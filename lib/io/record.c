/* Records: writing so that a file is whole or not there, reading so that nothing is believed. */
#define _POSIX_C_SOURCE 200809L

#include "io/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "io/file_out.h"

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

/* ---- writing ---- */

/* What is being written. */
typedef struct writer {
    conceptdec_i_file_out out;
    uint64_t sum;
} writer;

/* The checksum goes over blocks of a fixed size. */
static conceptdec_status
put(writer *w, const void *data, uint64_t bytes)
{
    const char *p = data;
    while (bytes > 0) {
        size_t part = bytes < BLOCK ? (size_t)bytes : (size_t)BLOCK;
        CONCEPTDEC_I_TRY(conceptdec_i_file_out_put(&w->out, p, part));
        w->sum = conceptdec_i_record_checksum(w->sum, p, part);
        p += part;
        bytes -= part;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(w->out.ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
put_content(writer *w, const void *header, uint64_t header_bytes, const conceptdec_i_record_part *parts, int n_parts)
{
    CONCEPTDEC_I_TRY(put(w, header, header_bytes));
    for (int i = 0; i < n_parts; i++)
        CONCEPTDEC_I_TRY(put(w, parts[i].data, (uint64_t)parts[i].count * (uint64_t)parts[i].size));
    uint64_t sum = w->sum;
    return put(w, &sum, sizeof sum);
}

conceptdec_status
conceptdec_i_record_save(conceptdec_ctx *ctx, const char *path, const conceptdec_i_record_kind *kind, void *header,
                         uint64_t header_bytes, const conceptdec_i_record_part *parts, int n_parts)
{
    writer w = {.sum = 0};
    memcpy(header, kind->magic, 8);
    memcpy((char *)header + 8, &kind->format, 8);
    CONCEPTDEC_I_TRY(conceptdec_i_file_out_begin(ctx, path, &w.out));
    conceptdec_i_stage(ctx, "save", 1);
    return conceptdec_i_file_out_end(&w.out, put_content(&w, header, header_bytes, parts, n_parts));
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
            return conceptdec_i_file_error(r->ctx, r->path, "read", errno);
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

conceptdec_status
conceptdec_i_record_get_parts(conceptdec_i_record *r, const conceptdec_i_record_part *parts, int n_parts)
{
    for (int i = 0; i < n_parts; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_record_get(r, parts[i].data, (uint64_t)parts[i].count * (uint64_t)parts[i].size));
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
        return conceptdec_i_file_error(r->ctx, r->path, "open", errno);
    conceptdec_i_stage(ctx, "load", 1);
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
        return conceptdec_i_file_error(r->ctx, r->path, "read", errno);
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
