/* Options of similarity: which kind takes which, defaults, ranges, and how they are reported. */
#include "similarity/similarity.h"

#include <string.h>

#include "stats/bootstrap.h"

#define DEFAULT_MEMORY (INT64_C(1) << 29)
#define USUAL_BANDWIDTH 1.0

enum {
    LABELS,
    PARTITIONS,
    GROUPS,
    K,
    BATCH,
    PERMUTATIONS,
    BOOTSTRAP,
    MEMORY,
    SEED,
    BANDWIDTH,
    VARIANCE,
    RIDGE,
    CONFIDENCE,
    KIND,
    KERNEL,
    RDM,
    COMPARISON,
    METRIC,
    PERMUTE,
    FLAGS,
    RESERVED,
    FIELDS
};

#define BIT(field) (UINT64_C(1) << (field))
#define COUNT(array) ((int32_t)(sizeof(array) / sizeof *(array)))

#define CKA (BIT(BATCH) | BIT(BANDWIDTH) | BIT(KERNEL))
#define CCA (BIT(VARIANCE) | BIT(RIDGE))
#define RSA (BIT(LABELS) | BIT(PARTITIONS) | BIT(RDM) | BIT(COMPARISON))
#define KNN (BIT(K) | BIT(METRIC))
/* What every kind takes. */
#define COMMON                                                                                                         \
    (BIT(GROUPS) | BIT(PERMUTATIONS) | BIT(BOOTSTRAP) | BIT(MEMORY) | BIT(SEED) | BIT(CONFIDENCE) | BIT(KIND) |        \
     BIT(PERMUTE) | BIT(FLAGS) | BIT(RESERVED))

/* In the order of CONCEPTDEC_SIMILARITY_*. */
static const conceptdec_i_similarity_entry entries[] = {
    {"cka_debiased", conceptdec_i_similarity_cka, CKA, false, true},
    {"cka_biased", conceptdec_i_similarity_cka, CKA, false, true},
    {"svcca", conceptdec_i_similarity_cca, CCA, false, true},
    {"pwcca", conceptdec_i_similarity_cca, CCA, false, false},
    {"procrustes", conceptdec_i_similarity_procrustes, 0, true, true},
    {"shape", conceptdec_i_similarity_procrustes, 0, true, true},
    {"rsa", conceptdec_i_similarity_rsa, RSA, false, true},
    {"mutual_knn", conceptdec_i_similarity_mutual, KNN, false, true},
    {"information_imbalance", conceptdec_i_similarity_imbalance, KNN, true, false},
};

static const char *const kernels[] = {"linear", "rbf"};
static const char *const rdms[] = {"correlation", "squared_l2", "cosine", "crossnobis"};
static const char *const comparisons[] = {"spearman", "pearson", "kendall", "cosine"};
static const char *const metrics[] = {"l2", "cosine"};
static const char *const schemes[] = {"free", "within"};

const conceptdec_i_similarity_entry *
conceptdec_i_similarity_entry_of(int32_t kind)
{
    return &entries[kind];
}

/* ---- what is given ---- */

/* Whether a field holds anything, or its bit says that zero is meant. */
static bool
is_given(const conceptdec_similarity_options *o, int field)
{
    const bool holds[] = {
        [LABELS] = o->labels != NULL,
        [PARTITIONS] = o->partitions != NULL,
        [GROUPS] = o->groups != NULL,
        [K] = o->k != 0,
        [BATCH] = o->batch != 0,
        [PERMUTATIONS] = o->permutations != 0,
        [BOOTSTRAP] = o->bootstrap != 0,
        [MEMORY] = o->memory != 0,
        [SEED] = o->seed != 0,
        [BANDWIDTH] = !(o->bandwidth >= 0 && o->bandwidth <= 0),
        [VARIANCE] = !(o->variance >= 0 && o->variance <= 0),
        [RIDGE] = !(o->ridge >= 0 && o->ridge <= 0),
        [CONFIDENCE] = !(o->confidence >= 0 && o->confidence <= 0),
        [KIND] = o->kind != 0,
        [KERNEL] = o->kernel != 0,
        [RDM] = o->rdm != 0,
        [COMPARISON] = o->comparison != 0,
        [METRIC] = o->metric != 0,
        [PERMUTE] = o->permute != 0,
        [FLAGS] = o->flags != 0,
        [RESERVED] = o->reserved != 0,
    };
    /* A NULL view that is marked as given is not there all the same. */
    return holds[field] || (field > GROUPS && CONCEPTDEC_I_GIVEN(o, field));
}

