/* Erasure: what must not matter does not, and curves are what their parts say. */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "eraser_problems.h"

#define LEACE CONCEPTDEC_ERASE_LEACE
#define PROJECTION CONCEPTDEC_ERASE_PROJECTION

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

static const struct {
    int64_t n, d, classes;
    double offset;
} shapes[] = {{200, 7, 4, 0}, {30, 45, 3, 2}, {900, 70, 6, 1e3}};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

static class_problem
problem(int i)
{
    return class_problem_make(shapes[i].n, shapes[i].d, shapes[i].classes, shapes[i].offset);
}

static double
largest_difference(const double *a, const double *b, int64_t count)
{
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(a[i] - b[i]));
    return largest;
}

/* x in, out: what is left of it, by an eraser of its own. */
static double *
erase_own(const class_problem *p, int32_t kind)
{
    conceptdec_eraser *e = eraser_new(ctx, p, kind, 0);
    conceptdec_result *r = erase(ctx, e, p);
    double *copy = malloc((size_t)(p->n * p->d) * sizeof *copy);
    memcpy(copy, erased_of(r), (size_t)(p->n * p->d) * sizeof *copy);
    conceptdec_result_free(r);
    conceptdec_eraser_free(e);
    return copy;
}

START_TEST(threads_do_not_matter)
{
    static const int threads[] = {1, 3, 5};
    class_problem p = problem(_i / 2);
    double *first = erase_own(&p, _i % 2);
    for (int t = 0; t < 3; t++) {
        conceptdec_ctx *before = ctx;
        ctx = projection_ctx(threads[t]);
        double *other = erase_own(&p, _i % 2);
        ck_assert_mem_eq(first, other, (size_t)(p.n * p.d) * sizeof *other);
        free(other);
        conceptdec_ctx_free(ctx);
        ctx = before;
    }
    free(first);
    class_problem_free(&p);
}
END_TEST

/* Moments of any flags that hold enough, of rows in batches. */
START_TEST(streams_are_the_same)
{
    const int32_t kind = _i % 2;
    class_problem p = problem(_i / 2);
    conceptdec_eraser *e = eraser_new(ctx, &p, kind, 0);
    for (uint32_t flags = 0; flags <= CONCEPTDEC_CLASS_MOMENTS_MEANS; flags++) {
        conceptdec_class_moments *m = class_moments_new(ctx, &p, flags);
        const conceptdec_eraser_options o = {.struct_size = sizeof o, .kind = kind};
        conceptdec_eraser *f = NULL;
        class_add(ctx, m, &p, 0, 17);
        class_add(ctx, m, &p, 17, p.n - 17);
        conceptdec_status status = conceptdec_eraser_from_class_moments(ctx, m, &o, &f);
        if (kind == LEACE && flags == CONCEPTDEC_CLASS_MOMENTS_MEANS) {
            ck_assert_int_eq(status, CONCEPTDEC_EINVAL);
            ck_assert_ptr_null(f);
        } else {
            ck_assert_int_eq(status, CONCEPTDEC_OK);
            ck_assert_int_eq(eraser_rank(e), eraser_rank(f));
            conceptdec_result *r = erase(ctx, e, &p), *s = erase(ctx, f, &p);
            ck_assert_double_le(largest_difference(erased_of(r), erased_of(s), p.n * p.d),
                                flags == (kind == LEACE ? CONCEPTDEC_CLASS_MOMENTS_POOLED : 2) ? 0 : 1e-9);
            conceptdec_result_free(r);
            conceptdec_result_free(s);
        }
        conceptdec_eraser_free(f);
        conceptdec_class_moments_free(m);
    }
    conceptdec_eraser_free(e);
    class_problem_free(&p);
}
END_TEST

/* Rows in another order, classes by other numbers, and rows that are all there twice. */
START_TEST(order_and_numbers_do_not_matter)
{
    class_problem p = problem(_i / 2);
    double *first = erase_own(&p, _i % 2);
    for (int64_t i = 0; i < p.n / 2; i++) {
        int64_t other = p.n - 1 - i, label = p.labels[i];
        p.labels[i] = p.labels[other];
        p.labels[other] = label;
        for (int64_t j = 0; j < p.d; j++) {
            double value = p.x[i * p.d + j];
            p.x[i * p.d + j] = p.x[other * p.d + j];
            p.x[other * p.d + j] = value;
        }
    }
    for (int64_t i = 0; i < p.n; i++)
        p.labels[i] = p.labels[i] < 0 ? -1 : p.classes - 1 - p.labels[i];
    double *second = erase_own(&p, _i % 2);
    for (int64_t i = 0; i < p.n; i++)
        ck_assert_double_le(largest_difference(first + i * p.d, second + (p.n - 1 - i) * p.d, p.d), 1e-9);
    free(first);
    free(second);
    class_problem_free(&p);
}
END_TEST

