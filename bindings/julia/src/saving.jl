# Arrays into files.

"""
    save_activations(path, arrays; metadata=nothing, dtype=nothing, threads=nothing, progress=nothing)

Writes arrays to a file, whose name ends in ".npy" (one array) or ".safetensors", for other tools and for
[`open_activations`](@ref): under a temporary name first, so that no half-written file is left.

- `arrays`: one array, or names and arrays: a `Dict`, a vector or tuple of pairs, a named tuple. Floating numbers are
  d x n matrices with a sample in each column, d x n x grid arrays, lists of matrices of one size, [`RowReader`](@ref)s
  or [`FileArray`](@ref)s; the axes of the file are those of the array reversed, as its memory is: n x d, a sample in
  each row. A vector of floating numbers keeps its one axis. Integers and `Bool` are labels, a vector of n or n x L, and
  keep their axes.
- `metadata`: texts by key that a .safetensors file shall hold: a `Dict` or pairs.
- `dtype="bfloat16"`: `UInt16` arrays of two and more axes hold bfloat16.
- `threads`, `progress`: see [`neighbors`](@ref).

Throws [`ConceptDecError`](@ref) (EINVAL, EIO, ESIZE, EREAD, ...), `ArgumentError`.
"""
function save_activations(path, arrays; metadata = nothing, dtype = nothing, threads = nothing, progress = nothing)
    named, roots = named_arrays(arrays, path), Any[arrays]
    views = [named_views(roots, string(name), array, dtype) for (name, array) in named]
    wishes = Ref(options(conceptdec_save_options; metadata_fields(roots, metadata)...))
    sources = reduce(vcat, [readers_of(array) for (_, array) in named]; init = RowReader[])
    GC.@preserve roots with_context(threads, progress; sources = sources, called = ("count" => "arrays",)) do ctx
        ccall(symbol(:conceptdec_activations_save), Int32,
            (Ptr{conceptdec_ctx}, Cstring, Ptr{conceptdec_named_views}, Int64, Ptr{conceptdec_save_options}), ctx, path,
            views, length(views), wishes)
    end
    return nothing
end

"Pairs of name and array."
named_arrays(arrays::Union{AbstractDict,NamedTuple}, path) = collect(pairs(arrays))
named_arrays(arrays::Union{AbstractVector{<:Pair},Tuple{Vararg{Pair}}}, path) = collect(arrays)
named_arrays(array::Pair, path) = [array]
named_arrays(array, path) = [first(splitext(basename(path))) => array]

function named_views(roots, name, array, dtype)
    views, shape, flags = stored_views(roots, array, stored_elements(array) === UInt16 ? dtype : nothing, name)
    push!(roots, views, shape)
    return conceptdec_named_views(text_pointer(roots, name), pointer(views), pointer(shape), length(shape), flags)
end

"The type of the elements of what lies in memory, or comes from a reader."
stored_elements(array::Union{RowReader,AbstractArray{<:Number}}) = eltype(array)
stored_elements(array::FileArray) = Nothing
stored_elements(views) = isempty(views) ? Nothing : eltype(first(views))

function text_pointer(roots, text)
    kept_text = String(text)
    push!(roots, kept_text)
    return Base.unsafe_convert(Cstring, kept_text)
end

"Views in the order of the file, the lengths of its axes before samples x dimensions, and flags."
function stored_views(roots, labels::AbstractVecOrMat{<:Union{Bool,Integer}}, dtype, what)
    dtype !== nothing && labels isa AbstractMatrix && return stored_cells(roots, labels, dtype, what)
    labels isa AbstractMatrix{UInt16} && throw(ArgumentError("$what: a matrix of UInt16 is bfloat16 with " *
        "dtype=\"bfloat16\"; labels are Int"))
    numbers = Array{Int64}(labels)
    push!(roots, numbers)
    return [integer_view(numbers)], Int64[], labels isa AbstractVector ? CONCEPTDEC_VIEWS_VECTOR : 0
end

function stored_views(roots, numbers::AbstractVector{<:AbstractFloat}, dtype, what)
    column = permutedims(numbers)
    push!(roots, column)
    return [matrix_view(column, dtype, what)], Int64[], CONCEPTDEC_VIEWS_VECTOR
end

stored_views(roots, views, dtype, what) = stored_cells(roots, views, dtype, what)

function stored_cells(roots, views, dtype, what)
    is_matrix(views) && return [matrix_view(views, dtype, what)], Int64[], is_column(views)
    grid = matrix_views(views, dtype, what)
    return vec(grid), collect(Int64, reverse(size(grid))), 0
end

is_column(views) = views isa FileArray && ndims(views) == 1 ? CONCEPTDEC_VIEWS_VECTOR : 0

"Key, text, key, text ..."
function metadata_fields(roots, metadata)
    metadata === nothing && return (metadata = nothing, n_metadata = nothing)
    listed = collect(pairs(Dict(metadata)))
    texts = [text_pointer(roots, string(text)) for pair in sort(listed, by = first) for text in pair]
    push!(roots, texts)
    return (metadata = pointer(texts), n_metadata = length(listed))
end
