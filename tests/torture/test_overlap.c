/* Overlap without memory, at every allocation, and cancelled at every place: nothing is leaked or written, and the
 * next call gives the same answer. */
#define _GNU_SOURCE

#include "check_main.h"
#include "concept_problems.h"
#include "results.h"

static const conceptdec_subspaces_options rank_2 = {.struct_size = sizeof rank_2, .rank = 2};

/* 0: lists of subspaces, 1: two lists, 2: permutations, 3: bootstrap. */
static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    static double rows[12 * CONCEPT_D];
    conceptdec_matrix views[CONCEPT_V], labels, bases[4];
    conceptdec_subspaces *s = NULL;
    make_concepts();
    concept_views(views, &labels);
    labels.rows = views[0].rows = views[1].rows = 12;
    if (variant >= 2) {
        const conceptdec_overlap_options o = {
            .struct_size = sizeof o, .subspaces = &rank_2, .permutations = variant == 2, .bootstrap = variant == 3};
        return conceptdec_subspace_overlap(ctx, views, variant - 1, &labels, &o, result);
    }
    fill_uniform(4, 12 * CONCEPT_D, rows);
    for (int i = 0; i < 4; i++)
        bases[i] = dense(rows + 3 * i * CONCEPT_D, 3, CONCEPT_D);
    conceptdec_status status = conceptdec_subspaces_from_bases(ctx, bases, 4, NULL, NULL, &s);
    conceptdec_subspaces *t = NULL;
    if (status == CONCEPTDEC_OK && variant == 1)
        status = conceptdec_subspaces_from_bases(ctx, bases + 1, 2, NULL, NULL, &t);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_subspaces_overlap(ctx, s, t, NULL, result);
    conceptdec_subspaces_free(s);
    conceptdec_subspaces_free(t);
    return status;
}

START_TEST(without_memory)
{
    ck_assert_int_ge(torture_result(1 + _i % 2, measure, _i / 2), 30);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    ck_assert_int_ge(torture_stopped(1 + _i % 2, measure, _i / 2, 1), 5);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("overlap");
    TCase *tests = tcase_create("overlap");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, 8);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 8);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
