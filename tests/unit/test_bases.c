/* Subspaces of given bases, by hand; the arrays of a list; one list of several. */
#define _GNU_SOURCE

#include "check_main.h"
#include "core/core.h"
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
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
