"""Arrays into files."""

import os
import re
from ctypes import POINTER, c_char_p, c_int64
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import _constants as const
from . import _readers, _structs, _views
from ._context import run
from ._errors import ConceptDecError, ConceptDecTypeError
from ._paths import Path, path_bytes
from ._progress import ProgressOption
from ._stored import StoredArray
from ._structs import Matrix


class _Entry(NamedTuple):
    """An array to be written, and what keeps its memory."""

    name: bytes
    shape: Tuple[int, ...]
    cells: Sequence[Matrix]
    is_vector: bool


def _is_plain(x: Any) -> bool:
    """A list of numbers, however deep, or what NumPy sees as an array: not a list of views, a reader, a tensor."""
    if isinstance(x, (list, tuple)):
        return len(x) > 0 and (np.isscalar(x[0]) or isinstance(x[0], (list, tuple)) and _is_plain(x[0]))
    outside = isinstance(x, StoredArray) or _readers.is_reader(x) or hasattr(x, "__dlpack__")
    return isinstance(x, np.ndarray) or not outside


def _whole(name: str, array: np.ndarray) -> np.ndarray:
    """Integers of other widths, and booleans, as int64; 16 bits of more than one axis may be bfloat16 and stay."""
    if array.dtype.kind not in "biu" or array.dtype in (np.int64, np.int32) or (array.itemsize == 2 and array.ndim > 1):
        return array
    if array.dtype == np.uint64 and (array >> np.uint64(63)).any():
        raise ConceptDecError(f"{name}: an integer is above {2**63 - 1}", const.EOVERFLOW)
    return array.astype(np.int64)


def _prepared(name: str, x: Any) -> Any:
    if isinstance(x, StoredArray) and x.is_integer:
        x = x.integers()
    return _whole(name, np.asanyarray(x)) if _is_plain(x) else x


def _entry(name: str, x: Any, dtype: Optional[str]) -> _Entry:
    label = f"arrays[{name!r}]"
    shape, cells, is_vector = _views.numbers(label, _prepared(label, x), dtype)
    if len({(cell.rows, cell.cols, cell.dtype) for cell in cells}) > 1:
        raise ConceptDecError(f"{label}: its views differ in size or dtype", const.ESIZE)
    return _Entry(name.encode(), shape, cells, is_vector)


def _named_views(entry: _Entry) -> _structs.NamedViews:
    lengths = (c_int64 * len(entry.shape))(*entry.shape)
    flags = const.VIEWS_VECTOR if entry.is_vector else 0
    views = POINTER(Matrix)() if not entry.cells else _views.packed(entry.cells)
    return _structs.NamedViews(entry.name, views, lengths, len(entry.shape), flags)


def _metadata_fields(metadata: Optional[Dict[str, str]]) -> Dict[str, Any]:
    if not metadata:
        return {}
    texts: List[bytes] = []
    for pair in metadata.items():
        if not all(isinstance(text, str) for text in pair):
            raise ConceptDecTypeError(f"metadata: keys and values must be text, not {pair!r}", const.EINVAL)
        if any("\0" in text for text in pair):
            raise ConceptDecError(f"metadata: {pair[0]!r} contains a NUL character")
        texts += [text.encode() for text in pair]
    return {"metadata": (c_char_p * len(texts))(*texts), "n_metadata": len(metadata)}


def _about_names(problem: ConceptDecError, names: List[str]) -> ConceptDecError:
    """The error with names of arrays where the library's text has their places."""

    def named(found: "re.Match[str]") -> str:
        name = names[int(found[1])]
        return f"arrays: name {name!r}" if found[2] else f"arrays[{name!r}]"

    text = re.sub(r"\barrays\[(\d+)\](\.name)?", named, problem.args[0])
    return type(problem)(text, problem.status)


def save_activations(
    path: Path,
    arrays: Any,
    metadata: Optional[Dict[str, str]] = None,
    *,
    dtype: Optional[str] = None,
    progress: ProgressOption = None,
) -> None:
    """Writes arrays to a .npy or .safetensors file, which appears at once and whole.

    Parameters
    ----------
    path : str or path-like
        Its ending, ".npy" (one array) or ".safetensors", says which kind of file.
    arrays : dict of str to array, or one array
        Activations as in :func:`neighbors` or, of more axes, as in :func:`sweep`: also lists of views of one size,
        readers and :class:`StoredArray`. Integers (booleans, too) are written as int32 where they are that, else as
        int64. What has one axis keeps one. A .npy file may also be given one array without a name.
    metadata : dict of str to str, optional
        Of a .safetensors file: what its "__metadata__" says.
    dtype : {"bfloat16"}, optional
        Integers of 16 bits and more than one axis hold bfloat16.
    progress : bool or callable, optional
        As in :func:`neighbors`.

    Raises
    ------
    ConceptDecFileError
        The file cannot be written; an OSError, too.
    ConceptDecError
        Another ending, two arrays for .npy, or an array that cannot be written.

    Notes
    -----
    Nothing is copied but a block at a time; bfloat16 is "<V2" in a .npy file, which :func:`open_activations` reads as
    bfloat16 without being told.

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "acts.safetensors")
    ...     layers = [np.zeros((4, 2)), np.ones((4, 2))]
    ...     conceptdec.save_activations(path, {"layers": layers, "y": [0, 0, 1, 1]}, {"model": "toy"})
    ...     with conceptdec.open_activations(path) as acts:
    ...         acts["layers"].shape, acts["y"].integers().tolist(), acts.metadata("model")
    ((2, 4, 2), [0, 0, 1, 1], 'toy')
    """
    named = arrays if isinstance(arrays, dict) else {_stem(path): arrays}
    for name in named:
        if not isinstance(name, str) or "\0" in name:
            raise ConceptDecTypeError(f"arrays: a name must be text without NUL, not {name!r}", const.EINVAL)
    entries = [_entry(name, x, dtype) for name, x in named.items()]
    views = [_named_views(entry) for entry in entries]
    packed, options = (_structs.NamedViews * len(views))(*views), _structs.SaveOptions(**_metadata_fields(metadata))
    cells = [cell for entry in entries for cell in entry.cells]
    arguments = (path_bytes(path), packed, len(views), options)
    try:
        run("conceptdec_activations_save", *arguments, progress=progress, matrices=cells)
    except ConceptDecError as problem:
        raise _about_names(problem, list(named)) from None


def _stem(path: Path) -> str:
    return os.path.splitext(os.path.basename(os.fsdecode(path)))[0]
