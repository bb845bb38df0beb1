/* k-NN decodability of one matrix: from the arguments to the result. */
#define _POSIX_C_SOURCE 200809L

#include "decodability/knn.h"

#include <time.h>

#include "stats/bootstrap.h"

typedef struct run {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *x;         /* NULL: the table alone */
    const conceptdec_neighbors *handle; /* NULL: x alone */
    const conceptdec_matrix *labels;
    double *replicates;
    conceptdec_i_knn_settings settings;
    conceptdec_i_knn_data data;
    conceptdec_i_knn_fields fields;
    conceptdec_i_arena arena;
    conceptdec_result *result;
    conceptdec_neighbors *table; /* owned; that of all sets, or of one after the other */
    double n_deepened, n_refined;
    double seconds_table, seconds_votes, seconds_null, seconds_bootstrap;
} run;

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- tables ---- */

/* Folds may differ from set to set, and a table made without one set's folds is of little use for another's. */
static bool
has_table_for_each_set(const run *r)
{
    return r->data.n_sets > 1 && r->settings.options.protocol == CONCEPTDEC_PROTOCOL_KFOLD;
}

static conceptdec_status
search(run *r, int64_t first, int64_t count)
{
    double start = now();
    conceptdec_neighbors_free(r->table);
    r->table = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_knn_search(r->ctx, &r->settings, &r->data, first, count, r->x, &r->table));
    r->n_refined += (double)r->table->n_refined;
    r->seconds_table += now() - start;
    return CONCEPTDEC_OK;
}

static conceptdec_status
search_for_all(run *r)
{
    if (r->handle || has_table_for_each_set(r))
        return CONCEPTDEC_OK;
    return search(r, 0, r->data.n_sets);
}

/* ---- one label set ---- */

static conceptdec_status
run_null(run *r, conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem,
         const conceptdec_i_knn_scores *scores, int64_t set)
{
    double start = now();
    int64_t total;
    void *sums;
    if (r->settings.draws == 0)
        return CONCEPTDEC_OK;
    if (!conceptdec_i_mul(r->settings.draws, r->settings.n_ranks, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "null", total, sizeof(conceptdec_i_share), &sums));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_null(problem, &r->data, scores, sums));
    conceptdec_i_knn_fields_null(problem, scores, sums, set, &r->fields);
    r->seconds_null += now() - start;
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_bootstrap(run *r, conceptdec_i_arena *arena, const conceptdec_i_knn_scores *scores, int64_t set)
{
    const conceptdec_knn_options *o = &r->settings.options;
    int64_t n_ks = o->n_ks, total, width = r->data.n_sets * n_ks;
    double start = now();
    void *memory;
    if (o->bootstrap == 0)
        return CONCEPTDEC_OK;
    if (!conceptdec_i_mul(o->bootstrap, n_ks, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bootstrap", total, sizeof(double), &memory));
    double *replicates = memory;
    conceptdec_i_stage(r->ctx, "bootstrap", conceptdec_i_bootstrap_tasks(r->data.n, o->bootstrap));
    CONCEPTDEC_I_TRY(conceptdec_i_bootstrap(r->ctx, r->data.n, n_ks, scores->row_credit, r->data.groups, o->bootstrap,
                                            o->confidence, o->seed, replicates, r->fields.ci_low + set * n_ks,
                                            r->fields.ci_high + set * n_ks));
    for (int64_t d = 0; r->replicates && d < o->bootstrap; d++)
        for (int64_t k = 0; k < n_ks; k++)
            r->replicates[d * width + set * n_ks + k] = replicates[d * n_ks + k];
    r->seconds_bootstrap += now() - start;
    return CONCEPTDEC_OK;
}

static conceptdec_status
score_set(run *r, conceptdec_i_arena *arena, int64_t set, const conceptdec_i_knn_source *source)
{
    conceptdec_i_knn_problem problem;
    conceptdec_i_knn_scores scores;
    double start = now();
    CONCEPTDEC_I_TRY(conceptdec_i_knn_problem_open(arena, &r->settings, &r->data, set, source, &problem));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_score(arena, &problem, &scores));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_fields_scores(&problem, &scores, set, &r->fields));
    r->seconds_votes += now() - start;
    CONCEPTDEC_I_TRY(run_null(r, arena, &problem, &scores, set));
    return run_bootstrap(r, arena, &scores, set);
}

static conceptdec_status
run_set(run *r, conceptdec_i_arena *arena, int64_t set, conceptdec_i_knn_source *source)
{
    double start = now();
    if (!r->handle && has_table_for_each_set(r))
        CONCEPTDEC_I_TRY(search(r, set, 1));
    const conceptdec_neighbors *table = r->handle ? r->handle : r->table;
    CONCEPTDEC_I_TRY(conceptdec_i_knn_source_open(arena, &r->settings, &r->data.sets[set], table, r->x, source));
    r->n_deepened += (double)source->n_deepened;
    r->n_refined += source->deep ? (double)source->deep->n_refined : 0;
    r->seconds_table += now() - start;
    return score_set(r, arena, set, source);
}

static conceptdec_status
run_sets(run *r)
{
    conceptdec_status status = CONCEPTDEC_OK;
    for (int64_t set = 0; set < r->data.n_sets && status == CONCEPTDEC_OK; set++) {
        conceptdec_i_arena arena;
        conceptdec_i_knn_source source = {0};
        conceptdec_i_arena_open(&arena, r->ctx);
        status = run_set(r, &arena, set, &source);
        conceptdec_i_knn_source_close(&source);
        conceptdec_i_arena_close(&arena);
    }
    return status;
}

/* ---- arguments and result ---- */

