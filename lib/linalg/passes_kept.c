/* Rows that are packed once, in panels of items as the way there takes them: a panel of mr items has all dimensions.
 * The way back takes the same panels across: columns are its vector side then, and of a sum the columns lie together.
 * Every element is the chain of products that it is without, where chunks are cut alike, so that the bits are the
 * same. */
#include <string.h>

#include "linalg/passes_inner.h"

typedef conceptdec_i_pass pass;
typedef conceptdec_i_pass_shape shape;

#define TILE 16         /* dimensions of sums that are added up together, */
#define COLUMNS 128     /* and columns of them */
#define WAY 4096        /* bytes that lie in places of their own in a first-level cache */
#define APART (WAY / 4) /* panels that are read beside each other begin at least so far from each other there */

/* Bytes of a panel: a few dimensions of zeros stand behind the last ones. */
static int64_t
panel_bytes(const shape *s, int64_t dims)
{
    int64_t bytes = round_up(dims, s->nr) * s->mr * s->size;
    while (bytes % WAY < APART || bytes % WAY > WAY - APART)
        bytes += s->nr * s->mr * s->size;
    return bytes;
}

int64_t
conceptdec_i_passes_kept_bytes(const conceptdec_ctx *ctx, int64_t n, int64_t dims, int precision)
{
    const shape s = conceptdec_i_pass_shape_of(ctx, precision);
    return (n / s.mr + 2 * CONCEPTDEC_I_PASSES_MOST_SLABS) * panel_bytes(&s, dims);
}

/* ---- packing ---- */

typedef struct {
    pass p;
    conceptdec_i_kept *kept;
    int64_t panels; /* of a slab */
} keeping;

static conceptdec_status
keep_task(void *argument, int64_t task, int lane)
{
    const keeping *k = argument;
    const pass *p = &k->p;
    const shape *s = &p->shape;
    const int64_t slab = task / k->panels, start = slab * p->slab, at = task % k->panels * s->mr;
    const int64_t end = min64(p->rows->n, start + p->slab), count = min64(s->mr, end - start - at);
    const int64_t row = s->mr * s->size, dims = p->rows->dims;
    char *out = k->kept->panels + slab * k->kept->slab_bytes + task % k->panels * k->kept->panel_bytes;
    char *memory = p->lanes + lane * p->lane_bytes;
    for (int64_t dim = 0; dim < dims && count > 0; dim += s->depth) {
        int64_t depth = min64(s->depth, dims - dim), ld;
        const char *in = conceptdec_i_pass_gather(p, start, at, count, dim, depth, memory, &ld);
        interleave(p, in, ld, count, depth, s->mr, out + dim * row);
    }
    memset(out + dims * row, 0, (size_t)(k->kept->panel_bytes - dims * row));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_passes_keep(conceptdec_i_arena *arena, const conceptdec_i_passes *passes, const conceptdec_i_rows *rows,
                         int precision, conceptdec_i_kept *kept)
{
    const shape s = conceptdec_i_pass_shape_of(arena->ctx, precision);
    const int64_t slabs = conceptdec_i_passes_slabs(passes, rows->n);
    keeping k = {.p = {.kernels = arena->ctx->kernels, .rows = rows, .shape = s, .slabs = slabs}, .kept = kept};
    void *memory;
    k.p.slab = slabs > 0 ? ceil_div(rows->n, slabs) : 0;
    k.p.lanes = passes->lanes;
    k.p.lane_bytes = passes->lane_bytes;
    k.p.wide_at = round_up(s.mr * s.depth * s.size, 64);
    k.panels = ceil_div(k.p.slab, s.mr);
    *kept = (conceptdec_i_kept){.precision = precision, .panel_bytes = panel_bytes(&s, rows->dims)};
    kept->slab_bytes = k.panels * kept->panel_bytes;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "packed rows", slabs * k.panels,
                                                 (uint64_t)kept->panel_bytes, &memory));
    kept->panels = memory;
    return conceptdec_i_parallel(arena->ctx, slabs * k.panels, keep_task, &k);
}

/* ---- passes ---- */

