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

static conceptdec_status
idle(conceptdec_ctx *ctx, const char *name, const char *where)
{
    return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: plays no part %s", name, where);
}

/* One rule for the rank; what a basis of one direction has no use for. */
static conceptdec_status
check_parts(conceptdec_ctx *ctx, const conceptdec_subspaces_options *o)
{
    const bool is_one = o->basis == CONCEPTDEC_BASIS_DIFFERENCE || o->basis == CONCEPTDEC_BASIS_PROBE;
    const bool is_principal = o->basis == CONCEPTDEC_BASIS_WITHIN || o->basis == CONCEPTDEC_BASIS_UNCENTERED;
    if (has_rank(o) && has_share(o))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "explained: plays no part where rank is given");
    if (is_one && has_share(o))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "explained: plays no part with basis \"%s\", one direction",
                                 bases[o->basis]);
    if (is_one && o->rank > 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "rank: %lld, but basis \"%s\" has one direction",
                                 (long long)o->rank, bases[o->basis]);
    if (is_one && conceptdec_i_subspaces_has_tolerance(o))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "tolerance: plays no part with basis \"%s\", one direction",
                                 bases[o->basis]);
    if (o->basis != CONCEPTDEC_BASIS_PROBE && o->probe)
        return idle(ctx, "probe", "but with basis \"probe\"");
    if (!is_principal && (CONCEPTDEC_I_GIVEN(o, SEED) || o->seed))
        return idle(ctx, "seed", "but with bases \"within\" and \"uncentered\"");
    return CONCEPTDEC_OK;
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
    const char *const where = is_moments ? "where moments are given" : "where bases are given";
    const bool has_classes = CONCEPTDEC_I_GIVEN(o, CLASSES) || o->classes;
    if (is_moments && has_classes)
        return idle(ctx, "classes", where);
    if (is_moments)
        return CONCEPTDEC_OK;
    if (CONCEPTDEC_I_GIVEN(o, BASIS) || o->basis)
        return idle(ctx, "basis", where);
    if (has_rank(o) || has_share(o))
        return idle(ctx, has_rank(o) ? "rank" : "explained", where);
    if (CONCEPTDEC_I_GIVEN(o, SEED) || o->seed)
        return idle(ctx, "seed", where);
    return CONCEPTDEC_I_GIVEN(o, MEMORY) || o->memory != DEFAULT_MEMORY ? idle(ctx, "memory", where) : CONCEPTDEC_OK;
}
