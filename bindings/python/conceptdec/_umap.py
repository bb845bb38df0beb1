"""UMAP: pictures of activations, of one matrix or of several that are to lie on one another."""

from ctypes import pointer
from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from . import _constants as const
from . import _plot, _structs, _views
from ._calls import result_of
from ._context import run
from ._errors import ConceptDecError
from ._handles import LibraryObject, array_of_result
from ._library import Handle
from ._neighbors import Neighbors
from ._options import labels_if_any, word
from ._paths import Path
from ._progress import ProgressOption
from ._result import Result


class Graph(NamedTuple):
    """The fuzzy graph by its edges, both directions of each, ordered by row, then column."""

    rows: np.ndarray
    columns: np.ndarray
    weights: np.ndarray


def _start(init: Any) -> Dict[str, Any]:
    if isinstance(init, str):
        return {"init": word("init", init)}
    return {"init": const.UMAP_GIVEN, "start": pointer(_views.real_matrix("init", init))}


def _options(
    n_components: int = 2,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    spread: float = 1.0,
    metric: Optional[str] = "l2",
    init: Any = "spectral",
    y: Any = None,
    ignore: Any = None,
    epochs: Optional[int] = None,
    self_counted: bool = False,
    **others: Any,
) -> _structs.UmapOptions:
    """Options of UMAP; the bit in `given` of each that is not None is set."""
    return _structs.UmapOptions(
        labels=labels_if_any(y, ignore)[0],
        n_components=n_components,
        n_neighbors=n_neighbors,
        epochs=epochs,
        min_dist=min_dist,
        spread=spread,
        metric=None if metric is None else word("metric", metric),
        flags=const.UMAP_SELF_COUNTED if self_counted else None,
        **_start(init),
        **others,
    )


class UMAPModel(LibraryObject):
    """A fitted embedding, made by :func:`umap` or :func:`load_umap`; it never changes.

    Arrays are those of the library, without a copy and read-only; they may outlive the model. It keeps the matrix
    that it was made of (no copy), which ``transform`` reads. It can be pickled, that matrix included.

    Attributes
    ----------
    embedding : numpy.ndarray, (n, n_components), float64
    graph : Graph
        The fuzzy graph: arrays `rows`, `columns`, `weights`, one entry for each directed edge.
    rho, sigma : numpy.ndarray, (n,)
        Distance at full weight, and the scale of what is beyond.
    curve : numpy.ndarray, (2,)
        a and b of 1 / (1 + a d^2b), which `min_dist` and `spread` mean.
    part : numpy.ndarray, (n,), int64
        Connected part of the graph that each sample is in.
    n_short : int
        Samples with fewer than n_neighbors others.
    converged : bool
        False where the spectral start used up its iterations.
    """

    _name, _struct = "umap", _structs.Umap

    def __init__(self, handle: Handle, x: Optional[_structs.Matrix] = None) -> None:
        super().__init__(handle)
        self._x = x

    @staticmethod
    def load(path: Path, X: Any = None, *, dtype: Optional[str] = None) -> "UMAPModel":
        """The same as :func:`load_umap`."""
        return load_umap(path, X, dtype=dtype)

    @property
    def embedding(self) -> np.ndarray:
        return self._get(const.U_EMBEDDING)

    @property
    def graph(self) -> Graph:
        return Graph(*(self._get(name) for name in (const.U_GRAPH_ROWS, const.U_GRAPH_COLUMNS, const.U_GRAPH_WEIGHTS)))

    @property
    def rho(self) -> np.ndarray:
        return self._get(const.U_RHO)

    @property
    def sigma(self) -> np.ndarray:
        return self._get(const.U_SIGMA)

    @property
    def curve(self) -> np.ndarray:
        return self._get(const.U_CURVE)

    @property
    def part(self) -> np.ndarray:
        return self._get(const.U_PART)

    @property
    def n_short(self) -> int:
        return int(self._get(const.U_N_SHORT))

    @property
    def converged(self) -> bool:
        return bool(self._get(const.U_CONVERGED))

    def transform(
        self,
        X: Any,
        *,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
        progress: ProgressOption = None,
    ) -> np.ndarray:
        """Places (m, n_components) for new rows X (m, d) among those of the embedding, which stay.

        A row's place depends on the row and the embedding alone, not on the rows it comes with. The rows of the fit are
        placed anew, too, which is not where the embedding has them.

        Raises
        ------
        ConceptDecError
            X has another number of dimensions (CONCEPTDEC_ESIZE), or is not finite; or the model does not know the
            rows that were embedded, which :func:`load_umap` takes as `X`, and :func:`umap` of a table as `x`.
        """
        queries, handle = _views.matrix("X", X, dtype), Handle(_structs.Result, "conceptdec_result_free")
        fitted = self._open()
        if self._x is None:
            text = (
                "umap: transform needs the rows that were embedded; "
                "load_umap takes them as X, umap() of a table as x"
            )
            raise ConceptDecError(text)
        arguments = (fitted, pointer(self._x), pointer(queries), handle.place())
        how: Dict[str, Any] = dict(threads=threads, progress=progress, matrices=[self._x, queries])
        run("conceptdec_umap_transform", *arguments, **how)
        return array_of_result(handle, const.R_TRANSFORMED)

    def plot(self, y: Any = None, ax: Any = None, **style: Any) -> Any:
        """A picture with matplotlib: the embedding's first two dimensions, coloured by labels y (n,).

        `style` is for ``Axes.scatter``.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ConceptDecError
            Another number of labels, or an embedding of one dimension.
        """
        return _plot.scatter(self.embedding, y, ax, ("UMAP 1", "UMAP 2"), "UMAP", **style)

    def close(self) -> None:
        """Lets go of the library's memory, which is freed once no array of the model is in use either."""
        super().close()
        self._x = None

    def __len__(self) -> int:
        return len(self.embedding)

    def __reduce__(self):
        return _from_bytes, (self._bytes(), None if self._x is None else _views.copied(self._x))

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.UMAPModel: closed>"
        n, m = self.embedding.shape
        parts = f", {self.part.max() + 1} parts" if self.part.any() else ""
        doubt = "" if self.converged else ", START NOT CONVERGED"
        return f"<conceptdec.UMAPModel: {n} rows in {m} dimensions{parts}{doubt}>"


