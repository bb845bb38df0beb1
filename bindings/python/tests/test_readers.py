"""Activations that do not lie in memory, and what the search screens with."""

import os
import threading

import numpy as np
import pytest

import conceptdec
from conceptdec import _views

WORDS = ["int8", "float32", "float64"]


class Rows:
    """An array that is only given away row by row."""

    def __init__(self, array, fail_at=None, problem=None):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.fail_at, self.problem, self.calls, self.threads = fail_at, problem, 0, set()

    def read_rows(self, first, count):
        assert 0 <= first and 1 <= count and first + count <= len(self.array)
        self.calls += 1
        self.threads.add(threading.get_ident())
        if self.calls == self.fail_at:
            raise self.problem
        return self.array[first : first + count]


class Broken(Exception):
    pass


def expect_same(found, expected):
    for name in ("indices", "distances", "count", "ties"):
        assert np.array_equal(getattr(found, name), getattr(expected, name), equal_nan=True), name


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "uint16"])
@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_the_same_table(rng, dtype, metric):
    x = rng.standard_normal((700, 33))
    x[100:120] = x[:20]
    x = (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16) if dtype == "uint16" else x.astype(dtype)
    options = dict(k=5, metric=metric, dtype="bfloat16" if dtype == "uint16" else None, threads=3)
    own, others = Rows(x), Rows(x[:50])
    expect_same(conceptdec.neighbors(own, **options), conceptdec.neighbors(x, **options))
    assert len(own.threads) >= 1 and threading.get_ident() not in own.threads
    expected = conceptdec.neighbors(x, queries=x[:50], **options)
    expect_same(conceptdec.neighbors(own, queries=others, **options), expected)
    expect_same(conceptdec.neighbors(x, queries=others, **options), expected)


def test_any_kind_of_block(sample):
    """What read_rows returns may be a list's array, strided or read-only."""

    class Strided(Rows):
        def read_rows(self, first, count):
            return np.asfortranarray(self.array)[first : first + count]

    expect_same(conceptdec.neighbors(Strided(sample[0]), 3), conceptdec.neighbors(sample[0], 3))


def test_scores(sample, tmp_path):
    x, y = sample
    expected = conceptdec.knn_decodability(x, y, k=5, protocol="kfold")
    conceptdec.neighbors(x, 1).save(tmp_path / "table")
    tables = conceptdec.neighbors(Rows(x), 1), conceptdec.load_neighbors(tmp_path / "table", Rows(x))
    for source in (Rows(x), *tables):
        found = conceptdec.knn_decodability(source, y, k=5, protocol="kfold")
        assert np.array_equal(found.confusion, expected.confusion)


def test_an_interrupt_ends_a_sweep(sample):
    x, y = sample

    class Interrupted(Rows):
        def read_rows(self, first, count):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conceptdec.sweep([x, Interrupted(x), x], y, k=3)


def test_sweep(sample):
    x, y = sample
    found = conceptdec.sweep([Rows(x), x[:, :4], Rows(x * 2)], y, k=3)
    assert np.array_equal(found.confusion, conceptdec.sweep([x, x[:, :4], x * 2], y, k=3).confusion)
    grid = conceptdec.sweep([[Rows(x)], [Rows(x, 1, Broken("gone"))]], y, k=3)
    assert grid.status.tolist() == [[0], [-24]] and np.isnan(grid.decodability[1]).all()
    with pytest.raises(Broken, match="gone"):
        conceptdec.sweep([Rows(x, 1, Broken("gone")), Rows(x, 1, Broken("late"))], y, k=3)


@pytest.mark.parametrize("fail_at", [1, 2, 5, 40])
@pytest.mark.parametrize("problem", [Broken("the disk is gone"), SystemExit(3), MemoryError("no more")])
def test_exceptions_come_through(rng, fail_at, problem):
    x, y = rng.standard_normal((2000, 200)), np.arange(2000) % 3  # 50 blocks
    rows = Rows(x, fail_at, problem)
    for call in (lambda: conceptdec.neighbors(rows, 3), lambda: conceptdec.knn_decodability(rows, y, k=3)):
        rows.calls = 0
        with pytest.raises(type(problem)) as caught:
            call()
        assert caught.value is problem
    rows.fail_at = None
    table = conceptdec.neighbors(rows, 3)
    expect_same(table, conceptdec.neighbors(x, 3))
    rows.fail_at, rows.calls = 1, 0
    with pytest.raises(type(problem)):
        conceptdec.knn_decodability(table, y, k=5)


