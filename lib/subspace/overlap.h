/* Overlap of subspaces: what the files of overlap*.c share. */
#ifndef CONCEPTDEC_I_SUBSPACE_OVERLAP_H
#define CONCEPTDEC_I_SUBSPACE_OVERLAP_H

#include "subspace/subspaces.h"

/* Products of the directions of subspaces first..end-1 of a with those of b. Where b is a (is_self) only pairs s < t are there. */
typedef struct conceptdec_i_strip {
    const conceptdec_subspaces *a, *b;
    bool is_self;
    int64_t first, end;
    int64_t first_row, first_column, ld;
    double *products; /* direction i of a with direction j of b at products[(j - first_column) * ld + i - first_row] */
} conceptdec_i_strip;

typedef conceptdec_status (*conceptdec_i_strip_user)(void *argument, const conceptdec_i_strip *strip);

/* All strips, one after the other, within `memory` bytes; ENOMEM where not even the widest subspace fits; 0: no
 * limit. b NULL: a. each: tasks that the user runs for each subspace, for the progress of a stage; 0: no stage. */
conceptdec_status conceptdec_i_overlap_strips(conceptdec_i_arena *arena, const conceptdec_subspaces *a,
                                              const conceptdec_subspaces *b, int64_t memory, int64_t each,
                                              conceptdec_i_strip_user user, void *argument);

/* Element (i, j) of the block of a pair at [j * strip->ld + i]. */
static inline const double *
conceptdec_i_strip_block(const conceptdec_i_strip *strip, int64_t s, int64_t t)
{
    return strip->products + (strip->b->start[t] - strip->first_column) * strip->ld + strip->a->start[s] - strip->first_row;
}

/* The sum of squares of a block. */
double conceptdec_i_strip_shared(const conceptdec_i_strip *strip, int64_t s, int64_t t);

/* Options with defaults; checks what conceptdec_subspaces_overlap() looks at. */
conceptdec_status conceptdec_i_overlap_options_take(conceptdec_ctx *ctx, const conceptdec_overlap_options *given,
                                                    conceptdec_overlap_options *options);
conceptdec_status conceptdec_i_overlap_report(conceptdec_ctx *ctx, const conceptdec_overlap_options *options,
                                              conceptdec_result *result);

/* ---- angles ---- */

/* Scratch of one lane. */
typedef struct conceptdec_i_angles {
    conceptdec_ctx *ctx;
    double *columns, *values; /* of a batch: for conceptdec_i_singular_batch() */
    double *sines;
    double *turn, *turns;     /* what the directions of a pair are multiplied by; the same in panels */
    double *slices;           /* panels of a slice of the dimensions: of both bases */
    double *residual, *rows, *others; /* of sines in such a slice; panels of it */
    double *gram, *factor;
} conceptdec_i_angles;

/* One pair of a batch and what comes of it. */
typedef struct conceptdec_i_angle_pair {
    int64_t s, t;
    double *angles, *cosines, *squares; /* out, of the smaller rank: angles ascending, and in their order cosines and squared
                                           sines; NaN: not found */
} conceptdec_i_angle_pair;

/* For pairs whose smaller and larger ranks are at most these. */
int64_t conceptdec_i_angles_bytes(const conceptdec_ctx *ctx, int64_t small, int64_t wide);
conceptdec_status conceptdec_i_angles_open(conceptdec_i_arena *arena, int64_t small, int64_t wide,
                                           conceptdec_i_angles *angles);
/* Principal angles of pairs of a strip, none of rank 0. The same bits for any number of threads. */
conceptdec_status conceptdec_i_angles_find(const conceptdec_i_angles *angles, const conceptdec_i_strip *strip, int64_t count,
                                           const conceptdec_i_angle_pair *pairs);

/* ---- chance ---- */

/* P(T >= shared) for the sum T of squared cosines of independent uniform subspaces, by a beta distribution of its range, mean and
 * variance: exact where one of p, q, d - p, d - q is 1. Where T cannot vary it is 1. */
double conceptdec_i_overlap_tail(int64_t p, int64_t q, int64_t d, double shared);

#endif
