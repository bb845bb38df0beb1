"""The tests run on the package in this tree; CONCEPTDEC_LIBRARY names the library under test."""

import pathlib
import sys

import numpy as np
import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PACKAGE), str(PACKAGE / "tests")]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def sample(rng):
    """60 rows in 8 dimensions, three classes that can be told apart partly."""
    labels = np.repeat([0, 1, 2], 20)
    return rng.standard_normal((60, 8)) + labels[:, None], labels


@pytest.fixture
def library_path():
    """The file of the library under test."""
    from conceptdec._library import library

    library()
    maps = pathlib.Path("/proc/self/maps").read_text().split()
    return next(name for name in maps if "/libconceptdec.so" in name)
