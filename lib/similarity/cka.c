/* Centred kernel alignment: views, batches, values. */
#include "similarity/cka.h"

#include <math.h>
#include <string.h>

#include "linalg/columns.h"
#include "linalg/distances.h"
#include "linalg/engine.h"

#define DIMS_A_PIECE 1024

/* ---- views ---- */

static conceptdec_status
open_side(conceptdec_i_cka *c, int64_t v)
{
    conceptdec_i_cka_side *side = &c->sides[v];
    conceptdec_i_columns columns;
    void *p[4];
    side->view = c->s->views[v];
    CONCEPTDEC_I_TRY(conceptdec_i_columns_scan(c->arena, c->s->names[v], side->view, &columns));
    side->mean = side->centre = columns.mean;
    for (int64_t j = 0; j < side->view->cols; j++)
        side->deviation =
            fmax(side->deviation, fmax(columns.largest[j] - columns.mean[j], columns.mean[j] - columns.least[j]));
    side->scale = conceptdec_i_tiles_scale(side->deviation);
    bool is_wide = c->is_rbf || side->view->dtype == CONCEPTDEC_FLOAT64;
    side->precision = is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    side->size = is_wide ? sizeof(double) : sizeof(float);
    for (int i = 0; i < 3; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "kernels", c->n, sizeof(double), &p[i]));
    side->diagonal = p[0];
    side->rows = p[1];
    side->norms = p[2];
    if (c->s->options.batch) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "columns", side->view->cols, sizeof(double), &p[3]));
        side->centre = p[3];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
open_all(conceptdec_i_cka *c)
{
    const int64_t square = c->n_sides * c->n_sides;
    void *p[5];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "views", c->n_sides, sizeof *c->sides, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "rows", c->n, sizeof *c->row, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "products", square, sizeof(double), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "products", square, sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "products", square, sizeof(double), &p[4]));
    c->sides = p[0];
    c->row = p[1];
    c->sums = p[2];
    c->hsic = p[3];
    c->other = p[4];
    for (int64_t v = 0; v < c->n_sides; v++)
        CONCEPTDEC_I_TRY(open_side(c, v));
    return CONCEPTDEC_OK;
}

/* ---- batches ---- */

/* Means of the rows in work, summed from the mean of all; one view a task. */
static conceptdec_status
centre_task(void *argument, int64_t task, int lane)
{
    const conceptdec_i_cka *c = argument;
    const conceptdec_i_cka_side *side = &c->sides[task];
    const int64_t d = side->view->cols;
    double piece[DIMS_A_PIECE];
    (void)lane;
    memset(side->centre, 0, (size_t)d * sizeof(double));
    for (int64_t i = 0; i < c->n; i++)
        for (int64_t j = 0; j < d; j += DIMS_A_PIECE) {
            int64_t count = min64(DIMS_A_PIECE, d - j);
            conceptdec_i_view_widen(c->ctx->kernels, side->view, c->first + i, j, count, piece);
            for (int64_t k = 0; k < count; k++)
                side->centre[j + k] += piece[k] - side->mean[j + k];
        }
    for (int64_t j = 0; j < d; j++)
        side->centre[j] = side->mean[j] + side->centre[j] / (double)c->n;
    return CONCEPTDEC_OK;
}

/* HSIC of the rows in work by one of the estimates; both need the same sums. */
static void
add_hsic(const conceptdec_i_cka *c, double share, bool is_debiased, double *hsic)
{
    const int64_t v_all = c->n_sides;
    for (int64_t v = 0; v < v_all; v++)
        for (int64_t w = v; w < v_all; w++) {
            conceptdec_i_cka_terms terms =
                conceptdec_i_cka_terms_of(c, &c->sides[v], &c->sides[w], NULL, is_debiased);
            terms.products = c->sums[v * v_all + w];
            hsic[v * v_all + w] += c->n < CONCEPTDEC_I_CKA_LEAST && is_debiased
                                       ? (double)NAN
                                       : share * conceptdec_i_cka_hsic(&terms, c->n, is_debiased);
            hsic[w * v_all + v] = hsic[v * v_all + w];
        }
}

static conceptdec_status
add_batch(conceptdec_i_cka *c, double share)
{
    if (c->s->options.batch)
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(c->ctx, c->n_sides, centre_task, c));
    CONCEPTDEC_I_TRY(conceptdec_i_cka_add_up(c));
    add_hsic(c, share, c->is_debiased, c->hsic);
    add_hsic(c, share, !c->is_debiased, c->other);
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_batches(conceptdec_i_cka *c)
{
    const int64_t batches = c->s->n / c->n;
    int64_t tasks = c->columns ? conceptdec_i_cka_column_tasks(c) : conceptdec_i_cka_tasks(c);
    tasks += c->n_sides * (ceil_div(c->n, CONCEPTDEC_I_TILE_ROWS) + (c->s->options.batch ? 1 : 0));
    conceptdec_i_stage(c->ctx, "kernels", batches * tasks);
    for (int64_t b = 0; b < batches; b++) {
        c->first = b * c->n;
        CONCEPTDEC_I_TRY(add_batch(c, 1 / (double)batches));
    }
    return CONCEPTDEC_OK;
}

