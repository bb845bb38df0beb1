"""Linear probes: scores out of fold, regression of continuous concepts, and fitted probes."""

import os
import tempfile
from ctypes import byref, pointer
from typing import Any, Dict, Optional

import numpy as np

from . import _constants as const
from . import _labels, _structs, _views
from ._arrays import borrowed
from ._calls import result_of, run_named
from ._context import run
from ._errors import ConceptDecError, error
from ._library import Handle, library
from ._options import fit_options, label_matrix, probe_options
from ._paths import Path, path_bytes
from ._progress import ProgressOption
from ._result import Result

_KINDS = {number: name for name, number in const.WORDS["kind"].items()}


def probe(
    X: Any,
    y: Any,
    kind: str = "logistic",
    lambdas: Any = None,
    folds: Optional[int] = None,
    groups: Any = None,
    protocol: str = "kfold",
    train: Any = None,
    weights: Any = None,
    class_weight: Optional[str] = None,
    standardize: str = "none",
    covariance: Optional[str] = None,
    shrinkage: Optional[float] = None,
    permutations: int = 0,
    permute: Optional[str] = None,
    bootstrap: int = 0,
    confidence: Optional[float] = None,
    control: int = 0,
    types: Any = None,
    *,
    mdl: bool = False,
    nested: bool = False,
    missing: str = "error",
    stratified: bool = True,
    samples: bool = True,
    fit: bool = True,
    max_iterations: Optional[int] = None,
    tolerance: Optional[float] = None,
    memory: Optional[int] = None,
    seed: int = 0,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """How well labels can be read from activations by a linear map that was fitted to other samples.

    Decision values are f = W x + b; two classes share one column, positive for the second of them. The credit of a
    sample is 1 where its class has the largest value, 1/t where t classes tie for it, else 0; accuracy is the mean
    credit. Every score is out of fold: of a fit that has not seen the sample (except under "resubstitution").

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    y : array, (n,) or (n, L)
        Labels, any integers or strings; L label sets at once share one list of classes.
    kind : {"logistic", "ridge", "lda", "mean_difference", "nearest_mean"}, default "logistic"
        What is fitted. "logistic": multinomial logistic regression, the minimum of the weighted mean of
        -ln posterior + lambda/2 |W|^2 (scikit-learn's at lambda = 1 / (C n)). "ridge": least squares on targets -1
        and 1, the minimum of the mean of (t - f)^2 / 2 + lambda/2 |W|^2 (scikit-learn's alpha = lambda n). "lda":
        linear discriminant analysis with one shrunk covariance. "mean_difference": mean of the class less mean of
        the rest, threshold halfway. "nearest_mean": the class whose mean is nearest.
    lambdas : float or sequence of float, optional
        Penalties, above 0 (logistic) or at least 0 (ridge); other kinds take none. Default 1 / n, n the labelled
        samples. A number is a list of one: the axis of lambdas is always there. Several cost less than so many calls.
    folds : int, optional
        Parts of the "kfold" protocol, and of nested selection; default 5.
    groups : array, (n,), optional
        Integers or strings: prompt, document or sentence of each row. Rows of a group stay in one fold, the bootstrap
        draws whole groups, and `permute` may respect them. Protocols "loo", "split" and "resubstitution" do not leave
        groups out: given for none of these uses they are refused.
    protocol : {"loo", "group", "kfold", "split", "resubstitution"}, default "kfold"
        Who is left out: each sample (closed forms only: ridge, mean_difference, nearest_mean); each group; each fold;
        the test rows of `train`; nobody (too optimistic).
    train : array, (n,), optional
        Mask of the "split" protocol: true (or 1) for a training row, false (or 0) for a test row.
    weights : array, (n,), optional
        Weights of the samples in the fits, at least 0; scores count every sample once.
    class_weight : {"balanced"}, optional
        Samples of class c also weigh n / (C n_c), counted in the training part.
    standardize : {"none", "global", "fold"}, default "none"
        Units of the dimensions: as they are; mean 0 and variance 1 (population) over all labelled rows, once; over
        the training rows of each part, so that nothing of the test rows is used.
    covariance : {"ledoit_wolf", "pooled", "fixed"}, optional
        Of "lda", default "ledoit_wolf": the pooled covariance S within classes becomes S + shrinkage (tr(S) / d I - S),
        with the shrinkage of Ledoit and Wolf (2004); none; or that given.
    shrinkage : float, optional
        In [0, 1]; needs ``covariance="fixed"``.
    permutations : int, default 0
        Draws of the permutation null: `null`, `p_value`, `chance_null`, `kappa`.
    permute : {"free", "within", "whole"}, optional
        How labels are permuted: among all rows (default); within groups; whole groups.
    bootstrap : int, default 0
        Draws of the bootstrap over groups (rows, where there are none), for `ci_low` and `ci_high`. Fits stay.
    confidence : float, optional
        Of that interval, in (0, 1); default 0.95.
    control : int, default 0
        Control tasks: every type of sample gets one label at random, drawn from the training labels.
    types : array, (n,), optional
        Integers or strings: type of each sample (the word, say); needed by control tasks.
    mdl : bool, default False
        Also the online code length.
    nested : bool, default False
        Also choose lambda inside each training part, by folds of its own.
    missing : {"error", "skip"}, default "error"
        A class without a row in a training part: refuse; or leave the class out of that part and count it.
    stratified : bool, default True
        Folds have equal shares of each class.
    samples : bool, default True
        Report what has an entry for each sample: `posterior`, `decision`, `predicted`, `pvi_bits`, `fold`.
    fit : bool, default True
        Report the fit on all samples (the training rows of a split): `weights`, `bias`.
    max_iterations : int, optional
        Newton steps of a "logistic" fit; default 100.
    tolerance : float, optional
        A "logistic" fit has converged where half its squared Newton decrement is at or below this; default 1e-12.
    memory : int, optional
        Bytes of working memory beside X and the result; default 2**30.
    seed : int, default 0
        Of folds, permutations, control tasks, bootstrap, and the order of the code.
    classes : array, (C,), optional
        The labels that there are, in the order in which results list them. Default: those in y, sorted.
    ignore : label or list of labels, optional
        Samples that have one of these labels play no part. By default nothing is ignored.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    Result
        With A lambdas, C classes, B columns (C; 1 for two classes) and F scored parts, out of fold: `accuracy`,
        `balanced`, `macro_f1`, `log_loss` (bits), `calibration_error`, `v_information_bits`, `tie_rate` (A each),
        `per_concept`, `auroc`, `average_precision` (A x C), `confusion` (A x C x C, true x predicted), `per_fold`
        (A x F), `posterior` (A x n x C), `decision` (A x n x B), `predicted` (A x n, the caller's labels), `pvi_bits`
        (A x n), `chance`, `chance_uniform`, `chance_majority` and counts. Of the fits: `lambda_` (A), `converged` (A),
        `iterations`, `decrement`, `objective` (A x F+1, the last of the fit on all rows), and of that fit in the
        units of X `weights` (A x B x d) and `bias` (A x B). On request: `null` (P x A), `p_value`, `chance_null`,
        `kappa`; `ci_low`, `ci_high`; `control_accuracy`, `selectivity`; `codelength_bits`, `compression`; `selected`
        (F), `nested_accuracy`. With L > 1 label sets L is the first axis. A fit that has not converged says so in
        `converged`. What has no posterior (ridge) has NaN for what needs one.

    Raises
    ------
    ConceptDecError
        Bad input, a ValueError; ``status_name`` says which kind, the text which argument, where, and the limit.
    MemoryError
        Memory is exhausted.
    KeyboardInterrupt
        Ctrl-C, within 0.2 s outside a single factorisation.

    Notes
    -----
    Time O(n d min(n, d)) once, then O(n min(n, d)) for each column and iteration. An option that would have no effect
    (`folds` under another protocol, `permute` without `permutations`, `tolerance` of a closed form, ...) is refused,
    and not ignored. Definitions and sources: docs/definitions.md and docs/probes.md.

    References
    ----------
    Alain, Bengio, arXiv 1610.01644 (probes). Hewitt, Liang, arXiv 1909.03368 (control tasks). Voita, Titov, arXiv
    2003.12298 (code length). Xu et al., arXiv 2002.10689 (V-information). Ledoit, Wolf, JMVA 88 (2004).

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([-3.0, -2.5, -2.0, -1.5, -1.0, 1.0, 1.5, 2.0, 2.5, 3.0])[:, None]
    >>> r = conceptdec.probe(x, ["noun"] * 5 + ["verb"] * 5, lambdas=[0.1, 1.0])
    >>> r.accuracy
    array([1., 1.])
    >>> r.weights.shape, r.classes.tolist(), bool(r.converged.all())
    ((2, 1, 1), ['noun', 'verb'], True)
    """
    labels, values, n_classes = label_matrix(y, ignore, classes)
    options = probe_options(
        kind, lambdas, folds, groups, protocol, train, weights, class_weight, standardize, covariance, shrinkage,
        permutations, permute, bootstrap, confidence, control, types, mdl=mdl, nested=nested, missing=missing,
        stratified=stratified, samples=samples, fit=fit, max_iterations=max_iterations, tolerance=tolerance,
        memory=memory, seed=seed, n_classes=n_classes,
    )  # fmt: skip
    x = _views.matrix("X", X, dtype)
    how: Dict[str, Any] = dict(classes=values, threads=threads, progress=progress, matrices=[x])
    return result_of("conceptdec_probe", pointer(x), pointer(labels), pointer(options), **how)


def probe_regression(
    X: Any,
    t: Any,
    lambdas: Any = None,
    folds: Optional[int] = None,
    groups: Any = None,
    protocol: str = "kfold",
    train: Any = None,
    weights: Any = None,
    standardize: str = "none",
    *,
    samples: bool = True,
    fit: bool = True,
    memory: Optional[int] = None,
    seed: int = 0,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> Result:
    """How well continuous concepts can be read from activations: ridge regression, scored out of fold by R^2.

    The fit is the minimum of the weighted mean of (t - f)^2 / 2 + lambda/2 |w|^2, intercept free, for each target:
    scikit-learn's Ridge at alpha = lambda n. R^2 is 1 - residual / total sum of squares over all scored samples.

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    t : array, (n,) or (n, T)
        Targets: real numbers, at most 1e150 in size; each target that is not constant has one of 1e-150 or more.
    lambdas : float or sequence of float, optional
        Penalties, at least 0. Default 1 / n. A number is a list of one.
    folds, groups, protocol, train, weights, standardize
        As in :func:`probe`; leave-one-out is exact and costs no more than one fit.
    samples : bool, default True
        Report `decision` and `fold`.
    fit : bool, default True
        Report the fit on all samples (the training rows of a split): `weights`, `bias`.
    memory, seed, dtype, threads, progress
        As in :func:`probe`.

    Returns
    -------
    Result
        With A lambdas: `lambda_` (A), `r2` (A, the mean of `per_target`), `per_target` (A x T; NaN for a target that
        is constant), `decision` (A x n x T, the predictions out of fold; NaN where not scored), `weights` (A x T x d),
        `bias` (A x T), `fold` (n), `n_scored`.

    Raises
    ------
    ConceptDecError, MemoryError, KeyboardInterrupt
        As in :func:`probe`.

    Notes
    -----
    Time O(n d min(n, d)), then O(n min(n, d)) for each lambda and target. Exact leave-one-out: Allen (1974), residual
    / (1 - leverage). Definitions and sources: docs/definitions.md.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.linspace(0, 1, 20)[:, None]
    >>> r = conceptdec.probe_regression(x, 3 * x[:, 0] + 1, lambdas=1e-9, protocol="loo")
    >>> r.r2.round(6), r.weights.round(6).tolist(), r.bias.round(6).tolist()
    (array([1.]), [[[3.0]]], [[1.0]])
    """
    targets = _views.real_matrix("t", t)
    options = probe_options(
        None, lambdas, folds, groups, protocol, train, weights, standardize=standardize, samples=samples, fit=fit,
        memory=memory, seed=seed,
    )  # fmt: skip
    x = _views.matrix("X", X, dtype)
    how: Dict[str, Any] = dict(threads=threads, progress=progress, matrices=[x])
    return result_of("conceptdec_probe_regression", pointer(x), pointer(targets), pointer(options), **how)


class ProbeModel:
    """A fitted probe, made by :func:`fit_probe` or :func:`load_probe`; it never changes.

    Arrays are those of the library, without a copy and read-only; they may outlive the model. It can be pickled, and
    stand in a ``with`` statement, at whose end it lets go of its memory.

    Attributes
    ----------
    weights : numpy.ndarray, (B, d), float64
        In the units of X; B is the number of classes, and 1 for two.
    bias : numpy.ndarray, (B,), float64
    classes : numpy.ndarray, (C,)
        The caller's labels.
    kind : str
        "logistic", "ridge", "lda", "mean_difference" or "nearest_mean".
    lambda_ : float
        The penalty; NaN for kinds without.
    converged : bool
    iterations : int
        Newton steps; 0 for closed forms.
    decrement : float
        Half the squared Newton decrement at the last step; NaN for closed forms.
    objective : float
        What was minimised, at the end; NaN for closed forms.
    """

    def __init__(self, handle: Handle, classes: Any = None) -> None:
        self._handle: Optional[Handle] = handle
        codes = self._get(const.R_CLASSES)
        self.classes = codes.copy() if classes is None else _labels.class_values(classes)
        if len(self.classes) != len(codes):
            text = f"classes: {len(self.classes)} values, but the model has {len(codes)} classes"
            raise ConceptDecError(text, const.ESIZE)

    @staticmethod
    def load(path: Path, classes: Any = None) -> "ProbeModel":
        """The same as :func:`load_probe`."""
        return load_probe(path, classes)

    def _open(self) -> Handle:
        if self._handle is None:
            raise ConceptDecError("the model is closed")
        return self._handle

    def _get(self, name: str) -> np.ndarray:
        array, handle = _structs.Array(), self._open()
        status = library().conceptdec_probe_model_get(handle, name.encode(), byref(array))
        if status != const.OK:
            raise error(status, f"probe: {name} cannot be had")
        return borrowed(array, handle)

    @property
    def weights(self) -> np.ndarray:
        return self._get(const.R_WEIGHTS)

    @property
    def bias(self) -> np.ndarray:
        return self._get(const.R_BIAS)

    @property
    def kind(self) -> str:
        return _KINDS[int(self._get(const.R_KIND))]

    @property
    def lambda_(self) -> float:
        return float(self._get(const.R_LAMBDA))

    @property
    def converged(self) -> bool:
        return bool(self._get(const.R_CONVERGED))

    @property
    def iterations(self) -> int:
        return int(self._get(const.R_ITERATIONS))

    @property
    def decrement(self) -> float:
        return float(self._get(const.R_DECREMENT))

    @property
    def objective(self) -> float:
        return float(self._get(const.R_OBJECTIVE))

    def _says(self, name: str, X: Any, dtype: Optional[str], threads: Optional[int]) -> np.ndarray:
        x, array = _views.matrix("X", X, dtype), _structs.Array()
        handle = Handle(_structs.Result, "conceptdec_result_free")
        arguments = (self._open(), pointer(x), handle.place())
        run("conceptdec_probe_model_predict", *arguments, threads=threads, progress=False, matrices=[x])
        status = library().conceptdec_result_get(handle, name.encode(), byref(array))
        if status != const.OK:
            raise error(status, f"{name}: a probe of kind {self.kind!r} has none")
        return borrowed(array, handle)

    def predict(self, X: Any, *, dtype: Optional[str] = None, threads: Optional[int] = None) -> np.ndarray:
        """The label of each row, (m,): the class with the largest decision value, of several the first.

        Raises
        ------
        ConceptDecError
            X has another number of dimensions (CONCEPTDEC_ESIZE), or is not finite.
        """
        return self.classes[self._says(const.R_PREDICTED, X, dtype, threads)]

    def decision(self, X: Any, *, dtype: Optional[str] = None, threads: Optional[int] = None) -> np.ndarray:
        """Decision values W x + b, (m, B). Raises as :meth:`predict`."""
        return self._says(const.R_DECISION, X, dtype, threads)

    def probabilities(self, X: Any, *, dtype: Optional[str] = None, threads: Optional[int] = None) -> np.ndarray:
        """Posterior of each class, (m, C).

        Raises
        ------
        ConceptDecError
            As :meth:`predict`; and where the kind has no posterior (ridge).
        """
        return self._says(const.R_POSTERIOR, X, dtype, threads)

    def score(
        self,
        X: Any,
        y: Any,
        *,
        ignore: Any = None,
        dtype: Optional[str] = None,
        threads: Optional[int] = None,
    ) -> Result:
        """Scores on other samples: another layer, another model, held-out data.

        Parameters
        ----------
        X : array, (m, d)
        y : array, (m,)
            Labels, each of them one of `classes`, or in `ignore`.
        ignore : label or list of labels, optional
            Samples that are not scored.
        dtype, threads
            As in :func:`neighbors`.

        Returns
        -------
        Result
            `accuracy`, `per_concept`, `balanced`, `macro_f1`, `log_loss`, `auroc`, `average_precision`,
            `calibration_error`, `confusion`, `n_scored`, `classes`.

        Raises
        ------
        ConceptDecError
            Bad input; a label that the model does not know (CONCEPTDEC_ELABEL).
        """
        codes, values = _labels.encode(y, ignore, self.classes)
        labels, x = _views.integer_matrix(codes), _views.matrix("X", X, dtype)
        arguments = self._open(), pointer(x), pointer(labels)
        how = dict(threads=threads, progress=False, matrices=[x])
        return result_of("conceptdec_probe_model_score", *arguments, classes=values, **how)

    def save(self, path: Path) -> None:
        """Writes the model to a file, which appears at once and whole. A file holds the classes as 0..C-1.

        Raises
        ------
        ConceptDecFileError
            The file cannot be written; an OSError, too.
        """
        run("conceptdec_probe_model_save", self._open(), path_bytes(path), progress=False)

    def close(self) -> None:
        """Lets go of the library's memory, which is freed once no array of the model is in use either."""
        self._handle = None

    def __enter__(self) -> "ProbeModel":
        self._open()
        return self

    def __exit__(self, *_problem: Any) -> None:
        self.close()

    def __reduce__(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "probe")
            self.save(path)
            with open(path, "rb") as file:
                return _from_bytes, (file.read(), self.classes)

    def __repr__(self) -> str:
        if self._handle is None:
            return "<conceptdec.ProbeModel: closed>"
        doubt = "" if self.converged else ", NOT CONVERGED"
        return f"<conceptdec.ProbeModel: {self.kind}, {len(self.classes)} classes, d={self.weights.shape[1]}{doubt}>"


def _from_bytes(raw: bytes, classes: np.ndarray) -> ProbeModel:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "probe")
        with open(path, "wb") as file:
            file.write(raw)
        return load_probe(path, classes)


def fit_probe(
    X: Any,
    y: Any,
    kind: str = "logistic",
    lambda_: Optional[float] = None,
    *,
    train: Any = None,
    weights: Any = None,
    class_weight: Optional[str] = None,
    standardize: str = "none",
    covariance: Optional[str] = None,
    shrinkage: Optional[float] = None,
    missing: str = "error",
    max_iterations: Optional[int] = None,
    tolerance: Optional[float] = None,
    memory: Optional[int] = None,
    classes: Any = None,
    ignore: Any = None,
    dtype: Optional[str] = None,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
) -> ProbeModel:
    """Fits one probe to all samples, to be asked about others.

    Parameters
    ----------
    X : array, (n, d)
        Activations as in :func:`neighbors`.
    y : array, (n,)
        Labels, any integers or strings.
    kind : {"logistic", "ridge", "lda", "mean_difference", "nearest_mean"}, default "logistic"
        What is fitted, as in :func:`probe`.
    lambda_ : float, optional
        The penalty, for logistic and ridge; default 1 / n.
    train : array, (n,), optional
        Mask: fit to the rows for which it is true (or 1).
    standardize : {"none", "global", "fold"}, default "none"
        Units of the dimensions in the fit; `weights` apply to X as it is in any case.
    weights, class_weight, covariance, shrinkage, missing, max_iterations, tolerance, memory, classes, ignore
        As in :func:`probe`.
    dtype, threads, progress
        As in :func:`neighbors`.

    Returns
    -------
    ProbeModel
        With ``predict``, ``decision``, ``probabilities``, ``score``, ``save``, `weights` (B x d), `bias` (B). A fit
        that has not converged is a model whose `converged` is False.

    Raises
    ------
    ConceptDecError, MemoryError, KeyboardInterrupt
        As in :func:`probe`.

    Notes
    -----
    Time O(n d min(n, d)) once, then O(n min(n, d)) for each column and iteration. Formulas and their sources: those of
    :func:`probe`.

    Examples
    --------
    >>> import numpy as np, conceptdec
    >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> model = conceptdec.fit_probe(x, ["noun", "noun", "verb", "verb"], lambda_=0.1)
    >>> model.predict(np.array([[-5.0], [0.5]])).tolist()
    ['noun', 'verb']
    >>> model.weights.shape, model.converged
    ((1, 1), True)
    """
    labels, values, n_classes = label_matrix(y, ignore, classes)
    options = fit_options(
        kind, lambda_, train=train, weights=weights, class_weight=class_weight, standardize=standardize,
        covariance=covariance, shrinkage=shrinkage, missing=missing, max_iterations=max_iterations, tolerance=tolerance,
        memory=memory, n_classes=n_classes,
    )  # fmt: skip
    x = _views.matrix("X", X, dtype)
    handle = Handle(_structs.ProbeModel, "conceptdec_probe_model_free")
    arguments = (pointer(x), pointer(labels), pointer(options), handle.place())
    run_named("conceptdec_probe_model_new", values, *arguments, threads=threads, progress=progress, matrices=[x])
    return ProbeModel(handle, values)


def load_probe(path: Path, classes: Any = None) -> ProbeModel:
    """Reads a model that :meth:`ProbeModel.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file; every size and value in it is checked.
    classes : array, (C,), optional
        Labels for the classes, in the order of ``model.classes`` when it was saved. Default: 0..C-1, which is what a
        file holds.

    Returns
    -------
    ProbeModel

    Raises
    ------
    ConceptDecFileError
        The file cannot be read; an OSError, too.
    ConceptDecError
        The file is no such model, is damaged or comes from a later version (CONCEPTDEC_EFORMAT); or `classes` has
        another number of values.

    Notes
    -----
    Time and memory O(C d).

    Examples
    --------
    >>> import os, tempfile, numpy as np, conceptdec
    >>> model = conceptdec.fit_probe(np.array([[-2.0], [-1.0], [1.0], [2.0]]), ["a", "a", "b", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "probe")
    ...     model.save(path)
    ...     conceptdec.load_probe(path, model.classes).predict(np.array([[3.0]])).tolist()
    ['b']
    """
    handle = Handle(_structs.ProbeModel, "conceptdec_probe_model_free")
    run("conceptdec_probe_model_load", path_bytes(path), handle.place(), progress=False)
    return ProbeModel(handle, classes)
