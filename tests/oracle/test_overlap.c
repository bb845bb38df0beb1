/* Angles of bases that were made with them, and tails of the distribution of independent subspaces. */
#include "check_main.h"
#include "overlap.h"
#include "overlap_problems.h"
#include "subspace/overlap.h"

#define PAIRS ((int)(sizeof overlap_pairs / sizeof *overlap_pairs))
#define TAILS ((int)(sizeof overlap_tails / sizeof *overlap_tails))

static void
check_angles(conceptdec_ctx *ctx, int i, bool is_turned)
{
    int64_t p = overlap_pairs[i].p, q = overlap_pairs[i].q, d = overlap_pairs[i].d;
    conceptdec_subspaces *a = spans(ctx, overlap_pairs[i].a, &p, 1, d, NULL), *b = spans(ctx, overlap_pairs[i].b, &q, 1, d, NULL);
    conceptdec_result *result = overlap_with(ctx, is_turned ? b : a, is_turned ? a : b, 0, 0);
    double squares = 0;
    for (int64_t k = 0; k < p; k++) {
        double angle = overlap_pairs[i].angles[k];
        ck_assert_double_eq_tol(numbers_of(result, CONCEPTDEC_R_ANGLES)[k], angle, 1e-13);
        ck_assert_double_eq_tol(numbers_of(result, CONCEPTDEC_R_COSINES)[k], cos(angle), 1e-13);
        squares += angle * angle;
    }
    ck_assert_double_eq_tol(numbers_of(result, CONCEPTDEC_R_GEODESIC)[0], sqrt(squares), 2e-13);
    conceptdec_result_free(result);
    conceptdec_subspaces_free(a);
    conceptdec_subspaces_free(b);
}

START_TEST(angles_are_those_that_were_made)
{
    static const uint32_t sets[] = {CONCEPTDEC_KERNEL_PORTABLE, 0};
    for (int k = 0; k < 2; k++) {
        const conceptdec_ctx_options o = {.struct_size = sizeof o, .kernel_mask = sets[k]};
        conceptdec_ctx *ctx;
        ck_assert_int_eq(conceptdec_ctx_new(&o, &ctx), CONCEPTDEC_OK);
        check_angles(ctx, _i, false);
        check_angles(ctx, _i, true);
        conceptdec_ctx_free(ctx);
    }
}
END_TEST

START_TEST(tails_are_those_of_scipy)
{
    const double *t = overlap_tails[_i];
    double tail = conceptdec_i_overlap_tail((int64_t)t[0], (int64_t)t[1], (int64_t)t[2], t[3]);
    ck_assert_double_eq_tol(tail / t[4], 1, t[2] > 10000 ? 1e-7 : 1e-10); /* 1 less a number has its last bit in both */
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("overlap");
    TCase *tests = tcase_create("overlap");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, angles_are_those_that_were_made, 0, PAIRS);
    tcase_add_loop_test(tests, tails_are_those_of_scipy, 0, TAILS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
