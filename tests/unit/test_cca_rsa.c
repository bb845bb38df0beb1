/* CCA, Procrustes distances and RSA on cases worked out by hand, and where nothing is defined. */
#include "check_main.h"
#include "similarity/similarity.h"
#include "similarity_problems.h"

static conceptdec_ctx *ctx;

static void
set_up(void)
{
    ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
tear_down(void)
{
    conceptdec_ctx_free(ctx);
}

static conceptdec_similarity_options
of_kind(int32_t kind)
{
    return (conceptdec_similarity_options){.struct_size = sizeof(conceptdec_similarity_options), .kind = kind};
}

static void
is_near(double value, double wanted)
{
    ck_assert_double_eq_tol(value, wanted, 1e-13 * fmax(1, fabs(wanted)));
}

/* ---- canonical correlations ---- */

static const double line_x[] = {1, 2, 3, 4, 5, 6}, line_y[] = {2, 1, 4, 3, 7, 5};

static double
moment(const double *x, const double *y, const int32_t *times, int64_t n)
{
    double total = 0, mx = 0, my = 0, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        total += times[i];
        mx += times[i] * x[i];
        my += times[i] * y[i];
    }
    for (int64_t i = 0; i < n; i++)
        sum += times[i] * (x[i] - mx / total) * (y[i] - my / total);
    return sum;
}

/* Of one column each it is the magnitude of the correlation; a ridge adds a share of each variance. */
START_TEST(one_column)
{
    static const int32_t once[] = {1, 1, 1, 1, 1, 1};
    const conceptdec_matrix x = similarity_view(line_x, 6, 1), y = similarity_view(line_y, 6, 1);
    double xx = moment(line_x, line_x, once, 6), yy = moment(line_y, line_y, once, 6);
    double r = moment(line_x, line_y, once, 6) / sqrt(xx * yy);
    for (int kind = CONCEPTDEC_SIMILARITY_SVCCA; kind <= CONCEPTDEC_SIMILARITY_PWCCA; kind++) {
        conceptdec_similarity_options o = of_kind(kind);
        is_near(similarity_value(ctx, &x, &y, &o), r);
        o.ridge = 0.5;
        is_near(similarity_value(ctx, &x, &y, &o), r / 1.5);
        for (o.seed = 0; o.seed < 5; o.seed++) {
            const conceptdec_i_similarity s = {.ctx = ctx, .n = 6, .options = {.seed = o.seed}};
            int32_t times[6];
            ck_assert_int_eq(conceptdec_i_similarity_drawn(&s, 6, NULL, 0, times), CONCEPTDEC_OK);
            double txx = moment(line_x, line_x, times, 6), tyy = moment(line_y, line_y, times, 6);
            o.bootstrap = 1;
            conceptdec_result *made = similarity_of(ctx, &x, 1, &y, 1, &o);
            is_near(*similarity_array(made, CONCEPTDEC_R_CI_LOW) + *similarity_array(made, CONCEPTDEC_R_BOOTSTRAP_BIAS),
                    fabs(moment(line_x, line_y, times, 6)) / sqrt((txx + 0.5 * xx) * (tyy + 0.5 * yy)));
            conceptdec_result_free(made);
        }
    }
}
END_TEST

/* Two uncorrelated columns of variances 9 : 1 and one that is the small one: with a share of 0.9 it is left out. */
START_TEST(kept_variance)
{
    const double x[] = {3, 1, 3, -1, -3, 1, -3, -1}, y[] = {1, -1, 1, -1};
    const conceptdec_matrix a = similarity_view(x, 4, 2), b = similarity_view(y, 4, 1);
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_SVCCA);
    static const double shares[] = {0.5, 0.89, 0.91, 1};
    for (int k = 0; k < 4; k++) {
        o.variance = shares[k];
        conceptdec_result *r = similarity_of(ctx, &a, 1, &b, 1, &o);
        int64_t directions = k < 2 ? 1 : 2;
        ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_DIRECTIONS_A), directions);
        ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_DIRECTIONS_B), 1);
        is_near(*similarity_array(r, CONCEPTDEC_R_VALUE), k < 2 ? 0 : 1);
        conceptdec_result_free(r);
    }
}
END_TEST

