/* Fits of principal components: what columns are shifted and scaled by, the solver, and what follows from its
 * answer. */
#include <math.h>
#include <string.h>

#include "linalg/columns.h"
#include "linalg/gram.h"
#include "linalg/orthonormal.h"
#include "projection/pca.h"

/* Variances are known to about this share of the largest one where products are rounded to float. */
#define FLOAT_FLOOR 0x1p-20
#define LEAST_VARIANCE 0x1p-970 /* that has all its digits */

static bool
has_flag(const conceptdec_i_pca_fit *f, uint32_t flag)
{
    return (f->options.flags & flag) != 0;
}

static conceptdec_status
refuse_small(const conceptdec_i_pca_fit *f)
{
    return conceptdec_i_fail(f->arena->ctx, CONCEPTDEC_EOVERFLOW,
                             "%s: float64 cannot hold variances as small as these; multiply the rows by a power of two",
                             f->x ? "x" : "moments");
}

static conceptdec_status
take_columns(conceptdec_i_pca_fit *f)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "columns", f->d, 3 * sizeof(double), &p));
    f->shift = p;
    f->factor = f->shift + f->d;
    f->own_factor = f->factor + f->d;
    f->unit = 1;
    return CONCEPTDEC_OK;
}

/* ---- rows ---- */

/* Largest magnitude of a column once it is shifted. */
static double
reach_of(const conceptdec_i_columns *c, const double *shift, int64_t j)
{
    return fmax(fabs(c->largest[j] - shift[j]), fabs(c->least[j] - shift[j]));
}

/* A Krylov space of the rows asks for the trace. */
static bool
needs_squares(const conceptdec_i_pca_fit *f)
{
    return !f->is_wide && f->solver == CONCEPTDEC_PCA_KRYLOV && !f->is_formed;
}

/* Those about the mean become those about the shift. */
static void
keep_squares(conceptdec_i_pca_fit *f, const conceptdec_i_columns *c)
{
    f->squares = c->squares;
    for (int64_t j = 0; j < f->d && f->squares; j++) {
        const double off = c->mean[j] - f->shift[j];
        f->squares[j] += (double)f->n * off * off;
    }
}

/* Standard deviations about the mean; columns that never change are divided by 1. */
static conceptdec_status
find_scale(const conceptdec_i_pca_fit *f, const conceptdec_i_columns *c)
{
    double *scale = f->pca->scale;
    void *p;
    for (int64_t j = 0; j < f->d; j++)
        scale[j] = 1;
    if (!has_flag(f, CONCEPTDEC_PCA_STANDARDIZE))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "columns", f->d, 2 * sizeof(double), &p));
    double *unit = p, *squares = unit + f->d;
    for (int64_t j = 0; j < f->d; j++)
        unit[j] = conceptdec_i_unit(reach_of(c, c->mean, j));
    CONCEPTDEC_I_TRY(conceptdec_i_columns_squares(f->arena, f->x, c->mean, unit, squares));
    for (int64_t j = 0; j < f->d; j++)
        if (c->largest[j] > c->least[j])
            scale[j] = unit[j] * sqrt(squares[j] / (double)f->n);
    return CONCEPTDEC_OK;
}

static conceptdec_status
prepare_rows(conceptdec_i_pca_fit *f)
{
    conceptdec_i_columns c;
    double *scale = f->pca->scale, largest = 0;
    CONCEPTDEC_I_TRY(take_columns(f));
    CONCEPTDEC_I_TRY((needs_squares(f) ? conceptdec_i_columns_scan_squares
                                       : conceptdec_i_columns_scan)(f->arena, "x", f->x, &c));
    CONCEPTDEC_I_TRY(find_scale(f, &c));
    if (!has_flag(f, CONCEPTDEC_PCA_UNCENTERED))
        memcpy(f->shift, c.mean, (size_t)f->d * sizeof(double));
    keep_squares(f, &c);
    for (int64_t j = 0; j < f->d; j++)
        largest = fmax(largest, reach_of(&c, f->shift, j) / scale[j]);
    f->unit = conceptdec_i_unit(largest);
    for (int64_t j = 0; j < f->d; j++) {
        f->factor[j] = 1 / scale[j] / f->unit;
        f->own_factor[j] = 1 / conceptdec_i_unit(reach_of(&c, f->shift, j));
        if (!isfinite(f->factor[j]) || !isfinite(largest))
            return conceptdec_i_fail(f->arena->ctx, CONCEPTDEC_EOVERFLOW,
                                     "x: float64 cannot hold column %lld divided by its standard deviation",
                                     (long long)j);
    }
    memcpy(f->pca->mean, f->shift, (size_t)f->d * sizeof(double));
    return CONCEPTDEC_OK;
}

