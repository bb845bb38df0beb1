"""Concept subspaces: their bases, and how much two of them overlap."""

from ctypes import POINTER, pointer
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from . import _constants as const
from . import _labels, _structs, _views
from ._calls import result_of, run_named
from ._context import run
from ._errors import ConceptDecError
from ._handles import LibraryObject
from ._library import Handle
from ._options import fit_options, group_codes, one_label_each, word
from ._paths import Path
from ._progress import ProgressOption
from ._result import Result

_RANK = 10  # the library's default where a basis has many directions


def subspace_options(
    rank: Optional[int] = None,
    basis: str = "within",
    explained: Optional[float] = None,
    tolerance: Optional[float] = None,
    probe: Optional[Dict[str, Any]] = None,
    n_classes: Optional[int] = None,
    **others: Any,
) -> _structs.SubspacesOptions:
    """Options of subspaces; the bit in `given` of each that is not None is set."""
    return _structs.SubspacesOptions(
        probe=None if probe is None else pointer(fit_options(**probe)),
        rank=rank,
        classes=n_classes,
        explained=explained,
        tolerance=tolerance,
        basis=word("basis", basis),
        **others,
    )


def _overlap_flags(angles: bool, count_missing: bool) -> Optional[int]:
    flags = (0 if angles else const.OVERLAP_NO_ANGLES) | (const.OVERLAP_COUNT_MISSING if count_missing else 0)
    return flags or None


