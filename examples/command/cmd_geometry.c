/* conceptdec geometry: what a cloud of activations looks like, and how its concepts lie in it. */
#include "cmd_knn.h"

static const option options[] = {
    LABEL_OPTIONS,
    VIEW_OPTIONS,
    METRIC_OPTION,
    {"k", INTEGER, "K", 2, 1e9, "neighbours of the dimension by maximum likelihood; default 20"},
    {"hub-k", INTEGER, "K", 1, 1e9, "neighbours of hubness; default 10"},
    {"references", INTEGER, "R", 0, 1e9, "Gaussian clouds of the same shape whose hubness is measured, too; default 0"},
    {"lambda", NUMBER, "L", 0, 1e300, "penalty of the probe of nc3 and nc4; default 1 / samples"},
    {"discard", NUMBER, "SHARE", 0, 1, "largest ratios that TwoNN leaves out; default 0.1"},
    {"tolerance", NUMBER, "T", 0, 1, "share of the largest at which eigenvalues between classes are 0"},
    {"capacity-draws", INTEGER, "N", 0, 1e9,
     "draws of manifold capacity, 300, say: a row for each concept instead; default 0"},
    {"capacity-margin", NUMBER, "M", 0, 1e300, "margin of the classifications that capacity counts; default 0"},
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory of each part; default 536870912"},
    {"no-spectrum", FLAG, NULL, 0, 0, "leave out what needs second moments"},
    {"no-neighbors", FLAG, NULL, 0, 0, "leave out what needs neighbours"},
    {"no-probe", FLAG, NULL, 0, 0, "leave out nc3 and nc4"},
    {"no-silhouette", FLAG, NULL, 0, 0, "leave out the silhouette"},
    {"no-curve", FLAG, NULL, 0, 0, "leave out TwoNN on fewer and fewer samples"},
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_geometry_options, option, kind, name, place)
#define BIT(option, bit) FLAG_FIELD(conceptdec_geometry_options, option, bit)
static const field fields[] = {
    TO("k", TO_INT64, k, 3),
    TO("hub-k", TO_INT64, hub_k, 4),
    TO("references", TO_INT64, references, 5),
    TO("memory", TO_INT64, memory, 6),
    TO("seed", TO_UINT64, seed, 7),
    TO("lambda", TO_DOUBLE, lambda, 8),
    TO("discard", TO_DOUBLE, discard, 9),
    TO("tolerance", TO_DOUBLE, tolerance, 10),
    TO("metric", TO_INT32, metric, 11),
    TO("capacity-draws", TO_INT64, capacity_draws, 13),
    TO("capacity-margin", TO_DOUBLE, capacity_margin, 14),
    BIT("no-spectrum", CONCEPTDEC_GEOMETRY_NO_SPECTRUM),
    BIT("no-neighbors", CONCEPTDEC_GEOMETRY_NO_NEIGHBORS),
    BIT("no-probe", CONCEPTDEC_GEOMETRY_NO_PROBE),
    BIT("no-silhouette", CONCEPTDEC_GEOMETRY_NO_SILHOUETTE),
    BIT("no-curve", CONCEPTDEC_GEOMETRY_NO_CURVE),
    {0},
};

static const score scores[] = {
    {CONCEPTDEC_R_PARTICIPATION_RATIO, "participation", NUMERIC, NULL},
    {CONCEPTDEC_R_EFFECTIVE_RANK, "effective rank", NUMERIC, NULL},
    {CONCEPTDEC_R_TWONN, "twonn", NUMERIC, NULL},
    {CONCEPTDEC_R_MLE_DIMENSION, "mle", NUMERIC, NULL},
    {CONCEPTDEC_R_ANISOTROPY, "anisotropy", SCORE, NULL},
    {CONCEPTDEC_R_HUBNESS_SKEW, "hubness", SCORE, NULL},
    {CONCEPTDEC_R_NC1, "nc1", NUMERIC, NULL},
    {CONCEPTDEC_R_NC2, "nc2", SCORE, NULL},
    {CONCEPTDEC_R_NC3, "nc3", SCORE, NULL},
    {CONCEPTDEC_R_NC4, "nc4", SCORE, NULL},
    {CONCEPTDEC_R_FISHER, "fisher", NUMERIC, NULL},
    {CONCEPTDEC_R_SILHOUETTE, "silhouette", SCORE, NULL},
    {0},
};
static const score of_concepts[] = {
    {CONCEPTDEC_R_CAPACITY, "capacity", SCORE, NULL},
    {CONCEPTDEC_R_CAPACITY_SE, "error", SCORE, NULL},
    {CONCEPTDEC_R_MANIFOLD_RADIUS, "radius", SCORE, NULL},
    {CONCEPTDEC_R_MANIFOLD_DIMENSION, "dimension", NUMERIC, NULL},
    {CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT, "participation", NUMERIC, NULL},
    {0},
};

static int
prepare(const command *c, const input *in, const concepts *chosen, void *task)
{
    (void)chosen, (void)task;
    if (integer_of(c, "capacity-draws", 0) && !in->labels)
        return complain(c, USAGE, "--capacity-draws: needs --labels FILE");
    return DONE;
}

static conceptdec_status
work(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    const conceptdec_matrix *labels = in->labels ? &state->chosen->view : NULL;
    conceptdec_result *r = NULL;
    conceptdec_status status = conceptdec_geometry(context_of(c), &in->views[cell], labels, state->options, &r);
    if (status != CONCEPTDEC_OK)
        return status;
    if (integer_of(c, "capacity-draws", 0))
        add_labelled_rows(rows, in, cell, state->chosen, r, OF_CONCEPTS, of_concepts);
    else
        add_cell_rows(rows, in, cell, r, NULL, scores);
    status = add_object(c, json, r);
    conceptdec_result_free(r);
    return status;
}

static int
run(command *c)
{
    static const cell_command cells = {
        .labels = LABELS_ALLOWED, .least = 2, .fewest = 2, .work = work, .prepare = prepare};
    conceptdec_geometry_options o = {.struct_size = sizeof o};
    fill(c, fields, &o);
    return run_cells(c, &cells, &o);
}

const sub_command geometry_command = {
    "geometry", "ACTIVATIONS", "How many dimensions activations fill, and how concepts lie in them", 1, 1, options, run,
};
