/* conceptdec probe: how well concepts can be read by a linear map. */
#include "cmd_probe.h"

#include <stdlib.h>

static const option options[] = {
    LABEL_OPTIONS,
    FOLD_GROUP_OPTIONS,
    VIEW_OPTIONS,
    {"kind", CHOICE, PROBE_KINDS, 0, 0, "what is fitted; default logistic"},
    PROBE_OPTIONS,
    {"protocol", CHOICE, PROTOCOLS, 0, 0, "which samples are scored by which fit; default kfold"},
    TRAIN_OPTION,
    {"sample-weights", TEXT, "FILE", 0, 0, "a number for each sample: what it weighs in the fits"},
    {"nested", FLAG, NULL, 0, 0, "also choose lambda inside each part that is fitted"},
    {"mdl", FLAG, NULL, 0, 0, "also the online code length of the labels"},
    {"control", INTEGER, "D", 0, 1e9, "control tasks, for selectivity; needs --types"},
    {"types", TEXT, "FILE", 0, 0, "a number for each sample: those of one type share a label in a control task"},
    DRAW_OPTIONS,
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 1073741824"},
    {"samples", FLAG, NULL, 0, 0,
     "JSON also has what there is for each sample: posteriors, decision values, predictions"},
    {"fit", FLAG, NULL, 0, 0, "JSON also has weights and bias of the fit on all samples (not of a grid)"},
    {"per-concept", FLAG, NULL, 0, 0, "a row for each concept"},
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_probe_options, option, kind, name, place)
#define BIT(option, bit) FLAG_FIELD(conceptdec_probe_options, option, bit)
const field probe_fields[] = {
    LIST(conceptdec_probe_options, "lambdas", TO_NUMBERS, lambdas, n_lambdas, 0),
    TO("folds", TO_INT64, folds, 7),
    TO("permutations", TO_INT64, permutations, 8),
    TO("bootstrap", TO_INT64, bootstrap, 9),
    TO("control", TO_INT64, control, 10),
    TO("max-iterations", TO_INT64, max_iterations, 11),
    TO("memory", TO_INT64, memory, 12),
    TO("confidence", TO_DOUBLE, confidence, 14),
    TO("tolerance", TO_DOUBLE, tolerance, 15),
    TO("shrinkage", TO_DOUBLE, shrinkage, 16),
    TO("kind", TO_INT32, kind, 17),
    TO("protocol", TO_INT32, protocol, 18),
    TO("standardize", TO_INT32, standardize, 19),
    TO("covariance", TO_INT32, covariance, 20),
    TO("permute", TO_INT32, permute, 21),
    BIT("balanced", CONCEPTDEC_PROBE_BALANCED),
    BIT("skip-missing", CONCEPTDEC_PROBE_SKIP_MISSING),
    BIT("unstratified", CONCEPTDEC_PROBE_UNSTRATIFIED),
    BIT("nested", CONCEPTDEC_PROBE_NESTED),
    BIT("mdl", CONCEPTDEC_PROBE_MDL),
    {0},
};

static const score scores[] = {
    {CONCEPTDEC_R_LAMBDA, "lambda", NUMERIC, NULL},
    {CONCEPTDEC_R_ACCURACY, "accuracy", SCORE, NULL},
    {CONCEPTDEC_R_CI_LOW, "low", SCORE, NULL},
    {CONCEPTDEC_R_CI_HIGH, "high", SCORE, NULL},
    {CONCEPTDEC_R_BALANCED, "balanced", SCORE, NULL},
    {CONCEPTDEC_R_CHANCE, "largest", SCORE, NULL},
    {CONCEPTDEC_R_CHANCE_NULL, "chance", SCORE, NULL},
    {CONCEPTDEC_R_P_VALUE, "p", NUMERIC, NULL},
    {CONCEPTDEC_R_LOG_LOSS, "log loss", SCORE, NULL},
    {CONCEPTDEC_R_V_INFORMATION_BITS, "bits", SCORE, NULL},
    {CONCEPTDEC_R_NESTED_ACCURACY, "nested", SCORE, NULL},
    {CONCEPTDEC_R_SELECTIVITY, "selectivity", SCORE, NULL},
    {CONCEPTDEC_R_CODELENGTH_BITS, "code length", NUMERIC, NULL},
    {CONCEPTDEC_R_COMPRESSION, "compression", NUMERIC, NULL},
    {CONCEPTDEC_R_CONVERGED, "converged", COUNT, NULL},
    {CONCEPTDEC_R_DIFFERENCE, "difference", SCORE, CONCEPTDEC_R_DIFFERENCE_LOW},
    {CONCEPTDEC_R_DIFFERENCE_LOW, "from", SCORE, NULL},
    {CONCEPTDEC_R_DIFFERENCE_HIGH, "to", SCORE, NULL},
    {0},
};
static const score inner[] = {{CONCEPTDEC_R_LAMBDA, "lambda", NUMERIC, NULL}, {0}};
static const score of_concepts[] = {
    {CONCEPTDEC_R_PER_CONCEPT, "accuracy", SCORE, NULL},
    {CONCEPTDEC_R_AUROC, "auroc", SCORE, NULL},
    {CONCEPTDEC_R_AVERAGE_PRECISION, "precision", SCORE, NULL},
    {0},
};

