# Samples that an engine hands over one by one.

const KEPT_MOMENTS = Dict("variances" => CONCEPTDEC_ACCUMULATE_VARIANCES, "pooled" => CONCEPTDEC_ACCUMULATE_POOLED,
    "scatters" => CONCEPTDEC_ACCUMULATE_SCATTERS, "nothing" => CONCEPTDEC_ACCUMULATE_NOTHING)
const SAMPLE_DTYPES = Dict("float64" => CONCEPTDEC_FLOAT64, "float32" => CONCEPTDEC_FLOAT32,
    "float16" => CONCEPTDEC_FLOAT16, "bfloat16" => CONCEPTDEC_BFLOAT16)

sample_type(a) = ELEMENTS[SAMPLE_DTYPES[a.dtype]]

"""
    Accumulator(dims, classes; layers=nothing, dtype="float32", reservoir=0, moments="variances", seed=0, producer=0)

What an inference engine, or a loop over batches, hands its activations to as it makes them: for each layer counts,
means and variances of every concept, and some of its samples, drawn uniformly. All memory is taken when it is made;
adding takes none.

- `dims`: dimensions of each layer, a list; or one number for all `layers` (1).
- `classes`: the labels that there are, in the order in which results list them.
- `dtype` of the samples, and of those that are kept: "float64", "float32", "float16", "bfloat16" (`UInt16`).
- `reservoir`: samples of each concept and layer that are kept, a uniform sample of all that came, whose `seed` it is.
- `moments`, what is kept beside counts and means: "variances", the variance of each dimension; "pooled", one scatter
  matrix, each sample about the mean of its concept; "scatters", one for each concept; "nothing", not even means.
- `producer`: the number of this one among those that will be merged: one for each thread, or process, that makes
  samples. Two of one number would draw alike.

[`add!`](@ref) adds samples, `merge!(a, b)` all that another one of the same sizes, options and seed, but another
producer holds. `a[layer]`, from 1, is what is known of a layer, as it stands:

- `a[1].class_count` (C), `a[1].means` (C x d; NaN for a concept without samples), `a[1].variances` (C x d, mean square
  about the concept's mean; not of "pooled"), `a[1].differences` (C x d, mean of the concept less the mean of all other
  samples)
- `a[1].sample`: the samples that are kept, a named tuple (X = d x m, y = labels), in which layers that were given the
  same samples agree; `a[1].arrivals`, `a[1].producers` (m): of each how many of its concept had come before it, and
  to which producer
- `a[1].moments`: [`ClassMoments`](@ref), of which subspaces and erasers are made, and which can be saved

What is not kept throws [`ConceptDecError`](@ref) (ENAME, ESIZE, EINVAL). The same samples in the same order give the
same bits. Several threads may share one; their calls take turns. `close(a)` frees it at once.

# Example
```julia
a = Accumulator(64, ["noun", "verb"]; layers = 2, reservoir = 100)
for token in 1:1000, layer in 1:2
    add!(a, layer, randn(Float32, 64), rand(["noun", "verb"]))
end
X, y = a[2].sample
knn_decodability(X, y).decodability, norm(a[2].differences[1, :])
```
"""
struct Accumulator <: LibraryObject
    handle::Handle{conceptdec_accumulator}
    dims::Vector{Int}
    classes::Any
    dtype::String
    numbers::Dict{Any,Int64} # of the classes, from 0
    turn::ReentrantLock
end

kind_of(::Accumulator) = "accumulator"

function Accumulator(dims, classes; layers = nothing, dtype = "float32", reservoir = 0, moments = "variances", seed = 0,
                     producer = 0, unknown...)
    refuse(unknown)
    listed, widths = listed_classes(classes), layer_widths(dims, layers)
    wishes = Ref(options(conceptdec_accumulator_options; reservoir = reservoir, seed = seed, producer = producer,
        dtype = choice("dtype", dtype, SAMPLE_DTYPES), moments = choice("moments", moments, KEPT_MOMENTS)))
    owner = Handle{conceptdec_accumulator}()
    with_context(1) do ctx
        ccall(symbol(:conceptdec_accumulator_new), Int32,
            (Ptr{conceptdec_ctx}, Ptr{Int64}, Int64, Int64, Ptr{conceptdec_accumulator_options},
             Ptr{Ptr{conceptdec_accumulator}}), ctx, widths, length(widths), length(listed), wishes, owner)
    end
    numbers = Dict{Any,Int64}(label => i - 1 for (i, label) in enumerate(listed))
    return Accumulator(owner, widths, listed, string(dtype), numbers, ReentrantLock())
end

function layer_widths(dims::Integer, layers)
    layers === nothing || layers >= 0 || throw(ArgumentError("layers: $layers is no number of layers"))
    return fill(Int64(dims), something(layers, 1))
end

function layer_widths(dims, layers)
    layers in (nothing, length(dims)) ||
        throw(ArgumentError("layers: $layers, but dims has a number for each of $(length(dims))"))
    return collect(Int64, dims)
end

Base.length(a::Accumulator) = length(a.dims)
Base.lastindex(a::Accumulator) = length(a)

Base.show(io::IO, a::Accumulator) = isopen(a) ?
    print(io, "ConceptDec.Accumulator(", length(a), " layers of d = ", join(unique(extrema(a.dims)), " to "), ", ",
        length(a.classes), " classes, ", a.dtype, ")") :
    print(io, "ConceptDec.Accumulator(closed)")

# ---- adding ----

