/* Eigenvectors in either type against what defines them, and against what LAPACK finds at once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "linalg/factor.h"
#include "linalg/spectrum.h"

enum { MOST = 270 };

static conceptdec_ctx *ctx;
static double matrix[MOST * MOST], doubles[MOST * MOST], known[MOST], values[MOST];
static float floats[MOST * MOST];

static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* Symmetric; kind 1: of rank 2 beside the unit matrix, so that all values but two are one; kind 2: nothing. */
static void
fill(int64_t n, int kind)
{
    uint64_t state = 3;
    double factor[2 * MOST];
    for (int64_t i = 0; i < n * n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        doubles[i] = (double)(state >> 11) * 0x1p-53 - 0.5;
        factor[i % (2 * n)] = doubles[i];
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            const double outer = factor[i] * factor[j] + 3 * factor[n + i] * factor[n + j] + (i == j);
            matrix[i * n + j] = kind == 0 ? doubles[i * n + j] + doubles[j * n + i] : kind == 1 ? outer : 0;
        }
    for (int64_t i = 0; i < n * n; i++) {
        matrix[i] = (double)(float)matrix[i];
        floats[i] = (float)matrix[i];
    }
    memcpy(doubles, matrix, sizeof doubles);
    ck_assert_int_eq(conceptdec_i_eigen(ctx, n, doubles, n, known), CONCEPTDEC_OK);
    memcpy(doubles, matrix, sizeof doubles);
}

static double
element(const void *vectors, bool is_wide, int64_t i)
{
    return is_wide ? ((const double *)vectors)[i] : (double)((const float *)vectors)[i];
}

static void
expect_vectors(int64_t n, int64_t count, const void *vectors, bool is_wide, double unit, double bound)
{
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++) {
            double product = 0;
            for (int64_t j = 0; j < n; j++)
                product += matrix[i * n + j] * element(vectors, is_wide, k * n + j);
            ck_assert_double_le(fabs(product - values[k] * element(vectors, is_wide, k * n + i)), bound * unit);
        }
    for (int64_t k = 0; k < count; k++)
        for (int64_t l = 0; l <= k; l++) {
            double product = 0;
            for (int64_t i = 0; i < n; i++)
                product += element(vectors, is_wide, k * n + i) * element(vectors, is_wide, l * n + i);
            ck_assert_double_le(fabs(product - (k == l)), bound);
        }
}

/* More than two blocks of reflections, one and a bit, one, none. */
static const int64_t sizes[] = {270, 130, 129, 128, 5, 2, 1};

START_TEST(vectors_are_those)
{
    const int64_t n = sizes[_i / 3], counts[] = {n, (n + 1) / 2, 1};
    const int kind = _i % 3;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int is_wide = 0; is_wide < 2; is_wide++) {
            const int64_t count = counts[c];
            const double bound = (is_wide ? 0x1p-52 : 0x1p-24) * sqrt((double)n) * 4;
            conceptdec_i_arena arena;
            void *vectors, *a = is_wide ? (void *)doubles : (void *)floats;
            fill(n, kind);
            const double unit = fmax(fmax(known[n - 1], -known[0]), 1e-300);
            conceptdec_i_arena_open(&arena, ctx);
            ck_assert_int_eq(conceptdec_i_spectrum(&arena, n, is_wide, a, count, values, &vectors), CONCEPTDEC_OK);
            for (int64_t k = 0; k < n; k++)
                ck_assert_double_le(fabs(values[k] - known[n - 1 - k]), bound * unit);
            expect_vectors(n, count, vectors, is_wide, unit, bound);
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j < i; j++)
                    ck_assert(element(a, is_wide, i * n + j) == matrix[i * n + j]);
            conceptdec_i_arena_close(&arena);
        }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("spectrum");
    TCase *tests = tcase_create("spectrum");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, vectors_are_those, 0, 3 * (int)(sizeof sizes / sizeof *sizes));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
