/* conceptdec pca, umap, quality: pictures of activations, and how far these can be trusted. */
#include "cmd_knn.h"

static const option pca_options[] = {
    VIEW_OPTIONS,
    {"components", INTEGER, "R", 1, 1e9, "components; default 10, or as many as there are"},
    {"solver", CHOICE, "auto|covariance|gram|svd|krylov", 0, 0, "how they are found; default auto"},
    {"uncentered", FLAG, NULL, 0, 0, "directions through the origin"},
    {"standardized", FLAG, NULL, 0, 0, "dimensions divided by their standard deviation"},
    {"whiten", FLAG, NULL, 0, 0, "coordinates of variance 1"},
    {"max-iterations", INTEGER, "N", 1, 1e9, "products that krylov may make; default 40"},
    {"tolerance", NUMBER, "T", 0, 1, "residual at which krylov ends; default 1e-5"},
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 536870912"},
    {0},
};

static const field pca_fields[] = {
    FIELD(conceptdec_pca_options, "max-iterations", TO_INT64, max_iterations, 1),
    FIELD(conceptdec_pca_options, "memory", TO_INT64, memory, 2),
    FIELD(conceptdec_pca_options, "tolerance", TO_DOUBLE, tolerance, 4),
    FIELD(conceptdec_pca_options, "solver", TO_INT32, solver, 5),
    FLAG_FIELD(conceptdec_pca_options, "uncentered", CONCEPTDEC_PCA_UNCENTERED),
    FLAG_FIELD(conceptdec_pca_options, "standardized", CONCEPTDEC_PCA_STANDARDIZE),
    FLAG_FIELD(conceptdec_pca_options, "whiten", CONCEPTDEC_PCA_WHITEN),
    {0},
};

static const option umap_options[] = {
    LABEL_OPTIONS,
    VIEW_OPTIONS,
    {"components", INTEGER, "R", 1, 64, "dimensions of the picture; default 2"},
    {"n-neighbors", INTEGER, "K", 1, 1e9, "neighbours of each sample; default 15"},
    {"min-dist", NUMBER, "D", 0, 1e9, "how close points may come; default 0.1"},
    {"spread", NUMBER, "S", 0, 1e9, "scale of the picture; default 1"},
    {"epochs", INTEGER, "E", 0, 1e9, "passes; default 500, of more than 10,000 samples 200"},
    METRIC_OPTION,
    {"init", CHOICE, "spectral|pca|random", 0, 0, "where points start; default spectral"},
    {"negative-samples", INTEGER, "N", 1, 1000, "points that push, for each edge that pulls; default 5"},
    {"learning-rate", NUMBER, "R", 0, 1000, "default 1"},
    {"repulsion", NUMBER, "R", 0, 1e6, "weight of points that push; default 1"},
    {"mix", NUMBER, "M", 0, 1, "1 fuzzy union, 0 intersection; default 1"},
    {"local-connectivity", NUMBER, "N", 0, 1e9, "neighbours at full weight; default 1"},
    {"supervised", FLAG, NULL, 0, 0, "labels pull, too: no evidence that concepts lie apart"},
    {"target-weight", NUMBER, "W", 0, 1, "of labels against activations, with --supervised; default 0.5"},
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 536870912"},
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_umap_options, option, kind, name, place)
static const field umap_fields[] = {
    TO("components", TO_INT64, n_components, 2),
    TO("n-neighbors", TO_INT64, n_neighbors, 3),
    TO("epochs", TO_INT64, epochs, 4),
    TO("negative-samples", TO_INT64, negative_samples, 5),
    TO("memory", TO_INT64, memory, 6),
    TO("seed", TO_UINT64, seed, 7),
    TO("min-dist", TO_DOUBLE, min_dist, 8),
    TO("spread", TO_DOUBLE, spread, 9),
    TO("learning-rate", TO_DOUBLE, learning_rate, 10),
    TO("repulsion", TO_DOUBLE, repulsion, 11),
    TO("mix", TO_DOUBLE, mix, 12),
    TO("local-connectivity", TO_DOUBLE, local_connectivity, 13),
    TO("target-weight", TO_DOUBLE, target_weight, 14),
    TO("metric", TO_INT32, metric, 17),
    TO("init", TO_INT32, init, 18),
    {0},
};

static const option quality_options[] = {
    LABEL_OPTIONS,
    VIEW_OPTIONS,
    OTHER_OPTIONS,
    {"k", INTEGERS, "K", 1, 1e9, "sizes of a neighbourhood, as in 15 or 5,15,50; default 15"},
    METRIC_OPTION,
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 536870912"},
    {0},
};

/* ---- pca ---- */

