/* Ridge regression without a penalty on the Statistical Reference Datasets of NIST: Longley, Wampler1 to Wampler5 and
 * Filip. Rows are centred as a space centres them. */
#include <stdio.h>

#include "check_main.h"
#include "closed_problems.h"

enum { LONGLEY_N = 16, LONGLEY_D = 6, WAMPLER_N = 21, WAMPLER_D = 5, FILIP_N = 82, FILIP_D = 10 };

static const double longley[LONGLEY_N][1 + LONGLEY_D] = {
    {60323, 83.0, 234289, 2356, 1590, 107608, 1947},  {61122, 88.5, 259426, 2325, 1456, 108632, 1948},
    {60171, 88.2, 258054, 3682, 1616, 109773, 1949},  {61187, 89.5, 284599, 3351, 1650, 110929, 1950},
    {63221, 96.2, 328975, 2099, 3099, 112075, 1951},  {63639, 98.1, 346999, 1932, 3594, 113270, 1952},
    {64989, 99.0, 365385, 1870, 3547, 115094, 1953},  {63761, 100.0, 363112, 3578, 3350, 116219, 1954},
    {66019, 101.2, 397469, 2904, 3048, 117388, 1955}, {67857, 104.6, 419180, 2822, 2857, 118734, 1956},
    {68169, 108.4, 442769, 2936, 2798, 120445, 1957}, {66513, 110.8, 444546, 4681, 2637, 121950, 1958},
    {68655, 112.6, 482704, 3813, 2552, 123366, 1959}, {69564, 114.2, 502601, 3931, 2514, 125368, 1960},
    {69331, 115.7, 518173, 4806, 2572, 127852, 1961}, {70551, 116.9, 554894, 4007, 2827, 130081, 1962}};

static const double longley_certified[1 + LONGLEY_D] = {-3482258.63459582, 15.0618722713733,  -0.0358191792925910,
                                                        -2.02022980381683, -1.03322686717359, -0.0511041056535807,
                                                        1829.15146461355};

/* What Wampler3 adds to the polynomial; Wampler4 and Wampler5 100 and 10000 times this. */
static const double wampler_added[WAMPLER_N] = {759,   -2048, 2048,  -2048, 2523,  -2048, 2048,
                                                -2048, 1838,  -2048, 2048,  -2048, 1838,  -2048,
                                                2048,  -2048, 2523,  -2048, 2048,  -2048, 759};

/* y and x of a polynomial of degree 10. */
static const double filip[FILIP_N][2] = {
    {0.8116, -6.860120914}, {0.9072, -4.324130045}, {0.9052, -4.358625055}, {0.9039, -4.358426747},
    {0.8053, -6.955852379}, {0.8377, -6.661145254}, {0.8667, -6.355462942}, {0.8809, -6.118102026},
    {0.7975, -7.115148017}, {0.8162, -6.815308569}, {0.8515, -6.519993057}, {0.8766, -6.204119983},
    {0.8885, -5.853871964}, {0.8859, -6.109523091}, {0.8959, -5.79832982},  {0.8913, -5.482672118},
    {0.8959, -5.171791386}, {0.8971, -4.851705903}, {0.9021, -4.517126416}, {0.909, -4.143573228},
    {0.9139, -3.709075441}, {0.9199, -3.499489089}, {0.8692, -6.300769497}, {0.8872, -5.953504836},
    {0.89, -5.642065153},   {0.891, -5.031376979},  {0.8977, -4.680685696}, {0.9035, -4.329846955},
    {0.9078, -3.928486195}, {0.7675, -8.56735134},  {0.7705, -8.363211311}, {0.7713, -8.107682739},
    {0.7736, -7.823908741}, {0.7775, -7.522878745}, {0.7841, -7.218819279}, {0.7971, -6.920818754},
    {0.8329, -6.628932138}, {0.8641, -6.323946875}, {0.8804, -5.991399828}, {0.7668, -8.781464495},
    {0.7633, -8.663140179}, {0.7678, -8.473531488}, {0.7697, -8.247337057}, {0.77, -7.971428747},
    {0.7749, -7.676129393}, {0.7796, -7.352812702}, {0.7897, -7.072065318}, {0.8131, -6.774174009},
    {0.8498, -6.478861916}, {0.8741, -6.159517513}, {0.8061, -6.835647144}, {0.846, -6.53165267},
    {0.8751, -6.224098421}, {0.8856, -5.910094889}, {0.8919, -5.598599459}, {0.8934, -5.290645224},
    {0.894, -4.974284616},  {0.8957, -4.64454848},  {0.9047, -4.290560426}, {0.9129, -3.885055584},
    {0.9209, -3.408378962}, {0.9219, -3.13200249},  {0.7739, -8.726767166}, {0.7681, -8.66695597},
    {0.7665, -8.511026475}, {0.7703, -8.165388579}, {0.7702, -7.886056648}, {0.7761, -7.588043762},
    {0.7809, -7.283412422}, {0.7961, -6.995678626}, {0.8253, -6.691862621}, {0.8602, -6.392544977},
    {0.8809, -6.067374056}, {0.8301, -6.684029655}, {0.8664, -6.378719832}, {0.8834, -6.065855188},
    {0.8898, -5.752272167}, {0.8964, -5.132414673}, {0.8963, -4.811352704}, {0.9074, -4.098269308},
    {0.9119, -3.66174277},  {0.9228, -3.2644011}};

