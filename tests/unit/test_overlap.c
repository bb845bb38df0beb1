/* Overlap of subspaces that can be worked out by hand. */
#include <math.h>

#include "check_main.h"
#include "linalg/singular_batch.h"
#include "overlap_problems.h"
#include "stats/beta.h"
#include "subspace/subspaces.h"

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

static double
number(const conceptdec_result *result, const char *name, int place)
{
    return numbers_of(result, name)[place];
}

#define CHECK(result, name, place, value) ck_assert_double_eq_tol(number(result, name, place), value, 1e-14)

/* e1, e2; e1, e3: one direction in common, one at a right angle. */
START_TEST(two_planes)
{
    static const double rows[] = {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1};
    static const int64_t ranks[] = {2, 2};
    const double right = acos(0);
    conceptdec_subspaces *s = spans(ctx, rows, ranks, 2, 3, NULL);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0);
    for (int place = 1; place <= 2; place++) {
        CHECK(r, CONCEPTDEC_R_OVERLAP, place, 0.5);
        CHECK(r, CONCEPTDEC_R_SHARED_DIMENSIONS, place, 1);
        CHECK(r, CONCEPTDEC_R_COSINES, 2 * place, 1);
        CHECK(r, CONCEPTDEC_R_COSINES, 2 * place + 1, 0);
        CHECK(r, CONCEPTDEC_R_ANGLES, 2 * place, 0);
        CHECK(r, CONCEPTDEC_R_ANGLES, 2 * place + 1, right);
        CHECK(r, CONCEPTDEC_R_GEODESIC, place, right);
        CHECK(r, CONCEPTDEC_R_CHORDAL, place, 1);
        CHECK(r, CONCEPTDEC_R_PROCRUSTES, place, sqrt(2));
        CHECK(r, CONCEPTDEC_R_MAX_ANGLE, place, right);
        CHECK(r, CONCEPTDEC_R_FUBINI_STUDY, place, right);
        CHECK(r, CONCEPTDEC_R_EXPECTED, place, 2.0 / 3);
        CHECK(r, CONCEPTDEC_R_EXPECTED_SD, place, sqrt(8.0 / 90) / 2);
        CHECK(r, CONCEPTDEC_R_Z, place, -(1.0 / 3) / sqrt(8.0 / 90));
        CHECK(r, CONCEPTDEC_R_P_VALUE, place, 1); /* two planes of space always have a line in common */
        ck_assert(isnan(number(r, CONCEPTDEC_R_VARIANCE_OVERLAP, place)));
    }
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

/* Normals at an angle t: the planes share a line, and the other angle is t. Complements of lines: the tail is exact. */
START_TEST(planes_of_space)
{
    static const double angles[] = {1e-7, 0.3, 1.2, 1.5707};
    const double t = angles[_i], rows[] = {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, cos(t), sin(t)};
    static const int64_t ranks[] = {2, 2};
    conceptdec_subspaces *s = spans(ctx, rows, ranks, 2, 3, NULL);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0);
    CHECK(r, CONCEPTDEC_R_ANGLES, 2, 0);
    CHECK(r, CONCEPTDEC_R_ANGLES, 3, t);
    CHECK(r, CONCEPTDEC_R_CHORDAL, 1, sin(t));
    CHECK(r, CONCEPTDEC_R_PROCRUSTES, 1, 2 * sin(t / 2));
    CHECK(r, CONCEPTDEC_R_FUBINI_STUDY, 1, t);
    ck_assert_double_eq_tol(number(r, CONCEPTDEC_R_P_VALUE, 1), 2 * pow(sin(t / 2), 2), 1e-9);
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

