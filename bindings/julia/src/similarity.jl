# How alike representations of the same samples are.

const SIMILARITIES = Dict("cka_debiased" => CONCEPTDEC_SIMILARITY_CKA_DEBIASED,
    "cka_biased" => CONCEPTDEC_SIMILARITY_CKA_BIASED, "svcca" => CONCEPTDEC_SIMILARITY_SVCCA,
    "pwcca" => CONCEPTDEC_SIMILARITY_PWCCA, "procrustes" => CONCEPTDEC_SIMILARITY_PROCRUSTES,
    "shape" => CONCEPTDEC_SIMILARITY_SHAPE, "rsa" => CONCEPTDEC_SIMILARITY_RSA,
    "mutual_knn" => CONCEPTDEC_SIMILARITY_MUTUAL_KNN,
    "information_imbalance" => CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE)
const CKA_KERNELS = Dict("linear" => CONCEPTDEC_CKA_LINEAR, "rbf" => CONCEPTDEC_CKA_RBF)
const RDMS = Dict("correlation" => CONCEPTDEC_RDM_CORRELATION, "squared_l2" => CONCEPTDEC_RDM_SQUARED_L2,
    "cosine" => CONCEPTDEC_RDM_COSINE, "crossnobis" => CONCEPTDEC_RDM_CROSSNOBIS)
const COMPARISONS = Dict("spearman" => CONCEPTDEC_COMPARE_SPEARMAN, "pearson" => CONCEPTDEC_COMPARE_PEARSON,
    "kendall" => CONCEPTDEC_COMPARE_KENDALL, "cosine" => CONCEPTDEC_COMPARE_COSINE)

function similarity_options(roots; kind = "cka_debiased", kernel = nothing, permutations = 0, bootstrap = 0,
                            confidence = nothing, permute = nothing, groups = nothing, seed = 0, batch = nothing,
                            bandwidth = nothing, variance = nothing, ridge = nothing, symmetric = false, k = nothing,
                            metric = nothing, rdm = nothing, comparison = nothing, y = nothing, partitions = nothing,
                            ignore = nothing, memory = nothing, unknown...)
    refuse(unknown)
    return options(conceptdec_similarity_options; labels = label_pointer(roots, y, ignore),
        partitions = group_pointer(roots, partitions, "partitions"), groups = group_pointer(roots, groups), k = k,
        batch = batch, permutations = given(permutations), bootstrap = given(bootstrap), memory = memory,
        seed = given(seed), bandwidth = bandwidth, variance = variance, ridge = ridge, confidence = confidence,
        kind = choice("kind", kind, SIMILARITIES), kernel = choice("kernel", kernel, CKA_KERNELS),
        rdm = choice("rdm", rdm, RDMS), comparison = choice("comparison", comparison, COMPARISONS),
        metric = choice("metric", metric, METRICS), permute = choice("permute", permute, PERMUTES),
        flags = given(symmetric * CONCEPTDEC_SIMILARITY_SYMMETRIC))
end

