"""Arrays of files: what they are, where they can stand, and how long the file stays open."""

import gc
import json
import os
import pickle
import struct
import threading

import numpy as np
import pytest
from common import narrow, refused

import conceptdec
from conceptdec import _copies, _views

WORDS = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "bool": "BOOL"}


def write_safetensors(path, arrays, **metadata):
    """As the format says; an array of 16-bit integers holds bfloat16."""
    header, blob = {"__metadata__": metadata} if metadata else {}, b""
    for name, array in arrays.items():
        raw, word = np.ascontiguousarray(array).tobytes(), WORDS.get(str(array.dtype), "BF16")
        header[name] = {"dtype": word, "shape": array.shape, "data_offsets": [len(blob), len(blob) + len(raw)]}
        blob += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + blob)
    return path


@pytest.fixture
def grid(sample):
    x, y = sample
    return np.stack([x, 2 * x, x[:, ::-1], x**3, -x, x + 1]).reshape(2, 3, 60, 8), y


def test_a_file_of_each_kind(grid, tmp_path):
    x, y = grid
    np.save(tmp_path / "x.npy", x)
    write_safetensors(tmp_path / "acts", {"layer.10": x[0, 0], "layer.2": x, "labels": y}, model="toy")
    one = conceptdec.open_activations(tmp_path / "x.npy")
    with one, conceptdec.open_activations(str(tmp_path / "acts")) as acts:
        assert one.names == ["x"] and one[0].shape == (2, 3, 60, 8) and np.array_equal(one["x"].numpy(), x)
        assert acts.names == ["labels", "layer.2", "layer.10"] == list(acts) == list(acts.keys())
        assert len(acts) == 3 and "layer.2" in acts and "layer.3" not in acts and acts.get("layer.3") is None
        assert acts[1].name == acts[-2].name == "layer.2" and acts["layer.2"].dtype == "float64" and acts[1].ndim == 4
        assert acts.metadata("model") == "toy" and acts.metadata("other") is None
        assert "layer.10  float64   60 x 8" in repr(acts) and repr(acts[2]).endswith("'layer.10': float64, 60 x 8>")
        assert acts == acts and acts != one and len({acts, one}) == 2
        for wrong in ("layer.3", "LABELS", ""):
            with pytest.raises(KeyError, match="there are 'labels', 'layer.2', 'layer.10'"):
                acts[wrong]
        with pytest.raises(IndexError):
            acts[3]


@pytest.mark.parametrize("map", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f8", "<f4", "<f2", ">f8", ">f4", ">f2"])
def test_arrays_of_numpy(grid, tmp_path, map, order, kind):
    x, y = grid
    wanted = x.astype(kind)
    for version in (None, (2, 0), (3, 0)):
        with open(tmp_path / "x.npy", "wb") as file:
            np.lib.format.write_array(file, np.asarray(wanted, order=order), version)
        with conceptdec.open_activations(tmp_path / "x.npy", map=map) as acts:
            found = acts["x"].numpy()
            assert found.dtype == wanted.dtype.newbyteorder("=") and np.array_equal(found, wanted)
            expected = conceptdec.sweep(wanted.astype(found.dtype), y, k=3)
            assert np.array_equal(conceptdec.sweep(acts["x"], y, k=3).confusion, expected.confusion)


@pytest.mark.parametrize("map", [False, True])
@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "bfloat16"])
def test_the_same_bits(grid, tmp_path, kind, map):
    """A matrix, a grid and lists of views stand wherever those of memory do."""
    x, y = grid
    x, options, wide = narrow(x, kind)
    write_safetensors(tmp_path / "acts", {"x": x, "first": x[0, 0]})
    acts = conceptdec.open_activations(tmp_path / "acts", map=map)
    a, one = acts["x"], acts["first"]
    assert a.dtype == kind and np.array_equal(a.numpy(), wide) and np.array_equal(np.asarray(a[1, 2]), wide[1, 2])
    assert a.numpy().dtype == ("float32" if kind == "bfloat16" else kind)
    table = conceptdec.neighbors(x[0, 0], 3, **options)
    for found in (conceptdec.neighbors(one, 3), conceptdec.neighbors(a[0, 0], 3, **options)):
        assert np.array_equal(found.indices, table.indices) and np.array_equal(found.distances, table.distances)
    expected = conceptdec.sweep(x, y, k=3, **options)
    for views in (a, list(a), [list(part) for part in a], [[a[i, j] for j in range(3)] for i in range(2)]):
        assert np.array_equal(conceptdec.sweep(views, y, k=3).confusion, expected.confusion)
    part = conceptdec.sweep(a[::-1, 1:], y, k=3)
    assert part.decodability.shape == (2, 2, 1) and np.array_equal(part.confusion, expected.confusion[::-1, 1:])
    for call in (conceptdec.pca, conceptdec.geometry):
        name = "components" if call is conceptdec.pca else "spectrum"
        assert np.array_equal(getattr(call(one), name), getattr(call(x[0, 0], **options), name))
    probes = [conceptdec.probe(rows, y, lambdas=[0.1], **how).weights for rows, how in ((one, {}), (x[0, 0], options))]
    assert np.array_equal(*probes)


