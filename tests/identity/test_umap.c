/* The same embedding in two ways: what must not matter changes no bit of it. */
#define _GNU_SOURCE

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "core/core.h"

enum { N = 700, D = 6, COPIES = 20, CLASSES = 3, WIDE = 5 };

static double values[N * D], turned_values[N * D];
static int64_t label_values[N];

static conceptdec_matrix
view_of(const void *data, int64_t rows, int64_t cols, int32_t dtype)
{
    return (conceptdec_matrix){
        .data = data, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8, .dtype = dtype};
}

static conceptdec_ctx *
context_of(int32_t threads, uint32_t kernels)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads, .kernel_mask = kernels};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

/* Three clouds; the first rows are copies of each other. */
static void
fill(void)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 1, 1, 1);
    for (int64_t i = 0; i < N; i++) {
        label_values[i] = i % CLASSES;
        for (int64_t j = 0; j < D; j++)
            values[i * D + j] = conceptdec_i_rng_unit(&rng) + (j == i % CLASSES ? 2 : 0);
    }
    for (int64_t i = 1; i < COPIES; i++)
        memcpy(values + i * D, values, D * sizeof *values);
    for (int64_t i = 0; i < N * D; i++)
        turned_values[i] = values[i] + 0.1 * conceptdec_i_rng_unit(&rng);
}

static conceptdec_umap_options
options_of(int64_t epochs)
{
    return (conceptdec_umap_options){.struct_size = sizeof(conceptdec_umap_options),
                                     .epochs = epochs,
                                     .n_neighbors = 8,
                                     .init = CONCEPTDEC_UMAP_RANDOM};
}

static const double *
embedding_of(const conceptdec_umap *umap)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_umap_get(umap, CONCEPTDEC_U_EMBEDDING, &array), CONCEPTDEC_OK);
    for (int64_t i = 0; i < array.shape[0] * array.shape[1]; i++)
        ck_assert(isfinite(((const double *)array.data)[i]));
    return array.data;
}

static conceptdec_umap *
fit(conceptdec_ctx *ctx, const conceptdec_umap_options *options)
{
    const conceptdec_matrix x = view_of(values, N, D, CONCEPTDEC_FLOAT64);
    conceptdec_umap *umap = NULL;
    ck_assert_msg(conceptdec_umap_new(ctx, &x, options, &umap) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return umap;
}

static bool
are_equal(const conceptdec_umap *a, const conceptdec_umap *b, int64_t columns)
{
    return memcmp(embedding_of(a), embedding_of(b), (size_t)(N * columns) * sizeof(double)) == 0;
}

/* ---- threads, kernels, seeds ---- */

/* So many rows that the groups of a layout have more than one task. */
START_TEST(any_number_of_threads)
{
    enum { MANY = 9000 };
    static const int32_t threads[] = {1, 2, 3, 5, 16};
    static double many[MANY * 2];
    const conceptdec_matrix x = view_of(many, MANY, 2, CONCEPTDEC_FLOAT64);
    const conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 8};
    conceptdec_umap_options options = options_of(6);
    conceptdec_umap *umaps[5];
    conceptdec_neighbors *table;
    conceptdec_i_rng rng;
    options.n_components = _i == 0 ? 2 : WIDE;
    conceptdec_i_rng_start(&rng, 2, 2, 2);
    for (int64_t i = 0; i < MANY * 2; i++)
        many[i] = conceptdec_i_rng_unit(&rng);
    for (int t = 0; t < 5; t++) {
        conceptdec_ctx *ctx = context_of(threads[t], 0);
        ck_assert(t > 0 || conceptdec_neighbors_new(ctx, &x, NULL, &search, &table) == CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_umap_from_neighbors(ctx, table, NULL, &options, &umaps[t]), CONCEPTDEC_OK);
        ck_assert_msg(memcmp(embedding_of(umaps[0]), embedding_of(umaps[t]),
                             (size_t)(MANY * options.n_components) * sizeof(double)) == 0,
                      "%d threads", threads[t]);
        conceptdec_ctx_free(ctx);
    }
    for (int t = 0; t < 5; t++)
        conceptdec_umap_free(umaps[t]);
    conceptdec_neighbors_free(table);
}
END_TEST

