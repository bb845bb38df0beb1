/* Sums of rows: rows and other sums are added, all or nothing. */
#include "stats/sums.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/gram.h"

#define TASK_ELEMENTS (1 << 17) /* that are read in one task */
#define MOST_SPAN 8192          /* rows that are read before chunks are looked at */

/* ---- rows into chunks ---- */

typedef struct reading {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *x;
    const int64_t *labels;
    conceptdec_i_sums *sums;
    int64_t n_sums;
    int64_t first, count, rows_a_task;
    double **to; /* where each row of the span goes; NULL: nowhere */
} reading;

static conceptdec_status
check_values(const reading *r, int64_t row, const double *values)
{
    for (int64_t j = 0; j < r->x->cols; j++)
        if (!(fabs(values[j]) < CONCEPTDEC_I_SUMS_MOST)) {
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
    const int64_t first = task * r->rows_a_task, end = task_end(task, r->rows_a_task, r->count);
    (void)lane;
    for (int64_t i = first; i < end; i++) {
        if (!r->to[i])
            continue;
        conceptdec_i_view_widen(r->ctx->kernels, r->x, r->first + i, 0, r->x->cols, r->to[i]);
        CONCEPTDEC_I_TRY(check_values(r, r->first + i, r->to[i]));
    }
    return CONCEPTDEC_OK;
}

/* Gives places to rows until a chunk is whole; that one's sums. */
static conceptdec_i_sums *
place_rows(reading *r)
{
    for (r->count = 0; r->count < MOST_SPAN && r->first + r->count < r->x->rows;) {
        const int64_t label = r->labels ? r->labels[r->first + r->count] : 0;
        double **to = &r->to[r->count++];
        *to = NULL;
        if (label < 0)
            continue;
        conceptdec_i_sums *s = &r->sums[r->n_sums > 1 ? label : 0];
        *to = s->rows + s->waiting * s->d;
        s->label[s->waiting++] = r->n_sums > 1 ? 0 : label;
        if (s->waiting == s->chunk)
            return s;
    }
    return NULL;
}

/* Appends the rows of x to sums that belong to nobody else where a chunk becomes whole. */
static conceptdec_status
append(conceptdec_i_arena *arena, conceptdec_i_sums *sums, int64_t n_sums, const conceptdec_matrix *x,
       const int64_t *labels)
{
    conceptdec_ctx *ctx = arena->ctx;
    reading r = {.ctx = ctx, .x = x, .labels = labels, .sums = sums, .n_sums = n_sums};
    void *p;
    r.rows_a_task = max64(1, TASK_ELEMENTS / x->cols);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "rows", min64(x->rows, MOST_SPAN), sizeof *r.to, &p));
    r.to = p;
    for (; r.first < x->rows; r.first += r.count) {
        conceptdec_i_sums *whole = place_rows(&r);
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, ceil_div(r.count, r.rows_a_task), read_task, &r));
        if (whole)
            CONCEPTDEC_I_TRY(conceptdec_i_sums_flush(ctx, whole));
    }
    return CONCEPTDEC_OK;
}

/* ---- all or nothing ---- */

static bool
is_empty(const conceptdec_i_sums *s)
{
    return conceptdec_i_sums_count(s) == 0;
}

/* Sums that are changed in place of others: rows that only wait are written where nobody looks yet, and empty sums can
 * be emptied again; else there is a copy. */
typedef struct staging {
    const conceptdec_i_sums_list *list;
    conceptdec_i_sums *sums;
    bool *is_changed; /* means and scatter, that is */
} staging;

static conceptdec_status
copy_sums(conceptdec_ctx *ctx, conceptdec_i_memory *memory, const conceptdec_i_sums *from, conceptdec_i_sums *copy)
{
    const size_t size = sizeof(double), means = (size_t)(from->classes * from->d) * size;
    CONCEPTDEC_I_TRY(conceptdec_i_sums_make(ctx, memory, conceptdec_i_sums_keeps(from), copy));
    copy->waiting = from->waiting;
    memcpy(copy->n, from->n, (size_t)from->classes * sizeof *copy->n);
    memcpy(copy->mean, from->mean, means);
    memcpy(copy->pilot, from->pilot, means);
    if (from->scatter)
        memcpy(copy->scatter, from->scatter, (size_t)(from->d * from->d) * size);
    if (from->squares)
        memcpy(copy->squares, from->squares, means);
    memcpy(copy->rows, from->rows, (size_t)(from->waiting * from->d) * size);
    memcpy(copy->label, from->label, (size_t)from->waiting * sizeof *copy->label);
    return CONCEPTDEC_OK;
}

