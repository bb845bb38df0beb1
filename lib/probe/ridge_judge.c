/* Which rows are read right whatever the rest of the filters adds, which are not, and the few in between once more in double. */
#include "probe/ridge_judge.h"

#include <math.h>

#include "kernels/kernels.h"

#define SLACK 0x1p-20f /* what a few roundings of values in float come to, as a share of their size */

enum { MOST_ROWS = CONCEPTDEC_I_RIDGE_MOST_ROWS };

typedef conceptdec_i_ridge_screen screen;
typedef conceptdec_i_ridge_judging judging;

/* A panel of rows under one label set and one lambda. */
typedef struct {
    int64_t panel, set, lambda;
    const float *values; /* of mr rows: classes, `step` apart, of lambdas, `stride` apart */
    int64_t step, stride;
    const int32_t *labels; /* mr */
    const float *centers;  /* classes */
} scene;

static double
reach_of(const screen *s, const scene *at, int64_t i)
{
    int64_t row = (at->lambda * s->panels + at->panel) * s->mr + i;
    return (double)s->reach[row] * s->spread[at->set * s->blend.n_lambdas + at->lambda];
}

static float
value_of(const scene *at, int64_t class, int64_t i)
{
    return at->values[class * at->step + at->lambda * at->stride + i] + at->centers[class];
}

/* One row in double: u, and the value of one class. */
static void
take_row(const screen *s, const scene *at, int64_t i, double *row)
{
    for (int64_t j = 0; j < s->blend.n; j++)
        row[j] = (double)s->turned[(at->panel * s->blend.n + j) * s->mr + i];
}

