"""Scores of linear probes: against scikit-learn fold by fold, by what must not matter, and by what is asked for."""

import json
import pickle

import numpy as np
import pytest

import conceptdec

KINDS = ["logistic", "ridge", "lda", "mean_difference", "nearest_mean"]
#: Of logistic fits that stop at a decrement of 1e-18: sqrt(2e-18 / lambda) |x|, at lambda = 1 / 120, is below this.
CLOSE = 3e-7
CLOSED = ["ridge", "mean_difference", "nearest_mean"]


def problem(rng, n=120, d=6, classes=3, spread=1.0):
    """Classes around means that overlap."""
    y = np.arange(n) % classes
    means = rng.standard_normal((classes, d))
    return (means[y] + spread * rng.standard_normal((n, d))), y


def exact(kind):
    """What makes a fit comparable to 1e-9; closed forms are, and take no tolerance."""
    return {"tolerance": 1e-18} if kind == "logistic" else {}


def parts(result):
    """(training rows, test rows) of every fold."""
    for fold in range(result.fold.max() + 1):
        yield np.flatnonzero((result.fold >= 0) & (result.fold != fold)), np.flatnonzero(result.fold == fold)


def same(a, b, but=(), rtol=0.0, atol=0.0):
    """All values of two results, bit for bit unless a tolerance is given."""
    assert a.keys() == b.keys()
    for name in a.keys():
        if name not in but:
            one, other = np.asarray(a[name]), np.asarray(b[name])
            if one.dtype.kind == "f" and (rtol or atol):
                np.testing.assert_allclose(one, other, rtol=rtol, atol=atol, err_msg=name)
            else:
                assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name


def told_apart(weights):
    """What tells classes apart: what all columns share changes no posterior, and LDA and nearest mean leave it open."""
    return weights - weights.mean(axis=-2, keepdims=True)


# ---- against scikit-learn


# Its line search gives up where rounding decides, and says so.
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("classes, d", [(2, 5), (3, 5), (10, 12), (2, 150), (4, 150)])
def test_logistic(rng, classes, d):
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = problem(rng, n=100, d=d, classes=classes)
    lambdas = [1e-2, 0.3]
    result = conceptdec.probe(x, y, lambdas=lambdas, folds=3)
    assert result.converged.all()
    for a, penalty in enumerate(lambdas):
        fit = lambda rows: linear.LogisticRegression(
            C=1 / (penalty * len(rows)), tol=1e-10, solver="newton-cg", max_iter=60
        ).fit(x[rows], y[rows])
        for train, test in parts(result):
            model = fit(train)
            assert np.abs(result.posterior[a, test] - model.predict_proba(x[test])).max() < 1e-6
            assert np.array_equal(result.predicted[a, test], model.predict(x[test]))
        whole = fit(np.arange(100))
        np.testing.assert_allclose(result.weights[a], whole.coef_, atol=1e-5)
        centred = whole.intercept_ - (whole.intercept_.mean() if classes > 2 else 0)
        np.testing.assert_allclose(result.bias[a], centred, atol=1e-5)


@pytest.mark.parametrize("classes, d", [(2, 5), (4, 5), (3, 150)])
def test_ridge(rng, classes, d):
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = problem(rng, n=90, d=d, classes=classes)
    result = conceptdec.probe(x, y, "ridge", lambdas=[1e-3, 1.0], folds=3)
    for a, penalty in enumerate([1e-3, 1.0]):
        for train, test in parts(result):
            model = linear.RidgeClassifier(alpha=penalty * len(train), solver="svd").fit(x[train], y[train])
            expected = model.decision_function(x[test]).reshape(len(test), -1)
            np.testing.assert_allclose(result.decision[a, test], expected, atol=1e-9)
            assert np.array_equal(result.predicted[a, test], model.predict(x[test]))
        whole = linear.RidgeClassifier(alpha=penalty * 90, solver="svd").fit(x, y)
        np.testing.assert_allclose(result.weights[a], whole.coef_, atol=1e-9)
        np.testing.assert_allclose(result.bias[a], whole.intercept_, atol=1e-9)
    assert np.isnan(result.log_loss).all() and "posterior" not in result


def test_balanced_ridge(rng):
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = problem(rng, n=90, classes=3)
    y[:25] = 0
    result = conceptdec.probe(x, y, "ridge", lambdas=0.1, class_weight="balanced", folds=3)
    for train, test in parts(result):
        model = linear.RidgeClassifier(alpha=0.1 * len(train), class_weight="balanced", solver="cholesky")
        expected = model.fit(x[train], y[train]).decision_function(x[test])
        np.testing.assert_allclose(result.decision[0, test], expected, atol=1e-9)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_balanced_logistic(rng):
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = problem(rng, n=90, classes=3)
    y[:25] = 0
    result = conceptdec.probe(x, y, lambdas=0.1, class_weight="balanced", folds=3)
    for train, test in parts(result):
        model = linear.LogisticRegression(
            C=1 / (0.1 * len(train)), class_weight="balanced", tol=1e-10, solver="newton-cg", max_iter=60
        )
        expected = model.fit(x[train], y[train]).predict_proba(x[test])
        assert np.abs(result.posterior[0, test] - expected).max() < 1e-6


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
def test_lda(rng, classes, shrinkage):
    """scikit-learn shrinks each class' covariance and averages by priors: the same where the traces are linear in S."""
    discriminant = pytest.importorskip("sklearn.discriminant_analysis")
    x, y = problem(rng, n=96, classes=classes)
    result = conceptdec.probe(x, y, "lda", covariance="fixed", shrinkage=shrinkage, folds=3)
    for train, test in parts(result):
        model = discriminant.LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(x[train], y[train])
        np.testing.assert_allclose(result.posterior[0, test], model.predict_proba(x[test]), atol=1e-8)
        assert np.array_equal(result.predicted[0, test], model.predict(x[test]))
    assert (result.shrinkage == shrinkage).all()
    pooled = conceptdec.probe(x, y, "lda", covariance="pooled", folds=3)
    if shrinkage == 0:
        np.testing.assert_allclose(pooled.posterior, result.posterior, atol=1e-12)


