/* Streaming moments: rows and other states are added. A chunk is centred about its own mean and merged as Chan, Golub and
 * LeVeque (1979) do: the shift of the mean joins it as one more row. */
#include "projection/moments.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "linalg/gram.h"
#include "linalg/tiles.h"

#define TASK_ELEMENTS (1 << 17) /* that are read in one task */
#define STRIP 64                /* columns of one task */

/* ---- a chunk into the sums ---- */

typedef struct centring {
    int64_t d, count, n; /* width, rows of the chunk, rows that the sums hold */
    double *rows, *pilot, *mean;
} centring;

static void
centre_column(const centring *c, int64_t j, double sum)
{
    double mean = sum / (double)c->count, share = (double)c->count / (double)(c->n + c->count);
    double shift = mean - c->mean[j];
    for (int64_t i = 0; i < c->count; i++)
        c->rows[i * c->d + j] = c->rows[i * c->d + j] - c->pilot[j] - mean;
    c->rows[c->count * c->d + j] = shift * sqrt((double)c->n * share);
    c->mean[j] = c->n > 0 ? c->mean[j] + shift * share : mean;
}

static conceptdec_status
centre_task(void *argument, int64_t task, int lane)
{
    const centring *c = argument;
    int64_t first = task * STRIP, width = c->d - first < STRIP ? c->d - first : STRIP;
    double sums[STRIP] = {0};
    (void)lane;
    for (int64_t j = 0; j < width && c->n == 0; j++)
        c->pilot[first + j] = c->rows[first + j];
    for (int64_t i = 0; i < c->count; i++)
        for (int64_t j = 0; j < width; j++)
            sums[j] += c->rows[i * c->d + first + j] - c->pilot[first + j];
    for (int64_t j = 0; j < width; j++)
        centre_column(c, first + j, sums[j]);
    return CONCEPTDEC_OK;
}

/* Merges the rows that wait, which it destroys. */
static conceptdec_status
merge_rows(conceptdec_ctx *ctx, int64_t d, conceptdec_i_sums *s)
{
    centring c = {.d = d, .count = s->waiting, .n = s->n, .rows = s->rows, .pilot = s->pilot, .mean = s->mean};
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, (d + STRIP - 1) / STRIP, centre_task, &c));
    conceptdec_i_dense dense = {.data = s->rows, .n = s->waiting + (s->n > 0), .dims = d, .stride = d, .is_wide = true};
    CONCEPTDEC_I_TRY(conceptdec_i_gram_add(ctx, &dense, CONCEPTDEC_I_TILE_F64, s->scatter, d));
    s->n += s->waiting;
    s->waiting = 0;
    return CONCEPTDEC_OK;
}

static conceptdec_status
merge_waiting(conceptdec_ctx *ctx, const conceptdec_moments *m, double *mean, double *pilot, double *scatter)
{
    const conceptdec_i_sums *from = &m->sums;
    conceptdec_i_sums s = {.n = from->n, .waiting = from->waiting, .pilot = pilot, .mean = mean, .scatter = scatter};
    void *rows;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "rows", (s.waiting + 1) * m->d, sizeof(double), &rows));
    s.rows = memcpy(rows, from->rows, (size_t)(s.waiting * m->d) * sizeof(double));
    conceptdec_status status = merge_rows(ctx, m->d, &s);
    conceptdec_i_give(ctx, rows);
    return status;
}

conceptdec_status
conceptdec_i_moments_settle(conceptdec_ctx *ctx, const conceptdec_moments *m, double *mean, double *scatter)
{
    conceptdec_status status = CONCEPTDEC_OK;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "columns", m->d, sizeof(double), &p));
    double *pilot = memcpy(p, m->sums.pilot, (size_t)m->d * sizeof *pilot);
    memcpy(mean, m->sums.mean, (size_t)m->d * sizeof *mean);
    memcpy(scatter, m->sums.scatter, (size_t)(m->d * m->d) * sizeof *scatter);
    if (m->sums.waiting > 0)
        status = merge_waiting(ctx, m, mean, pilot, scatter);
    for (int64_t j = 0; j < m->d; j++)
        mean[j] += pilot[j];
    conceptdec_i_give(ctx, p);
    return status;
}

