/* Exact distances of candidates. */
#include "linalg/distances.h"
#include "neighbors/candidates.h"

#define WORK ((int64_t)1 << 24) /* elements of rows between two looks at the cancel flag */

static bool
is_zero(const uint8_t *zero, int32_t item)
{
    return zero && zero[item];
}

/* Half the squared distance of normalised rows is 1 - cos. */
static double
in_metric(const conceptdec_i_screening *s, int32_t list, int32_t value, double d2)
{
    if (s->metric != CONCEPTDEC_METRIC_COSINE)
        return d2;
    return is_zero(s->query_zero, list) || is_zero(s->ref_zero, value) ? 1.0 : 0.5 * d2;
}

conceptdec_status
conceptdec_i_screening_distances(conceptdec_i_screening *s, int32_t list, const int32_t *values, int32_t n, double *d2,
                                 int lane)
{
    const int64_t dims = s->refs.view->cols, at_once = WORK / dims > 1 ? WORK / dims : 1;
    double *query = s->rows + 2 * lane * dims;
    if (n == 0)
        return CONCEPTDEC_OK;
    conceptdec_i_operand_row(s->ctx->kernels, &s->queries, list, query);
    for (int64_t i = 0; i < n; i += at_once) {
        const int32_t count = (int32_t)(n - i < at_once ? n - i : at_once);
        if (i > 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 0));
        conceptdec_i_distances(s->ctx->kernels, &s->refs, query, values + i, count, query + dims, d2 + i);
    }
    for (int32_t i = 0; i < n; i++)
        d2[i] = in_metric(s, list, values[i], d2[i]);
    atomic_fetch_add_explicit(&s->n_refined, n, memory_order_relaxed);
    return CONCEPTDEC_OK;
}

void
conceptdec_i_screening_meet(conceptdec_i_screening *s, int32_t value, int32_t next, const int32_t *lists,
                            const double *const *rows, int32_t n, double *d2, int lane)
{
    double *buffer = s->rows + 2 * lane * s->refs.view->cols;
    conceptdec_i_distances_meet(s->ctx->kernels, &s->refs, value, next, rows, n, buffer, d2);
    for (int32_t i = 0; i < n; i++)
        d2[i] = in_metric(s, lists[i], value, d2[i]);
    atomic_fetch_add_explicit(&s->n_refined, n, memory_order_relaxed);
}

conceptdec_status
conceptdec_i_screening_refine(conceptdec_i_screening *s, int32_t list, double limit, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, "distances of candidates", 2 * (int64_t)l->count));
    double *d2 = s->bounds[lane];
    int32_t *values = (int32_t *)(void *)(d2 + l->count), n = 0;
    for (int32_t i = 0; i < l->count; i++) {
        const conceptdec_i_candidate *c = &l->items[i];
        values[n] = (int32_t)c->value;
        n += !c->exact && (double)c->low <= limit;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_screening_distances(s, list, values, n, d2, lane));
    for (int32_t i = 0, next = 0; next < n; i++) {
        conceptdec_i_candidate *c = &l->items[i];
        if ((int32_t)c->value != values[next] || c->exact)
            continue;
        c->low = conceptdec_i_float_below(d2[next++] * s->to_units);
        c->exact = 1;
    }
    return CONCEPTDEC_OK;
}