static bool
is_copy(const staging *s, int64_t i)
{
    return s->sums[i].rows != s->list->sums[i].rows;
}

static conceptdec_status
end(const staging *s, conceptdec_status status)
{
    for (int64_t i = 0; i < s->list->count; i++) {
        conceptdec_i_sums *old = &s->list->sums[i], *new = &s->sums[i];
        if (is_copy(s, i))
            conceptdec_i_sums_give(s->list->memory, status == CONCEPTDEC_OK ? old : new);
        else if (status != CONCEPTDEC_OK && s->is_changed[i])
            conceptdec_i_sums_clear(old);
        if (status == CONCEPTDEC_OK)
            *old = *new;
    }
    return status;
}

/* is_changed is written by the caller between open and copy_changed. */
static conceptdec_status
open(conceptdec_i_arena *arena, const conceptdec_i_sums_list *list, staging *s)
{
    void *p;
    s->list = list;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "moments", list->count, sizeof *s->is_changed, &p));
    s->is_changed = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "moments", list->count, sizeof *s->sums, &p));
    s->sums = memcpy(p, list->sums, (size_t)list->count * sizeof *s->sums);
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_changed(conceptdec_ctx *ctx, staging *s)
{
    for (int64_t i = 0; i < s->list->count; i++) {
        conceptdec_i_sums copy = s->sums[i];
        if (!s->is_changed[i] || is_empty(&s->sums[i]))
            continue;
        CONCEPTDEC_I_TRY(copy_sums(ctx, s->list->memory, &s->list->sums[i], &copy));
        s->sums[i] = copy;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_count(conceptdec_ctx *ctx, const conceptdec_i_sums_list *list, int64_t more)
{
    for (int64_t i = 0; i < list->count; i++)
        if (!conceptdec_i_add(more, conceptdec_i_sums_count(&list->sums[i]), &more) || more > INT64_C(1) << 53)
            return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "moments: more than 2^53 rows");
    return CONCEPTDEC_OK;
}

/* ---- rows ---- */

static conceptdec_status
find_changed(conceptdec_i_arena *arena, const staging *s, const conceptdec_matrix *x, const int64_t *labels)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "moments", s->list->count, sizeof(int64_t), &p));
    int64_t *coming = p;
    for (int64_t i = 0; i < x->rows; i++)
        if (!labels || labels[i] >= 0)
            coming[s->list->count > 1 ? labels[i] : 0]++;
    for (int64_t i = 0; i < s->list->count; i++)
        s->is_changed[i] = coming[i] >= s->sums[i].chunk - s->sums[i].waiting;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_sums_add(conceptdec_i_arena *arena, const conceptdec_i_sums_list *list, const conceptdec_matrix *x,
                      const int64_t *labels)
{
    conceptdec_ctx *ctx = arena->ctx;
    const conceptdec_i_sums *s = &list->sums[0];
    const conceptdec_i_dense chunk = {.n = s->chunk, .dims = s->d, .is_wide = true};
    staging staged;
    CONCEPTDEC_I_TRY(check_count(ctx, list, x->rows));
    CONCEPTDEC_I_TRY(open(arena, list, &staged));
    CONCEPTDEC_I_TRY(find_changed(arena, &staged, x, labels));
    int64_t tasks = s->scatter ? conceptdec_i_gram_tasks(ctx, &chunk, CONCEPTDEC_I_TILE_F64) : 1;
    conceptdec_i_stage(ctx, "moments", 1 + (x->rows / s->chunk + 1) * tasks);
    conceptdec_status status = copy_changed(ctx, &staged);
    if (status == CONCEPTDEC_OK)
        status = append(arena, staged.sums, list->count, x, labels);
    return end(&staged, status);
}

/* ---- other sums ---- */

