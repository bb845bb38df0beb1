"""What a cloud of activations looks like."""

from ctypes import pointer
from typing import Any, Dict, Optional

from . import _constants as const
from . import _structs, _views
from ._calls import result_of
from ._options import labels_if_any, word
from ._progress import ProgressOption
from ._result import Result


def geometry(
    X: Any,
    y: Any = None,
    metric: Optional[str] = None,
    k: Optional[int] = None,
    hub_k: Optional[int] = None,
    references: int = 0,
    seed: int = 0,
    *,
    weights: Any = None,
    bias: Any = None,
    lambda_: Optional[float] = None,
    discard: Optional[float] = None,
    tolerance: Optional[float] = None,
    spectrum: bool = True,
    neighbors: bool = True,
    curve: bool = True,
    probe: bool = True,
    silhouette: bool = True,
    capacity_draws: int = 0,
    capacity_margin: Optional[float] = None,
    memory: Optional[int] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """How many dimensions activations fill, who their hubs are, and how their classes lie in them.

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    y : array, (n,), optional
        Labels, any integers or strings; what is about classes needs them.
    metric : {"l2", "cosine"}, optional
        Distance of neighbours and of the silhouette; default "l2".
    k : int, optional
        Neighbours of `mle_dimension`; default 20.
    hub_k : int, optional
        Neighbours of hubness; default 10.
    references : int, default 0
        Clouds of Gaussian rows of the same shape whose hubness is measured, too (`hubness_reference`): hubness grows
        with the number of dimensions alone.
    seed : int, default 0
        Of the subsamples of `twonn_curve`, of the references and of capacity's vectors.
    weights : array, (C, d), optional
        Classifier for `nc3` and `nc4`, the model's last layer, say; of two classes also (1, d). By default a logistic
        probe is fitted.
    bias : array, (C,), optional
        With `weights`; default 0.
    lambda_ : float, optional
        Penalty of the probe; default 1 / n.
    discard : float, optional
        Share of the largest ratios that TwoNN leaves out, in [0, 1); default 0.1.
    tolerance : float, optional
        Eigenvalues of the between-class scatter at or below this share of the largest count as 0 in `nc1`; default d
        times the epsilon.
    spectrum, neighbors, curve, probe, silhouette : bool, default True
        False leaves out what needs second moments; neighbours; searches of subsamples; a fitted probe; all distances.
    capacity_draws : int, default 0
        Gaussian vectors over which manifold capacity is averaged, 300, say; 0 leaves it out.
    capacity_margin : float, optional
        Margin of the classifications that capacity counts, at least 0; default 0.
    memory : int, optional
        Bytes of working memory beside X; default 2**29.
    classes : array, (C,), optional
        The labels that there are, in the order in which results list them. Default: those in y, sorted.
    ignore : label or list of labels, optional
        Samples that have one of these labels play no part in what needs labels; spectrum, dimensions and hubness are of
        all rows.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        Of the cloud: `spectrum` (variances along principal components), `total_variance`, `participation_ratio`,
        `effective_rank`, `rank_me`, `stable_rank`, `anisotropy`; `twonn`, `twonn_ml`, `n_twonn`, `twonn_curve` and
        `twonn_curve_se` over `curve_samples`, `mle_dimension`; `hubness_skew`, `robin_hood`, `antihub_share`,
        `hub_share`, `hubness_reference` (references x 4, in this order). With y: `nc1`, `nc1_rank`, `nc2`, `nc2_norms`,
        `nc3`, `nc4` (neural collapse), `vci`, `fisher`, `silhouette`, `silhouette_per_concept`,
        `participation_per_concept` (C each), `classes`. With capacity_draws: `capacity`, `manifold_radius`,
        `manifold_dimension` (C each) and their standard errors `capacity_se`, `manifold_radius_se`,
        `manifold_dimension_se`; `capacity_mean`, the harmonic mean over classes, `capacity_mean_se`, and
        `capacity_residual`, by how much any solution misses its conditions. What is not defined is NaN.

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
    Time: a neighbour search, O(n d min(n, d)) for the spectrum, O(n^2 d) for the silhouette. Each formula with its
    source: docs/definitions.md; how to read them: docs/subspaces.md.

    References
    ----------
    Papyan, Han, Donoho, PNAS 117 (2020) (neural collapse). Facco et al., Sci. Rep. 7 (2017) (TwoNN). Levina, Bickel,
    NeurIPS 2004 (dimension). Roy, Vetterli, EUSIPCO 2007 (effective rank). Chung, Lee, Sompolinsky, Phys. Rev. X 8
    (2018) (capacity).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> square = np.array([[1.0, 1, 0], [1, -1, 0], [-1, 1, 0], [-1, -1, 0]])
    >>> r = conceptdec.geometry(square, neighbors=False)
    >>> round(r.participation_ratio, 9), round(r.effective_rank, 9), round(r.stable_rank, 9)
    (2.0, 2.0, 2.0)
    """
    labels, values, n_classes = labels_if_any(y, ignore, classes)
    left_out = (
        (0 if spectrum else const.GEOMETRY_NO_SPECTRUM)
        | (0 if neighbors else const.GEOMETRY_NO_NEIGHBORS)
        | (0 if curve else const.GEOMETRY_NO_CURVE)
        | (0 if probe else const.GEOMETRY_NO_PROBE)
        | (0 if silhouette else const.GEOMETRY_NO_SILHOUETTE)
    )
    wishes = _structs.GeometryOptions(
        weights=None if weights is None else pointer(_views.matrix("weights", weights)),
        bias=None if bias is None else pointer(_views.column("bias", bias)),
        classes=n_classes,
        k=k,
        hub_k=hub_k,
        references=references or None,
        memory=memory,
        seed=seed or None,
        **{"lambda": lambda_},
        discard=discard,
        tolerance=tolerance,
        metric=None if metric is None else word("metric", metric),
        flags=left_out or None,
        capacity_draws=capacity_draws or None,
        capacity_margin=capacity_margin,
    )
    x = _views.matrix("X", X, dtype)
    arguments = (pointer(x), labels, pointer(wishes))
    how: Dict[str, Any] = dict(classes=values, threads=threads, progress=progress, matrices=[x])
    return result_of("conceptdec_geometry", *arguments, **how)
