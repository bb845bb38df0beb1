/* Sums of rows: memory, and a chunk that joins them. */
#include "stats/sums.h"

#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/gram.h"

enum { LEAST_CHUNK = 512, MOST_CHUNK = 8192, CHUNK_ELEMENTS = 1 << 19 };

#define STRIP 64 /* columns of one task */

int64_t
conceptdec_i_sums_chunk(int64_t d)
{
    return max64(LEAST_CHUNK, min64(MOST_CHUNK, CHUNK_ELEMENTS / d / LEAST_CHUNK * LEAST_CHUNK));
}

int64_t
conceptdec_i_sums_count(const conceptdec_i_sums *s)
{
    int64_t count = s->waiting;
    for (int64_t c = 0; c < s->classes; c++)
        count += s->n[c];
    return count;
}

/* ---- memory ---- */

static conceptdec_status
take(conceptdec_ctx *ctx, conceptdec_i_memory *memory, int64_t rows, int64_t columns, int64_t size, void *out)
{
    int64_t count, bytes;
    if (!conceptdec_i_mul(rows, columns, &count) || !conceptdec_i_mul(count, size, &bytes))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "moments: %lld x %lld numbers do not fit an address",
                                 (long long)rows, (long long)columns);
    void *p = conceptdec_i_memory_take(memory, (uint64_t)count, (uint64_t)size);
    if (!p)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "moments: cannot allocate %lld bytes", (long long)bytes);
    memcpy(out, &p, sizeof p);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_all(conceptdec_ctx *ctx, conceptdec_i_memory *memory, int keeps, conceptdec_i_sums *s)
{
    const int64_t size = sizeof(double), places = min64(s->chunk, s->classes);
    if (keeps == CONCEPTDEC_I_SUMS_SCATTER)
        CONCEPTDEC_I_TRY(take(ctx, memory, s->d, s->d, size, &s->scatter));
    if (keeps == CONCEPTDEC_I_SUMS_SQUARES)
        CONCEPTDEC_I_TRY(take(ctx, memory, s->classes, s->d, size, &s->squares));
    CONCEPTDEC_I_TRY(take(ctx, memory, s->chunk + places, s->d, size, &s->rows));
    CONCEPTDEC_I_TRY(take(ctx, memory, s->classes, s->d, size, &s->mean));
    CONCEPTDEC_I_TRY(take(ctx, memory, s->classes, s->d, size, &s->pilot));
    CONCEPTDEC_I_TRY(take(ctx, memory, s->classes, 1, sizeof *s->n, &s->n));
    return take(ctx, memory, s->chunk, 1, sizeof *s->label, &s->label);
}

void
conceptdec_i_sums_clear(conceptdec_i_sums *s)
{
    s->waiting = 0;
    memset(s->label, 0, (size_t)s->chunk * sizeof *s->label);
    memset(s->n, 0, (size_t)s->classes * sizeof *s->n);
    memset(s->mean, 0, (size_t)(s->classes * s->d) * sizeof *s->mean);
    memset(s->pilot, 0, (size_t)(s->classes * s->d) * sizeof *s->pilot);
    if (s->scatter)
        memset(s->scatter, 0, (size_t)(s->d * s->d) * sizeof *s->scatter);
    if (s->squares)
        memset(s->squares, 0, (size_t)(s->classes * s->d) * sizeof *s->squares);
}

int
conceptdec_i_sums_keeps(const conceptdec_i_sums *s)
{
    return s->scatter ? CONCEPTDEC_I_SUMS_SCATTER : s->squares ? CONCEPTDEC_I_SUMS_SQUARES : CONCEPTDEC_I_SUMS_NOTHING;
}

conceptdec_status
conceptdec_i_sums_make(conceptdec_ctx *ctx, conceptdec_i_memory *memory, int keeps, conceptdec_i_sums *sums)
{
    *sums = (conceptdec_i_sums){.d = sums->d, .classes = sums->classes, .chunk = sums->chunk};
    conceptdec_status status = take_all(ctx, memory, keeps, sums);
    if (status == CONCEPTDEC_OK)
        conceptdec_i_sums_clear(sums);
    else
        conceptdec_i_sums_give(memory, sums);
    return status;
}

void
conceptdec_i_sums_give(conceptdec_i_memory *memory, conceptdec_i_sums *s)
{
    conceptdec_i_memory_give(memory, s->n);
    conceptdec_i_memory_give(memory, s->label);
    conceptdec_i_memory_give(memory, s->pilot);
    conceptdec_i_memory_give(memory, s->mean);
    conceptdec_i_memory_give(memory, s->scatter);
    conceptdec_i_memory_give(memory, s->squares);
    conceptdec_i_memory_give(memory, s->rows);
    *s = (conceptdec_i_sums){.d = s->d, .classes = s->classes, .chunk = s->chunk};
}

