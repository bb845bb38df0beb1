"""Similarity of representations against NumPy and SciPy."""

import json
import pickle

import numpy as np
import pytest

import conceptdec
from common import KINDS, Rows, narrow, refused, strided
from conceptdec import similarity

CKAS = ["cka_debiased", "cka_biased"]
ALL = [*CKAS, "svcca", "pwcca", "procrustes", "shape", "rsa", "mutual_knn", "information_imbalance"]


@pytest.fixture
def pair(rng):
    """80 rows in 7 dimensions, and what a noisy map makes of them in 5."""
    x = rng.standard_normal((80, 7)) * [3, 2, 2, 1, 1, 1, 1] + 1
    return x, x @ rng.standard_normal((7, 5)) + rng.standard_normal((80, 5))


# ---- the definitions, in NumPy


def centred(x):
    return x - x.mean(axis=0)


def rbf(x, bandwidth=1.0):
    squared = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    median = np.median(np.sqrt(squared[np.triu_indices(len(x), 1)]))
    return np.exp(-squared / (2 * (bandwidth * median) ** 2))


def hsic_biased(k, m):
    h = np.eye(len(k)) - 1 / len(k)
    return np.trace(h @ k @ h @ m)


def hsic_debiased(k, m):
    """Song et al. 2012."""
    n, k, m = len(k), k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    rows = k.sum(axis=1) @ m.sum(axis=1)
    return ((k * m).sum() + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * rows) / (n * (n - 3))


def cka(k, m, hsic):
    return hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))


def reduced(x, variance):
    u, s, _ = np.linalg.svd(centred(x), full_matrices=False)
    kept = (np.cumsum(s**2) / (s**2).sum() < variance - 1e-12).sum() + 1
    return u[:, :kept], s[:kept]


def correlations(x, y, variance):
    a, b = reduced(x, variance)[0], reduced(y, variance)[0]
    left, rho, _ = np.linalg.svd(a.T @ b)
    return rho, a @ left[:, : len(rho)], (a.shape[1], b.shape[1])


def rdm(x, name):
    upper = np.triu_indices(len(x), 1)
    if name == "squared_l2":
        return (((x[:, None] - x[None]) ** 2).sum(axis=2) / x.shape[1])[upper]
    rows = x - x.mean(axis=1, keepdims=True) * (name == "correlation")
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return 1 - (rows @ rows.T)[upper]


def compared(a, b, name):
    stats = pytest.importorskip("scipy.stats")
    if name == "pearson":
        return np.corrcoef(a, b)[0, 1]
    if name == "spearman":
        return stats.spearmanr(a, b)[0]
    if name == "cosine":
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    signs = [np.sign(v[:, None] - v[None])[np.triu_indices(len(v), 1)] for v in (a, b)]
    return (signs[0] * signs[1]).mean()


# ---- CKA


@pytest.mark.parametrize("kind, hsic", zip(CKAS, [hsic_debiased, hsic_biased]))
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_cka(pair, kind, hsic, kernel):
    x, y = pair
    kernels = [rbf(v) if kernel == "rbf" else centred(v) @ centred(v).T for v in pair]
    r = similarity(x, y, kind, kernel)
    assert isinstance(r.value, float) and r.value == pytest.approx(cka(*kernels, hsic), rel=1e-9)
    assert r.self_hsic_a > 0 and r.n_undefined == 0 and r.n_left_out == 0
    if kernel == "rbf":
        wide = similarity(x, y, kind, "rbf", bandwidth=3.0)
        assert wide.value == pytest.approx(cka(rbf(x, 3), rbf(y, 3), hsic), rel=1e-9)


def test_unbiased_cka_of_independent_rows_is_about_0(rng):
    x, y = rng.standard_normal((2, 60, 200))
    assert abs(similarity(x, y).value) < 0.1 and similarity(x, y, "cka_biased").value > 0.7


def test_batches(pair):
    x, y = pair
    r = similarity(x, y, batch=30)
    parts = [(centred(x[i : i + 30]), centred(y[i : i + 30])) for i in (0, 30)]
    h = lambda p, q: np.mean([hsic_debiased(p(b) @ p(b).T, q(b) @ q(b).T) for b in parts])  # noqa: E731
    a, b = (lambda part: part[0]), (lambda part: part[1])
    assert r.value == pytest.approx(h(a, b) / np.sqrt(h(a, a) * h(b, b)), rel=1e-9) and r.n_left_out == 20


# ---- canonical correlations, Procrustes


