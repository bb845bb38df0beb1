"""Moments per class, subspaces and their overlap against NumPy and SciPy."""

import copy
import gc
import json
import pickle
import threading

import numpy as np
import pytest

import conceptdec
from common import KINDS, Rows, narrow, refused, strided
from conceptdec import ClassMoments, Subspaces


@pytest.fixture
def concepts(rng):
    """120 rows in 9 dimensions; each of three concepts has a plane and a spread of its own."""
    y = np.arange(120) % 3
    x = 0.1 * rng.standard_normal((120, 9)) + 2
    for c in range(3):
        x[y == c, 2 * c : 2 * c + 3] += rng.standard_normal((40, 3)) * [4.0, 2.0, 1.0]
    return x, np.array(["adj", "noun", "verb"])[y]


def principal(x, rank, center=True):
    """Leading directions and variances by NumPy."""
    _, s, v = np.linalg.svd(x - x.mean(axis=0) * center, full_matrices=False)
    return v[:rank], s[:rank] ** 2 / (len(x) - center)


def projector(basis):
    return basis.T @ basis


def angles_of(a, b):
    linalg = pytest.importorskip("scipy.linalg")
    return linalg.subspace_angles(a.T, b.T)[::-1]


def random_bases(rng, ranks, d):
    return [np.linalg.qr(rng.standard_normal((d, r)))[0].T for r in ranks]


# ---- moments per class


