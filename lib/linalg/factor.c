/* Row-major memory read as column-major is the transpose: a lower half is LAPACK's upper one, and L its U'. So nothing is
 * copied, and eigenvectors, columns to LAPACK, come out one row after the other. */
#include "linalg/factor.h"

#if CONCEPTDEC_HAVE_BLAS

#include <cblas.h>
#include <lapacke.h>

#define ORDER LAPACK_COL_MAJOR

static conceptdec_status
check_size(conceptdec_ctx *ctx, int64_t n, int64_t columns, int64_t ld)
{
    if (n <= INT32_MAX && columns <= INT32_MAX && ld <= INT32_MAX)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "a matrix of %lld x %lld is beyond what LAPACK takes", (long long)n,
                             (long long)columns);
}

/* LAPACK names the argument that it does not like: a fault of this library. */
static conceptdec_status
refused(conceptdec_ctx *ctx, const char *routine, int64_t info)
{
    return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: failed with %lld", routine, (long long)info);
}

conceptdec_status
conceptdec_i_cholesky(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, bool *is_definite)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    lapack_int info = LAPACKE_dpotrf_work(ORDER, 'U', (lapack_int)n, a, (lapack_int)ld);
    *is_definite = info == 0;
    return info < 0 ? refused(ctx, "dpotrf", info) : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_cholesky_solve(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld, int64_t n_columns, double *b,
                            int64_t ldb)
{
    CONCEPTDEC_I_TRY(conceptdec_i_triangular_solve(ctx, n, l, ld, false, n_columns, b, ldb));
    return conceptdec_i_triangular_solve(ctx, n, l, ld, true, n_columns, b, ldb);
}

conceptdec_status
conceptdec_i_triangular_solve(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld, bool is_transposed,
                              int64_t n_columns, double *b, int64_t ldb)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n_columns, ld));
    CONCEPTDEC_I_TRY(check_size(ctx, n, n_columns, ldb));
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasUpper, is_transposed ? CblasNoTrans : CblasTrans, CblasNonUnit, (int)n,
                (int)n_columns, 1, l, (int)ld, b, (int)ldb);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_triangular_inverse(conceptdec_ctx *ctx, int64_t n, double *l, int64_t ld)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    lapack_int info = LAPACKE_dtrtri_work(ORDER, 'U', 'N', (lapack_int)n, l, (lapack_int)ld);
    if (info > 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "diagonal element %lld of a triangular factor is 0",
                                 (long long)info - 1);
    return info < 0 ? refused(ctx, "dtrtri", info) : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_eigen(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, double *values)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    if (n == 0)
        return CONCEPTDEC_OK;
    double size;
    lapack_int integers, info = LAPACKE_dsyevd_work(ORDER, 'V', 'U', (lapack_int)n, a, (lapack_int)ld, values, &size, -1,
                                                    &integers, -1);
    if (info != 0)
        return refused(ctx, "dsyevd", info);
    if (size > INT32_MAX)
        return check_size(ctx, n, (int64_t)size, ld);
    void *work, *numbers;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_arena_take_raw(&arena, "eigenvectors", (int64_t)size, sizeof(double), &work);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&arena, "eigenvectors", integers, sizeof(lapack_int), &numbers);
    if (status == CONCEPTDEC_OK) {
        info = LAPACKE_dsyevd_work(ORDER, 'V', 'U', (lapack_int)n, a, (lapack_int)ld, values, work, (lapack_int)size,
                                   numbers, integers);
        if (info != 0)
            status = refused(ctx, "dsyevd", info);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

#else

static conceptdec_status
unsupported(conceptdec_ctx *ctx)
{
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED,
                             "this needs LAPACK, and the library was built without it (meson option blas)");
}

conceptdec_status
conceptdec_i_cholesky(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, bool *is_definite)
{
    (void)n, (void)a, (void)ld;
    *is_definite = false;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_cholesky_solve(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld, int64_t n_columns, double *b,
                            int64_t ldb)
{
    (void)n, (void)l, (void)ld, (void)n_columns, (void)b, (void)ldb;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_triangular_solve(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld, bool is_transposed,
                              int64_t n_columns, double *b, int64_t ldb)
{
    (void)n, (void)l, (void)ld, (void)is_transposed, (void)n_columns, (void)b, (void)ldb;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_triangular_inverse(conceptdec_ctx *ctx, int64_t n, double *l, int64_t ld)
{
    (void)n, (void)l, (void)ld;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_eigen(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, double *values)
{
    (void)n, (void)a, (void)ld, (void)values;
    return unsupported(ctx);
}

#endif
