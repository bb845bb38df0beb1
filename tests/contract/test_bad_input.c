/* What is refused: each with a status of its own, a text that names argument, place and limit, outputs untouched, no
 * block of memory left, and a context that works afterwards. */
#define _GNU_SOURCE

#include <math.h>

#include "../torture/harness.h"
#include "../torture/scenarios.h"
#include "check_main.h"

/* The calls that a case is tried on. */
enum { FINDS = 1, SCORES = 2, SCORES_TABLE = 4, SWEEPS = 8, KNN = SCORES | SWEEPS, ALL_KNN = KNN | SCORES_TABLE,
    EVERY = FINDS | ALL_KNN };

/* A correct call, to be spoiled. Structs are followed by zeroes: a longer struct of a later version. */
typedef struct call {
    conceptdec_matrix x, queries, labels, groups, query_groups, train;
    const conceptdec_matrix *x_at, *queries_at, *labels_at;
    int64_t label_values[ROWS * 2], group_values[ROWS], train_values[ROWS];
    struct {
        conceptdec_neighbors_options options;
        uint64_t tail[600];
    } search;
    struct {
        conceptdec_knn_options options;
        uint64_t tail[600];
    } knn;
    struct {
        conceptdec_sweep_options options;
        uint64_t tail[600];
    } sweep;
    struct {
        conceptdec_reader reader;
        uint64_t tail[600];
    } source;
    int64_t ks[3], shape[4], n_views;
    bool no_output;
} call;

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    c->x = scene_x;
    c->queries = scene_queries;
    c->labels = scene_labels;
    c->groups = scene_groups;
    c->train = scene_train;
    c->query_groups = scene_query_groups;
    memcpy(c->label_values, scene_label_values, sizeof c->label_values);
    memcpy(c->group_values, scene_group_values, sizeof c->group_values);
    memcpy(c->train_values, scene_train_values, sizeof c->train_values);
    c->labels.data = c->label_values;
    c->groups.data = c->group_values;
    c->train.data = c->train_values;
    c->x_at = &c->x;
    c->labels_at = &c->labels;
    c->search.options.struct_size = sizeof c->search.options;
    c->knn.options.struct_size = sizeof c->knn.options;
    c->sweep.options.struct_size = sizeof c->sweep.options;
    c->source.reader = scene_reader;
    c->search.options.k = 3;
    c->knn.options.k = 3;
    c->knn.options.chance_draws = 3;
    c->sweep.options.knn = &c->knn.options;
    c->n_views = 1;
}

static void
set_k(call *c, int64_t k)
{
    c->search.options.k = c->knn.options.k = k;
    c->search.options.given = 1;
    c->knn.options.given = 1 << 2;
}

static void
set_ks(call *c, int64_t n, int64_t second)
{
    c->ks[0] = 1;
    c->ks[1] = second;
    c->knn.options.k = 0;
    c->knn.options.ks = c->ks;
    c->knn.options.n_ks = n;
}

static void
set_all(int64_t *values, int64_t value)
{
    for (int i = 0; i < ROWS; i++)
        values[i] = value;
}

static void
set_labels(call *c, int64_t first, int64_t others)
{
    for (int i = 0; i < 2 * ROWS; i++)
        c->label_values[i] = i % 2 == 0 ? others : i % 3;
    c->label_values[0] = first;
}

static void
set_split(call *c)
{
    c->knn.options.protocol = CONCEPTDEC_PROTOCOL_SPLIT;
    c->knn.options.train = &c->train;
}

static void
set_group(call *c)
{
    c->knn.options.protocol = CONCEPTDEC_PROTOCOL_GROUP;
    c->knn.options.groups = c->search.options.groups = &c->groups;
}

static void
set_folds(call *c, int64_t folds)
{
    c->knn.options.protocol = CONCEPTDEC_PROTOCOL_KFOLD;
    c->knn.options.folds = folds;
    c->knn.options.given = 1 << 6;
}

/* A matrix comes from the call's reader. */
static void
set_reader(call *c, conceptdec_matrix *m)
{
    m->data = &c->source.reader;
    m->flags = CONCEPTDEC_MATRIX_READER;
    m->row_stride = m->col_stride = 0;
}

#define NO_ADDRESS INT64_MAX / 4