static conceptdec_status
solve_rows(conceptdec_i_pca_fit *f)
{
    CONCEPTDEC_I_TRY(prepare_rows(f));
    if (f->solver == CONCEPTDEC_PCA_COVARIANCE || (f->solver == CONCEPTDEC_PCA_KRYLOV && f->is_formed))
        return conceptdec_i_pca_covariance(f);
    if (f->solver == CONCEPTDEC_PCA_GRAM)
        return conceptdec_i_pca_gram(f);
    return f->solver == CONCEPTDEC_PCA_SVD ? conceptdec_i_pca_singular(f) : conceptdec_i_pca_krylov(f, NULL);
}

/* ---- moments ---- */

/* Values whose squares are nothing in float64 must not be taken for constant ones where no others are larger, or where
 * they are to be divided by their deviation. */
static conceptdec_status
check_squares(const conceptdec_i_pca_fit *f, const double *mean, const double *shift, const double *c)
{
    const bool is_centred = !has_flag(f, CONCEPTDEC_PCA_UNCENTERED);
    bool is_some = false, is_lost = false;
    for (int64_t j = 0; j < f->d; j++) {
        const bool is_none = !(c[j * f->d + j] > 0), varies = shift[j] < 0 || shift[j] > 0;
        if (is_none && varies && has_flag(f, CONCEPTDEC_PCA_STANDARDIZE))
            return conceptdec_i_fail(f->arena->ctx, CONCEPTDEC_EOVERFLOW,
                                     "moments: float64 cannot hold the variance of column %lld; multiply it by a power "
                                     "of two",
                                     (long long)j);
        is_some = is_some || !is_none || (!is_centred && mean[j] * mean[j] > 0);
        is_lost = is_lost || (is_none && varies) || (!is_centred && fabs(mean[j]) > 0);
    }
    return is_some || !is_lost ? CONCEPTDEC_OK : refuse_small(f);
}

/* From sums about the mean, upper half, to the matrix of second moments. */
static conceptdec_status
finish_moments(conceptdec_i_pca_fit *f, const double *mean, double *c)
{
    const int64_t d = f->d;
    const double n = (double)f->n;
    const bool is_centred = !has_flag(f, CONCEPTDEC_PCA_UNCENTERED);
    double *scale = f->pca->scale, largest = 0;
    for (int64_t j = 0; j < d; j++) {
        double square = c[j * d + j];
        scale[j] = has_flag(f, CONCEPTDEC_PCA_STANDARDIZE) && square > 0 ? sqrt(square / n) : 1;
        f->pca->mean[j] = is_centred ? mean[j] : 0;
    }
    for (int64_t i = 0; i < d; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        for (int64_t j = i; j < d; j++) {
            double sum = c[i * d + j] + (is_centred ? 0 : n * mean[i] * mean[j]);
            c[i * d + j] = sum / (n - 1) / scale[i] / scale[j];
        }
        largest = fmax(largest, c[i * d + i]);
    }
    f->unit = conceptdec_i_unit(sqrt(largest));
    for (int64_t i = 0; i < d; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        for (int64_t j = i; j < d; j++)
            c[i * d + j] = c[i * d + j] / f->unit / f->unit;
    }
    return conceptdec_i_gram_complete(f->arena->ctx, c, d, d);
}

static conceptdec_status
solve_moments(conceptdec_i_pca_fit *f)
{
    double *c;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "columns", 2 * f->d, sizeof(double), &p));
    CONCEPTDEC_I_TRY(conceptdec_i_pca_place(f, &c));
    double *mean = p, *shift = mean + f->d;
    CONCEPTDEC_I_TRY(conceptdec_i_moments_settle(f->arena->ctx, f->moments, mean, shift, c));
    CONCEPTDEC_I_TRY(check_squares(f, mean, shift, c));
    CONCEPTDEC_I_TRY(finish_moments(f, mean, c));
    return conceptdec_i_pca_matrix(f, c);
}

/* ---- what follows ---- */

static double
value_at(const conceptdec_i_pca_fit *f, int64_t k)
{
    return k < f->n_values ? fmax(f->values[k], 0) : 0;
}

/* To the nearest neighbour in order; beyond the values there are only zeros, if anything. */
static double
gap_at(const conceptdec_i_pca_fit *f, int64_t k)
{
    double above = k > 0 ? value_at(f, k - 1) - value_at(f, k) : (double)INFINITY;
    double below = k + 1 < f->d || f->d == 1 ? value_at(f, k) - value_at(f, k + 1) : (double)INFINITY;
    return value_at(f, 0) > 0 ? fmin(above, below) / value_at(f, 0) : 0;
}

