/* Folds: sizes, classes and groups, on many small random problems. */
#include <check.h>
#include <string.h>

#include "check_main.h"
#include "stats/folds.h"
#include "stats/groups.h"

enum { MOST = 120, ROUNDS = 400 };

static conceptdec_ctx *ctx;

static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

typedef struct problem {
    int64_t n, classes, n_groups, folds;
    int64_t labels[MOST], groups[MOST], fold[MOST];
} problem;

/* Labels -1..classes-1, uneven classes, uneven groups with odd codes. */
static void
make_problem(problem *p, uint64_t round)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 11, CONCEPTDEC_I_RNG_SAMPLE, round);
    *p = (problem){0};
    p->n = 30 + (int64_t)conceptdec_i_rng_below(&rng, MOST - 30);
    p->classes = 1 + (int64_t)conceptdec_i_rng_below(&rng, 5);
    p->n_groups = 2 + (int64_t)conceptdec_i_rng_below(&rng, 20);
    p->folds = 2 + (int64_t)conceptdec_i_rng_below(&rng, 6);
    for (int64_t i = 0; i < p->n; i++) {
        uint64_t bound = 1 + conceptdec_i_rng_below(&rng, (uint64_t)p->classes + 1);
        p->labels[i] = (int64_t)conceptdec_i_rng_below(&rng, bound) - 1;
        p->groups[i] = (int64_t)conceptdec_i_rng_below(&rng, (uint64_t)p->n_groups) * 7919 - 40000;
    }
}

static conceptdec_status
assign(problem *p, bool has_groups, bool stratified, uint64_t seed)
{
    return conceptdec_i_folds_assign(ctx, p->n, p->labels, p->classes, has_groups ? p->groups : NULL, p->folds,
                                     stratified, false, seed, p->fold);
}

/* Members of class c (any class: -2) in a fold (any: -2). */
static int64_t
members(const problem *p, int64_t c, int64_t fold)
{
    int64_t count = 0;
    for (int64_t i = 0; i < p->n; i++)
        count += p->labels[i] >= 0 && (c == -2 || p->labels[i] == c) && (fold == -2 || p->fold[i] == fold);
    return count;
}

static void
check_range(const problem *p)
{
    for (int64_t i = 0; i < p->n; i++) {
        if (p->labels[i] < 0)
            ck_assert_int_eq(p->fold[i], -1);
        else
            ck_assert(p->fold[i] >= 0 && p->fold[i] < p->folds);
    }
    for (int64_t f = 0; f < p->folds; f++)
        ck_assert_int_gt(members(p, -2, f), 0);
}

static void
check_even(const problem *p, int64_t c)
{
    int64_t share = members(p, c, -2) / p->folds;
    for (int64_t f = 0; f < p->folds; f++) {
        ck_assert_int_ge(members(p, c, f), share);
        ck_assert_int_le(members(p, c, f), share + 1);
    }
}

static bool
has_room(const problem *p)
{
    for (int64_t c = 0; c < p->classes; c++)
        if (members(p, c, -2) > 0 && members(p, c, -2) < p->folds)
            return false;
    return members(p, -2, -2) >= p->folds;
}

START_TEST(rows_are_dealt_evenly)
{
    int n_dealt = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p;
        make_problem(&p, round);
        conceptdec_status status = assign(&p, false, true, round);
        ck_assert_int_eq(status, has_room(&p) ? CONCEPTDEC_OK : CONCEPTDEC_EFOLDS);
        if (status != CONCEPTDEC_OK)
            continue;
        n_dealt++;
        check_range(&p);
        check_even(&p, -2);
        for (int64_t c = 0; c < p.classes; c++)
            check_even(&p, c);
    }
    ck_assert_int_gt(n_dealt, ROUNDS / 4);
}
END_TEST

START_TEST(unstratified_rows_are_dealt_evenly)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p;
        make_problem(&p, round);
        if (members(&p, -2, -2) < p.folds)
            continue;
        ck_assert_int_eq(assign(&p, false, false, round), CONCEPTDEC_OK);
        check_range(&p);
        check_even(&p, -2);
    }
}
END_TEST

START_TEST(seed_decides)
{
    problem p, same, other;
    make_problem(&p, 3);
    p.n = MOST;
    p.classes = 2;
    p.folds = 3;
    for (int64_t i = 0; i < p.n; i++)
        p.labels[i] = i % 2;
    same = other = p;
    ck_assert_int_eq(assign(&p, false, true, 5), CONCEPTDEC_OK);
    ck_assert_int_eq(assign(&same, false, true, 5), CONCEPTDEC_OK);
    ck_assert_int_eq(assign(&other, false, true, 6), CONCEPTDEC_OK);
    ck_assert_mem_eq(p.fold, same.fold, sizeof p.fold);
    ck_assert_mem_ne(p.fold, other.fold, sizeof p.fold);
}
END_TEST