/* ---- rows into chunks ---- */

typedef struct reading {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *x;
    int64_t first, count, rows_a_task;
    double *out;
} reading;

static conceptdec_status
check_values(const reading *r, int64_t row, const double *values)
{
    for (int64_t j = 0; j < r->x->cols; j++)
        if (!(fabs(values[j]) < CONCEPTDEC_I_MOMENTS_MOST)) {
            bool is_finite = isfinite(values[j]);
            return conceptdec_i_fail(
                r->ctx, is_finite ? CONCEPTDEC_EOVERFLOW : CONCEPTDEC_ENONFINITE,
                "x: %s at row %" PRId64 ", column %" PRId64,
                is_finite ? "a value whose squares float64 cannot sum (2^480 or more)" : "non-finite value", row, j);
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_task(void *argument, int64_t task, int lane)
{
    const reading *r = argument;
    int64_t first = task * r->rows_a_task, end = first + r->rows_a_task;
    (void)lane;
    for (int64_t i = first; i < end && i < r->count; i++) {
        double *out = r->out + i * r->x->cols;
        conceptdec_i_view_widen(r->ctx->kernels, r->x, r->first + i, 0, r->x->cols, out);
        CONCEPTDEC_I_TRY(check_values(r, r->first + i, out));
    }
    return CONCEPTDEC_OK;
}

/* Appends the rows of x to s, which belongs to nobody else where a chunk becomes whole. */
static conceptdec_status
append(conceptdec_ctx *ctx, int64_t chunk, const conceptdec_matrix *x, conceptdec_i_sums *s)
{
    int64_t d = x->cols, rows_a_task = TASK_ELEMENTS / d > 1 ? TASK_ELEMENTS / d : 1;
    for (int64_t row = 0; row < x->rows;) {
        int64_t left = x->rows - row, room = chunk - s->waiting, count = left < room ? left : room;
        reading r = {.ctx = ctx,
                     .x = x,
                     .first = row,
                     .count = count,
                     .rows_a_task = rows_a_task,
                     .out = s->rows + s->waiting * d};
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, (count - 1) / rows_a_task + 1, read_task, &r));
        row += count;
        s->waiting += count;
        if (s->waiting == chunk)
            CONCEPTDEC_I_TRY(merge_rows(ctx, d, s));
    }
    return CONCEPTDEC_OK;
}

/* ---- all or nothing ---- */

static conceptdec_status
copy_sums(conceptdec_ctx *ctx, const conceptdec_moments *m, conceptdec_i_sums *copy)
{
    CONCEPTDEC_I_TRY(conceptdec_i_sums_take(ctx, m, copy));
    copy->n = m->sums.n;
    copy->waiting = m->sums.waiting;
    memcpy(copy->mean, m->sums.mean, (size_t)m->d * sizeof(double));
    memcpy(copy->pilot, m->sums.pilot, (size_t)m->d * sizeof(double));
    memcpy(copy->scatter, m->sums.scatter, (size_t)(m->d * m->d) * sizeof(double));
    memcpy(copy->rows, m->sums.rows, (size_t)(m->sums.waiting * m->d) * sizeof(double));
    return CONCEPTDEC_OK;
}

static void
accept(conceptdec_moments *m, const conceptdec_i_sums *sums)
{
    if (sums->scatter != m->sums.scatter)
        conceptdec_i_sums_give(m, &m->sums);
    m->sums = *sums;
    conceptdec_i_memory_give(m->memory, m->covariance);
    conceptdec_i_memory_give(m->memory, m->mean);
    m->covariance = m->mean = NULL;
}

static conceptdec_status
check_count(conceptdec_ctx *ctx, const conceptdec_moments *m, int64_t more)
{
    int64_t n;
    if (!conceptdec_i_add(m->sums.n + m->sums.waiting, more, &n) || n > INT64_C(1) << 53)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "moments: more than 2^53 rows");
    return CONCEPTDEC_OK;
}

