/* Pieces of a matrix as dense numbers, shifted and scaled: a block of rows, or a block of columns one after the
 * other. */
#ifndef CONCEPTDEC_I_BLOCKS_H
#define CONCEPTDEC_I_BLOCKS_H

#include "core/core.h"
#include "linalg/gram.h"

/* Element (i, j) is (x(i, j) - shift[j]) * factor[j], in float64, rounded to float where it is not wide. */
typedef struct conceptdec_i_blocks {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *x; /* opened */
    const int32_t *row;         /* NULL: all rows of x, else n of them in this order: rows below are then those */
    int64_t n;                  /* where `row` is given */
    const double *shift, *factor;
    bool is_wide;
    int64_t gap; /* elements between one row (or column) of `out` and the next */
    const double *weight; /* of each row, by which its elements are multiplied, too; NULL: 1 */
} conceptdec_i_blocks;

/* Rows first..first+count-1: out is count x d. */
conceptdec_status conceptdec_i_blocks_rows(const conceptdec_i_blocks *blocks, int64_t first, int64_t count, void *out,
                                           conceptdec_i_dense *dense);
/* The same turned: out is d x count. */
conceptdec_status conceptdec_i_blocks_turned(const conceptdec_i_blocks *blocks, int64_t first, int64_t count, void *out,
                                             conceptdec_i_dense *dense);
/* Columns first..first+count-1: out is count x n. */
conceptdec_status conceptdec_i_blocks_columns(const conceptdec_i_blocks *blocks, int64_t first, int64_t count,
                                              void *out, conceptdec_i_dense *dense);
/* So many rows or columns of `length` elements make a block: a multiple of 384 and of 256 where there are enough. */
int64_t conceptdec_i_blocks_count(int64_t length, bool is_wide);
/* A gap that keeps rows of products from lying whole pages apart, where they would meet in one place of a cache. */
int64_t conceptdec_i_blocks_gap(int64_t length, bool is_wide);
/* Bytes of a block, at most, with such gaps. */
int64_t conceptdec_i_blocks_bytes(int64_t length, int64_t count, bool is_wide);

#endif
