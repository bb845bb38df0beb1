/* One cycle: filter, orthonormalise, Rayleigh-Ritz. Rows are cut into fixed blocks, whose sums are added in their
 * order. */
#include "projection/subspace.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "linalg/jacobi.h"

enum {
    LEAST_ROWS = 1024,   /* of a task */
    TASK = 1 << 19,      /* operations, about half a millisecond */
    SHORT_FILTER = 4,    /* degree */
    ORTHONORMALISING = 6 /* times, at most; two are usual */
};
#define RELATIVE 1e-2
#define LEAST_GROWTH 100
#define MOST_GROWTH 1e6 /* of the smallest eigenvector in one filter: more would leave the others below the rounding */

/* What the tasks of one solution share. */
typedef struct work {
    conceptdec_ctx *ctx;
    const conceptdec_i_level *level;
    int64_t width, rows, blocks, products; /* rows of a block */
    const double *from;                    /* n x width */
    double *to;
    double a, b; /* to = (a L + b I) from - c to */
    double c;
    double *matrix;  /* width x width: what columns are multiplied with */
    double *border;  /* width: what is taken from them of the root first, or NULL */
    double *partial; /* blocks x (width + 1) x width */
    double *sums;    /* (width + 1) x width */
    double *vectors; /* width x width */
    double *values;  /* width */
} work;

int64_t
conceptdec_i_subspace_width(int64_t wanted)
{
    int64_t spare = wanted / 4 > 6 ? wanted / 4 : 6;
    return (wanted + spare + 3) / 4 * 4;
}

static int64_t
block_end(const work *w, int64_t block)
{
    int64_t end = (block + 1) * w->rows;
    return end < w->level->n ? end : w->level->n;
}

/* ---- products with the Laplacian ---- */

static conceptdec_status
product_task(void *argument, int64_t block, int lane)
{
    const work *w = argument;
    const conceptdec_i_level *level = w->level;
    const conceptdec_i_laplace step = {.first = level->first,
                                       .column = level->column,
                                       .weight = level->weight,
                                       .inside = level->inside,
                                       .from = w->from,
                                       .to = w->to,
                                       .width = w->width,
                                       .a = w->a,
                                       .b = w->b,
                                       .c = w->c};
    (void)lane;
    w->ctx->kernels->laplace(&step, block * w->rows, block_end(w, block));
    return CONCEPTDEC_OK;
}

static conceptdec_status
multiply(work *w, const double *from, double *to, double a, double b, double c)
{
    w->from = from;
    w->to = to;
    w->a = a;
    w->b = b;
    w->c = c;
    w->products++;
    return conceptdec_i_parallel(w->ctx, w->blocks, product_task, w);
}

/* ---- sums over rows ---- */

/* Row r of the sums: column r of `from` times every column of `to`; the last row: the root times every column of
 * `to`. */
static conceptdec_status
gram_task(void *argument, int64_t block, int lane)
{
    const work *w = argument;
    int64_t width = w->width, end = block_end(w, block);
    double *sums = w->partial + block * (width + 1) * width;
    (void)lane;
    memset(sums, 0, (size_t)((width + 1) * width) * sizeof *sums);
    for (int64_t i = block * w->rows; i < end; i++) {
        const double *x = w->from + i * width, *y = w->to + i * width;
        for (int64_t r = 0; r <= width; r++) {
            double factor = r < width ? x[r] : w->level->root[i];
            for (int64_t k = 0; k < width; k++)
                sums[r * width + k] += factor * y[k];
        }
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
gram(work *w, const double *from, double *to)
{
    int64_t size = (w->width + 1) * w->width;
    w->from = from;
    w->to = to;
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(w->ctx, w->blocks, gram_task, w));
    memcpy(w->sums, w->partial, (size_t)size * sizeof *w->sums);
    for (int64_t block = 1; block < w->blocks; block++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(w->ctx, block));
        for (int64_t i = 0; i < size; i++)
            w->sums[i] += w->partial[block * size + i];
    }
    return CONCEPTDEC_OK;
}

