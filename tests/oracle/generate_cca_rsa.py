"""generate_cca_rsa.py: writes cca_rsa.h, similarities of representations by NumPy and SciPy.

    python3 tests/oracle/generate_cca_rsa.py            write cca_rsa.h
    python3 tests/oracle/generate_cca_rsa.py --check    say whether cca_rsa.h is what this would write

Data is whole numbers, divided by small ones, from a generator that the test has, too. Nothing here goes the way that the
library goes: canonical correlations come from roots of whole covariances or from QR, Procrustes distances from
scipy.linalg.orthogonal_procrustes, dissimilarities from scipy.spatial.distance.pdist or from loops over their definition,
tau-a from scipy.stats.kendalltau's tau-b and counts of ties.
"""
import os
import sys

import numpy as np
import scipy
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, pearsonr, spearmanr

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cca_rsa.h")
ROWS = 30
WIDTHS = [4, 7, 40]
NAMES = ["svcca", "pwcca", "procrustes", "shape"]
RDMS = ["correlation", "sqeuclidean", "cosine"]
COMPARISONS = ["spearman", "pearson", "kendall", "cosine"]


def numbers(seed):
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        yield float((state >> 40) % 10007 - 5003)


def draw(seed):
    """Three views, as draw() of test_cca_rsa.c."""
    source = numbers(seed)
    views = [np.zeros((ROWS, w)) for w in WIDTHS]
    for i in range(ROWS):
        for j in range(4):
            views[0][i, j] = next(source) / (j + 1)
        for j in range(7):
            views[1][i, j] = (views[0][i, j % 4] + next(source)) / (j + 1)
        for j in range(40):
            views[2][i, j] = views[0][i, j % 4] + views[1][i, j % 7] + next(source) / 8
    return views


def small(seed):
    """Two views of few whole numbers: many ties, a constant row in the first, a row of zeros in the second."""
    source = numbers(seed)
    x = np.array([[next(source) % 5 for _ in range(5)] for _ in range(12)])
    y = np.array([[next(source) % 3 + x[i, j] for j in range(3)] for i in range(12)])
    x[4] = 2
    y[7] = 0
    return x, y


def root(c):
    values, vectors = np.linalg.eigh(c)
    return vectors / np.sqrt(values) @ vectors.T


def truncate(x, variance):
    u, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    s = s[: np.linalg.matrix_rank(x - x.mean(0))]
    count = np.searchsorted(np.cumsum(s ** 2) / np.sum(s ** 2), variance - 1e-13) + 1
    return u[:, :count] * s[:count]


def cca(x, y, variance, ridge):
    """Correlations, weights of Morcos et al. for the first, numbers of directions."""
    parts, penalties = [], []
    for view in (x, y):
        parts.append(truncate(view, variance))
        penalties.append(ridge * np.trace(np.cov(view.T)) / view.shape[1])
    x, y = parts
    cxx = x.T @ x / (ROWS - 1) + penalties[0] * np.eye(x.shape[1])
    cyy = y.T @ y / (ROWS - 1) + penalties[1] * np.eye(y.shape[1])
    u, s, _ = np.linalg.svd(root(cxx) @ (x.T @ y / (ROWS - 1)) @ root(cyy), full_matrices=False)
    variates = x @ root(cxx) @ u
    variates /= np.sqrt((variates ** 2).sum(0))
    if ridge == 0:
        qx, qy = np.linalg.qr(x)[0], np.linalg.qr(y)[0]
        assert np.allclose(np.linalg.svd(qx.T @ qy, compute_uv=False), s, atol=1e-9)
    return s, variates, [x.shape[1], y.shape[1]]


def pwcca(x, y, variance, ridge):
    s, variates, counts = cca(x, y, variance, ridge)
    weights = np.abs(variates.T @ (x - x.mean(0))).sum(1)
    return (weights * s).sum() / weights.sum(), s, counts


def procrustes(x, y):
    width = max(x.shape[1], y.shape[1])
    x, y = [np.pad(v - v.mean(0), ((0, 0), (0, width - v.shape[1]))) for v in (x, y)]
    turn, _ = orthogonal_procrustes(y, x)
    size = np.linalg.norm(x - y @ turn)
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return size, np.arccos(np.sum(x * (y @ turn)))


def tau_a(a, b):
    m = len(a) * (len(a) - 1) / 2
    ties = [sum(c * (c - 1) / 2 for c in np.unique(v, return_counts=True)[1]) for v in (a, b)]
    return kendalltau(a, b)[0] * np.sqrt((m - ties[0]) * (m - ties[1])) / m


