/* Tables in files. Layout, little-endian: magic, then 16 numbers (header), then the arrays one after the other, then a
 * checksum of everything before it. Nothing is believed when reading: sizes are held against the length of the file
 * before memory is taken, and every index is checked. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "neighbors/sides.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tables are written as they lie in memory: add byte swaps for this machine"
#endif

#define MAGIC "cdecNbr\n"
#define FORMAT 1
#define BLOCK ((size_t)1 << 20)

/* The header; every field is 8 bytes. */
typedef struct {
    char magic[8];
    int64_t format;
    int64_t n_rows, n_queries, dims, k, metric, is_self;
    double scale;
    int64_t n_values, n_voters, n_zero_rows, n_lists, n_entries;
    int64_t has_zero, has_group;
    uint64_t fingerprint;
} header;

typedef struct {
    conceptdec_ctx *ctx;
    int file;
    uint64_t sum;
    const char *path;
} stream;

static uint64_t
checksum(uint64_t sum, const void *data, size_t bytes)
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

static conceptdec_status
io_error(stream *s, const char *what)
{
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_EIO, "path: cannot %s %s: error %d", what, s->path, errno);
}

static conceptdec_status
put(stream *s, const void *data, uint64_t bytes)
{
    const char *p = data;
    while (bytes > 0) {
        size_t part = bytes < BLOCK ? (size_t)bytes : BLOCK;
        ssize_t written = write(s->file, p, part);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return io_error(s, "write");
        s->sum = checksum(s->sum, p, (size_t)written);
        p += written;
        bytes -= (uint64_t)written;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static header
describe(const conceptdec_neighbors *t)
{
    header h = {.format = FORMAT, .n_rows = t->n_rows, .n_queries = t->n_queries, .dims = t->dims, .k = t->k,
                .metric = t->metric, .is_self = t->is_self, .scale = t->scale, .n_values = t->n_values,
                .n_voters = t->value_start[t->n_values], .n_zero_rows = t->n_zero_rows, .n_lists = t->n_lists,
                .n_entries = t->list_start[t->n_lists], .has_zero = t->value_is_zero != NULL,
                .has_group = t->group != NULL, .fingerprint = t->fingerprint};
    memcpy(h.magic, MAGIC, sizeof h.magic);
    return h;
}

/* The arrays in the order of the file: where each is, and how long. */
typedef struct {
    void *data;
    int64_t count;
    int64_t size;
} part;

enum { PARTS = 10 };

static void
list_parts(const header *h, const conceptdec_neighbors *t, part parts[PARTS])
{
    part all[PARTS] = {{t->value_start, h->n_values + 1, 8},
                       {t->rows, h->n_voters, 4},
                       {t->value_of_row, h->n_rows, 4},
                       {t->value_is_zero, h->has_zero ? h->n_values : 0, 1},
                       {t->list_start, h->n_lists + 1, 8},
                       {t->entries, h->n_entries, sizeof(conceptdec_i_entry)},
                       {t->list_is_whole, h->n_lists, 1},
                       {t->list_of_query, h->n_queries, 4},
                       {t->group, h->has_group ? h->n_rows : 0, 8},
                       {t->query_group, h->has_group && !h->is_self ? h->n_queries : 0, 8}};
    memcpy(parts, all, sizeof all);
}

static conceptdec_status
write_table(stream *s, const conceptdec_neighbors *t)
{
    header h = describe(t);
    part parts[PARTS];
    list_parts(&h, t, parts);
    CONCEPTDEC_I_TRY(put(s, &h, sizeof h));
    for (int i = 0; i < PARTS; i++)
        CONCEPTDEC_I_TRY(put(s, parts[i].data, (uint64_t)parts[i].count * (uint64_t)parts[i].size));
    uint64_t sum = s->sum;
    CONCEPTDEC_I_TRY(put(s, &sum, sizeof sum));
    return fsync(s->file) == 0 ? CONCEPTDEC_OK : io_error(s, "write");
}

/* Writes to `temporary` and gives it the name that was asked for. */
static conceptdec_status
write_file(conceptdec_ctx *ctx, const conceptdec_neighbors *t, const char *path, const char *temporary)
{
    stream s = {.ctx = ctx, .path = path};
    s.file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (s.file < 0)
        return io_error(&s, "create a temporary file beside");
    conceptdec_status status = write_table(&s, t);
    if (close(s.file) != 0 && status == CONCEPTDEC_OK)
        status = io_error(&s, "write");
    if (status == CONCEPTDEC_OK && rename(temporary, path) != 0)
        status = io_error(&s, "replace");
    if (status != CONCEPTDEC_OK)
        (void)unlink(temporary);
    return status;
}

conceptdec_status
conceptdec_neighbors_save(conceptdec_ctx *ctx, const conceptdec_neighbors *neighbors, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!neighbors || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", neighbors ? "path" : "neighbors");
    void *temporary;
    size_t length = strlen(path) + 48;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "file name", (int64_t)length, 1, &temporary));
    (void)snprintf(temporary, length, "%s.%ld.%" PRIxPTR ".tmp", path, (long)getpid(), (uintptr_t)temporary);
    conceptdec_i_stage(ctx, "save", 1);
    conceptdec_status status = write_file(ctx, neighbors, path, temporary);
    conceptdec_i_give(ctx, temporary);
    return status;
}

