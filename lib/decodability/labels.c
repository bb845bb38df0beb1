/* Label sets, groups and training rows: what they may be, and who votes and is scored under the protocol. */
#include "decodability/knn.h"

#include "stats/folds.h"

/* ---- groups and training rows ---- */

static conceptdec_status
check_column(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view, int64_t n)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, name, view, CONCEPTDEC_I_INTS));
    if (view->rows != n)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld rows, but x has %lld", name, (long long)view->rows,
                                 (long long)n);
    if (view->cols != 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %lld columns, must be 1", name, (long long)view->cols);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_column(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *view, int64_t n, int64_t **column)
{
    void *memory;
    CONCEPTDEC_I_TRY(check_column(arena->ctx, name, view, n));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, name, n, sizeof **column, &memory));
    *column = memory;
    conceptdec_i_view_ints(view, 0, *column);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_train(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t n, uint8_t **train)
{
    int64_t *values;
    void *memory;
    CONCEPTDEC_I_TRY(take_column(arena, "train", view, n, &values));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "train", n, sizeof **train, &memory));
    *train = memory;
    for (int64_t i = 0; i < n; i++) {
        if (values[i] != 0 && values[i] != 1)
            return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EINVAL, "train: %lld at row %lld is neither 0 nor 1",
                                     (long long)values[i], (long long)i);
        (*train)[i] = values[i] == 1;
    }
    return CONCEPTDEC_OK;
}

/* ---- labels ---- */

static conceptdec_status
check_labels(conceptdec_ctx *ctx, const int64_t *labels, int64_t n, int64_t column, int64_t classes)
{
    for (int64_t i = 0; i < n; i++)
        if (labels[i] < -1 || labels[i] >= classes)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ELABEL, "labels: %lld at row %lld, column %lld is not in -1..%lld",
                                     (long long)labels[i], (long long)i, (long long)column, (long long)(classes - 1));
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_variety(conceptdec_ctx *ctx, const conceptdec_i_knn_set *set, int64_t n, int64_t column)
{
    int64_t first = -1;
    if (set->n_labelled < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW,
                                 "labels: %lld labelled rows in column %lld, at least 2 are needed",
                                 (long long)set->n_labelled, (long long)column);
    for (int64_t i = 0; i < n; i++) {
        if (first >= 0 && set->labels[i] >= 0 && set->labels[i] != first)
            return CONCEPTDEC_OK;
        first = set->labels[i] >= 0 ? set->labels[i] : first;
    }
    return conceptdec_i_fail(ctx, CONCEPTDEC_ESINGLECLASS,
                             "labels: all labelled rows of column %lld have class %lld; at least 2 classes are needed",
                             (long long)column, (long long)first);
}

static conceptdec_status
take_labels(conceptdec_i_arena *arena, const conceptdec_matrix *view, conceptdec_i_knn_data *data)
{
    int64_t n = data->n, largest = -1;
    void *labels, *narrow;
    for (int64_t s = 0; s < data->n_sets; s++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", n, sizeof(int64_t), &labels));
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", n, sizeof(int32_t), &narrow));
        conceptdec_i_knn_set *set = &data->sets[s];
        set->labels = labels;
        set->narrow = narrow;
        conceptdec_i_view_ints(view, s, set->labels);
        int64_t limit = data->classes ? data->classes : CONCEPTDEC_I_KNN_MAX_CLASSES;
        CONCEPTDEC_I_TRY(check_labels(arena->ctx, set->labels, n, s, limit));
        for (int64_t i = 0; i < n; i++) {
            set->narrow[i] = (int32_t)set->labels[i];
            set->n_labelled += set->labels[i] >= 0;
            largest = set->labels[i] > largest ? set->labels[i] : largest;
        }
        CONCEPTDEC_I_TRY(check_variety(arena->ctx, set, n, s));
    }
    data->classes = data->classes ? data->classes : largest + 1;
    return CONCEPTDEC_OK;
}

/* ---- the protocol ---- */

