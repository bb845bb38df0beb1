/* Row-major memory read as column-major is the transpose: a lower half is LAPACK's upper one, and L its U'. So nothing
 * is copied, and eigenvectors, columns to LAPACK, come out one row after the other. */
#include "linalg/factor.h"

#if CONCEPTDEC_HAVE_BLAS

#include <float.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

#define ORDER LAPACK_COL_MAJOR

static conceptdec_status
check_size(conceptdec_ctx *ctx, int64_t n, int64_t columns, int64_t ld)
{
    if (n <= INT32_MAX && columns <= INT32_MAX && ld <= INT32_MAX)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "a matrix of %lld x %lld is beyond what LAPACK takes",
                             (long long)n, (long long)columns);
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
conceptdec_i_cholesky_f32(conceptdec_ctx *ctx, int64_t n, float *a, int64_t ld, bool *is_definite)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    lapack_int info = LAPACKE_spotrf_work(ORDER, 'U', (lapack_int)n, a, (lapack_int)ld);
    *is_definite = info == 0;
    return info < 0 ? refused(ctx, "spotrf", info) : CONCEPTDEC_OK;
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
conceptdec_i_cholesky_condition(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld, double norm,
                                double *condition)
{
    void *work, *numbers;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_arena_take_raw(&arena, "condition", 3 * n, sizeof(double), &work);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&arena, "condition", n, sizeof(lapack_int), &numbers);
    if (status == CONCEPTDEC_OK) {
        lapack_int info =
            LAPACKE_dpocon_work(ORDER, 'U', (lapack_int)n, l, (lapack_int)ld, norm, condition, work, numbers);
        status = info != 0 ? refused(ctx, "dpocon", info) : CONCEPTDEC_OK;
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

static conceptdec_status
judge_inverse(conceptdec_ctx *ctx, const char *routine, lapack_int info)
{
    if (info > 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "diagonal element %lld of a triangular factor is 0",
                                 (long long)info - 1);
    return info < 0 ? refused(ctx, routine, info) : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_triangular_inverse(conceptdec_ctx *ctx, int64_t n, double *l, int64_t ld)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    return judge_inverse(ctx, "dtrtri", LAPACKE_dtrtri_work(ORDER, 'U', 'N', (lapack_int)n, l, (lapack_int)ld));
}

conceptdec_status
conceptdec_i_triangular_inverse_f32(conceptdec_ctx *ctx, int64_t n, float *l, int64_t ld)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    return judge_inverse(ctx, "strtri", LAPACKE_strtri_work(ORDER, 'U', 'N', (lapack_int)n, l, (lapack_int)ld));
}

/* job: "V" or "N", values alone. */
static conceptdec_status
decompose_symmetric(conceptdec_ctx *ctx, char job, int64_t n, double *a, int64_t ld, double *values)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    if (n == 0)
        return CONCEPTDEC_OK;
    double size;
    lapack_int integers,
        info = LAPACKE_dsyevd_work(ORDER, job, 'U', (lapack_int)n, a, (lapack_int)ld, values, &size, -1, &integers, -1);
    if (info != 0)
        return refused(ctx, "dsyevd", info);
    if (size > INT32_MAX)
        return check_size(ctx, n, (int64_t)size, ld);
    void *work, *numbers;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status =
        conceptdec_i_arena_take_raw(&arena, "eigenvectors", (int64_t)size, sizeof(double), &work);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&arena, "eigenvectors", integers, sizeof(lapack_int), &numbers);
    if (status == CONCEPTDEC_OK) {
        info = LAPACKE_dsyevd_work(ORDER, job, 'U', (lapack_int)n, a, (lapack_int)ld, values, work, (lapack_int)size,
                                   numbers, integers);
        if (info != 0)
            status = refused(ctx, "dsyevd", info);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_eigen(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, double *values)
{
    return decompose_symmetric(ctx, 'V', n, a, ld, values);
}

conceptdec_status
conceptdec_i_eigenvalues(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, double *values)
{
    return decompose_symmetric(ctx, 'N', n, a, ld, values);
}

/* What dsyevx works with. */
static conceptdec_status
take_leading(conceptdec_i_arena *arena, int64_t n, int64_t size, void *memory[3])
{
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "eigenvectors", n, sizeof(double), &memory[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "eigenvectors", size, sizeof(double), &memory[1]));
    return conceptdec_i_arena_take_raw(arena, "eigenvectors", 6 * n, sizeof(lapack_int), &memory[2]);
}

