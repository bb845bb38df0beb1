/* Principal components: small cases by hand, options, what is not defined, files. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>

#include "check_main.h"
#include "io/record.h"
#include "linalg/passes.h"
#include "projection/pca.h"
#include "projection_problems.h"

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

static double
number(const conceptdec_pca *pca, const char *name, int64_t at)
{
    return projection_get(pca, name)[at];
}

/* Four corners of a rhombus about (10, 20): along (1, 1) at 2 and along (1, -1) at 1, times the root of 2. */
static const double rhombus[] = {12, 22, 8, 18, 11, 19, 9, 21};

START_TEST(rhombus_by_hand)
{
    const conceptdec_matrix x = projection_view(rhombus, 4, 2);
    conceptdec_pca *p = projection_fit(ctx, &x, 1 + _i, 0, 0);
    const double *v = projection_get(p, CONCEPTDEC_P_COMPONENTS),
                 *variance = projection_get(p, CONCEPTDEC_P_EXPLAINED_VARIANCE);
    ck_assert_double_eq_tol(variance[0], 16.0 / 3, 1e-13);
    ck_assert_double_eq_tol(variance[1], 4.0 / 3, 1e-13);
    ck_assert_double_eq_tol(v[0], sqrt(0.5), 1e-13);
    ck_assert_double_eq_tol(v[1], sqrt(0.5), 1e-13);
    ck_assert_double_eq_tol(v[2], sqrt(0.5), 1e-13); /* of equal magnitudes the first is positive */
    ck_assert_double_eq_tol(v[3], -sqrt(0.5), 1e-13);
    ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO, 0), 0.8, 1e-13);
    ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_SINGULAR_VALUES, 1), 2, 1e-13);
    ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_EIGEN_GAP, 0), 0.75, 1e-13);
    ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_EIGEN_GAP, 1), 0.75, 1e-13);
    ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_TOTAL_VARIANCE, 0), 20.0 / 3, 1e-13);
    ck_assert(number(p, CONCEPTDEC_P_MEAN, 0) == 10 && number(p, CONCEPTDEC_P_MEAN, 1) == 20);
    ck_assert(number(p, CONCEPTDEC_P_SCALE, 0) == 1 && number(p, CONCEPTDEC_P_RESIDUAL, 1) < 1e-14);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_N_SAMPLES), 4);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_SOLVER), 1 + _i);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_CONVERGED), 1);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_ITERATIONS) > 0, 1 + _i == CONCEPTDEC_PCA_KRYLOV);
    conceptdec_pca_free(p);
}
END_TEST

START_TEST(flags_by_hand)
{
    static const double values[] = {1, 5, 3, 5, 5, 5}; /* the second never changes */
    const conceptdec_matrix x = projection_view(values, 3, 2);
    for (int32_t solver = 1; solver <= CONCEPTDEC_PCA_KRYLOV; solver++) {
        conceptdec_pca *p = projection_fit(ctx, &x, solver, 1, CONCEPTDEC_PCA_STANDARDIZE);
        ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_SCALE, 0), sqrt(8.0 / 3), 1e-14);
        ck_assert(number(p, CONCEPTDEC_P_SCALE, 1) == 1);
        ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_EXPLAINED_VARIANCE, 0), 1.5, 1e-13);
        ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_COMPONENTS, 0), 1, 1e-13);
        conceptdec_pca_free(p);
        p = projection_fit(ctx, &x, solver, 2, CONCEPTDEC_PCA_UNCENTERED);
        ck_assert(number(p, CONCEPTDEC_P_MEAN, 0) == 0 && number(p, CONCEPTDEC_P_MEAN, 1) == 0);
        ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_TOTAL_VARIANCE, 0), 55, 1e-12); /* 35 and 75 by 2 */
        ck_assert_double_eq_tol(number(p, CONCEPTDEC_P_EXPLAINED_VARIANCE, 0), (55 + sqrt(400 + 45 * 45)) / 2, 1e-12);
        conceptdec_pca_free(p);
    }
}
END_TEST

