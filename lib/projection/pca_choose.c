/* Which solver: by shape, number of components, tolerance and memory. */
#include <math.h>

#include "core/whole.h"
#include "linalg/factor.h"
#include "linalg/leading.h"
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

/* Times are in multiply-adds in float, as the processor time of a grid of shapes was measured (AVX-512, two
 * processors: n = 2,000 to 50,000, d = 1,024 to 4,096, 5 to 200 components, variances that fall as rank^-0.5 to
 * rank^-2): predictions were within a quarter of most. */

/* Columns of a block, about. */
static double
block_of(const conceptdec_i_pca_fit *f)
{
    return fmax((double)f->r / 2, 12);
}

/* Products that spectra which fall as 1 / rank take; fewer where a block is wider than what is wanted. */
static double
products_of(const conceptdec_i_pca_fit *f)
{
    const double tolerance = f->options.tolerance, most = (double)f->options.max_iterations;
    const double share = fmin(1, 0.5 + 0.4 * (double)f->r / block_of(f));
    return tolerance > 0 ? fmin(most, fmax((3.5 - 1.5 * log10(tolerance)) * share, 1)) : most;
}

/* Of the products of a Krylov space, each with a reading of the rows (or of the matrix). */
static double
space_time(const conceptdec_i_pca_fit *f, double rows)
{
    return products_of(f) * rows * (double)f->d * (2 * block_of(f) + 45);
}

/* Of what else there is of a space: directions are made orthogonal, and there are eigenproblems of their number, large
 * ones with LAPACK. */
static double
directions_time(const conceptdec_i_pca_fit *f)
{
    const double most = 2 * (double)f->r + 9 * block_of(f), size = fmin(products_of(f) * block_of(f), most);
    return 6 * size * size * (double)f->d + (size > CONCEPTDEC_I_LEADING_MOST ? 50 : 25) * size * size * size;
}

/* Of the products that make up a covariance, half of which are made, with their overheads. */
static double
product_time(double side, double length)
{
    return 0.73 * side * side * length;
}

/* Of a Krylov space of the covariance of rows, with the covariance; of a covariance that is there. */
static double
formed_time(const conceptdec_i_pca_fit *f)
{
    const double d = (double)f->d;
    return (f->x ? product_time(d, (double)f->n) : 0) + space_time(f, d);
}

/* Of a large problem's Krylov space: that of the covariance, where that is the faster one and there is memory. */
static void
choose_space(conceptdec_i_pca_fit *f)
{
    const bool is_large = f->x && min64(f->n, f->d) >= CONCEPTDEC_I_PCA_LARGE;
    f->is_formed = is_large && formed_time(f) < space_time(f, (double)f->n);
    f->is_formed = f->is_formed && is_allowed(f, CONCEPTDEC_PCA_KRYLOV); /* with what is formed */
}

/* Whether the Krylov space that was chosen takes less time than the exact solver: a product, and a cube for
 * eigenvectors. */
static bool
is_faster(const conceptdec_i_pca_fit *f)
{
    const double n = (double)f->n, d = (double)f->d, side = fmin(n, d);
    const double space = f->x && !f->is_formed ? space_time(f, n) : formed_time(f);
    return space + directions_time(f) < (f->x ? product_time(side, fmax(n, d)) : 0) + 12 * side * side * side;
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
