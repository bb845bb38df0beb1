/* k-NN decodability against its definition, on many small problems, and what it refuses. */
#include <string.h>

#include "check_main.h"
#include "knn_problems.h"
#include "naive_knn.h"

enum { ROUNDS = 400 };

static conceptdec_ctx *ctx;

static void
setup(void)
{
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2};
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

/* ---- comparison ---- */

static const void *
array(const conceptdec_result *result, const char *name)
{
    conceptdec_array a;
    ck_assert_msg(conceptdec_result_get(result, name, &a) == CONCEPTDEC_OK, "no %s", name);
    return a.data;
}

static void
check_real(const conceptdec_result *result, const char *name, int64_t at, double wanted)
{
    double value = ((const double *)array(result, name))[at];
    ck_assert_msg((isnan(value) && isnan(wanted)) || fabs(value - wanted) < 1e-12, "%s[%lld] is %.17g, not %.17g", name,
                  (long long)at, value, wanted);
}

static void
check_whole(const conceptdec_result *result, const char *name, int64_t at, int64_t wanted)
{
    int64_t value = ((const int64_t *)array(result, name))[at];
    ck_assert_msg(value == wanted, "%s[%lld] is %lld, not %lld", name, (long long)at, (long long)value,
                  (long long)wanted);
}

static void
check_scores(const conceptdec_result *result, const naive_scores *s, int64_t set, int64_t at, int64_t classes)
{
    check_real(result, CONCEPTDEC_R_DECODABILITY, at, s->decodability);
    check_real(result, CONCEPTDEC_R_BALANCED, at, s->balanced);
    check_real(result, CONCEPTDEC_R_LABEL_OVERLAP, at, s->overlap);
    check_real(result, CONCEPTDEC_R_TIE_RATE, at, s->tie_rate);
    check_real(result, CONCEPTDEC_R_BOUNDARY_TIE_RATE, at, s->boundary_tie_rate);
    check_real(result, CONCEPTDEC_R_CHANCE_UNIFORM, set, s->chance_uniform);
    check_real(result, CONCEPTDEC_R_CHANCE_MAJORITY, set, s->chance_majority);
    check_whole(result, CONCEPTDEC_R_N_SHORT, at, s->n_short);
    check_whole(result, CONCEPTDEC_R_N_SCORED, set, s->n_scored);
    check_whole(result, CONCEPTDEC_R_N_UNSCORED, set, s->n_unscored);
    for (int64_t c = 0; c < classes; c++) {
        check_real(result, CONCEPTDEC_R_PER_CONCEPT, at * classes + c, s->per_concept[c]);
        check_whole(result, CONCEPTDEC_R_CLASS_COUNT, set * classes + c, s->class_count[c]);
        check_whole(result, CONCEPTDEC_R_UNDECODABLE, set * classes + c, s->undecodable[c]);
        for (int64_t e = 0; e < classes; e++)
            check_real(result, CONCEPTDEC_R_CONFUSION, (at * classes + c) * classes + e, s->confusion[c][e]);
    }
}

static void
check_result(const problem *p, const conceptdec_result *result)
{
    const conceptdec_knn_options *o = &p->options;
    for (int64_t set = 0; set < p->n_sets; set++) {
        naive_problem naive = {.data = p->data,
                               .classes = p->classes,
                               .labels = p->column[set],
                               .weights = o->weights,
                               .ties = o->ties,
                               .boundary = o->boundary,
                               .temperature = 0.07};
        naive.self = o->protocol == CONCEPTDEC_PROTOCOL_LOO;
        naive.train = o->protocol == CONCEPTDEC_PROTOCOL_SPLIT ? p->is_train : NULL;
        naive.code = o->protocol == CONCEPTDEC_PROTOCOL_GROUP ? p->groups : NULL;
        if (o->protocol == CONCEPTDEC_PROTOCOL_KFOLD)
            naive.code = (const int64_t *)array(result, CONCEPTDEC_R_FOLD) + set * p->data.n;
        for (int64_t i = 0; i < o->n_ks; i++) {
            naive_scores scores;
            naive.k = p->ks[i];
            naive_knn(&naive, &scores);
            check_scores(result, &scores, set, set * o->n_ks + i, p->classes);
        }
    }
}

