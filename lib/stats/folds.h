/* Folds for cross-validation (definition: docs/definitions.md). */
#ifndef CONCEPTDEC_I_FOLDS_H
#define CONCEPTDEC_I_FOLDS_H

#include "core/core.h"

/* Gives every labelled row a fold 0..folds-1, and -1 to a row with label -1. No fold is empty, whatever comes out.
 *
 * Without groups the rows of each class are shuffled and dealt to the folds in turn, each class going on where the last
 * one stopped: folds differ by at most one row, and by at most one row of each class. Classes are dealt, and their
 * shuffles keyed, in the order of their first rows, so that folds do not depend on how classes are numbered.
 * With groups each group goes whole to one fold: groups by descending size, then by first row, each to the fold where
 * the imbalance of class counts, the sum over classes c and folds f of (folds * count(f, c) - total(c))^2, stays least,
 * which is the fold with the least sum over c of count(f, c) * (members of c in the group); then to that with fewest
 * rows, then to the lowest. `seed` plays no part then.
 * stratified == false: all labelled rows count as one class.
 *
 * labels: n, -1 or 0..classes-1. groups: NULL, or n codes of any value. fold: n, written on success only.
 * EFOLDS: folds < 2, more folds than labelled rows or groups, or (stratified, no groups, and not may_lack) than members
 * of a class. A class that lies in a single group is in one fold only: allowed, its rows then have no neighbour of
 * their class. */
conceptdec_status conceptdec_i_folds_assign(conceptdec_ctx *ctx, int64_t n, const int64_t *labels, int64_t classes,
                                            const int64_t *groups, int64_t folds, bool stratified, bool may_lack,
                                            uint64_t seed, int64_t *fold);

#endif
