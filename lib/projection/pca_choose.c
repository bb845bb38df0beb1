/* Which solver: by shape, number of components, tolerance and memory. */
#include <math.h>

#include "core/whole.h"
#include "linalg/factor.h"
#include "linalg/tiles.h"
#include "projection/pca.h"

#define FEW_OF 10 /* components are few where the lesser side is this many times as long */

static const char *const names[] = {"auto", "covariance", "gram", "svd", "krylov"};

/* A block of `pieces` rows or columns of `side` elements, and what all threads share to multiply it by itself. */
static double
product_bytes(const conceptdec_i_pca_fit *f, int64_t side, int64_t pieces)
{
    const conceptdec_i_dense dense = {.n = min64(pieces, conceptdec_i_blocks_count(side, f->is_wide)),
                                      .dims = min64(side, INT32_MAX), /* beyond, the matrix is too large */
                                      .is_wide = f->is_wide};
    return (double)conceptdec_i_blocks_bytes(side, pieces, f->is_wide) +
           (double)conceptdec_i_gram_shared_bytes(f->arena->ctx, &dense, CONCEPTDEC_I_TILE_F32);
}

/* Working memory in bytes, as a double: it may be beyond all integers. Of a matrix: itself, what its eigenvectors take
 * or its products do; of a Krylov space the least that it makes do with. */
static double
bytes_of(const conceptdec_i_pca_fit *f, int32_t solver)
{
    double n = (double)f->n, d = (double)f->d, r = (double)f->r, pieces = 64 * (n < d ? n : d) * 8 + 0x1p20;
    double block = f->x ? (double)conceptdec_i_blocks_bytes(f->d, f->n, f->is_wide) : 0;
    double rows_residual = 8 * r * d + block;
    if (solver == CONCEPTDEC_PCA_COVARIANCE)
        return 8 * d * d + fmax(2.5 * 8 * d * d, f->x ? product_bytes(f, f->d, f->n) : 0) + pieces;
    if (solver == CONCEPTDEC_PCA_GRAM)
        return 8 * n * n + fmax(2 * 8 * n * n, product_bytes(f, f->n, f->d)) + rows_residual + pieces;
    if (solver == CONCEPTDEC_PCA_SVD)
        return 8 * n * d + 8 * (n < d ? n : d) * d + (double)conceptdec_i_singular_bytes(f->n, f->d) + rows_residual +
               pieces;
    return fmax(conceptdec_i_pca_krylov_bytes(f), f->is_formed ? 8 * d * d + product_bytes(f, f->d, f->n) + pieces : 0);
}

static bool
is_allowed(const conceptdec_i_pca_fit *f, int32_t solver)
{
    return bytes_of(f, solver) <= (double)f->options.memory;
}

/* Times are in multiply-adds that were measured. Of a Krylov space: products of blocks of about half as many vectors as
 * components, each with a reading of the rows (or of the matrix), as many as spectra that fall take. */
static double
space_time(const conceptdec_i_pca_fit *f, double rows)
{
    const double tolerance = f->options.tolerance, most = (double)f->options.max_iterations;
    const double products = tolerance > 0 ? fmin(most, fmax(5 - 1.4 * log10(tolerance), 1)) : most;
    return products * rows * (double)f->d * (fmax((double)f->r, 24) + 45);
}

/* Of the products that make up a covariance, half of which are made, with their overheads. */
static double
product_time(double side, double length)
{
    return 0.6 * side * side * length;
}

/* Of a large problem's Krylov space: that of the covariance, where that is the faster one and there is memory. */
static void
choose_space(conceptdec_i_pca_fit *f)
{
    const double n = (double)f->n, d = (double)f->d;
    const double formed = product_time(d, n) + space_time(f, d);
    f->is_formed = f->x && fmin(n, d) >= CONCEPTDEC_I_PCA_LARGE && formed < space_time(f, n);
    f->is_formed = f->is_formed && is_allowed(f, CONCEPTDEC_PCA_KRYLOV);
}

/* Whether a Krylov space of the rows takes less time than the exact solver: a product, and a cube for eigenvectors.
 * With the covariance it is faster still, but of so many rows the exact answer costs little more. */
static bool
is_faster(const conceptdec_i_pca_fit *f)
{
    const double n = (double)f->n, d = (double)f->d, side = fmin(n, d);
    return space_time(f, f->x ? n : d) < (f->x ? product_time(side, fmax(n, d)) : 0) + 6 * side * side * side;
}

/* The exact solver of a shape; a Krylov space for few components of what is large, where that is faster, and where
 * memory does not allow that one. Where the space does not converge, the exact solver answers after all. */
static void
choose(conceptdec_i_pca_fit *f)
{
    int64_t side = f->n < f->d ? f->n : f->d;
    int32_t exact = f->x && f->n < f->d ? CONCEPTDEC_PCA_GRAM : CONCEPTDEC_PCA_COVARIANCE;
    bool is_possible = is_allowed(f, exact), is_large = side >= CONCEPTDEC_I_PCA_LARGE && f->r <= side / FEW_OF;
    const bool is_krylov = !is_possible || (is_large && is_faster(f));
    f->solver = is_krylov ? CONCEPTDEC_PCA_KRYLOV : exact;
    f->alternative = is_possible && is_krylov ? exact : CONCEPTDEC_PCA_AUTO;
    if (!is_possible && bytes_of(f, exact) < bytes_of(f, f->solver))
        f->solver = exact; /* the least that is needed, where neither is allowed */
}

conceptdec_status
conceptdec_i_pca_choose(conceptdec_i_pca_fit *f)
{
    conceptdec_ctx *ctx = f->arena->ctx;
    f->solver = f->options.solver;
    if (!f->x && (f->solver == CONCEPTDEC_PCA_GRAM || f->solver == CONCEPTDEC_PCA_SVD))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "solver: \"%s\" needs rows, which moments do not have",
                                 names[f->solver]);
    if (f->solver == CONCEPTDEC_PCA_AUTO || f->solver == CONCEPTDEC_PCA_KRYLOV)
        choose_space(f);
    if (f->solver == CONCEPTDEC_PCA_AUTO)
        choose(f);
    double bytes = bytes_of(f, f->solver);
    if (!is_allowed(f, f->solver))
        return conceptdec_i_fail(
            ctx, CONCEPTDEC_ENOMEM,
            "memory: solver \"%s\" needs %lld bytes for %lld rows of %lld dimensions, %lld are allowed",
            names[f->solver], bytes < 0x1p62 ? (long long)bytes : INT64_MAX, (long long)f->n, (long long)f->d,
            (long long)f->options.memory);
    return CONCEPTDEC_OK;
}
