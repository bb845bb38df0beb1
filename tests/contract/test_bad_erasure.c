/* What moments per class, erasers and curves refuse: each with a status of its own, a text that names argument and
 * place, and the output untouched. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "../torture/harness.h"
#include "check_main.h"

enum { N = 12, D = 3, C = 2 };

/* Everything that a call may be given; a case spoils one thing. */
typedef struct call {
    conceptdec_ctx *ctx;
    double values[N * D], direction_values[2 * D];
    int64_t label_values[N];
    conceptdec_matrix x, labels, directions;
    const conceptdec_matrix *given_x, *given_labels;
    int64_t dims, classes;
    uint32_t flags;
    conceptdec_class_moments *moments, *other;
    const conceptdec_class_moments *given_other;
    conceptdec_eraser *fitted;
    conceptdec_eraser_options eraser;
    conceptdec_erasure_options curve;
    conceptdec_knn_options knn;
    conceptdec_probe_options probe;
    const char *path;
    bool no_object, no_output;
} call;

static void
make_call(call *c, conceptdec_ctx *ctx)
{
    memset(c, 0, sizeof *c);
    for (int i = 0; i < N * D; i++)
        c->values[i] = sin(3.0 * i) + (i / D % 2) * (1 + i % D);
    for (int i = 0; i < N; i++)
        c->label_values[i] = i % 2;
    for (int i = 0; i < 2 * D; i++)
        c->direction_values[i] = 1 + i * i;
    c->ctx = ctx;
    c->x = (conceptdec_matrix){
        .data = c->values, .rows = N, .cols = D, .row_stride = 8 * D, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    c->directions = (conceptdec_matrix){.data = c->direction_values,
                                        .rows = 2,
                                        .cols = D,
                                        .row_stride = 8 * D,
                                        .col_stride = 8,
                                        .dtype = CONCEPTDEC_FLOAT64};
    c->labels = (conceptdec_matrix){
        .data = c->label_values, .rows = N, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    c->given_x = &c->x;
    c->given_labels = &c->labels;
    c->dims = D;
    c->classes = C;
    c->eraser.struct_size = sizeof c->eraser;
    c->curve.struct_size = sizeof c->curve;
    c->knn.struct_size = sizeof c->knn;
    c->probe.struct_size = sizeof c->probe;
    c->knn.k = 3;
    c->probe.folds = 3;
    c->path = "/tmp/conceptdec-no-such-directory/file";
    ck_assert_int_eq(conceptdec_class_moments_new(ctx, D, C, CONCEPTDEC_CLASS_MOMENTS_POOLED, &c->moments),
                     CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_add(ctx, c->moments, &c->x, &c->labels), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_class_moments_new(ctx, D, C, CONCEPTDEC_CLASS_MOMENTS_POOLED, &c->other),
                     CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_eraser_new(ctx, &c->x, &c->labels, NULL, &c->fitted), CONCEPTDEC_OK);
    c->given_other = c->other;
}

static void
end_call(call *c)
{
    conceptdec_class_moments_free(c->moments);
    conceptdec_class_moments_free(c->other);
    conceptdec_eraser_free(c->fitted);
}

/* ---- the calls; what they make goes to *output ---- */

static conceptdec_status
new_moments(call *c, void **output)
{
    conceptdec_class_moments *m = *output;
    conceptdec_status status =
        conceptdec_class_moments_new(c->ctx, c->dims, c->classes, c->flags, c->no_output ? NULL : &m);
    *output = m;
    return status;
}
static conceptdec_status
add(call *c, void **output)
{
    (void)output;
    return conceptdec_class_moments_add(c->ctx, c->no_object ? NULL : c->moments, c->given_x, c->given_labels);
}
static conceptdec_status
merge(call *c, void **output)
{
    (void)output;
    return conceptdec_class_moments_merge(c->ctx, c->no_object ? NULL : c->moments, c->given_other);
}
static conceptdec_status
save_moments(call *c, void **output)
{
    (void)output;
    return conceptdec_class_moments_save(c->ctx, c->no_object ? NULL : c->moments, c->path);
}
static conceptdec_status
load_moments(call *c, void **output)
{
    conceptdec_class_moments *m = *output;
    conceptdec_status status = conceptdec_class_moments_load(c->ctx, c->path, c->no_output ? NULL : &m);
    *output = m;
    return status;
}
static conceptdec_status
new_eraser(call *c, void **output)
{
    conceptdec_eraser *e = *output;
    conceptdec_status status =
        conceptdec_eraser_new(c->ctx, c->given_x, c->given_labels, &c->eraser, c->no_output ? NULL : &e);
    *output = e;
    return status;
}
static conceptdec_status
from_moments(call *c, void **output)
{
    conceptdec_eraser *e = *output;
    conceptdec_status status = conceptdec_eraser_from_class_moments(c->ctx, c->no_object ? NULL : c->given_other,
                                                                    &c->eraser, c->no_output ? NULL : &e);
    *output = e;
    return status;
}
static conceptdec_status
apply(call *c, void **output)
{
    conceptdec_result *r = *output;
    conceptdec_status status =
        conceptdec_eraser_apply(c->ctx, c->no_object ? NULL : c->fitted, c->given_x, c->no_output ? NULL : &r);
    *output = r;
    return status;
}
static conceptdec_status
save_eraser(call *c, void **output)
{
    (void)output;
    return conceptdec_eraser_save(c->ctx, c->no_object ? NULL : c->fitted, c->path);
}
static conceptdec_status
load_eraser(call *c, void **output)
{
    conceptdec_eraser *e = *output;
    conceptdec_status status = conceptdec_eraser_load(c->ctx, c->path, c->no_output ? NULL : &e);
    *output = e;
    return status;
}
static conceptdec_status
draw_curve(call *c, void **output)
{
    conceptdec_result *r = *output;
    c->curve.eraser = &c->eraser;
    c->curve.knn = &c->knn;
    c->curve.probe = &c->probe;
    conceptdec_status status =
        conceptdec_erasure_curve(c->ctx, c->given_x, c->given_labels, &c->curve, c->no_output ? NULL : &r);
    *output = r;
    return status;
}

/* ---- what is spoiled ---- */

static int32_t
refuse(void *user, int64_t first, int64_t count, void *out)
{
    (void)user, (void)first, (void)count, (void)out;
    return 3;
}

static const conceptdec_reader reader = {.struct_size = sizeof reader, .read = refuse};

#define SPOIL(name, statement)                                                                                         \
    static void name(call *c)                                                                                          \
    {                                                                                                                  \
        statement;                                                                                                     \
    }

SPOIL(no_object, c->no_object = true)
SPOIL(no_output, c->no_output = true)
SPOIL(no_path, c->path = NULL)
SPOIL(no_place, (void)c)
SPOIL(a_directory, c->path = "/tmp")
SPOIL(no_dims, c->dims = 0)
SPOIL(many_dims, c->dims = INT64_C(1) << 40)
SPOIL(no_classes, c->classes = -1)
SPOIL(many_classes, c->classes = INT64_C(1) << 32)
SPOIL(unknown_flags, c->flags = 8)
SPOIL(both_flags, c->flags = 3)
SPOIL(no_x, c->given_x = NULL)
SPOIL(no_labels, c->given_labels = NULL)
SPOIL(no_data, c->x.data = NULL)
SPOIL(no_rows, c->x.rows = 0)
SPOIL(other_width, c->x.cols = D - 1)
SPOIL(integers, c->x.dtype = CONCEPTDEC_INT32)
SPOIL(float_labels, c->labels.dtype = CONCEPTDEC_FLOAT64)
SPOIL(fewer_labels, c->labels.rows = N - 1)
SPOIL(wide_labels, (c->labels.cols = 2, c->labels.rows = N, c->labels.row_stride = 0))
SPOIL(high_label, c->label_values[5] = 2)
SPOIL(low_label, c->label_values[6] = -2)
SPOIL(not_a_number, c->values[4 * D + 1] = (double)NAN)
SPOIL(infinite, c->values[7 * D] = -(double)INFINITY)
SPOIL(too_large, c->values[7 * D] = 0x1p480)
SPOIL(too_small, for (int i = 0; i < N; i++) c->values[i * D + 2] *= 0x1p-560)
SPOIL(reserved, c->x.reserved[0] = 1)
SPOIL(device, c->x.device = 1)
SPOIL(far, c->x.row_stride = INT64_MAX / 2)
SPOIL(failing_reader,
      c->x = ((conceptdec_matrix){
          .data = &reader, .rows = N, .cols = D, .dtype = CONCEPTDEC_FLOAT64, .flags = CONCEPTDEC_MATRIX_READER}))
SPOIL(cancelled, conceptdec_ctx_cancel(c->ctx))
SPOIL(no_other, c->given_other = NULL)
SPOIL(small_options, c->eraser.struct_size = 8)
SPOIL(bits_to_come, c->eraser.given = 1u << 7)
SPOIL(unknown_kind, c->eraser.kind = 2)
SPOIL(option_flags, c->eraser.flags = 1)
SPOIL(negative_rank, c->eraser.rank = -1)
SPOIL(given_rank, c->eraser.given = 4)
SPOIL(negative_memory, c->eraser.memory = -1)
SPOIL(small_memory, c->eraser.memory = 1000)
SPOIL(large_tolerance, c->eraser.tolerance = 1)
SPOIL(undefined_tolerance, c->eraser.tolerance = (double)NAN)
SPOIL(fewer_classes, c->eraser.classes = 1)
SPOIL(negative_classes, c->eraser.classes = -1)
SPOIL(one_row, (memset(c->label_values, 255, sizeof c->label_values), c->label_values[0] = 1))
SPOIL(one_class, memset(c->label_values, 0, sizeof c->label_values))
SPOIL(leace_of_directions, c->eraser.directions = &c->directions)
SPOIL(projection, (c->eraser.kind = CONCEPTDEC_ERASE_PROJECTION, c->eraser.directions = &c->directions))
SPOIL(labels_without_x, (projection(c), c->given_x = NULL))
SPOIL(classes_without_labels, (projection(c), c->given_labels = NULL, c->eraser.classes = 2))
SPOIL(no_direction, (projection(c), memset(c->direction_values + D, 0, D * sizeof(double))))
SPOIL(no_number_in_direction, (projection(c), c->direction_values[D + 2] = (double)NAN))
SPOIL(short_directions, (projection(c), c->directions.cols = D - 1))
SPOIL(integer_directions, (projection(c), c->directions.dtype = CONCEPTDEC_INT64))
SPOIL(read_directions,
      (projection(c),
       c->directions = ((conceptdec_matrix){
           .data = &reader, .rows = 2, .cols = D, .dtype = CONCEPTDEC_FLOAT64, .flags = CONCEPTDEC_MATRIX_READER})))
static void
beyond(call *c) /* what is read of it is */
{
    conceptdec_array read;
    ck_assert_int_eq(conceptdec_eraser_get(c->fitted, CONCEPTDEC_E_READ, &read), CONCEPTDEC_OK);
    for (int j = 0; j < D; j++)
        c->values[2 * D + j] = copysign(1.7e308, ((const double *)read.data)[j]);
}
SPOIL(curve_rank, c->eraser.rank = 1)
SPOIL(negative_most, c->curve.most = -1)
SPOIL(small_curve, c->curve.struct_size = 24)
SPOIL(curve_bits, c->curve.given = 1u << 4)
SPOIL(neighbours_permuted, c->knn.permutations = 10)
SPOIL(probe_bootstrap, c->probe.bootstrap = 10)
SPOIL(probe_code, c->probe.flags = CONCEPTDEC_PROBE_MDL)
SPOIL(many_neighbours, c->knn.k = N)
SPOIL(many_folds, c->probe.folds = N + 1)

static void
other_of(call *c, int64_t dims, int64_t classes, uint32_t flags)
{
    conceptdec_class_moments_free(c->other);
    ck_assert_int_eq(conceptdec_class_moments_new(c->ctx, dims, classes, flags, &c->other), CONCEPTDEC_OK);
    c->given_other = c->other;
}
SPOIL(other_dims, other_of(c, D + 1, C, 1))
SPOIL(other_classes, other_of(c, D, C + 1, 1))
SPOIL(other_flags, other_of(c, D, C, 0))

static void
filled(call *c, uint32_t flags)
{
    other_of(c, D, C, flags);
    ck_assert_int_eq(conceptdec_class_moments_add(c->ctx, c->other, &c->x, &c->labels), CONCEPTDEC_OK);
}
SPOIL(means_alone, filled(c, 2))
SPOIL(one_class_of_moments, (one_class(c), filled(c, 1)))
SPOIL(classes_of_moments, (filled(c, 1), c->eraser.classes = 2))
SPOIL(memory_of_moments, (filled(c, 1), small_memory(c)))

static const struct {
    conceptdec_status (*run)(call *c, void **output);
    void (*spoil)(call *c);
    conceptdec_status status;
    const char *text;
} cases[] = {
    {new_moments, no_output, CONCEPTDEC_ENULL, "moments: NULL"},
    {new_moments, no_dims, CONCEPTDEC_ESIZE, "dims: 0, must be at least 1"},
    {new_moments, many_dims, CONCEPTDEC_EOVERFLOW, "dims: 1099511627776, at most"},
    {new_moments, no_classes, CONCEPTDEC_ESIZE, "classes: -1, must be at least 1"},
    {new_moments, many_classes, CONCEPTDEC_EOVERFLOW, "classes: 4294967296, at most"},
    {new_moments, unknown_flags, CONCEPTDEC_ERESERVED, "flags: 0x8 has bits that are unknown"},
    {new_moments, both_flags, CONCEPTDEC_EINVAL, "pooled, means, variances: exclude each other"},
    {add, no_object, CONCEPTDEC_ENULL, "moments: is NULL"},
    {add, no_x, CONCEPTDEC_ENULL, "x: is NULL"},
    {add, no_labels, CONCEPTDEC_ENULL, "labels: is NULL"},
    {add, no_data, CONCEPTDEC_ENULL, "x: data is NULL"},
    {add, no_rows, CONCEPTDEC_ESIZE, "x: rows is 0"},
    {add, other_width, CONCEPTDEC_ESIZE, "x: 2 columns, but the state has 3"},
    {add, integers, CONCEPTDEC_EDTYPE, "x: dtype"},
    {add, float_labels, CONCEPTDEC_EDTYPE, "labels: dtype"},
    {add, fewer_labels, CONCEPTDEC_ESIZE, "labels: 11 rows, but x has 12"},
    {add, wide_labels, CONCEPTDEC_ESIZE, "labels: 2 columns, must be 1"},
    {add, high_label, CONCEPTDEC_ELABEL, "labels: 2 at row 5 is not in -1..1"},
    {add, low_label, CONCEPTDEC_ELABEL, "labels: -2 at row 6 is not in -1..1"},
    {add, not_a_number, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 4, column 1"},
    {add, infinite, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 7, column 0"},
    {add, too_large, CONCEPTDEC_EOVERFLOW, "at row 7, column 0"},
    {add, reserved, CONCEPTDEC_ERESERVED, "x: unknown flags and reserved"},
    {add, device, CONCEPTDEC_EUNSUPPORTED, "x: device 1"},
    {add, far, CONCEPTDEC_EOVERFLOW, "x: row_stride"},
    {add, failing_reader, CONCEPTDEC_EREAD, "x: the reader returned 3"},
    {add, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
    {merge, no_object, CONCEPTDEC_ENULL, "moments: is NULL"},
    {merge, no_other, CONCEPTDEC_ENULL, "other: is NULL"},
    {merge, other_dims, CONCEPTDEC_ESIZE, "other: rows of 4 numbers, but the state has 3"},
    {merge, other_classes, CONCEPTDEC_ESIZE, "other: 3 classes, but the state has 2"},
    {merge, other_flags, CONCEPTDEC_EINVAL, "other: keeps other moments (flags 0x0) than the state (0x1)"},
    {save_moments, no_object, CONCEPTDEC_ENULL, "moments: is NULL"},
    {save_moments, no_path, CONCEPTDEC_ENULL, "path: is NULL"},
    {save_moments, no_place, CONCEPTDEC_EIO, "path: cannot create"},
    {load_moments, no_path, CONCEPTDEC_ENULL, "path: is NULL"},
    {load_moments, no_output, CONCEPTDEC_ENULL, "moments: is NULL"},
    {load_moments, no_place, CONCEPTDEC_EIO, "path: cannot open"},
    {load_moments, a_directory, CONCEPTDEC_EIO, "path: cannot read"},
    {new_eraser, no_output, CONCEPTDEC_ENULL, "eraser: is NULL"},
    {new_eraser, no_x, CONCEPTDEC_ENULL, "x: is NULL"},
    {new_eraser, no_labels, CONCEPTDEC_ENULL, "labels: is NULL"},
    {new_eraser, no_rows, CONCEPTDEC_ESIZE, "x: rows is 0"},
    {new_eraser, integers, CONCEPTDEC_EDTYPE, "x: dtype"},
    {new_eraser, float_labels, CONCEPTDEC_EDTYPE, "labels: dtype"},
    {new_eraser, fewer_labels, CONCEPTDEC_ESIZE, "labels: 11 rows, but x has 12"},
    {new_eraser, wide_labels, CONCEPTDEC_ESIZE, "labels: 2 columns, must be 1"},
    {new_eraser, low_label, CONCEPTDEC_ELABEL, "labels: -2 at row 6"},
    {new_eraser, fewer_classes, CONCEPTDEC_ELABEL, "labels: 1 at row 1"},
    {new_eraser, one_row, CONCEPTDEC_ETOOFEW, "labels: 1 labelled rows"},
    {new_eraser, one_class, CONCEPTDEC_ESINGLECLASS, "labels: all rows have one class"},
    {new_eraser, not_a_number, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 4, column 1"},
    {new_eraser, too_large, CONCEPTDEC_EOVERFLOW, "at row 7, column 0"},
    {new_eraser, too_small, CONCEPTDEC_EOVERFLOW, "x: float64 cannot hold the variance of column 2"},
    {new_eraser, failing_reader, CONCEPTDEC_EREAD, "x: the reader returned 3"},
    {new_eraser, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
    {new_eraser, small_options, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size"},
    {new_eraser, bits_to_come, CONCEPTDEC_ESTRUCT_TAIL, "options.given"},
    {new_eraser, unknown_kind, CONCEPTDEC_EINVAL, "kind: 2"},
    {new_eraser, option_flags, CONCEPTDEC_ERESERVED, "flags: 0x1"},
    {new_eraser, negative_rank, CONCEPTDEC_EINVAL, "rank: -1, must be at least 1"},
    {new_eraser, given_rank, CONCEPTDEC_EINVAL, "rank: 0, must be at least 1"},
    {new_eraser, negative_memory, CONCEPTDEC_EINVAL, "memory: -1"},
    {new_eraser, small_memory, CONCEPTDEC_ENOMEM, "memory: an eraser of 3 dimensions and 2 classes needs"},
    {new_eraser, large_tolerance, CONCEPTDEC_EINVAL, "tolerance: must be in [0, 1)"},
    {new_eraser, undefined_tolerance, CONCEPTDEC_EINVAL, "tolerance: must be in [0, 1)"},
    {new_eraser, negative_classes, CONCEPTDEC_ESIZE, "classes: -1 is not in"},
    {new_eraser, leace_of_directions, CONCEPTDEC_EINVAL, "directions: only a projection"},
    {new_eraser, labels_without_x, CONCEPTDEC_EINVAL, "x: is NULL, but there are labels"},
    {new_eraser, classes_without_labels, CONCEPTDEC_EINVAL, "classes: there are no labels"},
    {new_eraser, no_direction, CONCEPTDEC_EINVAL, "directions: row 1 is 0"},
    {new_eraser, no_number_in_direction, CONCEPTDEC_ENONFINITE, "directions: non-finite value at row 1, column 2"},
    {new_eraser, short_directions, CONCEPTDEC_ESIZE, "directions: 2 columns, but x has 3"},
    {new_eraser, integer_directions, CONCEPTDEC_EDTYPE, "directions: dtype"},
    {new_eraser, read_directions, CONCEPTDEC_EUNSUPPORTED, "directions"},
    {from_moments, no_object, CONCEPTDEC_ENULL, "moments: is NULL"},
    {from_moments, no_output, CONCEPTDEC_ENULL, "eraser: is NULL"},
    {from_moments, no_place, CONCEPTDEC_ETOOFEW, "moments: 0 rows, at least 2"},
    {from_moments, one_class_of_moments, CONCEPTDEC_ESINGLECLASS, "moments: all rows have one class"},
    {from_moments, means_alone, CONCEPTDEC_EINVAL, "moments: are means alone"},
    {from_moments, classes_of_moments, CONCEPTDEC_EINVAL, "classes: the moments have their own"},
    {from_moments, memory_of_moments, CONCEPTDEC_ENOMEM, "memory: an eraser of 3"},
    {from_moments, unknown_kind, CONCEPTDEC_EINVAL, "kind: 2"},
    {apply, no_object, CONCEPTDEC_ENULL, "eraser: is NULL"},
    {apply, no_output, CONCEPTDEC_ENULL, "result: is NULL"},
    {apply, no_x, CONCEPTDEC_ENULL, "x: is NULL"},
    {apply, other_width, CONCEPTDEC_ESIZE, "x: 2 columns, but the eraser has 3"},
    {apply, integers, CONCEPTDEC_EDTYPE, "x: dtype"},
    {apply, infinite, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 7, column 0"},
    {apply, beyond, CONCEPTDEC_EOVERFLOW, "x: row 2 without the concept is beyond float64"},
    {apply, failing_reader, CONCEPTDEC_EREAD, "x: the reader returned 3"},
    {apply, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
    {save_eraser, no_object, CONCEPTDEC_ENULL, "eraser: is NULL"},
    {save_eraser, no_path, CONCEPTDEC_ENULL, "path: is NULL"},
    {save_eraser, no_place, CONCEPTDEC_EIO, "path: cannot create"},
    {load_eraser, no_path, CONCEPTDEC_ENULL, "path: is NULL"},
    {load_eraser, no_output, CONCEPTDEC_ENULL, "eraser: is NULL"},
    {load_eraser, no_place, CONCEPTDEC_EIO, "path: cannot open"},
    {draw_curve, no_output, CONCEPTDEC_ENULL, "result: is NULL"},
    {draw_curve, no_x, CONCEPTDEC_ENULL, "x: is NULL"},
    {draw_curve, no_labels, CONCEPTDEC_ENULL, "labels: is NULL"},
    {draw_curve, not_a_number, CONCEPTDEC_ENONFINITE, "x: non-finite value at row 4, column 1"},
    {draw_curve, wide_labels, CONCEPTDEC_ESIZE, "labels: 2 columns, must be 1"},
    {draw_curve, one_class, CONCEPTDEC_ESINGLECLASS, "labels: all rows have one class"},
    {draw_curve, small_curve, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size"},
    {draw_curve, curve_bits, CONCEPTDEC_ESTRUCT_TAIL, "options.given"},
    {draw_curve, curve_rank, CONCEPTDEC_EINVAL, "eraser: rank is set by `most`"},
    {draw_curve, negative_most, CONCEPTDEC_EINVAL, "most: -1, must be at least 1"},
    {draw_curve, unknown_kind, CONCEPTDEC_EINVAL, "kind: 2"},
    {draw_curve, neighbours_permuted, CONCEPTDEC_EINVAL, "knn: a curve has neither"},
    {draw_curve, probe_bootstrap, CONCEPTDEC_EINVAL, "probe: a curve has neither"},
    {draw_curve, probe_code, CONCEPTDEC_EINVAL, "probe: a curve has neither code lengths"},
    {draw_curve, many_neighbours, CONCEPTDEC_EK, "k"},
    {draw_curve, many_folds, CONCEPTDEC_EFOLDS, "folds"},
    {draw_curve, failing_reader, CONCEPTDEC_EREAD, "x: the reader returned 3"},
    {draw_curve, cancelled, CONCEPTDEC_ECANCELLED, "cancelled"},
};
#define CASES ((int)(sizeof cases / sizeof *cases))

START_TEST(it_is_refused)
{
    torture_allocator allocator = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1);
    conceptdec_ctx *ctx;
    static call c;
    void *output = &c;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    make_call(&c, ctx);
    cases[_i].spoil(&c);
    int64_t live = allocator.live;
    conceptdec_status status = cases[_i].run(&c, &output);
    ck_assert_msg(status == cases[_i].status, "status %d: %s", status, conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), cases[_i].text) != NULL, "%s", conceptdec_ctx_error(ctx));
    ck_assert_ptr_eq(output, &c);
    if (cases[_i].run != from_moments) /* moments keep what they were asked for */
        ck_assert_int_eq(allocator.live, live);
    end_call(&c);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

START_TEST(it_needs_a_context)
{
    void *output = NULL;
    static call c;
    conceptdec_ctx *ctx;
    conceptdec_status (*const calls[])(call *, void **) = {new_moments,  add,         merge,        save_moments,
                                                           load_moments, new_eraser,  from_moments, apply,
                                                           save_eraser,  load_eraser, draw_curve};
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    make_call(&c, ctx);
    c.ctx = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        ck_assert_int_eq(calls[i](&c, &output), CONCEPTDEC_ENULL);
        ck_assert_ptr_null(output);
    }
    end_call(&c);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_erasure");
    TCase *tests = tcase_create("bad erasure");
    tcase_add_loop_test(tests, it_is_refused, 0, CASES);
    tcase_add_test(tests, it_needs_a_context);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