static const double *
project(const conceptdec_pca *p, const conceptdec_matrix *view, bool back, conceptdec_result **result)
{
    conceptdec_array array;
    conceptdec_status status =
        back ? conceptdec_pca_inverse_transform(ctx, p, view, result) : conceptdec_pca_transform(ctx, p, view, result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_result_get(*result, back ? "reconstructed" : "transformed", &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.shape[0], view->rows);
    return array.data;
}

START_TEST(there_and_back_by_hand)
{
    const conceptdec_matrix x = projection_view(rhombus, 4, 2);
    for (uint32_t whiten = 0; whiten <= CONCEPTDEC_PCA_WHITEN; whiten += CONCEPTDEC_PCA_WHITEN) {
        conceptdec_pca *p = projection_fit(ctx, &x, CONCEPTDEC_PCA_COVARIANCE, 1, whiten);
        conceptdec_result *there, *back;
        const double *z = project(p, &x, false, &there), length = whiten ? sqrt(16.0 / 3) : 1;
        ck_assert_double_eq_tol(z[0], 2 * sqrt(2) / length, 1e-13);
        ck_assert_double_eq_tol(z[1], -2 * sqrt(2) / length, 1e-13);
        ck_assert_double_eq_tol(z[2], 0, 1e-13);
        const conceptdec_matrix coordinates = projection_view(z, 4, 1);
        const double *y = project(p, &coordinates, true, &back);
        ck_assert_double_eq_tol(y[1], 22, 1e-12);
        ck_assert_double_eq_tol(y[4], 10, 1e-12); /* what lies across is gone */
        ck_assert_double_eq_tol(y[5], 20, 1e-12);
        conceptdec_result_free(there);
        conceptdec_result_free(back);
        conceptdec_pca_free(p);
    }
}
END_TEST

/* Rows that never change have no directions, no shares, and nothing that is not a number but these. */
/* Finite rows and coordinates whose answers are not. */
START_TEST(beyond_float64)
{
    static const double far[] = {0, 0, 1.5e308, 1.5e308};
    const conceptdec_matrix x = projection_view(rhombus, 4, 2), y = projection_view(far, 2, 2);
    conceptdec_pca *p = projection_fit(ctx, &x, 0, 0, 0);
    conceptdec_result *result = NULL;
    ck_assert_int_eq(conceptdec_pca_transform(ctx, p, &y, &result), CONCEPTDEC_EOVERFLOW);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "x: row 1 leads beyond float64");
    ck_assert_int_eq(conceptdec_pca_inverse_transform(ctx, p, &y, &result), CONCEPTDEC_EOVERFLOW);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "z: row 1 leads beyond float64");
    ck_assert_ptr_null(result);
    conceptdec_pca_free(p);
}
END_TEST

START_TEST(no_variance)
{
    double values[12];
    for (int i = 0; i < 12; i++)
        values[i] = 2.5;
    const conceptdec_matrix x = projection_view(values, 4, 3);
    conceptdec_pca *p = projection_fit(ctx, &x, _i, 3, _i % 2 ? 0 : CONCEPTDEC_PCA_STANDARDIZE | CONCEPTDEC_PCA_WHITEN);
    const double *v = projection_get(p, CONCEPTDEC_P_COMPONENTS);
    conceptdec_result *result;
    for (int k = 0; k < 3; k++) {
        ck_assert(number(p, CONCEPTDEC_P_EXPLAINED_VARIANCE, k) == 0 && number(p, CONCEPTDEC_P_EIGEN_GAP, k) == 0);
        ck_assert(number(p, CONCEPTDEC_P_RESIDUAL, k) == 0 &&
                  isnan(number(p, CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO, k)));
        for (int l = 0; l < 3; l++)
            ck_assert_double_eq_tol(v[3 * k] * v[3 * l] + v[3 * k + 1] * v[3 * l + 1] + v[3 * k + 2] * v[3 * l + 2],
                                    k == l, 1e-14);
    }
    ck_assert(number(p, CONCEPTDEC_P_TOTAL_VARIANCE, 0) == 0);
    ck_assert(project(p, &x, false, &result)[5] == 0);
    conceptdec_result_free(result);
    conceptdec_pca_free(p);
}
END_TEST

