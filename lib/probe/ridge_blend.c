/* Blocks of directions, their functions, and what these leave of the filters. */
#include "probe/ridge_blend.h"

#include <math.h>
#include <string.h>

#include "linalg/factor.h"

#define LEAST_PIECE 16 /* directions that are not taken apart */
#define MOST_PIECES 32
/* What a function costs beside its products, in directions; and what rows that stay in doubt cost, in products of all
 * directions, where the rests are as large as the standard deviation of what is predicted. */
#define FUNCTION_COST 60
#define DOUBT_COST 50
#define ROUNDING 0x1p-45 /* of a filter and of what is left of it */
#define LEAST_SQUARE 1e-200 /* a lambda so large that nothing is left of any direction */

typedef conceptdec_i_ridge_blend blend;

/* Of one block, while its functions are sought. */
typedef struct {
    double *left;    /* directions x lambdas: filters in units of `scale`, less the functions that were taken */
    double *moments; /* lambdas x lambdas: the same's second moments, then eigenvectors, one a row */
    double *values;  /* lambdas */
    double *scale;   /* lambdas: root of the sum of the squared filters */
} search;

static void
find_filters(const conceptdec_i_ridge_part *part, blend *b, double *scale)
{
    for (int64_t l = 0; l < b->n_lambdas; l++) {
        double sum = 0;
        for (int64_t j = 0; j < b->n; j++) {
            double s = part->values[part->r - 1 - j], filter = s / (s + part->lambdas[l]);
            b->filter[l * b->n + j] = filter;
            b->root[j] = 1 / sqrt(s);
            sum += filter * filter;
        }
        scale[l] = sum > LEAST_SQUARE ? sqrt(sum) : 1;
    }
}

/* ---- blocks ---- */

/* Directions in pieces, of which blocks are made. */
typedef struct {
    int64_t step, n;    /* directions of a piece, pieces */
    double *moments;    /* pieces x lambdas x lambdas: second moments of the filters in units of `scale` */
    double *sum, *left; /* lambdas x lambdas: of the pieces of a block, and what functions have left of them */
    double *cost;       /* pieces + 1: of the blocks of all pieces before */
    int64_t *start;     /* pieces + 1: where the last of these begins */
} cutting;

static int64_t
piece_size(int64_t n)
{
    int64_t step = (n + MOST_PIECES - 1) / MOST_PIECES;
    return step < LEAST_PIECE ? LEAST_PIECE : step;
}

static void
add_moments(const blend *b, int64_t first, int64_t end, const double *scale, double *moments)
{
    int64_t lambdas = b->n_lambdas;
    for (int64_t l = 0; l < lambdas; l++)
        for (int64_t m = 0; m < lambdas; m++) {
            double sum = 0;
            for (int64_t j = first; j < end; j++)
                sum += b->filter[l * b->n + j] * b->filter[m * b->n + j];
            moments[l * lambdas + m] = sum / (scale[l] * scale[m]);
        }
}

/* Takes out of moments the function that is the filter of which most is left; returns the sum of squares that stay. */
static double
take_largest(double *left, int64_t lambdas)
{
    int64_t p = 0;
    for (int64_t l = 1; l < lambdas; l++)
        if (left[l * lambdas + l] > left[p * lambdas + p])
            p = l;
    double pivot = left[p * lambdas + p], sum = 0;
    for (int64_t l = 0; l < lambdas && pivot > 0; l++) {
        double factor = left[l * lambdas + p] / pivot;
        for (int64_t m = 0; m < lambdas && l != p; m++)
            left[l * lambdas + m] -= factor * left[p * lambdas + m];
    }
    memset(left + p * lambdas, 0, (size_t)lambdas * sizeof *left);
    for (int64_t l = 0; l < lambdas; l++)
        sum += left[l * lambdas + l] > 0 ? left[l * lambdas + l] : 0;
    return sum;
}

