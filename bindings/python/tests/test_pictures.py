"""Pictures of results: which one, what is in it, and how it is drawn."""

import pathlib
import subprocess
import sys
import xml.dom.minidom

import numpy as np
import pytest

import conceptdec
from conceptdec import _html, _svg
from conceptdec._pictures import Curve, Heat, Line, picture_of

GOLDEN = pathlib.Path(__file__).parent / "golden"
NAMES = np.array(["noun", "<verb> & \"more\"", "adj"])
NAN = float("nan")


@pytest.fixture
def plt():
    """matplotlib without a screen."""
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed: plots are NOT tested")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    y = np.repeat([0, 1, 2], 20)
    x = rng.standard_normal((60, 6)) + y[:, None]
    return x, NAMES[y], np.stack([x, 2 * x, -x, x**3, x * [1, 1, 1, 0, 0, 0], x**2]).reshape(2, 3, 60, 6)


# ---- which picture ----


def test_a_curve_over_k(data):
    x, y, _ = data
    r = conceptdec.knn_decodability(x, y, k=[1, 5, 9], bootstrap=20)
    curve = picture_of(r.to_dict())
    assert (curve.title, curve.x_title, curve.places) == ("decodability", "k", ["1", "5", "9"])
    (line,) = curve.lines
    assert np.array_equal(line.value, r.decodability)
    assert np.array_equal(line.low, r.ci_low) and np.array_equal(line.high, r.ci_high)
    assert np.array_equal(curve.chance[0], r.chance_null) and np.array_equal(curve.chance[1], r.chance_null)


def test_a_curve_over_the_last_axis(data):
    _, y, grid = data
    r = conceptdec.sweep(grid, y, k=[1, 5], bootstrap=20)
    curve = picture_of(r.to_dict())
    assert curve.x_title == "axis 1" and curve.places == ["0", "1", "2"]
    assert [line.name for line in curve.lines] == ["axis 0 0, k 1", "axis 0 0, k 5", "axis 0 1, k 1", "axis 0 1, k 5"]
    assert np.array_equal(curve.lines[1].value, r.decodability[0, :, 1])
    assert np.array_equal(curve.lines[2].high, r.ci_high[1, :, 0])
    assert np.array_equal(curve.chance[0], r.chance_null.min(axis=(0, 2)))
    assert np.array_equal(curve.chance[1], r.chance_null.max(axis=(0, 2)))
    (line,) = picture_of(r.to_dict(), "difference", axis_0=1, k=5).lines
    assert np.array_equal(line.value, r.difference[1, :, 1], equal_nan=True)
    assert np.array_equal(line.low, r.difference_low[1, :, 1], equal_nan=True)
    layers = picture_of(conceptdec.sweep(grid[0], y, k=3).to_dict())
    assert [line.name for line in layers.lines] == ["decodability"] and layers.x_title == "axis 0"


def test_many_lines_are_a_matrix(data):
    _, y, grid = data
    r = conceptdec.sweep(grid, y, k=[1, 2, 3, 4])
    heat = picture_of(r.to_dict())
    assert heat.rows[:2] == ["axis 0 0, k 1", "axis 0 0, k 2"] and heat.columns == ["0", "1", "2"] and heat.most == 1
    assert np.array_equal(heat.value, np.moveaxis(r.decodability, 1, 2).reshape(8, 3))


def test_a_path_of_penalties(data):
    x, y, _ = data
    r = conceptdec.probe(x, y, lambdas=[1.0, 0.01])
    curve = picture_of(r.to_dict())
    assert (curve.title, curve.x_title, curve.places) == ("accuracy", "lambda", ["1", "0.01"])
    assert curve.lines[0].low is None and np.allclose(curve.chance[0], r.chance)
    assert picture_of(conceptdec.probe_regression(x, x[:, :1], lambdas=[1.0, 0.1]).to_dict()).title == "r2"


def test_confusion(data):
    x, y, grid = data
    r = conceptdec.knn_decodability(x, y, k=5)
    heat = picture_of(r.to_dict())
    assert heat.title == "confusion" and heat.rows == heat.columns == sorted(NAMES)
    assert np.allclose(heat.value, r.confusion[0] / 20) and (heat.row_title, heat.column_title) == ("true", "predicted")
    s = conceptdec.sweep(grid, y, k=[1, 5])
    first, other = (picture_of(s.to_dict(), "confusion", **at) for at in ({}, dict(axis_0=1, axis_1=2, k=5)))
    assert first.title == "confusion (axis 0 = 0, axis 1 = 0, k = 1)"
    assert other.title == "confusion (axis 0 = 1, axis 1 = 2, k = 5)"
    assert np.allclose(first.value, s.confusion[0, 0, 0] / 20) and np.allclose(other.value, s.confusion[1, 2, 1] / 20)
    alone = conceptdec.knn_decodability(x, y, k=5, ignore="adj").to_dict()
    assert picture_of(alone).rows == sorted(set(NAMES) - {"adj"})