/* Beyond the rank components are orthonormal all the same, their variance is rounding, and whitening leaves them
 * alone. */
START_TEST(beyond_the_rank)
{
    enum { N = 30, D = 12, RANK = 3 };
    static const double sigma[] = {5, 2, 1};
    double *x = projection_spectrum(N, D, RANK, sigma, NULL, NULL);
    const conceptdec_matrix view = projection_view(x, _i % 2 ? N : 8, D);
    for (int32_t solver = 1; solver <= CONCEPTDEC_PCA_KRYLOV; solver++) {
        int64_t r = view.rows < D ? view.rows : D;
        conceptdec_pca *p = projection_fit(ctx, &view, solver, r, CONCEPTDEC_PCA_WHITEN);
        const double *v = projection_get(p, CONCEPTDEC_P_COMPONENTS);
        conceptdec_result *result;
        for (int64_t k = 0; k < r; k++)
            for (int64_t l = 0; l <= k; l++) {
                double dot = 0;
                for (int64_t j = 0; j < D; j++)
                    dot += v[k * D + j] * v[l * D + j];
                ck_assert_double_eq_tol(dot, k == l, 1e-13);
            }
        ck_assert(number(p, CONCEPTDEC_P_EXPLAINED_VARIANCE, 2) > 1e-3);
        ck_assert(number(p, CONCEPTDEC_P_EXPLAINED_VARIANCE, 3) < 1e-13);
        ck_assert(fabs(project(p, &view, false, &result)[4]) < 1e-6);
        conceptdec_result_free(result);
        conceptdec_pca_free(p);
    }
    free(x);
}
END_TEST

/* Powers of two change nothing but the size of the answer, up to the ends of the range. */
START_TEST(any_size)
{
    enum { N = 40, D = 9 };
    static const double sizes[] = {0x1p-480, 0x1p-100, 0x1p100, 0x1p480};
    double x[N * D], scaled[N * D];
    float narrow[N * D], narrow_scaled[N * D];
    for (int i = 0; i < N * D; i++) {
        x[i] = projection_uniform() * (1 + i % D);
        narrow[i] = (float)x[i];
    }
    for (int i = 0; i < N * D; i++) {
        scaled[i] = x[i] * sizes[_i];
        narrow_scaled[i] = narrow[i] * (sizes[_i] < 1 ? 0x1p-100f : 0x1p100f);
    }
    const conceptdec_matrix one[] = {projection_view(x, N, D), projection_view_f32(narrow, N, D)};
    const conceptdec_matrix other[] = {projection_view(scaled, N, D), projection_view_f32(narrow_scaled, N, D)};
    for (int32_t solver = 1; solver <= CONCEPTDEC_PCA_SVD; solver++)
        for (int is_narrow = 0; is_narrow < 2; is_narrow++) {
            double size = !is_narrow ? sizes[_i] : sizes[_i] < 1 ? 0x1p-100 : 0x1p100;
            conceptdec_pca *a = projection_fit(ctx, &one[is_narrow], solver, 0, 0);
            conceptdec_pca *b = projection_fit(ctx, &other[is_narrow], solver, 0, 0);
            ck_assert_mem_eq(projection_get(a, CONCEPTDEC_P_COMPONENTS), projection_get(b, CONCEPTDEC_P_COMPONENTS),
                             D * D * 8);
            ck_assert(number(a, CONCEPTDEC_P_EXPLAINED_VARIANCE, D - 1) * size * size ==
                      number(b, CONCEPTDEC_P_EXPLAINED_VARIANCE, D - 1));
            conceptdec_pca_free(a);
            conceptdec_pca_free(b);
        }
}
END_TEST

/* Few components of what is large, and what memory does not allow, are found by a Krylov space; where it may not
 * converge the exact solver answers. */