/* Of a block, with about as many functions as cost least. */
static double
block_cost(const blend *b, cutting *c, int64_t count)
{
    int64_t lambdas = b->n_lambdas;
    double left = 0, cost, best = INFINITY;
    memcpy(c->left, c->sum, (size_t)(lambdas * lambdas) * sizeof *c->left);
    for (int64_t l = 0; l < lambdas; l++)
        left += c->sum[l * lambdas + l];
    for (int64_t taken = 0; taken <= lambdas; taken++) {
        double products = (double)(taken * (count + FUNCTION_COST));
        cost = products + DOUBT_COST * (double)b->n * sqrt((double)count * left / (double)lambdas);
        best = cost < best ? cost : best;
        if (products >= best || left <= 0)
            break;
        left = take_largest(c->left, lambdas);
    }
    return best;
}

/* The cheapest blocks of all pieces before each one, from the same of fewer. */
static void
find_costs(const blend *b, cutting *c)
{
    int64_t square = b->n_lambdas * b->n_lambdas;
    for (int64_t k = 1; k <= c->n; k++)
        c->cost[k] = INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        memset(c->sum, 0, (size_t)square * sizeof *c->sum);
        for (int64_t k = i + 1; k <= c->n; k++) {
            int64_t end = k * c->step < b->n ? k * c->step : b->n;
            for (int64_t l = 0; l < square; l++)
                c->sum[l] += c->moments[(k - 1) * square + l];
            double cost = c->cost[i] + block_cost(b, c, end - i * c->step);
            if (cost < c->cost[k]) {
                c->cost[k] = cost;
                c->start[k] = i;
            }
        }
    }
}

static void
find_blocks(blend *b, const double *scale, cutting *c)
{
    int64_t square = b->n_lambdas * b->n_lambdas;
    for (int64_t k = 0; k < c->n; k++)
        add_moments(b, k * c->step, (k + 1) * c->step < b->n ? (k + 1) * c->step : b->n, scale,
                    c->moments + k * square);
    find_costs(b, c);
    for (int64_t k = c->n; k > 0; k = c->start[k])
        b->n_blocks++;
    for (int64_t k = c->n, at = b->n_blocks; at >= 0; k = c->start[k], at--)
        b->first[at] = k * c->step < b->n ? k * c->step : b->n;
}

/* ---- functions ---- */

static conceptdec_status
find_moments(conceptdec_ctx *ctx, const blend *b, int64_t block, search *s)
{
    int64_t lambdas = b->n_lambdas, first = b->first[block], count = b->first[block + 1] - first;
    memset(s->moments, 0, (size_t)(lambdas * lambdas) * sizeof(double));
    for (int64_t j = 0; j < count; j++) {
        double *left = s->left + j * lambdas;
        for (int64_t l = 0; l < lambdas; l++)
            left[l] = b->filter[l * b->n + first + j] / s->scale[l];
        for (int64_t l = 0; l < lambdas; l++)
            for (int64_t m = 0; m < lambdas; m++)
                s->moments[l * lambdas + m] += left[l] * left[m];
    }
    return conceptdec_i_eigen(ctx, lambdas, s->moments, lambdas, s->values);
}

/* Takes the next function, that of eigenvector number `taken` from the largest on: its values and shares, and out of
 * `left`. */
static void
take_function(const blend *b, search *s, int64_t count, int64_t taken, double *function, float *share)
{
    int64_t lambdas = b->n_lambdas;
    const double *vector = s->moments + (lambdas - 1 - taken) * lambdas;
    for (int64_t j = 0; j < count; j++) {
        double *left = s->left + j * lambdas, sum = 0;
        for (int64_t l = 0; l < lambdas; l++)
            sum += left[l] * vector[l];
        for (int64_t l = 0; l < lambdas; l++)
            left[l] -= sum * vector[l];
        function[j] = sum;
    }
    for (int64_t l = 0; l < lambdas; l++)
        share[l] = (float)(vector[l] * s->scale[l]);
}

static double
mean_left(const blend *b, const search *s, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count * b->n_lambdas; i++)
        sum += fabs(s->left[i]);
    return sum / (double)b->n_lambdas;
}

