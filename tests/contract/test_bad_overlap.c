/* What overlaps refuse: each with a status of its own, a text that names argument and place, and the output
 * untouched. */
#define _GNU_SOURCE

#include "../torture/harness.h"
#include "check_main.h"
#include "concept_problems.h"

typedef struct {
    bool is_labelled; /* conceptdec_subspace_overlap() */
    conceptdec_subspaces *a, *b;
    conceptdec_matrix views[CONCEPT_V], labels, groups;
    int64_t n_views;
    bool no_a, no_views, no_labels, no_output, is_cancelled;
    conceptdec_subspaces_options subspaces;
    conceptdec_overlap_options options;
} call;

static void
make_call(call *c, bool is_labelled)
{
    conceptdec_subspaces *a = c->a, *b = c->b;
    make_concepts();
    *c = (call){.is_labelled = is_labelled, .a = a, .b = b, .n_views = CONCEPT_V};
    concept_views(c->views, &c->labels);
    c->groups = c->labels;
    c->groups.data = concept_groups;
    c->subspaces.struct_size = sizeof c->subspaces;
    c->options.struct_size = sizeof c->options;
    if (!is_labelled)
        return;
    c->options.subspaces = &c->subspaces;
    c->options.groups = &c->groups;
    c->options.permutations = 2;
    c->options.bootstrap = 2;
}

static conceptdec_status
run(conceptdec_ctx *ctx, const call *c, conceptdec_result **result)
{
    if (c->no_output)
        result = NULL;
    if (c->is_cancelled)
        conceptdec_ctx_cancel(ctx);
    if (c->is_labelled)
        return conceptdec_subspace_overlap(ctx, c->no_views ? NULL : c->views, c->n_views,
                                           c->no_labels ? NULL : &c->labels, &c->options, result);
    return conceptdec_subspaces_overlap(ctx, c->no_a ? NULL : c->a, c->b, &c->options, result);
}

#define SPOIL(name, what)                                                                                              \
    static void name(call *c)                                                                                          \
    {                                                                                                                  \
        (void)c;                                                                                                       \
        what;                                                                                                          \
    }

SPOIL(no_a, c->no_a = true)
SPOIL(no_output, c->no_output = true)
SPOIL(no_views, c->no_views = true)
SPOIL(no_labels, c->no_labels = true)
SPOIL(zero_views, c->n_views = 0)
SPOIL(no_size, c->options.struct_size = 0)
SPOIL(unknown_given, c->options.given = 1u << 9)
SPOIL(negative_memory, c->options.memory = -1)
SPOIL(zero_memory, c->options.given = 1u << 4)
SPOIL(little_memory, c->options.memory = 5000)
SPOIL(unknown_flag, c->options.flags = 4)
SPOIL(other_subspaces, c->options.subspaces = &c->subspaces)
SPOIL(other_groups, c->options.groups = &c->groups)
SPOIL(other_permutations, c->options.permutations = 3)
SPOIL(other_bootstrap, c->options.bootstrap = 3)
SPOIL(other_seed, c->options.seed = 3)
SPOIL(other_confidence, c->options.confidence = 0.9)
SPOIL(other_permute, c->options.permute = 1)
SPOIL(negative_permutations, c->options.permutations = -1)
SPOIL(negative_bootstrap, c->options.bootstrap = -2)
SPOIL(unknown_permute, c->options.permute = 3)
SPOIL(certain, c->options.confidence = 1)
SPOIL(no_number, c->options.confidence = (double)NAN)
SPOIL(no_groups, (c->options.groups = NULL, c->options.permute = CONCEPTDEC_PERMUTE_WITHIN))
SPOIL(idle_groups, c->options.bootstrap = 0)
SPOIL(idle_seed, (c->options.bootstrap = 0, c->options.permutations = 0, c->options.groups = NULL, c->options.seed = 4))
SPOIL(idle_permute, (c->options.permutations = 0, c->options.permute = CONCEPTDEC_PERMUTE_WHOLE))
SPOIL(idle_confidence, (c->options.bootstrap = 0, c->options.groups = NULL, c->options.confidence = 0.5))
SPOIL(fewer_groups, c->groups.rows--)
SPOIL(float_groups, c->groups.dtype = CONCEPTDEC_FLOAT64)
SPOIL(same_labels, (c->options.permute = CONCEPTDEC_PERMUTE_WITHIN))
SPOIL(fewer_labels, c->labels.rows--)
SPOIL(negative_label, concept_labels[4] = -2)
SPOIL(negative_rank, c->subspaces.rank = -3)
SPOIL(unknown_basis, c->subspaces.basis = 9)
SPOIL(probe_drawn, c->subspaces.basis = CONCEPTDEC_BASIS_PROBE)
SPOIL(other_width, c->views[1].cols--)
SPOIL(not_finite, concept_values[1][3 * CONCEPT_D + 2] = (double)INFINITY)
SPOIL(integer_view, c->views[1].dtype = CONCEPTDEC_INT32)
SPOIL(cancelled, c->is_cancelled = true)