START_TEST(solver_is_chosen)
{
    enum { N = 1100, D = 1010 };
    float *x = malloc((size_t)N * D * sizeof *x);
    for (int64_t i = 0; i < N * D; i++)
        x[i] = (float)(projection_uniform() / (1.0 + (double)(i % D)));
    const struct {
        int64_t n, d, components, memory, max_iterations, solver;
    } cases[] = {
        {N, 20, 2, 0, 0, CONCEPTDEC_PCA_COVARIANCE},    {20, D, 2, 0, 0, CONCEPTDEC_PCA_GRAM},
        {N, D, 3, 0, 0, CONCEPTDEC_PCA_KRYLOV},         {N, D, 3, 0, 1, CONCEPTDEC_PCA_COVARIANCE},
        {N, 600, 3, 1 << 22, 0, CONCEPTDEC_PCA_KRYLOV},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const conceptdec_pca_options o = {.struct_size = sizeof o,
                                          .n_components = cases[i].components,
                                          .memory = cases[i].memory,
                                          .max_iterations = cases[i].max_iterations};
        conceptdec_matrix view = projection_view_f32(x, cases[i].n, D);
        conceptdec_pca *p;
        view.cols = cases[i].d;
        ck_assert_int_eq(conceptdec_pca_new(ctx, &view, &o, &p), CONCEPTDEC_OK);
        ck_assert_msg(projection_number(p, CONCEPTDEC_P_SOLVER) == cases[i].solver, "case %d", (int)i);
        ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_CONVERGED), 1);
        conceptdec_pca_free(p);
    }
    free(x);
}
END_TEST

static conceptdec_pca *
fit_sharply(const conceptdec_matrix *x, uint32_t flags, int64_t memory)
{
    const conceptdec_pca_options o = {.struct_size = sizeof o,
                                      .n_components = 20,
                                      .memory = memory,
                                      .solver = CONCEPTDEC_PCA_KRYLOV,
                                      .tolerance = 1e-10,
                                      .flags = flags};
    conceptdec_pca *p;
    ck_assert_msg(conceptdec_pca_new(ctx, x, &o, &p) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return p;
}

/* Where it is the faster one, the Krylov space is that of the covariance, which products in float64 know exactly; where
 * memory does not allow that, products are with the rows, in float32. */
START_TEST(krylov_forms_a_covariance)
{
    enum { N = 3000, D = 1010, COUNT = 20 };
    const uint32_t flags[] = {0, CONCEPTDEC_PCA_UNCENTERED, CONCEPTDEC_PCA_STANDARDIZE};
    float *x = malloc((size_t)N * D * sizeof *x);
    for (int64_t i = 0; i < N * D; i++)
        x[i] = (float)(projection_uniform() / (1.0 + (double)(i % D)) + 0.01);
    for (int64_t i = 0; i < N * D; i++)
        x[i] += i % D < COUNT + 1 ? 0 : (float)(i % D % 7) * x[i / D * D + i % D % COUNT];
    const conceptdec_matrix view = projection_view_f32(x, N, D);
    conceptdec_pca *exact = projection_fit(ctx, &view, CONCEPTDEC_PCA_COVARIANCE, COUNT, flags[_i]);
    conceptdec_pca *formed = fit_sharply(&view, flags[_i], 0), *of_rows = fit_sharply(&view, flags[_i], 7 << 20);
    const double *values = projection_get(exact, CONCEPTDEC_P_EXPLAINED_VARIANCE);
    const double *residual = projection_get(formed, CONCEPTDEC_P_RESIDUAL);
    const double total = projection_get(exact, CONCEPTDEC_P_TOTAL_VARIANCE)[0];
    ck_assert_int_eq(projection_number(formed, CONCEPTDEC_P_SOLVER), CONCEPTDEC_PCA_KRYLOV);
    ck_assert_int_eq(projection_number(formed, CONCEPTDEC_P_CONVERGED), 1);
    ck_assert_int_gt(projection_number(formed, CONCEPTDEC_P_ITERATIONS), 2);
    ck_assert_int_eq(projection_number(of_rows, CONCEPTDEC_P_CONVERGED), 0);
    ck_assert_double_le(fabs(projection_get(formed, CONCEPTDEC_P_TOTAL_VARIANCE)[0] - total), 1e-12 * total);
    for (int64_t k = 0; k < COUNT; k++) {
        ck_assert_double_le(residual[k], 1e-10);
        ck_assert_double_le(fabs(projection_get(formed, CONCEPTDEC_P_EXPLAINED_VARIANCE)[k] - values[k]),
                            1e-12 * values[0]);
        ck_assert_double_le(fabs(projection_get(of_rows, CONCEPTDEC_P_EXPLAINED_VARIANCE)[k] - values[k]),
                            1e-6 * values[0]);
    }
    conceptdec_pca_free(of_rows);
    conceptdec_pca_free(formed);
    conceptdec_pca_free(exact);
    free(x);
}
END_TEST

/* Of so many rows products would take longer than the exact solver; of their covariance they do not. */
START_TEST(covariance_is_formed_where_rows_are_many)
{
    enum { N = 18000, D = 1010, COUNT = 60 };
    const conceptdec_pca_options o = {.struct_size = sizeof o, .n_components = COUNT, .tolerance = 1e-7};
    float *x = malloc((size_t)N * D * sizeof *x);
    conceptdec_pca *p;
    for (int64_t i = 0; i < N * D; i++)
        x[i] = (float)(projection_uniform() / sqrt(1.0 + (double)(i % D)));
    const conceptdec_matrix view = projection_view_f32(x, N, D);
    ck_assert_int_eq(conceptdec_pca_new(ctx, &view, &o, &p), CONCEPTDEC_OK);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_SOLVER), CONCEPTDEC_PCA_KRYLOV);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_CONVERGED), 1);
    for (int64_t k = 0; k < COUNT; k++)
        ck_assert_double_le(number(p, CONCEPTDEC_P_RESIDUAL, k), 1e-7);
    conceptdec_pca_free(p);
    free(x);
}
END_TEST

