"""Erasure, PCA and UMAP as transformers in the manner of scikit-learn, which is used where it is installed.

Imported when one of its classes is first asked for, as _estimators.py is.
"""

import warnings
from typing import Any, Dict, Optional

import numpy as np

from ._erasure import fit_eraser
from ._estimators import _Estimator, _given, _labels, _matrix
from ._neighbors import neighbors
from ._pca import pca
from ._scikit import ConvergenceWarning, NotFittedError, TransformerMixin, note_features
from ._umap import umap


_PER_COMPONENT = ("components", "explained_variance", "explained_variance_ratio", "singular_values")


class _Transformer(TransformerMixin, _Estimator):
    """What all share: columns of what comes out are named after the class."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns that come out: "pca0", "pca1", ..."""
        name = type(self).__name__
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"This {name} instance is not fitted yet. Call 'fit' before using this estimator.")
        if input_features is not None and len(input_features) != self.n_features_in_:
            raise ValueError(f"input_features should have length equal to number of features ({self.n_features_in_})")
        return np.array([f"{name.lower()}{i}" for i in range(self._n_features_out)], dtype=object)


class PCA(_Transformer):
    """Principal components as a transformer of scikit-learn's kind: :func:`pca` behind fit and transform.

    Parameters
    ----------
    n_components : int, optional
        1 to min(n, d), which is the default.
    solver, center, standardize, whiten, tolerance, max_iterations, memory, seed, threads
        As in :func:`pca`.

    Attributes
    ----------
    components_ : numpy.ndarray, (r, d)
    explained_variance_, explained_variance_ratio_, singular_values_ : numpy.ndarray, (r,)
    mean_, scale_ : numpy.ndarray, (d,)
    n_components_, n_samples_, n_features_in_ : int
    model_ : PCAModel

    Notes
    -----
    A fit that has not converged gives a ConvergenceWarning. Signs: of each component the element of largest magnitude
    is positive.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0]])
    >>> conceptdec.PCA(1).fit_transform(x).round(3).tolist()
    [[-2.828], [0.0], [2.828]]
    """

    def __init__(
        self,
        n_components: Optional[int] = None,
        solver: str = "auto",
        center: bool = True,
        standardize: bool = False,
        whiten: bool = False,
        tolerance: Optional[float] = None,
        max_iterations: Optional[int] = None,
        memory: Optional[int] = None,
        seed: int = 0,
        threads: Optional[int] = None,
    ) -> None:
        self.n_components = n_components
        self.solver = solver
        self.center = center
        self.standardize = standardize
        self.whiten = whiten
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.memory = memory
        self.seed = seed
        self.threads = threads

    def fit(self, X: Any, y: Any = None) -> "PCA":
        """Finds the components of X (n, d); y is not used."""
        x = _matrix(X, least=2)
        self.model_ = pca(
            x, self.n_components, self.solver, self.center, self.standardize, self.whiten, self.tolerance,
            self.max_iterations, self.memory, self.seed, threads=self.threads, progress=False,
        )  # fmt: skip
        if not self.model_.converged:
            text = f"not converged after {self.model_.iterations} products; raise max_iterations or the tolerance"
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        for name in (*_PER_COMPONENT, "mean", "scale"):
            setattr(self, f"{name}_", getattr(self.model_, name).copy())
        self.n_samples_, self.n_components_ = self.model_.n_samples, len(self.components_)
        note_features(self, X, x.shape[1], reset=True)
        return self

    @property
    def _n_features_out(self) -> int:  # type: ignore[override]
        return self.n_components_

    def transform(self, X: Any) -> np.ndarray:
        """Coordinates of rows along the components, (m, r)."""
        x = self._asked(X)
        return self.model_.transform(x, threads=self.threads, progress=False).copy()

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The points of the input space that have coordinates X (m, r), as (m, d)."""
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("This PCA instance is not fitted yet. Call 'fit' before using this estimator.")
        return self.model_.inverse_transform(_matrix(X), threads=self.threads, progress=False).copy()


class ConceptEraser(_Transformer):
    """Erasure of a concept as a transformer of scikit-learn's kind: :func:`fit_eraser` behind fit and transform.

    In a pipeline whose last step reads another concept, or the same one to see that it is gone, it is fitted to the
    training part of each fold alone.

    Parameters
    ----------
    kind, rank, tolerance, memory, threads
        As in :func:`fit_eraser`.

    Attributes
    ----------
    eraser_ : Eraser
    classes_ : numpy.ndarray, (C,)
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    >>> conceptdec.ConceptEraser().fit(x, ["noun", "noun", "verb", "verb"]).transform(x).round(9).tolist()
    [[2.0, 1.0], [2.0, 3.0], [2.0, 1.0], [2.0, 3.0]]
    """

    def __init__(
        self,
        kind: str = "leace",
        rank: Optional[int] = None,
        tolerance: Optional[float] = None,
        memory: Optional[int] = None,
        threads: Optional[int] = None,
    ) -> None:
        self.kind = kind
        self.rank = rank
        self.tolerance = tolerance
        self.memory = memory
        self.threads = threads

    def fit(self, X: Any, y: Any) -> "ConceptEraser":
        """Fits to activations X (n, d) and labels y (n,)."""
        x = _matrix(X, least=2)
        self.classes_, codes = _labels(self, _given(self, y, len(x)), len(x))
        options = dict(self.get_params(deep=False), progress=False)
        self.eraser_ = fit_eraser(x, codes, **options)
        note_features(self, X, x.shape[1], reset=True)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Rows without the concept, (m, d)."""
        x = self._asked(X)
        return self.eraser_.apply(x, threads=self.threads, progress=False).copy()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns that come out: those that went in."""
        super().get_feature_names_out(input_features)
        own = getattr(self, "feature_names_in_", None)
        if own is not None and input_features is not None and list(own) != list(input_features):
            raise ValueError("input_features is not equal to feature_names_in_")
        given = input_features if own is None else own
        return np.array([f"x{i}" for i in range(self.n_features_in_)] if given is None else given, dtype=object)

    @property
    def _n_features_out(self) -> int:  # type: ignore[override]
        return self.n_features_in_

    def _more_tags(self) -> Dict[str, Any]:
        return {"requires_y": True}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.required = True
        return tags


class UMAP(_Transformer):
    """UMAP as a transformer of scikit-learn's kind: :func:`umap` behind fit and transform.

    Parameters
    ----------
    n_components, n_neighbors, min_dist, spread, metric, init, epochs, seed, negative_samples, learning_rate, repulsion
        As in :func:`umap`.
    mix, local_connectivity, target_weight, self_counted, memory, threads
        As in :func:`umap`.
    supervised : bool, default False
        Use the labels y of the fit. By default they are not looked at, so that a pipeline that ends in a classifier
        does not leak them into what is classified.

    Attributes
    ----------
    embedding_ : numpy.ndarray, (n, n_components)
    n_features_in_ : int
    model_ : UMAPModel
        It keeps the rows of the fit, without a copy where they are floating numbers.

    Notes
    -----
    ``transform`` gives a row that was in the fit the place that it has in `embedding_` (of equal rows the first one's),
    other rows what :meth:`UMAPModel.transform` gives.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> mapper = conceptdec.UMAP(n_neighbors=3).fit(np.eye(6))
    >>> mapper.embedding_.shape, mapper.get_feature_names_out().tolist()
    ((6, 2), ['umap0', 'umap1'])
    """

    def __init__(
        self,
        n_components: int = 2,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        spread: float = 1.0,
        metric: str = "l2",
        init: Any = "spectral",
        epochs: Optional[int] = None,
        seed: int = 0,
        supervised: bool = False,
        negative_samples: Optional[int] = None,
        learning_rate: Optional[float] = None,
        repulsion: Optional[float] = None,
        mix: Optional[float] = None,
        local_connectivity: Optional[float] = None,
        target_weight: Optional[float] = None,
        self_counted: bool = False,
        memory: Optional[int] = None,
        threads: Optional[int] = None,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.min_dist = min_dist
        self.spread = spread
        self.metric = metric
        self.init = init
        self.epochs = epochs
        self.seed = seed
        self.supervised = supervised
        self.negative_samples = negative_samples
        self.learning_rate = learning_rate
        self.repulsion = repulsion
        self.mix = mix
        self.local_connectivity = local_connectivity
        self.target_weight = target_weight
        self.self_counted = self_counted
        self.memory = memory
        self.threads = threads

    def fit(self, X: Any, y: Any = None) -> "UMAP":
        """Embeds X (n, d); y, labels (n,), is used where `supervised` is set."""
        x = _matrix(X, least=2)
        options = {name: value for name, value in self.get_params(deep=False).items() if name != "supervised"}
        labels = _labels(self, _given(self, y, len(x)), len(x))[1] if self.supervised else None
        self.model_ = umap(x, y=labels, progress=False, **options)
        if not self.model_.converged:
            warnings.warn("the spectral start has not converged", ConvergenceWarning, stacklevel=2)
        self.embedding_ = self.model_.embedding.copy()
        self._x = x
        note_features(self, X, x.shape[1], reset=True)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """The embedding of the rows of the fit, (n, n_components)."""
        return self.fit(X, y).embedding_.copy()

    @property
    def _n_features_out(self) -> int:  # type: ignore[override]
        return self.embedding_.shape[1]

    def transform(self, X: Any) -> np.ndarray:
        """Places for rows, (m, n_components), among those of the fit, which stay."""
        x = self._asked(X)
        nearest = neighbors(self._x, 1, queries=x, threads=self.threads, progress=False)
        known, places = nearest.distances[:, 0] == 0, np.empty((len(x), self._n_features_out))
        places[known] = self.embedding_[nearest.indices[known, 0]]
        if not known.all():
            places[~known] = self.model_.transform(x[~known], threads=self.threads, progress=False)
        return places
