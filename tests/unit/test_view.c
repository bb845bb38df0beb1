/* Views: what is refused, exact widening from any address and stride, the first non-finite value. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "core/half.h"
#include "kernels/kernels.h"

static conceptdec_ctx *ctx;
static float values[24];

static void
setup(void)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 4};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static conceptdec_matrix
good_view(void)
{
    return (conceptdec_matrix){
        .data = values, .rows = 4, .cols = 6, .row_stride = 24, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
}

/* ---- checks ---- */

static void
expect(const conceptdec_matrix *view, int kinds, conceptdec_status status, const char *text)
{
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_view_check(ctx, "x", view, kinds), status);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), text);
}

START_TEST(sizes)
{
    conceptdec_matrix view = good_view();
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_OK, "");
    expect(NULL, CONCEPTDEC_I_FLOATS, CONCEPTDEC_ENULL, "x: is NULL");
    view.rows = -3;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_ESIZE, "x: rows is -3, must be at least 1");
    view.rows = INT64_MIN;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_ESIZE, "x: rows is -9223372036854775808, must be at least 1");
    view.rows = 4;
    view.cols = 0;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_ESIZE, "x: cols is 0, must be at least 1");
    view.cols = 6;
    view.data = NULL;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_ENULL, "x: data is NULL");
}
END_TEST

START_TEST(element_types)
{
    conceptdec_matrix view = good_view();
    expect(&view, CONCEPTDEC_I_INTS, CONCEPTDEC_EDTYPE,
           "x: dtype float32 is a floating-point type, but an integer type is needed");
    view.dtype = CONCEPTDEC_INT32;
    expect(&view, CONCEPTDEC_I_INTS, CONCEPTDEC_OK, "");
    expect(&view, CONCEPTDEC_I_INTS | CONCEPTDEC_I_FLOATS, CONCEPTDEC_OK, "");
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EDTYPE,
           "x: dtype int32 is an integer type, but a floating-point type is needed");
    view.dtype = 9;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EDTYPE, "x: dtype 9 is unknown");
    int known = 0;
    for (int32_t dtype = -5; dtype < 100; dtype++)
        known += conceptdec_i_dtype_size(dtype) > 0;
    ck_assert_int_eq(known, 6);
}
END_TEST

START_TEST(reserved_fields)
{
    conceptdec_matrix view = good_view();
    view.device = 1;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EUNSUPPORTED,
           "x: device 1: only host memory (device 0) is supported");
    for (int i = 0; i < 3; i++) {
        view = good_view();
        *(i == 0 ? &view.flags : &view.reserved[i - 1]) = 2;
        expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_ERESERVED, "x: unknown flags and reserved must be 0");
    }
}
END_TEST

START_TEST(extents_that_do_not_fit)
{
    const char *rows = "x: row_stride * rows does not fit an address";
    const char *cols = "x: col_stride * cols does not fit an address";
    const char *space = "x: its elements reach beyond the address space";
    conceptdec_matrix view = good_view();
    view.rows = (int64_t)1 << 62;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, rows);
    view = good_view();
    view.row_stride = INT64_MIN;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, rows);
    view = good_view();
    view.rows = 2;
    view.row_stride = INT64_MAX;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, rows);
    view = good_view();
    view.cols = INT64_MAX;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, cols);
    view = good_view();
    view.rows = 2;
    view.row_stride = INT64_MAX - 4;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, cols);
    view.cols = 1;
    view.row_stride = -(INT64_MAX - 4);
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, space);
    view.row_stride = INT64_MAX - 4;
    view.data = (const void *)(UINTPTR_MAX - 7);
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, space);
    view = good_view();
    view.data = (const void *)256; /* rows lead below address 0, columns back above it */
    view.row_stride = -4096;
    view.col_stride = 65536;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_EOVERFLOW, space);
    view = good_view();
    view.rows = INT64_MAX;
    view.row_stride = 0;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_OK, ""); /* one row, as often as one likes */
    view = good_view();
    view.rows = 1;
    view.row_stride = INT64_MIN;
    expect(&view, CONCEPTDEC_I_FLOATS, CONCEPTDEC_OK, "");
}
END_TEST

/* ---- widening ---- */

/* An independent reading of sign, exponent and fraction. */
static double
small_float(uint16_t bits, int fraction_bits, int bias)
{
    int fraction = bits & ((1 << fraction_bits) - 1);
    int exponent = (bits & 0x7fff) >> fraction_bits;
    double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 0x7fff >> fraction_bits)
        return fraction ? NAN : sign * HUGE_VAL;
    if (exponent == 0)
        return sign * ldexp(fraction, 1 - bias - fraction_bits);
    return sign * ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

static void
expect_same(double value, double expected)
{
    if (isnan(expected))
        ck_assert(isnan(value));
    else
        ck_assert_mem_eq(&value, &expected, sizeof value);
}

