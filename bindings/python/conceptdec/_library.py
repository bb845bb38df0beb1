"""Finds and loads the library, once, at its first use."""

import ctypes
import ctypes.util
import functools
import os
import pathlib
from typing import Any, List, Tuple

from . import _constants as const
from ._structs import FUNCTIONS


def _candidates() -> List[str]:
    """File names in the order in which they are tried; only one where CONCEPTDEC_LIBRARY names it."""
    named = os.environ.get("CONCEPTDEC_LIBRARY")
    if named:
        return [named]
    beside = [str(path) for path in sorted(pathlib.Path(__file__).resolve().parent.glob("libconceptdec.so*"))]
    found = ctypes.util.find_library("conceptdec")
    names = beside + ([found] if found else []) + [f"libconceptdec.so.{const.ABI_VERSION}"]
    return list(dict.fromkeys(names))


def _open() -> Tuple[Any, str]:
    tried = []
    for name in _candidates():
        try:
            return ctypes.CDLL(name), name
        except OSError as reason:
            tried.append(f"  {name}: {reason}")
    hint = "set CONCEPTDEC_LIBRARY to the path of libconceptdec.so"
    raise OSError("libconceptdec cannot be loaded; " + hint + ". Tried:\n" + "\n".join(tried))


def _bind(library: Any, path: str) -> None:
    """Sets the types of all functions, after the one that tells whether they are the right ones."""
    abi = library.conceptdec_abi_version() if hasattr(library, "conceptdec_abi_version") else None
    if abi not in (None, const.ABI_VERSION):
        raise OSError(f"{path} has ABI version {abi}; this package needs {const.ABI_VERSION}")
    for name, (returned, arguments) in FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise OSError(f"{path} is not a libconceptdec that this package can use: it has no {name}") from None
        function.restype, function.argtypes = returned, arguments


@functools.lru_cache(maxsize=None)
def library() -> Any:
    """The loaded library with the types of all its functions set. Raises OSError where there is none that fits."""
    loaded, path = _open()
    _bind(loaded, path)
    return loaded


class Handle:
    """Owns what a library function hands out, and frees it when the last reference to the handle is gone.

    As an argument of a library function it is the pointer (ctypes looks for _as_parameter_).
    """

    def __init__(self, kind: Any, free: str) -> None:
        self.pointer = ctypes.POINTER(kind)()
        self._free = getattr(library(), free)

    @property
    def _as_parameter_(self) -> Any:
        return self.pointer

    def place(self) -> Any:
        """Where the library is to write the pointer."""
        return ctypes.byref(self.pointer)

    def __del__(self) -> None:
        if getattr(self, "_free", None) and self.pointer:
            self._free(self.pointer)
