/* What linear probes refuse: each with a status of its own, a text that names argument, place and limit, outputs
 * untouched, no block of memory left, and a context that works afterwards. */
#define _GNU_SOURCE

#include <math.h>

#include "../torture/harness.h"
#include "../torture/scenarios.h"
#include "check_main.h"

/* The calls that a case is tried on. */
enum { PROBES = 1, SWEEPS = 2, REGRESSES = 4, FITS = 8, PREDICTS = 16, SCORES = 32, SCORED = PROBES | SWEEPS,
    LABELLED = SCORED | FITS, ALONE = PROBES | REGRESSES | FITS, SOLVES = ALONE | SWEEPS, ASKS = PREDICTS | SCORES,
    EVERY = SOLVES | ASKS };

/* A correct call, to be spoiled. The struct is followed by zeroes: a longer struct of a later version. */
typedef struct call {
    conceptdec_matrix x, labels, targets, groups, train, weights, types;
    const conceptdec_matrix *x_at, *labels_at, *targets_at;
    double x_values[ROWS * COLS], target_values[ROWS * 2], weight_values[ROWS];
    int64_t label_values[ROWS], group_values[ROWS], train_values[ROWS];
    struct {
        conceptdec_probe_options options;
        uint64_t tail[600];
    } probe;
    conceptdec_sweep_options sweep;
    conceptdec_knn_options knn;
    conceptdec_reader reader;
    double lambdas[2];
    const conceptdec_probe_model *model;
    bool no_output;
} call;

static torture_allocator allocator;
static conceptdec_ctx *ctx;
static conceptdec_probe_model *fitted; /* to scene_x and the labels of a call */

/* Bits of `given`. */
enum { LAMBDAS, N_LAMBDAS, CLASSES = 6, FOLDS, MAX_ITERATIONS = 11, MEMORY, CONFIDENCE = 14, TOLERANCE, SHRINKAGE,
    PROTOCOL = 18, COVARIANCE = 20 };

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    c->x = scene_x;
    c->targets = scene_targets;
    c->groups = scene_groups;
    c->train = scene_train;
    c->weights = scene_weights;
    c->types = scene_types;
    memcpy(c->x_values, scene_values, sizeof c->x_values);
    memcpy(c->target_values, scene_target_values, sizeof c->target_values);
    memcpy(c->weight_values, scene_weight_values, sizeof c->weight_values);
    memcpy(c->group_values, scene_group_values, sizeof c->group_values);
    memcpy(c->train_values, scene_train_values, sizeof c->train_values);
    for (int i = 0; i < ROWS; i++)
        c->label_values[i] = scene_label_values[2 * i + 1];
    c->labels = (conceptdec_matrix)VIEW(c->label_values, ROWS, 1, CONCEPTDEC_INT64);
    c->x.data = c->x_values;
    c->targets.data = c->target_values;
    c->groups.data = c->group_values;
    c->train.data = c->train_values;
    c->weights.data = c->weight_values;
    c->x_at = &c->x;
    c->labels_at = &c->labels;
    c->targets_at = &c->targets;
    c->reader = scene_reader;
    c->probe.options.struct_size = sizeof c->probe.options;
    c->sweep.struct_size = sizeof c->sweep;
    c->knn.struct_size = sizeof c->knn;
    c->sweep.probe = &c->probe.options;
    c->model = fitted;
}

/* ---- ways to spoil it ---- */

static conceptdec_probe_options *
options_of(call *c)
{
    return &c->probe.options;
}

static void
meant(call *c, int field)
{
    c->probe.options.given |= (uint64_t)1 << field;
}

static void
set_lambdas(call *c, int32_t kind, int64_t n, double second)
{
    c->lambdas[0] = 0.5;
    c->lambdas[1] = second;
    c->probe.options.kind = kind;
    c->probe.options.lambdas = c->lambdas;
    c->probe.options.n_lambdas = n;
}

static void
set_all(int64_t *values, int64_t value)
{
    for (int i = 0; i < ROWS; i++)
        values[i] = value;
}

static void
set_protocol(call *c, int32_t kind, int32_t protocol)
{
    c->probe.options.kind = kind;
    c->probe.options.protocol = protocol;
    c->probe.options.groups = protocol == CONCEPTDEC_PROTOCOL_GROUP ? &c->groups : NULL;
    c->probe.options.train = protocol == CONCEPTDEC_PROTOCOL_SPLIT ? &c->train : NULL;
    meant(c, PROTOCOL);
}

static void
set_folds(call *c, int64_t folds)
{
    c->probe.options.folds = folds;
    meant(c, FOLDS);
}

/* Class 2 in these rows only, so that leaving them out leaves none to train on. */
static void
set_rare(call *c, int64_t first, int64_t last)
{
    for (int64_t i = 0; i < ROWS; i++)
        c->label_values[i] = i >= first && i <= last ? 2 : i % 2;
}

static void
set_weights(call *c, int64_t label, double weight)
{
    for (int i = 0; i < ROWS; i++)
        if (c->label_values[i] == label)
            c->weight_values[i] = weight;
}

/* Only rows that do not train weigh anything. */
static void
set_train_weights(call *c)
{
    for (int i = 0; i < ROWS; i++)
        c->weight_values[i] = c->train_values[i] ? 0 : 1;
    c->probe.options.weights = &c->weights;
}

static void
scale_first_target(call *c, double factor)
{
    for (int i = 0; i < ROWS; i++)
        c->target_values[2 * i] *= factor;
}

/* Labels that are constant within groups. */
static void
set_constant_groups(call *c, int32_t permute)
{
    for (int i = 0; i < ROWS; i++)
        c->label_values[i] = permute == CONCEPTDEC_PERMUTE_WITHIN ? c->group_values[i] % 3 : i % 2;
    c->probe.options.folds = 3;
    c->probe.options.groups = &c->groups;
    c->probe.options.permute = permute;
    c->probe.options.permutations = 5;
}