/* Weights: variates (1, 1, -1, -1) / 2 and (1, -1, 1, -1) / 2 with correlations 1 and 0, columns 3 and 1 times them. */
START_TEST(weights)
{
    const double x[] = {3, 1, 3, -1, -3, 1, -3, -1, 0, 0}, y[] = {3, 1, 3, 1, -3, 1, -3, 1, 0, -4};
    const conceptdec_matrix a = similarity_view(x, 5, 2), b = similarity_view(y, 5, 2);
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_PWCCA);
    conceptdec_result *r = similarity_of(ctx, &a, 1, &b, 1, &o);
    const double *correlations = similarity_array(r, CONCEPTDEC_R_CANONICAL_CORRELATIONS);
    is_near(correlations[0], 1);
    ck_assert_double_eq_tol(correlations[1], 0, 1e-13);
    is_near(*similarity_array(r, CONCEPTDEC_R_VALUE), 0.75);
    conceptdec_result_free(r);
}
END_TEST

/* A column that is 1e-9 of the others counts as they do, and one that is there twice counts once. */
START_TEST(small_and_equal_columns)
{
    double x[10 * 3], y[10], twice[10 * 3];
    uint64_t state = 9;
    for (int i = 0; i < 10; i++) {
        double a = similarity_random(&state), b = similarity_random(&state), c = similarity_random(&state);
        x[i * 3] = a + b;
        x[i * 3 + 1] = a - b;
        x[i * 3 + 2] = 1e-9 * c;
        y[i] = c;
        twice[i * 3] = twice[i * 3 + 1] = a;
        twice[i * 3 + 2] = b - a / 3;
    }
    const conceptdec_matrix a = similarity_view(x, 10, 3), b = similarity_view(y, 10, 1),
                            c = similarity_view(twice, 10, 3);
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_SVCCA);
    o.variance = 1;
    ck_assert_double_eq_tol(similarity_value(ctx, &a, &b, &o), 1, 1e-10);
    conceptdec_result *r = similarity_of(ctx, &c, 1, &a, 1, &o);
    ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_DIRECTIONS_A), 2);
    ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_DIRECTIONS_B), 3);
    conceptdec_result_free(r);
}
END_TEST

/* The penalty belongs to as many rows as are drawn. */
START_TEST(groups_of_unequal_size)
{
    static const int64_t groups[] = {5, 5, 5, 5, -1, 8};
    static const int32_t once[] = {1, 1, 1, 1, 1, 1};
    const conceptdec_matrix x = similarity_view(line_x, 6, 1), y = similarity_view(line_y, 6, 1);
    const conceptdec_matrix column = {
        .data = groups, .rows = 6, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_SVCCA);
    int defined = 0;
    o.ridge = 0.5;
    o.bootstrap = 1;
    o.groups = &column;
    for (o.seed = 0; o.seed < 8; o.seed++) {
        const conceptdec_i_similarity s = {.ctx = ctx, .n = 6, .options = {.seed = o.seed}};
        int32_t times[6];
        double drawn = 0;
        ck_assert_int_eq(conceptdec_i_similarity_drawn(&s, 6, groups, 0, times), CONCEPTDEC_OK);
        for (int i = 0; i < 6; i++)
            drawn += times[i];
        double share = 0.5 * drawn / 6, xx = share * moment(line_x, line_x, once, 6) + moment(line_x, line_x, times, 6);
        double yy = share * moment(line_y, line_y, once, 6) + moment(line_y, line_y, times, 6);
        conceptdec_result *r = similarity_of(ctx, &x, 1, &y, 1, &o);
        double value = *similarity_array(r, CONCEPTDEC_R_CI_LOW) + *similarity_array(r, CONCEPTDEC_R_BOOTSTRAP_BIAS);
        conceptdec_result_free(r);
        if (isnan(value)) /* one row alone */
            ck_assert(moment(line_x, line_x, times, 6) <= 0);
        else
            is_near(value, fabs(moment(line_x, line_y, times, 6)) / sqrt(xx * yy));
        defined += !isnan(value);
    }
    ck_assert_int_ge(defined, 4);
}
END_TEST

