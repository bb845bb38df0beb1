"""Rows that are pushed: what is kept of them, however they come and whoever brings them."""

import threading

import numpy as np
import pytest
from common import Rows, narrow, refused, strided
from producers import OnlyDlpack, Tensor

import conceptdec

NAMES = ["verb", "noun", "rare"]  # in an order of their own


@pytest.fixture
def rows(rng):
    """400 rows of two concepts; a third never comes."""
    labels = rng.integers(0, 2, 400)
    return (rng.standard_normal((400, 5)) + labels[:, None]).astype(np.float32), np.array(NAMES)[labels]


def fresh(**options):
    return conceptdec.Accumulator(5, NAMES, **{"reservoir": 7, **options})


def expect_same(one, other, layer=0):
    for name in ("class_count", "means", "variances", "differences", "arrivals", "producers"):
        assert np.array_equal(getattr(one, name)(layer), getattr(other, name)(layer), equal_nan=True), name
    for a, b in zip(one.sample(layer), other.sample(layer)):
        assert np.array_equal(a, b)


def test_moments_of_each_concept(rows):
    x, y = rows
    acc = fresh().add(0, x, y)
    wide = x.astype(np.float64)
    assert acc.class_count().tolist() == [(y == name).sum() for name in NAMES]
    for c, name in enumerate(NAMES[:2]):
        own, others = wide[y == name], wide[y != name]
        assert np.allclose(acc.means()[c], own.mean(axis=0), rtol=1e-12, atol=1e-14)
        assert np.allclose(acc.variances()[c], own.var(axis=0), rtol=1e-12)
        assert np.allclose(acc.differences()[c], own.mean(axis=0) - others.mean(axis=0), rtol=1e-12, atol=1e-13)
    assert np.isnan(acc.means()[2]).all() and np.isnan(acc.differences()[2]).all()
    assert acc.classes.tolist() == NAMES and acc.dims == [5]


@pytest.mark.parametrize("moments", ["variances", "pooled", "scatters"])
def test_the_same_bits_for_any_cut(rows, moments):
    x, y = rows
    whole, cut, single = fresh(moments=moments).add(0, x, y), fresh(moments=moments), fresh(moments=moments)
    for part in np.array_split(np.arange(400), [1, 3, 100, 399]):
        cut.add(0, x[part], y[part])
    for row, label in zip(x, y):
        single.add(0, row, label)
    for other in (cut, single):
        for name in ("class_count", "means"):
            assert np.array_equal(getattr(other, name)(), getattr(whole, name)(), equal_nan=True)
        name = {"variances": "variances", "pooled": "within", "scatters": "scatter"}[moments]
        assert np.array_equal(getattr(other.moments(), name), getattr(whole.moments(), name), equal_nan=True)
        assert all(np.array_equal(a, b) for a, b in zip(other.sample(), whole.sample()))


def test_layers(rows):
    x, y = rows
    acc = conceptdec.Accumulator([5, 3], NAMES, reservoir=4)
    same = conceptdec.Accumulator(5, NAMES, layers=3, reservoir=4)
    for part in (slice(0, 150), slice(150, 400)):
        acc.add(0, x[part], y[part]).add(1, x[part, :3], y[part])
        for layer in range(3):
            same.add(layer, x[part] * np.float32(layer + 1), y[part])
    assert acc.dims == [5, 3] and acc.means(1).shape == (3, 3)
    assert np.array_equal(acc.means(1), acc.means(0)[:, :3], equal_nan=True)
    (wide, labels), (narrowed, same_labels) = acc.sample(0), acc.sample(1)
    assert np.array_equal(narrowed, wide[:, :3]) and np.array_equal(labels, same_labels)
    for layer in range(3):
        found, labels = same.sample(layer)
        assert np.array_equal(found, same.sample(0)[0] * np.float32(layer + 1))
        assert np.array_equal(labels, same.sample(0)[1])
    views = [same.sample(layer)[0] for layer in range(3)]
    assert conceptdec.sweep(views, same.sample()[1], k=1).decodability.shape == (3, 1)


def test_sample(rows):
    """Rows that came, each once, as many of each concept as there is room for."""
    x, y = rows
    acc = fresh().add(0, x, y)
    sample, labels = acc.sample()
    assert sample.dtype == np.float32 and sorted(labels.tolist()) == ["noun"] * 7 + ["verb"] * 7
    for row, label, arrival in zip(sample, labels, acc.arrivals()):
        assert np.array_equal(row, x[y == label][arrival])
    assert acc.producers().tolist() == [0] * 14
    other = fresh(seed=1).add(0, x, y)
    assert not np.array_equal(other.sample()[0], sample) and np.array_equal(other.means(), acc.means(), equal_nan=True)
    few = fresh().add(0, x[:6], y[:6])
    assert len(few.sample()[0]) == 6
    assert all(array.flags.owndata for array in (acc.means(), acc.class_count(), acc.arrivals()))
    means, before, (old, _) = acc.means(), acc.means().copy(), acc.sample()
    acc.add(0, 5 + x[:200], y[:200])
    assert np.array_equal(means, before, equal_nan=True) and not np.array_equal(acc.means(), before, equal_nan=True)
    assert np.array_equal(old, sample) and not np.array_equal(acc.sample()[0], sample)


