/* Sweeps: every cell is what one call for its matrix gives, a bad cell loses no other, cells are compared in pairs. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "check_main.h"
#include "core/core.h"

enum { ROWS = 60, WIDTH = 5, VIEWS = 6, SETS = 2, DRAWS = 40 };

static conceptdec_ctx *ctx;
static float x[VIEWS][ROWS][WIDTH];
static int32_t y[ROWS][SETS], g[ROWS];
static conceptdec_matrix views[VIEWS], labels, groups;

static conceptdec_matrix
integers(const int32_t *data, int64_t cols, int64_t row_length)
{
    return (conceptdec_matrix){
        .data = data, .rows = ROWS, .cols = cols, .row_stride = 4 * row_length, .col_stride = 4,
        .dtype = CONCEPTDEC_INT32,
    };
}

/* Views of growing width, in which the labels stand out more and more. */
static void
setup(void)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 14, CONCEPTDEC_I_RNG_SAMPLE, 0);
    for (int i = 0; i < ROWS; i++) {
        y[i][0] = (int32_t)conceptdec_i_rng_below(&rng, 3);
        y[i][1] = i % 11 == 0 ? -1 : (int32_t)conceptdec_i_rng_below(&rng, 3);
        g[i] = 100 - i / 4;
    }
    for (int v = 0; v < VIEWS; v++) {
        for (int i = 0; i < ROWS * WIDTH; i++)
            (&x[v][0][0])[i] = (float)conceptdec_i_rng_unit(&rng) + 0.2f * (float)(v * y[i / WIDTH][0]);
        views[v] = (conceptdec_matrix){
            .data = x[v], .rows = ROWS, .cols = 2 + v % 4, .row_stride = 4 * WIDTH, .col_stride = 4,
            .dtype = CONCEPTDEC_FLOAT32,
        };
    }
    labels = integers(&y[0][0], 1, SETS);
    groups = integers(g, 1, 1);
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static const int64_t ks[] = {3, 1, 7};

static conceptdec_knn_options
all_options(void)
{
    return (conceptdec_knn_options){
        .struct_size = sizeof(conceptdec_knn_options), .ks = ks, .n_ks = 3, .groups = &groups, .permutations = 20,
        .bootstrap = DRAWS, .seed = 8, .confidence = 0.8, .protocol = CONCEPTDEC_PROTOCOL_KFOLD, .folds = 3,
    };
}

static conceptdec_result *
sweep(const conceptdec_knn_options *knn, const int64_t *shape, int64_t ndim)
{
    conceptdec_sweep_options options = {.struct_size = sizeof options, .knn = knn, .shape = shape, .ndim = ndim};
    conceptdec_result *result = NULL;
    conceptdec_status status = conceptdec_sweep(ctx, views, VIEWS, &labels, &options, &result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "");
    return result;
}

static conceptdec_array
array_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_msg(conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK, "%s is missing", name);
    return array;
}

static const double *
numbers_of(const conceptdec_result *result, const char *name)
{
    ck_assert_int_eq(array_of(result, name).dtype, CONCEPTDEC_FLOAT64);
    return array_of(result, name).data;
}

static int64_t
size_of(const conceptdec_array *array)
{
    int64_t size = 1;
    for (int i = 0; i < array->ndim; i++)
        size *= array->shape[i];
    return size;
}

/* Every array of a single call stands at its place in the sweep, bit for bit. */
static void
check_cell(const conceptdec_result *swept, const conceptdec_result *single, int64_t cell, int grid_axes)
{
    for (int64_t i = 0; i < conceptdec_result_count(single); i++) {
        const char *name = conceptdec_result_name(single, i);
        bool is_common = strcmp(name, CONCEPTDEC_R_K) == 0 || strcmp(name, CONCEPTDEC_R_CLASSES) == 0;
        conceptdec_array one = array_of(single, name), all = array_of(swept, name);
        int axes = is_common ? 0 : grid_axes;
        int64_t size = size_of(&one);
        ck_assert_int_eq(all.dtype, one.dtype);
        ck_assert_int_eq(all.ndim, one.ndim + axes);
        ck_assert_int_eq(size_of(&all), is_common ? size : size * VIEWS);
        for (int axis = 0; axis < one.ndim; axis++)
            ck_assert_int_eq(all.shape[axes + axis], one.shape[axis]);
        const char *place = (const char *)all.data + (is_common ? 0 : 8 * size * cell);
        ck_assert_msg(memcmp(place, one.data, (size_t)(8 * size)) == 0, "%s differs in cell %d", name, (int)cell);
    }
}

