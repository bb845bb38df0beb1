/* Problems sorted by who trains, and weights of rows. */
#include "probe/closed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"

/* ---- parts ---- */

typedef struct {
    const void *pointer;
    int64_t index;
} keyed;

typedef struct {
    int64_t role, labels;
    double lambda;
    int64_t index;
} place;

static int
compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int
compare_keyed(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    uintptr_t at_x = (uintptr_t)x->pointer, at_y = (uintptr_t)y->pointer;
    return at_x != at_y ? (at_x > at_y ? 1 : -1) : compare(x->index, y->index);
}

static int
compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->role != y->role)
        return compare(x->role, y->role);
    if (x->labels != y->labels)
        return compare(x->labels, y->labels);
    if (x->lambda < y->lambda || x->lambda > y->lambda)
        return x->lambda < y->lambda ? -1 : 1;
    return compare(x->index, y->index);
}

/* Every pointer by the first problem that has it: addresses decide nothing. */
static void
number_pointers(keyed *keys, int64_t n, int64_t *first)
{
    qsort(keys, (size_t)n, sizeof *keys, compare_keyed);
    for (int64_t i = 0, start = 0; i < n; i++) {
        start = keys[i].pointer == keys[start].pointer ? start : i;
        first[keys[i].index] = keys[start].index;
    }
}

static void
sort_places(const conceptdec_i_fitting *fitting, keyed *keys, int64_t *numbers, place *places)
{
    int64_t n = fitting->n_problems;
    for (int64_t i = 0; i < n; i++)
        keys[i] = (keyed){fitting->problems[i].role, i};
    number_pointers(keys, n, numbers);
    for (int64_t i = 0; i < n; i++) {
        places[i] = (place){.role = numbers[i], .lambda = fitting->problems[i].lambda, .index = i};
        keys[i] = (keyed){fitting->problems[i].labels, i};
    }
    number_pointers(keys, n, numbers);
    for (int64_t i = 0; i < n; i++)
        places[i].labels = numbers[i];
    qsort(places, (size_t)n, sizeof *places, compare_places);
}

conceptdec_status
conceptdec_i_parts_find(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting, bool by_labels,
                        conceptdec_i_parts *parts)
{
    int64_t n = fitting->n_problems;
    void *p[5];
    *parts = (conceptdec_i_parts){0};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", n + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", n, sizeof(int64_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", n, sizeof(int64_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", n, sizeof(keyed), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", n, sizeof(place), &p[4]));
    place *places = p[4];
    parts->first = p[0];
    parts->order = p[1];
    sort_places(fitting, p[3], p[2], places);
    for (int64_t i = 0; i < n; i++) {
        parts->order[i] = places[i].index;
        bool is_same = i > 0 && places[i].role == places[i - 1].role &&
                       (!by_labels || places[i].labels == places[i - 1].labels);
        if (!is_same)
            parts->first[parts->n++] = i;
    }
    parts->first[parts->n] = n;
    return CONCEPTDEC_OK;
}

bool
conceptdec_i_is_balanced(const conceptdec_i_fitting *fitting)
{
    return (fitting->options->flags & CONCEPTDEC_PROBE_BALANCED) != 0;
}

/* ---- members ---- */

static void
list_rows(const conceptdec_i_fitting *fitting, const uint8_t *role, conceptdec_i_members *members)
{
    bool has_test = fitting->leave == CONCEPTDEC_I_LEAVE_ROLES && conceptdec_i_has_test_rows(role, fitting->space->n);
    for (int64_t i = 0; i < fitting->space->n; i++)
        if (role[i] == CONCEPTDEC_I_ROLE_TRAIN)
            members->train[members->n_train++] = (int32_t)i;
    for (int64_t i = 0; i < fitting->space->n; i++)
        if (role[i] == (has_test ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN))
            members->left[members->n_left++] = (int32_t)i;
}

/* Weights before they are divided by their sum. */
static void
balance(const conceptdec_i_fitting *fitting, const int32_t *labels, double *by_class, conceptdec_i_members *members)
{
    double all = 0;
    for (int64_t t = 0; t < members->n_train; t++) {
        int64_t i = members->train[t];
        by_class[labels[i]] += members->omega[i];
        all += members->omega[i];
    }
    int64_t present = 0;
    for (int64_t c = 0; c < fitting->classes; c++)
        present += by_class[c] > 0;
    for (int64_t t = 0; t < members->n_train; t++) {
        int64_t i = members->train[t];
        if (members->omega[i] > 0)
            members->omega[i] *= all / ((double)present * by_class[labels[i]]);
    }
}

static void
normalise(conceptdec_i_members *members)
{
    members->is_even = true;
    for (int64_t t = 0; t < members->n_train; t++) {
        double here = members->omega[members->train[t]];
        members->total += here;
        members->is_even = members->is_even && here >= members->omega[members->train[0]] &&
                           here <= members->omega[members->train[0]];
    }
    for (int64_t t = 0; t < members->n_train && members->total > 0; t++)
        members->omega[members->train[t]] /= members->total;
}

int64_t
conceptdec_i_members_doubles(const conceptdec_i_fitting *fitting)
{
    return 2 * fitting->space->n + (conceptdec_i_is_balanced(fitting) ? fitting->classes : 0);
}

conceptdec_status
conceptdec_i_members_take(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting,
                          const conceptdec_i_problem *problem, conceptdec_i_members *members)
{
    int64_t n = fitting->space->n;
    void *p[4];
    *members = (conceptdec_i_members){0};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows of a part", n, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows of a part", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "weights of rows", n, sizeof(double), &p[2]));
    members->train = p[0];
    members->left = p[1];
    members->omega = p[2];
    list_rows(fitting, problem->role, members);
    for (int64_t t = 0; t < members->n_train; t++) {
        int64_t i = members->train[t];
        members->omega[i] = fitting->weight ? fitting->weight[i] : 1;
    }
    if (conceptdec_i_is_balanced(fitting) && problem->labels) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "classes", fitting->classes, sizeof(double), &p[3]));
        balance(fitting, problem->labels, p[3], members);
    }
    normalise(members);
    if (members->total > 0)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ETOOFEW, "a training part has no row with a weight above 0");
}