/* Turned rows are erased to the turned ones, on the rows themselves; LEACE's strengths also stay under any units. */
START_TEST(turns_and_units)
{
    const int32_t kind = _i % 2;
    class_problem p = problem(_i / 2), q = problem(_i / 2);
    double *turn = malloc((size_t)(p.d * p.d) * sizeof *turn), *first = erase_own(&p, kind);
    projection_orthonormal(turn, p.d, p.d, false);
    for (int64_t i = 0; i < p.n; i++)
        for (int64_t j = 0; j < p.d; j++) {
            q.x[i * p.d + j] = 0;
            for (int64_t k = 0; k < p.d; k++)
                q.x[i * p.d + j] += p.x[i * p.d + k] * turn[j * p.d + k];
        }
    double *second = erase_own(&q, kind);
    for (int64_t i = 0; i < p.n; i++)
        for (int64_t j = 0; j < p.d && p.labels[i] >= 0; j++) {
            double sum = 0;
            for (int64_t k = 0; k < p.d; k++)
                sum += first[i * p.d + k] * turn[j * p.d + k];
            ck_assert_double_eq_tol(second[i * p.d + j], sum, 1e-8);
        }
    if (kind == LEACE) {
        conceptdec_eraser *e = eraser_new(ctx, &p, LEACE, 0);
        for (int64_t i = 0; i < p.n * p.d; i++)
            p.x[i] = ldexp(p.x[i], (int)(i % p.d % 5) * 8 - 16);
        conceptdec_eraser *f = eraser_new(ctx, &p, LEACE, 0);
        ck_assert_int_eq(eraser_rank(e), eraser_rank(f));
        for (int64_t k = 0; k < eraser_rank(e); k++)
            ck_assert_double_eq_tol(eraser_get(e, CONCEPTDEC_E_STRENGTHS)[k] / eraser_get(f, CONCEPTDEC_E_STRENGTHS)[k],
                                    1, 1e-10);
        conceptdec_eraser_free(e);
        conceptdec_eraser_free(f);
    }
    free(turn);
    free(first);
    free(second);
    class_problem_free(&p);
    class_problem_free(&q);
}
END_TEST

/* Sizes near the ends of float64. */
START_TEST(sizes_do_not_matter)
{
    static const int exponents[] = {-490, 470};
    const int32_t kind = _i % 2;
    class_problem p = class_problem_make(200, 7, 4, 0);
    double *first = erase_own(&p, kind);
    for (int64_t i = 0; i < p.n * p.d; i++)
        p.x[i] = ldexp(p.x[i], exponents[_i / 2]);
    double *second = erase_own(&p, kind);
    for (int64_t i = 0; i < p.n * p.d; i++)
        ck_assert_double_eq_tol(ldexp(second[i], -exponents[_i / 2]), first[i], 1e-11);
    free(first);
    free(second);
    class_problem_free(&p);
}
END_TEST

/* What is erased leaves nothing to erase, and rows one by one are as rows together. */
START_TEST(once_is_enough)
{
    class_problem p = problem(_i / 2);
    conceptdec_eraser *e = eraser_new(ctx, &p, _i % 2, 0);
    conceptdec_result *r = erase(ctx, e, &p);
    for (int64_t i = 0; i < p.n; i += 7) {
        conceptdec_matrix row = class_rows(&p, i, 1);
        conceptdec_result *one;
        ck_assert_int_eq(conceptdec_eraser_apply(ctx, e, &row, &one), CONCEPTDEC_OK);
        ck_assert_mem_eq(erased_of(one), erased_of(r) + i * p.d, (size_t)p.d * 8);
        conceptdec_result_free(one);
    }
    memcpy(p.x, erased_of(r), (size_t)(p.n * p.d) * 8);
    conceptdec_result *again = erase(ctx, e, &p);
    ck_assert_double_le(largest_difference(erased_of(again), p.x, p.n * p.d), 1e-9);
    conceptdec_eraser *f = eraser_new(ctx, &p, LEACE, 0);
    ck_assert_int_eq(eraser_rank(f), 0);
    conceptdec_eraser_free(e);
    conceptdec_eraser_free(f);
    conceptdec_result_free(r);
    conceptdec_result_free(again);
    class_problem_free(&p);
}
END_TEST

