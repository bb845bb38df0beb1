/* Accuracy under permuted labels: draws are fitted many at a time, as further columns of the same products. */
#include "probe/driver.h"

#include "stats/permute.h"

typedef struct nulling {
    conceptdec_i_probe_driver *driver;
    conceptdec_i_permute *plan;
    int64_t set, per_block, first; /* first: draw of a block */
    int32_t *labels, *scratch;     /* scratch: n for each lane */
    conceptdec_i_probe_job *jobs;
    double *sums;
    int64_t *counts;
} nulling;

static conceptdec_status
take(conceptdec_i_arena *arena, nulling *w)
{
    const conceptdec_i_probe_driver *driver = w->driver;
    int64_t n = driver->data.n, lambdas = driver->settings.options.n_lambdas;
    int64_t draws = driver->settings.options.permutations;
    void *p[5];
    w->per_block = conceptdec_i_probe_draws_at_once(driver, draws);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted labels", w->per_block * n, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "permuted labels", conceptdec_i_lanes(driver->ctx) * n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted labels", w->per_block, sizeof *w->jobs, &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted labels", w->per_block * lambdas, sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted labels", w->per_block * lambdas, sizeof(int64_t), &p[4]));
    w->labels = p[0], w->scratch = p[1], w->jobs = p[2], w->sums = p[3], w->counts = p[4];
    return CONCEPTDEC_OK;
}

static conceptdec_status
draw_task(void *argument, int64_t task, int lane)
{
    const nulling *w = argument;
    int64_t n = w->driver->data.n;
    conceptdec_i_permute_draw(w->plan, w->first + task, w->scratch + lane * n, w->labels + task * n);
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_block(conceptdec_i_arena *arena, nulling *w, int64_t first, int64_t count, double *accuracies)
{
    int64_t lambdas = w->driver->settings.options.n_lambdas;
    w->first = first;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(w->driver->ctx, count, draw_task, w));
    for (int64_t i = 0; i < count; i++) {
        w->jobs[i] = conceptdec_i_probe_job_of(w->driver, w->set, false);
        w->jobs[i].labels = w->labels + i * w->driver->data.n;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_probe_credits(w->driver, arena, count, w->jobs, "permutations", w->sums, w->counts));
    for (int64_t i = 0; i < count * lambdas; i++)
        accuracies[first * lambdas + i] = w->sums[i] / (double)w->counts[i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_blocks(nulling *w, double *accuracies)
{
    conceptdec_ctx *ctx = w->driver->ctx;
    int64_t draws = w->driver->settings.options.permutations;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = take(&arena, w);
    for (int64_t first = 0; first < draws && status == CONCEPTDEC_OK; first += w->per_block) {
        conceptdec_i_arena scratch;
        conceptdec_i_arena_open(&scratch, ctx);
        int64_t count = draws - first < w->per_block ? draws - first : w->per_block;
        status = run_block(&scratch, w, first, count, accuracies);
        conceptdec_i_arena_close(&scratch);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_probe_null(conceptdec_i_probe_driver *driver, int64_t set, double *accuracies)
{
    const conceptdec_probe_options *o = &driver->settings.options;
    nulling w = {.driver = driver, .set = set};
    CONCEPTDEC_I_TRY(conceptdec_i_permute_new(driver->ctx, o->permute, driver->data.n, driver->data.sets[set].wide,
                                              driver->data.groups, o->seed, &w.plan));
    conceptdec_status status = run_blocks(&w, accuracies);
    conceptdec_i_permute_free(driver->ctx, w.plan);
    return status;
}