START_TEST(scores_are_those_of_the_definition)
{
    problem p;
    conceptdec_result *result = NULL;
    make_problem(&p, (uint64_t)_i);
    ck_assert_msg(conceptdec_knn_decodability(ctx, &p.x_view, &p.label_view, &p.options, &result) == CONCEPTDEC_OK,
                  "%s", conceptdec_ctx_error(ctx));
    check_result(&p, result);
    conceptdec_result_free(result);
}
END_TEST

START_TEST(scores_from_a_brute_table_are_those_of_the_definition)
{
    problem p;
    conceptdec_result *result = NULL;
    make_problem(&p, (uint64_t)_i);
    const int64_t *group = _i % 3 == 0 ? p.groups : NULL;
    conceptdec_neighbors *table = brute_table(ctx, &p.data, 1 + _i % 7, group, NULL, true);
    ck_assert_msg(conceptdec_knn_decodability_neighbors(ctx, table, &p.x_view, &p.label_view, &p.options, &result) ==
                      CONCEPTDEC_OK,
                  "%s", conceptdec_ctx_error(ctx));
    check_result(&p, result);
    conceptdec_result_free(result);
    conceptdec_neighbors_free(table);
}
END_TEST

/* ---- what is refused ---- */

typedef struct refusal {
    conceptdec_knn_options options;
    conceptdec_status status;
    const char *text;
} refusal;

static const int64_t bad_ks[] = {3, 9}, good_ks[] = {3, 2};

#define KNN(...)                                                                                                       \
    {                                                                                                                  \
        .struct_size = sizeof(conceptdec_knn_options), __VA_ARGS__                                                     \
    }

static const refusal refusals[] = {
    {KNN(.k = -1), CONCEPTDEC_EK, "k: -1 is not in 1..8 (n - 1)"},
    {KNN(.k = 9), CONCEPTDEC_EK, "k: 9 is not in 1..8 (n - 1)"},
    {KNN(.given = 4), CONCEPTDEC_EK, "k: 0 is not in 1..8 (n - 1)"},
    {KNN(.k = 0), CONCEPTDEC_EK, "k: 10 is not in 1..8 (n - 1)"},
    {KNN(.ks = bad_ks, .n_ks = 2), CONCEPTDEC_EK, "ks: 9 at place 1 is not in 1..8 (n - 1)"},
    {KNN(.ks = good_ks), CONCEPTDEC_ESIZE, "n_ks: 0"},
    {KNN(.n_ks = 2), CONCEPTDEC_ENULL, "ks: is NULL"},
    {KNN(.ks = good_ks, .n_ks = 2, .k = 1), CONCEPTDEC_EINVAL, "k: is given beside ks"},
    {KNN(.k = 2, .classes = -1), CONCEPTDEC_ESIZE, "classes: -1"},
    {KNN(.k = 2, .classes = 65537), CONCEPTDEC_ESIZE, "classes: 65537"},
    {KNN(.k = 2, .given = 32), CONCEPTDEC_ESIZE, "classes: 0"},
    {KNN(.k = 2, .classes = 2), CONCEPTDEC_ELABEL, "labels: 2 at row 2, column 0 is not in -1..1"},
    {KNN(.k = 2, .folds = 1), CONCEPTDEC_EFOLDS, "folds: 1"},
    {KNN(.k = 2, .given = 64), CONCEPTDEC_EFOLDS, "folds: 0"},
    {KNN(.k = 2, .folds = 10, .protocol = CONCEPTDEC_PROTOCOL_KFOLD), CONCEPTDEC_EFOLDS, "fold"},
    {KNN(.k = 2, .permutations = -1), CONCEPTDEC_ESIZE, "permutations: -1"},
    {KNN(.k = 2, .bootstrap = -5), CONCEPTDEC_ESIZE, "bootstrap: -5"},
    {KNN(.k = 2, .chance_draws = -5), CONCEPTDEC_ESIZE, "chance_draws: -5"},
    {KNN(.k = 2, .confidence = 1), CONCEPTDEC_EINVAL, "confidence"},
    {KNN(.k = 2, .given = 2048), CONCEPTDEC_EINVAL, "confidence"},
    {KNN(.k = 2, .temperature = -1), CONCEPTDEC_EINVAL, "temperature"},
    {KNN(.k = 2, .temperature = (double)NAN), CONCEPTDEC_EINVAL, "temperature"},
    {KNN(.k = 2, .given = 4096), CONCEPTDEC_EINVAL, "temperature"},
    {KNN(.k = 2, .metric = 2), CONCEPTDEC_EINVAL, "metric: 2 is not one of 0..1"},
    {KNN(.k = 2, .protocol = 5), CONCEPTDEC_EINVAL, "protocol: 5 is not one of 0..4"},
    {KNN(.k = 2, .weights = -1), CONCEPTDEC_EINVAL, "weights: -1 is not one of 0..3"},
    {KNN(.k = 2, .ties = 3), CONCEPTDEC_EINVAL, "ties: 3 is not one of 0..2"},
    {KNN(.k = 2, .boundary = 2), CONCEPTDEC_EINVAL, "boundary: 2 is not one of 0..1"},
    {KNN(.k = 2, .permute = 3), CONCEPTDEC_EINVAL, "permute: 3 is not one of 0..2"},
    {KNN(.k = 2, .flags = 8), CONCEPTDEC_ERESERVED, "flags: 0x8"},
    {KNN(.k = 2, .reserved = 1), CONCEPTDEC_ERESERVED, "reserved"},
    {KNN(.k = 2, .given = 1u << 21), CONCEPTDEC_ESTRUCT_TAIL, "given"},
    {KNN(.k = 2, .protocol = CONCEPTDEC_PROTOCOL_GROUP), CONCEPTDEC_EGROUPS, "groups: missing"},
    {KNN(.k = 2, .permute = CONCEPTDEC_PERMUTE_WHOLE), CONCEPTDEC_EGROUPS, "groups: missing"},
    {KNN(.k = 2, .protocol = CONCEPTDEC_PROTOCOL_SPLIT), CONCEPTDEC_ENULL, "train: missing"},
    {KNN(.k = 2, .weights = CONCEPTDEC_WEIGHTS_SOFTMAX), CONCEPTDEC_EINVAL, "softmax"},
    {{.struct_size = 16}, CONCEPTDEC_ESTRUCT_SIZE, "struct_size"},
};