/* Where memory refuses the exact solver, but not a covariance, the Krylov space is that of the covariance: float32 rows
 * would not meet such a tolerance. */
START_TEST(covariance_is_formed_where_the_exact_solver_is_refused)
{
    enum { N = 2400, D = 1010, COUNT = 60 };
    conceptdec_pca_options o = {.struct_size = sizeof o, .n_components = COUNT, .solver = CONCEPTDEC_PCA_COVARIANCE};
    float *x = malloc((size_t)N * D * sizeof *x);
    long long needed;
    conceptdec_pca *p;
    for (int64_t i = 0; i < N * D; i++)
        x[i] = (float)(projection_uniform() / (1.0 + (double)(i % D)) + 0.01);
    const conceptdec_matrix view = projection_view_f32(x, N, D);
    o.memory = 1;
    ck_assert_int_eq(conceptdec_pca_new(ctx, &view, &o, &p), CONCEPTDEC_ENOMEM);
    ck_assert_int_eq(sscanf(conceptdec_ctx_error(ctx), "memory: solver %*s needs %lld bytes", &needed), 1);
    o.solver = CONCEPTDEC_PCA_AUTO;
    o.tolerance = 1e-10;
    o.memory = needed - 1;
    ck_assert_int_eq(conceptdec_pca_new(ctx, &view, &o, &p), CONCEPTDEC_OK);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_SOLVER), CONCEPTDEC_PCA_KRYLOV);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_CONVERGED), 1);
    for (int64_t k = 0; k < COUNT; k++)
        ck_assert_double_le(number(p, CONCEPTDEC_P_RESIDUAL, k), 1e-10);
    conceptdec_pca_free(p);
    free(x);
}
END_TEST

/* The trace comes with the means, unless the first row is so far from them that digits would be lost. */
START_TEST(total_variance_is_exact)
{
    enum { N = 20000, D = 5 };
    const uint32_t flags[] = {0, CONCEPTDEC_PCA_UNCENTERED, CONCEPTDEC_PCA_STANDARDIZE};
    static float x[N * D];
    for (int64_t i = 0; i < N * D; i++)
        x[i] = (float)(projection_uniform() * (double)(1 + i % D) + 3);
    x[0] = _i / 3 ? 5000.3f : x[0];
    const conceptdec_matrix view = projection_view_f32(x, N, D);
    conceptdec_pca *p = projection_fit(ctx, &view, CONCEPTDEC_PCA_KRYLOV, 2, flags[_i % 3]);
    const double *mean = projection_get(p, CONCEPTDEC_P_MEAN), *scale = projection_get(p, CONCEPTDEC_P_SCALE);
    long double total = 0;
    for (int64_t i = 0; i < N * D; i++) {
        const long double off = ((long double)x[i] - (long double)mean[i % D]) / (long double)scale[i % D];
        total += off * off / (N - 1);
    }
    ck_assert_double_le(fabs(number(p, CONCEPTDEC_P_TOTAL_VARIANCE, 0) - (double)total), 2e-13 * (double)total);
    conceptdec_pca_free(p);
}
END_TEST

