"""Labels, groups and masks of any integers or strings."""

import numpy as np
import pytest

import conceptdec
from conceptdec import _labels


def test_strings():
    codes, classes = _labels.encode(["verb", "noun", "adj", "noun"])
    assert codes.tolist() == [2, 1, 0, 1] and codes.dtype == np.int64
    assert classes.tolist() == ["adj", "noun", "verb"]


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, object])
def test_negative_labels_are_classes(kind):
    codes, classes = _labels.encode(np.array([7, -1, -5, 7], dtype=kind))
    assert codes.tolist() == [2, 1, 0, 2]
    assert classes.tolist() == [-5, -1, 7]


def test_columns_of_tables():
    pandas = pytest.importorskip("pandas")
    numbers, words = pandas.Series([7, -5, 7], dtype="Int64"), pandas.Series(["b", "a", "b"], dtype="string")
    assert _labels.encode(numbers)[0].tolist() == _labels.encode(words.astype("category"))[0].tolist() == [1, 0, 1]
    assert _labels.encode(words)[1].tolist() == ["a", "b"] and _labels.encode(numbers)[1].tolist() == [-5, 7]
    assert _labels.mask("train", numbers.astype("Int64") > 0).tolist() == [1, 0, 1]


def _with_missing(pandas, dtype):
    """Five values, the fourth of which is missing."""
    values = {"string": list("abaxb"), "category": list("abaxb"), "boolean": [True, False] * 2 + [True]}
    column = pandas.Series(values.get(dtype, [1, 2, 1, 9, 2]), dtype=dtype)
    return column.where(column.index != 3)


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "boolean", "Float64", "string", "category", "float32", "object"])
def test_missing_values_in_columns(dtype):
    """Named with their argument and row, whatever a table calls them."""
    column = _with_missing(pytest.importorskip("pandas"), dtype)
    with pytest.raises(conceptdec.ConceptDecError, match=r"^y: missing value \(.*\) at row 3; .*`ignore`"):
        _labels.encode(column)
    with pytest.raises(conceptdec.ConceptDecError, match=r"^groups: missing value \(.*\) at row 3 "):
        _labels.groups(("groups",), (column,))
    if dtype not in ("string", "category"):
        with pytest.raises(conceptdec.ConceptDecError, match=r"^train: missing value \(.*\) at row 3 "):
            _labels.mask("train", column)


def test_missing_values_of_lists():
    for y in (["a", None, "b"], [1, None, 2], [1.0, float("nan")], [True, None]):
        with pytest.raises(conceptdec.ConceptDecError, match=r"^y: missing value \((None|nan)\) at row 1; "):
            _labels.encode(y)
    with pytest.raises(conceptdec.ConceptDecError, match=r"^y: missing value \(None\) at row 1, column 0; "):
        _labels.encode([["a", "b"], [None, "b"]])


def test_large_and_boolean_labels():
    codes, classes = _labels.encode(np.array([2**64 - 1, 3], dtype=np.uint64))
    assert codes.tolist() == [1, 0] and classes.tolist() == [3, 2**64 - 1]
    assert _labels.encode([True, False])[0].tolist() == [1, 0]


def test_ignore():
    codes, classes = _labels.encode([4, -1, 9, 4], ignore=-1)
    assert codes.tolist() == [0, -1, 1, 0] and classes.tolist() == [4, 9]
    codes, classes = _labels.encode(np.array(["a", "X", "", "b"]), ignore=["X", ""])
    assert codes.tolist() == [0, -1, -1, 1] and classes.tolist() == ["a", "b"]
    assert _labels.encode([1, 2], ignore=3)[0].tolist() == [0, 1]


def test_label_sets_share_classes():
    codes, classes = _labels.encode([["a", "c"], ["b", "a"], ["a", "a"]], ignore="b")
    assert codes.tolist() == [[0, 1], [-1, 0], [0, 0]] and classes.tolist() == ["a", "c"]


@pytest.mark.parametrize("y", [[1, "a"], [None, "a"], [1.5, 2.0], np.zeros(3), [1, None], [[1, 2], [3]]])
def test_refused_labels(y):
    with pytest.raises(conceptdec.ConceptDecError, match="^y: "):
        _labels.encode(y)


def test_labels_of_floats():
    for name, call in (("y", _labels.encode), ("groups", lambda values: _labels.groups(("groups",), (values,)))):
        with pytest.raises(TypeError, match=rf"^{name}: must be integers or strings, not float64; .*\.astype\(int\)"):
            call(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="not complex128 "):
        _labels.encode(np.array([1j]))


def test_refused_shapes_and_ignore():
    with pytest.raises(conceptdec.ConceptDecError, match="1 or 2 axes"):
        _labels.encode(np.zeros((2, 2, 2), dtype=int))
    with pytest.raises(TypeError, match="^ignore: "):
        _labels.encode([1, 2], ignore="1")


def test_groups():
    own, others = _labels.groups(("groups", "query_groups"), (["b", "a"], ["c", "a"]))
    assert own.tolist() == [1, 0] and others.tolist() == [2, 0]
    assert _labels.groups(("groups",), (np.array([5, -9], dtype=np.int32),))[0].tolist() == [5, -9]
    assert _labels.groups(("groups",), (np.array([2**63, 1], dtype=np.uint64),))[0].tolist() == [1, 0]
    assert _labels.groups(("groups",), (None,)) == [None]
    with pytest.raises(TypeError, match="mixed"):
        _labels.groups(("groups", "query_groups"), (["b"], [1]))
    with pytest.raises(conceptdec.ConceptDecError, match="groups: needs one value"):
        _labels.groups(("groups",), (np.zeros((3, 2), dtype=int),))


def test_mask():
    assert _labels.mask("train", [True, False]).tolist() == [1, 0]
    assert _labels.mask("train", np.array([[1], [0]], dtype=np.uint8)).tolist() == [[1], [0]]
    assert _labels.mask("train", None) is None
    with pytest.raises(TypeError, match="train: must be a mask"):
        _labels.mask("train", [0.0, 1.0])