/* A line at angle t to a plane of four dimensions: cosine cos t, and a dimension that is missing. */
START_TEST(unequal_ranks)
{
    const double t = 0.4, right = acos(0), rows[] = {cos(t), 0, sin(t), 0, 1, 0, 0, 0, 0, 1, 0, 0};
    static const int64_t ranks[] = {1, 2};
    conceptdec_subspaces *s = spans(ctx, rows, ranks, 2, 4, NULL);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0),
                      *m = overlap_with(ctx, s, NULL, CONCEPTDEC_OVERLAP_COUNT_MISSING, 0);
    CHECK(r, CONCEPTDEC_R_OVERLAP, 1, cos(t) * cos(t));
    CHECK(r, CONCEPTDEC_R_ANGLES, 2, t);
    ck_assert(isnan(number(r, CONCEPTDEC_R_ANGLES, 3)));
    ck_assert(isnan(number(r, CONCEPTDEC_R_COSINES, 1)) && isnan(number(r, CONCEPTDEC_R_COSINES, 5)));
    CHECK(r, CONCEPTDEC_R_GEODESIC, 2, t);
    CHECK(r, CONCEPTDEC_R_CHORDAL, 2, sin(t));
    CHECK(r, CONCEPTDEC_R_MAX_ANGLE, 1, t);
    CHECK(r, CONCEPTDEC_R_P_VALUE, 1, 1 - cos(t) * cos(t)); /* Beta(1, 1) */
    CHECK(r, CONCEPTDEC_R_P_INDEPENDENT, 1, 1 - cos(t) * cos(t));
    CHECK(m, CONCEPTDEC_R_OVERLAP, 1, cos(t) * cos(t));
    CHECK(m, CONCEPTDEC_R_GEODESIC, 1, sqrt(t * t + right * right));
    CHECK(m, CONCEPTDEC_R_CHORDAL, 1, sqrt(sin(t) * sin(t) + 1));
    CHECK(m, CONCEPTDEC_R_PROCRUSTES, 2, 2 * sqrt(pow(sin(t / 2), 2) + 0.5));
    CHECK(m, CONCEPTDEC_R_MAX_ANGLE, 2, right);
    CHECK(m, CONCEPTDEC_R_FUBINI_STUDY, 1, right);
    CHECK(m, CONCEPTDEC_R_GEODESIC, 3, 0);
    conceptdec_result_free(r);
    conceptdec_result_free(m);
    conceptdec_subspaces_free(s);
}
END_TEST

START_TEST(without_angles)
{
    double rows[7 * 9];
    static const int64_t ranks[] = {3, 2, 2};
    conceptdec_array array;
    fill_uniform(3, 63, rows);
    conceptdec_subspaces *s = spans(ctx, rows, ranks, 3, 9, NULL);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0),
                      *n = overlap_with(ctx, s, NULL, CONCEPTDEC_OVERLAP_NO_ANGLES, 0);
    static const char *const kept[] = {CONCEPTDEC_R_OVERLAP, CONCEPTDEC_R_SHARED_DIMENSIONS, CONCEPTDEC_R_EXPECTED,
                                       CONCEPTDEC_R_Z, CONCEPTDEC_R_P_VALUE};
    static const char *const gone[] = {CONCEPTDEC_R_ANGLES,     CONCEPTDEC_R_COSINES,   CONCEPTDEC_R_GEODESIC,
                                       CONCEPTDEC_R_PROCRUSTES, CONCEPTDEC_R_MAX_ANGLE, CONCEPTDEC_R_FUBINI_STUDY};
    for (int i = 0; i < 5; i++)
        ck_assert_mem_eq(numbers_of(r, kept[i]), numbers_of(n, kept[i]), 9 * sizeof(double));
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(conceptdec_result_get(n, gone[i], &array), CONCEPTDEC_ENAME);
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq_tol(number(n, CONCEPTDEC_R_CHORDAL, i), number(r, CONCEPTDEC_R_CHORDAL, i), 1e-13);
    conceptdec_result_free(r);
    conceptdec_result_free(n);
    conceptdec_subspaces_free(s);
}
END_TEST

