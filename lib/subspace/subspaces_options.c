/* Options of subspaces: defaults and ranges, and which of them play no part. */
#include <math.h>

#include "subspace/subspaces.h"

#define DEFAULT_MEMORY (INT64_C(1) << 29)

enum { PROBE, RANK, CLASSES, MEMORY, SEED, EXPLAINED, TOLERANCE, BASIS, FLAGS, FIELDS };

static const char *const bases[] = {"within", "uncentered", "means", "difference", "probe"};

bool
conceptdec_i_subspaces_has_tolerance(const conceptdec_subspaces_options *o)
{
    return CONCEPTDEC_I_GIVEN(o, TOLERANCE) || o->tolerance != 0;
}

/* Half of the distance between 1 and the next number. */
static double
storage_epsilon(int32_t dtype)
{
    switch (dtype) {
    case CONCEPTDEC_FLOAT16:
        return 0x1p-11;
    case CONCEPTDEC_BFLOAT16:
        return 0x1p-8;
    case CONCEPTDEC_FLOAT32:
        return 0x1p-24;
    default:
        return 0x1p-53;
    }
}

double
conceptdec_i_subspaces_tolerance(const conceptdec_subspaces_options *o, int64_t n, int64_t d, int32_t dtype)
{
    return conceptdec_i_subspaces_has_tolerance(o) ? o->tolerance
                                                   : fmax((double)(n > d ? n : d) * 0x1p-52, storage_epsilon(dtype));
}

static bool
has_rank(const conceptdec_subspaces_options *o)
{
    return CONCEPTDEC_I_GIVEN(o, RANK) || o->rank != 0;
}

static bool
has_share(const conceptdec_subspaces_options *o)
{
    return CONCEPTDEC_I_GIVEN(o, EXPLAINED) || o->explained != 0;
}

static conceptdec_status
check_numbers(conceptdec_ctx *ctx, const conceptdec_subspaces_options *o)
{
    if (o->flags)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: is 0x%x, must be 0", o->flags);
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "basis", o->basis, CONCEPTDEC_BASIS_PROBE + 1));
    if (has_rank(o) && o->rank < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "rank: %lld, must be at least 1", (long long)o->rank);
    if (has_share(o) && !(o->explained > 0 && o->explained <= 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "explained: must be above 0, and 1 at most");
    if (!(o->tolerance >= 0 && o->tolerance < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "tolerance: must be at least 0, and below 1");
    if (o->classes < 0 || o->classes > INT32_MAX || (CONCEPTDEC_I_GIVEN(o, CLASSES) && o->classes == 0))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "classes: %lld is not in 1..%d", (long long)o->classes,
                                 INT32_MAX);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0", (long long)o->memory);
    return CONCEPTDEC_OK;
}

/* One rule for the rank; what a basis of one direction has no use for. */
static conceptdec_status
check_parts(conceptdec_ctx *ctx, const conceptdec_subspaces_options *o)
{
    const bool is_one = o->basis == CONCEPTDEC_BASIS_DIFFERENCE || o->basis == CONCEPTDEC_BASIS_PROBE;
    const bool is_principal = o->basis == CONCEPTDEC_BASIS_WITHIN || o->basis == CONCEPTDEC_BASIS_UNCENTERED;
    const conceptdec_i_idle idle[] = {
        {"explained", has_rank(o) && has_share(o), "so is rank"},
        {"explained", is_one && has_share(o), "the basis is of one direction"},
        {"tolerance", is_one && conceptdec_i_subspaces_has_tolerance(o), "the basis is of one direction"},
        {"probe", o->probe && o->basis != CONCEPTDEC_BASIS_PROBE, "basis is not \"probe\""},
        {"seed", !is_principal && o->seed != 0, "basis is neither \"within\" nor \"uncentered\""},
    };
    if (is_one && o->rank > 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "rank: %lld, but basis \"%s\" has one direction",
                                 (long long)o->rank, bases[o->basis]);
    return conceptdec_i_refuse_idle(ctx, idle, sizeof idle / sizeof *idle);
}

conceptdec_status
conceptdec_i_subspaces_options_take(conceptdec_ctx *ctx, const conceptdec_subspaces_options *given,
                                    conceptdec_subspaces_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, FIELDS));
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, DEFAULT_MEMORY);
    CONCEPTDEC_I_TRY(check_numbers(ctx, o));
    return check_parts(ctx, o);
}

conceptdec_status
conceptdec_i_subspaces_options_refuse(conceptdec_ctx *ctx, const conceptdec_subspaces_options *o, bool is_moments)
{
    const char *const bases_are = "bases are, too";
    const conceptdec_i_idle idle[] = {
        {"classes", is_moments && o->classes != 0, "the moments have their own"},
        {"basis", !is_moments && o->basis != 0, bases_are},
        {"rank", !is_moments && has_rank(o), bases_are},
        {"explained", !is_moments && has_share(o), bases_are},
        {"seed", !is_moments && o->seed != 0, bases_are},
        {"memory", !is_moments && o->memory != DEFAULT_MEMORY, bases_are},
    };
    return conceptdec_i_refuse_idle(ctx, idle, sizeof idle / sizeof *idle);
}
