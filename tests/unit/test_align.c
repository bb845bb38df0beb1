/* Alignment by what is known of the answer: the turn, size and shift that made one matrix of the other. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "core/core.h"

enum { MOST = 40000 };

static uint64_t state;
static double z[MOST], reference[MOST], turn[MOST];
static conceptdec_ctx *ctx;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static conceptdec_ctx *
open_context(int threads)
{
    conceptdec_ctx *made;
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &made), CONCEPTDEC_OK);
    return made;
}

static void
setup(void)
{
    ctx = open_context(2);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static conceptdec_matrix
view_of(const double *data, int64_t n, int64_t r)
{
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = r, .row_stride = 8 * r, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

/* A product of reflections: an odd number of them is one, too. */
static void
make_turn(int64_t r, int reflections)
{
    double *u = calloc((size_t)r, sizeof *u);
    for (int64_t i = 0; i < r * r; i++)
        turn[i] = i / r == i % r;
    for (int k = 0; k < reflections; k++) {
        double square = 0;
        for (int64_t i = 0; i < r; i++) {
            u[i] = uniform();
            square += u[i] * u[i];
        }
        for (int64_t i = 0; i < r; i++) {
            double along = 0;
            for (int64_t j = 0; j < r; j++)
                along += turn[i * r + j] * u[j];
            for (int64_t j = 0; j < r; j++)
                turn[i * r + j] -= 2 * along / square * u[j];
        }
    }
    free(u);
}

/* reference = size ((z - 3) turn + column's number), and noise. */
static void
make(int64_t n, int64_t r, int reflections, double size, double noise)
{
    ck_assert_int_le(n * r, MOST);
    ck_assert_int_le(r * r, MOST);
    state = (uint64_t)(n + r);
    make_turn(r, reflections);
    for (int64_t i = 0; i < n * r; i++)
        z[i] = uniform() / (double)(1 + i % r) + 3;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < r; j++) {
            double sum = noise * uniform() + size * (double)j;
            for (int64_t k = 0; k < r; k++)
                sum += size * (z[i * r + k] - 3) * turn[k * r + j];
            reference[i * r + j] = sum;
        }
}

static const double *
array_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(result, name, &array), CONCEPTDEC_OK);
    return array.data;
}

static double
scalar(const conceptdec_result *result, const char *name)
{
    double value;
    ck_assert_int_eq(conceptdec_result_scalar(result, name, &value), CONCEPTDEC_OK);
    return value;
}

