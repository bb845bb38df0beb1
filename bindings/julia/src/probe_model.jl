"""
    ProbeModel

A fitted linear probe, made by [`fit_probe`](@ref) or [`load_probe`](@ref), for [`predict`](@ref),
[`decision`](@ref), [`probabilities`](@ref), [`score`](@ref), [`save_probe`](@ref). With C classes and B columns (C; 1
for two classes, positive for the second):

- `m.weights` (B x d), `m.bias` (B): of decision values W x + b, in the space of the input
- `m.classes`: the caller's labels (0 to C - 1 for a probe that was loaded without them)
- `m.kind`, `m.lambda_` (NaN for kinds without a penalty)
- `m.converged` (`Bool`), `m.iterations`, `m.decrement`, `m.objective`: what became of the fit

`close(m)` frees it at once; otherwise the garbage collector does.
"""
struct ProbeModel <: LibraryObject
    handle::Handle{conceptdec_probe_model}
    classes::Any
end

kind_of(::ProbeModel) = "probe"

model_array(owner::Handle{conceptdec_probe_model}, name) =
    object_array(owner, symbol(:conceptdec_probe_model_get), name)

const MODEL_ARRAYS = (:weights, :bias, :lambda_, :converged, :iterations, :decrement, :objective, :kind)

Base.propertynames(::ProbeModel, private = false) = (:classes, MODEL_ARRAYS...)

function Base.getproperty(model::ProbeModel, name::Symbol)
    name === :classes && return getfield(model, :classes)
    name in MODEL_ARRAYS ||
        error("a probe has no $name; there are ", join(propertynames(model), ", "))
    value = model_array(handle(model), string(name))
    name === :kind && return first(word for (word, number) in PROBE_KINDS if number == value)
    return name === :converged ? value != 0 : value
end

function Base.show(io::IO, model::ProbeModel)
    isopen(model) || return print(io, "ConceptDec.ProbeModel(closed)")
    print(io, "ConceptDec.ProbeModel(", model.kind, ", ", length(model.classes), " classes, d = ",
        size(model.weights, 2), model.converged ? "" : ", NOT CONVERGED", ")")
end

"""
    fit_probe(X, y; kind="logistic", lambda_=nothing, train=nothing, weights=nothing, class_weight=nothing,
              standardize="none", covariance=nothing, shrinkage=nothing, missing="error",
              max_iterations=nothing, tolerance=nothing, memory=nothing, classes=nothing, ignore=nothing,
              dtype=nothing, threads=nothing, progress=nothing) -> ProbeModel

Fits one linear probe to all labelled samples, or to those with `true` in `train`.

- `X`: d x n matrix with a sample in each column; `y`: n labels; all options as in [`probe`](@ref).
- `lambda_`: the penalty, 1/n by default.

A fit that has not converged is a model whose `converged` is `false`.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, ESINGLECLASS, ECLASSMISSING, ...),
`ArgumentError`, `OutOfMemoryError`, `InterruptException`.

# Example
```julia
X, y = randn(64, 500), rand(["noun", "verb"], 500)
m = fit_probe(X, y, lambda_ = 1e-2)
predict(m, X), score(m, X, y).accuracy
```
"""
function fit_probe(X, y; classes = nothing, ignore = nothing, dtype = nothing, threads = nothing, progress = nothing,
                   keywords...)
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    numbers, values = encode_among(classes, y, ignore)
    labels = Ref(integer_view(numbers))
    wishes = Ref(model_options(roots, count_of(classes); keywords...))
    owner = Handle{conceptdec_probe_model}()
    run = (sources = readers(X), called = ("lambdas" => "lambda_",))
    GC.@preserve roots numbers with_classes(values, threads, progress; run...) do ctx
        ccall(symbol(:conceptdec_probe_model_new), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_probe_options},
             Ptr{Ptr{conceptdec_probe_model}}), ctx, x, labels, wishes, owner)
    end
    return ProbeModel(owner, values)
end

function model_options(roots, classes; lambda_ = nothing, class_weight = nothing, missing = "error", train = nothing,
                       kind = "logistic", covariance = nothing, shrinkage = nothing, keywords...)
    lambda_ isa Union{Nothing,Real} || throw(ArgumentError("lambda_: need one number, not $(repr(lambda_))"))
    return options(conceptdec_probe_options; lambda_fields(roots, lambda_)...,
        fit_fields(roots; train = train, keywords...)...,
        class_fields(kind = kind, covariance = covariance, shrinkage = shrinkage)..., classes = classes,
        protocol = train === nothing ? nothing : CONCEPTDEC_PROTOCOL_SPLIT,
        flags = weighting(class_weight) | missing_flag(missing))
