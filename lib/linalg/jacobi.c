/* Cyclic Jacobi rotations; implicit QL (Francis 1961) of what reflections have made tridiagonal. */
#include "linalg/jacobi.h"

#include <math.h>
#include <stddef.h>

enum { SWEEPS = 40, STEPS = 40 }; /* under 10 are needed; of QL under 3 */

static double
sum_of_squares(int64_t n, const double *a)
{
    double sum = 0;
    for (int64_t i = 0; i < n * n; i++)
        sum += a[i] * a[i];
    return sum;
}

static void
rotate_rows(int64_t n, double *p, double *q, double c, double s)
{
    for (int64_t k = 0; k < n; k++) {
        double x = p[k], y = q[k];
        p[k] = c * x - s * y;
        q[k] = s * x + c * y;
    }
}

/* Makes element (p, q) zero. */
static void
rotate(int64_t n, double *a, double *vectors, int64_t p, int64_t q)
{
    double off = a[p * n + q], theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
    double t = 1 / (fabs(theta) + sqrt(theta * theta + 1));
    if (theta < 0)
        t = -t;
    double c = 1 / sqrt(t * t + 1), s = t * c;
    double app = a[p * n + p] - t * off, aqq = a[q * n + q] + t * off;
    rotate_rows(n, a + p * n, a + q * n, c, s);
    for (int64_t k = 0; k < n; k++) {
        a[k * n + p] = a[p * n + k];
        a[k * n + q] = a[q * n + k];
    }
    a[p * n + p] = app;
    a[q * n + q] = aqq;
    a[p * n + q] = a[q * n + p] = 0;
    rotate_rows(n, vectors + p * n, vectors + q * n, c, s);
}

/* Whether an element was large enough to be rotated away. */
static int
sweep(int64_t n, double *a, double *vectors, double negligible)
{
    int rotated = 0;
    for (int64_t p = 0; p < n; p++)
        for (int64_t q = p + 1; q < n; q++)
            if (fabs(a[p * n + q]) > negligible) {
                rotate(n, a, vectors, p, q);
                rotated = 1;
            }
    return rotated;
}

static void
swap_rows(int64_t n, double *p, double *q)
{
    for (int64_t k = 0; k < n; k++) {
        double x = p[k];
        p[k] = q[k];
        q[k] = x;
    }
}

static void
sort_ascending(int64_t n, double *values, double *vectors)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t least = i;
        for (int64_t j = i + 1; j < n; j++)
            if (values[j] < values[least])
                least = j;
        double value = values[least];
        values[least] = values[i];
        values[i] = value;
        if (least != i && vectors)
            swap_rows(n, vectors + i * n, vectors + least * n);
    }
}

void
conceptdec_i_jacobi(int64_t n, double *a, double *values, double *vectors)
{
    double negligible = 1e-17 * sqrt(sum_of_squares(n, a));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            vectors[i * n + j] = i == j;
    for (int i = 0; i < SWEEPS && sweep(n, a, vectors, negligible); i++)
        ;
    for (int64_t i = 0; i < n; i++)
        values[i] = a[i * n + i];
    sort_ascending(n, values, vectors);
}

/* ---- implicit QL ---- */

