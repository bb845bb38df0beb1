# Moments of samples that come in batches.

"""
    Moments(d)

Mean and covariance of samples that come in batches, for more than fit into memory or that pass by once. The state
depends on the samples and their order alone, not on how they were cut into batches: the same bits for any cut. Several
threads may share one; their calls take turns.

- [`add!`](@ref) adds samples, `merge!` those of another state, [`pca`](@ref) takes one
- `m.n_samples`, `m.mean` (d; NaN without samples), `m.covariance` (d x d, divided by n - 1; NaN below two samples)
- [`save_moments`](@ref), [`load_moments`](@ref); `close(m)` frees it at once

# Example
```julia
m = Moments(64)
for batch in (randn(64, 100), randn(64, 30))
    add!(m, batch)
end
pca(m, 2).explained_variance
```
"""
struct Moments <: LibraryObject
    handle::Handle{conceptdec_moments}
    turn::ReentrantLock
    Moments(owner::Handle{conceptdec_moments}) = new(owner, ReentrantLock())
end

alone(call, moments) = lock(call, getfield(moments, :turn))

"Two states at once, always in this order, that two mergers do not wait for each other."
function alone(call, moments, other)
    first, second = objectid(handle(moments)) <= objectid(handle(other)) ? (moments, other) : (other, moments)
    return alone(() -> alone(call, second), first)
end

function Moments(dims::Integer)
    owner = Handle{conceptdec_moments}()
    with_context() do ctx
        ccall(symbol(:conceptdec_moments_new), Int32, (Ptr{conceptdec_ctx}, Int64, Ptr{Ptr{conceptdec_moments}}), ctx,
            dims, owner)
    end
    return Moments(owner)
end

kind_of(::Moments) = "state of moments"

const MOMENT_ARRAYS = (:n_samples, :mean, :covariance)

Base.propertynames(::Moments, private = false) = MOMENT_ARRAYS

function Base.getproperty(moments::Moments, name::Symbol)
    name in MOMENT_ARRAYS || error("moments have no $name; there are ", join(MOMENT_ARRAYS, ", "))
    return alone(() -> object_array(handle(moments), symbol(:conceptdec_moments_get), name), moments)
end

function Base.show(io::IO, moments::Moments)
    isopen(moments) || return print(io, "ConceptDec.Moments(closed)")
    print(io, "ConceptDec.Moments(d = ", length(moments.mean), ", n_samples = ", moments.n_samples, ")")
end

"""
    add!(m::Moments, X; dtype=nothing, threads=nothing, progress=nothing)

Adds the columns of `X` (d x n), all or, on any error, none of them; returns `m`. Throws [`ConceptDecError`](@ref)
(ESIZE for another d, ENONFINITE, ...).
"""
function add!(moments::Moments, X; dtype = nothing, threads = nothing, progress = nothing)
    target, x = handle(moments), Ref(matrix_view(X, dtype))
    alone(moments) do
        GC.@preserve X with_context(threads, progress; sources = readers(X)) do ctx
            ccall(symbol(:conceptdec_moments_add), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_moments}, Ptr{conceptdec_matrix}), ctx, target, x)
        end
    end
    return moments
end

"""
    merge!(m::Moments, other::Moments)

Adds the samples of another state, which stays as it is; returns `m`. Throws [`ConceptDecError`](@ref) (ESIZE for
another d).
"""
function Base.merge!(moments::Moments, other::Moments)
    target, source = handle(moments), handle(other)
    alone(moments, other) do
        with_context() do ctx
            ccall(symbol(:conceptdec_moments_merge), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_moments}, Ptr{conceptdec_moments}), ctx, target, source)
        end
    end
    return moments
end

function pca(moments::Moments, n_components = nothing; threads = nothing, progress = nothing, keywords...)
    source, wishes = handle(moments), Ref(pca_options(; n_components = n_components, keywords...))
    owner = Handle{conceptdec_pca}()
    alone(moments) do
        with_context(threads, progress) do ctx
            ccall(symbol(:conceptdec_pca_from_moments), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_moments}, Ptr{conceptdec_pca_options}, Ptr{Ptr{conceptdec_pca}}),
                ctx, source, wishes, owner)
        end
    end
    return PCAModel(owner)
end

"""
    save_moments(m::Moments, path)

Writes a state to a file, under a temporary name first, so that no half-written one is left. Throws
[`ConceptDecError`](@ref) (EIO).
"""
save_moments(moments::Moments, path) =
    alone(() -> save_object(handle(moments), symbol(:conceptdec_moments_save), path), moments)

"""
    load_moments(path) -> Moments

Reads a state that [`save_moments`](@ref) wrote, here or in another language, to which samples can be added; every size
and value is checked. Throws [`ConceptDecError`](@ref) (EIO, EFORMAT).
"""
load_moments(path) = Moments(load_object(conceptdec_moments, symbol(:conceptdec_moments_load), path))
