# Concept vectors and erasers against means, covariances and projections written down plainly.

"Rows of X' for one class after another."
class_means(X, y, classes) = reduce(hcat, [vec(sum(X[:, y .== c], dims = 2)) ./ count(==(c), y) for c in classes])'

@testset "concept vectors" begin
    rng = MersenneTwister(100)
    y = rand(rng, ["a", "b", "c"], 90)
    X = randn(rng, 4, 90) .+ [c == "a" for i in 1:4, c in y]
    r = concept_vectors(X, y)
    means = class_means(X, y, r.classes)
    @test r.classes == ["a", "b", "c"] && r.class_count == [count(==(c), y) for c in r.classes]
    @test r.means ≈ means
    rest = reduce(hcat, [vec(sum(X[:, y .!= c], dims = 2)) ./ count(!=(c), y) for c in r.classes])'
    @test r.vectors ≈ means - rest
    @test r.norms ≈ [norm(r.vectors[c, :]) for c in 1:3]
    unit = r.vectors ./ r.norms
    @test r.cosines ≈ unit * unit'
    @test concept_vectors(X, y, baseline = "rest").vectors == r.vectors
    @test concept_vectors(X, y, baseline = "mean").vectors ≈ means .- sum(means, dims = 1) ./ 3
    from_b = concept_vectors(X, y, baseline = "b")
    @test from_b.vectors ≈ means .- means[2:2, :] && all(from_b.vectors[2, :] .== 0) && isnan(from_b.cosines[1, 2])
    @test concept_vectors(X, y, baseline = zeros(4)).vectors ≈ means
    @test concept_vectors(X, y, classes = ["c", "a", "b"]).vectors ≈ r.vectors[[3, 1, 2], :]
    @test concept_vectors(X, y, ignore = "c").classes == ["a", "b"]
    @test concept_vectors(Float32.(X), y).vectors ≈ r.vectors rtol = 1e-5
    @test concept_vectors(PermutedDimsArray(permutedims(X), (2, 1)), y).vectors ≈ r.vectors

    drawn = concept_vectors(X, y, bootstrap = 50, splits = 10, seed = 2)
    @test all(drawn.norm_low .<= drawn.norm_high) && all(-1 .<= drawn.reliability .<= 1)
    @test size(drawn.cosine_low) == (3, 3) == size(drawn.cosine_high)
    @test drawn.reliability == concept_vectors(X, y, bootstrap = 50, splits = 10, seed = 2, threads = 1).reliability
    @test drawn.reliability != concept_vectors(X, y, splits = 10, seed = 3).reliability
    wide = concept_vectors(X, y, bootstrap = 50, seed = 2, confidence = 0.5)
    @test all(wide.norm_high .- wide.norm_low .< drawn.norm_high .- drawn.norm_low)
    @test size(concept_vectors(X, y, splits = 4, groups = repeat(1:30, 3)).reliability) == (3,)

    @test refusal(() -> concept_vectors(X, fill(1, 90))) == "CONCEPTDEC_ESINGLECLASS"
    @test refusal(() -> concept_vectors(X, y[1:4])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> concept_vectors(X, y, baseline = zeros(3))) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> concept_vectors(X, y, bootstrap = 5, confidence = 1.0)) == "CONCEPTDEC_EINVAL"
    @test thrown(() -> concept_vectors(X, y, baseline = "none")) isa ArgumentError
    @test thrown(() -> concept_vectors(X, ifelse.(y .== "a", "mean", "b"), baseline = "mean")) isa ArgumentError
    @test thrown(() -> concept_vectors(X, y, split = 3)) isa ArgumentError
end

"The covariance of samples with indicators of classes, 0 where no linear map can read them."
function cross_covariance(X, y)
    Z = [c == label for label in y, c in unique(y)]
    return (X .- sum(X, dims = 2) ./ size(X, 2)) * Z
end

