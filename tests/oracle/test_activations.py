"""Files that NumPy (and, for .safetensors, the format's description) makes read back equal, element by element."""
import contextlib
import ctypes
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from corpus_files import safetensors  # noqa: E402

from conceptdec._library import library  # noqa: E402

OK, BFLOAT16, INT64, READER, MAP = 0, 4, 17, 1, 1
DTYPES = {1: np.float64, 2: np.float32, 3: np.float16, 4: np.uint16}


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint64), ("given", ctypes.c_uint64), ("flags", ctypes.c_uint32),
                ("dtype", ctypes.c_int32)]


class Info(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_char_p), ("shape", ctypes.c_int64 * 8),
                ("ndim", ctypes.c_int32), ("dtype", ctypes.c_int32)]


class Matrix(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("rows", ctypes.c_int64), ("cols", ctypes.c_int64),
                ("row_stride", ctypes.c_int64), ("col_stride", ctypes.c_int64), ("dtype", ctypes.c_int32),
                ("device", ctypes.c_int32), ("flags", ctypes.c_uint64), ("reserved", ctypes.c_uint64 * 2)]


class Array(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("shape", ctypes.c_int64 * 8), ("ndim", ctypes.c_int32),
                ("dtype", ctypes.c_int32)]


READ = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)


class Reader(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint64), ("given", ctypes.c_uint64), ("read", READ), ("user", ctypes.c_void_p)]


@pytest.fixture(scope="module")
def lib():
    """The library without the package's own declarations, which know other names of the types."""
    loaded = ctypes.CDLL(library()._name)
    loaded.conceptdec_ctx_error.restype = ctypes.c_char_p
    loaded.conceptdec_activations_count.restype = ctypes.c_int64
    loaded.conceptdec_activations_metadata.restype = ctypes.c_char_p
    return loaded


class File:
    def __init__(self, lib, path, flags=0, dtype=0):
        self.lib, self.ctx, self.handle = lib, ctypes.c_void_p(), ctypes.c_void_p()
        assert lib.conceptdec_ctx_new(None, ctypes.byref(self.ctx)) == OK
        options = Options(ctypes.sizeof(Options), 0, flags, dtype)
        self.check(lib.conceptdec_activations_open(self.ctx, str(path).encode(), ctypes.byref(options),
                                                   ctypes.byref(self.handle)))

    def check(self, status):
        assert status == OK, self.lib.conceptdec_ctx_error(self.ctx)

    def close(self):
        self.lib.conceptdec_activations_free(self.handle)
        self.lib.conceptdec_ctx_free(self.ctx)

    def infos(self):
        for i in range(self.lib.conceptdec_activations_count(self.handle)):
            info = Info()
            self.check(self.lib.conceptdec_activations_info(self.ctx, self.handle, ctypes.c_int64(i),
                                                            ctypes.byref(info)))
            yield i, info

    def rows(self, index, cell):
        view = Matrix()
        self.check(self.lib.conceptdec_activations_view(self.ctx, self.handle, ctypes.c_int64(index),
                                                        ctypes.c_int64(cell), ctypes.byref(view)))
        dtype = np.dtype(DTYPES[view.dtype])
        if view.flags & READER:
            out = np.empty((view.rows, view.cols), dtype)
            reader = Reader.from_address(view.data)
            half = view.rows // 2
            for first, count in ((0, half), (half, view.rows - half)):
                if count:
                    assert reader.read(reader.user, first, count, out[first:].ctypes.data) == 0
            return out
        last = (view.rows - 1) * view.row_stride + (view.cols - 1) * view.col_stride + dtype.itemsize
        memory = np.frombuffer((ctypes.c_char * last).from_address(view.data), np.uint8)
        return np.lib.stride_tricks.as_strided(memory[:dtype.itemsize].view(dtype), (view.rows, view.cols),
                                               (view.row_stride, view.col_stride)).copy()

    def array(self, index, info):
        shape = tuple(info.shape[:info.ndim])
        if info.dtype == INT64:
            array = Array()
            self.check(self.lib.conceptdec_activations_integers(self.ctx, self.handle, ctypes.c_int64(index),
                                                                ctypes.byref(array)))
            assert tuple(array.shape[:array.ndim]) == shape
            count = int(np.prod(shape))
            data = (ctypes.c_int64 * count).from_address(array.data) if count else b""
            return np.frombuffer(data, np.int64).reshape(shape).copy()
        cells = int(np.prod(shape[:-2])) if info.ndim > 2 else 1
        return np.stack([self.rows(index, cell) for cell in range(cells)]).reshape(shape)


