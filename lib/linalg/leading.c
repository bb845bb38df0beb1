/* Reflections make the matrix tridiagonal; implicit QL (Francis 1961) finds its values alone, inverse iteration the vectors that
 * are wanted (Wilkinson 1958), each kept orthogonal to those before it, which settles values that are close or equal. */
#include "linalg/leading.h"

#include <math.h>

#include "linalg/dot.h"

enum { STEPS = 40, ATTEMPTS = 8, ARRAYS = 10 }; /* of QL under 3 steps are needed, of inverse iteration 2 or 3 attempts */
#define ROUNDING 0x1p-52
#define NEGLIGIBLE 0x1p-54
#define CLOSE 0x1p-44 /* residual of a vector that is one, as a share of the largest value */

/* A tridiagonal matrix, the reflections that lead to it, and the factors of what it is less a value. */
typedef struct {
    int64_t n;
    double *diagonal, *beside;         /* of the matrix */
    double *e;                         /* what QL makes of those beside the diagonal */
    double *factor, *work;             /* of the reflections */
    double *pivot, *second, *third;    /* rows of U */
    double *multiplier, *is_exchanged; /* of each row with the next */
    double norm;
} tridiagonal;

/* ---- reflections ---- */

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
apply_both(int64_t n, double *a, int64_t ld, const double *restrict v, double factor, double *restrict w)
{
    for (int64_t i = 0; i < n; i++)
        w[i] = factor * dot(a + i * ld, v, n);
    add(-factor / 2 * dot(w, v, n), v, w, n);
    for (int64_t i = 0; i < n; i++) {
        double *restrict row = a + i * ld;
        const double along = v[i], across = w[i];
        for (int64_t j = 0; j < n; j++)
            row[j] -= along * w[j] + across * v[j];
    }
}

static void
make_tridiagonal(tridiagonal *t, double *a)
{
    const int64_t n = t->n;
    for (int64_t k = 0; k + 1 < n; k++) {
        double *v = a + k * n + k + 1;
        t->beside[k] = reflect(n - k - 1, v, &t->factor[k]);
        if (t->factor[k] > 0)
            apply_both(n - k - 1, a + (k + 1) * n + k + 1, n, v, t->factor[k], t->work);
    }
    t->beside[n - 1] = 0;
    t->norm = 0;
    for (int64_t i = 0; i < n; i++) {
        t->diagonal[i] = a[i * n + i];
        t->norm = fmax(t->norm, fabs(t->diagonal[i]) + fabs(t->beside[i]) + (i > 0 ? fabs(t->beside[i - 1]) : 0));
    }
    t->norm = t->norm > 0 ? t->norm : 1;
}

/* From a vector of the tridiagonal matrix to one of the matrix. */
static void
turn_back(const tridiagonal *t, const double *a, double *vector)
{
    const int64_t n = t->n;
    for (int64_t k = n - 2; k >= 0; k--)
        if (t->factor[k] > 0) {
            const double *v = a + k * n + k + 1;
            add(-t->factor[k] * dot(vector + k + 1, v, n - k - 1), v, vector + k + 1, n - k - 1);
        }
}

/* ---- values ---- */

/* From below up to row `first`; element `last` beside the diagonal is 0. */
static void
step(int64_t first, int64_t last, double *d, double *beside)
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
    }
    d[first] -= shift;
    beside[first] = g;
    beside[last] = 0;
}

/* The end of the part of the matrix that begins at row k and hangs together. */
static int64_t
find_end(int64_t n, int64_t k, const double *beside, double negligible)
{
    while (k + 1 < n && fabs(beside[k]) > negligible)
        k++;
    return k;
}

static void
sort_ascending(int64_t n, double *values)
{
    for (int64_t i = 1; i < n; i++) {
        const double value = values[i];
        int64_t j = i;
        for (; j > 0 && values[j - 1] > value; j--)
            values[j] = values[j - 1];
        values[j] = value;
    }
}

static bool
find_values(const tridiagonal *t, double *values)
{
    int64_t last;
    for (int64_t i = 0; i < t->n; i++) {
        values[i] = t->diagonal[i];
        t->e[i] = t->beside[i];
    }
    for (int64_t k = 0; k < t->n; k++)
        for (int i = 0; (last = find_end(t->n, k, t->e, NEGLIGIBLE * t->norm)) > k; i++) {
            if (i == STEPS)
                return false;
            step(k, last, values, t->e);
        }
    sort_ascending(t->n, values);
    return true;
}

/* ---- vectors ---- */

