/* Moments and principal components two ways, and unchanged by what must not matter. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "core/half.h"
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

static double *
noise(int64_t n, int64_t d, double mean)
{
    double *x = malloc((size_t)(n * d) * sizeof *x);
    for (int64_t i = 0; i < n * d; i++)
        x[i] = mean + projection_uniform() * (double)(1 + i % d % 7);
    return x;
}

/* ---- moments ---- */

static const struct {
    int64_t n, d;
} shapes[] = {{20000, 3}, {9000, 40}, {1500, 600}, {100, 17}};

static void
expect_bits(conceptdec_moments *a, conceptdec_moments *b, int64_t d)
{
    ck_assert_mem_eq(projection_moment(a, CONCEPTDEC_M_MEAN), projection_moment(b, CONCEPTDEC_M_MEAN), (size_t)d * 8);
    ck_assert_mem_eq(projection_moment(a, CONCEPTDEC_M_COVARIANCE), projection_moment(b, CONCEPTDEC_M_COVARIANCE),
                     (size_t)(d * d) * 8);
}

START_TEST(cuts_do_not_matter)
{
    const int64_t n = shapes[_i].n, d = shapes[_i].d, cuts[] = {n / 2, 511, 512, 513, n - 1, n / 7};
    double *x = noise(n, d, 3);
    conceptdec_moments *whole = projection_moments(ctx, x, n, d);
    for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
        conceptdec_moments *m = projection_moments(ctx, NULL, 0, d);
        for (int64_t at = 0; at < n; at += cuts[c])
            projection_add(ctx, m, x + at * d, at + cuts[c] < n ? cuts[c] : n - at, d);
        expect_bits(m, whole, d);
        conceptdec_moments_free(m);
    }
    conceptdec_moments_free(whole);
    free(x);
}
END_TEST

/* Asking in between changes nothing, nor do threads. */
START_TEST(threads_and_questions_do_not_matter_to_moments)
{
    static const int32_t threads[] = {1, 3, 5, 16};
    const int64_t n = shapes[_i].n, d = shapes[_i].d;
    double *x = noise(n, d, 3);
    conceptdec_moments *whole = projection_moments(ctx, x, n, d);
    for (int t = 0; t < 4; t++) {
        conceptdec_ctx *other = projection_ctx(threads[t]);
        conceptdec_moments *m = projection_moments(other, x, n / 3, d);
        ck_assert(projection_moment(m, CONCEPTDEC_M_COVARIANCE)[0] > 0);
        projection_add(other, m, x + n / 3 * d, n - n / 3, d);
        expect_bits(m, whole, d);
        conceptdec_moments_free(m);
        conceptdec_ctx_free(other);
    }
    conceptdec_moments_free(whole);
    free(x);
}
END_TEST

static void
expect_close(const double *a, const double *b, int64_t d, double tolerance)
{
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++)
            ck_assert_double_le(fabs(a[i * d + j] - b[i * d + j]), tolerance * sqrt(b[i * d + i] * b[j * d + j]));
}

/* States of parts, merged in either order, far from 0 or not. */
START_TEST(parts_merge)
{
    const int64_t n = shapes[_i / 2].n, d = shapes[_i / 2].d, cuts[] = {1, n / 3, n - 600 > 0 ? n - 600 : n / 2};
    double *x = noise(n, d, _i % 2 ? 1e8 : 0);
    conceptdec_moments *whole = projection_moments(ctx, x, n, d);
    for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++)
        for (int turned = 0; turned < 2; turned++) {
            conceptdec_moments *a = projection_moments(ctx, x, cuts[c], d);
            conceptdec_moments *b = projection_moments(ctx, x + cuts[c] * d, n - cuts[c], d), *into = turned ? b : a;
            ck_assert_int_eq(conceptdec_moments_merge(ctx, into, turned ? a : b), CONCEPTDEC_OK);
            for (int64_t j = 0; j < d; j++) {
                double mean = projection_moment(whole, CONCEPTDEC_M_MEAN)[j];
                ck_assert_double_le(fabs(projection_moment(into, CONCEPTDEC_M_MEAN)[j] - mean),
                                    1e-12 * (1 + fabs(mean)));
            }
            expect_close(projection_moment(into, CONCEPTDEC_M_COVARIANCE),
                         projection_moment(whole, CONCEPTDEC_M_COVARIANCE), d, 1e-12);
            conceptdec_moments_free(a);
            conceptdec_moments_free(b);
        }
    conceptdec_moments_free(whole);
    free(x);
}
END_TEST

