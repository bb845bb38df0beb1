"""How far a picture can be trusted."""

from ctypes import pointer
from typing import Any, Dict, Optional

import numpy as np

from . import _labels, _structs, _views
from ._calls import result_of
from ._options import group_matrix, k_fields, word
from ._progress import ProgressOption
from ._result import Result


def embedding_quality(
    X: Any,
    E: Any,
    k: Any = 15,
    metric: str = "l2",
    y: Any = None,
    *,
    ignore: Any = None,
    memory: Optional[int] = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """How far an embedding can be trusted: what of the neighbourhoods is kept, and what is made up.

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    E : array, (n, m)
        Their places in the picture: that of :func:`umap`, of :func:`pca`, or of any other method.
    k : int or sequence of int, default 15
        Sizes of neighbourhoods, each below n / 2.
    metric : {"l2", "cosine"}, default "l2"
        Distance of X; that of the picture is Euclidean.
    y : array, (n,), optional
        Labels, any integers or strings: also how well they can be decoded in both spaces.
    ignore : label or list of labels, optional
        Samples that have one of these labels neither score nor vote.
    memory : int, optional
        Bytes of working memory beside X; default 2**29.
    dtype, threads, progress
        As in :func:`neighbors`; `dtype` is that of X.

    Returns
    -------
    Result
        For each k: `trustworthiness` (1 less the ranks by which neighbours in the picture are none; falls where the
        picture makes things up), `continuity` (the same with the spaces swapped; falls where it tears things apart),
        `knn_preservation` (mean share of the k neighbours that stay neighbours), `r_nx` (the same against chance: 0
        for a picture by lot, 1 where all stay). With y: `decodability` and `decodability_embedded`.

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
    Time O(n^2 d). Rows at the same distance have their mean rank and share the places at the edge of a neighbourhood,
    so that no order of rows changes a score.

    References
    ----------
    Venna, Kaski, ICANN (2001). Lee, Renard, Bernard, Dupont, Verleysen, Neurocomputing 112 (2013).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.arange(12.0)[:, None] ** 2
    >>> conceptdec.embedding_quality(x, 2 * x, k=[2, 4]).trustworthiness
    array([1., 1.])
    """
    codes, classes = (None, None) if y is None else _labels.encode(y, ignore)
    wishes = _structs.QualityOptions(
        **k_fields([k] if np.ndim(k) == 0 else k), labels=group_matrix(codes), memory=memory,
        metric=word("metric", metric),
    )  # fmt: skip
    x, picture = _views.matrix("X", X, dtype), _views.matrix("E", E)
    how: Dict[str, Any] = dict(classes=classes, threads=threads, progress=progress, matrices=[x, picture])
    return result_of("conceptdec_embedding_quality", pointer(x), pointer(picture), pointer(wishes), **how)
