/* Hard data at a size where int8 tiles, clusters and several tiles a side are used: the same table, bit for bit,
 * whatever screens, and no flood of refined candidates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { N = 1500, D = 72, K = 10 };

typedef enum {
    SPECTRUM,        /* variances fall like 1 / i */
    NEAR_DUPLICATES, /* four clusters, 10^-5 wide, far from each other */
    OFFSET,          /* 1,000 from the origin */
    HUGE_ROWS,       /* every 50th row is 10^4 times as long */
    HUGE_DIMENSIONS, /* two columns are 10^4 times as wide */
    HALF_IDENTICAL,
    FEW_VALUES,      /* elements -1, 0, 1: many ties */
    SUBNORMAL,       /* float16 below its normal range */
    KINDS
} kind;

static uint64_t state;

static double
normal(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(state >> 11) * 0x1p-53;
    }
    return sum - 6;
}

static double
element(kind data, int64_t row, int64_t column, double noise)
{
    switch (data) {
    case NEAR_DUPLICATES:
        return ((row % 4 >> column % 2) % 2 ? 3.0 : -3.0) + 1e-5 * noise;
    case OFFSET:
        return 1000 + noise;
    case HUGE_ROWS:
        return row % 50 == 0 ? 1e4 * noise : noise;
    case HUGE_DIMENSIONS:
        return column < 2 ? 1e4 * noise : noise;
    case FEW_VALUES:
        return noise > 1.5 ? 1 : noise < -1.5 ? -1 : 0;
    case SUBNORMAL:
        return rint(noise * 100) * 0x1p-24;
    default:
        return noise / sqrt(1.0 + (double)column);
    }
}

static void
fill(kind data, float *x)
{
    state = 77 + (uint64_t)data;
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < D; j++)
            x[i * D + j] = (float)element(data, i, j, normal());
    for (int64_t i = 0; data == HALF_IDENTICAL && i < N; i += 2)
        memcpy(x + i * D, x, D * sizeof *x);
}

typedef struct {
    int64_t indices[N * K], ties[N];
    double distances[N * K];
    int64_t screening, refined;
} table;

static const void *
get(const conceptdec_neighbors *t, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_neighbors_get(t, name, &array), CONCEPTDEC_OK);
    return array.data;
}

static void
search(const conceptdec_matrix *x, int32_t metric, uint32_t screening, uint32_t mask, int32_t threads, table *out)
{
    const conceptdec_ctx_options wishes = {
        .struct_size = sizeof wishes, .threads = threads, .kernel_mask = mask, .screening = screening};
    const conceptdec_neighbors_options o = {.struct_size = sizeof o, .k = K, .metric = metric};
    conceptdec_ctx *ctx = NULL;
    conceptdec_neighbors *t = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&wishes, &ctx), CONCEPTDEC_OK);
    ck_assert_msg(conceptdec_neighbors_new(ctx, x, NULL, &o, &t) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    memset(out, 0, sizeof *out);
    memcpy(out->indices, get(t, CONCEPTDEC_N_INDICES), sizeof out->indices);
    memcpy(out->distances, get(t, CONCEPTDEC_N_DISTANCES), sizeof out->distances);
    memcpy(out->ties, get(t, CONCEPTDEC_N_TIES), sizeof out->ties);
    out->screening = *(const int64_t *)get(t, CONCEPTDEC_N_SCREENING);
    out->refined = *(const int64_t *)get(t, CONCEPTDEC_N_N_REFINED);
    conceptdec_neighbors_free(t);
    conceptdec_ctx_free(ctx);
}

static void
expect_same(const table *a, const table *b)
{
    ck_assert_mem_eq(a->indices, b->indices, sizeof a->indices);
    ck_assert_mem_eq(a->distances, b->distances, sizeof a->distances);
    ck_assert_mem_eq(a->ties, b->ties, sizeof a->ties);
}

static conceptdec_matrix
view(const float *x)
{
    return (conceptdec_matrix){
        .data = x, .rows = N, .cols = D, .row_stride = 4 * D, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
}

/* _i: kind and metric. */
START_TEST(the_same_table)
{
    static float x[N * D];
    static table wanted, found;
    static const int32_t threads[] = {1, 2, 3, 5, 16};
    const conceptdec_matrix m = view(x);
    const int32_t metric = _i % 2;
    fill((kind)(_i / 2), x);
    search(&m, metric, CONCEPTDEC_SCREENING_FLOAT64, CONCEPTDEC_KERNEL_PORTABLE, 2, &wanted);
    for (uint32_t s = CONCEPTDEC_SCREENING_AUTO; s <= CONCEPTDEC_SCREENING_FLOAT64; s++)
        for (int t = 0; t < 5; t++) {
            search(&m, metric, s, 0, threads[t], &found);
            expect_same(&wanted, &found);
        }
    search(&m, metric, CONCEPTDEC_SCREENING_INT8, CONCEPTDEC_KERNEL_PORTABLE, 2, &found);
    expect_same(&wanted, &found);
}
END_TEST

/* What int8 screens by itself, with elements of six or of seven bits, and at what price. */
START_TEST(int8_is_enough)
{
    static const kind easy[] = {SPECTRUM, HUGE_DIMENSIONS, OFFSET, HUGE_ROWS, HALF_IDENTICAL, SUBNORMAL};
    static float x[N * D];
    static table found;
    const conceptdec_matrix m = view(x);
    fill(easy[_i], x);
    search(&m, CONCEPTDEC_METRIC_L2, CONCEPTDEC_SCREENING_INT8, 0, 2, &found);
    ck_assert_int_eq(found.screening, CONCEPTDEC_SCREENING_INT8);
    ck_assert_msg(found.refined < 8 * N * K, "kind %d: %lld refined", (int)easy[_i], (long long)found.refined);
}
END_TEST

/* Noise without any structure, in four places: by what can be counted beforehand. */
START_TEST(near_duplicates_cost_little)
{
    static float x[N * D];
    static table found;
    const conceptdec_matrix m = view(x);
    fill(NEAR_DUPLICATES, x);
    search(&m, CONCEPTDEC_METRIC_L2, CONCEPTDEC_SCREENING_AUTO, 0, 2, &found);
    ck_assert_int_lt(found.refined, 8 * N * K);
}
END_TEST

/* Where quantising cannot pay, and where the processor has no int8 products. */
START_TEST(others_are_left_to_float32)
{
    static float x[N * D];
    static table found;
    conceptdec_matrix m = view(x);
    fill(SPECTRUM, x);
    search(&m, CONCEPTDEC_METRIC_L2, CONCEPTDEC_SCREENING_AUTO, CONCEPTDEC_KERNEL_PORTABLE, 2, &found);
    ck_assert_int_eq(found.screening, CONCEPTDEC_SCREENING_FLOAT32);
    m.cols = 16;
    search(&m, CONCEPTDEC_METRIC_L2, CONCEPTDEC_SCREENING_AUTO, 0, 2, &found);
    ck_assert_int_eq(found.screening, CONCEPTDEC_SCREENING_FLOAT32);
    ck_assert_int_lt(found.refined, 8 * N * K);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("identity: screening");
    TCase *tests = tcase_create("hard data");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, the_same_table, 0, 2 * KINDS);
    tcase_add_loop_test(tests, int8_is_enough, 0, 6);
    tcase_add_test(tests, near_duplicates_cost_little);
    tcase_add_test(tests, others_are_left_to_float32);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
