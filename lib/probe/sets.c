/* Label sets, groups, weights and training rows: who trains and who is scored under the protocol. */
#include "probe/probe.h"

#include <string.h>

#include "stats/folds.h"
#include "stats/groups.h"
#include "stats/samples.h"

/* ---- columns ---- */

static conceptdec_status
take_groups(conceptdec_i_arena *arena, const conceptdec_matrix *view, conceptdec_i_probe_data *data)
{
    conceptdec_i_groups groups;
    CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "groups", view, data->n, &data->groups));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(arena, data->n, data->groups, NULL, &groups));
    data->group = groups.number;
    data->n_groups = groups.count;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_columns(conceptdec_i_arena *arena, const conceptdec_probe_options *o, conceptdec_i_probe_data *data)
{
    if (o->groups)
        CONCEPTDEC_I_TRY(take_groups(arena, o->groups, data));
    if (o->train)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_train(arena, o->train, data->n, &data->train));
    if (o->weights)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_weights(arena, o->weights, data->n, &data->weight));
    if (o->types)
        CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "types", o->types, data->n, &data->types));
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_labels(conceptdec_i_arena *arena, const conceptdec_matrix *view, conceptdec_i_probe_data *data)
{
    int64_t limit = data->classes ? data->classes : CONCEPTDEC_I_PROBE_MAX_CLASSES, largest = -1;
    for (int64_t s = 0; s < data->n_sets; s++) {
        conceptdec_i_labels labels;
        void *memory;
        CONCEPTDEC_I_TRY(conceptdec_i_samples_labels(arena, view, s, limit, &labels));
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", data->n, 1, &memory));
        conceptdec_i_probe_set *set = &data->sets[s];
        *set = (conceptdec_i_probe_set){.labels = labels.narrow, .wide = labels.wide, .n_labelled = labels.n_labelled,
                                        .is_labelled = memory};
        for (int64_t i = 0; i < data->n; i++)
            set->is_labelled[i] = labels.wide[i] >= 0;
        largest = labels.largest > largest ? labels.largest : largest;
    }
    data->classes = data->classes ? data->classes : largest + 1;
    data->columns = data->classes == 2 ? 1 : data->classes;
    return CONCEPTDEC_OK;
}

/* ---- parts ---- */

conceptdec_status
conceptdec_i_probe_folds(conceptdec_ctx *ctx, const conceptdec_probe_options *o, const conceptdec_i_probe_data *data,
                         const int64_t *labels, int64_t *fold)
{
    return conceptdec_i_folds_assign(ctx, data->n, labels, data->classes, data->groups, o->folds,
                                     !(o->flags & CONCEPTDEC_PROBE_UNSTRATIFIED),
                                     (o->flags & CONCEPTDEC_PROBE_SKIP_MISSING) != 0, o->seed, fold);
}

/* Each group is a part; groups that hold no labelled row stay empty. */
static conceptdec_status
assign_groups(conceptdec_ctx *ctx, const conceptdec_i_probe_data *data, conceptdec_i_probe_set *set)
{
    int64_t first = -1;
    bool has_two = false;
    set->n_parts = data->n_groups;
    for (int64_t i = 0; i < data->n; i++) {
        set->part[i] = set->labels[i] >= 0 ? data->group[i] : -1;
        has_two |= first >= 0 && set->part[i] >= 0 && set->part[i] != first;
        first = set->part[i] >= 0 ? set->part[i] : first;
    }
    if (has_two)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS,
                             "groups: all labelled rows of column %lld are in one group; no row is left to train on",
                             (long long)(set - data->sets));
}

static void
assign_one(const conceptdec_i_probe_data *data, conceptdec_i_probe_set *set)
{
    set->n_parts = 1;
    for (int64_t i = 0; i < data->n; i++)
        set->part[i] = set->labels[i] >= 0 && !(data->train && data->train[i]) ? 0 : -1;
}

