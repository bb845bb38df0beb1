/* Probes of several parts, penalties or label sets at once: what each of them is by itself. */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "probe_problems.h"

/* ---- protocols ---- */

/* What is left out by formula leaves the shares of the other rows in the mean loss as they are with all rows: the same
 * as weights of one's own, and a penalty that is as much larger as the part is lighter. */
static void
keep_shares(problem *a)
{
    double of_class[CLASSES] = {0}, total = 0;
    int64_t classes = a->options.classes ? a->options.classes : CLASSES;
    for (int64_t i = 0; i < N; i++) {
        a->weights[i] = a->options.weights ? a->weights[i] : 1;
        of_class[a->labels[i]] += a->weights[i];
        total += a->weights[i];
    }
    for (int64_t i = 0; i < N && (a->options.flags & CONCEPTDEC_PROBE_BALANCED); i++)
        a->weights[i] *= total / ((double)classes * of_class[a->labels[i]]);
    a->options.weights = &a->weight_view;
    a->options.flags &= ~CONCEPTDEC_PROBE_BALANCED;
}

static double
penalty_of_part(const problem *a)
{
    double total = 0, left = 0;
    for (int64_t i = 0; i < N; i++) {
        total += a->weights[i];
        left += a->train[i] ? a->weights[i] : 0;
    }
    return lambda * total / left;
}

