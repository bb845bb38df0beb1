/* What the fits of the label sets said: values of the rows that were left out, weights of the fit on all rows. */
#include "probe/driver.h"

#include <math.h>
#include <string.h>

bool
conceptdec_i_probe_has_posterior(const conceptdec_probe_options *options)
{
    return options->kind != CONCEPTDEC_PROBE_RIDGE;
}

typedef struct gathering {
    const conceptdec_i_probe_driver *driver;
    conceptdec_i_probe_outcome *outcomes; /* of each set */
} gathering;

/* ---- what is common to all classes ---- */

/* Discriminants and nearest means say how much larger the value of one class is than that of another; what all have in
 * common depends on where the origin lies. */
static bool
has_level(int32_t kind, int64_t columns)
{
    return columns > 1 && (kind == CONCEPTDEC_PROBE_LDA || kind == CONCEPTDEC_PROBE_NEAREST_MEAN);
}

/* Values `step` doubles apart less their mean over the classes that are there, which have a finite `mark`. */
static void
take_level(int64_t columns, double *values, int64_t step, const double *mark, int64_t mark_step)
{
    double sum = 0;
    int64_t present = 0;
    for (int64_t k = 0; k < columns; k++)
        if (isfinite(mark[k * mark_step])) {
            sum += values[k * step];
            present++;
        }
    double level = sum / (double)present;
    for (int64_t k = 0; k < columns; k++)
        if (isfinite(mark[k * mark_step]))
            values[k * step] -= level;
}

void
conceptdec_i_probe_take_level(int32_t kind, int64_t columns, int64_t d, double *weights, double *bias)
{
    if (!has_level(kind, columns))
        return;
    for (int64_t j = 0; j < d; j++)
        take_level(columns, weights + j, d, bias, 1);
    take_level(columns, bias, 1, bias, 1);
}

/* ---- listening ---- */

static void
share_certainty(const double *values, int64_t step, int64_t classes, double *posterior)
{
    int32_t predicted, n_tied;
    for (int64_t c = 0; c < classes; c++)
        posterior[c] = conceptdec_i_probe_credit(values, step, classes, (int32_t)c, &predicted, &n_tied);
}

/* Values of the rows that this part scores (part -1: all that are scored). */
static void
take_values(const conceptdec_i_probe_driver *driver, const conceptdec_i_probe_set *set, int64_t lambda, int64_t part,
            const conceptdec_i_fit *fit, conceptdec_i_probe_outcome *outcome)
{
    int64_t n = driver->data.n, columns = driver->data.columns, classes = driver->data.classes;
    double *decision = outcome->decision + lambda * columns * n;
    double *posterior = outcome->posterior ? outcome->posterior + lambda * n * classes : NULL;
    for (int64_t i = 0; i < n; i++) {
        if (set->part[i] < 0 || (part >= 0 && set->part[i] != part))
            continue;
        for (int64_t k = 0; k < columns; k++)
            decision[k * n + i] = fit->decision[k * n + i];
        if (has_level(driver->settings.options.kind, columns))
            take_level(columns, decision + i, n, fit->decision + i, n);
        if (posterior && isnan(fit->sharpness)) /* no spread within classes: all of it to the largest */
            share_certainty(fit->decision + i, n, classes, posterior + i * classes);
        else if (posterior)
            conceptdec_i_probe_posterior(fit->decision + i, n, classes, fit->sharpness, posterior + i * classes);
    }
}

static conceptdec_status
take_weights(const conceptdec_i_probe_driver *driver, const conceptdec_i_space *space, int64_t lambda,
             const conceptdec_i_fit *fit, conceptdec_i_probe_outcome *outcome)
{
    int64_t columns = driver->data.columns;
    if (!outcome->weights)
        return CONCEPTDEC_OK;
    double *bias = outcome->bias + lambda * columns;
    memcpy(bias, fit->bias, (size_t)columns * sizeof *bias);
    double *weights = outcome->weights + lambda * columns * space->d;
    CONCEPTDEC_I_TRY(conceptdec_i_space_unfold(space, columns, fit->w, weights, bias));
    conceptdec_i_probe_take_level(driver->settings.options.kind, columns, space->d, weights, bias);
    return CONCEPTDEC_OK;
}