static conceptdec_status
assign_parts(conceptdec_i_arena *arena, const conceptdec_probe_options *o, const conceptdec_i_probe_data *data,
             conceptdec_i_probe_set *set)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "folds", data->n, sizeof *set->part, &memory));
    set->part = memory;
    if (o->protocol == CONCEPTDEC_PROTOCOL_KFOLD) {
        set->n_parts = o->folds;
        return conceptdec_i_probe_folds(arena->ctx, o, data, set->wide, set->part);
    }
    if (o->protocol == CONCEPTDEC_PROTOCOL_GROUP)
        return assign_groups(arena->ctx, data, set);
    assign_one(data, set);
    return CONCEPTDEC_OK;
}

/* ---- roles ---- */

bool
conceptdec_i_has_test_rows(const uint8_t *role, int64_t n)
{
    return memchr(role, CONCEPTDEC_I_ROLE_TEST, (size_t)n) != NULL;
}

conceptdec_status
conceptdec_i_probe_roles(conceptdec_i_arena *arena, int64_t n, const int64_t *part, int64_t n_parts,
                         const uint8_t ***roles)
{
    void *list, *all;
    int64_t total;
    if (!conceptdec_i_mul(n, n_parts, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "parts", n_parts, sizeof **roles, &list));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "parts", total, 1, &all));
    *roles = list;
    for (int64_t p = 0; p < n_parts; p++) {
        uint8_t *role = (uint8_t *)all + p * n;
        for (int64_t i = 0; i < n; i++)
            if (part[i] >= 0)
                role[i] = part[i] == p ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
        (*roles)[p] = role;
    }
    return CONCEPTDEC_OK;
}

/* Training rows of the fit on all rows: those of the caller's split, else every labelled row. */
static conceptdec_status
take_whole(conceptdec_i_arena *arena, const conceptdec_i_probe_data *data, conceptdec_i_probe_set *set)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "parts", data->n, 1, &memory));
    set->whole = memory;
    for (int64_t i = 0; i < data->n; i++)
        set->whole[i] = set->labels[i] >= 0 && (!data->train || data->train[i]) ? CONCEPTDEC_I_ROLE_TRAIN
                                                                               : CONCEPTDEC_I_ROLE_NONE;
    return CONCEPTDEC_OK;
}

/* The one part of a split, of resubstitution, or of what is left out by formula. */
static conceptdec_status
take_single_role(conceptdec_i_arena *arena, const conceptdec_i_probe_data *data, conceptdec_i_probe_set *set)
{
    void *list, *role;
    int64_t n_train = 0, n_test = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "parts", 1, sizeof *set->roles, &list));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "parts", data->n, 1, &role));
    memcpy(role, set->whole, (size_t)data->n);
    for (int64_t i = 0; i < data->n; i++) {
        if (data->train && set->part[i] == 0)
            ((uint8_t *)role)[i] = CONCEPTDEC_I_ROLE_TEST;
        n_train += set->whole[i] == CONCEPTDEC_I_ROLE_TRAIN;
        n_test += set->part[i] == 0;
    }
    set->roles = list;
    set->roles[0] = role;
    if (n_train > 0 && n_test > 0)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ETOOFEW, "train: no labelled row is a %s row (column %lld)",
                             n_train ? "test" : "training", (long long)(set - data->sets));
}

static conceptdec_status
take_roles(conceptdec_i_arena *arena, const conceptdec_probe_options *o, const conceptdec_i_probe_data *data,
           conceptdec_i_probe_set *set)
{
    bool has_parts = o->protocol == CONCEPTDEC_PROTOCOL_KFOLD || o->protocol == CONCEPTDEC_PROTOCOL_GROUP;
    CONCEPTDEC_I_TRY(take_whole(arena, data, set));
    if (data->leave != CONCEPTDEC_I_LEAVE_ROLES)
        return CONCEPTDEC_OK;
    if (has_parts)
        return conceptdec_i_probe_roles(arena, data->n, set->part, set->n_parts, &set->roles);
    return take_single_role(arena, data, set);
}

/* ---- classes that are missing ---- */

