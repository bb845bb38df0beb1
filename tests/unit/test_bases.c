/* Subspaces of given bases, by hand; the arrays of a list; one list of several. */
#define _GNU_SOURCE

#include "check_main.h"
#include "core/core.h"
#include "linalg/orthonormal.h"
#include "subspace_problems.h"

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

#define NEAR(a, b, within) ck_assert_msg(fabs((a) - (b)) <= (within), "%.17g is not %.17g", (double)(a), (double)(b))

/* Independent rows are orthonormal in their order, whatever their lengths, each on the side where it was. */
START_TEST(rows_in_order)
{
    const double rows[] = {0, -1e-9, 0, 3e200, 4e200, 0};
    const conceptdec_matrix view = projection_view(rows, 2, 3);
    conceptdec_subspaces *s = subspace_bases(ctx, &view, 1, NULL, NULL);
    const double *q = subspace_basis(s, 0), wanted[] = {0, -1, 0, 1, 0, 0};
    for (int i = 0; i < 6; i++)
        NEAR(q[i], wanted[i], 1e-15);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], 2);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_MISSING)[0], 0);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_N_SAMPLES)[0], 0);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_CLASS)[0], -1);
    ck_assert(isnan(subspace_reals(s, CONCEPTDEC_S_VARIANCES)[0]));
    ck_assert(isnan(subspace_reals(s, CONCEPTDEC_S_TOTAL_VARIANCE)[0]));
    ck_assert(isnan(subspace_reals(s, CONCEPTDEC_S_GAP)[0]));
    conceptdec_subspaces_free(s);
}
END_TEST

/* Three rows of a plane, a zero row, more rows than dimensions. */
START_TEST(dependent_rows)
{
    const double plane[] = {1, 1, 0, 0, 1, -1, 0, 0, 2, 5, 0, 0}, nothing[] = {0, 0, 0, 0};
    double many[20];
    for (int i = 0; i < 20; i++)
        many[i] = sin(i + 1);
    const conceptdec_matrix views[] = {projection_view(plane, 3, 4), projection_view(nothing, 1, 4),
                                       projection_view(many, 5, 4)};
    conceptdec_subspaces *s = subspace_bases(ctx, views, 3, NULL, NULL);
    const int64_t *ranks = subspace_counts(s, CONCEPTDEC_S_RANKS),
                  *missing = subspace_counts(s, CONCEPTDEC_S_N_MISSING);
    ck_assert(ranks[0] == 2 && ranks[1] == 0 && ranks[2] == 2); /* sines of equal steps lie in a plane */
    ck_assert(missing[0] == 1 && missing[1] == 1 && missing[2] == 3);
    const int64_t *start = subspace_counts(s, CONCEPTDEC_S_START);
    ck_assert(start[0] == 0 && start[1] == 2 && start[2] == 2 && start[3] == 4);
    NEAR(subspace_apart(subspace_basis(s, 0), 2, 4), 0, 1e-14);
    NEAR(subspace_distance(plane, 3, subspace_basis(s, 0), 2, 4), 0, 1e-14);
    NEAR(subspace_distance(many, 5, subspace_basis(s, 2), 2, 4), 0, 1e-14);
    conceptdec_subspaces_free(s);
}
END_TEST

/* The tolerance is about directions; what was stored in few bits is not told from its copies. */
START_TEST(tolerance_of_bases)
{
    const double rows[] = {1, 0, 0, 1, 1e-5, 0};
    const float floats[] = {1, 0, 0, 1, 1e-7f, 0};
    const conceptdec_matrix view = projection_view(rows, 2, 3), narrow = projection_view_f32(floats, 2, 3);
    conceptdec_subspaces_options o = {.struct_size = sizeof o};
    conceptdec_subspaces *s = subspace_bases(ctx, &view, 1, NULL, &o);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], 2);
    conceptdec_subspaces_free(s);
    o.tolerance = 1e-5; /* the lesser singular value is 0.5e-5 of the larger one */
    s = subspace_bases(ctx, &view, 1, NULL, &o);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], 1);
    NEAR(subspace_basis(s, 0)[0], 1, 1e-10);
    conceptdec_subspaces_free(s);
    s = subspace_bases(ctx, &narrow, 1, NULL, NULL);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], 1);
    conceptdec_subspaces_free(s);
}
END_TEST

