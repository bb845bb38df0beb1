/* The subspaces of the classes of one view. */
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "subspace/principal.h"
#include "subspace/subspaces.h"

#define MOST_SUBSPACES INT32_MAX

/* The items of each class, those of class c at row[start[c]] .. row[start[c + 1] - 1], as rows of the view. */
typedef struct {
    int64_t *start;
    int32_t *row;
} members;

static conceptdec_status
find_members(conceptdec_i_arena *arena, const int32_t *row, int64_t n, const int32_t *labels, int64_t classes,
             members *m)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "classes", classes + 2, sizeof(int64_t), &p));
    int64_t *next = p;
    m->start = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "classes", n, sizeof(int32_t), &p));
    m->row = p;
    for (int64_t i = 0; i < n; i++)
        if (labels[i] >= 0)
            next[labels[i] + 2]++;
    for (int64_t c = 0; c < classes; c++)
        next[c + 2] += next[c + 1];
    for (int64_t i = 0; i < n; i++)
        if (labels[i] >= 0)
            m->row[next[labels[i] + 1]++] = row ? row[i] : (int32_t)i;
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

/* found[c] becomes subspace c. */
static conceptdec_status
list_of(conceptdec_i_arena *arena, const conceptdec_i_principal *found, int64_t count, int64_t d,
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
        s->class_of[c] = c;
        if (ranks[c] == 0)
            continue;
        memcpy(s->bases + s->start[c] * d, found[c].vectors, (size_t)(ranks[c] * d) * sizeof(double));
        memcpy(s->variances + s->start[c], found[c].variances, (size_t)ranks[c] * sizeof(double));
    }
    *subspaces = s;
    return CONCEPTDEC_OK;
}

static conceptdec_status
principal(conceptdec_i_arena *arena, const conceptdec_matrix *x, const members *m, int64_t classes,
          const conceptdec_subspaces_options *o, conceptdec_subspaces **subspaces)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "subspaces", classes, sizeof(conceptdec_i_principal), &p));
    conceptdec_i_principal *found = p;
    for (int64_t c = 0; c < classes; c++) {
        const conceptdec_i_principal_problem problem = problem_of(x, m, c, o);
        CONCEPTDEC_I_TRY(conceptdec_i_principal_find(arena, &problem, &found[c]));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
    }
    return list_of(arena, found, classes, x->cols, subspaces);
}

conceptdec_status
conceptdec_i_subspaces_of(conceptdec_i_arena *arena, const conceptdec_matrix *x, const int32_t *row, int64_t n,
                          const int32_t *labels, int64_t classes, const conceptdec_subspaces_options *options,
                          conceptdec_subspaces **subspaces)
{
    conceptdec_i_arena own;
    members m;
    conceptdec_subspaces *made = NULL;
    conceptdec_i_arena_open(&own, arena->ctx);
    conceptdec_status status = find_members(&own, row, n, labels, classes, &m);
    if (status == CONCEPTDEC_OK)
        status = principal(&own, x, &m, classes, options, &made);
    for (int64_t c = 0; c < classes && status == CONCEPTDEC_OK; c++)
        made->n_samples[c] = m.start[c + 1] - m.start[c];
    conceptdec_i_arena_close(&own);
    if (status == CONCEPTDEC_OK)
        *subspaces = made;
    return status;
}
