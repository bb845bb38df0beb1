/* Options of principal components: defaults and ranges. */
#include <math.h>

#include "projection/pca.h"

enum { N_COMPONENTS, MAX_ITERATIONS, MEMORY, SEED, TOLERANCE, SOLVER, FLAGS, FIELDS };

#define USUAL_ITERATIONS 40
#define USUAL_TOLERANCE 1e-5

static void
set_defaults(conceptdec_pca_options *o, int64_t most)
{
    conceptdec_i_default_int(o->given, N_COMPONENTS, &o->n_components, most);
    conceptdec_i_default_int(o->given, MAX_ITERATIONS, &o->max_iterations, USUAL_ITERATIONS);
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, INT64_C(1) << 29);
    conceptdec_i_default_real(o->given, TOLERANCE, &o->tolerance, USUAL_TOLERANCE);
}

static conceptdec_status
check_numbers(conceptdec_ctx *ctx, const conceptdec_pca_options *o, int64_t most)
{
    const uint32_t known = CONCEPTDEC_PCA_UNCENTERED | CONCEPTDEC_PCA_STANDARDIZE | CONCEPTDEC_PCA_WHITEN;
    if (o->flags & ~known)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", o->flags & ~known);
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "solver", o->solver, CONCEPTDEC_PCA_KRYLOV + 1));
    if (o->n_components < 1 || o->n_components > most)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EK,
                                 "n_components: %lld is not in 1..%lld, the lesser of rows and columns",
                                 (long long)o->n_components, (long long)most);
    if (o->max_iterations < 1 || o->max_iterations > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "max_iterations: %lld is not in 1..%d",
                                 (long long)o->max_iterations, INT32_MAX);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld, must be at least 1", (long long)o->memory);
    if (!(o->tolerance >= 0 && isfinite(o->tolerance)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "tolerance: must be finite and at least 0");
    return CONCEPTDEC_OK;
}

/* With defaults filled in: what some solvers do not take, where one of them was asked for. */
static conceptdec_status
check_effects(conceptdec_ctx *ctx, const conceptdec_pca_options *o, bool is_wide)
{
    const bool is_exact = o->solver != CONCEPTDEC_PCA_AUTO && o->solver != CONCEPTDEC_PCA_KRYLOV;
    const bool is_met = !is_exact || (o->solver == CONCEPTDEC_PCA_COVARIANCE && !is_wide);
    const conceptdec_i_idle idle[] = {
        {"max_iterations", is_exact && o->max_iterations != USUAL_ITERATIONS, "only solver \"krylov\" has iterations"},
        {"tolerance", !is_met && o->tolerance != USUAL_TOLERANCE,
         "only solver \"krylov\", and \"covariance\" of rows narrower than float64, go by one"},
    };
    return conceptdec_i_refuse_idle(ctx, idle, sizeof idle / sizeof *idle);
}

conceptdec_status
conceptdec_i_pca_options_take(conceptdec_ctx *ctx, const char *name, const conceptdec_pca_options *given, int64_t n,
                              int64_t d, bool is_wide, conceptdec_pca_options *o)
{
    int64_t most = n < d ? n : d;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, FIELDS));
    if (n < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "%s: %lld rows, at least 2 are needed", name, (long long)n);
    if (d > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: %lld dimensions, at most %d are possible", name,
                                 (long long)d, INT32_MAX);
    set_defaults(o, most);
    CONCEPTDEC_I_TRY(check_numbers(ctx, o, most));
    return check_effects(ctx, o, is_wide);
}
