"""Moments, PCA and alignment against NumPy and scikit-learn; UMAP and trust in pictures."""

import copy
import gc
import multiprocessing
import pickle
import threading
import warnings

import numpy as np
import pytest

import conceptdec
import producers
from common import KINDS, Rows, narrow, refused

SOLVERS = ["covariance", "gram", "svd", "krylov"]


@pytest.fixture
def tilted(rng):
    """90 rows in 12 dimensions whose variances fall steeply."""
    turn = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    return rng.standard_normal((90, 12)) @ np.diag(2.0 ** -np.arange(12)) @ turn + 3


@pytest.fixture
def blobs(rng):
    """Three clouds of 40 rows in 6 dimensions, far from each other, and which of them each row is of."""
    y = np.arange(120) % 3
    return rng.standard_normal((120, 6)) + 12 * np.eye(6)[y], y


def by_numpy(x, center=True):
    """Components, signs as defined, and variances."""
    _, s, v = np.linalg.svd(x - x.mean(axis=0) * center, full_matrices=False)
    largest = np.abs(v).argmax(axis=1)
    return v * np.sign(v[np.arange(len(v)), largest])[:, None], s**2 / (len(x) - 1)


# ---- PCA


@pytest.mark.parametrize("solver", ["auto", *SOLVERS])
@pytest.mark.parametrize("shape", ["tall", "wide"])
def test_components(tilted, solver, shape):
    x = tilted if shape == "tall" else tilted[:8]
    model = conceptdec.pca(x, 4, solver, tolerance=1e-12 if solver in ("auto", "krylov") else None)
    v, variance = by_numpy(x)
    np.testing.assert_allclose(model.components, v[:4], atol=1e-8)
    np.testing.assert_allclose(model.explained_variance, variance[:4], rtol=1e-9)
    np.testing.assert_allclose(model.explained_variance_ratio, variance[:4] / variance.sum(), rtol=1e-9)
    np.testing.assert_allclose(model.singular_values, np.sqrt(variance[:4] * (len(x) - 1)), rtol=1e-9)
    np.testing.assert_allclose(model.mean, x.mean(axis=0), atol=1e-12)
    assert model.total_variance == pytest.approx(variance.sum()) and (model.scale == 1).all()
    assert model.converged and model.n_samples == len(x) and model.n_clamped == 0
    assert model.solver == solver if solver != "auto" else model.solver in SOLVERS
    assert (model.iterations > 0) == (model.solver == "krylov")
    assert model.residual.shape == model.eigen_gap.shape == (4,) and model.residual.max() < 1e-10
    gaps = (variance[:3] - variance[1:4]) / variance[0]
    np.testing.assert_allclose(model.eigen_gap[:3], np.minimum(gaps, np.r_[np.inf, gaps[:2]]), rtol=1e-6)


def test_it_is_that_of_scikit_learn(tilted):
    decomposition = pytest.importorskip("sklearn.decomposition")
    other = tilted[::-1] * 1.5 - 2
    for whiten in (False, True):
        peer = decomposition.PCA(5, whiten=whiten).fit(tilted)
        model = conceptdec.pca(tilted, 5, whiten=whiten)
        signs = np.sign((peer.components_ * model.components).sum(axis=1))
        np.testing.assert_allclose(model.transform(other), peer.transform(other) * signs, atol=1e-7)
        np.testing.assert_allclose(model.explained_variance, peer.explained_variance_, rtol=1e-9)
        z = model.transform(other)
        np.testing.assert_allclose(model.inverse_transform(z), peer.inverse_transform(z * signs), atol=1e-7)


def test_all_components_and_back(tilted):
    model = conceptdec.pca(tilted)
    assert model.components.shape == (12, 12) and model.explained_variance_ratio.sum() == pytest.approx(1)
    np.testing.assert_allclose(model.components @ model.components.T, np.eye(12), atol=1e-10)
    np.testing.assert_allclose(model.inverse_transform(model.transform(tilted)), tilted, atol=1e-10)


