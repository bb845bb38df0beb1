/* Rows one after the other are the columns of a matrix to LAPACK. */
#include "linalg/singular.h"

#if CONCEPTDEC_HAVE_BLAS

#include <lapacke.h>

#define ORDER LAPACK_COL_MAJOR
#define BLOCK 64 /* columns that reflectors are gathered for */

static conceptdec_status
too_large(conceptdec_ctx *ctx, int64_t n, int64_t d)
{
    return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "a matrix of %lld x %lld is beyond what LAPACK takes", (long long)n,
                             (long long)d);
}

static conceptdec_status
refused(conceptdec_ctx *ctx, const char *routine, int64_t info)
{
    return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s: failed with %lld", routine, (long long)info);
}

static lapack_int
values_alone(int64_t n, int64_t d, double *rows, double *values, double *work, int64_t size, lapack_int *numbers)
{
    return LAPACKE_dgesdd_work(ORDER, 'N', (lapack_int)d, (lapack_int)n, rows, (lapack_int)d, values, NULL, 1, NULL, 1, work,
                               (lapack_int)size, numbers);
}

/* Doubles that LAPACK asks for; -1: more than it can count. */
static double
values_work(int64_t n, int64_t d)
{
    double size = 0;
    lapack_int numbers;
    if (n > INT32_MAX || d > INT32_MAX || values_alone(n, d, NULL, NULL, &size, -1, &numbers) != 0)
        return -1;
    return size <= INT32_MAX ? size : -1;
}

int64_t
conceptdec_i_singular_values_bytes(int64_t n, int64_t d)
{
    double size = values_work(n, d);
    return size < 0 ? INT64_MAX / 4 : 8 * (int64_t)size + 8 * (n < d ? n : d) * (int64_t)sizeof(lapack_int);
}

conceptdec_status
conceptdec_i_singular_values(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, double *values)
{
    double size = values_work(n, d);
    if (size < 0)
        return too_large(ctx, n, d);
    void *work, *numbers;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_arena_take_raw(&arena, "singular values", (int64_t)size, sizeof(double), &work);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take_raw(&arena, "singular values", 8 * (n < d ? n : d), sizeof(lapack_int), &numbers);
    if (status == CONCEPTDEC_OK) {
        lapack_int info = values_alone(n, d, rows, values, work, (int64_t)size, numbers);
        if (info != 0)
            status = refused(ctx, "dgesdd", info);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_rows_compact(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, int64_t ld)
{
    if (d > INT32_MAX || ld > INT32_MAX || n > INT32_MAX / (BLOCK + 1))
        return too_large(ctx, n, d);
    void *work;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "reflectors", (BLOCK + 1) * n, sizeof(double), &work));
    double *tau = work;
    lapack_int info = LAPACKE_dgeqrf_work(ORDER, (lapack_int)d, (lapack_int)n, rows, (lapack_int)ld, tau, tau + n,
                                          (lapack_int)(BLOCK * n));
    conceptdec_i_give(ctx, work);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++)
            rows[i * ld + j] = 0;
    return info == 0 ? CONCEPTDEC_OK : refused(ctx, "dgeqrf", info);
}

#else

static conceptdec_status
unsupported(conceptdec_ctx *ctx)
{
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED,
                             "this needs LAPACK, and the library was built without it (meson option blas)");
}

int64_t
conceptdec_i_singular_values_bytes(int64_t n, int64_t d)
{
    (void)n, (void)d;
    return 0;
}

conceptdec_status
conceptdec_i_singular_values(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, double *values)
{
    (void)n, (void)d, (void)rows, (void)values;
    return unsupported(ctx);
}

conceptdec_status
conceptdec_i_rows_compact(conceptdec_ctx *ctx, int64_t n, int64_t d, double *rows, int64_t ld)
{
    (void)n, (void)d, (void)rows, (void)ld;
    return unsupported(ctx);
}

#endif