START_TEST(every_16_bit_pattern)
{
    const int32_t dtypes[] = {CONCEPTDEC_FLOAT16, CONCEPTDEC_BFLOAT16};
    const conceptdec_i_kernels *kernels[] = {NULL, conceptdec_i_kernels_choose(0)};
    uint16_t *bits = malloc(65536 * sizeof *bits);
    double *wide = malloc(65536 * sizeof *wide);
    for (int i = 0; i < 65536; i++)
        bits[i] = (uint16_t)i;
    for (int t = 0; t < 4; t++) {
        conceptdec_matrix view = {.data = bits, .rows = 1, .cols = 65536, .col_stride = 2, .dtype = dtypes[t % 2]};
        conceptdec_i_view_widen(kernels[t / 2], &view, 0, 0, 65536, wide);
        for (int i = 0; i < 65536; i++)
            expect_same(wide[i], t % 2 == 0 ? small_float(bits[i], 10, 15) : small_float(bits[i], 7, 127));
    }
#ifdef __FLT16_MAX__
    for (int i = 0; i < 65536; i++) {
        _Float16 half;
        memcpy(&half, &bits[i], sizeof half);
        expect_same(conceptdec_i_half_to_double(bits[i]), (double)half);
    }
#endif
    free(bits);
    free(wide);
}
END_TEST

/* Writes a number in a dtype that can hold it; the number is a small multiple of 1/4. */
static void
store(char *at, int32_t dtype, double value)
{
    float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    uint16_t upper = (uint16_t)(bits >> 16), half = 0;
    while (dtype == CONCEPTDEC_FLOAT16 && small_float(half, 10, 15) != value)
        half++;
    if (dtype == CONCEPTDEC_FLOAT64)
        memcpy(at, &value, sizeof value);
    else if (dtype == CONCEPTDEC_FLOAT32)
        memcpy(at, &single, sizeof single);
    else
        memcpy(at, dtype == CONCEPTDEC_FLOAT16 ? &half : &upper, sizeof half);
}

enum { ROWS = 5, COLS = 7 };

static void
expect_view(const conceptdec_matrix *view, double (*expected)(int64_t, int64_t))
{
    const conceptdec_i_kernels *kernels[] = {NULL, conceptdec_i_kernels_choose(0)};
    for (int t = 0; t < 2; t++)
        for (int64_t i = 0; i < view->rows; i++)
            for (int64_t first = 0; first < view->cols; first++)
                for (int64_t n = 0; n <= view->cols - first; n++) {
                    double wide[COLS + 1];
                    wide[n] = 99.5;
                    conceptdec_i_view_widen(kernels[t], view, i, first, n, wide);
                    for (int64_t j = 0; j < n; j++)
                        expect_same(wide[j], expected(i, first + j));
                    expect_same(wide[n], 99.5);
                }
}

static double
plain(int64_t i, int64_t j)
{
    return (double)(i * COLS + j) / 4 - 3;
}

static double
reversed(int64_t i, int64_t j)
{
    return plain(ROWS - 1 - i, COLS - 1 - j);
}

static double
first_row(int64_t i, int64_t j)
{
    (void)i;
    return plain(0, j);
}

static double
first_column(int64_t i, int64_t j)
{
    (void)j;
    return plain(i, 0);
}

START_TEST(strides)
{
    const int32_t dtypes[] = {CONCEPTDEC_FLOAT64, CONCEPTDEC_FLOAT32, CONCEPTDEC_FLOAT16, CONCEPTDEC_BFLOAT16};
    int32_t dtype = dtypes[_i % 4];
    int64_t size = conceptdec_i_dtype_size(dtype);
    int64_t col = _i / 4 == 1 ? 3 * size + 1 : size; /* a gap of an odd number of bytes */
    int64_t row = _i / 4 == 2 ? size : COLS * col + 3;
    if (_i / 4 == 2)
        col = ROWS * size; /* columns one after another */
    char memory[COLS * ROWS * 30];
    for (int offset = 0; offset < 4; offset++) {
        char *data = memory + offset;
        for (int64_t i = 0; i < ROWS; i++)
            for (int64_t j = 0; j < COLS; j++)
                store(data + i * row + j * col, dtype, plain(i, j));
        conceptdec_matrix view = {data, ROWS, COLS, row, col, dtype, 0, 0, {0, 0}};
        ck_assert_int_eq(conceptdec_i_view_is_dense_rows(&view), _i / 4 == 0);
        expect_view(&view, plain);
        view.data = data + (ROWS - 1) * row + (COLS - 1) * col;
        view.row_stride = -row;
        view.col_stride = -col;
        expect_view(&view, reversed);
        view = (conceptdec_matrix){data, ROWS, COLS, 0, col, dtype, 0, 0, {0, 0}};
        expect_view(&view, first_row);
        view = (conceptdec_matrix){data, ROWS, COLS, row, 0, dtype, 0, 0, {0, 0}};
        expect_view(&view, first_column);
    }
}
END_TEST

