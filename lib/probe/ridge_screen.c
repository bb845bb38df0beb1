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
#define DEPTH 256                      /* directions of one product: its panels stay in a first-level cache */
#define TILE_BYTES ((int64_t)256 << 10)

typedef conceptdec_i_ridge_screen screen;

static int64_t
count_rows(const screen *s)
{
    return s->panels * s->mr;
}

static int64_t
count_tasks(const screen *s)
{
    return ceil_div(s->panels, s->rows_panels);
}

/* ---- the plan ---- */

static bool
is_wanted(const conceptdec_i_ridge_part *part)
{
    const conceptdec_i_fitting *fitting = part->fitting;
    return fitting->credits_only && fitting->leave == CONCEPTDEC_I_LEAVE_ONE && fitting->classes > 2 &&
           fitting->classes <= CONCEPTDEC_I_RIDGE_MOST_CLASSES && part->n_lambdas <= CONCEPTDEC_I_RIDGE_MOST_LAMBDAS && part->rank > 0 &&
           part->precision == CONCEPTDEC_I_TILE_F32 && part->fitting->ctx->kernels->mr_f32 <= CONCEPTDEC_I_RIDGE_MOST_ROWS;
}

/* Label sets of a tile: of those numbers that fit, the one whose columns leave least of their panels empty. */
static void
choose_tile(screen *s)
{
    int64_t set_bytes = s->rows_panels * s->mr * s->classes * s->blend.total * (int64_t)sizeof(float), best = INT64_MAX;
    for (int64_t sets = 1; sets <= s->most_sets && (sets == 1 || sets * set_bytes <= TILE_BYTES); sets++) {
        int64_t panels = ceil_div(sets * s->classes, s->nr), waste = panels * s->nr * 1024 / sets;
        if (waste <= best) {
            best = waste;
            s->abreast = sets;
            s->tile_panels = panels;
        }
    }
}

typedef struct {
    int64_t turned, rows, shares, along, packed, lane_floats, lane_doubles, partial;
} sizes;

static sizes
find_sizes(const screen *s)
{
    int64_t lambdas = s->blend.n_lambdas, lambda_panels = ceil_div(lambdas, s->nr);
    int64_t stride = conceptdec_i_ridge_value_stride(s);
    return (sizes){
        .turned = count_rows(s) * s->blend.n,
        .rows = count_rows(s) * lambdas,
        .shares = lambda_panels * s->nr * s->blend.total,
        .along = s->most_sets * s->classes * s->blend.n,
        .packed = ceil_div(s->most_sets, s->abreast) * s->tile_panels * s->nr * s->blend.depth,
        .lane_floats = s->rows_panels * s->tile_panels * s->nr * conceptdec_i_ridge_product_stride(s) +
                       s->classes * lambda_panels * s->nr * stride,
        .lane_doubles = s->blend.n + s->classes,
        .partial = count_tasks(s) * s->most_sets * lambdas,
    };
}

static int64_t
bytes_of(const screen *s, const sizes *z)
{
    int64_t lanes = conceptdec_i_lanes(s->part->fitting->ctx);
    return 4 * (z->turned + 2 * z->rows + z->shares + z->packed + lanes * z->lane_floats) +
           8 * (z->along + lanes * z->lane_doubles + z->partial + 4 * s->blend.n_lambdas * (s->blend.n + s->most_sets));
}

static conceptdec_status
take_buffers(conceptdec_i_arena *arena, const sizes *z, screen *s)
{
    int64_t lambdas = s->blend.n_lambdas, lanes = conceptdec_i_lanes(arena->ctx);
    float **floats[] = {&s->turned, &s->reach, &s->leverage, &s->shares, &s->packed, &s->scratch};
    const int64_t n_floats[] = {z->turned, z->rows, z->rows, z->shares, z->packed, lanes * z->lane_floats};
    double **doubles[] = {&s->along, &s->spread, &s->row, &s->partial, &s->credit};
    const int64_t n_doubles[] = {z->along, s->most_sets * lambdas, lanes * z->lane_doubles, z->partial, s->most_sets * lambdas};
    void *p;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "screening", n_floats[i], sizeof(float), &p));
        *floats[i] = p;
    }
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "screening", n_doubles[i], sizeof(double), &p));
        *doubles[i] = p;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", lambdas, sizeof(int64_t), &p));
    s->n_scored = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", s->most_sets, sizeof(bool), &p));
    s->is_plain = p;
    return CONCEPTDEC_OK;
}

static void
pack_shares(const screen *s)
{
    int64_t lambdas = s->blend.n_lambdas, total = s->blend.total;
    for (int64_t l = 0; l < ceil_div(lambdas, s->nr) * s->nr; l++)
        for (int64_t q = 0; q < total; q++)
            s->shares[(l / s->nr * total + q) * s->nr + l % s->nr] = l < lambdas ? s->blend.share[q * lambdas + l] : 0;
}

