#include "neighbors/candidates.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

/* Ties at the k-th distance may make lists long; together they may hold this many entries beyond their first storage. */
#define MOST_GROWN ((int64_t)1 << 27)
#define VALUE_BITS ((uint32_t)CONCEPTDEC_I_MOST_VALUES - 1)

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

/* ---- exact distances ---- */

static bool
is_zero(const uint8_t *zero, int32_t item)
{
    return zero && zero[item];
}

static double
squared_distance(const conceptdec_i_screening *s, const double *query, int32_t value, double *buffer)
{
    const conceptdec_matrix *view = s->refs.view;
    const conceptdec_i_kernels *kernels = s->ctx->kernels;
    int64_t row = s->refs.row ? s->refs.row[value] : value, n = view->cols;
    double factor = s->refs.factor ? s->refs.factor[value] : 1.0;
    const void *data = conceptdec_i_at(view, row, 0);
    if (!conceptdec_i_view_is_dense_rows(view)) {
        conceptdec_i_view_widen(kernels, view, row, 0, n, buffer);
        return kernels->distance_f64(query, buffer, factor, n);
    }
    switch (view->dtype) {
    case CONCEPTDEC_FLOAT64:
        return kernels->distance_f64(query, data, factor, n);
    case CONCEPTDEC_FLOAT32:
        return kernels->distance_f32(query, data, factor, n);
    case CONCEPTDEC_FLOAT16:
        return kernels->distance_f16(query, data, factor, n);
    default:
        return kernels->distance_bf16(query, data, factor, n);
    }
}

/* Starts to load the row that is looked at next: rows lie anywhere, and memory takes longer than the arithmetic. */
void
conceptdec_i_screening_fetch(const conceptdec_i_screening *s, int32_t value)
{
    const conceptdec_i_operand *refs = &s->refs;
    const conceptdec_matrix *view = refs->view;
    if (!conceptdec_i_view_is_dense_rows(view))
        return;
    const char *row = conceptdec_i_at(view, refs->row ? refs->row[value] : value, 0);
    int64_t bytes = view->cols * view->col_stride < 8192 ? view->cols * view->col_stride : 8192;
    for (int64_t i = 0; i < bytes; i += 64)
        __builtin_prefetch(row + i);
}

double
conceptdec_i_screening_distance(const conceptdec_i_screening *s, const double *query, int32_t list, int32_t value,
                                double *buffer)
{
    double d2 = squared_distance(s, query, value, buffer);
    if (s->metric != CONCEPTDEC_METRIC_COSINE)
        return d2;
    return is_zero(s->query_zero, list) || is_zero(s->ref_zero, value) ? 1.0 : 0.5 * d2;
}

/* The next candidate from i on that is not exact and whose lower bound is within the limit; the count where there is none. */
static int32_t
next_open(const conceptdec_i_candidate_list *l, int32_t i, double limit)
{
    while (i < l->count && (l->items[i].exact || (double)l->items[i].low > limit))
        i++;
    return i;
}

void
conceptdec_i_screening_refine(conceptdec_i_screening *s, int32_t list, double limit, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    double *query = s->rows + 2 * lane * s->refs.view->cols;
    long long refined = 0;
    int32_t next = next_open(l, 0, limit);
    if (next < l->count)
        conceptdec_i_operand_row(s->ctx->kernels, &s->queries, list, query);
    for (int32_t i; (i = next) < l->count; refined++) {
        conceptdec_i_candidate *c = &l->items[i];
        next = next_open(l, i + 1, limit);
        if (next < l->count)
            conceptdec_i_screening_fetch(s, (int32_t)l->items[next].value);
        double d2 = conceptdec_i_screening_distance(s, query, list, (int32_t)c->value, query + s->refs.view->cols);
        c->low = conceptdec_i_float_below(d2 * s->to_units);
        c->exact = 1;
        if (l->d2)
            l->d2[i] = d2;
    }
    atomic_fetch_add_explicit(&s->n_refined, refined, memory_order_relaxed);
}

/* ---- lists ---- */

