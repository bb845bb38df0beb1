/* What a call holds beside coordinates and solver, counted before the work starts: options->memory bounds all of it. */
#include "probe/driver.h"

#include "core/whole.h"
#include "stats/bootstrap.h"

#define PROBLEM_BYTES 176 /* of one fit's bookkeeping: problem, place, score, order */
#define DRAWS_SHARE 16    /* of memory: labels that are drawn at once */
#define NUMBERED_ROW 40   /* of a row whose group is numbered: number, code, slots, start and place of the group */
#define PLANNED_ROW 100   /* of a row that is permuted, or dealt to folds */
#define SCORED_ROW 80     /* of a row while it is scored */
#define COPIED_ROW 48     /* of a row that is compared with others */
#define CODED_ROW 40      /* of a row in the order of a code */
#define CODE_PARTS 10
#define BLOCKS_BYTES 32768 /* what blocks of memory take beside what is asked for, some 200 of them */

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
    int64_t roles = has_roles ? times(data->n_parts, plus(data->n, sizeof(uint8_t *))) : 0;
    int64_t counts = times(plus(times(data->n_parts, data->classes), plus(data->n_parts, data->classes)),
                           2 * (int64_t)sizeof(int64_t));
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

/* Parts that have fits of their own. */
static int64_t
fitted_parts(const conceptdec_i_probe_data *data)
{
    return data->leave == CONCEPTDEC_I_LEAVE_ROLES ? data->n_parts : 0;
}

/* The problems of all label sets, and weights that are on their way to the input's dimensions, on any thread. */
static int64_t
fits_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_i_probe_data *data = &driver->data;
    const conceptdec_probe_options *o = &driver->settings.options;
    const int64_t whole = times(data->n_sets, o->n_lambdas);
    const int64_t abreast = o->flags & CONCEPTDEC_PROBE_NO_FIT ? 0 : min64(whole, conceptdec_i_lanes(driver->ctx));
    return plus(times(whole, times(fitted_parts(data) + 1, PROBLEM_BYTES)),
                times(abreast, conceptdec_i_space_unfold_bytes(driver->ctx, driver->x, data->columns)));
}

/* ---- what is drawn and chosen ---- */

/* Of one draw of labels. */
static int64_t
draw_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_i_probe_data *data = &driver->data;
    int64_t fits = times(driver->settings.options.n_lambdas, max64(1, fitted_parts(data)));
    return plus(times(data->n, sizeof(int32_t)), times(plus(fits, 1), PROBLEM_BYTES));
}

int64_t
conceptdec_i_probe_draws_at_once(const conceptdec_i_probe_driver *driver, int64_t draws)
{
    int64_t most = driver->settings.options.memory / DRAWS_SHARE / draw_bytes(driver);
    return most < 1 ? 1 : most < draws ? most : draws;
}

static int64_t
null_bytes(const conceptdec_i_probe_driver *driver)
{
    const int64_t draws = driver->settings.options.permutations;
    if (draws == 0)
        return 0;
    return plus(times(conceptdec_i_probe_draws_at_once(driver, draws), draw_bytes(driver)),
                times(driver->data.n, PLANNED_ROW + 4 * conceptdec_i_lanes(driver->ctx)));
}

static int64_t
control_bytes(const conceptdec_i_probe_driver *driver)
{
    const int64_t draws = driver->settings.options.control;
    if (draws == 0)
        return 0;
    return plus(times(conceptdec_i_probe_draws_at_once(driver, draws), draw_bytes(driver)),
                times(driver->data.n, NUMBERED_ROW + sizeof(int32_t)));
}

/* Folds inside each training part. */
static int64_t
nested_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    if (!(o->flags & CONCEPTDEC_PROBE_NESTED))
        return 0;
    int64_t roles = times(driver->data.n, plus(o->folds, sizeof(int32_t)));
    return plus(times(driver->data.n_parts, plus(roles, times(times(o->folds, o->n_lambdas), PROBLEM_BYTES))),
                times(driver->data.n, PLANNED_ROW + 16));
}

