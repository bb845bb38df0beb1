/* A graph with weights, as rows of its adjacency matrix: what UMAP lays out. */
#ifndef CONCEPTDEC_I_PROJECTION_GRAPH_H
#define CONCEPTDEC_I_PROJECTION_GRAPH_H

#include "core/core.h"

/* Symmetric: row i has column[first[i]] ... column[first[i + 1] - 1], ascending and without i itself. */
typedef struct conceptdec_i_graph {
    int64_t n;
    const int64_t *first;  /* n + 1 */
    const int32_t *column; /* first[n] */
    const float *weight;   /* in (0, 1] */
} conceptdec_i_graph;

#endif
