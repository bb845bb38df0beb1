/* Overlaps once more: under labels that are exchanged, and of samples that are drawn with replacement. */
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "stats/bootstrap.h"
#include "stats/groups.h"
#include "stats/permute.h"
#include "stats/stream.h"
#include "subspace/subspace_overlap.h"

#define EQUAL 1e-12 /* overlaps that are as close count as equal: rounding is all that tells them apart */

typedef struct {
    conceptdec_i_concepts *c;
    const conceptdec_i_permute *plan; /* NULL: bootstrap */
    const conceptdec_i_groups *units;
    int64_t count; /* overlaps of a draw */
    double *overlaps;
} drawing;

/* ---- one draw ---- */

/* The subspaces of all views in one list. */
static conceptdec_status
join_views(conceptdec_i_arena *arena, const conceptdec_i_concepts *c, const int32_t *row, int64_t n,
           const int32_t *labels, conceptdec_subspaces **parts, conceptdec_subspaces **all)
{
    for (int64_t v = 0; v < c->n_views; v++)
        CONCEPTDEC_I_TRY(conceptdec_i_subspaces_of(arena, c->views[v], row, n, labels, c->classes,
                                                   &c->subspaces_options, &parts[v]));
    if (c->n_views > 1)
        return conceptdec_i_subspaces_join(arena, (const conceptdec_subspaces *const *)parts, c->n_views, all);
    *all = parts[0];
    parts[0] = NULL;
    return CONCEPTDEC_OK;
}

static void
divide(const conceptdec_subspaces *all, double *overlaps)
{
    for (int64_t s = 0; s < all->count; s++)
        for (int64_t t = 0; t < all->count; t++)
            overlaps[s * all->count + t] /= (double)min64(all->ranks[s], all->ranks[t]); /* 0 / 0: NaN */
}

static conceptdec_status
measure(conceptdec_i_arena *arena, const conceptdec_i_concepts *c, const int32_t *row, int64_t n, const int32_t *labels,
        double *overlaps)
{
    conceptdec_subspaces **parts, *all = NULL;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "subspaces", c->n_views, sizeof *parts, &p));
    parts = p;
    conceptdec_status status = join_views(arena, c, row, n, labels, parts, &all);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_subspaces_shared(arena, all, NULL, overlaps);
    if (status == CONCEPTDEC_OK)
        divide(all, overlaps);
    conceptdec_subspaces_free(all);
    for (int64_t v = 0; v < c->n_views; v++)
        conceptdec_subspaces_free(parts[v]);
    return status;
}

static conceptdec_status
permute(conceptdec_i_arena *arena, const drawing *d, int64_t draw)
{
    const conceptdec_i_concepts *c = d->c;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", 2 * c->n, sizeof(int32_t), &p));
    int32_t *labels = p;
    conceptdec_i_permute_draw(d->plan, draw, labels + c->n, labels);
    return measure(arena, c, NULL, c->n, labels, d->overlaps + draw * d->count);
}