/* Against two passes in long double. */
START_TEST(moments_equal_plain_loops)
{
    const int64_t n = shapes[_i].n, d = shapes[_i].d < 40 ? shapes[_i].d : 40;
    double *x = noise(n, d, 1e4), *plain = calloc((size_t)(d * d), 8);
    long double *mean = calloc((size_t)d, sizeof *mean);
    for (int64_t i = 0; i < n * d; i++)
        mean[i % d] += (long double)x[i] / (long double)n;
    for (int64_t a = 0; a < d; a++)
        for (int64_t b = 0; b < d; b++) {
            long double sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += ((long double)x[i * d + a] - mean[a]) * ((long double)x[i * d + b] - mean[b]);
            plain[a * d + b] = (double)(sum / (long double)(n - 1));
        }
    conceptdec_moments *m = projection_moments(ctx, x, n, d);
    expect_close(projection_moment(m, CONCEPTDEC_M_COVARIANCE), plain, d, 1e-12);
    conceptdec_moments_free(m);
    free(x);
    free(plain);
    free(mean);
}
END_TEST

/* ---- components ---- */

enum { N = 200, D = 24, R = 6 };

static const double sigma[] = {40, 31, 23, 17, 12, 8, 5, 3.3, 2, 1.2, 0.8, 0.5, 0.3, 0.2, 0.12, 0.07};
enum { TERMS = sizeof sigma / sizeof *sigma };

static double *
sample(double *directions)
{
    double mean[D];
    for (int j = 0; j < D; j++)
        mean[j] = 20 * projection_uniform();
    return projection_spectrum(N, D, TERMS, sigma, mean, directions);
}

static void
expect_equal(const conceptdec_pca *a, const conceptdec_pca *b, int64_t d, double tolerance)
{
    const double *va = projection_get(a, CONCEPTDEC_P_COMPONENTS), *vb = projection_get(b, CONCEPTDEC_P_COMPONENTS);
    const double *ea = projection_get(a, CONCEPTDEC_P_EXPLAINED_VARIANCE),
                 *eb = projection_get(b, CONCEPTDEC_P_EXPLAINED_VARIANCE);
    double total = projection_get(b, CONCEPTDEC_P_TOTAL_VARIANCE)[0];
    ck_assert_double_le(fabs(projection_get(a, CONCEPTDEC_P_TOTAL_VARIANCE)[0] - total), tolerance * total);
    for (int64_t k = 0; k < R; k++) {
        double gap = projection_get(b, CONCEPTDEC_P_EIGEN_GAP)[k];
        ck_assert_double_le(fabs(ea[k] - eb[k]), tolerance * eb[0]);
        ck_assert_double_le(fabs(projection_get(a, CONCEPTDEC_P_EIGEN_GAP)[k] - gap), tolerance);
        ck_assert_double_le(projection_get(a, CONCEPTDEC_P_RESIDUAL)[k], tolerance);
        for (int64_t j = 0; j < d; j++)
            ck_assert_double_le(fabs(va[k * d + j] - vb[k * d + j]), 2 * tolerance / gap);
    }
}

