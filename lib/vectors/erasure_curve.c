/* How decodability falls as a concept is erased: one eraser, whose directions are removed one after the other, and what
 * neighbours and a probe make of the rows each time. */
#include <inttypes.h>

#include "vectors/eraser.h"

enum { ERASER, KNN, PROBE, MOST, FIELDS };
enum { KNN_CHANCE_DRAWS = 9, KNN_PERMUTE = 18, KNN_FIELDS = 21, PROBE_PROTOCOL = 18, PROBE_FIELDS = 23 };

typedef struct curve {
    conceptdec_i_arena *arena;
    const conceptdec_matrix *x, *labels; /* as given */
    conceptdec_eraser_options eraser_options;
    conceptdec_knn_options knn;
    conceptdec_probe_options probe;
    const conceptdec_eraser *eraser;
    double *rows; /* n x d, what is left */
    double *decodability, *accuracy, *chance, *chance_null;
    int64_t k;     /* the first */
    double lambda; /* the first */
} curve;

/* ---- options ---- */

/* What a curve has no place for is refused. */
static conceptdec_status
check_scores(conceptdec_ctx *ctx, const curve *c)
{
    if (c->knn.permutations || c->knn.bootstrap)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "knn: a curve has neither permutations nor a bootstrap");
    if (c->probe.permutations || c->probe.bootstrap || c->probe.control)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL,
                                 "probe: a curve has neither permutations nor a bootstrap nor control tasks");
    if (c->probe.flags & (CONCEPTDEC_PROBE_MDL | CONCEPTDEC_PROBE_NESTED))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL,
                                 "probe: a curve has neither code lengths nor nested selection");
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_options(conceptdec_ctx *ctx, const conceptdec_erasure_options *given, curve *c)
{
    conceptdec_erasure_options o;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, &o, sizeof o, sizeof o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o.given, FIELDS));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_options_take(ctx, "eraser", o.eraser, &c->eraser_options));
    if (o.eraser && (o.eraser->rank || CONCEPTDEC_I_GIVEN(o.eraser, 2)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "eraser: rank is set by `most`");
    conceptdec_i_default_int(o.given, MOST, &o.most, c->eraser_options.rank);
    if (o.most < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "most: %" PRId64 ", must be at least 1", o.most);
    c->eraser_options.rank = o.most;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "knn", o.knn, &c->knn, sizeof c->knn, sizeof c->knn));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "knn", c->knn.given, KNN_FIELDS));
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "probe", o.probe, &c->probe, sizeof c->probe, sizeof c->probe));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "probe", c->probe.given, PROBE_FIELDS));
    CONCEPTDEC_I_TRY(check_scores(ctx, c));
    c->probe.flags |= CONCEPTDEC_PROBE_NO_SAMPLES | CONCEPTDEC_PROBE_NO_FIT;
    return CONCEPTDEC_OK;
}

/* ---- scores ---- */

/* The first number of an array. */
static conceptdec_status
first_of(conceptdec_ctx *ctx, const conceptdec_result *result, const char *name, double *value)
{
    conceptdec_array array;
    conceptdec_status status = conceptdec_result_get(result, name, &array);
    if (status != CONCEPTDEC_OK)
        return conceptdec_i_fail(ctx, status, "result: has no %s", name);
    *value = array.dtype == CONCEPTDEC_INT64 ? (double)*(const int64_t *)array.data : *(const double *)array.data;
    return CONCEPTDEC_OK;
}

/* Without draws of chance, and without what these alone use. */
static void
leave_chance_out(conceptdec_knn_options *o)
{
    bool uses_groups = o->protocol == CONCEPTDEC_PROTOCOL_GROUP || o->protocol == CONCEPTDEC_PROTOCOL_KFOLD;
    o->chance_draws = 0;
    o->given |= UINT64_C(1) << KNN_CHANCE_DRAWS;
    o->permute = CONCEPTDEC_PERMUTE_FREE;
    o->given &= ~(UINT64_C(1) << KNN_PERMUTE);
    if (!uses_groups)
        o->groups = NULL;
}

/* Chance is drawn once, with the neighbours of the rows as they are. */
static conceptdec_status
score_neighbours(curve *c, const conceptdec_matrix *rows, int64_t step)
{
    conceptdec_ctx *ctx = c->arena->ctx;
    conceptdec_result *result = NULL;
    conceptdec_knn_options o = c->knn;
    double k = 0;
    if (step > 0)
        leave_chance_out(&o);
    conceptdec_status status = conceptdec_knn_decodability(ctx, rows, c->labels, &o, &result);
    if (status == CONCEPTDEC_OK)
        status = first_of(ctx, result, CONCEPTDEC_R_DECODABILITY, &c->decodability[step]);
    if (status == CONCEPTDEC_OK)
        status = first_of(ctx, result, CONCEPTDEC_R_K, &k);
    if (status == CONCEPTDEC_OK && step == 0)
        status = first_of(ctx, result, CONCEPTDEC_R_CHANCE_NULL, c->chance_null);
    c->k = (int64_t)k;
    conceptdec_result_free(result);
    return status;
}

static conceptdec_status
score_probe(curve *c, const conceptdec_matrix *rows, int64_t step)
{
    conceptdec_ctx *ctx = c->arena->ctx;
    conceptdec_result *result = NULL;
    conceptdec_status status = conceptdec_probe(ctx, rows, c->labels, &c->probe, &result);
    if (status == CONCEPTDEC_OK)
        status = first_of(ctx, result, CONCEPTDEC_R_ACCURACY, &c->accuracy[step]);
    if (status == CONCEPTDEC_OK)
        status = first_of(ctx, result, CONCEPTDEC_R_LAMBDA, &c->lambda);
    if (status == CONCEPTDEC_OK)
        status = first_of(ctx, result, CONCEPTDEC_R_CHANCE, c->chance);
    conceptdec_result_free(result);
    return status;
}

