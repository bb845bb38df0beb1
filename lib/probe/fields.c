/* Arrays of a probe's result. */
#include "probe/driver.h"

#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"

#define NULL_SLACK 1e-9 /* a null's credit may be summed in another order */

/* Everything that is written, set by set. */
typedef struct writing {
    conceptdec_i_probe_driver *driver;
    const conceptdec_i_probe_outcome *outcomes;
    conceptdec_i_shaping shaping;
    int64_t n, lambdas, classes, columns, parts, d;
    double *accuracy, *balanced, *macro_f1, *log_loss, *calibration_error, *tie_rate, *per_fold, *per_concept, *confusion;
    double *auroc, *average_precision, *v_information, *chance, *chance_uniform, *chance_majority;
    double *decrement, *objective, *shrinkage, *weights, *bias, *posterior, *decision, *pvi;
    double *chance_null, *kappa, *p_value, *null, *ci_low, *ci_high;
    double *control_accuracy, *selectivity, *codelength, *compression, *nested_accuracy;
    int64_t *n_scored, *n_ignored, *class_count, *converged, *iterations, *predicted, *fold, *missing_train, *missing_test;
    int64_t *selected;
    double *credit; /* scratch: lambdas x n */
} writing;

/* ---- room ---- */

typedef struct real_field {
    const char *name;
    double **data;
    int n_axes;
    int64_t a, b, c;
} real_field;

typedef struct whole_field {
    const char *name;
    int64_t **data;
    int n_axes;
    int64_t a, b;
} whole_field;

static conceptdec_status
take_reals(const conceptdec_i_shaping *shaping, const real_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(shaping, fields[i].name, fields[i].n_axes, fields[i].a, fields[i].b,
                                                     fields[i].c, fields[i].data));
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_wholes(const conceptdec_i_shaping *shaping, const whole_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(shaping, fields[i].name, fields[i].n_axes, fields[i].a, fields[i].b, 0,
                                                   fields[i].data));
    return CONCEPTDEC_OK;
}

#define REALS(w, fields) take_reals(&(w)->shaping, fields, sizeof(fields) / sizeof *(fields))
#define WHOLES(w, fields) take_wholes(&(w)->shaping, fields, sizeof(fields) / sizeof *(fields))

static conceptdec_status
take_axes(const writing *w)
{
    conceptdec_result *result = w->shaping.result;
    double *lambdas;
    int64_t *codes;
    CONCEPTDEC_I_TRY(
        conceptdec_i_result_float64(w->shaping.ctx, result, CONCEPTDEC_R_LAMBDA, 1, &w->lambdas, &lambdas));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(w->shaping.ctx, result, CONCEPTDEC_R_CLASSES, 1, &w->classes, &codes));
    memcpy(lambdas, w->driver->settings.lambdas, (size_t)w->lambdas * sizeof *lambdas);
    for (int64_t c = 0; c < w->classes; c++)
        codes[c] = c;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_scores(writing *w)
{
    int64_t a = w->lambdas, c = w->classes, f = w->parts;
    const real_field reals[] = {
        {CONCEPTDEC_R_ACCURACY, &w->accuracy, 1, a, 0, 0},
        {CONCEPTDEC_R_PER_CONCEPT, &w->per_concept, 2, a, c, 0},
        {CONCEPTDEC_R_BALANCED, &w->balanced, 1, a, 0, 0},
        {CONCEPTDEC_R_MACRO_F1, &w->macro_f1, 1, a, 0, 0},
        {CONCEPTDEC_R_LOG_LOSS, &w->log_loss, 1, a, 0, 0},
        {CONCEPTDEC_R_V_INFORMATION_BITS, &w->v_information, 1, a, 0, 0},
        {CONCEPTDEC_R_AUROC, &w->auroc, 2, a, c, 0},
        {CONCEPTDEC_R_AVERAGE_PRECISION, &w->average_precision, 2, a, c, 0},
        {CONCEPTDEC_R_CALIBRATION_ERROR, &w->calibration_error, 1, a, 0, 0},
        {CONCEPTDEC_R_CONFUSION, &w->confusion, 3, a, c, c},
        {CONCEPTDEC_R_TIE_RATE, &w->tie_rate, 1, a, 0, 0},
        {CONCEPTDEC_R_PER_FOLD, &w->per_fold, 2, a, f, 0},
        {CONCEPTDEC_R_CHANCE, &w->chance, 0, 0, 0, 0},
        {CONCEPTDEC_R_CHANCE_UNIFORM, &w->chance_uniform, 0, 0, 0, 0},
        {CONCEPTDEC_R_CHANCE_MAJORITY, &w->chance_majority, 0, 0, 0, 0},
    };
    const whole_field wholes[] = {
        {CONCEPTDEC_R_N_SCORED, &w->n_scored, 1, a, 0},        {CONCEPTDEC_R_N_IGNORED, &w->n_ignored, 0, 0, 0},
        {CONCEPTDEC_R_CLASS_COUNT, &w->class_count, 1, c, 0},  {CONCEPTDEC_R_N_MISSING_TRAIN, &w->missing_train, 1, f, 0},
        {CONCEPTDEC_R_N_MISSING_TEST, &w->missing_test, 1, f, 0},
    };
    CONCEPTDEC_I_TRY(REALS(w, reals));
    return WHOLES(w, wholes);
}