conceptdec_status
conceptdec_i_eigen_leading(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, int64_t count, double *values,
                           double *vectors, bool *is_done)
{
    const lapack_int order = (lapack_int)n, first = (lapack_int)(n - count + 1);
    const double least = 2 * DBL_MIN; /* of which eigenvalues are right to rounding */
    lapack_int found;
    double size;
    void *memory[3];
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, ld));
    lapack_int info = LAPACKE_dsyevx_work(ORDER, 'V', 'I', 'U', order, a, (lapack_int)ld, 0, 0, first, order, least,
                                          &found, values, vectors, order, &size, -1, NULL, NULL);
    if (info != 0 || !(size <= INT32_MAX))
        return refused(ctx, "dsyevx", info);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = take_leading(&arena, n, (int64_t)size, memory);
    if (status == CONCEPTDEC_OK) {
        lapack_int *numbers = memory[2];
        info = LAPACKE_dsyevx_work(ORDER, 'V', 'I', 'U', order, a, (lapack_int)ld, 0, 0, first, order, least, &found,
                                   memory[0], vectors, order, memory[1], (lapack_int)size, numbers, numbers + 5 * n);
        memcpy(values, memory[0], (size_t)count * sizeof *values);
        *is_done = info == 0 && found == order - first + 1;
        status = info < 0 ? refused(ctx, "dsyevx", info) : CONCEPTDEC_OK;
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

static conceptdec_status
reflect(conceptdec_ctx *ctx, int64_t r, int64_t n, double *v, int64_t ld, double *work, int64_t work_size)
{
    double *tau = work, *sign = work + r;
    lapack_int size = (lapack_int)(work_size - 2 * r);
    lapack_int info =
        LAPACKE_dgeqrf_work(ORDER, (lapack_int)n, (lapack_int)r, v, (lapack_int)ld, tau, work + 2 * r, size);
    if (info != 0)
        return refused(ctx, "dgeqrf", info);
    for (int64_t k = 0; k < r; k++)
        sign[k] = v[k * ld + k] < 0 ? -1 : 1;
    info = LAPACKE_dorgqr_work(ORDER, (lapack_int)n, (lapack_int)r, (lapack_int)r, v, (lapack_int)ld, tau, work + 2 * r,
                               size);
    if (info != 0)
        return refused(ctx, "dorgqr", info);
    for (int64_t k = 0; k < r; k++)
        for (int64_t i = 0; i < n && sign[k] < 0; i++)
            v[k * ld + i] = -v[k * ld + i];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_orthonormalize(conceptdec_ctx *ctx, int64_t r, int64_t n, double *v, int64_t ld)
{
    CONCEPTDEC_I_TRY(check_size(ctx, n, r, ld));
    if (r == 0)
        return CONCEPTDEC_OK;
    int64_t size = (2 + 64) * r;
    void *work;
    if (size > INT32_MAX)
        return check_size(ctx, n, size, ld);
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "reflectors", size, sizeof(double), &work));
    conceptdec_status status = reflect(ctx, r, n, v, ld, work, size);
    conceptdec_i_give(ctx, work);
    return status;
}

/* Rows one after the other are the columns of a d x n matrix; its left singular vectors are wanted. */
static lapack_int
singular(int64_t n, int64_t d, double *rows, double *values, double *vectors, double *other, double *work, int64_t size,
         lapack_int *numbers)
{
    lapack_int least = (lapack_int)(n < d ? n : d);
    return LAPACKE_dgesdd_work(ORDER, 'S', (lapack_int)d, (lapack_int)n, rows, (lapack_int)d, values, vectors,
                               (lapack_int)d, other, least, work, (lapack_int)size, numbers);
}

static double
singular_work(int64_t n, int64_t d)
{
    double size = 0;
    lapack_int numbers;
    return singular(n, d, NULL, NULL, NULL, NULL, &size, -1, &numbers) == 0 ? size : -1;
}

