/* Scores of probes: small cases worked out by hand, and many random ones against the definitions, pair by pair. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "probe/probe.h"
#include "stats/share.h"

#define INF ((double)INFINITY)
#define NONE ((double)NAN)

enum { MOST_ROWS = 2000, MOST_CLASSES = 80 };

static conceptdec_ctx *ctx;

/* A set of rows, and room for everything that can be said of them. */
typedef struct sheet {
    conceptdec_i_probe_scoring in;
    conceptdec_i_probe_scores out;
    int32_t labels[MOST_ROWS];
    uint8_t scored[MOST_ROWS];
    double decision[MOST_ROWS * MOST_CLASSES], posterior[MOST_ROWS * MOST_CLASSES];
    double per_concept[MOST_CLASSES], confusion[MOST_CLASSES * MOST_CLASSES], auroc[MOST_CLASSES],
        average_precision[MOST_CLASSES], credit[MOST_ROWS];
    int64_t class_count[MOST_CLASSES], predicted[MOST_ROWS];
} sheet;

static sheet *page, *other; /* each too large for the stack */

static sheet *
new_sheet(void)
{
    sheet *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->out = (conceptdec_i_probe_scores){
        .per_concept = s->per_concept, .confusion = s->confusion, .auroc = s->auroc,
        .average_precision = s->average_precision, .class_count = s->class_count, .credit = s->credit,
        .predicted = s->predicted};
    return s;
}

static void
setup(void)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 1};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    page = new_sheet();
    other = new_sheet();
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
    free(page);
    free(other);
}

/* decision: n x K, row by row, for readability. sharpness NaN: no posterior. */
static void
fill(sheet *s, int64_t n, int64_t classes, const int32_t *labels, const double *decision, double sharpness)
{
    int64_t columns = classes == 2 ? 1 : classes;
    s->in = (conceptdec_i_probe_scoring){.n = n, .classes = classes, .columns = columns, .labels = s->labels,
                                         .scored = s->scored, .decision = s->decision};
    s->in.posterior = isnan(sharpness) ? NULL : s->posterior;
    for (int64_t i = 0; i < MOST_ROWS * MOST_CLASSES; i++) /* columns that there are not must not be read */
        s->decision[i] = NONE;
    for (int64_t i = 0; i < n; i++) {
        s->labels[i] = labels[i];
        s->scored[i] = 1;
        for (int64_t k = 0; k < columns; k++)
            s->decision[k * n + i] = decision[i * columns + k];
        if (s->in.posterior)
            conceptdec_i_probe_posterior(s->decision + i, n, classes, sharpness, s->posterior + i * classes);
    }
}

static void
score(sheet *s)
{
    ck_assert_int_eq(conceptdec_i_probe_score(ctx, &s->in, &s->out), CONCEPTDEC_OK);
}

static void
expect(const char *what, double value, double wanted)
{
    bool same = isnan(wanted) ? isnan(value) : isinf(wanted) ? value == wanted : fabs(value - wanted) <= 1e-14;
    ck_assert_msg(same, "%s is %.17g, must be %.17g", what, value, wanted);
}

static void
expect_all(const char *what, const double *values, int64_t n, const double *wanted)
{
    for (int64_t i = 0; i < n; i++)
        expect(what, values[i], wanted[i]);
}

/* ---- by hand ---- */

START_TEST(three_classes_with_ties)
{
    const int32_t labels[] = {0, 0, 1, 1, 2, 2};
    const double decision[] = {2, 1, 0, 1, 1, 0, 0, 3, 0, 3, 0, 3, 1, 1, 1, 0, 0, NONE};
    fill(page, 6, 3, labels, decision, NONE);
    score(page);
    const conceptdec_i_probe_scores *out = &page->out;
    ck_assert_int_eq(out->n_scored, 5);
    expect("accuracy", out->accuracy, 17.0 / 30);
    expect("balanced", out->balanced, 19.0 / 36);
    expect("macro_f1", out->macro_f1, (9.0 / 13 + 12.0 / 23 + 4.0 / 11) / 3);
    expect("tie_rate", out->tie_rate, 0.6);
    expect("log_loss", out->log_loss, NONE);
    expect("calibration_error", out->calibration_error, NONE);
    expect_all("per_concept", page->per_concept, 3, (double[]){0.75, 0.5, 1.0 / 3});
    expect_all("confusion", page->confusion, 9, (double[]){1.5, 0.5, 0, 0.5, 1, 0.5, 1.0 / 3, 1.0 / 3, 1.0 / 3});
    expect_all("auroc", page->auroc, 3, (double[]){3.5 / 6, 3.0 / 6, 3.0 / 4});
    expect_all("average_precision", page->average_precision, 3, (double[]){0.5, 0.5 + 0.2, 0.5});
    expect_all("credit", page->credit, 6, (double[]){1, 0.5, 1, 0, 1.0 / 3, NONE});
    const int64_t predicted[] = {0, 0, 1, 0, 0, -1}, counts[] = {2, 2, 1};
    ck_assert_mem_eq(page->predicted, predicted, sizeof predicted);
    ck_assert_mem_eq(page->class_count, counts, sizeof counts);
}
END_TEST