START_TEST(given_variances)
{
    const double rows[] = {0, 1, 0, 0.6, 0, -0.8}, variances[] = {1, 7};
    const conceptdec_matrix view = projection_view(rows, 2, 3), along = projection_view(variances, 2, 1);
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .classes = 1};
    conceptdec_subspaces *s = subspace_bases(ctx, &view, 1, &along, &o);
    const double *q = subspace_basis(s, 0);
    for (int i = 0; i < 6; i++)
        NEAR(q[i], rows[i], 1e-15);
    NEAR(subspace_reals(s, CONCEPTDEC_S_VARIANCES)[0], 1, 0);
    NEAR(subspace_reals(s, CONCEPTDEC_S_VARIANCES)[1], 7, 0);
    ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_CLASS)[0], 0);
    conceptdec_subspaces_free(s);
}
END_TEST

START_TEST(classes_and_views)
{
    const double rows[] = {1, 0, 0, 1};
    conceptdec_matrix views[6];
    const conceptdec_subspaces_options o = {.struct_size = sizeof o, .classes = 3};
    for (int i = 0; i < 6; i++)
        views[i] = projection_view(rows, 1 + i % 2, 2);
    conceptdec_subspaces *s = subspace_bases(ctx, views, 6, NULL, &o);
    conceptdec_subspaces *other = subspace_bases(ctx, views, 2, NULL, NULL), *all = NULL;
    const conceptdec_subspaces *const parts[] = {s, other, s};
    ck_assert_int_eq(conceptdec_subspaces_join(ctx, parts, 3, &all), CONCEPTDEC_OK);
    const int64_t views_of[] = {0, 0, 0, 1, 1, 1, 2, 3, 4, 4, 4, 5, 5, 5};
    const int64_t classes[] = {0, 1, 2, 0, 1, 2, -1, -1, 0, 1, 2, 0, 1, 2};
    const int64_t ranks[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    ck_assert_int_eq(subspace_array(all, CONCEPTDEC_S_RANKS).shape[0], 14);
    ck_assert_int_eq(subspace_array(all, CONCEPTDEC_S_BASES).shape[0], 21);
    for (int i = 0; i < 14; i++) {
        ck_assert_int_eq(subspace_counts(all, CONCEPTDEC_S_VIEW)[i], views_of[i]);
        ck_assert_int_eq(subspace_counts(all, CONCEPTDEC_S_CLASS)[i], classes[i]);
        ck_assert_int_eq(subspace_counts(all, CONCEPTDEC_S_RANKS)[i], ranks[i]);
        NEAR(subspace_basis(all, i)[0], 1, 0);
    }
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(other);
    conceptdec_subspaces_free(all);
}
END_TEST

START_TEST(questions)
{
    const double row[] = {2, 0};
    const conceptdec_matrix view = projection_view(row, 1, 2);
    conceptdec_subspaces *s = subspace_bases(ctx, &view, 1, NULL, NULL);
    conceptdec_array array = {.ndim = 99};
    ck_assert_int_eq(conceptdec_subspaces_get(s, "angles", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_subspaces_get(NULL, CONCEPTDEC_S_RANKS, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_subspaces_get(s, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_subspaces_get(s, CONCEPTDEC_S_RANKS, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(array.ndim, 99);
    ck_assert_int_eq(subspace_array(s, CONCEPTDEC_S_UNDECIDED).shape[0], 1);
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(NULL);
}
END_TEST

/* ---- the ways that bases go ---- */

/* Rows of one direction, so much of each apart from it. */
static void
fill_rows(int64_t r, int64_t d, double apart, double *rows)
{
    for (int64_t i = 0; i < r; i++)
        for (int64_t j = 0; j < d; j++)
            rows[i * d + j] = sin((double)(j * j)) + apart * sin((double)(i * 71 + 3 * j * j + i * j));
}

/* Orthonormal, the first k rows in the span of the first k, each on the side where it was. */
static void
check_in_order(const double *rows, const double *q, int64_t r, int64_t d)
{
    NEAR(subspace_apart(q, r, d), 0, 3e-15);
    for (int64_t i = 0; i < r; i++) {
        double along = 0, square = 0;
        for (int64_t j = 0; j < d; j++) {
            along += rows[i * d + j] * q[i * d + j];
            square += rows[i * d + j] * rows[i * d + j];
        }
        ck_assert(along > 0);
        NEAR(subspace_distance(rows + i * d, 1, q, i + 1, d), 0, 1e-14 * sqrt(square));
    }
}

/* From rows that stand apart to rows that the Gram matrix cannot tell apart; more rows than it is used for. */
START_TEST(near_and_far_rows)
{
    static double rows[150 * 300];
    const int64_t counts[] = {1, 2, 7, 33, 150};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        for (double apart = 10; apart > 1e-9; apart /= 30) {
            fill_rows(counts[k], 300, apart, rows);
            const conceptdec_matrix view = projection_view(rows, counts[k], 300);
            conceptdec_subspaces *s = subspace_bases(ctx, &view, 1, NULL, NULL);
            ck_assert_int_eq(subspace_counts(s, CONCEPTDEC_S_RANKS)[0], counts[k]);
            check_in_order(rows, subspace_basis(s, 0), counts[k], 300);
            conceptdec_subspaces_free(s);
        }
}
END_TEST

/* Where it declines nothing is touched. */
START_TEST(gram_declines)
{
    double rows[3 * 40], before[3 * 40];
    const double tolerances[] = {0, 0, 0.4};
    void *scratch;
    bool is_done;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(
        conceptdec_i_arena_take_raw(&arena, "scratch", conceptdec_i_orthonormal_bytes(ctx, 3), 1, &scratch),
        CONCEPTDEC_OK);
    for (int k = 0; k < 3; k++) {
        fill_rows(3, 40, k == 0 ? 0 : k == 1 ? 1e-3 : 10, rows);
        for (int64_t i = 0; i < 3; i++) {
            double square = 0;
            for (int64_t j = 0; j < 40; j++)
                square += rows[i * 40 + j] * rows[i * 40 + j];
            for (int64_t j = 0; j < 40; j++)
                rows[i * 40 + j] /= sqrt(square);
        }
        memcpy(before, rows, sizeof rows);
        ck_assert_int_eq(conceptdec_i_orthonormal_rows(ctx, 3, 40, rows, tolerances[k], scratch, &is_done),
                         CONCEPTDEC_OK);
        ck_assert(!is_done && memcmp(before, rows, sizeof rows) == 0);
    }
    ck_assert_int_eq(conceptdec_i_orthonormal_rows(ctx, 3, 40, rows, 0.1, scratch, &is_done), CONCEPTDEC_OK);
    ck_assert(is_done);
    check_in_order(before, rows, 3, 40);
    conceptdec_i_arena_close(&arena);
}
END_TEST

/* Bases of both ways in one list, some of them too small for their rows. */
START_TEST(bits_of_threads)
{
    static double rows[12][9 * 50];
    conceptdec_matrix views[12];
    conceptdec_ctx *alone = projection_ctx(1);
    for (int64_t i = 0; i < 12; i++) {
        fill_rows(9, 50, i % 4 == 1 ? 1e-6 : i % 4 == 2 ? 0 : 1, rows[i]);
        views[i] = projection_view(rows[i], 1 + i % 9, 50);
    }
    conceptdec_subspaces *one = subspace_bases(alone, views, 12, NULL, NULL);
    conceptdec_subspaces *two = subspace_bases(ctx, views, 12, NULL, NULL);
    const conceptdec_array a = subspace_array(one, CONCEPTDEC_S_BASES), b = subspace_array(two, CONCEPTDEC_S_BASES);
    int64_t total = 0;
    for (int64_t i = 0; i < 12; i++)
        total += i % 4 == 2 ? 1 : views[i].rows;
    ck_assert(a.shape[0] == total && b.shape[0] == total);
    ck_assert(memcmp(a.data, b.data, (size_t)(total * 50) * sizeof(double)) == 0);
    conceptdec_subspaces_free(one);
    conceptdec_subspaces_free(two);
    conceptdec_ctx_free(alone);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bases");
    TCase *tests = tcase_create("bases");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, rows_in_order);
    tcase_add_test(tests, dependent_rows);
    tcase_add_test(tests, tolerance_of_bases);
    tcase_add_test(tests, given_variances);
    tcase_add_test(tests, classes_and_views);
    tcase_add_test(tests, questions);
    tcase_add_test(tests, near_and_far_rows);
    tcase_add_test(tests, gram_declines);
    tcase_add_test(tests, bits_of_threads);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