/* Rows of as many groups as there are. */
static conceptdec_status
draw_rows(conceptdec_i_arena *arena, const drawing *d, int64_t draw, int32_t **rows, int64_t *n)
{
    const conceptdec_i_groups *units = d->units;
    conceptdec_i_stream stream;
    void *p;
    *n = 0;
    conceptdec_i_stream_start(&stream, d->c->options.seed, CONCEPTDEC_I_RNG_BOOTSTRAP, (uint64_t)draw);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bootstrap", units->count, sizeof(int32_t), &p));
    int32_t *drawn = p;
    for (int64_t u = 0; u < units->count; u++) {
        drawn[u] = (int32_t)conceptdec_i_stream_below(&stream, (uint32_t)units->count);
        *n += units->start[drawn[u] + 1] - units->start[drawn[u]];
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bootstrap", *n, sizeof(int32_t), &p));
    *rows = p;
    for (int64_t u = 0, at = 0; u < units->count; u++) {
        int64_t size = units->start[drawn[u] + 1] - units->start[drawn[u]];
        memcpy(*rows + at, units->rows + units->start[drawn[u]], (size_t)size * sizeof **rows);
        at += size;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
resample(conceptdec_i_arena *arena, const drawing *d, int64_t draw)
{
    int32_t *rows = NULL, *labels;
    int64_t n;
    void *p;
    CONCEPTDEC_I_TRY(draw_rows(arena, d, draw, &rows, &n));
    if (n > INT32_MAX)
        return conceptdec_i_fail(d->c->ctx, CONCEPTDEC_ESIZE, "bootstrap: %lld rows are drawn, at most %d are possible",
                                 (long long)n, INT32_MAX);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bootstrap", n, sizeof *labels, &p));
    labels = p;
    for (int64_t i = 0; i < n; i++)
        labels[i] = d->c->labels[rows[i]];
    return measure(arena, d->c, rows, n, labels, d->overlaps + draw * d->count);
}

static conceptdec_status
draw_task(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    conceptdec_i_arena arena;
    (void)lane;
    conceptdec_i_arena_open(&arena, d->c->ctx);
    conceptdec_status status = (d->plan ? permute : resample)(&arena, d, task);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* Side by side, but for probes, whose fits are calls of their own in this context: one after the other. */
static conceptdec_status
draw_all(const conceptdec_i_concepts *c, int64_t draws, drawing *d)
{
    if (c->subspaces_options.basis != CONCEPTDEC_BASIS_PROBE)
        return conceptdec_i_parallel(c->ctx, draws, draw_task, d);
    for (int64_t draw = 0; draw < draws; draw++) {
        CONCEPTDEC_I_TRY(draw_task(d, draw, 0));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(c->ctx, 1));
    }
    return CONCEPTDEC_OK;
}

/* ---- permutations ---- */

static conceptdec_status
find_overlaps(const conceptdec_i_concepts *c, const double **overlaps)
{
    conceptdec_array array;
    CONCEPTDEC_I_TRY(conceptdec_result_get(c->result, CONCEPTDEC_R_OVERLAP, &array));
    *overlaps = array.data;
    return CONCEPTDEC_OK;
}

/* Shares of the draws, with the observed one, that are at least and at most as large; draws without a value are left
 * out. */
static void
rank_pair(const double *null, int64_t draws, int64_t count, double observed, double *upper, double *lower)
{
    int64_t defined = 0, above = 0, below = 0;
    for (int64_t i = 0; i < draws; i++) {
        double value = null[i * count];
        defined += !isnan(value);
        above += value >= observed - EQUAL;
        below += value <= observed + EQUAL;
    }
    *upper = isnan(observed) ? (double)NAN : (double)(1 + above) / (double)(1 + defined);
    *lower = isnan(observed) ? (double)NAN : (double)(1 + below) / (double)(1 + defined);
}

conceptdec_status
conceptdec_i_concepts_permute(conceptdec_i_concepts *c, const conceptdec_i_permute *plan)
{
    int64_t draws = c->options.permutations, s = c->subspaces->count, shape[] = {draws, s, s};
    drawing d = {.c = c, .plan = plan, .count = s * s};
    const double *observed;
    double *upper, *lower;
    CONCEPTDEC_I_TRY(find_overlaps(c, &observed));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_NULL, 3, shape, &d.overlaps));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_P_VALUE, 2, shape + 1, &upper));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_P_VALUE_LOWER, 2, shape + 1, &lower));
    conceptdec_i_stage(c->ctx, "permutations", draws);
    CONCEPTDEC_I_TRY(draw_all(c, draws, &d));
    for (int64_t i = 0; i < d.count; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(c->ctx, 0));
        rank_pair(d.overlaps + i, draws, d.count, observed[i], &upper[i], &lower[i]);
    }
    return CONCEPTDEC_OK;
}

/* ---- bootstrap ---- */

static conceptdec_status
number_units(conceptdec_i_concepts *c, conceptdec_i_groups *units)
{
    uint8_t *is_labelled;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(c->arena, "bootstrap", c->n, sizeof *is_labelled, &is_labelled));
    for (int64_t i = 0; i < c->n; i++)
        is_labelled[i] = c->labels[i] >= 0;
    return conceptdec_i_groups_number(c->arena, c->n, c->groups, is_labelled, units);
}

/* A concept may be missing in some draws. */
static conceptdec_status
find_intervals(conceptdec_i_concepts *c, const drawing *d, double *bias, double *low, double *high)
{
    conceptdec_array observed;
    CONCEPTDEC_I_TRY(conceptdec_result_get(c->result, CONCEPTDEC_R_OVERLAP, &observed));
    int64_t draws = c->options.bootstrap, most = 0;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "bootstrap", draws, sizeof(double), &p));
    double *values = p;
    for (int64_t i = 0; i < d->count; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(c->ctx, 0));
        for (int64_t draw = 0; draw < draws; draw++)
            values[draw] = d->overlaps[draw * d->count + i];
        most = max64(most, conceptdec_i_shifted_interval(values, draws, ((const double *)observed.data)[i],
                                                         c->options.confidence, &bias[i], &low[i], &high[i]));
    }
    return conceptdec_i_result_diagnostic(c->ctx, c->result, CONCEPTDEC_I_DRAWS_LEFT_OUT, (double)most);
}

conceptdec_status
conceptdec_i_concepts_bootstrap(conceptdec_i_concepts *c)
{
    int64_t draws = c->options.bootstrap, s = c->subspaces->count, shape[] = {s, s};
    conceptdec_i_groups units;
    drawing d = {.c = c, .units = &units, .count = s * s};
    double *low, *high, *bias;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_BOOTSTRAP_BIAS, 2, shape, &bias));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_CI_LOW, 2, shape, &low));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_CI_HIGH, 2, shape, &high));
    CONCEPTDEC_I_TRY(number_units(c, &units));
    if (units.count < 2)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_EGROUPS, "groups: one alone cannot be drawn anew");
    if ((double)draws * (double)d.count * 8 > (double)c->options.memory)
        return conceptdec_i_fail(c->ctx, CONCEPTDEC_ENOMEM,
                                 "memory: %lld bytes, but %lld draws of %lld overlaps need 8 each",
                                 (long long)c->options.memory, (long long)draws, (long long)d.count);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "bootstrap", draws, (uint64_t)d.count * sizeof(double), &p));
    d.overlaps = p;
    conceptdec_i_stage(c->ctx, "bootstrap", draws);
    CONCEPTDEC_I_TRY(draw_all(c, draws, &d));
    return find_intervals(c, &d, bias, low, high);
}