/* Rows that only wait are written where nobody looks yet; else the sums are copied first. */
static conceptdec_status
add(conceptdec_i_arena *arena, conceptdec_moments *m, const conceptdec_matrix *x)
{
    conceptdec_ctx *ctx = arena->ctx;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "x", &x));
    if (x->cols != m->d)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "x: %" PRId64 " columns, but the state has %" PRId64, x->cols,
                                 m->d);
    CONCEPTDEC_I_TRY(check_count(ctx, m, x->rows));
    int64_t per_chunk = conceptdec_i_gram_tasks(
        ctx, &(conceptdec_i_dense){.n = m->chunk, .dims = m->d, .is_wide = true}, CONCEPTDEC_I_TILE_F64);
    conceptdec_i_stage(ctx, "moments", 1 + (x->rows / m->chunk + 1) * per_chunk);
    bool is_short = x->rows < m->chunk - m->sums.waiting;
    conceptdec_i_sums sums = m->sums;
    if (!is_short)
        CONCEPTDEC_I_TRY(copy_sums(ctx, m, &sums));
    conceptdec_status status = append(ctx, m->chunk, x, &sums);
    if (status == CONCEPTDEC_OK)
        accept(m, &sums);
    else if (!is_short)
        conceptdec_i_sums_give(m, &sums);
    return status;
}

conceptdec_status
conceptdec_moments_add(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_matrix *x)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "moments: is NULL");
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = add(&arena, moments, x);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- another state ---- */

/* From the mean of a to that of b. */
static double
shift_at(const conceptdec_i_sums *a, const conceptdec_i_sums *b, int64_t j)
{
    return b->pilot[j] - a->pilot[j] + (b->mean[j] - a->mean[j]);
}

/* Mean and scatter of b join those of a. */
static void
combine(int64_t d, conceptdec_i_sums *a, const conceptdec_i_sums *b)
{
    double share = (double)b->n / (double)(a->n + b->n), weight = (double)a->n * share;
    for (int64_t i = 0; i < d && a->n == 0; i++) {
        a->pilot[i] = b->pilot[i];
        a->mean[i] = b->mean[i];
    }
    for (int64_t i = 0; i < d; i++) {
        double shift = weight * shift_at(a, b, i);
        for (int64_t j = i; j < d; j++)
            a->scatter[i * d + j] += b->scatter[i * d + j] + shift * shift_at(a, b, j);
    }
    for (int64_t i = 0; i < d && a->n > 0; i++)
        a->mean[i] += shift_at(a, b, i) * share;
    a->n += b->n;
}

static conceptdec_status
merge(conceptdec_ctx *ctx, conceptdec_moments *m, const conceptdec_moments *other)
{
    conceptdec_i_sums sums;
    int64_t size = (int64_t)sizeof(double);
    conceptdec_matrix rows = {.data = other->sums.rows,
                              .rows = other->sums.waiting,
                              .cols = m->d,
                              .row_stride = m->d * size,
                              .col_stride = size,
                              .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_i_stage(ctx, "moments", 1);
    CONCEPTDEC_I_TRY(copy_sums(ctx, m, &sums));
    if (other->sums.n > 0)
        combine(m->d, &sums, &other->sums);
    conceptdec_status status = append(ctx, m->chunk, &rows, &sums);
    if (status == CONCEPTDEC_OK)
        accept(m, &sums);
    else
        conceptdec_i_sums_give(m, &sums);
    return status;
}

conceptdec_status
conceptdec_moments_merge(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_moments *other)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments || !other)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", moments ? "other" : "moments");
    if (moments->d != other->d)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE,
                                 "other: rows of %" PRId64 " numbers, but the state has %" PRId64, other->d,
                                 moments->d);
    CONCEPTDEC_I_TRY(check_count(ctx, moments, other->sums.n + other->sums.waiting));
    return merge(ctx, moments, other);
}
