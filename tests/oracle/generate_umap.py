"""Writes umap.h: the fuzzy graph of a few rows and the curve, by the formulas of umap-learn, written down anew.

Versions of what made the stored file: Python 3.11.2, NumPy 1.24.2, SciPy 1.10.1. umap-learn 0.5.3 gives the same graph
(flag self_counted) to 2e-6, which is what its bisection leaves.

    python3 generate_umap.py > umap.h
"""
import numpy as np
from scipy.optimize import brentq, curve_fit

N, D, K = 24, 3, 6


def rows():
    """Multiples of 1/64, exact everywhere; rows 0 and 1 are equal."""
    state, values = 12345, []
    for _ in range(N * D):
        state = (state * 1103515245 + 12345) % 2**31
        values.append((state >> 16) % 256 / 64)
    x = np.array(values).reshape(N, D)
    x[1] = x[0]
    return x


def smooth(distances, target, connectivity, mean, own_mean):
    """rho and sigma of one row; `distances` of its others, nearest first."""
    beyond = distances[distances > 0]
    index = int(np.floor(connectivity))
    fraction = connectivity - index
    if len(beyond) < connectivity:
        rho = beyond.max() if len(beyond) else 0.0
    elif index == 0:
        rho = fraction * beyond[0]
    else:
        rho = beyond[index - 1]
        if fraction > 1e-5:
            rho += fraction * (beyond[index] - beyond[index - 1])

    def excess(sigma):
        return np.exp(-np.maximum(0, distances - rho) / sigma).sum() - target

    sigma = 0.0 if excess(1e-9) > 0 else brentq(excess, 1e-9, 1e9, xtol=1e-15, rtol=1e-15)
    return rho, max(sigma, 1e-3 * (own_mean if rho > 0 else mean))


def graph(x, k, self_counted=False, connectivity=1.0, mix=1.0, labels=None, far=5.0):
    others = k - 1 if self_counted else k
    distance = np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1))
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, 1, kind="stable")[:, :others]
    lists = np.take_along_axis(distance, nearest, 1)
    places = others + self_counted
    mean = lists.sum() / (len(x) * places)
    weights, rho, sigma = np.zeros((len(x), len(x))), [], []
    for i, d in enumerate(lists):
        r, s = smooth(d, np.log2(places), connectivity, mean, d.sum() / places)
        weights[i, nearest[i]] = np.exp(-np.maximum(0, d - r) / s)
        rho.append(r)
        sigma.append(s)
    product = weights * weights.T
    joined = mix * (weights + weights.T - product) + (1 - mix) * product
    if labels is not None:
        unknown = (labels[:, None] < 0) | (labels[None] < 0)
        joined = joined * np.where(unknown, np.exp(-1), np.where(labels[:, None] == labels[None], 1, np.exp(-far)))
        joined = joined / joined.max(1, keepdims=True)
        joined = joined + joined.T - joined * joined.T
    return joined, rho, sigma


def curve(spread, min_dist):
    x = np.linspace(0, spread * 3, 300)
    y = np.where(x < min_dist, 1, np.exp(-(x - min_dist) / spread))
    return curve_fit(lambda t, a, b: 1 / (1 + a * t ** (2 * b)), x, y, ftol=1e-14, xtol=1e-14)[0]


CASES = [dict(), dict(self_counted=True), dict(connectivity=1.5), dict(mix=0.25),
         dict(labels=np.arange(N) % 4 - 1, far=2.5 / (1 - 0.5))]
CURVES = [(1, 0.1), (1, 0), (1, 0.5), (1, 1), (2, 0.25), (0.5, 0.1)]


def show(name, values, shape=""):
    print("static const double %s[]%s = {%s};" % (name, shape, ", ".join("%.17g" % v for v in values)))


def main():
    x = rows()
    print("/* Made by generate_umap.py. */")
    print("enum { UMAP_N = %d, UMAP_D = %d, UMAP_K = %d, UMAP_CASES = %d, UMAP_CURVES = %d };"
          % (N, D, K, len(CASES), len(CURVES)))
    show("umap_rows", x.ravel())
    print("static const double umap_graphs[][UMAP_N * UMAP_N] = {")
    made = [graph(x, K, **case) for case in CASES]
    for weights, _, _ in made:
        print("    {%s}," % ", ".join("%.12g" % v for v in weights.ravel()))
    print("};")
    show("umap_rho", made[0][1])
    show("umap_sigma", made[0][2])
    print("static const double umap_curves[][4] = { /* spread, min_dist, a, b */")
    for spread, least in CURVES:
        print("    {%.17g, %.17g, %.12g, %.12g}," % (spread, least, *curve(spread, least)))
    print("};")


if __name__ == "__main__":
    main()
