/* Cyclic Jacobi rotations. */
#include "linalg/jacobi.h"

#include <math.h>
#include <stddef.h>

enum { SWEEPS = 40 }; /* under 10 are needed */

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
