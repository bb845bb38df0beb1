/* The filters of many lambdas as combinations of fewer. A direction (eigenvector) with eigenvalue s enters the fit with
 * the share s / (s + lambda). Among directions whose eigenvalues are alike these shares, as functions of s, are for all
 * lambdas together nearly combinations of two or three functions; so products are made for these functions, block of
 * directions by block, and what belongs to each lambda is put together afterwards. How far that is from the filter is
 * known for each direction. */
#ifndef CONCEPTDEC_I_RIDGE_BLEND_H
#define CONCEPTDEC_I_RIDGE_BLEND_H

#include "probe/ridge.h"

typedef struct conceptdec_i_ridge_blend {
    int64_t n; /* directions with an eigenvalue above 0, the largest first */
    int64_t n_lambdas, n_blocks;
    int64_t *first;    /* n_blocks + 1: the blocks' directions */
    int64_t *rank;     /* functions of each block */
    int64_t total;     /* of all blocks */
    int64_t depth;     /* values of all of them: sum over blocks of rank * directions */
    double *function;  /* depth: block by block, function by function */
    float *share;      /* total x n_lambdas: sum over functions of share * function is nearly the filter */
    double *filter;    /* n_lambdas x n: s / (s + lambda) */
    double *rest;      /* n_lambdas x n: |filter - that sum| */
    double *root;      /* n: 1 / sqrt(s): what makes coordinates along the directions equal in size */
} conceptdec_i_ridge_blend;

/* Doubles that one takes for so many directions and lambdas. */
int64_t conceptdec_i_ridge_blend_doubles(int64_t n, int64_t n_lambdas);
conceptdec_status conceptdec_i_ridge_blend_make(conceptdec_i_arena *arena, const conceptdec_i_ridge_part *part,
                                                conceptdec_i_ridge_blend *blend);

#endif