static const double some_x[18] = {0, 1, 5, 2, 3, 9, 7, 4, 8, 1, 1, 6, 2, 2, 8, 3, 6, 7};
static const int64_t some_labels[9] = {0, 1, 2, 0, 1, 2, 0, 1, 2};

static void
expect(const conceptdec_matrix *x, const conceptdec_matrix *labels, const conceptdec_knn_options *options,
       conceptdec_status status, const char *text)
{
    conceptdec_result *untouched = (conceptdec_result *)ctx, *result = untouched;
    conceptdec_status got = conceptdec_knn_decodability(ctx, x, labels, options, &result);
    ck_assert_msg(got == status, "%s, not %s: %s", conceptdec_status_name(got), text, conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text) != NULL, "\"%s\" lacks \"%s\"", conceptdec_ctx_error(ctx),
                  text);
    ck_assert_ptr_eq(result, untouched);
}

START_TEST(bad_options_are_refused)
{
    conceptdec_matrix x = reals(some_x, 9, 2), labels = ints(some_labels, 9, 1);
    expect(&x, &labels, &refusals[_i].options, refusals[_i].status, refusals[_i].text);
}
END_TEST

START_TEST(bad_labels_are_refused)
{
    conceptdec_matrix x = reals(some_x, 9, 2), labels = ints(some_labels, 9, 1), one = ints(some_labels, 1, 1);
    conceptdec_knn_options o = KNN(.k = 2);
    int64_t changed[9];
    expect(&x, NULL, &o, CONCEPTDEC_ENULL, "labels: is NULL");
    expect(NULL, &labels, &o, CONCEPTDEC_ENULL, "x: is NULL");
    expect(&x, &one, &o, CONCEPTDEC_ESIZE, "labels: 1 rows, but x has 9");
    labels.dtype = CONCEPTDEC_FLOAT64;
    expect(&x, &labels, &o, CONCEPTDEC_EDTYPE, "labels");
    labels = ints(changed, 9, 1);
    memcpy(changed, some_labels, sizeof changed);
    changed[4] = -2;
    expect(&x, &labels, &o, CONCEPTDEC_ELABEL, "labels: -2 at row 4, column 0");
    changed[4] = 65536;
    expect(&x, &labels, &o, CONCEPTDEC_ELABEL, "labels: 65536 at row 4, column 0");
    for (int i = 0; i < 9; i++)
        changed[i] = i % 2 ? 3 : -1;
    expect(&x, &labels, &o, CONCEPTDEC_ESINGLECLASS, "labels: all labelled rows of column 0 have class 3");
    changed[1] = changed[3] = changed[5] = -1;
    expect(&x, &labels, &o, CONCEPTDEC_ETOOFEW, "labels: 1 labelled rows in column 0");
    x.rows = 1;
    expect(&x, &one, &o, CONCEPTDEC_ETOOFEW, "x: 1 row");
}
END_TEST