class Subspaces(LibraryObject):
    """A list of subspaces of one space, made by :func:`subspaces`, :meth:`ClassMoments.subspaces`, :meth:`from_bases`,
    :meth:`join` or :func:`load_subspaces`; it never changes.

    Subspace v * C + c is that of class c in view v. Arrays are those of the library, without a copy and read-only; they
    may outlive the list. ``len`` is the number of subspaces. It can be pickled, and stand in a ``with`` statement, at
    whose end it lets go of its memory.

    Attributes
    ----------
    bases : list of numpy.ndarray, (rank, d) each
        Orthonormal rows, by descending variance where they have one.
    variances : list of numpy.ndarray, (rank,) each
        Variance along each row (n - 1; basis "uncentered": n); NaN where it is not known.
    ranks, n_missing, n_samples : numpy.ndarray, (S,), int64
        Directions there are; that were asked for and are not there; samples (0 for bases of the caller's).
    total_variance : numpy.ndarray, (S,)
        Of the concept in all directions; NaN where it is not known.
    gap : numpy.ndarray, (S,)
        (last variance kept - first one left out) / largest: near 0 another sample would give other directions.
    undecided : numpy.ndarray, (S,), int64
        1 where that gap is rounding, so that the subspace is not unique.
    view : numpy.ndarray, (S,), int64
    class_ : numpy.ndarray, (S,)
        The caller's labels; None, in an array of objects, where a subspace is of no class (basis "means").
    classes : numpy.ndarray, (C,)

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> plane, line = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 2.0]])
    >>> both = conceptdec.Subspaces.from_bases([plane, line], classes=["noun", "verb"])
    >>> both.ranks.tolist(), both.class_.tolist()
    ([2, 1], ['noun', 'verb'])
    >>> both.overlap().angles[0, 1].round(6).tolist()
    [1.570796, nan]
    """

    _name, _struct = "subspaces", _structs.Subspaces

    def __init__(self, handle: Handle, classes: Any = None) -> None:
        super().__init__(handle)
        codes = self._get(const.S_CLASS)
        least = int(codes.max(initial=-1)) + 1
        self.classes = np.arange(least) if classes is None else _labels.class_values(classes)
        if len(self.classes) < least:
            text = f"classes: {len(self.classes)} values, but the subspaces have {least} classes"
            raise ConceptDecError(text, const.ESIZE)

    @staticmethod
    def load(path: Path, classes: Any = None) -> "Subspaces":
        """The same as :func:`load_subspaces`."""
        return load_subspaces(path, classes)

    @staticmethod
    def from_bases(
        bases: Any,
        variances: Optional[Sequence[Any]] = None,
        classes: Any = None,
        *,
        tolerance: Optional[float] = None,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
    ) -> "Subspaces":
        """Subspaces that the caller has: each is the span of the rows of a matrix.

        Parameters
        ----------
        bases : list of arrays, (r, d) each, or array, (S, r, d)
            Rows within `tolerance` of the span of the others are dropped (`ranks`, `n_missing`).
        variances : list of arrays, (r,) each, optional
            Variance along each row. The rows must then be orthonormal to 1e-6, and are kept in their order.
        classes : array, (C,), optional
            Labels: matrix v * C + c is that of class c in view v. Without it the subspaces are of no class.
        tolerance : float, optional
            Singular values at or below this share of the largest are rounding, as in :func:`subspaces`.
        dtype, threads
            As in :func:`neighbors`.

        Raises
        ------
        ConceptDecError
            Bad input; the text names the matrix.
        """
        values = None if classes is None else _labels.class_values(classes)
        _, cells = _views.views("bases", bases, dtype)
        along = None
        if variances is not None:
            along = [_views.column(f"variances[{i}]", each) for i, each in enumerate(variances)]
            if len(along) != len(cells):
                text = f"variances: {len(along)} arrays for {len(cells)} bases"
                raise ConceptDecError(text, const.ESIZE)
        wishes = _structs.SubspacesOptions(classes=None if values is None else len(values), tolerance=tolerance)
        handle = Subspaces._empty()
        numbers = None if along is None else _views.packed(along)
        arguments = (_views.packed(cells), len(cells), numbers, pointer(wishes), handle.place())
        run("conceptdec_subspaces_from_bases", *arguments, threads=threads, progress=False, matrices=cells)
        return Subspaces(handle, values)

    @staticmethod
    def join(parts: Sequence["Subspaces"]) -> "Subspaces":
        """One list of the subspaces of several, in order, views numbered through: layers that were read one by one.

        Parts that have classes must have the same ones.

        Raises
        ------
        ConceptDecError
            Another number of dimensions (CONCEPTDEC_ESIZE), or other classes.
        """
        strange = [type(part).__name__ for part in parts if not isinstance(part, Subspaces)]
        if strange:
            raise TypeError(f"parts: needs Subspaces, not {strange[0]}")
        named = [part.classes for part in parts if len(part.classes)]
        for other in named[1:]:
            if other.tolist() != named[0].tolist():
                raise ConceptDecError(f"parts: classes {other.tolist()} beside {named[0].tolist()}", const.EINVAL)
        pointers = (POINTER(_structs.Subspaces) * len(parts))(*[part._open().pointer for part in parts])
        handle = Subspaces._empty()
        run("conceptdec_subspaces_join", pointers, len(parts), handle.place(), progress=False)
        return Subspaces(handle, named[0] if named else None)

    def _cut(self, name: str) -> List[np.ndarray]:
        """An array of all directions, in a piece for each subspace."""
        rows, start = self._get(name), self._get(const.S_START)
        return [rows[first:end] for first, end in zip(start[:-1], start[1:])]

    @property
    def bases(self) -> List[np.ndarray]:
        return self._cut(const.S_BASES)

    @property
    def variances(self) -> List[np.ndarray]:
        return self._cut(const.S_VARIANCES)

    @property
    def ranks(self) -> np.ndarray:
        return self._get(const.S_RANKS)

    @property
    def n_missing(self) -> np.ndarray:
        return self._get(const.S_N_MISSING)

    @property
    def n_samples(self) -> np.ndarray:
        return self._get(const.S_N_SAMPLES)

    @property
    def total_variance(self) -> np.ndarray:
        return self._get(const.S_TOTAL_VARIANCE)

    @property
    def gap(self) -> np.ndarray:
        return self._get(const.S_GAP)

    @property
    def undecided(self) -> np.ndarray:
        return self._get(const.S_UNDECIDED)

    @property
    def view(self) -> np.ndarray:
        return self._get(const.S_VIEW)

    @property
    def class_(self) -> np.ndarray:
        return _labels.decode(self._get(const.S_CLASS), self.classes)

    def overlap(
        self,
        other: Optional["Subspaces"] = None,
        *,
        angles: bool = True,
        count_missing: bool = False,
        memory: Optional[int] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> Result:
        """Principal angles between all pairs of subspaces, and what follows from them, as :func:`subspace_overlap`
        gives them.

        Parameters
        ----------
        other : Subspaces, optional
            S' subspaces of the same space; default: those of this list.
        angles, count_missing, memory, threads, progress
            As in :func:`subspace_overlap`.

        Returns
        -------
        Result
            `overlap`, `shared_dimensions`, `chordal`, `expected`, `expected_sd`, `z`, `p_independent` and `p_value` (S
            x S' each; the last two are the same, against independent subspaces), `variance_overlap`, `ranks` (S),
            `ranks_other` (S'), `undecided`, and with angles `cosines`, `angles` (S x S' x r), `geodesic`, `procrustes`,
            `max_angle`, `fubini_study`.

        Raises
        ------
        ConceptDecError
            Another number of dimensions (CONCEPTDEC_ESIZE).
        """
        if other is not None and not isinstance(other, Subspaces):
            raise TypeError(f"other: needs Subspaces, not {type(other).__name__}")
        wishes = _structs.OverlapOptions(memory=memory, flags=_overlap_flags(angles, count_missing))
        arguments = (self._open(), None if other is None else other._open(), pointer(wishes))
        classes = self.classes if len(self.classes) else None
        how: Dict[str, Any] = dict(classes=classes, threads=threads, progress=progress)
        return result_of("conceptdec_subspaces_overlap", *arguments, **how)

    def __len__(self) -> int:
        return len(self.ranks)

    def __reduce__(self):
        return _from_bytes, (self._bytes(), self.classes)

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.Subspaces: closed>"
        ranks = np.unique(self.ranks)
        shown = f"{ranks[0]}" if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"
        doubt = f", {self.undecided.sum()} NOT UNIQUE" if self.undecided.any() else ""
        d = self._get(const.S_BASES).shape[1]
        return f"<conceptdec.Subspaces: {len(self)} of rank {shown} in d={d}{doubt}>"


def _from_bytes(raw: bytes, classes: np.ndarray) -> Subspaces:
    return Subspaces(Subspaces._of_bytes(raw), classes if len(classes) else None)


def subspaces(
    X: Any,
    y: Any,
    rank: Optional[int] = None,
    basis: str = "within",
    *,
    explained: Optional[float] = None,
    tolerance: Optional[float] = None,
    probe: Optional[Dict[str, Any]] = None,
    memory: Optional[int] = None,
    seed: Optional[int] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Subspaces:
    """The subspace that each concept takes up: in one matrix of activations, or in each of several of one width.

    Parameters
    ----------
    X : array, (n, d), list of arrays, or array of more than two axes
        Activations as in :func:`neighbors`, or views of the same samples and of one width (layers, steps): in an array
        of more than two axes the last two are samples x dimensions. In lists also objects with ``read_rows``.
    y : array, (n,)
        Labels, any integers or strings.
    rank : int, optional
        Directions of each subspace; fewer where there are no more (`n_missing`). Default: as many as `explained` says,
        without it all above `tolerance`.
    basis : {"within", "uncentered", "means", "difference", "probe"}, default "within"
        What spans it: leading principal directions of the concept's own samples about their mean; about the origin;
        class means about the mean of the class means (one subspace for each view); the mean of the class less that of
        all other samples (one direction); the weights of a linear probe (one direction for each class).
    explained : float, optional
        The least number of directions that explains this share of the variance, in (0, 1].
    tolerance : float, optional
        Singular values at or below this share of the largest are rounding, whatever `rank` says. Default: the larger of
        max(n, d) times the epsilon of the computation and the epsilon of the dtype.
    probe : dict, optional
        Options of :func:`fit_probe` for basis "probe", by name.
    memory : int, optional
        Bytes of working memory beside X and the buffers of threads; default 2**29.
    seed : int, optional
        Of the start where leading directions are found in a Krylov space; default 0.
    classes : array, (C,), optional
        The labels that there are, in the order in which results list them. Default: those in y, sorted.
    ignore : label or list of labels, optional
        Samples that have one of these labels play no part.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Subspaces
        With `bases`, `ranks`, `variances`, ``overlap``, ``save``. Subspace v * C + c is that of class c in view v. A
        class with too few samples has rank 0.

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
    Time O(n d min(n, d)) for each view; few directions of wide rows cost less. Definitions and sources:
    docs/definitions.md; how to: docs/subspaces.md.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[-1.0, 0, 5], [1, 0, 5], [0, 2, 0], [0, -2, 0]])
    >>> found = conceptdec.subspaces(x, ["noun", "noun", "verb", "verb"])
    >>> found.ranks.tolist(), [abs(basis).round(9).tolist() for basis in found.bases]
    ([1, 1], [[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    >>> [variance.tolist() for variance in found.variances]
    [[2.0], [8.0]]
    """
    labels, values, n_classes = one_label_each(y, ignore, classes)
    wishes = subspace_options(rank, basis, explained, tolerance, probe, n_classes, memory=memory, seed=seed)
    _, cells = _views.views("X", X, dtype)
    handle = Subspaces._empty()
    arguments = (_views.packed(cells), len(cells), pointer(labels), pointer(wishes), handle.place())
    how: Dict[str, Any] = dict(threads=threads, progress=progress, matrices=cells)
    run_named("conceptdec_subspaces_new", values, *arguments, **how)
    return Subspaces(handle, values)


def load_subspaces(path: Path, classes: Any = None) -> Subspaces:
    """Reads subspaces that :meth:`Subspaces.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and value in it is checked.
    classes : array, (C,), optional
        Labels for the classes, in the order of ``classes`` when they were saved. Default: 0..C-1, which is what a file
        holds.

    Returns
    -------
    Subspaces

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no such list, is damaged or comes from a later version (CONCEPTDEC_EFORMAT); or `classes` has too
        few values.

    Notes
    -----
    Time and memory O(R d), R the sum of the ranks.

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "subspaces")
    ...     conceptdec.Subspaces.from_bases([np.eye(3)[:2]], classes=["noun"]).save(path)
    ...     conceptdec.load_subspaces(path, ["noun"]).class_.tolist()
    ['noun']
    """
    return Subspaces(Subspaces._read(path), classes)


def subspace_overlap(
    X: Any,
    y: Any,
    rank: Optional[int] = _RANK,
    basis: str = "within",
    permutations: int = 0,
    bootstrap: int = 0,
    confidence: Optional[float] = None,
    permute: Optional[str] = None,
    groups: Any = None,
    seed: int = 0,
    *,
    explained: Optional[float] = None,
    tolerance: Optional[float] = None,
    probe: Optional[Dict[str, Any]] = None,
    angles: bool = True,
    count_missing: bool = False,
    memory: Optional[int] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """Do two concepts share directions? Principal angles between the subspaces that they take up.

    Parameters
    ----------
    X, y
        As in :func:`subspaces`: one matrix of activations or several views of one width, and the labels of the samples.
    rank : int or None, default 10
        Directions of each subspace; fewer where there are no more (`n_missing`). The default, which None means too,
        gives way to `explained`, and is for bases "within" and "uncentered" alone: others have all their directions.
    basis, explained, tolerance, probe
        As in :func:`subspaces`.
    permutations : int, default 0
        Draws of the null in which labels are exchanged, the same in all views: `null`, `p_value`, `p_value_lower`.
    bootstrap : int, default 0
        Draws of the bootstrap over groups (rows, where there are none), for `ci_low` and `ci_high`.
    confidence : float, optional
        Of that interval, in (0, 1); default 0.95.
    permute : {"free", "within", "whole"}, optional
        How labels are permuted: among all rows (default); within groups; whole groups.
    groups : array, (n,), optional
        Integers or strings: rows of a group are permuted (`permute`) and drawn together.
    seed : int, default 0
        Of permutations and bootstrap.
    angles : bool, default True
        Report what needs the singular values of each pair. Without: `overlap`, `shared_dimensions`, `chordal`,
        `expected`, `expected_sd`, `z` and p-values alone.
    count_missing : bool, default False
        In distances of subspaces of unequal ranks each missing dimension counts as a right angle. By default they go
        over the smaller rank.
    memory : int, optional
        Bytes of working memory beside X and the result; default 2**29.
    classes, ignore
        As in :func:`subspaces`.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        With S subspaces (views x C; subspace v * C + c is that of class c in view v) and r the largest rank: `overlap`
        (S x S, mean squared cosine over the smaller rank, 0 to 1), `shared_dimensions` (sum of squared cosines),
        `cosines` (S x S x r, descending) and `angles` (radians, ascending; NaN beyond the smaller rank), `geodesic`,
        `chordal`, `procrustes`, `max_angle`, `fubini_study` (distances, S x S), `variance_overlap`, `alignment_index`,
        `expected` and `expected_sd` (of `overlap` for independent uniform subspaces of these ranks), `z`,
        `p_independent` (S x S: against that null), `p_value` (the same; with permutations the share of draws, the
        observed one included, that overlap at least as much), `ranks`, `n_missing`, `undecided`, `view`, `class_` (S,
        the caller's labels), `variances` (S x r), `classes`. With permutations `null` (P x S x S) and `p_value_lower`;
        with bootstrap `ci_low` and `ci_high` (S x S; freed of `bootstrap_bias`). A pair with a subspace of rank 0 has
        NaN.

    Raises
    ------
    ConceptDecError, MemoryError, KeyboardInterrupt
        As in :func:`subspaces`.

    Notes
    -----
    Time: that of :func:`subspaces`, O(R^2 d) for all pairs, R the sum of ranks, and their singular values; a draw of a
    permutation or of the bootstrap costs as much again. How to read it: docs/subspaces.md.

    References
    ----------
    Bjorck, Golub, Math. Comp. 27 (1973) (angles). Elsayed et al., Nat. Commun. 7 (2016) (alignment index).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> a, b = np.eye(4)[:2], np.eye(4)[1:3]
    >>> x = np.concatenate([a, -a, b, -b])
    >>> r = conceptdec.subspace_overlap(x, ["noun"] * 4 + ["verb"] * 4, rank=2)
    >>> r.overlap.round(9).tolist(), r.expected[0, 1], r.classes.tolist()
    ([[1.0, 0.5], [0.5, 1.0]], 0.5, ['noun', 'verb'])
    >>> r.angles[0, 1].round(6).tolist()
    [0.0, 1.570796]
    """
    labels, values, n_classes = one_label_each(y, ignore, classes)
    if rank == _RANK and (explained is not None or basis not in ("within", "uncentered")):
        rank = None
    of_each = subspace_options(rank, basis, explained, tolerance, probe, n_classes)
    wishes = _structs.OverlapOptions(
        subspaces=pointer(of_each),
        groups=group_codes("groups", groups),
        permutations=permutations or None,
        bootstrap=bootstrap or None,
        memory=memory,
        seed=seed or None,
        confidence=confidence,
        permute=None if permute is None else word("permute", permute),
        flags=_overlap_flags(angles, count_missing),
    )
    _, cells = _views.views("X", X, dtype)
    arguments = (_views.packed(cells), len(cells), pointer(labels), pointer(wishes))
    how: Dict[str, Any] = dict(classes=values, threads=threads, progress=progress, matrices=cells)
    return result_of("conceptdec_subspace_overlap", *arguments, **how)
