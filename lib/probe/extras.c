/* What a call asks for beside scores: selection of lambda, null, control tasks, code length, interval. */
#include "probe/fields.h"

#include <math.h>

#include "stats/bootstrap.h"

#define NULL_SLACK 1e-9 /* a null's credit may be summed in another order */

static conceptdec_status
write_null(const conceptdec_i_probe_fields *w, int64_t set)
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
            reached += !(null[t * w->lambdas + a] < w->accuracy[at] - NULL_SLACK);
        }
        w->chance_null[at] = sum / (double)draws;
        w->kappa[at] = (w->accuracy[at] - w->chance_null[at]) / (1 - w->chance_null[at]);
        w->p_value[at] = isnan(w->accuracy[at]) ? (double)NAN : (double)(1 + reached) / (double)(1 + draws);
    }
    return CONCEPTDEC_OK;
}

/* For the caller, who has room for those of all sets. */
static void
keep_replicates(const conceptdec_i_probe_fields *w, int64_t set, const double *replicates)
{
    int64_t width = w->driver->data.n_sets * w->lambdas;
    for (int64_t t = 0; t < w->driver->settings.options.bootstrap; t++)
        for (int64_t a = 0; a < w->lambdas; a++)
            w->driver->replicates[t * width + set * w->lambdas + a] = replicates[t * w->lambdas + a];
}

static conceptdec_status
write_interval(const conceptdec_i_probe_fields *w, conceptdec_i_arena *arena, int64_t set)
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
    CONCEPTDEC_I_TRY(conceptdec_i_bootstrap(w->driver->ctx, w->n, w->lambdas, credit, w->driver->data.groups,
                                            o->bootstrap, o->confidence, o->seed, replicates,
                                            w->ci_low + set * w->lambdas, w->ci_high + set * w->lambdas));
    if (w->driver->replicates)
        keep_replicates(w, set, replicates);
    return CONCEPTDEC_OK;
}

static conceptdec_status
write_control(const conceptdec_i_probe_fields *w, conceptdec_i_arena *arena, int64_t set)
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
write_code(const conceptdec_i_probe_fields *w, int64_t set)
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
write_nested(const conceptdec_i_probe_fields *w, int64_t set)
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

conceptdec_status
conceptdec_i_probe_write_extras(const conceptdec_i_probe_fields *w, conceptdec_i_arena *arena, int64_t set)
{
    CONCEPTDEC_I_TRY(write_nested(w, set));
    CONCEPTDEC_I_TRY(write_null(w, set));
    CONCEPTDEC_I_TRY(write_control(w, arena, set));
    CONCEPTDEC_I_TRY(write_code(w, set));
    return write_interval(w, arena, set);
}
