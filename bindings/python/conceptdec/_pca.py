"""Principal components, moments of rows that come in batches, and pictures that are turned to lie on one another."""

from ctypes import pointer
from typing import Any, Optional, Sequence

import numpy as np

from . import _constants as const
from . import _plot, _structs, _views
from ._calls import result_of
from ._context import run
from ._errors import ConceptDecError
from ._handles import LibraryObject, State, array_of_result
from ._library import Handle
from ._options import word
from ._paths import Path
from ._progress import ProgressOption
from ._result import Result

_SOLVERS = {number: name for name, number in const.WORDS["solver"].items()}


def _options(
    n_components: Optional[int] = None,
    solver: str = "auto",
    center: bool = True,
    standardize: bool = False,
    whiten: bool = False,
    tolerance: Optional[float] = None,
    max_iterations: Optional[int] = None,
    memory: Optional[int] = None,
    seed: int = 0,
) -> _structs.PcaOptions:
    """Options of PCA; the bit in `given` of each that is not None is set."""
    flags = (
        (0 if center else const.PCA_UNCENTERED)
        | (const.PCA_STANDARDIZE if standardize else 0)
        | (const.PCA_WHITEN if whiten else 0)
    )
    return _structs.PcaOptions(
        n_components=n_components,
        max_iterations=max_iterations,
        memory=memory,
        seed=seed,
        tolerance=tolerance,
        solver=word("solver", solver),
        flags=flags or None,
    )


