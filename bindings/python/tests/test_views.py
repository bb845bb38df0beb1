"""Anything that holds numbers becomes a view of the same memory."""

import array
import ctypes
import gc
import sys

import numpy as np
import pytest
from producers import Jax, OnlyDlpack, Refusing, Tensor

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


@pytest.mark.parametrize("wrap", [Interface, memoryview, OnlyDlpack, Tensor, Jax])
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
    raw = bytearray(np.arange(6, dtype=np.float32).tobytes())
    matrix = _views.matrix("X", memoryview(raw).cast("f", (2, 3)))
    assert matrix.dtype == const.FLOAT32 and np.array_equal(read(matrix), [[0, 1, 2], [3, 4, 5]])
    raw[:4] = np.float32(9).tobytes()
    assert read(matrix)[0, 0] == 9  # the same memory
    rows = ((ctypes.c_float * 3) * 2)((1, 2, 3), (4, 5, 6))
    assert np.array_equal(read(_views.matrix("X", rows)), [[1, 2, 3], [4, 5, 6]])
    assert _views.matrix("X", rows).data == ctypes.addressof(rows)


def test_memory_map(tmp_path):
    np.arange(12, dtype=np.float32).tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.float32, "r", shape=(3, 4))
    matrix = _views.matrix("X", mapped[::-1])
    assert matrix.data == mapped.ctypes.data + 32 and matrix.row_stride == -16
    assert np.array_equal(read(matrix), np.arange(12).reshape(3, 4)[::-1])


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


def test_results_keep_no_input(sample):
    """The memory is held for the call; only what needs the rows later keeps them."""
    x, y = sample
    base = x.copy()
    count = sys.getrefcount(base)
    result = conceptdec.knn_decodability(OnlyDlpack(base), y, k=3)
    gc.collect()
    assert sys.getrefcount(base) == count and result.n_scored == 60
    table = conceptdec.neighbors(OnlyDlpack(base), 3)
    gc.collect()
    assert sys.getrefcount(base) == count + 1
    assert conceptdec.knn_decodability(table, y, k=5).n_scored == 60
    del table
    gc.collect()
    assert sys.getrefcount(base) == count


def test_the_memory_outlives_its_maker(sample):
    """A temporary tensor is alive while the call works, though nobody but the call holds it."""
    x, y = sample
    expected = conceptdec.knn_decodability(x, y, k=3).confusion
    assert np.array_equal(conceptdec.knn_decodability(OnlyDlpack(x.copy()), y, k=3).confusion, expected)
    assert np.array_equal(conceptdec.knn_decodability(Interface(x.copy()), y, k=3).confusion, expected)


def test_gradients_are_detached():
    class Recording(OnlyDlpack):
        def __dlpack__(self):
            raise BufferError("gradients")

        def detach(self):
            return OnlyDlpack(self.array)

    assert _views.matrix("X", Recording(np.zeros((3, 4)))).rows == 3


@pytest.mark.parametrize("device, name", [(2, "CUDA"), (10, "ROCm"), (8, "Metal"), (99, "DLPack device 99")])
def test_device_tensor(device, name):
    class Late(Tensor):  # tells its device in the capsule alone
        __dlpack_device__ = property()

    for kind in (Tensor, Late):
        with pytest.raises(conceptdec.ConceptDecError, match=rf"X: .*\({name}\).*\.cpu\(\)") as caught:
            _views.matrix("X", kind(np.zeros((3, 4)), device=device))
        assert caught.value.status == const.EUNSUPPORTED


@pytest.mark.parametrize("device", [1, 3, 11])
def test_host_memory(device):
    """Pinned memory of CUDA and ROCm is host memory."""
    base = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(read(_views.matrix("X", Tensor(base, device=device))), base)


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_dlpack_of_no_size(version):
    """No element, or no axis; strides may be absent, and so may the memory."""
    for strides in (True, False):
        empty = _views.tensor("X", Tensor(np.zeros((0, 4), np.float32), version=version, strides=strides))
        assert empty.shape == (0, 4) and empty.dtype == const.FLOAT32
    single = Tensor(np.zeros(()), version=version)
    single._managed.tensor.shape = single._managed.tensor.strides = None
    assert _views.tensor("X", single).shape == ()
    with pytest.raises(conceptdec.ConceptDecError, match="X: needs 2 axes .* a single number"):
        _views.matrix("X", single)
    with pytest.raises(conceptdec.ConceptDecError):
        conceptdec.neighbors(Tensor(np.zeros((0, 4)), version=version), 1)


