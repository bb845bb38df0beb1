/* What geometry refuses: each with a status of its own, a text that names argument and place, and the output
 * untouched. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "views.h"

enum { N = 24, D = 3, C = 3 };

typedef struct {
    double values[N * D], weights[C * D], bias[C];
    int32_t labels[N];
    conceptdec_matrix x, y, w, b;
    const conceptdec_matrix *given_x, *given_y;
    conceptdec_geometry_options o;
    bool no_output, no_options, is_cancelled;
} call;

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    for (int i = 0; i < N * D; i++)
        c->values[i] = sin((double)(i * i)) + i % C;
    for (int i = 0; i < N; i++)
        c->labels[i] = i % C;
    for (int i = 0; i < C * D; i++)
        c->weights[i] = cos(i);
    c->x = dense(c->values, N, D);
    c->w = dense(c->weights, C, D);
    c->b = dense(c->bias, C, 1);
    c->y = (conceptdec_matrix){
        .data = c->labels, .rows = N, .cols = 1, .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    c->given_x = &c->x;
    c->given_y = &c->y;
    c->o = (conceptdec_geometry_options){.struct_size = sizeof c->o, .weights = &c->w, .bias = &c->b};
}

/* ---- x, labels, result ---- */

static void
no_x(call *c)
{
    c->given_x = NULL;
}
static void
no_data(call *c)
{
    c->x.data = NULL;
}
static void
no_result(call *c)
{
    c->no_output = true;
}
static void
one_row(call *c)
{
    c->x.rows = c->y.rows = 1;
}
static void
no_columns(call *c)
{
    c->x.cols = 0;
}
static void
integers(call *c)
{
    c->x.dtype = CONCEPTDEC_INT32;
}
static void
not_a_number(call *c)
{
    c->values[D * 7 + 1] = (double)NAN;
}
static void
infinite(call *c)
{
    c->values[D * 20 + 2] = (double)INFINITY;
}
static void
too_far_apart(call *c)
{
    c->values[0] = -1.7e308;
    c->values[D] = 1.7e308;
}
static void
too_large_squares(call *c)
{
    c->values[0] = -1e200;
}
static void
other_device(call *c)
{
    c->x.device = 1;
}
static void
failing_reader(call *c)
{
    c->x = unreadable(N, D);
}
static void
float_labels(call *c)
{
    c->y.dtype = CONCEPTDEC_FLOAT32;
}
static void
fewer_labels(call *c)
{
    c->y.rows--;
}
static void
two_label_sets(call *c)
{
    c->y.cols = 2;
}
static void
label_below(call *c)
{
    c->labels[5] = -2;
}
static void
label_huge(call *c)
{
    c->labels[6] = 2000000000;
    c->o.classes = 0;
}
static void
label_above(call *c)
{
    c->o.classes = C;
    c->labels[6] = 3;
}
static void
nothing_labelled(call *c)
{
    memset(c->labels, -1, sizeof c->labels);
}
static void
cancelled(call *c)
{
    c->is_cancelled = true;
}

/* ---- options ---- */

static void
struct_too_small(call *c)
{
    c->o.struct_size = 8;
}
static void
unknown_given(call *c)
{
    c->o.given = UINT64_C(1) << 40;
}
static void
unknown_flag(call *c)
{
    c->o.flags = 32;
}
static void
unknown_metric(call *c)
{
    c->o.metric = 2;
}
static void
k_one(call *c)
{
    c->o.k = 1;
}
static void
k_large(call *c)
{
    c->o.k = N;
}
static void
default_k_large(call *c)
{
    c->x.rows = c->y.rows = 20;
}
static void
hub_k_large(call *c)
{
    c->o.hub_k = N;
}
static void
hub_k_negative(call *c)
{
    c->o.hub_k = -1;
}
static void
references_negative(call *c)
{
    c->o.references = -1;
}
static void
memory_negative(call *c)
{
    c->o.memory = -1;
}
static void
memory_small(call *c)
{
    c->o.memory = 100;
}
static void
memory_small_spectrum(call *c)
{
    c->given_y = NULL;
    c->o = (conceptdec_geometry_options){.struct_size = sizeof c->o, .memory = 1000};
}
static void
memory_small_references(call *c)
{
    c->given_y = NULL;
    c->o = (conceptdec_geometry_options){
        .struct_size = sizeof c->o, .memory = 250, .references = 1, .flags = CONCEPTDEC_GEOMETRY_NO_SPECTRUM};
}
static void
discard_all(call *c)
{
    c->o.discard = 1;
}
static void
discard_nan(call *c)
{
    c->o.discard = (double)NAN;
}
static void
tolerance_one(call *c)
{
    c->o.tolerance = 1;
}
static void
lambda_negative(call *c)
{
    c->o.weights = c->o.bias = NULL;
    c->o.lambda = -1;
}
static void
lambda_zero(call *c)
{
    c->o.weights = c->o.bias = NULL;
    c->o.given = 1u << 8;
}
static void
classes_negative(call *c)
{
    c->o.classes = -1;
}
static void
classes_zero(call *c)
{
    c->o.given = 1u << 2;
}

