/* Products become decision values of rows that are left out. */
#include <math.h>
#include <string.h>

#include "probe/ridge_batch.h"

typedef conceptdec_i_ridge_batch batch;

static double *
values_of(const batch *b, int64_t item, int64_t column)
{
    return b->values + (item * b->columns + column) * b->part->members.n_left;
}

/* ---- classes that leaving out empties ---- */

static void
empty_class(const batch *b, int64_t item, int64_t class, int64_t place)
{
    int64_t column = b->columns == 1 ? 0 : class;
    values_of(b, item, column)[place] = conceptdec_i_absent_bias(b->columns, 1 - class);
}

static void
count_classes(const batch *b, const int32_t *labels, int64_t *counts)
{
    const conceptdec_i_members *m = &b->part->members;
    memset(counts, 0, (size_t)b->classes * sizeof *counts);
    for (int64_t t = 0; t < m->n_train; t++)
        counts[labels[m->train[t]]] += m->omega[m->train[t]] > 0;
}

static void
empty_of_groups(const batch *b, int64_t item, const int32_t *labels, const int64_t *all, int64_t *here)
{
    const conceptdec_i_members *m = &b->part->members;
    for (int64_t g = 0; g < b->groups->places.n; g++) {
        const int32_t *place = b->groups->places.at + b->groups->places.first[g];
        int64_t count = conceptdec_i_places_count(&b->groups->places, g);
        for (int64_t i = 0; i < count; i++)
            here[labels[m->left[place[i]]]] += m->omega[m->left[place[i]]] > 0;
        for (int64_t i = 0; i < count; i++) {
            int64_t class = labels[m->left[place[i]]];
            bool is_emptied = here[class] > 0 && here[class] == all[class];
            here[class] = 0; /* the next row of the class finds it done */
            for (int64_t j = 0; j < count && is_emptied; j++)
                empty_class(b, item, class, place[j]);
        }
    }
}

static void
empty_classes(const batch *b, int64_t item, const int32_t *labels, int64_t *counts)
{
    const conceptdec_i_members *m = &b->part->members;
    count_classes(b, labels, counts);
    if (b->part->fitting->leave == CONCEPTDEC_I_LEAVE_GROUP) {
        memset(counts + b->classes, 0, (size_t)b->classes * sizeof *counts);
        empty_of_groups(b, item, labels, counts, counts + b->classes);
        return;
    }
    for (int64_t t = 0; t < m->n_left; t++)
        if (m->omega[m->left[t]] > 0 && counts[labels[m->left[t]]] == 1)
            empty_class(b, item, labels[m->left[t]], t);
}

/* ---- residuals and values ---- */

/* To t - f and back: both are t - value. */
static void
turn(const batch *b, int64_t item, const double *freedom, bool is_residual)
{
    const conceptdec_i_members *m = &b->part->members;
    const int32_t *labels = b->labels[b->items[item].set];
    for (int64_t k = 0; k < b->columns; k++) {
        double *values = values_of(b, item, k);
        for (int64_t t = 0; t < m->n_left; t++) {
            double target = conceptdec_i_ridge_target(b, labels, k, m->left[t]);
            double residual = is_residual ? values[t] : target - values[t];
            values[t] = is_residual && !freedom ? target - residual
                        : freedom               ? target - residual * freedom[t]
                                                : residual;
        }
    }
}

static void
leave_rows(const batch *b, int64_t item)
{
    const conceptdec_i_ridge_part *part = b->part;
    if (part->fitting->leave == CONCEPTDEC_I_LEAVE_ONE)
        turn(b, item, part->freedom + b->items[item].lambda * part->members.n_left, part->is_complement);
    else if (part->fitting->leave == CONCEPTDEC_I_LEAVE_GROUP)
        turn(b, item, NULL, true);
}

static void
mark_absent(const batch *b, int64_t item)
{
    int64_t set = b->items[item].set, n = b->part->members.n_left;
    for (int64_t k = 0; k < b->columns; k++) {
        if (!conceptdec_i_ridge_is_absent(b, set, k))
            continue;
        double bias = conceptdec_i_absent_bias(b->columns, b->mass[set * b->classes] > 0 ? 0 : 1);
        b->bias[item * b->columns + k] = bias;
        for (int64_t t = 0; t < n; t++)
            values_of(b, item, k)[t] = bias;
    }
}

static double
objective_of(const batch *b, int64_t item)
{
    int64_t r = b->part->r, set = b->items[item].set;
    double sum = 0;
    for (int64_t k = 0; k < b->columns; k++) {
        const double *w = b->w + (item * b->columns + k) * r, *moment = b->moment + (set * b->columns + k) * r;
        double gain = 0;
        for (int64_t j = 0; j < r; j++)
            gain += w[j] * moment[j];
        if (!conceptdec_i_ridge_is_absent(b, set, k))
            sum += 0.5 * (b->spread[set * b->columns + k] - gain);
    }
    return sum;
}

/* Values where the listener looks for them. */
static const double *
place_values(const batch *b, int64_t item, int lane)
{
    const conceptdec_i_members *m = &b->part->members;
    int64_t n = b->part->fitting->space->n;
    if (m->n_left == n)
        return values_of(b, item, 0);
    double *out = b->spread_out + lane * b->columns * n;
    for (int64_t k = 0; k < b->columns; k++)
        for (int64_t t = 0; t < m->n_left; t++)
            out[k * n + m->left[t]] = values_of(b, item, k)[t];
    return out;
}

static conceptdec_status
item_task(void *argument, int64_t item, int lane)
{
    const batch *b = argument;
    const conceptdec_i_ridge_item *at = &b->items[item];
    leave_rows(b, item);
    if (!b->targets && b->part->fitting->leave != CONCEPTDEC_I_LEAVE_ROLES)
        empty_classes(b, item, b->labels[at->set], b->counts + 2 * lane * b->classes);
    mark_absent(b, item);
    const conceptdec_i_fit fit = {.w = b->w + item * b->columns * b->part->r, .bias = b->bias + item * b->columns,
                                  .decision = place_values(b, item, lane), .sharpness = (double)NAN, .converged = true,
                                  .decrement = (double)NAN, .objective = objective_of(b, item),
                                  .shrinkage = (double)NAN};
    return b->listener(b->argument, at->problem, &fit, lane);
}

static conceptdec_status
residual_task(void *argument, int64_t item, int lane)
{
    (void)lane;
    turn(argument, item, NULL, false);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_batch_finish(conceptdec_i_ridge_batch *b)
{
    conceptdec_ctx *ctx = b->part->fitting->ctx;
    if (b->groups) {
        CONCEPTDEC_I_TRY(conceptdec_i_parallel(ctx, b->n_items, residual_task, b));
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_groups_leave(b->groups, b->n_items * b->columns, b->values));
    }
    return conceptdec_i_parallel(ctx, b->n_items, item_task, b);
}
