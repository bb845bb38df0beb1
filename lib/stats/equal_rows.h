/* Rows of a matrix that hold the same values. */
#ifndef CONCEPTDEC_I_EQUAL_ROWS_H
#define CONCEPTDEC_I_EQUAL_ROWS_H

#include "core/core.h"

/* first[i]: the first kept row with the values of row i (0 and -0 are equal); -1 for rows that are not kept. hash: of
 * each row, equal for equal rows, or not finite. keep: NULL: all. */
conceptdec_status conceptdec_i_equal_rows(conceptdec_i_arena *arena, const conceptdec_matrix *view, const double *hash,
                                          const uint8_t *keep, int32_t *first);
/* Weights of a hash by the kernel `scan`, in [1, 2). */
void conceptdec_i_hash_weights(double *weights, int64_t n);
/* Hashes of all rows of a finite matrix. Parallel. */
conceptdec_status conceptdec_i_row_hashes(conceptdec_ctx *ctx, const conceptdec_matrix *view, double *hash);

#endif