static conceptdec_status
take_roles(conceptdec_i_arena *arena, const conceptdec_i_knn_data *data, conceptdec_i_knn_set *set)
{
    void *is_voter, *is_query;
    int64_t n_voters = 0, n_queries = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "roles", data->n, 1, &is_voter));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "roles", data->n, 1, &is_query));
    set->is_voter = is_voter;
    set->is_query = is_query;
    for (int64_t i = 0; i < data->n; i++) {
        bool is_labelled = set->labels[i] >= 0;
        set->is_voter[i] = is_labelled && (!data->train || data->train[i]);
        set->is_query[i] = is_labelled && (!data->train || !data->train[i]);
        n_voters += set->is_voter[i];
        n_queries += set->is_query[i];
    }
    if (n_voters == 0 || n_queries == 0)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ETOOFEW, "train: no labelled row is a %s row (column %lld)",
                                 n_voters ? "test" : "training", (long long)(set - data->sets));
    set->exclusion.row_is_voter = n_voters < data->n ? set->is_voter : NULL;
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_groups(conceptdec_ctx *ctx, const conceptdec_i_knn_data *data, const conceptdec_i_knn_set *set)
{
    int64_t first = -1;
    for (int64_t i = 0; i < data->n; i++) {
        if (set->labels[i] < 0)
            continue;
        if (first >= 0 && data->groups[i] != data->groups[first])
            return CONCEPTDEC_OK;
        first = i;
    }
    return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS,
                             "groups: all labelled rows of column %lld are in one group; no row has a neighbour",
                             (long long)(set - data->sets));
}

static conceptdec_status
take_folds(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings, const conceptdec_i_knn_data *data,
           conceptdec_i_knn_set *set)
{
    const conceptdec_knn_options *o = &settings->options;
    void *fold;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", data->n, sizeof *set->fold, &fold));
    set->fold = fold;
    set->exclusion.group = fold;
    return conceptdec_i_folds_assign(arena->ctx, data->n, set->labels, data->classes, data->groups, o->folds,
                                     !(o->flags & CONCEPTDEC_KNN_UNSTRATIFIED), o->seed, set->fold);
}

static conceptdec_status
apply_protocol(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings, const conceptdec_i_knn_data *data,
               conceptdec_i_knn_set *set)
{
    CONCEPTDEC_I_TRY(take_roles(arena, data, set));
    if (settings->options.protocol == CONCEPTDEC_PROTOCOL_KFOLD)
        return take_folds(arena, settings, data, set);
    if (settings->options.protocol == CONCEPTDEC_PROTOCOL_GROUP) {
        set->exclusion.group = data->groups;
        return check_groups(arena->ctx, data, set);
    }
    set->exclusion.self = settings->options.protocol == CONCEPTDEC_PROTOCOL_LOO;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_knn_data_take(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings,
                           const conceptdec_matrix *labels, conceptdec_i_knn_data *data)
{
    const conceptdec_knn_options *o = &settings->options;
    conceptdec_ctx *ctx = arena->ctx;
    void *sets;
    *data = (conceptdec_i_knn_data){.n = settings->n, .classes = o->classes};
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "labels", labels, CONCEPTDEC_I_INTS));
    if (labels->rows != data->n)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "labels: %lld rows, but x has %lld", (long long)labels->rows,
                                 (long long)data->n);
    data->n_sets = labels->cols;
    if (o->groups)
        CONCEPTDEC_I_TRY(take_column(arena, "groups", o->groups, data->n, &data->groups));
    if (o->train)
        CONCEPTDEC_I_TRY(take_train(arena, o->train, data->n, &data->train));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", data->n_sets, sizeof *data->sets, &sets));
    data->sets = sets;
    CONCEPTDEC_I_TRY(take_labels(arena, labels, data));
    for (int64_t s = 0; s < data->n_sets; s++)
        CONCEPTDEC_I_TRY(apply_protocol(arena, settings, data, &data->sets[s]));
    return CONCEPTDEC_OK;
}