static double
floor_of(const conceptdec_i_pca_fit *f)
{
    double rounding = (double)(f->n > f->d ? f->n : f->d) * 0x1p-52;
    if (f->solver == CONCEPTDEC_PCA_SVD)
        return rounding * rounding;
    return f->is_wide ? rounding : fmax(rounding, FLOAT_FLOOR);
}

static conceptdec_status
conclude(const conceptdec_i_pca_fit *f)
{
    conceptdec_pca *p = f->pca;
    for (int64_t k = 0; k < f->r; k++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena->ctx, 0));
        p->n_clamped += f->values[k] < 0;
        p->variance[k] = value_at(f, k) * f->unit * f->unit;
        p->gap[k] = gap_at(f, k);
        conceptdec_i_orient(p->components + k * f->d, f->d);
    }
    p->total = fmax(f->total, 0) * f->unit * f->unit;
    p->floor = floor_of(f) * p->variance[0];
    p->flags = f->options.flags;
    p->solver = f->solver;
    if (!isfinite(p->total) || !isfinite(p->variance[0]))
        return conceptdec_i_fail(f->arena->ctx, CONCEPTDEC_EOVERFLOW, "float64 cannot hold the variances");
    if (f->values[0] > 0 && p->variance[0] < LEAST_VARIANCE)
        return refuse_small(f);
    conceptdec_i_pca_derive(p);
    return CONCEPTDEC_OK;
}

/* ---- the interface ---- */

/* With scratch memory of its own. */
static conceptdec_status
attempt(conceptdec_i_pca_fit *f)
{
    conceptdec_i_arena *outer = f->arena, arena;
    conceptdec_i_arena_open(&arena, outer->ctx);
    f->arena = &arena;
    f->total = 0;
    conceptdec_status status = conceptdec_i_pca_make(arena.ctx, f->n, f->d, f->r, &f->pca);
    if (status == CONCEPTDEC_OK)
        status = f->x ? solve_rows(f) : solve_moments(f);
    if (status == CONCEPTDEC_OK)
        status = conclude(f);
    conceptdec_i_arena_close(&arena);
    f->arena = outer;
    return status;
}

static conceptdec_status
fit(conceptdec_i_pca_fit *f)
{
    f->r = f->options.n_components;
    CONCEPTDEC_I_TRY(conceptdec_i_pca_choose(f));
    CONCEPTDEC_I_TRY(attempt(f));
    if (f->pca->converged || f->alternative == CONCEPTDEC_PCA_AUTO)
        return CONCEPTDEC_OK;
    conceptdec_pca_free(f->pca);
    f->pca = NULL;
    f->solver = f->alternative;
    return attempt(f);
}

static conceptdec_status
open_rows(conceptdec_i_pca_fit *f, const conceptdec_matrix *x, const conceptdec_pca_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(f->arena, "x", &x));
    f->x = x;
    f->n = x->rows;
    f->d = x->cols;
    f->is_wide = x->dtype == CONCEPTDEC_FLOAT64;
    return conceptdec_i_pca_options_take(f->arena->ctx, "x", options, f->n, f->d, f->is_wide, &f->options);
}

static conceptdec_status
open_moments(conceptdec_i_pca_fit *f, const conceptdec_moments *moments, const conceptdec_pca_options *options)
{
    f->moments = moments;
    f->n = conceptdec_i_sums_count(&moments->sums);
    f->d = moments->d;
    f->is_wide = true;
    return conceptdec_i_pca_options_take(f->arena->ctx, "moments", options, f->n, f->d, f->is_wide, &f->options);
}

/* One of x and moments is not NULL. */
static conceptdec_status
make(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_moments *moments,
     const conceptdec_pca_options *options, conceptdec_pca **pca)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_i_pca_fit f = {.arena = &arena};
    conceptdec_status status = moments ? open_moments(&f, moments, options) : open_rows(&f, x, options);
    if (status == CONCEPTDEC_OK)
        status = fit(&f);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *pca = f.pca;
    else
        conceptdec_pca_free(f.pca);
    return status;
}

conceptdec_status
conceptdec_pca_new(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_pca_options *options,
                   conceptdec_pca **pca)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!pca)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "pca: NULL, must point to where the components go");
    return make(ctx, x, NULL, options, pca);
}

conceptdec_status
conceptdec_pca_from_moments(conceptdec_ctx *ctx, conceptdec_moments *moments, const conceptdec_pca_options *options,
                            conceptdec_pca **pca)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments || !pca)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", moments ? "pca" : "moments");
    return make(ctx, NULL, moments, options, pca);
}
