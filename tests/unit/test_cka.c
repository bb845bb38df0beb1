/* CKA, mutual k-NN and information imbalance of cases that can be worked out, and draws against sums over all
 * tuples. */
#include "check_main.h"
#include "similar.h"
#include "stats/bootstrap.h"
#include "stats/groups.h"

enum { N = 8, PADDED = 90 };

/* Centred columns (-3 -1 1 3) and (1 -1 -1 1): their kernels are outer products. */
static const double line[] = {2, 4, 6, 8}, arch[] = {11, 9, 9, 11}, flat[] = {5, 5, 5, 5};
static const double noisy[N * 2] = {0.3,  -1.2, 1.9, 0.4,  -0.7, 2.1, 0.8,  0.9,
                                    -1.5, 0.2,  2.6, -0.3, 0.1,  1.4, -2.2, -0.6};
static const double other[N] = {0.9, 1.1, -0.4, 1.6, -2.3, 1.2, 0.2, -1.0};

static double
single(conceptdec_ctx *ctx, const conceptdec_matrix *a, const conceptdec_matrix *b, conceptdec_similarity_options o)
{
    conceptdec_result *r = similarity_of(ctx, a, 1, b, 1, o);
    double value = element(r, CONCEPTDEC_R_VALUE, 0);
    conceptdec_result_free(r);
    return value;
}

/* Biased: the squared correlation, as there is one column. */
START_TEST(one_column)
{
    static const double bent[] = {-3, -1, 1, 5}; /* centred: -3.5 -1.5 0.5 4.5; squares 35; products with line 26 */
    conceptdec_ctx *ctx = ctx_with(1);
    conceptdec_matrix x = wide_view(line, 4, 1), y = wide_view(bent, 4, 1), z = wide_view(arch, 4, 1);
    const conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED};
    ck_assert_double_eq_tol(single(ctx, &x, &y, o), 26.0 * 26 / (20 * 35), 1e-15);
    ck_assert_double_eq_tol(single(ctx, &x, &z, o), 0, 1e-15);
    ck_assert_double_eq_tol(single(ctx, &x, &x, o), 1, 1e-300);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Line: K off the diagonal 3 -3 -9 / -1 -3 / 3; rows -9 -1 -1 -9; sum -20. Arch: L -1 -1 1 / 1 -1 / -1; rows -1; sum
 * -4. sum KL: 2 (-3 + 3 - 9 - 1 + 3 - 3) = -20; of rows: 20; HSIC = (-20 + 80 / 6 - 20) / 4 = -20 / 3.
 * KK: 2 (9 + 9 + 81 + 1 + 9 + 9) = 236, rows 164: (236 + 400 / 6 - 164) / 4 = 104 / 3;
 * LL: 12, rows 4: (12 + 16 / 6 - 4) / 4 = 8 / 3. */
START_TEST(unbiased_by_hand)
{
    conceptdec_ctx *ctx = ctx_with(1);
    conceptdec_matrix views[] = {wide_view(line, 4, 1), wide_view(arch, 4, 1), wide_view(flat, 4, 1)};
    conceptdec_result *r = similarity_of(ctx, views, 3, NULL, 0, (conceptdec_similarity_options){0});
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_SELF_HSIC_A, 0), 104.0 / 3, 1e-12);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_SELF_HSIC_B, 1), 8.0 / 3, 1e-12);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_VALUE, 1), -20 / sqrt(104 * 8), 1e-13);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_VALUE, 3), -20 / sqrt(104 * 8), 1e-13);
    for (int i = 0; i < 3; i++) {
        ck_assert_double_nan(element(r, CONCEPTDEC_R_VALUE, 6 + i));
        ck_assert_double_nan(element(r, CONCEPTDEC_R_VALUE, 3 * i + 2));
    }
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_N_UNDEFINED, 0), 5, 1e-300);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_N_LEFT_OUT, 0), 0, 1e-300);
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Distances of 0 1 3 7: median of 1 2 3 4 6 7 is 3.5. Two rows apart d: k = exp(-d^2 / (2 s^2)); biased HSIC by its
 * definition. */
