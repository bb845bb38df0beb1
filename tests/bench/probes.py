"""probes.py [CASE ...]: linear probes beside scikit-learn's, started by probes.sh.

Each case times conceptdec, measures the gradient norm that its fits reach, and times scikit-learn stopped at the same
norm, in a process of its own. What a peer would take hours for is measured in part and multiplied, which the line says.
"""
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import time

import numpy as np

import conceptdec
import probe_data

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAMBDAS = [10.0**-e for e in np.linspace(5, 0.5, 10)]


def peer(case, limit=None, **arguments):
    """What probe_peer.py prints; None where it has not ended after `limit` seconds."""
    command = ["bash", "tests/bench/peers.sh", "run", "tests/bench/probe_peer.py", case, json.dumps(arguments)]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, start_new_session=True)
    try:
        printed = process.communicate(timeout=limit)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
    if process.returncode:
        raise SystemExit("the peer has failed")
    return json.loads(printed.strip().splitlines()[-1])


def timed(call, times=1):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), answer


def reached(x, y, classes, lam, **options):
    """The gradient norm of a fit on all rows."""
    r = conceptdec.probe(x, y, lambdas=[lam], protocol="resubstitution", **options)
    weights, bias = r.weights[0], r.bias[0]
    return float(probe_data.gradient_norm(x, y, classes, weights, bias, lam, np.arange(len(y))))


def line(name, ours, theirs, note):
    print("%-44s %9.2f s %9.1f s %7.1fx   %s" % (name, ours, theirs, theirs / ours, note), flush=True)


def path(n=10000, d=1024, classes=10, standardized=False, folds=5, enough=30):
    """10 lambdas x 5 folds beside LogisticRegressionCV, which is stopped when its ratio is sure to be `enough`."""
    x, y = probe_data.made(n, d, classes, standardized=standardized)
    tol = max(reached(x, y, classes, LAMBDAS[3]), 1e-9)
    ours, r = timed(lambda: conceptdec.probe(x, y, lambdas=LAMBDAS, samples=False, fit=False), 3)
    best = None
    for dtype in ("float32", "float64"):
        found = peer("path", limit=10 + enough * ours / folds, n=n, d=d, classes=classes, standardized=standardized, folds=folds,
                     lambdas=LAMBDAS, tol=tol, dtype=dtype)
        if found and (not best or found["seconds"] < best["seconds"]):
            best = {**found, "dtype": dtype}
    name, note = "path n=%d d=%d C=%d%s" % (n, d, classes, " standardized" * standardized), "1 fold x 5; tol %.1e" % tol
    if not best:
        line(name, ours, enough * ours, note + "; stopped at this ratio, not at its end")
        return
    line(name, ours, best["seconds"], "%s; %s; converged %d of %d; scores differ by %.4f" % (
        note, best["dtype"], r.converged.sum(), len(LAMBDAS), np.abs(np.asarray(best["scores"]).mean() - r.accuracy.mean())))


def path_standardized():
    path(standardized=True)


def null(n=10000, d=4096, classes=10, standardized=True, permutations=100, lam=1e-4, enough=300, **options):
    """5 folds, one lambda, 100 permutations beside permutation_test_score, whose fits are in float32 unless they end far from
    the gradient norm that ours reaches, and are stopped when their ratio is sure to be `enough`."""
    x, y = probe_data.made(n, d, classes, standardized=standardized)
    tol = max(reached(x, y, classes, lam, **options), 1e-9)
    ours, r = timed(lambda: conceptdec.probe(x, y, lambdas=[lam], permutations=permutations, samples=False, fit=False,
                                             memory=2**31, **options))
    kind, fits = "standardized" if standardized else "raw", 5 * (permutations + 1)
    name = "null n=%d d=%d C=%d %s P=%d" % (n, d, classes, kind, permutations)
    for dtype in ("float32", "float64"):
        found = peer("permutations", limit=60 + 2 * enough * ours / fits, n=n, d=d, classes=classes, standardized=standardized,
                     folds=5, lam=lam, tol=tol, permutations=permutations, measured=2, measured_folds=1, dtype=dtype)
        if not found:
            line(name, ours, enough * ours, "%s; tol %.1e; stopped at this ratio, not at its end" % (dtype, tol))
            continue
        line(name, ours, found["seconds"], "%s, 2 fits x %.0f; tol %.1e, theirs %.1e; null %.4f and %.4f" % (
            dtype, fits / 2, tol, found["gradient"], r.null.mean(), found["accuracy"]))
        if found["gradient"] < 10 * tol:
            break


def wide():
    null(2000, 8192)


def null_loose():
    """Stopped where the peer in float32 has to."""
    null(tolerance=1e-5)


def raw():
    null(standardized=False, enough=120)


def ridge(n=10000, d=1024, classes=10, permutations=1000, measured=50):
    """Leave-one-out ridge, 10 lambdas, 1,000 permutations beside RidgeCV with every draw's classes as targets."""
    x, y = probe_data.made(n, d, classes)
    ours, _ = timed(lambda: conceptdec.probe(x, y, kind="ridge", protocol="loo", lambdas=LAMBDAS, fit=False,
                                             permutations=permutations, samples=False))
    few = peer("ridge", n=n, d=d, classes=classes, standardized=False, lambdas=LAMBDAS, measured=1)["seconds"]
    many = peer("ridge", n=n, d=d, classes=classes, standardized=False, lambdas=LAMBDAS, measured=measured)["seconds"]
    theirs = few + (many - few) / (measured - 1) * permutations
    line("ridge loo n=%d d=%d P=%d" % (n, d, permutations), ours, theirs, "%d draws measured" % measured)


def single(n=10000, d=1024, classes=10, lam=1e-4):
    """One fit, beside scikit-learn's best solver."""
    for standardized in (True, False):
        x, y = probe_data.made(n, d, classes, standardized=standardized)
        tol = max(reached(x, y, classes, lam), 1e-9)
        ours, _ = timed(lambda: conceptdec.fit_probe(x, y, lambda_=lam), 3)
        found = peer("single", n=n, d=d, classes=classes, standardized=standardized, lam=lam, tol=tol,
                     solvers=["lbfgs", "newton-cg"])
        found.pop("version")
        best = min(found, key=lambda name: found[name]["seconds"] if found[name]["gradient"] < 10 * tol else float("inf"))
        line("single n=%d d=%d C=%d %s" % (n, d, classes, "standardized" if standardized else "raw"), ours,
             found[best]["seconds"], "%s; %s" % (best, {k: (round(v["seconds"], 2), v["gradient"]) for k, v in found.items()}))


def main():
    cases = {"path": path, "path_standardized": path_standardized, "single": single, "ridge": ridge, "wide": wide, "null": null,
             "null_loose": null_loose, "raw": raw}
    about = conceptdec.build_info()
    print("%s, %d threads, kernel %s, BLAS core %s; conceptdec %s" % (
        platform.processor() or platform.machine(), about["threads"], about["kernel"], about["blas"]["core"], about["version"]))
    for name in sys.argv[1:] or cases:
        cases[name]()
    print("peak of memory %.0f MiB" % (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
