/* Moments per class: small cases by hand, plain sums, all or nothing, files. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "class_problems.h"
#include "io/record.h"

#define POOLED CONCEPTDEC_CLASS_MOMENTS_POOLED
#define MEANS CONCEPTDEC_CLASS_MOMENTS_MEANS
#define VARIANCES CONCEPTDEC_CLASS_MOMENTS_VARIANCES

static const uint32_t all_flags[] = {0, POOLED, MEANS, VARIANCES};
#define FLAGS 4

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

/* Two classes of two rows, one without any, and one row that plays no part, though it is no number. */
START_TEST(by_hand)
{
    double x[] = {0, 0, 10, 1, 2, 4, (double)NAN, 9, 14, 1};
    int64_t labels[] = {0, 1, 0, -1, 1};
    const class_problem p = {.n = 5, .d = 2, .classes = 3, .x = x, .labels = labels};
    conceptdec_class_moments *m = class_moments(ctx, &p, 0);
    const int64_t *count = class_array(m, CONCEPTDEC_M_CLASS_COUNT).data;
    ck_assert(count[0] == 2 && count[1] == 2 && count[2] == 0);
    ck_assert_int_eq(*(const int64_t *)class_array(m, CONCEPTDEC_M_N_SAMPLES).data, 4);
    const double *means = class_get(m, CONCEPTDEC_M_MEANS), *mean = class_get(m, CONCEPTDEC_M_MEAN);
    ck_assert(means[0] == 1 && means[1] == 2 && means[2] == 12 && means[3] == 1 && isnan(means[4]) && isnan(means[5]));
    ck_assert(mean[0] == 6.5 && mean[1] == 1.5);
    const double *scatter = class_get(m, CONCEPTDEC_M_SCATTER), *within = class_get(m, CONCEPTDEC_M_WITHIN);
    static const double wanted[] = {2, 4, 4, 8, 8, 0, 0, 0, 0, 0, 0, 0};
    ck_assert_mem_eq(scatter, wanted, sizeof wanted);
    ck_assert(within[0] == 2.5 && within[1] == 1 && within[2] == 1 && within[3] == 2);
    const double *variances = class_get(m, CONCEPTDEC_M_VARIANCES);
    ck_assert(variances[0] == 1 && variances[1] == 4 && variances[2] == 4 && variances[3] == 0);
    ck_assert(isnan(variances[4]) && isnan(variances[5]));
    const double *covariance = class_get(m, CONCEPTDEC_M_COVARIANCE);
    ck_assert_double_eq_tol(covariance[0], 131.0 / 3, 1e-14);
    ck_assert_double_eq_tol(covariance[1], -7.0 / 3, 1e-14);
    ck_assert_double_eq_tol(covariance[3], 3, 1e-14);
    conceptdec_class_moments_free(m);
    conceptdec_class_moments_free(NULL);
}
END_TEST

