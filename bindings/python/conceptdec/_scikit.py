"""What estimators need of scikit-learn where it is installed, and the least of it where it is not."""

import inspect
from typing import Any, Dict

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
    from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
except ImportError:

    class ConvergenceWarning(UserWarning):  # type: ignore[no-redef]
        """A fit has not converged."""

    class DataConversionWarning(UserWarning):  # type: ignore[no-redef]
        """Data had another shape than was needed."""

    class NotFittedError(ValueError, AttributeError):  # type: ignore[no-redef]
        """The estimator is asked before it is fitted."""

    class BaseEstimator:  # type: ignore[no-redef]
        """Parameters are the arguments of __init__, kept under their names."""

        def get_params(self, deep: bool = True) -> Dict[str, Any]:
            """Parameters by name."""
            names = list(inspect.signature(type(self).__init__).parameters)[1:]
            return {name: getattr(self, name) for name in sorted(names)}

        def set_params(self, **params: Any) -> "BaseEstimator":
            """Sets parameters and returns the estimator."""
            known = self.get_params()
            for name, value in params.items():
                if name not in known:
                    raise ValueError(f"Invalid parameter {name!r} for estimator {self}; there are {sorted(known)}")
                setattr(self, name, value)
            return self

        def __repr__(self) -> str:
            defaults = inspect.signature(type(self).__init__).parameters
            changed = (item for item in self.get_params().items() if item[1] is not defaults[item[0]].default)
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed)})"

    class ClassifierMixin:  # type: ignore[no-redef]
        _estimator_type = "classifier"

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            """Share of right predictions."""
            return float(np.average(np.asarray(y).ravel() == self.predict(X), weights=sample_weight))

    class RegressorMixin:  # type: ignore[no-redef]
        _estimator_type = "regressor"

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            """R^2, the mean over the targets."""
            y = np.asarray(y, dtype=float)
            weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
            rest = np.tensordot(weights, (y - self.predict(X)) ** 2, 1)
            total = np.tensordot(weights, (y - np.average(y, axis=0, weights=weights)) ** 2, 1)
            return float(np.mean(1 - rest / total))

    class TransformerMixin:  # type: ignore[no-redef]
        def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
            """What transform gives for the rows of the fit."""
            return self.fit(X, y).transform(X)  # type: ignore[attr-defined]


def note_features(estimator: Any, X: Any, n_features: int, reset: bool) -> None:
    """Keeps number and names of the features (reset), or compares them with those of the fit."""
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:
        validate_data = None
    if validate_data is not None:
        validate_data(estimator, X=X, reset=reset, skip_check_array=True)
    elif hasattr(estimator, "_check_feature_names"):
        estimator._check_feature_names(X, reset=reset)
        estimator._check_n_features(X, reset=reset)
    elif reset:
        estimator.n_features_in_ = n_features
    elif n_features != estimator.n_features_in_:
        name, wanted = type(estimator).__name__, estimator.n_features_in_
        raise ValueError(f"X has {n_features} features, but {name} is expecting {wanted} features as input")
