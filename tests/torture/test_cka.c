/* Similarity without memory, at every allocation, and cancelled at every place: nothing is leaked or written, and the
 * next call gives the same answer. */
#define _GNU_SOURCE

#include "check_main.h"
#include "results.h"

enum { ROWS = 24, COLS = 3, VARIANTS = 7 };

static double values[2][ROWS * COLS];
static int64_t codes[ROWS];
static conceptdec_matrix views[2];
static const conceptdec_matrix groups = {
    .data = codes, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};

static void
fill(void)
{
    for (int v = 0; v < 2; v++) {
        for (int i = 0; i < ROWS * COLS; i++)
            values[v][i] = (i * 7 + v * i * i) % 23 + (v ? 0.1 * i : 0);
        views[v] = (conceptdec_matrix){.data = values[v],
                                       .rows = ROWS,
                                       .cols = COLS,
                                       .row_stride = 8 * COLS,
                                       .col_stride = 8,
                                       .dtype = CONCEPTDEC_FLOAT64};
    }
    for (int i = 0; i < ROWS; i++)
        codes[i] = i / 2;
}

static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    static const conceptdec_similarity_options options[VARIANTS] = {
        {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED, .permutations = 3, .bootstrap = 3},
        {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED, .kernel = CONCEPTDEC_CKA_RBF, .bootstrap = 2},
        {.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED, .kernel = CONCEPTDEC_CKA_RBF, .permutations = 2, .groups = &groups},
        {.kind = CONCEPTDEC_SIMILARITY_CKA_DEBIASED, .batch = 10},
        {.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN, .k = 3, .permutations = 3, .bootstrap = 3},
        {.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE,
         .k = 2,
         .permutations = 3,
         .bootstrap = 3,
         .groups = &groups},
        {.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE, .k = 2, .metric = CONCEPTDEC_METRIC_COSINE},
    };
    conceptdec_similarity_options o = options[variant];
    o.struct_size = sizeof o;
    return conceptdec_similarity(ctx, views, 2, variant == 5 ? views : NULL, variant == 5 ? 1 : 0, &o, result);
}

START_TEST(without_memory)
{
    fill();
    ck_assert_int_ge(torture_result(1 + _i % 2, measure, _i / 2), 30);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    fill();
    ck_assert_int_ge(torture_stopped(1 + _i % 2, measure, _i / 2, 1), 5);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cka");
    TCase *tests = tcase_create("cka");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, 2 * VARIANTS);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, 2 * VARIANTS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