/* Classes in the order of their first rows, each shuffled under its place in that order, dealt one after the other. */
START_TEST(rows_are_dealt_as_defined)
{
    problem p = {.n = 60, .classes = 4, .folds = 4};
    int64_t expected[MOST], dealt = 0;
    const int64_t order[] = {2, 0, 3}; /* of the classes; class 1 has no member */
    for (int64_t i = 0; i < p.n; i++)
        p.labels[i] = i % 9 == 4 ? -1 : order[i % 5 % 3];
    for (uint64_t place = 0; place < 3; place++) {
        int32_t rows[MOST];
        int64_t size = 0;
        conceptdec_i_rng rng;
        conceptdec_i_rng_start(&rng, 21, CONCEPTDEC_I_RNG_FOLDS, place);
        for (int32_t i = 0; i < p.n; i++)
            if (p.labels[i] == order[place])
                rows[size++] = i;
        conceptdec_i_rng_shuffle(&rng, rows, size);
        for (int64_t i = 0; i < size; i++)
            expected[rows[i]] = dealt++ % p.folds;
    }
    ck_assert_int_eq(assign(&p, false, true, 21), CONCEPTDEC_OK);
    for (int64_t i = 0; i < p.n; i++)
        ck_assert_int_eq(p.fold[i], p.labels[i] < 0 ? -1 : expected[i]);
}
END_TEST

START_TEST(class_numbers_do_not_matter)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p, renamed;
        make_problem(&p, round);
        renamed = p;
        for (int64_t i = 0; i < p.n; i++)
            renamed.labels[i] = p.labels[i] < 0 ? -1 : p.classes - 1 - p.labels[i];
        for (int stratified = 0; stratified < 2; stratified++)
            for (int has_groups = 0; has_groups < 2; has_groups++) {
                conceptdec_status status = assign(&p, has_groups, stratified, round);
                ck_assert_int_eq(assign(&renamed, has_groups, stratified, round), status);
                ck_assert_mem_eq(p.fold, renamed.fold, sizeof p.fold);
            }
    }
}
END_TEST

/* ---- groups ---- */

static int64_t
labelled_groups(const problem *p)
{
    int64_t count = 0;
    for (int64_t i = 0; i < p->n; i++) {
        bool is_new = p->labels[i] >= 0;
        for (int64_t j = 0; j < i && is_new; j++)
            is_new = p->labels[j] < 0 || p->groups[j] != p->groups[i];
        count += is_new;
    }
    return count;
}

START_TEST(groups_stay_whole)
{
    int n_dealt = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p;
        make_problem(&p, round);
        conceptdec_status status = assign(&p, true, round % 2, round);
        bool has_room = p.folds <= members(&p, -2, -2) && p.folds <= labelled_groups(&p);
        ck_assert_int_eq(status, has_room ? CONCEPTDEC_OK : CONCEPTDEC_EFOLDS);
        if (status != CONCEPTDEC_OK)
            continue;
        n_dealt++;
        check_range(&p);
        for (int64_t i = 0; i < p.n; i++)
            for (int64_t j = 0; j < i; j++)
                if (p.labels[i] >= 0 && p.labels[j] >= 0 && p.groups[i] == p.groups[j])
                    ck_assert_int_eq(p.fold[i], p.fold[j]);
    }
    ck_assert_int_gt(n_dealt, ROUNDS / 4);
}
END_TEST

START_TEST(group_codes_do_not_matter)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p, renamed;
        make_problem(&p, round);
        renamed = p;
        for (int64_t i = 0; i < p.n; i++)
            renamed.groups[i] = (int64_t)((uint64_t)p.groups[i] * UINT64_C(0x9e3779b97f4a7c15) + 5); /* one to one */
        ck_assert_int_eq(assign(&p, true, true, 1), assign(&renamed, true, true, 2));
        ck_assert_mem_eq(p.fold, renamed.fold, sizeof p.fold);
    }
}
END_TEST

/* The definition in the plain way: every fold is tried and the whole imbalance is computed. */
static int64_t
imbalance(const problem *p, bool stratified)
{
    int64_t sum = 0;
    for (int64_t f = 0; f < p->folds; f++)
        for (int64_t c = 0; c < (stratified ? p->classes : 1); c++) {
            int64_t off = p->folds * members(p, stratified ? c : -2, f) - members(p, stratified ? c : -2, -2);
            sum += off * off;
        }
    return sum;
}

static void
put_group(problem *p, int64_t code, int64_t fold)
{
    for (int64_t i = 0; i < p->n; i++)
        if (p->groups[i] == code && p->labels[i] >= 0)
            p->fold[i] = fold;
}

static int64_t
size_of_group(const problem *p, int64_t code)
{
    int64_t size = 0;
    for (int64_t i = 0; i < p->n; i++)
        size += p->groups[i] == code && p->labels[i] >= 0;
    return size;
}

/* Row of the largest group without a fold, the first of those; -1: none is left. */
static int64_t
next_group(const problem *p)
{
    int64_t next = -1, most = 0;
    for (int64_t i = 0; i < p->n; i++)
        if (p->labels[i] >= 0 && p->fold[i] < 0 && size_of_group(p, p->groups[i]) > most) {
            most = size_of_group(p, p->groups[i]);
            next = i;
        }
    return next;
}

