/* Blocks are as large as a few caches: a pass over the d x d sums that they are added to is cheap against their
 * products. */
#include "linalg/blocks.h"

#include "core/whole.h"
#include "kernels/kernels.h"

enum { STEP = 768, PIECE = 1024, STRIP = 16 };
#define BLOCK_BYTES ((int64_t)1 << 26) /* of a block, at most and at least */
#define LEAST_BYTES ((int64_t)1 << 22)
#define ROWS_A_SUM 2 /* times as many rows as there are sums in one: more would only take memory that is new */
#define TASK_ELEMENTS (1 << 17)

typedef struct loading {
    const conceptdec_i_blocks *b;
    int64_t row, rows, column, columns, stride;
    int64_t rows_a_task;
    void *out;
    bool by_columns;
} loading;

int64_t
conceptdec_i_blocks_count(int64_t length, bool is_wide)
{
    const int64_t size = is_wide ? 8 : 4, most = BLOCK_BYTES / size / length;
    const int64_t enough = max64(ROWS_A_SUM * length, LEAST_BYTES / size / length);
    return max64(STEP, min64(most, enough) / STEP * STEP);
}

int64_t
conceptdec_i_blocks_gap(int64_t length, bool is_wide)
{
    return length * (is_wide ? 8 : 4) % 1024 == 0 ? 16 : 0;
}

int64_t
conceptdec_i_blocks_bytes(int64_t length, int64_t count, bool is_wide)
{
    int64_t bytes, most = min64(count, conceptdec_i_blocks_count(length, is_wide)) * (is_wide ? 8 : 4);
    return conceptdec_i_mul(length + conceptdec_i_blocks_gap(length, is_wide), most, &bytes) ? bytes : INT64_MAX;
}

/* A piece of a row, from the column `column` of the matrix. */
static void
load(const conceptdec_i_blocks *b, int64_t row, int64_t column, int64_t count, double *restrict out)
{
    conceptdec_i_view_widen(b->ctx->kernels, b->x, b->row ? b->row[row] : row, column, count, out);
    b->ctx->kernels->settle_f64(out, b->shift + column, b->factor + column, out, count);
    for (int64_t j = 0; b->weight && j < count; j++)
        out[j] *= b->weight[row];
}

static void
put(const loading *l, int64_t row, int64_t column, int64_t count, const double *restrict piece)
{
    int64_t at = (row - l->row) * l->stride + column - l->column;
    if (l->b->is_wide) {
        double *restrict out = (double *)l->out + at;
        for (int64_t j = 0; j < count; j++)
            out[j] = piece[j];
    } else {
        float *restrict out = (float *)l->out + at;
        for (int64_t j = 0; j < count; j++)
            out[j] = (float)piece[j];
    }
}

/* A piece without a weight, rounded once. */
static void
load_floats(const loading *l, int64_t row, int64_t column, int64_t count, double *piece)
{
    const conceptdec_i_blocks *b = l->b;
    float *out = (float *)l->out + (row - l->row) * l->stride + column - l->column;
    conceptdec_i_view_widen(b->ctx->kernels, b->x, b->row ? b->row[row] : row, column, count, piece);
    b->ctx->kernels->settle_f32(piece, b->shift + column, b->factor + column, out, count);
}

static conceptdec_status
rows_task(void *argument, int64_t task, int lane)
{
    const loading *l = argument;
    double piece[PIECE];
    int64_t first = l->row + task * l->rows_a_task, end = min64(first + l->rows_a_task, l->row + l->rows);
    (void)lane;
    for (int64_t i = first; i < end; i++)
        for (int64_t j = l->column; j < l->column + l->columns; j += PIECE) {
            int64_t count = min64(PIECE, l->column + l->columns - j);
            if (l->b->weight || l->b->is_wide) {
                load(l->b, i, j, count, piece);
                put(l, i, j, count, piece);
            } else {
                load_floats(l, i, j, count, piece);
            }
        }
    return CONCEPTDEC_OK;
}

/* Its width is known to the compiler, so that a column of a whole strip is a few vector moves. */
static inline void
put_strip(const double *restrict strip, int64_t rows, bool is_wide, int64_t at, void *out)
{
    for (int64_t i = 0; i < rows; i++)
        if (is_wide)
            ((double *)out)[at + i] = strip[i];
        else
            ((float *)out)[at + i] = (float)strip[i];
}

/* A strip of rows, turned. */
static void
turn(const loading *l, int64_t row, int64_t rows, int64_t column, int64_t count, double (*strip)[STRIP])
{
    double piece[PIECE];
    for (int64_t i = 0; i < rows; i++) {
        load(l->b, row + i, column, count, piece);
        for (int64_t j = 0; j < count; j++)
            strip[j][i] = piece[j];
    }
    for (int64_t j = 0; j < count; j++) {
        const int64_t at = (column - l->column + j) * l->stride + row - l->row;
        if (rows == STRIP)
            put_strip(strip[j], STRIP, l->b->is_wide, at, l->out);
        else
            put_strip(strip[j], rows, l->b->is_wide, at, l->out);
    }
}

static conceptdec_status
columns_task(void *argument, int64_t task, int lane)
{
    const loading *l = argument;
    double strip[PIECE / 4][STRIP];
    int64_t first = l->row + task * l->rows_a_task, end = min64(first + l->rows_a_task, l->row + l->rows);
    (void)lane;
    for (int64_t i = first; i < end; i += STRIP)
        for (int64_t j = l->column; j < l->column + l->columns; j += PIECE / 4)
            turn(l, i, min64(STRIP, end - i), j, min64(PIECE / 4, l->column + l->columns - j), strip);
    return CONCEPTDEC_OK;
}

static conceptdec_status
run(loading *l, conceptdec_i_dense *dense)
{
    int64_t rows = TASK_ELEMENTS / l->columns / STRIP * STRIP;
    l->rows_a_task = rows > STRIP ? rows : STRIP;
    l->stride = (l->by_columns ? l->rows : l->columns) + l->b->gap;
    *dense = (conceptdec_i_dense){.data = l->out,
                                  .n = l->by_columns ? l->columns : l->rows,
                                  .dims = l->by_columns ? l->rows : l->columns,
                                  .stride = l->stride,
                                  .is_wide = l->b->is_wide};
    return conceptdec_i_parallel(l->b->ctx, (l->rows - 1) / l->rows_a_task + 1,
                                 l->by_columns ? columns_task : rows_task, l);
}

conceptdec_status
conceptdec_i_blocks_rows(const conceptdec_i_blocks *blocks, int64_t first, int64_t count, void *out,
                         conceptdec_i_dense *dense)
{
    loading l = {.b = blocks, .row = first, .rows = count, .columns = blocks->x->cols, .out = out};
    return run(&l, dense);
}

conceptdec_status
conceptdec_i_blocks_turned(const conceptdec_i_blocks *blocks, int64_t first, int64_t count, void *out,
                           conceptdec_i_dense *dense)
{
    loading l = {.b = blocks, .row = first, .rows = count, .columns = blocks->x->cols, .out = out, .by_columns = true};
    return run(&l, dense);
}

conceptdec_status
conceptdec_i_blocks_columns(const conceptdec_i_blocks *blocks, int64_t first, int64_t count, void *out,
                            conceptdec_i_dense *dense)
{
    const int64_t n = blocks->row ? blocks->n : blocks->x->rows;
    loading l = {
        .b = blocks, .rows = n, .column = first, .columns = count, .out = out, .by_columns = true};
    return run(&l, dense);
}
