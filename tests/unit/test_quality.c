/* Embedding quality: cases by hand, and hard data against the definition. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "brute_quality.h"
#include "check_main.h"

#define OK(call) ck_assert_msg((call) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx))

static conceptdec_ctx *ctx;

static void
setup(void)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 3};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static conceptdec_matrix
view(const float *x, int64_t n, int64_t d)
{
    return (conceptdec_matrix){
        .data = x, .rows = n, .cols = d, .row_stride = 4 * d, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
}

static const double *
values(const conceptdec_result *r, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.ndim, 1);
    return array.data;
}

static void
near(double found, double wanted)
{
    ck_assert_msg(fabs(found - wanted) <= 1e-13, "%.17g instead of %.17g", found, wanted);
}

/* ---- by hand ---- */

/* Five places on a line, and a picture in which the last comes first. k = 1: in the picture the nearest of rows 0..4
 * are 4, 2, 1, 2, 0 (the nearest of 1 at distance 1 is 2, of 0 at 1 is 4). */
START_TEST(places_on_a_line)
{
    static const float x[] = {0, 1, 3, 7, 15}, e[] = {0, 3, 4, 6, -1};
    static const int64_t ks[] = {1, 2};
    const conceptdec_matrix mx = view(x, 5, 1), me = view(e, 5, 1);
    conceptdec_quality_options o = {.struct_size = sizeof o, .ks = ks, .n_ks = 2};
    conceptdec_result *r = NULL;
    OK(conceptdec_embedding_quality(ctx, &mx, &me, &o, &r));
    /* In x the nearest are 1, 0, 1, 2, 3. Row 0 has 4, of rank 4: 3 beyond. Row 1 has 2, of rank 2. Row 4 has 0, of
     * rank 4: 3 beyond. Rows 2 and 3 keep theirs. n k (2 n - 3 k - 1) / 2 = 15. */
    near(values(r, CONCEPTDEC_R_TRUSTWORTHINESS)[0], 1 - 7.0 / 15);
    /* In the picture row 0 finds 1 at rank 2, row 1 finds 0 at rank 2 or 3 (3 and 0 are both 3 away: mean rank 2.5),
     * row 4 finds 3 at rank 4. */
    near(values(r, CONCEPTDEC_R_CONTINUITY)[0], 1 - (1 + 1.5 + 3) / 15);
    near(values(r, CONCEPTDEC_R_KNN_PRESERVATION)[0], 2.0 / 5);
    near(values(r, CONCEPTDEC_R_R_NX)[0], (4 * 0.4 - 1) / 3);
    /* k = 2: neighbourhoods in x {1 2}, {0 2}, {1 0}, {2 1}, {3 2}; in the picture {4 1}, {2 and half of 0 and 3}, {1
     * 3}, {2 1}, {0 1}. */
    near(values(r, CONCEPTDEC_R_KNN_PRESERVATION)[1], (1 + 1.5 + 1 + 2 + 0) / 10);
    conceptdec_result_free(r);
}
END_TEST

/* Two places of three rows each in x; a picture that has all six apart on a line. */
START_TEST(duplicates_share_places)
{
    static const float x[] = {0, 0, 0, 5, 5, 5}, e[] = {0, 1, 3, 10, 11, 13};
    static const int64_t ks[] = {1, 2};
    const conceptdec_matrix mx = view(x, 6, 1), me = view(e, 6, 1);
    conceptdec_quality_options o = {.struct_size = sizeof o, .ks = ks, .n_ks = 2};
    conceptdec_result *r = NULL;
    OK(conceptdec_embedding_quality(ctx, &mx, &me, &o, &r));
    /* k = 1: the nearest in the picture is one of two duplicates, which share the place: half of it is kept, and half
     * is beyond by the mean rank 1.5 less 1. */
    near(values(r, CONCEPTDEC_R_KNN_PRESERVATION)[0], 0.5);
    near(values(r, CONCEPTDEC_R_TRUSTWORTHINESS)[0], 1 - 2.0 / (6 * 1 * (12 - 3 - 1)) * 6 * 0.5 * 0.5);
    near(values(r, CONCEPTDEC_R_KNN_PRESERVATION)[1], 1);
    ck_assert(values(r, CONCEPTDEC_R_TRUSTWORTHINESS)[1] >= 1 && values(r, CONCEPTDEC_R_CONTINUITY)[1] >= 1);
    conceptdec_result_free(r);
}
END_TEST