START_TEST(nothing_is_not_a_number)
{
    conceptdec_array array;
    const class_problem p = {.d = 2, .classes = 2};
    const uint32_t flags = all_flags[_i];
    conceptdec_class_moments *m = class_moments_new(ctx, &p, flags);
    ck_assert_int_eq(*(const int64_t *)class_array(m, CONCEPTDEC_M_N_SAMPLES).data, 0);
    ck_assert(isnan(class_get(m, CONCEPTDEC_M_MEANS)[3]) && isnan(class_get(m, CONCEPTDEC_M_MEAN)[0]));
    if (flags <= POOLED) {
        ck_assert(isnan(class_get(m, CONCEPTDEC_M_WITHIN)[1]) && isnan(class_get(m, CONCEPTDEC_M_COVARIANCE)[2]));
    } else {
        ck_assert_int_eq(conceptdec_class_moments_get(m, CONCEPTDEC_M_WITHIN, &array), CONCEPTDEC_ENAME);
        ck_assert_int_eq(conceptdec_class_moments_get(m, CONCEPTDEC_M_COVARIANCE, &array), CONCEPTDEC_ENAME);
    }
    if (flags == 0 || flags == VARIANCES)
        ck_assert(isnan(class_get(m, CONCEPTDEC_M_VARIANCES)[3]));
    else
        ck_assert_int_eq(conceptdec_class_moments_get(m, CONCEPTDEC_M_VARIANCES, &array), CONCEPTDEC_ENAME);
    if (flags == 0)
        ck_assert(class_get(m, CONCEPTDEC_M_SCATTER)[7] == 0);
    else
        ck_assert_int_eq(conceptdec_class_moments_get(m, CONCEPTDEC_M_SCATTER, &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_class_moments_get(m, "median", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_class_moments_get(m, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_class_moments_get(NULL, CONCEPTDEC_M_MEAN, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_class_moments_get(m, CONCEPTDEC_M_MEAN, NULL), CONCEPTDEC_ENULL);
    conceptdec_class_moments_free(m);
}
END_TEST

/* ---- plain sums ---- */

static const struct {
    int64_t n, d, classes;
    double offset;
} shapes[] = {{2, 1, 2, 0},      {9, 3, 2, 0},        {700, 4, 3, 0},    {150, 40, 12, 0}, {1300, 5, 4, 1e6},
              {300, 70, 3, 1e6}, {900, 3, 5, 1e-150}, {600, 9, 2, -1e3}, {4000, 2, 700, 5}};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

static void
expect_variances(const double *found, const class_problem *p, const class_sums *s)
{
    for (int64_t c = 0; c < p->classes; c++)
        for (int64_t j = 0; j < p->d; j++) {
            const double square = s->scatter[(c * p->d + j) * p->d + j], wanted = square / (double)s->count[c];
            if (s->count[c] > 0)
                ck_assert_double_le(fabs(found[c * p->d + j] - wanted), 1e-13 * wanted);
            else
                ck_assert(isnan(found[c * p->d + j]));
        }
}

START_TEST(as_plain_sums)
{
    class_problem p = class_problem_make(shapes[_i].n, shapes[_i].d, shapes[_i].classes, shapes[_i].offset);
    class_sums s = class_sums_make(&p);
    for (int f = 0; f < FLAGS; f++) {
        const uint32_t flags = all_flags[f];
        conceptdec_class_moments *m = class_moments(ctx, &p, flags);
        const double *means = class_get(m, CONCEPTDEC_M_MEANS), *mean = class_get(m, CONCEPTDEC_M_MEAN);
        const double tolerance = 1e-13 + 4e-16 * fabs(shapes[_i].offset);
        ck_assert_mem_eq(class_array(m, CONCEPTDEC_M_CLASS_COUNT).data, s.count, (size_t)p.classes * sizeof *s.count);
        for (int64_t j = 0; j < p.d; j++)
            ck_assert_double_eq_tol(mean[j], p.x[j] + s.mean[j], tolerance);
        for (int64_t c = 0; c < p.classes; c++)
            for (int64_t j = 0; j < p.d; j++)
                if (s.count[c] > 0)
                    ck_assert_double_eq_tol(means[c * p.d + j], p.x[j] + s.means[c * p.d + j], tolerance);
                else
                    ck_assert(isnan(means[c * p.d + j]));
        if (flags == 0 || flags == VARIANCES)
            expect_variances(class_get(m, CONCEPTDEC_M_VARIANCES), &p, &s);
        if (flags <= POOLED) {
            ck_assert_double_le(class_matrix_error(class_get(m, CONCEPTDEC_M_WITHIN), s.within, p.d), 1e-13);
            ck_assert_double_le(class_matrix_error(class_get(m, CONCEPTDEC_M_COVARIANCE), s.covariance, p.d), 1e-13);
        }
        for (int64_t c = 0; flags == 0 && c < p.classes; c++)
            ck_assert_double_le(
                class_matrix_error(class_get(m, CONCEPTDEC_M_SCATTER) + c * p.d * p.d, s.scatter + c * p.d * p.d, p.d),
                1e-13);
        conceptdec_class_moments_free(m);
    }
    class_sums_free(&s);
    class_problem_free(&p);
}
END_TEST

/* A first row that is far from all others costs no digit of a product. */
START_TEST(first_row_far_away)
{
    class_problem p = class_problem_make(9000, 3, 2, 0);
    for (int64_t j = 0; j < 3; j++)
        p.x[j] = 1e6;
    p.labels[0] = 0;
    class_sums s = class_sums_make(&p);
    for (uint32_t flags = 0; flags < MEANS; flags++) {
        conceptdec_class_moments *m = class_moments(ctx, &p, flags);
        for (int64_t j = 0; j < 3; j++)
            ck_assert_double_eq_tol(class_get(m, CONCEPTDEC_M_MEANS)[j], p.x[j] + s.means[j], 1e-8);
        ck_assert_double_le(class_matrix_error(class_get(m, CONCEPTDEC_M_WITHIN), s.within, 3), 1e-14);
        conceptdec_class_moments_free(m);
    }
    class_sums_free(&s);
    class_problem_free(&p);
}
END_TEST

/* ---- all or nothing ---- */

enum { WIDTH = 40, MANY = 20000 }; /* rows of several chunks */

static void
expect_same(conceptdec_class_moments *a, conceptdec_class_moments *b, uint32_t flags, int64_t d, int64_t classes)
{
    const size_t row = (size_t)d * 8;
    const size_t counts = (size_t)classes * 8, square = row * (size_t)d;
    ck_assert_mem_eq(class_array(a, CONCEPTDEC_M_CLASS_COUNT).data, class_array(b, CONCEPTDEC_M_CLASS_COUNT).data,
                     counts);
    ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_MEAN), class_get(b, CONCEPTDEC_M_MEAN), row);
    ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_MEANS), class_get(b, CONCEPTDEC_M_MEANS), row * (size_t)classes);
    if (flags == 0 || flags == VARIANCES)
        ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_VARIANCES), class_get(b, CONCEPTDEC_M_VARIANCES),
                         row * (size_t)classes);
    if (flags > POOLED)
        return;
    ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_WITHIN), class_get(b, CONCEPTDEC_M_WITHIN), square);
    ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_COVARIANCE), class_get(b, CONCEPTDEC_M_COVARIANCE), square);
    if (flags == 0)
        ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_SCATTER), class_get(b, CONCEPTDEC_M_SCATTER),
                         square * (size_t)classes);
}

