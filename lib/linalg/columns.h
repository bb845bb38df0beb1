/* What is known of the columns of a matrix before it is multiplied: whether all is finite, means, ranges,
 * deviations. */
#ifndef CONCEPTDEC_I_COLUMNS_H
#define CONCEPTDEC_I_COLUMNS_H

#include "core/core.h"

/* One number for each column; memory of the arena's. */
typedef struct conceptdec_i_columns {
    double *mean, *least, *largest;
    double *squares; /* sums of (x - mean)^2, where they were asked for and came without loss; else NULL */
} conceptdec_i_columns;

/* Reads every row once. ENONFINITE names the first place in row order; EOVERFLOW where a sum or a difference of finite
 * values does not fit. `x` is opened. The same bits for any number of threads. */
conceptdec_status conceptdec_i_columns_scan(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *x,
                                            conceptdec_i_columns *columns);
/* The same with squares, for values whose squares are within range (all types but float64). They are taken about the
 * first row, and are not handed out where that lies so far from the mean of a column that digits were lost. */
conceptdec_status conceptdec_i_columns_scan_squares(conceptdec_i_arena *arena, const char *name,
                                                    const conceptdec_matrix *x, conceptdec_i_columns *columns);
/* Bytes that either takes, beside what stays. */
int64_t conceptdec_i_columns_bytes(int64_t n, int64_t d);
/* squares[j] = sum over rows of ((x - shift) / unit)^2. */
conceptdec_status conceptdec_i_columns_squares(conceptdec_i_arena *arena, const conceptdec_matrix *x,
                                               const double *shift, const double *unit, double *squares);
/* The same for n rows of a finite matrix in this order, which may repeat (row NULL: the first n); names no stage of the
 * progress. EOVERFLOW names the column. */
conceptdec_status conceptdec_i_columns_scan_rows(conceptdec_i_arena *arena, const char *name,
                                                 const conceptdec_matrix *x, const int32_t *row, int64_t n,
                                                 conceptdec_i_columns *columns);
conceptdec_status conceptdec_i_columns_squares_rows(conceptdec_i_arena *arena, const conceptdec_matrix *x,
                                                    const int32_t *row, int64_t n, const double *shift,
                                                    const double *unit, double *squares);
/* The power of two at or above |value|, within 2^-1000 and 2^1000; 1 for 0. */
double conceptdec_i_unit(double value);

#endif
