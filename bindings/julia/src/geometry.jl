# What a cloud of activations looks like.

function geometry_options(roots, classes; metric = nothing, k = nothing, hub_k = nothing, references = 0, seed = 0,
                          weights = nothing, bias = nothing, lambda_ = nothing, discard = nothing, tolerance = nothing,
                          spectrum = true, neighbors = true, curve = true, probe = true, silhouette = true,
                          capacity_draws = 0, capacity_margin = nothing, memory = nothing, unknown...)
    refuse(unknown)
    return options(conceptdec_geometry_options; weights = row_pointer(roots, weights, "weights"),
        bias = number_pointer(roots, bias, "bias"), classes = classes, k = k, hub_k = hub_k,
        references = given(references), memory = memory, seed = given(seed), lambda = lambda_, discard = discard,
        tolerance = tolerance, metric = choice("metric", metric, METRICS),
        flags = !spectrum * CONCEPTDEC_GEOMETRY_NO_SPECTRUM | !neighbors * CONCEPTDEC_GEOMETRY_NO_NEIGHBORS |
                !curve * CONCEPTDEC_GEOMETRY_NO_CURVE | !probe * CONCEPTDEC_GEOMETRY_NO_PROBE |
                !silhouette * CONCEPTDEC_GEOMETRY_NO_SILHOUETTE,
        capacity_draws = given(capacity_draws), capacity_margin = capacity_margin)
end

"""
    geometry(X, y=nothing; metric="l2", k=nothing, hub_k=nothing, references=0, seed=0, weights=nothing, bias=nothing,
             lambda_=nothing, discard=nothing, tolerance=nothing, spectrum=true, neighbors=true, curve=true,
             probe=true, silhouette=true, capacity_draws=0, capacity_margin=nothing, memory=nothing, classes=nothing,
             ignore=nothing, dtype=nothing, threads=nothing, progress=nothing) -> Result

How many dimensions activations fill, who their hubs are, and how their classes lie in them.

# Arguments
- `X`: d x n matrix with a sample in each column, as in [`neighbors`](@ref).
- `y`: n labels of any kind, which what is about classes needs; `classes` lists those that there are, in the order in
  which results have them; `ignore` names those of samples that play no part.
- `metric` of neighbours and silhouette: "l2", "cosine"; `k` (20): neighbours of `mle_dimension`; `hub_k` (10): of
  hubness.
- `references`: clouds of Gaussian samples of the same shape whose hubness is measured, too: hubness grows with the
  number of dimensions alone. `seed` of them and of the subsamples of `twonn_curve`.
- `weights` (C x d, for two classes also d numbers), `bias` (C): classifier for `nc3` and `nc4`, the model's last
  layer, say, or `m.weights`, `m.bias` of a [`ProbeModel`](@ref); by default a logistic probe of penalty `lambda_`
  (1/n) is fitted.
- `discard` (0.1): share of the largest ratios that TwoNN leaves out; `tolerance`: eigenvalues of the between-class
  scatter at or below this share of the largest count as 0 in `nc1`, default d times the epsilon.
- `spectrum`, `neighbors`, `curve`, `probe`, `silhouette`: `false` leaves out what needs second moments; neighbours;
  `twonn_curve`, about half of the searches; a fitted probe; all distances. `memory`: bytes of each part (2^29).
- `capacity_draws`: Gaussian vectors over which manifold capacity is averaged, 300, say; 0 leaves it out.
  `capacity_margin` (0) of the classifications that it counts.

An option that plays no part (one of labels without labels, of neighbours without them) is refused.

# Result
Of the cloud, ignored samples included: `spectrum` (variances along principal components), `numerical_rank`,
`total_variance`, `participation_ratio`, `effective_rank`, `rank_me`, `stable_rank`, `anisotropy`; `twonn`, `twonn_ml`,
`n_twonn`, `twonn_curve`, `twonn_curve_se` and `twonn_curve_n` over `curve_samples`, `mle_dimension`, `n_mle`;
`hubness_skew`, `robin_hood`, `antihub_share`, `hub_share`, `hubness_reference` (references x 4, in this order). With
`y`, of the labelled samples: `class_count`, `nc1`, `nc1_rank`, `nc2`, `nc2_norms`, `nc3`, `nc4` (neural collapse),
`vci`, `fisher`, `silhouette`, `silhouette_per_concept`, `participation_per_concept` (C); of a fitted probe `lambda_`,
`converged`. With `capacity_draws`: `capacity`, `manifold_radius`, `manifold_dimension` (C each), their standard errors
`capacity_se`, `manifold_radius_se`, `manifold_dimension_se`, the harmonic mean `capacity_mean` with `capacity_mean_se`,
and `capacity_residual`, by how much any solution misses its conditions. What is not defined is NaN.

Time: a neighbour search, O(n d min(n, d)) for the spectrum, O(n^2 d) for the silhouette. Definitions:
docs/definitions.md.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, EK, ...), `ArgumentError`, `OutOfMemoryError`,
`InterruptException`.

# Example
```julia
r = geometry(randn(64, 500), rand(["noun", "verb"], 500))
r.participation_ratio, r.twonn, r.silhouette
```
"""
function geometry(X, y = nothing; classes = nothing, ignore = nothing, dtype = nothing, threads = nothing,
                  progress = nothing, keywords...)
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    numbers, values = y === nothing ? (nothing, nothing) : encode_among(classes, y, ignore)
    labels = numbers === nothing ? C_NULL : Ref(integer_view(numbers))
    wishes = Ref(geometry_options(roots, count_of(classes); keywords...))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots numbers with_classes(something(values, ()), threads, progress; sources = readers(X)) do ctx
        ccall(symbol(:conceptdec_geometry), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_geometry_options},
             Ptr{Ptr{conceptdec_result}}), ctx, x, labels, wishes, owner)
    end
    return Result(owner, values)
end