@pytest.mark.parametrize("bad", [np.zeros((2, 2)), np.zeros(3), np.zeros((1, 8), np.float32), "rows", None])
def test_wrong_blocks(sample, bad):
    rows = Rows(sample[0])
    rows.read_rows = lambda first, count: bad
    with pytest.raises(conceptdec.ConceptDecTypeError, match=r"X: read_rows\(\d+, \d+\) gave"):
        conceptdec.neighbors(rows, 3)


def test_what_is_no_reader(sample):
    x, y = sample
    with pytest.raises(conceptdec.ConceptDecError, match="X: needs 2 axes"):
        conceptdec.neighbors(Rows(x.reshape(6, 10, 8)), 3)
    with pytest.raises(conceptdec.ConceptDecTypeError, match="X: must be float64"):
        conceptdec.neighbors(Rows(x.astype(np.int32)), 3)
    with pytest.raises(conceptdec.ConceptDecTypeError, match="byte order"):
        conceptdec.neighbors(Rows(x.astype(">f8")), 3)
    with pytest.raises(conceptdec.ConceptDecError, match="one matrix is no grid"):
        conceptdec.sweep(Rows(x), y)


def test_a_stopped_call(sample):
    """A progress function that raises ends a call whose rows come slowly."""
    rows, stopped = Rows(np.tile(sample[0], (60, 1))), threading.Event()

    def stop(stage, done, total):
        stopped.set()
        raise Broken("enough")

    with pytest.raises(Broken, match="enough"):
        conceptdec.neighbors(rows, 3, progress=stop)
    assert stopped.is_set()
    calls = rows.calls
    assert conceptdec.neighbors(sample[0], 3).indices.shape == (60, 3) and rows.calls == calls


def test_a_mapped_file_is_not_copied(sample, tmp_path):
    x = sample[0].astype(np.float16)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    matrix = _views.matrix("X", mapped)
    assert matrix.data == mapped.__array_interface__["data"][0] and matrix.flags == 0
    with open("/proc/self/maps") as maps:
        ranges = [[int(end, 16) for end in line.split()[0].split("-")] for line in maps if line.endswith("/x.npy\n")]
    assert any(start <= matrix.data < end for start, end in ranges)
    expect_same(conceptdec.neighbors(mapped, 4), conceptdec.neighbors(x, 4))
    os.unlink(tmp_path / "x.npy")


# ---- screening ----


def test_every_screening_has_the_same_answer(rng, tmp_path):
    x, y = rng.standard_normal((600, 40)).astype(np.float32), np.arange(600) % 3
    expected = conceptdec.neighbors(x, 4)
    assert expected.screening in WORDS and expected.n_refined >= 0
    for number, word in enumerate(WORDS):
        table = conceptdec.neighbors(x, 4, screening=word)
        expect_same(table, expected)
        assert table.screening == word and table.n_refined > 0
        result = conceptdec.knn_decodability(x, y, k=4, screening=word)
        assert result.diagnostics["screening"] == number + 1
        assert np.array_equal(result.confusion, conceptdec.knn_decodability(x, y, k=4).confusion)
        cells = conceptdec.sweep([x, x[:, :8]], y, k=4, screening=word)
        assert np.array_equal(cells.confusion[0], result.confusion)
    expected.save(tmp_path / "table")
    loaded = conceptdec.load_neighbors(tmp_path / "table")
    assert loaded.screening is None and loaded.n_refined == 0


def test_unknown_screening(sample):
    allowed = r"allowed: 'auto', 'int8', 'float32', 'float64'"
    x, y = sample
    for call in (conceptdec.neighbors, conceptdec.knn_decodability, conceptdec.sweep):
        arguments = {conceptdec.neighbors: (x,), conceptdec.sweep: ([x], y)}.get(call, (x, y))
        with pytest.raises(conceptdec.ConceptDecError, match=allowed):
            call(*arguments, screening="int4")
