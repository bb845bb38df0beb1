/* Second moments of any view, of which a block at a time is dense. */
#include "linalg/block_gram.h"

#include "linalg/tiles.h"

#define TILES (INT64_C(1) << 20) /* bytes, about, that go beside a block */

int64_t
conceptdec_i_block_gram_bytes(int64_t items, int64_t dims, bool by_columns, bool is_wide)
{
    int64_t bytes =
        by_columns ? conceptdec_i_blocks_bytes(items, dims, is_wide) : conceptdec_i_blocks_bytes(dims, items, is_wide);
    return conceptdec_i_add(bytes, TILES, &bytes) ? bytes : INT64_MAX;
}

static void
set_stage(conceptdec_ctx *ctx, bool is_wide, int64_t pieces, int64_t most, int64_t side, int precision)
{
    const conceptdec_i_dense dense = {.n = most, .dims = side, .is_wide = is_wide};
    conceptdec_i_stage(ctx, "second moments",
                       ((pieces - 1) / most + 1) * conceptdec_i_gram_tasks(ctx, &dense, precision));
}

/* What is multiplied, and how. */
typedef struct {
    int64_t pieces, side, most;
    int precision;
} shape;

static shape
shape_of(const conceptdec_i_blocks *blocks, bool by_columns)
{
    const int64_t items = blocks->row ? blocks->n : blocks->x->rows, dims = blocks->x->cols;
    shape s = {.pieces = by_columns ? dims : items, .side = by_columns ? items : dims};
    s.most = conceptdec_i_blocks_count(s.side, blocks->is_wide);
    s.precision = blocks->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    return s;
}

/* is_adding: from the first block on. */
static conceptdec_status
multiply(conceptdec_ctx *ctx, const conceptdec_i_blocks *given, bool by_columns, bool is_adding, double *out)
{
    conceptdec_i_blocks blocks = *given;
    const shape s = shape_of(given, by_columns);
    conceptdec_i_arena arena;
    void *block;
    blocks.gap = conceptdec_i_blocks_gap(s.side, blocks.is_wide);
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_arena_take_raw(
        &arena, "rows", conceptdec_i_blocks_bytes(s.side, s.pieces, blocks.is_wide), 1, &block);
    for (int64_t first = 0; status == CONCEPTDEC_OK && first < s.pieces; first += s.most) {
        conceptdec_i_dense dense;
        int64_t count = s.pieces - first < s.most ? s.pieces - first : s.most;
        status = by_columns ? conceptdec_i_blocks_columns(&blocks, first, count, block, &dense)
                            : conceptdec_i_blocks_rows(&blocks, first, count, block, &dense);
        if (status == CONCEPTDEC_OK)
            status = conceptdec_i_gram_half(ctx, &dense, s.precision, is_adding || first > 0, out, s.side);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_block_gram(conceptdec_ctx *ctx, const conceptdec_i_blocks *blocks, bool by_columns, double *out)
{
    const shape s = shape_of(blocks, by_columns);
    set_stage(ctx, blocks->is_wide, s.pieces, s.most, s.side, s.precision);
    return multiply(ctx, blocks, by_columns, false, out);
}

conceptdec_status
conceptdec_i_block_gram_add(conceptdec_ctx *ctx, const conceptdec_i_blocks *blocks, bool by_columns, double *out)
{
    return multiply(ctx, blocks, by_columns, true, out);
}
