/* Means of classes, against sums in the plainest way. */
#define _GNU_SOURCE

#include <math.h>

#include "check_main.h"
#include "core/core.h"
#include "projection_problems.h"
#include "stats/class_means.h"

enum { N = 700, D = 37, CLASSES = 130 }; /* more classes than a pass has columns, and than have samples */

static double x[N * D], means[CLASSES * D], again[CLASSES * D], sums[CLASSES * D];
static int32_t labels[N], row[N];
static int64_t count[CLASSES], counted[CLASSES];

static void
fill(double offset)
{
    projection_state = 11;
    for (int i = 0; i < N; i++) {
        labels[i] = i % 9 == 8 ? -1 : i * 31 % (CLASSES - 5);
        row[i] = (int32_t)((int64_t)i * 13 % N / 2); /* each second row, twice */
        for (int j = 0; j < D; j++)
            x[i * D + j] = projection_uniform() + offset;
    }
}

static void
add_plainly(bool by_row, double offset)
{
    memset(sums, 0, sizeof sums);
    memset(counted, 0, sizeof counted);
    for (int i = 0; i < N; i++)
        if (labels[i] >= 0) {
            counted[labels[i]]++;
            for (int j = 0; j < D; j++)
                sums[labels[i] * D + j] += x[(by_row ? row[i] : i) * D + j] - offset;
        }
}

static void
compare(double within)
{
    for (int c = 0; c < CLASSES; c++) {
        ck_assert_int_eq(count[c], counted[c]);
        for (int j = 0; j < D; j++) {
            const double got = means[c * D + j], wanted = sums[c * D + j] / (double)counted[c];
            ck_assert_msg(counted[c] == 0 ? isnan(got) : fabs(got - wanted) <= within,
                          "class %d, column %d: %g, not %g", c, j, got, wanted);
        }
    }
}

START_TEST(all_rows)
{
    conceptdec_ctx *ctx = projection_ctx(1 + _i);
    const conceptdec_matrix view = projection_view(x, N, D);
    conceptdec_i_arena arena;
    fill(0);
    add_plainly(false, 0);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_class_means(&arena, &view, labels, CLASSES, means, count), CONCEPTDEC_OK);
    compare(1e-14);
    ck_assert_int_eq(conceptdec_i_class_means_about(&arena, &view, NULL, N, labels, CLASSES, NULL, again, count),
                     CONCEPTDEC_OK);
    ck_assert(memcmp(means, again, sizeof means) == 0);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Some rows twice, and an offset that is taken away before anything is added. */
START_TEST(listed_rows)
{
    conceptdec_ctx *ctx = projection_ctx(1 + _i);
    const conceptdec_matrix view = projection_view(x, N, D);
    double center[D];
    conceptdec_i_arena arena;
    fill(1048576);
    for (int j = 0; j < D; j++)
        center[j] = 1048576;
    add_plainly(true, 1048576);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_class_means_about(&arena, &view, row, N, labels, CLASSES, center, means, count),
                     CONCEPTDEC_OK);
    compare(1e-14);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Rows that begin and end as if they lay one after the other, and do not. */
START_TEST(almost_together)
{
    conceptdec_ctx *ctx = projection_ctx(2);
    const conceptdec_matrix view = projection_view(x, N, D);
    conceptdec_i_arena arena;
    fill(0);
    for (int i = 0; i < N; i++)
        row[i] = i % 4 == 1 ? i - 1 : i;
    add_plainly(true, 0);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_class_means_about(&arena, &view, row, N, labels, CLASSES, NULL, means, count),
                     CONCEPTDEC_OK);
    compare(1e-14);
    conceptdec_i_arena_close(&arena);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("class_means");
    TCase *tests = tcase_create("class_means");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, all_rows, 0, 3);
    tcase_add_loop_test(tests, listed_rows, 0, 3);
    tcase_add_test(tests, almost_together);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