/* name, calls, status, two parts of the text, what is spoiled. */
#define CASES(X)                                                                                                       \
    X(x_null, FINDS | SCORES, ENULL, "x", "NULL", c->x_at = NULL)                                                      \
    X(views_null, SWEEPS, ENULL, "views", "NULL", c->x_at = NULL)                                                      \
    X(x_data_null, EVERY, ENULL, "x", "data", c->x.data = NULL)                                                        \
    X(x_rows_zero, FINDS | SCORES | SCORES_TABLE, ESIZE, "x", "rows is 0, must be at least 1", c->x.rows = 0)          \
    X(x_rows_negative, FINDS | SCORES, ESIZE, "x", "rows is -3", c->x.rows = -3)                                       \
    X(x_rows_least, FINDS | SCORES, ESIZE, "x", "rows is -9223372036854775808", c->x.rows = INT64_MIN)                 \
    X(x_cols_zero, EVERY, ESIZE, "x", "cols is 0, must be at least 1", c->x.cols = 0)                                  \
    X(x_cols_negative, EVERY, ESIZE, "x", "cols is -1", c->x.cols = -1)                                                \
    X(x_one_row, FINDS, ETOOFEW, "x", "at least 2", c->x.rows = 1)                                                     \
    X(x_one_row_labels, KNN, ETOOFEW, "x", "at least 2", c->x.rows = c->labels.rows = 1)                               \
    X(x_row_stride, EVERY, EOVERFLOW, "x", "row_stride", c->x.row_stride = INT64_MAX / 2)                              \
    X(x_row_stride_down, EVERY, EOVERFLOW, "x", "row_stride", c->x.row_stride = INT64_MIN)                             \
    X(x_col_stride, EVERY, EOVERFLOW, "x", "col_stride", c->x.col_stride = INT64_MAX)                                  \
    X(x_wraps, EVERY, EOVERFLOW, "x", "address space", c->x.row_stride = -NO_ADDRESS / ROWS)                           \
    X(x_many_rows, FINDS, EOVERFLOW, "x", "at most 2147482623", (c->x.rows = (int64_t)1 << 40, c->x.row_stride = 0))   \
    X(x_many_rows_scored, SCORES, EOVERFLOW, "x", "2147483647",                                                        \
      (c->x.rows = c->labels.rows = (int64_t)1 << 40, c->x.row_stride = c->labels.row_stride = 0))                     \
    X(x_dtype_zero, EVERY, EDTYPE, "x", "dtype 0 is unknown", c->x.dtype = 0)                                          \
    X(x_dtype_unknown, EVERY, EDTYPE, "x", "dtype 5 is unknown", c->x.dtype = 5)                                       \
    X(x_dtype_negative, EVERY, EDTYPE, "x", "dtype -1 is unknown", c->x.dtype = -1)                                    \
    X(x_dtype_int, EVERY, EDTYPE, "x", "floating-point type is needed", c->x.dtype = CONCEPTDEC_INT64)                 \
    X(x_device, EVERY, EUNSUPPORTED, "x", "device 2", c->x.device = 2)                                                 \
    X(x_flags, EVERY, ERESERVED, "x", "must be 0", c->x.flags = 2)                                                     \
    X(x_reserved, EVERY, ERESERVED, "x", "must be 0", c->x.reserved[1] = 1)                                            \
    X(x_is_another, SCORES_TABLE, ESIZE, "x", "26 x 4", c->x.cols = 4)                                                 \
    X(queries_cols, FINDS, ESIZE, "queries", "4 columns, but x has 5", (c->queries_at = &c->queries, c->queries.cols = 4)) \
    X(queries_dtype, FINDS, EDTYPE, "queries", "99", (c->queries_at = &c->queries, c->queries.dtype = 99))             \
    X(queries_rows, FINDS, ESIZE, "queries", "rows is 0", (c->queries_at = &c->queries, c->queries.rows = 0))          \
    X(queries_device, FINDS, EUNSUPPORTED, "queries", "device", (c->queries_at = &c->queries, c->queries.device = 1))  \
    X(queries_groups, FINDS, EGROUPS, "query_groups", "missing",                                                       \
      (c->queries_at = &c->queries, c->search.options.groups = &c->groups))                                            \
    X(groups_of_no_queries, FINDS, EGROUPS, "query_groups", "without queries",                                         \
      c->search.options.query_groups = &c->query_groups)                                                               \
    X(query_groups_rows, FINDS, ESIZE, "query_groups", "8 x 1, must be 9 x 1",                                         \
      (c->queries_at = &c->queries, c->search.options.groups = &c->groups,                                             \
       c->search.options.query_groups = &c->query_groups, c->query_groups.rows = 8))                                   \
    X(k_zero, EVERY, EK, "k", "0 is not in 1..25", set_k(c, 0))                                                        \
    X(k_negative, EVERY, EK, "k", "-1 is not in 1..25", set_k(c, -1))                                                  \
    X(k_rows, EVERY, EK, "k", "26 is not in 1..25", set_k(c, ROWS))                                                    \
    X(k_largest, EVERY, EK, "k", "9223372036854775807", set_k(c, INT64_MAX))                                           \
    X(k_least, EVERY, EK, "k", "-9223372036854775808", set_k(c, INT64_MIN))                                            \
    X(k_default, FINDS | KNN, EK, "k", "10 is not in 1..",                                                                   \
      (c->x.rows = c->labels.rows = 9, c->search.options.k = c->knn.options.k = 0))                                    \
    X(k_queries, FINDS, EK, "k", "27 is not in 1..26", (set_k(c, ROWS + 1), c->queries_at = &c->queries))              \
    X(ks_second, ALL_KNN, EK, "ks", "26 at place 1 is not in 1..25", set_ks(c, 2, ROWS))                               \
    X(ks_zero, ALL_KNN, EK, "ks", "0 at place 1", set_ks(c, 2, 0))                                                     \
    X(ks_none, ALL_KNN, ESIZE, "n_ks", "0 is not in 1..", set_ks(c, 0, 3))                                             \
    X(ks_negative, ALL_KNN, ESIZE, "n_ks", "-2", set_ks(c, -2, 3))                                                     \
    X(ks_many, ALL_KNN, ESIZE, "n_ks", "9223372036854775807", set_ks(c, INT64_MAX, 3))                                 \
    X(ks_null, ALL_KNN, ENULL, "ks", "n_ks is 2", (c->knn.options.k = 0, c->knn.options.n_ks = 2))                     \
    X(k_and_ks, ALL_KNN, EINVAL, "k:", "beside ks", (set_ks(c, 2, 3), c->knn.options.k = 3))                           \
    X(metric, EVERY, EINVAL, "metric", "2", c->search.options.metric = c->knn.options.metric = 2)                      \
    X(metric_negative, EVERY, EINVAL, "metric", "-1", c->search.options.metric = c->knn.options.metric = -1)           \
    X(metric_of_table, SCORES_TABLE, EINVAL, "metric", "cosine", c->knn.options.metric = CONCEPTDEC_METRIC_COSINE)          \
    X(protocol, ALL_KNN, EINVAL, "protocol", "5 is not one of 0..4", c->knn.options.protocol = 5)                      \
    X(weights, ALL_KNN, EINVAL, "weights", "4 is not one of 0..3", c->knn.options.weights = 4)                         \
    X(weights_softmax, ALL_KNN, EINVAL, "weights", "cosine", c->knn.options.weights = CONCEPTDEC_WEIGHTS_SOFTMAX)      \
    X(ties, ALL_KNN, EINVAL, "ties", "-7 is not one of 0..2", c->knn.options.ties = -7)                                \
    X(boundary, ALL_KNN, EINVAL, "boundary", "2 is not one of 0..1", c->knn.options.boundary = 2)                      \
    X(permute, ALL_KNN, EINVAL, "permute", "3 is not one of 0..2", c->knn.options.permute = 3)                         \
    X(flags, EVERY, ERESERVED, "flags", "0x80", c->search.options.flags = c->knn.options.flags = 0x80)                 \
    X(reserved, ALL_KNN, ERESERVED, "reserved", "must be 0", c->knn.options.reserved = 1)                              \
    X(permutations, ALL_KNN, ESIZE, "permutations", "-1 is not in 0..2147483647", c->knn.options.permutations = -1)    \
    X(permutations_many, ALL_KNN, ESIZE, "permutations", "9223372036854775807",                                        \
      c->knn.options.permutations = INT64_MAX)                                                                         \
    X(bootstrap, ALL_KNN, ESIZE, "bootstrap", "-1 is not in 0..2147483647", c->knn.options.bootstrap = -1)             \
    X(chance_draws, ALL_KNN, ESIZE, "chance_draws", "-5", c->knn.options.chance_draws = -5)                            \
    X(confidence_nan, ALL_KNN, EINVAL, "confidence", "between 0 and 1", c->knn.options.confidence = (double)NAN)       \
    X(confidence_one, ALL_KNN, EINVAL, "confidence", "between 0 and 1", c->knn.options.confidence = 1)                 \
    X(confidence_negative, ALL_KNN, EINVAL, "confidence", "between 0 and 1", c->knn.options.confidence = -0.5)         \
    X(confidence_zero, ALL_KNN, EINVAL, "confidence", "between 0 and 1", c->knn.options.given = 1 << 11)               \
    X(temperature_nan, ALL_KNN, EINVAL, "temperature", "above 0", c->knn.options.temperature = (double)NAN)            \
    X(temperature_infinite, ALL_KNN, EINVAL, "temperature", "finite", c->knn.options.temperature = (double)INFINITY)   \
    X(temperature_negative, ALL_KNN, EINVAL, "temperature", "above 0", c->knn.options.temperature = -1)                \
    X(temperature_zero, ALL_KNN, EINVAL, "temperature", "above 0", c->knn.options.given = 1 << 12)                     \
    X(classes_negative, ALL_KNN, ESIZE, "classes", "-1 is not in 1..65536", c->knn.options.classes = -1)               \
    X(classes_many, ALL_KNN, ESIZE, "classes", "65537 is not in 1..65536", c->knn.options.classes = 65537)             \
    X(classes_zero, ALL_KNN, ESIZE, "classes", "0 is not in 1..65536", c->knn.options.given = 1 << 5)                  \
    X(labels_null, ALL_KNN, ENULL, "labels", "NULL", c->labels_at = NULL)                                              \
    X(labels_data, ALL_KNN, ENULL, "labels", "data", c->labels.data = NULL)                                            \
    X(labels_dtype, ALL_KNN, EDTYPE, "labels", "integer type is needed", c->labels.dtype = CONCEPTDEC_FLOAT64)         \
    X(labels_unknown, ALL_KNN, EDTYPE, "labels", "dtype 18", c->labels.dtype = 18)                                     \
    X(labels_rows, SCORES | SCORES_TABLE, ESIZE, "labels", "25 rows, but x has 26", c->labels.rows = 25)               \
    X(labels_cols, ALL_KNN, ESIZE, "labels", "cols is 0", c->labels.cols = 0)                                          \
    X(labels_stride, ALL_KNN, EOVERFLOW, "labels", "row_stride", c->labels.row_stride = INT64_MAX / 3)                 \
    X(labels_device, ALL_KNN, EUNSUPPORTED, "labels", "device", c->labels.device = 1)                                  \
    X(labels_flags, ALL_KNN, ERESERVED, "labels", "must be 0", c->labels.flags = 2)                                    \
    X(label_low, ALL_KNN, ELABEL, "labels", "-2 at row 5, column 1", c->label_values[11] = -2)                         \
    X(label_high, ALL_KNN, ELABEL, "labels", "3 at row 2, column 1 is not in -1..2",                                   \
      (c->knn.options.classes = 3, c->label_values[5] = 3))                                                            \
    X(label_least, ALL_KNN, ELABEL, "labels", "-9223372036854775808 at row 0, column 0", c->label_values[0] = INT64_MIN) \
    X(label_largest, ALL_KNN, ELABEL, "labels", "9223372036854775807 at row 25, column 1",                             \
      c->label_values[51] = INT64_MAX)                                                                                 \
    X(label_narrowed, ALL_KNN, ELABEL, "labels", "4294967296", c->label_values[7] = (int64_t)1 << 32)                  \
    X(one_class, ALL_KNN, ESINGLECLASS, "labels", "column 0 have class 1", set_labels(c, 1, 1))                        \
    X(one_class_and_ignored, ALL_KNN, ESINGLECLASS, "labels", "class 1", set_labels(c, -1, 1))                         \
    X(nothing_labelled, ALL_KNN, ETOOFEW, "labels", "0 labelled rows in column 0", set_labels(c, -1, -1))              \
    X(one_labelled, ALL_KNN, ETOOFEW, "labels", "1 labelled rows in column 0", set_labels(c, 0, -1))                   \
    X(groups_missing, ALL_KNN, EGROUPS, "groups", "needs them", c->knn.options.protocol = CONCEPTDEC_PROTOCOL_GROUP)   \
    X(groups_to_permute, ALL_KNN, EGROUPS, "groups", "needs them", c->knn.options.permute = CONCEPTDEC_PERMUTE_WHOLE)  \
    X(groups_rows, EVERY, ESIZE, "groups", "25", (set_group(c), c->groups.rows = 25))                                  \
    X(groups_cols, EVERY, ESIZE, "groups", "2", (set_group(c), c->groups.cols = 2, c->groups.col_stride = 0))          \
    X(groups_dtype, EVERY, EDTYPE, "groups", "integer", (set_group(c), c->groups.dtype = CONCEPTDEC_FLOAT32))          \
    X(groups_data, EVERY, ENULL, "groups", "data", (set_group(c), c->groups.data = NULL))                              \
    X(groups_reserved, EVERY, ERESERVED, "groups", "must be 0", (set_group(c), c->groups.reserved[0] = 9))             \
    X(groups_one, EVERY, EGROUPS, "groups", "one group", (set_group(c), set_all(c->group_values, 7)))                  \
    X(folds_one, ALL_KNN, EFOLDS, "folds", "1 is below 2", set_folds(c, 1))                                            \
    X(folds_zero, ALL_KNN, EFOLDS, "folds", "0 is below 2", set_folds(c, 0))                                           \
    X(folds_negative, ALL_KNN, EFOLDS, "folds", "-1 is below 2", set_folds(c, -1))                                     \
    X(folds_members, ALL_KNN, EFOLDS, "folds", "more folds than members of class", set_folds(c, 12))                   \
    X(folds_largest, ALL_KNN, EFOLDS, "folds", "9223372036854775807", set_folds(c, INT64_MAX))                         \
    X(folds_groups, ALL_KNN, EFOLDS, "folds", "10 are more than the 9 groups",                                         \
      (set_folds(c, 10), c->knn.options.groups = &c->groups))                                                          \
    X(folds_idle, ALL_KNN, EINVAL, "folds", "is given, but only protocol \"kfold\"", c->knn.options.folds = 5)           \
    X(stratified_idle, ALL_KNN, EINVAL, "stratified", "only protocol \"kfold\"",                                        \
      c->knn.options.flags = CONCEPTDEC_KNN_UNSTRATIFIED)                                                              \
    X(folds_of_a_split, ALL_KNN, EINVAL, "folds", "only protocol \"kfold\"", (set_split(c), c->knn.options.folds = 2))  \
    X(temperature_idle, ALL_KNN, EINVAL, "temperature", "only weights \"softmax\"", c->knn.options.temperature = 0.1)   \
    X(chance_draws_idle, ALL_KNN, EINVAL, "chance_draws", "permutations are the draws",                                \
      c->knn.options.permutations = 4)                                                                                 \
    X(permute_idle, ALL_KNN, EINVAL, "permute", "nothing is permuted",                                                 \
      (c->knn.options.chance_draws = 0, c->knn.options.given = 1 << 9, c->knn.options.groups = &c->groups,             \
       c->knn.options.permute = CONCEPTDEC_PERMUTE_WITHIN))                                                            \
    X(confidence_idle, ALL_KNN, EINVAL, "confidence", "without bootstrap", c->knn.options.confidence = 0.9)            \
    X(groups_idle, ALL_KNN, EINVAL, "groups", "neither folds, bootstrap nor permute", c->knn.options.groups = &c->groups) \
    X(groups_of_a_split, ALL_KNN, EINVAL, "groups", "this protocol does not leave them out",                           \
      (set_split(c), c->knn.options.groups = &c->groups))                                                              \
    X(train_missing, ALL_KNN, ENULL, "train", "missing", c->knn.options.protocol = CONCEPTDEC_PROTOCOL_SPLIT)          \
    X(train_unasked, ALL_KNN, EINVAL, "train", "only the split protocol", c->knn.options.train = &c->train)            \
    X(train_ones, ALL_KNN, ETOOFEW, "train", "no labelled row is a test row", (set_split(c), set_all(c->train_values, 1))) \
    X(train_zeros, ALL_KNN, ETOOFEW, "train", "no labelled row is a training row",                                     \
      (set_split(c), set_all(c->train_values, 0)))                                                                     \
    X(train_two, ALL_KNN, EINVAL, "train", "2 at row 5 is neither 0 nor 1", (set_split(c), c->train_values[5] = 2))    \
    X(train_rows, ALL_KNN, ESIZE, "train", "27 rows, but x has 26", (set_split(c), c->train.rows = 27))                \
    X(train_cols, ALL_KNN, ESIZE, "train", "must be 1", (set_split(c), c->train.cols = 3, c->train.col_stride = 0))    \
    X(train_dtype, ALL_KNN, EDTYPE, "train", "integer", (set_split(c), c->train.dtype = CONCEPTDEC_BFLOAT16))          \
    X(search_size_zero, FINDS, ESTRUCT_SIZE, "options.struct_size", "0 is smaller", c->search.options.struct_size = 0) \
    X(search_size_eight, FINDS, ESTRUCT_SIZE, "options.struct_size", "8 is smaller", c->search.options.struct_size = 8) \
    X(search_size_less, FINDS, ESTRUCT_SIZE, "options.struct_size", "smaller", c->search.options.struct_size -= 1)     \
    X(search_size_large, FINDS, ESTRUCT_SIZE, "options.struct_size", "larger than 4096",                               \
      c->search.options.struct_size = 4097)                                                                            \
    X(search_tail, FINDS, ESTRUCT_TAIL, "options", "byte",                                                             \
      (c->search.options.struct_size = 4096, c->search.tail[400] = 1))                                                 \
    X(search_given, FINDS, ESTRUCT_TAIL, "options.given", "5", c->search.options.given = 1 << 5)                       \
    X(search_given_last, FINDS, ESTRUCT_TAIL, "options.given", "5", c->search.options.given = (uint64_t)1 << 63)       \
    X(knn_size_zero, ALL_KNN, ESTRUCT_SIZE, "options.struct_size", "0 is smaller", c->knn.options.struct_size = 0)     \
    X(knn_size_eight, ALL_KNN, ESTRUCT_SIZE, "options.struct_size", "8 is smaller", c->knn.options.struct_size = 8)    \
    X(knn_size_less, ALL_KNN, ESTRUCT_SIZE, "options.struct_size", "smaller", c->knn.options.struct_size -= 1)         \
    X(knn_size_large, ALL_KNN, ESTRUCT_SIZE, "options.struct_size", "larger than 4096",                                \
      c->knn.options.struct_size = UINT64_MAX)                                                                         \
    X(knn_tail, ALL_KNN, ESTRUCT_TAIL, "options", "byte", (c->knn.options.struct_size += 8, c->knn.tail[0] = 1u << 31)) \
    X(knn_given, ALL_KNN, ESTRUCT_TAIL, "options.given", "21", c->knn.options.given = 1 << 21)                         \
    X(sweep_size_zero, SWEEPS, ESTRUCT_SIZE, "options.struct_size", "0 is smaller", c->sweep.options.struct_size = 0)  \
    X(sweep_size_less, SWEEPS, ESTRUCT_SIZE, "options.struct_size", "smaller", c->sweep.options.struct_size -= 1)      \
    X(sweep_size_large, SWEEPS, ESTRUCT_SIZE, "options.struct_size", "larger than 4096",                               \
      c->sweep.options.struct_size = 4097)                                                                             \
    X(sweep_tail, SWEEPS, ESTRUCT_TAIL, "options", "byte", (c->sweep.options.struct_size += 1, c->sweep.tail[0] = 1))  \
    X(sweep_given, SWEEPS, ESTRUCT_TAIL, "options.given", "4", c->sweep.options.given = 1 << 4)                        \
    X(sweep_views, SWEEPS, ESIZE, "n_views", "0", c->n_views = 0)                                                      \
    X(sweep_views_negative, SWEEPS, ESIZE, "n_views", "-1", c->n_views = -1)                                           \
    X(sweep_shape, SWEEPS, ESIZE, "shape", "1",                                                                        \
      (c->sweep.options.shape = c->shape, c->sweep.options.ndim = 2, c->shape[0] = 1, c->shape[1] = 2))                \
    X(sweep_shape_negative, SWEEPS, ESIZE, "shape", "1",                                                               \
      (c->sweep.options.shape = c->shape, c->sweep.options.ndim = 2, c->shape[0] = c->shape[1] = -1))                  \
    X(sweep_shape_wraps, SWEEPS, ESIZE, "shape", "1",                                                                  \
      (c->sweep.options.shape = c->shape, c->sweep.options.ndim = 2, c->shape[0] = (int64_t)1 << 32,                   \
       c->shape[1] = ((int64_t)1 << 32) + 1))                                                                          \
    X(sweep_axes, SWEEPS, ESIZE, "ndim", "5 is not in 1..4",                                                           \
      (c->sweep.options.shape = c->shape, c->sweep.options.ndim = 5))                                                  \
    X(sweep_no_shape, SWEEPS, ENULL, "shape", "2", c->sweep.options.ndim = 2)                                          \
    X(reader_of_labels, ALL_KNN, EUNSUPPORTED, "labels", "must lie in memory", set_reader(c, &c->labels))              \
    X(reader_of_groups, EVERY, EUNSUPPORTED, "groups", "must lie in memory", (set_group(c), set_reader(c, &c->groups))) \
    X(reader_of_train, ALL_KNN, EUNSUPPORTED, "train", "must lie in memory", (set_split(c), set_reader(c, &c->train))) \
    X(reader_of_query_groups, FINDS, EUNSUPPORTED, "query_groups", "must lie in memory",                               \
      (set_group(c), c->queries_at = &c->queries, c->search.options.query_groups = &c->query_groups,                   \
       set_reader(c, &c->query_groups)))                                                                               \
    X(reader_of_integers, EVERY, EDTYPE, "x", "floating-point type is needed",                                         \
      (set_reader(c, &c->x), c->x.dtype = CONCEPTDEC_INT32))                                                           \
    X(reader_data, EVERY, ENULL, "x", "data is NULL", (set_reader(c, &c->x), c->x.data = NULL))                        \
    X(reader_read, EVERY, ENULL, "x.data", "read is NULL", (set_reader(c, &c->x), c->source.reader.read = NULL))       \
    X(reader_of_queries, FINDS, ENULL, "queries.data", "read is NULL",                                                 \
      (c->queries_at = &c->queries, set_reader(c, &c->queries), c->source.reader.read = NULL))                         \
    X(reader_size, EVERY, ESTRUCT_SIZE, "x.data.struct_size", "0 is smaller than 32",                                  \
      (set_reader(c, &c->x), c->source.reader.struct_size = 0))                                                        \
    X(reader_tail, EVERY, ESTRUCT_TAIL, "x.data", "byte 40 is set",                                                    \
      (set_reader(c, &c->x), c->source.reader.struct_size = 48, c->source.tail[1] = 1))                                \
    X(reader_given, EVERY, ESTRUCT_TAIL, "x.data.given", "2", (set_reader(c, &c->x), c->source.reader.given = 4))      \
    X(reader_row_stride, EVERY, ESIZE, "x", "strides of a reader", (set_reader(c, &c->x), c->x.row_stride = 40))       \
    X(reader_col_stride, EVERY, ESIZE, "x", "strides of a reader", (set_reader(c, &c->x), c->x.col_stride = 8))        \
    X(reader_strides, EVERY, ESIZE, "x", "strides of a reader",                                                        \
      (set_reader(c, &c->x), c->x.row_stride = 48, c->x.col_stride = 8))                                               \
    X(reader_extent, FINDS | SCORES, EOVERFLOW, "x", "rows * cols",                                                    \
      (set_reader(c, &c->x), c->x.cols = INT64_MAX / 100))                                                             \
    X(reader_row, FINDS | SCORES, EOVERFLOW, "x", "rows * cols", (set_reader(c, &c->x), c->x.cols = INT64_MAX))        \
    X(reader_flags, EVERY, ERESERVED, "x", "unknown flags", (set_reader(c, &c->x), c->x.flags |= 2))                   \
    X(no_output, EVERY, ENULL, "", "NULL", c->no_output = true)