START_TEST(any_kernels)
{
    const uint32_t kernels[] = {CONCEPTDEC_KERNEL_PORTABLE, CONCEPTDEC_KERNEL_AVX2, CONCEPTDEC_KERNEL_AVX512};
    conceptdec_umap_options options = options_of(25);
    conceptdec_umap *first = NULL;
    fill();
    for (int k = 0; k < 3; k++) {
        conceptdec_ctx *ctx = context_of(2, kernels[k]);
        conceptdec_umap *umap = fit(ctx, &options);
        if (!first)
            first = umap;
        ck_assert_msg(are_equal(first, umap, 2), "kernels %u", kernels[k]);
        if (umap != first)
            conceptdec_umap_free(umap);
        conceptdec_ctx_free(ctx);
    }
    conceptdec_umap_free(first);
}
END_TEST

START_TEST(seeds)
{
    conceptdec_ctx *ctx = context_of(2, 0);
    conceptdec_umap_options options = options_of(25);
    fill();
    conceptdec_umap *a = fit(ctx, &options), *b = fit(ctx, &options);
    options.seed = 1;
    conceptdec_umap *other = fit(ctx, &options);
    ck_assert(are_equal(a, b, 2));
    ck_assert(!are_equal(a, other, 2));
    conceptdec_umap_free(a);
    conceptdec_umap_free(b);
    conceptdec_umap_free(other);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- tables, labels, scale ---- */

START_TEST(a_table_or_the_rows)
{
    const conceptdec_matrix x = view_of(values, N, D, CONCEPTDEC_FLOAT64);
    const conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 13};
    const conceptdec_umap_options options = options_of(25);
    conceptdec_ctx *ctx = context_of(2, 0);
    conceptdec_neighbors *table;
    conceptdec_umap *other;
    fill();
    conceptdec_umap *umap = fit(ctx, &options);
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &x, NULL, &search, &table), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_umap_from_neighbors(ctx, table, NULL, &options, &other), CONCEPTDEC_OK);
    ck_assert(are_equal(umap, other, 2));
    conceptdec_umap_free(umap);
    conceptdec_umap_free(other);
    conceptdec_neighbors_free(table);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(numbers_of_labels)
{
    const conceptdec_matrix labels = view_of(label_values, N, 1, CONCEPTDEC_INT64);
    conceptdec_umap_options options = options_of(25);
    conceptdec_ctx *ctx = context_of(2, 0);
    fill();
    conceptdec_umap *without = fit(ctx, &options);
    options.labels = &labels;
    conceptdec_umap *a = fit(ctx, &options);
    for (int i = 0; i < N; i++)
        label_values[i] = 7 - 2 * label_values[i];
    conceptdec_umap *b = fit(ctx, &options);
    ck_assert(are_equal(a, b, 2));
    ck_assert(!are_equal(a, without, 2));
    conceptdec_umap_free(a);
    conceptdec_umap_free(b);
    conceptdec_umap_free(without);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Distances are measured against each other: a power of two times the rows is the same. */
START_TEST(scale_of_rows)
{
    const conceptdec_umap_options options = options_of(25);
    conceptdec_ctx *ctx = context_of(2, 0);
    fill();
    conceptdec_umap *a = fit(ctx, &options);
    for (int i = 0; i < N * D; i++)
        values[i] *= 0x1p-90;
    conceptdec_umap *b = fit(ctx, &options);
    ck_assert(are_equal(a, b, 2));
    conceptdec_umap_free(a);
    conceptdec_umap_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- new rows ---- */

static void
place(conceptdec_ctx *ctx, const conceptdec_umap *umap, const double *rows, int64_t count, double *places)
{
    const conceptdec_matrix x = view_of(values, N, D, CONCEPTDEC_FLOAT64);
    const conceptdec_matrix queries = view_of(rows, count, D, CONCEPTDEC_FLOAT64);
    conceptdec_result *result;
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_umap_transform(ctx, umap, &x, &queries, &result), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_TRANSFORMED, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.shape[0], count);
    memcpy(places, array.data, (size_t)(count * 2) * sizeof *places);
    conceptdec_result_free(result);
}

START_TEST(alone_and_in_a_batch)
{
    enum { BATCH = 37 };
    double together[2 * BATCH], alone[2], reversed[2 * BATCH], backwards[BATCH * D];
    const conceptdec_umap_options options = options_of(60);
    conceptdec_ctx *ctx = context_of(1, 0), *other = context_of(3, CONCEPTDEC_KERNEL_PORTABLE);
    fill();
    conceptdec_umap *umap = fit(ctx, &options);
    place(ctx, umap, turned_values, BATCH, together);
    for (int i = 0; i < BATCH; i++)
        memcpy(backwards + i * D, turned_values + (BATCH - 1 - i) * D, D * sizeof *backwards);
    place(other, umap, backwards, BATCH, reversed);
    for (int i = 0; i < BATCH; i++) {
        place(ctx, umap, turned_values + i * D, 1, alone);
        ck_assert_mem_eq(alone, together + 2 * i, sizeof alone);
        ck_assert_mem_eq(alone, reversed + 2 * (BATCH - 1 - i), sizeof alone);
    }
    conceptdec_umap_free(umap);
    conceptdec_ctx_free(ctx);
    conceptdec_ctx_free(other);
}
END_TEST

/* A row that was embedded goes to where it is, or near it: nearer than to where rows of other clouds are. */
START_TEST(rows_that_are_known)
{
    static double places[2 * N];
    const conceptdec_umap_options options = options_of(200);
    conceptdec_ctx *ctx = context_of(2, 0);
    int64_t right = 0;
    fill();
    conceptdec_umap *umap = fit(ctx, &options);
    const double *embedding = embedding_of(umap);
    place(ctx, umap, values, N, places);
    for (int64_t i = 0; i < N; i++) {
        int64_t nearest = 0;
        for (int64_t j = 1; j < N; j++)
            if (hypot(places[2 * i] - embedding[2 * j], places[2 * i + 1] - embedding[2 * j + 1]) <
                hypot(places[2 * i] - embedding[2 * nearest], places[2 * i + 1] - embedding[2 * nearest + 1]))
                nearest = j;
        right += i < COPIES ? nearest < COPIES : nearest % CLASSES == i % CLASSES;
    }
    ck_assert_int_ge(right, N * 9 / 10);
    conceptdec_umap_free(umap);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(saved_and_loaded)
{
    char folder[] = "conceptdec-umap-XXXXXX", path[64];
    const conceptdec_umap_options options = options_of(30);
    static const char *const names[] = {CONCEPTDEC_U_GRAPH_ROWS, CONCEPTDEC_U_GRAPH_COLUMNS, CONCEPTDEC_U_GRAPH_WEIGHTS,
                                        CONCEPTDEC_U_RHO,        CONCEPTDEC_U_SIGMA,         CONCEPTDEC_U_PART,
                                        CONCEPTDEC_U_CURVE};
    double before[6], after[6];
    conceptdec_ctx *ctx = context_of(2, 0);
    conceptdec_umap *loaded;
    fill();
    conceptdec_umap *umap = fit(ctx, &options);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/embedding", folder);
    ck_assert_int_eq(conceptdec_umap_save(ctx, umap, path), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_umap_load(ctx, path, &loaded), CONCEPTDEC_OK);
    (void)unlink(path);
    (void)rmdir(folder);
    ck_assert(are_equal(umap, loaded, 2));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        conceptdec_array a, b;
        ck_assert_int_eq(conceptdec_umap_get(umap, names[i], &a), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_umap_get(loaded, names[i], &b), CONCEPTDEC_OK);
        ck_assert_int_eq(a.shape[0], b.shape[0]);
        ck_assert_mem_eq(a.data, b.data, (size_t)a.shape[0] * 8);
    }
    place(ctx, umap, turned_values, 3, before);
    place(ctx, loaded, turned_values, 3, after);
    ck_assert_mem_eq(before, after, sizeof before);
    conceptdec_umap_free(umap);
    conceptdec_umap_free(loaded);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- views ---- */

static void
align(int32_t threads, const conceptdec_umap_options *options, int64_t n_views, double *places)
{
    conceptdec_ctx *ctx = context_of(threads, 0);
    const conceptdec_matrix views[3] = {view_of(values, N, D, CONCEPTDEC_FLOAT64),
                                        view_of(turned_values, N, D, CONCEPTDEC_FLOAT64),
                                        view_of(values, N, D, CONCEPTDEC_FLOAT64)};
    conceptdec_result *result;
    conceptdec_array array;
    const conceptdec_status status = conceptdec_umap_aligned(ctx, views, n_views, options, &result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_U_EMBEDDING, &array), CONCEPTDEC_OK);
    memcpy(places, array.data, (size_t)(n_views * N * 2) * sizeof *places);
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
}

START_TEST(one_view_is_no_other_embedding)
{
    static double places[2 * N];
    const conceptdec_umap_options options = options_of(25);
    conceptdec_ctx *ctx = context_of(1, 0);
    fill();
    conceptdec_umap *umap = fit(ctx, &options);
    align(2, &options, 1, places);
    ck_assert_mem_eq(places, embedding_of(umap), sizeof places);
    conceptdec_umap_free(umap);
    conceptdec_ctx_free(ctx);
}
END_TEST

static double
distance_of(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += hypot(a[2 * i] - b[2 * i], a[2 * i + 1] - b[2 * i + 1]);
    return sum / N;
}

#if defined(CONCEPTDEC_HAVE_BLAS)
START_TEST(views_lie_on_each_other)
{
    static double one[3 * 2 * N], many[3 * 2 * N], loose[3 * 2 * N];
    conceptdec_umap_options options = options_of(100);
    fill();
    align(1, &options, 3, one);
    align(5, &options, 3, many);
    ck_assert_mem_eq(one, many, sizeof one);
    options.given = (uint64_t)1 << 15; /* alignment: none */
    align(1, &options, 3, loose);
    for (int v = 0; v < 2; v++)
        ck_assert(distance_of(one + v * 2 * N, one + (v + 1) * 2 * N) <
                  0.5 * distance_of(loose + v * 2 * N, loose + (v + 1) * 2 * N));
}
END_TEST
#endif

/* ---- what is degenerate ---- */

START_TEST(degenerate_rows)
{
    static const int64_t sizes[] = {2, 3, 17, 40};
    conceptdec_ctx *ctx = context_of(2, 0);
    conceptdec_matrix x = view_of(values, sizes[_i / 8], D, CONCEPTDEC_FLOAT64);
    conceptdec_umap_options options = options_of(30);
    conceptdec_array array;
    conceptdec_umap *umap;
    fill();
    options.init = _i % 2 ? CONCEPTDEC_UMAP_RANDOM : CONCEPTDEC_UMAP_SPECTRAL;
    if (_i / 2 % 2) /* all rows equal, else the first twenty */
        memset(values, 0, sizeof values);
    if (_i / 4 % 2) /* far apart */
        for (int64_t i = 0; i < N; i++)
            values[i * D] = (double)(i % 2) * 1e6;
    ck_assert_int_eq(conceptdec_umap_new(ctx, &x, &options, &umap), CONCEPTDEC_OK);
    (void)embedding_of(umap);
    ck_assert_int_eq(conceptdec_umap_get(umap, CONCEPTDEC_U_N_SHORT, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(*(const int64_t *)array.data, x.rows - 1 < options.n_neighbors ? x.rows : 0);
    conceptdec_umap_free(umap);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("umap");
    TCase *tests = tcase_create("umap");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, any_number_of_threads, 0, 2);
    tcase_add_test(tests, any_kernels);
    tcase_add_test(tests, seeds);
    tcase_add_test(tests, a_table_or_the_rows);
    tcase_add_test(tests, numbers_of_labels);
    tcase_add_test(tests, scale_of_rows);
    tcase_add_test(tests, alone_and_in_a_batch);
    tcase_add_test(tests, rows_that_are_known);
    tcase_add_test(tests, saved_and_loaded);
    tcase_add_test(tests, one_view_is_no_other_embedding);
#if defined(CONCEPTDEC_HAVE_BLAS)
    tcase_add_test(tests, views_lie_on_each_other);
#endif
    tcase_add_loop_test(tests, degenerate_rows, 0, 32);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
