# Class moments, subspaces and their overlap against sums, singular values and projections written down plainly.

mean_of(X) = vec(sum(X, dims = 2)) ./ size(X, 2)
centred(X) = X .- mean_of(X)

"Projector onto the span of rows."
projector(rows) = rows' * rows

"Projector onto the r leading principal directions of the columns of X."
leading(X, r) = (U = svd(centred(X)).U[:, 1:r]; U * U')

"d x n samples of three classes, each in directions of its own, and labels."
function concept_samples(rng, d, n)
    y = [("noun", "verb", "adj")[mod1(i, 3)] for i in 1:n]
    scale = Dict(c => randn(rng, d, d) * Diagonal(2.0 .^ -(0:d-1)) for c in unique(y))
    return reduce(hcat, [scale[c] * randn(rng, d) .+ 2 for c in y]), y
end

of(X, y, c) = X[:, y .== c]

@testset "class moments" begin
    rng = MersenneTwister(70)
    X, y = concept_samples(rng, 5, 200)
    classes = ["verb", "noun", "adj", "none"]
    m = ClassMoments(5, classes)
    for range in (1:1, 2:150, 151:200)
        @test add!(m, X[:, range], y[range]) === m
    end
    @test m.classes == classes && m.n_samples == 200
    @test m.class_count == [count(==(c), y) for c in classes]
    for (i, c) in enumerate(classes[1:3])
        @test m.means[i, :] ≈ mean_of(of(X, y, c))
        @test m.scatter[i, :, :] ≈ centred(of(X, y, c)) * centred(of(X, y, c))'
    end
    @test all(isnan, m.means[4, :])
    @test m.within ≈ sum(m.scatter[1:3, :, :], dims = 1)[1, :, :] ./ 200
    @test m.mean ≈ mean_of(X)
    @test m.covariance ≈ centred(X) * centred(X)' ./ 199

    whole = add!(ClassMoments(5, classes), X, y)
    @test whole.means[1:3, :] == m.means[1:3, :] && whole.within == m.within
    a, b = add!(ClassMoments(5, classes), X[:, 1:90], y[1:90]), add!(ClassMoments(5, classes), X[:, 91:200], y[91:200])
    @test merge!(a, b) === a && a.within ≈ m.within && a.class_count == m.class_count && b.n_samples == 110

    pooled = add!(ClassMoments(5, classes, pooled = true), X, y)
    @test pooled.within ≈ m.within && thrown(() -> pooled.scatter) isa ConceptDecError
    means = add!(ClassMoments(5, classes, means = true), X, y)
    @test means.means[1:3, :] ≈ m.means[1:3, :] && thrown(() -> means.within) isa ConceptDecError
    some = add!(ClassMoments(5, ["noun"]), X, y, ignore = ["verb", "adj"])
    @test some.n_samples == count(==("noun"), y)

    @test refusal(() -> merge!(pooled, m)) == "CONCEPTDEC_EINVAL"
    @test thrown(() -> merge!(m, ClassMoments(5, ["noun", "verb"]))) isa ArgumentError
    @test thrown(() -> add!(some, X, y)) isa ArgumentError
    @test refusal(() -> add!(m, X[1:3, :], y)) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> add!(m, X, y[1:3])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> ClassMoments(5, classes, pooled = true, means = true)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> ClassMoments(0, classes)) == "CONCEPTDEC_ESIZE"
    @test thrown(() -> ClassMoments(5, 3)) isa ArgumentError
    @test thrown(() -> ClassMoments(5, ["a", "a"])) isa ArgumentError
    @test thrown(() -> ClassMoments(5, classes, pool = true)) isa ArgumentError
    @test thrown(() -> m.covariances) isa ErrorException
end

