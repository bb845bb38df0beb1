/* Options of k-NN decodability: defaults, ranges, and how they are reported. */
#include "decodability/knn.h"

#include <stdlib.h>

#include "core/named.h"
#include "stats/bootstrap.h"

#define USUAL_TEMPERATURE 0.07

#define FIELDS 21 /* of conceptdec_knn_options, after `given` */

enum {
    KS,
    N_KS,
    K,
    GROUPS,
    TRAIN,
    CLASSES,
    FOLDS,
    PERMUTATIONS,
    BOOTSTRAP,
    CHANCE_DRAWS,
    SEED,
    CONFIDENCE,
    TEMPERATURE,
    METRIC
};

static const char *const metrics[] = {"l2", "cosine"};
static const char *const protocols[] = {"loo", "group", "kfold", "split", "resubstitution"};
static const char *const weights[] = {"uniform", "distance", "softmax", "balanced"};
static const char *const ties[] = {"fractional", "smallest", "nearest"};
static const char *const boundaries[] = {"share", "index"};
static const char *const schemes[] = {"free", "within", "whole"};

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof *(array)))

/* ---- defaults ---- */

static void
set_defaults(conceptdec_knn_options *o)
{
    if (!o->ks)
        conceptdec_i_default_int(o->given, K, &o->k, 10);
    conceptdec_i_default_int(o->given, FOLDS, &o->folds, 5);
    conceptdec_i_default_int(o->given, CHANCE_DRAWS, &o->chance_draws, 200);
    conceptdec_i_default_real(o->given, CONFIDENCE, &o->confidence, CONCEPTDEC_I_CONFIDENCE);
    conceptdec_i_default_real(o->given, TEMPERATURE, &o->temperature, USUAL_TEMPERATURE);
}

/* ---- checks ---- */

static conceptdec_status
check_choices(conceptdec_ctx *ctx, const conceptdec_knn_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "metric", o->metric, COUNT(metrics)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "protocol", o->protocol, COUNT(protocols)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "weights", o->weights, COUNT(weights)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "ties", o->ties, COUNT(ties)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "boundary", o->boundary, COUNT(boundaries)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "permute", o->permute, COUNT(schemes)));
    uint32_t known = CONCEPTDEC_KNN_STRICT | CONCEPTDEC_KNN_UNSTRATIFIED | CONCEPTDEC_KNN_NO_CONFUSION;
    if (o->flags & ~known)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", o->flags);
    if (o->reserved)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "reserved: is %u, must be 0", o->reserved);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_numbers(conceptdec_ctx *ctx, const conceptdec_knn_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "permutations", o->permutations));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "bootstrap", o->bootstrap));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "chance_draws", o->chance_draws));
    bool is_absent = o->classes == 0 && !CONCEPTDEC_I_GIVEN(o, CLASSES);
    if (!is_absent && (o->classes < 1 || o->classes > CONCEPTDEC_I_KNN_MAX_CLASSES))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "classes: %lld is not in 1..%d", (long long)o->classes,
                                 CONCEPTDEC_I_KNN_MAX_CLASSES);
    if (o->folds < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EFOLDS, "folds: %lld is below 2", (long long)o->folds);
    if (!(o->confidence > 0 && o->confidence < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "confidence: must lie between 0 and 1, both excluded");
    if (!(o->temperature > 0 && o->temperature <= 1e300))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "temperature: must be above 0 and finite");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_combinations(conceptdec_ctx *ctx, const conceptdec_knn_options *o)
{
    if (o->protocol == CONCEPTDEC_PROTOCOL_GROUP && !o->groups)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: missing, but the group protocol needs them");
    if (o->permute != CONCEPTDEC_PERMUTE_FREE && !o->groups)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: missing, but permute \"%s\" needs them",
                                 schemes[o->permute]);
    if (o->protocol == CONCEPTDEC_PROTOCOL_SPLIT && !o->train)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "train: missing, but the split protocol needs it");
    if (o->protocol != CONCEPTDEC_PROTOCOL_SPLIT && o->train)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL,
                                 "train: is given, but only the split protocol has training rows");
    return CONCEPTDEC_OK;
}

/* ---- options that would change nothing ---- */

