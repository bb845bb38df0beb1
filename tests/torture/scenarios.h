/* Small problems that together reach the whole public interface, each with one object at its end: a neighbour table, a
 * result or a fitted probe. Data is hostile on purpose: equal rows, zero rows, ties, ignored samples. */
#ifndef CONCEPTDEC_TORTURE_SCENARIOS_H
#define CONCEPTDEC_TORTURE_SCENARIOS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include <conceptdec/conceptdec.h>

enum { ROWS = 26, COLS = 5, QUERIES = 9, CORNERS = 60, LOOSE_ROWS = 440, LOOSE_COLS = 6, WIDE_COLS = 33 };

static double scene_values[ROWS * COLS];
static float scene_narrow[ROWS * COLS];
static double scene_query_values[QUERIES * COLS];
static float scene_corner_values[CORNERS * CORNERS];  /* all at one distance from each other */
static float scene_loose_values[LOOSE_ROWS * LOOSE_COLS]; /* single precision cannot tell which rows are close */
static int64_t scene_label_values[ROWS * 2], scene_group_values[ROWS], scene_train_values[ROWS];
static int32_t scene_query_group_values[QUERIES];
static float scene_wide_values[ROWS * WIDE_COLS]; /* more columns than rows */
static double scene_weight_values[ROWS], scene_target_values[ROWS * 2];
static int32_t scene_type_values[ROWS];

#define VIEW(array, n, d, type)                                                                                        \
    {                                                                                                                  \
        .data = array, .rows = n, .cols = d, .row_stride = (d) * (int64_t)sizeof *(array),                             \
        .col_stride = sizeof *(array), .dtype = type                                                                   \
    }

static const conceptdec_matrix scene_x = VIEW(scene_values, ROWS, COLS, CONCEPTDEC_FLOAT64);
static const conceptdec_matrix scene_x32 = VIEW(scene_narrow, ROWS, COLS, CONCEPTDEC_FLOAT32);
static const conceptdec_matrix scene_queries = VIEW(scene_query_values, QUERIES, COLS, CONCEPTDEC_FLOAT64);
static const conceptdec_matrix scene_corners = VIEW(scene_corner_values, CORNERS, CORNERS, CONCEPTDEC_FLOAT32);
static const conceptdec_matrix scene_loose = VIEW(scene_loose_values, LOOSE_ROWS, LOOSE_COLS, CONCEPTDEC_FLOAT32);
static const conceptdec_matrix scene_labels = VIEW(scene_label_values, ROWS, 2, CONCEPTDEC_INT64);
static const conceptdec_matrix scene_groups = VIEW(scene_group_values, ROWS, 1, CONCEPTDEC_INT64);
static const conceptdec_matrix scene_train = VIEW(scene_train_values, ROWS, 1, CONCEPTDEC_INT64);
static const conceptdec_matrix scene_query_groups = VIEW(scene_query_group_values, QUERIES, 1, CONCEPTDEC_INT32);
static const conceptdec_matrix scene_wide = VIEW(scene_wide_values, ROWS, WIDE_COLS, CONCEPTDEC_FLOAT32);
static const conceptdec_matrix scene_weights = VIEW(scene_weight_values, ROWS, 1, CONCEPTDEC_FLOAT64);
static const conceptdec_matrix scene_targets = VIEW(scene_target_values, ROWS, 2, CONCEPTDEC_FLOAT64);
static const conceptdec_matrix scene_types = VIEW(scene_type_values, ROWS, 1, CONCEPTDEC_INT32);

static inline int32_t
scene_deliver(void *user, int64_t first, int64_t count, void *rows)
{
    memcpy(rows, (const double *)user + first * COLS, (size_t)(count * COLS) * sizeof(double));
    return 0;
}

#define READER(array) {.struct_size = sizeof(conceptdec_reader), .read = scene_deliver, .user = array}
#define READ(reader, n)                                                                                                \
    {                                                                                                                  \
        .data = &(reader), .rows = n, .cols = COLS, .dtype = CONCEPTDEC_FLOAT64, .flags = CONCEPTDEC_MATRIX_READER     \
    }

static const conceptdec_reader scene_reader = READER(scene_values), scene_query_reader = READER(scene_query_values);
static const conceptdec_matrix scene_read = READ(scene_reader, ROWS);
static const conceptdec_matrix scene_read_queries = READ(scene_query_reader, QUERIES);

