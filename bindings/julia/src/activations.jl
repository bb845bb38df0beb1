# Files of activations: named arrays that the library reads itself, and the writing of such files.

"Texts that a .safetensors file says of itself, by key."
struct Metadata
    handle::Handle{conceptdec_activations}
end

"""
    Activations

An open file of named arrays, made by [`open_activations`](@ref).

- `file["layer.3"]` and `file[4]` are its arrays; `keys(file)`, `length(file)`, `haskey(file, name)`; iteration gives
  pairs of name and array, in the natural order of names ("layer.2" before "layer.10")
- an array of floating numbers is a [`FileArray`](@ref), of which nothing is read yet; one of integers (of any width;
  `Bool` as 0 and 1) an `Array{Int}` with the axes of the file, read and copied: labels of n samples are a vector, L
  sets of them n x L
- `file.names`, `file.path`; texts of a .safetensors file are `file.metadata["key"]`, `get(file.metadata, "key", "")`,
  `haskey(file.metadata, "key")`

`close(file)` closes it at once, after which its arrays must not be used; otherwise the garbage collector does, once
they are gone, too. Several threads may use a file at once.
"""
struct Activations <: LibraryObject
    handle::Handle{conceptdec_activations}
    path::String
    names::Vector{String}
    arrays::Vector{conceptdec_array_info}
    metadata::Metadata
end

kind_of(::Activations) = "file of activations"

"""
    FileArray{T,N}

An array of floating numbers in an open file ([`Activations`](@ref)), which every function takes for `X`, and which the
library reads as it is needed, in as many `threads` as there are. Its axes are those of the file reversed, as its memory
is: dimensions x samples, and then the grid, whose last axis is the file's first; what has one axis in the file are
samples of one dimension.

- `A[:, :, 3]`, `A[:, :, 1:2, end]` pick from the grid, and read nothing; `size`, `ndims`, `axes`, `eltype`,
  `A.name`
- `Array(A)`, `collect(A)`: a copy in memory, of `Float64`, `Float32`, `Float16`, or `UInt16`, which are bfloat16 and
  are taken with `dtype="bfloat16"`

One matrix is an `X`, more are the views of [`sweep`](@ref), [`similarity`](@ref), [`subspaces`](@ref).
"""
struct FileArray{T,N}
    handle::Handle{conceptdec_activations}
    name::String
    index::Int
    info::conceptdec_array_info
    size::NTuple{N,Int}
    cells::AbstractArray{Int} # numbers of the matrices, from 0, with the axes of the grid
end

function FileArray(owner, index, info, name)
    size = reverse(Tuple(Int.(info.shape[1:info.ndim])))
    grid = size[3:end]
    return FileArray{ELEMENTS[info.dtype],length(size)}(owner, name, index, info, size, reshape(0:prod(grid)-1, grid))
end

const ELEMENTS = Dict(CONCEPTDEC_FLOAT64 => Float64, CONCEPTDEC_FLOAT32 => Float32, CONCEPTDEC_FLOAT16 => Float16,
    CONCEPTDEC_BFLOAT16 => UInt16)

Base.eltype(::FileArray{T}) where {T} = T
Base.ndims(::FileArray{T,N}) where {T,N} = N
Base.size(A::FileArray) = A.size
Base.size(A::FileArray, axis) = axis <= ndims(A) ? A.size[axis] : 1
Base.axes(A::FileArray) = map(Base.OneTo, A.size)
Base.lastindex(A::FileArray, axis) = size(A, axis)
Base.length(A::FileArray) = prod(A.size)
Base.show(io::IO, A::FileArray) =
    print(io, "FileArray(", repr(A.name), ": ", join(A.size, " x "), " ", element_name(A), ")")

element_name(A::FileArray) = A.info.dtype == CONCEPTDEC_BFLOAT16 ? "bfloat16" : string(eltype(A))

function Base.getindex(A::FileArray{T}, ::Colon, ::Colon, places...) where {T}
    picked = A.cells[places...]
    cells = picked isa Int ? fill(picked) : picked
    size = (A.size[1:2]..., Base.size(cells)...)
    return FileArray{T,length(size)}(A.handle, A.name, A.index, A.info, size, cells)
end

Base.getindex(A::FileArray, places...) =
    throw(ArgumentError("$(A.name): a file's array is indexed by A[:, :, grid...] alone; Array(A) reads it"))

# ---- as arguments ----