/* Rows that are drawn several times do not tell directions apart, nor do rows that are equal. */
START_TEST(draws_of_few_rows)
{
    double x[8 * 2], y[8 * 2];
    uint64_t state = 4;
    int defined = 0, undefined = 0;
    const conceptdec_matrix a = similarity_view(x, 8, 2), b = similarity_view(y, 8, 2);
    for (int i = 0; i < 16; i++) {
        x[i] = i < 6 ? similarity_random(&state) : x[i - 2]; /* the last six rows are equal */
        y[i] = similarity_random(&state);
    }
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_SVCCA);
    o.variance = 1;
    o.bootstrap = 1;
    for (o.seed = 0; o.seed < 60; o.seed++) {
        const conceptdec_i_similarity s = {.ctx = ctx, .n = 8, .options = {.seed = o.seed}};
        int32_t times[8];
        int distinct = 0;
        ck_assert_int_eq(conceptdec_i_similarity_drawn(&s, 8, NULL, 0, times), CONCEPTDEC_OK);
        for (int i = 0; i < 8; i++)
            distinct += times[i] > 0;
        bool is_defined = distinct > 3 && times[0] > 0 && times[1] > 0;
        conceptdec_result *r = similarity_of(ctx, &a, 1, &b, 1, &o);
        ck_assert_int_eq(!isnan(*similarity_array(r, CONCEPTDEC_R_CI_LOW)), is_defined);
        conceptdec_result_free(r);
        defined += is_defined;
        undefined += !is_defined;
    }
    ck_assert(defined > 5 && undefined > 5);
    /* three rows of two columns, however often */
    for (int i = 0; i < 6; i++)
        x[i + 6] = similarity_random(&state);
    for (o.seed = 0, undefined = 0; o.seed < 2000 && undefined == 0; o.seed++) {
        const conceptdec_i_similarity s = {.ctx = ctx, .n = 8, .options = {.seed = o.seed}};
        int32_t times[8];
        int distinct = 0;
        ck_assert_int_eq(conceptdec_i_similarity_drawn(&s, 8, NULL, 0, times), CONCEPTDEC_OK);
        for (int i = 0; i < 6; i++)
            distinct += times[i] > 0;
        if (distinct != 3 || times[6] + times[7] > 0)
            continue;
        conceptdec_result *r = similarity_of(ctx, &a, 1, &b, 1, &o);
        undefined = isnan(*similarity_array(r, CONCEPTDEC_R_CI_LOW));
        conceptdec_result_free(r);
        ck_assert_int_eq(undefined, 1);
    }
    ck_assert_int_eq(undefined, 1);
}
END_TEST

/* n <= directions + 1: any two views would correlate fully. */
START_TEST(too_few_rows)
{
    double x[] = {1, 2, 3, 5, 4, 9, 7, 1}, y[] = {4, 1, 3, 2};
    const conceptdec_matrix a = similarity_view(x, 3, 2), b = similarity_view(y, 3, 1), c = similarity_view(x, 4, 2);
    const conceptdec_matrix d = similarity_view(y, 4, 1);
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_SVCCA);
    o.variance = 1;
    o.permutations = 2;
    conceptdec_result *r = similarity_of(ctx, &a, 1, &b, 1, &o);
    ck_assert(isnan(*similarity_array(r, CONCEPTDEC_R_VALUE)));
    ck_assert(isnan(*similarity_array(r, CONCEPTDEC_R_CANONICAL_CORRELATIONS)));
    ck_assert(isnan(*similarity_array(r, CONCEPTDEC_R_P_VALUE)));
    ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_N_UNDEFINED), 1);
    ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_DIRECTIONS_A), 2);
    conceptdec_result_free(r);
    ck_assert(!isnan(similarity_value(ctx, &c, &d, &o)));
    o.ridge = 0.1;
    ck_assert(similarity_value(ctx, &a, &b, &o) < 1);
}
END_TEST

