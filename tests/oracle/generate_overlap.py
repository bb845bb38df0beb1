"""generate_overlap.py: writes overlap.h. Pairs of bases with known principal angles, made in 60 digits (cosine and sine pairs in
orthogonal planes, then exact reflections of the space and of one basis), and tails of the beta distribution by SciPy.
"""
import os
from decimal import Decimal, getcontext

import numpy
import scipy
from scipy.special import betainc

getcontext().prec = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def sine(x):
    term = total = x
    for k in range(1, 60):
        term *= -x * x / (2 * k * (2 * k + 1))
        total += term
    return total


def cosine(x):
    term = total = Decimal(1)
    for k in range(1, 60):
        term *= -x * x / (2 * k * (2 * k - 1))
        total += term
    return total


def reflect(rows, vector):
    """Each row reflected in the plane that is orthogonal to a vector of small integers."""
    square = sum(v * v for v in vector)
    out = []
    for row in rows:
        along = sum(a * v for a, v in zip(row, vector)) * 2 / square
        out.append([a - along * v for a, v in zip(row, vector)])
    return out


def mix(rows, vector):
    """Another orthonormal basis of the same span."""
    return [list(column) for column in zip(*reflect([list(column) for column in zip(*rows)], vector))]


def pair(angles, extra, d, seed):
    random = numpy.random.default_rng(seed)
    a, b = [], []
    for i, angle in enumerate(angles):
        a.append([Decimal(int(k == 2 * i)) for k in range(d)])
        b.append([{2 * i: cosine(angle), 2 * i + 1: sine(angle)}.get(k, Decimal(0)) for k in range(d)])
    for i in range(extra):
        b.append([Decimal(int(k == 2 * len(angles) + i)) for k in range(d)])
    for _ in range(4):
        vector = [Decimal(int(v)) for v in random.integers(-9, 10, d)]
        a, b = reflect(a, vector), reflect(b, vector)
        a = mix(a, [Decimal(int(v)) for v in random.integers(1, 10, len(a))])
        b = mix(b, [Decimal(int(v)) for v in random.integers(1, 10, len(b))])
    return a, b


def numbers(values):
    return ", ".join(repr(float(v)) for v in values)


def tail(p, q, d, shared):
    """By the definition; where a rank is 1 the exact distribution of a squared cosine."""
    mean, least = p * q / d, max(0, p + q - d)
    reach = min(p, q) - least
    variance = 2 * p * q * (d - p) * (d - q) / (d * d * (d - 1) * (d + 2))
    m, v = (mean - least) / reach, variance / reach**2
    s = m * (1 - m) / v - 1
    a, b = m * s, (1 - m) * s
    if p == 1:
        assert abs(a - q / 2) < 1e-9 * q and abs(b - (d - q) / 2) < 1e-9 * d
    x = (shared - least) / reach
    return betainc(b, a, 1 - x)


def main():
    right, eighth = PI / 2, PI / 4
    cases = [
        ([Decimal("1e-12"), Decimal("1e-9"), Decimal("1e-6"), Decimal("1e-3"), Decimal("0.5"), right - Decimal("1e-12")], 0, 14),
        ([Decimal(0), Decimal("1e-12"), right], 2, 12),
        ([Decimal("1e-12"), Decimal("2e-12"), Decimal("1e-8"), Decimal("1.0001e-8"), Decimal("3e-8")], 0, 11),
        ([eighth - Decimal("1e-12"), eighth + Decimal("1e-12"), right - Decimal("1e-6"), right - Decimal("1e-12"), right], 1, 20),
        ([Decimal("0.1"), Decimal("0.1"), Decimal("0.1"), Decimal("1.2"), Decimal("1.2")], 3, 16),
        ([Decimal("1e-5")], 0, 2),
        ([Decimal("0.3")], 40, 60),
    ]
    lines = [
        "/* Made by generate_overlap.py with numpy %s, scipy %s. */" % (numpy.__version__, scipy.__version__),
        "#ifndef CONCEPTDEC_TESTS_ORACLE_OVERLAP_H",
        "#define CONCEPTDEC_TESTS_ORACLE_OVERLAP_H",
        "",
    ]
    table = []
    for i, (angles, extra, d) in enumerate(cases):
        a, b = pair(angles, extra, d, i)
        for name, rows in (("a", a), ("b", b)):
            lines.append("static const double overlap_%s_%d[] = {" % (name, i))
            lines += ["    %s," % numbers(row) for row in rows] + ["};"]
        lines.append("static const double overlap_angles_%d[] = {%s};" % (i, numbers(sorted(angles))))
        table.append("    {overlap_a_%d, overlap_b_%d, overlap_angles_%d, %d, %d, %d}," % (i, i, i, len(a), len(b), d))
    lines += ["", "static const struct {", "    const double *a, *b, *angles;", "    int64_t p, q, d;", "} overlap_pairs[] = {"]
    lines += table + ["};", ""]
    lines += ["/* Ranks, dimensions, sum of squared cosines, P(at least as large). */", "static const double overlap_tails[][5] = {"]
    for p, q, d, shared in [
        (1, 1, 2, 0.3), (1, 1, 50, 0.01), (1, 1, 50, 0.9), (1, 5, 20, 0.25), (1, 5, 20, 0.7), (1, 900, 1000, 0.95),
        (3, 4, 12, 1.5), (3, 4, 12, 0.05), (10, 10, 4096, 0.05), (10, 10, 4096, 0.03), (10, 10, 4096, 0.02), (8, 9, 10, 7.5),
        (9, 9, 10, 8.5), (40, 50, 64, 35.0), (2, 2, 3, 1.7), (300, 400, 100000, 1.205), (300, 400, 100000, 1.23),
    ]:
        lines.append("    {%d, %d, %d, %r, %r}," % (p, q, d, shared, float(tail(p, q, d, shared))))
    lines += ["};", "", "#endif", ""]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "overlap.h"), "w") as file:
        file.write("\n".join(lines))


main()
