#include "neighbors/candidates.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "linalg/rounding.h"
#include "neighbors/known.h"

/* Ties at the k-th distance may make lists long; together they may hold this many entries beyond their first
 * storage. */
#define MOST_GROWN ((int64_t)1 << 27)
#define WAITING 4 /* times the first room of a list, at most */
#define LISTS_BYTES ((int64_t)104 << 20) /* of all lists, at most, as long as those that are full may wait */
#define PROMISED 0x1p27 /* bytes that a search takes beside the input, and as many as that has elements */
#define OTHERS 0xCp20   /* of these: scratch of a few lanes, tiles, and what the process takes with them */
#define OF_AN_ITEM 200  /* what is kept of each item besides */
#define SETTLED 12      /* of a neighbour, in a list that is settled */
#define VALUE_BITS ((uint32_t)CONCEPTDEC_I_MOST_VALUES - 1)
#define BOUNDS "bounds of candidates"

conceptdec_i_eligibility
conceptdec_i_codes_test(const conceptdec_i_codes *codes, int32_t list, int32_t value)
{
    if (!codes->any || codes->mixed[value])
        return CONCEPTDEC_I_UNIVERSAL;
    int64_t low = codes->code_start[list], high = codes->code_start[list + 1], tag = codes->tag[value];
    if (high - low == 1)
        return codes->code[low] == tag ? CONCEPTDEC_I_NEVER : CONCEPTDEC_I_UNIVERSAL;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (codes->code[middle] == tag)
            return CONCEPTDEC_I_PARTIAL;
        if (codes->code[middle] < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return CONCEPTDEC_I_UNIVERSAL;
}

int64_t
conceptdec_i_codes_rows(const conceptdec_i_codes *codes, int32_t list, int32_t value)
{
    if (!codes->any)
        return codes->count[value];
    if (codes->by_row)
        return codes->count[value] - (codes->value_class[value] == codes->list_class[list]);
    return codes->mixed[value] ? 1 : codes->count[value];
}

/* ---- lists ---- */

static void
put_limit(conceptdec_i_screening *s, int32_t list, double limit)
{
    if (s->precision == CONCEPTDEC_I_TILE_F64)
        ((double *)s->limits)[list] = limit;
    else
        ((float *)s->limits)[list] = conceptdec_i_round_up(limit);
}

double
conceptdec_i_screening_set_limit(conceptdec_i_screening *s, int32_t list, double limit)
{
    if (limit * s->slack < conceptdec_i_screening_limit(s, list))
        put_limit(s, list, limit * s->slack);
    return conceptdec_i_screening_limit(s, list);
}

void
conceptdec_i_screening_no_limit(conceptdec_i_screening *s, int32_t list)
{
    put_limit(s, list, INFINITY);
}

/* Leaves the bounds of the universal candidates, of one bound for each; returns how many there are. */
static int32_t
keep_universal(const conceptdec_i_screening *s, const conceptdec_i_candidate_list *l, float *bounds)
{
    int32_t n = 0;
    if (s->all_count)
        return l->count;
    for (int32_t i = 0; i < l->count; i++) {
        bounds[n] = bounds[i];
        n += l->known ? !(l->keys[i] & CONCEPTDEC_I_KEY_PARTIAL) : !l->items[i].partial;
    }
    return n;
}

static int32_t
lower_bounds(const conceptdec_i_screening *s, const conceptdec_i_candidate_list *l, float *bounds)
{
    for (int32_t i = 0; i < l->count; i++)
        bounds[i] = l->items[i].low;
    return keep_universal(s, l, bounds);
}

/* Upper bound less the lower one, of a pair whose bounds come from this pass; of items of one cluster. */
static inline float
width_within(const conceptdec_i_width *a, const conceptdec_i_width *b)
{
    return a->margin + b->margin + 2.00001f * (a->spread * b->whole + a->whole * b->spread);
}

/* What it is more, of items of any clusters. */
static float
width_between(const conceptdec_i_screening *s, int32_t list, int32_t value)
{
    int of_list = conceptdec_i_cluster_of(&s->queries, list), of_value = conceptdec_i_cluster_of(&s->refs, value);
    if (of_list == of_value)
        return 0;
    return s->of_lists.widths[list].cross + s->of_values.widths[value].cross +
           (float)s->wide[of_list * s->clusters->n + of_value];
}

/* The last terms cover what the lower bound was rounded down by, and all roundings here. */
static inline float
upper_bound(float low, float width)
{
    return (low + width) + (fabsf(low) + width) * 0x1p-20f + (float)(2 * CONCEPTDEC_I_LITTLE);
}

/* Widths are looked up first: the rest then is done in vectors. */
void
conceptdec_i_screening_upper_bounds(const conceptdec_i_screening *s, int32_t list, float share, float *bounds)
{
    const conceptdec_i_candidate_list *l = &s->lists[list];
    const conceptdec_i_candidate *items = l->items;
    const conceptdec_i_width own = s->of_lists.widths[list], *others = s->of_values.widths;
    const int32_t n = l->count;
    for (int32_t i = 0; i < n; i++)
        bounds[i] = width_within(&own, &others[items[i].value]);
    for (int32_t i = 0; s->clusters->n > 1 && i < n; i++)
        bounds[i] += width_between(s, list, (int32_t)items[i].value);
    for (int32_t i = 0; i < n; i++)
        bounds[i] = upper_bound(items[i].low, items[i].exact ? 0 : share * bounds[i]);
}

/* The same once the list has what is known of them. */
static void
upper_bounds_known(const conceptdec_i_screening *s, const conceptdec_i_candidate_list *l, float *bounds)
{
    for (int32_t i = 0; i < l->count; i++) {
        const uint64_t known = l->known[i];
        const float exact = upper_bound(conceptdec_i_low_of(s, known), 0);
        bounds[i] = conceptdec_i_is_exact(known) ? exact : conceptdec_i_high_of(known);
    }
}

conceptdec_status
conceptdec_i_screening_scratch(conceptdec_i_screening *s, int lane, const char *what, int64_t count)
{
    if (count <= s->bounds_capacity[lane])
        return CONCEPTDEC_OK;
    void *bounds;
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, what, count, sizeof(double), &bounds));
    conceptdec_i_give(s->ctx, s->bounds[lane]);
    s->bounds[lane] = bounds;
    s->bounds_capacity[lane] = count;
    return CONCEPTDEC_OK;
}

