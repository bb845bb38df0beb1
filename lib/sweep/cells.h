/* What a sweep computes in each cell of its grid. */
#ifndef CONCEPTDEC_I_CELLS_H
#define CONCEPTDEC_I_CELLS_H

#include "core/core.h"

typedef struct conceptdec_i_cells conceptdec_i_cells;

struct conceptdec_i_cells {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *labels;
    const char *score;  /* the array whose differences are taken */
    int64_t width;      /* its numbers in one cell */
    int64_t draws;      /* of the bootstrap */
    double confidence;
    const void *options, *settings;
    /* One cell; replicates: NULL, or draws x width. */
    conceptdec_status (*run)(const conceptdec_i_cells *cells, const conceptdec_matrix *x, double *replicates,
                             conceptdec_result **cell);
    conceptdec_status (*report)(const conceptdec_i_cells *cells, conceptdec_result *result);
};

/* Checks options and labels once: what is wrong with them would be so in every cell, after its work. */
conceptdec_status conceptdec_i_cells_knn(conceptdec_i_arena *arena, const conceptdec_matrix *labels,
                                         const conceptdec_knn_options *options, conceptdec_i_cells *cells);
conceptdec_status conceptdec_i_cells_probe(conceptdec_i_arena *arena, const conceptdec_matrix *labels,
                                           const conceptdec_probe_options *options, conceptdec_i_cells *cells);

#endif
