/* All pairs of views, each reduced once where memory allows: what CCA, Procrustes and RSA share. */
#ifndef CONCEPTDEC_I_PAIRS_H
#define CONCEPTDEC_I_PAIRS_H

#include "similarity/similarity.h"

/* Two reduced views, and what is drawn. */
typedef struct conceptdec_i_pair {
    int64_t i, j;         /* view of a, view of b */
    bool is_same;         /* they are one view */
    const void *x, *y;    /* as they were reduced */
    const int32_t *order; /* item i of the first goes with item order[i] of the second; NULL: with item i */
    const int32_t *times; /* how often each item counts; NULL: once */
} conceptdec_i_pair;

typedef struct conceptdec_i_pairs {
    conceptdec_i_similarity *s;
    void *argument;
    int64_t items;         /* that are permuted and drawn */
    const int64_t *groups; /* of items; NULL: none */
    int64_t kept_bytes;    /* of a reduced view, at most */
    int64_t made_bytes;    /* beside that, while one is made, at most */
    int64_t pair_bytes;    /* while a pair is measured, at most */
    /* View number `view` of s->views; what it keeps comes from the arena, `bytes` of it. Not within a task. */
    conceptdec_status (*reduce)(void *argument, conceptdec_i_arena *arena, int64_t view, void **reduced, int64_t *bytes);
    /* One value; several at once, within tasks, where they are draws. */
    conceptdec_status (*measure)(void *argument, const conceptdec_i_pair *pair, double *value);
    /* Bytes that one `measure` of this pair takes; at most pair_bytes. */
    int64_t (*bytes)(const void *argument, const conceptdec_i_pair *pair);
} conceptdec_i_pairs;

/* Fills value, null and draws. ENOMEM where the option `memory` has no room for two views and a pair. */
conceptdec_status conceptdec_i_pairs_run(const conceptdec_i_pairs *pairs);

#endif
