/* Tile engine: dot products of all pairs of rows, one cache-sized tile at a time. Rows of any view are widened, scaled,
 * centred and packed block by block; no product matrix and no wide copy of an input ever exists whole. */
#ifndef CONCEPTDEC_I_TILES_H
#define CONCEPTDEC_I_TILES_H

#include "core/core.h"

/* Precisions, the narrowest first. */
#define CONCEPTDEC_I_TILE_I8 0
#define CONCEPTDEC_I_TILE_F32 1
#define CONCEPTDEC_I_TILE_F64 2
#define CONCEPTDEC_I_TILE_ROWS 256 /* a tile has at most this many rows, and starts at a multiple of its height */

/* Items of one side: item i is ((row[i] of the view) * factor[i] - mean of its cluster) * scale. */
typedef struct conceptdec_i_operand {
    const conceptdec_matrix *view;
    int64_t n;
    const int32_t *row;   /* NULL: item i is row i */
    const double *factor; /* per item; NULL: 1 */
    const double *mean;   /* per column; for each cluster */
    const uint8_t *cluster; /* per item, which mean is its own; NULL: the first */
    double scale;         /* a power of two */
    int64_t n_first;      /* symmetric tiles of int8: products with so many first items come before all others; a
                           * multiple of CONCEPTDEC_I_TILE_ROWS */
    const struct conceptdec_i_quantized *quantized; /* of these items; CONCEPTDEC_I_TILE_I8 only */
} conceptdec_i_operand;

typedef struct conceptdec_i_tile {
    int64_t row, col;   /* first item of each side */
    int64_t rows, cols; /* how many */
    const void *dots;   /* float or double: product of item row + i with item col + j at dots[j * ld + i] */
    int64_t ld;
    bool symmetric; /* both sides are one set; products with row + i >= col + j are undefined */
} conceptdec_i_tile;

typedef conceptdec_status (*conceptdec_i_tile_consumer)(void *argument, const conceptdec_i_tile *tile, int lane);

/* Products of every pair (item of a, item of b), or with b NULL of every pair i < j of items of a. Tiles arrive in no
 * particular order, several at a time (one for each lane). */
conceptdec_status conceptdec_i_tiles_run(conceptdec_ctx *ctx, const conceptdec_i_operand *a,
                                         const conceptdec_i_operand *b, int precision,
                                         conceptdec_i_tile_consumer consumer, void *argument);
/* Tasks that conceptdec_i_tiles_run() hands out, for the progress of a stage. */
int64_t conceptdec_i_tiles_tasks(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b, int64_t dims, int precision);
/* Those besides, of a symmetric operand that has first items. */
int64_t conceptdec_i_tiles_first(const conceptdec_ctx *ctx, const conceptdec_i_operand *a, int precision);
/* Bytes that it takes (not int8); n_b 0: of one set. */
int64_t conceptdec_i_tiles_bytes(const conceptdec_ctx *ctx, int64_t n_a, int64_t n_b, int64_t dims, int precision);
/* Squared norm of every packed item, as it enters the products (not int8). */
conceptdec_status conceptdec_i_tiles_norms(conceptdec_ctx *ctx, const conceptdec_i_operand *operand, int precision,
                                           double *norms);
/* How far a product may be from the exact one of the packed items: at most this times the product of their norms (not
 * int8). */
double conceptdec_i_tiles_error(int64_t dims, int precision);

/* Rows of column j of a tile that hold a product. */
static inline int64_t
conceptdec_i_tile_height(const conceptdec_i_tile *tile, int64_t j)
{
    int64_t above = tile->col + j - tile->row;
    if (!tile->symmetric || above >= tile->rows)
        return tile->rows;
    return above < 0 ? 0 : above;
}

static inline const double *
conceptdec_i_operand_mean(const conceptdec_i_operand *operand, int64_t item)
{
    return operand->cluster ? operand->mean + operand->cluster[item] * operand->view->cols : operand->mean;
}

/* One item as doubles: row * factor. */
void conceptdec_i_operand_row(const struct conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand,
                              int64_t item, double *out);

#endif
