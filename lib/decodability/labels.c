/* Label sets, groups and training rows: what they may be, and who votes and is scored under the protocol. */
#include "decodability/knn.h"

#include "stats/folds.h"
#include "stats/samples.h"

/* ---- labels ---- */

static conceptdec_status
take_labels(conceptdec_i_arena *arena, const conceptdec_matrix *view, conceptdec_i_knn_data *data)
{
    int64_t limit = data->classes ? data->classes : CONCEPTDEC_I_KNN_MAX_CLASSES, largest = -1;
    for (int64_t s = 0; s < data->n_sets; s++) {
        conceptdec_i_labels labels;
        CONCEPTDEC_I_TRY(conceptdec_i_samples_labels(arena, view, s, limit, &labels));
        conceptdec_i_knn_set *set = &data->sets[s];
        set->labels = labels.wide;
        set->narrow = labels.narrow;
        set->n_labelled = labels.n_labelled;
        largest = labels.largest > largest ? labels.largest : largest;
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
                                     !(o->flags & CONCEPTDEC_KNN_UNSTRATIFIED), false, o->seed, set->fold);
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
        CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "groups", o->groups, data->n, &data->groups));
    if (o->train)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_train(arena, o->train, data->n, &data->train));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", data->n_sets, sizeof *data->sets, &sets));
    data->sets = sets;
    CONCEPTDEC_I_TRY(take_labels(arena, labels, data));
    for (int64_t s = 0; s < data->n_sets; s++)
        CONCEPTDEC_I_TRY(apply_protocol(arena, settings, data, &data->sets[s]));
    return CONCEPTDEC_OK;
}
