/* From candidates to neighbours. Rounds over all lists:
 *   1. bounds are tightened for the last time; the candidates that are likely to be within the last limit are refined;
 *   2. limits are set anew, now that k distances are exact; what is still within them is refined;
 *   3. lists are sorted and cut, and gathered where room is scarce.
 * In each of them lists choose first, one by one; then what they have chosen is refined for all together (share.c). */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "neighbors/finish.h"
#include "neighbors/known.h"

#define LISTS_PER_TASK 32
#define RUN 8 /* entries that are ranked */
#define EVEN 0.52f /* where distances are between their bounds, or hardly beyond */
#define LONG (1 << 16) /* candidates between two looks at the cancel flag */

typedef conceptdec_i_promises promises;

static int64_t
count_tasks(const conceptdec_i_screening *s)
{
    return ceil_div(s->queries.n, LISTS_PER_TASK);
}

int64_t
conceptdec_i_screening_finish_tasks(const conceptdec_i_screening *s)
{
    return 3 * count_tasks(s) + 2 * conceptdec_i_promises_share_tasks(s);
}

/* ---- 1 ---- */

/* Where the keys of a list have room behind its words, in a room of so many candidates; NULL: nowhere. */
static uint32_t *
keys_behind(const conceptdec_i_candidate_list *l, conceptdec_i_candidate *items, int64_t room)
{
    _Static_assert(sizeof *l->items == sizeof *l->known && sizeof *l->known == 2 * sizeof *l->keys, "sizes");
    return 3 * (int64_t)l->count <= 2 * room ? (uint32_t *)(void *)(items + l->count) : NULL;
}

/* A list that has grown goes back to its place in the pool where that holds what is left, keys and all. */
static void
return_to_pool(const conceptdec_i_screening *s, int32_t list)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    conceptdec_i_candidate *place = s->pool + list * (int64_t)s->capacity;
    if (l->capacity <= s->capacity || !keys_behind(l, place, s->capacity))
        return;
    memcpy(place, l->items, (size_t)l->count * sizeof *place);
    conceptdec_i_give(s->ctx, l->items);
    l->items = place;
    l->capacity = s->capacity;
}

/* From now on a list has upper bounds, too, so that widths need not be looked up again. What was refined early is known
 * by its bounds: the distance was not kept. */
static void
take_known(const conceptdec_i_screening *s, int32_t list, const float *high, uint32_t *keys)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    l->keys = keys;
    l->known = (uint64_t *)(void *)l->items;
    for (int32_t i = 0; i < l->count; i++) {
        const conceptdec_i_candidate c = l->items[i];
        l->keys[i] = c.value | (c.partial ? CONCEPTDEC_I_KEY_PARTIAL : 0);
        l->known[i] = conceptdec_i_between(c.low, high[i]);
    }
}

/* Puts the candidates within a limit first, of the first n, and their upper bounds; returns how many they are. */
static int32_t
put_first(conceptdec_i_candidate_list *l, int32_t n, double limit, float *high)
{
    int32_t first = 0;
    for (int32_t i = 0; i < n; i++)
        if ((double)l->items[i].low <= limit) {
            const conceptdec_i_candidate c = l->items[first];
            const float bound = high[first];
            l->items[first] = l->items[i];
            high[first++] = high[i];
            l->items[i] = c;
            high[i] = bound;
        }
    return first;
}

/* The candidates that are likely to be neighbours come first, of these the nearest, which tell the order best. */
static conceptdec_status
promise(const promises *p, int32_t list, int lane)
{
    conceptdec_i_screening *s = p->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, "bounds of candidates", l->count));
    float *high = (float *)(void *)s->bounds[lane], *scratch = high + l->count;
    conceptdec_i_screening_upper_bounds(s, list, 1, high);
    const double limit = conceptdec_i_screening_nearest(s, list, high, s->likely, s->k, scratch);
    const double within = conceptdec_i_screening_nearest(s, list, high, EVEN, s->k, scratch);
    const double near = conceptdec_i_screening_nearest(s, list, high, EVEN, CONCEPTDEC_I_LOOKED_AT, scratch);
    l->count = put_first(l, l->count, conceptdec_i_screening_set_limit(s, list, limit), high);
    p->best[list] = put_first(l, l->count, within, high);
    p->within[list] = (float)within;
    if (s->symmetric && p->best[list] > CONCEPTDEC_I_LOOKED_AT)
        (void)put_first(l, p->best[list], near, high);
    return_to_pool(s, list);
    uint32_t *keys = keys_behind(l, l->items, conceptdec_i_list_room(s, l));
    if (keys)
        take_known(s, list, high, keys);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_spare_keys(const promises *p, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &p->s->lists[list];
    if (l->known)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(p->s, lane, "bounds of candidates", l->count));
    float *high = (float *)(void *)p->s->bounds[lane];
    conceptdec_i_screening_upper_bounds(p->s, list, 1, high);
    take_known(p->s, list, high, l->keys);
    return CONCEPTDEC_OK;
}

