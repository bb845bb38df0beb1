/* Blocks of directions, their functions, and what these leave of the filters. */
#include "probe/ridge_blend.h"

#include <math.h>
#include <string.h>

#include "linalg/factor.h"

#define LEAST_BLOCK 32 /* directions */
#define MOST_SPREAD 2  /* of the eigenvalues of a block that has as many */
/* What a function costs beside its products, in directions; and what rows that stay in doubt cost, in products of all
 * directions, where the rests are as large as the standard deviation of what is predicted. */
#define FUNCTION_COST 30
#define DOUBT_COST 25
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

static void
find_blocks(const conceptdec_i_ridge_part *part, blend *b)
{
    b->first[0] = 0;
    for (int64_t j = 1; j < b->n; j++) {
        double largest = part->values[part->r - 1 - b->first[b->n_blocks]], here = part->values[part->r - 1 - j];
        if (j - b->first[b->n_blocks] >= LEAST_BLOCK && largest > MOST_SPREAD * here)
            b->first[++b->n_blocks] = j;
    }
    b->first[++b->n_blocks] = b->n;
}

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

/* Takes the next function, that of eigenvector number `taken` from the largest on: its values and shares, and out of `left`. */
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
    int64_t blocks = b->n / LEAST_BLOCK + 1;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "filters", blocks + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "filters", blocks, sizeof(int64_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "filters", blocks * b->n_lambdas * b->n_lambdas, sizeof(float), &p[2]));
    b->first = p[0];
    b->rank = p[1];
    b->share = p[2];
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &b->function));
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &b->filter));
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &b->rest));
    return take(arena, b->n, &b->root);
}

conceptdec_status
conceptdec_i_ridge_blend_make(conceptdec_i_arena *arena, const conceptdec_i_ridge_part *part, conceptdec_i_ridge_blend *b)
{
    search s;
    *b = (conceptdec_i_ridge_blend){.n = part->rank, .n_lambdas = part->n_lambdas};
    CONCEPTDEC_I_TRY(take_all(arena, b));
    CONCEPTDEC_I_TRY(take(arena, b->n * b->n_lambdas, &s.left));
    CONCEPTDEC_I_TRY(take(arena, b->n_lambdas * b->n_lambdas, &s.moments));
    CONCEPTDEC_I_TRY(take(arena, b->n_lambdas, &s.values));
    CONCEPTDEC_I_TRY(take(arena, b->n_lambdas, &s.scale));
    find_filters(part, b, s.scale);
    find_blocks(part, b);
    for (int64_t block = 0; block < b->n_blocks; block++) {
        CONCEPTDEC_I_TRY(find_moments(arena->ctx, b, block, &s));
        choose_functions(b, &s, block);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
    }
    find_rest(b);
    return CONCEPTDEC_OK;
}
