/* All pairs of views, each reduced once where memory allows: what CCA, Procrustes and RSA share. */
#ifndef CONCEPTDEC_I_PAIRS_H
#define CONCEPTDEC_I_PAIRS_H

#include "similarity/similarity.h"

#define CONCEPTDEC_I_DRAW_BYTES ((int64_t)1 << 24) /* draws that take less are measured side by side, a thread for
                                                      each */

/* Two reduced views, and what is drawn. */
typedef struct conceptdec_i_pair {
    int64_t i, j;         /* view of a, view of b */
    bool is_same;         /* they are one view */
    const void *x, *y;    /* as they were reduced */
    const int32_t *order; /* item i of the first goes with item order[i] of the second; NULL: with item i */
    const int32_t *times; /* how often each item counts; NULL: once */
} conceptdec_i_pair;

/* A view of b and those of a that it meets in one draw. */
typedef struct conceptdec_i_meeting {
    int64_t first, count; /* views of a */
    const void **x;       /* as they were reduced */
    conceptdec_i_pair pair; /* the first of them; the others differ in i, x and is_same */
    void *shared;           /* what `share` has made; NULL: nothing */
} conceptdec_i_meeting;

typedef struct conceptdec_i_pairs {
    conceptdec_i_similarity *s;
    void *argument;
    int64_t items;         /* that are permuted and drawn */
    const int64_t *groups; /* of items; NULL: none */
    int64_t kept_bytes;    /* of a reduced view, at most */
    int64_t made_bytes;    /* beside that, while one is made, at most */
    int64_t pair_bytes;    /* while a pair is measured, at most */
    bool is_serial;        /* `measure` has no use for several threads, however large what it measures is */
    /* View number `view` of s->views; what it keeps comes from the arena, `bytes` of it. Not within a task. */
    conceptdec_status (*reduce)(void *argument, conceptdec_i_arena *arena, int64_t view, void **reduced,
                                int64_t *bytes);
    /* NULL, or makes what all draws of a meeting have in common, of at most `room` bytes; else *shared stays NULL. */
    conceptdec_status (*share)(void *argument, conceptdec_i_arena *arena, int64_t room,
                               const conceptdec_i_meeting *meeting, void **shared, int64_t *bytes);
    /* A value for each view of a; several meetings at once, within tasks, where they are draws. */
    conceptdec_status (*measure)(void *argument, const conceptdec_i_meeting *meeting, double *values);
    /* Bytes that one `measure` of a draw takes; at most pair_bytes. */
    int64_t (*bytes)(const void *argument, const conceptdec_i_meeting *meeting, bool is_resampling);
} conceptdec_i_pairs;

/* View number k of those that are met. */
static inline conceptdec_i_pair
conceptdec_i_pair_of(const conceptdec_i_similarity *s, const conceptdec_i_meeting *meeting, int64_t k)
{
    conceptdec_i_pair pair = meeting->pair;
    pair.i = meeting->first + k;
    pair.x = meeting->x[k];
    pair.is_same = s->is_self && pair.i == pair.j;
    return pair;
}

/* Fills value, null and draws. ENOMEM where the option `memory` has no room for two views and a pair. */
conceptdec_status conceptdec_i_pairs_run(const conceptdec_i_pairs *pairs);

#endif
