/* Cholesky QR, twice. With G = U U' = L L' the rows of W U, W = L^-1, are orthonormal but for what rounding of G
 * leaves, at most about condition(G) times it; a second time nothing is left but rounding.
 *
 * What G proves: 1 / |W|_F^2 is at most the least eigenvalue of G, the square of the least singular value of U. Rows
 * are 1 long, so the largest one is at most sqrt(r), and every element of G is off by less than (d + 2) 2^-53, L L'
 * from it by less than (r + 1) 2^-53 times the trace, r: eigenvalues by less than r (d + r + 3) 2^-53 in all. A bound
 * of four times that, and of four times what the tolerance asks for, leaves room for the rounding of W, which at this
 * condition is negligible. */
#include "linalg/orthonormal.h"

#include <math.h>

#include "linalg/engine.h"
#include "linalg/products.h"

#define SAME 0x1p-16  /* magnitudes that agree to so many bits are equal: which is larger is rounding */
#define LEAST 0x1p-16 /* of the eigenvalue: G is then off by far less, and the second time is the last */
#define PIECE 512     /* dimensions of all rows that are in a cache while they are turned */
#define POLLED 16     /* pieces between looks at the cancel flag */

static int64_t
round_up(int64_t count)
{
    return ceil_div(count, 8) * 8;
}

int64_t
conceptdec_i_orthonormal_bytes(const conceptdec_ctx *ctx, int64_t r)
{
    return conceptdec_i_products_bytes(ctx, r, r) + round_up(r * r) * (int64_t)sizeof(double);
}

/* The lower half of the products of all rows. */
static conceptdec_status
find_gram(conceptdec_ctx *ctx, int64_t r, int64_t d, const double *rows, void *memory, double *gram)
{
    const int64_t depth = CONCEPTDEC_I_PRODUCTS_DEPTH;
    conceptdec_i_products products;
    conceptdec_i_products_open(ctx, r, r, memory, &products);
    for (int64_t first = 0; first < d; first += depth) {
        if (first % (POLLED * depth) == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        conceptdec_i_products_add(&products, rows + first, d, rows + first, d, min64(depth, d - first));
    }
    for (int64_t i = 0; i < r; i++)
        for (int64_t k = 0; k <= i; k++)
            gram[i * r + k] = products.sums[k * products.ld + i];
    return CONCEPTDEC_OK;
}

/* Row by row; false: a pivot is not above 0. */
static bool
factorise(int64_t r, double *a)
{
    for (int64_t i = 0; i < r; i++)
        for (int64_t k = 0; k <= i; k++) {
            double rest = a[i * r + k];
            for (int64_t j = 0; j < k; j++)
                rest -= a[i * r + j] * a[k * r + j];
            if (k == i && !(rest > 0))
                return false;
            a[i * r + k] = k == i ? sqrt(rest) : rest / a[k * r + k];
        }
    return true;
}

/* In place; returns the sum of squares of the inverse. */
static double
invert(int64_t r, double *a)
{
    double squares = 0;
    for (int64_t i = 0; i < r; i++) {
        const double pivot = a[i * r + i];
        for (int64_t k = 0; k < i; k++) {
            double sum = 0;
            for (int64_t j = k; j < i; j++)
                sum -= a[i * r + j] * a[j * r + k];
            a[i * r + k] = sum / pivot;
            squares += a[i * r + k] * a[i * r + k];
        }
        a[i * r + i] = 1 / pivot;
        squares += a[i * r + i] * a[i * r + i];
    }
    return squares;
}

/* Sum over k < count of w[k] times row k, to `sum`. */
static void
combine(int64_t count, const double *w, const double *rows, int64_t d, int64_t width, double *restrict sum)
{
    int64_t k = 0;
    for (; k + 4 <= count; k += 4) {
        const double *a = rows + k * d, *b = a + d, *c = b + d, *e = c + d;
        for (int64_t j = 0; j < width; j++)
            sum[j] += w[k] * a[j] + w[k + 1] * b[j] + (w[k + 2] * c[j] + w[k + 3] * e[j]);
    }
    for (; k < count; k++)
        for (int64_t j = 0; j < width; j++)
            sum[j] += w[k] * rows[k * d + j];
}

/* rows = W rows, the last one first, since those before it are then as they were. */
static conceptdec_status
turn(conceptdec_ctx *ctx, int64_t r, int64_t d, const double *w, double *rows)
{
    for (int64_t first = 0; first < d; first += PIECE) {
        const int64_t width = min64(PIECE, d - first);
        if (first % (POLLED * PIECE) == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        for (int64_t i = r; i-- > 0;) {
            double *row = rows + i * d + first;
            for (int64_t j = 0; j < width; j++)
                row[j] *= w[i * r + i];
            combine(i, w + i * r, rows + first, d, width, row);
        }
    }
    return CONCEPTDEC_OK;
}

/* Whether rows with W's sum of squares are as independent as they have to be. */
static bool
is_far(int64_t r, int64_t d, double squares, double tolerance)
{
    const double rounding = (double)r * (double)(d + r + 3) * 0x1p-53, least = 1 / squares;
    return least >= LEAST && least > 4 * rounding && least > 4 * tolerance * tolerance * (double)r;
}

conceptdec_status
conceptdec_i_orthonormal_rows(conceptdec_ctx *ctx, int64_t r, int64_t d, double *rows, double tolerance, void *scratch,
                              bool *is_done)
{
    double *w = scratch;
    void *memory = w + round_up(r * r);
    *is_done = false;
    if (r > CONCEPTDEC_I_ORTHONORMAL_MOST)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(find_gram(ctx, r, d, rows, memory, w));
    if (!factorise(r, w) || !is_far(r, d, invert(r, w), tolerance))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(turn(ctx, r, d, w, rows));
    CONCEPTDEC_I_TRY(find_gram(ctx, r, d, rows, memory, w));
    *is_done = true;
    (void)factorise(r, w); /* of what is within a quarter of 1 */
    (void)invert(r, w);
    return turn(ctx, r, d, w, rows);
}

void
conceptdec_i_orient(double *v, int64_t d)
{
    double largest = 0;
    int64_t j = 0;
    for (int64_t i = 0; i < d; i++)
        largest = fmax(largest, fabs(v[i]));
    while (fabs(v[j]) < largest * (1 - SAME))
        j++;
    for (int64_t i = 0; i < d && v[j] < 0; i++)
        if (i != j)
            v[i] = -v[i];
    v[j] = fabs(v[j]);
}
