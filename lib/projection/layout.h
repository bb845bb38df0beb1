/* Layouts: places that the edges of a graph pull together and that push each other apart (McInnes, Healy, Melville 2018;
 * negative samples after Mikolov et al. 2013), epoch by epoch, the same bits for any number of threads. */
#ifndef CONCEPTDEC_I_PROJECTION_LAYOUT_H
#define CONCEPTDEC_I_PROJECTION_LAYOUT_H

#include "kernels/kernels.h"
#include "projection/graph.h"

typedef struct conceptdec_i_layout_settings {
    int64_t columns, epochs, n_strangers;
    uint64_t seed;
    double a, b, repulsion, learning_rate;
} conceptdec_i_layout_settings;

typedef struct conceptdec_i_layout conceptdec_i_layout;

/* The rate at which an edge of this share of the heaviest weight is followed, in units of 2^-31 an epoch; 0: never. */
uint32_t conceptdec_i_layout_rate(double share, int64_t epochs);
/* Whether it is followed in this epoch: floor(epoch * rate) goes up. */
static inline uint32_t
conceptdec_i_layout_is_due(uint32_t rate, uint32_t epoch)
{
    return ((epoch * rate) & 0x7fffffffu) < rate;
}
/* Rate of learning: from the full one down in a straight line. */
double conceptdec_i_layout_learning(const conceptdec_i_layout_settings *settings, int64_t epoch);

/* Bytes that a layout takes, roughly. */
int64_t conceptdec_i_layout_bytes(int64_t n, int64_t edges, int64_t columns);
/* start: n x columns. The memory is the arena's. */
conceptdec_status conceptdec_i_layout_open(conceptdec_i_arena *arena, const conceptdec_i_graph *graph,
                                           const conceptdec_i_layout_settings *settings, const double *start,
                                           conceptdec_i_layout **layout);
/* Pieces of work of an epoch, for progress. */
int64_t conceptdec_i_layout_work(const conceptdec_i_layout *layout);
/* One epoch, 1 ... epochs - 1. anchors: NULL, or n x columns, to which every move draws by a share `pull` of the way. */
conceptdec_status conceptdec_i_layout_epoch(conceptdec_i_layout *layout, int64_t epoch, const float *anchors,
                                            double pull);
void conceptdec_i_layout_rows(const conceptdec_i_layout *layout, float *places); /* n x columns, by vertex */

#endif
