/* Sorting, mean ranks and Kendall's count against loops over all pairs. */
#include <math.h>
#include <stdlib.h>

#include "check_main.h"
#include "stats/order.h"

enum { MOST = 400 };

static conceptdec_ctx *ctx;
static conceptdec_i_arena arena;
static conceptdec_i_order order;

static void
set_up(void)
{
    ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_order_open(&arena, MOST, &order), CONCEPTDEC_OK);
}

static void
tear_down(void)
{
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}

static uint64_t
next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 20;
}

START_TEST(keys_compare_as_numbers)
{
    static const double values[] = {-(double)INFINITY, -1e300, -1, -1e-300, -0.0, 1e-300, 0.5, 1, 1e300, (double)INFINITY};
    for (int i = 0; i + 1 < 10; i++) {
        ck_assert(conceptdec_i_order_key(values[i]) < conceptdec_i_order_key(values[i + 1]));
        ck_assert(conceptdec_i_order_value(conceptdec_i_order_key(values[i])) >= values[i] &&
                  conceptdec_i_order_value(conceptdec_i_order_key(values[i])) <= values[i]);
    }
    ck_assert(conceptdec_i_order_key(-0.0) == conceptdec_i_order_key(0.0));
}
END_TEST

/* _i: bits of the keys that differ; few make ties. */
START_TEST(sorted_and_stable)
{
    uint64_t state = (uint64_t)_i, keys[MOST], given[MOST];
    for (int64_t n = 0; n <= MOST; n += n < 4 ? 1 : 99) {
        for (int64_t i = 0; i < n; i++)
            given[i] = keys[i] = (next(&state) & ((UINT64_C(1) << _i) - 1)) << (_i % 3 * 9);
        ck_assert_int_eq(conceptdec_i_order_sort(&order, n, keys), CONCEPTDEC_OK);
        for (int64_t i = 0; i < n; i++) {
            ck_assert(keys[i] == given[order.items[i]]);
            ck_assert(i == 0 || keys[i - 1] < keys[i] || (keys[i - 1] == keys[i] && order.items[i - 1] < order.items[i]));
        }
    }
}
END_TEST

/* _i: whether numbers have weights. */
START_TEST(mean_ranks)
{
    uint64_t state = 7;
    double given[MOST], ranks[MOST], dense[MOST];
    int32_t weight[MOST];
    for (int i = 0; i < MOST; i++) {
        given[i] = (double)(next(&state) % 60) - 30;
        weight[i] = _i ? 1 + (int32_t)(next(&state) % 3) : 1;
        ranks[i] = dense[i] = given[i];
    }
    conceptdec_i_ranking ranking = {.weight = _i ? weight : NULL};
    ck_assert_int_eq(conceptdec_i_order_ranks(&order, MOST, ranks, &ranking), CONCEPTDEC_OK);
    ranking.is_dense = true;
    ck_assert_int_eq(conceptdec_i_order_ranks(&order, MOST, dense, &ranking), CONCEPTDEC_OK);
    for (int i = 0; i < MOST; i++) {
        double rank = 0.5;
        for (int j = 0; j < MOST; j++)
            rank += weight[j] * (given[j] < given[i] ? 1 : given[j] > given[i] ? 0 : 0.5);
        ck_assert_double_eq_tol(ranks[i], rank, 1e-12);
        ck_assert((dense[i] < dense[0]) == (given[i] < given[0]) && dense[i] >= 0 && dense[i] < 60);
    }
}
END_TEST

START_TEST(nearly_equal_numbers)
{
    double values[] = {3, 1 + 1e-13, 1, 2, 1 - 1e-13};
    const conceptdec_i_ranking ranking = {.tolerance = 1e-12};
    ck_assert_int_eq(conceptdec_i_order_ranks(&order, 5, values, &ranking), CONCEPTDEC_OK);
    static const double wanted[] = {5, 2, 2, 4, 2};
    for (int i = 0; i < 5; i++)
        ck_assert_double_eq_tol(values[i], wanted[i], 1e-15);
}
END_TEST

/* _i: bit 0: weights; the rest: different numbers. */
START_TEST(tau)
{
    static const uint64_t different[] = {2, 7, 1000000};
    uint64_t state = 3 + (uint64_t)_i;
    for (int n = 2; n <= MOST; n += n < 10 ? 1 : 130) {
        double x[MOST], y[MOST], a[MOST], b[MOST], sum = 0, total = 0, value;
        int32_t weight[MOST];
        for (int i = 0; i < n; i++) {
            x[i] = a[i] = (double)(next(&state) % different[_i / 2]);
            y[i] = b[i] = (double)((uint64_t)a[i] + next(&state) % different[_i / 2]);
            weight[i] = _i % 2 ? 1 + (int32_t)(next(&state) % 4) : 1;
            total += weight[i];
        }
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++)
                if ((a[i] < a[j] || a[i] > a[j]) && (b[i] < b[j] || b[i] > b[j]))
                    sum += weight[i] * weight[j] * ((a[i] < a[j]) == (b[i] < b[j]) ? 1 : -1);
        ck_assert_int_eq(conceptdec_i_order_tau(&order, n, x, y, _i % 2 ? weight : NULL, &value), CONCEPTDEC_OK);
        ck_assert_double_eq_tol(value, sum / (total * (total - 1) / 2), 1e-14);
    }
}
END_TEST

START_TEST(tau_of_nothing)
{
    double x[1] = {0}, y[1] = {0}, value = 0;
    for (int n = 0; n < 2; n++) {
        ck_assert_int_eq(conceptdec_i_order_tau(&order, n, x, y, NULL, &value), CONCEPTDEC_OK);
        ck_assert(isnan(value));
    }
}
END_TEST

START_TEST(too_many)
{
    conceptdec_i_order other;
    ck_assert_int_eq(conceptdec_i_order_open(&arena, INT64_C(1) << 31, &other), CONCEPTDEC_EOVERFLOW);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("order");
    TCase *tests = tcase_create("order");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, keys_compare_as_numbers);
    tcase_add_loop_test(tests, sorted_and_stable, 0, 44);
    tcase_add_loop_test(tests, mean_ranks, 0, 2);
    tcase_add_test(tests, nearly_equal_numbers);
    tcase_add_loop_test(tests, tau, 0, 6);
    tcase_add_test(tests, tau_of_nothing);
    tcase_add_test(tests, too_many);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
