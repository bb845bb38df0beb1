/* Rows and label sets in integers, and how far these are from what they stand for. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "probe/ridge_screen.h"

#define LARGEST 32767
#define ROW_NORM 0x1p16   /* of a row in steps, at most */
#define MOST_SUM 0x1p31   /* sums stay below */
#define WIDER 1.0001      /* what bounds lose where they are rounded and multiplied in float is less */
#define MOST_LENGTH 1e30  /* of a row: beyond it nothing is known in float */
#define LEAST_STEP 1e-100 /* of a function; smaller ones are left to the bounds */

typedef conceptdec_i_ridge_screen screen;

/* To the nearest integer; values are far below 2^51. */
static inline double
nearest(double x)
{
    return x + 0x1.8p52 - 0x1.8p52;
}

/* ---- rows ---- */

static double
length_of(const float *u, int64_t n, double *largest)
{
    double sum = 0;
    *largest = 0;
    for (int64_t j = 0; j < n; j++) {
        sum += (double)u[j] * (double)u[j];
        *largest = fabs((double)u[j]) > *largest ? fabs((double)u[j]) : *largest;
    }
    return sqrt(sum);
}

/* Writes a row's integers of one block; returns the sum of their squares, and adds that of what they leave of u. */
static double
round_block(const float *u, int64_t count, double step, int64_t mr, int16_t *out, double *left)
{
    double sum = 0;
    for (int64_t j = 0; j < count; j++) {
        double whole = nearest((double)u[j] / step), rest = (double)u[j] - whole * step;
        out[j / 2 * 2 * mr + j % 2] = (int16_t)whole;
        sum += whole * whole;
        *left += rest * rest;
    }
    if (count % 2)
        out[count / 2 * 2 * mr + 1] = 0;
    return sum;
}

static void
round_row(const screen *s, int64_t panel, int64_t i, double *longest)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    int64_t row = panel * s->mr + i;
    const float *u = s->rows + row * b->n;
    double largest, length = length_of(u, b->n, &largest), left = 0, all = 0;
    bool is_known = length < MOST_LENGTH;
    float step = (float)fmax(length / ROW_NORM, largest / LARGEST);
    step = is_known && step > FLT_MIN ? step : 1;
    for (int64_t block = 0; block < b->n_blocks; block++) {
        int16_t *out = s->whole + ((panel * s->first_pair[b->n_blocks] + s->first_pair[block]) * s->mr + i) * 2;
        int64_t first = b->first[block], count = b->first[block + 1] - first, pairs = (count + 1) / 2;
        double sum = 0;
        if (is_known)
            sum = round_block(u + first, count, (double)step, s->mr, out, &left);
        for (int64_t p = 0; p < pairs && !is_known; p++)
            out[p * 2 * s->mr] = out[p * 2 * s->mr + 1] = 0;
        longest[block] = fmax(longest[block], sqrt(sum));
        all += sum;
    }
    s->step[row] = step;
    s->bounds[0][row] = is_known ? (float)(sqrt(left) * WIDER) : INFINITY;
    s->bounds[1][row] = (float)((double)step * sqrt(all) * WIDER);
}

/* The root of the sum of rest * u'^2. */
static void
find_reach(const screen *s, int64_t panel, int64_t i)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    int64_t row = panel * s->mr + i;
    for (int64_t l = 0; l < b->n_lambdas; l++) {
        const double *rest = b->rest + l * b->n;
        double sum = 0;
        for (int64_t block = 0; block < b->n_blocks; block++) {
            const int16_t *whole =
                s->whole + ((panel * s->first_pair[b->n_blocks] + s->first_pair[block]) * s->mr + i) * 2;
            int64_t first = b->first[block], count = b->first[block + 1] - first;
            for (int64_t j = 0; j < count; j++) {
                double value = whole[j / 2 * 2 * s->mr + j % 2];
                sum += rest[first + j] * (value * value);
            }
        }
        s->bounds[2][l * conceptdec_i_ridge_screen_rows(s) + row] = (float)(sqrt(sum) * (double)s->step[row] * WIDER);
    }
}

