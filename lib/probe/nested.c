/* Which lambda each training part would choose for itself, by folds inside it: its test rows have no say. */
#include "probe/driver.h"

#include "stats/folds.h"

typedef struct nesting {
    conceptdec_i_probe_driver *driver;
    const conceptdec_i_probe_set *set;
    conceptdec_i_probe_job *jobs; /* one for each part */
} nesting;

/* Folds of the training rows of one part. */
static conceptdec_status
take_job(conceptdec_i_arena *arena, nesting *w, int64_t part, int64_t *labels, int64_t *fold)
{
    const conceptdec_i_probe_driver *driver = w->driver;
    const conceptdec_probe_options *o = &driver->settings.options;
    int64_t n = driver->data.n;
    const uint8_t *role = w->set->roles[part];
    void *narrow;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", n, sizeof(int32_t), &narrow));
    for (int64_t i = 0; i < n; i++) {
        labels[i] = role[i] == CONCEPTDEC_I_ROLE_TRAIN ? w->set->wide[i] : -1;
        ((int32_t *)narrow)[i] = (int32_t)labels[i];
    }
    CONCEPTDEC_I_TRY(conceptdec_i_probe_folds(driver->ctx, o, &driver->data, labels, fold));
    const uint8_t **roles;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_roles(arena, n, fold, o->folds, &roles));
    w->jobs[part] = (conceptdec_i_probe_job){.labels = narrow, .is_labelled = w->set->is_labelled, .roles = roles,
                                             .n_parts = o->folds};
    return CONCEPTDEC_OK;
}

/* The best accuracy; of equal ones the largest lambda. */
static int64_t
best_lambda(const double *lambdas, int64_t count, const double *sums)
{
    int64_t best = 0;
    for (int64_t a = 1; a < count; a++)
        if (sums[a] > sums[best] || (sums[a] == sums[best] && lambdas[a] > lambdas[best]))
            best = a;
    return best;
}

static conceptdec_status
select_all(conceptdec_i_arena *arena, nesting *w, int64_t *selected)
{
    int64_t n = w->driver->data.n, parts = w->set->n_parts, lambdas = w->driver->settings.options.n_lambdas;
    void *p[5];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", n, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", n, sizeof(int64_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", parts, sizeof *w->jobs, &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", parts * lambdas, sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", parts * lambdas, sizeof(int64_t), &p[4]));
    w->jobs = p[2];
    for (int64_t part = 0; part < parts; part++)
        CONCEPTDEC_I_TRY(take_job(arena, w, part, p[0], p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_credits(w->driver, arena, parts, w->jobs, "nested selection", p[3], p[4]));
    for (int64_t part = 0; part < parts; part++)
        selected[part] = best_lambda(w->driver->settings.lambdas, lambdas, (double *)p[3] + part * lambdas);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_nested(conceptdec_i_probe_driver *driver, int64_t set, int64_t *selected)
{
    nesting w = {.driver = driver, .set = &driver->data.sets[set]};
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, driver->ctx);
    conceptdec_status status = select_all(&arena, &w, selected);
    if (driver->settings.options.standardize == CONCEPTDEC_STANDARDIZE_FOLD)
        conceptdec_i_probe_close_space(driver); /* its key is a role that is about to be freed */
    conceptdec_i_arena_close(&arena);
    return status;
}
