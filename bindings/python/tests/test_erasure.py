"""Concept vectors, erasers and erasure curves against NumPy."""

import copy
import gc
import pickle

import numpy as np
import pytest

import conceptdec
import producers
from common import KINDS, Rows, narrow, refused, strided
from conceptdec import ClassMoments, concept_vectors, erase, erasure_curve, fit_eraser


@pytest.fixture
def data(rng):
    """90 rows in 6 correlated dimensions, three concepts of unequal size."""
    y = np.repeat([0, 1, 2], [20, 30, 40])
    x = rng.standard_normal((90, 6)) @ rng.standard_normal((6, 6)) + 3 * np.eye(6)[y] + 5
    return x, np.array(["adj", "noun", "verb"])[y]


def cosines(v):
    unit = v / np.linalg.norm(v, axis=1, keepdims=True)
    return unit @ unit.T


# ---- concept vectors


def test_vectors(data):
    x, y = data
    means = np.array([x[y == c].mean(axis=0) for c in np.unique(y)])
    rest = np.array([x[y != c].mean(axis=0) for c in np.unique(y)])
    expected = {
        "rest": means - rest,
        "mean": means - means.mean(axis=0),
        "noun": means - means[1],
    }
    for baseline, vectors in expected.items():
        r = concept_vectors(x, y, baseline)
        np.testing.assert_allclose(r.means, means, rtol=1e-12)
        np.testing.assert_allclose(r.vectors, vectors, atol=1e-11)
        np.testing.assert_allclose(r.norms, np.linalg.norm(vectors, axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(concept_vectors(x, y).cosines, cosines(means - rest), atol=1e-9)
    assert np.isnan(concept_vectors(x, y, "noun").cosines[1]).all()
    r = concept_vectors(x, y)
    assert r.classes.tolist() == ["adj", "noun", "verb"] and r.class_count.tolist() == [20, 30, 40]


def test_given_baseline(data):
    x, y = data
    point = np.arange(6.0)
    r = concept_vectors(x, y, np.zeros(6))
    np.testing.assert_allclose(r.vectors, r.means, rtol=1e-12)
    for baseline in (point, point[None], point.tolist(), point.astype(np.float32), producers.OnlyDlpack(point)):
        np.testing.assert_allclose(concept_vectors(x, y, baseline).vectors, r.means - point, atol=1e-11)
    numbers = np.unique(y, return_inverse=True)[1] * 10
    np.testing.assert_allclose(concept_vectors(x, numbers, 10).vectors, r.means - r.means[1], atol=1e-11)
    assert np.array_equal(concept_vectors(x, numbers, np.int64(10)).vectors, concept_vectors(x, numbers, 10).vectors)
    refused("EINVAL", lambda: concept_vectors(x, y, "adverb"), "'adverb' is not known; allowed: 'rest', 'mean'")
    refused("EINVAL", lambda: concept_vectors(x, np.where(y == "adj", "rest", y)), "a word of this option and a class")
    refused("ESIZE", lambda: concept_vectors(x, y, np.ones(5)), "baseline")
    refused("ESIZE", lambda: concept_vectors(x, y, np.ones((2, 6))), "baseline")


def test_intervals(data):
    x, y = data
    r = concept_vectors(x, y, bootstrap=80, confidence=0.9, seed=2)
    assert (r.norm_low < r.norms).all() and (r.norm_low < r.norm_high).all() and r.cosine_low.shape == (3, 3)
    off = ~np.eye(3, dtype=bool)
    assert (r.cosine_low[off] < r.cosine_high[off]).all()
    same_bits(concept_vectors(x, y, bootstrap=80, confidence=0.9, seed=2, threads=3), r)
    assert not np.array_equal(concept_vectors(x, y, bootstrap=80, confidence=0.9, seed=3).norm_low, r.norm_low)
    groups = np.array([f"g{i // 5}" for i in range(90)])
    assert np.isfinite(concept_vectors(x, y, bootstrap=20, groups=groups).norm_low).all()


def same_bits(a, b):
    assert a.keys() == b.keys()
    for name in a.keys():
        assert np.array_equal(a[name], b[name], equal_nan=np.asarray(a[name]).dtype.kind == "f"), name


def test_reliability(data, rng):
    x, y = data
    sharp = concept_vectors(x + 50 * np.eye(6)[np.repeat([0, 1, 2], [20, 30, 40])], y, splits=10, seed=1)
    assert (sharp.reliability > 0.99).all()
    noise = concept_vectors(rng.standard_normal((90, 6)), y, splits=50)
    assert (np.abs(noise.reliability) < 0.6).all()
    groups = np.arange(90) // 5
    assert np.isfinite(concept_vectors(x, y, splits=5, groups=groups).reliability).all()


def test_a_class_without_samples(data):
    x, y = data
    r = concept_vectors(x, y, classes=["verb", "none", "noun", "adj", "last"])
    assert np.isnan(r.vectors[1]).all() and np.isnan(r.norms[1]) and r.class_count.tolist() == [40, 0, 30, 20, 0]
    np.testing.assert_allclose(r.vectors[[3, 2, 0]], concept_vectors(x, y).vectors, atol=1e-12)
    less = concept_vectors(x, y, ignore="adj")
    np.testing.assert_allclose(less.vectors[0], -less.vectors[1], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_of_vectors(data, kind):
    x, options, wide = narrow(data[0], kind)
    y = data[1]
    r = concept_vectors(x, y, bootstrap=5, splits=3, **options)
    np.testing.assert_allclose(r.means, [wide[y == c].mean(axis=0) for c in r.classes], rtol=1e-12)
    for rows in (Rows(x), strided(x)):
        same_bits(concept_vectors(rows, y, bootstrap=5, splits=3, threads=2, **options), r)


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("ESIZE", dict(bootstrap=-1), "bootstrap"),
        ("ESIZE", dict(splits=-1), "splits"),
        ("EINVAL", dict(bootstrap=5, confidence=0.0), "confidence"),
        ("EINVAL", dict(confidence=0.9), "confidence"),
        ("EINVAL", dict(groups=np.arange(90)), "groups"),
        ("ESIZE", dict(bootstrap=5, groups=[1, 2]), "groups"),
        ("ESINGLECLASS", dict(y=np.zeros(90, dtype=int)), "class|label"),
        ("ESIZE", dict(y=["a"] * 7), "labels|7"),
        ("ENONFINITE", dict(X=np.full((90, 2), np.nan)), "row 0, column 0"),
    ],
)
def test_vectors_refused(data, name, changes, text):
    refused(name, lambda: concept_vectors(**{"X": data[0], "y": data[1], **changes}), text)


# ---- erasers


def leace(x, y):
    """The projection of Belrose et al. 2023, theorem 4.2, and its singular values."""
    z = (y[:, None] == np.unique(y)).astype(float)
    a, z = x - x.mean(axis=0), z - z.mean(axis=0)
    values, vectors = np.linalg.eigh(a.T @ a / len(x))
    kept = values > 1e-12 * values.max()
    w = vectors[:, kept] / np.sqrt(values[kept]) @ vectors[:, kept].T
    back = vectors[:, kept] * np.sqrt(values[kept]) @ vectors[:, kept].T
    u, s, _ = np.linalg.svd(w @ a.T @ z / len(x), full_matrices=False)
    u = u[:, s > 1e-8]
    return back @ u @ u.T @ w, s


def test_leace(data):
    x, y = data
    eraser = fit_eraser(x, y)
    p, s = leace(x, y)
    assert eraser.rank == 2 and eraser.kind == "leace" and eraser.read.shape == eraser.removed.shape == (2, 6)
    np.testing.assert_allclose(eraser.removed.T @ eraser.read, p, atol=1e-9)
    np.testing.assert_allclose(eraser.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(eraser.apply(x), x - (x - x.mean(axis=0)) @ p.T, atol=1e-9)
    np.testing.assert_allclose(erase(x, y), eraser.apply(x), atol=1e-12)
    left = concept_vectors(np.array(eraser.apply(x)), y)
    assert left.norms.max() < 1e-9 * concept_vectors(x, y).norms.max()
    assert eraser.strengths[0] > eraser.strengths[1] > 0 and "leace, 2 directions of d=6" in repr(eraser)


def test_nothing_can_be_read(data):
    x, y = data
    gone = np.array(erase(x, y))
    probe = conceptdec.probe(gone, y, lambdas=1e-3, protocol="resubstitution")
    priors = np.array([2, 3, 4]) / 9
    assert probe.log_loss[0] == pytest.approx(-(priors * np.log2(priors)).sum(), abs=1e-6)


def test_fewer_directions(data):
    x, y = data
    one, all_of_them = fit_eraser(x, y, rank=1), fit_eraser(x, y)
    assert one.rank == 1 and one.strengths[0] == pytest.approx(all_of_them.strengths[0])
    first = [np.outer(eraser.removed[0], eraser.read[0]) for eraser in (one, all_of_them)]
    np.testing.assert_allclose(*first, atol=1e-12)


def test_projection(data):
    x, y = data
    eraser = fit_eraser(x, y, "projection")
    means = np.array([x[y == c].mean(axis=0) for c in np.unique(y)])
    v = np.linalg.svd(means - means.mean(axis=0))[2][:2]
    assert eraser.kind == "projection" and eraser.rank == 2
    np.testing.assert_allclose(eraser.removed.T @ eraser.read, v.T @ v, atol=1e-9)
    gone = eraser.apply(x)
    np.testing.assert_allclose((gone - eraser.mean) @ v.T, 0, atol=1e-9)


def test_directions(data, rng):
    x, _ = data
    w = rng.standard_normal((2, 6))
    p = np.linalg.pinv(w) @ w
    with_mean, without = (fit_eraser(rows, kind="projection", directions=w) for rows in (x, None))
    np.testing.assert_allclose(with_mean.apply(x), x - (x - x.mean(axis=0)) @ p, atol=1e-9)
    np.testing.assert_allclose(without.apply(x), x - x @ p, atol=1e-9)
    assert (without.mean == 0).all() and np.isnan(without.strengths).all() and without.rank == 2
    one = fit_eraser(None, kind="projection", directions=producers.OnlyDlpack(w[0]))
    np.testing.assert_allclose(one.apply(x) @ w[0], 0, atol=1e-9)
    refused("EINVAL", lambda: fit_eraser(x, directions=w), "directions")
    refused("ESIZE", lambda: fit_eraser(x, kind="projection", directions=w[:, :5]), "directions")


@pytest.mark.parametrize("pooled", [False, True])
def test_eraser_of_moments(data, pooled):
    x, y = data
    moments = ClassMoments(6, np.unique(y), pooled=pooled)
    for rows, labels in zip(np.array_split(x, 7), np.array_split(y, 7)):
        moments.add(rows, labels)
    for kind in ("leace", "projection"):
        np.testing.assert_allclose(moments.eraser(kind).apply(x), fit_eraser(x, y, kind).apply(x), atol=1e-8)
    assert moments.eraser(rank=1).rank == 1
    means = ClassMoments(6, np.unique(y), means=True).add(x, y)
    refused("EINVAL", lambda: means.eraser(), "means|scatter|covariance")


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_of_erasers(data, kind):
    x, options, wide = narrow(data[0], kind)
    y = data[1]
    eraser = fit_eraser(x, y, **options)
    exact = wide - (wide - wide.mean(axis=0)) @ leace(wide, y)[0].T
    np.testing.assert_allclose(eraser.apply(x, **options), exact, atol=1e-9 if kind == "float64" else 1e-3)
    for rows in (Rows(x), strided(x)):
        same = fit_eraser(rows, y, threads=3, **options)
        assert np.array_equal(same.read, eraser.read) and np.array_equal(same.removed, eraser.removed)
        assert np.array_equal(same.apply(rows, **options), eraser.apply(x, **options))


def test_a_row_stands_alone(data):
    x, y = data
    eraser = fit_eraser(x, y)
    whole = eraser.apply(x)
    for part in (slice(0, 1), slice(7, 50), slice(40, 90)):
        assert np.array_equal(eraser.apply(x[part], threads=2), whole[part])


def test_ignored_rows_are_erased_all_the_same(data):
    x, y = data
    gone = erase(x, y, ignore="adj")
    assert gone.shape == x.shape
    np.testing.assert_allclose(gone, fit_eraser(x[y != "adj"], y[y != "adj"]).apply(x), atol=1e-9)


def test_life_of_erasers(data, tmp_path):
    x, y = data
    eraser = fit_eraser(x, y)
    for again in (pickle.loads(pickle.dumps(eraser)), copy.deepcopy(eraser)):
        assert np.array_equal(again.apply(x), eraser.apply(x)) and again.kind == "leace"
    eraser.save(tmp_path / "e")
    for loaded in (conceptdec.load_eraser(tmp_path / "e"), conceptdec.Eraser.load(str(tmp_path / "e"))):
        assert np.array_equal(loaded.apply(x), eraser.apply(x)) and np.array_equal(loaded.strengths, eraser.strengths)
    whole = (tmp_path / "e").read_bytes()
    for raw in (whole[:-1], whole + b"x", b"", bytes([whole[0] ^ 1]) + whole[1:]):
        (tmp_path / "e").write_bytes(raw)
        refused("EFORMAT", lambda: conceptdec.load_eraser(tmp_path / "e"))
    with pytest.raises(conceptdec.ConceptDecFileError):
        conceptdec.load_eraser(tmp_path / "absent")
    read, expected = eraser.read, np.array(eraser.read)
    with eraser as same:
        assert same is eraser
    gc.collect()
    assert np.array_equal(read, expected) and "closed" in repr(eraser)
    refused("EINVAL", lambda: eraser.apply(x), "this Eraser is closed")


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EINVAL", dict(kind="inlp"), "kind: 'inlp' is not known; allowed: 'leace', 'projection'"),
        ("EINVAL", dict(rank=0), "rank"),
        ("EINVAL", dict(tolerance=-1.0), "tolerance"),
        ("ENULL", dict(y=None), "y: "),
        ("ENULL", dict(X=None), "X: "),
        ("ESINGLECLASS", dict(y=["a"] * 90), "class|label"),
        ("ESIZE", dict(y=["a", "b"]), "y: 2 rows, but X has 90"),
        ("ENONFINITE", dict(X=np.full((90, 2), np.nan)), "row 0, column 0"),
        ("EINVAL", dict(y=None, ignore="a"), "ignore: stands beside y only"),
        ("EDTYPE", dict(X=np.ones((90, 2), dtype=int)), "X: must be"),
    ],
)
def test_erasers_refused(data, name, changes, text):
    refused(name, lambda: fit_eraser(**{"X": data[0], "y": data[1], **changes}), text)