/* Rows are exchanged where the one below has the larger pivot; pivots that vanish are of the size of rounding. */
static void
factorise(const tridiagonal *t, double value)
{
    const int64_t n = t->n;
    const double least = ROUNDING * t->norm;
    double pivot = t->diagonal[0] - value, second = n > 1 ? t->beside[0] : 0;
    for (int64_t i = 0; i + 1 < n; i++) {
        const double below = t->beside[i], next = t->diagonal[i + 1] - value, after = t->beside[i + 1];
        const bool exchanged = fabs(below) > fabs(pivot);
        t->is_exchanged[i] = exchanged;
        if (exchanged) {
            t->pivot[i] = fabs(below) > least ? below : least;
            t->second[i] = next;
            t->third[i] = after;
            t->multiplier[i] = pivot / below;
            pivot = second - t->multiplier[i] * next;
            second = -t->multiplier[i] * after;
        } else {
            t->pivot[i] = fabs(pivot) > least ? pivot : least;
            t->second[i] = second;
            t->third[i] = 0;
            t->multiplier[i] = below / t->pivot[i];
            pivot = next - t->multiplier[i] * second;
            second = after;
        }
    }
    t->pivot[n - 1] = fabs(pivot) > least ? pivot : least;
}

static void
solve(const tridiagonal *t, double *x)
{
    const int64_t n = t->n;
    for (int64_t i = 0; i + 1 < n; i++) {
        const double above = t->is_exchanged[i] > 0 ? x[i + 1] : x[i], below = t->is_exchanged[i] > 0 ? x[i] : x[i + 1];
        x[i] = above;
        x[i + 1] = below - t->multiplier[i] * above;
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        double rest = x[i];
        rest -= i + 1 < n ? t->second[i] * x[i + 1] : 0;
        rest -= i + 2 < n ? t->third[i] * x[i + 2] : 0;
        x[i] = rest / t->pivot[i];
    }
}

/* To length 1, by way of its largest element. */
static bool
normalise(int64_t n, double *x)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(x[i]));
    if (!(largest > 0 && isfinite(largest)))
        return false;
    for (int64_t i = 0; i < n; i++)
        x[i] /= largest;
    const double length = sqrt(dot(x, x, n));
    for (int64_t i = 0; i < n; i++)
        x[i] /= length;
    return true;
}

static double
residual(const tridiagonal *t, double value, const double *x)
{
    double sum = 0;
    for (int64_t i = 0; i < t->n; i++) {
        double off = (t->diagonal[i] - value) * x[i];
        off += i > 0 ? t->beside[i - 1] * x[i - 1] : 0;
        off += i + 1 < t->n ? t->beside[i] * x[i + 1] : 0;
        sum += off * off;
    }
    return sqrt(sum);
}

static void
draw(int64_t n, uint64_t *state, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (double)(*state >> 11) * 0x1p-52 - 1;
    }
}

/* One more vector, orthogonal to the `known` rows behind it. One attempt beyond the first that succeeds takes what rounding has
 * left. */
static bool
find_vector(const tridiagonal *t, double value, int64_t known, uint64_t *state, double *x)
{
    int good = 0;
    draw(t->n, state, x);
    factorise(t, value);
    for (int attempt = 0; attempt < ATTEMPTS && good < 2; attempt++) {
        solve(t, x);
        for (int pass = 0; pass < 2; pass++) {
            if (!normalise(t->n, x))
                return false;
            for (int64_t k = 1; k <= known; k++)
                add(-dot(x + k * t->n, x, t->n), x + k * t->n, x, t->n);
        }
        if (!normalise(t->n, x))
            return false;
        good += residual(t, value, x) <= CLOSE * t->norm;
    }
    return good == 2;
}

/* ---- the interface ---- */

int64_t
conceptdec_i_leading_numbers(int64_t n)
{
    return ARRAYS * n;
}

bool
conceptdec_i_leading(int64_t n, int64_t count, double *a, double *values, double *vectors, double *scratch)
{
    tridiagonal t = {.n = n};
    double **arrays[ARRAYS] = {&t.diagonal, &t.beside, &t.e, &t.factor, &t.work, &t.pivot, &t.second, &t.third,
                               &t.multiplier, &t.is_exchanged};
    uint64_t state = 1;
    for (int i = 0; i < ARRAYS; i++)
        *arrays[i] = scratch + i * n;
    make_tridiagonal(&t, a);
    if (!find_values(&t, values))
        return false;
    for (int64_t k = 0; k < count; k++)
        if (!find_vector(&t, values[n - 1 - k], k, &state, vectors + (count - 1 - k) * n))
            return false;
    for (int64_t k = 0; k < count; k++)
        turn_back(&t, a, vectors + k * n);
    return true;
}
