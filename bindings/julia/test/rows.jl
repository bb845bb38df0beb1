# Results as tables: every row is found again in the arrays that it comes from.

"Whether each row's field is what `find(row)` reads from the arrays."
agree(find, table, field) = all(row -> isequal(getfield(row, field), find(row)), table)

@testset "rows of scores" begin
    rng = MersenneTwister(60)
    X, y = randn(rng, 5, 60), rand(rng, ["noun", "verb", "adj"], 60)
    r = knn_decodability(X, y, k = [7, 2, 3], permutations = 20)
    table = rows(r)
    @test table isa Vector && isconcretetype(eltype(table)) && eltype(table) <: NamedTuple # a table to Tables.jl
    @test [row.k for row in table] == [7, 2, 3]
    for field in (:decodability, :chance_null, :p_value)
        @test [getfield(row, field) for row in table] == r[field]
    end
    @test all(row -> row.n_scored == 60 && row.chance_uniform == 1 / 3, table)
    @test isempty(intersect(keys(table[1]), (:class_count, :classes, :undecodable, :label_set, :axis_1, :null)))

    place(k) = findfirst(==(k), r.k)
    class(label) = findfirst(==(label), r.classes)
    each = rows(r, :per_concept)
    @test length(each) == 9 && keys(each[1]) == (:k, :concept, :per_concept)
    @test agree(row -> r.per_concept[place(row.k), class(row.concept)], each, :per_concept)
    @test agree(row -> r.confusion[place(row.k), class(row.concept), class(row.predicted)], rows(r, "confusion"),
        :confusion)
    @test agree(row -> r.null[row.draw, place(row.k)], rows(r, :null), :null)
    @test agree(row -> r.class_count[class(row.concept)], rows(r, :class_count), :class_count)

    sets = knn_decodability(X, hcat(y, reverse(y), y), k = [1, 4, 5]) # as many sets as classes as k
    table = rows(sets)
    @test [(row.label_set, row.k) for row in table] == [(set, k) for set in 1:3 for k in (1, 4, 5)]
    for field in (:decodability, :chance_majority)
        at(row) = (row.label_set, findfirst(==(row.k), sets.k))[1:ndims(sets[field])]
        @test agree(row -> sets[field][at(row)...], table, field)
    end
    @test !haskey(table[1], :class_count) && haskey(table[1], :n_zero_rows)

    p = probe(X, y, lambdas = [0.1, 1.0], folds = 4)
    @test [row.lambda_ for row in rows(p)] == [0.1, 1.0] && [row.accuracy for row in rows(p)] == p.accuracy
    @test agree(row -> p.per_fold[findfirst(==(row.lambda_), p.lambda_), row.fold], rows(p, :per_fold), :per_fold)
    @test length(rows(p, :auroc)) == 6
    @test occursin("per_concept", sprint(showerror, thrown(() -> rows(p, :weights))))
    strange = thrown(() -> rows(p, :nothing_of_the_kind))
    @test strange isa ArgumentError
    @test occursin("no table of nothing_of_the_kind; there is one of classes, per_concept, ", strange.msg)
    @test occursin("rows(r) is the only one", sprint(showerror, thrown(() -> rows(geometry(X), "capacity"))))
end

@testset "rows of grids and of what has no k" begin
    rng = MersenneTwister(61)
    y = rand(rng, 1:3, 50)
    r = sweep(randn(rng, 4, 50, 2, 3), y, k = [2, 5])
    table = rows(r)
    @test [(row.axis_1, row.axis_2, row.k) for row in table] == [(i, j, k) for i in 1:2 for j in 1:3 for k in (2, 5)]
    at(row) = (row.axis_1, row.axis_2, findfirst(==(row.k), r.k))
    @test agree(row -> r.decodability[at(row)...], table, :decodability)
    @test agree(row -> r.chance_majority[row.axis_1, row.axis_2], table, :chance_majority)
    @test agree(row -> r.per_concept[at(row)..., row.concept], rows(r, :per_concept), :per_concept)
    @test length(rows(sweep([randn(rng, 3, 50)], hcat(y, y), k = 2))) == 2
    @test all(t -> t isa Vector, (table, rows(r, :per_concept)))

    vectors = concept_vectors(randn(rng, 4, 50), y, splits = 4)
    @test [(row.concept, row.norms, row.class_count) for row in rows(vectors)] ==
        collect(zip(vectors.classes, vectors.norms, vectors.class_count))
    shared = subspace_overlap(randn(rng, 4, 50), y, rank = 3) # as many directions as subspaces
    @test agree(row -> shared.overlap[row.subspace, row.other], rows(shared), :overlap)
    @test !haskey(rows(shared)[1], :variances)
    alike = similarity([randn(rng, 4, 50), randn(rng, 3, 50)])
    @test agree(row -> alike.value[row.axis_1, row.axis_2], rows(alike), :value)
    @test [row.n_removed for row in rows(erasure_curve(randn(rng, 4, 50), y))] == [0, 1, 2]
    shape = geometry(randn(rng, 4, 50), y, capacity_draws = 10)
    @test length(rows(shape)) == 1 && rows(shape)[1].twonn == shape.twonn
    for name in (:silhouette_per_concept, :capacity, :manifold_radius, :manifold_dimension, :capacity_se,
                 :manifold_radius_se, :manifold_dimension_se, :class_count)
        table = rows(shape, name)
        @test [row.concept for row in table] == shape.classes && [row[name] for row in table] == shape[name]
    end
end

@testset "rows of failed cells" begin
    X, y = randn(MersenneTwister(62), 4, 50), repeat(1:2, 25)
    for metrics in ("knn", "probe")
        r = sweep([X, fill(NaN, 4, 50), X], y, metrics = metrics)
        table = rows(r)
        @test r.n_scored[2] == -1 && isequal([row.n_scored for row in table], [50.0, NaN, 50.0])
        @test [row.status for row in table] == r.status && isconcretetype(eltype(table))
        @test isequal([row.class_count for row in rows(r, :class_count)], [25, 25, NaN, NaN, 25, 25])
    end
    @test rows(sweep([X, X], y))[1].n_scored === 50
end