/* Two groups of different size, so that whole groups have no partner. */
static void
set_lonely_groups(call *c)
{
    for (int i = 0; i < ROWS; i++) {
        c->group_values[i] = i < 10;
        c->label_values[i] = i % 2;
    }
    set_constant_groups(c, CONCEPTDEC_PERMUTE_WHOLE);
    c->probe.options.folds = 2;
}

static void
set_shrinkage(call *c, int32_t kind, int32_t covariance, double shrinkage)
{
    c->probe.options.kind = kind;
    c->probe.options.covariance = covariance;
    c->probe.options.shrinkage = shrinkage;
    meant(c, SHRINKAGE);
}

static void
set_reader(call *c, conceptdec_matrix *m)
{
    m->data = &c->reader;
    m->flags = CONCEPTDEC_MATRIX_READER;
    m->row_stride = m->col_stride = 0;
}

static int32_t
fail_to_read(void *user, int64_t first, int64_t count, void *rows)
{
    (void)user, (void)first, (void)count, (void)rows;
    return 7;
}

#define FLAG(name) (options_of(c)->flags = CONCEPTDEC_PROBE_##name)
#define O (options_of(c))
#define LOGISTIC CONCEPTDEC_PROBE_LOGISTIC
#define RIDGE CONCEPTDEC_PROBE_RIDGE
#define LDA CONCEPTDEC_PROBE_LDA
#define MEANS CONCEPTDEC_PROBE_NEAREST_MEAN
#define LOO CONCEPTDEC_PROTOCOL_LOO
#define GROUP CONCEPTDEC_PROTOCOL_GROUP
#define SPLIT CONCEPTDEC_PROTOCOL_SPLIT
#define RESUBSTITUTION CONCEPTDEC_PROTOCOL_RESUBSTITUTION

static void
shrink_values(call *c, double factor)
{
    for (int i = 0; i < ROWS * COLS; i++)
        c->x_values[i] *= factor;
}

