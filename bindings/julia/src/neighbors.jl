"""
    Neighbors

Table of exact nearest neighbours, made by [`neighbors`](@ref) or [`load_neighbors`](@ref). Both matrices are the
memory of the table, k x n, with the neighbours of sample `i` in column `i`, ordered by distance, then by sample:

- `nb.indices`: the samples, counted from 1; 0 where a sample has fewer than k eligible neighbours
- `nb.distances`: Euclidean, or 1 - cos; NaN beside 0. To be read only.
- `nb.count`: neighbours listed for each sample; `nb.ties`: further samples at exactly the last listed distance
- `nb.k`, `nb.n`: the size of the table
- `nb.n_refined`: distances that the search computed in full, which may differ from run to run; `nb.screening`: what it
  screened with in the end, "int8", "float32" or "float64"; 0 and `nothing` for a table that was loaded
"""
struct Neighbors
    handle::Handle{conceptdec_neighbors}
    source::Any # the matrix that the table was made from, or nothing
    dtype::Any
end

handle(table::Neighbors) = getfield(table, :handle)

"Zero-based indices seen as one-based ones; -1 becomes 0."
struct OneBased <: AbstractMatrix{Int}
    rows::Matrix{Int64}
end

Base.size(A::OneBased) = size(A.rows)
Base.IndexStyle(::Type{OneBased}) = IndexLinear()
Base.@propagate_inbounds Base.getindex(A::OneBased, i::Int) = A.rows[i] + 1

const METRICS = Dict("l2" => CONCEPTDEC_METRIC_L2, "cosine" => CONCEPTDEC_METRIC_COSINE)

"""
    neighbors(X, k=10; metric="l2", queries=nothing, groups=nothing, query_groups=nothing, strict=false,
              dtype=nothing, threads=nothing, progress=nothing, screening="auto") -> Neighbors

The `k` exact nearest samples of every sample of `X` (never itself, by its index), or of every sample of `queries`.

# Arguments
- `X`: d x n matrix, a sample in each column, of `Float64`, `Float32` or `Float16`, or `UInt16` with
  `dtype="bfloat16"`; n >= 2. Any strided array (`X'`, `view`, `PermutedDimsArray`) is read where it lies, a mapped
  file, too. For samples that do not lie in memory: a [`RowReader`](@ref).
- `k`: 1 to n - 1.
- `metric`: "l2", or "cosine" (1 - cos; a zero sample has distance 1 to all).
- `queries`: d x q matrix of any of these kinds and element types.
- `groups`, `query_groups`: any values, one for each sample: samples of one group are not each other's neighbours.
- `strict`: a sample with fewer than `k` eligible neighbours is an error, and is not just filled up with 0.
- `threads`: threads to use; default: all that the process may run on. Results are the same bits for any number.
- `progress`: a function `(stage, done, total)`, called at most 20 times a second, which stops the call by returning
  `false` or throwing; `true` prints to stderr.
- `screening`: "auto", "int8", "float32", "float64": products that choose the candidates at first. The answer is the
  same with all of them: for diagnosis and measurement.

Distances are those of direct differences in `Float64`, the same bits on every processor; narrower input is only
used to choose candidates, with a rigorous bound. Time O(n^2 d), half of it saved without queries; memory O(n k).

Throws [`ConceptDecError`](@ref) (ESIZE, ENONFINITE, ETOOFEW, EK, EGROUPS, EFEWELIGIBLE, ...), `ArgumentError` where
`X` is not strided, `OutOfMemoryError`, `InterruptException`.
"""
function neighbors(X, k = 10; metric = nothing, queries = nothing, groups = nothing, query_groups = nothing,
                   strict = false, dtype = nothing, threads = nothing, progress = nothing, screening = nothing,
                   unknown...)
    refuse(unknown)
    roots = Any[X, queries]
    x = Ref(matrix_view(X, dtype))
    q = queries === nothing ? C_NULL :
        Ref(matrix_view(queries, haskey(DTYPES, eltype(queries)) ? nothing : dtype, "queries"))
    own, others = group_pointers(roots, groups, query_groups)
    wishes = Ref(options(conceptdec_neighbors_options; k = k, groups = own, query_groups = others,
        metric = choice("metric", metric, METRICS), flags = strict * CONCEPTDEC_NEIGHBORS_STRICT))
    owner = Handle{conceptdec_neighbors}()
    GC.@preserve roots with_context(threads, progress; screening = screening, sources = readers(X, queries)) do ctx
        ccall(symbol(:conceptdec_neighbors_new), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_neighbors_options},
             Ptr{Ptr{conceptdec_neighbors}}), ctx, x, q, wishes, owner)
    end
    return Neighbors(owner, queries === nothing ? X : nothing, dtype)
