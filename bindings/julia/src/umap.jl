# UMAP: pictures of one matrix, or of several that are to lie on one another.

const UMAP_STARTS = Dict("spectral" => CONCEPTDEC_UMAP_SPECTRAL, "pca" => CONCEPTDEC_UMAP_PCA,
    "random" => CONCEPTDEC_UMAP_RANDOM)

"""
    UMAPModel

A fitted embedding, made by [`umap`](@ref) or [`load_umap`](@ref), for [`transform`](@ref) and [`save_umap`](@ref):

- `u.embedding` (n_components x n, a sample in each column)
- `u.graph`: the fuzzy graph, named tuple of `rows`, `columns` (samples, counted from 1) and `weights`, an entry for
  each directed edge
- `u.rho`, `u.sigma` (n): distance at full weight, scale of what is beyond; `u.curve`: a and b of 1 / (1 + a d^2b)
- `u.part` (n): connected part of each sample, from 1; `u.n_short`: samples with fewer than n_neighbors others
- `u.converged` (`Bool`): false where the spectral start used up its iterations

It keeps the matrix that it was made of (no copy), which `transform` reads. `close(u)` frees it at once.
"""
struct UMAPModel <: LibraryObject
    handle::Handle{conceptdec_umap}
    source::Any # the matrix that was embedded, or nothing
    dtype::Any
end

kind_of(::UMAPModel) = "UMAP model"

const UMAP_ARRAYS = (:embedding, :graph, :rho, :sigma, :curve, :part, :n_short, :converged)

Base.propertynames(::UMAPModel, private = false) = UMAP_ARRAYS

umap_array(model::UMAPModel, name) = object_array(handle(model), symbol(:conceptdec_umap_get), name)

function Base.getproperty(model::UMAPModel, name::Symbol)
    name in UMAP_ARRAYS || error("a UMAP model has no $name; there are ", join(UMAP_ARRAYS, ", "))
    name === :graph && return (rows = umap_array(model, CONCEPTDEC_U_GRAPH_ROWS) .+ 1,
        columns = umap_array(model, CONCEPTDEC_U_GRAPH_COLUMNS) .+ 1,
        weights = umap_array(model, CONCEPTDEC_U_GRAPH_WEIGHTS))
    value = umap_array(model, string(name))
    name === :embedding && return samples_last(value)
    name === :part && return value .+ 1
    return name === :converged ? value != 0 : value
end

function Base.show(io::IO, model::UMAPModel)
    isopen(model) || return print(io, "ConceptDec.UMAPModel(closed)")
    m, n = size(model.embedding)
    print(io, "ConceptDec.UMAPModel(", n, " samples in ", m, " dimensions",
        model.converged ? "" : ", START NOT CONVERGED", ")")
end

function start_fields(roots, init)
    init isa AbstractString && return (init = choice("init", init, UMAP_STARTS),)
    init isa AbstractMatrix{<:Real} ||
        throw(ArgumentError("init: need a name or an n_components x n matrix, not a $(typeof(init))"))
    values = Matrix{Float64}(init)
    return (init = CONCEPTDEC_UMAP_GIVEN, start = view_pointer(roots, values, matrix_view(values, nothing, "init")))
end

label_pointer(roots, ::Nothing, ignore) = nothing
label_pointer(roots, y, ignore) = view_pointer(roots, encode(y, ignore)[1])

function umap_options(roots; n_components = 2, n_neighbors = 15, min_dist = 0.1, spread = 1.0, metric = nothing,
                      init = "spectral", y = nothing, ignore = nothing, epochs = nothing, seed = 0,
                      self_counted = false, others...)
    return options(conceptdec_umap_options; start_fields(roots, init)..., labels = label_pointer(roots, y, ignore),
        n_components = n_components, n_neighbors = n_neighbors, min_dist = min_dist, spread = spread,
        metric = choice("metric", metric, METRICS), epochs = epochs, seed = seed,
        flags = self_counted * CONCEPTDEC_UMAP_SELF_COUNTED, known_fields(others)...)
end

const UMAP_NUMBERS = (:negative_samples, :memory, :learning_rate, :repulsion, :mix, :local_connectivity, :target_weight,
    :alignment, :window)

function known_fields(others)
    refuse(filter(name -> !(name in UMAP_NUMBERS), keys(others)))
    return others
end

