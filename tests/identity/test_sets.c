/* The same results from every set of kernels that the processor has, small enough for a processor that is emulated:
 * tables, votes, draws and places to the last bit, fits to what rounding leaves. */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "kernels/kernels.h"

enum { N = 330, D = 45, FEW = 12, CLASSES = 3, SETS = 6 };

/* The first is what the others are compared with. */
static const uint32_t sets[SETS] = {
    CONCEPTDEC_KERNEL_PORTABLE,
    CONCEPTDEC_KERNEL_AVX2,
    CONCEPTDEC_KERNEL_AVX512,
    CONCEPTDEC_KERNEL_AVX2 | CONCEPTDEC_KERNEL_AVXVNNI,
    CONCEPTDEC_KERNEL_AVX512 | CONCEPTDEC_KERNEL_AVX512VNNI,
    CONCEPTDEC_KERNEL_NEON_DOTPROD,
};

/* The i-th of them, or 0 where this processor does not have it. */
static uint32_t
set_of(int i)
{
    return sets[i] & ~conceptdec_i_kernels_available() ? 0 : sets[i];
}

#define FOR_EACH_SET(kernels)                                                                                          \
    for (int set_index = 0; set_index < SETS; set_index++)                                                             \
        for (uint32_t kernels = set_of(set_index); kernels; kernels = 0)

static double values[N * D];
static float singles[N * D];
static int64_t label_values[N];

static conceptdec_matrix
rows_of(const void *data, int32_t dtype, int64_t size)
{
    return (conceptdec_matrix){
        .data = data, .rows = N, .cols = D, .row_stride = size * D, .col_stride = size, .dtype = dtype};
}

static const conceptdec_matrix labels = {
    .data = label_values, .rows = N, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};

/* One cloud for each class, which overlap. */
static void
fill(void)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 1, 1, 1);
    for (int64_t i = 0; i < N; i++) {
        label_values[i] = i % CLASSES;
        for (int64_t j = 0; j < D; j++)
            values[i * D + j] = conceptdec_i_rng_unit(&rng) + (j == i % CLASSES ? 0.5 : 0);
    }
    for (int64_t i = 0; i < N * D; i++)
        singles[i] = (float)values[i];
}

static conceptdec_ctx *
context_of(uint32_t kernels, uint32_t screening)
{
    conceptdec_ctx_options options = {
        .struct_size = sizeof options, .threads = 1, .kernel_mask = kernels, .screening = screening};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

/* Those of `b` are those of `a`, or off by no more than `tolerance` where it is above 0. */
static void
check_array(const char *name, uint32_t kernels, const conceptdec_array *a, const conceptdec_array *b, double tolerance)
{
    int64_t count = 1;
    ck_assert_int_eq(a->ndim, b->ndim);
    for (int32_t i = 0; i < a->ndim; i++) {
        ck_assert_int_eq(a->shape[i], b->shape[i]);
        count *= a->shape[i];
    }
    if (!(tolerance > 0)) {
        ck_assert_msg(memcmp(a->data, b->data, (size_t)count * 8) == 0, "%s: kernels %u", name, kernels);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const double x = ((const double *)a->data)[i], y = ((const double *)b->data)[i];
        ck_assert_msg(fabs(x - y) <= tolerance * (1 + fabs(x)), "%s: kernels %u: %.17g, not %.17g", name, kernels, y,
                      x);
    }
}

typedef struct name {
    const char *name;
    double tolerance;
} name;

static void
check_result(uint32_t kernels, const conceptdec_result *a, const conceptdec_result *b, const name *names)
{
    for (; names->name; names++) {
        conceptdec_array x, y;
        ck_assert_int_eq(conceptdec_result_get(a, names->name, &x), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_result_get(b, names->name, &y), CONCEPTDEC_OK);
        check_array(names->name, kernels, &x, &y, names->tolerance);
    }
}

/* ---- tables ---- */

static conceptdec_neighbors *
table_of(uint32_t kernels, uint32_t screening, const conceptdec_matrix *x)
{
    const conceptdec_neighbors_options options = {.struct_size = sizeof options, .k = 7};
    conceptdec_ctx *ctx = context_of(kernels, screening);
    conceptdec_neighbors *table = NULL;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, x, NULL, &options, &table), CONCEPTDEC_OK);
    conceptdec_ctx_free(ctx);
    return table;
}

static void
check_tables(const conceptdec_matrix *x)
{
    static const char *const names[] = {CONCEPTDEC_N_INDICES, CONCEPTDEC_N_DISTANCES};
    conceptdec_neighbors *expected = table_of(CONCEPTDEC_KERNEL_PORTABLE, CONCEPTDEC_SCREENING_FLOAT64, x);
    FOR_EACH_SET(kernels)
    for (uint32_t screening = CONCEPTDEC_SCREENING_INT8; screening <= CONCEPTDEC_SCREENING_FLOAT64; screening++) {
        conceptdec_neighbors *table = table_of(kernels, screening, x);
        for (int i = 0; i < 2; i++) {
            conceptdec_array a, b;
            ck_assert_int_eq(conceptdec_neighbors_get(expected, names[i], &a), CONCEPTDEC_OK);
            ck_assert_int_eq(conceptdec_neighbors_get(table, names[i], &b), CONCEPTDEC_OK);
            check_array(names[i], kernels, &a, &b, 0);
        }
        conceptdec_neighbors_free(table);
    }
    conceptdec_neighbors_free(expected);
}

