# Views of Julia arrays as the library wants them: samples are columns here and rows there, the same memory.

const DTYPES = Dict(Float64 => CONCEPTDEC_FLOAT64, Float32 => CONCEPTDEC_FLOAT32, Float16 => CONCEPTDEC_FLOAT16)

"The number of the dtype of elements of type T, `name` (a string or nothing) being what the caller said of it."
function dtype_number(::Type{T}, name) where {T}
    name === nothing && haskey(DTYPES, T) && return DTYPES[T]
    name === nothing && throw(ArgumentError("X: elements are $T; the library reads Float64, Float32, Float16, and " *
        "UInt16 with dtype=\"bfloat16\""))
    lowercase(string(name)) == "bfloat16" && isbitstype(T) && sizeof(T) == 2 && T !== Float16 &&
        return CONCEPTDEC_BFLOAT16
    haskey(DTYPES, T) && lowercase(string(name)) == lowercase(string(T)) && return DTYPES[T]
    hint = T <: Integer ? "; a file whose integers are bfloat16: open_activations(path; dtype=\"bfloat16\")" : ""
    throw(ArgumentError("dtype=$(repr(name)) does not describe elements of type $T$hint"))
end

"Address of the first element of a strided array and its strides in bytes."
function memory(A::AbstractArray{T}, what) where {T}
    try
        return Ptr{Cvoid}(pointer(A)), strides(A) .* sizeof(T)
    catch
        throw(ArgumentError("$what: a $(typeof(A)) has no strided memory; collect it first"))
    end
end

"View of a d x n array, whose columns are the samples. Nothing is copied; the caller keeps `A` alive."
function matrix_view(A::AbstractMatrix{T}, dtype = nothing, what = "X") where {T}
    number = dtype_number(T, dtype)
    data, (dimension, sample) = memory(A, what)
    return conceptdec_matrix(data, size(A, 2), size(A, 1), sample, dimension, number, 0, 0, (0, 0))
end

matrix_view(A, dtype = nothing, what = "X") =
    throw(ArgumentError("$what: need a d x n matrix with a sample in each column, not a $(typeof(A))"))

"Views of the d x n matrices that fill the first two axes of an array, one for each place of its other axes."
function matrix_views(A::AbstractArray{T}, dtype, what = "views") where {T<:Number}
    ndims(A) > 2 || throw(ArgumentError("$what: need an array of matrices, or a numeric array of d x n x grid"))
    number = dtype_number(T, dtype)
    data, steps = memory(A, what)
    place(cell) = data + sum((Tuple(cell) .- 1) .* steps[3:end])
    return [conceptdec_matrix(place(cell), size(A, 2), size(A, 1), steps[2], steps[1], number, 0, 0, (0, 0))
            for cell in CartesianIndices(size(A)[3:end])]
end

matrix_views(views::AbstractArray, dtype, what = "views") = map(A -> matrix_view(A, dtype, what), views)
matrix_views(views, dtype, what = "views") = matrix_views(collect(Any, views), dtype, what)

"The same of one list of matrices, or of one d x n x views array."
function view_list(views, dtype, what = "views")
    grid = matrix_views(views, dtype, what)
    ndims(grid) == 1 || throw(ArgumentError("$what: need one sequence of matrices, not $(ndims(grid)) axes of them"))
    return Vector(grid)
end

"What stands for one matrix."
is_matrix(views) = views isa Union{RowReader,AbstractMatrix{<:Number}} || (views isa FileArray && ndims(views) <= 2)

"Views of one matrix, which is a grid without axes, or of several in row-major order; and the size of the grid."
function cells_of(views, dtype, what = "X")
    is_matrix(views) && return [matrix_view(views, dtype, what)], ()
    grid = matrix_views(views, dtype, what)
    return Vector(row_major(grid)), size(grid)
end

"View of an r x d matrix whose rows are directions, or of one direction; `roots` keeps its memory alive."
function rows_view(roots, A::AbstractMatrix, dtype, what)
    push!(roots, A)
    return matrix_view(PermutedDimsArray(A, (2, 1)), dtype, what)
end

rows_view(roots, A::AbstractVector{<:Number}, dtype, what) = rows_view(roots, permutedims(A), dtype, what)
rows_view(roots, A, dtype, what) =
    throw(ArgumentError("$what: need an r x d matrix with a direction in each row, not a $(typeof(A))"))

"View of numbers, one each, as doubles."
function numbers_view(roots, values, what)
    values isa AbstractVector{<:Union{Real,Missing}} ||
        throw(ArgumentError("$what: need a vector of numbers, not a $(typeof(values))"))
    place = findfirst(ismissing, values)
    place === nothing || throw(ArgumentError("$what: missing at place $place"))
    numbers = Vector{Float64}(values)
    push!(roots, numbers)
    return float_view(numbers)
end

"The elements in row-major order."
row_major(A::AbstractArray) = vec(permutedims(A, ndims(A):-1:1))
row_major(A::AbstractVector) = A

"The array of a given shape whose elements in row-major order are `elements`."
from_row_major(elements, shape) =
    permutedims(reshape(elements, reverse(Tuple(shape))), length(shape):-1:1)

"View of an n x L array of numbers of 8 bytes, one column for each label set or target."
column_view(A, dtype) = conceptdec_matrix(pointer(A), size(A, 1), size(A, 2), 8, 8 * size(A, 1), dtype, 0, 0, (0, 0))
integer_view(A::VecOrMat{Int64}) = column_view(A, CONCEPTDEC_INT64)
float_view(A::VecOrMat{Float64}) = column_view(A, CONCEPTDEC_FLOAT64)