START_TEST(rbf_by_hand)
{
    static const double places[] = {0, 1, 3, 7}, others[] = {0, 1, 0, 1}; /* of the others: 0 0 1 1 1 1, median 1 */
    conceptdec_ctx *ctx = ctx_with(1);
    double k[2][4][4], centred[2][4][4], both[3] = {0};
    for (int v = 0; v < 2; v++)
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) {
                double d = v ? others[i] - others[j] : places[i] - places[j], s = v ? 1 : 3.5;
                k[v][i][j] = exp(-d * d / (2 * s * s));
            }
    for (int v = 0; v < 2; v++)
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) {
                centred[v][i][j] = k[v][i][j];
                for (int l = 0; l < 4; l++) {
                    centred[v][i][j] -= k[v][i][l] / 4 + k[v][l][j] / 4;
                    for (int m = 0; m < 4; m++)
                        centred[v][i][j] += k[v][l][m] / 16;
                }
            }
    for (int i = 0; i < 16; i++) {
        both[0] += (&centred[0][0][0])[i] * (&centred[1][0][0])[i];
        both[1] += (&centred[0][0][0])[i] * (&centred[0][0][0])[i];
        both[2] += (&centred[1][0][0])[i] * (&centred[1][0][0])[i];
    }
    conceptdec_matrix x = wide_view(places, 4, 1), y = wide_view(others, 4, 1);
    const conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED, .kernel = CONCEPTDEC_CKA_RBF};
    ck_assert_double_eq_tol(single(ctx, &x, &y, o), both[0] / sqrt(both[1] * both[2]), 1e-13);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* More than half of the pairs are equal: there is no width. */
START_TEST(rbf_without_width)
{
    static const double mostly[] = {1, 1, 1, 1, 1, 7}, ramp[] = {1, 2, 3, 4, 5, 6};
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix views[] = {wide_view(mostly, 6, 1), wide_view(ramp, 6, 1)};
    conceptdec_result *r = similarity_of(
        ctx, views, 2, NULL, 0, (conceptdec_similarity_options){.kernel = CONCEPTDEC_CKA_RBF, .permutations = 3});
    ck_assert_double_nan(element(r, CONCEPTDEC_R_VALUE, 0));
    ck_assert_double_nan(element(r, CONCEPTDEC_R_VALUE, 1));
    ck_assert_double_nan(element(r, CONCEPTDEC_R_P_VALUE, 1));
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_VALUE, 3), 1, 1e-300);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_N_UNDEFINED, 0), 3, 1e-300);
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- the bootstrap, by its definition ---- */

static void
fill_kernel(const double *x, int d, double *k)
{
    double centred[N * 2];
    for (int j = 0; j < d; j++) {
        double mean = 0;
        for (int i = 0; i < N; i++)
            mean += x[i * d + j] / N;
        for (int i = 0; i < N; i++)
            centred[i * d + j] = x[i * d + j] - mean;
    }
    for (int i = 0; i < N * N; i++) {
        k[i] = 0;
        for (int j = 0; j < d; j++)
            k[i] += centred[i / N * d + j] * centred[i % N * d + j];
    }
}

static double
weighted_unbiased(const double *k, const double *l, const int32_t *w)
{
    double sums[3] = {0}, weights[3] = {0};
    for (int code = 0; code < N * N * N * N; code++) {
        int t[] = {code % N, code / N % N, code / N / N % N, code / N / N / N};
        for (int size = 2; size <= 4; size++) {
            bool is_tuple = true; /* different rows, the unused places 0 */
            double weight = 1;
            for (int p = 0; p < 4; p++) {
                is_tuple &= p < size || t[p] == 0;
                weight *= p < size ? w[t[p]] : 1;
                for (int q = 0; q < p; q++)
                    is_tuple &= p >= size || t[p] != t[q];
            }
            if (!is_tuple)
                continue;
            double value = size == 2   ? k[t[0] * N + t[1]] * l[t[0] * N + t[1]]
                           : size == 3 ? k[t[0] * N + t[1]] * l[t[0] * N + t[2]]
                                       : k[t[0] * N + t[1]] * l[t[2] * N + t[3]];
            sums[size - 2] += weight * value;
            weights[size - 2] += weight;
        }
    }
    return sums[0] / weights[0] - 2 * sums[1] / weights[1] + sums[2] / weights[2];
}

