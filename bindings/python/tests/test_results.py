"""What every result can become: a dictionary, JSON, a table."""

import json
import math

import numpy as np
import pytest

import conceptdec
from conceptdec import _tables

NAMES = np.array(["noun", "verb", "adj"])


@pytest.fixture(scope="module")
def results():
    """One of each kind, with names for labels where there are labels."""
    rng = np.random.default_rng(5)
    y = np.repeat([0, 1, 2], 20)
    x, names = rng.standard_normal((60, 6)) + y[:, None], NAMES[y]
    grid, two = np.stack([x, 2 * x, -x, x**3]).reshape(2, 2, 60, 6), np.stack([names, names[::-1]], axis=1)
    draws = dict(permutations=20, bootstrap=20)
    return {
        "knn": conceptdec.knn_decodability(x, names, k=[1, 5], **draws),
        "unscored": conceptdec.knn_decodability(x, ["alone", *names[1:]], k=2),
        "label sets": conceptdec.knn_decodability(x, two, k=[1, 5], **draws),
        "sweep": conceptdec.sweep(grid, names, k=[1, 5], **draws),
        "sweep of sets": conceptdec.sweep(grid, two, k=[3]),
        "failed cell": conceptdec.sweep([x, np.full_like(x, np.nan)], names, k=3),
        "probe": conceptdec.probe(x, names, lambdas=[1.0, 0.1], protocol="split", train=np.arange(60) % 3 > 0),
        "probes": conceptdec.sweep(grid[0], names, "probe", lambdas=[1.0, 0.1]),
        "mean": conceptdec.probe(x, names, kind="mean_difference"),
        "regression": conceptdec.probe_regression(x, x[:, :2], lambdas=[1.0, 0.1]),
        "quality": conceptdec.embedding_quality(x, x[:, :2], k=[2, 4], y=names),
        "overlap": conceptdec.subspace_overlap(x, names, 2),
        "pairs": conceptdec.similarity([x, 2 * x], [x, x**3, -x]),
        "one against many": conceptdec.similarity([x, x**3], x),
        "undefined": conceptdec.similarity([x, np.zeros_like(x)], x),
        "grids": conceptdec.similarity(grid, [x, -x]),
        "geometry": conceptdec.geometry(x, names, capacity_draws=10),
        "vectors": conceptdec.concept_vectors(x, names, bootstrap=20),
        "erasure": conceptdec.erasure_curve(x, names),
    }


KINDS = [
    "knn", "unscored", "label sets", "sweep", "sweep of sets", "failed cell", "probe", "probes", "mean", "regression",
    "quality", "overlap", "pairs", "one against many", "undefined", "grids", "geometry", "vectors", "erasure",
]  # fmt: skip


def plain(value):
    """Nested lists, None for what is not finite."""
    if isinstance(value, list):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@pytest.mark.parametrize("kind", KINDS)
def test_json_holds_everything(results, kind):
    r = results[kind]

    def strange(text):
        raise AssertionError(f"{text} is not JSON")

    document = json.loads(r.to_json(), parse_constant=strange)
    assert document["values"].keys() == r.to_dict().keys() == set(r)
    for name, value in r.to_dict().items():
        assert document["values"][name] == plain(np.asarray(value).tolist()), name
    assert {"options", "provenance", "diagnostics"} <= document.keys()
    assert json.loads(json.dumps(document)) == document


def test_json_of_what_is_not_defined(results):
    document = json.loads(results["failed cell"].to_json())
    assert document["values"]["decodability"][1] == [None] and document["values"]["status"][1] != 0
    assert "non-finite value at row 0" in json.dumps(document)
    predicted = json.loads(results["probe"].to_json())["values"]["predicted"]
    assert predicted[0][1] is None and predicted[0][0] in NAMES.tolist()


def test_short_arrays_show_their_numbers(results):
    r = results["geometry"]
    lines = {line.split()[0]: line.split()[1:] for line in repr(r).split("\n")}
    assert lines["capacity"] == [f"{value:.6g}" for value in r.capacity] and lines["class_count"] == ["20"] * 3
    assert lines["classes"] == ["adj", "noun", "verb"] and lines["twonn"] == [f"{r.twonn:.6g}"]
    wide = conceptdec.geometry(np.random.default_rng(0).standard_normal((40, 9)))
    assert "spectrum  array (9,)\n" in repr(wide) and "overlap  array (3, 3)\n" in repr(results["overlap"])


# ---- tables ----


def test_counts_of_failed_cells_are_missing(results):
    """In columns, which need no pandas: -1 is no count."""
    r = results["failed cell"]
    for concepts, name in ((False, "n_scored"), (True, "class_count")):
        columns = _tables.columns_of(r.to_dict(), concepts)
        is_good = columns["axis_0"] == 0
        assert np.isnan(columns[name][~is_good]).all() and (columns[name][is_good] == (20 if concepts else 60)).all()
        assert (columns["status"] == np.where(is_good, 0, r.status[1])).all() and (columns["k"] == 3).all()
    assert r.n_scored.tolist() == [60, -1]
    assert _tables.columns_of(results["sweep"].to_dict(), False)["n_scored"].dtype == np.int64