const char *
conceptdec_i_pass_items(const pass *p, int64_t slab, int64_t first, int64_t count, int64_t dim, int64_t depth,
                        char *memory, int64_t *step)
{
    const shape *s = &p->shape;
    const char *panels = p->kept->panels + slab * p->kept->slab_bytes;
    const int64_t start = first - slab * p->slab, height = p->kernels->mr_f32;
    *step = p->kept->panel_bytes;
    if (p->kept->precision == s->precision)
        return panels + start / s->mr * *step + dim * s->mr * s->size;
    for (int64_t at = start; at < start + count; at += s->mr) {
        const float *in = (const void *)(panels + at / height * *step);
        double *out = (double *)(void *)(memory + p->block_at) + (at - start) * depth;
        p->kernels->widen_panel(in + dim * height + at % height, height, s->mr, depth, out);
    }
    *step = depth * s->mr * s->size;
    return memory + p->block_at;
}

/* Columns of the panel that starts with column j. */
static int64_t
width_of(const pass *p, int64_t j)
{
    return p->columns - j > p->shape.mr / 2 ? p->shape.mr : p->shape.mr / 2;
}

/* Some dimensions of a chunk by the columns of one panel. step: bytes. */
static void
across(const pass *p, const char *turned, int64_t width, const char *items, int64_t step, int64_t dims, int64_t count,
       char *sums, int accumulate)
{
    const shape *s = &p->shape;
    for (int64_t dim = 0; dim < dims; dim += s->nr) {
        const void *a = turned, *b = items + dim * s->mr * s->size;
        void *c = sums + dim * p->ld_back * s->size;
        if (s->precision == CONCEPTDEC_I_TILE_F32)
            p->kernels->panel_across_f32(count, a, width, b, step / s->size, c, p->ld_back, accumulate);
        else
            p->kernels->panel_across_f64(count, a, width, b, step / s->size, c, p->ld_back, accumulate);
    }
}

void
conceptdec_i_pass_back_kept(const pass *p, int64_t slab, int64_t first, int64_t count, char *memory, char *sums,
                            int accumulate)
{
    const shape *s = &p->shape;
    const int64_t block = max64(1, min64(s->block, s->depth) / s->nr) * s->nr;
    char *turned = memory + p->turned_at;
    for (int64_t j = 0; j < p->columns; j += s->mr)
        interleave(p, memory + p->values_at + j * p->ld * s->size, p->ld, min64(width_of(p, j), p->columns - j), count,
                   width_of(p, j), turned + j * count * s->size);
    for (int64_t dim = 0; dim < p->rows->dims; dim += block) {
        int64_t dims = round_up(min64(block, p->rows->dims - dim), s->nr), step;
        const char *items = conceptdec_i_pass_items(p, slab, first, count, dim, dims, memory, &step);
        for (int64_t j = 0; j < p->columns; j += s->mr)
            across(p, turned + j * count * s->size, width_of(p, j), items, step, dims, count,
                   sums + (dim * p->ld_back + j) * s->size, accumulate);
    }
}

/* ---- sums ---- */

static conceptdec_status
sum_task(void *argument, int64_t task, int lane)
{
    const pass *p = argument;
    const int64_t dim = task * TILE, dims = task_end(task, TILE, p->rows->dims) - dim;
    (void)lane;
    for (int64_t first = 0; first < p->columns; first += COLUMNS) {
        const int64_t count = min64(COLUMNS, p->columns - first);
        double sums[TILE][COLUMNS] = {{0}};
        for (int64_t slab = 0; slab < p->slabs; slab++)
            for (int64_t i = 0; i < dims; i++)
                conceptdec_i_pass_add(p, slab * p->slab_sums + (dim + i) * p->ld_back + first, count, sums[i]);
        for (int64_t k = 0; k < count; k++)
            for (int64_t i = 0; i < dims; i++)
                p->g[first + k][dim + i] = sums[i][k];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_pass_sum_kept(pass *p)
{
    return conceptdec_i_parallel(p->ctx, ceil_div(p->rows->dims, TILE), sum_task, p);
}
