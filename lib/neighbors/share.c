/* Exact distances of what lists have chosen. Lists that stand close together form a block: a value that several of them
 * hold is fetched and widened once and meets all their rows, which stay in the second-level cache.
 *
 * In a symmetric pass a pair that two lists have is refined once for both: where both have chosen it, by the list of
 * the smaller number. An entry then has one writer: its own list if that has chosen it and does not leave it to the
 * other one [is_others], else the other list. */
#include <string.h>

#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "neighbors/finish.h"

#define BLOCK_BYTES ((int64_t)1 << 20) /* of the rows of a block, as doubles */
#define BLOCK_PAIRS ((int64_t)1 << 14) /* about as many, at most */
#define BLOCK_WORK ((int64_t)1 << 24)  /* elements of their rows, so that a task is short */
#define MOST_LISTS 128
#define LONG_ROW 16 /* dimensions for each neighbour */
#define DIGIT 11 /* bits that one turn of sorting looks at */

typedef struct pair {
    int32_t value, list, place;
    int32_t at; /* the list's place in the block */
} pair;

/* A block in work, in the scratch of a lane. */
typedef struct block {
    const conceptdec_i_promises *p;
    int64_t first, n, stride; /* lists, and doubles from row to row */
    double *rows;
    pair *pairs, *sorted;
    int64_t n_pairs;
    int32_t *lists;       /* of the pairs of one value */
    const double **their; /* rows of these */
    double *d2;
} block;

static int64_t
lists_per_block(const conceptdec_i_screening *s)
{
    const int64_t dims = s->queries.view->cols;
    const int64_t pairs = BLOCK_WORK / dims < BLOCK_PAIRS ? BLOCK_WORK / dims : BLOCK_PAIRS;
    const int64_t by_bytes = BLOCK_BYTES / (dims * (int64_t)sizeof(double)), by_pairs = pairs / s->k;
    int64_t lists = by_bytes < by_pairs ? by_bytes : by_pairs;
    lists = lists < MOST_LISTS ? lists : MOST_LISTS;
    return lists > 1 ? lists : 1;
}

int64_t
conceptdec_i_promises_share_tasks(const conceptdec_i_screening *s)
{
    return (s->queries.n + lists_per_block(s) - 1) / lists_per_block(s);
}

/* Whether a list has chosen a candidate of such a bound, if it has it at all and does not know its distance. */
static bool
is_within(const conceptdec_i_promises *p, int32_t list, float low)
{
    return low <= p->within[list];
}

/* Whether a list leaves a candidate that it has chosen to the list of that value. */
static bool
is_others(const conceptdec_i_promises *p, int32_t list, const conceptdec_i_candidate *c)
{
    return p->s->symmetric && (int32_t)c->value < list && is_within(p, (int32_t)c->value, c->low);
}

/* The place in a list of `value`; -1 where there is none. A candidate's value is in the low bits of its second word. */
static int64_t
find(const conceptdec_i_promises *p, int32_t list, int32_t value)
{
    _Static_assert(sizeof(conceptdec_i_candidate) == 2 * sizeof(uint32_t), "a candidate is a pair of words");
    const conceptdec_i_candidate_list *l = &p->s->lists[list];
    return p->s->ctx->kernels->find_key(l->items, l->count, (uint32_t)value, (uint32_t)CONCEPTDEC_I_MOST_VALUES - 1);
}

