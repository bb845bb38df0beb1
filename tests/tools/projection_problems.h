/* Contexts, matrices with a known spectrum, and answers, for tests of moments and principal components. */
#ifndef CONCEPTDEC_PROJECTION_PROBLEMS_H
#define CONCEPTDEC_PROJECTION_PROBLEMS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include <conceptdec/conceptdec.h>

static uint64_t projection_state = 1;

static inline double
projection_uniform(void) /* in [-0.5, 0.5) */
{
    projection_state = projection_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(projection_state >> 11) * 0x1p-53 - 0.5;
}

static inline conceptdec_ctx *
projection_ctx(int32_t threads)
{
    const conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    return ctx;
}

static inline conceptdec_matrix
projection_view(const double *data, int64_t n, int64_t d)
{
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = d, .row_stride = 8 * d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

static inline conceptdec_matrix
projection_view_f32(const float *data, int64_t n, int64_t d)
{
    return (conceptdec_matrix){
        .data = data, .rows = n, .cols = d, .row_stride = 4 * d, .col_stride = 4, .dtype = CONCEPTDEC_FLOAT32};
}

/* count orthonormal rows of d numbers, by Gram-Schmidt twice; `centred`: each sums to 0. */
static inline void
projection_orthonormal(double *q, int64_t count, int64_t d, bool centred)
{
    for (int64_t k = 0; k < count; k++) {
        double *v = q + k * d, sum = 0, square = 0;
        for (int64_t j = 0; j < d; j++)
            v[j] = projection_uniform();
        for (int pass = 0; pass < 2; pass++) {
            sum = square = 0;
            for (int64_t j = 0; j < d; j++)
                sum += v[j] / (double)d;
            for (int64_t j = 0; j < d && centred; j++)
                v[j] -= sum;
            for (int64_t i = 0; i < k; i++) {
                double dot = 0;
                for (int64_t j = 0; j < d; j++)
                    dot += v[j] * q[i * d + j];
                for (int64_t j = 0; j < d; j++)
                    v[j] -= dot * q[i * d + j];
            }
            for (int64_t j = 0; j < d; j++)
                square += v[j] * v[j];
            for (int64_t j = 0; j < d; j++)
                v[j] /= sqrt(square);
        }
    }
}

/* x = sum over k of sigma[k] u_k v_k' + mean: n x d, r terms; v, r x d, may be NULL. */
static inline double *
projection_spectrum(int64_t n, int64_t d, int64_t r, const double *sigma, const double *mean, double *v)
{
    double *x = calloc((size_t)(n * d), sizeof *x), *left = malloc((size_t)(r * n) * sizeof *left);
    double *right = v ? v : malloc((size_t)(r * d) * sizeof *right);
    projection_orthonormal(left, r, n, true);
    projection_orthonormal(right, r, d, false);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) {
            for (int64_t k = 0; k < r; k++)
                x[i * d + j] += sigma[k] * left[k * n + i] * right[k * d + j];
            x[i * d + j] += mean ? mean[j] : 0;
        }
    free(left);
    if (!v)
        free(right);
    return x;
}

static inline const double *
projection_get(const conceptdec_pca *pca, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_pca_get(pca, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    return array.data;
}

static inline int64_t
projection_number(const conceptdec_pca *pca, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_pca_get(pca, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_INT64);
    ck_assert_int_eq(array.ndim, 0);
    return *(const int64_t *)array.data;
}

static inline conceptdec_pca *
projection_fit(conceptdec_ctx *ctx, const conceptdec_matrix *x, int32_t solver, int64_t components, uint32_t flags)
{
    const bool is_exact = solver != CONCEPTDEC_PCA_AUTO && solver != CONCEPTDEC_PCA_KRYLOV;
    const conceptdec_pca_options options = {.struct_size = sizeof options,
                                            .solver = solver,
                                            .n_components = components,
                                            .flags = flags,
                                            .tolerance = is_exact ? 0 : 1e-14};
    conceptdec_pca *pca = NULL;
    conceptdec_status status = conceptdec_pca_new(ctx, x, &options, &pca);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
    return pca;
}

static inline const double *
projection_moment(conceptdec_moments *moments, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_moments_get(moments, name, &array), CONCEPTDEC_OK);
    return array.data;
}

static inline void
projection_add(conceptdec_ctx *ctx, conceptdec_moments *moments, const double *x, int64_t n, int64_t d)
{
    const conceptdec_matrix view = projection_view(x, n, d);
    conceptdec_status status = conceptdec_moments_add(ctx, moments, &view);
    ck_assert_msg(status == CONCEPTDEC_OK, "%d: %s", status, conceptdec_ctx_error(ctx));
}

static inline conceptdec_moments *
projection_moments(conceptdec_ctx *ctx, const double *x, int64_t n, int64_t d)
{
    conceptdec_moments *moments;
    ck_assert_int_eq(conceptdec_moments_new(ctx, d, &moments), CONCEPTDEC_OK);
    if (n > 0)
        projection_add(ctx, moments, x, n, d);
    return moments;
}

/* ---- files ---- */

typedef struct projection_file {
    char path[64];
    uint8_t *data;
    size_t size;
} projection_file;

static inline void
projection_file_name(projection_file *f)
{
    (void)snprintf(f->path, sizeof f->path, "/tmp/conceptdec-projection-%ld", (long)getpid());
    f->data = NULL;
}

static inline void
projection_file_read(projection_file *f)
{
    FILE *file = fopen(f->path, "rb");
    ck_assert_ptr_nonnull(file);
    f->data = realloc(f->data, 1 << 20);
    f->size = fread(f->data, 1, 1 << 20, file);
    ck_assert_int_eq(fclose(file), 0);
}

static inline void
projection_file_write(const projection_file *f, const uint8_t *data, size_t size)
{
    FILE *file = fopen(f->path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static inline void
projection_file_end(projection_file *f)
{
    (void)remove(f->path);
    free(f->data);
}

#endif