int64_t
least_of_folds(const command *c)
{
    int64_t folds = integer_of(c, "folds", 5), members = folds;
    if (is_given(c, "skip-missing") || is_given(c, "unstratified"))
        return 2;
    if (is_given(c, "nested")) /* what is left of each part has folds of its own */
        while (members - (members + folds - 1) / folds < folds)
            members++;
    return members;
}

/* Groups that stay in one fold are what a concept needs at least two of. */
static int64_t
least_members(const command *c, const input *in, int protocol)
{
    switch (protocol) {
    case CONCEPTDEC_PROTOCOL_LOO:
    case CONCEPTDEC_PROTOCOL_GROUP: return 2;
    case CONCEPTDEC_PROTOCOL_KFOLD: return in->groups ? 2 : least_of_folds(c);
    default: return 1;
    }
}

/* Everything that the options name files for. */
typedef struct probe_files {
    column_file train, types;
    conceptdec_matrix weights;
    void *weight_memory;
} probe_files;

static int
read_files(const command *c, const input *in, probe_files *files, conceptdec_probe_options *o)
{
    int code = read_column_file(c, "train", in, &files->train, &o->train);
    if (!code)
        code = read_column_file(c, "types", in, &files->types, &o->types);
    if (!code && text_of(c, "sample-weights")) {
        code = read_matrix(c, text_of(c, "sample-weights"), &files->weights, &files->weight_memory);
        o->weights = &files->weights;
    }
    if (in->groups)
        o->groups = &in->group_view;
    return code;
}

static int
run(command *c)
{
    input in = {0};
    concepts chosen = {0};
    probe_files files = {0};
    conceptdec_result *r = NULL;
    conceptdec_probe_options o = {.struct_size = sizeof o, .seed = seed_of(c)};
    int protocol = choice_of(c, "protocol", CONCEPTDEC_PROTOCOL_KFOLD);
    fill(c, probe_fields, &o);
    o.flags |= flag_of(c, "samples") ? 0 : CONCEPTDEC_PROBE_NO_SAMPLES;
    o.flags |= flag_of(c, "fit") ? 0 : CONCEPTDEC_PROBE_NO_FIT;
    int code = check_protocol(c);
    if (!code)
        code = open_input(c, 0, LABELS_NEEDED, &in);
    if (!code)
        code = read_files(c, &in, &files, &o);
    if (!code)
        code =
            choose_concepts(c, &in, least_members(c, &in, protocol),
                            protocol == CONCEPTDEC_PROTOCOL_GROUP || protocol == CONCEPTDEC_PROTOCOL_KFOLD, 2, &chosen);
    o.classes = chosen.count;
    if (!code)
        code = sweep(c, &in, &chosen, NULL, &o, &r);
    if (r) {
        int shown = show_scores(c, &in, &chosen, r, CONCEPTDEC_R_LAMBDA, scores, inner, of_concepts);
        code = shown ? shown : code;
    }
    conceptdec_result_free(r);
    free(files.train.values);
    free(files.types.values);
    free(files.weight_memory);
    forget_concepts(&chosen);
    close_input(&in);
    return code;
}

const sub_command probe_command = {
    "probe", "ACTIVATIONS", "How well concepts can be read by a linear map that was fitted to other samples", 1, 1,
    options, run,
};
