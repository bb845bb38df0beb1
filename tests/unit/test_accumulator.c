/* Accumulators: small cases by hand, the sample, all or nothing. */
#include "accumulators.h"
#include "check_main.h"

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

static conceptdec_accumulator *
make(int64_t d, int64_t classes, int32_t moments, int64_t reservoir, uint64_t producer)
{
    const int64_t dims[] = {d, d};
    conceptdec_accumulator *a;
    const conceptdec_accumulator_options o = {.struct_size = sizeof o,
                                              .reservoir = reservoir,
                                              .producer = producer,
                                              .dtype = CONCEPTDEC_FLOAT64,
                                              .moments = moments};
    ck_assert_int_eq(conceptdec_accumulator_new(ctx, dims, 2, classes, &o, &a), CONCEPTDEC_OK);
    return a;
}

/* Two classes of two rows, one without any, and one row that plays no part, though it is no number. */
START_TEST(by_hand)
{
    const double x[] = {0, 0, 10, 1, 2, 4, (double)NAN, 9, 14, 1};
    const int64_t labels[] = {0, 1, 0, -1, 1};
    conceptdec_accumulator *a =
        make(2, 3, _i == 0 ? CONCEPTDEC_ACCUMULATE_VARIANCES : CONCEPTDEC_ACCUMULATE_SCATTERS, 5, 0);
    conceptdec_array array;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(conceptdec_accumulator_add(a, 1, x + 2 * i, labels[i]), CONCEPTDEC_OK);
    ck_assert_str_eq(conceptdec_accumulator_error(a), "");
    const int64_t *count = pushed_array(ctx, a, 1, CONCEPTDEC_A_CLASS_COUNT).data;
    ck_assert(count[0] == 2 && count[1] == 2 && count[2] == 0);
    const double *means = pushed_get(ctx, a, 1, CONCEPTDEC_A_MEANS), *v = pushed_get(ctx, a, 1, CONCEPTDEC_A_VARIANCES);
    ck_assert(means[0] == 1 && means[1] == 2 && means[2] == 12 && means[3] == 1 && isnan(means[4]) && isnan(means[5]));
    ck_assert(v[0] == 1 && v[1] == 4 && v[2] == 4 && v[3] == 0 && isnan(v[4]) && isnan(v[5]));
    const double *differences = pushed_get(ctx, a, 1, CONCEPTDEC_A_DIFFERENCES);
    ck_assert(differences[0] == -11 && differences[1] == 1 && differences[2] == 11 && differences[3] == -1);
    ck_assert(isnan(differences[4]));
    conceptdec_matrix rows, kept;
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, 1, &rows, &kept), CONCEPTDEC_OK);
    ck_assert(rows.rows == 4 && rows.cols == 2 && kept.rows == 4);
    ck_assert_mem_eq((const char *)rows.data + 16, x + 2, 32); /* the third and fourth have been dealt with */
    const int64_t *arrivals = pushed_array(ctx, a, 1, CONCEPTDEC_A_ARRIVALS).data;
    static const int64_t wanted[] = {0, 0, 1, 1}, classes[] = {0, 1, 0, 1};
    ck_assert_mem_eq(arrivals, wanted, sizeof wanted);
    ck_assert_mem_eq(kept.data, classes, sizeof classes);
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, 0, &rows, &kept), CONCEPTDEC_ESIZE);
    ck_assert_int_eq(pushed_array(ctx, a, 0, CONCEPTDEC_A_PRODUCERS).shape[0], 0);
    ck_assert(isnan(pushed_get(ctx, a, 0, CONCEPTDEC_A_MEANS)[0]));
    ck_assert_int_eq(conceptdec_accumulator_get(ctx, a, 0, "median", &array), CONCEPTDEC_ENAME);
    conceptdec_accumulator_free(a);
    conceptdec_accumulator_free(NULL);
}
END_TEST

