"""Options reach the library as the caller wrote them."""

import gc
from ctypes import sizeof

import numpy as np
import pytest

import conceptdec
from conceptdec import _constants as const
from conceptdec import _structs
from conceptdec._options import knn_options, word

FIELDS = [name for name, _ in _structs.KnnOptions._fields_][2:]


def given(options):
    return {name for i, name in enumerate(FIELDS) if options.given >> i & 1}


ALWAYS = set("k permutations bootstrap seed metric protocol weights ties boundary flags".split())


def test_defaults():
    options = knn_options()
    assert options.struct_size == sizeof(_structs.KnnOptions)
    assert given(options) == ALWAYS
    assert (options.k, options.confidence, options.permute, options.flags) == (10, 0, 0, 0)
    assert not options.groups and not options.train and not options.ks


@pytest.mark.parametrize(
    "name, value", [("folds", 0), ("chance_draws", 0), ("temperature", 0.0), ("folds", 7), ("confidence", 0.95)]
)
def test_what_is_written_is_given(name, value):
    options = knn_options(**{name: value})
    assert given(options) == ALWAYS | {name} and getattr(options, name) == value


def test_explicit_zero_k_and_lists():
    assert "k" in given(knn_options(k=0)) and knn_options(k=0).k == 0
    options = knn_options(k=np.array([5, 1, 3]))
    assert given(options) == (ALWAYS - {"k"}) | {"ks", "n_ks"}
    assert options.ks[: options.n_ks] == [5, 1, 3]


def test_metric_of_a_table():
    assert "metric" not in given(knn_options(metric=None))


def test_flags():
    options = knn_options(strict=True, stratified=False, confusion=False)
    assert options.flags == const.KNN_STRICT | const.KNN_UNSTRATIFIED | const.KNN_NO_CONFUSION


def test_arrays_stay_alive():
    options = knn_options(k=[1, 2], groups=[3, 1, 2], train=[True, False, True])
    gc.collect()
    junk = [np.full(3, 99) for _ in range(100)]
    groups = options.groups.contents
    assert (groups.rows, groups.cols, groups.dtype) == (3, 1, const.INT64)
    assert np.ctypeslib.as_array((_structs.c_int64 * 3).from_address(groups.data)).tolist() == [3, 1, 2]
    assert np.ctypeslib.as_array((_structs.c_int64 * 3).from_address(options.train.contents.data)).tolist() == [1, 0, 1]
    assert options.ks[:2] == [1, 2] and len(junk) == 100


@pytest.mark.parametrize("option", const.WORDS)
def test_words(option):
    for value, number in const.WORDS[option].items():
        assert word(option, value) == number
    for wrong in ("no such", 3, None):
        with pytest.raises(conceptdec.ConceptDecError) as caught:
            word(option, wrong)
        assert str(caught.value).startswith(f"{option}: ") and caught.value.status == const.EINVAL
        assert all(repr(value) in str(caught.value) for value in const.WORDS[option])


def test_word_lists():
    assert list(const.WORDS["protocol"]) == ["loo", "group", "kfold", "split", "resubstitution"]
    assert list(const.WORDS["metric"]) == ["l2", "cosine"]
    assert list(const.WORDS["weights"]) == ["uniform", "distance", "softmax", "balanced"]
    assert list(const.WORDS["ties"]) == ["fractional", "smallest", "nearest"]
    assert list(const.WORDS["boundary"]) == ["share", "index"]
    assert list(const.WORDS["permute"]) == ["free", "within", "whole"]


@pytest.mark.parametrize(
    "name, value", [("k", 2.0), ("k", "3"), ("seed", -1), ("k", 2**63), ("confidence", "high"), ("k", [1, 2.5])]
)
def test_numbers_that_do_not_fit(name, value):
    with pytest.raises(conceptdec.ConceptDecError, match=f"^{name}: "):
        knn_options(**{name: value})
