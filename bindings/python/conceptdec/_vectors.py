"""Vectors of concepts: class means less what they are counted from."""

from ctypes import pointer
from typing import Any, Dict, Optional

import numpy as np

from . import _constants as const
from . import _structs, _views
from ._calls import result_of
from ._errors import ConceptDecError
from ._options import group_codes, one_label_each
from ._progress import ProgressOption
from ._result import Result


def _reference(baseline: Any, classes: np.ndarray) -> Dict[str, Any]:
    """The fields that say what vectors are counted from: a word, one of the classes, or a point."""
    if not isinstance(baseline, (str, bytes, int, np.integer, np.bool_)):
        return {"reference": const.BASELINE_GIVEN, "baseline": pointer(_views.real_rows("baseline", baseline))}
    places = [place for place, label in enumerate(classes.tolist()) if label == baseline]
    words = const.WORDS["baseline"]
    number = words.get(baseline) if isinstance(baseline, str) else None
    if places and number is not None:
        text = f"baseline: {baseline!r} is a word of this option and a class; give the class another name"
        raise ConceptDecError(text, const.EINVAL)
    if places:
        return {"reference": const.BASELINE_CLASS, "baseline_class": places[0]}
    if number is None:
        allowed = ", ".join(repr(name) for name in words)
        text = f"baseline: {baseline!r} is not known; allowed: {allowed}, one of the classes, or an array"
        raise ConceptDecError(text, const.EINVAL)
    return {"reference": number}


def concept_vectors(
    X: Any,
    y: Any,
    baseline: Any = "rest",
    bootstrap: int = 0,
    confidence: Optional[float] = None,
    splits: int = 0,
    groups: Any = None,
    seed: int = 0,
    *,
    memory: Optional[int] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """The direction of each concept: the mean of its samples less a baseline (steering, task and function vectors).

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    y : array, (n,)
        Labels, any integers or strings.
    baseline : {"rest", "mean"}, label or array, (d,), default "rest"
        What vectors are counted from: the mean of all other labelled samples; the mean of the class means; the mean of
        the class that is named, whose own vector is then 0; a point (zeros, say: the means themselves).
    bootstrap : int, default 0
        Draws over groups (rows, where there are none) within each class, for `norm_low`, `norm_high`, `cosine_low` and
        `cosine_high`.
    confidence : float, optional
        Of these intervals, in (0, 1); default 0.95.
    splits : int, default 0
        Random halvings for `reliability`.
    groups : array, (n,), optional
        Integers or strings: rows of a group are drawn, and stay in one half, together.
    seed : int, default 0
        Of bootstrap and halvings.
    memory : int, optional
        Bytes of working memory beside X and the result; default 2**29.
    classes : array, (C,), optional
        The labels that there are, in the order in which results list them. Default: those in y, sorted.
    ignore : label or list of labels, optional
        Samples that have one of these labels play no part.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        `classes`, `class_count` (C), `means` and `vectors` (C x d), `norms` (C), `cosines` (C x C) between vectors;
        with bootstrap `norm_low`, `norm_high` (C), `cosine_low`, `cosine_high` (C x C), freed of
        `norm_bias` and `cosine_bias`, the mean of the draws less the value; with splits `reliability` (C):
        the mean cosine of the vector from one half of the samples with that from the other. NaN for a class without
        samples.

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
    Time O(n d), and O(n d) for each halving; sums in float64. How to read them: docs/subspaces.md; formulas and their
    sources: docs/definitions.md.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    >>> r = conceptdec.concept_vectors(x, ["noun", "noun", "verb", "verb"])
    >>> r.vectors.tolist(), r.norms.tolist(), r.cosines[0, 1]
    ([[-4.0, 0.0], [4.0, 0.0]], [4.0, 4.0], -1.0)
    >>> conceptdec.concept_vectors(x, ["noun", "noun", "verb", "verb"], baseline="noun").vectors.tolist()
    [[0.0, 0.0], [4.0, 0.0]]
    """
    labels, values, n_classes = one_label_each(y, ignore, classes)
    wishes = _structs.VectorsOptions(
        groups=group_codes("groups", groups),
        classes=n_classes,
        bootstrap=bootstrap or None,
        splits=splits or None,
        memory=memory,
        seed=seed or None,
        confidence=confidence,
        **_reference(baseline, values),
    )
    x = _views.matrix("X", X, dtype)
    how: Dict[str, Any] = dict(classes=values, threads=threads, progress=progress, matrices=[x])
    return result_of("conceptdec_concept_vectors", pointer(x), pointer(labels), pointer(wishes), **how)
