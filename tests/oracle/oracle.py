"""k-NN decodability computed a second time: float64 NumPy, exact fractions, one row after the other.

Plain and slow on purpose, and without a line of the library's code: docs/definitions.md is all that both share.
"""
from fractions import Fraction

import numpy as np

VOTE_TOLERANCE = 1e-12  # relative; weighted votes closer than this tie


def prepare(x, metric):
    """The rows whose squared distances order the neighbours: as they are, or of length 1 for cosine."""
    x = np.asarray(x, dtype=np.float64)
    if metric == "l2":
        return x
    norms = np.sqrt(np.einsum("ij,ij->i", x, x))
    return x / np.where(norms == 0, 1, norms)[:, None]


def squared_distances(rows, i, metric):
    """Squared distance of row i to every row; for cosine twice 1 - cos, where a zero row is at 1 - cos = 1 from all."""
    difference = rows - rows[i]
    d2 = np.einsum("ij,ij->i", difference, difference)
    if metric == "cosine":
        zero = ~rows.any(axis=1)
        d2[zero | zero[i]] = 2.0
    return d2


def neighbour_weights(d2, k, boundary):
    """(rows, weight numerators, denominator, tied across the boundary?) of the k nearest among finite d2."""
    eligible = np.flatnonzero(np.isfinite(d2))
    if len(eligible) <= k:
        return eligible, np.ones(len(eligible), dtype=np.int64), 1, False
    last = np.partition(d2[eligible], k - 1)[k - 1]
    closer = eligible[d2[eligible] < last]
    tied = eligible[d2[eligible] == last]
    left, places = k - len(closer), len(tied)
    crossed = left < places
    if boundary == "index":
        tied, left, places = tied[:left], 1, 1
    rows = np.concatenate([closer, tied])
    numerators = np.concatenate([np.full(len(closer), places), np.full(len(tied), left)]).astype(np.int64)
    return rows, numerators, places, crossed


def vote_weights(d2, rows, metric, weights, temperature, class_count, y):
    """What each neighbour's vote weighs beside its share of a place; None for the uniform vote."""
    if weights == "uniform":
        return None
    if weights == "balanced":
        return 1.0 / class_count[y[rows]]
    distance = d2[rows] / 2 if metric == "cosine" else np.sqrt(d2[rows])
    if weights == "softmax":
        return np.exp((1.0 - distance) / temperature)
    zero = distance == 0
    return zero.astype(float) if zero.any() else 1.0 / distance


def winners(votes, d2, rows, y, ties):
    """Classes that win, as a list; several share the sample."""
    if votes.dtype == np.int64:
        best = np.flatnonzero(votes == votes.max())
    else:
        best = np.flatnonzero(votes >= votes.max() * (1 - VOTE_TOLERANCE))
    if len(best) == 1 or ties == "fractional":
        return list(best)
    if ties == "smallest":
        return [best[0]]
    nearest = np.array([d2[rows[y[rows] == c]].min() for c in best])
    return list(best[nearest == nearest.min()])


def decodability(x, y, ks, eligible=None, metric="l2", weights="uniform", ties="fractional", boundary="share",
                 temperature=0.07, test=None):
    """Scores of every k. eligible(i) marks the rows that may be neighbours of row i (default: all but i); rows with
    y = -1 neither score nor vote; test marks the rows that are scored (default: all)."""
    rows_of = prepare(x, metric)
    y = np.asarray(y)
    n, classes = len(y), int(y.max()) + 1
    voting = y >= 0
    test = voting if test is None else voting & test
    one_hot = np.zeros((n, classes), dtype=np.int64)
    one_hot[voting, y[voting]] = 1
    class_count = np.maximum(one_hot.sum(axis=0), 1)
    total = {k: {"credit": [[] for _ in range(classes)], "confusion": [[Fraction(0)] * classes for _ in range(classes)],
                 "overlap": Fraction(0), "tied": 0, "boundary": 0, "short": 0} for k in ks}
    unscored = 0
    for i in np.flatnonzero(test):
        d2 = squared_distances(rows_of, i, metric)
        allowed = np.arange(n) != i if eligible is None else eligible(i)
        d2[~(allowed & voting)] = np.inf
        if not np.isfinite(d2).any():
            unscored += 1
            continue
        for k in ks:
            score_row(total[k], i, d2, k, y, one_hot, class_count, metric, weights, ties, boundary, temperature)
    return {"n_unscored": unscored, **summary(total, ks)}


def score_row(sums, i, d2, k, y, one_hot, class_count, metric, weights, ties, boundary, temperature):
    rows, numerators, denominator, boundary_tie = neighbour_weights(d2, k, boundary)
    vote = vote_weights(d2, rows, metric, weights, temperature, class_count, y)
    if vote is None:
        votes = numerators @ one_hot[rows]
    else:
        votes = (numerators / denominator * vote) @ one_hot[rows].astype(float)
    best = winners(votes, d2, rows, y, ties)
    share = Fraction(1, len(best))
    sums["credit"][y[i]].append(share if y[i] in best else Fraction(0))
    for c in best:
        sums["confusion"][y[i]][c] += share
    same = int(numerators[y[rows] == y[i]].sum())
    sums["overlap"] += Fraction(same, int(numerators.sum()))
    sums["tied"] += len(winners(votes, d2, rows, y, "fractional")) > 1
    sums["boundary"] += boundary_tie
    sums["short"] += np.isfinite(d2).sum() < k


def summary(total, ks):
    """The sums as the arrays that a result has, each fraction rounded once."""
    credits = [[c for row in total[k]["credit"] for c in row] for k in ks]
    scored = len(credits[0])
    per = [[sum(row) / len(row) if row else None for row in total[k]["credit"]] for k in ks]
    balanced = [sum(p for p in row if p is not None) / sum(p is not None for p in row) for row in per]
    return {
        "decodability": np.array([float(sum(c) / scored) for c in credits]),
        "per_concept": np.array([[np.nan if p is None else float(p) for p in row] for row in per]),
        "balanced": np.array([float(b) for b in balanced]),
        "confusion": np.array([[[float(v) for v in row] for row in total[k]["confusion"]] for k in ks]),
        "label_overlap": np.array([float(total[k]["overlap"] / scored) for k in ks]),
        "tie_rate": np.array([total[k]["tied"] / scored for k in ks]),
        "boundary_tie_rate": np.array([total[k]["boundary"] / scored for k in ks]),
        "n_short": np.array([total[k]["short"] for k in ks]),
        "n_scored": scored,
    }


def nearest(x, k, metric="l2", sample=None):
    """Table of the k nearest rows, ordered by (distance, row), of every row or of those in sample."""
    rows = prepare(x, metric)
    sample = range(len(rows)) if sample is None else sample
    indices, distances = [], []
    for i in sample:
        d2 = squared_distances(rows, i, metric)
        d2[i] = np.inf
        order = np.lexsort((np.arange(len(rows)), d2))[:k]
        indices.append(order)
        distances.append(d2[order] / 2 if metric == "cosine" else np.sqrt(d2[order]))
    return np.array(indices), np.array(distances)