/* ---- memory ---- */

/* Blocks with their size before them; what they hold at first is not a number. */
typedef struct {
    int64_t live, peak;
} tally;

enum { AHEAD = 64 };

static void *
tally_allocate(void *user, uint64_t size)
{
    tally *t = user;
    char *memory = aligned_alloc(AHEAD, (size + AHEAD + AHEAD - 1) / AHEAD * AHEAD);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 0xff, size + AHEAD);
    memcpy(memory, &size, sizeof size);
    t->live += (int64_t)size;
    t->peak = t->live > t->peak ? t->live : t->peak;
    return memory + AHEAD;
}

static void
tally_release(void *user, void *memory)
{
    tally *t = user;
    uint64_t size;
    memcpy(&size, (char *)memory - AHEAD, sizeof size);
    t->live -= (int64_t)size;
    free((char *)memory - AHEAD);
}

/* The memory of a fit beside its answer and the buffers of lanes; -1: refused, and then *needed says what is needed. */
static int64_t
peak_of(const conceptdec_matrix *x, int32_t solver, int64_t components, int64_t memory, int64_t *needed)
{
    tally t = {0};
    const conceptdec_ctx_options options = {.struct_size = sizeof options,
                                            .threads = 2,
                                            .allocate = tally_allocate,
                                            .release = tally_release,
                                            .allocator_user = &t};
    const conceptdec_pca_options o = {
        .struct_size = sizeof o, .n_components = components, .memory = memory, .solver = solver, .tolerance = 1e-3};
    conceptdec_ctx *own;
    conceptdec_pca *p;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &own), CONCEPTDEC_OK);
    const int64_t before = t.live, beside = 8 * (components * (x->cols + 5) + 2 * x->cols) +
                                            conceptdec_i_passes_bytes(own, x->cols, 12, 12) -
                                            conceptdec_i_passes_shared_bytes(own, x->cols, 12, 12);
    const conceptdec_status status = conceptdec_pca_new(own, x, &o, &p);
    if (status == CONCEPTDEC_OK) {
        ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_CONVERGED), 1);
        conceptdec_pca_free(p);
    } else {
        long long number;
        ck_assert_int_eq(status, CONCEPTDEC_ENOMEM);
        ck_assert_msg(sscanf(conceptdec_ctx_error(own), "memory: solver %*s needs %lld bytes", &number) == 1, "%s",
                      conceptdec_ctx_error(own));
        *needed = number;
    }
    conceptdec_ctx_free(own);
    ck_assert_int_eq(t.live, 0);
    return status == CONCEPTDEC_OK ? t.peak - before - beside : -1;
}

/* A Krylov space keeps to its memory, and refuses what is too little with the least that it needs; so does the
 * choice. */
START_TEST(krylov_keeps_to_its_memory)
{
    enum { N = 1500, D = 1200, SLACK = 1 << 14 }; /* records and names */
    float *x = malloc((size_t)N * D * sizeof *x);
    for (int64_t i = 0; i < N * D; i++)
        x[i] = (float)(projection_uniform() / (1.0 + (double)(i % D)));
    const conceptdec_matrix view = projection_view_f32(x, N, D);
    int64_t least = 0, needed = 0;
    for (int32_t solver = CONCEPTDEC_PCA_AUTO; solver <= CONCEPTDEC_PCA_KRYLOV; solver += CONCEPTDEC_PCA_KRYLOV) {
        ck_assert_int_eq(peak_of(&view, solver, 8, 1, &least), -1);
        ck_assert_int_eq(peak_of(&view, solver, 8, least - 1, &needed), -1);
        ck_assert_int_eq(needed, least);
        const int64_t peak = peak_of(&view, solver, 8, least, &needed);
        ck_assert_int_gt(peak, least / 2);
        ck_assert_int_le(peak, least + SLACK);
        const int64_t more = least + least / 4, larger = peak_of(&view, solver, 8, more, &needed);
        ck_assert_int_gt(larger, peak);
        ck_assert_int_le(larger, more + SLACK);
    }
    free(x);
}
END_TEST