static void
combine_squares(conceptdec_i_sums *a, const conceptdec_i_sums *b, int64_t class, const double *row)
{
    double *to = a->squares + class * a->d;
    const double *from = b->squares + class * a->d;
    for (int64_t j = 0; j < a->d; j++)
        to[j] += from[j] + (row ? row[j] * row[j] : 0);
}

/* Means of b join those of a; what their shifts stand for are rows, as many as are returned. */
static int64_t
combine_means(conceptdec_i_sums *a, const conceptdec_i_sums *b, double *rows)
{
    int64_t count = 0;
    for (int64_t c = 0; c < a->classes; c++) {
        double *mean = a->mean + c * a->d, *pilot = a->pilot + c * a->d;
        const double *other_mean = b->mean + c * a->d, *other_pilot = b->pilot + c * a->d;
        double *row = NULL;
        if (b->n[c] == 0)
            continue;
        const double share = (double)b->n[c] / (double)(a->n[c] + b->n[c]), weight = sqrt((double)a->n[c] * share);
        if (a->n[c] == 0) {
            memcpy(pilot, other_pilot, (size_t)a->d * sizeof *pilot);
            memcpy(mean, other_mean, (size_t)a->d * sizeof *mean);
        } else {
            row = rows + count++ * a->d;
            for (int64_t j = 0; j < a->d; j++) {
                double shift = other_pilot[j] - pilot[j] + (other_mean[j] - mean[j]);
                row[j] = shift * weight;
                mean[j] += shift * share;
            }
        }
        if (a->squares)
            combine_squares(a, b, c, row);
        a->n[c] += b->n[c];
    }
    return count;
}

static conceptdec_status
combine(conceptdec_i_arena *arena, conceptdec_i_sums *a, const conceptdec_i_sums *b)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "moments", a->classes * a->d, sizeof(double), &p));
    conceptdec_i_dense shifts = {.data = p, .dims = a->d, .stride = a->d, .is_wide = true};
    shifts.n = combine_means(a, b, p);
    if (!a->scatter)
        return CONCEPTDEC_OK;
    for (int64_t i = 0; i < a->d; i++)
        for (int64_t j = i; j < a->d; j++)
            a->scatter[i * a->d + j] += b->scatter[i * a->d + j];
    return conceptdec_i_gram_add(arena->ctx, &shifts, CONCEPTDEC_I_TILE_F64, a->scatter, a->d);
}

static conceptdec_status
merge_one(conceptdec_i_arena *arena, conceptdec_i_sums *to, const conceptdec_i_sums *from)
{
    const conceptdec_matrix rows = {.data = from->rows,
                                    .rows = from->waiting,
                                    .cols = from->d,
                                    .row_stride = from->d * (int64_t)sizeof(double),
                                    .col_stride = sizeof(double),
                                    .dtype = CONCEPTDEC_FLOAT64};
    if (conceptdec_i_sums_count(from) > from->waiting)
        CONCEPTDEC_I_TRY(combine(arena, to, from));
    return append(arena, to, 1, &rows, from->label);
}

static conceptdec_status
merge(conceptdec_i_arena *arena, staging *s, const conceptdec_i_sums *others)
{
    CONCEPTDEC_I_TRY(copy_changed(arena->ctx, s));
    for (int64_t i = 0; i < s->list->count; i++) {
        conceptdec_i_arena inner;
        conceptdec_i_arena_open(&inner, arena->ctx);
        conceptdec_status status = s->is_changed[i] ? merge_one(&inner, &s->sums[i], &others[i]) : CONCEPTDEC_OK;
        conceptdec_i_arena_close(&inner);
        CONCEPTDEC_I_TRY(status);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_sums_merge(conceptdec_i_arena *arena, const conceptdec_i_sums_list *list, const conceptdec_i_sums *others)
{
    staging staged;
    int64_t more = 0;
    for (int64_t i = 0; i < list->count; i++)
        more += conceptdec_i_sums_count(&others[i]);
    conceptdec_i_stage(arena->ctx, "moments", 1);
    CONCEPTDEC_I_TRY(check_count(arena->ctx, list, more));
    CONCEPTDEC_I_TRY(open(arena, list, &staged));
    for (int64_t i = 0; i < list->count; i++)
        staged.is_changed[i] = !is_empty(&others[i]);
    return end(&staged, merge(arena, &staged, others));
}