/* The second is zero: it has no direction. The third is all of the space, with which nothing can vary. */
START_TEST(what_is_not_defined)
{
    static const double rows[] = {1, 0, 0, 0, 1, 0, 0, 1};
    static const int64_t ranks[] = {1, 1, 2};
    conceptdec_subspaces *s = spans(ctx, rows, ranks, 3, 2, NULL);
    conceptdec_array found;
    ck_assert_int_eq(conceptdec_subspaces_get(s, CONCEPTDEC_S_RANKS, &found), CONCEPTDEC_OK);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0);
    const int64_t *got = array_of(r, CONCEPTDEC_R_RANKS).data;
    ck_assert_mem_eq(got, found.data, 3 * sizeof *got);
    for (int64_t i = 0; i < 3; i++)
        for (int64_t j = 0; j < 3; j++)
            for (int k = 0; k < OVERLAP_NUMBERS; k++) {
                conceptdec_array array = array_of(r, overlap_numbers[k]);
                int64_t each = count_of(&array) / 9;
                if (got[i] == 0 || got[j] == 0)
                    for (int64_t l = 0; l < each; l++)
                        ck_assert(isnan(((const double *)array.data)[(i * 3 + j) * each + l]));
            }
    ck_assert_int_eq(got[1], 0);
    ck_assert(number(r, CONCEPTDEC_R_OVERLAP, 2) > 1 - 1e-15 && number(r, CONCEPTDEC_R_P_VALUE, 2) >= 1);
    ck_assert(isnan(number(r, CONCEPTDEC_R_Z, 2)) && number(r, CONCEPTDEC_R_EXPECTED_SD, 2) <= 0);
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

/* Variances 3 and 1 of the first; the second is its second direction, or none of it. */
START_TEST(variances)
{
    static const double rows[] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1},
                        variance[] = {3, 1, 2, 5, 4};
    static const int64_t ranks[] = {2, 1, 2};
    conceptdec_subspaces *s = spans(ctx, rows, ranks, 3, 4, variance);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0);
    CHECK(r, CONCEPTDEC_R_VARIANCE_OVERLAP, 0, 1);
    CHECK(r, CONCEPTDEC_R_VARIANCE_OVERLAP, 1, 1.0 / 3); /* of 3 at most */
    CHECK(r, CONCEPTDEC_R_VARIANCE_OVERLAP, 3, 1);
    CHECK(r, CONCEPTDEC_R_VARIANCE_OVERLAP, 2, 0);
    CHECK(r, CONCEPTDEC_R_VARIANCE_OVERLAP, 8, 1);
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

/* Wider blocks than fit eight abreast, one of them much wider than the other, with known angles. */
START_TEST(wide_subspaces)
{
    enum { R = 70, D = 150 };
    static double rows[2 * R * D];
    static const int64_t ranks[] = {R, R};
    for (int i = 0; i < R; i++) {
        double angle = acos(0) * (i + 0.5) / R;
        rows[i * D + i] = 1;
        rows[(R + i) * D + i] = cos(angle);
        rows[(R + i) * D + R + i] = sin(angle);
    }
    conceptdec_subspaces *s = spans(ctx, rows, ranks, 2, D, NULL);
    conceptdec_result *r = overlap_with(ctx, s, NULL, 0, 0);
    for (int i = 0; i < R; i++)
        ck_assert_double_eq_tol(number(r, CONCEPTDEC_R_ANGLES, R + i), acos(0) * (i + 0.5) / R, 1e-13);
    conceptdec_result_free(r);
    conceptdec_subspaces_free(s);
}
END_TEST

