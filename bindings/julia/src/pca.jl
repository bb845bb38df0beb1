# Principal components.

const PCA_SOLVERS = Dict("auto" => CONCEPTDEC_PCA_AUTO, "covariance" => CONCEPTDEC_PCA_COVARIANCE,
    "gram" => CONCEPTDEC_PCA_GRAM, "svd" => CONCEPTDEC_PCA_SVD, "krylov" => CONCEPTDEC_PCA_KRYLOV)

"""
    PCAModel

Fitted principal components, made by [`pca`](@ref) or [`load_pca`](@ref), for [`transform`](@ref),
[`inverse_transform`](@ref), [`save_pca`](@ref). With r components of d dimensions:

- `p.components` (r x d): orthonormal rows, by descending variance; of each the element of largest magnitude is positive
- `p.explained_variance` (r, divided by n - 1), `p.explained_variance_ratio`, `p.singular_values`, `p.total_variance`
- `p.mean`, `p.scale` (d): what is subtracted, and then divided by (1 unless standardised)
- `p.residual` (r): |C v - variance v| / the largest variance; `p.eigen_gap` (r): distance to the nearest other variance
  / the largest one: near 0 the direction is not unique
- `p.solver`: the one that was taken; `p.iterations`, `p.converged` (`Bool`): of Krylov; `p.n_samples`; `p.n_clamped`:
  variances that rounding had made negative

Coordinates of a sample x are `p.components * ((x .- p.mean) ./ p.scale)`. `close(p)` frees it at once; otherwise the
garbage collector does.
"""
struct PCAModel <: LibraryObject
    handle::Handle{conceptdec_pca}
end

kind_of(::PCAModel) = "PCA model"

const PCA_ARRAYS = (:components, :explained_variance, :explained_variance_ratio, :singular_values, :mean, :scale,
    :residual, :eigen_gap, :total_variance, :n_samples, :n_clamped, :solver, :iterations, :converged)

Base.propertynames(::PCAModel, private = false) = PCA_ARRAYS

function Base.getproperty(model::PCAModel, name::Symbol)
    name in PCA_ARRAYS || error("a PCA model has no $name; there are ", join(PCA_ARRAYS, ", "))
    value = object_array(handle(model), symbol(:conceptdec_pca_get), name)
    name === :solver && return first(word for (word, number) in PCA_SOLVERS if number == value)
    return name === :converged ? value != 0 : value
end

function Base.show(io::IO, model::PCAModel)
    isopen(model) || return print(io, "ConceptDec.PCAModel(closed)")
    r, d = size(model.components)
    print(io, "ConceptDec.PCAModel(", r, " components of d = ", d, ", ", model.solver,
        model.converged ? "" : ", NOT CONVERGED", ")")
end

function pca_options(; n_components = nothing, solver = "auto", center = true, standardize = false, whiten = false,
                     tolerance = nothing, max_iterations = nothing, memory = nothing, seed = 0, unknown...)
    refuse(unknown)
    flags = !center * CONCEPTDEC_PCA_UNCENTERED | standardize * CONCEPTDEC_PCA_STANDARDIZE |
            whiten * CONCEPTDEC_PCA_WHITEN
    return options(conceptdec_pca_options; n_components = n_components, max_iterations = max_iterations,
        memory = memory, seed = seed, tolerance = tolerance, solver = choice("solver", solver, PCA_SOLVERS),
        flags = flags)
end