START_TEST(solvers_agree)
{
    const uint32_t flags = (uint32_t)_i % 4;
    double *x = sample(NULL);
    float narrow[N * D];
    for (int i = 0; i < N * D; i++)
        narrow[i] = (float)x[i];
    for (int i = 0; i < N * D && _i >= 4; i++)
        x[i] = (double)narrow[i];
    const conceptdec_matrix view = projection_view(x, N, D);
    const conceptdec_matrix given = _i >= 4 ? projection_view_f32(narrow, N, D) : view;
    conceptdec_pca *reference = projection_fit(ctx, &view, CONCEPTDEC_PCA_SVD, R, flags);
    for (int32_t solver = CONCEPTDEC_PCA_AUTO; solver <= CONCEPTDEC_PCA_KRYLOV; solver++) {
        bool is_exact = _i < 4 || solver == CONCEPTDEC_PCA_SVD;
        conceptdec_pca *p = projection_fit(ctx, &given, solver, R, flags);
        expect_equal(p, reference, D, is_exact ? 1e-12 : 2e-6);
        conceptdec_pca_free(p);
    }
    conceptdec_moments *m = projection_moments(ctx, x, N, D);
    for (int32_t solver = CONCEPTDEC_PCA_AUTO; solver <= CONCEPTDEC_PCA_KRYLOV; solver += 1 + 2 * (solver == 1)) {
        const conceptdec_pca_options o = {.struct_size = sizeof o,
                                          .solver = solver,
                                          .n_components = R,
                                          .flags = flags,
                                          .tolerance = solver == CONCEPTDEC_PCA_COVARIANCE ? 0 : 1e-14};
        conceptdec_pca *p;
        ck_assert_int_eq(conceptdec_pca_from_moments(ctx, m, &o, &p), CONCEPTDEC_OK);
        expect_equal(p, reference, D, 1e-12);
        ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_N_SAMPLES), N);
        conceptdec_pca_free(p);
    }
    conceptdec_moments_free(m);
    conceptdec_pca_free(reference);
    free(x);
}
END_TEST

/* Wide matrices, where the products of rows are the smaller problem. */
START_TEST(solvers_agree_on_wide_rows)
{
    double *x = projection_spectrum(20, 90, 12, sigma, NULL, NULL);
    const conceptdec_matrix view = projection_view(x, 20, 90);
    conceptdec_pca *reference = projection_fit(ctx, &view, CONCEPTDEC_PCA_SVD, R, 0);
    for (int32_t solver = CONCEPTDEC_PCA_AUTO; solver <= CONCEPTDEC_PCA_KRYLOV; solver++) {
        conceptdec_pca *p = projection_fit(ctx, &view, solver, R, 0);
        expect_equal(p, reference, 90, 1e-12);
        conceptdec_pca_free(p);
    }
    conceptdec_pca_free(reference);
    free(x);
}
END_TEST

/* |C v - value v| / unit of component k, in plain double from the rows about their mean. */
static double
residual_of(const float *x, int64_t n, int64_t d, const double *mean, const double *v, double value, double unit)
{
    double *product = calloc((size_t)d, sizeof *product), square = 0;
    for (int64_t i = 0; i < n; i++) {
        double along = 0;
        for (int64_t j = 0; j < d; j++)
            along += ((double)x[i * d + j] - mean[j]) * v[j];
        for (int64_t j = 0; j < d; j++)
            product[j] += along * ((double)x[i * d + j] - mean[j]) / (double)(n - 1);
    }
    for (int64_t j = 0; j < d; j++)
        square += (product[j] - value * v[j]) * (product[j] - value * v[j]);
    free(product);
    return sqrt(square) / unit;
}

