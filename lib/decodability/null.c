/* Scores under permuted labels: 64 permutations at a time over the same ballots. */
#include "decodability/knn.h"

#include <string.h>

#include "kernels/kernels.h"
#include "stats/permute.h"

#define LANES CONCEPTDEC_I_LANES
#define WIDE_LANES 16 /* where labels do not fit a byte */
#define CREDITED CONCEPTDEC_I_CREDITED
#define COUNTED CONCEPTDEC_I_COUNTED
#define CALLS_PER_TALLY 255
#define TASK_NANOSECONDS 250000
#define BATCH_BYTES (INT64_C(64) << 20) /* of labels that are drawn at once, where one block is not more */

int
conceptdec_i_knn_null_lanes(const conceptdec_i_knn_problem *problem)
{
    return problem->classes <= UINT8_MAX ? LANES : WIDE_LANES;
}

/* ---- one block ---- */

/* What one running task needs, and what it found in this block. */
typedef struct desk {
    const struct block *work;
    conceptdec_i_ballot ballot;
    conceptdec_i_knn_booth booth;
    uint8_t *counts;        /* scratch of the kernel */
    uint8_t *tied;          /* n_ranks x 64, its answer */
    uint16_t *credit;       /* n_ranks x 64: of rows not yet in the sums, where at most 6 classes tied */
    uint8_t *rows;          /* n_ranks x 10 x 64: such rows where 7..16 tied */
    int calls;              /* of the kernel, since these two were 0 */
    int64_t *units, *parts; /* n_ranks x 64: sums of shares */
    int lane;
} desk;

typedef struct block {
    const conceptdec_i_knn_problem *problem;
    const conceptdec_i_knn_scores *scores;
    const conceptdec_i_knn_labels *labels;
    int64_t n_tasks;
    int64_t *task_start; /* n_tasks + 1 */
    desk *desks;
    conceptdec_i_share credit[UINT8_MAX + 1]; /* by the number of classes that tie; 0: none */
} block;

static conceptdec_status
take_desk(conceptdec_i_arena *arena, const block *work, desk *at)
{
    const conceptdec_i_knn_problem *problem = work->problem;
    int64_t n_ranks = problem->settings->n_ranks;
    void *counts, *tied, *credit, *rows, *units, *parts;
    at->work = work;
    CONCEPTDEC_I_TRY(conceptdec_i_ballot_take(arena, problem, &at->ballot));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_booth_take(arena, problem->classes, &at->booth));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", problem->classes, LANES, &counts));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES, &tied));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES * sizeof *at->credit, &credit));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, COUNTED * LANES, &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES * sizeof *at->units, &units));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES * sizeof *at->parts, &parts));
    at->counts = counts;
    at->tied = tied;
    at->credit = credit;
    at->rows = rows;
    at->units = units;
    at->parts = parts;
    return CONCEPTDEC_OK;
}

/* Nanoseconds for a row that the kernel votes on, roughly. */
static int64_t
kernel_cost(const conceptdec_i_knn_problem *problem)
{
    int64_t k = problem->settings->k_max, steps = k < 3 * problem->classes ? k : 3 * problem->classes;
    return 50 + k * steps / 2 + 5 * problem->settings->n_ranks;
}

/* Tasks of about the same time, whichever way their rows are voted on. */
static conceptdec_status
cut_tasks(conceptdec_i_arena *arena, block *work)
{
    const conceptdec_i_knn_problem *problem = work->problem;
    const int64_t by_ballot = conceptdec_i_knn_cost(problem, LANES), by_kernel = kernel_cost(problem);
    int64_t spent = TASK_NANOSECONDS;
    void *memory;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "permuted votes", problem->n_rows + 1, sizeof(int64_t), &memory));
    work->task_start = memory;
    for (int64_t place = 0; place < problem->n_rows; place++) {
        if (spent >= TASK_NANOSECONDS) {
            work->task_start[work->n_tasks++] = place;
            spent = 0;
        }
        spent += work->scores->is_plain[place] ? by_kernel : by_ballot;
    }
    work->task_start[work->n_tasks] = problem->n_rows;
    return CONCEPTDEC_OK;
}

