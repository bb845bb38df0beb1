"""Moments of labelled rows that come in batches, for class means, subspaces and erasers."""

from ctypes import c_int64, pointer
from typing import Any, Optional

import numpy as np

from . import _constants as const
from . import _labels, _structs, _views
from ._calls import run_named
from ._context import run
from ._erasure import Eraser, eraser_options
from ._errors import ConceptDecError
from ._handles import State
from ._library import Handle
from ._options import one_label_each
from ._paths import Path
from ._progress import ProgressOption
from ._subspaces import Subspaces, subspace_options


class ClassMoments(State):
    """Counts, means and scatter of labelled rows that come in batches: they may be more than any memory holds.

    The state depends on the rows and their order alone, not on how they were cut. States of different rows merge. It
    can be pickled, saved, and stand in a ``with`` statement. Several threads may share one; their calls take turns.

    Parameters
    ----------
    dims : int
        Width of the rows.
    classes : array, (C,)
        The labels that there are, any integers or strings.
    pooled : bool, default False
        Keep one scatter matrix for all classes, each row about the mean of its class, instead of one for each: enough
        for erasers, and for bases "means" and "difference".
    means : bool, default False
        Keep counts and means alone.
    variances : bool, default False
        Keep counts, means and the variance of each dimension; one of these three at most.

    Attributes
    ----------
    classes : numpy.ndarray, (C,)
    n_samples : int
    class_count : numpy.ndarray, (C,), int64
    mean : numpy.ndarray, (d,)
        Of all rows; NaN without.
    means : numpy.ndarray, (C, d)
        NaN for a class without rows.
    variances : numpy.ndarray, (C, d)
        For each class the mean square of each dimension about its mean; where `variances` are kept.
    within : numpy.ndarray, (d, d)
        Covariance within classes: each row about the mean of its class, divided by n.
    scatter : numpy.ndarray, (C, d, d)
        For each class the sum of these products, not divided; not where it is pooled.
    covariance : numpy.ndarray, (d, d)
        Of all rows about their mean, divided by n - 1.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> moments = conceptdec.ClassMoments(2, ["noun", "verb"])
    >>> for height in (1.0, 3.0):
    ...     moments = moments.add(np.array([[0.0, height], [4.0, height]]), ["noun", "verb"])
    >>> moments.means.tolist(), moments.class_count.tolist()
    ([[0.0, 2.0], [4.0, 2.0]], [2, 2])
    >>> moments.eraser().apply(np.array([[0.0, 1.0], [4.0, 1.0]])).round(9).tolist()
    [[2.0, 1.0], [2.0, 1.0]]
    """

    _name, _struct = "class_moments", _structs.ClassMoments

    def __init__(
        self, dims: int, classes: Any, pooled: bool = False, means: bool = False, variances: bool = False
    ) -> None:
        values, handle = _labels.class_values(classes), self._empty()
        flags = (
            (const.CLASS_MOMENTS_POOLED if pooled else 0)
            | (const.CLASS_MOMENTS_MEANS if means else 0)
            | (const.CLASS_MOMENTS_VARIANCES if variances else 0)
        )
        numbers = (_structs.checked("dims", c_int64, dims), len(values), flags)
        run("conceptdec_class_moments_new", *numbers, handle.place(), progress=False)
        self._own(handle)
        self.classes = values

    @classmethod
    def _named(cls, handle: Handle, classes: Any) -> "ClassMoments":
        moments = cls._adopt(handle)
        count = len(moments.class_count)
        moments.classes = np.arange(count) if classes is None else _labels.class_values(classes)
        if len(moments.classes) != count:
            text = f"classes: {len(moments.classes)} values, but the state has {count} classes"
            raise ConceptDecError(text, const.ESIZE)
        return moments

    @staticmethod
    def load(path: Path, classes: Any = None) -> "ClassMoments":
        """The same as :func:`load_class_moments`."""
        return load_class_moments(path, classes)

    @property
    def n_samples(self) -> int:
        return int(self._get(const.M_N_SAMPLES))

    @property
    def class_count(self) -> np.ndarray:
        return self._get(const.M_CLASS_COUNT)

    @property
    def mean(self) -> np.ndarray:
        return self._get(const.M_MEAN)

    @property
    def means(self) -> np.ndarray:
        return self._get(const.M_MEANS)

    @property
    def variances(self) -> np.ndarray:
        return self._get(const.M_VARIANCES)

    @property
    def within(self) -> np.ndarray:
        return self._get(const.M_WITHIN)

    @property
    def scatter(self) -> np.ndarray:
        return self._get(const.M_SCATTER)

    @property
    def covariance(self) -> np.ndarray:
        return self._get(const.M_COVARIANCE)

    def add(
        self,
        X: Any,
        y: Any,
        *,
        ignore: Any = None,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> "ClassMoments":
        """Adds rows X (m, d) with labels y (m,), all or, on any error, none of them; returns the state itself.

        Raises
        ------
        ConceptDecError
            Another width (CONCEPTDEC_ESIZE), rows that are not finite, or a label that is neither one of `classes` nor
            in `ignore` (CONCEPTDEC_ELABEL).
        """
        x, (labels, _, _) = _views.matrix("X", X, dtype), one_label_each(y, ignore, self.classes)
        arguments = (self._open(), pointer(x), pointer(labels))
        with self._alone():
            run("conceptdec_class_moments_add", *arguments, threads=threads, progress=progress, matrices=[x])
        return self

    def merge(self, other: "ClassMoments") -> "ClassMoments":
        """Adds the rows of another state, which stays as it is; returns the state itself.

        Raises
        ------
        ConceptDecError
            Another width (CONCEPTDEC_ESIZE), other classes, or another choice of `pooled`, `means` and `variances`.
        """
        theirs = getattr(other, "classes", self.classes)
        if isinstance(other, ClassMoments) and theirs.tolist() != self.classes.tolist():
            raise ConceptDecError(f"other: classes {theirs.tolist()} beside {self.classes.tolist()}", const.EINVAL)
        return self._merge(other)

    def subspaces(
        self,
        rank: Optional[int] = None,
        basis: str = "within",
        *,
        explained: Optional[float] = None,
        tolerance: Optional[float] = None,
        memory: Optional[int] = None,
        seed: Optional[int] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> Subspaces:
        """The subspaces of all classes, as :func:`subspaces` gives them for one matrix of all rows that were added.

        `basis` is "within", "uncentered" (both need a scatter matrix for each class), "means" or "difference": the rows
        themselves are gone.

        Raises
        ------
        ConceptDecError, MemoryError, KeyboardInterrupt
            As in :func:`subspaces`; a basis that the state does not have the numbers for.
        """
        wishes = subspace_options(rank, basis, explained, tolerance, memory=memory, seed=seed)
        handle = Subspaces._empty()
        self._make("subspaces", handle, wishes, threads, progress)
        return Subspaces(handle, self.classes)

    def eraser(
        self,
        kind: str = "leace",
        rank: Optional[int] = None,
        *,
        directions: Any = None,
        tolerance: Optional[float] = None,
        memory: Optional[int] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> Eraser:
        """An eraser, as :func:`fit_eraser` gives it for all rows that were added; its options.

        Raises
        ------
        ConceptDecError, MemoryError, KeyboardInterrupt
            As in :func:`fit_eraser`.
        """
        handle = Eraser._empty()
        self._make("eraser", handle, eraser_options(kind, rank, directions, tolerance, memory), threads, progress)
        return Eraser(handle)

    def _make(self, what: str, handle: Handle, wishes: Any, threads: Any, progress: Any) -> None:
        name, how = f"conceptdec_{what}_from_class_moments", dict(threads=threads, progress=progress)
        arguments = (self._open(), pointer(wishes), handle.place())
        with self._alone():
            run_named(name, self.classes, *arguments, **how)

    def __reduce__(self):
        return _from_bytes, (self._bytes(), self.classes)

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.ClassMoments: closed>"
        return f"<conceptdec.ClassMoments: {self.n_samples} rows, {len(self.classes)} classes, d={len(self.mean)}>"


def _from_bytes(raw: bytes, classes: np.ndarray) -> ClassMoments:
    return ClassMoments._named(ClassMoments._of_bytes(raw), classes)


def load_class_moments(path: Path, classes: Any = None) -> ClassMoments:
    """Reads a state that :meth:`ClassMoments.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and value in it is checked.
    classes : array, (C,), optional
        Labels for the classes, in the order of ``classes`` when it was saved. Default: 0..C-1, which is what a file
        holds.

    Returns
    -------
    ClassMoments
        To which further rows can be added.

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no such state, is damaged or comes from a later version (CONCEPTDEC_EFORMAT); or `classes` has
        another number of values.

    Notes
    -----
    Time and memory O(C d^2).

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "moments")
    ...     conceptdec.ClassMoments(2, ["noun", "verb"]).add(np.eye(2), ["noun", "verb"]).save(path)
    ...     conceptdec.load_class_moments(path, ["noun", "verb"]).add(np.eye(2), ["noun", "noun"]).class_count.tolist()
    [3, 1]
    """
    return ClassMoments._named(ClassMoments._read(path), classes)
