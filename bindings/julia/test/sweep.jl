@testset "sweep" begin
    rng = MersenneTwister(20)
    y = repeat(["a", "b", "c"], 20)
    layers = [randn(rng, 5, 60), randn(rng, Float32, 8, 60), randn(rng, Float16, 3, 60)]
    r = sweep(layers, y, k = [2, 5], bootstrap = 50)
    @test size(r.decodability) == (3, 2)
    @test size(r.confusion) == (3, 2, 3, 3)
    @test r.classes == ["a", "b", "c"]
    @test r.status == [0, 0, 0] && r.messages == ["", "", ""]
    for (layer, X) in enumerate(layers)
        single = knn_decodability(X, y, k = [2, 5], bootstrap = 50)
        @test r.decodability[layer, :] == single.decodability
        @test r.per_concept[layer, :, :] == single.per_concept
        @test r.ci_low[layer, :] == single.ci_low
    end
    @test all(isnan, r.difference[1, :])
    @test r.difference[2:3, :] ≈ r.decodability[2:3, :] - r.decodability[1:2, :] atol = 1e-12
    @test sweep(Tuple(layers), y, k = [2, 5]).decodability == r.decodability
end

@testset "grids" begin
    rng = MersenneTwister(21)
    y = rand(rng, 1:3, 50)
    A = randn(rng, 4, 50, 2, 3)
    cells = [A[:, :, step, layer] for step in 1:2, layer in 1:3]
    expected = [knn_decodability(cells[step, layer], y, k = 4).decodability[1] for step in 1:2, layer in 1:3]
    @test sweep(A, y, k = 4).decodability[:, :, 1] == expected
    @test sweep(cells, y, k = 4).decodability[:, :, 1] == expected
    @test sweep(view(A, 4:-1:1, :, 2:-1:1, :), y, k = 4).decodability[:, :, 1] ≈ expected[2:-1:1, :]
    turned = PermutedDimsArray(permutedims(A, (2, 1, 4, 3)), (2, 1, 4, 3))
    @test sweep(turned, y, k = 4).decodability[:, :, 1] == expected
    r = sweep(A, y, k = 4)
    @test r.difference[:, 2:3, 1] ≈ expected[:, 2:3] - expected[:, 1:2] atol = 1e-12

    A[3, 20, 2, 2] = NaN
    r = sweep(A, y, k = 4)
    @test r.status == [0 0 0; 0 ConceptDec.CONCEPTDEC_ENONFINITE 0]
    @test occursin("row 19", r.messages[2, 2])
    @test isnan(r.decodability[2, 2, 1])
    @test r.decodability[2, 3, 1] == expected[2, 3] && r.decodability[1, :, 1] == expected[1, :]
    @test refusal(() -> sweep(A[:, :, 2:2, 2:2], y, k = 4)) == "CONCEPTDEC_ENONFINITE"
end

@testset "views that are no sweep" begin
    y = repeat(1:2, 20)
    @test thrown(() -> sweep(randn(4, 40), y)) isa ArgumentError
    @test thrown(() -> sweep([randn(4, 40), "text"], y)) isa ArgumentError
    @test thrown(() -> sweep([randn(4, 40)], y, metrics = "svm")) isa ArgumentError
    @test sweep([randn(4, 40), randn(4, 39)], y).status == [0, ConceptDec.CONCEPTDEC_ESIZE]
    @test refusal(() -> sweep(Matrix{Float64}[], y)) == "CONCEPTDEC_ESIZE"
end
