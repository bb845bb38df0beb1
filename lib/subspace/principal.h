/* Leading principal directions of some rows of a matrix, or of a matrix of second moments: as many as were asked for
 * and are there. */
#ifndef CONCEPTDEC_I_PRINCIPAL_H
#define CONCEPTDEC_I_PRINCIPAL_H

#include "core/core.h"

typedef struct conceptdec_i_principal_problem {
    const char *name;           /* of the argument */
    const conceptdec_matrix *x; /* opened and finite; NULL: the matrix */
    const int32_t *row;         /* n rows of it, which may repeat */
    const double *scatter;      /* d x d, symmetric, both halves: a sum over n rows; finite */
    int64_t n, d;
    bool is_centred;  /* about the mean, which has a degree of freedom; else about 0 */
    int64_t rank;     /* at least 1; 0: not asked for */
    double explained; /* share of the variance; 0: not asked for */
    double tolerance; /* singular values at or below this share of the largest are none */
    uint64_t seed;
    int64_t memory;
} conceptdec_i_principal_problem;

/* Memory of the arena's. */
typedef struct conceptdec_i_principal {
    int64_t rank, n_missing, n_samples;
    double *vectors;   /* rank x d, orthonormal, oriented */
    double *variances; /* rank, descending; NULL: not known */
    double total, gap; /* NaN: not known */
    bool is_undecided;
} conceptdec_i_principal;

/* Rows are worked on in float64, by the cheapest of these that answers the question: a Krylov space (until what is left
 * is within 1e-8 of the largest variance, 1e-10 for float64 input), products of rows or second moments, singular
 * vectors. What a method cannot tell from its own rounding is left to the next one. Names no stage of the progress.
 * Errors: ENOMEM where `memory` does not allow what is needed, EOVERFLOW, EREAD, EUNSUPPORTED, ECANCELLED. */
conceptdec_status conceptdec_i_principal_find(conceptdec_i_arena *arena, const conceptdec_i_principal_problem *problem,
                                              conceptdec_i_principal *answer);

/* ---- what its files share ---- */

/* A search. Element (i, j) is z = (x - shift[j]) / unit; values are those of C = sum of z z' / divisor. */
typedef struct conceptdec_i_principal_search {
    conceptdec_i_arena *arena; /* of the answer */
    conceptdec_i_arena *scratch;
    conceptdec_i_arena *method; /* of the method that runs: closed before the next one */
    const conceptdec_i_principal_problem *problem;
    /* x NULL: the matrix of the problem. Where memory allows it x is z itself, and shift 0, factor and scale 1. */
    const conceptdec_matrix *x;
    const int32_t *row;             /* NULL: all rows of it */
    double *shift, *factor, *scale; /* d: factor is 1 / scale */
    conceptdec_matrix copy;
    int64_t memory; /* that is left beside the copy */
    double unit, divisor;
    int64_t most;   /* directions that there can be */
    int64_t wanted; /* at most */
    double total;   /* trace of C */
    /* what a method found */
    double *vectors, *values; /* at least min(wanted + 1, most) values, and as many vectors as are kept */
    int64_t n_values;
    double floor; /* values at or below this share of the largest are rounding; 0: they are not */
    bool has_failed; /* a Krylov space of the rows */
    double noise; /* differences of values, in shares of the largest, that are; where floor is 0: of their roots */
    bool is_sure; /* it has converged */
} conceptdec_i_principal_search;

/* Bytes that the methods take, but for what grows with one side alone; doubles: they may be beyond all integers. Of a
 * Krylov space the least. */
double conceptdec_i_principal_singular_bytes(const conceptdec_i_principal_search *search);
double conceptdec_i_principal_matrix_bytes(const conceptdec_i_principal_search *search);
double conceptdec_i_principal_krylov_bytes(const conceptdec_i_principal_search *search);
conceptdec_status conceptdec_i_principal_matrix(conceptdec_i_principal_search *search);
conceptdec_status conceptdec_i_principal_singular(conceptdec_i_principal_search *search);
conceptdec_status conceptdec_i_principal_krylov(conceptdec_i_principal_search *search, int64_t max_iterations);

#endif