/* The pairs of one list that it refines itself; a row that is not zero is at distance 0 from itself. */
static int64_t
collect(const conceptdec_i_promises *p, int32_t list, int32_t at, pair *pairs)
{
    const conceptdec_i_candidate_list *l = &p->s->lists[list];
    int64_t n = 0;
    for (int32_t i = 0; i < p->best[list]; i++) {
        const int32_t value = (int32_t)l->items[i].value;
        const bool is_own = p->s->symmetric && value == list && !(p->s->ref_zero && p->s->ref_zero[value]);
        if (is_own)
            l->d2[i] = 0;
        pairs[n] = (pair){.value = value, .list = list, .place = i, .at = at};
        n += !is_own && !is_others(p, list, &l->items[i]);
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
    const float low = s->lists[here->list].items[here->place].low;
    if (!s->symmetric)
        return false;
    return is_within(p, here->value, low) ||
           (s->refs.view->cols >= LONG_ROW * s->k && (double)low <= conceptdec_i_screening_limit(s, here->value));
}

/* To the other list of a pair, unless it refines the pair itself. */
static void
tell_other(const conceptdec_i_promises *p, const pair *here, double d2)
{
    if (!is_looked_for(p, here))
        return;
    const conceptdec_i_candidate_list *other = &p->s->lists[here->value];
    const int64_t place = find(p, here->value, here->list);
    if (place >= 0 && (place >= p->best[here->value] || is_others(p, here->value, &other->items[place])))
        other->d2[place] = d2;
}

static void
fetch_other(const conceptdec_i_promises *p, const pair *here)
{
    if (!is_looked_for(p, here))
        return;
    const conceptdec_i_candidate_list *other = &p->s->lists[here->value];
    for (int32_t i = 0; i < other->count; i += 8)
        __builtin_prefetch(&other->items[i]);
}

static int32_t
list_of(const block *b, int64_t at)
{
    return b->p->order ? b->p->order[b->first + at] : (int32_t)(b->first + at);
}

static conceptdec_status
open_block(const conceptdec_i_promises *p, int64_t task, int lane, block *b)
{
    conceptdec_i_screening *s = p->s;
    const int64_t most = lists_per_block(s), first = task * most, left = s->queries.n - first;
    *b = (block){.p = p, .first = first, .n = left < most ? left : most, .stride = (s->queries.view->cols + 7) / 8 * 8};
    int64_t pairs = 0;
    for (int64_t i = 0; i < b->n; i++)
        pairs += p->best[list_of(b, i)];
    _Static_assert(sizeof(pair) == 2 * sizeof(double), "a pair takes the room of two doubles");
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, b->n * b->stride + 4 * pairs + 3 * b->n));
    b->rows = s->bounds[lane];
    b->pairs = (pair *)(void *)(b->rows + b->n * b->stride);
    b->sorted = b->pairs + pairs;
    b->d2 = (double *)(void *)(b->sorted + pairs);
    b->their = (const double **)(void *)(b->d2 + b->n);
    b->lists = (int32_t *)(void *)(b->their + b->n);
    return CONCEPTDEC_OK;
}

static void
fill_block(block *b)
{
    const conceptdec_i_screening *s = b->p->s;
    for (int64_t i = 0; i < b->n; i++) {
        const int64_t n = collect(b->p, list_of(b, i), (int32_t)i, b->pairs + b->n_pairs);
        if (n > 0)
            conceptdec_i_operand_row(s->ctx->kernels, &s->queries, list_of(b, i), b->rows + i * b->stride);
        b->n_pairs += n;
    }
    b->sorted = sort_by_value(b->pairs, b->sorted, b->n_pairs, s->refs.n);
}

/* The pairs of one value, n of them from `first` on: a list has a value once. */
static void
refine(const block *b, const pair *first, int64_t n, double *row)
{
    conceptdec_i_screening *s = b->p->s;
    conceptdec_i_operand_row(s->ctx->kernels, &s->refs, first->value, row);
    for (int64_t i = 0; i < n; i++) {
        b->lists[i] = first[i].list;
        b->their[i] = b->rows + first[i].at * b->stride;
    }
    conceptdec_i_screening_widened(s, first->value, row, b->lists, b->their, (int32_t)n, b->d2);
    for (int64_t i = 0; i < n; i++) {
        s->lists[first[i].list].d2[first[i].place] = b->d2[i];
        tell_other(b->p, &first[i], b->d2[i]);
    }
}

static conceptdec_status
block_task(void *argument, int64_t task, int lane)
{
    const conceptdec_i_promises *p = argument;
    const conceptdec_i_screening *s = p->s;
    block b;
    CONCEPTDEC_I_TRY(open_block(p, task, lane, &b));
    fill_block(&b);
    for (int64_t i = 0, same; i < b.n_pairs; i += same) {
        for (same = 1; i + same < b.n_pairs && b.sorted[i + same].value == b.sorted[i].value;)
            same++;
        if (i + same < b.n_pairs) {
            conceptdec_i_distances_ask(&s->refs, b.sorted[i + same].value);
            fetch_other(p, &b.sorted[i + same]);
        }
        refine(&b, b.sorted + i, same, s->rows + 2 * lane * s->refs.view->cols);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_promises_share(conceptdec_i_promises *promises)
{
    const int64_t tasks = conceptdec_i_promises_share_tasks(promises->s);
    return conceptdec_i_parallel(promises->s->ctx, tasks, block_task, promises);
}
