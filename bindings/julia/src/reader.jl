# Samples that do not lie in memory: a function of the caller is asked for those that are needed.

"""
    RowReader(read, n, d, T)

Stands in the place of a d x n matrix whose samples do not lie in memory: `n` samples of `d` elements of type `T`
(`Float64`, `Float32`, `Float16`, or `UInt16` with `dtype="bfloat16"`). `read(first, count)` returns samples
`first` to `first + count - 1`, counted from 1, as a d x count matrix of `T`. It is called with any samples, any number
of times, one sample a call at the end of a search; the same samples must be the same each time. What it throws stops
the call and is thrown by it. A file that is mapped (`Mmap.mmap`) needs no `RowReader`, and is faster.

Julia cannot be called from threads of the library: calls with a `RowReader` run on the calling thread alone, and refuse
`threads` above 1 (`ArgumentError`).

# Example
```julia
file = open("activations.f16") # 1024 numbers for each sample
X = RowReader(1_000_000, 1024, Float16) do first, count
    read!(seek(file, (first - 1) * 2048), Matrix{Float16}(undef, 1024, count))
end
neighbors(X, 10)
```
"""
mutable struct RowReader{T}
    place::conceptdec_reader # the first field: the library reads at the address of the object
    read::Any
    n::Int
    d::Int
    failure::Any # the exception that stopped a call
    RowReader{T}(read, n, d) where {T} = new{T}(conceptdec_reader(0, 0, C_NULL, C_NULL), read, n, d, nothing)
end

RowReader(read, n::Integer, d::Integer, ::Type{T}) where {T} = RowReader{T}(read, n, d)

Base.eltype(::RowReader{T}) where {T} = T
Base.size(source::RowReader) = (source.d, source.n)
Base.show(io::IO, source::RowReader) = print(io, "RowReader(", source.d, " x ", source.n, " ", eltype(source), ")")

function copy_samples(source::RowReader{T}, first, count, rows) where {T}
    block = source.read(first + 1, count)
    wanted = (source.d, Int(count))
    block isa AbstractMatrix{T} && size(block) == wanted ||
        throw(ArgumentError("X: read($(first + 1), $count) gave a $(summary(block)), not a $(join(wanted, "x")) " *
            "matrix of $T"))
    copyto!(unsafe_wrap(Array, Ptr{T}(rows), wanted), block)
    return nothing
end

"What means the whole call, not one matrix."
is_interrupted(source::RowReader) = source.failure isa InterruptException

"The function that the library calls. Exceptions, Ctrl-C among them, stay here: they must not cross C."
function deliver(user::Ptr{Cvoid}, first::Int64, count::Int64, rows::Ptr{Cvoid})::Int32
    source = unsafe_pointer_to_objref(user)::RowReader
    is_interrupted(source) && return Int32(1)
    try
        reenable_sigint(() -> copy_samples(source, first, count, rows))
        return Int32(0)
    catch failure
        source.failure = failure
        return Int32(1)
    end
end

"View of what a reader delivers; the caller keeps `source` alive."
function matrix_view(source::RowReader{T}, dtype = nothing, what = "X") where {T}
    number, address = dtype_number(T, dtype), pointer_from_objref(source)
    source.failure = nothing
    source.place = options(conceptdec_reader; user = address,
        read = @cfunction(deliver, Int32, (Ptr{Cvoid}, Int64, Int64, Ptr{Cvoid})))
    return conceptdec_matrix(address, source.n, source.d, 0, 0, number, 0, CONCEPTDEC_MATRIX_READER, (0, 0))
end

"Those among the arguments of a call, or the cells of a grid."
readers(sources...) = RowReader[source for source in sources if source isa RowReader]

"Those among views: one matrix, a list of them, or one array."
readers_of(views) =
    views isa Union{Nothing,RowReader,FileArray,AbstractArray{<:Number}} ? readers(views) : readers(views...)

function reader_threads(threads, sources)
    isempty(sources) && return threads
    threads in (nothing, 1) ||
        throw(ArgumentError("threads=$threads: a RowReader is read by the calling thread alone; leave `threads` out"))
    return 1
end

function throw_failure(sources)
    for source in sources
        source.failure === nothing || throw(source.failure)
    end
end
