"""
    Result

Named numbers of one metric. `r.decodability`, `r["decodability"]` and `r[:decodability]` are the same; so are those
of every other name in `keys(r)`. Arrays are Julia arrays of `Float64` or `Int` with the axes in the documented
order; single numbers are numbers. `classes` are the caller's own labels, and so is what is `predicted`, `nothing`
where a sample is not scored, and what `class_` names; `fold`, `selected` and `view` count from 1, 0 where a sample is
in no fold. Coordinates of samples (`transformed`, `embedding`) have a sample in each column, as matrices that come in
do.

Beside them: `r.diagnostics` (what may differ from run to run, such as times), `r.options` (each option as
resolved), `r.provenance` (version, kernel, BLAS, seed), all three a `Dict`, and for a sweep `r.messages`, the text
of the error of each cell, with the axes of the grid. [`to_dict`](@ref) and [`to_json`](@ref) give everything at
once.
"""
struct Result
    handle::Handle{conceptdec_result}
    names::Vector{Symbol}
    values::Dict{Symbol,Any}
end

const TEXTS = (:diagnostics, :options, :provenance)

handle(r::Result) = getfield(r, :handle)

function Result(owner::Handle{conceptdec_result}, classes = nothing, grid = nothing)
    count = ccall(symbol(:conceptdec_result_count), Int64, (Ptr{conceptdec_result},), owner)
    names = [Symbol(unsafe_string(ccall(symbol(:conceptdec_result_name), Cstring, (Ptr{conceptdec_result}, Int64),
        owner, i))) for i in 0:count-1]
    values = Dict{Symbol,Any}(name => result_array(owner, name) for name in names)
    for name in (:fold, :selected, :view)
        haskey(values, name) && (values[name] = values[name] .+ 1)
    end
    for name in (:transformed, :reconstructed, :embedding, :rotation)
        haskey(values, name) && (values[name] = samples_last(values[name]))
    end
    classes === nothing || name_classes!(values, classes)
    values[:messages] = grid === nothing ? nothing : result_messages(owner, grid)
    return Result(owner, names, values)
end

"Matrices of samples have a sample in each column, as those that come in."
samples_last(rows) = permutedims(rows, ndims(rows):-1:1)

label_of(classes, code) = code < 0 ? nothing : classes[code+1]

const LABELLED = (:predicted, :class_)

"The caller's labels in the place of their numbers."
function name_classes!(values, classes)
    values[:classes] = classes
    for name in LABELLED
        haskey(values, name) && (values[name] = map(code -> label_of(classes, code), values[name]))
    end
    return values
end

function result_array(owner::Handle{conceptdec_result}, name::Symbol)
    found = Ref{conceptdec_array}()
    check(ccall(symbol(:conceptdec_result_get), Int32, (Ptr{conceptdec_result}, Cstring, Ptr{conceptdec_array}), owner,
        string(name), found), string(name))
    return GC.@preserve owner copy_array(found[])
end

element_type(array::conceptdec_array) = array.dtype == CONCEPTDEC_INT64 ? Int64 : Float64

"A Julia array with the axes of a row-major array of the library, or its only number."
function copy_array(array::conceptdec_array)
    data = Ptr{element_type(array)}(array.data)
    array.ndim == 0 && return unsafe_load(data)
    shape = array.shape[1:array.ndim]
    prod(shape) == 0 && return zeros(eltype(data), shape)
    return copy(from_row_major(unsafe_wrap(Array, data, prod(shape)), shape))
end

function result_messages(owner::Handle{conceptdec_result}, grid)
    texts = [unsafe_string(ccall(symbol(:conceptdec_result_message), Cstring, (Ptr{conceptdec_result}, Int64), owner,
        cell)) for cell in 0:prod(grid)-1]
    return from_row_major(texts, grid)
end

"""
    to_json(r::Result)

The whole result as the library writes it, one JSON object: "schema_version", "capability", "values" (every array as
nested lists, NaN as null, the caller's labels as "classes" and "predicted"), "options", "provenance", "diagnostics",
and for a sweep "messages".
"""
function to_json(r::Result)
    haskey(getfield(r, :values), :classes) || return library_json(r)
    text = replace(library_json(r), r"(?<=\"classes\":)\s*\[[^\[\]]*\]" => json_list(r.classes); count = 1)
    labels = [json_text(label) for label in r.classes]
    written(code) = something(label_of(labels, parse(Int, code)), "null")
    return replace(text, r"(?<=\"predicted\":|\"class_\":)[-\d\s,\[\]]*\]" =>
        codes -> replace(codes, r"-?\d+" => written))
end

function library_json(r::Result)
    text = Ref{Cstring}()
    owner = handle(r)
    check(ccall(symbol(:conceptdec_result_json), Int32, (Ptr{conceptdec_result}, Ptr{Cstring}), owner, text), "result")
    return GC.@preserve owner unsafe_string(text[])
end

"""
    to_dict(r::Result)

The arrays of a result as a `Dict` from name to array.
"""
to_dict(r::Result) = Dict{String,Any}(string(name) => r[name] for name in keys(r))

Base.keys(r::Result) = copy(getfield(r, :names))
Base.length(r::Result) = length(getfield(r, :names))
Base.haskey(r::Result, name) = Symbol(name) in getfield(r, :names)
Base.iterate(r::Result, i = 1) = i > length(r) ? nothing : (keys(r)[i] => r[keys(r)[i]], i + 1)
Base.propertynames(r::Result, private = false) = vcat(collect(Base.keys(getfield(r, :values))), collect(TEXTS))

function Base.getindex(r::Result, name::Union{Symbol,AbstractString})
    values, key = getfield(r, :values), Symbol(name)
    haskey(values, key) && return values[key]
    throw(KeyError("$name; there are $(join(keys(r), ", "))"))
end

Base.getproperty(r::Result, name::Symbol) = name in TEXTS ? parse_json(library_json(r))[string(name)] : r[name]

summary_of(value) = repr(value)
summary_of(value::AbstractArray) = length(value) > 8 ? "$(join(size(value), " x ")) $(eltype(value))" : repr(value)

function Base.show(io::IO, ::MIME"text/plain", r::Result)
    print(io, "ConceptDec.Result:")
    for name in keys(r)
        print(io, "\n  ", rpad(name, 20), summary_of(r[name]))
    end
end

Base.show(io::IO, r::Result) = print(io, "ConceptDec.Result(", join(keys(r), ", "), ")")