#define DEFINE(name, calls, status, part, other, spoil)                                                                \
    static void spoil_##name(call *c)                                                                                  \
    {                                                                                                                  \
        spoil;                                                                                                         \
    }
CASES(DEFINE)

static const struct bad_case {
    const char *name;
    int calls;
    conceptdec_status status;
    const char *part, *other;
    void (*spoil)(call *c);
} cases[] = {
#define LIST(name, calls, status, part, other, spoil) {#name, calls, CONCEPTDEC_##status, part, other, spoil_##name},
    CASES(LIST)};

enum { N_CASES = sizeof cases / sizeof *cases };

/* ---- running them ---- */

static torture_allocator allocator;
static conceptdec_ctx *ctx;
static conceptdec_neighbors *table; /* of scene_x, k = 3 */

static void
setup(void)
{
    conceptdec_ctx_options options = torture_options(&allocator, 2);
    conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 3};
    allocator = (torture_allocator){0};
    scene_fill();
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &scene_x, NULL, &search, &table), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_neighbors_free(table);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}

static conceptdec_status
make(const call *c, int which, void **output)
{
    conceptdec_neighbors **found = c->no_output ? NULL : (conceptdec_neighbors **)output;
    conceptdec_result **result = c->no_output ? NULL : (conceptdec_result **)output;
    switch (which) {
    case FINDS:
        return conceptdec_neighbors_new(ctx, c->x_at, c->queries_at, &c->search.options, found);
    case SCORES:
        return conceptdec_knn_decodability(ctx, c->x_at, c->labels_at, &c->knn.options, result);
    case SCORES_TABLE:
        return conceptdec_knn_decodability_neighbors(ctx, table, c->x_at, c->labels_at, &c->knn.options, result);
    default:
        return conceptdec_sweep(ctx, c->x_at, c->n_views, c->labels_at, &c->sweep.options, result);
    }
}

