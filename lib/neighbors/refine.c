/* Exact distances of candidates. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "neighbors/candidates.h"

#define FETCHED 8192 /* bytes of a row that are asked for ahead */

static const void *
row_of(const conceptdec_i_screening *s, int32_t value)
{
    return conceptdec_i_at(s->refs.view, s->refs.row ? s->refs.row[value] : value, 0);
}

static double
factor_of(const conceptdec_i_screening *s, int32_t value)
{
    return s->refs.factor ? s->refs.factor[value] : 1.0;
}

/* Any layout, one row at a time. */
static void
distances_by_row(const conceptdec_i_screening *s, const double *query, const int32_t *values, int32_t n, double *buffer,
                 double *d2)
{
    const conceptdec_matrix *view = s->refs.view;
    for (int32_t i = 0; i < n; i++) {
        int64_t row = s->refs.row ? s->refs.row[values[i]] : values[i];
        conceptdec_i_view_widen(s->ctx->kernels, view, row, 0, view->cols, buffer);
        d2[i] = s->ctx->kernels->distance_f64(query, buffer, factor_of(s, values[i]), view->cols);
    }
}

/* Starts to load a row that is looked at next: rows lie anywhere, and memory takes longer than the arithmetic. */
static void
fetch(const conceptdec_i_screening *s, int32_t value)
{
    const char *row = row_of(s, value);
    int64_t bytes = s->refs.view->cols * s->refs.view->col_stride;
    for (int64_t i = 0; i < bytes && i < FETCHED; i += 64)
        __builtin_prefetch(row + i);
}

/* Dense rows, several abreast; where there are fewer left, the first stands in. */
static void
distances_abreast(const conceptdec_i_screening *s, const double *query, const int32_t *values, int32_t n, double *d2)
{
    const conceptdec_i_kernels *k = s->ctx->kernels;
    void (*const kernels[])(const double *, const void *const *, const double *, int64_t, double *) = {
        k->distances_f64, k->distances_f32, k->distances_f16, k->distances_bf16};
    const void *rows[CONCEPTDEC_I_ABREAST];
    double factors[CONCEPTDEC_I_ABREAST], out[CONCEPTDEC_I_ABREAST];
    for (int32_t i = 0; i < n; i += CONCEPTDEC_I_ABREAST) {
        for (int32_t r = 0; r < CONCEPTDEC_I_ABREAST; r++) {
            int32_t value = i + r < n ? values[i + r] : values[i];
            rows[r] = row_of(s, value);
            factors[r] = factor_of(s, value);
            if (i + r + CONCEPTDEC_I_ABREAST < n)
                fetch(s, values[i + r + CONCEPTDEC_I_ABREAST]);
        }
        kernels[s->refs.view->dtype - CONCEPTDEC_FLOAT64](query, rows, factors, s->refs.view->cols, out);
        memcpy(d2 + i, out, (size_t)(n - i < CONCEPTDEC_I_ABREAST ? n - i : CONCEPTDEC_I_ABREAST) * sizeof *out);
    }
}

static bool
is_zero(const uint8_t *zero, int32_t item)
{
    return zero && zero[item];
}

void
conceptdec_i_screening_distances(conceptdec_i_screening *s, int32_t list, const int32_t *values, int32_t n, double *d2,
                                 int lane)
{
    double *query = s->rows + 2 * lane * s->refs.view->cols;
    if (n == 0)
        return;
    conceptdec_i_operand_row(s->ctx->kernels, &s->queries, list, query);
    if (conceptdec_i_view_is_dense_rows(s->refs.view))
        distances_abreast(s, query, values, n, d2);
    else
        distances_by_row(s, query, values, n, query + s->refs.view->cols, d2);
    for (int32_t i = 0; s->metric == CONCEPTDEC_METRIC_COSINE && i < n; i++)
        d2[i] = is_zero(s->query_zero, list) || is_zero(s->ref_zero, values[i]) ? 1.0 : 0.5 * d2[i];
    atomic_fetch_add_explicit(&s->n_refined, n, memory_order_relaxed);
}

conceptdec_status
conceptdec_i_screening_refine(conceptdec_i_screening *s, int32_t list, double limit, int lane)
{
    conceptdec_i_candidate_list *l = &s->lists[list];
    CONCEPTDEC_I_TRY(conceptdec_i_screening_scratch(s, lane, 2 * (int64_t)l->count));
    double *d2 = s->bounds[lane];
    int32_t *values = (int32_t *)(void *)(d2 + l->count), n = 0;
    for (int32_t i = 0; i < l->count; i++) {
        const conceptdec_i_candidate *c = &l->items[i];
        values[n] = (int32_t)c->value;
        n += !c->exact && (double)c->low <= limit;
    }
    conceptdec_i_screening_distances(s, list, values, n, d2, lane);
    for (int32_t i = 0, next = 0; next < n; i++) {
        conceptdec_i_candidate *c = &l->items[i];
        if ((int32_t)c->value != values[next] || c->exact)
            continue;
        if (l->d2)
            l->d2[i] = d2[next];
        c->low = conceptdec_i_float_below(d2[next++] * s->to_units);
        c->exact = 1;
    }
    return CONCEPTDEC_OK;
}
