/* Views for tests of CCA, Procrustes distances and RSA, and calls of conceptdec_similarity. */
#ifndef CONCEPTDEC_TESTS_SIMILARITY_PROBLEMS_H
#define CONCEPTDEC_TESTS_SIMILARITY_PROBLEMS_H

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

/* One way to compare. */
typedef struct similarity_way {
    const char *name;
    int32_t kind, rdm, comparison;
    double variance, ridge;
    uint32_t flags;
} similarity_way;

static const similarity_way similarity_ways[] = {
    {"svcca", CONCEPTDEC_SIMILARITY_SVCCA, 0, 0, 1, 0, 0},
    {"pwcca", CONCEPTDEC_SIMILARITY_PWCCA, 0, 0, 1, 0, 0},
    {"pwcca of both", CONCEPTDEC_SIMILARITY_PWCCA, 0, 0, 1, 0, CONCEPTDEC_SIMILARITY_SYMMETRIC},
    {"procrustes", CONCEPTDEC_SIMILARITY_PROCRUSTES, 0, 0, 0, 0, 0},
    {"shape", CONCEPTDEC_SIMILARITY_SHAPE, 0, 0, 0, 0, 0},
    {"rsa pearson", CONCEPTDEC_SIMILARITY_RSA, CONCEPTDEC_RDM_SQUARED_L2, CONCEPTDEC_COMPARE_PEARSON, 0, 0, 0},
    {"rsa spearman", CONCEPTDEC_SIMILARITY_RSA, CONCEPTDEC_RDM_CORRELATION, CONCEPTDEC_COMPARE_SPEARMAN, 0, 0, 0},
    {"rsa kendall", CONCEPTDEC_SIMILARITY_RSA, CONCEPTDEC_RDM_COSINE, CONCEPTDEC_COMPARE_KENDALL, 0, 0, 0},
    {"rsa cosine", CONCEPTDEC_SIMILARITY_RSA, CONCEPTDEC_RDM_SQUARED_L2, CONCEPTDEC_COMPARE_COSINE, 0, 0, 0},
    /* those whose draws cannot be had from drawn rows alone */
    {"svcca reduced", CONCEPTDEC_SIMILARITY_SVCCA, 0, 0, 0.9, 0, 0},
    {"svcca ridge", CONCEPTDEC_SIMILARITY_SVCCA, 0, 0, 0.99, 0.2, 0},
    {"pwcca ridge", CONCEPTDEC_SIMILARITY_PWCCA, 0, 0, 0.9, 0.2, 0},
};
enum {
    SIMILARITY_WAYS = (int)(sizeof similarity_ways / sizeof *similarity_ways),
    SIMILARITY_DRAWN_WAYS = SIMILARITY_WAYS - 3
};

static inline double
similarity_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)((int64_t)((*state >> 33) % 2000003) - 1000001) * 1e-6;
}

static inline conceptdec_matrix
similarity_view(const double *data, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){
        .data = data, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

/* Random numbers, and a share of `from` (NULL: none), column by column. */
static inline double *
similarity_values(int64_t rows, int64_t cols, uint64_t seed, const double *from, int64_t from_cols)
{
    double *x = malloc((size_t)(rows * cols) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            x[i * cols + j] = similarity_random(&seed) + (from ? from[i * from_cols + j % from_cols] : 0);
    return x;
}

static inline conceptdec_similarity_options
similarity_options(int way)
{
    const similarity_way *w = &similarity_ways[way];
    return (conceptdec_similarity_options){.struct_size = sizeof(conceptdec_similarity_options),
                                           .kind = w->kind,
                                           .rdm = w->rdm,
                                           .comparison = w->comparison,
                                           .variance = w->variance,
                                           .ridge = w->ridge,
                                           .flags = w->flags};
}

static inline conceptdec_result *
similarity_of(conceptdec_ctx *ctx, const conceptdec_matrix *a, int64_t n_a, const conceptdec_matrix *b, int64_t n_b,
              const conceptdec_similarity_options *o)
{
    conceptdec_result *r = NULL;
    conceptdec_status status = conceptdec_similarity(ctx, a, n_a, b, n_b, o, &r);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return r;
}

static inline const double *
similarity_array(const conceptdec_result *r, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_FLOAT64);
    return array.data;
}

static inline const int64_t *
similarity_counts(const conceptdec_result *r, const char *name)
{
    conceptdec_array array;
    ck_assert_int_eq(conceptdec_result_get(r, name, &array), CONCEPTDEC_OK);
    ck_assert_int_eq(array.dtype, CONCEPTDEC_INT64);
    return array.data;
}

/* The value of one pair. */
static inline double
similarity_value(conceptdec_ctx *ctx, const conceptdec_matrix *a, const conceptdec_matrix *b,
                 const conceptdec_similarity_options *o)
{
    conceptdec_result *r = similarity_of(ctx, a, 1, b, 1, o);
    double value = *similarity_array(r, CONCEPTDEC_R_VALUE);
    conceptdec_result_free(r);
    return value;
}

#endif
