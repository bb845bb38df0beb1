/* Passes over all rows. Tasks are ranges of rows, whose sums are added in order; sums start from the first row, so that
 * means far from 0 cost no digits. */
#include "linalg/columns.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"

enum { MOST_TASKS = 64, PIECE = 512, ABREAST = 4, ROWS_A_POLL = 256 };
#define TASK_ELEMENTS (1 << 20)
#define FAR 4096 /* squares about the first row serve where they are no more times as large as those about the mean */

typedef struct pass {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *x;
    const int32_t *row; /* item i is row row[i]; NULL: i */
    int64_t n;          /* items */
    bool is_stage;      /* of the progress */
    const double *shift, *factor; /* factor NULL: the first pass */
    bool is_squared;              /* the first pass sums squares, too */
    int64_t rows_a_task, tasks;
    double *sums, *least, *largest, *squares; /* tasks x d; of the second pass: sums alone */
} pass;

double
conceptdec_i_unit(double value)
{
    int exponent;
    if (value == 0)
        return 1;
    double fraction = frexp(fabs(value), &exponent);
    exponent -= fraction == 0.5;
    return ldexp(1, exponent < -1000 ? -1000 : exponent > 1000 ? 1000 : exponent);
}

/* n columns of a few rows, from the column `at` on. */
static void
join_piece(const pass *p, int64_t task, int64_t rows, const double *x, int64_t at, int64_t n)
{
    const conceptdec_i_kernels *k = p->ctx->kernels;
    const int64_t sum = task * p->x->cols + at;
    if (p->factor)
        k->add_squares(x, PIECE, rows, p->shift + at, p->factor + at, p->sums + sum, n);
    else
        k->survey(x, PIECE, rows, p->shift + at, p->sums + sum, p->least + sum, p->largest + sum,
                  p->is_squared ? p->squares + sum : NULL, n);
}

static void
join_rows(const pass *p, int64_t task, int64_t first, int64_t count)
{
    const int64_t d = p->x->cols;
    double x[ABREAST * PIECE];
    for (int64_t at = 0; at < d; at += PIECE) {
        const int64_t n = d - at < PIECE ? d - at : PIECE;
        for (int64_t i = 0; i < count; i++)
            conceptdec_i_view_widen(p->ctx->kernels, p->x, p->row ? p->row[first + i] : first + i, at, n,
                                    x + i * PIECE);
        join_piece(p, task, count, x, at, n);
    }
}

/* A reader gives one row after the other. */
static conceptdec_status
pass_task(void *argument, int64_t task, int lane)
{
    const pass *p = argument;
    const int64_t abreast = conceptdec_i_view_is_read(p->x) ? 1 : ABREAST;
    int64_t first = task * p->rows_a_task, end = task_end(task, p->rows_a_task, p->n);
    (void)lane;
    for (int64_t i = first; i < end; i += abreast) {
        join_rows(p, task, i, end - i < abreast ? end - i : abreast);
        if ((i - first) % ROWS_A_POLL == ROWS_A_POLL - abreast)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(p->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static int64_t
rows_a_task(int64_t n, int64_t d)
{
    const int64_t rows = TASK_ELEMENTS / d > 1 ? TASK_ELEMENTS / d : 1, least = (n - 1) / MOST_TASKS + 1;
    return rows > least ? rows : least;
}

static conceptdec_status
run(conceptdec_i_arena *arena, pass *p)
{
    const int64_t n = p->n, d = p->x->cols;
    void *sums;
    p->rows_a_task = rows_a_task(n, d);
    p->tasks = (n - 1) / p->rows_a_task + 1;
    const int64_t arrays = p->factor ? 1 : p->is_squared ? 4 : 3;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "columns", arrays * p->tasks * d, sizeof(double), &sums));
    p->sums = sums;
    if (!p->factor) {
        p->least = p->sums + p->tasks * d;
        p->largest = p->least + p->tasks * d;
        p->squares = p->largest + p->tasks * d;
        for (int64_t t = 0; t < p->tasks; t++) {
            memcpy(p->least + t * d, p->shift, (size_t)d * sizeof(double));
            memcpy(p->largest + t * d, p->shift, (size_t)d * sizeof(double));
        }
    }
    if (p->is_stage)
        conceptdec_i_stage(arena->ctx, "input", p->tasks);
    return conceptdec_i_parallel(arena->ctx, p->tasks, pass_task, p);
}

static void
add_tasks(const pass *p, const double *of_tasks, double *sums)
{
    const int64_t d = p->x->cols;
    for (int64_t j = 0; j < d; j++)
        sums[j] = 0;
    for (int64_t t = 0; t < p->tasks; t++)
        for (int64_t j = 0; j < d; j++)
            sums[j] += of_tasks[t * d + j];
}

/* Squares about the first row become those about the mean; in the place of the mean still are sums about the first row.
 * Whether that cost no more digits than it may. */
static bool
move_squares(const pass *p, const conceptdec_i_columns *c)
{
    bool is_near = true;
    add_tasks(p, p->squares, c->squares);
    for (int64_t j = 0; j < p->x->cols; j++) {
        const double about_first = c->squares[j];
        c->squares[j] -= c->mean[j] / (double)p->n * c->mean[j];
        is_near = is_near && about_first <= FAR * c->squares[j];
    }
    return is_near;
}

static void
conclude(const pass *p, conceptdec_i_columns *c)
{
    const int64_t d = p->x->cols;
    add_tasks(p, p->sums, c->mean);
    if (p->is_squared && !move_squares(p, c))
        c->squares = NULL;
    for (int64_t j = 0; j < d; j++) {
        c->mean[j] = p->shift[j] + c->mean[j] / (double)p->n;
        c->least[j] = c->largest[j] = p->shift[j];
    }
    for (int64_t t = 0; t < p->tasks; t++)
        for (int64_t j = 0; j < d; j++) {
            c->least[j] = fmin(c->least[j], p->least[t * d + j]);
            c->largest[j] = fmax(c->largest[j], p->largest[t * d + j]);
        }
}

/* NaN and infinity make a mean of their column that is none; so may finite values whose sum does not fit. */
static conceptdec_status
check(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *x, const conceptdec_i_columns *c)
{
    int64_t j = 0;
    while (j < x->cols && isfinite(c->mean[j]) && isfinite(c->largest[j] - c->least[j]))
        j++;
    if (j == x->cols)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, name, x));
    return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: float64 cannot hold sums and differences of column %lld",
                             name, (long long)j);
}

