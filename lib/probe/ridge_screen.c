/* Credits without decision values: the plan, the rows, the label sets and the tiles. */
#include "probe/ridge_screen.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/tiles.h"
#include "probe/ridge_batch.h"
#include "probe/ridge_judge.h"

#define ROWS 128
#define DEPTH 128                      /* pairs of directions of one product: its panels stay in a first-level cache */
#define TILE_BYTES ((int64_t)128 << 10) /* of columns, which stay in a second-level cache */

typedef conceptdec_i_ridge_screen screen;

static int64_t
count_tasks(const screen *s)
{
    return ceil_div(s->panels, s->rows_panels);
}

/* ---- the plan ---- */

bool
conceptdec_i_ridge_screen_wanted(const conceptdec_i_ridge_part *part)
{
    const conceptdec_i_fitting *fitting = part->fitting;
    return fitting->credits_only && fitting->leave == CONCEPTDEC_I_LEAVE_ONE && fitting->classes > 2 &&
           fitting->classes <= CONCEPTDEC_I_RIDGE_MOST_CLASSES && part->n_lambdas <= CONCEPTDEC_I_RIDGE_MOST_LAMBDAS &&
           part->precision == CONCEPTDEC_I_TILE_F32 &&
           part->fitting->ctx->kernels->mr_f32 <= CONCEPTDEC_I_RIDGE_MOST_ROWS;
}

/* Label sets of a tile: of those numbers that fit, the one whose columns leave least of their panels empty. */
static void
choose_tile(screen *s)
{
    int64_t columns = s->classes - 1, set_bytes = columns * s->depth * 2 * (int64_t)sizeof(int16_t), best = INT64_MAX;
    for (int64_t sets = 1; sets <= s->most_sets && (sets == 1 || sets * set_bytes <= TILE_BYTES); sets++) {
        int64_t panels = ceil_div(sets * columns, s->nr), waste = panels * s->nr * 1024 / sets;
        if (waste <= best) {
            best = waste;
            s->abreast = sets;
            s->tile_panels = panels;
        }
    }
}

/* Blocks' directions in pairs: one that is left over stands beside a zero. */
static conceptdec_status
find_pairs(conceptdec_i_arena *arena, screen *s)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", b->n_blocks + 1, sizeof(int64_t), &p));
    s->first_pair = p;
    for (int64_t block = 0; block < b->n_blocks; block++) {
        int64_t pairs = ceil_div(b->first[block + 1] - b->first[block], 2);
        s->first_pair[block + 1] = s->first_pair[block] + pairs;
        s->depth += b->rank[block] * pairs;
    }
    return CONCEPTDEC_OK;
}

typedef struct {
    int64_t whole, by_row, by_lambda, longest, along, spread, shares, packed, lane_floats, lane_doubles, partial;
} sizes;

static sizes
find_sizes(const screen *s)
{
    int64_t rows = conceptdec_i_ridge_screen_rows(s), lambdas = s->blend.n_lambdas,
            padded = conceptdec_i_ridge_screen_lambdas(s);
    int64_t stride = conceptdec_i_ridge_product_stride(s), doubles = conceptdec_i_ridge_round_doubles(s);
    int64_t judging = s->blend.n + lambdas * s->classes;
    return (sizes){
        .whole = s->panels * s->first_pair[s->blend.n_blocks] * s->mr * 2,
        .by_row = rows,
        .by_lambda = rows * lambdas,
        .longest = s->panels * s->blend.n_blocks,
        .along = s->most_sets * s->classes * s->blend.n,
        .spread = s->most_sets * lambdas * CONCEPTDEC_I_CONTEST_BOUNDS,
        .shares = s->most_sets * padded * s->blend.total,
        .packed = ceil_div(s->most_sets, s->abreast) * s->tile_panels * s->nr * s->depth * 2,
        .lane_floats = (s->tile_panels * s->nr + s->classes) * stride +
                       s->classes * padded * conceptdec_i_ridge_value_stride(s),
        .lane_doubles = doubles > judging ? doubles : judging,
        .partial = count_tasks(s) * s->most_sets * lambdas,
    };
}

