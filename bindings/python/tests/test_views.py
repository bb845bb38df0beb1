"""Anything that holds numbers becomes a view of the same memory."""

import array
import ctypes
import gc
import sys

import numpy as np
import pytest
from producers import OnlyDlpack, Tensor

import conceptdec
from conceptdec import _constants as const
from conceptdec import _views

FLOATS = {np.float64: const.FLOAT64, np.float32: const.FLOAT32, np.float16: const.FLOAT16}


def read(matrix):
    """The numbers that the library would read through a view, one by one."""
    kinds = {code: np.dtype(kind) for kind, code in FLOATS.items()}
    kind = kinds.get(matrix.dtype, np.dtype(np.uint16))
    values = np.empty((matrix.rows, matrix.cols), dtype=kind)
    for i, j in np.ndindex(*values.shape):
        place = matrix.data + i * matrix.row_stride + j * matrix.col_stride
        values[i, j] = np.frombuffer(ctypes.string_at(place, kind.itemsize), dtype=kind)[0]
    return values


@pytest.mark.parametrize("kind", FLOATS)
def test_layouts(kind):
    base = np.arange(96, dtype=kind).reshape(8, 12)
    views = [
        base,
        np.asfortranarray(base),
        base[::-1, ::-1],
        base[1::3, 2::2],
        base.T,
        np.broadcast_to(base[3], (5, 12)),
        base.reshape(8, 3, 4)[:, 1],
    ]
    for view in views:
        matrix = _views.matrix("X", view)
        assert (matrix.data, matrix.dtype) == (view.__array_interface__["data"][0], FLOATS[kind])
        assert np.array_equal(read(matrix), view)


def test_readonly_and_misaligned():
    raw = bytearray(8 * 6 + 1)
    view = np.frombuffer(raw, dtype=np.float64, count=6, offset=1).reshape(2, 3)
    view[:] = np.arange(6).reshape(2, 3)
    assert not view.flags.aligned
    view.flags.writeable = False
    matrix = _views.matrix("X", view)
    assert matrix.data == view.ctypes.data
    assert np.array_equal(read(matrix), view)


def test_bfloat16_as_integers():
    for kind in (np.uint16, np.int16):
        matrix = _views.matrix("X", np.arange(6, dtype=kind).reshape(2, 3), "bfloat16")
        assert matrix.dtype == const.BFLOAT16
        assert np.array_equal(read(matrix), np.arange(6).reshape(2, 3))


class Interface:
    def __init__(self, array):
        self.__array_interface__ = array.__array_interface__
        self._kept = array


@pytest.mark.parametrize("wrap", [Interface, memoryview, OnlyDlpack, Tensor])
def test_other_producers(wrap):
    base = np.arange(12, dtype=np.float32).reshape(3, 4)
    matrix = _views.matrix("X", wrap(base))
    assert (matrix.data, matrix.dtype) == (base.ctypes.data, const.FLOAT32)
    assert np.array_equal(read(matrix), base)


def test_buffers_and_lists():
    flat = array.array("f", range(6))
    square = memoryview(flat).cast("B").cast("f", (2, 3))
    matrix = _views.matrix("X", square)
    assert matrix.data == flat.buffer_info()[0]
    assert np.array_equal(read(_views.matrix("X", [[1.0, 2.0], [3.0, 4.0]])), [[1, 2], [3, 4]])


@pytest.mark.parametrize("version", [None, (1, 0), (1, 9)])
def test_dlpack_fields(version):
    base = np.arange(24, dtype=np.float64).reshape(4, 6)
    strided = Tensor(base[::-1, ::2], version=version)
    assert np.array_equal(read(_views.matrix("X", strided)), base[::-1, ::2])
    compact = Tensor(base, version=version, strides=False, byte_offset=48)
    matrix = _views.matrix("X", compact)
    assert matrix.data == base.ctypes.data
    assert np.array_equal(read(matrix), base)


def test_dlpack_bfloat16():
    bits = np.arange(6, dtype=np.uint16).reshape(2, 3)
    assert _views.matrix("X", Tensor(bits, code=4)).dtype == const.BFLOAT16
    assert _views.matrix("X", Tensor(bits, code=4), "bfloat16").dtype == const.BFLOAT16
    assert _views.matrix("X", Tensor(bits, code=1), "bfloat16").dtype == const.BFLOAT16
    assert _views.matrix("X", Tensor(bits, code=2)).dtype == const.FLOAT16


