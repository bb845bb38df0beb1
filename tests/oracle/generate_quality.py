"""generate_quality.py: writes quality.h, trustworthiness by scikit-learn and neighbour preservation by its neighbours.

    python3 tests/oracle/generate_quality.py            write quality.h
    python3 tests/oracle/generate_quality.py --check    say whether quality.h is what this would write

Data is whole numbers from a generator that the test has, too. No two distances from one row are equal, which is asked
here; so scikit-learn's order is the only one there is.
"""
import os
import sys

import numpy as np
import sklearn
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "quality.h")
ROWS, COLS = 120, 6
KS = [1, 5, 15, 50, 59]
METRICS = ["euclidean", "cosine"]


def draw(seed):
    """x and, close to its first columns, the picture; as draw() of test_quality.c."""
    state = seed
    numbers = []
    for _ in range(ROWS * (COLS + 2)):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        numbers.append((state >> 40) % 100003 - 50001)
    numbers = np.array(numbers, dtype=float).reshape(ROWS, COLS + 2)
    x = numbers[:, :COLS]
    return x, x[:, :2] + np.rint(numbers[:, COLS:] / 8)


def indices(x, k, metric):
    return NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(x).kneighbors(return_distance=False)


def has_ties(x):
    return any(len(np.unique(((x - row) ** 2).sum(1))) < ROWS for row in x)


def case(seed, metric):
    x, picture = draw(seed)
    assert not has_ties(x) and not has_ties(picture)
    rows = []
    for k in KS:
        kept = [len(np.intersect1d(a, b)) for a, b in zip(indices(x, k, metric), indices(picture, k, "euclidean"))]
        trust = trustworthiness(x, picture, n_neighbors=k, metric=metric)
        continuity = trustworthiness(picture, x, n_neighbors=k) if metric == "euclidean" else float("nan")
        rows.append((trust, continuity, sum(kept) / (ROWS * k)))
    return rows


def number(value):
    return "NAN" if value != value else repr(float(value))


def text():
    versions = "NumPy %s, scikit-learn %s, Python %d.%d" % (np.__version__, sklearn.__version__, *sys.version_info[:2])
    out = ["/* Written by generate_quality.py (%s); not edited by hand. */" % versions,
           "enum { ROWS = %d, COLS = %d, KS = %d };" % (ROWS, COLS, len(KS)),
           "static const int64_t oracle_ks[KS] = {%s};" % ", ".join(map(str, KS)),
           "/* Trustworthiness, continuity (not of cosine), preservation for each k. */",
           "static const struct oracle_case {",
           "    uint64_t seed;",
           "    int32_t metric;",
           "    double scores[KS][3];",
           "} oracle_cases[] = {"]
    for seed in (1, 20):
        for m, metric in enumerate(METRICS):
            out.append("    {%d, %d, {" % (seed, m))
            out += ["        {%s}," % ", ".join(map(number, row)) for row in case(seed, metric)]
            out.append("    }},")
    return "\n".join(out + ["};", ""])


def main():
    wanted = text()
    if sys.argv[1:] == ["--check"]:
        with open(VALUES) as f:
            return 0 if f.read() == wanted else "quality.h is not what this would write"
    with open(VALUES, "w") as f:
        f.write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
