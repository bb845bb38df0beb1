/* Neighbours of every row of a view, and ranks of all rows seen from each. */
#ifndef CONCEPTDEC_I_LISTS_H
#define CONCEPTDEC_I_LISTS_H

#include "similarity/similarity.h"

/* The k nearest rows of each row: those of row i at start[i] .. start[i + 1] - 1. Rows at exactly the k-th distance
 * share the places that are left. */
typedef struct conceptdec_i_list {
    int64_t *start;
    int32_t *row;
    double *part; /* 1, or what a row has of a place */
} conceptdec_i_list;

/* Lists of the first `count` views. ENOMEM where they do not fit in `memory`: as many rows may tie as there are. */
conceptdec_status conceptdec_i_lists_take(conceptdec_i_arena *arena, const conceptdec_i_similarity *s, int64_t count,
                                          conceptdec_i_list **lists);
/* ENOMEM where credits of all rows and pairs do not fit in `memory`. */
conceptdec_status conceptdec_i_lists_allow(const conceptdec_i_similarity *s);
/* EK where k is not below n. */
conceptdec_status conceptdec_i_lists_check(const conceptdec_i_similarity *s);
/* Means of rows' credits (n x A x B) and, for a bootstrap, of those drawn. */
conceptdec_status conceptdec_i_lists_conclude(conceptdec_i_arena *arena, conceptdec_i_similarity *s,
                                              const double *credit);

/* rank[j]: twice the rank of row j among the others by its distance from row i, from 2; rows at one distance have their
 * mean rank; 0 for i. */
typedef conceptdec_status (*conceptdec_i_ranks_consumer)(void *argument, int64_t i, const int32_t *rank, int lane);

/* Exact ranks of view `number` seen from every row, in no order of rows. */
conceptdec_status conceptdec_i_ranks_run(const conceptdec_i_similarity *s, int64_t number,
                                         conceptdec_i_ranks_consumer consumer, void *argument);
/* Tasks of this, for the progress of a stage. */
int64_t conceptdec_i_ranks_tasks(const conceptdec_i_similarity *s, int64_t number);

#endif
