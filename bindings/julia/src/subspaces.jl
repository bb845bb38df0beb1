# The subspaces that concepts take up. How they overlap is in overlap.jl.

const BASES = Dict("within" => CONCEPTDEC_BASIS_WITHIN, "uncentered" => CONCEPTDEC_BASIS_UNCENTERED,
    "means" => CONCEPTDEC_BASIS_MEANS, "difference" => CONCEPTDEC_BASIS_DIFFERENCE, "probe" => CONCEPTDEC_BASIS_PROBE)

"""
    Subspaces

A list of S subspaces of one space, made by [`subspaces`](@ref), [`subspaces_from_bases`](@ref), `join` or
[`load_subspaces`](@ref), for [`overlap`](@ref) and [`save_subspaces`](@ref). It never changes. Subspace
`(v - 1) * C + c` is that of class `c` in view `v`.

- `s.bases`: a matrix for each subspace, its orthonormal directions in the rows, by descending variance where they have
  one: `s.bases[i]` is `s.ranks[i]` x d
- `s.variances`: of each the variance along its directions (n - 1; basis "uncentered": n); NaN where it is not known
- `s.ranks`, `s.n_missing`, `s.n_samples` (S): directions that there are; that were asked for and are not there;
  samples, 0 for bases of the caller's
- `s.total_variance` (S): of the concept in all directions, NaN where it is not known
- `s.gap` (S): (last variance kept - first one left out) / largest: near 0 another sample would give other directions;
  `s.undecided` (S): `true` where it is rounding, so that the subspace is not unique
- `s.view` (S, from 1), `s.class_` (S, the caller's labels; `nothing` where a subspace is of no class), `s.classes`

`length(s)` is S; `join(a, b, ...)` or `join([a, b, ...])` makes one list of several, views numbered through (layers
that were read one by one). `close(s)` frees it at once.
"""
struct Subspaces <: LibraryObject
    handle::Handle{conceptdec_subspaces}
    classes::Any # labels, or nothing where there are no classes
end

kind_of(::Subspaces) = "list of subspaces"

const SUBSPACE_ARRAYS = (:ranks, :n_missing, :n_samples, :total_variance, :gap, :undecided, :view, :class_)

Base.propertynames(::Subspaces, private = false) = (:bases, :variances, :classes, SUBSPACE_ARRAYS...)

subspaces_array(owner, name) = object_array(owner, symbol(:conceptdec_subspaces_get), name)

"An array of all directions, in a piece for each subspace."
function pieces(owner, name)
    rows, start = subspaces_array(owner, name), subspaces_array(owner, CONCEPTDEC_S_START)
    return [copy(selectdim(rows, 1, start[i]+1:start[i+1])) for i in 1:length(start)-1]
end

function Base.getproperty(list::Subspaces, name::Symbol)
    name === :classes && return getfield(list, :classes)
    name in (:bases, :variances) && return pieces(handle(list), name)
    name in SUBSPACE_ARRAYS || error("subspaces have no $name; there are ", join(propertynames(list), ", "))
    value = subspaces_array(handle(list), name)
    name === :class_ && return map(code -> label_of(list.classes, code), value)
    name === :view && return value .+ 1
    return name === :undecided ? value .!= 0 : value
end

Base.length(list::Subspaces) = length(list.ranks)

function Base.show(io::IO, list::Subspaces)
    isopen(list) || return print(io, "ConceptDec.Subspaces(closed)")
    doubt = count(list.undecided)
    print(io, "ConceptDec.Subspaces(", length(list), " of rank ", join(unique(extrema(list.ranks)), " to "), ", d = ",
        size(subspaces_array(handle(list), CONCEPTDEC_S_BASES), 2), doubt == 0 ? "" : ", $doubt NOT UNIQUE", ")")
end

function subspaces_options(roots, classes; rank = nothing, basis = "within", explained = nothing, tolerance = nothing,
                           probe = nothing, memory = nothing, seed = nothing, unknown...)
    refuse(unknown)
    return options(conceptdec_subspaces_options;
        probe = probe === nothing ? nothing : kept(roots, model_options(roots, nothing; probe...)), rank = rank,
        classes = classes, memory = memory, seed = seed, explained = explained, tolerance = tolerance,
        basis = choice("basis", basis, BASES))
