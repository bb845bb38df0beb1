# Vectors of concepts: what distinguishes a class's mean.

const BASELINES = Dict("rest" => CONCEPTDEC_BASELINE_REST, "mean" => CONCEPTDEC_BASELINE_MEAN)

"What vectors are counted from: a word, one of the classes, or d numbers."
function baseline_fields(roots, baseline, classes)
    baseline === nothing && return (reference = nothing,)
    baseline isa AbstractVector &&
        return (reference = CONCEPTDEC_BASELINE_GIVEN, baseline = row_pointer(roots, baseline, "baseline"))
    place, is_word = findfirst(isequal(baseline), classes), haskey(BASELINES, string(baseline))
    place !== nothing && is_word &&
        throw(ArgumentError("baseline: $(repr(baseline)) is a word of this option and a class; rename the class"))
    place === nothing || return (reference = CONCEPTDEC_BASELINE_CLASS, baseline_class = place - 1)
    is_word && return (reference = BASELINES[string(baseline)],)
    throw(ArgumentError("baseline=$(repr(baseline)): choose \"rest\", \"mean\", one of the classes, or d numbers"))
end

function vectors_options(roots, classes, count; baseline = nothing, bootstrap = 0, confidence = nothing, splits = 0,
                         groups = nothing, seed = 0, memory = nothing, unknown...)
    refuse(unknown)
    return options(conceptdec_vectors_options; baseline_fields(roots, baseline, classes)...,
        groups = group_pointer(roots, groups), classes = count, bootstrap = given(bootstrap), splits = given(splits),
        memory = memory, seed = given(seed), confidence = confidence)
end

"""
    concept_vectors(X, y; baseline="rest", bootstrap=0, confidence=nothing, splits=0, groups=nothing, seed=0,
                    memory=nothing, classes=nothing, ignore=nothing, dtype=nothing, threads=nothing,
                    progress=nothing) -> Result

The direction of each concept: the mean of its samples less a baseline, how long it is, how it lies to the others, and
whether another half of the samples would give it again.

# Arguments
- `X`: d x n matrix with a sample in each column, as in [`neighbors`](@ref).
- `y`: n labels of any kind; `classes` lists those that there are, in the order in which results have them; `ignore`
  names those of samples that play no part.
- `baseline`, what vectors are counted from: "rest" (the mean of all other samples), "mean" (the mean of the class
  means), a label (the mean of that class, whose own vector is 0), or d numbers (task vectors).
- `bootstrap`: draws for the intervals, over `groups` (samples, where there are none) within each class, at `confidence`
  (0.95). `splits`: random halvings for `reliability`, which never divide a group. `seed` of both.
- `memory`: bytes beside input and result (2^29).

# Result
`class_count` (C), `means`, `vectors` (C x d), `norms` (C), `cosines` (C x C); with bootstrap `norm_low`, `norm_high`
(C), `cosine_low`, `cosine_high` (C x C); with splits `reliability` (C): mean cosine of a vector from one half with
that from the other. NaN for a class without samples, and for cosines with a vector of 0.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, ESINGLECLASS, EGROUPS, ...), `ArgumentError`,
`OutOfMemoryError`, `InterruptException`.

# Example
```julia
r = concept_vectors(randn(64, 500), rand(["noun", "verb"], 500); splits = 20)
r.vectors[1, :], r.reliability[1]
```
"""
function concept_vectors(X, y; classes = nothing, ignore = nothing, dtype = nothing, threads = nothing,
                         progress = nothing, keywords...)
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    numbers, values = encode_among(classes, y, ignore)
    labels = Ref(integer_view(numbers))
    wishes = Ref(vectors_options(roots, values, count_of(classes); keywords...))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots numbers with_classes(values, threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_concept_vectors), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_vectors_options},
             Ptr{Ptr{conceptdec_result}}), ctx, x, labels, wishes, owner)
    end
    return Result(owner, values)
end