/* Rows that are searched anew must come from the matrix that the table was made of. */
static conceptdec_status
check_same_matrix(const run *r)
{
    uint64_t fingerprint;
    CONCEPTDEC_I_TRY(conceptdec_i_fingerprint(r->ctx, r->x, &fingerprint));
    if (r->handle->fingerprint == 0 || fingerprint == r->handle->fingerprint)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(r->ctx, CONCEPTDEC_EINVAL,
                             "x: holds other values than the matrix that the table was made of");
}

static conceptdec_status
check_table(run *r)
{
    if (r->handle && !r->handle->is_self)
        return conceptdec_i_fail(r->ctx, CONCEPTDEC_EINVAL,
                                 "neighbors: the table was made with queries; one of a matrix with itself is needed");
    if (r->x || !r->handle)
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(&r->arena, "x", &r->x));
    if (!r->handle || !r->x)
        return CONCEPTDEC_OK;
    if (r->x->rows == r->handle->n_rows && r->x->cols == r->handle->dims)
        return check_same_matrix(r);
    return conceptdec_i_fail(r->ctx, CONCEPTDEC_ESIZE, "x: is %lld x %lld, but the table is of a matrix of %lld x %lld",
                             (long long)r->x->rows, (long long)r->x->cols, (long long)r->handle->n_rows,
                             (long long)r->handle->dims);
}

static conceptdec_status
settle_metric(run *r)
{
    conceptdec_knn_options *o = &r->settings.options;
    if (r->handle && r->settings.metric_is_given && o->metric != r->handle->metric)
        return conceptdec_i_fail(r->ctx, CONCEPTDEC_EINVAL, "metric: is \"%s\", but that of the table is \"%s\"",
                                 o->metric == CONCEPTDEC_METRIC_COSINE ? "cosine" : "l2",
                                 r->handle->metric == CONCEPTDEC_METRIC_COSINE ? "cosine" : "l2");
    if (r->handle)
        o->metric = r->handle->metric;
    if (o->weights == CONCEPTDEC_WEIGHTS_SOFTMAX && o->metric != CONCEPTDEC_METRIC_COSINE)
        return conceptdec_i_fail(r->ctx, CONCEPTDEC_EINVAL, "weights: softmax votes need the cosine metric");
    return CONCEPTDEC_OK;
}

static conceptdec_status
start_result(run *r)
{
    conceptdec_i_knn_settings resolved = r->settings;
    resolved.options.classes = r->data.classes;
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(r->ctx, "knn_decodability", &r->result));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_fields_take(r->ctx, &r->settings, &r->data, r->result, &r->fields));
    return conceptdec_i_knn_settings_report(r->ctx, &resolved, r->result);
}

static conceptdec_status
finish_result(run *r)
{
    const struct {
        const char *key;
        double value;
    } diagnostics[] = {
        {"n_deepened", r->n_deepened},       {"n_refined", r->n_refined},
        {"screening", (double)(r->handle ? r->handle : r->table)->screening},
        {"seconds_table", r->seconds_table}, {"seconds_votes", r->seconds_votes},
        {"seconds_null", r->seconds_null},   {"seconds_bootstrap", r->seconds_bootstrap},
    };
    *r->fields.n_zero_rows = (r->handle ? r->handle : r->table)->n_zero_rows;
    for (size_t i = 0; i < sizeof diagnostics / sizeof *diagnostics; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_result_diagnostic(r->ctx, r->result, diagnostics[i].key, diagnostics[i].value));
    return CONCEPTDEC_OK;
}

static conceptdec_status
execute(run *r, const conceptdec_knn_options *options)
{
    CONCEPTDEC_I_TRY(check_table(r));
    int64_t n = r->handle ? r->handle->n_rows : r->x->rows;
    CONCEPTDEC_I_TRY(conceptdec_i_knn_settings_take(&r->arena, options, n, &r->settings));
    CONCEPTDEC_I_TRY(settle_metric(r));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_data_take(&r->arena, &r->settings, r->labels, &r->data));
    CONCEPTDEC_I_TRY(start_result(r));
    CONCEPTDEC_I_TRY(search_for_all(r));
    CONCEPTDEC_I_TRY(run_sets(r));
    return finish_result(r);
}

static conceptdec_status
execute_and_clean(run *r, const conceptdec_knn_options *options, conceptdec_result **result)
{
    if (!result)
        return conceptdec_i_fail(r->ctx, CONCEPTDEC_ENULL, "result: is NULL");
    conceptdec_i_arena_open(&r->arena, r->ctx);
    conceptdec_status status = execute(r, options);
    conceptdec_neighbors_free(r->table);
    conceptdec_i_arena_close(&r->arena);
    if (status == CONCEPTDEC_OK)
        *result = r->result;
    else
        conceptdec_result_free(r->result);
    return status;
}

conceptdec_status
conceptdec_i_knn_cell(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                      const conceptdec_knn_options *options, double *replicates, conceptdec_result **result)
{
    run r = {.ctx = ctx, .x = x, .labels = labels, .replicates = replicates};
    return execute_and_clean(&r, options, result);
}

conceptdec_status
conceptdec_knn_decodability(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                            const conceptdec_knn_options *options, conceptdec_result **result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    return conceptdec_i_knn_cell(ctx, x, labels, options, NULL, result);
}

conceptdec_status
conceptdec_knn_decodability_neighbors(conceptdec_ctx *ctx, const conceptdec_neighbors *neighbors,
                                      const conceptdec_matrix *x, const conceptdec_matrix *labels,
                                      const conceptdec_knn_options *options, conceptdec_result **result)
{
    run r = {.ctx = ctx, .x = x, .handle = neighbors, .labels = labels};
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!neighbors)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "neighbors: is NULL");
    return execute_and_clean(&r, options, result);
}
