/* CKA under permutations of the second's rows, and of rows that a bootstrap draws: from kernels that stay in memory. A
 * draw is a task. */
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/products.h"
#include "similarity/cka.h"

#define DEPTH CONCEPTDEC_I_PRODUCTS_DEPTH
#define ROWS 16 /* of a task that mirrors */

typedef struct {
    const conceptdec_i_cka *c;
    int64_t n_first, n_second; /* vectors of both sides of the products */
    char *lanes;
    int64_t lane_bytes;
} drawing;

/* What a lane has. */
typedef struct {
    double *first, *second; /* pieces of vectors */
    conceptdec_i_cka_draw draw;
    conceptdec_i_products products;
} lane_memory;

static int64_t
bytes_of_pieces(const drawing *d)
{
    return (d->n_first + d->n_second) * DEPTH * (int64_t)sizeof(double);
}

static conceptdec_status
open_lanes(conceptdec_i_arena *arena, drawing *d)
{
    void *p;
    d->lane_bytes = bytes_of_pieces(d) + conceptdec_i_cka_draw_bytes(d->c) +
                    conceptdec_i_products_bytes(arena->ctx, d->n_first, d->n_second);
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "draws", conceptdec_i_lanes(arena->ctx), (uint64_t)d->lane_bytes, &p));
    d->lanes = p;
    return CONCEPTDEC_OK;
}

static lane_memory
lane_of(const drawing *d, int lane)
{
    char *memory = d->lanes + lane * d->lane_bytes;
    lane_memory m = {.first = (double *)(void *)memory};
    m.second = m.first + d->n_first * DEPTH;
    memory += bytes_of_pieces(d);
    conceptdec_i_cka_draw_open(d->c, memory, &m.draw);
    conceptdec_i_products_open(d->c->ctx, d->n_first, d->n_second, memory + conceptdec_i_cka_draw_bytes(d->c),
                               &m.products);
    return m;
}

/* ---- whole kernels ---- */

