"""Arrays that the library owns as NumPy arrays."""

from typing import Any

import numpy as np

from . import _constants as const
from ._structs import Array

_DTYPES = {const.FLOAT64: np.dtype(np.float64), const.INT64: np.dtype(np.int64)}


class _Memory:
    """Shows memory of the library to NumPy, read-only, and keeps what owns it."""

    def __init__(self, array: Array, owner: Any) -> None:
        self._owner = owner
        self.__array_interface__ = {
            "data": (array.data, True),
            "shape": tuple(array.shape[: array.ndim]),
            "typestr": _DTYPES[array.dtype].str,
            "version": 3,
        }


def borrowed(array: Array, owner: Any) -> np.ndarray:
    """The array without a copy; it keeps `owner` alive."""
    shape = tuple(array.shape[: array.ndim])
    if not array.data or 0 in shape:
        return np.zeros(shape, dtype=_DTYPES[array.dtype])
    return np.asarray(_Memory(array, owner))