/* Of buffers. */
static int64_t
bytes_of(const screen *s, const sizes *z)
{
    const int64_t lanes = conceptdec_i_lanes(s->part->fitting->ctx), lambdas = s->blend.n_lambdas;
    return 2 * (z->whole + z->packed) +
           4 * (z->along + 3 * z->by_row + 2 * z->by_lambda + z->spread + z->shares + lanes * z->lane_floats) +
           8 * (z->longest + z->along + lanes * z->lane_doubles + z->partial + lambdas * (s->most_sets + 1)) +
           s->most_sets;
}

/* Whether all that stays within a part of the memory, and leaves what a problem takes. */
static bool
has_room(const screen *s, int64_t bytes)
{
    const conceptdec_i_ridge_part *part = s->part;
    const int64_t memory = part->fitting->options->memory, turned = conceptdec_i_ridge_turned_rows(part) * part->rank;
    const int64_t blend = conceptdec_i_ridge_blend_doubles(part->rank, part->n_lambdas) * (int64_t)sizeof(double);
    return bytes + blend + turned * (int64_t)sizeof(float) <= memory / 4 &&
           bytes + blend + (part->held + part->least) * (int64_t)sizeof(double) <= memory;
}

static conceptdec_status
take_reals(conceptdec_i_arena *arena, const sizes *z, screen *s)
{
    int64_t lambdas = s->blend.n_lambdas, lanes = conceptdec_i_lanes(arena->ctx);
    float **floats[] = {&s->step, &s->bounds[0], &s->bounds[1], &s->bounds[2],
                        &s->leverage, &s->along_f32, &s->spread, &s->shares, &s->scratch};
    const int64_t n_floats[] = {z->by_row, z->by_row, z->by_row, z->by_lambda,          z->by_lambda,
                                z->along,  z->spread, z->shares, lanes * z->lane_floats};
    double **doubles[] = {&s->longest, &s->along, &s->room, &s->partial, &s->credit};
    const int64_t n_doubles[] = {z->longest, z->along, lanes * z->lane_doubles, z->partial, s->most_sets * lambdas};
    void *p;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "screening", n_floats[i], sizeof(float), &p));
        *floats[i] = p;
    }
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "screening", n_doubles[i], sizeof(double), &p));
        *doubles[i] = p;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_buffers(conceptdec_i_arena *arena, const sizes *z, screen *s)
{
    void *p;
    CONCEPTDEC_I_TRY(take_reals(arena, z, s));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "screening", z->whole, sizeof(int16_t), &p));
    s->whole = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", z->packed, sizeof(int16_t), &p)); /* unused columns are
                                                                                                      0 */
    s->packed = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", s->blend.n_lambdas, sizeof(int64_t), &p));
    s->n_scored = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", s->most_sets, sizeof(bool), &p));
    s->is_plain = p;
    return CONCEPTDEC_OK;
}

/* ---- rows ---- */

static conceptdec_status
panel_task(void *argument, int64_t panel, int lane)
{
    const screen *s = argument;
    const conceptdec_i_members *m = &s->part->members;
    (void)lane;
    conceptdec_i_ridge_round_rows(s, panel);
    for (int64_t l = 0; l < s->blend.n_lambdas; l++)
        for (int64_t row = panel * s->mr; row < (panel + 1) * s->mr; row++) {
            double freedom = row < m->n_left ? s->part->freedom[l * m->n_left + row] : (double)NAN;
            s->leverage[l * conceptdec_i_ridge_screen_rows(s) + row] =
                isnan(freedom) ? INFINITY : (float)(2 - 2 / freedom);
        }
    return CONCEPTDEC_OK;
}

static void
find_longest(const screen *s)
{
    int64_t blocks = s->blend.n_blocks;
    for (int64_t i = blocks; i < s->panels * blocks; i++)
        s->longest[i % blocks] = fmax(s->longest[i % blocks], s->longest[i]);
}

