"Compares a result at one k with brute force."
function agrees(r, brute; at = 1)
    @test r.classes == brute.classes
    @test r.decodability[at] ≈ brute.decodability rtol = 1e-13
    @test r.per_concept[at, :] ≈ brute.per_concept rtol = 1e-13
    @test r.balanced[at] ≈ sum(brute.per_concept) / length(brute.classes) rtol = 1e-13
    @test r.confusion[at, :, :] ≈ brute.confusion rtol = 1e-13
    @test r.label_overlap[at] ≈ brute.label_overlap rtol = 1e-13
    @test r.tie_rate[at] ≈ brute.tie_rate rtol = 1e-13
    @test r.boundary_tie_rate[at] ≈ brute.boundary_tie_rate rtol = 1e-13
    @test r.n_scored == brute.n_scored
end

@testset "decodability equals brute force" begin
    rng = MersenneTwister(10)
    y = rand(rng, ["noun", "verb", "adj", "adv"], 90)
    for X in (Float64.(rand(rng, 0:2, 2, 90)), Float32.(rand(rng, 0:3, 3, 90)), randn(rng, 6, 90))
        r = knn_decodability(X, y, k = [3, 10, 1])
        @test r.k == [3, 10, 1]
        for (at, k) in enumerate(r.k)
            agrees(r, brute_decodability(X, y, k), at = at)
        end
        agrees(knn_decodability(neighbors(X, 5), y), brute_decodability(X, y, 10))
        agrees(knn_decodability(X, y, ignore = "adv"), brute_decodability(X, y, 10, ignored = ("adv",)))
    end
end

@testset "protocols" begin
    rng = MersenneTwister(11)
    X, y = Float64.(rand(rng, 0:3, 3, 80)), rand(rng, 10:12, 80)
    groups, train = rand(rng, 'a':'h', 80), rand(rng, Bool, 80)
    other_group(i, j) = groups[i] != groups[j]
    agrees(knn_decodability(X, y, k = 5, protocol = "group", groups = groups),
        brute_decodability(X, y, 5, eligible = other_group))

    r = knn_decodability(X, y, k = 5, protocol = "kfold", folds = 4, seed = 3)
    @test sort(unique(r.fold)) == 1:4
    agrees(r, brute_decodability(X, y, 5, eligible = (i, j) -> r.fold[i] != r.fold[j]))
    r = knn_decodability(X, y, k = 5, protocol = "kfold", folds = 4, groups = groups, stratified = false)
    @test all(length(unique(r.fold[groups .== g])) == 1 for g in unique(groups))

    brute = brute_decodability(X, y, 5, eligible = (i, j) -> !train[i] && train[j])
    agrees(knn_decodability(X, y, k = 5, protocol = "split", train = train), brute)
    @test brute.n_scored == count(!, train)
    @test knn_decodability(randn(rng, 3, 80), y, k = 1, protocol = "resubstitution").decodability == [1.0]
end

@testset "options reach the library" begin
    rng = MersenneTwister(12)
    X, y = Float64.(rand(rng, 0:2, 3, 70)), rand(rng, 1:3, 70)
    chosen(; options...) = knn_decodability(X, y; options...).options
    base = chosen()
    for change in ((metric = "cosine",), (weights = "distance",), (ties = "nearest",), (boundary = "index",),
                   (permute = "within", groups = rand(rng, 1:9, 70)), (bootstrap = 9, confidence = 0.5),
                   (permutations = 9,), (bootstrap = 9,), (chance_draws = 9,), (strict = true,),
                   (weights = "softmax", metric = "cosine", temperature = 0.5))
        @test chosen(; change...) != base
    end
    @test !haskey(knn_decodability(X, y, confusion = false), "confusion")
    @test occursin("\"seed\":18446744073709551615", to_json(knn_decodability(X, y, seed = typemax(UInt64))))
    @test isnan(knn_decodability(X, y, chance_draws = 0).kappa[1])
    @test chosen(metric = :cosine) == chosen(metric = "cosine")
    smallest = knn_decodability(X, y, k = 2, ties = "smallest").confusion
    @test all(isinteger, smallest)
    for option in (:metric, :protocol, :weights, :ties, :boundary, :permute)
        @test thrown(() -> knn_decodability(X, y; Dict(option => "other")...)) isa ArgumentError
    end
    for idle in ((folds = 4,), (stratified = false,), (temperature = 0.1,), (confidence = 0.9,), (groups = y,),
                 (permutations = 9, chance_draws = 9), (chance_draws = 0, permute = "within", groups = y),
                 (protocol = "group", groups = 1:70, folds = 4))
        @test refusal(() -> knn_decodability(X, y; idle...)) == "CONCEPTDEC_EINVAL"
    end
    @test thrown(() -> knn_decodability(X, y, kk = 3)) isa ArgumentError
    @test thrown(() -> knn_decodability(X, y, k = 2.5)) isa ArgumentError
