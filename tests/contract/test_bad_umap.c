/* What embeddings refuse: each with a status of its own, a text that names the argument, and outputs untouched. */
#include <math.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { N = 12, D = 3 };

typedef struct call {
    double x_values[N * D], start_values[N * 2];
    int64_t label_values[N];
    conceptdec_matrix x, labels, start, queries;
    conceptdec_umap_options options;
    const conceptdec_matrix *x_at;
    int64_t table_k, n_views;
} call;

static conceptdec_ctx *ctx;

static conceptdec_matrix
view_of(const void *data, int64_t rows, int64_t cols, int32_t dtype)
{
    return (conceptdec_matrix){
        .data = data, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8, .dtype = dtype};
}

static void
make(call *c)
{
    memset(c, 0, sizeof *c);
    for (int i = 0; i < N * D; i++)
        c->x_values[i] = sin(i * i + 1.0);
    c->x = view_of(c->x_values, N, D, CONCEPTDEC_FLOAT64);
    c->queries = view_of(c->x_values, 2, D, CONCEPTDEC_FLOAT64);
    c->labels = view_of(c->label_values, N, 1, CONCEPTDEC_INT64);
    c->start = view_of(c->start_values, N, 2, CONCEPTDEC_FLOAT64);
    c->options = (conceptdec_umap_options){
        .struct_size = sizeof c->options, .n_neighbors = 4, .epochs = 3, .init = CONCEPTDEC_UMAP_RANDOM};
    c->x_at = &c->x;
    c->n_views = 1;
}

#define GIVEN(bit) c->options.given = (uint64_t)1 << (bit)
#define CASE(name, what)                                                                                               \
    static void spoil_##name(call *c)                                                                                  \
    {                                                                                                                  \
        what;                                                                                                          \
    }

CASE(x_null, c->x_at = NULL)
CASE(x_dtype, c->x.dtype = CONCEPTDEC_INT32)
CASE(x_few, c->x.rows = 1)
CASE(x_nan, c->x_values[7] = NAN)
CASE(components, c->options.n_components = 65)
CASE(components_0, GIVEN(2))
CASE(neighbors, c->options.n_neighbors = -1)
CASE(neighbors_self, c->options.n_neighbors = 1; c->options.flags = CONCEPTDEC_UMAP_SELF_COUNTED)
CASE(epochs, c->options.epochs = -1)
CASE(strangers, c->options.negative_samples = 1001)
CASE(memory, c->options.memory = -1)
CASE(memory_little, c->options.memory = 100)
CASE(min_dist, c->options.min_dist = 1.5)
CASE(min_dist_nan, c->options.min_dist = NAN)
CASE(spread, c->options.spread = -1)
CASE(spread_small, c->options.spread = 1e-200; GIVEN(8))
CASE(rate, c->options.learning_rate = -1)
CASE(rate_0, GIVEN(10))
CASE(repulsion, c->options.repulsion = INFINITY)
CASE(mix, c->options.mix = 1.5)
CASE(connectivity, c->options.local_connectivity = -1)
CASE(target, c->options.target_weight = 1.5; c->options.labels = &c->labels)
CASE(init_many, c->options.init = CONCEPTDEC_UMAP_PCA; c->options.n_components = 12)
CASE(alignment, c->options.alignment = -1)
CASE(window, c->options.window = -1)
CASE(metric, c->options.metric = 2)
CASE(init, c->options.init = 4)
CASE(flags, c->options.flags = 2)
CASE(reserved, c->options.reserved = 1)
CASE(given, GIVEN(21))
CASE(size, c->options.struct_size = 16)
CASE(start_null, c->options.init = CONCEPTDEC_UMAP_GIVEN)
CASE(start_size, c->options.init = CONCEPTDEC_UMAP_GIVEN; c->options.start = &c->start; c->start.cols = 1)
CASE(start_nan, c->options.init = CONCEPTDEC_UMAP_GIVEN; c->options.start = &c->start; c->start_values[5] = NAN)
CASE(start_far, c->options.init = CONCEPTDEC_UMAP_GIVEN; c->options.start = &c->start; c->options.epochs = 0; GIVEN(4);
     c->start_values[5] = -2e30)