static const char *const field_names[FIELDS] = {
    "labels", "partitions", "groups",     "k",        "batch",   "permutations", "bootstrap",
    "memory", "seed",       "bandwidth",  "variance", "ridge",   "confidence",   "kind",
    "kernel", "rdm",        "comparison", "metric",   "permute", "flags",        "reserved"};

static conceptdec_status
refuse_unused(conceptdec_ctx *ctx, const conceptdec_similarity_options *o)
{
    const conceptdec_i_similarity_entry *entry = &entries[o->kind];
    for (int field = 0; field < FIELDS; field++)
        if (!((entry->takes | COMMON) & BIT(field)) && is_given(o, field))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: is given, but kind \"%s\" does not use it",
                                     field_names[field], entry->name);
    return CONCEPTDEC_OK;
}

/* Options that another option makes idle; a default that is written out changes nothing and may stand. */
static conceptdec_status
refuse_idle(conceptdec_ctx *ctx, const conceptdec_similarity_options *o)
{
    const conceptdec_i_idle idle[] = {
        {"bandwidth", is_given(o, BANDWIDTH) && o->kernel != CONCEPTDEC_CKA_RBF && o->bandwidth != USUAL_BANDWIDTH,
         "kernel \"rbf\" alone uses it"},
        {"partitions", is_given(o, PARTITIONS) && o->rdm != CONCEPTDEC_RDM_CROSSNOBIS,
         "rdm \"crossnobis\" alone uses them"},
        {"groups", is_given(o, GROUPS) && o->permutations == 0 && o->bootstrap == 0,
         "there are neither permutations nor a bootstrap"},
        {"permute", o->permute != CONCEPTDEC_PERMUTE_FREE && o->permutations == 0, "there are no permutations"},
        {"confidence", is_given(o, CONFIDENCE) && o->bootstrap == 0 && o->confidence != CONCEPTDEC_I_CONFIDENCE,
         "there is no bootstrap"},
    };
    return conceptdec_i_refuse_idle(ctx, idle, COUNT(idle));
}

/* ---- checks ---- */

static conceptdec_status
check_choices(conceptdec_ctx *ctx, const conceptdec_similarity_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "kind", o->kind, COUNT(entries)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "kernel", o->kernel, COUNT(kernels)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "rdm", o->rdm, COUNT(rdms)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "comparison", o->comparison, COUNT(comparisons)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "metric", o->metric, COUNT(metrics)));
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "permute", o->permute, COUNT(schemes)));
    if (o->flags & ~CONCEPTDEC_SIMILARITY_SYMMETRIC)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", o->flags);
    if (o->flags && o->kind != CONCEPTDEC_SIMILARITY_PWCCA)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "symmetric: is given, but kind \"%s\" does not use it",
                                 entries[o->kind].name);
    if (o->reserved)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "reserved: is %u, must be 0", o->reserved);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_numbers(conceptdec_ctx *ctx, const conceptdec_similarity_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "permutations", o->permutations));
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "bootstrap", o->bootstrap));
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0", (long long)o->memory);
    if (o->k < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EK, "k: %lld is below 1", (long long)o->k);
    if (is_given(o, BATCH) && o->batch < 4)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "batch: %lld is below 4", (long long)o->batch);
    if (!(o->bandwidth > 0 && o->bandwidth <= 1e100))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "bandwidth: must be above 0 and at most 1e100");
    if (!(o->variance > 0 && o->variance <= 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "variance: must be above 0 and at most 1");
    if (!(o->ridge >= 0 && o->ridge <= 1e100))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "ridge: must be at least 0 and at most 1e100");
    if (!(o->confidence > 0 && o->confidence < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "confidence: must lie between 0 and 1, both excluded");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_combinations(conceptdec_ctx *ctx, const conceptdec_similarity_options *o)
{
    if (o->permute == CONCEPTDEC_PERMUTE_WITHIN && !o->groups)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: missing, but permute \"within\" needs them");
    if (o->rdm == CONCEPTDEC_RDM_CROSSNOBIS && !o->partitions)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "partitions: missing, but rdm \"crossnobis\" needs them");
    if (o->rdm == CONCEPTDEC_RDM_CROSSNOBIS && !o->labels)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "labels: missing, but rdm \"crossnobis\" needs conditions");
    return CONCEPTDEC_OK;
}