function file_views(A::FileArray, dtype, what)
    owner = A.handle
    owner.object == C_NULL && throw(ArgumentError("$what: the file of $(A.name) is closed"))
    dtype === nothing || lowercase(string(dtype)) == lowercase(element_name(A)) ||
        throw(ArgumentError("dtype=$(repr(dtype)) does not describe $(A.name), which is $(element_name(A))"))
    views = Array{conceptdec_matrix}(undef, size(A.cells))
    with_context(1) do ctx
        for place in eachindex(A.cells, views)
            status = file_view(ctx, owner, A.index, A.cells[place], pointer(views, place))
            status == CONCEPTDEC_OK || return status
        end
        return Int32(CONCEPTDEC_OK)
    end
    return views
end

file_view(ctx, owner, index, cell, place) = ccall(symbol(:conceptdec_activations_view), Int32,
    (Ptr{conceptdec_ctx}, Ptr{conceptdec_activations}, Int64, Int64, Ptr{conceptdec_matrix}), ctx, owner, index, cell,
    place)

function matrix_view(A::FileArray, dtype = nothing, what = "X")
    ndims(A) <= 2 && return file_views(A, dtype, what)[]
    throw(ArgumentError("$what: need one matrix, but $(A.name) is $(join(A.size, " x ")); A[:, :, i] is one of it"))
end

function matrix_views(A::FileArray, dtype, what = "views")
    ndims(A) > 2 && return file_views(A, dtype, what)
    throw(ArgumentError("$what: need an array of matrices, or one of d x n x grid, but $(A.name) is one matrix"))
end

# ---- copies ----

"A copy of a matrix of the library in `rows`, samples in columns: of its memory, or of what its reader gives."
function copy_matrix!(rows::Ptr{T}, view::conceptdec_matrix) where {T}
    view.flags & CONCEPTDEC_MATRIX_READER == 0 || return read_rows!(rows, view)
    for sample in 0:view.rows-1, dimension in 0:view.cols-1
        element = Ptr{T}(view.data + sample * view.row_stride + dimension * view.col_stride)
        unsafe_store!(rows, unsafe_load(element), sample * view.cols + dimension + 1)
    end
    return nothing
end

function read_rows!(rows, view)
    reader = unsafe_load(Ptr{conceptdec_reader}(view.data))
    status = ccall(reader.read, Int32, (Ptr{Cvoid}, Int64, Int64, Ptr{Cvoid}), reader.user, 0, view.rows, rows)
    status == 0 || throw(ConceptDecError(CONCEPTDEC_EREAD, status_name(CONCEPTDEC_EREAD),
        "the file cannot be read; its reader returned $status"))
    return nothing
end

function Base.Array(A::FileArray{T}) where {T}
    copied = Array{T}(undef, A.size)
    isempty(copied) && return copied
    owner = A.handle
    GC.@preserve owner copied begin
        for (place, view) in enumerate(file_views(A, nothing, "array"))
            copy_matrix!(pointer(copied, (place - 1) * view.rows * view.cols + 1), view)
        end
    end
    return copied
end

Base.collect(A::FileArray) = Array(A)

# ---- files ----

"""
    open_activations(path; dtype=nothing, map=false) -> Activations
    open_activations(f, path; ...)

Opens a .npy file (one array, named as the file), a .safetensors file, or the JSON index of sharded ones; what it is,
its first bytes say. Nothing is read but headers, which are checked in full. The second form calls `f(file)` and
closes it.

- `dtype="bfloat16"`: arrays of 16-bit integers hold bfloat16.
- `map`: have the file mapped into memory. By default blocks of samples are read as they are needed, and a file may be
  larger than memory. A file that is cut off while it is mapped kills the process. Arrays in Fortran order should be
  mapped: without it each number is a read.

The file must not change while it is open. Throws [`ConceptDecError`](@ref) (EIO, EFORMAT, which says what is wrong and
where, ...), `ArgumentError`.

# Example
```julia
path = tempname() * ".safetensors"
save_activations(path, ["layers" => randn(Float32, 64, 500, 12), "labels" => rand(0:1, 500)])
open_activations(path) do file
    sweep(file["layers"], file["labels"]).decodability
end
```
"""
function open_activations(path; dtype = nothing, map = false)
    dtype === nothing || lowercase(string(dtype)) == "bfloat16" ||
        throw(ArgumentError("dtype=$(repr(dtype)): choose \"bfloat16\" or nothing"))
    wishes = Ref(options(conceptdec_activations_options; flags = map * CONCEPTDEC_ACTIVATIONS_MAP,
        dtype = dtype === nothing ? nothing : CONCEPTDEC_BFLOAT16))
    owner = Handle{conceptdec_activations}()
    with_context(1) do ctx
        ccall(symbol(:conceptdec_activations_open), Int32,
            (Ptr{conceptdec_ctx}, Cstring, Ptr{conceptdec_activations_options}, Ptr{Ptr{conceptdec_activations}}), ctx,
            path, wishes, owner)
    end
    arrays = array_infos(owner)
    names = GC.@preserve owner [unsafe_string(info.name) for info in arrays]
    return Activations(owner, string(path), names, arrays, Metadata(owner))
