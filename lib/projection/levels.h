/* The normalised adjacency N = D^-1/2 W D^-1/2 of a connected part of a graph, and coarser pictures of it. The
 * Laplacian is I - N; its eigenvalues lie in [0, 2]. */
#ifndef CONCEPTDEC_I_PROJECTION_LEVELS_H
#define CONCEPTDEC_I_PROJECTION_LEVELS_H

#include "projection/graph.h"

typedef struct conceptdec_i_level {
    int64_t n;
    int64_t *first;  /* n + 1 */
    int32_t *column; /* first[n] */
    double *weight;  /* of N, without its diagonal */
    double *inside;  /* diagonal of N; NULL: zero */
    double *root;    /* the eigenvector of eigenvalue 0, length 1, all above 0: square roots of the degrees */
    int32_t *parent; /* vertex of the next coarser level; NULL at the coarsest */
} conceptdec_i_level;

/* The part with the vertices member[0..n-1]; place[member[i]] = i. Edges without weight are left out. */
conceptdec_status conceptdec_i_level_open(conceptdec_i_arena *arena, const conceptdec_i_graph *graph,
                                          const int32_t *member, int64_t n, const int32_t *place,
                                          conceptdec_i_level *level);
/* Vertices joined along heavy edges, two or more each, so at most half of them: coarse N = P' N P, where P (fine->n x
 * coarse->n) has orthonormal columns and maps root to root. Sets fine->parent. n >= 2. */
conceptdec_status conceptdec_i_level_coarsen(conceptdec_i_arena *arena, conceptdec_i_level *fine,
                                             conceptdec_i_level *coarse);
/* fine = P coarse, `width` columns, rows one after the other. */
conceptdec_status conceptdec_i_level_prolong(conceptdec_ctx *ctx, const conceptdec_i_level *fine,
                                             const conceptdec_i_level *coarse, int64_t width, const double *from,
                                             double *to);

#endif