class PCAModel(LibraryObject):
    """Fitted principal components, made by :func:`pca`, :meth:`Moments.pca` or :func:`load_pca`; it never changes.

    Arrays are those of the library, without a copy and read-only; they may outlive the model. It can be pickled, and
    stand in a ``with`` statement, at whose end it lets go of its memory.

    Attributes
    ----------
    components : numpy.ndarray, (r, d)
        Orthonormal rows, by descending variance; of each the element of largest magnitude is positive.
    explained_variance : numpy.ndarray, (r,)
        Variance along each, divided by n - 1.
    explained_variance_ratio : numpy.ndarray, (r,)
        The same as a share of the variance of all dimensions.
    singular_values : numpy.ndarray, (r,)
        Of the centred rows: sqrt((n - 1) explained_variance).
    mean, scale : numpy.ndarray, (d,)
        What is subtracted, and then divided by; scale is 1 unless standardised.
    residual : numpy.ndarray, (r,)
        \\|C v - variance v\\| / the largest variance: how exactly v is an eigenvector.
    eigen_gap : numpy.ndarray, (r,)
        Distance to the nearest other variance / the largest one: near 0 the direction is not unique.
    total_variance : float
        Of all dimensions.
    n_samples : int
    n_clamped : int
        Variances that rounding had made negative; they are 0.
    solver : str
        The one that was taken: "covariance", "gram", "svd" or "krylov".
    iterations : int
        Products that Krylov made; else 0.
    converged : bool
        False where the tolerance that counted was not met.
    """

    _name, _struct = "pca", _structs.Pca

    @staticmethod
    def load(path: Path) -> "PCAModel":
        """The same as :func:`load_pca`."""
        return load_pca(path)

    @property
    def components(self) -> np.ndarray:
        return self._get(const.P_COMPONENTS)

    @property
    def explained_variance(self) -> np.ndarray:
        return self._get(const.P_EXPLAINED_VARIANCE)

    @property
    def explained_variance_ratio(self) -> np.ndarray:
        return self._get(const.P_EXPLAINED_VARIANCE_RATIO)

    @property
    def singular_values(self) -> np.ndarray:
        return self._get(const.P_SINGULAR_VALUES)

    @property
    def mean(self) -> np.ndarray:
        return self._get(const.P_MEAN)

    @property
    def scale(self) -> np.ndarray:
        return self._get(const.P_SCALE)

    @property
    def residual(self) -> np.ndarray:
        return self._get(const.P_RESIDUAL)

    @property
    def eigen_gap(self) -> np.ndarray:
        return self._get(const.P_EIGEN_GAP)

    @property
    def total_variance(self) -> float:
        return float(self._get(const.P_TOTAL_VARIANCE))

    @property
    def n_samples(self) -> int:
        return int(self._get(const.P_N_SAMPLES))

    @property
    def n_clamped(self) -> int:
        return int(self._get(const.P_N_CLAMPED))

    @property
    def solver(self) -> str:
        return _SOLVERS[int(self._get(const.P_SOLVER))]

    @property
    def iterations(self) -> int:
        return int(self._get(const.P_ITERATIONS))

    @property
    def converged(self) -> bool:
        return bool(self._get(const.P_CONVERGED))

    def _turn(self, verb: str, rows: _structs.Matrix, name: str, threads: Any, progress: Any) -> np.ndarray:
        handle = Handle(_structs.Result, "conceptdec_result_free")
        arguments = (self._open(), pointer(rows), handle.place())
        run(f"conceptdec_pca_{verb}", *arguments, threads=threads, progress=progress, matrices=[rows])
        return array_of_result(handle, name)

    def transform(
        self,
        X: Any,
        *,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> np.ndarray:
        """Coordinates of rows along the components, (m, r); a row's do not depend on the other rows.

        Raises
        ------
        ConceptDecError
            X has another number of dimensions (CONCEPTDEC_ESIZE), or is not finite.
        """
        return self._turn("transform", _views.matrix("X", X, dtype), const.R_TRANSFORMED, threads, progress)

    def inverse_transform(
        self,
        Z: Any,
        *,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> np.ndarray:
        """The points of the input space that have coordinates Z (m, r), as (m, d).

        Raises
        ------
        ConceptDecError
            Z has another number of columns than there are components (CONCEPTDEC_ESIZE), or is not finite.
        """
        return self._turn("inverse_transform", _views.matrix("Z", Z, dtype), const.R_RECONSTRUCTED, threads, progress)

    def plot(
        self, X: Any = None, y: Any = None, ax: Any = None, *, dtype: Optional[str] = None, **style: Any
    ) -> Any:
        """A picture with matplotlib: rows X (m, d) in the plane of the first two components, coloured by labels y (m,).

        Without X the share of variance along each component. `style` is for ``Axes.scatter``, without X ``Axes.bar``.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ConceptDecError
            As in :meth:`transform`; labels without X; one component alone.
        """
        shares = self.explained_variance_ratio
        if X is None and y is not None:
            raise ConceptDecError("y: stands beside X only")
        if X is None:
            return _plot.bars(shares, ax, "share of variance", **style)
        names = [f"component {i + 1} ({100 * share:.1f} %)" for i, share in enumerate(shares[:2])]
        return _plot.scatter(self.transform(X, dtype=dtype), y, ax, names, "PCA", **style)

    def __reduce__(self):
        return _pca_from_bytes, (self._bytes(),)

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.PCAModel: closed>"
        (r, d), share = self.components.shape, self.explained_variance_ratio.sum()
        doubt = "" if self.converged else ", NOT CONVERGED"
        return f"<conceptdec.PCAModel: {r} components of d={d}, {share:.1%} of the variance, {self.solver}{doubt}>"


def _pca_from_bytes(raw: bytes) -> PCAModel:
    return PCAModel(PCAModel._of_bytes(raw))


def pca(
    X: Any,
    n_components: Optional[int] = None,
    solver: str = "auto",
    center: bool = True,
    standardize: bool = False,
    whiten: bool = False,
    tolerance: Optional[float] = None,
    max_iterations: Optional[int] = None,
    memory: Optional[int] = None,
    seed: int = 0,
    *,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> PCAModel:
    """Directions of largest variance: the leading eigenvectors of the covariance of the rows.

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`; n >= 2.
    n_components : int, optional
        1 to min(n, d), which is the default.
    solver : {"auto", "covariance", "gram", "svd", "krylov"}, default "auto"
        How components are found: by shape and number; eigenvectors of the d x d covariance; of the n x n products of
        rows; singular vectors in float64, which have small variances to full precision; a block Krylov space of the
        rows or of their covariance, for a few of many (Musco and Musco 2015).
    center : bool, default True
        Subtract the mean. Without it, directions through the origin.
    standardize : bool, default False
        Divide each dimension by its standard deviation (population); a constant one by 1.
    whiten : bool, default False
        ``transform`` gives variance 1 along each component.
    tolerance : float, optional
        Krylov ends when every `residual` is at or below it; default 1e-5. Where it is at least 2**-24 d, the
        eigenvectors of a covariance of 1,000 dimensions or more of rows narrower than float64 are found in float32. It
        is refused beside a solver that does not go by it, and so is `max_iterations` beside all but "krylov".
    max_iterations : int, optional
        Products with the rows, or their covariance, that Krylov may make; default 40.
    memory : int, optional
        Bytes of working memory beside X, the components and the buffers of threads; default 2**29. A Krylov space keeps
        fewer vectors where there is less; what cannot fit is refused with the bytes that are needed.
    seed : int, default 0
        Of the Krylov space's start.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    PCAModel
        With ``transform``, ``inverse_transform``, ``save``, `components` (r x d), `explained_variance`,
        `explained_variance_ratio`, `singular_values`, `residual`, `eigen_gap` (r each), `mean`, `scale` (d each),
        `solver`, `converged` and more.

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
    Time O(n d min(n, d)), Krylov O(n d n_components) for each product, or O(d^2 n_components) after O(n d^2) once;
    memory O(min(n, d)^2) beside X. Definitions and sources: docs/definitions.md; how to: docs/projections.md.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0], [6.0, 6.0]])
    >>> model = conceptdec.pca(x, 1)
    >>> model.components.round(6).tolist(), model.explained_variance_ratio.round(6).tolist()
    ([[0.707107, 0.707107]], [1.0])
    >>> model.inverse_transform(model.transform(x)).round(6).tolist() == x.tolist()
    True
    """
    wishes = _options(n_components, solver, center, standardize, whiten, tolerance, max_iterations, memory, seed)
    x, handle = _views.matrix("X", X, dtype), PCAModel._empty()
    arguments = (pointer(x), pointer(wishes), handle.place())
    run("conceptdec_pca_new", *arguments, threads=threads, progress=progress, matrices=[x])
    return PCAModel(handle)


def load_pca(path: Path) -> PCAModel:
    """Reads components that :meth:`PCAModel.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and value in it is checked.

    Returns
    -------
    PCAModel

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no such model, is damaged or comes from a later version (CONCEPTDEC_EFORMAT).

    Notes
    -----
    Time and memory O(r d).

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "pca")
    ...     conceptdec.pca(np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]), 1).save(path)
    ...     conceptdec.load_pca(path).explained_variance.round(6).tolist()
    [4.0]
    """
    return PCAModel(PCAModel._read(path))


# ---- rows that come in batches


class Moments(State):
    """Mean and covariance of rows that come in batches, for more rows than fit into memory or that pass by once.

    The state depends on the rows and their order alone, not on how they were cut into batches: the same bits for any
    cut. States of different rows merge. It can be pickled, saved, and stand in a ``with`` statement. Several threads
    may share one; their calls take turns.

    Parameters
    ----------
    dims : int
        Width of the rows.

    Attributes
    ----------
    n_samples : int
    mean : numpy.ndarray, (d,)
        NaN without rows.
    covariance : numpy.ndarray, (d, d)
        Divided by n - 1; NaN with fewer than two rows.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> moments = conceptdec.Moments(2).add(np.array([[0.0, 0.0], [2.0, 2.0]])).add(np.array([[4.0, 4.0]]))
    >>> moments.n_samples, moments.mean.tolist(), moments.covariance.tolist()
    (3, [2.0, 2.0], [[4.0, 4.0], [4.0, 4.0]])
    >>> moments.pca(1).explained_variance.round(6).tolist()
    [8.0]
    """

    _name, _struct = "moments", _structs.Moments

    def __init__(self, dims: int) -> None:
        handle = self._empty()
        run("conceptdec_moments_new", _structs.checked("dims", _structs.c_int64, dims), handle.place(), progress=False)
        self._own(handle)

    @staticmethod
    def load(path: Path) -> "Moments":
        """The same as :func:`load_moments`."""
        return load_moments(path)

    @property
    def n_samples(self) -> int:
        return int(self._get(const.M_N_SAMPLES))

    @property
    def mean(self) -> np.ndarray:
        return self._get(const.M_MEAN)

    @property
    def covariance(self) -> np.ndarray:
        return self._get(const.M_COVARIANCE)

    def add(
        self,
        X: Any,
        *,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> "Moments":
        """Adds rows X (m, d), all or, on any error, none of them; returns the state itself.

        Raises
        ------
        ConceptDecError
            Another width (CONCEPTDEC_ESIZE), or rows that are not finite.
        """
        x = _views.matrix("X", X, dtype)
        arguments = (self._open(), pointer(x))
        with self._alone():
            run("conceptdec_moments_add", *arguments, threads=threads, progress=progress, matrices=[x])
        return self

    def merge(self, other: "Moments") -> "Moments":
        """Adds the rows of another state, which stays as it is; returns the state itself.

        Raises
        ------
        ConceptDecError
            Another width (CONCEPTDEC_ESIZE).
        """
        return self._merge(other)

    def pca(
        self,
        n_components: Optional[int] = None,
        solver: str = "auto",
        center: bool = True,
        standardize: bool = False,
        whiten: bool = False,
        tolerance: Optional[float] = None,
        max_iterations: Optional[int] = None,
        memory: Optional[int] = None,
        seed: int = 0,
        *,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> PCAModel:
        """Principal components of all rows that were added, as :func:`pca` gives them; its options.

        `solver` is "auto", "covariance" or "krylov": the rows themselves are gone.

        Raises
        ------
        ConceptDecError, MemoryError, KeyboardInterrupt
            As in :func:`pca`.
        """
        wishes = _options(n_components, solver, center, standardize, whiten, tolerance, max_iterations, memory, seed)
        handle = PCAModel._empty()
        arguments = (self._open(), pointer(wishes), handle.place())
        with self._alone():
            run("conceptdec_pca_from_moments", *arguments, threads=threads, progress=progress)
        return PCAModel(handle)

    def __reduce__(self):
        return _moments_from_bytes, (self._bytes(),)

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.Moments: closed>"
        return f"<conceptdec.Moments: {self.n_samples} rows, d={len(self._get(const.M_MEAN))}>"


def _moments_from_bytes(raw: bytes) -> Moments:
    return Moments._adopt(Moments._of_bytes(raw))


def load_moments(path: Path) -> Moments:
    """Reads a state that :meth:`Moments.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and value in it is checked.

    Returns
    -------
    Moments
        To which further rows can be added.

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no such state, is damaged or comes from a later version (CONCEPTDEC_EFORMAT).

    Notes
    -----
    Time and memory O(d^2).

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "moments")
    ...     conceptdec.Moments(2).add(np.eye(2)).save(path)
    ...     conceptdec.load_moments(path).add(np.eye(2)).n_samples
    4
    """
    return Moments._adopt(Moments._read(path))


# ---- pictures that lie on one another


def align(
    Z: Any,
    reference: Any,
    scale: bool = False,
    *,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """Turns the coordinates of the same samples at another layer or step so that they lie on those of a reference.

    As well as a rotation (with reflection) and a shift allow: orthogonal Procrustes. A sequence of pictures does not
    flip from one to the next.

    Parameters
    ----------
    Z, reference : array, (n, r)
        Coordinates of the same samples.
    scale : bool, default False
        Also the size of the reference.
    threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        `transformed` (n x r), `rotation` (r x r: centred rows times it), `scale`, and `disparity`: the sum of squares
        that is left, divided by that of the centred reference.

    Raises
    ------
    ConceptDecError
        Bad input, a ValueError; ``status_name`` says which kind, the text which argument, where, and the limit.
    MemoryError
        Memory is exhausted.

    Notes
    -----
    Time O(n r^2).

    References
    ----------
    Schoenemann, Psychometrika 31 (1966).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> reference = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    >>> flipped = reference * [-1, 1] + 5
    >>> r = conceptdec.align(flipped, reference)
    >>> bool(np.allclose(r.transformed, reference)), round(r.disparity, 9)
    (True, 0.0)
    """
    z, fixed = _views.matrix("Z", Z), _views.matrix("reference", reference)
    arguments = (pointer(z), pointer(fixed), const.ALIGN_SCALE if scale else 0)
    return result_of("conceptdec_align", *arguments, threads=threads, progress=progress, matrices=[z, fixed])


def align_sequence(views: Sequence[Any], scale: bool = False, *, threads: Optional[int] = None) -> np.ndarray:
    """Turns each of several pictures of the same samples to the one before it: layers, or steps of training.

    Parameters
    ----------
    views : sequence of arrays, (n, r) each
        Coordinates of the same samples. The first stays as it is.
    scale : bool, default False
        Also its size.
    threads : int, optional
        As in :func:`neighbors`.

    Returns
    -------
    numpy.ndarray, (views, n, r), float64

    Raises
    ------
    ConceptDecError, MemoryError
        As in :func:`align`.

    Notes
    -----
    Time O(n r^2) for each.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> picture = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    >>> bool(np.allclose(conceptdec.align_sequence([picture, -picture, picture[:, ::-1]]), picture))
    True
    """
    if len(views) == 0:
        raise ConceptDecError("views: there is none", const.ESIZE)
    turned = [np.array(views[0], dtype=np.float64)]
    for view in views[1:]:
        turned.append(align(view, turned[-1], scale, threads=threads, progress=False)["transformed"])
    return np.stack(turned)