def test_copies_by_blocks(grid, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", grid[0])
    a = conceptdec.open_activations(tmp_path / "x.npy")[0]
    for size in (1, 64, 700, 3840):
        monkeypatch.setattr(_copies, "_BLOCK", size)
        assert np.array_equal(a.numpy(), grid[0])


@pytest.mark.parametrize("map", [False, True])
def test_places(grid, tmp_path, map):
    x, _ = grid
    np.save(tmp_path / "x.npy", x)
    a = conceptdec.open_activations(tmp_path / "x.npy", map=map)[0]
    parts = [slice(1), slice(None, None, -1), (slice(None), 1), (0, slice(2, 0, -1))]
    for where in (0, -1, (1, 2), (-1, -3), (np.int64(1),), (), *parts):
        assert a[where].shape == x[where].shape and np.array_equal(a[where].numpy(), x[where]), where
    assert np.array_equal(a[1][2].numpy(), x[1, 2]) and np.array_equal(a[:, ::2][1][0].numpy(), x[1, 0])
    assert len(a) == 2 and len(a[0, 0]) == 60 and [part.shape for part in a] == [(3, 60, 8)] * 2
    assert a[2:].shape == (0, 3, 60, 8) == a[2:].numpy().shape
    for where in (2, -3, (0, 3)):
        with pytest.raises(IndexError, match="out of bounds"):
            a[where]
    with pytest.raises(IndexError, match=r"3 indices, but 2 axes before samples x dimensions; rows are picked from"):
        a[0, 0, 0]
    for where in (..., None, "x", [0, 1], True, 1.0):
        with pytest.raises(TypeError, match="only integers and slices"):
            a[where]
    with pytest.raises(TypeError, match="no axes before samples"):
        iter(a[0, 0])


INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", ">i4"]


@pytest.mark.parametrize("kind", INTEGERS)
def test_integers(sample, tmp_path, kind):
    x, y = sample
    y = (y > 0) if kind == "bool" else y.astype(kind)
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "grid.npy", y.reshape(2, 3, 5, 2))
    labels = conceptdec.open_activations(tmp_path / "y.npy")[0]
    assert labels.dtype == ("int32" if kind == ">i4" else kind) and labels.is_integer
    for found in (labels.integers(), labels.numpy(), np.asarray(labels)):
        assert found.dtype == np.int64 and np.array_equal(found, y)
    found = conceptdec.knn_decodability(x, labels, k=3)
    assert np.array_equal(found.confusion, conceptdec.knn_decodability(x, y.astype(int), k=3).confusion)
    whole = conceptdec.open_activations(tmp_path / "grid.npy")[0]
    for where in ((), 1, (1, 2), (slice(None), 0)):
        assert np.array_equal(whole[where].integers(), y.reshape(2, 3, 5, 2)[where])