"""
    similarity(A, B=nothing; kind="cka_debiased", kernel=nothing, permutations=0, bootstrap=0, confidence=nothing,
               permute=nothing, groups=nothing, seed=0, batch=nothing, bandwidth=nothing, variance=nothing,
               ridge=nothing, symmetric=false, k=nothing, metric=nothing, rdm=nothing, comparison=nothing, y=nothing,
               partitions=nothing, ignore=nothing, memory=nothing, dtype=nothing, threads=nothing,
               progress=nothing) -> Result

How alike two representations of the same samples are: layers, training steps, models of any widths.

# Arguments
- `A`, `B`: d x n matrices with a sample in each column, as in [`neighbors`](@ref), or several views of the same
  samples: an array of matrices, whose widths may differ, or a numeric array of d x n x grid. Sample by sample, every
  view of `A` is compared with every view of `B`; without `B` with every view of `A`.
- `kind`. Similarities: `"cka_debiased"`, `"cka_biased"` (centred kernel alignment), "svcca", "pwcca" (canonical
  correlations), "rsa" (dissimilarities of pairs of samples or conditions), `"mutual_knn"` (share of neighbours that
  both have). Distances: "procrustes" (after the best rotation), "shape" (angle after the best rotation),
  `"information_imbalance"` (ranks in `B` of neighbours in `A`; not symmetric).
- CKA: `kernel` "linear" (default) or "rbf", exp(-distance^2 / (2 s^2)) with s = `bandwidth` (1) times the median
  distance of two samples; `batch`: mean over batches of so many samples, at least 4, what is left over left out
  (`n_left_out`).
- "svcca", "pwcca": `variance` (0.99): share whose leading directions are kept; `ridge` (0): share of the mean variance
  that is added to each covariance. "pwcca": `symmetric`, the mean of both directions; without it directions count by
  what they contribute to `A`.
- `"mutual_knn"`, `"information_imbalance"`: `k` (10) neighbours, `metric` "l2" (default) or "cosine".
- "rsa": `rdm` "correlation" (default: 1 - Pearson), `"squared_l2"`, "cosine", "crossnobis" (cross-validated over
  `partitions`); `comparison` "spearman" (default), "pearson", "kendall" (tau-a), "cosine"; `y`: conditions, whose
  samples are averaged, `ignore` those that play no part.
- `permutations`: draws of the null in which samples of `B` are permuted, `permute` "free" (whole groups, where there
  are `groups`) or "within" groups; `bootstrap`: draws for the interval, over groups, at `confidence` (0.95); `seed` of
  both.
- `memory`: bytes beside input and result (2^29).

An option that the kind does not use is refused.

# Result
`value`: a number for two matrices; else with the axes of `A`, then those of `B` (a single matrix has none; those of
`A` again without `B`). With permutations `null` (draws in front) and `p_value`, the share of draws, the observed one
included, that are at least as alike; with bootstrap `ci_low`, `ci_high` (freed of `bootstrap_bias`). By kind
`cka_debiased`, `cka_biased` (CKA: both, whichever is `value`), `self_hsic_a`, `self_hsic_b`,
`n_left_out` (CKA); `canonical_correlations` (an axis more; NaN beyond their number), `directions_a`, `directions_b`
("svcca", "pwcca"); `chance` (`"mutual_knn"`); `n_pairs` ("rsa"). What is not defined is NaN, and `n_undefined` counts
it.

Definitions, cost and sources: docs/definitions.md.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, EK, EGROUPS, ...), `ArgumentError`,
`OutOfMemoryError`, `InterruptException`.

# Example
```julia
X = randn(64, 500)
similarity(X, 2 .* X[64:-1:1, :]).value # 1
similarity([X, X[1:32, :], randn(16, 500)]; kind = "mutual_knn").value # 3 x 3
```
"""
function similarity(A, B = nothing; dtype = nothing, threads = nothing, progress = nothing, keywords...)
    roots = Any[A, B]
    cells, shape = cells_of(A, dtype, "A")
    others, other_shape = B === nothing ? (conceptdec_matrix[], shape) : cells_of(B, dtype, "B")
    B === nothing && shape == () &&
        throw(ArgumentError("B: A is one matrix, and there is nothing to compare it with"))
    wishes = Ref(similarity_options(roots; keywords...))
    owner, sources = Handle{conceptdec_result}(), vcat(readers_of(A), readers_of(B))
    names = (called_views("a", "A", shape)..., called_views("b", "B", other_shape)...)
    GC.@preserve roots with_context(threads, progress; sources = sources, called = names) do ctx
        ccall(symbol(:conceptdec_similarity), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Int64, Ptr{conceptdec_matrix}, Int64,
             Ptr{conceptdec_similarity_options}, Ptr{Ptr{conceptdec_result}}), ctx, cells, length(cells),
            B === nothing ? C_NULL : others, length(others), wishes, owner)
    end
    return with_grids(Result(owner), shape, other_shape)
end

const OF_PAIRS = (:value, :p_value, :ci_low, :ci_high, :bootstrap_bias, :n_pairs,
    :cka_debiased, :cka_biased)
const OF_FIRST, OF_SECOND = (:self_hsic_a, :directions_a), (:self_hsic_b, :directions_b)

"The axes of one side or of pairs in the shape of the grids that the caller gave."
function with_grids(r::Result, first, second)
    values = getfield(r, :values)
    for name in keys(r)
        value = values[name]
        name in OF_PAIRS && (value = reshaped(value, (first..., second...)))
        name in OF_FIRST && (value = reshaped(value, first))
        name in OF_SECOND && (value = reshaped(value, second))
        name === :null && (value = reshaped(value, (size(value, 1), first..., second...)))
        name === :canonical_correlations && (value = reshaped(value, (first..., second..., size(value, 3))))
        values[name] = value
    end
    return r
end

reshaped(array, shape) = isempty(shape) ? first(array) : from_row_major(row_major(array), shape)