def test_lda_ledoit_wolf(rng):
    covariance = pytest.importorskip("sklearn.covariance")
    x, y = problem(rng, n=60, d=20)
    result = conceptdec.probe(x, y, "lda", folds=3)
    for fold, (train, _) in enumerate(parts(result)):
        centred = np.concatenate([x[train][y[train] == c] - x[train][y[train] == c].mean(axis=0) for c in range(3)])
        expected = covariance.ledoit_wolf_shrinkage(centred, assume_centered=True)
        assert result.shrinkage[0, fold] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("classes", [2, 5])
def test_nearest_mean(rng, classes):
    neighbors = pytest.importorskip("sklearn.neighbors")
    x, y = problem(rng, n=80, classes=classes)
    result = conceptdec.probe(x, y, "nearest_mean", folds=4)
    for train, test in parts(result):
        peer = neighbors.NearestCentroid().fit(x[train], y[train])
        assert np.array_equal(result.predicted[0, test], peer.predict(x[test]))


@pytest.mark.parametrize("classes", [2, 4])
def test_mean_difference(rng, classes):
    x, y = problem(rng, n=80, classes=classes)
    result = conceptdec.probe(x, y, "mean_difference", folds=4)
    for train, test in parts(result):
        own = [x[train][y[train] == c].mean(axis=0) for c in range(classes)]
        rest = [x[train][y[train] != c].mean(axis=0) for c in range(classes)]
        pairs = list(zip(own, rest))[1:] if classes == 2 else list(zip(own, rest))
        expected = np.stack([(x[test] - (a + b) / 2) @ (a - b) for a, b in pairs], axis=1)
        np.testing.assert_allclose(result.decision[0, test], expected, atol=1e-10)


def test_scores(rng):
    metrics = pytest.importorskip("sklearn.metrics")
    x, y = problem(rng, n=150, classes=3, spread=2.0)
    y[:20] = 1
    result = conceptdec.probe(x, y, lambdas=0.05)
    predicted, posterior = result.predicted[0], result.posterior[0]
    assert result.accuracy[0] == pytest.approx(metrics.accuracy_score(y, predicted), abs=1e-12)
    assert result.balanced[0] == pytest.approx(metrics.balanced_accuracy_score(y, predicted), abs=1e-12)
    assert result.macro_f1[0] == pytest.approx(metrics.f1_score(y, predicted, average="macro"), abs=1e-12)
    assert result.log_loss[0] == pytest.approx(metrics.log_loss(y, posterior) / np.log(2), abs=1e-9)
    np.testing.assert_allclose(result.confusion[0], metrics.confusion_matrix(y, predicted), atol=1e-12)
    np.testing.assert_allclose(result.per_concept[0], metrics.recall_score(y, predicted, average=None), atol=1e-12)
    for c in range(3):
        assert result.auroc[0, c] == pytest.approx(metrics.roc_auc_score(y == c, posterior[:, c]), abs=1e-12)
        precision = metrics.average_precision_score(y == c, posterior[:, c])
        assert result.average_precision[0, c] == pytest.approx(precision, abs=1e-12)
    for fold, (_, test) in enumerate(parts(result)):
        assert result.per_fold[0, fold] == pytest.approx((predicted == y)[test].mean(), abs=1e-12)
    assert result.chance == result.chance_majority == np.bincount(y).max() / 150
    assert result.chance_uniform == pytest.approx(1 / 3)
    assert result.n_scored.tolist() == [150] and result.class_count.tolist() == np.bincount(y).tolist()
    priors = [np.log2(np.bincount(y[train], minlength=3) / len(train)) for train, _ in parts(result)]
    expected = np.log2(posterior[np.arange(150), y]) - np.array([priors[f][c] for f, c in zip(result.fold, y)])
    np.testing.assert_allclose(result.pvi_bits[0], expected, atol=1e-9)
    assert result.v_information_bits[0] == pytest.approx(expected.mean(), abs=1e-9)


# ---- what must not matter