static conceptdec_status
take_fits(writing *w)
{
    int64_t a = w->lambdas, f = w->parts + 1;
    const real_field reals[] = {
        {CONCEPTDEC_R_DECREMENT, &w->decrement, 2, a, f, 0},
        {CONCEPTDEC_R_OBJECTIVE, &w->objective, 2, a, f, 0},
    };
    const real_field shrinkage[] = {{CONCEPTDEC_R_SHRINKAGE, &w->shrinkage, 2, a, f, 0}};
    const real_field weights[] = {
        {CONCEPTDEC_R_WEIGHTS, &w->weights, 3, a, w->columns, w->d},
        {CONCEPTDEC_R_BIAS, &w->bias, 2, a, w->columns, 0},
    };
    const whole_field wholes[] = {
        {CONCEPTDEC_R_CONVERGED, &w->converged, 1, a, 0},
        {CONCEPTDEC_R_ITERATIONS, &w->iterations, 2, a, f},
    };
    CONCEPTDEC_I_TRY(WHOLES(w, wholes));
    CONCEPTDEC_I_TRY(REALS(w, reals));
    if (w->driver->settings.options.kind == CONCEPTDEC_PROBE_LDA)
        CONCEPTDEC_I_TRY(REALS(w, shrinkage));
    return w->outcomes->weights ? REALS(w, weights) : CONCEPTDEC_OK;
}

static conceptdec_status
take_samples(writing *w)
{
    const conceptdec_probe_options *o = &w->driver->settings.options;
    const real_field decision[] = {{CONCEPTDEC_R_DECISION, &w->decision, 3, w->lambdas, w->n, w->columns}};
    const real_field posterior[] = {
        {CONCEPTDEC_R_POSTERIOR, &w->posterior, 3, w->lambdas, w->n, w->classes},
        {CONCEPTDEC_R_PVI_BITS, &w->pvi, 2, w->lambdas, w->n, 0},
    };
    const whole_field predicted[] = {{CONCEPTDEC_R_PREDICTED, &w->predicted, 2, w->lambdas, w->n}};
    const whole_field fold[] = {{CONCEPTDEC_R_FOLD, &w->fold, 1, w->n, 0}};
    if (o->flags & CONCEPTDEC_PROBE_NO_SAMPLES)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(REALS(w, decision));
    if (conceptdec_i_probe_has_posterior(o))
        CONCEPTDEC_I_TRY(REALS(w, posterior));
    CONCEPTDEC_I_TRY(WHOLES(w, predicted));
    return o->protocol == CONCEPTDEC_PROTOCOL_KFOLD ? WHOLES(w, fold) : CONCEPTDEC_OK;
}