/* Exact halves, which float16 holds. */
START_TEST(narrow_rows)
{
    class_problem p = class_problem_make(60, 5, 3, 0);
    uint16_t *half = malloc((size_t)(p.n * p.d) * sizeof *half);
    for (int64_t i = 0; i < p.n * p.d; i++) {
        int value = (int)(p.x[i] * 16) % 32; /* of 1 / 16 */
        int size = abs(value), exponent = 0;
        while (size >> (exponent + 1))
            exponent++;
        p.x[i] = value / 16.0;
        half[i] =
            value == 0 ? 0 : (uint16_t)((value < 0) << 15 | (exponent + 11) << 10 | (size << (10 - exponent) & 1023));
    }
    const conceptdec_matrix x = {
        .data = half, .rows = p.n, .cols = p.d, .row_stride = 2 * p.d, .col_stride = 2, .dtype = CONCEPTDEC_FLOAT16};
    const conceptdec_matrix labels = class_labels(&p, 0, p.n);
    conceptdec_eraser *e = eraser_new(ctx, &p, LEACE, 0), *f;
    ck_assert_int_eq(conceptdec_eraser_new(ctx, &x, &labels, NULL, &f), CONCEPTDEC_OK);
    conceptdec_result *r = erase(ctx, e, &p), *s;
    ck_assert_int_eq(conceptdec_eraser_apply(ctx, f, &x, &s), CONCEPTDEC_OK);
    ck_assert_mem_eq(erased_of(r), erased_of(s), (size_t)(p.n * p.d) * 8);
    conceptdec_result_free(r);
    conceptdec_result_free(s);
    conceptdec_eraser_free(e);
    conceptdec_eraser_free(f);
    free(half);
    class_problem_free(&p);
}
END_TEST

/* ---- curves ---- */

static conceptdec_array
array_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(result, name, &array), CONCEPTDEC_OK);
    return array;
}

static double
number_of(const conceptdec_result *result, const char *name, int64_t i)
{
    return ((const double *)array_of(result, name).data)[i];
}

/* Each point is what the public functions say of erased rows; at the end the probe knows no more than the largest
 * class. */
