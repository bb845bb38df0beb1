"""What a result looks like: curves and matrices of colours, whoever draws them."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from . import _axes
from . import _constants as const
from ._axes import Axis
from ._errors import ConceptDecError

_MOST_LINES = 6
#: Further lines beside a main value.
_COMPANIONS = {
    const.R_TRUSTWORTHINESS: (const.R_CONTINUITY, const.R_KNN_PRESERVATION),
    const.R_DECODABILITY: (const.R_DECODABILITY_EMBEDDED,),
}
_INTERVALS = {name: (const.R_CI_LOW, const.R_CI_HIGH) for name in (const.R_DECODABILITY, const.R_ACCURACY, const.R_R2)}
_INTERVALS[const.R_DIFFERENCE] = (const.R_DIFFERENCE_LOW, const.R_DIFFERENCE_HIGH)
_INTERVALS[const.R_NORMS] = (const.R_NORM_LOW, const.R_NORM_HIGH)
_BELOW_CHANCE = (const.R_DECODABILITY, const.R_ACCURACY)
_BETWEEN_0_AND_1 = (*_BELOW_CHANCE, const.R_PER_CONCEPT, const.R_CONFUSION, const.R_BALANCED)


class Line(NamedTuple):
    """Values along the places of a curve, with an interval about them where there is one; NaN leaves a gap."""

    name: str
    value: np.ndarray
    low: Optional[np.ndarray] = None
    high: Optional[np.ndarray] = None


class Curve(NamedTuple):
    """Lines over common places, with the range in which chance lies; the scale of shares begins at 0."""

    title: str
    x_title: str
    y_title: str
    places: List[str]
    lines: List[Line]
    chance: Optional[Tuple[np.ndarray, np.ndarray]] = None
    is_share: bool = False


class Heat(NamedTuple):
    """A matrix of colours; NaN: not defined. `most` is the end of the scale, which begins at 0, or at -most."""

    title: str
    row_title: str
    column_title: str
    rows: List[str]
    columns: List[str]
    value: np.ndarray
    most: float


Picture = Union[Curve, Heat]


def _shown(place: Any) -> str:
    return f"{place:.4g}" if isinstance(place, float) else str(place)


def _words(name: str) -> str:
    return name.rstrip("_").replace("_", " ")


def _place(axis: Axis, wanted: Any) -> int:
    if wanted not in axis.places:
        raise ConceptDecError(f"{axis.name}: {wanted!r} is none of {', '.join(map(repr, axis.places))}")
    return axis.places.index(wanted)


class _Values:
    """Values of a result by their axes, at the chosen places of some of them."""

    def __init__(self, values: Dict[str, Any], axes: List[Axis], chosen: Dict[str, Any]) -> None:
        strange = set(chosen) - {axis.name for axis in axes}
        if strange:
            there = ", ".join(axis.name for axis in axes) or "none"
            raise ConceptDecError(f"{strange.pop()}: no such axis; there are {there}")
        self._values = values
        self._chosen = {axis.name: _place(axis, chosen[axis.name]) for axis in axes if axis.name in chosen}
        self.axes = [axis for axis in axes if axis.name not in chosen]
        self.where = [f"{_words(axis.name)} = {_shown(chosen[axis.name])}" for axis in axes if axis.name in chosen]

    def get(self, name: str) -> np.ndarray:
        """One value spread over the axes, NaN where the result does not have it."""
        axes = _axes.axes_of(self._values, name) or []
        return self.spread(_axes.defined(self._values, name, axes), axes)

    def spread(self, value: np.ndarray, axes: List[Axis]) -> np.ndarray:
        """What has `axes` over the axes here."""
        value = np.asarray(value, dtype=float)
        value = value[tuple(self._chosen.get(axis.name, slice(None)) for axis in axes)]
        left = {axis.name for axis in axes}
        shape = [len(axis.places) if axis.name in left else 1 for axis in self.axes]
        return np.broadcast_to(value.reshape(shape), [len(axis.places) for axis in self.axes])

    def narrowed(self, kept: List[str]) -> "_Values":
        """The same where all axes but those named are at their first place."""
        first = {axis.name: axis.places[0] for axis in self.axes if axis.name not in kept}
        rest = _Values(self._values, self.axes, first)
        rest._chosen.update(self._chosen)
        rest.where = self.where + [text for text, name in zip(rest.where, first) if self._length(name) > 1]
        return rest

    def _length(self, name: str) -> int:
        return next(len(axis.places) for axis in self.axes if axis.name == name)


def _title(name: str, where: List[str]) -> str:
    return _words(name) + (f" ({', '.join(where)})" if where else "")


def _most(name: str, value: np.ndarray) -> float:
    """The end of the scale of colours."""
    finite = value[np.isfinite(value)]
    return 1.0 if name in _BETWEEN_0_AND_1 else float(np.abs(finite).max(initial=0)) or 1.0


def _heat(name: str, v: _Values, rows: Axis, columns: Axis) -> Heat:
    value = v.get(name)
    if v.axes and v.axes[0].name != rows.name:
        value = value.T
    most = _most(name, value)
    if name == const.R_CONFUSION:  # shares of the true concept
        total = value.sum(axis=1, keepdims=True)
        value = np.divide(value, total, out=np.full(value.shape, np.nan), where=total > 0)
    places = [[_shown(place) for place in axis.places] for axis in (rows, columns)]
    return Heat(_title(name, v.where), _words(rows.name), _words(columns.name), *places, value, most)


def _combinations(axes: List[Axis]) -> List[str]:
    sizes = [len(axis.places) for axis in axes]
    several = [axis for axis in axes if len(axis.places) > 1]
    index = [dict(zip([axis.name for axis in axes], place)) for place in np.ndindex(*sizes)]
    return [", ".join(f"{_words(a.name)} {_shown(a.places[at[a.name]])}" for a in several) for at in index]


def _levels(name: str, values: Dict[str, Any], v: _Values) -> List[np.ndarray]:
    """What `name` is by chance: the ends of what 95 of 100 permutations give, else a level."""
    null = np.asarray(values.get(const.R_NULL, 0.0))
    if null.ndim > 1 and null.shape[:-2] + null.shape[-1:] == np.shape(values[name]):
        ends = np.quantile(null, (0.025, 0.975), axis=-2)
        return [v.spread(end, _axes.axes_of(values, name) or []) for end in ends]
    names = (const.R_CHANCE_NULL, const.R_CHANCE, const.R_CHANCE_UNIFORM)
    return [v.get(name) for name in names if name in values and _axes.axes_of(values, name) is not None][:1]


def _band(name: str, values: Dict[str, Any], v: _Values, last: int) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """The range of chance at each place: over all lines, from the least to the greatest."""
    levels = [np.moveaxis(level, last, -1).reshape(-1, len(v.axes[last].places)) for level in _levels(name, values, v)]
    if not levels or np.isnan(levels).all():
        return None
    return np.fmin.reduce(levels[0]), np.fmax.reduce(levels[-1])  # NaN where all are


def _curve(name: str, values: Dict[str, Any], v: _Values) -> Picture:
    """Lines along the last axis of the grid, else along the last axis; a matrix where they would be too many."""
    grid = [i for i, axis in enumerate(v.axes) if axis.name.startswith("axis_") and len(axis.places) > 1]
    last = grid[-1] if grid else len(v.axes) - 1
    x, others = v.axes[last], v.axes[:last] + v.axes[last + 1 :]
    names = _combinations(others)
    flat = lambda which: np.moveaxis(v.get(which), last, -1).reshape(len(names), len(x.places))
    places, title, x_title = [_shown(place) for place in x.places], _title(name, v.where), _words(x.name)
    if len(names) > _MOST_LINES:
        row_title = ", ".join(_words(axis.name) for axis in others if len(axis.places) > 1)
        return Heat(title, row_title, x_title, names, places, flat(name), _most(name, flat(name)))
    low, high = _INTERVALS.get(name, ("", ""))
    ends = [flat(end) if end in values else [None] * len(names) for end in (low, high)]
    lines = [Line(text or _words(name), *rest) for text, *rest in zip(names, flat(name), *ends)]
    if len(lines) == 1:
        lines += [Line(_words(other), flat(other)[0]) for other in _COMPANIONS.get(name, ()) if other in values]
    chance = _band(name, values, v, last) if name in _BELOW_CHANCE else None
    return Curve(title, x_title, _words(name), places, lines, chance, name in _BETWEEN_0_AND_1)


def _default(values: Dict[str, Any]) -> Optional[str]:
    """What a result is about; of a single k the confusion, which holds more than one number."""
    main = _axes.main_of(values)
    if main is None:
        return next((name for name in (*_axes.PAIRS, const.R_SPECTRUM) if name in values), None)
    is_point = np.size(values[main[0]]) == 1 and const.R_CONFUSION in values
    return const.R_CONFUSION if is_point else main[0]


def _unnamed(name: str, value: np.ndarray) -> Optional[Picture]:
    """A vector whose axis has no name."""
    if value.ndim == 1 and value.size > 1:
        places = [str(i) for i in range(1, value.size + 1)]
        return Curve(_words(name), "index", _words(name), places, [Line(_words(name), value)])
    return None


def picture_of(values: Dict[str, Any], name: Optional[str] = None, **chosen: Any) -> Optional[Picture]:
    """The picture of a value, by default of what the result is about; None where there is none to draw."""
    name = name or _default(values)
    if name is None or not np.issubdtype(np.asarray(values[name]).dtype, np.number):
        return None
    axes = _axes.axes_of(values, name)
    v, names = _Values(values, axes or [], chosen), [axis.name for axis in axes or []]
    if axes is None:
        return _unnamed(name, np.asarray(values[name], dtype=float))
    if names[-1:] in (["predicted"], ["b"]):
        v = v.narrowed(names[-2:])
        return _heat(name, v, *v.axes) if len(v.axes) == 2 else None
    if names[-1:] == ["concept"] and len(v.axes) > 1:
        grid = [axis.name for axis in v.axes[:-1] if axis.name.startswith("axis_") and len(axis.places) > 1]
        v = v.narrowed([(grid or [v.axes[-2].name])[-1], "concept"])
        return _heat(name, v, v.axes[1], v.axes[0])
    return _curve(name, values, v) if v.axes and np.size(v.get(name)) > 1 else None
