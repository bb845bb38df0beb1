/* Bases of subspaces that are made of whole classes: means, differences of means, weights of a probe. */
#ifndef CONCEPTDEC_I_DIRECTIONS_H
#define CONCEPTDEC_I_DIRECTIONS_H

#include "subspace/principal.h"
#include "subspace/subspaces.h"

/* Labelled rows, as conceptdec_i_subspaces_of() takes them. */
typedef struct conceptdec_i_labelled {
    conceptdec_i_arena *arena;
    const conceptdec_matrix *x;
    const int32_t *row;
    int64_t n;
    const int32_t *labels;
    int64_t classes;
} conceptdec_i_labelled;

/* Means of classes, less a vector that is the same for all. */
typedef struct conceptdec_i_class_centers {
    int64_t classes, d;
    const double *means;  /* classes x d; what stands for a class without samples is not looked at */
    const int64_t *count; /* classes */
    double rounding;      /* lengths of differences of means at or below it are rounding */
    int32_t dtype;        /* of the samples */
} conceptdec_i_class_centers;

/* found[c] becomes subspace c of one view. */
conceptdec_status conceptdec_i_subspaces_list(conceptdec_i_arena *arena, const conceptdec_i_principal *found,
                                              int64_t count, int64_t d, conceptdec_subspaces **subspaces);
/* The span of the class means about their own mean; what each class's mean differs in from the mean of all other
 * samples. */
conceptdec_status conceptdec_i_span_of_centers(conceptdec_i_arena *arena, const conceptdec_i_class_centers *centers,
                                               const conceptdec_subspaces_options *options,
                                               conceptdec_subspaces **subspaces);
conceptdec_status conceptdec_i_differences_of_centers(conceptdec_i_arena *arena,
                                                      const conceptdec_i_class_centers *centers,
                                                      conceptdec_subspaces **subspaces);

conceptdec_status conceptdec_i_basis_means(const conceptdec_i_labelled *labelled,
                                           const conceptdec_subspaces_options *options,
                                           conceptdec_subspaces **subspaces);
conceptdec_status conceptdec_i_basis_difference(const conceptdec_i_labelled *labelled,
                                                const conceptdec_subspaces_options *options,
                                                conceptdec_subspaces **subspaces);
conceptdec_status conceptdec_i_basis_probe(const conceptdec_i_labelled *labelled,
                                           const conceptdec_subspaces_options *options,
                                           conceptdec_subspaces **subspaces);

#endif