static conceptdec_status
take_extras(writing *w)
{
    const conceptdec_probe_options *o = &w->driver->settings.options;
    int64_t a = w->lambdas;
    const real_field null[] = {
        {CONCEPTDEC_R_CHANCE_NULL, &w->chance_null, 1, a, 0, 0}, {CONCEPTDEC_R_KAPPA, &w->kappa, 1, a, 0, 0},
        {CONCEPTDEC_R_P_VALUE, &w->p_value, 1, a, 0, 0},         {CONCEPTDEC_R_NULL, &w->null, 2, o->permutations, a, 0},
    };
    const real_field interval[] = {
        {CONCEPTDEC_R_CI_LOW, &w->ci_low, 1, a, 0, 0},
        {CONCEPTDEC_R_CI_HIGH, &w->ci_high, 1, a, 0, 0},
    };
    const real_field control[] = {
        {CONCEPTDEC_R_CONTROL_ACCURACY, &w->control_accuracy, 2, a, o->control, 0},
        {CONCEPTDEC_R_SELECTIVITY, &w->selectivity, 1, a, 0, 0},
    };
    const real_field code[] = {
        {CONCEPTDEC_R_CODELENGTH_BITS, &w->codelength, 1, a, 0, 0},
        {CONCEPTDEC_R_COMPRESSION, &w->compression, 1, a, 0, 0},
    };
    const real_field nested[] = {{CONCEPTDEC_R_NESTED_ACCURACY, &w->nested_accuracy, 0, 0, 0, 0}};
    const whole_field selected[] = {{CONCEPTDEC_R_SELECTED, &w->selected, 1, w->parts, 0}};
    if (o->permutations > 0)
        CONCEPTDEC_I_TRY(REALS(w, null));
    if (o->bootstrap > 0)
        CONCEPTDEC_I_TRY(REALS(w, interval));
    if (o->control > 0)
        CONCEPTDEC_I_TRY(REALS(w, control));
    if (o->flags & CONCEPTDEC_PROBE_MDL)
        CONCEPTDEC_I_TRY(REALS(w, code));
    if (!(o->flags & CONCEPTDEC_PROBE_NESTED))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(REALS(w, nested));
    return WHOLES(w, selected);
}

/* ---- scores of one set ---- */

static conceptdec_status
score(writing *w, int64_t set, int64_t a)
{
    const conceptdec_i_probe_outcome *o = &w->outcomes[set];
    int64_t at = set * w->lambdas + a, c = w->classes;
    conceptdec_i_probe_scoring scoring = {
        .n = w->n, .classes = c, .columns = w->columns, .labels = w->driver->data.sets[set].labels, .scored = o->scored,
        .decision = o->decision + a * w->columns * w->n,
        .posterior = o->posterior ? o->posterior + a * w->n * c : NULL};
    conceptdec_i_probe_scores scores = {
        .per_concept = w->per_concept + at * c, .confusion = w->confusion + at * c * c, .auroc = w->auroc + at * c,
        .average_precision = w->average_precision + at * c, .class_count = w->class_count + set * c,
        .credit = w->credit + a * w->n, .predicted = w->predicted ? w->predicted + at * w->n : NULL};
    CONCEPTDEC_I_TRY(conceptdec_i_probe_score(w->driver->ctx, &scoring, &scores));
    w->accuracy[at] = scores.accuracy;
    w->balanced[at] = scores.balanced;
    w->macro_f1[at] = scores.macro_f1;
    w->log_loss[at] = scores.log_loss;
    w->calibration_error[at] = scores.calibration_error;
    w->tie_rate[at] = scores.tie_rate;
    w->n_scored[at] = scores.n_scored;
    return CONCEPTDEC_OK;
}

static void
write_per_fold(const writing *w, int64_t set, int64_t a)
{
    const int64_t *part = w->driver->data.sets[set].part;
    double *per_fold = w->per_fold + (set * w->lambdas + a) * w->parts;
    for (int64_t p = 0; p < w->parts; p++) {
        double sum = 0;
        int64_t count = 0;
        for (int64_t i = 0; i < w->n; i++)
            if (part[i] == p && !isnan(w->credit[a * w->n + i])) {
                sum += w->credit[a * w->n + i];
                count++;
            }
        per_fold[p] = count > 0 ? sum / (double)count : (double)NAN;
    }
}

