"""Activations that do not lie in memory: the library calls read_rows() of an object for the rows that it needs."""

from ctypes import addressof, c_char
from typing import Any, Callable, Iterable, Optional

import numpy as np

from . import _constants as const
from ._errors import ConceptDecError, ConceptDecTypeError
from ._structs import Matrix, ReadFunction, Reader


def is_reader(x: Any) -> bool:
    return hasattr(x, "read_rows") and not isinstance(x, np.ndarray)


def is_interrupt(problem: BaseException) -> bool:
    """What means the whole call, not one matrix: KeyboardInterrupt, SystemExit."""
    return not isinstance(problem, Exception)


class RowSource:
    """Delivers the rows of one object. Its exceptions stay here: they must not cross C."""

    def __init__(self, name: str, source: Any) -> None:
        self.problem: Optional[BaseException] = None
        self.cancel: Callable[[], None] = lambda: None
        self._name, self.source, self._dtype = name, source, np.dtype(source.dtype)
        shape = tuple(source.shape)
        if len(shape) != 2:
            shown = "x".join(map(str, shape)) or "a single number"
            raise ConceptDecError(f"{name}: needs 2 axes (samples, dimensions), has shape {shown}", const.ESIZE)
        self._rows, self._cols = map(int, shape)
        self._struct = Reader(read=ReadFunction(self._deliver))

    def matrix(self, code: int) -> Matrix:
        """A matrix of dtype number `code`, which keeps this object."""
        matrix = Matrix(addressof(self._struct), self._rows, self._cols, 0, 0, code, 0, const.MATRIX_READER)
        matrix.owner = self
        return matrix

    def _deliver(self, _user: Any, first: int, count: int, rows: int) -> int:
        try:
            self._copy(self.source.read_rows(first, count), first, count, rows)
        except BaseException as problem:
            self.problem = self.problem or problem
            if is_interrupt(problem):
                self.cancel()
            return 1
        return 0

    def _copy(self, block: Any, first: int, count: int, rows: int) -> None:
        block, shape = np.asarray(block), (count, self._cols)
        if block.shape != shape or block.dtype != self._dtype:
            found, wanted = f"{block.dtype} of shape {block.shape}", f"{self._dtype} of shape {shape}"
            raise ConceptDecTypeError(f"{self._name}: read_rows({first}, {count}) gave {found}, not {wanted}")
        memory = (c_char * (count * self._cols * self._dtype.itemsize)).from_address(rows)
        np.ndarray(shape, self._dtype, memory)[...] = block


def sources(matrices: Iterable[Optional[Matrix]]) -> Iterable[RowSource]:
    """Those that stand behind matrices."""
    owners = (getattr(matrix, "owner", None) for matrix in matrices)
    return [owner for owner in owners if isinstance(owner, RowSource)]