/* to = (to - root border) matrix, row k of the matrix the factors of column k. */
static conceptdec_status
combine_task(void *argument, int64_t block, int lane)
{
    const work *w = argument;
    int64_t width = w->width, end = block_end(w, block);
    double *row = w->partial + block * (width + 1) * width;
    (void)lane;
    for (int64_t i = block * w->rows; i < end; i++) {
        double *x = w->to + i * width;
        for (int64_t k = 0; k < width; k++) {
            row[k] = x[k] - (w->border ? w->level->root[i] * w->border[k] : 0);
            x[k] = 0;
        }
        for (int64_t r = 0; r < width; r++)
            for (int64_t k = 0; k < width; k++)
                x[k] += row[r] * w->matrix[r * width + k];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
combine(work *w, double *to, double *border)
{
    w->to = to;
    w->border = border;
    return conceptdec_i_parallel(w->ctx, w->blocks, combine_task, w);
}

/* ---- an orthonormal basis ---- */

static double
random_sign(conceptdec_i_rng *rng)
{
    return 2 * conceptdec_i_rng_unit(rng) - 1;
}

conceptdec_status
conceptdec_i_subspace_random(conceptdec_ctx *ctx, const conceptdec_i_subspace *s)
{
    for (int64_t i = 0; i < s->level->n; i++) {
        conceptdec_i_rng rng;
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        conceptdec_i_rng_start(&rng, s->seed, CONCEPTDEC_I_RNG_START, (uint64_t)i);
        for (int64_t k = 0; k < s->width; k++)
            s->x[i * s->width + k] = random_sign(&rng);
    }
    return CONCEPTDEC_OK;
}

/* Column k anew. */
static conceptdec_status
replace_column(conceptdec_ctx *ctx, const conceptdec_i_subspace *s, double *x, int64_t k, int attempt)
{
    for (int64_t i = 0; i < s->level->n; i++) {
        conceptdec_i_rng rng;
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(ctx, i));
        conceptdec_i_rng_start(&rng, s->seed, CONCEPTDEC_I_RNG_START,
                               (uint64_t)i | (uint64_t)(attempt + 1) << 40 | (uint64_t)(k + 1) << 44);
        x[i * s->width + k] = random_sign(&rng);
    }
    return CONCEPTDEC_OK;
}

/* The Gram matrix of the columns without their shares of the root, scaled to a diagonal of ones, and the scales; a
 * column that hardly differs from the root has the scale 0. */
static void
scale_gram(work *w, double *scale)
{
    int64_t width = w->width;
    const double *border = w->sums + width * width;
    for (int64_t k = 0; k < width; k++) {
        double square = w->sums[k * width + k] - border[k] * border[k];
        scale[k] = square > 1e-15 * w->sums[k * width + k] && square > 0 ? 1 / sqrt(square) : 0;
    }
    for (int64_t r = 0; r < width; r++)
        for (int64_t k = 0; k < width; k++) {
            double s = w->sums[r * width + k] - border[r] * border[k];
            w->matrix[r * width + k] = s * scale[r] * scale[k];
        }
}

/* matrix = diag(scale) U S^-1/2 of the scaled Gram matrix U S U'; how far that was from I. Directions that hardly exist
 * get factors of 0 and are counted as missing: they are the first ones. */
static double
whitening(work *w, const double *scale, int64_t *missing)
{
    int64_t width = w->width;
    conceptdec_i_jacobi(width, w->matrix, w->values, w->vectors);
    *missing = 0;
    for (int64_t k = 0; k < width; k++) {
        bool is_there = w->values[k] > 1e-13;
        double factor = is_there ? 1 / sqrt(w->values[k]) : 0;
        *missing += !is_there;
        for (int64_t r = 0; r < width; r++)
            w->matrix[r * width + k] = scale[r] * w->vectors[k * width + r] * factor;
    }
    return w->values[width - 1] - w->values[0];
}

/* x: orthonormal columns, orthogonal to the root. */
static conceptdec_status
orthonormalise(work *w, const conceptdec_i_subspace *s, double *x)
{
    double *scale = w->sums + (w->width + 1) * w->width;
    for (int i = 0; i < ORTHONORMALISING; i++) {
        int64_t missing;
        CONCEPTDEC_I_TRY(gram(w, x, x));
        scale_gram(w, scale);
        double spread = whitening(w, scale, &missing);
        CONCEPTDEC_I_TRY(combine(w, x, w->sums + w->width * w->width));
        for (int64_t k = 0; k < missing; k++)
            CONCEPTDEC_I_TRY(replace_column(w->ctx, s, x, k, i));
        if (missing == 0 && spread < 1e-6)
            break;
    }
    return CONCEPTDEC_OK;
}

/* ---- cycles ---- */

/* x: Ritz vectors, y = L x, theta: Ritz values. */
static conceptdec_status
rayleigh_ritz(work *w, const conceptdec_i_subspace *s)
{
    int64_t width = w->width;
    CONCEPTDEC_I_TRY(multiply(w, s->x, s->y, 1, 0, 0));
    CONCEPTDEC_I_TRY(gram(w, s->x, s->y));
    for (int64_t r = 0; r < width; r++)
        for (int64_t k = 0; k <= r; k++) {
            double mean = (w->sums[r * width + k] + w->sums[k * width + r]) / 2;
            w->sums[r * width + k] = w->sums[k * width + r] = mean;
        }
    conceptdec_i_jacobi(width, w->sums, s->theta, w->vectors);
    for (int64_t r = 0; r < width; r++)
        for (int64_t k = 0; k < width; k++)
            w->matrix[r * width + k] = w->vectors[k * width + r];
    CONCEPTDEC_I_TRY(combine(w, s->x, NULL));
    return combine(w, s->y, NULL);
}

static conceptdec_status
residual_task(void *argument, int64_t block, int lane)
{
    const work *w = argument;
    int64_t width = w->width, end = block_end(w, block);
    double *sums = w->partial + block * width;
    (void)lane;
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (int64_t i = block * w->rows; i < end; i++)
        for (int64_t k = 0; k < width; k++) {
            double r = w->to[i * width + k] - w->values[k] * w->from[i * width + k];
            sums[k] += r * r;
        }
    return CONCEPTDEC_OK;
}

/* Whether the wanted Ritz vectors are good enough. */
static conceptdec_status
judge(work *w, conceptdec_i_subspace *s)
{
    w->from = s->x;
    w->to = s->y;
    memcpy(w->values, s->theta, (size_t)w->width * sizeof *w->values);
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(w->ctx, w->blocks, residual_task, w));
    s->is_converged = true;
    for (int64_t k = 0; k < s->wanted; k++) {
        double square = 0;
        for (int64_t block = 0; block < w->blocks; block++)
            square += w->partial[block * w->width + k];
        if (!(sqrt(square) <= RELATIVE * fabs(s->theta[k]) + s->tolerance))
            s->is_converged = false;
    }
    return CONCEPTDEC_OK;
}