static conceptdec_status
listen(void *argument, const conceptdec_i_probe_place *place, const conceptdec_i_space *space,
       const conceptdec_i_fit *fit)
{
    const gathering *g = argument;
    const conceptdec_i_probe_driver *driver = g->driver;
    const conceptdec_i_probe_set *set = &driver->data.sets[place->job];
    conceptdec_i_probe_outcome *outcome = &g->outcomes[place->job];
    bool by_formula = driver->data.leave != CONCEPTDEC_I_LEAVE_ROLES;
    bool is_whole = by_formula || place->part == set->n_parts;
    int64_t at = place->lambda * (set->n_parts + 1) + (is_whole ? set->n_parts : place->part);
    outcome->iterations[at] = fit->iterations;
    outcome->is_done[at] = fit->converged;
    outcome->decrement[at] = fit->decrement;
    outcome->objective[at] = fit->objective;
    outcome->shrinkage[at] = fit->shrinkage;
    if (by_formula || !is_whole)
        take_values(driver, set, place->lambda, by_formula ? -1 : place->part, fit, outcome);
    return is_whole ? take_weights(driver, space, place->lambda, fit, outcome) : CONCEPTDEC_OK;
}

/* ---- room ---- */

static void
fill_nan(double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = (double)NAN;
}

static conceptdec_status
take_reals(conceptdec_i_arena *arena, int64_t count, double **values)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "fits", count, sizeof(double), &memory));
    *values = memory;
    fill_nan(*values, count);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_counts(conceptdec_i_arena *arena, int64_t count, int64_t value, int64_t **values)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "fits", count, sizeof(int64_t), &memory));
    *values = memory;
    for (int64_t i = 0; i < count; i++)
        (*values)[i] = value;
    return CONCEPTDEC_OK;
}

static conceptdec_status
product(conceptdec_ctx *ctx, int64_t a, int64_t b, int64_t c, int64_t *total)
{
    if (conceptdec_i_mul(a, b, total) && conceptdec_i_mul(*total, c, total))
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "result: lambdas x samples x classes do not fit");
}

conceptdec_status
conceptdec_i_probe_outcome_take(const conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                                const conceptdec_i_probe_set *set, conceptdec_i_probe_outcome *o)
{
    const conceptdec_i_probe_data *data = &driver->data;
    const conceptdec_probe_options *options = &driver->settings.options;
    int64_t lambdas = options->n_lambdas, fits = lambdas * (set->n_parts + 1), n_values, n_posteriors, n_weights;
    void *scored;
    CONCEPTDEC_I_TRY(product(driver->ctx, lambdas, data->columns, data->n, &n_values));
    CONCEPTDEC_I_TRY(product(driver->ctx, lambdas, data->classes, data->n, &n_posteriors));
    CONCEPTDEC_I_TRY(product(driver->ctx, lambdas, data->columns, driver->settings.d, &n_weights));
    *o = (conceptdec_i_probe_outcome){0};
    CONCEPTDEC_I_TRY(take_reals(arena, n_values, &o->decision));
    if (conceptdec_i_probe_has_posterior(options))
        CONCEPTDEC_I_TRY(take_reals(arena, n_posteriors, &o->posterior));
    if (!(options->flags & CONCEPTDEC_PROBE_NO_FIT)) {
        CONCEPTDEC_I_TRY(take_reals(arena, n_weights, &o->weights));
        CONCEPTDEC_I_TRY(take_reals(arena, lambdas * data->columns, &o->bias));
    }
    CONCEPTDEC_I_TRY(take_counts(arena, fits, 0, &o->iterations));
    CONCEPTDEC_I_TRY(take_counts(arena, fits, 1, &o->is_done));
    CONCEPTDEC_I_TRY(take_reals(arena, fits, &o->decrement));
    CONCEPTDEC_I_TRY(take_reals(arena, fits, &o->objective));
    CONCEPTDEC_I_TRY(take_reals(arena, fits, &o->shrinkage));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", data->n, 1, &scored));
    o->scored = scored;
    for (int64_t i = 0; i < data->n; i++)
        o->scored[i] = set->part[i] >= 0;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_outcomes(conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                            conceptdec_i_probe_outcome *outcomes)
{
    int64_t n_sets = driver->data.n_sets;
    bool with_whole = !(driver->settings.options.flags & CONCEPTDEC_PROBE_NO_FIT);
    void *jobs;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", n_sets, sizeof(conceptdec_i_probe_job), &jobs));
    for (int64_t s = 0; s < n_sets; s++) {
        CONCEPTDEC_I_TRY(conceptdec_i_probe_outcome_take(driver, arena, &driver->data.sets[s], &outcomes[s]));
        ((conceptdec_i_probe_job *)jobs)[s] = conceptdec_i_probe_job_of(driver, s, with_whole);
    }
    gathering g = {.driver = driver, .outcomes = outcomes};
    return conceptdec_i_probe_run(driver, n_sets, jobs, "fits", false, listen, &g);
}