static void
write_samples(const writing *w, int64_t set, int64_t a)
{
    const conceptdec_i_probe_outcome *o = &w->outcomes[set];
    int64_t at = set * w->lambdas + a, n = w->n, k = w->columns;
    if (w->decision)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < k; j++)
                w->decision[(at * n + i) * k + j] = o->decision[(a * k + j) * n + i];
    if (w->posterior)
        memcpy(w->posterior + at * n * w->classes, o->posterior + a * n * w->classes,
               (size_t)(n * w->classes) * sizeof(double));
}

static void
write_fits(const writing *w, int64_t set)
{
    const conceptdec_i_probe_outcome *o = &w->outcomes[set];
    int64_t fits = w->parts + 1, at = set * w->lambdas * fits, count = w->lambdas * fits;
    memcpy(w->decrement + at, o->decrement, (size_t)count * sizeof(double));
    memcpy(w->objective + at, o->objective, (size_t)count * sizeof(double));
    memcpy(w->iterations + at, o->iterations, (size_t)count * sizeof(int64_t));
    if (w->shrinkage)
        memcpy(w->shrinkage + at, o->shrinkage, (size_t)count * sizeof(double));
    for (int64_t a = 0; a < w->lambdas; a++) {
        int64_t *converged = &w->converged[set * w->lambdas + a];
        *converged = 1;
        for (int64_t f = 0; f < fits; f++)
            *converged &= o->is_done[a * fits + f];
    }
    if (!w->weights)
        return;
    count = w->lambdas * w->columns;
    memcpy(w->weights + set * count * w->d, o->weights, (size_t)(count * w->d) * sizeof(double));
    memcpy(w->bias + set * count, o->bias, (size_t)count * sizeof(double));
}

static void
write_counts(const writing *w, int64_t set)
{
    const conceptdec_i_probe_set *s = &w->driver->data.sets[set];
    int64_t largest = 0, total = 0, present = 0;
    for (int64_t c = 0; c < w->classes; c++) {
        int64_t count = w->class_count[set * w->classes + c];
        total += count;
        present += count > 0;
        largest = count > largest ? count : largest;
    }
    w->n_ignored[set] = w->n - s->n_labelled;
    w->chance_uniform[set] = 1 / (double)present;
    w->chance_majority[set] = (double)largest / (double)total;
    w->chance[set] = w->chance_majority[set];
    memcpy(w->missing_train + set * w->parts, s->missing_train, (size_t)w->parts * sizeof(int64_t));
    memcpy(w->missing_test + set * w->parts, s->missing_test, (size_t)w->parts * sizeof(int64_t));
    if (w->fold)
        memcpy(w->fold + set * w->n, s->part, (size_t)w->n * sizeof(int64_t));
}

/* ---- information ---- */

/* Rows of each class that train where a part is left out: counts[p * classes + c]. */
static void
count_training(const writing *w, int64_t set, int64_t *counts)
{
    const conceptdec_i_probe_set *s = &w->driver->data.sets[set];
    bool stays = w->driver->settings.options.protocol == CONCEPTDEC_PROTOCOL_RESUBSTITUTION ||
                 w->driver->settings.options.protocol == CONCEPTDEC_PROTOCOL_LOO;
    for (int64_t i = 0; i < w->n; i++) {
        if (s->whole[i] != CONCEPTDEC_I_ROLE_TRAIN)
            continue;
        for (int64_t p = 0; p < w->parts; p++)
            counts[p * w->classes + s->labels[i]] += stays || s->part[i] != p;
    }
}

/* log2 of the share of row i's class among the rows that train where it is left out. */
static double
log2_prior(const writing *w, int64_t set, int64_t i, const int64_t *counts, const int64_t *totals)
{
    const conceptdec_i_probe_set *s = &w->driver->data.sets[set];
    int64_t self = w->driver->settings.options.protocol == CONCEPTDEC_PROTOCOL_LOO;
    int64_t p = s->part[i];
    return log2((double)(counts[p * w->classes + s->labels[i]] - self) / (double)(totals[p] - self));
}

