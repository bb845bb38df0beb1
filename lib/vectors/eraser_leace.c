/* Least-squares concept erasure in closed form (Belrose et al. 2023). Any F with F S F' = 1 on the range of the
 * covariance S whitens as well as S^-1/2 does: singular values of F times the cross-covariance are the same, and so is
 * the projection F^+ u u' F. Where S is safely definite F is the inverse of its Cholesky factor, some 20 times cheaper
 * than the root; else it comes from eigenvectors. The cross-covariance itself is decomposed, not its products, so that
 * weak directions keep their digits. Dimensions are divided by their deviations first: no unit decides what counts as
 * 0. */
#include <math.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/engine.h"
#include "linalg/factor.h"
#include "vectors/eraser.h"

#define SAFETY 64             /* an estimated condition is within a small factor of the true one */
#define LEAST_SHIFT 0x1p-495  /* whose square has ten digits */
#define APART 0x1p-40         /* of a mean: more than rounding */

typedef struct leace {
    conceptdec_i_arena *arena;
    const conceptdec_i_erasing *e;
    int64_t d, classes;
    double *deviation;    /* d; 1 where it is 0 */
    uint8_t *is_constant; /* d */
    int64_t n_constant;
    double *s;     /* d x d: covariance of what is divided; its factor, or its eigenvectors */
    double *cross; /* classes x d: cross-covariance with membership, divided by deviations */
    int64_t first; /* rows of s from this one on are the eigenvectors that count; 0: s is a factor */
    conceptdec_i_erased *found;
} leace;

/* ---- covariances ---- */

/* A dimension that is not constant must not be taken for one because its variance is nothing in float64. */
static conceptdec_status
check_shifts(const leace *l)
{
    const conceptdec_i_erasing *e = l->e;
    for (int64_t j = 0; j < l->d; j++) {
        double largest = 0;
        for (int64_t c = 0; c < l->classes; c++)
            largest = fmax(largest, fabs(e->means[c * l->d + j]));
        if (largest > APART * fabs(e->mean[j]) && largest < LEAST_SHIFT)
            return conceptdec_i_fail(l->arena->ctx, CONCEPTDEC_EOVERFLOW,
                                     "x: float64 cannot hold the variance of column %lld; multiply it by a power of "
                                     "two",
                                     (long long)j);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
scale(leace *l)
{
    const conceptdec_i_erasing *e = l->e;
    const double to_n = (double)(e->n - 1) / (double)e->n;
    void *p;
    CONCEPTDEC_I_TRY(check_shifts(l));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, 1, l->d, &l->deviation));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(l->arena, "eraser", l->d, 1, &p));
    l->is_constant = p;
    for (int64_t j = 0; j < l->d; j++) {
        double variance = e->covariance[j * l->d + j] * to_n;
        l->is_constant[j] = !(variance > 0);
        l->n_constant += l->is_constant[j];
        l->deviation[j] = variance > 0 ? sqrt(variance) : 1;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, l->d, l->d, &l->s));
    for (int64_t i = 0; i < l->d; i++)
        for (int64_t j = 0; j < l->d; j++)
            l->s[i * l->d + j] = e->covariance[i * l->d + j] * to_n / l->deviation[i] / l->deviation[j];
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, l->classes, l->d, &l->cross));
    for (int64_t c = 0; c < l->classes; c++)
        for (int64_t j = 0; j < l->d; j++)
            l->cross[c * l->d + j] = l->is_constant[j] ? 0 : e->share[c] * (e->means[c * l->d + j] / l->deviation[j]);
    return CONCEPTDEC_OK;
}

/* Constant dimensions would spoil a factorisation in which they play no part. */
static void
set_diagonal(const leace *l, double constant)
{
    for (int64_t j = 0; j < l->d; j++)
        l->s[j * l->d + j] = l->is_constant[j] ? constant : 1;
}

