/* How many bits a posterior tells of the label beyond its prior (Xu et al. 2020; pointwise Ethayarajh et al. 2022). */
#include "probe/fields.h"

#include <math.h>

static bool
has_weight(const conceptdec_i_probe_fields *w, int64_t i)
{
    return !w->driver->data.weight || w->driver->data.weight[i] > 0;
}

/* Rows of each class that train where a part is left out: counts[p * classes + c]. */
static void
count_training(const conceptdec_i_probe_fields *w, int64_t set, int64_t *counts)
{
    const conceptdec_i_probe_set *s = &w->driver->data.sets[set];
    bool stays = w->driver->settings.options.protocol == CONCEPTDEC_PROTOCOL_RESUBSTITUTION ||
                 w->driver->settings.options.protocol == CONCEPTDEC_PROTOCOL_LOO;
    for (int64_t i = 0; i < w->n; i++)
        if (s->whole[i] == CONCEPTDEC_I_ROLE_TRAIN && has_weight(w, i)) {
            counts[w->parts * w->classes + s->labels[i]]++; /* of all parts */
            if (!stays && s->part[i] >= 0)
                counts[s->part[i] * w->classes + s->labels[i]]--;
        }
    for (int64_t p = 0; p < w->parts; p++)
        for (int64_t c = 0; c < w->classes; c++)
            counts[p * w->classes + c] += counts[w->parts * w->classes + c];
}

/* log2 of the share of row i's class among the rows that train where it is left out. */
static double
log2_prior(const conceptdec_i_probe_fields *w, int64_t set, int64_t i, const int64_t *counts, const int64_t *totals)
{
    const conceptdec_i_probe_set *s = &w->driver->data.sets[set];
    int64_t self = w->driver->settings.options.protocol == CONCEPTDEC_PROTOCOL_LOO && has_weight(w, i);
    int64_t p = s->part[i];
    return log2((double)(counts[p * w->classes + s->labels[i]] - self) / (double)(totals[p] - self));
}

static void
write_pvi(const conceptdec_i_probe_fields *w, int64_t set, int64_t a, const int64_t *counts, const int64_t *totals)
{
    const conceptdec_i_probe_outcome *o = &w->outcomes[set];
    int64_t at = set * w->lambdas + a, n_scored = 0;
    double sum = 0;
    for (int64_t i = 0; i < w->n; i++) {
        double pvi = (double)NAN;
        if (o->posterior && !isnan(w->credit[a * w->n + i])) {
            double posterior = o->posterior[(a * w->n + i) * w->classes + w->driver->data.sets[set].labels[i]];
            pvi = log2(posterior) - log2_prior(w, set, i, counts, totals);
            sum += isnan(pvi) ? 0 : pvi; /* NaN: neither posterior nor prior knows the class */
            n_scored += !isnan(pvi);
        }
        if (w->pvi)
            w->pvi[at * w->n + i] = pvi;
    }
    w->v_information[at] = n_scored > 0 ? sum / (double)n_scored : (double)NAN;
}

conceptdec_status
conceptdec_i_probe_write_information(const conceptdec_i_probe_fields *w, conceptdec_i_arena *arena, int64_t set)
{
    void *counts, *totals;
    int64_t size;
    if (!conceptdec_i_mul(w->parts + 1, w->classes, &size))
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
