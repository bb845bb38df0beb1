"""Rows that an engine, or a loop over batches, hands over as it makes them."""

from ctypes import byref, c_int64
from typing import Any, List, Optional, Tuple

import numpy as np

from . import _constants as const
from . import _copies, _labels, _structs, _views
from ._arrays import borrowed
from ._class_moments import ClassMoments
from ._context import run
from ._errors import ConceptDecError, error
from ._handles import Shared
from ._library import library
from ._names import named_here
from ._options import one_label_each, word
from ._structs import Matrix


def _widths(dims: Any, layers: Optional[int]) -> List[int]:
    """The width of each layer."""
    if np.ndim(dims):
        widths = [_structs.checked("dims", c_int64, width) for width in dims]
        if layers not in (None, len(widths)):
            raise ConceptDecError(f"layers: {layers}, but dims names {len(widths)}", const.ESIZE)
        return widths
    count = 1 if layers is None else _structs.checked("layers", c_int64, layers)
    if not 1 <= count <= 2**20:
        raise ConceptDecError(f"layers: {count} is outside 1..{2**20}", const.ESIZE)
    return [_structs.checked("dims", c_int64, dims)] * count


class Accumulator(Shared):
    """Counts, means and variances (or scatter) of each concept in each layer, and a uniform sample of its rows.

    All memory is taken when it is made. The same rows in the same order give the same bits, however they were cut.
    One accumulator for each thread or process that has rows; in the end they are merged. It can stand in a ``with``
    statement. Several threads may share one; their calls take turns.

    Parameters
    ----------
    dims : int or sequence of int
        Width of the rows; a sequence names that of each layer.
    classes : array, (C,)
        The labels that there are, any integers or strings.
    layers : int, optional
        Number of layers where `dims` is one width for all; default 1.
    dtype : {"float64", "float32", "float16", "bfloat16"}, default "float32"
        Of the rows, and of those that are kept.
    reservoir : int, default 0
        Rows of each concept and layer that are kept: a uniform sample of all that came.
    moments : {"variances", "pooled", "scatters", "nothing"}, default "variances"
        What is kept beside counts and means: the variance of each dimension; one scatter matrix, rows about the means
        of their concepts; one for each concept; no moments at all, the sample alone.
    seed : int, default 0
        Of the sample.
    producer : int, default 0
        The number of this one among those that will be merged; two of one number would draw alike.

    Attributes
    ----------
    classes : numpy.ndarray, (C,)
    dims : list of int
        Width of each layer.
    dtype : str

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> acc = conceptdec.Accumulator(2, ["noun", "verb"], layers=2, reservoir=8)
    >>> for height in (1.0, 3.0):
    ...     rows = np.array([[0.0, height], [4.0, height]], dtype="float32")
    ...     acc = acc.add(0, rows, ["noun", "verb"]).add(1, 2 * rows, ["noun", "verb"])
    >>> acc.means(1).tolist(), acc.variances(0).tolist(), acc.class_count(1).tolist()
    ([[0.0, 4.0], [8.0, 4.0]], [[0.0, 1.0], [0.0, 1.0]], [2, 2])
    >>> X, y = acc.sample(1)
    >>> X.shape, sorted(y.tolist())
    ((4, 2), ['noun', 'noun', 'verb', 'verb'])
    """

    _name, _struct = "accumulator", _structs.Accumulator

    def __init__(
        self,
        dims: Any,
        classes: Any,
        layers: Optional[int] = None,
        dtype: str = "float32",
        reservoir: int = 0,
        moments: str = "variances",
        seed: int = 0,
        producer: int = 0,
    ) -> None:
        values, widths, handle = _labels.class_values(classes), _widths(dims, layers), self._empty()
        options = _structs.AccumulatorOptions(
            reservoir=reservoir, seed=seed, producer=producer, dtype=word("dtype", dtype, const.WORDS["row dtype"]),
            moments=word("moments", moments),
        )  # fmt: skip
        sizes = ((c_int64 * len(widths))(*widths), len(widths), len(values), byref(options))
        run("conceptdec_accumulator_new", *sizes, handle.place(), progress=False)
        self._own(handle)
        self.classes, self.dims, self.dtype = values, widths, dtype

    def add(self, layer: int, X: Any, y: Any, *, ignore: Any = None) -> "Accumulator":
        """Adds rows X (m, d) with labels y (m,), or one row (d,) with its label; returns the accumulator itself.

        Rows have the accumulator's dtype (bfloat16: also as 16-bit integers) and lie in memory. All are added or, on
        any error, none.

        Raises
        ------
        ConceptDecError
            No such layer, another width or dtype, rows that are not finite (CONCEPTDEC_ENONFINITE), or a label that is
            neither one of `classes` nor in `ignore` (CONCEPTDEC_ELABEL).
        """
        x = _views.rows("X", X, "bfloat16" if self.dtype == "bfloat16" else None)
        labels, _, _ = one_label_each([y] if np.ndim(y) == 0 else y, ignore, self.classes)
        where = _structs.checked("layer", c_int64, layer)
        with self._alone():
            handle = self._open()
            status = library().conceptdec_accumulator_add_rows(handle, where, byref(x), byref(labels))
            if status != const.OK:
                text = library().conceptdec_accumulator_error(handle).decode(errors="replace")
                raise error(status, named_here(text))
        return self

    def merge(self, other: "Accumulator") -> "Accumulator":
        """Adds what another accumulator holds, which stays as it is; returns the accumulator itself.

        Raises
        ------
        ConceptDecError
            Other sizes, classes, options or seed, or rows of one `producer` in both.
        """
        theirs = getattr(other, "classes", self.classes)
        if isinstance(other, Accumulator) and theirs.tolist() != self.classes.tolist():
            raise ConceptDecError(f"other: classes {theirs.tolist()} beside {self.classes.tolist()}", const.EINVAL)
        return self._merge(other)

    def _run(self, name: str, layer: int, *places: Any) -> None:
        where = _structs.checked("layer", c_int64, layer)
        run(f"conceptdec_accumulator_{name}", self._open(), where, *places, progress=False)

    def _get(self, layer: int, name: str) -> np.ndarray:
        array = _structs.Array()
        with self._alone():
            self._run("get", layer, name.encode(), byref(array))
            return borrowed(array, self._handle).copy()  # the library's memory changes with the accumulator

    def class_count(self, layer: int = 0) -> np.ndarray:
        """Rows that came, (C,) of int64."""
        return self._get(layer, const.A_CLASS_COUNT)

    def means(self, layer: int = 0) -> np.ndarray:
        """Mean of each concept, (C, d); NaN without rows."""
        return self._get(layer, const.A_MEANS)

    def variances(self, layer: int = 0) -> np.ndarray:
        """Mean square of each dimension about the concept's mean, (C, d); not where moments are "pooled"."""
        return self._get(layer, const.A_VARIANCES)

    def differences(self, layer: int = 0) -> np.ndarray:
        """Mean of each concept less the mean of all other rows, (C, d)."""
        return self._get(layer, const.A_DIFFERENCES)

    def arrivals(self, layer: int = 0) -> np.ndarray:
        """For each row of the sample how many rows of its concept had come before it, from its producer."""
        return self._get(layer, const.A_ARRIVALS)

    def producers(self, layer: int = 0) -> np.ndarray:
        """For each row of the sample the `producer` that it came from."""
        return self._get(layer, const.A_PRODUCERS)

    def sample(self, layer: int = 0) -> Tuple[np.ndarray, np.ndarray]:
        """The rows that are kept, X (m, d) in the accumulator's dtype, and their labels, y (m,).

        bfloat16 is given as uint16, which functions take with ``dtype="bfloat16"``. Layers to which the same rows came
        in the same order have the same sample, row by row.

        Raises
        ------
        ConceptDecError
            No row was kept (CONCEPTDEC_ESIZE).
        """
        x, labels = Matrix(), Matrix()
        with self._alone():
            self._run("sample", layer, byref(x), byref(labels))
            rows, codes = _copies.read("X", x), _copies.read("y", labels)
        return rows, _labels.decode(codes[:, 0], self.classes)

    def moments(self, layer: int = 0) -> ClassMoments:
        """Moments per concept as a state of their own, which can be saved, and of which subspaces and erasers are made.

        Raises
        ------
        ConceptDecError
            No moments are kept (CONCEPTDEC_EINVAL).
        """
        handle = ClassMoments._empty()
        with self._alone():
            self._run("moments", layer, handle.place())
        return ClassMoments._named(handle, self.classes)

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.Accumulator: closed>"
        widths = sorted(set(self.dims))
        width = str(widths[0]) if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
        layers = f"{len(self.dims)} layer{'s' * (len(self.dims) > 1)}"
        return f"<conceptdec.Accumulator: {layers}, {len(self.classes)} classes, d={width}, {self.dtype}>"