static void
expect_success(int which)
{
    call c;
    void *output = NULL;
    make_call(&c);
    conceptdec_status status = make(&c, which, &output);
    ck_assert_msg(status == CONCEPTDEC_OK, "call %d: %s: %s", which, conceptdec_status_name(status),
                  conceptdec_ctx_error(ctx));
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "");
    if (which == FINDS)
        conceptdec_neighbors_free(output);
    else
        conceptdec_result_free(output);
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
    bad->spoil(&c);
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
    for (int which = FINDS; which <= SWEEPS; which *= 2)
        if (cases[_i].calls & which)
            expect_refused(&cases[_i], which);
}
END_TEST

/* Structs of a later version with nothing new in use are taken. */
START_TEST(longer_structs)
{
    static call c;
    void *output = NULL;
    make_call(&c);
    c.search.options.struct_size = c.knn.options.struct_size = c.sweep.options.struct_size = 4096;
    c.search.options.given = 31;
    c.knn.options.given = ((uint64_t)1 << 2) + (1 << 20);
    c.sweep.options.given = 1;
    ck_assert_int_eq(make(&c, FINDS, &output), CONCEPTDEC_OK);
    conceptdec_neighbors_free(output);
    for (int which = SCORES; which <= SWEEPS; which *= 2) {
        ck_assert_int_eq(make(&c, which, &output), CONCEPTDEC_OK);
        conceptdec_result_free(output);
    }
}
END_TEST

