/* CKA under permutations of the second's rows, and of rows that a bootstrap draws: from kernels that stay in memory. A draw is a task. */
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/products.h"
#include "similarity/cka.h"

#define DEPTH CONCEPTDEC_I_PRODUCTS_DEPTH
#define ROWS 16 /* of a task that mirrors */

/* Vectors of weighted kernels that enter the products: by w w, and for unbiased estimates also w w^2 + w^2 w and w^2 w^2. */
enum { ONCE, MIXED, TWICE, WEIGHTINGS };

typedef struct {
    const conceptdec_i_cka *c;
    int64_t n_first, n_second; /* vectors of both sides of the products */
    char *lanes;
    int64_t lane_bytes;
} drawing;

/* What a lane has. */
typedef struct {
    double *first, *second; /* pieces of vectors */
    double *weight;         /* n */
    double *rows;           /* V x n: weighted sums of rows */
    double *hsic;           /* V x V */
    int32_t *order;         /* n: of the second's rows; or how often each is drawn */
    int32_t *kept;          /* n: rows that are drawn */
    conceptdec_i_products products;
} lane_memory;

static int64_t
rounded(int64_t bytes)
{
    return ceil_div(bytes, 64) * 64;
}

static conceptdec_status
open_lanes(conceptdec_i_arena *arena, drawing *d)
{
    const int64_t n = d->c->n, v = d->c->n_sides, number = (int64_t)sizeof(double);
    void *p;
    d->lane_bytes = rounded((d->n_first + d->n_second) * DEPTH * number) + rounded(n * number) +
                    rounded(v * n * number) + rounded(v * v * number) + 2 * rounded(n * (int64_t)sizeof(int32_t)) +
                    conceptdec_i_products_bytes(arena->ctx, d->n_first, d->n_second);
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "draws", conceptdec_i_lanes(arena->ctx), (uint64_t)d->lane_bytes, &p));
    d->lanes = p;
    return CONCEPTDEC_OK;
}

static char *
cut(char **memory, int64_t bytes)
{
    char *here = *memory;
    *memory += rounded(bytes);
    return here;
}

static lane_memory
lane_of(const drawing *d, int lane)
{
    const int64_t n = d->c->n, v = d->c->n_sides, number = (int64_t)sizeof(double);
    char *memory = d->lanes + lane * d->lane_bytes;
    lane_memory m;
    m.first = (double *)(void *)cut(&memory, (d->n_first + d->n_second) * DEPTH * number);
    m.second = m.first + d->n_first * DEPTH;
    m.weight = (double *)(void *)cut(&memory, n * number);
    m.rows = (double *)(void *)cut(&memory, v * n * number);
    m.hsic = (double *)(void *)cut(&memory, v * v * number);
    m.order = (int32_t *)(void *)cut(&memory, n * (int64_t)sizeof(int32_t));
    m.kept = (int32_t *)(void *)cut(&memory, n * (int64_t)sizeof(int32_t));
    conceptdec_i_products_open(d->c->ctx, d->n_first, d->n_second, memory, &m.products);
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

conceptdec_status
conceptdec_i_cka_mirror(conceptdec_i_cka *c)
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
                gather(&c->sides[conceptdec_i_similarity_second(c->s, w)], c->edge, m->order[i], m->order + first,
                       count, m->second + w * DEPTH);
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
    double *out = s->null + task * s->n_a * s->n_b;
    lane_memory m = lane_of(d, lane);
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_order(s, s->n, s->groups, task, m.order));
    CONCEPTDEC_I_TRY(add_permuted(d, &m));
    for (int64_t i = 0; i < s->n_a; i++)
        for (int64_t j = 0; j < s->n_b; j++) {
            int64_t v = c->n_sides, w = conceptdec_i_similarity_second(s, j);
            conceptdec_i_cka_terms terms = conceptdec_i_cka_terms_of(c, &c->sides[i], &c->sides[w], m.order);
            terms.products = 2 * m.products.sums[j * m.products.ld + i];
            out[i * s->n_b + j] = conceptdec_i_cka_ratio(conceptdec_i_cka_hsic(&terms, c->n, c->is_debiased),
                                                         c->hsic[i * v + i], c->hsic[w * v + w]);
        }
    return CONCEPTDEC_OK;
}