/* Of the rows as drawn, each with its copies. */
static double
drawn_biased(const double *k, const double *l, const int32_t *w)
{
    int row[4 * N], n = 0;
    double sum = 0;
    for (int i = 0; i < N; i++)
        for (int32_t c = 0; c < w[i]; c++)
            row[n++] = i;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double x = k[row[i] * N + row[j]], y = l[row[i] * N + row[j]];
            for (int m = 0; m < n; m++) {
                x -= (k[row[i] * N + row[m]] + k[row[m] * N + row[j]]) / n;
                y -= (l[row[i] * N + row[m]] + l[row[m] * N + row[j]]) / n;
            }
            sum += x * y;
        }
    /* both lack their mean, g and h: the sum of (x + g) (y + h) is less by n^2 g h */
    double whole[2] = {0};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            whole[0] += k[row[i] * N + row[j]] / n / n;
            whole[1] += l[row[i] * N + row[j]] / n / n;
        }
    return sum - n * n * whole[0] * whole[1];
}

START_TEST(bootstrap_by_definition)
{
    static const int64_t codes[] = {5, 5, -1, 3, 3, 3, 9, 8};
    const conceptdec_matrix groups = {
        .data = codes, .rows = N, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    static double k[N * N], l[N * N];
    const bool is_unbiased = _i % 2, is_grouped = _i / 2 % 2,
               is_padded = _i / 4; /* constant columns: kernels are used */
    static double padded[N * PADDED];
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix x = wide_view(noisy, N, 2), y = wide_view(other, N, 1);
    for (int i = 0; i < N * PADDED; i++)
        padded[i] = i % PADDED < 2 ? noisy[i / PADDED * 2 + i % PADDED] : -7;
    if (is_padded)
        x = wide_view(padded, N, PADDED);
    fill_kernel(noisy, 2, k);
    fill_kernel(other, 1, l);
    int checked = 0;
    for (uint64_t seed = 0; seed < 6; seed++) {
        int32_t counts[N], times[N];
        conceptdec_i_bootstrap_count(seed, 0, is_grouped ? 5 : N, counts);
        int64_t distinct = 0;
        for (int i = 0; i < N; i++) { /* groups by their first rows: 5, -1, 3, 9, 8 */
            static const int number[] = {0, 0, 1, 2, 2, 2, 3, 4};
            times[i] = counts[is_grouped ? number[i] : i];
            distinct += times[i] > 0;
        }
        const conceptdec_similarity_options o = {.kind = is_unbiased ? CONCEPTDEC_SIMILARITY_CKA_DEBIASED
                                                                     : CONCEPTDEC_SIMILARITY_CKA_BIASED,
                                                 .bootstrap = 1,
                                                 .seed = seed,
                                                 .groups = is_grouped ? &groups : NULL};
        conceptdec_result *r = similarity_of(ctx, &x, 1, &y, 1, o);
        double (*hsic)(const double *, const double *, const int32_t *) =
            is_unbiased ? weighted_unbiased : drawn_biased;
        double first = hsic(k, k, times), second = hsic(l, l, times), bias = element(r, CONCEPTDEC_R_BOOTSTRAP_BIAS, 0),
               low = element(r, CONCEPTDEC_R_CI_LOW, 0) + bias;
        if (distinct < 4 && is_unbiased) {
            ck_assert_double_nan(low);
        } else if (first > 0 && second > 0) {
            ck_assert_double_eq_tol(low, hsic(k, l, times) / sqrt(first * second), 1e-11);
            ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_CI_HIGH, 0) + bias, low, 1e-300);
            ck_assert_double_eq_tol(low - bias, element(r, CONCEPTDEC_R_VALUE, 0), 1e-12); /* of one draw */
            checked++;
        } else {
            ck_assert_double_nan(low);
        }
        conceptdec_result_free(r);
    }
    ck_assert_int_ge(checked, 3);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- neighbours ---- */

