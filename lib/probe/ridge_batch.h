/* Ridge problems of one part: label sets by the dozen, as their sums are found together, and of their problems batches
 * of as many columns as a cache holds. */
#ifndef CONCEPTDEC_I_RIDGE_BATCH_H
#define CONCEPTDEC_I_RIDGE_BATCH_H

#include "probe/ridge.h"

/* A problem of a batch; these are sorted by lambda, then set. */
typedef struct conceptdec_i_ridge_item {
    int64_t problem; /* of the fitting */
    int64_t set;     /* of those in work */
    int64_t lambda;  /* its number in the part */
} conceptdec_i_ridge_item;

typedef struct conceptdec_i_ridge_batch {
    conceptdec_i_arena *arena;
    conceptdec_i_ridge_part *part;
    const double *targets; /* T x n; NULL: labels */
    int64_t columns, classes;
    int64_t n_sets, n_items;
    const int32_t **labels; /* per set */
    conceptdec_i_ridge_item *items;
    double *sums;    /* sets x classes x r */
    double *mass;    /* sets x classes */
    double *center;  /* sets x columns: weighted mean of the target */
    double *spread;  /* sets x columns: its weighted variance */
    double *moment;  /* sets x columns x r: c */
    double *along;   /* the same along eigenvectors */
    double *scaled;  /* items x columns x r */
    double *w;       /* items x columns x r */
    double *product; /* what rows are multiplied by: w, or the weights of t - f */
    double *bias, *offset; /* items x columns: intercepts, and what products start from */
    double *values;  /* items x columns x n_left: products, then decision values */
    double *spread_out; /* per lane: columns x n, where not all rows are left out */
    int64_t *counts; /* per lane: 2 x classes */
    int64_t held;    /* doubles of all this, of the part and of groups */
    const conceptdec_i_ridge_groups *groups; /* LEAVE_GROUP */
    conceptdec_i_fit_listener listener;
    void *argument;
} conceptdec_i_ridge_batch;

/* Doubles for each problem of a batch, and for each label set. */
int64_t conceptdec_i_ridge_item_doubles(const conceptdec_i_ridge_batch *batch);
int64_t conceptdec_i_ridge_set_doubles(const conceptdec_i_ridge_batch *batch);
/* Doubles of the lanes. */
int64_t conceptdec_i_ridge_lane_doubles(const conceptdec_i_ridge_batch *batch);
conceptdec_status conceptdec_i_ridge_batch_take(conceptdec_i_ridge_batch *batch, int64_t most_sets, int64_t most_items);
/* Problems order[0..count-1], sorted by set and lambda, most_items of them at a time. */
conceptdec_status conceptdec_i_ridge_batch_run(conceptdec_i_ridge_batch *batch, const int64_t *order, int64_t count,
                                               int64_t most_items);

/* ridge_targets.c: center, spread and moment of every set, and what is left of the equations. */
conceptdec_status conceptdec_i_ridge_batch_targets(conceptdec_i_ridge_batch *batch);
/* Improves the weights of some problems of one lambda, for which the factor is made. */
conceptdec_status conceptdec_i_ridge_batch_refine(const conceptdec_i_ridge_batch *batch, int64_t first, int64_t end);
/* ridge_finish.c: decision values from products, and the listener. */
conceptdec_status conceptdec_i_ridge_batch_finish(conceptdec_i_ridge_batch *batch);

static inline double
conceptdec_i_ridge_target(const conceptdec_i_ridge_batch *batch, const int32_t *labels, int64_t column, int64_t row)
{
    if (batch->targets)
        return batch->targets[column * batch->part->fitting->space->n + row];
    return labels[row] == (batch->columns == 1 ? 1 : column) ? 1 : -1;
}

/* A class of which the TRAIN rows weigh nothing: its column is not fitted. */
static inline bool
conceptdec_i_ridge_is_absent(const conceptdec_i_ridge_batch *batch, int64_t set, int64_t column)
{
    const double *mass = batch->mass + set * batch->classes;
    if (batch->targets)
        return false;
    return batch->columns == 1 ? !(mass[0] > 0 && mass[1] > 0) : !(mass[column] > 0);
}

#endif