/* Nor does a covariance that is formed first take more than is allowed, but for the buffers of lanes. */
START_TEST(formed_keeps_to_its_memory)
{
    enum { N = 4000, D = 1010, COUNT = 101, MIB = 1 << 20, LANES = 3 * MIB };
    float *x = malloc((size_t)N * D * sizeof *x);
    for (int64_t i = 0; i < N * D; i++)
        x[i] = (float)(projection_uniform() / (1.0 + (double)(i % D)));
    const conceptdec_matrix view = projection_view_f32(x, N, D);
    int64_t needed = 0, largest = 0;
    for (int64_t memory = 6 * MIB; memory <= 46 * MIB; memory += 5 * MIB) {
        const int64_t peak = peak_of(&view, CONCEPTDEC_PCA_KRYLOV, COUNT, memory, &needed);
        ck_assert_int_le(peak, memory + LANES);
        largest = peak > largest ? peak : largest;
    }
    ck_assert_int_gt(largest, 8 * D * D + 4 * N * D / 2);
    free(x);
}
END_TEST

/* ---- files ---- */

static void
make_file(projection_file *f, conceptdec_pca **pca)
{
    double x[20 * 4];
    for (int i = 0; i < 80; i++)
        x[i] = projection_uniform();
    const conceptdec_matrix view = projection_view(x, 20, 4);
    projection_file_name(f);
    *pca = projection_fit(ctx, &view, CONCEPTDEC_PCA_COVARIANCE, 3, CONCEPTDEC_PCA_WHITEN | CONCEPTDEC_PCA_STANDARDIZE);
    ck_assert_int_eq(conceptdec_pca_save(ctx, *pca, f->path), CONCEPTDEC_OK);
    projection_file_read(f);
}

START_TEST(files_hold_everything)
{
    static const char *const names[] = {CONCEPTDEC_P_COMPONENTS,
                                        CONCEPTDEC_P_EXPLAINED_VARIANCE,
                                        CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO,
                                        CONCEPTDEC_P_SINGULAR_VALUES,
                                        CONCEPTDEC_P_MEAN,
                                        CONCEPTDEC_P_SCALE,
                                        CONCEPTDEC_P_RESIDUAL,
                                        CONCEPTDEC_P_EIGEN_GAP,
                                        CONCEPTDEC_P_TOTAL_VARIANCE,
                                        CONCEPTDEC_P_N_SAMPLES,
                                        CONCEPTDEC_P_N_CLAMPED,
                                        CONCEPTDEC_P_SOLVER,
                                        CONCEPTDEC_P_ITERATIONS,
                                        CONCEPTDEC_P_CONVERGED};
    projection_file f;
    conceptdec_pca *a, *b;
    make_file(&f, &a);
    ck_assert_int_eq(conceptdec_pca_load(ctx, f.path, &b), CONCEPTDEC_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        conceptdec_array one, other;
        size_t count = 1;
        ck_assert_int_eq(conceptdec_pca_get(a, names[i], &one), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_pca_get(b, names[i], &other), CONCEPTDEC_OK);
        for (int axis = 0; axis < one.ndim; axis++)
            count *= (size_t)one.shape[axis];
        ck_assert_mem_eq(one.shape, other.shape, sizeof one.shape);
        ck_assert_mem_eq(one.data, other.data, 8 * count);
    }
    ck_assert_int_eq(a->flags, b->flags);
    ck_assert(a->floor == b->floor && a->floor > 0);
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_pca_get(a, "loadings", &array), CONCEPTDEC_ENAME);
    conceptdec_pca_free(a);
    conceptdec_pca_free(b);
    conceptdec_pca_free(NULL);
    projection_file_end(&f);
}
END_TEST

