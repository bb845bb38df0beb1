"""generate_cka.py: writes cka.h, similarities of three views by NumPy, SciPy's ranks and scikit-learn's neighbours.

    python3 tests/oracle/generate_cka.py            write cka.h
    python3 tests/oracle/generate_cka.py --check    say whether cka.h is what this would write

Each value comes from a formula that the library does not use: biased CKA from features, |Y'X|^2, or from traces with the
centring matrix; unbiased CKA from U-centred kernels (Szekely and Rizzo 2014); ranks from sorted distances. Data is whole
numbers from a generator that the test has, too; no two distances from one row are equal, which is asked here.
"""
import os
import sys

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist, pdist
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cka.h")
ROWS, COLS = 60, [5, 9, 80]
METRICS = ["euclidean", "cosine"]


def draw(seed):
    """Three views that have much, some and little in common; as draw() of test_cka.c."""
    state = seed
    views = []
    for cols in COLS:
        view = np.zeros((ROWS, cols))
        for i in range(ROWS):
            for j in range(cols):
                state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
                view[i, j] = (state >> 40) % 100003 - 50001
        if views:
            view += (3 if cols == COLS[1] else 1) * views[0][:, np.arange(cols) % COLS[0]]
        views.append(view)
    return views


def centred(x):
    return x - x.mean(0)


def kernel(x, width):
    """Linear for width 0."""
    if width == 0:
        return centred(x) @ centred(x).T
    distances = cdist(x, x)
    scale = width * np.median(pdist(x))
    return np.exp(-distances ** 2 / (2 * scale ** 2))


def biased(x, y, width):
    n = len(x)
    if width == 0:
        return (np.linalg.norm(centred(y).T @ centred(x)) / (n - 1)) ** 2
    centre = np.eye(n) - 1 / n
    return np.trace(kernel(x, width) @ centre @ kernel(y, width) @ centre) / (n - 1) ** 2


def u_centred(k):
    n = len(k)
    k = k - np.diag(np.diag(k))
    k = k - k.sum(0) / (n - 2) - k.sum(1)[:, None] / (n - 2) + k.sum() / ((n - 1) * (n - 2))
    return k - np.diag(np.diag(k))


def unbiased(x, y, width):
    n = len(x)
    return (u_centred(kernel(x, width)) * u_centred(kernel(y, width))).sum() / (n * (n - 3))


def cka(x, y, hsic, width, batch):
    parts = [slice(i, i + batch) for i in range(0, ROWS - batch + 1, batch)]
    both, first, second = (np.mean([hsic(a[p], b[p], width) for p in parts]) for a, b in ((x, y), (x, x), (y, y)))
    return both / np.sqrt(first * second)


def neighbours(x, k, metric):
    search = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(x)
    return search.kneighbors(return_distance=False)


def mutual(x, y, k, metric):
    pairs = zip(neighbours(x, k, metric), neighbours(y, k, metric))
    return np.mean([len(np.intersect1d(a, b)) / k for a, b in pairs])


def imbalance(x, y, k, metric):
    distances = cdist(y, y, metric)
    np.fill_diagonal(distances, -1)
    ranks = rankdata(distances, axis=1) - 1
    return 2 / ROWS * np.take_along_axis(ranks, neighbours(x, k, metric), 1).mean()


def has_ties(x):
    return any(len(np.unique(((x - row) ** 2).sum(1))) < ROWS for row in x)


CASES = [  # kind, kernel, metric, k, batch, bandwidth, function of two views
    (0, 0, 0, 0, 0, 0, lambda x, y: cka(x, y, unbiased, 0, ROWS)),
    (1, 0, 0, 0, 0, 0, lambda x, y: cka(x, y, biased, 0, ROWS)),
    (0, 1, 0, 0, 0, 0, lambda x, y: cka(x, y, unbiased, 1, ROWS)),
    (1, 1, 0, 0, 0, 0.4, lambda x, y: cka(x, y, biased, 0.4, ROWS)),
    (0, 0, 0, 0, 17, 0, lambda x, y: cka(x, y, unbiased, 0, 17)),
    (1, 0, 0, 0, 17, 0, lambda x, y: cka(x, y, biased, 0, 17)),
    (7, 0, 0, 1, 0, 0, lambda x, y: mutual(x, y, 1, "euclidean")),
    (7, 0, 1, 10, 0, 0, lambda x, y: mutual(x, y, 10, "cosine")),
    (8, 0, 0, 1, 0, 0, lambda x, y: imbalance(x, y, 1, "euclidean")),
    (8, 0, 1, 5, 0, 0, lambda x, y: imbalance(x, y, 5, "cosine")),
]


def text():
    views = draw(7)
    assert not any(has_ties(view) for view in views)
    versions = "NumPy %s, SciPy %s, scikit-learn %s, Python %d.%d" % (
        np.__version__, scipy.__version__, sklearn.__version__, *sys.version_info[:2])
    lines = ["/* Written by generate_cka.py (%s); not edited by hand. */" % versions, "enum { ROWS = %d, VIEWS = 3, SEED = 7 };" % ROWS,
             "static const int oracle_cols[VIEWS] = {%s};" % ", ".join(map(str, COLS)), "static const struct oracle_case {",
             "    conceptdec_similarity_options options;", "    double value[VIEWS * VIEWS];", "} oracle_cases[] = {"]
    for kind, kernel_, metric, k, batch, bandwidth, function in CASES:
        values = ", ".join(repr(float(function(x, y))) for x in views for y in views)
        lines.append("    {{.kind = %d, .kernel = %d, .metric = %d, .k = %d, .batch = %d, .bandwidth = %s}," % (
            kind, kernel_, metric, k, batch, bandwidth))
        lines.append("     {%s}}," % values)
    return "\n".join(lines + ["};", ""])


def main():
    if "--check" in sys.argv:
        with open(VALUES) as file:
            sys.exit(file.read() != text())
    with open(VALUES, "w") as file:
        file.write(text())


if __name__ == "__main__":
    main()