static void
check_cells(const conceptdec_knn_options *knn, const int64_t *shape, int64_t ndim)
{
    conceptdec_result *swept = sweep(knn, shape, ndim);
    int grid_axes = shape ? (int)ndim : 1;
    conceptdec_array status = array_of(swept, CONCEPTDEC_R_STATUS);
    ck_assert_int_eq(status.ndim, grid_axes);
    for (int i = 0; i < grid_axes; i++)
        ck_assert_int_eq(status.shape[i], shape ? shape[i] : VIEWS);
    for (int64_t cell = 0; cell < VIEWS; cell++) {
        conceptdec_result *single = NULL;
        ck_assert_int_eq(conceptdec_knn_decodability(ctx, &views[cell], &labels, knn, &single), CONCEPTDEC_OK);
        check_cell(swept, single, cell, grid_axes);
        ck_assert_int_eq(((const int64_t *)status.data)[cell], CONCEPTDEC_OK);
        ck_assert_str_eq(conceptdec_result_message(swept, cell), "");
        conceptdec_result_free(single);
    }
    conceptdec_result_free(swept);
}

START_TEST(cells_equal_single_calls)
{
    const int64_t grid[] = {2, 3}, deep[] = {1, 3, 1, 2};
    conceptdec_knn_options knn = all_options();
    check_cells(NULL, NULL, 0);
    check_cells(NULL, NULL, 1);
    check_cells(&knn, grid, 2);
    check_cells(&knn, deep, 4);
    labels.cols = SETS;
    check_cells(&knn, deep, 4);
}
END_TEST

/* ---- differences ---- */

START_TEST(differences_run_along_the_last_axis)
{
    const int64_t grid[] = {2, 3};
    conceptdec_knn_options knn = all_options();
    labels.cols = SETS;
    conceptdec_result *swept = sweep(&knn, grid, 2);
    const double *decodability = numbers_of(swept, CONCEPTDEC_R_DECODABILITY);
    const double *difference = numbers_of(swept, CONCEPTDEC_R_DIFFERENCE);
    const double *low = numbers_of(swept, CONCEPTDEC_R_DIFFERENCE_LOW);
    const double *high = numbers_of(swept, CONCEPTDEC_R_DIFFERENCE_HIGH);
    ck_assert_int_eq(array_of(swept, CONCEPTDEC_R_DIFFERENCE_LOW).ndim, 4);
    for (int i = 0; i < VIEWS * SETS * 3; i++) {
        if (i / (SETS * 3) % 3 == 0) {
            ck_assert(isnan(difference[i]) && isnan(low[i]) && isnan(high[i]));
            continue;
        }
        ck_assert_double_eq(difference[i], decodability[i] - decodability[i - SETS * 3]);
        ck_assert(low[i] < high[i] && low[i] - 0.2 < difference[i] && difference[i] < high[i] + 0.2);
    }
    conceptdec_result_free(swept);
}
END_TEST

/* Draws are shared: two equal cells differ by nothing in every draw, while each has an interval of some width. */
START_TEST(equal_cells_do_not_differ)
{
    conceptdec_knn_options knn = all_options();
    views[3] = views[2];
    conceptdec_result *swept = sweep(&knn, NULL, 0);
    const double *ci_low = numbers_of(swept, CONCEPTDEC_R_CI_LOW), *ci_high = numbers_of(swept, CONCEPTDEC_R_CI_HIGH);
    for (int k = 9; k < 12; k++) {
        ck_assert_double_eq(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE)[k], 0);
        ck_assert_double_eq(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE_LOW)[k], 0);
        ck_assert_double_eq(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE_HIGH)[k], 0);
        ck_assert_double_lt(ci_low[k], ci_high[k]);
    }
    conceptdec_result_free(swept);
}
END_TEST

