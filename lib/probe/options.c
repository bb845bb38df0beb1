/* Options of linear probes: defaults, ranges, and how they are reported. */
#include "probe/probe.h"

#include <math.h>
#include <string.h>

#include "core/named.h"
#include "stats/bootstrap.h"

#define FIELDS 23 /* of conceptdec_probe_options, after `given` */
#define MOST_LAMBDAS 10000
#define USUAL_ITERATIONS 100
#define USUAL_TOLERANCE 1e-12

/* Bits of `given`. */
enum {
    LAMBDAS,
    N_LAMBDAS,
    GROUPS,
    TRAIN,
    WEIGHTS,
    TYPES,
    CLASSES,
    FOLDS,
    PERMUTATIONS,
    BOOTSTRAP,
    CONTROL,
    MAX_ITERATIONS,
    MEMORY,
    SEED,
    CONFIDENCE,
    TOLERANCE,
    SHRINKAGE,
    KIND,
    PROTOCOL,
    STANDARDIZE,
    COVARIANCE
};

static const char *const kinds[] = {"logistic", "ridge", "lda", "mean_difference", "nearest_mean"};
static const char *const protocols[] = {"loo", "group", "kfold", "split", "resubstitution"};
static const char *const standardizations[] = {"none", "global", "fold"};
static const char *const covariances[] = {"ledoit_wolf", "pooled", "fixed"};
static const char *const schemes[] = {"free", "within", "whole"};

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof *(array)))

static void
set_defaults(conceptdec_probe_options *o)
{
    conceptdec_i_default_int(o->given, FOLDS, &o->folds, 5);
    conceptdec_i_default_int(o->given, MAX_ITERATIONS, &o->max_iterations, USUAL_ITERATIONS);
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, INT64_C(1) << 30);
    conceptdec_i_default_real(o->given, CONFIDENCE, &o->confidence, CONCEPTDEC_I_CONFIDENCE);
    conceptdec_i_default_real(o->given, TOLERANCE, &o->tolerance, USUAL_TOLERANCE);
    if (o->protocol == 0 && !CONCEPTDEC_I_GIVEN(o, PROTOCOL))
        o->protocol = CONCEPTDEC_PROTOCOL_KFOLD;
}

/* ---- checks ---- */

static conceptdec_status
check_choices(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    const uint32_t known = CONCEPTDEC_PROBE_BALANCED | CONCEPTDEC_PROBE_SKIP_MISSING | CONCEPTDEC_PROBE_UNSTRATIFIED |
                           CONCEPTDEC_PROBE_NESTED | CONCEPTDEC_PROBE_MDL | CONCEPTDEC_PROBE_NO_SAMPLES |
                           CONCEPTDEC_PROBE_NO_FIT;
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "kind", o->kind, COUNT(kinds)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "protocol", o->protocol, COUNT(protocols)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "standardize", o->standardize, COUNT(standardizations)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "covariance", o->covariance, COUNT(covariances)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "permute", o->permute, COUNT(schemes)));
    if (o->flags & ~known)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", o->flags & ~known);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_numbers(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    bool has_classes = o->classes != 0 || CONCEPTDEC_I_GIVEN(o, CLASSES);
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "permutations", o->permutations));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "bootstrap", o->bootstrap));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "control", o->control));
    if (has_classes && (o->classes < 1 || o->classes > CONCEPTDEC_I_PROBE_MAX_CLASSES))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "classes: %lld is not in 1..%d", (long long)o->classes,
                                 CONCEPTDEC_I_PROBE_MAX_CLASSES);
    if (o->folds < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EFOLDS, "folds: %lld is below 2", (long long)o->folds);
    if (o->max_iterations < 1 || o->max_iterations > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "max_iterations: %lld is not in 1..%d",
                                 (long long)o->max_iterations, INT32_MAX);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0", (long long)o->memory);
    if (!(o->confidence > 0 && o->confidence < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "confidence: must lie between 0 and 1, both excluded");
    if (!(o->tolerance > 0 && o->tolerance < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "tolerance: must lie between 0 and 1, both excluded");
    if (!(o->shrinkage >= 0 && o->shrinkage <= 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "shrinkage: must lie in 0..1");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_covariance(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    bool is_given = o->shrinkage != 0 || CONCEPTDEC_I_GIVEN(o, SHRINKAGE);
    bool is_fixed = o->covariance == CONCEPTDEC_COVARIANCE_FIXED;
    if (o->kind != CONCEPTDEC_PROBE_LDA && (o->covariance != 0 || CONCEPTDEC_I_GIVEN(o, COVARIANCE) || is_given))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: is given, but kind \"%s\" has no covariance",
                                 is_given ? "shrinkage" : "covariance", kinds[o->kind]);
    if (is_given && !is_fixed)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "shrinkage: is given, but covariance is \"%s\", not \"fixed\"",
                                 covariances[o->covariance]);
    if (is_fixed && !is_given)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "shrinkage: is left out, but covariance \"fixed\" needs it");
    return CONCEPTDEC_OK;
}