START_TEST(curve_of_its_parts)
{
    class_problem p = class_problem_make(300, 8, 5, 0);
    const conceptdec_matrix x = class_rows(&p, 0, p.n), labels = class_labels(&p, 0, p.n);
    const conceptdec_eraser_options eraser = {.struct_size = sizeof eraser, .kind = _i};
    const conceptdec_knn_options knn = {.struct_size = sizeof knn, .k = 5};
    const conceptdec_probe_options probe = {.struct_size = sizeof probe,
                                            .protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION};
    const conceptdec_erasure_options o = {.struct_size = sizeof o, .eraser = &eraser, .knn = &knn, .probe = &probe};
    conceptdec_result *curve, *decoded, *probed;
    ck_assert_msg(conceptdec_erasure_curve(ctx, &x, &labels, &o, &curve) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    ck_assert_int_eq(array_of(curve, CONCEPTDEC_R_DECODABILITY).shape[0], 4);
    ck_assert_int_eq(array_of(curve, CONCEPTDEC_R_STRENGTHS).shape[0], 3);
    for (int64_t k = 0; k <= 3; k++) {
        conceptdec_result *r = NULL;
        conceptdec_matrix left = x;
        if (k > 0) {
            conceptdec_eraser *e = eraser_new(ctx, &p, _i, k);
            r = erase(ctx, e, &p);
            left.data = erased_of(r);
            ck_assert(number_of(curve, CONCEPTDEC_R_STRENGTHS, k - 1) == eraser_get(e, CONCEPTDEC_E_STRENGTHS)[k - 1]);
            conceptdec_eraser_free(e);
        }
        ck_assert_int_eq(conceptdec_knn_decodability(ctx, &left, &labels, &knn, &decoded), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_probe(ctx, &left, &labels, &probe, &probed), CONCEPTDEC_OK);
        ck_assert(number_of(curve, CONCEPTDEC_R_DECODABILITY, k) == number_of(decoded, CONCEPTDEC_R_DECODABILITY, 0));
        ck_assert(number_of(curve, CONCEPTDEC_R_ACCURACY, k) == number_of(probed, CONCEPTDEC_R_ACCURACY, 0));
        ck_assert_int_eq(((const int64_t *)array_of(curve, CONCEPTDEC_R_N_REMOVED).data)[k], k);
        ck_assert(k > 0 ||
                  number_of(curve, CONCEPTDEC_R_CHANCE_NULL, 0) == number_of(decoded, CONCEPTDEC_R_CHANCE_NULL, 0));
        ck_assert(number_of(curve, CONCEPTDEC_R_CHANCE, 0) == number_of(probed, CONCEPTDEC_R_CHANCE, 0));
        conceptdec_result_free(decoded);
        conceptdec_result_free(probed);
        conceptdec_result_free(r);
    }
    ck_assert_double_gt(number_of(curve, CONCEPTDEC_R_DECODABILITY, 0),
                        number_of(curve, CONCEPTDEC_R_DECODABILITY, 3) + 0.1);
    ck_assert_double_gt(number_of(curve, CONCEPTDEC_R_ACCURACY, 0), number_of(curve, CONCEPTDEC_R_CHANCE, 0) + 0.2);
    if (_i == LEACE)
        ck_assert_double_eq_tol(number_of(curve, CONCEPTDEC_R_ACCURACY, 3), number_of(curve, CONCEPTDEC_R_CHANCE, 0),
                                1e-12);
    const char *json;
    ck_assert_int_eq(conceptdec_result_json(curve, &json), CONCEPTDEC_OK);
    ck_assert_ptr_nonnull(strstr(json, _i == LEACE ? "\"leace\"" : "\"projection\""));
    ck_assert_ptr_nonnull(strstr(json, "\"knn_k\":"));
    conceptdec_result_free(curve);
    class_problem_free(&p);
}
END_TEST

/* An eraser of one direction after the other, each fitted anew to what the one before left, gives the same curve. */
START_TEST(curve_of_refits)
{
    class_problem p = class_problem_make(300, 8, 5, 0);
    const conceptdec_matrix x = class_rows(&p, 0, p.n), labels = class_labels(&p, 0, p.n);
    const conceptdec_eraser_options eraser = {.struct_size = sizeof eraser, .kind = _i};
    const conceptdec_erasure_options o = {.struct_size = sizeof o, .eraser = &eraser};
    conceptdec_result *curve, *decoded, *probed;
    ck_assert_int_eq(conceptdec_erasure_curve(ctx, &x, &labels, &o, &curve), CONCEPTDEC_OK);
    for (int64_t k = 1; k <= 3; k++) {
        conceptdec_eraser *e = eraser_new(ctx, &p, _i, 1);
        conceptdec_result *r = erase(ctx, e, &p);
        const double strength = eraser_get(e, CONCEPTDEC_E_STRENGTHS)[0];
        memcpy(p.x, erased_of(r), (size_t)(p.n * p.d) * sizeof *p.x);
        ck_assert_double_eq_tol(number_of(curve, CONCEPTDEC_R_STRENGTHS, k - 1), strength, 1e-9 * strength);
        ck_assert_int_eq(conceptdec_knn_decodability(ctx, &x, &labels, NULL, &decoded), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_probe(ctx, &x, &labels, NULL, &probed), CONCEPTDEC_OK);
        ck_assert(number_of(curve, CONCEPTDEC_R_DECODABILITY, k) == number_of(decoded, CONCEPTDEC_R_DECODABILITY, 0));
        ck_assert(number_of(curve, CONCEPTDEC_R_ACCURACY, k) == number_of(probed, CONCEPTDEC_R_ACCURACY, 0));
        conceptdec_result_free(decoded);
        conceptdec_result_free(probed);
        conceptdec_result_free(r);
        conceptdec_eraser_free(e);
    }
    conceptdec_result_free(curve);
    class_problem_free(&p);
}
END_TEST

START_TEST(curve_that_ends_early)
{
    class_problem p = class_problem_make(100, 6, 5, 0);
    const conceptdec_matrix x = class_rows(&p, 0, p.n), labels = class_labels(&p, 0, p.n);
    const conceptdec_erasure_options o = {.struct_size = sizeof o, .most = 1};
    conceptdec_result *whole, *first;
    ck_assert_int_eq(conceptdec_erasure_curve(ctx, &x, &labels, NULL, &whole), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_erasure_curve(ctx, &x, &labels, &o, &first), CONCEPTDEC_OK);
    ck_assert_int_eq(array_of(first, CONCEPTDEC_R_ACCURACY).shape[0], 2);
    for (int64_t k = 0; k < 2; k++) {
        ck_assert(number_of(whole, CONCEPTDEC_R_ACCURACY, k) == number_of(first, CONCEPTDEC_R_ACCURACY, k));
        ck_assert(number_of(whole, CONCEPTDEC_R_DECODABILITY, k) == number_of(first, CONCEPTDEC_R_DECODABILITY, k));
    }
    conceptdec_result_free(whole);
    conceptdec_result_free(first);
    class_problem_free(&p);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("eraser");
    TCase *tests = tcase_create("eraser");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, threads_do_not_matter, 0, 2 * SHAPES);
    tcase_add_loop_test(tests, streams_are_the_same, 0, 2 * SHAPES);
    tcase_add_loop_test(tests, order_and_numbers_do_not_matter, 0, 2 * SHAPES);
    tcase_add_loop_test(tests, turns_and_units, 0, 2 * SHAPES);
    tcase_add_loop_test(tests, sizes_do_not_matter, 0, 4);
    tcase_add_loop_test(tests, once_is_enough, 0, 2 * SHAPES);
    tcase_add_test(tests, narrow_rows);
    tcase_add_loop_test(tests, curve_of_its_parts, 0, 2);
    tcase_add_loop_test(tests, curve_of_refits, 0, 2);
    tcase_add_test(tests, curve_that_ends_early);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
