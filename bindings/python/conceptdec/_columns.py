"""Columns of tables (pandas, Polars) and lists of objects: their values, and what is missing among them."""

from typing import Any

import numpy as np

from . import _constants as const
from ._errors import ConceptDecError

_ABSENT = ("NAType", "NaTType")  # of pandas, which may not be there


def plain(values: Any) -> Any:
    """A column of a table as NumPy's array of its values; all else as it is."""
    return values.to_numpy() if hasattr(values, "to_numpy") else values


def _is_missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return bool(value != value)
    return value is None or type(value).__name__ in _ABSENT


def refuse_missing(name: str, array: np.ndarray, hint: str = "") -> None:
    """An error that names the first missing value of an array of objects or of floating numbers, if there is one."""
    flat = array.ravel()
    if array.dtype == object:
        places = np.flatnonzero([_is_missing(value) for value in flat])
    else:
        places = np.flatnonzero(np.isnan(flat)) if array.dtype.kind == "f" else ()
    if len(places):
        row, *others = (int(place) for place in np.unravel_index(places[0], array.shape))
        column = f", column {others[0]}" if others else ""
        raise ConceptDecError(f"{name}: missing value ({flat[places[0]]}) at row {row}{column}{hint}", const.ENONFINITE)


def numbers(name: str, values: Any) -> Any:
    """Real numbers as an array; those of a nullable column, which NumPy has as objects, become float64."""
    try:
        array = np.asanyarray(plain(values))
    except ValueError as reason:
        raise ConceptDecError(f"{name}: cannot be read as an array: {reason}", const.ESIZE) from None
    if array.dtype != object:
        return array
    refuse_missing(name, array)
    are_real = all(isinstance(value, (int, float, np.number, np.bool_)) for value in array.ravel())
    return array.astype(np.float64) if are_real else array
