/* The regularised incomplete beta function by its continued fraction (Lentz's evaluation); the factor before it as Loader has it for
 * binomial probabilities (2000), so that large a and b do not cancel. */
#define _DEFAULT_SOURCE

#include "stats/beta.h"

#include <math.h>

#define STEPS 1000000
#define TINY 1e-300
#define HALF_LOG_TWO_PI 0.918938533204672741780329736406

/* log(n!) less Stirling's formula. */
static double
stirling_rest(double n)
{
    int sign;
    if (n < 16)
        return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - HALF_LOG_TWO_PI;
    double square = n * n;
    return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square) / square) / square) / n;
}

/* x log(x / mean) + mean - x. */
static double
deviance(double x, double mean)
{
    double v = (x - mean) / (x + mean);
    if (fabs(v) >= 0.1)
        return x * log(x / mean) + mean - x;
    double sum = (x - mean) * v, term = 2 * x * v;
    for (int k = 3; k < 60; k += 2) {
        term *= v * v;
        double next = sum + term / k;
        if (next >= sum && next <= sum)
            break;
        sum = next;
    }
    return sum;
}

/* x^a y^b / (a B(a, b)), y = 1 - x. */
static double
leading_factor(double a, double b, double x, double y)
{
    double n = a + b, rest = stirling_rest(n) - stirling_rest(a) - stirling_rest(b);
    return exp(rest - deviance(a, n * x) - deviance(b, n * y) + 0.5 * (log(b) - log(a) - log(n)) - HALF_LOG_TWO_PI);
}

static double
away_from_zero(double value)
{
    return fabs(value) < TINY ? TINY : value;
}

static double
fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < STEPS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        value *= d * c;
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        value *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return value;
}

double
conceptdec_i_beta_tail(double a, double b, double x)
{
    double y = 1 - x;
    if (!(x > 0))
        return isnan(x) ? x : 1;
    if (!(y > 0))
        return 0;
    if (x > (a + 1) / (a + b + 2))
        return leading_factor(b, a, y, x) * fraction(b, a, y);
    return 1 - leading_factor(a, b, x, y) * fraction(a, b, x);
}
