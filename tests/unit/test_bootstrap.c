/* Bootstrap: against a plain one with the same draws, known quantiles, and any number of threads. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "stats/bootstrap.h"

enum { ROWS = 700, KS = 9, DRAWS = 75 };

static conceptdec_ctx *ctx;
static double credit[ROWS * KS], replicates[DRAWS * KS], low[KS], high[KS];
static int64_t groups[ROWS];

/* Credits are fourths, so that sums are exact in any order; some rows, and all of some groups, are not scored. */
static void
make_credits(int64_t n_ks)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 13, CONCEPTDEC_I_RNG_SAMPLE, 0);
    for (int64_t i = 0; i < ROWS; i++) {
        groups[i] = (int64_t)conceptdec_i_rng_below(&rng, 60) * 31 - 500;
        bool is_scored = conceptdec_i_rng_below(&rng, 6) > 0 && groups[i] > -400;
        for (int64_t k = 0; k < n_ks; k++) {
            double value = (double)conceptdec_i_rng_below(&rng, 5) / 4;
            credit[i * n_ks + k] = is_scored ? value : (double)NAN;
        }
    }
}

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

static conceptdec_status
run(int64_t n_ks, const int64_t *codes, uint64_t seed)
{
    memset(replicates, 0, sizeof replicates);
    return conceptdec_i_bootstrap(ctx, ROWS, n_ks, credit, codes, DRAWS, 0.9, seed, replicates, low, high);
}

/* First scored rows of the units, in order. */
static int64_t
list_units(int64_t n_ks, const int64_t *codes, int64_t *first)
{
    int64_t units = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        bool is_new = !isnan(credit[i * n_ks]);
        for (int64_t u = 0; u < units && is_new && codes; u++)
            is_new = codes[first[u]] != codes[i];
        if (is_new)
            first[units++] = i;
    }
    return units;
}

/* One replicate, row by row. */
static double
draw_plainly(int64_t n_ks, int64_t k, const int64_t *codes, uint64_t seed, int64_t draw)
{
    int64_t first[ROWS], units = list_units(n_ks, codes, first), rows = 0;
    double sum = 0;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, seed, CONCEPTDEC_I_RNG_BOOTSTRAP, (uint64_t)draw);
    for (int64_t u = 0; u < units; u++) {
        int64_t row = first[conceptdec_i_rng_below(&rng, (uint64_t)units)];
        for (int64_t i = 0; i < ROWS; i++)
            if (!isnan(credit[i * n_ks]) && (codes ? codes[i] == codes[row] : i == row)) {
                sum += credit[i * n_ks + k];
                rows++;
            }
    }
    return sum / (double)rows;
}

static void
check_plainly(int64_t n_ks, const int64_t *codes)
{
    make_credits(n_ks);
    ck_assert_int_eq(run(n_ks, codes, 77), CONCEPTDEC_OK);
    for (int64_t draw = 0; draw < DRAWS; draw += 7)
        for (int64_t k = 0; k < n_ks; k++)
            ck_assert_double_eq(replicates[draw * n_ks + k], draw_plainly(n_ks, k, codes, 77, draw));
    for (int64_t k = 0; k < n_ks; k++) {
        double column[DRAWS], ends[2];
        for (int64_t draw = 0; draw < DRAWS; draw++)
            column[draw] = replicates[draw * n_ks + k];
        conceptdec_i_percentile_interval(column, DRAWS, 0.9, &ends[0], &ends[1]);
        ck_assert_double_eq(low[k], ends[0]);
        ck_assert_double_eq(high[k], ends[1]);
        ck_assert_double_lt(low[k], high[k]);
    }
}

START_TEST(rows_equal_the_plain_bootstrap)
{
    check_plainly(1, NULL);
    check_plainly(3, NULL);
    check_plainly(4, NULL);
    check_plainly(KS, NULL);
}
END_TEST

START_TEST(groups_equal_the_plain_bootstrap)
{
    check_plainly(1, groups);
    check_plainly(2, groups);
    check_plainly(KS, groups);
}
END_TEST

