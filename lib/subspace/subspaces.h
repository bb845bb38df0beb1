/* A list of subspaces: what it holds, and what overlaps need of it. */
#ifndef CONCEPTDEC_I_SUBSPACES_H
#define CONCEPTDEC_I_SUBSPACES_H

#include "core/core.h"

struct conceptdec_subspaces {
    conceptdec_i_memory *memory;
    int64_t count; /* S */
    int64_t d;
    int64_t total;                                                        /* R, the sum of ranks; may be 0 */
    double *bases;                                                        /* R x d, orthonormal within each subspace */
    double *variances;                                                    /* R; NaN: not known */
    int64_t *start;                                                       /* S + 1 */
    int64_t *ranks, *undecided, *n_missing, *n_samples, *view, *class_of; /* S */
    double *total_variance, *gap;                                         /* S */
};

/* A list whose numbers are still to be written (zeros, but for bases; start, from ranks, is written): S subspaces of
 * these ranks in d dimensions. */
conceptdec_status conceptdec_i_subspaces_make(conceptdec_ctx *ctx, int64_t count, int64_t d, const int64_t *ranks,
                                              conceptdec_subspaces **subspaces);
/* One list of several in the same space, at least one; views are numbered through. */
conceptdec_status conceptdec_i_subspaces_join(conceptdec_i_arena *arena, const conceptdec_subspaces *const *parts,
                                              int64_t n_parts, conceptdec_subspaces **subspaces);
/* Options with defaults, checked; a tolerance that was not given stays 0. given: NULL: defaults. */
conceptdec_status conceptdec_i_subspaces_options_take(conceptdec_ctx *ctx, const conceptdec_subspaces_options *given,
                                                      conceptdec_subspaces_options *options);
/* EINVAL where one of the options was given that play no part when bases (is_moments false) or moments are given.
 * `given` as conceptdec_i_subspaces_options_take() has left it. */
conceptdec_status conceptdec_i_subspaces_options_refuse(conceptdec_ctx *ctx, const conceptdec_subspaces_options *given,
                                                        bool is_moments);
/* Whether the caller chose the tolerance; and that, or the default for n vectors of d numbers that were stored as
 * `dtype`. */
bool conceptdec_i_subspaces_has_tolerance(const conceptdec_subspaces_options *options);
double conceptdec_i_subspaces_tolerance(const conceptdec_subspaces_options *options, int64_t n, int64_t d,
                                        int32_t dtype);
/* Makes a direction 1 long, whatever its scale, and returns how long it was; one of length 0 stays. */
double conceptdec_i_subspaces_unit(double *direction, int64_t d);
/* The largest rank in a list. */
int64_t conceptdec_i_subspaces_rank(const conceptdec_subspaces *subspaces);

/* The subspaces of the classes of one opened and finite view under these labels (n, -1 or 0..classes-1): what
 * conceptdec_subspaces_new() does for each view, and what each permutation and bootstrap draw does again. row: NULL, or
 * n rows of the view that are taken in this order (a bootstrap's sample; may repeat), labels then belonging to the
 * items. Not for basis "probe" with `row`. Names no stage of the progress. */
conceptdec_status conceptdec_i_subspaces_of(conceptdec_i_arena *arena, const conceptdec_matrix *x, const int32_t *row,
                                            int64_t n, const int32_t *labels, int64_t classes,
                                            const conceptdec_subspaces_options *options,
                                            conceptdec_subspaces **subspaces);

/* Squared cosines summed over each pair: sums (S x S'), |Qa Qb'|_F^2, by one tiled product in float64; b NULL: a. */
conceptdec_status conceptdec_i_subspaces_shared(conceptdec_i_arena *arena, const conceptdec_subspaces *a,
                                                const conceptdec_subspaces *b, double *sums);
/* All arrays of conceptdec_subspaces_overlap(), into `result`. options: with defaults, memory and flags are looked
 * at. */
conceptdec_status conceptdec_i_overlap_fill(conceptdec_i_arena *arena, const conceptdec_subspaces *a,
                                            const conceptdec_subspaces *b, const conceptdec_overlap_options *options,
                                            conceptdec_result *result);
/* Mean and variance of the sum of squared cosines of independent uniform subspaces of ranks p and q in d dimensions. */
void conceptdec_i_overlap_chance(int64_t p, int64_t q, int64_t d, double *mean, double *variance);

#endif
