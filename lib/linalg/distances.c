/* Exact squared distances of rows, and how far those from products may be from them. */
#include "linalg/distances.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

/* Under cosine, a row whose largest magnitude is below 2^-1000 counts as zero: 1 / |x| would not be a number. */
#define VANISHING (-1000)
#define TOPS 8 /* chains that do not wait for each other */

/* Where a row lies in memory for as long as the operand is used; NULL: nowhere. */
static const void *
row_of(const conceptdec_i_operand *operand, int32_t item)
{
    const conceptdec_matrix *view = operand->view;
    const int64_t row = operand->row ? operand->row[item] : item;
    if (conceptdec_i_view_is_read(view))
        return conceptdec_i_source_kept_row((conceptdec_i_source *)(uintptr_t)view->data, row);
    return conceptdec_i_view_is_dense_rows(view) ? conceptdec_i_at(view, row, 0) : NULL;
}

static double
factor_of(const conceptdec_i_operand *operand, int32_t item)
{
    return operand->factor ? operand->factor[item] : 1.0;
}

/* Any layout. */
static double
distance_of(const conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand, const double *query, int32_t item,
            double *buffer)
{
    const conceptdec_matrix *view = operand->view;
    conceptdec_i_view_widen(kernels, view, operand->row ? operand->row[item] : item, 0, view->cols, buffer);
    return kernels->distance_f64(query, buffer, factor_of(operand, item), view->cols);
}

/* Rows in memory, several abreast, the next ones behind them; where there are fewer left, the first stands in. */
static void
distances_abreast(const conceptdec_i_kernels *k, const conceptdec_i_operand *operand, const double *query,
                  const void *const *rows, const int32_t *items, int32_t n, double *d2)
{
    void (*const kernels[])(const double *, const void *const *, const double *, int64_t,
                            double *) = {k->distances_f64, k->distances_f32, k->distances_f16, k->distances_bf16};
    double factors[CONCEPTDEC_I_ABREAST], out[CONCEPTDEC_I_ABREAST];
    for (int32_t r = 0; r < CONCEPTDEC_I_ABREAST; r++)
        factors[r] = factor_of(operand, items[r < n ? r : 0]);
    kernels[operand->view->dtype - CONCEPTDEC_FLOAT64](query, rows, factors, operand->view->cols, out);
    memcpy(d2, out, (size_t)n * sizeof *out);
}

/* Where the rows of the next items lie; false: not all of them in memory. */
static bool
find_rows(const conceptdec_i_operand *operand, const int32_t *items, int32_t n, const void **rows)
{
    for (int32_t r = 0; r < CONCEPTDEC_I_ABREAST; r++) {
        rows[r] = row_of(operand, items[r < n ? r : 0]);
        if (!rows[r])
            return false;
    }
    return true;
}

void
conceptdec_i_distances(const conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand, const double *query,
                       const int32_t *items, int32_t n, double *buffer, double *d2)
{
    const void *rows[2 * CONCEPTDEC_I_ABREAST], **next = rows + CONCEPTDEC_I_ABREAST;
    bool is_next = n > 0 && find_rows(operand, items, n, next);
    for (int32_t i = 0, count; i < n; i += count) {
        const bool is_there = is_next;
        memcpy(rows, next, sizeof rows / 2);
        count = n - i < CONCEPTDEC_I_ABREAST ? n - i : CONCEPTDEC_I_ABREAST;
        is_next = i + count < n && find_rows(operand, items + i + count, n - i - count, next);
        if (!is_next)
            memcpy(next, rows, sizeof rows / 2);
        if (is_there)
            distances_abreast(kernels, operand, query, rows, items + i, count, d2 + i);
        for (int32_t r = 0; r < count && !is_there; r++)
            d2[i + r] = distance_of(kernels, operand, query, items[i + r], buffer);
    }
}

void
conceptdec_i_distances_meet(const conceptdec_i_kernels *kernels, const conceptdec_i_operand *operand, int32_t item,
                            int32_t next, const double *const *rows, int32_t n, double *buffer, double *d2)
{
    void (*const meet[])(const void *, double, const double *const *, int64_t, const void *, int64_t,
                         double *) = {kernels->meet_f64, kernels->meet_f32, kernels->meet_f16, kernels->meet_bf16};
    const conceptdec_matrix *view = operand->view;
    const void *row = row_of(operand, item);
    if (row) {
        const void *after = row_of(operand, next);
        meet[view->dtype - CONCEPTDEC_FLOAT64](row, factor_of(operand, item), rows, n, after ? after : row, view->cols,
                                               d2);
        return;
    }
    conceptdec_i_operand_row(kernels, operand, item, buffer);
    kernels->meet_f64(buffer, 1, rows, n, buffer, view->cols, d2);
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
    double tops[TOPS] = {0};
    int64_t i = 0;
    for (; i + TOPS <= n; i += TOPS)
        for (int j = 0; j < TOPS; j++)
            tops[j] = fabs(x[i + j]) > tops[j] ? fabs(x[i + j]) : tops[j];
    for (; i < n; i++)
        tops[0] = fmax(tops[0], fabs(x[i]));
    for (int j = 1; j < TOPS; j++)
        tops[0] = fmax(tops[0], tops[j]);
    return tops[0];
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