static conceptdec_status
score(curve *c, const conceptdec_matrix *opened, int64_t step)
{
    const int64_t size = sizeof(double);
    const conceptdec_matrix rows = {.data = c->rows,
                                    .rows = opened->rows,
                                    .cols = opened->cols,
                                    .row_stride = opened->cols * size,
                                    .col_stride = size,
                                    .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_i_arena inner;
    conceptdec_i_arena_open(&inner, c->arena->ctx);
    conceptdec_status status = conceptdec_i_eraser_run(&inner, c->eraser, step, opened, c->rows);
    conceptdec_i_arena_close(&inner);
    if (status == CONCEPTDEC_OK)
        status = score_neighbours(c, &rows, step);
    return status == CONCEPTDEC_OK ? score_probe(c, &rows, step) : status;
}

/* ---- the curve ---- */

static conceptdec_status
write_options(conceptdec_ctx *ctx, const curve *c, conceptdec_result *result)
{
    static const char *const protocols[] = {"loo", "group", "kfold", "split", "resubstitution"};
    static const char *const kinds[] = {"logistic", "ridge", "lda", "mean_difference", "nearest_mean"};
    const bool is_asked = c->probe.protocol || CONCEPTDEC_I_GIVEN(&c->probe, PROBE_PROTOCOL);
    const int32_t protocol = is_asked ? c->probe.protocol : CONCEPTDEC_PROTOCOL_KFOLD;
    const int64_t most = c->eraser_options.rank < INT32_MAX ? c->eraser_options.rank : c->eraser->rank;
    const struct {
        const char *key, *text;
    } texts[] = {{"eraser", c->eraser->kind == CONCEPTDEC_ERASE_LEACE ? "leace" : "projection"},
                 {"knn_metric", c->knn.metric == CONCEPTDEC_METRIC_L2 ? "l2" : "cosine"},
                 {"knn_protocol", protocols[c->knn.protocol]},
                 {"probe_kind", kinds[c->probe.kind]},
                 {"probe_protocol", protocols[protocol]}};
    const struct {
        const char *key;
        double number;
    } numbers[] = {{"most", (double)most},      {"tolerance", c->eraser_options.tolerance},
                   {"knn_k", (double)c->k},     {"knn_seed", (double)c->knn.seed},
                   {"probe_lambda", c->lambda}, {"probe_seed", (double)c->probe.seed}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(ctx, result, texts[i].key, texts[i].text));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(ctx, result, numbers[i].key, numbers[i].number));
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_arrays(curve *c, conceptdec_result *result)
{
    conceptdec_ctx *ctx = c->arena->ctx;
    const int64_t rank = c->eraser->rank, steps = rank + 1;
    int64_t *removed;
    double *strengths;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_DECODABILITY, 1, &steps, &c->decodability));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_ACCURACY, 1, &steps, &c->accuracy));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(ctx, result, CONCEPTDEC_R_N_REMOVED, 1, &steps, &removed));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_CHANCE_NULL, 0, NULL, &c->chance_null));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_CHANCE, 0, NULL, &c->chance));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, result, CONCEPTDEC_R_STRENGTHS, 1, &rank, &strengths));
    for (int64_t k = 0; k <= rank; k++)
        removed[k] = k;
    for (int64_t k = 0; k < rank; k++)
        strengths[k] = c->eraser->strengths[k];
    return CONCEPTDEC_OK;
}

static conceptdec_status
draw(curve *c, conceptdec_result *result)
{
    const conceptdec_matrix *opened = c->x;
    int64_t count;
    void *p;
    CONCEPTDEC_I_TRY(make_arrays(c, result));
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(c->arena, "x", &opened));
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(c->arena->ctx, "x", opened));
    if (!conceptdec_i_mul(opened->rows, opened->cols, &count))
        return conceptdec_i_fail(c->arena->ctx, CONCEPTDEC_EOVERFLOW,
                                 "x: rows without the concept do not fit an address");
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(c->arena, "rows without the concept", count, sizeof *c->rows, &p));
    c->rows = p;
    for (int64_t step = 0; step <= c->eraser->rank; step++)
        CONCEPTDEC_I_TRY(score(c, opened, step));
    return write_options(c->arena->ctx, c, result);
}

static conceptdec_status
run(conceptdec_i_arena *arena, curve *c, conceptdec_result **result)
{
    conceptdec_ctx *ctx = arena->ctx;
    conceptdec_eraser *eraser;
    conceptdec_result *made = NULL;
    c->arena = arena;
    CONCEPTDEC_I_TRY(conceptdec_eraser_new(ctx, c->x, c->labels, &c->eraser_options, &eraser));
    c->eraser = eraser;
    conceptdec_status status = conceptdec_i_result_new(ctx, "erasure_curve", &made);
    if (status == CONCEPTDEC_OK)
        status = draw(c, made);
    conceptdec_eraser_free(eraser);
    if (status == CONCEPTDEC_OK)
        *result = made;
    else
        conceptdec_result_free(made);
    return status;
}

conceptdec_status
conceptdec_erasure_curve(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                         const conceptdec_erasure_options *options, conceptdec_result **result)
{
    curve c = {.x = x, .labels = labels};
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!x || !labels || !result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", !x ? "x" : !labels ? "labels" : "result");
    CONCEPTDEC_I_TRY(take_options(ctx, options, &c));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = run(&arena, &c, result);
    conceptdec_i_arena_close(&arena);
    return status;
}
