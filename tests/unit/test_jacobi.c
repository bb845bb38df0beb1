/* Symmetric eigenproblems in plain C: two ways that know nothing of each other, and values that are known. */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "kernels/kernels.h"
#include "linalg/jacobi.h"
#include "linalg/leading.h"
#include "linalg/take_away.h"

enum { MOST = 100 };

static double matrix[MOST * MOST], copy[MOST * MOST], vectors[MOST * MOST], others[MOST * MOST], values[MOST],
    known[MOST];
static double scratch[16 * MOST];

static uint64_t state = 7;

static double
draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

/* kind 0: random; 1: of rank 3; 2: blocks that do not touch; 3: columns of very different sizes; 4: of few values, all
 * but the largest many times. */
static void
fill(int64_t n, int kind)
{
    double factors[3 * MOST];
    for (int64_t i = 0; i < 3 * n; i++)
        factors[i] = draw();
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double x = draw();
            if (kind == 1)
                x = factors[i] * factors[j] + factors[n + i] * factors[n + j] - factors[2 * n + i] * factors[2 * n + j];
            if (kind == 2)
                x = i / 3 == j / 3 ? x : 0;
            if (kind == 3)
                x = ldexp(x, (int)(-i - j));
            if (kind == 4)
                x = (i == j) + factors[i] * factors[j];
            matrix[i * n + j] = matrix[j * n + i] = x;
        }
}

/* 1 and -1, each many times: turned by reflections of random vectors. */
static void
fill_multiple(int64_t n)
{
    double v[MOST], image[MOST];
    memset(matrix, 0, sizeof matrix);
    for (int64_t i = 0; i < n; i++)
        matrix[i * n + i] = i % 2 == 0 ? 1 : -1;
    for (int64_t turn = 0; turn < n; turn++) {
        double square = 0, along = 0;
        for (int64_t i = 0; i < n; i++) {
            v[i] = draw();
            square += v[i] * v[i];
        }
        for (int64_t i = 0; i < n; i++) {
            image[i] = 0;
            for (int64_t j = 0; j < n; j++)
                image[i] += 2 / square * matrix[i * n + j] * v[j];
            along += image[i] * v[i] / square;
        }
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++)
                matrix[i * n + j] = matrix[j * n + i] =
                    matrix[i * n + j] - (image[i] * v[j] + v[i] * image[j]) + 2 * along * v[i] * v[j];
    }
}

static double
norm(int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n * n; i++)
        sum += matrix[i] * matrix[i];
    return sqrt(sum) + 1e-300;
}

static double
dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The `count` vectors of the largest values. */
static void
check_vectors(int64_t n, int64_t count, const double *rows)
{
    const double unit = norm(n);
    for (int64_t k = 0; k < count; k++) {
        const double *v = rows + k * n, value = values[n - count + k];
        for (int64_t l = 0; l <= k; l++)
            ck_assert_double_eq_tol(dot(v, rows + l * n, n), k == l, 1e-13);
        for (int64_t i = 0; i < n; i++)
            ck_assert_double_eq_tol(dot(matrix + i * n, v, n), value * v[i], 1e-13 * unit);
    }
}

static void
check_leading(int64_t n, int64_t count)
{
    ck_assert_int_le(conceptdec_i_leading_numbers(n), 16 * MOST);
    memcpy(copy, matrix, sizeof copy);
    ck_assert(conceptdec_i_leading(conceptdec_i_kernels_choose(0), n, count, copy, values, vectors, scratch));
    for (int64_t k = 1; k < n; k++)
        ck_assert(values[k] >= values[k - 1]);
    check_vectors(n, count, vectors);
}

START_TEST(both_agree)
{
    const int64_t sizes[] = {1, 2, 3, 5, 12, 33, MOST};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 5; kind++) {
            const int64_t n = sizes[i];
            fill(n, kind);
            memcpy(copy, matrix, sizeof copy);
            conceptdec_i_jacobi(n, copy, known, others);
            check_leading(n, n);
            for (int64_t k = 0; k < n; k++)
                ck_assert_double_eq_tol(values[k], known[k], 1e-13 * norm(n));
            check_leading(n, (n + 1) / 2);
            memcpy(values, known, sizeof values);
            check_vectors(n, n, others);
        }
}
END_TEST

