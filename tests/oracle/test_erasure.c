/* Erasers against values of their authors' formula in numpy (generate_erasure.py). */
#define _POSIX_C_SOURCE 200809L

#include "check_main.h"
#include "class_problems.h"
#include "erasure.h"

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

static conceptdec_array
get(const conceptdec_eraser *eraser, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_eraser_get(eraser, name, &array), CONCEPTDEC_OK);
    return array;
}

/* The matrix that takes out of a row, less the mean, what is removed; relative to the sizes of dimensions. */
static double
difference(const erasure_case *c, const conceptdec_eraser *eraser, const double *wanted)
{
    const double *read = get(eraser, CONCEPTDEC_E_READ).data, *removed = get(eraser, CONCEPTDEC_E_REMOVED).data;
    const int64_t rank = *(const int64_t *)get(eraser, CONCEPTDEC_E_RANK).data;
    double largest = 0, size = 0;
    for (int64_t i = 0; i < c->d; i++)
        for (int64_t j = 0; j < c->d; j++) {
            double sum = 0;
            for (int64_t k = 0; k < rank; k++)
                sum += removed[k * c->d + i] * read[k * c->d + j];
            largest = fmax(largest, fabs(sum - wanted[i * c->d + j]));
            size = fmax(size, fabs(wanted[i * c->d + j]));
        }
    return largest / size;
}

START_TEST(as_the_formula)
{
    const erasure_case *c = &erasure_cases[_i / 2];
    const int kind = _i % 2;
    const class_problem p = {.n = c->n,
                             .d = c->d,
                             .classes = c->classes,
                             .x = (double *)(uintptr_t)c->x,
                             .labels = (int64_t *)(uintptr_t)c->labels};
    const conceptdec_matrix x = class_rows(&p, 0, c->n), labels = class_labels(&p, 0, c->n);
    const conceptdec_eraser_options o = {.struct_size = sizeof o, .kind = kind};
    conceptdec_eraser *eraser;
    ck_assert_msg(conceptdec_eraser_new(ctx, &x, &labels, &o, &eraser) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    ck_assert_int_eq(*(const int64_t *)get(eraser, CONCEPTDEC_E_RANK).data, c->rank[kind]);
    ck_assert_int_eq(*(const int64_t *)get(eraser, CONCEPTDEC_E_KIND).data, kind);
    for (int64_t k = 0; k < c->rank[kind]; k++)
        ck_assert_double_eq_tol(((const double *)get(eraser, CONCEPTDEC_E_STRENGTHS).data)[k] / c->strengths[kind][k],
                                1, 1e-9);
    ck_assert_double_le(difference(c, eraser, c->removed[kind]), 1e-9);
    conceptdec_eraser_free(eraser);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("erasure");
    TCase *tests = tcase_create("erasure");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, as_the_formula, 0, 2 * (int)(sizeof erasure_cases / sizeof *erasure_cases));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
