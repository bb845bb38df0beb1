/* Accumulators of several producers become one: all that can fail comes first, and nothing is changed before it is
 * done. */
#include <inttypes.h>
#include <string.h>

#include "accumulator/accumulator.h"
#include "linalg/engine.h"

static conceptdec_status
check_sizes(conceptdec_ctx *ctx, const conceptdec_accumulator *a, const conceptdec_accumulator *other)
{
    if (a->n_layers != other->n_layers)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "other: %" PRId64 " layers, but the accumulator has %" PRId64,
                                 other->n_layers, a->n_layers);
    if (a->classes != other->classes)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "other: %" PRId64 " classes, but the accumulator has %" PRId64,
                                 other->classes, a->classes);
    for (int64_t i = 0; i < a->n_layers; i++)
        if (a->layers[i].d != other->layers[i].d)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE,
                                     "other: %" PRId64 " dimensions in layer %" PRId64
                                     ", but the accumulator has %" PRId64,
                                     other->layers[i].d, i, a->layers[i].d);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_options(conceptdec_ctx *ctx, const conceptdec_accumulator *a, const conceptdec_accumulator *other)
{
    const conceptdec_accumulator_options *o = &a->options, *p = &other->options;
    const char *differs = o->reservoir != p->reservoir ? "reservoir"
                          : o->seed != p->seed         ? "seed"
                          : o->dtype != p->dtype       ? "dtype"
                          : o->moments != p->moments   ? "moments"
                                                       : NULL;
    if (differs)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "other: its %s is not that of the accumulator", differs);
    for (int64_t i = 0; i < a->n_producers; i++)
        for (int64_t j = 0; j < other->n_producers; j++)
            if (a->producers[i] == other->producers[j])
                return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "other: both hold rows of producer %" PRIu64,
                                         a->producers[i]);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_counts(conceptdec_ctx *ctx, const conceptdec_accumulator *a, const conceptdec_accumulator *other)
{
    for (int64_t i = 0; i < a->n_layers; i++) {
        const conceptdec_i_layer *l = &a->layers[i], *m = &other->layers[i];
        int64_t all = 0;
        for (int64_t c = 0; c < a->classes; c++)
            if (!conceptdec_i_add(all, l->arrived[c] + l->merged[c] + m->arrived[c] + m->merged[c], &all) ||
                all > INT64_C(1) << 53)
                return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "other: more than 2^53 rows of layer %" PRId64, i);
    }
    return CONCEPTDEC_OK;
}

/* ---- what will be ---- */

/* Of each layer. */
typedef struct staged {
    conceptdec_i_tally tally;
    conceptdec_i_sums *sums;
} staged;

typedef struct merging {
    conceptdec_i_arena *arena;
    conceptdec_accumulator *a;
    const conceptdec_accumulator *other;
    staged *layers;
    uint64_t *producers;
    char *room; /* of the widest sample */
    int64_t *order;
} merging;

/* Chan, Golub and LeVeque. Nothing is where the other one's pilot will be. */
static void
combine(const conceptdec_accumulator *a, const conceptdec_i_layer *l, int64_t class, conceptdec_i_tally *t,
        const conceptdec_i_tally *other)
{
    const int64_t at = class * l->pitch, n = t->n[class], more = other->n[class];
    const double share = (double)more / (double)(n + more), weight = (double)n * share;
    char *pilot = t->pilot + class * l->stride;
    const char *other_pilot = other->pilot + class * l->stride;
    if (n == 0)
        memcpy(pilot, other_pilot, (size_t)l->stride);
    for (int64_t j = 0; j < l->d; j++) {
        double from, to;
        a->widen(other_pilot + j * a->size, &from, 1);
        a->widen(pilot + j * a->size, &to, 1);
        const double shift = from - to + (other->mean[at + j] - t->mean[at + j]);
        t->mean[at + j] += shift * share;
        t->square[at + j] += other->square[at + j] + shift * shift * weight;
    }
    t->n[class] += more;
}

static conceptdec_status
copy(const merging *m, int64_t rows, int64_t columns, uint64_t size, const void *from, void *to)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_accumulator_take(m->arena->ctx, m->a, rows, columns, size, &p));
    memcpy(p, from, (size_t)(rows * columns) * size);
    memcpy(to, &p, sizeof p);
    return CONCEPTDEC_OK;
}

static conceptdec_status
stage_tally(const merging *m, int64_t layer, conceptdec_i_tally *t)
{
    const conceptdec_i_layer *l = &m->a->layers[layer];
    const int64_t classes = m->a->classes;
    conceptdec_i_arena arena;
    conceptdec_i_tally other;
    CONCEPTDEC_I_TRY(copy(m, classes, 1, sizeof *t->n, l->tally.n, &t->n));
    CONCEPTDEC_I_TRY(copy(m, classes, l->stride, 1, l->tally.pilot, &t->pilot));
    CONCEPTDEC_I_TRY(copy(m, classes, l->pitch, sizeof *t->mean, l->tally.mean, &t->mean));
    CONCEPTDEC_I_TRY(copy(m, classes, l->pitch, sizeof *t->square, l->tally.square, &t->square));
    conceptdec_i_arena_open(&arena, m->arena->ctx);
    const conceptdec_status status = conceptdec_i_tally_settle(&arena, m->other, &m->other->layers[layer], &other);
    for (int64_t c = 0; c < classes && status == CONCEPTDEC_OK; c++)
        if (other.n[c] > 0)
            combine(m->a, l, c, t, &other);
    conceptdec_i_arena_close(&arena);
    return status;
}

