"""What callers write as options of the library."""

from ctypes import c_int64, pointer
from typing import Any, Optional

import numpy as np

from . import _constants as const
from . import _labels, _views
from ._errors import ConceptDecError
from ._structs import KnnOptions, checked


def word(option: str, value: Any) -> int:
    """The number of an option value such as "cosine"."""
    words = const.WORDS[option]
    if not isinstance(value, str) or value not in words:
        allowed = ", ".join(repr(name) for name in words)
        raise ConceptDecError(f"{option}: {value!r} is not known; allowed: {allowed}", const.EINVAL)
    return words[value]


def group_matrix(array: Optional[np.ndarray]) -> Any:
    return None if array is None else pointer(_views.integer_matrix(array))


def _k_fields(k: Any) -> dict:
    if np.ndim(k) == 0:
        return {"k": k}
    values = [checked("k", c_int64, value) for value in k]
    return {"ks": (c_int64 * len(values))(*values), "n_ks": len(values)}


def knn_options(
    k: Any = 10,
    metric: Optional[str] = "l2",
    protocol: str = "loo",
    groups: Any = None,
    weights: str = "uniform",
    ties: str = "fractional",
    boundary: str = "share",
    permutations: int = 0,
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
    *,
    train: Any = None,
    folds: Optional[int] = None,
    stratified: bool = True,
    permute: str = "free",
    chance_draws: Optional[int] = None,
    temperature: Optional[float] = None,
    strict: bool = False,
    confusion: bool = True,
) -> KnnOptions:
    """Options of k-NN decodability; the bit in `given` of each that is not None is set."""
    flags = (
        (const.KNN_STRICT if strict else 0)
        | (0 if stratified else const.KNN_UNSTRATIFIED)
        | (0 if confusion else const.KNN_NO_CONFUSION)
    )
    return KnnOptions(
        **_k_fields(k),
        groups=group_matrix(_labels.groups(("groups",), (groups,))[0]),
        train=group_matrix(_labels.mask("train", train)),
        folds=folds,
        permutations=permutations,
        bootstrap=bootstrap,
        chance_draws=chance_draws,
        seed=seed,
        confidence=confidence,
        temperature=temperature,
        metric=None if metric is None else word("metric", metric),
        protocol=word("protocol", protocol),
        weights=word("weights", weights),
        ties=word("ties", ties),
        boundary=word("boundary", boundary),
        permute=word("permute", permute),
        flags=flags,
    )
