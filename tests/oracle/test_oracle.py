"""The library, through Python, against oracle.py computed on the spot, and against scikit-learn."""
import os
import sys

import numpy as np
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases  # noqa: E402
import conceptdec  # noqa: E402
import oracle  # noqa: E402

SLICES, LABELS = cases.data()
FIELDS = ["decodability", "balanced", "per_concept", "confusion", "tie_rate", "boundary_tie_rate", "n_short"]


def ask(x, y, case, **more):
    """The library's answer to a case; the labels that are -1 are ignored."""
    case, n = cases.full(case), len(y)
    options = {key: case[key] for key in ("metric", "weights", "ties", "boundary", "protocol")}
    if case["protocol"] == "group":
        options["groups"] = cases.groups_of(n)
    if case["protocol"] == "split":
        options["train"] = cases.train_of(n)
    return conceptdec.knn_decodability(x, y, ignore=-1 if (np.asarray(y) < 0).any() else None, **options, **more)


def assert_same(ours, theirs, fields=FIELDS):
    for field in fields:
        np.testing.assert_allclose(np.asarray(ours[field]), theirs[field], rtol=1e-12, atol=1e-12, err_msg=field)


@pytest.mark.parametrize("case", [c for c in cases.CASES if c["slice"] in (cases.LAYER3_0, cases.LAYER3_2)],
                         ids=cases.name)
def test_every_array_equals_the_oracle(case):
    whole = cases.full(case)
    y = cases.labels_of(whole, LABELS)
    options = {key: whole[key] for key in ("metric", "weights", "ties", "boundary")}
    theirs = oracle.decodability(SLICES[case["slice"]], y, cases.KS, **options, **cases.rules(whole, len(y)))
    assert_same(ask(SLICES[case["slice"]], y, case, k=cases.KS), theirs)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("seed", [0, 1])
def test_many_ties(seed, dtype):
    """Points of a small integer grid, where nearly every distance is tied, with ignored rows and groups."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (150, 3)).astype(dtype)
    y = rng.integers(-1, 4, 150)
    groups = rng.integers(0, 30, 150)
    theirs = oracle.decodability(x, y, [1, 3, 10], eligible=lambda i: groups != groups[i])
    ours = conceptdec.knn_decodability(x, y, k=[1, 3, 10], groups=groups, protocol="group", ignore=-1)
    assert_same(ours, theirs)
    assert_same(conceptdec.knn_decodability(x, y, k=[1, 3, 10], ignore=-1), oracle.decodability(x, y, [1, 3, 10]))


@pytest.mark.parametrize("groups", [None, cases.groups_of(len(LABELS))], ids=["rows", "groups"])
def test_kfold_equals_a_search_outside_the_fold(groups):
    x = SLICES[cases.LAYER3_1]
    ours = conceptdec.knn_decodability(x, LABELS, k=[1, 10], protocol="kfold", folds=4, groups=groups)
    fold = np.asarray(ours["fold"])
    assert sorted(set(fold)) == [0, 1, 2, 3]
    assert_same(ours, oracle.decodability(x, LABELS, [1, 10], eligible=lambda i: fold != fold[i]))


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_table_of_neighbours(metric):
    x = SLICES[cases.LAYER3_7]
    table = conceptdec.neighbors(x, 20, metric=metric)
    indices, distances = oracle.nearest(x, 20, metric)
    np.testing.assert_array_equal(table.indices, indices)
    np.testing.assert_allclose(table.distances, distances, rtol=1e-13, atol=1e-14)


def test_null_is_that_of_permuted_labels():
    """The mean of the null lies where 60 permutations, scored by the oracle, put it."""
    x, rng = SLICES[cases.LAYER3_0], np.random.default_rng(0)
    ours = conceptdec.knn_decodability(x, LABELS, k=10, permutations=400, seed=1)
    draws = [oracle.decodability(x, rng.permutation(LABELS), [10])["decodability"][0] for _ in range(60)]
    error = np.std(draws) / np.sqrt(len(draws)) + np.std(ours["null"]) / 20
    assert abs(np.mean(draws) - float(np.ravel(ours["chance_null"])[0])) < 4 * error
    assert 0.8 < np.std(draws) / np.std(ours["null"]) < 1.25


def test_null_mean_p_value_and_kappa_belong_together():
    ours = conceptdec.knn_decodability(SLICES[cases.LAYER3_1], LABELS, k=[1, 10], permutations=199, seed=5)
    null, value = np.asarray(ours["null"]), np.asarray(ours["decodability"])
    np.testing.assert_allclose(null.mean(axis=0), ours["chance_null"], rtol=1e-12)
    np.testing.assert_allclose((value - null.mean(axis=0)) / (1 - null.mean(axis=0)), ours["kappa"], rtol=1e-12)
    np.testing.assert_allclose((1 + (null >= value).sum(axis=0)) / 200, ours["p_value"], rtol=1e-12)


def test_bootstrap_has_the_width_of_a_proportion():
    """Credits are nearly 0 or 1, so both ends lie close to those of the normal approximation."""
    x = SLICES[cases.LAYER3_1]
    ours = conceptdec.knn_decodability(x, LABELS, k=10, bootstrap=4000, seed=2)
    share = oracle.decodability(x, LABELS, [10])["decodability"][0]
    spread = 1.96 * np.sqrt(share * (1 - share) / len(LABELS))
    assert abs(float(np.ravel(ours["ci_low"])[0]) - (share - spread)) < 0.25 * spread
    assert abs(float(np.ravel(ours["ci_high"])[0]) - (share + spread)) < 0.25 * spread


def test_scikit_learn_agrees():
    neighbors = pytest.importorskip("sklearn.neighbors")
    x, train = SLICES[cases.LAYER3_4].astype(np.float32), cases.train_of(len(LABELS))
    model = neighbors.KNeighborsClassifier(10, algorithm="brute").fit(x[train], LABELS[train])
    ours = conceptdec.knn_decodability(x, LABELS, k=10, protocol="split", train=train, ties="smallest")
    assert float(np.ravel(ours["decodability"])[0]) == pytest.approx(model.score(x[~train], LABELS[~train]), abs=1e-12)
