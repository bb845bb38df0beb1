"""generate_geometry.py: writes geometry.h, what NumPy, SciPy and scikit-learn make of the definitions.

    python3 tests/oracle/generate_geometry.py            write geometry.h
    python3 tests/oracle/generate_geometry.py --check    say whether geometry.h is what this would write (to 1e-9)

Data is whole numbers from a generator that the test has, too. Full matrices everywhere: singular values of the rows,
all distances, scatter matrices and their pseudo-inverses. Cases without given weights are divided by 1024.
"""
import os
import re
import sys

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist
from scipy.stats import skew
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_samples

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "geometry.h")
K, HUB_K, DISCARD = 8, 5, 0.1
# seed, rows, columns, classes, metric (0: l2, 1: cosine), spread of the class means, offset of all, whether weights are
# given
CASES = [
    (1, 150, 7, 3, 0, 3000, 0, 1),
    (2, 150, 7, 3, 1, 3000, 2000, 1),
    (3, 30, 50, 3, 0, 1000, 0, 1),
    (4, 200, 12, 2, 0, 2000, 100, 1),
    (5, 120, 5, 4, 0, 4000, 1000000000, 1),
    (6, 160, 6, 5, 0, 5000, 300, 0),
    (7, 140, 4, 2, 1, 3000, 500, 0),
]