/* ---- Procrustes ---- */

/* Triangles that a rotation makes one, but for size 2; points on a line against a triangle. */
START_TEST(triangles)
{
    const double x[] = {0, 0, 1, 0, 0, 1}, turned[] = {7, 5, 7, 7, 5, 5}, flat[] = {1, 0, -1};
    const conceptdec_matrix a = similarity_view(x, 3, 2), b = similarity_view(turned, 3, 2),
                            c = similarity_view(flat, 3, 1);
    conceptdec_similarity_options size = of_kind(CONCEPTDEC_SIMILARITY_PROCRUSTES),
                                  shape = of_kind(CONCEPTDEC_SIMILARITY_SHAPE);
    is_near(similarity_value(ctx, &a, &b, &size), sqrt(4.0 / 3)); /* |X|^2 = 4/3, |2X| - |X| */
    ck_assert(similarity_value(ctx, &a, &b, &shape) < 1e-14);
    /* X'y = (1/3, 1/3) - ... : first column (-1, 2, -1) / 3, second (-1, -1, 2) / 3; with y: 0 and -1 */
    is_near(similarity_value(ctx, &a, &c, &size), sqrt(4.0 / 3 + 2 - 2));
    is_near(similarity_value(ctx, &a, &c, &shape), acos(1 / sqrt(8.0 / 3)));
}
END_TEST

/* Sizes that differ by more than squares can hold; a column of nearly nothing more on either side. */
START_TEST(sizes_and_widths)
{
    double x[] = {1e200, 2e200, 6e200}, y[] = {1e-200, 5e-200, 2e-200}, wide[12], narrow[8];
    const conceptdec_matrix a = similarity_view(x, 3, 1), b = similarity_view(y, 3, 1);
    const conceptdec_matrix c = similarity_view(wide, 4, 3), d = similarity_view(narrow, 4, 2);
    static const double extra[] = {1, -1, 2, -2};
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_PROCRUSTES);
    is_near(similarity_value(ctx, &a, &b, &o) / 1e200, sqrt(14));
    is_near(similarity_value(ctx, &b, &a, &o) / 1e200, sqrt(14));
    for (int i = 0; i < 4; i++) {
        wide[i * 3] = narrow[i * 2] = i * i;
        wide[i * 3 + 1] = narrow[i * 2 + 1] = 3 - i;
        wide[i * 3 + 2] = 1e-9 * extra[i];
    }
    /* rotations bring what is linear and quadratic into the new column; (-1, 3, -3, 1) / root of 20 is left of it */
    ck_assert_double_eq_tol(similarity_value(ctx, &c, &d, &o), similarity_value(ctx, &d, &c, &o), 1e-15);
    ck_assert_double_eq_tol(similarity_value(ctx, &c, &d, &o) / 1e-9, 12 / sqrt(20), 1e-6);
}
END_TEST

