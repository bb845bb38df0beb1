/* Lists of an epoch in turn. Of two that share a block the one of the earlier round goes first; others go when they
 * come, so that nobody waits for a whole round. Tasks are handed out in the order of the lists: who is waited for is at
 * work. */
#include "projection/layout.h"

/* A list, its round, and what it moves. */
typedef struct turn {
    int64_t round, blocks[2];
} turn;

static turn
turn_of(int64_t n_blocks, int64_t list)
{
    const int64_t each = conceptdec_i_layout_lists(n_blocks, 0), last = n_blocks - 1;
    turn t = {.round = list < last * each ? list / each : last};
    conceptdec_i_layout_blocks(n_blocks, t.round, list - t.round * each, t.blocks);
    return t;
}

void
conceptdec_i_layout_turns_open(conceptdec_i_layout_turns *turns, int64_t n_blocks)
{
    *turns = (conceptdec_i_layout_turns){.n_blocks = n_blocks};
    pthread_mutex_init(&turns->lock, NULL);
    pthread_cond_init(&turns->changed, NULL);
}

void
conceptdec_i_layout_turns_close(conceptdec_i_layout_turns *turns)
{
    pthread_cond_destroy(&turns->changed);
    pthread_mutex_destroy(&turns->lock);
}

void
conceptdec_i_layout_turn_take(conceptdec_i_layout_turns *turns, int64_t list)
{
    const turn t = turn_of(turns->n_blocks, list);
    pthread_mutex_lock(&turns->lock);
    while (turns->passed[t.blocks[0]] < t.round || turns->passed[t.blocks[1]] < t.round) {
        turns->n_waiting++;
        pthread_cond_wait(&turns->changed, &turns->lock);
        turns->n_waiting--;
    }
    pthread_mutex_unlock(&turns->lock);
}

void
conceptdec_i_layout_turn_pass(conceptdec_i_layout_turns *turns, int64_t list)
{
    const turn t = turn_of(turns->n_blocks, list);
    pthread_mutex_lock(&turns->lock);
    turns->passed[t.blocks[0]] = turns->passed[t.blocks[1]] = t.round + 1;
    if (turns->n_waiting > 0)
        pthread_cond_broadcast(&turns->changed);
    pthread_mutex_unlock(&turns->lock);
}
