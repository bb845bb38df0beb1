/* CCA, Procrustes distances and RSA without memory, at every allocation, and cancelled at every place: nothing is
 * leaked or written, and the next call gives the same answer. */
#define _GNU_SOURCE

#include "check_main.h"
#include "results.h"
#include "similarity_problems.h"

enum { ROWS = 14, VIEWS = 2, CROSSNOBIS = SIMILARITY_WAYS, VARIANTS };

static const int64_t widths[VIEWS] = {3, 20};
static double values[VIEWS][ROWS * 20];
static int64_t codes[2][ROWS];
static conceptdec_matrix views[VIEWS], columns[2];

/* The second view is close to the first, so that distances are summed once more; a zero row. */
static void
fill(void)
{
    uint64_t state = 5;
    for (int v = 0; v < VIEWS; v++) {
        for (int64_t i = 0; i < ROWS * widths[v]; i++)
            values[v][i] = v == 0 || i % 20 > 2 ? 1e-5 * similarity_random(&state) + (v == 0 ? sin((double)(i * i)) : 0)
                                                : values[0][i / 20 * 3 + i % 20];
        views[v] = similarity_view(values[v], ROWS, widths[v]);
    }
    memset(values[1] + 20, 0, 20 * sizeof(double));
    for (int k = 0; k < 2; k++) {
        for (int64_t i = 0; i < ROWS; i++)
            codes[k][i] = k ? i / 4 % 3 : i < 12 ? i % 4 : -1;
        columns[k] = (conceptdec_matrix){
            .data = codes[k], .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    }
}

static conceptdec_status
measure(conceptdec_ctx *ctx, int variant, conceptdec_result **result)
{
    conceptdec_similarity_options o = similarity_options(variant % SIMILARITY_WAYS);
    if (variant == CROSSNOBIS) {
        o.kind = CONCEPTDEC_SIMILARITY_RSA;
        o.rdm = CONCEPTDEC_RDM_CROSSNOBIS;
        o.labels = &columns[0];
        o.partitions = &columns[1];
        o.variance = 0;
    }
    o.permutations = 1;
    o.bootstrap = 1;
    return conceptdec_similarity(ctx, views, VIEWS, NULL, 0, &o, result);
}

START_TEST(without_memory)
{
    fill();
    ck_assert_int_ge(torture_result(_i % 5 ? 1 : 2, measure, _i), 40);
}
END_TEST

START_TEST(cancelled_everywhere)
{
    fill();
    ck_assert_int_ge(torture_stopped(1 + _i % 2, measure, _i, 5), 10);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cca_rsa");
    TCase *tests = tcase_create("cca_rsa");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, VARIANTS);
    tcase_add_loop_test(tests, cancelled_everywhere, 0, VARIANTS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
