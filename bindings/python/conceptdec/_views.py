"""Activations of any kind as views that the library reads, without a copy."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import _constants as const
from . import _columns, _copies, _dlpack, _readers, _stored
from ._errors import ConceptDecError, ConceptDecTypeError
from ._structs import Matrix

_FLOATS = {("f", 8): const.FLOAT64, ("f", 4): const.FLOAT32, ("f", 2): const.FLOAT16, ("bfloat", 2): const.BFLOAT16}
#: What a file takes.
_NUMBERS = {**_FLOATS, ("i", 8): const.INT64, ("i", 4): const.INT32}


class Tensor(NamedTuple):
    """Floating numbers somewhere in memory; `owner` keeps them there. Strides count bytes."""

    address: int
    shape: Tuple[int, ...]
    strides: Tuple[int, ...]
    dtype: int
    owner: Any


def _code(name: str, kind: str, size: int, shown: str, dtype: Optional[str], known: Dict[Any, int]) -> int:
    """The dtype number of an array; `dtype` is what the caller wrote."""
    if dtype not in (None, "bfloat16"):
        raise ConceptDecError(f"dtype: {dtype!r} is not known; allowed: 'bfloat16' and None", const.EDTYPE)
    if dtype == "bfloat16" and size == 2 and kind in ("u", "i", "V", "bfloat"):
        return const.BFLOAT16
    if dtype == "bfloat16" and known is _FLOATS:
        hint = "; of a file: open_activations(path, dtype='bfloat16')" if kind in ("u", "i") else ""
        raise ConceptDecTypeError(f"{name}: dtype='bfloat16' reads 16-bit integers, not {shown}{hint}")
    if (kind, size) in known:
        return known[kind, size]
    if size == 2 and kind in ("u", "i", "V"):
        raise ConceptDecTypeError(f"{name}: {shown} is no floating dtype; if it holds bfloat16, say dtype='bfloat16'")
    wanted = "float64, float32, float16 or bfloat16" + (", int64 or int32" if known is _NUMBERS else "")
    raise ConceptDecTypeError(f"{name}: must be {wanted}, not {shown}; convert them, e.g. with .astype")


def _numpy_code(name: str, found: np.dtype, dtype: Optional[str], known: Dict[Any, int] = _FLOATS) -> int:
    shown = str(found)
    if not found.isnative:
        text = f"{name}: {shown} has the other byte order; convert it, e.g. x.astype(x.dtype.newbyteorder('='))"
        raise ConceptDecTypeError(text)
    kind = "bfloat" if shown == "bfloat16" else found.kind
    return _code(name, kind, found.itemsize, shown, dtype, known)


def _from_numpy(name: str, array: np.ndarray, dtype: Optional[str], known: Dict[Any, int]) -> Tensor:
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise ConceptDecTypeError(f"{name}: masked values cannot be left out; drop those rows", const.EUNSUPPORTED)
    if array.dtype == object:
        _columns.refuse_missing(name, array)
    code = _numpy_code(name, array.dtype, dtype, known)
    return Tensor(array.__array_interface__["data"][0], array.shape, array.strides, code, array)


def _from_dlpack(name: str, producer: Any, dtype: Optional[str], known: Dict[Any, int]) -> Tensor:
    address, shape, strides, kind, owner = _dlpack.describe(name, producer)
    return Tensor(address, shape, strides, _code(name, *kind, dtype, known), owner)


def tensor(name: str, x: Any, dtype: Optional[str] = None, known: Dict[Any, int] = _FLOATS) -> Tensor:
    """`x` with any number of axes: a NumPy array, anything with __dlpack__, __array_interface__ or a buffer, lists."""
    if x is None:
        raise ConceptDecTypeError(f"{name}: is None; needs an array of numbers")
    if not isinstance(x, np.ndarray) and hasattr(x, "__dlpack__"):
        return _from_dlpack(name, x, dtype, known)
    try:
        array = np.asanyarray(x)
    except ValueError as reason:
        raise ConceptDecError(f"{name}: cannot be read as an array: {reason}", const.ESIZE) from None
    return _from_numpy(name, array, dtype, known)


def _row(view: Tensor) -> Tensor:
    return view._replace(shape=(1, *view.shape), strides=(0, *view.strides))


def _column(view: Tensor) -> Tensor:
    return view._replace(shape=(*view.shape, 1), strides=(*view.strides, 0))


def as_matrix(view: Tensor) -> Matrix:
    """A tensor of two axes for the library."""
    matrix = Matrix(view.address, *view.shape, *view.strides, view.dtype)
    matrix.owner = view.owner
    return matrix


def _read_matrix(name: str, x: Any, dtype: Optional[str]) -> Matrix:
    source = _readers.RowSource(name, x)
    return source.matrix(_numpy_code(name, np.dtype(x.dtype), dtype))


def _outside(name: str, x: Any, dtype: Optional[str]) -> Optional[Tuple[Tuple[int, ...], List[Matrix]]]:
    """Grid and matrices of what does not lie in Python's memory: an array of a file, a reader. None for all else."""
    if isinstance(x, _stored.StoredArray):
        return x.shape[:-2], x._matrices(name, dtype)
    return ((), [_read_matrix(name, x, dtype)]) if _readers.is_reader(x) else None