static const conceptdec_matrix *scene_labels_at = &scene_labels, *scene_targets_at = &scene_targets; /* what is taken */

static uint64_t scene_state = 1;

static inline double
scene_uniform(void) /* in [0, 1) */
{
    scene_state = scene_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(scene_state >> 11) * 0x1p-53;
}

static inline void
scene_fill(void)
{
    scene_state = 1;
    for (int i = 0; i < ROWS * COLS; i++)
        scene_values[i] = i / COLS % 3 == 0 ? (int)(3 * scene_uniform()) - 1 : scene_uniform();
    memset(scene_values + 4 * COLS, 0, 2 * COLS * sizeof *scene_values);                    /* zero rows */
    memcpy(scene_values + 9 * COLS, scene_values + 2 * COLS, COLS * sizeof *scene_values); /* equal rows */
    memcpy(scene_values + 10 * COLS, scene_values + 2 * COLS, COLS * sizeof *scene_values);
    for (int i = 0; i < ROWS * COLS; i++)
        scene_narrow[i] = (float)scene_values[i];
    for (int i = 0; i < QUERIES * COLS; i++)
        scene_query_values[i] = i < 2 * COLS ? scene_values[i + 3 * COLS] : scene_uniform();
    for (int i = 0; i < CORNERS; i++)
        scene_corner_values[i * CORNERS + i] = 1;
    for (int i = 0; i < LOOSE_ROWS * LOOSE_COLS; i++)
        scene_loose_values[i] = (float)((i / LOOSE_COLS % 2 ? 1000 : -1000) + 1e-2 * scene_uniform());
    for (int i = 0; i < ROWS; i++) {
        scene_label_values[2 * i] = i % 7 == 6 ? -1 : i % 2;
        scene_label_values[2 * i + 1] = i * 7 / 5 % 3;
        scene_group_values[i] = i / 3;
        scene_train_values[i] = i % 4 != 0;
    }
    for (int i = 0; i < QUERIES; i++)
        scene_query_group_values[i] = i;
    for (int i = 0; i < ROWS * WIDE_COLS; i++)
        scene_wide_values[i] = i / WIDE_COLS == 3 ? scene_wide_values[i - WIDE_COLS] : (float)scene_uniform();
    for (int i = 0; i < ROWS; i++) {
        scene_weight_values[i] = i % 5; /* some are 0 */
        scene_type_values[i] = i % 6;
        scene_target_values[2 * i] = scene_values[i * COLS] - scene_uniform();
        scene_target_values[2 * i + 1] = 3; /* constant */
    }
}

/* ---- what is done ---- */

typedef enum {
    SEARCH,
    RELOAD,
    SCORE,
    SCORE_TABLE,
    PROFILE,
    PROBE,
    REGRESS,
    FIT,
    RELOAD_FIT,
    PREDICT,
    SCORE_FIT,
} scenario_kind;

typedef struct scenario {
    const char *name;
    scenario_kind kind;
    const conceptdec_matrix *x, *queries;
    conceptdec_neighbors_options search;
    conceptdec_knn_options knn;
    conceptdec_probe_options probe;
} scenario;

#define WHAT(text, what, matrix) .name = text, .kind = what, .x = &(matrix)
#define FIND(...) .search = {.struct_size = sizeof(conceptdec_neighbors_options), __VA_ARGS__}
#define ASK(...) .knn = {.struct_size = sizeof(conceptdec_knn_options), __VA_ARGS__}
#define TRY(...) .probe = {.struct_size = sizeof(conceptdec_probe_options), __VA_ARGS__}

static const int64_t scene_ks[] = {5, 1, 3};

static const double scene_lambdas[] = {0.5, 0.02};
#define PROTOCOL_GIVEN ((uint64_t)1 << 18) /* leave-one-out, which is 0, is meant */

