/* Means of the rows of each class. */
#ifndef CONCEPTDEC_I_CLASS_MEANS_H
#define CONCEPTDEC_I_CLASS_MEANS_H

#include "core/core.h"

/* means: classes x d, NaN for a class without rows; count: classes. `x` is opened and finite. labels: n, -1 or
 * 0..classes-1. Sums in float64, time O(n d classes), working memory O(d min(classes, 64)); the same bits for any
 * number of threads. */
conceptdec_status conceptdec_i_class_means(conceptdec_i_arena *arena, const conceptdec_matrix *x, const int32_t *labels,
                                           int64_t classes, double *means, int64_t *count);

/* The same of n rows in this order, which may repeat (row NULL: the first n), labels belonging to the items; and of the
 * rows less `center` (d; NULL: 0): near the rows, means lose nothing to a common offset. */
conceptdec_status conceptdec_i_class_means_about(conceptdec_i_arena *arena, const conceptdec_matrix *x,
                                                 const int32_t *row, int64_t n, const int32_t *labels, int64_t classes,
                                                 const double *center, double *means, int64_t *count);

#endif