/* Rows of a strip are multiplied in other tiles, and give the same. */
START_TEST(memory_bounds_strips)
{
    enum { S = 40, R = 8, D = 30 };
    static double rows[S * R * D];
    int64_t ranks[S];
    const conceptdec_overlap_options o = {.struct_size = sizeof o, .memory = 100000};
    conceptdec_result *none = NULL;
    fill_uniform(5, S * R * D, rows);
    for (int i = 0; i < S; i++)
        ranks[i] = 1 + i * 5 % R;
    conceptdec_subspaces *s = spans(ctx, rows, ranks, S, D, NULL), *t = spans(ctx, rows + D, ranks, S, D, NULL);
    for (int other = 0; other < 2; other++) {
        conceptdec_result *all = overlap_with(ctx, s, other ? t : NULL, 0, 0);
        for (int64_t memory = 1600000; memory < 2300000; memory += 100000) {
            conceptdec_result *part = overlap_with(ctx, s, other ? t : NULL, 0, memory);
            check_equal_bits(all, part);
            conceptdec_result_free(part);
        }
        conceptdec_result_free(all);
    }
    ck_assert_int_eq(conceptdec_subspaces_overlap(ctx, s, NULL, &o, &none), CONCEPTDEC_ENOMEM);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "memory: 100000 bytes"));
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(t);
}
END_TEST

/* Diagonal times a rotation in each pair of columns: singular values are those of the diagonal, in every lane
 * another. */
START_TEST(singular_values)
{
    enum { M = 6, N = 9 };
    static double columns[M * N * 8], values[M * 8];
    for (int lane = 0; lane < 8; lane++) {
        double a[M][N] = {{0}};
        for (int p = 0; p < M; p++)
            a[p][p + lane % 3] = pow(10, -p * (lane % 4));
        for (int p = 0; p < M; p++)
            for (int q = p + 1; q < M; q++)
                for (int k = 0; k < N; k++) {
                    double x = a[p][k], y = a[q][k];
                    a[p][k] = 0.6 * x - 0.8 * y;
                    a[q][k] = 0.8 * x + 0.6 * y;
                }
        for (int p = 0; p < M; p++)
            for (int k = 0; k < N; k++)
                columns[(p * N + k) * 8 + lane] = a[p][k];
    }
    ck_assert_int_eq(conceptdec_i_singular_batch(ctx, columns, M, N, false, values), CONCEPTDEC_OK);
    for (int lane = 0; lane < 8; lane++)
        for (int p = 0; p < M; p++) {
            double nearest = 1;
            for (int q = 0; q < M; q++)
                nearest = fmin(nearest, fabs(values[q * 8 + lane] - pow(10, -p * (lane % 4))));
            ck_assert_double_le(nearest, 1e-15);
        }
}
END_TEST

START_TEST(beta_tails)
{
    ck_assert_double_eq_tol(conceptdec_i_beta_tail(1, 1, 0.25), 0.75, 1e-15);
    ck_assert_double_eq_tol(conceptdec_i_beta_tail(1, 3, 0.5), 0.125, 1e-15);
    ck_assert_double_eq_tol(conceptdec_i_beta_tail(2, 1, 0.9), 0.19, 1e-15);
    ck_assert_double_eq_tol(conceptdec_i_beta_tail(0.5, 0.5, 0.75), 1.0 / 3, 1e-15); /* arc sine law */
    ck_assert_double_eq_tol(conceptdec_i_beta_tail(1, 500, 0.5) * pow(2, 500), 1, 1e-11);
    ck_assert_double_eq_tol(conceptdec_i_beta_tail(4000, 4000, 0.5), 0.5, 1e-11);
    ck_assert(conceptdec_i_beta_tail(2, 3, 0) >= 1 && conceptdec_i_beta_tail(2, 3, 1) <= 0);
    ck_assert(conceptdec_i_beta_tail(2, 3, -1e-17) >= 1 && conceptdec_i_beta_tail(2, 3, 1 + 1e-15) <= 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("overlap");
    TCase *tests = tcase_create("overlap");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, two_planes);
    tcase_add_loop_test(tests, planes_of_space, 0, 4);
    tcase_add_test(tests, unequal_ranks);
    tcase_add_test(tests, without_angles);
    tcase_add_test(tests, what_is_not_defined);
    tcase_add_test(tests, variances);
    tcase_add_test(tests, wide_subspaces);
    tcase_add_test(tests, memory_bounds_strips);
    tcase_add_test(tests, singular_values);
    tcase_add_test(tests, beta_tails);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
