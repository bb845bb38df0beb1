/* What subspaces and concept vectors refuse: each with a status of its own, a text that names argument and place, and
 * the output untouched. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "core/core.h"

enum { N = 24, D = 5, VIEWS = 2, NEW = 0, BASES = 1, MOMENTS = 2, JOIN = 3, LOAD = 4, SAVE = 5, VECTORS = 6 };

typedef struct {
    int what;
    double values[VIEWS][N * D], along[VIEWS][2];
    int64_t label_values[N], group_values[N], n_views;
    conceptdec_matrix views[VIEWS], variances[VIEWS], labels, groups, baseline;
    conceptdec_subspaces_options subspaces;
    conceptdec_vectors_options vectors;
    uint32_t flags; /* of moments */
    int64_t most;   /* rows that they have */
    bool no_views, no_labels, no_output, no_variances, no_path, no_object, no_options, other_dims, is_null, cancel;
} call;

static conceptdec_matrix
ints(const int64_t *values, int64_t n)
{
    return (conceptdec_matrix){
        .data = values, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static conceptdec_matrix
reals(const double *values, int64_t n, int64_t d)
{
    return (conceptdec_matrix){
        .data = values, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

static void
make_call(call *c, int what)
{
    memset(c, 0, sizeof *c);
    c->what = what;
    c->n_views = VIEWS;
    c->most = N;
    c->no_variances = true;
    for (int v = 0; v < VIEWS; v++) {
        for (int i = 0; i < N * D; i++)
            c->values[v][i] = sin((double)(i * (v + 2)));
        c->along[v][0] = 2;
        c->along[v][1] = 1;
        c->views[v] = reals(c->values[v], what == BASES ? 2 : N, D);
        c->variances[v] = reals(c->along[v], 2, 1);
    }
    for (int i = 0; i < N; i++) {
        c->label_values[i] = i % 3;
        c->group_values[i] = i / 4;
    }
    c->labels = ints(c->label_values, N);
    c->groups = ints(c->group_values, N);
    c->baseline = reals(c->values[1], 1, D);
    c->subspaces.struct_size = sizeof c->subspaces;
    c->vectors.struct_size = sizeof c->vectors;
}

/* ---- calls ---- */

static conceptdec_status
from_moments(conceptdec_ctx *ctx, call *c, conceptdec_subspaces **out)
{
    conceptdec_class_moments *m = NULL;
    c->views[0].rows = c->labels.rows = c->most;
    conceptdec_status status = conceptdec_class_moments_new(ctx, D, 3, c->flags, &m);
    if (status == CONCEPTDEC_OK && c->most > 0)
        status = conceptdec_class_moments_add(ctx, m, &c->views[0], &c->labels);
    if (status == CONCEPTDEC_OK && c->cancel)
        conceptdec_ctx_cancel(ctx);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_subspaces_from_class_moments(ctx, c->no_object ? NULL : m, &c->subspaces, out);
    conceptdec_class_moments_free(m);
    return status;
}

static conceptdec_status
with_list(conceptdec_ctx *ctx, call *c, conceptdec_subspaces **out)
{
    conceptdec_matrix narrow = c->views[0];
    conceptdec_subspaces *a = NULL, *b = NULL;
    narrow.cols = c->other_dims ? D - 1 : D;
    ck_assert_int_eq(conceptdec_subspaces_from_bases(ctx, c->views, 1, NULL, NULL, &a), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_subspaces_from_bases(ctx, &narrow, 1, NULL, NULL, &b), CONCEPTDEC_OK);
    if (c->cancel)
        conceptdec_ctx_cancel(ctx);
    const conceptdec_subspaces *const parts[] = {a, c->no_object ? NULL : b};
    conceptdec_status status =
        c->what == SAVE ? conceptdec_subspaces_save(ctx, c->no_object ? NULL : a, c->no_path ? NULL : "/nowhere/at/all")
                        : conceptdec_subspaces_join(ctx, c->no_views ? NULL : parts, c->n_views, out);
    conceptdec_subspaces_free(a);
    conceptdec_subspaces_free(b);
    return status;
}

static conceptdec_status
make_it(conceptdec_ctx *ctx, call *c, void **out)
{
    conceptdec_subspaces **list = c->no_output ? NULL : (conceptdec_subspaces **)out;
    const conceptdec_matrix *views = c->no_views ? NULL : c->views;
    if (c->what == NEW)
        return conceptdec_subspaces_new(ctx, views, c->n_views, c->no_labels ? NULL : &c->labels, &c->subspaces, list);
    if (c->what == BASES)
        return conceptdec_subspaces_from_bases(ctx, views, c->n_views, c->no_variances ? NULL : c->variances,
                                               &c->subspaces, list);
    if (c->what == MOMENTS)
        return from_moments(ctx, c, list);
    if (c->what == LOAD)
        return conceptdec_subspaces_load(ctx, c->no_path ? NULL : "/nowhere/at/all", list);
    if (c->what == VECTORS)
        return conceptdec_concept_vectors(ctx, views, c->no_labels ? NULL : &c->labels, &c->vectors,
                                          c->no_output ? NULL : (conceptdec_result **)out);
    return with_list(ctx, c, list);
}

/* ---- one thing wrong ---- */

#define WRONG(name, change)                                                                                            \
    static void name(call *c)                                                                                          \
    {                                                                                                                  \
        change;                                                                                                        \
    }

WRONG(nothing, (void)c)
WRONG(no_views, c->no_views = true)
WRONG(no_labels, c->no_labels = true)
WRONG(no_output, c->no_output = true)
WRONG(no_path, c->no_path = true)
WRONG(no_object, c->no_object = true)
WRONG(none, c->n_views = 0)
WRONG(no_data, c->views[1].data = NULL)
WRONG(first_no_data, c->views[0].data = NULL)
WRONG(integers, c->views[1].dtype = CONCEPTDEC_INT64)
WRONG(first_integers, c->views[0].dtype = CONCEPTDEC_INT64)
WRONG(no_rows, c->views[0].rows = 0)
WRONG(fewer_rows, c->views[1].rows--)
WRONG(fewer_columns, c->views[1].cols--)
WRONG(far_strides, c->views[0].row_stride = INT64_MAX / 2)
WRONG(reserved, c->views[1].reserved[0] = 1)
WRONG(device, c->views[1].device = 2)
WRONG(not_a_number, c->values[1][1 * D + 3] = (double)NAN)
WRONG(first_not_a_number, c->values[0][1 * D + 3] = (double)NAN)
WRONG(too_far, (c->values[1][0] = 1e308, c->values[1][3 * D] = -1e308, c->values[1][6 * D] = -1e308))
WRONG(huge, (c->values[1][0] = 1e200, c->values[1][3 * D] = -1e200))
WRONG(first_too_far, (c->values[0][0] = 1.7e308, c->values[0][3 * D] = -1.7e308))
WRONG(float_labels, c->labels.dtype = CONCEPTDEC_FLOAT64)
WRONG(short_labels, c->labels.rows--)
WRONG(wide_labels, (c->labels.cols = 2, c->labels.rows = N))
WRONG(low_label, c->label_values[7] = -2)
WRONG(high_label, (c->label_values[7] = 5, c->subspaces.classes = c->vectors.classes = 5))
WRONG(huge_label, (c->label_values[7] = 2000000000, c->subspaces.classes = c->vectors.classes = 0))
WRONG(few_labels, memset(c->label_values + 1, -1, sizeof(int64_t) * (N - 1)))
WRONG(one_class, memset(c->label_values, 0, sizeof c->label_values))
WRONG(small_struct, c->subspaces.struct_size = c->vectors.struct_size = 8)
WRONG(unknown_bits, c->subspaces.given = c->vectors.given = UINT64_C(1) << 40)
WRONG(flags, c->subspaces.flags = c->vectors.flags = 1)
WRONG(unknown_basis, c->subspaces.basis = 5)
WRONG(low_rank, c->subspaces.rank = -1)
WRONG(zero_rank, c->subspaces.given = 1 << 1)
WRONG(low_share, c->subspaces.explained = -0.1)
WRONG(high_share, c->subspaces.explained = 1.1)
WRONG(nan_share, c->subspaces.explained = (double)NAN)
WRONG(low_tolerance, c->subspaces.tolerance = -1)
WRONG(high_tolerance, c->subspaces.tolerance = 1)
WRONG(low_classes, c->subspaces.classes = c->vectors.classes = -1)
WRONG(low_memory, c->subspaces.memory = c->vectors.memory = -1)
WRONG(little_memory, (c->subspaces.memory = 100, c->subspaces.explained = 0.5))
WRONG(both_rules, (c->subspaces.rank = 1, c->subspaces.explained = 0.5))
WRONG(two_differences, (c->subspaces.basis = CONCEPTDEC_BASIS_DIFFERENCE, c->subspaces.rank = 2))
WRONG(share_of_one, (c->subspaces.basis = CONCEPTDEC_BASIS_PROBE, c->subspaces.explained = 0.5))
WRONG(tolerance_of_probe, (c->subspaces.basis = CONCEPTDEC_BASIS_PROBE, c->subspaces.tolerance = 0.5))
WRONG(seed_of_means, (c->subspaces.basis = CONCEPTDEC_BASIS_MEANS, c->subspaces.seed = 1))
static const conceptdec_probe_options probe = {.struct_size = sizeof probe},
                                      other = {.struct_size = sizeof other, .classes = 9};
WRONG(needless_probe, c->subspaces.probe = &probe)
WRONG(probe_classes, (c->subspaces.basis = CONCEPTDEC_BASIS_PROBE, c->subspaces.probe = &other))
WRONG(probe_of_one, (c->subspaces.basis = CONCEPTDEC_BASIS_PROBE, one_class(c)))
WRONG(basis_of_bases, c->subspaces.basis = 1)
WRONG(rank_of_bases, c->subspaces.rank = 2)
WRONG(seed_of_bases, c->subspaces.seed = 2)
WRONG(memory_of_bases, c->subspaces.memory = 1 << 20)
WRONG(odd_bases, c->subspaces.classes = 3)
WRONG(tolerance_beside, (c->subspaces.tolerance = 0.1, c->no_variances = false))
WRONG(not_orthonormal, c->no_variances = false)
static void
orthonormal(call *c)
{
    c->no_variances = false;
    for (int v = 0; v < VIEWS; v++)
        for (int i = 0; i < 2 * D; i++)
            c->values[v][i] = i == 0 || i == D + 1;
}
WRONG(short_variances, (orthonormal(c), c->variances[1].rows = 1))
WRONG(int_variances, (orthonormal(c), c->variances[1].dtype = CONCEPTDEC_INT64))
WRONG(nan_variance, (orthonormal(c), c->along[1][1] = (double)NAN))
WRONG(low_variance, (orthonormal(c), c->along[1][1] = -1))
WRONG(pooled, c->flags = CONCEPTDEC_CLASS_MOMENTS_POOLED)
WRONG(moments_probe, c->subspaces.basis = CONCEPTDEC_BASIS_PROBE)
WRONG(moments_classes, c->subspaces.classes = 3)
WRONG(empty_moments, c->most = 0)
WRONG(other_dims, c->other_dims = true)
WRONG(no_baseline, c->vectors.reference = CONCEPTDEC_BASELINE_GIVEN)
WRONG(needless_baseline, c->vectors.baseline = &c->baseline)
static void
given(call *c)
{
    c->vectors.reference = CONCEPTDEC_BASELINE_GIVEN;
    c->vectors.baseline = &c->baseline;
}
WRONG(short_baseline, (given(c), c->baseline.cols--))
WRONG(two_baselines, (given(c), c->baseline.rows++))
WRONG(int_baseline, (given(c), c->baseline.dtype = CONCEPTDEC_INT32))
WRONG(nan_baseline, (given(c), c->values[1][2] = (double)NAN))
WRONG(unknown_reference, c->vectors.reference = 4)
WRONG(needless_class, c->vectors.baseline_class = 1)
WRONG(high_class, (c->vectors.baseline_class = 3, c->vectors.reference = CONCEPTDEC_BASELINE_CLASS))
WRONG(empty_class,
      (c->vectors.baseline_class = 3, c->vectors.classes = 4, c->vectors.reference = CONCEPTDEC_BASELINE_CLASS))
WRONG(low_draws, c->vectors.bootstrap = -1)
WRONG(low_splits, c->vectors.splits = -1)
WRONG(needless_groups, c->vectors.groups = &c->groups)
WRONG(needless_seed, c->vectors.seed = 1)
WRONG(needless_confidence, (c->vectors.confidence = 0.9, c->vectors.splits = 2))
WRONG(high_confidence, (c->vectors.confidence = 1, c->vectors.bootstrap = 2))
WRONG(short_groups, (c->vectors.groups = &c->groups, c->vectors.splits = 2, c->groups.rows--))
WRONG(float_groups, (c->vectors.groups = &c->groups, c->vectors.splits = 2, c->groups.dtype = CONCEPTDEC_FLOAT32))
WRONG(one_group,
      (c->vectors.groups = &c->groups, c->vectors.splits = 2, memset(c->group_values, 0, sizeof c->group_values)))
WRONG(little_for_draws, (c->vectors.bootstrap = 100, c->vectors.memory = 1000))
WRONG(little_for_halves, (c->vectors.splits = 10, c->vectors.memory = 300))
WRONG(cancelled, c->cancel = true)

static const struct {
    int what;
    void (*change)(call *c);
    conceptdec_status status;
    const char *text;
} cases[] = {
    {NEW, no_views, CONCEPTDEC_ENULL, "views: is NULL"},
    {NEW, no_labels, CONCEPTDEC_ENULL, "labels: is NULL"},
    {NEW, no_output, CONCEPTDEC_ENULL, "subspaces: is NULL"},
    {NEW, none, CONCEPTDEC_ESIZE, "n_views: 0"},
    {NEW, no_data, CONCEPTDEC_ENULL, "views[1]: data is NULL"},
    {NEW, integers, CONCEPTDEC_EDTYPE, "views[1]: dtype"},
    {NEW, no_rows, CONCEPTDEC_ESIZE, "views[0]: rows is 0"},
    {NEW, fewer_rows, CONCEPTDEC_ESIZE, "views[1]: 23 x 5, but views[0] is 24 x 5"},
    {NEW, fewer_columns, CONCEPTDEC_ESIZE, "views[1]: 24 x 4, but views[0] is 24 x 5"},
    {NEW, far_strides, CONCEPTDEC_EOVERFLOW, "views[0]: row_stride"},
    {NEW, reserved, CONCEPTDEC_ERESERVED, "views[1]: unknown flags"},
    {NEW, device, CONCEPTDEC_EUNSUPPORTED, "views[1]: device 2"},
    {NEW, not_a_number, CONCEPTDEC_ENONFINITE, "views[1]: non-finite value at row 1, column 3"},
    {NEW, too_far, CONCEPTDEC_EOVERFLOW, "views[1]: float64 cannot hold"},
    {NEW, huge, CONCEPTDEC_EOVERFLOW, "views[1]: float64 cannot hold its variances"},
    {NEW, float_labels, CONCEPTDEC_EDTYPE, "labels: dtype"},
    {NEW, short_labels, CONCEPTDEC_ESIZE, "labels: 23 rows"},
    {NEW, wide_labels, CONCEPTDEC_ESIZE, "labels: 2 columns"},
    {NEW, low_label, CONCEPTDEC_ELABEL, "labels: -2 at row 7"},
    {NEW, high_label, CONCEPTDEC_ELABEL, "labels: 5 at row 7, column 0 is not in -1..4"},
    {NEW, huge_label, CONCEPTDEC_ELABEL, "labels: 2000000000 at row 7 makes 2000000001 classes, more than 1048576"},
    {NEW, few_labels, CONCEPTDEC_ETOOFEW, "labels: 1 labelled rows"},
    {NEW, small_struct, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size"},
    {NEW, unknown_bits, CONCEPTDEC_ESTRUCT_TAIL, "options.given"},
    {NEW, flags, CONCEPTDEC_ERESERVED, "flags: is 0x1"},
    {NEW, unknown_basis, CONCEPTDEC_EINVAL, "basis: 5"},
    {NEW, low_rank, CONCEPTDEC_EINVAL, "rank: -1"},
    {NEW, zero_rank, CONCEPTDEC_EINVAL, "rank: 0"},
    {NEW, low_share, CONCEPTDEC_EINVAL, "explained: must"},
    {NEW, high_share, CONCEPTDEC_EINVAL, "explained: must"},
    {NEW, nan_share, CONCEPTDEC_EINVAL, "explained: must"},
    {NEW, low_tolerance, CONCEPTDEC_EINVAL, "tolerance: must"},
    {NEW, high_tolerance, CONCEPTDEC_EINVAL, "tolerance: must"},
    {NEW, low_classes, CONCEPTDEC_ESIZE, "classes: -1"},
    {NEW, low_memory, CONCEPTDEC_EINVAL, "memory: -1"},
    {NEW, little_memory, CONCEPTDEC_ENOMEM, "memory: 5 directions of views, of 5 dimensions, need"},
    {NEW, both_rules, CONCEPTDEC_EINVAL, "explained: is given, but so is rank"},
    {NEW, two_differences, CONCEPTDEC_EINVAL, "rank: 2, but basis \"difference\""},
    {NEW, share_of_one, CONCEPTDEC_EINVAL, "explained: is given, but the basis is of one direction"},
    {NEW, tolerance_of_probe, CONCEPTDEC_EINVAL, "tolerance: is given, but the basis is of one direction"},
    {NEW, seed_of_means, CONCEPTDEC_EINVAL, "seed: is given, but basis is neither"},
    {NEW, needless_probe, CONCEPTDEC_EINVAL, "probe: is given, but basis is not \"probe\""},
    {NEW, probe_classes, CONCEPTDEC_EINVAL, "probe.classes: 9"},
    {NEW, probe_of_one, CONCEPTDEC_ESINGLECLASS, "labels: all labelled rows"},
    {NEW, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
    {BASES, no_views, CONCEPTDEC_ENULL, "bases: is NULL"},
    {BASES, no_output, CONCEPTDEC_ENULL, "subspaces: is NULL"},
    {BASES, none, CONCEPTDEC_ESIZE, "n_bases: 0"},
    {BASES, no_data, CONCEPTDEC_ENULL, "bases[1]: data is NULL"},
    {BASES, integers, CONCEPTDEC_EDTYPE, "bases[1]: dtype"},
    {BASES, fewer_columns, CONCEPTDEC_ESIZE, "bases[1]: 4 columns, but bases[0] has 5"},
    {BASES, not_a_number, CONCEPTDEC_ENONFINITE, "bases[1]: non-finite value at row 1, column 3"},
    {BASES, basis_of_bases, CONCEPTDEC_EINVAL, "basis: is given, but bases are, too"},
    {BASES, rank_of_bases, CONCEPTDEC_EINVAL, "rank: is given, but bases are, too"},
    {BASES, seed_of_bases, CONCEPTDEC_EINVAL, "seed: is given, but bases are, too"},
    {BASES, memory_of_bases, CONCEPTDEC_EINVAL, "memory: is given, but bases are, too"},
    {BASES, odd_bases, CONCEPTDEC_ESIZE, "n_bases: 2 is no multiple of 3"},
    {BASES, tolerance_beside, CONCEPTDEC_EINVAL, "tolerance: is given, but variances are, too"},
    {BASES, not_orthonormal, CONCEPTDEC_EINVAL, "bases[0]: rows 0 and 0 are not orthonormal"},
    {BASES, short_variances, CONCEPTDEC_ESIZE, "variances[1]: 1 x 1, must be 2 x 1"},
    {BASES, int_variances, CONCEPTDEC_EDTYPE, "variances[1]: dtype"},
    {BASES, nan_variance, CONCEPTDEC_ENONFINITE, "variances[1]: non-finite value at row 1"},
    {BASES, low_variance, CONCEPTDEC_EINVAL, "variances[1]: negative at row 1"},
    {BASES, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
    {MOMENTS, no_object, CONCEPTDEC_ENULL, "moments: is NULL"},
    {MOMENTS, no_output, CONCEPTDEC_ENULL, "subspaces: is NULL"},
    {MOMENTS, pooled, CONCEPTDEC_EINVAL,
     "moments: have no \"scatter\", a scatter matrix of each class, which this basis needs"},
    {MOMENTS, moments_probe, CONCEPTDEC_EINVAL, "basis: \"probe\" needs rows"},
    {MOMENTS, moments_classes, CONCEPTDEC_EINVAL, "classes: is given, but the moments have their own"},
    {MOMENTS, empty_moments, CONCEPTDEC_ETOOFEW, "moments: 0 rows"},
    {MOMENTS, little_memory, CONCEPTDEC_ENOMEM, "memory: 5 directions of moments, of 5 dimensions, need"},
    {MOMENTS, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
    {JOIN, no_views, CONCEPTDEC_ENULL, "parts: is NULL"},
    {JOIN, no_object, CONCEPTDEC_ENULL, "parts[1]: is NULL"},
    {JOIN, no_output, CONCEPTDEC_ENULL, "subspaces: NULL"},
    {JOIN, none, CONCEPTDEC_ESIZE, "n_parts: 0"},
    {JOIN, other_dims, CONCEPTDEC_ESIZE, "parts[1]: 4 dimensions, but parts[0] has 5"},
    {LOAD, no_path, CONCEPTDEC_ENULL, "path: is NULL"},
    {LOAD, no_output, CONCEPTDEC_ENULL, "subspaces: is NULL"},
    {LOAD, nothing, CONCEPTDEC_EIO, "path: "},
    {SAVE, no_path, CONCEPTDEC_ENULL, "path: is NULL"},
    {SAVE, no_object, CONCEPTDEC_ENULL, "subspaces: is NULL"},
    {SAVE, nothing, CONCEPTDEC_EIO, "path: "},
    {VECTORS, no_views, CONCEPTDEC_ENULL, "x: is NULL"},
    {VECTORS, no_labels, CONCEPTDEC_ENULL, "labels: is NULL"},
    {VECTORS, no_output, CONCEPTDEC_ENULL, "result: is NULL"},
    {VECTORS, first_no_data, CONCEPTDEC_ENULL, "x: data is NULL"},
    {VECTORS, first_integers, CONCEPTDEC_EDTYPE, "x: dtype"},
    {VECTORS, first_not_a_number, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 1, column 3"},
    {VECTORS, first_too_far, CONCEPTDEC_EOVERFLOW, "x: float64 cannot hold"},
    {VECTORS, short_labels, CONCEPTDEC_ESIZE, "labels: 23 rows"},
    {VECTORS, low_label, CONCEPTDEC_ELABEL, "labels: -2 at row 7"},
    {VECTORS, high_label, CONCEPTDEC_ELABEL, "labels: 5 at row 7"},
    {VECTORS, huge_label, CONCEPTDEC_ELABEL, "labels: 2000000000 at row 7 makes"},
    {VECTORS, few_labels, CONCEPTDEC_ETOOFEW, "labels: 1 labelled rows"},
    {VECTORS, one_class, CONCEPTDEC_ESINGLECLASS, "labels: all labelled rows have class 0"},
    {VECTORS, small_struct, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size"},
    {VECTORS, unknown_bits, CONCEPTDEC_ESTRUCT_TAIL, "options.given"},
    {VECTORS, flags, CONCEPTDEC_ERESERVED, "flags: is 0x1"},
    {VECTORS, low_classes, CONCEPTDEC_ESIZE, "classes: -1"},
    {VECTORS, low_memory, CONCEPTDEC_EINVAL, "memory: -1"},
    {VECTORS, no_baseline, CONCEPTDEC_ENULL, "baseline: missing"},
    {VECTORS, needless_baseline, CONCEPTDEC_EINVAL, "baseline: is given, but reference is not"},
    {VECTORS, short_baseline, CONCEPTDEC_ESIZE, "baseline: 1 x 4, must be 1 x 5"},
    {VECTORS, two_baselines, CONCEPTDEC_ESIZE, "baseline: 2 x 5, must be 1 x 5"},
    {VECTORS, int_baseline, CONCEPTDEC_EDTYPE, "baseline: dtype"},
    {VECTORS, nan_baseline, CONCEPTDEC_ENONFINITE, "baseline: non-finite value at row 0, column 2"},
    {VECTORS, unknown_reference, CONCEPTDEC_EINVAL, "reference: 4"},
    {VECTORS, needless_class, CONCEPTDEC_EINVAL, "baseline_class: is given, but reference is not"},
    {VECTORS, high_class, CONCEPTDEC_EINVAL, "baseline_class: 3 is not in 0..2"},
    {VECTORS, empty_class, CONCEPTDEC_ECLASSMISSING, "baseline_class: class 3 has no samples"},
    {VECTORS, low_draws, CONCEPTDEC_ESIZE, "bootstrap: -1"},
    {VECTORS, low_splits, CONCEPTDEC_ESIZE, "splits: -1"},
    {VECTORS, needless_groups, CONCEPTDEC_EINVAL, "groups: is given, but there is neither"},
    {VECTORS, needless_seed, CONCEPTDEC_EINVAL, "seed: is given, but there is neither"},
    {VECTORS, needless_confidence, CONCEPTDEC_EINVAL, "confidence: is given, but there is no bootstrap"},
    {VECTORS, high_confidence, CONCEPTDEC_EINVAL, "confidence: must"},
    {VECTORS, short_groups, CONCEPTDEC_ESIZE, "groups: 23 rows"},
    {VECTORS, float_groups, CONCEPTDEC_EDTYPE, "groups: dtype"},
    {VECTORS, one_group, CONCEPTDEC_EGROUPS, "groups: each class lies in one group"},
    {VECTORS, little_for_draws, CONCEPTDEC_ENOMEM, "memory: 100 draws"},
    {VECTORS, little_for_halves, CONCEPTDEC_ENOMEM, "memory: halves of 3 classes"},
    {VECTORS, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
};

START_TEST(refusals)
{
    torture_allocator allocator = {0};
    const conceptdec_ctx_options options = torture_options(&allocator, 2);
    static char untouched;
    static call c;
    void *out = &untouched;
    conceptdec_ctx *ctx;
    make_call(&c, cases[_i].what);
    cases[_i].change(&c);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    if (c.cancel && c.what != MOMENTS && c.what != JOIN && c.what != SAVE)
        conceptdec_ctx_cancel(ctx);
    const conceptdec_status status = make_it(ctx, &c, &out);
    ck_assert_msg(status == cases[_i].status, "%s: %d: %s", cases[_i].text, status, conceptdec_ctx_error(ctx));
    ck_assert_msg(strncmp(conceptdec_ctx_error(ctx), cases[_i].text, strlen(cases[_i].text)) == 0, "%s, not %s",
                  conceptdec_ctx_error(ctx), cases[_i].text);
    ck_assert_ptr_eq(out, &untouched);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

/* What is refused above is accepted without the one thing that is wrong. */
START_TEST(accepted)
{
    static call c;
    static const int whats[] = {NEW, BASES, MOMENTS, JOIN, VECTORS};
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 2};
    conceptdec_ctx *ctx;
    void *out = NULL;
    make_call(&c, whats[_i]);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    const conceptdec_status status = make_it(ctx, &c, &out);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
    if (c.what == VECTORS)
        conceptdec_result_free(out);
    else
        conceptdec_subspaces_free(out);
    ck_assert_int_eq(conceptdec_subspaces_new(NULL, c.views, 1, &c.labels, NULL, (conceptdec_subspaces **)&out),
                     CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_concept_vectors(NULL, c.views, &c.labels, NULL, (conceptdec_result **)&out),
                     CONCEPTDEC_ENULL);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_subspaces");
    TCase *tests = tcase_create("bad_subspaces");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, refusals, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(tests, accepted, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