/* Eigenvectors in float where the tolerance allows it: worse than those in double by what they say. */
START_TEST(floats_will_do)
{
    enum { LARGE = 1010, ROWS = 1300, COUNT = 40 };
    float *x = malloc((size_t)ROWS * LARGE * sizeof *x);
    for (int64_t i = 0; i < ROWS * LARGE; i++)
        x[i] = (float)(projection_uniform() / sqrt(1 + (double)(i % LARGE)) + 3);
    const conceptdec_matrix view = projection_view_f32(x, ROWS, LARGE);
    const conceptdec_pca_options o = {
        .struct_size = sizeof o, .n_components = COUNT, .solver = CONCEPTDEC_PCA_COVARIANCE, .tolerance = 1e-4};
    conceptdec_pca *doubles = projection_fit(ctx, &view, CONCEPTDEC_PCA_COVARIANCE, COUNT, 0), *floats;
    ck_assert_int_eq(conceptdec_pca_new(ctx, &view, &o, &floats), CONCEPTDEC_OK);
    const double *v = projection_get(floats, CONCEPTDEC_P_COMPONENTS);
    const double *mean = projection_get(floats, CONCEPTDEC_P_MEAN);
    const double *variance = projection_get(floats, CONCEPTDEC_P_EXPLAINED_VARIANCE);
    const double *residual = projection_get(floats, CONCEPTDEC_P_RESIDUAL), most = 0x1p-24 * sqrt(LARGE);
    const double *exact = projection_get(doubles, CONCEPTDEC_P_EXPLAINED_VARIANCE);
    const double *w = projection_get(doubles, CONCEPTDEC_P_COMPONENTS);
    ck_assert_int_eq(projection_number(floats, CONCEPTDEC_P_CONVERGED), 1);
    for (int64_t k = 0; k < COUNT; k++) {
        ck_assert_double_gt(residual[k], 1e-9); /* they are floats */
        ck_assert_double_le(residual[k], most);
        ck_assert_double_le(projection_get(doubles, CONCEPTDEC_P_RESIDUAL)[k], 1e-13);
        ck_assert_double_le(residual_of(x, ROWS, LARGE, mean, v + k * LARGE, variance[k], exact[0]),
                            residual_of(x, ROWS, LARGE, mean, w + k * LARGE, exact[k], exact[0]) + 1.5 * residual[k]);
        ck_assert_double_le(fabs(variance[k] - exact[k]), 3e-7 * exact[0]);
        ck_assert(k == 0 || variance[k] <= variance[k - 1]);
        for (int64_t l = 0; l <= k; l++) {
            double product = 0;
            for (int64_t j = 0; j < LARGE; j++)
                product += v[k * LARGE + j] * v[l * LARGE + j];
            ck_assert_double_le(fabs(product - (k == l)), k == l ? 1e-12 : most);
        }
    }
    conceptdec_pca_free(floats);
    conceptdec_pca_free(doubles);
    free(x);
}
END_TEST

/* The directions that the data were made of, and turned data have turned directions. */
START_TEST(directions_turn_with_the_data)
{
    double directions[TERMS * D], turn[D * D], turned[N * D];
    double *x = sample(directions);
    projection_orthonormal(turn, D, D, false);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < D; j++) {
            turned[i * D + j] = 3;
            for (int64_t k = 0; k < D; k++)
                turned[i * D + j] += x[i * D + k] * turn[k * D + j];
        }
    const conceptdec_matrix one = projection_view(x, N, D), other = projection_view(turned, N, D);
    conceptdec_pca *p = projection_fit(ctx, &one, 1 + _i, R, 0), *q = projection_fit(ctx, &other, 1 + _i, R, 0);
    const double *v = projection_get(p, CONCEPTDEC_P_COMPONENTS), *w = projection_get(q, CONCEPTDEC_P_COMPONENTS);
    for (int64_t k = 0; k < R; k++) {
        double made = 0, both = 0;
        for (int64_t j = 0; j < D; j++) {
            made += v[k * D + j] * directions[k * D + j];
            for (int64_t l = 0; l < D; l++)
                both += v[k * D + j] * turn[j * D + l] * w[k * D + l];
        }
        ck_assert_double_eq_tol(fabs(made), 1, 1e-12);
        ck_assert_double_eq_tol(fabs(both), 1, 1e-12);
        ck_assert_double_eq_tol(projection_get(p, CONCEPTDEC_P_SINGULAR_VALUES)[k], sigma[k], 1e-11);
    }
    conceptdec_pca_free(p);
    conceptdec_pca_free(q);
    free(x);
}
END_TEST

