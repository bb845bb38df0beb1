/* Defaults that are written out where they play no part: they change nothing and may stand, in every function whose
 * options are refused there. What differs from them is refused; the test_bad_* have that. */
#include <math.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { N = 24, D = 3 };

static conceptdec_ctx *ctx;
static double values[N * D];
static int64_t classes[N];
static conceptdec_matrix x, labels;

static conceptdec_status
drop(conceptdec_status status, conceptdec_result **result)
{
    conceptdec_result_free(*result);
    return status;
}

static conceptdec_status
score_neighbors(void)
{
    const conceptdec_knn_options o = {.struct_size = sizeof o, .k = 3, .confidence = 0.95, .temperature = 0.07};
    conceptdec_result *result = NULL;
    return drop(conceptdec_knn_decodability(ctx, &x, &labels, &o, &result), &result);
}

static conceptdec_status
score_probe(void)
{
    const conceptdec_probe_options o = {.struct_size = sizeof o,
                                        .given = (uint64_t)1 << 21, /* permute "free" */
                                        .kind = CONCEPTDEC_PROBE_RIDGE,
                                        .confidence = 0.95,
                                        .max_iterations = 100,
                                        .tolerance = 1e-12};
    conceptdec_result *result = NULL;
    return drop(conceptdec_probe(ctx, &x, &labels, &o, &result), &result);
}

static conceptdec_status
compare_views(void)
{
    const conceptdec_similarity_options o = {.struct_size = sizeof o,
                                             .given = (uint64_t)1 << 18, /* permute "free" */
                                             .bandwidth = 1,
                                             .confidence = 0.95};
    conceptdec_result *result = NULL;
    return drop(conceptdec_similarity(ctx, &x, 1, NULL, 0, &o, &result), &result);
}

static conceptdec_status
overlap_concepts(void)
{
    const conceptdec_overlap_options o = {.struct_size = sizeof o,
                                          .given = (uint64_t)1 << 5 | (uint64_t)1 << 7, /* seed 0, permute "free" */
                                          .confidence = 0.95};
    conceptdec_result *result = NULL;
    return drop(conceptdec_subspace_overlap(ctx, &x, 1, &labels, &o, &result), &result);
}

static conceptdec_status
overlap_subspaces(void)
{
    const conceptdec_subspaces_options how = {.struct_size = sizeof how, .rank = 1};
    const conceptdec_overlap_options o = {.struct_size = sizeof o, .given = (uint64_t)1 << 5, .confidence = 0.95};
    conceptdec_subspaces *a = NULL;
    conceptdec_result *result = NULL;
    ck_assert_int_eq(conceptdec_subspaces_new(ctx, &x, 1, &labels, &how, &a), CONCEPTDEC_OK);
    const conceptdec_status status = conceptdec_subspaces_overlap(ctx, a, NULL, &o, &result);
    conceptdec_subspaces_free(a);
    return drop(status, &result);
}

static conceptdec_status
find_means(void)
{
    const conceptdec_subspaces_options o = {
        .struct_size = sizeof o, .given = (uint64_t)1 << 4, .basis = CONCEPTDEC_BASIS_MEANS}; /* seed 0 */
    conceptdec_subspaces *a = NULL;
    const conceptdec_status status = conceptdec_subspaces_new(ctx, &x, 1, &labels, &o, &a);
    conceptdec_subspaces_free(a);
    return status;
}

static conceptdec_status
find_vectors(void)
{
    const conceptdec_vectors_options o = {
        .struct_size = sizeof o, .given = (uint64_t)1 << 7, .confidence = 0.95}; /* seed 0 */
    conceptdec_result *result = NULL;
    return drop(conceptdec_concept_vectors(ctx, &x, &labels, &o, &result), &result);
}

static conceptdec_status
measure_shape(void)
{
    const conceptdec_geometry_options o = {.struct_size = sizeof o,
                                           .given = (uint64_t)1 << 11, /* metric "l2" */
                                           .k = 20,
                                           .hub_k = 10,
                                           .discard = 0.1,
                                           .flags = CONCEPTDEC_GEOMETRY_NO_NEIGHBORS};
    conceptdec_result *result = NULL;
    return drop(conceptdec_geometry(ctx, &x, NULL, &o, &result), &result);
}

static conceptdec_status
find_components(void)
{
    const conceptdec_pca_options o = {
        .struct_size = sizeof o, .max_iterations = 40, .tolerance = 1e-5, .solver = CONCEPTDEC_PCA_COVARIANCE};
    conceptdec_pca *pca = NULL;
    const conceptdec_status status = conceptdec_pca_new(ctx, &x, &o, &pca);
    conceptdec_pca_free(pca);
    return status;
}

static conceptdec_status
embed(void)
{
    const conceptdec_umap_options o = {.struct_size = sizeof o,
                                       .given = (uint64_t)1 << 4, /* epochs 0 */
                                       .n_neighbors = 4,
                                       .negative_samples = 5,
                                       .learning_rate = 1,
                                       .repulsion = 1,
                                       .target_weight = 0.5,
                                       .alignment = 0.01,
                                       .window = 2};
    conceptdec_umap *umap = NULL;
    const conceptdec_status status = conceptdec_umap_new(ctx, &x, &o, &umap);
    conceptdec_umap_free(umap);
    return status;
}

static conceptdec_status (*const calls[])(void) = {score_neighbors,   score_probe, compare_views, overlap_concepts,
                                                   overlap_subspaces, find_means,  find_vectors,  measure_shape,
                                                   find_components,   embed};

START_TEST(they_may_stand)
{
    const conceptdec_status status = calls[_i]();
    ck_assert_msg(status == CONCEPTDEC_OK, "call %d: %s", _i, conceptdec_ctx_error(ctx));
}
END_TEST

static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    for (int i = 0; i < N * D; i++)
        values[i] = sin(i * i + 1.0);
    for (int i = 0; i < N; i++)
        classes[i] = i % 2;
    x = (conceptdec_matrix){.data = values, .rows = N, .cols = D, .row_stride = 8 * D, .col_stride = 8,
                            .dtype = CONCEPTDEC_FLOAT64};
    labels = (conceptdec_matrix){.data = classes, .rows = N, .cols = 1, .row_stride = 8, .col_stride = 8,
                                 .dtype = CONCEPTDEC_INT64};
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("written_defaults");
    TCase *tests = tcase_create("defaults");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, they_may_stand, 0, (int)(sizeof calls / sizeof *calls));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
