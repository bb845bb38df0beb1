/* What views become before they are compared as matrices. */
#include "similarity/centred.h"

#include <math.h>

#include "linalg/apply.h"
#include "linalg/columns.h"
#include "linalg/tiles.h"

#define ABREAST 64 /* directions that are drawn at once */
#define PIECE 256  /* items */

static conceptdec_status
scan_view(conceptdec_i_similarity *s, int64_t number, conceptdec_i_centred *c)
{
    const conceptdec_matrix *x = s->views[number];
    const int64_t d = x->cols;
    conceptdec_i_columns columns;
    double largest = 0;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_columns_scan(s->arena, s->names[number], x, &columns));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->arena, "columns", d, sizeof(double), &p));
    for (int64_t j = 0; j < d; j++)
        largest = fmax(largest, fmax(columns.largest[j] - columns.mean[j], columns.mean[j] - columns.least[j]));
    c->unit = conceptdec_i_unit(largest);
    c->is_constant = true;
    for (int64_t j = 0; j < d; j++) {
        ((double *)p)[j] = 1 / c->unit;
        c->is_constant = c->is_constant && columns.least[j] >= columns.largest[j];
    }
    c->blocks = (conceptdec_i_blocks){.ctx = s->ctx,
                                      .x = x,
                                      .shift = columns.mean,
                                      .factor = p,
                                      .is_wide = true,
                                      .gap = conceptdec_i_blocks_gap(x->rows, true)};
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_centred_scan(conceptdec_i_similarity *s, conceptdec_i_centred **views)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(s->arena, "views", s->n_views, sizeof **views, &p));
    *views = p;
    for (int64_t v = 0; v < s->n_views; v++)
        CONCEPTDEC_I_TRY(scan_view(s, v, *views + v));
    return CONCEPTDEC_OK;
}

/* ---- directions ---- */

void
conceptdec_i_directions_order(const conceptdec_i_directions *directions, const int32_t *order, double *drawn)
{
    const int64_t n = directions->n;
    for (int64_t k = 0; k < directions->count; k++) {
        const double *in = directions->data + k * directions->stride;
        for (int64_t p = 0; p < n; p++)
            drawn[k * n + p] = in[order[p]];
    }
}

static double
drawn_mean(const double *restrict in, const int32_t *restrict times, int64_t n)
{
    double sum = 0, total = 0;
    for (int64_t p = 0; p < n; p++) {
        sum += times[p] * in[p];
        total += times[p];
    }
    return sum / total;
}

/* Some directions: the items are looked for once for all of them. */
static void
draw_some(const conceptdec_i_directions *directions, const int32_t *times, int64_t distinct, double *drawn)
{
    double mean[ABREAST], root[PIECE];
    int32_t item[PIECE];
    int64_t at = 0, count = 0;
    for (int64_t k = 0; k < directions->count; k++)
        mean[k] = drawn_mean(directions->data + k * directions->stride, times, directions->n);
    for (int64_t p = 0; p < directions->n; p++) {
        if (times[p] > 0) {
            item[count] = (int32_t)p;
            root[count++] = sqrt(times[p]);
        }
        if (count < PIECE && p + 1 < directions->n)
            continue;
        for (int64_t k = 0; k < directions->count; k++)
            for (int64_t i = 0; i < count; i++)
                drawn[k * distinct + at + i] = root[i] * (directions->data[k * directions->stride + item[i]] - mean[k]);
        at += count;
        count = 0;
    }
}

int64_t
conceptdec_i_directions_drawn(const conceptdec_i_directions *directions, const int32_t *times, double *drawn)
{
    conceptdec_i_directions some = *directions;
    int64_t distinct = 0;
    for (int64_t p = 0; p < directions->n; p++)
        distinct += times[p] > 0;
    for (int64_t k = 0; k < directions->count; k += ABREAST) {
        some.count = directions->count - k < ABREAST ? directions->count - k : ABREAST;
        some.data = directions->data + k * directions->stride;
        draw_some(&some, times, distinct, drawn + k * distinct);
    }
    return distinct;
}

static conceptdec_i_dense
rows_of(const conceptdec_i_directions *x)
{
    return (conceptdec_i_dense){.data = x->data, .n = x->count, .dims = x->n, .stride = x->stride, .is_wide = true};
}

conceptdec_status
conceptdec_i_directions_own(conceptdec_ctx *ctx, const conceptdec_i_directions *x, double *products)
{
    const conceptdec_i_dense rows = rows_of(x);
    return conceptdec_i_apply_own(ctx, &rows, products, x->count);
}

conceptdec_status
conceptdec_i_directions_products(conceptdec_ctx *ctx, const conceptdec_i_directions *x,
                                 const conceptdec_i_directions *y, double *products)
{
    const conceptdec_i_dense rows = rows_of(x);
    const conceptdec_i_applying a = {.rows = &rows,
                                     .n = x->count,
                                     .columns = y->count,
                                     .w = y->data,
                                     .ldw = y->stride,
                                     .out = products,
                                     .ldo = x->count,
                                     .precision = CONCEPTDEC_I_TILE_F64};
    return conceptdec_i_apply(ctx, &a);
}