def test_moments_are_those_of_numpy(concepts):
    x, y = concepts
    moments = ClassMoments(9, ["verb", "adj", "noun", "none"]).add(x[:50], y[:50]).add(x[50:], y[50:])
    assert moments.n_samples == 120 and moments.class_count.tolist() == [40, 40, 40, 0]
    np.testing.assert_allclose(moments.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(x.T), rtol=1e-10, atol=1e-12)
    scatter = []
    for c, label in enumerate(["verb", "adj", "noun"]):
        rows = x[y == label]
        np.testing.assert_allclose(moments.means[c], rows.mean(axis=0), rtol=1e-12)
        scatter.append(np.cov(rows.T) * 39)
    np.testing.assert_allclose(moments.scatter[:3], scatter, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(moments.within, sum(scatter) / 120, rtol=1e-9, atol=1e-12)
    assert np.isnan(moments.means[3]).all() and (moments.scatter[3] == 0).all()
    assert "120 rows, 4 classes, d=9" in repr(moments)


def test_kinds_of_moments(concepts):
    x, y = concepts
    full = ClassMoments(9, np.unique(y)).add(x, y)
    pooled = ClassMoments(9, np.unique(y), pooled=True).add(x, y)
    means = ClassMoments(9, np.unique(y), means=True).add(x, y)
    for moments in (pooled, means):
        np.testing.assert_allclose(moments.means, full.means, rtol=1e-12)
        assert np.array_equal(moments.class_count, full.class_count)
        refused("ENAME", lambda: moments.scatter, "scatter")
    np.testing.assert_allclose(pooled.within, full.within, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(pooled.covariance, full.covariance, rtol=1e-9, atol=1e-12)
    refused("ENAME", lambda: means.within, "within")
    refused("EINVAL", lambda: ClassMoments(9, [0, 1], pooled=True, means=True), "pooled")


@pytest.mark.parametrize("kind", KINDS)
def test_batches_do_not_matter(rng, kind):
    x, options, wide = narrow(rng.standard_normal((9000, 5)) + 3, kind)
    y = rng.integers(0, 3, 9000)
    whole = ClassMoments(5, range(3)).add(x, y, **options)
    np.testing.assert_allclose(whole.means, [wide[y == c].mean(axis=0) for c in range(3)], rtol=1e-10)
    for cuts in ([1], [8191, 8192], range(700, 9000, 700)):
        parts = ClassMoments(5, range(3))
        for rows, labels in zip(np.split(x, list(cuts)), np.split(y, list(cuts))):
            assert parts.add(rows, labels, threads=2, **options) is parts
        same_moments(parts, whole)
    same_moments(ClassMoments(5, range(3)).add(Rows(x), y, **options), whole)
    same_moments(ClassMoments(5, range(3)).add(strided(x), y, **options), whole)


def same_moments(a, b):
    for name in ("n_samples", "class_count", "mean", "means", "within", "scatter", "covariance", "classes"):
        assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=name != "classes"), name


def test_labels_of_moments(concepts):
    x, y = concepts
    some = ClassMoments(9, ["noun", "adj"]).add(x, y, ignore="verb")
    assert some.class_count.tolist() == [40, 40]
    before = copy.deepcopy(some)
    refused("ELABEL", lambda: some.add(x, y), "'verb' at row 2 is not among the classes")
    refused("ESIZE", lambda: some.add(x[:5], ["noun"] * 4))
    refused("ESIZE", lambda: some.add(x[:, :4], y, ignore="verb"))
    bad = x.copy()
    bad[97, 3] = np.nan
    refused("ENONFINITE", lambda: some.add(bad, y, ignore="verb"), "row 97, column 3")
    same_moments(some, before)
    refused("ESIZE", lambda: ClassMoments(0, [1, 2]), "dims")
    refused("ESIZE", lambda: ClassMoments(2, 3), "classes: needs 1 axis")
    refused("EINVAL", lambda: ClassMoments(2, ["a", "a"]), "twice")
    refused("ESIZE", lambda: ClassMoments(2, []), "classes")


def test_merged_moments(concepts):
    x, y = concepts
    a, b = ClassMoments(9, np.unique(y)).add(x[:70], y[:70]), ClassMoments(9, np.unique(y)).add(x[70:], y[70:])
    before, whole = copy.deepcopy(b), ClassMoments(9, np.unique(y)).add(x, y)
    assert a.merge(b) is a
    np.testing.assert_allclose(a.scatter, whole.scatter, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(a.means, whole.means, rtol=1e-12)
    same_moments(b, before)
    with pytest.raises(TypeError, match="other: needs ClassMoments, not ndarray"):
        a.merge(x)
    refused("EINVAL", lambda: a.merge(ClassMoments(9, ["adj", "verb", "noun"])), "classes")
    refused("ESIZE", lambda: a.merge(ClassMoments(4, np.unique(y))))
    refused("EINVAL", lambda: a.merge(ClassMoments(9, np.unique(y), pooled=True)))


def test_life_of_moments(concepts, tmp_path):
    x, y = concepts
    moments = ClassMoments(9, np.unique(y)).add(x, y)
    for again in (pickle.loads(pickle.dumps(moments)), copy.deepcopy(moments)):
        same_moments(again, moments)
    moments.save(tmp_path / "m")
    loaded = conceptdec.load_class_moments(tmp_path / "m")
    assert loaded.classes.tolist() == [0, 1, 2] and np.array_equal(loaded.means, moments.means)
    same_moments(ClassMoments.load(tmp_path / "m", np.unique(y)), moments)
    refused("ESIZE", lambda: conceptdec.load_class_moments(tmp_path / "m", ["a", "b"]), "classes: 2 values")
    damaged(tmp_path / "m", conceptdec.load_class_moments)
    with moments as same:
        means = same.means
    refused("EINVAL", lambda: moments.means, "this ClassMoments is closed")
    assert "closed" in repr(moments) and np.array_equal(means, loaded.means)


def damaged(path, load):
    whole = path.read_bytes()
    for raw in (whole[:-1], whole + b"x", b"", bytes([whole[0] ^ 1]) + whole[1:]):
        path.write_bytes(raw)
        refused("EFORMAT", lambda: load(path))
    with pytest.raises(conceptdec.ConceptDecFileError):
        load(path.parent / "absent")


def test_moments_shared_by_threads():
    x = np.random.default_rng(3).standard_normal((60, 6))
    moments = ClassMoments(6, [0, 1])
    work = lambda: [moments.add(x, np.arange(60) % 2) for _ in range(20)]  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert moments.n_samples == 4 * 20 * 60


# ---- subspaces


@pytest.mark.parametrize("basis", ["within", "uncentered"])
def test_principal_directions(concepts, basis):
    x, y = concepts
    found = conceptdec.subspaces(x, y, 2, basis)
    assert len(found) == 3 and found.ranks.tolist() == [2, 2, 2] and found.class_.tolist() == ["adj", "noun", "verb"]
    for c, label in enumerate(found.classes):
        v, variance = principal(x[y == label], 9, basis == "within")
        np.testing.assert_allclose(projector(found.bases[c]), projector(v[:2]), atol=1e-9)
        np.testing.assert_allclose(found.variances[c], variance[:2], rtol=1e-9)
        assert found.total_variance[c] == pytest.approx(variance.sum())
        assert found.gap[c] == pytest.approx((variance[1] - variance[2]) / variance[0])
    assert found.n_samples.tolist() == [40] * 3 and found.view.tolist() == [0] * 3
    assert not found.undecided.any() and not found.n_missing.any() and not found.bases[0].flags.writeable
    assert "3 of rank 2 in d=9" in repr(found)


def test_other_bases(concepts):
    x, y = concepts
    means = np.array([x[y == label].mean(axis=0) for label in np.unique(y)])
    found = conceptdec.subspaces(x, y, basis="means")
    assert len(found) == 1 and found.ranks.tolist() == [2] and found.class_.tolist() == [None]
    np.testing.assert_allclose(projector(found.bases[0]), projector(principal(means, 2)[0]), atol=1e-9)
    found = conceptdec.subspaces(x, y, basis="difference")
    for c, label in enumerate(found.classes):
        difference = means[c] - x[y != label].mean(axis=0)
        assert abs(found.bases[c][0] @ difference) == pytest.approx(np.linalg.norm(difference), rel=1e-12)
    found = conceptdec.subspaces(x, y, basis="probe", probe=dict(kind="ridge", lambda_=0.1))
    weights = conceptdec.fit_probe(x, y, "ridge", 0.1).weights
    for c in range(3):
        np.testing.assert_allclose(abs(found.bases[c][0] @ weights[c]), np.linalg.norm(weights[c]), rtol=1e-9)


def test_how_many_directions(concepts):
    x, y = concepts
    share = conceptdec.subspaces(x, y, explained=0.9)
    for c, label in enumerate(share.classes):
        variance = principal(x[y == label], 9)[1]
        assert share.ranks[c] == (np.cumsum(variance) / variance.sum() < 0.9).sum() + 1
    assert conceptdec.subspaces(x, y).ranks.tolist() == [9, 9, 9]
    assert conceptdec.subspaces(x, y, tolerance=0.15).ranks.max() < 9
    few = conceptdec.subspaces(x[:6], y[:6], 5)
    assert few.ranks.tolist() == [1, 1, 1] and few.n_missing.tolist() == [4, 4, 4]
    empty = conceptdec.subspaces(x, y, 2, classes=["adj", "none", "noun", "verb", "last"])
    assert empty.ranks.tolist() == [2, 0, 2, 2, 0] and empty.bases[1].shape == (0, 9)
    assert np.isnan(empty.overlap().overlap[1]).all() and empty.class_.tolist() == empty.classes.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_of_subspaces(concepts, kind):
    x, options, wide = narrow(concepts[0], kind)
    y = concepts[1]
    found = conceptdec.subspaces(x, y, 2, **options)
    slack = 1e-9 if kind == "float64" else 1e-5
    for c, label in enumerate(found.classes):
        v, variance = principal(wide[y == label], 2)
        np.testing.assert_allclose(projector(found.bases[c]), projector(v), atol=slack)
        np.testing.assert_allclose(found.variances[c], variance, rtol=slack)
    for rows in (Rows(x), strided(x)):
        same = conceptdec.subspaces([rows], y, 2, threads=3, **options)
        assert all(np.array_equal(a, b) for a, b in zip(same.bases, found.bases))


def test_views(concepts):
    x, y = concepts
    layers = np.stack([x, x[:, ::-1] * 2])
    found = conceptdec.subspaces(layers, y, 2)
    assert found.view.tolist() == [0, 0, 0, 1, 1, 1] and found.class_.tolist() == ["adj", "noun", "verb"] * 2
    np.testing.assert_allclose(projector(found.bases[3]), projector(found.bases[0][:, ::-1]), atol=1e-9)
    one_by_one = Subspaces.join([conceptdec.subspaces(layer, y, 2) for layer in layers])
    assert one_by_one.view.tolist() == found.view.tolist() and one_by_one.class_.tolist() == found.class_.tolist()
    for a, b in zip(one_by_one.bases, found.bases):
        np.testing.assert_allclose(projector(a), projector(b), atol=1e-9)
    refused("ESIZE", lambda: conceptdec.subspaces([x, x[:, :4]], y, 2), r"X\[1\]: 120 x 4, but X\[0\] is")
    refused("ESIZE", lambda: conceptdec.subspaces([], y, 2), "views")


def test_subspaces_of_moments(concepts):
    x, y = concepts
    moments = ClassMoments(9, np.unique(y)).add(x, y)
    for options in (dict(rank=2), dict(rank=2, basis="uncentered"), dict(basis="means"), dict(basis="difference")):
        ours, theirs = moments.subspaces(**options), conceptdec.subspaces(x, y, **options)
        assert ours.ranks.tolist() == theirs.ranks.tolist() and ours.class_.tolist() == theirs.class_.tolist()
        for a, b in zip(ours.bases, theirs.bases):
            np.testing.assert_allclose(projector(a), projector(b), atol=1e-6)
    refused("EINVAL", lambda: moments.subspaces(basis="probe"), "probe")
    pooled = ClassMoments(9, np.unique(y), pooled=True).add(x, y)
    refused("EINVAL", lambda: pooled.subspaces(2), "pooled|scatter")
    assert pooled.subspaces(basis="means").ranks.tolist() == [2]


def test_given_bases(rng):
    rows = rng.standard_normal((3, 7))
    found = Subspaces.from_bases([rows, np.concatenate([rows[:1], 2 * rows[:1]])])
    assert found.ranks.tolist() == [3, 1] and found.n_missing.tolist() == [0, 1] and found.class_.tolist() == [None] * 2
    np.testing.assert_allclose(projector(found.bases[0]), np.linalg.pinv(rows) @ rows, atol=1e-12)
    assert np.isnan(found.variances[0]).all() and found.n_samples.tolist() == [0, 0]
    ortho = random_bases(rng, [2, 2, 2, 2], 7)
    named = Subspaces.from_bases(ortho, [[4.0, 1.0]] * 4, ["noun", "verb"])
    assert named.class_.tolist() == ["noun", "verb"] * 2 and named.view.tolist() == [0, 0, 1, 1]
    assert all(np.allclose(a, b, atol=1e-12) for a, b in zip(named.bases, ortho))
    assert [v.tolist() for v in named.variances] == [[4.0, 1.0]] * 4
    refused("ESIZE", lambda: Subspaces.from_bases(ortho, [[1.0, 1.0]]), "variances: 1 arrays for 4 bases")
    refused("ESIZE", lambda: Subspaces.from_bases(ortho, [[1.0, 1.0, 1.0]] * 4), "variances")
    refused("EINVAL", lambda: Subspaces.from_bases([2 * ortho[0]], [[1.0, 1.0]]), "orthonormal")
    refused("ESIZE", lambda: Subspaces.from_bases([ortho[0], np.ones((1, 3))]), "base")
    refused("ENONFINITE", lambda: Subspaces.from_bases([np.full((1, 3), np.inf)]), "row 0, column 0")


def test_joined(rng):
    a, b = (Subspaces.from_bases(random_bases(rng, [2, 1], 5), classes=["x", "y"]) for _ in range(2))
    both = Subspaces.join([a, b, Subspaces.from_bases([np.eye(5)[:1]])])
    assert both.class_.tolist() == ["x", "y", "x", "y", None] and both.ranks.tolist() == [2, 1, 2, 1, 1]
    assert all(np.array_equal(one, other) for one, other in zip(both.bases, a.bases + b.bases))
    refused("EINVAL", lambda: Subspaces.join([a, Subspaces.from_bases([np.eye(5)], classes=["z"])]), "parts: classes")
    refused("ESIZE", lambda: Subspaces.join([a, Subspaces.from_bases([np.eye(4)])]))
    refused("ESIZE", lambda: Subspaces.join([]))
    with pytest.raises(TypeError, match="parts: needs Subspaces, not list"):
        Subspaces.join([a, [1]])


def test_life_of_subspaces(concepts, tmp_path):
    x, y = concepts
    found = conceptdec.subspaces(x, y, 2)
    names = ("ranks", "total_variance", "gap", "undecided", "n_missing", "n_samples", "view", "class_", "classes")
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert all(np.array_equal(getattr(again, name), getattr(found, name)) for name in names)
        assert all(np.array_equal(a, b) for a, b in zip(again.bases + again.variances, found.bases + found.variances))
    found.save(tmp_path / "s")
    assert conceptdec.load_subspaces(tmp_path / "s").class_.tolist() == [0, 1, 2]
    assert Subspaces.load(tmp_path / "s", found.classes).class_.tolist() == ["adj", "noun", "verb"]
    refused("ESIZE", lambda: conceptdec.load_subspaces(tmp_path / "s", ["a"]), "classes: 1 values")
    damaged(tmp_path / "s", conceptdec.load_subspaces)
    bases, expected = found.bases, [np.array(basis) for basis in found.bases]
    with found as same:
        assert same is found
    gc.collect()
    assert all(np.array_equal(a, b) for a, b in zip(bases, expected)) and "closed" in repr(found)
    refused("EINVAL", lambda: found.overlap(), "this Subspaces is closed")


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EINVAL", dict(rank=0), "rank"),
        ("EINVAL", dict(basis="pca"), "basis: 'pca' is not known; allowed: 'within'"),
        ("EINVAL", dict(explained=1.5), "explained"),
        ("EINVAL", dict(rank=2, explained=0.5), "explained"),
        ("EINVAL", dict(rank=2, basis="difference"), "rank"),
        ("EINVAL", dict(tolerance=-1.0), "tolerance"),
        ("EINVAL", dict(probe=dict(kind="ridge")), "probe"),
        ("EINVAL", dict(rank=2.5), "rank: needs an integer"),
        ("EINVAL", dict(memory=-1), "memory"),
        ("ESIZE", dict(y=["a"] * 7), "labels|7"),
        ("ESIZE", dict(y=[["a", "b"]] * 120), "y: needs one label for each sample"),
        ("ENONFINITE", dict(X=np.diag([1.0, np.nan, 2.0]), y=[0, 1, 1]), "row 1, column 1"),
        ("EDTYPE", dict(X=np.ones((120, 3), dtype=int)), "X: must be"),
        ("ESIZE", dict(X=np.ones(3)), "X: a view needs 2 axes"),
        ("ELABEL", dict(classes=["adj", "noun"]), "'verb' at row 2"),
    ],
)
def test_subspaces_refused(concepts, name, changes, text):
    refused(name, lambda: conceptdec.subspaces(**{"X": concepts[0], "y": concepts[1], **changes}), text)