class Numbers:
    """whole() of test_geometry.c."""

    def __init__(self, seed):
        self.state = seed

    def whole(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (self.state >> 40) % (2 * bound + 1) - bound


def draw(seed, n, d, c, spread, offset):
    """As draw() of test_geometry.c: class means, then of each row its label (unequal shares, some -1) and numbers."""
    r = Numbers(seed)
    means = np.array([[r.whole(spread) for _ in range(d)] for _ in range(c)], dtype=float)
    labels, rows = [], []
    for i in range(n):
        label = r.whole(c * c) % c if i % 3 else i % c
        if i % 17 == 16:
            label = -1
        labels.append(label)
        rows.append([means[max(label, 0), j] + r.whole(1000) * (1 + j % 3) + offset for j in range(d)])
    weights = np.array([[r.whole(1000) for _ in range(d)] for _ in range(c if c > 2 else 1)], dtype=float)
    bias = np.array([r.whole(100000) for _ in range(len(weights))], dtype=float)
    return np.array(rows), np.array(labels), weights, bias


def entropy_rank(v):
    p = v / v.sum()
    p = p[p > 0]
    return np.exp(-(p * np.log(p)).sum())


def spectrum(x, out):
    n, d = x.shape
    s = np.linalg.svd(x - x.mean(0), compute_uv=False)
    l = s ** 2 / (n - 1)
    l = l[l > max(n, d) * 2.0 ** -52 * l[0]]
    out["numerical_rank"] = len(l)
    out["total_variance"] = l.sum()
    out["participation_ratio"] = l.sum() ** 2 / (l ** 2).sum()
    out["effective_rank"] = entropy_rank(l)
    out["rank_me"] = entropy_rank(np.linalg.svd(x, compute_uv=False))
    out["stable_rank"] = l.sum() / l[0]


def neighbors(x, metric, out):
    n = len(x)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = unit @ unit.T
    out["anisotropy"] = (cosines.sum() - np.trace(cosines)) / (n * (n - 1))
    distances = cdist(x, x) if metric == 0 else cdist(unit, unit)
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")
    near = np.sort(distances, axis=1)
    mu = np.sort(near[:, 1] / near[:, 0])
    kept = int((1 - DISCARD) * n)
    logs, ordinates = np.log(mu[:kept]), -np.log(1 - np.arange(1, kept + 1) / n)
    out["twonn"] = np.linalg.lstsq(logs[:, None], ordinates, rcond=None)[0][0]
    out["twonn_ml"] = (n - 1) / np.log(mu).sum()
    inverse = [np.log(r[K - 1] / r[:K - 1]).sum() / (K - 1) for r in near]
    out["mle_dimension"] = 1 / np.mean(inverse)
    counts = np.bincount(order[:, :HUB_K].ravel(), minlength=n)
    out["hubness_skew"] = skew(counts)
    out["robin_hood"] = np.abs(counts - HUB_K).sum() / (2 * n * HUB_K)
    out["antihub_share"] = np.mean(counts == 0)
    out["hub_share"] = np.mean(counts >= 2 * HUB_K)


def collapse(x, y, c, weights, bias, out):
    m = np.array([x[y == k].mean(0) for k in range(c)])
    offsets = m - m.mean(0)
    within = sum(np.cov(x[y == k].T, bias=True) for k in range(c)) / c
    between = offsets.T @ offsets / c
    values = np.linalg.eigvalsh(between)[::-1]
    rank = min(c - 1, x.shape[1])
    inverse = np.linalg.pinv(between, rcond=values[rank - 1] / values[0] / 10, hermitian=True)
    out["nc1"] = np.trace(within @ inverse) / c
    out["nc1_rank"] = rank
    norms = np.linalg.norm(offsets, axis=1)
    cosines = offsets @ offsets.T / np.outer(norms, norms)
    out["nc2"] = np.abs(cosines[~np.eye(c, dtype=bool)] + 1 / (c - 1)).mean()
    out["nc2_norms"] = norms.std() / norms.mean()
    if len(weights) < c:
        weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
    out["nc3"] = ((weights / np.linalg.norm(weights) - offsets / np.linalg.norm(offsets)) ** 2).sum()
    out["nc4"] = np.mean((x @ weights.T + bias).argmax(1) != cdist(x, m).argmin(1))
    total = within + between
    out["vci"] = 1 - np.trace(np.linalg.pinv(total, rcond=1e-12, hermitian=True) @ between) / rank
    out["fisher"] = np.trace(between) / np.trace(within)


def silhouettes(x, y, c, metric, out):
    s = silhouette_samples(x, y, metric="euclidean" if metric == 0 else "cosine")
    out["silhouette"] = s.mean()
    for k in range(c):
        out["silhouette_per_concept[%d]" % k] = s[y == k].mean()
        l = np.linalg.svd(x[y == k] - x[y == k].mean(0), compute_uv=False) ** 2
        out["participation_per_concept[%d]" % k] = l.sum() ** 2 / (l ** 2).sum()


def case(seed, n, d, c, metric, spread, offset, is_given):
    x, y, weights, bias = draw(seed, n, d, c, spread, offset)
    x = x if is_given else x / 1024
    out = {}
    spectrum(x if offset < 1e6 else x - offset, out)
    if offset >= 1e6:
        out["rank_me"] = entropy_rank(np.linalg.svd(x, compute_uv=False))
    neighbors(x, metric, out)
    labelled, y = x[y >= 0], y[y >= 0]
    if not is_given:
        fit = LogisticRegression(C=1.0, solver="newton-cg", tol=1e-9, max_iter=10000).fit(labelled, y)
        weights, bias = fit.coef_, fit.intercept_
    shift = offset if offset >= 1e6 else 0
    collapse(labelled - shift, y, c, weights, bias + weights.sum(1) * shift, out)
    silhouettes(labelled - shift, y, c, metric, out)  # scikit-learn multiplies rows as they are
    return out


def text():
    versions = "NumPy %s, SciPy %s, scikit-learn %s, Python %d.%d" % (
        np.__version__, scipy.__version__, sklearn.__version__, *sys.version_info[:2])
    lines = ["/* Written by generate_geometry.py (%s); not edited by hand. */" % versions,
             "enum { ORACLE_K = %d, ORACLE_HUB_K = %d };" % (K, HUB_K),
             "typedef struct {", "    const char *name;", "    int index;", "    double value;", "} oracle_value;",
             "static const struct oracle_case {", "    uint64_t seed;",
             "    int n, d, classes, metric, spread, offset, is_given;", "    oracle_value values[48];", "} oracle_cases[] = {"]
    for parameters in CASES:
        lines.append("    {%s, {" % ", ".join(str(p) for p in parameters))
        for name, value in case(*parameters).items():
            found = re.match(r"(\w+)(?:\[(\d+)\])?", name)
            lines.append('        {"%s", %s, %r},' % (found.group(1), found.group(2) or 0, float(value)))
        lines.append("    }},")
    return "\n".join(lines + ["};", ""])


def numbers(line):
    return [float(v) for v in re.findall(r"(?<![\w.])-?\d+\.?\d*(?:e-?\d+)?", line)]


def check():
    with open(VALUES) as f:
        old = f.read().split("\n")[1:]
    new = text().split("\n")[1:]
    for a, b in zip(old, new):
        if not np.allclose(numbers(a), numbers(b), rtol=1e-9, atol=1e-9):
            return "geometry.h differs: %s, would be %s" % (a, b)
    return None if len(old) == len(new) else "geometry.h has %d lines, would have %d" % (len(old), len(new))


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(check())
    with open(VALUES, "w") as f:
        f.write(text())
