"""The structs and functions of the header for ctypes."""

import operator
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)
from typing import Any, Dict, Tuple

from . import _constants as const
from ._errors import ConceptDecError, ConceptDecTypeError

Status = c_int32


class Ctx(Structure):
    """Opaque."""


class Result(Structure):
    """Opaque."""


class Neighbors(Structure):
    """Opaque."""


class ProbeModel(Structure):
    """Opaque."""


class Moments(Structure):
    """Opaque."""


class Pca(Structure):
    """Opaque."""


class Umap(Structure):
    """Opaque."""


class ClassMoments(Structure):
    """Opaque."""


class Subspaces(Structure):
    """Opaque."""


class Eraser(Structure):
    """Opaque."""


class Activations(Structure):
    """Opaque."""


class Accumulator(Structure):
    """Opaque."""


class Progress(Structure):
    _fields_ = [
        ("struct_size", c_uint64),
        ("stage", c_char_p),
        ("done", c_int64),
        ("total", c_int64),
    ]


class Matrix(Structure):
    """A view of somebody else's memory; `owner` (a Python attribute) keeps that memory."""

    _fields_ = [
        ("data", c_void_p),
        ("rows", c_int64),
        ("cols", c_int64),
        ("row_stride", c_int64),
        ("col_stride", c_int64),
        ("dtype", c_int32),
        ("device", c_int32),
        ("flags", c_uint64),
        ("reserved", c_uint64 * 2),
    ]


class Array(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("shape", c_int64 * 8),
        ("ndim", c_int32),
        ("dtype", c_int32),
    ]


_INTEGERS = {c_int32: (-(2**31), 2**31 - 1), c_uint32: (0, 2**32 - 1)}
_INTEGERS.update({c_int64: (-(2**63), 2**63 - 1), c_uint64: (0, 2**64 - 1)})


def checked(name: str, kind: Any, value: Any) -> Any:
    """`value` as field type `kind` takes it; ctypes itself would cut a large integer down without a word."""
    try:
        if isinstance(value, bool):
            raise TypeError
        if kind is c_double:
            return float(value)
        if kind not in _INTEGERS:
            return value
        value = operator.index(value)
    except (TypeError, ValueError):
        wanted = "a number" if kind is c_double else "an integer"
        raise ConceptDecTypeError(f"{name}: needs {wanted}, not {type(value).__name__}", const.EINVAL) from None
    low, high = _INTEGERS[kind]
    if not low <= value <= high:
        raise ConceptDecError(f"{name}: {value} is outside {low}..{high}", const.EINVAL)
    return value


class Options(Structure):
    """A struct that starts with struct_size and given. Values that are not None are set, and so is their bit."""

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self.struct_size = sizeof(self)
        for name, value in values.items():
            if value is not None:
                self.put(name, value)

    def put(self, name: str, value: Any) -> None:
        place = [field for field, _ in self._fields_].index(name)
        setattr(self, name, checked(name, self._fields_[place][1], value))
        self.given |= 1 << (place - 2)


AllocateFunction = CFUNCTYPE(c_void_p, c_void_p, c_uint64)
ReleaseFunction = CFUNCTYPE(None, c_void_p, c_void_p)
BodyFunction = CFUNCTYPE(None, c_void_p, c_int64)
ParallelForFunction = CFUNCTYPE(None, c_void_p, c_int64, BodyFunction, c_void_p)
ProgressFunction = CFUNCTYPE(c_int32, c_void_p, POINTER(Progress))
ReadFunction = CFUNCTYPE(c_int32, c_void_p, c_int64, c_int64, c_void_p)


class CtxOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("allocate", AllocateFunction),
        ("release", ReleaseFunction),
        ("allocator_user", c_void_p),
        ("parallel_for", ParallelForFunction),
        ("parallel_user", c_void_p),
        ("progress", ProgressFunction),
        ("progress_user", c_void_p),
        ("threads", c_int32),
        ("kernel_mask", c_uint32),
        ("screening", c_uint32),
        ("reserved", c_uint32),
    ]