def test_centre_and_units(tilted):
    v, variance = by_numpy(tilted, center=False)
    model = conceptdec.pca(tilted, 3, center=False)
    np.testing.assert_allclose(model.components, v[:3], atol=1e-8)
    np.testing.assert_allclose(model.explained_variance, variance[:3], rtol=1e-9)
    assert (model.mean == 0).all()
    x = np.concatenate([tilted, np.full((90, 1), 7.0)], axis=1)
    model, deviation = conceptdec.pca(x, 3, standardize=True), tilted.std(axis=0)
    np.testing.assert_allclose(model.scale, np.r_[deviation, 1])
    v, variance = by_numpy((x - x.mean(axis=0)) / np.r_[deviation, 1])
    np.testing.assert_allclose(model.components, v[:3], atol=1e-8)
    np.testing.assert_allclose(model.explained_variance, variance[:3], rtol=1e-9)
    np.testing.assert_allclose(model.inverse_transform(np.zeros((1, 3))), [x.mean(axis=0)], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes(tilted, kind):
    x, options, wide = narrow(tilted, kind)
    model = conceptdec.pca(x, 3, **options)
    v, variance = by_numpy(wide)
    slack = 1e-9 if kind == "float64" else 1e-5
    np.testing.assert_allclose(model.components, v[:3], atol=slack)
    np.testing.assert_allclose(model.explained_variance, variance[:3], rtol=slack)
    again = conceptdec.pca(Rows(x), 3, **options)
    strided = np.zeros((180, 24), x.dtype)[::-2, 1::2]
    strided[...] = x
    for same in (again, conceptdec.pca(strided, 3, threads=3, **options)):
        assert np.array_equal(same.components, model.components)
        assert np.array_equal(same.explained_variance, model.explained_variance)
    np.testing.assert_allclose(model.transform(x, **options), (wide - wide.mean(axis=0)) @ v[:3].T, atol=20 * slack)


def test_other_producers(tilted):
    expected = conceptdec.pca(tilted, 3)
    model = conceptdec.pca(producers.OnlyDlpack(tilted), 3)
    assert np.array_equal(model.components, expected.components)
    assert np.array_equal(model.transform(memoryview(tilted)), expected.transform(tilted))
    assert np.array_equal(model.transform(Rows(tilted)), expected.transform(tilted))


def test_a_row_stands_alone(tilted):
    model = conceptdec.pca(tilted, 3)
    whole = model.transform(tilted)
    for part in (slice(0, 1), slice(7, 50), slice(40, 90)):
        assert np.array_equal(model.transform(tilted[part], threads=2), whole[part])


def test_krylov_says_what_it_did(rng):
    x = rng.standard_normal((200, 150)).astype(np.float32)
    short = conceptdec.pca(x, 5, "krylov", max_iterations=2, tolerance=1e-12)
    assert not short.converged and "NOT CONVERGED" in repr(short) and short.residual.max() > 1e-12
    long = conceptdec.pca(x, 5, "krylov", max_iterations=400)
    assert long.converged and long.residual.max() <= 1e-5
    exact = conceptdec.pca(x, 5, "covariance")
    np.testing.assert_allclose(long.explained_variance, exact.explained_variance, rtol=1e-4)


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EK", dict(n_components=13), "n_components"),
        ("EK", dict(n_components=0), "n_components"),
        ("EINVAL", dict(solver="qr"), "solver: 'qr' is not known; allowed: 'auto'"),
        ("EINVAL", dict(tolerance=-1.0, solver="krylov"), "tolerance"),
        ("EINVAL", dict(n_components=2.5), "n_components: needs an integer"),
        ("ETOOFEW", dict(X=np.ones((1, 3))), "X: 1 row"),
        ("ESIZE", dict(X=np.ones(3)), "X: needs 2 axes"),
        ("ENONFINITE", dict(X=np.diag([1.0, np.nan, 2.0])), "row 1, column 1"),
        ("EDTYPE", dict(X=np.ones((3, 3), dtype=int)), "X: must be"),
    ],
)
def test_refused(tilted, name, changes, text):
    refused(name, lambda: conceptdec.pca(**{"X": tilted, **changes}), text)


