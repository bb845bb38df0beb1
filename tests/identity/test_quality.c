/* What embedding quality does not depend on: the order of rows, turns of the picture, threads, tiles, the layout of the
 * input. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { N = 700, D = 24, KS = 3 };

typedef enum { PLAIN, TIED, CLUSTERS, KINDS } kind;

static const int64_t ks[KS] = {15, 3, 120};
static float x[N * D], e[N * 2];
static uint64_t state;

static double
noise(void)
{
    double sum = -2;
    for (int i = 0; i < 4; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(state >> 11) * 0x1p-53;
    }
    return sum;
}

static void
fill(kind data)
{
    state = 11 + (uint64_t)data;
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < D; j++)
            x[i * D + j] = (float)(data == TIED       ? (j < 4 ? rint(noise()) : 0)
                                   : data == CLUSTERS ? (double)(i % 3) + 1e-5 * noise()
                                                      : noise());
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < 2; j++)
            e[i * 2 + j] = (float)(data == TIED ? rint(4 * noise()) : (double)x[i * D + j] + 0.2 * noise());
}

typedef struct scores {
    double all[4][KS];
} scores;

static scores
measure(const conceptdec_matrix *mx, const conceptdec_matrix *me, int32_t metric, int32_t threads, uint32_t kernels,
        int64_t memory)
{
    static const char *const names[] = {CONCEPTDEC_R_TRUSTWORTHINESS, CONCEPTDEC_R_CONTINUITY,
                                        CONCEPTDEC_R_KNN_PRESERVATION, CONCEPTDEC_R_R_NX};
    const conceptdec_ctx_options wishes = {.struct_size = sizeof wishes, .threads = threads, .kernel_mask = kernels};
    const conceptdec_quality_options o = {
        .struct_size = sizeof o, .ks = ks, .n_ks = KS, .metric = metric, .memory = memory};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *r = NULL;
    scores s;
    ck_assert_int_eq(conceptdec_ctx_new(&wishes, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_embedding_quality(ctx, mx, me, &o, &r) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    for (int i = 0; i < 4; i++) {
        conceptdec_array array;
        ck_assert_int_eq(conceptdec_result_get(r, names[i], &array), CONCEPTDEC_OK);
        memcpy(s.all[i], array.data, sizeof s.all[i]);
    }
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
    return s;
}

static conceptdec_matrix
view(const float *values, int64_t d)
{
    return (conceptdec_matrix){
        .data = values, .rows = N, .cols = d, .row_stride = 4 * d, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
}

static void
expect_same(scores a, scores b)
{
    ck_assert_mem_eq(&a, &b, sizeof a);
}

START_TEST(threads_and_kernels_change_nothing)
{
    static const int32_t threads[] = {2, 3, 5, 16};
    const conceptdec_matrix mx = view(x, D), me = view(e, 2);
    int32_t metric = _i / KINDS;
    fill((kind)(_i % KINDS));
    scores wanted = measure(&mx, &me, metric, 1, 0, 0);
    for (int t = 0; t < 4; t++)
        expect_same(wanted, measure(&mx, &me, metric, threads[t], 0, 0));
    expect_same(wanted, measure(&mx, &me, metric, 2, CONCEPTDEC_KERNEL_PORTABLE, 0));
    expect_same(wanted, measure(&mx, &me, metric, 2, 0, 1500000));
}
END_TEST

START_TEST(order_of_rows_changes_nothing)
{
    static float other_x[N * D], other_e[N * 2];
    const conceptdec_matrix mx = view(x, D), me = view(e, 2), ox = view(other_x, D), oe = view(other_e, 2);
    fill((kind)_i);
    for (int64_t i = 0; i < N; i++) {
        int64_t to = i * 457 % N; /* coprime */
        memcpy(other_x + to * D, x + i * D, D * sizeof *x);
        memcpy(other_e + to * 2, e + i * 2, 2 * sizeof *e);
    }
    expect_same(measure(&mx, &me, 0, 2, 0, 0), measure(&ox, &oe, 0, 2, 0, 0));
}
END_TEST

