"""Geometry of representations against NumPy and scikit-learn."""

import numpy as np
import pytest

import conceptdec
from common import KINDS, Rows, narrow, refused, strided
from conceptdec import geometry

CLOUD = [
    "spectrum", "total_variance", "participation_ratio", "effective_rank", "rank_me", "stable_rank", "anisotropy",
    "twonn", "twonn_ml", "n_twonn", "mle_dimension", "hubness_skew", "robin_hood", "antihub_share", "hub_share",
]  # fmt: skip
CLASSES = [
    "nc1", "nc1_rank", "nc2", "nc2_norms", "nc3", "nc4", "vci", "fisher", "silhouette", "silhouette_per_concept",
    "participation_per_concept",
]  # fmt: skip


@pytest.fixture
def cloud(rng):
    """90 rows in 6 dimensions, three classes of unequal size."""
    y = np.repeat([0, 1, 2], [20, 30, 40])
    return rng.standard_normal((90, 6)) * [3, 2, 1, 1, 1, 1] + 2 * np.eye(6)[y], np.array(["a", "b", "c"])[y]


def test_spectrum(cloud):
    x, _ = cloud
    r = geometry(x)
    values = np.linalg.eigvalsh(np.cov(x.T))[::-1]
    np.testing.assert_allclose(r.spectrum, values, rtol=1e-9)
    share = values / values.sum()
    assert r.total_variance == pytest.approx(values.sum())
    assert r.participation_ratio == pytest.approx(values.sum() ** 2 / (values**2).sum())
    assert r.effective_rank == pytest.approx(np.exp(-(share * np.log(share)).sum()))
    assert r.stable_rank == pytest.approx(values.sum() / values[0])
    s = np.linalg.svd(x, compute_uv=False)
    assert r.rank_me == pytest.approx(np.exp(-(s / s.sum() * np.log(s / s.sum())).sum()))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert r.anisotropy == pytest.approx((unit @ unit.T)[np.triu_indices(90, 1)].mean())
    assert "classes" not in r and not set(CLASSES) & set(r.keys())


def test_dimensions_from_neighbours(cloud):
    x, _ = cloud
    r = geometry(x, k=8, hub_k=5)
    near = conceptdec.neighbors(x, 8)
    d = near.distances
    mu = np.sort(d[:, 1] / d[:, 0])
    assert r.n_twonn == 90 and r.twonn_ml == pytest.approx(89 / np.log(mu).sum())
    kept = np.log(mu[:81])
    target = -np.log(1 - np.arange(1, 82) / 90)
    assert r.twonn == pytest.approx((kept @ target) / (kept @ kept))
    each = [np.log(row[7] / row[:7]).sum() / 7 for row in d]
    assert r.mle_dimension == pytest.approx(1 / np.mean(each))
    count = np.bincount(near.indices[:, :5].ravel(), minlength=90)
    assert r.hubness_skew == pytest.approx(((count - 5) ** 3).mean() / count.std() ** 3)
    assert r.robin_hood == pytest.approx(np.abs(count - 5).sum() / (2 * 90 * 5))
    assert r.antihub_share == pytest.approx((count == 0).mean()) and r.hub_share == pytest.approx((count >= 10).mean())
    assert r.curve_samples.tolist() == [90, 45, 22] and r.twonn_curve.shape == r.twonn_curve_se.shape == (3,)
    assert r.twonn_curve[0] == pytest.approx(r.twonn_ml)


def test_known_dimensions(rng):
    plane = rng.uniform(size=(800, 2)) @ rng.standard_normal((2, 20))
    r = geometry(plane)
    assert all(1.7 < r[name] < 2.3 for name in ("twonn", "twonn_ml", "mle_dimension")) and r.effective_rank <= 2 + 1e-9


