/* From label assignments to problems: each lambda and part of a job is one; those that share coordinates are handed to
 * the solver together. */
#include "probe/driver.h"

#include <math.h>
#include <string.h>

typedef struct batch {
    conceptdec_i_probe_driver *driver;
    int64_t n_jobs;
    const conceptdec_i_probe_job *jobs;
    bool credits_only;
    conceptdec_i_probe_listener listener;
    void *argument;
    conceptdec_i_problem *problems;
    conceptdec_i_probe_place *places;
    uint8_t *is_taken; /* of all problems of all jobs, in order */
    int64_t n_problems;
} batch;

static conceptdec_i_solver
solver_of(int32_t kind)
{
    if (kind == CONCEPTDEC_PROBE_LOGISTIC)
        return conceptdec_i_logistic_fit;
    if (kind == CONCEPTDEC_PROBE_RIDGE)
        return conceptdec_i_ridge_fit;
    return kind == CONCEPTDEC_PROBE_LDA ? conceptdec_i_lda_fit : conceptdec_i_means_fit;
}

/* ---- coordinates ---- */

void
conceptdec_i_probe_close_space(conceptdec_i_probe_driver *driver)
{
    conceptdec_i_ridge_forget(driver->ctx, &driver->kept);
    if (driver->has_space)
        conceptdec_i_arena_close(&driver->space_arena);
    driver->has_space = false;
}

/* The smallest penalty, as the curvature of equal posteriors sees it; 0 for kinds that need coordinates. */
static double
least_penalty(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    double least = INFINITY;
    if (o->kind != CONCEPTDEC_PROBE_LOGISTIC || driver->targets)
        return 0;
    for (int64_t a = 0; a < o->n_lambdas; a++)
        least = driver->settings.lambdas[a] < least ? driver->settings.lambdas[a] : least;
    return least / conceptdec_i_logistic_curvature(driver->data.columns);
}

/* Coordinates by the rows that `mask` marks; those at hand where they are these. may_kernel: the products of rows in
 * their place will do. A key marks the rows that have a part in its problems, but where all sets share it. */
static conceptdec_status
open_space(conceptdec_i_probe_driver *driver, const uint8_t *mask, const uint8_t *key, bool may_kernel)
{
    if (driver->has_space && driver->space_key == key)
        return CONCEPTDEC_OK;
    conceptdec_i_probe_close_space(driver);
    bool standardize = driver->settings.options.standardize != CONCEPTDEC_STANDARDIZE_NONE;
    const uint8_t *used = standardize ? key : driver->data.used;
    conceptdec_i_arena_open(&driver->space_arena, driver->ctx);
    driver->has_space = true;
    driver->space_key = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_space_open(
        &driver->space_arena, driver->x, mask, used, standardize, may_kernel ? least_penalty(driver) : 0,
        driver->settings.options.memory - driver->held, &driver->space));
    driver->space_key = key;
    return CONCEPTDEC_OK;
}

/* What decides the coordinates of a problem, as a pointer. */
static const uint8_t *
key_of(const batch *b, int64_t job, const uint8_t *role)
{
    int32_t standardize = b->driver->settings.options.standardize;
    if (standardize == CONCEPTDEC_STANDARDIZE_FOLD)
        return role;
    return standardize == CONCEPTDEC_STANDARDIZE_GLOBAL ? b->jobs[job].is_labelled
                                                        : b->driver->data.sets[0].is_labelled;
}