static conceptdec_result *
align(const conceptdec_matrix *a, const conceptdec_matrix *b, uint32_t flags)
{
    conceptdec_result *result = NULL;
    ck_assert_msg(conceptdec_align(ctx, a, b, flags, &result) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return result;
}

static conceptdec_result *
align_made(int64_t n, int64_t r, uint32_t flags)
{
    conceptdec_matrix a = view_of(z, n, r), b = view_of(reference, n, r);
    return align(&a, &b, flags);
}

typedef struct {
    int64_t n, r;
    int reflections;
    double size;
} scene;

static const scene scenes[] = {{5, 1, 1, 1},        {40, 2, 2, 1},     {40, 2, 3, 2},
                               {60, 7, 4, 0.25},    {300, 64, 3, 1},   {400, 70, 2, 3},
                               {300, 130, 1, 1e-3}, {50, 3, 2, 1e200}, {50, 3, 1, 1e-200}};
#define SCENES ((int)(sizeof scenes / sizeof *scenes))

START_TEST(a_turn_is_recovered)
{
    const scene *s = &scenes[_i];
    make(s->n, s->r, s->reflections, s->size, 0);
    conceptdec_result *result = align_made(s->n, s->r, CONCEPTDEC_ALIGN_SCALE);
    const double *rotation = array_of(result, CONCEPTDEC_R_ROTATION),
                 *moved = array_of(result, CONCEPTDEC_R_TRANSFORMED);
    ck_assert_double_eq_tol(scalar(result, CONCEPTDEC_R_SCALE) / s->size, 1, 1e-9);
    ck_assert_double_le(scalar(result, CONCEPTDEC_R_DISPARITY), 1e-18);
    for (int64_t i = 0; i < s->r * s->r; i++)
        ck_assert_double_eq_tol(rotation[i], turn[i], 1e-8);
    for (int64_t i = 0; i < s->n * s->r; i++)
        ck_assert_double_eq_tol(moved[i], reference[i], 1e-9 * s->size * (double)s->r);
    conceptdec_result_free(result);
}
END_TEST

/* Definition: what is left, of what there was. */
static double
left_of(const double *moved, int64_t n, int64_t r)
{
    double left = 0, all = 0;
    for (int64_t j = 0; j < r; j++) {
        double mean = 0;
        for (int64_t i = 0; i < n; i++)
            mean += reference[i * r + j] / (double)n;
        for (int64_t i = 0; i < n; i++) {
            left += pow(moved[i * r + j] - reference[i * r + j], 2);
            all += pow(reference[i * r + j] - mean, 2);
        }
    }
    return left / all;
}

static void
spin(const double *moved, int64_t n, int64_t r, int64_t first, double *out)
{
    const int64_t second = (first + 1) % r;
    double means[2] = {0, 0};
    memcpy(out, moved, (size_t)(n * r) * sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        means[0] += moved[i * r + first] / (double)n;
        means[1] += moved[i * r + second] / (double)n;
    }
    for (int64_t i = 0; i < n; i++) {
        double a = moved[i * r + first] - means[0], b = moved[i * r + second] - means[1];
        out[i * r + first] = means[0] + cos(0.01) * a - sin(0.01) * b;
        out[i * r + second] = means[1] + sin(0.01) * a + cos(0.01) * b;
    }
}

START_TEST(what_is_left_is_as_defined_and_least)
{
    enum { N = 50, R = 3 };
    make(N, R, 2, 1.7, 0.6);
    for (uint32_t flags = 0; flags <= CONCEPTDEC_ALIGN_SCALE; flags++) {
        conceptdec_result *result = align_made(N, R, flags);
        const double *moved = array_of(result, CONCEPTDEC_R_TRANSFORMED);
        double best = scalar(result, CONCEPTDEC_R_DISPARITY), other[N * R];
        ck_assert_double_eq_tol(best, left_of(moved, N, R), 1e-13);
        ck_assert_double_gt(best, 0.01);
        if (!flags)
            ck_assert(scalar(result, CONCEPTDEC_R_SCALE) == 1);
        for (int k = 0; k < R; k++) { /* turned a little further about its mean, it is worse */
            spin(moved, N, R, k, other);
            ck_assert_double_gt(left_of(other, N, R), best);
        }
        conceptdec_result_free(result);
    }
}
END_TEST

START_TEST(what_is_not_defined_is_not_a_number)
{
    enum { N = 20, R = 2 };
    make(N, R, 1, 1, 0.1);
    for (int i = 0; i < N * R; i++)
        reference[i] = 5;
    conceptdec_result *result = align_made(N, R, CONCEPTDEC_ALIGN_SCALE);
    ck_assert(isnan(scalar(result, CONCEPTDEC_R_DISPARITY)));
    ck_assert(scalar(result, CONCEPTDEC_R_SCALE) == 0);
    for (int i = 0; i < N * R; i++)
        ck_assert(array_of(result, CONCEPTDEC_R_TRANSFORMED)[i] == 5);
    conceptdec_result_free(result);
    make(N, R, 1, 1, 0.1);
    for (int i = 0; i < N * R; i++)
        z[i] = 5;
    result = align_made(N, R, CONCEPTDEC_ALIGN_SCALE);
    ck_assert(isnan(scalar(result, CONCEPTDEC_R_SCALE)));
    ck_assert_double_eq_tol(scalar(result, CONCEPTDEC_R_DISPARITY), 1, 1e-14);
    conceptdec_result_free(result);
}
END_TEST

static int32_t
deliver(void *user, int64_t first, int64_t count, void *out)
{
    const float *rows = user;
    memcpy(out, rows + first * 5, (size_t)(count * 5) * sizeof *rows);
    return 0;
}

START_TEST(any_view_gives_the_same)
{
    enum { N = 70, R = 5 };
    static float narrow[N * R], spread[3 * N * R];
    make(N, R, 3, 1, 0.2);
    for (int i = 0; i < N * R; i++) {
        const volatile float a = (float)z[i], b = (float)reference[i]; /* gcc 12 forgets to round the last ones */
        narrow[i] = a;
        z[i] = (double)a;
        spread[3 * i] = b;
        reference[i] = (double)b;
    }
    conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = narrow};
    conceptdec_matrix read = {
        .data = &reader, .rows = N, .cols = R, .dtype = CONCEPTDEC_FLOAT32, .flags = CONCEPTDEC_MATRIX_READER};
    conceptdec_matrix strided = {
        .data = spread, .rows = N, .cols = R, .row_stride = 12 * R, .col_stride = 12, .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_result *first = align_made(N, R, 0), *second = align(&read, &strided, 0);
    ck_assert_mem_eq(array_of(first, CONCEPTDEC_R_TRANSFORMED), array_of(second, CONCEPTDEC_R_TRANSFORMED),
                     N * R * sizeof(double));
    conceptdec_result_free(first);
    conceptdec_result_free(second);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const int threads[] = {1, 3, 16};
    enum { N = 500, R = 70 };
    make(N, R, 3, 1, 0.2);
    conceptdec_result *first = align_made(N, R, CONCEPTDEC_ALIGN_SCALE);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        conceptdec_ctx *before = ctx;
        ctx = open_context(threads[i]);
        conceptdec_result *other = align_made(N, R, CONCEPTDEC_ALIGN_SCALE);
        ck_assert_mem_eq(array_of(first, CONCEPTDEC_R_TRANSFORMED), array_of(other, CONCEPTDEC_R_TRANSFORMED),
                         N * R * sizeof(double));
        ck_assert(scalar(first, CONCEPTDEC_R_DISPARITY) == scalar(other, CONCEPTDEC_R_DISPARITY));
        conceptdec_result_free(other);
        conceptdec_ctx_free(ctx);
        ctx = before;
    }
    conceptdec_result_free(first);
}
END_TEST

static conceptdec_status
work(conceptdec_ctx *from, void *argument, void **output)
{
    conceptdec_matrix a = view_of(z, 30, 4), b = view_of(reference, 30, 4);
    conceptdec_result *result = *output;
    (void)argument;
    conceptdec_status status = conceptdec_align(from, &a, &b, CONCEPTDEC_ALIGN_SCALE, &result);
    *output = result;
    return status;
}

static void
release(void *output)
{
    conceptdec_result_free(output);
}

START_TEST(every_allocation_may_fail)
{
    make(30, 4, 3, 1, 0.2);
    ck_assert_int_gt(torture(1 + _i, work, NULL, release), 15);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("align");
    TCase *tests = tcase_create("align");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_turn_is_recovered, 0, SCENES);
    tcase_add_test(tests, what_is_left_is_as_defined_and_least);
    tcase_add_test(tests, what_is_not_defined_is_not_a_number);
    tcase_add_test(tests, any_view_gives_the_same);
    tcase_add_test(tests, any_number_of_threads_gives_the_same_bits);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
