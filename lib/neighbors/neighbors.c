/* conceptdec_neighbors_new(): arguments, then the search. */
#include <inttypes.h>
#include <string.h>

#include "neighbors/table.h"

#define DEFAULT_K 10
#define FIELDS 5 /* of conceptdec_neighbors_options, after `given` */
#define NEIGHBORS_V1_SIZE sizeof(conceptdec_neighbors_options)

static conceptdec_status
check_options(conceptdec_ctx *ctx, conceptdec_neighbors_options *o)
{
    if (!o->k && !CONCEPTDEC_I_GIVEN(o, 0))
        o->k = DEFAULT_K;
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, FIELDS));
    if (o->flags & ~CONCEPTDEC_NEIGHBORS_STRICT)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "options.flags: unknown flag in 0x%" PRIx32, o->flags);
    if (o->metric != CONCEPTDEC_METRIC_L2 && o->metric != CONCEPTDEC_METRIC_COSINE)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "metric: %" PRId32 " is neither L2 (0) nor cosine (1)",
                                 o->metric);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_sizes(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *queries, int64_t k)
{
    if (x->rows > INT32_MAX - 1024)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "x: %" PRId64 " rows, at most 2147482623", x->rows);
    if (queries && queries->rows > INT32_MAX - 1024)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "queries: %" PRId64 " rows, at most 2147482623",
                                 queries->rows);
    if (queries && queries->cols != x->cols)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "queries: %" PRId64 " columns, but x has %" PRId64,
                                 queries->cols, x->cols);
    if (!queries && x->rows < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "x: %" PRId64 " row, at least 2 are needed", x->rows);
    int64_t most = queries ? x->rows : x->rows - 1;
    if (k < 1 || k > most)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EK, "k: %" PRId64 " is not in 1..%" PRId64 " (x has %" PRId64 " rows)",
                                 k, most, x->rows);
    return CONCEPTDEC_OK;
}

/* Codes of the rows of one side, NULL without groups. */
static conceptdec_status
read_groups(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *groups, int64_t rows,
            const int64_t **codes)
{
    *codes = NULL;
    if (!groups)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(arena->ctx, name, groups, CONCEPTDEC_I_INTS));
    if (groups->rows != rows || groups->cols != 1)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE,
                                 "%s: %" PRId64 " x %" PRId64 ", must be %" PRId64 " x 1", name, groups->rows,
                                 groups->cols, rows);
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, name, rows, sizeof(int64_t), &p));
    conceptdec_i_view_ints(groups, 0, p);
    *codes = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_groups(conceptdec_ctx *ctx, const conceptdec_i_search *search)
{
    const int64_t *g = search->group;
    if (!g || search->queries)
        return CONCEPTDEC_OK;
    for (int64_t i = 1; i < search->x->rows; i++)
        if (g[i] != g[0])
            return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: all %" PRId64 " rows are of one group", search->x->rows);
}

static conceptdec_status
prepare(conceptdec_i_arena *arena, const conceptdec_matrix *x, const conceptdec_matrix *queries,
        conceptdec_neighbors_options *o, conceptdec_i_search *search)
{
    conceptdec_ctx *ctx = arena->ctx;
    CONCEPTDEC_I_TRY(check_options(ctx, o));
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "x", &x));
    if (queries)
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "queries", &queries));
    CONCEPTDEC_I_TRY(check_sizes(ctx, x, queries, o->k));
    if (o->query_groups && (!queries || !o->groups))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "query_groups: given without queries and groups");
    if (queries && o->groups && !o->query_groups)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "query_groups: missing, but queries and groups are given");
    *search = (conceptdec_i_search){
        .x = x, .queries = queries, .k = o->k, .metric = o->metric, .exclude_self = queries == NULL};
    CONCEPTDEC_I_TRY(read_groups(arena, "groups", o->groups, x->rows, &search->group));
    CONCEPTDEC_I_TRY(
        read_groups(arena, "query_groups", o->query_groups, queries ? queries->rows : 0, &search->query_group));
    return check_groups(ctx, search);
}

/* Strict: every query must have k eligible neighbours. */
static conceptdec_status
check_eligible(conceptdec_ctx *ctx, const conceptdec_neighbors *table)
{
    for (int64_t q = 0; q < table->n_queries; q++) {
        int64_t count;
        if (!table->list_is_whole[table->list_of_query[q]])
            continue;
        conceptdec_status status = conceptdec_neighbors_row(table, q, 0, NULL, NULL, &count);
        if (status != CONCEPTDEC_OK)
            return conceptdec_i_fail(ctx, status, "x: cannot count the neighbours of row %" PRId64, q);
        if (count < table->k)
            return conceptdec_i_fail(ctx, CONCEPTDEC_EFEWELIGIBLE,
                                     "k: row %" PRId64 " has %" PRId64 " eligible neighbours, fewer than %" PRId64, q,
                                     count, table->k);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
new_in(conceptdec_i_arena *arena, const conceptdec_matrix *x, const conceptdec_matrix *queries,
       conceptdec_neighbors_options *o, conceptdec_neighbors **neighbors)
{
    conceptdec_i_search search;
    conceptdec_neighbors *table;
    CONCEPTDEC_I_TRY(prepare(arena, x, queries, o, &search));
    CONCEPTDEC_I_TRY(conceptdec_i_table_search(arena->ctx, &search, &table));
    if (o->flags & CONCEPTDEC_NEIGHBORS_STRICT) {
        conceptdec_status status = check_eligible(arena->ctx, table);
        if (status != CONCEPTDEC_OK) {
            conceptdec_neighbors_free(table);
            return status;
        }
    }
    *neighbors = table;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_neighbors_new(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *queries,
                         const conceptdec_neighbors_options *options, conceptdec_neighbors **neighbors)
{
    conceptdec_neighbors_options o;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!neighbors)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "neighbors: NULL, must point to where the table goes");
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", options, &o, sizeof o, NEIGHBORS_V1_SIZE));
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = new_in(&arena, x, queries, &o, neighbors);
    conceptdec_i_arena_close(&arena);
    return status;
}
