/* What CCA, Procrustes distances and RSA refuse: each with a status of its own, a text that names argument and place,
 * and the output untouched. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "views.h"

enum { N = 12, D = 3 };

typedef struct {
    double values[2][N * D];
    int64_t codes[3][N]; /* conditions, partitions, groups */
    conceptdec_matrix views[2], columns[3];
    conceptdec_similarity_options options;
    bool is_cancelled;
} call;

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < N * D; i++)
            c->values[s][i] = sin((double)(i * (s + 2)));
        c->views[s] = dense(c->values[s], N, D);
    }
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < N; i++)
            c->codes[k][i] = k == 0 ? i % 4 : k == 1 ? i / 4 : i / 2;
        c->columns[k] = column_of_codes(c->codes[k], N);
    }
    c->options = (conceptdec_similarity_options){.struct_size = sizeof c->options,
                                                 .kind = CONCEPTDEC_SIMILARITY_RSA,
                                                 .rdm = CONCEPTDEC_RDM_CROSSNOBIS,
                                                 .labels = &c->columns[0],
                                                 .partitions = &c->columns[1]};
}

static void
other_kind(call *c, int32_t kind)
{
    c->options = (conceptdec_similarity_options){.struct_size = sizeof c->options, .kind = kind};
}

static void
fewer_labels(call *c)
{
    c->columns[0].rows--;
}
static void
two_label_sets(call *c)
{
    c->columns[0].cols = 2;
    c->columns[0].row_stride = 0;
    c->columns[0].col_stride = 0;
}
static void
real_labels(call *c)
{
    c->columns[0].dtype = CONCEPTDEC_FLOAT64;
}
static void
negative_label(call *c)
{
    c->codes[0][7] = -2;
}
static void
one_condition(call *c)
{
    for (int i = 0; i < N; i++)
        c->codes[0][i] = i % 2 ? -1 : 3;
}
static void
fewer_partitions(call *c)
{
    c->columns[1].rows--;
}
static void
real_partitions(call *c)
{
    c->columns[1].dtype = CONCEPTDEC_FLOAT32;
}
static void
one_partition(call *c)
{
    memset(c->codes[1], 0, sizeof c->codes[1]);
}
static void
hole(call *c)
{
    c->codes[0][4 + 3] = 2; /* condition 3 of partition 1 */
}
static void
groups_of_conditions(call *c)
{
    c->options.groups = &c->columns[2];
    c->options.bootstrap = 2;
}
static void
idle_partitions(call *c)
{
    c->options.rdm = CONCEPTDEC_RDM_COSINE;
}
static void
little_memory(call *c)
{
    c->options.memory = 100;
}
static void
little_memory_for_directions(call *c)
{
    other_kind(c, CONCEPTDEC_SIMILARITY_SVCCA);
    c->options.memory = 1000;
}
static void
little_memory_for_rotations(call *c)
{
    other_kind(c, CONCEPTDEC_SIMILARITY_SHAPE);
    c->options.memory = 500;
}
static void
columns_too_far_apart(call *c)
{
    other_kind(c, CONCEPTDEC_SIMILARITY_PWCCA);
    c->values[1][0] = -1.7e308;
    c->values[1][D] = 1.7e308;
}
static void
too_distant(call *c)
{
    other_kind(c, CONCEPTDEC_SIMILARITY_PROCRUSTES);
    for (int i = 0; i < N * D; i++)
        c->values[0][i] = i < D ? 0 : i / D % 2 ? 0.4e308 : -0.4e308;
}
static void
not_a_number(call *c)
{
    other_kind(c, CONCEPTDEC_SIMILARITY_SVCCA);
    c->values[1][D * 4 + 1] = (double)NAN;
}
static void
failing_reader(call *c)
{
    c->views[1] = unreadable(N, D);
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
    {fewer_labels, CONCEPTDEC_ESIZE, "labels: 11 rows, but a[0] has 12"},
    {two_label_sets, CONCEPTDEC_ESIZE, "labels"},
    {real_labels, CONCEPTDEC_EDTYPE, "labels: dtype"},
    {negative_label, CONCEPTDEC_ELABEL, "labels: -2 at row 7"},
    {one_condition, CONCEPTDEC_ETOOFEW, "labels: 1 conditions"},
    {fewer_partitions, CONCEPTDEC_ESIZE, "partitions: 11 rows"},
    {real_partitions, CONCEPTDEC_EDTYPE, "partitions: dtype"},
    {one_partition, CONCEPTDEC_ETOOFEW, "partitions: 1"},
    {hole, CONCEPTDEC_ELABEL, "partitions: condition 3 has no sample in partition 1"},
    {groups_of_conditions, CONCEPTDEC_EINVAL, "groups: are given, but with labels"},
    {idle_partitions, CONCEPTDEC_EINVAL, "partitions"},
    {little_memory, CONCEPTDEC_ENOMEM, "memory: 100 bytes are too few"},
    {little_memory_for_directions, CONCEPTDEC_ENOMEM, "memory: 1000 bytes are too few"},
    {little_memory_for_rotations, CONCEPTDEC_ENOMEM, "memory: 500 bytes are too few"},
    {columns_too_far_apart, CONCEPTDEC_EOVERFLOW, "b[0]: float64 cannot hold"},
    {too_distant, CONCEPTDEC_EOVERFLOW, "the distance of a[0] and b[0]"},
    {not_a_number, CONCEPTDEC_ENONFINITE, "b[0]: non-finite value at row 4, column 1"},
    {failing_reader, CONCEPTDEC_EREAD, "b[0]: the reader returned 3"},
    {cancelled, CONCEPTDEC_ECANCELLED, ""},
};
static conceptdec_status
run(conceptdec_ctx *ctx, const call *c, conceptdec_result **result)
{
    if (c->is_cancelled)
        conceptdec_ctx_cancel(ctx);
    return conceptdec_similarity(ctx, &c->views[0], 1, &c->views[1], 1, &c->options, result);
}

#include "refusals.h"

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_cca_rsa");
    TCase *tests = tcase_create("bad cca_rsa");
    tcase_add_loop_test(tests, it_is_refused, 0, CASES);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
