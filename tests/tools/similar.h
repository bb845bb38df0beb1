/* Calls of similarity for tests. */
#ifndef CONCEPTDEC_SIMILAR_H
#define CONCEPTDEC_SIMILAR_H

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

static inline conceptdec_matrix
wide_view(const double *values, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){.data = values,
                               .rows = rows,
                               .cols = cols,
                               .row_stride = 8 * cols,
                               .col_stride = 8,
                               .dtype = CONCEPTDEC_FLOAT64};
}

static inline conceptdec_ctx *
ctx_with(int32_t threads)
{
    const conceptdec_ctx_options o = {.struct_size = sizeof o, .threads = threads};
    conceptdec_ctx *ctx = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&o, &ctx), CONCEPTDEC_OK);
    return ctx;
}

/* The result of a call that must succeed. */
static inline conceptdec_result *
similarity_of(conceptdec_ctx *ctx, const conceptdec_matrix *a, int64_t n_a, const conceptdec_matrix *b, int64_t n_b,
              conceptdec_similarity_options o)
{
    conceptdec_result *r = NULL;
    o.struct_size = sizeof o;
    conceptdec_status status = conceptdec_similarity(ctx, a, n_a, b, n_b, &o, &r);
    ck_assert_msg(status == CONCEPTDEC_OK, "status %d: %s", status, conceptdec_ctx_error(ctx));
    return r;
}

static inline conceptdec_array
array_of(const conceptdec_result *r, const char *name)
{
    conceptdec_array array;
    ck_assert_msg(conceptdec_result_get(r, name, &array) == CONCEPTDEC_OK, "%s is not there", name);
    return array;
}

static inline int64_t
count_of(const conceptdec_array *array)
{
    int64_t count = 1;
    for (int i = 0; i < array->ndim; i++)
        count *= array->shape[i];
    return count;
}

static inline double
element(const conceptdec_result *r, const char *name, int64_t place)
{
    conceptdec_array array = array_of(r, name);
    ck_assert_int_lt(place, count_of(&array));
    return array.dtype == CONCEPTDEC_INT64 ? (double)((const int64_t *)array.data)[place]
                                           : ((const double *)array.data)[place];
}

/* All arrays of both results are the same bits. */
static inline void
assert_same(const conceptdec_result *a, const conceptdec_result *b)
{
    ck_assert_int_eq(conceptdec_result_count(a), conceptdec_result_count(b));
    for (int64_t i = 0; i < conceptdec_result_count(a); i++) {
        const char *name = conceptdec_result_name(a, i);
        conceptdec_array x = array_of(a, name), y = array_of(b, name);
        ck_assert_int_eq(count_of(&x), count_of(&y));
        ck_assert_msg(memcmp(x.data, y.data, (size_t)count_of(&x) * 8) == 0, "%s differs", name);
    }
}

/* Every number of an array of one is within `within` of the other's, NaN where that is. */
static inline void
assert_near(const conceptdec_result *a, const conceptdec_result *b, const char *name, double within)
{
    conceptdec_array x = array_of(a, name), y = array_of(b, name);
    ck_assert_int_eq(count_of(&x), count_of(&y));
    for (int64_t i = 0; i < count_of(&x); i++) {
        double u = ((const double *)x.data)[i], v = ((const double *)y.data)[i];
        ck_assert_msg((isnan(u) && isnan(v)) || fabs(u - v) <= within, "%s %lld: %.17g, %.17g", name, (long long)i, u,
                      v);
    }
}

#endif
