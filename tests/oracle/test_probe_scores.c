/* Scores of probes against values that scikit-learn has computed (generate_probe_scores.py). */
#include <check.h>
#include <math.h>

#include "check_main.h"
#include "probe/probe.h"

enum { ROWS = 90, CLASSES = 5 };

struct oracle_case {
    int64_t classes;
    int has_posterior;
    int32_t labels[ROWS];
    uint8_t scored[ROWS];
    int values[ROWS][CLASSES]; /* of each class; with a posterior, 64 times that */
    double accuracy, balanced, macro_f1, log_loss, calibration_error, auroc[CLASSES], average_precision[CLASSES];
};

#include "probe_scores.h"

enum { CASES = sizeof oracle_cases / sizeof *oracle_cases };

static void
expect(const char *what, double value, double wanted)
{
    bool same = isnan(wanted) ? isnan(value) : fabs(value - wanted) < 1e-12;
    ck_assert_msg(same, "%s is %.17g, scikit-learn has %.17g", what, value, wanted);
}

START_TEST(scores_are_those_of_scikit_learn)
{
    const struct oracle_case *c = &oracle_cases[_i];
    static double decision[ROWS * CLASSES], posterior[ROWS * CLASSES], auroc[CLASSES], average_precision[CLASSES];
    int64_t columns = c->classes == 2 ? 1 : c->classes;
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t k = 0; k < c->classes; k++) {
            posterior[i * c->classes + k] = c->values[i][k] / 64.0;
            if (k < columns)
                decision[k * ROWS + i] = columns == 1 ? c->values[i][1] - c->values[i][0] : c->values[i][k];
        }
    conceptdec_i_probe_scoring in = {.n = ROWS, .classes = c->classes, .columns = columns, .labels = c->labels,
                                     .scored = c->scored, .decision = decision,
                                     .posterior = c->has_posterior ? posterior : NULL};
    conceptdec_i_probe_scores out = {.auroc = auroc, .average_precision = average_precision};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_i_probe_score(ctx, &in, &out), CONCEPTDEC_OK);
    conceptdec_ctx_free(ctx);
    expect("accuracy", out.accuracy, c->accuracy);
    expect("balanced", out.balanced, c->balanced);
    expect("macro_f1", out.macro_f1, c->macro_f1);
    expect("log_loss", out.log_loss, c->log_loss);
    expect("calibration_error", out.calibration_error, c->calibration_error);
    for (int64_t k = 0; k < c->classes; k++) {
        expect("auroc", auroc[k], c->auroc[k]);
        expect("average_precision", average_precision[k], c->average_precision[k]);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("oracle_probe_scores");
    TCase *scores = tcase_create("scores");
    tcase_add_loop_test(scores, scores_are_those_of_scikit_learn, 0, CASES);
    suite_add_tcase(suite, scores);
    return suite;
}

CHECK_MAIN(make_suite)
