# Texts of errors speak of the arguments by the names that they have here.

@testset "names of arguments in errors" begin
    rng = MersenneTwister(71)
    X, y = randn(rng, 3, 20), repeat(1:2, 10)
    short, bad = X[:, 1:9], copy(X)
    bad[2, 4] = NaN
    text(call) = (failure = thrown(call); failure isa ConceptDecError ? failure.text : failure)
    for (call, begins) in (
        (() -> neighbors(bad, 3), "X: non-finite value at row 3, column 1"),
        (() -> neighbors(X, 3, queries = X[1:2, :]), "queries: 2 columns, but X has 3"),
        (() -> transform(umap(X, n_neighbors = 3), X[1:2, :]), "X: 2 columns, but the embedded X has 3"),
        (() -> neighbors(X, 30), "k: 30 is not in 1..19 (X has 20 rows)"),
        (() -> knn_decodability(X, y[1:7]), "y: 7 rows, but X has 20"),
        (() -> knn_decodability(X, y, k = [1, 99]), "k: 99 at place 1"),
        (() -> knn_decodability(X, y, k = Int[]), "number of k: 0 is not in"),
        (() -> sweep([bad, bad], y, k = 3), "views: non-finite value"),
        (() -> probe_regression(X, randn(rng, 7)), "t: 7 rows, but X has 20"),
        (() -> fit_probe(X, y, lambda_ = -1.0), "lambda_: "),
        (() -> embedding_quality(X, short[1:2, :], 3), "E: 9 rows, but X has 20"),
        (() -> umap(X, n_neighbors = 3, init = short[1:2, :]), "init: 9 x 2, must be 20 x 2"),
        (() -> align(X, short), "reference: 9 x 3, but Z is 20 x 3"),
        (() -> sweep(typeof(X)[], y), "number of views: 0 is less than 1"),
        (() -> similarity(typeof(X)[]), "number of A: 0 is not in"),
        (() -> fit_eraser(X, nothing), "y: is nothing"),
        (() -> save_activations("x.npy", X, metadata = Dict("a" => "b")), "metadata: a .npy file holds none"),
        (() -> save_activations("x.npy", ["a" => X, "b" => X]), "arrays: a .npy file holds one array, not 2"),
        (() -> probe_regression(X, 1e200 * X[1, :]), "t: "),
        (() -> aligned_umap([X, short]), "views[1]: 9 rows, but views[0] has 20"),
        (() -> subspaces(bad, y), "X: non-finite value at row 3"),
        (() -> subspaces([X, bad], y), "X[1]: non-finite value at row 3"),
        (() -> subspace_overlap(bad, y), "X: non-finite value at row 3"),
        (() -> similarity(X, short), "B: 9 rows, but A has 20"),
        (() -> similarity([X, X], [X, short]), "B[1]: 9 rows, but A[0] has 20"),
        (() -> add!(ClassMoments(3, [1, 2]), X[1:2, :], y), "X: 2 columns"),
        (() -> add!(Accumulator(3, [1, 2]; dtype = "float64"), 1, bad, y), "X: row 3: NaN"),
    )
        found = text(call)
        @test found isa String && startswith(found, begins)
        found isa String && startswith(found, begins) || println(stderr, "expected $begins, found ", repr(found))
    end
    shown = sprint(showerror, thrown(() -> aligned_umap([X, short])))
    @test endswith(shown, "(CONCEPTDEC_ESIZE); places in lists count from 0")
end

@testset "missing values" begin
    X, y = randn(MersenneTwister(72), 3, 20), Vector{Union{Missing,Int}}(repeat(1:2, 10))
    @test probe(X, y).classes == [1, 2] && probe(X, y, weights = y).n_scored == [20]
    y[4] = missing
    for (name, call) in (("y", () -> probe(X, y)), ("groups", () -> probe(X, repeat(1:2, 10), groups = y)),
        ("weights", () -> probe(X, repeat(1:2, 10), weights = y)))
        failure = thrown(call)
        @test failure isa ArgumentError && startswith(failure.msg, "$name: missing at place 4")
    end
    failure = thrown(() -> probe(X, repeat(1:2, 10), protocol = "split", train = y .> 1))
    @test failure isa ArgumentError && startswith(failure.msg, "train: ")
    @test probe(X, y, ignore = missing).n_scored == [19]
end
