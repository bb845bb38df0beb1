/* The subspaces of the classes of one view. */
#include <math.h>
#include <string.h>

#include "stats/groups.h"
#include "subspace/directions.h"
#include "subspace/subspaces.h"

/* The items of each class, those of class c at row[start[c]] .. row[start[c + 1] - 1], as rows of the view. */
typedef struct {
    int64_t *start;
    int32_t *row;
} members;

static conceptdec_status
find_members(conceptdec_i_arena *arena, const int32_t *row, int64_t n, const int32_t *labels, int64_t classes,
             members *m)
{
    CONCEPTDEC_I_TRY(conceptdec_i_groups_list(arena, n, labels, classes, &m->start, &m->row));
    for (int64_t i = 0; row && i < m->start[classes]; i++)
        m->row[i] = row[m->row[i]];
    return CONCEPTDEC_OK;
}

static conceptdec_i_principal_problem
problem_of(const conceptdec_matrix *x, const members *m, int64_t c, const conceptdec_subspaces_options *o)
{
    const int64_t n = m->start[c + 1] - m->start[c];
    return (conceptdec_i_principal_problem){
        .name = "views",
        .x = x,
        .row = m->row + m->start[c],
        .n = n,
        .d = x->cols,
        .is_centred = o->basis == CONCEPTDEC_BASIS_WITHIN,
        .rank = o->rank,
        .explained = o->explained,
        .tolerance = conceptdec_i_subspaces_tolerance(o, n, x->cols, x->dtype),
        .seed = o->seed,
        .memory = o->memory,
    };
}

conceptdec_status
conceptdec_i_subspaces_list(conceptdec_i_arena *arena, const conceptdec_i_principal *found, int64_t count, int64_t d,
                            conceptdec_subspaces **subspaces)
{
    conceptdec_subspaces *s;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "subspaces", count, sizeof(int64_t), &p));
    int64_t *ranks = p;
    for (int64_t c = 0; c < count; c++)
        ranks[c] = found[c].rank;
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_make(arena->ctx, count, d, ranks, &s));
    for (int64_t c = 0; c < count; c++) {
        s->total_variance[c] = found[c].total;
        s->gap[c] = found[c].gap;
        s->undecided[c] = found[c].is_undecided;
        s->n_missing[c] = found[c].n_missing;
        s->n_samples[c] = found[c].n_samples;
        s->class_of[c] = c;
        if (ranks[c] == 0)
            continue;
        memcpy(s->bases + s->start[c] * d, found[c].vectors, (size_t)(ranks[c] * d) * sizeof(double));
        for (int64_t k = 0; k < ranks[c]; k++)
            s->variances[s->start[c] + k] = found[c].variances ? found[c].variances[k] : (double)NAN;
    }
    *subspaces = s;
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_principal(const conceptdec_i_labelled *l, const conceptdec_subspaces_options *o, conceptdec_subspaces **subspaces)
{
    conceptdec_i_arena *arena = l->arena;
    members m;
    void *p;
    CONCEPTDEC_I_TRY(find_members(arena, l->row, l->n, l->labels, l->classes, &m));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "subspaces", l->classes, sizeof(conceptdec_i_principal), &p));
    conceptdec_i_principal *found = p;
    for (int64_t c = 0; c < l->classes; c++) {
        const conceptdec_i_principal_problem problem = problem_of(l->x, &m, c, o);
        CONCEPTDEC_I_TRY(conceptdec_i_principal_find(arena, &problem, &found[c]));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
    }
    return conceptdec_i_subspaces_list(arena, found, l->classes, l->x->cols, subspaces);
}

conceptdec_status
conceptdec_i_subspaces_of(conceptdec_i_arena *arena, const conceptdec_matrix *x, const int32_t *row, int64_t n,
                          const int32_t *labels, int64_t classes, const conceptdec_subspaces_options *options,
                          conceptdec_subspaces **subspaces)
{
    conceptdec_i_arena own;
    const conceptdec_i_labelled l = {.arena = &own, .x = x, .row = row, .n = n, .labels = labels, .classes = classes};
    conceptdec_subspaces *made = NULL;
    conceptdec_i_arena_open(&own, arena->ctx);
    conceptdec_status status = options->basis == CONCEPTDEC_BASIS_MEANS ? conceptdec_i_basis_means(&l, options, &made)
                               : options->basis == CONCEPTDEC_BASIS_DIFFERENCE
                                   ? conceptdec_i_basis_difference(&l, options, &made)
                               : options->basis == CONCEPTDEC_BASIS_PROBE ? conceptdec_i_basis_probe(&l, options, &made)
                                                                          : find_principal(&l, options, &made);
    conceptdec_i_arena_close(&own);
    if (status == CONCEPTDEC_OK)
        *subspaces = made;
    return status;
}
