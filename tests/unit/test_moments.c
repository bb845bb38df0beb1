/* Streaming moments: small cases by hand, all or nothing, files. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "io/record.h"
#include "projection/moments.h"
#include "projection_problems.h"

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

static int64_t
count_of(conceptdec_moments *m)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_moments_get(m, CONCEPTDEC_M_N_SAMPLES, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_INT64);
    return *(const int64_t *)array.data;
}

START_TEST(three_rows_by_hand)
{
    static const double x[] = {0, 0, 2, 0, 1, 3};
    conceptdec_moments *m = projection_moments(ctx, x, 3, 2);
    const double *mean = projection_moment(m, CONCEPTDEC_M_MEAN), *c = projection_moment(m, CONCEPTDEC_M_COVARIANCE);
    ck_assert_int_eq(count_of(m), 3);
    ck_assert(mean[0] == 1 && mean[1] == 1);
    ck_assert(c[0] == 1 && c[1] == 0 && c[2] == 0 && c[3] == 3);
    conceptdec_moments_free(m);
}
END_TEST

START_TEST(nothing_and_one_row)
{
    static const double x[] = {7, -2};
    conceptdec_array array;
    conceptdec_moments *m = projection_moments(ctx, NULL, 0, 2);
    ck_assert(isnan(projection_moment(m, CONCEPTDEC_M_MEAN)[1]));
    ck_assert(isnan(projection_moment(m, CONCEPTDEC_M_COVARIANCE)[3]));
    ck_assert_int_eq(count_of(m), 0);
    projection_add(ctx, m, x, 1, 2);
    ck_assert(projection_moment(m, CONCEPTDEC_M_MEAN)[1] == -2);
    ck_assert(isnan(projection_moment(m, CONCEPTDEC_M_COVARIANCE)[0]));
    ck_assert_int_eq(conceptdec_moments_get(m, "median", &array), CONCEPTDEC_ENAME);
    conceptdec_moments_free(m);
    conceptdec_moments_free(NULL);
}
END_TEST

/* Answers follow what is added after they were given. */
START_TEST(answers_keep_up)
{
    static const double x[] = {1, 3, 8};
    conceptdec_moments *m = projection_moments(ctx, x, 2, 1);
    ck_assert(projection_moment(m, CONCEPTDEC_M_MEAN)[0] == 2);
    ck_assert(projection_moment(m, CONCEPTDEC_M_COVARIANCE)[0] == 2);
    projection_add(ctx, m, x + 2, 1, 1);
    ck_assert(projection_moment(m, CONCEPTDEC_M_MEAN)[0] == 4);
    ck_assert(projection_moment(m, CONCEPTDEC_M_COVARIANCE)[0] == 13);
    ck_assert_int_eq(conceptdec_moments_merge(ctx, m, m), CONCEPTDEC_OK); /* its own rows once more */
    ck_assert_int_eq(count_of(m), 6);
    ck_assert(projection_moment(m, CONCEPTDEC_M_MEAN)[0] == 4);
    ck_assert_double_eq_tol(projection_moment(m, CONCEPTDEC_M_COVARIANCE)[0], 52.0 / 5, 1e-13);
    conceptdec_moments_free(m);
}
END_TEST

/* A mean a hundred million times the deviation costs a few digits, not all. */
START_TEST(far_from_zero)
{
    const int64_t n = 20000;
    double *x = malloc((size_t)n * sizeof *x), sum = 0, square = 0;
    for (int64_t i = 0; i < n; i++)
        x[i] = 1e8 + (double)(i % 1000) / 1024;
    for (int64_t i = 0; i < n; i++)
        sum += (x[i] - 1e8) / (double)n;
    for (int64_t i = 0; i < n; i++)
        square += (x[i] - 1e8 - sum) * (x[i] - 1e8 - sum) / (double)(n - 1);
    conceptdec_moments *m = projection_moments(ctx, x, n, 1);
    ck_assert_double_eq_tol(projection_moment(m, CONCEPTDEC_M_COVARIANCE)[0] / square, 1, 1e-12);
    ck_assert_double_eq_tol(projection_moment(m, CONCEPTDEC_M_MEAN)[0], 1e8 + sum, 3e-8);
    conceptdec_moments_free(m);
    free(x);
}
END_TEST

