# Samples handed over one by one, against what they say all together.

@testset "accumulators" begin
    rng = MersenneTwister(80)
    classes = ["noun", "verb", "adj"]
    y = rand(rng, classes, 300)
    layers = [randn(rng, Float32, 5, 300), randn(rng, Float32, 8, 300)]
    rows = Accumulator([5, 8], classes, reservoir = 20, seed = 3)
    blocks = Accumulator([5, 8], classes, reservoir = 20, seed = 3)
    for (layer, X) in enumerate(layers)
        for i in 1:300
            add!(rows, layer, X[:, i], y[i])
        end
        add!(blocks, layer, X[:, 1:77], y[1:77])
        add!(blocks, layer, view(permutedims(X)', :, 78:300), y[78:300])
    end
    @test sprint(show, rows) == "ConceptDec.Accumulator(2 layers of d = 5 to 8, 3 classes, float32)"
    for (layer, X) in enumerate(layers)
        known = rows[layer]
        expected = concept_vectors(Float64.(X), y, classes = classes)
        @test known.class_count == expected.class_count == [count(==(c), y) for c in classes]
        @test known.means ≈ expected.means rtol = 1e-10
        @test known.differences ≈ expected.vectors rtol = 1e-10
        within(i, j) = (mine = X[j, y .== classes[i]]; sum(abs2, mine .- expected.means[i, j]) / length(mine))
        @test known.variances ≈ [within(i, j) for i in 1:3, j in 1:size(X, 1)] rtol = 1e-10
        kept = known.sample
        @test size(kept.X) == (size(X, 1), 60) && eltype(kept.X) == Float32
        @test sort(kept.y) == sort(repeat(classes, inner = 20))
        places = [findfirst(i -> layers[layer][:, i] == kept.X[:, j], 1:300) for j in 1:60]
        @test allunique(places) && y[places] == kept.y
        @test known.arrivals == [count(==(y[i]), y[1:i-1]) for i in places]
        @test known.producers == zeros(60)
        @test blocks[layer].sample == kept && blocks[layer].means == known.means
        @test knn_decodability(kept.X, kept.y, k = 3).n_scored == 60
    end
    @test rows[1].sample.y == rows[2].sample.y && rows[1].arrivals == rows[end].arrivals
    close(rows)
    @test thrown(() -> rows[1].means) isa ArgumentError && occursin("closed", sprint(show, rows))
end

@testset "accumulators are merged" begin
    rng = MersenneTwister(81)
    X, y = randn(rng, 4, 200), rand(rng, 1:2, 200)
    empty(producer; dims = 4, reservoir = 10, classes = 1:2) =
        Accumulator(dims, classes, dtype = "float64", reservoir = reservoir, producer = producer)
    part(producer) = add!(empty(producer), 1, X[:, producer:2:end], y[producer:2:end])
    whole = add!(empty(0), 1, X, y)
    a, b = merge!(part(1), part(2)), merge!(part(2), part(1))
    @test a[1].means ≈ whole[1].means && a[1].variances ≈ whole[1].variances
    @test a[1].class_count == whole[1].class_count
    columns(s) = sort([(s.y[i], s.X[:, i]) for i in 1:length(s.y)])
    @test columns(a[1].sample) == columns(b[1].sample) && sort(unique(a[1].producers)) == [1, 2]
    @test refusal(() -> merge!(a, empty(7, dims = 5))) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> merge!(a, empty(7, reservoir = 11))) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> merge!(a, part(1))) == "CONCEPTDEC_EINVAL" # it is in there
    @test thrown(() -> merge!(a, empty(7, classes = 2:3))) isa ArgumentError
end

@testset "moments of accumulators" begin
    rng = MersenneTwister(82)
    X, y = randn(rng, 4, 120), rand(rng, ["a", "b"], 120)
    kept(word; reservoir = 0) =
        add!(Accumulator(4, ["a", "b"], dtype = "float64", moments = word, reservoir = reservoir), 1, X, y)
    m = kept("variances")[1].moments
    @test m isa ClassMoments && m.classes == ["a", "b"] && m.n_samples == 120
    @test m.variances ≈ kept("variances")[1].variances
    @test m.variances ≈ add!(ClassMoments(4, ["a", "b"], variances = true), X, y).variances
    pooled = kept("pooled")[1].moments
    @test pooled.within ≈ add!(ClassMoments(4, ["a", "b"], pooled = true), X, y).within
    @test transform(fit_eraser(pooled), X) ≈ transform(fit_eraser(X, y), X)
    scatters = kept("scatters")[1].moments
    @test scatters.scatter ≈ add!(ClassMoments(4, ["a", "b"]), X, y).scatter
    @test scatters.variances ≈ m.variances && length(subspaces(scatters, rank = 2)) == 2
    sample = kept("nothing", reservoir = 5)[1]
    @test size(sample.sample.X) == (4, 10) && sample.class_count == [count(==(c), y) for c in ("a", "b")]
    @test refusal(() -> sample.moments) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> sample.means) == refusal(() -> sample.variances) == "CONCEPTDEC_ENAME"
    @test refusal(() -> m.scatter) == "CONCEPTDEC_ENAME"
    @test refusal(() -> kept("nothing")) == "CONCEPTDEC_EINVAL" # of nothing at all
    @test refusal(() -> kept("variances")[1].sample) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> ClassMoments(4, 1:2, variances = true, means = true)) == "CONCEPTDEC_EINVAL"
end

@testset "what accumulators refuse" begin
    X = randn(MersenneTwister(83), Float32, 4, 10)
    a = Accumulator(4, [3, 5], layers = 2, reservoir = 3)
    @test add!(a, 2, X, fill(3, 10)) === a && length(a) == 2
    @test refusal(() -> add!(a, 1, [1f0, NaN32, 0, 0], 3)) == "CONCEPTDEC_ENONFINITE"
    bad = copy(X)
    bad[2, 7] = Inf32
    @test occursin("row 6", thrown(() -> add!(a, 1, bad, fill(3, 10))).text)
    @test refusal(() -> add!(a, 1, X[1:3, :], fill(3, 10))) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> add!(a, 1, X, fill(3, 9))) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> add!(a, 1, Float64.(X), fill(3, 10))) == "CONCEPTDEC_EDTYPE"
    for call in (() -> add!(a, 1, X, fill(4, 10)), () -> add!(a, 1, X[:, 1], 4), () -> add!(a, 0, X[:, 1], 3),
                 () -> add!(a, 3, X, fill(3, 10)), () -> add!(a, 1, X[1:3, 1], 3),
                 () -> add!(a, 1, Float64.(X[:, 1]), 3),
                 () -> a[3], () -> Accumulator(4, [1, 1]), () -> Accumulator([4, 5], 1:2, layers = 3),
                 () -> Accumulator(4, 1:2, dtype = "int8"), () -> Accumulator(4, 1:2, moments = "all"),
                 () -> Accumulator(4, 1:2, size = 3))
        @test thrown(call) isa ArgumentError
    end
    @test a[1].class_count == [0, 0] && all(isnan, a[1].means)
    add!(a, 1, X, fill(4, 10), ignore = 4)
    add!(a, 1, X[:, 1], missing, ignore = missing)
    @test a[1].class_count == [0, 0] && a[2].class_count == [10, 0]
    brain = add!(Accumulator(4, 1:1, dtype = "bfloat16", reservoir = 10), 1, bfloat16(X), fill(1, 10))
    @test eltype(brain[1].sample.X) == UInt16 && add!(brain, 1, bfloat16(X)[:, 3], 1)[1].class_count == [11]
end
