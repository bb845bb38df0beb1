"""Files that the library writes, read by NumPy and by a reader of .safetensors that is made of json and NumPy alone."""
import ctypes
import json
import os

import numpy as np
import pytest

from conceptdec import _constants as const
from conceptdec import _structs
from conceptdec._context import run
from conceptdec._views import matrix, packed, views

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I32": "<i4", "I64": "<i8"}


def named(name, x, dtype=None):
    """One array with its grid, and what must be kept while it is written; integers of one axis as a vector."""
    x = np.asarray(x)
    flags = const.VIEWS_VECTOR if x.ndim == 1 else 0
    if x.dtype.kind == "i":
        code = const.INT32 if x.itemsize == 4 else const.INT64
        axes, cells = (), [_structs.Matrix(x.ctypes.data, len(x), 1, x.strides[0], x.itemsize, code)]
    elif x.ndim > 2:
        axes, cells = views("x", x, dtype)
    else:
        axes, cells = (), [matrix("x", x, dtype)]
    shape = (ctypes.c_int64 * len(axes))(*axes)
    cells = packed(cells)
    return _structs.NamedViews(name.encode(), cells, shape, len(axes), flags), (cells, shape, x)


def save(path, arrays, metadata=(), dtype=None):
    pairs = [named(name, x, dtype if np.asarray(x).dtype == np.uint16 else None) for name, x in arrays]
    texts = (ctypes.c_char_p * len(metadata))(*[text.encode() for text in metadata])
    options = _structs.SaveOptions(metadata=texts, n_metadata=len(metadata) // 2)
    options.struct_size = ctypes.sizeof(options)
    block = (_structs.NamedViews * len(pairs))(*[view for view, _ in pairs])
    run("conceptdec_activations_save", os.fsencode(path), block, len(pairs), ctypes.byref(options))


def read_safetensors(path):
    """The tensors in the order of the header, and the metadata; every rule of the format is asserted."""
    data = open(path, "rb").read()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0 and length <= 100_000_000 and data[8:9] == b"{"
    pairs = json.loads(data[8 : 8 + length], object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs)
    header, at, tensors = dict(pairs), 0, {}
    metadata = dict(header.pop("__metadata__", []))
    for name, fields in header.items():
        fields = dict(fields)
        begin, end = fields["data_offsets"]
        kind = np.dtype(TYPES[fields["dtype"]])
        assert begin == at and end - begin == kind.itemsize * int(np.prod(fields["shape"], dtype=np.int64))
        tensors[name] = np.frombuffer(data[8 + length + begin : 8 + length + end], kind).reshape(fields["shape"])
        at = end
    assert 8 + length + at == len(data)
    return tensors, metadata


def bits(x):
    x = np.ascontiguousarray(x)
    return x.view("u%d" % x.dtype.itemsize)


def numbers(kind, shape, seed=0):
    """Any bits at all, as a view whose axes lie neither in order nor dense."""
    size = np.dtype(kind).itemsize
    wide = np.random.default_rng(seed).bytes(size * int(np.prod(shape)) * 6)
    wide = np.frombuffer(wide, kind).reshape([2 * shape[-1], 3, *shape[:-1]])
    return np.moveaxis(wide[::-2, 1], 0, -1)


SHAPES = [(7, 5), (1, 1), (1000, 333), (3, 4, 9), (2, 3, 1, 2, 5, 4), (2, 1, 2, 1, 2, 1, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["<f8", "<f4", "<f2", "<u2"])
def test_numpy_reads_every_bit(tmp_path, kind, shape):
    x = numbers(kind, shape)
    save(tmp_path / "x.npy", [("x", x)], dtype="bfloat16")
    read = np.load(tmp_path / "x.npy", allow_pickle=False)
    assert read.dtype == np.dtype("V2" if kind == "<u2" else kind) and read.shape == shape
    np.testing.assert_array_equal(bits(read.view("<u2") if kind == "<u2" else read), bits(x))
    if kind != "<u2":
        np.save(tmp_path / "numpy.npy", np.ascontiguousarray(x))
        assert (tmp_path / "numpy.npy").read_bytes() == (tmp_path / "x.npy").read_bytes()


@pytest.mark.parametrize("kind", ["<i4", "<i8"])
def test_numpy_reads_labels(tmp_path, kind):
    labels = numbers(kind, (300, 1))[:, 0]
    save(tmp_path / "y.npy", [("y", labels)])
    read = np.load(tmp_path / "y.npy")
    assert read.dtype == kind and read.shape == (300,)
    np.testing.assert_array_equal(read, labels)


def test_safetensors(tmp_path):
    arrays = [("layer.10", numbers("<f2", (3, 40, 9), 1)), ('é "quoted"\n\\', numbers("<u2", (11, 3), 2)),
              ("labels", numbers("<i8", (40, 1), 3)[:, 0]), ("layer.2", numbers("<f8", (40, 70), 4)),
              ("wide", numbers("<f4", (2, 200001), 5)), ("groups", numbers("<i4", (40, 1), 6)[:, 0])]
    metadata = ["format", "pt", "ключ", "a\tb\x1f"]
    save(tmp_path / "x.safetensors", arrays, metadata, dtype="bfloat16")
    tensors, read = read_safetensors(tmp_path / "x.safetensors")
    assert list(tensors) == [name for name, _ in arrays]
    assert read == dict(zip(metadata[::2], metadata[1::2]))
    for name, x in arrays:
        assert tensors[name].dtype == x.dtype and tensors[name].shape == x.shape
        np.testing.assert_array_equal(bits(tensors[name]), bits(x), err_msg=name)


def test_many_arrays(tmp_path):
    """A header of more than a block, sorted names among them only by chance."""
    rng = np.random.default_rng(0)
    arrays = [("layer %d, %s" % (i, "x" * rng.integers(90)), rng.normal(size=(2, 3))) for i in rng.permutation(5000)]
    save(tmp_path / "x.safetensors", arrays)
    tensors, _ = read_safetensors(tmp_path / "x.safetensors")
    assert list(tensors) == [name for name, _ in arrays]
    for name, x in arrays:
        np.testing.assert_array_equal(tensors[name], x)