/* A picture of one point knows nothing: all scores are those of chance. */
START_TEST(one_point_is_chance)
{
    static float x[40], e[40];
    const conceptdec_matrix mx = view(x, 40, 1), me = view(e, 40, 1);
    const conceptdec_quality_options o = {.struct_size = sizeof o};
    conceptdec_result *r = NULL;
    for (int i = 0; i < 40; i++)
        x[i] = (float)pow(1.1, i);
    OK(conceptdec_embedding_quality(ctx, &mx, &me, &o, &r));
    near(values(r, CONCEPTDEC_R_KNN_PRESERVATION)[0], 15.0 / 39);
    near(values(r, CONCEPTDEC_R_R_NX)[0], 0);
    near(values(r, CONCEPTDEC_R_TRUSTWORTHINESS)[0], 1 - 2.0 / (40 * 15 * 34) * 40 * (15.0 / 39) * (24 * 25 / 2));
    conceptdec_result_free(r);
}
END_TEST

/* Decodability of both spaces is that of the function for it. */
START_TEST(labels_are_scored_in_both)
{
    static float x[60 * 3], e[60 * 2];
    static int64_t labels[60];
    static const int64_t ks[] = {7, 3};
    const conceptdec_matrix y = {
        .data = labels, .rows = 60, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    const conceptdec_matrix both[] = {view(x, 60, 3), view(e, 60, 2)};
    const conceptdec_quality_options o = {.struct_size = sizeof o, .ks = ks, .n_ks = 2, .labels = &y};
    const conceptdec_knn_options knn = {.struct_size = sizeof knn, .ks = ks, .n_ks = 2};
    static const char *const names[] = {CONCEPTDEC_R_DECODABILITY, CONCEPTDEC_R_DECODABILITY_EMBEDDED};
    conceptdec_result *r = NULL, *plain = NULL;
    for (int i = 0; i < 60; i++) {
        labels[i] = i % 5 == 4 ? -1 : i % 3;
        x[3 * i] = e[2 * i] = (float)(i * 37 % 61);
        x[3 * i + 1] = (float)(20 * labels[i]);
        e[2 * i + 1] = (float)(i * 11 % 7);
    }
    OK(conceptdec_embedding_quality(ctx, &both[0], &both[1], &o, &r));
    for (int s = 0; s < 2; s++) {
        OK(conceptdec_knn_decodability(ctx, &both[s], &y, &knn, &plain));
        ck_assert_mem_eq(values(r, names[s]), values(plain, CONCEPTDEC_R_DECODABILITY), 2 * sizeof(double));
        conceptdec_result_free(plain);
    }
    ck_assert(values(r, names[0])[0] > values(r, names[1])[0]);
    conceptdec_result_free(r);
}
END_TEST

/* ---- against the definition ---- */

enum { N = 330, D = 20 };

typedef enum { PLAIN, INTEGERS, COLLAPSED, FAR_ROWS, CLUSTERS, FEW_PLACES, LONG, KINDS } kind;

static uint64_t state;

static double
uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

static double
noise(void)
{
    return uniform() + uniform() + uniform() + uniform() - 2;
}

static float
element(kind data, int64_t i, int64_t j)
{
    switch (data) {
    case INTEGERS:
        return j < 3 ? (float)floor(3 * uniform()) : 0;
    case FAR_ROWS:
        return (float)(i % 40 == 0 ? 1e7 * noise() : noise());
    case CLUSTERS:
        return (float)((double)(i % 4 * (j + 1)) + 1e-5 * noise());
    case FEW_PLACES:
        return (float)(i % 7 * (j % 3) + i % 5);
    case LONG:
        return (float)(1000 + noise());
    default:
        return (float)noise();
    }
}

static void
fill(kind data, float *x, float *e)
{
    state = 5 + (uint64_t)data;
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < D; j++)
            x[i * D + j] = element(data, i, j);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < 2; j++)
            e[i * 2 + j] = data == INTEGERS     ? (float)floor(5 * uniform())
                           : data == COLLAPSED  ? (float)(i % 3)
                           : data == FEW_PLACES ? (float)floor(40 * uniform())
                                                : x[i * D + j] / (float)(data == FAR_ROWS && i % 40 == 0 ? 1e7 : 1) +
                                                      (float)(0.3 * noise());
}

