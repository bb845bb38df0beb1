"""What every metric returns."""

import json
import threading
from ctypes import byref, c_char_p
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from . import _axes, _html, _labels, _pictures, _plot, _tables
from . import _constants as const
from ._arrays import borrowed
from ._errors import ConceptDecError, error
from ._library import Handle, library
from ._structs import Array

_SHOWN_ROWS, _SHOWN_NUMBERS, _SHOWN_CELLS = 40, 8, 4
_COLUMNS = (
    ("trustworthy", const.R_TRUSTWORTHINESS),
    ("continuous", const.R_CONTINUITY),
    ("kept", const.R_KNN_PRESERVATION),
    ("r_nx", const.R_R_NX),
    ("decodability", const.R_DECODABILITY),
    ("in picture", const.R_DECODABILITY_EMBEDDED),
    ("accuracy", const.R_ACCURACY),
    ("r2", const.R_R2),
    ("low", const.R_CI_LOW),
    ("high", const.R_CI_HIGH),
    ("chance", const.R_CHANCE_NULL),
    ("kappa", const.R_KAPPA),
    ("p", const.R_P_VALUE),
    ("loss (bits)", const.R_LOG_LOSS),
    ("selectivity", const.R_SELECTIVITY),
    ("code (bits)", const.R_CODELENGTH_BITS),
)


def _read_values(handle: Handle) -> Dict[str, np.ndarray]:
    lib, values = library(), {}
    for index in range(lib.conceptdec_result_count(handle)):
        name, array = lib.conceptdec_result_name(handle, index), Array()
        status = lib.conceptdec_result_get(handle, name, byref(array))
        if status != const.OK:
            raise error(status, f"result: {name.decode()} cannot be read")
        values[name.decode()] = borrowed(array, handle).copy()
    return values


def _read_json(handle: Handle) -> str:
    text = c_char_p()
    status = library().conceptdec_result_json(handle, byref(text))
    if status != const.OK:
        raise error(status, "result: its JSON form cannot be made")
    return (text.value or b"").decode()


def _read_messages(handle: Handle, values: Dict[str, np.ndarray]) -> Optional[np.ndarray]:
    if const.R_STATUS not in values:
        return None
    status = values[const.R_STATUS]
    texts = [library().conceptdec_result_message(handle, cell).decode() for cell in range(status.size)]
    return np.array(texts, dtype=object).reshape(status.shape)


def _plain(value: Any) -> Any:
    """Nested lists, null where a number is not finite, as the library writes them."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return array.tolist()
    return np.where(np.isfinite(array), array.astype(object), None).tolist()


def _with_changes(text: str, changed: Dict[str, Any]) -> str:
    """The JSON form with values that are others here: the caller's classes in the place of 0..C-1, other axes."""
    if not changed:
        return text
    document = json.loads(text)
    document["values"].update({name: _plain(value) for name, value in changed.items()})
    return json.dumps(document, default=lambda value: value.decode(errors="replace"))


def _same(array: np.ndarray, other: Optional[np.ndarray]) -> bool:
    return other is not None and array.dtype.kind == other.dtype.kind and np.array_equal(array, other)


def _with_classes(values: Dict[str, Any], classes: np.ndarray) -> Dict[str, Any]:
    """What stands for classes by their numbers, with the caller's in their place."""
    changed = {const.R_CLASSES: classes}
    for name in (const.R_PREDICTED, const.R_CLASS):
        if name in values:
            changed[name] = _labels.decode(values[name], classes)
    return {} if all(_same(array, values.get(name)) for name, array in changed.items()) else changed


def _brief(value: Any) -> str:
    """A number, those of a short vector, or the shape of an array."""
    if not isinstance(value, np.ndarray):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    is_short = value.ndim == 1 and value.size <= _SHOWN_NUMBERS
    return " ".join(map(_brief, value.tolist())) if is_short else f"array {value.shape}"


def _range(levels: np.ndarray, form: str) -> str:
    """A number, or the least and the greatest of several."""
    return " to ".join(format(level, form) for level in np.unique([levels.min(), levels.max()]))


