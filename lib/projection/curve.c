/* The curve of a layout, by the method of Levenberg and Marquardt. */
#include <math.h>

#include "projection/umap.h"

enum { POINTS = 300, MOST_STEPS = 500 };

/* Sums of a fit at (a, b): of squares, and of the normal equations. */
typedef struct sums {
    double squares, aa, ab, bb, ra, rb;
} sums;

static double
wanted(double t, double start)
{
    return t < start ? 1 : exp(start - t);
}

/* In units of the spread, which make the fit the same for every one. */
static sums
measure(double a, double b, double start)
{
    sums s = {0};
    for (int i = 0; i < POINTS; i++) {
        const double t = i == POINTS - 1 ? 3 : i * (3.0 / (POINTS - 1));
        const double power = pow(t, 2 * b), value = 1 / (1 + a * power), rest = wanted(t, start) - value;
        const double by_a = -power * value * value, by_b = t > 0 ? 2 * log(t) * a * by_a : 0;
        s.squares += rest * rest;
        s.aa += by_a * by_a;
        s.ab += by_a * by_b;
        s.bb += by_b * by_b;
        s.ra += by_a * rest;
        s.rb += by_b * rest;
    }
    return s;
}

void
conceptdec_i_umap_curve(double spread, double min_dist, double curve[2])
{
    const double start = min_dist / spread;
    double a = 1, b = 1, damping = 1e-3;
    sums at = measure(a, b, start);
    for (int step = 0; step < MOST_STEPS && damping < 1e15; step++) {
        const double aa = at.aa * (1 + damping), bb = at.bb * (1 + damping), determinant = aa * bb - at.ab * at.ab;
        const double da = (at.ra * bb - at.rb * at.ab) / determinant, db = (at.rb * aa - at.ra * at.ab) / determinant;
        const sums then = measure(a + da, b + db, start);
        if (!(a + da > 0 && then.squares <= at.squares)) {
            damping *= 10;
            continue;
        }
        a += da;
        b += db;
        at = then;
        damping = damping > 1e-12 ? damping / 10 : damping;
        if (fabs(da) <= 1e-13 * a && fabs(db) <= 1e-13 * fabs(b))
            break;
    }
    curve[0] = a / pow(spread, 2 * b);
    curve[1] = b;
}