def test_refused_rows(tilted):
    model = conceptdec.pca(tilted, 3)
    refused("ESIZE", lambda: model.transform(tilted[:, :5]), "5 columns|width|5")
    refused("ESIZE", lambda: model.inverse_transform(tilted), "12 columns|width|12")
    tilted[4, 2] = np.inf
    refused("ENONFINITE", lambda: model.transform(tilted), "row 4, column 2")


# ---- life time and files, of all three handles


def handles(tilted):
    return [conceptdec.pca(tilted, 3), conceptdec.Moments(12).add(tilted), conceptdec.umap(tilted, n_neighbors=5)]


ARRAYS = {
    "PCAModel": ["components", "explained_variance", "mean", "scale", "residual", "solver", "converged", "n_samples"],
    "Moments": ["n_samples", "mean", "covariance"],
    "UMAPModel": ["embedding", "rho", "sigma", "curve", "part", "n_short", "converged", "graph"],
}


def equal(a, b):
    for name in ARRAYS[type(a).__name__]:
        one, other = getattr(a, name), getattr(b, name)
        pairs = zip(one, other) if name == "graph" else [(one, other)]
        assert all(np.array_equal(first, second) for first, second in pairs), name


def test_files(tilted, tmp_path):
    loads = conceptdec.load_pca, conceptdec.load_moments, conceptdec.load_umap
    for handle, load in zip(handles(tilted), loads):
        path = tmp_path / "pr\u00f6be"
        handle.save(path)
        for loaded in (load(path), type(handle).load(str(path))):
            assert type(loaded) is type(handle)
            equal(loaded, handle)
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole + b"x", b"", bytes([whole[0] ^ 1]) + whole[1:]):
            path.write_bytes(damaged)
            refused("EFORMAT", lambda: load(path))
        with pytest.raises(conceptdec.ConceptDecFileError):
            load(tmp_path / "absent")
        with pytest.raises(OSError):
            handle.save(tmp_path / "no such folder" / "file")


def test_one_kind_is_not_the_other(tilted, tmp_path):
    conceptdec.Moments(3).save(tmp_path / "moments")
    refused("EFORMAT", lambda: conceptdec.load_pca(tmp_path / "moments"))