static bool
is_closed_form(const conceptdec_probe_options *o)
{
    return o->kind != CONCEPTDEC_PROBE_LOGISTIC && o->kind != CONCEPTDEC_PROBE_LDA;
}

static conceptdec_status
check_protocol(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    bool leaves_rows = o->protocol == CONCEPTDEC_PROTOCOL_LOO || o->protocol == CONCEPTDEC_PROTOCOL_GROUP;
    if (o->protocol == CONCEPTDEC_PROTOCOL_GROUP && !o->groups)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: missing, but the group protocol needs them");
    if (o->protocol == CONCEPTDEC_PROTOCOL_SPLIT && !o->train)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "train: missing, but the split protocol needs it");
    if (o->protocol != CONCEPTDEC_PROTOCOL_SPLIT && o->train)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL,
                                 "train: is given, but only the split protocol has training rows");
    if (o->protocol == CONCEPTDEC_PROTOCOL_LOO && !is_closed_form(o))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED,
                                 "protocol: leave-one-out of kind \"%s\" would be a fit for each row; use k-fold",
                                 kinds[o->kind]);
    if (leaves_rows && is_closed_form(o) && o->standardize == CONCEPTDEC_STANDARDIZE_FOLD)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED,
                                 "standardize: \"fold\" would be a fit for each row or group; use k-fold");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_extras(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    bool is_resubstitution = o->protocol == CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    if (o->permute != CONCEPTDEC_PERMUTE_FREE && !o->groups)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: missing, but permute \"%s\" needs them",
                                 schemes[o->permute]);
    if (o->control > 0 && !o->types)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL,
                                 "types: missing, but a control task needs the type of each row; "
                                 "permutations need none");
    if ((o->flags & CONCEPTDEC_PROBE_MDL) && o->kind == CONCEPTDEC_PROBE_RIDGE)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "kind: ridge has no posterior, which a code length needs");
    if ((o->flags & CONCEPTDEC_PROBE_NESTED) && (o->n_lambdas < 2 || is_resubstitution))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL,
                                 "lambdas: nested selection needs two or more, and a protocol that leaves rows out");
    if ((o->flags & CONCEPTDEC_PROBE_NESTED) && is_closed_form(o) &&
        (o->protocol == CONCEPTDEC_PROTOCOL_LOO || o->protocol == CONCEPTDEC_PROTOCOL_GROUP))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED,
                                 "protocol: nested selection inside \"%s\" would be a fit for each; use k-fold",
                                 protocols[o->protocol]);
    return CONCEPTDEC_OK;
}

/* ---- options that would change nothing ---- */

/* What decides over groups beside the folds that keep them whole. */
static bool
uses_groups(const conceptdec_probe_options *o, bool has_folds)
{
    bool permutes = o->permutations > 0 && o->permute != CONCEPTDEC_PERMUTE_FREE;
    return has_folds || o->protocol == CONCEPTDEC_PROTOCOL_GROUP || o->bootstrap > 0 || permutes;
}

/* As the caller wrote them, before defaults: an option without effect is one that was meant otherwise. A default that
 * is written out may stand, but for folds: who writes these wants them. */
static conceptdec_status
check_effects(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    bool is_kfold = o->protocol == CONCEPTDEC_PROTOCOL_KFOLD || (o->protocol == 0 && !CONCEPTDEC_I_GIVEN(o, PROTOCOL));
    bool has_folds = is_kfold || (o->flags & CONCEPTDEC_PROBE_NESTED);
    bool is_logistic = o->kind == CONCEPTDEC_PROBE_LOGISTIC;
    const conceptdec_i_idle idle[] = {
        {"folds", !has_folds && (o->folds != 0 || CONCEPTDEC_I_GIVEN(o, FOLDS)),
         "only the k-fold protocol and nested selection have folds"},
        {"stratified", !has_folds && (o->flags & CONCEPTDEC_PROBE_UNSTRATIFIED),
         "only the k-fold protocol and nested selection have folds"},
        {"max_iterations", !is_logistic && o->max_iterations != 0 && o->max_iterations != USUAL_ITERATIONS,
         "only kind \"logistic\" has iterations"},
        {"tolerance", !is_logistic && o->tolerance != 0 && o->tolerance != USUAL_TOLERANCE,
         "only kind \"logistic\" converges to one"},
        {"permute", o->permutations == 0 && o->permute != CONCEPTDEC_PERMUTE_FREE,
         "without permutations nothing is permuted"},
        {"confidence", o->bootstrap == 0 && o->confidence != 0 && o->confidence != CONCEPTDEC_I_CONFIDENCE,
         "without bootstrap there is no interval"},
        {"types", o->control == 0 && o->types != NULL, "only control tasks have types"},
        {"groups", o->groups != NULL && !uses_groups(o, has_folds),
         "this protocol does not leave them out (\"group\" does), and neither folds, bootstrap nor permute use them"},
    };
    return conceptdec_i_refuse_idle(ctx, idle, COUNT(idle));
}

/* ---- lambdas ---- */