START_TEST(what_is_not_kept_has_no_name)
{
    static const char *const names[] = {CONCEPTDEC_A_MEANS, CONCEPTDEC_A_VARIANCES, CONCEPTDEC_A_DIFFERENCES,
                                        CONCEPTDEC_A_ARRIVALS, CONCEPTDEC_A_PRODUCERS};
    static const int kept[4][5] = {{1, 1, 1, 0, 0}, {1, 0, 1, 0, 0}, {1, 1, 1, 0, 0}, {0, 0, 0, 1, 1}};
    conceptdec_accumulator *a = make(3, 2, _i, _i == CONCEPTDEC_ACCUMULATE_NOTHING, 0);
    conceptdec_array array;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(conceptdec_accumulator_get(ctx, a, 0, names[i], &array),
                         kept[_i][i] ? CONCEPTDEC_OK : CONCEPTDEC_ENAME);
    conceptdec_accumulator_free(a);
}
END_TEST

/* A row that is refused is as if it had not come, and rows of a matrix come together or not at all. */
START_TEST(refused_rows_change_nothing)
{
    pushed_rows p = pushed_make(700, 5, 3, CONCEPTDEC_FLOAT64, 0);
    const conceptdec_accumulator_options o = pushed_options(&p, _i, 4);
    conceptdec_accumulator *a = pushed_new(ctx, &p, 1, &o), *b = pushed_new(ctx, &p, 1, &o);
    conceptdec_matrix x = pushed_matrix(&p), labels = pushed_labels(&p), sample[2], kept[2];
    double bad[5] = {1, 2, (double)NAN, 4, 5};
    double *last = (double *)(void *)(p.data + (699 * 5 + 4) * 8), value = *last;
    p.labels[699] = 1;
    for (int64_t i = 0; i < 700; i++) {
        pushed_add(a, 0, &p, i, i + 1);
        ck_assert_int_eq(conceptdec_accumulator_add(a, 0, bad, 1), CONCEPTDEC_ENONFINITE);
        ck_assert_str_eq(conceptdec_accumulator_error(a), "row: NaN or infinity at column 2 (layer 0)");
    }
    *last = INFINITY;
    ck_assert_int_eq(conceptdec_accumulator_add_rows(b, 0, &x, &labels), CONCEPTDEC_ENONFINITE);
    ck_assert_str_eq(conceptdec_accumulator_error(b), "x: row 699: NaN or infinity at column 4 (layer 0)");
    *last = value;
    p.labels[699] = 3;
    ck_assert_int_eq(conceptdec_accumulator_add_rows(b, 0, &x, &labels), CONCEPTDEC_ELABEL);
    p.labels[699] = 1;
    ck_assert_int_eq(conceptdec_accumulator_add_rows(b, 0, &x, &labels), CONCEPTDEC_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(conceptdec_accumulator_sample(ctx, i ? b : a, 0, &sample[i], &kept[i]), CONCEPTDEC_OK);
    ck_assert_int_eq(sample[0].rows, sample[1].rows);
    ck_assert_mem_eq(sample[0].data, sample[1].data, (size_t)(sample[0].rows * 40));
    if (_i != CONCEPTDEC_ACCUMULATE_NOTHING)
        ck_assert_mem_eq(pushed_get(ctx, a, 0, CONCEPTDEC_A_MEANS), pushed_get(ctx, b, 0, CONCEPTDEC_A_MEANS), 3 * 40);
    conceptdec_accumulator_free(a);
    conceptdec_accumulator_free(b);
    pushed_free(&p);
}
END_TEST

/* ---- the sample ---- */

/* Every row of the sample is the one that arrived then, no row twice, and as many as there can be. */
START_TEST(sample_holds_rows_that_came)
{
    enum { ROWS = 5000 };
    static const int64_t sizes[] = {1, 7, 100, 6000};
    conceptdec_accumulator *a = make(1, 3, CONCEPTDEC_ACCUMULATE_NOTHING, sizes[_i], 9);
    int64_t arrived[3] = {0};
    for (int64_t i = 0; i < ROWS; i++) {
        const int64_t label = i % 7 % 3;
        const double row = (double)(label * ROWS + arrived[label]++);
        ck_assert_int_eq(conceptdec_accumulator_add(a, 0, &row, label), CONCEPTDEC_OK);
    }
    conceptdec_matrix x, labels;
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, 0, &x, &labels), CONCEPTDEC_OK);
    const int64_t *arrivals = pushed_array(ctx, a, 0, CONCEPTDEC_A_ARRIVALS).data;
    const int64_t *producers = pushed_array(ctx, a, 0, CONCEPTDEC_A_PRODUCERS).data, *label = labels.data;
    static char seen[3 * ROWS];
    int64_t held[3] = {0};
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < x.rows; i++) {
        const int64_t row = (int64_t)((const double *)x.data)[i];
        ck_assert(row == label[i] * ROWS + arrivals[i] && producers[i] == 9 && !seen[row]);
        seen[row] = 1;
        held[label[i]]++;
    }
    for (int c = 0; c < 3; c++)
        ck_assert_int_eq(held[c], arrived[c] < sizes[_i] ? arrived[c] : sizes[_i]);
    conceptdec_accumulator_free(a);
}
END_TEST