static conceptdec_status
merge_sums(const merging *m, conceptdec_i_sums *sums, const conceptdec_i_sums *from)
{
    const conceptdec_i_sums_list list = {.memory = m->a->memory, .sums = sums, .count = m->a->n_sums};
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, m->arena->ctx);
    const conceptdec_status status = conceptdec_i_sums_merge(&arena, &list, from);
    conceptdec_i_arena_close(&arena);
    return status;
}

static conceptdec_status
stage_sums(const merging *m, int64_t layer, conceptdec_i_sums **sums)
{
    const conceptdec_i_layer *l = &m->a->layers[layer];
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_accumulator_take(m->arena->ctx, m->a, m->a->n_sums, 1, sizeof **sums, &p));
    *sums = memset(p, 0, (size_t)m->a->n_sums * sizeof **sums);
    for (int64_t i = 0; i < m->a->n_sums; i++) {
        conceptdec_i_sums *s = &(*sums)[i];
        *s = (conceptdec_i_sums){.d = l->d, .classes = l->sums[i].classes, .chunk = l->sums[i].chunk};
        CONCEPTDEC_I_TRY(conceptdec_i_sums_make(m->arena->ctx, m->a->memory, CONCEPTDEC_I_SUMS_SCATTER, s));
    }
    CONCEPTDEC_I_TRY(merge_sums(m, *sums, l->sums));
    return merge_sums(m, *sums, m->other->layers[layer].sums);
}

static conceptdec_status
stage_rest(merging *m)
{
    const conceptdec_accumulator *a = m->a;
    const int64_t producers = a->n_producers + m->other->n_producers;
    int64_t widest = 0, bytes;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_accumulator_take(m->arena->ctx, a, producers, 1, sizeof *m->producers, &p));
    m->producers = memcpy(p, a->producers, (size_t)a->n_producers * sizeof *m->producers);
    memcpy(m->producers + a->n_producers, m->other->producers,
           (size_t)m->other->n_producers * sizeof *m->producers);
    for (int64_t i = 0; i < a->n_layers; i++)
        widest = max64(widest, a->layers[i].row_bytes);
    if (a->options.reservoir == 0)
        return CONCEPTDEC_OK;
    const int64_t places = a->options.reservoir * a->classes;
    if (!conceptdec_i_mul(places, widest, &bytes))
        return conceptdec_i_fail(m->arena->ctx, CONCEPTDEC_EOVERFLOW, "accumulator: a sample does not fit an address");
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->arena, "accumulator", bytes, 1, &p));
    m->room = p;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(m->arena, "accumulator", places, CONCEPTDEC_I_ORDER * sizeof *m->order, &p));
    m->order = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
stage(merging *m)
{
    void *p;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(m->arena, "accumulator", m->a->n_layers, sizeof *m->layers, &p));
    m->layers = p;
    CONCEPTDEC_I_TRY(stage_rest(m));
    for (int64_t i = 0; i < m->a->n_layers; i++) {
        if (conceptdec_i_keeps_variances(m->a))
            CONCEPTDEC_I_TRY(stage_tally(m, i, &m->layers[i].tally));
        if (conceptdec_i_keeps_scatters(m->a))
            CONCEPTDEC_I_TRY(stage_sums(m, i, &m->layers[i].sums));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(m->arena->ctx, 1));
    }
    return CONCEPTDEC_OK;
}

/* ---- what is ---- */

static void
exchange(const merging *m)
{
    conceptdec_accumulator *a = m->a;
    uint64_t *producers = a->producers;
    a->producers = m->producers;
    a->n_producers += m->other->n_producers;
    conceptdec_i_memory_give(a->memory, producers);
    for (int64_t i = 0; i < a->n_layers; i++) {
        conceptdec_i_layer *l = &a->layers[i];
        const conceptdec_i_layer *from = &m->other->layers[i];
        const staged old = {.tally = l->tally, .sums = l->sums};
        l->tally = m->layers[i].tally;
        l->sums = m->layers[i].sums;
        m->layers[i] = old;
        for (int64_t c = 0; c < a->classes; c++)
            l->merged[c] += from->arrived[c] + from->merged[c];
        if (a->options.reservoir > 0)
            conceptdec_i_reservoir_merge(&l->reservoir, &from->reservoir, a->classes, m->room, m->order);
    }
}

/* What was staged and is not wanted, or what it has taken the place of. */
static void
give_staged(const merging *m)
{
    conceptdec_i_memory *memory = m->a->memory;
    for (int64_t i = 0; m->layers && i < m->a->n_layers; i++) {
        const staged *s = &m->layers[i];
        conceptdec_i_memory_give(memory, s->tally.n);
        conceptdec_i_memory_give(memory, s->tally.pilot);
        conceptdec_i_memory_give(memory, s->tally.mean);
        conceptdec_i_memory_give(memory, s->tally.square);
        for (int64_t k = 0; s->sums && k < m->a->n_sums; k++)
            conceptdec_i_sums_give(memory, &s->sums[k]);
        conceptdec_i_memory_give(memory, s->sums);
    }
}

conceptdec_status
conceptdec_accumulator_merge(conceptdec_ctx *ctx, conceptdec_accumulator *a, const conceptdec_accumulator *other)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!a || !other)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", a ? "other" : "accumulator");
    CONCEPTDEC_I_TRY(check_sizes(ctx, a, other));
    CONCEPTDEC_I_TRY(check_options(ctx, a, other));
    CONCEPTDEC_I_TRY(check_counts(ctx, a, other));
    conceptdec_i_arena arena;
    merging m = {.arena = &arena, .a = a, .other = other};
    conceptdec_i_stage(ctx, "merge", a->n_layers);
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_status status = stage(&m);
    if (status == CONCEPTDEC_OK)
        exchange(&m);
    else
        conceptdec_i_memory_give(a->memory, m.producers);
    give_staged(&m);
    conceptdec_i_arena_close(&arena);
    return status;
}
