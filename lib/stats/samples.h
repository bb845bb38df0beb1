/* Columns that say something of each sample: labels, groups, training rows, weights. */
#ifndef CONCEPTDEC_I_SAMPLES_H
#define CONCEPTDEC_I_SAMPLES_H

#include "core/core.h"

/* A column of n integers; ESIZE where the view has another shape. */
conceptdec_status conceptdec_i_samples_column(conceptdec_i_arena *arena, const char *name,
                                              const conceptdec_matrix *view, int64_t n, int64_t **column);
/* The argument `train`: 1 for training rows, else 0. */
conceptdec_status conceptdec_i_samples_train(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t n,
                                             uint8_t **train);
/* The argument `weights`: a column of n floats that are finite and at least 0, not all of them 0. */
conceptdec_status conceptdec_i_samples_weights(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t n,
                                               double **weights);

/* One label set. */
typedef struct conceptdec_i_labels {
    int64_t *wide;   /* -1: the row plays no part */
    int32_t *narrow; /* the same */
    int64_t n_labelled, largest;
} conceptdec_i_labels;

/* Column `set` of the argument `labels`, a checked integer view: -1..classes-1, at least two labelled rows and two
 * classes. */
conceptdec_status conceptdec_i_samples_labels(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t set,
                                              int64_t classes, conceptdec_i_labels *labels);

/* The largest label + 1 as the number of classes, 0 where there is none: ELABEL where results would have more of them
 * than anybody means. */
conceptdec_status conceptdec_i_samples_infer(conceptdec_ctx *ctx, const int64_t *labels, int64_t n, int64_t *classes);

/* The argument `labels`, a column of n, of which at least two rows are labelled, all of one class perhaps:
 * -1..*classes-1, and where *classes is 0 it becomes the largest label + 1. */
conceptdec_status conceptdec_i_samples_classes(conceptdec_i_arena *arena, const conceptdec_matrix *view, int64_t n,
                                               int64_t *classes, int32_t **labels);

#endif