static void
expect_bits_of(const conceptdec_pca *a, const conceptdec_pca *b, size_t components, size_t dims)
{
    ck_assert_mem_eq(projection_get(a, CONCEPTDEC_P_COMPONENTS), projection_get(b, CONCEPTDEC_P_COMPONENTS),
                     components * dims * 8);
    ck_assert_mem_eq(projection_get(a, CONCEPTDEC_P_EXPLAINED_VARIANCE),
                     projection_get(b, CONCEPTDEC_P_EXPLAINED_VARIANCE), components * 8);
    ck_assert_mem_eq(projection_get(a, CONCEPTDEC_P_RESIDUAL), projection_get(b, CONCEPTDEC_P_RESIDUAL),
                     components * 8);
    ck_assert_mem_eq(projection_get(a, CONCEPTDEC_P_MEAN), projection_get(b, CONCEPTDEC_P_MEAN), dims * 8);
    ck_assert_mem_eq(projection_get(a, CONCEPTDEC_P_TOTAL_VARIANCE), projection_get(b, CONCEPTDEC_P_TOTAL_VARIANCE), 8);
}

START_TEST(threads_do_not_matter)
{
    static const int32_t threads[] = {1, 3, 5, 16};
    double *x = sample(NULL);
    float narrow[N * D];
    for (int i = 0; i < N * D; i++)
        narrow[i] = (float)x[i];
    const conceptdec_matrix view = _i % 2 ? projection_view(x, N, D) : projection_view_f32(narrow, N, D);
    conceptdec_pca *p = projection_fit(ctx, &view, 1 + _i / 2, R, 0);
    for (int t = 0; t < 4; t++) {
        conceptdec_ctx *other = projection_ctx(threads[t]);
        conceptdec_pca *q = projection_fit(other, &view, 1 + _i / 2, R, 0);
        expect_bits_of(p, q, R, D);
        conceptdec_pca_free(q);
        conceptdec_ctx_free(other);
    }
    conceptdec_pca_free(p);
    free(x);
}
END_TEST

/* Nor do they where a covariance is formed, and a Krylov space found of that: products of rows in float32 would not
 * meet such a tolerance. */
START_TEST(threads_do_not_matter_to_what_is_formed)
{
    enum { ROWS = 3000, LARGE = 1010, COUNT = 60 }; /* a space that is cut into slabs */
    static const int32_t threads[] = {1, 3, 5, 16};
    const conceptdec_pca_options o = {.struct_size = sizeof o,
                                      .n_components = COUNT,
                                      .solver = CONCEPTDEC_PCA_KRYLOV,
                                      .tolerance = 1e-10,
                                      .max_iterations = 60};
    float *x = malloc((size_t)ROWS * LARGE * sizeof *x);
    for (int64_t i = 0; i < ROWS * LARGE; i++)
        x[i] = (float)(projection_uniform() / (1 + (double)(i % LARGE)) + 0.01);
    const conceptdec_matrix view = projection_view_f32(x, ROWS, LARGE);
    conceptdec_pca *p, *q;
    ck_assert_int_eq(conceptdec_pca_new(ctx, &view, &o, &p), CONCEPTDEC_OK);
    ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_CONVERGED), 1);
    for (int t = 0; t < 4; t++) {
        conceptdec_ctx *other = projection_ctx(threads[t]);
        ck_assert_int_eq(conceptdec_pca_new(other, &view, &o, &q), CONCEPTDEC_OK);
        expect_bits_of(p, q, COUNT, LARGE);
        ck_assert_int_eq(projection_number(p, CONCEPTDEC_P_ITERATIONS), projection_number(q, CONCEPTDEC_P_ITERATIONS));
        conceptdec_pca_free(q);
        conceptdec_ctx_free(other);
    }
    conceptdec_pca_free(p);
    free(x);
}
END_TEST

/* ---- how rows lie ---- */

static int32_t
deliver(void *user, int64_t first, int64_t count, void *rows)
{
    memcpy(rows, (const uint16_t *)user + first * D, (size_t)(count * D) * sizeof(uint16_t));
    return 0;
}

/* The same values as bfloat16, as a reader's, as float with gaps, backwards and turned over, have the same bits for
 * answers. */
