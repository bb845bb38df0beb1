/* conceptdec erase, conceptdec curve: activations without their concepts, and what is left of these on the way. */
#include "cmd_knn.h"
#include "cmd_probe.h"

#define ERASER_OPTIONS                                                                                                 \
    {"method", CHOICE, "leace|projection", 0, 0,                                                                       \
     "least change after which no linear map reads a concept (default), or no span of the means"},                     \
    {"tolerance", NUMBER, "T", 0, 1, "strengths at or below it count as 0; default 1e-8"},                             \
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory of the eraser; default 4294967296"}

static const option erase_options[] = {
    LABEL_OPTIONS,
    VIEW_OPTIONS,
    ERASER_OPTIONS,
    {"rank", INTEGER, "R", 1, 1e9, "directions that are removed at most, the strongest first; default all"},
    {0},
};

static const option curve_options[] = {
    LABEL_OPTIONS,
    VIEW_OPTIONS,
    ERASER_OPTIONS,
    {"most", INTEGER, "R", 1, 1e9, "directions that are removed at most; default all"},
    KNN_OPTIONS,
    {"kind", CHOICE, PROBE_KINDS, 0, 0, "of the probe; default logistic"},
    LAMBDAS_OPTION,
    FOLDS_OPTION,
    STANDARDIZE_OPTION,
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_eraser_options, option, kind, name, place)
static const field eraser_fields[] = {
    TO("rank", TO_INT64, rank, 2),
    TO("memory", TO_INT64, memory, 3),
    TO("tolerance", TO_DOUBLE, tolerance, 4),
    TO("method", TO_INT32, kind, 5),
    {0},
};

/* ---- erase ---- */

static void
add_strengths(table *t, const input *in, int64_t cell, const conceptdec_array *strengths)
{
    if (!t->n_columns) {
        add_cell_columns(t, in);
        add_column(t, "direction", COUNT);
        add_column(t, "strength", NUMERIC);
    }
    for (int64_t i = 0; i < length_of(strengths); i++) {
        add_cell_words(t, in, cell);
        add_count(t, i);
        add_value(t, element_of(strengths, i));
    }
}

static conceptdec_status
apply(const command *c, const input *in, int64_t cell, const conceptdec_eraser *eraser, outputs *kept)
{
    conceptdec_result *r = NULL;
    conceptdec_array erased;
    conceptdec_status status = conceptdec_eraser_apply(context_of(c), eraser, &in->views[cell], &r);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_result_get(r, CONCEPTDEC_R_ERASED, &erased);
    if (status == CONCEPTDEC_OK)
        status = keep_output(c, in, cell, &erased, kept);
    conceptdec_result_free(r);
    return status;
}

static conceptdec_status
erase(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    conceptdec_eraser *eraser = NULL;
    conceptdec_array strengths;
    conceptdec_status status =
        conceptdec_eraser_new(context_of(c), &in->views[cell], &state->chosen->view, state->options, &eraser);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_eraser_get(eraser, CONCEPTDEC_E_STRENGTHS, &strengths);
    if (status == CONCEPTDEC_OK)
        status = apply(c, in, cell, eraser, state->outputs);
    if (status == CONCEPTDEC_OK) {
        add_strengths(rows, in, cell, &strengths);
        add(json, "{\"strengths\": ");
        add_array(json, &strengths);
        add(json, "}");
    }
    conceptdec_eraser_free(eraser);
    return status;
}

static int
prepare_eraser(const command *c, const input *in, const concepts *chosen, void *options)
{
    (void)c, (void)in;
    ((conceptdec_eraser_options *)options)->classes = chosen->count;
    return DONE;
}

static int
run_erase(command *c)
{
    static const cell_command cells = {
        .labels = LABELS_NEEDED, .least = 1, .fewest = 2, .array = "erased", .work = erase, .prepare = prepare_eraser};
    conceptdec_eraser_options o = {.struct_size = sizeof o};
    if (!saves_arrays(c))
        return complain(c, USAGE, "needs -o FILE, .npy or .safetensors, for the activations without their concepts");
    fill(c, eraser_fields, &o);
    return run_cells(c, &cells, &o);
}

