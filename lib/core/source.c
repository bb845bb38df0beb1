/* Rows that a function of the caller delivers. Where all of them are few they are kept, block by block as they are
 * asked for. Else each lane keeps the rows that it has read last; where it goes through the rows in order, the next
 * ones come along. */
#include "core.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES ((int64_t)1 << 16) /* read at once, where rows are smaller */
#define MOST_KEPT ((int64_t)1 << 26)   /* bytes of all rows that are kept for one arena */
#define READER_FIELDS 2

enum { ABSENT, COMING, THERE }; /* a block of kept rows */

/* The rows that a lane holds. */
typedef struct span {
    int64_t first, count;
    int64_t near;   /* how often on end the lane has come close to the next rows */
    char apart[40]; /* lanes write at the same time */
} span;

struct conceptdec_i_source {
    conceptdec_ctx *ctx;
    const char *name; /* of the argument */
    conceptdec_reader reader;
    int64_t rows, row_bytes;
    int64_t most;          /* rows that are read at once */
    uint64_t buffer_bytes; /* of each lane */
    span *held;
    char *buffers;
    char *kept;          /* all rows; NULL: too many */
    atomic_uchar *state; /* of each block of kept rows */
};

/* ---- opening ---- */

static conceptdec_status
take_reader(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view, conceptdec_reader *reader)
{
    char text[64];
    snprintf(text, sizeof text, "%s.data", name);
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, text, view->data, reader, sizeof *reader, sizeof *reader));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, text, reader->given, READER_FIELDS));
    if (!reader->read)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: read is NULL", text);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_buffers(conceptdec_i_arena *arena, conceptdec_i_source *source)
{
    int64_t lanes = conceptdec_i_lanes(arena->ctx);
    void *p;
    source->most = BLOCK_BYTES / source->row_bytes > 1 ? BLOCK_BYTES / source->row_bytes : 1;
    source->buffer_bytes = ((uint64_t)(source->most * source->row_bytes) + 63) / 64 * 64;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows of a reader", lanes, sizeof(span), &p));
    source->held = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows of a reader", lanes, source->buffer_bytes, &p));
    source->buffers = p;
    return CONCEPTDEC_OK;
}

/* Room for all rows, if that is not too much beside what the arena keeps already. */
static conceptdec_status
take_kept(conceptdec_i_arena *arena, conceptdec_i_source *source)
{
    int64_t bytes;
    void *p;
    if (!conceptdec_i_mul(source->rows, source->row_bytes, &bytes) || bytes > MOST_KEPT - arena->kept_bytes)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows of a reader", (source->rows - 1) / source->most + 1, 1, &p));
    source->state = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows of a reader", bytes, 1, &p));
    source->kept = p;
    arena->kept_bytes += bytes;
    return CONCEPTDEC_OK;
}

static conceptdec_status
open_view(conceptdec_i_arena *arena, const char *name, bool is_kept, const conceptdec_matrix **view)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(arena->ctx, name, *view, CONCEPTDEC_I_FLOATS | CONCEPTDEC_I_READERS));
    if (!conceptdec_i_view_is_read(*view))
        return CONCEPTDEC_OK;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "reader", 1, sizeof(conceptdec_i_source), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "reader", 1, sizeof(conceptdec_matrix), &p[1]));
    conceptdec_i_source *source = p[0];
    *source = (conceptdec_i_source){.ctx = arena->ctx, .name = name, .rows = (*view)->rows};
    source->row_bytes = (*view)->cols * conceptdec_i_dtype_size((*view)->dtype);
    CONCEPTDEC_I_TRY(take_reader(arena->ctx, name, *view, &source->reader));
    CONCEPTDEC_I_TRY(take_buffers(arena, source));
    if (is_kept)
        CONCEPTDEC_I_TRY(take_kept(arena, source));
    conceptdec_matrix *own = p[1];
    *own = **view;
    own->data = source;
    *view = own;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_view_open(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix **view)
{
    return open_view(arena, name, true, view);
}

conceptdec_status
conceptdec_i_view_open_once(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix **view)
{
    return open_view(arena, name, false, view);
}

conceptdec_matrix
conceptdec_i_view_given(const conceptdec_matrix *opened)
{
    conceptdec_matrix given = *opened;
    if (conceptdec_i_view_is_read(opened))
        given.data = &((const conceptdec_i_source *)opened->data)->reader;
    return given;
}

/* ---- reading ---- */

static bool
ask(conceptdec_i_source *source, int64_t first, int64_t count, char *buffer)
{
    if (conceptdec_i_pending(source->ctx) != CONCEPTDEC_OK)
        return false;
    int32_t answer = source->reader.read(source->reader.user, first, count, buffer);
    if (answer != 0) {
        conceptdec_i_fail_later(source->ctx, CONCEPTDEC_EREAD, "%s: the reader returned %d for rows %lld to %lld",
                                source->name, answer, (long long)first, (long long)(first + count - 1));
        return false;
    }
    return true;
}

static bool
read_rows(conceptdec_i_source *source, span *held, int64_t first, int64_t count, char *buffer)
{
    bool is_read = ask(source, first, count, buffer);
    held->first = first;
    held->count = is_read ? count : 0;
    return is_read;
}

/* How many rows to read from `row` on: more than one where the lane has come close to it from below, and has so before.
 * Once may be chance, where rows far from each other are asked for in ascending order. */
static int64_t
rows_ahead(const conceptdec_i_source *source, span *held, int64_t row)
{
    int64_t gap = row - (held->first + held->count), left = source->rows - row;
    held->near = held->count == 0 || gap < 0 || gap > source->most / 4 ? 0 : held->near + 1;
    if (held->near < 2)
        return 1;
    return left < source->most ? left : source->most;
}

/* NULL where another lane is reading the row's block, too: one need not wait for the other. */
const char *
conceptdec_i_source_kept_row(conceptdec_i_source *source, int64_t row)
{
    if (!source->kept)
        return NULL;
    int64_t block = row / source->most, first = block * source->most, left = source->rows - first;
    unsigned char state = atomic_load_explicit(&source->state[block], memory_order_acquire);
    if (state == ABSENT && atomic_compare_exchange_strong(&source->state[block], &state, COMING)) {
        char *at = source->kept + first * source->row_bytes;
        state = ask(source, first, left < source->most ? left : source->most, at) ? THERE : ABSENT;
        atomic_store_explicit(&source->state[block], state, memory_order_release);
    }
    return state == THERE ? source->kept + row * source->row_bytes : NULL;
}

const char *
conceptdec_i_source_row(conceptdec_i_source *source, int64_t row)
{
    const char *kept = conceptdec_i_source_kept_row(source, row);
    if (kept)
        return kept;
    int lane = conceptdec_i_lane(source->ctx);
    span *held = &source->held[lane];
    char *buffer = source->buffers + (uint64_t)lane * source->buffer_bytes;
    int64_t at = row - held->first;
    if (at >= 0 && at < held->count)
        return buffer + at * source->row_bytes;
    return read_rows(source, held, row, rows_ahead(source, held, row), buffer) ? buffer : NULL;
}