/* Rows of a class, of one part or of all. A row without weight is scored, but trains nothing. */
typedef struct class_rows {
    int64_t all, weighty;
} class_rows;

/* counts[p * classes + c]. */
static void
count_classes(const conceptdec_i_probe_data *data, const conceptdec_i_probe_set *set, class_rows *counts,
              class_rows *totals)
{
    for (int64_t i = 0; i < data->n; i++) {
        if (set->labels[i] < 0)
            continue;
        int64_t has_weight = !data->weight || data->weight[i] > 0;
        totals[set->labels[i]].all++;
        totals[set->labels[i]].weighty += has_weight;
        if (set->part[i] < 0)
            continue;
        class_rows *count = &counts[set->part[i] * data->classes + set->labels[i]];
        count->all++;
        count->weighty += has_weight;
    }
}

static int64_t
training_rows(const conceptdec_probe_options *o, class_rows total, class_rows in_part)
{
    if (o->protocol == CONCEPTDEC_PROTOCOL_LOO) /* a part is a row: a class of one row is missing where that is left
                                                   out */
        return total.weighty - 1;
    return o->protocol == CONCEPTDEC_PROTOCOL_RESUBSTITUTION ? total.weighty : total.weighty - in_part.weighty;
}

static conceptdec_status
check_part(conceptdec_ctx *ctx, const conceptdec_probe_options *o, const conceptdec_i_probe_data *data,
           conceptdec_i_probe_set *set, int64_t p, const class_rows *counts, const class_rows *totals)
{
    bool is_kfold = o->protocol == CONCEPTDEC_PROTOCOL_KFOLD;
    int64_t trained = 0;
    for (int64_t c = 0; c < data->classes; c++)
        trained += totals[c].all > 0 && training_rows(o, totals[c], counts[c]) > 0;
    if (trained == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW,
                                 "weights: those of all training rows are 0 where part %lld is left out (column %lld)",
                                 (long long)p, (long long)(set - data->sets));
    for (int64_t c = 0; c < data->classes; c++) {
        if (totals[c].all == 0)
            continue;
        set->missing_test[p] += counts[c].all == 0;
        if (training_rows(o, totals[c], counts[c]) > 0)
            continue;
        set->missing_train[p]++;
        if (!(o->flags & CONCEPTDEC_PROBE_SKIP_MISSING))
            return conceptdec_i_fail(ctx, CONCEPTDEC_ECLASSMISSING,
                                     "labels: class %lld has no training row%s where part %lld is left out (column "
                                     "%lld); %sleave such classes out (missing \"skip\")",
                                     (long long)c, data->weight ? " with a weight above 0" : "", (long long)p,
                                     (long long)(set - data->sets), is_kfold ? "use fewer folds, or " : "");
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_missing(conceptdec_i_arena *arena, const conceptdec_probe_options *o, const conceptdec_i_probe_data *data,
              conceptdec_i_probe_set *set)
{
    void *p[4];
    int64_t total;
    if (!conceptdec_i_mul(set->n_parts, data->classes, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "classes", total, sizeof(class_rows), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "classes", data->classes, sizeof(class_rows), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "classes", set->n_parts, sizeof(int64_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "classes", set->n_parts, sizeof(int64_t), &p[3]));
    set->missing_train = p[2];
    set->missing_test = p[3];
    count_classes(data, set, p[0], p[1]);
    for (int64_t part = 0; part < set->n_parts; part++)
        CONCEPTDEC_I_TRY(
            check_part(arena->ctx, o, data, set, part, (class_rows *)p[0] + part * data->classes, p[1]));
    return CONCEPTDEC_OK;
}

/* ---- the whole ---- */

static int
leave_of(const conceptdec_probe_options *o)
{
    bool has_formula = o->kind != CONCEPTDEC_PROBE_LOGISTIC && o->kind != CONCEPTDEC_PROBE_LDA;
    if (has_formula && o->protocol == CONCEPTDEC_PROTOCOL_LOO)
        return CONCEPTDEC_I_LEAVE_ONE;
    return has_formula && o->protocol == CONCEPTDEC_PROTOCOL_GROUP ? CONCEPTDEC_I_LEAVE_GROUP
                                                                   : CONCEPTDEC_I_LEAVE_ROLES;
}

static conceptdec_status
apply_protocol(conceptdec_i_arena *arena, const conceptdec_probe_options *o, conceptdec_i_probe_data *data,
               conceptdec_i_probe_set *set)
{
    CONCEPTDEC_I_TRY(assign_parts(arena, o, data, set));
    data->n_parts = set->n_parts;
    CONCEPTDEC_I_TRY(conceptdec_i_probe_check_parts(arena->ctx, o, data));
    CONCEPTDEC_I_TRY(take_roles(arena, o, data, set));
    return check_missing(arena, o, data, set);
}

/* 1 / the weight of the labelled rows: twice the weight is the row twice. */
static conceptdec_status
set_lambda(conceptdec_ctx *ctx, const conceptdec_i_probe_settings *settings, const conceptdec_i_probe_data *data)
{
    double total = 0;
    for (int64_t i = 0; i < data->n; i++)
        if (data->sets[0].is_labelled[i])
            total += data->weight ? data->weight[i] : 1;
    if (total == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "weights: those of all labelled rows are 0");
    if (settings->lambda_is_default)
        settings->lambdas[0] = 1 / total;
    return CONCEPTDEC_OK;
}

/* Rows that play a part in any set. */
static conceptdec_status
mark_used(conceptdec_i_arena *arena, conceptdec_i_probe_data *data)
{
    void *used;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", data->n, 1, &used));
    data->used = used;
    for (int64_t s = 0; s < data->n_sets; s++)
        for (int64_t i = 0; i < data->n; i++)
            data->used[i] |= data->sets[s].is_labelled[i];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_data_take(conceptdec_i_arena *arena, conceptdec_i_probe_settings *settings,
                             const conceptdec_matrix *labels, conceptdec_i_probe_data *data)
{
    const conceptdec_probe_options *o = &settings->options;
    conceptdec_ctx *ctx = arena->ctx;
    void *sets;
    *data = (conceptdec_i_probe_data){.n = settings->n, .classes = o->classes, .leave = leave_of(o)};
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "labels", labels, CONCEPTDEC_I_INTS));
    if (labels->rows != data->n)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "labels: %lld rows, but x has %lld", (long long)labels->rows,
                                 (long long)data->n);
    data->n_sets = labels->cols;
    CONCEPTDEC_I_TRY(take_columns(arena, o, data));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "labels", data->n_sets, sizeof *data->sets, &sets));
    data->sets = sets;
    CONCEPTDEC_I_TRY(take_labels(arena, labels, data));
    CONCEPTDEC_I_TRY(mark_used(arena, data));
    for (int64_t s = 0; s < data->n_sets; s++)
        CONCEPTDEC_I_TRY(apply_protocol(arena, o, data, &data->sets[s]));
    return set_lambda(ctx, settings, data);
}

conceptdec_status
conceptdec_i_probe_samples_take(conceptdec_i_arena *arena, conceptdec_i_probe_settings *settings, int64_t columns,
                                conceptdec_i_probe_data *data)
{
    const conceptdec_probe_options *o = &settings->options;
    int64_t n = settings->n;
    void *p[4];
    *data = (conceptdec_i_probe_data){.n = n, .n_sets = 1, .classes = 1, .columns = columns, .leave = leave_of(o)};
    CONCEPTDEC_I_TRY(take_columns(arena, o, data));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "samples", 1, sizeof *data->sets, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "samples", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "samples", n, sizeof(int64_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "samples", n, 1, &p[3]));
    data->sets = p[0];
    data->sets[0] = (conceptdec_i_probe_set){.labels = p[1], .wide = p[2], .n_labelled = n, .is_labelled = p[3]};
    memset(p[3], 1, (size_t)n);
    data->used = p[3];
    CONCEPTDEC_I_TRY(set_lambda(arena->ctx, settings, data));
    return apply_protocol(arena, o, data, data->sets);
}