const sub_command erase_command = {
    "erase", "ACTIVATIONS", "Activations without their concepts, written to -o FILE (.npy, .safetensors)", 1, 1,
    erase_options, run_erase,
};

/* ---- curve ---- */

typedef struct curve_task {
    conceptdec_erasure_options options;
    conceptdec_eraser_options eraser;
    conceptdec_knn_options knn;
    conceptdec_probe_options probe;
} curve_task;

static const score of_curve[] = {
    {CONCEPTDEC_R_N_REMOVED, "removed", COUNT, NULL},
    {CONCEPTDEC_R_DECODABILITY, "decodability", SCORE, NULL},
    {CONCEPTDEC_R_CHANCE_NULL, "chance", SCORE, NULL},
    {CONCEPTDEC_R_ACCURACY, "accuracy", SCORE, NULL},
    {CONCEPTDEC_R_CHANCE, "largest", SCORE, NULL},
    {0},
};

static int
prepare_curve(const command *c, const input *in, const concepts *chosen, void *options)
{
    curve_task *task = options;
    (void)c, (void)in;
    task->eraser.classes = task->knn.classes = task->probe.classes = chosen->count;
    task->options.eraser = &task->eraser;
    task->options.knn = &task->knn;
    task->options.probe = &task->probe;
    return DONE;
}

static conceptdec_status
trace(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    const curve_task *task = state->options;
    conceptdec_result *r = NULL;
    conceptdec_status status =
        conceptdec_erasure_curve(context_of(c), &in->views[cell], &state->chosen->view, &task->options, &r);
    if (status != CONCEPTDEC_OK)
        return status;
    add_cell_rows(rows, in, cell, r, CONCEPTDEC_R_N_REMOVED, of_curve);
    status = add_object(c, json, r);
    conceptdec_result_free(r);
    return status;
}

static int
run_curve(command *c)
{
    cell_command cells = {.labels = LABELS_NEEDED, .least = least_of_folds(c), .fewest = 2, .work = trace,
                          .prepare = prepare_curve};
    curve_task task = {{.struct_size = sizeof task.options, .most = integer_of(c, "most", 0)},
                       {.struct_size = sizeof task.eraser},
                       {.struct_size = sizeof task.knn, .seed = seed_of(c)},
                       {.struct_size = sizeof task.probe, .seed = seed_of(c)}};
    static const field knn_of_curve[] = {
        LIST(conceptdec_knn_options, "k", TO_INTEGERS, ks, n_ks, 0),
        FIELD(conceptdec_knn_options, "temperature", TO_DOUBLE, temperature, 12),
        FIELD(conceptdec_knn_options, "metric", TO_INT32, metric, 13),
        FIELD(conceptdec_knn_options, "weights", TO_INT32, weights, 15),
        FIELD(conceptdec_knn_options, "ties", TO_INT32, ties, 16),
        FIELD(conceptdec_knn_options, "boundary", TO_INT32, boundary, 17),
        {0},
    };
    static const field probe_of_curve[] = {
        LIST(conceptdec_probe_options, "lambdas", TO_NUMBERS, lambdas, n_lambdas, 0),
        FIELD(conceptdec_probe_options, "folds", TO_INT64, folds, 7),
        FIELD(conceptdec_probe_options, "kind", TO_INT32, kind, 17),
        FIELD(conceptdec_probe_options, "standardize", TO_INT32, standardize, 19),
        {0},
    };
    fill(c, eraser_fields, &task.eraser);
    fill(c, knn_of_curve, &task.knn);
    fill(c, probe_of_curve, &task.probe);
    return run_cells(c, &cells, &task);
}

const sub_command curve_command = {
    "curve", "ACTIVATIONS", "What neighbours and a probe still read as a concept's directions are removed, one by one", 1, 1,
    curve_options, run_curve,
};