"""
    add!(a::Accumulator, layer, X, y; ignore=nothing)

Adds the samples of a d x n matrix with n labels to a layer (from 1), or one sample, a vector of d numbers, with its
label; all or, on any error, none. They have the accumulator's dtype, and labels are among `a.classes`; `ignore` names
those of samples that play no part. Returns `a`. Throws [`ConceptDecError`](@ref) (ENONFINITE), `ArgumentError`.
"""
function add!(a::Accumulator, layer::Integer, X, y; ignore = nothing)
    check_layer(a, layer)
    dtype = a.dtype == "bfloat16" ? a.dtype : nothing
    numbers, _ = encode_among(a.classes, y, ignore)
    x, labels = Ref(matrix_view(X, dtype)), Ref(integer_view(numbers))
    return adding(a, X, numbers) do owner
        ccall(symbol(:conceptdec_accumulator_add_rows), Int32,
            (Ptr{conceptdec_accumulator}, Int64, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}), owner, layer - 1, x,
            labels)
    end
end

function add!(a::Accumulator, layer::Integer, row::AbstractVector{T}, label; ignore = nothing) where {T<:Number}
    check_layer(a, layer)
    length(row) == a.dims[layer] ||
        throw(ArgumentError("X: $(length(row)) numbers, but layer $layer has $(a.dims[layer]) dimensions"))
    T === sample_type(a) || throw(ArgumentError("X: elements are $T, but the accumulator takes $(a.dtype)"))
    number = is_ignored(label, ignore) ? -1 : get(a.numbers, label, nothing)
    number === nothing && throw(ArgumentError("y: $(repr(label)) is none of the classes; `ignore` may name it"))
    dense = row isa DenseVector ? row : Vector(row)
    return adding(a, dense, nothing) do owner
        ccall(symbol(:conceptdec_accumulator_add), Int32,
            (Ptr{conceptdec_accumulator}, Int64, Ptr{Cvoid}, Int64), owner, layer - 1, pointer(dense), number)
    end
end

check_layer(a, layer) =
    1 <= layer <= length(a) || throw(ArgumentError("layer: $layer, but there are 1 to $(length(a))"))

"Runs `call(owner)`, which adds what `first` and `second` keep alive."
function adding(call, a, first, second)
    owner = handle(a)
    lock(a.turn) do
        status = GC.@preserve first second call(owner)
        status == CONCEPTDEC_OK || check(status, named_here(unsafe_string(ccall(symbol(:conceptdec_accumulator_error),
            Cstring, (Ptr{conceptdec_accumulator},), owner))))
    end
    return a
end

"""
    merge!(a::Accumulator, other::Accumulator)

Adds what another accumulator of the same sizes, options and seed, but another producer holds, which stays as it is;
returns `a`. Throws [`ConceptDecError`](@ref) (ESIZE, EINVAL), `ArgumentError` for other classes.
"""
function Base.merge!(a::Accumulator, other::Accumulator)
    same_classes(a, other)
    target, source = handle(a), handle(other)
    alone(a, other) do
        with_context(1) do ctx
            ccall(symbol(:conceptdec_accumulator_merge), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_accumulator}, Ptr{conceptdec_accumulator}), ctx, target, source)
        end
    end
    return a
end

# ---- what is known ----

"What an accumulator knows of one layer."
struct AccumulatedLayer
    source::Accumulator
    layer::Int
end

const LAYER_ARRAYS = (:class_count, :means, :variances, :differences, :arrivals, :producers)

function Base.getindex(a::Accumulator, layer::Integer)
    check_layer(a, layer)
    return AccumulatedLayer(a, layer)
end

Base.propertynames(::AccumulatedLayer, private = false) = (LAYER_ARRAYS..., :sample, :moments)

function Base.getproperty(known::AccumulatedLayer, name::Symbol)
    a, index = getfield(known, :source), getfield(known, :layer) - 1
    name in propertynames(known) ||
        error("a layer has no $name; there are ", join(propertynames(known), ", "))
    return alone(a) do
        name === :sample && return layer_sample(a, index)
        name === :moments && return layer_moments(a, index)
        return layer_array(handle(a), index, string(name))
    end
end

Base.show(io::IO, known::AccumulatedLayer) =
    print(io, "layer ", getfield(known, :layer), " of ", getfield(known, :source))

function layer_array(owner, index, name)
    found = Ref{conceptdec_array}()
    with_context(1) do ctx
        ccall(symbol(:conceptdec_accumulator_get), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_accumulator}, Int64, Cstring, Ptr{conceptdec_array}), ctx, owner,
            index, name, found)
    end
    return GC.@preserve owner copy_array(found[])
end

function layer_sample(a, index)
    owner, x, labels = handle(a), Ref{conceptdec_matrix}(), Ref{conceptdec_matrix}()
    with_context(1) do ctx
        ccall(symbol(:conceptdec_accumulator_sample), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_accumulator}, Int64, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}),
            ctx, owner, index, x, labels)
    end
    X, numbers = matrix_copy(owner, x[], sample_type(a)), matrix_copy(owner, labels[], Int64)
    return (X = X, y = [a.classes[number+1] for number in vec(numbers)])
end

function matrix_copy(owner, view, ::Type{T}) where {T}
    copied = Matrix{T}(undef, view.cols, view.rows)
    GC.@preserve owner copied copy_matrix!(pointer(copied), view)
    return copied
end

function layer_moments(a, index)
    source, owner = handle(a), Handle{conceptdec_class_moments}()
    with_context(1) do ctx
        ccall(symbol(:conceptdec_accumulator_moments), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_accumulator}, Int64, Ptr{Ptr{conceptdec_class_moments}}), ctx, source,
            index, owner)
    end
    return ClassMoments(owner, a.classes)
end