"""
    umap(X, n_components=2; n_neighbors=15, min_dist=0.1, spread=1.0, metric="l2", init="spectral", y=nothing,
         ignore=nothing, epochs=nothing, seed=0, negative_samples=nothing, learning_rate=nothing, repulsion=nothing,
         mix=nothing, local_connectivity=nothing, target_weight=nothing, self_counted=false, memory=nothing,
         dtype=nothing, threads=nothing, progress=nothing) -> UMAPModel
    umap(nb::Neighbors, n_components=2; x=nothing, ...) -> UMAPModel

Uniform manifold approximation and projection (McInnes, Healy, Melville 2018): a picture in which near samples stay
near, from the exact neighbour table. The same bits for any number of threads. A picture can mislead: see
[`embedding_quality`](@ref).

# Arguments
- `X`: d x n matrix with a sample in each column, as in [`neighbors`](@ref); or a table without queries, at least
  `n_neighbors` deep, whose metric then counts (`x`: its samples, where it was loaded without them; [`transform`](@ref)
  and the start "pca" need them).
- `n_neighbors`: small for fine structure, large for coarse; `self_counted`: it counts the sample itself, as that
  of umap-learn does.
- `min_dist`, `spread`: how close near points may lie, and on which scale.
- `init`: "spectral", "pca", "random", or an n_components x n matrix.
- `y`: n labels of any kind, `ignore` those that mean "not known": edges between classes are weakened, `target_weight`
  (0.5) of labels against samples. Such a picture is no evidence that classes are apart.
- `epochs`: 500 for n <= 10,000, else 200; 0: the start itself. `negative_samples` (5), `learning_rate` (1), `repulsion`
  (1), `mix` (1: fuzzy union, 0: intersection), `local_connectivity` (1), `memory` (2^29 bytes).

Throws what [`neighbors`](@ref) throws, and [`ConceptDecError`](@ref) (ELABEL, EINVAL, ESHALLOW).

# Example
```julia
X = randn(64, 500)
u = umap(X; n_neighbors = 10)
u.embedding # 2 x 500
transform(u, randn(64, 3))
```
"""
function umap(X, n_components = 2; dtype = nothing, threads = nothing, progress = nothing, keywords...)
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    wishes = Ref(umap_options(roots; n_components = n_components, keywords...))
    owner = Handle{conceptdec_umap}()
    GC.@preserve roots with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_umap_new), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_umap_options}, Ptr{Ptr{conceptdec_umap}}), ctx,
            x, wishes, owner)
    end
    return UMAPModel(owner, X, dtype)
end

function umap(table::Neighbors, n_components = 2; x = nothing, dtype = nothing, threads = nothing, progress = nothing,
              keywords...)
    X = x === nothing ? getfield(table, :source) : x
    kind = x === nothing ? getfield(table, :dtype) : dtype
    roots = Any[X]
    rows = X === nothing ? C_NULL : Ref(matrix_view(X, kind))
    wishes = Ref(umap_options(roots; n_components = n_components, keywords...))
    owner = Handle{conceptdec_umap}()
    GC.@preserve roots with_context(threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_umap_from_neighbors), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_neighbors}, Ptr{conceptdec_matrix}, Ptr{conceptdec_umap_options},
             Ptr{Ptr{conceptdec_umap}}), ctx, handle(table), rows, wishes, owner)
    end
    return UMAPModel(owner, X, kind)
end

function transform(model::UMAPModel, X; dtype = nothing, threads = nothing, progress = nothing)
    owner, source, fitted = Handle{conceptdec_result}(), handle(model), getfield(model, :source)
    fitted === nothing && throw(ArgumentError("transform needs the samples that were embedded; give them to load_umap"))
    x, queries = Ref(matrix_view(fitted, getfield(model, :dtype))), Ref(matrix_view(X, dtype))
    called = ("queries" => "X", "x" => "the embedded X")
    GC.@preserve fitted X with_context(threads, progress; sources = readers(fitted, X), called = called) do ctx
        ccall(symbol(:conceptdec_umap_transform), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_umap}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix},
             Ptr{Ptr{conceptdec_result}}), ctx, source, x, queries, owner)
    end
    return sample_array(owner, :transformed)
end

"""
    aligned_umap(views, n_components=2; alignment=nothing, window=nothing, options...) -> Result

Pictures of the same samples over layers or steps that lie on one another: as [`umap`](@ref) of each view, the start of
each turned to the one before, and each sample pulled to its own place in the views beside.

- `views`: a list of d x n matrices (widths may differ), or one numeric d x n x views array.
- `alignment`: how hard the same sample of views beside pulls (0.01); `window`: views to either side that pull (2).
- all other options: see [`umap`](@ref).

Result: `embedding` (n_components x n x views). Throws what [`umap`](@ref) throws.
"""
function aligned_umap(views, n_components = 2; dtype = nothing, threads = nothing, progress = nothing, keywords...)
    roots, cells = Any[views], view_list(views, dtype)
    wishes = Ref(umap_options(roots; n_components = n_components, keywords...))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots with_context(threads, progress; sources = readers_of(views)) do ctx
        ccall(symbol(:conceptdec_umap_aligned), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Int64, Ptr{conceptdec_umap_options},
             Ptr{Ptr{conceptdec_result}}), ctx, cells, length(cells), wishes, owner)
    end
    return Result(owner)
end

"""
    save_umap(u::UMAPModel, path)

Writes an embedding to a file, under a temporary name first, so that no half-written one is left; not the samples that
it was made of. Throws [`ConceptDecError`](@ref) (EIO).
"""
save_umap(model::UMAPModel, path) = save_object(handle(model), symbol(:conceptdec_umap_save), path)

"""
    load_umap(path, X=nothing; dtype=nothing) -> UMAPModel

Reads an embedding that [`save_umap`](@ref) wrote, here or in another language; every size and value is checked. `X` is
the matrix that was embedded, which [`transform`](@ref) needs. Throws [`ConceptDecError`](@ref) (EIO, EFORMAT).
"""
load_umap(path, X = nothing; dtype = nothing) =
    UMAPModel(load_object(conceptdec_umap, symbol(:conceptdec_umap_load), path), X, dtype)