def read(lib, path, flags, dtype=0):
    """name -> (type, array) of all arrays of a file."""
    with contextlib.closing(File(lib, path, flags, dtype)) as file:
        return {info.name.decode(): (info.type.decode(), file.array(i, info)) for i, info in file.infos()}


SHAPES = [(7,), (1,), (5, 3), (1, 4), (6, 1), (2, 5, 3), (3, 1, 4, 2), (2, 1, 3, 4, 2), (1, 2, 1, 2, 1, 2, 2, 3)]


def numbers(dtype, shape, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    if np.dtype(dtype).kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, min(info.max, 2**63 - 1), shape, dtype=np.dtype(dtype).newbyteorder("="),
                        endpoint=True).astype(dtype)


@pytest.mark.parametrize("flags", [0, MAP])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">f4", "<f2", ">f2", "<i8", ">i8", "<i4", ">i4", "<i2", ">i2",
                                   "|i1", "<u4", ">u4", "<u2", ">u2", "|u1", "|b1"])
def test_npy(lib, tmp_path, dtype, order, flags):
    for i, shape in enumerate(SHAPES):
        x = np.asarray(numbers(dtype, shape, i), order=order)
        np.save(tmp_path / "x.npy", x)
        (name, (_, got)), = read(lib, tmp_path / "x.npy", flags).items()
        assert name == "x"
        np.testing.assert_array_equal(got, x)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions(lib, tmp_path, version):
    x = numbers("<f4", (11, 5))
    with open(tmp_path / "x", "wb") as file:
        np.lib.format.write_array(file, x, version=version)
    np.testing.assert_array_equal(read(lib, tmp_path / "x", 0)["x"][1], x)


def test_memmap_and_bfloat16(lib, tmp_path):
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint16, (2, 9, 4))
    x[:] = np.arange(72).reshape(x.shape) * 911
    x.flush()
    for flags in (0, MAP):
        kind, got = read(lib, tmp_path / "x.npy", flags, BFLOAT16)["x"]
        assert kind == "bfloat16"
        np.testing.assert_array_equal(got, x)
        kind, got = read(lib, tmp_path / "x.npy", flags)["x"]
        assert kind == "uint16"
        np.testing.assert_array_equal(got, x)


@pytest.mark.parametrize("flags", [0, MAP])
def test_safetensors(lib, tmp_path, flags):
    tensors = {f"{dtype}.{i}": numbers(dtype, shape, i) for i, shape in enumerate(SHAPES)
               for dtype in ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")}
    (tmp_path / "x.safetensors").write_bytes(safetensors(tensors, {"a": "b"}))
    got = read(lib, tmp_path / "x.safetensors", flags)
    assert got.keys() == tensors.keys()
    for name, x in tensors.items():
        assert got[name][0] == str(x.dtype)
        np.testing.assert_array_equal(got[name][1], x)


def test_an_independent_reader_agrees_about_the_bytes(lib, tmp_path):
    """Tensors not in the order of their names, read with the header as Python's json has it."""
    tensors = {name: numbers("float32", (6, 4), i) for i, name in enumerate(["b", "a", "layer.10", "layer.9"])}
    data = safetensors(tensors)
    (tmp_path / "x").write_bytes(data)
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    got = read(lib, tmp_path / "x", 0)
    assert list(got) == ["a", "b", "layer.9", "layer.10"]
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        assert got[name][1].tobytes() == data[begin:end]
