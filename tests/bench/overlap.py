"""overlap.py [CASE ...]: principal angles of all pairs of subspaces beside SciPy's and NumPy's, started by overlap.sh. In case
"concepts" subspaces are leading directions of labelled rows, which are found inside of what is timed.

Each tool keeps the bases in a process of its own, and they take turns; medians count. SciPy's loop runs over some of the pairs, and
its time is that of all in proportion. Answers are compared before times are shown.
"""
import json
import os
import subprocess
import sys

import numpy as np

import conceptdec

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = "build/bench/overlap"  # below ROOT: the peers see it under the same name
SOME = 40  # pairs of SciPy's loop
CASES = {
    "far": {"count": 320, "rank": 10, "d": 4096, "apart": None, "rounds": 5},
    "near": {"count": 64, "rank": 10, "d": 4096, "apart": 0.3, "rounds": 5},
    "concepts": {"count": 10, "rank": 10, "d": 1024, "rows": 1000, "rounds": 5},
}


class Worker:
    def __init__(self, tool, path, rank):
        self.tool, self.path, self.answers = tool, path, []
        command = [sys.executable] if tool == "conceptdec" else ["bash", "tests/bench/peers.sh", "run"]
        command += ["tests/bench/overlap_peer.py", tool, path, str(rank)]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, **command):
        print(json.dumps(command), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def angles(self, pairs):
        path = os.path.join(WORK, self.tool + ".npy")
        self(pairs=pairs)
        self(save=path)
        return np.load(os.path.join(ROOT, path))

    def median(self, field):
        return float(np.median([answer[field] for answer in self.answers]))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def make(count, rank, d, apart):
    """Spans of independent normal numbers; apart: those of one subspace, so much noise to 1 of it."""
    x = np.random.default_rng(0).standard_normal((count, rank, d))
    return x if apart is None else x[:1] + apart * x


def make_rows(count, rows, d):
    """Rows of each concept, whose variances fall as 1 / rank along directions of its own."""
    draws, scale = np.random.default_rng(0), np.arange(1, d + 1) ** -0.5
    turns = (np.linalg.qr(draws.standard_normal((d, d)))[0] for _ in range(count))
    return np.array([(draws.standard_normal((rows, d)) * scale) @ turn + draws.standard_normal(d) for turn in turns])


def case(name, count, rank, d, rounds, apart=None, rows=0):
    os.makedirs(os.path.join(ROOT, WORK), exist_ok=True)
    path = os.path.join(WORK, name + ".npy")
    np.save(os.path.join(ROOT, path), make_rows(count, rows, d) if rows else make(count, rank, d, apart))
    workers = [Worker(tool, path, rank if rows else 0) for tool in ("conceptdec", "numpy", "scipy")]
    ours = workers[0]
    wanted = ours.angles(SOME)
    for other in workers[1:]:
        difference = np.abs(other.angles(SOME) - wanted).max()
        print("%s: largest difference from %s: %.1e" % (name, other.tool, difference))
        if difference > (1e-6 if rows else 1e-9):
            sys.exit("answers differ")
    for turn in range(rounds):
        for worker in workers[::-1 if turn % 2 else 1]:
            worker.answers.append(worker(pairs=SOME if worker.tool == "scipy" and not rows else 0))
    print("%s: %d subspaces, rank %d, d=%d, all %d pairs" % (name, count, rank, d, count * (count - 1) // 2))
    for worker in workers:
        times = count * (count - 1) / 2 / SOME if worker.tool == "scipy" and not rows else 1
        seconds, cpu = worker.median("seconds") * times, worker.median("cpu") * times
        print("    %-12s %9.3f s  cpu %9.3f s  %7.2fx (cpu %7.2fx)" % (
            worker.tool, seconds, cpu, seconds / ours.median("seconds"), cpu / ours.median("cpu")), flush=True)
        worker.close()


def main():
    about = conceptdec.build_info()
    print("%d threads, kernel %s, BLAS core %s; conceptdec %s" % (
        about["threads"], about["kernel"], about["blas"]["core"], about["version"]))
    for name in sys.argv[1:] or CASES:
        case(name, **CASES[name])


if __name__ == "__main__":
    main()