/* Arrays of an object, by one function for all that have a getter: "name": [...]. */
static conceptdec_status
add_pca(const conceptdec_pca *pca, text *json)
{
    static const char *const names[] = {
        CONCEPTDEC_P_EXPLAINED_VARIANCE, CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO, CONCEPTDEC_P_SINGULAR_VALUES,
        CONCEPTDEC_P_TOTAL_VARIANCE, CONCEPTDEC_P_RESIDUAL, CONCEPTDEC_P_EIGEN_GAP, CONCEPTDEC_P_N_SAMPLES,
        CONCEPTDEC_P_N_CLAMPED, CONCEPTDEC_P_SOLVER, CONCEPTDEC_P_ITERATIONS, CONCEPTDEC_P_CONVERGED,
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        conceptdec_array array;
        conceptdec_status status = conceptdec_pca_get(pca, names[i], &array);
        if (status != CONCEPTDEC_OK)
            return status;
        add(json, "%s\"%s\": ", i ? ", " : "{\"values\": {", names[i]);
        add_array(json, &array);
    }
    add(json, "}}");
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_variances(const conceptdec_pca *pca, const input *in, int64_t cell, table *rows)
{
    conceptdec_array variances, shares;
    conceptdec_status status = conceptdec_pca_get(pca, CONCEPTDEC_P_EXPLAINED_VARIANCE, &variances);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_pca_get(pca, CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO, &shares);
    if (status != CONCEPTDEC_OK)
        return status;
    if (!rows->n_columns) {
        add_cell_columns(rows, in);
        add_column(rows, "component", COUNT);
        add_column(rows, "variance", NUMERIC);
        add_column(rows, "share", SCORE);
        add_column(rows, "so far", SCORE);
    }
    double sum = 0;
    for (int64_t i = 0; i < length_of(&variances); i++) {
        add_cell_words(rows, in, cell);
        add_count(rows, i + 1);
        add_value(rows, element_of(&variances, i));
        add_value(rows, element_of(&shares, i));
        add_value(rows, sum += element_of(&shares, i));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
keep_coordinates(const command *c, const input *in, int64_t cell, const conceptdec_pca *pca, outputs *kept)
{
    conceptdec_result *r = NULL;
    conceptdec_array coordinates;
    conceptdec_status status = conceptdec_pca_transform(context_of(c), pca, &in->views[cell], &r);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_result_get(r, CONCEPTDEC_R_TRANSFORMED, &coordinates);
    if (status == CONCEPTDEC_OK)
        status = keep_output(c, in, cell, &coordinates, kept);
    conceptdec_result_free(r);
    return status;
}

static conceptdec_status
project(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    conceptdec_pca_options o = *(conceptdec_pca_options *)state->options;
    conceptdec_pca *pca = NULL;
    const conceptdec_matrix *x = &in->views[cell];
    int64_t most = x->rows < x->cols ? x->rows : x->cols;
    o.n_components = integer_of(c, "components", most < 10 ? most : 10);
    conceptdec_status status = conceptdec_pca_new(context_of(c), x, &o, &pca);
    if (status == CONCEPTDEC_OK)
        status = add_variances(pca, in, cell, rows);
    if (status == CONCEPTDEC_OK)
        status = add_pca(pca, json);
    if (status == CONCEPTDEC_OK && state->outputs)
        status = keep_coordinates(c, in, cell, pca, state->outputs);
    conceptdec_pca_free(pca);
    return status;
}

static int
run_pca(command *c)
{
    static const cell_command cells = {.array = "coordinates", .work = project};
    conceptdec_pca_options o = {.struct_size = sizeof o, .seed = seed_of(c)};
    fill(c, pca_fields, &o);
    return run_cells(c, &cells, &o);
}

const sub_command pca_command = {
    "pca", "ACTIVATIONS", "Principal components: variances (-o FILE: coordinates, .npy or .safetensors)", 1, 1,
    pca_options, run_pca,
};

/* ---- umap ---- */

static void
add_places(const command *c, const input *in, int64_t cell, const conceptdec_array *places, table *rows)
{
    int64_t width = places->shape[1];
    if (!rows->n_columns) {
        add_cell_columns(rows, in);
        add_column(rows, "sample", COUNT);
        if (in->labels)
            add_column(rows, "concept", WORD);
        for (int64_t j = 0; j < width; j++) {
            char title[24];
            snprintf(title, sizeof title, "x%d", (int)j + 1);
            add_column(rows, title, NUMERIC);
        }
    }
    for (int64_t i = 0; i < places->shape[0]; i++) {
        add_cell_words(rows, in, cell);
        add_count(rows, i);
        if (in->labels)
            add_word(rows, in->labels[i] < 0 ? "" : in->class_names[in->labels[i]]);
        for (int64_t j = 0; j < width; j++)
            add_value(rows, element_of(places, i * width + j));
    }
    (void)c;
}

/* Beside a file of places: how the graph was. */
static void
add_graph(const input *in, int64_t cell, const conceptdec_array *part, double converged, table *rows)
{
    double parts = 0;
    if (!rows->n_columns) {
        add_cell_columns(rows, in);
        add_column(rows, "samples", COUNT);
        add_column(rows, "parts", COUNT);
        add_column(rows, "converged", COUNT);
    }
    for (int64_t i = 0; i < length_of(part); i++)
        if (element_of(part, i) + 1 > parts)
            parts = element_of(part, i) + 1;
    add_cell_words(rows, in, cell);
    add_count(rows, length_of(part));
    add_value(rows, parts);
    add_value(rows, converged);
}

static conceptdec_status
show_umap(const command *c, const input *in, int64_t cell, const conceptdec_umap *umap, outputs *kept, table *rows,
          text *json)
{
    conceptdec_array places, part, converged;
    conceptdec_status status = conceptdec_umap_get(umap, CONCEPTDEC_U_EMBEDDING, &places);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_umap_get(umap, CONCEPTDEC_U_PART, &part);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_umap_get(umap, CONCEPTDEC_U_CONVERGED, &converged);
    if (status != CONCEPTDEC_OK)
        return status;
    if (kept)
        add_graph(in, cell, &part, element_of(&converged, 0), rows);
    else
        add_places(c, in, cell, &places, rows);
    add(json, "{\"converged\": %d", (int)element_of(&converged, 0));
    if (!kept) {
        add(json, ", \"embedding\": ");
        add_array(json, &places);
    }
    add(json, "}");
    return kept ? keep_output(c, in, cell, &places, kept) : CONCEPTDEC_OK;
}

static conceptdec_status
embed(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    conceptdec_umap *umap = NULL;
    conceptdec_status status = conceptdec_umap_new(context_of(c), &in->views[cell], state->options, &umap);
    if (status == CONCEPTDEC_OK)
        status = show_umap(c, in, cell, umap, state->outputs, rows, json);
    conceptdec_umap_free(umap);
    return status;
}

static int
prepare_umap(const command *c, const input *in, const concepts *chosen, void *options)
{
    if (!flag_of(c, "supervised"))
        return DONE;
    ((conceptdec_umap_options *)options)->labels = &chosen->view;
    return in->labels ? DONE : complain(c, USAGE, "--supervised: needs --labels FILE");
}

static int
run_umap(command *c)
{
    static const cell_command cells = {.labels = LABELS_ALLOWED, .least = 1, .fewest = 1, .array = "embedding",
                                       .work = embed,
                                       .prepare = prepare_umap};
    conceptdec_umap_options o = {.struct_size = sizeof o};
    fill(c, umap_fields, &o);
    return run_cells(c, &cells, &o);
}

const sub_command umap_command = {
    "umap", "ACTIVATIONS", "A picture that keeps neighbours (-o FILE: places, .npy or .safetensors)", 1, 1,
    umap_options, run_umap,
};

/* ---- quality ---- */

typedef struct quality {
    conceptdec_quality_options options;
    input pictures;
} quality;

static const score of_quality[] = {
    {CONCEPTDEC_R_K, "k", COUNT, NULL},
    {CONCEPTDEC_R_TRUSTWORTHINESS, "trustworthiness", SCORE, NULL},
    {CONCEPTDEC_R_CONTINUITY, "continuity", SCORE, NULL},
    {CONCEPTDEC_R_KNN_PRESERVATION, "preserved", SCORE, NULL},
    {CONCEPTDEC_R_R_NX, "R_NX", SCORE, NULL},
    {CONCEPTDEC_R_DECODABILITY, "decodability", SCORE, NULL},
    {CONCEPTDEC_R_DECODABILITY_EMBEDDED, "in the picture", SCORE, NULL},
    {0},
};

static int
prepare_quality(const command *c, const input *in, const concepts *chosen, void *options)
{
    quality *task = options;
    task->options.labels = in->labels ? &chosen->view : NULL;
    int code = open_input(c, 1, 0, &task->pictures);
    if (code || task->pictures.n_views == in->n_views)
        return code;
    return complain(c, BAD_INPUT, "%s: has %d pictures of %d matrices", task->pictures.path,
                    (int)task->pictures.n_views, (int)in->n_views);
}

static conceptdec_status
judge(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const quality *task = ((const cell_state *)user)->options;
    conceptdec_result *r = NULL;
    conceptdec_status status =
        conceptdec_embedding_quality(context_of(c), &in->views[cell], &task->pictures.views[cell], &task->options, &r);
    if (status != CONCEPTDEC_OK)
        return status;
    add_cell_rows(rows, in, cell, r, CONCEPTDEC_R_K, of_quality);
    status = add_object(c, json, r);
    conceptdec_result_free(r);
    return status;
}

static int
run_quality(command *c)
{
    static const cell_command cells = {.labels = LABELS_ALLOWED, .least = 2, .fewest = 2, .work = judge,
                                       .prepare = prepare_quality};
    static const field quality_fields[] = {
        LIST(conceptdec_quality_options, "k", TO_INTEGERS, ks, n_ks, 0),
        FIELD(conceptdec_quality_options, "memory", TO_INT64, memory, 3),
        FIELD(conceptdec_quality_options, "metric", TO_INT32, metric, 4),
        {0},
    };
    quality task = {.options = {.struct_size = sizeof task.options}};
    fill(c, quality_fields, &task.options);
    int code = run_cells(c, &cells, &task);
    close_input(&task.pictures);
    return code;
}

const sub_command quality_command = {
    "quality", "ACTIVATIONS PICTURES", "How far pictures (pca, umap) keep the neighbours that activations have", 2, 2,
    quality_options, run_quality,
};
