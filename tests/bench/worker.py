"""worker.py TOOL: one tool of the comparison (conceptdec, sklearn, faiss) in a process of its own.

Reads one JSON command a line, answers with one JSON line. Imports, reading the data and building an index are not
timed; what is timed ends with the table as NumPy arrays.
    {"do": "load", "path": P}              read a .npy file (uint16 means bfloat16)
    {"do": "table", "k": K, "threads": T}  make the table: seconds, and the peak of memory above what stood before
    {"do": "save", "path": P}              write the last table: P.indices.npy, P.distances.npy
    {"do": "permutations", "path": LABELS, "count": N, "k": K}   conceptdec: N permutations read from a table
"""
import ctypes
import json
import os
import sys
import time

import numpy as np


def memory(field):
    """A field of /proc/self/status in MiB."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(field):
                return int(line.split()[1]) / 1024
    return float("nan")


def blas_cores():
    """The cores that the loaded OpenBLAS libraries have chosen."""
    with open("/proc/self/maps") as file:
        paths = {line.split()[-1] for line in file if "openblas" in line and ".so" in line}
    cores = []
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        if hasattr(library, "openblas_get_corename"):
            library.openblas_get_corename.restype = ctypes.c_char_p
            cores.append(library.openblas_get_corename().decode())
    return sorted(set(cores)) or ["none"]


class ConceptDec:
    def __init__(self):
        import conceptdec
        self.module = conceptdec
        self.version = "conceptdec " + conceptdec.__version__

    def load(self, x):
        self.x = x
        self.options = {"dtype": "bfloat16"} if x.dtype == np.uint16 else {}

    def table(self, k, threads):
        table = self.module.neighbors(self.x, k, threads=threads, progress=False, **self.options)
        return table.indices, table.distances

    def permutations(self, labels, count, k):
        handle = self.module.neighbors(self.x, k, progress=False)
        start = time.perf_counter()
        self.module.knn_decodability(handle, labels, k=k, permutations=count, progress=False)
        return time.perf_counter() - start


class Sklearn:
    def __init__(self):
        import sklearn
        from sklearn.neighbors import NearestNeighbors
        sklearn.set_config(assume_finite=True)
        self.make = NearestNeighbors
        self.version = "scikit-learn " + sklearn.__version__

    def load(self, x):
        self.model = self.make(algorithm="brute").fit(x)

    def table(self, k, threads):
        distances, indices = self.model.kneighbors(n_neighbors=k)
        return indices, distances


class Faiss:
    def __init__(self):
        import faiss
        self.module = faiss
        self.version = "faiss " + faiss.__version__

    def load(self, x):
        self.x = x
        self.index = self.module.IndexFlatL2(x.shape[1])
        self.index.add(x)

    def table(self, k, threads):
        self.module.omp_set_num_threads(threads)
        squared, indices = self.index.search(self.x, k + 1)
        return indices, squared

    def finish(self, indices, squared):
        """Without the row itself; where it is not listed (single-precision distances), without the last."""
        keep = indices != np.arange(len(indices))[:, None]
        keep[keep.all(axis=1), -1] = False
        shape = (len(indices), indices.shape[1] - 1)
        return indices[keep].reshape(shape), np.sqrt(np.maximum(squared[keep].reshape(shape), 0))


class Worker:
    def __init__(self, tool):
        self.tool = {"conceptdec": ConceptDec, "sklearn": Sklearn, "faiss": Faiss}[tool]()

    def load(self, path):
        x = np.load(path)
        self.tool.load(x)
        return {"version": self.tool.version, "cores": blas_cores()}

    def table(self, k, threads):
        self.last = None
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # VmHWM starts anew
        before = memory("VmRSS")
        start = time.perf_counter()
        self.last = self.tool.table(k, threads)
        return {"seconds": time.perf_counter() - start, "mib": memory("VmHWM") - before}

    def save(self, path):
        indices, distances = self.last
        if hasattr(self.tool, "finish"):
            indices, distances = self.tool.finish(indices, distances)
        np.save(path + ".indices.npy", indices)
        np.save(path + ".distances.npy", distances)
        return {}

    def permutations(self, path, count, k):
        return {"seconds": self.tool.permutations(np.load(path), count, k)}


def main():
    answers = os.fdopen(os.dup(1), "w")  # whatever a tool prints does not get in between
    os.dup2(2, 1)
    try:
        worker = Worker(sys.argv[1])
    except ImportError as error:
        sys.exit("%s: %s" % (sys.argv[1], error))
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(worker, command.pop("do"))(**command)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