def test_concepts_by_place(data):
    _, y, grid = data
    s = conceptdec.sweep(grid, y, k=[1, 5])
    heat = picture_of(s.to_dict(), "per_concept", axis_0=1)
    assert heat.rows == sorted(NAMES) and heat.columns == ["0", "1", "2"] and heat.column_title == "axis 1"
    assert np.array_equal(heat.value, s.per_concept[1, :, 0].T)
    k = picture_of(conceptdec.knn_decodability(grid[0, 0], y, k=[1, 5]).to_dict(), "per_concept")
    assert k.column_title == "k" and k.columns == ["1", "5"]


def test_pairs(data):
    x, y, grid = data
    overlap = conceptdec.subspace_overlap(x, y, 2)
    heat = picture_of(overlap.to_dict())
    assert heat.title == "overlap" and heat.rows == sorted(NAMES) and np.array_equal(heat.value, overlap.overlap)
    views = picture_of(conceptdec.subspace_overlap([x, x**3], y, 2).to_dict())
    assert views.rows[0] == "0: " + sorted(NAMES)[0] and len(views.rows) == 6
    similar = conceptdec.similarity([x, -x], [x, x**3, x])
    assert np.array_equal(picture_of(similar.to_dict()).value, similar.value)
    vectors = conceptdec.concept_vectors(x, y)
    heat = picture_of(vectors.to_dict())
    assert heat.title == "cosines" and heat.value.min() < 0 and heat.most == pytest.approx(1)


def test_what_has_no_picture(data):
    x, y, _ = data
    assert picture_of(conceptdec.similarity(x, x).to_dict()) is None
    r = conceptdec.knn_decodability(x, y, k=[1, 5])
    assert picture_of(r.to_dict(), "n_scored") is None and picture_of(r.to_dict(), "classes") is None
    with pytest.raises(conceptdec.ConceptDecError, match="k: 7 is none of 1, 5"):
        picture_of(r.to_dict(), k=7)
    with pytest.raises(conceptdec.ConceptDecError, match="layer: no such axis; there are k"):
        picture_of(r.to_dict(), layer=7)
    with pytest.raises(conceptdec.ConceptDecError, match="k: no such axis; there are none"):
        picture_of(conceptdec.geometry(x).to_dict(), "spectrum", k=7)


def test_a_failed_cell(data, recwarn):
    """Is a gap in all that is drawn, and no warning."""
    x, y, _ = data
    r = conceptdec.sweep([x, np.full_like(x, NAN), x], y, k=[1, 5])
    curve = picture_of(r.to_dict())
    assert np.isnan(curve.lines[0].value[1]) and np.isnan(curve.chance[0][1]) and curve.chance[0][0] > 0
    assert np.isnan(picture_of(r.to_dict(), "per_concept").value[:, 1]).all()
    assert picture_of(r.to_dict(), "confusion", axis_0=1) is not None and "svg" in r._repr_html_()
    assert not recwarn.list


def test_chance_of_permutations(data):
    """What 95 % of them give, of all lines; and the level where there are none."""
    x, y, grid = data
    r = conceptdec.knn_decodability(x, y, k=[1, 5, 9], permutations=40)
    low, high = picture_of(r.to_dict()).chance
    assert np.array_equal(low, np.quantile(r.null, 0.025, axis=0)) and (low < r.chance_null).all()
    assert np.array_equal(high, np.quantile(r.null, 0.975, axis=0)) and (high > r.chance_null).all()
    s = conceptdec.sweep(grid, y, k=[1, 5], permutations=40)
    low, high = picture_of(s.to_dict(), axis_0=1).chance
    assert np.array_equal(low, np.quantile(s.null[1], 0.025, axis=1).min(axis=1))
    assert np.array_equal(high, np.quantile(s.null[1], 0.975, axis=1).max(axis=1))
    p = conceptdec.probe(x, y, lambdas=[1.0, 0.1], permutations=20)
    assert np.array_equal(picture_of(p.to_dict()).chance[1], np.quantile(p.null, 0.975, axis=0))
    two = conceptdec.knn_decodability(x, np.stack([y, y[::-1]], axis=1), k=[1, 5], permutations=20)
    assert np.array_equal(picture_of(two.to_dict()).chance[1], np.quantile(two.null, 0.975, axis=1).max(axis=0))


