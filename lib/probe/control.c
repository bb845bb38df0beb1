/* Control tasks (Hewitt and Liang 2019): each type of sample gets one label at random, whatever its activations say.
 * What a probe reads of that it has learnt by heart. */
#include "probe/driver.h"

#include "stats/groups.h"

typedef struct controls {
    conceptdec_i_probe_driver *driver;
    const conceptdec_i_probe_set *set;
    conceptdec_i_groups types;
    int32_t *pool; /* labels of the training rows */
    int64_t n_pool;
    int64_t per_block; /* draws that are fitted together */
    int32_t *labels;   /* per_block x n */
    conceptdec_i_probe_job *jobs;
    int64_t *counts;
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
    int64_t n = c->driver->data.n, draws = c->driver->settings.options.control;
    void *p[4];
    c->per_block = conceptdec_i_probe_draws_at_once(c->driver, draws);
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(arena, n, c->driver->data.types, c->set->is_labelled, &c->types));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", n, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", c->per_block * n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "control tasks", c->per_block, sizeof *c->jobs, &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(
        arena, "control tasks", c->per_block * c->driver->settings.options.n_lambdas, sizeof(int64_t), &p[3]));
    c->pool = p[0], c->labels = p[1], c->jobs = p[2], c->counts = p[3];
    for (int64_t i = 0; i < n; i++)
        if (c->set->whole[i] == CONCEPTDEC_I_ROLE_TRAIN)
            c->pool[c->n_pool++] = c->set->labels[i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_block(conceptdec_i_arena *arena, controls *c, int64_t first, int64_t count, double *accuracies)
{
    int64_t n = c->driver->data.n, lambdas = c->driver->settings.options.n_lambdas;
    for (int64_t t = 0; t < count; t++) {
        draw_labels(c, first + t, c->labels + t * n);
        c->jobs[t] = conceptdec_i_probe_job_of(c->driver, c->set - c->driver->data.sets, false);
        c->jobs[t].labels = c->labels + t * n;
    }
    accuracies += first * lambdas;
    CONCEPTDEC_I_TRY(
        conceptdec_i_probe_credits(c->driver, arena, count, c->jobs, "control tasks", accuracies, c->counts));
    for (int64_t i = 0; i < count * lambdas; i++)
        accuracies[i] /= (double)c->counts[i];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_control(conceptdec_i_probe_driver *driver, int64_t set, double *accuracies)
{
    controls c = {.driver = driver, .set = &driver->data.sets[set]};
    int64_t draws = driver->settings.options.control;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, driver->ctx);
    conceptdec_status status = take(&arena, &c);
    for (int64_t first = 0; first < draws && status == CONCEPTDEC_OK; first += c.per_block) {
        conceptdec_i_arena scratch;
        conceptdec_i_arena_open(&scratch, driver->ctx);
        status = run_block(&scratch, &c, first, draws - first < c.per_block ? draws - first : c.per_block, accuracies);
        conceptdec_i_arena_close(&scratch);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}
