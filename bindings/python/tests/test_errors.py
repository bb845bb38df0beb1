"""What is refused, and how."""

import pickle

import numpy as np
import pytest

import conceptdec
from conceptdec import _constants as const
from conceptdec._errors import error

X = np.arange(40.0).reshape(20, 2)
Y = np.arange(20) % 2


def nan_at(row, column, value=np.nan):
    x = X.copy()
    x[row, column] = value
    return x


CASES = [
    ("EK", dict(k=0)),
    ("EK", dict(k=-3)),
    ("EK", dict(k=20)),
    ("EK", dict(k=[3, 0])),
    ("ENONFINITE", dict(X=nan_at(13, 1))),
    ("ENONFINITE", dict(X=nan_at(19, 1, -np.inf))),
    ("ETOOFEW", dict(X=X[:1], y=Y[:1])),
    ("ESIZE", dict(X=X[:0], y=Y[:0])),
    ("ESIZE", dict(X=X[:, :0])),
    ("ESIZE", dict(y=Y[:7])),
    ("ESIZE", dict(groups=Y[:7])),
    ("ESINGLECLASS", dict(y=np.zeros(20, dtype=int))),
    ("ESINGLECLASS", dict(ignore=1)),
    ("EFOLDS", dict(protocol="kfold", folds=1)),
    ("EFOLDS", dict(protocol="kfold", folds=0)),
    ("EFOLDS", dict(protocol="kfold", folds=21)),
    ("EGROUPS", dict(protocol="group")),
    ("ENULL", dict(protocol="split")),
    ("EINVAL", dict(weights="softmax")),
    ("EINVAL", dict(metric="cosine", weights="softmax", temperature=0.0)),
    ("EINVAL", dict(bootstrap=10, confidence=1.0)),
    ("ESIZE", dict(permutations=-1)),
    ("EINVAL", dict(threads=-1)),
    ("EINVAL", dict(threads=1025)),
    ("EINVAL", dict(metric="manhattan")),
    ("EFEWELIGIBLE", dict(protocol="group", groups=Y, k=15, strict=True)),
]


@pytest.mark.parametrize("name, changes", CASES)
def test_statuses(name, changes):
    arguments = dict(X=X, y=Y, k=3)
    arguments.update(changes)
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.knn_decodability(**arguments)
    assert caught.value.status_name == f"CONCEPTDEC_{name}", str(caught.value)
    assert caught.value.status == getattr(const, name)
    assert len(caught.value.args[0]) > 10 and f"CONCEPTDEC_{name}" in str(caught.value)


def test_the_place_is_named():
    with pytest.raises(ValueError, match="row 13, column 1"):
        conceptdec.knn_decodability(nan_at(13, 1), Y, k=3)


def test_queries_table():
    table = conceptdec.neighbors(X, 3, queries=X[:4])
    with pytest.raises(conceptdec.ConceptDecError):
        conceptdec.knn_decodability(table, Y[:4], k=3)


def test_metric_against_table():
    table = conceptdec.neighbors(X, 3)
    with pytest.raises(conceptdec.ConceptDecError):
        conceptdec.knn_decodability(table, Y, k=3, metric="cosine")


def test_classes_of_errors():
    assert isinstance(error(const.ENOMEM, "no room"), MemoryError)
    assert not isinstance(error(const.ENOMEM, "no room"), ValueError)
    assert isinstance(error(const.EIO, "f"), OSError) and isinstance(error(const.EDTYPE, "x"), TypeError)
    for status, name in const.STATUS_NAMES.items():
        if status not in (const.OK, const.ENOMEM):
            failure = error(status, "text")
            assert isinstance(failure, conceptdec.ConceptDecError) and failure.status_name == name


@pytest.mark.parametrize("status", [const.EK, const.EIO, const.EDTYPE])
def test_errors_can_be_pickled(status):
    failure = pickle.loads(pickle.dumps(error(status, "k: 0 is below 1")))
    assert (failure.status, str(failure)) == (status, f"k: 0 is below 1 ({const.STATUS_NAMES[status]})")
    assert type(failure) is type(error(status, ""))


def test_status_names_are_those_of_the_library():
    from conceptdec._library import library

    for status, name in const.STATUS_NAMES.items():
        assert library().conceptdec_status_name(status).decode() == name
