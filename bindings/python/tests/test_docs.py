"""Every public function has a docstring whose example runs; so have pages."""

import doctest
import inspect
import pathlib
import re

import pytest

import conceptdec

ROOT = pathlib.Path(__file__).resolve().parents[3]

PUBLIC = [name for name in conceptdec.__all__ if inspect.isfunction(getattr(conceptdec, name))]


ESTIMATORS = ["Accumulator", "ClassMoments", "ConceptEraser", "KNNDecoder", "LinearProbe", "Moments", "PCA", "RidgeProbe",
              "UMAP"]


@pytest.mark.parametrize("name", [*PUBLIC, *ESTIMATORS, "Eraser", "Subspaces"])
def test_example(name):
    tests = doctest.DocTestFinder(recurse=False).find(getattr(conceptdec, name), name)
    assert tests and tests[0].examples
    failed, _ = doctest.DocTestRunner().run(tests[0])
    assert failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_signature(name):
    """Every parameter and what is returned has a type; every parameter stands in the docstring."""
    function = getattr(conceptdec, name)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.name in function.__doc__


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimator(name):
    """Every parameter stands in the docstring."""
    estimator = getattr(conceptdec, name)
    for parameter in inspect.signature(estimator).parameters:
        assert parameter in estimator.__doc__


def words(text):
    """Numbers and words of a text."""
    found = re.findall(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?|[A-Za-z_]+", text)
    return [word if word[0].isalpha() or word[0] == "_" else float(word) for word in found]


@pytest.mark.parametrize("page", ["python", "subspaces"])
def test_page(page, monkeypatch, capsys):
    """Its snippets run one after another, from the top of the tree; what they print stands beneath them."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    snippets, names = re.findall(r"^```py\n(.*?)^```(?:\n\n```text\n(.*?)^```)?", text, flags=re.M | re.S), {}
    assert len(snippets) > 4
    for code, shown in snippets:
        exec(compile(code, f"docs/{page}.md", "exec"), names)
        printed, expected = words(capsys.readouterr().out), words(shown)
        assert len(printed) == len(expected), code
        for one, other in zip(printed, expected):
            assert one == (other if isinstance(other, str) else pytest.approx(other, abs=0.011, rel=0.01)), code
