/* Weights and products of a batch of ridge problems. */
#include "probe/ridge_batch.h"
#include "probe/ridge_screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/tiles.h"

typedef conceptdec_i_ridge_batch batch;

static bool
is_spread(const batch *b)
{
    return b->part->members.n_left < b->part->fitting->space->n;
}

int64_t
conceptdec_i_ridge_item_doubles(const conceptdec_i_ridge_batch *b)
{
    return b->columns * (b->part->members.n_left + 3 * b->part->r + 2) + 4;
}

int64_t
conceptdec_i_ridge_set_doubles(const batch *b)
{
    return b->columns * (2 * b->part->r + 2) + b->classes * (b->part->r + 1) + 2;
}

int64_t
conceptdec_i_ridge_lane_doubles(const batch *b)
{
    const int64_t spread = is_spread(b) ? b->columns * b->part->fitting->space->n : 0;
    return conceptdec_i_lanes(b->arena->ctx) * (spread + 2 * b->classes);
}

static conceptdec_status
take(const batch *b, const char *what, int64_t count, double **out)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(b->arena, what, count, sizeof(double), &p));
    *out = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_lanes(batch *b)
{
    int64_t lanes = conceptdec_i_lanes(b->arena->ctx),
            count = is_spread(b) ? lanes * b->columns * b->part->fitting->space->n : 0;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(b->arena, "decision values", count, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(b->arena, "classes", lanes * 2 * b->classes, sizeof(int64_t), &p[1]));
    b->spread_out = p[0];
    b->counts = p[1];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_batch_take(conceptdec_i_ridge_batch *b, int64_t most_sets, int64_t most)
{
    int64_t k = b->columns, r = b->part->r, n = b->part->members.n_left;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(b->arena, "label sets", most_sets, sizeof(int32_t *), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(b->arena, "problems", most, sizeof(conceptdec_i_ridge_item), &p[1]));
    b->labels = p[0];
    b->items = p[1];
    CONCEPTDEC_I_TRY(take(b, "class sums", most_sets * b->classes * r, &b->sums));
    CONCEPTDEC_I_TRY(take(b, "class sums", most_sets * b->classes, &b->mass));
    CONCEPTDEC_I_TRY(take(b, "targets", most_sets * k, &b->center));
    CONCEPTDEC_I_TRY(take(b, "targets", most_sets * k, &b->spread));
    CONCEPTDEC_I_TRY(take(b, "targets", most_sets * k * r, &b->moment));
    CONCEPTDEC_I_TRY(take(b, "targets", most_sets * k * r, &b->along));
    CONCEPTDEC_I_TRY(take(b, "weights", most * k * r, &b->scaled));
    CONCEPTDEC_I_TRY(take(b, "weights", most * k * r, &b->w));
    CONCEPTDEC_I_TRY(take(b, "weights", b->part->is_complement ? most * k * r : 0, &b->product));
    CONCEPTDEC_I_TRY(take(b, "intercepts", most * k, &b->bias));
    CONCEPTDEC_I_TRY(take(b, "intercepts", most * k, &b->offset));
    CONCEPTDEC_I_TRY(take(b, "decision values", most * k * n, &b->values));
    if (!b->part->is_complement)
        b->product = b->w;
    return take_lanes(b);
}

/* ---- weights ---- */

static int
compare_items(const void *a, const void *b)
{
    const conceptdec_i_ridge_item *x = a, *y = b;
    if (x->lambda != y->lambda)
        return x->lambda < y->lambda ? -1 : 1;
    return (x->set > y->set) - (x->set < y->set);
}

static void
take_sets(batch *b, const int64_t *order, int64_t count)
{
    const conceptdec_i_problem *problems = b->part->fitting->problems;
    b->n_sets = 0;
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || (!b->targets && problems[order[i]].labels != b->labels[b->n_sets - 1]))
            b->labels[b->n_sets++] = problems[order[i]].labels;
}

