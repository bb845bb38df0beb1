"""Fitted probes: what they say of other rows, their scores, their life time and their files."""

import copy
import gc
import multiprocessing
import pickle
import warnings

import numpy as np
import pytest

import conceptdec

KINDS = ["logistic", "ridge", "lda", "mean_difference", "nearest_mean"]
NAMES = np.array(["adj", "noun", "verb"])


@pytest.fixture
def data(rng):
    """Training rows, labels, and other rows."""
    means = 1.5 * rng.standard_normal((3, 5))
    y = np.arange(90) % 3
    return means[y] + rng.standard_normal((90, 5)), y, means[y] + rng.standard_normal((90, 5))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 3])
def test_what_it_says(data, kind, classes):
    x, y, other = data
    y = y % classes
    model = conceptdec.fit_probe(x, NAMES[y], kind)
    columns = 1 if classes == 2 else 3
    assert model.weights.shape == (columns, 5) and model.bias.shape == (columns,)
    assert model.classes.tolist() == NAMES[:classes].tolist() and model.kind == kind and model.converged
    decision = model.decision(other)
    np.testing.assert_allclose(decision, other @ model.weights.T + model.bias, atol=1e-12)
    best = (decision[:, 0] > 0).astype(int) if classes == 2 else decision.argmax(axis=1)
    assert np.array_equal(model.predict(other), NAMES[best])
    if kind == "ridge":
        with pytest.raises(conceptdec.ConceptDecError, match="kind 'ridge' has none"):
            model.probabilities(other)
        return
    posterior = model.probabilities(other)
    np.testing.assert_allclose(posterior.sum(axis=1), 1, atol=1e-12)
    assert np.array_equal(posterior.argmax(axis=1), best)
    if kind in ("logistic", "lda"):
        expected = np.exp(np.concatenate([0 * decision, decision], axis=1) if classes == 2 else decision)
        np.testing.assert_allclose(posterior, expected / expected.sum(axis=1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_fit_of_probe(data, kind):
    x, y, _ = data
    lambda_ = 0.2 if kind in ("logistic", "ridge") else None
    result = conceptdec.probe(x, y, kind, lambdas=lambda_, standardize="global")
    model = conceptdec.fit_probe(x, y, kind, lambda_, standardize="global")
    np.testing.assert_allclose(model.weights, result.weights[0], atol=1e-10)
    np.testing.assert_allclose(model.bias, result.bias[0], atol=1e-10)
    assert np.array_equal(model.lambda_, result.lambda_[0], equal_nan=True)
    assert np.array_equal(model.objective, result.objective[0, -1], equal_nan=True)


def test_objective(data):
    """The number that was minimised, by hand; and no neighbour has a smaller one."""
    x, y, _ = data

    def loss(weights, bias):
        f = x @ weights.T + bias
        return np.mean(np.log(np.exp(f).sum(axis=1)) - f[np.arange(90), y]) + 0.05 * (weights**2).sum()

    model = conceptdec.fit_probe(x, y, lambda_=0.1)
    least = loss(model.weights, model.bias)
    assert model.objective == pytest.approx(least, abs=1e-9) and model.decrement <= 1e-12 and model.iterations > 0
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = 1e-3 * rng.standard_normal(model.weights.shape)
        assert loss(model.weights + step, model.bias) > least


def test_split_weights_and_balance(data):
    x, y, _ = data
    train = np.arange(90) < 60
    part = conceptdec.fit_probe(x, y, "ridge", 0.1, train=train)
    alone = conceptdec.fit_probe(x[train], y[train], "ridge", 0.1)
    np.testing.assert_allclose(part.weights, alone.weights, atol=1e-10)
    weighed = conceptdec.fit_probe(x, y, "ridge", 0.1, weights=train.astype(float))
    np.testing.assert_allclose(weighed.weights, alone.weights, atol=1e-10)
    odd = np.where(np.arange(90) < 20, 0, y)
    balanced = conceptdec.fit_probe(x, odd, "ridge", 0.1, class_weight="balanced")
    by_hand = conceptdec.fit_probe(x, odd, "ridge", 0.1, weights=1 / np.bincount(odd)[odd])
    np.testing.assert_allclose(balanced.weights, by_hand.weights, atol=1e-10)


def test_ignored_and_listed(data):
    x, y, other = data
    model = conceptdec.fit_probe(x, NAMES[y], ignore="verb")
    assert model.classes.tolist() == ["adj", "noun"] and model.weights.shape == (1, 5)
    listed = conceptdec.fit_probe(x, NAMES[y], classes=NAMES[::-1])
    assert listed.classes.tolist() == NAMES[::-1].tolist()
    assert np.array_equal(listed.predict(other), conceptdec.fit_probe(x, NAMES[y]).predict(other))


@pytest.mark.parametrize("kind", KINDS)
def test_score(data, kind):
    metrics = pytest.importorskip("sklearn.metrics")
    x, y, other = data
    model = conceptdec.fit_probe(x, NAMES[y], kind)
    truth = NAMES[y].copy()
    score, predicted = model.score(other, truth), model.predict(other)
    assert score.accuracy == pytest.approx(metrics.accuracy_score(truth, predicted), abs=1e-12)
    assert score.balanced == pytest.approx(metrics.balanced_accuracy_score(truth, predicted), abs=1e-12)
    assert score.macro_f1 == pytest.approx(metrics.f1_score(truth, predicted, average="macro"), abs=1e-12)
    np.testing.assert_allclose(score.confusion, metrics.confusion_matrix(truth, predicted), atol=1e-12)
    assert score.classes.tolist() == NAMES.tolist() and score.n_scored == 90
    if kind != "ridge":
        loss = metrics.log_loss(truth, model.probabilities(other)) / np.log(2)
        assert score.log_loss == pytest.approx(loss, abs=1e-9)
    assert "90 samples scored, 3 classes" in repr(score) and f"{score.accuracy:.4f}" in repr(score)
    assert "lambda" not in repr(score)
    truth[:5] = "odd"
    with pytest.raises(conceptdec.ConceptDecError, match="y: 'odd' at row 0 is not among the classes"):
        model.score(other, truth)
    part = model.score(other, truth, ignore="odd")
    assert part.n_scored == 85 and part.accuracy == pytest.approx((predicted == truth)[5:].mean())


def test_layouts_and_threads(data):
    x, y, other = data
    rounded = other.astype(np.float16)
    for model in (conceptdec.fit_probe(x, y), conceptdec.fit_probe(x.astype(np.float32), y)):
        plain = model.decision(rounded)
        for view in (np.asfortranarray(rounded), rounded[::-1][::-1], rounded.astype(np.float64)):
            assert np.array_equal(model.decision(view), plain)
        assert np.array_equal(model.decision(rounded, threads=1), model.decision(rounded, threads=3))
    bits = (rounded.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    widened = (bits.astype(np.uint32) << 16).view(np.float32)
    assert np.array_equal(model.decision(bits, dtype="bfloat16"), model.decision(widened))
    one, three = (conceptdec.fit_probe(x, y, threads=threads) for threads in (1, 3))
    assert np.array_equal(one.weights, three.weights) and np.array_equal(one.bias, three.bias)


class Rows:
    """Rows that do not lie in memory."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def read_rows(self, first, count):
        return self._array[first : first + count]


def test_rows_from_a_reader(data):
    x, y, other = data
    model = conceptdec.fit_probe(Rows(x), y)
    assert np.array_equal(model.weights, conceptdec.fit_probe(x, y).weights)
    assert np.array_equal(model.decision(Rows(other)), model.decision(other))
    assert np.array_equal(conceptdec.probe(Rows(x), y, "ridge").decision, conceptdec.probe(x, y, "ridge").decision)


def test_bad_rows(data):
    x, y, other = data
    model = conceptdec.fit_probe(x, y)
    with pytest.raises(conceptdec.ConceptDecError, match="4 columns") as caught:
        model.predict(other[:, :4])
    assert caught.value.status_name == "CONCEPTDEC_ESIZE"
    other[7, 2] = np.inf
    with pytest.raises(conceptdec.ConceptDecError, match="row 7, column 2") as caught:
        model.predict(other)
    assert caught.value.status_name == "CONCEPTDEC_ENONFINITE"
    with pytest.raises(conceptdec.ConceptDecError):
        model.score(x, y[:5])


@pytest.mark.parametrize(
    "name, changes",
    [
        ("EINVAL", dict(kind="svm")),
        ("EINVAL", dict(lambda_=-1.0)),
        ("EINVAL", dict(kind="lda", lambda_=1.0)),
        ("EINVAL", dict(lambda_="strong")),
        ("ESINGLECLASS", dict(y=np.zeros(90, dtype=int))),
        ("ESIZE", dict(y=np.zeros((90, 2), dtype=int))),
        ("ESIZE", dict(y=np.arange(89) % 2)),
        ("EINVAL", dict(max_iterations=0)),
    ],
)
def test_refused(data, name, changes):
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.fit_probe(**{"X": data[0], "y": data[1], **changes})
    assert caught.value.status_name == f"CONCEPTDEC_{name}", str(caught.value)


def test_not_converged_is_said(data):
    x, y, other = data
    model = conceptdec.fit_probe(x, y, lambda_=1e-6, max_iterations=1)
    assert not model.converged and "NOT CONVERGED" in repr(model)
    assert model.predict(other).shape == (90,)


# ---- life time


def test_arrays_outlive_the_model(data):
    x, y, _ = data
    model = conceptdec.fit_probe(x, y)
    weights, expected = model.weights, model.weights.copy()
    assert not weights.flags.writeable
    model.close()
    del model
    gc.collect()
    junk = [np.full(15, 7.0) for _ in range(100)]
    assert np.array_equal(weights, expected) and len(junk) == 100


def test_closed(data):
    x, y, _ = data
    with conceptdec.fit_probe(x, y) as model:
        assert model.converged
    for use in (lambda: model.weights, lambda: model.predict(x), lambda: model.save("x"), model.__enter__):
        with pytest.raises(conceptdec.ConceptDecError, match="closed"):
            use()
    model.close()
    assert "closed" in repr(model)


# ---- files


def equal(a, b):
    for name in ("weights", "bias", "classes", "lambda_", "converged", "iterations", "decrement", "objective", "kind"):
        one, other = np.asarray(getattr(a, name)), np.asarray(getattr(b, name))
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name


@pytest.mark.parametrize("kind", KINDS)
def test_save_and_load(data, tmp_path, kind):
    x, y, other = data
    model = conceptdec.fit_probe(x, NAMES[y], kind)
    path = tmp_path / "pr\u00f6be"
    model.save(path)
    for loaded in (conceptdec.load_probe(path, NAMES), conceptdec.ProbeModel.load(str(path), model.classes)):
        equal(loaded, model)
        assert np.array_equal(loaded.predict(other), model.predict(other))
        assert np.array_equal(loaded.decision(other), model.decision(other))
        if kind != "ridge":
            assert np.array_equal(loaded.probabilities(other), model.probabilities(other))
    codes = conceptdec.load_probe(path)
    assert codes.classes.tolist() == [0, 1, 2] and np.array_equal(NAMES[codes.predict(other)], model.predict(other))
    with pytest.raises(conceptdec.ConceptDecError, match="2 values, but the model has 3 classes"):
        conceptdec.load_probe(path, NAMES[:2])


@pytest.mark.parametrize("kind", KINDS)
def test_pickle_and_copy(data, kind):
    x, y, other = data
    model = conceptdec.fit_probe(x, NAMES[y], kind)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        equal(again, model)
        assert np.array_equal(again.predict(other), model.predict(other))


def test_in_another_process(data):
    x, y, other = data
    model = conceptdec.fit_probe(x, NAMES[y])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert np.array_equal(pool.apply(model.predict, (other,)), model.predict(other))


def test_bad_files(data, tmp_path):
    model = conceptdec.fit_probe(data[0], data[1])
    with pytest.raises(OSError) as caught:
        model.save(tmp_path / "no such folder" / "probe")
    assert isinstance(caught.value, conceptdec.ConceptDecError) and caught.value.status_name == "CONCEPTDEC_EIO"
    with pytest.raises(conceptdec.ConceptDecFileError):
        conceptdec.load_probe(tmp_path / "absent")
    with pytest.raises(conceptdec.ConceptDecError, match="NUL"):
        model.save("a\0b")
    path = tmp_path / "probe"
    model.save(path)
    whole = path.read_bytes()
    changed = bytes([whole[0] ^ 1]) + whole[1:], whole[:60] + bytes([whole[60] ^ 0x80]) + whole[61:]
    for damaged in (whole[:-1], whole + b"x", b"", *changed):
        path.write_bytes(damaged)
        with pytest.raises(conceptdec.ConceptDecError) as caught:
            conceptdec.load_probe(path)
        assert caught.value.status_name == "CONCEPTDEC_EFORMAT"
    table = tmp_path / "table"
    conceptdec.neighbors(data[0], 4).save(table)
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.load_probe(table)
    assert caught.value.status_name == "CONCEPTDEC_EFORMAT"


def test_repr(data):
    x, y, _ = data
    assert repr(conceptdec.fit_probe(x, y, "lda")) == "<conceptdec.ProbeModel: lda, 3 classes, d=5>"
