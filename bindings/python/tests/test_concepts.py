"""What subspaces, similarity, geometry, concept vectors and erasure share: memory, progress, readers, results."""

import json
import pickle

import numpy as np
import pytest

import conceptdec
from common import Rows, refused

Y = np.array(["noun", "verb", "adj"])[np.arange(60) % 3]

#: One call of every function, of rows x.
CALLS = {
    "subspaces": lambda x, **how: conceptdec.subspaces(x, Y, 2, **how),
    "subspace_overlap": lambda x, **how: conceptdec.subspace_overlap(x, Y, 2, permutations=3, bootstrap=3, **how),
    "similarity": lambda x, **how: conceptdec.similarity([x], [x], permutations=3, **how),
    "similarity_rsa": lambda x, **how: conceptdec.similarity([x], [x], "rsa", y=Y, bootstrap=3, **how),
    "geometry": lambda x, **how: conceptdec.geometry(x, Y, **how),
    "concept_vectors": lambda x, **how: conceptdec.concept_vectors(x, Y, bootstrap=3, splits=3, **how),
    "fit_eraser": lambda x, **how: conceptdec.fit_eraser(x, Y, **how),
    "erase": lambda x, **how: conceptdec.erase(x, Y, **how),
    "erasure_curve": lambda x, **how: conceptdec.erasure_curve(x, Y, **how),
    "add": lambda x, **how: conceptdec.ClassMoments(4, np.unique(Y)).add(x, Y, **how),
    "moments.subspaces": lambda x, **how: conceptdec.ClassMoments(4, np.unique(Y)).add(x, Y).subspaces(2, **how),
    "moments.eraser": lambda x, **how: conceptdec.ClassMoments(4, np.unique(Y)).add(x, Y).eraser(**how),
}
WITH_ROWS = [name for name in CALLS if "." not in name]
WITH_MEMORY = [
    "subspace_overlap", "similarity", "similarity_rsa", "geometry", "concept_vectors", "fit_eraser", "erase",
]  # fmt: skip


@pytest.fixture
def x(rng):
    return rng.standard_normal((60, 4)) + np.eye(4)[np.arange(60) % 3]


@pytest.mark.parametrize("name", WITH_MEMORY)
def test_memory(x, name):
    with pytest.raises(MemoryError, match="^memory: "):
        CALLS[name](x, memory=64)
    refused("EINVAL", lambda: CALLS[name](x, memory=0), "memory")
    CALLS[name](x, memory=2**24)


@pytest.mark.parametrize("name", CALLS)
def test_progress(x, name):
    reports = []
    CALLS[name](x, progress=lambda *report: reports.append(report))
    assert all(isinstance(stage, str) and 0 <= done <= total for stage, done, total in reports)


@pytest.mark.parametrize("name", CALLS)
def test_a_callback_that_fails(x, name):
    """Its exception is the call's; a call that has ended before the first report gives its result."""

    def stop(*_report):
        raise LookupError("enough")

    try:
        CALLS[name](x, progress=stop)
    except LookupError as problem:
        assert str(problem) == "enough"


@pytest.mark.parametrize("name", WITH_ROWS)
def test_a_reader_that_fails(x, name):
    class Broken(Rows):
        def read_rows(self, first, count):
            raise LookupError("the disk is gone")

    with pytest.raises(LookupError, match="the disk is gone"):
        CALLS[name](Broken(x))


@pytest.mark.parametrize("name", WITH_ROWS)
def test_rows_that_cannot_be_used(x, name):
    refused("EDTYPE", lambda: CALLS[name](x.astype(int)), "must be float64")
    refused("EDTYPE", lambda: CALLS[name](x.astype(">f8")), "other byte order")
    x[7, 2] = np.nan
    refused("ENONFINITE", lambda: CALLS[name](x), "row 7, column 2")


@pytest.mark.parametrize("name", CALLS)
def test_threads_out_of_range(x, name):
    refused("EINVAL", lambda: CALLS[name](x, threads=-1), "threads: -1")


@pytest.mark.parametrize("name", ["subspace_overlap", "similarity", "geometry", "concept_vectors", "erasure_curve"])
def test_results(x, name):
    r = CALLS[name](x)
    document = json.loads(r.to_json())
    assert set(document["values"]) == set(r.keys()) and document["provenance"]["version"] == conceptdec.__version__
    for key, value in document["values"].items():
        found = np.asarray(r[key])
        if found.dtype.kind == "f":
            value = np.array(value, dtype=float)
        assert np.array_equal(found, value, equal_nan=found.dtype.kind == "f"), key
    again = pickle.loads(pickle.dumps(r))
    assert again.to_json() == r.to_json() and repr(again) == repr(r) and "conceptdec.Result" in repr(r)
    if name != "similarity":
        assert r.classes.tolist() == ["adj", "noun", "verb"]


def test_numbers_of_classes_stay_numbers(x):
    """Where the caller's labels are 0..C-1, the library's JSON says them as it is."""
    codes = np.arange(60) % 3
    for r in (conceptdec.subspace_overlap(x, codes, 2), conceptdec.geometry(x, codes)):
        assert json.loads(r.to_json())["values"]["classes"] == [0, 1, 2] == r.classes.tolist()


def test_booleans_are_labels(x):
    r = conceptdec.concept_vectors(x, np.arange(60) % 2 == 1, baseline=False)
    assert r.classes.tolist() == [False, True] and r.norms[0] == 0 and r.norms[1] > 0