def test_labels_groups_and_masks(sample, tmp_path):
    x, y = sample
    groups, train = np.arange(60) // 2, np.arange(60) % 3 > 0
    arrays = {"x": x, "y": y, "groups": groups, "train": train, "t": x[:, 0]}
    acts = conceptdec.open_activations(write_safetensors(tmp_path / "acts", arrays))
    for options in (dict(protocol="group", groups="groups"), dict(protocol="split", train="train")):
        stored = {key: acts.get(value, value) for key, value in options.items()}
        here = {key: arrays.get(value, value) for key, value in options.items()}
        found = conceptdec.knn_decodability(acts["x"], acts["y"], **stored)
        assert np.array_equal(found.confusion, conceptdec.knn_decodability(x, y, **here).confusion)
    found = conceptdec.probe_regression(acts["x"], acts["t"], lambdas=[0.1])
    assert np.array_equal(found.weights, conceptdec.probe_regression(x, x[:, 0], lambdas=[0.1]).weights)
    decoder = conceptdec.KNNDecoder(k=3).fit(acts["x"], acts["y"])
    assert np.array_equal(decoder.predict(acts["x"]), conceptdec.KNNDecoder(k=3).fit(x, y).predict(x))


def test_bfloat16(sample, tmp_path):
    bits, _, wide = narrow(sample[0], "bfloat16")
    np.save(tmp_path / "x.npy", bits)
    plain = conceptdec.open_activations(tmp_path / "x.npy")[0]
    assert plain.dtype == "uint16" and np.array_equal(plain.integers(), bits)
    hint = r"not uint16; if it holds bfloat16: open_activations\(path, dtype='bfloat16'\)"
    refused("EDTYPE", lambda: conceptdec.neighbors(plain, 3), "X: array 'x' must be float64.*" + hint)
    refused("EDTYPE", lambda: conceptdec.neighbors(plain, 3, dtype="bfloat16"), "array 'x' must be bfloat16, " + hint)
    acts = conceptdec.open_activations(tmp_path / "x.npy", dtype="bfloat16")
    assert acts[0].dtype == "bfloat16" and not acts[0].is_integer
    assert np.array_equal(acts[0].bits(), bits) and acts[0].bits().dtype == np.uint16
    assert np.array_equal(np.asarray(acts[0], dtype=np.float64), wide)
    refused("EDTYPE", lambda: acts[0].integers())
    refused("EDTYPE", lambda: plain.bits(), "array 'x': holds uint16, not bfloat16")
    strange = lambda: conceptdec.open_activations(tmp_path / "x.npy", dtype="float8")
    refused("EDTYPE", strange, "dtype: 'float8' is not known")


def test_what_is_no_matrix(sample, tmp_path):
    x, y = sample
    arrays = {"x": np.stack([x, x]), "y": y, "t": x[:, 0], "one": x}
    acts = conceptdec.open_activations(write_safetensors(tmp_path / "acts", arrays))
    refused("EDTYPE", lambda: conceptdec.neighbors(acts["y"], 3), "X: array 'y' must be float64.* not int64")
    refused("ESIZE", lambda: conceptdec.neighbors(acts["t"], 3), "X: needs 2 axes .*array 't' has shape 60")
    refused("ESIZE", lambda: conceptdec.neighbors(acts["x"], 3), "X: needs 2 axes .*2x60x8")
    refused("ESIZE", lambda: conceptdec.sweep(acts["one"], y), "views: one matrix is no grid")
    refused("EDTYPE", lambda: conceptdec.neighbors(acts["one"], 3, dtype="bfloat16"), "must be bfloat16, not float64")
    refused("ESIZE", lambda: conceptdec.sweep([acts["one"], acts["x"]], y), "ragged")
    with pytest.raises(conceptdec.ConceptDecError, match="must be integers or strings, not float64"):
        conceptdec.knn_decodability(x, acts["t"])
    with pytest.raises(ValueError, match="NumPy needs a copy"):
        acts["x"].__array__(copy=False)


def test_types_that_are_not_read_have_their_names(sample, tmp_path):
    for kind in ("longdouble", "complex128"):
        np.save(tmp_path / "x.npy", sample[0].astype(kind))
        stored = conceptdec.open_activations(tmp_path / "x.npy")["x"]
        assert stored.dtype == np.dtype(kind).name
        refused("EDTYPE", lambda: conceptdec.neighbors(stored, 3), f"not {stored.dtype}")