/* As the caller wrote them, before defaults; a default that is written out changes nothing and may stand. */
static conceptdec_status
check_effects(conceptdec_ctx *ctx, const conceptdec_knn_options *o)
{
    bool has_folds = o->protocol == CONCEPTDEC_PROTOCOL_KFOLD, has_null = o->permutations > 0;
    bool no_draws = !has_null && o->chance_draws == 0 && CONCEPTDEC_I_GIVEN(o, CHANCE_DRAWS);
    bool uses_groups = has_folds || o->protocol == CONCEPTDEC_PROTOCOL_GROUP || o->bootstrap > 0 ||
                       (!no_draws && o->permute != CONCEPTDEC_PERMUTE_FREE);
    const conceptdec_i_idle idle[] = {
        {"folds", !has_folds && (o->folds != 0 || CONCEPTDEC_I_GIVEN(o, FOLDS)), "only protocol \"kfold\" has folds"},
        {"stratified", !has_folds && (o->flags & CONCEPTDEC_KNN_UNSTRATIFIED), "only protocol \"kfold\" has folds"},
        {"temperature",
         o->weights != CONCEPTDEC_WEIGHTS_SOFTMAX && o->temperature != 0 && o->temperature != USUAL_TEMPERATURE,
         "only weights \"softmax\" have one"},
        {"chance_draws", has_null && o->chance_draws != 0,
         "permutations are the draws of chance, too"},
        {"permute", no_draws && o->permute != CONCEPTDEC_PERMUTE_FREE,
         "without permutations and chance_draws nothing is permuted"},
        {"confidence", o->bootstrap == 0 && o->confidence != 0 && o->confidence != CONCEPTDEC_I_CONFIDENCE,
         "without bootstrap there is no interval"},
        {"groups", o->groups != NULL && !uses_groups,
         "this protocol does not leave them out (\"group\" does), and neither folds, bootstrap nor permute use them"},
    };
    return conceptdec_i_refuse_idle(ctx, idle, COUNT(idle));
}

/* ---- ranks ---- */