def test_scores_are_drawn_from_zero(data):
    x, y, _ = data
    r = conceptdec.knn_decodability(x, y, k=[1, 5])
    score, other = picture_of(r.to_dict()), picture_of(conceptdec.geometry(x).to_dict())
    assert score.is_share and not other.is_share and not picture_of(r.to_dict(), "kappa").is_share
    assert _svg._Plane(score, 230).y(0.0) == 230 and "0" in texts(_svg.drawn(score))
    assert _svg._Plane(other, 230).low < other.lines[0].value.min()


def test_a_count_of_a_failed_cell_is_a_gap(data):
    x, y, _ = data
    r = conceptdec.sweep([x, np.full_like(x, NAN), x], y, k=3)
    assert np.array_equal(picture_of(r.to_dict(), "n_scored").lines[0].value, [60, NAN, 60], equal_nan=True)


# ---- as SVG ----


PICTURES = {
    "curve": Curve(
        "decodability <of> layers", "layer & more", "decodability", ["0", "1", "2", "3", "4"],
        [
            Line("k <5>", *np.array([[0.2, 0.5, NAN, 0.8, 0.7], [0.1, 0.4, NAN, 0.7, 0.6], [0.3, 0.6, NAN, 0.9, 0.8]])),
            Line("k 10", np.array([0.25, 0.5, 0.6, NAN, 0.7])),
        ],
        (np.array([0.18, 0.19, 0.18, 0.17, NAN]), np.array([0.22, 0.21, 0.22, 0.23, NAN])),
    ),
    "heat": Heat(
        "cosines", "a", "b", ["<noun>", "verb", "a name that is longer than there is room"],
        ["<noun>", "verb", "x" * 30],
        np.array([[1.0, 0.25, -0.5], [0.25, 1.0, NAN], [-0.5, NAN, 0.0]]), 1.0,
    ),
    "wide": Heat(
        "per concept", "concept", "layer", ["noun", "verb"], [str(i) for i in range(40)],
        np.arange(80).reshape(2, 40) / 79, 1.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_golden(name):
    """The bytes are those in tests/golden, which were looked at in a browser, on light and on dark."""
    drawn = _svg.drawn(PICTURES[name])
    assert drawn + "\n" == (GOLDEN / f"{name}.svg").read_text(encoding="utf-8")


def texts(drawn):
    return [node.firstChild.data for node in xml.dom.minidom.parseString(drawn).getElementsByTagName("text")]


def test_names_are_escaped():
    for name in ("curve", "heat"):
        drawn = _svg.drawn(PICTURES[name])
        assert "<noun>" not in drawn and "<5>" not in drawn
    assert {"layer & more", "k <5>", "k 10", "chance"} <= set(texts(_svg.drawn(PICTURES["curve"])))
    assert "<noun>" in texts(_svg.drawn(PICTURES["heat"]))


def test_gaps():
    """What is not defined is not drawn, and in a matrix said to be so."""
    drawn = _svg.drawn(PICTURES["curve"])
    assert "nan" not in drawn and drawn.count("<polyline") == 4 and drawn.count("<circle") == 8
    heat = _svg.drawn(PICTURES["heat"])
    assert heat.count("not defined") == 2 and "nan" not in heat


def test_many_places():
    drawn = _svg.drawn(Curve("t", "x", "y", [str(i) for i in range(4096)], [Line("y", np.arange(4096.0))]))
    assert "<circle" not in drawn and len(drawn) < 100_000


def edge(value):
    return Curve("t", "x", "y", ["0"], [Line("y", np.array([value]))])


@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, 1e300, -1e300, 1e-12, 123456.789, NAN, float("inf")])
def test_any_values(value):
    for picture in (edge(value), Heat("t", "a", "b", ["r"], ["c"], np.array([[value]]), 1.0)):
        drawn = _svg.drawn(picture)
        xml.dom.minidom.parseString(drawn)
        assert "nan" not in drawn and '"inf' not in drawn and '"-0"' not in drawn


def test_empty():
    curve = Curve("t", "x", "y", [], [Line("y", np.array([]))])
    for picture in (curve, Heat("t", "a", "b", [], [], np.zeros((0, 0)), 1.0)):
        xml.dom.minidom.parseString(_svg.drawn(picture))