conceptdec_status
conceptdec_i_ridge_screen_open(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part, int64_t most_sets,
                               conceptdec_i_ridge_screen **out)
{
    const conceptdec_i_kernels *kernels = arena->ctx->kernels;
    void *p;
    *out = NULL;
    if (!is_wanted(part))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "screening", 1, sizeof(screen), &p));
    screen *s = p;
    *s = (screen){.part = part, .classes = part->fitting->classes, .most_sets = most_sets, .mr = kernels->mr_f32,
                  .nr = kernels->nr_f32, .panels = ceil_div(part->members.n_left, kernels->mr_f32)};
    s->rows_panels = ROWS / s->mr > 0 ? ROWS / s->mr : 1;
    CONCEPTDEC_I_TRY(conceptdec_i_ridge_blend_make(arena, part, (part->rank < DEPTH ? part->rank : DEPTH) +
                                                   ceil_div(part->rank, DEPTH), &s->blend));
    choose_tile(s);
    sizes z = find_sizes(s);
    if (bytes_of(s, &z) > part->fitting->options->memory / 4)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(take_buffers(arena, &z, s));
    pack_shares(s);
    memset(s->turned + (s->panels - 1) * s->blend.n * s->mr, 0, (size_t)(s->blend.n * s->mr) * sizeof(float));
    *out = s;
    return CONCEPTDEC_OK;
}

/* ---- rows ---- */

void
conceptdec_i_ridge_screen_store(const conceptdec_i_ridge_screen *s, const double *rotated, int64_t ld, int64_t first,
                                int64_t count)
{
    for (int64_t j = 0; j < s->blend.n; j++) {
        const double *u = rotated + (s->part->r - 1 - j) * ld;
        for (int64_t i = 0; i < count; i++) {
            int64_t at = first + i;
            s->turned[(at / s->mr * s->blend.n + j) * s->mr + at % s->mr] = (float)(u[i] * s->blend.root[j]);
        }
    }
}

