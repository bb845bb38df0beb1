"""umap_peer.py CASE JSON: umap-learn's side of the UMAP benchmark, and the scores of everybody's pictures; prints one line of JSON.

Files are named relative to the current folder.
"""
import json
import sys
import time
import warnings

import numpy as np

K = 15


def fit(x, seed, **options):
    """One picture, by as many threads as umap-learn allows: one with a seed."""
    import umap

    return umap.UMAP(random_state=seed, n_jobs=1 if seed is not None else -1, **options).fit_transform(x)


def times(a):
    """Seconds of whole fits, seeded and not, once the compiler has been at work on small ones."""
    import umap

    x = np.load(a["file"], mmap_mode="r")
    x = np.ascontiguousarray(x, dtype=np.float32)
    small = x[np.linspace(0, len(x) - 1, 4500).astype(int)]  # as many as the approximate neighbours need to be tried
    found = {"version": umap.__version__}
    for name, seed in (("seeded", 0), ("unseeded", None)):
        if name in a["which"]:
            fit(small, seed, n_epochs=10)
            start = time.perf_counter()
            fit(x, seed)
            found[name] = time.perf_counter() - start
    return found


def embed(a):
    x = np.load(a["file"])
    np.save(a["out"], np.stack([fit(x, seed) for seed in range(a["seeds"])]))
    return {}


def kept(x_neighbors, embedding):
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=K).fit(embedding).kneighbors(return_distance=False)
    return float(np.mean([len(np.intersect1d(a, b)) for a, b in zip(x_neighbors, found)]) / K)


def score(a):
    """Trustworthiness and neighbour preservation of stacks of pictures."""
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors

    x = np.load(a["file"])
    neighbors = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(x).kneighbors(return_distance=False)
    found = {}
    for name, file in a["pictures"].items():
        pictures = np.load(file)
        found[name] = {"trustworthiness": [float(trustworthiness(x, e, n_neighbors=K)) for e in pictures],
                       "neighbours kept": [kept(neighbors, e) for e in pictures]}
    return found


def digits(a):
    from sklearn.datasets import load_digits

    data = load_digits()
    np.save(a["out"], data.data.astype(np.float32))
    np.save(a["labels"], data.target)
    return {}


def main():
    warnings.simplefilter("ignore")
    answer = {"times": times, "embed": embed, "score": score, "digits": digits}[sys.argv[1]](json.loads(sys.argv[2]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