end

@testset "chance, null and interval" begin
    rng = MersenneTwister(13)
    y = repeat(1:4, 30)
    X = randn(rng, 5, 120)
    X[1, :] .+= 2 .* y
    r = knn_decodability(X, y, k = [5, 10], permutations = 99, bootstrap = 200, seed = 1)
    @test size(r.null) == (99, 2)
    @test r.chance_null ≈ vec(sum(r.null, dims = 1)) ./ 99
    @test r.kappa ≈ (r.decodability .- r.chance_null) ./ (1 .- r.chance_null)
    @test r.p_value == [(1 + count(r.null[:, i] .>= r.decodability[i])) / 100 for i in 1:2]
    @test r.p_value == [0.01, 0.01]
    @test all(r.ci_low .< r.decodability .< r.ci_high)
    @test r.chance_uniform == 0.25 && r.chance_majority == 0.25
    again = knn_decodability(X, y, k = [5, 10], permutations = 99, bootstrap = 200, seed = 1, threads = 1)
    @test again.null == r.null && again.ci_low == r.ci_low
    @test knn_decodability(X, y, k = [5, 10], permutations = 99, seed = 2).null != r.null
end

@testset "several label sets" begin
    rng = MersenneTwister(14)
    X, Y = randn(rng, 5, 60), rand(rng, 1:3, 60, 2)
    r = knn_decodability(X, Y, k = [2, 4], permutations = 20)
    @test size(r.decodability) == (2, 2)
    @test size(r.confusion) == (2, 2, 3, 3)
    @test size(r.null) == (2, 20, 2)
    for set in 1:2
        single = knn_decodability(X, Y[:, set], k = [2, 4])
        @test r.decodability[set, :] == single.decodability
        @test r.per_concept[set, :, :] == single.per_concept
        @test r.confusion[set, :, :, :] == single.confusion
    end
end

@testset "result" begin
    X, y = randn(MersenneTwister(15), 4, 40), repeat(["yes", "no"], 20)
    r = knn_decodability(X, y, k = 3)
    @test r.decodability === r["decodability"] === r[:decodability]
    @test :decodability in keys(r) && haskey(r, "kappa") && !haskey(r, "kapa")
    for asked in (() -> r.kapa, () -> r["kapa"], () -> r[:kapa])
        @test thrown(asked) isa KeyError && startswith(thrown(asked).key, "kapa; there are ")
        @test occursin("decodability, per_concept, balanced", thrown(asked).key)
    end
    @test Set(keys(to_dict(r))) == Set(string.(keys(r)))
    @test isequal(Dict(r), Dict(name => r[name] for name in keys(r)))
    @test r.n_scored === 40 && r.decodability isa Vector{Float64} && r.class_count == [20, 20]
    json = ConceptDec.parse_json(to_json(r))
    @test json["values"]["classes"] == ["no", "yes"]
    @test json["values"]["decodability"] == r.decodability
    @test r.provenance["version"] == string(version())
    @test r.diagnostics isa Dict && r.options isa Dict && r.messages === nothing
    @test occursin("decodability", repr("text/plain", r))
end

@testset "refusals" begin
    X, y = randn(MersenneTwister(16), 4, 40), repeat(1:2, 20)
    @test refusal(() -> knn_decodability(X, y, k = 0)) == "CONCEPTDEC_EK"
    @test refusal(() -> knn_decodability(X, y, k = [3, 40])) == "CONCEPTDEC_EK"
    @test refusal(() -> knn_decodability(X, y[1:39])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> knn_decodability(X, fill(1, 40))) == "CONCEPTDEC_ESINGLECLASS"
    @test endswith(thrown(() -> knn_decodability(X, fill("a", 40))).text, "Class 0 is \"a\"")
    @test refusal(() -> knn_decodability(X, y, protocol = "group")) == "CONCEPTDEC_EGROUPS"
    @test refusal(() -> knn_decodability(X, y, protocol = "kfold", folds = 1)) == "CONCEPTDEC_EFOLDS"
    @test refusal(() -> knn_decodability(X, y, weights = "softmax")) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> knn_decodability(X, y, bootstrap = 9, confidence = 1.0)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> knn_decodability(X, y, bootstrap = 9, confidence = 0.0)) == "CONCEPTDEC_EINVAL"
    @test thrown(() -> knn_decodability(X, y, protocol = "split", train = fill(2, 40))) isa ArgumentError
end