def test_svcca_and_pwcca(pair):
    x, y = pair
    rho, h, directions = correlations(x, y, 0.9)
    r = similarity(x, y, "svcca", variance=0.9)
    assert r.value == pytest.approx(rho.mean(), rel=1e-9) and (r.directions_a, r.directions_b) == directions
    np.testing.assert_allclose(r.canonical_correlations[: len(rho)], rho, atol=1e-9)
    u, s = reduced(x, 0.9)
    weights = np.abs(h.T @ (u * s) @ np.linalg.svd(centred(x), full_matrices=False)[2][: len(s)]).sum(axis=1)
    both = similarity(x, y, "pwcca", variance=0.9)
    assert both.value == pytest.approx((weights * rho).sum() / weights.sum(), rel=1e-9)
    other = similarity(y, x, "pwcca", variance=0.9)
    mean = similarity(x, y, "pwcca", variance=0.9, symmetric=True)
    assert mean.value == pytest.approx((both.value + other.value) / 2)


def test_too_few_rows_for_correlations(rng):
    x, y = rng.standard_normal((2, 10, 20))
    r = similarity(x, y, "svcca", variance=1.0)
    assert np.isnan(r.value) and r.n_undefined == 1
    assert 0 < similarity(x, y, "svcca", variance=1.0, ridge=0.5).value < 1


def test_procrustes_and_shape(pair):
    x, y = pair
    a, b = map(centred, pair)
    nuclear = np.linalg.svd(a.T @ b, compute_uv=False).sum()
    assert similarity(x, y, "procrustes").value == pytest.approx(np.sqrt((a**2).sum() + (b**2).sum() - 2 * nuclear))
    assert similarity(x, y, "shape").value == pytest.approx(np.arccos(nuclear / np.linalg.norm(a) / np.linalg.norm(b)))


# ---- RSA


@pytest.mark.parametrize("name", ["correlation", "squared_l2", "cosine"])
@pytest.mark.parametrize("comparison", ["spearman", "pearson", "kendall", "cosine"])
def test_rsa(pair, name, comparison):
    x, y = pair[0][:40], pair[1][:40]
    r = similarity(x, y, "rsa", rdm=name, comparison=comparison)
    assert r.value == pytest.approx(compared(rdm(x, name), rdm(y, name), comparison), rel=1e-9)
    assert r.n_pairs == 40 * 39 // 2


def test_undefined_draws_are_left_out():
    """A draw of 5 conditions may hold two of them alone: one pair, which has no correlation."""
    rng = np.random.default_rng(3)
    condition = np.repeat(np.arange(5), 8)
    x = rng.normal(size=(5, 6))[condition] + 0.1 * rng.normal(size=(40, 6))
    r = similarity(x, x + rng.normal(size=x.shape), "rsa", comparison="pearson", y=condition, bootstrap=200)
    assert 0 < r.diagnostics["bootstrap_draws_left_out"] <= 20
    assert np.isfinite(r.ci_low) and r.ci_low < r.ci_high
    few = similarity(x, x + rng.normal(size=x.shape), "rsa", comparison="pearson", y=condition % 3, bootstrap=200)
    assert few.diagnostics["bootstrap_draws_left_out"] > 20 and np.isnan(few.ci_low)


def test_rsa_of_conditions(pair):
    x, y = pair
    condition = np.array(["a", "b", "c", "d", "e"])[np.arange(80) % 5]
    means = [np.array([v[condition == c].mean(axis=0) for c in "abcde"]) for v in pair]
    r = similarity(x, y, "rsa", y=condition)
    assert r.value == pytest.approx(compared(*(rdm(m, "correlation") for m in means), "spearman")) and r.n_pairs == 10
    less = similarity(x, y, "rsa", y=condition, ignore=["e"])
    assert less.n_pairs == 6


