/* Rows that are pushed: nothing here takes memory or a lock. A row is copied to a free slot while it is looked at; when
 * no slot is left the class that most rows wait of joins its moments, so that these are fetched once for as many rows
 * as can be. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "accumulator/accumulator.h"

/* ---- moments ---- */

void
conceptdec_i_join_waiting(const conceptdec_accumulator *a, const conceptdec_i_layer *l, int64_t class,
                          const char **batch, conceptdec_i_tally *t)
{
    char *pilot = t->pilot + class * l->stride;
    int64_t count = 0;
    for (int64_t slot = l->first[class]; slot >= 0; slot = l->next[slot])
        batch[count++] = l->buffer + slot * l->stride;
    if (count == 0)
        return;
    if (t->n[class] == 0)
        memcpy(pilot, batch[0], (size_t)l->stride);
    a->join(batch, count, t->n[class], pilot, t->mean + class * l->pitch, t->square + class * l->pitch, l->pitch);
    t->n[class] += count;
}

static void
make_room(const conceptdec_accumulator *a, conceptdec_i_layer *l)
{
    int64_t class = 0;
    for (int64_t c = 1; c < a->classes; c++)
        if (l->waiting[c] > l->waiting[class])
            class = c;
    conceptdec_i_join_waiting(a, l, class, l->batch, &l->tally);
    l->free = l->first[class]; /* nothing else is free */
    l->first[class] = -1;
    l->waiting[class] = 0;
}

static void
keep_waiting(const conceptdec_accumulator *a, conceptdec_i_layer *l, int64_t class)
{
    const int64_t slot = l->free;
    l->free = l->next[slot];
    l->next[slot] = l->first[class];
    l->first[class] = slot;
    l->waiting[class]++;
    if (l->free < 0)
        make_room(a, l);
}

static conceptdec_status
add_products(conceptdec_accumulator *a, conceptdec_i_layer *l, int64_t class, const char *row)
{
    const bool are_apart = a->options.moments == CONCEPTDEC_ACCUMULATE_SCATTERS;
    conceptdec_i_sums *s = &l->sums[are_apart ? class : 0];
    a->widen(row, s->rows + s->waiting * s->d, s->d);
    s->label[s->waiting++] = are_apart ? 0 : class;
    return s->waiting == s->chunk ? conceptdec_i_sums_flush(&a->own, s) : CONCEPTDEC_OK;
}

/* ---- one row ---- */

static conceptdec_status
refuse(conceptdec_accumulator *a, int64_t layer, const char *row)
{
    int64_t j = 0;
    double value;
    for (;; j++) {
        a->widen(row + j * a->size, &value, 1);
        if (!(fabs(value) < CONCEPTDEC_I_SUMS_MOST))
            break;
    }
    const bool is_finite = isfinite(value);
    return conceptdec_i_fail(&a->own, is_finite ? CONCEPTDEC_EOVERFLOW : CONCEPTDEC_ENONFINITE,
                             "row: %s at column %" PRId64 " (layer %" PRId64 ")",
                             is_finite ? "a value whose squares float64 cannot sum (2^480 or more)" : "NaN or infinity",
                             j, layer);
}

static conceptdec_status
push(conceptdec_accumulator *a, int64_t layer, const void *row, int64_t class)
{
    conceptdec_i_layer *l = &a->layers[layer];
    char *slot = l->buffer + l->free * l->stride;
    if (a->gather(row, slot, l->d) != 0)
        return refuse(a, layer, slot);
    const int64_t arrival = l->arrived[class]++;
    if (l->reservoir.most > 0) {
        const conceptdec_i_draw draw = conceptdec_i_reservoir_draw(a, class, arrival);
        conceptdec_i_reservoir_offer(&l->reservoir, class, &draw, slot);
    }
    if (conceptdec_i_keeps_variances(a))
        keep_waiting(a, l, class);
    else if (conceptdec_i_keeps_scatters(a))
        return add_products(a, l, class, slot);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_check_layer(conceptdec_ctx *ctx, const conceptdec_accumulator *a, int64_t layer)
{
    if (layer >= 0 && layer < a->n_layers)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "layer: %" PRId64 ", must be 0 to %" PRId64, layer,
                             a->n_layers - 1);
}