/* ---- reading ---- */

static conceptdec_status
format_error(stream *s, const char *what)
{
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_EFORMAT, "path: %s is not a neighbour table: %s", s->path, what);
}

static conceptdec_status
get(stream *s, void *data, uint64_t bytes)
{
    char *p = data;
    while (bytes > 0) {
        size_t part_bytes = bytes < BLOCK ? (size_t)bytes : BLOCK;
        ssize_t got = read(s->file, p, part_bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(s, "read");
        if (got == 0)
            return format_error(s, "it ends too early");
        s->sum = checksum(s->sum, p, (size_t)got);
        p += got;
        bytes -= (uint64_t)got;
    }
    return CONCEPTDEC_OK;
}

static bool
within(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

static bool
is_flag(int64_t value)
{
    return value == 0 || value == 1;
}

static bool
header_is_sound(const header *h)
{
    return within(h->n_rows, 1, INT32_MAX) && within(h->n_queries, 1, INT32_MAX) && within(h->dims, 1, INT64_MAX) &&
           within(h->k, 1, h->n_rows) && within(h->metric, 0, 1) && is_flag(h->is_self) && is_flag(h->has_zero) &&
           is_flag(h->has_group) && (!h->is_self || h->n_queries == h->n_rows) && h->scale > 0 && isfinite(h->scale) &&
           within(h->n_values, 0, h->n_rows) && within(h->n_voters, h->n_values, h->n_rows) &&
           within(h->n_zero_rows, 0, h->n_rows) && within(h->n_lists, 1, h->n_queries) &&
           within(h->n_entries, 0, INT64_MAX / 64) && h->has_zero == (h->metric == CONCEPTDEC_METRIC_COSINE);
}

/* The parts must fill the file exactly. */
static bool
length_is_right(const header *h, const part parts[PARTS], int64_t length)
{
    int64_t wanted = (int64_t)sizeof *h + 8;
    for (int i = 0; i < PARTS; i++) {
        int64_t bytes;
        if (!conceptdec_i_mul(parts[i].count, parts[i].size, &bytes) || !conceptdec_i_add(wanted, bytes, &wanted))
            return false;
    }
    return wanted == length;
}

static conceptdec_status
read_header(stream *s, header *h)
{
    struct stat status;
    CONCEPTDEC_I_TRY(get(s, h, sizeof *h));
    if (memcmp(h->magic, MAGIC, sizeof h->magic) != 0)
        return format_error(s, "wrong first bytes");
    if (h->format != FORMAT)
        return format_error(s, "it was written by a later version");
    conceptdec_neighbors nothing = {0};
    part parts[PARTS];
    if (!header_is_sound(h))
        return format_error(s, "a size is impossible");
    list_parts(h, &nothing, parts);
    if (fstat(s->file, &status) != 0)
        return io_error(s, "read");
    return length_is_right(h, parts, (int64_t)status.st_size) ? CONCEPTDEC_OK
                                                              : format_error(s, "its length does not fit its sizes");
}

static conceptdec_status
read_arrays(stream *s, const part parts[PARTS], void *data[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        if (parts[i].count == 0 && (i == 3 || i >= 8)) /* what a table need not have */
            continue;
        CONCEPTDEC_I_TRY(
            conceptdec_i_take(s->ctx, "neighbour table", parts[i].count, (uint64_t)parts[i].size, &data[i]));
        CONCEPTDEC_I_TRY(get(s, data[i], (uint64_t)parts[i].count * (uint64_t)parts[i].size));
    }
    uint64_t sum = s->sum, written;
    CONCEPTDEC_I_TRY(get(s, &written, sizeof written));
    return sum == written ? CONCEPTDEC_OK : format_error(s, "it is damaged (checksum)");
}

/* The table owns whatever was read, also where reading failed half-way. */
static conceptdec_status
read_parts(stream *s, const header *h, conceptdec_neighbors *t)
{
    part parts[PARTS];
    void *data[PARTS] = {NULL};
    list_parts(h, t, parts);
    conceptdec_status status = read_arrays(s, parts, data);
    t->value_start = data[0];
    t->rows = data[1];
    t->value_of_row = data[2];
    t->value_is_zero = data[3];
    t->list_start = data[4];
    t->entries = data[5];
    t->list_is_whole = data[6];
    t->list_of_query = data[7];
    t->group = data[8];
    t->query_group = h->is_self ? data[8] : data[9];
    return status;
}

static bool
starts_are_sound(const int64_t *start, int64_t n, int64_t end)
{
    if (start[0] != 0 || start[n] != end)
        return false;
    for (int64_t i = 0; i < n; i++)
        if (start[i] > start[i + 1])
            return false;
    return true;
}

static bool
values_are_sound(const conceptdec_neighbors *t, const header *h)
{
    if (!starts_are_sound(t->value_start, t->n_values, h->n_voters))
        return false;
    int64_t voters = 0;
    for (int64_t i = 0; i < t->n_rows; i++) {
        if (!within(t->value_of_row[i], -1, t->n_values - 1))
            return false;
        voters += t->value_of_row[i] >= 0;
    }
    for (int64_t v = 0; v < t->n_values; v++)
        for (int64_t i = t->value_start[v]; i < t->value_start[v + 1]; i++)
            if (!within(t->rows[i], i > t->value_start[v] ? t->rows[i - 1] + 1 : 0, t->n_rows - 1) ||
                t->value_of_row[t->rows[i]] != v)
                return false;
    return voters == h->n_voters;
}

static bool
lists_are_sound(const conceptdec_neighbors *t, const header *h)
{
    if (!starts_are_sound(t->list_start, t->n_lists, h->n_entries))
        return false;
    for (int64_t q = 0; q < t->n_queries; q++)
        if (!within(t->list_of_query[q], -1, t->n_lists - 1))
            return false;
    for (int64_t l = 0; l < t->n_lists; l++)
        for (int64_t i = t->list_start[l]; i < t->list_start[l + 1]; i++) {
            const conceptdec_i_entry *e = &t->entries[i];
            bool first = i == t->list_start[l];
            if (!(e->d2 >= 0) || !isfinite(e->d2) || !within(e->value, 0, t->n_values - 1) ||
                (!first && (e[-1].d2 > e->d2 || (e[-1].d2 >= e->d2 && e[-1].value >= e->value))))
                return false;
        }
    return true;
}

static conceptdec_status
read_table(stream *s, conceptdec_neighbors *t)
{
    header h;
    CONCEPTDEC_I_TRY(read_header(s, &h));
    CONCEPTDEC_I_TRY(read_parts(s, &h, t));
    t->n_rows = h.n_rows;
    t->n_queries = h.n_queries;
    t->dims = h.dims;
    t->k = h.k;
    t->metric = (int32_t)h.metric;
    t->is_self = h.is_self != 0;
    t->scale = h.scale;
    t->n_values = h.n_values;
    t->n_zero_rows = h.n_zero_rows;
    t->n_lists = h.n_lists;
    t->fingerprint = h.fingerprint;
    if (!values_are_sound(t, &h) || !lists_are_sound(t, &h))
        return format_error(s, "an index is impossible");
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_neighbors_load(conceptdec_ctx *ctx, const char *path, conceptdec_neighbors **neighbors)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !neighbors)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", path ? "neighbors" : "path");
    conceptdec_neighbors *t;
    CONCEPTDEC_I_TRY(conceptdec_i_table_new(ctx, &t));
    stream s = {.ctx = ctx, .path = path, .file = open(path, O_RDONLY | O_CLOEXEC)};
    conceptdec_status status = s.file < 0 ? io_error(&s, "open") : read_table(&s, t);
    if (s.file >= 0)
        (void)close(s.file);
    if (status == CONCEPTDEC_OK)
        *neighbors = t;
    else
        conceptdec_neighbors_free(t);
    return status;
}
