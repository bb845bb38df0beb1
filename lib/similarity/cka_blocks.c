/* Sums of products of all kernels, block by block: a block of each view's kernel in turn, then the products of all
 * pairs of views. No kernel exists whole, unless there is room for all of them. */
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/products.h"
#include "similarity/cka.h"

#define COLUMNS 16 /* of a task */
#define DEPTH CONCEPTDEC_I_PRODUCTS_DEPTH
#define EDGE CONCEPTDEC_I_TILE_ROWS

/* One pair of blocks of rows. */
typedef struct {
    conceptdec_i_cka *c;
    int64_t row, rows, col, cols; /* among the rows in work */
    conceptdec_i_cka_side *side;  /* whose kernel is made */
    char *lanes;
    int64_t lane_bytes;
    double *partial; /* V x V for each task */
} pair;

/* ---- room ---- */

/* The largest number there is where they do not fit into one. */
static int64_t
bytes_of(const conceptdec_i_cka *c, int64_t edge)
{
    int64_t size = 0, bytes;
    for (int64_t v = 0; v < c->n_sides; v++)
        size += c->sides[v].size;
    return conceptdec_i_mul(edge * edge, size, &bytes) ? bytes : INT64_MAX;
}

conceptdec_status
conceptdec_i_cka_choose_edge(conceptdec_i_cka *c)
{
    const int64_t memory = c->s->options.memory, n = c->n;
    int64_t least = c->is_whole ? n : min64(n, EDGE), edge = least;
    if (bytes_of(c, least) > memory)
        return conceptdec_i_fail(
            c->ctx, CONCEPTDEC_ENOMEM, "memory: %lld bytes, but kernels of %lld rows of %lld views take %lld%s",
            (long long)memory, (long long)least, (long long)c->n_sides, (long long)bytes_of(c, least),
            c->is_whole ? ", which permutations and bootstrap go through" : "");
    while (edge < n && bytes_of(c, min64(n, edge + EDGE)) <= memory)
        edge = min64(n, edge + EDGE);
    c->edge = edge;
    for (int64_t v = 0; v < c->n_sides; v++) {
        void *p;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(c->arena, "kernels", edge * edge, (uint64_t)c->sides[v].size, &p));
        c->sides[v].block = p;
    }
    return CONCEPTDEC_OK;
}

/* ---- one kernel ---- */

static conceptdec_i_operand
operand_of(const conceptdec_i_cka *c, const conceptdec_i_cka_side *side, int64_t first, int64_t count)
{
    return (conceptdec_i_operand){
        .view = side->view, .n = count, .row = c->row + first, .mean = side->centre, .scale = side->scale};
}

/* exp(-decay times the squared distance) of `height` rows and one column. */
static void
spread(const double *dots, const double *norms, double norm, double decay, int64_t height, double *out)
{
    for (int64_t i = 0; i < height; i++)
        out[i] = exp(-decay * (norms[i] + norm - 2 * dots[i]));
}

