/* Which rows are read right whatever the rest of the filters adds, which are not, and the few in between once more in
 * double. */
#include "probe/ridge_judge.h"

#include <math.h>

#include "kernels/kernels.h"

#define SLACK 0x1p-20f /* what roundings of centers, of leverages and of sums with them come to */

enum {
    MOST_ROWS = CONCEPTDEC_I_RIDGE_MOST_ROWS,
    MOST_LAMBDAS = CONCEPTDEC_I_RIDGE_MOST_LAMBDAS,
    BOUNDS = CONCEPTDEC_I_CONTEST_BOUNDS
};

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

/* What a class must be below if it is below the row's own whatever their values are off by. */
static double
least_of(const screen *s, const scene *at, int64_t i)
{
    conceptdec_i_contest t;
    take_lambda(s, at, &t);
    double own = (double)t.values[t.label[i] * t.step + i] * (double)t.scale[i] + (double)t.center[t.label[i]];
    double slack = 2 * (double)t.least;
    for (int k = 0; k < BOUNDS; k++)
        slack += (double)t.reach[k][i] * (double)t.spread[k];
    return own - (double)t.handicap[i] - slack;
}

/* Where a class stands beside the row's own, which has 0, once the row is left out; products: of u and the difference
 * of both. */
static double
exact_value(const judging *g, const scene *at, int64_t own, int64_t class, int64_t i, const double *products)
{
    const screen *s = g->screen;
    const double *center = g->batch->center + at->set * s->classes;
    double freedom = s->part->freedom[at->lambda * s->part->members.n_left + at->panel * s->mr + i];
    double ahead = s->part->fitting->ctx->kernels->dot(s->blend.filter + at->lambda * s->blend.n, products, s->blend.n);
    return (2 - (center[own] - center[class]) - ahead) * freedom - 2;
}

/* Of one class, for each lambda that leaves the row open and does not have the class below its own. */
static void
meet_rival(const judging *g, scene *at, int64_t class, int64_t i, uint64_t lambdas, const double *least,
           double *products, double *values)
{
    const screen *s = g->screen;
    const float *along = s->along_f32 + at->set * s->classes * s->blend.n;
    const float *row = s->rows + (at->panel * s->mr + i) * s->blend.n;
    int32_t own = at->contest.label[i];
    bool is_made = false;
    for (uint64_t left = lambdas; left; left &= left - 1) {
        at->lambda = __builtin_ctzll(left);
        double value = (double)at->contest.values[class * at->contest.step + at->lambda * at->stride + i] *
                       (double)at->contest.scale[i];
        if (value + (double)at->contest.center[class] < least[at->lambda])
            continue;
        if (!is_made)
            s->part->fitting->ctx->kernels->scale_difference(along + own * s->blend.n, along + class * s->blend.n, row,
                                                             products, s->blend.n);
        is_made = true;
        values[at->lambda * s->classes + class] = exact_value(g, at, own, class, i, products);
    }
}

/* A row that some lambdas leave open. Classes that may not be below the row's own have their values, the others are out
 * of it. */
static void
settle_row(const judging *g, scene *at, int64_t i, uint64_t lambdas, double *room, double *credits)
{
    const screen *s = g->screen;
    int32_t own = at->contest.label[i], predicted, n_tied;
    double least[MOST_LAMBDAS], *values = room + s->blend.n;
    for (uint64_t left = lambdas; left; left &= left - 1) {
        at->lambda = __builtin_ctzll(left);
        least[at->lambda] = least_of(s, at, i);
        for (int64_t c = 0; c < s->classes; c++)
            values[at->lambda * s->classes + c] = conceptdec_i_absent_bias(s->classes, 0);
        if (!conceptdec_i_ridge_is_absent(g->batch, at->set, own))
            values[at->lambda * s->classes + own] = 0;
    }
    for (int64_t c = 0; c < s->classes; c++)
        if (c != own && !conceptdec_i_ridge_is_absent(g->batch, at->set, c))
            meet_rival(g, at, c, i, lambdas, least, room, values);
    for (uint64_t left = lambdas; left; left &= left - 1) {
        at->lambda = __builtin_ctzll(left);
        credits[at->lambda] +=
            conceptdec_i_probe_credit(values + at->lambda * s->classes, 1, s->classes, own, &predicted, &n_tied);
    }
}

/* open: bit i of each lambda. */
static void
settle(const judging *g, scene *at, const uint64_t *open, double *room, double *credits)
{
    const screen *s = g->screen;
    uint64_t any = 0;
    for (int64_t l = 0; l < s->blend.n_lambdas; l++)
        any |= open[l];
    for (int64_t i = 0; i < s->mr && any >> i > 0; i++) {
        uint64_t lambdas = 0;
        for (int64_t l = 0; l < s->blend.n_lambdas && (any >> i & 1); l++)
            lambdas |= (open[l] >> i & 1) << l;
        if (lambdas)
            settle_row(g, at, i, lambdas, room, credits);
    }
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
            kernels->panel_f32(total, floats + c * stride, shares + l * total, values + (c * padded + l) * step, step,
                               0);
}

void
conceptdec_i_ridge_judge(const judging *g, int64_t panel, int64_t set, const int32_t *products, float *scratch,
                         double *room, double *credits)
{
    const screen *s = g->screen;
    const conceptdec_i_members *m = &s->part->members;
    float centers[CONCEPTDEC_I_RIDGE_MOST_CLASSES],
        *values = scratch + s->classes * conceptdec_i_ridge_product_stride(s);
    int32_t labels[MOST_ROWS];
    uint64_t open[MOST_LAMBDAS];
    int64_t step = conceptdec_i_ridge_value_stride(s), first = panel * s->mr;
    find_values(s, set, products, scratch, values);
    for (int64_t i = 0; i < s->mr; i++)
        labels[i] = first + i < m->n_left ? g->batch->labels[set][m->left[first + i]] : 0;
    for (int64_t c = 0; c < s->classes; c++)
        centers[c] =
            conceptdec_i_ridge_is_absent(g->batch, set, c) ? -INFINITY : (float)g->batch->center[set * s->classes + c];
    scene at = {.panel = panel, .set = set, .stride = step};
    at.contest = (conceptdec_i_contest){
        .values = values, .step = conceptdec_i_ridge_screen_lambdas(s) * step, .classes = (int32_t)s->classes,
        .center = centers,
        .label = labels, .scale = s->step + first, .reach = {s->bounds[0] + first, s->bounds[1] + first},
        .least = SLACK};
    for (at.lambda = 0; at.lambda < s->blend.n_lambdas; at.lambda++) {
        conceptdec_i_contest here;
        take_lambda(s, &at, &here);
        credits[at.lambda] += s->part->fitting->ctx->kernels->contest(&here, &open[at.lambda]);
    }
    settle(g, &at, open, room, credits);
}