end

"""
    subspaces(X, y; rank=nothing, basis="within", explained=nothing, tolerance=nothing, probe=nothing, memory=nothing,
              seed=nothing, classes=nothing, ignore=nothing, dtype=nothing, threads=nothing, progress=nothing)
              -> Subspaces
    subspaces(m::ClassMoments; rank=nothing, ...) -> Subspaces

The subspace that each concept takes up: in one matrix of activations, in each of several of one width, or of all
samples that were added to [`ClassMoments`](@ref).

# Arguments
- `X`: d x n matrix with a sample in each column, as in [`neighbors`](@ref); or a list of them, of the same samples
  (layers, steps), or a d x n x views array.
- `y`: n labels of any kind; `classes` lists those that there are, in the order in which results have them (those of
  `y`, sorted); `ignore` names those of samples that play no part.
- `basis`, what spans a subspace: "within" (leading principal directions of the concept's own samples about their
  mean), "uncentered" (the same about the origin), "means" (class means about their mean: one subspace for each view),
  "difference" (mean of the class less that of all other samples: one direction), "probe" (weights of a linear probe:
  one direction for each class; `probe`: options of [`fit_probe`](@ref), such as `(lambda_ = 0.01,)`).
- `rank`: directions of each subspace; fewer where there are no more (`n_missing`). Without it the fewest that explain a
  share `explained` of the variance; without both all above `tolerance`.
- `tolerance`: singular values at or below this share of the largest are rounding, whatever `rank` says. Default: the
  larger of max(n, d) times the epsilon of the computation and the epsilon of the elements.
- `memory`: bytes beside the input and the buffers of threads (2^29); `seed` of the start where directions are found in
  a Krylov space.

A class with too few samples has a subspace of rank 0. Of moments the bases "within" and "uncentered" need a scatter
matrix for each class, and "probe" is refused.

Time O(n d min(n, d)) for each view. Definitions: docs/definitions.md.

Throws [`ConceptDecError`](@ref) (EINVAL, ESIZE, ENONFINITE, ETOOFEW, ...), `ArgumentError`, `OutOfMemoryError`,
`InterruptException`.

# Example
```julia
X, y = randn(64, 500), rand(["noun", "verb"], 500)
s = subspaces(X, y; rank = 5)
s.bases[1] # 5 x 64: of the nouns
overlap(s).overlap
```
"""
function subspaces(X, y; classes = nothing, ignore = nothing, dtype = nothing, threads = nothing, progress = nothing,
                   keywords...)
    roots = Any[X]
    cells, shape = cells_of(X, dtype)
    numbers, values = encode_among(classes, y, ignore)
    labels = Ref(integer_view(numbers))
    wishes = Ref(subspaces_options(roots, count_of(classes); keywords...))
    owner = Handle{conceptdec_subspaces}()
    run = (sources = readers_of(X), called = called_views("views", "X", shape))
    GC.@preserve roots numbers with_classes(values, threads, progress; run...) do ctx
        ccall(symbol(:conceptdec_subspaces_new), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Int64, Ptr{conceptdec_matrix},
             Ptr{conceptdec_subspaces_options}, Ptr{Ptr{conceptdec_subspaces}}), ctx, cells, length(cells), labels,
            wishes, owner)
    end
    return Subspaces(owner, values)
end

function subspaces(moments::ClassMoments; threads = nothing, progress = nothing, keywords...)
    roots = Any[]
    source, wishes = handle(moments), Ref(subspaces_options(roots, nothing; keywords...))
    owner = Handle{conceptdec_subspaces}()
    alone(moments) do
        GC.@preserve roots with_classes(moments.classes, threads, progress) do ctx
            ccall(symbol(:conceptdec_subspaces_from_class_moments), Int32,
                (Ptr{conceptdec_ctx}, Ptr{conceptdec_class_moments}, Ptr{conceptdec_subspaces_options},
                 Ptr{Ptr{conceptdec_subspaces}}), ctx, source, wishes, owner)
        end
    end
    return Subspaces(owner, moments.classes)
end

