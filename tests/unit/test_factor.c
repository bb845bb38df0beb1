/* Factorisations by what they must give back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "linalg/factor.h"

enum { N = 23, LD = 26, K = 4, LDB = 25 };

static uint64_t state;
static double a[N * LD], copy[N * LD], b[K * LDB], rhs[K * LDB];
static conceptdec_ctx *ctx;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

/* M M' of rank `rank`. */
static void
fill(int rank)
{
    double m[N][N];
    state = 9;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            m[i][k] = uniform();
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i * LD + j] = 0;
            for (int k = 0; k < rank; k++)
                a[i * LD + j] += m[i][k] * m[j][k];
        }
    memcpy(copy, a, sizeof a);
    for (int i = 0; i < K * LDB; i++)
        b[i] = rhs[i] = uniform();
}

static void
start(int rank)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    fill(rank);
}

#if CONCEPTDEC_HAVE_BLAS

static double
times(const double *matrix, const double *x, int row, int first, int last)
{
    double sum = 0;
    for (int j = first; j < last; j++)
        sum += matrix[row * LD + j] * x[j];
    return sum;
}

START_TEST(cholesky_solves)
{
    bool is_definite = false;
    start(N);
    ck_assert_int_eq(conceptdec_i_cholesky(ctx, N, a, LD, &is_definite), CONCEPTDEC_OK);
    ck_assert(is_definite);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            if (j > i)
                ck_assert(a[i * LD + j] == copy[i * LD + j]);
            else
                ck_assert_double_le(fabs(times(a, &a[j * LD], i, 0, j + 1) - copy[i * LD + j]), 1e-13);
        }
    ck_assert_int_eq(conceptdec_i_cholesky_solve(ctx, N, a, LD, K, b, LDB), CONCEPTDEC_OK);
    for (int k = 0; k < K; k++)
        for (int i = 0; i < N; i++)
            ck_assert_double_le(fabs(times(copy, &b[k * LDB], i, 0, N) - rhs[k * LDB + i]), 1e-9);
    for (int k = 0; k < K; k++) /* between columns nothing is written */
        ck_assert(b[k * LDB + N] == rhs[k * LDB + N]);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* L^-1 in float, of a matrix whose diagonal keeps it far from singular: L^-1 a L^-1' = I. */