def compare(a, b):
    there = ~(np.isnan(a) | np.isnan(b))
    a, b = a[there], b[there]
    return [spearmanr(a, b)[0], pearsonr(a, b)[0], tau_a(np.round(a, 9), np.round(b, 9)),
            a @ b / np.sqrt(a @ a * (b @ b))], len(a)


def distances(x, rdm):
    with np.errstate(invalid="ignore"):
        return pdist(x, rdm)


def crossnobis(x, labels, partitions):
    """Means over ordered pairs of different partitions, by their definition."""
    codes, parts = np.unique(labels[labels >= 0]), np.unique(partitions)
    means = {(c, p): x[(labels == c) & (partitions == p)].mean(0) for c in codes for p in parts}
    out = []
    for i, a in enumerate(codes):
        for b in codes[i + 1:]:
            apart = [means[a, p] - means[b, p] for p in parts]
            products = [apart[p] @ apart[q] for p in range(len(parts)) for q in range(len(parts)) if p != q]
            out.append(np.mean(products) / x.shape[1])
    return np.array(out)


def number(value):
    return repr(float(value))


def listing(values):
    return "{" + ", ".join(number(v) for v in values) + "}"


def cca_cases():
    lines = ["/* Canonical correlations: views, share of the variance, ridge; directions, mean, weighted by the first, by both. */",
             "static const struct cca_case {", "    int a, b;", "    double variance, ridge;",
             "    int64_t directions[2];", "    double svcca, pwcca, symmetric;", "    double largest;",
             "} cca_cases[] = {"]
    views = draw(1)
    for a, b, variance, ridge in [(0, 1, 1, 0), (1, 0, 1, 0), (0, 1, 0.9, 0), (0, 2, 0.99, 0), (2, 1, 0.9, 0),
                                  (0, 1, 1, 0.1), (1, 2, 0.99, 0.5), (2, 2, 0.8, 0.25)]:
        weighted, s, counts = pwcca(views[a], views[b], variance, ridge)
        other = pwcca(views[b], views[a], variance, ridge)[0]
        lines.append("    {%d, %d, %r, %r, {%d, %d}, %s}," % (
            a, b, variance, ridge, *counts,
            ", ".join(number(v) for v in (s.mean(), weighted, (weighted + other) / 2, s[0]))))
    return lines + ["};"]


def procrustes_cases():
    views = draw(1)
    lines = ["/* Distances of size and shape, and of shape, for views i < j. */",
             "static const double procrustes_cases[3][2] = {"]
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        lines.append("    %s," % listing(procrustes(views[a], views[b])))
    return lines + ["};"]


def rsa_cases():
    x, y = small(3)
    views = draw(1)
    labels = np.array([i % 5 for i in range(ROWS)])
    labels[29] = -1
    partitions = np.array([i // 5 % 3 for i in range(ROWS)])
    lines = ["/* Comparisons (spearman, pearson, kendall, cosine) for dissimilarities (correlation, squared_l2, cosine) of",
             " * samples that are small whole numbers, and of conditions; number of pairs. */",
             "static const struct rsa_case {", "    double scores[4];", "    int64_t n_pairs;",
             "} rsa_samples[3] = {"]
    for rdm in RDMS:
        scores, count = compare(np.round(distances(x, rdm), 12), np.round(distances(y, rdm), 12))
        lines.append("    {%s, %d}," % (listing(scores), count))
    lines += ["}, rsa_conditions[4] = {"]
    means = [np.array([v[labels == c].mean(0) for c in range(5)]) for v in views]
    for rdm in RDMS:
        scores, count = compare(distances(means[0], rdm), distances(means[1], rdm))
        lines.append("    {%s, %d}," % (listing(scores), count))
    scores, count = compare(crossnobis(views[0], labels, partitions), crossnobis(views[1], labels, partitions))
    lines.append("    {%s, %d}," % (listing(scores), count))
    return lines + ["};"]


def text():
    versions = "NumPy %s, SciPy %s, Python %d.%d" % (np.__version__, scipy.__version__, *sys.version_info[:2])
    lines = ["/* Written by generate_cca_rsa.py (%s); not edited by hand. */" % versions]
    return "\n".join(lines + cca_cases() + procrustes_cases() + rsa_cases()) + "\n"


def main():
    if "--check" in sys.argv:
        with open(VALUES) as f:
            same = f.read() == text()
        print("cca_rsa.h is %s" % ("up to date" if same else "not what this script writes"))
        return 0 if same else 1
    with open(VALUES, "w") as f:
        f.write(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