static double
exact_value(const judging *g, const scene *at, int64_t class, const double *row)
{
    const screen *s = g->screen;
    const double *along = s->along + (at->set * s->classes + class) * s->blend.n;
    const double *filter = s->blend.filter + at->lambda * s->blend.n;
    double sums[4] = {0};
    int64_t j = 0;
    for (; j + 4 <= s->blend.n; j += 4)
        for (int k = 0; k < 4; k++)
            sums[k] += filter[j + k] * along[j + k] * row[j + k];
    for (; j < s->blend.n; j++)
        sums[0] += filter[j] * along[j] * row[j];
    return g->batch->center[at->set * s->classes + class] + ((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/* Classes that may not be below the row's own have their values, the others are out of it. */
static double
exact_credit(const judging *g, const scene *at, int64_t i, double *row)
{
    const screen *s = g->screen;
    int64_t place = at->panel * s->mr + i;
    int32_t own = at->labels[i], predicted, n_tied;
    double freedom = s->part->freedom[at->lambda * s->part->members.n_left + place], *values = row + s->blend.n;
    float least = value_of(at, own, i) - s->leverage[at->lambda * s->panels * s->mr + place];
    double reach = reach_of(s, at, i);
    for (int64_t c = 0; c < s->classes; c++) {
        float value = value_of(at, c, i);
        double target = c == own ? 1 : -1;
        bool is_absent = conceptdec_i_ridge_is_absent(g->batch, at->set, c);
        bool is_below = c != own && (double)value + reach + (double)(SLACK * (fabsf(value) + fabsf(least) + 2)) < (double)least;
        values[c] = is_absent || is_below ? conceptdec_i_absent_bias(s->classes, 0)
                                          : target - (target - exact_value(g, at, c, row)) * freedom;
    }
    return conceptdec_i_probe_credit(values, 1, s->classes, own, &predicted, &n_tied);
}

/* The value of each row's own class, and the largest of the others. */
static void
find_rivals(const screen *s, const scene *at, float *restrict own, float *restrict other)
{
    for (int64_t i = 0; i < s->mr; i++) {
        own[i] = -INFINITY;
        other[i] = -INFINITY;
    }
    for (int32_t c = 0; c < s->classes; c++) {
        const float *values = at->values + c * at->step + at->lambda * at->stride, center = at->centers[c];
        for (int64_t i = 0; i < s->mr; i++) {
            float value = values[i] + center, rival = at->labels[i] == c ? -INFINITY : value;
            own[i] = at->labels[i] == c ? value : own[i];
            other[i] = rival > other[i] ? rival : other[i];
        }
    }
}

/* Rows that are read right under one lambda; bit i of *open: row i is in doubt. */
static int32_t
count_right(const screen *s, const scene *at, uint64_t *open)
{
    int64_t first = (at->lambda * s->panels + at->panel) * s->mr;
    float own[MOST_ROWS], other[MOST_ROWS];
    float spread = (float)(s->spread[at->set * s->blend.n_lambdas + at->lambda] * 1.0001);
    int32_t is_open[MOST_ROWS], n_right = 0, n_open = 0;
    find_rivals(s, at, own, other);
    for (int64_t i = 0; i < s->mr; i++) {
        float ahead = own[i] - other[i] - s->leverage[first + i];
        float slack = s->reach[first + i] * spread + SLACK * (fabsf(own[i]) + fabsf(other[i]) + 2);
        int32_t is_right = ahead > slack;
        is_open[i] = !is_right & !(ahead < -slack) & (s->leverage[first + i] < INFINITY);
        n_right += is_right;
        n_open += is_open[i];
    }
    *open = 0;
    for (int64_t i = 0; i < s->mr && n_open > 0; i++)
        *open |= (uint64_t)is_open[i] << i;
    return n_right;
}

/* Rows in doubt, each for all lambdas that have it. */
static void
settle(const judging *g, scene *at, const uint64_t *open, double *row, double *credits)
{
    const screen *s = g->screen;
    uint64_t any = 0;
    for (int64_t l = 0; l < s->blend.n_lambdas; l++)
        any |= open[l];
    for (int64_t i = 0; i < s->mr && any >> i > 0; i++) {
        if ((any >> i & 1) == 0)
            continue;
        take_row(s, at, i, row);
        for (at->lambda = 0; at->lambda < s->blend.n_lambdas; at->lambda++)
            if (open[at->lambda] >> i & 1)
                credits[at->lambda] += exact_credit(g, at, i, row);
    }
}

void
conceptdec_i_ridge_judge(const judging *g, int64_t panel, int64_t set, const float *products, float *values, double *row,
                         double *credits)
{
    const screen *s = g->screen;
    const conceptdec_i_members *m = &s->part->members;
    int64_t lambdas = s->blend.n_lambdas, padded = (lambdas + s->nr - 1) / s->nr * s->nr;
    int64_t step = conceptdec_i_ridge_value_stride(s), stride = conceptdec_i_ridge_product_stride(s);
    int32_t labels[MOST_ROWS];
    float centers[CONCEPTDEC_I_RIDGE_MOST_CLASSES];
    uint64_t open[CONCEPTDEC_I_RIDGE_MOST_LAMBDAS];
    for (int64_t i = 0; i < s->mr; i++) {
        int64_t place = panel * s->mr + i;
        labels[i] = place < m->n_left ? g->batch->labels[set][m->left[place]] : 0;
    }
    for (int64_t c = 0; c < s->classes; c++) {
        centers[c] = conceptdec_i_ridge_is_absent(g->batch, set, c) ? -INFINITY : (float)g->batch->center[set * s->classes + c];
        for (int64_t l = 0; l < padded; l += s->nr)
            s->part->fitting->ctx->kernels->panel_f32(s->blend.total, products + c * stride, s->shares + l * s->blend.total,
                                                      values + (c * padded + l) * step, step, 0);
    }
    scene at = {.panel = panel, .set = set, .values = values, .step = padded * step, .stride = step, .labels = labels,
                .centers = centers};
    for (at.lambda = 0; at.lambda < lambdas; at.lambda++)
        credits[at.lambda] += count_right(s, &at, &open[at.lambda]);
    settle(g, &at, open, row, credits);
}