/* name, calls, status, two parts of the text, what is spoiled. */
#define CASES(X)                                                                                                       \
    X(x_null, ALONE | ASKS, ENULL, "x", "NULL", c->x_at = NULL)                                                        \
    X(x_data_null, EVERY, ENULL, "x", "data", c->x.data = NULL)                                                        \
    X(x_rows_zero, ALONE | ASKS, ESIZE, "x", "rows is 0, must be at least 1", c->x.rows = 0)                           \
    X(x_rows_negative, ALONE | ASKS, ESIZE, "x", "rows is -3", c->x.rows = -3)                                         \
    X(x_cols_zero, EVERY, ESIZE, "x", "cols is 0, must be at least 1", c->x.cols = 0)                                  \
    X(x_cols_least, EVERY, ESIZE, "x", "cols is -9223372036854775808", c->x.cols = INT64_MIN)                          \
    X(x_one_row, ALONE, ETOOFEW, "x", "at least 2", c->x.rows = c->labels.rows = c->targets.rows = 1)                  \
    X(x_fewer_rows, PROBES | FITS | SCORES, ESIZE, "labels", "26", c->x.rows = 25)                                     \
    X(x_row_stride, EVERY, EOVERFLOW, "x", "row_stride", c->x.row_stride = INT64_MAX / 2)                              \
    X(x_col_stride, EVERY, EOVERFLOW, "x", "col_stride", c->x.col_stride = INT64_MAX)                                  \
    X(x_many_rows, ALONE | ASKS, EOVERFLOW, "x", "at most 214748",                                                     \
      (c->x.rows = (int64_t)1 << 40, c->x.row_stride = 0))                                                             \
    X(x_many_cols, ALONE, EOVERFLOW, "x", "2147483647",                                                                \
      (c->x.cols = (int64_t)1 << 40, c->x.row_stride = c->x.col_stride = 0))                                           \
    X(x_dtype_zero, EVERY, EDTYPE, "x", "dtype 0 is unknown", c->x.dtype = 0)                                          \
    X(x_dtype_int, EVERY, EDTYPE, "x", "floating-point type is needed", c->x.dtype = CONCEPTDEC_INT32)                 \
    X(x_device, EVERY, EUNSUPPORTED, "x", "device 2", c->x.device = 2)                                                 \
    X(x_flags, EVERY, ERESERVED, "x", "must be 0", c->x.flags = 2)                                                     \
    X(x_reserved, EVERY, ERESERVED, "x", "must be 0", c->x.reserved[1] = 1)                                            \
    X(x_nan, EVERY, ENONFINITE, "x", "row 7, column 3", c->x_values[7 * COLS + 3] = (double)NAN)                       \
    X(x_infinite, EVERY, ENONFINITE, "x", "row 0, column 0", c->x_values[0] = -(double)INFINITY)                       \
    X(x_huge, ALONE, EOVERFLOW, "x", "above 1e150", c->x_values[7] = 1e160)                                            \
    X(x_tiny, ALONE, EOVERFLOW, "x", "no value is above 1e-150", shrink_values(c, 1e-170))                             \
    X(x_infinite_last, EVERY, ENONFINITE, "x", "row 25, column 4", c->x_values[ROWS * COLS - 1] = (double)INFINITY)    \
    X(x_other_width, ASKS, ESIZE, "x", "4 columns", c->x.cols = 4)                                                     \
    X(reader_read, EVERY, ENULL, "x.data", "read is NULL", (set_reader(c, &c->x), c->reader.read = NULL))              \
    X(reader_size, EVERY, ESTRUCT_SIZE, "x.data.struct_size", "0 is smaller than 32",                                  \
      (set_reader(c, &c->x), c->reader.struct_size = 0))                                                               \
    X(reader_row_stride, EVERY, ESIZE, "x", "strides of a reader", (set_reader(c, &c->x), c->x.row_stride = 40))       \
    X(reader_of_integers, EVERY, EDTYPE, "x", "floating-point type is needed",                                         \
      (set_reader(c, &c->x), c->x.dtype = CONCEPTDEC_INT64))                                                           \
    X(reader_fails, EVERY, EREAD, "x", "7", (set_reader(c, &c->x), c->reader.read = fail_to_read))                     \
    X(reader_of_labels, LABELLED | SCORES, EUNSUPPORTED, "labels", "must lie in memory", set_reader(c, &c->labels))    \
    X(reader_of_targets, REGRESSES, EUNSUPPORTED, "targets", "must lie in memory", set_reader(c, &c->targets))         \
    X(reader_of_weights, SOLVES, EUNSUPPORTED, "weights", "must lie in memory",                                        \
      (set_reader(c, &c->weights), O->weights = &c->weights))                                                          \
    X(reader_of_groups, SCORED | REGRESSES, EUNSUPPORTED, "groups", "must lie in memory",                              \
      (set_reader(c, &c->groups), O->groups = &c->groups))                                                             \
    X(reader_of_train, SOLVES, EUNSUPPORTED, "train", "must lie in memory",                                            \
      (set_protocol(c, LOGISTIC, SPLIT), set_reader(c, &c->train)))                                                    \
    X(kind, LABELLED, EINVAL, "kind", "5 is not one of 0..4", O->kind = 5)                                             \
    X(kind_negative, LABELLED, EINVAL, "kind", "-1 is not one of 0..4", O->kind = -1)                                  \
    X(protocol, SCORED | REGRESSES, EINVAL, "protocol", "5 is not one of 0..4", O->protocol = 5)                       \
    X(standardize, SOLVES, EINVAL, "standardize", "3 is not one of 0..2", O->standardize = 3)                          \
    X(covariance, LABELLED, EINVAL, "covariance", "-2 is not one of 0..2", O->covariance = -2)                         \
    X(permute, SCORED, EINVAL, "permute", "3 is not one of 0..2", O->permute = 3)                                      \
    X(flags, LABELLED, ERESERVED, "flags", "0x80", O->flags = 0x80)                                                    \
    X(permutations, SCORED, ESIZE, "permutations", "-1 is not in 0..2147483647", O->permutations = -1)                 \
    X(permutations_many, SCORED, ESIZE, "permutations", "9223372036854775807", O->permutations = INT64_MAX)            \
    X(bootstrap, SCORED, ESIZE, "bootstrap", "-2 is not in 0..2147483647", O->bootstrap = -2)                          \
    X(control, SCORED, ESIZE, "control", "-3 is not in 0..2147483647", O->control = -3)                                \
    X(classes_negative, LABELLED, ESIZE, "classes", "-1 is not in 1..4096", O->classes = -1)                           \
    X(classes_many, LABELLED, ESIZE, "classes", "4097 is not in 1..4096", O->classes = 4097)                           \
    X(classes_zero, LABELLED, ESIZE, "classes", "0 is not in 1..4096", meant(c, CLASSES))                              \
    X(max_iterations, LABELLED, EINVAL, "max_iterations", "-1 is not in 1..2147483647", O->max_iterations = -1)          \
    X(max_iterations_zero, SOLVES, EINVAL, "max_iterations", "0 is not in 1..", meant(c, MAX_ITERATIONS))              \
    X(max_iterations_many, LABELLED, EINVAL, "max_iterations", "2147483648", O->max_iterations = (int64_t)1 << 31)       \
    X(memory_negative, SOLVES, EINVAL, "memory", "-1", O->memory = -1)                                                 \
    X(memory_zero, SOLVES, EINVAL, "memory", "above 0", meant(c, MEMORY))                                              \
    X(memory_small, SOLVES, ENOMEM, "memory", "100 bytes", O->memory = 100)                                            \
    X(confidence_nan, SCORED, EINVAL, "confidence", "between 0 and 1", O->confidence = (double)NAN)                    \
    X(confidence_one, SCORED, EINVAL, "confidence", "between 0 and 1", O->confidence = 1)                              \
    X(confidence_zero, SCORED, EINVAL, "confidence", "between 0 and 1", meant(c, CONFIDENCE))                          \
    X(tolerance_nan, LABELLED, EINVAL, "tolerance", "between 0 and 1", O->tolerance = (double)NAN)                       \
    X(tolerance_negative, LABELLED, EINVAL, "tolerance", "between 0 and 1", O->tolerance = -1e-9)                        \
    X(tolerance_one, LABELLED, EINVAL, "tolerance", "between 0 and 1", O->tolerance = 1)                                 \
    X(tolerance_zero, SOLVES, EINVAL, "tolerance", "between 0 and 1", meant(c, TOLERANCE))                             \
    X(shrinkage_nan, LABELLED, EINVAL, "shrinkage", "0..1", set_shrinkage(c, LDA, 2, (double)NAN))                     \
    X(shrinkage_large, LABELLED, EINVAL, "shrinkage", "0..1", set_shrinkage(c, LDA, 2, 1.5))                           \
    X(shrinkage_negative, LABELLED, EINVAL, "shrinkage", "0..1", set_shrinkage(c, LDA, 2, -0.1))                       \
    X(shrinkage_unasked, LABELLED, EINVAL, "shrinkage", "ledoit_wolf", set_shrinkage(c, LDA, 0, 0))                    \
    X(shrinkage_of_ridge, LABELLED, EINVAL, "shrinkage", "\"ridge\" has no covariance", set_shrinkage(c, RIDGE, 0, 0)) \
    X(shrinkage_missing, LABELLED, EINVAL, "shrinkage", "needs it", (O->kind = LDA, O->covariance = 2))                \
    X(covariance_unasked, LABELLED, EINVAL, "covariance", "\"logistic\" has no covariance", O->covariance = 1)         \
    X(lambdas_null, SCORED | REGRESSES, ENULL, "lambdas", "n_lambdas is 2", O->n_lambdas = 2)                          \
    X(lambdas_null_meant, SOLVES, ENULL, "lambdas", "NULL", meant(c, LAMBDAS))                                         \
    X(lambdas_none, SOLVES, ESIZE, "n_lambdas", "0 is not in 1..", set_lambdas(c, LOGISTIC, 0, 1))                     \
    X(lambdas_negative_count, SOLVES, ESIZE, "n_lambdas", "-1", set_lambdas(c, LOGISTIC, -1, 1))                       \
    X(lambdas_many, SCORED | REGRESSES, ESIZE, "n_lambdas", "9223372036854775807",                                     \
      set_lambdas(c, LOGISTIC, INT64_MAX, 1))                                                                          \
    X(lambda_zero, SCORED, EINVAL, "lambdas", "place 1 must be finite and above 0", set_lambdas(c, LOGISTIC, 2, 0))    \
    X(lambda_negative, SCORED, EINVAL, "lambdas", "place 1", set_lambdas(c, LOGISTIC, 2, -1))                          \
    X(lambda_nan, SCORED, EINVAL, "lambdas", "place 1", set_lambdas(c, LOGISTIC, 2, (double)NAN))                      \
    X(lambda_infinite, SCORED, EINVAL, "lambdas", "place 1", set_lambdas(c, LOGISTIC, 2, (double)INFINITY))            \
    X(lambda_ridge, SCORED, EINVAL, "lambdas", "at least 0", set_lambdas(c, RIDGE, 2, -1e-300))                        \
    X(lambda_target, REGRESSES, EINVAL, "lambdas", "at least 0", set_lambdas(c, LOGISTIC, 2, -1e-300))                 \
    X(lambda_of_lda, LABELLED, EINVAL, "lambdas", "\"lda\" has no penalty", set_lambdas(c, LDA, 1, 1))                 \
    X(lambda_of_means, LABELLED, EINVAL, "lambdas", "\"nearest_mean\" has no penalty", set_lambdas(c, MEANS, 1, 1))    \
    X(nested_alone, SCORED, EINVAL, "lambdas", "two or more", FLAG(NESTED))                                            \
    X(nested_one, SCORED, EINVAL, "lambdas", "two or more", (FLAG(NESTED), set_lambdas(c, LOGISTIC, 1, 1)))            \
    X(nested_all, SCORED, EINVAL, "lambdas", "leaves rows out",                                                        \
      (FLAG(NESTED), set_lambdas(c, LOGISTIC, 2, 1), set_protocol(c, LOGISTIC, RESUBSTITUTION)))                       \
    X(nested_one_out, SCORED, EUNSUPPORTED, "protocol", "loo",                                                         \
      (FLAG(NESTED), set_lambdas(c, RIDGE, 2, 1), set_protocol(c, RIDGE, LOO)))                                        \
    X(mdl_of_ridge, SCORED, EINVAL, "kind", "no posterior", (FLAG(MDL), O->kind = RIDGE))                              \
    X(control_types, SCORED, ENULL, "types", "control task", O->control = 1)                                           \
    X(types_rows, SCORED, ESIZE, "types", "25", (O->control = 1, O->types = &c->types, c->types.rows = 25))            \
    X(types_dtype, SCORED, EDTYPE, "types", "integer type is needed",                                                  \
      (O->control = 1, O->types = &c->types, c->types.dtype = CONCEPTDEC_FLOAT32))                                     \
    X(types_data, SCORED, ENULL, "types", "data", (O->control = 1, O->types = &c->types, c->types.data = NULL))        \
    X(loo_logistic, SCORED, EUNSUPPORTED, "protocol", "use k-fold", set_protocol(c, LOGISTIC, LOO))                    \
    X(loo_lda, SCORED, EUNSUPPORTED, "protocol", "use k-fold", set_protocol(c, LDA, LOO))                              \
    X(loo_standardized, SCORED | REGRESSES, EUNSUPPORTED, "standardize", "use k-fold",                                 \
      (set_protocol(c, RIDGE, LOO), O->kind = which == REGRESSES ? 0 : RIDGE, O->standardize = 2))                     \
    X(group_standardized, SCORED, EUNSUPPORTED, "standardize", "use k-fold",                                           \
      (set_protocol(c, MEANS, GROUP), O->standardize = 2))                                                             \
    X(labels_null, LABELLED | SCORES, ENULL, "labels", "NULL", c->labels_at = NULL)                                    \
    X(labels_data, LABELLED | SCORES, ENULL, "labels", "data", c->labels.data = NULL)                                  \
    X(labels_dtype, LABELLED | SCORES, EDTYPE, "labels", "integer type is needed",                                     \
      c->labels.dtype = CONCEPTDEC_FLOAT64)                                                                            \
    X(labels_rows, PROBES | FITS | SCORES, ESIZE, "labels", "25", c->labels.rows = 25)                                 \
    X(labels_cols, LABELLED | SCORES, ESIZE, "labels", "cols is 0", c->labels.cols = 0)                                \
    X(labels_two_cols, FITS | SCORES, ESIZE, "labels", "1", (c->labels.cols = 2, c->labels.col_stride = 0))            \
    X(labels_device, LABELLED | SCORES, EUNSUPPORTED, "labels", "device", c->labels.device = 1)                        \
    X(labels_flags, LABELLED | SCORES, ERESERVED, "labels", "must be 0", c->labels.flags = 4)                          \
    X(label_low, LABELLED | SCORES, ELABEL, "labels", "-2 at row 5, column 0", c->label_values[5] = -2)                \
    X(label_high, LABELLED | SCORES, ELABEL, "labels", "3 at row 2, column 0 is not in -1..2",                         \
      (O->classes = 3, c->label_values[2] = 3))                                                                        \
    X(label_largest, LABELLED, ELABEL, "labels", "9223372036854775807 at row 25", c->label_values[25] = INT64_MAX)     \
    X(label_narrowed, LABELLED | SCORES, ELABEL, "labels", "4294967296", c->label_values[3] = (int64_t)1 << 32)        \
    X(label_many, LABELLED, ELABEL, "labels", "4096 at row 3, column 0 is not in -1..4095", c->label_values[3] = 4096) \
    X(one_class, LABELLED, ESINGLECLASS, "labels", "column 0 have class 1", set_all(c->label_values, 1))               \
    X(one_class_and_ignored, LABELLED, ESINGLECLASS, "labels", "class 1",                                              \
      (set_all(c->label_values, 1), c->label_values[0] = -1))                                                          \
    X(nothing_labelled, LABELLED, ETOOFEW, "labels", "0 labelled rows", set_all(c->label_values, -1))                  \
    X(nothing_to_score, SCORES, ETOOFEW, "labels", "no row", set_all(c->label_values, -1))                             \
    X(one_labelled, LABELLED, ETOOFEW, "labels", "1 labelled rows",                                                    \
      (set_all(c->label_values, -1), c->label_values[9] = 0))                                                          \
    X(class_missing, SCORED, ECLASSMISSING, "class 2", "part ", (set_rare(c, 4, 4), FLAG(UNSTRATIFIED)))               \
    X(class_missing_group, SCORED, ECLASSMISSING, "class 2", "part 4",                                                 \
      (set_rare(c, 12, 14), set_protocol(c, LOGISTIC, GROUP)))                                                         \
    X(class_missing_group_ridge, SCORED, ECLASSMISSING, "class 2", "part 4",                                           \
      (set_rare(c, 12, 14), set_protocol(c, RIDGE, GROUP)))                                                            \
    X(class_missing_one, SCORED, ECLASSMISSING, "class 2", "part ", (set_rare(c, 4, 4), set_protocol(c, RIDGE, LOO)))  \
    X(class_missing_split, SCORED, ECLASSMISSING, "class 2", "part 0",                                                 \
      (set_rare(c, 8, 8), set_protocol(c, LDA, SPLIT)))                                                                \
    X(class_missing_fit, FITS, ECLASSMISSING, "class 2", "training row",                                               \
      (set_rare(c, 8, 8), set_protocol(c, LOGISTIC, SPLIT)))                                                           \
    X(label_of_test_row, FITS, ELABEL, "labels", "-2 at row 8, column 0",                                              \
      (c->label_values[8] = -2, set_protocol(c, LOGISTIC, SPLIT)))                                                     \
    X(groups_missing, SCORED | REGRESSES, EGROUPS, "groups", "needs them", O->protocol = GROUP)                        \
    X(groups_to_permute, SCORED, EGROUPS, "groups", "needs them", O->permute = CONCEPTDEC_PERMUTE_WHOLE)               \
    X(groups_rows, SCORED | REGRESSES, ESIZE, "groups", "25", (O->groups = &c->groups, c->groups.rows = 25))           \
    X(groups_cols, SCORED | REGRESSES, ESIZE, "groups", "2",                                                           \
      (O->groups = &c->groups, c->groups.cols = 2, c->groups.col_stride = 0))                                          \
    X(groups_dtype, SCORED | REGRESSES, EDTYPE, "groups", "integer",                                                   \
      (O->groups = &c->groups, c->groups.dtype = CONCEPTDEC_FLOAT64))                                                  \
    X(groups_data, SCORED | REGRESSES, ENULL, "groups", "data", (O->groups = &c->groups, c->groups.data = NULL))       \
    X(groups_one, SCORED | REGRESSES, EGROUPS, "groups", "one group",                                                  \
      (set_protocol(c, LOGISTIC, GROUP), set_all(c->group_values, 7)))                                                 \
    X(identity_within, SCORED, EGROUPS, "groups", "changes nothing",                                                   \
      set_constant_groups(c, CONCEPTDEC_PERMUTE_WITHIN))                                                               \
    X(identity_whole, SCORED, EGROUPS, "groups", "changes nothing", set_lonely_groups(c))                              \
    X(folds_one, SCORED | REGRESSES, EFOLDS, "folds", "1 is below 2", set_folds(c, 1))                                 \
    X(folds_zero, SCORED | REGRESSES, EFOLDS, "folds", "0 is below 2", set_folds(c, 0))                                \
    X(folds_negative, SCORED | REGRESSES, EFOLDS, "folds", "-1 is below 2", set_folds(c, -1))                          \
    X(folds_members, SCORED, EFOLDS, "folds", "more folds than members of class", set_folds(c, 12))                    \
    X(folds_largest, SCORED | REGRESSES, EFOLDS, "folds", "9223372036854775807", set_folds(c, INT64_MAX))              \
    X(folds_rows, REGRESSES, EFOLDS, "folds", "27", set_folds(c, ROWS + 1))                                            \
    X(folds_groups, SCORED | REGRESSES, EFOLDS, "folds", "10 are more than the 9 groups",                              \
      (set_folds(c, 10), O->groups = &c->groups, O->flags = which == REGRESSES ? 0 : CONCEPTDEC_PROBE_UNSTRATIFIED))   \
    X(train_missing, SOLVES, ENULL, "train", "missing", O->protocol = SPLIT)                                           \
    X(train_unasked, SCORED | REGRESSES, EINVAL, "train", "only the split protocol", O->train = &c->train)             \
    X(train_ones, SCORED | REGRESSES, ETOOFEW, "train", "no labelled row is a test row",                               \
      (set_protocol(c, LOGISTIC, SPLIT), set_all(c->train_values, 1)))                                                 \
    X(train_two, SOLVES, EINVAL, "train", "2 at row 5 is neither 0 nor 1",                                             \
      (set_protocol(c, LOGISTIC, SPLIT), c->train_values[5] = 2))                                                      \
    X(train_rows, SOLVES, ESIZE, "train", "27 rows", (set_protocol(c, LOGISTIC, SPLIT), c->train.rows = 27))           \
    X(train_dtype, SOLVES, EDTYPE, "train", "integer",                                                                 \
      (set_protocol(c, LOGISTIC, SPLIT), c->train.dtype = CONCEPTDEC_BFLOAT16))                                        \
    X(weights_rows, SOLVES, ESIZE, "weights", "25", (O->weights = &c->weights, c->weights.rows = 25))                  \
    X(weights_cols, SOLVES, ESIZE, "weights", "2",                                                                     \
      (O->weights = &c->weights, c->weights.cols = 2, c->weights.col_stride = 0))                                      \
    X(weights_dtype, SOLVES, EDTYPE, "weights", "floating-point type is needed",                                       \
      (O->weights = &c->weights, c->weights.dtype = CONCEPTDEC_INT64))                                                 \
    X(weights_data, SOLVES, ENULL, "weights", "data", (O->weights = &c->weights, c->weights.data = NULL))              \
    X(weights_nan, SOLVES, ENONFINITE, "weights", "row 6",                                                             \
      (O->weights = &c->weights, c->weight_values[6] = (double)NAN))                                                   \
    X(weights_negative, SOLVES, EINVAL, "weights", "negative at row 8",                                                \
      (O->weights = &c->weights, c->weight_values[8] = -1e-300))                                                       \
    X(weights_zero, SOLVES, EINVAL, "weights", "are 0",                                                                \
      (O->weights = &c->weights, memset(c->weight_values, 0, sizeof c->weight_values)))                                \
    X(targets_null, REGRESSES, ENULL, "targets", "NULL", c->targets_at = NULL)                                         \
    X(targets_data, REGRESSES, ENULL, "targets", "data", c->targets.data = NULL)                                       \
    X(targets_rows, REGRESSES, ESIZE, "targets", "25 rows, but x has 26", c->targets.rows = 25)                        \
    X(targets_cols, REGRESSES, ESIZE, "targets", "cols is 0", c->targets.cols = 0)                                     \
    X(targets_dtype, REGRESSES, EDTYPE, "targets", "floating-point type is needed",                                    \
      c->targets.dtype = CONCEPTDEC_INT32)                                                                             \
    X(targets_nan, REGRESSES, ENONFINITE, "targets", "row 9, column 1", c->target_values[19] = (double)NAN)            \
    X(targets_huge, REGRESSES, EOVERFLOW, "targets", "-1e+151 at row 25, column 1: values above 1e150",                 \
      c->target_values[51] = -1e151)                                                                                   \
    X(targets_tiny, REGRESSES, EOVERFLOW, "targets", "column 0: all values are below 1e-150",                          \
      scale_first_target(c, 1e-200))                                                                                  \
    X(targets_infinite, REGRESSES, ENONFINITE, "targets", "row 25, column 1",                                          \
      c->target_values[51] = -(double)INFINITY)                                                                        \
    X(regression_kind, REGRESSES, EINVAL, "kind", "regression", O->kind = RIDGE)                                       \
    X(regression_classes, REGRESSES, EINVAL, "classes", "regression", O->classes = 2)                                  \
    X(regression_permutations, REGRESSES, EINVAL, "permutations", "regression", O->permutations = 1)                   \
    X(regression_control, REGRESSES, EINVAL, "control", "regression", (O->control = 1, O->types = &c->types))          \
    X(regression_bootstrap, REGRESSES, EINVAL, "bootstrap", "regression", O->bootstrap = 1)                            \
    X(regression_flags, REGRESSES, EINVAL, "flags", "regression", FLAG(BALANCED))                                      \
    X(regression_nested, REGRESSES, EINVAL, "flags", "regression", (FLAG(NESTED), set_lambdas(c, 0, 2, 1)))            \
    X(regression_permute, REGRESSES, EINVAL, "permute", "regression", O->permute = 1)                                  \
    X(regression_covariance, REGRESSES, EINVAL, "covariance", "regression", O->covariance = 1)                         \
    X(regression_shrinkage, REGRESSES, EINVAL, "shrinkage", "", set_shrinkage(c, 0, 0, 0.5))                           \
    X(regression_iterations, REGRESSES, EINVAL, "max_iterations", "regression", O->max_iterations = 10)                 \
    X(regression_tolerance, REGRESSES, EINVAL, "tolerance", "regression", O->tolerance = 1e-9)                         \
    X(regression_confidence, REGRESSES, EINVAL, "confidence", "regression", O->confidence = 0.9)                       \
    X(regression_types, REGRESSES, EINVAL, "types", "regression", O->types = &c->types)                                \
    X(idle_folds, SCORED | REGRESSES, EINVAL, "folds", "only the k-fold protocol",                                     \
      (set_protocol(c, which == REGRESSES ? 0 : RIDGE, LOO), set_folds(c, 5)))                                         \
    X(idle_unstratified, SCORED, EINVAL, "stratified", "only the k-fold protocol",                                     \
      (set_protocol(c, LOGISTIC, GROUP), FLAG(UNSTRATIFIED)))                                                          \
    X(idle_iterations, LABELLED, EINVAL, "max_iterations", "only kind \"logistic\"",                                   \
      (O->kind = RIDGE, O->max_iterations = 9))                                                                        \
    X(idle_tolerance, LABELLED, EINVAL, "tolerance", "only kind \"logistic\"", (O->kind = LDA, O->tolerance = 1e-6))   \
    X(idle_permute, SCORED, EINVAL, "permute", "without permutations",                                                 \
      (O->groups = &c->groups, O->permute = CONCEPTDEC_PERMUTE_WITHIN))                                                \
    X(idle_confidence, SCORED, EINVAL, "confidence", "without bootstrap", O->confidence = 0.9)                         \
    X(idle_types, SCORED, EINVAL, "types", "only control tasks", O->types = &c->types)                                 \
    X(idle_covariance, LABELLED, EINVAL, "covariance", "has no covariance", meant(c, COVARIANCE))                      \
    X(idle_groups, SCORED | REGRESSES, EINVAL, "groups", "does not leave them out",                                    \
      (set_protocol(c, which == REGRESSES ? 0 : RIDGE, LOO), O->groups = &c->groups))                                  \
    X(idle_groups_free, SCORED, EINVAL, "groups", "does not leave them out",                                           \
      (set_protocol(c, RIDGE, LOO), O->groups = &c->groups, O->permutations = 5))                                      \
    X(fit_folds, FITS, EINVAL, "folds", "model", O->folds = 3)                                                         \
    X(fit_confidence, FITS, EINVAL, "confidence", "model", O->confidence = 0.9)                                        \
    X(fit_unstratified, FITS, EINVAL, "flags", "model", FLAG(UNSTRATIFIED))                                            \
    X(weights_of_class, LABELLED, ECLASSMISSING, "class 2", "weight above 0",                                          \
      (set_rare(c, 4, 11), set_weights(c, 2, 0), O->weights = &c->weights))                                            \
    X(weights_of_part, SCORED, ETOOFEW, "weights", "all training rows are 0",                                          \
      (set_train_weights(c), set_protocol(c, RIDGE, SPLIT)))                                                           \
    X(weights_of_regression, REGRESSES, ETOOFEW, "weights", "all training rows are 0",                                 \
      (set_train_weights(c), set_protocol(c, 0, SPLIT)))                                                               \
    X(fit_lambdas, FITS, EINVAL, "lambda", "", set_lambdas(c, LOGISTIC, 2, 1))                                         \
    X(fit_permutations, FITS, EINVAL, "permutations", "", O->permutations = 1)                                         \
    X(fit_bootstrap, FITS, EINVAL, "bootstrap", "", O->bootstrap = 1)                                                  \
    X(fit_control, FITS, EINVAL, "control", "", (O->control = 1, O->types = &c->types))                                \
    X(fit_groups, FITS, EINVAL, "groups", "", O->groups = &c->groups)                                                  \
    X(fit_protocol, FITS, EINVAL, "protocol", "", O->protocol = GROUP)                                                 \
    X(fit_mdl, FITS, EINVAL, "flags", "", FLAG(MDL))                                                                   \
    X(fit_nested, FITS, EINVAL, "flags", "", FLAG(NESTED))                                                             \
    X(size_zero, SOLVES, ESTRUCT_SIZE, "struct_size", "0 is smaller", O->struct_size = 0)                              \
    X(size_eight, SOLVES, ESTRUCT_SIZE, "struct_size", "8 is smaller", O->struct_size = 8)                             \
    X(size_less, SOLVES, ESTRUCT_SIZE, "struct_size", "smaller", O->struct_size -= 1)                                  \
    X(size_large, SOLVES, ESTRUCT_SIZE, "struct_size", "larger than 4096", O->struct_size = 4097)                      \
    X(tail, SOLVES, ESTRUCT_TAIL, "options", "byte", (O->struct_size += 8, c->probe.tail[0] = 1u << 31))               \
    X(tail_far, SOLVES, ESTRUCT_TAIL, "options", "byte", (O->struct_size = 4096, c->probe.tail[400] = 1))              \
    X(given, SOLVES, ESTRUCT_TAIL, "options", "given", O->given = 1u << 23)                                            \
    X(given_last, SOLVES, ESTRUCT_TAIL, "options", "given", O->given = (uint64_t)1 << 63)                              \
    X(sweep_both, SWEEPS, EINVAL, "options.probe", "options.knn", c->sweep.knn = &c->knn)                              \
    X(sweep_tail, SWEEPS, ESTRUCT_TAIL, "options.given", "4", c->sweep.given = 1u << 4)                                \
    X(model_null, ASKS, ENULL, "model", "NULL", c->model = NULL)                                                       \
    X(no_output, EVERY, ENULL, "", "NULL", c->no_output = true)

