"""The numbers that a matrix of the library views, as NumPy arrays."""

import numpy as np

from . import _constants as const
from ._errors import ConceptDecFileError
from ._structs import Matrix, Reader

TYPES = {
    const.FLOAT64: "=f8", const.FLOAT32: "=f4", const.FLOAT16: "=f2", const.BFLOAT16: "=u2",
    const.INT64: "=i8", const.INT32: "=i4",
}  # fmt: skip


_BLOCK = 1 << 24


class _Seen:
    """Shows the memory of a matrix to NumPy."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self.__array_interface__ = {
            "data": (matrix.data, True),
            "shape": (matrix.rows, matrix.cols),
            "strides": (matrix.row_stride, matrix.col_stride),
            "typestr": TYPES[matrix.dtype],
            "version": 3,
        }


def _read_rows(name: str, matrix: Matrix, rows: np.ndarray) -> None:
    """By blocks, so that Ctrl-C is heard."""
    reader, count = Reader.from_address(matrix.data), max(_BLOCK // max(rows[:1].nbytes, 1), 1)
    for first in range(0, len(rows), count):
        block = rows[first : first + count]
        if reader.read(reader.user, first, len(block), block.ctypes.data):
            raise ConceptDecFileError(f"{name}: rows from {first} on cannot be read", const.EREAD)


def read_into(name: str, matrix: Matrix, rows: np.ndarray) -> None:
    """Copies a matrix, in memory or from a reader of the library, into a C-ordered array of its shape and dtype."""
    if matrix.flags & const.MATRIX_READER:
        _read_rows(name, matrix, rows)
    elif rows.size:
        rows[...] = np.asarray(_Seen(matrix))


def dtype_of(matrix: Matrix) -> np.dtype:
    """That of the copy; 16-bit integers for bfloat16, which NumPy does not have."""
    return np.dtype(TYPES[matrix.dtype])


def read(name: str, matrix: Matrix) -> np.ndarray:
    """A matrix as an array of its own."""
    rows = np.empty((matrix.rows, matrix.cols), dtype_of(matrix))
    read_into(name, matrix, rows)
    return rows


def widened(bits: np.ndarray) -> np.ndarray:
    """bfloat16, given as 16-bit integers, as the same numbers in float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