double
conceptdec_i_screening_reach(conceptdec_i_screening *s, int32_t list, int lane)
{
    float *bounds = (float *)(void *)s->bounds[lane];
    if (s->lists[list].known)
        upper_bounds_known(s, &s->lists[list], bounds);
    else
        conceptdec_i_screening_upper_bounds(s, list, s->likely, bounds);
    const int32_t universal = keep_universal(s, &s->lists[list], bounds);
    if (universal < s->k)
        return INFINITY;
    return conceptdec_i_screening_set_limit(s, list, (double)s->ctx->kernels->kth_f32(bounds, universal, s->k));
}

static void
cut(conceptdec_i_candidate_list *l, double limit)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < l->count; i++) {
        const conceptdec_i_candidate c = l->items[i];
        l->items[kept] = c;
        kept += (double)c.low <= limit;
    }
    l->count = kept;
}

conceptdec_status
conceptdec_i_screening_tighten(conceptdec_i_screening *s, int32_t list, int lane)
{
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, BOUNDS, s->lists[list].capacity));
    double limit = conceptdec_i_screening_reach(s, list, lane);
    if (limit < INFINITY)
        cut(&s->lists[list], limit);
    return CONCEPTDEC_OK;
}

/* With one width for all candidates, which need not be looked up: for lists that are not full yet. */
static conceptdec_status
tighten_roughly(conceptdec_i_screening *s, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, BOUNDS, l->capacity));
    float *bounds = (float *)(void *)s->bounds[lane];
    const conceptdec_i_width *own = &s->of_lists.widths[list], *other = &s->of_values.widest;
    const int32_t universal = lower_bounds(s, l, bounds);
    if (universal < s->k)
        return CONCEPTDEC_OK;
    double limit = (double)s->ctx->kernels->kth_f32(bounds, universal, s->k), width = (double)width_within(own, other);
    if (s->clusters->n > 1)
        width += (double)own->cross + (double)other->cross + s->widest;
    width *= (double)s->likely;
    limit += width + (fabs(limit) + width) * 0x1p-20 + 2 * CONCEPTDEC_I_LITTLE;
    cut(l, conceptdec_i_screening_set_limit(s, list, limit));
    return CONCEPTDEC_OK;
}

