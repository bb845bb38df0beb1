/* Labelled activations whose concepts lie in subspaces, for tests of their overlap. Beside overlap_problems.h. */
#ifndef CONCEPTDEC_TESTS_CONCEPT_PROBLEMS_H
#define CONCEPTDEC_TESTS_CONCEPT_PROBLEMS_H

#include "overlap_problems.h"

enum { CONCEPT_N = 90, CONCEPT_D = 12, CONCEPT_C = 3, CONCEPT_V = 2 };

static double concept_values[CONCEPT_V][CONCEPT_N * CONCEPT_D];
static int64_t concept_labels[CONCEPT_N], concept_groups[CONCEPT_N];

/* Concepts 0 and 1 share two directions, of all; means lie apart. Every tenth row is not labelled; groups of three have one label. */
static inline void
make_concepts(void)
{
    double noise[CONCEPT_D], weights[3];
    for (int v = 0; v < CONCEPT_V; v++)
        for (int i = 0; i < CONCEPT_N; i++) {
            int label = i / 3 % CONCEPT_C;
            concept_labels[i] = i % 10 == 9 ? -1 : label;
            concept_groups[i] = 100 - i / 3;
            fill_uniform((uint64_t)(1000 * v + i), CONCEPT_D, noise);
            fill_uniform((uint64_t)(5000 + 1000 * v + i), 3, weights);
            for (int j = 0; j < CONCEPT_D; j++)
                concept_values[v][i * CONCEPT_D + j] = 0.2 * noise[j] + 3 * label + (j == 7);
            concept_values[v][i * CONCEPT_D + (label == 2 ? 4 : 0)] += 4 * weights[0];
            concept_values[v][i * CONCEPT_D + (label == 2 ? 5 : 1)] += 2 * weights[1];
            concept_values[v][i * CONCEPT_D + 8 + label] += weights[2];
        }
}

static inline void
concept_views(conceptdec_matrix *views, conceptdec_matrix *labels)
{
    for (int v = 0; v < CONCEPT_V; v++)
        views[v] = dense(concept_values[v], CONCEPT_N, CONCEPT_D);
    *labels = (conceptdec_matrix){.data = concept_labels,
                                  .rows = CONCEPT_N,
                                  .cols = 1,
                                  .row_stride = 8,
                                  .col_stride = 8,
                                  .dtype = CONCEPTDEC_INT64};
}

static inline conceptdec_result *
concept_overlap(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views, const conceptdec_matrix *labels,
                const conceptdec_overlap_options *options)
{
    conceptdec_result *result = NULL;
    ck_assert_msg(conceptdec_subspace_overlap(ctx, views, n_views, labels, options, &result) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    return result;
}

#endif
