"""Results as tables with one row for each place."""

from typing import Any, Dict, List

import numpy as np

from . import _axes
from ._axes import Axis


def _names(axes: List[Axis]) -> List[str]:
    return [axis.name for axis in axes]


def _spread(value: Any, axes: List[Axis], rows: List[Axis]) -> np.ndarray:
    """A value repeated along the axes that it does not have."""
    shape = [len(axis.places) if axis.name in _names(axes) else 1 for axis in rows]
    return np.broadcast_to(np.reshape(value, shape), [len(axis.places) for axis in rows]).ravel()


def _places(rows: List[Axis]) -> Dict[str, np.ndarray]:
    grids = [_spread(np.array(axis.places), [axis], rows) for axis in rows]
    return dict(zip(_names(rows), grids))


def columns_of(values: Dict[str, Any], concepts: bool) -> Dict[str, np.ndarray]:
    """Columns by name: the places on the axes, then every value all of whose axes are among those of the rows."""
    axes = {name: _axes.axes_of(values, name) for name in values}
    axes = {name: found for name, found in axes.items() if found is not None and "true" not in _names(found)}
    plain = {name: found for name, found in axes.items() if "concept" not in _names(found)}
    axes = axes if concepts or not plain else plain
    rows = max(axes.values(), key=lambda found: (concepts and "concept" in _names(found), len(found)), default=[])
    inside = {name: found for name, found in axes.items() if set(_names(found)) <= set(_names(rows))}
    columns = {name: _spread(_axes.defined(values, name, found), found, rows) for name, found in inside.items()}
    return {**_places(rows), **columns}