def test_files_that_are_none(tmp_path):
    for path in (tmp_path / "absent.npy", tmp_path):
        with pytest.raises(OSError) as caught:
            conceptdec.open_activations(path)
        assert isinstance(caught.value, conceptdec.ConceptDecFileError)
    (tmp_path / "short.npy").write_bytes(b"\x93NUMPY\x01\x00")
    (tmp_path / "text").write_text("layer,row\n1,2\n")
    for name in ("short.npy", "text"):
        refused("EFORMAT", lambda: conceptdec.open_activations(tmp_path / name), name)
    with pytest.raises(conceptdec.ConceptDecError, match="NUL"):
        conceptdec.open_activations("a\0b")


def test_shards(sample, tmp_path):
    x, y = sample
    write_safetensors(tmp_path / "1.safetensors", {"a": x, "y": y})
    write_safetensors(tmp_path / "2.safetensors", {"b": 2 * x})
    index = {"metadata": {}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors", "y": "1.safetensors"}}
    (tmp_path / "index.json").write_text(json.dumps(index))
    acts = conceptdec.open_activations(tmp_path / "index.json")
    assert acts.names == ["a", "b", "y"]
    found = conceptdec.sweep([acts[n] for n in acts.names if n != "y"], acts["y"], k=3)
    assert np.array_equal(found.confusion, conceptdec.sweep([x, 2 * x], y, k=3).confusion)


# ---- how long the file stays open ----


def is_open(path):
    """Whether this process has the file open, or mapped."""
    links = [os.path.join("/proc/self/fd", fd) for fd in os.listdir("/proc/self/fd")]
    opened = any(os.path.realpath(link) == str(path) for link in links)
    return opened or str(path) in open("/proc/self/maps").read()


@pytest.mark.parametrize("map", [False, True])
def test_arrays_keep_the_file(sample, tmp_path, map):
    x, y = sample
    path = tmp_path / "x.npy"
    np.save(path, np.stack([x, x]))
    with conceptdec.open_activations(path, map=map) as acts:
        first, second = acts[0][0], acts["x"][1]
        assert is_open(path)
    refused("EINVAL", lambda: acts[0], "this Activations is closed")
    refused("EINVAL", lambda: acts.metadata("x"), "closed")
    assert repr(acts) == "<conceptdec.Activations: closed>" and acts.names == ["x"]
    assert np.array_equal(first.numpy(), x) and is_open(path)
    table = conceptdec.neighbors(first, 3)
    del first, second, acts
    gc.collect()
    assert is_open(path)  # the table reads further rows from it
    found, expected = (conceptdec.knn_decodability(rows, y, k=7) for rows in (table, x))
    assert np.array_equal(found.confusion, expected.confusion)
    del table
    gc.collect()
    assert not is_open(path)


def test_integers_keep_the_file(tmp_path):
    np.save(tmp_path / "y.npy", np.arange(5))
    kept = conceptdec.open_activations(tmp_path / "y.npy")[0].integers()
    gc.collect()
    assert kept.tolist() == [0, 1, 2, 3, 4] and not kept.flags.writeable
    copy = conceptdec.open_activations(tmp_path / "y.npy")[0].numpy()
    copy[0] = 7
    assert copy.tolist() == [7, 1, 2, 3, 4] and is_open(tmp_path / "y.npy")
    del kept
    gc.collect()
    assert not is_open(tmp_path / "y.npy")


def test_no_callback_into_python(grid, tmp_path):
    """The library reads the file itself: its reader, or the mapped memory."""
    x, _ = grid
    np.save(tmp_path / "x.npy", x)
    for map in (False, True):
        a = conceptdec.open_activations(tmp_path / "x.npy", map=map)[0]
        matrix = _views.matrix("X", a[1, 1])
        assert (matrix.rows, matrix.cols, matrix.flags) == (60, 8, 0 if map else 1)
        assert matrix.owner is a._handle


def test_a_file_that_is_cut_off(sample, tmp_path):
    x, y = sample
    np.save(tmp_path / "x.npy", np.tile(x, (200, 1)))
    acts = conceptdec.open_activations(tmp_path / "x.npy")
    os.truncate(tmp_path / "x.npy", 5000)
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.neighbors(acts[0], 3)
    assert caught.value.status_name == "CONCEPTDEC_EREAD"
    with pytest.raises(OSError, match="array 'x': rows from 0 on cannot be read"):
        acts[0].numpy()


def test_pickles_of_models(sample, tmp_path):
    """A model that needs its rows takes them along."""
    bits, options, _ = narrow(sample[0], "bfloat16")
    acts = conceptdec.open_activations(write_safetensors(tmp_path / "acts", {"x": bits}))
    model = conceptdec.umap(acts["x"], n_neighbors=5)
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.transform(bits[:3], **options), model.transform(bits[:3], **options))


