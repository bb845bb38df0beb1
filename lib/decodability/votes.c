/* Casting a ballot: which classes have the most votes at each rank, under one assignment of labels. */
#include "decodability/knn.h"

#include <string.h>

#define LANES_PER_TASK 8
#define TASK_NANOSECONDS 4000000
#define TIE_TOLERANCE 1e-12 /* of weighted votes; counts are compared as they are */

/* ---- counts of an assignment ---- */

conceptdec_status
conceptdec_i_knn_labels_take(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem, int lanes,
                             conceptdec_i_knn_labels *labels)
{
    bool is_balanced = problem->settings->options.weights == CONCEPTDEC_WEIGHTS_BALANCED;
    int64_t row = problem->classes * lanes, total;
    void *large, *per_voter = NULL;
    if (!conceptdec_i_mul(row, problem->large.count, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "label counts", total, sizeof *labels->large, &large));
    if (is_balanced)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "label counts", row, sizeof *labels->per_voter, &per_voter));
    labels->n = problem->n;
    labels->classes = problem->classes;
    labels->lanes = lanes;
    labels->large = large;
    labels->per_voter = per_voter;
    return CONCEPTDEC_OK;
}

typedef struct counting {
    const conceptdec_i_knn_problem *problem;
    conceptdec_i_knn_labels *labels;
} counting;

/* Tasks of one large value: each counts some lanes. */
static int64_t
lane_groups(const conceptdec_i_knn_labels *labels)
{
    return (labels->lanes + LANES_PER_TASK - 1) / LANES_PER_TASK;
}

static conceptdec_status
count_large(void *argument, int64_t task, int lane)
{
    const counting *c = argument;
    const conceptdec_i_knn_labels *labels = c->labels;
    const conceptdec_i_knn_large *large = &c->problem->large;
    int64_t number = task / lane_groups(labels), value = large->value[number];
    const conceptdec_i_census *census = &c->problem->source->censuses[large->table[number]];
    int first = (int)(task % lane_groups(labels)) * LANES_PER_TASK;
    int end = first + LANES_PER_TASK < labels->lanes ? first + LANES_PER_TASK : labels->lanes;
    int32_t *counts = labels->large + number * labels->lanes * labels->classes;
    (void)lane;
    memset(counts + first * labels->classes, 0, (size_t)((end - first) * labels->classes) * sizeof *counts);
    for (int64_t i = census->start[value]; i < census->start[value + 1]; i++)
        for (int l = first; l < end; l++)
            counts[l * labels->classes + conceptdec_i_knn_label(labels, census->rows[i], l)]++;
    return CONCEPTDEC_OK;
}

static conceptdec_status
count_voters(void *argument, int64_t task, int lane)
{
    const counting *c = argument;
    double *per_voter = c->labels->per_voter + task * c->labels->classes;
    (void)lane;
    memset(per_voter, 0, (size_t)c->labels->classes * sizeof *per_voter);
    for (int64_t i = 0; i < c->problem->n; i++)
        if (c->problem->set->is_voter[i])
            per_voter[conceptdec_i_knn_label(c->labels, i, (int)task)] += 1;
    for (int64_t k = 0; k < c->labels->classes; k++)
        per_voter[k] = per_voter[k] > 0 ? 1 / per_voter[k] : 0;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_knn_labels_tasks(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_labels *labels)
{
    return problem->large.count * lane_groups(labels) + (labels->per_voter ? labels->lanes : 0);
}

conceptdec_status
conceptdec_i_knn_labels_count(const conceptdec_i_knn_problem *problem, conceptdec_i_knn_labels *labels)
{
    counting c = {.problem = problem, .labels = labels};
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(problem->ctx, problem->large.count * lane_groups(labels), count_large, &c));
    if (labels->per_voter)
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(problem->ctx, labels->lanes, count_voters, &c));
    return CONCEPTDEC_OK;
}

/* ---- one ballot ---- */

