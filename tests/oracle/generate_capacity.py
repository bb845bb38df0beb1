"""generate_capacity.py: writes capacity.h, anchor points of point manifolds by SciPy's non-negative least squares.

    python3 tests/oracle/generate_capacity.py            write capacity.h
    python3 tests/oracle/generate_capacity.py --check    say whether capacity.h is what this would write

min |V - T|^2 with V (S_i, 1) >= margin is, with T and V less the margin along the last axis, the distance of -T from the cone
of the (S_i, 1): scipy.optimize.nnls. Of the last case, without a margin, a general solver (SLSQP) is asked for the same.

Balls of radius R in D dimensions (Chung, Lee and Sompolinsky 2018, section on l2 balls): where |t| = r (chi of D degrees of freedom)
and u = margin - t0, V rests on the point opposite t where -R r < u < r / R, F = (R r + u)^2 / (1 + R^2) and |s| = R; on nothing where
u <= -R r, F = 0 and |s| = R; on the whole ball where u >= r / R, F = r^2 + u^2 and |s| = r / u. (t s / |s|)^2 is r^2, of which the mean is D.
"""
import os
import sys

import numpy as np
import scipy
from scipy.integrate import quad
from scipy.optimize import minimize, nnls
from scipy.stats import chi, norm

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "capacity.h")
CASES = [(1, 1, 1, 0), (3, 2, 1, 0), (12, 5, 1, 0), (12, 5, 1, 0.4), (30, 4, 0.5, 0.2), (9, 20, 2, 0), (40, 25, 0.3, 0)]
DRAWS = 8
BALLS = [(2, 0.5, 0), (2, 1.5, 0), (3, 0.4, 0), (3, 0.8, 0), (3, 0.8, 0.5)]  # dimensions, radius, margin


def draw(seed, count):
    """As draw() of test_capacity.c."""
    values = np.zeros(count)
    for i in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        values[i] = ((seed >> 40) % 100003 - 50001) / 25000
    return seed, values


def anchor(points, t, margin):
    rows = np.column_stack([points, np.ones(len(points))])
    shifted = t - margin * np.eye(len(t))[-1]
    weights = nnls(rows.T, -shifted, maxiter=1000)[0]
    v = shifted + rows.T @ weights
    assert (rows @ v).min() > -1e-12
    s = points[np.argmin(points @ t[:-1])] if weights.sum() == 0 else weights @ points / weights.sum()
    square = s @ s
    return [(v - shifted) @ (v - shifted), square, (s @ t[:-1]) ** 2 / square if square else 0.0]


def check_general(points, t, distance):
    rows = np.column_stack([points, np.ones(len(points))])
    found = minimize(lambda v: (v - t) @ (v - t), t, jac=lambda v: 2 * (v - t), method="SLSQP", options={"ftol": 1e-12, "maxiter": 500},
                     constraints={"type": "ineq", "fun": lambda v: rows @ v, "jac": lambda v: rows})
    assert found.success and abs(found.fun - distance) < 1e-6, (found.fun, distance)


def ball(dims, radius, margin):
    """Capacity and radius."""
    def expect(touching, whole):
        def over_t0(r):
            ends = [-radius * r, r / radius, max(r / radius, margin + 12)]  # of u; t0 is below -12 once in 1e32
            return sum(quad(lambda u: part(r, u) * norm.pdf(margin - u), low, high, epsabs=1e-13)[0]
                       for part, low, high in zip([touching, whole], ends, ends[1:]))
        return quad(lambda r: over_t0(r) * chi.pdf(r, dims), 0, 14, epsabs=1e-12)[0]

    distance = expect(lambda r, u: (radius * r + u) ** 2 / (1 + radius ** 2), lambda r, u: r * r + u * u)
    nearer = expect(lambda r, u: 0.0, lambda r, u: radius ** 2 - (r / u) ** 2)
    return 1 / distance, np.sqrt(radius ** 2 - nearer)


def ball_lines():
    lines = ["static const struct oracle_ball {", "    int64_t d;", "    double radius, margin, capacity, manifold_radius;",
             "} oracle_balls[] = {"]
    for case in BALLS:
        lines.append("    {%d, %g, %g, %.12g, %.12g}," % (case + tuple(ball(*case))))
    return lines + ["};"]


def text():
    lines = ["/* Written by generate_capacity.py (NumPy %s, SciPy %s, Python %d.%d); not edited by hand. */" % (
        (np.__version__, scipy.__version__) + sys.version_info[:2]),
        "enum { DRAWS = %d, MOST_POINTS = 40, MOST_DIMS = 25 };" % DRAWS,
        "static const struct oracle_case {", "    int64_t n, d;", "    double radius, margin;",
        "    double anchor[DRAWS][3]; /* distance, square, along */", "} oracle_cases[] = {"]
    for number, (n, d, radius, margin) in enumerate(CASES):
        seed, points = draw(number + 1, n * d)
        points = points.reshape(n, d) * radius
        found = []
        for _ in range(DRAWS):
            seed, t = draw(seed, d + 1)
            found.append(anchor(points, t, margin))
            if number == len(CASES) - 1:
                check_general(points, t, found[-1][0])
        rows = ",\n      ".join("{%s}" % ", ".join("%.15g" % value for value in row) for row in found)
        lines.append("    {%d, %d, %g, %g,\n     {%s}}," % (n, d, radius, margin, rows))
    return "\n".join(lines + ["};"] + ball_lines() + [""])


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(open(VALUES).read() != text())
    open(VALUES, "w").write(text())
