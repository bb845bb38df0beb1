# Projections against the plainest computations: the singular value decomposition, brute-force ranks.

"Components, signs as defined, and variances of the columns of X."
function by_svd(X; center = true)
    Z = center ? X .- sum(X, dims = 2) ./ size(X, 2) : X
    found = svd(Z)
    V = Matrix(found.U')
    for i in axes(V, 1)
        V[i, :] .*= sign(V[i, argmax(abs.(V[i, :]))])
    end
    return V, found.S .^ 2 ./ (size(X, 2) - 1)
end

tilted(rng, d, n) = Matrix(qr(randn(rng, d, d)).Q) * Diagonal(2.0 .^ -(0:d-1)) * randn(rng, d, n) .+ 3

@testset "principal components" begin
    rng = MersenneTwister(60)
    for X in (tilted(rng, 8, 70), tilted(rng, 12, 7)), solver in ("auto", "covariance", "gram", "svd", "krylov")
        p = pca(X, 3, solver = solver, tolerance = solver in ("auto", "krylov") ? 1e-12 : nothing)
        V, variance = by_svd(X)
        @test p.components ≈ V[1:3, :] atol = 1e-8
        @test p.explained_variance ≈ variance[1:3] rtol = 1e-8
        @test p.explained_variance_ratio ≈ variance[1:3] ./ sum(variance) rtol = 1e-8
        @test p.total_variance ≈ sum(variance)
        @test p.converged && p.n_samples == size(X, 2) && (solver == "auto" || p.solver == solver)
        Z = transform(p, X)
        @test Z ≈ p.components * (X .- p.mean) atol = 1e-9
        @test inverse_transform(p, Z) ≈ p.components' * Z .+ p.mean atol = 1e-9
    end
    X = tilted(rng, 6, 40)
    @test inverse_transform(pca(X), transform(pca(X), X)) ≈ X
    @test pca(X, 2, center = false).components ≈ by_svd(X, center = false)[1][1:2, :] atol = 1e-8
    @test pca(X, 2, standardize = true).scale ≈ vec(sqrt.(sum(abs2, X .- sum(X, dims = 2) ./ 40, dims = 2) ./ 40))
    Z = transform(pca(X, 2, whiten = true), X)
    @test sum(abs2, Z, dims = 2) ./ 39 ≈ ones(2, 1)
    turned = PermutedDimsArray(permutedims(X), (2, 1))
    @test pca(turned, 2).components == pca(X, 2).components
    @test pca(RowReader((first, count) -> X[:, first:first+count-1], 40, 6, Float64), 2).components ==
          pca(X, 2).components
    @test pca(Float16.(X), 2).components ≈ pca(X, 2).components atol = 1e-2
    @test refusal(() -> pca(X, 7)) == "CONCEPTDEC_EK"
    @test refusal(() -> pca(X, 0)) == "CONCEPTDEC_EK"
    @test refusal(() -> transform(pca(X, 2), X[1:3, :])) == "CONCEPTDEC_ESIZE"
    @test thrown(() -> pca(X, 2, solver = "qr")) isa ArgumentError
    @test thrown(() -> pca(X, 2, colour = 1)) isa ArgumentError
end

@testset "moments" begin
    rng = MersenneTwister(61)
    X = randn(rng, 5, 300) .+ 10
    whole, parts = add!(Moments(5), X), Moments(5)
    for range in (1:1, 2:200, 201:300)
        @test add!(parts, X[:, range]) === parts
    end
    @test parts.n_samples == 300 && parts.mean == whole.mean && parts.covariance == whole.covariance
    Z = X .- sum(X, dims = 2) ./ 300
    @test whole.mean ≈ vec(sum(X, dims = 2) ./ 300)
    @test whole.covariance ≈ Z * Z' ./ 299
    @test pca(parts, 2).components ≈ pca(X, 2).components atol = 1e-7
    a, b = add!(Moments(5), X[:, 1:100]), add!(Moments(5), X[:, 101:300])
    @test merge!(a, b).covariance ≈ whole.covariance
    @test b.n_samples == 200
    @test refusal(() -> pca(whole, 2, solver = "gram")) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> add!(whole, X[1:2, :])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> Moments(0)) == "CONCEPTDEC_ESIZE"
    @test all(isnan, Moments(3).mean)
end

@testset "align" begin
    rng = MersenneTwister(62)
    reference = randn(rng, 2, 30)
    turn = Matrix(qr(randn(rng, 2, 2)).Q)
    r = align(turn * reference .* 0.5 .+ [4, 5], reference, scale = true)
    @test r.transformed ≈ reference
    @test r.rotation ≈ turn'
    @test r.scale ≈ 2
    @test abs(r.disparity) < 1e-20
    sequence = align_sequence([reference, -reference, reference[2:-1:1, :]])
    @test size(sequence) == (2, 30, 3)
    @test sequence[:, :, 1] == reference && sequence[:, :, 3] ≈ reference
    @test refusal(() -> align(reference, reference[:, 1:5])) == "CONCEPTDEC_ESIZE"
    @test thrown(() -> align_sequence([])) isa ArgumentError
end

