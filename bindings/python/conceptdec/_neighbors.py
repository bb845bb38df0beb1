"""Tables of exact nearest neighbours."""

import operator
from ctypes import POINTER, byref, c_double, c_int64, pointer
from typing import Any, Optional, Tuple

import numpy as np

from . import _constants as const
from . import _labels, _structs, _views
from ._arrays import borrowed
from ._context import run
from ._errors import error
from ._library import Handle, library
from ._options import group_matrix, word
from ._paths import Path, path_bytes
from ._progress import ProgressOption


class Neighbors:
    """A table of exact nearest neighbours, made by :func:`neighbors` or :func:`load_neighbors`; it never changes.

    Arrays are those of the library, without a copy and read-only; they may outlive the table. ``len`` is its number of
    rows. It can stand in the place of X in :func:`knn_decodability`.

    Attributes
    ----------
    indices : numpy.ndarray, (n, k), int64
        Rows of X, by distance, then row; -1 where a row has fewer than k eligible neighbours.
    distances : numpy.ndarray, (n, k), float64
        Euclidean distances, or 1 - cos; NaN beside -1.
    count : numpy.ndarray, (n,), int64
        Neighbours listed, k or fewer.
    ties : numpy.ndarray, (n,), int64
        Further rows at exactly the last listed distance; :meth:`row` lists them.
    n_refined : int
        Distances that the search computed in full; may differ from run to run. 0 for a table that was loaded.
    screening : str or None
        What it screened with in the end: "int8", "float32" or "float64". None for a table that was loaded.
    """

    def __init__(self, handle: Handle, x: Optional[_structs.Matrix] = None) -> None:
        self._handle, self._x = handle, x

    @staticmethod
    def load(path: Path, X: Any = None, *, dtype: Optional[str] = None) -> "Neighbors":
        """The same as :func:`load_neighbors`."""
        return load_neighbors(path, X, dtype=dtype)

    def _get(self, name: str) -> np.ndarray:
        array = _structs.Array()
        status = library().conceptdec_neighbors_get(self._handle, name.encode(), byref(array))
        if status != const.OK:
            raise error(status, f"neighbors: {name} cannot be had")
        return borrowed(array, self._handle)

    @property
    def indices(self) -> np.ndarray:
        return self._get(const.N_INDICES)

    @property
    def distances(self) -> np.ndarray:
        return self._get(const.N_DISTANCES)

    @property
    def count(self) -> np.ndarray:
        return self._get(const.N_COUNT)

    @property
    def ties(self) -> np.ndarray:
        return self._get(const.N_TIES)

    @property
    def n_refined(self) -> int:
        return int(self._get(const.N_N_REFINED))

    @property
    def screening(self) -> Optional[str]:
        number = int(self._get(const.N_SCREENING))
        return next((name for name, value in const.WORDS["screening"].items() if 0 < number == value), None)

    def row(self, i: int) -> Tuple[np.ndarray, np.ndarray]:
        """Indices and distances of all neighbours known for row i, those tied at the last distance included.

        Raises
        ------
        IndexError
            There is no row i. Negative numbers count from the end.
        """
        row, total = operator.index(i), c_int64()
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of a table of {len(self)} rows")
        row %= len(self)
        self._row(row, 0, None, None, total)
        indices, distances = np.empty(total.value, dtype=np.int64), np.empty(total.value)
        places = indices.ctypes.data_as(POINTER(c_int64)), distances.ctypes.data_as(POINTER(c_double))
        self._row(row, total.value, *places, total)
        return indices, distances

    def _row(self, row: int, capacity: int, indices: Any, distances: Any, total: c_int64) -> None:
        call = library().conceptdec_neighbors_row
        status = call(self._handle, row, capacity, indices, distances, byref(total))
        if status != const.OK:
            raise error(status, f"neighbors: row {row} cannot be read")

    def save(self, path: Path) -> None:
        """Writes the table to a file, which appears at once and whole.

        Raises
        ------
        ConceptDecFileError
            The file cannot be written; an OSError, too.
        """
        run("conceptdec_neighbors_save", self._handle, path_bytes(path), progress=False)

    def __len__(self) -> int:
        return len(self.count)

    def __repr__(self) -> str:
        return f"<conceptdec.Neighbors: {len(self)} rows, k={self.indices.shape[1]}>"


