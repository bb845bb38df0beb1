"""What the axes of a result's values are: cells of a grid, label sets, k or penalties, concepts."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from . import _constants as const

#: What a result is about, and the axis along which it is given.
MAINS = (
    (const.R_TRUSTWORTHINESS, const.R_K, "k"),
    (const.R_DECODABILITY, const.R_K, "k"),
    (const.R_DECODABILITY, const.R_N_REMOVED, "removed"),
    (const.R_ACCURACY, const.R_LAMBDA, "lambda"),
    (const.R_R2, const.R_LAMBDA, "lambda"),
)
#: Values of pairs of subspaces, of pairs of views, of pairs of concepts.
PAIRS = (const.R_OVERLAP, const.R_VALUE, const.R_COSINES)
_OF_CONCEPTS = (
    const.R_CLASS_COUNT, const.R_UNDECODABLE, const.R_SILHOUETTE_PER_CONCEPT, const.R_PARTICIPATION_PER_CONCEPT,
    const.R_NORMS, const.R_NORM_LOW, const.R_NORM_HIGH, const.R_NORM_BIAS, const.R_RELIABILITY,
    const.R_CAPACITY, const.R_MANIFOLD_RADIUS, const.R_MANIFOLD_DIMENSION,
    const.R_CAPACITY_SE, const.R_MANIFOLD_RADIUS_SE, const.R_MANIFOLD_DIMENSION_SE,
)  # fmt: skip
_OF_BOTH = (const.R_PER_CONCEPT, const.R_AUROC, const.R_AVERAGE_PRECISION)
#: Of folds, of samples, of directions: their shapes may be those of other values by chance.
_OF_OTHERS = (const.R_N_MISSING_TRAIN, const.R_N_MISSING_TEST, const.R_SELECTED, const.R_FOLD, const.R_VARIANCES)
_MARKS = (const.R_K, const.R_LAMBDA, const.R_N_REMOVED, const.R_CLASSES, const.R_CLASS, const.R_VIEW)


class Axis(NamedTuple):
    """An axis, and what stands at its places."""

    name: str
    places: List[Any]


def main_of(values: Dict[str, Any]) -> Optional[Tuple[str, str, str]]:
    """The entry of MAINS that a result is about, if any."""
    mains = [main for main in MAINS if main[0] in values]
    return next((main for main in mains if main[1] in values), mains[0] if mains else None)


def _numbered(shape: Tuple[int, ...]) -> List[Axis]:
    return [Axis(f"axis_{i}", list(range(length))) for i, length in enumerate(shape)]


def _grid_axes(values: Dict[str, Any]) -> List[Axis]:
    return _numbered(np.shape(values.get(const.R_STATUS, 0)))


def _frame(values: Dict[str, Any]) -> Tuple[List[Axis], List[Axis]]:
    """Axes of the grid and of label sets, and behind them that of the main value."""
    main = main_of(values)
    if main is None:
        return [], []
    lead, shape = _grid_axes(values), np.shape(values[main[0]])
    if len(shape) == len(lead) + 2:
        lead.append(Axis("labels", list(range(shape[-2]))))
    marks = np.ravel(values.get(main[1], np.arange(shape[-1]))).tolist()
    return lead, [Axis(main[1], marks)]


def _concepts(values: Dict[str, Any]) -> List[Axis]:
    return [Axis("concept", np.asarray(values[const.R_CLASSES]).tolist())] if const.R_CLASSES in values else []


def _side(values: Dict[str, Any], name: str, length: int) -> Axis:
    """One side of a table of pairs: the names of concepts where they are all of them, else numbers."""
    labels = values.get(const.R_CLASS, values.get(const.R_CLASSES))
    if const.R_VALUE in values or labels is None or len(labels) != length:
        return Axis(name, list(range(length)))
    of_views = np.unique(values.get(const.R_VIEW, 0)).size > 1
    views = values[const.R_VIEW] if of_views else [None] * length
    places = [label if view is None else f"{view}: {label}" for view, label in zip(views, np.asarray(labels).tolist())]
    return Axis(name, places)


def _pair_axes(values: Dict[str, Any], name: str) -> List[Axis]:
    pair = next((pair for pair in PAIRS if pair in values), None)
    shape = np.shape(values[name])
    if pair is None or shape != np.shape(values[pair]):
        return []
    if len(shape) != 2:  # grids of views
        return _numbered(shape) if pair == const.R_VALUE else []
    return [_side(values, "a", shape[0]), _side(values, "b", shape[1])]


def axes_of(values: Dict[str, Any], name: str) -> Optional[List[Axis]]:
    """The axes of one value; None where they have no names of their own."""
    if name in _OF_OTHERS or name in _MARKS:
        return None
    lead, main = _frame(values)
    concepts, shape = _concepts(values), np.shape(values[name])
    confusion = [Axis("true", axis.places) for axis in concepts] + [Axis("predicted", axis.places) for axis in concepts]
    known = {const.R_CONFUSION: lead + main + confusion, **dict.fromkeys(_OF_BOTH, lead + main + concepts)}
    known.update(dict.fromkeys(_OF_CONCEPTS, lead + concepts))
    pairs = _pair_axes(values, name)
    choices = [lead + main, lead, _grid_axes(values), []]
    choices = [pairs] if pairs else [known[name]] if name in known else choices
    return next((axes for axes in choices if tuple(len(axis.places) for axis in axes) == shape), None)


def failed_cells(values: Dict[str, Any]) -> np.ndarray:
    """Where the cells of a sweep's grid failed; a single False of what has no grid."""
    return np.asarray(values.get(const.R_STATUS, 0)) != 0


def of_good_cells(values: Dict[str, Any], name: str) -> np.ndarray:
    """One value, without the cells that failed where it has the grid's axes."""
    value, failed = np.asarray(values[name]), failed_cells(values)
    return value[~failed] if failed.ndim and value.shape[: failed.ndim] == failed.shape else value


def defined(values: Dict[str, Any], name: str, axes: List[Axis]) -> np.ndarray:
    """One value with these axes; integers, which are -1 where a cell failed, are NaN there as all else is."""
    value, failed, grid = np.asarray(values[name]), failed_cells(values), _grid_axes(values)
    if value.dtype.kind != "i" or name == const.R_STATUS or not failed.any() or axes[: len(grid)] != grid:
        return value
    value = value.astype(float)
    value[failed] = np.nan
    return value
