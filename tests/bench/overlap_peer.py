"""overlap_peer.py TOOL PATH RANK: one tool of the benchmark of overlaps, in a process of its own.

Reads one JSON command a line, {"pairs": P} (0: all) or {"save": PATH} for the angles that came last, and answers with one JSON
line: seconds and seconds of the processor. Bases are orthonormalised inside of what is timed, by each tool in its own way; or,
RANK above 0, found as leading directions of rows of concepts.
"""
import json
import sys
import time

import numpy as np


def some(count, pairs):
    """All pairs i < j, or so many that lie evenly among them."""
    first, second = np.triu_indices(count, 1)
    if pairs:
        kept = np.linspace(0, len(first) - 1, pairs).astype(int)
        first, second = first[kept], second[kept]
    return first, second


def leading(x, rank):
    """Of each concept, by the eigenvectors of the smaller matrix of products that SciPy finds alone."""
    from scipy.linalg import eigh

    bases = []
    for rows in x:
        rows = rows - rows.mean(axis=0)
        n, d = rows.shape
        least = min(n, d)
        products = rows @ rows.T if n < d else rows.T @ rows
        vectors = eigh(products, subset_by_index=[least - rank, least - 1], check_finite=False, overwrite_a=True)[1]
        bases.append((vectors.T @ rows if n < d else vectors.T)[::-1])
    return np.array(bases)


def scipy(x, pairs, rank):
    from scipy.linalg import subspace_angles

    x = leading(x, rank) if rank else x
    return np.array([subspace_angles(x[i].T, x[j].T)[::-1] for i, j in zip(*some(len(x), pairs))])


def numpy(x, pairs, rank):
    """One QR, one product (of a matrix with its own transpose, which NumPy halves), batched singular values; sines by batched QR
    where a cosine is above the root of 1/2."""
    x = leading(x, rank) if rank else x
    count, r, d = x.shape
    q = np.ascontiguousarray(np.linalg.qr(x.transpose(0, 2, 1))[0].transpose(0, 2, 1))
    stacked = q.reshape(count * r, d)
    product = (stacked @ stacked.T).reshape(count, r, count, r)
    first, second = some(count, pairs)
    blocks = product[first, :, second, :]
    cosines = np.linalg.svd(blocks, compute_uv=False)
    angles = np.arccos(np.minimum(cosines, 1))
    close = np.flatnonzero(cosines[:, 0] ** 2 > 0.5)
    for start in range(0, len(close), 64):
        at = close[start:start + 64]
        rest = q[second[at]] - blocks[at].transpose(0, 2, 1) @ q[first[at]]
        sines = np.linalg.svd(np.linalg.qr(rest.transpose(0, 2, 1), mode="r"), compute_uv=False)[:, ::-1]
        angles[at] = np.where(cosines[at] ** 2 > 0.5, np.arcsin(np.minimum(sines, 1)), angles[at])
    return angles


def conceptdec(x, pairs, rank):
    import conceptdec as library

    count, rows, d = x.shape
    made = (library.subspaces(x.reshape(count * rows, d), np.repeat(np.arange(count), rows), rank=rank) if rank
            else library.Subspaces.from_bases(list(x)))
    angles = made.overlap().angles
    return angles[some(len(x), pairs)]


def main():
    call = {"scipy": scipy, "numpy": numpy, "conceptdec": conceptdec}[sys.argv[1]]
    x, last = np.load(sys.argv[2]), None
    rank = int(sys.argv[3])
    call(np.random.default_rng(0).standard_normal((3, 20 if rank else 2, 9)), 0, min(rank, 2))  # all is loaded
    for line in sys.stdin:
        command = json.loads(line)
        if "save" in command:
            np.save(command["save"], last)
            print("{}", flush=True)
            continue
        start, worked = time.perf_counter(), time.process_time()
        last = call(x, command["pairs"], rank)
        print(json.dumps({"seconds": time.perf_counter() - start, "cpu": time.process_time() - worked}), flush=True)


if __name__ == "__main__":
    main()
