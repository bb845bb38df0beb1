/* The votes of every scored row under the labels as they are, summed without regard to order. */
#include "decodability/knn.h"

#include <math.h>

#include "core/whole.h"

#define MAX_PLAIN 255 /* of ranks and classes that the vote kernel counts in bytes */

/* ---- room ---- */

static conceptdec_status
take_counts(conceptdec_i_arena *arena, int64_t ranks, int64_t per_rank, conceptdec_i_knn_count **counts)
{
    int64_t total;
    void *memory;
    if (!conceptdec_i_mul(ranks, per_rank, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", total, sizeof **counts, &memory));
    *counts = memory;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_plan(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem, conceptdec_i_knn_scores *scores)
{
    const conceptdec_i_knn_settings *settings = problem->settings;
    int64_t total;
    void *plan = NULL, *is_plain;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "vote plan", problem->n_rows, 1, &is_plain));
    scores->is_plain = is_plain;
    if (settings->draws == 0 || settings->k_max > MAX_PLAIN || problem->classes > MAX_PLAIN)
        return CONCEPTDEC_OK;
    if (!conceptdec_i_mul(problem->n_rows, settings->k_max, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "vote plan", total, sizeof *scores->plan, &plan));
    scores->plan = plan;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_row_credit(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem, conceptdec_i_knn_scores *scores)
{
    int64_t n_ks = problem->settings->options.n_ks, total;
    void *memory;
    if (problem->settings->options.bootstrap == 0)
        return CONCEPTDEC_OK;
    if (!conceptdec_i_mul(problem->n, n_ks, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "credit of each row", total, sizeof(double), &memory));
    scores->row_credit = memory;
    for (int64_t i = 0; i < total; i++)
        scores->row_credit[i] = NAN;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_scores(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem, conceptdec_i_knn_scores *scores)
{
    int64_t classes = problem->classes, ranks = problem->settings->n_ranks;
    bool has_confusion = !(problem->settings->options.flags & CONCEPTDEC_KNN_NO_CONFUSION);
    void *memory;
    *scores = (conceptdec_i_knn_scores){0};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", classes, sizeof *scores->class_count, &memory));
    scores->class_count = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", ranks, sizeof *scores->total, &memory));
    scores->total = memory;
    CONCEPTDEC_I_TRY(take_counts(arena, ranks, classes * 2, &scores->credit));
    if (has_confusion)
        CONCEPTDEC_I_TRY(take_counts(arena, ranks, classes * classes * 2, &scores->confusion));
    CONCEPTDEC_I_TRY(take_counts(arena, ranks, 2, &scores->overlap));
    CONCEPTDEC_I_TRY(take_counts(arena, ranks, 1, &scores->n_tied));
    CONCEPTDEC_I_TRY(take_counts(arena, ranks, 1, &scores->n_crossed));
    CONCEPTDEC_I_TRY(take_counts(arena, ranks, 1, &scores->n_short));
    CONCEPTDEC_I_TRY(take_plan(arena, problem, scores));
    return take_row_credit(arena, problem, scores);
}

/* ---- tally ---- */

/* Any order of the additions gives the same sums. */
static void
add(conceptdec_i_knn_count *count, int64_t value)
{
    if (value != 0)
        atomic_fetch_add_explicit(count, value, memory_order_relaxed);
}

static void
add_share(conceptdec_i_knn_count *pairs, int64_t place, conceptdec_i_share share)
{
    add(&pairs[2 * place], share.units);
    add(&pairs[2 * place + 1], share.parts);
}

typedef struct scoring {
    const conceptdec_i_knn_problem *problem;
    const conceptdec_i_knn_labels *labels;
    conceptdec_i_knn_scores *scores;
    int64_t rows_per_task;
    struct desk *desks; /* one for each lane */
} scoring;

typedef struct desk {
    const scoring *work;
    conceptdec_i_ballot ballot;
    conceptdec_i_knn_booth booth;
    double *credit; /* n_ranks */
    int64_t row;
} desk;

static void
tally(void *argument, const conceptdec_i_knn_outcome *outcome)
{
    desk *at = argument;
    const conceptdec_i_knn_problem *problem = at->work->problem;
    conceptdec_i_knn_scores *scores = at->work->scores;
    int64_t rank = outcome->rank, row_class = rank * problem->classes + problem->set->narrow[at->row];
    conceptdec_i_share share = conceptdec_i_share_of(1, outcome->n_winners);
    add(&scores->n_tied[rank], outcome->n_tied > 1);
    add(&scores->n_crossed[rank], at->ballot.is_crossed[rank]);
    add(&scores->n_short[rank], at->ballot.n_eligible < problem->settings->ranks[rank]);
    add_share(scores->overlap, rank, conceptdec_i_share_of(outcome->n_own, outcome->n_all));
    if (outcome->own_wins)
        add_share(scores->credit, row_class, share);
    at->credit[rank] = outcome->own_wins ? 1.0 / outcome->n_winners : 0.0;
    for (int32_t i = 0; scores->confusion && i < outcome->n_winners; i++)
        add_share(scores->confusion, row_class * problem->classes + outcome->winners[i], share);
}

static void
score_row(desk *at, int64_t place)
{
    const conceptdec_i_knn_problem *problem = at->work->problem;
    const conceptdec_i_knn_settings *settings = problem->settings;
    conceptdec_i_knn_scores *scores = at->work->scores;
    at->row = problem->rows[place];
    conceptdec_i_ballot_fill(problem, at->row, &at->ballot);
    conceptdec_i_knn_cast(problem, &at->ballot, at->work->labels, 0, problem->set->narrow[at->row], &at->booth, tally,
                          at);
    for (int64_t i = 0; scores->row_credit && i < settings->options.n_ks; i++)
        scores->row_credit[at->row * settings->options.n_ks + i] = at->credit[settings->rank_of_k[i]];
    if (!scores->plan || !conceptdec_i_ballot_is_plain(problem, &at->ballot))
        return;
    scores->is_plain[place] = 1;
    for (int64_t i = 0; i < settings->k_max; i++)
        scores->plan[place * settings->k_max + i] = at->ballot.rows[i];
}

static conceptdec_status
score_rows(void *argument, int64_t task, int lane)
{
    const scoring *work = argument;
    int64_t end = task_end(task, work->rows_per_task, work->problem->n_rows);
    for (int64_t place = task * work->rows_per_task; place < end; place++)
        score_row(&work->desks[lane], place);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_desks(conceptdec_i_arena *arena, scoring *work)
{
    int lanes = conceptdec_i_lanes(arena->ctx);
    void *desks, *credit;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "votes", lanes, sizeof(desk), &desks));
    work->desks = desks;
    for (int l = 0; l < lanes; l++) {
        desk *at = &work->desks[l];
        at->work = work;
        CONCEPTDEC_I_TRY(conceptdec_i_ballot_take(arena, work->problem, &at->ballot));
        CONCEPTDEC_I_TRY(conceptdec_i_knn_booth_take(arena, work->problem->classes, &at->booth));
        CONCEPTDEC_I_TRY(
            conceptdec_i_arena_take(arena, "votes", work->problem->settings->n_ranks, sizeof(double), &credit));
        at->credit = credit;
    }
    return CONCEPTDEC_OK;
}

static void
add_up(const conceptdec_i_knn_problem *problem, conceptdec_i_knn_scores *scores)
{
    for (int64_t i = 0; i < problem->n_rows; i++)
        scores->class_count[problem->set->labels[problem->rows[i]]]++;
    for (int32_t r = 0; r < problem->settings->n_ranks; r++)
        for (int64_t c = r * problem->classes; c < (r + 1) * problem->classes; c++) {
            scores->total[r].units += scores->credit[2 * c];
            scores->total[r].parts += scores->credit[2 * c + 1];
        }
}

static conceptdec_status
score_all(conceptdec_i_arena *scratch, const conceptdec_i_knn_problem *problem, conceptdec_i_knn_scores *scores)
{
    conceptdec_i_knn_labels labels = {.wide = problem->set->narrow};
    scoring work = {.problem = problem, .labels = &labels, .scores = scores};
    work.rows_per_task = conceptdec_i_knn_rows_per_task(problem, 1);
    int64_t tasks = (problem->n_rows + work.rows_per_task - 1) / work.rows_per_task;
    CONCEPTDEC_I_TRY(conceptdec_i_knn_labels_take(scratch, problem, 1, &labels));
    conceptdec_i_stage(scratch->ctx, "votes", tasks + conceptdec_i_knn_labels_tasks(problem, &labels));
    CONCEPTDEC_I_TRY(conceptdec_i_knn_labels_count(problem, &labels));
    CONCEPTDEC_I_TRY(take_desks(scratch, &work));
    return conceptdec_i_parallel(scratch->ctx, tasks, score_rows, &work);
}

conceptdec_status
conceptdec_i_knn_score(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem,
                       conceptdec_i_knn_scores *scores)
{
    conceptdec_i_arena scratch;
    CONCEPTDEC_I_TRY(take_scores(arena, problem, scores));
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = score_all(&scratch, problem, scores);
    conceptdec_i_arena_close(&scratch);
    if (status == CONCEPTDEC_OK)
        add_up(problem, scores);
    return status;
}