/* ---- bootstrap ---- */

/* Each kernel's row i in some columns, by the weights of both. */
static void
weigh(const drawing *d, const lane_memory *m, int64_t i, const int32_t *columns, int64_t count)
{
    const int64_t v_all = d->c->n_sides;
    const double own = m->weight[i];
    for (int64_t v = 0; v < v_all; v++) {
        const double *from = m->second + v * DEPTH;
        for (int64_t weighting = 0; weighting < d->n_first / v_all; weighting++) {
            double *restrict to = m->first + (weighting * v_all + v) * DEPTH;
            for (int64_t k = 0; k < count; k++) {
                double other = m->weight[columns[k]], both = own * other;
                to[k] = from[k] * (weighting == ONCE ? both : weighting == MIXED ? both * (own + other) : both * both);
            }
        }
    }
}

static conceptdec_status
add_drawn(const drawing *d, lane_memory *m, int64_t kept)
{
    const conceptdec_i_cka *c = d->c;
    for (int64_t k = 0; k < kept; k++) {
        const int64_t i = m->kept[k];
        for (int64_t first = k + 1; first < kept; first += DEPTH) {
            int64_t count = min64(DEPTH, kept - first);
            for (int64_t v = 0; v < c->n_sides; v++)
                gather(&c->sides[v], c->edge, i, m->kept + first, count, m->second + v * DEPTH);
            weigh(d, m, i, m->kept + first, count);
            conceptdec_i_products_add(&m->products, m->first, DEPTH, m->second, DEPTH, count);
        }
        for (int64_t v = 0; v < c->n_sides; v++) {
            double sum = 0;
            for (int64_t l = 0; l < kept; l++)
                sum += m->weight[m->kept[l]] * conceptdec_i_cka_at(&c->sides[v], i * c->edge + m->kept[l]);
            m->rows[v * c->n + i] = sum;
        }
        CONCEPTDEC_I_TRY(conceptdec_i_poll(c->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

/* Sums of weights' powers over the rows that are drawn. */
static void
sum_powers(const lane_memory *m, int64_t kept, double power[5])
{
    memset(power, 0, 5 * sizeof *power);
    for (int64_t k = 0; k < kept; k++) {
        double weight = m->weight[m->kept[k]], product = 1;
        for (int p = 0; p < 5; p++, product *= weight)
            power[p] += product;
    }
}

/* The biased HSIC of the rows as drawn, copies and all. */
static double
drawn_biased(const drawing *d, const lane_memory *m, int64_t kept, int64_t v, int64_t w)
{
    const conceptdec_i_cka *c = d->c;
    const conceptdec_i_cka_side *a = &c->sides[v], *b = &c->sides[w];
    conceptdec_i_cka_terms t = {.products = 2 * m->products.sums[w * m->products.ld + v]};
    double n = 0;
    for (int64_t k = 0; k < kept; k++) {
        int64_t i = m->kept[k];
        double weight = m->weight[i];
        double row_a = m->rows[v * c->n + i] + weight * a->diagonal[i];
        double row_b = m->rows[w * c->n + i] + weight * b->diagonal[i];
        t.diagonals += weight * weight * a->diagonal[i] * b->diagonal[i];
        t.rows += weight * row_a * row_b;
        t.first += weight * row_a;
        t.second += weight * row_b;
        n += weight;
    }
    return conceptdec_i_cka_hsic(&t, (int64_t)n, false);
}

/* The unbiased HSIC is the mean of k_ij l_ij over pairs of rows, less twice that of k_ij l_iq over triples, plus that of k_ij l_qr over
 * quadruples. Here a tuple of different rows counts as often as its copies can be chosen. */
static double
drawn_unbiased(const drawing *d, const lane_memory *m, int64_t kept, const double power[5], int64_t v, int64_t w)
{
    const conceptdec_i_cka *c = d->c;
    const double *sums = m->products.sums + w * m->products.ld + v;
    const double once = 2 * sums[ONCE * c->n_sides], mixed = sums[MIXED * c->n_sides],
                 twice = 2 * sums[TWICE * c->n_sides];
    const double p1 = power[1], p2 = power[2], p3 = power[3], p4 = power[4];
    double rows = 0, rows_twice = 0, first = 0, second = 0;
    for (int64_t k = 0; k < kept; k++) {
        int64_t i = m->kept[k];
        double weight = m->weight[i], row_a = m->rows[v * c->n + i], row_b = m->rows[w * c->n + i];
        rows += weight * row_a * row_b;
        rows_twice += weight * weight * row_a * row_b;
        first += weight * row_a;
        second += weight * row_b;
    }
    double pairs = p1 * p1 - p2, triples = p1 * p1 * p1 - 3 * p1 * p2 + 2 * p3;
    double quadruples = p1 * p1 * p1 * p1 - 6 * p1 * p1 * p2 + 3 * p2 * p2 + 8 * p1 * p3 - 6 * p4;
    return once / pairs - 2 * (rows - mixed) / triples +
           (first * second - 4 * (rows_twice - twice) - 2 * twice) / quadruples;
}

static void
fill_draw(const drawing *d, const lane_memory *m, int64_t kept, double *out)
{
    const conceptdec_i_cka *c = d->c;
    const conceptdec_i_similarity *s = c->s;
    const int64_t v_all = c->n_sides;
    double power[5];
    sum_powers(m, kept, power);
    for (int64_t v = 0; v < v_all; v++)
        for (int64_t w = v; w < v_all; w++)
            m->hsic[v * v_all + w] = m->hsic[w * v_all + v] =
                c->is_debiased ? drawn_unbiased(d, m, kept, power, v, w) : drawn_biased(d, m, kept, v, w);
    for (int64_t i = 0; i < s->n_a; i++)
        for (int64_t j = 0; j < s->n_b; j++) {
            int64_t w = conceptdec_i_similarity_second(s, j);
            out[i * s->n_b + j] =
                conceptdec_i_cka_ratio(m->hsic[i * v_all + w], m->hsic[i * v_all + i], m->hsic[w * v_all + w]);
        }
}

static conceptdec_status
resample_task(void *argument, int64_t task, int lane)
{
    const drawing *d = argument;
    const conceptdec_i_similarity *s = d->c->s;
    double *out = s->draws + task * s->n_a * s->n_b;
    lane_memory m = lane_of(d, lane);
    int64_t kept = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_drawn(s, s->n, s->groups, task, m.order));
    for (int64_t i = 0; i < s->n; i++) {
        m.weight[i] = m.order[i];
        if (m.order[i] > 0)
            m.kept[kept++] = (int32_t)i;
    }
    if (d->c->is_debiased && kept < CONCEPTDEC_I_CKA_LEAST) {
        for (int64_t pair = 0; pair < s->n_a * s->n_b; pair++)
            out[pair] = (double)NAN;
        return CONCEPTDEC_OK;
    }
    CONCEPTDEC_I_TRY(add_drawn(d, &m, kept));
    fill_draw(d, &m, kept, out);
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
conceptdec_i_cka_permute(conceptdec_i_cka *c)
{
    drawing d = {.c = c, .n_first = c->s->n_a, .n_second = c->s->n_b};
    return run(&d, "permutations", c->s->options.permutations, permute_task);
}

conceptdec_status
conceptdec_i_cka_resample(conceptdec_i_cka *c)
{
    drawing d = {.c = c, .n_first = (c->is_debiased ? WEIGHTINGS : 1) * c->n_sides, .n_second = c->n_sides};
    return run(&d, "bootstrap", c->s->options.bootstrap, resample_task);
}