CASE(x_far, c->x_values[0] = c->x_values[D] = c->x_values[2 * D] = 1.7e308;
     for (int i = 3; i < N; i++) c->x_values[i * D] = -1.7e308)
CASE(labels_size, c->options.labels = &c->labels; c->labels.rows = N - 1)
CASE(labels_dtype, c->options.labels = &c->labels; c->labels.dtype = CONCEPTDEC_FLOAT64)
CASE(labels_low, c->options.labels = &c->labels; c->label_values[3] = -2)

static const struct {
    void (*spoil)(call *);
    conceptdec_status status;
    const char *text;
} cases[] = {
    {spoil_x_null, CONCEPTDEC_ENULL, ""},
    {spoil_x_dtype, CONCEPTDEC_EDTYPE, ""},
    {spoil_x_few, CONCEPTDEC_ETOOFEW, ""},
    {spoil_x_nan, CONCEPTDEC_ENONFINITE, "row 2, column 1"},
    {spoil_x_far, CONCEPTDEC_EOVERFLOW, "distances of neighbours are beyond float64"},
    {spoil_components, CONCEPTDEC_EINVAL, "n_components: 65 is not in 1..64"},
    {spoil_components_0, CONCEPTDEC_EINVAL, "n_components: 0"},
    {spoil_neighbors, CONCEPTDEC_EK, "n_neighbors: -1"},
    {spoil_neighbors_self, CONCEPTDEC_EK, "n_neighbors: 1 is below 2"},
    {spoil_epochs, CONCEPTDEC_EINVAL, "epochs: -1"},
    {spoil_strangers, CONCEPTDEC_EINVAL, "negative_samples: 1001"},
    {spoil_memory, CONCEPTDEC_EINVAL, "memory: -1"},
    {spoil_memory_little, CONCEPTDEC_ENOMEM, "memory: 100 bytes, but the embedding needs"},
    {spoil_min_dist, CONCEPTDEC_EINVAL, "min_dist: "},
    {spoil_min_dist_nan, CONCEPTDEC_EINVAL, "min_dist: "},
    {spoil_spread, CONCEPTDEC_EINVAL, "spread: "},
    {spoil_spread_small, CONCEPTDEC_EINVAL, "spread: "},
    {spoil_rate, CONCEPTDEC_EINVAL, "learning_rate: "},
    {spoil_rate_0, CONCEPTDEC_EINVAL, "learning_rate: "},
    {spoil_repulsion, CONCEPTDEC_EINVAL, "repulsion: "},
    {spoil_mix, CONCEPTDEC_EINVAL, "mix: "},
    {spoil_connectivity, CONCEPTDEC_EINVAL, "local_connectivity: "},
    {spoil_target, CONCEPTDEC_EINVAL, "target_weight: must be"},
    {spoil_init_many, CONCEPTDEC_EK, "init: \"pca\" has at most"},
    {spoil_alignment, CONCEPTDEC_EINVAL, "alignment: "},
    {spoil_window, CONCEPTDEC_ESIZE, "window: -1"},
    {spoil_metric, CONCEPTDEC_EINVAL, "metric: 2"},
    {spoil_init, CONCEPTDEC_EINVAL, "init: 4"},
    {spoil_flags, CONCEPTDEC_ERESERVED, "flags: "},
    {spoil_reserved, CONCEPTDEC_ERESERVED, "reserved: "},
    {spoil_given, CONCEPTDEC_ESTRUCT_TAIL, "options.given"},
    {spoil_size, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size"},
    {spoil_start_null, CONCEPTDEC_ENULL, "start: "},
    {spoil_start_size, CONCEPTDEC_ESIZE, "start: 12 x 1, must be 12 x 2"},
    {spoil_start_nan, CONCEPTDEC_ENONFINITE, "start: "},
    {spoil_start_far, CONCEPTDEC_EOVERFLOW, "start: row 2 lies beyond 2^100"},
    {spoil_labels_size, CONCEPTDEC_ESIZE, "labels: "},
    {spoil_labels_dtype, CONCEPTDEC_EDTYPE, "labels: "},
    {spoil_labels_low, CONCEPTDEC_ELABEL, "labels: -2 at row 3"},
};

enum { CASES = sizeof cases / sizeof *cases };

static void
expect(conceptdec_status found, conceptdec_status wanted, const char *text)
{
    ck_assert_msg(found == wanted, "%s: %s, not %s: %s", text, conceptdec_status_name(found),
                  conceptdec_status_name(wanted), conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text) != NULL, "\"%s\" has no \"%s\"", conceptdec_ctx_error(ctx),
                  text);
}