/* ---- results ---- */

/* A kernel is scaled by the square of its view's scale; one that is not defined has none. */
static double
self_hsic(const conceptdec_i_cka *c, int64_t v)
{
    double hsic = c->hsic[v * c->n_sides + v];
    int exponent;
    (void)frexp(c->sides[v].scale, &exponent);
    return c->is_rbf ? hsic : ldexp(hsic, -4 * (exponent - 1));
}

static void
put_ratios(const conceptdec_i_cka *c, const double *hsic, double *out)
{
    const conceptdec_i_similarity *s = c->s;
    const int64_t v = c->n_sides;
    for (int64_t i = 0; i < s->n_a; i++)
        for (int64_t j = 0; j < s->n_b; j++) {
            int64_t w = conceptdec_i_similarity_second(s, j);
            out[i * s->n_b + j] = conceptdec_i_cka_ratio(hsic[i * v + w], hsic[i * v + i], hsic[w * v + w]);
        }
}

/* Both estimates under their names, whichever was asked for. */
static conceptdec_status
add_both(const conceptdec_i_cka *c)
{
    const conceptdec_i_similarity *s = c->s;
    const int64_t shape[] = {s->n_a, s->n_b};
    double *debiased, *biased;
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_float64(c->ctx, s->result, CONCEPTDEC_R_CKA_DEBIASED, 2, shape, &debiased));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, s->result, CONCEPTDEC_R_CKA_BIASED, 2, shape, &biased));
    put_ratios(c, c->is_debiased ? c->hsic : c->other, debiased);
    put_ratios(c, c->is_debiased ? c->other : c->hsic, biased);
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_arrays(const conceptdec_i_cka *c)
{
    const conceptdec_i_similarity *s = c->s;
    int64_t *left_out;
    double *self[2];
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, s->result, CONCEPTDEC_R_SELF_HSIC_A, 1, &s->n_a, &self[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, s->result, CONCEPTDEC_R_SELF_HSIC_B, 1, &s->n_b, &self[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(c->ctx, s->result, CONCEPTDEC_R_N_LEFT_OUT, 0, NULL, &left_out));
    *left_out = s->n % c->n;
    for (int64_t i = 0; i < s->n_a; i++)
        self[0][i] = self_hsic(c, i);
    for (int64_t j = 0; j < s->n_b; j++)
        self[1][j] = self_hsic(c, conceptdec_i_similarity_second(s, j));
    put_ratios(c, c->hsic, s->value);
    return add_both(c);
}

static conceptdec_status
check_rows(const conceptdec_i_cka *c)
{
    const conceptdec_similarity_options *o = &c->s->options;
    if (c->is_debiased && c->s->n < CONCEPTDEC_I_CKA_LEAST)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_ETOOFEW, "a[0]: %lld rows, kind \"cka_debiased\" needs at least %d",
                                 (long long)c->s->n, CONCEPTDEC_I_CKA_LEAST);
    if (o->batch > c->s->n)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_ETOOFEW, "batch: %lld, but there are %lld rows",
                                 (long long)o->batch, (long long)c->s->n);
    if (o->batch && (o->permutations || o->bootstrap))
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_EUNSUPPORTED,
                                 "batch: permutations and bootstrap need all rows at once");
    return CONCEPTDEC_OK;
}

static conceptdec_status
compare(conceptdec_i_cka *c)
{
    CONCEPTDEC_I_TRY(open_all(c));
    if (c->is_rbf)
        CONCEPTDEC_I_TRY(conceptdec_i_cka_find_decays(c));
    if (conceptdec_i_cka_prefers_columns(c))
        CONCEPTDEC_I_TRY(conceptdec_i_cka_open_columns(c));
    else
        CONCEPTDEC_I_TRY(conceptdec_i_cka_choose_edge(c));
    CONCEPTDEC_I_TRY(add_batches(c));
    CONCEPTDEC_I_TRY(add_arrays(c));
    if (!c->is_whole)
        return CONCEPTDEC_OK;
    return c->columns ? conceptdec_i_cka_draw_columns(c) : conceptdec_i_cka_draw_kernels(c);
}

conceptdec_status
conceptdec_i_similarity_cka(conceptdec_i_similarity *s)
{
    conceptdec_i_cka c = {
        .s = s, .ctx = s->ctx, .n_sides = s->n_views, .n = s->options.batch ? s->options.batch : s->n};
    conceptdec_i_arena arena;
    c.is_rbf = s->options.kernel == CONCEPTDEC_CKA_RBF;
    c.is_debiased = s->options.kind == CONCEPTDEC_SIMILARITY_CKA_DEBIASED;
    c.is_whole = s->null || s->draws;
    CONCEPTDEC_I_TRY(check_rows(&c));
    conceptdec_i_arena_open(&arena, s->ctx);
    c.arena = &arena;
    conceptdec_status status = compare(&c);
    conceptdec_i_arena_close(&arena);
    return status;
}
