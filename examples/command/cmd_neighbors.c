/* conceptdec neighbors: the exact nearest neighbours of each sample. */
#include "cmd_knn.h"

static const option neighbors_options[] = {
    GROUP_OPTIONS,
    VIEW_OPTIONS,
    {"k", INTEGER, "K", 1, 1e9, "neighbours of each sample; default 10"},
    METRIC_OPTION,
    {"strict", FLAG, NULL, 0, 0, "a sample with fewer than k neighbours in other groups is an error"},
    {0},
};

static const field fields[] = {
    FIELD(conceptdec_neighbors_options, "k", TO_INT64, k, 0),
    FIELD(conceptdec_neighbors_options, "metric", TO_INT32, metric, 3),
    FLAG_FIELD(conceptdec_neighbors_options, "strict", CONCEPTDEC_NEIGHBORS_STRICT),
    {0},
};

static void
add_rows(table *t, const input *in, int64_t cell, const conceptdec_array *indices, const conceptdec_array *distances)
{
    int64_t k = indices->shape[1];
    if (!t->n_columns) {
        add_cell_columns(t, in);
        add_column(t, "sample", COUNT);
        add_column(t, "rank", COUNT);
        add_column(t, "neighbor", COUNT);
        add_column(t, "distance", NUMERIC);
    }
    for (int64_t i = 0; i < length_of(indices); i++) {
        add_cell_words(t, in, cell);
        add_count(t, i / k);
        add_count(t, i % k + 1);
        add_value(t, element_of(indices, i));
        add_value(t, element_of(distances, i));
    }
}

static conceptdec_status
show_table(const input *in, int64_t cell, const conceptdec_neighbors *found, table *rows, text *json)
{
    conceptdec_array indices, distances;
    conceptdec_status status = conceptdec_neighbors_get(found, CONCEPTDEC_N_INDICES, &indices);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_neighbors_get(found, CONCEPTDEC_N_DISTANCES, &distances);
    if (status != CONCEPTDEC_OK)
        return status;
    add_rows(rows, in, cell, &indices, &distances);
    add(json, "{\"indices\": ");
    add_array(json, &indices);
    add(json, ", \"distances\": ");
    add_array(json, &distances);
    add(json, "}");
    return CONCEPTDEC_OK;
}

static conceptdec_status
work(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    conceptdec_neighbors *found = NULL;
    conceptdec_status status = conceptdec_neighbors_new(context_of(c), &in->views[cell], NULL, state->options, &found);
    if (status == CONCEPTDEC_OK && output_of(c))
        status = conceptdec_neighbors_save(context_of(c), found, output_of(c));
    else if (status == CONCEPTDEC_OK)
        status = show_table(in, cell, found, rows, json);
    conceptdec_neighbors_free(found);
    return status;
}

static int
prepare(const command *c, const input *in, const concepts *chosen, void *options)
{
    (void)chosen;
    ((conceptdec_neighbors_options *)options)->groups = in->groups ? &in->group_view : NULL;
    if (output_of(c) && in->n_views > 1)
        return complain(c, USAGE, "-o: a table is of one cell, and there are %d: choose one by --views or --array",
                        (int)in->n_views);
    return DONE;
}

static int
run(command *c)
{
    cell_command cells = {.work = work, .prepare = prepare, .writes_itself = output_of(c) != NULL};
    conceptdec_neighbors_options o = {.struct_size = sizeof o};
    fill(c, fields, &o);
    return run_cells(c, &cells, &o);
}

const sub_command neighbors_command = {
    "neighbors", "ACTIVATIONS", "The exact nearest neighbours of each sample (-o FILE: a table that the library loads)", 1, 1,
    neighbors_options, run,
};
