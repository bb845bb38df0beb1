/* A covariance known by its products: of rows that are read once for each, or of a matrix. */
#ifndef CONCEPTDEC_I_COVARIANCE_H
#define CONCEPTDEC_I_COVARIANCE_H

#include "linalg/passes.h"
#include "linalg/krylov.h"

typedef struct conceptdec_i_covariance {
    const conceptdec_i_krylov_problem *problem;
    conceptdec_i_passes *passes; /* opened for these dims, and for as many columns as there will be */
    conceptdec_i_rows rows;
    int precision;
    int exponent; /* products are those of C 4^-exponent, so that none leaves the range of its type; known after the
                     first */
    bool is_measured;
    double *products;                               /* of the call that runs */
    double *shift;                                  /* dims: the mean of the rows as they enter the products; NULL: 0 */
    double largest[CONCEPTDEC_I_PASSES_MOST_SLABS]; /* magnitude of what came, for each slab */
} conceptdec_i_covariance;

/* How the products are made: CONCEPTDEC_I_TILE_F32 or _F64. */
int conceptdec_i_covariance_precision(const conceptdec_i_krylov_problem *problem);
conceptdec_status conceptdec_i_covariance_open(conceptdec_i_arena *arena, const conceptdec_i_krylov_problem *problem,
                                               conceptdec_i_passes *passes, conceptdec_i_covariance *covariance);
/* product[j] = C 4^-exponent vector[j], for j < count; w, g: room for as many pointers. */
conceptdec_status conceptdec_i_covariance_product(conceptdec_i_covariance *covariance, int64_t count,
                                                  const double *vectors, double *products, const double **w,
                                                  double **g);

#endif
