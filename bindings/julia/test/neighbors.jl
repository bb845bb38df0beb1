@testset "neighbours equal brute force" begin
    rng = MersenneTwister(2)
    for X in (randn(rng, 9, 60), Float64.(rand(rng, 0:2, 3, 80)), randn(rng, Float32, 33, 41))
        nb = neighbors(X, 10)
        indices, distances = brute_neighbors(X, 10)
        @test nb.indices == indices
        @test nb.distances ≈ distances rtol = 1e-14
        @test (nb.k, nb.n) == (10, size(X, 2))
        @test nb.count == fill(10, size(X, 2))
        squares = [ordered(X, i, (i, j) -> true)[2] for i in axes(X, 2)]
        @test nb.ties == [count(==(s[10]), s[11:end]) for s in squares]
        found, far = neighbors_row(nb, 5)
        @test length(found) == 10 + nb.ties[5]
        @test found == ordered(X, 5, (i, j) -> true)[1][1:length(found)]
        @test far[1:10] == nb.distances[:, 5]
        @test refusal(() -> neighbors_row(nb, 0)) == "CONCEPTDEC_ESIZE"
        @test refusal(() -> neighbors_row(nb, size(X, 2) + 1)) == "CONCEPTDEC_ESIZE"
    end
end

@testset "cosine" begin
    X = randn(MersenneTwister(3), 8, 30)
    X[:, 7] .= 0
    nb = neighbors(X, 29, metric = "cosine")
    length_of(i) = max(norm(X[:, i]), floatmin())
    for i in (1, 7), place in 1:29
        j = nb.indices[place, i]
        @test nb.distances[place, i] ≈ 1 - dot(X[:, i], X[:, j]) / (length_of(i) * length_of(j)) atol = 1e-12
    end
end

@testset "groups, queries" begin
    rng = MersenneTwister(4)
    X, groups = randn(rng, 5, 40), rand(rng, ["a", "b", "c"], 40)
    nb = neighbors(X, 12, groups = groups)
    @test nb.indices == brute_neighbors(X, 12, eligible = (i, j) -> groups[i] != groups[j])[1]

    Q, query_groups = randn(rng, Float32, 5, 7), rand(rng, ["a", "c", "z"], 7)
    nb = neighbors(X, 3, queries = Q, groups = groups, query_groups = query_groups)
    for i in 1:7
        allowed = findall(!=(query_groups[i]), groups)
        order = sortperm([squared_distance(Q[:, i], X[:, j]) for j in allowed])
        @test nb.indices[:, i] == allowed[order[1:3]]
    end

    alone = vcat(fill(1, 38), [2, 3])
    nb = neighbors(X, 5, groups = alone)
    @test nb.count[1] == 2
    @test nb.indices[3:5, 1] == [0, 0, 0]
    @test all(isnan, nb.distances[3:5, 1])
    @test refusal(() -> neighbors(X, 5, groups = alone, strict = true)) == "CONCEPTDEC_EFEWELIGIBLE"
end

@testset "a table outlives its owner, and its array the table" begin
    X = randn(MersenneTwister(5), 5, 300)
    nb = neighbors(X, 10)
    expected = copy(nb.distances)
    arrays = [neighbors(X, 10).distances for _ in 1:20]
    parts = [view(neighbors(X, 10).indices, :, 2:5) for _ in 1:20]
    for _ in 1:5
        GC.gc()
        [rand(10, 300) for _ in 1:20]
    end
    @test all(==(expected), arrays)
    @test all(==(nb.indices[:, 2:5]), parts)
    @test nb.distances isa Matrix{Float64}
    @test pointer(nb.distances) == pointer(nb.distances)
end

@testset "save and load" begin
    X, y = randn(MersenneTwister(6), 5, 60), repeat(1:3, 20)
    nb = neighbors(X, 6)
    mktempdir() do folder
        path = joinpath(folder, "table")
        save_neighbors(nb, path)
        again = load_neighbors(path)
        @test again.indices == nb.indices
        @test again.distances == nb.distances
        @test refusal(() -> knn_decodability(again, y, k = 20)) == "CONCEPTDEC_ESHALLOW"
        @test knn_decodability(load_neighbors(path, X), y, k = 20).decodability ==
              knn_decodability(X, y, k = 20).decodability
        write(path, read(path)[1:end-9])
        @test refusal(() -> load_neighbors(path)) == "CONCEPTDEC_EFORMAT"
        @test refusal(() -> load_neighbors(joinpath(folder, "none"))) == "CONCEPTDEC_EIO"
        @test refusal(() -> save_neighbors(nb, joinpath(folder, "no", "folder"))) == "CONCEPTDEC_EIO"
    end
end

@testset "refusals name the argument" begin
    X = randn(4, 20)
    @test refusal(() -> neighbors(X, 0)) == "CONCEPTDEC_EK"
    @test refusal(() -> neighbors(X, 20)) == "CONCEPTDEC_EK"
    @test refusal(() -> neighbors(X[:, 1:1], 1)) == "CONCEPTDEC_ETOOFEW"
    @test refusal(() -> neighbors(X, 3, groups = 1:19)) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> neighbors(X, 3, queries = randn(5, 3))) == "CONCEPTDEC_ESIZE"
    @test thrown(() -> neighbors(X, 3, metric = "l1")) isa ArgumentError
    for value in (NaN, Inf, -Inf)
        Y = copy(X)
        Y[3, 18] = value
        failure = thrown(() -> neighbors(Y, 3))
        @test failure.status == ConceptDec.CONCEPTDEC_ENONFINITE
        @test occursin("row 17", failure.text) && occursin("column 2", failure.text)
        @test occursin("counted from 0", sprint(showerror, failure))
    end
end
