/* Tables under a protocol: the one that serves all label sets, and the rows for which it is too shallow. */
#include "decodability/knn.h"

#include <string.h>

#include "core/whole.h"

static conceptdec_i_search
search_of(const conceptdec_i_knn_settings *settings, const conceptdec_i_exclusion *exclusion,
          const conceptdec_matrix *x, const uint8_t *is_voter, const uint8_t *is_query)
{
    return (conceptdec_i_search){
        .x = x,
        .k = settings->k_max,
        .metric = settings->options.metric,
        .group = exclusion->group,
        .row_is_voter = is_voter,
        .row_is_query = is_query,
        .exclude_self = exclusion->self || exclusion->group,
    };
}

/* Rows that play a part in any of the sets; NULL where that is every row. */
static const uint8_t *
merge_roles(const conceptdec_i_knn_set *sets, int64_t count, bool voters, int64_t n, uint8_t *merged)
{
    int64_t total = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t s = 0; s < count; s++)
            merged[i] |= voters ? sets[s].is_voter[i] : sets[s].is_query[i];
        total += merged[i];
    }
    return total < n ? merged : NULL;
}

conceptdec_status
conceptdec_i_knn_search(conceptdec_ctx *ctx, const conceptdec_i_knn_settings *settings,
                        const conceptdec_i_knn_data *data, int64_t first, int64_t count, const conceptdec_matrix *x,
                        conceptdec_neighbors **table)
{
    conceptdec_i_arena arena;
    void *voters, *queries;
    const conceptdec_i_knn_set *sets = data->sets + first;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_arena_take(&arena, "roles", data->n, 1, &voters);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take(&arena, "roles", data->n, 1, &queries);
    if (status == CONCEPTDEC_OK) {
        const uint8_t *is_voter = merge_roles(sets, count, true, data->n, voters);
        const uint8_t *is_query = merge_roles(sets, count, false, data->n, queries);
        conceptdec_i_search search = search_of(settings, &sets->exclusion, x, is_voter, is_query);
        status = conceptdec_i_table_search(ctx, &search, table);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- rows that need another search ---- */

typedef struct depth_check {
    const conceptdec_i_knn_settings *settings;
    const conceptdec_i_knn_set *set;
    conceptdec_i_knn_source *source;
    const uint8_t *is_covered;
    uint8_t *is_shallow;
} depth_check;

#define CHECK_ROWS 4096

static conceptdec_status
check_depth(void *argument, int64_t task, int lane)
{
    const depth_check *check = argument;
    int64_t end = task_end(task, CHECK_ROWS, check->settings->n);
    (void)lane;
    for (int64_t i = task * CHECK_ROWS; i < end; i++)
        check->is_shallow[i] = check->set->is_query[i] &&
                               !(check->is_covered[i] && conceptdec_i_table_is_deep_enough(
                                                             check->source->tables[0], &check->source->exclusions[0], i,
                                                             check->settings->k_max));
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_shallow(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings, const conceptdec_i_knn_set *set,
             conceptdec_i_knn_source *source)
{
    conceptdec_ctx *ctx = arena->ctx;
    int64_t n = settings->n, tasks = (n + CHECK_ROWS - 1) / CHECK_ROWS;
    void *is_covered;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "table depth", n, 1, &is_covered));
    CONCEPTDEC_I_TRY(conceptdec_i_table_covers(ctx, source->tables[0], &source->exclusions[0], is_covered));
    depth_check check = {
        .settings = settings, .set = set, .source = source, .is_covered = is_covered, .is_shallow = source->which};
    conceptdec_i_stage(ctx, "table depth", tasks);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, tasks, check_depth, &check));
    for (int64_t i = 0; i < n; i++)
        source->n_deepened += source->which[i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
fail_shallow(conceptdec_ctx *ctx, const conceptdec_i_knn_settings *settings, const conceptdec_i_knn_source *source)
{
    const uint8_t *first = memchr(source->which, 1, (size_t)settings->n);
    return conceptdec_i_fail(
        ctx, CONCEPTDEC_ESHALLOW,
        "neighbors: the list of row %lld (k = %lld) does not hold its %lld nearest eligible rows, and x "
        "is NULL",
        (long long)(first - source->which), (long long)source->tables[0]->k, (long long)settings->k_max);
}

static conceptdec_status
deepen(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings, const conceptdec_i_knn_set *set,
       const conceptdec_matrix *x, conceptdec_i_knn_source *source)
{
    if (source->n_deepened == 0)
        return CONCEPTDEC_OK;
    if (!x)
        return fail_shallow(arena->ctx, settings, source);
    conceptdec_i_search search = search_of(settings, &set->exclusion, x, set->exclusion.row_is_voter, source->which);
    CONCEPTDEC_I_TRY(conceptdec_i_table_search(arena->ctx, &search, &source->deep));
    source->tables[1] = source->deep;
    CONCEPTDEC_I_TRY(conceptdec_i_census_take(arena, source->deep, &set->exclusion, &source->censuses[1]));
    source->exclusions[1].census = &source->censuses[1];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_knn_source_open(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings,
                             const conceptdec_i_knn_set *set, const conceptdec_neighbors *table,
                             const conceptdec_matrix *x, conceptdec_i_knn_source *source)
{
    void *which;
    *source = (conceptdec_i_knn_source){.tables = {table, NULL}, .exclusions = {set->exclusion, set->exclusion}};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "table depth", settings->n, 1, &which));
    source->which = which;
    CONCEPTDEC_I_TRY(conceptdec_i_census_take(arena, table, &set->exclusion, &source->censuses[0]));
    source->exclusions[0].census = &source->censuses[0];
    CONCEPTDEC_I_TRY(find_shallow(arena, settings, set, source));
    return deepen(arena, settings, set, x, source);
}

void
conceptdec_i_knn_source_close(conceptdec_i_knn_source *source)
{
    conceptdec_neighbors_free(source->deep);
    source->deep = NULL;
}