START_TEST(constant_views)
{
    const double x[] = {5, 6, 5, 6, 5, 6}, y[] = {1, 2, 4};
    const conceptdec_matrix views[] = {similarity_view(x, 3, 2), similarity_view(y, 3, 1)};
    for (int way = 0; way < SIMILARITY_WAYS; way++) {
        conceptdec_similarity_options o = similarity_options(way);
        o.permutations = o.bootstrap = 2;
        conceptdec_result *r = similarity_of(ctx, views, 2, NULL, 0, &o);
        const double *value = similarity_array(r, CONCEPTDEC_R_VALUE);
        if (o.kind == CONCEPTDEC_SIMILARITY_PROCRUSTES) {
            is_near(value[1], sqrt(14.0 / 3));
            is_near(value[0], 0);
            ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_N_UNDEFINED), 0);
        } else if (o.kind != CONCEPTDEC_SIMILARITY_RSA) {
            ck_assert(isnan(value[0]) && isnan(value[1]) && isnan(value[2]));
        } else {
            ck_assert(isnan(value[1]) || o.comparison == CONCEPTDEC_COMPARE_KENDALL);
        }
        conceptdec_result_free(r);
    }
}
END_TEST

/* ---- dissimilarities ---- */

/* Squared distances 1, 9, 4 and 4, 1, 9. */
START_TEST(three_samples)
{
    const double x[] = {0, 1, 3}, y[] = {0, 2, -1};
    static const double wanted[] = {-0.5, (4 + 9 + 36 - 14 * 14 / 3.0) / (98 - 14 * 14 / 3.0), -1.0 / 3, 49.0 / 98};
    const conceptdec_matrix a = similarity_view(x, 3, 1), b = similarity_view(y, 3, 1);
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_RSA);
    o.rdm = CONCEPTDEC_RDM_SQUARED_L2;
    for (o.comparison = 0; o.comparison < 4; o.comparison++)
        is_near(similarity_value(ctx, &a, &b, &o), wanted[o.comparison]);
}
END_TEST

/* Two partitions, three conditions, one column: differences (1, 3, 2) and (2, 3, 1) multiply to 2, 9, 2. */
START_TEST(crossnobis)
{
    const double x[] = {0, 1, 3, 5, 7, 8}, y[] = {0, 2, 6, 0, 1, 2};
    const int64_t labels[] = {0, 1, 2, 0, 1, 2}, partitions[] = {0, 0, 0, 1, 1, 1};
    const conceptdec_matrix a = similarity_view(x, 6, 1), b = similarity_view(y, 6, 1);
    conceptdec_matrix columns[2];
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_RSA);
    for (int k = 0; k < 2; k++)
        columns[k] = (conceptdec_matrix){.data = k ? partitions : labels,
                                         .rows = 6,
                                         .cols = 1,
                                         .row_stride = 8,
                                         .col_stride = 8,
                                         .dtype = CONCEPTDEC_INT64};
    o.rdm = CONCEPTDEC_RDM_CROSSNOBIS;
    o.labels = &columns[0];
    o.partitions = &columns[1];
    o.comparison = CONCEPTDEC_COMPARE_COSINE;
    /* y: (2, 6, 4) and (1, 2, 1) multiply to 2, 12, 4 */
    is_near(similarity_value(ctx, &a, &b, &o), (4 + 108 + 8) / sqrt(89.0 * 164));
}
END_TEST

