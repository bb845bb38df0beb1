"""Probes where something is missing, constant or far away."""

import numpy as np
import pytest

import conceptdec


def noise(n=200, d=20, shift=0.3, seed=1):
    draws = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return draws.standard_normal((n, d)) + shift * y[:, None], y


def decrement(x, y, weights, bias, lam):
    """Half the squared Newton decrement of two classes, computed densely."""
    n, d = x.shape
    a = np.hstack([x, np.ones((n, 1))])
    p = 1 / (1 + np.exp(-(x @ weights + bias)))
    penalty = np.append(np.full(d, lam), 0)
    gradient = a.T @ (p - y) / n + penalty * np.append(weights, bias)
    hessian = (a * (p * (1 - p))[:, None]).T @ a / n + np.diag(penalty)
    return gradient @ np.linalg.solve(hessian, gradient) / 2


@pytest.mark.parametrize("scale,lam,training", [(1e6, 1e-1, 0), (1e3, 1e-5, 0), (1e3, 1e-5, 2), (1e6, 1e-5, 2)])
def test_converged_is_converged_whatever_the_size_of_some_rows(scale, lam, training):
    x, y = noise()
    if training:
        x[:training] *= scale
        r = conceptdec.probe(x, y, lambdas=lam)
    else:
        far = scale * np.random.default_rng(2).standard_normal((20, x.shape[1]))
        r = conceptdec.probe(np.vstack([x, far]), np.append(y, np.full(20, 9)), lambdas=lam, ignore=9)
    assert r.converged[0] == 1
    assert decrement(x, y, r.weights[0, 0], r.bias[0, 0], lam) < 1e-12


def test_a_group_without_a_labelled_row_is_no_part_of_the_null():
    x, y = noise(n=120, shift=0)
    groups = np.arange(120) // 20
    labels = np.where(groups == 5, 9, y)
    whole = conceptdec.probe(x, labels, protocol="group", groups=groups, ignore=9, permutations=20, lambdas=1e-4)
    assert abs(whole.null.mean() - 0.5) < 0.1  # of the rows that train some 60 % would be right


def test_code_length_of_nearest_means_is_finite():
    x, y = noise(n=1000, shift=1.0)
    r = conceptdec.probe(x, y, kind="nearest_mean", mdl=True)
    assert np.isfinite(r.codelength_bits[0]) and r.compression[0] > 1


def test_classes_without_spread_are_told_apart():
    y = np.arange(30) % 3
    r = conceptdec.probe(np.eye(3)[y], y, kind="nearest_mean")
    assert r.accuracy[0] == 1 and r.n_scored[0] == 30 and r.log_loss[0] == 0


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 7.7])
def test_a_constant_column_changes_nothing(constant):
    x, y = noise(n=1000)
    wide = np.hstack([x, np.full((1000, 1), constant)])
    for how in ("global", "fold"):
        plain = conceptdec.probe(x, y, standardize=how, lambdas=0.1)
        more = conceptdec.probe(wide, y, standardize=how, lambdas=0.1)
        np.testing.assert_allclose(more.weights[..., :-1], plain.weights, atol=1e-9)
        assert abs(more.weights[0, 0, -1]) < 1e-9


def test_a_view_above_the_budget_does_not_lose_the_others():
    x, y = noise(n=400, d=30)
    views = [x, np.hstack([x] * 200), x]
    r = conceptdec.sweep(views, y, "probe", kind="ridge", lambdas=0.1, memory=2_000_000)
    assert list(r.status) == [0, r.status[1], 0] and r.status[1] < 0
    np.testing.assert_array_equal(r.accuracy[0], r.accuracy[2])