/* A cell without any error against one that is always wrong: the difference is 1 in every draw. */
START_TEST(difference_is_later_less_earlier)
{
    conceptdec_knn_options knn = {.struct_size = sizeof knn, .k = 1, .bootstrap = DRAWS};
    for (int i = 0; i < ROWS; i++) {
        y[i][0] = i % 2;
        x[0][i][0] = (float)(i / 2 * 10 + i % 2);     /* the nearest has the other label */
        x[1][i][0] = (float)(i % 2 * 1000 + i);       /* the nearest has the same */
    }
    views[0].cols = views[1].cols = 1;
    conceptdec_result *swept = sweep(&knn, NULL, 0);
    ck_assert_double_eq(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE)[1], 1);
    ck_assert_double_eq(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE_LOW)[1], 1);
    ck_assert_double_eq(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE_HIGH)[1], 1);
    conceptdec_result_free(swept);
}
END_TEST

START_TEST(without_bootstrap_there_is_no_interval)
{
    conceptdec_array array;
    conceptdec_result *swept = sweep(NULL, NULL, 0);
    ck_assert_int_eq(array_of(swept, CONCEPTDEC_R_DIFFERENCE).ndim, 2);
    ck_assert_int_eq(conceptdec_result_get(swept, CONCEPTDEC_R_DIFFERENCE_LOW, &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_result_get(swept, CONCEPTDEC_R_CI_LOW, &array), CONCEPTDEC_ENAME);
    conceptdec_result_free(swept);
}
END_TEST

/* ---- bad cells ---- */

static void
check_lost(const conceptdec_result *swept, int64_t cell, conceptdec_status expected, const char *text)
{
    conceptdec_array status = array_of(swept, CONCEPTDEC_R_STATUS);
    ck_assert_int_eq(((const int64_t *)status.data)[cell], expected);
    ck_assert_str_eq(conceptdec_result_message(swept, cell), text);
    for (int64_t i = 0; i < conceptdec_result_count(swept); i++) {
        const char *name = conceptdec_result_name(swept, i);
        conceptdec_array all = array_of(swept, name);
        if (!strcmp(name, CONCEPTDEC_R_STATUS) || !strcmp(name, CONCEPTDEC_R_K) || !strcmp(name, CONCEPTDEC_R_CLASSES))
            continue;
        int64_t size = size_of(&all) / VIEWS;
        for (int64_t at = cell * size; at < (cell + 1) * size; at++)
            if (all.dtype == CONCEPTDEC_INT64)
                ck_assert_int_eq(((const int64_t *)all.data)[at], -1);
            else
                ck_assert_msg(isnan(((const double *)all.data)[at]), "%s", name);
    }
}

START_TEST(a_bad_cell_loses_no_other)
{
    conceptdec_knn_options knn = all_options();
    x[0][0][1] = NAN;
    x[2][17][0] = INFINITY;
    views[4].rows = ROWS - 1;
    conceptdec_result *swept = sweep(&knn, NULL, 0);
    check_lost(swept, 0, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 0, column 1");
    check_lost(swept, 2, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 17, column 0");
    const int64_t *status = array_of(swept, CONCEPTDEC_R_STATUS).data;
    ck_assert_int_eq(status[4], CONCEPTDEC_ESIZE);
    ck_assert_str_ne(conceptdec_result_message(swept, 4), "");
    for (int cell = 1; cell < VIEWS; cell += 2) {
        conceptdec_result *single = NULL;
        ck_assert_int_eq(conceptdec_knn_decodability(ctx, &views[cell], &labels, &knn, &single), CONCEPTDEC_OK);
        check_cell(swept, single, cell, 1);
        conceptdec_result_free(single);
        for (int k = 0; k < 3; k++) {
            ck_assert(isnan(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE)[3 * cell + k]));
            ck_assert(isnan(numbers_of(swept, CONCEPTDEC_R_DIFFERENCE_LOW)[3 * cell + k]));
        }
    }
    conceptdec_result_free(swept);
}
END_TEST

static void
expect_refusal(const conceptdec_sweep_options *options, int64_t n_views, conceptdec_status expected, const char *text)
{
    char place;
    conceptdec_result *result = (conceptdec_result *)(void *)&place;
    ck_assert_int_eq(conceptdec_sweep(ctx, views, n_views, &labels, options, &result), expected);
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text) != NULL, "%s", conceptdec_ctx_error(ctx));
    ck_assert_ptr_eq(result, &place);
}