conceptdec_status
conceptdec_accumulator_add(conceptdec_accumulator *a, int64_t layer, const void *row, int64_t label)
{
    if (!a)
        return CONCEPTDEC_ENULL;
    if (!row)
        return conceptdec_i_fail(&a->own, CONCEPTDEC_ENULL, "row: is NULL");
    CONCEPTDEC_I_TRY(conceptdec_i_check_layer(&a->own, a, layer));
    if (label < -1 || label >= a->classes)
        return conceptdec_i_fail(&a->own, CONCEPTDEC_ELABEL, "label: %" PRId64 ", must be -1 to %" PRId64, label,
                                 a->classes - 1);
    return label < 0 ? CONCEPTDEC_OK : push(a, layer, row, label);
}

/* ---- the rows of a matrix ---- */

static int64_t
label_at(const conceptdec_matrix *labels, int64_t row)
{
    const char *at = conceptdec_i_at(labels, row, 0);
    int64_t wide;
    int32_t narrow;
    if (labels->dtype == CONCEPTDEC_INT64)
        return memcpy(&wide, at, sizeof wide), wide;
    return memcpy(&narrow, at, sizeof narrow), (int64_t)narrow;
}

/* The row where it lies, or its elements in the line. */
static const char *
row_at(const conceptdec_accumulator *a, const conceptdec_matrix *x, int64_t row)
{
    if (conceptdec_i_view_is_dense_rows(x))
        return conceptdec_i_at(x, row, 0);
    for (int64_t j = 0; j < x->cols; j++)
        memcpy(a->line + j * a->size, conceptdec_i_at(x, row, j), (size_t)a->size);
    return a->line;
}

static conceptdec_status
check_matrix(conceptdec_accumulator *a, int64_t layer, const conceptdec_matrix *x, const conceptdec_matrix *labels)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(&a->own, "x", x, CONCEPTDEC_I_FLOATS));
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(&a->own, "labels", labels, CONCEPTDEC_I_INTS));
    if (x->dtype != a->options.dtype)
        return conceptdec_i_fail(&a->own, CONCEPTDEC_EDTYPE, "x: dtype %s, but the accumulator has %s",
                                 conceptdec_i_dtype_name(x->dtype), conceptdec_i_dtype_name(a->options.dtype));
    if (x->cols != a->layers[layer].d)
        return conceptdec_i_fail(&a->own, CONCEPTDEC_ESIZE,
                                 "x: %" PRId64 " columns, but layer %" PRId64 " has %" PRId64, x->cols, layer,
                                 a->layers[layer].d);
    if (labels->rows != x->rows || labels->cols != 1)
        return conceptdec_i_fail(&a->own, CONCEPTDEC_ESIZE,
                                 "labels: %" PRId64 " x %" PRId64 ", must be %" PRId64 " x 1", labels->rows,
                                 labels->cols, x->rows);
    return CONCEPTDEC_OK;
}

/* Every label and row, before the first is added. */
static conceptdec_status
check_rows(conceptdec_accumulator *a, int64_t layer, const conceptdec_matrix *x, const conceptdec_matrix *labels)
{
    const conceptdec_i_layer *l = &a->layers[layer];
    char *slot = l->buffer + l->free * l->stride;
    for (int64_t i = 0; i < x->rows; i++) {
        const int64_t label = label_at(labels, i);
        if (label < -1 || label >= a->classes)
            return conceptdec_i_fail(&a->own, CONCEPTDEC_ELABEL,
                                     "labels: %" PRId64 " at row %" PRId64 ", must be -1 to %" PRId64, label, i,
                                     a->classes - 1);
        if (label < 0 || a->gather(row_at(a, x, i), slot, l->d) == 0)
            continue;
        char text[sizeof a->own.error];
        const conceptdec_status status = refuse(a, layer, slot);
        memcpy(text, a->own.error, sizeof text);
        return conceptdec_i_fail(&a->own, status, "x: row %" PRId64 ": %s", i, text + strlen("row: "));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_accumulator_add_rows(conceptdec_accumulator *a, int64_t layer, const conceptdec_matrix *x,
                                const conceptdec_matrix *labels)
{
    if (!a)
        return CONCEPTDEC_ENULL;
    CONCEPTDEC_I_TRY(conceptdec_i_check_layer(&a->own, a, layer));
    CONCEPTDEC_I_TRY(check_matrix(a, layer, x, labels));
    CONCEPTDEC_I_TRY(check_rows(a, layer, x, labels));
    for (int64_t i = 0; i < x->rows; i++) {
        const int64_t label = label_at(labels, i);
        if (label >= 0)
            CONCEPTDEC_I_TRY(push(a, layer, row_at(a, x, i), label));
    }
    return CONCEPTDEC_OK;
}