class Result:
    """Named values of one metric: ``r.decodability``, ``r["decodability"]``, ``r.keys()``, ``r.to_dict()``.

    A value is a NumPy array, or a Python number where it has no axis. ``classes`` and ``predicted`` hold the caller's
    labels; ``predicted`` is an array of objects with None where a sample is not scored, if there are such samples.
    Names are those of the header (CONCEPTDEC_R_*), listed in docs/definitions.md.

    Attributes
    ----------
    diagnostics : dict
        What may differ from run to run: times, counts of refined candidates.
    options : dict
        Every option as the library resolved it.
    provenance : dict
        Version, kernel, BLAS, threads and seed.
    messages : numpy.ndarray of str, or None
        For a sweep: the error text of each cell, "" where the cell succeeded.
    """

    def __init__(self, values: Dict[str, Any], text: Optional[str], messages: Optional[np.ndarray] = None) -> None:
        self._values, self._text, self.messages = values, text, messages
        self._changed: Dict[str, Any] = {}
        self._handle: Optional[Handle] = None
        self._lock = threading.Lock()

    @classmethod
    def _from_handle(
        cls,
        handle: Handle,
        classes: Optional[np.ndarray],
        shapes: Optional[Dict[str, Tuple[int, ...]]] = None,
    ) -> "Result":
        values: Dict[str, Any] = _read_values(handle)
        messages = _read_messages(handle, values)
        changed = {} if classes is None else _with_classes(values, classes)
        changed.update({name: values[name].reshape(shape) for name, shape in (shapes or {}).items() if name in values})
        values.update(changed)
        values = {name: array.item() if array.ndim == 0 else array for name, array in values.items()}
        result = cls(values, None, messages)
        result._handle, result._changed = handle, changed
        return result

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"{name!r}; there are {', '.join(self._values)}") from None

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"this result has no {name!r}; there are {', '.join(values)}")

    def __dir__(self) -> List[str]:
        return sorted([*super().__dir__(), *self._values])

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> List[str]:
        """Names of the values."""
        return list(self._values)

    def to_dict(self) -> Dict[str, Any]:
        """Values by name, NumPy arrays and Python numbers."""
        return dict(self._values)

    def to_json(self) -> str:
        """The whole result as JSON text: values (null: not finite), options, provenance, diagnostics, messages of a
        sweep."""
        with self._lock:
            if self._text is None and self._handle is not None:
                self._text = _with_changes(_read_json(self._handle), self._changed)
                self._handle = None
        return self._text or ""

    def to_pandas(self, concepts: bool = False) -> Any:
        """The result as a tidy pandas.DataFrame, which needs pandas.

        A row for each cell of a grid, label set and k (or penalty); of results about pairs for each pair. Columns:
        `axis_0`, `axis_1` ... for the place in a grid, `labels` for the label set, `k` or `lambda_`, `a` and `b` for
        pairs; then each value under its own name, repeated where it does not depend on one of these. What has an axis
        of its own kind (confusion, folds, samples, draws) is left out. Cells of a sweep that failed are NaN in every
        column but `status`, counts too, which are -1 there in the arrays.

        Parameters
        ----------
        concepts : bool, default False
            A row for each concept of these rows, named in `concept`, with the values that concepts have (per_concept,
            auroc, class_count ...). Results that have nothing else are given so in any case.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        try:
            import pandas
        except ImportError as reason:
            raise ImportError("pandas is needed for to_pandas() (pip install pandas)") from reason
        return pandas.DataFrame(_tables.columns_of(self._values, concepts))

    def plot(
        self, name: Optional[str] = None, ax: Any = None, *, at: Optional[Dict[str, Any]] = None, **style: Any
    ) -> Any:
        """A picture with matplotlib, by default of what the result is about.

        Decodability and other scores are curves over the last axis of a grid, else over k or the penalty, with their
        intervals and, in grey, chance: what lies between the 2.5 and 97.5 % quantiles of the permutations, else the
        range of chance levels (a matrix of colours where there would be more than six lines).
        `confusion` (shares of the true concept), `per_concept`, overlaps, similarities and cosines are matrices.

        Parameters
        ----------
        name : str, optional
            The value to show, such as "confusion" or "difference".
        ax : matplotlib.axes.Axes, optional
            Where to draw; default: new axes.
        at : dict, optional
            Places on axes, by the names of :meth:`to_pandas`: ``{"k": 10, "axis_0": 2}``. A matrix whose other axes
            are left open is that of their first place, as its title says.
        **style
            For ``Axes.plot`` of a curve, ``Axes.imshow`` of a matrix.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ConceptDecError
            A value that has no picture, or an axis or place that there is not.
        """
        if name is not None:
            self[name]
        picture = _pictures.picture_of(self._values, name, **(at or {}))
        if picture is None:
            raise ConceptDecError(f"{name or 'this result'}: there is no picture of it; there are {', '.join(self)}")
        return _plot.drawn(picture, ax, **style)

    def _repr_html_(self) -> str:
        """What Jupyter shows: the picture that :meth:`plot` draws, and single numbers."""
        return _html.page_of(self._values, self._headline(), self._levels() + self._doubts())

    def _part(self, name: str) -> Dict[str, Any]:
        return json.loads(self.to_json()).get(name, {})

    @property
    def diagnostics(self) -> Dict[str, Any]:
        return self._part("diagnostics")

    @property
    def options(self) -> Dict[str, Any]:
        return self._part("options")

    @property
    def provenance(self) -> Dict[str, Any]:
        return self._part("provenance")

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *self._table(), *self._levels(), *self._doubts()])

    def _headline(self) -> str:
        if const.R_N_SCORED not in self._values:
            return "conceptdec.Result"
        count = _range(_axes.of_good_cells(self._values, const.R_N_SCORED), "d")
        classes = f", {len(self._values[const.R_CLASSES])} classes" if const.R_CLASSES in self._values else ""
        return f"conceptdec.Result: {count} samples scored{classes}"

    def _table(self) -> List[str]:
        """One line for each k, or lambda, of each cell and label set."""
        found = _axes.main_of(self._values)
        if found is None:
            width = max(map(len, self._values), default=0)
            return [f"{name:>{width}}  {_brief(value)}" for name, value in self._values.items()]
        name, axis, head = found
        main = np.atleast_1d(self._values[name])
        columns = [(title, np.atleast_1d(self._values[c])) for title, c in _COLUMNS if c in self._values]
        columns = [(title, value) for title, value in columns if value.shape == main.shape]
        marks = [f"{mark:.4g}" for mark in np.asarray(self._values.get(axis, ())).reshape(-1)]
        cell_width, mark_width = 12 * (main.ndim > 1), (10 if axis == const.R_LAMBDA else len(head) + 5) * bool(marks)
        lines = ["cell".rjust(cell_width) * (main.ndim > 1) + head.rjust(mark_width) * bool(marks)]
        lines[0] += "".join(f"{title:>14}" for title, _ in columns)
        for index in list(np.ndindex(*main.shape))[:_SHOWN_ROWS]:
            cell = str(list(index[:-1])).rjust(cell_width) * (main.ndim > 1)
            mark = marks[index[-1]].rjust(mark_width) if marks else ""
            lines.append(cell + mark + "".join(f"{value[index]:>14.4f}" for _, value in columns))
        if main.size > _SHOWN_ROWS:
            lines.append(f"... {main.size - _SHOWN_ROWS} more")
        return lines

    def _levels(self) -> List[str]:
        """The chance levels that need no draws."""
        shown = []
        for head, name in (("1/C", const.R_CHANCE_UNIFORM), ("largest class", const.R_CHANCE_MAJORITY)):
            if name in self._values:
                shown.append(f"{head} {_range(_axes.of_good_cells(self._values, name), '.4f')}")
        return ["chance levels: " + ", ".join(shown)] if shown else []

    def _doubts(self) -> List[str]:
        """What should not be overlooked."""
        doubts = self._failures()
        if const.R_CONVERGED in self._values:
            converged = _axes.of_good_cells(self._values, const.R_CONVERGED)
            if not converged.all():
                doubts.append(f"NOT CONVERGED: the fits of {(converged == 0).sum()} of {converged.size} lambdas")
        return doubts

    def _failures(self) -> List[str]:
        """Which cells of a sweep failed, and why the first of them did."""
        failed = _axes.failed_cells(self._values)
        if self.messages is None or not failed.any():
            return []
        cells = np.argwhere(failed).tolist()
        named = ", ".join(map(str, cells[:_SHOWN_CELLS])) + " ..." * (len(cells) > _SHOWN_CELLS)
        reason = self.messages[tuple(cells[0])]
        return [f"FAILED: {len(cells)} of {failed.size} cells ({named}), the first with: {reason}"]

    def __reduce__(self):
        return Result, (self._values, self.to_json(), self.messages)