START_TEST(arguments)
{
    static char untouched;
    conceptdec_umap *umap = (conceptdec_umap *)(void *)&untouched;
    conceptdec_result *result = (conceptdec_result *)(void *)&untouched;
    call c;
    make(&c);
    cases[_i].spoil(&c);
    expect(conceptdec_umap_new(ctx, c.x_at, &c.options, &umap), cases[_i].status, cases[_i].text);
    expect(conceptdec_umap_aligned(ctx, c.x_at, 1, &c.options, &result), cases[_i].status, cases[_i].text);
    ck_assert_ptr_eq(umap, &untouched);
    ck_assert_ptr_eq(result, &untouched);
    make(&c);
    ck_assert_int_eq(conceptdec_umap_new(ctx, &c.x, &c.options, &umap), CONCEPTDEC_OK);
    conceptdec_umap_free(umap);
}
END_TEST

/* ---- options that would change nothing ---- */

enum { EPOCHS = 4, STRANGERS, TARGET = 14, ALIGNMENT, WINDOW, METRIC };

#define STILL(what) (c->options.epochs = 0, GIVEN(EPOCHS), what)

CASE(alignment_given, c->options.alignment = 0.5)
CASE(alignment_none, GIVEN(ALIGNMENT))
CASE(window_given, c->options.window = 1)
CASE(target_given, c->options.target_weight = 0.3)
CASE(target_none, GIVEN(TARGET))
CASE(start_beside, c->options.start = &c->start)
CASE(still_strangers, STILL(c->options.negative_samples = 7))
CASE(still_rate, STILL(c->options.learning_rate = 2))
CASE(still_repulsion, STILL(c->options.repulsion = 2))
CASE(still_alignment, STILL(c->options.alignment = 0.5))
CASE(still_window, STILL(c->options.window = 1))
CASE(one_epoch, (c->options.epochs = 1, c->options.learning_rate = 2))
CASE(repels_without, (GIVEN(STRANGERS), c->options.repulsion = 2))
CASE(pulls_without, (GIVEN(WINDOW), c->options.alignment = 0.5))
CASE(views_without, (GIVEN(ALIGNMENT), c->options.window = 1))
CASE(seed_without, STILL((c->options.init = CONCEPTDEC_UMAP_GIVEN, c->options.start = &c->start, c->options.seed = 3)))
CASE(defaults, (c->options.alignment = 0.01, c->options.window = 2, c->options.target_weight = 0.5))
CASE(still_defaults, STILL((c->options.negative_samples = 5, c->options.learning_rate = 1, c->options.repulsion = 1)))
CASE(still_seed, STILL(c->options.seed = 3))

enum { IN_ONE = 1, IN_VIEWS };

