/* Moments per class: what must not matter does not. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "class_problems.h"

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

/* Everything that a state answers, one after the other; NaN as it is. */
typedef struct answers {
    double *values;
    size_t count;
} answers;

static answers
all_answers(conceptdec_class_moments *m, const class_problem *p, uint32_t flags)
{
    static const char *const names[] = {CONCEPTDEC_M_MEANS,  CONCEPTDEC_M_MEAN,       CONCEPTDEC_M_VARIANCES,
                                        CONCEPTDEC_M_WITHIN, CONCEPTDEC_M_COVARIANCE, CONCEPTDEC_M_SCATTER};
    static const int kept[] = {6, 5, 2, 0, 3};
    answers a = {.values =
                     calloc((size_t)((p->classes + 3) * p->d * p->d + (2 * p->classes + 2) * p->d), sizeof *a.values)};
    for (int i = 0; i < kept[flags]; i++) {
        if (flags == POOLED && i == 2)
            continue;
        conceptdec_array array = class_array(m, names[i]);
        size_t count = 1;
        for (int axis = 0; axis < array.ndim; axis++)
            count *= (size_t)array.shape[axis];
        memcpy(a.values + a.count, array.data, count * sizeof *a.values);
        a.count += count;
    }
    return a;
}

static void
expect_bits(conceptdec_class_moments *a, conceptdec_class_moments *b, const class_problem *p, uint32_t flags)
{
    answers first = all_answers(a, p, flags), second = all_answers(b, p, flags);
    ck_assert_uint_eq(first.count, second.count);
    ck_assert_mem_eq(first.values, second.values, first.count * sizeof *first.values);
    free(first.values);
    free(second.values);
}

static void
expect_close(conceptdec_class_moments *a, conceptdec_class_moments *b, const class_problem *p, uint32_t flags)
{
    ck_assert_mem_eq(class_array(a, CONCEPTDEC_M_CLASS_COUNT).data, class_array(b, CONCEPTDEC_M_CLASS_COUNT).data,
                     (size_t)p->classes * 8);
    for (int64_t i = 0; i < p->classes * p->d; i++) {
        double first = class_get(a, CONCEPTDEC_M_MEANS)[i], second = class_get(b, CONCEPTDEC_M_MEANS)[i];
        ck_assert((isnan(first) && isnan(second)) || fabs(first - second) <= 1e-12 + 3e-16 * fabs(first));
    }
    for (int64_t i = 0; (flags == 0 || flags == VARIANCES) && i < p->classes * p->d; i++) {
        double first = class_get(a, CONCEPTDEC_M_VARIANCES)[i], second = class_get(b, CONCEPTDEC_M_VARIANCES)[i];
        ck_assert((isnan(first) && isnan(second)) || fabs(first - second) <= 1e-12 * first);
    }
    if (flags > POOLED)
        return;
    ck_assert_double_le(class_matrix_error(class_get(a, CONCEPTDEC_M_WITHIN), class_get(b, CONCEPTDEC_M_WITHIN), p->d),
                        1e-12);
    ck_assert_double_le(
        class_matrix_error(class_get(a, CONCEPTDEC_M_COVARIANCE), class_get(b, CONCEPTDEC_M_COVARIANCE), p->d), 1e-12);
    for (int64_t c = 0; flags == 0 && c < p->classes; c++)
        ck_assert_double_le(class_matrix_error(class_get(a, CONCEPTDEC_M_SCATTER) + c * p->d * p->d,
                                               class_get(b, CONCEPTDEC_M_SCATTER) + c * p->d * p->d, p->d),
                            1e-12);
}

static const struct {
    int64_t n, d, classes;
    double offset;
} shapes[] = {{20000, 3, 3, 0}, {3000, 70, 5, 1e6}, {300, 7, 40, -2}};
#define SHAPES 3
#define CASES (FLAGS * SHAPES)

static class_problem
problem(int i)
{
    const int k = i / FLAGS;
    return class_problem_make(shapes[k].n, shapes[k].d, shapes[k].classes, shapes[k].offset);
}