/* How much a filter of degree 1 that damps [cut, 2] lets the eigenvector of theta grow: T of degree n is cosh(n
 * growth). */
static double
growth_of(double theta, double cut)
{
    double x = (2 + cut - 2 * theta) / (2 - cut);
    return x > 1 ? acosh(x) : 0;
}

/* The largest Ritz value bounds the interval that is damped from below, unless that is so near the wanted ones that the
 * longest filter would hardly tell them from the rest. */
static double
lower_cut(const work *w, const conceptdec_i_subspace *s)
{
    double theta = s->theta[s->wanted - 1], x = cosh(acosh(LEAST_GROWTH) / (double)s->longest);
    double least = 2 * (x - 1 + theta) / (1 + x), cut = s->theta[w->width - 1];
    cut = cut > least ? cut : least;
    return cut < 1.5 ? cut : 1.5;
}

static int64_t
degree(const conceptdec_i_subspace *s, double theta, double cut)
{
    double growth = growth_of(theta, cut), wanted = log(2 * MOST_GROWTH) / (growth > 1e-9 ? growth : 1e-9);
    return wanted < SHORT_FILTER ? SHORT_FILTER : wanted > (double)s->longest ? s->longest : (int64_t)wanted;
}

/* x = T((L - centre) / half) x, where T is the Chebyshev polynomial. */
static conceptdec_status
filter(work *w, conceptdec_i_subspace *s)
{
    double cut = lower_cut(w, s), half = (2 - cut) / 2, centre = (2 + cut) / 2;
    int64_t degrees = degree(s, s->theta[0], cut);
    CONCEPTDEC_I_TRY(multiply(w, s->x, s->y, 1 / half, -centre / half, 0));
    for (int64_t i = 1; i < degrees; i++) {
        CONCEPTDEC_I_TRY(multiply(w, s->y, s->x, 2 / half, -2 * centre / half, 1));
        double *newest = s->x;
        s->x = s->y;
        s->y = newest;
    }
    double *newest = s->y;
    s->y = s->x;
    s->x = newest;
    return CONCEPTDEC_OK;
}