/* ---- all or nothing ---- */

enum { WIDTH = 300, MANY = 2000 }; /* rows of several chunks */

typedef struct spoiled {
    const double *x;
    int64_t at; /* the row that is not delivered */
    bool cancels;
} spoiled;

static int32_t
deliver(void *user, int64_t first, int64_t count, void *rows)
{
    const spoiled *s = user;
    bool is_there = s->at >= first && s->at < first + count;
    memcpy(rows, s->x + first * WIDTH, (size_t)(count * WIDTH) * sizeof(double));
    if (is_there && s->cancels)
        conceptdec_ctx_cancel(ctx);
    return is_there && !s->cancels ? 5 : 0;
}

static void
expect_same(conceptdec_moments *a, conceptdec_moments *b)
{
    ck_assert_int_eq(count_of(a), count_of(b));
    ck_assert_mem_eq(projection_moment(a, CONCEPTDEC_M_MEAN), projection_moment(b, CONCEPTDEC_M_MEAN), WIDTH * 8);
    ck_assert_mem_eq(projection_moment(a, CONCEPTDEC_M_COVARIANCE), projection_moment(b, CONCEPTDEC_M_COVARIANCE),
                     WIDTH * WIDTH * 8);
}

START_TEST(failures_add_nothing)
{
    static const struct {
        conceptdec_status status;
        double value;
        const char *text;
    } cases[] = {
        {CONCEPTDEC_ENONFINITE, NAN, "x: non-finite value at row 1990, column 7"},
        {CONCEPTDEC_ENONFINITE, INFINITY, "x: non-finite value at row 1990, column 7"},
        {CONCEPTDEC_EOVERFLOW, 0x1p480, "(2^480 or more) at row 1990, column 7"},
        {CONCEPTDEC_EREAD, 0, "x: the reader returned 5"},
        {CONCEPTDEC_ECANCELLED, 0, "cancelled"},
    };
    const double value = cases[_i].value;
    double *x = malloc(MANY * WIDTH * sizeof *x);
    for (int64_t i = 0; i < MANY * WIDTH; i++)
        x[i] = projection_uniform();
    conceptdec_moments *a = projection_moments(ctx, x, 700, WIDTH), *b = projection_moments(ctx, x, 700, WIDTH);
    spoiled s = {.x = x, .at = 1990, .cancels = cases[_i].status == CONCEPTDEC_ECANCELLED};
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = &s};
    conceptdec_matrix view = projection_view(x, MANY, WIDTH);
    if (value == 0)
        view = (conceptdec_matrix){.data = &reader,
                                   .rows = MANY,
                                   .cols = WIDTH,
                                   .dtype = CONCEPTDEC_FLOAT64,
                                   .flags = CONCEPTDEC_MATRIX_READER};
    double kept = x[1990 * WIDTH + 7];
    x[1990 * WIDTH + 7] = value != 0 ? value : kept;
    ck_assert_int_eq(conceptdec_moments_add(ctx, a, &view), cases[_i].status);
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), cases[_i].text), "%s", conceptdec_ctx_error(ctx));
    conceptdec_ctx_clear_cancel(ctx);
    x[1990 * WIDTH + 7] = kept;
    expect_same(a, b);
    projection_add(ctx, a, x, MANY, WIDTH);
    projection_add(ctx, b, x, MANY, WIDTH);
    expect_same(a, b);
    conceptdec_moments_free(a);
    conceptdec_moments_free(b);
    free(x);
}
END_TEST

/* ---- files ---- */

START_TEST(goes_on_from_a_file)
{
    projection_file f;
    double *x = malloc(MANY * WIDTH * sizeof *x);
    for (int64_t i = 0; i < MANY * WIDTH; i++)
        x[i] = projection_uniform();
    projection_file_name(&f);
    conceptdec_moments *a = projection_moments(ctx, x, 800, WIDTH), *b;
    ck_assert_int_eq(conceptdec_moments_save(ctx, a, f.path), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_moments_load(ctx, f.path, &b), CONCEPTDEC_OK);
    expect_same(a, b);
    projection_add(ctx, a, x + 800 * WIDTH, 1200, WIDTH);
    projection_add(ctx, b, x + 800 * WIDTH, 1200, WIDTH);
    expect_same(a, b);
    conceptdec_moments_free(a);
    conceptdec_moments_free(b);
    projection_file_end(&f);
    free(x);
}
END_TEST

