/* Scores under permuted labels: 64 permutations at a time over the same ballots. */
#include "decodability/knn.h"

#include <string.h>

#include "kernels/kernels.h"
#include "stats/permute.h"

#define LANES CONCEPTDEC_I_LANES
#define WIDE_LANES 16 /* where labels do not fit a byte */
#define ROWS_PER_TRANSPOSE 16384

int
conceptdec_i_knn_null_lanes(const conceptdec_i_knn_problem *problem)
{
    return problem->classes <= UINT8_MAX ? LANES : WIDE_LANES;
}

/* ---- one block ---- */

/* What one running task needs. */
typedef struct desk {
    const struct block *work;
    conceptdec_i_ballot ballot;
    conceptdec_i_knn_booth booth;
    uint8_t *counts;          /* scratch of the kernel */
    uint8_t *tied;            /* n_ranks x 64, its answer */
    conceptdec_i_share *sums; /* n_ranks x 64 */
    int lane;
} desk;

typedef struct block {
    const conceptdec_i_knn_problem *problem;
    const conceptdec_i_knn_scores *scores;
    const conceptdec_i_knn_labels *labels;
    int64_t rows_per_task;
    conceptdec_i_knn_count *sums; /* n_ranks x 64 x 2 */
    desk *desks;
    conceptdec_i_share credit[UINT8_MAX + 1]; /* by the number of classes that tie; 0: none */
} block;

static conceptdec_status
take_desk(conceptdec_i_arena *arena, const block *work, desk *at)
{
    const conceptdec_i_knn_problem *problem = work->problem;
    int64_t n_ranks = problem->settings->n_ranks;
    void *counts, *tied, *sums;
    at->work = work;
    CONCEPTDEC_I_TRY(conceptdec_i_ballot_take(arena, problem, &at->ballot));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_booth_take(arena, problem->classes, &at->booth));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", problem->classes, LANES, &counts));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES, &tied));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES * sizeof *at->sums, &sums));
    at->counts = counts;
    at->tied = tied;
    at->sums = sums;
    return CONCEPTDEC_OK;
}

static conceptdec_status
open_block(conceptdec_i_arena *arena, block *work)
{
    int lanes = conceptdec_i_lanes(arena->ctx);
    void *desks, *sums;
    work->rows_per_task = conceptdec_i_knn_rows_per_task(work->problem, LANES);
    for (int t = 1; t <= UINT8_MAX; t++)
        work->credit[t] = conceptdec_i_share_of(1, t);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", lanes, sizeof(desk), &desks));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", work->problem->settings->n_ranks,
                                             2 * LANES * sizeof *work->sums, &sums));
    work->desks = desks;
    work->sums = sums;
    for (int l = 0; l < lanes; l++)
        CONCEPTDEC_I_TRY(take_desk(arena, work, &work->desks[l]));
    return CONCEPTDEC_OK;
}

static void
hear(void *argument, const conceptdec_i_knn_outcome *outcome)
{
    desk *at = argument;
    if (!outcome->own_wins)
        return;
    conceptdec_i_share share = conceptdec_i_share_of(1, outcome->n_winners);
    conceptdec_i_share *sum = &at->sums[outcome->rank * LANES + at->lane];
    sum->units += share.units;
    sum->parts += share.parts;
}

static void
vote_by_ballot(desk *at, int64_t place)
{
    const block *work = at->work;
    int64_t row = work->problem->rows[place];
    conceptdec_i_ballot_fill(work->problem, row, &at->ballot);
    for (at->lane = 0; at->lane < work->labels->lanes; at->lane++)
        conceptdec_i_knn_cast(work->problem, &at->ballot, work->labels, at->lane,
                              conceptdec_i_knn_label(work->labels, row, at->lane), &at->booth, hear, at);
}

static void
vote_by_kernel(desk *at, int64_t place)
{
    const block *work = at->work;
    const conceptdec_i_knn_settings *settings = work->problem->settings;
    work->problem->ctx->kernels->votes(work->labels->bytes, work->scores->plan + place * settings->k_max,
                                       work->problem->rows[place], settings->ranks, settings->n_ranks,
                                       (int32_t)work->problem->classes, at->counts, at->tied);
    for (int64_t i = 0; i < (int64_t)settings->n_ranks * LANES; i++) {
        at->sums[i].units += work->credit[at->tied[i]].units;
        at->sums[i].parts += work->credit[at->tied[i]].parts;
    }
}

