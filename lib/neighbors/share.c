/* Exact distances of what lists have chosen. Lists that stand close together form a block: a value that several of them
 * hold is fetched once and meets all their rows, which stay in the second-level cache.
 *
 * In a symmetric pass a pair that two lists have is refined once for both: where both have chosen it, by the list of
 * the smaller number [is_others]. A distance has the same bits whichever list computes it, so that both may tell it at
 * once. */
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "neighbors/finish.h"
#include "neighbors/known.h"

#define BLOCK_BYTES ((int64_t)1 << 20) /* of the rows of a block, as doubles */
#define BLOCK_PAIRS ((int64_t)1 << 14) /* about as many */
#define BLOCK_WORK ((int64_t)1 << 24)  /* elements of their rows, so that a task is short */
#define MOST_LISTS 128
#define LONG_ROW 16 /* dimensions for each neighbour */
#define DIGIT 11 /* bits that one turn of sorting looks at */
#define LINE 64

typedef struct pair {
    int32_t value, place;
    int32_t at; /* the list's place in the block */
    float low;
} pair;

/* A block in work, in the scratch of a lane: in parts, if lists have chosen far more than k candidates. */
typedef struct block {
    const conceptdec_i_promises *p;
    int64_t first, n, stride; /* lists, and doubles from row to row */
    int64_t most;             /* candidates of a part */
    int64_t at;               /* the next part begins with this list, */
    int32_t place;            /* and this candidate of it */
    double *rows;
    pair *pairs, *other;
    int64_t n_pairs;
    int32_t *lists;       /* of the pairs of one value */
    const double **their; /* rows of these */
    double *d2;
} block;

static int64_t
pairs_per_block(const conceptdec_i_screening *s)
{
    const int64_t dims = s->queries.view->cols,
                  pairs = BLOCK_WORK / dims < BLOCK_PAIRS ? BLOCK_WORK / dims : BLOCK_PAIRS;
    return pairs > 1 ? pairs : 1;
}

static int64_t
lists_per_block(const conceptdec_i_screening *s)
{
    const int64_t by_bytes = BLOCK_BYTES / (s->queries.view->cols * (int64_t)sizeof(double));
    const int64_t by_pairs = pairs_per_block(s) / s->k;
    int64_t lists = by_bytes < by_pairs ? by_bytes : by_pairs;
    lists = lists < MOST_LISTS ? lists : MOST_LISTS;
    return lists > 1 ? lists : 1;
}

int64_t
conceptdec_i_promises_share_tasks(const conceptdec_i_screening *s)
{
    return (s->queries.n + lists_per_block(s) - 1) / lists_per_block(s);
}

static uint64_t
look(const uint64_t *known)
{
    return __atomic_load_n(known, __ATOMIC_RELAXED);
}

static void
tell(uint64_t *known, double d2)
{
    __atomic_store_n(known, conceptdec_i_exactly(d2), __ATOMIC_RELAXED);
}

/* Whether a list has chosen a candidate of such a bound, if it has it at all and does not know its distance. */
static bool
is_within(const conceptdec_i_promises *p, int32_t list, float low)
{
    return low <= p->within[list];
}

/* Whether a list leaves a candidate that it has chosen to the list of that value. */
static bool
is_others(const conceptdec_i_promises *p, int32_t list, int32_t value, float low)
{
    return p->s->symmetric && value < list && is_within(p, value, low);
}

static int32_t
list_of(const block *b, int64_t at)
{
    return b->p->order ? b->p->order[b->first + at] : (int32_t)(b->first + at);
}

/* What a list refines itself of `count` candidates from that at `place` on; a row that is not zero is at distance 0
 * from itself. What is exact already has been told by its other list. Returns how many there are. */
static int64_t
collect(const block *b, int64_t at, int32_t place, int32_t count, pair *pairs)
{
    const conceptdec_i_screening *s = b->p->s;
    const int32_t list = list_of(b, at);
    const conceptdec_i_candidate_list *l = &s->lists[list];
    int64_t n = 0;
    for (int32_t i = place; i < place + count; i++) {
        const int32_t value = conceptdec_i_key_value(l->keys[i]);
        const uint64_t known = look(&l->known[i]);
        const float low = conceptdec_i_low_of(s, known);
        const bool is_own = s->symmetric && value == list && !(s->ref_zero && s->ref_zero[value]);
        if (is_own)
            tell(&l->known[i], 0);
        pairs[n] = (pair){.value = value, .place = i, .at = (int32_t)at, .low = low};
        n += !is_own && !conceptdec_i_is_exact(known) && !is_others(b->p, list, value, low);
    }
    return n;
}

/* By value: digit by digit, from the lowest. Returns which of both is sorted. */
static pair *
sort_by_value(pair *pairs, pair *other, int64_t n, int64_t n_values)
{
    for (int shift = 0; shift < 30 && n_values >> shift > 0; shift += DIGIT) {
        int32_t start[(1 << DIGIT) + 1] = {0};
        for (int64_t i = 0; i < n; i++)
            start[(pairs[i].value >> shift & ((1 << DIGIT) - 1)) + 1]++;
        for (int digit = 0; digit < 1 << DIGIT; digit++)
            start[digit + 1] += start[digit];
        for (int64_t i = 0; i < n; i++)
            other[start[pairs[i].value >> shift & ((1 << DIGIT) - 1)]++] = pairs[i];
        pair *sorted = other;
        other = pairs;
        pairs = sorted;
    }
    return pairs;
}

/* Whether to look for a pair in its other list. It is there for certain only where that has chosen it, too; a list that
 * is long beside a row is not worth being looked through for the rest. */