START_TEST(bad_groups_and_training_rows_are_refused)
{
    int64_t zeros[9] = {0}, train[9] = {1, 0, 1, 0, 2, 0, 1, 1, 1};
    conceptdec_matrix x = reals(some_x, 9, 2), labels = ints(some_labels, 9, 1), groups = ints(zeros, 9, 1);
    conceptdec_matrix mask = ints(train, 9, 1);
    conceptdec_knn_options o = KNN(.k = 2, .groups = &groups, .protocol = CONCEPTDEC_PROTOCOL_GROUP);
    expect(&x, &labels, &o, CONCEPTDEC_EGROUPS, "groups: all labelled rows of column 0 are in one group");
    groups.rows = 8;
    expect(&x, &labels, &o, CONCEPTDEC_ESIZE, "groups: 8 rows, but x has 9");
    groups = ints(zeros, 9, 1);
    groups.cols = 2;
    expect(&x, &labels, &o, CONCEPTDEC_ESIZE, "groups: 2 columns");
    o = (conceptdec_knn_options)KNN(.k = 2, .train = &mask);
    expect(&x, &labels, &o, CONCEPTDEC_EINVAL, "train: is given");
    o.protocol = CONCEPTDEC_PROTOCOL_SPLIT;
    expect(&x, &labels, &o, CONCEPTDEC_EINVAL, "train: 2 at row 4");
    mask.data = zeros;
    expect(&x, &labels, &o, CONCEPTDEC_ETOOFEW, "training row");
}
END_TEST

START_TEST(few_eligible_rows_are_counted_or_refused)
{
    int64_t groups[9] = {0, 0, 0, 0, 0, 0, 0, 1, 1};
    double n_short;
    conceptdec_matrix x = reals(some_x, 9, 2), labels = ints(some_labels, 9, 1), group_view = ints(groups, 9, 1);
    conceptdec_knn_options o = KNN(.k = 3, .groups = &group_view, .protocol = CONCEPTDEC_PROTOCOL_GROUP);
    conceptdec_result *result = NULL;
    ck_assert_int_eq(conceptdec_knn_decodability(ctx, &x, &labels, &o, &result), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_scalar(result, CONCEPTDEC_R_N_SHORT, &n_short), CONCEPTDEC_OK);
    ck_assert_double_eq(n_short, 7);
    conceptdec_result_free(result);
    o.flags = CONCEPTDEC_KNN_STRICT;
    expect(&x, &labels, &o, CONCEPTDEC_EFEWELIGIBLE, "x: row 0 has fewer than 3 eligible neighbours");
}
END_TEST

/* ---- tables of the caller ---- */

static void
expect_table(const conceptdec_neighbors *table, const conceptdec_matrix *x, const conceptdec_knn_options *options,
             conceptdec_status status, const char *text)
{
    conceptdec_matrix labels = ints(some_labels, 9, 1);
    conceptdec_result *result = NULL;
    ck_assert_int_eq(conceptdec_knn_decodability_neighbors(ctx, table, x, &labels, options, &result), status);
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text) != NULL, "\"%s\" lacks \"%s\"", conceptdec_ctx_error(ctx),
                  text);
    conceptdec_result_free(result);
}

