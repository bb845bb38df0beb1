/* Ridge regression of continuous concepts: from the arguments to the result. */
#include <math.h>
#include <string.h>

#include "probe/driver.h"

typedef struct run {
    conceptdec_i_probe_driver driver;
    conceptdec_i_arena arena;
    const conceptdec_matrix *targets;
    conceptdec_result *result;
    int64_t n, n_targets, lambdas;
    double *values; /* T x n */
    conceptdec_i_probe_outcome outcome;
} run;

/* ---- arguments ---- */

static conceptdec_status
check_options(conceptdec_ctx *ctx, const conceptdec_probe_options *o)
{
    const uint32_t allowed = CONCEPTDEC_PROBE_NO_SAMPLES | CONCEPTDEC_PROBE_NO_FIT;
    const struct {
        const char *name;
        bool is_given;
    } refused[] = {
        {"kind", o->kind != 0},       {"classes", o->classes != 0},     {"permutations", o->permutations != 0},
        {"control", o->control != 0}, {"bootstrap", o->bootstrap != 0}, {"flags", (o->flags & ~allowed) != 0},
        {"permute", o->permute != 0}, {"covariance", o->covariance != 0}, {"types", o->types != NULL},
        {"shrinkage", o->shrinkage != 0}, {"confidence", o->confidence != 0},
        {"max_iterations", o->max_iterations != 0}, {"tolerance", o->tolerance != 0},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (refused[i].is_given)
            return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: is given, but a regression has none",
                                     refused[i].name);
    return CONCEPTDEC_OK;
}

/* Settings as for ridge probes. */
static conceptdec_status
take_settings(run *r, const conceptdec_probe_options *options)
{
    conceptdec_probe_options ridge;
    conceptdec_ctx *ctx = r->driver.ctx;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", options, &ridge, sizeof ridge, sizeof ridge));
    CONCEPTDEC_I_TRY(check_options(ctx, &ridge));
    ridge.kind = CONCEPTDEC_PROBE_RIDGE;
    return conceptdec_i_probe_settings_take(&r->arena, &ridge, r->driver.x->rows, r->driver.x->cols,
                                            &r->driver.settings);
}

/* Sums of squares of a target must be numbers: those beyond would have no R^2. Constant ones have none as it is. */
static conceptdec_status
check_range(conceptdec_ctx *ctx, const double *values, int64_t n, int64_t target)
{
    const double most = 1e150;
    int64_t at = 0;
    bool is_constant = true;
    for (int64_t i = 0; i < n; i++) {
        at = fabs(values[i]) > fabs(values[at]) ? i : at;
        is_constant &= values[i] == values[0];
    }
    if (fabs(values[at]) > most)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW,
                                 "targets: %g at row %lld, column %lld: values above 1e150 in size have no squares to "
                                 "be summed; scale them down",
                                 values[at], (long long)at, (long long)target);
    if (!is_constant && fabs(values[at]) < 1 / most)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW,
                                 "targets: column %lld: all values are below 1e-150 in size, and have no squares to be "
                                 "summed; scale them up",
                                 (long long)target);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_targets(run *r)
{
    conceptdec_ctx *ctx = r->driver.ctx;
    void *memory;
    int64_t total;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "targets", r->targets, CONCEPTDEC_I_FLOATS));
    if (r->targets->rows != r->driver.x->rows)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "targets: %lld rows, but x has %lld",
                                 (long long)r->targets->rows, (long long)r->driver.x->rows);
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, "targets", r->targets));
    r->n = r->targets->rows;
    r->n_targets = r->targets->cols;
    if (!conceptdec_i_mul(r->n, r->n_targets, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&r->arena, "targets", total, sizeof(double), &memory));
    r->values = memory;
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t t = 0; t < r->n_targets; t++)
            conceptdec_i_view_widen(ctx->kernels, r->targets, i, t, 1, r->values + t * r->n + i);
    for (int64_t t = 0; t < r->n_targets; t++)
        CONCEPTDEC_I_TRY(check_range(ctx, r->values + t * r->n, r->n, t));
    r->driver.targets = r->values;
    return CONCEPTDEC_OK;
}

/* ---- scores ---- */

/* 1 - residual / total sum of squares over the rows that have a prediction; NaN where the target is constant there. */
static double
determination(const run *r, int64_t lambda, int64_t target)
{
    const double *value = r->values + target * r->n;
    const double *predicted = r->outcome.decision + (lambda * r->n_targets + target) * r->n;
    double mean = 0, residual = 0, total = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < r->n; i++)
        if (!isnan(predicted[i])) {
            mean += value[i];
            count++;
        }
    mean /= (double)count;
    for (int64_t i = 0; i < r->n; i++)
        if (!isnan(predicted[i])) {
            residual += (value[i] - predicted[i]) * (value[i] - predicted[i]);
            total += (value[i] - mean) * (value[i] - mean);
        }
    double noise = (double)count * 0x1p-104 * mean * mean;
    return total > noise ? 1 - residual / total : (double)NAN;
}