START_TEST(layout_does_not_matter)
{
    static uint16_t small[N * D];
    static float wide[N * D], spread[N * (2 * D + 3)], turned[N * D];
    for (int64_t i = 0; i < N * D; i++) {
        float value = (float)projection_uniform();
        uint32_t bits;
        memcpy(&bits, &value, 4);
        small[i] = (uint16_t)(bits >> 16);
        wide[i] = (float)conceptdec_i_bfloat_to_double(small[i]);
        spread[(N - 1 - i / D) * (2 * D + 3) + 2 * (D - 1 - i % D)] = wide[i];
        turned[i % D * N + i / D] = wide[i];
    }
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = small};
    const conceptdec_matrix views[] = {
        {.data = small, .rows = N, .cols = D, .row_stride = 2 * D, .col_stride = 2, .dtype = CONCEPTDEC_BFLOAT16},
        {.data = &reader, .rows = N, .cols = D, .dtype = CONCEPTDEC_BFLOAT16, .flags = CONCEPTDEC_MATRIX_READER},
        {.data = spread + (N - 1) * (2 * D + 3) + 2 * (D - 1),
         .rows = N,
         .cols = D,
         .row_stride = -4 * (2 * D + 3),
         .col_stride = -8,
         .dtype = CONCEPTDEC_FLOAT32},
        {.data = turned, .rows = N, .cols = D, .row_stride = 4, .col_stride = 4 * N, .dtype = CONCEPTDEC_FLOAT32},
    };
    const conceptdec_matrix dense = projection_view_f32(wide, N, D);
    conceptdec_moments *m = projection_moments(ctx, NULL, 0, D);
    ck_assert_int_eq(conceptdec_moments_add(ctx, m, &dense), CONCEPTDEC_OK);
    for (int32_t solver = 1; solver <= CONCEPTDEC_PCA_KRYLOV; solver++) {
        conceptdec_pca *p = projection_fit(ctx, &dense, solver, R, CONCEPTDEC_PCA_STANDARDIZE);
        conceptdec_pca *q = projection_fit(ctx, &views[_i], solver, R, CONCEPTDEC_PCA_STANDARDIZE);
        conceptdec_result *a, *b;
        conceptdec_array one, other;
        expect_bits_of(p, q, R, D);
        ck_assert_int_eq(conceptdec_pca_transform(ctx, p, &dense, &a), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_pca_transform(ctx, p, &views[_i], &b), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_result_get(a, "transformed", &one), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_result_get(b, "transformed", &other), CONCEPTDEC_OK);
        ck_assert_mem_eq(one.data, other.data, N * R * 8);
        conceptdec_result_free(a);
        conceptdec_result_free(b);
        conceptdec_pca_free(p);
        conceptdec_pca_free(q);
    }
    conceptdec_moments *other = projection_moments(ctx, NULL, 0, D);
    ck_assert_int_eq(conceptdec_moments_add(ctx, other, &views[_i]), CONCEPTDEC_OK);
    expect_bits(m, other, D);
    conceptdec_moments_free(m);
    conceptdec_moments_free(other);
}
END_TEST

/* A row has the same coordinates, and a point the same place, whatever rows it comes with. */
START_TEST(rows_are_projected_alone)
{
    enum { MANY = 1300 };
    double *x = noise(MANY, D, 5), *z = NULL, *y = NULL;
    const conceptdec_matrix view = projection_view(x, MANY, D);
    conceptdec_pca *p = projection_fit(ctx, &view, CONCEPTDEC_PCA_COVARIANCE, R, CONCEPTDEC_PCA_WHITEN);
    for (int64_t count = MANY; count > 0; count = count == MANY ? 700 : count == 700 ? 5 : count == 5 ? 1 : 0)
        for (int64_t first = 0; first + count <= MANY; first += 531) {
            const conceptdec_matrix some = projection_view(x + first * D, count, D);
            conceptdec_result *a, *b;
            conceptdec_array there, back;
            ck_assert_int_eq(conceptdec_pca_transform(ctx, p, &some, &a), CONCEPTDEC_OK);
            ck_assert_int_eq(conceptdec_result_get(a, "transformed", &there), CONCEPTDEC_OK);
            const conceptdec_matrix points = projection_view(there.data, count, R);
            ck_assert_int_eq(conceptdec_pca_inverse_transform(ctx, p, &points, &b), CONCEPTDEC_OK);
            ck_assert_int_eq(conceptdec_result_get(b, "reconstructed", &back), CONCEPTDEC_OK);
            if (count == MANY) {
                z = malloc(MANY * R * 8);
                y = malloc(MANY * D * 8);
                memcpy(z, there.data, MANY * R * 8);
                memcpy(y, back.data, MANY * D * 8);
            }
            ck_assert_mem_eq(there.data, z + first * R, (size_t)(count * R) * 8);
            ck_assert_mem_eq(back.data, y + first * D, (size_t)(count * D) * 8);
            conceptdec_result_free(a);
            conceptdec_result_free(b);
        }
    conceptdec_pca_free(p);
    free(x);
    free(y);
    free(z);
}
END_TEST

