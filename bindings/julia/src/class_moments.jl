# Moments of labelled samples that come in batches.

"""
    ClassMoments(d, classes; pooled=false, means=false, variances=false)

Counts, means and scatter matrices of labelled samples that come in batches: what class means, subspaces and erasers are
made of. The state depends on the samples and their order alone, not on how they were cut into batches. Several threads
may share one; their calls take turns.

- `d`: number of dimensions; `classes`: the labels that there are, in the order in which results list them.
- `pooled`: one scatter matrix for all classes, each sample about the mean of its class, not one for each class, which
  take C d^2 numbers; enough for [`fit_eraser`](@ref). `means`: counts and means alone. `variances`: beside them the
  variance of each dimension. One of the three at most.
- [`add!`](@ref) adds samples, `merge!` those of another state; [`subspaces`](@ref), [`fit_eraser`](@ref) take one.
- `m.classes`, `m.n_samples`, `m.class_count` (C), `m.means` (C x d; NaN for a class without samples), `m.scatter`
  (C x d x d: sums of squares about the mean, not divided), `m.within` (d x d: their sum / n), `m.variances` (C x d:
  mean square of each dimension about the mean of the class), `m.mean` (d),
  `m.covariance` (d x d, of all samples about `m.mean`, / (n - 1)); what the state does not hold throws.
- [`save_class_moments`](@ref), [`load_class_moments`](@ref); `close(m)` frees it at once.

# Example
```julia
m = ClassMoments(64, ["noun", "verb"]; pooled = true)
for batch in 1:3
    add!(m, randn(64, 100), rand(["noun", "verb"], 100))
end
transform(fit_eraser(m), randn(64, 5))
```
"""
struct ClassMoments <: LibraryObject
    handle::Handle{conceptdec_class_moments}
    classes::Any
    turn::ReentrantLock
    ClassMoments(owner::Handle{conceptdec_class_moments}, classes) = new(owner, classes, ReentrantLock())
end

kind_of(::ClassMoments) = "state of class moments"

function ClassMoments(dims::Integer, classes; pooled = false, means = false, variances = false, unknown...)
    refuse(unknown)
    listed = listed_classes(classes)
    flags = pooled * CONCEPTDEC_CLASS_MOMENTS_POOLED | means * CONCEPTDEC_CLASS_MOMENTS_MEANS |
            variances * CONCEPTDEC_CLASS_MOMENTS_VARIANCES
    owner = Handle{conceptdec_class_moments}()
    with_context() do ctx
        ccall(symbol(:conceptdec_class_moments_new), Int32,
            (Ptr{conceptdec_ctx}, Int64, Int64, UInt32, Ptr{Ptr{conceptdec_class_moments}}), ctx, dims, length(listed),
            flags, owner)
    end
    return ClassMoments(owner, listed)
end

const CLASS_MOMENT_ARRAYS = (:n_samples, :class_count, :mean, :means, :variances, :within, :scatter, :covariance)

Base.propertynames(::ClassMoments, private = false) = (:classes, CLASS_MOMENT_ARRAYS...)

function Base.getproperty(moments::ClassMoments, name::Symbol)
    name === :classes && return getfield(moments, :classes)
    name in CLASS_MOMENT_ARRAYS ||
        error("class moments have no $name; there are ", join(propertynames(moments), ", "))
    return alone(() -> object_array(handle(moments), symbol(:conceptdec_class_moments_get), name), moments)
end

function Base.show(io::IO, moments::ClassMoments)
    isopen(moments) || return print(io, "ConceptDec.ClassMoments(closed)")
    print(io, "ConceptDec.ClassMoments(d = ", length(moments.mean), ", ", length(moments.classes),
        " classes, n_samples = ", moments.n_samples, ")")
end

"""
    add!(m::ClassMoments, X, y; ignore=nothing, dtype=nothing, threads=nothing, progress=nothing)

The same with a label for each sample, one of `m.classes`; `ignore` names those of samples that play no part.
"""
function add!(moments::ClassMoments, X, y; ignore = nothing, dtype = nothing, threads = nothing, progress = nothing)
    target, x = handle(moments), Ref(matrix_view(X, dtype))
    numbers, _ = encode_among(moments.classes, y, ignore)
    labels = Ref(integer_view(numbers))
    alone(moments) do
        GC.@preserve X numbers with_context(threads, progress; sources = readers(X)) do ctx
            ccall(symbol(:conceptdec_class_moments_add), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_class_moments}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}),
                ctx, target, x, labels)
        end
    end
    return moments
end

same_classes(state, other) = state.classes == other.classes ||
    throw(ArgumentError("other: its classes are $(repr(other.classes)), not $(repr(state.classes))"))

"""
    merge!(m::ClassMoments, other::ClassMoments)

Adds the samples of another state of the same dimensions, classes and options, which stays as it is; returns `m`. Throws
[`ConceptDecError`](@ref) (ESIZE, EINVAL), `ArgumentError` for other classes.
"""
function Base.merge!(moments::ClassMoments, other::ClassMoments)
    same_classes(moments, other)
    target, source = handle(moments), handle(other)
    alone(moments, other) do
        with_context() do ctx
            ccall(symbol(:conceptdec_class_moments_merge), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_class_moments}, Ptr{conceptdec_class_moments}), ctx, target,
                source)
        end
    end
    return moments
end

"""
    save_class_moments(m::ClassMoments, path)

Writes a state to a file, under a temporary name first, so that no half-written one is left. The file knows classes by
their numbers only: keep `m.classes` beside it. Throws [`ConceptDecError`](@ref) (EIO).
"""
save_class_moments(moments::ClassMoments, path) =
    alone(() -> save_object(handle(moments), symbol(:conceptdec_class_moments_save), path), moments)

"""
    load_class_moments(path; classes=nothing) -> ClassMoments

Reads a state that [`save_class_moments`](@ref) wrote, here or in another language, to which samples can be added; every
size and value is checked. `classes`: the labels in the order of `m.classes` when it was saved; 0 to C - 1 by default,
which is what a file holds. Throws [`ConceptDecError`](@ref) (EIO, EFORMAT), `ArgumentError` for another number of
classes.
"""
function load_class_moments(path; classes = nothing)
    owner = load_object(conceptdec_class_moments, symbol(:conceptdec_class_moments_load), path)
    counts = object_array(owner, symbol(:conceptdec_class_moments_get), CONCEPTDEC_M_CLASS_COUNT)
    return ClassMoments(owner, names_of(classes, length(counts), "state"))
end