/* Layers that saw the same rows have the same sample, whatever came to the others meanwhile. */
START_TEST(layers_have_the_same_sample)
{
    conceptdec_accumulator *a = make(1, 2, CONCEPTDEC_ACCUMULATE_VARIANCES, 10, 0);
    for (int i = 0; i < 300; i++)
        for (int layer = 0; layer < 2; layer++) {
            const double row = i;
            ck_assert_int_eq(conceptdec_accumulator_add(a, layer, &row, i % 3 == 0), CONCEPTDEC_OK);
        }
    conceptdec_matrix x[2], labels[2];
    for (int layer = 0; layer < 2; layer++)
        ck_assert_int_eq(conceptdec_accumulator_sample(ctx, a, layer, &x[layer], &labels[layer]), CONCEPTDEC_OK);
    ck_assert_int_eq(x[0].rows, 20);
    ck_assert_mem_eq(x[0].data, x[1].data, 20 * 8);
    ck_assert_mem_eq(labels[0].data, labels[1].data, 20 * 8);
    conceptdec_accumulator_free(a);
}
END_TEST

/* How often each of 20 rows is among 5: chi-square of 19 degrees with a factor for drawing without replacement. */
START_TEST(sample_is_uniform)
{
    enum { ROWS = 20, KEPT = 5, DRAWS = 4000 };
    int64_t hits[ROWS] = {0};
    for (int draw = 0; draw < DRAWS; draw++) {
        const int64_t dims = 1;
        const conceptdec_accumulator_options o = {.struct_size = sizeof o,
                                                  .reservoir = KEPT,
                                                  .seed = _i == 0 ? (uint64_t)draw : 3,
                                                  .producer = _i == 0 ? 0 : (uint64_t)draw,
                                                  .dtype = CONCEPTDEC_FLOAT64,
                                                  .moments = CONCEPTDEC_ACCUMULATE_NOTHING};
        conceptdec_accumulator *a;
        ck_assert_int_eq(conceptdec_accumulator_new(ctx, &dims, 1, 1, &o, &a), CONCEPTDEC_OK);
        for (int i = 0; i < ROWS; i++) {
            const double row = i;
            ck_assert_int_eq(conceptdec_accumulator_add(a, 0, &row, 0), CONCEPTDEC_OK);
        }
        const int64_t *arrivals = pushed_array(ctx, a, 0, CONCEPTDEC_A_ARRIVALS).data;
        for (int i = 0; i < KEPT; i++)
            hits[arrivals[i]]++;
        conceptdec_accumulator_free(a);
    }
    const double wanted = (double)DRAWS * KEPT / ROWS;
    double square = 0;
    for (int i = 0; i < ROWS; i++)
        square += ((double)hits[i] - wanted) * ((double)hits[i] - wanted) / wanted;
    square *= (ROWS - 1.0) / (ROWS - KEPT); /* variances are smaller than those of independent draws */
    ck_assert_msg(square < 43.8, "%g", square); /* 0.001 */
    ck_assert_msg(square > 4.9, "%g", square);
}
END_TEST