def test_notebook(data):
    x, y, _ = data
    r = conceptdec.knn_decodability(x, y, k=[1, 5], bootstrap=20)
    shown = r._repr_html_()
    document = xml.dom.minidom.parseString(shown)
    assert len(document.getElementsByTagName("svg")) == 1
    cells = [node.firstChild.data for node in document.getElementsByTagName("td")]
    assert dict(zip(cells[::2], cells[1::2]))["n_scored"] == "60" and "60 samples scored" in shown
    assert "1/C 0.3333" in shown and shown == r._repr_html_()
    confusion = conceptdec.knn_decodability(x, y, k=5)._repr_html_()
    assert "&lt;verb&gt;" in confusion and "<verb>" not in confusion
    assert "svg" not in conceptdec.similarity(x, x)._repr_html_()
    large = conceptdec.subspace_overlap([x] * 22, y, 1)._repr_html_()
    assert "too large for a page" in large and len(large) < 2000
    assert "<p>a &lt; b</p>" in _html.page_of({}, "a < b", [])


# ---- with matplotlib ----


def test_plot_of_a_curve(data, plt):
    x, y, _ = data
    r = conceptdec.knn_decodability(x, y, k=[1, 5, 9], bootstrap=20)
    figure, mine = plt.subplots()
    ax = r.plot(ax=mine, color="red", linestyle="--")
    assert ax is mine and ax.get_lines()[0].get_color() == "red" and ax.get_lines()[0].get_linestyle() == "--"
    assert np.array_equal(ax.get_lines()[0].get_ydata(), r.decodability)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "5", "9"] and ax.get_title() == "decodability"
    interval, chance = ax.collections
    assert interval.get_paths()[0].vertices[:, 1].max() == r.ci_high.max()
    assert chance.get_paths()[0].vertices[:, 1].max() == r.chance_null.max()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["decodability", "chance"]
    figure.canvas.draw()
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > r.ci_high.max()
    ax.plot([0, 2], [0.5, 3.0])
    assert ax.get_ylim()[1] > 3


def test_plot_of_a_matrix(data, plt):
    x, y, grid = data
    s = conceptdec.sweep(grid, y, k=[1, 5])
    ax = s.plot("confusion", at={"axis_0": 1, "axis_1": 2, "k": 5}, cmap="magma")
    image = ax.get_images()[0]
    assert np.allclose(image.get_array(), s.confusion[1, 2, 1] / 20) and image.get_cmap().name == "magma"
    assert [label.get_text() for label in ax.get_yticklabels()] == sorted(NAMES)
    assert conceptdec.concept_vectors(x, y).plot().get_images()[0].get_clim() == (-1, 1)
    with pytest.raises(conceptdec.ConceptDecError, match="n_scored: there is no picture"):
        conceptdec.knn_decodability(x, y).plot("n_scored")
    with pytest.raises(KeyError, match="accuracy"):
        s.plot("accuracy")


def test_plot_of_points(data, plt):
    x, y, _ = data
    model = conceptdec.umap(x, n_neighbors=5)
    ax = model.plot(y, s=3)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == sorted(NAMES)
    assert np.array_equal(ax.collections[0].get_offsets(), model.embedding[y == sorted(NAMES)[0], :2])
    assert len(model.plot().collections) == 1 and model.plot().get_legend() is None
    pca = conceptdec.pca(x, 3)
    ax = pca.plot(x, y, ax)
    assert np.allclose(ax.collections[3].get_offsets(), pca.transform(x)[y == sorted(NAMES)[0], :2])
    assert [bar.get_height() for bar in pca.plot().patches] == pca.explained_variance_ratio.tolist()
    line = conceptdec.pca(x, 1)
    for call in (lambda: model.plot(y[:9]), lambda: pca.plot(x[:9], y), lambda: pca.plot(y=y), lambda: line.plot(x)):
        with pytest.raises(conceptdec.ConceptDecError):
            call()


def test_without_matplotlib(data, monkeypatch):
    x, y, _ = data
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    for call in (conceptdec.knn_decodability(x, y).plot, conceptdec.pca(x, 2).plot):
        with pytest.raises(ImportError, match="matplotlib is needed for plots"):
            call()


def test_nothing_is_imported_at_first():
    code = "import conceptdec, sys; assert not {'matplotlib', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=pathlib.Path(conceptdec.__file__).parents[1])
