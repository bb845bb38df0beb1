/* Lists of subspaces, their overlap, and numbers of it, for tests. */
#ifndef CONCEPTDEC_TESTS_OVERLAP_PROBLEMS_H
#define CONCEPTDEC_TESTS_OVERLAP_PROBLEMS_H

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "views.h"

enum { MOST_BASES = 64 };

/* Numbers in [-1, 1) that depend on `seed` and the place alone. */
static inline void
fill_uniform(uint64_t seed, int64_t count, double *out)
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    for (int64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (double)(state >> 11) * 0x1p-52 - 1;
    }
}

/* Spans of rows: those of basis i are the next ranks[i] rows of `rows`; variances NULL, or one for each row. */
static inline conceptdec_subspaces *
spans(conceptdec_ctx *ctx, const double *rows, const int64_t *ranks, int64_t count, int64_t d, const double *variances)
{
    conceptdec_matrix bases[MOST_BASES], columns[MOST_BASES];
    conceptdec_subspaces *made = NULL;
    ck_assert_int_le(count, MOST_BASES);
    for (int64_t i = 0, at = 0; i < count; at += ranks[i++]) {
        bases[i] = dense(rows + at * d, ranks[i], d);
        if (variances)
            columns[i] = dense(variances + at, ranks[i], 1);
    }
    ck_assert_msg(conceptdec_subspaces_from_bases(ctx, bases, count, variances ? columns : NULL, NULL, &made) ==
                      CONCEPTDEC_OK,
                  "%s", conceptdec_ctx_error(ctx));
    return made;
}

static inline conceptdec_result *
overlap_with(conceptdec_ctx *ctx, const conceptdec_subspaces *a, const conceptdec_subspaces *b, uint32_t flags,
             int64_t memory)
{
    const conceptdec_overlap_options o = {.struct_size = sizeof o, .flags = flags, .memory = memory};
    conceptdec_result *result = NULL;
    ck_assert_msg(conceptdec_subspaces_overlap(ctx, a, b, &o, &result) == CONCEPTDEC_OK, "%s",
                  conceptdec_ctx_error(ctx));
    return result;
}

static inline conceptdec_array
array_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    ck_assert_msg(conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK, "%s", name);
    return array;
}

static inline const double *
numbers_of(const conceptdec_result *result, const char *name)
{
    return array_of(result, name).data;
}

static inline int64_t
count_of(const conceptdec_array *array)
{
    int64_t count = 1;
    for (int i = 0; i < array->ndim; i++)
        count *= array->shape[i];
    return count;
}

static const char *const overlap_numbers[] = {CONCEPTDEC_R_OVERLAP,
                                              CONCEPTDEC_R_SHARED_DIMENSIONS,
                                              CONCEPTDEC_R_COSINES,
                                              CONCEPTDEC_R_ANGLES,
                                              CONCEPTDEC_R_GEODESIC,
                                              CONCEPTDEC_R_CHORDAL,
                                              CONCEPTDEC_R_PROCRUSTES,
                                              CONCEPTDEC_R_MAX_ANGLE,
                                              CONCEPTDEC_R_FUBINI_STUDY,
                                              CONCEPTDEC_R_VARIANCE_OVERLAP,
                                              CONCEPTDEC_R_EXPECTED,
                                              CONCEPTDEC_R_EXPECTED_SD,
                                              CONCEPTDEC_R_Z,
                                              CONCEPTDEC_R_P_VALUE};
#define OVERLAP_NUMBERS ((int)(sizeof overlap_numbers / sizeof *overlap_numbers))

/* Every number of both, bit for bit. */
static inline void
check_equal_bits(const conceptdec_result *a, const conceptdec_result *b)
{
    ck_assert_int_eq(conceptdec_result_count(a), conceptdec_result_count(b));
    for (int64_t i = 0; i < conceptdec_result_count(a); i++) {
        const char *name = conceptdec_result_name(a, i);
        conceptdec_array x = array_of(a, name), y = array_of(b, name);
        ck_assert_int_eq(count_of(&x), count_of(&y));
        ck_assert_msg(memcmp(x.data, y.data, (size_t)count_of(&x) * 8) == 0, "%s", name);
    }
}

#endif
