# How far a picture can be trusted.

"""
    embedding_quality(X, E; k=15, metric="l2", y=nothing, ignore=nothing, memory=nothing, dtype=nothing,
                      threads=nothing, progress=nothing) -> Result

How far an embedding can be trusted: what of the neighbourhoods is kept, and what is made up.

- `X`: d x n matrix with a sample in each column; `E`: m x n, their places in the picture, by any method.
- `k`: size of the neighbourhoods, or a list of them, each below n / 2; it may also be given behind `E`.
- `metric`: of `X`, "l2" or "cosine"; that of the picture is Euclidean.
- `y`: n labels of any kind, `ignore` those that play no part: also how well they can be decoded in both spaces.

Result, for each k: `trustworthiness` (falls where the picture makes things up) and `continuity` (falls where it tears
things apart; Venna, Kaski 2001), `knn_preservation` (mean share of the k neighbours that stay), `r_nx` (the same
against chance: 0 for a picture by lot, 1 where all stay; Lee et al. 2013); with `y` also `decodability` and
`decodability_embedded`. Samples at the same distance have their mean rank, so that no order of samples changes a score.

Time O(n^2 d). Throws [`ConceptDecError`](@ref) (ESIZE, ENONFINITE, ETOOFEW, EK, ELABEL, ...), `ArgumentError`,
`OutOfMemoryError`, `InterruptException`.
"""
function embedding_quality(X, E, sizes = nothing; k = nothing, metric = nothing, y = nothing, ignore = nothing,
                           memory = nothing, dtype = nothing, threads = nothing, progress = nothing, unknown...)
    refuse(unknown)
    sizes === nothing || k === nothing || throw(ArgumentError("k: is given twice"))
    sizes = Int64[something(sizes, k, 15)...]
    numbers, classes = y === nothing ? (nothing, nothing) : encode(y, ignore)
    roots = Any[X, E, sizes]
    x, picture = Ref(matrix_view(X, dtype)), Ref(matrix_view(E, nothing, "E"))
    wishes = Ref(options(conceptdec_quality_options; ks = pointer(sizes), n_ks = length(sizes),
        labels = numbers === nothing ? nothing : view_pointer(roots, numbers), memory = memory,
        metric = choice("metric", metric, METRICS)))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots with_context(threads, progress; sources = readers(X, E)) do ctx
        ccall(symbol(:conceptdec_embedding_quality), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_quality_options},
             Ptr{Ptr{conceptdec_result}}), ctx, x, picture, wishes, owner)
    end
    return Result(owner, classes)
end
