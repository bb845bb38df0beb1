/* What a search needs to know of a matrix before any product: distinct rows, column means, factors of the rows. */
#ifndef CONCEPTDEC_I_VALUES_H
#define CONCEPTDEC_I_VALUES_H

#include "core/core.h"

/* One pass over the rows of a view. Arrays come from the arena. */
typedef struct conceptdec_i_survey {
    const conceptdec_matrix *view;
    double *hash;    /* per row: equal rows have equal values */
    double *factor;  /* per row, NULL where all are 1: power of two for extreme float64 input; cosine: 1 / norm */
    uint8_t *zero;   /* per row, cosine only (else NULL): the row is all zero */
    double *mean;    /* per column, of row * factor */
    double largest;  /* of |row * factor| */
    double rescale;  /* the power of two common to all rows (L2), 1 for all but extreme float64 input */
    int64_t n_zero;
} conceptdec_i_survey;

/* Scans x and, where it is not NULL, queries; both get the same rescale. ENONFINITE names the first place. */
conceptdec_status conceptdec_i_survey_take(conceptdec_i_arena *arena, const conceptdec_matrix *x,
                                           const conceptdec_matrix *queries, int32_t metric,
                                           conceptdec_i_survey *of_x, conceptdec_i_survey *of_queries);

/* Classes of identical rows, numbered by their first row. Rows of class c: rows[start[c] .. start[c + 1]),
 * ascending. */
typedef struct conceptdec_i_distinct {
    int64_t n;
    int64_t *start;
    int32_t *rows;
    int32_t *class_of_row; /* -1: left out */
} conceptdec_i_distinct;

/* keep: NULL, or rows with 0 are left out. */
conceptdec_status conceptdec_i_distinct_rows(conceptdec_i_arena *arena, const conceptdec_i_survey *survey,
                                             const uint8_t *keep, conceptdec_i_distinct *distinct);

#endif
