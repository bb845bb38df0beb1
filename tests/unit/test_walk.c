/* Walks over tables against a plain sort of all eligible rows. */
#include <check.h>
#include <stdlib.h>

#include "brute_table.h"
#include "check_main.h"

enum { MOST = 40, ROUNDS = 300 };

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

/* Rows of a small lattice: many are equal, many more tie. */
typedef struct problem {
    brute_data data;
    double x[MOST * 2];
    int64_t group[MOST], coarse[MOST], crossing[MOST];
    uint8_t is_voter[MOST];
    conceptdec_i_exclusion exclusion;
    int64_t k;
} problem;

static uint64_t
below(conceptdec_i_rng *rng, int64_t n)
{
    return conceptdec_i_rng_below(rng, (uint64_t)n);
}

static void
make_problem(problem *p, uint64_t round, int32_t metric)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 3, CONCEPTDEC_I_RNG_SAMPLE, round);
    *p = (problem){.data = {.n = 6 + (int64_t)below(&rng, MOST - 6), .d = 2, .metric = metric}};
    p->data.x = p->x;
    int64_t side = 1 + (int64_t)below(&rng, 5), n_groups = 1 + (int64_t)below(&rng, 8);
    for (int64_t i = 0; i < p->data.n; i++) {
        p->x[2 * i] = (double)below(&rng, side);
        p->x[2 * i + 1] = (double)below(&rng, side);
        p->group[i] = (int64_t)below(&rng, n_groups) * 1000 - 3000;
        p->coarse[i] = p->group[i] > 0;
        p->crossing[i] = (int64_t)below(&rng, 3);
        p->is_voter[i] = below(&rng, 4) > 0;
    }
    p->k = 1 + (int64_t)below(&rng, p->data.n - 1);
    p->exclusion.self = below(&rng, 2) > 0;
    p->exclusion.group = below(&rng, 3) == 0 ? p->group : below(&rng, 3) == 0 ? p->coarse : NULL;
    p->exclusion.row_is_voter = below(&rng, 2) ? p->is_voter : NULL;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ascending squared distances of all rows that may be neighbours. */
static int64_t
sorted_distances(const problem *p, int64_t row, double *d2)
{
    int64_t count = 0;
    for (int64_t j = 0; j < p->data.n; j++) {
        bool same = p->exclusion.group && p->exclusion.group[j] == p->exclusion.group[row];
        if (!(p->exclusion.self && j == row) && !same && (!p->exclusion.row_is_voter || p->is_voter[j]))
            d2[count++] = brute_d2(&p->data, row, j);
    }
    qsort(d2, (size_t)count, sizeof *d2, compare);
    return count;
}

/* Walks to the end; returns how many rows were met, all of them those of the sorted list. */
static int64_t
check_walk(const problem *p, const conceptdec_neighbors *table, int64_t row, const double *d2, int64_t count)
{
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    int64_t met = 0;
    conceptdec_i_walk_start(&walk, table, &p->exclusion, row);
    while (conceptdec_i_walk_next(&walk, &shell)) {
        ck_assert_int_eq(shell.n_closer, met);
        ck_assert_int_ge(shell.n_eligible, 1);
        ck_assert_int_le(met + shell.n_eligible, count);
        for (int64_t i = met; i < met + shell.n_eligible; i++)
            ck_assert_double_eq(d2[i], shell.d2);
        met += shell.n_eligible;
        ck_assert(met == count || d2[met] > shell.d2);
    }
    return met;
}

static bool
knows_own_group(const problem *p, const conceptdec_neighbors *table, int64_t row)
{
    for (int64_t j = 0; table->group && j < p->data.n; j++)
        if (j != row && table->group[j] == table->group[row] && conceptdec_i_is_eligible(&p->exclusion, row, j))
            return false;
    return true;
}

