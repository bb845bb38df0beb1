"""What the objects of the library have in common: arrays by name, a file, an end, and pickles made of the file."""

import os
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from ctypes import byref
from typing import Any, Iterator, Optional

import numpy as np

from . import _constants as const
from . import _structs
from ._arrays import borrowed
from ._context import run
from ._errors import ConceptDecError, error
from ._library import Handle, library
from ._paths import Path, path_bytes


class Owner:
    """Owns one object of the library; `_name` is the middle of the names of its functions."""

    _name = ""
    _struct: Any = None

    def __init__(self, handle: Handle) -> None:
        self._handle: Optional[Handle] = handle

    @classmethod
    def _empty(cls) -> Handle:
        """A handle that a call of the library is to fill."""
        return Handle(cls._struct, f"conceptdec_{cls._name}_free")

    def _open(self) -> Handle:
        if self._handle is None:
            raise ConceptDecError(f"this {type(self).__name__} is closed")
        return self._handle

    def close(self) -> None:
        """Lets go of the library's memory, which is freed once no array of the object is in use either."""
        self._handle = None

    def __enter__(self) -> Any:
        self._open()
        return self

    def __exit__(self, *_problem: Any) -> None:
        self.close()


class LibraryObject(Owner):
    """An object with arrays by name and a file."""

    @classmethod
    def _read(cls, path: Path) -> Handle:
        handle = cls._empty()
        run(f"conceptdec_{cls._name}_load", path_bytes(path), handle.place(), progress=False)
        return handle

    @classmethod
    def _of_bytes(cls, raw: bytes) -> Handle:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, cls._name)
            with open(path, "wb") as file:
                file.write(raw)
            return cls._read(path)

    def _bytes(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, self._name)
            self.save(path)
            with open(path, "rb") as file:
                return file.read()

    def _get(self, name: str) -> np.ndarray:
        array, handle = _structs.Array(), self._open()
        status = getattr(library(), f"conceptdec_{self._name}_get")(handle, name.encode(), byref(array))
        if status != const.OK:
            raise error(status, f"{self._name}: {name} cannot be had")
        return borrowed(array, handle)

    def save(self, path: Path) -> None:
        """Writes the object to a file, which appears at once and whole.

        Raises
        ------
        ConceptDecFileError
            The file cannot be written; an OSError, too.
        """
        run(f"conceptdec_{self._name}_save", self._open(), path_bytes(path), progress=False)


class Shared(Owner):
    """An object that changes. Several threads may share one; their calls take turns."""

    def _own(self, handle: Handle) -> None:
        super().__init__(handle)
        self._turn, self._is_busy = threading.RLock(), False

    @classmethod
    def _adopt(cls, handle: Handle) -> Any:
        """An object for a handle that was filled elsewhere."""
        state = cls.__new__(cls)
        state._own(handle)
        return state

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The state for one call: others wait, and one from within (a progress callback) is refused."""
        with self._turn:
            if self._is_busy:
                raise RuntimeError(f"{type(self).__name__}: in use by a call that has not ended")
            self._is_busy = True
            try:
                yield
            finally:
                self._is_busy = False

    def _merge(self, other: Any) -> Any:
        if not isinstance(other, type(self)):
            raise TypeError(f"other: needs {type(self).__name__}, not {type(other).__name__}")
        first, second = sorted((self, other), key=id)  # always so, that two mergers do not wait for each other
        with ExitStack() as both:
            both.enter_context(first._alone())
            if second is not first:
                both.enter_context(second._alone())
            run(f"conceptdec_{self._name}_merge", self._open(), other._open(), progress=False)
        return self


class State(Shared, LibraryObject):
    """The same with arrays by name and a file."""

    def _get(self, name: str) -> np.ndarray:
        with self._alone():
            return super()._get(name).copy()  # the library's memory changes with the state

    def save(self, path: Path) -> None:
        with self._alone():
            super().save(path)

    save.__doc__ = LibraryObject.save.__doc__


def array_of_result(handle: Handle, name: str) -> np.ndarray:
    """One array of a result, without a copy."""
    array = _structs.Array()
    status = library().conceptdec_result_get(handle, name.encode(), byref(array))
    if status != const.OK:
        raise error(status, f"result: {name} cannot be read")
    return borrowed(array, handle)
