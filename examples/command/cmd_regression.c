/* conceptdec regression: how well continuous concepts can be read by a linear map. */
#include "cmd_probe.h"

#include <stdlib.h>

static const option options[] = {
    {"targets", TEXT, "FILE", 0, 0,
     "what is to be read: floating numbers, samples x targets; FILE:NAME of a .safetensors"},
    FOLD_GROUP_OPTIONS,
    VIEW_OPTIONS,
    LAMBDAS_OPTION,
    FOLDS_OPTION,
    STANDARDIZE_OPTION,
    {"protocol", CHOICE, PROTOCOLS, 0, 0, "which samples are scored by which fit; default kfold"},
    TRAIN_OPTION,
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 1073741824"},
    {"per-target", FLAG, NULL, 0, 0, "a row for each target"},
    {"samples", FLAG, NULL, 0, 0, "JSON also has the predictions"},
    {"fit", FLAG, NULL, 0, 0, "JSON also has weights and bias of the fit on all samples"},
    {0},
};

static const score scores[] = {
    {CONCEPTDEC_R_LAMBDA, "lambda", NUMERIC, NULL},
    {CONCEPTDEC_R_R2, "R2", SCORE, NULL},
    {CONCEPTDEC_R_N_SCORED, "scored", COUNT, NULL},
    {0},
};

typedef struct regression {
    conceptdec_matrix targets;
    void *memory;
    conceptdec_probe_options probe;
    column_file train;
} regression;

static void
add_target_rows(table *t, const input *in, int64_t cell, const conceptdec_result *r)
{
    conceptdec_array lambdas, values;
    if (!has_array(r, CONCEPTDEC_R_LAMBDA, &lambdas) || !has_array(r, CONCEPTDEC_R_PER_TARGET, &values))
        return;
    if (!t->n_columns) {
        add_cell_columns(t, in);
        add_column(t, "lambda", NUMERIC);
        add_column(t, "target", COUNT);
        add_column(t, "R2", SCORE);
    }
    int64_t targets = values.shape[values.ndim - 1];
    for (int64_t i = 0; i < length_of(&values); i++) {
        add_cell_words(t, in, cell);
        add_value(t, element_of(&lambdas, i / targets));
        add_count(t, i % targets);
        add_value(t, element_of(&values, i));
    }
}

static int
prepare(const command *c, const input *in, const concepts *chosen, void *task)
{
    regression *r = task;
    (void)chosen;
    return read_column_file(c, "train", in, &r->train, &r->probe.train);
}

static conceptdec_status
work(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    regression *task = ((cell_state *)user)->options;
    conceptdec_result *r = NULL;
    task->probe.groups = in->groups ? &in->group_view : NULL;
    conceptdec_status status =
        conceptdec_probe_regression(context_of(c), &in->views[cell], &task->targets, &task->probe, &r);
    if (status != CONCEPTDEC_OK)
        return status;
    if (flag_of(c, "per-target"))
        add_target_rows(rows, in, cell, r);
    else
        add_cell_rows(rows, in, cell, r, CONCEPTDEC_R_LAMBDA, scores);
    status = add_object(c, json, r);
    conceptdec_result_free(r);
    return status;
}

static int
run(command *c)
{
    static const cell_command cells = {.work = work, .prepare = prepare};
    regression task = {.probe = {.struct_size = sizeof task.probe, .seed = seed_of(c)}};
    if (!text_of(c, "targets"))
        return complain(c, USAGE, "needs --targets FILE");
    fill(c, probe_fields, &task.probe);
    task.probe.flags |= flag_of(c, "samples") ? 0 : CONCEPTDEC_PROBE_NO_SAMPLES;
    task.probe.flags |= flag_of(c, "fit") ? 0 : CONCEPTDEC_PROBE_NO_FIT;
    int code = check_protocol(c);
    if (!code)
        code = read_matrix(c, text_of(c, "targets"), &task.targets, &task.memory);
    if (!code)
        code = run_cells(c, &cells, &task);
    free(task.memory);
    free(task.train.values);
    return code;
}

const sub_command regression_command = {
    "regression", "ACTIVATIONS", "How well continuous concepts can be read by a linear map (ridge regression)", 1, 1,
    options, run,
};
