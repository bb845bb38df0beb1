/* Streaming moments: what a state holds, and what others may ask of it. */
#ifndef CONCEPTDEC_I_MOMENTS_H
#define CONCEPTDEC_I_MOMENTS_H

#include "stats/sums.h"

struct conceptdec_moments {
    conceptdec_i_memory *memory;
    const struct conceptdec_i_kernels *kernels;
    int64_t d;
    conceptdec_i_sums sums; /* of one class */
    /* answers; NULL until asked for */
    double *covariance, *mean;
    int64_t count;
};

/* An empty state. */
conceptdec_status conceptdec_i_moments_make(conceptdec_ctx *ctx, int64_t d, conceptdec_moments **moments);
/* Mean and scatter (upper half) of all rows, also those that wait: d, and d x d numbers. shift (d; NULL: not wanted) is
 * the mean of differences from the first row: 0 where a dimension is constant. */
conceptdec_status conceptdec_i_moments_settle(conceptdec_ctx *ctx, const conceptdec_moments *moments, double *mean,
                                              double *shift, double *scatter);

#endif