@testset "subspaces" begin
    rng = MersenneTwister(71)
    X, y = concept_samples(rng, 8, 90)
    s = subspaces(X, y, rank = 3)
    @test length(s) == 3 && s.classes == ["adj", "noun", "verb"] && s.class_ == s.classes && s.view == [1, 1, 1]
    @test s.ranks == [3, 3, 3] && s.n_missing == [0, 0, 0] && s.n_samples == [30, 30, 30] && !any(s.undecided)
    for (i, c) in enumerate(s.classes)
        variance = svdvals(centred(of(X, y, c))) .^ 2 ./ 29
        @test size(s.bases[i]) == (3, 8) && s.bases[i] * s.bases[i]' ≈ I
        @test projector(s.bases[i]) ≈ leading(of(X, y, c), 3) atol = 1e-9
        @test s.variances[i] ≈ variance[1:3]
        @test s.total_variance[i] ≈ sum(variance)
        @test s.gap[i] ≈ (variance[3] - variance[4]) / variance[1] atol = 1e-9
    end
    for Y in (PermutedDimsArray(permutedims(X), (2, 1)), view(vcat(X, X), 1:8, :))
        @test subspaces(Y, y, rank = 3).bases == s.bases
    end
    @test projector(subspaces(Float32.(X), y, rank = 3).bases[2]) ≈ projector(s.bases[2]) atol = 1e-4
    @test projector(subspaces(Float16.(X), y, rank = 3).bases[2]) ≈ projector(s.bases[2]) atol = 5e-2
    read(first, count) = X[:, first:first+count-1]
    @test subspaces(RowReader(read, 90, 8, Float64), y, rank = 3).bases == s.bases

    both = subspaces([X, reverse(X, dims = 1)], y, rank = 2)
    @test length(both) == 6 && both.view == [1, 1, 1, 2, 2, 2] && both.class_ == [s.classes; s.classes]
    @test projector(both.bases[4]) ≈ leading(of(X, y, "adj"), 2)[8:-1:1, 8:-1:1] atol = 1e-9
    @test subspaces(cat(X, reverse(X, dims = 1), dims = 3), y, rank = 2).bases == both.bases
    @test subspaces(X, y, rank = 2, classes = ["verb", "noun", "adj"]).bases[1] == subspaces(X, y, rank = 2).bases[3]
    @test subspaces(X, y, rank = 2, ignore = "verb").classes == ["adj", "noun"]

    share = cumsum(svdvals(centred(of(X, y, "noun"))) .^ 2) ./ sum(abs2, centred(of(X, y, "noun")))
    @test subspaces(X, y, explained = 0.9).ranks[2] == findfirst(>=(0.9), share)
    @test subspaces(X, y).ranks == [8, 8, 8]
    raw = subspaces(X, y, rank = 2, basis = "uncentered")
    @test projector(raw.bases[2]) ≈ (U = svd(of(X, y, "noun")).U[:, 1:2]; U * U') atol = 1e-9
    means = subspaces(X, y, basis = "means")
    @test length(means) == 1 && means.ranks == [2] && means.class_ == [nothing]
    difference = mean_of(of(X, y, "noun")) - mean_of(X[:, y .!= "noun"])
    found = subspaces(X, y, basis = "difference")
    @test projector(found.bases[2]) ≈ projector(normalize(difference)') atol = 1e-9
    w = fit_probe(X, y, lambda_ = 0.1).weights[2, :]
    found = subspaces(X, y, basis = "probe", probe = (lambda_ = 0.1,))
    @test projector(found.bases[2]) ≈ projector(normalize(w)') atol = 1e-6

    m = add!(ClassMoments(8, s.classes), X, y)
    ours = subspaces(m, rank = 3)
    @test ours.class_ == s.classes && all(projector(a) ≈ projector(b) for (a, b) in zip(ours.bases, s.bases))
    @test refusal(() -> subspaces(m, basis = "probe")) == "CONCEPTDEC_EINVAL"

    @test refusal(() -> subspaces(X, y[1:5])) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> subspaces([X, X[1:3, :]], y)) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> subspaces(X, y, explained = 2.0)) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> subspaces(X .* [1; NaN; ones(6)], y)) == "CONCEPTDEC_ENONFINITE"
    @test thrown(() -> subspaces(X, y, basis = "pca")) isa ArgumentError
    @test thrown(() -> subspaces(X, y, ranks = 2)) isa ArgumentError
    @test thrown(() -> subspaces(X, y, basis = "probe", probe = (folds = 3,))) isa ArgumentError
    @test thrown(() -> s.basis) isa ErrorException
end