/* On a line 0 1 3 7 the nearest of each are 1 0 1 2; on 0 6 5 1 they are 3 2 1 0: none in common but row 2's. */
START_TEST(neighbours_by_hand)
{
    static const double first[] = {0, 1, 3, 7}, second[] = {0, 6, 5, 1.5};
    conceptdec_ctx *ctx = ctx_with(1);
    conceptdec_matrix x = wide_view(first, 4, 1), y = wide_view(second, 4, 1);
    conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN, .k = 1};
    conceptdec_result *r = similarity_of(ctx, &x, 1, &y, 1, o);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_VALUE, 0), 0.25, 1e-300);
    ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_CHANCE, 0), 1.0 / 3, 1e-300);
    conceptdec_result_free(r);
    /* Ranks in the second of 1 0 1 2: 3 3 1 2 (row 0: 1.5 5 6; row 1: 1 4.5 6; row 2: 1 3.5 5; row 3: 1.5 3.5 4.5). */
    o.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE;
    ck_assert_double_eq_tol(single(ctx, &x, &y, o), 2.0 / 4 * 9 / 4, 1e-15);
    /* In the first of 3 2 1 0: 3 2 1 3. */
    ck_assert_double_eq_tol(single(ctx, &y, &x, o), 2.0 / 4 * 9 / 4, 1e-15);
    ck_assert_double_eq_tol(single(ctx, &x, &x, o), 2.0 / 4, 1e-15);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* All rows of the second are equal: each of the others has k / 3 of the places, and the mean rank 2. On the grid 0 1 2
 * 3 the two inner rows have two nearest, which share the place. */
START_TEST(ties_share)
{
    static const double grid[] = {0, 1, 2, 3};
    conceptdec_ctx *ctx = ctx_with(1);
    conceptdec_matrix x = wide_view(grid, 4, 1), y = wide_view(flat, 4, 1);
    conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN, .k = 1};
    ck_assert_double_eq_tol(single(ctx, &x, &y, o), (1.0 / 3 + 2.0 / 3 + 2.0 / 3 + 1.0 / 3) / 4, 1e-15);
    o.k = 3;
    ck_assert_double_eq_tol(single(ctx, &x, &y, o), 1, 1e-15);
    o.k = 1;
    o.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE;
    ck_assert_double_eq_tol(single(ctx, &x, &y, o), 2.0 / 4 * 2, 1e-15);
    ck_assert_double_eq_tol(single(ctx, &x, &x, o), 2.0 / 4 * (1 + 1.5 + 1.5 + 1) / 4, 1e-15);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* The same with itself is as alike as can be: of all orders only those that change nothing are as alike. */
START_TEST(p_values)
{
    static const int32_t kinds[] = {CONCEPTDEC_SIMILARITY_CKA_DEBIASED, CONCEPTDEC_SIMILARITY_CKA_BIASED,
                                    CONCEPTDEC_SIMILARITY_MUTUAL_KNN, CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE};
    conceptdec_ctx *ctx = ctx_with(2);
    conceptdec_matrix x = wide_view(noisy, N, 2), z = wide_view(flat, 4, 1);
    conceptdec_similarity_options o = {.kind = kinds[_i], .permutations = 99};
    if (_i >= 2)
        o.k = 2;
    conceptdec_result *r = similarity_of(ctx, &x, 1, &x, 1, o);
    double p = element(r, CONCEPTDEC_R_P_VALUE, 0), value = element(r, CONCEPTDEC_R_VALUE, 0), alike = 1;
    for (int draw = 0; draw < 99; draw++) {
        double drawn = element(r, CONCEPTDEC_R_NULL, draw);
        alike += _i == 3 ? drawn <= value : drawn >= value;
    }
    ck_assert_double_eq_tol(p, alike / 100, 1e-15);
    ck_assert_double_le(p, 0.05);
    conceptdec_result_free(r);
    /* Where all orders are alike, so are all draws. */
    if (_i >= 2) {
        r = similarity_of(ctx, &z, 1, &z, 1, o);
        ck_assert_double_eq_tol(element(r, CONCEPTDEC_R_P_VALUE, 0), 1, 1e-300);
        conceptdec_result_free(r);
    }
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cka");
    TCase *tests = tcase_create("cka");
    tcase_add_test(tests, one_column);
    tcase_add_test(tests, unbiased_by_hand);
    tcase_add_test(tests, rbf_by_hand);
    tcase_add_test(tests, rbf_without_width);
    tcase_add_loop_test(tests, bootstrap_by_definition, 0, 8);
    tcase_add_test(tests, neighbours_by_hand);
    tcase_add_test(tests, ties_share);
    tcase_add_loop_test(tests, p_values, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
