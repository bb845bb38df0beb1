"""Scores against brute force, against scikit-learn, and from tables."""

import json
import pickle

import numpy as np
import pytest
import reference

import conceptdec


def check(result, expected, place=0):
    for name, value in expected.items():
        found = np.asarray(result[name])
        found = found if name in ("n_scored", "class_count", "chance_majority") else found[place]
        np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-12, err_msg=name)


def grid_data(rng, n=90, classes=4):
    """Small integers: distances tie everywhere and are exact."""
    return rng.integers(0, 3, size=(n, 4)).astype(np.float32), rng.integers(0, classes, size=n)


@pytest.mark.parametrize("k", [1, 2, 5, 10, 89])
def test_brute_force_with_ties(rng, k):
    x, y = grid_data(rng)
    check(conceptdec.knn_decodability(x, y, k=k), reference.knn(x, y, k))


def test_brute_force_on_floats(sample):
    x, y = sample
    check(conceptdec.knn_decodability(x, y), reference.knn(x, y, 10))


def test_list_of_k(rng):
    x, y = grid_data(rng)
    ks = [7, 1, 30]
    result = conceptdec.knn_decodability(x, y, k=ks)
    assert result.k.tolist() == ks
    for place, k in enumerate(ks):
        check(result, reference.knn(x, y, k), place)


def test_ignored_rows_neither_score_nor_vote(rng):
    x, y = grid_data(rng)
    names = np.array(["a", "b", "c", "skip"])[y]
    result = conceptdec.knn_decodability(x, names, k=5, ignore="skip")
    check(result, reference.knn(x, np.where(y == 3, -1, y), 5))
    assert result.classes.tolist() == ["a", "b", "c"]
    assert result.n_ignored == (y == 3).sum()


def test_groups(rng):
    x, y = grid_data(rng)
    groups = rng.integers(0, 12, size=len(y))
    eligible = groups[:, None] != groups[None, :]
    expected = reference.knn(x, y, 5, eligible)
    check(conceptdec.knn_decodability(x, y, k=5, protocol="group", groups=groups), expected)
    words = np.array([f"document {g}" for g in groups])
    check(conceptdec.knn_decodability(x, y, k=5, protocol="group", groups=words), expected)


def test_split(rng):
    x, y = grid_data(rng)
    train = rng.random(len(y)) < 0.6
    result = conceptdec.knn_decodability(x, y, k=5, protocol="split", train=train)
    keep = reference.knn(x, y, 5, np.repeat(train[None, :], len(y), axis=0) & ~train[:, None])
    check(result, keep)


def test_kfold(rng):
    x, y = grid_data(rng)
    result = conceptdec.knn_decodability(x, y, k=5, protocol="kfold", folds=4, seed=3)
    assert sorted(set(result.fold.tolist())) == [0, 1, 2, 3]
    check(result, reference.knn(x, y, 5, result.fold[:, None] != result.fold[None, :]))


def test_label_sets(rng):
    x, y = grid_data(rng)
    other = (y + rng.integers(0, 2, size=len(y))) % 4
    result = conceptdec.knn_decodability(x, np.column_stack([y, other]), k=[3, 5])
    assert result.decodability.shape == (2, 2) and result.confusion.shape == (2, 2, 4, 4)
    for place, labels in enumerate((y, other)):
        alone = conceptdec.knn_decodability(x, labels, k=[3, 5])
        assert np.array_equal(result.decodability[place], alone.decodability)
        assert np.array_equal(result.confusion[place], alone.confusion)


def test_negative_integers_are_classes(sample):
    x, y = sample
    plain = conceptdec.knn_decodability(x, y)
    shifted = conceptdec.knn_decodability(x, y - 1)
    assert shifted.classes.tolist() == [-1, 0, 1] and shifted.n_ignored == 0
    assert np.array_equal(plain.decodability, shifted.decodability)