static int64_t
check_table(problem *p, const conceptdec_neighbors *table)
{
    uint8_t covered[MOST];
    int64_t n_deep = 0;
    ck_assert_int_eq(conceptdec_i_table_covers(ctx, table, &p->exclusion, covered), CONCEPTDEC_OK);
    for (int64_t i = 0; i < p->data.n; i++) {
        double d2[MOST];
        int64_t count = sorted_distances(p, i, d2), wanted = p->k < count ? p->k : count;
        ck_assert_int_eq(covered[i], knows_own_group(p, table, i));
        if (!covered[i] || !conceptdec_i_table_is_deep_enough(table, &p->exclusion, i, p->k))
            continue;
        ck_assert_int_ge(check_walk(p, table, i, d2, count), wanted);
        n_deep++;
    }
    return n_deep;
}

static int64_t
check_both_ways(problem *p, conceptdec_neighbors *table)
{
    conceptdec_i_arena arena;
    conceptdec_i_census census;
    int64_t n_deep = check_table(p, table);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_census_take(&arena, table, &p->exclusion, &census), CONCEPTDEC_OK);
    p->exclusion.census = &census;
    ck_assert_int_eq(check_table(p, table), n_deep);
    p->exclusion.census = NULL;
    conceptdec_i_arena_close(&arena);
    conceptdec_neighbors_free(table);
    return n_deep;
}

START_TEST(a_table_of_the_same_exclusion_is_always_deep_enough)
{
    problem p;
    make_problem(&p, (uint64_t)_i, _i % 3 ? CONCEPTDEC_METRIC_L2 : CONCEPTDEC_METRIC_COSINE);
    conceptdec_neighbors *table = brute_table(ctx, &p.data, p.k, p.exclusion.group, p.exclusion.row_is_voter,
                                              p.exclusion.self || p.exclusion.group);
    ck_assert_int_eq(check_both_ways(&p, table), p.data.n);
}
END_TEST

START_TEST(a_plain_table_serves_every_exclusion)
{
    problem p;
    make_problem(&p, (uint64_t)_i, _i % 3 ? CONCEPTDEC_METRIC_L2 : CONCEPTDEC_METRIC_COSINE);
    int64_t n_deep = check_both_ways(&p, brute_table(ctx, &p.data, p.k, NULL, NULL, true));
    if (p.exclusion.self && !p.exclusion.group && !p.exclusion.row_is_voter)
        ck_assert_int_eq(n_deep, p.data.n);
    n_deep = check_both_ways(&p, brute_table(ctx, &p.data, p.data.n, NULL, NULL, false));
    ck_assert_int_eq(n_deep, p.data.n);
}
END_TEST

START_TEST(a_grouped_table_tells_which_rows_it_serves)
{
    problem p;
    make_problem(&p, (uint64_t)_i, CONCEPTDEC_METRIC_L2);
    int64_t n_deep = check_both_ways(&p, brute_table(ctx, &p.data, p.data.n, p.group, NULL, true));
    if (p.exclusion.group) /* equal or coarser */
        ck_assert_int_eq(n_deep, p.data.n);
    p.exclusion.group = p.crossing;
    check_both_ways(&p, brute_table(ctx, &p.data, p.data.n, p.group, NULL, true));
}
END_TEST

START_TEST(a_row_without_list_is_not_deep_enough)
{
    problem p;
    make_problem(&p, 1, CONCEPTDEC_METRIC_L2);
    conceptdec_neighbors *table = brute_table(ctx, &p.data, p.k, NULL, NULL, true);
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    table->list_of_query[2] = -1;
    ck_assert(!conceptdec_i_table_is_deep_enough(table, &p.exclusion, 2, 1));
    conceptdec_i_walk_start(&walk, table, &p.exclusion, 2);
    ck_assert(!conceptdec_i_walk_next(&walk, &shell));
    conceptdec_neighbors_free(table);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("walk");
    TCase *shells = tcase_create("shells");
    tcase_add_checked_fixture(shells, setup, teardown);
    tcase_add_loop_test(shells, a_table_of_the_same_exclusion_is_always_deep_enough, 0, ROUNDS);
    tcase_add_loop_test(shells, a_plain_table_serves_every_exclusion, 0, ROUNDS);
    tcase_add_loop_test(shells, a_grouped_table_tells_which_rows_it_serves, 0, ROUNDS);
    tcase_add_test(shells, a_row_without_list_is_not_deep_enough);
    suite_add_tcase(suite, shells);
    return suite;
}

CHECK_MAIN(make_suite)