def test_rows_refused(data):
    x, y = data
    eraser = fit_eraser(x, y)
    refused("ESIZE", lambda: eraser.apply(x[:, :5]), "5")
    x[4, 2] = np.inf
    refused("ENONFINITE", lambda: eraser.apply(x), "row 4, column 2")
    refused("ENULL", lambda: erase(x, None), "y: needs labels")


# ---- the curve


def test_curve(data):
    x, y = data
    r = erasure_curve(x, y, knn=dict(k=3), probe=dict(lambdas=0.01, folds=3))
    assert r.n_removed.tolist() == [0, 1, 2] and r.strengths.shape == (2,)
    assert r.classes.tolist() == ["adj", "noun", "verb"]
    for removed in range(3):
        left = x if removed == 0 else np.array(fit_eraser(x, y, rank=removed).apply(x))
        assert r.decodability[removed] == pytest.approx(conceptdec.knn_decodability(left, y, k=3).decodability[0])
        expected = conceptdec.probe(left, y, lambdas=0.01, folds=3).accuracy[0]
        assert r.accuracy[removed] == pytest.approx(expected, abs=1e-12)
    assert r.chance == pytest.approx(40 / 90) and 0 < r.chance_null < 1
    shown = repr(r).splitlines()
    assert shown[1].split() == ["removed", "decodability", "accuracy"] and len(shown) == 5
    assert erasure_curve(x, y, most=1).n_removed.tolist() == [0, 1]
    other = erasure_curve(x, y, "projection")
    np.testing.assert_allclose(other.strengths, fit_eraser(x, y, "projection").strengths, rtol=1e-12)
    given = erasure_curve(x, y, "projection", directions=np.eye(6)[:3])
    assert given.n_removed.tolist() == [0, 1, 2, 3] and np.isnan(given.strengths).all()
    same_bits(erasure_curve(x, y, threads=3), erasure_curve(x, y, threads=1))