START_TEST(two_classes_meet_at_zero)
{
    const int32_t labels[] = {1, 1, 0, 0, 0, 1, -1};
    const double decision[] = {0.5, 0.0, -0.0, -INF, INF, NONE, 7};
    fill(page, 7, 2, labels, decision, 1);
    score(page);
    const conceptdec_i_probe_scores *out = &page->out;
    ck_assert_int_eq(out->n_scored, 5);
    expect("accuracy", out->accuracy, 0.6);
    expect("balanced", out->balanced, (0.75 + 0.5) / 2);
    expect("tie_rate", out->tie_rate, 0.4);
    expect("log_loss", out->log_loss, INF); /* the fifth row is certain of the wrong class */
    expect_all("confusion", page->confusion, 4, (double[]){1.5, 1.5, 0.5, 1.5});
    expect_all("auroc", page->auroc, 2, (double[]){3.5 / 6, 3.5 / 6});
    expect("average_precision", page->average_precision[1], 0.5 * 0.5 + 0.5 * 2 / 4);
    expect("average_precision", page->average_precision[0], (1 + 2.0 / 3 + 3.0 / 5) / 3);
    page->scored[4] = 0;
    score(page);
    ck_assert_int_eq(out->n_scored, 4);
    expect("log_loss", out->log_loss, (log2(1 + exp(-0.5)) + 1 + 1 + 0) / 4);
}
END_TEST

/* A class that was not there to be learnt is never predicted, and its own rows cost infinitely much. */
START_TEST(an_absent_class)
{
    const int32_t labels[] = {0, 1, 2, 1};
    const double decision[] = {1, 0, -INF, 0, 2, -INF, 1, 0, -INF, 0, 1, -INF};
    fill(page, 4, 3, labels, decision, 1);
    score(page);
    expect("accuracy", page->out.accuracy, 0.75);
    expect("log_loss", page->out.log_loss, INF);
    expect_all("per_concept", page->per_concept, 3, (double[]){1, 1, 0});
    expect("auroc", page->auroc[2], 0.5);
    expect("posterior", page->posterior[2], 0);
    page->labels[2] = -1;
    score(page);
    expect_all("per_concept", page->per_concept, 3, (double[]){1, 1, NONE});
    expect_all("auroc", page->auroc, 3, (double[]){1, 1, NONE});
    expect_all("average_precision", page->average_precision, 3, (double[]){1, 1, NONE});
    expect("balanced", page->out.balanced, 1);
    expect("macro_f1", page->out.macro_f1, 1);
    expect("log_loss", page->out.log_loss, (2 * log2(1 + exp(-1)) + log2(1 + exp(-2))) / 3);
}
END_TEST

START_TEST(one_class_or_none_is_scored)
{
    const int32_t labels[] = {1, 1};
    fill(page, 2, 3, labels, (double[]){0, 1, 0, 1, 0, 0}, 1);
    score(page);
    expect("accuracy", page->out.accuracy, 0.5);
    expect_all("auroc", page->auroc, 3, (double[]){NONE, NONE, NONE});
    expect_all("average_precision", page->average_precision, 3, (double[]){NONE, 1, NONE});
    memset(page->scored, 0, sizeof page->scored);
    score(page);
    ck_assert_int_eq(page->out.n_scored, 0);
    const double values[] = {page->out.accuracy, page->out.balanced, page->out.macro_f1, page->out.log_loss,
                             page->out.calibration_error, page->out.tie_rate, page->per_concept[1], page->auroc[1],
                             page->average_precision[1], page->credit[0]};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        expect("a score of nothing", values[i], NONE);
}
END_TEST