static conceptdec_status
open_block(conceptdec_i_arena *arena, block *work)
{
    int lanes = conceptdec_i_lanes(arena->ctx);
    void *desks;
    for (int t = 1; t <= UINT8_MAX; t++)
        work->credit[t] = conceptdec_i_share_of(1, t);
    CONCEPTDEC_I_TRY(cut_tasks(arena, work));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", lanes, sizeof(desk), &desks));
    work->desks = desks;
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
    at->units[outcome->rank * LANES + at->lane] += share.units;
    at->parts[outcome->rank * LANES + at->lane] += share.parts;
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

static bool
is_zero(const uint8_t *line)
{
    static const uint8_t zeros[LANES];
    return memcmp(line, zeros, LANES) == 0;
}

/* So few classes have shares without parts. */
static void
empty_rank(desk *at, int64_t rank)
{
    uint16_t *credit = at->credit + rank * LANES;
    int64_t *units = at->units + rank * LANES;
    for (int l = 0; l < LANES; l++)
        units[l] += credit[l] * (CONCEPTDEC_I_UNIT / CONCEPTDEC_I_CREDIT_PARTS);
    memset(credit, 0, LANES * sizeof *credit);
    for (int64_t i = 0; i < COUNTED; i++) {
        uint8_t *rows = at->rows + (rank * COUNTED + i) * LANES;
        if (is_zero(rows))
            continue;
        for (int l = 0; l < LANES; l++)
            units[l] += rows[l] * at->work->credit[CREDITED + 1 + i].units;
        memset(rows, 0, LANES);
    }
}

/* Moves to the sums what the kernel has summed. */
static void
empty_tallies(desk *at)
{
    for (int64_t r = 0; r < at->work->problem->settings->n_ranks && at->calls > 0; r++)
        empty_rank(at, r);
    at->calls = 0;
}

static void
add_large(desk *at)
{
    const block *work = at->work;
    for (int64_t i = 0; i < (int64_t)work->problem->settings->n_ranks * LANES; i++)
        if (at->tied[i] > CREDITED + COUNTED) {
            at->units[i] += work->credit[at->tied[i]].units;
            at->parts[i] += work->credit[at->tied[i]].parts;
        }
}

static void
vote_by_kernel(desk *at, int64_t place)
{
    const block *work = at->work;
    const conceptdec_i_knn_settings *settings = work->problem->settings;
    const conceptdec_i_kernels *kernels = work->problem->ctx->kernels;
    kernels->votes(work->labels->bytes, work->scores->plan + place * settings->k_max, work->problem->rows[place],
                   settings->ranks, settings->n_ranks, (int32_t)work->problem->classes, at->counts, at->tied);
    if (kernels->tally(at->tied, settings->n_ranks, at->credit, at->rows))
        add_large(at);
    if (++at->calls == CALLS_PER_TALLY)
        empty_tallies(at);
}

/* Labels of the neighbours of a row that is voted on next. */
static void
fetch_labels(const block *work, int64_t place)
{
    int64_t k_max = work->problem->settings->k_max;
    const int32_t *neighbours = work->scores->plan + place * k_max;
    for (int64_t p = 0; p < k_max; p++)
        __builtin_prefetch(work->labels->bytes + (int64_t)neighbours[p] * LANES);
}

static void
vote_row(desk *at, int64_t place, int64_t end)
{
    const uint8_t *is_plain = at->work->scores->is_plain;
    if (place + 1 < end && is_plain[place + 1])
        fetch_labels(at->work, place + 1);
    if (is_plain[place])
        vote_by_kernel(at, place);
    else
        vote_by_ballot(at, place);
}

static conceptdec_status
vote_rows(void *argument, int64_t task, int lane)
{
    const block *work = argument;
    int64_t end = work->task_start[task + 1];
    for (int64_t place = work->task_start[task]; place < end; place++)
        vote_row(&work->desks[lane], place, end);
    return CONCEPTDEC_OK;
}

/* Sums do not depend on which desk counted what: they are of integers. */
static void
clear_desk(desk *at, conceptdec_i_share *sums)
{
    int64_t n_sums = (int64_t)at->work->problem->settings->n_ranks * LANES;
    empty_tallies(at);
    for (int64_t i = 0; i < n_sums; i++) {
        sums[i].units += at->units[i];
        sums[i].parts += at->parts[i];
    }
    memset(at->units, 0, (size_t)n_sums * sizeof *at->units);
    memset(at->parts, 0, (size_t)n_sums * sizeof *at->parts);
}

static conceptdec_status
run_block(const block *work, conceptdec_i_share *sums)
{
    conceptdec_ctx *ctx = work->problem->ctx;
    memset(sums, 0, (size_t)work->problem->settings->n_ranks * LANES * sizeof *sums);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, work->n_tasks, vote_rows, (void *)(uintptr_t)work));
    for (int l = 0; l < conceptdec_i_lanes(ctx); l++)
        clear_desk(&work->desks[l], sums);
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
    int64_t blocks;   /* that are drawn together */
    int lanes;        /* of all of them */
    int64_t scratch_size;
    uint8_t *scratch; /* for each running task */
    int32_t *wide;    /* lanes x n, or NULL: bytes */
    uint8_t *bytes;   /* blocks x n x 64 */
} drawing;

/* A block for each thread, so that two threads do not write to one cache line. */
static int64_t
blocks_at_once(const conceptdec_i_knn_problem *problem)
{
    int64_t most = (problem->settings->draws + LANES - 1) / LANES, memory = BATCH_BYTES / (problem->n * LANES);
    int64_t blocks = conceptdec_i_lanes(problem->ctx);
    blocks = blocks < memory ? blocks : memory;
    blocks = blocks < most ? blocks : most;
    return blocks > 1 ? blocks : 1;
}