class Reader(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("read", ReadFunction),
        ("user", c_void_p),
    ]


class NeighborsOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("k", c_int64),
        ("groups", POINTER(Matrix)),
        ("query_groups", POINTER(Matrix)),
        ("metric", c_int32),
        ("flags", c_uint32),
    ]


class KnnOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("ks", POINTER(c_int64)),
        ("n_ks", c_int64),
        ("k", c_int64),
        ("groups", POINTER(Matrix)),
        ("train", POINTER(Matrix)),
        ("classes", c_int64),
        ("folds", c_int64),
        ("permutations", c_int64),
        ("bootstrap", c_int64),
        ("chance_draws", c_int64),
        ("seed", c_uint64),
        ("confidence", c_double),
        ("temperature", c_double),
        ("metric", c_int32),
        ("protocol", c_int32),
        ("weights", c_int32),
        ("ties", c_int32),
        ("boundary", c_int32),
        ("permute", c_int32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
    ]


class ProbeOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("lambdas", POINTER(c_double)),
        ("n_lambdas", c_int64),
        ("groups", POINTER(Matrix)),
        ("train", POINTER(Matrix)),
        ("weights", POINTER(Matrix)),
        ("types", POINTER(Matrix)),
        ("classes", c_int64),
        ("folds", c_int64),
        ("permutations", c_int64),
        ("bootstrap", c_int64),
        ("control", c_int64),
        ("max_iterations", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("confidence", c_double),
        ("tolerance", c_double),
        ("shrinkage", c_double),
        ("kind", c_int32),
        ("protocol", c_int32),
        ("standardize", c_int32),
        ("covariance", c_int32),
        ("permute", c_int32),
        ("flags", c_uint32),
    ]


class SweepOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("knn", POINTER(KnnOptions)),
        ("shape", POINTER(c_int64)),
        ("ndim", c_int64),
        ("probe", POINTER(ProbeOptions)),
    ]


class PcaOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("n_components", c_int64),
        ("max_iterations", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("tolerance", c_double),
        ("solver", c_int32),
        ("flags", c_uint32),
    ]


class UmapOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("labels", POINTER(Matrix)),
        ("start", POINTER(Matrix)),
        ("n_components", c_int64),
        ("n_neighbors", c_int64),
        ("epochs", c_int64),
        ("negative_samples", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("min_dist", c_double),
        ("spread", c_double),
        ("learning_rate", c_double),
        ("repulsion", c_double),
        ("mix", c_double),
        ("local_connectivity", c_double),
        ("target_weight", c_double),
        ("alignment", c_double),
        ("window", c_int64),
        ("metric", c_int32),
        ("init", c_int32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
    ]


class QualityOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("ks", POINTER(c_int64)),
        ("n_ks", c_int64),
        ("labels", POINTER(Matrix)),
        ("memory", c_int64),
        ("metric", c_int32),
        ("flags", c_uint32),
    ]


class SubspacesOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("probe", POINTER(ProbeOptions)),
        ("rank", c_int64),
        ("classes", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("explained", c_double),
        ("tolerance", c_double),
        ("basis", c_int32),
        ("flags", c_uint32),
    ]


class OverlapOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("subspaces", POINTER(SubspacesOptions)),
        ("groups", POINTER(Matrix)),
        ("permutations", c_int64),
        ("bootstrap", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("confidence", c_double),
        ("permute", c_int32),
        ("flags", c_uint32),
    ]


class SimilarityOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("labels", POINTER(Matrix)),
        ("partitions", POINTER(Matrix)),
        ("groups", POINTER(Matrix)),
        ("k", c_int64),
        ("batch", c_int64),
        ("permutations", c_int64),
        ("bootstrap", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("bandwidth", c_double),
        ("variance", c_double),
        ("ridge", c_double),
        ("confidence", c_double),
        ("kind", c_int32),
        ("kernel", c_int32),
        ("rdm", c_int32),
        ("comparison", c_int32),
        ("metric", c_int32),
        ("permute", c_int32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
    ]


class GeometryOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("weights", POINTER(Matrix)),
        ("bias", POINTER(Matrix)),
        ("classes", c_int64),
        ("k", c_int64),
        ("hub_k", c_int64),
        ("references", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("lambda", c_double),
        ("discard", c_double),
        ("tolerance", c_double),
        ("metric", c_int32),
        ("flags", c_uint32),
        ("capacity_draws", c_int64),
        ("capacity_margin", c_double),
    ]


class VectorsOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("baseline", POINTER(Matrix)),
        ("groups", POINTER(Matrix)),
        ("classes", c_int64),
        ("baseline_class", c_int64),
        ("bootstrap", c_int64),
        ("splits", c_int64),
        ("memory", c_int64),
        ("seed", c_uint64),
        ("confidence", c_double),
        ("reference", c_int32),
        ("flags", c_uint32),
    ]


class EraserOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("directions", POINTER(Matrix)),
        ("classes", c_int64),
        ("rank", c_int64),
        ("memory", c_int64),
        ("tolerance", c_double),
        ("kind", c_int32),
        ("flags", c_uint32),
    ]


class ErasureOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("eraser", POINTER(EraserOptions)),
        ("knn", POINTER(KnnOptions)),
        ("probe", POINTER(ProbeOptions)),
        ("most", c_int64),
    ]


class ActivationsOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("flags", c_uint32),
        ("dtype", c_int32),
    ]


class ArrayInfo(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("type", c_char_p),
        ("shape", c_int64 * 8),
        ("ndim", c_int32),
        ("dtype", c_int32),
    ]


class NamedViews(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("views", POINTER(Matrix)),
        ("shape", POINTER(c_int64)),
        ("ndim", c_int64),
        ("flags", c_uint64),
    ]


class SaveOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("metadata", POINTER(c_char_p)),
        ("n_metadata", c_int64),
    ]


class AccumulatorOptions(Options):
    _fields_ = [
        ("struct_size", c_uint64),
        ("given", c_uint64),
        ("reservoir", c_int64),
        ("seed", c_uint64),
        ("producer", c_uint64),
        ("dtype", c_int32),
        ("moments", c_int32),
    ]


_CTX, _RESULT, _NEIGHBORS, _MATRIX = POINTER(Ctx), POINTER(Result), POINTER(Neighbors), POINTER(Matrix)
_PROBE_OPTIONS, _PROBE_MODEL = POINTER(ProbeOptions), POINTER(ProbeModel)
_MOMENTS, _PCA, _UMAP, _ARRAY = POINTER(Moments), POINTER(Pca), POINTER(Umap), POINTER(Array)
_PCA_OPTIONS, _UMAP_OPTIONS = POINTER(PcaOptions), POINTER(UmapOptions)
_CLASS_MOMENTS, _SUBSPACES, _ERASER = POINTER(ClassMoments), POINTER(Subspaces), POINTER(Eraser)
_ACTIVATIONS, _ACCUMULATOR = POINTER(Activations), POINTER(Accumulator)
_SUBSPACES_OPTIONS, _OVERLAP_OPTIONS = POINTER(SubspacesOptions), POINTER(OverlapOptions)
_ERASER_OPTIONS = POINTER(EraserOptions)