/* ---- a chunk into the sums ---- */

/* The classes that a chunk has rows of, those first of which the sums have some; each has a place behind the rows. */
typedef struct centring {
    conceptdec_i_sums *s;
    int64_t places, old;
    int32_t *place;     /* of each class of the sums; -1: none */
    int32_t *class_of;  /* of each place */
    int64_t *members;   /* of each place */
    int64_t *first_row; /* of each place */
} centring;

static void
place_class(centring *c, int64_t row)
{
    const int64_t label = c->s->label[row];
    if (c->place[label] < 0) {
        c->place[label] = (int32_t)c->places;
        c->class_of[c->places] = (int32_t)label;
        c->members[c->places] = 0;
        c->first_row[c->places++] = row;
    }
    c->members[c->place[label]]++;
}

/* By first rows, so that the numbering of classes does not matter. */
static conceptdec_status
place_classes(conceptdec_i_arena *arena, centring *c)
{
    const conceptdec_i_sums *s = c->s;
    const int64_t most = min64(s->waiting, s->classes);
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "classes", s->classes, sizeof *c->place, &p));
    c->place = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "classes", most, sizeof *c->class_of, &p));
    c->class_of = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "classes", 2 * most, sizeof *c->members, &p));
    c->members = p;
    c->first_row = c->members + most;
    memset(c->place, -1, (size_t)s->classes * sizeof *c->place);
    for (int is_new = 0; is_new <= 1; is_new++) {
        for (int64_t i = 0; i < s->waiting; i++)
            if ((s->n[s->label[i]] == 0) == is_new)
                place_class(c, i);
        c->old = is_new ? c->old : c->places;
    }
    return CONCEPTDEC_OK;
}

/* Sums of rows become means, and means then shifts, as rows that stand for them. */
static void
centre_place(const centring *c, int64_t place, int64_t first, int64_t width)
{
    const conceptdec_i_sums *s = c->s;
    const int64_t n = s->n[c->class_of[place]], members = c->members[place];
    const double share = (double)members / (double)(n + members), weight = sqrt((double)n * share);
    double *restrict row = s->rows + (s->waiting + place) * s->d + first;
    double *restrict mean = s->mean + c->class_of[place] * s->d + first;
    for (int64_t j = 0; j < width; j++) {
        double shift = row[j] - mean[j];
        mean[j] = n > 0 ? mean[j] + shift * share : row[j];
        row[j] = shift * weight;
    }
}

static void
mean_of_places(const centring *c, int64_t first, int64_t width)
{
    const conceptdec_i_sums *s = c->s;
    double *sums = s->rows + s->waiting * s->d + first;
    for (int64_t place = 0; place < c->places; place++)
        memset(sums + place * s->d, 0, (size_t)width * sizeof *sums);
    for (int64_t i = 0; i < s->waiting; i++) {
        const double *row = s->rows + i * s->d + first, *pilot = s->pilot + s->label[i] * s->d + first;
        double *restrict sum = sums + c->place[s->label[i]] * s->d;
        for (int64_t j = 0; j < width; j++)
            sum[j] += row[j] - pilot[j];
    }
    for (int64_t place = 0; place < c->places; place++)
        for (int64_t j = 0; j < width; j++)
            sums[place * s->d + j] /= (double)c->members[place];
}

static void
add_squares(const double *restrict row, int64_t count, double *restrict squares)
{
    for (int64_t j = 0; j < count; j++)
        squares[j] += row[j] * row[j];
}

