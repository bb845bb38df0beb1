/* Neighbour lists, read from tables. */
#include "similarity/lists.h"

#include <math.h>

#include "linalg/engine.h"
#include "stats/bootstrap.h"

#define ROWS 64 /* of a task */

/* One view's list in the making. */
typedef struct {
    const conceptdec_i_similarity *s;
    const conceptdec_neighbors *table;
    conceptdec_i_list *list;
    char *lanes; /* indices and distances of one row */
    int64_t most;
} reading;

conceptdec_status
conceptdec_i_lists_check(const conceptdec_i_similarity *s)
{
    if (s->options.k <= s->n - 1)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_EK, "k: %lld is not in 1..%lld (n - 1)", (long long)s->options.k,
                             (long long)(s->n - 1));
}

conceptdec_status
conceptdec_i_lists_allow(const conceptdec_i_similarity *s)
{
    const double bytes = (double)s->n * (double)s->n_a * (double)s->n_b * sizeof(double);
    if (bytes <= (double)s->options.memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_ENOMEM,
                             "memory: %lld bytes, but credits of %lld rows for %lld x %lld pairs take %lld",
                             (long long)s->options.memory, (long long)s->n, (long long)s->n_a, (long long)s->n_b,
                             bytes < 0x1p62 ? (long long)bytes : INT64_MAX);
}

/* What the table knows of a row; it has no context to say why it fails. */
static conceptdec_status
read_row(const reading *r, int64_t i, int64_t most, int64_t *index, double *distance, int64_t *count)
{
    conceptdec_status status = conceptdec_neighbors_row(r->table, i, most, index, distance, count);
    return status == CONCEPTDEC_OK
               ? status
               : conceptdec_i_fail(r->s->ctx, status, "neighbour lists: cannot read that of row %lld", (long long)i);
}

static conceptdec_status
count_task(void *argument, int64_t task, int lane)
{
    const reading *r = argument;
    (void)lane;
    for (int64_t i = task * ROWS; i < task_end(task, ROWS, r->s->n); i++)
        CONCEPTDEC_I_TRY(read_row(r, i, 0, NULL, NULL, &r->list->start[i + 1]));
    return CONCEPTDEC_OK;
}

/* Parts of places: all of those that are nearer than the k-th, whose equals share what is left. */
static void
share_places(const double *distance, int64_t count, int64_t k, double *part)
{
    int64_t closer = k - 1;
    while (closer > 0 && distance[closer - 1] >= distance[k - 1])
        closer--;
    for (int64_t e = 0; e < count; e++)
        part[e] = e < closer ? 1 : (double)(k - closer) / (double)(count - closer);
}

static conceptdec_status
read_task(void *argument, int64_t task, int lane)
{
    const reading *r = argument;
    int64_t *index = (int64_t *)(void *)(r->lanes + lane * r->most * 16);
    double *distance = (double *)(void *)(index + r->most);
    for (int64_t i = task * ROWS; i < task_end(task, ROWS, r->s->n); i++) {
        int64_t count, first = r->list->start[i];
        CONCEPTDEC_I_TRY(read_row(r, i, r->most, index, distance, &count));
        for (int64_t e = 0; e < count; e++)
            r->list->row[first + e] = (int32_t)index[e];
        share_places(distance, count, r->s->options.k, r->list->part + first);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_table(conceptdec_i_arena *arena, reading *r, int64_t *memory)
{
    const int64_t n = r->s->n, tasks = ceil_div(n, ROWS);
    conceptdec_ctx *ctx = arena->ctx;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "neighbour lists", n + 1, sizeof(int64_t), &r->list->start));
    conceptdec_i_stage(ctx, "neighbour lists", 2 * tasks);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, tasks, count_task, r));
    for (int64_t i = 0; i < n; i++) {
        r->most = max64(r->most, r->list->start[i + 1]);
        r->list->start[i + 1] += r->list->start[i];
    }
    *memory -= r->list->start[n] * (int64_t)(sizeof(int32_t) + sizeof(double));
    if (*memory < 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM,
                                 "memory: %lld bytes are too few for neighbour lists with all rows that tie",
                                 (long long)r->s->options.memory);
    CONCEPTDEC_I_TRY(
        conceptdec_i_groups_take(arena, "neighbour lists", r->list->start[n], sizeof(int32_t), &r->list->row));
    CONCEPTDEC_I_TRY(
        conceptdec_i_groups_take(arena, "neighbour lists", r->list->start[n], sizeof(double), &r->list->part));
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "neighbour lists", conceptdec_i_lanes(ctx) * r->most, 16, &p));
    r->lanes = p;
    conceptdec_status status = conceptdec_i_parallel(ctx, tasks, read_task, r);
    conceptdec_i_give(ctx, p);
    return status;
}

conceptdec_status
conceptdec_i_lists_take(conceptdec_i_arena *arena, const conceptdec_i_similarity *s, int64_t count,
                        conceptdec_i_list **lists)
{
    conceptdec_neighbors_options options = {
        .struct_size = sizeof options, .k = s->options.k, .metric = s->options.metric};
    int64_t memory = s->options.memory;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "neighbour lists", count, sizeof **lists, lists));
    for (int64_t v = 0; v < count; v++) {
        conceptdec_neighbors *table = NULL;
        CONCEPTDEC_I_TRY(conceptdec_neighbors_new(arena->ctx, s->given[v], NULL, &options, &table));
        reading r = {.s = s, .table = table, .list = *lists + v};
        conceptdec_status status = read_table(arena, &r, &memory);
        conceptdec_neighbors_free(table);
        CONCEPTDEC_I_TRY(status);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_lists_conclude(conceptdec_i_arena *arena, conceptdec_i_similarity *s, const double *credit)
{
    const int64_t pairs = s->n_a * s->n_b;
    double *ends;
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t pair = 0; pair < pairs; pair++)
            s->value[pair] += credit[i * pairs + pair];
    for (int64_t pair = 0; pair < pairs; pair++)
        s->value[pair] /= (double)s->n;
    if (!s->draws)
        return CONCEPTDEC_OK;
    const conceptdec_similarity_options *o = &s->options;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "bootstrap", 2 * pairs, sizeof *ends, &ends));
    conceptdec_i_stage(s->ctx, "bootstrap", conceptdec_i_bootstrap_tasks(s->n, o->bootstrap));
    return conceptdec_i_bootstrap(s->ctx, s->n, pairs, credit, s->groups, o->bootstrap, o->confidence, o->seed,
                                  s->draws, ends, ends + pairs);
}