static double
largest_sum(const leace *l)
{
    double largest = 0;
    for (int64_t i = 0; i < l->d; i++) {
        double sum = 0;
        for (int64_t j = 0; j < l->d; j++)
            sum += fabs(l->s[i * l->d + j]);
        largest = fmax(largest, sum);
    }
    return largest;
}

/* The factor, where it is safe to use; else s as it was, but for the diagonal. */
static conceptdec_status
factor(const leace *l, bool *is_safe)
{
    const double least = SAFETY * 0x1p-52 * (double)max64(l->d, l->e->n);
    double condition = 0;
    *is_safe = false;
    set_diagonal(l, 0);
    if (l->e->n - 1 < l->d - l->n_constant) /* it cannot be definite */
        return CONCEPTDEC_OK;
    set_diagonal(l, 1);
    double norm = largest_sum(l);
    CONCEPTDEC_I_TRY(conceptdec_i_poll(l->arena->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_cholesky(l->arena->ctx, l->d, l->s, l->d, is_safe));
    if (*is_safe)
        CONCEPTDEC_I_TRY(conceptdec_i_cholesky_condition(l->arena->ctx, l->d, l->s, l->d, norm, &condition));
    *is_safe = *is_safe && condition > least;
    if (*is_safe)
        return CONCEPTDEC_OK;
    for (int64_t i = 0; i < l->d; i++)
        for (int64_t j = 0; j < i; j++)
            l->s[i * l->d + j] = l->s[j * l->d + i];
    set_diagonal(l, 0);
    return CONCEPTDEC_OK;
}

/* ---- directions ---- */

static void
add_multiple(int64_t d, double weight, const double *restrict from, double *restrict to)
{
    for (int64_t j = 0; j < d; j++)
        to[j] += weight * from[j];
}

/* Of whitened cross-covariances (classes rows of m numbers, destroyed): left singular vectors in rows of `vectors`. */
static conceptdec_status
decompose(const leace *l, int64_t m, double *whitened, double **vectors)
{
    const conceptdec_eraser_options *o = l->e->options;
    const int64_t least = min64(l->classes, m), most = min64(l->classes - 1, m);
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, 1, least, &l->found->strengths));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, least, m, vectors));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(l->arena->ctx, 0));
    if (least > 0)
        CONCEPTDEC_I_TRY(conceptdec_i_singular(l->arena->ctx, l->classes, m, whitened, l->found->strengths, *vectors));
    const double noise = least > 0 ? (double)max64(l->e->n, l->d) * 0x1p-52 * l->found->strengths[0] : 0;
    int64_t rank = 0;
    while (rank < most && l->found->strengths[rank] > fmax(o->tolerance, noise))
        rank++;
    l->found->rank = rank;
    return conceptdec_i_eraser_take(l->arena, rank, l->d, &l->found->read);
}

/* F is L^-1. */
static conceptdec_status
solve(leace *l)
{
    conceptdec_ctx *ctx = l->arena->ctx;
    double *vectors;
    CONCEPTDEC_I_TRY(conceptdec_i_triangular_solve(ctx, l->d, l->s, l->d, false, l->classes, l->cross, l->d));
    CONCEPTDEC_I_TRY(decompose(l, l->d, l->cross, &vectors));
    const conceptdec_i_erased *f = l->found;
    memcpy(f->read, vectors, (size_t)(f->rank * l->d) * sizeof *f->read);
    return conceptdec_i_triangular_solve(ctx, l->d, l->s, l->d, true, f->rank, f->read, l->d);
}

/* Eigenvectors that count: rows first..d-1 of s. There are no more than rows less one. */
static int64_t
first_vector(const leace *l, const double *values)
{
    const double cut = 0x1p-52 * (double)max64(l->d, l->e->n) * fmax(values[l->d - 1], 0);
    int64_t first = max64(0, l->d - (l->e->n - 1));
    while (first < l->d && !(values[first] > cut))
        first++;
    for (int64_t k = first; k < l->d; k++)
        for (int64_t j = 0; j < l->d && l->n_constant > 0; j++)
            if (l->is_constant[j])
                l->s[k * l->d + j] = 0;
    return first;
}