static const scenario scenarios[] = {
    {WHAT("search", SEARCH, scene_x), FIND(.k = 4)},
    {WHAT("search float32", SEARCH, scene_x32), FIND(.k = 4)},
    {WHAT("search groups", SEARCH, scene_x), FIND(.k = 4, .groups = &scene_groups)},
    {WHAT("search queries", SEARCH, scene_x), .queries = &scene_queries, FIND(.k = 4)},
    {WHAT("search queries and groups", SEARCH, scene_x), .queries = &scene_queries,
     FIND(.k = 4, .groups = &scene_groups, .query_groups = &scene_query_groups)},
    {WHAT("search cosine", SEARCH, scene_x), FIND(.k = 4, .metric = CONCEPTDEC_METRIC_COSINE)},
    {WHAT("search ties", SEARCH, scene_corners), FIND(.k = 1)},
    {WHAT("search anew in double precision", SEARCH, scene_loose), FIND(.k = 1)},
    {WHAT("search what a reader delivers", SEARCH, scene_read), .queries = &scene_read_queries,
     FIND(.k = 4, .metric = CONCEPTDEC_METRIC_COSINE)},
    {WHAT("search strictly", SEARCH, scene_x),
     FIND(.k = 4, .groups = &scene_groups, .flags = CONCEPTDEC_NEIGHBORS_STRICT)},
    {WHAT("save and load", RELOAD, scene_x), FIND(.k = 4, .groups = &scene_groups)},
    {WHAT("save and load queries", RELOAD, scene_x), .queries = &scene_queries,
     FIND(.k = 4, .groups = &scene_groups, .query_groups = &scene_query_groups, .metric = CONCEPTDEC_METRIC_COSINE)},
    {WHAT("leave one out", SCORE, scene_x), ASK(.ks = scene_ks, .n_ks = 3, .chance_draws = 3)},
    {WHAT("leave a group out", SCORE, scene_x),
     ASK(.k = 3, .protocol = CONCEPTDEC_PROTOCOL_GROUP, .groups = &scene_groups,
         .weights = CONCEPTDEC_WEIGHTS_DISTANCE, .permutations = 4, .permute = CONCEPTDEC_PERMUTE_WITHIN)},
    {WHAT("folds", SCORE, scene_x),
     ASK(.k = 3, .protocol = CONCEPTDEC_PROTOCOL_KFOLD, .folds = 3, .weights = CONCEPTDEC_WEIGHTS_BALANCED,
         .permutations = 4, .bootstrap = 5)},
    {WHAT("folds of groups", SCORE, scene_x32),
     ASK(.k = 3, .protocol = CONCEPTDEC_PROTOCOL_KFOLD, .folds = 3, .groups = &scene_groups, .permutations = 4,
         .permute = CONCEPTDEC_PERMUTE_WHOLE, .bootstrap = 5)},
    {WHAT("split", SCORE, scene_x),
     ASK(.k = 3, .chance_draws = 3, .protocol = CONCEPTDEC_PROTOCOL_SPLIT, .train = &scene_train,
         .metric = CONCEPTDEC_METRIC_COSINE, .weights = CONCEPTDEC_WEIGHTS_SOFTMAX, .ties = CONCEPTDEC_TIES_NEAREST)},
    {WHAT("resubstitution", SCORE, scene_x),
     ASK(.k = 3, .chance_draws = 3, .protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION,
         .boundary = CONCEPTDEC_BOUNDARY_INDEX, .ties = CONCEPTDEC_TIES_SMALLEST,
         .flags = CONCEPTDEC_KNN_NO_CONFUSION)},
    {WHAT("scores of what a reader delivers", SCORE_TABLE, scene_read),
     FIND(.k = 1), ASK(.k = 3, .chance_draws = 3, .protocol = CONCEPTDEC_PROTOCOL_KFOLD, .folds = 3)},
    {WHAT("scores of a table", SCORE_TABLE, scene_x), FIND(.k = 5),
     ASK(.ks = scene_ks, .n_ks = 3, .chance_draws = 3, .bootstrap = 5)},
    {WHAT("scores of a table that is too shallow", SCORE_TABLE, scene_x),
     FIND(.k = 1), ASK(.k = 6, .chance_draws = 3, .protocol = CONCEPTDEC_PROTOCOL_GROUP, .groups = &scene_groups)},
    {WHAT("profile", PROFILE, scene_x),
     ASK(.k = 3, .groups = &scene_groups, .bootstrap = 5, .permutations = 3, .permute = CONCEPTDEC_PERMUTE_WHOLE)},
    {WHAT("probe", PROBE, scene_x), TRY(.folds = 3)},
    {WHAT("probe with everything", PROBE, scene_x32),
     TRY(.lambdas = scene_lambdas, .n_lambdas = 2, .folds = 2, .groups = &scene_groups, .weights = &scene_weights,
         .types = &scene_types, .permutations = 2, .bootstrap = 3, .control = 2, .max_iterations = 2,
         .flags = CONCEPTDEC_PROBE_BALANCED | CONCEPTDEC_PROBE_NESTED | CONCEPTDEC_PROBE_MDL |
                  CONCEPTDEC_PROBE_SKIP_MISSING)},
    {WHAT("probe of few rows", PROBE, scene_wide),
     TRY(.protocol = CONCEPTDEC_PROTOCOL_SPLIT, .train = &scene_train, .standardize = CONCEPTDEC_STANDARDIZE_FOLD)},
    {WHAT("probe of what a reader delivers", PROBE, scene_read),
     TRY(.protocol = CONCEPTDEC_PROTOCOL_GROUP, .groups = &scene_groups, .max_iterations = 2,
         .flags = CONCEPTDEC_PROBE_NO_SAMPLES | CONCEPTDEC_PROBE_NO_FIT)},
    {WHAT("ridge without one row", PROBE, scene_x),
     TRY(.kind = CONCEPTDEC_PROBE_RIDGE, .given = PROTOCOL_GIVEN, .lambdas = scene_lambdas, .n_lambdas = 2,
         .permutations = 2)},
    {WHAT("ridge without a group", PROBE, scene_wide),
     TRY(.kind = CONCEPTDEC_PROBE_RIDGE, .protocol = CONCEPTDEC_PROTOCOL_GROUP, .groups = &scene_groups,
         .weights = &scene_weights)},
    {WHAT("ridge folds", PROBE, scene_x),
     TRY(.kind = CONCEPTDEC_PROBE_RIDGE, .folds = 3, .standardize = CONCEPTDEC_STANDARDIZE_FOLD, .permutations = 2,
         .permute = CONCEPTDEC_PERMUTE_WHOLE, .groups = &scene_groups, .bootstrap = 3)},
    {WHAT("discriminants", PROBE, scene_x),
     TRY(.kind = CONCEPTDEC_PROBE_LDA, .folds = 3, .standardize = CONCEPTDEC_STANDARDIZE_GLOBAL, .permutations = 2,
         .flags = CONCEPTDEC_PROBE_MDL)},
    {WHAT("discriminants of few rows", PROBE, scene_wide),
     TRY(.kind = CONCEPTDEC_PROBE_LDA, .covariance = CONCEPTDEC_COVARIANCE_FIXED, .shrinkage = 0.5,
         .protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION)},
    {WHAT("mean difference", PROBE, scene_x32),
     TRY(.kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE, .folds = 3, .permutations = 2, .flags = CONCEPTDEC_PROBE_BALANCED)},
    {WHAT("nearest mean", PROBE, scene_x),
     TRY(.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .given = PROTOCOL_GIVEN, .weights = &scene_weights, .permutations = 2)},
    {WHAT("regression", REGRESS, scene_x), TRY(.lambdas = scene_lambdas, .n_lambdas = 2, .folds = 3)},
    {WHAT("regression without one row", REGRESS, scene_wide), TRY(.given = PROTOCOL_GIVEN, .weights = &scene_weights)},
    {WHAT("fit", FIT, scene_x), TRY(.lambdas = scene_lambdas, .n_lambdas = 1)},
    {WHAT("fit, save and load", RELOAD_FIT, scene_wide),
     TRY(.kind = CONCEPTDEC_PROBE_LDA, .protocol = CONCEPTDEC_PROTOCOL_SPLIT, .train = &scene_train)},
    {WHAT("fit and predict", PREDICT, scene_read), .queries = &scene_read_queries, TRY(.weights = &scene_weights)},
    {WHAT("fit and predict by ridge", PREDICT, scene_x32), .queries = &scene_queries,
     TRY(.kind = CONCEPTDEC_PROBE_RIDGE, .flags = CONCEPTDEC_PROBE_BALANCED)},
    {WHAT("fit and score", SCORE_FIT, scene_x), TRY(.kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE)},
    {WHAT("profile of probes", PROFILE, scene_x),
     TRY(.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .folds = 3, .bootstrap = 5, .permutations = 2)},
};

enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static inline bool
makes_table(const scenario *s)
{
    return s->kind == SEARCH || s->kind == RELOAD;
}

static inline bool
makes_model(const scenario *s)
{
    return s->kind == FIT || s->kind == RELOAD_FIT;
}

static inline conceptdec_status
scenario_reload(conceptdec_ctx *ctx, conceptdec_neighbors *table, void **output)
{
    char folder[] = "conceptdec-torture-XXXXXX", path[64];
    conceptdec_neighbors *loaded = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/table", folder);
    conceptdec_status status = conceptdec_neighbors_save(ctx, table, path);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_neighbors_load(ctx, path, &loaded);
    if (status == CONCEPTDEC_OK)
        *output = loaded;
    else
        ck_assert_ptr_null(loaded);
    (void)unlink(path);
    ck_assert_msg(rmdir(folder) == 0, "a file was left");
    conceptdec_neighbors_free(table);
    return status;
}

static inline conceptdec_status
scenario_reload_fit(conceptdec_ctx *ctx, const conceptdec_probe_model *model, conceptdec_probe_model **loaded)
{
    char folder[] = "conceptdec-torture-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/probe", folder);
    conceptdec_status status = conceptdec_probe_model_save(ctx, model, path);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_probe_model_load(ctx, path, loaded);
    (void)unlink(path);
    ck_assert_msg(rmdir(folder) == 0, "a file was left");
    return status;
}

