/* Scores of real activations against values that oracle.py, which shares no code with the library, has computed. */
#include <check.h>
#include <conceptdec/conceptdec.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_main.h"

enum { SLICES = 7, ROWS = 600, WIDTH = 64, CLASSES = 6, KS = 5, NPY_HEADER = 128 };

struct oracle_case {
    const char *name;
    int slice, part;
    int32_t metric, protocol, weights, ties, boundary;
    int64_t n_scored;
    double decodability[KS], balanced[KS], label_overlap[KS], tie_rate[KS], boundary_tie_rate[KS];
    double per_concept[KS][CLASSES];
};

#include "values.h"

enum { CASES = sizeof oracle_cases / sizeof *oracle_cases };

static uint16_t activations[SLICES][ROWS][WIDTH];
static int32_t labels[ROWS], part[ROWS], groups[ROWS], train[ROWS];
static conceptdec_ctx *ctx;

static void
read_npy(const char *path, void *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s (run from the root of the sources)", path);
    ck_assert_int_eq(fseek(file, NPY_HEADER, SEEK_SET), 0);
    ck_assert_uint_eq(fread(data, 1, size, file), size);
    fclose(file);
}

static void
setup(void)
{
    read_npy("tests/oracle/bitwise.npy", activations, sizeof activations);
    read_npy("examples/data/labels.npy", labels, sizeof labels);
    for (int32_t i = 0; i < ROWS; i++) { /* as in cases.py */
        part[i] = i % 7 == 0 || (labels[i] == 5 && i % 18 > 6) ? -1 : labels[i];
        groups[i] = i / 12;
        train[i] = i % 5 != 0;
    }
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static conceptdec_matrix
column(const int32_t *values)
{
    return (conceptdec_matrix){.data = values, .rows = ROWS, .cols = 1, .row_stride = 4, .col_stride = 4,
                               .dtype = CONCEPTDEC_INT32};
}

static conceptdec_matrix
slice(int index)
{
    return (conceptdec_matrix){.data = activations[index], .rows = ROWS, .cols = WIDTH, .row_stride = 2 * WIDTH,
                               .col_stride = 2, .dtype = CONCEPTDEC_FLOAT16};
}

static void
expect(const conceptdec_result *result, const struct oracle_case *c, const char *name, const double *values, int count)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(result, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    const double *ours = array.data;
    for (int i = 0; i < count; i++)
        ck_assert_msg(fabs(ours[i] - values[i]) < 1e-12, "%s: %s[%d] is %.17g, the oracle has %.17g", c->name, name, i,
                      ours[i], values[i]);
}

static void
expect_all(const conceptdec_result *result, const struct oracle_case *c)
{
    double n_scored;
    ck_assert_int_eq(conceptdec_result_scalar(result, CONCEPTDEC_R_N_SCORED, &n_scored), CONCEPTDEC_OK);
    ck_assert_msg((int64_t)n_scored == c->n_scored, "%s: %g scored", c->name, n_scored);
    expect(result, c, CONCEPTDEC_R_DECODABILITY, c->decodability, KS);
    expect(result, c, CONCEPTDEC_R_BALANCED, c->balanced, KS);
    expect(result, c, CONCEPTDEC_R_PER_CONCEPT, c->per_concept[0], KS * CLASSES);
    expect(result, c, CONCEPTDEC_R_TIE_RATE, c->tie_rate, KS);
    expect(result, c, CONCEPTDEC_R_BOUNDARY_TIE_RATE, c->boundary_tie_rate, KS);
    if (c->weights == CONCEPTDEC_WEIGHTS_UNIFORM)
        expect(result, c, CONCEPTDEC_R_LABEL_OVERLAP, c->label_overlap, KS);
}

START_TEST(scores_equal_the_oracle)
{
    const struct oracle_case *c = &oracle_cases[_i];
    conceptdec_matrix x = slice(c->slice), y = column(c->part ? part : labels);
    conceptdec_matrix g = column(groups), t = column(train);
    conceptdec_knn_options options = {
        .struct_size = sizeof options,
        .ks = oracle_ks,
        .n_ks = KS,
        .groups = c->protocol == CONCEPTDEC_PROTOCOL_GROUP ? &g : NULL,
        .train = c->protocol == CONCEPTDEC_PROTOCOL_SPLIT ? &t : NULL,
        .metric = c->metric,
        .protocol = c->protocol,
        .weights = c->weights,
        .ties = c->ties,
        .boundary = c->boundary,
    };
    conceptdec_result *result = NULL;
    conceptdec_status status = conceptdec_knn_decodability(ctx, &x, &y, &options, &result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s: %s", c->name, conceptdec_ctx_error(ctx));
    expect_all(result, c);
    conceptdec_result_free(result);
}
END_TEST

/* The figures that are known of this recording, to three digits: layer 3 after 0, 1, 2, 4 and 7 examples. */
START_TEST(layer_3_is_as_published)
{
    static const double known[] = {0.199, 0.706, 0.838, 0.885, 0.886};
    conceptdec_matrix x = slice(_i), y = column(labels);
    conceptdec_result *result = NULL;
    double decodability;
    ck_assert_int_eq(conceptdec_knn_decodability(ctx, &x, &y, NULL, &result), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_scalar(result, CONCEPTDEC_R_DECODABILITY, &decodability), CONCEPTDEC_OK);
    ck_assert_double_eq_tol(decodability, known[_i], 0.0005);
    conceptdec_result_free(result);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("oracle: decodability");
    TCase *values = tcase_create("values");
    tcase_add_checked_fixture(values, setup, teardown);
    tcase_add_loop_test(values, scores_equal_the_oracle, 0, CASES);
    tcase_add_loop_test(values, layer_3_is_as_published, 0, 5);
    suite_add_tcase(suite, values);
    return suite;
}

CHECK_MAIN(make_suite)