static const struct {
    int where; /* idle there; elsewhere it plays a part */
    void (*spoil)(call *);
    const char *text;
} idle[] = {
    {IN_ONE, spoil_alignment_given, "alignment: is given, but only aligned views"},
    {IN_ONE, spoil_alignment_none, "alignment: is given, but only aligned views"},
    {IN_ONE, spoil_window_given, "window: is given, but only aligned views"},
    {IN_ONE | IN_VIEWS, spoil_target_given, "target_weight: is given, but there are no labels"},
    {IN_ONE | IN_VIEWS, spoil_target_none, "target_weight: is given, but there are no labels"},
    {IN_ONE | IN_VIEWS, spoil_start_beside, "start: is given, but init is not"},
    {IN_ONE | IN_VIEWS, spoil_still_strangers, "negative_samples: is given, but without epochs"},
    {IN_ONE | IN_VIEWS, spoil_still_rate, "learning_rate: is given, but without epochs"},
    {IN_ONE | IN_VIEWS, spoil_still_repulsion, "repulsion: is given, but without epochs"},
    {IN_ONE | IN_VIEWS, spoil_still_alignment, "alignment: is given, but"},
    {IN_ONE | IN_VIEWS, spoil_still_window, "window: is given, but"},
    {IN_ONE | IN_VIEWS, spoil_one_epoch, "learning_rate: is given, but without epochs"},
    {IN_ONE | IN_VIEWS, spoil_repels_without, "repulsion: is given, but there are no negative_samples"},
    {IN_ONE | IN_VIEWS, spoil_pulls_without, "alignment: is given, but"},
    {IN_ONE | IN_VIEWS, spoil_views_without, "is given, but"},
    {IN_ONE | IN_VIEWS, spoil_seed_without, "seed: is given, but nothing is drawn"},
    {0, spoil_defaults, ""},
    {0, spoil_still_defaults, ""},
    {0, spoil_still_seed, ""},
};

START_TEST(idle_options)
{
    const int where = idle[_i].where;
    conceptdec_umap *umap = NULL;
    conceptdec_result *result = NULL;
    call c;
    make(&c);
    idle[_i].spoil(&c);
    const conceptdec_matrix views[2] = {c.x, c.x};
    const conceptdec_status one = conceptdec_umap_new(ctx, &c.x, &c.options, &umap);
    expect(one, where & IN_ONE ? CONCEPTDEC_EINVAL : CONCEPTDEC_OK, where & IN_ONE ? idle[_i].text : "");
    const conceptdec_status two = conceptdec_umap_aligned(ctx, views, 2, &c.options, &result);
    expect(two, where & IN_VIEWS ? CONCEPTDEC_EINVAL : CONCEPTDEC_OK, where & IN_VIEWS ? idle[_i].text : "");
    conceptdec_umap_free(umap);
    conceptdec_result_free(result);
}
END_TEST

START_TEST(tables)
{
    call c;
    make(&c);
    conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 3};
    conceptdec_neighbors *table, *queries, *cosine;
    conceptdec_umap *umap = NULL;
    conceptdec_umap_options meant = c.options;
    meant.n_neighbors = 3;
    meant.given = (uint64_t)1 << METRIC;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &c.x, NULL, &search, &table), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &c.x, &c.queries, &search, &queries), CONCEPTDEC_OK);
    search.metric = CONCEPTDEC_METRIC_COSINE;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &c.x, NULL, &search, &cosine), CONCEPTDEC_OK);
    expect(conceptdec_umap_from_neighbors(ctx, table, NULL, &c.options, &umap), CONCEPTDEC_ESHALLOW, "4 are needed");
    c.options.n_neighbors = 3;
    expect(conceptdec_umap_from_neighbors(ctx, NULL, NULL, &c.options, &umap), CONCEPTDEC_ENULL, "neighbors");
    expect(conceptdec_umap_from_neighbors(ctx, table, NULL, &c.options, NULL), CONCEPTDEC_ENULL, "umap");
    expect(conceptdec_umap_from_neighbors(ctx, queries, NULL, &c.options, &umap), CONCEPTDEC_EINVAL, "has queries");
    c.options.metric = CONCEPTDEC_METRIC_COSINE;
    expect(conceptdec_umap_from_neighbors(ctx, table, NULL, &c.options, &umap), CONCEPTDEC_EINVAL,
           "metric: is \"cosine\"");
    c.options.metric = 0;
    expect(conceptdec_umap_from_neighbors(ctx, cosine, NULL, &meant, &umap), CONCEPTDEC_EINVAL, "metric: is \"l2\"");
    c.options.init = CONCEPTDEC_UMAP_PCA;
    expect(conceptdec_umap_from_neighbors(ctx, table, NULL, &c.options, &umap), CONCEPTDEC_ENULL, "x: missing");
    c.x_values[0] += 1;
    expect(conceptdec_umap_from_neighbors(ctx, table, &c.x, &c.options, &umap), CONCEPTDEC_EINVAL, "x: is not");
    c.x.rows--;
    expect(conceptdec_umap_from_neighbors(ctx, table, &c.x, &c.options, &umap), CONCEPTDEC_ESIZE, "x: 11 x 3");
    ck_assert_ptr_null(umap);
    conceptdec_neighbors_free(table);
    conceptdec_neighbors_free(queries);
    conceptdec_neighbors_free(cosine);
}
END_TEST

