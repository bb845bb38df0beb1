const PROTOCOLS = Dict("loo" => CONCEPTDEC_PROTOCOL_LOO, "group" => CONCEPTDEC_PROTOCOL_GROUP,
    "kfold" => CONCEPTDEC_PROTOCOL_KFOLD, "split" => CONCEPTDEC_PROTOCOL_SPLIT,
    "resubstitution" => CONCEPTDEC_PROTOCOL_RESUBSTITUTION)
const WEIGHTS = Dict("uniform" => CONCEPTDEC_WEIGHTS_UNIFORM, "distance" => CONCEPTDEC_WEIGHTS_DISTANCE,
    "softmax" => CONCEPTDEC_WEIGHTS_SOFTMAX, "balanced" => CONCEPTDEC_WEIGHTS_BALANCED)
const TIES = Dict("fractional" => CONCEPTDEC_TIES_FRACTIONAL, "smallest" => CONCEPTDEC_TIES_SMALLEST,
    "nearest" => CONCEPTDEC_TIES_NEAREST)
const BOUNDARIES = Dict("share" => CONCEPTDEC_BOUNDARY_SHARE, "index" => CONCEPTDEC_BOUNDARY_INDEX)
const PERMUTES = Dict("free" => CONCEPTDEC_PERMUTE_FREE, "within" => CONCEPTDEC_PERMUTE_WITHIN,
    "whole" => CONCEPTDEC_PERMUTE_WHOLE)

"The options of one matrix; `roots` keeps alive what they point to."
function knn_options(roots; k = 10, metric = nothing, protocol = "loo",
                     groups = nothing, weights = "uniform", ties = "fractional", boundary = "share", permutations = 0,
                     bootstrap = 0, confidence = nothing, seed = 0, train = nothing, folds = nothing, stratified = true,
                     permute = nothing, chance_draws = nothing, temperature = nothing, strict = false, confusion = true,
                     unknown...)
    refuse(unknown)
    k isa Integer || (k isa Union{AbstractVector,Tuple} && all(i -> i isa Integer, k)) ||
        throw(ArgumentError("k: need an integer or a list of integers, not $(repr(k))"))
    ks = k isa Integer ? nothing : Int64[k...]
    push!(roots, ks)
    return options(conceptdec_knn_options; ks = ks === nothing ? nothing : pointer(ks),
        n_ks = ks === nothing ? nothing : length(ks), k = ks === nothing ? k : nothing,
        groups = group_pointer(roots, groups), train = train_pointer(roots, train), folds = folds,
        permutations = permutations, bootstrap = bootstrap, chance_draws = chance_draws, seed = seed,
        confidence = confidence, temperature = temperature, metric = choice("metric", metric, METRICS),
        protocol = choice("protocol", protocol, PROTOCOLS), weights = choice("weights", weights, WEIGHTS),
        ties = choice("ties", ties, TIES), boundary = choice("boundary", boundary, BOUNDARIES),
        permute = choice("permute", permute, PERMUTES),
        flags = strict * CONCEPTDEC_KNN_STRICT | !stratified * CONCEPTDEC_KNN_UNSTRATIFIED |
                !confusion * CONCEPTDEC_KNN_NO_CONFUSION)
end