static bool
is_looked_for(const conceptdec_i_promises *p, const pair *here)
{
    const conceptdec_i_screening *s = p->s;
    if (!s->symmetric)
        return false;
    return is_within(p, here->value, here->low) ||
           (s->refs.view->cols >= LONG_ROW * s->k && (double)here->low <= conceptdec_i_screening_limit(s, here->value));
}

/* To the other list of a pair. If it refines the pair itself it tells itself the same. */
static void
tell_other(const conceptdec_i_promises *p, const pair *here, int32_t list, double d2)
{
    const conceptdec_i_screening *s = p->s;
    if (!is_looked_for(p, here))
        return;
    const conceptdec_i_candidate_list *other = &s->lists[here->value];
    const int64_t place = s->ctx->kernels->find_key(other->keys, other->count, (uint32_t)list,
                                                    (uint32_t)CONCEPTDEC_I_MOST_VALUES - 1);
    if (place >= 0)
        tell(&other->known[place], d2);
}

static void
fetch_other(const conceptdec_i_promises *p, const pair *here)
{
    if (!is_looked_for(p, here))
        return;
    const conceptdec_i_candidate_list *other = &p->s->lists[here->value];
    for (int32_t i = 0; i < other->count; i += LINE / (int32_t)sizeof *other->keys)
        __builtin_prefetch(&other->keys[i]);
}

static conceptdec_status
open_block(const conceptdec_i_promises *p, int64_t task, int lane, block *b)
{
    conceptdec_i_screening *s = p->s;
    const int64_t lists = lists_per_block(s), first = task * lists;
    *b = (block){.p = p, .first = first, .n = task_end(task, lists, s->queries.n) - first,
                 .most = 2 * pairs_per_block(s), .stride = (s->queries.view->cols + 7) / 8 * 8};
    int64_t pairs = 0;
    for (int64_t i = 0; i < b->n; i++)
        pairs += p->best[list_of(b, i)];
    pairs = pairs < b->most ? pairs : b->most;
    _Static_assert(sizeof(pair) == 2 * sizeof(double), "a pair takes the room of two doubles");
    CONCEPTDEC_I_TRY(
        conceptdec_i_screening_scratch(s, lane, "a block of lists", b->n * b->stride + 4 * pairs + 3 * b->n));
    b->rows = s->bounds[lane];
    b->pairs = (pair *)(void *)(b->rows + b->n * b->stride);
    b->other = b->pairs + pairs;
    b->d2 = (double *)(void *)(b->other + pairs);
    b->their = (const double **)(void *)(b->d2 + b->n);
    b->lists = (int32_t *)(void *)(b->their + b->n);
    return CONCEPTDEC_OK;
}

/* The pairs of the next part. */
static void
fill_part(block *b)
{
    const conceptdec_i_screening *s = b->p->s;
    int64_t room = b->most;
    for (b->n_pairs = 0; b->at < b->n && room > 0;) {
        const int32_t list = list_of(b, b->at), left = b->p->best[list] - b->place;
        const int32_t count = left < room ? left : (int32_t)room;
        const int64_t n = collect(b, b->at, b->place, count, b->pairs + b->n_pairs);
        if (n > 0)
            conceptdec_i_operand_row(s->ctx->kernels, &s->queries, list, b->rows + b->at * b->stride);
        b->n_pairs += n;
        room -= count;
        b->place = count < left ? b->place + count : 0;
        b->at += count == left;
    }
}

/* The pairs of one value, n of them from `first` on: a list has a value once. next: the value that comes next. */
static void
refine(const block *b, const pair *first, int64_t n, int32_t next, int lane)
{
    conceptdec_i_screening *s = b->p->s;
    for (int64_t i = 0; i < n; i++) {
        b->lists[i] = list_of(b, first[i].at);
        b->their[i] = b->rows + first[i].at * b->stride;
    }
    conceptdec_i_screening_meet(s, first->value, next, b->lists, b->their, (int32_t)n, b->d2, lane);
    for (int64_t i = 0; i < n; i++) {
        tell(&s->lists[b->lists[i]].known[first[i].place], b->d2[i]);
        tell_other(b->p, &first[i], b->lists[i], b->d2[i]);
    }
}

/* Value by value; the next one is asked for meanwhile. */
static void
refine_part(const block *b, int lane)
{
    const conceptdec_i_screening *s = b->p->s;
    const pair *sorted = sort_by_value(b->pairs, b->other, b->n_pairs, s->refs.n);
    for (int64_t i = 0, same; i < b->n_pairs; i += same) {
        for (same = 1; i + same < b->n_pairs && sorted[i + same].value == sorted[i].value;)
            same++;
        const pair *next = i + same < b->n_pairs ? &sorted[i + same] : &sorted[i];
        fetch_other(b->p, next);
        refine(b, sorted + i, same, next->value, lane);
    }
}

static conceptdec_status
block_task(void *argument, int64_t task, int lane)
{
    const conceptdec_i_promises *p = argument;
    const conceptdec_i_screening *s = p->s;
    block b;
    CONCEPTDEC_I_TRY(open_block(p, task, lane, &b));
    while (b.at < b.n) {
        if (b.at > 0 || b.place > 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 0));
        fill_part(&b);
        refine_part(&b, lane);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_promises_share(conceptdec_i_promises *promises)
{
    const int64_t tasks = conceptdec_i_promises_share_tasks(promises->s);
    return conceptdec_i_parallel(promises->s->ctx, tasks, block_task, promises);
}
