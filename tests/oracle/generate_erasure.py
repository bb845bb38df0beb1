"""Writes erasure.h: least-squares concept erasure by the formula of its authors (Belrose et al. 2023, arXiv 2306.03819; package
concept-erasure, LeaceFitter, with shrinkage and constrain_cov_trace off), in numpy: root and pseudo-inverse root of the
covariance by its eigenvectors, singular vectors of the whitened cross-covariance. And class means projected away by an SVD.
Run: python3 generate_erasure.py > erasure.h"""
import sys

import numpy as np


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


def numbers(values):
    return "{" + ", ".join("%.17g" % v for v in np.ravel(values)) + "}"


def main():
    print("/* Written by generate_erasure.py with Python %s, numpy %s. */" % (sys.version.split()[0], np.__version__))
    print("#ifndef CONCEPTDEC_ORACLE_ERASURE_H\n#define CONCEPTDEC_ORACLE_ERASURE_H\n\n#include <stdint.h>\n")
    print("enum { ERASURE_MOST = 256 };\n")
    print("typedef struct {\n    const char *what;\n    int64_t n, d, classes, rank[2];\n    int64_t labels[40];\n"
          "    double x[ERASURE_MOST];\n    double strengths[2][4];         /* LEACE, projection */\n"
          "    double removed[2][ERASURE_MOST]; /* d x d: what is subtracted of a row less the mean */\n} erasure_case;\n")
    print("static const erasure_case erasure_cases[] = {")
    for what, x, y, classes in cases():
        found = [leace(x, y, classes), projection(x, y, classes)]
        print('    {"%s", %d, %d, %d, {%d, %d},' % (what, *x.shape, classes, len(found[0][1]), len(found[1][1])))
        print("     " + "{" + ", ".join(map(str, y)) + "},")
        print("     " + numbers(x) + ",")
        print("     {" + ", ".join(numbers(f[1]) for f in found) + "},")
        print("     {" + ",\n      ".join(numbers(f[0]) for f in found) + "}},")
    print("};\n\n#endif")


main()
