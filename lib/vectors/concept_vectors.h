/* Concept vectors: what they are made of, and samples drawn again. */
#ifndef CONCEPTDEC_I_CONCEPT_VECTORS_H
#define CONCEPTDEC_I_CONCEPT_VECTORS_H

#include "core/core.h"

/* One call. Means are counted from `center`, one of the samples, and divided by `unit`, so that neither an offset nor
 * the scale of the numbers costs digits. */
typedef struct conceptdec_i_vectors {
    conceptdec_i_arena *arena;
    conceptdec_vectors_options options; /* with defaults */
    const conceptdec_matrix *x;         /* opened and finite */
    int64_t n, d, classes;
    int64_t *start; /* classes + 1: class c has items start[c] .. start[c + 1] - 1 of `row`, ascending rows of x */
    int32_t *row;
    double *center, unit;
    double *baseline; /* d, as means are; NULL: none was given */
    double rounding;  /* lengths at or below it are rounding of the sums */
    int64_t *order;   /* classes in the order of their first rows, those without rows at the end */
    /* Units are what is drawn: groups within a class, or rows. Item i belongs to unit of[i] of its class. */
    int32_t *of;
    int64_t *units; /* of each class */
} conceptdec_i_vectors;

/* vectors (classes x d) from means (classes x d) that stand for `weight` samples each; NaN where a class has none, or
 * its baseline is not there. scratch: d. */
void conceptdec_i_vectors_contrast(const conceptdec_i_vectors *v, const double *means, const double *weight,
                                   double *scratch, double *vectors);
/* Of two vectors of these lengths and this product; NaN where one is no longer than rounding. */
double conceptdec_i_vectors_cosine(const conceptdec_i_vectors *v, double product, double a, double b);

/* What was found, and what draws say of it: norms of C, cosines of C x C. */
typedef struct conceptdec_i_vectors_intervals {
    const double *norms, *cosines;
    double *norm_low, *norm_high, *norm_bias, *cosine_low, *cosine_high, *cosine_bias;
    int64_t left_out; /* most draws without a number */
} conceptdec_i_vectors_intervals;

/* Intervals by samples drawn again within each class: norm_low, norm_high (classes), cosine_low, cosine_high (classes x
 * classes). NaN where a class has fewer than two units. */
conceptdec_status conceptdec_i_vectors_bootstrap(const conceptdec_i_vectors *v, conceptdec_i_vectors_intervals *out);
/* reliability (classes): mean over random halvings of the cosine between the vectors of both halves. Classes of fewer
 * than two units are in neither half, and have NaN. */
conceptdec_status conceptdec_i_vectors_halves(const conceptdec_i_vectors *v, double *reliability);

/* ---- sums of weighted samples (resample.c) ---- */

/* Writes the weight of each item (those of class c from start[c] on) in column number `column`. */
typedef void (*conceptdec_i_weighing)(const conceptdec_i_vectors *v, int64_t column, int32_t *scratch,
                                      int32_t *weights);
/* Takes what came of the columns of one draw, one after the other: means as above, and the weight behind each; lane
 * names scratch of its own. */
typedef void (*conceptdec_i_draw_consumer)(void *argument, int64_t draw, const double *means, const double *weight,
                                           int lane);

typedef struct conceptdec_i_resampling {
    const conceptdec_i_vectors *v;
    const char *stage;
    int64_t draws, columns; /* columns of each draw */
    int64_t bytes;          /* that the caller keeps, of the option `memory` */
    conceptdec_i_weighing weigh;
    conceptdec_i_draw_consumer consume;
    void *argument;
} conceptdec_i_resampling;

/* Draws are worked on a few at a time, each row read once for all of them. Time O(n d) for each column. ENOMEM where
 * the memory does not allow one of them. */
conceptdec_status conceptdec_i_resample(const conceptdec_i_resampling *resampling);

#endif
