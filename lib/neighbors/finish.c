/* From candidates to neighbours. Rounds over all lists:
 *   1. bounds are tightened for the last time; the candidates that promise most are refined;
 *   2. limits are set anew, now that k distances are exact; of what is still within them the nearest quarter is refined:
 *      the limit that follows rules out many others where the k-th neighbour stands apart from those before it;
 *   3. the same with all that is left;
 *   4. lists are sorted and cut.
 * In each of them lists choose first, one by one; then what they have chosen is refined for all together (share.c). */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "neighbors/finish.h"

#define LISTS_PER_TASK 32
#define RUN 8 /* entries that are ranked */
#define FEW 8 /* candidates that are refined at once, not the nearest of them first */

typedef conceptdec_i_promises promises;

static int64_t
count_tasks(const conceptdec_i_screening *s)
{
    return (s->queries.n + LISTS_PER_TASK - 1) / LISTS_PER_TASK;
}

int64_t
conceptdec_i_screening_finish_tasks(const conceptdec_i_screening *s)
{
    return 4 * count_tasks(s) + 3 * conceptdec_i_promises_share_tasks(s);
}

/* ---- 1 ---- */

/* The end of the list's room holds exact distances from now on, and until they are known upper bounds, so that widths need
 * not be looked up again. */
static conceptdec_status
take_d2(conceptdec_i_screening *s, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    float *bounds = (float *)(void *)s->bounds[lane];
    conceptdec_i_screening_upper_bounds(s, list, bounds);
    _Static_assert(sizeof(double) == sizeof(conceptdec_i_candidate), "a distance takes the room of a candidate");
    if (2 * (int64_t)l->count > (l->capacity > s->capacity ? l->capacity : s->capacity))
        CONCEPTDEC_I_TRY(conceptdec_i_screening_resize(s, list, 2 * (int64_t)l->count));
    else if (2 * l->count > l->capacity)
        l->capacity = 2 * l->count;
    l->d2 = (double *)(void *)(l->items + (l->capacity - l->count));
    for (int32_t i = 0; i < l->count; i++) {
        l->items[i].exact = 0; /* refined early: the distance was not kept */
        l->d2[i] = -(double)bounds[i];
    }
    return CONCEPTDEC_OK;
}

/* Puts the candidates within a limit first, of the first n; returns how many they are. */
static int32_t
put_first(conceptdec_i_candidate_list *l, int32_t n, double limit)
{
    int32_t first = 0;
    for (int32_t i = 0; i < n; i++)
        if ((double)l->items[i].low <= limit) {
            conceptdec_i_candidate c = l->items[first];
            l->items[first++] = l->items[i];
            l->items[i] = c;
        }
    return first;
}

/* The candidates that promise most come first, of these the nearest, which tell the order best. */
static conceptdec_status
promise(const promises *p, int32_t list, int lane)
{
    conceptdec_i_screening *s = p->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    const double within = conceptdec_i_screening_promise(s, list, s->k, lane);
    p->best[list] = put_first(l, l->count, within);
    p->within[list] = (float)within;
    if (s->symmetric && p->best[list] > CONCEPTDEC_I_LOOKED_AT)
        (void)put_first(l, p->best[list], conceptdec_i_screening_promise(s, list, CONCEPTDEC_I_LOOKED_AT, lane));
    return take_d2(s, list, lane);
}

/* ---- 2, 3 ---- */

/* Leaves what is within the limit. */
static void
drop(conceptdec_i_candidate_list *l, double limit)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < l->count; i++) {
        const conceptdec_i_candidate c = l->items[i];
        l->items[kept] = c;
        l->d2[kept] = l->d2[i];
        kept += (double)c.low <= limit;
    }
    l->count = kept;
}

/* What has been refined sets a limit for all; returns it. */
static conceptdec_status
confine(conceptdec_i_screening *s, int32_t list, int lane, double *limit)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, 2 * (int64_t)l->count));
    for (int32_t i = 0; i < l->count; i++) {
        const bool is_known = l->d2[i] >= 0;
        const float low = conceptdec_i_float_below(l->d2[i] * s->to_units);
        l->items[i].low = is_known ? low : l->items[i].low;
        l->items[i].exact = is_known;
    }
    *limit = conceptdec_i_screening_reach(s, list, lane);
    drop(l, *limit);
    return CONCEPTDEC_OK;
}

