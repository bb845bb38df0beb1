"""Estimators in the manner of scikit-learn, which is used where it is installed.

This module is imported when one of its classes is first asked for, so that ``import conceptdec`` imports NumPy alone.
"""

import warnings
from ctypes import c_int64
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ._columns import refuse_missing
from ._neighbors import Neighbors, neighbors
from ._options import word
from ._probe import fit_probe, probe_regression
from ._scikit import (
    BaseEstimator,
    ClassifierMixin,
    ConvergenceWarning,
    DataConversionWarning,
    NotFittedError,
    RegressorMixin,
    note_features,
)
from ._structs import checked

_TIE_TOLERANCE = 1e-12  # of weighted votes, as in the library; counts are compared as they are

# ---- what comes in


def _array(name: str, values: Any) -> np.ndarray:
    """Real numbers that NumPy can hold; integers and numbers as objects become float64."""
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise TypeError(f"Sparse data was passed as {name}, but dense data is required; use .toarray()")
    try:
        array = np.asarray(values)
        if array.dtype == object:
            refuse_missing(name, array)
        if array.dtype.kind == "c":
            raise ValueError(f"Complex data not supported: {name} has dtype {array.dtype}")
        if array.dtype.kind != "f" or array.dtype.itemsize > 8 or not array.dtype.isnative:
            array = array.astype(np.float64)
    except TypeError as reason:
        raise TypeError(f"{name}: cannot be read as real numbers: {reason}") from None
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        where = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), place))
        raise ValueError(f"Input {name} contains NaN, infinity or a value too large for {array.dtype}: at {where}.")
    return array


def _matrix(X: Any, least: int = 1) -> np.ndarray:
    """Samples by dimensions, at least `least` samples."""
    x = _array("X", X)
    if x.ndim != 2:
        text = f"Expected 2D array, got {x.ndim}D array instead. Reshape your data: samples x dimensions"
        raise ValueError(text)
    if x.shape[0] < least:
        shown = f"{x.shape[0]} sample(s) (shape={x.shape}), n_samples={x.shape[0]}"
        raise ValueError(f"Found array with {shown}, while a minimum of {least} is required.")
    if x.shape[1] == 0:
        shown = f"0 feature(s) (shape={x.shape})"
        raise ValueError(f"Found array with {shown} while a minimum of 1 is required.")
    return x


def _given(estimator: Any, y: Any, n: int) -> np.ndarray:
    """y as an array of n rows."""
    if y is None:
        name = type(estimator).__name__
        raise ValueError(f"This {name} estimator requires y to be passed, but the target y is None.")
    if hasattr(y, "toarray") and hasattr(y, "nnz"):
        raise TypeError("Sparse data was passed as y, but dense data is required; use .toarray()")
    array = np.asarray(y)
    if array.ndim == 0 or len(array) != n:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: X has {n}, y {array.shape}")
    return array


def _as_integers(labels: np.ndarray) -> np.ndarray:
    """Objects that are all integers, as a nullable column has them, as NumPy's; all else as it is."""
    found = {type(label) for label in labels}
    return np.array(labels.tolist()) if found in ({int}, {bool}) else labels


def _labels(estimator: Any, y: Any, n: int) -> Tuple[np.ndarray, np.ndarray]:
    """Classes, sorted, and the place of each label among them."""
    labels = _given(estimator, y, n)
    if labels.ndim == 2 and labels.shape[1] == 1:
        text = "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,)"
        warnings.warn(text, DataConversionWarning, stacklevel=3)
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {labels.shape} instead.")
    if labels.dtype.kind in "fc":
        if not np.isfinite(labels).all():
            raise ValueError(f"Input y contains NaN or infinity: at row {np.flatnonzero(~np.isfinite(labels))[0]}.")
        if (labels != np.rint(labels.real)).any():
            raise ValueError("Unknown label type: continuous. Labels are integers or strings; RidgeProbe takes numbers")
    if labels.dtype == object:
        refuse_missing("y", labels)
        labels = _as_integers(labels)
    try:
        return np.unique(labels, return_inverse=True)
    except TypeError:
        raise ValueError("Unknown label type: y mixes values that cannot be compared") from None


