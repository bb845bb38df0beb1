/* Orthogonal projections that remove a span: of centred class means, or of directions that are given. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "linalg/columns.h"
#include "linalg/engine.h"
#include "linalg/factor.h"
#include "vectors/eraser.h"

/* ---- class means ---- */

/* A dimension in which all means agree plays no part, not even by what rounding leaves of it. */
static void
clear_equal(const conceptdec_i_erasing *e, conceptdec_i_erased *found)
{
    for (int64_t j = 0; j < e->d; j++) {
        bool is_equal = true;
        for (int64_t c = 0; c < e->classes && is_equal; c++)
            is_equal = e->means[c * e->d + j] == 0;
        for (int64_t k = 0; k < found->rank && is_equal; k++)
            found->read[k * e->d + j] = 0;
    }
}

conceptdec_status
conceptdec_i_eraser_means(conceptdec_i_arena *arena, const conceptdec_i_erasing *e, conceptdec_i_erased *found)
{
    const int64_t d = e->d, least = min64(e->classes, d), most = min64(min64(e->classes - 1, d), e->options->rank);
    double *rows;
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(arena, e->classes, d, &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(arena, least, d, &found->read));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(arena, 1, least, &found->strengths));
    for (int64_t c = 0; c < e->classes; c++)
        for (int64_t j = 0; j < d; j++)
            rows[c * d + j] = sqrt(e->share[c]) * e->means[c * d + j];
    CONCEPTDEC_I_TRY(conceptdec_i_singular(arena->ctx, e->classes, d, rows, found->strengths, found->read));
    const double cut = fmax(e->options->tolerance * found->strengths[0], e->noise);
    while (found->rank < most && found->strengths[found->rank] > cut)
        found->rank++;
    clear_equal(e, found);
    found->removed = found->read;
    return CONCEPTDEC_OK;
}

/* ---- directions ---- */

/* What of v is orthogonal to the rows of a basis; its length. Twice is enough (Kahan, in Parlett 1980). */
static double
remove_basis(double *v, const double *basis, int64_t rank, int64_t d)
{
    double square = 0;
    for (int turn = 0; turn < 2; turn++)
        for (int64_t k = 0; k < rank; k++) {
            double along = 0;
            for (int64_t j = 0; j < d; j++)
                along += v[j] * basis[k * d + j];
            for (int64_t j = 0; j < d; j++)
                v[j] -= along * basis[k * d + j];
        }
    for (int64_t j = 0; j < d; j++)
        square += v[j] * v[j];
    return sqrt(square);
}

/* One that lies in the span of those before it adds nothing. */
static void
add_direction(double *v, int64_t d, double tolerance, conceptdec_i_erased *found)
{
    double length = remove_basis(v, NULL, 0, d), *out = found->read + found->rank * d;
    for (int64_t j = 0; j < d; j++)
        out[j] = v[j] / length;
    length = remove_basis(out, found->read, found->rank, d);
    if (!(length > tolerance))
        return;
    for (int64_t j = 0; j < d; j++)
        out[j] /= length;
    found->strengths[found->rank++] = (double)NAN;
}

/* Directions may be of any length: the largest number becomes about 1 first. */
static conceptdec_status
read_direction(conceptdec_ctx *ctx, const conceptdec_matrix *view, int64_t row, double *v)
{
    double largest = 0;
    conceptdec_i_view_widen(ctx->kernels, view, row, 0, view->cols, v);
    for (int64_t j = 0; j < view->cols; j++)
        largest = fmax(largest, fabs(v[j]));
    if (!(largest > 0))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "directions: row %" PRId64 " is 0", row);
    const double unit = conceptdec_i_unit(largest);
    for (int64_t j = 0; j < view->cols; j++)
        v[j] /= unit;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_eraser_directions(conceptdec_i_arena *arena, const conceptdec_eraser_options *options, int64_t d,
                               conceptdec_i_erased *found)
{
    conceptdec_ctx *ctx = arena->ctx;
    const conceptdec_matrix *view = options->directions;
    double *v;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "directions", view, CONCEPTDEC_I_FLOATS));
    if (view->cols != d)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "directions: %" PRId64 " columns, but x has %" PRId64,
                                 view->cols, d);
    CONCEPTDEC_I_TRY(conceptdec_i_view_finite(ctx, "directions", view));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(arena, 1, d, &v));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(arena, min64(view->rows, d) + 1, d, &found->read));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_take(arena, 1, min64(view->rows, d) + 1, &found->strengths));
    for (int64_t i = 0; i < view->rows; i++) {
        CONCEPTDEC_I_TRY(read_direction(ctx, view, i, v));
        if (found->rank < min64(d, options->rank))
            add_direction(v, d, options->tolerance, found);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    }
    found->removed = found->read;
    return CONCEPTDEC_OK;
}