/* Lower bounds of what is not refined yet; returns how many there are. */
static int32_t
open_bounds(const conceptdec_i_candidate_list *l, float *bounds)
{
    int32_t n = 0;
    for (int32_t i = 0; i < l->count; i++) {
        bounds[n] = l->items[i].low;
        n += !l->items[i].exact;
    }
    return n;
}

/* Puts first what is open and within the limit; returns how many they are. */
static int32_t
put_open_first(conceptdec_i_candidate_list *l, double limit)
{
    int32_t first = 0;
    for (int32_t i = 0; i < l->count; i++)
        if (!l->items[i].exact && (double)l->items[i].low <= limit) {
            const conceptdec_i_candidate c = l->items[first];
            const double d2 = l->d2[first];
            l->items[first] = l->items[i];
            l->d2[first++] = l->d2[i];
            l->items[i] = c;
            l->d2[i] = d2;
        }
    return first;
}

static conceptdec_status
choose(const promises *p, int32_t list, int lane, bool all)
{
    conceptdec_i_screening *s = p->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    double limit;
    CONCEPTDEC_I_TRY(confine(s, list, lane, &limit));
    float *bounds = (float *)(void *)s->bounds[lane];
    const int32_t n = open_bounds(l, bounds);
    if (n > FEW && !all)
        limit = (double)s->ctx->kernels->kth_f32(bounds, n, n / 4);
    p->best[list] = put_open_first(l, limit);
    p->within[list] = (float)limit;
    return CONCEPTDEC_OK;
}

static conceptdec_status
choose_nearest(const promises *p, int32_t list, int lane)
{
    return choose(p, list, lane, false);
}

static conceptdec_status
choose_all(const promises *p, int32_t list, int lane)
{
    return choose(p, list, lane, true);
}

/* ---- 4 ---- */

static bool
comes_before(const conceptdec_i_entry *a, const conceptdec_i_entry *b)
{
    return (a->d2 < b->d2) | ((a->d2 == b->d2) & (a->value < b->value)); /* without a branch, which could not be foreseen */
}

/* At most RUN entries: each goes where the number of those before it says, which is found without a branch. */
static void
sort_by_rank(const conceptdec_i_entry *in, int32_t n, conceptdec_i_entry *out)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t rank = 0;
        for (int32_t j = 0; j < n; j++)
            rank += comes_before(&in[j], &in[i]);
        out[rank] = in[i];
    }
}

/* Two sorted runs, which end at `middle` and `end`, as one into `out`. */
static void
merge(const conceptdec_i_entry *in, int32_t first, int32_t middle, int32_t end, conceptdec_i_entry *out)
{
    int32_t a = first, b = middle, i = first;
    while (a < middle && b < end) {
        const int32_t from_b = comes_before(&in[b], &in[a]);
        out[i++] = in[a + (b - a) * from_b];
        a += 1 - from_b;
        b += from_b;
    }
    memcpy(out + i, in + a, (size_t)(middle - a) * sizeof *in);
    memcpy(out + i + (middle - a), in + b, (size_t)(end - b) * sizeof *in);
}

/* Two sorted runs of one length: half of them from the front and half from the back, two chains that do not wait for
 * each other. No two entries are equal, so that both agree on which are the first half. */
static void
merge_halves(const conceptdec_i_entry *in, int32_t width, conceptdec_i_entry *out)
{
    const conceptdec_i_entry *a = in, *b = in + width, *last_a = b - 1, *last_b = b + width - 1;
    for (int32_t i = 0; i < width; i++) {
        const int32_t from_b = comes_before(b, a), from_a = comes_before(last_b, last_a);
        out[i] = *(from_b ? b : a);
        out[2 * width - 1 - i] = *(from_a ? last_a : last_b);
        b += from_b;
        a += 1 - from_b;
        last_a -= from_a;
        last_b -= 1 - from_a;
    }
}

/* By distance, then value: short runs, merged. `other` is scratch of the same size; returns which of both is sorted. */
static conceptdec_i_entry *
sort(conceptdec_i_entry *entries, conceptdec_i_entry *other, int32_t n)
{
    for (int32_t i = 0; i < n; i += RUN)
        sort_by_rank(entries + i, n - i < RUN ? n - i : RUN, other + i);
    for (int64_t width = RUN; width < n; width *= 2) {
        conceptdec_i_entry *sorted = entries;
        entries = other;
        other = sorted;
        int64_t i = 0;
        for (; i + 2 * width <= n; i += 2 * width)
            merge_halves(entries + i, (int32_t)width, other + i);
        if (i < n)
            merge(entries, (int32_t)i, (int32_t)(i + width < n ? i + width : n), n, other);
    }
    return other;
}