@pytest.mark.parametrize("kind", KINDS)
def test_rotation_and_shift(rng, kind):
    x, y = problem(rng)
    turn, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    moved = x @ turn + rng.standard_normal(6)
    plain, turned = (conceptdec.probe(z, y, kind, **exact(kind)) for z in (x, moved))
    np.testing.assert_allclose(turned.weights @ turn.T, plain.weights, atol=CLOSE)
    same(plain, turned, but={"weights", "bias", "iterations", "decrement"}, atol=CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_classes(rng, kind):
    """Other labels, in another order: the columns move with the classes."""
    x, y = problem(rng, classes=3)
    names = np.array(["c", "a", "b"])
    plain, named = (conceptdec.probe(x, labels, kind, **exact(kind)) for labels in (y, names[y]))
    order = [1, 2, 0]
    assert named.classes.tolist() == ["a", "b", "c"]
    assert np.array_equal(named.fold, plain.fold)
    np.testing.assert_allclose(named.weights, plain.weights[:, order], atol=CLOSE)
    np.testing.assert_allclose(named.accuracy, plain.accuracy, atol=1e-12)
    np.testing.assert_allclose(named.confusion, plain.confusion[:, order][:, :, order], atol=1e-12)
    assert np.array_equal(named.predicted, names[plain.predicted])


def test_two_classes_swapped(rng):
    x, y = problem(rng, classes=2)
    for kind in KINDS:
        plain, swapped = (conceptdec.probe(x, labels, kind, **exact(kind)) for labels in (y, 1 - y))
        np.testing.assert_allclose(swapped.weights, -plain.weights, atol=CLOSE)
        np.testing.assert_allclose(swapped.accuracy, plain.accuracy, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_rows(rng, kind):
    """With folds fixed by groups the order of the rows does not matter."""
    x, y = problem(rng)
    order = rng.permutation(120)
    groups = rng.integers(0, 10, size=120)
    options = dict(protocol="group", **exact(kind))
    plain = conceptdec.probe(x, y, kind, groups=groups, **options)
    moved = conceptdec.probe(x[order], y[order], kind, groups=groups[order], **options)
    np.testing.assert_allclose(moved.decision[:, np.argsort(order)], plain.decision, atol=CLOSE)
    np.testing.assert_allclose(moved.weights, plain.weights, atol=CLOSE)
    np.testing.assert_allclose(moved.accuracy, plain.accuracy, atol=1e-12)


@pytest.mark.parametrize("kind", ["logistic", "ridge", "mean_difference", "nearest_mean", "lda"])
def test_weights_are_repeated_rows(rng, kind):
    x, y = problem(rng, n=60)
    times = rng.integers(1, 4, size=60)
    options = dict(lambdas=0.1, **exact(kind)) if kind in ("logistic", "ridge") else {}
    if kind == "lda":
        options = dict(covariance="fixed", shrinkage=0.2)
    options["protocol"] = "resubstitution"
    repeated = conceptdec.probe(np.repeat(x, times, axis=0), np.repeat(y, times), kind, **options)
    for weights in (times, times.astype(np.float32)[:, None]):
        weighed = conceptdec.probe(x, y, kind, weights=weights, **options)
        np.testing.assert_allclose(told_apart(weighed.weights), told_apart(repeated.weights), atol=CLOSE)
        if kind != "ridge":
            assert np.abs(weighed.posterior - repeated.posterior[:, np.cumsum(times) - 1]).max() < CLOSE


def test_scale_and_penalty(rng):
    """Features times s and lambda times s^2: the same decisions."""
    x, y = problem(rng)
    for kind in ("logistic", "ridge"):
        plain = conceptdec.probe(x, y, kind, lambdas=[0.01, 0.5], **exact(kind))
        scaled = conceptdec.probe(8 * x, y, kind, lambdas=[0.64, 32.0], **exact(kind))
        np.testing.assert_allclose(scaled.decision, plain.decision, atol=CLOSE)
        np.testing.assert_allclose(scaled.weights, plain.weights / 8, atol=CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_standardize(rng, kind):
    x, y = problem(rng, classes=2)
    x = x * np.array([1, 10, 0.1, 1, 3, 1]) + 5
    x[:, 3] = 7
    scale = x.std(axis=0)
    scale[3] = 1
    by_hand = conceptdec.probe((x - x.mean(axis=0)) / scale, y, kind, **exact(kind))
    result = conceptdec.probe(x, y, kind, standardize="global", **exact(kind))
    np.testing.assert_allclose(result.decision, by_hand.decision, atol=CLOSE)
    np.testing.assert_allclose(result.weights, by_hand.weights / scale, atol=CLOSE)
    fold = conceptdec.probe(x, y, kind, standardize="fold", **exact(kind))
    for train, test in parts(fold):
        scale = x[train].std(axis=0)
        scale[3] = 1
        z = (x - x[train].mean(axis=0)) / scale
        one = conceptdec.probe(z, y, kind, lambdas=by_hand.lambda_ if kind in ("logistic", "ridge") else None,
                               **exact(kind), protocol="split", train=np.isin(np.arange(120), train))  # fmt: skip
        np.testing.assert_allclose(fold.decision[0, test], one.decision[0, test], atol=CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_every_layout_gives_the_same(rng, kind):
    base = rng.integers(-8, 8, size=(60, 5)).astype(np.float16)
    y = rng.integers(0, 3, size=60)
    plain = conceptdec.probe(base, y, kind)
    bits = (base.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    wide = np.zeros((120, 10), dtype=np.float32)
    wide[::2, ::2] = base
    for x, dtype in [
        (np.asfortranarray(base), None),
        (base.astype(np.float32)[:, ::-1][:, ::-1], None),
        (base.astype(np.float32), None),
        (wide[::2, ::2], None),
        (bits, "bfloat16"),
    ]:
        same(conceptdec.probe(x, y, kind, dtype=dtype), plain)
    np.testing.assert_allclose(conceptdec.probe(base.astype(float), y, kind).decision, plain.decision, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_give_the_same_bits(rng, kind):
    x, y = problem(rng, n=200, d=20, classes=3)
    options = dict(permutations=5, bootstrap=20, types=np.arange(200) % 40, control=2, mdl=kind != "ridge")
    one, three = (conceptdec.probe(x.astype(np.float32), y, kind, threads=t, **options) for t in (1, 3))
    same(one, three)


@pytest.mark.parametrize("kind", ["logistic", "ridge", "nearest_mean"])
def test_label_sets(rng, kind):
    x, y = problem(rng)
    other = rng.integers(0, 3, size=120)
    lambdas = None if kind == "nearest_mean" else [0.1, 1.0]
    both = conceptdec.probe(x, np.column_stack([y, other]), kind, lambdas=lambdas, permutations=3)
    a = both.lambda_.size
    assert both.accuracy.shape == (2, a) and both.weights.shape == (2, a, 3, 6) and both.predicted.shape == (2, a, 120)
    for place, labels in enumerate((y, other)):
        alone = conceptdec.probe(x, labels, kind, lambdas=lambdas, permutations=3)
        for name in ("accuracy", "confusion", "fold", "null", "p_value", "per_fold"):
            assert np.array_equal(both[name][place], alone[name]), name
        np.testing.assert_allclose(both.weights[place], alone.weights, atol=1e-9)


# ---- protocols


@pytest.mark.parametrize("kind", CLOSED)
@pytest.mark.parametrize("classes", [2, 3])
def test_leave_one_out(rng, kind, classes):
    x, y = problem(rng, n=40, classes=classes)
    result = conceptdec.probe(x, y, kind, protocol="loo", lambdas=0.2 if kind == "ridge" else None)
    assert result.n_scored.tolist() == [40] and "fold" not in result
    for i in range(0, 40, 7):
        train = np.arange(40) != i
        # The sum of the penalties stays that of the whole: lambda n, as in scikit-learn's RidgeCV.
        lambdas = 0.2 * 40 / 39 if kind == "ridge" else None
        one = conceptdec.probe(x, y, kind, protocol="split", train=train, lambdas=lambdas)
        np.testing.assert_allclose(result.decision[0, i], one.decision[0, i], atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_group(rng, kind):
    x, y = problem(rng, n=60)
    words = np.array([f"document {i}" for i in rng.integers(0, 6, size=60)])
    lambdas = 0.2 if kind in ("logistic", "ridge") else None
    exact = {"tolerance": 1e-20} if kind == "logistic" else {}  # the square of what values may miss, and less
    result = conceptdec.probe(x, y, kind, protocol="group", groups=words, lambdas=lambdas, **exact)
    assert result.per_fold.shape == (1, 6)
    for word in np.unique(words):
        train = words != word
        part = 0.2 * 60 / train.sum() if kind == "ridge" else lambdas
        one = conceptdec.probe(x, y, kind, protocol="split", train=train, lambdas=part, **exact)
        np.testing.assert_allclose(result.decision[0, ~train], one.decision[0, ~train], atol=1e-8)


def test_grouped_folds(rng):
    x, y = problem(rng)
    groups = rng.integers(0, 20, size=120)
    result = conceptdec.probe(x, y, "ridge", groups=groups, folds=4)
    assert all(len(set(result.fold[groups == g])) == 1 for g in set(groups))
    assert sorted(set(result.fold)) == [0, 1, 2, 3]


def test_split(rng):
    x, y = problem(rng)
    train = rng.random(120) < 0.5
    result = conceptdec.probe(x, np.array(list("xyz"))[y], "ridge", protocol="split", train=train)
    assert result.n_scored.tolist() == [(~train).sum()]
    assert np.isnan(result.decision[0, train]).all() and not np.isnan(result.decision[0, ~train]).any()
    assert result.predicted.dtype == object and (result.predicted[0, train] == None).all()  # noqa: E711
    assert set(result.predicted[0, ~train]) <= set("xyz")
    document = json.loads(result.to_json())["values"]
    assert document["classes"] == ["x", "y", "z"] and document["predicted"] == result.predicted.tolist()
    expected = x[~train] @ result.weights[0].T + result.bias[0]
    np.testing.assert_allclose(result.decision[0, ~train], expected, atol=1e-10)


def test_resubstitution(rng):
    x, y = problem(rng)
    for kind in KINDS:
        result = conceptdec.probe(x, y, kind, protocol="resubstitution")
        np.testing.assert_allclose(result.decision[0], x @ result.weights[0].T + result.bias[0], atol=1e-9)


@pytest.mark.parametrize("kind", ["logistic", "ridge", "mean_difference", "nearest_mean"])
def test_fewer_rows_than_dimensions(rng, kind):
    """Rows that span few of many dimensions: the same decisions."""
    x, y = problem(rng, n=40, d=4)
    wide = np.concatenate([x, np.zeros((40, 76))], axis=1) @ np.linalg.qr(rng.standard_normal((80, 80)))[0]
    narrow, broad = (conceptdec.probe(z, y, kind, **exact(kind)) for z in (x, wide))
    np.testing.assert_allclose(broad.decision, narrow.decision, atol=CLOSE)
    np.testing.assert_allclose(broad.accuracy, narrow.accuracy, atol=1e-12)


def test_lda_with_fewer_rows_than_dimensions(rng):
    """The shrunk covariance has full rank, and its trace is over all dimensions."""
    x, y = problem(rng, n=40, d=64)
    result = conceptdec.probe(x, y, "lda", covariance="fixed", shrinkage=0.5)
    means = np.stack([x[y == c].mean(axis=0) for c in range(3)])
    s = (x - means[y]).T @ (x - means[y]) / 40
    s = 0.5 * s + 0.5 * np.trace(s) / 64 * np.eye(64)
    expected = np.linalg.solve(s, means.T).T
    np.testing.assert_allclose(told_apart(result.weights[0]), told_apart(expected), atol=1e-8)


# ---- classes and ignored samples


def test_ignored_rows_play_no_part(rng):
    x, y = problem(rng, classes=4)
    names = np.array(["a", "b", "c", "skip"])[y]
    keep = y < 3
    result = conceptdec.probe(x, names, "ridge", protocol="loo", ignore="skip", lambdas=0.1)
    alone = conceptdec.probe(x[keep], names[keep], "ridge", protocol="loo", lambdas=0.1)
    assert result.classes.tolist() == ["a", "b", "c"] and result.n_ignored == (y == 3).sum()
    np.testing.assert_allclose(result.decision[:, keep], alone.decision, atol=1e-10)
    assert np.isnan(result.decision[:, ~keep]).all()
    np.testing.assert_allclose(result.accuracy, alone.accuracy, atol=1e-12)


def test_listed_classes(rng):
    """An order of the caller's, and a class that no sample has."""
    x, y = problem(rng, classes=3)
    names = np.array(["a", "b", "c"])[y]
    plain = conceptdec.probe(x, names, "ridge")
    listed = conceptdec.probe(x, names, "ridge", classes=["c", "a", "b"])
    assert listed.classes.tolist() == ["c", "a", "b"]
    np.testing.assert_allclose(listed.weights, plain.weights[:, [2, 0, 1]], atol=1e-9)
    assert np.array_equal(listed.predicted, plain.predicted)
    more = conceptdec.probe(x, names, "ridge", classes=["a", "b", "c", "d"])
    np.testing.assert_allclose(more.accuracy, plain.accuracy, atol=1e-12)
    assert np.isnan(more.per_concept[0, 3]) and more.confusion.shape == (1, 4, 4)
    with pytest.raises(conceptdec.ConceptDecError, match="y: 'c' at row 2 is not among the classes") as caught:
        conceptdec.probe(x, names, "ridge", classes=["a", "b"])
    assert caught.value.status_name == "CONCEPTDEC_ELABEL"
    with pytest.raises(conceptdec.ConceptDecError, match="twice"):
        conceptdec.probe(x, names, "ridge", classes=["a", "b", "b", "c"])
    with pytest.raises(TypeError, match="cannot be compared"):
        conceptdec.probe(x, names, "ridge", classes=[0, 1, 2])


@pytest.mark.parametrize("kind", KINDS)
def test_missing_class(rng, kind):
    x, y = problem(rng, n=61, classes=3)
    names = np.array(["rare", "b", "c", "d"])[np.where(np.arange(61) == 60, 0, y + 1)]
    with pytest.raises(conceptdec.ConceptDecError, match="has no training row.* class 3 is 'rare'") as caught:
        conceptdec.probe(x, names, kind, folds=3, stratified=False)
    assert caught.value.status_name == "CONCEPTDEC_ECLASSMISSING"
    result = conceptdec.probe(x, names, kind, folds=3, stratified=False, missing="skip")
    place = result.classes.tolist().index("rare")
    fold = result.fold[60]
    assert result.n_missing_train[fold] == 1 and result.n_missing_train.sum() == 1
    assert (result.predicted[0, result.fold == fold] != "rare").all()
    assert result.per_concept[0, place] == 0
    if kind != "ridge":
        assert (result.posterior[0, result.fold == fold, place] == 0).all()
        assert result.log_loss[0] == np.inf


def test_rare_class_in_stratified_folds(rng):
    x, y = problem(rng, n=30, classes=3)
    names = np.array(["rare", "b", "c", "d"])[np.where(np.arange(30) == 29, 0, y + 1)]
    for call in (conceptdec.probe, conceptdec.knn_decodability):
        with pytest.raises(conceptdec.ConceptDecError, match="members of class 3.* class 3 is 'rare'") as caught:
            call(x, names, folds=3, protocol="kfold")
        assert caught.value.status_name == "CONCEPTDEC_EFOLDS"


@pytest.mark.parametrize("kind", KINDS)
def test_rare_class_is_skipped(rng, kind):
    """Stratified folds, those of nested selection too, where a class has fewer members than there are folds."""
    x, y = problem(rng, n=61, classes=3)
    y[[58, 60]] = 3
    result = conceptdec.probe(x, y, kind, missing="skip", classes=[0, 1, 2, 3])
    assert result.n_missing_train.sum() == 0 and (result.n_missing_test == [0 if r in result.fold[[58, 60]] else 1
                                                                            for r in range(5)]).all()  # fmt: skip
    y[58] = 0
    options = dict(lambdas=[0.01, 1.0], nested=True) if kind in ("logistic", "ridge") else {}
    result = conceptdec.probe(x, y, kind, missing="skip", **options)
    assert result.n_missing_train.tolist() == [int(fold == result.fold[60]) for fold in range(5)]
    if options:
        with pytest.raises(conceptdec.ConceptDecError, match="more folds than members of class 3"):
            conceptdec.probe(x, y, kind, **options)


@pytest.mark.parametrize("protocol", ["kfold", "resubstitution", "group"])
@pytest.mark.parametrize("kind", KINDS)
def test_class_without_weight_is_missing(rng, kind, protocol):
    x, y = problem(rng, n=60, classes=3)
    weights = (y != 2).astype(float)
    options = dict(kind=kind, protocol=protocol, weights=weights)
    if protocol == "group":
        options["groups"] = np.arange(60) % 6
    with pytest.raises(conceptdec.ConceptDecError, match="class 2 has no training row with a weight above 0"):
        conceptdec.probe(x, y, **options)
    extra = dict(mdl=True) if kind != "ridge" else {}
    result = conceptdec.probe(x, y, missing="skip", **options, **extra)
    assert (result.n_missing_train == 1).all() and result.per_concept[0, 2] == 0
    if kind != "ridge":
        assert (result.posterior[0, :, 2] == 0).all() and np.isnan(result.pvi_bits[0, y == 2]).all()
        assert np.isfinite(result.v_information_bits).all() and np.isfinite(result.codelength_bits).all()
    if protocol == "resubstitution":
        with pytest.raises(conceptdec.ConceptDecError, match="class 2 has no training row with a weight above 0"):
            conceptdec.fit_probe(x, y, kind, weights=weights)


# ---- null, interval, control, code, selection


@pytest.mark.parametrize("kind", KINDS)
def test_null(rng, kind):
    x, y = problem(rng, n=90, classes=3)
    signal = conceptdec.probe(x, y, kind, permutations=39, seed=3)
    assert signal.null.shape == (39, 1) and signal.p_value[0] == 1 / 40
    np.testing.assert_allclose(signal.chance_null, signal.null.mean(axis=0))
    np.testing.assert_allclose(signal.kappa, (signal.accuracy - signal.chance_null) / (1 - signal.chance_null))
    assert abs(signal.chance_null[0] - 1 / 3) < 0.06
    noise = conceptdec.probe(rng.standard_normal((90, 6)), y, kind, permutations=39, seed=3)
    assert noise.p_value[0] > 0.05
    assert not np.array_equal(conceptdec.probe(x, y, kind, permutations=39, seed=4).null, signal.null)


def test_whole_groups_are_permuted(rng):
    """A label for each group: permuting rows calls noise a signal, permuting groups does not."""
    groups = np.repeat(np.arange(12), 10)
    y = (groups % 2).astype(int)
    x = rng.standard_normal((12, 5))[groups] + 0.3 * rng.standard_normal((120, 5))
    options = dict(kind="ridge", lambdas=0.1, groups=groups, permutations=99, folds=4)
    assert conceptdec.probe(x, y, permute="whole", **options).p_value[0] > 0.05
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.probe(x, y, permute="within", **options)
    assert caught.value.status_name == "CONCEPTDEC_EGROUPS"


def test_interval(rng):
    x, y = problem(rng, n=200, spread=2.0)
    result = conceptdec.probe(x, y, "ridge", lambdas=[0.1, 1.0], bootstrap=200, confidence=0.9)
    assert (result.ci_low < result.accuracy).all() and (result.accuracy < result.ci_high).all()
    wider = conceptdec.probe(x, y, "ridge", lambdas=[0.1, 1.0], bootstrap=200, confidence=0.99)
    assert (wider.ci_low < result.ci_low).all() and (result.ci_high < wider.ci_high).all()


def test_control(rng):
    """Types that can be told apart are learnt by heart; those that cannot are not."""
    types = np.arange(200) % 8
    y = types % 2
    x = 3 * rng.standard_normal((8, 20))[types] + 0.1 * rng.standard_normal((200, 20))
    words = np.array(list("abcdefgh"))[types]
    by_heart = conceptdec.probe(x, y, control=3, types=words)
    assert by_heart.control_accuracy.shape == (1, 3)
    assert by_heart.accuracy[0] == 1 and by_heart.selectivity[0] < 0.1
    expected = by_heart.accuracy - by_heart.control_accuracy.mean(axis=1)
    np.testing.assert_allclose(by_heart.selectivity, expected, atol=1e-12)
    rule = np.stack([y + 0.1 * rng.standard_normal(200), rng.standard_normal(200)], axis=1)
    assert conceptdec.probe(rule, y, control=3, types=types).selectivity[0] > 0.2


def test_code_length(rng):
    x, y = problem(rng, n=300, classes=3, spread=0.4)
    easy = conceptdec.probe(x, y, mdl=True, lambdas=0.01)
    hard = conceptdec.probe(rng.standard_normal((300, 6)), y, mdl=True, lambdas=0.01)
    uniform = 300 * np.log2(3)
    np.testing.assert_allclose(easy.compression, uniform / easy.codelength_bits)
    assert easy.codelength_bits[0] < 0.5 * uniform < 0.9 * hard.codelength_bits[0]
    assert hard.compression[0] < 1.1


def test_nested(rng):
    x, y = problem(rng, n=100, d=60, classes=2, spread=3.0)
    lambdas = [1e-4, 1e-1, 1e2]
    result = conceptdec.probe(x, y, "ridge", lambdas=lambdas, nested=True)
    assert result.selected.shape == (5,) and set(result.selected) <= {0, 1, 2}
    chosen = np.mean([(result.predicted[result.selected[result.fold[i]], i] == y[i]) for i in range(100)])
    assert result.nested_accuracy == pytest.approx(chosen, abs=1e-12)


def test_not_converged_is_said(rng):
    x, y = problem(rng, n=80, classes=3)
    result = conceptdec.probe(x, y, lambdas=[1e-6, 1.0], max_iterations=1)
    assert not result.converged.all() and "NOT CONVERGED" in repr(result)
    assert conceptdec.probe(x, y, lambdas=[1e-6, 1.0]).converged.all()


# ---- the result


def test_shapes(rng):
    x, y = problem(rng, n=60, d=4, classes=2)
    result = conceptdec.probe(x, y, lambdas=0.5)
    assert result.lambda_.tolist() == [0.5] and result.weights.shape == (1, 1, 4) and result.bias.shape == (1, 1)
    assert result.decision.shape == (1, 60, 1) and result.posterior.shape == (1, 60, 2)
    assert result.iterations.shape == (1, 6) and result.per_fold.shape == (1, 5)
    assert conceptdec.probe(x, y).lambda_ == [1 / 60]
    short = conceptdec.probe(x, y, "ridge", samples=False, fit=False)
    assert not {"decision", "posterior", "predicted", "fold", "weights", "bias"} & set(short.keys())
    assert np.isnan(conceptdec.probe(x, y, "lda").lambda_).all()


def test_repr_and_pickle(rng):
    x, y = problem(rng)
    result = conceptdec.probe(x, np.array(["a", "b", "c"])[y], lambdas=[0.1, 1.0], permutations=9)
    text = repr(result)
    assert "120 samples scored, 3 classes" in text and f"{result.accuracy[1]:.4f}" in text and "lambda" in text
    assert "NOT CONVERGED" not in text
    copy = pickle.loads(pickle.dumps(result))
    assert copy.to_json() == result.to_json() and np.array_equal(copy.predicted, result.predicted)
    document = json.loads(result.to_json())
    assert document["options"]["kind"] == "logistic" and document["values"]["predicted"] == result.predicted.tolist()


# ---- sweeps


def test_sweep(rng):
    y = np.repeat([0, 1], 30)
    cells = [rng.standard_normal((60, d)) + shift * y[:, None] for d, shift in ((4, 0.0), (7, 1.0))]
    names = np.array(["no", "yes"])[y]
    swept = conceptdec.sweep(cells, names, "probe", kind="ridge", lambdas=[0.1, 1.0], folds=4, bootstrap=20)
    assert swept.accuracy.shape == (2, 2) and swept.status.tolist() == [0, 0] and "weights" not in swept
    for place, cell in enumerate(cells):
        alone = conceptdec.probe(cell, names, "ridge", lambdas=[0.1, 1.0], folds=4)
        assert np.array_equal(swept.accuracy[place], alone.accuracy)
        assert np.array_equal(swept.predicted[place], alone.predicted)
    np.testing.assert_allclose(swept.difference[1], swept.accuracy[1] - swept.accuracy[0])
    assert "accuracy" in repr(swept)
    cells[0][3, 1] = np.nan
    bad = conceptdec.sweep(cells, names, "probe", kind="ridge", lambdas=0.1)
    assert bad.per_fold.shape == (2, 1, 5)
    assert bad.status.tolist() == [-5, 0] and (bad.predicted[0] == None).all()  # noqa: E711
    assert conceptdec.sweep(cells[1:], names, "probe", kind="ridge", classes=["yes", "no"]).classes[0] == "yes"
    with pytest.raises(TypeError, match="fit"):
        conceptdec.sweep(cells, names, "probe", fit=True)


# ---- regression


@pytest.mark.parametrize("d", [4, 90])
def test_regression(rng, d):
    linear = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    x = rng.standard_normal((70, d))
    t = x @ rng.standard_normal((d, 3)) + rng.standard_normal((70, 3))
    lambdas = [0.01, 0.5]
    result = conceptdec.probe_regression(x, t, lambdas, folds=4)
    assert result.weights.shape == (2, 3, d) and result.bias.shape == (2, 3) and result.n_scored == 70
    for a, penalty in enumerate(lambdas):
        for train, test in parts(result):
            expected = linear.Ridge(penalty * len(train), solver="svd").fit(x[train], t[train]).predict(x[test])
            np.testing.assert_allclose(result.decision[a, test], expected, atol=1e-9)
        whole = linear.Ridge(penalty * 70, solver="svd").fit(x, t)
        np.testing.assert_allclose(result.weights[a], whole.coef_, atol=1e-9)
        np.testing.assert_allclose(result.bias[a], whole.intercept_, atol=1e-9)
        scores = metrics.r2_score(t, result.decision[a], multioutput="raw_values")
        np.testing.assert_allclose(result.per_target[a], scores, atol=1e-12)
        assert result.r2[a] == pytest.approx(scores.mean(), abs=1e-12)
    assert "r2" in repr(result) and "70 samples scored" in repr(result)
    assert json.loads(result.to_json())["values"]["r2"] == result.r2.tolist()


@pytest.mark.parametrize("d", [5, 80])
def test_exact_leave_one_out(rng, d):
    linear = pytest.importorskip("sklearn.linear_model")
    x, t = rng.standard_normal((50, d)), rng.standard_normal(50)
    lambdas = np.array([0.01, 0.3, 5.0])
    result = conceptdec.probe_regression(x, t, lambdas, protocol="loo")
    for a, penalty in enumerate(lambdas):
        ours = (t - result.decision[a, :, 0]) ** 2
        brute = [linear.Ridge(penalty * 50, solver="svd").fit(np.delete(x, i, 0), np.delete(t, i)) for i in range(50)]
        expected = [(t[i] - model.predict(x[i : i + 1])[0]) ** 2 for i, model in enumerate(brute)]
        np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-10)
    peer = linear.RidgeCV(alphas=lambdas * 50, store_cv_values=True).fit(x, t)
    np.testing.assert_allclose((t[:, None] - result.decision[:, :, 0].T) ** 2, peer.cv_values_, rtol=1e-6, atol=1e-9)


def test_regression_input(rng):
    x = rng.standard_normal((40, 3))
    whole = np.arange(40)
    result = conceptdec.probe_regression(x, whole, 0.1)
    same(result, conceptdec.probe_regression(x, whole.astype(float)[:, None], [0.1]))
    same(result, conceptdec.probe_regression(x, whole.tolist(), 0.1, threads=3))
    same(result, conceptdec.probe_regression(x, np.arange(0.0, 40.0, 0.5)[::2], 0.1))
    constant = conceptdec.probe_regression(x, np.stack([whole, np.full(40, 3)], axis=1), 0.1)
    assert np.isnan(constant.per_target[0, 1]) and constant.r2[0] == constant.per_target[0, 0]
    np.testing.assert_allclose(constant.per_target[0, 0], result.r2[0], rtol=1e-9)
    weighed = conceptdec.probe_regression(x, whole, 0.1, protocol="resubstitution", weights=np.arange(40) % 3)
    times = np.repeat(np.arange(40), np.arange(40) % 3)
    repeated = conceptdec.probe_regression(x[times], whole[times], 0.1, protocol="resubstitution")
    np.testing.assert_allclose(weighed.weights, repeated.weights, atol=1e-9)


# ---- what is refused

X, Y = np.arange(60.0).reshape(30, 2) ** 0.5, np.arange(30) % 2

REFUSED = [
    ("EINVAL", "kind: 'svm' is not known; allowed: 'logistic', 'ridge'", dict(kind="svm")),
    ("EINVAL", "lambdas: .* above 0", dict(lambdas=0.0)),
    ("EINVAL", "lambdas: .* at place 1", dict(lambdas=[1.0, -1.0])),
    ("EINVAL", "lambdas: .* at least 0", dict(kind="ridge", lambdas=float("nan"))),
    ("EINVAL", "lambdas: .* no penalty", dict(kind="lda", lambdas=1.0)),
    ("ESIZE", "number of lambdas: 0", dict(lambdas=[])),
    ("EINVAL", "lambdas: needs a number", dict(lambdas="strong")),
    ("EFOLDS", "folds: 1", dict(folds=1)),
    ("EFOLDS", "folds", dict(folds=31)),
    ("EGROUPS", "groups", dict(protocol="group")),
    ("EGROUPS", "groups", dict(permutations=3, permute="within")),
    ("ENULL", "train", dict(protocol="split")),
    ("EINVAL", "train", dict(train=Y)),
    ("EUNSUPPORTED", "leave-one-out", dict(protocol="loo")),
    ("EUNSUPPORTED", "standardize", dict(kind="ridge", protocol="loo", standardize="fold")),
    ("EINVAL", "standardize: 'yes' is not known; allowed: 'none', 'global', 'fold'", dict(standardize="yes")),
    ("EINVAL", "class_weight: 'even' is not known; allowed: 'balanced'", dict(class_weight="even")),
    ("EINVAL", "missing: 'drop' is not known; allowed: 'error', 'skip'", dict(missing="drop")),
    ("EINVAL", "shrinkage", dict(kind="lda", shrinkage=0.1)),
    ("EINVAL", "shrinkage", dict(kind="lda", covariance="fixed")),
    ("EINVAL", "shrinkage", dict(kind="lda", covariance="fixed", shrinkage=1.5)),
    ("EINVAL", "covariance", dict(covariance="pooled")),
    ("ENULL", "types", dict(control=1)),
    ("EINVAL", "ridge has no posterior", dict(kind="ridge", mdl=True)),
    ("EINVAL", "nested selection needs two", dict(nested=True)),
    ("EINVAL", "max_iterations", dict(max_iterations=0)),
    ("EINVAL", "folds", dict(kind="ridge", protocol="loo", folds=5)),
    ("EINVAL", "stratified", dict(kind="ridge", protocol="loo", stratified=False)),
    ("EINVAL", "tolerance", dict(kind="ridge", tolerance=1e-9)),
    ("EINVAL", "max_iterations", dict(kind="lda", max_iterations=7)),
    ("EINVAL", "covariance", dict(covariance="ledoit_wolf")),
    ("EINVAL", "permute: is given, but", dict(permute="whole", groups=np.arange(30) // 4)),
    ("EINVAL", "confidence", dict(confidence=0.9)),
    ("EINVAL", "types", dict(types=np.zeros(30, int))),
    ("EINVAL", "groups", dict(kind="ridge", protocol="loo", groups=np.arange(30) // 4, permutations=3)),
    ("EINVAL", "tolerance", dict(tolerance=0.0)),
    ("EINVAL", "memory", dict(memory=0)),
    ("EINVAL", "confidence", dict(bootstrap=3, confidence=1.0)),
    ("ESIZE", "permutations", dict(permutations=-1)),
    ("ENONFINITE", "row 7, column 1", dict(X=np.where(np.arange(60).reshape(30, 2) == 15, np.nan, X))),
    ("ENONFINITE", "weights", dict(weights=np.where(Y, 1.0, np.inf))),
    ("EINVAL", "weights", dict(weights=np.full(30, -1.0))),
    ("ESIZE", "weights", dict(weights=np.ones((30, 2)))),
    ("ESIZE", "weights", dict(weights=np.ones(29))),
    ("ESIZE", "y: 7 rows", dict(y=Y[:7])),
    ("ESINGLECLASS", "class", dict(y=np.zeros(30, dtype=int))),
    ("ETOOFEW", "X: 1 row", dict(X=X[:1], y=Y[:1])),
    ("ESIZE", "y: needs 1 or 2 axes", dict(y=np.zeros((30, 1, 1), dtype=int))),
    ("EINVAL", "seed: -1", dict(seed=-1)),
    ("EINVAL", "threads", dict(threads=-1)),
]


@pytest.mark.parametrize("name, text, changes", REFUSED)
def test_refused(name, text, changes):
    arguments = dict(X=X, y=Y)
    arguments.update(changes)
    with pytest.raises(conceptdec.ConceptDecError, match=text) as caught:
        conceptdec.probe(**arguments)
    assert caught.value.status_name == f"CONCEPTDEC_{name}", str(caught.value)


@pytest.mark.parametrize(
    "name, text, changes",
    [
        ("ESIZE", "t: 29 rows", dict(t=np.ones(29))),
        ("ENONFINITE", "t: non-finite value at row 4", dict(t=np.where(np.arange(30) == 4, np.nan, 1.0))),
        ("ESIZE", "t: needs 1 or 2 axes", dict(t=np.ones((30, 1, 1)))),
        ("EDTYPE", "t: ", dict(t=["a"] * 30)),
        ("EINVAL", "lambdas", dict(lambdas=-1)),
    ],
)
def test_regression_refused(name, text, changes):
    with pytest.raises(conceptdec.ConceptDecError, match=text) as caught:
        conceptdec.probe_regression(**{"X": X, "t": np.arange(30.0), **changes})
    assert caught.value.status_name == f"CONCEPTDEC_{name}", str(caught.value)


def test_cancelled(rng):
    """An exception in the caller's progress function stops the call."""
    x, y = problem(rng, n=400, d=100, classes=5)

    def stop(stage, done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        conceptdec.probe(x, y, "ridge", permutations=2000, progress=stop)