def test_geometry_of_each_concept(results):
    r = results["geometry"]
    columns = _tables.columns_of(r.to_dict(), True)
    each = ["class_count", "silhouette_per_concept", "participation_per_concept"]
    each += [name + se for name in ("capacity", "manifold_radius", "manifold_dimension") for se in ("", "_se")]
    of_samples = {"curve_samples", "twonn_curve", "twonn_curve_se", "twonn_curve_n"}
    assert set(each) == {name for name in r if np.shape(r[name]) == (3,)} - of_samples - {"classes"}
    assert columns["concept"].tolist() == ["adj", "noun", "verb"]
    for name in each:
        assert np.array_equal(columns[name], r[name]), name


def table(result, concepts=False):
    pytest.importorskip("pandas", reason="pandas is not installed: tables are NOT tested")
    return result.to_pandas(concepts)


def test_a_row_for_each_k(results):
    r, t = results["knn"], table(results["knn"])
    assert t.k.tolist() == [1, 5] and t.decodability.tolist() == r.decodability.tolist()
    assert t.n_scored.tolist() == [60, 60] and t.ci_low.tolist() == r.ci_low.tolist()
    assert not {"confusion", "null", "per_concept", "classes", "class_count"} & set(t)


def test_a_row_for_each_concept(results):
    r, t = results["knn"], table(results["knn"], concepts=True)
    assert t.concept.tolist() == ["adj", "noun", "verb"] * 2 and t.k.tolist() == [1, 1, 1, 5, 5, 5]
    assert t.per_concept.tolist() == r.per_concept.ravel().tolist()
    assert t.decodability.tolist() == np.repeat(r.decodability, 3).tolist()
    assert t.class_count.tolist() == [20] * 6


GRIDS = [("sweep", "axis_0 axis_1 k"), ("label sets", "labels k"), ("probes", "axis_0 lambda_")]


@pytest.mark.parametrize("kind, axes", GRIDS)
def test_rows_of_grids(results, kind, axes):
    r, axes = results[kind], axes.split()
    main = "accuracy" if kind == "probes" else "decodability"
    t = table(r)
    assert list(t)[: len(axes)] == axes and len(t) == r[main].size
    for row, index in zip(t.itertuples(), np.ndindex(*r[main].shape)):
        assert getattr(row, main) == r[main][index] and row.n_scored == 60
        assert row.chance_uniform == r.chance_uniform[index[:-1]]
    long = table(r, concepts=True).set_index([*axes, "concept"])
    assert long.per_concept.tolist() == r.per_concept.ravel().tolist()
    assert "difference" not in r or t.difference.isna().sum() == np.isnan(r.difference).sum() > 0


def test_rows_of_pairs(results):
    r, t = results["overlap"], table(results["overlap"])
    assert t.a.tolist() == ["adj"] * 3 + ["noun"] * 3 + ["verb"] * 3 and t.b.tolist() == ["adj", "noun", "verb"] * 3
    assert t.overlap.tolist() == r.overlap.ravel().tolist() and t.z.tolist() == r.z.ravel().tolist()
    assert not {"variances", "ranks", "cosines"} & set(t)
    many = table(results["pairs"])
    assert many.value.tolist() == results["pairs"].value.ravel().tolist() and many.b.tolist() == [0, 1, 2] * 2
    assert table(results["one against many"]).value.tolist() == results["one against many"].value.tolist()
    assert table(results["grids"]).set_index(["axis_0", "axis_1", "axis_2"]).value.shape == (8,)


def test_other_rows(results):
    assert len(table(results["geometry"])) == 1 and table(results["geometry"]).twonn[0] == results["geometry"].twonn
    concepts = table(results["geometry"], concepts=True)
    assert concepts.silhouette_per_concept.tolist() == results["geometry"].silhouette_per_concept.tolist()
    vectors = table(results["vectors"], concepts=True)
    assert vectors.norms.tolist() == results["vectors"].norms.tolist() and "norm_low" in vectors
    assert table(results["erasure"]).n_removed.tolist() == results["erasure"].n_removed.tolist()
    assert table(results["regression"]).r2.tolist() == results["regression"].r2.tolist()
    assert table(results["quality"]).trustworthiness.tolist() == results["quality"].trustworthiness.tolist()


def test_as_many_samples_as_k():
    """A value of samples or folds is not taken for one of k, whose number it shares."""
    x, y = np.arange(20.0)[:, None] ** 1.5, [0, 1] * 10
    r = conceptdec.knn_decodability(x, y, k=[1, 2, 3, 4], protocol="kfold", folds=4)
    assert "fold" in r and "fold" not in table(r) and len(table(r)) == 4
    equal = conceptdec.probe(x, y, lambdas=np.logspace(-3, 1, 20))
    assert equal.fold.shape == equal.accuracy.shape and not {"fold", "n_missing_test"} & set(table(equal))
    two = conceptdec.knn_decodability(x, y, k=[1, 2])
    assert two.class_count.shape == two.decodability.shape and "class_count" not in table(two)


def test_without_pandas(results, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas is needed for to_pandas"):
        results["knn"].to_pandas()
