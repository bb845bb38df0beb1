/* Ridge regression without a penalty on the Statistical Reference Datasets of NIST: Longley, and Wampler1 to Wampler5, whose
 * values are integers or short decimals. Rows are centred as a space centres them. */
#include <stdio.h>

#include "check_main.h"
#include "closed_problems.h"

enum { LONGLEY_N = 16, LONGLEY_D = 6, WAMPLER_N = 21, WAMPLER_D = 5 };

static const double longley[LONGLEY_N][1 + LONGLEY_D] = {
    {60323, 83.0, 234289, 2356, 1590, 107608, 1947},  {61122, 88.5, 259426, 2325, 1456, 108632, 1948},
    {60171, 88.2, 258054, 3682, 1616, 109773, 1949},  {61187, 89.5, 284599, 3351, 1650, 110929, 1950},
    {63221, 96.2, 328975, 2099, 3099, 112075, 1951},  {63639, 98.1, 346999, 1932, 3594, 113270, 1952},
    {64989, 99.0, 365385, 1870, 3547, 115094, 1953},  {63761, 100.0, 363112, 3578, 3350, 116219, 1954},
    {66019, 101.2, 397469, 2904, 3048, 117388, 1955}, {67857, 104.6, 419180, 2822, 2857, 118734, 1956},
    {68169, 108.4, 442769, 2936, 2798, 120445, 1957}, {66513, 110.8, 444546, 4681, 2637, 121950, 1958},
    {68655, 112.6, 482704, 3813, 2552, 123366, 1959}, {69564, 114.2, 502601, 3931, 2514, 125368, 1960},
    {69331, 115.7, 518173, 4806, 2572, 127852, 1961}, {70551, 116.9, 554894, 4007, 2827, 130081, 1962}};

static const double longley_certified[1 + LONGLEY_D] = {-3482258.63459582, 15.0618722713733,   -0.0358191792925910,
                                                        -2.02022980381683, -1.03322686717359, -0.0511041056535807,
                                                        1829.15146461355};

/* What Wampler3 adds to the polynomial; Wampler4 and Wampler5 100 and 10000 times this. */
static const double wampler_added[WAMPLER_N] = {759,  -2048, 2048,  -2048, 2523,  -2048, 2048,  -2048, 1838, -2048, 2048,
                                                -2048, 1838, -2048, 2048,  -2048, 2523,  -2048, 2048,  -2048, 759};

static double
digits(const closed *p, const double *mean, const double *certified)
{
    double intercept = p->bias[0], worst = 16;
    for (int64_t j = 0; j < p->d; j++) {
        double error = fabs(p->w[j] - certified[j + 1]) / fabs(certified[j + 1]);
        worst = error > 0 ? fmin(worst, -log10(error)) : worst;
        intercept -= p->w[j] * mean[j];
    }
    double error = fabs(intercept - certified[0]) / fabs(certified[0]);
    return error > 0 ? fmin(worst, -log10(error)) : worst;
}

/* rows: n x (1 + d), the target first. */
static double
fit(int64_t n, int64_t d, const double *rows, const double *certified)
{
    closed p;
    double mean[CLOSED_MAX_D] = {0}, target[64];
    closed_open(&p, n, d, 2, true, 1);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            mean[j] += rows[i * (d + 1) + j + 1] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        target[i] = rows[i * (d + 1)];
        for (int64_t j = 0; j < d; j++)
            p.z[i * d + j] = rows[i * (d + 1) + j + 1] - mean[j];
    }
    closed_store(&p);
    const conceptdec_i_problem problem = {NULL, p.role, 0};
    closed_expect(&p, &problem, 1);
    ck_assert_int_eq(conceptdec_i_ridge_regress(&p.fitting, target, closed_hear, &p), CONCEPTDEC_OK);
    double result = digits(&p, mean, certified);
    closed_close(&p);
    return result;
}

START_TEST(longley_has_its_digits)
{
    double found = fit(LONGLEY_N, LONGLEY_D, &longley[0][0], longley_certified);
    if (getenv("STRD_DIGITS"))
        printf("Longley: %.1f digits\n", found);
    ck_assert_double_ge(found, 12);
}
END_TEST

START_TEST(wampler_has_its_digits)
{
    static const double least[] = {9, 11, 9, 7, 6};
    double rows[WAMPLER_N][1 + WAMPLER_D], certified[1 + WAMPLER_D], added = _i < 2 ? 0 : pow(100, _i - 2);
    for (int j = 0; j <= WAMPLER_D; j++)
        certified[j] = _i == 1 ? pow(10, -j) : 1;
    for (int i = 0; i < WAMPLER_N; i++) {
        double power = 1;
        rows[i][0] = added * wampler_added[i];
        for (int j = 0; j <= WAMPLER_D; j++) {
            rows[i][0] += _i == 1 ? power / pow(10, j) : power;
            if (j > 0)
                rows[i][j] = power;
            power *= i;
        }
    }
    double found = fit(WAMPLER_N, WAMPLER_D, &rows[0][0], certified);
    if (getenv("STRD_DIGITS"))
        printf("Wampler%d: %.1f digits\n", _i + 1, found);
    ck_assert_double_ge(found, least[_i]);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("strd");
    TCase *tests = tcase_create("strd");
    tcase_add_test(tests, longley_has_its_digits);
    tcase_add_loop_test(tests, wampler_has_its_digits, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