def test_classes(cloud):
    x, y = cloud
    metrics = pytest.importorskip("sklearn.metrics")
    r = geometry(x, y)
    labels = np.unique(y)
    means = np.array([x[y == c].mean(axis=0) for c in labels])
    single = metrics.silhouette_samples(x, y)
    assert r.silhouette == pytest.approx(single.mean())
    np.testing.assert_allclose(r.silhouette_per_concept, [single[y == c].mean() for c in labels], rtol=1e-9)
    each = [np.linalg.eigvalsh(np.cov(x[y == c].T)) for c in labels]
    np.testing.assert_allclose(r.participation_per_concept, [v.sum() ** 2 / (v**2).sum() for v in each], rtol=1e-9)
    centred = means - means.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1)
    assert r.nc2_norms == pytest.approx(norms.std() / norms.mean()) and r.nc1_rank == 2
    unit = centred / norms[:, None]
    assert r.nc2 == pytest.approx(np.abs((unit @ unit.T)[np.triu_indices(3, 1)] + 1 / 2).mean())
    assert r.classes.tolist() == ["a", "b", "c"]
    assert all(np.isfinite(r[name]).all() for name in CLASSES)


def test_own_classifier(cloud, rng):
    x, y = cloud
    labels, w = np.unique(y), rng.standard_normal((3, 6))
    means = np.array([x[y == c].mean(axis=0) for c in labels])
    m = means - means.mean(axis=0)
    r = geometry(x, y, weights=w, bias=[0.5, 0.0, -0.5])
    assert r.nc3 == pytest.approx(((w / np.linalg.norm(w) - m / np.linalg.norm(m)) ** 2).sum())
    called = (x @ w.T + [0.5, 0.0, -0.5]).argmax(axis=1)
    nearest = ((x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert r.nc4 == pytest.approx((called != nearest).mean())
    weak = geometry(x, y, lambda_=0.5)
    model = conceptdec.fit_probe(x, y, lambda_=0.5)
    assert weak.nc4 == pytest.approx((model.predict(x) != labels[nearest]).mean())


def test_collapse():
    y = np.repeat([0, 1, 2], 10)
    x = np.eye(3)[y] + np.tile(np.linspace(-1e-3, 1e-3, 10), 3)[:, None] * [1, -1, 0]
    r = geometry(x, y, neighbors=False)
    assert r.nc1 < 1e-5 and r.nc2 < 1e-9 and r.nc2_norms < 1e-9 and r.nc4 == 0 and r.silhouette > 0.99
    assert r.vci < 1e-5 and r.fisher > 1e4


def test_parts(cloud):
    x, y = cloud
    assert "spectrum" not in geometry(x, spectrum=False) and "twonn" not in geometry(x, neighbors=False)
    less = geometry(x, y, probe=False, silhouette=False)
    assert not {"nc3", "nc4", "silhouette", "lambda_"} & set(less.keys()) and "nc2" in less
    assert "twonn_curve" not in geometry(x, curve=False) and "twonn" in geometry(x, curve=False)
    assert set(CLOUD) <= set(geometry(x).keys())


def test_capacity(cloud, rng):
    parts = dict(spectrum=False, neighbors=False, probe=False, silhouette=False)
    points = np.repeat(3 * np.eye(5), 2, axis=0)
    r = conceptdec.geometry(points, np.arange(10) // 2, capacity_draws=2000, **parts)
    assert np.abs(r.capacity - 2).max() < 4 * r.capacity_se.max() < 0.5
    assert not r.manifold_radius.any() and r.capacity_residual < 1e-12
    wide = np.repeat(3 * np.eye(5), 40, axis=0) + rng.standard_normal((200, 5))
    labels = np.arange(200) // 40
    r = conceptdec.geometry(wide, labels, capacity_draws=100, seed=3, **parts)
    assert r.capacity.shape == r.manifold_dimension_se.shape == (5,) and r.capacity.max() < 1.5
    assert abs(1 / r.capacity_mean - (1 / r.capacity).mean()) < 1e-12
    alone = conceptdec.geometry(wide, labels, capacity_draws=100, seed=3, threads=1, **parts)
    assert alone.capacity.tolist() == r.capacity.tolist() and alone.capacity_mean_se == r.capacity_mean_se
    narrow = conceptdec.geometry(wide, labels, capacity_draws=100, seed=3, capacity_margin=0.5, **parts)
    assert (narrow.capacity < r.capacity).all()
    assert "capacity" not in conceptdec.geometry(wide, labels, **parts).keys()
    with pytest.raises(conceptdec.ConceptDecError, match="capacity_margin: is given, but"):
        conceptdec.geometry(wide, labels, capacity_margin=0.5, **parts)


def test_references(cloud):
    r = geometry(cloud[0], references=4, seed=2)
    assert r.hubness_reference.shape == (4, 4) and np.isfinite(r.hubness_reference).all()
    assert np.array_equal(geometry(cloud[0], references=4, seed=2, threads=3).hubness_reference, r.hubness_reference)
    assert not np.array_equal(geometry(cloud[0], references=4, seed=3).hubness_reference, r.hubness_reference)


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes(cloud, kind):
    x, options, wide = narrow(cloud[0], kind)
    r = geometry(x, cloud[1], **options)
    exact = geometry(wide, cloud[1])
    for name in CLOUD + CLASSES:
        np.testing.assert_allclose(r[name], exact[name], rtol=1e-9 if kind == "float64" else 1e-3, atol=1e-9)
    for rows in (Rows(x), strided(x)):
        same = geometry(rows, cloud[1], threads=3, **options)
        assert all(np.array_equal(same[name], r[name], equal_nan=True) for name in CLOUD + CLASSES)


def test_cosine(cloud):
    x, y = cloud
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    one, other = geometry(x, y, "cosine"), geometry(unit, y, "cosine")
    assert one.mle_dimension == pytest.approx(other.mle_dimension) and one.silhouette == pytest.approx(other.silhouette)
    assert one.silhouette != pytest.approx(geometry(x, y).silhouette)


def test_what_is_not_defined(rng):
    flat = geometry(np.ones((30, 3)), np.arange(30) % 2, probe=False)
    for name in ("participation_ratio", "effective_rank", "stable_rank", "twonn", "mle_dimension", "nc2", "fisher"):
        assert np.isnan(flat[name]), name
    x, y = rng.standard_normal((30, 3)), np.arange(30) % 2
    one = geometry(x, y, classes=[0, 1, 2], probe=False)
    assert np.isnan(one.participation_per_concept[2]) and np.isnan(one.silhouette_per_concept[2])


def test_ignored(cloud):
    x, y = cloud
    r, less = geometry(x, y, ignore="a"), geometry(x[y != "a"], y[y != "a"])
    for name in ("nc2_norms", "fisher", "silhouette"):
        assert r[name] == pytest.approx(less[name]), name
    assert r.classes.tolist() == ["b", "c"]


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EK", dict(k=90), "k"),
        ("EK", dict(hub_k=0), "hub_k"),
        ("ESIZE", dict(references=-1), "references"),
        ("EINVAL", dict(metric="l1"), "metric: 'l1' is not known"),
        ("EINVAL", dict(discard=1.0), "discard"),
        ("EINVAL", dict(lambda_=-1.0), "lambda"),
        ("EINVAL", dict(tolerance=-1.0), "tolerance"),
        ("EINVAL", dict(neighbors=False, k=5), "k: is given, but"),
        ("EINVAL", dict(bias=[1.0, 2.0, 3.0]), "bias"),
        ("ESIZE", dict(weights=np.ones((3, 5))), "weights"),
        ("ESIZE", dict(weights=np.ones((3, 6)), bias=[1.0]), "bias"),
        ("EINVAL", dict(y=None, weights=np.ones((3, 6))), "weights"),
        ("EINVAL", dict(y=None, ignore="a"), "ignore: stands beside y only"),
        ("ESIZE", dict(y=["a"] * 7), "labels|7"),
        ("ENONFINITE", dict(X=np.full((90, 2), np.inf)), "row 0, column 0"),
        ("ETOOFEW", dict(X=np.ones((1, 2)), y=None), "x|row"),
    ],
)
def test_refused(cloud, name, changes, text):
    refused(name, lambda: geometry(**{"X": cloud[0], "y": cloud[1], **changes}), text)


def test_centred_means_span_no_more_than_classes_less_one():
    rng = np.random.default_rng(3)
    y = np.arange(140) % 7
    x = rng.standard_normal((140, 9)) + rng.standard_normal((7, 9))[y]
    assert conceptdec.geometry(x, y, tolerance=0.0).nc1_rank == 6
