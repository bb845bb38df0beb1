/* Second moments of any view, of which a block at a time is dense. */
#ifndef CONCEPTDEC_I_BLOCK_GRAM_H
#define CONCEPTDEC_I_BLOCK_GRAM_H

#include "linalg/blocks.h"

/* out[i * side + j], i <= j, which need not be set before: the sums over all items of the products of two dimensions,
 * or (by_columns) the sums over all dimensions of the products of two items; side is the number of dimensions, or of
 * items. Products are in float where blocks are not wide. A stage of its own ("second moments"). The same bits for any
 * number of threads. */
conceptdec_status conceptdec_i_block_gram(conceptdec_ctx *ctx, const conceptdec_i_blocks *blocks, bool by_columns,
                                          double *out);
/* The same without a stage, added to what is there. */
conceptdec_status conceptdec_i_block_gram_add(conceptdec_ctx *ctx, const conceptdec_i_blocks *blocks, bool by_columns,
                                              double *out);
/* Bytes of working memory, about. */
int64_t conceptdec_i_block_gram_bytes(int64_t items, int64_t dims, bool by_columns, bool is_wide);

#endif
