/* What the files of passes over rows share. */
#ifndef CONCEPTDEC_I_PASSES_INNER_H
#define CONCEPTDEC_I_PASSES_INNER_H

#include "linalg/engine.h"
#include "linalg/passes.h"

typedef struct conceptdec_i_pass_shape {
    int precision;
    int64_t size, mr, nr;
    int64_t depth; /* of a slice of dimensions */
    int64_t chunk; /* items of one, at most */
    int64_t block; /* dimensions that stay in the cache going back */
} conceptdec_i_pass_shape;

typedef struct conceptdec_i_pass {
    const conceptdec_i_kernels *kernels;
    const conceptdec_i_rows *rows;
    const conceptdec_i_kept *kept; /* NULL: rows are packed as they come */
    conceptdec_i_pass_shape shape;
    int64_t columns, padded; /* padded: a multiple of nr */
    const double *const *w;
    double *const *g;
    conceptdec_i_chunk_consumer consumer;
    void *argument;
    conceptdec_ctx *ctx;
    int64_t slab, slabs; /* items of a slab */
    int64_t chunk;       /* items of a chunk of it, a multiple of mr */
    bool is_short;       /* chunks are: each panel meets all columns before the next one does */
    int64_t ld;          /* of a chunk's values */
    int64_t ld_back;     /* of a slab's sums: columns one after the other; with kept rows, dimensions */
    int64_t slab_sums;   /* numbers from one slab's sums to the next one's */
    char *packed, *lanes, *partial;
    int64_t lane_bytes;
    /* offsets in the memory of a lane */
    int64_t block_at, values_at, turned_at, dims_at, wide_at;
    int64_t panel; /* bytes from one panel of dimensions to the next: no power of two, for the cache's sake */
} conceptdec_i_pass;

static inline int64_t
round_up(int64_t a, int64_t b)
{
    return ceil_div(a, b) * b;
}

static inline void
interleave(const conceptdec_i_pass *p, const char *in, int64_t ld, int64_t rows, int64_t depth, int64_t width,
           char *out)
{
    if (p->shape.precision == CONCEPTDEC_I_TILE_F32)
        p->kernels->interleave_f32((const void *)in, ld, rows, depth, width, (void *)out);
    else
        p->kernels->interleave_f64((const void *)in, ld, rows, depth, width, (void *)out);
}

conceptdec_i_pass_shape conceptdec_i_pass_shape_of(const conceptdec_ctx *ctx, int precision);
/* Dimensions of items first + at..first + at + count - 1 of a chunk as elements, one row after the other; where they
 * lie so already, there. memory: of a lane. */
const char *conceptdec_i_pass_gather(const conceptdec_i_pass *p, int64_t first, int64_t at, int64_t count, int64_t dim,
                                     int64_t depth, char *memory, int64_t *ld);
/* Adds `count` sums of slabs, from number `at` on, to doubles. */
void conceptdec_i_pass_add(const conceptdec_i_pass *p, int64_t at, int64_t count, double *sums);

/* ---- rows that are kept (passes_kept.c) ---- */

/* Panels of items first..first + count - 1, of a slab, from dimension `dim` on; where they are kept as floats and
 * wanted as doubles, `depth` dimensions of them in the memory of the lane. *step: bytes from one panel to the next. */
const char *conceptdec_i_pass_items(const conceptdec_i_pass *p, int64_t slab, int64_t first, int64_t count, int64_t dim,
                                    int64_t depth, char *memory, int64_t *step);
/* Adds what `count` items give to the sums of their slab. */
void conceptdec_i_pass_back_kept(const conceptdec_i_pass *p, int64_t slab, int64_t first, int64_t count, char *memory,
                                 char *sums, int accumulate);
/* The sums of all slabs. */
conceptdec_status conceptdec_i_pass_sum_kept(conceptdec_i_pass *p);

#endif
