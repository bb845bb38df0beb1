/* Anchor points of a manifold: one quadratic programme for each Gaussian vector. */
#ifndef CONCEPTDEC_I_GEOMETRY_ANCHORS_H
#define CONCEPTDEC_I_GEOMETRY_ANCHORS_H

#include "core/core.h"

/* What lanes share. Points are S_i and a last coordinate of 1 each. */
typedef struct conceptdec_i_manifold {
    conceptdec_ctx *ctx;
    int64_t n, most;        /* points; most of them that a solution rests on */
    const double *products; /* n x n: of the S_i */
    double margin;
} conceptdec_i_manifold;

/* Scratch of one lane. */
typedef struct conceptdec_i_anchors {
    double *values;                 /* n: V S_i */
    double *weight, *trial, *shift; /* most */
    double *factor;                 /* most x most: L L' = products of the points that V rests on */
    int32_t *active;                /* most: those */
    uint8_t *state;                 /* n */
} conceptdec_i_anchors;

/* Of one vector T = (t, t0). */
typedef struct conceptdec_i_anchor {
    double distance; /* least |V - T|^2 with V S_i >= margin for all i */
    double square;   /* of the anchor point's distance from the centre, |s|^2 */
    double along;    /* (t s)^2 / |s|^2; 0 where s is 0 */
    double residual; /* by how much V misses what makes it the least, in units of the largest |T S_i| and the margin */
} conceptdec_i_anchor;

double conceptdec_i_anchors_bytes(int64_t n, int64_t most);
conceptdec_status conceptdec_i_anchors_open(conceptdec_i_arena *arena, const conceptdec_i_manifold *manifold,
                                            conceptdec_i_anchors *anchors);
/* along: n, t S_i. */
conceptdec_status conceptdec_i_anchors_find(const conceptdec_i_manifold *manifold, conceptdec_i_anchors *anchors,
                                            const double *along, double t0, conceptdec_i_anchor *anchor);

#endif
