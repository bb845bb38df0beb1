/* conceptdec_subspaces_overlap(): arguments and result. */
#include "subspace/overlap.h"

#include "stats/bootstrap.h"

#define FIELDS 9 /* of conceptdec_overlap_options, after `given` */
#define MEMORY 4
#define DEFAULT_MEMORY (INT64_C(1) << 29)

conceptdec_status
conceptdec_i_overlap_options_take(conceptdec_ctx *ctx, const conceptdec_overlap_options *given,
                                  conceptdec_overlap_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, FIELDS));
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, DEFAULT_MEMORY);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0", (long long)o->memory);
    if (o->flags & ~(CONCEPTDEC_OVERLAP_NO_ANGLES | CONCEPTDEC_OVERLAP_COUNT_MISSING))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", o->flags);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_overlap_report(conceptdec_ctx *ctx, const conceptdec_overlap_options *o, conceptdec_result *result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, "memory", (double)o->memory));
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_option_number(ctx, result, "no_angles", (o->flags & CONCEPTDEC_OVERLAP_NO_ANGLES) != 0));
    return conceptdec_i_result_option_number(ctx, result, "count_missing",
                                             (o->flags & CONCEPTDEC_OVERLAP_COUNT_MISSING) != 0);
}

/* What needs samples. */
static conceptdec_status
check_effects(conceptdec_ctx *ctx, const conceptdec_overlap_options *o)
{
    const char *const reason = "the subspaces are there already";
    const conceptdec_i_idle idle[] = {
        {"subspaces", o->subspaces != NULL, reason}, {"groups", o->groups != NULL, reason},
        {"permutations", o->permutations != 0, reason}, {"bootstrap", o->bootstrap != 0, reason},
        {"seed", o->seed != 0, reason}, {"permute", o->permute != CONCEPTDEC_PERMUTE_FREE, reason},
        {"confidence", o->confidence != 0 && o->confidence != CONCEPTDEC_I_CONFIDENCE, reason},
    };
    return conceptdec_i_refuse_idle(ctx, idle, sizeof idle / sizeof *idle);
}

static conceptdec_status
check_arguments(conceptdec_ctx *ctx, const conceptdec_subspaces *a, const conceptdec_subspaces *b,
                const conceptdec_overlap_options *options, conceptdec_result **result, conceptdec_overlap_options *o)
{
    if (!a)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "a: is NULL");
    if (!result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "result: is NULL");
    if (b && b->d != a->d)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "b: subspaces of %lld dimensions, but those of a have %lld",
                                 (long long)b->d, (long long)a->d);
    CONCEPTDEC_I_TRY(conceptdec_i_overlap_options_take(ctx, options, o));
    return check_effects(ctx, o);
}

static conceptdec_status
make(conceptdec_i_arena *arena, const conceptdec_subspaces *a, const conceptdec_subspaces *b,
     const conceptdec_overlap_options *o, conceptdec_result *result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_overlap_report(arena->ctx, o, result));
    return conceptdec_i_overlap_fill(arena, a, b, o, result);
}

conceptdec_status
conceptdec_subspaces_overlap(conceptdec_ctx *ctx, const conceptdec_subspaces *a, const conceptdec_subspaces *b,
                             const conceptdec_overlap_options *options, conceptdec_result **result)
{
    conceptdec_overlap_options o;
    conceptdec_result *made = NULL;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    CONCEPTDEC_I_TRY(check_arguments(ctx, a, b, options, result, &o));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_result_new(ctx, "overlap", &made);
    if (status == CONCEPTDEC_OK)
        status = make(&arena, a, b, &o, made);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = made;
    else
        conceptdec_result_free(made);
    return status;
}