static void
expect_definition(const float *x, const float *e, const conceptdec_quality_options *o)
{
    const conceptdec_matrix mx = view(x, N, D), me = view(e, N, 2);
    brute_ranks in_x = brute_ranks_of(x, N, D, o->metric == CONCEPTDEC_METRIC_COSINE),
                in_e = brute_ranks_of(e, N, 2, 0);
    conceptdec_result *r = NULL;
    OK(conceptdec_embedding_quality(ctx, &mx, &me, o, &r));
    for (int64_t i = 0; i < o->n_ks; i++) {
        int64_t k = o->ks[i];
        double kept = brute_preservation(&in_x, &in_e, k);
        near(values(r, CONCEPTDEC_R_TRUSTWORTHINESS)[i], brute_trust(&in_x, &in_e, k));
        near(values(r, CONCEPTDEC_R_CONTINUITY)[i], brute_trust(&in_e, &in_x, k));
        near(values(r, CONCEPTDEC_R_KNN_PRESERVATION)[i], kept);
        near(values(r, CONCEPTDEC_R_R_NX)[i], ((N - 1) * kept - (double)k) / (double)(N - 1 - k));
    }
    conceptdec_result_free(r);
    brute_free(&in_x);
    brute_free(&in_e);
}

/* _i: the data. */
START_TEST(hard_data_as_defined)
{
    static float x[N * D], e[N * 2];
    static const int64_t ks[] = {15, 1, 60, 164};
    fill((kind)_i, x, e);
    conceptdec_quality_options o = {.struct_size = sizeof o, .ks = ks, .n_ks = 4};
    expect_definition(x, e, &o);
    o.n_ks = 2;
    expect_definition(x, e, &o);
}
END_TEST

/* Zero rows are at distance 1 from every row. */
START_TEST(cosine_as_defined)
{
    static float x[N * D], e[N * 2];
    static const int64_t ks[] = {15, 60};
    const conceptdec_quality_options o = {
        .struct_size = sizeof o, .ks = ks, .n_ks = 2, .metric = CONCEPTDEC_METRIC_COSINE};
    fill(_i ? FAR_ROWS : PLAIN, x, e);
    memset(x + 7 * D, 0, 3 * D * sizeof *x);
    expect_definition(x, e, &o);
}
END_TEST

/* Batches of rows give what one gives. */
START_TEST(little_memory_is_enough)
{
    static float x[N * D], e[N * 2];
    static const int64_t ks[] = {5, 100};
    conceptdec_quality_options o = {.struct_size = sizeof o, .ks = ks, .n_ks = 2, .memory = 1400000};
    fill((kind)_i, x, e);
    expect_definition(x, e, &o);
    const conceptdec_matrix mx = view(x, N, D), me = view(e, N, 2);
    conceptdec_result *r = NULL;
    o.memory = 1000;
    ck_assert_int_eq(conceptdec_embedding_quality(ctx, &mx, &me, &o, &r), CONCEPTDEC_ENOMEM);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "memory: 1000 bytes, at least "));
    ck_assert_ptr_null(r);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("quality");
    TCase *tests = tcase_create("quality");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, places_on_a_line);
    tcase_add_test(tests, duplicates_share_places);
    tcase_add_test(tests, one_point_is_chance);
    tcase_add_test(tests, labels_are_scored_in_both);
    tcase_add_loop_test(tests, hard_data_as_defined, 0, KINDS);
    tcase_add_loop_test(tests, cosine_as_defined, 0, 2);
    tcase_add_loop_test(tests, little_memory_is_enough, 0, KINDS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