# ---- overlap


def check_pair(r, i, j, a, b, d):
    """Every field of one pair, against what SciPy's angles give."""
    least = min(len(a), len(b))
    theta = angles_of(a, b)
    cosines, squared = np.cos(theta), np.cos(theta) ** 2
    np.testing.assert_allclose(r.angles[i, j, :least], theta, atol=1e-7)
    np.testing.assert_allclose(r.cosines[i, j, :least], cosines, atol=1e-12)
    assert np.isnan(r.angles[i, j, least:]).all() and np.isnan(r.cosines[i, j, least:]).all()
    expected = {
        "overlap": squared.mean(),
        "shared_dimensions": squared.sum(),
        "geodesic": np.sqrt((theta**2).sum()),
        "chordal": np.sqrt((np.sin(theta) ** 2).sum()),
        "procrustes": 2 * np.sqrt((np.sin(theta / 2) ** 2).sum()),
        "max_angle": theta.max(),
        "fubini_study": np.arccos(min(np.prod(cosines), 1.0)),
        "expected": max(len(a), len(b)) / d,
    }
    for name, value in expected.items():
        assert r[name][i, j] == pytest.approx(value, abs=2e-7), name
    ra, rb = len(a), len(b)
    variance = 2 * ra * rb * (d - ra) * (d - rb) / (d**2 * (d - 1) * (d + 2)) / least**2
    assert r.expected_sd[i, j] == pytest.approx(np.sqrt(variance), abs=1e-12)
    if variance > 0:
        assert r.z[i, j] == pytest.approx((r.overlap[i, j] - r.expected[i, j]) / np.sqrt(variance), abs=1e-9)