/* Of three producers in any order: the same sample, row by row, and counts. */
START_TEST(order_of_merging_does_not_matter)
{
    static const int orders[][3] = {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}};
    conceptdec_accumulator *first = NULL, *one = make(1, 2, CONCEPTDEC_ACCUMULATE_VARIANCES, 8, 7);
    conceptdec_matrix x[2], labels[2];
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        conceptdec_accumulator *part[3];
        for (uint64_t k = 0; k < 3; k++) {
            part[k] = make(1, 2, CONCEPTDEC_ACCUMULATE_VARIANCES, 8, k);
            for (int i = 0; i < 50 + 100 * (int)k; i++) {
                const double row = i + 1000.0 * (double)k;
                ck_assert_int_eq(conceptdec_accumulator_add(part[k], 0, &row, i % 2), CONCEPTDEC_OK);
            }
        }
        for (int k = 1; k < 3; k++)
            ck_assert_int_eq(conceptdec_accumulator_merge(ctx, part[orders[o][0]], part[orders[o][k]]), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_accumulator_merge(ctx, part[orders[o][0]], part[orders[o][1]]), CONCEPTDEC_EINVAL);
        conceptdec_accumulator *merged = part[orders[o][0]];
        const int64_t *count = pushed_array(ctx, merged, 0, CONCEPTDEC_A_CLASS_COUNT).data;
        ck_assert(count[0] == 225 && count[1] == 225);
        if (!first) {
            first = merged;
        } else {
            ck_assert_int_eq(conceptdec_accumulator_sample(ctx, first, 0, &x[0], &labels[0]), CONCEPTDEC_OK);
            ck_assert_int_eq(conceptdec_accumulator_sample(ctx, merged, 0, &x[1], &labels[1]), CONCEPTDEC_OK);
            ck_assert(x[0].rows == 16 && x[1].rows == 16);
            ck_assert_mem_eq(x[0].data, x[1].data, 16 * 8);
            ck_assert_mem_eq(labels[0].data, labels[1].data, 16 * 8);
        }
        for (int k = 0; k < 3; k++)
            if (part[k] != first)
                conceptdec_accumulator_free(part[k]);
    }
    /* What is merged goes on: the heaps are in order. */
    for (int i = 0; i < 5000; i++) {
        const double row = -i;
        ck_assert_int_eq(conceptdec_accumulator_add(first, 0, &row, i % 2), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_accumulator_add(one, 0, &row, i % 2), CONCEPTDEC_OK);
    }
    ck_assert_int_eq(conceptdec_accumulator_sample(ctx, first, 0, &x[0], &labels[0]), CONCEPTDEC_OK);
    ck_assert_int_eq(x[0].rows, 16);
    conceptdec_accumulator_free(one);
    conceptdec_accumulator_free(first);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("accumulator");
    TCase *tests = tcase_create("accumulator");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, by_hand, 0, 2);
    tcase_add_loop_test(tests, what_is_not_kept_has_no_name, 0, 4);
    tcase_add_loop_test(tests, refused_rows_change_nothing, 0, 4);
    tcase_add_loop_test(tests, sample_holds_rows_that_came, 0, 4);
    tcase_add_test(tests, layers_have_the_same_sample);
    tcase_add_loop_test(tests, sample_is_uniform, 0, 2);
    tcase_add_test(tests, order_of_merging_does_not_matter);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