START_TEST(floats_are_factored_and_inverted)
{
    static float l[N * LD];
    bool is_definite = false;
    start(N);
    for (int i = 0; i < N * LD; i++)
        l[i] = (float)(copy[i] += i % LD == i / LD ? 1 : 0);
    ck_assert_int_eq(conceptdec_i_cholesky_f32(ctx, N, l, LD, &is_definite), CONCEPTDEC_OK);
    ck_assert(is_definite);
    ck_assert_int_eq(conceptdec_i_triangular_inverse_f32(ctx, N, l, LD), CONCEPTDEC_OK);
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int k = 0; k <= i; k++)
                for (int m = 0; m <= j; m++)
                    sum += (double)l[i * LD + k] * copy[k * LD + m] * (double)l[j * LD + m];
            ck_assert_double_le(fabs(sum - (i == j)), 1e-5);
        }
    l[0] = 0;
    ck_assert_int_eq(conceptdec_i_triangular_inverse_f32(ctx, N, l, LD), CONCEPTDEC_EINVAL);
    l[0] = -1;
    ck_assert_int_eq(conceptdec_i_cholesky_f32(ctx, N, l, LD, &is_definite), CONCEPTDEC_OK);
    ck_assert(!is_definite);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(triangles_solve_and_invert)
{
    bool is_definite;
    start(N);
    ck_assert_int_eq(conceptdec_i_cholesky(ctx, N, a, LD, &is_definite), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_triangular_solve(ctx, N, a, LD, false, K, b, LDB), CONCEPTDEC_OK);
    for (int k = 0; k < K; k++)
        for (int i = 0; i < N; i++)
            ck_assert_double_le(fabs(times(a, &b[k * LDB], i, 0, i + 1) - rhs[k * LDB + i]), 1e-11);
    memcpy(b, rhs, sizeof b);
    ck_assert_int_eq(conceptdec_i_triangular_solve(ctx, N, a, LD, true, 1, b, LDB), CONCEPTDEC_OK);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = i; j < N; j++)
            sum += a[j * LD + i] * b[j];
        ck_assert_double_le(fabs(sum - rhs[i]), 1e-11);
    }
    memcpy(copy, a, sizeof a);
    ck_assert_int_eq(conceptdec_i_triangular_inverse(ctx, N, a, LD), CONCEPTDEC_OK);
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int k = j; k <= i; k++)
                sum += a[i * LD + k] * copy[k * LD + j];
            ck_assert_double_le(fabs(sum - (i == j)), 1e-11);
        }
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(failures_are_reported)
{
    bool is_definite = true;
    start(N);
    a[3 * LD + 3] = -1;
    ck_assert_int_eq(conceptdec_i_cholesky(ctx, N, a, LD, &is_definite), CONCEPTDEC_OK);
    ck_assert(!is_definite);
    a[5 * LD + 5] = 0;
    ck_assert_int_eq(conceptdec_i_triangular_inverse(ctx, N, a, LD), CONCEPTDEC_EINVAL);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "5"));
    ck_assert_int_eq(conceptdec_i_cholesky(ctx, (int64_t)1 << 31, a, (int64_t)1 << 31, &is_definite),
                     CONCEPTDEC_EOVERFLOW);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(eigenvalues_alone)
{
    double values[N], wanted[N];
    start(N - 5);
    ck_assert_int_eq(conceptdec_i_eigenvalues(ctx, N, a, LD, values), CONCEPTDEC_OK);
    for (int i = 0; i < N; i++) /* the upper half stays, and the lower one alone is read */
        for (int j = i + 1; j < N; j++)
            ck_assert(a[i * LD + j] == copy[i * LD + j]);
    memcpy(a, copy, sizeof a);
    ck_assert_int_eq(conceptdec_i_eigen(ctx, N, a, LD, wanted), CONCEPTDEC_OK);
    for (int k = 0; k < N; k++)
        ck_assert_double_le(fabs(values[k] - wanted[k]), 1e-13);
    memcpy(a, copy, sizeof a);
    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++)
            a[i * LD + j] = 99;
    ck_assert_int_eq(conceptdec_i_eigenvalues(ctx, N, a, LD, values), CONCEPTDEC_OK);
    for (int k = 0; k < N; k++)
        ck_assert_double_le(fabs(values[k] - wanted[k]), 1e-13);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(leading_eigenvectors_alone)
{
    enum { LEADING = 5 };
    double values[LEADING], wanted[N], vectors[LEADING * N];
    bool is_done = false;
    start(N - 5);
    ck_assert_int_eq(conceptdec_i_eigen_leading(ctx, N, a, LD, LEADING, values, vectors, &is_done), CONCEPTDEC_OK);
    ck_assert(is_done);
    for (int i = 0; i < N; i++) /* the upper half stays */
        for (int j = i + 1; j < N; j++)
            ck_assert(a[i * LD + j] == copy[i * LD + j]);
    memcpy(a, copy, sizeof a);
    ck_assert_int_eq(conceptdec_i_eigen(ctx, N, a, LD, wanted), CONCEPTDEC_OK);
    for (int k = 0; k < LEADING; k++) {
        double product = 0;
        for (int i = 0; i < N; i++)
            product += vectors[k * N + i] * a[(N - LEADING + k) * LD + i];
        ck_assert_double_le(fabs(fabs(product) - 1), 1e-13);
        ck_assert_double_le(fabs(values[k] - wanted[N - LEADING + k]), 1e-13);
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(eigenvectors_rebuild_the_matrix)
{
    double values[N];
    start(N - 5);
    ck_assert_int_eq(conceptdec_i_eigen(ctx, N, a, LD, values), CONCEPTDEC_OK);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0, product = 0;
            for (int k = 0; k < N; k++) {
                sum += values[k] * a[k * LD + i] * a[k * LD + j];
                product += a[i * LD + k] * a[j * LD + k];
            }
            ck_assert_double_le(fabs(sum - copy[i * LD + j]), 1e-13);
            ck_assert_double_le(fabs(product - (i == j)), 1e-13);
        }
    for (int k = 1; k < N; k++)
        ck_assert(values[k - 1] <= values[k]);
    ck_assert_double_le(fabs(values[4]), 1e-13);
    ck_assert_double_ge(values[5], 1e-6);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Also where one is 0 and one lies in the span of those before it. */
START_TEST(vectors_become_orthonormal)
{
    enum { R = 6, LENGTH = 9, STRIDE = 11 };
    double v[R * STRIDE], given[R * STRIDE];
    start(N);
    for (int i = 0; i < R * STRIDE; i++)
        v[i] = sin(1.0 + i * i);
    for (int j = 0; j < LENGTH; j++) {
        v[2 * STRIDE + j] = v[0 * STRIDE + j] - 3 * v[1 * STRIDE + j];
        v[4 * STRIDE + j] = 0;
    }
    memcpy(given, v, sizeof v);
    ck_assert_int_eq(conceptdec_i_orthonormalize(ctx, R, LENGTH, v, STRIDE), CONCEPTDEC_OK);
    for (int k = 0; k < R; k++)
        for (int l = 0; l < R; l++) {
            double dot = 0, with = 0;
            for (int j = 0; j < LENGTH; j++) {
                dot += v[k * STRIDE + j] * v[l * STRIDE + j];
                with += given[k * STRIDE + j] * v[l * STRIDE + j];
            }
            ck_assert_double_eq_tol(dot, k == l, 1e-14);
            if (l > k)
                ck_assert_double_eq_tol(with, 0, 1e-13);
            if (l == k)
                ck_assert_double_ge(with, -1e-13);
        }
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Rows r_i = sum over k of u_ik s_k v_k: both shapes. */
START_TEST(singular_vectors_rebuild_the_rows)
{
    static const int64_t sizes[][2] = {{8, 5}, {5, 8}, {1, 4}, {4, 1}};
    const int64_t n = sizes[_i][0], d = sizes[_i][1], least = n < d ? n : d;
    double rows[40], kept[40], values[8], vectors[64];
    start(N);
    for (int i = 0; i < 40; i++)
        rows[i] = kept[i] = cos(2.0 + i * i);
    ck_assert_int_ge(conceptdec_i_singular_bytes(n, d), 8 * least);
    ck_assert_int_eq(conceptdec_i_singular(ctx, n, d, rows, values, vectors), CONCEPTDEC_OK);
    for (int64_t k = 0; k < least; k++) {
        double square = 0;
        for (int64_t i = 0; i < n; i++) {
            double along = 0;
            for (int64_t j = 0; j < d; j++)
                along += kept[i * d + j] * vectors[k * d + j];
            square += along * along;
        }
        ck_assert_double_eq_tol(sqrt(square), values[k], 1e-14);
        ck_assert(k == 0 || values[k] <= values[k - 1]);
    }
    double all = 0, sum = 0;
    for (int64_t i = 0; i < n * d; i++)
        all += kept[i] * kept[i];
    for (int64_t k = 0; k < least; k++)
        sum += values[k] * values[k];
    ck_assert_double_eq_tol(all, sum, 1e-12);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("factor");
    TCase *tcase = tcase_create("factor");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, cholesky_solves);
    tcase_add_test(tcase, floats_are_factored_and_inverted);
    tcase_add_test(tcase, triangles_solve_and_invert);
    tcase_add_test(tcase, failures_are_reported);
    tcase_add_test(tcase, eigenvalues_alone);
    tcase_add_test(tcase, leading_eigenvectors_alone);
    tcase_add_test(tcase, eigenvectors_rebuild_the_matrix);
    tcase_add_test(tcase, vectors_become_orthonormal);
    tcase_add_loop_test(tcase, singular_vectors_rebuild_the_rows, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)

#else

START_TEST(says_that_there_is_no_lapack)
{
    bool is_definite;
    double values[N];
    start(N);
    ck_assert_int_eq(conceptdec_i_cholesky(ctx, N, a, LD, &is_definite), CONCEPTDEC_EUNSUPPORTED);
    ck_assert_int_eq(conceptdec_i_cholesky_solve(ctx, N, a, LD, K, b, LDB), CONCEPTDEC_EUNSUPPORTED);
    ck_assert_int_eq(conceptdec_i_eigen(ctx, N, a, LD, values), CONCEPTDEC_EUNSUPPORTED);
    ck_assert_int_eq(conceptdec_i_eigen_leading(ctx, N, a, LD, 1, values, values, &is_definite),
                     CONCEPTDEC_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "LAPACK"));
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("factor");
    TCase *tcase = tcase_create("factor");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, says_that_there_is_no_lapack);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)

#endif