double
conceptdec_i_screening_promise(conceptdec_i_screening *s, int32_t list, int64_t n, int lane)
{
    float *bounds = (float *)(void *)s->bounds[lane];
    int32_t universal = lower_bounds(s, &s->lists[list], bounds);
    return universal > n ? (double)s->ctx->kernels->kth_f32(bounds, universal, n) : INFINITY;
}

double
conceptdec_i_screening_nearest(const conceptdec_i_screening *s, int32_t list, const float *high, float share, int64_t n,
                               float *scratch)
{
    const conceptdec_i_candidate_list *l = &s->lists[list];
    for (int32_t i = 0; i < l->count; i++) {
        const float low = l->items[i].low, between = low + share * (high[i] - low);
        scratch[i] = share < 1 && !l->items[i].exact ? between : high[i];
    }
    const int32_t universal = keep_universal(s, l, scratch);
    return universal < n ? INFINITY : (double)s->ctx->kernels->kth_f32(scratch, universal, n);
}

conceptdec_status
conceptdec_i_screening_resize(conceptdec_i_screening *s, int32_t list, int64_t capacity)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    void *items;
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, "tied neighbours", capacity, sizeof *l->items, &items));
    memcpy(items, l->items, (size_t)l->count * sizeof *l->items);
    if (l->capacity > s->capacity)
        conceptdec_i_give(s->ctx, l->items);
    l->items = items;
    l->capacity = (int32_t)capacity;
    return CONCEPTDEC_OK;
}

/* Bytes that a search has for lists and what is made of them. */
static double
promised(const conceptdec_i_screening *s)
{
    const double items = (double)(s->symmetric ? s->refs.n : s->queries.n + s->refs.n);
    return PROMISED - OTHERS + items * (double)(s->refs.view->cols - OF_AN_ITEM);
}

static int64_t
bytes_of_lists(const conceptdec_i_screening *s)
{
    const long long grown = atomic_load_explicit(&s->n_grown, memory_order_relaxed);
    return (grown + s->queries.n * s->capacity) * (int64_t)sizeof *s->pool;
}

/* What packed rows take while tiles come. Quantised ones, of a byte an element, have room of their own. */
static double
bytes_of_tiles(const conceptdec_i_screening *s)
{
    const int64_t n_refs = s->symmetric ? 0 : s->refs.n;
    if (s->precision == CONCEPTDEC_I_TILE_I8)
        return 0;
    return (double)conceptdec_i_tiles_bytes(s->ctx, s->queries.n, n_refs, s->refs.view->cols, s->precision);
}

int64_t
conceptdec_i_screening_room(const conceptdec_i_screening *s)
{
    const double settled = (double)s->queries.n * (double)s->k * SETTLED;
    const double room = promised(s) - fmax(settled, bytes_of_tiles(s));
    return room < (double)LISTS_BYTES ? (int64_t)fmax(room, 0) : LISTS_BYTES;
}

bool
conceptdec_i_screening_is_narrow(const conceptdec_i_screening *s)
{
    const double table = (double)s->queries.n * (double)s->k * sizeof(conceptdec_i_entry);
    return (double)bytes_of_lists(s) + table > promised(s);
}