static void
write_pvi(const writing *w, int64_t set, int64_t a, const int64_t *counts, const int64_t *totals)
{
    const conceptdec_i_probe_outcome *o = &w->outcomes[set];
    int64_t at = set * w->lambdas + a, n_scored = 0;
    double sum = 0;
    for (int64_t i = 0; i < w->n; i++) {
        double pvi = (double)NAN;
        if (o->posterior && !isnan(w->credit[a * w->n + i])) {
            double posterior = o->posterior[(a * w->n + i) * w->classes + w->driver->data.sets[set].labels[i]];
            pvi = log2(posterior) - log2_prior(w, set, i, counts, totals);
            sum += pvi;
            n_scored++;
        }
        if (w->pvi)
            w->pvi[at * w->n + i] = pvi;
    }
    w->v_information[at] = n_scored > 0 ? sum / (double)n_scored : (double)NAN;
}

static conceptdec_status
write_information(const writing *w, conceptdec_i_arena *arena, int64_t set)
{
    void *counts, *totals;
    int64_t size;
    if (!conceptdec_i_mul(w->parts, w->classes, &size))
        size = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "priors", size, sizeof(int64_t), &counts));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "priors", w->parts, sizeof(int64_t), &totals));
    count_training(w, set, counts);
    for (int64_t p = 0; p < w->parts; p++)
        for (int64_t c = 0; c < w->classes; c++)
            ((int64_t *)totals)[p] += ((int64_t *)counts)[p * w->classes + c];
    for (int64_t a = 0; a < w->lambdas; a++)
        write_pvi(w, set, a, counts, totals);
    return CONCEPTDEC_OK;
}

/* ---- null, interval, controls, code, selection ---- */