START_TEST(tables_that_do_not_fit_are_refused)
{
    conceptdec_matrix x = reals(some_x, 9, 2), narrow = reals(some_x, 9, 1);
    conceptdec_neighbors_options no = {.struct_size = sizeof no, .k = 2};
    conceptdec_knn_options o = KNN(.k = 2), deeper = KNN(.k = 3), cosine = KNN(.k = 2, .metric = 1);
    conceptdec_neighbors *table = NULL, *queries = NULL;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &x, NULL, &no, &table), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &x, &x, &no, &queries), CONCEPTDEC_OK);
    expect_table(NULL, &x, &o, CONCEPTDEC_ENULL, "neighbors: is NULL");
    expect_table(queries, &x, &o, CONCEPTDEC_EINVAL, "neighbors: the table was made with queries");
    expect_table(table, &narrow, &o, CONCEPTDEC_ESIZE, "x: is 9 x 1");
    expect_table(table, &x, &cosine, CONCEPTDEC_EINVAL, "metric: is \"cosine\"");
    expect_table(table, NULL, &deeper, CONCEPTDEC_ESHALLOW, "neighbors: the list of row 1 (k = 2)");
    expect_table(table, NULL, &o, CONCEPTDEC_OK, "");
    conceptdec_neighbors_free(table);
    conceptdec_neighbors_free(queries);
}
END_TEST

/* ---- a result ---- */

START_TEST(a_result_has_the_shapes_of_the_header)
{
    static const int64_t ks[] = {5, 1, 5};
    int64_t labels[18];
    conceptdec_matrix x = reals(some_x, 9, 2), view = ints(labels, 9, 2);
    conceptdec_knn_options o = KNN(.ks = ks, .n_ks = 3, .permutations = 7, .bootstrap = 9, .classes = 4);
    conceptdec_result *result = NULL;
    conceptdec_array a;
    const char *json;
    for (int i = 0; i < 18; i++)
        labels[i] = some_labels[i / 2];
    ck_assert_int_eq(conceptdec_knn_decodability(ctx, &x, &view, &o, &result), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_NULL, &a), CONCEPTDEC_OK);
    ck_assert(a.ndim == 3 && a.shape[0] == 2 && a.shape[1] == 7 && a.shape[2] == 3);
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_CONFUSION, &a), CONCEPTDEC_OK);
    ck_assert(a.ndim == 4 && a.shape[0] == 2 && a.shape[1] == 3 && a.shape[2] == 4 && a.shape[3] == 4);
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_CI_HIGH, &a), CONCEPTDEC_OK);
    ck_assert(a.ndim == 2 && a.shape[0] == 2 && a.shape[1] == 3);
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_K, &a), CONCEPTDEC_OK);
    ck_assert(a.ndim == 1 && memcmp(a.data, ks, sizeof ks) == 0);
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_FOLD, &a), CONCEPTDEC_ENAME);
    const double *low = array(result, CONCEPTDEC_R_CI_LOW), *high = array(result, CONCEPTDEC_R_CI_HIGH);
    const double *value = array(result, CONCEPTDEC_R_DECODABILITY);
    for (int i = 0; i < 6; i++)
        ck_assert(low[i] <= value[i] && value[i] <= high[i] && value[i] == value[i % 3]);
    ck_assert_int_eq(conceptdec_result_json(result, &json), CONCEPTDEC_OK);
    ck_assert_ptr_nonnull(strstr(json, "\"protocol\":\"loo\""));
    conceptdec_result_free(result);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("decodability");
    TCase *scores = tcase_create("scores"), *refused = tcase_create("refused");
    tcase_add_checked_fixture(scores, setup, teardown);
    tcase_add_loop_test(scores, scores_are_those_of_the_definition, 0, ROUNDS);
    tcase_add_loop_test(scores, scores_from_a_brute_table_are_those_of_the_definition, 0, ROUNDS);
    tcase_add_test(scores, a_result_has_the_shapes_of_the_header);
    suite_add_tcase(suite, scores);
    tcase_add_checked_fixture(refused, setup, teardown);
    tcase_add_loop_test(refused, bad_options_are_refused, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(refused, bad_labels_are_refused);
    tcase_add_test(refused, bad_groups_and_training_rows_are_refused);
    tcase_add_test(refused, few_eligible_rows_are_counted_or_refused);
    tcase_add_test(refused, tables_that_do_not_fit_are_refused);
    suite_add_tcase(suite, refused);
    return suite;
}

CHECK_MAIN(make_suite)