static int64_t
rows_of_task(const conceptdec_i_level *level, int64_t width)
{
    int64_t rows = (int64_t)((double)TASK * (double)level->n / (double)((level->first[level->n] + level->n) * width));
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

static conceptdec_status
open_work(conceptdec_i_arena *arena, const conceptdec_i_subspace *s, work *w)
{
    const char *what = "spectral start";
    int64_t width = s->width, size = (width + 1) * width;
    *w = (work){.ctx = arena->ctx, .level = s->level, .width = width, .rows = rows_of_task(s->level, width)};
    w->blocks = (s->level->n + w->rows - 1) / w->rows;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, w->blocks * size, sizeof(double), (void **)&w->partial));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, size + width, sizeof(double), (void **)&w->sums));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, size, sizeof(double), (void **)&w->matrix));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, size, sizeof(double), (void **)&w->vectors));
    return conceptdec_i_arena_take(arena, what, width, sizeof(double), (void **)&w->values);
}

conceptdec_status
conceptdec_i_subspace_solve(conceptdec_i_arena *arena, conceptdec_i_subspace *s)
{
    work w;
    CONCEPTDEC_I_TRY(open_work(arena, s, &w));
    for (;;) {
        CONCEPTDEC_I_TRY(orthonormalise(&w, s, s->x));
        CONCEPTDEC_I_TRY(rayleigh_ritz(&w, s));
        CONCEPTDEC_I_TRY(judge(&w, s));
        if (s->is_converged || w.products >= s->products)
            return CONCEPTDEC_OK;
        CONCEPTDEC_I_TRY(filter(&w, s));
    }
}

/* ---- small parts ---- */

conceptdec_status
conceptdec_i_subspace_dense(conceptdec_i_arena *arena, conceptdec_i_subspace *s)
{
    const conceptdec_i_level *level = s->level;
    int64_t n = level->n;
    double *a, *vectors, *values;
    const char *what = "spectral start";
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n * n, sizeof *a, (void **)&a));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n * n, sizeof *vectors, (void **)&vectors));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, n, sizeof *values, (void **)&values));
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) /* the root to the other end */
            a[i * n + j] = (i == j) + 3 * level->root[i] * level->root[j];
        for (int64_t e = level->first[i]; e < level->first[i + 1]; e++)
            a[i * n + level->column[e]] -= level->weight[e];
    }
    conceptdec_i_jacobi(n, a, values, vectors);
    for (int64_t k = 0; k < s->wanted; k++) {
        s->theta[k] = values[k];
        for (int64_t i = 0; i < n; i++)
            s->x[i * s->width + k] = vectors[k * n + i];
    }
    s->is_converged = true;
    return CONCEPTDEC_OK;
}