static conceptdec_status
scan(conceptdec_i_arena *scratch, const char *name, pass *p, conceptdec_i_columns *c)
{
    const conceptdec_matrix *x = p->x;
    void *first;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "columns", x->cols, sizeof(double), &first));
    conceptdec_i_view_widen(scratch->ctx->kernels, x, p->row ? p->row[0] : 0, 0, x->cols, first);
    CONCEPTDEC_I_TRY(conceptdec_i_take_pending(scratch->ctx));
    p->shift = first;
    CONCEPTDEC_I_TRY(run(scratch, p));
    conclude(p, c);
    return check(scratch->ctx, name, x, c);
}

static conceptdec_status
scan_items(conceptdec_i_arena *arena, const char *name, pass *p, conceptdec_i_columns *columns)
{
    const int64_t d = p->x->cols;
    void *memory;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "columns", d, (p->is_squared ? 4 : 3) * sizeof(double), &memory));
    *columns = (conceptdec_i_columns){
        .mean = memory, .least = (double *)memory + d, .largest = (double *)memory + 2 * d};
    columns->squares = p->is_squared ? columns->largest + d : NULL;
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = scan(&scratch, name, p, columns);
    conceptdec_i_arena_close(&scratch);
    return status;
}

conceptdec_status
conceptdec_i_columns_scan(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *x,
                          conceptdec_i_columns *columns)
{
    pass p = {.ctx = arena->ctx, .x = x, .n = x->rows, .is_stage = true};
    return scan_items(arena, name, &p, columns);
}

conceptdec_status
conceptdec_i_columns_scan_squares(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *x,
                                  conceptdec_i_columns *columns)
{
    pass p = {.ctx = arena->ctx, .x = x, .n = x->rows, .is_stage = true, .is_squared = true};
    return scan_items(arena, name, &p, columns);
}

conceptdec_status
conceptdec_i_columns_scan_rows(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *x,
                               const int32_t *row, int64_t n, conceptdec_i_columns *columns)
{
    pass p = {.ctx = arena->ctx, .x = x, .row = row, .n = n};
    return scan_items(arena, name, &p, columns);
}

int64_t
conceptdec_i_columns_bytes(int64_t n, int64_t d)
{
    return (4 * ((n - 1) / rows_a_task(n, d) + 1) + 5) * d * (int64_t)sizeof(double);
}

static conceptdec_status
square(conceptdec_i_arena *scratch, pass *p, const double *unit, double *squares)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "columns", p->x->cols, sizeof(double), &memory));
    double *factor = memory;
    for (int64_t j = 0; j < p->x->cols; j++)
        factor[j] = 1 / unit[j];
    p->factor = factor;
    CONCEPTDEC_I_TRY(run(scratch, p));
    add_tasks(p, p->sums, squares);
    return CONCEPTDEC_OK;
}

static conceptdec_status
square_items(conceptdec_i_arena *arena, pass *p, const double *unit, double *squares)
{
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = square(&scratch, p, unit, squares);
    conceptdec_i_arena_close(&scratch);
    return status;
}

conceptdec_status
conceptdec_i_columns_squares(conceptdec_i_arena *arena, const conceptdec_matrix *x, const double *shift,
                             const double *unit, double *squares)
{
    pass p = {.ctx = arena->ctx, .x = x, .n = x->rows, .is_stage = true, .shift = shift};
    return square_items(arena, &p, unit, squares);
}

conceptdec_status
conceptdec_i_columns_squares_rows(conceptdec_i_arena *arena, const conceptdec_matrix *x, const int32_t *row, int64_t n,
                                  const double *shift, const double *unit, double *squares)
{
    pass p = {.ctx = arena->ctx, .x = x, .row = row, .n = n, .shift = shift};
    return square_items(arena, &p, unit, squares);
}
