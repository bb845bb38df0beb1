"""Decodability by brute force in NumPy, with the default rules: boundary ties shared, vote ties fractional."""

import numpy as np


def squared_distances(x, queries=None):
    x = np.asarray(x, dtype=np.float64)
    queries = x if queries is None else np.asarray(queries, dtype=np.float64)
    return ((queries[:, None, :] - x[None, :, :]) ** 2).sum(axis=2)


def votes(distances, labels, k, classes):
    """Votes of each class times the number of tied rows, in integers, and whether rows tie across rank k."""
    k = min(k, len(distances))
    last = np.sort(distances)[k - 1]
    closer, tied = distances < last, distances == last
    count = lambda rows: np.bincount(labels[rows], minlength=classes)
    places = k - closer.sum()
    return count(closer) * tied.sum() + count(tied) * places, k * tied.sum(), tied.sum() > places


def knn(x, labels, k, eligible=None, classes=None):
    """Every field that depends on one k. eligible[i, j]: row j may be a neighbour of row i (default: i != j)."""
    labels = np.asarray(labels)
    classes = labels.max() + 1 if classes is None else classes
    n = len(labels)
    eligible = ~np.eye(n, dtype=bool) if eligible is None else eligible
    eligible = eligible & (labels >= 0)[None, :]
    distances = squared_distances(x)
    credit, overlap, tie, boundary = (np.full(n, np.nan) for _ in range(4))
    confusion = np.zeros((classes, classes))
    for i in np.flatnonzero((labels >= 0) & eligible.any(axis=1)):
        rows = eligible[i]
        counts, total, boundary[i] = votes(distances[i, rows], labels[rows], k, classes)
        best = counts == counts.max()
        credit[i], overlap[i], tie[i] = best[labels[i]] / best.sum(), counts[labels[i]] / total, best.sum() > 1
        confusion[labels[i]] += best / best.sum()
    scored = ~np.isnan(credit)
    members = [scored & (labels == c) for c in range(classes)]
    per_concept = np.array([credit[rows].mean() if rows.any() else np.nan for rows in members])
    return {
        "decodability": credit[scored].mean(),
        "per_concept": per_concept,
        "balanced": np.nanmean(per_concept),
        "confusion": confusion,
        "label_overlap": overlap[scored].mean(),
        "tie_rate": tie[scored].mean(),
        "boundary_tie_rate": boundary[scored].mean(),
        "n_scored": int(scored.sum()),
        "class_count": np.array([rows.sum() for rows in members]),
        "chance_majority": max(rows.sum() for rows in members) / scored.sum(),
    }