def test_angles_are_those_of_scipy(rng):
    a, b = random_bases(rng, [1, 3, 4], 12), random_bases(rng, [2, 3], 12)
    b.append(np.concatenate([a[1][:1], b[1][:1] - b[1][:1] @ projector(a[1][:1])]))
    b[-1][1] /= np.linalg.norm(b[-1][1])
    one, other = Subspaces.from_bases(a), Subspaces.from_bases(b)
    r = one.overlap(other)
    assert r.angles.shape == (3, 3, 3) and r.ranks.tolist() == [1, 3, 4] and r.ranks_other.tolist() == [2, 3, 2]
    for i in range(3):
        for j in range(3):
            check_pair(r, i, j, a[i], b[j], 12)
    itself = one.overlap()
    for i in range(3):
        for j in range(3):
            check_pair(itself, i, j, a[i], a[j], 12)
    assert np.array_equal(itself.overlap, itself.overlap.T) and "ranks_other" in itself
    same_bits(one.overlap(other, threads=3), r)


def same_bits(a, b):
    assert a.keys() == b.keys()
    for name in a.keys():
        one, other = np.asarray(a[name]), np.asarray(b[name])
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name


def test_tiny_and_right_angles():
    tiny = np.array([[np.cos(1e-9), np.sin(1e-9), 0, 0], [0, 0, 1, 0]])
    r = Subspaces.from_bases([np.eye(4)[:1], tiny, np.eye(4)[3:]]).overlap()
    assert r.angles[0, 1, 0] == pytest.approx(1e-9, rel=1e-6)
    assert r.angles[0, 2, 0] == pytest.approx(np.pi / 2) and r.overlap[0, 2] == 0