START_TEST(calibration_by_hand)
{
    const int32_t labels[] = {1, 0, 1, 0};
    const double sure[] = {0.7, 0.7, 0.9, 0.2}; /* of class 1 */
    fill(page, 4, 2, labels, (double[]){1, 1, 2, -1}, 1);
    for (int i = 0; i < 4; i++) {
        page->posterior[2 * i + 1] = sure[i];
        page->posterior[2 * i] = 1 - sure[i];
    }
    score(page);
    expect("calibration_error", page->out.calibration_error, (0.4 + 0.1 + 0.2) / 4);
    expect("log_loss", page->out.log_loss, -log2(0.7 * (1 - 0.7) * 0.9 * 0.8) / 4);
    page->posterior[1] = page->posterior[0] = 0.4; /* 6 = 15 x 0.4 closes a bin: (5/15, 6/15] */
    page->posterior[3] = page->posterior[2] = 0.38;
    score(page);
    expect("calibration_error", page->out.calibration_error, (fabs(1 - 0.78) + 0.1 + 0.2) / 4);
}
END_TEST

/* Where the largest posterior is 1 in double precision, what is left of the others still tells rows apart. */
START_TEST(saturated_posteriors_are_ranked)
{
    const int32_t labels[] = {0, 1, 0, 2};
    fill(page, 4, 3, labels, (double[]){50, 0, 0, 45, 0, 0, 47, 0, 0, 40, 0, 0}, 1);
    score(page);
    ck_assert(page->posterior[0] == 1 && page->posterior[3] == 1);
    expect("auroc", page->auroc[0], 1);
    expect("average_precision", page->average_precision[0], 1);
    fill(page, 4, 3, labels, (double[]){40, 0, 0, 40, 0, 0, 47, 0, 0, 45, 0, 0}, 1);
    score(page);
    expect("auroc", page->auroc[0], 2.5 / 4);
}
END_TEST

START_TEST(credit_and_posterior_of_a_row)
{
    int32_t predicted, tied;
    double posterior[3];
    const double strided[] = {-2, 9, -1, 9, -1};
    expect("credit", conceptdec_i_probe_credit(strided, 2, 3, 2, &predicted, &tied), 0.5);
    ck_assert(predicted == 1 && tied == 2);
    expect("credit", conceptdec_i_probe_credit(strided, 2, 3, 0, &predicted, &tied), 0);
    expect("credit", conceptdec_i_probe_credit((double[]){-INF, -INF, -INF}, 1, 3, 0, &predicted, &tied), 1.0 / 3);
    ck_assert(predicted == 0 && tied == 3);
    expect("credit", conceptdec_i_probe_credit((double[]){INF, NONE, 0}, 1, 3, 0, &predicted, &tied), NONE);
    ck_assert(predicted == -1 && tied == 0);
    conceptdec_i_probe_posterior(strided, 2, 3, 2, posterior);
    expect("posterior", posterior[0], exp(-2) / (2 + exp(-2)));
    expect("posterior", posterior[1], 1 / (2 + exp(-2)));
    conceptdec_i_probe_posterior((double[]){INF, 0, INF}, 1, 3, 1, posterior);
    expect_all("posterior", posterior, 3, (double[]){0.5, 0, 0.5});
    conceptdec_i_probe_posterior((double[]){-900}, 1, 2, 1, posterior);
    expect_all("posterior", posterior, 2, (double[]){1, 0});
    conceptdec_i_probe_posterior((double[]){1e308, -1e308, 0}, 1, 3, 4, posterior);
    expect_all("posterior", posterior, 3, (double[]){1, 0, 0});
    conceptdec_i_probe_posterior((double[]){0, NONE, 0}, 1, 3, 1, posterior);
    expect_all("posterior", posterior, 3, (double[]){NONE, NONE, NONE});
}
END_TEST

START_TEST(real_numbers_as_shares)
{
    conceptdec_i_share sum = {0};
    const double values[] = {1, 0, 0.1, 1.0 / 3, 0x1p-50, 0.999999999999999};
    for (int i = 0; i < 6; i++) {
        conceptdec_i_share share = conceptdec_i_share_of_real(values[i]);
        ck_assert(share.units >= 0 && share.parts >= 0 && share.parts < INT64_C(1) << 32);
        ck_assert_double_eq_tol(conceptdec_i_share_value(share), values[i], 2e-16);
        conceptdec_i_share_add(&sum, share);
    }
    ck_assert_int_eq(conceptdec_i_share_of_real(1).units, CONCEPTDEC_I_UNIT);
    ck_assert_double_eq_tol(conceptdec_i_share_value(sum), 1.1 + 1.0 / 3 + 0x1p-50 + 0.999999999999999, 1e-15);
}
END_TEST