static void
set_defaults(conceptdec_similarity_options *o)
{
    conceptdec_i_default_int(o->given, K, &o->k, 10);
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, DEFAULT_MEMORY);
    conceptdec_i_default_real(o->given, BANDWIDTH, &o->bandwidth, USUAL_BANDWIDTH);
    conceptdec_i_default_real(o->given, VARIANCE, &o->variance, 0.99);
    conceptdec_i_default_real(o->given, CONFIDENCE, &o->confidence, CONCEPTDEC_I_CONFIDENCE);
}

conceptdec_status
conceptdec_i_similarity_take_options(conceptdec_ctx *ctx, const conceptdec_similarity_options *given,
                                     conceptdec_similarity_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, options, sizeof *options, sizeof *options));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", options->given, FIELDS));
    CONCEPTDEC_I_TRY(check_choices(ctx, options));
    CONCEPTDEC_I_TRY(refuse_unused(ctx, options));
    CONCEPTDEC_I_TRY(refuse_idle(ctx, options));
    set_defaults(options);
    CONCEPTDEC_I_TRY(check_numbers(ctx, options));
    return check_combinations(ctx, options);
}

/* ---- report ---- */

static conceptdec_status
report_texts(const conceptdec_i_similarity *s, uint64_t used)
{
    const conceptdec_similarity_options *o = &s->options;
    const struct {
        int field;
        const char *text;
    } texts[] = {
        {KIND, entries[o->kind].name}, {KERNEL, kernels[o->kernel]},
        {RDM, rdms[o->rdm]},           {COMPARISON, comparisons[o->comparison]},
        {METRIC, metrics[o->metric]},  {PERMUTE, schemes[o->permute]},
    };
    for (int32_t i = 0; i < COUNT(texts); i++)
        if (used & BIT(texts[i].field))
            CONCEPTDEC_I_TRY(
                conceptdec_i_result_option_text(s->ctx, s->result, field_names[texts[i].field], texts[i].text));
    return CONCEPTDEC_OK;
}

static conceptdec_status
report_numbers(const conceptdec_i_similarity *s, uint64_t used)
{
    const conceptdec_similarity_options *o = &s->options;
    const struct {
        int field;
        double number;
    } numbers[] = {
        {LABELS, o->labels != NULL},
        {PARTITIONS, o->partitions != NULL},
        {GROUPS, o->groups != NULL},
        {K, (double)o->k},
        {BATCH, (double)(o->batch ? o->batch : s->n)},
        {PERMUTATIONS, (double)o->permutations},
        {BOOTSTRAP, (double)o->bootstrap},
        {MEMORY, (double)o->memory},
        {BANDWIDTH, o->bandwidth},
        {VARIANCE, o->variance},
        {RIDGE, o->ridge},
        {CONFIDENCE, o->confidence},
    };
    for (int32_t i = 0; i < COUNT(numbers); i++)
        if (used & BIT(numbers[i].field))
            CONCEPTDEC_I_TRY(
                conceptdec_i_result_option_number(s->ctx, s->result, field_names[numbers[i].field], numbers[i].number));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_similarity_report(const conceptdec_i_similarity *s)
{
    const conceptdec_similarity_options *o = &s->options;
    uint64_t used = entries[o->kind].takes | COMMON;
    if (o->kernel != CONCEPTDEC_CKA_RBF)
        used &= ~BIT(BANDWIDTH);
    conceptdec_i_result_seed(s->result, o->seed);
    CONCEPTDEC_I_TRY(report_texts(s, used));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(s->ctx, s->result, "n", (double)s->n));
    if (o->kind == CONCEPTDEC_SIMILARITY_PWCCA)
        CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(s->ctx, s->result, "symmetric", o->flags != 0));
    return report_numbers(s, used);
}
