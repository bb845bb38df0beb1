"""What callers write as options of the library."""

import inspect
from ctypes import c_double, c_int64, pointer
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from . import _constants as const
from . import _labels, _views
from ._errors import ConceptDecError
from ._structs import KnnOptions, Matrix, ProbeOptions, checked


def word(option: str, value: Any, words: Optional[Dict[str, int]] = None) -> int:
    """The number of an option value such as "cosine"."""
    words = const.WORDS[option] if words is None else words
    if not isinstance(value, str) or value not in words:
        allowed = ", ".join(repr(name) for name in words)
        raise ConceptDecError(f"{option}: {value!r} is not known; allowed: {allowed}", const.EINVAL)
    return words[value]


def label_matrix(y: Any, ignore: Any, classes: Any) -> Tuple[Matrix, np.ndarray, Optional[int]]:
    """Labels for the library, their values, and the number of classes where the caller lists them."""
    codes, values = _labels.encode(y, ignore, classes)
    return _views.integer_matrix(codes), values, None if classes is None else len(values)


def one_label_each(y: Any, ignore: Any = None, classes: Any = None) -> Tuple[Matrix, np.ndarray, Optional[int]]:
    """As label_matrix(), of one set of labels."""
    labels, values, n_classes = label_matrix(y, ignore, classes)
    if labels.cols != 1:
        shape = (labels.rows, labels.cols)
        raise ConceptDecError(f"y: needs one label for each sample, has shape {shape}", const.ESIZE)
    return labels, values, n_classes


def labels_if_any(y: Any, ignore: Any = None, classes: Any = None) -> Tuple[Any, Optional[np.ndarray], Optional[int]]:
    """As one_label_each(), by reference, where y may be None."""
    if y is not None:
        labels, values, n_classes = one_label_each(y, ignore, classes)
        return pointer(labels), values, n_classes
    for name, value in (("ignore", ignore), ("classes", classes)):
        if value is not None:
            raise ConceptDecError(f"{name}: stands beside y only", const.EINVAL)
    return None, None, None


def group_codes(name: str, values: Any) -> Any:
    """Groups of samples for the library."""
    return group_matrix(_labels.groups((name,), (values,))[0])


def group_matrix(array: Optional[np.ndarray]) -> Any:
    return None if array is None else pointer(_views.integer_matrix(array))


def k_fields(k: Any) -> dict:
    if np.ndim(k) == 0:
        return {"k": k}
    values = [checked("k", c_int64, value) for value in k]
    return {"ks": (c_int64 * len(values))(*values), "n_ks": len(values)}


def made(make: Callable[..., Any], options: Dict[str, Any], of: str, **more: Any) -> Any:
    """What `make` makes of options that a caller wrote; one that it does not have is named."""
    strange = sorted(set(options) - set(inspect.signature(make).parameters))
    if strange:
        raise TypeError(f"{strange[0]}: is no option of {of}")
    return make(**options, **more)


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
    confidence: Optional[float] = None,
    seed: int = 0,
    *,
    train: Any = None,
    folds: Optional[int] = None,
    stratified: bool = True,
    permute: Optional[str] = None,
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
        **k_fields(k),
        groups=group_codes("groups", groups),
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
        permute=None if permute is None else word("permute", permute),
        flags=flags,
    )


def _lambda_fields(lambdas: Any) -> dict:
    if lambdas is None:
        return {}
    if np.ndim(lambdas) > 1:
        raise ConceptDecError(f"lambdas: needs a number or a list of numbers, has {np.ndim(lambdas)} axes", const.ESIZE)
    values = [checked("lambdas", c_double, value) for value in np.atleast_1d(lambdas)]
    return {"lambdas": (c_double * len(values))(*values), "n_lambdas": len(values)}


def _weight_matrix(weights: Any) -> Any:
    return None if weights is None else pointer(_views.column("weights", weights))


def _probe_flags(balanced: Any, missing: str, **flags: bool) -> int:
    names = [name for name, is_set in flags.items() if is_set]
    if balanced is not None:
        word("class_weight", balanced, {"balanced": 1})
        names.append("BALANCED")
    if word("missing", missing, {"error": 0, "skip": 1}):
        names.append("SKIP_MISSING")
    return sum(getattr(const, f"PROBE_{name}") for name in names)


def probe_options(
    kind: Optional[str] = "logistic",
    lambdas: Any = None,
    folds: Optional[int] = None,
    groups: Any = None,
    protocol: Optional[str] = None,
    train: Any = None,
    weights: Any = None,
    class_weight: Optional[str] = None,
    standardize: str = "none",
    covariance: Optional[str] = None,
    shrinkage: Optional[float] = None,
    permutations: Optional[int] = None,
    permute: Optional[str] = None,
    bootstrap: Optional[int] = None,
    confidence: Optional[float] = None,
    control: Optional[int] = None,
    types: Any = None,
    *,
    mdl: bool = False,
    nested: bool = False,
    missing: str = "error",
    stratified: bool = True,
    samples: bool = True,
    fit: bool = True,
    n_classes: Optional[int] = None,
    max_iterations: Optional[int] = None,
    tolerance: Optional[float] = None,
    memory: Optional[int] = None,
    seed: Optional[int] = None,
) -> ProbeOptions:
    """Options of a linear probe; the bit in `given` of each that is not None is set."""
    asked = dict(
        UNSTRATIFIED=not stratified, NESTED=nested, MDL=mdl, NO_SAMPLES=not samples, NO_FIT=not fit
    )  # fmt: skip
    words = dict(kind=kind, protocol=protocol, standardize=standardize, covariance=covariance, permute=permute)
    return ProbeOptions(
        **_lambda_fields(lambdas),
        groups=group_codes("groups", groups),
        train=group_matrix(_labels.mask("train", train)),
        weights=_weight_matrix(weights),
        types=group_codes("types", types),
        classes=n_classes,
        folds=folds,
        permutations=permutations,
        bootstrap=bootstrap,
        control=control,
        max_iterations=max_iterations,
        memory=memory,
        seed=seed,
        confidence=confidence,
        tolerance=tolerance,
        shrinkage=shrinkage,
        **{name: None if value is None else word(name, value) for name, value in words.items()},
        flags=_probe_flags(class_weight, missing, **asked) or None,
    )


def fit_options(
    kind: str = "logistic", lambda_: Optional[float] = None, *, train: Any = None, **others: Any
) -> ProbeOptions:
    """Options of one probe for all samples, by the names of :func:`fit_probe`."""
    lambdas = None if lambda_ is None else [checked("lambda_", c_double, lambda_)]
    return probe_options(kind, lambdas, train=train, protocol=None if train is None else "split", **others)