def test_unequal_ranks(rng):
    a, b = random_bases(rng, [1, 3], 8)
    one, other = Subspaces.from_bases([a]), Subspaces.from_bases([b])
    plain, counted = one.overlap(other), one.overlap(other, count_missing=True)
    extra = 2 * (np.pi / 2) ** 2
    assert counted.geodesic[0, 0] ** 2 == pytest.approx(plain.geodesic[0, 0] ** 2 + extra)
    assert counted.chordal[0, 0] ** 2 == pytest.approx(plain.chordal[0, 0] ** 2 + 2)
    assert counted.max_angle[0, 0] == pytest.approx(np.pi / 2) and counted.overlap[0, 0] == plain.overlap[0, 0]


def test_without_angles(rng):
    both = Subspaces.from_bases(random_bases(rng, [3, 2, 3], 10))
    full, less = both.overlap(), both.overlap(angles=False)
    for name in ("overlap", "shared_dimensions", "chordal", "expected", "expected_sd", "z", "p_value"):
        np.testing.assert_allclose(less[name], full[name], atol=1e-12)
    assert not {"angles", "cosines", "geodesic"} & set(less.keys())


def test_variance_overlap(rng):
    a, b = random_bases(rng, [3, 2], 6)
    variances = [np.array([5.0, 2.0, 1.0]), np.array([3.0, 1.0])]
    r = Subspaces.from_bases([a, b], variances).overlap()
    captured = np.einsum("i,ij->", variances[0], (a @ b.T) ** 2)
    assert r.variance_overlap[0, 1] == pytest.approx(captured / variances[0][:2].sum())
    captured = np.einsum("i,ij->", variances[1], (b @ a.T) ** 2)
    assert r.variance_overlap[1, 0] == pytest.approx(captured / variances[1].sum())


