"""pca.py [CASE ...]: leading principal components beside scikit-learn's, started by pca.sh.

Both sides keep the matrix in a process of their own and take turns; medians count. Residuals |C v - l v| / l_max of every
answer come from one function, in float64. Beside each solver of the peer stands ours, asked for residuals that are nowhere
larger; then ours at its defaults, beside the peer's fastest. Of all components (all) ours are found in float64, and in
float32.
"""
import json
import os
import subprocess
import sys
import time

import numpy as np

import conceptdec
import data

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = "build/bench/pca"  # below ROOT: the peer sees it under the same name
COMPONENTS = 50
PAUSE = 0.5  # seconds before each turn: threads of the one that had the last turn still spin for a while
BLOCK = 2048
CASES = {
    "small": {"n": 10000, "d": 1024, "rounds": 7, "solvers": ["covariance_eigh", "randomized", "arpack"]},
    "large": {"n": 50000, "d": 4096, "rounds": 3, "solvers": ["randomized", "covariance_eigh"]},
    "half": {"n": 50000, "d": 4096, "rounds": 3, "solvers": ["randomized"], "dtype": "float16"},
    "all": {"n": 50000, "d": 4096, "rounds": 1, "solvers": ["covariance_eigh"], "components": 4096},
}
EXACT = {"solver": "covariance"}
OURS = {"small": [{"solver": "krylov"}, EXACT], "large": [{"solver": "krylov"}], "half": [{"solver": "krylov"}],
        "all": [EXACT, {"solver": "covariance", "tolerance": 1e-3}]}


class Worker:
    def __init__(self, tool, path, components):
        command = [sys.executable] if tool == "conceptdec" else ["bash", "tests/bench/peers.sh", "run"]
        command += ["tests/bench/pca_peer.py", tool, path, str(components)]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, **command):
        print(json.dumps(command), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def centred_blocks(x):
    mean = np.zeros(x.shape[1])
    for start in range(0, len(x), BLOCK):
        mean += x[start:start + BLOCK].astype(np.float64).sum(axis=0) / len(x)
    for start in range(0, len(x), BLOCK):
        yield x[start:start + BLOCK].astype(np.float64) - mean


def multiply(x, vectors):
    """C times vectors, rows of both: by the rows in float64, a block at a time; many by C itself, formed once."""
    if len(vectors) < x.shape[1] // 4:
        return sum((rows @ vectors.T).T @ rows / (len(x) - 1) for rows in centred_blocks(x))
    path = os.path.join(ROOT, WORK, "covariance-%d-%d-%s.npy" % (x.shape + (x.dtype,)))
    if not os.path.exists(path):
        np.save(path, sum(rows.T @ rows / (len(x) - 1) for rows in centred_blocks(x)))
    return vectors @ np.load(path)


def residuals(x, vectors):
    """Of unit vectors, with the values that fit them best."""
    vectors = np.asarray(vectors, dtype=np.float64)
    product = multiply(x, vectors)
    values = (product * vectors).sum(axis=1) / (vectors**2).sum(axis=1)
    return np.linalg.norm(product - values[:, None] * vectors, axis=1) / values.max()


class Entry:
    def __init__(self, worker, label, **command):
        self.worker, self.label, self.command, self.answers = worker, label, command, []

    def run(self):
        time.sleep(PAUSE)
        self.answers.append(self.worker(**self.command))

    def median(self, field):
        return float(np.median([answer[field] for answer in self.answers]))

    def measure(self, x):
        path = os.path.join(WORK, "answer.npz")
        self.worker(save=path)
        self.residuals = residuals(x, np.load(os.path.join(ROOT, path))["components"])


def match(ours, theirs, x):
    """The loosest tolerance of a few with which no component of ours has a larger residual than the peer's (or 1e-7: what
    float32 can tell)."""
    for tolerance in (1e-3, 7e-4, 5e-4, 3e-4, 2e-4, 1e-4, 5e-5, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7):
        entry = Entry(ours, "conceptdec as exact, tolerance %.0e" % tolerance, solver="krylov", tolerance=tolerance)
        entry.run()
        entry.measure(x)
        if (entry.residuals <= np.maximum(theirs.residuals, 1e-7)).all():
            break
    else:
        entry.label += " (not met)"
    return entry


def show(entry, best):
    about = entry.answers[-1]
    print("    %-42s %8.3f s  cpu %8.3f s  %6.2fx (cpu %6.2fx)  residual largest %.1e median %.1e  +%5.0f MiB %s" % (
        entry.label, entry.median("seconds"), entry.median("cpu"), best.median("seconds") / entry.median("seconds"),
        best.median("cpu") / entry.median("cpu"), entry.residuals.max(), np.median(entry.residuals),
        max(answer["memory"] for answer in entry.answers),
        "%d products" % about["iterations"] if about.get("iterations") else ""), flush=True)


def case(name, n, d, rounds, solvers, dtype="float32", components=COMPONENTS):
    os.makedirs(os.path.join(ROOT, WORK), exist_ok=True)
    source = data.Source({"n": n, "d": d, "slope": 1.0}, os.path.join(ROOT, WORK))
    path = os.path.relpath(source.matrix(dtype), ROOT)
    x = np.load(os.path.join(ROOT, path), mmap_mode="r")
    ours, theirs = Worker("conceptdec", path, components), Worker("scikit-learn", path, components)
    entries = [Entry(theirs, "scikit-learn " + solver, solver=solver) for solver in solvers]
    for entry in entries:
        entry.run()
        entry.measure(x)
    pairs = [(entry, match(ours, entry, x)) for entry in entries if components < d]
    others = [Entry(ours, "conceptdec " + ", ".join(map(str, options.values())), **options) for options in OURS[name]]
    for entry in others:
        entry.run()
        entry.measure(x)
    turns = entries + [mine for _, mine in pairs] + others
    for entry in turns:
        entry.answers.clear()
    for turn in range(rounds):
        for entry in turns[::-1 if turn % 2 else 1]:
            entry.run()
    best = min(entries, key=lambda entry: entry.median("seconds"))
    print("%s: n=%d d=%d %s, %d components" % (name, n, d, dtype, components))
    for theirs_, mine in pairs or [(best, None)]:
        show(theirs_, theirs_)
        if mine:
            show(mine, theirs_)
    for entry in others:
        show(entry, best)
    ours.close()
    theirs.close()


def main():
    about = conceptdec.build_info()
    print("%d threads, kernel %s, BLAS core %s; conceptdec %s" % (
        about["threads"], about["kernel"], about["blas"]["core"], about["version"]))
    for name in sys.argv[1:] or CASES:
        case(name, **CASES[name])


if __name__ == "__main__":
    main()
