"""umap_run.py [CASE ...]: UMAP beside umap-learn, started by umap.sh: times (10000, 50000) and quality (digits, bitwise, pos).

Quality is gated: for every score the median over the seeds must be at least umap-learn's median less half its
interquartile range. Where a gate fails the exit status is 1. Ours counts the point itself among the neighbours, as umap-learn
does, so that both lay out the same graph.
"""
import json
import os
import platform
import subprocess
import sys
import time

import numpy as np

import conceptdec
import data

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = "build/bench/umap"
GIVEN = os.environ.get("CONCEPTDEC_BENCH_DATA", os.path.join(ROOT, "examples", "data"))
SEEDS = 10


def peer(case, **arguments):
    command = ["bash", "tests/bench/peers.sh", "run", "tests/bench/umap_peer.py", case, json.dumps(arguments)]
    printed = subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout
    return json.loads(printed.strip().splitlines()[-1])


def seconds(n, which):
    """Whole fits of made activations, d = 1,024."""
    made = data.Source({"n": n, "d": 1024, "slope": 1.0}, WORK).matrix("float32")
    x = np.load(made)
    conceptdec.umap(x[:1000])
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        conceptdec.umap(x, seed=0, self_counted=True)
        taken.append(time.perf_counter() - start)
    ours = float(np.median(taken))
    found = peer("times", file=made, which=which)
    for name in which:
        print("time n=%d d=1024  %6.1f s   umap-learn %s, %-8s %6.1f s  %5.1fx" % (
            n, ours, found["version"], name, found[name], found[name] / ours), flush=True)


def digits():
    x, y = os.path.join(WORK, "digits.npy"), os.path.join(WORK, "digits-labels.npy")
    peer("digits", out=x, labels=y)
    return np.load(x), np.load(y)


def grid_matrix(folder, place, most):
    """One matrix of a grid of activations, its first rows; None where the files are not there."""
    folder = next((f for f in (os.path.join(GIVEN, folder), GIVEN) if os.path.exists(os.path.join(f, "activations.npy"))), None)
    if folder is None:
        return None
    grid = np.load(os.path.join(folder, "activations.npy"), mmap_mode="r")
    if len(place) != grid.ndim - 2 or any(p >= s for p, s in zip(place, grid.shape)):
        return None
    return np.asarray(grid[place][:most], dtype=np.float32), np.load(os.path.join(folder, "labels.npy"))[:most]


def decodability(pictures, y):
    return [float(np.ravel(conceptdec.knn_decodability(e, y, k=10).decodability)[0]) for e in pictures]


def quartiles(values):
    low, median, high = np.percentile(values, [25, 50, 75])
    return median, high - low


def quality(name, x, y):
    """Both sides' pictures over the seeds, scored by the same code; whether the gate holds."""
    rows = os.path.join(WORK, name + ".npy")
    files = {side: os.path.join(WORK, "%s-%s.npy" % (name, side)) for side in ("ours", "umap-learn")}
    np.save(rows, x)
    np.save(files["ours"], np.stack([conceptdec.umap(x, seed=s, self_counted=True).embedding for s in range(SEEDS)]))
    peer("embed", file=rows, out=files["umap-learn"], seeds=SEEDS)
    scores = peer("score", file=rows, pictures=files)
    for side, file in files.items():
        scores[side]["decodability"] = decodability(np.load(file), y)
    good = True
    for score in scores["ours"]:
        ours, width = quartiles(scores["ours"][score])
        theirs, their_width = quartiles(scores["umap-learn"][score])
        holds = ours >= theirs - their_width / 2
        good = good and holds
        print("quality %-8s n=%d %-16s %.4f (%.4f)   umap-learn %.4f (%.4f)   %s" % (
            name, len(x), score, ours, width, theirs, their_width, "holds" if holds else "FAILS"), flush=True)
    return good


def given_quality(name, place, most):
    found = grid_matrix(name, place, most)
    if found is None:
        print("quality %-8s left out: no such data in %s" % (name, GIVEN))
        return True
    return quality(name, *found)


def main():
    cases = {
        "digits": lambda: quality("digits", *digits()),
        "bitwise": lambda: given_quality("bitwise", (6, 3, 4), None),
        "pos": lambda: given_quality("pos", (4,), 5000),
        "10000": lambda: seconds(10000, ["seeded", "unseeded"]),
        "50000": lambda: seconds(50000, ["seeded", "unseeded"]),
    }
    os.makedirs(os.path.join(ROOT, WORK), exist_ok=True)
    about = conceptdec.build_info()
    print("%s, %d threads, kernel %s; conceptdec %s; medians (interquartile ranges) over %d seeds" % (
        platform.processor() or platform.machine(), about["threads"], about["kernel"], about["version"], SEEDS))
    good = [cases[name]() for name in sys.argv[1:] or cases]
    sys.exit(1 if False in good else 0)


if __name__ == "__main__":
    main()