static bool
has_lambdas(const conceptdec_probe_options *o)
{
    return o->kind == CONCEPTDEC_PROBE_LOGISTIC || o->kind == CONCEPTDEC_PROBE_RIDGE;
}

static conceptdec_status
check_lambdas(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    if (!o->lambdas && (o->n_lambdas != 0 || CONCEPTDEC_I_GIVEN(o, LAMBDAS)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "lambdas: is NULL, but n_lambdas is %lld",
                                 (long long)o->n_lambdas);
    if (!o->lambdas)
        return CONCEPTDEC_OK;
    if (!has_lambdas(o))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "lambdas: are given, but kind \"%s\" has no penalty",
                                 kinds[o->kind]);
    if (o->n_lambdas < 1 || o->n_lambdas > MOST_LAMBDAS)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_lambdas: %lld is not in 1..%d", (long long)o->n_lambdas,
                                 MOST_LAMBDAS);
    for (int64_t i = 0; i < o->n_lambdas; i++) {
        bool may_be_zero = o->kind == CONCEPTDEC_PROBE_RIDGE;
        double lambda = o->lambdas[i];
        if (!(lambda >= 0 && lambda <= 1e300) || (lambda == 0 && !may_be_zero))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "lambdas: that at place %lld must be finite and %s 0",
                                     (long long)i, may_be_zero ? "at least" : "above");
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_lambdas(conceptdec_i_arena *arena, conceptdec_i_probe_settings *settings)
{
    conceptdec_probe_options *o = &settings->options;
    int64_t count = o->lambdas ? o->n_lambdas : 1;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "lambdas", count, sizeof(double), &memory));
    settings->lambdas = memory;
    settings->lambda_is_default = !o->lambdas && has_lambdas(o);
    if (o->lambdas)
        memcpy(memory, o->lambdas, (size_t)count * sizeof(double));
    else
        *settings->lambdas = (double)NAN;
    o->lambdas = memory;
    o->n_lambdas = count;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_settings_take(conceptdec_i_arena *arena, const conceptdec_probe_options *options, int64_t n,
                                 int64_t d, conceptdec_i_probe_settings *settings)
{
    conceptdec_ctx *ctx = arena->ctx;
    *settings = (conceptdec_i_probe_settings){.n = n, .d = d};
    conceptdec_probe_options *o = &settings->options;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", options, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, FIELDS));
    const conceptdec_probe_options written = *o;
    set_defaults(o);
    CONCEPTDEC_I_TRY(check_choices(ctx, o));
    CONCEPTDEC_I_TRY(check_numbers(ctx, o));
    CONCEPTDEC_I_TRY(check_covariance(ctx, o));
    CONCEPTDEC_I_TRY(check_protocol(ctx, o));
    CONCEPTDEC_I_TRY(check_lambdas(ctx, o));
    CONCEPTDEC_I_TRY(check_extras(ctx, o));
    CONCEPTDEC_I_TRY(check_effects(ctx, &written));
    if (n < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "x: %lld row, at least 2 are needed", (long long)n);
    if (n > INT32_MAX || d > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "x: %lld x %lld, at most %d of either are possible",
                                 (long long)n, (long long)d, INT32_MAX);
    return take_lambdas(arena, settings);
}

/* ---- report ---- */

conceptdec_status
conceptdec_i_probe_settings_report(conceptdec_ctx *ctx, const conceptdec_i_probe_settings *settings,
                                   conceptdec_result *result)
{
    const conceptdec_probe_options *o = &settings->options;
    const conceptdec_i_option_text texts[] = {
        {"kind", kinds[o->kind]},
        {"protocol", protocols[o->protocol]},
        {"standardize", standardizations[o->standardize]},
        {"covariance", o->kind == CONCEPTDEC_PROBE_LDA ? covariances[o->covariance] : "none"},
        {"permute", schemes[o->permute]},
    };
    const conceptdec_i_option_number numbers[] = {
        {"n", (double)settings->n},
        {"groups", o->groups != NULL},
        {"weights", o->weights != NULL},
        {"classes", (double)o->classes},
        {"folds", (double)o->folds},
        {"permutations", (double)o->permutations},
        {"bootstrap", (double)o->bootstrap},
        {"control", (double)o->control},
        {"max_iterations", (double)o->max_iterations},
        {"memory", (double)o->memory},
        {"confidence", o->confidence},
        {"tolerance", o->tolerance},
        {"shrinkage", o->shrinkage},
        {"balanced", (o->flags & CONCEPTDEC_PROBE_BALANCED) != 0},
        {"skip_missing", (o->flags & CONCEPTDEC_PROBE_SKIP_MISSING) != 0},
        {"stratified", !(o->flags & CONCEPTDEC_PROBE_UNSTRATIFIED)},
        {"nested", (o->flags & CONCEPTDEC_PROBE_NESTED) != 0},
        {"mdl", (o->flags & CONCEPTDEC_PROBE_MDL) != 0},
    };
    conceptdec_i_result_seed(result, o->seed);
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_texts(ctx, result, texts, COUNT(texts)));
    return conceptdec_i_result_option_numbers(ctx, result, numbers, COUNT(numbers));
}