void
conceptdec_i_ridge_round_rows(const screen *s, int64_t panel)
{
    double *longest = s->longest + panel * s->blend.n_blocks;
    memset(longest, 0, (size_t)s->blend.n_blocks * sizeof *longest);
    for (int64_t i = 0; i < s->mr; i++) {
        round_row(s, panel, i, longest);
        find_reach(s, panel, i);
    }
}

/* ---- label sets ---- */

/* What a label set needs while it is rounded. */
typedef struct {
    double *sum, *before; /* of a block: a * function of the classes so far, in steps, and the same rounded */
    double *size, *left;  /* functions x classes: norms of the integers, and of what they leave, in steps */
    double *step;         /* functions */
} rounding;

int64_t
conceptdec_i_ridge_round_doubles(const screen *s)
{
    return 2 * s->blend.n + (2 * s->classes + 1) * s->blend.total;
}

/* The step of one function: the classes share it, so that their integers sum to 0. Sums that are rounded and then taken
 * from each other are off by less than 1, so a norm grows by at most the root of the number of directions. The last
 * class is what the others leave of 0, here, too: where all is rounding that can be many times what is told of it.
 * others: scratch. */
static double
step_of(const screen *s, const double *along, const double *function, int64_t block, double *others)
{
    int64_t first = s->blend.first[block], count = s->blend.first[block + 1] - first;
    double largest = 0, length = 0;
    memset(others, 0, (size_t)count * sizeof *others);
    for (int64_t c = 0; c < s->classes; c++) {
        double sum = 0;
        for (int64_t j = 0; j < count; j++) {
            double value = c + 1 < s->classes ? along[c * s->blend.n + first + j] * function[j] : -others[j];
            others[j] += value;
            sum += value * value;
            largest = fabs(value) > largest ? fabs(value) : largest;
        }
        length = fmax(length, sqrt(sum));
    }
    double limit = (MOST_SUM - 1) / fmax(s->longest[block], 1) - sqrt((double)count) - 1;
    double step = fmax(largest / (LARGEST - 2), length / limit);
    return step > LEAST_STEP ? step : 1;
}

/* Integers of one class along one function. They are differences of rounded sums over the classes. out: NULL for the
 * last class, which has no column: it is what the others leave of 0, whatever rounding made of the sum of all. */
static void
round_class(const screen *s, const double *along, const double *function, int64_t count, double step, rounding *r,
            int16_t *out, double *size, double *left)
{
    double square = 0, square_left = 0;
    for (int64_t j = 0; j < count; j++) {
        double value = along[j] * function[j] / step, sum = r->sum[j] + value;
        double whole = (out ? nearest(sum) : 0) - r->before[j], rest = value - whole;
        r->sum[j] = sum;
        r->before[j] += whole;
        square += whole * whole;
        square_left += rest * rest;
        if (out)
            out[j / 2 * 2 * s->nr + j % 2] = (int16_t)whole;
    }
    if (out && count % 2)
        out[count / 2 * 2 * s->nr + 1] = 0;
    *size = sqrt(square);
    *left = sqrt(square_left);
}

static void
round_function(const screen *s, int64_t set, int64_t block, int64_t q, int64_t depth, const double *function,
               rounding *r)
{
    int64_t first = s->blend.first[block], count = s->blend.first[block + 1] - first;
    int64_t pairs = s->first_pair[block + 1] - s->first_pair[block], column = set % s->abreast * (s->classes - 1);
    int64_t start = (set / s->abreast * s->depth + depth) * s->tile_panels;
    const double *along = s->along + set * s->classes * s->blend.n;
    r->step[q] = step_of(s, along, function, block, r->sum);
    memset(r->sum, 0, (size_t)count * sizeof *r->sum);
    memset(r->before, 0, (size_t)count * sizeof *r->before);
    for (int64_t c = 0; c < s->classes; c++, column++) {
        int64_t at = (start + column / s->nr * pairs) * s->nr + column % s->nr;
        round_class(s, along + c * s->blend.n + first, function, count, r->step[q], r,
                    c + 1 < s->classes ? s->packed + 2 * at : NULL, &r->size[q * s->classes + c],
                    &r->left[q * s->classes + c]);
    }
}