int64_t
conceptdec_i_singular_bytes(int64_t n, int64_t d)
{
    int64_t least = n < d ? n : d;
    double bytes = 8 * ((double)least * (double)n + singular_work(n, d)) + 8 * (double)least * sizeof(lapack_int);
    return bytes < 0x1p62 ? (int64_t)bytes : INT64_MAX;
}

/* The left singular vectors of the rows, with `least` numbers of each together, go to `other`. */
static conceptdec_status
decompose(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, double *values, double *vectors, double *other)
{
    int64_t least = n < d ? n : d;
    double size = singular_work(n, d);
    if (!(size >= 0 && size <= INT32_MAX))
        return check_size(ctx, n, INT64_MAX, d);
    void *work, *numbers;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status =
        conceptdec_i_arena_take_raw(&arena, "singular vectors", (int64_t)size, sizeof(double), &work);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&arena, "singular vectors", 8 * least, sizeof(lapack_int), &numbers);
    if (status == CONCEPTDEC_OK) {
        lapack_int info = singular(n, d, rows, values, vectors, other, work, (int64_t)size, numbers);
        if (info != 0)
            status = refused(ctx, "dgesdd", info);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_singular(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, double *values, double *vectors)
{
    void *other;
    CONCEPTDEC_I_TRY(check_size(ctx, n, d, d));
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "singular vectors", (n < d ? n : d) * n, sizeof(double), &other));
    conceptdec_status status = decompose(ctx, n, d, rows, values, vectors, other);
    conceptdec_i_give(ctx, other);
    return status;
}

/* To LAPACK a is V S U', and turn is V U'. */
conceptdec_status
conceptdec_i_nearest_orthogonal(conceptdec_ctx *ctx, int64_t n, double *a, double *turn, double *values)
{
    void *other, *vectors;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(check_size(ctx, n, n, n));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_arena_take_raw(&arena, "singular vectors", n * n, sizeof(double), &other);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&arena, "singular vectors", n * n, sizeof(double), &vectors);
    if (status == CONCEPTDEC_OK)
        status = decompose(ctx, n, n, a, values, vectors, other);
    if (status == CONCEPTDEC_OK)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)n, (int)n, 1, vectors, (int)n, other,
                    (int)n, 0, turn, (int)n);
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
conceptdec_i_cholesky_f32(conceptdec_ctx *ctx, int64_t n, float *a, int64_t ld, bool *is_definite)
{
    (void)n, (void)a, (void)ld;
    *is_definite = false;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_triangular_inverse_f32(conceptdec_ctx *ctx, int64_t n, float *l, int64_t ld)
{
    (void)n, (void)l, (void)ld;
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
conceptdec_i_cholesky_condition(conceptdec_ctx *ctx, int64_t n, const double *l, int64_t ld, double norm,
                                double *condition)
{
    (void)n, (void)l, (void)ld, (void)norm, (void)condition;
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

conceptdec_status
conceptdec_i_eigen_leading(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, int64_t count, double *values,
                           double *vectors, bool *is_done)
{
    (void)n, (void)a, (void)ld, (void)count, (void)values, (void)vectors;
    *is_done = false;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_eigenvalues(conceptdec_ctx *ctx, int64_t n, double *a, int64_t ld, double *values)
{
    (void)n, (void)a, (void)ld, (void)values;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_orthonormalize(conceptdec_ctx *ctx, int64_t r, int64_t n, double *v, int64_t ld)
{
    (void)r, (void)n, (void)v, (void)ld;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_singular(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, double *values, double *vectors)
{
    (void)n, (void)d, (void)rows, (void)values, (void)vectors;
    return unsupported(ctx);
}

int64_t
conceptdec_i_singular_bytes(int64_t n, int64_t d)
{
    (void)n, (void)d;
    return 0;
}

conceptdec_status
conceptdec_i_nearest_orthogonal(conceptdec_ctx *ctx, int64_t n, double *a, double *turn, double *values)
{
    (void)n, (void)a, (void)turn, (void)values;
    return unsupported(ctx);
}

#endif