static conceptdec_status
write_scores(const run *r)
{
    conceptdec_ctx *ctx = r->driver.ctx;
    double *lambdas, *r2, *per_target;
    int64_t *n_scored;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, r->result, CONCEPTDEC_R_LAMBDA, 1, &r->lambdas, &lambdas));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, r->result, CONCEPTDEC_R_R2, 1, &r->lambdas, &r2));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, r->result, CONCEPTDEC_R_PER_TARGET, 2,
                                                 (const int64_t[]){r->lambdas, r->n_targets}, &per_target));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(ctx, r->result, CONCEPTDEC_R_N_SCORED, 0, NULL, &n_scored));
    memcpy(lambdas, r->driver.settings.lambdas, (size_t)r->lambdas * sizeof *lambdas);
    for (int64_t a = 0; a < r->lambdas; a++) {
        double sum = 0;
        int64_t count = 0;
        for (int64_t t = 0; t < r->n_targets; t++) {
            double value = determination(r, a, t);
            per_target[a * r->n_targets + t] = value;
            sum += isnan(value) ? 0 : value;
            count += !isnan(value);
        }
        r2[a] = count > 0 ? sum / (double)count : (double)NAN;
    }
    for (int64_t i = 0; i < r->n; i++)
        *n_scored += !isnan(r->outcome.decision[i]);
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_fits(const run *r)
{
    conceptdec_ctx *ctx = r->driver.ctx;
    int64_t d = r->driver.settings.d, shape[] = {r->lambdas, r->n_targets, d};
    double *weights, *bias;
    if (!r->outcome.weights)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, r->result, CONCEPTDEC_R_WEIGHTS, 3, shape, &weights));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, r->result, CONCEPTDEC_R_BIAS, 2, shape, &bias));
    memcpy(weights, r->outcome.weights, (size_t)(r->lambdas * r->n_targets * d) * sizeof *weights);
    memcpy(bias, r->outcome.bias, (size_t)(r->lambdas * r->n_targets) * sizeof *bias);
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_samples(const run *r)
{
    conceptdec_ctx *ctx = r->driver.ctx;
    const conceptdec_probe_options *o = &r->driver.settings.options;
    int64_t shape[] = {r->lambdas, r->n, r->n_targets}, *fold;
    double *decision;
    if (o->flags & CONCEPTDEC_PROBE_NO_SAMPLES)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(ctx, r->result, CONCEPTDEC_R_DECISION, 3, shape, &decision));
    for (int64_t a = 0; a < r->lambdas; a++)
        for (int64_t i = 0; i < r->n; i++)
            for (int64_t t = 0; t < r->n_targets; t++)
                decision[(a * r->n + i) * r->n_targets + t] = r->outcome.decision[(a * r->n_targets + t) * r->n + i];
    if (o->protocol != CONCEPTDEC_PROTOCOL_KFOLD)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(ctx, r->result, CONCEPTDEC_R_FOLD, 1, &r->n, &fold));
    memcpy(fold, r->driver.data.sets->part, (size_t)r->n * sizeof *fold);
    return CONCEPTDEC_OK;
}

/* ---- the whole ---- */

static conceptdec_status
execute(run *r, const conceptdec_probe_options *options)
{
    conceptdec_i_probe_driver *driver = &r->driver;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(&r->arena, "x", &driver->x));
    CONCEPTDEC_I_TRY(take_settings(r, options));
    CONCEPTDEC_I_TRY(take_targets(r));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_samples_take(&r->arena, &driver->settings, r->n_targets, &driver->data));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_reserve(driver));
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(driver->ctx, "x", driver->x));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(driver->ctx, "probe_regression", &r->result));
    r->lambdas = driver->settings.options.n_lambdas;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_outcomes(driver, &r->arena, &r->outcome));
    CONCEPTDEC_I_TRY(write_scores(r));
    CONCEPTDEC_I_TRY(write_fits(r));
    CONCEPTDEC_I_TRY(write_samples(r));
    return conceptdec_i_probe_settings_report(driver->ctx, &driver->settings, r->result);
}

conceptdec_status
conceptdec_probe_regression(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *targets,
                            const conceptdec_probe_options *options, conceptdec_result **result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "result: is NULL");
    run r = {.driver = {.ctx = ctx, .x = x}, .targets = targets};
    conceptdec_i_arena_open(&r.arena, ctx);
    conceptdec_status status = execute(&r, options);
    conceptdec_i_probe_close_space(&r.driver);
    conceptdec_i_arena_close(&r.arena);
    if (status == CONCEPTDEC_OK)
        *result = r.result;
    else
        conceptdec_result_free(r.result);
    return status;
}