/* What rounding u and the sum itself lose of the reach is little against the factor. */
static conceptdec_status
reach_task(void *argument, int64_t panel, int lane)
{
    const screen *s = argument;
    const conceptdec_i_members *m = &s->part->members;
    (void)lane;
    for (int64_t l = 0; l < s->blend.n_lambdas; l++) {
        double sums[CONCEPTDEC_I_RIDGE_MOST_ROWS] = {0};
        for (int64_t j = 0; j < s->blend.n; j++) {
            const float *u = s->turned + (panel * s->blend.n + j) * s->mr;
            for (int64_t i = 0; i < s->mr; i++)
                sums[i] += s->blend.rest[l * s->blend.n + j] * (double)(u[i] * u[i]);
        }
        for (int64_t i = 0; i < s->mr; i++) {
            int64_t row = panel * s->mr + i, at = l * count_rows(s) + row;
            double freedom = row < m->n_left ? s->part->freedom[l * m->n_left + row] : (double)NAN;
            s->reach[at] = (float)(sqrt(sums[i]) * 1.0001);
            s->leverage[at] = isnan(freedom) ? INFINITY : (float)(2 - 2 / freedom);
        }
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_screen_ready(conceptdec_i_ridge_screen **out)
{
    screen *s = *out;
    if (!s)
        return CONCEPTDEC_OK;
    if (s->part->is_complement || s->part->precision != CONCEPTDEC_I_TILE_F32) {
        *out = NULL;
        return CONCEPTDEC_OK;
    }
    int64_t n = s->part->members.n_left;
    for (int64_t l = 0; l < s->blend.n_lambdas; l++)
        for (int64_t i = 0; i < n; i++)
            s->n_scored[l] += !isnan(s->part->freedom[l * n + i]);
    return conceptdec_i_parallel(s->part->fitting->ctx, s->panels, reach_task, s);
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
    int64_t n = s->blend.n, lambdas = s->blend.n_lambdas;
    double *spread = s->spread + set * lambdas;
    (void)lane;
    memset(spread, 0, (size_t)lambdas * sizeof *spread);
    for (int64_t c = 0; c < s->classes; c++) {
        const double *from = g->batch->along + (set * s->classes + c) * s->part->r;
        double *along = s->along + (set * s->classes + c) * n;
        for (int64_t j = 0; j < n; j++)
            along[j] = from[s->part->r - 1 - j] * s->blend.root[j];
        for (int64_t l = 0; l < lambdas; l++) {
            double sum = 0;
            for (int64_t j = 0; j < n; j++)
                sum += s->blend.rest[l * n + j] * (along[j] * along[j]);
            spread[l] = fmax(spread[l], 2.0002 * sqrt(sum));
        }
    }
    s->is_plain[set] = has_spare_rows(&s->part->members, g->batch->labels[set], s->classes);
    return CONCEPTDEC_OK;
}

/* Columns of a tile: what each has along every function, panel by panel. */
static conceptdec_status
pack_task(void *argument, int64_t tile, int lane)
{
    const conceptdec_i_ridge_judging *g = argument;
    const screen *s = g->screen;
    const conceptdec_i_ridge_blend *b = &s->blend;
    int64_t first = tile * s->abreast * s->classes, end = g->batch->n_sets * s->classes;
    (void)lane;
    for (int64_t column = 0; column < s->tile_panels * s->nr; column++) {
        bool is_there = column < s->abreast * s->classes && first + column < end;
        const double *along = s->along + (is_there ? first + column : 0) * b->n, *function = b->function;
        float *out = s->packed + (tile * s->tile_panels + column / s->nr) * b->depth * s->nr + column % s->nr;
        for (int64_t block = 0; block < b->n_blocks; block++)
            for (int64_t q = 0; q < b->rank[block]; q++)
                for (int64_t j = b->first[block]; j < b->first[block + 1]; j++, function++, out += s->nr)
                    *out = is_there ? (float)(along[j] * *function) : 0;
    }
    return CONCEPTDEC_OK;
}

/* ---- tiles ---- */

/* Products of one function: rows of the task by columns of the tile. */
static void
multiply(const screen *s, int64_t first_panel, int64_t panels, const float *packed, int64_t first, int64_t count, float *out)
{
    const conceptdec_i_kernels *kernels = s->part->fitting->ctx->kernels;
    int64_t stride = conceptdec_i_ridge_product_stride(s);
    for (int64_t p = 0; p < count; p += DEPTH) {
        int64_t depth = count - p < DEPTH ? count - p : DEPTH;
        for (int64_t k = 0; k < s->tile_panels; k++)
            for (int64_t i = 0; i < panels; i++)
                kernels->panel_f32(depth, s->turned + ((first_panel + i) * s->blend.n + first + p) * s->mr,
                                   packed + (k * s->blend.depth + p) * s->nr,
                                   out + (i * s->tile_panels + k) * s->nr * stride, stride, p > 0);
    }
}

static void
multiply_tile(const screen *s, int64_t first_panel, int64_t panels, int64_t tile, float *products)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    const float *packed = s->packed + tile * s->tile_panels * b->depth * s->nr;
    for (int64_t block = 0; block < b->n_blocks; block++) {
        int64_t count = b->first[block + 1] - b->first[block];
        for (int64_t q = 0; q < b->rank[block]; q++, packed += count * s->nr, products += s->mr)
            multiply(s, first_panel, panels, packed, b->first[block], count, products);
    }
}

static conceptdec_status
rows_task(void *argument, int64_t task, int lane)
{
    const conceptdec_i_ridge_judging *g = argument;
    const screen *s = g->screen;
    int64_t first = task * s->rows_panels, sets = g->batch->n_sets;
    int64_t panels = s->panels - first < s->rows_panels ? s->panels - first : s->rows_panels;
    int64_t column_floats = conceptdec_i_ridge_product_stride(s), panel_floats = s->tile_panels * s->nr * column_floats;
    float *products = s->scratch + lane * g->lane_floats, *values = products + s->rows_panels * panel_floats;
    double *partial = s->partial + task * s->most_sets * s->blend.n_lambdas;
    memset(partial, 0, (size_t)(sets * s->blend.n_lambdas) * sizeof *partial);
    for (int64_t set = 0; set < sets; set += s->abreast) {
        multiply_tile(s, first, panels, set / s->abreast, products);
        for (int64_t k = set; k < sets && k < set + s->abreast; k++)
            for (int64_t i = 0; i < panels && s->is_plain[k]; i++)
                conceptdec_i_ridge_judge(g, first + i, k,
                                         products + i * panel_floats + (k - set) * s->classes * column_floats, values,
                                         s->row + lane * (s->blend.n + s->classes), partial + k * s->blend.n_lambdas);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(s->part->fitting->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_screen_run(conceptdec_i_ridge_screen *s, const conceptdec_i_ridge_batch *batch)
{
    conceptdec_ctx *ctx = s->part->fitting->ctx;
    int64_t lambdas = s->blend.n_lambdas, tasks = count_tasks(s);
    conceptdec_i_ridge_judging g = {.screen = s, .batch = batch, .lane_floats = find_sizes(s).lane_floats};
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, batch->n_sets, set_task, &g));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, ceil_div(batch->n_sets, s->abreast), pack_task, &g));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, tasks, rows_task, &g));
    for (int64_t i = 0; i < batch->n_sets * lambdas; i++) {
        s->credit[i] = 0;
        for (int64_t task = 0; task < tasks; task++)
            s->credit[i] += s->partial[task * s->most_sets * lambdas + i];
    }
    return CONCEPTDEC_OK;
}