static const struct {
    conceptdec_status status;
    double value;
    int64_t label;
    const char *text;
} failures[] = {
    {CONCEPTDEC_ENONFINITE, NAN, 0, "x: non-finite value at row 19000, column 7"},
    {CONCEPTDEC_ENONFINITE, -INFINITY, 0, "x: non-finite value at row 19000, column 7"},
    {CONCEPTDEC_EOVERFLOW, 0x1p480, 0, "(2^480 or more) at row 19000, column 7"},
    {CONCEPTDEC_ELABEL, 0, 3, "labels: 3 at row 19000 is not in -1..2"},
    {CONCEPTDEC_ELABEL, 0, -2, "labels: -2 at row 19000 is not in -1..2"},
};

/* Into states that hold nothing, or rows that wait and chunks. */
START_TEST(failures_add_nothing)
{
    class_problem p = class_problem_make(MANY, WIDTH, 3, 0);
    conceptdec_matrix x = class_rows(&p, 0, MANY), labels = class_labels(&p, 0, MANY);
    for (int f = 0; f < FLAGS; f++)
        for (int64_t before = 0; before <= 9000; before += 9000) {
            const uint32_t flags = all_flags[f];
            conceptdec_class_moments *a = class_moments_new(ctx, &p, flags), *b = class_moments_new(ctx, &p, flags);
            class_add(ctx, a, &p, 0, before);
            class_add(ctx, b, &p, 0, before);
            double value = p.x[19000 * WIDTH + 7];
            int64_t label = p.labels[19000];
            p.x[19000 * WIDTH + 7] = failures[_i].value != 0 ? failures[_i].value : value;
            p.labels[19000] = failures[_i].label;
            ck_assert_int_eq(conceptdec_class_moments_add(ctx, a, &x, &labels), failures[_i].status);
            ck_assert_msg(strstr(conceptdec_ctx_error(ctx), failures[_i].text), "%s", conceptdec_ctx_error(ctx));
            p.x[19000 * WIDTH + 7] = value;
            p.labels[19000] = label;
            class_add(ctx, a, &p, 0, MANY);
            class_add(ctx, b, &p, 0, MANY);
            expect_same(a, b, flags, WIDTH, 3);
            conceptdec_class_moments_free(a);
            conceptdec_class_moments_free(b);
        }
    class_problem_free(&p);
}
END_TEST

