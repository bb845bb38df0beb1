/* One direction of embedding quality, in as many batches of rows as the memory asks for. */
#include <string.h>

#include "projection/quality.h"

#define GROUP CONCEPTDEC_I_QUALITY_GROUP
#define ENGINE_BYTES ((int64_t)112 << 20) /* most that packed rows of the tile engine take */

/* ---- scratch ---- */

static int64_t
aligned(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Offsets of the parts of a lane's scratch, and its size. */
static int64_t
lay_out(const conceptdec_i_judging *r, int64_t offset[5])
{
    int64_t values = aligned(r->n_items * 4), few = CONCEPTDEC_I_QUALITY_FEW;
    offset[0] = values;
    offset[1] = 2 * values;
    offset[2] = 3 * values;
    offset[3] = offset[2] + aligned(r->judged->table->n_rows * 16);
    offset[4] = offset[3] + aligned(2 * r->ranks->view->cols * 8);
    return offset[4] + aligned(few * 4) + aligned(few * 8);
}

conceptdec_i_quality_lane
conceptdec_i_quality_lane_of(const conceptdec_i_judging *r, int lane)
{
    int64_t offset[5], size = lay_out(r, offset);
    char *at = r->lanes + lane * size;
    return (conceptdec_i_quality_lane){
        .mark = (int32_t *)(void *)at,
        .closer = (int32_t *)(void *)(at + offset[0]),
        .tied = (int32_t *)(void *)(at + offset[1]),
        .members = (int32_t *)(void *)(at + offset[2]),
        .rows = (double *)(void *)(at + offset[3]),
        .items = (int32_t *)(void *)(at + offset[4]),
        .d2 = (double *)(void *)(at + offset[4] + aligned(CONCEPTDEC_I_QUALITY_FEW * 4)),
    };
}

static conceptdec_status
take_scratch(conceptdec_i_arena *arena, conceptdec_i_judging *r)
{
    int64_t offset[5], size = lay_out(r, offset), lanes = conceptdec_i_lanes(arena->ctx), n = r->n_items;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scratch", lanes, (uint64_t)size, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "items", 3 * n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "sums", 2 * lanes * r->n_ks, sizeof *r->excess, &p[2]));
    r->lanes = p[0];
    r->n_asked = p[1];
    r->order = r->n_asked + n;
    r->rows = r->order + n;
    r->excess = p[2];
    r->overlap = r->excess + lanes * r->n_ks;
    return CONCEPTDEC_OK;
}

/* The operand of the tiles, in the order of the items. */
static conceptdec_status
take_items(conceptdec_i_arena *arena, conceptdec_i_judging *r)
{
    const conceptdec_i_operand *values = &r->ranks->values;
    int64_t n = r->n_items;
    void *rows, *factors = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "items", n, sizeof(int32_t), &rows));
    if (values->factor)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "items", n, sizeof(double), &factors));
    for (int64_t i = 0; i < n; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, i));
        ((int32_t *)rows)[i] = values->row[r->order[i]];
        if (factors)
            ((double *)factors)[i] = values->factor[r->order[i]];
        r->rows[i] = (int32_t)conceptdec_i_quality_rows(r->ranks, r->order[i]);
    }
    r->items = *values;
    r->items.row = rows;
    r->items.factor = factors;
    return CONCEPTDEC_OK;
}

/* ---- batches ---- */

/* Of a group that starts with an item: asked, low and high; count. */
static int64_t
bytes_of_group(const conceptdec_i_judging *r, int64_t item)
{
    int64_t limits = GROUP * conceptdec_i_quality_n_limits(r, item);
    return limits * (int64_t)(sizeof(conceptdec_i_asked) + 2 * sizeof(double)) +
           (limits + GROUP) * (int64_t)sizeof(int32_t);
}

/* What there is for the places of a batch. */
static int64_t
room_for_places(const conceptdec_i_judging *r)
{
    int64_t offset[5], n = r->n_items, packed = 2 * n * r->ranks->view->cols * (int64_t)sizeof(double);
    int64_t lanes = conceptdec_i_lanes(r->ctx) * (lay_out(r, offset) + ((int64_t)1 << 18));
    return r->memory - lanes - 64 * n - (packed < ENGINE_BYTES ? packed : ENGINE_BYTES);
}

