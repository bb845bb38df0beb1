/* Quantisation: an item is rotated by sign flips and Hadamard transforms, which spread large elements over all, and
 * then rounded to steps of its own. docs/screening.md bounds every error that is made here. */
#include "linalg/quantized.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/narrow.h"
#include "linalg/rounding.h"

#define UNIT 0x1p-24
#define ITEMS 64 /* of a task */
#define TOGETHER 4 /* items that are split at once, a divisor of a panel */

/* The rotation of `dims` elements: a Hadamard transform of the first `block` = 2^levels, then, where that is not all of
 * them, one of the last `block`; before each, elements change their sign at random. */
typedef struct {
    int64_t dims, block;
    int levels;
    bool twice;
    float *flip;   /* 2 x dims, +1 or -1; normalising factor included */
} rotation;

typedef struct {
    const conceptdec_i_kernels *kernels;
    const conceptdec_i_narrow_kernels *narrow;
    const conceptdec_i_operand *operand;
    conceptdec_i_quantized *set;
    rotation turn;
    const conceptdec_i_leads *leads;
    double *wide;   /* per lane: one row */
    float *rows;    /* per lane: rows that are split at once and one more, padded to lines */
    uint8_t *bytes; /* per lane: a panel, item by item */
    int64_t row_floats;
} job;

static int64_t
round_up(int64_t n, int64_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

static conceptdec_status
make_rotation(conceptdec_i_arena *arena, int64_t dims, rotation *turn)
{
    void *p;
    *turn = (rotation){.dims = dims, .block = 1};
    while (2 * turn->block <= dims) {
        turn->block *= 2;
        turn->levels++;
    }
    turn->twice = turn->block < dims;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rotation", 2 * dims, sizeof(float), &p));
    turn->flip = p;
    float size = (float)ldexp(turn->levels % 2 ? sqrt(0.5) : 1.0, -(turn->levels / 2));
    for (int pass = 0; pass < 2; pass++) {
        conceptdec_i_rng rng;
        conceptdec_i_rng_start(&rng, 0, CONCEPTDEC_I_RNG_SAMPLE, (uint64_t)(1 + pass));
        int64_t first = pass ? dims - turn->block : 0;
        for (int64_t i = 0; i < dims; i++) {
            bool mixed = i >= first && i < first + turn->block;
            turn->flip[pass * dims + i] = (conceptdec_i_rng_unit(&rng) < 0.5 ? -1.0f : 1.0f) * (mixed ? size : 1.0f);
        }
    }
    return CONCEPTDEC_OK;
}

static void
flip(float *restrict x, const float *restrict signs, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] *= signs[i];
}

/* Rotates x in place; `other` is scratch of the same size. */
static void
rotate(const job *j, float *x, float *other)
{
    const rotation *turn = &j->turn;
    int64_t first = turn->dims - turn->block;
    flip(x, turn->flip, turn->dims);
    j->narrow->mix(x, turn->block);
    if (!turn->twice)
        return;
    flip(x, turn->flip + turn->dims, turn->dims);
    memcpy(other, x + first, (size_t)turn->block * sizeof *x);
    j->narrow->mix(other, turn->block);
    memcpy(x + first, other, (size_t)turn->block * sizeof *x);
}

/* The relative error of a rotated item: centring, two flips with their factor, levels of additions, each pass. */
static double
rotation_error(const rotation *turn)
{
    return (2.0 * (turn->levels + 3) + 2) * UNIT * 1.01;
}

/* The relative error of taking an item apart: two roundings for each direction. */
static double
split_error(const conceptdec_i_leads *leads)
{
    return 2 * leads->n * UNIT * 1.01;
}

/* What the screen needs of one item, all bounds on the safe side. */
static void
describe(const job *j, int64_t item, double norm2, float step, float rest2, const int64_t *sums)
{
    conceptdec_i_quantized *set = j->set;
    double norm = sqrt(norm2) * (1 + 8 * UNIT);
    double chain = (double)(set->dims / 16 + 32) * UNIT;
    double errors = rotation_error(&j->turn) + split_error(j->leads) + 8 * UNIT;
    double rest = sqrt((double)rest2 * (1 + 2 * chain)) + errors * norm + 0x1p-50;
    double reach = (double)step * sqrt((double)sums[1]) * (1 + UNIT);
    set->norms[item] = norm2;
    set->start[item] = (int32_t)(-j->narrow->bias * sums[0]);
    set->step[item] = step;
    set->whole[item] = conceptdec_i_round_up(reach + rest);
    set->reach[item] = conceptdec_i_round_up(2 * reach);
    set->spread[item] = conceptdec_i_round_up(2 * rest);
}

/* What is left of an item after its leading directions. */
static void
quantize_item(const job *j, int64_t item, double norm2, float *row, float *other, uint8_t *bytes)
{
    int64_t dims = j->set->dims, sums[2] = {0, 0};
    rotate(j, row, other);
    float step = j->narrow->step(row, dims), rest2;
    if (step < 0x1p-100f) { /* nothing is left to speak of: less than what describe() adds for underflow */
        memset(bytes, j->narrow->bias, (size_t)dims);
        describe(j, item, norm2, 0, 0, sums);
        return;
    }
    rest2 = j->narrow->quantize(row, 1 / step, step, bytes, dims, sums);
    describe(j, item, norm2, step, rest2, sums);
}