/* set: that of the first problem; becomes that of the last one. */
static void
take_items(batch *b, const int64_t *order, int64_t count, int64_t *set)
{
    const conceptdec_i_ridge_part *part = b->part;
    b->n_items = count;
    for (int64_t i = 0; i < count; i++) {
        const conceptdec_i_problem *problem = &part->fitting->problems[order[i]];
        int64_t l = 0;
        while (part->lambdas[l] < problem->lambda)
            l++;
        while (!b->targets && b->labels[*set] != problem->labels)
            ++*set;
        b->items[i] = (conceptdec_i_ridge_item){.problem = order[i], .set = *set, .lambda = l};
    }
    qsort(b->items, (size_t)count, sizeof *b->items, compare_items);
}

/* Cholesky: one factor for each lambda, all label sets as right-hand sides. */
static conceptdec_status
solve_by_factor(batch *b, bool *is_singular)
{
    int64_t size = b->columns * b->part->r;
    for (int64_t i = 0; i < b->n_items; i++)
        memcpy(b->w + i * size, b->moment + b->items[i].set * size, (size_t)size * sizeof(double));
    for (int64_t first = 0, end; first < b->n_items; first = end) {
        for (end = first + 1; end < b->n_items && b->items[end].lambda == b->items[first].lambda; end++)
            ;
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_solve(b->part, b->part->lambdas[b->items[first].lambda],
                                                  (end - first) * b->columns, b->w + first * size, is_singular));
        if (*is_singular)
            return CONCEPTDEC_OK;
        if (b->part->is_delicate && b->part->is_few)
            CONCEPTDEC_I_TRY(conceptdec_i_ridge_batch_refine(b, first, end));
        CONCEPTDEC_I_TRY(conceptdec_i_poll(b->arena->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
scale_by(const batch *b, bool is_complement)
{
    const conceptdec_i_ridge_part *part = b->part;
    int64_t r = part->r;
    for (int64_t i = 0; i < b->n_items; i++) {
        const double lambda = part->lambdas[b->items[i].lambda], *along = b->along + b->items[i].set * b->columns * r;
        double *scaled = b->scaled + i * b->columns * r;
        for (int64_t j = 0; j < r; j++) {
            double filter = conceptdec_i_ridge_filter(part->values[j], lambda, is_complement);
            for (int64_t k = 0; k < b->columns; k++)
                scaled[k * r + j] = along[k * r + j] * filter;
        }
        if (i % 64 == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(b->arena->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

/* out = matrix (r x r, of floats or doubles) times each of `count` columns. */
static conceptdec_status
transform(const batch *b, const void *matrix, bool is_wide, int64_t count, const double *in, double *out)
{
    int64_t r = b->part->r;
    const conceptdec_i_dense rows = {.data = matrix, .n = r, .dims = r, .stride = r, .is_wide = is_wide};
    const conceptdec_i_applying applying = {.rows = &rows, .n = r, .columns = count, .w = in, .ldw = r, .out = out,
                                            .ldo = r,
                                            .precision = is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32};
    return conceptdec_i_apply(b->arena->ctx, &applying);
}

static conceptdec_status
transform_back(const batch *b, double *out)
{
    const conceptdec_i_ridge_part *part = b->part;
    const void *matrix = part->floats ? (const void *)part->floats : part->other;
    return transform(b, matrix, part->floats == NULL, b->n_items * b->columns, b->scaled, out);
}

static conceptdec_status
solve_by_eigen(const batch *b)
{
    CONCEPTDEC_I_TRY(scale_by(b, false));
    CONCEPTDEC_I_TRY(transform_back(b, b->w));
    if (!b->part->is_complement)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(scale_by(b, true));
    return transform_back(b, b->product);
}

static conceptdec_status
turn_targets(const batch *b)
{
    return transform(b, b->part->moments, true, b->n_sets * b->columns, b->moment, b->along);
}

static conceptdec_status
solve(batch *b)
{
    bool is_singular = false;
    if (!b->part->is_eigen)
        CONCEPTDEC_I_TRY(solve_by_factor(b, &is_singular));
    if (is_singular) {
        CONCEPTDEC_I_TRY(conceptdec_i_closed_memory(b->part->fitting, "eigenvectors of singular second moments",
                                                    b->held + conceptdec_i_ridge_eigen_doubles(b->part)));
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_make_eigen(b->arena, b->part));
        CONCEPTDEC_I_TRY(turn_targets(b));
    }
    return b->part->is_eigen ? solve_by_eigen(b) : CONCEPTDEC_OK;
}

/* ---- products ---- */

static double
along_mean(const batch *b, const double *w)
{
    double sum = 0;
    for (int64_t j = 0; j < b->part->r; j++)
        sum += w[j] * b->part->mean[j];
    return sum;
}

static void
find_intercepts(const batch *b)
{
    for (int64_t i = 0; i < b->n_items; i++)
        for (int64_t k = 0; k < b->columns; k++) {
            int64_t at = i * b->columns + k;
            b->bias[at] = b->center[b->items[i].set * b->columns + k] - along_mean(b, b->w + at * b->part->r);
            b->offset[at] = b->part->is_complement ? -along_mean(b, b->product + at * b->part->r) : b->bias[at];
        }
}

static conceptdec_status
multiply(const batch *b)
{
    const conceptdec_i_ridge_part *part = b->part;
    const conceptdec_i_dense rows = conceptdec_i_space_rows(part->fitting->space);
    const conceptdec_i_applying applying = {
        .rows = &rows,
        .row = is_spread(b) ? part->members.left : NULL,
        .n = part->members.n_left,
        .columns = b->n_items * b->columns,
        .w = b->product,
        .ldw = part->r,
        .bias = b->offset,
        .out = b->values,
        .ldo = part->members.n_left,
        .precision = part->precision,
    };
    return conceptdec_i_apply(b->arena->ctx, &applying);
}

static conceptdec_status
run_items(batch *b, const int64_t *order, int64_t count, int64_t most_items, int64_t *set)
{
    for (int64_t first = 0; first < count; first += most_items) {
        take_items(b, order + first, count - first < most_items ? count - first : most_items, set);
        CONCEPTDEC_I_TRY(solve(b));
        find_intercepts(b);
        CONCEPTDEC_I_TRY(multiply(b));
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_batch_finish(b));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
hand_over_credit(const batch *b, const conceptdec_i_ridge_item *item)
{
    const conceptdec_i_ridge_screen *screen = b->part->screen;
    const conceptdec_i_fit fit = {.credit = screen->credit[item->set * b->part->n_lambdas + item->lambda],
                                  .n_scored = screen->n_scored[item->lambda], .sharpness = (double)NAN,
                                  .converged = true,
                                  .decrement = (double)NAN, .objective = (double)NAN, .shrinkage = (double)NAN};
    return b->listener(b->argument, item->problem, &fit, 0);
}

static conceptdec_status
find_targets(batch *b)
{
    CONCEPTDEC_I_TRY(conceptdec_i_ridge_batch_targets(b));
    return b->part->is_eigen ? turn_targets(b) : CONCEPTDEC_OK;
}

/* Credits of all sets at once; sets that have none go the long way. */
static conceptdec_status
run_screened(batch *b, const int64_t *order, int64_t count, int64_t most_items)
{
    const conceptdec_i_problem *problems = b->part->fitting->problems;
    int64_t set = 0;
    bool has_targets = false;
    CONCEPTDEC_I_TRY(conceptdec_i_ridge_screen_run(b->part->screen, b));
    for (int64_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && problems[order[end]].labels == problems[order[first]].labels; end++)
            ;
        bool is_plain = b->part->screen->is_plain[set];
        if (!is_plain && !has_targets)
            CONCEPTDEC_I_TRY(find_targets(b));
        has_targets |= !is_plain;
        if (!is_plain)
            CONCEPTDEC_I_TRY(run_items(b, order + first, end - first, most_items, &set));
        for (int64_t i = first; i < end && is_plain; i += most_items) {
            take_items(b, order + i, end - i < most_items ? end - i : most_items, &set);
            for (int64_t k = 0; k < b->n_items; k++)
                CONCEPTDEC_I_TRY(hand_over_credit(b, &b->items[k]));
        }
        set++;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_batch_run(conceptdec_i_ridge_batch *b, const int64_t *order, int64_t count, int64_t most_items)
{
    int64_t set = 0;
    take_sets(b, order, count);
    if (b->part->screen)
        return run_screened(b, order, count, most_items);
    CONCEPTDEC_I_TRY(find_targets(b));
    return run_items(b, order, count, most_items, &set);
}