START_TEST(all_cells_bad_is_an_error)
{
    for (int v = 0; v < VIEWS; v++)
        x[v][10 + v][0] = NAN;
    expect_refusal(NULL, VIEWS, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 10, column 0");
    views[0].dtype = 99;
    expect_refusal(NULL, VIEWS, CONCEPTDEC_EDTYPE, "x: ");
}
END_TEST

START_TEST(bad_arguments)
{
    const int64_t grid[] = {2, 3, -1, 1, 1}, huge[] = {INT64_MAX, 4}, negative[] = {-2, -3}, none[] = {0, 6};
    conceptdec_knn_options knn = all_options();
    conceptdec_sweep_options o = {.struct_size = sizeof o, .knn = &knn, .shape = grid, .ndim = 2};
    conceptdec_result *result = NULL;
    ck_assert_int_eq(conceptdec_sweep(NULL, views, VIEWS, &labels, NULL, &result), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_sweep(ctx, NULL, VIEWS, &labels, NULL, &result), CONCEPTDEC_ENULL);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "views: is NULL");
    ck_assert_int_eq(conceptdec_sweep(ctx, views, VIEWS, NULL, NULL, &result), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_sweep(ctx, views, VIEWS, &labels, NULL, NULL), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(result);
    expect_refusal(NULL, 0, CONCEPTDEC_ESIZE, "n_views: 0 is less than 1");
    expect_refusal(&o, 5, CONCEPTDEC_ESIZE, "options.shape: its product is not n_views, 5");
    o.shape = huge;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESIZE, "options.shape: its product");
    o.shape = negative;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESIZE, "options.shape: its product");
    o.shape = none;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESIZE, "options.shape: its product");
    o.shape = grid;
    o.ndim = 5;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESIZE, "options.ndim: 5 is not in 1..4");
    o.shape = NULL;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ENULL, "options.shape: is NULL, but options.ndim is 5");
    o.ndim = 0;
    o.struct_size = 8;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size: 8");
    o.struct_size = sizeof o;
    o.given = 16;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESTRUCT_TAIL, "options.given");
}
END_TEST

/* What is wrong in every cell is an error of the call, also where a cell has an error of its own. */
START_TEST(bad_labels_and_options)
{
    conceptdec_knn_options knn = all_options();
    conceptdec_sweep_options o = {.struct_size = sizeof o, .knn = &knn};
    x[0][0][0] = NAN;
    y[12][0] = -5;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ELABEL, "labels: -5 at row 12, column 0");
    y[12][0] = 1;
    knn.permute = CONCEPTDEC_PERMUTE_WITHIN;
    for (int i = 0; i < ROWS; i++)
        y[i][0] = i / 4 % 2;
    expect_refusal(&o, VIEWS, CONCEPTDEC_EGROUPS, "groups: each has one label only");
    knn.permute = CONCEPTDEC_PERMUTE_FREE;
    knn.folds = 30;
    expect_refusal(&o, VIEWS, CONCEPTDEC_EFOLDS, "folds: 30 are more than the 15 groups");
    knn.folds = 3;
    knn.bootstrap = -1;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESIZE, "bootstrap: -1");
    knn.bootstrap = 0;
    knn.struct_size = 3;
    expect_refusal(&o, VIEWS, CONCEPTDEC_ESTRUCT_SIZE, "struct_size: 3");
}
END_TEST