def _from_bytes(raw: bytes, rows: Optional[Tuple[Any, Optional[str]]]) -> UMAPModel:
    return UMAPModel(UMAPModel._of_bytes(raw), None if rows is None else _views.matrix("X", *rows))


def umap(
    X: Any,
    n_components: int = 2,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    spread: float = 1.0,
    metric: str = "l2",
    init: Any = "spectral",
    y: Any = None,
    epochs: Optional[int] = None,
    seed: int = 0,
    *,
    x: Any = None,
    ignore: Any = None,
    negative_samples: Optional[int] = None,
    learning_rate: Optional[float] = None,
    repulsion: Optional[float] = None,
    mix: Optional[float] = None,
    local_connectivity: Optional[float] = None,
    target_weight: Optional[float] = None,
    self_counted: bool = False,
    memory: Optional[int] = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> UMAPModel:
    """Uniform manifold approximation and projection: a picture in which near rows stay near.

    From the exact neighbour table; the same bits for any number of threads. A picture can mislead: see
    :func:`embedding_quality`.

    Parameters
    ----------
    X : array, (n, d), or Neighbors
        Activations as in :func:`neighbors`; or a table of all rows without queries, at least n_neighbors deep, whose
        metric then counts.
    n_components : int, default 2
        Dimensions of the picture.
    n_neighbors : int, default 15
        Neighbours of each row: small for fine structure, large for coarse. More than n - 1 are n - 1.
    min_dist : float, default 0.1
        How close near points may lie.
    spread : float, default 1.0
        The scale on which `min_dist` is meant.
    metric : {"l2", "cosine"}, default "l2"
        Distance. With a table only a `metric` other than "l2" counts: it must be that of the table.
    init : {"spectral", "pca", "random"} or array, (n, n_components), default "spectral"
        Where points start: eigenvectors of the graph's Laplacian; principal components; anywhere; as given.
    y : array, (n,), optional
        Labels, any integers or strings: edges between classes are weakened, so that classes come apart. Such a picture
        is no evidence that they are apart.
    epochs : int, optional
        Default 500 for n <= 10,000, else 200; 0: the start itself.
    seed : int, default 0
        Of the start and of the samples that repel.
    x : array, (n, d), optional
        With a table: the rows that it is of, where the table does not know them itself (it was loaded). ``transform``
        and the start "pca" need them.
    ignore : label or list of labels, optional
        Labels that say that the class of a sample is not known.
    negative_samples : int, optional
        Samples that repel for each edge that is followed; default 5.
    learning_rate, repulsion : float, optional
        Of the optimisation, and weight of what repels; default 1.
    mix : float, optional
        1, the default: fuzzy union of the two directions of an edge; 0: intersection.
    local_connectivity : float, optional
        Neighbours at full weight; default 1.
    target_weight : float, optional
        Of labels against rows, 0 to 1; default 0.5. Only with y.
    self_counted : bool, default False
        `n_neighbors` counts the point itself, as umap-learn's does.
    memory : int, optional
        Bytes of working memory beside X and the neighbours; default 2**29.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    UMAPModel
        With `embedding` (n x n_components), `graph` (rows, columns, weights), `part`, `transform`, `save` and more.

    Raises
    ------
    ConceptDecError
        Bad input, a ValueError; ``status_name`` says which kind, the text which argument, where, and the limit.
    MemoryError
        Memory is exhausted.
    KeyboardInterrupt
        Ctrl-C, within 0.2 s.

    Notes
    -----
    Time: that of the table, then O(epochs n n_neighbors); memory O(n n_neighbors). How to: docs/projections.md.

    References
    ----------
    McInnes, Healy, Melville, arXiv 1802.03426.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.concatenate([np.eye(5), 100 + np.eye(5)])
    >>> model = conceptdec.umap(x, n_neighbors=3)
    >>> model.embedding.shape, model.part.tolist()
    ((10, 2), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    >>> model.transform(x[:3] + 0.01).shape
    (3, 2)
    """
    table = X if isinstance(X, Neighbors) else None
    wishes = _options(
        n_components, n_neighbors, min_dist, spread, None if table is not None and metric == "l2" else metric, init, y,
        ignore, epochs, self_counted, seed=seed, negative_samples=negative_samples, learning_rate=learning_rate,
        repulsion=repulsion, mix=mix, local_connectivity=local_connectivity, target_weight=target_weight,
        memory=memory,
    )  # fmt: skip
    if table is None and x is not None:
        raise ConceptDecError("x: stands beside a neighbour table only; X has the rows already", const.EINVAL)
    rows = _views.matrix("X", X, dtype) if table is None else table._x if x is None else _views.matrix("x", x, dtype)
    handle, data = UMAPModel._empty(), None if rows is None else pointer(rows)
    rest = (data, pointer(wishes), handle.place())
    how: Dict[str, Any] = dict(threads=threads, progress=progress, matrices=[rows])
    if table is None:
        run("conceptdec_umap_new", *rest, **how)
    else:
        run("conceptdec_umap_from_neighbors", table._handle, *rest, **how)
    return UMAPModel(handle, rows)


def load_umap(path: Path, X: Any = None, *, dtype: Optional[str] = None) -> UMAPModel:
    """Reads an embedding that :meth:`UMAPModel.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and value in it is checked.
    X : array, (n, d), optional
        The matrix that was embedded, which the file does not hold: ``transform`` needs it.
    dtype : {"bfloat16"}, optional
        Read 16-bit integers as bfloat16.

    Returns
    -------
    UMAPModel

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no such embedding, is damaged or comes from a later version (CONCEPTDEC_EFORMAT).

    Notes
    -----
    Time and memory O(n n_neighbors).

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "umap")
    ...     conceptdec.umap(np.eye(5), n_neighbors=3).save(path)
    ...     conceptdec.load_umap(path).embedding.shape
    (5, 2)
    """
    x = None if X is None else _views.matrix("X", X, dtype)
    return UMAPModel(UMAPModel._read(path), x)


def aligned_umap(
    views: Any,
    n_components: int = 2,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    spread: float = 1.0,
    metric: str = "l2",
    init: Any = "spectral",
    y: Any = None,
    epochs: Optional[int] = None,
    alignment: Optional[float] = None,
    window: Optional[int] = None,
    seed: int = 0,
    *,
    ignore: Any = None,
    negative_samples: Optional[int] = None,
    learning_rate: Optional[float] = None,
    repulsion: Optional[float] = None,
    mix: Optional[float] = None,
    local_connectivity: Optional[float] = None,
    target_weight: Optional[float] = None,
    self_counted: bool = False,
    memory: Optional[int] = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """Pictures of the same samples over layers or training steps that lie on one another.

    As :func:`umap` of each view, the start of each turned to the one before, and each sample pulled to its own place
    in the views beside.

    Parameters
    ----------
    views : list of arrays, or array of three axes
        Matrices of the same samples, (n, d) each; widths may differ. In lists also objects with ``read_rows``.
    alignment : float, optional
        How hard the same sample of views beside pulls; default 0.01.
    window : int, optional
        Views to either side that pull; default 2.
    n_components, n_neighbors, min_dist, spread, metric, init, y, epochs, seed
        As in :func:`umap`.
    ignore, negative_samples, learning_rate, repulsion, mix, local_connectivity, target_weight, self_counted, memory
        As in :func:`umap`.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        `embedding` (views x n x n_components).

    Raises
    ------
    ConceptDecError, MemoryError, KeyboardInterrupt
        As in :func:`umap`.

    Notes
    -----
    Time: that of :func:`umap` for each view.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> layers = np.stack([np.eye(6), np.eye(6)[:, ::-1] * 2])
    >>> conceptdec.aligned_umap(layers, n_neighbors=3).embedding.shape
    (2, 6, 2)
    """
    wishes = _options(
        n_components, n_neighbors, min_dist, spread, metric, init, y, ignore, epochs, self_counted,
        alignment=alignment, window=window, seed=seed, negative_samples=negative_samples,
        learning_rate=learning_rate, repulsion=repulsion, mix=mix, local_connectivity=local_connectivity,
        target_weight=target_weight, memory=memory,
    )  # fmt: skip
    shape, cells = _views.grid("views", views, dtype)
    if len(shape) != 1:
        raise ConceptDecError(f"views: needs one sequence of matrices, has {len(shape)} axes of them", const.ESIZE)
    arguments = (_views.packed(cells), len(cells), pointer(wishes))
    return result_of("conceptdec_umap_aligned", *arguments, threads=threads, progress=progress, matrices=cells)
