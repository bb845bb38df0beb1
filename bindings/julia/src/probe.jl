# Linear probes: scores out of fold, and regression of continuous concepts. Fitted probes are in probe_model.jl.

const PROBE_KINDS = Dict("logistic" => CONCEPTDEC_PROBE_LOGISTIC, "ridge" => CONCEPTDEC_PROBE_RIDGE,
    "lda" => CONCEPTDEC_PROBE_LDA, "mean_difference" => CONCEPTDEC_PROBE_MEAN_DIFFERENCE,
    "nearest_mean" => CONCEPTDEC_PROBE_NEAREST_MEAN)
const STANDARDIZATIONS = Dict("none" => CONCEPTDEC_STANDARDIZE_NONE, "global" => CONCEPTDEC_STANDARDIZE_GLOBAL,
    "fold" => CONCEPTDEC_STANDARDIZE_FOLD)
const COVARIANCES = Dict("ledoit_wolf" => CONCEPTDEC_COVARIANCE_LEDOIT_WOLF, "pooled" => CONCEPTDEC_COVARIANCE_POOLED,
    "fixed" => CONCEPTDEC_COVARIANCE_FIXED)
const CLASS_WEIGHTS = Dict("balanced" => CONCEPTDEC_PROBE_BALANCED)
const MISSING_CLASSES = Dict("error" => 0, "skip" => CONCEPTDEC_PROBE_SKIP_MISSING)

"Penalties as the library takes them: their address and their number."
function lambda_fields(roots, lambdas)
    lambdas === nothing && return (lambdas = nothing, n_lambdas = nothing)
    lambdas isa Real || (lambdas isa Union{AbstractVector,Tuple} && all(a -> a isa Real, lambdas)) ||
        throw(ArgumentError("lambdas: need a number or a list of numbers, not $(repr(lambdas))"))
    values = Float64[lambdas...]
    push!(roots, values)
    return (lambdas = pointer(values), n_lambdas = length(values))
end

"What every fit takes, be it scored or kept."
function fit_fields(roots; train = nothing, weights = nothing, standardize = "none", max_iterations = nothing,
                    tolerance = nothing, memory = nothing, unknown...)
    refuse(unknown)
    return (train = train_pointer(roots, train), weights = number_pointer(roots, weights, "weights"),
        standardize = choice("standardize", standardize, STANDARDIZATIONS), max_iterations = max_iterations,
        tolerance = tolerance, memory = memory)
end

"What fits of classes take beside that, and their flags."
function class_fields(; kind = "logistic", covariance = nothing, shrinkage = nothing)
    return (kind = choice("kind", kind, PROBE_KINDS), covariance = choice("covariance", covariance, COVARIANCES),
        shrinkage = shrinkage)
end

count_of(classes) = classes === nothing ? nothing : length(classes)

const NAMING_CLASSES =
    (CONCEPTDEC_ECLASSMISSING, CONCEPTDEC_EFOLDS, CONCEPTDEC_ESINGLECLASS, CONCEPTDEC_ETOOFEW)

"As `with_context`, but what names a class by its number also says which of the caller's it is."
function with_classes(call, classes, arguments...; keywords...)
    try
        with_context(call, arguments...; keywords...)
    catch failure
        failure isa ConceptDecError && failure.status in NAMING_CLASSES || rethrow()
        found = match(r"\bclass (\d+)\b", failure.text)
        (found === nothing || parse(Int, found.captures[1]) >= length(classes)) && rethrow()
        label = repr(classes[parse(Int, found.captures[1])+1])
        throw(ConceptDecError(failure.status, failure.name, "$(failure.text). Class $(found.captures[1]) is $label"))
    end
end

weighting(class_weight) = something(choice("class_weight", class_weight, CLASS_WEIGHTS), 0)
missing_flag(missing) = choice("missing", missing, MISSING_CLASSES)

function probe_options(roots, classes; lambdas = nothing, folds = nothing, groups = nothing, protocol = "kfold",
                       class_weight = nothing, permutations = 0, permute = nothing, bootstrap = 0, confidence = nothing,
                       control = 0, types = nothing, mdl = false, nested = false, missing = "error",
                       stratified = true, samples = true, fit = true, seed = 0, kind = "logistic",
                       covariance = nothing, shrinkage = nothing, keywords...)
    return options(conceptdec_probe_options; lambda_fields(roots, lambdas)..., fit_fields(roots; keywords...)...,
        class_fields(kind = kind, covariance = covariance, shrinkage = shrinkage)...,
        groups = group_pointer(roots, groups), types = group_pointer(roots, types, "types"), classes = classes,
        folds = folds, permutations = permutations, bootstrap = bootstrap, control = control, seed = seed,
        confidence = confidence, protocol = choice("protocol", protocol, PROTOCOLS),
        permute = choice("permute", permute, PERMUTES),
        flags = weighting(class_weight) | missing_flag(missing) | !stratified * CONCEPTDEC_PROBE_UNSTRATIFIED |
                nested * CONCEPTDEC_PROBE_NESTED | mdl * CONCEPTDEC_PROBE_MDL |
                !samples * CONCEPTDEC_PROBE_NO_SAMPLES | !fit * CONCEPTDEC_PROBE_NO_FIT)
