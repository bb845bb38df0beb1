"""probe_data.py: activations and labels for the probe benchmarks, the same in every process."""
import numpy as np
from scipy.fft import dct

MASSIVE = 4  # dimensions as residual streams have them: large and far from 0


def made(n, d, classes, seed=0, standardized=False):
    """A spectrum that falls as 1 / rank along directions across all dimensions, class means that lie in it, and a few
    massive dimensions; float32. Standardised it keeps its spectrum, as activations do."""
    draws = np.random.default_rng([n, d, classes, seed])
    scale = np.arange(1, d + 1, dtype=np.float64) ** -0.5
    y = draws.integers(0, classes, n)
    means = draws.standard_normal((classes, d)) * scale * 0.3
    x = draws.standard_normal((n, d)) * scale + means[y]
    x = dct(x * draws.choice((-1.0, 1.0), d), norm="ortho").astype(np.float32)
    x[:, :MASSIVE] = x[:, :MASSIVE] * 50 + 100
    x = np.ascontiguousarray(x[:, draws.permutation(d)])
    if standardized:
        x = ((x - x.mean(0)) / x.std(0)).astype(np.float32)
    return x, y


def folds(n, count, seed=0):
    return np.random.default_rng([n, count, seed]).permutation(np.arange(n) % count)


def gradient_norm(x, y, classes, weights, bias, lam, rows):
    """Largest element of the gradient of the mean loss plus penalty, in float64."""
    x, y = x[rows].astype(np.float64), y[rows]
    f = x @ weights.T + bias
    f -= f.max(axis=1, keepdims=True)
    p = np.exp(f)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    gradient = p.T @ x / len(y) + lam * weights
    return max(np.abs(gradient).max(), np.abs(p.mean(axis=0)).max())