START_TEST(cuts_do_not_matter)
{
    static const int64_t cuts[] = {1, 63, 64, 100, 1000, 8192, 8193};
    const uint32_t flags = all_flags[_i % FLAGS];
    class_problem p = problem(_i);
    conceptdec_class_moments *whole = class_moments(ctx, &p, flags);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        conceptdec_class_moments *m = class_moments_new(ctx, &p, flags);
        int64_t step = cuts[i] > 1 || p.n < 3000 ? cuts[i] : 7;
        for (int64_t row = 0; row < p.n; row += step) {
            class_add(ctx, m, &p, row, p.n - row < step ? p.n - row : step);
            if (row % 5 == 4) /* a question changes nothing */
                (void)class_get(m, CONCEPTDEC_M_MEAN);
        }
        expect_bits(whole, m, &p, flags);
        conceptdec_class_moments_free(m);
    }
    conceptdec_class_moments_free(whole);
    class_problem_free(&p);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    static const int threads[] = {1, 3, 5};
    const uint32_t flags = all_flags[_i % FLAGS];
    class_problem p = problem(_i);
    conceptdec_class_moments *first = class_moments(ctx, &p, flags);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        conceptdec_ctx *other = projection_ctx(threads[i]);
        conceptdec_class_moments *m = class_moments(other, &p, flags);
        conceptdec_ctx_free(other);
        expect_bits(first, m, &p, flags);
        conceptdec_class_moments_free(m);
    }
    conceptdec_class_moments_free(first);
    class_problem_free(&p);
}
END_TEST

/* Of three parts, the middle one first, and of nothing. */
START_TEST(parts_make_the_whole)
{
    const uint32_t flags = all_flags[_i % FLAGS];
    class_problem p = problem(_i);
    const int64_t cut[] = {0, p.n / 5, p.n * 4 / 5, p.n};
    conceptdec_class_moments *whole = class_moments(ctx, &p, flags), *part[3],
                             *empty = class_moments_new(ctx, &p, flags);
    for (int k = 0; k < 3; k++) {
        part[k] = class_moments_new(ctx, &p, flags);
        class_add(ctx, part[k], &p, cut[k], cut[k + 1] - cut[k]);
    }
    ck_assert_int_eq(conceptdec_class_moments_merge(ctx, empty, part[1]), CONCEPTDEC_OK);
    expect_bits(empty, part[1], &p, flags);
    ck_assert_int_eq(conceptdec_class_moments_merge(ctx, part[1], part[0]), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_merge(ctx, part[1], part[2]), CONCEPTDEC_OK);
    expect_close(whole, part[1], &p, flags);
    ck_assert_int_eq(conceptdec_class_moments_merge(ctx, whole, whole), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_merge(ctx, part[1], part[1]), CONCEPTDEC_OK);
    expect_close(whole, part[1], &p, flags);
    for (int k = 0; k < 3; k++)
        conceptdec_class_moments_free(part[k]);
    conceptdec_class_moments_free(empty);
    conceptdec_class_moments_free(whole);
    class_problem_free(&p);
}
END_TEST

/* Flags say what is kept, not what it is; and so do moments of all rows. */
START_TEST(all_flags_agree)
{
    class_problem p = problem(FLAGS * _i);
    conceptdec_class_moments *apart = class_moments(ctx, &p, 0), *pooled = class_moments(ctx, &p, POOLED);
    conceptdec_class_moments *means = class_moments(ctx, &p, MEANS), *variances = class_moments(ctx, &p, VARIANCES);
    expect_close(apart, variances, &p, VARIANCES);
    expect_close(apart, pooled, &p, POOLED);
    expect_close(pooled, means, &p, MEANS);
    int64_t kept = 0;
    for (int64_t i = 0; i < p.n; i++)
        if (p.labels[i] >= 0)
            memmove(p.x + kept++ * p.d, p.x + i * p.d, (size_t)p.d * sizeof *p.x);
    conceptdec_moments *all = projection_moments(ctx, p.x, kept, p.d);
    ck_assert_double_le(class_matrix_error(class_get(pooled, CONCEPTDEC_M_COVARIANCE),
                                           projection_moment(all, CONCEPTDEC_M_COVARIANCE), p.d),
                        1e-12);
    for (int64_t j = 0; j < p.d; j++)
        ck_assert_double_eq_tol(class_get(apart, CONCEPTDEC_M_MEAN)[j], projection_moment(all, CONCEPTDEC_M_MEAN)[j],
                                1e-12 + 3e-16 * fabs(shapes[_i].offset));
    conceptdec_moments_free(all);
    conceptdec_class_moments_free(apart);
    conceptdec_class_moments_free(pooled);
    conceptdec_class_moments_free(means);
    conceptdec_class_moments_free(variances);
    class_problem_free(&p);
}
END_TEST

