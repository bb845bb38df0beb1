/* From candidates to neighbours. Three rounds over all lists:
 *   1. bounds are tightened for the last time, and the candidates that promise most are put first;
 *   2. these are refined, a pair that stands in both lists once for both;
 *   3. what may still matter, now that k distances are exact, is refined; then lists are sorted and cut.
 * In round 2 a list writes only entries for values above its own number, its own or in lists that have it as a value: each
 * entry has one writer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "neighbors/candidates.h"

#define LISTS_PER_TASK 32

typedef struct {
    conceptdec_i_screening *s;
    int32_t *best;  /* per list: how many candidates promise most */
    int32_t *order; /* lists, those that share neighbours close together */
} job;

static int64_t
count_tasks(const conceptdec_i_screening *s)
{
    return (s->queries.n + LISTS_PER_TASK - 1) / LISTS_PER_TASK;
}

int64_t
conceptdec_i_screening_finish_tasks(const conceptdec_i_screening *s)
{
    return 3 * count_tasks(s);
}

static void
swap(conceptdec_i_candidate *a, conceptdec_i_candidate *b)
{
    conceptdec_i_candidate c = *a;
    *a = *b;
    *b = c;
}

/* ---- 1 ---- */

static conceptdec_status
promise(const job *j, int32_t list, int lane)
{
    conceptdec_i_screening *s = j->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    double limit = conceptdec_i_screening_promise(s, list, lane);
    int32_t best = 0;
    for (int32_t i = 0; i < l->count; i++)
        if (conceptdec_i_candidate_low(s, &l->items[i]) <= limit)
            swap(&l->items[best++], &l->items[i]);
    j->best[list] = best;
    return CONCEPTDEC_OK;
}

/* ---- 2 ---- */

/* The entry of list `list` for `value` among those that promise most; NULL where there is none. */
static conceptdec_i_candidate *
find_best(const job *j, int32_t list, int32_t value)
{
    conceptdec_i_candidate *items = j->s->lists[list].items;
    for (int32_t i = 0; i < j->best[list]; i++)
        if ((int32_t)items[i].value == value)
            return &items[i];
    return NULL;
}

/* The next entry from i on that this list has to refine in round 2. */
static int32_t
next_above(const job *j, int32_t list, int32_t i)
{
    const conceptdec_i_candidate *items = j->s->lists[list].items;
    while (i < j->best[list] && ((int32_t)items[i].value <= list || items[i].width == 0))
        i++;
    return i;
}

static conceptdec_status
share(const job *j, int32_t list, int lane)
{
    conceptdec_i_screening *s = j->s;
    conceptdec_i_candidate *items = s->lists[list].items;
    double *query = s->rows + 2 * lane * s->refs.view->cols;
    long long refined = 0;
    int32_t i = next_above(j, list, 0);
    if (i < j->best[list])
        conceptdec_i_operand_row(s->ctx->kernels, &s->queries, list, query);
    while (i < j->best[list]) {
        conceptdec_i_candidate *one = &items[i];
        i = next_above(j, list, i + 1);
        if (i < j->best[list])
            conceptdec_i_screening_fetch(s, (int32_t)items[i].value);
        conceptdec_i_candidate *other = find_best(j, (int32_t)one->value, list);
        double d2 = conceptdec_i_screening_distance(s, query, list, (int32_t)one->value, query + s->refs.view->cols);
        one->low = d2;
        one->width = 0;
        if (other) {
            other->low = d2;
            other->width = 0;
        }
        refined++;
    }
    atomic_fetch_add_explicit(&s->n_refined, refined, memory_order_relaxed);
    return CONCEPTDEC_OK;
}

/* ---- 3 ---- */

static int
by_distance(const void *a, const void *b)
{
    const conceptdec_i_candidate *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* Cuts a sorted list, whose values have the numbers that the table knows, behind the k-th row and its ties. */
static void
cut(conceptdec_i_screening *s, int32_t list)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    int64_t rows = 0;
    int32_t i = 0;
    for (; i < l->count && rows < s->k; i++)
        if (!l->items[i].partial)
            rows += conceptdec_i_codes_rows(s->codes, conceptdec_i_list_id(s, list), (int32_t)l->items[i].value);
    s->whole[list] = rows < s->k;
    while (i > 0 && i < l->count && l->items[i].low == l->items[i - 1].low)
        i++;
    l->count = s->whole[list] ? l->count : i;
}

static conceptdec_status
settle(const job *j, int32_t list, int lane)
{
    conceptdec_i_screening *s = j->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    conceptdec_i_screening_refine(s, list, conceptdec_i_screening_promise(s, list, lane), lane);
    CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    conceptdec_i_screening_refine(s, list, INFINITY, lane);
    for (int32_t i = 0; i < l->count; i++)
        l->items[i].value = (uint32_t)conceptdec_i_value_id(s, (int32_t)l->items[i].value) & INT32_MAX;
    qsort(l->items, (size_t)l->count, sizeof *l->items, by_distance);
    cut(s, list);
    return CONCEPTDEC_OK;
}

/* ---- all ---- */

typedef conceptdec_status (*round_of)(const job *j, int32_t list, int lane);

static conceptdec_status
run_lists(const job *j, round_of round, int64_t task, int lane)
{
    int64_t end = (task + 1) * LISTS_PER_TASK < j->s->queries.n ? (task + 1) * LISTS_PER_TASK : j->s->queries.n;
    for (int64_t i = task * LISTS_PER_TASK; i < end; i++)
        CONCEPTDEC_I_TRY(round(j, j->order ? j->order[i] : (int32_t)i, lane));
    return CONCEPTDEC_OK;
}

static conceptdec_status
promise_task(void *argument, int64_t task, int lane)
{
    return run_lists(argument, promise, task, lane);
}

static conceptdec_status
share_task(void *argument, int64_t task, int lane)
{
    return run_lists(argument, share, task, lane);
}

static conceptdec_status
settle_task(void *argument, int64_t task, int lane)
{
    return run_lists(argument, settle, task, lane);
}

conceptdec_status
conceptdec_i_screening_finish(conceptdec_i_arena *arena, conceptdec_i_screening *s)
{
    job j = {.s = s};
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "list marks", s->queries.n, sizeof(int32_t), &p));
    j.best = p;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(s->ctx, count_tasks(s), promise_task, &j));
    if (s->symmetric)
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(s->ctx, count_tasks(s), share_task, &j));
    return conceptdec_i_parallel(s->ctx, count_tasks(s), settle_task, &j);
}
