/* Exact squared distances of rows, and how far those from products may be from them. */
#include "linalg/distances.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

/* Under cosine, a row whose largest magnitude is below 2^-1000 counts as zero: 1 / |x| would not be a number. */
#define VANISHING (-1000)

static const void *
row_of(const conceptdec_i_operand *operand, int32_t item)
{
    return conceptdec_i_at(operand->view, operand->row ? operand->row[item] : item, 0);
}

static double
factor_of(const conceptdec_i_operand *operand, int32_t item)
{
    return operand->factor ? operand->factor[item] : 1.0;
}

/* Any layout, one row at a time. */
static void
distances_by_row(const conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand, const double *query,
                 const int32_t *items, int32_t n, double *buffer, double *d2)
{
    const conceptdec_matrix *view = operand->view;
    for (int32_t i = 0; i < n; i++) {
        int64_t row = operand->row ? operand->row[items[i]] : items[i];
        conceptdec_i_view_widen(kernels, view, row, 0, view->cols, buffer);
        d2[i] = kernels->distance_f64(query, buffer, factor_of(operand, items[i]), view->cols);
    }
}

/* Dense rows, several abreast; where there are fewer left, the last stands in. */
static void
distances_abreast(const conceptdec_i_kernels *k, const conceptdec_i_operand *operand, const double *query,
                  const int32_t *items, int32_t n, double *d2)
{
    void (*const kernels[])(const double *, const void *const *, const double *, int64_t,
                            double *) = {k->distances_f64, k->distances_f32, k->distances_f16, k->distances_bf16};
    const void *rows[2 * CONCEPTDEC_I_ABREAST];
    double factors[CONCEPTDEC_I_ABREAST], out[CONCEPTDEC_I_ABREAST];
    for (int32_t i = 0; i < n; i += CONCEPTDEC_I_ABREAST) {
        for (int32_t r = 0; r < 2 * CONCEPTDEC_I_ABREAST; r++)
            rows[r] = row_of(operand, items[i + r < n ? i + r : n - 1]);
        for (int32_t r = 0; r < CONCEPTDEC_I_ABREAST; r++)
            factors[r] = factor_of(operand, items[i + r < n ? i + r : n - 1]);
        kernels[operand->view->dtype - CONCEPTDEC_FLOAT64](query, rows, factors, operand->view->cols, out);
        memcpy(d2 + i, out, (size_t)(n - i < CONCEPTDEC_I_ABREAST ? n - i : CONCEPTDEC_I_ABREAST) * sizeof *out);
    }
}

void
conceptdec_i_distances(const conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand, const double *query,
                       const int32_t *items, int32_t n, double *buffer, double *d2)
{
    if (conceptdec_i_view_is_dense_rows(operand->view))
        distances_abreast(kernels, operand, query, items, n, d2);
    else
        distances_by_row(kernels, operand, query, items, n, buffer, d2);
}

double
conceptdec_i_sum_error(int64_t dims)
{
    return (double)(dims / 16 + 16) * 0x1p-53;
}

double
conceptdec_i_distance_error(int64_t dims, int precision)
{
    double unit = precision == CONCEPTDEC_I_TILE_F32 ? 0x1p-24 : 0x1p-53;
    return conceptdec_i_tiles_error(dims, precision) + 24 * unit + conceptdec_i_sum_error(dims);
}

double
conceptdec_i_tiles_scale(double largest)
{
    int exponent = 0;
    if (largest == 0)
        return 1;
    (void)frexp(2 * largest, &exponent);
    return ldexp(1.0, 29 - exponent);
}

double
conceptdec_i_largest_of(const double *x, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    return largest;
}

double
conceptdec_i_inverse_norm(const conceptdec_i_kernels *kernels, double *x, const double *zeros, int64_t n)
{
    double largest = conceptdec_i_largest_of(x, n);
    int exponent = 0;
    if (isfinite(largest))
        (void)frexp(largest, &exponent);
    if (largest == 0 || exponent < VANISHING)
        return 0;
    double down = ldexp(1.0, -exponent);
    for (int64_t i = 0; i < n; i++)
        x[i] *= down;
    double norm2 = kernels->distance_f64(x, zeros, 0.0, n);
    return ldexp(1.0 / sqrt(norm2), -exponent);
}
