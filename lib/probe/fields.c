/* Arrays of a probe's result: their room, and the order in which they are written. */
#include "probe/fields.h"

#include <string.h>

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
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(shaping, fields[i].name, fields[i].n_axes, fields[i].a,
                                                     fields[i].b, fields[i].c, fields[i].data));
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_wholes(const conceptdec_i_shaping *shaping, const whole_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(shaping, fields[i].name, fields[i].n_axes, fields[i].a, fields[i].b,
                                                   0, fields[i].data));
    return CONCEPTDEC_OK;
}

#define REALS(w, fields) take_reals(&(w)->shaping, fields, sizeof(fields) / sizeof *(fields))
#define WHOLES(w, fields) take_wholes(&(w)->shaping, fields, sizeof(fields) / sizeof *(fields))

static conceptdec_status
take_axes(const conceptdec_i_probe_fields *w)
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
take_scores(conceptdec_i_probe_fields *w)
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
        {CONCEPTDEC_R_CLASS_COUNT, &w->class_count, 1, c, 0},  {CONCEPTDEC_R_N_MISSING_TRAIN, &w->missing_train, 1, f,
                                                                0},
        {CONCEPTDEC_R_N_MISSING_TEST, &w->missing_test, 1, f, 0}, {CONCEPTDEC_R_N_DUPLICATES, &w->n_duplicates, 0, 0,
                                                                   0},
    };
    CONCEPTDEC_I_TRY(REALS(w, reals));
    return WHOLES(w, wholes);
}

static conceptdec_status
take_fits(conceptdec_i_probe_fields *w)
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
take_samples(conceptdec_i_probe_fields *w)
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
take_extras(conceptdec_i_probe_fields *w)
{
    const conceptdec_probe_options *o = &w->driver->settings.options;
    int64_t a = w->lambdas;
    const real_field null[] = {
        {CONCEPTDEC_R_CHANCE_NULL, &w->chance_null, 1, a, 0, 0},
        {CONCEPTDEC_R_KAPPA, &w->kappa, 1, a, 0, 0},
        {CONCEPTDEC_R_P_VALUE, &w->p_value, 1, a, 0, 0},
        {CONCEPTDEC_R_NULL, &w->null, 2, o->permutations, a, 0},
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

/* ---- the whole ---- */

static conceptdec_status
write_parts_of_set(conceptdec_i_probe_fields *w, conceptdec_i_arena *arena, int64_t set)
{
    CONCEPTDEC_I_TRY(conceptdec_i_probe_write_scores(w, arena, set));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_duplicates(w->driver, arena, w->first_copy, set, &w->n_duplicates[set]));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_write_information(w, arena, set));
    return conceptdec_i_probe_write_extras(w, arena, set);
}

static conceptdec_status
write_set(conceptdec_i_probe_fields *w, int64_t set)
{
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, w->shaping.ctx);
    conceptdec_status status = write_parts_of_set(w, &scratch, set);
    conceptdec_i_arena_close(&scratch);
    return status;
}

conceptdec_status
conceptdec_i_probe_result(conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                          const conceptdec_i_probe_outcome *outcomes, conceptdec_result *result)
{
    const conceptdec_i_probe_data *data = &driver->data;
    conceptdec_i_probe_fields w = {.driver = driver, .outcomes = outcomes, .n = data->n,
                                   .lambdas = driver->settings.options.n_lambdas,
                 .classes = data->classes, .columns = data->columns, .parts = data->n_parts, .d = driver->settings.d,
                 .shaping = {.ctx = driver->ctx, .result = result, .n_sets = data->n_sets}};
    void *credit;
    int32_t *first_copy;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_first_copies(driver, arena, &first_copy));
    w.first_copy = first_copy;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", w.lambdas * w.n, sizeof(double), &credit));
    w.credit = credit;
    CONCEPTDEC_I_TRY(take_axes(&w));
    CONCEPTDEC_I_TRY(take_scores(&w));
    CONCEPTDEC_I_TRY(take_fits(&w));
    CONCEPTDEC_I_TRY(take_samples(&w));
    CONCEPTDEC_I_TRY(take_extras(&w));
    for (int64_t s = 0; s < data->n_sets; s++)
        CONCEPTDEC_I_TRY(write_set(&w, s));
    return CONCEPTDEC_OK;
}
