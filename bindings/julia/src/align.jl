# Pictures that are turned to lie on one another.

"""
    align(Z, reference; scale=false, threads=nothing, progress=nothing) -> Result

Turns the coordinates of the same samples at another layer or step so that they lie on those of a reference as well as a
rotation (with reflection) and a shift allow, with `scale` also its size: orthogonal Procrustes (Schoenemann 1966).

- `Z`, `reference`: r x n matrices, a sample in each column.

Result: `transformed` (r x n), `rotation` (r x r: it times centred columns), `scale`, `disparity` (the sum of squares
that is left, divided by that of the centred reference).

Throws [`ConceptDecError`](@ref) (ESIZE, ENONFINITE, ...), `ArgumentError`.
"""
function align(Z, reference; scale = false, threads = nothing, progress = nothing)
    z, fixed = Ref(matrix_view(Z, nothing, "Z")), Ref(matrix_view(reference, nothing, "reference"))
    owner = Handle{conceptdec_result}()
    GC.@preserve Z reference with_context(threads, progress; sources = readers(Z, reference)) do ctx
        ccall(symbol(:conceptdec_align), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, UInt32, Ptr{Ptr{conceptdec_result}}),
            ctx, z, fixed, scale ? CONCEPTDEC_ALIGN_SCALE : 0, owner)
    end
    return Result(owner)
end

"""
    align_sequence(views; scale=false, threads=nothing)

Turns each of several pictures (r x n matrices) of the same samples to the one before it, by [`align`](@ref): an
r x n x views array, whose first picture is as it was. Throws what [`align`](@ref) throws.
"""
function align_sequence(views; scale = false, threads = nothing)
    isempty(views) && throw(ArgumentError("views: there is none"))
    turned = [Matrix{Float64}(first(views))]
    for Z in Iterators.drop(views, 1)
        push!(turned, align(Z, turned[end]; scale = scale, threads = threads).transformed)
    end
    return cat(turned...; dims = 3)
end
