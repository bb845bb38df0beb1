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

conceptdec_status
conceptdec_i_block_gram(conceptdec_ctx *ctx, const conceptdec_i_blocks *given, bool by_columns, double *out)
{
    conceptdec_i_blocks blocks = *given;
    int64_t items = given->row ? given->n : given->x->rows, dims = given->x->cols;
    int64_t pieces = by_columns ? dims : items, side = by_columns ? items : dims;
    int64_t most = conceptdec_i_blocks_count(side, blocks.is_wide);
    int precision = blocks.is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    conceptdec_i_arena arena;
    void *block;
    blocks.gap = conceptdec_i_blocks_gap(side, blocks.is_wide);
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status =
        conceptdec_i_arena_take_raw(&arena, "rows", conceptdec_i_blocks_bytes(side, pieces, blocks.is_wide), 1, &block);
    set_stage(ctx, blocks.is_wide, pieces, most, side, precision);
    for (int64_t first = 0; status == CONCEPTDEC_OK && first < pieces; first += most) {
        conceptdec_i_dense dense;
        int64_t count = pieces - first < most ? pieces - first : most;
        status = by_columns ? conceptdec_i_blocks_columns(&blocks, first, count, block, &dense)
                            : conceptdec_i_blocks_rows(&blocks, first, count, block, &dense);
        if (status == CONCEPTDEC_OK)
            status = conceptdec_i_gram_add(ctx, &dense, precision, out, side);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}