# ---- pickles, and other processes ----


def decodability_of(rows, y, k):
    return conceptdec.knn_decodability(rows, y, k=k, progress=False).decodability.tolist()


@pytest.mark.parametrize("map", [False, True])
def test_pickles_open_the_file_again(grid, tmp_path, map, monkeypatch):
    x, y = grid
    bits, _, wide = narrow(x, "bfloat16")
    np.save(tmp_path / "x.npy", bits)
    monkeypatch.chdir(tmp_path)
    acts = conceptdec.open_activations("x.npy", dtype="bfloat16", map=map)
    array, part = acts["x"], acts["x"][1, ::-1]
    monkeypatch.chdir("/")
    raw = pickle.dumps([acts, array, part])
    assert len(raw) < 1000
    again, whole, piece = pickle.loads(raw)
    assert again.names == ["x"] and again is not acts and again._handle is whole._handle is piece._handle
    assert again._handle is not acts._handle and len(pickle.dumps(again)) < 500
    assert whole.dtype == "bfloat16" and np.array_equal(whole.numpy(), wide)
    assert piece.shape == (3, 60, 8) and np.array_equal(piece.numpy(), wide[1, ::-1])
    matrix = _views.matrix("X", whole[0, 0])
    assert matrix.flags == (0 if map else 1)
    twice = pickle.loads(pickle.dumps(piece))
    assert np.array_equal(twice.numpy(), piece.numpy())
    assert decodability_of(twice[0], y, 3) == decodability_of(part[0], y, 3)


def test_other_processes(grid, tmp_path):
    import multiprocessing

    x, y = grid
    acts = conceptdec.open_activations(write_safetensors(tmp_path / "acts", {"x": x, "y": y}))
    work = [(acts["x"][i, j], acts["y"], 3) for i in range(2) for j in range(3)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(decodability_of, work)
    assert found == [decodability_of(x[i, j], y, 3) for i in range(2) for j in range(3)]


def test_pickles_of_files_that_changed(sample, tmp_path):
    x, y = sample
    path = write_safetensors(tmp_path / "acts", {"x": x, "y": y})
    acts = conceptdec.open_activations(path)
    raw, raw_file = pickle.dumps(acts["x"]), pickle.dumps(acts)
    acts.close()
    refused("EINVAL", lambda: pickle.dumps(acts), "this Activations is closed")
    for arrays in ({"z": x}, {"x": x[:9]}, {"x": x.astype("float32")}):
        write_safetensors(path, arrays)
        refused("EIO", lambda: pickle.loads(raw), "has changed: it holds no array 'x' of float64, 60 x 8")
    assert pickle.loads(raw_file).names == ["x"]
    path.unlink()
    for gone in (raw, raw_file):
        with pytest.raises(OSError, match="cannot open"):
            pickle.loads(gone)


def test_many_threads(grid, tmp_path):
    x, y = grid
    np.save(tmp_path / "x.npy", x)
    acts, found = conceptdec.open_activations(tmp_path / "x.npy"), []
    work = lambda: found.append(conceptdec.sweep(acts[0], y, k=3).confusion)
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = conceptdec.sweep(x, y, k=3).confusion
    assert len(found) == 6 and all(np.array_equal(one, expected) for one in found)