#define DEFINE(name, calls, status, part, other, spoil)                                                                \
    static void spoil_##name(call *c, int which)                                                                       \
    {                                                                                                                  \
        (void)which;                                                                                                   \
        spoil;                                                                                                         \
    }
CASES(DEFINE)

static const struct bad_case {
    const char *name;
    int calls;
    conceptdec_status status;
    const char *part, *other;
    void (*spoil)(call *c, int which);
} cases[] = {
#define LIST(name, calls, status, part, other, spoil) {#name, calls, CONCEPTDEC_##status, part, other, spoil_##name},
    CASES(LIST)};

enum { N_CASES = sizeof cases / sizeof *cases };

/* ---- running them ---- */

static conceptdec_status
make(const call *c, int which, void **output)
{
    conceptdec_result **result = c->no_output ? NULL : (conceptdec_result **)output;
    conceptdec_probe_model **model = c->no_output ? NULL : (conceptdec_probe_model **)output;
    switch (which) {
    case PROBES:
        return conceptdec_probe(ctx, c->x_at, c->labels_at, &c->probe.options, result);
    case SWEEPS:
        return conceptdec_sweep(ctx, c->x_at, 1, c->labels_at, &c->sweep, result);
    case REGRESSES:
        return conceptdec_probe_regression(ctx, c->x_at, c->targets_at, &c->probe.options, result);
    case FITS:
        return conceptdec_probe_model_new(ctx, c->x_at, c->labels_at, &c->probe.options, model);
    case PREDICTS:
        return conceptdec_probe_model_predict(ctx, c->model, c->x_at, result);
    default:
        return conceptdec_probe_model_score(ctx, c->model, c->x_at, c->labels_at, result);
    }
}

