/* Principal components against LAPACK's singular values, on spectra that fall steeply, by the ratios of LAPACK's own
 * tests: an error divided by what rounding allows. */
#include <lapacke.h>

#include "check_main.h"
#include "projection_problems.h"

#define MOST_RATIO 30
#define EPS 0x1p-53

static conceptdec_ctx *ctx;

static void
setup(void)
{
    ctx = projection_ctx(2);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static const struct {
    int64_t n, d;
    double slope; /* sigma_i = 10^(-slope * i) */
} cases[] = {{60, 40, 0.05}, {60, 40, 0.2}, {60, 40, 0.4}, {30, 70, 0.3}, {150, 20, 0.7}, {41, 40, 0.1}};

enum { CASES = sizeof cases / sizeof *cases };

typedef struct problem {
    int64_t n, d, terms;
    double *x, *centred, *sigma; /* sigma: by LAPACK, of the centred rows */
} problem;

static void
open_problem(problem *p, int number)
{
    double made[80], mean[80];
    *p = (problem){.n = cases[number].n, .d = cases[number].d};
    p->terms = p->n - 1 < p->d ? p->n - 1 : p->d;
    for (int64_t k = 0; k < 80; k++) {
        made[k] = pow(10, -cases[number].slope * (double)k);
        mean[k] = 0;
    }
    size_t size = (size_t)(p->n * p->d) * sizeof(double);
    p->x = projection_spectrum(p->n, p->d, p->terms, made, mean, NULL);
    p->centred = malloc(size);
    p->sigma = malloc(sizeof(double) * 80);
    memcpy(p->centred, p->x, size);
    for (int64_t j = 0; j < p->d; j++) {
        long double sum = 0;
        for (int64_t i = 0; i < p->n; i++)
            sum += (long double)p->x[i * p->d + j];
        for (int64_t i = 0; i < p->n; i++)
            p->centred[i * p->d + j] = (double)((long double)p->x[i * p->d + j] - sum / (long double)p->n);
    }
    double *copy = malloc(size), unused;
    memcpy(copy, p->centred, size);
    int info =
        LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', (int)p->d, (int)p->n, copy, (int)p->d, p->sigma, &unused, 1, &unused, 1);
    ck_assert_int_eq(info, 0);
    free(copy);
}

static void
close_problem(problem *p)
{
    free(p->x);
    free(p->centred);
    free(p->sigma);
}

/* |V V' - 1| / (d eps) */
static double
orthogonality_ratio(const double *v, int64_t r, int64_t d)
{
    double most = 0;
    for (int64_t k = 0; k < r; k++) {
        double sum = 0;
        for (int64_t l = 0; l < r; l++) {
            long double dot = 0;
            for (int64_t j = 0; j < d; j++)
                dot += (long double)v[k * d + j] * (long double)v[l * d + j];
            sum += fabs((double)dot - (k == l));
        }
        most = fmax(most, sum);
    }
    return most / ((double)d * EPS);
}

/* The largest |A'(A v) - s^2 v| / (s_1^2 n eps): the second moments of the rows. */
static double
residual_ratio(const problem *p, const double *v, const double *s, int64_t r)
{
    double most = 0;
    for (int64_t k = 0; k < r; k++) {
        long double along[200], square = 0;
        for (int64_t i = 0; i < p->n; i++) {
            along[i] = 0;
            for (int64_t j = 0; j < p->d; j++)
                along[i] += (long double)p->centred[i * p->d + j] * (long double)v[k * p->d + j];
        }
        for (int64_t j = 0; j < p->d; j++) {
            long double off = -(long double)(s[k] * s[k]) * (long double)v[k * p->d + j];
            for (int64_t i = 0; i < p->n; i++)
                off += along[i] * (long double)p->centred[i * p->d + j];
            square += off * off;
        }
        most = fmax(most, sqrt((double)square));
    }
    double n = (double)(p->n > p->d ? p->n : p->d);
    return most / (p->sigma[0] * p->sigma[0] * n * EPS);
}

/* | |A v| - s | / (s_1 n eps): the rows themselves, to full precision. */
static double
value_ratio(const problem *p, const double *v, const double *s, int64_t r)
{
    double most = 0, n = (double)(p->n > p->d ? p->n : p->d);
    for (int64_t k = 0; k < r; k++) {
        long double square = 0;
        for (int64_t i = 0; i < p->n; i++) {
            long double along = 0;
            for (int64_t j = 0; j < p->d; j++)
                along += (long double)p->centred[i * p->d + j] * (long double)v[k * p->d + j];
            square += along * along;
        }
        most = fmax(most, fabs((double)sqrtl(square) - s[k]));
        most = fmax(most, fabs(p->sigma[k] - s[k]));
    }
    return most / (p->sigma[0] * n * EPS);
}

START_TEST(graded_spectra)
{
    const int32_t solver = 1 + _i % CONCEPTDEC_PCA_KRYLOV;
    problem p;
    open_problem(&p, _i / CONCEPTDEC_PCA_KRYLOV);
    const conceptdec_matrix view = projection_view(p.x, p.n, p.d);
    int64_t r = solver == CONCEPTDEC_PCA_KRYLOV ? 4 : p.terms;
    conceptdec_pca *pca = projection_fit(ctx, &view, solver, r, 0);
    const double *v = projection_get(pca, CONCEPTDEC_P_COMPONENTS),
                 *s = projection_get(pca, CONCEPTDEC_P_SINGULAR_VALUES);
    ck_assert_double_lt(orthogonality_ratio(v, r, p.d), MOST_RATIO);
    ck_assert_double_lt(residual_ratio(&p, v, s, r), MOST_RATIO);
    for (int64_t k = 0; k < r; k++) /* variances are squares */
        ck_assert_double_lt(fabs(s[k] * s[k] - p.sigma[k] * p.sigma[k]) / (p.sigma[0] * p.sigma[0] * (double)p.d * EPS),
                            MOST_RATIO);
    if (solver == CONCEPTDEC_PCA_SVD)
        ck_assert_double_lt(value_ratio(&p, v, s, r), MOST_RATIO);
    conceptdec_pca_free(pca);
    close_problem(&p);
}
END_TEST

/* What the library says of its own error is its error. */
START_TEST(residuals_are_those)
{
    const int32_t solver = 1 + _i;
    problem p;
    open_problem(&p, 0);
    float narrow[60 * 40];
    for (int64_t i = 0; i < p.n * p.d; i++) {
        narrow[i] = (float)p.centred[i];
        p.centred[i] = (double)narrow[i];
    }
    const conceptdec_matrix view = projection_view_f32(narrow, p.n, p.d);
    const conceptdec_pca_options o = {.struct_size = sizeof o,
                                      .n_components = 5,
                                      .solver = solver,
                                      .max_iterations = solver == CONCEPTDEC_PCA_KRYLOV ? 2 : 0,
                                      .tolerance = solver == CONCEPTDEC_PCA_KRYLOV ? 1e-1 : 0,
                                      .flags = CONCEPTDEC_PCA_UNCENTERED};
    conceptdec_pca *pca;
    ck_assert_int_eq(conceptdec_pca_new(ctx, &view, &o, &pca), CONCEPTDEC_OK);
    const double *v = projection_get(pca, CONCEPTDEC_P_COMPONENTS),
                 *s = projection_get(pca, CONCEPTDEC_P_SINGULAR_VALUES);
    for (int64_t k = 0; k < 5; k++) {
        double real = residual_ratio(&p, v + k * p.d, s + k, 1) * 60 * EPS;
        ck_assert_double_eq_tol(projection_get(pca, CONCEPTDEC_P_RESIDUAL)[k], real, 1e-6 + 0.02 * real);
    }
    conceptdec_pca_free(pca);
    close_problem(&p);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("pca");
    TCase *tests = tcase_create("pca");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, graded_spectra, 0, CASES * CONCEPTDEC_PCA_KRYLOV);
    tcase_add_loop_test(tests, residuals_are_those, 0, CONCEPTDEC_PCA_KRYLOV);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
