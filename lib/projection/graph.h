/* A graph with weights, as rows of its adjacency matrix: what UMAP lays out. */
#ifndef CONCEPTDEC_I_PROJECTION_GRAPH_H
#define CONCEPTDEC_I_PROJECTION_GRAPH_H

#include "core/core.h"

/* For walks over all vertices that no task is made of: looks at the cancel flag at some of them. */
static inline conceptdec_status
conceptdec_i_poll_at(conceptdec_ctx *ctx, int64_t vertex)
{
    return vertex % 4096 ? CONCEPTDEC_OK : conceptdec_i_poll(ctx, 0);
}

/* Symmetric: row i has column[first[i]] ... column[first[i + 1] - 1], ascending and without i itself. */
typedef struct conceptdec_i_graph {
    int64_t n;
    const int64_t *first;  /* n + 1 */
    const int32_t *column; /* first[n] */
    const float *weight;   /* in (0, 1] */
} conceptdec_i_graph;

#endif
