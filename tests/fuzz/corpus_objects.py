"""corpus_objects.py: writes the files below tests/fuzz/objects: a small object of every kind that can be saved.

Run with the binding: PYTHONPATH=bindings/python CONCEPTDEC_LIBRARY=... python3 tests/fuzz/corpus_objects.py
"""
import os

import numpy as np

import conceptdec

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "objects")


def main():
    os.makedirs(HERE, exist_ok=True)
    x = np.random.default_rng(1).normal(size=(14, 3))
    y = np.arange(14) % 3
    moments, by_class = conceptdec.Moments(3), conceptdec.ClassMoments(3, [0, 1, 2])
    pooled = conceptdec.ClassMoments(3, [0, 1, 2], pooled=True)
    means = conceptdec.ClassMoments(3, [0, 1, 2], means=True)
    variances = conceptdec.ClassMoments(3, [0, 1, 2], variances=True)
    for state in (by_class, pooled, means, variances):
        state.add(x, y)
    moments.add(x)
    objects = {
        "neighbors": conceptdec.neighbors(x, k=3),
        "neighbors-groups": conceptdec.neighbors(x, k=2, metric="cosine", groups=y),
        "moments": moments,
        "moments-empty": conceptdec.Moments(2),
        "pca": conceptdec.pca(x, 2),
        "pca-whiten": conceptdec.pca(x, 3, whiten=True, standardize=True),
        "umap": conceptdec.umap(x, n_neighbors=4, epochs=10),
        "class-moments": by_class,
        "class-moments-pooled": pooled,
        "class-moments-means": means,
        "class-moments-variances": variances,
        "subspaces": conceptdec.subspaces(x, y, rank=2),
        "subspaces-means": conceptdec.subspaces(x, y, basis="means"),
        "eraser": conceptdec.fit_eraser(x, y),
        "eraser-projection": conceptdec.fit_eraser(x, y, kind="projection"),
    }
    for name, thing in objects.items():
        thing.save(os.path.join(HERE, name))


if __name__ == "__main__":
    main()
