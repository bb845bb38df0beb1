/* Walks over all samples, or over all rows of a matrix, look at the cancel flag as often as they should: a look that is
 * taken out of one of them is missed. test_polls.c has what that means in time. */
#define _GNU_SOURCE

#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "projection/subspace.h"

/* A walk looks WALK times: at every 256th sample, or at every row. */
enum { WALK = 64, N = WALK * 256, D = 3, M = 2, K = 5, QUERIES = 20, DIMS = 1000, ROWS = 1100 };

static double x_values[N * D], start_values[N * M], wide_values[ROWS * DIMS];
static float narrow_values[ROWS * DIMS];
static int64_t label_values[N];
static const conceptdec_matrix x = {
    .data = x_values, .rows = N, .cols = D, .row_stride = 8 * D, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
static const conceptdec_matrix start = {
    .data = start_values, .rows = N, .cols = M, .row_stride = 8 * M, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
static const conceptdec_matrix labels = {
    .data = label_values, .rows = N, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
static const conceptdec_matrix wide = {.data = wide_values,
                                       .rows = ROWS,
                                       .cols = DIMS,
                                       .row_stride = 8 * DIMS,
                                       .col_stride = 8,
                                       .dtype = CONCEPTDEC_FLOAT64};
static const conceptdec_matrix narrow = {.data = narrow_values,
                                         .rows = ROWS,
                                         .cols = DIMS,
                                         .row_stride = 4 * DIMS,
                                         .col_stride = 4,
                                         .dtype = CONCEPTDEC_FLOAT32};

typedef struct counter {
    conceptdec_ctx *ctx;
    const char *stage; /* whose looks count */
    int64_t looks;
} counter;

static int32_t
look(void *user, const conceptdec_progress *progress)
{
    counter *c = user;
    c->ctx->last_report = INT64_MIN / 2; /* the next look reports again, however soon it comes */
    c->looks += strcmp(progress->stage, c->stage) == 0;
    return 1;
}

/* One thread, so that each look is at hand. */
static void
open_counter(counter *c)
{
    const conceptdec_ctx_options options = {
        .struct_size = sizeof options, .threads = 1, .progress = look, .progress_user = c};
    *c = (counter){.stage = ""};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &c->ctx), CONCEPTDEC_OK);
}

static void
count_from_now(counter *c, const char *stage)
{
    c->stage = stage;
    c->looks = 0;
    c->ctx->last_report = INT64_MIN / 2;
}

/* walks: all of the stage, those of its tasks among them; of so many looks each. */
static void
expect_walks(const counter *c, int64_t walks, int64_t looks_each)
{
    ck_assert_msg(c->looks >= walks * looks_each, "%s: %lld looks, which are no %lld walks", c->stage,
                  (long long)c->looks, (long long)walks);
}

static void
fill(void)
{
    uint64_t state = 1;
    for (int64_t i = 0; i < N * D + N * M + ROWS * DIMS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const double value = (double)(state >> 11) * 0x1p-53 - 0.5;
        if (i < N * D)
            x_values[i] = value;
        else if (i < N * D + N * M)
            start_values[i - N * D] = value;
        else
            wide_values[i - N * D - N * M] = narrow_values[i - N * D - N * M] = (float)value;
    }
    for (int64_t i = 0; i < N; i++)
        label_values[i] = i % 4 - 1;
}

static conceptdec_umap_options
options_of(int32_t init)
{
    return (conceptdec_umap_options){.struct_size = sizeof(conceptdec_umap_options),
                                     .n_neighbors = K,
                                     .epochs = 3,
                                     .init = init,
                                     .start = init == CONCEPTDEC_UMAP_GIVEN ? &start : NULL};
}

static conceptdec_umap *
fit(counter *c, const conceptdec_umap_options *options, const char *stage)
{
    conceptdec_umap *u = NULL;
    count_from_now(c, stage);
    ck_assert_msg(conceptdec_umap_new(c->ctx, &x, options, &u) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(c->ctx));
    return u;
}

/* ---- embeddings ---- */

typedef struct fitted {
    int32_t init;
    bool is_labelled, is_paired;
    const char *stage;
    int64_t halves; /* of walks */
} fitted;

static const fitted fits[] = {
    {CONCEPTDEC_UMAP_RANDOM, false, false, "graph", 56},
    {CONCEPTDEC_UMAP_RANDOM, true, false, "graph", 66},
    {CONCEPTDEC_UMAP_GIVEN, false, false, "graph", 58},
    {CONCEPTDEC_UMAP_SPECTRAL, false, false, "spectral start", 118},
    {CONCEPTDEC_UMAP_SPECTRAL, false, true, "spectral start", 811},
    {CONCEPTDEC_UMAP_RANDOM, false, false, "layout", 7},
};

/* Each row and the next are nobody else's neighbours: as many parts as pairs. */
static void
pair_rows(conceptdec_umap_options *options)
{
    options->n_neighbors = 1;
    for (int64_t i = 0; i < N * D; i++)
        x_values[i] = (double)(i / D / 2 * 4 + i / D % 2);
}

START_TEST(umap)
{
    const fitted *f = &fits[_i];
    conceptdec_umap_options options = options_of(f->init);
    counter c;
    fill();
    options.labels = f->is_labelled ? &labels : NULL;
    if (f->is_paired)
        pair_rows(&options);
    open_counter(&c);
    conceptdec_umap_free(fit(&c, &options, f->stage));
    expect_walks(&c, f->halves, WALK / 2);
    conceptdec_ctx_free(c.ctx);
}
END_TEST

START_TEST(random_columns)
{
    enum { WIDTH = 4 };
    static double columns[N * WIDTH];
    const conceptdec_i_level level = {.n = N};
    const conceptdec_i_subspace s = {.level = &level, .width = WIDTH, .x = columns};
    counter c;
    open_counter(&c);
    conceptdec_i_stage(c.ctx, "columns", 1);
    count_from_now(&c, "columns");
    ck_assert_int_eq(conceptdec_i_subspace_random(c.ctx, &s), CONCEPTDEC_OK);
    expect_walks(&c, 1, WALK);
    conceptdec_ctx_free(c.ctx);
}
END_TEST

START_TEST(umap_transform)
{
    const conceptdec_umap_options options = options_of(CONCEPTDEC_UMAP_RANDOM);
    conceptdec_matrix queries = x;
    conceptdec_result *r;
    counter c;
    fill();
    queries.rows = QUERIES;
    open_counter(&c);
    conceptdec_umap *u = fit(&c, &options, "");
    count_from_now(&c, "places");
    ck_assert_int_eq(conceptdec_umap_transform(c.ctx, u, &x, &queries, &r), CONCEPTDEC_OK);
    expect_walks(&c, 1, WALK);
    conceptdec_result_free(r);
    conceptdec_umap_free(u);
    conceptdec_ctx_free(c.ctx);
}
END_TEST

START_TEST(umap_aligned)
{
    static const char *const stages[] = {"graph", "layout"};
    static const int64_t walks[] = {42, 15};
    const conceptdec_umap_options options = options_of(CONCEPTDEC_UMAP_RANDOM);
    const conceptdec_matrix views[] = {x, x};
    conceptdec_result *r;
    counter c;
    fill();
    open_counter(&c);
    count_from_now(&c, stages[_i]);
    ck_assert_int_eq(conceptdec_umap_aligned(c.ctx, views, 2, &options, &r), CONCEPTDEC_OK);
    expect_walks(&c, walks[_i], WALK);
    conceptdec_result_free(r);
    conceptdec_ctx_free(c.ctx);
}
END_TEST

START_TEST(umap_load)
{
    const conceptdec_umap_options options = options_of(CONCEPTDEC_UMAP_RANDOM);
    char path[] = "/tmp/conceptdec-looks-XXXXXX";
    conceptdec_umap *loaded;
    counter c;
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    fill();
    open_counter(&c);
    conceptdec_umap *u = fit(&c, &options, "");
    ck_assert_int_eq(conceptdec_umap_save(c.ctx, u, path), CONCEPTDEC_OK);
    count_from_now(&c, "load");
    ck_assert_int_eq(conceptdec_umap_load(c.ctx, path, &loaded), CONCEPTDEC_OK);
    expect_walks(&c, 7, WALK);
    conceptdec_umap_free(loaded);
    conceptdec_umap_free(u);
    conceptdec_ctx_free(c.ctx);
    close(file);
    unlink(path);
}
END_TEST

/* ---- trust in a picture ---- */

static const struct {
    const char *stage;
    int64_t walks;
} judged[] = {
    {"factors", 8}, {"false neighbours", 534}, {"distances of false neighbours", 1557}, {"ranks", 512}, {"scores", 528},
};

START_TEST(quality)
{
    conceptdec_result *r;
    counter c;
    fill();
    open_counter(&c);
    count_from_now(&c, judged[_i].stage);
    ck_assert_int_eq(conceptdec_embedding_quality(c.ctx, &x, &start, NULL, &r), CONCEPTDEC_OK);
    expect_walks(&c, judged[_i].walks, WALK);
    conceptdec_result_free(r);
    conceptdec_ctx_free(c.ctx);
}
END_TEST

/* ---- principal components: walks over the rows of a matrix, one for each component or one more ---- */

enum { COMPONENTS = DIMS - 1 };

static const struct {
    int32_t solver;
    bool is_narrow;
    double tolerance;
    int64_t walks;
} solved[] = {
    {CONCEPTDEC_PCA_COVARIANCE, true, 1e-3, 5},
    {CONCEPTDEC_PCA_COVARIANCE, false, 0, 3},
    {CONCEPTDEC_PCA_SVD, false, 0, 1},
    {CONCEPTDEC_PCA_GRAM, false, 0, 1},
};

START_TEST(pca)
{
    const conceptdec_pca_options options = {.struct_size = sizeof options,
                                            .solver = solved[_i].solver,
                                            .n_components = COMPONENTS,
                                            .tolerance = solved[_i].tolerance};
    conceptdec_pca *p;
    counter c;
    fill();
    open_counter(&c);
    count_from_now(&c, "components");
    ck_assert_int_eq(conceptdec_pca_new(c.ctx, solved[_i].is_narrow ? &narrow : &wide, &options, &p), CONCEPTDEC_OK);
    expect_walks(&c, solved[_i].walks, COMPONENTS);
    conceptdec_pca_free(p);
    conceptdec_ctx_free(c.ctx);
}
END_TEST

/* ---- probes: their stages are fits, and tell how many of them are done ---- */

typedef struct told {
    counter counter; /* first: the user of look() */
    int64_t last, total;
} told;

static int32_t
hear(void *user, const conceptdec_progress *progress)
{
    told *t = user;
    if (strcmp(progress->stage, t->counter.stage) == 0) {
        ck_assert_int_ge(progress->done, t->last);
        t->last = progress->done;
        t->total = progress->total;
    }
    return look(user, progress);
}

/* Fits of the null: each draw in each of five parts, or by a formula for all. */
static const struct {
    int32_t kind, protocol, fits;
} probed[] = {
    {CONCEPTDEC_PROBE_LOGISTIC, CONCEPTDEC_PROTOCOL_KFOLD, 5},
    {CONCEPTDEC_PROBE_RIDGE, CONCEPTDEC_PROTOCOL_KFOLD, 5},
    {CONCEPTDEC_PROBE_LDA, CONCEPTDEC_PROTOCOL_KFOLD, 5},
    {CONCEPTDEC_PROBE_NEAREST_MEAN, CONCEPTDEC_PROTOCOL_KFOLD, 5},
};

START_TEST(probe)
{
    enum { DRAWS = 3 };
    const conceptdec_probe_options options = {.struct_size = sizeof options,
                                              .kind = probed[_i].kind,
                                              .protocol = probed[_i].protocol,
                                              .permutations = DRAWS};
    told t = {0};
    const conceptdec_ctx_options with = {
        .struct_size = sizeof with, .threads = 1, .progress = hear, .progress_user = &t};
    conceptdec_matrix few = x, own = labels;
    conceptdec_result *r = NULL;
    fill();
    few.rows = own.rows = 1000;
    ck_assert_int_eq(conceptdec_ctx_new(&with, &t.counter.ctx), CONCEPTDEC_OK);
    count_from_now(&t.counter, "permutations");
    ck_assert_msg(conceptdec_probe(t.counter.ctx, &few, &own, &options, &r) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(t.counter.ctx));
    ck_assert_int_gt(t.counter.looks, DRAWS);
    ck_assert_int_eq(t.total, DRAWS * probed[_i].fits);
    ck_assert_int_gt(t.last, 0);
    conceptdec_result_free(r);
    conceptdec_ctx_free(t.counter.ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("looks");
    TCase *tests = tcase_create("looks");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, umap, 0, sizeof fits / sizeof *fits);
    tcase_add_test(tests, random_columns);
    tcase_add_test(tests, umap_transform);
    tcase_add_loop_test(tests, umap_aligned, 0, 2);
    tcase_add_test(tests, umap_load);
    tcase_add_loop_test(tests, quality, 0, sizeof judged / sizeof *judged);
    tcase_add_loop_test(tests, pca, 0, sizeof solved / sizeof *solved);
    tcase_add_loop_test(tests, probe, 0, sizeof probed / sizeof *probed);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
