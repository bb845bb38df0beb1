/* Who votes for a row: its neighbours up to the last rank, distance by distance. */
#include "decodability/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/whole.h"

#define ROWS_PER_TASK 1024

/* ---- the problem ---- */

static const conceptdec_neighbors *
table_of(const conceptdec_i_knn_problem *problem, int64_t row)
{
    return problem->source->tables[problem->source->which[row]];
}

static void
start_walk(const conceptdec_i_knn_problem *problem, int64_t row, conceptdec_i_walk *walk)
{
    conceptdec_i_walk_start(walk, table_of(problem, row), &problem->source->exclusions[problem->source->which[row]],
                            row);
}

/* Looking for the scored rows. */
enum { NOT_SCORED, SCORED, SHORT };

typedef struct eligibility {
    const conceptdec_i_knn_problem *problem;
    int64_t wanted;
    uint8_t *state;
} eligibility;

static conceptdec_status
find_eligible(void *argument, int64_t task, int lane)
{
    const eligibility *e = argument;
    int64_t end = task_end(task, ROWS_PER_TASK, e->problem->n);
    (void)lane;
    for (int64_t i = task * ROWS_PER_TASK; i < end; i++) {
        conceptdec_i_walk walk;
        conceptdec_i_shell shell;
        if (!e->problem->set->is_query[i])
            continue;
        start_walk(e->problem, i, &walk);
        while (walk.n_closer < e->wanted && conceptdec_i_walk_next(&walk, &shell))
            continue;
        e->state[i] = walk.n_closer >= e->wanted ? SCORED : walk.n_closer > 0 ? SHORT : NOT_SCORED;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_strict(const conceptdec_i_knn_problem *problem, const uint8_t *state)
{
    for (int64_t i = 0; i < problem->n; i++)
        if (problem->set->is_query[i] && state[i] != SCORED)
            return conceptdec_i_fail(problem->ctx, CONCEPTDEC_EFEWELIGIBLE,
                                     "x: row %lld has fewer than %lld eligible neighbours", (long long)i,
                                     (long long)problem->settings->k_max);
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_rows(conceptdec_i_arena *arena, conceptdec_i_knn_problem *problem)
{
    bool strict = (problem->settings->options.flags & CONCEPTDEC_KNN_STRICT) != 0;
    int64_t n = problem->n;
    void *state, *rows;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scored rows", n, 1, &state));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scored rows", n, sizeof *problem->rows, &rows));
    int64_t tasks = ceil_div(n, ROWS_PER_TASK);
    eligibility e = {.problem = problem, .wanted = strict ? problem->settings->k_max : 1, .state = state};
    conceptdec_i_stage(problem->ctx, "eligible rows", tasks);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(problem->ctx, tasks, find_eligible, &e));
    if (strict)
        CONCEPTDEC_I_TRY(check_strict(problem, state));
    problem->rows = rows;
    for (int64_t i = 0; i < n; i++) {
        problem->n_unscored += problem->set->is_query[i] && e.state[i] == NOT_SCORED;
        if (e.state[i] != NOT_SCORED)
            problem->rows[problem->n_rows++] = (int32_t)i;
    }
    return CONCEPTDEC_OK;
}

/* Below this many voters a value is cheaper read row by row than class by class. */
static bool
is_large(const conceptdec_i_census *census, int64_t value, int64_t classes)
{
    return census->start[value + 1] - census->start[value] > 4 * classes + 16;
}

