"""What tests of several files need: rows of every dtype and from a reader, and calls that must be refused."""

import numpy as np
import pytest

import conceptdec

KINDS = ["float64", "float32", "float16", "bfloat16"]


class Rows:
    """Rows that do not lie in memory."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read_rows(self, first, count):
        return self.array[first : first + count]


def narrow(x, kind):
    """`x` in a dtype, the options that read it, and the same numbers in float64."""
    if kind == "bfloat16":
        bits = (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
        return bits, {"dtype": "bfloat16"}, (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return x.astype(kind), {}, x.astype(kind).astype(np.float64)


def strided(x):
    """The same matrix as a view: every other row, from the end, of every other column."""
    wide = np.zeros((2 * x.shape[0], 2 * x.shape[1]), x.dtype)[::-2, 1::2]
    wide[...] = x
    return wide


def refused(name, call, text=""):
    """`call` raises a ConceptDecError of this status, whose text matches."""
    with pytest.raises(conceptdec.ConceptDecError, match=text) as caught:
        call()
    assert caught.value.status_name == f"CONCEPTDEC_{name}", caught.value