"""
    knn_decodability(X, y; k=10, metric="l2", protocol="loo", groups=nothing, weights="uniform", ties="fractional",
                     boundary="share", permutations=0, bootstrap=0, confidence=nothing, seed=0, ignore=nothing,
                     train=nothing, folds=nothing, stratified=true, permute=nothing, chance_draws=nothing,
                     temperature=nothing, strict=false, confusion=true, dtype=nothing, threads=nothing,
                     progress=nothing, screening="auto") -> Result

How well the labels `y` can be read from the activations `X` by k-NN classification: concept decodability (Han, Song,
Gore, Agrawal, arXiv 2412.12276). Every sample is predicted from its k nearest eligible samples; its credit is 1 for a
right prediction, 1/t where t classes tie and its own is among them, else 0; decodability is the mean credit.

# Arguments
- `X`: d x n matrix with a sample in each column (`Float64`, `Float32`, `Float16`, or `UInt16` with
  `dtype="bfloat16"`), any strided array, read where it lies; a [`RowReader`](@ref); or a [`Neighbors`](@ref) table,
  whose metric then holds.
- `y`: n labels, or an n x L matrix of L label sets: integers, strings, symbols, anything with an order. The classes
  are the sorted values of all sets. `ignore` names a value, or several, of samples that neither score nor vote.
- `k`: 1 to n - 1, or a list of them: all are read from one table.
- `metric`: "l2", "cosine".
- `protocol`: which samples may be neighbours: "loo" (all but the sample), "group" (those of other `groups`),
  "kfold" (those of other folds: `folds` of them, 5 by default, `stratified`, and never dividing a group), "split"
  (samples with `false` in `train` are scored against those with `true`), "resubstitution" (the sample itself, too:
  to reproduce others' numbers).
- `groups`: a value for each sample (prompt, document, sentence): refused where neither the protocol, `bootstrap` nor
  `permute` uses them.
- `weights` of a vote: "uniform", "distance" (1/distance), "softmax" (exp(cos / `temperature`), 0.07 by default;
  needs the cosine metric), "balanced" (1/number of voting samples of the class).
- `ties` between classes: "fractional" (shared), "smallest" (scikit-learn), "nearest".
- `boundary`, samples at exactly the k-th distance: "share" the places left, or the lowest "index" (order then
  matters).
- `permutations`: draws of the null that are reported; `permute` labels "free" (default), "within" groups, or "whole"
  groups. `chance_draws`: draws for `chance_null` where `permutations` is 0; default 200; 0: none.
- `bootstrap`: draws for the interval, over groups (samples, where there are none), at `confidence` (0.95); `seed` of
  all draws.
- `strict`: a sample with fewer than k eligible neighbours is an error. `confusion=false` leaves the matrix out.
- `threads`, `progress`, `screening`: see [`neighbors`](@ref).

# Result
With K numbers of k, C classes, P permutations, and L > 1 label sets as a first axis of all that depends on labels:
`k`, `classes`, `decodability` (K), `per_concept` (K x C), `balanced` (K), `confusion` (K x C x C, true x
predicted), `chance_uniform`, `chance_majority`, `chance_null` (K), `kappa` (K), `label_overlap` (K), `tie_rate`
(K), `boundary_tie_rate` (K), `n_scored`, `n_ignored`, `n_unscored`, `n_short` (K), `n_zero_rows`, `class_count`
(C), `undecodable` (C); with `permutations`: `p_value` (K), `null` (P x K); with `bootstrap`: `ci_low`, `ci_high`
(K); with folds: `fold` (n). K is an axis for a single `k`, too.

An option that would have no effect (`folds` under another protocol, `temperature` of other weights, `confidence`
without `bootstrap`, ...) is refused.

Time O(n^2 d) for the table, then O(n k) for each permutation and label set. Definitions: docs/definitions.md.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, EK, ESINGLECLASS, EFOLDS, EGROUPS, ...),
`ArgumentError`, `OutOfMemoryError`, `InterruptException`.

# Example
```julia
r = knn_decodability(randn(Float32, 64, 500), rand(["noun", "verb"], 500); k = [1, 10], permutations = 1000)
r.decodability, r.p_value
```
"""
function knn_decodability(X, y; ignore = nothing, dtype = nothing, threads = nothing, progress = nothing,
                          screening = nothing, keywords...)
    roots = Any[X]
    x = Ref(matrix_view(X, dtype))
    run = (threads = threads, progress = progress, screening = screening, sources = readers(X))
    return decode(roots, y, ignore, run, keywords) do ctx, labels, wishes, owner
        ccall(symbol(:conceptdec_knn_decodability), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix}, Ptr{conceptdec_knn_options},
             Ptr{Ptr{conceptdec_result}}), ctx, x, labels, wishes, owner)
    end
end

function knn_decodability(table::Neighbors, y; ignore = nothing, threads = nothing, progress = nothing,
                          screening = nothing, keywords...)
    source, dtype = getfield(table, :source), getfield(table, :dtype)
    roots = Any[source]
    x = source === nothing ? C_NULL : Ref(matrix_view(source, dtype))
    run = (threads = threads, progress = progress, screening = screening, sources = readers(source))
    return decode(roots, y, ignore, run, keywords) do ctx, labels, wishes, owner
        ccall(symbol(:conceptdec_knn_decodability_neighbors), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_neighbors}, Ptr{conceptdec_matrix}, Ptr{conceptdec_matrix},
             Ptr{conceptdec_knn_options}, Ptr{Ptr{conceptdec_result}}), ctx, handle(table), x, labels, wishes, owner)
    end
end

"""
The common part: labels and options become views, `call(ctx, labels, options, owner)` fills the result. `run`: what
`with_classes` takes.
"""
function decode(call, roots, y, ignore, run, keywords)
    numbers, classes = encode(y, ignore)
    labels = Ref(integer_view(numbers))
    wishes = Ref(knn_options(roots; keywords...))
    owner = Handle{conceptdec_result}()
    GC.@preserve roots numbers with_classes(ctx -> call(ctx, labels, wishes, owner), classes, run.threads,
        run.progress; screening = run.screening, sources = run.sources)
    return Result(owner, classes)
end