double
conceptdec_i_screening_set_limit(conceptdec_i_screening *s, int32_t list, double limit)
{
    limit *= s->slack;
    if (s->precision == CONCEPTDEC_I_TILE_F64) {
        ((double *)s->limits)[list] = limit;
        return limit;
    }
    float rounded = (float)limit;
    ((float *)s->limits)[list] = (double)rounded < limit ? nextafterf(rounded, INFINITY) : rounded;
    return limit;
}

/* Bounds of the universal candidates; returns how many there are. */
static int32_t
bounds_of(const conceptdec_i_screening *s, int32_t list, bool upper, double *bounds)
{
    const conceptdec_i_candidate_list *l = &s->lists[list];
    int32_t n = 0;
    for (int32_t i = 0; i < l->count; i++) {
        bounds[n] = upper ? conceptdec_i_screening_high(s, list, &l->items[i]) : (double)l->items[i].low;
        n += !l->items[i].partial;
    }
    return n;
}

conceptdec_status
conceptdec_i_screening_scratch(conceptdec_i_screening *s, int lane, int64_t count)
{
    if (count <= s->bounds_capacity[lane])
        return CONCEPTDEC_OK;
    void *bounds;
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, "tied neighbours", count, sizeof(double), &bounds));
    conceptdec_i_give(s->ctx, s->bounds[lane]);
    s->bounds[lane] = bounds;
    s->bounds_capacity[lane] = count;
    return CONCEPTDEC_OK;
}

double
conceptdec_i_screening_reach(conceptdec_i_screening *s, int32_t list, int lane)
{
    int32_t universal = bounds_of(s, list, true, s->bounds[lane]);
    if (universal < s->k)
        return INFINITY;
    return conceptdec_i_screening_set_limit(s, list, s->ctx->kernels->kth_f64(s->bounds[lane], universal, s->k));
}

conceptdec_status
conceptdec_i_screening_tighten(conceptdec_i_screening *s, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, l->capacity));
    double limit = conceptdec_i_screening_reach(s, list, lane);
    int32_t kept = 0;
    if (limit == INFINITY)
        return CONCEPTDEC_OK;
    for (int32_t i = 0; i < l->count; i++) {
        l->items[kept] = l->items[i];
        kept += (double)l->items[kept].low <= limit;
    }
    l->count = kept;
    return CONCEPTDEC_OK;
}

double
conceptdec_i_screening_promise(conceptdec_i_screening *s, int32_t list, int lane)
{
    int32_t universal = bounds_of(s, list, false, s->bounds[lane]);
    return universal > s->k ? s->ctx->kernels->kth_f64(s->bounds[lane], universal, s->k) : INFINITY;
}

conceptdec_status
conceptdec_i_screening_grow(conceptdec_i_screening *s, int32_t list)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    int64_t capacity = 2 * (int64_t)l->capacity;
    if (atomic_fetch_add(&s->n_grown, capacity) > MOST_GROWN || capacity > INT32_MAX)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ENOMEM,
                                 "x: too many rows tie at the last distance (more than 134217728 in all)");
    void *items;
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, "tied neighbours", capacity, sizeof *l->items, &items));
    memcpy(items, l->items, (size_t)l->count * sizeof *l->items);
    if (l->capacity > s->capacity)
        conceptdec_i_give(s->ctx, l->items);
    l->items = items;
    l->capacity = (int32_t)capacity;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_screening_make_room(conceptdec_i_screening *s, int32_t list, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    int32_t enough = l->capacity - l->capacity / 4;
    CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    for (int whole = 0; whole < 2 && l->count > enough; whole++) {
        double limit = whole ? INFINITY : conceptdec_i_screening_promise(s, list, lane);
        conceptdec_i_screening_refine(s, list, limit, lane);
        CONCEPTDEC_I_TRY(conceptdec_i_screening_tighten(s, list, lane));
    }
    if (s->refine_budget && atomic_load_explicit(&s->n_refined, memory_order_relaxed) > s->refine_budget)
        return CONCEPTDEC_I_TOO_LOOSE;
    return l->count <= enough ? CONCEPTDEC_OK : conceptdec_i_screening_grow(s, list);
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
conceptdec_i_screening_push(conceptdec_i_screening *s, int32_t list, int32_t value, float low, int lane)
{
    conceptdec_i_eligibility eligibility = s->all_count ? CONCEPTDEC_I_UNIVERSAL : eligibility_of(s, list, value);
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