/* ---- files ---- */

START_TEST(goes_on_from_a_file)
{
    const uint32_t flags = all_flags[_i % FLAGS];
    projection_file f;
    class_problem p = class_problem_make(_i < FLAGS ? 1500 : 20000, 5, 4, 3);
    projection_file_name(&f);
    conceptdec_class_moments *a = class_moments_new(ctx, &p, flags), *b;
    class_add(ctx, a, &p, 0, p.n * 7 / 10);
    ck_assert_int_eq(conceptdec_class_moments_save(ctx, a, f.path), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_load(ctx, f.path, &b), CONCEPTDEC_OK);
    expect_same(a, b, flags, 5, 4);
    class_add(ctx, a, &p, p.n * 7 / 10, p.n * 3 / 10);
    class_add(ctx, b, &p, p.n * 7 / 10, p.n * 3 / 10);
    expect_same(a, b, flags, 5, 4);
    conceptdec_class_moments_free(a);
    conceptdec_class_moments_free(b);
    projection_file_end(&f);
    class_problem_free(&p);
}
END_TEST

static void
expect_refused(const projection_file *f, const uint8_t *data, size_t size)
{
    conceptdec_class_moments *m = NULL;
    projection_file_write(f, data, size);
    ck_assert_int_eq(conceptdec_class_moments_load(ctx, f->path, &m), CONCEPTDEC_EFORMAT);
    ck_assert_ptr_null(m);
    ck_assert_str_ne(conceptdec_ctx_error(ctx), "");
}

/* Two numbers a row; two classes with rows, one without. Where each has a chunk of its own these are full once, and
 * rows wait. */
static void
make_file(projection_file *f, uint32_t flags)
{
    class_problem p = class_problem_make(flags == 0 ? 170 : 24, 2, 3, 1);
    conceptdec_class_moments *m = class_moments(ctx, &p, flags);
    projection_file_name(f);
    ck_assert_int_eq(conceptdec_class_moments_save(ctx, m, f->path), CONCEPTDEC_OK);
    projection_file_read(f);
    conceptdec_class_moments_free(m);
    class_problem_free(&p);
}

START_TEST(damaged_files_are_refused)
{
    projection_file f;
    make_file(&f, all_flags[_i]);
    uint8_t *copy = malloc(f.size + 8);
    memcpy(copy, f.data, f.size);
    memset(copy + f.size, 0, 8);
    expect_refused(&f, copy, f.size + 1);
    expect_refused(&f, copy, f.size + 8);
    for (size_t size = 0; size < f.size; size++)
        expect_refused(&f, copy, size);
    for (size_t byte = 0; byte < f.size; byte++) {
        copy[byte] ^= (uint8_t)(1u << byte % 8);
        expect_refused(&f, copy, f.size);
        copy[byte] ^= (uint8_t)(1u << byte % 8);
    }
    free(copy);
    projection_file_end(&f);
}
END_TEST

/* The checksum of what has been changed, too. */
static void
sign_file(uint8_t *data, size_t size)
{
    uint64_t sum = conceptdec_i_record_checksum(0, data, size - 8);
    memcpy(data + size - 8, &sum, 8);
}