/* 2 on the diagonal, -1 beside it: 2 - 2 cos(k pi / (n + 1)). */
START_TEST(known_values)
{
    const int64_t n = 40;
    memset(matrix, 0, sizeof matrix);
    for (int64_t i = 0; i < n; i++) {
        matrix[i * n + i] = 2;
        if (i + 1 < n)
            matrix[i * n + i + 1] = matrix[(i + 1) * n + i] = -1;
    }
    check_leading(n, n);
    for (int64_t k = 0; k < n; k++)
        ck_assert_double_eq_tol(values[k], 2 - 2 * cos((double)(k + 1) * acos(-1) / (double)(n + 1)), 1e-14);
}
END_TEST

START_TEST(multiple_values)
{
    for (int64_t n = 88; n <= MOST; n++) {
        fill_multiple(n);
        check_leading(n, n / 3);
        for (int64_t k = 0; k < n; k++)
            ck_assert_double_eq_tol(values[k], k < n / 2 ? -1 : 1, 1e-12);
    }
}
END_TEST

START_TEST(zeros)
{
    memset(matrix, 0, sizeof matrix);
    check_leading(4, 3);
    for (int64_t k = 0; k < 4; k++)
        ck_assert(values[k] == 0);
}
END_TEST

/* Magnitudes whose squares are beyond the range of numbers. */
START_TEST(any_scale)
{
    const int64_t n = 33;
    static const int scales[] = {-1070, -1020, -600, 600, 1020};
    double kept[33];
    for (int kind = 0; kind < 3; kind++) {
        fill(n, kind);
        check_leading(n, n);
        memcpy(kept, values, sizeof kept);
        for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
            for (int64_t k = 0; k < n * n; k++)
                copy[k] = ldexp(matrix[k], scales[i]);
            ck_assert(conceptdec_i_leading(conceptdec_i_kernels_choose(0), n, n, copy, values, vectors, scratch));
            for (int64_t k = 0; k < n && scales[i] > -1000; k++)
                ck_assert_double_eq(values[k], ldexp(kept[k], scales[i]));
            for (int64_t k = 0; k < n; k++)
                for (int64_t l = 0; l <= k; l++)
                    ck_assert_double_eq_tol(dot(vectors + k * n, vectors + l * n, n), k == l, 1e-13);
        }
    }
}
END_TEST

/* Also of sizes that are no multiple of a vector. */
START_TEST(all_sets_agree)
{
    const int64_t sizes[] = {1, 2, 7, 8, 31, 64, 97};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int64_t n = sizes[i];
        fill(n, 4);
        check_leading(n, n);
        memcpy(known, values, sizeof known);
        memcpy(others, vectors, sizeof others);
        for (uint32_t bit = 1; bit < 8; bit *= 2) {
            memcpy(copy, matrix, sizeof copy);
            memset(vectors, 0, sizeof vectors);
            ck_assert(conceptdec_i_leading(conceptdec_i_kernels_choose(bit), n, n, copy, values, vectors, scratch));
            ck_assert_mem_eq(values, known, (size_t)n * sizeof *values);
            ck_assert_mem_eq(vectors, others, (size_t)(n * n) * sizeof *vectors);
        }
    }
}
END_TEST

/* What lies along rows is what is found there, and the square of the rest is returned. */
START_TEST(rows_are_taken_away)
{
    const int64_t n = 33;
    double x[33], before[33], along[3 * 33];
    fill(n, 0);
    check_leading(n, n);
    for (int64_t count = 0; count <= n; count++) {
        for (int64_t i = 0; i < n; i++)
            before[i] = x[i] = draw();
        const double square = conceptdec_i_take_away(conceptdec_i_kernels_choose(0), n, count, vectors, x, along, 3);
        ck_assert_double_eq_tol(square, dot(x, x, n), 1e-13);
        for (int64_t k = 0; k < count; k++) {
            ck_assert_double_eq_tol(along[3 * k], dot(before, vectors + k * n, n), 1e-13);
            ck_assert_double_eq_tol(dot(x, vectors + k * n, n), 0, 1e-13);
        }
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("jacobi");
    TCase *tests = tcase_create("jacobi");
    tcase_add_test(tests, both_agree);
    tcase_add_test(tests, known_values);
    tcase_add_test(tests, multiple_values);
    tcase_add_test(tests, zeros);
    tcase_add_test(tests, any_scale);
    tcase_add_test(tests, all_sets_agree);
    tcase_add_test(tests, rows_are_taken_away);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