def _weights(sample_weight: Any, n: int) -> Optional[np.ndarray]:
    """One weight for each sample."""
    if sample_weight is None:
        return None
    weights = _array("sample_weight", sample_weight).astype(np.float64)
    weights = np.full(n, weights) if weights.ndim == 0 else weights
    if weights.shape != (n,):
        raise ValueError(f"Sample weights must be 1D array or scalar of {n} samples; shape is {weights.shape}")
    if (weights < 0).any():
        raise ValueError(f"sample_weight: negative at row {np.flatnonzero(weights < 0)[0]}")
    if not weights.any():
        raise ValueError("sample_weight: every weight is zero, no sample is left")
    return weights


def _with_class_weights(weights: Optional[np.ndarray], chosen: Any, classes: np.ndarray, codes: np.ndarray) -> Any:
    """Weights times those that a dictionary gives to classes; 1 for classes that it leaves out."""
    factors = np.array([float(chosen.get(label, 1.0)) for label in classes.tolist()])
    return factors[codes] * (1.0 if weights is None else weights)


class _Estimator(BaseEstimator):
    """What all of them share: they are fitted when they know their features."""

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def _asked(self, X: Any) -> np.ndarray:
        """Samples that a fitted estimator is asked about."""
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise NotFittedError(f"This {name} instance is not fitted yet. Call 'fit' before using this estimator.")
        x = _matrix(X)
        note_features(self, X, x.shape[1], reset=False)
        return x


class _UnlessRidge:
    """A method that is not there for kind "ridge", which has no posterior."""

    def __init__(self, method: Any) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: Any, name: str) -> None:
        self._name = name

    def __get__(self, estimator: Any, owner: Any = None) -> Any:
        if estimator is None:
            return self._method
        if estimator.kind == "ridge":
            raise AttributeError(f"{self._name} is not there for kind 'ridge', which has no posterior")
        return self._method.__get__(estimator, owner)


# ---- the estimators


