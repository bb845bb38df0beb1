"""probe_peer.py CASE JSON: scikit-learn's side of the probe benchmarks; prints one line of JSON."""
import json
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeCV

import probe_data


def timed(call):
    start = time.perf_counter()
    answer = call()
    return time.perf_counter() - start, answer


def logistic(lam, n, solver, tol):
    return LogisticRegression(C=1 / (lam * n), solver=solver, tol=tol, max_iter=100000)


def single(a):
    """One fit by every solver, the fastest counts; gradient norms as reached."""
    x, y = probe_data.made(a["n"], a["d"], a["classes"], standardized=a["standardized"])
    x64 = x.astype(np.float64)
    found = {}
    for name, data in (("float64", x64), ("float32", x)):
        for solver in a["solvers"]:
            seconds, model = timed(lambda: logistic(a["lam"], len(y), solver, a["tol"]).fit(data, y))
            norm = probe_data.gradient_norm(x, y, a["classes"], model.coef_.astype(float), model.intercept_.astype(float),
                                            a["lam"], np.arange(len(y)))
            found[solver + " " + name] = {"seconds": seconds, "gradient": norm, "iterations": int(np.max(model.n_iter_))}
    return found


def path(a):
    """LogisticRegressionCV over one of the folds, times their number."""
    x, y = probe_data.made(a["n"], a["d"], a["classes"], standardized=a["standardized"])
    fold = probe_data.folds(len(y), a["folds"])
    split = [(np.flatnonzero(fold != 0), np.flatnonzero(fold == 0))]
    n = len(split[0][0])
    model = LogisticRegressionCV(Cs=[1 / (lam * n) for lam in a["lambdas"]], cv=split, tol=a["tol"], max_iter=100000,
                                 refit=False, use_legacy_attributes=False, scoring="accuracy")
    seconds, model = timed(lambda: model.fit(x.astype(np.dtype(a["dtype"])), y))
    return {"seconds": seconds * a["folds"], "iterations": np.asarray(model.n_iter_).ravel().tolist(),
            "scores": np.asarray(model.scores_).ravel().tolist()}


def permutations(a):
    """Two draws of the null in some folds, times what was asked for; the largest gradient norm that a fit ended with."""
    x, y = probe_data.made(a["n"], a["d"], a["classes"], standardized=a["standardized"])
    x = x.astype(np.dtype(a["dtype"]))
    fold = probe_data.folds(len(y), a["folds"])
    draws, seconds, accuracy, fits, norm = np.random.default_rng(1), 0.0, [], 0, 0.0
    for _ in range(a["measured"]):
        labels = draws.permutation(y)
        for f in range(a["measured_folds"]):
            train = fold != f
            model = logistic(a["lam"], train.sum(), "lbfgs", a["tol"])
            taken, model = timed(lambda: model.fit(x[train], labels[train]))
            seconds += taken
            fits += 1
            accuracy.append(float(model.score(x[~train], labels[~train])))
            norm = max(norm, probe_data.gradient_norm(x, labels, a["classes"], model.coef_.astype(float),
                                                      model.intercept_.astype(float), a["lam"], np.flatnonzero(train)))
    return {"seconds": seconds / fits * a["folds"] * (a["permutations"] + 1), "accuracy": float(np.mean(accuracy)),
            "gradient": norm}


def ridge(a):
    """RidgeCV with every class of every draw as a target."""
    x, y = probe_data.made(a["n"], a["d"], a["classes"], standardized=a["standardized"])
    draws = np.random.default_rng(1)
    targets = np.concatenate([np.where(draws.permutation(y)[:, None] == np.arange(a["classes"]), 1.0, -1.0)
                              for _ in range(a["measured"])], axis=1)
    alphas = [lam * len(y) for lam in a["lambdas"]]
    seconds, _ = timed(lambda: RidgeCV(alphas=alphas, alpha_per_target=True).fit(x.astype(np.float64), targets))
    return {"seconds": seconds, "targets": targets.shape[1]}


def main():
    warnings.simplefilter("ignore")
    arguments = json.loads(sys.argv[2])
    answer = {"single": single, "path": path, "permutations": permutations, "ridge": ridge}[sys.argv[1]](arguments)
    print(json.dumps({"version": sklearn.__version__, **answer}))


if __name__ == "__main__":
    main()