static conceptdec_status
check_ks(conceptdec_ctx *ctx, const conceptdec_knn_options *o)
{
    if (!o->ks && (o->n_ks != 0 || CONCEPTDEC_I_GIVEN(o, KS)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "ks: is NULL, but n_ks is %lld", (long long)o->n_ks);
    if (o->ks && (o->n_ks < 1 || o->n_ks > INT32_MAX))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_ks: %lld is not in 1..%d", (long long)o->n_ks, INT32_MAX);
    if (o->ks && (o->k != 0 || CONCEPTDEC_I_GIVEN(o, K)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "k: is given beside ks; one of them must be left out");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_k(conceptdec_ctx *ctx, const conceptdec_knn_options *o, int64_t i, int64_t n)
{
    int64_t k = o->ks ? o->ks[i] : o->k;
    if (k >= 1 && k <= n - 1)
        return CONCEPTDEC_OK;
    if (o->ks)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EK, "ks: %lld at place %lld is not in 1..%lld (n - 1)", (long long)k,
                                 (long long)i, (long long)(n - 1));
    return conceptdec_i_fail(ctx, CONCEPTDEC_EK, "k: %lld is not in 1..%lld (n - 1)", (long long)k, (long long)(n - 1));
}

static int
compare_int32(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Sorted and different ranks, and where each k of the list lies among them. */
static void
rank_ks(conceptdec_i_knn_settings *s)
{
    int64_t n_ks = s->options.n_ks;
    for (int64_t i = 0; i < n_ks; i++)
        s->ranks[i] = (int32_t)s->ks[i];
    qsort(s->ranks, (size_t)n_ks, sizeof *s->ranks, compare_int32);
    s->n_ranks = 0;
    for (int64_t i = 0; i < n_ks; i++)
        if (i == 0 || s->ranks[i] != s->ranks[s->n_ranks - 1])
            s->ranks[s->n_ranks++] = s->ranks[i];
    for (int64_t i = 0; i < n_ks; i++) {
        int32_t k = (int32_t)s->ks[i];
        const int32_t *found = bsearch(&k, s->ranks, (size_t)s->n_ranks, sizeof k, compare_int32);
        s->rank_of_k[i] = (int32_t)(found - s->ranks);
    }
    s->k_max = s->ranks[s->n_ranks - 1];
}

static conceptdec_status
take_ks(conceptdec_i_arena *arena, conceptdec_i_knn_settings *s)
{
    conceptdec_knn_options *o = &s->options;
    int64_t n_ks = o->ks ? o->n_ks : 1;
    void *ks, *ranks, *rank_of_k;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "ks", n_ks, sizeof *s->ks, &ks));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "ks", n_ks, sizeof *s->ranks, &ranks));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "ks", n_ks, sizeof *s->rank_of_k, &rank_of_k));
    for (int64_t i = 0; i < n_ks; i++) {
        CONCEPTDEC_I_TRY(check_k(arena->ctx, o, i, s->n));
        ((int64_t *)ks)[i] = o->ks ? o->ks[i] : o->k;
    }
    o->n_ks = n_ks;
    s->ks = ks;
    s->ranks = ranks;
    s->rank_of_k = rank_of_k;
    rank_ks(s);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_knn_settings_take(conceptdec_i_arena *arena, const conceptdec_knn_options *options, int64_t n,
                               conceptdec_i_knn_settings *settings)
{
    conceptdec_ctx *ctx = arena->ctx;
    *settings = (conceptdec_i_knn_settings){.n = n};
    conceptdec_knn_options *o = &settings->options;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", options, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, FIELDS));
    CONCEPTDEC_I_TRY(check_ks(ctx, o));
    const conceptdec_knn_options written = *o;
    set_defaults(o);
    CONCEPTDEC_I_TRY(check_choices(ctx, o));
    CONCEPTDEC_I_TRY(check_numbers(ctx, o));
    CONCEPTDEC_I_TRY(check_combinations(ctx, o));
    CONCEPTDEC_I_TRY(check_effects(ctx, &written));
    if (n < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "x: %lld row, at least 2 are needed", (long long)n);
    if (n > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "x: %lld rows, at most %d are possible", (long long)n,
                                 INT32_MAX);
    CONCEPTDEC_I_TRY(take_ks(arena, settings));
    settings->draws = o->permutations > 0 ? o->permutations : o->chance_draws;
    settings->metric_is_given = o->metric != 0 || CONCEPTDEC_I_GIVEN(o, METRIC);
    return CONCEPTDEC_OK;
}

/* ---- report ---- */

static conceptdec_status
report_texts(conceptdec_ctx *ctx, const conceptdec_knn_options *o, conceptdec_result *result)
{
    const conceptdec_i_option_text texts[] = {
        {"metric", metrics[o->metric]}, {"protocol", protocols[o->protocol]},  {"weights", weights[o->weights]},
        {"ties", ties[o->ties]},        {"boundary", boundaries[o->boundary]}, {"permute", schemes[o->permute]},
    };
    return conceptdec_i_result_option_texts(ctx, result, texts, COUNT(texts));
}

conceptdec_status
conceptdec_i_knn_settings_report(conceptdec_ctx *ctx, const conceptdec_i_knn_settings *settings,
                                 conceptdec_result *result)
{
    const conceptdec_knn_options *o = &settings->options;
    const conceptdec_i_option_number numbers[] = {
        {"n", (double)settings->n},
        {"groups", o->groups != NULL},
        {"classes", (double)o->classes},
        {"folds", (double)o->folds},
        {"permutations", (double)o->permutations},
        {"bootstrap", (double)o->bootstrap},
        {"chance_draws", (double)settings->draws},
        {"confidence", o->confidence},
        {"temperature", o->temperature},
        {"strict", (o->flags & CONCEPTDEC_KNN_STRICT) != 0},
        {"stratified", !(o->flags & CONCEPTDEC_KNN_UNSTRATIFIED)},
        {"confusion", !(o->flags & CONCEPTDEC_KNN_NO_CONFUSION)},
    };
    conceptdec_i_result_seed(result, o->seed);
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_list(ctx, result, "k", settings->ks, o->n_ks));
    CONCEPTDEC_I_TRY(report_texts(ctx, o, result));
    return conceptdec_i_result_option_numbers(ctx, result, numbers, COUNT(numbers));
}