class LinearProbe(ClassifierMixin, _Estimator):
    """A linear probe as a classifier of scikit-learn's kind: :func:`fit_probe` behind fit and predict.

    Parameters
    ----------
    kind : {"logistic", "ridge", "lda", "mean_difference", "nearest_mean"}, default "logistic"
        What is fitted, as in :func:`probe`.
    lambda_ : float, optional
        The penalty, for logistic and ridge: scikit-learn's C is 1 / (lambda n), its alpha lambda n. Default 1 / n, n
        the sum of the weights.
    class_weight : {"balanced"} or dict, optional
        n / (C n_c) for class c; or a factor for each label, 1 for those left out.
    tolerance : float, optional
        As in :func:`fit_probe`, but of "logistic" 1e-18 by default, which is tighter: one Newton step or two more, so
        that fits that should be equal (a weight of 2, a sample that stands there twice) are so to 9 digits.
    standardize, covariance, shrinkage, max_iterations, memory, threads
        As in :func:`fit_probe`.

    Attributes
    ----------
    classes_ : numpy.ndarray, (C,)
    coef_ : numpy.ndarray, (B, d)
        In the units of X; B is 1 for two classes, else C. What all columns of "lda" and "nearest_mean" share changes
        neither predictions nor posteriors; here their mean is 0, as it is for "logistic".
    intercept_ : numpy.ndarray, (B,)
    n_features_in_ : int
    n_iter_ : int
        Newton steps; 0 for closed forms.
    model_ : ProbeModel
        The fitted probe; its classes are 0..C-1.

    Notes
    -----
    A fit that has not converged gives a ConvergenceWarning. Decision values, formulas and their sources: those of
    :func:`probe`.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> probe = conceptdec.LinearProbe(lambda_=0.1).fit(x, ["noun", "noun", "verb", "verb"])
    >>> probe.predict([[-3.0], [3.0]]).tolist()
    ['noun', 'verb']
    >>> probe.predict_proba([[0.0]]).round(3).tolist()
    [[0.5, 0.5]]
    """

    def __init__(
        self,
        kind: str = "logistic",
        lambda_: Optional[float] = None,
        class_weight: Any = None,
        standardize: str = "none",
        covariance: Optional[str] = None,
        shrinkage: Optional[float] = None,
        max_iterations: Optional[int] = None,
        tolerance: Optional[float] = None,
        memory: Optional[int] = None,
        threads: Optional[int] = None,
    ) -> None:
        self.kind = kind
        self.lambda_ = lambda_
        self.class_weight = class_weight
        self.standardize = standardize
        self.covariance = covariance
        self.shrinkage = shrinkage
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.memory = memory
        self.threads = threads

    def _penalty(self, weights: Optional[np.ndarray]) -> Optional[float]:
        """The default is 1 / sum of the weights, so that a weight of 2 is a sample that stands there twice."""
        if self.lambda_ is not None or weights is None or self.kind not in ("logistic", "ridge"):
            return self.lambda_
        return 1 / weights.sum()

    def _tightness(self) -> Optional[float]:
        return 1e-18 if self.tolerance is None and self.kind == "logistic" else self.tolerance

    def _told_apart(self, columns: np.ndarray, axis: int) -> np.ndarray:
        """Less what all classes share, where the kind leaves that open."""
        is_open = self.kind in ("lda", "nearest_mean") and columns.shape[axis] > 1
        return columns - columns.mean(axis=axis, keepdims=True) if is_open else columns.copy()

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LinearProbe":
        """Fits the probe to X (n, d) and labels y (n,), each sample with its weight."""
        x = _matrix(X, least=2)
        classes, codes = _labels(self, y, len(x))
        weights, balanced = _weights(sample_weight, len(x)), self.class_weight
        if isinstance(balanced, dict):
            weights, balanced = _with_class_weights(weights, balanced, classes, codes), None
        if len(classes) < 2:
            raise ValueError(f"y has one class, {classes[0]!r}; a probe needs samples of at least 2 classes")
        self.model_ = fit_probe(
            x, codes, self.kind, self._penalty(weights), weights=weights, class_weight=balanced,
            standardize=self.standardize, covariance=self.covariance, shrinkage=self.shrinkage,
            max_iterations=self.max_iterations, tolerance=self._tightness(), memory=self.memory, threads=self.threads,
            progress=False,
        )  # fmt: skip
        if not self.model_.converged:
            text = f"not converged after {self.model_.iterations} Newton steps; scale the data or raise lambda_"
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        self.classes_ = classes
        self.coef_ = self._told_apart(self.model_.weights, axis=0)
        self.intercept_ = self._told_apart(self.model_.bias, axis=0)
        self.n_iter_ = self.model_.iterations
        note_features(self, X, x.shape[1], reset=True)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The label of each row, (m,)."""
        x = self._asked(X)
        return self.classes_[self.model_.predict(x, threads=self.threads)]

    def decision_function(self, X: Any) -> np.ndarray:
        """Decision values, (m, C); (m,) for two classes, positive for the second."""
        x = self._asked(X)
        values = self._told_apart(self.model_.decision(x, threads=self.threads), axis=1)
        return values[:, 0] if values.shape[1] == 1 else values

    @_UnlessRidge
    def predict_proba(self, X: Any) -> np.ndarray:
        """Posterior of each class, (m, C)."""
        x = self._asked(X)
        return self.model_.probabilities(x, threads=self.threads).copy()

    @_UnlessRidge
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Natural logarithm of the posterior, (m, C)."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))


class RidgeProbe(RegressorMixin, _Estimator):
    """Ridge regression of continuous concepts, the penalty chosen from a path by exact leave-one-out.

    Parameters
    ----------
    lambdas : float or sequence of float, optional
        Penalties to choose from, at least 0: scikit-learn's alpha is lambda n. Default: 17 from 1e-4 to 1e4 times the
        mean variance of the dimensions.
    standardize : {"none", "global"}, default "none"
        As in :func:`probe`.
    memory, threads
        As in :func:`probe`.

    Attributes
    ----------
    lambda_ : float
        The penalty with the largest `r2_`; of several the largest.
    lambdas_ : numpy.ndarray, (A,)
        Those that it was chosen from.
    r2_ : numpy.ndarray, (A,)
        Leave-one-out R^2 of each, the mean over the targets that are not constant.
    coef_ : numpy.ndarray, (d,) or (T, d)
    intercept_ : float or numpy.ndarray, (T,)
    n_features_in_ : int

    Notes
    -----
    One factorisation serves all penalties: residuals of the fit divided by 1 - leverage are those of a fit without the
    sample (Allen 1974). The score of the chosen penalty is that of the best of several: too optimistic by a little.
    Where the best penalty is the smallest (but for 0) or the largest of several, fit() gives a UserWarning.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.linspace(0, 1, 20)[:, None]
    >>> probe = conceptdec.RidgeProbe(lambdas=[0.0, 1.0]).fit(x, 3 * x[:, 0] + 1)
    >>> probe.lambda_, probe.predict([[2.0]]).round(6).tolist()
    (0.0, [7.0])
    """

    def __init__(
        self,
        lambdas: Any = None,
        standardize: str = "none",
        memory: Optional[int] = None,
        threads: Optional[int] = None,
    ) -> None:
        self.lambdas = lambdas
        self.standardize = standardize
        self.memory = memory
        self.threads = threads

    def _more_tags(self) -> Dict[str, Any]:
        return {"multioutput": True}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.multi_output = True
        return tags

    def _path(self, x: np.ndarray) -> Any:
        if self.lambdas is not None:
            return self.lambdas
        scale = 1.0 if self.standardize == "global" else float(x.var(axis=0, dtype=np.float64).mean())
        return (scale or 1.0) * np.logspace(-4, 4, 17)

    def _warn_of_an_end(self, scores: np.ndarray) -> None:
        """Says where the best score is that of the least or of the largest penalty, and others are worse."""
        ends = {min(self.lambdas_), max(self.lambdas_)} - {0.0}
        if self.lambda_ in ends and scores.min() < scores.max():
            where = "smallest" if self.lambda_ == min(self.lambdas_) else "largest"
            text = f"the chosen penalty, {self.lambda_:g}, is the {where} of lambdas: a better one may lie beyond"
            warnings.warn(text, UserWarning, stacklevel=3)

    def fit(self, X: Any, y: Any) -> "RidgeProbe":
        """Fits to X (n, d) and numbers y, (n,) or (n, T)."""
        x = _matrix(X, least=2)
        t = _array("y", _given(self, y, len(x)))
        if t.ndim > 2:
            raise ValueError(f"y should have 1 or 2 axes, has shape {t.shape}")
        result = probe_regression(
            x, t, self._path(x), protocol="loo", standardize=self.standardize, samples=False, memory=self.memory,
            threads=self.threads, progress=False,
        )  # fmt: skip
        self.lambdas_, self.r2_ = result["lambda_"], result["r2"]
        scores = np.where(np.isnan(self.r2_), -np.inf, self.r2_)
        best = max(range(len(scores)), key=lambda a: (scores[a], self.lambdas_[a]))
        self.lambda_ = float(self.lambdas_[best])
        self._warn_of_an_end(scores)
        weights, bias = result["weights"][best], result["bias"][best]
        self.coef_, self.intercept_ = (weights[0], float(bias[0])) if t.ndim == 1 else (weights, bias)
        note_features(self, X, x.shape[1], reset=True)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The numbers of each row, (m,) or (m, T)."""
        return self._asked(X).astype(np.float64, copy=False) @ self.coef_.T + self.intercept_


