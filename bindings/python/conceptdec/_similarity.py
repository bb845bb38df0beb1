"""How alike representations of the same samples are."""

from ctypes import pointer
from typing import Any, Dict, Optional, Tuple

from . import _constants as const
from . import _structs, _views
from ._calls import result_of
from ._errors import ConceptDecError
from ._options import group_codes, labels_if_any, word
from ._progress import ProgressOption
from ._result import Result

_Shape = Tuple[int, ...]


def _shapes(a: _Shape, b: _Shape, permutations: int) -> Dict[str, _Shape]:
    """Axes of the values: those of A, then those of B; a single matrix has none."""
    pairs = {
        name: a + b
        for name in (
            const.R_VALUE, const.R_P_VALUE, const.R_CI_LOW, const.R_CI_HIGH, const.R_BOOTSTRAP_BIAS, const.R_N_PAIRS,
            const.R_CKA_DEBIASED, const.R_CKA_BIASED,
        )
    }  # fmt: skip
    return {
        **pairs,
        const.R_NULL: (permutations, *a, *b),
        const.R_CANONICAL_CORRELATIONS: (*a, *b, -1),
        const.R_SELF_HSIC_A: a,
        const.R_SELF_HSIC_B: b,
        const.R_DIRECTIONS_A: a,
        const.R_DIRECTIONS_B: b,
    }


