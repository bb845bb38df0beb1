/* Orders of the permutation null, and how often the bootstrap draws each item. */
#include <inttypes.h>

#include "similarity/similarity.h"
#include "stats/bootstrap.h"

/* ---- permutations ---- */

static conceptdec_status
take_ranks(conceptdec_i_arena *arena, int64_t n, int64_t **ranks)
{
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "permutations", n, sizeof **ranks, ranks));
    for (int64_t i = 0; i < n; i++)
        (*ranks)[i] = i;
    return CONCEPTDEC_OK;
}

/* Two groups of one size (free), or a group of two (within). */
static conceptdec_status
check_moves(conceptdec_i_arena *arena, const conceptdec_i_groups *g, int32_t scheme)
{
    int32_t *order;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "groups", g->count, sizeof *order, &order));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_by_size(arena, g, order));
    for (int64_t i = 0; i < g->count; i++) {
        int64_t size = g->start[order[i] + 1] - g->start[order[i]];
        int64_t before = i ? g->start[order[i - 1] + 1] - g->start[order[i - 1]] : -1;
        if (scheme == CONCEPTDEC_PERMUTE_WITHIN ? size > 1 : size == before)
            return CONCEPTDEC_OK;
    }
    return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EGROUPS,
                             scheme == CONCEPTDEC_PERMUTE_WITHIN
                                 ? "groups: each has one member only, so permuting within groups changes nothing"
                                 : "groups: no two are of one size, so permuting them changes nothing");
}

/* Numbers are permuted as if they were labels: where groups are given and items move freely, whole groups of one
 * size. */
static conceptdec_status
new_plan(conceptdec_i_arena *arena, const conceptdec_similarity_options *o, int64_t n, const int64_t *groups,
         conceptdec_i_permute **plan)
{
    int32_t scheme = groups && o->permute == CONCEPTDEC_PERMUTE_FREE ? CONCEPTDEC_PERMUTE_WHOLE : o->permute;
    conceptdec_i_groups numbered;
    int64_t *ranks;
    if (!groups && scheme == CONCEPTDEC_PERMUTE_WITHIN)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EGROUPS, "groups: permute \"within\" needs them");
    if (groups) {
        CONCEPTDEC_I_TRY(conceptdec_i_groups_number(arena, n, groups, NULL, &numbered));
        CONCEPTDEC_I_TRY(check_moves(arena, &numbered, o->permute));
    }
    CONCEPTDEC_I_TRY(take_ranks(arena, n, &ranks));
    return conceptdec_i_permute_new(arena->ctx, scheme, n, ranks, groups, o->seed, plan);
}

static conceptdec_status
draw_order(conceptdec_i_arena *arena, const conceptdec_i_similarity *s, int64_t n, const int64_t *groups, int64_t draw,
           int32_t *order)
{
    conceptdec_i_permute *plan = s->plan;
    int32_t *scratch;
    bool is_own = !plan || n != s->n || groups != s->groups;
    if (is_own)
        CONCEPTDEC_I_TRY(new_plan(arena, &s->options, n, groups, &plan));
    conceptdec_status status = conceptdec_i_groups_take(arena, "permutations", n, sizeof *scratch, &scratch);
    if (status == CONCEPTDEC_OK)
        conceptdec_i_permute_draw(plan, draw, scratch, order);
    if (is_own)
        conceptdec_i_permute_free(s->ctx, plan);
    return status;
}

conceptdec_status
conceptdec_i_similarity_order(const conceptdec_i_similarity *s, int64_t n, const int64_t *groups, int64_t draw,
                              int32_t *order)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, s->ctx);
    conceptdec_status status = draw_order(&arena, s, n, groups, draw, order);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- bootstrap ---- */

static conceptdec_status
draw_times(conceptdec_i_arena *arena, const conceptdec_i_similarity *s, int64_t n, const int64_t *groups, int64_t draw,
           int32_t *times)
{
    conceptdec_i_groups numbered;
    const conceptdec_i_groups *units = &s->units;
    int32_t *counts;
    if (!units->number || n != s->n || groups != s->groups) {
        CONCEPTDEC_I_TRY(conceptdec_i_groups_number(arena, n, groups, NULL, &numbered));
        units = &numbered;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "bootstrap", units->count, sizeof *counts, &counts));
    conceptdec_i_bootstrap_count(s->options.seed, draw, units->count, counts);
    for (int64_t i = 0; i < n; i++)
        times[i] = counts[units->number[i]];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_similarity_drawn(const conceptdec_i_similarity *s, int64_t n, const int64_t *groups, int64_t draw,
                              int32_t *times)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, s->ctx);
    conceptdec_status status = draw_times(&arena, s, n, groups, draw, times);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- plans ---- */

conceptdec_status
conceptdec_i_similarity_plan(conceptdec_i_similarity *s)
{
    const conceptdec_similarity_options *o = &s->options;
    if (o->bootstrap > 0)
        CONCEPTDEC_I_TRY(conceptdec_i_groups_number(s->arena, s->n, s->groups, NULL, &s->units));
    if (s->options.bootstrap > 0 && s->units.count < 2)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EGROUPS, "groups: one alone cannot be drawn anew");
    if (o->permutations == 0 || o->labels)
        return CONCEPTDEC_OK;
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, s->ctx);
    conceptdec_status status = new_plan(&scratch, o, s->n, s->groups, &s->plan);
    conceptdec_i_arena_close(&scratch);
    return status;
}

void
conceptdec_i_similarity_unplan(conceptdec_i_similarity *s)
{
    conceptdec_i_permute_free(s->ctx, s->plan);
}