static const struct {
    bool is_labelled;
    void (*spoil)(call *c);
    conceptdec_status status;
    const char *text;
} cases[] = {
    {false, no_a, CONCEPTDEC_ENULL, "a: is NULL"},
    {false, no_output, CONCEPTDEC_ENULL, "result: is NULL"},
    {false, no_size, CONCEPTDEC_ESTRUCT_SIZE, "options"},
    {false, unknown_given, CONCEPTDEC_ESTRUCT_TAIL, "options"},
    {false, negative_memory, CONCEPTDEC_EINVAL, "memory: -1 bytes"},
    {false, zero_memory, CONCEPTDEC_EINVAL, "memory: 0 bytes"},
    {false, little_memory, CONCEPTDEC_ENOMEM, "memory: 5000 bytes"},
    {false, unknown_flag, CONCEPTDEC_ERESERVED, "flags: 0x4"},
    {false, other_subspaces, CONCEPTDEC_EINVAL, "subspaces: is given, but the subspaces are there"},
    {false, other_groups, CONCEPTDEC_EINVAL, "groups: is given, but the subspaces are there"},
    {false, other_permutations, CONCEPTDEC_EINVAL, "permutations: is given, but the subspaces are there"},
    {false, other_bootstrap, CONCEPTDEC_EINVAL, "bootstrap: is given, but the subspaces are there"},
    {false, other_seed, CONCEPTDEC_EINVAL, "seed: is given, but the subspaces are there"},
    {false, other_confidence, CONCEPTDEC_EINVAL, "confidence: is given, but the subspaces are there"},
    {false, other_permute, CONCEPTDEC_EINVAL, "permute: is given, but the subspaces are there"},
    {false, cancelled, CONCEPTDEC_ECANCELLED, ""},
    {true, no_views, CONCEPTDEC_ENULL, "views: is NULL"},
    {true, no_labels, CONCEPTDEC_ENULL, "labels: is NULL"},
    {true, no_output, CONCEPTDEC_ENULL, "result: is NULL"},
    {true, zero_views, CONCEPTDEC_ESIZE, "n_views: 0"},
    {true, no_size, CONCEPTDEC_ESTRUCT_SIZE, "options"},
    {true, unknown_flag, CONCEPTDEC_ERESERVED, "flags: 0x4"},
    {true, little_memory, CONCEPTDEC_ENOMEM, "memory: 5000 bytes"},
    {true, negative_permutations, CONCEPTDEC_ESIZE, "permutations"},
    {true, negative_bootstrap, CONCEPTDEC_ESIZE, "bootstrap"},
    {true, unknown_permute, CONCEPTDEC_EINVAL, "permute"},
    {true, certain, CONCEPTDEC_EINVAL, "confidence"},
    {true, no_number, CONCEPTDEC_EINVAL, "confidence"},
    {true, no_groups, CONCEPTDEC_EGROUPS, "groups: missing, but permute \"within\""},
    {true, idle_groups, CONCEPTDEC_EINVAL, "groups: is given, but there is neither"},
    {true, idle_seed, CONCEPTDEC_EINVAL, "seed: is given, but there are neither"},
    {true, idle_permute, CONCEPTDEC_EINVAL, "permute: is given, but there are no permutations"},
    {true, idle_confidence, CONCEPTDEC_EINVAL, "confidence: is given, but there is no bootstrap"},
    {true, fewer_groups, CONCEPTDEC_ESIZE, "groups: 89 rows"},
    {true, float_groups, CONCEPTDEC_EDTYPE, "groups"},
    {true, same_labels, CONCEPTDEC_EGROUPS, "groups: each has one label only"},
    {true, fewer_labels, CONCEPTDEC_ESIZE, "labels: 89 rows"},
    {true, negative_label, CONCEPTDEC_ELABEL, "labels: -2 at row 4"},
    {true, negative_rank, CONCEPTDEC_EINVAL, "rank: -3"},
    {true, unknown_basis, CONCEPTDEC_EINVAL, "basis"},
    {true, probe_drawn, CONCEPTDEC_EINVAL, "bootstrap: not with basis \"probe\""},
    {true, other_width, CONCEPTDEC_ESIZE, "views[1]"},
    {true, not_finite, CONCEPTDEC_ENONFINITE, "views[1]: non-finite value at row 3, column 2"},
    {true, integer_view, CONCEPTDEC_EDTYPE, "views[1]: dtype"},
    {true, cancelled, CONCEPTDEC_ECANCELLED, ""},
};
#define CASES ((int)(sizeof cases / sizeof *cases))

