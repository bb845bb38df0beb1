/* The smallest eigenvalues of a normalised Laplacian, but for the 0: subspace iteration with Chebyshev polynomials as
 * filters. */
#ifndef CONCEPTDEC_I_PROJECTION_SUBSPACE_H
#define CONCEPTDEC_I_PROJECTION_SUBSPACE_H

#include "projection/levels.h"

enum { CONCEPTDEC_I_SUBSPACE_DENSE = 24 }; /* up to so many vertices all eigenvectors are had at once */

typedef struct conceptdec_i_subspace {
    const conceptdec_i_level *level;
    int64_t wanted;    /* eigenvectors that count; 1 or more */
    int64_t width;     /* columns that are iterated, conceptdec_i_subspace_width(wanted) */
    double tolerance;  /* converged: |L x - theta x| <= tolerance + theta / 100 */
    int64_t longest;   /* degree of the filters, at most */
    int64_t products;  /* cap: so many products with the Laplacian or a few more */
    uint64_t seed;     /* of columns that are made anew where the others do not span enough */
    double *x;         /* n x width, in: a start, n > width; out: the eigenvectors; may be swapped with y */
    double *y;         /* n x width, scratch */
    double *theta;     /* width, out: their values, ascending */
    bool is_converged; /* out */
} conceptdec_i_subspace;

int64_t conceptdec_i_subspace_width(int64_t wanted);
conceptdec_status conceptdec_i_subspace_solve(conceptdec_i_arena *arena, conceptdec_i_subspace *subspace);
/* The same for a small part, by all its eigenvectors: theirs are the first `wanted` columns of x (n x width), n >
 * wanted. */
conceptdec_status conceptdec_i_subspace_dense(conceptdec_i_arena *arena, conceptdec_i_subspace *subspace);
/* x filled with uniform numbers between -1 and 1. */
conceptdec_status conceptdec_i_subspace_random(conceptdec_ctx *ctx, const conceptdec_i_subspace *subspace);

#endif
