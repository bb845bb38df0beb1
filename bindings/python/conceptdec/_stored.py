"""Files of named arrays, whose matrices the library reads itself."""

import os
from collections.abc import Mapping
from ctypes import byref
from typing import Any, Iterator, List, Optional, Tuple, Union

import numpy as np

from . import _constants as const
from . import _copies, _structs
from ._arrays import borrowed
from ._context import Context, run
from ._errors import ConceptDecError, ConceptDecFileError, ConceptDecTypeError
from ._handles import Owner
from ._library import Handle, library
from ._paths import Path, path_bytes
from ._structs import Matrix

_SHOWN = 40
_BITS = ("int16", "uint16")  # what may be bfloat16


def _size(shape: Tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


class _OpenFile(Handle):
    """The library's object for a file. Its pickle is the absolute path and the options, which open the file again."""

    def __init__(self, path: Path, dtype: Optional[str], map: bool) -> None:
        super().__init__(_structs.Activations, "conceptdec_activations_free")
        self._source = (os.path.abspath(os.fsdecode(path)), dtype, map)
        kind = None if dtype is None else const.BFLOAT16
        options = _structs.ActivationsOptions(flags=const.ACTIVATIONS_MAP if map else None, dtype=kind)
        run("conceptdec_activations_open", path_bytes(path), byref(options), self.place(), progress=False)

    def __reduce__(self) -> Any:
        return _OpenFile, self._source

    def infos(self) -> List[_structs.ArrayInfo]:
        context, infos = Context(threads=1), []
        for index in range(library().conceptdec_activations_count(self)):
            info = _structs.ArrayInfo()
            context.check(library().conceptdec_activations_info(context.handle, self, index, byref(info)))
            infos.append(info)
        return infos


def _again(file: _OpenFile, cells: np.ndarray, *expected: Any) -> "StoredArray":
    """An array of a file that was opened again: what had this name, type and shape before has them still."""
    for index, info in enumerate(file.infos()):
        if info.name.decode() == expected[0]:
            array = StoredArray(file, index, info, cells)
            if array._identity() == expected:
                return array
    name, dtype, shape = expected
    text = f"path: {file._source[0]} has changed: it holds no array {name!r} of {dtype}, {_size(shape)}"
    raise ConceptDecFileError(text, const.EIO)


class StoredArray:
    """An array of an open file, or a part of one: what the library takes for X, and NumPy makes an array of.

    Its last two axes are samples x dimensions, those before them a grid: ``x[2]``, ``x[-1, ::2]`` and the like pick
    from the grid and read nothing. A matrix (two axes) stands for X in every function, more axes for the views of
    :func:`sweep`. Integers and booleans are labels, groups or masks in every function. It keeps the file open. Its
    pickle names the file, by its absolute path, and opens it again: other processes get arrays without their numbers.

    Attributes
    ----------
    name : str
        Of the array in its file.
    dtype : str
        "float64", "float32", "float16", "bfloat16", "bool", "int8" ... "uint64"; else the name of a type that is not
        read.
    shape : tuple of int
    ndim : int
    """

    def __init__(self, handle: _OpenFile, index: int, info: _structs.ArrayInfo, cells: Any = None) -> None:
        self._handle, self._index, self._info = handle, index, info
        self.name, self.dtype = info.name.decode(), info.type.decode()
        whole = tuple(info.shape[: info.ndim])
        self._cells = np.arange(np.prod(whole[:-2], dtype=int)).reshape(whole[:-2]) if cells is None else cells
        self.shape = (*self._cells.shape, *whole[-2:])

    def _identity(self) -> Tuple[str, str, Tuple[int, ...]]:
        return self.name, self.dtype, tuple(self._info.shape[: self._info.ndim])

    def __reduce__(self) -> Any:
        return _again, (self._handle, self._cells, *self._identity())

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers or booleans, which :meth:`integers` gives."""
        return self._info.dtype == const.INT64

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"array {self.name!r} is a single number")
        return self.shape[0]

    def __getitem__(self, where: Any) -> "StoredArray":
        steps = where if isinstance(where, tuple) else (where,)
        if not all(isinstance(step, (int, np.integer, slice)) and not isinstance(step, bool) for step in steps):
            raise TypeError(f"array {self.name!r}: only integers and slices pick from the axes of its grid")
        if len(steps) > self._cells.ndim:
            text = f"array {self.name!r}: {len(steps)} indices, but {self._cells.ndim} axes before samples x dimensions"
            raise IndexError(text + "; rows are picked from .numpy()")
        return StoredArray(self._handle, self._index, self._info, np.asarray(self._cells[steps]))

    def __iter__(self) -> Iterator["StoredArray"]:
        if not self._cells.ndim:
            raise TypeError(f"array {self.name!r} has no axes before samples x dimensions; rows come from .numpy()")
        return (self[place] for place in range(len(self)))

    def _matrices(self, name: str, dtype: Optional[str] = None) -> List[Matrix]:
        """One for each cell, good as long as this object's file, which each of them keeps."""
        if dtype not in (None, self.dtype) or self.is_integer or not self._info.dtype:
            hint = "; if it holds bfloat16: open_activations(path, dtype='bfloat16')" * (self.dtype in _BITS)
            wanted = dtype or "float64, float32, float16 or bfloat16"
            raise ConceptDecTypeError(f"{name}: array {self.name!r} must be {wanted}, not {self.dtype}{hint}")
        if self.ndim < 2:
            text = f"{name}: needs 2 axes (samples, dimensions), array {self.name!r} has shape {_size(self.shape)}"
            raise ConceptDecError(text, const.ESIZE)
        return self._views()

    def _views(self) -> List[Matrix]:
        """The same of any number of axes; one axis is a column."""
        context, found = Context(threads=1), []
        for cell in self._cells.ravel().tolist():
            matrix = Matrix()
            view = library().conceptdec_activations_view
            context.check(view(context.handle, self._handle, self._index, cell, byref(matrix)))
            matrix.owner = self._handle
            found.append(matrix)
        return found

    def integers(self) -> np.ndarray:
        """The integers of the array (booleans as 0 and 1) as int64; read at the first call and kept by the file.

        Raises
        ------
        ConceptDecTypeError
            It holds floating numbers.
        ConceptDecError
            A number above 2**63 - 1, or a file that cannot be read.
        """
        array = _structs.Array()
        run("conceptdec_activations_integers", self._handle, self._index, byref(array), progress=False)
        whole = borrowed(array, self._handle)
        if whole.shape == self.shape:
            return whole
        return whole.reshape(np.prod(whole.shape[:-2], dtype=int), *whole.shape[-2:])[self._cells]

    def bits(self) -> np.ndarray:
        """A copy of a bfloat16 array as uint16, which functions take with ``dtype="bfloat16"``.

        Raises
        ------
        ConceptDecTypeError
            It has another dtype.
        """
        if self.dtype != "bfloat16":
            raise ConceptDecTypeError(f"array {self.name!r}: holds {self.dtype}, not bfloat16")
        return self._copy()

    def numpy(self) -> np.ndarray:
        """A copy in memory: float64, float32 or float16; bfloat16 as the same numbers in float32; integers as int64.

        Raises
        ------
        ConceptDecError
            A type that is not read, or a file that cannot be read.
        """
        if self.is_integer:
            return self.integers().copy()
        rows = self._copy()
        return _copies.widened(rows) if self.dtype == "bfloat16" else rows

    def _copy(self) -> np.ndarray:
        if not self._info.dtype:
            raise ConceptDecTypeError(f"array {self.name!r}: elements of type {self.dtype} are not read")
        if not self.ndim:
            raise ConceptDecError(f"array {self.name!r} is a single number", const.ESIZE)
        rows = np.empty(self.shape, _copies.TYPES[self._info.dtype])
        if rows.size:
            for matrix, cell in zip(self._views(), rows.reshape(-1, *self._matrix_shape())):
                _copies.read_into(f"array {self.name!r}", matrix, cell)
        return rows

    def _matrix_shape(self) -> Tuple[int, int]:
        return self.shape[-2:] if self.ndim > 1 else (*self.shape, 1)  # type: ignore[return-value]

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> np.ndarray:
        if copy is False:
            raise ValueError(f"array {self.name!r}: lies in a file; NumPy needs a copy")
        rows = self.numpy()
        return rows if dtype is None else rows.astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"<conceptdec.StoredArray {self.name!r}: {self.dtype}, {_size(self.shape)}>"


class Activations(Owner, Mapping):
    """An open file of named arrays, made by :func:`open_activations`: a mapping of names to :class:`StoredArray`.

    ``acts["layer.3"]`` and ``acts[3]`` are arrays, ``acts.names`` their names in natural order ("layer.2" before
    "layer.10"). It stands in a ``with`` statement; arrays that are still in use keep the file open after its end.
    Several threads may use it at once. Its pickle is the absolute path with the options, by which it is opened again.

    Attributes
    ----------
    names : list of str
    path : str
    """

    _name, _struct = "activations", _structs.Activations

    def __init__(self, handle: _OpenFile, path: str) -> None:
        super().__init__(handle)
        self.path, self._infos = path, handle.infos()
        self.names = [info.name.decode() for info in self._infos]
        self._places = {name: place for place, name in enumerate(self.names)}

    def __reduce__(self) -> Any:
        return Activations, (self._open(), self.path)

    def __getitem__(self, which: Union[str, int]) -> StoredArray:
        handle = self._open()
        place = self._places.get(which) if isinstance(which, str) else range(len(self))[which]
        if place is None:
            there = ", ".join(map(repr, self.names[:_SHOWN])) + (", ..." if len(self) > _SHOWN else "")
            raise KeyError(f"{which!r}; there are {there}")
        return StoredArray(handle, place, self._infos[place])

    def __contains__(self, name: object) -> bool:
        return name in self._places

    __eq__, __hash__ = object.__eq__, object.__hash__  # a file is itself alone: arrays do not compare

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def metadata(self, key: str) -> Optional[str]:
        """The text of a key of a .safetensors file's "__metadata__"; None where there is none."""
        found = library().conceptdec_activations_metadata(self._open(), key.encode())
        return None if found is None else found.decode()

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.Activations: closed>"
        count = f"{len(self)} array{'s' * (len(self) != 1)}"
        width = max(map(len, self.names[:_SHOWN]), default=0)
        arrays = (self[place] for place in range(min(len(self), _SHOWN)))
        lines = [f"  {array.name:<{width}}  {array.dtype:<8}  {_size(array.shape)}" for array in arrays]
        more = [f"  ... {len(self) - _SHOWN} more"] * (len(self) > _SHOWN)
        return "\n".join([f"<conceptdec.Activations: {self.path!r}, {count}>", *lines, *more])


def open_activations(path: Path, dtype: Optional[str] = None, map: bool = False) -> Activations:
    """Opens a .npy or .safetensors file, or the index of sharded ones; reads nothing but headers.

    Parameters
    ----------
    path : str or path-like
        The file, which must not change while it is open. Its first bytes say which kind it is, not its name.
    dtype : {"bfloat16"}, optional
        Arrays of 16-bit integers hold bfloat16.
    map : bool, default False
        Have the file mapped into memory. By default blocks of rows are read as they are needed, and a file may be
        larger than memory. A file that is cut off while it is mapped ends the process. An array in Fortran order
        should be mapped: without it each block of rows is a read for each of its columns.

    Returns
    -------
    Activations
        A mapping of names to arrays.

    Raises
    ------
    ConceptDecFileError
        The file cannot be opened or read; an OSError, too.
    ConceptDecError
        It is not what it should be (CONCEPTDEC_EFORMAT): the text says what is wrong, and where.

    Notes
    -----
    Of a .npy file the one array has the file's name without ".npy".

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = os.path.join(folder.name, "acts.safetensors")
    >>> layers = np.arange(12.0).reshape(2, 3, 2).astype("float32")
    >>> conceptdec.save_activations(path, {"layers": layers, "labels": [0, 0, 1]})
    >>> with conceptdec.open_activations(path) as acts:
    ...     acts.names, acts["layers"], acts["layers"][-1].numpy().sum()
    (['labels', 'layers'], <conceptdec.StoredArray 'layers': float32, 2 x 3 x 2>, 51.0)
    >>> with conceptdec.open_activations(path) as acts:
    ...     conceptdec.sweep(acts["layers"], acts["labels"], k=1).decodability.tolist()
    [[0.5], [0.5]]
    >>> folder.cleanup()
    """
    if dtype not in (None, "bfloat16"):
        raise ConceptDecError(f"dtype: {dtype!r} is not known; allowed: 'bfloat16' and None", const.EDTYPE)
    return Activations(_OpenFile(path, dtype, map), os.fsdecode(path))