static conceptdec_status
take_drawing(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem, drawing *d)
{
    uint64_t n = (uint64_t)problem->n;
    void *scratch, *labels;
    d->n = problem->n;
    d->scratch_size = conceptdec_i_permute_scratch(d->plan);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "permuted labels", conceptdec_i_lanes(arena->ctx),
                                                 (uint64_t)d->scratch_size, &scratch));
    d->scratch = scratch;
    if (problem->classes > UINT8_MAX) {
        d->blocks = 1;
        CONCEPTDEC_I_TRY(
            conceptdec_i_arena_take_raw(arena, "permuted labels", WIDE_LANES, n * sizeof *d->wide, &labels));
        d->wide = labels;
    } else {
        d->blocks = blocks_at_once(problem);
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "permuted labels", d->blocks, n * LANES, &labels));
        d->bytes = labels;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
draw_wide(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    conceptdec_i_permute_draw(d->plan, d->first + task, (int32_t *)(void *)(d->scratch + lane * d->scratch_size),
                              d->wide + task * d->n);
    return CONCEPTDEC_OK;
}

static int64_t
count_blocks(int64_t lanes)
{
    return (lanes + LANES - 1) / LANES;
}

/* 16 draws of one block; those of one block come after those of the others. */
static conceptdec_status
draw_16(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    int64_t blocks = count_blocks(d->lanes), number = task % blocks, within = task / blocks * CONCEPTDEC_I_DRAWS;
    return conceptdec_i_permute_draw_16(d->plan, d->first + number * LANES + within,
                                        d->scratch + lane * d->scratch_size, d->bytes + number * d->n * LANES + within);
}

static conceptdec_status
draw_batch(conceptdec_ctx *ctx, drawing *d)
{
    if (d->wide)
        return conceptdec_i_parallel(ctx, d->lanes, draw_wide, d);
    return conceptdec_i_parallel(ctx, count_blocks(d->lanes) * (LANES / CONCEPTDEC_I_DRAWS), draw_16, d);
}

/* ---- all draws ---- */

static int64_t
n_tasks(const block *work, const drawing *d)
{
    int64_t draws = work->problem->settings->draws, lanes = conceptdec_i_knn_null_lanes(work->problem);
    int64_t counting = conceptdec_i_knn_labels_tasks(work->problem, work->labels), blocks = (draws + lanes - 1) / lanes;
    return (d->wide ? draws : blocks * (LANES / CONCEPTDEC_I_DRAWS)) + blocks * (work->n_tasks + counting);
}

/* Votes under the labels of one block of a batch, its sums to those of its draws. */
static conceptdec_status
run_drawn(const block *work, const drawing *d, int64_t number, conceptdec_i_knn_labels *labels,
          conceptdec_i_share *block_sums, conceptdec_i_share *sums)
{
    const conceptdec_i_knn_problem *problem = work->problem;
    int64_t n_ranks = problem->settings->n_ranks, first = number * LANES;
    labels->lanes = d->lanes - first < LANES ? (int)(d->lanes - first) : LANES;
    labels->wide = d->wide;
    labels->bytes = d->wide ? NULL : d->bytes + first * d->n;
    CONCEPTDEC_I_TRY(conceptdec_i_knn_labels_count(problem, labels));
    CONCEPTDEC_I_TRY(run_block(work, block_sums));
    for (int l = 0; l < labels->lanes; l++)
        for (int64_t r = 0; r < n_ranks; r++)
            sums[(d->first + first + l) * n_ranks + r] = block_sums[r * LANES + l];
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_draws(conceptdec_i_arena *arena, block *work, drawing *d, conceptdec_i_knn_labels *labels, conceptdec_i_share *sums)
{
    const conceptdec_i_knn_problem *problem = work->problem;
    int64_t draws = problem->settings->draws, n_ranks = problem->settings->n_ranks;
    int64_t lanes = conceptdec_i_knn_null_lanes(problem) * d->blocks;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "permuted votes", n_ranks, LANES * sizeof *sums, &memory));
    conceptdec_i_stage(problem->ctx, "permutations", n_tasks(work, d));
    for (d->first = 0; d->first < draws; d->first += lanes) {
        d->lanes = (int)(draws - d->first < lanes ? draws - d->first : lanes);
        CONCEPTDEC_I_TRY(draw_batch(problem->ctx, d));
        for (int64_t number = 0; number < count_blocks(d->lanes); number++)
            CONCEPTDEC_I_TRY(run_drawn(work, d, number, labels, memory, sums));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_null(conceptdec_i_arena *arena, block *work, const conceptdec_i_permute *plan, conceptdec_i_share *sums)
{
    drawing d = {.plan = plan};
    conceptdec_i_knn_labels labels = {0};
    CONCEPTDEC_I_TRY(take_drawing(arena, work->problem, &d));
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