def test_pickle_and_copy(tilted):
    for handle in handles(tilted):
        for again in (pickle.loads(pickle.dumps(handle)), copy.deepcopy(handle)):
            equal(again, handle)
            if not isinstance(handle, conceptdec.Moments):
                assert np.array_equal(again.transform(tilted[:5]), handle.transform(tilted[:5]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_umap_keeps_its_rows(tilted, kind):
    x, options, _ = narrow(tilted, kind)
    for rows in (x, x[::-1], np.asfortranarray(x), Rows(x)):
        model = conceptdec.umap(rows, n_neighbors=5, epochs=5, **options)
        again = pickle.loads(pickle.dumps(model))
        assert np.array_equal(again.transform(x[:7], **options), model.transform(x[:7], **options))


def test_closed(tilted):
    for handle in handles(tilted):
        array, name = getattr(handle, ARRAYS[type(handle).__name__][0]), type(handle).__name__
        expected = np.array(array)
        with handle as same:
            assert same is handle and name in repr(handle)
        gc.collect()
        assert np.array_equal(array, expected) and "closed" in repr(handle)
        for use in (handle.__enter__, lambda: handle.save("x"), lambda: getattr(handle, ARRAYS[name][0])):
            with pytest.raises(conceptdec.ConceptDecError, match="closed"):
                use()
        handle.close()


def test_in_another_process(tilted):
    model = conceptdec.pca(tilted, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert np.array_equal(pool.apply(model.transform, (tilted,)), model.transform(tilted))


# ---- moments


@pytest.mark.parametrize("kind", KINDS)
def test_batches_do_not_matter(rng, kind):
    x, options, wide = narrow(rng.standard_normal((17000, 9)) + 5, kind)
    whole = conceptdec.Moments(9).add(x, **options)
    np.testing.assert_allclose(whole.mean, wide.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(whole.covariance, np.cov(wide.T), rtol=1e-5 if kind != "float64" else 1e-11, atol=1e-6)
    for cuts in ([1], [8191, 8192, 16385], [3, 300, 301, 16999], range(500, 17000, 500)):
        parts = conceptdec.Moments(9)
        for part in np.split(x, list(cuts)):
            assert parts.add(part, threads=2, **options) is parts
        equal(parts, whole)
    equal(conceptdec.Moments(9).add(Rows(x), **options), whole)


def test_merged(rng):
    x = rng.standard_normal((200, 5)) * [1, 2, 3, 4, 5] + 100
    a, b = conceptdec.Moments(5).add(x[:70]), conceptdec.Moments(5).add(x[70:])
    before = copy.deepcopy(b)
    assert a.merge(b) is a and a.n_samples == 200
    np.testing.assert_allclose(a.mean, x.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(a.covariance, np.cov(x.T), rtol=1e-10, atol=1e-12)
    equal(b, before)
    with pytest.raises(TypeError, match="other: needs Moments"):
        a.merge(x)
    refused("ESIZE", lambda: a.merge(conceptdec.Moments(4)))


def test_pca_of_moments(tilted):
    moments = conceptdec.Moments(12).add(tilted[:50]).add(tilted[50:])
    for options in (dict(), dict(standardize=True), dict(center=False), dict(whiten=True)):
        ours, theirs = moments.pca(4, **options), conceptdec.pca(tilted, 4, "svd", **options)
        np.testing.assert_allclose(ours.components, theirs.components, atol=1e-6)
        np.testing.assert_allclose(ours.explained_variance, theirs.explained_variance, rtol=1e-7)
        np.testing.assert_allclose(ours.transform(tilted), theirs.transform(tilted), atol=1e-5)
    for solver in ("gram", "svd"):
        refused("EINVAL", lambda: moments.pca(4, solver), "solver")


def test_moments_without_rows():
    moments = conceptdec.Moments(3)
    assert moments.n_samples == 0 and np.isnan(moments.mean).all() and np.isnan(moments.covariance).all()
    refused("ETOOFEW", lambda: moments.add(np.ones((1, 3))).pca(1))


def test_all_rows_or_none(rng):
    moments = conceptdec.Moments(3).add(rng.standard_normal((10, 3)))
    before = copy.deepcopy(moments)
    bad = rng.standard_normal((500, 3))
    bad[499, 1] = np.nan
    refused("ENONFINITE", lambda: moments.add(bad), "row 499, column 1")
    refused("ESIZE", lambda: moments.add(bad[:, :2]))
    refused("ESIZE", lambda: conceptdec.Moments(0), "dims")
    equal(moments, before)


def test_moments_arrays_stay(rng):
    moments = conceptdec.Moments(3).add(rng.standard_normal((10, 3)))
    mean = moments.mean
    kept = mean.copy()
    moments.add(np.full((50, 3), 9.0))
    assert np.array_equal(mean, kept) and not np.array_equal(moments.mean, kept)


# ---- alignment


@pytest.mark.parametrize("scale", [False, True])
def test_align(rng, scale):
    reference = rng.standard_normal((40, 3))
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    factor = 2.5 if scale else 1.0
    r = conceptdec.align(reference @ turn / factor + 4, reference, scale=scale)
    np.testing.assert_allclose(r.transformed, reference, atol=1e-10)
    np.testing.assert_allclose(r.rotation, turn.T, atol=1e-10)
    assert r.scale == pytest.approx(factor) and r.disparity == pytest.approx(0, abs=1e-20)
    assert "transformed" in repr(r) and "array (40, 3)" in repr(r)


def test_align_is_the_least(rng):
    z, reference = rng.standard_normal((2, 30, 2))
    r = conceptdec.align(z, reference)
    u, _, v = np.linalg.svd((z - z.mean(axis=0)).T @ (reference - reference.mean(axis=0)))
    np.testing.assert_allclose(r.rotation, u @ v, atol=1e-10)
    centred = reference - reference.mean(axis=0)
    assert r.disparity == pytest.approx(((r.transformed - reference) ** 2).sum() / (centred**2).sum())
    refused("ESIZE", lambda: conceptdec.align(z, reference[:, :1]))
    refused("ESIZE", lambda: conceptdec.align(z[:5], reference))


def test_align_sequence(rng):
    picture = rng.standard_normal((30, 2))
    steps = [picture + 0.01 * i for i in range(4)]
    mixed = [step * [(-1) ** i, 1] for i, step in enumerate(steps)]
    turned = conceptdec.align_sequence(mixed)
    assert turned.shape == (4, 30, 2) and np.array_equal(turned[0], picture)
    np.testing.assert_allclose(turned, [picture] * 4, atol=1e-9)
    assert np.array_equal(turned[2], conceptdec.align(mixed[2], turned[1]).transformed)
    refused("ESIZE", lambda: conceptdec.align_sequence([]), "views")


# ---- UMAP


def test_clouds_come_apart(blobs):
    x, y = blobs
    model = conceptdec.umap(x, n_neighbors=8)
    assert model.embedding.shape == (120, 2) and not model.embedding.flags.writeable and len(model) == 120
    assert conceptdec.knn_decodability(np.array(model.embedding), y, k=5).decodability[0] == 1
    assert np.array_equal(model.part, y) and model.n_short == 0 and "3 parts" in repr(model)
    assert model.rho.shape == model.sigma.shape == (120,) and (model.rho > 0).all()
    np.testing.assert_allclose(model.curve, [1.577, 0.895], atol=5e-3)


def test_graph(blobs):
    x, y = blobs
    rows, columns, weights = conceptdec.umap(x, n_neighbors=8, epochs=0).graph
    dense = np.zeros((120, 120))
    dense[rows, columns] = weights
    assert len(rows) == len(set(zip(rows, columns))) and np.array_equal(dense, dense.T) and (np.diag(dense) == 0).all()
    assert (weights > 0).all() and (weights <= 1).all()
    np.testing.assert_allclose(dense.max(axis=1), 1)
    assert (y[rows] == y[columns]).all() and (np.diff(rows * 120 + columns) > 0).all()


def test_same_bits(blobs):
    x, _ = blobs
    first = conceptdec.umap(x, n_neighbors=8, seed=3, threads=1)
    for threads in (1, 3):
        equal(conceptdec.umap(x, n_neighbors=8, seed=3, threads=threads), first)
    assert not np.array_equal(conceptdec.umap(x, n_neighbors=8, seed=4).embedding, first.embedding)


@pytest.mark.parametrize("kind", KINDS)
def test_umap_dtypes(blobs, kind):
    x, options, wide = narrow(blobs[0], kind)
    model = conceptdec.umap(x, n_neighbors=6, epochs=20, **options)
    equal(conceptdec.umap(Rows(x), n_neighbors=6, epochs=20, **options), model)
    equal(conceptdec.umap(np.asfortranarray(x), n_neighbors=6, epochs=20, **options), model)
    assert np.array_equal(model.part, blobs[1])


def test_of_a_table(blobs, tmp_path):
    x, _ = blobs
    table = conceptdec.neighbors(x, 10)
    expected = conceptdec.umap(x, n_neighbors=10)
    model = conceptdec.umap(table, n_neighbors=10)
    equal(model, expected)
    assert np.array_equal(model.transform(x[:4] + 0.1), expected.transform(x[:4] + 0.1))
    table.save(tmp_path / "table")
    loaded = conceptdec.load_neighbors(tmp_path / "table")
    blind = conceptdec.umap(loaded, n_neighbors=10)
    equal(blind, expected)
    with pytest.raises(conceptdec.ConceptDecError, match="needs the rows"):
        blind.transform(x)
    seeing = conceptdec.umap(loaded, n_neighbors=10, init="pca", x=x)
    assert np.array_equal(seeing.embedding, conceptdec.umap(x, n_neighbors=10, init="pca").embedding)
    refused("EINVAL", lambda: conceptdec.umap(x, x=x), "x: stands beside a neighbour table")
    refused("ESHALLOW", lambda: conceptdec.umap(table, n_neighbors=11))
    refused("EINVAL", lambda: conceptdec.umap(table, n_neighbors=10, metric="cosine"), "metric")
    refused("ENULL", lambda: conceptdec.umap(loaded, n_neighbors=10, init="pca"), "needs the rows")


def test_starts(blobs, rng):
    x, _ = blobs
    start = rng.standard_normal((120, 2)) * 10
    given = conceptdec.umap(x, n_neighbors=8, init=start, epochs=0)
    np.testing.assert_allclose(given.embedding, start)
    found = [conceptdec.umap(x, n_neighbors=8, init=init, epochs=0).embedding for init in ("spectral", "pca", "random")]
    assert not np.array_equal(found[0], found[1]) and not np.array_equal(found[1], found[2])
    assert all(np.isfinite(one).all() for one in found)
    line = conceptdec.pca(x, 2).transform(x)
    corners = [np.corrcoef(found[1][:, i], line[:, i])[0, 1] for i in range(2)]
    assert np.abs(corners).min() > 0.99


def test_labels_pull(rng):
    x = rng.standard_normal((150, 4))
    names = np.array(["adj", "noun", "verb"])[np.arange(150) % 3]
    plain, told = (conceptdec.umap(x, y=y, seed=1, n_neighbors=10) for y in (None, names))
    scores = [conceptdec.knn_decodability(np.array(m.embedding), names, k=5).decodability[0] for m in (plain, told)]
    assert scores[1] > scores[0] + 0.2
    equal(conceptdec.umap(x, y=np.arange(150) % 3, seed=1, n_neighbors=10), told)
    unknown = conceptdec.umap(x, y=names, ignore="verb", seed=1, n_neighbors=10)
    assert not np.array_equal(unknown.embedding, told.embedding)
    refused("ESIZE", lambda: conceptdec.umap(x, y=names[:9]))


def test_places_for_new_rows(blobs, rng):
    x, y = blobs
    model = conceptdec.umap(x, n_neighbors=8)
    new = x + 0.1 * rng.standard_normal(x.shape)
    whole = model.transform(new)
    assert whole.shape == (120, 2)
    for part in (slice(0, 1), slice(5, 6), slice(30, 90)):
        assert np.array_equal(model.transform(new[part], threads=3), whole[part])
    assert np.array_equal(model.transform(new[::-1]), whole[::-1]) and np.array_equal(model.transform(Rows(new)), whole)
    centres = np.stack([model.embedding[y == c].mean(axis=0) for c in range(3)])
    nearest = ((whole[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(nearest, y)
    refused("ESIZE", lambda: model.transform(new[:, :4]))
    new[3, 3] = np.nan
    refused("ENONFINITE", lambda: model.transform(new), "row 3, column 3")


def test_a_loaded_umap(blobs, tmp_path):
    x, _ = blobs
    model = conceptdec.umap(x, n_neighbors=8)
    model.save(tmp_path / "umap")
    expected = model.transform(x[:9] + 0.1)
    assert np.array_equal(conceptdec.load_umap(tmp_path / "umap", x).transform(x[:9] + 0.1), expected)
    with pytest.raises(conceptdec.ConceptDecError, match="needs the rows"):
        conceptdec.load_umap(tmp_path / "umap").transform(x)
    refused("ESIZE", lambda: conceptdec.load_umap(tmp_path / "umap", x[:50]).transform(x))


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EINVAL", dict(n_components=0), "n_components"),
        ("EINVAL", dict(init="tsne"), "init: 'tsne' is not known"),
        ("EINVAL", dict(metric="l1"), "metric: 'l1' is not known"),
        ("EINVAL", dict(min_dist=-1.0), "min_dist"),
        ("EINVAL", dict(spread=0.0), "spread"),
        ("EINVAL", dict(learning_rate=-1.0), "learning_rate"),
        ("EINVAL", dict(target_weight=0.3), "target_weight: is given, but there are no labels"),
        ("EINVAL", dict(epochs=0, learning_rate=2.0), "learning_rate: is given, but without epochs nothing moves"),
        ("EINVAL", dict(epochs=0, repulsion=2.0), "repulsion: is given, but"),
        ("EINVAL", dict(mix=-0.5), "mix"),
        ("EINVAL", dict(epochs="many"), "epochs: needs an integer"),
        ("ESIZE", dict(init=np.zeros((5, 2))), "init: 5 x 2"),
        ("ETOOFEW", dict(X=np.ones((1, 3))), "X: 1 row"),
        ("ENONFINITE", dict(X=np.diag([1.0, np.nan, 2.0])), "row 1, column 1"),
    ],
)
def test_umap_refused(blobs, name, changes, text):
    refused(name, lambda: conceptdec.umap(**{"X": blobs[0], **changes}), text)


def test_few_rows_and_equal_rows():
    short = conceptdec.umap(np.eye(5))
    assert short.n_short == 5 and np.isfinite(short.embedding).all()
    flat = conceptdec.umap(np.ones((20, 3)), n_neighbors=5)
    assert np.isfinite(flat.embedding).all()


def test_aligned(blobs):
    x, y = blobs
    views = [x, -x[:, :5], (x * 3).astype(np.float32)]
    r = conceptdec.aligned_umap(views, n_neighbors=8)
    assert r.embedding.shape == (3, 120, 2) and np.isfinite(r.embedding).all()
    assert np.array_equal(conceptdec.aligned_umap(views, n_neighbors=8, threads=3).embedding, r.embedding)
    array = conceptdec.aligned_umap(np.stack([x, -x]), n_neighbors=8, window=1, alignment=0.1)
    assert array.embedding.shape == (2, 120, 2)
    centres = np.stack([[e[y == c].mean(axis=0) for c in range(3)] for e in r.embedding])
    apart = np.linalg.norm(centres[0, 0] - centres[0, 1])
    assert np.abs(centres[1:] - centres[:-1]).max() < apart / 2
    refused("ESIZE", lambda: conceptdec.aligned_umap([[x, x], [x, x]]), "views")
    refused("ESIZE", lambda: conceptdec.aligned_umap([x, x[:50]]), "views|view 1")
    refused("ESIZE", lambda: conceptdec.aligned_umap(x), "views: one matrix is no grid")


# ---- trust in a picture


def test_trustworthiness(rng):
    manifold = pytest.importorskip("sklearn.manifold")
    x = rng.standard_normal((150, 10))
    picture = conceptdec.pca(x, 2).transform(x)
    r = conceptdec.embedding_quality(x, picture, k=[3, 10, 40])
    for place, k in enumerate((3, 10, 40)):
        assert r.trustworthiness[place] == pytest.approx(manifold.trustworthiness(x, picture, n_neighbors=k), abs=1e-12)
        assert r.continuity[place] == pytest.approx(manifold.trustworthiness(picture, x, n_neighbors=k), abs=1e-12)
        own, others = (conceptdec.neighbors(np.array(m), k).indices for m in (x, picture))
        kept = np.mean([len(set(a) & set(b)) / k for a, b in zip(own, others)])
        assert r.knn_preservation[place] == pytest.approx(kept, abs=1e-12)
        assert r.r_nx[place] == pytest.approx((149 * kept - k) / (149 - k), abs=1e-12)
    assert r.k.tolist() == [3, 10, 40] and "trustworthy" in repr(r)


def test_a_perfect_picture_and_one_by_lot(rng):
    x = rng.standard_normal((400, 2))
    same = conceptdec.embedding_quality(x, 3 * x[:, ::-1] + 1)
    names = ("trustworthiness", "continuity", "knn_preservation", "r_nx")
    assert [same[name].tolist() for name in names] == [[1.0]] * 4
    lot = conceptdec.embedding_quality(x, rng.permutation(x))
    assert abs(lot.r_nx[0]) < 0.03 and abs(lot.trustworthiness[0] - 0.5) < 0.03


def test_quality_with_labels(blobs):
    x, y = blobs
    names = np.array(["adj", "noun", "verb"])[y]
    picture = conceptdec.pca(x, 2).transform(x)
    r = conceptdec.embedding_quality(x, picture, k=[5, 9], y=names)
    for field, rows in (("decodability", x), ("decodability_embedded", np.array(picture))):
        np.testing.assert_allclose(r[field], conceptdec.knn_decodability(rows, names, k=[5, 9]).decodability)
    assert r.classes.tolist() == ["adj", "noun", "verb"] and "in picture" in repr(r)
    assert "decodability" not in conceptdec.embedding_quality(x, picture)


@pytest.mark.parametrize("kind", KINDS)
def test_quality_dtypes(rng, kind):
    x, options, wide = narrow(rng.standard_normal((100, 5)), kind)
    picture = wide[:, :2].astype(np.float32)
    r = conceptdec.embedding_quality(x, picture, threads=1, **options)
    for same in (
        conceptdec.embedding_quality(wide, picture.astype(np.float64)),
        conceptdec.embedding_quality(Rows(x), Rows(picture), threads=3, **options),
        conceptdec.embedding_quality(x[::-1], picture[::-1], **options),
    ):
        np.testing.assert_allclose(same.trustworthiness, r.trustworthiness, atol=1e-12)
        assert np.array_equal(same.knn_preservation, r.knn_preservation)


def test_no_order_of_tied_rows_matters(rng):
    x, e = rng.integers(0, 3, (90, 3)).astype(float), rng.integers(0, 4, (90, 2)).astype(float)
    order = rng.permutation(90)
    a, b = conceptdec.embedding_quality(x, e, k=[4, 15]), conceptdec.embedding_quality(x[order], e[order], k=[4, 15])
    for name in ("trustworthiness", "continuity", "knn_preservation", "r_nx"):
        np.testing.assert_allclose(a[name], b[name], atol=1e-13)


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EK", dict(k=0), "k"),
        ("EK", dict(k=[5, 50]), "k"),
        ("ESIZE", dict(E=np.ones((99, 2))), "embedding|99"),
        ("ENONFINITE", dict(E=np.full((100, 2), np.inf)), "row 0, column 0"),
        ("EINVAL", dict(metric="l1"), "metric"),
        ("ESIZE", dict(y=np.arange(7)), "y: 7 x 1"),
        ("ESINGLECLASS", dict(y=np.zeros(100, dtype=int)), "label"),
    ],
)
def test_quality_refused(rng, name, changes, text):
    arguments = {"X": rng.standard_normal((100, 5)), "E": rng.standard_normal((100, 2)), **changes}
    refused(name, lambda: conceptdec.embedding_quality(**arguments), text)


def test_progress_and_cancel(rng):
    x = rng.standard_normal((400, 20))
    for call in (conceptdec.umap, lambda x, **how: conceptdec.embedding_quality(x, x, **how)):
        reports = []
        call(x, progress=lambda *report: reports.append(report))
        assert all(0 <= done <= total for _, done, total in reports)


def test_moments_shared_by_threads():
    x = np.random.default_rng(3).standard_normal((60, 20))
    moments = conceptdec.Moments(20)
    threads = [threading.Thread(target=lambda: [moments.add(x) for _ in range(30)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert moments.n_samples == 4 * 30 * 60
    np.testing.assert_allclose(moments.mean, x.mean(axis=0), rtol=0, atol=1e-13)


def test_moments_within_their_own_call():
    moments = conceptdec.Moments(2).add(np.eye(2))
    with moments._alone():
        for call in (lambda: moments.n_samples, lambda: moments.add(np.eye(2)), lambda: moments.merge(moments)):
            with pytest.raises(RuntimeError, match="in use by a call"):
                call()
    assert moments.add(np.eye(2)).n_samples == 4