static conceptdec_status
keep_tile(void *argument, const conceptdec_i_tile *tile, int lane)
{
    const pair *p = argument;
    const conceptdec_i_cka_side *side = p->side;
    (void)lane;
    for (int64_t j = 0; j < tile->cols; j++) {
        int64_t height = conceptdec_i_tile_height(tile, j), at = (tile->col + j) * p->c->edge + tile->row;
        const char *dots = (const char *)tile->dots + j * tile->ld * side->size;
        char *out = side->block + at * side->size;
        if (p->c->is_rbf)
            spread((const double *)(const void *)dots, side->norms + p->row + tile->row,
                   side->norms[p->col + tile->col + j], side->decay, height, (double *)(void *)out);
        else
            memcpy(out, dots, (size_t)(height * side->size));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_kernel(pair *p)
{
    conceptdec_i_operand a = operand_of(p->c, p->side, p->row, p->rows), b = operand_of(p->c, p->side, p->col, p->cols);
    return conceptdec_i_tiles_run(p->c->ctx, &a, p->row == p->col ? NULL : &b, p->side->precision, keep_tile, p);
}

/* Rows above the diagonal in column j of the block. */
static int64_t
height_of(const pair *p, int64_t j)
{
    return p->row == p->col ? j : p->rows;
}

/* ---- sums of rows, one view a task ---- */

static conceptdec_status
rows_task(void *argument, int64_t task, int lane)
{
    const pair *p = argument;
    const conceptdec_i_cka_side *side = &p->c->sides[task];
    (void)lane;
    for (int64_t j = 0; j < p->cols; j++) {
        const double *restrict column = (const double *)(const void *)side->block + j * p->c->edge;
        double *restrict rows = side->rows + p->row, sum = 0;
        const int64_t height = height_of(p, j);
        for (int64_t i = 0; i < height; i++) {
            sum += column[i];
            rows[i] += column[i];
        }
        side->rows[p->col + j] += sum;
        CONCEPTDEC_I_TRY(conceptdec_i_poll(p->c->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

/* ---- products, a few columns a task ---- */

static void
widen(const conceptdec_i_cka_side *side, const conceptdec_i_kernels *kernels, int64_t place, int64_t count, double *out)
{
    const char *from = side->block + place * side->size;
    if (side->size == sizeof(float))
        kernels->widen_f32(from, out, count);
    else
        memcpy(out, from, (size_t)count * sizeof(double));
}

static conceptdec_status
products_task(void *argument, int64_t task, int lane)
{
    const pair *p = argument;
    const int64_t v_all = p->c->n_sides, end = task_end(task, COLUMNS, p->cols);
    char *memory = p->lanes + lane * p->lane_bytes;
    double *wide = (double *)(void *)memory, *out = p->partial + task * v_all * v_all;
    conceptdec_i_products products;
    conceptdec_i_products_open(p->c->ctx, v_all, v_all, memory + v_all * DEPTH * (int64_t)sizeof(double), &products);
    for (int64_t j = task * COLUMNS; j < end; j++)
        for (int64_t i = 0, height = height_of(p, j); i < height; i += DEPTH) {
            int64_t count = min64(DEPTH, height - i);
            for (int64_t v = 0; v < v_all; v++)
                widen(&p->c->sides[v], p->c->ctx->kernels, j * p->c->edge + i, count, wide + v * DEPTH);
            conceptdec_i_products_add(&products, wide, DEPTH, wide, DEPTH, count);
        }
    for (int64_t v = 0; v < v_all; v++)
        for (int64_t w = 0; w < v_all; w++)
            out[v * v_all + w] = products.sums[w * products.ld + v];
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_products(pair *p)
{
    const int64_t tasks = ceil_div(p->cols, COLUMNS), square = p->c->n_sides * p->c->n_sides;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(p->c->ctx, tasks, products_task, p));
    for (int64_t task = 0; task < tasks; task++)
        for (int64_t k = 0; k < square; k++)
            p->c->sums[k] += 2 * p->partial[task * square + k];
    return CONCEPTDEC_OK;
}

/* ---- all blocks ---- */

static conceptdec_status
do_pair(pair *p)
{
    for (int64_t v = 0; v < p->c->n_sides; v++) {
        p->side = &p->c->sides[v];
        CONCEPTDEC_I_TRY(make_kernel(p));
    }
    if (p->c->is_rbf)
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(p->c->ctx, p->c->n_sides, rows_task, p));
    return add_products(p);
}

static conceptdec_status
do_all(conceptdec_i_arena *arena, conceptdec_i_cka *c)
{
    pair p = {.c = c};
    const int64_t v_all = c->n_sides;
    void *memory[2];
    p.lane_bytes = v_all * DEPTH * (int64_t)sizeof(double) + conceptdec_i_products_bytes(c->ctx, v_all, v_all);
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "products", conceptdec_i_lanes(c->ctx), (uint64_t)p.lane_bytes, &memory[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "products", ceil_div(c->edge, COLUMNS) * v_all,
                                                 (uint64_t)v_all * sizeof(double), &memory[1]));
    p.lanes = memory[0];
    p.partial = memory[1];
    for (p.col = 0; p.col < c->n; p.col += c->edge)
        for (p.row = 0; p.row <= p.col; p.row += c->edge) {
            p.rows = min64(c->edge, c->n - p.row);
            p.cols = min64(c->edge, c->n - p.col);
            CONCEPTDEC_I_TRY(do_pair(&p));
        }
    return CONCEPTDEC_OK;
}

/* Norms of the rows in work: the diagonal of a linear kernel. As they are centred, rows of the whole kernel sum to
 * 0. */
static conceptdec_status
start_side(conceptdec_i_cka *c, conceptdec_i_cka_side *side)
{
    conceptdec_i_operand all = operand_of(c, side, 0, c->n);
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(c->ctx, &all, side->precision, c->is_rbf ? side->norms : side->diagonal));
    for (int64_t i = 0; i < c->n; i++) {
        side->diagonal[i] = c->is_rbf ? 1 : side->diagonal[i];
        side->rows[i] = c->is_rbf ? 0 : -side->diagonal[i];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_cka_add_up(conceptdec_i_cka *c)
{
    memset(c->sums, 0, (size_t)(c->n_sides * c->n_sides) * sizeof *c->sums);
    for (int64_t i = 0; i < c->n; i++)
        c->row[i] = (int32_t)(c->first + i);
    for (int64_t v = 0; v < c->n_sides; v++)
        CONCEPTDEC_I_TRY(start_side(c, &c->sides[v]));
    if (c->columns)
        return conceptdec_i_cka_add_columns(c);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, c->ctx);
    conceptdec_status status = do_all(&arena, c);
    conceptdec_i_arena_close(&arena);
    return status;
}

int64_t
conceptdec_i_cka_tasks(const conceptdec_i_cka *c)
{
    int64_t tasks = 0;
    for (int64_t col = 0; col < c->n; col += c->edge)
        for (int64_t row = 0; row <= col; row += c->edge) {
            int64_t rows = min64(c->edge, c->n - row), cols = min64(c->edge, c->n - col);
            tasks += ceil_div(cols, COLUMNS) + (c->is_rbf ? c->n_sides : 0);
            for (int64_t v = 0; v < c->n_sides; v++)
                tasks += conceptdec_i_tiles_tasks(c->ctx, rows, row == col ? 0 : cols, c->sides[v].view->cols,
                                                  c->sides[v].precision);
        }
    return tasks;
}