int64_t
conceptdec_i_members_sort_doubles(const conceptdec_i_fitting *fitting)
{
    return 2 * (fitting->n_groups + 1) + ceil_div(fitting->space->n, 2);
}

/* A counting sort. */
conceptdec_status
conceptdec_i_members_sort(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting,
                          const conceptdec_i_members *members, conceptdec_i_places *places)
{
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "groups", fitting->n_groups + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "groups", fitting->n_groups + 1, sizeof(int64_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "groups", members->n_left, sizeof(int32_t), &p[2]));
    int64_t *next = p[0];
    *places = (conceptdec_i_places){.first = p[1], .at = p[2]};
    for (int64_t t = 0; t < members->n_left; t++)
        next[fitting->group[members->left[t]]]++;
    for (int64_t group = 0, at = 0; group < fitting->n_groups; group++) {
        int64_t count = next[group];
        next[group] = at;
        if (count > 0)
            places->first[places->n++] = at;
        places->largest = max64(places->largest, count);
        at += count;
    }
    places->first[places->n] = members->n_left;
    for (int64_t t = 0; t < members->n_left; t++)
        places->at[next[fitting->group[members->left[t]]]++] = (int32_t)t;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_places_squares(const conceptdec_i_places *places)
{
    int64_t sum = 0;
    for (int64_t group = 0; group < places->n; group++)
        sum += conceptdec_i_places_count(places, group) * conceptdec_i_places_count(places, group);
    return sum;
}

/* ---- what solvers hand over ---- */

int64_t
conceptdec_i_product_doubles(const conceptdec_i_fitting *fitting, int64_t n, int64_t columns)
{
    return ceil_div(conceptdec_i_apply_bytes(fitting->ctx, n, fitting->space->r, columns), sizeof(double));
}

double
conceptdec_i_absent_bias(int64_t columns, int64_t only)
{
    return columns == 1 && only == 1 ? (double)INFINITY : -(double)INFINITY;
}

conceptdec_status
conceptdec_i_closed_memory(const conceptdec_i_fitting *fitting, const char *what, int64_t count)
{
    int64_t bytes;
    if (conceptdec_i_mul(count, sizeof(double), &bytes) && bytes <= fitting->options->memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(fitting->ctx, CONCEPTDEC_ENOMEM,
                             "memory: %lld bytes are too few; %s need %lld doubles beside %lld bytes that rows, parts "
                             "and values take",
                             (long long)(fitting->held + fitting->options->memory), what, (long long)count,
                             (long long)fitting->held);
}
