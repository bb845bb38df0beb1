"""generate_probe_scores.py: writes probe_scores.h, scores of random decision values, mostly by scikit-learn.

    python3 tests/oracle/generate_probe_scores.py            write probe_scores.h
    python3 tests/oracle/generate_probe_scores.py --check    say whether probe_scores.h is what this would write

Decision values and posteriors are multiples of 1/64, so that ties are the same everywhere. Ties between classes for a
row are broken in every possible way and averaged, with scikit-learn asked each time.
"""
import itertools
import os
import sys
import warnings

import numpy as np
import sklearn
from sklearn import metrics

VALUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe_scores.h")
ROWS = 90
# classes, has a posterior, rows tied between classes (at most), a class without a row, rows that are not scored
CASES = [(2, True, 3, False, False), (3, True, 0, False, False), (4, True, 5, False, True), (5, False, 4, False, False),
         (5, True, 0, True, True), (3, False, 0, False, True)]


def whole_parts(rng, classes):
    """Whole numbers that add up to 64."""
    cuts = np.sort(rng.integers(0, 65, classes - 1))
    return np.diff(np.concatenate([[0], cuts, [64]]))


def draw(rng, classes, has_posterior, most_tied, absent):
    while True:
        values = np.array([whole_parts(rng, classes) for _ in range(ROWS)])
        if not has_posterior:
            values = rng.integers(-9, 10, (ROWS, classes))
        y = np.where(rng.random(ROWS) < 0.5, values.argmax(1), rng.integers(0, classes, ROWS))
        if absent:
            y[y == 1] = 2
        if classes == 2:  # one column, 0 between the classes
            values[:, 0] = 64 - values[:, 1]
        tied = (values == values.max(1, keepdims=True)).sum(1) > 1
        for i in np.flatnonzero(tied)[most_tied:]:
            values[i] += np.where(np.arange(classes) == values[i].argmax(), 1, 0)
            values[i][values[i].argmin()] -= 1
        if has_posterior and (values < 0).any():
            continue
        return values, y


def over_ties(values, y, score):
    """The mean of a score over every way to break the ties."""
    winners = [np.flatnonzero(row == row.max()) for row in values]
    guesses = np.array([w[0] for w in winners])
    tied = [i for i, w in enumerate(winners) if len(w) > 1]
    scores = []
    for choice in itertools.product(*(winners[i] for i in tied)):
        guesses[tied] = choice
        scores.append(score(y, guesses))
    return np.mean(scores, axis=0)


def calibration(values, y):
    p = values / values.sum(1, keepdims=True)
    most = p.max(1)
    credit = np.array([(row[c] == row.max()) / (row == row.max()).sum() for row, c in zip(values, y)])
    error = 0
    for b in range(15):
        inside = (15 * most > b) & (15 * most <= b + 1)
        error += abs(credit[inside].sum() - most[inside].sum())
    return error / len(y)


def scores(values, y, classes, has_posterior):
    present = np.unique(y)
    matrix = over_ties(values, y, lambda t, p: metrics.confusion_matrix(t, p, labels=range(classes)))
    f1 = 2 * matrix.diagonal() / (matrix.sum(0) + matrix.sum(1))
    guesses = values.argmax(1)
    if ((values == values.max(1, keepdims=True)).sum(1) == 1).all():  # the definition is scikit-learn's
        assert np.isclose(f1[present].mean(), metrics.f1_score(y, guesses, labels=present, average="macro"))
    nan = float("nan")
    one = [(y == c).astype(int) for c in range(classes)]
    by_class = [(metrics.roc_auc_score(t, v), metrics.average_precision_score(t, v)) if t.any() else (nan, nan)
                for t, v in zip(one, values.T)]
    probabilities = values / 64.0
    log_loss = nan
    if has_posterior:
        log_loss = metrics.log_loss(y, probabilities, labels=range(classes), eps=1e-300) / np.log(2)
    return {
        "accuracy": over_ties(values, y, metrics.accuracy_score),
        "balanced": over_ties(values, y, metrics.balanced_accuracy_score),
        "macro_f1": f1[present].mean(),
        "log_loss": log_loss,
        "calibration_error": calibration(values, y) if has_posterior else nan,
        "auroc": [a for a, _ in by_class],
        "average_precision": [p for _, p in by_class],
    }


def number(value):
    value = float(value)
    return "NAN" if np.isnan(value) else "INFINITY" if np.isinf(value) else repr(value)


def listed(values, form=str):
    return "{%s}" % ", ".join(form(v) for v in values)


def one_case(seed, case):
    classes, has_posterior, most_tied, absent, some = case
    rng = np.random.default_rng(seed)
    values, y = draw(rng, classes, has_posterior, most_tied, absent)
    scored = rng.random(ROWS) < (0.8 if some else 1)
    if has_posterior:  # the log loss is to be finite
        scored &= values[np.arange(ROWS), y] > 0
    answer = scores(values[scored], y[scored], classes, has_posterior)
    lines = ["    {.classes = %d," % classes, "     .has_posterior = %d," % has_posterior,
             "     .labels = %s," % listed(y), "     .scored = %s," % listed(scored.astype(int)), "     .values = {"]
    lines += ["      %s," % listed(row) for row in values]
    lines += ["     },"]
    for name, value in answer.items():
        lines.append("     .%s = %s," % (name, listed(value, number) if isinstance(value, list) else number(value)))
    return lines + ["    },"]


def text():
    lines = [
        "/* Written by generate_probe_scores.py (NumPy %s, scikit-learn %s, Python %d.%d); not edited by hand. */"
        % (np.__version__, sklearn.__version__, *sys.version_info[:2]),
        "static const struct oracle_case oracle_cases[] = {",
    ]
    for seed, case in enumerate(CASES):
        lines += one_case(seed, case)
    return "\n".join(lines + ["};", ""])


def main():
    warnings.filterwarnings("ignore", "y_pred contains classes")
    fresh = text()
    if "--check" in sys.argv[1:]:
        with open(VALUES) as file:
            same = file.read().split("\n", 1)[1] == fresh.split("\n", 1)[1]
        print("probe_scores.h is up to date" if same else "probe_scores.h differs from a fresh computation")
        return not same
    with open(VALUES, "w") as file:
        file.write(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
