"""Estimators in the manner of scikit-learn: its own checks, its estimators, and life without it."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import conceptdec

sklearn = pytest.importorskip("sklearn")
from sklearn import base, linear_model, model_selection, neighbors, pipeline, preprocessing  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from conceptdec import PCA, UMAP, ConceptEraser, KNNDecoder, LinearProbe, RidgeProbe  # noqa: E402

KINDS = ["logistic", "ridge", "lda", "mean_difference", "nearest_mean"]

CHECKED = [
    *[LinearProbe(kind) for kind in KINDS],
    LinearProbe(standardize="global", class_weight="balanced"),
    RidgeProbe(),
    RidgeProbe([0.01, 1.0], standardize="global"),
    KNNDecoder(),
    KNNDecoder(3, weights="distance", ties="nearest"),
    KNNDecoder(5, metric="cosine", weights="softmax", boundary="index"),
    PCA(),
    PCA(1, "krylov", standardize=True, whiten=True),
    ConceptEraser(),
    ConceptEraser("projection", rank=1),
    UMAP(epochs=20),
    UMAP(1, 5, epochs=20, init="pca", supervised=True),
]

#: (name of a check, parameter, its values): why the check asks for what the definition excludes.
CONTRADICTIONS = {
    ("check_class_weight_classifiers", "kind", ("mean_difference", "nearest_mean")): (
        "these kinds have no prior: a factor for all samples of a class does not move its mean"
    ),
    ("check_sample_weights_invariance", "standardize", ("global",)): (
        "units are those of all rows, whatever these weigh: a row of weight 0 is not a row less"
    ),
}


@parametrize_with_checks(CHECKED)
def test_checks_of_scikit_learn(estimator, check):
    for (name, parameter, values), reason in CONTRADICTIONS.items():
        if check.func.__name__ == name and estimator.get_params().get(parameter) in values:
            pytest.skip(reason)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.fixture
def data(rng):
    """Training rows, labels, other rows and theirs."""
    means = rng.standard_normal((3, 6))
    y, other = np.arange(90) % 3, rng.integers(0, 3, size=50)
    names = np.array(["adj", "noun", "verb"])
    return means[y] + rng.standard_normal((90, 6)), names[y], means[other] + rng.standard_normal((50, 6)), names[other]


# ---- LinearProbe


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighed", [False, True])
def test_logistic_regression(data, rng, classes, weighed):
    x, y, other, _ = data
    keep = y != "verb" if classes == 2 else np.ones(90, dtype=bool)
    x, y = x[keep], y[keep]
    weights = rng.integers(0, 3, size=len(x)).astype(float) if weighed else None
    ours = LinearProbe().fit(x, y, sample_weight=weights)
    peer = linear_model.LogisticRegression(tol=1e-10, solver="newton-cg", max_iter=1000).fit(x, y, weights)
    assert np.abs(ours.predict_proba(other) - peer.predict_proba(other)).max() < 1e-6
    np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-5)
    assert ours.coef_.shape == peer.coef_.shape and ours.intercept_.shape == peer.intercept_.shape
    assert ours.decision_function(other).shape == peer.decision_function(other).shape
    assert np.array_equal(ours.predict(other), peer.predict(other)) and np.array_equal(ours.classes_, peer.classes_)
    np.testing.assert_allclose(ours.predict_log_proba(other), np.log(ours.predict_proba(other)))


@pytest.mark.parametrize("class_weight", [None, "balanced", {"adj": 5.0, "noun": 0.5}])
def test_ridge_classifier(data, class_weight):
    x, y, other, _ = data
    x, y = x[:70], np.where(np.arange(70) < 20, "adj", y[:70])
    ours = LinearProbe("ridge", class_weight=class_weight).fit(x, y)
    peer = linear_model.RidgeClassifier(1.0, class_weight=class_weight, solver="cholesky").fit(x, y)
    np.testing.assert_allclose(ours.decision_function(other), peer.decision_function(other), atol=1e-9)
    assert not hasattr(ours, "predict_proba") and hasattr(LinearProbe(), "predict_proba")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_fit_probe(data, kind):
    x, y, other, truth = data
    exact = {"tolerance": 1e-18} if kind == "logistic" else {}
    ours, model = LinearProbe(kind).fit(x, y), conceptdec.fit_probe(x, y, kind, **exact)
    shared = model.weights.mean(axis=0) if kind in ("lda", "nearest_mean") else 0
    assert np.array_equal(ours.coef_, model.weights - shared)
    np.testing.assert_allclose(ours.decision_function(other), other @ ours.coef_.T + ours.intercept_, atol=1e-10)
    assert np.array_equal(ours.predict(other), model.predict(other)) and ours.n_iter_ == model.iterations
    assert ours.score(other, truth) == pytest.approx(model.score(other, truth).accuracy)


def test_dtypes_stay(data):
    x, y, other, _ = data
    for kind in (np.float16, np.float32):
        narrow = x.astype(kind)
        expected = conceptdec.fit_probe(narrow, y, tolerance=1e-18).weights
        assert np.array_equal(LinearProbe().fit(narrow, y).coef_, expected)
    from_lists = LinearProbe().fit(x.tolist(), y.tolist())
    assert np.array_equal(from_lists.predict(other), LinearProbe().fit(x, y).predict(other))


@pytest.mark.parametrize("y", [[0, 1] * 10, [True, False] * 10, [1.0, 2.0] * 10, [-1, 5] * 10, list("ab") * 10])
def test_labels_of_any_kind(rng, y):
    x = np.arange(20.0)[:, None] % 2
    for estimator in (LinearProbe(), KNNDecoder(3)):
        fitted = estimator.fit(x, y)
        assert np.array_equal(fitted.classes_, np.unique(y))
        assert fitted.predict(x).dtype == np.asarray(y).dtype and fitted.score(x, y) == 1


def test_bad_labels(rng):
    x = rng.standard_normal((20, 2))
    for estimator in (LinearProbe(), KNNDecoder()):
        for y, text in [
            (np.linspace(0, 1, 20), "Unknown label type"),
            (np.full(20, np.nan), "NaN"),
            (np.zeros((20, 2), dtype=int), "1d array"),
            (np.zeros(19, dtype=int), "inconsistent"),
            (np.array([0, "a"] * 10, dtype=object), "cannot be compared"),
        ]:
            with pytest.raises(ValueError, match=text):
                estimator.fit(x, y)
    with pytest.raises(ValueError, match="one class"):
        LinearProbe().fit(x, np.zeros(20, dtype=int))


def test_columns_of_tables(rng):
    """Nullable columns are integers and numbers as NumPy has them; what is missing is told with its row."""
    pandas = pytest.importorskip("pandas")
    x, y = rng.standard_normal((20, 2)), pandas.Series([0, 1] * 10, dtype="Int64")
    fitted = LinearProbe().fit(x, y, sample_weight=pandas.Series([1.0, 2.0] * 10, dtype="Float64"))
    assert fitted.classes_.dtype == np.int64 and fitted.predict(x).dtype == np.int64
    for estimator in (LinearProbe(), KNNDecoder(), RidgeProbe()):
        with pytest.raises(ValueError, match="^y: missing value .* at row 4 "):
            estimator.fit(x, y.where(y.index != 4))
    with pytest.raises(ValueError, match="^sample_weight: missing value .* at row 4 "):
        LinearProbe().fit(x, y, sample_weight=y.where(y.index != 4))
    for bad, text in (("3", "^k: needs an integer, not str"), (2.5, "^k: needs an integer, not float")):
        with pytest.raises(TypeError, match=text):
            KNNDecoder(bad).fit(x, y)
    with pytest.raises(ValueError, match="^sample_weight: negative at row 2"):
        LinearProbe().fit(x, y, sample_weight=np.where(np.arange(20) == 2, -1.0, 1.0))
    with pytest.raises(ValueError, match="Input X contains NaN.* at row 3, column 1"):
        LinearProbe().fit(np.where(np.arange(40).reshape(20, 2) == 7, np.nan, x), y)
    with pytest.raises(ValueError, match="Input y contains NaN.* at row 4"):
        LinearProbe().fit(x, y.astype(float).where(y.index != 4))


def test_not_converged_warns(data):
    from sklearn.exceptions import ConvergenceWarning

    with pytest.warns(ConvergenceWarning, match="1 Newton step"):
        LinearProbe(lambda_=1e-8, max_iterations=1).fit(data[0], data[1])


def test_options_are_checked_at_fit(data):
    x, y, _, _ = data
    for wrong in (
        LinearProbe("svm"), LinearProbe(lambda_=0.0), LinearProbe(standardize="yes"), LinearProbe(class_weight="even"),
        LinearProbe(shrinkage=0.5), RidgeProbe([-1.0]), RidgeProbe(standardize="fold"), KNNDecoder(0),
        KNNDecoder(metric="l1"), KNNDecoder(weights="softmax"), KNNDecoder(ties="first"), KNNDecoder(boundary="none"),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            wrong.fit(x, np.arange(90) if isinstance(wrong, RidgeProbe) else y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lambda_", [None, 0.1])
def test_weights_are_counts(data, rng, kind, lambda_):
    x, y, other, _ = data
    if lambda_ and kind not in ("logistic", "ridge"):
        pytest.skip("no penalty")
    options = dict(covariance="fixed", shrinkage=0.3) if kind == "lda" else {}
    times = rng.integers(0, 4, size=90)
    weighed = LinearProbe(kind, lambda_, **options).fit(x, y, sample_weight=times)
    repeated = LinearProbe(kind, lambda_, **options).fit(np.repeat(x, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(weighed.coef_, repeated.coef_, atol=1e-9)
    np.testing.assert_allclose(weighed.decision_function(other), repeated.decision_function(other), atol=1e-8)


# ---- RidgeProbe


@pytest.mark.parametrize("d", [6, 120])
def test_ridge_cv(rng, d):
    x = rng.standard_normal((60, d))
    t = x[:, :3] @ [1.0, 2.0, 3.0] + 2 * rng.standard_normal(60)
    path = np.logspace(-4, 2, 7)
    ours = RidgeProbe(path).fit(x, t)
    peer = linear_model.RidgeCV(alphas=path * 60, store_cv_values=True).fit(x, t)
    assert ours.lambda_ * 60 == pytest.approx(peer.alpha_) and path.min() < ours.lambda_ < path.max()
    np.testing.assert_allclose(ours.r2_, 1 - peer.cv_values_.mean(axis=0) / t.var(), atol=1e-7)
    np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-9)
    assert ours.intercept_ == pytest.approx(peer.intercept_) and isinstance(ours.intercept_, float)
    np.testing.assert_allclose(ours.predict(x), peer.predict(x), atol=1e-9)


def test_several_targets(rng):
    x = rng.standard_normal((50, 4))
    t = np.stack([x @ rng.standard_normal(4), np.full(50, 3.0), rng.standard_normal(50)], axis=1)
    ours = RidgeProbe([0.1]).fit(x, t)
    assert ours.coef_.shape == (3, 4) and ours.intercept_.shape == (3,) and ours.predict(x).shape == (50, 3)
    peer = linear_model.Ridge(0.1 * 50).fit(x, t)
    np.testing.assert_allclose(ours.predict(x), peer.predict(x), atol=1e-9)


def test_default_path_follows_the_scale(rng):
    x, t = rng.standard_normal((50, 4)), rng.standard_normal(50)
    one, large = RidgeProbe().fit(x, t), RidgeProbe().fit(1000 * x, t)
    np.testing.assert_allclose(large.lambdas_, 1e6 * one.lambdas_)
    np.testing.assert_allclose(large.predict(1000 * x), one.predict(x), atol=1e-8)
    assert len(one.lambdas_) == 17
    flat = RidgeProbe().fit(np.ones((50, 2)), t)
    np.testing.assert_allclose(flat.predict(np.ones((1, 2))), [t.mean()])


def test_of_equal_penalties_the_largest(rng):
    flat = RidgeProbe([0.1, 10.0, 1.0]).fit(np.ones((20, 2)), rng.standard_normal(20))
    assert flat.lambda_ == 10.0


def test_a_penalty_at_an_end_is_told(rng):
    x = rng.standard_normal((60, 6))
    t = x[:, :3] @ [1.0, 2.0, 3.0] + 2 * rng.standard_normal(60)
    for path, word in (([1.0, 10.0, 100.0], "smallest"), ([1e-4, 1e-6], "largest")):
        with pytest.warns(UserWarning, match=f"is the {word} of lambdas"):
            RidgeProbe(path).fit(x, t)
    flat = np.ones((60, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for quiet in (RidgeProbe(np.logspace(-4, 2, 7)), RidgeProbe([1.0]), RidgeProbe(1.0), RidgeProbe([0.0, 100.0])):
            quiet.fit(x, t)
        RidgeProbe().fit(flat, t)  # all are equally good
        RidgeProbe().fit(x, np.ones(60))  # none has a score


# ---- KNNDecoder


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 5])
def test_k_neighbors_classifier(data, weights, k):
    x, y, other, _ = data
    ours = KNNDecoder(k, weights=weights).fit(x, y)
    peer = neighbors.KNeighborsClassifier(k, weights=weights, algorithm="brute").fit(x, y)
    np.testing.assert_allclose(ours.predict_proba(other), peer.predict_proba(other), atol=1e-9)
    assert np.array_equal(ours.predict(other), peer.predict(other))


@pytest.mark.parametrize("boundary", ["share", "index"])
@pytest.mark.parametrize("ties", ["smallest", "nearest", "fractional"])
@pytest.mark.parametrize(
    "metric, weights",
    [("l2", "uniform"), ("l2", "distance"), ("l2", "balanced"), ("cosine", "uniform"), ("cosine", "softmax")],
)
def test_votes_of_the_library(rng, metric, weights, ties, boundary):
    """Predictions, and with shared credit the sets of winners, are those of knn_decodability on small integers."""
    x, y = rng.integers(0, 3, size=(160, 3)).astype(np.float32), rng.integers(0, 4, size=160)
    train = np.arange(160) < 110
    options = dict(metric=metric, weights=weights, boundary=boundary)
    ours = KNNDecoder(6, ties=ties, **options).fit(x[train], y[train])
    theirs = conceptdec.knn_decodability(x, y, k=6, protocol="split", train=train, ties=ties, **options)
    assert theirs.boundary_tie_rate[0] > 0.5 and (theirs.tie_rate[0] > 0 or weights == "balanced")
    predicted, votes = ours.predict(x[~train]), ours.predict_proba(x[~train])
    np.testing.assert_allclose(votes.sum(axis=1), 1)
    if ties == "smallest":
        expected = np.zeros((4, 4))
        np.add.at(expected, (y[~train], predicted), 1)
        np.testing.assert_allclose(theirs.confusion[0], expected)
    elif ties == "fractional":
        winners = votes >= votes.max(axis=1, keepdims=True) * (1 - 1e-11)
        credit = winners[np.arange(50), y[~train]] / winners.sum(axis=1)
        assert theirs.decodability[0] == pytest.approx(credit.mean(), abs=1e-12)
        assert (np.take_along_axis(winners, predicted[:, None], axis=1)).all()
    else:  # where the nearest members tie too the library shares, an estimator has to say one
        wrong, right = (theirs.confusion[0] > 0).sum(axis=0), np.bincount(predicted, minlength=4)
        assert ((wrong > 0) | (right == 0)).all()


def test_nearest_of_tied_classes():
    x, y = [[0.0], [1.0], [3.0], [5.0]], ["b", "a", "a", "b"]
    for ties, expected in [("nearest", "b"), ("smallest", "a")]:
        assert KNNDecoder(2, ties=ties).fit(x, y).predict([[0.2]]).tolist() == [expected]
    x, y = [[0.1], [1.0], [1.5], [2.0], [2.5]], ["c", "b", "a", "b", "a"]  # the nearest of all is not among the tied
    assert KNNDecoder(5, ties="nearest").fit(x, y).predict([[0.0]]).tolist() == ["b"]


def test_more_neighbours_than_samples():
    decoder = KNNDecoder(10).fit([[0.0], [1.0], [2.0]], ["a", "b", "b"])
    np.testing.assert_allclose(decoder.predict_proba([[0.0]]), [[1 / 3, 2 / 3]])
    alone = KNNDecoder(10).fit([[0.0]], ["a"])
    assert alone.predict([[5.0]]).tolist() == ["a"]


# ---- PCA, UMAP


def test_pca_is_that_of_scikit_learn(data):
    decomposition = pytest.importorskip("sklearn.decomposition")
    x, _, other, _ = data
    for options in (dict(), dict(n_components=3), dict(n_components=2, whiten=True)):
        ours, peer = PCA(**options).fit(x), decomposition.PCA(**options).fit(x)
        signs = np.sign((ours.components_ * peer.components_).sum(axis=1))
        np.testing.assert_allclose(ours.transform(other), peer.transform(other) * signs, atol=1e-8)
        np.testing.assert_allclose(ours.inverse_transform(peer.transform(other) * signs), peer.inverse_transform(
            peer.transform(other)), atol=1e-8)  # fmt: skip
        for name in ("explained_variance_", "explained_variance_ratio_", "singular_values_", "mean_", "n_samples_"):
            np.testing.assert_allclose(getattr(ours, name), getattr(peer, name), rtol=1e-8)
        assert ours.n_components_ == peer.n_components_
        assert ours.get_feature_names_out().tolist() == peer.get_feature_names_out().tolist()


def test_pca_that_has_not_converged(rng):
    from sklearn.exceptions import ConvergenceWarning

    x = rng.standard_normal((300, 200))
    with pytest.warns(ConvergenceWarning, match="products"):
        PCA(5, "krylov", max_iterations=1, tolerance=1e-14).fit(x)


def test_umap_is_umap(data):
    x, y, other, _ = data
    ours, model = UMAP(n_neighbors=6, seed=2).fit(x, y), conceptdec.umap(x, n_neighbors=6, seed=2)
    assert np.array_equal(ours.embedding_, model.embedding)
    assert np.array_equal(ours.transform(other), model.transform(other))
    assert np.array_equal(ours.transform(x[4:9]), ours.embedding_[4:9])
    both = ours.transform(np.concatenate([other[:3], x[:2]]))
    assert np.array_equal(both[3:], ours.embedding_[:2]) and np.array_equal(both[:3], ours.transform(other[:3]))
    assert np.array_equal(UMAP(n_neighbors=6, seed=2).fit_transform(x), ours.embedding_)


def test_umap_looks_at_labels_when_told(data):
    x, y, _, _ = data
    plain, told = UMAP(n_neighbors=6).fit(x, y), UMAP(n_neighbors=6, supervised=True).fit(x, y)
    assert np.array_equal(told.embedding_, conceptdec.umap(x, n_neighbors=6, y=y).embedding)
    assert not np.array_equal(told.embedding_, plain.embedding_)
    with pytest.raises(ValueError, match="requires y"):
        UMAP(supervised=True).fit(x)


def test_names_of_columns(data):
    x = data[0]
    assert PCA(2).fit(x).get_feature_names_out().tolist() == ["pca0", "pca1"]
    assert UMAP(n_neighbors=5).fit(x).get_feature_names_out().tolist() == ["umap0", "umap1"]
    pytest.importorskip("pandas")
    assert list(PCA(2).set_output(transform="pandas").fit_transform(x).columns) == ["pca0", "pca1"]


def test_an_eraser_is_an_eraser(data):
    x, y, other, _ = data
    ours, model = ConceptEraser().fit(x, y), conceptdec.fit_eraser(x, y)
    assert np.array_equal(ours.transform(other), model.apply(other)) and ours.eraser_.rank == 2
    assert ours.classes_.tolist() == np.unique(y).tolist() and ours.get_feature_names_out()[:2].tolist() == ["x0", "x1"]
    with pytest.raises(ValueError, match="not fitted"):
        ConceptEraser().transform(x)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(x, columns=list("abcdef"))
    named = ConceptEraser().set_output(transform="pandas").fit(frame, y)
    assert list(named.transform(frame).columns) == list("abcdef")
    with pytest.raises(ValueError, match="feature_names_in_"):
        named.get_feature_names_out(list("fedcba"))


def test_an_eraser_in_a_pipeline(data):
    x, y, _, _ = data
    chain = pipeline.make_pipeline(ConceptEraser(), LinearProbe())
    plain = model_selection.cross_val_score(LinearProbe(), x, y, cv=3).mean()
    assert model_selection.cross_val_score(chain, x, y, cv=3).mean() < plain - 0.1
    again = pickle.loads(pickle.dumps(chain.fit(x, y)))
    assert np.array_equal(again.predict(x), chain.predict(x))
    assert base.clone(ConceptEraser("projection", rank=1)).get_params()["rank"] == 1


# ---- in company


@pytest.mark.parametrize("estimator", [PCA(2), UMAP(n_neighbors=5)])
def test_pickle_and_clone_of_transformers(data, estimator):
    x, _, other, _ = data
    fitted = base.clone(estimator).fit(x)
    again = pickle.loads(pickle.dumps(fitted))
    for rows in (x, other):
        assert np.array_equal(again.transform(rows), fitted.transform(rows))
    assert base.clone(fitted).get_params() == estimator.get_params() and repr(again) == repr(estimator)


@pytest.mark.parametrize("estimator", [LinearProbe(lambda_=0.1), KNNDecoder(5), LinearProbe("ridge")])
def test_pickle_and_clone(data, estimator):
    x, y, other, _ = data
    fitted = base.clone(estimator).fit(x, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict(other), fitted.predict(other)) and repr(again) == repr(estimator)
    assert base.clone(fitted).get_params() == estimator.get_params()


def test_pipeline_and_grid(data):
    x, y, other, truth = data
    chain = pipeline.make_pipeline(preprocessing.StandardScaler(), LinearProbe())
    grid = {"linearprobe__lambda_": [1e-3, 1e-1, 10.0], "linearprobe__kind": ["logistic", "ridge"]}
    search = model_selection.GridSearchCV(chain, grid, cv=3).fit(x, y)
    assert search.score(other, truth) > 0.5
    assert model_selection.cross_val_score(KNNDecoder(5), x, y, cv=3).mean() > 0.5
    assert model_selection.cross_val_predict(RidgeProbe(), x, x[:, 0], cv=3).shape == (90,)
    for reduced in (PCA(3), UMAP(n_neighbors=10, epochs=50)):
        chain = pipeline.make_pipeline(reduced, KNNDecoder(5))
        assert model_selection.cross_val_score(chain, x, y, cv=3).mean() > 0.4


def test_import_takes_numpy_alone():
    code = "import sys, conceptdec as c; print('sklearn' in sys.modules, 'KNNDecoder' in dir(c)); c.KNNDecoder"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="has no attribute 'SVC'"):
        conceptdec.SVC


WITHOUT = """
import pickle, sys
sys.modules["sklearn"] = None
import numpy as np, conceptdec as cd
x = np.random.default_rng(0).standard_normal((40, 3)); y = (x[:, 0] > 0).astype(int)
for estimator in (cd.LinearProbe(lambda_=0.01), cd.KNNDecoder(k=3), cd.LinearProbe("ridge")):
    try:
        estimator.predict(x)
        sys.exit("not fitted, but it predicts")
    except ValueError as problem:
        assert "not fitted" in str(problem)
    estimator.fit(x, y)
    assert estimator.score(x, y) > 0.9 and estimator.score(x, y, sample_weight=y) > 0.9
    assert np.array_equal(pickle.loads(pickle.dumps(estimator)).predict(x), estimator.predict(x))
    try:
        estimator.predict(x[:, :2])
        sys.exit("another number of features, but it predicts")
    except ValueError as problem:
        assert "expecting 3 features" in str(problem)
