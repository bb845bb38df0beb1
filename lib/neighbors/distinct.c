/* Identical rows: sorted by hash, then compared in full. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "neighbors/values.h"

typedef struct {
    double hash;
    int32_t row;
    int32_t first; /* the first row that equals this one */
} hashed_row;

static int
by_hash(const void *a, const void *b)
{
    const hashed_row *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool
rows_are_equal(conceptdec_ctx *ctx, const conceptdec_matrix *view, const double *wanted, int64_t row, double *buffer)
{
    conceptdec_i_view_widen(ctx->kernels, view, row, 0, view->cols, buffer);
    for (int64_t i = 0; i < view->cols; i++)
        if (wanted[i] != buffer[i])
            return false;
    return true;
}

/* Within rows of one hash: takes the first that has no class, finds its equals, and so on. */
static conceptdec_status
split_run(conceptdec_ctx *ctx, const conceptdec_matrix *view, hashed_row *run, int64_t n, double *buffers)
{
    for (int64_t i = 0; i < n; i++) {
        if (run[i].first >= 0)
            continue;
        run[i].first = run[i].row;
        conceptdec_i_view_widen(ctx->kernels, view, run[i].row, 0, view->cols, buffers);
        for (int64_t j = i + 1; j < n; j++)
            if (run[j].first < 0 && rows_are_equal(ctx, view, buffers, run[j].row, buffers + view->cols))
                run[j].first = run[i].row;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_first_equals(conceptdec_ctx *ctx, const conceptdec_i_survey *survey, hashed_row *order, int64_t n, double *buffers)
{
    qsort(order, (size_t)n, sizeof *order, by_hash);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && order[end].hash == order[i].hash; end++)
            ;
        if (end == i + 1)
            order[i].first = order[i].row;
        else
            CONCEPTDEC_I_TRY(split_run(ctx, survey->view, order + i, end - i, buffers));
    }
    return CONCEPTDEC_OK;
}

/* Numbers the classes by first row and lists their rows. first[row]: the first equal row, -1: left out. */
static void
number_classes(conceptdec_i_distinct *distinct, const int32_t *first, int64_t n)
{
    int32_t *class_of = distinct->class_of_row;
    int64_t *start = distinct->start;
    distinct->n = 0;
    for (int64_t i = 0; i < n; i++) {
        if (first[i] < 0)
            class_of[i] = -1;
        else
            class_of[i] = first[i] == i ? (int32_t)distinct->n++ : class_of[first[i]];
        if (class_of[i] >= 0)
            start[class_of[i] + 1]++;
    }
    for (int64_t c = 0; c < distinct->n; c++)
        start[c + 1] += start[c];
    for (int64_t i = 0; i < n; i++)
        if (class_of[i] >= 0)
            distinct->rows[start[class_of[i]]++] = (int32_t)i;
    memmove(start + 1, start, (size_t)distinct->n * sizeof *start);
    start[0] = 0;
}

static void
fill_order(const conceptdec_i_survey *survey, const uint8_t *keep, hashed_row *order, int64_t *count)
{
    *count = 0;
    for (int64_t i = 0; i < survey->view->rows; i++)
        if (!keep || keep[i])
            order[(*count)++] = (hashed_row){
                .hash = isfinite(survey->hash[i]) ? survey->hash[i] : 0, .row = (int32_t)i, .first = -1};
}

conceptdec_status
conceptdec_i_distinct_rows(conceptdec_i_arena *arena, const conceptdec_i_survey *survey, const uint8_t *keep,
                           conceptdec_i_distinct *distinct)
{
    int64_t n = survey->view->rows, count;
    void *p[6];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distinct rows", n + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distinct rows", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distinct rows", n, sizeof(int32_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(hashed_row), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", 2 * survey->view->cols, sizeof(double), &p[4]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(int32_t), &p[5]));
    *distinct = (conceptdec_i_distinct){.start = p[0], .rows = p[1], .class_of_row = p[2]};
    hashed_row *order = p[3];
    int32_t *first = p[5];
    fill_order(survey, keep, order, &count);
    CONCEPTDEC_I_TRY(find_first_equals(arena->ctx, survey, order, count, p[4]));
    for (int64_t i = 0; i < n; i++)
        first[i] = -1;
    for (int64_t i = 0; i < count; i++)
        first[order[i].row] = order[i].first;
    number_classes(distinct, first, n);
    return CONCEPTDEC_OK;
}
