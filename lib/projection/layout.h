/* Layouts: places that the edges of a graph pull together and that push each other apart (McInnes, Healy, Melville
 * 2018; negative samples after Mikolov et al. 2013), epoch by epoch, the same bits for any number of threads. */
#ifndef CONCEPTDEC_I_PROJECTION_LAYOUT_H
#define CONCEPTDEC_I_PROJECTION_LAYOUT_H

#include "kernels/kernels.h"
#include "projection/graph.h"

typedef struct conceptdec_i_layout_settings {
    int64_t columns, epochs, n_strangers;
    uint64_t seed;
    double a, b, repulsion, learning_rate;
    bool is_anchored; /* epochs may have anchors */
} conceptdec_i_layout_settings;

typedef struct conceptdec_i_layout conceptdec_i_layout;

/* The rate at which an edge of this share of the heaviest weight is followed, in units of 2^-31 an epoch; 0: never. In
 * which epochs that is says conceptdec_i_is_due(). */
uint32_t conceptdec_i_layout_rate(double share, int64_t epochs);
/* Rate of learning: falls with the power 3/2 of what is left, so that the picture settles (umap-learn's falls in a
 * straight line). */
double conceptdec_i_layout_learning(const conceptdec_i_layout_settings *settings, int64_t epoch);
/* All but the rate. */
conceptdec_i_forces conceptdec_i_layout_forces(const conceptdec_i_layout_settings *settings);

/* start: n x columns. The memory is the arena's. */
conceptdec_status conceptdec_i_layout_open(conceptdec_i_arena *arena, const conceptdec_i_graph *graph,
                                           const conceptdec_i_layout_settings *settings, const double *start,
                                           conceptdec_i_layout **layout);
/* Pieces of work of an epoch, for progress. */
int64_t conceptdec_i_layout_work(const conceptdec_i_layout *layout);
/* One epoch, 1 ... epochs - 1. anchors: NULL, or n x columns, to which every move draws by a share `pull` of the
 * way. */
conceptdec_status conceptdec_i_layout_epoch(conceptdec_i_layout *layout, int64_t epoch, const float *anchors,
                                            double pull);
/* places: n x columns, by vertex. */
conceptdec_status conceptdec_i_layout_rows(const conceptdec_i_layout *layout, float *places);

/* ---- edges by blocks of vertices (layout_edges.c) ---- */

enum { CONCEPTDEC_I_LAYOUT_BLOCKS = 64 }; /* at most */

/* Vertices are dealt to positions, positions cut into blocks, and the edges between two blocks are one list. Lists of
 * a round have no block in common, so that they can be followed at the same time. */
typedef struct conceptdec_i_layout_edges {
    int64_t n, n_blocks, n_lists;
    int32_t *vertex;      /* of each position */
    int64_t *first;       /* n_lists + 1 */
    int32_t *head, *tail; /* positions */
    uint32_t *rate;
} conceptdec_i_layout_edges;

conceptdec_status conceptdec_i_layout_deal(conceptdec_i_arena *arena, const conceptdec_i_graph *graph, int64_t epochs,
                                           uint64_t seed, conceptdec_i_layout_edges *edges);
/* Of rounds 0 ... n_blocks - 1 the last has the edges within blocks. n_blocks: 1 or even. */
int64_t conceptdec_i_layout_lists(int64_t n_blocks, int64_t round); /* of a round */
void conceptdec_i_layout_blocks(int64_t n_blocks, int64_t round, int64_t list, int64_t blocks[2]);

/* ---- lists in turn (layout_turns.c) ---- */

typedef struct conceptdec_i_layout_turns {
    int64_t n_blocks;
    int64_t passed[CONCEPTDEC_I_LAYOUT_BLOCKS]; /* rounds that each block has behind it */
    int n_waiting;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} conceptdec_i_layout_turns;

/* Of one epoch. */
void conceptdec_i_layout_turns_open(conceptdec_i_layout_turns *turns, int64_t n_blocks);
void conceptdec_i_layout_turns_close(conceptdec_i_layout_turns *turns);
/* Returns when no list before this one, in the order of all rounds, has a block of it to move any more; every list that
 * is taken must be passed, and those before it must have been taken or be about to. */
void conceptdec_i_layout_turn_take(conceptdec_i_layout_turns *turns, int64_t list);
void conceptdec_i_layout_turn_pass(conceptdec_i_layout_turns *turns, int64_t list);

#endif
