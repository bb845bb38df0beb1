/* What a call holds beside coordinates and solver, counted before the work starts: options->memory bounds all of it. */
#include "probe/driver.h"

#include "core/whole.h"

#define PROBLEM_BYTES 160 /* of one fit's bookkeeping: problem, place, score, order */
#define DRAWS_SHARE 16    /* of memory: labels that are drawn at once */

/* Sums and products that stay at the largest number once they are beyond it. */
static int64_t
plus(int64_t a, int64_t b)
{
    int64_t sum;
    return conceptdec_i_add(a, b, &sum) ? sum : INT64_MAX;
}

static int64_t
times(int64_t a, int64_t b)
{
    int64_t product;
    return conceptdec_i_mul(a, b, &product) ? product : INT64_MAX;
}

/* ---- rows and parts ---- */

/* Of one label set: labels in two widths, marks, the part and the role of each row in each part. */
static int64_t
set_bytes(const conceptdec_i_probe_data *data)
{
    bool has_roles = data->leave == CONCEPTDEC_I_LEAVE_ROLES;
    int64_t roles = has_roles ? times(data->n_parts, data->n) : 0;
    int64_t counts = times(times(data->n_parts, data->classes), 2 * (int64_t)sizeof(int64_t));
    return plus(times(data->n, 24), plus(roles, counts));
}

conceptdec_status
conceptdec_i_probe_check_parts(conceptdec_ctx *ctx, const conceptdec_probe_options *o,
                               const conceptdec_i_probe_data *data)
{
    int64_t needed = times(data->n_sets, set_bytes(data));
    if (needed <= o->memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(
        ctx, CONCEPTDEC_ENOMEM,
        "memory: %lld bytes are too few; labels and roles of %lld rows in %lld parts of %lld label sets "
        "take %lld",
        (long long)o->memory, (long long)data->n, (long long)data->n_parts, (long long)data->n_sets, (long long)needed);
}

/* ---- values ---- */

/* Decision values, posteriors, weights and notes of one label set, for all lambdas; beside a row of credits. */
static int64_t
outcome_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_i_probe_data *data = &driver->data;
    const conceptdec_probe_options *o = &driver->settings.options;
    bool has_posterior = conceptdec_i_probe_has_posterior(o);
    bool has_weights = !(o->flags & CONCEPTDEC_PROBE_NO_FIT);
    int64_t row = plus(data->columns, has_posterior ? data->classes : 0);
    int64_t values = plus(times(row, data->n), has_weights ? times(data->columns, driver->settings.d + 1) : 0);
    return times(times(plus(values, times(data->n_parts + 1, 5)), sizeof(double)), o->n_lambdas);
}

/* ---- what is drawn and chosen ---- */

/* Of one draw of labels. */
static int64_t
draw_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_i_probe_data *data = &driver->data;
    int64_t fits =
        times(driver->settings.options.n_lambdas, data->leave == CONCEPTDEC_I_LEAVE_ROLES ? data->n_parts : 1);
    return plus(times(data->n, sizeof(int32_t)), times(plus(fits, 1), PROBLEM_BYTES));
}

int64_t
conceptdec_i_probe_draws_at_once(const conceptdec_i_probe_driver *driver, int64_t draws)
{
    int64_t most = driver->settings.options.memory / DRAWS_SHARE / draw_bytes(driver);
    return most < 1 ? 1 : most < draws ? most : draws;
}

/* Folds inside each training part. */
static int64_t
nested_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    int64_t roles = times(driver->data.n, plus(o->folds, sizeof(int32_t)));
    return times(driver->data.n_parts, plus(roles, times(times(o->folds, o->n_lambdas), PROBLEM_BYTES)));
}

static int64_t
extras_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    int64_t draws = max64(o->permutations, o->control), most = 0;
    if (draws > 0)
        most = times(conceptdec_i_probe_draws_at_once(driver, draws), draw_bytes(driver));
    if (o->flags & CONCEPTDEC_PROBE_NESTED)
        most = max64(most, nested_bytes(driver));
    if (o->flags & CONCEPTDEC_PROBE_MDL)
        most = max64(most, times(driver->data.n, 40));
    if (o->bootstrap > 0)
        most = max64(most, times(times(plus(driver->data.n, o->bootstrap), o->n_lambdas), sizeof(double)));
    return plus(most,
                times(plus(driver->data.n, o->control), times(o->n_lambdas, sizeof(double)))); /* credits, accuracies */
}

/* ---- the whole ---- */

/* The groups, weights and types of rows, and which of them are equal. */
static int64_t
rows_bytes(const conceptdec_i_probe_driver *driver)
{
    return times(driver->data.n, 96 + (driver->targets ? 8 * driver->data.columns : 0));
}

conceptdec_status
conceptdec_i_probe_reserve(conceptdec_i_probe_driver *driver)
{
    const conceptdec_i_probe_data *data = &driver->data;
    const conceptdec_probe_options *o = &driver->settings.options;
    bool is_wide = driver->x->dtype == CONCEPTDEC_FLOAT64;
    int64_t space = conceptdec_i_space_bytes(driver->ctx, driver->x, is_wide);
    int64_t held = plus(rows_bytes(driver), times(data->n_sets, plus(set_bytes(data), outcome_bytes(driver))));
    held = plus(held, driver->targets ? 0 : extras_bytes(driver));
    driver->held = held;
    if (plus(space, held) < o->memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(
        driver->ctx, CONCEPTDEC_ENOMEM,
        "memory: %lld bytes are too few; before any fit %lld are needed: centred rows take %lld, parts, "
        "decision values and draws of %lld rows, %lld label sets and %lld lambdas %lld",
        (long long)o->memory, (long long)plus(space, held), (long long)space, (long long)data->n,
        (long long)data->n_sets, (long long)o->n_lambdas, (long long)held);
}
