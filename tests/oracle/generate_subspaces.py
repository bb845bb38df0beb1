"""generate_subspaces.py: writes subspaces.h, subspaces and concept vectors by NumPy, SciPy and scikit-learn.

    python3 tests/oracle/generate_subspaces.py            write subspaces.h
    python3 tests/oracle/generate_subspaces.py --check    say whether subspaces.h is what this would write

Data is whole numbers from a generator that the test has, too; all are exact in float32, so one answer serves both types.
"""
import os
import sys

import numpy as np
import scipy
import scipy.linalg
import sklearn
from sklearn.decomposition import PCA

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "subspaces.h")
ROWS, COLS, CLASSES, RANK = 90, 7, 3, 3


def draw(seed):
    """x and labels; as draw() of test_subspaces.c. Columns shrink, so that variances are apart; -1 plays no part."""
    state = seed
    numbers = []
    for _ in range(ROWS * COLS):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        numbers.append((state >> 40) % 2003 - 1001)
    x = np.array(numbers, dtype=float).reshape(ROWS, COLS)
    labels = np.arange(ROWS) * 5 % 7 % 4 - (np.arange(ROWS) * 5 % 7 % 4 == 3) * 4
    x = np.rint(x / 2.0 ** np.arange(COLS)) + 50 * (labels[:, None] == np.arange(COLS)) + 300
    return x, labels


def within(x, labels):
    """scikit-learn's components of each class: rows of a basis up to sign, variances, all variance."""
    for c in range(CLASSES):
        fit = PCA(RANK, svd_solver="full").fit(x[labels == c])
        yield fit.components_, fit.explained_variance_, x[labels == c].var(0, ddof=1).sum()


def uncentered(x, labels):
    for c in range(CLASSES):
        rows = x[labels == c]
        _, values, vectors = scipy.linalg.svd(rows, full_matrices=False)
        yield vectors[:RANK], values[:RANK] ** 2 / len(rows), (rows ** 2).sum() / len(rows)


def means(x, labels):
    centers = np.array([x[labels == c].mean(0) for c in range(CLASSES)])
    centers -= centers.mean(0)
    _, values, vectors = scipy.linalg.svd(centers, full_matrices=False)
    yield vectors[:CLASSES - 1], values[:CLASSES - 1] ** 2 / (CLASSES - 1), (centers ** 2).sum() / (CLASSES - 1)


def vectors(x, labels, reference):
    centers = np.array([x[labels == c].mean(0) for c in range(CLASSES)])
    for c in range(CLASSES):
        rest = x[(labels >= 0) & (labels != c)].mean(0)
        yield centers[c] - {"rest": rest, "mean": centers.mean(0), "class": centers[0]}[reference]


def line(numbers):
    return "{" + ", ".join(repr(float(n)) for n in np.ravel(numbers)) + "}"


def write(out):
    versions = "NumPy %s, SciPy %s, scikit-learn %s, Python %d.%d" % (
        np.__version__, scipy.__version__, sklearn.__version__, *sys.version_info[:2])
    out.append("/* Written by generate_subspaces.py (%s); not edited by hand. */" % versions)
    out.append("enum { ROWS = %d, COLS = %d, CLASSES = %d, RANK = %d };" % (ROWS, COLS, CLASSES, RANK))
    out.append("static const struct oracle_basis {\n    uint64_t seed;\n    int32_t basis;\n    int64_t subspace, rank;\n"
               "    double rows[RANK * COLS], variances[RANK], total;\n} oracle_bases[] = {")
    for seed in (1, 2):
        x, labels = draw(seed)
        for number, basis in enumerate((within, uncentered, means)):
            for s, (rows, variances, total) in enumerate(basis(x, labels)):
                out.append("    {%d, %d, %d, %d,\n     %s,\n     %s,\n     %r}," % (
                    seed, number, s, len(rows), line(rows), line(variances), float(total)))
    out.append("};")
    out.append("static const struct oracle_vectors {\n    uint64_t seed;\n    int32_t reference;\n"
               "    double vectors[CLASSES * COLS], norms[CLASSES], cosine; /* of the last two */\n} oracle_vectors[] = {")
    for seed in (1, 2):
        x, labels = draw(seed)
        for number, reference in enumerate(("rest", "mean", "class")):
            v = np.array(list(vectors(x, labels, reference)))
            norms = np.linalg.norm(v, axis=1)
            out.append("    {%d, %d,\n     %s,\n     %s, %r}," % (
                seed, number, line(v), line(norms), float(v[1] @ v[2] / norms[1] / norms[2])))
    out.append("};")


def main():
    out = []
    write(out)
    text = "\n".join(out) + "\n"
    if "--check" in sys.argv:
        same = open(VALUES).read() == text
        print("subspaces.h is", "what this writes" if same else "something else")
        return 0 if same else 1
    with open(VALUES, "w") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