def test_overlap_of_concepts(concepts):
    x, y = concepts
    r = conceptdec.subspace_overlap(x, y, 2)
    found = conceptdec.subspaces(x, y, 2)
    for i in range(3):
        for j in range(3):
            check_pair(r, i, j, found.bases[i], found.bases[j], 9)
    assert r.classes.tolist() == r.class_.tolist() == ["adj", "noun", "verb"] and r.view.tolist() == [0, 0, 0]
    for i, label in enumerate(r.classes):
        s = np.cov(x[y == label].T)
        best = np.linalg.eigvalsh(s)[::-1][:2].sum()
        for j in range(3):
            captured = np.trace(found.bases[j] @ s @ found.bases[j].T)
            assert r.alignment_index[i, j] == pytest.approx(captured / best, rel=1e-9)
    np.testing.assert_allclose(r.variances, [v.tolist() for v in found.variances], rtol=1e-9)
    assert json.loads(r.to_json())["values"]["class_"] == ["adj", "noun", "verb"]
    same_bits(pickle.loads(pickle.dumps(r)), r)


def test_default_rank(concepts):
    x, y = concepts
    assert conceptdec.subspace_overlap(x, y).ranks.tolist() == [9, 9, 9]
    assert conceptdec.subspace_overlap(x, y).n_missing.tolist() == [1, 1, 1]
    assert conceptdec.subspace_overlap(x, y, explained=0.5).ranks.max() < 3
    assert conceptdec.subspace_overlap(x, y, None, tolerance=0.15).ranks.max() < 9
    assert conceptdec.subspace_overlap(x, y, basis="difference").ranks.tolist() == [1, 1, 1]
    means = conceptdec.subspace_overlap(x, y, basis="means")
    assert means.ranks.tolist() == [2] and means.n_missing.tolist() == [0] and means.class_.tolist() == [None]
    assert conceptdec.subspace_overlap(x, y, basis="probe", probe=dict(kind="lda")).ranks.tolist() == [1, 1, 1]


