"""Every public function has a docstring whose example runs."""

import doctest
import inspect

import pytest

import conceptdec

PUBLIC = [name for name in conceptdec.__all__ if inspect.isfunction(getattr(conceptdec, name))]


@pytest.mark.parametrize("name", PUBLIC)
def test_example(name):
    function = getattr(conceptdec, name)
    tests = doctest.DocTestFinder(recurse=False).find(function, name)
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


@pytest.mark.parametrize("name", ["KNNDecoder", "LinearProbe", "Moments", "PCA", "RidgeProbe", "UMAP"])
def test_estimator(name):
    """Every parameter stands in the docstring, whose example runs."""
    estimator = getattr(conceptdec, name)
    tests = doctest.DocTestFinder(recurse=False).find(estimator, name)
    assert tests and tests[0].examples
    failed, _ = doctest.DocTestRunner().run(tests[0])
    assert failed == 0
    for parameter in inspect.signature(estimator).parameters:
        assert parameter in estimator.__doc__
