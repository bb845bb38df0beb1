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
    ("ESIZE", dict(protocol="group", groups=Y[:7])),
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


T, Z = X[:, 0], np.zeros((9, 2))
NAMES = [
    (lambda: conceptdec.neighbors(nan_at(3, 1), 3), "X: non-finite value at row 3, column 1"),
    (lambda: conceptdec.neighbors(X, 3, queries=X[:, :1]), "queries: 1 columns, but X has 2"),
    (lambda: conceptdec.umap(X, n_neighbors=3).transform(X[:, :1]), "X: 1 columns, but the embedded X has 2"),
    (lambda: conceptdec.knn_decodability(conceptdec.neighbors(X, 3), Y, k=3, metric="cosine"),
     'metric: is "cosine", but that of the table is "l2"'),
    (lambda: conceptdec.umap(conceptdec.neighbors(X, 3), n_neighbors=3, metric="cosine"),
     'metric: is "cosine", but that of the table is "l2"'),
    (lambda: conceptdec.neighbors(X, 30), r"k: 30 is not in 1\.\.19 \(X has 20 rows\)"),
    (lambda: conceptdec.knn_decodability(X, Y[:7], k=3), "y: 7 rows, but X has 20"),
    (lambda: conceptdec.knn_decodability(X, Y, k=[1, 99]), "k: 99 at place 1"),
    (lambda: conceptdec.knn_decodability(X, Y, k=[]), "number of k: 0 is not in"),
    (lambda: conceptdec.sweep([nan_at(3, 1)] * 2, Y, k=3), "views: non-finite value"),
    (lambda: conceptdec.probe(X, Y, lambdas=[]), "number of lambdas: 0"),
    (lambda: conceptdec.probe(X, Y, lambdas=[[0.1], [0.2]]),
     "lambdas: needs a number or a list of numbers, has 2 axes"),
    (lambda: conceptdec.knn_decodability(X, Y, k=True), "k: needs an integer, not bool"),
    (lambda: conceptdec.fit_probe(X, Y, lambda_=True), "lambda_: needs a number, not bool"),
    (lambda: conceptdec.sweep([], Y), "number of views: 0 is less than 1"),
    (lambda: conceptdec.subspaces([], Y), "number of views: 0"),
    (lambda: conceptdec.similarity([]), "number of A: 0 is not in"),
    (lambda: conceptdec.similarity(X, []), "number of B: 0 is not in"),
    (lambda: conceptdec.fit_eraser(X, None), "y: is None"),
    (lambda: conceptdec.fit_eraser(None, Y), "X: is None"),
    (lambda: conceptdec.knn_decodability(None, Y, k=3), "X: is None"),
    (lambda: conceptdec.knn_decodability(X, None, k=3), "y: is None"),
    (lambda: conceptdec.similarity(None), "A: is None"),
    (lambda: conceptdec.save_activations("x.npy", X, {"a": "b"}), "metadata: a .npy file holds none"),
    (lambda: conceptdec.save_activations("x.npy", {"a": X, "b": X}), "arrays: a .npy file holds one array, not 2"),
    (lambda: conceptdec.save_activations("x.safetensors", {"a": X, "": X}), "arrays: name '': a tensor must have one"),
    (lambda: conceptdec.probe_regression(X, 1e200 * T), r"t: 3.8e\+201 at row 19, column 0: values above 1e150"),
    (lambda: conceptdec.probe_regression(X, 1e-200 * T), "t: column 0: all values are below 1e-150"),
    (lambda: conceptdec.probe_regression(X, T[:7]), "t: 7 rows, but X has 20"),
    (lambda: conceptdec.fit_probe(X, Y, lambda_=-1.0), "lambda_: "),
    (lambda: conceptdec.pca(X, 1).inverse_transform(X), "Z: 2 columns"),
    (lambda: conceptdec.align(X, Z), "reference: 9 x 2, but Z is 20 x 2"),
    (lambda: conceptdec.umap(X, n_neighbors=3, init=Z), "init: 9 x 2, must be 20 x 2"),
    (lambda: conceptdec.umap(X, y=Y[:7]), "y: 7 rows, but X has 20"),
    (lambda: conceptdec.aligned_umap([X, Z]), r"views\[1\]: 9 rows, but views\[0\] has 20"),
    (lambda: conceptdec.embedding_quality(X, Z, k=3), "E: 9 rows, but X has 20"),
    (lambda: conceptdec.embedding_quality(X, X, k=[3, 99]), "k: 99 at place 1"),
    (lambda: conceptdec.subspaces(nan_at(3, 1), Y), "X: non-finite value at row 3"),
    (lambda: conceptdec.subspaces([X, nan_at(3, 1)], Y), r"X\[1\]: non-finite value at row 3"),
    (lambda: conceptdec.subspaces([X, Z], Y), r"X\[1\]: 9 x 2, but X\[0\] is 20 x 2"),
    (lambda: conceptdec.subspace_overlap(nan_at(3, 1), Y), "X: non-finite value at row 3"),
    (lambda: conceptdec.similarity(X, Z), "B: 9 rows, but A has 20"),
    (lambda: conceptdec.similarity([X, X], [X, Z]), r"B\[1\]: 9 rows, but A\[0\] has 20"),
    (lambda: conceptdec.ClassMoments(2, classes=[0, 1]).add(X[:, :1], Y), "X: 1 columns"),
    (lambda: conceptdec.Accumulator(2, [0, 1], dtype="float64").add(0, nan_at(3, 1), Y), "X: row 3: NaN"),
]


@pytest.mark.parametrize("call, text", NAMES)
def test_arguments_have_the_names_that_they_have_here(call, text):
    with pytest.raises(conceptdec.ConceptDecError, match=f"^{text}"):
        call()


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