end

"""
    save_neighbors(nb::Neighbors, path)

Writes a table to a file, under a temporary name first, so that no half-written table is left.
Throws [`ConceptDecError`](@ref) (EIO).
"""
save_neighbors(nb::Neighbors, path) = save_object(handle(nb), symbol(:conceptdec_neighbors_save), path)

"""
    load_neighbors(path, X=nothing; dtype=nothing) -> Neighbors

Reads a table that [`save_neighbors`](@ref) wrote, here or in another language; every size and index is checked. `X`
is the matrix that it was made from: without it, a call that needs more than the table holds is refused (ESHALLOW).
Throws [`ConceptDecError`](@ref) (EIO, EFORMAT).
"""
load_neighbors(path, X = nothing; dtype = nothing) =
    Neighbors(load_object(conceptdec_neighbors, symbol(:conceptdec_neighbors_load), path), X, dtype)

"An array over the memory of a table, which lives for as long as the array does."
function table_array(nb::Neighbors, name)
    found = Ref{conceptdec_array}()
    owner = handle(nb)
    check(ccall(symbol(:conceptdec_neighbors_get), Int32, (Ptr{conceptdec_neighbors}, Cstring, Ptr{conceptdec_array}),
        owner, name, found), name)
    array = found[]
    shape = reverse(array.shape[1:array.ndim])
    return GC.@preserve owner borrow(owner, unsafe_wrap(Array, Ptr{element_type(array)}(array.data), shape))
end

function screening_name(number)
    number == CONCEPTDEC_SCREENING_AUTO && return nothing # a table that was loaded
    return first(name for (name, value) in SCREENINGS if value == number)
end

const TABLE = (:indices, :distances, :count, :ties, :k, :n, :n_refined, :screening)

Base.propertynames(::Neighbors, private = false) = TABLE

function Base.getproperty(nb::Neighbors, name::Symbol)
    name === :indices && return OneBased(table_array(nb, CONCEPTDEC_N_INDICES))
    name === :distances && return table_array(nb, CONCEPTDEC_N_DISTANCES)
    name === :count && return table_array(nb, CONCEPTDEC_N_COUNT)
    name === :ties && return table_array(nb, CONCEPTDEC_N_TIES)
    name === :k && return size(nb.distances, 1)
    name === :n && return size(nb.distances, 2)
    name === :n_refined && return table_array(nb, CONCEPTDEC_N_N_REFINED)[]
    name === :screening && return screening_name(table_array(nb, CONCEPTDEC_N_SCREENING)[])
    error("a neighbour table has no $name; there are ", join(TABLE, ", "))
end

"""
    neighbors_row(nb::Neighbors, i) -> (indices, distances)

All neighbours that a table knows of sample `i` (from 1), those tied at the last distance included, ordered by
distance, then by sample. Throws [`ConceptDecError`](@ref) (ESIZE) where there is no sample `i`.
"""
function neighbors_row(nb::Neighbors, i::Integer)
    count = fill_row!(Int64[], Float64[], nb, i)
    indices, distances = zeros(Int64, count), zeros(count)
    fill_row!(indices, distances, nb, i)
    return indices .+ 1, distances
end

function fill_row!(indices, distances, nb, i)
    count = Ref{Int64}()
    check(ccall(symbol(:conceptdec_neighbors_row), Int32,
        (Ptr{conceptdec_neighbors}, Int64, Int64, Ptr{Int64}, Ptr{Float64}, Ptr{Int64}), handle(nb), i - 1,
        length(indices), indices, distances, count), "sample $i")
    return count[]
end

Base.show(io::IO, nb::Neighbors) = print(io, "ConceptDec.Neighbors(k = $(nb.k), n = $(nb.n))")