/* out[k][c] = cross[c] . vectors[k]. */
static conceptdec_status
multiply(const leace *l, int64_t m, const double *vectors, double **out)
{
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, m, l->classes, out));
    const conceptdec_i_dense rows = {.data = l->cross, .n = l->classes, .dims = l->d, .stride = l->d, .is_wide = true};
    const conceptdec_i_applying a = {.rows = &rows,
                                     .n = l->classes,
                                     .columns = m,
                                     .w = vectors,
                                     .ldw = l->d,
                                     .out = *out,
                                     .ldo = l->classes,
                                     .precision = CONCEPTDEC_I_TILE_F64};
    return m > 0 ? conceptdec_i_apply(l->arena->ctx, &a) : CONCEPTDEC_OK;
}

/* whitened[c][k] = cross[c] . vectors[k] / root of values[k]. */
static conceptdec_status
whiten(const leace *l, int64_t m, const double *vectors, const double *values, double **whitened)
{
    double *turned;
    CONCEPTDEC_I_TRY(multiply(l, m, vectors, &turned));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, l->classes, m, whitened));
    for (int64_t c = 0; c < l->classes; c++)
        for (int64_t k = 0; k < m; k++)
            (*whitened)[c * m + k] = turned[k * l->classes + c] / sqrt(values[k]);
    return CONCEPTDEC_OK;
}

/* F is V scaled by inverse roots of eigenvalues: read = F'u, within the eigenvectors that count. */
static conceptdec_status
solve_singular(leace *l)
{
    double *values, *whitened, *u;
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, 1, l->d, &values));
    CONCEPTDEC_I_TRY(conceptdec_i_eigen(l->arena->ctx, l->d, l->s, l->d, values));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(l->arena->ctx, 0));
    l->first = first_vector(l, values);
    const int64_t m = l->d - l->first;
    const double *vectors = l->s + l->first * l->d;
    values += l->first;
    CONCEPTDEC_I_TRY(whiten(l, m, vectors, values, &whitened));
    CONCEPTDEC_I_TRY(decompose(l, m, whitened, &u));
    const conceptdec_i_erased *f = l->found;
    memset(f->read, 0, (size_t)(f->rank * l->d) * sizeof *f->read);
    for (int64_t k = 0; k < m; k++)
        for (int64_t i = 0; i < f->rank; i++)
            add_multiple(l->d, u[i * m + k] / sqrt(values[k]), vectors + k * l->d, f->read + i * l->d);
    return CONCEPTDEC_OK;
}

/* Back to the dimensions as they were. */
static void
unscale(const leace *l)
{
    for (int64_t k = 0; k < l->found->rank; k++)
        for (int64_t j = 0; j < l->d; j++) {
            double *read = &l->found->read[k * l->d + j];
            *read = l->is_constant[j] ? 0 : *read / l->deviation[j];
        }
}

/* What of `read` lies in the range of the covariance, spanned by eigenvectors times deviations: the pseudo-inverse is
 * that of the covariance as it is, whatever dimensions were divided by. */
static conceptdec_status
restrict_read(const leace *l)
{
    const conceptdec_i_erased *f = l->found;
    const int64_t m = l->d - l->first;
    double *along, *vectors = l->s + l->first * l->d;
    for (int64_t k = 0; k < m; k++)
        for (int64_t j = 0; j < l->d; j++)
            vectors[k * l->d + j] *= l->deviation[j];
    CONCEPTDEC_I_TRY(conceptdec_i_orthonormalize(l->arena->ctx, m, l->d, vectors, l->d));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, m, f->rank, &along));
    const conceptdec_i_dense rows = {.data = f->read, .n = f->rank, .dims = l->d, .stride = l->d, .is_wide = true};
    const conceptdec_i_applying a = {.rows = &rows,
                                     .n = f->rank,
                                     .columns = m,
                                     .w = vectors,
                                     .ldw = l->d,
                                     .out = along,
                                     .ldo = f->rank,
                                     .precision = CONCEPTDEC_I_TILE_F64};
    CONCEPTDEC_I_TRY(conceptdec_i_apply(l->arena->ctx, &a));
    memset(f->read, 0, (size_t)(f->rank * l->d) * sizeof *f->read);
    for (int64_t k = 0; k < m; k++)
        for (int64_t i = 0; i < f->rank; i++)
            add_multiple(l->d, along[k * f->rank + i], vectors + k * l->d, f->read + i * l->d);
    return CONCEPTDEC_OK;
}