static conceptdec_status
round_rows(screen *s)
{
    int64_t n = s->part->members.n_left;
    for (int64_t l = 0; l < s->blend.n_lambdas; l++)
        for (int64_t i = 0; i < n; i++)
            s->n_scored[l] += !isnan(s->part->freedom[l * n + i]);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(s->part->fitting->ctx, s->panels, panel_task, s));
    find_longest(s);
    return CONCEPTDEC_OK;
}

/* The plan, and what it takes. */
static conceptdec_status
make_plan(conceptdec_i_arena *arena, screen *s, sizes *z)
{
    CONCEPTDEC_I_TRY(conceptdec_i_ridge_blend_make(arena, s->part, &s->blend));
    CONCEPTDEC_I_TRY(find_pairs(arena, s));
    choose_tile(s);
    *z = find_sizes(s);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_screen_open(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part, int64_t most_sets,
                               conceptdec_i_ridge_screen **out)
{
    const conceptdec_i_kernels *kernels = arena->ctx->kernels;
    void *p;
    *out = NULL;
    if (!conceptdec_i_ridge_screen_wanted(part) || part->is_complement || part->rank == 0 || !part->turned)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", 1, sizeof(screen), &p));
    screen *s = p;
    *s = (screen){.part = part, .rows = part->turned, .classes = part->fitting->classes, .most_sets = most_sets,
                  .mr = kernels->mr_f32, .nr = kernels->nr_f32, .panels = ceil_div(part->members.n_left,
                                                                                   kernels->mr_f32)};
    s->rows_panels = ROWS / s->mr > 0 ? ROWS / s->mr : 1;
    sizes z;
    if (!has_room(s, 0))
        return CONCEPTDEC_OK;
    conceptdec_i_arena own;
    conceptdec_i_arena_open(&own, arena->ctx);
    conceptdec_status status = make_plan(&own, s, &z);
    bool is_kept = status == CONCEPTDEC_OK && has_room(s, bytes_of(s, &z));
    if (is_kept)
        conceptdec_i_arena_move(arena, &own);
    conceptdec_i_arena_close(&own);
    if (!is_kept)
        return status;
    part->held += conceptdec_i_ridge_blend_doubles(part->rank, part->n_lambdas) + ceil_div(bytes_of(s, &z), 8);
    CONCEPTDEC_I_TRY(take_buffers(arena, &z, s));
    CONCEPTDEC_I_TRY(round_rows(s));
    *out = s;
    return CONCEPTDEC_OK;
}

/* ---- label sets ---- */

/* Whether no class would be empty without one of its rows. */
static bool
has_spare_rows(const conceptdec_i_members *m, const int32_t *labels, int64_t classes)
{
    int64_t counts[CONCEPTDEC_I_RIDGE_MOST_CLASSES] = {0};
    for (int64_t t = 0; t < m->n_train; t++)
        counts[labels[m->train[t]]] += m->omega[m->train[t]] > 0;
    for (int64_t c = 0; c < classes; c++)
        if (counts[c] == 1)
            return false;
    return true;
}

static conceptdec_status
set_task(void *argument, int64_t set, int lane)
{
    const conceptdec_i_ridge_judging *g = argument;
    const screen *s = g->screen;
    int64_t size = s->classes * s->blend.n;
    double *along = s->along + set * size;
    for (int64_t j = 0; j < size; j++) {
        along[j] *= 2;
        s->along_f32[set * size + j] = (float)along[j];
    }
    for (int64_t c = 0; c < s->classes; c++)
        g->batch->center[set * s->classes + c] = 2 * g->batch->mass[set * s->classes + c] - 1;
    s->is_plain[set] = has_spare_rows(&s->part->members, g->batch->labels[set], s->classes);
    return conceptdec_i_ridge_round_set(s, set, s->room + lane * g->lane_doubles);
}

/* ---- tiles ---- */

/* Products of one function: a panel of rows by the columns of a tile. */
static void
multiply(const screen *s, const int16_t *rows, const int16_t *packed, int64_t pairs, int32_t *out)
{
    int64_t stride = conceptdec_i_ridge_product_stride(s);
    for (int64_t k = 0; k < s->tile_panels; k++)
        for (int64_t p = 0; p < pairs; p += DEPTH)
            s->part->fitting->ctx->kernels->panel_i16(pairs - p < DEPTH ? pairs - p : DEPTH, rows + p * s->mr * 2,
                                                      packed + (k * pairs + p) * s->nr * 2, out + k * s->nr * stride,
                                                      stride, p > 0);
}

static void
multiply_tile(const screen *s, int64_t panel, int64_t tile, int32_t *products)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    const int16_t *rows = s->whole + panel * s->first_pair[b->n_blocks] * s->mr * 2;
    const int16_t *packed = s->packed + tile * s->tile_panels * s->depth * s->nr * 2;
    for (int64_t block = 0; block < b->n_blocks; block++) {
        int64_t first = s->first_pair[block], pairs = s->first_pair[block + 1] - first;
        for (int64_t q = 0; q < b->rank[block]; q++, packed += s->tile_panels * pairs * s->nr * 2, products += s->mr)
            multiply(s, rows + first * s->mr * 2, packed, pairs, products);
    }
}