@testset "UMAP" begin
    rng = MersenneTwister(63)
    y = [mod(i, 3) + 1 for i in 0:89]
    X = randn(rng, 5, 90) .+ 12 .* [i == c for i in 1:5, c in y]
    u = umap(X, n_neighbors = 8)
    @test size(u.embedding) == (2, 90) && u.part == y && u.n_short == 0 && u.converged
    @test knn_decodability(u.embedding, y, k = 5).decodability == [1.0]
    @test umap(X, n_neighbors = 8, threads = 1).embedding == u.embedding
    @test umap(X, n_neighbors = 8, seed = 1).embedding != u.embedding
    rows, columns, weights = u.graph
    @test all(1 .<= rows .<= 90) && all(y[rows] .== y[columns]) && all(0 .< weights .<= 1)
    @test u.curve ≈ [1.577, 0.895] atol = 5e-3

    table = neighbors(X, 8)
    @test umap(table, n_neighbors = 8).embedding == u.embedding
    start = randn(rng, 2, 90)
    @test umap(X, n_neighbors = 8, init = start, epochs = 0).embedding ≈ start
    @test umap(X, 3, n_neighbors = 8, init = "pca").embedding |> size == (3, 90)
    @test umap(X, n_neighbors = 8, y = y).embedding != u.embedding ||
          umap(X, n_neighbors = 8, y = reverse(y)).embedding != u.embedding

    new = X .+ 0.1
    placed = transform(u, new)
    @test size(placed) == (2, 90) && transform(u, new[:, 7:9]) == placed[:, 7:9]
    @test refusal(() -> transform(u, new[1:3, :])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> umap(X, n_neighbors = 8, y = y[1:5])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> umap(table, n_neighbors = 9)) == "CONCEPTDEC_ESHALLOW"
    @test refusal(() -> umap(X, 0)) == "CONCEPTDEC_EINVAL"
    @test thrown(() -> umap(X, init = "tsne")) isa ArgumentError
    @test thrown(() -> umap(X, colour = 3)) isa ArgumentError

    r = aligned_umap([X, -X[1:4, :]], n_neighbors = 8)
    @test size(r.embedding) == (2, 90, 2)
    @test aligned_umap(cat(X, -X, dims = 3), n_neighbors = 8, window = 1).embedding |> size == (2, 90, 2)
    @test thrown(() -> aligned_umap([X X; X X])) isa ArgumentError
end

@testset "files of projections" begin
    X = randn(MersenneTwister(64), 6, 50)
    p, m, u = pca(X, 2), add!(Moments(6), X), umap(X, n_neighbors = 5)
    mktempdir() do folder
        path = joinpath(folder, "file")
        save_pca(p, path)
        @test load_pca(path).components == p.components
        @test refusal(() -> load_moments(path)) == "CONCEPTDEC_EFORMAT"
        save_moments(m, path)
        @test load_moments(path).covariance == m.covariance
        @test add!(load_moments(path), X).n_samples == 100
        save_umap(u, path)
        @test load_umap(path).embedding == u.embedding
        @test transform(load_umap(path, X), X[:, 1:3] .+ 0.1) == transform(u, X[:, 1:3] .+ 0.1)
        @test thrown(() -> transform(load_umap(path), X)) isa ArgumentError
        write(path, read(path)[1:end-1])
        @test refusal(() -> load_umap(path)) == "CONCEPTDEC_EFORMAT"
        @test refusal(() -> load_pca(joinpath(folder, "none"))) == "CONCEPTDEC_EIO"
    end
    for object in (p, m, u)
        @test isopen(object) && !occursin("closed", repr(object))
        close(object)
        close(object)
        @test !isopen(object) && occursin("closed", repr(object))
    end
    @test thrown(() -> p.components) isa ArgumentError
    @test thrown(() -> add!(m, X)) isa ArgumentError
    @test thrown(() -> transform(u, X)) isa ArgumentError
end

"Trustworthiness by its definition, for distances without ties."
function trust(X, E, k)
    n = size(X, 2)
    distances(A) = [i == j ? Inf : sum(abs2, A[:, i] - A[:, j]) for i in 1:n, j in 1:n]
    far, near = distances(X), distances(E)
    penalty = 0
    for i in 1:n
        rank = invperm(sortperm(far[i, :]))
        penalty += sum(max(0, rank[j] - k) for j in sortperm(near[i, :])[1:k])
    end
    return 1 - 2 * penalty / (n * k * (2n - 3k - 1))
end

@testset "embedding quality" begin
    rng = MersenneTwister(65)
    X = randn(rng, 6, 80)
    E = transform(pca(X, 2), X)
    r = embedding_quality(X, E, [3, 12])
    @test r.k == [3, 12]
    @test r.trustworthiness ≈ [trust(X, E, k) for k in (3, 12)]
    @test r.continuity ≈ [trust(E, X, k) for k in (3, 12)]
    function kept(k)
        own, others = neighbors(X, k).indices, neighbors(E, k).indices
        return sum(length(intersect(own[:, i], others[:, i])) for i in 1:80) / 80k
    end
    @test r.knn_preservation ≈ [kept(3), kept(12)]
    @test r.r_nx ≈ [(79 * kept(k) - k) / (79 - k) for k in (3, 12)]
    @test embedding_quality(X, 2 .* X).trustworthiness == [1.0]
    @test embedding_quality(X, E, k = [3, 12]).trustworthiness == r.trustworthiness
    @test occursin("k: is given twice", sprint(showerror, thrown(() -> embedding_quality(X, E, 3, k = 3))))
    y = rand(rng, ["a", "b"], 80)
    labelled = embedding_quality(X, E, 5, y = y)
    @test labelled.decodability ≈ knn_decodability(X, y, k = 5).decodability
    @test labelled.decodability_embedded ≈ knn_decodability(E, y, k = 5).decodability
    @test refusal(() -> embedding_quality(X, E, 40)) == "CONCEPTDEC_EK"
    @test refusal(() -> embedding_quality(X, E[:, 1:9])) == "CONCEPTDEC_ESIZE"
end
