"""Erasure of a concept from activations, and what is left as it is erased."""

from ctypes import pointer
from typing import Any, Dict, Optional

import numpy as np

from . import _constants as const
from . import _structs, _views
from ._calls import result_of, run_named
from ._context import run
from ._errors import ConceptDecError
from ._handles import LibraryObject, array_of_result
from ._library import Handle
from ._options import knn_options, labels_if_any, made, one_label_each, probe_options, word
from ._paths import Path
from ._progress import ProgressOption
from ._result import Result

_KINDS = {number: name for name, number in const.WORDS["erase"].items()}


def eraser_options(
    kind: str = "leace",
    rank: Optional[int] = None,
    directions: Any = None,
    tolerance: Optional[float] = None,
    memory: Optional[int] = None,
    n_classes: Optional[int] = None,
) -> _structs.EraserOptions:
    """Options of erasers; the bit in `given` of each that is not None is set."""
    return _structs.EraserOptions(
        directions=None if directions is None else pointer(_views.real_rows("directions", directions)),
        classes=n_classes,
        rank=rank,
        memory=memory,
        tolerance=tolerance,
        kind=word("kind", kind, const.WORDS["erase"]),
    )


class Eraser(LibraryObject):
    """A fitted eraser, by :func:`fit_eraser`, :meth:`ClassMoments.eraser` or :func:`load_eraser`; it never changes.

    A row x becomes x - (read (x - mean)) @ removed. Arrays are those of the library, without a copy and read-only; they
    may outlive the eraser. It can be pickled, and stand in a ``with`` statement, at whose end it lets go of its memory.

    Attributes
    ----------
    read : numpy.ndarray, (r, d)
        What is read of a row, less the mean.
    removed : numpy.ndarray, (r, d)
        What is subtracted for it.
    mean : numpy.ndarray, (d,)
    strengths : numpy.ndarray, (r,)
        Singular values, descending: of the whitened cross-covariance of activations and classes ("leace"); NaN for
        given directions.
    rank : int
        Directions that are removed.
    kind : str
        "leace" or "projection".

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    >>> eraser = conceptdec.fit_eraser(x, [0, 0, 1, 1])
    >>> eraser.rank, eraser.apply(x).round(9).tolist()
    (1, [[2.0, 1.0], [2.0, 3.0], [2.0, 1.0], [2.0, 3.0]])
    """

    _name, _struct = "eraser", _structs.Eraser

    @staticmethod
    def load(path: Path) -> "Eraser":
        """The same as :func:`load_eraser`."""
        return load_eraser(path)

    @property
    def read(self) -> np.ndarray:
        return self._get(const.E_READ)

    @property
    def removed(self) -> np.ndarray:
        return self._get(const.E_REMOVED)

    @property
    def mean(self) -> np.ndarray:
        return self._get(const.E_MEAN)

    @property
    def strengths(self) -> np.ndarray:
        return self._get(const.E_STRENGTHS)

    @property
    def rank(self) -> int:
        return int(self._get(const.E_RANK))

    @property
    def kind(self) -> str:
        return _KINDS[int(self._get(const.E_KIND))]

    def apply(
        self,
        X: Any,
        *,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> np.ndarray:
        """Rows X (m, d) without the concept, (m, d) in float64. What becomes of a row does not depend on the others.

        Raises
        ------
        ConceptDecError
            X has another number of dimensions (CONCEPTDEC_ESIZE), or is not finite.
        """
        x, handle = _views.matrix("X", X, dtype), Handle(_structs.Result, "conceptdec_result_free")
        arguments = (self._open(), pointer(x), handle.place())
        run("conceptdec_eraser_apply", *arguments, threads=threads, progress=progress, matrices=[x])
        return array_of_result(handle, const.R_ERASED)

    def __reduce__(self):
        return _from_bytes, (self._bytes(),)

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.Eraser: closed>"
        return f"<conceptdec.Eraser: {self.kind}, {self.rank} directions of d={len(self.mean)}>"


def _from_bytes(raw: bytes) -> Eraser:
    return Eraser(Eraser._of_bytes(raw))


def fit_eraser(
    X: Any,
    y: Any = None,
    kind: str = "leace",
    rank: Optional[int] = None,
    *,
    directions: Any = None,
    tolerance: Optional[float] = None,
    memory: Optional[int] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Eraser:
    """Fits what removes a concept from activations, to be applied to these or others.

    Parameters
    ----------
    X : array, (n, d), or None
        Activations as in :func:`neighbors`. None with `directions`: the mean is then 0.
    y : array, (n,)
        Labels, any integers or strings. May be left out with `directions`.
    kind : {"leace", "projection"}, default "leace"
        "leace": the least change of the rows, in mean square, after which no linear map reads the classes better than a
        constant does. "projection": the orthogonal projection that removes the span of the class means, or of
        `directions`.
    rank : int, optional
        Directions that are removed at most, the strongest first. Default: all, at most C - 1.
    directions : array, (d,) or (r, d), optional
        What "projection" removes, instead: concept vectors, weights of a probe.
    tolerance : float, optional
        Singular values at or below it count as 0; default 1e-8.
    memory : int, optional
        Bytes of working memory beside X; default 2**32.
    classes : array, (C,), optional
        The labels that there are. Default: those in y.
    ignore : label or list of labels, optional
        Samples that have one of these labels play no part.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Eraser
        With ``apply``, ``save``, `read` and `removed` (r x d), `mean` (d), `strengths` (r).

    Raises
    ------
    ConceptDecError
        Bad input, a ValueError; ``status_name`` says which kind, the text which argument, where, and the limit.
    MemoryError
        Memory is exhausted.
    KeyboardInterrupt
        Ctrl-C, within 0.2 s outside a single factorisation.

    Notes
    -----
    Time O(n d^2 + d^3) and memory O(d^2) for "leace"; O(n d) for "projection". What it promises holds for the rows of
    the fit: fit and score on different samples (docs/subspaces.md). Rows in batches: :class:`ClassMoments`.

    References
    ----------
    Belrose et al., NeurIPS 2023 (LEACE).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> eraser = conceptdec.fit_eraser(None, kind="projection", directions=np.array([0.0, 2.0]))
    >>> eraser.apply(np.array([[3.0, 4.0]])).tolist()
    [[3.0, 0.0]]
    """
    labels, values, n_classes = labels_if_any(y, ignore, classes)
    wishes = eraser_options(kind, rank, directions, tolerance, memory, n_classes)
    x, handle = None if X is None else _views.matrix("X", X, dtype), Eraser._empty()
    arguments = (None if x is None else pointer(x), labels, pointer(wishes), handle.place())
    run_named("conceptdec_eraser_new", values, *arguments, threads=threads, progress=progress, matrices=[x])
    return Eraser(handle)


def load_eraser(path: Path) -> Eraser:
    """Reads an eraser that :meth:`Eraser.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and value in it is checked.

    Returns
    -------
    Eraser

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no eraser, is damaged or comes from a later version (CONCEPTDEC_EFORMAT).

    Notes
    -----
    Time and memory O(r d).

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> x = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "eraser")
    ...     conceptdec.fit_eraser(x, [0, 0, 1, 1]).save(path)
    ...     conceptdec.load_eraser(path).apply(x).round(9)[:, 0].tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    return Eraser(Eraser._read(path))


def erase(
    X: Any,
    y: Any,
    kind: str = "leace",
    rank: Optional[int] = None,
    *,
    tolerance: Optional[float] = None,
    memory: Optional[int] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> np.ndarray:
    """Activations without a concept: :func:`fit_eraser`, applied to the rows that it was fitted to.

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    y : array, (n,)
        Labels, any integers or strings.
    kind, rank, tolerance, memory, classes
        As in :func:`fit_eraser`.
    ignore : label or list of labels, optional
        Samples that have one of these labels play no part in the fit; they are erased all the same.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    numpy.ndarray, (n, d), float64

    Raises
    ------
    ConceptDecError, MemoryError, KeyboardInterrupt
        As in :func:`fit_eraser`.

    Notes
    -----
    Time: that of :func:`fit_eraser`, and O(n d r).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    >>> conceptdec.erase(x, ["noun", "noun", "verb", "verb"]).round(9).tolist()
    [[2.0, 1.0], [2.0, 3.0], [2.0, 1.0], [2.0, 3.0]]
    """
    if y is None:
        raise ConceptDecError("y: needs labels", const.ENULL)
    how: Dict[str, Any] = dict(dtype=dtype, threads=threads, progress=progress)
    wishes: Dict[str, Any] = dict(tolerance=tolerance, memory=memory, classes=classes, ignore=ignore)
    with fit_eraser(X, y, kind, rank, **wishes, **how) as eraser:
        return eraser.apply(X, **how)


def erasure_curve(
    X: Any,
    y: Any,
    kind: str = "leace",
    most: Optional[int] = None,
    *,
    directions: Any = None,
    tolerance: Optional[float] = None,
    knn: Optional[Dict[str, Any]] = None,
    probe: Optional[Dict[str, Any]] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """How decodability falls as a concept is erased: after 0, 1, 2 ... directions.

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    y : array, (n,)
        Labels, any integers or strings.
    kind, directions, tolerance
        As in :func:`fit_eraser`.
    most : int, optional
        Directions that are removed at most; default: as many as the eraser has.
    knn : dict, optional
        Options of :func:`knn_decodability`, by name.
    probe : dict, optional
        Options of :func:`probe`, by name.
    classes : array, (C,), optional
        The labels that there are. Default: those in y.
    ignore : label or list of labels, optional
        Samples that have one of these labels play no part.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        `n_removed`, `decodability` (of the first k) and `accuracy` (of the first lambda), R + 1 each, `chance_null`,
        `chance`, `strengths` (R), `classes`.

    Raises
    ------
    ConceptDecError, MemoryError, KeyboardInterrupt
        As in :func:`fit_eraser`, :func:`knn_decodability` and :func:`probe`.

    Notes
    -----
    Time: that of the two scores, R + 1 times. The eraser is fitted to all labelled rows: what a probe reads out of fold
    after it can lie below chance (docs/subspaces.md).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[i % 2, i // 2 % 2, 9 * (i > 7)] for i in range(16)], dtype=float)
    >>> r = conceptdec.erasure_curve(x, [int(row[2] > 0) for row in x], knn={"k": 3})
    >>> r.n_removed.tolist(), r.decodability[0], bool(r.decodability[1] < 1)
    ([0, 1], 1.0, True)
    """
    labels, values, n_classes = one_label_each(y, ignore, classes)
    erased = eraser_options(kind, None, directions, tolerance, None, n_classes)
    wishes = _structs.ErasureOptions(
        eraser=pointer(erased),
        knn=None if knn is None else pointer(made(knn_options, knn, "knn")),
        probe=None if probe is None else pointer(made(probe_options, probe, "probe", n_classes=n_classes)),
        most=most,
    )
    x = _views.matrix("X", X, dtype)
    how: Dict[str, Any] = dict(classes=values, threads=threads, progress=progress, matrices=[x])
    return result_of("conceptdec_erasure_curve", pointer(x), pointer(labels), pointer(wishes), **how)
