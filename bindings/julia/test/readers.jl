# Samples that do not lie in memory, and what the search screens with.

"A reader of an array's samples that fails at one of its calls."
function counting_reader(X; fail_at = 0)
    calls = Ref(0)
    reader = RowReader(size(X, 2), size(X, 1), eltype(X)) do first, count
        calls[] += 1
        calls[] == fail_at && error("sample $first is gone")
        X[:, first:first+count-1]
    end
    return reader, calls
end

@testset "readers" begin
    rng = MersenneTwister(5)
    X = Float64.(rand(rng, -8:8, 12, 90))
    X[:, 60] = X[:, 4]
    y = rand(rng, ["a", "b", "c"], 90)
    same(nb, expected) = nb.indices == expected.indices && nb.distances == expected.distances
    for (A, dtype) in ((X, nothing), (Float32.(X), nothing), (Float16.(X), nothing), (bfloat16(X), "bfloat16")),
        metric in ("l2", "cosine")

        reader, calls = counting_reader(A)
        expected = neighbors(A, 5, metric = metric, dtype = dtype)
        @test same(neighbors(reader, 5, metric = metric, dtype = dtype), expected)
        @test calls[] > 0
        queried = neighbors(A, 5, queries = A[:, 1:7], metric = metric, dtype = dtype)
        some = counting_reader(A[:, 1:7])[1]
        @test same(neighbors(reader, 5, queries = some, metric = metric, dtype = dtype), queried)
    end
    reader, _ = counting_reader(X)
    expected = knn_decodability(X, y, k = 4, protocol = "kfold")
    @test knn_decodability(reader, y, k = 4, protocol = "kfold").confusion == expected.confusion
    @test knn_decodability(neighbors(reader, 1), y, k = 4, protocol = "kfold").confusion == expected.confusion
    @test sweep([reader, X], y, k = 4).confusion == sweep([X, X], y, k = 4).confusion
    @test neighbors(reader, 3, threads = 1).n == 90
    @test thrown(() -> neighbors(reader, 3, threads = 2)) isa ArgumentError
    @test sprint(show, reader) == "RowReader(12 x 90 Float64)"
    @test (size(reader), eltype(reader)) == ((12, 90), Float64)
end

@testset "a reader that fails" begin
    X = randn(MersenneTwister(6), 130, 3000) # 48 blocks
    y = repeat(1:3, 1000)
    for fail_at in (1, 2, 5, 40)
        for call in (A -> neighbors(A, 3), A -> knn_decodability(A, y, k = 3), A -> sweep([A], y, k = 3))
            reader, calls = counting_reader(X, fail_at = fail_at)
            failure = thrown(() -> call(reader))
            @test failure isa ErrorException && occursin("is gone", failure.msg)
            @test calls[] == fail_at
        end
    end
    failing, calls = counting_reader(X, fail_at = 3)
    @test thrown(() -> neighbors(failing, 3)) isa ErrorException
    calls[] = 100
    @test neighbors(failing, 3).indices == neighbors(X, 3).indices # and can be read again
    grid = sweep([counting_reader(X, fail_at = 2)[1], X], y, k = 3)
    @test grid.status == [ConceptDec.CONCEPTDEC_EREAD, 0]

    for block in (randn(9, 2), randn(Float32, 9, 1), randn(9), nothing)
        @test thrown(() -> neighbors(RowReader((first, count) -> block, 50, 9, Float64), 3)) isa ArgumentError
    end
    @test thrown(() -> neighbors(RowReader((first, count) -> zeros(Int, 9, count), 50, 9, Int), 3)) isa ArgumentError
    @test refusal(() -> neighbors(RowReader((first, count) -> X, 0, 9, Float64), 3)) == "CONCEPTDEC_ESIZE"
end

@testset "screening" begin
    X = randn(MersenneTwister(7), Float32, 40, 600)
    y = repeat(1:3, 200)
    expected, scores = neighbors(X, 4), knn_decodability(X, y, k = 4)
    @test expected.screening in ("int8", "float32", "float64")
    for (number, word) in enumerate(("int8", "float32", "float64"))
        nb = neighbors(X, 4, screening = word)
        @test nb.screening == word && nb.n_refined > 0
        @test nb.indices == expected.indices && nb.distances == expected.distances
        r = knn_decodability(X, y, k = 4, screening = word)
        @test r.confusion == scores.confusion
        @test ConceptDec.parse_json(to_json(r))["diagnostics"]["screening"] == number
        @test sweep([X], y, k = 4, screening = word).confusion[1, :, :, :] == scores.confusion
    end
    @test neighbors(X, 4, screening = "auto").indices == expected.indices
    @test thrown(() -> neighbors(X, 4, screening = "int4")) isa ArgumentError
    mktempdir() do folder
        save_neighbors(expected, joinpath(folder, "table"))
        loaded = load_neighbors(joinpath(folder, "table"))
        @test loaded.screening === nothing && loaded.n_refined == 0
    end
end
