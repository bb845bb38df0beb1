/* The steps of LAPACK's syevd, but for the last one: what leads back from the tridiagonal matrix is applied in wide
 * blocks, and to those vectors alone that are wanted. To LAPACK, whose order is by columns, the upper half is the lower
 * one. */
#include "linalg/spectrum.h"

#include "core/whole.h"
#include "linalg/factor.h"

#if CONCEPTDEC_HAVE_BLAS

#include <lapacke.h>

#define ORDER LAPACK_COL_MAJOR
#define BLOCK 128 /* reflections that are applied at once */
#define PANEL 64  /* columns that LAPACK reduces at once, at most */

typedef struct {
    conceptdec_ctx *ctx;
    lapack_int n;
    bool is_wide;
    int64_t size; /* of a number */
    char *a, *vectors;
    char *values, *beside, *factors, *triangle; /* n each, and BLOCK x BLOCK */
    char *work;
    int64_t work_count; /* numbers */
} spectrum;

static char *
element(const spectrum *s, char *matrix, int64_t row, int64_t column)
{
    return matrix + (row + column * s->n) * s->size;
}

/* ---- LAPACK in either type ---- */

static lapack_int
make_tridiagonal(const spectrum *s)
{
    void *a = s->a, *d = s->values, *e = s->beside, *tau = s->factors, *work = s->work;
    const lapack_int size = s->n * PANEL;
    return s->is_wide ? LAPACKE_dsytrd_work(ORDER, 'L', s->n, a, s->n, d, e, tau, work, size)
                      : LAPACKE_ssytrd_work(ORDER, 'L', s->n, a, s->n, d, e, tau, work, size);
}

static lapack_int
solve_tridiagonal(const spectrum *s, lapack_int *numbers)
{
    void *d = s->values, *e = s->beside, *z = s->vectors, *work = s->work;
    const lapack_int size = (lapack_int)s->work_count, count = 3 + 5 * s->n;
    return s->is_wide ? LAPACKE_dstedc_work(ORDER, 'I', s->n, d, e, z, s->n, work, size, numbers, count)
                      : LAPACKE_sstedc_work(ORDER, 'I', s->n, d, e, z, s->n, work, size, numbers, count);
}

/* Reflections first..first + count - 1 on `columns` vectors from `z` on. */
static lapack_int
reflect(const spectrum *s, int64_t first, int64_t count, char *z, int64_t columns)
{
    const lapack_int rows = (lapack_int)(s->n - 1 - first), k = (lapack_int)count, n = (lapack_int)columns;
    void *v = element(s, s->a, first + 1, first), *tau = s->factors + first * s->size, *t = s->triangle;
    void *c = z + (first + 1) * s->size, *work = s->work;
    lapack_int info = s->is_wide ? LAPACKE_dlarft_work(ORDER, 'F', 'C', rows, k, v, s->n, tau, t, BLOCK)
                                 : LAPACKE_slarft_work(ORDER, 'F', 'C', rows, k, v, s->n, tau, t, BLOCK);
    if (info != 0)
        return info;
    return s->is_wide ? LAPACKE_dlarfb_work(ORDER, 'L', 'N', 'F', 'C', rows, n, k, v, s->n, t, BLOCK, c, s->n, work, n)
                      : LAPACKE_slarfb_work(ORDER, 'L', 'N', 'F', 'C', rows, n, k, v, s->n, t, BLOCK, c, s->n, work, n);
}

/* ---- steps ---- */

static conceptdec_status
judge(const spectrum *s, const char *step, lapack_int info)
{
    if (info != 0)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EINVAL, "%s: failed with %lld", step, (long long)info);
    return conceptdec_i_poll(s->ctx, 0);
}

static conceptdec_status
take(conceptdec_i_arena *arena, const spectrum *s, int64_t count, char **memory)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "eigenvectors", count, (uint64_t)s->size, &p));
    *memory = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
turn_back(const spectrum *s, int64_t count)
{
    char *wanted = element(s, s->vectors, 0, s->n - count);
    for (int64_t first = (s->n - 2) / BLOCK * BLOCK; first >= 0 && s->n > 1; first -= BLOCK)
        CONCEPTDEC_I_TRY(judge(s, "larfb", reflect(s, first, min64(BLOCK, s->n - 1 - first), wanted, count)));
    return CONCEPTDEC_OK;
}

static conceptdec_status
run(conceptdec_i_arena *scratch, spectrum *s, int64_t count)
{
    const int64_t n = s->n;
    void *numbers;
    s->work_count = max64(1 + 4 * n + n * n, n * BLOCK);
    if (s->work_count > INT32_MAX)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "a matrix of %lld x %lld is beyond what LAPACK takes",
                                 (long long)n, (long long)n);
    CONCEPTDEC_I_TRY(take(scratch, s, n, &s->values));
    CONCEPTDEC_I_TRY(take(scratch, s, n, &s->beside));
    CONCEPTDEC_I_TRY(take(scratch, s, n, &s->factors));
    CONCEPTDEC_I_TRY(take(scratch, s, BLOCK * BLOCK, &s->triangle));
    CONCEPTDEC_I_TRY(take(scratch, s, s->work_count, &s->work));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(scratch, "eigenvectors", 3 + 5 * n, sizeof(lapack_int), &numbers));
    CONCEPTDEC_I_TRY(judge(s, "sytrd", make_tridiagonal(s)));
    CONCEPTDEC_I_TRY(judge(s, "stedc", solve_tridiagonal(s, numbers)));
    return turn_back(s, count);
}

/* ---- order ---- */

static double
value_at(const spectrum *s, int64_t k)
{
    const void *values = s->values;
    return s->is_wide ? ((const double *)values)[k] : (double)((const float *)values)[k];
}

static void
exchange(char *restrict a, char *restrict b, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++) {
        const char byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

/* The last `count` become the first of what is handed out, the other way round. */
static char *
reverse(const spectrum *s, int64_t count)
{
    for (int64_t k = 0; k < count / 2; k++)
        exchange(element(s, s->vectors, 0, s->n - 1 - k), element(s, s->vectors, 0, s->n - count + k), s->n * s->size);
    return element(s, s->vectors, 0, s->n - count);
}

conceptdec_status
conceptdec_i_spectrum(conceptdec_i_arena *arena, int64_t n, bool is_wide, void *a, int64_t count, double *values,
                      void **vectors)
{
    spectrum s = {.ctx = arena->ctx,
                  .n = (lapack_int)n,
                  .is_wide = is_wide,
                  .size = is_wide ? sizeof(double) : sizeof(float),
                  .a = a};
    conceptdec_i_arena scratch;
    CONCEPTDEC_I_TRY(take(arena, &s, n * n, &s.vectors));
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = run(&scratch, &s, count);
    for (int64_t k = 0; k < n && status == CONCEPTDEC_OK; k++)
        values[k] = value_at(&s, n - 1 - k);
    *vectors = status == CONCEPTDEC_OK ? reverse(&s, count) : NULL;
    conceptdec_i_arena_close(&scratch);
    return status;
}

#else

conceptdec_status
conceptdec_i_spectrum(conceptdec_i_arena *arena, int64_t n, bool is_wide, void *a, int64_t count, double *values,
                      void **vectors)
{
    (void)n, (void)is_wide, (void)a, (void)count, (void)values, (void)vectors;
    return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EUNSUPPORTED,
                             "this needs LAPACK, and the library was built without it (meson option blas)");
}

#endif