/* Constant rows have no correlation, zero rows no cosine: their pairs are left out of both lists. */
START_TEST(missing_items)
{
    double x[20], y[20];
    uint64_t state = 3;
    for (int i = 0; i < 20; i++) {
        x[i] = similarity_random(&state);
        y[i] = similarity_random(&state);
    }
    conceptdec_matrix a = similarity_view(x, 5, 4), b = similarity_view(y, 5, 4);
    for (int comparison = 0; comparison < 4; comparison++) {
        conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_RSA);
        o.rdm = CONCEPTDEC_RDM_COSINE;
        o.comparison = comparison;
        a = similarity_view(x + 4, 4, 4);
        b = similarity_view(y + 4, 4, 4);
        double wanted = similarity_value(ctx, &a, &b, &o);
        a = similarity_view(x, 5, 4);
        b = similarity_view(y, 5, 4);
        memset(x, 0, 4 * sizeof *x);
        conceptdec_result *r = similarity_of(ctx, &a, 1, &b, 1, &o);
        is_near(*similarity_array(r, CONCEPTDEC_R_VALUE), wanted);
        ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_N_PAIRS), 6);
        conceptdec_result_free(r);
        memset(y + 4, 0, 4 * sizeof *y); /* another one there */
        r = similarity_of(ctx, &a, 1, &b, 1, &o);
        ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_N_PAIRS), 3);
        conceptdec_result_free(r);
        memset(y + 8, 0, 8 * sizeof *y);
        r = similarity_of(ctx, &a, 1, &b, 1, &o);
        ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_N_PAIRS), 0);
        ck_assert_int_eq(*similarity_counts(r, CONCEPTDEC_R_N_UNDEFINED), 1);
        ck_assert(isnan(*similarity_array(r, CONCEPTDEC_R_VALUE)));
        conceptdec_result_free(r);
        for (int i = 0; i < 20; i++)
            y[i] = similarity_random(&state);
    }
}
END_TEST

/* Rows that differ in the last digits of large numbers: distances 1 and 2 beside 1e6. */
START_TEST(close_rows_far_from_zero)
{
    double x[] = {1e6, 1e6, 1e6, 1e6 + 1, 1e6 + 2, 1e6, 2e6, 3e6}, y[] = {0, 0, 0, 1, 2, 0, 1e6, 2e6};
    const conceptdec_matrix a = similarity_view(x, 4, 2), b = similarity_view(y, 4, 2);
    conceptdec_similarity_options o = of_kind(CONCEPTDEC_SIMILARITY_RSA);
    o.rdm = CONCEPTDEC_RDM_SQUARED_L2;
    o.comparison = CONCEPTDEC_COMPARE_KENDALL;
    ck_assert_double_eq_tol(similarity_value(ctx, &a, &b, &o), 1, 1e-15);
}
END_TEST

/* Few samples, in any kind: numbers or NaN, and no failure. */
START_TEST(two_samples)
{
    const double x[] = {1, 4}, y[] = {-2, 8};
    const conceptdec_matrix views[] = {similarity_view(x, 2, 1), similarity_view(y, 2, 1)};
    for (int way = 0; way < SIMILARITY_WAYS; way++) {
        conceptdec_similarity_options o = similarity_options(way);
        o.permutations = o.bootstrap = 3;
        conceptdec_result *r = similarity_of(ctx, views, 2, NULL, 0, &o);
        const double *value = similarity_array(r, CONCEPTDEC_R_VALUE);
        if (o.kind == CONCEPTDEC_SIMILARITY_PROCRUSTES)
            is_near(value[1], 7 / sqrt(2)); /* halves 1.5 and 5: root of 2 (3.5)^2 */
        else if (o.kind == CONCEPTDEC_SIMILARITY_SHAPE)
            ck_assert(value[1] < 1e-15);
        else
            ck_assert(isnan(value[1]) || o.ridge > 0 || o.comparison == CONCEPTDEC_COMPARE_COSINE);
        conceptdec_result_free(r);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cca_rsa");
    TCase *tests = tcase_create("cca_rsa");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, one_column);
    tcase_add_test(tests, kept_variance);
    tcase_add_test(tests, weights);
    tcase_add_test(tests, small_and_equal_columns);
    tcase_add_test(tests, groups_of_unequal_size);
    tcase_add_test(tests, draws_of_few_rows);
    tcase_add_test(tests, too_few_rows);
    tcase_add_test(tests, triangles);
    tcase_add_test(tests, sizes_and_widths);
    tcase_add_test(tests, constant_views);
    tcase_add_test(tests, three_samples);
    tcase_add_test(tests, crossnobis);
    tcase_add_test(tests, missing_items);
    tcase_add_test(tests, close_rows_far_from_zero);
    tcase_add_test(tests, two_samples);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
