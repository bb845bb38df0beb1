/* Products of all directions with all others, tile by tile, gathered strip by strip: a strip has all directions of
 * some subspaces. */
#include "subspace/overlap.h"

#include <string.h>

#include "linalg/engine.h"

#define DEFAULT_ROOM (INT64_C(1) << 24)

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_strip strip;
    int64_t room; /* products that fit */
    double *zeros;
    int64_t column; /* of the strip where the columns of the tiles that come begin */
} cutting;

/* ---- one strip ---- */

static conceptdec_status
keep_tile(void *argument, const conceptdec_i_tile *tile, int lane)
{
    const cutting *c = argument;
    const conceptdec_i_strip *strip = &c->strip;
    (void)lane;
    for (int64_t j = 0; j < tile->cols; j++) {
        int64_t count = conceptdec_i_tile_height(tile, j);
        memcpy(strip->products + (c->column + tile->col + j) * strip->ld + tile->row,
               (const double *)tile->dots + j * tile->ld, (size_t)count * sizeof(double));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_matrix
rows_of(const conceptdec_subspaces *s, int64_t first, int64_t count)
{
    int64_t step = (int64_t)sizeof(double);
    return (conceptdec_matrix){.data = s->bases + first * s->d,
                               .rows = count,
                               .cols = s->d,
                               .row_stride = s->d * step,
                               .col_stride = step,
                               .dtype = CONCEPTDEC_FLOAT64};
}

/* Directions first_row.. of a with `count` of b from `first` on; b NULL: with themselves. */
static conceptdec_status
multiply(cutting *c, int64_t rows, const conceptdec_subspaces *b, int64_t first, int64_t count)
{
    const conceptdec_i_strip *strip = &c->strip;
    conceptdec_matrix views[2] = {rows_of(strip->a, strip->first_row, rows)};
    conceptdec_i_operand sides[2] = {{.view = &views[0], .n = rows, .mean = c->zeros, .scale = 1}};
    if (rows == 0 || count == 0)
        return CONCEPTDEC_OK;
    if (b) {
        views[1] = rows_of(b, first, count);
        sides[1] = (conceptdec_i_operand){.view = &views[1], .n = count, .mean = c->zeros, .scale = 1};
    }
    c->column = b ? first - strip->first_column : 0;
    return conceptdec_i_tiles_run(c->ctx, &sides[0], b ? &sides[1] : NULL, CONCEPTDEC_I_TILE_F64, keep_tile, c);
}

static conceptdec_status
fill(cutting *c)
{
    conceptdec_i_strip *strip = &c->strip;
    int64_t rows = strip->a->start[strip->end] - strip->first_row, end = strip->first_row + rows;
    strip->ld = rows;
    if (!strip->is_self)
        return multiply(c, rows, strip->b, 0, strip->b->total);
    CONCEPTDEC_I_TRY(multiply(c, rows, NULL, 0, rows));
    return multiply(c, rows, strip->b, end, strip->b->total - end);
}

/* ---- all of them ---- */

/* Subspaces from `first` on that fit. */
static int64_t
end_of_strip(const cutting *c, int64_t first)
{
    const conceptdec_i_strip *strip = &c->strip;
    int64_t columns = strip->b->total - strip->first_column, end = first + 1;
    while (end < strip->a->count && (strip->a->start[end + 1] - strip->a->start[first]) * columns <= c->room)
        end++;
    return end;
}

static int64_t
count_tasks(cutting *c, int64_t each)
{
    conceptdec_i_strip *strip = &c->strip;
    const conceptdec_subspaces *a = strip->a, *b = strip->b;
    int64_t tasks = 0;
    for (strip->first = 0; strip->first < a->count; strip->first = strip->end) {
        strip->first_row = a->start[strip->first];
        strip->first_column = strip->is_self ? strip->first_row : 0;
        strip->end = end_of_strip(c, strip->first);
        int64_t rows = a->start[strip->end] - strip->first_row,
                others = b->total - (strip->is_self ? a->start[strip->end] : 0);
        tasks += (strip->end - strip->first) * each;
        if (rows > 0 && strip->is_self)
            tasks += conceptdec_i_tiles_tasks(c->ctx, rows, 0, a->d, CONCEPTDEC_I_TILE_F64);
        if (rows > 0 && others > 0)
            tasks += conceptdec_i_tiles_tasks(c->ctx, rows, others, a->d, CONCEPTDEC_I_TILE_F64);
    }
    return tasks;
}

static conceptdec_status
plan(conceptdec_i_arena *arena, cutting *c, int64_t memory)
{
    const conceptdec_subspaces *a = c->strip.a, *b = c->strip.b;
    int64_t most, least;
    void *p;
    if (!conceptdec_i_mul(a->total, b->total, &most) ||
        !conceptdec_i_mul(conceptdec_i_subspaces_rank(a), b->total, &least) ||
        most > INT64_MAX / 16)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_EOVERFLOW, "a: %lld directions are too many", (long long)a->total);
    int64_t taken = conceptdec_i_tiles_bytes(c->ctx, max64(1, a->total), b->total, a->d, CONCEPTDEC_I_TILE_F64);
    c->room = max64(0, memory - taken - a->d * (int64_t)sizeof(double)) / (int64_t)sizeof(double);
    if (memory == 0)
        c->room = max64(least, DEFAULT_ROOM);
    if (c->room < least)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_ENOMEM, "memory: %lld bytes, at least %lld are needed",
                                 (long long)memory, (long long)(taken + (least + a->d) * (int64_t)sizeof(double)));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "products", a->d, sizeof(double), &p));
    c->zeros = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "products", min64(c->room, most), sizeof(double), &p));
    c->strip.products = p;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_overlap_strips(conceptdec_i_arena *arena, const conceptdec_subspaces *a, const conceptdec_subspaces *b,
                            int64_t memory, int64_t each, conceptdec_i_strip_user user, void *argument)
{
    cutting c = {.ctx = arena->ctx, .strip = {.a = a, .b = b ? b : a, .is_self = b == NULL || b == a}};
    conceptdec_i_strip *strip = &c.strip;
    CONCEPTDEC_I_TRY(plan(arena, &c, memory));
    if (each)
        conceptdec_i_stage(arena->ctx, "overlap", count_tasks(&c, each));
    for (strip->first = 0; strip->first < a->count; strip->first = strip->end) {
        strip->first_row = a->start[strip->first];
        strip->first_column = strip->is_self ? strip->first_row : 0;
        strip->end = end_of_strip(&c, strip->first);
        CONCEPTDEC_I_TRY(fill(&c));
        CONCEPTDEC_I_TRY(user(argument, strip));
    }
    return CONCEPTDEC_OK;
}