/* A probe is fitted to the labels of the second column, and used. */
static inline conceptdec_status
scenario_fit(conceptdec_ctx *ctx, const scenario *s, void **output)
{
    conceptdec_matrix labels = *scene_labels_at;
    conceptdec_probe_model *model = NULL, *loaded = NULL;
    conceptdec_result *result = NULL;
    labels.cols = 1;
    labels.data = (const char *)labels.data + labels.col_stride;
    conceptdec_status status = conceptdec_probe_model_new(ctx, s->x, &labels, &s->probe, &model);
    if (status == CONCEPTDEC_OK && s->kind == RELOAD_FIT)
        status = scenario_reload_fit(ctx, model, &loaded);
    if (status == CONCEPTDEC_OK && s->kind == PREDICT)
        status = conceptdec_probe_model_predict(ctx, model, s->queries, &result);
    if (status == CONCEPTDEC_OK && s->kind == SCORE_FIT)
        status = conceptdec_probe_model_score(ctx, model, s->x, &labels, &result);
    if (status == CONCEPTDEC_OK)
        *output = s->kind == FIT ? (void *)model : s->kind == RELOAD_FIT ? (void *)loaded : (void *)result;
    else
        ck_assert(!loaded && !result);
    if (status != CONCEPTDEC_OK || s->kind != FIT)
        conceptdec_probe_model_free(model);
    return status;
}

static inline conceptdec_status
scenario_profile(conceptdec_ctx *ctx, const scenario *s, conceptdec_result **result)
{
    static const int64_t shape[] = {1, 3};
    conceptdec_matrix views[3] = {*s->x, *s->x, scene_x32};
    conceptdec_sweep_options options = {.struct_size = sizeof options, .shape = shape, .ndim = 2};
    if (s->probe.struct_size)
        options.probe = &s->probe;
    else
        options.knn = &s->knn;
    views[1].cols--;
    views[2].dtype = 99; /* one cell fails */
    return conceptdec_sweep(ctx, views, 3, scene_labels_at, &options, result);
}

/* Does the whole of it; *output is the object at the end, untouched where it fails. */
static inline conceptdec_status
scenario_run(conceptdec_ctx *ctx, const scenario *s, void **output)
{
    if (s->kind >= FIT)
        return scenario_fit(ctx, s, output);
    conceptdec_neighbors *table = NULL;
    conceptdec_result *result = NULL;
    conceptdec_status status = CONCEPTDEC_OK;
    if (s->kind == SEARCH || s->kind == RELOAD || s->kind == SCORE_TABLE)
        status = conceptdec_neighbors_new(ctx, s->x, s->queries, &s->search, &table);
    if (status == CONCEPTDEC_OK && s->kind == RELOAD)
        return scenario_reload(ctx, table, output);
    if (status == CONCEPTDEC_OK && s->kind == SCORE)
        status = conceptdec_knn_decodability(ctx, s->x, scene_labels_at, &s->knn, &result);
    if (status == CONCEPTDEC_OK && s->kind == SCORE_TABLE)
        status = conceptdec_knn_decodability_neighbors(ctx, table, s->x, scene_labels_at, &s->knn, &result);
    if (s->kind == PROBE)
        status = conceptdec_probe(ctx, s->x, scene_labels_at, &s->probe, &result);
    if (s->kind == REGRESS)
        status = conceptdec_probe_regression(ctx, s->x, scene_targets_at, &s->probe, &result);
    if (status == CONCEPTDEC_OK && s->kind == PROFILE)
        status = scenario_profile(ctx, s, &result);
    if (s->kind == SCORE_TABLE)
        conceptdec_neighbors_free(table);
    if (status == CONCEPTDEC_OK)
        *output = makes_table(s) ? (void *)table : (void *)result;
    else
        ck_assert(!result && (s->kind == SCORE_TABLE || !table));
    return status;
}