START_TEST(objects)
{
    call c;
    make(&c);
    conceptdec_umap *umap = NULL, *none = NULL;
    conceptdec_result *result = NULL;
    conceptdec_array array;
    conceptdec_matrix views[2] = {c.x, c.x};
    ck_assert_int_eq(conceptdec_umap_new(ctx, &c.x, &c.options, &umap), CONCEPTDEC_OK);
    expect(conceptdec_umap_new(ctx, &c.x, &c.options, NULL), CONCEPTDEC_ENULL, "umap");
    ck_assert_int_eq(conceptdec_umap_get(umap, "embeding", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_umap_get(NULL, CONCEPTDEC_U_RHO, &array), CONCEPTDEC_ENULL);
    expect(conceptdec_umap_transform(ctx, NULL, &c.x, &c.queries, &result), CONCEPTDEC_ENULL, "umap");
    expect(conceptdec_umap_transform(ctx, umap, &c.x, NULL, &result), CONCEPTDEC_ENULL, "queries");
    expect(conceptdec_umap_transform(ctx, umap, &c.x, &c.queries, NULL), CONCEPTDEC_ENULL, "result");
    expect(conceptdec_umap_transform(ctx, umap, NULL, &c.queries, &result), CONCEPTDEC_ENULL, "x");
    expect(conceptdec_umap_transform(ctx, umap, &c.queries, &c.queries, &result), CONCEPTDEC_ESIZE, "x: 2 x 3");
    double far_values[2 * D] = {0, 0, 0, 1.7e308, -1.7e308, 1.7e308};
    const conceptdec_matrix far_rows = view_of(far_values, 2, D, CONCEPTDEC_FLOAT64);
    expect(conceptdec_umap_transform(ctx, umap, &c.x, &far_rows, &result), CONCEPTDEC_EOVERFLOW,
           "queries: row 1 is farther");
    c.queries.cols = 2;
    expect(conceptdec_umap_transform(ctx, umap, &c.x, &c.queries, &result), CONCEPTDEC_ESIZE, "queries");
    expect(conceptdec_umap_aligned(ctx, NULL, 1, &c.options, &result), CONCEPTDEC_ENULL, "views");
    expect(conceptdec_umap_aligned(ctx, views, 0, &c.options, &result), CONCEPTDEC_ESIZE, "n_views");
    views[1].rows--;
    expect(conceptdec_umap_aligned(ctx, views, 2, &c.options, &result), CONCEPTDEC_ESIZE, "views[1]: 11 rows");
    views[1].rows++;
    double spoilt[3 * N];
    memcpy(spoilt, c.x_values, sizeof spoilt);
    spoilt[7] = NAN;
    views[1].data = spoilt;
    expect(conceptdec_umap_aligned(ctx, views, 2, &c.options, &result), CONCEPTDEC_ENONFINITE,
           "views[1]: non-finite value at row 2, column 1");
    expect(conceptdec_umap_save(ctx, NULL, "x"), CONCEPTDEC_ENULL, "umap");
    expect(conceptdec_umap_save(ctx, umap, NULL), CONCEPTDEC_ENULL, "path");
    expect(conceptdec_umap_load(ctx, "/nowhere/at/all", &none), CONCEPTDEC_EIO, "path");
    expect(conceptdec_umap_load(ctx, "/dev/null", &none), CONCEPTDEC_EFORMAT, "path");
    ck_assert(!none && !result);
    conceptdec_umap_free(umap);
    conceptdec_umap_free(NULL);
}
END_TEST

static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_umap");
    TCase *tests = tcase_create("refused");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, arguments, 0, CASES);
    tcase_add_loop_test(tests, idle_options, 0, (int)(sizeof idle / sizeof *idle));
    tcase_add_test(tests, tables);
    tcase_add_test(tests, objects);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