/* The first share of an item; the others are a panel's width apart. */
static float *
lead_of(const conceptdec_i_quantized *set, int64_t item)
{
    return set->lead + item / CONCEPTDEC_I_PANEL * set->n_leads * CONCEPTDEC_I_PANEL + item % CONCEPTDEC_I_PANEL;
}

/* At most TOGETHER items, which share what is read of the leading directions. */
static void
quantize_items(const job *j, int64_t first, int64_t count, int lane, uint8_t *bytes)
{
    const conceptdec_i_quantized *set = j->set;
    double *wide = j->wide + lane * set->dims, norms[TOGETHER];
    float shares[TOGETHER * CONCEPTDEC_I_MOST_LEADS];
    float *rows = j->rows + lane * (TOGETHER + 1) * j->row_floats, *other = rows + TOGETHER * j->row_floats;
    for (int64_t r = 0; r < count; r++) {
        conceptdec_i_operand_row(j->kernels, j->operand, first + r, wide);
        norms[r] = j->kernels->center_f32(wide, conceptdec_i_operand_mean(j->operand, first + r), j->operand->scale,
                                          rows + r * j->row_floats, set->dims);
    }
    j->narrow->split(j->leads->basis, set->n_leads, rows, j->row_floats, count, shares);
    for (int64_t r = 0; r < count; r++)
        for (int32_t k = 0; k < set->n_leads; k++)
            lead_of(set, first + r)[k * CONCEPTDEC_I_PANEL] = shares[r * set->n_leads + k];
    for (int64_t r = 0; r < count; r++)
        quantize_item(j, first + r, norms[r], rows + r * j->row_floats, other, bytes + r * 4 * set->groups);
}

/* Items past the last are zero. */
static conceptdec_status
quantize_task(void *argument, int64_t task, int lane)
{
    const job *j = argument;
    const conceptdec_i_quantized *set = j->set;
    uint8_t *bytes = j->bytes + lane * set->panel_bytes;
    for (int64_t first = task * ITEMS; first < (task + 1) * ITEMS; first += CONCEPTDEC_I_PANEL) {
        memset(bytes, j->narrow->bias, (size_t)set->panel_bytes);
        for (int64_t r = 0; r < CONCEPTDEC_I_PANEL && first + r < set->n; r += TOGETHER) {
            const int64_t left = set->n - first - r;
            quantize_items(j, first + r, left < TOGETHER ? left : TOGETHER, lane, bytes + r * 4 * set->groups);
        }
        j->kernels->interleave_f32((const float *)(const void *)bytes, set->groups, CONCEPTDEC_I_PANEL, set->groups,
                                   CONCEPTDEC_I_PANEL,
                                   (float *)(void *)(set->panels + first / CONCEPTDEC_I_PANEL * set->panel_bytes));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_set(conceptdec_i_arena *arena, const conceptdec_i_operand *operand, const conceptdec_i_leads *leads,
         conceptdec_i_quantized *set)
{
    int64_t dims = operand->view->cols, room = round_up(operand->n, CONCEPTDEC_I_TILE_ROWS);
    void *p[8];
    *set = (conceptdec_i_quantized){.n = operand->n, .dims = dims, .groups = (dims + 3) / 4, .n_leads = leads->n,
                                    .lead_error = leads->error};
    set->panel_bytes = set->groups * 4 * CONCEPTDEC_I_PANEL;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "quantised rows", room, (uint64_t)set->groups * 4, &p[0]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "quantised rows", room + CONCEPTDEC_I_PANEL, sizeof(int32_t), &p[1]));
    for (int i = 2; i < 6; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "quantised rows", room, sizeof(float), &p[i]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "quantised rows", room * leads->n + 1, sizeof(float), &p[6]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row norms", operand->n, sizeof(double), &p[7]));
    set->panels = p[0];
    set->start = p[1];
    set->step = p[2];
    set->whole = p[3];
    set->reach = p[4];
    set->spread = p[5];
    set->lead = p[6];
    set->norms = p[7];
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_scratch(conceptdec_i_arena *arena, job *j)
{
    int64_t lanes = conceptdec_i_lanes(arena->ctx), dims = j->set->dims;
    void *p[3];
    j->row_floats = conceptdec_i_leads_stride(dims);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", lanes * dims, sizeof(double), &p[0]));
    const int64_t floats = lanes * (TOGETHER + 1) * j->row_floats;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", floats, sizeof(float), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", lanes * j->set->panel_bytes, 1, &p[2]));
    j->wide = p[0];
    j->rows = p[1];
    j->bytes = p[2];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_quantize(conceptdec_i_arena *arena, const conceptdec_i_operand *operand, const conceptdec_i_leads *leads,
                      conceptdec_i_quantized *quantized)
{
    conceptdec_ctx *ctx = arena->ctx;
    job j = {.kernels = ctx->kernels, .narrow = ctx->narrow, .operand = operand, .set = quantized, .leads = leads};
    CONCEPTDEC_I_TRY(take_set(arena, operand, leads, quantized));
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, ctx);
    conceptdec_status status = make_rotation(&scratch, quantized->dims, &j.turn);
    if (status == CONCEPTDEC_OK)
        status = take_scratch(&scratch, &j);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_parallel(ctx, round_up(operand->n, CONCEPTDEC_I_TILE_ROWS) / ITEMS, quantize_task, &j);
    conceptdec_i_arena_close(&scratch);
    return status;
}