def matrix(name: str, x: Any, dtype: Optional[str] = None) -> Matrix:
    """`x`, samples by dimensions, for the library."""
    outside = _outside(name, x, dtype)
    if outside and not outside[0]:
        return outside[1][0]
    view = tensor(name, x, dtype) if outside is None else x
    if len(view.shape) != 2:
        shown = "x".join(map(str, view.shape)) or "a single number"
        raise ConceptDecError(f"{name}: needs 2 axes (samples, dimensions), has shape {shown}", const.ESIZE)
    return as_matrix(view)


def rows(name: str, x: Any, dtype: Optional[str] = None) -> Matrix:
    """As :func:`matrix`, where what has one axis is a single row."""
    if _outside(name, x, dtype):
        return matrix(name, x, dtype)
    view = tensor(name, x, dtype)
    return matrix(name, x, dtype) if len(view.shape) != 1 else as_matrix(_row(view))


def integer_matrix(array: np.ndarray) -> Matrix:
    """An int64 array of one or two axes for the library."""
    array = array if array.ndim == 2 else array[:, np.newaxis]
    return as_matrix(Tensor(array.ctypes.data, array.shape, array.strides, const.INT64, array))


def _real(name: str, values: Any) -> Tensor:
    """Real numbers of one or two axes; integers as float64."""
    if isinstance(values, np.ndarray) or not hasattr(values, "__dlpack__"):
        values = _columns.numbers(name, values)
    if isinstance(values, np.ndarray) and values.dtype.kind in "biu":
        values = values.astype(np.float64)
    view = tensor(name, values)
    if len(view.shape) not in (1, 2):
        raise ConceptDecError(f"{name}: needs 1 or 2 axes, has {len(view.shape)}", const.ESIZE)
    return view


def real_matrix(name: str, values: Any) -> Matrix:
    """Real numbers for the library; those of one axis are a column."""
    view = _real(name, values)
    return as_matrix(_column(view) if len(view.shape) == 1 else view)


def real_rows(name: str, values: Any) -> Matrix:
    """Real numbers for the library; those of one axis are a row."""
    view = _real(name, values)
    return as_matrix(_row(view) if len(view.shape) == 1 else view)


def column(name: str, values: Any) -> Matrix:
    """One real number for each sample."""
    matrix = real_matrix(name, values)
    if matrix.cols != 1:
        shape = (matrix.rows, matrix.cols)
        raise ConceptDecError(f"{name}: needs one value for each sample, has shape {shape}", const.ESIZE)
    return matrix


