/* Random orders of labels of few classes: each row in turn gets one of the labels that are left, as if cards were
 * dealt. Every order of the labels is as likely as any other, as it is after a shuffle. */
#ifndef CONCEPTDEC_I_DEAL_H
#define CONCEPTDEC_I_DEAL_H

#include "core/core.h"
#include "kernels/kernels.h"

/* The rows of segment s are rows[segment[s] .. segment[s + 1]), and bounds[s * (n_classes - 1) + c] of their labels are
 * among classes[0..c]. Classes stand in the order in which they first appear, so that their numbers do not matter. Row
 * number i takes word i % 4 of Philox block i / 4, keyed by (seed, permutation, draw); a word that must be refused for
 * the sake of equal chances is made anew under the purpose plus 2^16, then plus 2 * 2^16, and so on. */
typedef struct conceptdec_i_deck {
    uint64_t seed;
    int32_t n_classes; /* 1..CONCEPTDEC_I_MOST_DEALT; 0: none */
    uint8_t classes[CONCEPTDEC_I_MOST_DEALT];
    int64_t n_segments;
    const int64_t *segment;
    const int32_t *rows;
    uint32_t *bounds;
} conceptdec_i_deck;

/* labels: written at the deck's rows; bounds: scratch of n_classes - 1. */
void conceptdec_i_deal(const conceptdec_i_deck *deck, int64_t draw, uint32_t *bounds, int32_t *labels);

#define CONCEPTDEC_I_DEAL_TILE 128 /* rows */

typedef struct conceptdec_i_dealing {
    uint32_t bounds[CONCEPTDEC_I_MOST_DEALT * CONCEPTDEC_I_DRAWS];
    uint32_t words[CONCEPTDEC_I_DEAL_TILE * CONCEPTDEC_I_DRAWS];
} conceptdec_i_dealing;

/* The same for draws first..first+15 (first a multiple of 16), to labels[row * 64 + 0..15]. Looks at the cancel
 * flag. */
conceptdec_status conceptdec_i_deal_16(conceptdec_ctx *ctx, const conceptdec_i_deck *deck, int64_t first,
                                       conceptdec_i_dealing *dealing, uint8_t *labels);

#endif
