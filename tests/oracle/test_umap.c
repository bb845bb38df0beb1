/* The fuzzy graph and the curve against values that a script computed by itself (generate_umap.py). */
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"
#include "projection/umap.h"
#include "umap.h"

static const conceptdec_matrix rows = {.data = umap_rows,
                                       .rows = UMAP_N,
                                       .cols = UMAP_D,
                                       .row_stride = 8 * UMAP_D,
                                       .col_stride = 8,
                                       .dtype = CONCEPTDEC_FLOAT64};
static int64_t label_values[UMAP_N];
static const conceptdec_matrix labels = {
    .data = label_values, .rows = UMAP_N, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};

static conceptdec_umap *
fit(conceptdec_ctx *ctx, int which)
{
    conceptdec_umap_options options = {.struct_size = sizeof options,
                                       .given = (uint64_t)1 << 4 /* no epochs */,
                                       .n_neighbors = UMAP_K,
                                       .init = CONCEPTDEC_UMAP_RANDOM};
    conceptdec_umap *umap = NULL;
    options.flags = which == 1 ? CONCEPTDEC_UMAP_SELF_COUNTED : 0;
    options.local_connectivity = which == 2 ? 1.5 : 0;
    options.mix = which == 3 ? 0.25 : 0;
    options.labels = which == 4 ? &labels : NULL;
    for (int i = 0; i < UMAP_N; i++)
        label_values[i] = i % 4 - 1;
    ck_assert_int_eq(conceptdec_umap_new(ctx, &rows, &options, &umap), CONCEPTDEC_OK);
    return umap;
}

static conceptdec_array
array_of(const conceptdec_umap *umap, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_umap_get(umap, name, &array), CONCEPTDEC_OK);
    return array;
}

static void
expect_close(double found, double wanted, const char *what, int64_t where)
{
    ck_assert_msg(fabs(found - wanted) <= 1e-8 * fmax(1, fabs(wanted)), "%s, %lld: %.15g, not %.15g", what,
                  (long long)where, found, wanted);
}

START_TEST(graphs)
{
    static double found[UMAP_N * UMAP_N];
    conceptdec_ctx *ctx = NULL;
    memset(found, 0, sizeof found);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_umap *umap = fit(ctx, _i);
    const conceptdec_array edges = array_of(umap, CONCEPTDEC_U_GRAPH_WEIGHTS);
    const int64_t *from = array_of(umap, CONCEPTDEC_U_GRAPH_ROWS).data;
    const int64_t *to = array_of(umap, CONCEPTDEC_U_GRAPH_COLUMNS).data;
    for (int64_t e = 0; e < edges.shape[0]; e++) {
        ck_assert(e == 0 || from[e] > from[e - 1] || (from[e] == from[e - 1] && to[e] > to[e - 1]));
        found[from[e] * UMAP_N + to[e]] = ((const double *)edges.data)[e];
    }
    for (int64_t i = 0; i < UMAP_N * UMAP_N; i++)
        expect_close(found[i], umap_graphs[_i][i], "weight", i);
    conceptdec_umap_free(umap);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(scales)
{
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_umap *umap = fit(ctx, 0);
    for (int64_t i = 0; i < UMAP_N; i++) {
        expect_close(((const double *)array_of(umap, CONCEPTDEC_U_RHO).data)[i], umap_rho[i], "rho", i);
        expect_close(((const double *)array_of(umap, CONCEPTDEC_U_SIGMA).data)[i], umap_sigma[i], "sigma", i);
    }
    conceptdec_umap_free(umap);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(curves)
{
    double curve[2];
    conceptdec_i_umap_curve(umap_curves[_i][0], umap_curves[_i][1], curve);
    ck_assert_double_eq_tol(curve[0], umap_curves[_i][2], 1e-6 * umap_curves[_i][2]);
    ck_assert_double_eq_tol(curve[1], umap_curves[_i][3], 1e-6 * umap_curves[_i][3]);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("umap");
    TCase *tests = tcase_create("oracle");
    tcase_add_loop_test(tests, graphs, 0, UMAP_CASES);
    tcase_add_test(tests, scales);
    tcase_add_loop_test(tests, curves, 0, UMAP_CURVES);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