/* How many of n sorted entries reach to the k-th row and its ties. */
static int32_t
reach(conceptdec_i_screening *s, int32_t list, const conceptdec_i_entry *entries, int32_t n)
{
    int64_t rows = 0;
    int32_t i = 0;
    for (; i < n && rows < s->k; i++)
        if (!entries[i].pad)
            rows += conceptdec_i_codes_rows(s->codes, conceptdec_i_list_id(s, list), entries[i].value);
    s->whole[list] = rows < s->k;
    while (i > 0 && i < n && entries[i].d2 == entries[i - 1].d2)
        i++;
    return s->whole[list] ? n : i;
}

static conceptdec_status
settle(const promises *p, int32_t list, int lane)
{
    conceptdec_i_screening *s = p->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    _Static_assert(sizeof(conceptdec_i_entry) == 2 * sizeof(double), "an entry takes the room of two doubles");
    double limit;
    CONCEPTDEC_I_TRY(confine(s, list, lane, &limit));
    /* What is left: a list that was to refine a pair for both may have ruled it out, or have known it before. */
    CONCEPTDEC_I_TRY(conceptdec_i_screening_refine(s, list, INFINITY, lane));
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, 4 * (int64_t)l->count));
    conceptdec_i_entry *entries = (conceptdec_i_entry *)(void *)s->bounds[lane];
    int32_t n = 0;
    for (int32_t i = 0; i < l->count; i++)
        if (l->items[i].exact)
            entries[n++] = (conceptdec_i_entry){ /* as the table will know it; pad: it does not count towards k */
                                                .d2 = l->d2[i], .pad = l->items[i].partial,
                                                .value = conceptdec_i_value_id(s, (int32_t)l->items[i].value)};
    entries = sort(entries, entries + n, n);
    l->count = reach(s, list, entries, n);
    for (int32_t i = 0; i < l->count; i++) {
        l->d2[i] = entries[i].d2;
        l->items[i].value = (uint32_t)entries[i].value & ((uint32_t)CONCEPTDEC_I_MOST_VALUES - 1);
    }
    return CONCEPTDEC_OK;
}

/* ---- all ---- */

typedef conceptdec_status (*round_of)(const promises *p, int32_t list, int lane);

static conceptdec_status
run_lists(const promises *p, round_of round, int64_t task, int lane)
{
    int64_t end = (task + 1) * LISTS_PER_TASK < p->s->queries.n ? (task + 1) * LISTS_PER_TASK : p->s->queries.n;
    for (int64_t i = task * LISTS_PER_TASK; i < end; i++)
        CONCEPTDEC_I_TRY(round(p, p->order ? p->order[i] : (int32_t)i, lane));
    return CONCEPTDEC_OK;
}

typedef struct {
    const promises *p;
    round_of round;
} job;

static conceptdec_status
lists_task(void *argument, int64_t task, int lane)
{
    const job *j = argument;
    return run_lists(j->p, j->round, task, lane);
}

static conceptdec_status
run_round(const promises *p, round_of round)
{
    job j = {.p = p, .round = round};
    return conceptdec_i_parallel(p->s->ctx, count_tasks(p->s), lists_task, &j);
}

conceptdec_status
conceptdec_i_screening_finish(conceptdec_i_arena *arena, conceptdec_i_screening *s)
{
    promises all = {.s = s};
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "list marks", s->queries.n, sizeof(int32_t), &p));
    all.best = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "list marks", s->queries.n, sizeof(float), &p));
    all.within = p;
    CONCEPTDEC_I_TRY(run_round(&all, promise));
    if (s->symmetric)
        CONCEPTDEC_I_TRY(conceptdec_i_screening_order(arena, s, &all.order));
    CONCEPTDEC_I_TRY(conceptdec_i_promises_share(&all));
    CONCEPTDEC_I_TRY(run_round(&all, choose_nearest));
    CONCEPTDEC_I_TRY(conceptdec_i_promises_share(&all));
    CONCEPTDEC_I_TRY(run_round(&all, choose_all));
    CONCEPTDEC_I_TRY(conceptdec_i_promises_share(&all));
    return run_round(&all, settle);
}