static conceptdec_status
vote_rows(void *argument, int64_t task, int lane)
{
    const block *work = argument;
    desk *at = &work->desks[lane];
    int64_t n_sums = (int64_t)work->problem->settings->n_ranks * LANES, end = (task + 1) * work->rows_per_task;
    end = end < work->problem->n_rows ? end : work->problem->n_rows;
    memset(at->sums, 0, (size_t)n_sums * sizeof *at->sums);
    for (int64_t place = task * work->rows_per_task; place < end; place++)
        if (work->scores->is_plain[place])
            vote_by_kernel(at, place);
        else
            vote_by_ballot(at, place);
    for (int64_t i = 0; i < n_sums; i++) {
        atomic_fetch_add_explicit(&work->sums[2 * i], at->sums[i].units, memory_order_relaxed);
        atomic_fetch_add_explicit(&work->sums[2 * i + 1], at->sums[i].parts, memory_order_relaxed);
    }
    return CONCEPTDEC_OK;
}

static int64_t
n_vote_tasks(const block *work)
{
    return (work->problem->n_rows + work->rows_per_task - 1) / work->rows_per_task;
}

static conceptdec_status
run_block(const block *work, conceptdec_i_share *sums)
{
    int64_t n_sums = (int64_t)work->problem->settings->n_ranks * LANES;
    for (int64_t i = 0; i < 2 * n_sums; i++)
        work->sums[i] = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(work->problem->ctx, n_vote_tasks(work), vote_rows, (void *)(uintptr_t)work));
    for (int64_t i = 0; i < n_sums; i++)
        sums[i] = (conceptdec_i_share){.units = work->sums[2 * i], .parts = work->sums[2 * i + 1]};
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_knn_null_block(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores,
                            const conceptdec_i_knn_labels *labels, conceptdec_i_share *sums)
{
    conceptdec_i_arena arena;
    block work = {.problem = problem, .scores = scores, .labels = labels};
    conceptdec_i_arena_open(&arena, problem->ctx);
    conceptdec_status status = open_block(&arena, &work);
    if (status == CONCEPTDEC_OK)
        status = run_block(&work, sums);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- drawing labels ---- */

typedef struct drawing {
    const conceptdec_i_permute *plan;
    int64_t n, first; /* draw of lane 0 */
    int lanes;
    int32_t *scratch; /* n for each running task */
    int32_t *labels;  /* bytes: n for each running task; wide: n for each lane */
    uint8_t *columns; /* lanes x n, or NULL: wide */
    uint8_t *bytes;   /* n x 64 */
} drawing;

static conceptdec_status
take_drawing(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem, drawing *d)
{
    int threads = conceptdec_i_lanes(arena->ctx), lanes = conceptdec_i_knn_null_lanes(problem);
    bool is_wide = problem->classes > UINT8_MAX;
    uint64_t n = (uint64_t)problem->n;
    void *scratch, *labels, *columns = NULL, *bytes = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted labels", threads, n * sizeof *d->scratch, &scratch));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "permuted labels", is_wide ? lanes : threads, n * sizeof *d->labels, &labels));
    if (!is_wide) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted labels", lanes, n, &columns));
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted labels", LANES, n, &bytes));
    }
    d->n = problem->n;
    d->scratch = scratch;
    d->labels = labels;
    d->columns = columns;
    d->bytes = bytes;
    return CONCEPTDEC_OK;
}

