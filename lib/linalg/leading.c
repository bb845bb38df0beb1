/* Reflections make the matrix tridiagonal; QL without roots (Pal, Walker and Kahan; Parlett 1980) finds its values
 * alone, inverse iteration the vectors that are wanted (Wilkinson 1958), each kept orthogonal to those before it, which
 * settles values that are close or equal. All of it runs in operations that are not fused, in one order. */
#include "linalg/leading.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "linalg/dot.h"
#include "linalg/distances.h"
#include "linalg/take_away.h"

/* Of QL under 3 steps are needed, of inverse iteration 2 or 3 attempts. */
enum { STEPS = 40, ATTEMPTS = 8, ARRAYS = 11 };
#define ALIGNED 8       /* numbers: rows are taken from a multiple */
#define MOST_SCALED 960 /* an exponent */
#define ROUNDING 0x1p-52
#define NEGLIGIBLE 0x1p-52 /* beside the diagonal: QL without roots does not see less */
#define VANISHING 0x1p-1000 /* a square beside those of magnitudes that are about 1 */
#define NOTHING 0x1p-500    /* a cosine whose inverse is beyond use */
#define CLOSE 0x1p-44    /* residual of a vector that is one, as a share of the largest value */

/* A tridiagonal matrix, the reflections that lead to it, and the factors of what it is less a value. */
typedef struct {
    const conceptdec_i_kernels *kernels;
    int64_t n;
    double *diagonal, *beside;         /* of the matrix */
    double *squares;                   /* what QL makes of those beside the diagonal */
    double *factor, *work, *next;      /* of the reflections */
    double *inverse, *second, *third;  /* rows of U, the pivot inverted */
    double *multiplier, *is_exchanged; /* of each row with the next */
    double norm;
} tridiagonal;

/* ---- scale ---- */

/* By a power of two to magnitudes whose squares are within range; its exponent. */
static int
scale(int64_t n, double *a)
{
    int exponent;
    (void)frexp(conceptdec_i_largest_of(a, n * n), &exponent);
    exponent = exponent < -MOST_SCALED ? -MOST_SCALED : exponent > MOST_SCALED ? MOST_SCALED : exponent;
    if (exponent != 0)
        stretch(ldexp(1, -exponent), a, n * n);
    return exponent;
}

/* ---- reflections ----
 * The vector of that of row k stands in the row, behind element k, with zeros before it from where reading begins. */

static int64_t
begin_of(int64_t k)
{
    return k / ALIGNED * ALIGNED;
}

/* The vector v of the reflection 1 - factor v v' that leaves x its first element alone, in the place of x; returns
 * that. */
static double
reflect(const conceptdec_i_kernels *kernels, int64_t n, double *x, double *factor)
{
    const double first = x[0], rest = kernels->dot(x + 1, x + 1, n - 1);
    *factor = 0;
    if (!(rest > VANISHING))
        return first;
    const double length = sqrt(first * first + rest);
    x[0] += first < 0 ? -length : length;
    *factor = 2 / (x[0] * x[0] + rest);
    return first < 0 ? length : -length;
}

static void
begin_row(tridiagonal *t, double *a, int64_t k)
{
    double *row = a + k * t->n;
    const int64_t begin = begin_of(k);
    t->diagonal[k] = row[k];
    t->beside[k] = t->factor[k] = 0;
    if (k + 1 < t->n)
        t->beside[k] = reflect(t->kernels, t->n - k - 1, row + k + 1, &t->factor[k]);
    memset(row + begin, 0, (size_t)(k + 1 - begin) * sizeof *row);
}

/* H a H = a - v w' - w v', H the reflection of row k, v its vector; w comes from the products of the rows behind it
 * with v. */
static void
finish(const tridiagonal *t, const double *a, int64_t k, double *w)
{
    const int64_t n = t->n, begin = begin_of(k);
    const double *v = a + k * n + begin;
    stretch(t->factor[k], w + k + 1, n - k - 1);
    add(-t->factor[k] / 2 * t->kernels->dot(w + begin, v, n - begin), v, w + begin, n - begin);
}

/* `count` rows take the reflection before row k; their products with row k are what comes next. */
static void
turn(const tridiagonal *t, double *a, int64_t k, int64_t first, int64_t count)
{
    const int64_t n = t->n, begin = begin_of(k);
    const double *v = a + (k - 1) * n, *w = t->work;
    const double *const left[] = {v + first, w + first}, *const right[] = {w + begin, v + begin};
    t->kernels->take_products(a + first * n + begin, n, count, left, right, a + k * n + begin, n - begin,
                              t->next + first);
}

/* Each row is read once for a reflection: it takes the one before and meets the next, which the first row left has. */
static void
make_tridiagonal(tridiagonal *t, double *a)
{
    const int64_t n = t->n;
    for (int64_t i = 0; i < n; i++)
        t->work[i] = t->next[i] = 0;
    begin_row(t, a, 0);
    for (int64_t i = 1; i < n; i++)
        t->work[i] = t->kernels->dot(a + i * n, a, n);
    finish(t, a, 0, t->work);
    for (int64_t k = 1; k < n; k++) {
        turn(t, a, k, k, 1);
        t->next[k] = 0; /* what the row makes of itself: squares of squares, where it was to stay */
        begin_row(t, a, k);
        turn(t, a, k, k + 1, n - k - 1);
        finish(t, a, k, t->next);
        double *work = t->work;
        t->work = t->next;
        t->next = work;
    }
    t->norm = 0;
    for (int64_t i = 0; i < n; i++)
        t->norm = fmax(t->norm, fabs(t->diagonal[i]) + fabs(t->beside[i]) + (i > 0 ? fabs(t->beside[i - 1]) : 0));
    t->norm = t->norm > 0 ? t->norm : 1;
}