/* ---- sums of squares ---- */

double
conceptdec_i_strip_shared(const conceptdec_i_strip *strip, int64_t s, int64_t t)
{
    const double *block = conceptdec_i_strip_block(strip, s, t);
    double sum = 0;
    for (int64_t j = 0; j < strip->b->ranks[t]; j++)
        for (int64_t i = 0; i < strip->a->ranks[s]; i++)
            sum += block[j * strip->ld + i] * block[j * strip->ld + i];
    return sum;
}

static conceptdec_status
sum_squares(void *argument, const conceptdec_i_strip *strip)
{
    double *sums = argument;
    int64_t wide = strip->b->count;
    for (int64_t s = strip->first; s < strip->end; s++)
        for (int64_t t = strip->is_self ? s + 1 : 0; t < wide; t++) {
            double sum = conceptdec_i_strip_shared(strip, s, t);
            sums[s * wide + t] = sum;
            if (strip->is_self)
                sums[t * wide + s] = sum;
        }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_subspaces_shared(conceptdec_i_arena *arena, const conceptdec_subspaces *a, const conceptdec_subspaces *b,
                              double *sums)
{
    for (int64_t s = 0; (b == NULL || b == a) && s < a->count; s++)
        sums[s * a->count + s] = (double)a->ranks[s];
    return conceptdec_i_overlap_strips(arena, a, b, 0, 0, sum_squares, sums);
}
