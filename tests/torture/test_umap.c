/* Every allocation of embeddings fails in turn; cancelling at every look leaves the context as it was. */
#define _GNU_SOURCE

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "harness.h"

enum { N = 24, D = 4, QUERIES = 3, FIT, FIT_TABLE, PLACE, ALIGN, RELOAD, KINDS = RELOAD - FIT + 1 };

static double values[N * D];
static int64_t label_values[N];
static conceptdec_matrix x = {
    .data = values, .rows = N, .cols = D, .row_stride = 8 * D, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
static conceptdec_matrix labels = {
    .data = label_values, .rows = N, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};

static void
fill(void)
{
    for (int i = 0; i < N * D; i++)
        values[i] = sin(i * i + 1.0);
    memcpy(values, values + 5 * D, D * sizeof *values); /* equal rows */
    for (int i = 0; i < N; i++)
        label_values[i] = i % 4 - 1;
}

static conceptdec_umap_options
options_of(int kind)
{
    return (conceptdec_umap_options){.struct_size = sizeof(conceptdec_umap_options),
                                     .n_neighbors = 5,
                                     .epochs = 9,
                                     .labels = kind == FIT ? &labels : NULL,
                                     .init = kind == FIT ? CONCEPTDEC_UMAP_SPECTRAL : CONCEPTDEC_UMAP_RANDOM};
}

static conceptdec_status
reload(conceptdec_ctx *ctx, const conceptdec_umap *umap, conceptdec_umap **loaded)
{
    char folder[] = "conceptdec-umap-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/embedding", folder);
    conceptdec_status status = conceptdec_umap_save(ctx, umap, path);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_umap_load(ctx, path, loaded);
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
    return status;
}

static conceptdec_status
work_table(conceptdec_ctx *ctx, const conceptdec_umap_options *options, conceptdec_umap **umap)
{
    const conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 6};
    conceptdec_neighbors *table;
    conceptdec_status status = conceptdec_neighbors_new(ctx, &x, NULL, &search, &table);
    if (status != CONCEPTDEC_OK)
        return status;
    status = conceptdec_umap_from_neighbors(ctx, table, &x, options, umap);
    conceptdec_neighbors_free(table);
    return status;
}

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    const int kind = *(int *)argument;
    const conceptdec_umap_options options = options_of(kind);
    conceptdec_matrix queries = x, views[2] = {x, x};
    conceptdec_umap *umap = NULL, *loaded = NULL;
    conceptdec_result *result = NULL;
    conceptdec_status status;
    queries.rows = QUERIES;
    views[1].cols--;
    if (kind == ALIGN) {
        status = conceptdec_umap_aligned(ctx, views, 2, &options, &result);
    } else {
        status = kind == FIT_TABLE ? work_table(ctx, &options, &umap) : conceptdec_umap_new(ctx, &x, &options, &umap);
        if (status == CONCEPTDEC_OK && kind == PLACE)
            status = conceptdec_umap_transform(ctx, umap, &x, &queries, &result);
        if (status == CONCEPTDEC_OK && kind == RELOAD)
            status = reload(ctx, umap, &loaded);
    }
    if (status == CONCEPTDEC_OK)
        *output = result ? (void *)result : loaded ? (void *)loaded : (void *)umap;
    if (status != CONCEPTDEC_OK || result || loaded)
        conceptdec_umap_free(umap);
    return status;
}

static void
release(void *argument, void *output)
{
    const int kind = *(int *)argument;
    if (kind == PLACE || kind == ALIGN)
        conceptdec_result_free(output);
    else
        conceptdec_umap_free(output);
}

START_TEST(without_memory)
{
    int kind = FIT + _i / 2;
    fill();
    ck_assert_int_ge(torture_object(1 + _i % 2, work, NULL, release, &kind), 20);
}
END_TEST

typedef struct stopping {
    int64_t calls, stop_at;
} stopping;

static int32_t
report(void *user, const conceptdec_progress *progress)
{
    stopping *s = user;
    ck_assert(progress->done >= 0 && progress->done <= progress->total);
    return ++s->calls != s->stop_at;
}

/* Reports come 20 times a second at most: the first one of a context is made, and stops the call. */
START_TEST(stopped)
{
    stopping s = {.stop_at = 1};
    torture_allocator allocator = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1);
    conceptdec_ctx *ctx;
    void *output = NULL;
    int kind = FIT + _i;
    fill();
    options.progress = report;
    options.progress_user = &s;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    const int64_t live = allocator.live;
    ck_assert_int_eq(work(ctx, &kind, &output), CONCEPTDEC_ECANCELLED);
    ck_assert_ptr_null(output);
    ck_assert_int_eq(allocator.live, live);
    ck_assert_int_eq(work(ctx, &kind, &output), CONCEPTDEC_OK);
    release(&kind, output);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("umap");
    TCase *tests = tcase_create("failure");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, without_memory, 0, 2 * KINDS);
    tcase_add_loop_test(tests, stopped, 0, KINDS);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
