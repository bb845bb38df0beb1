"""data.py: the matrices of the comparison, each written once to a .npy file that every process maps.

Made: a spectrum whose variance falls as rank^-slope, with 100 clusters that hold 30 % of the variance, as activations
have; columns in a random order. The concept of a row is its cluster's number modulo 10. Or the caller's own file.
"""
import os
import zlib

import numpy as np

CLUSTERS, SHARE, CONCEPTS = 100, 0.3, 10
BLOCK = 4096  # rows made or converted at a time


def bfloat16(x):
    """The upper halves of float32 values, rounded to the nearest even, as uint16."""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def widened(x):
    """float32 values of a matrix of any of the types here."""
    if x.dtype == np.uint16:
        return (x.astype(np.uint32) << 16).view(np.float32)
    return np.asarray(x, dtype=np.float32)


def spectrum_rows(n, d, slope, part):
    """Blocks of n rows; rows of two parts are different draws of one distribution."""
    shape = np.random.default_rng([d, round(10 * slope)])
    scale = shape.permutation(np.arange(1, d + 1, dtype=np.float64) ** (-slope / 2)).astype(np.float32)
    centres = shape.standard_normal((CLUSTERS, d), dtype=np.float32) * np.float32(SHARE**0.5)
    draws = np.random.default_rng([n, d, round(10 * slope), part])
    for start in range(0, n, BLOCK):
        rows = np.arange(start, min(n, start + BLOCK))
        x = draws.standard_normal((len(rows), d), dtype=np.float32) * np.float32((1 - SHARE) ** 0.5)
        yield (x + centres[rows % CLUSTERS]) * scale


def first_matrix(path, number):
    """One matrix of a file whose last two axes are samples x dimensions."""
    x = np.load(path, mmap_mode="r")
    if x.ndim < 2:
        raise SystemExit("%s: not a matrix" % path)
    grid = x.reshape((-1,) + x.shape[-2:])
    if not 0 <= number < len(grid):
        raise SystemExit("%s holds %d matrices: there is no number %d" % (path, len(grid), number))
    return grid[number]


def write(path, shape, dtype, blocks):
    """A file that appears whole."""
    stored = {"float32": np.float32, "float16": np.float16, "bfloat16": np.uint16}[dtype]
    x = np.lib.format.open_memmap(path + ".part", mode="w+", dtype=stored, shape=shape)
    start = 0
    for block in blocks:
        x[start:start + len(block)] = bfloat16(block) if dtype == "bfloat16" else block.astype(stored)
        start += len(block)
    x.flush()
    os.replace(path + ".part", path)


class Source:
    """Where a case has its rows from: {"n", "d", "slope"} or {"file", "matrix", "name"}; files lie below `work`."""

    def __init__(self, where, work):
        self.where, self.work = where, work
        if "file" in where:
            self.given = first_matrix(where["file"], where["matrix"])
            self.n, self.d = self.given.shape
            known = os.stat(where["file"])
            key = "%s %d %d %d" % (os.path.abspath(where["file"]), where["matrix"], known.st_mtime_ns, known.st_size)
            self.name = "file-%08x" % zlib.crc32(key.encode())
        else:
            self.given, self.n, self.d = None, where["n"], where["d"]
            self.name = "%d-%d-%g" % (self.n, self.d, where["slope"])

    def _file(self, name, dtype, shape, blocks):
        path = os.path.join(self.work, "%s-%s.npy" % (name, dtype))
        if not os.path.exists(path):
            write(path, shape, dtype, blocks())
        return path

    def _blocks(self):
        if self.given is None:
            return spectrum_rows(self.n, self.d, self.where["slope"], 0)
        return (widened(self.given[start:start + BLOCK]) for start in range(0, self.n, BLOCK))

    def matrix(self, dtype):
        return self._file("data-" + self.name, dtype, (self.n, self.d), self._blocks)

    def queries(self, count, dtype):
        """Rows that are not in the matrix, of the same distribution."""
        return self._file("queries-%d-%s" % (count, self.name), dtype, (count, self.d),
                          lambda: spectrum_rows(count, self.d, self.where["slope"], 1))

    def labels(self):
        path = os.path.join(self.work, "labels-%s.npy" % self.name)
        np.save(path, (np.arange(self.n) % CLUSTERS % CONCEPTS).astype(np.int32))
        return path