end

# ---- other samples

function predicted_arrays(model::ProbeModel, X, dtype, threads, progress)
    owner, source = Handle{conceptdec_result}(), handle(model)
    x = Ref(matrix_view(X, dtype))
    GC.@preserve X with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_probe_model_predict), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_probe_model}, Ptr{conceptdec_matrix}, Ptr{Ptr{conceptdec_result}}),
            ctx, source, x, owner)
    end
    return owner
end

"""
    predict(m::ProbeModel, X; dtype=nothing, threads=nothing, progress=nothing)

The class of each column of `X` (d x n), one of `m.classes`: that with the largest decision value, the first of
several. Throws [`ConceptDecError`](@ref) (ESIZE for another d, ENONFINITE, ...).
"""
predict(model::ProbeModel, X; dtype = nothing, threads = nothing, progress = nothing) =
    model.classes[result_array(predicted_arrays(model, X, dtype, threads, progress), :predicted).+1]

"""
    decision(m::ProbeModel, X; dtype=nothing, threads=nothing, progress=nothing)

Decision values W x + b of each column of `X` (d x n), an n x B matrix: B is the number of classes, or 1 for two
classes, positive for the second. Throws what [`predict`](@ref) throws.
"""
decision(model::ProbeModel, X; dtype = nothing, threads = nothing, progress = nothing) =
    result_array(predicted_arrays(model, X, dtype, threads, progress), :decision)

"""
    probabilities(m::ProbeModel, X; dtype=nothing, threads=nothing, progress=nothing)

Posterior of each class for each column of `X` (d x n), an n x C matrix. Throws what [`predict`](@ref) throws, and
`ArgumentError` for ridge, which has none.
"""
function probabilities(model::ProbeModel, X; dtype = nothing, threads = nothing, progress = nothing)
    model.kind == "ridge" && throw(ArgumentError("a ridge probe has no probabilities; see decision"))
    return result_array(predicted_arrays(model, X, dtype, threads, progress), :posterior)
end

"""
    score(m::ProbeModel, X, y; ignore=nothing, dtype=nothing, threads=nothing, progress=nothing) -> Result

The scores of a probe on other samples (another layer, another model: transfer). `X`: d x n; `y`: n labels, all among
`m.classes` but for those that `ignore` names.

Result: `accuracy`, `balanced`, `macro_f1`, `log_loss` (bits), `calibration_error`, `per_concept`, `auroc`,
`average_precision` (C), `confusion` (C x C, true x predicted), `n_scored`.

Throws what [`predict`](@ref) throws, and `ArgumentError` for a label that is none of the model's classes.
"""
function score(model::ProbeModel, X, y; ignore = nothing, dtype = nothing, threads = nothing, progress = nothing)
    owner, source = Handle{conceptdec_result}(), handle(model)
    x = Ref(matrix_view(X, dtype))
    numbers, values = encode_among(model.classes, y, ignore)
    labels = Ref(integer_view(numbers))
    GC.@preserve X numbers with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_probe_model_score), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_probe_model}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix},
             Ptr{Ptr{conceptdec_result}}), ctx, source, x, labels, owner)
    end
    return Result(owner, values)
end

# ---- files

"""
    save_probe(m::ProbeModel, path)

Writes a probe to a file, under a temporary name first, so that no half-written one is left. The file knows classes
by their numbers only: keep `m.classes` beside it. Throws [`ConceptDecError`](@ref) (EIO).
"""
save_probe(model::ProbeModel, path) = save_object(handle(model), symbol(:conceptdec_probe_model_save), path)

"""
    load_probe(path; classes=nothing) -> ProbeModel

Reads a probe that [`save_probe`](@ref) wrote, here or in another language; every size and value is checked.
`classes`: the labels that its classes stand for, in the order of `m.classes` when it was saved; 0 to C - 1 by default,
which is what a file holds. Throws [`ConceptDecError`](@ref) (EIO, EFORMAT), `ArgumentError` for another number of
classes.
"""
function load_probe(path; classes = nothing)
    owner = load_object(conceptdec_probe_model, symbol(:conceptdec_probe_model_load), path)
    return ProbeModel(owner, names_of(classes, length(model_array(owner, CONCEPTDEC_R_CLASSES)), "probe"))
end
