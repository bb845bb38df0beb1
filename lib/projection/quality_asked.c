/* Which ranks are needed: those of neighbours in the judged space that no list of the ranking space holds. */
#include <stdlib.h>

#include "core/whole.h"
#include "projection/quality.h"
#include "stats/order.h"

/* Called for every value that a value asks about, once. */
typedef struct {
    conceptdec_i_judging *r;
    conceptdec_i_quality_lane scratch;
    int32_t value; /* that asks */
    int32_t stamp; /* its own */
    int32_t n;
    conceptdec_i_asked *out; /* NULL: counts only */
} asker;

static void
note_neighbour(asker *a, int32_t row)
{
    int32_t other = a->r->ranks->table->value_of_row[row];
    if (a->scratch.mark[other] == a->stamp)
        return;
    a->scratch.mark[other] = a->stamp;
    if (a->out)
        a->out[a->n].value = other;
    a->n++;
}

static void
note_neighbours_of(asker *a, int32_t row)
{
    const conceptdec_neighbors *table = a->r->judged->table;
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    conceptdec_i_walk_start(&walk, table, &a->r->judged->exclusion, row);
    while (walk.n_closer < a->r->k_max && conceptdec_i_walk_next(&walk, &shell))
        for (int64_t e = 0; e < shell.n_entries; e++) {
            int64_t v = shell.entries[e].value;
            for (int64_t i = table->value_start[v]; i < table->value_start[v + 1]; i++)
                if (table->rows[i] != row)
                    note_neighbour(a, table->rows[i]);
        }
}

/* Goes through all neighbours of the rows of a value, less what its own list holds. */
static conceptdec_status
ask(asker *a)
{
    const conceptdec_neighbors *table = a->r->ranks->table;
    int64_t first = table->value_start[a->value], end = table->value_start[a->value + 1];
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    conceptdec_i_walk_start(&walk, table, &a->r->ranks->exclusion, table->rows[first]);
    while (conceptdec_i_walk_next(&walk, &shell))
        for (int64_t e = 0; e < shell.n_entries; e++)
            a->scratch.mark[shell.entries[e].value] = a->stamp;
    for (int64_t i = first; i < end; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(a->r->ctx, 0));
        note_neighbours_of(a, table->rows[i]);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
count_task(void *argument, int64_t task, int lane)
{
    conceptdec_i_judging *r = argument;
    asker a = {.r = r, .scratch = conceptdec_i_quality_lane_of(r, lane)};
    int64_t end = task_end(task, CONCEPTDEC_I_QUALITY_VALUES, r->n_items);
    for (int64_t v = task * CONCEPTDEC_I_QUALITY_VALUES; v < end; v++) {
        a.value = (int32_t)v;
        a.stamp = (int32_t)v + 1;
        a.n = 0;
        CONCEPTDEC_I_TRY(ask(&a));
        r->n_asked[v] = a.n;
    }
    return CONCEPTDEC_OK;
}

/* By the number of those asked about, the largest first, and by value within. */
static conceptdec_status
order_items(conceptdec_i_arena *scratch, conceptdec_i_judging *r)
{
    conceptdec_i_order order;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_order_open(scratch, r->n_items, &order));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "items", r->n_items, sizeof(uint64_t), &memory));
    uint64_t *keys = memory;
    for (int64_t v = 0; v < r->n_items; v++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(r->ctx, v));
        keys[v] = (uint64_t)(INT32_MAX - r->n_asked[v]);
        r->n_asking += r->n_asked[v] > 0;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_order_sort(&order, r->n_items, keys));
    memcpy(r->order, order.items, (size_t)r->n_items * sizeof *r->order);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_quality_count_asked(conceptdec_i_judging *r)
{
    int64_t tasks = (r->n_items + CONCEPTDEC_I_QUALITY_VALUES - 1) / CONCEPTDEC_I_QUALITY_VALUES;
    conceptdec_i_stage(r->ctx, "false neighbours", tasks);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(r->ctx, tasks, count_task, r));
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, r->ctx);
    const conceptdec_status status = order_items(&scratch, r);
    conceptdec_i_arena_close(&scratch);
    return status;
}

/* ---- their distances ---- */

static int
by_distance(const void *a, const void *b)
{
    const conceptdec_i_asked *x = a, *y = b;
    if (x->d2 < y->d2 || x->d2 > y->d2)
        return x->d2 < y->d2 ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static conceptdec_status
find_distances(const asker *a)
{
    const conceptdec_i_quality_space *space = a->r->ranks;
    bool is_cosine = space->table->metric == CONCEPTDEC_METRIC_COSINE;
    double *query = a->scratch.rows, *buffer = query + space->view->cols;
    conceptdec_i_operand_row(a->r->ctx->kernels, &space->values, a->value, query);
    for (int32_t first = 0; first < a->n; first += CONCEPTDEC_I_QUALITY_FEW) {
        int32_t n = a->n - first < CONCEPTDEC_I_QUALITY_FEW ? a->n - first : CONCEPTDEC_I_QUALITY_FEW;
        for (int32_t i = 0; i < n; i++)
            a->scratch.items[i] = a->out[first + i].value;
        conceptdec_i_distances(a->r->ctx->kernels, &space->values, query, a->scratch.items, n, buffer, a->scratch.d2);
        for (int32_t i = 0; i < n; i++)
            a->out[first + i].d2 = is_cosine ? 0.5 * a->scratch.d2[i] : a->scratch.d2[i];
        CONCEPTDEC_I_TRY(conceptdec_i_poll(a->r->ctx, 0));
    }
    for (int32_t i = 0; space->n_zero > 0 && i < a->n; i++)
        if (conceptdec_i_quality_is_zero(space, a->value) || conceptdec_i_quality_is_zero(space, a->out[i].value))
            a->out[i].d2 = 1;
    return CONCEPTDEC_OK;
}

static conceptdec_status
fill_task(void *argument, int64_t task, int lane)
{
    conceptdec_i_judging *r = argument;
    asker a = {.r = r, .scratch = conceptdec_i_quality_lane_of(r, lane)};
    int64_t end = r->first + task_end(task, CONCEPTDEC_I_QUALITY_VALUES, r->end - r->first);
    for (int64_t item = r->first + task * CONCEPTDEC_I_QUALITY_VALUES; item < end; item++) {
        a.value = r->order[item];
        a.stamp = -a.value - 1; /* marks of the first time still stand */
        a.n = 0;
        if (r->n_asked[a.value] == 0)
            continue;
        a.out = r->asked + conceptdec_i_quality_place_of(r, item).asked;
        CONCEPTDEC_I_TRY(ask(&a));
        CONCEPTDEC_I_TRY(find_distances(&a));
        qsort(a.out, (size_t)a.n, sizeof *a.out, by_distance);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_quality_fill_asked(conceptdec_i_judging *r)
{
    int64_t n = r->end - r->first, tasks = (n + CONCEPTDEC_I_QUALITY_VALUES - 1) / CONCEPTDEC_I_QUALITY_VALUES;
    conceptdec_i_stage(r->ctx, "distances of false neighbours", tasks);
    return conceptdec_i_parallel(r->ctx, tasks, fill_task, r);
}