START_TEST(replicates_have_the_spread_of_a_mean)
{
    enum { MANY = 4000 };
    static double many[MANY];
    double mean = 0, variance = 0, mean_of_draws = 0, variance_of_draws = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        credit[i] = sin((double)i);
        mean += credit[i] / ROWS;
    }
    ck_assert_int_eq(conceptdec_i_bootstrap(ctx, ROWS, 1, credit, NULL, MANY, 0.95, 5, many, low, high), CONCEPTDEC_OK);
    for (int64_t i = 0; i < ROWS; i++)
        variance += (credit[i] - mean) * (credit[i] - mean) / ROWS;
    for (int64_t draw = 0; draw < MANY; draw++)
        mean_of_draws += many[draw] / MANY;
    for (int64_t draw = 0; draw < MANY; draw++)
        variance_of_draws += (many[draw] - mean_of_draws) * (many[draw] - mean_of_draws) / MANY;
    double error = sqrt(variance / ROWS);
    ck_assert_double_lt(fabs(mean_of_draws - mean), 5 * error / sqrt(MANY));
    ck_assert_double_lt(fabs(variance_of_draws / (error * error) - 1), 0.12);
    ck_assert_double_lt(fabs(low[0] - (mean - 1.96 * error)), 0.15 * error);
    ck_assert_double_lt(fabs(high[0] - (mean + 1.96 * error)), 0.15 * error);
}
END_TEST

START_TEST(threads_and_codes_do_not_matter)
{
    static double first[DRAWS * KS];
    double ends[2 * KS];
    make_credits(KS);
    for (int64_t i = 0; i < ROWS * KS; i++)
        credit[i] = isnan(credit[i]) ? credit[i] : cos((double)i); /* sums now depend on their order */
    ck_assert_int_eq(run(KS, groups, 3), CONCEPTDEC_OK);
    memcpy(first, replicates, sizeof first);
    memcpy(ends, low, sizeof low);
    memcpy(ends + KS, high, sizeof high);
    for (int64_t i = 0; i < ROWS; i++)
        groups[i] = ~groups[i] * 1048576;
    const int32_t threads[] = {1, 2, 3, 5, 16};
    for (int i = 0; i < 5; i++) {
        conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads[i]};
        conceptdec_ctx_free(ctx);
        ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
        ck_assert_int_eq(run(KS, groups, 3), CONCEPTDEC_OK);
        ck_assert_mem_eq(first, replicates, sizeof first);
        ck_assert_mem_eq(ends, low, sizeof low);
        ck_assert_mem_eq(ends + KS, high, sizeof high);
    }
    ck_assert_int_eq(run(KS, groups, 4), CONCEPTDEC_OK);
    ck_assert_mem_ne(first, replicates, sizeof first);
}
END_TEST

START_TEST(many_rows)
{
    enum { MANY = 150000 };
    void *memory;
    double ends[2], draws[3];
    ck_assert_int_eq(conceptdec_i_take(ctx, "test", MANY, sizeof(double), &memory), CONCEPTDEC_OK);
    double *credits = memory;
    for (int64_t i = 0; i < MANY; i++)
        credits[i] = (double)(i % 8) / 8;
    ck_assert_int_eq(conceptdec_i_bootstrap(ctx, MANY, 1, credits, NULL, 3, 0.5, 9, draws, &ends[0], &ends[1]),
                     CONCEPTDEC_OK);
    for (uint64_t draw = 0; draw < 3; draw++) {
        double sum = 0;
        conceptdec_i_rng rng;
        conceptdec_i_rng_start(&rng, 9, CONCEPTDEC_I_RNG_BOOTSTRAP, draw);
        for (int64_t i = 0; i < MANY; i++)
            sum += credits[conceptdec_i_rng_below(&rng, MANY)];
        ck_assert_double_eq(draws[draw], sum / MANY);
    }
    ck_assert_int_eq(conceptdec_i_bootstrap_tasks(MANY, 3), 3);
    ck_assert_int_eq(conceptdec_i_bootstrap_tasks(ROWS, 17), 3);
    conceptdec_i_give(ctx, memory);
}
END_TEST

