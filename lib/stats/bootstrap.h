/* Bootstrap of mean credits over groups (definition: docs/definitions.md). */
#ifndef CONCEPTDEC_I_BOOTSTRAP_H
#define CONCEPTDEC_I_BOOTSTRAP_H

#include "core/core.h"

/* Of an interval, where none is asked for. */
#define CONCEPTDEC_I_CONFIDENCE 0.95

/* Percentile interval of n values: with p = (1 - confidence) / 2 the ends are the quantiles p and 1 - p, where
 * quantile q of ascending v lies at h = (n - 1) q: v[floor h] + (h - floor h) (v[floor h + 1] - v[floor h]) (R's
 * type 7, numpy's default). Sorts values in place. Those that are NaN are left out, and how many is returned; where
 * they are more than a tenth, what is left says little of them, and both ends are NaN, as for n = 0. */
int64_t conceptdec_i_percentile_interval(double *values, int64_t n, double confidence, double *low, double *high);
/* The same less *bias, the mean of the values less `estimate`: for estimates that rows drawn twice pull to one side. */
int64_t conceptdec_i_shifted_interval(double *values, int64_t n, double estimate, double confidence, double *bias,
                                      double *low, double *high);
/* Under this name a result's diagnostics tell how many draws were left out, at most. */
#define CONCEPTDEC_I_DRAWS_LEFT_OUT "bootstrap_draws_left_out"

/* Replicates of the mean credit of each of n_ks columns, and the percentile interval of each column.
 *
 * Units are the groups with at least one scored row (each scored row where groups is NULL), in order of their
 * first scored row; a draw takes as many units as there are, with replacement, and its replicate is the sum of the
 * credits of the drawn units' scored rows over the number of these rows. Draws depend on (seed, draw, number of
 * units) alone: cells of a sweep whose scored rows agree share them, so that the difference of two cells' replicates
 * is a paired replicate.
 *
 * credit: n x n_ks; a row is scored in all columns or NaN in all. replicates: draws x n_ks; low, high: n_ks. All
 * are NaN where no row is scored. Same bits for any number of threads. Stage and total of the progress are the
 * caller's: the function runs conceptdec_i_bootstrap_tasks() parallel tasks (none where no row is scored). */
conceptdec_status conceptdec_i_bootstrap(conceptdec_ctx *ctx, int64_t n, int64_t n_ks, const double *credit,
                                         const int64_t *groups, int64_t draws, double confidence, uint64_t seed,
                                         double *replicates, double *low, double *high);

/* counts[u]: how often draw number `draw` draws each of so many units, as many as there are, with replacement. */
void conceptdec_i_bootstrap_count(uint64_t seed, int64_t draw, int64_t units, int32_t *counts);

/* Number of parallel tasks of one call, for conceptdec_i_stage(). */
int64_t conceptdec_i_bootstrap_tasks(int64_t n, int64_t draws);
/* Bytes that a call takes at most for so many units, beside what numbering their groups and an interval take. */
int64_t conceptdec_i_bootstrap_bytes(const conceptdec_ctx *ctx, int64_t units, int64_t n_ks);

#endif