"LEACE: x less W^+ P W (x - mean), W whitening, P onto the whitened cross-covariance."
function leace(X, y)
    Z = X .- sum(X, dims = 2) ./ size(X, 2)
    found = eigen(Symmetric(Z * Z' ./ size(X, 2)))
    W = found.vectors * Diagonal(1 ./ sqrt.(found.values)) * found.vectors'
    U = svd(W * cross_covariance(X, y)).U[:, 1:length(unique(y))-1]
    return X - W \ (U * U' * W * Z)
end

@testset "erasers" begin
    rng = MersenneTwister(101)
    y = rand(rng, [:noun, :verb, :adj], 120)
    X = randn(rng, 6, 6) * (randn(rng, 6, 120) .+ [i == 1 && c === :noun for i in 1:6, c in y]) .+ 5
    e = fit_eraser(X, y)
    @test e.rank == 2 && e.kind == "leace" && size(e.read) == (2, 6) == size(e.removed)
    @test e.mean ≈ vec(sum(X, dims = 2)) ./ 120 && issorted(e.strengths, rev = true)
    Y = transform(e, X)
    @test Y ≈ leace(X, y) && Y ≈ X - e.removed' * (e.read * (X .- e.mean))
    @test maximum(abs, cross_covariance(Y, y)) < 1e-9
    @test erase(X, y) == Y && transform(e, X[:, 7:9]) ≈ Y[:, 7:9]
    @test fit_eraser(X, y, rank = 1).rank == 1
    @test erase(Float32.(X), y) ≈ Y rtol = 1e-4
    @test erase(PermutedDimsArray(permutedims(X), (2, 1)), y) ≈ Y
    @test transform(e, RowReader((first, count) -> X[:, first:first+count-1], 120, 6, Float64)) ≈ Y
    @test fit_eraser(X, y, ignore = :adj).rank == 1

    m = ClassMoments(6, [:noun, :verb, :adj], pooled = true)
    for range in (1:50, 51:120)
        add!(m, X[:, range], y[range])
    end
    @test transform(fit_eraser(m), X) ≈ Y && fit_eraser(m, rank = 1).rank == 1

    p = fit_eraser(X, y, kind = "projection")
    M = class_means(X, y, unique(y))' # d x C
    span = svd(M .- sum(M, dims = 2) ./ 3).U[:, 1:2]
    @test p.kind == "projection" && transform(p, X) ≈ X - span * span' * (X .- p.mean)
    direction = randn(rng, 6)
    q = fit_eraser(kind = "projection", directions = direction)
    @test q.rank == 1 && transform(q, X) ≈ X - direction * direction' * X ./ dot(direction, direction)
    two = fit_eraser(X, kind = "projection", directions = randn(rng, 2, 6))
    @test two.rank == 2 && all(isnan, two.strengths)

    @test refusal(() -> fit_eraser(X, fill(1, 120))) == "CONCEPTDEC_ESINGLECLASS"
    @test refusal(() -> transform(e, X[1:3, :])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> fit_eraser(X)) == "CONCEPTDEC_ENULL"
    @test refusal(() -> fit_eraser(X, y, directions = direction)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> fit_eraser(X .* [1; Inf; ones(4)], y)) == "CONCEPTDEC_ENONFINITE"
    @test thrown(() -> fit_eraser(X, y, kind = "inlp")) isa ArgumentError
    @test thrown(() -> erase(X, y, ranks = 1)) isa ArgumentError
    @test thrown(() -> fit_eraser(m, directions = "text")) isa ArgumentError

    mktempdir() do folder
        path = joinpath(folder, "file")
        save_eraser(e, path)
        @test transform(load_eraser(path), X) == Y && load_eraser(path).kind == "leace"
        @test refusal(() -> load_pca(path)) == "CONCEPTDEC_EFORMAT"
        write(path, read(path)[1:end-1])
        @test refusal(() -> load_eraser(path)) == "CONCEPTDEC_EFORMAT"
        @test refusal(() -> load_eraser(joinpath(folder, "none"))) == "CONCEPTDEC_EIO"
    end
    @test isopen(e) && occursin("leace", repr(e))
    close(e)
    @test !isopen(e) && occursin("closed", repr(e)) && thrown(() -> e.read) isa ArgumentError
end

@testset "erasure curves" begin
    rng = MersenneTwister(102)
    y = repeat(["a", "b", "c"], 30)
    X = randn(rng, 5, 90) .+ 4 .* [(i, c) in ((1, "a"), (2, "b")) for i in 1:5, c in y]
    r = erasure_curve(X, y, knn = (k = 5,), probe = (lambdas = 0.1, seed = 1))
    @test r.n_removed == [0, 1, 2] && length(r.strengths) == 2
    for rank in 1:2
        Y = erase(X, y, rank = rank)
        @test r.decodability[rank+1] ≈ knn_decodability(Y, y, k = 5).decodability[1]
        @test r.accuracy[rank+1] ≈ probe(Y, y, lambdas = 0.1, seed = 1).accuracy[1]
    end
    @test r.decodability[1] ≈ knn_decodability(X, y, k = 5).decodability[1]
    @test erasure_curve(X, y, most = 1, kind = "projection").n_removed == [0, 1]
    @test refusal(() -> erasure_curve(X, y, knn = (k = 90,))) == "CONCEPTDEC_EK"
    @test thrown(() -> erasure_curve(X, y, rank = 1)) isa ArgumentError
    @test thrown(() -> erasure_curve(X, y, knn = (kk = 3,))) isa ArgumentError
end
