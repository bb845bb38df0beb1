/* CKA, mutual k-NN and information imbalance against values that other formulas have given (generate_cka.py). */
#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "cka.h"
#include "similar.h"

static double values[VIEWS][ROWS * 80];
static conceptdec_matrix views[VIEWS];

static double
whole(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)((int64_t)((*state >> 40) % 100003) - 50001);
}

static void
draw(uint64_t seed)
{
    for (int v = 0; v < VIEWS; v++) {
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < oracle_cols[v]; j++)
                values[v][i * oracle_cols[v] + j] = whole(&seed);
        for (int i = 0; v && i < ROWS; i++)
            for (int j = 0; j < oracle_cols[v]; j++)
                values[v][i * oracle_cols[v] + j] +=
                    (v == 1 ? 3 : 1) * values[0][i * oracle_cols[0] + j % oracle_cols[0]];
        views[v] = wide_view(values[v], ROWS, oracle_cols[v]);
    }
}

START_TEST(as_other_formulas)
{
    const struct oracle_case *c = &oracle_cases[_i];
    conceptdec_ctx *ctx = ctx_with(2);
    draw(SEED);
    conceptdec_result *self = similarity_of(ctx, views, VIEWS, NULL, 0, c->options);
    conceptdec_result *both = similarity_of(ctx, views, VIEWS, views, VIEWS, c->options);
    for (int pair = 0; pair < VIEWS * VIEWS; pair++) {
        ck_assert_double_eq_tol(element(self, CONCEPTDEC_R_VALUE, pair), c->value[pair], 1e-12);
        ck_assert_double_eq_tol(element(both, CONCEPTDEC_R_VALUE, pair), c->value[pair], 1e-12);
    }
    conceptdec_result_free(self);
    conceptdec_result_free(both);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cka");
    TCase *tests = tcase_create("cka");
    tcase_add_loop_test(tests, as_other_formulas, 0, (int)(sizeof oracle_cases / sizeof *oracle_cases));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