for estimator in (cd.PCA(2), cd.UMAP(n_neighbors=5, epochs=10)):
    try:
        estimator.get_feature_names_out()
        sys.exit("not fitted, but it has columns")
    except ValueError as problem:
        assert "not fitted" in str(problem)
    places = estimator.fit_transform(x)
    assert np.allclose(pickle.loads(pickle.dumps(estimator)).transform(x), places) and places.shape == (40, 2)
probe = cd.RidgeProbe([0.1]).fit(x, x @ [1.0, 2.0, 3.0])
assert probe.score(x, x @ [1.0, 2.0, 3.0]) > 0.9 and probe.score(x, x @ [1.0, 2.0, 3.0], np.ones(40)) > 0.9
assert repr(cd.KNNDecoder(k=3, ties="nearest")) == "KNNDecoder(k=3, ties='nearest')"
assert cd.KNNDecoder().set_params(k=4).get_params()["k"] == 4
try:
    cd.KNNDecoder().set_params(n_neighbors=4)
except ValueError as problem:
    assert "n_neighbors" in str(problem) and "'k'" in str(problem)
else:
    sys.exit("an unknown parameter was set")
print("sklearn" in [name for name, module in sys.modules.items() if module])
"""


def test_without_scikit_learn():
    run = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (0, "False"), run.stderr