/* ---- what plays no part ---- */

static void
lambda_beside_weights(call *c)
{
    c->o.lambda = 1;
}
static void
lambda_without_probe(call *c)
{
    lambda_negative(c);
    c->o.lambda = 1;
    c->o.flags = CONCEPTDEC_GEOMETRY_NO_PROBE;
}
static void
bias_alone(call *c)
{
    c->o.weights = NULL;
}
static void
weights_without_labels(call *c)
{
    c->given_y = NULL;
}
static void
classes_without_labels(call *c)
{
    c->given_y = NULL;
    c->o = (conceptdec_geometry_options){.struct_size = sizeof c->o, .classes = 2};
}
static void
tolerance_without_labels(call *c)
{
    c->given_y = NULL;
    c->o = (conceptdec_geometry_options){.struct_size = sizeof c->o, .given = 1u << 10};
}
static void
k_without_neighbors(call *c)
{
    c->o.flags = CONCEPTDEC_GEOMETRY_NO_NEIGHBORS;
    c->o.k = 5;
}
static void
references_without_neighbors(call *c)
{
    c->o.flags = CONCEPTDEC_GEOMETRY_NO_NEIGHBORS;
    c->o.references = 5;
}
static void
metric_without_distances(call *c)
{
    c->o.flags = CONCEPTDEC_GEOMETRY_NO_NEIGHBORS | CONCEPTDEC_GEOMETRY_NO_SILHOUETTE;
    c->o.metric = CONCEPTDEC_METRIC_COSINE;
}
static void
draws_negative(call *c)
{
    c->o.capacity_draws = -1;
}
static void
draws_without_labels(call *c)
{
    c->given_y = NULL;
    c->o = (conceptdec_geometry_options){.struct_size = sizeof c->o, .capacity_draws = 5};
}
static void
margin_alone(call *c)
{
    c->o.capacity_margin = 0.5;
}
static void
margin_negative(call *c)
{
    c->o.capacity_draws = 5;
    c->o.capacity_margin = -0.5;
}
static void
margin_nan(call *c)
{
    c->o.capacity_draws = 5;
    c->o.capacity_margin = (double)NAN;
}
static void
memory_small_capacity(call *c)
{
    c->o.flags = CONCEPTDEC_GEOMETRY_NO_SPECTRUM | CONCEPTDEC_GEOMETRY_NO_NEIGHBORS | CONCEPTDEC_GEOMETRY_NO_SILHOUETTE;
    c->o.capacity_draws = 1000000;
    c->o.memory = 1 << 20;
}

/* ---- weights ---- */

static void
weights_narrow(call *c)
{
    c->w.cols--;
}
static void
weights_few(call *c)
{
    c->w.rows--;
}
static void
weights_integers(call *c)
{
    c->w.dtype = CONCEPTDEC_INT64;
}
static void
weights_nan(call *c)
{
    c->weights[4] = (double)NAN;
}
static void
bias_few(call *c)
{
    c->b.rows--;
}
static void
bias_wide(call *c)
{
    c->b = dense(c->weights, C, 2);
}
static void
bias_infinite(call *c)
{
    c->bias[2] = (double)INFINITY;
}

