# Results as tables: a row for each number, so that tools for tables take them without knowing this package.

"What a result is about, and its axes after those of cells."
const MAINS = (:trustworthiness => (:k,), :decodability => (:k,), :accuracy => (:lambda_,), :r2 => (:lambda_,),
    :overlap => (:subspace, :other), :norms => (:concept,), :value => ())

"Axes of what has others than the main array, after those of cells; `:each` stands for its own."
const FIELD_AXES = Dict(:per_concept => (:each, :concept), :auroc => (:each, :concept),
    :average_precision => (:each, :concept), :confusion => (:each, :concept, :predicted), :per_fold => (:each, :fold),
    :control_accuracy => (:each, :draw), :null => (:draw, :each), :class_count => (:concept,),
    :undecodable => (:concept,), :classes => (:concept,), :n_missing_train => (:fold,), :n_missing_test => (:fold,),
    :selected => (:fold,), :fold => (:sample,), :strengths => (:direction,), :variances => (:subspace, :direction),
    :silhouette_per_concept => (:concept,), :participation_per_concept => (:concept,), :per_target => (:each, :target),
    :capacity => (:concept,), :manifold_radius => (:concept,), :manifold_dimension => (:concept,),
    :capacity_se => (:concept,), :manifold_radius_se => (:concept,), :manifold_dimension_se => (:concept,))

"The axes that rows of a result go along: lengths of those of cells, their names, and names of the others."
struct Frame
    cells::Dims
    names::Vector{Symbol}
    each::Tuple{Vararg{Symbol}}
    lengths::Dims
end

function Frame(r::Result)
    found = findfirst(main -> haskey(r, first(main)), collect(MAINS))
    found === nothing && return Frame((), Symbol[], (), ())
    name, each = MAINS[found]
    haskey(r, :n_removed) && (each = (:n_removed,))
    shape = size(r[name])
    count = length(shape) - length(each)
    return Frame(shape[1:count], cell_names(r, count), each, shape[count+1:end])
end

"Axes of the grid are numbered; one more is that of label sets."
function cell_names(r, count)
    grid = haskey(r, :status) ? ndims(r.status) : haskey(r, :value) ? count : 0
    return [axis <= grid ? Symbol("axis_", axis) : :label_set for axis in 1:count]
end

"Names of the axes of a field after those of cells."
function own_axes(name, frame)
    axes = get(FIELD_AXES, name, frame.each)
    return Tuple(axis for part in axes for axis in (part === :each ? frame.each : (part,)))
end

shape_of(frame) = (frame.cells..., frame.lengths...)

"Whether there is one number of a field for each row, or for each of the first axes."
function is_column(r, name, frame)
    name in frame.each && return false
    shape = size(r[name])
    return own_axes(name, frame) == frame.each && shape == shape_of(frame)[1:min(end, length(shape))]
end

"A field, whose integers are NaN, as all other numbers are, in cells of a sweep that failed: there they are -1."
function defined(r, name)
    value = r[name]
    haskey(r, :status) && name !== :status && value isa AbstractArray{<:Integer} || return value
    failed = r.status .!= 0
    has_cells = size(value)[1:min(end, ndims(failed))] == size(failed)
    return has_cells && any(failed) ? ifelse.(failed, NaN, float(value)) : value
end

"What is at `place` of an array that has its first axes, or all."
at(array::AbstractArray, place) = array[place[1:ndims(array)]...]
at(number, place) = number

"The number, or the label, that stands for place `i` on an axis."
function mark(r, axis, i)
    axis in (:concept, :predicted) && haskey(getfield(r, :values), :classes) && return r.classes[i]
    haskey(r, axis) && axis in (:k, :lambda_, :n_removed) && ndims(r[axis]) == 1 && return r[axis][i]
    return i
end

"Rows in row-major order of (cells..., axes...): the place of each, and what `columns(place)` adds."
function tabulate(columns, r, frame, axes, shape)
    names = (frame.names..., axes...)
    marks(place) = map((axis, i) -> mark(r, axis, i), names, place)
    places = (reverse(Tuple(place)) for place in CartesianIndices(reverse(shape)))
    return vec([merge(NamedTuple{names}(marks(place)), columns(place)) for place in places])
end

"""
    rows(r::Result)
    rows(r::Result, name)

A result as a table: a vector of named tuples, which `DataFrame(rows(r))`, `CSV.write(path, rows(r))`, `Tables.rows` and
the like take, as any loop does.

Without a name there is a row for each number of neighbours `k`, penalty `lambda_`, number of directions `n_removed`,
pair of subspaces (`subspace`, `other`) or `concept` of each cell. Its first columns are these places, before them that
of the cell in the grid, `axis_1`, `axis_2` ..., and the `label_set`, counted from 1, where there are any; then come all
fields that have one number for each row, for each cell, or for all. Cells that failed are NaN in all but `status`,
counts too, which are -1 there in the arrays.

With the name of a field that has further axes there is a row for each of its numbers, with columns for these axes, too:
`rows(r, :per_concept)` and the like (`:auroc`, `:class_count`, `:capacity`) have a `concept`, the caller's label,
`rows(r, :confusion)` a `concept` and what was `predicted`, `rows(r, :per_fold)` a `fold`, `rows(r, :null)` a `draw`.

# Example
```julia
r = sweep([randn(8, 100) for layer in 1:3], rand(["noun", "verb"], 100); k = [1, 10])
rows(r)[1] # (axis_1 = 1, k = 1, decodability = ...)
[row.per_concept for row in rows(r, :per_concept) if row.k == 10 && row.concept == "noun"] # of each layer
```
"""
function rows(r::Result)
    frame = Frame(r)
    columns = Tuple(name for name in keys(r) if is_column(r, name, frame))
    fields = map(name -> defined(r, name), columns)
    return tabulate(r, frame, frame.each, shape_of(frame)) do place
        NamedTuple{columns}(map(field -> at(field, place), fields))
    end
end

function rows(r::Result, name)
    frame, field = Frame(r), Symbol(name)
    if !haskey(r, field) || !has_table(r, field, frame)
        there = [known for known in keys(r) if haskey(FIELD_AXES, known) && has_table(r, known, frame)]
        known = isempty(there) ? "rows(r) is the only one" : "there is one of $(join(there, ", "))"
        throw(ArgumentError("rows: there is no table of $field; $known"))
    end
    array = defined(r, field)
    return tabulate(r, frame, own_axes(field, frame), size(array)) do place
        NamedTuple{(field,)}((array[place...],))
    end
end

function has_table(r, field, frame)
    shape, count = size(r[field]), length(frame.cells)
    return length(shape) == count + length(own_axes(field, frame)) && shape[1:count] == frame.cells
end
