/* Embedding quality against values that scikit-learn has computed (generate_quality.py). */
#include <math.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "quality.h"

static double x[ROWS * COLS], picture[ROWS * 2];

static double
whole(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)((int64_t)((*state >> 40) % 100003) - 50001);
}

static void
draw(uint64_t seed)
{
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++)
            x[i * COLS + j] = whole(&seed);
        for (int j = 0; j < 2; j++)
            picture[i * 2 + j] = x[i * COLS + j] + rint(whole(&seed) / 8);
    }
}

START_TEST(as_scikit_learn)
{
    static const char *const names[] = {CONCEPTDEC_R_TRUSTWORTHINESS, CONCEPTDEC_R_CONTINUITY,
                                        CONCEPTDEC_R_KNN_PRESERVATION};
    const struct oracle_case *c = &oracle_cases[_i];
    const conceptdec_matrix views[] = {
        {.data = x, .rows = ROWS, .cols = COLS, .row_stride = 8 * COLS, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64},
        {.data = picture, .rows = ROWS, .cols = 2, .row_stride = 16, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64}};
    const conceptdec_quality_options o = {.struct_size = sizeof o, .ks = oracle_ks, .n_ks = KS, .metric = c->metric};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *r = NULL;
    draw(c->seed);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_embedding_quality(ctx, &views[0], &views[1], &o, &r) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    for (int s = 0; s < 3; s++) {
        conceptdec_array array;
        ck_assert_int_eq(conceptdec_result_get(r, names[s], &array), CONCEPTDEC_OK);
        for (int k = 0; k < KS; k++) {
            double found = ((const double *)array.data)[k], wanted = c->scores[k][s];
            ck_assert_msg(isnan(wanted) || fabs(found - wanted) <= 1e-14, "%s, k = %d: %.17g, not %.17g", names[s],
                          (int)oracle_ks[k], found, wanted);
        }
    }
    conceptdec_result_free(r);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("quality");
    TCase *tests = tcase_create("quality");
    tcase_add_loop_test(tests, as_scikit_learn, 0, (int)(sizeof oracle_cases / sizeof *oracle_cases));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
