# Linear probes against the plainest computations: Newton's method, normal equations, class means.

"Shifted classes in noise: d x n, and labels 1..C."
function blobs(rng, d, n, classes; distance = 1.0)
    y = repeat(1:classes, cld(n, classes))[1:n]
    centres = distance .* randn(rng, d, classes)
    return randn(rng, d, n) .+ centres[:, y], y
end

"Weights and intercept of logistic regression for two classes, mean loss + lambda/2 |w|^2, by Newton's method."
function newton(X, positive, lambda; weights = ones(length(positive)))
    A, share = vcat(X, ones(1, size(X, 2))), weights ./ sum(weights)
    penalty = Diagonal(vcat(fill(lambda, size(X, 1)), 0.0))
    w = zeros(size(A, 1))
    for _ in 1:50
        p = 1 ./ (1 .+ exp.(-(A' * w)))
        w -= (A * Diagonal(share .* p .* (1 .- p)) * A' + penalty) \ (A * (share .* (p .- positive)) + penalty * w)
    end
    return w[1:end-1], w[end]
end

"Ridge by normal equations: weighted mean of (t - f)^2 / 2 + lambda/2 |w|^2, intercept free."
function normal_equations(X, T, lambda; weights = ones(size(X, 2)))
    share = weights ./ sum(weights)
    centre, level = X * share, T' * share
    Z, R = X .- centre, T .- level'
    W = (Z * Diagonal(share) * Z' + lambda * I) \ (Z * Diagonal(share) * R)
    return W, level - W' * centre
end

@testset "logistic probes equal Newton's method" begin
    rng = MersenneTwister(40)
    X, y = blobs(rng, 5, 80, 2)
    lambdas = [0.3, 0.01]
    r = probe(X, y, lambdas = lambdas, folds = 4, seed = 2)
    @test r.classes == [1, 2] && r.lambda_ == lambdas && r.converged == [1, 1]
    @test size(r.weights) == (2, 1, 5) && size(r.bias) == (2, 1)
    @test sort(unique(r.fold)) == 1:4
    for (a, lambda) in enumerate(lambdas)
        w, b = newton(X, y .== 2, lambda)
        @test r.weights[a, 1, :] ≈ w rtol = 1e-5
        @test r.bias[a, 1] ≈ b rtol = 1e-5
        decision = zeros(80)
        for fold in 1:4
            train, test = r.fold .!= fold, r.fold .== fold
            w, b = newton(X[:, train], y[train] .== 2, lambda)
            decision[test] = X[:, test]' * w .+ b
            @test r.per_fold[a, fold] ≈ sum((decision[test] .> 0) .== (y[test] .== 2)) / count(test)
        end
        posterior = 1 ./ (1 .+ exp.(-decision))
        own = ifelse.(y .== 2, posterior, 1 .- posterior)
        @test r.decision[a, :, 1] ≈ decision atol = 1e-5
        @test r.posterior[a, :, 2] ≈ posterior atol = 1e-6
        @test r.accuracy[a] ≈ sum((decision .> 0) .== (y .== 2)) / 80
        @test r.log_loss[a] ≈ -sum(log2, own) / 80 rtol = 1e-5
        @test r.predicted[a, :] == ifelse.(decision .> 0, 2, 1)
        @test r.v_information_bits[a] ≈ sum(r.pvi_bits[a, :]) / 80
    end
    @test probe(X, y).lambda_ == [1 / 80]
    @test r.chance == r.chance_majority == r.chance_uniform == 0.5
end

@testset "several classes, weights, balance" begin
    rng = MersenneTwister(41)
    X, y = blobs(rng, 4, 90, 3)
    names = ["noun", "verb", "adj"][y]
    r = probe(X, names, lambdas = 0.05)
    @test r.classes == ["adj", "noun", "verb"]
    @test size(r.weights) == (1, 3, 4) && size(r.posterior) == (1, 90, 3) && size(r.confusion) == (1, 3, 3)
    @test sum(r.posterior, dims = 3)[1, :, 1] ≈ ones(90)
    @test abs(sum(r.weights[1, :, :])) < 1e-6 # of a softmax with a penalty
    # the gradient vanishes
    scores = r.weights[1, :, :] * X .+ r.bias[1, :]
    P = exp.(scores .- maximum(scores, dims = 1))
    P ./= sum(P, dims = 1)
    Y = [r.classes[c] == names[i] for c in 1:3, i in 1:90]
    @test maximum(abs, (P - Y) * X' ./ 90 + 0.05 .* r.weights[1, :, :]) < 1e-6
    @test maximum(abs, sum(P - Y, dims = 2)) < 1e-5
    @test r.predicted[1, :] isa Vector{String}

    y = ifelse.(y .== 1, 0, 1)
    weights = rand(rng, 90)
    fitted = probe(X, y, lambdas = 0.05, weights = weights)
    w, b = newton(X, y .== 1, 0.05, weights = weights)
    @test fitted.weights[1, 1, :] ≈ w rtol = 1e-5
    @test fitted.bias[1] ≈ b rtol = 1e-5
    counts = [count(==(label), y) for label in (0, 1)]
    balanced = probe(X, y, lambdas = 0.05, class_weight = "balanced")
    w, b = newton(X, y .== 1, 0.05, weights = 1 ./ counts[y.+1])
    @test balanced.weights[1, 1, :] ≈ w rtol = 1e-5
    @test balanced.bias[1] ≈ b rtol = 1e-5
end

@testset "ridge and regression equal the normal equations" begin
    rng = MersenneTwister(42)
    X, y = blobs(rng, 6, 60, 3)
    T = hcat(X' * randn(rng, 6), randn(rng, 60))
    weights = rand(rng, 60)
    for options in ((), (weights = weights,)), lambda in (0.1, 0.0)
        own = isempty(options) ? ones(60) : weights
        W, b = normal_equations(X, [2.0 * (y[i] == c) - 1 for i in 1:60, c in 1:3], lambda, weights = own)
        r = probe(X, y, kind = "ridge", lambdas = lambda; options...)
        @test r.weights[1, :, :] ≈ W' rtol = 1e-8
        @test r.bias[1, :] ≈ b rtol = 1e-8
        @test isnan(r.log_loss[1]) && !haskey(r, :posterior)
        W, b = normal_equations(X, T, lambda, weights = own)
        r = probe_regression(X, T, lambdas = lambda; options...)
        @test r.weights[1, :, :] ≈ W' rtol = 1e-8
        @test r.bias[1, :] ≈ b rtol = 1e-8 atol = 1e-10
        for fold in 1:5
            train, test = r.fold .!= fold, r.fold .== fold
            W, b = normal_equations(X[:, train], T[train, :], lambda, weights = own[train])
            @test r.decision[1, test, :] ≈ X[:, test]' * W .+ b' rtol = 1e-8
        end
        for target in 1:2
            t, residual = T[:, target], T[:, target] - r.decision[1, :, target]
            @test r.per_target[1, target] ≈ 1 - sum(abs2, residual) / sum(abs2, t .- sum(t) / 60) rtol = 1e-8
        end
        @test r.r2 ≈ [sum(r.per_target) / 2]
        @test r.n_scored == 60
    end
    single = probe_regression(X, T[:, 1], lambdas = [0.1, 1])
    @test size(single.weights) == (2, 1, 6) && size(single.decision) == (2, 60, 1)
    @test !haskey(single, :classes) && thrown(() -> single.classes) isa KeyError
    @test ConceptDec.parse_json(to_json(single))["values"]["r2"] == single.r2
    @test probe_regression(X, 1:60).lambda_ == [1 / 60]
    loo = probe_regression(X, T, lambdas = 0.1, protocol = "loo") # the other samples keep their shares of 1/60
    W, b = normal_equations(X[:, 2:end], T[2:end, :], 0.1 * 60 / 59)
    @test loo.decision[1, 1, :] ≈ W' * X[:, 1] + b rtol = 1e-8
end

@testset "class means and discriminants" begin
    rng = MersenneTwister(43)
    X, y = blobs(rng, 4, 60, 2)
    centre(c) = vec(sum(X[:, y .== c], dims = 2)) ./ count(==(c), y)
    difference = probe(X, y, kind = "mean_difference")
    @test difference.weights[1, 1, :] ≈ centre(2) - centre(1) rtol = 1e-10
    @test difference.bias[1] ≈ -dot(centre(2) - centre(1), centre(1) + centre(2)) / 2 rtol = 1e-10
    nearest = probe(X, y, kind = "nearest_mean", protocol = "resubstitution")
    closest = [sum(abs2, x - centre(2)) < sum(abs2, x - centre(1)) ? 2 : 1 for x in eachcol(X)]
    @test nearest.predicted[1, :] == closest
    @test isnan(nearest.lambda_[1])

    within = sum((X[:, i] - centre(y[i])) * (X[:, i] - centre(y[i]))' for i in 1:60) ./ 60
    for shrinkage in (0.0, 0.3)
        S = (1 - shrinkage) * within + shrinkage * tr(within) / 4 * I
        r = probe(X, y, kind = "lda", covariance = "fixed", shrinkage = shrinkage)
        w = r.weights[1, 1, :]
        @test w ./ norm(w) ≈ normalize(S \ (centre(2) - centre(1))) rtol = 1e-8
        @test r.bias[1] ≈ -dot(w, centre(1) + centre(2)) / 2 rtol = 1e-8
        @test r.shrinkage == fill(shrinkage, 1, 6)
    end
    @test all(0 .<= probe(X, y, kind = "lda").shrinkage .<= 1)
    @test probe(X, y, kind = "lda", covariance = "pooled").weights ≈
          probe(X, y, kind = "lda", covariance = "fixed", shrinkage = 0).weights
end

const EVERY_KIND = ("logistic", "ridge", "lda", "mean_difference", "nearest_mean")

@testset "what does not change a probe" begin
    rng = MersenneTwister(44)
    X, y = blobs(rng, 5, 64, 2)
    groups = 1:64 # folds then depend on nothing but the seed
    for kind in EVERY_KIND
        r = probe(X, y, kind = kind, threads = 1)
        for other in (probe(X, y, kind = kind, threads = 3), probe(copy(X')', y, kind = kind),
                      probe(view(vcat(X, X), 6:10, :), y, kind = kind))
            @test other.accuracy == r.accuracy && other.decision == r.decision && other.weights == r.weights
        end
        for other in (probe(X, ["b", "c"][y], kind = kind), probe(X, y, kind = kind, classes = [1, 2]))
            @test other.per_concept == r.per_concept && other.weights == r.weights
        end
        swapped = probe(X, y, kind = kind, classes = [2, 1])
        @test swapped.classes == [2, 1]
        @test swapped.accuracy ≈ r.accuracy && swapped.per_concept ≈ r.per_concept[:, [2, 1]]
        @test swapped.weights ≈ -r.weights rtol = 1e-4
        rotation = Matrix(qr(randn(rng, 5, 5)).Q)
        turned = probe(rotation * X, y, kind = kind)
        @test turned.decision ≈ r.decision rtol = 1e-4
        @test turned.weights[1, 1, :] ≈ rotation * r.weights[1, 1, :] rtol = 1e-4
        narrow = Float32.(X)
        @test probe(narrow, y, kind = kind).decision ≈ probe(Float64.(narrow), y, kind = kind).decision atol = 1e-4
    end
    source = RowReader((first, count) -> X[:, first:first+count-1], 64, 5, Float64)
    @test probe(source, y).decision == probe(X, y).decision
    @test probe_regression(source, y).decision == probe_regression(X, y).decision
    whole = randn(MersenneTwister(1), 3, 40)
    small = Float64.(rand(rng, -4:4, 3, 40))
    @test probe(bfloat16(small), repeat(1:2, 20), dtype = "bfloat16").decision ==
          probe(Float32.(small), repeat(1:2, 20)).decision
end

@testset "protocols and classes" begin
    rng = MersenneTwister(45)
    X, y = blobs(rng, 4, 60, 3)
    train = rand(rng, Bool, 60)
    for kind in EVERY_KIND
        r = probe(X, y, kind = kind, protocol = "split", train = train)
        @test r.n_scored == [count(!, train)]
        @test r.predicted[1, train] == fill(nothing, count(train))
        @test all(isnan, r.decision[1, train, :])
        part = fit_probe(X[:, train], y[train], kind = kind, lambda_ = kind in ("logistic", "ridge") ? 0.1 : nothing)
        again = kind in ("logistic", "ridge") ? probe(X, y, kind = kind, protocol = "split", train = train,
            lambdas = 0.1) : r
        @test again.decision[1, .!train, :] ≈ decision(part, X[:, .!train]) rtol = 1e-5 atol = 1e-8
        @test predict(part, X[:, .!train]) == again.predicted[1, .!train]
    end
    groups = repeat(["a", "b", "c", "d"], 15)
    r = probe(X, y, kind = "ridge", lambdas = 0.1, protocol = "group", groups = groups)
    others, left_out = findall(!=("c"), groups), findall(==("c"), groups)
    W, b = normal_equations(X[:, others], [2.0 * (y[i] == c) - 1 for i in others, c in 1:3], 0.1 * 60 / 45)
    @test r.decision[1, left_out, :] ≈ X[:, left_out]' * W .+ b' rtol = 1e-8
    @test probe(X, y, protocol = "group", groups = groups).n_scored == [60]

    r = probe(X, y, ignore = 3)
    @test r.classes == [1, 2] && r.n_ignored == 20 && r.n_scored == [40]
    @test all(isnothing, r.predicted[1, y .== 3]) && all(r.fold[y .== 3] .== 0)
    listed = probe(X, y, ignore = 3, classes = [2, 1, 3])
    @test listed.classes == [2, 1, 3] && listed.class_count == [20, 20, 0]
    Y = hcat(y, rand(rng, 1:3, 60))
    both = probe(X, Y, lambdas = [0.1, 1])
    @test size(both.accuracy) == (2, 2) && size(both.weights) == (2, 2, 3, 4)
    @test both.accuracy[1, :] ≈ probe(X, y, lambdas = [0.1, 1]).accuracy

    rare = copy(y)
    rare[1:59] .= repeat(1:2, 30)[1:59]
    rare[60] = 3
    failure = thrown(() -> probe(X, ["a", "b", "c"][rare], stratified = false))
    @test failure.name == "CONCEPTDEC_ECLASSMISSING" && occursin("Class 2 is \"c\"", failure.text)
    skipped = probe(X, rare, stratified = false, missing = "skip")
    @test sum(skipped.n_missing_train) == 1
end

@testset "null, interval, control task, code length, selection" begin
    rng = MersenneTwister(46)
    X, y = blobs(rng, 4, 80, 2)
    types = repeat(1:20, 4)
    r = probe(X, y, lambdas = [0.01, 1], permutations = 19, bootstrap = 50, control = 3, types = types, mdl = true,
        nested = true, seed = 5)
    @test size(r.null) == (19, 2) && size(r.control_accuracy) == (2, 3) && length(r.selected) == 5
    @test r.chance_null ≈ vec(sum(r.null, dims = 1)) ./ 19
    @test r.kappa ≈ (r.accuracy .- r.chance_null) ./ (1 .- r.chance_null)
    @test r.p_value == [(1 + count(r.null[:, a] .>= r.accuracy[a] - 1e-9)) / 20 for a in 1:2]
    @test all(r.ci_low .<= r.accuracy .<= r.ci_high)
    @test r.selectivity ≈ r.accuracy - vec(sum(r.control_accuracy, dims = 2)) ./ 3
    @test r.compression ≈ 80 ./ r.codelength_bits
    @test r.selected == ConceptDec.parse_json(to_json(r))["values"]["selected"] .+ 1
    @test all(s -> s in (1, 2), r.selected) && 0 <= r.nested_accuracy <= 1
    again = probe(X, y, lambdas = [0.01, 1], permutations = 19, control = 3, types = types, seed = 5, threads = 1)
    @test again.null == r.null && again.control_accuracy == r.control_accuracy
    @test probe(X, y, lambdas = [0.01, 1], permutations = 19, seed = 6).null != r.null
    lean = probe(X, y, samples = false, fit = false)
    @test !any(name -> haskey(lean, name), (:decision, :posterior, :predicted, :pvi_bits, :weights, :bias))
    document = ConceptDec.parse_json(to_json(probe(X, ["no", "yes"][y], ignore = ())))
    @test document["values"]["classes"] == ["no", "yes"]
    @test Set(document["values"]["predicted"][1]) == Set(["no", "yes"])
    unscored = ConceptDec.parse_json(to_json(probe(X, vcat("rest", ["no", "yes"][y[2:end]]), ignore = "rest")))
    @test unscored["values"]["predicted"][1][1] === nothing
end

@testset "fitted probes" begin
    rng = MersenneTwister(47)
    X, y = blobs(rng, 5, 60, 3)
    names = ["x", "y", "z"][y]
    for kind in EVERY_KIND
        m = fit_probe(X, names, kind = kind)
        r = probe(X, names, kind = kind, protocol = "resubstitution")
        @test m.classes == ["x", "y", "z"] && m.kind == kind && m.converged
        @test m.weights ≈ r.weights[1, :, :] && m.bias ≈ r.bias[1, :]
        @test isequal(m.lambda_, r.lambda_[1])
        @test decision(m, X) ≈ r.decision[1, :, :] atol = 1e-8
        @test decision(m, X) ≈ X' * m.weights' .+ m.bias' atol = 1e-8
        @test predict(m, X) == r.predicted[1, :]
        kind == "ridge" || @test probabilities(m, X) ≈ r.posterior[1, :, :] atol = 1e-8
        s = score(m, X, names)
        @test s.accuracy ≈ r.accuracy[1] && s.per_concept ≈ r.per_concept[1, :]
        @test s.confusion ≈ r.confusion[1, :, :]
        @test s.classes == m.classes && s.n_scored == 60
        @test score(m, X, fill("x", 60)).accuracy ≈ count(==("x"), predict(m, X)) / 60
        @test score(m, X, vcat("other", names[2:end]), ignore = "other").n_scored == 59
        mktempdir() do folder
            path = joinpath(folder, "probe")
            save_probe(m, path)
            same = load_probe(path, classes = m.classes)
            @test same.weights == m.weights && same.bias == m.bias
            @test same.kind == kind && isequal(same.lambda_, m.lambda_)
            @test predict(same, X) == predict(m, X)
            @test load_probe(path).classes == [0, 1, 2]
            @test thrown(() -> load_probe(path, classes = ["a", "b"])) isa ArgumentError
            write(path, read(path)[1:end-1])
            @test refusal(() -> load_probe(path)) == "CONCEPTDEC_EFORMAT"
            @test refusal(() -> load_probe(joinpath(folder, "none"))) == "CONCEPTDEC_EIO"
            @test refusal(() -> save_probe(m, joinpath(folder, "no", "folder"))) == "CONCEPTDEC_EIO"
        end
    end
    m = fit_probe(X, names, lambda_ = 0.1)
    @test refusal(() -> predict(m, X[1:4, :])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> predict(m, fill(NaN, 5, 3))) == "CONCEPTDEC_ENONFINITE"
    @test thrown(() -> score(m, X, fill("w", 60))) isa ArgumentError
    @test thrown(() -> probabilities(fit_probe(X, names, kind = "ridge"), X)) isa ArgumentError
    @test thrown(() -> m.weight) isa ErrorException
    rough = fit_probe(X, names, max_iterations = 1)
    @test !rough.converged && occursin("NOT CONVERGED", sprint(show, rough))
    @test occursin("logistic, 3 classes, d = 5", sprint(show, m))
    expected = copy(m.weights)
    models = [fit_probe(X, names, lambda_ = 0.1) for _ in 1:20]
    arrays = [model.weights for model in models]
    foreach(close, models[1:10])
    models = nothing
    GC.gc()
    @test all(==(expected), arrays)
    @test isopen(m)
    close(m)
    close(m)
    @test !isopen(m) && m.classes == ["x", "y", "z"]
    @test thrown(() -> m.weights) isa ArgumentError
    @test thrown(() -> predict(m, X)) isa ArgumentError
    @test occursin("closed", sprint(show, m))
end

@testset "sweeps of probes" begin
    rng = MersenneTwister(48)
    y = repeat(["a", "b", "c"], 20)
    layers = [randn(rng, 5, 60), randn(rng, Float32, 8, 60)]
    r = sweep(layers, y, metrics = "probe", kind = "ridge", lambdas = [0.1, 1], bootstrap = 20)
    @test size(r.accuracy) == (2, 2) && size(r.confusion) == (2, 2, 3, 3) && r.lambda_ == [0.1, 1]
    @test r.classes == ["a", "b", "c"] && r.status == [0, 0]
    for (layer, X) in enumerate(layers)
        single = probe(X, y, kind = "ridge", lambdas = [0.1, 1], bootstrap = 20)
        @test r.accuracy[layer, :] == single.accuracy && r.ci_low[layer, :] == single.ci_low
        @test r.predicted[layer, :, :] == single.predicted && r.fold[layer, :] == single.fold
    end
    @test r.difference[2, :] ≈ r.accuracy[2, :] - r.accuracy[1, :] atol = 1e-12
    @test !haskey(r, :weights)
    @test sweep(layers, y, metrics = "probe", classes = ["c", "b", "a"]).classes == ["c", "b", "a"]
    @test thrown(() -> sweep(layers, y, classes = ["c", "b", "a"])) isa ArgumentError
    @test thrown(() -> sweep(layers, y, metrics = "probe", k = 3)) isa ArgumentError
end

@testset "options of probes" begin
    rng = MersenneTwister(49)
    X, y = blobs(rng, 4, 60, 2)
    groups = repeat(1:12, 5)
    chosen(; options...) = probe(X, y; options...).options
    base = chosen()
    for change in ((kind = "ridge",), (folds = 3,), (groups = groups,), (protocol = "group", groups = groups),
                   (weights = ones(60),), (class_weight = "balanced",), (standardize = "fold",),
                   (kind = "lda", covariance = "pooled"), (kind = "lda", covariance = "fixed", shrinkage = 0.5),
                   (permutations = 3,), (permute = "whole", groups = groups, permutations = 3), (bootstrap = 3,),
                   (bootstrap = 3, confidence = 0.5),
                   (control = 1, types = groups), (mdl = true,), (lambdas = [0.1, 1], nested = true),
                   (missing = "skip",), (stratified = false,), (max_iterations = 50,), (tolerance = 1e-10,),
                   (memory = 2^29,))
        @test chosen(; change...) != base
    end
    @test occursin("\"seed\":18446744073709551615", to_json(probe(X, y, seed = typemax(UInt64))))
    @test chosen(kind = :lda) == chosen(kind = "lda")
    for option in (:kind, :protocol, :standardize, :covariance, :permute, :missing, :class_weight)
        @test thrown(() -> probe(X, y; Dict(option => "other")...)) isa ArgumentError
    end
    for call in (() -> probe(X, y, lambdas = "1"), () -> probe(X, y, weights = "heavy"),
                 () -> probe(X, y, protocol = "split", train = fill(2, 60)), () -> probe(X, y, classes = [1]),
                 () -> probe(X, y, classes = [1, 2, 2]), () -> probe(X, y, classes = 2), () -> probe_regression(X, "t"),
                 () -> fit_probe(X, y, lambda_ = [1, 2]), () -> probe(randn(60), y), () -> probe(X, y, folds = 2.5),
                 () -> probe(X, randn(60)))
        @test thrown(call) isa ArgumentError
    end
    @test thrown(() -> probe(X, y, kk = 3)) isa ArgumentError
    @test thrown(() -> probe_regression(X, y, kind = "ridge")) isa ArgumentError
    @test thrown(() -> fit_probe(X, y, folds = 5)) isa ArgumentError
end

@testset "refusals of probes" begin
    rng = MersenneTwister(50)
    X, y = blobs(rng, 4, 60, 2)
    for (name, call) in (
        ("ESIZE", () -> probe(X, y[1:59])), ("ESINGLECLASS", () -> probe(X, fill(1, 60))),
        ("EINVAL", () -> probe(X, y, lambdas = 0)), ("EINVAL", () -> probe(X, y, lambdas = [1, -1])),
        ("EINVAL", () -> probe(X, y, kind = "ridge", lambdas = NaN)),
        ("EINVAL", () -> probe(X, y, kind = "lda", lambdas = 1)),
        ("ESIZE", () -> probe(X, y, lambdas = Float64[])), ("EFOLDS", () -> probe(X, y, folds = 1)),
        ("EFOLDS", () -> probe(X, y, groups = repeat(1:3, 20))), ("EGROUPS", () -> probe(X, y, protocol = "group")),
        ("EUNSUPPORTED", () -> probe(X, y, protocol = "loo")), ("ENULL", () -> probe(X, y, protocol = "split")),
        ("EINVAL", () -> probe(X, y, weights = fill(-1, 60))), ("EINVAL", () -> probe(X, y, weights = zeros(60))),
        ("ESIZE", () -> probe(X, y, weights = ones(59))), ("EINVAL", () -> probe(X, y, bootstrap = 9, confidence = 1)),
        ("EINVAL", () -> probe(X, y, kind = "lda", shrinkage = 0.5)), ("ENULL", () -> probe(X, y, control = 1)),
        ("EINVAL", () -> probe(X, y, nested = true)), ("EINVAL", () -> probe(X, y, kind = "ridge", mdl = true)),
        ("EINVAL", () -> probe(X, y, kind = "ridge", protocol = "loo", folds = 5)),
        ("EINVAL", () -> probe(X, y, kind = "ridge", tolerance = 1e-9)),
        ("EINVAL", () -> probe(X, y, covariance = "ledoit_wolf")),
        ("EINVAL", () -> probe(X, y, permute = "whole", groups = repeat(1:30, inner = 2))),
        ("EINVAL", () -> probe(X, y, confidence = 0.9)), ("EINVAL", () -> probe(X, y, types = 1:60)),
        ("EINVAL", () -> probe_regression(X, y, protocol = "loo", groups = 1:60)),
        ("EINVAL", () -> probe(X, y, max_iterations = 0)), ("EINVAL", () -> probe(X, y, tolerance = 0)),
        ("ESIZE", () -> probe_regression(X, 1:59)), ("ENONFINITE", () -> probe_regression(X, fill(Inf, 60))),
        ("ETOOFEW", () -> probe(X[:, 1:1], [1])), ("ESINGLECLASS", () -> fit_probe(X, fill(1, 60))),
        ("EINVAL", () -> fit_probe(X, y, lambda_ = 0)))
        @test refusal(call) == "CONCEPTDEC_" * name
    end
    failure = thrown(() -> probe(X, y, memory = 100))
    @test failure.name == "CONCEPTDEC_ENOMEM" && occursin(r"100 bytes are too few.* take \d", failure.text)
    X[3, 18] = NaN
    for call in (() -> probe(X, y), () -> probe_regression(X, y), () -> fit_probe(X, y))
        failure = thrown(call)
        @test failure.status == ConceptDec.CONCEPTDEC_ENONFINITE
        @test occursin("row 17, column 2", failure.text)
    end
    failing = RowReader((first, count) -> error("gone"), 60, 4, Float64)
    @test thrown(() -> probe(failing, y)) isa ErrorException
end