static conceptdec_status
centre_task(void *argument, int64_t task, int lane)
{
    const centring *c = argument;
    const conceptdec_i_sums *s = c->s;
    const int64_t first = task * STRIP, width = task_end(task, STRIP, s->d) - first;
    (void)lane;
    for (int64_t place = c->old; place < c->places; place++)
        memcpy(s->pilot + c->class_of[place] * s->d + first, s->rows + c->first_row[place] * s->d + first,
               (size_t)width * sizeof *s->pilot);
    mean_of_places(c, first, width);
    for (int64_t i = 0; i < s->waiting; i++) {
        double *restrict row = s->rows + i * s->d + first;
        const double *pilot = s->pilot + s->label[i] * s->d + first;
        const double *mean = s->rows + (s->waiting + c->place[s->label[i]]) * s->d + first;
        for (int64_t j = 0; j < width; j++)
            row[j] = row[j] - pilot[j] - mean[j];
    }
    for (int64_t place = 0; place < c->places; place++)
        centre_place(c, place, first, width);
    for (int64_t i = 0; s->squares && i < s->waiting + c->places; i++) {
        const int64_t class = i < s->waiting ? s->label[i] : c->class_of[i - s->waiting];
        add_squares(s->rows + i * s->d + first, width, s->squares + class * s->d + first);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
flush(conceptdec_i_arena *arena, conceptdec_i_sums *s)
{
    centring c = {.s = s};
    CONCEPTDEC_I_TRY(place_classes(arena, &c));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(arena->ctx, ceil_div(s->d, STRIP), centre_task, &c));
    const conceptdec_i_dense dense = {
        .data = s->rows, .n = s->waiting + c.old, .dims = s->d, .stride = s->d, .is_wide = true};
    if (s->scatter)
        CONCEPTDEC_I_TRY(conceptdec_i_gram_add(arena->ctx, &dense, CONCEPTDEC_I_TILE_F64, s->scatter, s->d));
    for (int64_t place = 0; place < c.places; place++)
        s->n[c.class_of[place]] += c.members[place];
    s->waiting = 0;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_sums_flush_bytes(conceptdec_ctx *ctx, const conceptdec_i_sums *s)
{
    const int64_t places = min64(s->chunk, s->classes);
    const conceptdec_i_dense dense = {.n = s->chunk + places, .dims = s->d, .stride = s->d, .is_wide = true};
    return s->classes * (int64_t)sizeof(int32_t) + places * (int64_t)(sizeof(int32_t) + 2 * sizeof(int64_t)) +
           (s->scatter ? conceptdec_i_gram_bytes(ctx, &dense, CONCEPTDEC_I_TILE_F64) : 0);
}

conceptdec_status
conceptdec_i_sums_flush(conceptdec_ctx *ctx, conceptdec_i_sums *sums)
{
    conceptdec_i_arena arena;
    if (sums->waiting == 0)
        return CONCEPTDEC_OK;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = flush(&arena, sums);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- all rows ---- */

static conceptdec_status
copy(conceptdec_i_arena *arena, int64_t count, int64_t room, uint64_t size, const void *from, void *to)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "moments", room, size, &p));
    memcpy(p, from, (size_t)count * size);
    memcpy(to, &p, sizeof p);
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_diagonal(conceptdec_i_arena *arena, const conceptdec_i_sums *s, conceptdec_i_sums *settled)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "moments", s->d, sizeof *settled->squares, &p));
    settled->squares = p;
    for (int64_t j = 0; j < s->d; j++)
        settled->squares[j] = s->scatter[j * s->d + j];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_sums_settle(conceptdec_i_arena *arena, const conceptdec_i_sums *s, double *scatter,
                         conceptdec_i_sums *settled)
{
    const int64_t means = s->classes * s->d, places = min64(s->waiting, s->classes);
    *settled = *s;
    CONCEPTDEC_I_TRY(copy(arena, s->classes, s->classes, sizeof *s->n, s->n, &settled->n));
    CONCEPTDEC_I_TRY(copy(arena, means, means, sizeof *s->mean, s->mean, &settled->mean));
    CONCEPTDEC_I_TRY(copy(arena, means, means, sizeof *s->pilot, s->pilot, &settled->pilot));
    CONCEPTDEC_I_TRY(
        copy(arena, s->waiting * s->d, (s->waiting + places) * s->d, sizeof *s->rows, s->rows, &settled->rows));
    if (s->squares)
        CONCEPTDEC_I_TRY(copy(arena, means, means, sizeof *s->squares, s->squares, &settled->squares));
    settled->scatter = scatter;
    if (scatter)
        memcpy(scatter, s->scatter, (size_t)(s->d * s->d) * sizeof *scatter);
    else if (s->scatter && s->classes == 1)
        CONCEPTDEC_I_TRY(copy_diagonal(arena, s, settled));
    return conceptdec_i_sums_flush(arena->ctx, settled);
}

/* ---- questions ---- */

void
conceptdec_i_sums_ctx_open(conceptdec_ctx *ctx, conceptdec_i_memory *memory, const struct conceptdec_i_kernels *kernels)
{
    *ctx = (conceptdec_ctx){.options.threads = 1, .memory = memory, .kernels = kernels, .stage = ""};
    atomic_init(&ctx->cancel, 0);
    atomic_init(&ctx->done, 0);
    pthread_mutex_init(&ctx->error_lock, NULL);
}

void
conceptdec_i_sums_ctx_close(conceptdec_ctx *ctx)
{
    pthread_mutex_destroy(&ctx->error_lock);
}