def test_sample_is_uniform():
    """Each of 20 rows is kept 5 times out of 20, whenever it comes."""
    x, kept = np.arange(20, dtype=np.float32)[:, None], np.zeros(20)
    for seed in range(400):
        acc = conceptdec.Accumulator(1, [0], reservoir=5, seed=seed).add(0, x, np.zeros(20, int))
        kept[acc.sample()[0].ravel().astype(int)] += 1
    assert kept.sum() == 2000 and (np.abs(kept - 100) < 4.5 * np.sqrt(400 * 0.25 * 0.75)).all()


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "bfloat16"])
def test_dtypes(rows, kind):
    x, y = rows
    narrowed, _, wide = narrow(x, kind)
    acc = fresh(dtype=kind).add(0, narrowed, y)
    assert np.allclose(acc.means()[0], wide[y == "verb"].mean(axis=0), rtol=1e-12, atol=1e-14)
    sample, labels = acc.sample()
    assert sample.dtype == narrowed.dtype
    assert np.array_equal(sample[0], narrowed[y == labels[0]][acc.arrivals()[0]])
    for same in (strided(narrowed), np.asfortranarray(narrowed), Tensor(narrowed, code=4 if kind == "bfloat16" else 2)):
        expect_same(fresh(dtype=kind).add(0, same, y), acc)
    if kind != "bfloat16":
        expect_same(fresh(dtype=kind).add(0, OnlyDlpack(narrowed), y), acc)


def test_merge(rows):
    x, y = rows
    whole = fresh().add(0, x, y)
    parts = [fresh(producer=i).add(0, x[i::3], y[i::3]) for i in range(3)]
    forth, back = fresh(producer=9), fresh(producer=9)
    for one, other in zip(parts, parts[::-1]):
        forth, back = forth.merge(one), back.merge(other)
    assert forth.class_count().tolist() == whole.class_count().tolist() == back.class_count().tolist()
    assert np.allclose(forth.means()[:2], whole.means()[:2], rtol=1e-12, atol=1e-14)
    assert np.allclose(back.variances()[:2], whole.variances()[:2], rtol=1e-12)
    assert all(np.array_equal(a, b) for a, b in zip(forth.sample(), back.sample()))
    for row, label, arrival, producer in zip(*forth.sample(), forth.arrivals(), forth.producers()):
        assert np.array_equal(row, x[producer::3][y[producer::3] == label][arrival])
    assert parts[0].class_count().sum() == len(x[::3])
    numbered = conceptdec.Accumulator(5, [0, 1, 2], reservoir=7)
    refused("EINVAL", lambda: forth.merge(numbered), r"other: classes \[0, 1, 2\]")
    for change in (dict(seed=1), dict(reservoir=6), dict(dtype="float64"), dict(moments="pooled")):
        other = fresh(producer=3, **change)
        refused("EINVAL", lambda: forth.merge(other))
    refused("ESIZE", lambda: forth.merge(conceptdec.Accumulator(6, NAMES, reservoir=7, producer=3)))
    with pytest.raises(TypeError, match="needs Accumulator, not int"):
        forth.merge(3)


def test_moments(rows, tmp_path):
    """The state that others compute with, without the rows."""
    x, y = rows
    wide, two = x.astype(np.float64), ["verb", "noun"]
    make = lambda **options: conceptdec.Accumulator(5, two, **options).add(0, x, y)
    direct = conceptdec.ClassMoments(5, two).add(wide, y)
    variances = make().moments()
    assert variances.classes.tolist() == two and variances.class_count.tolist() == direct.class_count.tolist()
    assert np.allclose(variances.variances, [wide[y == name].var(axis=0) for name in two], rtol=1e-12)
    pooled, scatters = make(moments="pooled").moments(), make(moments="scatters").moments()
    assert np.allclose(pooled.within, direct.within, rtol=1e-10, atol=1e-14)
    assert np.allclose(scatters.scatter, direct.scatter, rtol=1e-10, atol=1e-12)
    assert np.allclose(pooled.eraser().apply(wide), direct.eraser().apply(wide), atol=1e-8)
    for one, other in zip(scatters.subspaces(2).bases, direct.subspaces(2).bases):
        assert np.allclose(one.T @ one, other.T @ other, atol=1e-8) and one.shape == (2, 5)
    variances.save(tmp_path / "moments")
    assert np.array_equal(conceptdec.load_class_moments(tmp_path / "moments", two).variances, variances.variances)
    refused("EINVAL", lambda: make(moments="nothing").moments())


