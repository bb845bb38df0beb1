"""Many matrices with one set of labels."""

import json

import numpy as np
import pytest

import conceptdec


@pytest.fixture
def layers(rng):
    y = np.repeat(["x", "y", "z"], 15)
    noise = rng.standard_normal((2, 3, 45, 5)).astype(np.float16)
    return noise + np.linspace(0, 2, 3)[None, :, None, None] * np.repeat(np.arange(3), 15)[:, None], y


def test_every_cell_is_that_of_a_call(layers):
    views, y = layers
    swept = conceptdec.sweep(views, y, k=[3, 10], permutations=10, bootstrap=20, seed=2)
    assert swept.decodability.shape == (2, 3, 2) and swept.null.shape == (2, 3, 10, 2)
    assert swept.classes.tolist() == ["x", "y", "z"] and (swept.status == 0).all()
    for cell in np.ndindex(2, 3):
        alone = conceptdec.knn_decodability(views[cell], y, k=[3, 10], permutations=10, bootstrap=20, seed=2)
        for name in ("decodability", "confusion", "null", "p_value", "ci_low", "kappa", "n_scored"):
            assert np.array_equal(swept[name][cell], alone[name]), name


def test_differences(layers):
    views, y = layers
    swept = conceptdec.sweep(views, y, bootstrap=50)
    assert np.isnan(swept.difference[:, 0]).all()
    np.testing.assert_allclose(swept.difference[:, 1:], np.diff(swept.decodability, axis=1))
    assert (swept.difference_low[:, 1:] <= swept.difference_high[:, 1:]).all()


def test_lists(layers):
    views, y = layers
    whole = conceptdec.sweep(views, y)
    nested = conceptdec.sweep([list(row) for row in views], y)
    assert np.array_equal(whole.decodability, nested.decodability)
    flat = conceptdec.sweep([views[0, 0], views[0, 1, :, :2].astype(np.float64)], y)
    assert flat.decodability.shape == (2, 1)
    assert flat.decodability[0] == whole.decodability[0, 0]


def test_one_bad_cell(layers):
    views, y = layers
    cells = [np.array(view, dtype=np.float32) for view in views[0]]
    cells[1][7, 2] = np.nan
    swept = conceptdec.sweep(cells, y)
    assert swept.status.tolist() == [0, -5, 0]
    assert np.isnan(swept.decodability[1]).all() and not np.isnan(swept.decodability[[0, 2]]).any()
    assert "row 7, column 2" in swept.messages[1] and swept.messages[0] == ""
    assert json.loads(swept.to_json())["values"]["classes"] == ["x", "y", "z"]
    assert "nan" in repr(swept)


def test_how_failed_cells_are_shown(layers):
    """They are named with a reason, and no part of any range."""
    views, y = layers
    for metrics in ("knn", "probe"):
        swept = conceptdec.sweep([[views[0, 0], np.full((45, 3), np.inf)], list(views[1, :2])], y, metrics)
        reason = "FAILED: 1 of 4 cells ([0, 1]), the first with: x: non-finite value at row 0, column 0"
        for shown in (repr(swept), swept._repr_html_()):
            assert reason in shown and "45 samples scored" in shown and "1/C 0.3333, largest class 0.3333" in shown
            assert "-1" not in shown.split("\n")[0] and "nan" not in shown.split("chance levels")[1]
            assert shown.count("FAILED") == 1
    bad = conceptdec.sweep([views[0, 0]] + [np.full((45, 3), np.nan)] * 6, y)
    assert "FAILED: 6 of 7 cells ([1], [2], [3], [4] ...), the first with: " in repr(bad)
    assert "FAILED" not in repr(conceptdec.sweep(views, y))


def test_label_sets(layers):
    views, y = layers
    swept = conceptdec.sweep(views, np.column_stack([y, y[::-1]]), k=[2, 4])
    assert swept.decodability.shape == (2, 3, 2, 2)


def test_all_cells_bad(layers):
    views, y = layers
    with pytest.raises(conceptdec.ConceptDecError) as caught:
        conceptdec.sweep(np.full((2, 45, 3), np.inf), y)
    assert caught.value.status_name == "CONCEPTDEC_ENONFINITE"


def test_refused(layers):
    views, y = layers
    with pytest.raises(conceptdec.ConceptDecError, match="metrics: 'svm' is not known; allowed: 'knn', 'probe'"):
        conceptdec.sweep(views, y, metrics="svm")
    with pytest.raises(conceptdec.ConceptDecError, match="one matrix is no grid"):
        conceptdec.sweep(views[0, 0], y)
    with pytest.raises(TypeError):
        conceptdec.sweep(views, y, neighbours=3)


def test_options_that_are_not_there(layers):
    for metrics, option in (("probe", "k"), ("knn", "lambdas")):
        with pytest.raises(TypeError, match=f"^{option}: is no option of a sweep of "):
            conceptdec.sweep(*layers, metrics, **{option: 3})
    with pytest.raises(TypeError, match="^lambdas: is no option of knn"):
        conceptdec.erasure_curve(layers[0][0, 0], layers[1], knn={"lambdas": 3})
