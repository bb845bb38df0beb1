# Erasing a concept from activations.

const ERASURES = Dict("leace" => CONCEPTDEC_ERASE_LEACE, "projection" => CONCEPTDEC_ERASE_PROJECTION)

"""
    Eraser

A fitted eraser, made by [`fit_eraser`](@ref) or [`load_eraser`](@ref), for [`transform`](@ref) and
[`save_eraser`](@ref): it takes `e.removed' * (e.read * (x - e.mean))` from a sample x.

- `e.read`, `e.removed` (r x d): what is read of a sample, and what is subtracted for it
- `e.mean` (d), `e.strengths` (r: singular values, descending; NaN for directions of the caller's), `e.rank` (r),
  `e.kind` ("leace", "projection")

`close(e)` frees it at once; otherwise the garbage collector does.
"""
struct Eraser <: LibraryObject
    handle::Handle{conceptdec_eraser}
end

kind_of(::Eraser) = "eraser"

const ERASER_ARRAYS = (:read, :removed, :mean, :strengths, :rank, :kind)

Base.propertynames(::Eraser, private = false) = ERASER_ARRAYS

function Base.getproperty(eraser::Eraser, name::Symbol)
    name in ERASER_ARRAYS || error("an eraser has no $name; there are ", join(ERASER_ARRAYS, ", "))
    value = object_array(handle(eraser), symbol(:conceptdec_eraser_get), name)
    return name === :kind ? first(word for (word, number) in ERASURES if number == value) : value
end

function Base.show(io::IO, eraser::Eraser)
    isopen(eraser) || return print(io, "ConceptDec.Eraser(closed)")
    print(io, "ConceptDec.Eraser(", eraser.kind, ", ", eraser.rank, " directions of d = ", length(eraser.mean), ")")
end

function eraser_options(roots, classes; kind = nothing, rank = nothing, directions = nothing, tolerance = nothing,
                        memory = nothing, unknown...)
    refuse(unknown)
    return options(conceptdec_eraser_options; directions = row_pointer(roots, directions, "directions"),
        classes = classes, rank = rank, memory = memory, tolerance = tolerance, kind = choice("kind", kind, ERASURES))
end

"""
    fit_eraser(X, y; kind="leace", rank=nothing, directions=nothing, tolerance=nothing, memory=nothing,
               classes=nothing, ignore=nothing, dtype=nothing, threads=nothing, progress=nothing) -> Eraser
    fit_eraser(X=nothing; kind="projection", directions, ...) -> Eraser
    fit_eraser(m::ClassMoments; ...) -> Eraser

Fits what erases a concept: afterwards no linear map reads the classes from the samples that it was fitted to better
than a constant does. Fit and score on different samples.

# Arguments
- `X`: d x n matrix with a sample in each column, as in [`neighbors`](@ref); or [`ClassMoments`](@ref), pooled or not,
  whose samples may have come in batches.
- `y`: n labels of any kind; `ignore` names those of samples that play no part.
- `kind`: "leace" (the least change of all; Belrose et al. 2023; needs the d x d covariance) or "projection"
  (orthogonal, removes the span of the class means).
- `directions` of "projection": the r x d matrix, or the d numbers, whose span is removed instead; `y` may then be left
  out, and `X`, too (the mean is then 0).
- `rank`: most directions that are removed, the strongest first; at most C - 1, the default.
- `tolerance`: singular values at or below it count as 0 (1e-8); `memory`: bytes beside the input (2^32).

Time O(n d^2 + d^3). Definitions: docs/definitions.md.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, ESINGLECLASS, ...), `ArgumentError`,
`OutOfMemoryError`, `InterruptException`.

# Example
```julia
X, y = randn(64, 500), rand(["noun", "verb"], 500)
e = fit_eraser(X, y)
transform(e, X) # 64 x 500, as erase(X, y)
```
"""
function fit_eraser(X = nothing, y = nothing; classes = nothing, ignore = nothing, dtype = nothing, threads = nothing,
                    progress = nothing, keywords...)
    roots = Any[X]
    x = X === nothing ? C_NULL : Ref(matrix_view(X, dtype))
    numbers, values = y === nothing ? (nothing, ()) : encode_among(classes, y, ignore)
    labels = numbers === nothing ? C_NULL : Ref(integer_view(numbers))
    wishes = Ref(eraser_options(roots, count_of(classes); keywords...))
    owner = Handle{conceptdec_eraser}()
    GC.@preserve roots numbers with_classes(values, threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_eraser_new), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_eraser_options},
             Ptr{Ptr{conceptdec_eraser}}), ctx, x, labels, wishes, owner)
    end
    return Eraser(owner)