static void
free_output(int which, void *output)
{
    if (which == FITS)
        conceptdec_probe_model_free(output);
    else
        conceptdec_result_free(output);
}

static void
setup(void)
{
    static call c;
    conceptdec_ctx_options options = torture_options(&allocator, 2);
    allocator = (torture_allocator){0};
    scene_fill();
    make_call(&c);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_probe_model_new(ctx, &c.x, &c.labels, NULL, &fitted), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_probe_model_free(fitted);
    fitted = NULL;
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}

static void
expect_taken(const call *c, int which, const char *name)
{
    void *output = NULL;
    conceptdec_status status = make(c, which, &output);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s, call %d: %s: %s", name, which, conceptdec_status_name(status),
                  conceptdec_ctx_error(ctx));
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "");
    free_output(which, output);
}

static void
expect_success(int which)
{
    static call c;
    make_call(&c);
    expect_taken(&c, which, "correct");
}

static void
expect_refused(const struct bad_case *bad, int which)
{
    static char untouched;
    static call c;
    void *output = &untouched;
    expect_success(which); /* the pool's threads, too, are there now */
    int64_t live = allocator.live;
    make_call(&c);
    bad->spoil(&c, which);
    conceptdec_status status = make(&c, which, &output);
    const char *text = conceptdec_ctx_error(ctx);
    ck_assert_msg(status == bad->status, "%s, call %d: %s (%s)", bad->name, which, conceptdec_status_name(status),
                  text);
    ck_assert_msg(strstr(text, bad->part) && strstr(text, bad->other), "%s, call %d: \"%s\" lacks \"%s\" or \"%s\"",
                  bad->name, which, text, bad->part, bad->other);
    ck_assert_msg(output == &untouched, "%s, call %d: the output was changed", bad->name, which);
    ck_assert_msg(allocator.live == live, "%s, call %d: memory was lost", bad->name, which);
    expect_success(which);
}