end

"""
    probe(X, y; kind="logistic", lambdas=nothing, folds=nothing, groups=nothing, protocol="kfold", train=nothing,
          weights=nothing, class_weight=nothing, standardize="none", covariance=nothing, shrinkage=nothing,
          permutations=0, permute=nothing, bootstrap=0, confidence=nothing, control=0, types=nothing, mdl=false,
          nested=false, missing="error", stratified=true, samples=true, fit=true, max_iterations=nothing,
          tolerance=nothing, memory=nothing, seed=0, classes=nothing, ignore=nothing, dtype=nothing,
          threads=nothing, progress=nothing) -> Result

How well the labels `y` can be read from the activations `X` by a linear map that is fitted to other samples.

# Arguments
- `X`: d x n matrix with a sample in each column (`Float64`, `Float32`, `Float16`, or `UInt16` with
  `dtype="bfloat16"`), any strided array, read where it lies; or a [`RowReader`](@ref).
- `y`: n labels, or an n x L matrix of L label sets: integers, strings, symbols, anything with an order. The classes
  are the sorted values of all sets, or those that `classes` lists, in that order. `ignore` names a value, or several,
  of samples that play no part.
- `kind`: "logistic" (multinomial, L2 penalty), "ridge" (least squares on targets -1 and 1), "lda" (one pooled,
  shrunk covariance), `"mean_difference"` (mass mean), `"nearest_mean"`.
- `lambdas`: penalty, or a list of them, above 0 ("logistic") or at least 0 ("ridge"); 1/n by default, which is
  scikit-learn's C = 1 and alpha = 1. Minimised is the weighted mean of the loss + lambda/2 |W|^2, intercepts free.
- `protocol`: who is scored by a fit that has not seen it: "kfold" (`folds` of them, 5 by default, `stratified`, and
  never dividing a group), "group" (each of `groups` left out), "loo" (closed forms only), "split" (samples with `false`
  in `train` are scored), "resubstitution".
- `weights`: of the samples in the fits, at least 0, not in the scores; `class_weight`: "balanced" weighs samples of
  class c by `n/(C n_c)` of the training part.
- `standardize`: "none", "global" (once, over all labelled samples), "fold" (over the training samples of each part).
- `covariance` of "lda": "ledoit_wolf" (default), "pooled", or "fixed" with `shrinkage` in 0..1.
- `permutations`: draws of the null; `permute` labels "free" (default), "within" groups, or "whole" groups.
  `bootstrap`: draws for the interval, over groups (samples, where there are none), at `confidence` (0.95).
- `control`: control tasks (Hewitt, Liang 2019), in which all samples of a type, of which `types` has one for each
  sample, get one random label. `mdl`: also the online code length (Voita, Titov 2020). `nested`: also choose lambda
  inside each training part. `seed`: of folds and all draws.
- `missing`: a class without a training sample is an "error", or is left out of that part and counted: "skip".
- `samples=false` leaves out arrays with an entry for each sample, `fit=false` the fit on all samples.
- `max_iterations` (100) and `tolerance` (1e-12) of Newton's method; of "logistic"; `memory`: bytes beside the input and
  the result (2^30).
- `threads`, `progress`: see [`neighbors`](@ref). The same bits for any number of threads.

An option that would have no effect (`folds` under another protocol, `permute` without `permutations`, `groups` that
neither folds, bootstrap nor permutations use, ...) is refused, and not ignored.

# Result
With A lambdas (1 for kinds without), C classes, B columns (C; 1 for two classes, positive for the second), F parts,
P permutations, and L > 1 label sets as a first axis of all that depends on labels; scores are out of fold:
`accuracy`, `balanced`, `macro_f1`, `log_loss` (bits), `calibration_error`, `tie_rate`, `n_scored` (A), `per_concept`,
`auroc`, `average_precision` (A x C), `confusion` (A x C x C, true x predicted), `per_fold` (A x F), `lambda_` (A),
`v_information_bits` (A), `chance`, `chance_uniform`, `chance_majority`, `class_count` (C), `n_ignored`,
`n_missing_train`, `n_missing_test` (F); `converged` (A), `iterations`, `decrement`, `objective`, of "lda"
`shrinkage` (A x F+1, the last that of the fit on all samples); of that fit, in the space of the input, `weights`
(A x B x d) and `bias` (A x B); for each sample `decision` (A x n x B), `posterior` (A x n x C), `pvi_bits` (A x n),
`predicted` (A x n, the caller's labels; `nothing` where not scored), `fold` (n). With `permutations`: `p_value`,
`chance_null`, `kappa` (A), `null` (P x A); with `bootstrap`: `ci_low`, `ci_high` (A); with `control`:
`control_accuracy` (A x draws), `selectivity` (A); with `mdl`: `codelength_bits`, `compression` (A); with `nested`:
`selected` (F: places in `lambda_`, from 1), `nested_accuracy`. "ridge" has no posterior: what needs one is NaN.

Time O(n d min(n, d)) once, then O(n min(n, d)) for each column and iteration. Definitions: docs/definitions.md.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, ESINGLECLASS, EFOLDS, EGROUPS, ECLASSMISSING,
EUNSUPPORTED, ...), `ArgumentError`, `OutOfMemoryError`, `InterruptException`.

# Example
```julia
r = probe(randn(Float32, 64, 500), rand(["noun", "verb"], 500); lambdas = [1e-3, 1e-2], permutations = 100)
r.accuracy, r.p_value
```
"""
function probe(X, y; classes = nothing, ignore = nothing, dtype = nothing, threads = nothing, progress = nothing,
               keywords...)
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    numbers, values = encode_among(classes, y, ignore)
    labels = Ref(integer_view(numbers))
    wishes = Ref(probe_options(roots, count_of(classes); keywords...))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots numbers with_classes(values, threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_probe), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_probe_options},
             Ptr{Ptr{conceptdec_result}}), ctx, x, labels, wishes, owner)
    end
    return Result(owner, values)
