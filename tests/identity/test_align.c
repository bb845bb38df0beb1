/* Alignment asked for in two ways: what does not matter does not change it. */
#include <math.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { N = 80, R = 4 };

static double z[N * R], reference[N * R], other[N * R];
static conceptdec_ctx *ctx;

static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    for (int i = 0; i < N * R; i++) {
        z[i] = sin(i * i * 0.37) / (1 + i % R);
        reference[i] = cos(i * 1.7) + z[i];
    }
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static conceptdec_result *
align(const double *a, const double *b, uint32_t flags)
{
    conceptdec_matrix x = {
        .data = a, .rows = N, .cols = R, .row_stride = 8 * R, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_matrix y = x;
    conceptdec_result *result = NULL;
    y.data = b;
    ck_assert_int_eq(conceptdec_align(ctx, &x, &y, flags, &result), CONCEPTDEC_OK);
    return result;
}

static const double *
array_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(result, name, &array), CONCEPTDEC_OK);
    return array.data;
}

static void
check_same(const conceptdec_result *a, const conceptdec_result *b, const char *name, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_double_eq_tol(array_of(a, name)[i], array_of(b, name)[i], 1e-12);
}

/* What is turned, shifted or made larger first ends in the same place. */
START_TEST(where_it_starts_does_not_matter)
{
    static const double turned[R][R] = {{0.6, -0.8, 0, 0}, {0.8, 0.6, 0, 0}, {0, 0, 0, 1}, {0, 0, -1, 0}};
    const double size = _i ? 5 : 1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < R; j++) {
            other[i * R + j] = 7 - j;
            for (int k = 0; k < R; k++)
                other[i * R + j] += size * z[i * R + k] * turned[k][j];
        }
    conceptdec_result *first = align(z, reference, _i ? CONCEPTDEC_ALIGN_SCALE : 0);
    conceptdec_result *second = align(other, reference, _i ? CONCEPTDEC_ALIGN_SCALE : 0);
    check_same(first, second, CONCEPTDEC_R_TRANSFORMED, N * R);
    check_same(first, second, CONCEPTDEC_R_DISPARITY, 1);
    conceptdec_result_free(first);
    conceptdec_result_free(second);
}
END_TEST

START_TEST(what_is_aligned_stays)
{
    conceptdec_result *first = align(z, reference, CONCEPTDEC_ALIGN_SCALE);
    conceptdec_result *second = align(array_of(first, CONCEPTDEC_R_TRANSFORMED), reference, CONCEPTDEC_ALIGN_SCALE);
    check_same(first, second, CONCEPTDEC_R_TRANSFORMED, N * R);
    for (int i = 0; i < R * R; i++)
        ck_assert_double_eq_tol(array_of(second, CONCEPTDEC_R_ROTATION)[i], i / R == i % R, 1e-12);
    conceptdec_result_free(first);
    conceptdec_result_free(second);
}
END_TEST

START_TEST(the_order_of_rows_does_not_matter)
{
    static double moved[N * R];
    for (int i = 0; i < N; i++) {
        memcpy(other + i * R, z + (N - 1 - i) * R, R * sizeof *z);
        memcpy(moved + i * R, reference + (N - 1 - i) * R, R * sizeof *z);
    }
    conceptdec_result *first = align(z, reference, 0), *second = align(other, moved, 0);
    check_same(first, second, CONCEPTDEC_R_ROTATION, R * R);
    check_same(first, second, CONCEPTDEC_R_DISPARITY, 1);
    conceptdec_result_free(first);
    conceptdec_result_free(second);
}
END_TEST

/* With a size each way, the disparity is that of the other way round. */
START_TEST(it_may_be_asked_either_way)
{
    conceptdec_result *first = align(z, reference, CONCEPTDEC_ALIGN_SCALE),
                      *second = align(reference, z, CONCEPTDEC_ALIGN_SCALE);
    check_same(first, second, CONCEPTDEC_R_DISPARITY, 1);
    for (int i = 0; i < R; i++)
        for (int j = 0; j < R; j++)
            ck_assert_double_eq_tol(array_of(first, CONCEPTDEC_R_ROTATION)[i * R + j],
                                    array_of(second, CONCEPTDEC_R_ROTATION)[j * R + i], 1e-12);
    conceptdec_result_free(first);
    conceptdec_result_free(second);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("align");
    TCase *tests = tcase_create("align");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, where_it_starts_does_not_matter, 0, 2);
    tcase_add_test(tests, what_is_aligned_stays);
    tcase_add_test(tests, the_order_of_rows_does_not_matter);
    tcase_add_test(tests, it_may_be_asked_either_way);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