def test_labels(rows):
    x, y = rows
    ignored = fresh().add(0, x, y, ignore="noun")
    assert ignored.class_count().tolist() == [(y == "verb").sum(), 0, 0]
    refused("ELABEL", lambda: fresh().add(0, x, np.where(y == "noun", "adj", y)), "y: 'adj' at row")
    refused("ELABEL", lambda: fresh().add(0, x[0], "adj"), "y: 'adj' at row 0")
    numbers = conceptdec.Accumulator(5, [30, 10]).add(0, x[:3], [10, 30, 10]).add(0, x[3], 30)
    assert numbers.class_count().tolist() == [2, 2]


def test_what_is_refused(rows):
    x, y = rows
    acc = fresh().add(0, x, y)
    bad = x.copy()
    bad[17, 3] = np.inf
    refused("ENONFINITE", lambda: acc.add(0, bad, y), "row 17: NaN or infinity at column 3")
    refused("ESIZE", lambda: acc.add(1, x, y), "layer")
    refused("ESIZE", lambda: acc.add(0, x[:, :4], y))
    refused("ESIZE", lambda: acc.add(0, x, y[:-1]))
    refused("EDTYPE", lambda: acc.add(0, x.astype(np.float64), y))
    refused("EUNSUPPORTED", lambda: acc.add(0, Rows(x), y))
    refused("ESIZE", lambda: acc.add(0, x[None], y), "X: needs 2 axes")
    expect_same(acc, fresh().add(0, x, y))
    refused("ESIZE", lambda: acc.means(1))
    refused("ENAME", lambda: fresh(moments="nothing").variances())
    refused("ESIZE", lambda: conceptdec.Accumulator(5, NAMES).add(0, x, y).sample())
    for wrong in (dict(reservoir=-1), dict(layers=0), dict(dims=0), dict(classes=[])):
        with pytest.raises(conceptdec.ConceptDecError):
            conceptdec.Accumulator(**{"dims": 5, "classes": NAMES, **wrong})
    refused("EINVAL", lambda: fresh(dtype="int8"), "dtype: 'int8' is not known; allowed: 'float64', 'float32'")
    refused("EINVAL", lambda: fresh(moments="all"), "moments: 'all' is not known")
    refused("ESIZE", lambda: conceptdec.Accumulator([5, 4], NAMES, layers=3), "layers: 3, but dims names 2")
    refused("EINVAL", lambda: conceptdec.Accumulator(5, [1, 1]), "twice")


def test_its_end(rows):
    x, y = rows
    with fresh() as acc:
        kept = acc.add(0, x, y).sample()[0]
        assert repr(acc) == "<conceptdec.Accumulator: 1 layer, 3 classes, d=5, float32>"
    assert repr(acc) == "<conceptdec.Accumulator: closed>" and kept.any()
    for call in (acc.means, acc.sample, acc.moments, lambda: acc.add(0, x, y), lambda: fresh(producer=1).merge(acc)):
        refused("EINVAL", call, "this Accumulator is closed")
    assert "2 layers, 3 classes, d=3 to 5" in repr(conceptdec.Accumulator([5, 3], NAMES))


def test_threads_take_turns(rows):
    x, y = rows
    acc = fresh()
    threads = [threading.Thread(target=lambda part=part: acc.add(0, x[part::8], y[part::8])) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert acc.class_count().sum() == 400


# ---- variances per class, without an accumulator ----


def test_class_moments_of_variances(rows, tmp_path):
    x, y = rows
    wide = x.astype(np.float64)
    moments = conceptdec.ClassMoments(5, NAMES, variances=True).add(wide[:150], y[:150]).add(wide[150:], y[150:])
    for c, name in enumerate(NAMES[:2]):
        assert np.allclose(moments.variances[c], wide[y == name].var(axis=0), rtol=1e-12)
    assert np.isnan(moments.variances[2]).all() and np.isnan(moments.means[2]).all()
    full = conceptdec.ClassMoments(5, NAMES).add(wide, y)
    assert np.allclose(full.variances[:2], moments.variances[:2], rtol=1e-10)
    with pytest.raises(conceptdec.ConceptDecError):
        moments.scatter
    with pytest.raises(conceptdec.ConceptDecError):
        conceptdec.ClassMoments(5, NAMES, means=True).add(wide, y).variances
    refused("EINVAL", lambda: conceptdec.ClassMoments(5, NAMES, means=True, variances=True))
    halves = [conceptdec.ClassMoments(5, NAMES, variances=True).add(wide[i::2], y[i::2]) for i in range(2)]
    assert np.allclose(halves[0].merge(halves[1]).variances[:2], moments.variances[:2], rtol=1e-12)
    refused("EINVAL", lambda: moments.merge(conceptdec.ClassMoments(5, NAMES, means=True)))
    moments.save(tmp_path / "m")
    loaded = conceptdec.load_class_moments(tmp_path / "m", NAMES)
    assert np.array_equal(loaded.variances, moments.variances, equal_nan=True)
