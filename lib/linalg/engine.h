/* What the files of the tile engine share. */
#ifndef CONCEPTDEC_I_ENGINE_H
#define CONCEPTDEC_I_ENGINE_H

#include "core/whole.h"
#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "linalg/quantized.h"
#include "linalg/tiles.h"

typedef struct conceptdec_i_blocking {
    int precision;
    int64_t size;       /* of a packed element */
    int64_t mr, nr;     /* micro-panel */
    int64_t rows, cols; /* tile; multiples of mr and nr */
    bool rows_pass;     /* rows are packed tile by tile, and not kept */
    int64_t depth;
    int64_t super_rows, super_cols; /* multiples of rows and cols */
    int64_t group;                  /* tiles are taken in squares of this many by this many */
} conceptdec_i_blocking;

typedef struct conceptdec_i_engine {
    const conceptdec_i_kernels *kernels;
    const conceptdec_i_narrow_kernels *narrow;
    const conceptdec_i_operand *a, *b;
    bool symmetric;
    conceptdec_i_blocking block;
    int64_t dims;
    conceptdec_i_tile_consumer consumer;
    void *argument;
    char *packed_a, *packed_b; /* super-blocks; of rows that pass, per lane: one tile */
    char *rows_scratch;        /* per lane: the wider of mr and nr rows, as elements */
    double *wide_scratch;      /* per lane: one row */
    char *tile_scratch;        /* per lane: one tile */
    int8_t *column_scratch;    /* per lane: int8 columns of a slice */
    int64_t a_first, a_count, b_first, b_count; /* super-blocks in work */
    int64_t a_tiles, b_tiles;
} conceptdec_i_engine;

/* Takes the buffers of all lanes. */
conceptdec_status conceptdec_i_narrow_take_buffers(conceptdec_i_engine *e, conceptdec_i_arena *arena);
/* A tile of products of quantised items. */
void conceptdec_i_narrow_tile(const conceptdec_i_engine *e, const conceptdec_i_tile *tile, float *out, int lane);

#endif
