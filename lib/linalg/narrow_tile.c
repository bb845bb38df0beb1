/* Tiles of int8 products: sums over slices of groups in int32_t, then, a few columns at a time, floats and the products
 * along leading directions. */
#include "linalg/engine.h"

#define FIRST_CACHE ((int64_t)32 << 10) /* what a processor has at least */
#define PAGE 4096

typedef conceptdec_i_blocking blocking;
typedef conceptdec_i_engine engine;

/* Whether a slice of a micro-panel of rows stays in the first-level cache while it meets all columns. */
static bool
rows_stay(const blocking *k)
{
    return k->mr * k->depth <= FIRST_CACHE / 2;
}

/* int8 columns of a tile from `j` on, for one slice of groups that begins `at` bytes into each panel. */
static void
take_columns(const engine *e, const conceptdec_i_tile *tile, int64_t groups, int64_t at, int64_t j, int8_t *out)
{
    const conceptdec_i_quantized *b = e->b->quantized;
    e->narrow->columns(groups, b->panels + at, b->panel_bytes, tile->col + j, min64(e->block.nr, tile->cols - j), out);
}

/* Products of rows from i on with the columns from j on. */
static void
narrow_panel(const engine *e, const conceptdec_i_tile *tile, int64_t groups, int64_t at, int64_t i, int64_t j,
             const int8_t *columns, int32_t *out)
{
    const conceptdec_i_quantized *a = e->a->quantized;
    const uint8_t *rows = a->panels + (tile->row + i) / CONCEPTDEC_I_PANEL * a->panel_bytes + at;
    const int32_t *start = at == 0 ? e->b->quantized->start + tile->col + j : NULL;
    e->narrow->panel(groups, rows, a->panel_bytes, columns, start, out + j * e->block.rows + i, e->block.rows);
}

/* Asks for `count` groups of the rows from i on, from the one numbered `first` on. */
static void
fetch_rows(const engine *e, const conceptdec_i_tile *tile, int64_t at, int64_t i, int64_t first, int64_t count)
{
    const conceptdec_i_quantized *a = e->a->quantized;
    const char *rows = (const char *)a->panels + (tile->row + i) / CONCEPTDEC_I_PANEL * a->panel_bytes + at;
    for (int64_t g = first; g < first + count; g++)
        __builtin_prefetch(rows + g * 4 * CONCEPTDEC_I_PANEL);
}

/* A micro-panel of rows meets all columns; those that come next are asked for meanwhile. */
static void
rows_meet_columns(const engine *e, const conceptdec_i_tile *tile, int64_t groups, int64_t at, int64_t i,
                  const int8_t *columns, int32_t *out)
{
    const blocking *k = &e->block;
    const int64_t part = ceil_div(groups * k->nr, k->cols);
    int64_t fetched = 0;
    for (int64_t j = 0; j < tile->cols; j += k->nr, fetched += part) {
        fetch_rows(e, tile, at, i + k->mr, fetched, part);
        if (i < conceptdec_i_tile_height(tile, min64(j + k->nr, tile->cols) - 1))
            narrow_panel(e, tile, groups, at, i, j, columns + j * k->depth, out);
    }
}

static int64_t
columns_bytes(const blocking *k)
{
    return (rows_stay(k) ? k->cols : k->nr) * k->depth;
}

/* A tile of int8 products: in slices of groups. Either a few columns at a time meet all rows, or, where few rows are
 * taken at a time, these meet all columns. */
static void
add_up(const engine *e, const conceptdec_i_tile *tile, int32_t *out, int lane)
{
    const blocking *k = &e->block;
    const int64_t all = e->a->quantized->groups;
    int8_t *scratch = e->column_scratch + lane * columns_bytes(k);
    for (int64_t g = 0; g < all; g += k->depth / 4) {
        int64_t groups = min64(k->depth / 4, all - g), at = g * 4 * CONCEPTDEC_I_PANEL;
        for (int64_t j = 0; j < tile->cols; j += k->nr) {
            int64_t height = conceptdec_i_tile_height(tile, min64(j + k->nr, tile->cols) - 1);
            int8_t *columns = scratch + (rows_stay(k) ? j * k->depth : 0);
            take_columns(e, tile, groups, at, j, columns);
            for (int64_t i = 0; !rows_stay(k) && i < height; i += k->mr)
                narrow_panel(e, tile, groups, at, i, j, columns, out);
        }
        for (int64_t i = 0; rows_stay(k) && i < tile->rows; i += k->mr)
            rows_meet_columns(e, tile, groups, at, i, scratch, out);
    }
}

/* From sums of int8 products to products of items. */
static void
complete(const engine *e, const conceptdec_i_tile *tile, float *out)
{
    const conceptdec_i_quantized *a = e->a->quantized, *b = e->b->quantized;
    const conceptdec_i_narrow_items rows = {.steps = a->step + tile->row, .leads = a->lead + tile->row * a->n_leads,
                                            .n_leads = a->n_leads};
    const conceptdec_i_narrow_items columns = {.steps = b->step, .leads = b->lead, .n_leads = a->n_leads};
    for (int64_t j = 0; j < tile->cols; j += CONCEPTDEC_I_COMPLETED) {
        const int64_t end = min64(j + CONCEPTDEC_I_COMPLETED, tile->cols);
        e->narrow->complete(out + j * e->block.rows, e->block.rows, conceptdec_i_tile_height(tile, end - 1), &rows,
                            &columns, tile->col + j, end - j);
    }
}

void
conceptdec_i_narrow_tile(const engine *e, const conceptdec_i_tile *tile, float *out, int lane)
{
    add_up(e, tile, (int32_t *)(void *)out, lane);
    complete(e, tile, out);
}

/* Where columns go in a block with a page to spare: rows and columns are read side by side, and some processors are
 * slow to load from places that lie whole pages apart. */
static int8_t *
apart_from_rows(const engine *e, void *block)
{
    const uintptr_t rows = (uintptr_t)e->a->quantized->panels;
    return (int8_t *)block + (rows + PAGE / 2 - (uintptr_t)block) % PAGE;
}

conceptdec_status
conceptdec_i_narrow_take_buffers(engine *e, conceptdec_i_arena *arena)
{
    int64_t lanes = conceptdec_i_lanes(arena->ctx);
    void *p[2];
    const int64_t tile = e->block.rows * e->block.cols;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "tiles", lanes * tile, sizeof(float), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "columns", lanes * columns_bytes(&e->block) + PAGE, 1, &p[1]));
    e->tile_scratch = p[0];
    e->column_scratch = apart_from_rows(e, p[1]);
    return CONCEPTDEC_OK;
}