"""
    pca(X, n_components=nothing; solver="auto", center=true, standardize=false, whiten=false, tolerance=nothing,
        max_iterations=nothing, memory=nothing, seed=0, dtype=nothing, threads=nothing, progress=nothing) -> PCAModel
    pca(m::Moments, n_components=nothing; ...) -> PCAModel

Directions of largest variance of the samples of `X`, or of all samples that were added to [`Moments`](@ref).

# Arguments
- `X`: d x n matrix with a sample in each column, as in [`neighbors`](@ref); n >= 2.
- `n_components`: 1 to min(n, d), which is the default.
- `solver`: "auto" (by shape and number), "covariance" (d x d), "gram" (n x n products of samples), "svd" (small
  variances to full precision), "krylov" (a few of many). Of moments "auto", "covariance" or "krylov".
- `center=false`: directions through the origin; `standardize`: dimensions divided by their standard deviation;
  `whiten`: what is transformed has variance 1 along each component.
- `tolerance` (1e-5), `max_iterations` (40): where Krylov ends, refused beside another solver (but `tolerance` beside
  "covariance" of rows narrower than Float64: where it is at least 2^-24 d, the eigenvectors of 1,000 dimensions or
  more are found in Float32); `seed`: of its start;
  `memory`: bytes beside the input, the components and the buffers of threads (2^29); refused where it is too little.

Time `O(n d min(n, d))`, Krylov `O(n d n_components)` for each product, or `O(d^2 n_components)` after `O(n d^2)` once.
Definitions: docs/definitions.md; how to: docs/projections.md.

Throws [`ConceptDecError`](@ref) (ESIZE, ENONFINITE, ETOOFEW, EK, EINVAL, ...), `ArgumentError`, `OutOfMemoryError`,
`InterruptException`.

# Example
```julia
X = randn(64, 500)
p = pca(X, 2)
Z = transform(p, X) # 2 x 500
```
"""
function pca(X, n_components = nothing; dtype = nothing, threads = nothing, progress = nothing, keywords...)
    x = Ref(matrix_view(X, dtype))
    wishes = Ref(pca_options(; n_components = n_components, keywords...))
    owner = Handle{conceptdec_pca}()
    GC.@preserve X with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_pca_new), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_pca_options}, Ptr{Ptr{conceptdec_pca}}), ctx,
            x, wishes, owner)
    end
    return PCAModel(owner)
end

"An array of a result whose samples are its columns."
sample_array(owner, name) = samples_last(result_array(owner, name))

"""
    transform(p::PCAModel, X; dtype=nothing, threads=nothing, progress=nothing)

Coordinates of each column of `X` (d x m) along the components, r x m; a sample's do not depend on the others.

    transform(u::UMAPModel, X; ...)

Places for new samples `X` (d x m) among those of the embedding, which stay, n_components x m. A sample's place
depends on the sample and the embedding alone.

    transform(e::Eraser, X; ...)

`X` (d x m) without the concept that the eraser erases, d x m; a sample's does not depend on the others.

All throw [`ConceptDecError`](@ref) (ESIZE for another d, ENONFINITE, ...).
"""
function transform(model::PCAModel, X; dtype = nothing, threads = nothing, progress = nothing)
    owner, source = Handle{conceptdec_result}(), handle(model)
    x = Ref(matrix_view(X, dtype))
    GC.@preserve X with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_pca_transform), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_pca}, Ptr{conceptdec_matrix}, Ptr{Ptr{conceptdec_result}}), ctx,
            source, x, owner)
    end
    return sample_array(owner, :transformed)
end

"""
    inverse_transform(p::PCAModel, Z; dtype=nothing, threads=nothing, progress=nothing)

The points of the input space, d x m, that have the coordinates `Z` (r x m). Throws [`ConceptDecError`](@ref) (ESIZE for
another r, ENONFINITE, ...).
"""
function inverse_transform(model::PCAModel, Z; dtype = nothing, threads = nothing, progress = nothing)
    owner, source = Handle{conceptdec_result}(), handle(model)
    z = Ref(matrix_view(Z, dtype, "Z"))
    GC.@preserve Z with_context(threads, progress; sources = readers(Z)) do ctx
        ccall(symbol(:conceptdec_pca_inverse_transform), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_pca}, Ptr{conceptdec_matrix}, Ptr{Ptr{conceptdec_result}}), ctx,
            source, z, owner)
    end
    return sample_array(owner, :reconstructed)
end

"""
    save_pca(p::PCAModel, path)

Writes components to a file, under a temporary name first, so that no half-written one is left. Throws
[`ConceptDecError`](@ref) (EIO).
"""
save_pca(model::PCAModel, path) = save_object(handle(model), symbol(:conceptdec_pca_save), path)

"""
    load_pca(path) -> PCAModel

Reads components that [`save_pca`](@ref) wrote, here or in another language; every size and value is checked. Throws
[`ConceptDecError`](@ref) (EIO, EFORMAT).
"""
load_pca(path) = PCAModel(load_object(conceptdec_pca, symbol(:conceptdec_pca_load), path))