START_TEST(refused)
{
    for (int which = PROBES; which <= SCORES; which *= 2)
        if (cases[_i].calls & which)
            expect_refused(&cases[_i], which);
}
END_TEST

/* ---- what is at the edge, and taken ---- */

static void
try_with_kinds(const char *name, int calls, void (*change)(call *c, int which))
{
    static call c;
    for (int32_t kind = LOGISTIC; kind <= MEANS; kind++)
        for (int which = PROBES; which <= SCORES; which *= 2)
            if (calls & which) {
                make_call(&c);
                c.probe.options.kind = which == REGRESSES ? 0 : kind;
                change(&c, which);
                expect_taken(&c, which, name);
            }
}

static void
give_reader(call *c, int which)
{
    (void)which;
    set_reader(c, &c->x);
}

static void
give_longer_struct(call *c, int which)
{
    (void)which;
    c->probe.options.struct_size = 4096;
    c->probe.options.given = (uint64_t)1 << 17 | 1u << 13; /* kind, seed */
}

static void
give_missing_class(call *c, int which)
{
    set_rare(c, 4, 4);
    c->probe.options.flags = CONCEPTDEC_PROBE_SKIP_MISSING | (which == FITS ? 0 : CONCEPTDEC_PROBE_UNSTRATIFIED);
}