static const double filip_deviation = 0.334801051324544e-02; /* certified: of the residuals, of which 71 are free */

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

/* Root of the mean square of the residuals that are free. */
static double
deviation(const closed *p, const double *target)
{
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++) {
        double residual = target[i] - p->bias[0];
        for (int64_t j = 0; j < p->d; j++)
            residual -= p->w[j] * p->z[i * p->d + j];
        sum += residual * residual;
    }
    return sqrt(sum / (double)(p->n - p->d - 1));
}

/* rows: n x (1 + d), the target first. certified: NULL: coefficients do not matter. */
static double
fit(int64_t n, int64_t d, const double *rows, const double *certified, double *spread)
{
    closed p;
    double mean[CLOSED_MAX_D] = {0}, target[128];
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
    double result = certified ? digits(&p, mean, certified) : (double)NAN;
    *spread = deviation(&p, target);
    closed_close(&p);
    return result;
}

START_TEST(longley_has_its_digits)
{
    double spread, found = fit(LONGLEY_N, LONGLEY_D, &longley[0][0], longley_certified, &spread);
    if (getenv("STRD_DIGITS"))
        printf("Longley: %.1f digits\n", found);
    ck_assert_double_ge(found, 12);
}
END_TEST

START_TEST(wampler_has_its_digits)
{
    static const double least[] = {9, 11, 9, 7, 5.5}; /* with any kernels of BLAS: the last has 5.9 to 7.0 */
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
    double spread, found = fit(WAMPLER_N, WAMPLER_D, &rows[0][0], certified, &spread);
    if (getenv("STRD_DIGITS"))
        printf("Wampler%d: %.1f digits\n", _i + 1, found);
    ck_assert_double_ge(found, least[_i]);
}
END_TEST

/* In powers of x itself second moments are singular to double precision: that is seen, and the least norm taken. In
 * powers of x moved and scaled to -1..1 the polynomial is the same, and so are its residuals. */
START_TEST(filip_has_its_residuals)
{
    const double middle = _i == 0 ? 0 : -5.95674, half = _i == 0 ? 1 : 2.8248;
    double rows[FILIP_N][1 + FILIP_D], spread;
    for (int i = 0; i < FILIP_N; i++) {
        double x = (filip[i][1] - middle) / half;
        rows[i][0] = filip[i][0];
        for (int j = 1; j <= FILIP_D; j++)
            rows[i][j] = j == 1 ? x : rows[i][j - 1] * x;
    }
    (void)fit(FILIP_N, FILIP_D, &rows[0][0], NULL, &spread);
    double found = -log10(fabs(spread - filip_deviation) / filip_deviation);
    if (getenv("STRD_DIGITS"))
        printf("Filip, %s: %.1f digits of the deviation, %.15g\n", _i == 0 ? "as it is" : "scaled", found, spread);
    ck_assert_double_ge(spread, filip_deviation * (1 - 1e-12));
    ck_assert_double_le(spread, _i == 0 ? 0.01 : filip_deviation * (1 + 1e-12));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("strd");
    TCase *tests = tcase_create("strd");
    tcase_add_test(tests, longley_has_its_digits);
    tcase_add_loop_test(tests, wampler_has_its_digits, 0, 5);
    tcase_add_loop_test(tests, filip_has_its_residuals, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
