/* An order of the lists in which those that share neighbours stand close together: refining them one after the other
 * then finds most rows in the cache. Each list takes the smallest number among its own and some of its candidates', a
 * few times over; lists are sorted by that. */
#include <string.h>

#include "core/whole.h"
#include "neighbors/known.h"

#define ROUNDS 3
#define SPREAD_LISTS 1024 /* of a task */

typedef struct {
    const conceptdec_i_screening *s;
    const int32_t *from;
    int32_t *to;
} spreading;

static conceptdec_status
spread_task(void *argument, int64_t task, int lane)
{
    const spreading *w = argument;
    int64_t end = task_end(task, SPREAD_LISTS, w->s->queries.n);
    (void)lane;
    for (int64_t i = task * SPREAD_LISTS; i < end; i++) {
        const conceptdec_i_candidate_list *l = &w->s->lists[i];
        int32_t least = w->from[i];
        for (int32_t c = 0; c < l->count && c < CONCEPTDEC_I_LOOKED_AT; c++) {
            const int32_t other = w->from[conceptdec_i_key_value(l->keys[c])];
            least = other < least ? other : least;
        }
        w->to[i] = least;
    }
    return CONCEPTDEC_OK;
}

static void
sort_by_key(const int32_t *key, int64_t n, int32_t *start, int32_t *order)
{
    memset(start, 0, (size_t)(n + 1) * sizeof *start);
    for (int64_t i = 0; i < n; i++)
        start[key[i] + 1]++;
    for (int64_t i = 0; i < n; i++)
        start[i + 1] += start[i];
    for (int64_t i = 0; i < n; i++)
        order[start[key[i]]++] = (int32_t)i;
}

conceptdec_status
conceptdec_i_screening_order(conceptdec_i_arena *arena, const conceptdec_i_screening *s, int32_t **order)
{
    int64_t n = s->queries.n;
    void *p[3];
    for (int i = 0; i < 3; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "list order", n + 1, sizeof(int32_t), &p[i]));
    int32_t *from = p[0], *to = p[1];
    for (int64_t i = 0; i < n; i++)
        from[i] = (int32_t)i;
    for (int round = 0; round < ROUNDS; round++) {
        spreading w = {.s = s, .from = from, .to = to};
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(s->ctx, ceil_div(n, SPREAD_LISTS), spread_task, &w));
        from = to;
        to = w.from == p[0] ? p[0] : p[1];
    }
    *order = p[2];
    sort_by_key(from, n, to, *order);
    return CONCEPTDEC_OK;
}
