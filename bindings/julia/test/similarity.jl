# Similarity of representations against its definitions, written down with whole matrices.

"Kernel of the columns of X: products, or Gaussian with a width of `bandwidth` median distances."
linear_kernel(X) = X' * X
function rbf_kernel(X, bandwidth)
    n = size(X, 2)
    distances = [norm(X[:, i] - X[:, j]) for i in 1:n, j in 1:n]
    ordered = sort([distances[i, j] for i in 1:n for j in 1:i-1])
    middle = (ordered[(end + 1) ÷ 2] + ordered[end ÷ 2 + 1]) / 2
    return exp.(-distances .^ 2 ./ (2 * (bandwidth * middle)^2))
end

function biased_hsic(K, L)
    n = size(K, 1)
    H = I - ones(n, n) ./ n
    return tr(K * H * L * H)
end

"Song et al. 2012: diagonals are 0."
function unbiased_hsic(K, L)
    n = size(K, 1)
    A, B = K - Diagonal(diag(K)), L - Diagonal(diag(L))
    return (sum(A .* B) + sum(A) * sum(B) / ((n - 1) * (n - 2)) - 2 * sum(A * B) / (n - 2)) / (n * (n - 3))
end

cka(hsic, K, L) = hsic(K, L) / sqrt(hsic(K, K) * hsic(L, L))

"Right singular vectors of the centred columns, all or those that explain a share of the variance."
function directions(X, share = 1)
    found = svd(X .- sum(X, dims = 2) ./ size(X, 2))
    kept = findfirst(>=(share - 1e-12), cumsum(found.S .^ 2) ./ sum(abs2, found.S))
    return found.V[:, 1:kept]
end

mean_rank(x) = [(count(<(a), x) + count(<=(a), x) + 1) / 2 for a in x]
function correlation(a, b)
    u, v = a .- sum(a) / length(a), b .- sum(b) / length(b)
    return dot(u, v) / (norm(u) * norm(v))
end

pairs_below(n) = [(i, j) for i in 1:n for j in 1:i-1]

@testset "CKA" begin
    rng = MersenneTwister(80)
    X = randn(rng, 5, 40)
    Y = [X[1:2, :]; randn(rng, 2, 40)] .+ 100
    @test similarity(X, Y).value ≈ cka(unbiased_hsic, linear_kernel(X .- X[:, 1]), linear_kernel(Y .- 100))
    @test similarity(X, Y, kind = "cka_biased").value ≈ cka(biased_hsic, linear_kernel(X), linear_kernel(Y))
    for (kind, hsic) in (("cka_debiased", unbiased_hsic), ("cka_biased", biased_hsic))
        value = similarity(X, Y, kind = kind, kernel = "rbf", bandwidth = 0.7).value
        @test value ≈ cka(hsic, rbf_kernel(X, 0.7), rbf_kernel(Y, 0.7))
    end
    blocks = similarity(X, Y, batch = 15)
    means(A, B) = sum(unbiased_hsic(A[c, c], B[c, c]) for c in (1:15, 16:30)) / 2
    K, L = linear_kernel(X), linear_kernel(Y .- 100)
    @test blocks.value ≈ means(K, L) / sqrt(means(K, K) * means(L, L)) && blocks.n_left_out == 10
    @test similarity(X, 3 .* X[5:-1:1, :]).value ≈ 1
    for A in (PermutedDimsArray(permutedims(X), (2, 1)), view([X; X], 1:5, :), view([X X], :, 1:40))
        @test similarity(A, Y).value == similarity(X, Y).value
    end
    for T in (Float32, Float16)
        @test similarity(T.(X), Y).value ≈ similarity(X, Y).value rtol = 1e-2
    end
    read(first, count) = X[:, first:first+count-1]
    @test similarity(RowReader(read, 40, 5, Float64), Y).value == similarity(X, Y).value
    @test isnan(similarity(ones(3, 40), Y).value) && similarity(ones(3, 40), Y).n_undefined == 1
    @test similarity(X, Y).self_hsic_a isa Float64

    drawn = similarity(X, Y, permutations = 29, bootstrap = 20, seed = 5)
    @test size(drawn.null) == (29,) && drawn.ci_low < drawn.ci_high && drawn.bootstrap_bias isa Float64
    @test drawn.p_value ≈ (1 + count(>=(drawn.value), drawn.null)) / 30
    @test drawn.null == similarity(X, Y, permutations = 29, seed = 5, threads = 1).null
    @test drawn.null != similarity(X, Y, permutations = 29, seed = 6).null
    groups = repeat(1:10, inner = 4)
    @test similarity(X, Y, permutations = 9, groups = groups, permute = "within").null != drawn.null[1:9]