def test_angles_and_missing_dimensions_of_concepts(concepts):
    x, y = concepts
    less = conceptdec.subspace_overlap(x, y, 2, angles=False)
    assert "angles" not in less
    np.testing.assert_allclose(less.overlap, conceptdec.subspace_overlap(x, y, 2).overlap, atol=1e-12)
    few = np.concatenate([np.flatnonzero(y == "adj")[:2], np.flatnonzero(y != "adj")])
    plain, counted = (conceptdec.subspace_overlap(x[few], y[few], 3, count_missing=every) for every in (0, 1))
    missing = np.abs(plain.ranks[:, None] - plain.ranks)
    assert missing.tolist() == [[0, 2, 2], [2, 0, 0], [2, 0, 0]]
    np.testing.assert_allclose(counted.chordal**2, plain.chordal**2 + missing, atol=1e-12)


def test_permutations(concepts):
    x, y = concepts
    r = conceptdec.subspace_overlap(x, y, 2, permutations=40, seed=3)
    assert r.null.shape == (40, 3, 3)
    np.testing.assert_allclose(r.p_value, (1 + (r.null >= r.overlap - 1e-12).sum(axis=0)) / 41, atol=1e-12)
    np.testing.assert_allclose(r.p_value_lower, (1 + (r.null <= r.overlap + 1e-12).sum(axis=0)) / 41, atol=1e-12)
    assert (r.p_value_lower[~np.eye(3, dtype=bool)] == 1 / 41).all()
    np.testing.assert_allclose(r.p_independent, conceptdec.subspace_overlap(x, y, 2).p_value)
    same_bits(conceptdec.subspace_overlap(x, y, 2, permutations=40, seed=3, threads=3), r)
    other = conceptdec.subspace_overlap(x, y, 2, permutations=40, seed=4)
    assert not np.array_equal(other.null, r.null)
    groups = np.arange(120) // 6
    within = conceptdec.subspace_overlap(x, y, 2, permutations=5, permute="within", groups=groups)
    assert within.null.shape == (5, 3, 3) and within.options["permute"] == "within"


def test_bootstrap(concepts):
    x, y = concepts
    r = conceptdec.subspace_overlap(x, y, 2, bootstrap=60, confidence=0.9, seed=1)
    off = ~np.eye(3, dtype=bool)
    assert (r.ci_low <= r.overlap + 1e-12).all() and (r.ci_high >= r.overlap - 1e-12).all()
    assert (r.ci_low[off] < r.ci_high[off]).all() and (r.ci_low + r.bootstrap_bias > -1e-12).all()
    same_bits(conceptdec.subspace_overlap(x, y, 2, bootstrap=60, confidence=0.9, seed=1, threads=2), r)
    clustered = conceptdec.subspace_overlap(x, y, 2, bootstrap=20, groups=np.repeat(np.arange(40), 3))
    assert clustered.ci_low.shape == (3, 3)