static void
give_absent_class(call *c, int which)
{
    (void)which;
    c->probe.options.classes = 6;
}

static void
give_equal_rows(call *c, int which)
{
    (void)which;
    for (int i = 0; i < ROWS * COLS; i++)
        c->x_values[i] = 3;
}

static void
give_large_values(call *c, int which)
{
    (void)which;
    for (int i = 0; i < ROWS * COLS; i++)
        c->x_values[i] = 1e6 + c->x_values[i];
}

START_TEST(taken)
{
    static const struct {
        const char *name;
        int calls;
        void (*change)(call *c, int which);
    } edges[] = {
        {"reader", EVERY, give_reader},
        {"longer struct", SOLVES, give_longer_struct},
        {"missing class", SCORED, give_missing_class},
        {"absent class", LABELLED, give_absent_class},
        {"equal rows", EVERY, give_equal_rows},
        {"large values", EVERY, give_large_values},
    };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        try_with_kinds(edges[i].name, edges[i].calls, edges[i].change);
}
END_TEST

START_TEST(zero_lambda_of_ridge)
{
    static call c;
    make_call(&c);
    set_lambdas(&c, RIDGE, 2, 0);
    expect_taken(&c, PROBES, "ridge");
    c.probe.options.kind = 0;
    expect_taken(&c, REGRESSES, "regression");
    c.x = scene_wide; /* with more dimensions than rows there is a solution of least norm */
    expect_taken(&c, REGRESSES, "wide regression");
    c.probe.options.kind = RIDGE;
    expect_taken(&c, PROBES, "wide ridge");
    c.probe.options.protocol = LOO;
    meant(&c, PROTOCOL);
    expect_taken(&c, PROBES, "wide ridge without one row");
}
END_TEST