end

"""
    probe_regression(X, t; lambdas=nothing, folds=nothing, groups=nothing, protocol="kfold", train=nothing,
                     weights=nothing, standardize="none", samples=true, fit=true, memory=nothing, seed=0,
                     dtype=nothing, threads=nothing, progress=nothing) -> Result

How well continuous concepts `t` can be read from the activations `X`: ridge regression of each, scored on samples
that the fit has not seen.

# Arguments
- `X`: d x n matrix with a sample in each column, as in [`probe`](@ref).
- `t`: n numbers, or an n x T matrix of T targets; at most 1e150 in size, one of 1e-150 or more in each that is not
  constant.
- `lambdas`: penalty, or a list of them, at least 0; 1/n by default (alpha = 1). Minimised is the weighted mean of
  (t - f)^2 / 2 + lambda/2 |w|^2, intercepts free.
- the others: see [`probe`](@ref).

# Result
With A lambdas, T targets: `r2` (A: mean of `per_target`), `per_target` (A x T: 1 - residual / total sum of squares
over all scored samples; NaN for a constant target), `lambda_` (A), `decision` (A x n x T, the predictions),
`weights` (A x T x d), `bias` (A x T), `fold` (n), `n_scored`.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, EFOLDS, EGROUPS, ...), `ArgumentError`,
`OutOfMemoryError`, `InterruptException`.

# Example
```julia
X = randn(64, 500)
probe_regression(X, vec(sum(X, dims = 1)) .+ randn(500); lambdas = [1e-3, 1e-1]).r2
```
"""
function probe_regression(X, t; dtype = nothing, threads = nothing, progress = nothing, keywords...)
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    values = target_array(t)
    targets = Ref(float_view(values))
    wishes = Ref(regression_options(roots; keywords...))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots values with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_probe_regression), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_probe_options},
             Ptr{Ptr{conceptdec_result}}), ctx, x, targets, wishes, owner)
    end
    return Result(owner)
end

function regression_options(roots; lambdas = nothing, folds = nothing, groups = nothing, protocol = "kfold",
                            train = nothing, weights = nothing, standardize = "none", samples = true, fit = true,
                            memory = nothing, seed = 0, unknown...)
    refuse(unknown)
    return options(conceptdec_probe_options; lambda_fields(roots, lambdas)...,
        fit_fields(roots; train = train, weights = weights, standardize = standardize, memory = memory)...,
        groups = group_pointer(roots, groups), folds = folds, seed = seed,
        protocol = choice("protocol", protocol, PROTOCOLS),
        flags = !samples * CONCEPTDEC_PROBE_NO_SAMPLES | !fit * CONCEPTDEC_PROBE_NO_FIT)
end

target_array(t::AbstractVecOrMat{<:Real}) = Array{Float64}(t)
target_array(t) = throw(ArgumentError("t: need a vector of n numbers or an n x T matrix, not a $(typeof(t))"))
