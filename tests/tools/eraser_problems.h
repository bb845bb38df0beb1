/* Erasers of labelled rows, for tests. */
#ifndef CONCEPTDEC_ERASER_PROBLEMS_H
#define CONCEPTDEC_ERASER_PROBLEMS_H

#include "class_problems.h"

static inline conceptdec_eraser *
eraser_new(conceptdec_ctx *ctx, const class_problem *p, int32_t kind, int64_t rank)
{
    const conceptdec_matrix x = class_rows(p, 0, p->n), labels = class_labels(p, 0, p->n);
    const conceptdec_eraser_options o = {.struct_size = sizeof o, .kind = kind, .rank = rank, .classes = p->classes};
    conceptdec_eraser *eraser = NULL;
    ck_assert_msg(conceptdec_eraser_new(ctx, &x, &labels, &o, &eraser) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    return eraser;
}

static inline const double *
eraser_get(const conceptdec_eraser *eraser, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_eraser_get(eraser, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    return array.data;
}

static inline int64_t
eraser_rank(const conceptdec_eraser *eraser)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_eraser_get(eraser, CONCEPTDEC_E_RANK, &array), CONCEPTDEC_OK);
    return *(const int64_t *)array.data;
}

static inline const double *
erased_of(const conceptdec_result *result)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_ERASED, &array), CONCEPTDEC_OK);
    return array.data;
}

static inline conceptdec_result *
erase(conceptdec_ctx *ctx, const conceptdec_eraser *eraser, const class_problem *p)
{
    const conceptdec_matrix x = class_rows(p, 0, p->n);
    conceptdec_result *result = NULL;
    ck_assert_msg(conceptdec_eraser_apply(ctx, eraser, &x, &result) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return result;
}

#endif