static const struct {
    void (*spoil)(call *c);
    conceptdec_status status;
    const char *text;
} cases[] = {
    {no_x, CONCEPTDEC_ENULL, "x: is NULL"},
    {no_data, CONCEPTDEC_ENULL, "x: data is NULL"},
    {no_result, CONCEPTDEC_ENULL, "result: is NULL"},
    {one_row, CONCEPTDEC_ETOOFEW, "x: 1 row"},
    {no_columns, CONCEPTDEC_ESIZE, "x: cols is 0"},
    {integers, CONCEPTDEC_EDTYPE, "x: dtype"},
    {not_a_number, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 7, column 1"},
    {infinite, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 20, column 2"},
    {too_far_apart, CONCEPTDEC_EOVERFLOW, "x: float64"},
    {too_large_squares, CONCEPTDEC_EOVERFLOW, "x: float64 cannot hold the variances"},
    {other_device, CONCEPTDEC_EUNSUPPORTED, "x: device 1"},
    {failing_reader, CONCEPTDEC_EREAD, "x: the reader returned 3"},
    {float_labels, CONCEPTDEC_EDTYPE, "labels: dtype"},
    {fewer_labels, CONCEPTDEC_ESIZE, "labels: 23 rows, but x has 24"},
    {two_label_sets, CONCEPTDEC_ESIZE, "labels: 2 columns"},
    {label_below, CONCEPTDEC_ELABEL, "labels: -2 at row 5"},
    {label_above, CONCEPTDEC_ELABEL, "labels: 3 at row 6 is not in -1..2"},
    {label_huge, CONCEPTDEC_ELABEL, "labels: 2000000000 at row 6 makes 2000000001 classes"},
    {nothing_labelled, CONCEPTDEC_ETOOFEW, "labels: no row"},
    {cancelled, CONCEPTDEC_ECANCELLED, ""},
    {struct_too_small, CONCEPTDEC_ESTRUCT_SIZE, "options"},
    {unknown_given, CONCEPTDEC_ESTRUCT_TAIL, "options"},
    {unknown_flag, CONCEPTDEC_ERESERVED, "flags: 0x20"},
    {unknown_metric, CONCEPTDEC_EINVAL, "metric"},
    {k_one, CONCEPTDEC_EK, "k: 1 is not in 2..23"},
    {k_large, CONCEPTDEC_EK, "k: 24 is not in 2..23"},
    {default_k_large, CONCEPTDEC_EK, "k: 20 is not in 2..19"},
    {hub_k_large, CONCEPTDEC_EK, "hub_k: 24 is not in 1..23"},
    {hub_k_negative, CONCEPTDEC_EK, "hub_k: -1 is not in"},
    {references_negative, CONCEPTDEC_ESIZE, "references"},
    {memory_negative, CONCEPTDEC_EINVAL, "memory: -1"},
    {memory_small, CONCEPTDEC_ENOMEM, "memory: class means needs 288 bytes, 100 are allowed"},
    {memory_small_spectrum, CONCEPTDEC_ENOMEM, "memory: the spectrum needs"},
    {memory_small_references, CONCEPTDEC_ENOMEM, "memory: a Gaussian reference needs 288 bytes, 250 are allowed"},
    {discard_all, CONCEPTDEC_EINVAL, "discard"},
    {discard_nan, CONCEPTDEC_EINVAL, "discard"},
    {tolerance_one, CONCEPTDEC_EINVAL, "tolerance"},
    {lambda_negative, CONCEPTDEC_EINVAL, "lambda"},
    {lambda_zero, CONCEPTDEC_EINVAL, "lambda"},
    {classes_negative, CONCEPTDEC_ESIZE, "classes: -1"},
    {classes_zero, CONCEPTDEC_ESIZE, "classes: 0"},
    {lambda_beside_weights, CONCEPTDEC_EINVAL, "lambda: is given, but weights are, too"},
    {lambda_without_probe, CONCEPTDEC_EINVAL, "lambda: is given, but the probe is left out"},
    {bias_alone, CONCEPTDEC_EINVAL, "bias: is given, but there are no weights"},
    {weights_without_labels, CONCEPTDEC_EINVAL, "weights: is given, but there are no labels"},
    {classes_without_labels, CONCEPTDEC_EINVAL, "classes: is given, but "},
    {tolerance_without_labels, CONCEPTDEC_EINVAL, "tolerance: is given, but "},
    {k_without_neighbors, CONCEPTDEC_EINVAL, "k: is given, but neighbours are left out"},
    {references_without_neighbors, CONCEPTDEC_EINVAL, "references: is given, but "},
    {metric_without_distances, CONCEPTDEC_EINVAL, "metric: is given, but "},
    {draws_negative, CONCEPTDEC_ESIZE, "capacity_draws"},
    {draws_without_labels, CONCEPTDEC_EINVAL, "capacity_draws: is given, but there are no labels"},
    {margin_alone, CONCEPTDEC_EINVAL, "capacity_margin: is given, but capacity_draws is 0"},
    {margin_negative, CONCEPTDEC_EINVAL, "capacity_margin"},
    {margin_nan, CONCEPTDEC_EINVAL, "capacity_margin"},
    {memory_small_capacity, CONCEPTDEC_ENOMEM, "memory: capacity needs"},
    {weights_narrow, CONCEPTDEC_ESIZE, "weights: 3 x 2, must be 3 x 3"},
    {weights_few, CONCEPTDEC_ESIZE, "weights: 2 x 3, must be 3 x 3"},
    {weights_integers, CONCEPTDEC_EDTYPE, "weights: dtype"},
    {weights_nan, CONCEPTDEC_ENONFINITE, "weights: non-finite value at row 1, column 1"},
    {bias_few, CONCEPTDEC_ESIZE, "bias: 2 x 1, must be 3 x 1"},
    {bias_wide, CONCEPTDEC_ESIZE, "bias: 3 x 2, must be 3 x 1"},
    {bias_infinite, CONCEPTDEC_ENONFINITE, "bias: non-finite value at row 2, column 0"},
};
static conceptdec_status
run(conceptdec_ctx *ctx, const call *c, conceptdec_result **result)
{
    if (c->is_cancelled)
        conceptdec_ctx_cancel(ctx);
    return conceptdec_geometry(ctx, c->given_x, c->given_y, &c->o, c->no_output ? NULL : result);
}

#include "refusals.h"

START_TEST(it_needs_a_context)
{
    call c;
    conceptdec_result *result = NULL;
    make_call(&c);
    ck_assert_int_eq(conceptdec_geometry(NULL, c.given_x, c.given_y, &c.o, &result), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(result);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_geometry");
    TCase *tests = tcase_create("bad geometry");
    tcase_add_loop_test(tests, it_is_refused, 0, CASES);
    tcase_add_test(tests, it_needs_a_context);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
