/* Scores of the label sets, and what the result says of samples, fits and counts. */
#include "probe/fields.h"

#include <math.h>
#include <string.h>

static conceptdec_status
score(conceptdec_i_probe_fields *w, int64_t set, int64_t a)
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

/* seen: scratch of `parts` numbers. */
static void
write_per_fold(const conceptdec_i_probe_fields *w, int64_t set, int64_t a, int64_t *seen)
{
    const int64_t *part = w->driver->data.sets[set].part;
    double *per_fold = w->per_fold + (set * w->lambdas + a) * w->parts;
    memset(per_fold, 0, (size_t)w->parts * sizeof *per_fold);
    memset(seen, 0, (size_t)w->parts * sizeof *seen);
    for (int64_t i = 0; i < w->n; i++)
        if (part[i] >= 0 && !isnan(w->credit[a * w->n + i])) {
            per_fold[part[i]] += w->credit[a * w->n + i];
            seen[part[i]]++;
        }
    for (int64_t p = 0; p < w->parts; p++)
        per_fold[p] = seen[p] > 0 ? per_fold[p] / (double)seen[p] : (double)NAN;
}

static void
write_samples(const conceptdec_i_probe_fields *w, int64_t set, int64_t a)
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
write_fits(const conceptdec_i_probe_fields *w, int64_t set)
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
write_counts(const conceptdec_i_probe_fields *w, int64_t set)
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

conceptdec_status
conceptdec_i_probe_write_scores(conceptdec_i_probe_fields *w, conceptdec_i_arena *arena, int64_t set)
{
    void *seen;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", w->parts, sizeof(int64_t), &seen));
    for (int64_t a = 0; a < w->lambdas; a++) {
        CONCEPTDEC_I_TRY(score(w, set, a));
        write_per_fold(w, set, a, seen);
        write_samples(w, set, a);
    }
    write_fits(w, set);
    write_counts(w, set);
    return CONCEPTDEC_OK;
}
