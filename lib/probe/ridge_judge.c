/* Which rows are read right whatever the rest of the filters adds, which are not, and the few in between once more in double. */
#include "probe/ridge_judge.h"

#include <math.h>

#include "kernels/kernels.h"

#define SLACK 0x1p-20f /* what roundings of centers, of leverages and of sums with them come to */

enum { MOST_ROWS = CONCEPTDEC_I_RIDGE_MOST_ROWS, BOUNDS = CONCEPTDEC_I_CONTEST_BOUNDS };

typedef conceptdec_i_ridge_screen screen;
typedef conceptdec_i_ridge_judging judging;

/* A panel of rows under one label set and one lambda. */
typedef struct {
    int64_t panel, set, lambda;
    int64_t stride; /* of values, from one lambda to the next */
    conceptdec_i_contest contest; /* of the first lambda */
} scene;

static void
take_lambda(const screen *s, const scene *at, conceptdec_i_contest *contest)
{
    int64_t first = at->lambda * conceptdec_i_ridge_screen_rows(s) + at->panel * s->mr;
    const float *spread = s->spread + (at->set * s->blend.n_lambdas + at->lambda) * BOUNDS;
    *contest = at->contest;
    contest->values += at->lambda * at->stride;
    contest->handicap = s->leverage + first;
    contest->reach[BOUNDS - 1] = s->bounds[BOUNDS - 1] + first;
    for (int k = 0; k < BOUNDS; k++)
        contest->spread[k] = spread[k];
}

/* ---- rows in doubt ---- */

static double
value_of(const conceptdec_i_contest *t, int64_t class, int64_t i)
{
    return (double)t->values[class * t->step + i] * (double)t->scale[i] + (double)t->center[class];
}

static double
exact_value(const judging *g, const scene *at, int64_t class, int64_t i)
{
    const screen *s = g->screen;
    const double *along = s->along + (at->set * s->classes + class) * s->blend.n;
    const float *row = s->rows + (at->panel * s->mr + i) * s->blend.n;
    double sum = s->part->fitting->ctx->kernels->weighted_dot(s->blend.filter + at->lambda * s->blend.n, along, row, s->blend.n);
    return g->batch->center[at->set * s->classes + class] + sum;
}

/* Classes that may not be below the row's own have their values, the others are out of it. */
static double
exact_credit(const judging *g, const scene *at, int64_t i, double *values)
{
    const screen *s = g->screen;
    conceptdec_i_contest t;
    take_lambda(s, at, &t);
    int32_t own = t.label[i], predicted, n_tied;
    double freedom = s->part->freedom[at->lambda * s->part->members.n_left + at->panel * s->mr + i];
    double least = value_of(&t, own, i) - (double)t.handicap[i], slack = 2 * (double)t.least;
    for (int k = 0; k < BOUNDS; k++)
        slack += (double)t.reach[k][i] * (double)t.spread[k];
    for (int64_t c = 0; c < s->classes; c++) {
        double target = c == own ? 1 : -1;
        bool is_absent = conceptdec_i_ridge_is_absent(g->batch, at->set, c);
        bool is_below = c != own && value_of(&t, c, i) + slack < least;
        values[c] = is_absent || is_below ? conceptdec_i_absent_bias(s->classes, 0)
                                          : target - (target - exact_value(g, at, c, i)) * freedom;
    }
    return conceptdec_i_probe_credit(values, 1, s->classes, own, &predicted, &n_tied);
}

/* Each row for all lambdas that leave it open. */
static void
settle(const judging *g, scene *at, const uint64_t *open, double *values, double *credits)
{
    const screen *s = g->screen;
    uint64_t any = 0;
    for (int64_t l = 0; l < s->blend.n_lambdas; l++)
        any |= open[l];
    for (int64_t i = 0; i < s->mr && any >> i > 0; i++)
        for (at->lambda = any >> i & 1 ? 0 : s->blend.n_lambdas; at->lambda < s->blend.n_lambdas; at->lambda++)
            if (open[at->lambda] >> i & 1)
                credits[at->lambda] += exact_credit(g, at, i, values);
}

/* ---- all rows ---- */

/* Values of all classes and lambdas from the products. */
static void
find_values(const screen *s, int64_t set, const int32_t *products, float *floats, float *values)
{
    const conceptdec_i_kernels *kernels = s->part->fitting->ctx->kernels;
    int64_t padded = conceptdec_i_ridge_screen_lambdas(s), total = s->blend.total;
    int64_t step = conceptdec_i_ridge_value_stride(s), stride = conceptdec_i_ridge_product_stride(s);
    const float *shares = s->shares + set * padded * total;
    kernels->close_columns(products, s->classes - 1, stride, total * s->mr, floats);
    for (int64_t c = 0; c < s->classes; c++)
        for (int64_t l = 0; l < padded; l += s->nr)
            kernels->panel_f32(total, floats + c * stride, shares + l * total, values + (c * padded + l) * step, step, 0);
}

void
conceptdec_i_ridge_judge(const judging *g, int64_t panel, int64_t set, const int32_t *products, float *scratch, double *room,
                         double *credits)
{
    const screen *s = g->screen;
    const conceptdec_i_members *m = &s->part->members;
    float centers[CONCEPTDEC_I_RIDGE_MOST_CLASSES], *values = scratch + s->classes * conceptdec_i_ridge_product_stride(s);
    int32_t labels[MOST_ROWS];
    uint64_t open[CONCEPTDEC_I_RIDGE_MOST_LAMBDAS];
    int64_t step = conceptdec_i_ridge_value_stride(s), first = panel * s->mr;
    find_values(s, set, products, scratch, values);
    for (int64_t i = 0; i < s->mr; i++)
        labels[i] = first + i < m->n_left ? g->batch->labels[set][m->left[first + i]] : 0;
    for (int64_t c = 0; c < s->classes; c++)
        centers[c] = conceptdec_i_ridge_is_absent(g->batch, set, c) ? -INFINITY : (float)g->batch->center[set * s->classes + c];
    scene at = {.panel = panel, .set = set, .stride = step};
    at.contest = (conceptdec_i_contest){
        .values = values, .step = conceptdec_i_ridge_screen_lambdas(s) * step, .classes = (int32_t)s->classes, .center = centers,
        .label = labels, .scale = s->step + first, .reach = {s->bounds[0] + first, s->bounds[1] + first}, .least = SLACK};
    for (at.lambda = 0; at.lambda < s->blend.n_lambdas; at.lambda++) {
        conceptdec_i_contest here;
        take_lambda(s, &at, &here);
        credits[at.lambda] += s->part->fitting->ctx->kernels->contest(&here, &open[at.lambda]);
    }
    settle(g, &at, open, room, credits);
}
