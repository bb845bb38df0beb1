/* From products of a tile to credits (ridge_judge.c), and the layout of both. */
#ifndef CONCEPTDEC_I_RIDGE_JUDGE_H
#define CONCEPTDEC_I_RIDGE_JUDGE_H

#include "probe/ridge_batch.h"
#include "probe/ridge_screen.h"

#define CONCEPTDEC_I_RIDGE_MOST_ROWS 64 /* of a panel */
#define CONCEPTDEC_I_RIDGE_MOST_CLASSES 64
#define CONCEPTDEC_I_RIDGE_MOST_LAMBDAS 64

typedef struct conceptdec_i_ridge_judging {
    conceptdec_i_ridge_screen *screen;
    const conceptdec_i_ridge_batch *batch;
    int64_t lane_floats, lane_doubles;
} conceptdec_i_ridge_judging;

/* Floats from one column of products of a panel of rows to the next: functions x mr, a multiple of 16. */
static inline int64_t
conceptdec_i_ridge_product_stride(const conceptdec_i_ridge_screen *screen)
{
    return (screen->blend.total * screen->mr + 15) / 16 * 16;
}

/* The same of values, which have a column for each lambda. */
static inline int64_t
conceptdec_i_ridge_value_stride(const conceptdec_i_ridge_screen *screen)
{
    return (screen->mr + 15) / 16 * 16;
}

/* Adds to credits (lambdas) those of one panel of rows under one label set. products: functions x mr of each class but
 * the last; scratch: as many floats for all classes, then the values;
 * room: directions + lambdas x classes. */
void conceptdec_i_ridge_judge(const conceptdec_i_ridge_judging *judging, int64_t panel, int64_t set,
                              const int32_t *products, float *scratch, double *room, double *credits);

#endif