end

function open_activations(call, path; keywords...)
    file = open_activations(path; keywords...)
    try
        return call(file)
    finally
        close(file)
    end
end

function array_infos(owner)
    count = ccall(symbol(:conceptdec_activations_count), Int64, (Ptr{conceptdec_activations},), owner)
    infos = Vector{conceptdec_array_info}(undef, count)
    with_context(1) do ctx
        for place in 1:count
            status = array_info(ctx, owner, place - 1, pointer(infos, place))
            status == CONCEPTDEC_OK || return status
        end
        return Int32(CONCEPTDEC_OK)
    end
    return infos
end

array_info(ctx, owner, index, place) = ccall(symbol(:conceptdec_activations_info), Int32,
    (Ptr{conceptdec_ctx}, Ptr{conceptdec_activations}, Int64, Ptr{conceptdec_array_info}), ctx, owner, index, place)

function Base.getindex(file::Activations, place::Integer)
    owner = handle(file)
    checkbounds(Bool, file.names, place) || throw(BoundsError(file.names, place))
    info, name = file.arrays[place], file.names[place]
    info.dtype == CONCEPTDEC_INT64 && return file_integers(owner, place - 1)
    haskey(ELEMENTS, info.dtype) && return FileArray(owner, place - 1, info, name)
    type = GC.@preserve owner unsafe_string(info.type)
    throw(ArgumentError("$name: elements of type $type are not read; floating numbers and integers are"))
end

function Base.getindex(file::Activations, name::AbstractString)
    place = findfirst(isequal(name), file.names)
    place === nothing && throw(KeyError(name))
    return file[place]
end

function file_integers(owner, index)
    found = Ref{conceptdec_array}()
    with_context(1) do ctx
        ccall(symbol(:conceptdec_activations_integers), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_activations}, Int64, Ptr{conceptdec_array}), ctx, owner, index, found)
    end
    return GC.@preserve owner copy_array(found[])
end

Base.keys(file::Activations) = copy(file.names)
Base.length(file::Activations) = length(file.names)
Base.haskey(file::Activations, name) = name in file.names
Base.iterate(file::Activations, i = 1) = i > length(file) ? nothing : (file.names[i] => file[i], i + 1)
Base.eltype(::Type{Activations}) = Pair{String,Any}

Base.show(io::IO, file::Activations) = isopen(file) ?
    print(io, "ConceptDec.Activations(", repr(file.path), ", ", length(file), " arrays)") :
    print(io, "ConceptDec.Activations(closed)")

const SHOWN_ARRAYS = 40

function Base.show(io::IO, ::MIME"text/plain", file::Activations)
    show(io, file)
    isopen(file) || return nothing
    for (name, info) in Iterators.take(zip(file.names, file.arrays), SHOWN_ARRAYS)
        print(io, "\n  ", rpad(name, 20), " ", rpad(unsafe_string(info.type), 9), " ", shown_size(info))
    end
    length(file) > SHOWN_ARRAYS && print(io, "\n  ... ", length(file) - SHOWN_ARRAYS, " more")
    return nothing
end

"Sizes as Julia sees them."
function shown_size(info)
    size = info.shape[1:info.ndim]
    return join(info.dtype == CONCEPTDEC_INT64 ? size : reverse(size), " x ")
end

function Base.get(metadata::Metadata, key, default)
    owner = metadata.handle
    owner.object == C_NULL && throw(ArgumentError("the file of activations is closed"))
    text = ccall(symbol(:conceptdec_activations_metadata), Cstring, (Ptr{conceptdec_activations}, Cstring), owner, key)
    return text == C_NULL ? default : GC.@preserve owner unsafe_string(text)
end

Base.haskey(metadata::Metadata, key) = get(metadata, key, nothing) !== nothing

function Base.getindex(metadata::Metadata, key)
    text = get(metadata, key, nothing)
    text === nothing && throw(KeyError(key))
    return text
end

Base.show(io::IO, ::Metadata) = print(io, "ConceptDec.Metadata: texts by key")