@pytest.mark.parametrize("k", [1, 4, 10])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_scikit_learn(rng, k, weights):
    neighbors = pytest.importorskip("sklearn.neighbors")
    x, y = rng.standard_normal((150, 6)), rng.integers(0, 3, size=150)
    model = neighbors.KNeighborsClassifier(k, weights=weights, algorithm="brute").fit(x, y)
    result = conceptdec.knn_decodability(
        x, y, k=k, ties="smallest", boundary="index", protocol="resubstitution", weights=weights
    )
    assert result.decodability[0] == pytest.approx(model.score(x, y), abs=1e-12)
    predicted = model.predict(x)
    expected = [[((y == a) & (predicted == b)).sum() for b in range(3)] for a in range(3)]
    assert np.array_equal(result.confusion[0], expected)


def test_cosine(rng):
    x, y = rng.standard_normal((80, 5)), rng.integers(0, 3, size=80)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    check(conceptdec.knn_decodability(x, y, k=7, metric="cosine"), reference.knn(unit, y, 7))


def test_every_layout_gives_the_same(rng):
    base = rng.integers(-8, 8, size=(50, 6)).astype(np.float16)
    y = rng.integers(0, 3, size=50)
    packed = conceptdec.knn_decodability(base.astype(np.float64), y, k=4).confusion
    bits = (base.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    wide = np.zeros((100, 12))
    wide[::2, ::2] = base
    for x, dtype in [
        (base, None),
        (np.asfortranarray(base), None),
        (base.astype(np.float32)[:, ::-1][:, ::-1], None),
        (wide[::2, ::2], None),
        (bits, "bfloat16"),
        (bits.view(np.int16), "bfloat16"),
    ]:
        assert np.array_equal(conceptdec.knn_decodability(x, y, k=4, dtype=dtype).confusion, packed)


def test_threads_give_the_same_bits(sample):
    x, y = sample
    results = [
        conceptdec.knn_decodability(x, y, permutations=20, bootstrap=20, threads=threads).to_dict()
        for threads in (1, 2, 5)
    ]
    for result in results[1:]:
        assert all(np.array_equal(result[name], results[0][name], equal_nan=True) for name in result)


def test_null_and_interval(sample):
    x, y = sample
    result = conceptdec.knn_decodability(x, y, k=[3, 10], permutations=50, bootstrap=100, confidence=0.9, seed=5)
    assert result.null.shape == (50, 2)
    expected = (1 + (result.null >= result.decodability).sum(axis=0)) / 51
    np.testing.assert_allclose(result.p_value, expected)
    np.testing.assert_allclose(result.chance_null, result.null.mean(axis=0))
    kappa = (result.decodability - result.chance_null) / (1 - result.chance_null)
    np.testing.assert_allclose(result.kappa, kappa)
    assert (result.ci_low < result.decodability).all() and (result.decodability < result.ci_high).all()
    again = conceptdec.knn_decodability(x, y, k=[3, 10], permutations=50, seed=6)
    assert not np.array_equal(again.null, result.null)


def test_no_chance_draws(sample):
    result = conceptdec.knn_decodability(*sample, chance_draws=0)
    assert np.isnan(result.chance_null).all() and np.isnan(result.kappa).all()


def test_without_confusion(sample):
    assert "confusion" not in conceptdec.knn_decodability(*sample, confusion=False)


def test_a_table_gives_the_scores_of_a_search(rng):
    x, y = grid_data(rng)
    table = conceptdec.neighbors(x, k=5)
    for options in ({"k": 5}, {"k": [2, 20]}, {"k": 3, "protocol": "kfold"}, {"k": 5, "ignore": 0}):
        fresh = conceptdec.knn_decodability(x, y, **options).to_dict()
        read = conceptdec.knn_decodability(table, y, **options).to_dict()
        assert all(np.array_equal(read[name], fresh[name], equal_nan=True) for name in fresh)


def test_the_metric_is_that_of_the_table(rng):
    x, y = rng.standard_normal((60, 4)), rng.integers(0, 3, size=60)
    table = conceptdec.neighbors(x, k=5, metric="cosine")
    fresh = conceptdec.knn_decodability(x, y, k=5, metric="cosine")
    assert np.array_equal(conceptdec.knn_decodability(table, y, k=5).confusion, fresh.confusion)
    assert np.array_equal(conceptdec.knn_decodability(table, y, k=5, metric="cosine").confusion, fresh.confusion)


def test_defaults_may_be_written_out(sample):
    x, y = sample
    written = conceptdec.knn_decodability(x, y, k=10, permute="free", bootstrap=0, confidence=0.95, temperature=0.07)
    assert np.array_equal(written.confusion, conceptdec.knn_decodability(x, y).confusion)
    assert conceptdec.knn_decodability(x, y, permutations=5, chance_draws=0).null.shape == (5, 1)


@pytest.mark.parametrize(
    "options, text",
    [
        ({"folds": 5}, 'folds: is given, but only protocol "kfold" has folds'),
        ({"protocol": "resubstitution", "stratified": False}, 'stratified: is given, but only protocol "kfold"'),
        ({"temperature": 0.1}, 'temperature: is given, but only weights "softmax"'),
        ({"permutations": 9, "chance_draws": 9}, "chance_draws: is given, but permutations are the draws of chance"),
        ({"chance_draws": 0, "permute": "within", "groups": range(60)},
         "permute: is given, but without permutations and chance_draws"),
        ({"confidence": 0.9}, "confidence: is given, but without bootstrap there is no interval"),
        ({"groups": range(60)}, "groups: is given, but this protocol does not leave them out"),
    ],
)
def test_options_without_effect(sample, options, text):
    x, y = sample
    for call in (conceptdec.knn_decodability, lambda x, y, **rest: conceptdec.sweep([x, x], y, **rest)):
        with pytest.raises(conceptdec.ConceptDecError, match=f"^{text}") as caught:
            call(x, y, **options)
        assert caught.value.status_name == "CONCEPTDEC_EINVAL"


def test_groups_that_have_an_effect(sample):
    x, y = sample
    for options in ({"bootstrap": 5}, {"permute": "within"}, {"protocol": "kfold"}, {"protocol": "group"}):
        conceptdec.knn_decodability(x, y, k=3, groups=np.arange(60) // 7, **options)


def test_access(sample):
    result = conceptdec.knn_decodability(*sample, k=[1, 10], permutations=9)
    assert result.decodability is result["decodability"] and result.decodability.flags.writeable
    assert "p_value" in result and "p_value" in dir(result) and list(result) == result.keys()
    assert isinstance(result.chance_uniform, float) and isinstance(result.n_scored, int)
    assert result.to_dict().keys() == set(result.keys()) and len(result) == len(result.keys())
    with pytest.raises(AttributeError, match="accuracy.*decodability"):
        result.accuracy
    with pytest.raises(KeyError, match="accuracy.*decodability"):
        result["accuracy"]
    text = repr(result)
    assert "60 samples scored, 3 classes" in text and f"{result.decodability[1]:.4f}" in text
    assert "1/C 0.3333" in text


def test_json(sample):
    x, y = sample
    names = np.array(["low", "mid", "high"])[y]
    result = conceptdec.knn_decodability(x, names, chance_draws=0, threads=1)
    document = json.loads(result.to_json())
    assert document["values"]["classes"] == ["high", "low", "mid"]
    assert document["values"]["decodability"] == result.decodability.tolist()
    assert document["values"]["chance_null"] == [None]
    assert result.diagnostics == document["diagnostics"]
    assert result.options == document["options"] and result.provenance == document["provenance"]


def test_pickle(sample):
    result = conceptdec.knn_decodability(*sample)
    copy = pickle.loads(pickle.dumps(result))
    assert copy.to_json() == result.to_json() and np.array_equal(copy.confusion, result.confusion)