/* Every part of a result is what a split of the same rows gives. */
static void
expect_parts(const conceptdec_result *all, const int64_t *part, int64_t n_parts, bool by_formula, double slack)
{
    int64_t columns = p.options.classes == 2 ? 1 : CLASSES;
    double penalty;
    copy(&q, &p);
    q.options.groups = NULL;
    q.options.given = 0;
    split(&q);
    if (by_formula)
        keep_shares(&q);
    for (int64_t f = 0; f < n_parts; f++) {
        for (int64_t i = 0; i < N; i++)
            q.train[i] = part[i] != f;
        penalty = by_formula ? penalty_of_part(&q) : lambda;
        q.options.lambdas = q.options.lambdas ? &penalty : NULL;
        conceptdec_result *one = run(&q);
        for (int64_t i = 0; i < N * columns; i++)
            if (part[i / columns] == f)
                expect_near(real(all, CONCEPTDEC_R_DECISION)[i], real(one, CONCEPTDEC_R_DECISION)[i], slack,
                            "decision", i);
        if (n_parts < N)
            expect_near(real(all, CONCEPTDEC_R_PER_FOLD)[f], real(one, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", f);
        conceptdec_result_free(one);
    }
}

START_TEST(folds_are_splits)
{
    int kind = _i / 3;
    conceptdec_array fold;
    make(&p, kind, N, _i % 3 == 1 ? WIDE : D, CLASSES);
    p.options.weights = &p.weight_view;
    if (_i % 3 == 2) {
        p.options.standardize = CONCEPTDEC_STANDARDIZE_FOLD;
        p.options.flags = CONCEPTDEC_PROBE_BALANCED;
    }
    conceptdec_result *all = run(&p);
    ck_assert_int_eq(conceptdec_result_get(all, CONCEPTDEC_R_FOLD, &fold), CONCEPTDEC_OK);
    expect_parts(all, fold.data, 5, false, 10 * slack_of(kind));
    conceptdec_result_free(all);
}
END_TEST

START_TEST(groups_are_splits)
{
    int kind = _i / 3;
    make(&p, kind, N, _i % 3 == 1 ? WIDE : D, CLASSES);
    p.options.protocol = CONCEPTDEC_PROTOCOL_GROUP;
    p.options.groups = &p.group_view;
    p.options.weights = &p.weight_view;
    p.options.flags = _i % 3 == 2 ? CONCEPTDEC_PROBE_BALANCED : 0;
    conceptdec_result *all = run(&p);
    expect_parts(all, p.groups, N / 4, kind != CONCEPTDEC_PROBE_LOGISTIC && kind != CONCEPTDEC_PROBE_LDA,
                 10 * slack_of(kind));
    conceptdec_result_free(all);
}
END_TEST

/* One row left out by formula is one row left out. */
START_TEST(one_out_is_a_split)
{
    static const int kinds[] = {CONCEPTDEC_PROBE_RIDGE, CONCEPTDEC_PROBE_MEAN_DIFFERENCE,
                                CONCEPTDEC_PROBE_NEAREST_MEAN};
    int64_t part[N];
    int kind = kinds[_i / 4];
    make(&p, kind, N, _i % 4 == 1 ? WIDE : D, _i % 4 == 3 ? 2 : CLASSES);
    p.options.classes = _i % 4 == 3 ? 2 : CLASSES;
    p.options.given = (uint64_t)1 << 18; /* protocol, which is 0 */
    p.options.weights = _i % 4 == 3 ? NULL : &p.weight_view;
    p.options.flags = _i % 4 == 2 ? CONCEPTDEC_PROBE_BALANCED : 0;
    for (int64_t i = 0; i < N; i++)
        part[i] = i;
    conceptdec_result *all = run(&p);
    expect_parts(all, part, N, true, 1e-8);
    conceptdec_result_free(all);
}
END_TEST

START_TEST(fit_is_resubstitution)
{
    conceptdec_probe_model *model = NULL;
    conceptdec_result *b = NULL;
    make(&p, _i, N, D, CLASSES);
    p.options.weights = &p.weight_view;
    ck_assert_int_eq(conceptdec_probe_model_new(ctx, &p.x_view, &p.label_view, &p.options, &model), CONCEPTDEC_OK);
    p.options.protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    conceptdec_result *a = run(&p);
    ck_assert_int_eq(conceptdec_probe_model_predict(ctx, model, &p.x_view, &b), CONCEPTDEC_OK);
    expect_array_near(a, b, CONCEPTDEC_R_DECISION, 1e-9);
    if (_i != CONCEPTDEC_PROBE_RIDGE)
        expect_array_near(a, b, CONCEPTDEC_R_POSTERIOR, 1e-9);
    expect_same_bits(a, b, CONCEPTDEC_R_PREDICTED);
    conceptdec_result_free(b);
    ck_assert_int_eq(conceptdec_probe_model_score(ctx, model, &p.x_view, &p.label_view, &b), CONCEPTDEC_OK);
    static const char *const names[] = {CONCEPTDEC_R_ACCURACY, CONCEPTDEC_R_BALANCED, CONCEPTDEC_R_MACRO_F1,
                                        CONCEPTDEC_R_LOG_LOSS, CONCEPTDEC_R_AUROC,    CONCEPTDEC_R_AVERAGE_PRECISION,
                                        CONCEPTDEC_R_CONFUSION, CONCEPTDEC_R_CALIBRATION_ERROR,
                                        CONCEPTDEC_R_PER_CONCEPT};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_array_near(a, b, names[i], 1e-9);
    free_both(a, b);
    conceptdec_probe_model_free(model);
}
END_TEST

/* ---- many at once ---- */

START_TEST(lambdas_one_by_one)
{
    static const double lambdas[] = {1, 0.01, 0.2, 0.003};
    make(&p, _i, N, D, CLASSES);
    p.options.lambdas = lambdas;
    p.options.n_lambdas = 4;
    conceptdec_result *all = run(&p);
    for (int a = 0; a < 4; a++) {
        p.options.lambdas = &lambdas[a];
        p.options.n_lambdas = 1;
        conceptdec_result *one = run(&p);
        for (int64_t i = 0; i < N * CLASSES; i++)
            expect_near(real(all, CONCEPTDEC_R_DECISION)[a * N * CLASSES + i], real(one, CONCEPTDEC_R_DECISION)[i],
                        10 * slack_of(_i), "decision", i);
        expect_near(real(all, CONCEPTDEC_R_ACCURACY)[a], real(one, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", a);
        conceptdec_result_free(one);
    }
    conceptdec_result_free(all);
}
END_TEST

START_TEST(label_sets_one_by_one)
{
    int64_t both[N * 2];
    make(&p, _i, N, D, CLASSES);
    copy(&q, &p);
    for (int64_t i = 0; i < N; i++) {
        q.labels[i] = i % 11 == 4 ? -1 : (i / 2) % CLASSES;
        both[2 * i] = p.labels[i];
        both[2 * i + 1] = q.labels[i];
    }
    conceptdec_result *a = run(&p), *b = run(&q);
    p.label_view = view_of(both, N, 2, CONCEPTDEC_INT64);
    conceptdec_result *all = run(&p);
    for (int64_t i = 0; i < 2 * N * CLASSES; i++)
        expect_near(real(all, CONCEPTDEC_R_DECISION)[i],
                    i < N * CLASSES ? real(a, CONCEPTDEC_R_DECISION)[i]
                                    : real(b, CONCEPTDEC_R_DECISION)[i - N * CLASSES],
                    10 * slack_of(_i), "decision", i);
    expect_near(real(all, CONCEPTDEC_R_ACCURACY)[0], real(a, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", 0);
    expect_near(real(all, CONCEPTDEC_R_ACCURACY)[1], real(b, CONCEPTDEC_R_ACCURACY)[0], 1e-14, "accuracy", 1);
    conceptdec_result_free(all);
    free_both(a, b);
}
END_TEST

/* Ridge on two classes is the regression of -1 and 1. */
START_TEST(ridge_is_regression)
{
    static double targets[N];
    conceptdec_matrix view = view_of(targets, N, 1, CONCEPTDEC_FLOAT64);
    conceptdec_result *b = NULL;
    make(&p, CONCEPTDEC_PROBE_RIDGE, N, _i % 2 ? WIDE : D, 2);
    p.options.weights = &p.weight_view;
    if (_i / 2 == 0)
        split(&p);
    else
        p.options.given = (uint64_t)1 << 18;
    for (int64_t i = 0; i < N; i++)
        targets[i] = p.labels[i] ? 1 : -1;
    conceptdec_result *a = run(&p);
    p.options.kind = 0;
    ck_assert_int_eq(conceptdec_probe_regression(ctx, &p.x_view, &view, &p.options, &b), CONCEPTDEC_OK);
    expect_array_near(a, b, CONCEPTDEC_R_DECISION, 1e-10);
    expect_array_near(a, b, CONCEPTDEC_R_WEIGHTS, 1e-10);
    expect_array_near(a, b, CONCEPTDEC_R_BIAS, 1e-10);
    free_both(a, b);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("probe parts");
    TCase *tests = tcase_create("same answer");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, folds_are_splits, 0, 3 * KINDS);
    tcase_add_loop_test(tests, groups_are_splits, 0, 3 * KINDS);
    tcase_add_loop_test(tests, one_out_is_a_split, 0, 12);
    tcase_add_loop_test(tests, fit_is_resubstitution, 0, KINDS);
    tcase_add_loop_test(tests, lambdas_one_by_one, 0, 2);
    tcase_add_loop_test(tests, label_sets_one_by_one, 0, KINDS);
    tcase_add_loop_test(tests, ridge_is_regression, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
