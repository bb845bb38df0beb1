/* Streaming moments: what a state holds, and what others may ask of it. */
#ifndef CONCEPTDEC_I_MOMENTS_H
#define CONCEPTDEC_I_MOMENTS_H

#include "core/core.h"

/* Rows are gathered into chunks of a length that follows from their width alone; a whole chunk is merged into mean and
 * scatter, and the rows of the one that has begun wait. */
typedef struct conceptdec_i_sums {
    int64_t n;       /* rows in mean and scatter */
    int64_t waiting; /* rows that wait, fewer than a chunk */
    double *pilot;   /* d: the first row, from which means are counted, so that one far from 0 costs no digits */
    double *mean;    /* d: mean - pilot */
    double *scatter; /* d x d, upper half: sum over rows of (x - mean) (x - mean)' */
    double *rows;    /* (chunk + 1) x d: those that wait, and place for one that stands for the shift of the mean */
} conceptdec_i_sums;

struct conceptdec_moments {
    conceptdec_i_memory *memory;
    const struct conceptdec_i_kernels *kernels;
    int64_t d, chunk;
    conceptdec_i_sums sums;
    /* answers; NULL until asked for */
    double *covariance, *mean;
    int64_t count;
};

/* Values of this size or more are refused: sums of their squares would not fit. */
#define CONCEPTDEC_I_MOMENTS_MOST 0x1p480

/* Rows of a chunk. */
int64_t conceptdec_i_moments_chunk(int64_t d);
/* An empty state. */
conceptdec_status conceptdec_i_moments_make(conceptdec_ctx *ctx, int64_t d, conceptdec_moments **moments);
/* Mean and scatter (upper half) of all rows, also those that wait: d, and d x d numbers. */
conceptdec_status conceptdec_i_moments_settle(conceptdec_ctx *ctx, const conceptdec_moments *moments, double *mean,
                                              double *scatter);
/* Memory of sums, uninitialised, from that of the state; text and status of a failure go to ctx. */
conceptdec_status conceptdec_i_sums_take(conceptdec_ctx *ctx, const conceptdec_moments *moments,
                                         conceptdec_i_sums *sums);
void conceptdec_i_sums_give(const conceptdec_moments *moments, conceptdec_i_sums *sums);

#endif