/* ---- what is removed ---- */

/* along[c][k] = cross-covariance of class c . read[k], divided by strength k: nearly orthonormal columns. */
static conceptdec_status
read_cross(const leace *l, double **along)
{
    const conceptdec_i_erased *f = l->found;
    double *turned;
    for (int64_t c = 0; c < l->classes; c++)
        for (int64_t j = 0; j < l->d; j++)
            l->cross[c * l->d + j] = l->is_constant[j] ? 0 : l->e->share[c] * l->e->means[c * l->d + j];
    CONCEPTDEC_I_TRY(multiply(l, f->rank, f->read, &turned));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, l->classes, f->rank, along));
    for (int64_t c = 0; c < l->classes; c++)
        for (int64_t k = 0; k < f->rank; k++)
            (*along)[c * f->rank + k] = turned[k * l->classes + c] / f->strengths[k];
    return CONCEPTDEC_OK;
}

/* F^+ u is the cross-covariance times its right singular vectors, over the strengths. These are found anew, as least
 * squares that make what is removed of every class mean that mean: so means become equal to the last digits, however
 * the covariance is conditioned. */
static conceptdec_status
remove_cross(const leace *l)
{
    const conceptdec_i_erased *f = l->found;
    double *along, *square;
    bool is_definite;
    CONCEPTDEC_I_TRY(read_cross(l, &along));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(l->arena, f->rank, f->rank, &square));
    const conceptdec_i_dense rows = {
        .data = along, .n = l->classes, .dims = f->rank, .stride = f->rank, .is_wide = true};
    CONCEPTDEC_I_TRY(conceptdec_i_gram(l->arena->ctx, &rows, NULL, CONCEPTDEC_I_TILE_F64, square, f->rank));
    CONCEPTDEC_I_TRY(conceptdec_i_cholesky(l->arena->ctx, f->rank, square, f->rank, &is_definite));
    if (is_definite)
        CONCEPTDEC_I_TRY(
            conceptdec_i_cholesky_solve(l->arena->ctx, f->rank, square, f->rank, l->classes, along, f->rank));
    memset(f->removed, 0, (size_t)(f->rank * l->d) * sizeof *f->removed);
    for (int64_t k = 0; k < f->rank; k++)
        for (int64_t c = 0; c < l->classes; c++)
            add_multiple(l->d, along[c * f->rank + k] / f->strengths[k], l->cross + c * l->d, f->removed + k * l->d);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_eraser_leace(conceptdec_i_arena *arena, const conceptdec_i_erasing *e, conceptdec_i_erased *found)
{
    leace l = {.arena = arena, .e = e, .d = e->d, .classes = e->classes, .found = found};
    bool is_safe;
    CONCEPTDEC_I_TRY(scale(&l));
    CONCEPTDEC_I_TRY(factor(&l, &is_safe));
    CONCEPTDEC_I_TRY(is_safe ? solve(&l) : solve_singular(&l));
    unscale(&l);
    if (l.first > l.n_constant)
        CONCEPTDEC_I_TRY(restrict_read(&l));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(arena, found->rank, l.d, &found->removed));
    if (found->rank > 0)
        CONCEPTDEC_I_TRY(remove_cross(&l));
    found->rank = min64(found->rank, e->options->rank);
    return CONCEPTDEC_OK;
}