end

@testset "several views" begin
    rng = MersenneTwister(81)
    A, B = [randn(rng, d, 30) for d in (3, 5, 4)], [randn(rng, d, 30) for d in (6, 2)]
    r = similarity(A, B, permutations = 7, kind = "cka_biased")
    @test size(r.value) == (3, 2) == size(r.p_value) && size(r.null) == (7, 3, 2)
    @test size(r.self_hsic_a) == (3,) && size(r.self_hsic_b) == (2,)
    @test r.value ≈ [similarity(a, b, kind = "cka_biased").value for a in A, b in B]
    own = similarity(A, kind = "cka_biased")
    @test own.value ≈ own.value' && diag(own.value) ≈ ones(3) && size(own.value) == (3, 3)
    row = similarity(A[1], B, kind = "cka_biased", permutations = 7)
    @test row.value ≈ r.value[1, :] && size(row.null) == (7, 2) && row.self_hsic_a isa Float64
    grid = [randn(rng, 3, 30) for step in 1:2, layer in 1:3]
    steps = similarity(grid, B, kind = "cka_biased")
    @test size(steps.value) == (2, 3, 2)
    @test steps.value[2, 3, 1] ≈ similarity(grid[2, 3], B[1], kind = "cka_biased").value
    @test size(steps.self_hsic_a) == (2, 3)
    cube = randn(rng, 3, 30, 4)
    @test similarity(cube).value ≈ similarity([cube[:, :, i] for i in 1:4]).value
    @test size(similarity(grid).value) == (2, 3, 2, 3)
end