/* ---- progress ---- */

typedef struct listener {
    int calls, stop_at;
    int64_t last;
} listener;

static int32_t
listen(void *user, const conceptdec_progress *progress)
{
    listener *l = user;
    ck_assert_str_eq(progress->stage, "sweep");
    ck_assert_int_eq(progress->total, VIEWS);
    ck_assert_int_ge(progress->done, l->last);
    ck_assert_int_le(progress->done, VIEWS);
    l->last = progress->done;
    return ++l->calls != l->stop_at;
}

static void
replace_ctx(listener *l)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .progress = listen, .progress_user = l};
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

START_TEST(progress_counts_cells)
{
    listener l = {0};
    replace_ctx(&l);
    conceptdec_result_free(sweep(NULL, NULL, 0));
    ck_assert_int_gt(l.calls, 0);
}
END_TEST

START_TEST(a_stopped_sweep_is_cancelled)
{
    listener l = {.stop_at = 1};
    replace_ctx(&l);
    expect_refusal(NULL, VIEWS, CONCEPTDEC_ECANCELLED, "cancelled");
    ck_assert_int_eq(l.calls, 1);
    ck_assert(ctx->options.progress == listen && ctx->options.progress_user == &l); /* back in their places */
    conceptdec_result_free(sweep(NULL, NULL, 0));
}
END_TEST

START_TEST(a_cancelled_sweep_stops)
{
    conceptdec_ctx_cancel(ctx);
    expect_refusal(NULL, VIEWS, CONCEPTDEC_ECANCELLED, "cancelled");
    conceptdec_result_free(sweep(NULL, NULL, 0));
}
END_TEST

START_TEST(json_has_the_options_and_messages)
{
    const char *json = NULL;
    conceptdec_knn_options knn = all_options();
    const int64_t grid[] = {3, 2};
    x[1][2][0] = NAN;
    conceptdec_result *swept = sweep(&knn, grid, 2);
    ck_assert_int_eq(conceptdec_result_json(swept, &json), CONCEPTDEC_OK);
    ck_assert_ptr_nonnull(strstr(json, "\"sweep\""));
    ck_assert_ptr_nonnull(strstr(json, "\"shape\""));
    ck_assert_ptr_nonnull(strstr(json, "\"kfold\""));
    ck_assert_ptr_nonnull(strstr(json, "\"messages\""));
    ck_assert_ptr_nonnull(strstr(json, "x: non-finite value at row 2, column 0"));
    conceptdec_result_free(swept);
}
END_TEST

static Suite *
sweep_suite(void)
{
    Suite *suite = suite_create("sweep");
    TCase *good = tcase_create("cells"), *bad = tcase_create("errors"), *calls = tcase_create("progress");
    tcase_add_checked_fixture(good, setup, teardown);
    tcase_add_test(good, cells_equal_single_calls);
    tcase_add_test(good, differences_run_along_the_last_axis);
    tcase_add_test(good, equal_cells_do_not_differ);
    tcase_add_test(good, difference_is_later_less_earlier);
    tcase_add_test(good, without_bootstrap_there_is_no_interval);
    tcase_add_test(good, json_has_the_options_and_messages);
    tcase_add_checked_fixture(bad, setup, teardown);
    tcase_add_test(bad, a_bad_cell_loses_no_other);
    tcase_add_test(bad, all_cells_bad_is_an_error);
    tcase_add_test(bad, bad_arguments);
    tcase_add_test(bad, bad_labels_and_options);
    tcase_add_checked_fixture(calls, setup, teardown);
    tcase_add_test(calls, progress_counts_cells);
    tcase_add_test(calls, a_stopped_sweep_is_cancelled);
    tcase_add_test(calls, a_cancelled_sweep_stops);
    suite_add_tcase(suite, good);
    suite_add_tcase(suite, bad);
    suite_add_tcase(suite, calls);
    return suite;
}

CHECK_MAIN(sweep_suite)
