"""How well can a concept be read from a neural network's activations, and is that more than chance?

The Python side of libconceptdec. It needs NumPy and the shared library: the environment variable CONCEPTDEC_LIBRARY
names its file, else a file beside this package is taken, else the system's.
"""

from typing import Any, List

from ._accumulator import Accumulator
from ._api import build_info, knn_decodability, sweep, version
from ._class_moments import ClassMoments, load_class_moments
from ._constants import VERSION_STRING as __version__
from ._erasure import Eraser, erase, erasure_curve, fit_eraser, load_eraser
from ._errors import ConceptDecError, ConceptDecFileError, ConceptDecTypeError
from ._geometry import geometry
from ._neighbors import Neighbors, load_neighbors, neighbors
from ._pca import Moments, PCAModel, align, align_sequence, load_moments, load_pca, pca
from ._probe import ProbeModel, fit_probe, load_probe, probe, probe_regression
from ._quality import embedding_quality
from ._result import Result
from ._save import save_activations
from ._similarity import similarity
from ._stored import Activations, StoredArray, open_activations
from ._subspaces import Subspaces, load_subspaces, subspace_overlap, subspaces
from ._umap import UMAPModel, aligned_umap, load_umap, umap
from ._vectors import concept_vectors

_ESTIMATORS = ("ConceptEraser", "KNNDecoder", "LinearProbe", "PCA", "RidgeProbe", "UMAP")

__all__ = [
    "Accumulator",
    "Activations",
    "ClassMoments",
    "ConceptDecError",
    "ConceptDecFileError",
    "ConceptDecTypeError",
    "ConceptEraser",
    "Eraser",
    "KNNDecoder",
    "LinearProbe",
    "Moments",
    "Neighbors",
    "PCA",
    "PCAModel",
    "ProbeModel",
    "Result",
    "RidgeProbe",
    "StoredArray",
    "Subspaces",
    "UMAP",
    "UMAPModel",
    "align",
    "align_sequence",
    "aligned_umap",
    "build_info",
    "concept_vectors",
    "embedding_quality",
    "erase",
    "erasure_curve",
    "fit_eraser",
    "fit_probe",
    "geometry",
    "knn_decodability",
    "load_class_moments",
    "load_eraser",
    "load_moments",
    "load_neighbors",
    "load_pca",
    "load_probe",
    "load_subspaces",
    "load_umap",
    "neighbors",
    "open_activations",
    "pca",
    "probe",
    "probe_regression",
    "save_activations",
    "similarity",
    "subspace_overlap",
    "subspaces",
    "sweep",
    "umap",
    "version",
]


def __getattr__(name: str) -> Any:
    """Estimators are imported at their first use: they import scikit-learn where it is installed."""
    if name in _ESTIMATORS:
        from . import _estimators, _transformers

        return getattr(_estimators, name, None) or getattr(_transformers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> List[str]:
    return sorted([*globals(), *_ESTIMATORS])
