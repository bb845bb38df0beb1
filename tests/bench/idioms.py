"""idioms.py: how each tool is asked, at its best settings. One class for each, used by worker.py:
    load(x, queries, metric)        everything that is not timed: converting, building an index
    settings(k)                     {label: arguments of use()}: the worker measures which is the fastest here
    table(k, rows=None)             what is timed; with rows, for the first of them only (peers)
    finish(first, second)           (indices, distances) without the row itself; not timed, to the peers' advantage
and for scores: null, scores, naive_null, naive_scores, each with labels y.
"""
import json

import numpy as np


def unit_rows(x):
    norms = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))
    return (x / np.where(norms == 0, 1, norms)[:, None]).astype(np.float32)


def without_self(indices, values):
    """Without the row itself; where it is not listed (single-precision distances), without the last."""
    keep = indices != np.arange(len(indices))[:, None]
    keep[keep.all(axis=1), -1] = False
    shape = (len(indices), indices.shape[1] - 1)
    return indices[keep].reshape(shape), values[keep].reshape(shape)


class ConceptDec:
    def __init__(self):
        import conceptdec
        self.module = conceptdec
        self.version = "conceptdec " + conceptdec.__version__
        self.diagnostics = {}

    def load(self, x, queries, metric):
        self.x, self.queries, self.metric = x, queries, metric
        self.common = {"metric": metric, "progress": False}
        if x.dtype == np.uint16:
            self.common["dtype"] = "bfloat16"

    def settings(self, k):
        return {"": {}}

    def use(self):
        pass

    def table(self, k, threads=0):
        table = self.module.neighbors(self.x, k, queries=self.queries, threads=threads, **self.common)
        self.diagnostics = getattr(table, "diagnostics", None) or {}
        return table.indices, table.distances

    def finish(self, indices, distances):
        return indices, distances

    def null(self, y, k, permutations, threads=0):
        result = self.module.knn_decodability(self.x, y, k=k, permutations=permutations, threads=threads, **self.common)
        self.diagnostics = result.diagnostics
        return {"scores": [float(result.decodability[0])], "null": result.null[:, 0].tolist()}

    def scores(self, y, ks, fold_of, threads=0):
        """Under scikit-learn's rules for ties."""
        result = self.module.knn_decodability(self.x, y, k=ks, protocol="group", groups=fold_of, ties="smallest",
                                              boundary="index", chance_draws=0, threads=threads, **self.common)
        self.diagnostics = result.diagnostics
        return {"scores": result.decodability.tolist()}


def vote_counts(classes, neighbours):
    """How many neighbours of each row belong to each class; neighbours: their classes."""
    n = len(neighbours)
    cells = np.arange(n)[:, None] * classes + neighbours
    return np.bincount(cells.ravel(), minlength=n * classes).reshape(n, classes)


def shared_credit(y, neighbours, classes):
    """Mean credit; classes that tie share the row."""
    votes = vote_counts(classes, neighbours)
    best = votes == votes.max(axis=1, keepdims=True)
    return float((best[np.arange(len(y)), y] / best.sum(axis=1)).mean())


class Sklearn:
    diagnostics = {}

    def __init__(self):
        import sklearn
        import sklearn.model_selection
        import sklearn.neighbors
        self.module = sklearn
        self.version = "scikit-learn " + sklearn.__version__
        self.chunked = "pairwise_dist_chunk_size" in sklearn.get_config()
        self.algorithm = "brute"
        sklearn.set_config(assume_finite=True)

    def load(self, x, queries, metric):
        self.x = unit_rows(x) if metric == "cosine" else x
        self.queries = unit_rows(queries) if queries is not None and metric == "cosine" else queries
        self.metric = metric

    def settings(self, k):
        chunks = (256, 512, 1024) if self.chunked else (0,)
        found = {"brute, chunks of %d" % chunk if chunk else "brute": {"chunk": chunk} for chunk in chunks}
        if self.x.shape[1] <= 32:
            found["kd_tree"] = {"algorithm": "kd_tree"}
        return found

    def use(self, chunk=0, algorithm="brute"):
        if chunk:
            self.module.set_config(pairwise_dist_chunk_size=chunk)
        self.algorithm = algorithm
        jobs = -1 if algorithm == "kd_tree" else None
        self.model = self.module.neighbors.NearestNeighbors(algorithm=algorithm, n_jobs=jobs).fit(self.x)

    def table(self, k, rows=None):
        if rows is not None:
            distances, indices = self.model.kneighbors((self.x if self.queries is None else self.queries)[:rows], k)
        else:
            distances, indices = self.model.kneighbors(self.queries, k)
        return indices, distances

    def finish(self, indices, distances):
        return indices, distances**2 / 2 if self.metric == "cosine" else distances

    def null(self, y, k, permutations):
        """Expert: the neighbours once, then counts of their labels."""
        neighbours, classes = self.table(k)[0], int(y.max()) + 1
        draws = np.random.default_rng(0)
        null = []
        for _ in range(permutations):
            shuffled = draws.permutation(y)
            null.append(shared_credit(shuffled, shuffled[neighbours], classes))
        return {"scores": [shared_credit(y, y[neighbours], classes)], "null": null}

    def naive_null(self, y, k, folds):
        """One permutation of permutation_test_score."""
        shuffled = np.random.default_rng(0).permutation(y)
        return {"scores": [self._cross_validated(shuffled, k, folds)]}

    def _cross_validated(self, y, k, split):
        classifier = self.module.neighbors.KNeighborsClassifier(n_neighbors=k, algorithm="brute")
        right = self.module.model_selection.cross_val_predict(classifier, self.x, y, cv=split) == y
        return float(right.mean())

    def scores(self, y, ks, fold_of):
        """Expert: the neighbours once a fold, then votes for every k."""
        right = np.zeros(len(ks))
        for fold in np.unique(fold_of):
            test, train = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
            model = self.module.neighbors.NearestNeighbors(algorithm="brute").fit(self.x[train])
            neighbours = y[train][model.kneighbors(self.x[test], max(ks), return_distance=False)]
            for i, k in enumerate(ks):
                votes = vote_counts(int(y.max()) + 1, neighbours[:, :k])
                right[i] += (votes.argmax(axis=1) == y[test]).sum()
        return {"scores": (right / len(y)).tolist()}

    def naive_scores(self, y, ks, fold_of):
        split = self.module.model_selection.PredefinedSplit(fold_of)
        return {"scores": [self._cross_validated(y, k, split) for k in ks]}