"""
    subspaces_from_bases(bases, variances=nothing; classes=nothing, tolerance=nothing, dtype=nothing, threads=nothing)
                         -> Subspaces

Subspaces that the caller has.

- `bases`: a list of r x d matrices with a direction in each row, as `p.components` and `s.bases[i]` have them (`Q'` of
  a `Q` with directions in its columns), or vectors of d numbers. Directions within `tolerance` of the span of the
  others are dropped (`ranks`, `n_missing`).
- `variances`: a list of vectors, the variance along each row; rows must then be orthonormal to 1e-6, and keep their
  order.
- `classes`: labels; matrix `(v - 1) * C + c` is that of class `c` in view `v`. Without it they are of no class.

Throws [`ConceptDecError`](@ref) (ESIZE, ENONFINITE, EINVAL, ...), `ArgumentError`.
"""
function subspaces_from_bases(bases, variances = nothing; classes = nothing, tolerance = nothing, dtype = nothing,
                              threads = nothing)
    roots = Any[bases]
    cells = conceptdec_matrix[rows_view(roots, each, dtype, "bases[$i]") for (i, each) in enumerate(bases)]
    along = variances === nothing ? C_NULL :
        conceptdec_matrix[numbers_view(roots, each, "variances[$i]") for (i, each) in enumerate(variances)]
    along === C_NULL || length(along) == length(cells) ||
        throw(ArgumentError("variances: $(length(along)) vectors for $(length(cells)) bases"))
    named = classes === nothing ? nothing : collect(classes)
    wishes = Ref(options(conceptdec_subspaces_options; classes = count_of(named), tolerance = tolerance))
    owner = Handle{conceptdec_subspaces}()
    GC.@preserve roots with_context(threads) do ctx
        ccall(symbol(:conceptdec_subspaces_from_bases), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Int64, Ptr{conceptdec_matrix},
             Ptr{conceptdec_subspaces_options}, Ptr{Ptr{conceptdec_subspaces}}), ctx, cells, length(cells), along,
            wishes, owner)
    end
    return Subspaces(owner, named)
end

function Base.join(parts::AbstractVector{Subspaces})
    named = unique(part.classes for part in parts if part.classes !== nothing)
    length(named) > 1 && throw(ArgumentError("parts: classes $(repr(named[2])) beside $(repr(named[1]))"))
    sources = [handle(part) for part in parts]
    places, owner = [source.object for source in sources], Handle{conceptdec_subspaces}()
    GC.@preserve sources with_context() do ctx
        ccall(symbol(:conceptdec_subspaces_join), Int32,
            (Ptr{conceptdec_ctx}, Ptr{Ptr{conceptdec_subspaces}}, Int64, Ptr{Ptr{conceptdec_subspaces}}), ctx, places,
            length(places), owner)
    end
    return Subspaces(owner, isempty(named) ? nothing : named[1])
end

Base.join(first::Subspaces, others::Subspaces...) = join([first, others...])

"""
    save_subspaces(s::Subspaces, path)

Writes subspaces to a file, under a temporary name first, so that no half-written one is left. The file knows classes by
their numbers only: keep `s.classes` beside it. Throws [`ConceptDecError`](@ref) (EIO).
"""
save_subspaces(list::Subspaces, path) = save_object(handle(list), symbol(:conceptdec_subspaces_save), path)

"""
    load_subspaces(path; classes=nothing) -> Subspaces

Reads subspaces that [`save_subspaces`](@ref) wrote, here or in another language; every size and value is checked.
`classes`: the labels in the order of `s.classes` when they were saved; 0 to C - 1 by default, which is what a file
holds. Throws [`ConceptDecError`](@ref) (EIO, EFORMAT), `ArgumentError` for too few classes.
"""
function load_subspaces(path; classes = nothing)
    owner = load_object(conceptdec_subspaces, symbol(:conceptdec_subspaces_load), path)
    least = maximum([-1; subspaces_array(owner, CONCEPTDEC_S_CLASS)]) + 1
    names = classes === nothing ? (least == 0 ? nothing : collect(0:least-1)) : collect(classes)
    names === nothing || length(names) >= least ||
        throw(ArgumentError("classes: $(length(names)) are given, but the subspaces have $least"))
    return Subspaces(owner, names)
end
