/* Control tasks (Hewitt and Liang 2019): each type of sample gets one label at random, whatever its activations say. What
 * a probe reads of that it has learnt by heart. */
#include "probe/driver.h"

#include "stats/groups.h"

typedef struct controls {
    conceptdec_i_probe_driver *driver;
    const conceptdec_i_probe_set *set;
    conceptdec_i_groups types;
    int32_t *pool; /* labels of the training rows */
    int64_t n_pool;
    int32_t *labels; /* draws x n */
} controls;

/* Labels of one draw: of each type that of a training row drawn at random. */
static void
draw_labels(const controls *c, int64_t draw, int32_t *labels)
{
    int64_t n = c->driver->data.n;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, c->driver->settings.options.seed, CONCEPTDEC_I_RNG_CONTROL, (uint64_t)draw);
    for (int64_t i = 0; i < n; i++)
        labels[i] = -1;
    for (int64_t t = 0; t < c->types.count; t++) {
        int32_t label = c->pool[conceptdec_i_rng_below(&rng, (uint64_t)c->n_pool)];
        for (int64_t i = c->types.start[t]; i < c->types.start[t + 1]; i++)
            labels[c->types.rows[i]] = label;
    }
}

static conceptdec_status
take(conceptdec_i_arena *arena, controls *c)
{
    int64_t n = c->driver->data.n, draws = c->driver->settings.options.control, total;
    void *pool, *labels;
    if (!conceptdec_i_mul(n, draws, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(arena, n, c->driver->data.types, c->set->is_labelled, &c->types));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", n, sizeof(int32_t), &pool));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", total, sizeof(int32_t), &labels));
    c->pool = pool;
    c->labels = labels;
    for (int64_t i = 0; i < n; i++)
        if (c->set->whole[i] == CONCEPTDEC_I_ROLE_TRAIN)
            c->pool[c->n_pool++] = c->set->labels[i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
run(conceptdec_i_arena *arena, controls *c, int64_t set, double *accuracies)
{
    int64_t n = c->driver->data.n, draws = c->driver->settings.options.control;
    int64_t lambdas = c->driver->settings.options.n_lambdas;
    void *jobs, *counts;
    CONCEPTDEC_I_TRY(take(arena, c));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", draws, sizeof(conceptdec_i_probe_job), &jobs));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", draws * lambdas, sizeof(int64_t), &counts));
    for (int64_t t = 0; t < draws; t++) {
        draw_labels(c, t, c->labels + t * n);
        ((conceptdec_i_probe_job *)jobs)[t] = conceptdec_i_probe_job_of(c->driver, set, false);
        ((conceptdec_i_probe_job *)jobs)[t].labels = c->labels + t * n;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_probe_credits(c->driver, arena, draws, jobs, "control tasks", accuracies, counts));
    for (int64_t i = 0; i < draws * lambdas; i++)
        accuracies[i] /= (double)((int64_t *)counts)[i];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_control(conceptdec_i_probe_driver *driver, int64_t set, double *accuracies)
{
    controls c = {.driver = driver, .set = &driver->data.sets[set]};
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, driver->ctx);
    conceptdec_status status = run(&arena, &c, set, accuracies);
    conceptdec_i_arena_close(&arena);
    return status;
}