START_TEST(integers)
{
    int32_t narrow[] = {INT32_MIN, -1, 0, 1, INT32_MAX, 7};
    int64_t wide[] = {INT64_MIN, -1, 0, 1, INT64_MAX, 7}, out[6];
    conceptdec_matrix view = {narrow, 3, 2, 8, 4, CONCEPTDEC_INT32, 0, 0, {0, 0}};
    conceptdec_i_view_ints(&view, 1, out);
    ck_assert(out[0] == -1 && out[1] == 1 && out[2] == 7);
    view = (conceptdec_matrix){wide, 3, 2, 16, 8, CONCEPTDEC_INT64, 0, 0, {0, 0}};
    conceptdec_i_view_ints(&view, 0, out);
    ck_assert(out[0] == INT64_MIN && out[1] == 0 && out[2] == INT64_MAX);
    view = (conceptdec_matrix){wide + 5, 6, 1, -8, 0, CONCEPTDEC_INT64, 0, 0, {0, 0}};
    conceptdec_i_view_ints(&view, 0, out);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(out[i], wide[5 - i]);
    char odd[3 * 5];
    for (int i = 0; i < 3; i++)
        memcpy(odd + 1 + 5 * i - (i == 2), &narrow[i], 4);
    view = (conceptdec_matrix){odd + 1, 2, 1, 5, 1, CONCEPTDEC_INT32, 0, 0, {0, 0}};
    conceptdec_i_view_ints(&view, 0, out);
    ck_assert(out[0] == INT32_MIN && out[1] == -1);
}
END_TEST

/* ---- non-finite values ---- */

START_TEST(finite_extremes)
{
    double extremes[] = {DBL_MAX, -DBL_MAX, DBL_MIN, 5e-324, -5e-324, 0.0, -0.0, 1};
    conceptdec_matrix view = {extremes, 2, 4, 32, 8, CONCEPTDEC_FLOAT64, 0, 0, {0, 0}};
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", &view), CONCEPTDEC_OK);
    float singles[] = {FLT_MAX, -FLT_MAX, 1e-45f, 0};
    view = (conceptdec_matrix){singles, 2, 2, 8, 4, CONCEPTDEC_FLOAT32, 0, 0, {0, 0}};
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", &view), CONCEPTDEC_OK);
}
END_TEST

static void
expect_place(const conceptdec_matrix *view, int64_t row, int64_t col)
{
    char text[100];
    snprintf(text, sizeof text, "x: non-finite value at row %d, column %d", (int)row, (int)col);
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", view), CONCEPTDEC_ENONFINITE);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), text);
}

START_TEST(every_place)
{
    const double bad[] = {NAN, -NAN, HUGE_VAL, -HUGE_VAL};
    double matrix[ROWS][COLS] = {{0}};
    conceptdec_matrix view = {matrix, ROWS, COLS, COLS * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0, 0}};
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) {
            matrix[i][j] = bad[(i + j) % 4];
            expect_place(&view, i, j);
            matrix[i][j] = 1;
        }
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", &view), CONCEPTDEC_OK);
}
END_TEST

START_TEST(the_first_of_many)
{
    enum { n = 3000, d = 2500 }; /* several tasks, several pieces of a row */
    float *matrix = calloc((size_t)n * d, sizeof *matrix);
    conceptdec_matrix view = {matrix, n, d, d * 4, 4, CONCEPTDEC_FLOAT32, 0, 0, {0, 0}};
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", &view), CONCEPTDEC_OK);
    for (int64_t i = 2999; i >= 0; i -= 201) {
        int64_t col = (i * 37) % d;
        matrix[i * d + col] = -INFINITY;
        expect_place(&view, i, col);
    }
    view.data = matrix + (int64_t)(n - 1) * d;
    view.row_stride = -view.row_stride; /* row order is that of the view */
    expect_place(&view, 0, (2999 * 37) % d);
    free(matrix);
}
END_TEST

START_TEST(wide_rows)
{
    enum { d = (1 << 21) + 5 }; /* a row is longer than a task */
    double *matrix = calloc(2 * (size_t)d, sizeof *matrix);
    conceptdec_matrix view = {matrix, 2, d, 8 * (int64_t)d, 8, CONCEPTDEC_FLOAT64, 0, 0, {0, 0}};
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", &view), CONCEPTDEC_OK);
    matrix[2 * (int64_t)d - 1] = NAN;
    expect_place(&view, 1, d - 1);
    free(matrix);
}
END_TEST

START_TEST(finite_can_be_cancelled)
{
    conceptdec_matrix view = good_view();
    conceptdec_ctx_cancel(ctx);
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", &view), CONCEPTDEC_ECANCELLED);
    ck_assert_int_eq(conceptdec_i_view_finite(ctx, "x", &view), CONCEPTDEC_OK);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("view");
    TCase *tests = tcase_create("view");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, element_types);
    tcase_add_test(tests, reserved_fields);
    tcase_add_test(tests, extents_that_do_not_fit);
    tcase_add_test(tests, every_16_bit_pattern);
    tcase_add_loop_test(tests, strides, 0, 12);
    tcase_add_test(tests, integers);
    tcase_add_test(tests, finite_extremes);
    tcase_add_test(tests, every_place);
    tcase_add_test(tests, the_first_of_many);
    tcase_add_test(tests, wide_rows);
    tcase_add_test(tests, finite_can_be_cancelled);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
