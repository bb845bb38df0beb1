/* What the rounds of finish.c share. */
#ifndef CONCEPTDEC_I_FINISH_H
#define CONCEPTDEC_I_FINISH_H

#include "neighbors/candidates.h"

/* What is to be refined of each list: its first candidates. */
typedef struct conceptdec_i_promises {
    conceptdec_i_screening *s;
    int32_t *best;  /* per list: how many */
    float *within;  /* per list: their lower bounds, at most */
    int32_t *order; /* lists, those that share neighbours close together; NULL: in their order */
    int64_t *start; /* of each list where they are gathered */
} conceptdec_i_promises;

/* Exact distances of all of these (share.c). */
conceptdec_status conceptdec_i_promises_share(conceptdec_i_promises *promises);
/* Pieces of work in that. */
int64_t conceptdec_i_promises_share_tasks(const conceptdec_i_screening *s);

#endif