/* ---- at random ---- */

/* Decision values of few different numbers, rows without a label, rows that are not scored, now and then an
 * infinity. */
static void
make_problem(sheet *s, uint64_t round, int64_t n, int64_t classes)
{
    static double decision[MOST_ROWS * MOST_CLASSES];
    int32_t labels[MOST_ROWS] = {0};
    int64_t columns = classes == 2 ? 1 : classes;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 5, CONCEPTDEC_I_RNG_SAMPLE, round);
    for (int64_t i = 0; i < n; i++) {
        labels[i] = (int32_t)conceptdec_i_rng_below(&rng, 1 + conceptdec_i_rng_below(&rng, (uint64_t)classes + 1)) - 1;
        for (int64_t k = 0; k < columns; k++) {
            double value = ((double)conceptdec_i_rng_below(&rng, 9) - 4) / 2;
            decision[i * columns + k] = conceptdec_i_rng_below(&rng, 500) == 0 ? value * INF : value;
        }
        if (labels[i] >= 0 && classes > 2)
            decision[i * columns + labels[i]] += 1;
    }
    fill(s, n, classes, labels, decision, round % 3 == 0 ? NONE : 0.8);
    for (int64_t i = 0; i < n; i++)
        s->scored[i] = conceptdec_i_rng_below(&rng, 8) > 0;
}

static bool
counts(const sheet *s, int64_t row)
{
    return !isnan(s->credit[row]);
}

static double
rank_value(const sheet *s, int64_t row, int64_t c)
{
    if (s->in.classes == 2)
        return c == 1 ? s->decision[row] : -s->decision[row];
    return s->in.posterior ? s->posterior[row * s->in.classes + c] : s->decision[c * s->in.n + row];
}

static double
naive_auroc(const sheet *s, int64_t c)
{
    double won = 0, pairs = 0;
    for (int64_t i = 0; i < s->in.n; i++)
        for (int64_t j = 0; j < s->in.n; j++) {
            if (!counts(s, i) || !counts(s, j) || s->labels[i] != c || s->labels[j] == c)
                continue;
            double a = rank_value(s, i, c), b = rank_value(s, j, c);
            won += a > b ? 1 : a < b ? 0 : 0.5;
            pairs++;
        }
    return pairs > 0 ? won / pairs : NONE;
}

/* Mean over the members of the precision at their own value. */
static double
naive_precision(const sheet *s, int64_t c)
{
    double sum = 0, members = 0;
    for (int64_t i = 0; i < s->in.n; i++) {
        double right = 0, all = 0;
        if (!counts(s, i) || s->labels[i] != c)
            continue;
        for (int64_t j = 0; j < s->in.n; j++)
            if (counts(s, j) && rank_value(s, j, c) >= rank_value(s, i, c)) {
                right += s->labels[j] == c;
                all++;
            }
        sum += right / all;
        members++;
    }
    return members > 0 ? sum / members : NONE;
}

static void
naive_sums(const sheet *s, double *accuracy, double *log_loss, double *calibration)
{
    double credit = 0, loss = 0, n = 0, gap[15] = {0};
    for (int64_t i = 0; i < s->in.n; i++) {
        if (!counts(s, i))
            continue;
        credit += s->credit[i];
        n++;
        if (!s->in.posterior)
            continue;
        double most = 0;
        const double *p = s->posterior + i * s->in.classes;
        for (int64_t c = 0; c < s->in.classes; c++)
            most = fmax(most, p[c]);
        loss -= log2(p[s->labels[i]]);
        gap[(int)fmin(14, ceil(15 * most) - 1)] += s->credit[i] - most;
    }
    *accuracy = credit / n;
    *log_loss = s->in.posterior ? loss / n : NONE;
    *calibration = s->in.posterior ? 0 : NONE;
    for (int b = 0; b < 15; b++)
        *calibration += fabs(gap[b]) / n;
}

