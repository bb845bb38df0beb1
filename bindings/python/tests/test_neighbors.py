"""Tables of neighbours: order, ties, life time, files."""

import gc

import numpy as np
import pytest
import reference

import conceptdec


def test_order(rng):
    x = rng.integers(0, 4, size=(40, 3)).astype(np.float16)
    table = conceptdec.neighbors(x, k=6)
    d2 = reference.squared_distances(x)
    np.fill_diagonal(d2, np.inf)
    expected = np.argsort(d2, axis=1, kind="stable")[:, :6]
    assert np.array_equal(table.indices, expected)
    assert np.array_equal(table.distances, np.sqrt(np.take_along_axis(d2, expected, axis=1)))
    last = np.take_along_axis(d2, expected[:, -1:], axis=1)
    assert np.array_equal(table.ties, (d2 <= last).sum(axis=1) - 6)
    assert (len(table), table.count.tolist()) == (40, [6] * 40)


def test_row(rng):
    x = rng.integers(0, 2, size=(30, 3)).astype(np.float64)
    table = conceptdec.neighbors(x, k=4)
    for i in (0, 17, 29):
        indices, distances = table.row(i)
        assert len(indices) == 4 + table.ties[i]
        assert np.array_equal(indices[:4], table.indices[i]) and np.array_equal(distances[:4], table.distances[i])
        assert (distances[4:] == distances[3]).all() and sorted(indices[4:]) == indices[4:].tolist()
    assert np.array_equal(table.row(-1)[0], table.row(29)[0])
    for wrong in (30, -31):
        with pytest.raises(IndexError):
            table.row(wrong)


def test_queries_and_groups(rng):
    x, queries = rng.standard_normal((30, 4)), rng.standard_normal((7, 4)).astype(np.float32)
    d2 = reference.squared_distances(x, queries)
    assert np.array_equal(conceptdec.neighbors(x, 3, queries=queries).indices, np.argsort(d2, axis=1)[:, :3])
    groups, own = np.array(list("abc") * 10), np.array(list("abcabcx"))
    d2[own[:, None] == groups[None, :]] = np.inf
    table = conceptdec.neighbors(x, 3, queries=queries, groups=groups, query_groups=own)
    assert np.array_equal(table.indices, np.argsort(d2, axis=1)[:, :3])


def test_too_few_eligible_rows():
    x, groups = np.arange(5.0)[:, None], ["a", "a", "a", "a", "b"]
    table = conceptdec.neighbors(x, 2, groups=groups)
    assert table.count.tolist() == [1, 1, 1, 1, 2]
    assert table.indices[0].tolist() == [4, -1] and np.isnan(table.distances[0, 1])
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.neighbors(x, 2, groups=groups, strict=True)
    assert caught.value.status_name == "CONCEPTDEC_EFEWELIGIBLE"


def test_arrays_outlive_the_table(rng):
    x = rng.standard_normal((300, 4))
    table = conceptdec.neighbors(x, 5)
    indices, expected = table.indices, table.indices.copy()
    assert not indices.flags.writeable
    assert indices.ctypes.data == table.indices.ctypes.data
    del table
    gc.collect()
    junk = [np.full(1500, 7) for _ in range(50)]
    assert np.array_equal(indices, expected) and len(junk) == 50


def test_save_and_load(rng, tmp_path):
    x, y = rng.standard_normal((50, 4)), rng.integers(0, 3, size=50)
    table = conceptdec.neighbors(x, 5)
    path = tmp_path / "t\u00e4ble.nn"
    table.save(path)
    for loaded in (conceptdec.load_neighbors(path, x), conceptdec.Neighbors.load(str(path), x)):
        assert np.array_equal(loaded.indices, table.indices) and np.array_equal(loaded.distances, table.distances)
        for k in (5, 9):
            fresh = conceptdec.knn_decodability(x, y, k=k)
            assert np.array_equal(conceptdec.knn_decodability(loaded, y, k=k).confusion, fresh.confusion)


def test_a_loaded_table_without_its_matrix(rng, tmp_path):
    x, y = rng.standard_normal((50, 4)), rng.integers(0, 3, size=50)
    conceptdec.neighbors(x, 5).save(tmp_path / "table")
    loaded = conceptdec.load_neighbors(tmp_path / "table")
    fresh = conceptdec.knn_decodability(x, y, k=5)
    assert np.array_equal(conceptdec.knn_decodability(loaded, y, k=5).confusion, fresh.confusion)
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.knn_decodability(loaded, y, k=9)
    assert caught.value.status_name == "CONCEPTDEC_ESHALLOW"


def test_bad_files(rng, tmp_path):
    table = conceptdec.neighbors(rng.standard_normal((20, 3)), 4)
    with pytest.raises(OSError) as caught:
        table.save(tmp_path / "no such folder" / "table")
    assert isinstance(caught.value, conceptdec.ConceptDecError) and caught.value.status_name == "CONCEPTDEC_EIO"
    with pytest.raises(conceptdec.ConceptDecFileError):
        conceptdec.load_neighbors(tmp_path / "absent")
    with pytest.raises(conceptdec.ConceptDecError, match="NUL"):
        table.save("a\0b")
    path = tmp_path / "table"
    table.save(path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.load_neighbors(path)
    assert caught.value.status_name == "CONCEPTDEC_EFORMAT"


def test_repr(rng):
    assert repr(conceptdec.neighbors(rng.standard_normal((20, 3)), 4)) == "<conceptdec.Neighbors: 20 rows, k=4>"