static conceptdec_status
rows_task(void *argument, int64_t task, int lane)
{
    const conceptdec_i_ridge_judging *g = argument;
    const screen *s = g->screen;
    int64_t first = task * s->rows_panels, sets = g->batch->n_sets, lambdas = s->blend.n_lambdas;
    int64_t end = task_end(task, s->rows_panels, s->panels);
    int64_t column = conceptdec_i_ridge_product_stride(s);
    float *scratch = s->scratch + lane * g->lane_floats;
    int32_t *products = (int32_t *)(void *)scratch;
    double *partial = s->partial + task * s->most_sets * lambdas;
    memset(partial, 0, (size_t)(sets * lambdas) * sizeof *partial);
    for (int64_t set = 0; set < sets; set += s->abreast) {
        for (int64_t panel = first; panel < end; panel++) {
            multiply_tile(s, panel, set / s->abreast, products);
            for (int64_t k = set; k < sets && k < set + s->abreast; k++)
                if (s->is_plain[k])
                    conceptdec_i_ridge_judge(g, panel, k, products + (k - set) * (s->classes - 1) * column,
                                             scratch + s->tile_panels * s->nr * column,
                                             s->room + lane * g->lane_doubles, partial + k * lambdas);
        }
        CONCEPTDEC_I_TRY(conceptdec_i_poll(s->part->fitting->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_screen_run(conceptdec_i_ridge_screen *s, const conceptdec_i_ridge_batch *batch)
{
    conceptdec_ctx *ctx = s->part->fitting->ctx;
    int64_t lambdas = s->blend.n_lambdas, tasks = count_tasks(s);
    const sizes z = find_sizes(s);
    conceptdec_i_ridge_judging g = {
        .screen = s, .batch = batch, .lane_floats = z.lane_floats, .lane_doubles = z.lane_doubles};
    const conceptdec_i_dense rows = {
        .data = s->rows, .n = s->part->members.n_left, .dims = s->blend.n, .stride = s->blend.n};
    CONCEPTDEC_I_TRY(conceptdec_i_class_sums_train(ctx, &rows, &s->part->members, batch->n_sets, batch->labels,
                                                   s->classes, s->along, batch->mass));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, batch->n_sets, set_task, &g));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, tasks, rows_task, &g));
    for (int64_t i = 0; i < batch->n_sets * lambdas; i++) {
        s->credit[i] = 0;
        for (int64_t task = 0; task < tasks; task++)
            s->credit[i] += s->partial[task * s->most_sets * lambdas + i];
    }
    return CONCEPTDEC_OK;
}
