"""Objects that hand out their memory in every way that the package takes."""

import ctypes
import enum

from conceptdec import _dlpack

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


class Legacy(ctypes.Structure):
    _fields_ = [("tensor", _dlpack._Tensor), ("manager_ctx", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class OnlyDlpack:
    """A NumPy array that shows nothing but DLPack's two methods, as a tensor of another library does."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Tensor:
    """A DLPack producer whose every field a test chooses."""

    def __init__(self, array, code=2, device=1, version=None, strides=True, byte_offset=0, lanes=1, flags=0):
        size, axes = array.dtype.itemsize, array.ndim
        self.array, self.device, self.version = array, device, version
        self._shape = (ctypes.c_int64 * axes)(*array.shape)
        self._strides = (ctypes.c_int64 * axes)(*[step // size for step in array.strides])
        tensor = _dlpack._Tensor(array.ctypes.data - byte_offset, device, 0, axes, code, 8 * size, lanes, self._shape)
        if strides:
            tensor.strides = self._strides
        tensor.byte_offset = byte_offset
        if version:
            self._managed, self._name = _dlpack._Versioned(*version, None, None, flags, tensor), b"dltensor_versioned"
        else:
            self._managed, self._name = Legacy(tensor), b"dltensor"

    def __dlpack_device__(self):
        return self.device, 0

    def __dlpack__(self, **asked):
        if asked and not self.version:
            raise TypeError("no keyword arguments")
        return _new(ctypes.addressof(self._managed), self._name, None)


class Refusing:
    """A producer that has something that DLPack cannot say."""

    def __dlpack__(self, **asked):
        raise BufferError("conjugate bit is set")

    def __dlpack_device__(self):
        return 1, 0


class Jax:
    """As an array of JAX: versioned capsules, a device that is an enumeration, an exporter that asks for names."""

    class Device(enum.IntEnum):
        CPU = 1

    def __init__(self, array, code=2):
        self._tensor = Tensor(array, code, version=(1, 1), flags=1)

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        assert stream is None and max_version == (1, 0)
        return self._tensor.__dlpack__(max_version=max_version)

    def __dlpack_device__(self):
        return self.Device.CPU, 0