def _split(view: Tensor) -> Tuple[Tuple[int, ...], List[Matrix]]:
    """The matrices of a tensor whose last two axes are samples and dimensions."""
    shape = view.shape[:-2]
    cells = []
    for index in np.ndindex(*shape):
        start = view.address + sum(i * step for i, step in zip(index, view.strides))
        cells.append(as_matrix(Tensor(start, view.shape[-2:], view.strides[-2:], view.dtype, view.owner)))
    return shape, cells


def _is_rows(x: Any) -> bool:
    """Whether lists of numbers are the rows of one view."""
    row = x[0] if isinstance(x, (list, tuple)) and x else None
    return isinstance(row, (list, tuple)) and len(row) > 0 and np.isscalar(row[0])


def _grid(
    name: str, x: Any, dtype: Optional[str], known: Dict[Any, int] = _FLOATS
) -> Tuple[Tuple[int, ...], List[Matrix]]:
    outside = _outside(name, x, dtype)
    if outside:
        return outside
    if isinstance(x, np.ndarray) and x.dtype == object:
        if x.size and np.isscalar(x.flat[0]):
            raise ConceptDecTypeError(f"{name}: dtype object is not numbers; convert them, e.g. with .astype(float)")
        x = x.tolist()
    if not isinstance(x, (list, tuple)) or _is_rows(x):
        view = tensor(name, x, dtype, known)
        if len(view.shape) < 2:
            axes = len(view.shape)
            raise ConceptDecError(f"{name}: a view needs 2 axes (samples, dimensions), has {axes}", const.ESIZE)
        return _split(view)
    parts = [_grid(f"{name}[{i}]", part, dtype, known) for i, part in enumerate(x)]
    shapes = {shape for shape, _ in parts}
    if len(shapes) > 1:
        raise ConceptDecError(f"{name}: the grid is ragged, its parts have shapes {sorted(shapes)}", const.ESIZE)
    inner = shapes.pop() if shapes else ()
    return (len(parts), *inner), [cell for _, cells in parts for cell in cells]


def views(name: str, x: Any, dtype: Optional[str] = None) -> Tuple[Tuple[int, ...], Sequence[Matrix]]:
    """As :func:`grid`, where one matrix is a grid without axes."""
    return _grid(name, x, dtype)


def numbers(name: str, x: Any, dtype: Optional[str]) -> Tuple[Tuple[int, ...], Sequence[Matrix], bool]:
    """As :func:`views`, of integers too; what has one axis is a column, and the last value says so."""
    if isinstance(x, _stored.StoredArray) and x.ndim == 1:
        return (), x._views(), True
    if isinstance(x, (list, tuple)) or _outside(name, x, dtype):
        return (*_grid(name, x, dtype, _NUMBERS), False)
    view = tensor(name, x, dtype, _NUMBERS)
    if len(view.shape) != 1:
        return (*_split(view), False) if view.shape else (*_grid(name, x, dtype, _NUMBERS), False)
    return (), [as_matrix(_column(view))], True


def packed(cells: Sequence[Matrix]) -> Any:
    """Matrices one after another, as the library takes several."""
    matrices = (Matrix * len(cells))(*cells)
    matrices.owners = cells  # type: ignore[attr-defined]
    return matrices


def grid(name: str, x: Any, dtype: Optional[str] = None) -> Tuple[Tuple[int, ...], Sequence[Matrix]]:
    """Shape and matrices, in row-major order, of a list, of a nested list or of an array of more than two axes."""
    shape, cells = _grid(name, x, dtype)
    if not shape:
        raise ConceptDecError(f"{name}: one matrix is no grid; pass a list of views, or more than 2 axes", const.ESIZE)
    return shape, cells


def copied(matrix: Matrix) -> Tuple[Any, Optional[str]]:
    """What `matrix` views, as an array or a reader that can be pickled, and the `dtype` that reads it."""
    dtype = "bfloat16" if matrix.dtype == const.BFLOAT16 else None
    if isinstance(matrix.owner, _readers.RowSource):
        return matrix.owner.source, dtype
    return _copies.read("X", matrix), dtype