START_TEST(null_context)
{
    static char untouched;
    call c;
    void *output = &untouched;
    conceptdec_ctx *own = ctx;
    make_call(&c);
    ctx = NULL;
    for (int which = FINDS; which <= SWEEPS; which *= 2)
        ck_assert_int_eq(make(&c, which, &output), CONCEPTDEC_ENULL);
    ctx = own;
    const char *json = &untouched;
    ck_assert_int_eq(conceptdec_neighbors_save(NULL, table, "unused"), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_neighbors_load(NULL, "unused", (conceptdec_neighbors **)&output), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_ctx_build_info(NULL, &json), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_ctx_build_info(ctx, NULL), CONCEPTDEC_ENULL);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "json"));
    ck_assert(output == &untouched && json == &untouched);
}
END_TEST

static void
expect_text(conceptdec_status got, conceptdec_status status, const char *part)
{
    ck_assert_msg(got == status, "%s instead of %s", conceptdec_status_name(got), conceptdec_status_name(status));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), part), "\"%s\" lacks \"%s\"", conceptdec_ctx_error(ctx), part);
}

START_TEST(other_handles)
{
    call c;
    conceptdec_result *result = NULL;
    conceptdec_neighbors *of_queries = NULL, *loaded = NULL;
    make_call(&c);
    expect_text(conceptdec_knn_decodability_neighbors(ctx, NULL, &c.x, &c.labels, NULL, &result), CONCEPTDEC_ENULL,
                "neighbors");
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &c.x, &c.queries, &c.search.options, &of_queries), CONCEPTDEC_OK);
    expect_text(conceptdec_knn_decodability_neighbors(ctx, of_queries, &c.x, &c.labels, NULL, &result),
                CONCEPTDEC_EINVAL, "neighbors");
    conceptdec_neighbors_free(of_queries);
    c.knn.options.k = 9;
    expect_text(conceptdec_knn_decodability_neighbors(ctx, table, NULL, &c.labels, &c.knn.options, &result),
                CONCEPTDEC_ESHALLOW, "x is NULL");
    expect_text(conceptdec_neighbors_save(ctx, NULL, "unused"), CONCEPTDEC_ENULL, "neighbors");
    expect_text(conceptdec_neighbors_save(ctx, table, NULL), CONCEPTDEC_ENULL, "path");
    expect_text(conceptdec_neighbors_save(ctx, table, "/nonexistent/folder/table"), CONCEPTDEC_EIO, "/nonexistent");
    expect_text(conceptdec_neighbors_load(ctx, NULL, &loaded), CONCEPTDEC_ENULL, "path");
    expect_text(conceptdec_neighbors_load(ctx, "unused", NULL), CONCEPTDEC_ENULL, "neighbors");
    expect_text(conceptdec_neighbors_load(ctx, "/nonexistent", &loaded), CONCEPTDEC_EIO, "/nonexistent");
    expect_text(conceptdec_neighbors_load(ctx, "/dev/null", &loaded), CONCEPTDEC_EFORMAT, "/dev/null");
    expect_text(conceptdec_neighbors_load(ctx, "/", &loaded), CONCEPTDEC_EIO, "path");
    ck_assert(!result && !loaded);
}
END_TEST