static conceptdec_status
find_large(conceptdec_i_arena *arena, conceptdec_i_knn_problem *problem)
{
    conceptdec_i_knn_large *large = &problem->large;
    const conceptdec_i_knn_source *source = problem->source;
    int64_t capacity = 0;
    void *number, *value, *table;
    for (int t = 0; t < 2 && source->tables[t]; t++) {
        int64_t n_values = source->tables[t]->n_values;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "large values", n_values, sizeof(int32_t), &number));
        large->number[t] = number;
        for (int64_t v = 0; v < n_values; v++)
            capacity += is_large(&source->censuses[t], v, problem->classes);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "large values", capacity, sizeof(int32_t), &value));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "large values", capacity, 1, &table));
    large->value = value;
    large->table = table;
    for (int t = 0; t < 2 && source->tables[t]; t++)
        for (int64_t v = 0; v < source->tables[t]->n_values; v++) {
            large->number[t][v] = -1;
            if (!is_large(&source->censuses[t], v, problem->classes))
                continue;
            large->value[large->count] = (int32_t)v;
            large->table[large->count] = (uint8_t)t;
            large->number[t][v] = (int32_t)large->count++;
        }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_knn_problem_open(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings,
                              const conceptdec_i_knn_data *data, int64_t set, const conceptdec_i_knn_source *source,
                              conceptdec_i_knn_problem *problem)
{
    *problem = (conceptdec_i_knn_problem){
        .ctx = arena->ctx,
        .settings = settings,
        .set = &data->sets[set],
        .source = source,
        .n = data->n,
        .classes = data->classes,
    };
    CONCEPTDEC_I_TRY(find_rows(arena, problem));
    return find_large(arena, problem);
}

conceptdec_status
conceptdec_i_ballot_take(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem,
                         conceptdec_i_ballot *ballot)
{
    const conceptdec_i_knn_settings *settings = problem->settings;
    void *shells, *rows, *values, *is_crossed;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "votes", settings->k_max, sizeof *ballot->shells, &shells));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "votes", problem->n, sizeof *ballot->rows, &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "votes", problem->large.count, sizeof *ballot->values, &values));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "votes", settings->n_ranks, 1, &is_crossed));
    *ballot = (conceptdec_i_ballot){.shells = shells, .rows = rows, .values = values, .is_crossed = is_crossed};
    return CONCEPTDEC_OK;
}

/* ---- one ballot ---- */

static double
weight_of(const conceptdec_i_knn_problem *problem, const conceptdec_neighbors *table, double nearest, double d2)
{
    int32_t weights = problem->settings->options.weights;
    if (weights == CONCEPTDEC_WEIGHTS_UNIFORM || weights == CONCEPTDEC_WEIGHTS_BALANCED || d2 <= nearest)
        return 1;
    double first = conceptdec_i_table_distance(table, nearest), distance = conceptdec_i_table_distance(table, d2);
    if (weights == CONCEPTDEC_WEIGHTS_DISTANCE)
        return first / distance; /* only ratios of weights matter */
    return exp((first - distance) / problem->settings->options.temperature);
}

static void
push_row(conceptdec_i_ballot *ballot, int32_t row)
{
    ballot->rows[ballot->n_rows++] = row;
}

/* Up to `most` eligible rows of a value, in ascending order. */
static void
list_value(const conceptdec_i_walk *walk, int64_t value, int64_t most, conceptdec_i_ballot *ballot)
{
    const conceptdec_neighbors *table = walk->table;
    for (int64_t i = table->value_start[value]; i < table->value_start[value + 1] && most > 0; i++)
        if (conceptdec_i_is_eligible(walk->exclusion, walk->row, table->rows[i])) {
            push_row(ballot, table->rows[i]);
            most--;
        }
}

static void
leave_out_of_value(const conceptdec_i_walk *walk, int64_t value, conceptdec_i_ballot *ballot)
{
    const conceptdec_i_exclusion *exclusion = walk->exclusion;
    int64_t count = 0;
    const int32_t *rows = NULL;
    if (exclusion->group)
        rows = conceptdec_i_census_group(exclusion->census, exclusion, walk->row, value, &count);
    for (int64_t i = 0; i < count; i++)
        push_row(ballot, rows[i]);
    bool is_own = exclusion->self && !exclusion->group && walk->table->value_of_row[walk->row] == value;
    if (is_own && (!exclusion->row_is_voter || exclusion->row_is_voter[walk->row]))
        push_row(ballot, (int32_t)walk->row);
}

