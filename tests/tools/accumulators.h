/* Rows for tests of accumulators: any dtype, and what they are in float64. */
#ifndef CONCEPTDEC_TESTS_ACCUMULATORS_H
#define CONCEPTDEC_TESTS_ACCUMULATORS_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "kernels/kernels.h"

typedef struct pushed_rows {
    int64_t n, d, classes;
    int32_t dtype;
    int64_t size; /* of an element */
    char *data;   /* n x d */
    double *wide; /* the same */
    int64_t *labels;
} pushed_rows;

static inline uint64_t
pushed_bits(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline void
pushed_widen(int32_t dtype, const void *in, double *out, int64_t n)
{
    const conceptdec_i_kernels *k = &conceptdec_i_kernels_portable;
    (dtype == CONCEPTDEC_FLOAT64   ? k->widen_f64
     : dtype == CONCEPTDEC_FLOAT32 ? k->widen_f32
     : dtype == CONCEPTDEC_FLOAT16 ? k->widen_f16
                                   : k->widen_bf16)(in, out, n);
}

/* Bits of about `offset` + spread * (-1 .. 1); of a half: of 1000 in steps of 0.5 where the offset is not 0, else up to
 * 2. */
static inline void
pushed_element(int32_t dtype, double offset, double spread, uint64_t random, char *to)
{
    const double value = offset + spread * ((double)(random >> 11) * 0x1p-52 - 1);
    const float single = (float)value;
    const uint16_t half =
        (uint16_t)(offset != 0 ? 0x63c0 + random % 32 : (random & 0x8000) | (0x2800 + random % 0x1800));
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    const uint16_t upper = (uint16_t)(bits >> 16);
    if (dtype == CONCEPTDEC_FLOAT64)
        memcpy(to, &value, sizeof value);
    else if (dtype == CONCEPTDEC_FLOAT32)
        memcpy(to, &single, sizeof single);
    else
        memcpy(to, dtype == CONCEPTDEC_FLOAT16 ? &half : &upper, sizeof half);
}

/* Every seventh dimension has the offset, or, where it is negative, all have it; class c is a little apart. Of 17 rows
 * one plays no part. */
static inline pushed_rows
pushed_make(int64_t n, int64_t d, int64_t classes, int32_t dtype, double offset)
{
    pushed_rows p = {.n = n, .d = d, .classes = classes, .dtype = dtype};
    uint64_t state = 7;
    p.size = dtype == CONCEPTDEC_FLOAT64 ? 8 : dtype == CONCEPTDEC_FLOAT32 ? 4 : 2;
    p.data = malloc((size_t)(n * d * p.size));
    p.wide = malloc((size_t)(n * d) * sizeof *p.wide);
    p.labels = malloc((size_t)n * sizeof *p.labels);
    for (int64_t i = 0; i < n; i++) {
        p.labels[i] = pushed_bits(&state) % 17 == 0 ? -1 : (int64_t)(pushed_bits(&state) % (uint64_t)classes);
        for (int64_t j = 0; j < d; j++)
            pushed_element(dtype, offset < 0 || j % 7 == 3 ? fabs(offset) : 0, 1 + 0.1 * (double)(p.labels[i] % 3),
                           pushed_bits(&state), p.data + (i * d + j) * p.size);
    }
    pushed_widen(dtype, p.data, p.wide, n * d);
    return p;
}

static inline void
pushed_free(pushed_rows *p)
{
    free(p->data);
    free(p->wide);
    free(p->labels);
}

static inline conceptdec_accumulator_options
pushed_options(const pushed_rows *p, int32_t moments, int64_t reservoir)
{
    return (conceptdec_accumulator_options){.struct_size = sizeof(conceptdec_accumulator_options),
                                            .reservoir = reservoir,
                                            .seed = 5,
                                            .dtype = p->dtype,
                                            .moments = moments};
}

static inline conceptdec_accumulator *
pushed_new(conceptdec_ctx *ctx, const pushed_rows *p, int64_t layers, const conceptdec_accumulator_options *o)
{
    conceptdec_accumulator *a = NULL;
    int64_t dims[8];
    for (int64_t i = 0; i < layers; i++)
        dims[i] = p->d;
    ck_assert_msg(conceptdec_accumulator_new(ctx, dims, layers, p->classes, o, &a) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    return a;
}

static inline void
pushed_add(conceptdec_accumulator *a, int64_t layer, const pushed_rows *p, int64_t first, int64_t end)
{
    for (int64_t i = first; i < end; i++)
        ck_assert_msg(conceptdec_accumulator_add(a, layer, p->data + i * p->d * p->size, p->labels[i]) == CONCEPTDEC_OK,
                      "%s", conceptdec_accumulator_error(a));
}

static inline conceptdec_array
pushed_array(conceptdec_ctx *ctx, conceptdec_accumulator *a, int64_t layer, const char *name)
{
    conceptdec_array array = {0};
    ck_assert_msg(conceptdec_accumulator_get(ctx, a, layer, name, &array) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    return array;
}

static inline const double *
pushed_get(conceptdec_ctx *ctx, conceptdec_accumulator *a, int64_t layer, const char *name)
{
    return pushed_array(ctx, a, layer, name).data;
}

static inline conceptdec_matrix
pushed_matrix(const pushed_rows *p)
{
    return (conceptdec_matrix){.data = p->data,
                               .rows = p->n,
                               .cols = p->d,
                               .row_stride = p->d * p->size,
                               .col_stride = p->size,
                               .dtype = p->dtype};
}

static inline conceptdec_matrix
pushed_labels(const pushed_rows *p)
{
    return (conceptdec_matrix){
        .data = p->labels, .rows = p->n, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

#endif