START_TEST(nothing_scored)
{
    for (int64_t i = 0; i < ROWS * 2; i++)
        credit[i] = (double)NAN;
    ck_assert_int_eq(run(2, NULL, 0), CONCEPTDEC_OK);
    ck_assert(isnan(low[0]) && isnan(high[1]));
    for (int64_t i = 0; i < DRAWS * 2; i++)
        ck_assert(isnan(replicates[i]));
}
END_TEST

START_TEST(a_single_unit_has_no_spread)
{
    make_credits(1);
    for (int64_t i = 0; i < ROWS; i++)
        groups[i] = 3;
    ck_assert_int_eq(run(1, groups, 0), CONCEPTDEC_OK);
    ck_assert_double_eq(low[0], high[0]);
    ck_assert_double_eq(low[0], replicates[0]);
}
END_TEST

/* ---- quantiles ---- */

static void
check_interval(int64_t n, const double *values, double confidence, double expected_low, double expected_high)
{
    double copy[101], ends[2];
    memcpy(copy, values, (size_t)n * sizeof *copy);
    conceptdec_i_percentile_interval(copy, n, confidence, &ends[0], &ends[1]);
    ck_assert_double_eq_tol(ends[0], expected_low, 1e-12);
    ck_assert_double_eq_tol(ends[1], expected_high, 1e-12);
}

START_TEST(known_quantiles)
{
    double ladder[101], ends[2];
    const double four[] = {4, 1, 3, 2}, one[] = {7}, five[] = {1e9, -2, 5, 0.5, -2};
    for (int i = 0; i <= 100; i++)
        ladder[i] = (i * 37) % 101;
    check_interval(101, ladder, 0.9, 5, 95);
    check_interval(101, ladder, 0.95, 2.5, 97.5);
    check_interval(4, four, 0.5, 1.75, 3.25); /* numpy.quantile([1, 2, 3, 4], [0.25, 0.75]) */
    check_interval(5, five, 0.5, -2, 5);
    check_interval(1, one, 0.95, 7, 7);
    ck_assert_int_eq(conceptdec_i_percentile_interval(ladder, 0, 0.9, &ends[0], &ends[1]), 0);
    ck_assert(isnan(ends[0]) && isnan(ends[1]));
}
END_TEST

/* Up to a tenth is left out; then bias and ends are those of the others. */
START_TEST(undefined_draws)
{
    double values[20], bias, ends[2];
    for (int undefined = 0; undefined <= 3; undefined++) {
        for (int i = 0; i < 20; i++)
            values[i] = i % 7 == 3 && i / 7 < undefined ? (double)NAN : 2 + i % 2;
        ck_assert_int_eq(conceptdec_i_shifted_interval(values, 20, 2, 0.5, &bias, &ends[0], &ends[1]), undefined);
        if (undefined == 3) {
            ck_assert(isnan(bias) && isnan(ends[0]) && isnan(ends[1]));
            continue;
        }
        const double wanted = undefined == 1 ? 9.0 / 19 : 0.5; /* rows 3, 10 and 17 are odd, even and odd */
        ck_assert_double_eq_tol(bias, wanted, 1e-15);
        ck_assert_double_eq_tol(ends[0], 2 - wanted, 1e-15);
        ck_assert_double_eq_tol(ends[1], 3 - wanted, 1e-15);
    }
}
END_TEST

static Suite *
bootstrap_suite(void)
{
    Suite *suite = suite_create("bootstrap");
    TCase *draws = tcase_create("draws"), *quantiles = tcase_create("quantiles");
    tcase_add_checked_fixture(draws, setup, teardown);
    tcase_add_test(draws, rows_equal_the_plain_bootstrap);
    tcase_add_test(draws, groups_equal_the_plain_bootstrap);
    tcase_add_test(draws, replicates_have_the_spread_of_a_mean);
    tcase_add_test(draws, threads_and_codes_do_not_matter);
    tcase_add_test(draws, many_rows);
    tcase_add_test(draws, nothing_scored);
    tcase_add_test(draws, a_single_unit_has_no_spread);
    tcase_add_test(quantiles, known_quantiles);
    tcase_add_test(quantiles, undefined_draws);
    suite_add_tcase(suite, draws);
    suite_add_tcase(suite, quantiles);
    return suite;
}

CHECK_MAIN(bootstrap_suite)