static inline void
scenario_free(const scenario *s, void *output)
{
    if (makes_table(s))
        conceptdec_neighbors_free(output);
    else if (makes_model(s))
        conceptdec_probe_model_free(output);
    else
        conceptdec_result_free(output);
}

/* ---- what came out, as one number ---- */

static inline void
digest_bytes(uint64_t *digest, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *digest = (*digest ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
}

static inline void
digest_array(uint64_t *digest, const conceptdec_array *array)
{
    size_t size = 8;
    for (int i = 0; i < array->ndim; i++)
        size *= (size_t)array->shape[i];
    digest_bytes(digest, array->shape, sizeof array->shape);
    digest_bytes(digest, array->data, size);
}

static inline conceptdec_status
digest_table(const conceptdec_neighbors *table, uint64_t *digest)
{
    static const char *const names[] = {CONCEPTDEC_N_TIES, CONCEPTDEC_N_COUNT, CONCEPTDEC_N_INDICES,
                                        CONCEPTDEC_N_DISTANCES};
    conceptdec_array array;
    int64_t rows[64], count;
    double distances[64];
    for (int i = 0; i < 4; i++) {
        conceptdec_status status = conceptdec_neighbors_get(table, names[i], &array);
        if (status != CONCEPTDEC_OK)
            return status;
        digest_array(digest, &array);
    }
    conceptdec_status status = conceptdec_neighbors_row(table, 3, 64, rows, distances, &count);
    if (status != CONCEPTDEC_OK)
        return status;
    size_t listed = (size_t)(count < 64 ? count : 64);
    digest_bytes(digest, rows, listed * sizeof *rows);
    digest_bytes(digest, distances, listed * sizeof *distances);
    return CONCEPTDEC_OK;
}

static inline conceptdec_status
digest_model(const conceptdec_probe_model *model, uint64_t *digest)
{
    static const char *const names[] = {
        CONCEPTDEC_R_WEIGHTS,   CONCEPTDEC_R_BIAS,       CONCEPTDEC_R_CLASSES,   CONCEPTDEC_R_LAMBDA,
        CONCEPTDEC_R_CONVERGED, CONCEPTDEC_R_ITERATIONS, CONCEPTDEC_R_DECREMENT, CONCEPTDEC_R_OBJECTIVE,
        CONCEPTDEC_R_KIND};
    conceptdec_array array;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        conceptdec_status status = conceptdec_probe_model_get(model, names[i], &array);
        if (status != CONCEPTDEC_OK)
            return status;
        digest_array(digest, &array);
    }
    return CONCEPTDEC_OK;
}

static inline conceptdec_status
digest_result(conceptdec_result *result, uint64_t *digest)
{
    conceptdec_array array;
    const char *json = NULL;
    for (int64_t i = 0; i < conceptdec_result_count(result); i++) {
        const char *name = conceptdec_result_name(result, i);
        ck_assert_int_eq(conceptdec_result_get(result, name, &array), CONCEPTDEC_OK);
        digest_bytes(digest, name, strlen(name));
        digest_array(digest, &array);
    }
    conceptdec_status status = conceptdec_result_json(result, &json);
    if (status == CONCEPTDEC_OK)
        ck_assert_ptr_nonnull(strstr(json, "\"provenance\""));
    else
        ck_assert_ptr_null(json);
    return status;
}

/* Asks for everything that the object holds, and with this for its memory; may fail for want of it. */
static inline conceptdec_status
scenario_digest(const scenario *s, void *output, uint64_t *digest)
{
    *digest = 0xcbf29ce484222325u;
    if (makes_model(s))
        return digest_model(output, digest);
    return makes_table(s) ? digest_table(output, digest) : digest_result(output, digest);
}

#endif