/* As many functions as cost least, with the rows that the rest leaves in doubt. */
static void
choose_functions(blend *b, search *s, int64_t block)
{
    int64_t count = b->first[block + 1] - b->first[block];
    double doubt = DOUBT_COST * (double)b->n, best = doubt * mean_left(b, s, count);
    b->rank[block] = 0;
    for (int64_t taken = 0; taken < b->n_lambdas; taken++) {
        take_function(b, s, count, taken, b->function + b->depth + taken * count,
                      b->share + (b->total + taken) * b->n_lambdas);
        double cost = (double)((taken + 1) * (count + FUNCTION_COST)) + doubt * mean_left(b, s, count);
        if (cost < best) {
            best = cost;
            b->rank[block] = taken + 1;
        }
    }
    b->total += b->rank[block];
    b->depth += b->rank[block] * count;
}

/* What shares, rounded as they are, and functions leave of the filters. */
static void
find_rest(blend *b)
{
    const double *function = b->function;
    const float *share = b->share;
    for (int64_t block = 0; block < b->n_blocks; block++) {
        int64_t first = b->first[block], count = b->first[block + 1] - first;
        for (int64_t l = 0; l < b->n_lambdas; l++)
            for (int64_t j = 0; j < count; j++) {
                double left = b->filter[l * b->n + first + j];
                for (int64_t q = 0; q < b->rank[block]; q++)
                    left -= (double)share[q * b->n_lambdas + l] * function[q * count + j];
                b->rest[l * b->n + first + j] = fabs(left) + ROUNDING;
            }
        function += b->rank[block] * count;
        share += b->rank[block] * b->n_lambdas;
    }
}

static conceptdec_status
take(conceptdec_i_arena *arena, int64_t count, double **out)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "filters", count, sizeof(double), &p));
    *out = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_all(conceptdec_i_arena *arena, blend *b)
{
    int64_t blocks = b->n / piece_size(b->n) + 1;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "filters", blocks + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "filters", blocks, sizeof(int64_t), &p[1]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(arena, "filters", blocks * b->n_lambdas * b->n_lambdas, sizeof(float), &p[2]));
    b->first = p[0];
    b->rank = p[1];
    b->share = p[2];
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &b->function));
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &b->filter));
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &b->rest));
    return take(arena, b->n, &b->root);
}

static conceptdec_status
take_cutting(conceptdec_i_arena *arena, const blend *b, cutting *c)
{
    int64_t square = b->n_lambdas * b->n_lambdas;
    void *p;
    c->step = piece_size(b->n);
    c->n = (b->n + c->step - 1) / c->step;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "filters", c->n + 1, sizeof(int64_t), &p));
    c->start = p;
    CONCEPTDEC_I_TRY(take(arena, c->n * square, &c->moments));
    CONCEPTDEC_I_TRY(take(arena, square, &c->sum));
    CONCEPTDEC_I_TRY(take(arena, square, &c->left));
    CONCEPTDEC_I_TRY(take(arena, c->n + 1, &c->cost));
    c->cost[0] = 0;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_ridge_blend_doubles(int64_t n, int64_t n_lambdas)
{
    const int64_t blocks = n / piece_size(n) + 1, square = n_lambdas * n_lambdas;
    return (4 * n_lambdas + 1) * n + 2 * (blocks + 1) * square + 4 * (blocks + 1) + 3 * square + 2 * n_lambdas +
           conceptdec_i_eigen_doubles(n_lambdas);
}

conceptdec_status
conceptdec_i_ridge_blend_make(conceptdec_i_arena *arena, const conceptdec_i_ridge_part *part,
                              conceptdec_i_ridge_blend *b)
{
    search s;
    cutting c;
    *b = (conceptdec_i_ridge_blend){.n = part->rank, .n_lambdas = part->n_lambdas};
    CONCEPTDEC_I_TRY(take_all(arena, b));
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &s.left));
    CONCEPTDEC_I_TRY(take(arena, b->n_lambdas * b->n_lambdas, &s.moments));
    CONCEPTDEC_I_TRY(take(arena, b->n_lambdas, &s.values));
    CONCEPTDEC_I_TRY(take(arena, b->n_lambdas, &s.scale));
    CONCEPTDEC_I_TRY(take_cutting(arena, b, &c));
    find_filters(part, b, s.scale);
    find_blocks(b, s.scale, &c);
    for (int64_t block = 0; block < b->n_blocks; block++) {
        CONCEPTDEC_I_TRY(find_moments(arena->ctx, b, block, &s));
        choose_functions(b, &s, block);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
    }
    find_rest(b);
    return CONCEPTDEC_OK;
}