static void
expect_finite(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    int64_t size = 1;
    ck_assert_int_eq(conceptdec_result_get(result, name, &array), CONCEPTDEC_OK);
    for (int i = 0; i < array.ndim; i++)
        size *= array.shape[i];
    for (int64_t i = 0; i < size; i++)
        ck_assert_msg(isfinite(((const double *)array.data)[i]), "%s[%d] is not finite", name, (int)i);
}

/* Rows without weight fit nothing, but are scored: no number is lost with them. */
START_TEST(zero_weights)
{
    static call c;
    for (int32_t kind = LOGISTIC; kind <= MEANS; kind++) {
        conceptdec_result *result = NULL;
        make_call(&c);
        c.probe.options.kind = kind;
        c.probe.options.weights = &c.weights;
        for (int i = 0; i < ROWS; i++)
            c.weight_values[i] = i % 2;
        ck_assert_int_eq(conceptdec_probe(ctx, &c.x, &c.labels, &c.probe.options, &result), CONCEPTDEC_OK);
        expect_finite(result, CONCEPTDEC_R_DECISION);
        expect_finite(result, CONCEPTDEC_R_WEIGHTS);
        conceptdec_result_free(result);
    }
}
END_TEST

/* A fit that has not converged is a result that says so. */
START_TEST(not_converged)
{
    static call c;
    conceptdec_result *result = NULL;
    conceptdec_probe_model *model = NULL;
    conceptdec_array array;
    make_call(&c);
    c.probe.options.max_iterations = 1;
    ck_assert_int_eq(conceptdec_probe(ctx, &c.x, &c.labels, &c.probe.options, &result), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_CONVERGED, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(*(const int64_t *)array.data, 0);
    ck_assert_int_eq(conceptdec_probe_model_new(ctx, &c.x, &c.labels, &c.probe.options, &model), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_probe_model_get(model, CONCEPTDEC_R_CONVERGED, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(*(const int64_t *)array.data, 0);
    conceptdec_result_free(result);
    conceptdec_probe_model_free(model);
}
END_TEST

START_TEST(null_context)
{
    static char untouched;
    static call c;
    void *output = &untouched;
    conceptdec_ctx *own = ctx;
    make_call(&c);
    ctx = NULL;
    for (int which = PROBES; which <= SCORES; which *= 2)
        ck_assert_int_eq(make(&c, which, &output), CONCEPTDEC_ENULL);
    ctx = own;
    ck_assert_int_eq(conceptdec_probe_model_save(NULL, fitted, "unused"), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_probe_model_load(NULL, "unused", (conceptdec_probe_model **)&output), CONCEPTDEC_ENULL);
    ck_assert_ptr_eq(output, &untouched);
    conceptdec_probe_model_free(NULL);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad probe");
    TCase *tests = tcase_create("refused");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, refused, 0, N_CASES);
    tcase_add_test(tests, taken);
    tcase_add_test(tests, zero_lambda_of_ridge);
    tcase_add_test(tests, zero_weights);
    tcase_add_test(tests, not_converged);
    tcase_add_test(tests, null_context);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
