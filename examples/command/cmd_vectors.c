/* conceptdec vectors: a direction for each concept. */
#include "work.h"

#include <string.h>

static const option options[] = {
    INPUT_OPTIONS,
    {"reference", CHOICE, "rest|mean|class", 0, 0,
     "what a concept's mean is counted from: all other samples (default), the mean of the means, one concept"},
    {"baseline-class", TEXT, "NAME", 0, 0, "of reference class: the concept"},
    {"bootstrap", INTEGER, "B", 0, 1e9, "draws of the bootstrap over groups or samples, for intervals; default 0"},
    {"splits", INTEGER, "S", 0, 1e9, "halvings of the samples, for reliability; default 0"},
    {"confidence", NUMBER, "P", 0, 1, "of the intervals; default 0.95"},
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 536870912"},
    {"cosines", FLAG, NULL, 0, 0, "a row for each pair of concepts"},
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_vectors_options, option, kind, name, place)
static const field fields[] = {
    TO("bootstrap", TO_INT64, bootstrap, 4),
    TO("splits", TO_INT64, splits, 5),
    TO("memory", TO_INT64, memory, 6),
    TO("confidence", TO_DOUBLE, confidence, 8),
    TO("reference", TO_INT32, reference, 9),
    {0},
};

static const score of_norms[] = {
    {CONCEPTDEC_R_NORMS, "norm", NUMERIC, NULL},
    {CONCEPTDEC_R_NORM_LOW, "low", NUMERIC, NULL},
    {CONCEPTDEC_R_NORM_HIGH, "high", NUMERIC, NULL},
    {CONCEPTDEC_R_RELIABILITY, "reliability", SCORE, NULL},
    {0},
};
static const score of_cosines[] = {
    {"cosines", "cosine", SCORE, NULL},
    {CONCEPTDEC_R_COSINE_LOW, "low", SCORE, NULL},
    {CONCEPTDEC_R_COSINE_HIGH, "high", SCORE, NULL},
    {0},
};

static int
prepare(const command *c, const input *in, const concepts *chosen, void *task)
{
    conceptdec_vectors_options *o = task;
    const char *name = text_of(c, "baseline-class");
    bool found = false;
    o->classes = chosen->count;
    o->groups = in->groups ? &in->group_view : NULL;
    for (int64_t i = 0; i < chosen->count && name && !found; i++) {
        found = !strcmp(chosen->names[i], name);
        o->baseline_class = found ? i : 0;
    }
    return !name || found ? DONE : complain(c, USAGE, "--baseline-class: there is no concept %s", name);
}

static conceptdec_status
work(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    conceptdec_result *r = NULL;
    conceptdec_array vectors;
    conceptdec_status status =
        conceptdec_concept_vectors(context_of(c), &in->views[cell], &state->chosen->view, state->options, &r);
    if (status != CONCEPTDEC_OK)
        return status;
    if (flag_of(c, "cosines"))
        add_labelled_rows(rows, in, cell, state->chosen, r, OF_PAIRS, of_cosines);
    else
        add_labelled_rows(rows, in, cell, state->chosen, r, OF_CONCEPTS, of_norms);
    status = add_object(c, json, r);
    if (status == CONCEPTDEC_OK && state->outputs && has_array(r, CONCEPTDEC_R_VECTORS, &vectors))
        status = keep_output(c, in, cell, &vectors, state->outputs);
    conceptdec_result_free(r);
    return status;
}

static int
run(command *c)
{
    static const cell_command cells = {
        .labels = LABELS_NEEDED, .least = 1, .fewest = 2, .array = "vectors", .work = work, .prepare = prepare};
    conceptdec_vectors_options o = {.struct_size = sizeof o, .seed = seed_of(c)};
    fill(c, fields, &o);
    return run_cells(c, &cells, &o);
}

const sub_command vectors_command = {
    "vectors", "ACTIVATIONS", "A direction for each concept, and the angles between them (-o: .npy, .safetensors)", 1, 1,
    options, run,
};
