/* Permutations of labels for a null distribution (definition: docs/definitions.md). */
#ifndef CONCEPTDEC_I_PERMUTE_H
#define CONCEPTDEC_I_PERMUTE_H

#include "core/core.h"

/* What may move where; immutable once made, shared by threads. */
typedef struct conceptdec_i_permute conceptdec_i_permute;

/* A row with label -1 keeps it under every scheme, and counts in no group. FREE: labels move among all labelled
 * rows. WITHIN: among the rows of each group. WHOLE: where each group has one label, these move among the groups;
 * else blocks of labels (the rows of a group in ascending order) move among groups of one size, and a group whose
 * size no other has keeps its own.
 *
 * labels: n, -1 or 0..INT32_MAX. groups: n codes of any value, NULL for FREE only. Both are copied. EGROUPS: no
 * groups; WITHIN with one label in every group, or WHOLE with nothing to exchange: every draw would be the observed
 * labels. ESIZE: n above INT32_MAX. */
conceptdec_status conceptdec_i_permute_new(conceptdec_ctx *ctx, int32_t scheme, int64_t n, const int64_t *labels,
                                           const int64_t *groups, uint64_t seed, conceptdec_i_permute **plan);

/* Draw number `draw` (>= 0): a function of (labels, groups, scheme, seed, draw) alone, whatever else is drawn. Any
 * number of threads at once, each with a scratch of n numbers; nothing is allocated. labels: n, written.
 * Where rows are the units, with at most 32 different labels below 255, labels are dealt (deal.h), else shuffled. */
void conceptdec_i_permute_draw(const conceptdec_i_permute *plan, int64_t draw, int32_t *scratch, int32_t *labels);

/* Draws first..first+15 (first a multiple of 16) in bytes: labels[row * 64 + 0..15], 255 for rows without a label; all
 * labels must be < 255. Each running call has a scratch of so many bytes. ECANCELLED as the context was told. */
int64_t conceptdec_i_permute_scratch(const conceptdec_i_permute *plan);
conceptdec_status conceptdec_i_permute_draw_16(const conceptdec_i_permute *plan, int64_t first, void *scratch,
                                               uint8_t *labels);

void conceptdec_i_permute_free(conceptdec_ctx *ctx, conceptdec_i_permute *plan); /* NULL is fine */

#endif