/* As many groups as there is room for; one at least must fit. */
static conceptdec_status
choose_end(conceptdec_i_judging *r)
{
    int64_t room = room_for_places(r), used = 0;
    for (r->end = r->first; r->end < r->n_asking; r->end += GROUP) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(r->ctx, r->end));
        int64_t bytes = bytes_of_group(r, r->end);
        if (bytes > room - used)
            break;
        used += bytes;
    }
    r->end = r->end < r->n_asking ? r->end : r->n_asking;
    if (r->end > r->first)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(r->ctx, CONCEPTDEC_ENOMEM, "memory: %lld bytes, at least %lld are needed",
                             (long long)r->memory, (long long)(r->memory - room + bytes_of_group(r, r->first)));
}

static conceptdec_status
take_places(conceptdec_i_arena *arena, conceptdec_i_judging *r)
{
    int64_t n = (r->end - r->first + GROUP - 1) / GROUP, limits;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", n + 1, sizeof *r->start, &p[0]));
    r->start = p[0];
    for (int64_t g = 0; g < n; g++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(r->ctx, g));
        r->start[g + 1] = r->start[g] + GROUP * conceptdec_i_quality_n_limits(r, r->first + g * GROUP);
    }
    limits = r->start[n];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", limits, sizeof *r->asked, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "places", limits + n * GROUP, sizeof *r->count, &p[2]));
    r->asked = p[1];
    r->count = p[2];
    return CONCEPTDEC_OK;
}

/* All pairs once where that is less than the rows of the batch with everything. */
static conceptdec_status
run_batch(conceptdec_i_arena *arena, conceptdec_i_judging *r)
{
    CONCEPTDEC_I_TRY(choose_end(r));
    r->symmetric = r->first == 0 && r->end == r->n_asking && 2 * r->n_asking > r->n_items;
    if (r->symmetric)
        r->end = r->n_items;
    CONCEPTDEC_I_TRY(take_places(arena, r));
    CONCEPTDEC_I_TRY(conceptdec_i_quality_fill_asked(r));
    CONCEPTDEC_I_TRY(conceptdec_i_quality_rank(arena, r));
    return conceptdec_i_quality_score(r);
}

static conceptdec_status
run_batches(conceptdec_i_judging *r)
{
    for (r->first = 0; r->first < r->n_asking; r->first = r->end) {
        conceptdec_i_arena arena;
        conceptdec_i_arena_open(&arena, r->ctx);
        conceptdec_status status = run_batch(&arena, r);
        conceptdec_i_arena_close(&arena);
        CONCEPTDEC_I_TRY(status);
    }
    r->end = r->n_items; /* those that ask about nothing */
    return r->first < r->end ? conceptdec_i_quality_score(r) : CONCEPTDEC_OK;
}

static conceptdec_status
run(conceptdec_i_arena *arena, conceptdec_i_judging *r)
{
    CONCEPTDEC_I_TRY(take_scratch(arena, r));
    CONCEPTDEC_I_TRY(conceptdec_i_quality_count_asked(r));
    CONCEPTDEC_I_TRY(take_items(arena, r));
    return run_batches(r);
}

conceptdec_status
conceptdec_i_quality_direction(conceptdec_ctx *ctx, const conceptdec_i_quality_space *ranks,
                               const conceptdec_i_quality_space *judged, const int64_t *ks, int64_t n_ks,
                               int64_t memory, double *excess, double *overlap, int64_t *n_refined)
{
    conceptdec_i_judging r = {.ctx = ctx,
                              .ranks = ranks,
                              .judged = judged,
                              .ks = ks,
                              .n_ks = n_ks,
                              .memory = memory,
                              .n_items = ranks->table->n_values};
    for (int64_t k = 0; k < n_ks; k++)
        r.k_max = ks[k] > r.k_max ? ks[k] : r.k_max;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = run(&arena, &r);
    for (int64_t k = 0; k < n_ks && status == CONCEPTDEC_OK; k++) {
        excess[k] = conceptdec_i_quality_sum_of(&r, r.excess, k);
        overlap[k] = conceptdec_i_quality_sum_of(&r, r.overlap, k);
    }
    *n_refined += atomic_load(&r.n_refined);
    conceptdec_i_arena_close(&arena);
    return status;
}
