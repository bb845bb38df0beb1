# Moments of samples that come in batches.

"""
    Moments(d)

Mean and covariance of samples that come in batches, for more than fit into memory or that pass by once. The state
depends on the samples and their order alone, not on how they were cut into batches: the same bits for any cut.

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
struct Moments
    handle::Handle{conceptdec_moments}
    Moments(owner::Handle{conceptdec_moments}) = new(owner)
end

function Moments(dims::Integer)
    owner = Handle{conceptdec_moments}()
    with_context() do ctx
        ccall(symbol(:conceptdec_moments_new), Int32, (Ptr{conceptdec_ctx}, Int64, Ptr{Ptr{conceptdec_moments}}), ctx,
            dims, owner)
    end
    return Moments(owner)
end

handle(moments::Moments) = open_handle(moments, "state of moments")

function Base.close(moments::Moments)
    finalize(getfield(moments, :handle))
    return nothing
end

Base.isopen(moments::Moments) = getfield(moments, :handle).object != C_NULL

const MOMENT_ARRAYS = (:n_samples, :mean, :covariance)

Base.propertynames(::Moments, private = false) = MOMENT_ARRAYS

function Base.getproperty(moments::Moments, name::Symbol)
    name in MOMENT_ARRAYS || error("moments have no $name; there are ", join(MOMENT_ARRAYS, ", "))
    found, owner = Ref{conceptdec_array}(), handle(moments)
    check(ccall(symbol(:conceptdec_moments_get), Int32, (Ptr{conceptdec_moments}, Cstring, Ptr{conceptdec_array}),
        owner, string(name), found), string(name))
    return GC.@preserve owner copy_array(found[])
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
    GC.@preserve X with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_moments_add), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_moments}, Ptr{conceptdec_matrix}), ctx, target, x)
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
    with_context() do ctx
        ccall(symbol(:conceptdec_moments_merge), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_moments}, Ptr{conceptdec_moments}), ctx, target, source)
    end
    return moments
end

function pca(moments::Moments, n_components = nothing; threads = nothing, progress = nothing, keywords...)
    source, wishes = handle(moments), Ref(pca_options(; n_components = n_components, keywords...))
    owner = Handle{conceptdec_pca}()
    with_context(threads, progress) do ctx
        ccall(symbol(:conceptdec_pca_from_moments), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_moments}, Ptr{conceptdec_pca_options}, Ptr{Ptr{conceptdec_pca}}), ctx,
            source, wishes, owner)
    end
    return PCAModel(owner)
end

"""
    save_moments(m::Moments, path)

Writes a state to a file, under a temporary name first, so that no half-written one is left. Throws
[`ConceptDecError`](@ref) (EIO).
"""
function save_moments(moments::Moments, path)
    source = handle(moments)
    with_context() do ctx
        ccall(symbol(:conceptdec_moments_save), Int32, (Ptr{conceptdec_ctx}, Ptr{conceptdec_moments}, Cstring), ctx,
            source, path)
    end
end

"""
    load_moments(path) -> Moments

Reads a state that [`save_moments`](@ref) wrote, here or in another language, to which samples can be added; every size
and value is checked. Throws [`ConceptDecError`](@ref) (EIO, EFORMAT).
"""
function load_moments(path)
    owner = Handle{conceptdec_moments}()
    with_context() do ctx
        ccall(symbol(:conceptdec_moments_load), Int32, (Ptr{conceptdec_ctx}, Cstring, Ptr{Ptr{conceptdec_moments}}),
            ctx, path, owner)
    end
    return Moments(owner)
end
