/* Exact squared distances of rows, and how far those from products may be from them. */
#ifndef CONCEPTDEC_I_DISTANCES_H
#define CONCEPTDEC_I_DISTANCES_H

#include "linalg/tiles.h"

/* d2[i] = the refining sum (kernels.h) of `query`, a row as conceptdec_i_operand_row() gives it, and of items[i] of the
 * operand; its mean and scale play no part. buffer: a row of doubles. */
void conceptdec_i_distances(const struct conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand,
                            const double *query, const int32_t *items, int32_t n, double *buffer, double *d2);

/* The same of one item and n rows that are as conceptdec_i_operand_row() gives them. next: the item that comes next. */
void conceptdec_i_distances_meet(const struct conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand,
                                 int32_t item, int32_t next, const double *const *rows, int32_t n, double *buffer,
                                 double *d2);

/* The relative error of a float64 sum of dims squares in 16 partial sums: of a norm, and of a refined distance. */
double conceptdec_i_sum_error(int64_t dims);
/* What |a|^2 + |b|^2 - 2 a.b of items packed for float32 or float64 tiles may be off by, with the roundings of these
 * operations, as a share of |a|^2 + |b|^2 (docs/screening.md). */
double conceptdec_i_distance_error(int64_t dims, int precision);
/* The power of two that brings centred values to magnitude 2^29: squares then lie far from both ends of float. largest:
 * of the values before they are centred. */
double conceptdec_i_tiles_scale(double largest);

/* 1 / |x|, the factor of a row under cosine; 0 for a row that counts as zero. x, which is brought to magnitude 1 first
 * so that nothing overflows, is changed. zeros: as many zeros. */
double conceptdec_i_inverse_norm(const struct conceptdec_i_kernels *kernels, double *x, const double *zeros, int64_t n);
double conceptdec_i_largest_of(const double *x, int64_t n); /* magnitude */

#endif