START_TEST(strict)
{
    call c;
    conceptdec_neighbors *found = NULL;
    conceptdec_result *result = NULL;
    make_call(&c);
    set_group(&c);
    set_k(&c, 24);
    c.search.options.flags = CONCEPTDEC_NEIGHBORS_STRICT;
    c.knn.options.flags = CONCEPTDEC_KNN_STRICT;
    expect_text(conceptdec_neighbors_new(ctx, &c.x, NULL, &c.search.options, &found), CONCEPTDEC_EFEWELIGIBLE, "row 0");
    expect_text(conceptdec_knn_decodability(ctx, &c.x, &c.labels, &c.knn.options, &result), CONCEPTDEC_EFEWELIGIBLE,
                "row 0");
    c.search.options.flags = c.knn.options.flags = 0;
    ck_assert_int_eq(conceptdec_neighbors_new(ctx, &c.x, NULL, &c.search.options, &found), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_knn_decodability(ctx, &c.x, &c.labels, &c.knn.options, &result), CONCEPTDEC_OK);
    conceptdec_neighbors_free(found);
    conceptdec_result_free(result);
}
END_TEST

START_TEST(questions)
{
    call c;
    conceptdec_result *result = NULL;
    conceptdec_array array = {.ndim = 77};
    const char *json = NULL;
    double value = 77, distances[4] = {77};
    int64_t count = 77, rows[4] = {77};
    make_call(&c);
    ck_assert_int_eq(conceptdec_knn_decodability(ctx, &c.x, &c.labels, &c.knn.options, &result), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_result_get(NULL, "k", &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_get(result, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_get(result, "k", NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_get(result, "K", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_result_scalar(NULL, "k", &value), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_scalar(result, NULL, &value), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_scalar(result, "k", NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_scalar(result, "accuracy", &value), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_result_json(NULL, &json), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_result_json(result, NULL), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(conceptdec_result_name(result, -1));
    ck_assert_ptr_null(conceptdec_result_name(result, conceptdec_result_count(result)));
    ck_assert_ptr_null(conceptdec_result_name(NULL, 0));
    ck_assert_int_eq(conceptdec_result_count(NULL), 0);
    ck_assert_str_eq(conceptdec_result_message(NULL, 0), "");
    ck_assert_str_eq(conceptdec_result_message(result, -1), "");
    conceptdec_result_free(result);
    ck_assert_int_eq(conceptdec_neighbors_get(NULL, "count", &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_neighbors_get(table, NULL, &array), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_neighbors_get(table, "count", NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_neighbors_get(table, "", &array), CONCEPTDEC_ENAME);
    ck_assert_int_eq(conceptdec_neighbors_row(NULL, 0, 4, rows, distances, &count), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_neighbors_row(table, 0, 4, rows, distances, NULL), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_neighbors_row(table, -1, 4, rows, distances, &count), CONCEPTDEC_ESIZE);
    ck_assert_int_eq(conceptdec_neighbors_row(table, ROWS, 4, rows, distances, &count), CONCEPTDEC_ESIZE);
    ck_assert_int_eq(conceptdec_neighbors_row(table, 0, -1, rows, distances, &count), CONCEPTDEC_ESIZE);
    ck_assert(array.ndim == 77 && value == 77 && count == 77 && rows[0] == 77 && distances[0] == 77 && !json);
    ck_assert_int_eq(conceptdec_neighbors_row(table, 0, INT64_MAX, NULL, NULL, &count), CONCEPTDEC_OK);
    ck_assert_int_ge(count, 3);
}
END_TEST

/* ---- values that are not finite, at every place ---- */

enum { PLACE_ROWS = 4, PLACE_COLS = 19, LAYOUTS = 6, BUFFER = 8192 };

static unsigned char buffer[BUFFER];

/* Packed; rows apart and misaligned; by columns; rows upwards; columns leftwards; every third element. */
static conceptdec_matrix
lay_out(int layout, int32_t dtype)
{
    int64_t size = dtype == CONCEPTDEC_FLOAT64 ? 8 : dtype == CONCEPTDEC_FLOAT32 ? 4 : 2, row = PLACE_COLS * size;
    conceptdec_matrix m = {.data = buffer, .rows = PLACE_ROWS, .cols = PLACE_COLS, .row_stride = row,
                           .col_stride = size, .dtype = dtype};
    if (layout == 1) {
        m.data = buffer + 1;
        m.row_stride += 3;
    } else if (layout == 2) {
        m.row_stride = size;
        m.col_stride = PLACE_ROWS * size;
    } else if (layout == 3) {
        m.data = buffer + (PLACE_ROWS - 1) * row;
        m.row_stride = -row;
    } else if (layout == 4) {
        m.data = buffer + row - size;
        m.col_stride = -size;
    } else if (layout == 5) {
        m.row_stride *= 3;
        m.col_stride *= 3;
    }
    return m;
}

static void
put(const conceptdec_matrix *m, int64_t row, int64_t col, double value)
{
    char *at = (char *)(uintptr_t)m->data + row * m->row_stride + col * m->col_stride;
    float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, 4);
    uint16_t half = (uint16_t)(bits >> 16); /* bfloat16 */
    if (m->dtype == CONCEPTDEC_FLOAT16)
        half = isfinite(value) ? (uint16_t)(0x3c00 + row * 32 + col)
                               : (uint16_t)((isnan(value) ? 0x7c01 : 0x7c00) | (signbit(value) ? 0x8000 : 0));
    if (m->dtype == CONCEPTDEC_FLOAT64)
        memcpy(at, &value, 8);
    else if (m->dtype == CONCEPTDEC_FLOAT32)
        memcpy(at, &narrow, 4);
    else
        memcpy(at, &half, 2);
}

static double
value_at(int64_t row, int64_t col)
{
    return 1 + (double)(row * 32 + col) / 1024;
}

static void
expect_place(const conceptdec_matrix *m, int64_t row, int64_t col)
{
    static const int64_t label_values[] = {0, 1, 0, 1};
    conceptdec_matrix labels = VIEW(label_values, PLACE_ROWS, 1, CONCEPTDEC_INT64);
    conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 1};
    conceptdec_knn_options knn = {.struct_size = sizeof knn, .k = 1};
    conceptdec_sweep_options sweep = {.struct_size = sizeof sweep, .knn = &knn};
    conceptdec_neighbors *found = NULL;
    conceptdec_result *result = NULL;
    char of_x[80], of_queries[80];
    snprintf(of_x, sizeof of_x, "x: non-finite value at row %d, column %d", (int)row, (int)col);
    snprintf(of_queries, sizeof of_queries, "queries: non-finite value at row %d, column %d", (int)row, (int)col);
    static const double good_values[2 * PLACE_COLS] = {1, 2, 3};
    conceptdec_matrix good = VIEW(good_values, 2, PLACE_COLS, CONCEPTDEC_FLOAT64);
    for (search.metric = 0; search.metric < 2; search.metric++) {
        expect_text(conceptdec_neighbors_new(ctx, m, NULL, &search, &found), CONCEPTDEC_ENONFINITE, of_x);
        expect_text(conceptdec_neighbors_new(ctx, &good, m, &search, &found), CONCEPTDEC_ENONFINITE, of_queries);
    }
    expect_text(conceptdec_knn_decodability(ctx, m, &labels, &knn, &result), CONCEPTDEC_ENONFINITE, of_x);
    expect_text(conceptdec_sweep(ctx, m, 1, &labels, &sweep, &result), CONCEPTDEC_ENONFINITE, of_x);
    ck_assert(!found && !result);
}

/* One place alone; with NaN a second one, which comes later and must not be named. */
START_TEST(non_finite_everywhere)
{
    static const int32_t dtypes[] = {CONCEPTDEC_FLOAT64, CONCEPTDEC_FLOAT32, CONCEPTDEC_FLOAT16, CONCEPTDEC_BFLOAT16};
    const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    conceptdec_matrix m = lay_out(_i % LAYOUTS, dtypes[_i / LAYOUTS]);
    for (int64_t i = 0; i < PLACE_ROWS * PLACE_COLS; i++)
        put(&m, i / PLACE_COLS, i % PLACE_COLS, value_at(i / PLACE_COLS, i % PLACE_COLS));
    int64_t live = allocator.live;
    for (int64_t i = 0; i < PLACE_ROWS * PLACE_COLS; i++)
        for (int v = 0; v < 3; v++) {
            int64_t row = i / PLACE_COLS, col = i % PLACE_COLS;
            put(&m, row, col, values[v]);
            if (v == 0)
                put(&m, PLACE_ROWS - 1, PLACE_COLS - 1, values[1]);
            expect_place(&m, row, col);
            put(&m, PLACE_ROWS - 1, PLACE_COLS - 1, value_at(PLACE_ROWS - 1, PLACE_COLS - 1));
            put(&m, row, col, value_at(row, col));
        }
    ck_assert_int_le(allocator.live - live, 1); /* the pool */
}
END_TEST

/* Large finite values whose sums are not finite are no reason to refuse. */
START_TEST(largest_values)
{
    double values[3 * 16];
    conceptdec_matrix x = VIEW(values, 3, 16, CONCEPTDEC_FLOAT64);
    conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 1};
    conceptdec_array array;
    for (int i = 0; i < 48; i++)
        values[i] = i < 32 ? 1.7e308 : -1.7e308;
    values[31] = 1.6e308;
    for (search.metric = 0; search.metric < 2; search.metric++) {
        conceptdec_neighbors *found = NULL;
        conceptdec_status status = conceptdec_neighbors_new(ctx, &x, NULL, &search, &found);
        ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
        ck_assert_int_eq(conceptdec_neighbors_get(found, "indices", &array), CONCEPTDEC_OK);
        const int64_t *indices = array.data;
        ck_assert(indices[0] == 1 && indices[1] == 0 && indices[2] == 1);
        conceptdec_neighbors_free(found);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad input");
    TCase *tests = tcase_create("refused");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, refused, 0, N_CASES);
    tcase_add_test(tests, longer_structs);
    tcase_add_test(tests, null_context);
    tcase_add_test(tests, other_handles);
    tcase_add_test(tests, strict);
    tcase_add_test(tests, questions);
    tcase_add_loop_test(tests, non_finite_everywhere, 0, 4 * LAYOUTS);
    tcase_add_test(tests, largest_values);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