/* Halves are made of the bits of small floats: values in [1, 2) and [-2, -1). */
START_TEST(tables_have_the_same_bits)
{
    static uint16_t halves[N * D];
    fill();
    for (int64_t i = 0; i < N * D; i++)
        halves[i] = (uint16_t)(0x3c00 + (int)(values[i] * 0x1p9) % 0x400 + (i % 3 ? 0 : 0x8000));
    const conceptdec_matrix all[] = {
        rows_of(values, CONCEPTDEC_FLOAT64, 8),
        rows_of(singles, CONCEPTDEC_FLOAT32, 4),
        rows_of(halves, CONCEPTDEC_FLOAT16, 2),
        rows_of(halves, CONCEPTDEC_BFLOAT16, 2),
    };
    check_tables(&all[_i]);
}
END_TEST

/* ---- results ---- */

typedef conceptdec_status ask(conceptdec_ctx *ctx, const conceptdec_matrix *x, conceptdec_result **result);

static void
check_results(ask *of, const name *names)
{
    conceptdec_result *expected = NULL, *result = NULL;
    fill();
    const conceptdec_matrix x = rows_of(singles, CONCEPTDEC_FLOAT32, 4);
    FOR_EACH_SET(kernels)
    {
        conceptdec_ctx *ctx = context_of(kernels, 0);
        ck_assert_int_eq(of(ctx, &x, kernels == sets[0] ? &expected : &result), CONCEPTDEC_OK);
        if (kernels != sets[0])
            check_result(kernels, expected, result, names);
        conceptdec_result_free(result);
        result = NULL;
        conceptdec_ctx_free(ctx);
    }
    conceptdec_result_free(expected);
}

static conceptdec_status
ask_votes(conceptdec_ctx *ctx, const conceptdec_matrix *x, conceptdec_result **result)
{
    const conceptdec_knn_options options = {.struct_size = sizeof options, .permutations = 70};
    return conceptdec_knn_decodability(ctx, x, &labels, &options, result);
}

START_TEST(votes_and_draws_are_the_same)
{
    static const name names[] = {
        {CONCEPTDEC_R_DECODABILITY, 0}, {CONCEPTDEC_R_NULL, 0}, {CONCEPTDEC_R_P_VALUE, 0}, {NULL, 0}};
    check_results(ask_votes, names);
}
END_TEST

#ifdef CONCEPTDEC_HAVE_BLAS
static conceptdec_status
ask_probe(conceptdec_ctx *ctx, const conceptdec_matrix *x, int32_t kind, int64_t permutations,
          conceptdec_result **result)
{
    const double lambdas[] = {1e-3, 1e-1};
    const conceptdec_probe_options options = {
        .struct_size = sizeof options,
        .given = (uint64_t)(kind == CONCEPTDEC_PROBE_RIDGE) << 18, /* leaves one row out */
        .kind = kind,
        .lambdas = lambdas,
        .n_lambdas = 2,
        .permutations = permutations,
    };
    return conceptdec_probe(ctx, x, &labels, &options, result);
}

/* So many draws that their credits are found in int16. */
static conceptdec_status
ask_ridge(conceptdec_ctx *ctx, const conceptdec_matrix *x, conceptdec_result **result)
{
    return ask_probe(ctx, x, CONCEPTDEC_PROBE_RIDGE, 270, result);
}

/* Of few columns: fits take the time. */
static conceptdec_status
ask_logistic(conceptdec_ctx *ctx, const conceptdec_matrix *x, conceptdec_result **result)
{
    conceptdec_matrix few = *x;
    few.cols = FEW;
    return ask_probe(ctx, &few, CONCEPTDEC_PROBE_LOGISTIC, 1, result);
}

static const name of_probes[] = {{CONCEPTDEC_R_ACCURACY, 0},
                                 {CONCEPTDEC_R_NULL, 0},
                                 {CONCEPTDEC_R_P_VALUE, 0},
                                 {CONCEPTDEC_R_WEIGHTS, 1e-6},
                                 {NULL, 0}};

START_TEST(ridge_probes_agree)
{
    check_results(ask_ridge, of_probes);
}
END_TEST

START_TEST(logistic_probes_agree)
{
    check_results(ask_logistic, of_probes);
}
END_TEST
#endif

START_TEST(places_have_the_same_bits)
{
    const conceptdec_umap_options options = {
        .struct_size = sizeof options, .epochs = 12, .n_neighbors = 8, .init = CONCEPTDEC_UMAP_RANDOM};
    conceptdec_umap *expected = NULL, *umap = NULL;
    conceptdec_array a, b;
    fill();
    const conceptdec_matrix x = rows_of(values, CONCEPTDEC_FLOAT64, 8);
    FOR_EACH_SET(kernels)
    {
        conceptdec_ctx *ctx = context_of(kernels, 0);
        ck_assert_int_eq(conceptdec_umap_new(ctx, &x, &options, kernels == sets[0] ? &expected : &umap), CONCEPTDEC_OK);
        conceptdec_ctx_free(ctx);
        if (kernels == sets[0])
            continue;
        ck_assert_int_eq(conceptdec_umap_get(expected, CONCEPTDEC_U_EMBEDDING, &a), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_umap_get(umap, CONCEPTDEC_U_EMBEDDING, &b), CONCEPTDEC_OK);
        check_array("embedding", kernels, &a, &b, 0);
        conceptdec_umap_free(umap);
    }
    conceptdec_umap_free(expected);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("identity: sets of kernels");
    TCase *tcase = tcase_create("sets");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, tables_have_the_same_bits, 0, 4);
    tcase_add_test(tcase, votes_and_draws_are_the_same);
#ifdef CONCEPTDEC_HAVE_BLAS
    tcase_add_test(tcase, ridge_probes_agree);
    tcase_add_test(tcase, logistic_probes_agree);
#endif
    tcase_add_test(tcase, places_have_the_same_bits);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)