@testset "canonical correlations and Procrustes" begin
    rng = MersenneTwister(82)
    X = randn(rng, 4, 50)
    Y = [X[1:2, :] .+ 0.5 .* randn(rng, 2, 50); randn(rng, 4, 50)]
    rho = svdvals(directions(X)' * directions(Y))
    r = similarity(X, Y, kind = "svcca", variance = 1)
    @test r.value ≈ sum(rho) / 4 && r.canonical_correlations[1:4] ≈ rho
    @test r.directions_a == 4 && r.directions_b == 6
    some = similarity(X, Y, kind = "svcca", variance = 0.8)
    a, b = directions(X, 0.8), directions(Y, 0.8)
    @test some.directions_a == size(a, 2) && some.value ≈ sum(svdvals(a' * b)) / min(size(a, 2), size(b, 2))
    found = svd(directions(X)' * directions(Y))
    H = directions(X) * found.U
    weights = vec(sum(abs, H' * (X .- sum(X, dims = 2) ./ 50)', dims = 2))
    @test similarity(X, Y, kind = "pwcca", variance = 1).value ≈ dot(weights, rho) / sum(weights)
    both = similarity(X, Y, kind = "pwcca", symmetric = true).value
    there, back = similarity(X, Y, kind = "pwcca").value, similarity(Y, X, kind = "pwcca").value
    @test both ≈ (there + back) / 2
    @test similarity(X, Y, kind = "svcca", ridge = 0.1).value < similarity(X, Y, kind = "svcca").value

    Z, W = X .- sum(X, dims = 2) ./ 50, Y .- sum(Y, dims = 2) ./ 50
    nuclear = sum(svdvals(Z * W'))
    @test similarity(X, Y, kind = "procrustes").value ≈ sqrt(sum(abs2, Z) + sum(abs2, W) - 2 * nuclear)
    @test similarity(X, Y, kind = "shape").value ≈ acos(nuclear / (norm(Z) * norm(W)))
    turn = Matrix(qr(randn(rng, 4, 4)).Q)
    @test similarity(X, turn * X .+ 3, kind = "procrustes").value < 1e-6
end

@testset "dissimilarities and neighbours" begin
    rng = MersenneTwister(83)
    X = randn(rng, 6, 24)
    Y = 0.7 .* X[1:5, :] .+ randn(rng, 5, 24)
    rdm(A, distance) = [distance(A[:, i], A[:, j]) for (i, j) in pairs_below(size(A, 2))]
    cosine(a, b) = 1 - dot(a, b) / (norm(a) * norm(b))
    kinds = Dict("correlation" => (a, b) -> 1 - correlation(a, b), "cosine" => cosine,
        "squared_l2" => (a, b) -> sum(abs2, a - b) / length(a))
    kendall(u, v) = (p = pairs_below(length(u)); sum(sign(u[i] - u[j]) * sign(v[i] - v[j]) for (i, j) in p) / length(p))
    comparisons = Dict("pearson" => correlation, "spearman" => (u, v) -> correlation(mean_rank(u), mean_rank(v)),
        "cosine" => (u, v) -> dot(u, v) / (norm(u) * norm(v)), "kendall" => kendall)
    for (name, distance) in kinds, (comparison, compare) in comparisons
        r = similarity(X, Y, kind = "rsa", rdm = name, comparison = comparison)
        @test r.value ≈ compare(rdm(X, distance), rdm(Y, distance)) && r.n_pairs == 24 * 23 ÷ 2
    end
    conditions = repeat(["a", "b", "c", "d"], 6)
    mean_by(A, c) = vec(sum(A[:, conditions .== c], dims = 2)) ./ count(==(c), conditions)
    averaged(A) = reduce(hcat, [mean_by(A, c) for c in ("a", "b", "c", "d")])
    r = similarity(X, Y, kind = "rsa", y = conditions)
    @test r.n_pairs == 6 && r.value ≈ similarity(averaged(X), averaged(Y), kind = "rsa").value
    @test similarity(X, Y, kind = "rsa", y = conditions, ignore = "d").n_pairs == 3
    runs = repeat([1, 2, 3], inner = 8)
    r = similarity(X, X .+ 0.1, kind = "rsa", rdm = "crossnobis", y = conditions, partitions = runs)
    @test r.value ≈ 1

    own, others = neighbors(X, 4).indices, neighbors(Y, 4).indices
    r = similarity(X, Y, kind = "mutual_knn", k = 4)
    @test r.value ≈ sum(length(intersect(own[:, i], others[:, i])) for i in 1:24) / (24 * 4)
    @test r.chance ≈ 4 / 23
    everyone, k = neighbors(Y, 23).indices, 2
    rank(i, j) = findfirst(==(j), everyone[:, i])
    r = similarity(X, Y, kind = "information_imbalance", k = k)
    @test r.value ≈ 2 / 24 * sum(rank(i, j) for i in 1:24 for j in own[1:k, i]) / (24 * k)
    turned = similarity(X, Y, kind = "mutual_knn", metric = "cosine")
    @test turned.value ≈ similarity(5 .* X, Y, kind = "mutual_knn", metric = "cosine").value
end

@testset "refusals of similarity" begin
    rng = MersenneTwister(84)
    X, Y = randn(rng, 3, 20), randn(rng, 4, 20)
    @test refusal(() -> similarity(X, Y[:, 1:9])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> similarity(X, Y, k = 3)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> similarity(X, Y, kind = "svcca", batch = 5)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> similarity(X, Y, kind = "mutual_knn", k = 20)) == "CONCEPTDEC_EK"
    @test refusal(() -> similarity(X, Y, variance = 0.5)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> similarity(X, Y, kind = "svcca", variance = 0.0)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> similarity(X .* [1, Inf, 1], Y)) == "CONCEPTDEC_ENONFINITE"
    @test refusal(() -> similarity(X, Y, symmetric = true)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> similarity(X, Y, confidence = 0.9)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> similarity(X, Y, kind = "rsa", rdm = "crossnobis")) == "CONCEPTDEC_ENULL"
    @test thrown(() -> similarity(X)) isa ArgumentError
    @test thrown(() -> similarity(X, Y, kind = "cka")) isa ArgumentError
    @test thrown(() -> similarity(X, Y, kernel = "poly")) isa ArgumentError
    @test thrown(() -> similarity(X, Y, kind = "rsa", rdm = "l1")) isa ArgumentError
    @test thrown(() -> similarity(X, Y, kind = "rsa", comparison = "tau")) isa ArgumentError
    @test thrown(() -> similarity(X, Y, knd = "rsa")) isa ArgumentError
    @test thrown(() -> similarity(X, "text")) isa ArgumentError
    @test thrown(() -> similarity(X, Y, kind = "rsa", y = [1, missing, fill(2, 18)...])) isa ArgumentError
end