static conceptdec_status
write_null(const writing *w, int64_t set)
{
    int64_t draws = w->driver->settings.options.permutations;
    if (!w->null)
        return CONCEPTDEC_OK;
    double *null = w->null + set * draws * w->lambdas;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_null(w->driver, set, null));
    for (int64_t a = 0; a < w->lambdas; a++) {
        int64_t at = set * w->lambdas + a, reached = 0;
        double sum = 0;
        for (int64_t t = 0; t < draws; t++) {
            sum += null[t * w->lambdas + a];
            reached += null[t * w->lambdas + a] >= w->accuracy[at] - NULL_SLACK;
        }
        w->chance_null[at] = sum / (double)draws;
        w->kappa[at] = (w->accuracy[at] - w->chance_null[at]) / (1 - w->chance_null[at]);
        w->p_value[at] = (double)(1 + reached) / (double)(1 + draws);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_interval(const writing *w, conceptdec_i_arena *arena, int64_t set)
{
    const conceptdec_probe_options *o = &w->driver->settings.options;
    void *credit, *replicates;
    int64_t total;
    if (!w->ci_low)
        return CONCEPTDEC_OK;
    if (!conceptdec_i_mul(o->bootstrap, w->lambdas, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bootstrap", w->n * w->lambdas, sizeof(double), &credit));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "bootstrap", total, sizeof(double), &replicates));
    for (int64_t i = 0; i < w->n; i++) {
        bool is_scored = true;
        for (int64_t a = 0; a < w->lambdas; a++)
            is_scored &= !isnan(w->credit[a * w->n + i]);
        for (int64_t a = 0; a < w->lambdas; a++)
            ((double *)credit)[i * w->lambdas + a] = is_scored ? w->credit[a * w->n + i] : (double)NAN;
    }
    conceptdec_i_stage(w->driver->ctx, "bootstrap", conceptdec_i_bootstrap_tasks(w->n, o->bootstrap));
    return conceptdec_i_bootstrap(w->driver->ctx, w->n, w->lambdas, credit, w->driver->data.groups, o->bootstrap,
                                  o->confidence, o->seed, replicates, w->ci_low + set * w->lambdas,
                                  w->ci_high + set * w->lambdas);
}

static conceptdec_status
write_control(const writing *w, conceptdec_i_arena *arena, int64_t set)
{
    int64_t draws = w->driver->settings.options.control;
    void *memory;
    if (!w->control_accuracy)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", draws * w->lambdas, sizeof(double), &memory));
    const double *accuracies = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_control(w->driver, set, memory));
    for (int64_t a = 0; a < w->lambdas; a++) {
        int64_t at = set * w->lambdas + a;
        double sum = 0;
        for (int64_t t = 0; t < draws; t++) {
            w->control_accuracy[at * draws + t] = accuracies[t * w->lambdas + a];
            sum += accuracies[t * w->lambdas + a];
        }
        w->selectivity[at] = w->accuracy[at] - sum / (double)draws;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_code(const writing *w, int64_t set)
{
    const conceptdec_i_probe_set *s = &w->driver->data.sets[set];
    if (!w->codelength)
        return CONCEPTDEC_OK;
    double *bits = w->codelength + set * w->lambdas;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_codelength(w->driver, set, bits));
    int64_t present = 0;
    for (int64_t c = 0; c < w->classes; c++) {
        bool is_there = false;
        for (int64_t i = 0; i < w->n && !is_there; i++)
            is_there = s->labels[i] == c;
        present += is_there;
    }
    for (int64_t a = 0; a < w->lambdas; a++)
        w->compression[set * w->lambdas + a] = (double)s->n_labelled * log2((double)present) / bits[a];
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_nested(const writing *w, int64_t set)
{
    const conceptdec_i_probe_set *s = &w->driver->data.sets[set];
    double sum = 0;
    int64_t count = 0;
    if (!w->selected)
        return CONCEPTDEC_OK;
    int64_t *selected = w->selected + set * w->parts;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_nested(w->driver, set, selected));
    for (int64_t i = 0; i < w->n; i++) {
        double credit = s->part[i] >= 0 ? w->credit[selected[s->part[i]] * w->n + i] : (double)NAN;
        sum += isnan(credit) ? 0 : credit;
        count += !isnan(credit);
    }
    w->nested_accuracy[set] = sum / (double)count;
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_set(writing *w, conceptdec_i_arena *arena, int64_t set)
{
    for (int64_t a = 0; a < w->lambdas; a++) {
        CONCEPTDEC_I_TRY(score(w, set, a));
        write_per_fold(w, set, a);
        write_samples(w, set, a);
    }
    write_fits(w, set);
    write_counts(w, set);
    CONCEPTDEC_I_TRY(write_information(w, arena, set));
    CONCEPTDEC_I_TRY(write_nested(w, set));
    CONCEPTDEC_I_TRY(write_null(w, set));
    CONCEPTDEC_I_TRY(write_control(w, arena, set));
    CONCEPTDEC_I_TRY(write_code(w, set));
    return write_interval(w, arena, set);
}

conceptdec_status
conceptdec_i_probe_fields(conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                          const conceptdec_i_probe_outcome *outcomes, conceptdec_result *result)
{
    const conceptdec_i_probe_data *data = &driver->data;
    writing w = {.driver = driver, .outcomes = outcomes, .n = data->n, .lambdas = driver->settings.options.n_lambdas,
                 .classes = data->classes, .columns = data->columns, .parts = data->n_parts, .d = driver->settings.d,
                 .shaping = {.ctx = driver->ctx, .result = result, .n_sets = data->n_sets}};
    void *credit;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", w.lambdas * w.n, sizeof(double), &credit));
    w.credit = credit;
    CONCEPTDEC_I_TRY(take_axes(&w));
    CONCEPTDEC_I_TRY(take_scores(&w));
    CONCEPTDEC_I_TRY(take_fits(&w));
    CONCEPTDEC_I_TRY(take_samples(&w));
    CONCEPTDEC_I_TRY(take_extras(&w));
    for (int64_t s = 0; s < data->n_sets; s++)
        CONCEPTDEC_I_TRY(write_set(&w, arena, s));
    return CONCEPTDEC_OK;
}
