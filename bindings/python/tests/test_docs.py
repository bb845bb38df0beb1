"""Every public function has a docstring whose example runs."""

import doctest
import inspect

import pytest

import conceptdec

PUBLIC = [name for name in conceptdec.__all__ if inspect.isfunction(getattr(conceptdec, name))]


ESTIMATORS = ["ClassMoments", "ConceptEraser", "KNNDecoder", "LinearProbe", "Moments", "PCA", "RidgeProbe", "UMAP"]


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
