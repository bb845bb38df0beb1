"""generate_erasure.py: writes erasure.h, least-squares concept erasure by the formula of its authors.

    python3 tests/oracle/generate_erasure.py            write erasure.h
    python3 tests/oracle/generate_erasure.py --check    say whether erasure.h is what this would write

Belrose et al. 2023, arXiv 2306.03819; package concept-erasure, LeaceFitter, with shrinkage and constrain_cov_trace off:
root and pseudo-inverse root of the covariance by its eigenvectors, singular vectors of the whitened cross-covariance. And
class means projected away by an SVD.
"""
import os
import sys
import textwrap

import numpy as np

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "erasure.h")


def leace(x, y, classes, tolerance=1e-8):
    z = np.eye(classes)[y]
    n, mean = len(x), x.mean(0)
    xc, zc = x - mean, z - z.mean(0)
    values, vectors = np.linalg.eigh(xc.T @ xc / n)
    kept = values > values[-1] * max(x.shape) * np.finfo(float).eps
    values = np.clip(values, 0, None)
    root = np.sqrt(np.where(kept, values, 1))
    w = vectors * np.where(kept, 1 / root, 0) @ vectors.T
    back = vectors * np.where(kept, root, 0) @ vectors.T
    u, s, _ = np.linalg.svd(w @ (xc.T @ zc / n), full_matrices=False)
    u, s = u[:, s > tolerance], s[s > tolerance]
    return back @ u @ u.T @ w, s, mean


def projection(x, y, classes):
    mean = x.mean(0)
    rows = [np.sqrt(np.mean(y == c)) * (x[y == c].mean(0) - mean) for c in range(classes) if (y == c).any()]
    _, s, v = np.linalg.svd(np.array(rows), full_matrices=False)
    v, s = v[s > 1e-8 * s[0]], s[s > 1e-8 * s[0]]
    return v.T @ v, s, mean


def cases():
    rng = np.random.default_rng(7)
    y = np.arange(40) % 3
    x = rng.normal(size=(40, 5)) @ rng.normal(size=(5, 5)) + rng.normal(size=(3, 5))[y]
    yield "regular", x, y, 3
    y = np.arange(8) % 2
    yield "more dimensions than rows", rng.normal(size=(8, 12)) + y[:, None], y, 2
    y = np.arange(30) % 3
    x = rng.normal(size=(30, 6)) + rng.normal(size=(3, 6))[y]
    x[:, 2] = 4.25
    x[:, 5] = x[:, 1]
    yield "a constant and an equal dimension, a class without rows", x, np.where(y == 2, 3, y), 4
    y = np.arange(36) % 4
    x = (rng.normal(size=(36, 4)) + rng.normal(size=(4, 4))[y]) * np.array([1e3, 1, 1e-2, 50])
    yield "dimensions of different sizes", x, y, 4
    y = (np.arange(24) < 5).astype(int)
    yield "one large class", rng.normal(size=(24, 3)) + 1e3, y, 2


HEAD = """/* Written by generate_erasure.py (NumPy %s, Python %d.%d); not edited by hand. */
enum { ERASURE_MOST = 256 };
typedef struct erasure_case {
    const char *what;
    int64_t n, d, classes, rank[2]; /* of LEACE, and of the projection */
    int64_t labels[40];
    double x[ERASURE_MOST], strengths[2][4], removed[2][ERASURE_MOST]; /* d x d: what is taken out of a row less the mean */
} erasure_case;
static const erasure_case erasure_cases[] = {"""


def numbers(values):
    return "{" + ", ".join(repr(float(v)) if isinstance(v, float) else str(v) for v in np.ravel(values).tolist()) + "}"


def lines_of(what, x, y, classes):
    found = [leace(x, y, classes), projection(x, y, classes)]
    text = '{"%s", %d, %d, %d, {%d, %d}, %s, %s, {%s}, {%s}},' % (
        what, *x.shape, classes, len(found[0][1]), len(found[1][1]), numbers(y), numbers(x),
        ", ".join(numbers(f[1]) for f in found), ", ".join(numbers(f[0]) for f in found))
    return textwrap.wrap(text, 118, initial_indent="    ", subsequent_indent="     ", break_long_words=False,
                         break_on_hyphens=False)


def text():
    lines = [HEAD % (np.__version__, *sys.version_info[:2])]
    for case in cases():
        lines += lines_of(*case)
    return "\n".join(lines) + "\n};\n"


def main():
    if "--check" in sys.argv:
        with open(VALUES) as file:
            same = file.read() == text()
        print("erasure.h is %s" % ("what this writes" if same else "something else"))
        return 0 if same else 1
    with open(VALUES, "w") as file:
        file.write(text())
    return 0


sys.exit(main())