def test_dlpack_of_few_bits():
    """A type of less than a byte is refused, and not taken for another."""
    packed = Tensor(np.zeros((3, 4), dtype=np.uint8), code=1)
    packed._managed.tensor.bits = 4
    with pytest.raises(conceptdec.ConceptDecTypeError, match="not 1 x uint4"):
        _views.matrix("X", packed)


def test_no_capsule():
    class Strange(OnlyDlpack):
        def __dlpack__(self):
            return 7

    with pytest.raises(conceptdec.ConceptDecTypeError, match="did not return a DLPack capsule"):
        _views.matrix("X", Strange(np.zeros((3, 4))))


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
    (Tensor(np.zeros((3, 4), dtype=np.int32), code=0), "not int32; convert"),
    (np.zeros((3, 4), dtype="V2"), "dtype='bfloat16'"),
    (Tensor(np.zeros((3, 4), dtype=np.uint8), code=10), "not DLPack type 10 of bits 8"),
    (Tensor(np.zeros((3, 4), dtype=np.float32), lanes=4), "not 4 x float32"),
    (Tensor(np.zeros((3, 4), dtype=complex), code=5), "not complex128"),
    (Tensor(np.zeros((3, 4), dtype=bool), code=6), "not bool8"),
    (Tensor(np.zeros((3, 4), dtype=np.uint16), code=1), "dtype='bfloat16'"),
    (Refusing(), "is not exported by DLPack: conjugate bit"),
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
    with pytest.raises(TypeError, match=r"not int64; of a file: open_activations\(path, dtype='bfloat16'\)"):
        _views.matrix("X", np.zeros((2, 2), dtype=np.int64), "bfloat16")


def test_objects_that_are_numbers():
    x = np.arange(8.0).reshape(2, 2, 2)
    for views, name in ((x.astype(object), "views"), ([x[0], x[1].astype(object)], r"views\[1\]")):
        with pytest.raises(TypeError, match=f"^{name}: dtype object is not numbers; .*astype"):
            _views.grid("views", views)
    boxed = np.empty(2, dtype=object)
    boxed[:] = [x[0], x[1, :, :1]]
    assert _views.grid("views", boxed)[0] == (2,)


@pytest.mark.parametrize("dtype", ["Float64", "Float32", "Int64", "boolean"])
def test_nullable_columns_of_numbers(dtype):
    pandas = pytest.importorskip("pandas")
    column = pandas.Series([0, 1, 1, 0], dtype=dtype)
    assert read(_views.column("t", column)).ravel().tolist() == [0, 1, 1, 0]
    with pytest.raises(conceptdec.ConceptDecError, match="^weights: missing value .* at row 2 "):
        _views.column("weights", column.where(column.index != 2))
    table = pandas.DataFrame({"a": [0.5, 1.5], "b": pandas.Series([2.5, None], dtype="Float64")})
    with pytest.raises(conceptdec.ConceptDecError, match="^X: missing value .* at row 1, column 1 "):
        _views.matrix("X", table)


def test_lists_of_numbers_and_what_is_none():
    boxed = np.array([[1, True], [2.5, 0]], dtype=object)
    assert read(_views.real_matrix("t", boxed)).tolist() == [[1, 1], [2.5, 0]]
    with pytest.raises(conceptdec.ConceptDecError, match="^t: missing value .None. at row 1 "):
        _views.column("t", [1.0, None])
    with pytest.raises(conceptdec.ConceptDecError, match="^t: cannot be read as an array: "):
        _views.real_matrix("t", [[1.0, 2.0], [3.0]])
    with pytest.raises(TypeError, match="^t: must be float64, .*, not object"):
        _views.column("t", np.array([1.0, "2"], dtype=object))


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


def test_grid_of_lists_of_numbers():
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    for x, shape in ((rows, ()), ([rows, rows], (2,)), ([[rows], [tuple(map(tuple, rows))]], (2, 1))):
        found, cells = _views.views("A", x)
        assert found == shape and all(np.array_equal(read(cell), rows) for cell in cells)
    with pytest.raises(conceptdec.ConceptDecError, match=r"A\[1\]: "):
        _views.views("A", [rows, [[1.0], [2.0, 3.0]]])


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