def similarity(
    A: Any,
    B: Any = None,
    kind: str = "cka_debiased",
    kernel: str = "linear",
    permutations: int = 0,
    bootstrap: int = 0,
    confidence: Optional[float] = None,
    permute: Optional[str] = None,
    groups: Any = None,
    seed: int = 0,
    *,
    batch: Optional[int] = None,
    bandwidth: Optional[float] = None,
    variance: Optional[float] = None,
    ridge: Optional[float] = None,
    symmetric: bool = False,
    k: Optional[int] = None,
    metric: Optional[str] = None,
    rdm: Optional[str] = None,
    comparison: Optional[str] = None,
    y: Any = None,
    partitions: Any = None,
    ignore: Any = None,
    memory: Optional[int] = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """How alike two representations of the same samples are: layers, training steps, models of any widths.

    Parameters
    ----------
    A : array, (n, d), list of arrays, or array of more than two axes
        Activations as in :func:`neighbors`, or views of the same samples: in an array of more than two axes the last
        two are samples x dimensions. Widths may differ. In lists also objects with ``read_rows``.
    B : the same, optional
        What they are compared with, row by row. Default: every view of A with every view of A.
    kind : str, default "cka_debiased"
        What is compared. Similarities: "cka_debiased", "cka_biased" (centred kernel alignment), "svcca", "pwcca"
        (canonical correlations), "rsa" (dissimilarities of pairs of samples or conditions), "mutual_knn" (share of
        neighbours that both have). Distances: "procrustes" (after the best rotation), "shape" (angle after the best
        rotation), "information_imbalance" (ranks in B of neighbours in A; not symmetric).
    kernel : {"linear", "rbf"}, default "linear"
        Of CKA. "rbf": exp(-distance^2 / (2 s^2)), s = `bandwidth` times the median distance of two samples.
    permutations : int, default 0
        Draws of the null in which the samples of B are permuted: `null`, `p_value`.
    bootstrap : int, default 0
        Draws of the bootstrap over groups (rows or conditions, where there are none): `ci_low`, `ci_high`.
    confidence : float, optional
        Of that interval, in (0, 1); default 0.95.
    permute : {"free", "within"}, optional
        How rows are permuted: freely (default), whole groups of one size where there are groups; within groups.
    groups : array, (n,), optional
        Integers or strings: rows of a group are permuted (`permute`) and drawn together.
    seed : int, default 0
        Of permutations and bootstrap.
    batch : int, optional
        CKA: mean over batches of so many consecutive rows, at least 4; what is left over is left out (`n_left_out`).
        Default: all rows at once.
    bandwidth : float, optional
        Of kernel "rbf"; default 1.
    variance : float, optional
        "svcca", "pwcca": share of the variance whose leading directions are kept, in (0, 1]; default 0.99.
    ridge : float, optional
        "svcca", "pwcca": share of the mean variance that is added to each covariance; default 0.
    symmetric : bool, default False
        "pwcca": the mean of both directions; by default directions count by what they contribute to A.
    k : int, optional
        Neighbours of "mutual_knn" and "information_imbalance"; default 10.
    metric : {"l2", "cosine"}, optional
        Distance of these two; default "l2".
    rdm : {"correlation", "squared_l2", "cosine", "crossnobis"}, optional
        "rsa": dissimilarity of two samples or conditions. Default "correlation": 1 - Pearson correlation of the rows.
        "crossnobis" is cross-validated over `partitions`, and about 0 where conditions do not differ.
    comparison : {"spearman", "pearson", "kendall", "cosine"}, optional
        "rsa": how dissimilarities are compared; default "spearman". "kendall" is tau-a.
    y : array, (n,), optional
        "rsa": conditions, any integers or strings; their samples are averaged.
    partitions : array, (n,), optional
        "rsa" with "crossnobis": integers or strings, at least two, each with all conditions (runs, say).
    ignore : label or list of labels, optional
        Samples whose condition is one of these play no part.
    memory : int, optional
        Bytes of working memory beside A, B and the result; default 2**29.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        `value`: a number for two matrices; else its axes are those of A, then those of B (a single matrix has none; for
        B = None those of A again). With permutations `null` (draws in front) and `p_value`, the share of draws, the
        observed one included, that are at least as alike; with bootstrap `ci_low`, `ci_high`
        (freed of `bootstrap_bias`). By kind: `cka_debiased`, `cka_biased` (CKA: both, whichever is `value`),
        `self_hsic_a`, `self_hsic_b`, `n_left_out` (CKA); `canonical_correlations` (an axis more; NaN beyond their
        number), `directions_a`, `directions_b` ("svcca", "pwcca"); `chance` = k / (n - 1) ("mutual_knn"); `n_pairs`
        ("rsa"). A value that is not defined is NaN, and `n_undefined` counts them.

    Raises
    ------
    ConceptDecError
        Bad input, a ValueError; ``status_name`` says which kind, the text which argument, where, and the limit. An
        option that the kind does not use is refused, too.
    MemoryError
        Memory is exhausted.
    KeyboardInterrupt
        Ctrl-C, within 0.2 s outside a single factorisation.

    Notes
    -----
    Pairs share what is computed of each view. Definitions, cost and sources: docs/definitions.md; which kind answers
    which question: docs/subspaces.md.

    References
    ----------
    Kornblith et al., ICML 2019; Song et al., JMLR 13 (2012) (CKA). Raghu et al., NeurIPS 2017 (SVCCA). Morcos et al.,
    NeurIPS 2018 (PWCCA). Williams et al., NeurIPS 2021 (shape). Kriegeskorte et al. 2008 (RSA). Huh et al., ICML 2024
    (mutual neighbours). Glielmo et al., PNAS Nexus 1 (2022) (information imbalance).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.arange(18.0).reshape(6, 3) ** 2 % 7
    >>> round(conceptdec.similarity(x, 3 * x[:, ::-1] + 1).value, 9)
    1.0
    >>> conceptdec.similarity([x, x[:, :1], x[:, :2]], kind="cka_biased").value.shape
    (3, 3)
    """
    shape_a, of_a = _views.views("A", A, dtype)
    shape_b, of_b = (shape_a, []) if B is None else _views.views("B", B, dtype)
    if B is None and not shape_a:
        raise ConceptDecError("B: A is one matrix, and there is nothing to compare it with", const.EINVAL)
    words = dict(rdm=rdm, comparison=comparison, metric=metric, permute=permute)
    wishes = _structs.SimilarityOptions(
        labels=labels_if_any(y, ignore)[0],
        partitions=group_codes("partitions", partitions),
        groups=group_codes("groups", groups),
        k=k,
        batch=batch,
        permutations=permutations or None,
        bootstrap=bootstrap or None,
        memory=memory,
        seed=seed or None,
        bandwidth=bandwidth,
        variance=variance,
        ridge=ridge,
        confidence=confidence,
        kind=word("kind", kind, const.WORDS["similarity"]),
        kernel=word("kernel", kernel) or None,
        **{name: None if value is None else word(name, value) for name, value in words.items()},
        flags=const.SIMILARITY_SYMMETRIC if symmetric else None,
    )
    others = (None, 0) if B is None else (_views.packed(of_b), len(of_b))
    arguments = (_views.packed(of_a), len(of_a), *others, pointer(wishes))
    how: Dict[str, Any] = dict(threads=threads, progress=progress, matrices=[*of_a, *of_b])
    return result_of("conceptdec_similarity", *arguments, shapes=_shapes(shape_a, shape_b, permutations), **how)
