/* Streaming moments: rows and other states are added. */
#include "projection/moments.h"

#include <inttypes.h>

static conceptdec_i_sums_list
sums_of(conceptdec_moments *m)
{
    return (conceptdec_i_sums_list){.memory = m->memory, .sums = &m->sums, .count = 1};
}

/* Answers that were given are out of date. */
static conceptdec_status
changed(conceptdec_moments *m, conceptdec_status status)
{
    if (status == CONCEPTDEC_OK) {
        conceptdec_i_memory_give(m->memory, m->covariance);
        conceptdec_i_memory_give(m->memory, m->mean);
        m->covariance = m->mean = NULL;
    }
    return status;
}

static conceptdec_status
add(conceptdec_i_arena *arena, conceptdec_moments *m, const conceptdec_matrix *x)
{
    const conceptdec_i_sums_list sums = sums_of(m);
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "x", &x));
    if (x->cols != m->d)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE, "x: %" PRId64 " columns, but the state has %" PRId64,
                                 x->cols, m->d);
    return changed(m, conceptdec_i_sums_add(arena, &sums, x, NULL));
}

conceptdec_status
conceptdec_moments_add(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_matrix *x)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "moments: is NULL");
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = add(&arena, moments, x);
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_moments_merge(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_moments *other)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments || !other)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", moments ? "other" : "moments");
    if (moments->d != other->d)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE,
                                 "other: rows of %" PRId64 " numbers, but the state has %" PRId64, other->d,
                                 moments->d);
    const conceptdec_i_sums_list sums = sums_of(moments);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_sums_merge(&arena, &sums, &other->sums);
    conceptdec_i_arena_close(&arena);
    return changed(moments, status);
}