static double
dot(const double *restrict x, const double *restrict y, int64_t n)
{
    double sums[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int64_t j = 0; j < 4; j++)
            sums[j] += x[i + j] * y[i + j];
    for (; i < n; i++)
        sums[0] += x[i] * y[i];
    return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

/* The vector v of the reflection 1 - factor v v' that leaves x its first element alone, in the place of x; returns that. */
static double
reflect(int64_t n, double *x, double *factor)
{
    const double first = x[0], length = sqrt(dot(x, x, n));
    *factor = 0;
    if (n < 2 || dot(x + 1, x + 1, n - 1) <= 0)
        return first;
    x[0] += first < 0 ? -length : length;
    *factor = 2 / dot(x, x, n);
    return first < 0 ? length : -length;
}

/* The square of side n at a becomes H a H, H the reflection of v. */
static void
apply_both(int64_t n, double *a, int64_t ld, const double *restrict v, double factor)
{
    double w[CONCEPTDEC_I_QL_MOST];
    for (int64_t i = 0; i < n; i++)
        w[i] = factor * dot(a + i * ld, v, n);
    const double half = factor / 2 * dot(w, v, n);
    for (int64_t i = 0; i < n; i++)
        w[i] -= half * v[i];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            a[i * ld + j] -= v[i] * w[j] + w[i] * v[j];
}

/* The diagonal, what lies beside it, and in rows of `vectors` the directions in which that is so. */
static void
make_tridiagonal(int64_t n, double *a, double *diagonal, double *beside, double *vectors)
{
    double factor[CONCEPTDEC_I_QL_MOST];
    for (int64_t k = 0; k + 1 < n; k++) {
        double *v = a + k * n + k + 1;
        beside[k] = reflect(n - k - 1, v, &factor[k]);
        if (factor[k] > 0)
            apply_both(n - k - 1, a + (k + 1) * n + k + 1, n, v, factor[k]);
    }
    for (int64_t i = 0; i < n; i++)
        diagonal[i] = a[i * n + i];
    if (!vectors)
        return;
    for (int64_t i = 0; i < n * n; i++)
        vectors[i] = i / n == i % n;
    for (int64_t k = n - 2; k >= 0; k--)
        for (int64_t i = k + 1; i < n && factor[k] > 0; i++) {
            const double *v = a + k * n + k + 1;
            double *row = vectors + i * n + k + 1, along = factor[k] * dot(row, v, n - k - 1);
            for (int64_t j = 0; j < n - k - 1; j++)
                row[j] -= along * v[j];
        }
}

/* From below up to row `first`; element `last` beside the diagonal is 0. */
static void
step(int64_t n, int64_t first, int64_t last, double *d, double *beside, double *vectors)
{
    const double half = (d[first + 1] - d[first]) / (2 * beside[first]);
    double g = d[last] - d[first] + beside[first] / (half + copysign(hypot(half, 1), half)), c = 1, s = 1, shift = 0;
    for (int64_t i = last - 1; i >= first; i--) {
        const double f = s * beside[i], b = c * beside[i], length = hypot(f, g);
        beside[i + 1] = length;
        c = length > 0 ? g / length : 1;
        s = length > 0 ? f / length : 0;
        const double below = d[i + 1] - shift, change = (d[i] - below) * s + 2 * c * b;
        shift = s * change;
        d[i + 1] = below + shift;
        g = c * change - b;
        rotate_rows(n, vectors + i * n, vectors + (i + 1) * n, c, s);
    }
    d[first] -= shift;
    beside[first] = g;
    beside[last] = 0;
}

/* The end of the part of the matrix that begins at row k and hangs together. */
static int64_t
find_end(int64_t n, int64_t k, const double *d, const double *beside)
{
    while (k + 1 < n && fabs(beside[k]) > 0x1p-53 * (fabs(d[k]) + fabs(d[k + 1])))
        k++;
    return k;
}

/* The same without roots, `beside` being squares: Pal, Walker and Kahan's, as in LAPACK's dsterf. */
static void
step_values(int64_t first, int64_t last, double *d, double *beside)
{
    const double root = sqrt(beside[first]), half = (d[first + 1] - d[first]) / (2 * root);
    const double shift = d[first] - root / (half + copysign(sqrt(half * half + 1), half));
    double c = 1, s = 0, g = d[last] - shift, square = g * g;
    for (int64_t i = last - 1; i >= first; i--) {
        const double b = beside[i], sum = square + b, before = c, above = g;
        beside[i + 1] = s * sum; /* 0 at first */
        c = sum > 0 ? square / sum : 1;
        s = sum > 0 ? b / sum : 0;
        g = c * (d[i] - shift) - s * above;
        d[i + 1] = above + (d[i] - g);
        square = c > 0 ? g * g / c : before * b;
    }
    beside[first] = s * square;
    d[first] = shift + g;
}

static int64_t
find_end_of_squares(int64_t n, int64_t k, const double *d, const double *beside)
{
    while (k + 1 < n && beside[k] > 0x1p-106 * fabs(d[k] * d[k + 1]))
        k++;
    return k;
}

bool
conceptdec_i_ql_values(int64_t n, double *a, double *values)
{
    double beside[CONCEPTDEC_I_QL_MOST] = {0};
    int64_t last;
    make_tridiagonal(n, a, values, beside, NULL);
    for (int64_t k = 0; k + 1 < n; k++)
        beside[k] *= beside[k];
    for (int64_t k = 0; k < n; k++)
        for (int i = 0; (last = find_end_of_squares(n, k, values, beside)) > k; i++) {
            if (i == STEPS)
                return false;
            step_values(k, last, values, beside);
        }
    sort_ascending(n, values, NULL);
    return true;
}

bool
conceptdec_i_ql(int64_t n, double *a, double *values, double *vectors)
{
    double beside[CONCEPTDEC_I_QL_MOST] = {0};
    int64_t last;
    make_tridiagonal(n, a, values, beside, vectors);
    for (int64_t k = 0; k < n; k++)
        for (int i = 0; (last = find_end(n, k, values, beside)) > k; i++) {
            if (i == STEPS)
                return false;
            step(n, k, last, values, beside, vectors);
        }
    sort_ascending(n, values, vectors);
    return true;
}