int64_t
conceptdec_i_knn_cost(const conceptdec_i_knn_problem *problem, int lanes)
{
    int64_t k = problem->settings->k_max, seen = k < problem->classes ? k : problem->classes;
    return lanes * (30 * k + 4 * problem->settings->n_ranks * seen) + 1000;
}

int64_t
conceptdec_i_knn_rows_per_task(const conceptdec_i_knn_problem *problem, int lanes)
{
    int64_t cost = conceptdec_i_knn_cost(problem, lanes);
    return cost < TASK_NANOSECONDS ? TASK_NANOSECONDS / cost : 1;
}

conceptdec_status
conceptdec_i_knn_booth_take(conceptdec_i_arena *arena, int64_t classes, conceptdec_i_knn_booth *booth)
{
    double **reals[] = {&booth->closed, &booth->part, &booth->nearest, &booth->votes};
    int32_t **lists[] = {&booth->seen, &booth->fresh, &booth->winners};
    void *memory;
    *booth = (conceptdec_i_knn_booth){0};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "vote counts", classes, sizeof(double), &memory));
        *reals[i] = memory;
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "vote counts", classes, sizeof(int32_t), &memory));
        *lists[i] = memory;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "vote counts", classes, 1, &memory));
    booth->is_seen = memory;
    return CONCEPTDEC_OK;
}

typedef struct casting {
    const conceptdec_i_knn_problem *problem;
    const conceptdec_i_ballot *ballot;
    const conceptdec_i_knn_labels *labels;
    conceptdec_i_knn_booth *booth;
    int lane;
    int32_t own;
    int64_t own_closer; /* rows of the own class in the shells before this one */
} casting;

static void
add_voters(const casting *c, const conceptdec_i_ballot_shell *shell, int32_t class, double count)
{
    conceptdec_i_knn_booth *booth = c->booth;
    if (booth->part[class] == 0.0)
        booth->fresh[booth->n_fresh++] = class;
    booth->part[class] += count;
    if (!booth->is_seen[class]) {
        booth->is_seen[class] = 1;
        booth->seen[booth->n_seen++] = class;
        booth->closed[class] = 0;
        booth->nearest[class] = shell->d2;
    }
}

/* Counts the labels of the voters of one shell into `part`. */
static void
open_shell(const casting *c, const conceptdec_i_ballot_shell *shell)
{
    const int32_t *rows = c->ballot->rows + shell->first_row;
    const int32_t *values = c->ballot->values + shell->first_value;
    conceptdec_i_knn_booth *booth = c->booth;
    booth->n_fresh = 0;
    /* Classes with no more than those left out must not be seen, so large values come first and are reduced at once. */
    for (int64_t v = 0; v < shell->n_values; v++) {
        const int32_t *counts =
            c->labels->large + (values[v] * (int64_t)c->labels->lanes + c->lane) * c->labels->classes;
        for (int64_t k = 0; k < c->labels->classes; k++)
            booth->part[k] += counts[k];
    }
    for (int64_t i = 0; i < shell->n_left_out; i++)
        booth->part[conceptdec_i_knn_label(c->labels, rows[shell->n_listed + i], c->lane)] -= 1;
    for (int32_t k = 0; k < c->labels->classes && shell->n_values > 0; k++) {
        double count = booth->part[k];
        booth->part[k] = 0;
        if (count > 0)
            add_voters(c, shell, k, count);
    }
    for (int64_t i = 0; i < shell->n_listed; i++)
        add_voters(c, shell, conceptdec_i_knn_label(c->labels, rows[i], c->lane), 1);
}

static void
close_shell(casting *c, const conceptdec_i_ballot_shell *shell)
{
    conceptdec_i_knn_booth *booth = c->booth;
    c->own_closer += (int64_t)booth->part[c->own];
    for (int64_t i = 0; i < booth->n_fresh; i++) {
        int32_t class = booth->fresh[i];
        booth->closed[class] += shell->weight * booth->part[class];
        booth->part[class] = 0;
    }
}

