/* conceptdec knn: how well concepts can be read by nearest neighbours. */
#include "cmd_knn.h"
#include "work.h"

#include <stdlib.h>

static const option options[] = {
    INPUT_OPTIONS,
    KNN_OPTIONS,
    {"protocol", CHOICE, "loo|group|kfold|split|resubstitution", 0, 0,
     "who votes for a sample: default loo (all others), with --groups group (all of other groups)"},
    {"folds", INTEGER, "F", 2, 1e9, "folds of kfold; default 5"},
    {"train", TEXT, "FILE", 0, 0, "of split: 1 for each sample that votes, 0 for each that is scored"},
    DRAW_OPTIONS,
    {"chance-draws", INTEGER, "D", 0, 1e9, "exchanges that chance is the mean of, without --permutations; default 200"},
    {"strict", FLAG, NULL, 0, 0, "a sample with fewer than k neighbours that may vote is an error"},
    {"unstratified", FLAG, NULL, 0, 0, "folds without regard to the labels"},
    {"per-concept", FLAG, NULL, 0, 0, "a row for each concept"},
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_knn_options, option, kind, name, place)
const field knn_fields[] = {
    LIST(conceptdec_knn_options, "k", TO_INTEGERS, ks, n_ks, 0),
    TO("folds", TO_INT64, folds, 6),
    TO("permutations", TO_INT64, permutations, 7),
    TO("bootstrap", TO_INT64, bootstrap, 8),
    TO("chance-draws", TO_INT64, chance_draws, 9),
    TO("seed", TO_UINT64, seed, 10),
    TO("confidence", TO_DOUBLE, confidence, 11),
    TO("temperature", TO_DOUBLE, temperature, 12),
    TO("metric", TO_INT32, metric, 13),
    TO("protocol", TO_INT32, protocol, 14),
    TO("weights", TO_INT32, weights, 15),
    TO("ties", TO_INT32, ties, 16),
    TO("boundary", TO_INT32, boundary, 17),
    TO("permute", TO_INT32, permute, 18),
    FLAG_FIELD(conceptdec_knn_options, "strict", CONCEPTDEC_KNN_STRICT),
    FLAG_FIELD(conceptdec_knn_options, "unstratified", CONCEPTDEC_KNN_UNSTRATIFIED),
    {0},
};

static const score scores[] = {
    {CONCEPTDEC_R_K, "k", COUNT, NULL},
    {CONCEPTDEC_R_DECODABILITY, "decodability", SCORE, NULL},
    {CONCEPTDEC_R_CI_LOW, "low", SCORE, NULL},
    {CONCEPTDEC_R_CI_HIGH, "high", SCORE, NULL},
    {CONCEPTDEC_R_BALANCED, "balanced", SCORE, NULL},
    {CONCEPTDEC_R_CHANCE_NULL, "chance", SCORE, NULL},
    {CONCEPTDEC_R_P_VALUE, "p", NUMERIC, NULL},
    {CONCEPTDEC_R_KAPPA, "kappa", SCORE, NULL},
    {CONCEPTDEC_R_DIFFERENCE, "difference", SCORE, CONCEPTDEC_R_DIFFERENCE_LOW},
    {CONCEPTDEC_R_DIFFERENCE_LOW, "from", SCORE, NULL},
    {CONCEPTDEC_R_DIFFERENCE_HIGH, "to", SCORE, NULL},
    {0},
};
static const score inner[] = {{CONCEPTDEC_R_K, "k", COUNT, NULL}, {0}};
static const score of_concepts[] = {{CONCEPTDEC_R_PER_CONCEPT, "decodability", SCORE, NULL}, {0}};

/* Samples (or groups) of a concept without which the protocol cannot score it. */
static int64_t
least_members(const command *c, int protocol)
{
    switch (protocol) {
    case CONCEPTDEC_PROTOCOL_LOO:
    case CONCEPTDEC_PROTOCOL_GROUP: return 2;
    case CONCEPTDEC_PROTOCOL_KFOLD: return is_given(c, "unstratified") ? 2 : integer_of(c, "folds", 5);
    default: return 1;
    }
}

static int
run(command *c)
{
    input in = {0};
    concepts chosen = {0};
    column_file train = {0};
    conceptdec_result *r = NULL;
    conceptdec_knn_options o = {.struct_size = sizeof o};
    fill(c, knn_fields, &o);
    int code = check_protocol(c);
    if (!code)
        code = open_input(c, 0, LABELS_NEEDED, &in);
    if (!code && in.groups) {
        o.groups = &in.group_view;
        o.protocol = choice_of(c, "protocol", CONCEPTDEC_PROTOCOL_GROUP);
    }
    if (!code)
        code = read_column_file(c, "train", &in, &train, &o.train);
    if (!code)
        code =
            choose_concepts(c, &in, least_members(c, o.protocol), o.protocol == CONCEPTDEC_PROTOCOL_GROUP, 2, &chosen);
    o.classes = chosen.count;
    if (!code)
        code = sweep(c, &in, &chosen, &o, NULL, &r);
    if (r) {
        int shown = show_scores(c, &in, &chosen, r, CONCEPTDEC_R_K, scores, inner, of_concepts);
        code = shown ? shown : code;
    }
    conceptdec_result_free(r);
    free(train.values);
    forget_concepts(&chosen);
    close_input(&in);
    return code;
}

const sub_command knn_command = {
    "knn", "ACTIVATIONS", "How well concepts can be read by their nearest neighbours (decodability), in each cell of a grid",
    1, 1, options, run,
};
