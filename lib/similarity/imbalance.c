/* Information imbalance: ranks in the second view of neighbours in the first, one second view after the other. */
#include "linalg/engine.h"
#include "similarity/lists.h"

typedef struct {
    conceptdec_i_similarity *s;
    conceptdec_i_list *lists; /* of the views of a */
    double *credit;           /* n x A x B: 2 / n times the mean rank of row i's neighbours */
    int64_t second;           /* the view of b in work */
    int32_t *ranks;           /* n x n: its doubled ranks; NULL without permutations */
} imbalance;

/* The mean of doubled ranks, over n: 2 / n times the mean rank. moved: where each row of the first went; NULL:
 * nowhere. */
static double
score(const imbalance *m, int64_t a, int64_t i, const int32_t *rank, const int32_t *moved)
{
    const conceptdec_i_list *list = &m->lists[a];
    double sum = 0;
    for (int64_t e = list->start[i]; e < list->start[i + 1]; e++)
        sum += list->part[e] * (double)rank[moved ? moved[list->row[e]] : list->row[e]];
    return sum / (double)m->s->options.k / (double)m->s->n;
}

static conceptdec_status
take_ranks(void *argument, int64_t i, const int32_t *rank, int lane)
{
    const imbalance *m = argument;
    const conceptdec_i_similarity *s = m->s;
    (void)lane;
    for (int64_t a = 0; a < s->n_a; a++)
        m->credit[(i * s->n_a + a) * s->n_b + m->second] = score(m, a, i, rank, NULL);
    for (int64_t j = 0; m->ranks && j < s->n; j++)
        m->ranks[i * s->n + j] = rank[j];
    return CONCEPTDEC_OK;
}

static conceptdec_status
null_task(void *argument, int64_t task, int lane)
{
    const imbalance *m = argument;
    const conceptdec_i_similarity *s = m->s;
    int32_t *order;
    (void)lane;
    double *out = s->null + task * s->n_a * s->n_b + m->second;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, "orders", s->n, sizeof *order, &p));
    order = p;
    conceptdec_status status = conceptdec_i_similarity_order(s, s->n, s->groups, task, order);
    for (int64_t a = 0; a < s->n_a && status == CONCEPTDEC_OK; a++) {
        double sum = 0;
        for (int64_t i = 0; i < s->n; i++)
            sum += score(m, a, i, m->ranks + order[i] * s->n, order);
        out[a * s->n_b] = sum / (double)s->n;
        status = conceptdec_i_poll(s->ctx, 0);
    }
    conceptdec_i_give(s->ctx, p);
    return status;
}

static conceptdec_status
take_matrix(conceptdec_i_arena *arena, imbalance *m)
{
    const int64_t n = m->s->n;
    int64_t bytes;
    bytes = conceptdec_i_mul(n * n, sizeof(int32_t), &bytes) ? bytes : INT64_MAX;
    void *p;
    if (bytes > m->s->options.memory)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ENOMEM,
                                 "memory: %lld bytes, but permutations of %lld rows need their ranks, which take %lld",
                                 (long long)m->s->options.memory, (long long)n, (long long)bytes);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "ranks", n * n, sizeof(int32_t), &p));
    m->ranks = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
compare(conceptdec_i_arena *arena, imbalance *m)
{
    conceptdec_i_similarity *s = m->s;
    CONCEPTDEC_I_TRY(conceptdec_i_lists_allow(s));
    CONCEPTDEC_I_TRY(conceptdec_i_lists_take(arena, s, s->n_a, &m->lists));
    CONCEPTDEC_I_TRY(
        conceptdec_i_groups_take(arena, "credits", s->n_a * s->n_b, (uint64_t)s->n * sizeof(double), &m->credit));
    if (s->null)
        CONCEPTDEC_I_TRY(take_matrix(arena, m));
    for (m->second = 0; m->second < s->n_b; m->second++) {
        int64_t number = conceptdec_i_similarity_second(s, m->second);
        conceptdec_i_stage(s->ctx, "ranks", conceptdec_i_ranks_tasks(s, number));
        CONCEPTDEC_I_TRY(conceptdec_i_ranks_run(s, number, take_ranks, m));
        if (!s->null)
            continue;
        conceptdec_i_stage(s->ctx, "permutations", s->options.permutations);
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(s->ctx, s->options.permutations, null_task, m));
    }
    return conceptdec_i_lists_conclude(arena, s, m->credit);
}

conceptdec_status
conceptdec_i_similarity_imbalance(conceptdec_i_similarity *s)
{
    imbalance m = {.s = s};
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_lists_check(s));
    conceptdec_i_arena_open(&arena, s->ctx);
    conceptdec_status status = compare(&arena, &m);
    conceptdec_i_arena_close(&arena);
    return status;
}