def test_crossnobis(pair):
    x, y = pair
    condition, run = np.arange(80) % 4, np.array(["first", "second", "third"])[np.arange(80) // 28]
    found = []
    for v in pair:
        m = np.array([[v[(condition == c) & (run == p)].mean(axis=0) for c in range(4)] for p in np.unique(run)])
        difference = np.array([[m[:, i] - m[:, j] for j in range(4)] for i in range(4)])
        pairs = [(p, q) for p in range(3) for q in range(3) if p != q]
        total = sum((difference[:, :, p] * difference[:, :, q]).sum(axis=2) for p, q in pairs)
        found.append((total / 6 / v.shape[1])[np.triu_indices(4, 1)])
    r = similarity(x, y, "rsa", rdm="crossnobis", comparison="pearson", y=condition, partitions=run)
    assert r.value == pytest.approx(np.corrcoef(*found)[0, 1], rel=1e-9)


# ---- neighbours


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_mutual_neighbours(pair, metric):
    x, y = pair
    r = similarity(x, y, "mutual_knn", k=6, metric=metric)
    tables = [conceptdec.neighbors(np.array(v), 6, metric).indices for v in pair]
    shared = [len(set(a) & set(b)) / 6 for a, b in zip(*tables)]
    assert r.value == pytest.approx(np.mean(shared)) and r.chance == pytest.approx(6 / 79)


def test_information_imbalance(pair):
    def imbalance(a, b, k):
        tables = [conceptdec.neighbors(np.array(v), 79).indices for v in (a, b)]
        places = [[list(other).index(j) + 1 for j in own[:k]] for own, other in zip(*tables)]
        return 2 / 80 * np.mean(places)

    x, y = pair
    for k in (1, 4):
        assert similarity(x, y, "information_imbalance", k=k).value == pytest.approx(imbalance(x, y, k))
        assert similarity(y, x, "information_imbalance", k=k).value == pytest.approx(imbalance(y, x, k))


# ---- grids, nulls, intervals


def test_axes(pair):
    x, y = pair
    views = [x, x[:, :3], x[:, ::-1]]
    matrix = similarity(views)
    assert matrix.value.shape == (3, 3) and np.array_equal(matrix.value, matrix.value.T)
    np.testing.assert_allclose(np.diag(matrix.value), 1)
    many = similarity(views, y)
    assert many.value.shape == (3,) and many.self_hsic_a.shape == (3,) and isinstance(many.self_hsic_b, float)
    assert similarity(y, views).value.shape == (3,) and similarity(views, [y]).value.shape == (3, 1)
    grid = similarity(np.stack([[x, -x], [2 * x, x + 1], [x, x]]), [y, x])
    assert grid.value.shape == (3, 2, 2) and grid.self_hsic_a.shape == (3, 2)
    for i, view in enumerate(views):
        assert many.value[i] == pytest.approx(similarity(view, y).value, abs=1e-12)
    cca = similarity(views, y, "svcca", permutations=3)
    assert cca.canonical_correlations.shape[:-1] == (3,) and cca.null.shape == (3, 3) and cca.p_value.shape == (3,)
    values = json.loads(many.to_json())["values"]
    assert values["value"] == many.value.tolist() and values["self_hsic_b"] == many.self_hsic_b
    assert pickle.loads(pickle.dumps(many)).value.tolist() == many.value.tolist()
    refused("EINVAL", lambda: similarity(x), "B: A is one matrix")


@pytest.mark.parametrize("kind", ALL)
def test_every_kind(pair, kind):
    x, y = pair
    r = similarity([x, y], [y, x[::-1]], kind, permutations=19, bootstrap=15, seed=5)
    assert r.value.shape == r.p_value.shape == r.ci_low.shape == r.ci_high.shape == (2, 2)
    assert r.null.shape == (19, 2, 2)
    assert np.isfinite(r.value).all() and (r.ci_low <= r.ci_high).all()
    alike = r.null <= r.value if kind in ("procrustes", "shape", "information_imbalance") else r.null >= r.value
    np.testing.assert_allclose(r.p_value, (1 + alike.sum(axis=0)) / 20)
    assert r.p_value[0, 0] == 1 / 20 and r.p_value[0, 1] > 1 / 20
    same_bits(similarity([x, y], [y, x[::-1]], kind, permutations=19, bootstrap=15, seed=5, threads=3), r)
    assert similarity([x, y], [y], kind, permutations=19, seed=6).null[:, 0, 0].tolist() != r.null[:, 0, 0].tolist()
    assert r.options["kind"] == kind and r.provenance["seed"] == 5


def same_bits(a, b):
    assert a.keys() == b.keys()
    for name in a.keys():
        assert np.array_equal(a[name], b[name], equal_nan=np.asarray(a[name]).dtype.kind == "f"), name


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("dtype", KINDS)
def test_dtypes(pair, kind, dtype):
    (a, options, wide_a), (b, _, wide_b) = narrow(pair[0], dtype), narrow(pair[1], dtype)
    r = similarity(a, b, kind, **options)
    assert r.value == pytest.approx(similarity(wide_a, wide_b, kind).value, rel=1e-9 if dtype == "float64" else 1e-4)
    for rows in (Rows, strided):
        same_bits(similarity([rows(a)], rows(b), kind, **options), similarity([a], b, kind, **options))


@pytest.mark.parametrize("kind", ["cka_debiased", "cka_biased", "procrustes", "svcca", "mutual_knn"])
def test_invariances(pair, kind, rng):
    x, y = pair
    r, turn = similarity(x, y, kind), np.linalg.qr(rng.standard_normal((7, 7)))[0]
    order = rng.permutation(80)
    assert similarity(x @ turn + 5, y, kind).value == pytest.approx(r.value, rel=1e-8)
    assert similarity(x[order], y[order], kind).value == pytest.approx(r.value, rel=1e-8)
    assert similarity(y, x, kind).value == pytest.approx(r.value, rel=1e-8)


def test_groups(pair):
    x, y = pair
    groups = np.repeat(np.arange(20), 4)
    whole = similarity(x, y, permutations=9, groups=groups)
    within = similarity(x, y, permutations=9, permute="within", groups=groups)
    assert whole.null.shape == within.null.shape == (9,) and not np.array_equal(whole.null, within.null)
    drawn = similarity(x, y, bootstrap=9, groups=groups)
    assert drawn.ci_low <= drawn.ci_high


def test_draws_of_equal_correlations(rng):
    """Views share four directions: PWCCA is what singular vectors make of that, in a draw that changes nothing, too."""
    x = rng.standard_normal((40, 8))
    y = np.hstack([x[:, :4], rng.standard_normal((40, 3))])
    groups = np.arange(40)
    groups[1] = 0  # two rows that may change places
    r = similarity(x, y, kind="pwcca", variance=1.0, permutations=30, permute="within", groups=groups)
    unchanged = np.isclose(np.ravel(r.null), np.ravel(r.value)[0], rtol=1e-9, atol=0)
    assert 5 < unchanged.sum() < 30


def test_what_is_not_defined(rng):
    flat, x = np.ones((20, 3)), rng.standard_normal((20, 4))
    for kind in ("cka_debiased", "cka_biased", "svcca", "pwcca", "shape", "rsa"):
        r = similarity([flat, x], x, kind)
        assert np.isnan(r.value[0]) and not np.isnan(r.value[1]) and r.n_undefined == 1, kind
        assert json.loads(r.to_json())["values"]["value"][0] is None


@pytest.mark.parametrize(
    "name, changes, text",
    [
        ("EINVAL", dict(kind="cca"), "kind: 'cca' is not known; allowed: 'cka_debiased'"),
        ("EINVAL", dict(kernel="cubic"), "kernel: 'cubic' is not known"),
        ("EINVAL", dict(kind="svcca", kernel="rbf"), "kernel"),
        ("EINVAL", dict(k=5), "k: is given"),
        ("EINVAL", dict(variance=0.5), "variance"),
        ("EINVAL", dict(kind="svcca", variance=0.0), "variance"),
        ("EINVAL", dict(kind="svcca", ridge=-1.0), "ridge"),
        ("EINVAL", dict(bandwidth=2.0), "bandwidth"),
        ("EINVAL", dict(kernel="rbf", bandwidth=-2.0), "bandwidth"),
        ("EINVAL", dict(batch=3), "batch"),
        ("EINVAL", dict(symmetric=True), "symmetric"),
        ("EINVAL", dict(rdm="cosine"), "rdm"),
        ("EINVAL", dict(kind="rsa", rdm="l1"), "rdm: 'l1' is not known"),
        ("EINVAL", dict(kind="rsa", comparison="tau"), "comparison: 'tau' is not known"),
        ("EINVAL", dict(kind="rsa", partitions=np.arange(80) % 2), "partitions"),
        ("ENULL", dict(kind="rsa", rdm="crossnobis", y=np.arange(80) % 4), "partitions"),
        ("EINVAL", dict(y=np.arange(80) % 4), "y: is given, but kind"),
        ("EINVAL", dict(kind="rsa", ignore="a"), "ignore: stands beside y only"),
        ("EINVAL", dict(metric="cosine"), "metric"),
        ("EK", dict(kind="mutual_knn", k=80), "k"),
        ("EINVAL", dict(permute="within"), "permute"),
        ("EGROUPS", dict(permutations=3, permute="within"), "groups"),
        ("EINVAL", dict(permutations=3, permute="whole"), "permute"),
        ("ESIZE", dict(permutations=-3), "permutations"),
        ("EINVAL", dict(confidence=0.9), "confidence"),
        ("EINVAL", dict(bootstrap=3, confidence=2.0), "confidence"),
        ("ESIZE", dict(B=np.ones((79, 2))), "b|79"),
        ("ENONFINITE", dict(B=np.full((80, 2), np.nan)), "row 0, column 0"),
        ("ESIZE", dict(A=[]), "number of A: 0"),
        ("EDTYPE", dict(A=np.ones((80, 2), dtype=int)), "A: must be"),
    ],
)
def test_refused(pair, name, changes, text):
    refused(name, lambda: similarity(**{"A": pair[0], "B": pair[1], **changes}), text)