/* What |u'| is multiplied by: over blocks, by Cauchy and Schwarz, what rounding left, and `unit` roundings in float of
 * the products themselves. */
static double
whole_spread(const screen *s, int64_t lambda, int64_t class, const rounding *r)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    double unit = (double)(b->total + 16) * 0x1.01p-24, sum = 0;
    for (int64_t block = 0, q = 0; block < b->n_blocks; block++) {
        double here = 0;
        for (int64_t end = q + b->rank[block]; q < end; q++) {
            double share = fabs((double)b->share[q * b->n_lambdas + lambda]) * r->step[q];
            here += share * (r->left[q * s->classes + class] + unit * r->size[q * s->classes + class]);
        }
        sum += here * here;
    }
    return sqrt(sum);
}

/* For two classes each bound is twice that of one. */
static void
find_spread(const screen *s, int64_t set, int64_t lambda, const rounding *r)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    const double *filter = b->filter + lambda * b->n, *rest = b->rest + lambda * b->n;
    double most[CONCEPTDEC_I_CONTEST_BOUNDS] = {0};
    for (int64_t c = 0; c < s->classes; c++) {
        const double *along = s->along + (set * s->classes + c) * b->n;
        double sum_filter = 0, sum_rest = 0;
        for (int64_t j = 0; j < b->n; j++) {
            double square = along[j] * along[j];
            sum_filter += filter[j] * filter[j] * square;
            sum_rest += rest[j] * square;
        }
        most[0] = fmax(most[0], sqrt(sum_filter));
        most[1] = fmax(most[1], whole_spread(s, lambda, c, r));
        most[2] = fmax(most[2], sqrt(sum_rest));
    }
    for (int k = 0; k < CONCEPTDEC_I_CONTEST_BOUNDS; k++)
        s->spread[(set * b->n_lambdas + lambda) * CONCEPTDEC_I_CONTEST_BOUNDS + k] = (float)(2 * WIDER * most[k]);
}

static void
pack_shares(const screen *s, int64_t set, const double *step)
{
    int64_t lambdas = s->blend.n_lambdas, total = s->blend.total, padded = conceptdec_i_ridge_screen_lambdas(s);
    float *shares = s->shares + set * padded * total;
    for (int64_t l = 0; l < padded; l++)
        for (int64_t q = 0; q < total; q++)
            shares[(l / s->nr * total + q) * s->nr + l % s->nr] =
                l < lambdas ? (float)((double)s->blend.share[q * lambdas + l] * step[q]) : 0;
}

conceptdec_status
conceptdec_i_ridge_round_set(const screen *s, int64_t set, double *room)
{
    const conceptdec_i_ridge_blend *b = &s->blend;
    const double *function = b->function;
    rounding r = {.sum = room, .before = room + b->n, .size = room + 2 * b->n};
    r.left = r.size + b->total * s->classes;
    r.step = r.left + b->total * s->classes;
    int64_t depth = 0;
    for (int64_t block = 0, q = 0; block < b->n_blocks; block++)
        for (int64_t end = q + b->rank[block]; q < end; q++) {
            round_function(s, set, block, q, depth, function, &r);
            function += b->first[block + 1] - b->first[block];
            depth += s->first_pair[block + 1] - s->first_pair[block];
            CONCEPTDEC_I_TRY(conceptdec_i_poll(s->part->fitting->ctx, 0));
        }
    for (int64_t l = 0; l < b->n_lambdas; l++) {
        find_spread(s, set, l, &r);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(s->part->fitting->ctx, 0));
    }
    pack_shares(s, set, r.step);
    return CONCEPTDEC_OK;
}
