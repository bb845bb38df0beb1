"""Reads DLPack capsules (torch, JAX, ...) without a copy and without taking them over.

A capsule that is not renamed still owns its tensor: keeping the capsule keeps the memory, and Python frees both.
"""

import ctypes
from ctypes import POINTER, Structure, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from typing import Any, Tuple

from . import _constants as const
from ._errors import ConceptDecError, ConceptDecTypeError

# kDLCPU, and the pinned host memory of CUDA and ROCm.
_HOST_DEVICES = (1, 3, 11)
_DEVICES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm", 13: "CUDA (managed)", 14: "oneAPI"}
_KINDS = {0: "i", 1: "u", 2: "f", 4: "bfloat"}
_NAMES = {0: "int", 1: "uint", 2: "float", 3: "handle", 4: "bfloat", 5: "complex", 6: "bool"}


class _Tensor(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device_type", c_int32),
        ("device_id", c_int32),
        ("ndim", c_int32),
        ("code", c_uint8),
        ("bits", c_uint8),
        ("lanes", c_uint16),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class _Versioned(Structure):
    _fields_ = [
        ("major", c_uint32),
        ("minor", c_uint32),
        ("manager_ctx", c_void_p),
        ("deleter", c_void_p),
        ("flags", c_uint64),
        ("tensor", _Tensor),
    ]


_is_valid = ctypes.pythonapi.PyCapsule_IsValid
_is_valid.restype, _is_valid.argtypes = ctypes.c_int, (ctypes.py_object, ctypes.c_char_p)
_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype, _get_pointer.argtypes = c_void_p, (ctypes.py_object, ctypes.c_char_p)


def _on_host(name: str, device: int) -> None:
    if device not in _HOST_DEVICES:
        where = _DEVICES.get(device, f"DLPack device {device}")
        how = ".cpu() of torch, .get() of CuPy or jax.device_get() copies it"
        text = f"{name}: the tensor is on a device ({where}), not in host memory; {how}"
        raise ConceptDecError(text, const.EUNSUPPORTED)


def _capsule(name: str, producer: Any) -> Any:
    try:
        try:
            return producer.__dlpack__(max_version=(1, 0))
        except TypeError:  # a producer from before DLPack 1.0
            return producer.__dlpack__()
    except BufferError as reason:
        raise ConceptDecTypeError(f"{name}: is not exported by DLPack: {reason}", const.EUNSUPPORTED) from None


def _tensor(name: str, capsule: Any) -> _Tensor:
    if _is_valid(capsule, b"dltensor"):
        return _Tensor.from_address(_get_pointer(capsule, b"dltensor"))
    if not _is_valid(capsule, b"dltensor_versioned"):
        raise ConceptDecTypeError(f"{name}: __dlpack__ did not return a DLPack capsule", const.EUNSUPPORTED)
    versioned = _Versioned.from_address(_get_pointer(capsule, b"dltensor_versioned"))
    if versioned.major > 1:
        raise ConceptDecError(f"{name}: DLPack {versioned.major}.{versioned.minor} is too new", const.EUNSUPPORTED)
    return versioned.tensor


def _compact(shape: Tuple[int, ...]) -> Tuple[int, ...]:
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def _type(tensor: _Tensor) -> Tuple[str, int, str]:
    """Kind ("f", "i", "u", "bfloat" or "other"), bytes of an element, and what to call it."""
    name = _NAMES.get(tensor.code, f"DLPack type {tensor.code} of bits ") + str(tensor.bits)
    if tensor.lanes != 1 or tensor.bits % 8:
        return "other", tensor.bits // 8, f"{tensor.lanes} x {name}"
    return _KINDS.get(tensor.code, "other"), tensor.bits // 8, name


def describe(name: str, producer: Any) -> Tuple[int, Tuple[int, ...], Tuple[int, ...], Tuple[str, int, str], Any]:
    """Address, shape, byte strides, what _type() says, owner."""
    if hasattr(producer, "detach"):  # torch refuses to export a tensor that records gradients
        producer = producer.detach()
    if hasattr(producer, "__dlpack_device__"):
        _on_host(name, int(producer.__dlpack_device__()[0]))
    capsule = _capsule(name, producer)
    tensor = _tensor(name, capsule)
    _on_host(name, tensor.device_type)
    shape = tuple(tensor.shape[: tensor.ndim])
    steps = tuple(tensor.strides[: tensor.ndim]) if tensor.strides else _compact(shape)
    kind = _type(tensor)
    return (tensor.data or 0) + tensor.byte_offset, shape, tuple(step * kind[1] for step in steps), kind, capsule