class KNNDecoder(ClassifierMixin, _Estimator):
    """Exact k-NN classification with the votes of :func:`knn_decodability`.

    Parameters
    ----------
    k : int, default 10
        Neighbours that vote; all samples of the fit where these are fewer.
    metric : {"l2", "cosine"}, default "l2"
        As in :func:`neighbors`.
    weights : {"uniform", "distance", "softmax", "balanced"}, default "uniform"
        What a vote weighs, as in :func:`knn_decodability`.
    ties : {"smallest", "nearest", "fractional"}, default "smallest"
        Where several classes have the most votes, `predict` takes the first of them in `classes_`; the one whose
        nearest member is closest, if there is one. A prediction is one label: "fractional" is "smallest" here.
    boundary : {"share", "index"}, default "share"
        Where more samples are tied at the k-th distance than places are left: they share the places; those that came
        first in the fit take them.
    temperature : float, default 0.07
        Of the softmax vote.
    threads : int, optional
        As in :func:`neighbors`.

    Attributes
    ----------
    classes_ : numpy.ndarray, (C,)
    n_features_in_ : int
    n_samples_fit_ : int

    Notes
    -----
    The fit keeps X as it is and computes nothing; time O(m n d) for m rows asked about.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> decoder = conceptdec.KNNDecoder(k=3).fit([[0.0], [0.1], [1.0], [1.1]], ["noun", "noun", "verb", "verb"])
    >>> decoder.predict([[0.2], [0.9]]).tolist()
    ['noun', 'verb']
    >>> decoder.predict_proba([[0.2]]).round(3).tolist()
    [[0.667, 0.333]]
    """

    def __init__(
        self,
        k: int = 10,
        metric: str = "l2",
        weights: str = "uniform",
        ties: str = "smallest",
        boundary: str = "share",
        temperature: float = 0.07,
        threads: Optional[int] = None,
    ) -> None:
        self.k = k
        self.metric = metric
        self.weights = weights
        self.ties = ties
        self.boundary = boundary
        self.temperature = temperature
        self.threads = threads

    def fit(self, X: Any, y: Any) -> "KNNDecoder":
        """Keeps X (n, d) and labels y (n,)."""
        for name in ("metric", "weights", "ties", "boundary"):
            word(name, getattr(self, name))
        if checked("k", c_int64, self.k) < 1:
            raise ValueError(f"k: {self.k} is below 1")
        if self.weights == "softmax" and (self.metric != "cosine" or not self.temperature > 0):
            raise ValueError("weights: 'softmax' needs the cosine metric and a temperature above 0")
        x = _matrix(X)
        self.classes_, self._codes = _labels(self, y, len(x))
        self._x = x
        self.n_samples_fit_ = len(x)
        note_features(self, X, x.shape[1], reset=True)
        return self

    def _search(self, x: np.ndarray) -> Neighbors:
        k = min(self.k, self.n_samples_fit_)
        return neighbors(self._x, k, self.metric, queries=x, threads=self.threads, progress=False)

    def _weigh(self, distances: np.ndarray) -> np.ndarray:
        """Weight of each neighbour, before the balance of classes; one row of neighbours each."""
        if self.weights == "distance":
            zero = distances == 0
            with np.errstate(divide="ignore"):
                return np.where(zero.any(axis=1, keepdims=True), zero, 1 / distances)
        if self.weights == "softmax":
            return np.exp((distances[:, :1] - distances) / self.temperature)
        return np.ones(distances.shape)

    def _places(self, distances: np.ndarray, k: int) -> np.ndarray:
        """Places that each row of one list, tied ones at its end included, takes, times the number of these."""
        tied = distances == distances[-1]
        return np.where(tied, k - (~tied).sum(), tied.sum()).astype(np.float64)

    def _count(self, x: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Votes of each class, times a number of its own for each row, and the distance of its nearest member."""
        table = self._search(x)
        indices, distances = table.indices, table.distances
        votes, nearest = np.zeros((len(x), len(self.classes_))), np.full((len(x), len(self.classes_)), np.inf)
        rows = np.arange(len(x))[:, None]
        np.add.at(votes, (rows, self._codes[indices]), self._weigh(distances))
        np.minimum.at(nearest, (rows, self._codes[indices]), distances)
        for i in np.flatnonzero(table.ties) if self.boundary == "share" else ():
            members, apart = table.row(i)
            weights = self._weigh(apart[None])[0] * self._places(apart, indices.shape[1])
            votes[i] = np.bincount(self._codes[members], weights, minlength=len(self.classes_))
            np.minimum.at(nearest[i], self._codes[members], apart)
        if self.weights == "balanced":
            votes /= np.bincount(self._codes)
        return votes, nearest

    def predict(self, X: Any) -> np.ndarray:
        """The label of each row, (m,)."""
        votes, nearest = self._count(self._asked(X))
        slack = 0.0 if self.weights == "uniform" else _TIE_TOLERANCE
        tied = votes >= votes.max(axis=1, keepdims=True) * (1 - slack)
        if self.ties == "nearest":
            return self.classes_[np.where(tied, nearest, np.inf).argmin(axis=1)]
        return self.classes_[tied.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Share of the votes that each class has, (m, C)."""
        votes, _ = self._count(self._asked(X))
        return votes / votes.sum(axis=1, keepdims=True)
