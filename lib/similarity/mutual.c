/* Mutual nearest neighbours: what the lists of two views share, row by row. */
#include <math.h>

#include "linalg/engine.h"
#include "similarity/lists.h"

#define ROWS 32 /* of a task */

typedef struct {
    conceptdec_i_similarity *s;
    conceptdec_i_list *lists;
    double *marks;   /* n for each lane: what a row has of a place in the first list, else 0 */
    double *credit;  /* n x A x B */
    int32_t *orders; /* 2 n for each lane: of a draw, and where each row went */
} mutual;

static void
mark(const conceptdec_i_list *list, int64_t i, bool is_on, double *marks)
{
    for (int64_t e = list->start[i]; e < list->start[i + 1]; e++)
        marks[list->row[e]] = is_on ? list->part[e] : 0;
}

/* Places that row i of the second has in common with what is marked. from: the row of the first that each row of the
 * second stands for; NULL: the same one. */
static double
shared(const conceptdec_i_list *list, int64_t i, const int32_t *from, const double *marks)
{
    double sum = 0;
    for (int64_t e = list->start[i]; e < list->start[i + 1]; e++)
        sum += fmin(list->part[e], marks[from ? from[list->row[e]] : list->row[e]]);
    return sum;
}

/* Row i of the first against row `other` of the second, for all pairs of views: adds to out (A x B). */
static void
add_row(const mutual *m, int64_t i, int64_t other, const int32_t *from, double *marks, double *out)
{
    const conceptdec_i_similarity *s = m->s;
    const double k = (double)s->options.k;
    for (int64_t a = 0; a < s->n_a; a++) {
        mark(&m->lists[a], i, true, marks);
        for (int64_t b = s->is_mirrored ? a : 0; b < s->n_b; b++)
            out[a * s->n_b + b] += shared(&m->lists[conceptdec_i_similarity_second(s, b)], other, from, marks) / k;
        mark(&m->lists[a], i, false, marks);
    }
}

static conceptdec_status
value_task(void *argument, int64_t task, int lane)
{
    const mutual *m = argument;
    const int64_t n = m->s->n, pairs = m->s->n_a * m->s->n_b;
    for (int64_t i = task * ROWS; i < task_end(task, ROWS, n); i++)
        add_row(m, i, i, NULL, m->marks + lane * n, m->credit + i * pairs);
    return CONCEPTDEC_OK;
}

static conceptdec_status
null_task(void *argument, int64_t task, int lane)
{
    const mutual *m = argument;
    const conceptdec_i_similarity *s = m->s;
    const int64_t n = s->n, pairs = s->n_a * s->n_b;
    int32_t *order = m->orders + 2 * lane * n, *from = order + n;
    double *sums = s->null + task * pairs;
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_order(s, n, s->groups, task, order));
    for (int64_t i = 0; i < n; i++)
        from[order[i]] = (int32_t)i;
    for (int64_t i = 0; i < n; i++) {
        add_row(m, i, order[i], from, m->marks + lane * n, sums);
        if (i % ROWS == ROWS - 1)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 0));
    }
    for (int64_t pair = 0; pair < pairs; pair++)
        sums[pair] /= (double)n;
    return CONCEPTDEC_OK;
}

static conceptdec_status
compare(conceptdec_i_arena *arena, mutual *m)
{
    conceptdec_i_similarity *s = m->s;
    const int64_t n = s->n, lanes = conceptdec_i_lanes(s->ctx), tasks = ceil_div(n, ROWS);
    double *chance;
    CONCEPTDEC_I_TRY(conceptdec_i_lists_allow(s));
    CONCEPTDEC_I_TRY(conceptdec_i_lists_take(arena, s, s->n_views, &m->lists));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "marks", lanes, (uint64_t)n * sizeof(double), &m->marks));
    CONCEPTDEC_I_TRY(
        conceptdec_i_groups_take(arena, "credits", s->n_a * s->n_b, (uint64_t)n * sizeof(double), &m->credit));
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(s->ctx, s->result, CONCEPTDEC_R_CHANCE, 0, NULL, &chance));
    *chance = (double)s->options.k / (double)(n - 1);
    conceptdec_i_stage(s->ctx, "neighbours", tasks);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(s->ctx, tasks, value_task, m));
    CONCEPTDEC_I_TRY(conceptdec_i_lists_conclude(arena, s, m->credit));
    if (!s->null)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "orders", 2 * lanes, (uint64_t)n * sizeof(int32_t), &m->orders));
    conceptdec_i_stage(s->ctx, "permutations", s->options.permutations);
    return conceptdec_i_parallel(s->ctx, s->options.permutations, null_task, m);
}

conceptdec_status
conceptdec_i_similarity_mutual(conceptdec_i_similarity *s)
{
    mutual m = {.s = s};
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_lists_check(s));
    conceptdec_i_arena_open(&arena, s->ctx);
    conceptdec_status status = compare(&arena, &m);
    conceptdec_i_arena_close(&arena);
    return status;
}