START_TEST(it_is_refused)
{
    static const double rows[] = {1, 2, 0, 3, 1, 1};
    static const int64_t ranks[] = {1, 1};
    torture_allocator allocator = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1);
    conceptdec_ctx *ctx;
    call c = {0};
    conceptdec_result *result = (conceptdec_result *)&c;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    c.a = spans(ctx, rows, ranks, 2, 3, NULL);
    int64_t live = allocator.live;
    make_call(&c, cases[_i].is_labelled);
    cases[_i].spoil(&c);
    ck_assert_int_eq(run(ctx, &c, &result), cases[_i].status);
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), cases[_i].text) != NULL, "%s", conceptdec_ctx_error(ctx));
    ck_assert_ptr_eq(result, (conceptdec_result *)&c);
    ck_assert_int_eq(allocator.live, live);
    make_call(&c, cases[_i].is_labelled);
    ck_assert_msg(run(ctx, &c, &result) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    conceptdec_result_free(result);
    conceptdec_subspaces_free(c.a);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

START_TEST(other_dimensions)
{
    static const double rows[] = {1, 2, 0, 3, 1, 1};
    static const int64_t ranks[] = {1, 1, 1};
    conceptdec_ctx *ctx;
    conceptdec_result *result = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    conceptdec_subspaces *a = spans(ctx, rows, ranks, 2, 3, NULL), *b = spans(ctx, rows, ranks, 3, 2, NULL);
    ck_assert_int_eq(conceptdec_subspaces_overlap(ctx, a, b, NULL, &result), CONCEPTDEC_ESIZE);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "b: subspaces of 2 dimensions, but those of a have 3"));
    ck_assert_int_eq(conceptdec_subspaces_overlap(NULL, a, NULL, NULL, &result), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_subspace_overlap(NULL, NULL, 1, NULL, NULL, &result), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(result);
    conceptdec_subspaces_free(a);
    conceptdec_subspaces_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_overlap");
    TCase *tests = tcase_create("bad overlap");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, it_is_refused, 0, CASES);
    tcase_add_test(tests, other_dimensions);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
