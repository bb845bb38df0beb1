"""worker.py TOOL: one tool of the comparison in a process of its own (idioms.py says how it is asked).

Reads one JSON command a line, answers with one JSON line. What is timed ends with the answer as NumPy arrays.
    {"do": "load", "path": P, "queries": P, "metric": M}    a .npy file (uint16 means bfloat16), mapped
    {"do": "labels", "path": P, "folds": P}                 labels, and the fold of each row
    {"do": "tune", "k": K, "rows": R}                       choose the fastest settings on R rows
    {"do": "save", "path": P}                               write the last table: P.indices.npy, P.distances.npy
    anything else is asked of the tool and timed: seconds, the answer where it is not a table, the peak of memory
"""
import ctypes
import json
import os
import statistics
import sys
import time

import numpy as np

import idioms

MISSING = 77  # exit status: this tool is not installed
SHORT, ENOUGH = 0.1, 0.3  # seconds: a call that is shorter is repeated until so many have passed


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


def timed(call, *arguments, **named):
    start = time.perf_counter()
    answer = call(*arguments, **named)
    return time.perf_counter() - start, answer


class Worker:
    def __init__(self, name):
        self.tool = idioms.TOOLS[name]()
        self.last, self.labels_and_folds = None, {}
        self.before = memory("VmRSS")

    def load(self, path, queries=None, metric="l2"):
        x = np.load(path, mmap_mode="r")
        q = np.load(queries, mmap_mode="r") if queries else None
        self.tool.load(x, q, metric)
        self.input = (x.nbytes + (0 if q is None else q.nbytes)) / 2**20
        return {"version": self.tool.version, "cores": blas_cores()}

    def labels(self, path, folds):
        self.labels_and_folds = {"y": np.load(path), "fold_of": np.load(folds)}
        return {}

    def tune(self, k, rows):
        settings, seconds = self.tool.settings(k), {}
        for label, arguments in settings.items():
            self.tool.use(**arguments)
            if len(settings) > 1:
                self.tool.table(k, rows=min(rows, 64))
                seconds[label] = timed(self.tool.table, k, rows=rows)[0]
        best = min(seconds, key=seconds.get) if seconds else next(iter(settings))
        self.tool.use(**settings[best])
        return {"setting": best, "tried": seconds}

    def save(self, path):
        indices, distances = self.tool.finish(*self.last)
        np.save(path + ".indices.npy", indices)
        np.save(path + ".distances.npy", distances)
        return {}

    def measure(self, do, arguments):
        """Seconds of one call, the median of several where it is short; the peak above what stood before loading."""
        if do in ("null", "naive_null"):
            arguments["y"] = self.labels_and_folds["y"]
        if do in ("scores", "naive_scores"):
            arguments.update(self.labels_and_folds)
        self.last = None
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # VmHWM starts anew
        call, seconds = getattr(self.tool, do), []
        while not seconds or (seconds[0] < SHORT and sum(seconds) < ENOUGH):
            self.last = None
            second, self.last = timed(call, **arguments)
            seconds.append(second)
        answer = {"seconds": statistics.median(seconds), "calls": len(seconds),
                  "mib": memory("VmHWM") - self.before - self.input, "diagnostics": idioms.plain(self.tool.diagnostics)}
        return {**answer, **(self.last if isinstance(self.last, dict) else {})}


def main():
    answers = os.fdopen(os.dup(1), "w")  # whatever a tool prints does not get in between
    os.dup2(2, 1)
    try:
        worker = Worker(sys.argv[1])
    except ImportError as error:
        print("    %s cannot run here: %s" % (sys.argv[1], error), file=sys.stderr)
        sys.exit(MISSING)
    for line in sys.stdin:
        command = json.loads(line)
        do = command.pop("do")
        own = {"load": worker.load, "labels": worker.labels, "tune": worker.tune, "save": worker.save}
        answer = own[do](**command) if do in own else worker.measure(do, command)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
