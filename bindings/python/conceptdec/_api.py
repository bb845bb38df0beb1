"""k-NN decodability, sweeps of it and of probes, and what the library is."""

import json
from ctypes import byref, c_char_p, c_int64, pointer
from typing import Any, Dict, Optional

from . import _labels, _structs, _views
from ._calls import result_of
from ._context import Context
from ._library import library
from ._neighbors import Neighbors
from ._options import knn_options, made, probe_options, word
from ._progress import ProgressOption
from ._result import Result


def knn_decodability(
    X: Any,
    y: Any,
    k: Any = 10,
    metric: str = "l2",
    protocol: str = "loo",
    groups: Any = None,
    weights: str = "uniform",
    ties: str = "fractional",
    boundary: str = "share",
    permutations: int = 0,
    bootstrap: int = 0,
    confidence: Optional[float] = None,
    seed: int = 0,
    ignore: Any = None,
    *,
    train: Any = None,
    folds: Optional[int] = None,
    stratified: bool = True,
    permute: Optional[str] = None,
    chance_draws: Optional[int] = None,
    temperature: Optional[float] = None,
    strict: bool = False,
    confusion: bool = True,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
    screening: str = "auto",
) -> Result:
    """How well labels can be read from activations by k-NN classification (concept decodability).

    Every sample is predicted from its k nearest eligible rows. Its credit is 1 for a right prediction, 1/t where t
    classes tie and its own is among them, else 0; decodability is the mean credit. With the default `ties` and
    `boundary` it depends neither on the order of the rows nor on the names of the classes.

    Parameters
    ----------
    X : array, (n, d), or Neighbors
        Activations as in :func:`neighbors`, or a table made by it without queries: every score then equals that of a
        fresh search, and the metric is that of the table.
    y : array, (n,) or (n, L)
        Labels, any integers or strings; L label sets at once share one list of classes.
    k : int or sequence of int, default 10
        Neighbours that vote, each 1 to n - 1. Several cost little more than one.
    metric : {"l2", "cosine"}, default "l2"
        Distance. With a table only a `metric` other than "l2" is compared with that of the table.
    protocol : {"loo", "group", "kfold", "split", "resubstitution"}, default "loo"
        Which rows may be neighbours of a test row: every other row; rows of other groups (needs `groups`); rows of
        other folds; training rows (needs `train`); every row, itself included (too optimistic).
    groups : array, (n,), optional
        Integers or strings: prompt, document or sentence of each row. Folds keep groups whole, `bootstrap` draws whole
        groups, and `permute` may respect them. Protocols "loo", "split" and "resubstitution" do not leave groups out:
        given for none of these uses they are refused.
    weights : {"uniform", "distance", "softmax", "balanced"}, default "uniform"
        What a vote weighs: 1; 1 / distance; exp(cos / temperature), needs the cosine metric; 1 / size of the class.
    ties : {"fractional", "smallest", "nearest"}, default "fractional"
        Where several classes have the most votes: a share for each; the smallest label (scikit-learn); the class whose
        nearest member is closest.
    boundary : {"share", "index"}, default "share"
        Where more rows are tied at the k-th distance than places are left: they share the places; the lowest rows
        take them.
    permutations : int, default 0
        Draws of the permutation null that are reported, as `null` and `p_value`.
    bootstrap : int, default 0
        Draws of the bootstrap over groups (rows, where there are none), for `ci_low` and `ci_high`.
    confidence : float, optional
        Of that interval, in (0, 1); default 0.95.
    seed : int, default 0
        Of folds, permutations and bootstrap.
    ignore : label or list of labels, optional
        Samples that have one of these labels neither score nor vote. By default nothing is ignored.
    train : array, (n,), optional
        Mask: true (or 1) for a training row, false (or 0) for a test row.
    folds : int, optional
        Of protocol "kfold"; default 5.
    stratified : bool, default True
        Folds have equal shares of each class.
    permute : {"free", "within", "whole"}, optional
        How labels are permuted: among all rows (default); within groups; whole groups.
    chance_draws : int, optional
        Draws for `chance_null` where `permutations` is 0; default 200; 0: `chance_null` and `kappa` are NaN.
    temperature : float, optional
        Of the softmax vote; default 0.07.
    strict : bool, default False
        Refuse a row that has fewer than k eligible neighbours, instead of counting it in `n_short`.
    confusion : bool, default True
        Report the confusion matrix (K x C x C numbers).
    dtype, threads, progress, screening
        As in :func:`neighbors`.

    Returns
    -------
    Result
        With K the number of k and C the number of classes: `k`, `classes` (the values of y, sorted), `decodability`
        (K), `per_concept` (K x C), `balanced` (K), `confusion` (K x C x C, true x predicted), `chance_uniform`,
        `chance_majority`, `chance_null` (K), `kappa` (K, against `chance_null`), `label_overlap`, `tie_rate`,
        `boundary_tie_rate` (K), `n_scored` and more counts; with permutations `p_value` (K) and `null` (P x K); with
        bootstrap `ci_low` and `ci_high` (K). With L > 1 label sets L is the first axis.

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
    Time O(n^2 d) for the neighbours, then O(n k) for each permutation and label set. An option that would have no
    effect (`folds` under another protocol, `temperature` of other weights, `confidence` without `bootstrap`, ...) is
    refused.

    References
    ----------
    Han, Song, Gore, Agrawal, arXiv 2412.12276.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> X = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]])
    >>> r = conceptdec.knn_decodability(X, ["noun", "noun", "noun", "verb", "verb", "verb"], k=[1, 2])
    >>> r.decodability
    array([1., 1.])
    >>> r.classes
    array(['noun', 'verb'], dtype='<U4')
    >>> r["chance_uniform"]
    0.5
    """
    table = X if isinstance(X, Neighbors) else None
    asked = None if table is not None and metric == "l2" else metric
    options = knn_options(
        k, asked, protocol, groups, weights, ties, boundary, permutations, bootstrap, confidence, seed,
        train=train, folds=folds, stratified=stratified, permute=permute, chance_draws=chance_draws,
        temperature=temperature, strict=strict, confusion=confusion,
    )  # fmt: skip
    codes, classes = _labels.encode(y, ignore)
    labels = _views.integer_matrix(codes)
    x = table._x if table is not None else _views.matrix("X", X, dtype)
    data = None if x is None else pointer(x)
    rest = (data, pointer(labels), pointer(options))
    how: Dict[str, Any] = dict(
        classes=classes, threads=threads, progress=progress, screening=word("screening", screening), matrices=[x]
    )
    if table is None:
        return result_of("conceptdec_knn_decodability", *rest, **how)
    return result_of("conceptdec_knn_decodability_neighbors", table._handle, *rest, **how)