static void
assign_plainly(problem *p, bool stratified)
{
    int64_t row;
    memset(p->fold, -1, sizeof p->fold);
    while ((row = next_group(p)) >= 0) {
        int64_t best = -1, least = 0, least_size = 0;
        for (int64_t f = 0; f < p->folds; f++) {
            int64_t size = members(p, -2, f);
            put_group(p, p->groups[row], f);
            int64_t sum = imbalance(p, stratified);
            put_group(p, p->groups[row], -1);
            if (best < 0 || sum < least || (sum == least && size < least_size)) {
                best = f;
                least = sum;
                least_size = size;
            }
        }
        put_group(p, p->groups[row], best);
    }
}

START_TEST(groups_go_where_the_imbalance_is_least)
{
    for (uint64_t round = 0; round < 60; round++) {
        problem p, plain;
        make_problem(&p, round);
        memset(p.fold, -1, sizeof p.fold);
        plain = p;
        if (assign(&p, true, round % 2, 0) != CONCEPTDEC_OK)
            continue;
        assign_plainly(&plain, round % 2);
        ck_assert_mem_eq(p.fold, plain.fold, sizeof p.fold);
    }
}
END_TEST

START_TEST(one_fold_for_each_group)
{
    problem p;
    make_problem(&p, 1);
    p.n = p.folds = 40;
    for (int64_t i = 0; i < p.n; i++) {
        p.labels[i] = i % p.classes;
        p.groups[i] = -i;
    }
    ck_assert_int_eq(assign(&p, true, true, 0), CONCEPTDEC_OK);
    check_range(&p);
}
END_TEST

/* ---- errors ---- */

static void
expect_refusal(problem *p, bool has_groups, bool stratified, const char *text)
{
    memset(p->fold, 77, sizeof p->fold);
    problem before = *p;
    ck_assert_int_eq(assign(p, has_groups, stratified, 0), CONCEPTDEC_EFOLDS);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), text);
    ck_assert_mem_eq(p->fold, before.fold, sizeof p->fold);
}

START_TEST(refusals)
{
    problem p = {
        .n = 8, .classes = 3, .folds = 1, .labels = {0, 0, 0, 0, 2, 2, -1, 0}, .groups = {1, 1, 1, 4, 4, 4, 9, 1},
    };
    expect_refusal(&p, false, true, "folds: 1 are fewer than 2");
    p.folds = 8;
    expect_refusal(&p, false, false, "folds: 8 are more than the 7 labelled samples");
    p.folds = 3;
    expect_refusal(&p, true, true, "folds: 3 are more than the 2 groups with labelled samples");
    expect_refusal(&p, false, true, "folds: 3 are more folds than members of class 2, which has 2; use fewer folds, "
                                  "or unstratified ones");
    ck_assert_int_eq(assign(&p, false, false, 0), CONCEPTDEC_OK);
}
END_TEST

START_TEST(large_problems_are_quick)
{
    const int64_t n = 1000000;
    void *memory[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(conceptdec_i_take(ctx, "test", n, sizeof(int64_t), &memory[i]), CONCEPTDEC_OK);
    int64_t *labels = memory[0], *groups = memory[1], *fold = memory[2], sizes[10] = {0};
    for (int64_t i = 0; i < n; i++) {
        labels[i] = i % 20;
        groups[i] = i * 64;
    }
    ck_assert_int_eq(conceptdec_i_folds_assign(ctx, n, labels, 20, groups, 10, true, false, 0, fold), CONCEPTDEC_OK);
    for (int64_t i = 0; i < n; i++)
        sizes[fold[i]]++;
    for (int f = 0; f < 10; f++)
        ck_assert_int_eq(sizes[f], n / 10);
    ck_assert_int_eq(conceptdec_i_folds_assign(ctx, n, labels, 20, groups, n, true, false, 0, fold), CONCEPTDEC_OK);
    for (int64_t i = 0; i < n; i++)
        ck_assert(fold[i] == i);
    for (int i = 0; i < 3; i++)
        conceptdec_i_give(ctx, memory[i]);
}
END_TEST

static Suite *
folds_suite(void)
{
    Suite *suite = suite_create("folds");
    TCase *rows = tcase_create("rows"), *groups = tcase_create("groups");
    tcase_add_checked_fixture(rows, setup, teardown);
    tcase_add_test(rows, rows_are_dealt_evenly);
    tcase_add_test(rows, unstratified_rows_are_dealt_evenly);
    tcase_add_test(rows, rows_are_dealt_as_defined);
    tcase_add_test(rows, seed_decides);
    tcase_add_test(rows, class_numbers_do_not_matter);
    tcase_add_test(rows, refusals);
    tcase_add_checked_fixture(groups, setup, teardown);
    tcase_set_timeout(groups, 60);
    tcase_add_test(groups, groups_stay_whole);
    tcase_add_test(groups, group_codes_do_not_matter);
    tcase_add_test(groups, groups_go_where_the_imbalance_is_least);
    tcase_add_test(groups, one_fold_for_each_group);
    tcase_add_test(groups, large_problems_are_quick);
    suite_add_tcase(suite, rows);
    suite_add_tcase(suite, groups);
    return suite;
}

CHECK_MAIN(folds_suite)