/* A quarter turn, a reflection and twice the size are exact. */
START_TEST(turns_change_nothing)
{
    static float turned[N * 2];
    const conceptdec_matrix mx = view(x, D), me = view(e, 2), mt = view(turned, 2);
    fill((kind)_i);
    for (int64_t i = 0; i < N; i++) {
        turned[2 * i] = -2 * e[2 * i + 1];
        turned[2 * i + 1] = 2 * e[2 * i];
    }
    expect_same(measure(&mx, &me, 0, 2, 0, 0), measure(&mx, &mt, 0, 2, 0, 0));
}
END_TEST

/* Swapping the spaces swaps trustworthiness and continuity. */
START_TEST(spaces_are_alike)
{
    const conceptdec_matrix mx = view(x, D), me = view(e, 2);
    fill((kind)_i);
    scores a = measure(&mx, &me, 0, 2, 0, 0), b = measure(&me, &mx, 0, 2, 0, 0);
    ck_assert_mem_eq(a.all[0], b.all[1], sizeof a.all[0]);
    ck_assert_mem_eq(a.all[1], b.all[0], sizeof a.all[0]);
    ck_assert_mem_eq(a.all[2], b.all[2], sizeof a.all[0]);
}
END_TEST

START_TEST(a_space_is_itself)
{
    const conceptdec_matrix mx = view(x, D);
    fill((kind)_i);
    scores s = measure(&mx, &mx, 0, 2, 0, 0);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < KS; k++)
            ck_assert_msg(s.all[i][k] >= 1 && s.all[i][k] <= 1, "score %d: %.17g", i, s.all[i][k]);
}
END_TEST

static int32_t
deliver(void *user, int64_t first, int64_t count, void *rows)
{
    memcpy(rows, (const float *)user + first * D, (size_t)(count * D) * sizeof(float));
    return 0;
}

/* Columns before rows, doubles, magnitudes near the end of double, and rows from a reader. */
START_TEST(layout_changes_nothing)
{
    static double wide[N * D], large[N * D];
    const conceptdec_matrix mx = view(x, D), me = view(e, 2);
    const conceptdec_reader reader = {.struct_size = sizeof reader, .read = deliver, .user = x};
    fill((kind)_i);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < D; j++) {
            wide[j * N + i] = (double)x[i * D + j];
            large[i * D + j] = (double)x[i * D + j] * 0x1p900;
        }
    const conceptdec_matrix columns = {
        .data = wide, .rows = N, .cols = D, .row_stride = 8, .col_stride = 8 * N, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix far = {
        .data = large, .rows = N, .cols = D, .row_stride = 8 * D, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    const conceptdec_matrix read = {
        .data = &reader, .rows = N, .cols = D, .dtype = CONCEPTDEC_FLOAT32, .flags = CONCEPTDEC_MATRIX_READER};
    scores wanted = measure(&mx, &me, 0, 2, 0, 0);
    expect_same(wanted, measure(&columns, &me, 0, 2, 0, 0));
    expect_same(wanted, measure(&far, &me, 0, 2, 0, 0));
    expect_same(wanted, measure(&read, &me, 0, 2, 0, 0));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("quality");
    TCase *tests = tcase_create("quality");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, threads_and_kernels_change_nothing, 0, 2 * KINDS);
    tcase_add_loop_test(tests, order_of_rows_changes_nothing, 0, KINDS);
    tcase_add_loop_test(tests, turns_change_nothing, 0, KINDS);
    tcase_add_loop_test(tests, spaces_are_alike, 0, KINDS);
    tcase_add_loop_test(tests, a_space_is_itself, 0, KINDS);
    tcase_add_loop_test(tests, layout_changes_nothing, 0, KINDS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