static const struct {
    uint32_t flags;
    int64_t field;
    uint64_t value;
} changes[] = {
    {0, 1, 2}, /* format */
    {0, 2, 0}, /* d */
    {0, 2, 4},
    {0, 2, INT64_MAX / 8},
    {0, 2, (uint64_t)-3},
    {0, 3, 0}, /* classes */
    {0, 3, 2},
    {0, 3, (uint64_t)1 << 40},
    {0, 3, (uint64_t)-1},
    {0, 4, 1}, /* flags */
    {0, 4, 3},
    {0, 4, (uint64_t)1 << 32},
    {0, 4, (uint64_t)-1},
    {0, 5, 0}, /* rows that wait */
    {0, 5, (uint64_t)1 << 60},
    {0, 5, (uint64_t)-1},
    {0, 6, 63}, /* rows of a class */
    {0, 6, (uint64_t)-64},
    {0, 6, (uint64_t)1 << 62},
    {0, 6, 0},  /* whose mean is there */
    {0, 9, 64}, /* rows that wait for the first class */
    {0, 9, (uint64_t)-1},
    {0, 10, 0},
    {0, 12, 0x7ff8000000000000u}, /* a mean */
    {0, 14, 0x5df0000000000000u}, /* a pilot */
    {1, 10, 0x3ff0000000000000u}, /* a mean of a class without rows in the sums */
    {2, 10, 0x3ff0000000000000u},
    {4, 4, 5}, /* flags */
    {4, 4, 6},
    {4, 4, 8},
};

START_TEST(hostile_files)
{
    const uint32_t flags = changes[_i].flags;
    projection_file f;
    make_file(&f, flags);
    uint8_t *copy = malloc(f.size);
    memcpy(copy, f.data, f.size);
    memcpy(copy + 8 * changes[_i].field, &changes[_i].value, 8);
    sign_file(copy, f.size);
    ck_assert_int_ne(memcmp(copy, f.data, f.size), 0);
    expect_refused(&f, copy, f.size);
    ck_assert_ptr_null(strstr(conceptdec_ctx_error(ctx), "checksum"));
    free(copy);
    projection_file_end(&f);
}
END_TEST

/* Of pooled sums labels are written, and products last of all. */
START_TEST(hostile_labels_and_products)
{
    static const int64_t label = 3;
    static const double negative = -1, large = 1e9;
    projection_file f;
    make_file(&f, POOLED);
    uint8_t *copy = malloc(f.size);
    const size_t rows = (size_t)(8 * (6 + 3 + 1 + 12)), labels = rows + 21 * 16, scatter = f.size - 8 - 24;
    ck_assert_uint_eq(labels + 21 * 8, scatter);
    for (int i = 0; i < 4; i++) {
        memcpy(copy, f.data, f.size);
        if (i == 0)
            memcpy(copy + labels + 40, &label, sizeof label);
        else if (i == 1)
            memset(copy + labels + 44, 255, sizeof label);
        else
            memcpy(copy + scatter + (i == 2 ? 0 : 8), i == 2 ? &negative : &large, 8);
        sign_file(copy, f.size);
        expect_refused(&f, copy, f.size);
        ck_assert_ptr_null(strstr(conceptdec_ctx_error(ctx), "checksum"));
    }
    projection_file_write(&f, f.data, f.size);
    conceptdec_class_moments *m;
    ck_assert_int_eq(conceptdec_class_moments_load(ctx, f.path, &m), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_save(ctx, m, f.path), CONCEPTDEC_OK);
    memcpy(copy, f.data, f.size);
    size_t size = f.size;
    projection_file_read(&f);
    ck_assert_uint_eq(f.size, size);
    ck_assert_mem_eq(f.data, copy, size);
    conceptdec_class_moments_free(m);
    free(copy);
    projection_file_end(&f);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("class_moments");
    TCase *tests = tcase_create("class moments");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, by_hand);
    tcase_add_loop_test(tests, nothing_is_not_a_number, 0, FLAGS);
    tcase_add_loop_test(tests, as_plain_sums, 0, SHAPES);
    tcase_add_test(tests, first_row_far_away);
    tcase_add_loop_test(tests, failures_add_nothing, 0, (int)(sizeof failures / sizeof *failures));
    tcase_add_loop_test(tests, goes_on_from_a_file, 0, 2 * FLAGS);
    tcase_add_loop_test(tests, damaged_files_are_refused, 0, FLAGS);
    tcase_add_loop_test(tests, hostile_files, 0, (int)(sizeof changes / sizeof *changes));
    tcase_add_test(tests, hostile_labels_and_products);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