#: Name: (type of what is returned, types of the arguments).
FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "conceptdec_status_name": (c_char_p, (Status,)),
    "conceptdec_version": (c_char_p, ()),
    "conceptdec_abi_version": (c_int32, ()),
    "conceptdec_ctx_new": (Status, (POINTER(CtxOptions), POINTER(_CTX))),
    "conceptdec_ctx_free": (None, (_CTX,)),
    "conceptdec_ctx_error": (c_char_p, (_CTX,)),
    "conceptdec_ctx_cancel": (None, (_CTX,)),
    "conceptdec_ctx_clear_cancel": (None, (_CTX,)),
    "conceptdec_ctx_threads": (c_int32, (_CTX,)),
    "conceptdec_ctx_build_info": (Status, (_CTX, POINTER(c_char_p))),
    "conceptdec_result_get": (Status, (_RESULT, c_char_p, POINTER(Array))),
    "conceptdec_result_scalar": (Status, (_RESULT, c_char_p, POINTER(c_double))),
    "conceptdec_result_count": (c_int64, (_RESULT,)),
    "conceptdec_result_name": (c_char_p, (_RESULT, c_int64)),
    "conceptdec_result_message": (c_char_p, (_RESULT, c_int64)),
    "conceptdec_result_json": (Status, (_RESULT, POINTER(c_char_p))),
    "conceptdec_result_free": (None, (_RESULT,)),
    "conceptdec_neighbors_new": (Status, (_CTX, _MATRIX, _MATRIX, POINTER(NeighborsOptions), POINTER(_NEIGHBORS))),
    "conceptdec_neighbors_get": (Status, (_NEIGHBORS, c_char_p, POINTER(Array))),
    "conceptdec_neighbors_row": (
        Status,
        (_NEIGHBORS, c_int64, c_int64, POINTER(c_int64), POINTER(c_double), POINTER(c_int64)),
    ),
    "conceptdec_neighbors_save": (Status, (_CTX, _NEIGHBORS, c_char_p)),
    "conceptdec_neighbors_load": (Status, (_CTX, c_char_p, POINTER(_NEIGHBORS))),
    "conceptdec_neighbors_free": (None, (_NEIGHBORS,)),
    "conceptdec_knn_decodability": (Status, (_CTX, _MATRIX, _MATRIX, POINTER(KnnOptions), POINTER(_RESULT))),
    "conceptdec_knn_decodability_neighbors": (
        Status,
        (_CTX, _NEIGHBORS, _MATRIX, _MATRIX, POINTER(KnnOptions), POINTER(_RESULT)),
    ),
    "conceptdec_sweep": (Status, (_CTX, _MATRIX, c_int64, _MATRIX, POINTER(SweepOptions), POINTER(_RESULT))),
    "conceptdec_probe": (Status, (_CTX, _MATRIX, _MATRIX, _PROBE_OPTIONS, POINTER(_RESULT))),
    "conceptdec_probe_regression": (Status, (_CTX, _MATRIX, _MATRIX, _PROBE_OPTIONS, POINTER(_RESULT))),
    "conceptdec_probe_model_new": (Status, (_CTX, _MATRIX, _MATRIX, _PROBE_OPTIONS, POINTER(_PROBE_MODEL))),
    "conceptdec_probe_model_get": (Status, (_PROBE_MODEL, c_char_p, POINTER(Array))),
    "conceptdec_probe_model_predict": (Status, (_CTX, _PROBE_MODEL, _MATRIX, POINTER(_RESULT))),
    "conceptdec_probe_model_score": (Status, (_CTX, _PROBE_MODEL, _MATRIX, _MATRIX, POINTER(_RESULT))),
    "conceptdec_probe_model_save": (Status, (_CTX, _PROBE_MODEL, c_char_p)),
    "conceptdec_probe_model_load": (Status, (_CTX, c_char_p, POINTER(_PROBE_MODEL))),
    "conceptdec_probe_model_free": (None, (_PROBE_MODEL,)),
    "conceptdec_moments_new": (Status, (_CTX, c_int64, POINTER(_MOMENTS))),
    "conceptdec_moments_add": (Status, (_CTX, _MOMENTS, _MATRIX)),
    "conceptdec_moments_merge": (Status, (_CTX, _MOMENTS, _MOMENTS)),
    "conceptdec_moments_get": (Status, (_MOMENTS, c_char_p, _ARRAY)),
    "conceptdec_moments_save": (Status, (_CTX, _MOMENTS, c_char_p)),
    "conceptdec_moments_load": (Status, (_CTX, c_char_p, POINTER(_MOMENTS))),
    "conceptdec_moments_free": (None, (_MOMENTS,)),
    "conceptdec_pca_new": (Status, (_CTX, _MATRIX, _PCA_OPTIONS, POINTER(_PCA))),
    "conceptdec_pca_from_moments": (Status, (_CTX, _MOMENTS, _PCA_OPTIONS, POINTER(_PCA))),
    "conceptdec_pca_get": (Status, (_PCA, c_char_p, _ARRAY)),
    "conceptdec_pca_transform": (Status, (_CTX, _PCA, _MATRIX, POINTER(_RESULT))),
    "conceptdec_pca_inverse_transform": (Status, (_CTX, _PCA, _MATRIX, POINTER(_RESULT))),
    "conceptdec_pca_save": (Status, (_CTX, _PCA, c_char_p)),
    "conceptdec_pca_load": (Status, (_CTX, c_char_p, POINTER(_PCA))),
    "conceptdec_pca_free": (None, (_PCA,)),
    "conceptdec_align": (Status, (_CTX, _MATRIX, _MATRIX, c_uint32, POINTER(_RESULT))),
    "conceptdec_umap_new": (Status, (_CTX, _MATRIX, _UMAP_OPTIONS, POINTER(_UMAP))),
    "conceptdec_umap_from_neighbors": (Status, (_CTX, _NEIGHBORS, _MATRIX, _UMAP_OPTIONS, POINTER(_UMAP))),
    "conceptdec_umap_get": (Status, (_UMAP, c_char_p, _ARRAY)),
    "conceptdec_umap_transform": (Status, (_CTX, _UMAP, _MATRIX, _MATRIX, POINTER(_RESULT))),
    "conceptdec_umap_aligned": (Status, (_CTX, _MATRIX, c_int64, _UMAP_OPTIONS, POINTER(_RESULT))),
    "conceptdec_umap_save": (Status, (_CTX, _UMAP, c_char_p)),
    "conceptdec_umap_load": (Status, (_CTX, c_char_p, POINTER(_UMAP))),
    "conceptdec_umap_free": (None, (_UMAP,)),
    "conceptdec_embedding_quality": (Status, (_CTX, _MATRIX, _MATRIX, POINTER(QualityOptions), POINTER(_RESULT))),
    "conceptdec_class_moments_new": (Status, (_CTX, c_int64, c_int64, c_uint32, POINTER(_CLASS_MOMENTS))),
    "conceptdec_class_moments_add": (Status, (_CTX, _CLASS_MOMENTS, _MATRIX, _MATRIX)),
    "conceptdec_class_moments_merge": (Status, (_CTX, _CLASS_MOMENTS, _CLASS_MOMENTS)),
    "conceptdec_class_moments_get": (Status, (_CLASS_MOMENTS, c_char_p, _ARRAY)),
    "conceptdec_class_moments_save": (Status, (_CTX, _CLASS_MOMENTS, c_char_p)),
    "conceptdec_class_moments_load": (Status, (_CTX, c_char_p, POINTER(_CLASS_MOMENTS))),
    "conceptdec_class_moments_free": (None, (_CLASS_MOMENTS,)),
    "conceptdec_subspaces_new": (Status, (_CTX, _MATRIX, c_int64, _MATRIX, _SUBSPACES_OPTIONS, POINTER(_SUBSPACES))),
    "conceptdec_subspaces_from_bases": (
        Status,
        (_CTX, _MATRIX, c_int64, _MATRIX, _SUBSPACES_OPTIONS, POINTER(_SUBSPACES)),
    ),
    "conceptdec_subspaces_from_class_moments": (
        Status,
        (_CTX, _CLASS_MOMENTS, _SUBSPACES_OPTIONS, POINTER(_SUBSPACES)),
    ),
    "conceptdec_subspaces_join": (Status, (_CTX, POINTER(_SUBSPACES), c_int64, POINTER(_SUBSPACES))),
    "conceptdec_subspaces_get": (Status, (_SUBSPACES, c_char_p, _ARRAY)),
    "conceptdec_subspaces_save": (Status, (_CTX, _SUBSPACES, c_char_p)),
    "conceptdec_subspaces_load": (Status, (_CTX, c_char_p, POINTER(_SUBSPACES))),
    "conceptdec_subspaces_free": (None, (_SUBSPACES,)),
    "conceptdec_subspaces_overlap": (Status, (_CTX, _SUBSPACES, _SUBSPACES, _OVERLAP_OPTIONS, POINTER(_RESULT))),
    "conceptdec_subspace_overlap": (Status, (_CTX, _MATRIX, c_int64, _MATRIX, _OVERLAP_OPTIONS, POINTER(_RESULT))),
    "conceptdec_similarity": (
        Status,
        (_CTX, _MATRIX, c_int64, _MATRIX, c_int64, POINTER(SimilarityOptions), POINTER(_RESULT)),
    ),
    "conceptdec_geometry": (Status, (_CTX, _MATRIX, _MATRIX, POINTER(GeometryOptions), POINTER(_RESULT))),
    "conceptdec_concept_vectors": (Status, (_CTX, _MATRIX, _MATRIX, POINTER(VectorsOptions), POINTER(_RESULT))),
    "conceptdec_eraser_new": (Status, (_CTX, _MATRIX, _MATRIX, _ERASER_OPTIONS, POINTER(_ERASER))),
    "conceptdec_eraser_from_class_moments": (Status, (_CTX, _CLASS_MOMENTS, _ERASER_OPTIONS, POINTER(_ERASER))),
    "conceptdec_eraser_get": (Status, (_ERASER, c_char_p, _ARRAY)),
    "conceptdec_eraser_apply": (Status, (_CTX, _ERASER, _MATRIX, POINTER(_RESULT))),
    "conceptdec_eraser_save": (Status, (_CTX, _ERASER, c_char_p)),
    "conceptdec_eraser_load": (Status, (_CTX, c_char_p, POINTER(_ERASER))),
    "conceptdec_eraser_free": (None, (_ERASER,)),
    "conceptdec_erasure_curve": (Status, (_CTX, _MATRIX, _MATRIX, POINTER(ErasureOptions), POINTER(_RESULT))),
    "conceptdec_activations_open": (Status, (_CTX, c_char_p, POINTER(ActivationsOptions), POINTER(_ACTIVATIONS))),
    "conceptdec_activations_count": (c_int64, (_ACTIVATIONS,)),
    "conceptdec_activations_info": (Status, (_CTX, _ACTIVATIONS, c_int64, POINTER(ArrayInfo))),
    "conceptdec_activations_find": (Status, (_CTX, _ACTIVATIONS, c_char_p, POINTER(c_int64))),
    "conceptdec_activations_view": (Status, (_CTX, _ACTIVATIONS, c_int64, c_int64, _MATRIX)),
    "conceptdec_activations_integers": (Status, (_CTX, _ACTIVATIONS, c_int64, _ARRAY)),
    "conceptdec_activations_metadata": (c_char_p, (_ACTIVATIONS, c_char_p)),
    "conceptdec_activations_free": (None, (_ACTIVATIONS,)),
    "conceptdec_activations_save": (Status, (_CTX, c_char_p, POINTER(NamedViews), c_int64, POINTER(SaveOptions))),
    "conceptdec_accumulator_new": (
        Status,
        (_CTX, POINTER(c_int64), c_int64, c_int64, POINTER(AccumulatorOptions), POINTER(_ACCUMULATOR)),
    ),
    "conceptdec_accumulator_add": (Status, (_ACCUMULATOR, c_int64, c_void_p, c_int64)),
    "conceptdec_accumulator_add_rows": (Status, (_ACCUMULATOR, c_int64, _MATRIX, _MATRIX)),
    "conceptdec_accumulator_error": (c_char_p, (_ACCUMULATOR,)),
    "conceptdec_accumulator_merge": (Status, (_CTX, _ACCUMULATOR, _ACCUMULATOR)),
    "conceptdec_accumulator_get": (Status, (_CTX, _ACCUMULATOR, c_int64, c_char_p, _ARRAY)),
    "conceptdec_accumulator_sample": (Status, (_CTX, _ACCUMULATOR, c_int64, _MATRIX, _MATRIX)),
    "conceptdec_accumulator_moments": (Status, (_CTX, _ACCUMULATOR, c_int64, POINTER(_CLASS_MOMENTS))),
    "conceptdec_accumulator_free": (None, (_ACCUMULATOR,)),
}