/* From a vector of the tridiagonal matrix to one of the matrix. */
static void
turn_back(const tridiagonal *t, const double *a, double *vector)
{
    const int64_t n = t->n;
    double along = 0;
    for (int64_t k = n - 1; k >= 0; k--) {
        const int64_t begin = begin_of(k);
        const double *v = a + k * n + begin, *next = k > 0 ? v - n : v;
        along = t->kernels->add_multiple(-t->factor[k] * along, v, vector + begin, next, n - begin);
    }
}

/* ---- values ---- */

/* One step of QL from below up to row `first`, of values and the squares of what is beside them; that of row
 * `last` is 0. */
static void
step(int64_t first, int64_t last, double *d, double *squares)
{
    const double root = sqrt(squares[first]), half = (d[first + 1] - d[first]) / (2 * root);
    const double shift = d[first] - root / (half + copysign(sqrt(half * half + 1), half));
    double c = 1, s = 0, gamma = d[last] - shift, p = gamma * gamma;
    for (int64_t i = last - 1; i >= first; i--) {
        const double square = squares[i], length = p + square, before = gamma, c_before = c, value = d[i];
        squares[i + 1] = s * length;
        c = p / length;
        s = square / length;
        gamma = c * (value - shift) - s * before;
        d[i + 1] = before + (value - gamma);
        p = c > NOTHING ? gamma * gamma * (length / p) : c_before * square;
    }
    squares[first] = s * p;
    d[first] = shift + gamma;
}

/* The end of the part of the matrix that begins at row k and hangs together. */
static int64_t
find_end(int64_t n, int64_t k, const double *squares, double negligible)
{
    while (k + 1 < n && squares[k] > negligible)
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
    const double negligible = NEGLIGIBLE * t->norm;
    int64_t last;
    for (int64_t i = 0; i < t->n; i++) {
        values[i] = t->diagonal[i];
        t->squares[i] = t->beside[i] * t->beside[i];
    }
    for (int64_t k = 0; k < t->n; k++)
        for (int i = 0; (last = find_end(t->n, k, t->squares, negligible * negligible)) > k; i++) {
            if (i == STEPS)
                return false;
            step(k, last, values, t->squares);
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
            t->inverse[i] = 1 / (fabs(below) > least ? below : least);
            t->second[i] = next;
            t->third[i] = after;
            t->multiplier[i] = pivot / below;
            pivot = second - t->multiplier[i] * next;
            second = -t->multiplier[i] * after;
        } else {
            t->inverse[i] = 1 / (fabs(pivot) > least ? pivot : least);
            t->second[i] = second;
            t->third[i] = 0;
            t->multiplier[i] = below * t->inverse[i];
            pivot = next - t->multiplier[i] * second;
            second = after;
        }
    }
    t->inverse[n - 1] = 1 / (fabs(pivot) > least ? pivot : least);
    t->second[n - 1] = t->third[n - 1] = 0;
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
    double next = 0, after = 0;
    for (int64_t i = n - 1; i >= 0; i--) {
        x[i] = (x[i] - t->third[i] * after - t->second[i] * next) * t->inverse[i];
        after = next;
        next = x[i];
    }
}

/* To length 1, by way of its largest element. */
static bool
normalise(const conceptdec_i_kernels *kernels, int64_t n, double *x)
{
    const double largest = conceptdec_i_largest_of(x, n);
    if (!(largest > 0 && largest < (double)INFINITY))
        return false;
    for (int64_t i = 0; i < n; i++)
        x[i] /= largest;
    stretch(1 / sqrt(kernels->dot(x, x, n)), x, n);
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

/* One more vector, orthogonal to the `known` rows behind it. One attempt beyond the first that succeeds takes what
 * rounding has left. */
static bool
find_vector(const tridiagonal *t, double value, int64_t known, uint64_t *state, double *x)
{
    int good = 0;
    draw(t->n, state, x);
    factorise(t, value);
    for (int attempt = 0; attempt < ATTEMPTS && good < 2; attempt++) {
        solve(t, x);
        for (int pass = 0; pass < 2; pass++) {
            if (!normalise(t->kernels, t->n, x))
                return false;
            (void)conceptdec_i_take_away(t->kernels, t->n, known, x + t->n, x, NULL, 0);
        }
        if (!normalise(t->kernels, t->n, x))
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
conceptdec_i_leading(const conceptdec_i_kernels *kernels, int64_t n, int64_t count, double *a, double *values,
                     double *vectors, double *scratch)
{
    tridiagonal t = {.kernels = kernels, .n = n};
    double **arrays[ARRAYS] = {&t.diagonal, &t.beside, &t.squares, &t.factor,     &t.work,        &t.next,
                               &t.inverse,  &t.second, &t.third,   &t.multiplier, &t.is_exchanged};
    const int exponent = scale(n, a);
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
    for (int64_t k = 0; k < n && exponent != 0; k++)
        values[k] = ldexp(values[k], exponent);
    return true;
}