def test_chance_of_a_curve(data):
    """Options of its draws are for the first step, where it is drawn, and no error at the others."""
    x, y = data
    plain, groups = erasure_curve(x, y, knn=dict(k=3)), np.arange(90) // 4
    within = erasure_curve(x, y, knn=dict(k=3, permute="within", groups=groups))
    assert within.decodability.tolist() == plain.decodability.tolist()
    expected = conceptdec.knn_decodability(x, y, k=3, permute="within", groups=groups).chance_null[0]
    assert within.chance_null == expected != plain.chance_null
    erasure_curve(x, y, knn=dict(k=3, permute="free"))


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EINVAL", dict(kind="inlp"), "kind"),
        ("EINVAL", dict(most=-1), "most"),
        ("EK", dict(knn=dict(k=0)), "k"),
        ("EINVAL", dict(probe=dict(lambdas=-1.0)), "lambda"),
        ("ESINGLECLASS", dict(y=["a"] * 90), "class|label"),
    ],
)
def test_curve_refused(data, name, changes, text):
    refused(name, lambda: erasure_curve(**{"X": data[0], "y": data[1], **changes}), text)


def test_options_of_the_curve_have_names(data):
    for options in (dict(knn=dict(kk=3)), dict(probe=dict(lamda=3))):
        with pytest.raises(TypeError, match="kk|lamda"):
            erasure_curve(*data, **options)


def test_intervals_hold_their_estimates():
    x = np.random.default_rng(0).standard_normal((600, 64))
    r = concept_vectors(x, np.arange(600) % 3, bootstrap=100)
    assert (r.norm_low < r.norms).all() and (r.norms < r.norm_high).all() and (r.norm_bias > 0.05).all()
    assert (r.cosine_low <= r.cosines).all() and (r.cosines <= r.cosine_high).all() and r.cosine_bias.shape == (3, 3)


def test_tolerance_of_0_erases_no_rounding():
    rng = np.random.default_rng(2)
    y = np.arange(200) % 5
    x = rng.standard_normal((200, 6)) + 2 * y[:, None] * np.ones(6)
    x -= np.stack([x[y == c].mean(0) for c in range(5)])[y] - 2 * y[:, None] * np.ones(6)  # means on a line
    eraser = conceptdec.fit_eraser(x, y, tolerance=0.0)
    assert eraser.rank == 1 and abs((eraser.read @ eraser.removed.T).item() - 1) < 1e-9
