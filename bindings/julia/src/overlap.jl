# Do two concepts share directions?

overlap_flags(angles, count_missing) =
    !angles * CONCEPTDEC_OVERLAP_NO_ANGLES | count_missing * CONCEPTDEC_OVERLAP_COUNT_MISSING

"None where the number is 0, its default: kinds that have no use for the option refuse it where it is given."
given(number) = number == 0 ? nothing : number

function overlap_options(roots, classes; rank = nothing, basis = "within", explained = nothing, tolerance = nothing,
                         probe = nothing, groups = nothing, permutations = 0, bootstrap = 0, confidence = nothing,
                         permute = nothing, angles = true, count_missing = false, memory = nothing, seed = 0,
                         unknown...)
    refuse(unknown)
    of_each = subspaces_options(roots, classes; rank = rank, basis = basis, explained = explained,
        tolerance = tolerance, probe = probe)
    return options(conceptdec_overlap_options; subspaces = kept(roots, of_each), groups = group_pointer(roots, groups),
        permutations = given(permutations), bootstrap = given(bootstrap), memory = memory, seed = given(seed),
        confidence = confidence, permute = choice("permute", permute, PERMUTES),
        flags = overlap_flags(angles, count_missing))
end

"""
    subspace_overlap(X, y; rank=nothing, basis="within", explained=nothing, tolerance=nothing, probe=nothing,
                     permutations=0, bootstrap=0, confidence=nothing, permute=nothing, groups=nothing, seed=0,
                     angles=true, count_missing=false, memory=nothing, classes=nothing, ignore=nothing,
                     dtype=nothing, threads=nothing, progress=nothing) -> Result

Do two concepts share directions? Principal angles between the subspaces that they take up.

# Arguments
- `X`, `y`, `classes`, `ignore`, `basis`, `explained`, `tolerance`, `probe`: as in [`subspaces`](@ref): one matrix or
  several views of one width, and the labels of the samples.
- `rank`: directions of each subspace; fewer where there are no more (`n_missing`). Default: 10 for bases "within" and
  "uncentered" without `explained`; other bases have all their directions.
- `permutations`: draws of the null in which labels are exchanged, the same in all views; `permute` them "free",
  "within" `groups`, or "whole" groups.
- `bootstrap`: draws for the interval, over groups (samples, where there are none), at `confidence` (0.95); `seed` of
  all draws.
- `angles=false` leaves out what needs the singular values of each pair. `count_missing`: in distances of subspaces of
  unequal ranks each missing dimension counts as a right angle; by default they go over the smaller rank.
- `memory`: bytes beside the input and the result (2^29).

# Result
With S subspaces (views x C; `view`, `class_` (S) say which) and r the largest rank: `overlap` (S x S: mean squared
cosine over the smaller rank, 0 to 1), `shared_dimensions` (sum of squared cosines), `cosines` (S x S x r, descending)
and `angles` (radians, ascending; NaN beyond the smaller rank), `geodesic`, `chordal`, `procrustes`, `max_angle`,
`fubini_study` (distances), `variance_overlap`, `alignment_index`, `expected` and `expected_sd` (of `overlap` for
independent uniform subspaces of these ranks), `z`, `p_independent` (against that null), `p_value` (the same; with
permutations the share of draws, the observed one included, that overlap at least as much), all S x S; `ranks`,
`n_missing`, `undecided` (S), `variances` (S x r), `classes`. With permutations `null` (P x S x S), `p_value_lower`;
with bootstrap `ci_low`, `ci_high` (S x S; freed of `bootstrap_bias`). A pair with a subspace of rank 0 has NaN.

Time: that of [`subspaces`](@ref), and as much again for each draw. Definitions: docs/definitions.md.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, EGROUPS, ...), `ArgumentError`,
`OutOfMemoryError`, `InterruptException`.

# Example
```julia
r = subspace_overlap(randn(64, 500), rand(["noun", "verb"], 500); rank = 5, permutations = 100)
r.overlap[1, 2], r.expected[1, 2], r.p_value[1, 2]
```
"""
function subspace_overlap(X, y; classes = nothing, ignore = nothing, dtype = nothing, threads = nothing,
                          progress = nothing, keywords...)
    roots = Any[X]
    cells, shape = cells_of(X, dtype)
    numbers, values = encode_among(classes, y, ignore)
    labels = Ref(integer_view(numbers))
    wishes = Ref(overlap_options(roots, count_of(classes); keywords...))
    owner = Handle{conceptdec_result}()
    run = (sources = readers_of(X), called = called_views("views", "X", shape))
    GC.@preserve roots numbers with_classes(values, threads, progress; run...) do ctx
        ccall(symbol(:conceptdec_subspace_overlap), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Int64, Ptr{conceptdec_matrix},
             Ptr{conceptdec_overlap_options}, Ptr{Ptr{conceptdec_result}}), ctx, cells, length(cells), labels, wishes,
            owner)
    end
    return Result(owner, values)
end

"""
    overlap(a::Subspaces, b::Subspaces=a; angles=true, count_missing=false, memory=nothing, threads=nothing,
            progress=nothing) -> Result

Principal angles between all pairs of subspaces, one of `a` and one of `b`, accurate to 1e-13 however small or right
they are. Options and arrays as in [`subspace_overlap`](@ref), without what needs the samples; `ranks` are those of
`a`, `ranks_other` those of `b`, and `p_independent` and `p_value` are the same, against independent subspaces.

Throws [`ConceptDecError`](@ref) (ESIZE for another d).
"""
function overlap(a::Subspaces, b::Subspaces = a; angles = true, count_missing = false, memory = nothing,
                 threads = nothing, progress = nothing, unknown...)
    refuse(unknown)
    ours, theirs, owner = handle(a), handle(b), Handle{conceptdec_result}()
    wishes = Ref(options(conceptdec_overlap_options; memory = memory, flags = overlap_flags(angles, count_missing)))
    GC.@preserve ours theirs with_context(threads, progress) do ctx
        ccall(symbol(:conceptdec_subspaces_overlap), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_subspaces}, Ptr{conceptdec_subspaces}, Ptr{conceptdec_overlap_options},
             Ptr{Ptr{conceptdec_result}}), ctx, ours, ours === theirs ? C_NULL : theirs.object, wishes, owner)
    end
    return Result(owner, a.classes)
end
