# Geometry of representations against its definitions.

spectrum_of(X) = svdvals(X .- sum(X, dims = 2) ./ size(X, 2)) .^ 2 ./ (size(X, 2) - 1)
entropy_rank(shares) = exp(-sum(p * log(p) for p in shares ./ sum(shares) if p > 0))

"Distances between the columns of X."
distances_of(X) = [norm(X[:, i] - X[:, j]) for i in axes(X, 2), j in axes(X, 2)]

"Three classes of 20 samples."
function three_classes(rng, d)
    y = repeat(["b", "a", "c"], inner = 20)
    return randn(rng, d, 60) .+ 3 .* reduce(hcat, [[c == "a", c == "b", zeros(d - 2)...] for c in y]), y
end

@testset "spectrum, dimensions, hubs" begin
    rng = MersenneTwister(90)
    X = Diagonal(1.5 .^ -(0:4)) * randn(rng, 5, 100) .+ 1
    r, l = geometry(X), spectrum_of(X)
    @test r.spectrum ≈ l && r.total_variance ≈ sum(l) && r.stable_rank ≈ sum(l) / l[1] && r.numerical_rank == 5
    @test r.participation_ratio ≈ sum(l)^2 / sum(abs2, l)
    @test r.effective_rank ≈ entropy_rank(l)
    @test r.rank_me ≈ entropy_rank(svdvals(X))
    U = X ./ sqrt.(sum(abs2, X, dims = 1))
    @test r.anisotropy ≈ (sum(U' * U) - 100) / (100 * 99)

    nb = neighbors(X, 20)
    mu = nb.distances[2, :] ./ nb.distances[1, :]
    @test r.twonn_ml ≈ 99 / sum(log, mu) && r.n_twonn == 100
    ordered = log.(sort(mu)[1:90])
    target = [-log(1 - i / 100) for i in 1:90]
    @test r.twonn ≈ dot(ordered, target) / dot(ordered, ordered)
    of_each = [19 / sum(log(nb.distances[20, i] / nb.distances[j, i]) for j in 1:19) for i in 1:100]
    @test r.mle_dimension ≈ 100 / sum(1 ./ of_each)
    @test r.curve_samples[1:3] == [100, 50, 25] && r.twonn_curve[1] ≈ r.twonn_ml && r.twonn_curve_n[2] == 2

    times = zeros(100)
    for j in neighbors(X, 10).indices
        times[j] += 1
    end
    @test r.robin_hood ≈ sum(abs, times .- 10) / (2 * 100 * 10)
    @test r.antihub_share ≈ count(==(0), times) / 100 && r.hub_share ≈ count(>=(20), times) / 100
    centred_times = times .- 10
    @test r.hubness_skew ≈ sum(centred_times .^ 3) / 100 / (sum(abs2, centred_times) / 100)^1.5
    reference = geometry(X, references = 2, seed = 7).hubness_reference
    @test size(reference) == (2, 4) && reference == geometry(X, references = 2, seed = 7, threads = 1).hubness_reference

    for A in (PermutedDimsArray(permutedims(X), (2, 1)), view([X; X], 1:5, :))
        @test geometry(A).spectrum == r.spectrum && geometry(A).twonn == r.twonn
    end
    for T in (Float32, Float16)
        @test geometry(T.(X)).participation_ratio ≈ r.participation_ratio rtol = 1e-2
    end
    read(first, count) = X[:, first:first+count-1]
    @test geometry(RowReader(read, 100, 5, Float64)).spectrum == r.spectrum
    @test !haskey(geometry(X, spectrum = false), :spectrum) && !haskey(geometry(X, neighbors = false), :twonn)
    @test !haskey(geometry(X, curve = false), :twonn_curve) && !haskey(r, :nc1)
    @test geometry(X, k = 5, hub_k = 3, discard = 0.2).twonn != r.twonn
    @test isfinite(geometry(X, metric = "cosine").twonn)
end

@testset "capacity" begin
    X, y = three_classes(MersenneTwister(92), 6)
    r = geometry(X, y, capacity_draws = 200, seed = 4)
    @test size(r.capacity) == size(r.manifold_radius_se) == (3,) && all(0 .< r.capacity .< 2)
    @test 1 / r.capacity_mean ≈ sum(1 ./ r.capacity) / 3
    @test r.capacity == geometry(X, y, capacity_draws = 200, seed = 4, threads = 1).capacity
    @test all(geometry(X, y, capacity_draws = 200, seed = 4, capacity_margin = 1.0).capacity .< r.capacity)
    @test !haskey(geometry(X, y), :capacity)
    @test_throws ConceptDecError geometry(X, y, capacity_margin = 1.0)
end

@testset "classes" begin
    rng = MersenneTwister(91)
    X, y = three_classes(rng, 6)
    r = geometry(X, y)
    @test r.classes == ["a", "b", "c"] && r.class_count == [20, 20, 20]
    M = reduce(hcat, [vec(sum(X[:, y .== c], dims = 2)) ./ 20 for c in r.classes])
    Z = M .- sum(M, dims = 2) ./ 3
    Sb = Z * Z' ./ 3
    Sw = sum((X[:, y .== c] .- M[:, i]) * (X[:, y .== c] .- M[:, i])' ./ 20 for (i, c) in enumerate(r.classes)) ./ 3
    @test r.nc1 ≈ tr(Sw * pinv(Sb, rtol = 1e-10)) / 3 && r.nc1_rank == 2
    norms = sqrt.(vec(sum(abs2, Z, dims = 1)))
    @test r.nc2_norms ≈ sqrt(sum(abs2, norms .- sum(norms) / 3) / 3) / (sum(norms) / 3)
    U = Z ./ norms'
    @test r.nc2 ≈ sum(abs(dot(U[:, i], U[:, j]) + 1 / 2) for (i, j) in ((1, 2), (1, 3), (2, 3))) / 3
    @test r.fisher ≈ tr(Sb) / tr(Sw)
    @test r.vci ≈ 1 - tr((Sw + Sb) \ Sb) / 2
    participation(l) = sum(l)^2 / sum(abs2, l)
    @test r.participation_per_concept ≈ [participation(spectrum_of(X[:, y .== c])) for c in r.classes]

    D = distances_of(X)
    function silhouette(i)
        own = sum(D[i, y .== y[i]]) / 19
        other = minimum(sum(D[i, y .== c]) / 20 for c in r.classes if c != y[i])
        return (other - own) / max(own, other)
    end
    @test r.silhouette ≈ sum(silhouette, 1:60) / 60 rtol = 1e-6
    @test r.silhouette_per_concept ≈ [sum(silhouette, findall(==(c), y)) / 20 for c in r.classes] rtol = 1e-6

    m = fit_probe(X, y, lambda_ = 0.1)
    given = geometry(X, y, weights = m.weights, bias = m.bias)
    W = m.weights
    @test given.nc3 ≈ norm(W ./ norm(W) - Z' ./ norm(Z))^2
    nearest = [r.classes[argmin([norm(X[:, i] - M[:, c]) for c in 1:3])] for i in 1:60]
    @test given.nc4 ≈ count(predict(m, X) .!= nearest) / 60
    @test geometry(X, y, lambda_ = 0.1).nc3 ≈ given.nc3 rtol = 1e-4
    @test !haskey(geometry(X, y, probe = false), :nc3) && !haskey(geometry(X, y, silhouette = false), :silhouette)
    two = geometry(X, y, ignore = "c", classes = ["b", "a"], weights = randn(rng, 6))
    @test two.classes == ["b", "a"] && isfinite(two.nc3)

    @test refusal(() -> geometry(X, y[1:5])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> geometry(X, k = 60)) == "CONCEPTDEC_EK"
    @test refusal(() -> geometry(X, discard = 1.0)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> geometry(X, lambda_ = 0.1)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> geometry(X, y, weights = randn(2, 6))) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> geometry(X .* [1; NaN; ones(4)])) == "CONCEPTDEC_ENONFINITE"
    @test thrown(() -> geometry(X, metric = "l1")) isa ArgumentError
    @test thrown(() -> geometry(X, hubs = 3)) isa ArgumentError
    @test thrown(() -> geometry(X, y, weights = "w")) isa ArgumentError
end