def test_dlpack_keeps_its_memory():
    base = np.zeros((3, 4))
    count = sys.getrefcount(base)
    producer = OnlyDlpack(base)
    matrix = _views.matrix("X", producer)
    del producer
    assert sys.getrefcount(base) == count + 1
    del matrix
    gc.collect()
    assert sys.getrefcount(base) == count


def test_gradients_are_detached():
    class Recording(OnlyDlpack):
        def __dlpack__(self):
            raise BufferError("gradients")

        def detach(self):
            return OnlyDlpack(self.array)

    assert _views.matrix("X", Recording(np.zeros((3, 4)))).rows == 3


@pytest.mark.parametrize("device", [2, 10, 8])
def test_device_tensor(device):
    with pytest.raises(conceptdec.ConceptDecError, match=r"X: .*\.cpu\(\)") as caught:
        _views.matrix("X", Tensor(np.zeros((3, 4)), device=device))
    assert caught.value.status == const.EUNSUPPORTED


def test_too_new_dlpack():
    with pytest.raises(conceptdec.ConceptDecError, match="DLPack 2.0"):
        _views.matrix("X", Tensor(np.zeros((3, 4)), version=(2, 0)))


BAD = [
    (np.zeros((3, 4), dtype=np.int64), "not int64"),
    (np.zeros((3, 4), dtype=np.uint16), "dtype='bfloat16'"),
    (np.zeros((3, 4), dtype=complex), "not complex128"),
    (np.zeros((3, 4), dtype=np.longdouble), "must be float64"),
    (np.zeros((3, 4), dtype=bool), "not bool"),
    (np.zeros((3, 4), dtype=">f4"), "byte order"),
    (np.ma.masked_equal([[1.0, 2.0]], 2.0), "masked"),
    ([["a", "b"]], "must be float64"),
    (Tensor(np.zeros((3, 4), dtype=np.int32), code=0), "not i32"),
]


@pytest.mark.parametrize("x, text", BAD)
def test_refused_types(x, text):
    with pytest.raises(conceptdec.ConceptDecError, match=text) as caught:
        _views.matrix("queries", x)
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, ValueError)
    assert str(caught.value).startswith("queries: ")


def test_refused_dtype_names():
    with pytest.raises(conceptdec.ConceptDecError, match="dtype: 'float8'"):
        _views.matrix("X", np.zeros((2, 2)), "float8")
    with pytest.raises(TypeError, match="16-bit integers, not float32"):
        _views.matrix("X", np.zeros((2, 2), dtype=np.float32), "bfloat16")


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4)])
def test_axes(shape):
    with pytest.raises(conceptdec.ConceptDecError, match="X: needs 2 axes") as caught:
        _views.matrix("X", np.zeros(shape))
    assert caught.value.status == const.ESIZE


def addresses(cells):
    return [cell.data for cell in cells]


def test_grid_of_an_array():
    base = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    view = base[::-1, :, 1:, ::2]
    for x in (view, Tensor(view), list(view), [list(part) for part in view]):
        shape, cells = _views.grid("views", x)
        assert shape == (2, 3)
        assert all(np.array_equal(read(cell), view[i]) for cell, i in zip(cells, np.ndindex(2, 3)))


def test_grid_of_different_widths():
    parts = [np.zeros((4, 2)), np.zeros((4, 7), dtype=np.float16)]
    shape, cells = _views.grid("views", parts)
    assert shape == (2,) and addresses(cells) == [part.ctypes.data for part in parts]
    boxed = np.empty(2, dtype=object)
    boxed[:] = parts
    assert addresses(_views.grid("views", boxed)[1]) == addresses(cells)


@pytest.mark.parametrize(
    "x, text",
    [
        (np.zeros((3, 4)), "views: one matrix is no grid"),
        ([np.zeros((3, 4)), [np.zeros((3, 4))]], "views: the grid is ragged"),
        ([np.zeros(3)], r"views\[0\]: a view needs 2 axes"),
    ],
)
def test_bad_grids(x, text):
    with pytest.raises(conceptdec.ConceptDecError, match=text):
        _views.grid("views", x)