/* With all components nothing is lost; whitened coordinates have variance 1, and those of different components none
 * together. */
START_TEST(nothing_is_lost)
{
    double *x = noise(N, D, 5);
    const conceptdec_matrix view = projection_view(x, N, D);
    conceptdec_pca *p = projection_fit(ctx, &view, CONCEPTDEC_PCA_AUTO, 0, (uint32_t)_i | CONCEPTDEC_PCA_WHITEN);
    conceptdec_result *a, *b;
    conceptdec_array there, back;
    ck_assert_int_eq(conceptdec_pca_transform(ctx, p, &view, &a), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_get(a, "transformed", &there), CONCEPTDEC_OK);
    const double *z = there.data;
    for (int64_t k = 0; k < D; k++)
        for (int64_t l = 0; l <= k; l++) {
            double sum = 0;
            for (int64_t i = 0; i < N; i++)
                sum += z[i * D + k] * z[i * D + l] / (N - 1);
            ck_assert_double_eq_tol(sum, k == l, 1e-11);
        }
    const conceptdec_matrix points = projection_view(z, N, D);
    ck_assert_int_eq(conceptdec_pca_inverse_transform(ctx, p, &points, &b), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_get(b, "reconstructed", &back), CONCEPTDEC_OK);
    for (int64_t i = 0; i < N * D; i++)
        ck_assert_double_eq_tol(((const double *)back.data)[i], x[i], 1e-12);
    conceptdec_result_free(a);
    conceptdec_result_free(b);
    conceptdec_pca_free(p);
    free(x);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("pca");
    TCase *moments = tcase_create("moments"), *components = tcase_create("components");
    tcase_add_checked_fixture(moments, setup, teardown);
    tcase_set_timeout(moments, 120);
    tcase_add_loop_test(moments, cuts_do_not_matter, 0, 4);
    tcase_add_loop_test(moments, threads_and_questions_do_not_matter_to_moments, 0, 4);
    tcase_add_loop_test(moments, parts_merge, 0, 8);
    tcase_add_loop_test(moments, moments_equal_plain_loops, 0, 4);
    suite_add_tcase(suite, moments);
    tcase_add_checked_fixture(components, setup, teardown);
    tcase_set_timeout(components, 120);
    tcase_add_loop_test(components, solvers_agree, 0, 8);
    tcase_add_test(components, solvers_agree_on_wide_rows);
    tcase_add_test(components, floats_will_do);
    tcase_add_loop_test(components, directions_turn_with_the_data, 0, CONCEPTDEC_PCA_KRYLOV);
    tcase_add_loop_test(components, threads_do_not_matter, 0, 2 * CONCEPTDEC_PCA_KRYLOV);
    tcase_add_test(components, threads_do_not_matter_to_what_is_formed);
    tcase_add_loop_test(components, layout_does_not_matter, 0, 4);
    tcase_add_test(components, rows_are_projected_alone);
    tcase_add_loop_test(components, nothing_is_lost, 0, 4);
    suite_add_tcase(suite, components);
    return suite;
}

CHECK_MAIN(make_suite)