static void
expect_refused(const projection_file *f, const uint8_t *data, size_t size)
{
    conceptdec_moments *m = NULL;
    projection_file_write(f, data, size);
    ck_assert_int_eq(conceptdec_moments_load(ctx, f->path, &m), CONCEPTDEC_EFORMAT);
    ck_assert_ptr_null(m);
    ck_assert_str_ne(conceptdec_ctx_error(ctx), "");
}

static void
make_file(projection_file *f)
{
    double x[3 * 5];
    for (int i = 0; i < 15; i++)
        x[i] = projection_uniform();
    projection_file_name(f);
    conceptdec_moments *m = projection_moments(ctx, x, 5, 3);
    for (int i = 0; i < 1700; i++)
        projection_add(ctx, m, x, 5, 3);
    ck_assert_int_eq(conceptdec_moments_save(ctx, m, f->path), CONCEPTDEC_OK);
    projection_file_read(f);
    conceptdec_moments_free(m);
}

START_TEST(damaged_files_are_refused)
{
    projection_file f;
    make_file(&f);
    uint8_t *copy = malloc(f.size + 8);
    memcpy(copy, f.data, f.size);
    memset(copy + f.size, 0, 8);
    expect_refused(&f, copy, f.size + 8);
    for (size_t size = 0; size < f.size; size += 1 + size / 40)
        expect_refused(&f, copy, size);
    for (size_t bit = 0; bit < 8 * f.size; bit += 1 + bit / 100) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_refused(&f, copy, f.size);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(copy);
    projection_file_end(&f);
}
END_TEST

/* Under a checksum that is right: what is impossible is refused, and what is accepted is written as it was read. */
START_TEST(hostile_files)
{
    static const struct {
        int64_t field;
        uint64_t value;
    } changes[] = {
        {1, 2},
        {2, 0},
        {2, 4},
        {2, INT64_MAX / 8},
        {2, (uint64_t)-1},
        {3, 512},
        {4, 5},
        {4, (uint64_t)-8192},
        {5, 8192},
        {5, (uint64_t)-1},
        {6, 0x7ff8000000000000u},
        {7, 0x5df0000000000000u},
        {10, 0x7ff0000000000000u},
    };
    projection_file f;
    make_file(&f);
    uint8_t *copy = malloc(f.size);
    conceptdec_moments *m = NULL;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(copy, f.data, f.size);
        memcpy(copy + 8 * changes[i].field, &changes[i].value, 8);
        uint64_t sum = conceptdec_i_record_checksum(0, copy, f.size - 8);
        memcpy(copy + f.size - 8, &sum, 8);
        expect_refused(&f, copy, f.size);
    }
    double negative = -1; /* the first square of the scatter */
    memcpy(copy, f.data, f.size);
    memcpy(copy + f.size - 8 - 6 * 8, &negative, 8);
    uint64_t sum = conceptdec_i_record_checksum(0, copy, f.size - 8);
    memcpy(copy + f.size - 8, &sum, 8);
    expect_refused(&f, copy, f.size);
    projection_file_write(&f, f.data, f.size);
    ck_assert_int_eq(conceptdec_moments_load(ctx, f.path, &m), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_moments_save(ctx, m, f.path), CONCEPTDEC_OK);
    memcpy(copy, f.data, f.size);
    size_t size = f.size;
    projection_file_read(&f);
    ck_assert_uint_eq(f.size, size);
    ck_assert_mem_eq(f.data, copy, size);
    conceptdec_moments_free(m);
    free(copy);
    projection_file_end(&f);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("moments");
    TCase *tests = tcase_create("moments");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, three_rows_by_hand);
    tcase_add_test(tests, nothing_and_one_row);
    tcase_add_test(tests, answers_keep_up);
    tcase_add_test(tests, far_from_zero);
    tcase_add_loop_test(tests, failures_add_nothing, 0, 5);
    tcase_add_test(tests, goes_on_from_a_file);
    tcase_add_test(tests, damaged_files_are_refused);
    tcase_add_test(tests, hostile_files);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