/* The half that the tiles left out, and the diagonal; a few rows of one view. */
static conceptdec_status
mirror_task(void *argument, int64_t task, int lane)
{
    const conceptdec_i_cka *c = argument;
    const int64_t pieces = ceil_div(c->n, ROWS), first = task % pieces * ROWS, edge = c->edge;
    const conceptdec_i_cka_side *side = &c->sides[task / pieces];
    (void)lane;
    for (int64_t j = first; j < c->n; j++)
        for (int64_t i = first; i < min64(first + ROWS, j + 1); i++) {
            double value = i < j ? conceptdec_i_cka_at(side, j * edge + i) : 0;
            if (side->size == sizeof(float))
                ((float *)(void *)side->block)[i * edge + j] = (float)value;
            else
                ((double *)(void *)side->block)[i * edge + j] = value;
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
mirror(conceptdec_i_cka *c)
{
    const int64_t tasks = c->n_sides * ceil_div(c->n, ROWS);
    conceptdec_i_stage(c->ctx, "kernels", tasks);
    return conceptdec_i_parallel(c->ctx, tasks, mirror_task, c);
}

/* Elements of row `row` in the columns that a list names. */
static void
gather(const conceptdec_i_cka_side *side, int64_t edge, int64_t row, const int32_t *columns, int64_t count, double *out)
{
    if (side->size == sizeof(float)) {
        const float *restrict from = (const float *)(const void *)side->block + row * edge;
        for (int64_t k = 0; k < count; k++)
            out[k] = (double)from[columns[k]];
    } else {
        const double *restrict from = (const double *)(const void *)side->block + row * edge;
        for (int64_t k = 0; k < count; k++)
            out[k] = from[columns[k]];
    }
}

static void
widen(const conceptdec_i_cka *c, const conceptdec_i_cka_side *side, int64_t row, int64_t column, int64_t count,
      double *out)
{
    const char *from = side->block + (row * c->edge + column) * side->size;
    if (side->size == sizeof(float))
        c->ctx->kernels->widen_f32(from, out, count);
    else
        memcpy(out, from, (size_t)count * sizeof(double));
}

/* ---- permutations ---- */

static conceptdec_status
add_permuted(const drawing *d, lane_memory *m)
{
    const conceptdec_i_cka *c = d->c;
    for (int64_t i = 0; i < c->n; i++) {
        for (int64_t first = i + 1; first < c->n; first += DEPTH) {
            int64_t count = min64(DEPTH, c->n - first);
            for (int64_t v = 0; v < d->n_first; v++)
                widen(c, &c->sides[v], i, first, count, m->first + v * DEPTH);
            for (int64_t w = 0; w < d->n_second; w++)
                gather(&c->sides[conceptdec_i_similarity_second(c->s, w)], c->edge, m->draw.order[i],
                       m->draw.order + first, count, m->second + w * DEPTH);
            conceptdec_i_products_add(&m->products, m->first, DEPTH, m->second, DEPTH, count);
        }
        CONCEPTDEC_I_TRY(conceptdec_i_poll(c->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
permute_task(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    const conceptdec_i_cka *c = d->c;
    const conceptdec_i_similarity *s = c->s;
    lane_memory m = lane_of(d, lane);
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_order(s, s->n, s->groups, task, m.draw.order));
    CONCEPTDEC_I_TRY(add_permuted(d, &m));
    for (int64_t i = 0; i < s->n_a; i++)
        for (int64_t j = 0; j < s->n_b; j++)
            m.draw.sums[i * c->n_sides + conceptdec_i_similarity_second(s, j)] =
                2 * m.products.sums[j * m.products.ld + i];
    conceptdec_i_cka_conclude_order(c, &m.draw, s->null + task * s->n_a * s->n_b);
    return CONCEPTDEC_OK;
}

/* ---- bootstrap ---- */

/* Each kernel's row i in some columns, by the weights of both. */
static void
weigh(const drawing *d, const lane_memory *m, int64_t i, const int32_t *columns, int64_t count)
{
    const int64_t v_all = d->c->n_sides;
    const double own = m->draw.weight[i];
    for (int64_t v = 0; v < v_all; v++) {
        const double *from = m->second + v * DEPTH;
        for (int64_t weighting = 0; weighting < d->n_first / v_all; weighting++) {
            double *restrict to = m->first + (weighting * v_all + v) * DEPTH;
            for (int64_t k = 0; k < count; k++) {
                double other = m->draw.weight[columns[k]], both = own * other;
                to[k] = from[k] * (weighting == CONCEPTDEC_I_CKA_ONCE    ? both
                                   : weighting == CONCEPTDEC_I_CKA_MIXED ? both * (own + other)
                                                                         : both * both);
            }
        }
    }
}

static conceptdec_status
add_drawn(const drawing *d, lane_memory *m)
{
    const int64_t kept = m->draw.n_kept;
    const conceptdec_i_cka *c = d->c;
    for (int64_t k = 0; k < kept; k++) {
        const int64_t i = m->draw.kept[k];
        for (int64_t first = k + 1; first < kept; first += DEPTH) {
            int64_t count = min64(DEPTH, kept - first);
            for (int64_t v = 0; v < c->n_sides; v++)
                gather(&c->sides[v], c->edge, i, m->draw.kept + first, count, m->second + v * DEPTH);
            weigh(d, m, i, m->draw.kept + first, count);
            conceptdec_i_products_add(&m->products, m->first, DEPTH, m->second, DEPTH, count);
        }
        for (int64_t v = 0; v < c->n_sides; v++) {
            double sum = 0;
            for (int64_t l = 0; l < kept; l++)
                sum +=
                    m->draw.weight[m->draw.kept[l]] * conceptdec_i_cka_at(&c->sides[v], i * c->edge + m->draw.kept[l]);
            m->draw.rows[v * c->n + i] = sum;
        }
        CONCEPTDEC_I_TRY(conceptdec_i_poll(c->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

/* Tiles have seen each pair once: two weights that are not alike add up to both orders, the others count twice. */
static conceptdec_status
resample_task(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    const conceptdec_i_cka *c = d->c;
    const int64_t v_all = c->n_sides;
    lane_memory m = lane_of(d, lane);
    CONCEPTDEC_I_TRY(conceptdec_i_cka_draw_rows(c, task, &m.draw));
    CONCEPTDEC_I_TRY(add_drawn(d, &m));
    for (int64_t vector = 0; vector < d->n_first; vector++)
        for (int64_t w = 0; w < v_all; w++)
            m.draw.sums[vector * v_all + w] =
                m.products.sums[w * m.products.ld + vector] * (vector / v_all == CONCEPTDEC_I_CKA_MIXED ? 1 : 2);
    conceptdec_i_cka_conclude_draw(c, &m.draw, c->s->draws + task * c->s->n_a * c->s->n_b);
    return CONCEPTDEC_OK;
}

/* ---- both ---- */

static conceptdec_status
run(drawing *d, const char *stage, int64_t draws, conceptdec_i_task task)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, d->c->ctx);
    conceptdec_status status = open_lanes(&arena, d);
    conceptdec_i_stage(d->c->ctx, stage, draws);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_parallel(d->c->ctx, draws, task, d);
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_cka_draw_kernels(conceptdec_i_cka *c)
{
    const conceptdec_i_similarity *s = c->s;
    drawing orders = {.c = c, .n_first = s->n_a, .n_second = s->n_b};
    drawing draws = {.c = c, .n_first = c->n_sides, .n_second = c->n_sides};
    if (c->is_debiased)
        draws.n_first *= CONCEPTDEC_I_CKA_WEIGHTINGS;
    CONCEPTDEC_I_TRY(mirror(c));
    if (s->null)
        CONCEPTDEC_I_TRY(run(&orders, "permutations", s->options.permutations, permute_task));
    if (s->draws)
        CONCEPTDEC_I_TRY(run(&draws, "bootstrap", s->options.bootstrap, resample_task));
    return CONCEPTDEC_OK;
}