def test_overlap_between_layers(concepts):
    x, y = concepts
    r = conceptdec.subspace_overlap([x, x + 1, x[:, ::-1]], y, 2)
    assert r.overlap.shape == (9, 9) and r.view.tolist() == np.repeat(range(3), 3).tolist()
    np.testing.assert_allclose(np.diag(r.overlap[:3, 3:6]), 1)
    assert r.class_.tolist() == ["adj", "noun", "verb"] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_of_overlap(concepts, kind):
    x, options, wide = narrow(concepts[0], kind)
    y = concepts[1]
    r = conceptdec.subspace_overlap(x, y, 2, **options)
    exact = conceptdec.subspace_overlap(wide, y, 2)
    np.testing.assert_allclose(r.overlap, exact.overlap, atol=1e-12 if kind == "float64" else 1e-5)
    for rows in (Rows(x), strided(x)):
        same_bits(conceptdec.subspace_overlap([rows], y, 2, threads=2, **options), r)


def test_labels_do_not_matter(concepts):
    x, y = concepts
    r = conceptdec.subspace_overlap(x, y, 2)
    turned = conceptdec.subspace_overlap(x, y, 2, classes=["verb", "adj", "noun"])
    order = [1, 2, 0]
    np.testing.assert_allclose(turned.overlap[np.ix_(order, order)], r.overlap, atol=1e-12)
    two = conceptdec.subspace_overlap(x, y, 2, ignore="adj")
    np.testing.assert_allclose(two.overlap, r.overlap[1:, 1:], atol=1e-12)
    assert two.class_.tolist() == ["noun", "verb"]


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("ESIZE", dict(permutations=-1), "permutations"),
        ("ESIZE", dict(bootstrap=-1), "bootstrap"),
        ("EINVAL", dict(bootstrap=5, confidence=1.0), "confidence"),
        ("EINVAL", dict(confidence=0.9), "confidence"),
        ("EINVAL", dict(permute="within"), "permute"),
        ("EINVAL", dict(permute="around"), "permute: 'around' is not known"),
        ("EGROUPS", dict(permutations=5, permute="within"), "groups"),
        ("ESIZE", dict(permutations=5, permute="whole", groups=[1, 2]), "groups"),
        ("EINVAL", dict(rank=0), "rank"),
        ("EINVAL", dict(explained=2.0), "explained"),
    ],
)
def test_overlap_refused(concepts, name, changes, text):
    refused(name, lambda: conceptdec.subspace_overlap(*concepts, **{"rank": 2, **changes} if "explained" not in changes
                                                      else changes), text)  # fmt: skip


def test_overlap_of_other_spaces(rng):
    a, b = Subspaces.from_bases([np.eye(4)]), Subspaces.from_bases([np.eye(5)])
    refused("ESIZE", lambda: a.overlap(b), "5 dimensions")
    with pytest.raises(TypeError, match="other: needs Subspaces, not ndarray"):
        a.overlap(np.eye(4))


def test_progress(concepts):
    reports = []
    conceptdec.subspace_overlap(*concepts, 2, permutations=5, progress=lambda *report: reports.append(report))
    assert all(0 <= done <= total for _, done, total in reports)


def test_gap_of_what_is_kept():
    y = np.repeat(np.arange(4), 500)
    x = np.random.default_rng(4).standard_normal((2000, 3))
    x += y[:, None] * [3.0, 1.0, 2.0] - np.stack([x[y == c].mean(0) for c in range(4)])[y]  # means on a line
    s = conceptdec.subspaces(x, y, basis="means")
    assert s.ranks.tolist() == [1] and s.gap[0] == pytest.approx(1) and s.undecided.tolist() == [0]


def test_one_group_cannot_be_drawn_anew(concepts):
    x, y = concepts
    one = np.zeros(len(y), int)
    refused("EGROUPS", lambda: conceptdec.subspace_overlap(x, y, 2, bootstrap=9, groups=one), "groups")
    refused("EGROUPS", lambda: conceptdec.similarity(x, x[:, :3], bootstrap=9, groups=one), "groups")


def test_an_interval_of_few_draws_is_none():
    x = np.random.default_rng(5).standard_normal((4, 6))
    r = conceptdec.subspace_overlap(x, [0, 0, 1, 1], 1, bootstrap=50)
    assert np.isnan(r.ci_low).all() and np.isnan(r.ci_high).all()