/* Votes of every class seen when `places` of the rows count; times the size of the shell, so that they stay whole. */
static double
count_votes(const casting *c, const conceptdec_i_ballot_shell *shell, int64_t places)
{
    conceptdec_i_knn_booth *booth = c->booth;
    const double *per_voter = c->labels->per_voter ? c->labels->per_voter + c->lane * c->labels->classes : NULL;
    double size = (double)shell->size, weight = shell->weight * (double)places, most = 0;
    for (int64_t i = 0; i < booth->n_seen; i++) {
        int32_t class = booth->seen[i];
        double votes = booth->closed[class] * size + weight * booth->part[class];
        booth->votes[i] = per_voter ? votes * per_voter[class] : votes;
        most = booth->votes[i] > most ? booth->votes[i] : most;
    }
    return most;
}

/* Leaves of the tied classes those that the rule for ties prefers. */
static int32_t
break_tie(const casting *c, int32_t n_tied)
{
    conceptdec_i_knn_booth *booth = c->booth;
    int32_t rule = c->problem->settings->options.ties, *winners = booth->winners, kept = 0;
    if (rule == CONCEPTDEC_TIES_FRACTIONAL || n_tied < 2)
        return n_tied;
    int32_t best = winners[0];
    for (int32_t i = 1; i < n_tied; i++)
        if (rule == CONCEPTDEC_TIES_SMALLEST ? winners[i] < best : booth->nearest[winners[i]] < booth->nearest[best])
            best = winners[i];
    for (int32_t i = 0; i < n_tied; i++)
        if (winners[i] == best ||
            (rule == CONCEPTDEC_TIES_NEAREST && booth->nearest[winners[i]] <= booth->nearest[best]))
            winners[kept++] = winners[i];
    return kept;
}

static void
elect(const casting *c, const conceptdec_i_ballot_shell *shell, int32_t rank, int64_t k,
      conceptdec_i_knn_outcome *outcome)
{
    conceptdec_i_knn_booth *booth = c->booth;
    bool is_exact = c->problem->settings->options.weights == CONCEPTDEC_WEIGHTS_UNIFORM;
    int64_t places = k - shell->n_closer;
    double most = count_votes(c, shell, places), least = is_exact ? most : most * (1 - TIE_TOLERANCE);
    *outcome = (conceptdec_i_knn_outcome){.rank = rank, .winners = booth->winners};
    for (int64_t i = 0; i < booth->n_seen; i++)
        if (booth->votes[i] >= least)
            booth->winners[outcome->n_tied++] = booth->seen[i];
    outcome->n_winners = break_tie(c, outcome->n_tied);
    for (int32_t i = 0; i < outcome->n_winners; i++)
        outcome->own_wins |= booth->winners[i] == c->own;
    outcome->n_own = c->own_closer * shell->size + places * (int64_t)booth->part[c->own];
    outcome->n_all = shell->size * k;
}

void
conceptdec_i_knn_cast(const conceptdec_i_knn_problem *problem, const conceptdec_i_ballot *ballot,
                      const conceptdec_i_knn_labels *labels, int lane, int32_t own, conceptdec_i_knn_booth *booth,
                      conceptdec_i_knn_listener listener, void *argument)
{
    const conceptdec_i_knn_settings *settings = problem->settings;
    casting c = {.problem = problem, .ballot = ballot, .labels = labels, .booth = booth, .lane = lane, .own = own};
    int32_t rank = 0;
    booth->n_seen = 0;
    for (int64_t s = 0; s < ballot->n_shells; s++) {
        const conceptdec_i_ballot_shell *shell = &ballot->shells[s];
        int64_t end = shell->n_closer + shell->size;
        bool is_last = s + 1 == ballot->n_shells;
        open_shell(&c, shell);
        for (; rank < settings->n_ranks && (settings->ranks[rank] <= end || is_last); rank++) {
            conceptdec_i_knn_outcome outcome;
            elect(&c, shell, rank, settings->ranks[rank] < end ? settings->ranks[rank] : end, &outcome);
            listener(argument, &outcome);
        }
        close_shell(&c, shell);
    }
    for (int64_t i = 0; i < booth->n_seen; i++)
        booth->is_seen[booth->seen[i]] = 0;
}