static conceptdec_status
open_for(batch *b, const uint8_t *key, bool may_kernel)
{
    conceptdec_i_probe_driver *driver = b->driver;
    conceptdec_i_arena arena;
    void *mask;
    if (driver->settings.options.standardize != CONCEPTDEC_STANDARDIZE_FOLD)
        return open_space(driver, key, key, may_kernel);
    conceptdec_i_arena_open(&arena, driver->ctx);
    conceptdec_status status = conceptdec_i_arena_take(&arena, "parts", driver->data.n, 1, &mask);
    if (status == CONCEPTDEC_OK) {
        for (int64_t i = 0; i < driver->data.n; i++)
            ((uint8_t *)mask)[i] = key[i] == CONCEPTDEC_I_ROLE_TRAIN;
        status = open_space(driver, mask, key, may_kernel);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- problems ---- */

static const uint8_t *
role_of(const conceptdec_i_probe_job *job, int64_t part)
{
    return part < job->n_parts ? job->roles[part] : job->whole;
}

static int64_t
parts_of(const conceptdec_i_probe_job *job)
{
    return job->n_parts + (job->whole != NULL);
}

/* Takes all problems with the key and way of leaving out of the first that is not taken; false: all are. */
static bool
gather(batch *b, const uint8_t **key, int *leave)
{
    int64_t number = 0, n_lambdas = b->driver->settings.options.n_lambdas;
    *key = NULL;
    b->n_problems = 0;
    for (int64_t j = 0; j < b->n_jobs; j++)
        for (int64_t a = 0; a < n_lambdas; a++)
            for (int64_t p = 0; p < parts_of(&b->jobs[j]); p++, number++) {
                const uint8_t *role = role_of(&b->jobs[j], p), *own = key_of(b, j, role);
                if (b->is_taken[number] || (*key && (own != *key || b->jobs[j].leave != *leave)))
                    continue;
                *key = own;
                *leave = b->jobs[j].leave;
                b->is_taken[number] = 1;
                b->places[b->n_problems] = (conceptdec_i_probe_place){.job = j, .lambda = a, .part = p};
                b->problems[b->n_problems++] = (conceptdec_i_problem){
                    .labels = b->jobs[j].labels, .role = role, .lambda = b->driver->settings.lambdas[a]};
            }
    return b->n_problems > 0;
}

static conceptdec_status
hear(void *argument, int64_t problem, const conceptdec_i_fit *fit, int lane)
{
    const batch *b = argument;
    (void)lane;
    conceptdec_i_advance(b->driver->ctx, 1);
    return b->listener(b->argument, &b->places[problem], &b->driver->space, fit);
}

/* Whether other labels follow on the same rows. */
static bool
keeps_part(const conceptdec_i_probe_driver *driver)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    bool by_labels = (o->flags & CONCEPTDEC_PROBE_BALANCED) != 0;
    return driver->data.leave == CONCEPTDEC_I_LEAVE_ONE && !by_labels && (o->permutations > 0 || o->control > 0);
}

static conceptdec_status
solve(batch *b, int leave, uint8_t *deferred)
{
    conceptdec_i_probe_driver *driver = b->driver;
    conceptdec_probe_options options = driver->settings.options;
    const int64_t held = driver->held + conceptdec_i_space_held(&driver->space);
    options.memory -= held;
    conceptdec_i_fitting fitting = {
        .ctx = driver->ctx, .space = &driver->space, .weight = driver->data.weight, .group = driver->data.group,
        .n_groups = driver->data.n_groups, .options = &options, .held = held, .classes = driver->data.classes,
        .columns = driver->data.columns, .leave = leave, .credits_only = b->credits_only, .n_problems = b->n_problems,
        .problems = b->problems, .deferred = deferred, .kept = keeps_part(driver) ? &driver->kept : NULL};
    return driver->targets ? conceptdec_i_ridge_regress(&fitting, driver->targets, hear, b)
                           : solver_of(options.kind)(&fitting, hear, b);
}

/* The problems become those that were deferred. */
static void
keep_deferred(batch *b, const uint8_t *deferred)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < b->n_problems; i++)
        if (deferred[i]) {
            b->problems[kept] = b->problems[i];
            b->places[kept++] = b->places[i];
        }
    b->n_problems = kept;
}

/* Solves what was gathered; what a kernel does not tell, along coordinates. */
static conceptdec_status
solve_all(batch *b, const uint8_t *key, int leave)
{
    conceptdec_i_probe_driver *driver = b->driver;
    conceptdec_i_arena arena;
    void *deferred;
    CONCEPTDEC_I_TRY(open_for(b, key, true));
    conceptdec_i_arena_open(&arena, driver->ctx);
    conceptdec_status status = conceptdec_i_arena_take(&arena, "problems", b->n_problems, 1, &deferred);
    if (status == CONCEPTDEC_OK)
        status = solve(b, leave, deferred);
    if (status == CONCEPTDEC_OK)
        keep_deferred(b, deferred);
    conceptdec_i_arena_close(&arena);
    if (status != CONCEPTDEC_OK || b->n_problems == 0)
        return status;
    conceptdec_i_probe_close_space(driver);
    CONCEPTDEC_I_TRY(open_for(b, key, false));
    return solve(b, leave, NULL);
}

static conceptdec_status
take(batch *b, int64_t total, conceptdec_i_arena *arena)
{
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", total, sizeof *b->problems, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", total, sizeof *b->places, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", total, 1, &p[2]));
    b->problems = p[0];
    b->places = p[1];
    b->is_taken = p[2];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_run(conceptdec_i_probe_driver *driver, int64_t n_jobs, const conceptdec_i_probe_job *jobs,
                       const char *stage, bool credits_only, conceptdec_i_probe_listener listener, void *argument)
{
    batch b = {.driver = driver, .n_jobs = n_jobs, .jobs = jobs, .credits_only = credits_only, .listener = listener,
               .argument = argument};
    const uint8_t *key;
    int leave = 0;
    int64_t total = 0;
    conceptdec_i_arena arena;
    for (int64_t j = 0; j < n_jobs; j++)
        total += parts_of(&jobs[j]) * driver->settings.options.n_lambdas;
    conceptdec_i_stage_of(driver->ctx, stage, total);
    conceptdec_i_arena_open(&arena, driver->ctx);
    conceptdec_status status = take(&b, total, &arena);
    while (status == CONCEPTDEC_OK && gather(&b, &key, &leave))
        status = solve_all(&b, key, leave);
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_i_probe_job
conceptdec_i_probe_job_of(const conceptdec_i_probe_driver *driver, int64_t set, bool with_whole)
{
    const conceptdec_i_probe_set *s = &driver->data.sets[set];
    bool by_formula = driver->data.leave != CONCEPTDEC_I_LEAVE_ROLES;
    return (conceptdec_i_probe_job){.labels = s->labels, .is_labelled = s->is_labelled, .roles = s->roles,
                                    .n_parts = by_formula ? 0 : s->n_parts,
                                    .whole = by_formula || with_whole ? s->whole : NULL, .leave = driver->data.leave};
}