/* All rows of a shell as one: they share whatever places there are. */
static void
add_shared(const conceptdec_i_knn_problem *problem, const conceptdec_i_walk *walk, const conceptdec_i_shell *shell,
           conceptdec_i_ballot_shell *to, conceptdec_i_ballot *ballot)
{
    const int32_t *number = problem->large.number[problem->source->which[walk->row]];
    to->size = shell->n_eligible;
    to->n_closer = shell->n_closer;
    to->first_row = ballot->n_rows;
    to->first_value = ballot->n_values;
    for (int64_t i = 0; i < shell->n_entries; i++) {
        int32_t value = shell->entries[i].value;
        if (number[value] < 0)
            list_value(walk, value, INT64_MAX, ballot);
        else
            ballot->values[ballot->n_values++] = number[value];
    }
    to->n_listed = ballot->n_rows - to->first_row;
    to->n_values = ballot->n_values - to->first_value;
    for (int64_t i = 0; i < shell->n_entries && to->n_values > 0; i++)
        if (number[shell->entries[i].value] >= 0)
            leave_out_of_value(walk, shell->entries[i].value, ballot);
    to->n_left_out = ballot->n_rows - to->first_row - to->n_listed;
    ballot->n_shells++;
}

static int
compare_rows(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The lowest rows of a shell, each by itself. */
static void
add_by_index(const conceptdec_i_knn_problem *problem, const conceptdec_i_walk *walk, const conceptdec_i_shell *shell,
             conceptdec_i_ballot_shell like, conceptdec_i_ballot *ballot)
{
    int64_t places = problem->settings->k_max - shell->n_closer, first = ballot->n_rows;
    for (int64_t i = 0; i < shell->n_entries; i++)
        list_value(walk, shell->entries[i].value, places, ballot);
    int64_t count = ballot->n_rows - first;
    if (shell->n_entries > 1)
        qsort(ballot->rows + first, (size_t)count, sizeof *ballot->rows, compare_rows);
    count = count < places ? count : places;
    ballot->n_rows = first + count;
    for (int64_t i = 0; i < count; i++) {
        conceptdec_i_ballot_shell *to = &ballot->shells[ballot->n_shells++];
        *to = like;
        to->size = to->n_listed = 1;
        to->first_row = first + i;
        to->n_closer = shell->n_closer + i;
    }
}

static void
mark_crossed(const conceptdec_i_knn_settings *settings, const conceptdec_i_shell *shell, conceptdec_i_ballot *ballot)
{
    for (int32_t r = 0; shell->n_eligible > 1 && r < settings->n_ranks; r++)
        if (settings->ranks[r] > shell->n_closer && settings->ranks[r] < shell->n_closer + shell->n_eligible)
            ballot->is_crossed[r] = 1;
}

void
conceptdec_i_ballot_fill(const conceptdec_i_knn_problem *problem, int64_t row, conceptdec_i_ballot *ballot)
{
    const conceptdec_i_knn_settings *settings = problem->settings;
    bool by_index = settings->options.boundary == CONCEPTDEC_BOUNDARY_INDEX;
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    double nearest = 0;
    start_walk(problem, row, &walk);
    ballot->n_shells = ballot->n_rows = ballot->n_values = 0;
    memset(ballot->is_crossed, 0, (size_t)settings->n_ranks);
    while (walk.n_closer < settings->k_max && conceptdec_i_walk_next(&walk, &shell)) {
        nearest = ballot->n_shells == 0 ? shell.d2 : nearest;
        conceptdec_i_ballot_shell like = {.d2 = shell.d2, .weight = weight_of(problem, walk.table, nearest, shell.d2)};
        mark_crossed(settings, &shell, ballot);
        if (by_index) {
            add_by_index(problem, &walk, &shell, like, ballot);
        } else {
            ballot->shells[ballot->n_shells] = like;
            add_shared(problem, &walk, &shell, &ballot->shells[ballot->n_shells], ballot);
        }
    }
    ballot->n_eligible = walk.n_closer;
}

bool
conceptdec_i_ballot_is_plain(const conceptdec_i_knn_problem *problem, const conceptdec_i_ballot *ballot)
{
    const conceptdec_i_knn_settings *settings = problem->settings;
    const conceptdec_knn_options *o = &settings->options;
    if (o->weights != CONCEPTDEC_WEIGHTS_UNIFORM || o->ties != CONCEPTDEC_TIES_FRACTIONAL)
        return false;
    if (ballot->n_eligible < settings->k_max || ballot->n_values > 0)
        return false;
    return o->boundary == CONCEPTDEC_BOUNDARY_INDEX || !memchr(ballot->is_crossed, 1, (size_t)settings->n_ranks);
}