def neighbors(
    X: Any,
    k: int = 10,
    metric: str = "l2",
    queries: Any = None,
    groups: Any = None,
    query_groups: Any = None,
    strict: bool = False,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
    screening: str = "auto",
) -> Neighbors:
    """The k nearest rows of X for every row of X, or of `queries`.

    Exact: the table is that of distances computed directly in float64 on the given inputs, ordered by distance, then
    row, and the same bits for any number of threads and on every processor. A row is never its own neighbour.

    Parameters
    ----------
    X : array, (n, d)
        Activations: float64, float32, float16 or bfloat16, with any strides, read in place. A NumPy array, or anything
        with ``__dlpack__`` (a torch tensor), ``__array_interface__`` or the buffer protocol. A mapped file
        (``numpy.memmap``) is read in place, too. What does not lie in memory at all: an object with ``shape``,
        ``dtype`` and ``read_rows(first, count)``, which returns rows first to first + count - 1 as an array (count,
        d) of that dtype. It is called from threads of the library, several at once, each of which takes the
        interpreter's lock; with any rows, any number of times, one row a call at the end of a search; the same rows
        must be the same each time. An exception in it stops the call and is raised. A mapped file is faster.
    k : int, default 10
        Neighbours of each row, 1 to n - 1 (n with queries).
    metric : {"l2", "cosine"}, default "l2"
        Euclidean distance, or 1 - cos; a zero row has distance 1 to every row.
    queries : array, (q, d), optional
        Rows to find neighbours for, of any of these kinds and dtypes, in the place of the rows of X.
    groups : array, (n,), optional
        Integers or strings; rows of one group are not each other's neighbours.
    query_groups : array, (q,), optional
        The same for the queries; needs groups and queries.
    strict : bool, default False
        Refuse a row that has fewer than k eligible neighbours.
    dtype : {"bfloat16"}, optional
        Read 16-bit integers as bfloat16.
    threads : int, optional
        1 to 1024; default (and 0): as many as the process may run on.
    progress : bool or callable, optional
        True: a bar on stderr. False: none. None: a bar where stderr is a terminal and the call is long. A function is
        called with (stage, done, total); an exception in it stops the call.
    screening : {"auto", "int8", "float32", "float64"}, default "auto"
        Products that choose the candidates at first. The answer is the same with all of them: for diagnosis and
        measurement.

    Returns
    -------
    Neighbors

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
    Time O(n^2 d), half of it saved by symmetry without queries; memory O(n k) beside X.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> table = conceptdec.neighbors(np.array([[0.0], [1.0], [3.0], [3.5]]), k=2)
    >>> table.indices
    array([[1, 2],
           [0, 2],
           [3, 1],
           [2, 1]])
    >>> table.distances[0]
    array([1., 3.])
    """
    x = _views.matrix("X", X, dtype)
    rows = None if queries is None else _views.matrix("queries", queries, dtype)
    own, others = _labels.groups(("groups", "query_groups"), (groups, query_groups))
    options = _structs.NeighborsOptions(
        k=k,
        groups=group_matrix(own),
        query_groups=group_matrix(others),
        metric=word("metric", metric),
        flags=const.NEIGHBORS_STRICT if strict else 0,
    )
    handle = Handle(_structs.Neighbors, "conceptdec_neighbors_free")
    run(
        "conceptdec_neighbors_new",
        pointer(x),
        None if rows is None else pointer(rows),
        pointer(options),
        handle.place(),
        threads=threads,
        progress=progress,
        screening=word("screening", screening),
        matrices=(x, rows),
    )
    return Neighbors(handle, x if rows is None else None)


def load_neighbors(path: Path, X: Any = None, *, dtype: Optional[str] = None) -> Neighbors:
    """Reads a table that :meth:`Neighbors.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and index in it is checked.
    X : array, (n, d), optional
        The matrix that the table was made of. Without it, rows for which the table is too shallow (a larger k, rows
        left out by folds, groups or `ignore`) are an error of :func:`knn_decodability` instead of being searched anew.
    dtype : {"bfloat16"}, optional
        Read 16-bit integers as bfloat16.

    Returns
    -------
    Neighbors

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no such table, is damaged or comes from a later version (CONCEPTDEC_EFORMAT).

    Notes
    -----
    Time and memory O(n k).

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "table")
    ...     conceptdec.neighbors(np.eye(4), k=3).save(path)
    ...     len(conceptdec.load_neighbors(path))
    4
    """
    x = None if X is None else _views.matrix("X", X, dtype)
    handle = Handle(_structs.Neighbors, "conceptdec_neighbors_free")
    run("conceptdec_neighbors_load", path_bytes(path), handle.place(), progress=False)
    return Neighbors(handle, x)