START_TEST(scores_are_those_of_the_definitions)
{
    const int64_t classes = _i % 5 == 4 ? 70 : 2 + _i % 5;
    make_problem(page, (uint64_t)_i, 150 + 10 * _i, classes);
    score(page);
    double accuracy, log_loss, calibration;
    naive_sums(page, &accuracy, &log_loss, &calibration);
    ck_assert_double_eq_tol(page->out.accuracy, accuracy, 1e-13);
    if (isfinite(log_loss))
        ck_assert_double_eq_tol(page->out.log_loss, log_loss, 1e-12);
    else
        expect("log_loss", page->out.log_loss, log_loss);
    if (isnan(calibration))
        expect("calibration_error", page->out.calibration_error, NONE);
    else
        ck_assert_double_eq_tol(page->out.calibration_error, calibration, 1e-12);
    for (int64_t c = 0; c < classes; c++) {
        expect("auroc", page->auroc[c], naive_auroc(page, c));
        expect("average_precision", page->average_precision[c], naive_precision(page, c));
    }
}
END_TEST

static void
expect_same_bits(const sheet *a, const sheet *b)
{
    int64_t classes = a->in.classes;
    const double *x[] = {&a->out.accuracy, &a->out.balanced, &a->out.macro_f1, &a->out.log_loss,
                         &a->out.calibration_error, &a->out.tie_rate};
    const double *y[] = {&b->out.accuracy, &b->out.balanced, &b->out.macro_f1, &b->out.log_loss,
                         &b->out.calibration_error, &b->out.tie_rate};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        ck_assert_msg(memcmp(x[i], y[i], sizeof(double)) == 0, "score %d: %.17g and %.17g", (int)i, *x[i], *y[i]);
    ck_assert_mem_eq(a->per_concept, b->per_concept, (size_t)classes * sizeof(double));
    ck_assert_mem_eq(a->confusion, b->confusion, (size_t)(classes * classes) * sizeof(double));
    ck_assert_mem_eq(a->auroc, b->auroc, (size_t)classes * sizeof(double));
    ck_assert_mem_eq(a->average_precision, b->average_precision, (size_t)classes * sizeof(double));
}

/* Row i of one is row (7 i) mod n of the other. */
START_TEST(neither_order_nor_threads_matter)
{
    const int64_t classes = _i % 2 ? 66 : 2 + _i, n = 1999, columns = classes == 2 ? 1 : classes;
    make_problem(page, (uint64_t)(100 + _i), n, classes);
    score(page);
    other->in = page->in;
    other->in.labels = other->labels;
    other->in.scored = other->scored;
    other->in.decision = other->decision;
    other->in.posterior = page->in.posterior ? other->posterior : NULL;
    for (int64_t i = 0; i < n; i++) {
        int64_t from = 7 * i % n;
        other->labels[i] = page->labels[from];
        other->scored[i] = page->scored[from];
        for (int64_t k = 0; k < columns; k++)
            other->decision[k * n + i] = page->decision[k * n + from];
        memcpy(other->posterior + i * classes, page->posterior + from * classes, (size_t)classes * sizeof(double));
    }
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 3};
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    score(other);
    expect_same_bits(page, other);
}
END_TEST

/* What is not wanted is not written. */
START_TEST(arrays_may_be_left_out)
{
    make_problem(page, 1, 300, 5);
    score(page);
    other->in = page->in;
    other->out = (conceptdec_i_probe_scores){0};
    score(other);
    ck_assert(other->out.accuracy == page->out.accuracy && other->out.macro_f1 == page->out.macro_f1);
    ck_assert(other->out.log_loss == page->out.log_loss);
    other->out = (conceptdec_i_probe_scores){.average_precision = other->average_precision};
    score(other);
    ck_assert_mem_eq(other->average_precision, page->average_precision, 5 * sizeof(double));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("probe_scores");
    TCase *hand = tcase_create("by_hand"), *many = tcase_create("at_random");
    tcase_add_checked_fixture(hand, setup, teardown);
    tcase_add_test(hand, three_classes_with_ties);
    tcase_add_test(hand, two_classes_meet_at_zero);
    tcase_add_test(hand, an_absent_class);
    tcase_add_test(hand, one_class_or_none_is_scored);
    tcase_add_test(hand, calibration_by_hand);
    tcase_add_test(hand, saturated_posteriors_are_ranked);
    tcase_add_test(hand, credit_and_posterior_of_a_row);
    tcase_add_test(hand, real_numbers_as_shares);
    suite_add_tcase(suite, hand);
    tcase_add_checked_fixture(many, setup, teardown);
    tcase_add_loop_test(many, scores_are_those_of_the_definitions, 0, 20);
    tcase_add_loop_test(many, neither_order_nor_threads_matter, 0, 8);
    tcase_add_test(many, arrays_may_be_left_out);
    suite_add_tcase(suite, many);
    return suite;
}

CHECK_MAIN(make_suite)
