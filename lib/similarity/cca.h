/* Canonical correlations of views that are reduced to their leading directions. */
#ifndef CONCEPTDEC_I_CCA_H
#define CONCEPTDEC_I_CCA_H

#include "similarity/centred.h"
#include "similarity/pairs.h"

/* A centred view, in units of its own, is the sum over its directions of size u load', and of what is left out. */
typedef struct conceptdec_i_cca_view {
    conceptdec_i_directions u; /* orthonormal */
    double *size;              /* descending, above 0; 1 where all directions count alike, in any basis */
    double *load;              /* PWCCA: d rows of u.count numbers: size times load */
    int64_t d;
    double penalty; /* what the ridge adds to squared sizes */
} conceptdec_i_cca_view;

/* Singular values of a pair, memory of the call's arena. */
typedef struct conceptdec_i_cca_values {
    int64_t count;
    double *values;
} conceptdec_i_cca_values;

typedef struct conceptdec_i_cca {
    conceptdec_i_similarity *s;
    conceptdec_i_centred *views;
    bool is_weighted;                  /* PWCCA */
    int64_t *directions;               /* of each view, once it was reduced */
    conceptdec_i_cca_values *observed; /* A x B */
} conceptdec_i_cca;

/* What permutations have in common: the directions as products want them (linalg/crossed.h). */
typedef struct conceptdec_i_cca_packed {
    double **x; /* of each view of a that is met */
    double *y;
} conceptdec_i_cca_packed;

#define CONCEPTDEC_I_CCA_SLICE 256 /* weights that are computed at once */

/* For conceptdec_i_pairs (cca_shared.c, cca_pair.c). */
conceptdec_status conceptdec_i_cca_share(void *argument, conceptdec_i_arena *arena, int64_t room,
                                         const conceptdec_i_meeting *meeting, void **shared, int64_t *bytes);
conceptdec_status conceptdec_i_cca_measure(void *argument, const conceptdec_i_meeting *meeting, double *values);
/* Of a draw: of a meeting, and of views of so many directions. */
int64_t conceptdec_i_cca_meeting_bytes(const void *argument, const conceptdec_i_meeting *meeting, bool is_resampling);
int64_t conceptdec_i_cca_bytes(const conceptdec_i_cca *cca, int64_t x, int64_t y, int64_t d);

#endif