/* Classes by other numbers have the same moments, to the bit. */
START_TEST(numbers_of_classes_do_not_matter)
{
    const uint32_t flags = all_flags[_i % FLAGS];
    class_problem p = problem(_i);
    conceptdec_class_moments *a = class_moments(ctx, &p, flags);
    for (int64_t i = 0; i < p.n; i++)
        p.labels[i] = p.labels[i] < 0 ? -1 : (p.labels[i] + 2) % p.classes;
    conceptdec_class_moments *b = class_moments(ctx, &p, flags);
    for (int64_t c = 0; c < p.classes; c++) {
        int64_t other = (c + 2) % p.classes;
        ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_MEANS) + c * p.d, class_get(b, CONCEPTDEC_M_MEANS) + other * p.d,
                         (size_t)p.d * 8);
        if (flags == 0)
            ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_SCATTER) + c * p.d * p.d,
                             class_get(b, CONCEPTDEC_M_SCATTER) + other * p.d * p.d, (size_t)(p.d * p.d) * 8);
    }
    if (flags == POOLED)
        ck_assert_mem_eq(class_get(a, CONCEPTDEC_M_WITHIN), class_get(b, CONCEPTDEC_M_WITHIN), (size_t)(p.d * p.d) * 8);
    conceptdec_class_moments_free(a);
    conceptdec_class_moments_free(b);
    class_problem_free(&p);
}
END_TEST

/* ---- views ---- */

typedef struct source {
    const float *rows;
    int64_t d;
} source;

static int32_t
deliver(void *user, int64_t first, int64_t count, void *out)
{
    const source *s = user;
    memcpy(out, s->rows + first * s->d, (size_t)(count * s->d) * sizeof *s->rows);
    return 0;
}

START_TEST(any_view_is_the_same)
{
    const uint32_t flags = all_flags[_i];
    class_problem p = class_problem_make(3000, 6, 4, 0);
    float *narrow = malloc((size_t)(p.n * p.d) * sizeof *narrow),
          *turned = malloc((size_t)(2 * p.n * p.d) * sizeof *turned);
    int32_t *short_labels = malloc((size_t)(3 * p.n) * sizeof *short_labels);
    for (int64_t i = 0; i < p.n * p.d; i++) {
        const volatile float value = (float)p.x[i]; /* gcc 12 forgets to round the last ones */
        p.x[i] = (double)value;
        narrow[i] = value;
        turned[2 * (i % p.d * p.n + p.n - 1 - i / p.d)] = value;
    }
    for (int64_t i = 0; i < p.n; i++)
        short_labels[3 * i] = (int32_t)p.labels[i];
    source s = {narrow, p.d};
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = &s};
    const conceptdec_matrix views[] = {
        projection_view_f32(narrow, p.n, p.d),
        {.data = turned + 2 * (p.n - 1),
         .rows = p.n,
         .cols = p.d,
         .row_stride = -8,
         .col_stride = 8 * p.n,
         .dtype = CONCEPTDEC_FLOAT32},
        {.data = &reader, .rows = p.n, .cols = p.d, .dtype = CONCEPTDEC_FLOAT32, .flags = CONCEPTDEC_MATRIX_READER},
    };
    const conceptdec_matrix labels = {
        .data = short_labels, .rows = p.n, .cols = 1, .row_stride = 12, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    conceptdec_class_moments *wide = class_moments(ctx, &p, flags);
    for (int v = 0; v < 3; v++) {
        conceptdec_class_moments *m = class_moments_new(ctx, &p, flags);
        ck_assert_int_eq(conceptdec_class_moments_add(ctx, m, &views[v], &labels), CONCEPTDEC_OK);
        expect_bits(wide, m, &p, flags);
        conceptdec_class_moments_free(m);
    }
    conceptdec_class_moments_free(wide);
    free(narrow);
    free(turned);
    free(short_labels);
    class_problem_free(&p);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("class_moments");
    TCase *tests = tcase_create("class moments");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, cuts_do_not_matter, 0, CASES);
    tcase_add_loop_test(tests, threads_do_not_matter, 0, CASES);
    tcase_add_loop_test(tests, parts_make_the_whole, 0, CASES);
    tcase_add_loop_test(tests, all_flags_agree, 0, SHAPES);
    tcase_add_loop_test(tests, numbers_of_classes_do_not_matter, 0, CASES);
    tcase_add_loop_test(tests, any_view_is_the_same, 0, FLAGS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
