/* Overlap of the concepts of labelled activations: what the files of subspace_overlap*.c share. */
#ifndef CONCEPTDEC_I_SUBSPACE_OVERLAP_LABELLED_H
#define CONCEPTDEC_I_SUBSPACE_OVERLAP_LABELLED_H

#include "subspace/overlap.h"

typedef struct conceptdec_i_concepts {
    conceptdec_ctx *ctx;
    conceptdec_i_arena *arena;
    conceptdec_overlap_options options;             /* with defaults, checked */
    conceptdec_subspaces_options subspaces_options; /* likewise */
    int64_t n_views, n, d, classes;
    const conceptdec_matrix **views; /* opened; finite once there are subspaces */
    int32_t *labels;
    int64_t *groups; /* NULL, or n codes */
    conceptdec_subspaces *subspaces;
    conceptdec_result *result;
} conceptdec_i_concepts;

/* Adds `null`, p_value and p_value_lower; the overlaps are in the result. plan: conceptdec_i_permute_new(). */
struct conceptdec_i_permute;
conceptdec_status conceptdec_i_concepts_permute(conceptdec_i_concepts *c, const struct conceptdec_i_permute *plan);
/* Adds ci_low and ci_high. */
conceptdec_status conceptdec_i_concepts_bootstrap(conceptdec_i_concepts *c);
/* Adds the alignment index, where the basis has one. */
conceptdec_status conceptdec_i_concepts_align(conceptdec_i_concepts *c);

#endif