@testset "bases of the caller's" begin
    rng = MersenneTwister(72)
    Q = Matrix(qr(randn(rng, 6, 6)).Q)
    s = subspaces_from_bases([Q[1:2, :], Q[3:5, :]], [[4.0, 1.0], [3, 2, 1]], classes = [:a, :b])
    @test s.bases ≈ [Q[1:2, :], Q[3:5, :]] && s.variances == [[4, 1], [3, 2, 1]] && s.class_ == [:a, :b]
    plain = subspaces_from_bases([randn(rng, 6), [Q[1:2, :]; 2 .* Q[1:1, :]]])
    @test plain.ranks == [1, 2] && plain.n_missing == [0, 1] && plain.class_ == [nothing, nothing]
    @test projector(plain.bases[2]) ≈ projector(Q[1:2, :])
    @test projector(subspaces_from_bases([view(Q, :, 1:2)']).bases[1]) ≈ projector(Q[:, 1:2]')
    @test projector(subspaces_from_bases([Float32.(Q[1:2, :])]).bases[1]) ≈ projector(Q[1:2, :]) atol = 1e-6
    all_of_them = join(s, s)
    @test length(all_of_them) == 4 && all_of_them.view == [1, 1, 2, 2] && all_of_them.class_ == [:a, :b, :a, :b]
    @test join([s, plain]).class_ == [:a, :b, nothing, nothing] && join([s]).bases == s.bases
    @test thrown(() -> join(s, subspaces_from_bases([Q[1:1, :]], classes = [:c]))) isa ArgumentError
    @test refusal(() -> join(s, subspaces_from_bases([Q[1:1, 1:3]]))) == "CONCEPTDEC_ESIZE"
    @test refusal(() -> subspaces_from_bases([2 .* Q[1:2, :]], [[1, 2]])) == "CONCEPTDEC_EINVAL"
    @test refusal(() -> subspaces_from_bases([Q[1:2, :], Q[1:2, 1:3]])) == "CONCEPTDEC_ESIZE"
    @test thrown(() -> subspaces_from_bases([Q], [[1], [2]])) isa ArgumentError
    @test thrown(() -> subspaces_from_bases(["text"])) isa ArgumentError
end

"Cosines of principal angles between spans of rows, descending."
cosines(a, b) = min.(svdvals(a * b'), 1)

@testset "overlap" begin
    rng = MersenneTwister(73)
    X, y = concept_samples(rng, 9, 120)
    s, t = subspaces(X, y, rank = 3), subspaces(X, y, rank = 2)
    r = overlap(s, t)
    @test r.ranks == [3, 3, 3] && r.ranks_other == [2, 2, 2] && size(r.cosines) == (3, 3, 2)
    for i in 1:3, j in 1:3
        c = cosines(s.bases[i], t.bases[j])
        @test r.cosines[i, j, :] ≈ c atol = 1e-8
        @test cos.(r.angles[i, j, :]) ≈ c atol = 1e-8
        @test r.overlap[i, j] ≈ sum(abs2, c) / 2
        @test r.shared_dimensions[i, j] ≈ sum(abs2, c)
        @test r.geodesic[i, j] ≈ norm(r.angles[i, j, :])
        @test r.chordal[i, j] ≈ norm(sin.(r.angles[i, j, :]))
        @test r.procrustes[i, j] ≈ 2 * norm(sin.(r.angles[i, j, :] ./ 2))
        @test r.max_angle[i, j] == r.angles[i, j, end]
        @test r.fubini_study[i, j] ≈ acos(min(prod(r.cosines[i, j, :]), 1)) atol = 1e-7
        S = s.bases[i]' * Diagonal(s.variances[i]) * s.bases[i]
        @test r.variance_overlap[i, j] ≈ tr(t.bases[j] * S * t.bases[j]') / sum(s.variances[i][1:2])
        @test r.expected[i, j] ≈ 3 * 2 / 9 / 2
        @test r.expected_sd[i, j] ≈ sqrt(2 * 3 * 2 * 6 * 7 / (9^2 * 8 * 11)) / 2
        @test r.z[i, j] ≈ (r.overlap[i, j] - r.expected[i, j]) / r.expected_sd[i, j]
        @test 0 <= r.p_value[i, j] <= 1
    end
    @test overlap(s).overlap ≈ overlap(s, s).overlap && all(abs.(diag(overlap(s).max_angle)) .< 1e-7)
    @test !haskey(overlap(s, t, angles = false), :cosines)
    @test overlap(s, t, angles = false).overlap ≈ r.overlap
    counted = overlap(s, t, count_missing = true)
    @test counted.geodesic ≈ sqrt.(r.geodesic .^ 2 .+ (pi / 2)^2)
    plane, tilted = [1.0 0 0 0; 0 1 0 0], [cos(1e-9) 0 sin(1e-9) 0]
    @test overlap(subspaces_from_bases([plane]), subspaces_from_bases([tilted])).angles[1] ≈ 1e-9 rtol = 1e-4
    @test refusal(() -> overlap(s, subspaces_from_bases([plane]))) == "CONCEPTDEC_ESIZE"
    @test thrown(() -> overlap(s, rank = 2)) isa ArgumentError
    @test thrown(() -> overlap(s, X)) isa MethodError
end

"The field `class_` of a result's JSON."
parse_class(text) = ConceptDec.parse_json(text)["values"]["class_"]

@testset "overlap of concepts" begin
    rng = MersenneTwister(74)
    X, y = concept_samples(rng, 9, 120)
    r = subspace_overlap(X, y, rank = 3)
    pairs = overlap(subspaces(X, y, rank = 3))
    @test r.classes == ["adj", "noun", "verb"] == r.class_ && r.view == [1, 1, 1] && r.n_missing == [0, 0, 0]
    for name in (:overlap, :cosines, :geodesic, :variance_overlap, :expected, :z, :p_value)
        @test r[name] ≈ pairs[name]
    end
    @test r.variances ≈ permutedims(reduce(hcat, subspaces(X, y, rank = 3).variances))
    function aligned(a, b)
        S, Q = centred(of(X, y, a)) * centred(of(X, y, a))' ./ 39, leading(of(X, y, b), 3)
        return tr(Q * S) / sum(eigvals(Symmetric(S))[end-2:end])
    end
    @test r.alignment_index ≈ [aligned(a, b) for a in r.classes, b in r.classes]
    @test parse_class(to_json(r)) == ["adj", "noun", "verb"]
    @test subspace_overlap(X, y).ranks == [9, 9, 9] && subspace_overlap(X, y).n_missing == [1, 1, 1]
    @test subspace_overlap(X, y, explained = 0.8).ranks == subspaces(X, y, explained = 0.8).ranks
    @test subspace_overlap(X, y, basis = "difference").ranks == [1, 1, 1]
    @test subspace_overlap(X, y, basis = "means").class_ == [nothing]

    drawn = subspace_overlap(X, y, rank = 3, permutations = 19, bootstrap = 20, seed = 3, confidence = 0.9)
    @test size(drawn.null) == (19, 3, 3) && drawn.p_independent ≈ r.p_value
    @test drawn.p_value ≈ [(1 + count(>=(drawn.overlap[i, j]), drawn.null[:, i, j])) / 20 for i in 1:3, j in 1:3]
    @test all(drawn.ci_low .<= drawn.ci_high) && size(drawn.bootstrap_bias) == (3, 3)
    @test drawn.null == subspace_overlap(X, y, rank = 3, permutations = 19, seed = 3, threads = 1).null
    @test drawn.null != subspace_overlap(X, y, rank = 3, permutations = 19, seed = 4).null
    groups = repeat(1:12, inner = 10)
    grouped = subspace_overlap(X, y, rank = 3, permutations = 9, groups = groups, permute = "within")
    @test size(grouped.null) == (9, 3, 3)

    views = subspace_overlap([X, 2 .* X .+ 1], y, rank = 2)
    @test size(views.overlap) == (6, 6) && views.view == [1, 1, 1, 2, 2, 2]
    @test diag(views.overlap[1:3, 4:6]) ≈ ones(3)
    @test refusal(() -> subspace_overlap(X, y, permutations = 3, permute = "whole")) == "CONCEPTDEC_EGROUPS"
    @test refusal(() -> subspace_overlap(X, y, confidence = 1.5, bootstrap = 3)) == "CONCEPTDEC_EINVAL"
    @test thrown(() -> subspace_overlap(X, y, permute = "none")) isa ArgumentError
    @test thrown(() -> subspace_overlap(X, y, colour = 1)) isa ArgumentError
end

@testset "files of subspaces and class moments" begin
    X, y = concept_samples(MersenneTwister(75), 6, 60)
    s, m = subspaces(X, y, rank = 2), add!(ClassMoments(6, ["adj", "noun", "verb"]), X, y)
    mktempdir() do folder
        path = joinpath(folder, "file")
        save_subspaces(s, path)
        @test load_subspaces(path).bases == s.bases && load_subspaces(path).class_ == [0, 1, 2]
        @test load_subspaces(path, classes = s.classes).class_ == s.classes
        @test thrown(() -> load_subspaces(path, classes = ["a"])) isa ArgumentError
        @test refusal(() -> load_class_moments(path)) == "CONCEPTDEC_EFORMAT"
        save_class_moments(m, path)
        found = load_class_moments(path, classes = m.classes)
        @test found.within == m.within && found.classes == m.classes
        @test add!(found, X, y).n_samples == 120 && m.n_samples == 60
        @test load_class_moments(path).classes == [0, 1, 2]
        @test thrown(() -> load_class_moments(path, classes = ["a"])) isa ArgumentError
        write(path, read(path)[1:end-1])
        @test refusal(() -> load_class_moments(path)) == "CONCEPTDEC_EFORMAT"
        @test refusal(() -> load_subspaces(joinpath(folder, "none"))) == "CONCEPTDEC_EIO"
    end
    for object in (s, m)
        @test isopen(object) && !occursin("closed", repr(object))
        close(object)
        @test !isopen(object) && occursin("closed", repr(object))
    end
    @test thrown(() -> s.bases) isa ArgumentError
    @test thrown(() -> add!(m, X, y)) isa ArgumentError
end
