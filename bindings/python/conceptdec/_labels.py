"""Labels, groups and masks of any integers or strings as the integers that the library takes."""

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from . import _constants as const
from ._columns import plain, refuse_missing
from ._errors import ConceptDecError, ConceptDecTypeError

_TEXT = "US"
_LEFT_OUT = "; drop such samples, or give them a label of their own and name it in `ignore`"


def _strict_array(name: str, values: Any, hint: str = "") -> np.ndarray:
    """Integers or strings as an array; a mixture is refused, which NumPy would turn into strings. hint: of missing."""
    if values is None:
        raise ConceptDecTypeError(f"{name}: is None; needs integers or strings")
    values = plain(values)
    if isinstance(values, (list, tuple)) or getattr(values, "dtype", None) == object:
        boxed = np.asarray(values, dtype=object)
        refuse_missing(name, boxed, hint)
        kinds = {"text" if isinstance(v, (str, bytes)) else "number" for v in boxed.ravel()}
        if len(kinds) > 1:
            raise ConceptDecTypeError(f"{name}: strings and other values are mixed")
        try:
            values = np.array(boxed.tolist()) if boxed.size else boxed.astype(np.int64)
        except ValueError:
            raise ConceptDecError(f"{name}: the rows have different lengths", const.ESIZE) from None
    array = np.asarray(values)
    if array.dtype.kind not in "biu" + _TEXT:
        refuse_missing(name, array, hint)
        hint = "; convert whole numbers with .astype(int)" if array.dtype.kind == "f" else ""
        raise ConceptDecTypeError(f"{name}: must be integers or strings, not {array.dtype}{hint}")
    return array


def _ignored(labels: np.ndarray, ignore: Any) -> np.ndarray:
    if ignore is None:
        return np.zeros(labels.shape, dtype=bool)
    values = _strict_array("ignore", ignore if isinstance(ignore, (list, tuple, set, np.ndarray)) else [ignore])
    if values.size and (values.dtype.kind in _TEXT) != (labels.dtype.kind in _TEXT):
        raise ConceptDecTypeError(f"ignore: {values.dtype} cannot be compared with labels of {labels.dtype}")
    return np.isin(labels, values)


def class_values(classes: Any) -> np.ndarray:
    """The values that `classes` lists, in its order; each once."""
    values = _strict_array("classes", classes)
    if values.ndim != 1:
        raise ConceptDecError(f"classes: needs 1 axis, has {values.ndim}", const.ESIZE)
    if len(np.unique(values)) < len(values):
        raise ConceptDecError("classes: a value stands there twice", const.EINVAL)
    return values


def _codes(labels: np.ndarray, kept: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Places of the labels in `classes`; -1 for those that are not kept."""
    if kept.any() and (labels.dtype.kind in _TEXT) != (classes.dtype.kind in _TEXT):
        raise ConceptDecTypeError(f"classes: {classes.dtype} cannot be compared with labels of {labels.dtype}")
    order = np.argsort(classes, kind="stable")
    found = np.minimum(np.searchsorted(classes[order], labels), max(len(classes) - 1, 0))
    known = classes[order][found] == labels if len(classes) else np.zeros(labels.shape, dtype=bool)
    strange = np.argwhere(kept & ~known)
    if len(strange):
        label = labels[tuple(strange[0])].item()
        text = f"y: {label!r} at row {strange[0][0]} is not among the classes; `ignore` leaves such samples out"
        raise ConceptDecError(text, const.ELABEL)
    return np.where(kept, order[found], -1).astype(np.int64) if len(classes) else np.full(labels.shape, -1, np.int64)


def encode(y: Any, ignore: Any = None, classes: Any = None) -> Tuple[np.ndarray, np.ndarray]:
    """Codes 0..C-1 (n x L, int64; -1: ignored) and the C values that they stand for: `classes`, else all, sorted."""
    labels = _strict_array("y", y, _LEFT_OUT)
    if labels.ndim not in (1, 2):
        raise ConceptDecError(f"y: needs 1 or 2 axes (samples, label sets), has {labels.ndim}", const.ESIZE)
    kept = ~_ignored(labels, ignore)
    values = np.unique(labels[kept]) if classes is None else class_values(classes)
    return _codes(labels, kept, values), values


def decode(codes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The values that codes stand for; None, in an array of objects, where a code is -1."""
    if not (codes < 0).any():
        return classes[codes]
    values = np.array([*classes.tolist(), None], dtype=object)
    return values[codes]


def _one_each(name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim != 1 and array.shape[1:] != (1,):
        raise ConceptDecError(f"{name}: needs one value for each sample, has shape {array.shape}", const.ESIZE)
    return array


def groups(names: Sequence[str], values: Sequence[Any]) -> List[Optional[np.ndarray]]:
    """Groups as int64: integers as they are, strings as codes that all arrays share. None stays None."""
    arrays = [None if v is None else _one_each(name, _strict_array(name, v)) for name, v in zip(names, values)]
    there = [array for array in arrays if array is not None]
    if all(np.can_cast(array.dtype, np.int64) for array in there):
        return [None if a is None else np.ascontiguousarray(a, dtype=np.int64) for a in arrays]
    if len({array.dtype.kind in _TEXT for array in there}) > 1:
        raise ConceptDecTypeError(f"{' and '.join(names)}: strings and integers are mixed")
    values_of_all = np.unique(np.concatenate([array.ravel() for array in there]))
    return [None if a is None else np.searchsorted(values_of_all, a).astype(np.int64) for a in arrays]


def mask(name: str, values: Any) -> Optional[np.ndarray]:
    """A mask of booleans, or of 0 and 1, as int64."""
    if values is None:
        return None
    values = plain(values)
    array = np.asarray(values.tolist() if getattr(values, "dtype", None) == object else values)
    if array.dtype.kind not in "biu":
        refuse_missing(name, array)
        raise ConceptDecTypeError(f"{name}: must be a mask of booleans, or of 0 and 1, not {array.dtype}")
    return np.ascontiguousarray(_one_each(name, array), dtype=np.int64)