static conceptdec_status
draw_lane(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    int32_t *labels = d->labels + (d->columns ? lane : task) * d->n;
    conceptdec_i_permute_draw(d->plan, d->first + task, d->scratch + lane * d->n, labels);
    for (int64_t i = 0; d->columns && i < d->n; i++)
        d->columns[task * d->n + i] = (uint8_t)labels[i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
transpose_rows(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    int64_t end = (task + 1) * ROWS_PER_TRANSPOSE;
    (void)lane;
    end = end < d->n ? end : d->n;
    for (int64_t first = task * ROWS_PER_TRANSPOSE; first < end; first += LANES) {
        int64_t count = end - first < LANES ? end - first : LANES;
        for (int l = 0; l < d->lanes; l++)
            for (int64_t i = 0; i < count; i++)
                d->bytes[(first + i) * LANES + l] = d->columns[l * d->n + first + i];
    }
    return CONCEPTDEC_OK;
}

static int64_t
n_transpose_tasks(const drawing *d)
{
    return d->bytes ? (d->n + ROWS_PER_TRANSPOSE - 1) / ROWS_PER_TRANSPOSE : 0;
}

static conceptdec_status
draw_block(conceptdec_ctx *ctx, drawing *d)
{
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, d->lanes, draw_lane, d));
    return conceptdec_i_parallel(ctx, n_transpose_tasks(d), transpose_rows, d);
}

/* ---- all draws ---- */

static int64_t
n_tasks(const block *work, const drawing *d)
{
    int64_t draws = work->problem->settings->draws, lanes = conceptdec_i_knn_null_lanes(work->problem);
    int64_t counting = conceptdec_i_knn_labels_tasks(work->problem, work->labels);
    return draws + (draws + lanes - 1) / lanes * (n_vote_tasks(work) + n_transpose_tasks(d) + counting);
}

static conceptdec_status
run_draws(conceptdec_i_arena *arena, block *work, drawing *d, conceptdec_i_knn_labels *labels, conceptdec_i_share *sums)
{
    const conceptdec_i_knn_problem *problem = work->problem;
    int64_t draws = problem->settings->draws, n_ranks = problem->settings->n_ranks;
    int lanes = conceptdec_i_knn_null_lanes(problem);
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES * sizeof *sums, &memory));
    conceptdec_i_share *block_sums = memory;
    conceptdec_i_stage(problem->ctx, "permutations", n_tasks(work, d));
    for (d->first = 0; d->first < draws; d->first += lanes) {
        labels->lanes = d->lanes = draws - d->first < lanes ? (int)(draws - d->first) : lanes;
        CONCEPTDEC_I_TRY(draw_block(problem->ctx, d));
        CONCEPTDEC_I_TRY(conceptdec_i_knn_labels_count(problem, labels));
        CONCEPTDEC_I_TRY(run_block(work, block_sums));
        for (int l = 0; l < d->lanes; l++)
            for (int64_t r = 0; r < n_ranks; r++)
                sums[(d->first + l) * n_ranks + r] = block_sums[r * LANES + l];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_null(conceptdec_i_arena *arena, block *work, const conceptdec_i_permute *plan, conceptdec_i_share *sums)
{
    drawing d = {.plan = plan};
    conceptdec_i_knn_labels labels = {0};
    CONCEPTDEC_I_TRY(take_drawing(arena, work->problem, &d));
    labels.bytes = d.bytes;
    labels.wide = d.bytes ? NULL : d.labels;
    CONCEPTDEC_I_TRY(
        conceptdec_i_knn_labels_take(arena, work->problem, conceptdec_i_knn_null_lanes(work->problem), &labels));
    work->labels = &labels;
    CONCEPTDEC_I_TRY(open_block(arena, work));
    return run_draws(arena, work, &d, &labels, sums);
}

conceptdec_status
conceptdec_i_knn_null(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_data *data,
                      const conceptdec_i_knn_scores *scores, conceptdec_i_share *sums)
{
    const conceptdec_knn_options *o = &problem->settings->options;
    conceptdec_i_permute *plan = NULL;
    conceptdec_i_arena arena;
    block work = {.problem = problem, .scores = scores};
    CONCEPTDEC_I_TRY(conceptdec_i_permute_new(problem->ctx, o->permute, problem->n, problem->set->labels, data->groups,
                                              o->seed, &plan));
    conceptdec_i_arena_open(&arena, problem->ctx);
    conceptdec_status status = run_null(&arena, &work, plan, sums);
    conceptdec_i_arena_close(&arena);
    conceptdec_i_permute_free(problem->ctx, plan);
    return status;
}