/* Doubles the room of a list. */
static conceptdec_status
grow(conceptdec_i_screening *s, int32_t list)
{
    int64_t capacity = 2 * (int64_t)s->lists[list].capacity;
    if (atomic_fetch_add(&s->n_grown, capacity) > MOST_GROWN || capacity > INT32_MAX / 2)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ENOMEM,
                                 "x: too many rows tie at the last distance (more than 134217728 in all)");
    return conceptdec_i_screening_resize(s, list, capacity);
}

/* Far rows that bounds cannot tell apart are ruled out by near ones, if only these come before they are refined: some
 * lists may wait for that. */
static bool
may_wait(const conceptdec_i_screening *s, const conceptdec_i_candidate_list *l)
{
    return l->capacity < WAITING * s->capacity && bytes_of_lists(s) < conceptdec_i_screening_room(s);
}

static conceptdec_status
make_room_or_fail(conceptdec_i_screening *s, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    int32_t enough = l->capacity - l->capacity / 4;
    if (l->capacity < s->capacity) {
        CONCEPTDEC_I_TRY(tighten_roughly(s, list, lane));
        l->capacity = s->capacity - l->count < s->step ? s->capacity : l->count + s->step;
        return CONCEPTDEC_OK;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    if (l->count > enough && may_wait(s, l))
        return grow(s, list);
    for (int whole = 0; whole < 2 && l->count > enough; whole++) {
        double limit = whole ? INFINITY : conceptdec_i_screening_promise(s, list, s->k, lane);
        CONCEPTDEC_I_TRY(conceptdec_i_screening_refine(s, list, limit, lane));
        CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    }
    if (s->refine_budget && atomic_load_explicit(&s->n_refined, memory_order_relaxed) > s->refine_budget)
        return CONCEPTDEC_I_TOO_LOOSE;
    return l->count <= enough ? CONCEPTDEC_OK : grow(s, list);
}

conceptdec_status
conceptdec_i_screening_make_room(conceptdec_i_screening *s, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    const conceptdec_status status = make_room_or_fail(s, list, lane);
    if (status != CONCEPTDEC_OK && l->count >= l->capacity)
        l->count = l->capacity - 1; /* nothing of this search is used, but other lanes go on until their tiles end */
    return status;
}

static conceptdec_status
append(conceptdec_i_screening *s, int32_t list, conceptdec_i_candidate candidate, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    l->items[l->count++] = candidate;
    return l->count < l->capacity ? CONCEPTDEC_OK : conceptdec_i_screening_make_room(s, list, lane);
}

static conceptdec_i_eligibility
eligibility_of(const conceptdec_i_screening *s, int32_t list, int32_t value)
{
    return conceptdec_i_codes_test(s->codes, conceptdec_i_list_id(s, list), conceptdec_i_value_id(s, value));
}

conceptdec_status
conceptdec_i_screening_push_eligible(conceptdec_i_screening *s, int32_t list, int32_t value, float low, int lane)
{
    conceptdec_i_eligibility eligibility = eligibility_of(s, list, value);
    if (eligibility == CONCEPTDEC_I_NEVER)
        return CONCEPTDEC_OK;
    return append(s, list, (conceptdec_i_candidate){.low = low, .value = (uint32_t)value & VALUE_BITS,
                                                    .partial = eligibility == CONCEPTDEC_I_PARTIAL}, lane);
}

conceptdec_status
conceptdec_i_screening_push_exact(conceptdec_i_screening *s, int32_t list, int32_t value, double d2)
{
    conceptdec_i_eligibility eligibility = eligibility_of(s, list, value);
    if (eligibility == CONCEPTDEC_I_NEVER)
        return CONCEPTDEC_OK;
    return append(s, list, (conceptdec_i_candidate){.low = conceptdec_i_float_below(d2 * s->to_units), .exact = 1,
                                                    .value = (uint32_t)value & VALUE_BITS,
                                                    .partial = eligibility == CONCEPTDEC_I_PARTIAL}, 0);
}
