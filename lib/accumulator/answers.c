/* What an accumulator holds: arrays, the sample, moments as a state of their own. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "accumulator/accumulator.h"

/* ---- all rows ---- */

static conceptdec_status
take(conceptdec_i_arena *arena, int64_t rows, int64_t columns, uint64_t size, void **pointer)
{
    int64_t count;
    if (!conceptdec_i_mul(rows, columns, &count))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "accumulator: too many classes and dimensions");
    return conceptdec_i_arena_take_raw(arena, "accumulator", count, size, pointer);
}

/* A copy, in memory of the arena's. */
static conceptdec_status
copy(conceptdec_i_arena *arena, int64_t rows, int64_t columns, uint64_t size, const void *from, void *to)
{
    void *p;
    CONCEPTDEC_I_TRY(take(arena, rows, columns, size, &p));
    memcpy(p, from, (size_t)(rows * columns) * size);
    memcpy(to, &p, sizeof p);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_tally_settle(conceptdec_i_arena *arena, const conceptdec_accumulator *a, const conceptdec_i_layer *l,
                          conceptdec_i_tally *t)
{
    const int64_t classes = a->classes;
    void *batch;
    CONCEPTDEC_I_TRY(take(arena, l->slots, 1, sizeof(char *), &batch));
    CONCEPTDEC_I_TRY(copy(arena, classes, 1, sizeof *t->n, l->tally.n, &t->n));
    CONCEPTDEC_I_TRY(copy(arena, classes, l->stride, 1, l->tally.pilot, &t->pilot));
    CONCEPTDEC_I_TRY(copy(arena, classes, l->pitch, sizeof *t->mean, l->tally.mean, &t->mean));
    CONCEPTDEC_I_TRY(copy(arena, classes, l->pitch, sizeof *t->square, l->tally.square, &t->square));
    for (int64_t c = 0; c < classes; c++)
        conceptdec_i_join_waiting(a, l, c, batch, t);
    return CONCEPTDEC_OK;
}

/* The means of sums, and the squares of those that have one class. */
static conceptdec_status
settle_sums(conceptdec_i_arena *arena, const conceptdec_i_layer *l, int64_t which, conceptdec_i_settled *t)
{
    conceptdec_i_sums s;
    CONCEPTDEC_I_TRY(conceptdec_i_sums_settle(arena, &l->sums[which], NULL, &s));
    for (int64_t c = 0; c < s.classes; c++) {
        const int64_t at = (which + c) * l->pitch, from = c * s.d;
        const size_t bytes = (size_t)s.d * sizeof(double);
        t->n[which + c] = s.n[c];
        memcpy(t->pilot + at, s.pilot + from, bytes);
        memcpy(t->mean + at, s.mean + from, bytes);
        if (s.squares)
            memcpy(t->square + at, s.squares + from, bytes);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
settle_tally(conceptdec_i_arena *arena, const conceptdec_accumulator *a, const conceptdec_i_layer *l,
             conceptdec_i_settled *t)
{
    conceptdec_i_tally tally;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_tally_settle(arena, a, l, &tally));
    CONCEPTDEC_I_TRY(take(arena, a->classes, l->pitch, sizeof *t->pilot, &p));
    *t = (conceptdec_i_settled){.n = tally.n, .pilot = p, .mean = tally.mean, .square = tally.square};
    for (int64_t c = 0; c < a->classes; c++)
        a->widen(tally.pilot + c * l->stride, t->pilot + c * l->pitch, l->pitch);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_accumulator_settle(conceptdec_i_arena *arena, const conceptdec_accumulator *a, const conceptdec_i_layer *l,
                                conceptdec_i_settled *t)
{
    void *p;
    if (conceptdec_i_keeps_variances(a))
        return settle_tally(arena, a, l, t);
    CONCEPTDEC_I_TRY(take(arena, a->classes, 1, sizeof *t->n, &p));
    t->n = p;
    CONCEPTDEC_I_TRY(take(arena, 3 * a->classes, l->pitch, sizeof *t->pilot, &p));
    t->pilot = p;
    t->mean = t->pilot + a->classes * l->pitch;
    t->square = t->mean + a->classes * l->pitch;
    for (int64_t i = 0; i < a->n_sums; i++) {
        conceptdec_i_arena inner;
        conceptdec_i_arena_open(&inner, arena->ctx);
        const conceptdec_status status = settle_sums(&inner, l, i, t);
        conceptdec_i_arena_close(&inner);
        CONCEPTDEC_I_TRY(status);
    }
    return CONCEPTDEC_OK;
}

/* ---- arrays ---- */

/* Means are counted from the pilot of the first class that has rows, and so is the mean of all; how many these are is
 * returned. */
static int64_t
count_from_one(const conceptdec_accumulator *a, const conceptdec_i_layer *l, const conceptdec_i_settled *t, double *all)
{
    const double *from = NULL;
    int64_t n = 0;
    memset(all, 0, (size_t)l->d * sizeof *all);
    for (int64_t c = 0; c < a->classes; c++) {
        double *mean = t->mean + c * l->pitch;
        const double *pilot = t->pilot + c * l->pitch;
        if (t->n[c] == 0)
            continue;
        from = from ? from : pilot;
        n += t->n[c];
        for (int64_t j = 0; j < l->d; j++) {
            mean[j] += pilot[j] - from[j];
            all[j] += (mean[j] - all[j]) * ((double)t->n[c] / (double)n);
        }
    }
    return n;
}

/* The mean of all rows lies between that of the class and that of the others, by their numbers. */
static void
finish_differences(const conceptdec_accumulator *a, const conceptdec_i_layer *l, const conceptdec_i_settled *t,
                   double *all, double *out)
{
    const int64_t n = count_from_one(a, l, t, all);
    for (int64_t c = 0; c < a->classes; c++) {
        const bool is_defined = t->n[c] > 0 && t->n[c] < n;
        const double factor = is_defined ? (double)n / (double)(n - t->n[c]) : (double)NAN;
        for (int64_t j = 0; j < l->d; j++)
            out[c * l->d + j] = is_defined ? (t->mean[c * l->pitch + j] - all[j]) * factor : (double)NAN;
    }
}

static void
finish_each(const conceptdec_accumulator *a, const conceptdec_i_layer *l, const conceptdec_i_settled *t,
            bool is_variance, double *out)
{
    for (int64_t c = 0; c < a->classes; c++)
        for (int64_t j = 0; j < l->d; j++) {
            const int64_t at = c * l->pitch + j;
            if (t->n[c] == 0)
                out[c * l->d + j] = (double)NAN;
            else
                out[c * l->d + j] = is_variance ? t->square[at] / (double)t->n[c] : t->pilot[at] + t->mean[at];
        }
}

static conceptdec_status
make_numbers(conceptdec_i_arena *arena, const conceptdec_accumulator *a, const conceptdec_i_layer *l, int which,
             double *out)
{
    conceptdec_i_settled t;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_accumulator_settle(arena, a, l, &t));
    CONCEPTDEC_I_TRY(take(arena, l->d, 1, sizeof(double), &p));
    if (which == CONCEPTDEC_I_ACCUMULATED_DIFFERENCES)
        finish_differences(a, l, &t, p, out);
    else
        finish_each(a, l, &t, which == CONCEPTDEC_I_ACCUMULATED_VARIANCES, out);
    return CONCEPTDEC_OK;
}

static conceptdec_status
numbers(conceptdec_ctx *ctx, const conceptdec_accumulator *a, conceptdec_i_layer *l, int which, conceptdec_array *array)
{
    conceptdec_i_arena arena;
    if (!l->answers[which])
        CONCEPTDEC_I_TRY(
            conceptdec_i_accumulator_take(ctx, a, a->classes, l->d, sizeof(double), &l->answers[which]));
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_status status = make_numbers(&arena, a, l, which, l->answers[which]);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *array = (conceptdec_array){
            .data = l->answers[which], .shape = {a->classes, l->d}, .ndim = 2, .dtype = CONCEPTDEC_FLOAT64};
    return status;
}

static conceptdec_status
count(conceptdec_ctx *ctx, const conceptdec_accumulator *a, conceptdec_i_layer *l, conceptdec_array *array)
{
    void **answer = &l->answers[CONCEPTDEC_I_ACCUMULATED_COUNT];
    if (!*answer)
        CONCEPTDEC_I_TRY(conceptdec_i_accumulator_take(ctx, a, a->classes, 1, sizeof(int64_t), answer));
    int64_t *counts = *answer;
    for (int64_t c = 0; c < a->classes; c++)
        counts[c] = l->arrived[c] + l->merged[c];
    *array = (conceptdec_array){.data = counts, .shape = {a->classes}, .ndim = 1, .dtype = CONCEPTDEC_INT64};
    return CONCEPTDEC_OK;
}

static conceptdec_status
answer(conceptdec_ctx *ctx, const conceptdec_accumulator *a, conceptdec_i_layer *l, const char *name,
       conceptdec_array *array)
{
    static const struct {
        const char *name;
        int which;
    } moments[] = {
        {CONCEPTDEC_A_MEANS, CONCEPTDEC_I_ACCUMULATED_MEANS},
        {CONCEPTDEC_A_VARIANCES, CONCEPTDEC_I_ACCUMULATED_VARIANCES},
        {CONCEPTDEC_A_DIFFERENCES, CONCEPTDEC_I_ACCUMULATED_DIFFERENCES},
    };
    const conceptdec_i_reservoir *r = &l->reservoir;
    const bool is_arrivals = strcmp(name, CONCEPTDEC_A_ARRIVALS) == 0;
    if (strcmp(name, CONCEPTDEC_A_CLASS_COUNT) == 0)
        return count(ctx, a, l, array);
    if (r->most > 0 && (is_arrivals || strcmp(name, CONCEPTDEC_A_PRODUCERS) == 0)) {
        *array = (conceptdec_array){
            .data = is_arrivals ? r->arrival : r->producer, .shape = {r->used}, .ndim = 1, .dtype = CONCEPTDEC_INT64};
        return CONCEPTDEC_OK;
    }
    for (int i = 0; i < 3 && a->options.moments != CONCEPTDEC_ACCUMULATE_NOTHING; i++)
        if (strcmp(name, moments[i].name) == 0 && (moments[i].which != CONCEPTDEC_I_ACCUMULATED_VARIANCES ||
                                                   a->options.moments != CONCEPTDEC_ACCUMULATE_POOLED))
            return numbers(ctx, a, l, moments[i].which, array);
    return conceptdec_i_fail(ctx, CONCEPTDEC_ENAME, "name: \"%.64s\" is not an array that this accumulator keeps",
                             name);
}

static conceptdec_status
check_layer(conceptdec_ctx *ctx, const conceptdec_accumulator *a, int64_t layer)
{
    return a ? conceptdec_i_check_layer(ctx, a, layer)
             : conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "accumulator: is NULL");
}

conceptdec_status
conceptdec_accumulator_get(conceptdec_ctx *ctx, conceptdec_accumulator *a, int64_t layer, const char *name,
                           conceptdec_array *array)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!name || !array)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", name ? "array" : "name");
    CONCEPTDEC_I_TRY(check_layer(ctx, a, layer));
    return answer(ctx, a, &a->layers[layer], name, array);
}