static int64_t
code_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    if (!(o->flags & CONCEPTDEC_PROBE_MDL))
        return 0;
    return plus(times(driver->data.n, CODED_ROW), times(o->n_lambdas, CODE_PARTS * PROBLEM_BYTES));
}

/* ---- what is read when all is fitted ---- */

static int64_t
scores_bytes(const conceptdec_i_probe_driver *driver)
{
    return plus(times(driver->data.n, SCORED_ROW), times(driver->data.classes, 2 * SCORED_ROW));
}

static int64_t
interval_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    const int64_t n = driver->data.n;
    if (o->bootstrap == 0)
        return 0;
    const int64_t values = times(times(plus(n, o->bootstrap), o->n_lambdas), sizeof(double));
    return plus(plus(values, times(o->bootstrap, sizeof(double))),
                plus(times(n, NUMBERED_ROW), conceptdec_i_bootstrap_bytes(driver->ctx, n, o->n_lambdas)));
}

/* ---- the whole ---- */

/* The groups, weights and types of rows, which of them are equal, and what each is credited. */
static int64_t
rows_bytes(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_i_probe_data *data = &driver->data;
    const conceptdec_probe_options *o = &driver->settings.options;
    const int64_t numbered = data->groups ? NUMBERED_ROW + 8 : 0;
    const int64_t others = 8 * ((data->types != NULL) + (data->weight != NULL));
    const int64_t row = COPIED_ROW + 2 + numbered + others + (driver->targets ? 8 * data->columns : 0);
    const int64_t lambdas = times(plus(data->n, o->control), times(o->n_lambdas, sizeof(double)));
    const int64_t counts = times(times(data->n_parts + 1, data->classes + 2), sizeof(int64_t));
    return plus(plus(times(data->n, row), plus(lambdas, counts)), BLOCKS_BYTES);
}

/* What stands beside the solver, at most. */
static int64_t
beside_fits(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    const bool is_kept = o->permutations > 0 || o->control > 0; /* of what the solver has, for these */
    int64_t most = fits_bytes(driver);
    if (driver->targets)
        return most;
    most = max64(most, max64(null_bytes(driver), control_bytes(driver)));
    most = max64(most, max64(nested_bytes(driver), code_bytes(driver)));
    return is_kept ? max64(most, max64(scores_bytes(driver), interval_bytes(driver))) : most;
}

/* Of those rows of x that are compared with each other. */
static int64_t
copies_bytes(const conceptdec_i_probe_driver *driver)
{
    return times(driver->settings.d, (2 * conceptdec_i_lanes(driver->ctx) + 3) * (int64_t)sizeof(double));
}

conceptdec_status
conceptdec_i_probe_reserve(conceptdec_i_probe_driver *driver)
{
    const conceptdec_i_probe_data *data = &driver->data;
    const conceptdec_probe_options *o = &driver->settings.options;
    bool is_wide = driver->x->dtype == CONCEPTDEC_FLOAT64;
    int64_t space = conceptdec_i_space_bytes(driver->ctx, driver->x, is_wide);
    int64_t held = plus(rows_bytes(driver), times(data->n_sets, plus(set_bytes(data), outcome_bytes(driver))));
    int64_t read = driver->targets ? 0 : max64(scores_bytes(driver), interval_bytes(driver));
    read = plus(held, plus(read, copies_bytes(driver)));
    driver->held = plus(held, beside_fits(driver));
    held = max64(driver->held, read);
    if (plus(space, held) < o->memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(
        driver->ctx, CONCEPTDEC_ENOMEM,
        "memory: %lld bytes are too few; before any fit %lld are needed: centred rows take %lld, parts, "
        "decision values and draws of %lld rows, %lld label sets and %lld lambdas %lld",
        (long long)o->memory, (long long)plus(space, held), (long long)space, (long long)data->n,
        (long long)data->n_sets, (long long)o->n_lambdas, (long long)held);
}
