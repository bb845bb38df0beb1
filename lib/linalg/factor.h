/* Factorisations and solves in double, by LAPACK. Without BLAS every function here is CONCEPTDEC_EUNSUPPORTED.
 *
 * Matrices are n x n, symmetric ones given in full or by their lower half as row-major memory sees it: element (i, j),
 * j <= i, at a[i * ld + j]. Right-hand sides lie one after the other: element i of column k at b[k * ldb + i]. What is
 * handed over must be finite. A call cannot be cancelled, and runs with as many threads as the process's BLAS has been
 * given; its bits are the same for a fixed number of these. The longest are singular vectors, 57 s of a processor
 * for n = 4096, then eigenvectors, 22 s or some 30 Cholesky factorisations (docs/threading.md). */
#ifndef CONCEPTDEC_I_FACTOR_H
#define CONCEPTDEC_I_FACTOR_H

#include "core/core.h"

/* a = L L', L in the lower half; the rest is not touched. *is_definite false: a pivot was not above 0, and a is
 * destroyed. */
conceptdec_status conceptdec_i_cholesky(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, bool *is_definite);
/* The same in float: half the work. */
conceptdec_status conceptdec_i_cholesky_f32(conceptdec_ctx *ctx, int64_t n, float *a, int64_t ld, bool *is_definite);
/* b = (L L')^-1 b. */
conceptdec_status conceptdec_i_cholesky_solve(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld,
                                              int64_t n_columns, double *b, int64_t ldb);
/* b = L^-1 b, or L'^-1 b (is_transposed). */
conceptdec_status conceptdec_i_triangular_solve(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld,
                                                bool is_transposed, int64_t n_columns, double *b, int64_t ldb);
/* About the reciprocal of the condition of what was factored, in the norm of largest sums of columns, which was `norm`.
 * Working memory of 4 n numbers. */
conceptdec_status conceptdec_i_cholesky_condition(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld,
                                                  double norm, double *condition);
/* l = L^-1 in place; the other half is not touched. EINVAL where a diagonal element is 0. */
conceptdec_status conceptdec_i_triangular_inverse(conceptdec_ctx *ctx, int64_t n, double *l, int64_t ld);
conceptdec_status conceptdec_i_triangular_inverse_f32(conceptdec_ctx *ctx, int64_t n, float *l, int64_t ld);
/* a = sum over k of values[k] v_k v_k', values ascending; a[k * ld + i] becomes element i of v_k. Working memory of
 * about 2 n^2 doubles comes from the context. */
conceptdec_status conceptdec_i_eigen(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, double *values);
/* Bytes that it takes meanwhile: what dsyevd asks for, of few columns for its blocks. */
static inline int64_t
conceptdec_i_eigen_bytes(int64_t n)
{
    const int64_t wanted = 2 * n * n + 6 * n + 1, of_blocks = 66 * n;
    return (wanted > of_blocks ? wanted : of_blocks) * (int64_t)sizeof(double) + (5 * n + 3) * (int64_t)sizeof(int32_t);
}
/* The `count` largest of these values (ascending) and their vectors, vector k at vectors[k * n]: for a few of them
 * about half the work. *is_done false: some did not converge. The diagonal and the lower half are destroyed, the other
 * half is not touched. Working memory of some 40 n doubles. */
conceptdec_status conceptdec_i_eigen_leading(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, int64_t count,
                                             double *values, double *vectors, bool *is_done);
/* The values alone, ascending. The diagonal and the lower half are destroyed, the other half is not touched. */
conceptdec_status conceptdec_i_eigenvalues(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, double *values);

/* Of r vectors of n numbers (r <= n), vector k at v[k * ld], the orthonormal ones of which the first k span what the
 * first k given ones do: each has a product of at least 0 with the one that it came from. Where that one lies in the
 * span of those before, any that is orthogonal to them takes its place. Working memory of some 65 r doubles. */
conceptdec_status conceptdec_i_orthonormalize(conceptdec_ctx *ctx, int64_t r, int64_t n, double *v, int64_t ld);
/* Singular values of n rows of d numbers, descending (values: min(n, d)), and in `vectors` the right singular vectors,
 * one row of d numbers for each. `rows` is destroyed. Working memory of conceptdec_i_singular_bytes() comes from the
 * context. */
conceptdec_status conceptdec_i_singular(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, double *values,
                                        double *vectors);
int64_t conceptdec_i_singular_bytes(int64_t n, int64_t d);
/* Of a = U S V', n x n in row-major memory: turn = U V', the orthogonal matrix that has the largest trace(a' turn); and
 * the singular values, descending. a is destroyed. Working memory as above, and n^2 doubles. */
conceptdec_status conceptdec_i_nearest_orthogonal(conceptdec_ctx *ctx, int64_t n, double *a, double *turn,
                                                  double *values);

#endif