def _cell_options(metrics: str, n_classes: Optional[int], options: Dict[str, Any]) -> Dict[str, Any]:
    """The field of a sweep's options that says what a cell computes."""
    if word("metrics", metrics, {"knn": 0, "probe": 1}) == 0:
        return {"knn": pointer(made(knn_options, options, "a sweep of k-NN decodability"))}
    if "fit" in options or "n_classes" in options:
        raise TypeError("a sweep of probes has no option 'fit': it leaves out the fit on all rows")
    return {"probe": pointer(made(probe_options, {"folds": 5, **options}, "a sweep of probes", n_classes=n_classes))}


def sweep(
    views: Any,
    y: Any,
    metrics: str = "knn",
    *,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
    screening: str = "auto",
    **options: Any,
) -> Result:
    """Decodability, or probes, of many matrices of the same samples: layers; training steps x layers x shots.

    Folds, permutations and bootstrap draws are the same in every cell, so that cells can be compared in pairs. A cell
    that fails has NaN (-1 where numbers are integers), its `status` and its text in ``messages``, and does not lose
    the rest.

    Parameters
    ----------
    views : list of arrays, nested list of arrays, or array of more than two axes
        The grid; the last two axes of an array are samples x dimensions, all others belong to the grid. 1 to 4 axes.
        Views have n rows each; their widths may differ. In lists also objects with ``read_rows``, as in
        :func:`neighbors`; an exception in it fails the cell (CONCEPTDEC_EREAD).
    y : array, (n,) or (n, L)
        Labels of the samples, as in :func:`knn_decodability`.
    metrics : {"knn", "probe"}, default "knn"
        What to compute: :func:`knn_decodability` or :func:`probe` of each cell.
    ignore, dtype, threads, progress, screening
        As in :func:`knn_decodability`.
    **options
        Those of the function that `metrics` names, by their names. A sweep of probes has no `weights` and `bias`, since
        widths may differ.

    Returns
    -------
    Result
        Every value of :func:`knn_decodability`, or of :func:`probe`, with the axes of the grid in front, `status` of
        each cell (0: success), and `difference`: decodability (accuracy) less that of the cell before it on the last
        axis of the grid, with `bootstrap` also `difference_low` and `difference_high`.

    Raises
    ------
    ConceptDecError
        Bad labels or options, or the error of the first cell where all cells fail.
    MemoryError, KeyboardInterrupt
        As in :func:`knn_decodability`.

    Notes
    -----
    Time: that of :func:`knn_decodability` or :func:`probe` for each cell.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> layers = np.array([[[0.0], [1.0], [0.1], [1.1]], [[0.0], [0.1], [1.0], [1.1]]])
    >>> conceptdec.sweep(layers, [0, 0, 1, 1], k=1).decodability
    array([[0.],
           [1.]])
    """
    listed = options.pop("classes", None) if metrics == "probe" else None
    codes, classes = _labels.encode(y, ignore, listed)
    cell_options = _cell_options(metrics, None if listed is None else len(classes), options)
    labels = _views.integer_matrix(codes)
    shape, cells = _views.grid("views", views, dtype)
    axes = (c_int64 * len(shape))(*shape)
    how = _structs.SweepOptions(**cell_options, shape=axes, ndim=len(shape))
    arguments = (_views.packed(cells), len(cells), pointer(labels), pointer(how))
    number = word("screening", screening)
    how_run: Dict[str, Any] = dict(threads=threads, progress=progress, screening=number, matrices=cells)
    return result_of("conceptdec_sweep", *arguments, classes=classes, **how_run)


def build_info(threads: Optional[int] = None) -> Dict[str, Any]:
    """What the loaded library is and runs on.

    Parameters
    ----------
    threads : int, optional
        As in :func:`neighbors`.

    Returns
    -------
    dict
        "version", "abi", "compiler", "kernel" in use, "kernels" that the processor has, "threads", "blas", and
        "warnings", such as a BLAS that runs below what the processor can do.

    Raises
    ------
    ConceptDecError
        `threads` is out of range.

    Notes
    -----
    Time O(1).

    Examples
    --------
    >>> import conceptdec
    >>> conceptdec.build_info(threads=1)["threads"]
    1
    """
    context, text = Context(threads), c_char_p()
    context.check(library().conceptdec_ctx_build_info(context.handle, byref(text)))
    return json.loads((text.value or b"").decode())


def version() -> str:
    """Version of the loaded library, "major.minor.patch".

    Raises
    ------
    OSError
        No library was found, or none with the right ABI version; the text lists what was tried.

    Examples
    --------
    >>> import conceptdec
    >>> conceptdec.version().count(".")
    2
    """
    return library().conceptdec_version().decode()