/* ---- the sample ---- */

conceptdec_status
conceptdec_accumulator_sample(conceptdec_ctx *ctx, conceptdec_accumulator *a, int64_t layer, conceptdec_matrix *x,
                              conceptdec_matrix *labels)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!x || !labels)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", x ? "labels" : "x");
    CONCEPTDEC_I_TRY(check_layer(ctx, a, layer));
    const conceptdec_i_reservoir *r = &a->layers[layer].reservoir;
    if (r->used == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "layer: no row of layer %" PRId64 " was kept", layer);
    *x = (conceptdec_matrix){.data = r->rows,
                             .rows = r->used,
                             .cols = a->layers[layer].d,
                             .row_stride = r->row_bytes,
                             .col_stride = a->size,
                             .dtype = a->options.dtype};
    *labels = (conceptdec_matrix){.data = r->label,
                                  .rows = r->used,
                                  .cols = 1,
                                  .row_stride = sizeof *r->label,
                                  .col_stride = sizeof *r->label,
                                  .dtype = CONCEPTDEC_INT64};
    return CONCEPTDEC_OK;
}

/* ---- moments ---- */

static conceptdec_status
fill_variances(conceptdec_i_arena *arena, const conceptdec_accumulator *a, const conceptdec_i_layer *l,
               conceptdec_class_moments *m)
{
    conceptdec_i_sums *s = &m->sums[0];
    conceptdec_i_settled t;
    CONCEPTDEC_I_TRY(conceptdec_i_accumulator_settle(arena, a, l, &t));
    memcpy(s->n, t.n, (size_t)a->classes * sizeof *s->n);
    for (int64_t c = 0; c < a->classes; c++) {
        if (t.n[c] == 0)
            continue;
        memcpy(s->pilot + c * l->d, t.pilot + c * l->pitch, (size_t)l->d * sizeof *s->pilot);
        memcpy(s->mean + c * l->d, t.mean + c * l->pitch, (size_t)l->d * sizeof *s->mean);
        memcpy(s->squares + c * l->d, t.square + c * l->pitch, (size_t)l->d * sizeof *s->squares);
    }
    return CONCEPTDEC_OK;
}