static bool
is_refused(const projection_file *f, const uint8_t *data, size_t size)
{
    conceptdec_pca *p = NULL;
    projection_file_write(f, data, size);
    conceptdec_status status = conceptdec_pca_load(ctx, f->path, &p);
    ck_assert(status == CONCEPTDEC_OK ? p != NULL : status == CONCEPTDEC_EFORMAT && !p && *conceptdec_ctx_error(ctx));
    conceptdec_pca_free(p);
    return status != CONCEPTDEC_OK;
}

START_TEST(damaged_files_are_refused)
{
    projection_file f;
    conceptdec_pca *p;
    make_file(&f, &p);
    uint8_t *copy = malloc(f.size);
    memcpy(copy, f.data, f.size);
    for (size_t size = 0; size < f.size; size++)
        ck_assert(is_refused(&f, copy, size));
    for (size_t bit = 0; bit < 8 * f.size; bit += 1 + bit / 500) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert(is_refused(&f, copy, f.size));
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    conceptdec_pca_free(p);
    free(copy);
    projection_file_end(&f);
}
END_TEST

/* Under a checksum that is right. */
START_TEST(hostile_files)
{
    static const struct {
        int64_t field;
        uint64_t value;
    } changes[] = {
        {1, 2},
        {2, 1},
        {2, (uint64_t)-1},
        {3, 5},
        {3, 0},
        {3, INT64_MAX / 8},
        {4, 4},
        {4, 0},
        {5, 8},
        {6, 0},
        {6, 5},
        {7, (uint64_t)-1},
        {8, 2},
        {9, 4},
        {10, 0x7ff0000000000000u},
        {11, 0xbff0000000000000u},
        {12, 0x3ff8000000000000u},
        {13, 0x7ff8000000000000u},
        {24, 0xbff0000000000000u},
        {26, 0x4ff0000000000000u},
        {27, 0xbff0000000000000u},
        {30, 0xbff0000000000000u},
        {33, 0x7ff0000000000000u},
        {37, 0},
        {40, 0xbff0000000000000u},
    };
    projection_file f;
    conceptdec_pca *p;
    make_file(&f, &p);
    ck_assert_uint_eq(f.size, 8 * (12 + 12 + 3 * 3 + 2 * 4 + 1));
    uint8_t *copy = malloc(f.size);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(copy, f.data, f.size);
        memcpy(copy + 8 * changes[i].field, &changes[i].value, 8);
        uint64_t sum = conceptdec_i_record_checksum(0, copy, f.size - 8);
        memcpy(copy + f.size - 8, &sum, 8);
        ck_assert_msg(is_refused(&f, copy, f.size), "change %d", (int)i);
    }
    ck_assert(!is_refused(&f, f.data, f.size));
    conceptdec_pca_free(p);
    free(copy);
    projection_file_end(&f);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("pca");
    TCase *tests = tcase_create("pca");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, rhombus_by_hand, 0, CONCEPTDEC_PCA_KRYLOV);
    tcase_add_test(tests, flags_by_hand);
    tcase_add_test(tests, there_and_back_by_hand);
    tcase_add_test(tests, beyond_float64);
    tcase_add_loop_test(tests, no_variance, 0, CONCEPTDEC_PCA_KRYLOV + 1);
    tcase_add_loop_test(tests, beyond_the_rank, 0, 2);
    tcase_add_loop_test(tests, any_size, 0, 4);
    tcase_add_test(tests, solver_is_chosen);
    tcase_add_loop_test(tests, krylov_forms_a_covariance, 0, 3);
    tcase_add_test(tests, covariance_is_formed_where_rows_are_many);
    tcase_add_test(tests, covariance_is_formed_where_the_exact_solver_is_refused);
    tcase_add_loop_test(tests, total_variance_is_exact, 0, 6);
    tcase_add_test(tests, krylov_keeps_to_its_memory);
    tcase_add_test(tests, formed_keeps_to_its_memory);
    tcase_add_test(tests, files_hold_everything);
    tcase_add_test(tests, damaged_files_are_refused);
    tcase_add_test(tests, hostile_files);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