end

function fit_eraser(moments::ClassMoments; threads = nothing, progress = nothing, keywords...)
    roots = Any[]
    source, wishes = handle(moments), Ref(eraser_options(roots, nothing; keywords...))
    owner = Handle{conceptdec_eraser}()
    alone(moments) do
        GC.@preserve roots with_classes(moments.classes, threads, progress) do ctx
            ccall(symbol(:conceptdec_eraser_from_class_moments), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_class_moments}, Ptr{conceptdec_eraser_options},
                 Ptr{Ptr{conceptdec_eraser}}), ctx, source, wishes, owner)
        end
    end
    return Eraser(owner)
end

function transform(eraser::Eraser, X; dtype = nothing, threads = nothing, progress = nothing)
    owner, source = Handle{conceptdec_result}(), handle(eraser)
    x = Ref(matrix_view(X, dtype))
    GC.@preserve X with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_eraser_apply), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_eraser}, Ptr{conceptdec_matrix}, Ptr{Ptr{conceptdec_result}}), ctx,
            source, x, owner)
    end
    return sample_array(owner, :erased)
end

"""
    erase(X, y; options...)

`X` (d x n) without the concept: [`transform`](@ref) of `X` by [`fit_eraser`](@ref) of the same samples, whose options
it takes and whose exceptions it throws. To erase other samples than those that the eraser is fitted to, take these
two.
"""
function erase(X, y = nothing; dtype = nothing, threads = nothing, progress = nothing, keywords...)
    eraser = fit_eraser(X, y; dtype = dtype, threads = threads, progress = progress, keywords...)
    return transform(eraser, X; dtype = dtype, threads = threads, progress = progress)
end

"""
    save_eraser(e::Eraser, path)

Writes an eraser to a file, under a temporary name first, so that no half-written one is left. Throws
[`ConceptDecError`](@ref) (EIO).
"""
save_eraser(eraser::Eraser, path) = save_object(handle(eraser), symbol(:conceptdec_eraser_save), path)

"""
    load_eraser(path) -> Eraser

Reads an eraser that [`save_eraser`](@ref) wrote, here or in another language; every size and value is checked. Throws
[`ConceptDecError`](@ref) (EIO, EFORMAT).
"""
load_eraser(path) = Eraser(load_object(conceptdec_eraser, symbol(:conceptdec_eraser_load), path))

"""
    erasure_curve(X, y; most=nothing, kind="leace", directions=nothing, tolerance=nothing, memory=nothing,
                  knn=nothing, probe=nothing, classes=nothing, ignore=nothing, dtype=nothing, threads=nothing,
                  progress=nothing) -> Result

How well a concept can still be read after 0, 1, ... of its directions have been erased, the strongest first.

- `X`, `y`, `kind`, `directions`, `tolerance`, `memory`: as in [`fit_eraser`](@ref), which is fitted to all samples.
- `most`: directions that are removed at most (all).
- `knn`, `probe`: options of [`knn_decodability`](@ref) and of [`probe`](@ref), such as `(k = 5, permutations = 100)`.

Result, with R directions: `n_removed`, `decodability` (of the first k), `accuracy` (of the first lambda) (R + 1 each),
`strengths` (R), `chance`, `chance_null`.

Throws [`ConceptDecError`](@ref), as [`fit_eraser`](@ref), [`knn_decodability`](@ref) and [`probe`](@ref) do.
"""
function erasure_curve(X, y; most = nothing, knn = nothing, probe = nothing, classes = nothing, ignore = nothing,
                       dtype = nothing, threads = nothing, progress = nothing, keywords...)
    haskey(keywords, :rank) && throw(ArgumentError("rank: of a curve it is the option `most`"))
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    numbers, values = encode_among(classes, y, ignore)
    labels = Ref(integer_view(numbers))
    wishes = Ref(options(conceptdec_erasure_options; most = most,
        eraser = kept(roots, eraser_options(roots, count_of(classes); keywords...)),
        knn = knn === nothing ? nothing : kept(roots, knn_options(roots; knn...)),
        probe = probe === nothing ? nothing : kept(roots, probe_options(roots, count_of(classes); probe...))))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots numbers with_classes(values, threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_erasure_curve), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_erasure_options},
             Ptr{Ptr{conceptdec_result}}), ctx, x, labels, wishes, owner)
    end
    return Result(owner, values)
end
