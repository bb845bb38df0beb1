/* Identical rows: sorted by hash, then compared in full. */
#include "stats/equal_rows.h"

#include <math.h>
#include <stdlib.h>

#include "core/whole.h"
#include "kernels/kernels.h"

#define CHUNK 256

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
find_first_equals(conceptdec_ctx *ctx, const conceptdec_matrix *view, hashed_row *order, int64_t n, double *buffers)
{
    qsort(order, (size_t)n, sizeof *order, by_hash);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && order[end].hash == order[i].hash; end++)
            ;
        if (end == i + 1)
            order[i].first = order[i].row;
        else
            CONCEPTDEC_I_TRY(split_run(ctx, view, order + i, end - i, buffers));
    }
    return CONCEPTDEC_OK;
}

static void
fill_order(const double *hash, const uint8_t *keep, int64_t n, hashed_row *order, int64_t *count)
{
    *count = 0;
    for (int64_t i = 0; i < n; i++)
        if (!keep || keep[i])
            order[(*count)++] =
                (hashed_row){.hash = isfinite(hash[i]) ? hash[i] : 0, .row = (int32_t)i, .first = -1};
}

conceptdec_status
conceptdec_i_equal_rows(conceptdec_i_arena *arena, const conceptdec_matrix *view, const double *hash,
                        const uint8_t *keep, int32_t *first)
{
    int64_t n = view->rows, count;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(hashed_row), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", 2 * view->cols, sizeof(double), &p[1]));
    hashed_row *order = p[0];
    fill_order(hash, keep, n, order, &count);
    CONCEPTDEC_I_TRY(find_first_equals(arena->ctx, view, order, count, p[1]));
    for (int64_t i = 0; i < n; i++)
        first[i] = -1;
    for (int64_t i = 0; i < count; i++)
        first[order[i].row] = order[i].first;
    return CONCEPTDEC_OK;
}

/* ---- hashes ---- */

/* In [1, 2): a row with a non-finite value cannot have a finite hash. */
void
conceptdec_i_hash_weights(double *weights, int64_t n)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 0, CONCEPTDEC_I_RNG_SAMPLE, 0);
    for (int64_t i = 0; i < n; i++)
        weights[i] = 1.0 + conceptdec_i_rng_unit(&rng);
}

typedef struct hashing {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *view;
    const double *weights;
    double *rows; /* per lane: a row, and sums that nobody reads */
    double *hash;
} hashing;

static conceptdec_status
hash_task(void *argument, int64_t task, int lane)
{
    const hashing *job = argument;
    int64_t cols = job->view->cols, rows = job->view->rows;
    int64_t end = task_end(task, CHUNK, rows);
    double *row = job->rows + 2 * lane * cols, largest = 0;
    for (int64_t i = task * CHUNK; i < end; i++) {
        conceptdec_i_view_widen(job->ctx->kernels, job->view, i, 0, cols, row);
        job->hash[i] = job->ctx->kernels->scan(row, job->weights, row + cols, &largest, cols);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_row_hashes(conceptdec_ctx *ctx, const conceptdec_matrix *view, double *hash)
{
    conceptdec_i_arena arena;
    void *p[2];
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_arena_take(&arena, "rows", view->cols, sizeof(double), &p[0]);
    if (status == CONCEPTDEC_OK)
        status =
            conceptdec_i_arena_take(&arena, "rows", 2 * conceptdec_i_lanes(ctx) * view->cols, sizeof(double), &p[1]);
    if (status == CONCEPTDEC_OK) {
        conceptdec_i_hash_weights(p[0], view->cols);
        hashing job = {.ctx = ctx, .view = view, .weights = p[0], .rows = p[1], .hash = hash};
        status = conceptdec_i_parallel(ctx, (view->rows + CHUNK - 1) / CHUNK, hash_task, &job);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}
