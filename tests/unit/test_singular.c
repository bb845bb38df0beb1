/* Singular values alone, and rows in fewer coordinates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "linalg/factor.h"
#include "linalg/from_products.h"
#include "linalg/singular.h"

enum { MOST = 150 };

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

static void
fill(double *rows, int64_t n, int64_t d, int64_t ld)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            rows[i * ld + j] = sin((double)(i * i + 3 * j * i + j)) + (i == j);
}

/* Values worked out by hand: [3 0; 4 5] has 3 sqrt 5 and sqrt 5. */
START_TEST(by_hand)
{
    double rows[] = {3, 0, 4, 5}, values[2], one[] = {3, 4, 12}, length;
    ck_assert_int_eq(conceptdec_i_singular_values(ctx, 2, 2, rows, values), CONCEPTDEC_OK);
    ck_assert_double_eq_tol(values[0], 3 * sqrt(5), 1e-14);
    ck_assert_double_eq_tol(values[1], sqrt(5), 1e-14);
    ck_assert_int_eq(conceptdec_i_singular_values(ctx, 1, 3, one, &length), CONCEPTDEC_OK);
    ck_assert_double_eq_tol(length, 13, 1e-14);
}
END_TEST

static const int64_t sizes[][2] = {{1, 1}, {2, 7}, {9, 4}, {30, 31}, {64, 150}, {150, 65}};

START_TEST(as_with_vectors)
{
    int64_t n = sizes[_i][0], d = sizes[_i][1], least = n < d ? n : d;
    double *rows = calloc(3 * MOST * MOST, sizeof *rows), *other = rows + MOST * MOST, *vectors = other + MOST * MOST;
    double values[MOST], wanted[MOST];
    fill(rows, n, d, d);
    fill(other, n, d, d);
    ck_assert_int_ge(conceptdec_i_singular_values_bytes(n, d), 8 * least);
    ck_assert_int_eq(conceptdec_i_singular_values(ctx, n, d, rows, values), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_singular(ctx, n, d, other, wanted, vectors), CONCEPTDEC_OK);
    for (int64_t k = 0; k < least; k++)
        ck_assert_double_eq_tol(values[k], wanted[k], 1e-12 * wanted[0]);
    free(rows);
}
END_TEST

/* Products of all pairs of rows stay. */
START_TEST(compact_rows)
{
    int64_t n = sizes[_i][0], d = sizes[_i][1], ld = d + 5;
    if (n > d)
        return;
    double *rows = calloc(2 * MOST * (MOST + 5), sizeof *rows), *given = rows + MOST * (MOST + 5);
    fill(rows, n, d, ld);
    memcpy(given, rows, (size_t)(n * ld) * sizeof *rows);
    ck_assert_int_eq(conceptdec_i_rows_compact(ctx, n, d, rows, ld), CONCEPTDEC_OK);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = i + 1; j < n; j++)
            ck_assert(rows[i * ld + j] >= 0 && rows[i * ld + j] <= 0);
        for (int64_t j = 0; j <= i; j++) {
            double wanted = 0, value = 0;
            for (int64_t p = 0; p < d; p++)
                wanted += given[i * ld + p] * given[j * ld + p];
            for (int64_t p = 0; p < n; p++)
                value += rows[i * ld + p] * rows[j * ld + p];
            ck_assert_double_eq_tol(value, wanted, 1e-12 * (double)d);
        }
    }
    free(rows);
}
END_TEST

START_TEST(too_large)
{
    double number = 1;
    ck_assert_int_eq(conceptdec_i_singular_values(ctx, INT64_C(1) << 40, 1, &number, &number), CONCEPTDEC_EOVERFLOW);
    ck_assert_int_eq(conceptdec_i_rows_compact(ctx, 1, INT64_C(1) << 40, &number, 1), CONCEPTDEC_EOVERFLOW);
    ck_assert_int_ge(conceptdec_i_singular_values_bytes(INT64_C(1) << 40, 1), INT64_C(1) << 50);
}
END_TEST

/* Left singular vectors are right ones of the columns. */
START_TEST(leading_from_products)
{
    const int64_t n = sizes[_i][0], d = sizes[_i][1], count = n < d ? n : d;
    double *rows = calloc(4 * MOST * MOST, sizeof *rows), *turned = rows + MOST * MOST, *wanted = turned + MOST * MOST,
           *vectors = wanted + MOST * MOST;
    double values[MOST], known[MOST];
    bool is_done = false;
    ck_assert_ptr_nonnull(rows);
    fill(rows, n, d, d);
    for (int64_t i = 0; i < n * d; i++)
        turned[i % d * n + i / d] = rows[i];
    ck_assert_int_eq(conceptdec_i_singular(ctx, d, n, turned, known, wanted), CONCEPTDEC_OK);
    for (int has_vectors = 0; has_vectors < 2; has_vectors++) {
        ck_assert_int_eq(
            conceptdec_i_singular_from_products(ctx, n, d, rows, count, values, has_vectors ? vectors : NULL, &is_done),
            CONCEPTDEC_OK);
        ck_assert(is_done);
        for (int64_t k = 0; k < count; k++)
            ck_assert_double_eq_tol(values[k], known[k], 1e-11 * known[0]);
    }
    for (int64_t k = 0; k < count; k++) {
        double along = 0;
        for (int64_t i = 0; i < n; i++)
            along += vectors[k * n + i] * wanted[k * n + i];
        ck_assert_double_eq_tol(fabs(along), 1, 1e-9);
    }
    free(rows);
}
END_TEST

/* Values that squares tell from 0, but not how large they are. */
START_TEST(leading_that_are_not_known)
{
    static const double small[] = {0, 1e-9, 1e-6, 1e-3};
    for (int k = 0; k < 4; k++)
        for (int has_vectors = 0; has_vectors < 2; has_vectors++) {
            const double rows[] = {1, 0, 0, 0, 0, small[k]};
            double values[2], vectors[4];
            bool is_done;
            ck_assert_int_eq(
                conceptdec_i_singular_from_products(ctx, 2, 3, rows, 2, values, has_vectors ? vectors : NULL, &is_done),
                CONCEPTDEC_OK);
            ck_assert_int_eq(is_done, k == 3);
        }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("singular");
    TCase *tests = tcase_create("singular");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, by_hand);
    tcase_add_loop_test(tests, as_with_vectors, 0, 6);
    tcase_add_loop_test(tests, compact_rows, 0, 6);
    tcase_add_loop_test(tests, leading_from_products, 0, 6);
    tcase_add_test(tests, leading_that_are_not_known);
    tcase_add_test(tests, too_large);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