/* What nothing and other sums make are the same bits as these. */
static conceptdec_status
fill_moments(conceptdec_ctx *ctx, const conceptdec_accumulator *a, const conceptdec_i_layer *l,
             conceptdec_class_moments *m)
{
    conceptdec_i_arena arena;
    conceptdec_status status;
    conceptdec_i_arena_open(&arena, ctx);
    if (conceptdec_i_keeps_variances(a)) {
        status = fill_variances(&arena, a, l, m);
    } else {
        const conceptdec_i_sums_list list = {.memory = m->memory, .sums = m->sums, .count = m->n_sums};
        status = conceptdec_i_sums_merge(&arena, &list, l->sums);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_accumulator_moments(conceptdec_ctx *ctx, conceptdec_accumulator *a, int64_t layer,
                               conceptdec_class_moments **moments)
{
    static const uint32_t flags[] = {[CONCEPTDEC_ACCUMULATE_VARIANCES] = CONCEPTDEC_CLASS_MOMENTS_VARIANCES,
                                     [CONCEPTDEC_ACCUMULATE_POOLED] = CONCEPTDEC_CLASS_MOMENTS_POOLED,
                                     [CONCEPTDEC_ACCUMULATE_SCATTERS] = 0};
    conceptdec_class_moments *m;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "moments: is NULL");
    CONCEPTDEC_I_TRY(check_layer(ctx, a, layer));
    if (a->options.moments == CONCEPTDEC_ACCUMULATE_NOTHING)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "accumulator: keeps no moments, the sample alone");
    CONCEPTDEC_I_TRY(
        conceptdec_i_class_moments_make(ctx, a->layers[layer].d, a->classes, flags[a->options.moments], &m));
    conceptdec_status status = fill_moments(ctx, a, &a->layers[layer], m);
    if (status == CONCEPTDEC_OK)
        *moments = m;
    else
        conceptdec_class_moments_free(m);
    return status;
}