class Faiss:
    diagnostics = {}
    KNOBS = ("distance_compute_blas_query_bs", "distance_compute_blas_database_bs", "distance_compute_min_k_reservoir")

    def __init__(self):
        import faiss
        self.module = faiss
        self.version = "faiss " + faiss.__version__

    def load(self, x, queries, metric):
        make = {"l2": self.module.IndexFlatL2, "cosine": self.module.IndexFlatIP}[metric]
        prepared = unit_rows if metric == "cosine" else np.asarray
        self.metric, self.own, rows = metric, queries is None, prepared(x)
        self.queries = rows if self.own else prepared(queries)
        self.index = make(x.shape[1])
        self.index.add(rows)

    def settings(self, k):
        knobs = [(4096, 1024, 100), (4096, 4096, 100), (4096, 4096, 10)]  # the first are FAISS's own
        found = {"whole, blocks %d x %d, reservoir from %d" % knob: {"knobs": knob} for knob in knobs}
        found["batches of 1024 rows"] = {"batch": 1024}
        return found

    def use(self, knobs=(4096, 1024, 100), batch=0):
        self.batch = batch
        for name, value in zip(self.KNOBS, knobs):
            setattr(self.module.cvar, name, value)

    def table(self, k, rows=None):
        queries, k = self.queries[:rows], k + self.own
        if not self.batch:
            values, indices = self.index.search(queries, k)
            return indices, values
        indices = np.empty((len(queries), k), dtype=np.int64)
        values = np.empty((len(queries), k), dtype=np.float32)
        for start in range(0, len(queries), self.batch):
            part = slice(start, start + self.batch)
            self.index.search(queries[part], k, D=values[part], I=indices[part])
        return indices, values

    def finish(self, indices, values):
        distances = 1 - values if self.metric == "cosine" else np.sqrt(np.maximum(values, 0))
        return without_self(indices, distances) if self.own else (indices, distances)


class Torch:
    """Products of blocks of rows with all rows, then topk."""
    diagnostics = {}

    def __init__(self):
        import torch
        self.module = torch
        self.version = "torch " + torch.__version__

    def load(self, x, queries, metric):
        prepared = unit_rows if metric == "cosine" else np.array
        self.metric, self.own = metric, queries is None
        self.x = self.module.from_numpy(prepared(x))
        self.queries = self.x if self.own else self.module.from_numpy(prepared(queries))
        self.norms = (self.x * self.x).sum(1)

    def settings(self, k):
        return {"blocks of %d rows" % block: {"block": block} for block in (256, 1024, 4096)}

    def use(self, block=1024):
        self.block = block

    def table(self, k, rows=None):
        queries, k = self.queries[:rows], k + self.own
        indices = np.empty((len(queries), k), dtype=np.int64)
        values = np.empty((len(queries), k), dtype=np.float32)
        for start in range(0, len(queries), self.block):
            part = slice(start, start + self.block)
            best = self.module.addmm(self.norms, queries[part], self.x.T, alpha=-2).topk(k, largest=False)
            values[part], indices[part] = best.values.numpy(), best.indices.numpy()
        return indices, values

    def finish(self, indices, values):
        squared = np.maximum(values + (self.queries * self.queries).sum(1).numpy()[:, None], 0)
        distances = squared / 2 if self.metric == "cosine" else np.sqrt(squared)
        return without_self(indices, distances) if self.own else (indices, distances)


TOOLS = {"conceptdec": ConceptDec, "sklearn": Sklearn, "faiss": Faiss, "torch": Torch}


def plain(diagnostics):
    """Diagnostics as JSON can hold them."""
    return json.loads(json.dumps(diagnostics, default=float))
