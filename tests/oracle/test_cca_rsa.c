/* CCA, Procrustes distances and RSA against values that NumPy and SciPy have computed (generate_cca_rsa.py). */
#include <math.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "cca_rsa.h"

enum { ROWS = 30, SMALL_ROWS = 12 };

static const int widths[] = {4, 7, 40};
static double values[3][ROWS * 40], small_x[SMALL_ROWS * 5], small_y[SMALL_ROWS * 3];
static conceptdec_matrix views[3];
static conceptdec_ctx *ctx;

static double
next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)((int64_t)((*state >> 40) % 10007) - 5003);
}

static conceptdec_matrix
view_of(const double *data, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){
        .data = data, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

static void
draw(uint64_t seed)
{
    for (int i = 0; i < ROWS; i++) {
        double *a = values[0] + i * 4, *b = values[1] + i * 7, *c = values[2] + i * 40;
        for (int j = 0; j < 4; j++)
            a[j] = next(&seed) / (j + 1);
        for (int j = 0; j < 7; j++)
            b[j] = (a[j % 4] + next(&seed)) / (j + 1);
        for (int j = 0; j < 40; j++)
            c[j] = a[j % 4] + b[j % 7] + next(&seed) / 8;
    }
    for (int v = 0; v < 3; v++)
        views[v] = view_of(values[v], ROWS, widths[v]);
}

/* The remainder as Python has it. */
static double
modulo(double value, double divisor)
{
    return value - divisor * floor(value / divisor);
}

static void
draw_small(uint64_t seed)
{
    for (int i = 0; i < SMALL_ROWS * 5; i++)
        small_x[i] = modulo(next(&seed), 5);
    for (int i = 0; i < SMALL_ROWS; i++)
        for (int j = 0; j < 3; j++)
            small_y[i * 3 + j] = modulo(next(&seed), 3) + small_x[i * 5 + j];
    for (int j = 0; j < 5; j++)
        small_x[4 * 5 + j] = 2;
    for (int j = 0; j < 3; j++)
        small_y[7 * 3 + j] = 0;
}

static conceptdec_result *
compare(const conceptdec_matrix *a, const conceptdec_matrix *b, conceptdec_similarity_options o)
{
    conceptdec_result *r = NULL;
    o.struct_size = sizeof o;
    ck_assert_msg(conceptdec_similarity(ctx, a, 1, b, 1, &o, &r) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return r;
}

static double
first_of(const conceptdec_result *r, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, name, &array), CONCEPTDEC_OK);
    return array.dtype == CONCEPTDEC_FLOAT64 ? *(const double *)array.data : (double)*(const int64_t *)array.data;
}

static void
check(conceptdec_result *r, const char *name, double wanted)
{
    ck_assert_double_eq_tol(first_of(r, name), wanted, 1e-10 * fmax(1, fabs(wanted)));
}

static void
open_context(void)
{
    ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    draw(1);
    draw_small(3);
}

static void
close_context(void)
{
    conceptdec_ctx_free(ctx);
}

START_TEST(canonical_correlations)
{
    const struct cca_case *c = &cca_cases[_i];
    conceptdec_similarity_options o = {
        .kind = CONCEPTDEC_SIMILARITY_SVCCA, .variance = c->variance, .ridge = c->ridge};
    conceptdec_result *r = compare(&views[c->a], &views[c->b], o);
    check(r, CONCEPTDEC_R_VALUE, c->svcca);
    check(r, CONCEPTDEC_R_CANONICAL_CORRELATIONS, c->largest);
    check(r, CONCEPTDEC_R_DIRECTIONS_A, (double)c->directions[0]);
    check(r, CONCEPTDEC_R_DIRECTIONS_B, (double)c->directions[1]);
    conceptdec_result_free(r);
    o.kind = CONCEPTDEC_SIMILARITY_PWCCA;
    r = compare(&views[c->a], &views[c->b], o);
    check(r, CONCEPTDEC_R_VALUE, c->pwcca);
    conceptdec_result_free(r);
    o.flags = CONCEPTDEC_SIMILARITY_SYMMETRIC;
    r = compare(&views[c->a], &views[c->b], o);
    check(r, CONCEPTDEC_R_VALUE, c->symmetric);
    conceptdec_result_free(r);
}
END_TEST

START_TEST(procrustes_distances)
{
    static const int pairs[3][2] = {{0, 1}, {0, 2}, {1, 2}};
    for (int kind = 0; kind < 2; kind++) {
        conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_PROCRUSTES + kind};
        conceptdec_result *r = compare(&views[pairs[_i][0]], &views[pairs[_i][1]], o);
        check(r, CONCEPTDEC_R_VALUE, procrustes_cases[_i][kind]);
        conceptdec_result_free(r);
    }
}
END_TEST

/* _i: dissimilarity and comparison. */
START_TEST(dissimilarities_of_samples)
{
    const conceptdec_matrix x = view_of(small_x, SMALL_ROWS, 5), y = view_of(small_y, SMALL_ROWS, 3);
    conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_RSA, .rdm = _i / 4, .comparison = _i % 4};
    conceptdec_result *r = compare(&x, &y, o);
    check(r, CONCEPTDEC_R_VALUE, rsa_samples[_i / 4].scores[_i % 4]);
    check(r, CONCEPTDEC_R_N_PAIRS, (double)rsa_samples[_i / 4].n_pairs);
    conceptdec_result_free(r);
}
END_TEST

START_TEST(dissimilarities_of_conditions)
{
    int32_t codes[2][ROWS];
    conceptdec_matrix columns[2];
    for (int k = 0; k < 2; k++)
        columns[k] = (conceptdec_matrix){
            .data = codes[k], .rows = ROWS, .cols = 1, .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    for (int i = 0; i < ROWS; i++) {
        codes[0][i] = i == 29 ? -1 : i % 5;
        codes[1][i] = i / 5 % 3;
    }
    conceptdec_similarity_options o = {.kind = CONCEPTDEC_SIMILARITY_RSA,
                                       .rdm = _i / 4,
                                       .comparison = _i % 4,
                                       .labels = &columns[0],
                                       .partitions = _i / 4 == CONCEPTDEC_RDM_CROSSNOBIS ? &columns[1] : NULL};
    conceptdec_result *r = compare(&views[0], &views[1], o);
    check(r, CONCEPTDEC_R_VALUE, rsa_conditions[_i / 4].scores[_i % 4]);
    check(r, CONCEPTDEC_R_N_PAIRS, (double)rsa_conditions[_i / 4].n_pairs);
    conceptdec_result_free(r);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("cca_rsa");
    TCase *tests = tcase_create("cca_rsa");
    tcase_add_checked_fixture(tests, open_context, close_context);
    tcase_add_loop_test(tests, canonical_correlations, 0, (int)(sizeof cca_cases / sizeof *cca_cases));
    tcase_add_loop_test(tests, procrustes_distances, 0, 3);
    tcase_add_loop_test(tests, dissimilarities_of_samples, 0, 12);
    tcase_add_loop_test(tests, dissimilarities_of_conditions, 0, 16);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