/* Places for the keys of lists that are too full; returns how many keys they are. */
static int64_t
place_spare(const conceptdec_i_screening *s)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->queries.n; i++)
        if (!s->lists[i].known) {
            s->lists[i].keys = s->spare ? s->spare + n : NULL;
            n += s->lists[i].count;
        }
    return n;
}

/* ---- 2 ---- */

/* Leaves what is within the limit. */
static void
drop(const conceptdec_i_screening *s, conceptdec_i_candidate_list *l, double limit)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < l->count; i++) {
        const uint64_t known = l->known[i];
        l->known[kept] = known;
        l->keys[kept] = l->keys[i];
        kept += (double)conceptdec_i_low_of(s, known) <= limit;
    }
    l->count = kept;
}

/* What has been refined sets a limit for all; returns it. */
static conceptdec_status
confine(conceptdec_i_screening *s, int32_t list, int lane, double *limit)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, "bounds of candidates", l->count));
    *limit = conceptdec_i_screening_reach(s, list, lane);
    drop(s, l, *limit);
    return CONCEPTDEC_OK;
}

/* Puts first what is open and within the limit; returns how many they are. */
static int32_t
put_open_first(const conceptdec_i_screening *s, conceptdec_i_candidate_list *l, double limit)
{
    int32_t first = 0;
    for (int32_t i = 0; i < l->count; i++)
        if (!conceptdec_i_is_exact(l->known[i]) && (double)conceptdec_i_low_of(s, l->known[i]) <= limit) {
            const uint64_t known = l->known[first];
            const uint32_t key = l->keys[first];
            l->known[first] = l->known[i];
            l->keys[first++] = l->keys[i];
            l->known[i] = known;
            l->keys[i] = key;
        }
    return first;
}

static conceptdec_status
choose(const promises *p, int32_t list, int lane)
{
    conceptdec_i_screening *s = p->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    double limit;
    CONCEPTDEC_I_TRY(confine(s, list, lane, &limit));
    p->best[list] = put_open_first(s, l, limit);
    p->within[list] = (float)limit;
    return CONCEPTDEC_OK;
}

/* ---- 3 ---- */

static bool
comes_before(const conceptdec_i_entry *a, const conceptdec_i_entry *b)
{
    return (a->d2 < b->d2) | ((a->d2 == b->d2) & (a->value < b->value)); /* without a branch, which could not be
                                                                            foreseen */
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
reach(conceptdec_i_screening *s, int32_t list, const conceptdec_i_entry *entries, int32_t n, double *last)
{
    int64_t rows = 0;
    int32_t i = 0;
    for (; i < n && rows < s->k; i++)
        if (!entries[i].pad)
            rows += conceptdec_i_codes_rows(s->codes, conceptdec_i_list_id(s, list), entries[i].value);
    s->whole[list] = rows < s->k;
    *last = s->whole[list] ? INFINITY : entries[i - 1].d2;
    while (i > 0 && i < n && entries[i].d2 == entries[i - 1].d2)
        i++;
    return s->whole[list] ? n : i;
}

/* Whether a list was cut by right limits: what was dropped is farther than the k-th row, `last`. Proven ones are. */
static bool
is_right(const conceptdec_i_screening *s, int32_t list, double last)
{
    const double error = 2 * conceptdec_i_sum_error(s->refs.view->cols);
    return s->proven || last * s->to_units * (1 + error) <= conceptdec_i_screening_limit(s, list);
}

/* What is left: a list that was to refine a pair for both may have ruled it out, or have known it before. */
static conceptdec_status
refine_rest(conceptdec_i_screening *s, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, "distances of candidates", 2 * (int64_t)l->count));
    double *d2 = s->bounds[lane];
    int32_t *values = (int32_t *)(void *)(d2 + l->count), n = 0;
    for (int32_t i = 0; i < l->count; i++) {
        values[n] = conceptdec_i_key_value(l->keys[i]);
        n += !conceptdec_i_is_exact(l->known[i]);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_screening_distances(s, list, values, n, d2, lane));
    for (int32_t i = 0; n > 0 && i < l->count; i++)
        if (!conceptdec_i_is_exact(l->known[i]))
            l->known[i] = conceptdec_i_exactly(*d2++);
    return CONCEPTDEC_OK;
}

/* What a list is in the end: sorted, as the table numbers values, its keys in its own room where that has it. */
static void
put_entries(const conceptdec_i_screening *s, int32_t list, const conceptdec_i_entry *entries)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    uint32_t *behind = keys_behind(l, l->items, conceptdec_i_list_room(s, l));
    l->keys = behind ? behind : l->keys;
    for (int32_t i = 0; i < l->count; i++) {
        l->known[i] = conceptdec_i_exactly(entries[i].d2);
        l->keys[i] = (uint32_t)entries[i].value;
    }
}

