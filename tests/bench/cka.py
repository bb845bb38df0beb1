"""cka.py [CASE ...]: CKA of all pairs of layers beside NumPy's two idioms, started by cka.sh.

Layers are float32, n rows of d numbers, of which some are shared. Peers:
  features   the usual loop: |Y'X|^2 for each pair, biased; a few pairs are timed and multiplied by their number
  kernels    n x n kernels of all layers are made once and kept, then the sums of both estimates for each pair
Answers are compared, in float64, for a few pairs. Seconds are medians of turns; `cpu` is the processor time of the process.
"""
import ctypes
import os
import resource
import sys
import time

import numpy as np

from conceptdec import _constants as const
from conceptdec import _structs
from conceptdec._library import library

CASES = {
    "small": {"layers": 12, "n": 2000, "d": 1024, "rounds": 5, "pairs": 20},
    "medium": {"layers": 16, "n": 3000, "d": 2048, "rounds": 1, "pairs": 3},
    "large": {"layers": 32, "n": 5000, "d": 4096, "rounds": 1, "pairs": 2},
}
TOLERANCE = 2e-6


def draw(layers, n, d):
    rng = np.random.default_rng(1)
    shared = rng.standard_normal((n, 30), dtype=np.float32)
    for layer in range(layers):
        turn = rng.standard_normal((30, d), dtype=np.float32)
        noise = rng.standard_normal((n, d), dtype=np.float32)
        yield noise + np.float32(0.1 + 0.2 * layer / layers) * (shared @ turn)


class Ours:
    def __init__(self, views):
        self.lib, self.views = library(), views
        self.ctx = ctypes.POINTER(_structs.Ctx)()
        options = _structs.CtxOptions(threads=os.cpu_count())
        assert self.lib.conceptdec_ctx_new(ctypes.byref(options), ctypes.byref(self.ctx)) == 0
        self.matrices = (_structs.Matrix * len(views))()
        for matrix, view in zip(self.matrices, views):
            matrix.data, matrix.dtype = view.ctypes.data, const.FLOAT32
            matrix.rows, matrix.cols = view.shape
            matrix.row_stride, matrix.col_stride = view.strides

    def __call__(self, kind):
        options = _structs.SimilarityOptions(kind=kind)
        result, array = ctypes.POINTER(_structs.Result)(), _structs.Array()
        status = self.lib.conceptdec_similarity(
            self.ctx, self.matrices, len(self.views), None, 0, ctypes.byref(options), ctypes.byref(result))
        assert status == 0, self.lib.conceptdec_ctx_error(self.ctx)
        self.lib.conceptdec_result_get(result, b"value", ctypes.byref(array))
        count = len(self.views)
        value = np.array((ctypes.c_double * count ** 2).from_address(array.data)).reshape(count, count)
        self.lib.conceptdec_result_free(result)
        return value


def features(views, pairs):
    """Biased CKA of a few pairs; self terms are those of a loop that keeps them."""
    centred = [view - view.mean(0) for view in views]
    for i, j in pairs:
        np.linalg.norm(centred[j].T @ centred[i]) ** 2


def kernels(views):
    """Both estimates of all pairs."""
    n, count = len(views[0]), len(views)
    grams, rows, sums, diagonals = [], [], [], []
    for view in views:
        view = view - view.mean(0)
        gram = view @ view.T
        diagonals.append(np.diag(gram).astype(float))
        np.fill_diagonal(gram, 0)
        grams.append(gram.ravel())
        rows.append(gram.sum(1, dtype=float))
        sums.append(rows[-1].sum())
    biased, unbiased = np.empty((count, count)), np.empty((count, count))
    for i in range(count):
        for j in range(i, count):
            both = float(grams[i] @ grams[j])
            biased[i, j] = biased[j, i] = both + diagonals[i] @ diagonals[j]
            unbiased[i, j] = unbiased[j, i] = (both + sums[i] * sums[j] / ((n - 1) * (n - 2))
                                               - 2 * (rows[i] @ rows[j]) / (n - 2))
    return [h / np.sqrt(np.outer(np.diag(h), np.diag(h))) for h in (unbiased, biased)]


def exact(x, y):
    """Unbiased, in float64."""
    n, both = len(x), []
    for view in (x, y):
        view = view.astype(float) - view.mean(0, dtype=float)
        gram = view @ view.T
        np.fill_diagonal(gram, 0)
        both.append(gram)

    def hsic(k, m):
        return (k * m).sum() + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * (k.sum(0) @ m.sum(0)) / (n - 2)

    return hsic(*both) / np.sqrt(hsic(both[0], both[0]) * hsic(both[1], both[1]))


def timed(function):
    wall, cpu = time.perf_counter(), time.process_time()
    answer = function()
    return answer, time.perf_counter() - wall, time.process_time() - cpu


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(label, walls, cpus, best, note=""):
    print("    %-38s %8.2f s  cpu %8.2f s  %6.2fx (cpu %6.2fx)  %s" % (
        label, np.median(walls), np.median(cpus), np.median(walls) / best[0], np.median(cpus) / best[1], note), flush=True)


def case(name, layers, n, d, rounds, pairs):
    views = list(draw(layers, n, d))
    print("%s: %d layers, n=%d d=%d float32" % (name, layers, n, d), flush=True)
    chosen, count = [(k % layers, (k + 1) % layers) for k in range(pairs)], layers * (layers + 1) // 2
    ours, runs = Ours(views), {"ours": [], "features": [], "kernels": []}
    start = peak()
    for _ in range(rounds):
        value, *times = timed(lambda: ours(const.SIMILARITY_CKA_DEBIASED))
        runs["ours"].append(times)
        memory = peak() - start
    for _ in range(rounds):
        theirs, *times = timed(lambda: kernels(views))
        runs["kernels"].append(times)
        _, *times = timed(lambda: features(views, []))
        centring = np.array(times)
        _, *times = timed(lambda: features(views, chosen))
        runs["features"].append(centring + (np.array(times) - centring) * count / pairs)
    wrong = max(abs(value[i, j] - exact(views[i], views[j])) for i, j in chosen[:2])
    apart = abs(value - theirs[0]).max()
    assert wrong < TOLERANCE, wrong
    best = np.median(runs["ours"], axis=0)
    for label, note in (("ours", "+%.0f MiB; within %.0e of float64, %.0e of NumPy's kernels" % (memory, wrong, apart)),
                        ("kernels", "NumPy, both estimates"), ("features", "NumPy, biased; %d of %d pairs" % (pairs, count))):
        walls, cpus = np.array(runs[label]).T
        show(label, walls, cpus, best, note)


def main():
    print("%d threads" % os.cpu_count())
    for name in sys.argv[1:] or CASES:
        case(name, **CASES[name])


if __name__ == "__main__":
    main()
