"""How well can a concept be read from a neural network's activations, and is that more than chance?

The Python side of libconceptdec. It needs NumPy and the shared library: the environment variable CONCEPTDEC_LIBRARY
names its file, else a file beside this package is taken, else the system's.
"""

from ._api import build_info, knn_decodability, sweep, version
from ._constants import VERSION_STRING as __version__
from ._errors import ConceptDecError, ConceptDecFileError, ConceptDecTypeError
from ._neighbors import Neighbors, load_neighbors, neighbors
from ._probe import ProbeModel, fit_probe, load_probe, probe, probe_regression
from ._result import Result

__all__ = [
    "ConceptDecError",
    "ConceptDecFileError",
    "ConceptDecTypeError",
    "Neighbors",
    "ProbeModel",
    "Result",
    "build_info",
    "fit_probe",
    "knn_decodability",
    "load_neighbors",
    "load_probe",
    "neighbors",
    "probe",
    "probe_regression",
    "sweep",
    "version",
]