static conceptdec_status
settle(const promises *p, int32_t list, int lane)
{
    conceptdec_i_screening *s = p->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    _Static_assert(sizeof(conceptdec_i_entry) == 2 * sizeof(double), "an entry takes the room of two doubles");
    double limit, last;
    CONCEPTDEC_I_TRY(confine(s, list, lane, &limit));
    CONCEPTDEC_I_TRY(refine_rest(s, list, lane));
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, "neighbours of a list", 4 * (int64_t)l->count));
    conceptdec_i_entry *entries = (conceptdec_i_entry *)(void *)s->bounds[lane];
    for (int32_t i = 0; i < l->count; i++) /* pad: it does not count towards k */
        entries[i] = (conceptdec_i_entry){.d2 = conceptdec_i_exact_of(l->known[i]),
                                          .pad = (l->keys[i] & CONCEPTDEC_I_KEY_PARTIAL) != 0,
                                          .value = conceptdec_i_value_id(s, conceptdec_i_key_value(l->keys[i]))};
    entries = sort(entries, entries + l->count, l->count);
    l->count = reach(s, list, entries, l->count, &last);
    put_entries(s, list, entries);
    return is_right(s, list, last) ? CONCEPTDEC_OK : CONCEPTDEC_I_UNLIKELY;
}

/* ---- all ---- */

typedef conceptdec_status (*round_of)(const promises *p, int32_t list, int lane);

static conceptdec_status
run_lists(const promises *p, round_of round, int64_t task, int lane)
{
    int64_t end = task_end(task, LISTS_PER_TASK, p->s->queries.n);
    for (int64_t i = task * LISTS_PER_TASK, done = 0; i < end; i++) {
        const int32_t list = p->order ? p->order[i] : (int32_t)i;
        if (done > LONG)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(p->s->ctx, 0));
        done = (done > LONG ? 0 : done) + p->s->lists[list].count;
        CONCEPTDEC_I_TRY(round(p, list, lane));
    }
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

/* Keys of lists whose own room is too full for them. */
static conceptdec_status
take_spare(const promises *p)
{
    conceptdec_i_screening *s = p->s;
    void *spare;
    s->n_spare = place_spare(s);
    if (s->n_spare == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, "candidates", s->n_spare, sizeof *s->spare, &spare));
    s->spare = spare;
    (void)place_spare(s);
    return run_round(p, take_spare_keys);
}

/* As soon as all keys have gone elsewhere. */
static void
give_spare(conceptdec_i_screening *s)
{
    for (int64_t i = 0; s->spare && i < s->queries.n; i++)
        if (s->lists[i].keys >= s->spare && s->lists[i].keys < s->spare + s->n_spare)
            return;
    conceptdec_i_give(s->ctx, s->spare);
    s->spare = NULL;
}

/* A settled list to its place behind those before it. */
static conceptdec_status
move(const promises *p, int32_t list, int lane)
{
    conceptdec_i_screening *s = p->s;
    conceptdec_i_candidate_list *l = &s->lists[list];
    conceptdec_i_candidate *at = s->settled + p->start[list];
    const int32_t count = l->count;
    (void)lane;
    memcpy(at, l->known, (size_t)count * sizeof *l->known);
    memcpy(at + count, l->keys, (size_t)count * sizeof *l->keys);
    if (l->capacity > s->capacity)
        conceptdec_i_give(s->ctx, l->items);
    *l = (conceptdec_i_candidate_list){.items = at, .known = (uint64_t *)(void *)at, .count = count,
                                       .keys = (uint32_t *)(void *)(at + count)};
    return CONCEPTDEC_OK;
}

/* Settled lists one behind the other, where they and the table would not have room else. */
static conceptdec_status
gather(conceptdec_i_arena *arena, promises *p)
{
    conceptdec_i_screening *s = p->s;
    int64_t total = 0;
    void *q;
    if (!conceptdec_i_screening_is_narrow(s))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "list marks", s->queries.n, sizeof *p->start, &q));
    p->start = q;
    for (int64_t i = 0; i < s->queries.n; i++) {
        p->start[i] = total;
        total += s->lists[i].count + (s->lists[i].count + 1) / 2;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, "settled neighbours", total, sizeof *s->settled, &q));
    s->settled = q;
    CONCEPTDEC_I_TRY(run_round(p, move));
    conceptdec_i_give(s->ctx, s->pool);
    s->pool = NULL;
    return CONCEPTDEC_OK;
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
    CONCEPTDEC_I_TRY(take_spare(&all));
    if (s->symmetric)
        CONCEPTDEC_I_TRY(conceptdec_i_screening_order(arena, s, &all.order));
    CONCEPTDEC_I_TRY(conceptdec_i_promises_share(&all));
    CONCEPTDEC_I_TRY(run_round(&all, choose));
    CONCEPTDEC_I_TRY(conceptdec_i_promises_share(&all));
    CONCEPTDEC_I_TRY(run_round(&all, settle));
    give_spare(s);
    CONCEPTDEC_I_TRY(gather(arena, &all));
    give_spare(s);
    return CONCEPTDEC_OK;
}
