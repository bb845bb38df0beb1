/* What similarity refuses: each with a status of its own, a text that names argument and place, and the output
 * untouched. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "views.h"

enum { N = 8, R = 2 };

typedef struct {
    double values[4][N * R];
    int64_t codes[2 * N];
    conceptdec_matrix a[2], b[2], groups;
    int64_t n_a, n_b;
    conceptdec_similarity_options o;
    bool no_a, no_b, no_output, is_cancelled;
} call;

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    for (int s = 0; s < 4; s++) {
        for (int i = 0; i < N * R; i++)
            c->values[s][i] = sin((double)(i * (s + 2)));
        *(s < 2 ? &c->a[s] : &c->b[s - 2]) = dense(c->values[s], N, R);
    }
    for (int i = 0; i < N; i++)
        c->codes[i] = i / 2;
    c->groups = column_of_codes(c->codes, N);
    c->n_a = c->n_b = 2;
    c->o.struct_size = sizeof c->o;
}

static void
no_a(call *c)
{
    c->no_a = true;
}
static void
no_count(call *c)
{
    c->n_a = 0;
}
static void
negative_count(call *c)
{
    c->n_b = -1;
}
static void
no_b(call *c)
{
    c->no_b = true;
}
static void
no_result(call *c)
{
    c->no_output = true;
}
static void
no_data(call *c)
{
    c->b[1].data = NULL;
}
static void
fewer_rows(call *c)
{
    c->b[1].rows--;
}
static void
no_columns(call *c)
{
    c->a[1].cols = 0;
}
static void
integers(call *c)
{
    c->a[1].dtype = CONCEPTDEC_INT64;
}
static void
far_strides(call *c)
{
    c->b[0].row_stride = INT64_MAX / 2;
}
static void
not_a_number(call *c)
{
    c->values[1][R * 4 + 1] = (double)NAN;
}
static void
infinite(call *c)
{
    c->values[3][R * 2] = -(double)INFINITY;
}
static void
too_far_apart(call *c)
{
    c->values[3][0] = -1.7e308;
    c->values[3][R] = 1.7e308;
}
static void
failing_reader(call *c)
{
    c->a[0] = unreadable(N, R);
}
static void
one_row(call *c)
{
    for (int v = 0; v < 2; v++)
        c->a[v].rows = c->b[v].rows = 1;
    c->o.kind = CONCEPTDEC_SIMILARITY_CKA_BIASED;
}
static void
three_rows(call *c)
{
    for (int v = 0; v < 2; v++)
        c->a[v].rows = c->b[v].rows = 3;
}
static void
unknown_kind(call *c)
{
    c->o.kind = 9;
}
static void
unknown_kernel(call *c)
{
    c->o.kernel = 2;
}
static void
unknown_metric(call *c)
{
    c->o.metric = -1;
}
static void
unknown_rdm(call *c)
{
    c->o.rdm = 4;
}
static void
unknown_comparison(call *c)
{
    c->o.comparison = 4;
}
static void
whole_groups(call *c)
{
    c->o.permute = CONCEPTDEC_PERMUTE_WHOLE;
}
static void
k_of_cka(call *c)
{
    c->o.k = 3;
}
static void
metric_of_cka(call *c)
{
    c->o.metric = CONCEPTDEC_METRIC_COSINE;
}
static void
variance_of_cka(call *c)
{
    c->o.variance = 0.5;
}
static void
meant_ridge_of_cka(call *c)
{
    c->o.given = 1u << 11;
}
static void
rdm_of_cka(call *c)
{
    c->o.rdm = 1;
}
static void
comparison_of_cka(call *c)
{
    c->o.comparison = 1;
}
static void
labels_of_cka(call *c)
{
    c->o.labels = &c->groups;
}
static void
partitions_of_cka(call *c)
{
    c->o.partitions = &c->groups;
}
static void
batch_of_neighbours(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN;
    c->o.batch = 4;
}
static void
kernel_of_neighbours(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE;
    c->o.kernel = 1;
}
static void
symmetric_cka(call *c)
{
    c->o.flags = CONCEPTDEC_SIMILARITY_SYMMETRIC;
}
static void
unknown_flag(call *c)
{
    c->o.flags = 2;
}
static void
reserved_field(call *c)
{
    c->o.reserved = 1;
}
static void
unknown_bit(call *c)
{
    c->o.given = UINT64_C(1) << 21;
}
static void
small_struct(call *c)
{
    c->o.struct_size = 24;
}
static void
bandwidth_of_linear(call *c)
{
    c->o.bandwidth = 2;
}
static void
negative_bandwidth(call *c)
{
    c->o.kernel = CONCEPTDEC_CKA_RBF;
    c->o.bandwidth = -1;
}
static void
no_bandwidth(call *c)
{
    c->o.kernel = CONCEPTDEC_CKA_RBF;
    c->o.given = 1u << 9;
}
static void
idle_groups(call *c)
{
    c->o.groups = &c->groups;
}
static void
idle_permute(call *c)
{
    c->o.permute = CONCEPTDEC_PERMUTE_WITHIN;
    c->o.groups = &c->groups;
    c->o.bootstrap = 2;
}
static void
idle_confidence(call *c)
{
    c->o.confidence = 0.9;
}
static void
wrong_confidence(call *c)
{
    c->o.bootstrap = 2;
    c->o.confidence = 1;
}
static void
negative_permutations(call *c)
{
    c->o.permutations = -1;
}
static void
negative_bootstrap(call *c)
{
    c->o.bootstrap = -1;
}
static void
negative_memory(call *c)
{
    c->o.memory = -1;
}
static void
little_memory(call *c)
{
    c->o.memory = 100;
}
static void
little_memory_for_draws(call *c)
{
    c->o.memory = 1;
    c->o.permutations = 1;
}
static void
little_memory_for_ranks(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE;
    c->o.k = 1;
    c->o.permutations = 1;
    c->o.memory = 200;
}
static void
little_memory_for_lists(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN;
    c->o.k = 1;
    c->o.memory = 40;
}
static void
small_batch(call *c)
{
    c->o.batch = 3;
}
static void
large_batch(call *c)
{
    c->o.batch = 9;
}
static void
batch_and_draws(call *c)
{
    c->o.batch = 4;
    c->o.bootstrap = 1;
}
static void
no_k(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN;
    c->o.given = 1u << 3;
}
static void
large_k(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_MUTUAL_KNN;
    c->o.k = N;
}
static void
large_k_of_ranks(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE;
}
static void
within_nothing(call *c)
{
    c->o.permutations = 1;
    c->o.permute = CONCEPTDEC_PERMUTE_WITHIN;
}
static void
short_groups(call *c)
{
    c->o.permutations = 1;
    c->groups.rows--;
    c->o.groups = &c->groups;
}
static void
wide_groups(call *c)
{
    c->o.permutations = 1;
    c->groups.cols = 2;
    c->groups.rows = N;
    c->groups.row_stride = 0;
    c->o.groups = &c->groups;
}
static void
real_groups(call *c)
{
    c->o.bootstrap = 1;
    c->groups.dtype = CONCEPTDEC_FLOAT64;
    c->o.groups = &c->groups;
}
static void
single_groups(call *c)
{
    c->o.permutations = 1;
    c->o.permute = CONCEPTDEC_PERMUTE_WITHIN;
    for (int i = 0; i < N; i++)
        c->codes[i] = i;
    c->o.groups = &c->groups;
}
static void
unequal_groups(call *c)
{
    c->o.permutations = 1;
    for (int i = 0; i < N; i++)
        c->codes[i] = i > 2;
    c->o.groups = &c->groups;
}
static void
no_partitions(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_RSA;
    c->o.rdm = CONCEPTDEC_RDM_CROSSNOBIS;
    c->o.labels = &c->groups;
}
static void
no_labels(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_RSA;
    c->o.rdm = CONCEPTDEC_RDM_CROSSNOBIS;
    c->o.partitions = &c->groups;
}
static void
idle_partitions(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_RSA;
    c->o.partitions = &c->groups;
}
static void
no_variance(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_SVCCA;
    c->o.given = 1u << 10;
}
static void
negative_ridge(call *c)
{
    c->o.kind = CONCEPTDEC_SIMILARITY_PWCCA;
    c->o.ridge = -1;
}
static void
cancelled(call *c)
{
    c->is_cancelled = true;
}

static const struct {
    void (*spoil)(call *c);
    conceptdec_status status;
    const char *text;
} cases[] = {
    {no_a, CONCEPTDEC_ENULL, "a: is NULL"},
    {no_count, CONCEPTDEC_ESIZE, "n_a: 0 is not in 1.."},
    {negative_count, CONCEPTDEC_ESIZE, "n_b: -1 is not in 1.."},
    {no_b, CONCEPTDEC_ENULL, "b: is NULL, but n_b is 2"},
    {no_result, CONCEPTDEC_ENULL, "result: is NULL"},
    {no_data, CONCEPTDEC_ENULL, "b[1]: data is NULL"},
    {fewer_rows, CONCEPTDEC_ESIZE, "b[1]: 7 rows, but a[0] has 8"},
    {no_columns, CONCEPTDEC_ESIZE, "a[1]: cols is 0"},
    {integers, CONCEPTDEC_EDTYPE, "a[1]: dtype"},
    {far_strides, CONCEPTDEC_EOVERFLOW, "b[0]: row_stride"},
    {not_a_number, CONCEPTDEC_ENONFINITE, "a[1]: non-finite value at row 4, column 1"},
    {infinite, CONCEPTDEC_ENONFINITE, "b[1]: non-finite value at row 2, column 0"},
    {too_far_apart, CONCEPTDEC_EOVERFLOW, "b[1]: float64 cannot hold"},
    {failing_reader, CONCEPTDEC_EREAD, "a[0]: the reader returned 3"},
    {one_row, CONCEPTDEC_ETOOFEW, "a[0]: 1 row, at least 2"},
    {three_rows, CONCEPTDEC_ETOOFEW, "kind \"cka_debiased\" needs at least 4"},
    {unknown_kind, CONCEPTDEC_EINVAL, "kind: 9 is not one of 0..8"},
    {unknown_kernel, CONCEPTDEC_EINVAL, "kernel: 2"},
    {unknown_metric, CONCEPTDEC_EINVAL, "metric: -1"},
    {unknown_rdm, CONCEPTDEC_EINVAL, "rdm: 4"},
    {unknown_comparison, CONCEPTDEC_EINVAL, "comparison: 4"},
    {whole_groups, CONCEPTDEC_EINVAL, "permute: 2"},
    {k_of_cka, CONCEPTDEC_EINVAL, "k: is given, but kind \"cka_debiased\" does not use it"},
    {metric_of_cka, CONCEPTDEC_EINVAL, "metric: is given"},
    {variance_of_cka, CONCEPTDEC_EINVAL, "variance: is given"},
    {meant_ridge_of_cka, CONCEPTDEC_EINVAL, "ridge: is given"},
    {rdm_of_cka, CONCEPTDEC_EINVAL, "rdm: is given"},
    {comparison_of_cka, CONCEPTDEC_EINVAL, "comparison: is given"},
    {labels_of_cka, CONCEPTDEC_EINVAL, "labels: is given"},
    {partitions_of_cka, CONCEPTDEC_EINVAL, "partitions: is given"},
    {batch_of_neighbours, CONCEPTDEC_EINVAL, "batch: is given, but kind \"mutual_knn\""},
    {kernel_of_neighbours, CONCEPTDEC_EINVAL, "kernel: is given, but kind \"information_imbalance\""},
    {symmetric_cka, CONCEPTDEC_EINVAL, "symmetric: is given"},
    {unknown_flag, CONCEPTDEC_ERESERVED, "flags: 0x2"},
    {reserved_field, CONCEPTDEC_ERESERVED, "reserved: is 1"},
    {unknown_bit, CONCEPTDEC_ESTRUCT_TAIL, "options.given"},
    {small_struct, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size"},
    {bandwidth_of_linear, CONCEPTDEC_EINVAL, "bandwidth: is given, but kernel \"rbf\" alone"},
    {negative_bandwidth, CONCEPTDEC_EINVAL, "bandwidth: must be above 0"},
    {no_bandwidth, CONCEPTDEC_EINVAL, "bandwidth: must be above 0"},
    {idle_groups, CONCEPTDEC_EINVAL, "groups: is given, but there are neither permutations nor a bootstrap"},
    {idle_permute, CONCEPTDEC_EINVAL, "permute: is given, but there are no permutations"},
    {idle_confidence, CONCEPTDEC_EINVAL, "confidence: is given, but there is no bootstrap"},
    {wrong_confidence, CONCEPTDEC_EINVAL, "confidence: must lie between"},
    {negative_permutations, CONCEPTDEC_ESIZE, "permutations: -1"},
    {negative_bootstrap, CONCEPTDEC_ESIZE, "bootstrap: -1"},
    {negative_memory, CONCEPTDEC_EINVAL, "memory: -1"},
    {little_memory, CONCEPTDEC_ENOMEM, "memory: 100 bytes, but kernels of 8 rows of 4 views take"},
    {little_memory_for_draws, CONCEPTDEC_ENOMEM, "which permutations and bootstrap go through"},
    {little_memory_for_ranks, CONCEPTDEC_ENOMEM, "but credits of 8 rows for 2 x 2 pairs"},
    {little_memory_for_lists, CONCEPTDEC_ENOMEM, "but credits of 8 rows for 2 x 2 pairs"},
    {small_batch, CONCEPTDEC_EINVAL, "batch: 3 is below 4"},
    {large_batch, CONCEPTDEC_ETOOFEW, "batch: 9, but there are 8 rows"},
    {batch_and_draws, CONCEPTDEC_EUNSUPPORTED, "batch: permutations and bootstrap"},
    {no_k, CONCEPTDEC_EK, "k: 0 is below 1"},
    {large_k, CONCEPTDEC_EK, "k: 8 is not in 1..7"},
    {large_k_of_ranks, CONCEPTDEC_EK, "k: 10 is not in 1..7"},
    {within_nothing, CONCEPTDEC_EGROUPS, "groups: missing, but permute"},
    {short_groups, CONCEPTDEC_ESIZE, "groups: 7 rows, but a[0] has 8"},
    {wide_groups, CONCEPTDEC_ESIZE, "groups: 2 columns"},
    {real_groups, CONCEPTDEC_EDTYPE, "groups: dtype"},
    {single_groups, CONCEPTDEC_EGROUPS, "each has one member only"},
    {unequal_groups, CONCEPTDEC_EGROUPS, "no two are of one size"},
    {no_partitions, CONCEPTDEC_ENULL, "partitions: missing"},
    {no_labels, CONCEPTDEC_ENULL, "labels: missing"},
    {idle_partitions, CONCEPTDEC_EINVAL, "partitions: is given, but rdm"},
    {no_variance, CONCEPTDEC_EINVAL, "variance: must be above 0"},
    {negative_ridge, CONCEPTDEC_EINVAL, "ridge: must be at least 0"},
    {cancelled, CONCEPTDEC_ECANCELLED, ""},
};
static conceptdec_status
run(conceptdec_ctx *ctx, const call *c, conceptdec_result **result)
{
    if (c->is_cancelled)
        conceptdec_ctx_cancel(ctx);
    return conceptdec_similarity(ctx, c->no_a ? NULL : c->a, c->n_a, c->no_b ? NULL : c->b, c->n_b, &c->o,
                                 c->no_output ? NULL : result);
}

#include "refusals.h"

START_TEST(it_needs_a_context)
{
    call c;
    conceptdec_result *result = NULL;
    make_call(&c);
    ck_assert_int_eq(conceptdec_similarity(NULL, c.a, 2, c.b, 2, NULL, &result), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(result);
}
END_TEST

/* What the kind uses stands in the result, as resolved; what it does not use does not. */
START_TEST(it_says_what_it_did)
{
    static const char *const wanted[] = {
        "\"kind\":\"cka_debiased\"", "\"kernel\":\"rbf\"", "\"bandwidth\":1", "\"permutations\":2",
        "\"permute\":\"free\"",      "\"seed\":77",        "\"n\":8",         "\"batch\":8",
        "\"median_rows\":8"};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *result = NULL;
    const char *json;
    call c;
    make_call(&c);
    c.o.kernel = CONCEPTDEC_CKA_RBF;
    c.o.permutations = 2;
    c.o.seed = 77;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(run(ctx, &c, &result), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_json(result, &json), CONCEPTDEC_OK);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(strstr(json, wanted[i]) != NULL, "%s is not in %s", wanted[i], json);
    ck_assert_ptr_null(strstr(json, "\"metric\""));
    ck_assert_ptr_null(strstr(json, "\"k\":"));
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_similarity");
    TCase *tests = tcase_create("bad similarity");
    tcase_add_loop_test(tests, it_is_refused, 0, CASES);
    tcase_add_test(tests, it_needs_a_context);
    tcase_add_test(tests, it_says_what_it_did);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
